"""A terminal client as a child process: lines in, lines out, notes on stderr, an exit status."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO

TIMEOUT = 90.0
CLOSED, BROKEN, USAGE, REFUSED = 0, 1, 2, 3  # the exit statuses


@dataclass(frozen=True)
class Outcome:
    """What is left of a client that ended. ``status`` below 0: the signal that killed it."""

    output: bytes
    notes: str
    status: int


def run(
    command: Sequence[str], url: str, text: bytes = b"", options: Sequence[str] = ()
) -> Outcome:
    """Runs a client on the whole input."""
    with Session(command, url, options) as session:
        return session.end(text)


class Session:
    """A running client. It is killed at the end of the ``with`` block, and when it hangs."""

    def __init__(
        self,
        command: Sequence[str],
        url: str,
        options: Sequence[str] = (),
        output: int | IO[bytes] = subprocess.PIPE,
    ) -> None:
        # A file, since nobody reads while the client runs.
        self._notes = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*command, *options, url],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=self._notes,
            bufsize=0,
        )
        self._watchdog = threading.Timer(TIMEOUT, self.process.kill)
        self._watchdog.start()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._watchdog.cancel()
        self.process.kill()
        self.process.communicate()
        self._notes.close()

    def say(self, text: bytes) -> None:
        """Gives the client input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)

    def hear(self) -> bytes:
        """The next line of the client's output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(how)

    def wait(self) -> Outcome:
        """Waits until the client ends by itself, with its input open."""
        assert self.process.stdout is not None
        output = self.process.stdout.read()
        return self._outcome(output)

    def end(self, text: bytes = b"") -> Outcome:
        """Gives the client the rest of its input, ends that, and waits for the client."""
        output, _ = self.process.communicate(text)
        return self._outcome(output or b"")

    def _outcome(self, output: bytes) -> Outcome:
        status = self.process.wait()
        self._notes.seek(0)
        return Outcome(output, self._notes.read().decode(), status)
