"""What :meth:`wsabi.Connection.receive` lists.

A message is what Python calls it: ``str`` for text, ``bytes`` for binary. Everything else is one
of these classes. The library may learn to list more: ignore what you do not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Optional, Union

from ._abi import FailureCode

Headers = tuple[tuple[str, str], ...]
Octets = Union[bytes, bytearray, memoryview]
HeadersLike = Union[Mapping[str, str], Iterable[tuple[str, str]]]


def find_header(headers: Headers, name: str) -> Optional[str]:
    """The value of the first header field of that name, in any case."""
    wanted = name.lower()
    return next((value for name, value in headers if name.lower() == wanted), None)


@dataclass(frozen=True)
class Head:
    """A request that waits for the application's decision."""

    method: str
    #: The request target, such as ``/chat?room=1``.
    target: str
    #: The target without its query, not decoded.
    path: str
    #: What stands behind the ``?``, not decoded.
    query: Optional[str]
    #: Host and, if it is named, port that the request is for.
    host: Optional[str]
    #: The Origin. Browsers always send one, other clients seldom.
    origin: Optional[str]
    #: All header fields in the order of arrival.
    headers: Headers = field(repr=False)
    #: The subprotocols that the client offers, in its order of preference.
    subprotocols: tuple[str, ...]

    def header(self, name: str) -> Optional[str]:
        """The value of the first header field of that name, in any case."""
        return find_header(self.headers, name)


class Request(Head):
    """A correct opening handshake. Accept or refuse it, now or later."""


class HttpRequest(Head):
    """A plain HTTP request (option ``plain_http``). Answer it with ``reject``."""


@dataclass(frozen=True)
class Response:
    """A response to an opening handshake."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> Optional[str]:
        """The value of the first header field of that name, in any case."""
        return find_header(self.headers, name)


@dataclass(frozen=True)
class Open:
    """The connection is open: the server accepted this client, or the library this server's."""

    #: The negotiated subprotocol.
    subprotocol: Optional[str]
    #: The server's response; None on the server's side.
    response: Optional[Response]


@dataclass(frozen=True)
class Rejected:
    """The server's response is no 101, and the connection is over."""

    response: Response


@dataclass(frozen=True)
class Piece:
    """A part of a message (option ``message_pieces``)."""

    #: Octets, of a text too: they may end inside a character.
    data: bytes
    #: Whether the message is text.
    text: bool
    #: Whether the message begins here.
    first: bool
    #: Whether it ends here; ``data`` may be empty then.
    last: bool

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True)
class Ping:
    """A ping. The pong is on its way already."""

    data: bytes


@dataclass(frozen=True)
class Pong:
    """A pong, also one that no ping asked for."""

    data: bytes


@dataclass(frozen=True)
class Close:
    """The peer's Close. Messages may be sent until the output is taken."""

    #: The status code, 1005 for none.
    code: int
    reason: str


@dataclass(frozen=True)
class Failed:
    """The peer broke a rule."""

    #: The status code of the Close that it is sent or, in a server's opening handshake, the HTTP
    #: status of the answer; 1006 for a bad response, which is not answered.
    code: int
    #: The rule; a number when this package does not know it.
    failure: Union[FailureCode, int]
    #: The rule in English, with the section of the RFC.
    text: str


@dataclass(frozen=True)
class Closed:
    """The peer's octet stream ended."""

    #: The status code of its Close, 1005 for a Close without one, 1006 for none.
    code: int


@dataclass(frozen=True)
class Drained:
    """There is room for output again, below the option ``output_low_mark``."""


Event = Union[
    str,
    bytes,
    Piece,
    Request,
    HttpRequest,
    Open,
    Rejected,
    Ping,
    Pong,
    Close,
    Failed,
    Closed,
    Drained,
]
