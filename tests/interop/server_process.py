"""The server under test as a child process, shared by the interop and Autobahn runners.

The server prints exactly one line, ``listening on ws://HOST:PORT/`` or the same with ``wss``, when
it is ready, and ends with status 0 when it gets SIGTERM or SIGINT. Anything else is a
``ServerError``.
"""

from __future__ import annotations

import argparse
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Sequence
from types import TracebackType

START_TIMEOUT = 20.0
STOP_TIMEOUT = 20.0
READY_LINE = re.compile(rb"listening on (wss?)://127\.0\.0\.1:(\d+)/\n")


def add_server_argument(parser: argparse.ArgumentParser) -> None:
    """Adds ``--server``, the one argument that every runner has."""
    parser.add_argument(
        "--server",
        nargs="+",
        required=True,
        metavar="CMD",
        help="command of the server; a word that begins with a dash needs to be inside quotes: "
        "--server 'valgrind -q echo_server'",
    )


def server_command(words: Sequence[str]) -> list[str]:
    """The command that the words after ``--server`` mean."""
    return shlex.split(" ".join(words))


class ServerError(Exception):
    """The server broke its contract: it did not start, or did not end, as it should."""


class ServerProcess:
    """A server on a free port of 127.0.0.1.

    At the end of the ``with`` block it gets SIGTERM, unless it got a signal before, and has
    to end with status 0 and without a second line on stdout.
    """

    def __init__(
        self, command: Sequence[str], *options: str, pass_fds: Sequence[int] = ()
    ) -> None:
        self._command = [*command, "--host", "127.0.0.1", "--port", "0", *options]
        self._pass_fds = pass_fds
        self._signalled = False
        self._scheme = ""
        self.port = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        """The address that the ready line named."""
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    def __enter__(self) -> ServerProcess:
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=self._pass_fds,
                bufsize=0,  # what follows the first line is left for communicate()
            )
        except OSError as error:
            raise ServerError(f"server cannot be started: {error}") from error
        line = self._read_first_line()
        ready = READY_LINE.fullmatch(line)
        if ready is None:
            self._end_by_force()
            raise ServerError(f"no ready line from the server, but {line!r}")
        self._scheme, self.port = ready[1].decode(), int(ready[2])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:  # the case failed already; its reason must not be hidden
            self._end_by_force()
            return
        if not self._signalled:
            self.send_signal(signal.SIGTERM)
        self._expect_clean_end()

    def send_signal(self, how: signal.Signals) -> None:
        """Asks the server to end, which the end of the ``with`` block waits for; or, with SIGHUP,
        to read its files again.
        """
        self._signalled |= how != signal.SIGHUP
        self._process.send_signal(how)

    def _expect_clean_end(self) -> None:
        try:
            rest, _ = self._process.communicate(timeout=STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._end_by_force()
            raise ServerError(f"server still ran {STOP_TIMEOUT:.0f} s after its signal") from None
        if self._process.returncode != 0:
            raise ServerError(f"server ended with status {self._process.returncode}")
        if rest:
            raise ServerError(f"server wrote more than its ready line: {rest[:200]!r}")

    def _read_first_line(self) -> bytes:
        assert self._process.stdout is not None
        # readline has no timeout of its own; a killed server ends it.
        watchdog = threading.Timer(START_TIMEOUT, self._process.kill)
        watchdog.start()
        try:
            return self._process.stdout.readline()
        finally:
            watchdog.cancel()

    def _end_by_force(self) -> None:
        self._process.kill()
        self._process.communicate()
