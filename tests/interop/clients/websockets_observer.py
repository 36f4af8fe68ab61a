"""What a program that uses Python `websockets` sees; see observing.py."""

from __future__ import annotations

from observing import TIMEOUT, closed, observe_all, opened
from websockets import ConnectionClosed, InvalidHandshake, InvalidStatus, Origin, Subprotocol
from websockets.sync.client import ClientConnection, connect


def observe(url: str, offers: list[str], origin: str) -> str:
    """Connects, and sends a message that the server echoes unless it closes."""
    subprotocols = [Subprotocol(name) for name in offers] or None
    try:
        with connect(url, subprotocols=subprotocols, origin=Origin(origin), proxy=None) as socket:
            return f"{opened(socket.subprotocol)}{observe_end(socket)}"
    except InvalidStatus as error:
        return f"`InvalidStatus`, {error.response.status_code}"
    except InvalidHandshake as error:
        return f"`{type(error).__name__}`"


def observe_end(socket: ClientConnection) -> str:
    try:
        socket.send("?")
        socket.recv(TIMEOUT)
    except ConnectionClosed as error:
        close = error.rcvd
        return f"; `{type(error).__name__}`, {closed(close.code, close.reason) if close else ''}"
    return ""


observe_all(observe)
