"""wsproto's opening handshake."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from typing import Optional, Union

from ... import Connection as Protocol
from ... import Event as Received
from ... import Failed, FailureCode, Open, Rejected, WsabiError
from ... import Request as RequestReceived
from .connection import Connection, ConnectionState, ConnectionType
from .events import AcceptConnection, Event, RejectConnection, RejectData, Request
from .extensions import Extension, config_of, only_deflate
from .typing import Headers
from .utilities import LocalProtocolError, RemoteProtocolError

WEBSOCKET_VERSION = b"13"

#: What wsproto says of a rule that was broken, where that is not what the library says.
_TEXTS = {
    FailureCode.BAD_REQUEST_LINE: "Bad HTTP message",
    FailureCode.METHOD: "Request method must be GET",
    FailureCode.CONNECTION_MISSING: "Missing header, 'Connection: Upgrade'",
    FailureCode.UPGRADE_MISSING: "Missing header, 'Upgrade: websocket'",
    FailureCode.VERSION_MISSING: "Missing header, 'Sec-WebSocket-Version'",
    FailureCode.VERSION_UNSUPPORTED: "Missing header, 'Sec-WebSocket-Version'",
    FailureCode.KEY_MISSING: "Missing header, 'Sec-WebSocket-Key'",
    FailureCode.HOST_MISSING: "Missing header, 'Host'",
    FailureCode.RESPONSE_BAD_STATUS_LINE: "Bad HTTP message",
    FailureCode.RESPONSE_CONNECTION_MISSING: "Missing header, 'Connection: Upgrade'",
    FailureCode.RESPONSE_UPGRADE_MISSING: "Missing header, 'Upgrade: websocket'",
    FailureCode.RESPONSE_ACCEPT_MISSING: "Bad accept token",
    FailureCode.RESPONSE_ACCEPT_WRONG: "Bad accept token",
}
#: Header fields of a request that have attributes of their own in the event.
_OF_REQUEST = {"host", "sec-websocket-extensions", "sec-websocket-protocol"}
#: The same of the response that accepts.
_OF_RESPONSE = {
    "connection",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "upgrade",
}
#: What the library writes by itself into a refusal.
_OWN = {"content-length", "connection", "transfer-encoding"}


class H11Handshake:
    """An opening handshake over HTTP/1.1. It has wsproto's name; h11 is not needed."""

    def __init__(self, connection_type: ConnectionType) -> None:
        self.client = connection_type is ConnectionType.CLIENT
        self._state = ConnectionState.CONNECTING
        self._connection: Optional[Connection] = None
        self._events: deque[Event] = deque()
        self._request: Optional[Request] = None
        #: A client has one from its request on.
        self._protocol: Optional[Protocol] = None
        if not self.client:
            self._protocol = Protocol.server(config_of())
        #: What a server received before its decision.
        self._octets = b""
        #: A refusal whose body is not complete.
        self._refusal: Optional[tuple[RejectConnection, bytes]] = None

    @property
    def state(self) -> ConnectionState:
        """The state."""
        return self._state

    @property
    def connection(self) -> Optional[Connection]:
        """The connection, once it is open."""
        return self._connection

    def initiate_upgrade_connection(self, headers: Headers, path: Union[bytes, str]) -> None:
        """Takes a request that an HTTP server parsed."""
        if self.client:
            raise LocalProtocolError("a client sends the request")
        target = path.encode("ascii") if isinstance(path, str) else path
        lines = [b"GET %s HTTP/1.1" % target, *(b"%s: %s" % pair for pair in headers), b"", b""]
        self.receive_data(b"\r\n".join(lines))

    def send(self, event: Event) -> bytes:
        """What is to be sent to the peer for an event."""
        try:
            if isinstance(event, Request) and self.client and self._protocol is None:
                return self._open(event)
            if isinstance(event, AcceptConnection) and self._request and not self.client:
                return self._accept(event)
            if isinstance(event, RejectConnection) and self._state is ConnectionState.CONNECTING:
                return self._reject(event)
            if isinstance(event, RejectData) and self._refusal is not None:
                return self._send_reject_data(event)
        except WsabiError as error:
            raise LocalProtocolError(f"{event} cannot be sent: {error}") from None
        raise LocalProtocolError(f"{event} cannot be sent in state {self._state}")

    def receive_data(self, data: Optional[bytes]) -> None:
        """Takes octets of the peer; None, or none, is the end of its stream."""
        if self._protocol is None:
            raise LocalProtocolError("a client begins with its request")
        if not self.client:
            self._octets += data or b""
        self._take(self._protocol.receive(data) if data else self._protocol.receive_eof())

    def events(self) -> Generator[Event, None, None]:
        """What was received and not asked for yet."""
        while self._events:
            yield self._events.popleft()

    def _take(self, received: list[Received]) -> None:
        for index, event in enumerate(received):
            if isinstance(event, RequestReceived):
                self._events.append(self._requested(event))
            elif isinstance(event, Open):
                self._events.append(self._opened(event, received[index + 1 :]))
                return
            elif isinstance(event, Rejected):
                self._rejected(event)
            elif isinstance(event, Failed):
                raise self._failed(event)

    def _failed(self, event: Failed) -> RemoteProtocolError:
        text = event.text
        if isinstance(event.failure, FailureCode):
            text = _TEXTS.get(event.failure, text)
        if event.failure is FailureCode.VERSION_UNSUPPORTED:
            headers = [(b"Sec-WebSocket-Version", WEBSOCKET_VERSION)]
            return RemoteProtocolError(text, RejectConnection(event.code, headers))
        return RemoteProtocolError(text, RejectConnection())

    # ---- A server ----

    def _requested(self, received: RequestReceived) -> Request:
        extensions = [
            offer.strip()
            for name, value in received.headers
            if name.lower() == "sec-websocket-extensions"
            for offer in value.split(",")
        ]
        self._request = Request(
            host=_unicode(received.host or ""),
            target=received.target,
            extensions=extensions,
            extra_headers=_fields(received.headers, _OF_REQUEST),
            subprotocols=list(received.subprotocols),
        )
        return self._request

    def _accept(self, event: AcceptConnection) -> bytes:
        assert self._request is not None and self._protocol is not None
        if event.subprotocol is not None and event.subprotocol not in self._request.subprotocols:
            raise LocalProtocolError(f"unexpected subprotocol {event.subprotocol}")
        protocol = self._protocol
        deflate = only_deflate(event.extensions, event)
        if deflate is not None:
            # How the library is to negotiate it is known only now: it reads the request again.
            protocol = Protocol.server(config_of(deflate.options()))
            protocol.receive(self._octets)
        protocol.accept(event.subprotocol, _text(event.extra_headers))
        if deflate is not None:
            deflate.agreed(protocol)
        response = protocol.output()
        self._protocol, self._octets = protocol, b""
        self._connection = Connection.over(protocol, protocol.receive(b""))
        self._state = ConnectionState.OPEN
        return response

    def _reject(self, event: RejectConnection) -> bytes:
        if event.has_body:
            self._refusal = event, b""
            self._state = ConnectionState.REJECTING
            return b""
        return self._refuse(event, b"")

    def _send_reject_data(self, event: RejectData) -> bytes:
        assert self._refusal is not None
        refusal, body = self._refusal
        self._refusal = refusal, body + event.data
        return self._refuse(*self._refusal) if event.body_finished else b""

    def _refuse(self, event: RejectConnection, body: bytes) -> bytes:
        assert self._protocol is not None
        self._refusal = None
        self._state = ConnectionState.CLOSED
        if self._request is not None:
            headers = [pair for pair in _text(event.headers) if pair[0].lower() not in _OWN]
            self._protocol.reject(event.status_code, headers, body)
        return self._protocol.output()  # without a request, the library's refusal

    # ---- A client ----

    def _open(self, event: Request) -> bytes:
        deflate = only_deflate(event.extensions, event)
        options = {} if deflate is None else {"extension": deflate.options()}
        self._protocol = Protocol.client(
            event.host.encode("idna").decode("ascii"),
            event.target,
            headers=_text(event.extra_headers),
            config=config_of(subprotocols=tuple(event.subprotocols), **options),
        )
        self._request = event
        return self._protocol.output()

    def _opened(self, received: Open, behind: list[Received]) -> AcceptConnection:
        assert self._protocol is not None and self._request is not None
        assert received.response is not None
        self._connection = Connection.over(self._protocol, behind)
        self._state = ConnectionState.OPEN
        deflate = only_deflate(self._request.extensions, self._request)
        return AcceptConnection(
            subprotocol=received.subprotocol,
            extensions=[deflate] if deflate and deflate.agreed(self._protocol) else [],
            extra_headers=_fields(received.response.headers, _OF_RESPONSE),
        )

    def _rejected(self, received: Rejected) -> None:
        response = received.response
        headers = _fields(response.headers, set())
        self._events.append(RejectConnection(response.status, headers, has_body=True))
        if response.body:
            self._events.append(RejectData(response.body, body_finished=False))
        self._events.append(RejectData(b"", body_finished=True))
        self._state = ConnectionState.CLOSED

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client={self.client}, state={self.state})"


