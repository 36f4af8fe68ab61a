"""What the tests' own servers share: the command line, the ready line and the end.

They are started by ``server_process.py``, as the server under test is.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def server_arguments() -> argparse.ArgumentParser:
    """A parser with the arguments that every such server has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    return parser


def run_server(host: str, port: int, serve: Callable[[socket.socket], None]) -> None:
    """Serves every connection in a thread of its own, until SIGTERM."""
    signal.signal(signal.SIGTERM, end)
    with socket.create_server((host, port)) as listener:
        print(f"listening on ws://{host}:{listener.getsockname()[1]}/", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_quietly, args=(serve, connection), daemon=True).start()


def serve_quietly(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    """Serves a connection; a client that goes away in the middle is no error."""
    with connection, suppress(OSError):
        serve(connection)


def end(number: int, frame: object) -> None:
    """What SIGTERM does."""
    sys.exit(0)
