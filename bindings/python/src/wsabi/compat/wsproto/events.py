"""wsproto's events: what is received, and what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Optional, TypeVar, Union

from .typing import Headers

if TYPE_CHECKING:
    from .extensions import Extension


class Event:
    """One of these."""


@dataclass(frozen=True)
class Request(Event):
    """An opening handshake: a client sends it, a server receives it."""

    host: str
    target: str
    #: Offers of a client; a server receives them as text.
    extensions: Union[Sequence[Extension], Sequence[str]] = field(default_factory=list)
    #: The header fields but those of the other attributes.
    extra_headers: Headers = field(default_factory=list)
    subprotocols: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AcceptConnection(Event):
    """The answer that opens the connection."""

    subprotocol: Optional[str] = None
    extensions: list[Extension] = field(default_factory=list)
    extra_headers: Headers = field(default_factory=list)


@dataclass(frozen=True)
class RejectConnection(Event):
    """The answer that refuses, but for its body."""

    status_code: int = 400
    headers: Headers = field(default_factory=list)
    #: :class:`RejectData` follows.
    has_body: bool = False


@dataclass(frozen=True)
class RejectData(Event):
    """A part of the body of the answer that refuses."""

    data: bytes
    body_finished: bool = True


@dataclass(frozen=True)
class CloseConnection(Event):
    """A Close, or the end of the connection without one (1006), or what the peer did wrong."""

    code: int
    reason: Optional[str] = None

    def response(self) -> CloseConnection:
        """What is to be sent for it."""
        return CloseConnection(code=self.code, reason=self.reason)


T = TypeVar("T", bytes, str)


@dataclass(frozen=True)
class Message(Event, Generic[T]):
    """A message, or a part of one."""

    data: T
    frame_finished: bool = True
    #: False: the message goes on with the next of these events.
    message_finished: bool = True


@dataclass(frozen=True)
class TextMessage(Message[str]):
    """A text message, or a part of one."""


@dataclass(frozen=True)
class BytesMessage(Message[bytes]):
    """A binary message, or a part of one."""


@dataclass(frozen=True)
class Ping(Event):
    """A ping."""

    payload: bytes = b""

    def response(self) -> Pong:
        """What is to be sent for it."""
        return Pong(payload=self.payload)


@dataclass(frozen=True)
class Pong(Event):
    """A pong."""

    payload: bytes = b""