def _unicode(host: str) -> str:
    """A host without the encoding of IDNA, if it has that."""
    try:
        return host.encode("latin-1").decode("idna")
    except UnicodeError:
        return host


def _fields(headers: Iterable[tuple[str, str]], without: set[str]) -> Headers:
    """Header fields as wsproto has them."""
    lower = ((name.lower(), value) for name, value in headers)
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in lower
        if name not in without
    ]


def _text(headers: Headers) -> list[tuple[str, str]]:
    """Header fields as wsabi has them."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def server_extensions_handshake(
    requested: Iterable[str], supported: list[Extension]
) -> Optional[bytes]:
    """The Sec-WebSocket-Extensions that answers offers; None when there is nothing to agree on."""
    accepted: dict[str, str] = {}
    for offer in requested:
        name = offer.partition(";")[0].strip()
        for extension in supported:
            if extension.name == name:
                answer = extension.accept(offer)
                if answer is True or isinstance(answer, str):
                    accepted[name] = name if answer is True or not answer else f"{name}; {answer}"
    return ", ".join(accepted.values()).encode("ascii") or None


def client_extensions_handshake(
    accepted: Iterable[str], supported: Sequence[Extension]
) -> list[Extension]:
    """Those of the extensions that a server agreed to."""
    extensions = []
    for answer in accepted:
        name = answer.partition(";")[0].strip()
        extension = next((known for known in supported if known.name == name), None)
        if extension is None:
            raise RemoteProtocolError(f"unrecognized extension {name}", RejectConnection())
        extension.finalize(answer)
        extensions.append(extension)
    return extensions
