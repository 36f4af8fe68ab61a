"""``serve()`` and ``connect()`` on asyncio, in the shape that users of ``websockets`` know."""

from __future__ import annotations

from .._events import Request, Response
from .broadcast import broadcast
from .client import ClientConnection, connect
from .connection import WebSocket
from .exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidStatus,
)
from .server import Server, ServerConnection, serve

__all__ = [
    "ClientConnection",
    "ConcurrencyError",
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "InvalidHandshake",
    "InvalidStatus",
    "Request",
    "Response",
    "Server",
    "ServerConnection",
    "WebSocket",
    "broadcast",
    "connect",
    "serve",
]
