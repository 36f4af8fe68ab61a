"""What ``serve()``, ``connect()`` and their connections raise."""

from __future__ import annotations

from .._events import Response

#: Codes of a Close that ends the iteration over a connection without an exception.
OK_CODES = (1000, 1001, 1005)


class ConnectionClosed(Exception):
    """The connection is closed, or being closed."""

    #: The status code of the peer's Close; 1005 when it held none, 1006 when none came.
    code: int
    #: The reason of the peer's Close, or which rule was broken.
    reason: str

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class ConnectionClosedOK(ConnectionClosed):
    """The peer closed the connection with 1000, 1001 or no code."""


class ConnectionClosedError(ConnectionClosed):
    """The connection failed, or the peer closed it with another code."""


class ConcurrencyError(RuntimeError):
    """Two coroutines receive from one connection."""


class InvalidHandshake(Exception):
    """The opening handshake failed."""


class InvalidStatus(InvalidHandshake):
    """The server refused."""

    response: Response

    def __init__(self, response: Response) -> None:
        super().__init__(f"server rejected the connection with HTTP status {response.status}")
        self.response = response


def closed(code: int, reason: str) -> ConnectionClosed:
    """The exception for a connection that ended so."""
    kind = ConnectionClosedOK if code in OK_CODES else ConnectionClosedError
    return kind(code, reason)
