"""wsproto's names over wsabi: change ``from wsproto`` into ``from wsabi.compat.wsproto``.

What wsproto documents is here, in the modules where it has it. What differs:

- Answers to pings are not made by :meth:`events.Ping.response`: they are in the octets of the next
  ``send``, so that one of the answer itself may be empty.
- A refusal is one response: with ``has_body`` it goes out with the last ``RejectData``. The refusal
  of a bad request is the library's, whatever is sent for it.
- A part of a message is what arrived, not a frame: ``frame_finished`` is ``message_finished``.
- There is no extension but ``PerMessageDeflate``, which takes no part in the work on frames.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Optional, Union

from .connection import Connection, ConnectionState, ConnectionType
from .events import Event
from .handshake import H11Handshake
from .typing import Headers

__all__ = ["Connection", "ConnectionState", "ConnectionType", "WSConnection"]


class WSConnection:
    """One end of a connection, with its opening handshake."""

    def __init__(self, connection_type: ConnectionType) -> None:
        self.client = connection_type is ConnectionType.CLIENT
        self.handshake = H11Handshake(connection_type)

    @property
    def connection(self) -> Optional[Connection]:
        """The connection behind the opening handshake; None before."""
        return self.handshake.connection

    @property
    def state(self) -> ConnectionState:
        """The state."""
        return self.handshake.state if self.connection is None else self.connection.state

    def initiate_upgrade_connection(self, headers: Headers, path: Union[bytes, str]) -> None:
        """Takes a request that an HTTP server parsed."""
        self.handshake.initiate_upgrade_connection(headers, path)

    def send(self, event: Event) -> bytes:
        """What is to be sent to the peer for an event."""
        return (self.connection or self.handshake).send(event)

    def receive_data(self, data: Optional[bytes]) -> None:
        """Takes octets of the peer; None is the end of its stream. :meth:`events` has what they
        mean.
        """
        (self.connection or self.handshake).receive_data(data)

    def events(self) -> Generator[Event, None, None]:
        """What was received and not asked for yet."""
        yield from self.handshake.events()
        if self.connection is not None:
            yield from self.connection.events()
