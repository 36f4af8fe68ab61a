"""Python `websockets` (its threaded server), for the clients of wsabi; see commands.py."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from commands import BINARY, CLOSE, MAX_SIZE, arguments, described
from websockets import ConnectionClosed, Subprotocol
from websockets.sync.server import ServerConnection, serve

TIMEOUT = 20.0

last_close = "none"


def run(connection: ServerConnection) -> None:
    """Answers the messages of one connection."""
    global last_close
    with suppress(ConnectionClosed):
        for message in connection:
            answer(connection, message)
    assert connection.request is not None
    if connection.request.path != "/last-close":
        last_close = f"{connection.close_code} {connection.close_reason}"


def answer(connection: ServerConnection, message: str | bytes) -> None:
    """Does what a message says."""
    assert connection.request is not None and connection.response is not None
    match message:
        case "!binary":
            connection.send(BINARY)
        case "!headers":
            connection.send(described(connection.request.headers))
        case "!extensions":
            connection.send(connection.response.headers.get("Sec-WebSocket-Extensions", "none"))
        case "!ping":
            connection.ping("are you there?").wait(TIMEOUT)
            connection.send("pong")
        case "!close":
            connection.close(*CLOSE)
        case "!last-close":
            connection.send(last_close)
        case _:
            connection.send(message)


def choose(_: ServerConnection, offers: Sequence[Subprotocol]) -> Subprotocol | None:
    """Takes a client that offers none, too."""
    return Subprotocol("chat") if "chat" in offers else None


def main() -> None:
    options = arguments()
    with serve(
        run, options.host, options.port, select_subprotocol=choose, max_size=MAX_SIZE
    ) as server:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(f"listening on ws://127.0.0.1:{server.socket.getsockname()[1]}/", flush=True)
        server.serve_forever()


main()
