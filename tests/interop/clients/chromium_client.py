"""Headless Chromium against the server: the page that the server sends, and `WebSocket`.

Called like the other clients (see client_process.py), with the paths of chromium and
chromedriver in front of the URL.
"""

from __future__ import annotations

import sys

from browser import TIMEOUT, running_driver
from python_cases import (
    ASCII,
    OFFERS,
    PIPELINED,
    UNICODE,
    announce_connected,
    binary_payload,
    expect,
    run_cases,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

# WebDriver types only what is in the Basic Multilingual Plane.
TYPED = "Grüße, Привет, שלום, 你好"

# Sends messages (a list of numbers stands for octets), collects as many, closes with the code
# and reports what the browser saw. Its last argument is WebDriver's callback.
EXCHANGE = """
const [url, offers, messages, code, reason, done] = arguments;
const seen = { received: [] };
const socket = new WebSocket(url, offers);
socket.binaryType = 'arraybuffer';
socket.onopen = () => {
  seen.protocol = socket.protocol;
  for (const message of messages) {
    socket.send(typeof message === 'string' ? message : new Uint8Array(message));
  }
  if (messages.length === 0) socket.close(code, reason);
};
socket.onmessage = ({ data }) => {
  seen.received.push(typeof data === 'string' ? data : Array.from(new Uint8Array(data)));
  if (seen.received.length === messages.length) socket.close(code, reason);
};
socket.onclose = (event) => {
  seen.code = event.code;
  seen.clean = event.wasClean;
  done(seen);
};
"""


class Browser:
    """The cases, in one running browser."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def run_case(self, url: str, case: str) -> None:
        """Runs one case on a freshly loaded page."""
        self._load_page(url)
        match case:
            case "page-text":
                self._send("send")
                self._wait_for_log("open", f"text: {TYPED}")
            case "page-binary":
                self._send("send-binary")
                self._wait_for_log("open", f"binary: {len(TYPED.encode())} octets")
            case "going-away":
                announce_connected()
                self._wait_for_log("open", "close: 1001")
            case "text-ascii":
                self._exchange(url, [ASCII])
            case "text-unicode":
                self._exchange(url, [UNICODE])
            case "pipelined-200":
                self._exchange(url, PIPELINED)
            case "close-1000" | "no-subprotocol":
                self._exchange(url, [])
            case "close-4001":
                self._exchange(url, [], code=4001, reason="enough")
            case "subprotocol-known":
                self._exchange(url, [], offers=OFFERS[case], protocol="chat")
            case _:
                self._exchange(url, [list(binary_payload(case))])

    def _load_page(self, url: str) -> None:
        self._driver.get(url.replace("ws", "http", 1))
        self._wait_for_log("open")

    def _send(self, button: str) -> None:
        field = self._driver.find_element(By.ID, "text")
        field.clear()
        field.send_keys(TYPED)
        self._driver.find_element(By.ID, button).click()

    def _wait_for_log(self, *wanted: str) -> None:
        def log(driver: Chrome) -> list[str]:
            return [line.text for line in driver.find_elements(By.CSS_SELECTOR, "#log li")]

        wait = WebDriverWait(self._driver, TIMEOUT, poll_frequency=0.05)
        wait.until(lambda driver: len(log(driver)) >= len(wanted), f"no {wanted[-1]!r} in #log")
        expect("#log", log(self._driver), list(wanted))

    def _exchange(
        self,
        url: str,
        messages: list[str] | list[list[int]],
        offers: list[str] | None = None,
        protocol: str = "",
        code: int = 1000,
        reason: str = "",
    ) -> None:
        seen = self._driver.execute_async_script(
            EXCHANGE, url, offers or [], messages, code, reason
        )
        expect("echoes", seen["received"], messages)
        expect("protocol", seen.get("protocol"), protocol)
        expect("close", (seen["code"], seen["clean"]), (code, True))


def main() -> None:
    chromium, chromedriver = sys.argv.pop(1), sys.argv.pop(1)
    # Of a server with TLS the certificate is one for tests.
    with running_driver(chromium, chromedriver, "--ignore-certificate-errors") as driver:
        run_cases(Browser(driver).run_case)


main()
