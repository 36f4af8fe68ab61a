"""wsproto's connection behind the opening handshake."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Generator, Iterable
from enum import Enum
from typing import Optional

from ... import ERR_STATE, Close, Failed, Interest, Piece, Role, WsabiError
from ... import Connection as Protocol
from ... import Event as Received
from ... import Ping as PingReceived
from ... import Pong as PongReceived
from .events import BytesMessage, CloseConnection, Event, Message, Ping, Pong, TextMessage
from .extensions import Extension, PerMessageDeflate, config_of, only_deflate
from .frame_protocol import LOCAL_ONLY_CLOSE_REASONS, CloseReason
from .utilities import LocalProtocolError, generate_accept_token


class ConnectionState(Enum):
    """The state of a connection."""

    #: The opening handshake is not over.
    CONNECTING = 0
    OPEN = 1
    #: The peer's Close came.
    REMOTE_CLOSING = 2
    #: A Close was sent.
    LOCAL_CLOSING = 3
    CLOSED = 4
    #: The body of a refusal is missing.
    REJECTING = 5


class ConnectionType(Enum):
    """Which end of a connection."""

    CLIENT = 1
    SERVER = 2


CLIENT = ConnectionType.CLIENT
SERVER = ConnectionType.SERVER


class Connection:
    """A connection whose opening handshake somebody else did. ``extensions`` are those that were
    agreed on.
    """

    def __init__(
        self,
        connection_type: ConnectionType,
        extensions: Optional[list[Extension]] = None,
        trailing_data: bytes = b"",
    ) -> None:
        agreed = [extension for extension in extensions or () if extension.enabled()]
        deflate = only_deflate(agreed, "the connection")
        role = Role.CLIENT if connection_type is ConnectionType.CLIENT else Role.SERVER
        if deflate is None:
            protocol = Protocol.opened(role, config=config_of())
        else:
            protocol = _opened(role, deflate)
        self._begin(protocol, protocol.receive(trailing_data))

    @classmethod
    def over(cls, protocol: Protocol, received: Iterable[Received]) -> Connection:
        """The connection behind an opening handshake, and what came with that."""
        connection = object.__new__(cls)
        connection._begin(protocol, received)
        return connection

    def _begin(self, protocol: Protocol, received: Iterable[Received]) -> None:
        self.client = protocol.role is Role.CLIENT
        self._protocol = protocol
        self._received = deque(received)
        self._state = ConnectionState.OPEN
        self._decoder = getincrementaldecoder("utf-8")()
        #: A message that is being sent goes on.
        self._unfinished = False
        #: Payloads of pings that were listed. The library has answered them.
        self._answered: list[bytes] = []

    @property
    def state(self) -> ConnectionState:
        """The state, as of the events that were asked for."""
        return self._state

    def send(self, event: Event) -> bytes:
        """What is to be sent to the peer for an event."""
        try:
            self._queue(event)
        except WsabiError as error:
            raise LocalProtocolError(f"{event} cannot be sent: {error}") from None
        return self._protocol.output()

    def _queue(self, event: Event) -> None:
        is_open = self._state is ConnectionState.OPEN
        if isinstance(event, Message) and is_open:
            more = not event.message_finished
            self._protocol.send(event.data, more if more or self._unfinished else None)
            self._unfinished = more
        elif isinstance(event, Ping) and is_open:
            self._protocol.ping(event.payload)
        elif isinstance(event, Pong) and is_open:
            if event.payload in self._answered:
                self._answered.remove(event.payload)
            else:
                self._protocol.pong(event.payload)
        elif isinstance(event, CloseConnection) and is_open:
            self._close(event)
            self._state = ConnectionState.LOCAL_CLOSING
        elif isinstance(event, CloseConnection) and self._state is ConnectionState.REMOTE_CLOSING:
            self._close(event)
            self._state = ConnectionState.CLOSED
        else:
            raise LocalProtocolError(f"{event} cannot be sent in state {self._state}")

    def _close(self, event: CloseConnection) -> None:
        code: Optional[int] = event.code
        if code == CloseReason.NO_STATUS_RCVD:
            code = None
        elif code in LOCAL_ONLY_CLOSE_REASONS:
            code = CloseReason.NORMAL_CLOSURE
        # RFC 6455 5.5: 125 octets, two of which are the code.
        reason = (event.reason or "").encode()[:123].decode(errors="ignore")
        try:
            self._protocol.close(code, reason)
        except WsabiError as error:
            # The library may have answered the peer's Close already, or its mistake.
            if error.status != ERR_STATE or self._protocol.close_code is None:
                raise

    def receive_data(self, data: Optional[bytes]) -> None:
        """Takes octets of the peer; None is the end of its stream."""
        if data is None:
            self._protocol.receive_eof()
            # RFC 6455 7.1.5
            self._received.append(Close(CloseReason.ABNORMAL_CLOSURE, ""))
            self._state = ConnectionState.CLOSED
        elif self._state is ConnectionState.CLOSED:
            raise LocalProtocolError("Connection already closed.")
        elif self._state is not ConnectionState.REMOTE_CLOSING:
            self._received.extend(self._protocol.receive(data))

    def events(self) -> Generator[Event, None, None]:
        """What was received and not asked for yet."""
        while self._received:
            received = self._received.popleft()
            if isinstance(received, Piece):
                last = received.last
                if received.text:
                    text = self._decoder.decode(received.data, last)
                    if text or last:
                        yield TextMessage(text, last, last)
                elif received.data or last:
                    yield BytesMessage(received.data, last, last)
                if not self._received and Interest.RECV in self._protocol.interest:
                    self._received.extend(self._protocol.receive(b""))
            elif isinstance(received, PingReceived):
                self._answered.append(received.data)
                yield Ping(received.data)
            elif isinstance(received, PongReceived):
                yield Pong(received.data)
            elif isinstance(received, Close):
                if self._state is ConnectionState.LOCAL_CLOSING:
                    self._state = ConnectionState.CLOSED
                elif self._state is ConnectionState.OPEN:
                    self._state = ConnectionState.REMOTE_CLOSING
                yield CloseConnection(_reason(received.code), received.reason)
            elif isinstance(received, Failed):
                yield CloseConnection(_reason(received.code), received.text)


def _reason(code: int) -> int:
    """A code as wsproto names it, if it does."""
    try:
        return CloseReason(code)
    except ValueError:
        return code


def _opened(role: Role, deflate: PerMessageDeflate) -> Protocol:
    """A connection for which permessage-deflate was agreed on: what was said is said again."""
    config = config_of(deflate.options())
    extension = ("Sec-WebSocket-Extensions", f"{deflate.name}; {deflate.offer()}")
    if role is Role.SERVER:
        protocol = Protocol.server(config)
        headers = [("Sec-WebSocket-Version", "13"), extension]
        protocol.receive_request(
            "CONNECT", "/", headers, version="2", authority="localhost", protocol="websocket"
        )
        protocol.accept()
        return protocol
    protocol = Protocol.client("localhost", config=config)
    key = re.search(rb"Sec-WebSocket-Key: (.*)\r\n", protocol.output())
    assert key is not None
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {generate_accept_token(key[1]).decode()}",
        ": ".join(extension),
    ]
    protocol.receive("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
    return protocol
