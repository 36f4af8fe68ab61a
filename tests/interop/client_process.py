"""A client program as a child process, and what its output says.

The program is called with a URL and the names of cases. For each case it prints ``ok NAME``
or ``not ok NAME: reason``. In the case ``going-away`` it first prints ``connected``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

TIMEOUT = 120.0


def run_client(
    command: Sequence[str], url: str, cases: Sequence[str], when_connected: Callable[[], None]
) -> dict[str, str]:
    """Runs the cases; returns what the client said about each: "" or why it failed."""
    with running([*command, url, *cases]) as client:
        assert client.stdout is not None
        results = read_results(client.stdout, when_connected)
        if client.wait() != 0:
            results["exit"] = f"status {client.returncode}"
    return results


def read_results(lines: Iterable[str], when_connected: Callable[[], None]) -> dict[str, str]:
    """Collects the results from the lines, as they come in."""
    results = {}
    for line in lines:
        verdict, _, reason = line.strip().partition(": ")
        if verdict == "connected":
            when_connected()
        elif verdict.startswith("ok "):
            results[verdict.removeprefix("ok ")] = ""
        elif verdict.startswith("not ok "):
            results[verdict.removeprefix("not ok ")] = reason or "no reason given"
    return results


@contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """The client, in a process group of its own so that it never leaves a browser behind."""
    with tempfile.TemporaryDirectory(prefix="wsabi-", ignore_cleanup_errors=True) as scratch:
        client = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": scratch},
            start_new_session=True,
        )
        watchdog = threading.Timer(TIMEOUT, kill_group, (client,))
        watchdog.start()
        try:
            yield client
        finally:
            watchdog.cancel()
            kill_group(client)
            client.communicate()


def kill_group(client: subprocess.Popen[str]) -> None:
    """Ends the client and its children, unless it has ended already."""
    if client.poll() is None:
        os.killpg(client.pid, signal.SIGKILL)
