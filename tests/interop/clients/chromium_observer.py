"""What a script in headless Chromium sees; see observing.py.

The paths of chromium and chromedriver come first, then the situations. The page is the one
at the origin that they name, which has to be the same for all.
"""

from __future__ import annotations

import sys
from functools import partial

from browser import running_driver
from observing import TIMEOUT, observe_all
from selenium.webdriver import Chrome

# Sends a message that the server echoes unless it closes; calls back with what happened.
OBSERVE = """
const [url, offers, timeout, done] = arguments;
const seen = [];
const socket = new WebSocket(url, offers);
const finish = () => { socket.onclose = null; socket.close(); done(seen.join('; ')); };
socket.onopen = () => {
  seen.push(socket.protocol ? `open, \\`${socket.protocol}\\`` : 'open');
  socket.send('?');
};
socket.onmessage = finish;
socket.onerror = () => seen.push('error');
socket.onclose = ({ code, reason }) => {
  seen.push(reason ? `close ${code} “${reason}”` : `close ${code}`);
  finish();
};
setTimeout(finish, timeout);
"""


def observe(driver: Chrome, url: str, offers: list[str], origin: str) -> str:
    """Opens a WebSocket in the page at the origin."""
    if not driver.current_url.startswith(origin):
        driver.get(origin)
    seen: str = driver.execute_async_script(OBSERVE, url, offers, int(TIMEOUT * 1000))
    return seen


def main() -> None:
    with running_driver(sys.argv.pop(1), sys.argv.pop(1)) as driver:
        observe_all(partial(observe, driver))


main()
