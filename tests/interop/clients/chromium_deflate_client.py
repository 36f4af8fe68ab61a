"""Headless Chromium with permessage-deflate, against deflate_server.py.

Called like chromium_client.py; a case is the server's settings, "/" and ``any``: a browser has
one offer, which lets the server choose both windows.
"""

from __future__ import annotations

import base64
import sys

from browser import running_driver
from python_cases import deflate_messages, expect, run_cases
from selenium.webdriver import Chrome

# Sends messages ([text, null] or [null, octets in base64]), each behind the echo of the one
# before, and reports what came back in the same form. Its last argument is WebDriver's callback.
EXCHANGE = """
const [url, messages, done] = arguments;
const octets = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
const base64 = buffer => {
  let text = '';
  for (const octet of new Uint8Array(buffer)) text += String.fromCharCode(octet);
  return btoa(text);
};
const received = [];
const socket = new WebSocket(url);
socket.binaryType = 'arraybuffer';
const proceed = () => {
  if (received.length === messages.length) return socket.close(1000);
  const [text, binary] = messages[received.length];
  socket.send(text ?? octets(binary));
};
socket.onopen = proceed;
socket.onmessage = ({ data }) => {
  received.push(typeof data === 'string' ? [data, null] : [null, base64(data)]);
  proceed();
};
socket.onclose = ({ code, reason }) => done([received, socket.extensions, code, reason]);
"""


def run_case(driver: Chrome, url: str, case: str) -> None:
    """Sends every message, and waits for its echo."""
    messages = [
        [message, None] if isinstance(message, str) else [None, base64.b64encode(message).decode()]
        for message in deflate_messages()
    ]
    # Only a page from this machine may connect to it.
    driver.get(f"{url.replace('ws://', 'http://')}{case}")
    seen = driver.execute_async_script(EXCHANGE, f"{url}{case}", messages)
    received, extensions, code, reason = seen
    expect("close", (code, reason), (1000, ""))
    expect("extension", extensions.partition(";")[0], "permessage-deflate")
    expect("echoes", received, messages)


def main() -> None:
    with running_driver(sys.argv.pop(1), sys.argv.pop(1)) as driver:
        run_cases(lambda url, case: run_case(driver, url, case))


main()
