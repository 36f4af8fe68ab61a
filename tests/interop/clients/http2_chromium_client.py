"""Chromium against http2_server.py with TLS, where it knows no other protocol than HTTP/2.

Called like the other clients (see client_process.py), with the paths of chromium and
chromedriver in front of the URL. The page comes first: a browser uses HTTP/2 for a WebSocket
only when it has a connection that announced SETTINGS_ENABLE_CONNECT_PROTOCOL.
"""

from __future__ import annotations

import sys
from functools import partial

from browser import running_driver
from python_cases import expect, run_cases
from selenium.webdriver import Chrome

# Sends a text and as many octets as told, then closes; calls back with what came.
EXCHANGE = """
const [url, offers, size, done] = arguments;
const seen = { received: [] };
const socket = new WebSocket(url, offers);
socket.binaryType = 'arraybuffer';
socket.onopen = () => {
  seen.protocol = socket.protocol;
  socket.send('Grüße, 你好, 𝄞');
  socket.send(new Uint8Array(size).map((_, index) => index % 251));
};
socket.onmessage = ({ data }) => {
  const right = typeof data === 'string'
    ? data === 'Grüße, 你好, 𝄞'
    : new Uint8Array(data).every((octet, index) => octet === index % 251);
  seen.received.push([right, data.length ?? data.byteLength]);
  if (seen.received.length === 2) socket.close(4001, 'enough');
};
socket.onclose = ({ code, reason, wasClean }) => done({ ...seen, code, reason, wasClean });
"""

TEXT_SIZE = 13  # in UTF-16 units
BINARY_SIZE = 102400


def run_case(driver: Chrome, url: str, case: str) -> None:
    """Runs one case on a WebSocket of its own."""
    page = url.replace("ws://", "https://")
    driver.get(page)
    socket_url = page.replace("https://", "wss://")
    match case:
        case "echo":
            seen = exchange(driver, f"{socket_url}ws", ["soap", "chat"])
            expect("received", seen["received"], [[True, TEXT_SIZE], [True, BINARY_SIZE]])
            expect("protocol", seen["protocol"], "chat")
            expect("close", (seen["code"], seen["wasClean"]), (4001, True))
        case "unknown-path":
            seen = exchange(driver, f"{socket_url}other", [])
            expect("close", (seen["code"], seen["wasClean"]), (1006, False))


def exchange(driver: Chrome, url: str, offers: list[str]) -> dict[str, object]:
    seen: dict[str, object] = driver.execute_async_script(EXCHANGE, url, offers, BINARY_SIZE)
    return seen


def main() -> None:
    chromium, chromedriver = sys.argv.pop(1), sys.argv.pop(1)
    with running_driver(chromium, chromedriver, "--ignore-certificate-errors") as driver:
        run_cases(partial(run_case, driver))


main()
