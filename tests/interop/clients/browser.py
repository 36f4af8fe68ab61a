"""Headless Chromium below a chromedriver, with a new and empty profile."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

TIMEOUT = 20.0
FLAGS = [
    "--headless",
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def running_driver(chromium: str, chromedriver: str, *flags: str) -> Iterator[Chrome]:
    """Starts Chromium below a chromedriver and ends both."""
    with tempfile.TemporaryDirectory(prefix="wsabi-chromium-") as profile:
        options = ChromeOptions()
        options.binary_location = chromium
        for flag in [*FLAGS, *flags, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        driver = Chrome(options, ChromeService(chromedriver))
        try:
            driver.set_page_load_timeout(TIMEOUT)
            driver.set_script_timeout(TIMEOUT)
            yield driver
        finally:
            driver.quit()
