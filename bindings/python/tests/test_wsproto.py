"""wsproto's names, with wsproto itself as the peer.

wsproto's own tests, and those of hypercorn, are run by ``run.py``.
"""

from __future__ import annotations

import types
from typing import Any

import pytest
import wire
import wsabi.compat.wsproto as ours
import wsabi.compat.wsproto.connection
import wsabi.compat.wsproto.events
import wsabi.compat.wsproto.extensions
import wsabi.compat.wsproto.frame_protocol
import wsabi.compat.wsproto.handshake
import wsabi.compat.wsproto.utilities
import wsproto as theirs
import wsproto.connection
import wsproto.events
import wsproto.extensions
import wsproto.frame_protocol
import wsproto.handshake
import wsproto.utilities
from wsabi.compat.wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsabi.compat.wsproto.extensions import PerMessageDeflate
from wsabi.compat.wsproto.frame_protocol import CloseReason, Opcode
from wsabi.compat.wsproto.utilities import LocalProtocolError, RemoteProtocolError

PAIRS = [(ours, ours), (ours, theirs), (theirs, ours)]
NAMES = ["both", "their server", "their client"]


def transfer(one: Any, two: Any, event: Any) -> list[Any]:
    """What the other end makes of an event."""
    two.receive_data(one.send(event))
    return list(two.events())


def opened(
    client_module: Any, server_module: Any, client_deflate: Any = None, **server_deflate: Any
) -> tuple[Any, Any]:
    """Both ends of a connection that is open."""
    client = client_module.WSConnection(client_module.ConnectionType.CLIENT)
    server = server_module.WSConnection(server_module.ConnectionType.SERVER)
    offers = [] if client_deflate is None else [client_deflate]
    events = client_module.events
    request = events.Request(
        host="localhost:8000",
        target="/chat?room=1",
        extensions=offers,
        extra_headers=[(b"X-One", b"1")],
        subprotocols=["a", "b"],
    )
    (requested,) = transfer(client, server, request)
    assert (requested.host, requested.target) == ("localhost:8000", "/chat?room=1")
    assert requested.subprotocols == ["a", "b"]
    assert (b"x-one", b"1") in [(name.lower(), value) for name, value in requested.extra_headers]
    extensions = []
    if client_deflate is not None:
        extensions.append(server_module.extensions.PerMessageDeflate(**server_deflate))
    accept = server_module.events.AcceptConnection(
        subprotocol="b", extensions=extensions, extra_headers=[(b"X-Two", b"2")]
    )
    (accepted,) = transfer(server, client, accept)
    assert accepted.subprotocol == "b" and accepted.extra_headers == [(b"x-two", b"2")]
    assert [e.enabled() for e in accepted.extensions] == [True] * len(extensions)
    assert client.state.name == server.state.name == "OPEN"
    return client, server


def read(receiver: Any, octets: bytes, cut: int = 1 << 30) -> Any:
    """The message that octets are, whose events are those of its parts."""
    data, finished = None, False
    for at in range(0, len(octets), cut):
        receiver.receive_data(octets[at : at + cut])
        for event in receiver.events():
            assert not finished and type(event).__name__ in ("TextMessage", "BytesMessage")
            part = event.data if isinstance(event.data, str) else bytes(event.data)
            data = part if data is None else data + part
            finished = event.message_finished
    assert finished
    return data


DEFLATE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"client_no_context_takeover": True}, {"server_no_context_takeover": True}),
    ({"server_no_context_takeover": True}, {"client_no_context_takeover": True}),
    ({"client_max_window_bits": 9, "server_max_window_bits": 10}, {}),
    ({}, {"server_max_window_bits": 9}),
]


@pytest.mark.parametrize("modules", PAIRS, ids=NAMES)
@pytest.mark.parametrize("deflate", [None, *DEFLATE])
def test_messages(modules: tuple[Any, Any], deflate: Any) -> None:
    client_module, server_module = modules
    if deflate is None:
        client, server = opened(*modules)
    else:
        offer = client_module.extensions.PerMessageDeflate(**deflate[0])
        client, server = opened(*modules, offer, **deflate[1])
    for _ in range(2):
        for sender, module, receiver in (
            (client, client_module, server),
            (server, server_module, client),
        ):
            events = module.events
            for message in ("", b"", "grüße " * 1000, bytes(range(200)) * 100, b"\0" * 500_000):
                kind = events.TextMessage if isinstance(message, str) else events.BytesMessage
                octets = sender.send(kind(data=message))
                if deflate is not None and len(message) > 1000:
                    assert len(octets) < len(message) / 2
                assert read(receiver, octets) == message
            parts = ["gr", "üß", "", "e"]
            octets = b"".join(
                sender.send(events.TextMessage(data=part, message_finished=part == "e"))
                for part in parts
            )
            assert read(receiver, octets, 1) == "grüße"


@pytest.mark.parametrize("modules", PAIRS, ids=NAMES)
def test_control_frames_and_the_end(modules: tuple[Any, Any]) -> None:
    for first in (0, 1):
        ends = opened(*modules)
        one, two = ends[first], ends[1 - first]
        events, others = modules[first].events, modules[1 - first].events
        (ping,) = transfer(one, two, events.Ping(payload=b"are you there"))
        assert ping == others.Ping(payload=b"are you there")
        assert transfer(two, one, ping.response()) == [events.Pong(payload=b"are you there")]
        assert transfer(two, one, others.Pong(b"unasked")) == [events.Pong(payload=b"unasked")]
        (close,) = transfer(one, two, events.CloseConnection(code=4000, reason="grüße"))
        assert (close.code, close.reason) == (4000, "grüße")
        assert (one.state.name, two.state.name) == ("LOCAL_CLOSING", "REMOTE_CLOSING")
        (close,) = transfer(two, one, close.response())
        assert (close.code, close.reason) == (4000, "grüße")
        assert one.state.name == two.state.name == "CLOSED"


def test_an_answer_to_a_ping_goes_out_once() -> None:
    client, server = opened(ours, theirs)
    server_ping = server.send(theirs.events.Ping(payload=b"1"))
    client.receive_data(server_ping)
    (ping,) = client.events()
    # With the next octets, and not once more for its event.
    received = transfer(client, server, TextMessage(data="text"))
    assert [type(event).__name__ for event in received] == ["Pong", "TextMessage"]
    assert client.send(ping.response()) == b""
    client.receive_data(server_ping)
    assert len(list(client.events())) == 1
    assert transfer(client, server, ping.response()) == [theirs.events.Pong(payload=b"1")]


@pytest.mark.parametrize(
    "code, reason, received",
    [
        (1005, None, (1005, "")),
        (1006, None, (1000, "")),
        (1000, None, (1000, "")),
        (1000, "ü" * 100, (1000, "ü" * 61)),
    ],
)
def test_what_a_close_may_hold(code: int, reason: Any, received: tuple[int, str]) -> None:
    client, server = opened(ours, theirs)
    (close,) = transfer(client, server, CloseConnection(code=code, reason=reason))
    assert (close.code, close.reason or "") == received
    with pytest.raises(LocalProtocolError):
        client.send(CloseConnection(code=code, reason=reason))


def test_a_code_that_may_not_be_sent() -> None:
    client, server = opened(ours, ours)
    with pytest.raises(LocalProtocolError):
        client.send(CloseConnection(code=999))
    (close,) = transfer(client, server, CloseConnection(code=CloseReason.GOING_AWAY))
    assert close.code is CloseReason.GOING_AWAY
    with pytest.raises(LocalProtocolError):
        server.send(CloseConnection(code=999))
    assert transfer(server, client, close.response()) == [close]


def test_the_peer_breaks_a_rule() -> None:
    _, server = opened(ours, ours)
    server.receive_data(wire.frame(wire.TEXT, b"before") + wire.frame(wire.TEXT, b"\xff") + b"behind")
    before, close = server.events()
    assert before == TextMessage(data="before")
    assert close.code is CloseReason.INVALID_FRAME_PAYLOAD_DATA and "RFC 6455 8.1" in close.reason
    octets = server.send(close.response())
    assert octets[:1] == b"\x88" and octets[2:4] == b"\x03\xef"
    with pytest.raises(LocalProtocolError):
        server.send(TextMessage(data="late"))


def test_the_end_of_the_stream() -> None:
    client, _ = opened(ours, ours)
    client.receive_data(None)
    assert list(client.events()) == [CloseConnection(CloseReason.ABNORMAL_CLOSURE, "")]
    assert client.state is ours.ConnectionState.CLOSED
    with pytest.raises(LocalProtocolError):
        client.receive_data(b"x")


def test_a_close_before_it_is_looked_at() -> None:
    client, server = opened(ours, theirs)
    client.receive_data(server.send(theirs.events.CloseConnection(code=1001)) + b"behind")
    octets = client.send(TextMessage(data="on its way"))  # the state is that of the events
    (close,) = client.events()
    assert close.code == 1001
    octets += client.send(close.response())
    server.receive_data(octets)
    assert [type(event).__name__ for event in server.events()] == ["TextMessage", "CloseConnection"]
    assert server.state.name == client.state.name == "CLOSED"
    client.receive_data(None)


def test_messages_behind_the_opening() -> None:
    server = ours.WSConnection(ours.ConnectionType.SERVER)
    server.receive_data(wire.request() + wire.frame(wire.TEXT, b"early"))
    (request,) = server.events()
    server.receive_data(wire.frame(wire.BINARY, b"later"))
    assert isinstance(request, Request) and server.connection is None
    octets = server.send(AcceptConnection(extensions=[PerMessageDeflate()]))
    assert b"Extensions" not in octets  # nobody offered one
    assert list(server.events()) == [TextMessage(data="early"), BytesMessage(data=b"later")]
    client = ours.WSConnection(ours.ConnectionType.CLIENT)
    server = theirs.WSConnection(theirs.ConnectionType.SERVER)
    server.receive_data(client.send(Request(host="a", target="/")))
    list(server.events())
    octets = server.send(theirs.events.AcceptConnection())
    client.receive_data(octets + server.send(theirs.events.TextMessage(data="early")))
    assert list(client.events()) == [AcceptConnection(), TextMessage(data="early")]


def test_a_large_message_that_was_compressed_well() -> None:
    client, server = opened(ours, ours, PerMessageDeflate())
    size = 50_000_000
    octets = client.send(BytesMessage(data=bytes(size)))
    assert len(octets) < size / 500
    server.receive_data(octets)
    received, most = 0, 0
    for event in server.events():
        assert isinstance(event, Message)
        received += len(event.data)
        most = max(most, len(event.data))
    assert received == size and event.message_finished and most < 1 << 20


def test_connections_that_others_opened() -> None:
    for client_module, server_module in PAIRS:
        offered = client_module.extensions.PerMessageDeflate(server_max_window_bits=10)
        agreed = server_module.extensions.PerMessageDeflate(client_no_context_takeover=True)
        offers = [f"permessage-deflate; {offered.offer()}"]
        answer = server_module.handshake.server_extensions_handshake(offers, [agreed])
        assert answer is not None and b"server_max_window_bits=10" in answer
        extensions = client_module.handshake.client_extensions_handshake([answer.decode()], [offered])
        assert extensions == [offered] and offered.client_no_context_takeover
        client = client_module.connection.Connection(client_module.connection.CLIENT, [offered])
        server = server_module.connection.Connection(server_module.connection.SERVER, [agreed])
        for _ in range(2):
            for sender, module, receiver in (
                (client, client_module, server),
                (server, server_module, client),
            ):
                octets = sender.send(module.events.TextMessage(data="compressible " * 100))
                assert len(octets) < 100 and read(receiver, octets) == "compressible " * 100
    plain = ours.Connection(ours.ConnectionType.SERVER, [PerMessageDeflate()])  # not agreed on
    assert len(plain.send(TextMessage(data="compressible " * 100))) > 1300
    early = ours.Connection(ours.ConnectionType.SERVER, trailing_data=wire.frame(wire.TEXT, b"a"))
    assert list(early.events()) == [TextMessage(data="a")]


def test_extensions_of_others_are_refused() -> None:
    class Other(wsabi.compat.wsproto.extensions.Extension):
        name = "other"

        def offer(self) -> bool:
            return True

        def enabled(self) -> bool:
            return True

    client = ours.WSConnection(ours.ConnectionType.CLIENT)
    with pytest.raises(LocalProtocolError, match="does not know"):
        client.send(Request(host="a", target="/", extensions=[Other()]))
    with pytest.raises(LocalProtocolError, match="does not know"):
        ours.Connection(ours.ConnectionType.CLIENT, [Other()])
    handshake = wsabi.compat.wsproto.handshake
    assert handshake.server_extensions_handshake(["other"], [PerMessageDeflate()]) is None
    with pytest.raises(RemoteProtocolError):
        handshake.client_extensions_handshake(["other"], [PerMessageDeflate()])


LENGTH = [(b"content-length", b"7")]


def test_refusals() -> None:
    for server_module in (ours, theirs):
        events = server_module.events
        body = [events.RejectData(data=b"go ", body_finished=False), events.RejectData(data=b"away")]
        for answers, status, text in (
            ([events.RejectConnection(status_code=404)], 404, b""),
            ([events.RejectConnection(headers=LENGTH, has_body=True), *body], 400, b"go away"),
        ):
            client = ours.WSConnection(ours.ConnectionType.CLIENT)
            server = server_module.WSConnection(server_module.ConnectionType.SERVER)
            server.receive_data(client.send(Request(host="a", target="/")))
            list(server.events())
            for answer in answers:
                octets = server.send(answer)
                if octets:  # none are the end of the stream
                    client.receive_data(octets)
            reject, *data = client.events()
            assert isinstance(reject, RejectConnection)
            assert reject.status_code == status and reject.has_body
            assert b"".join(part.data for part in data) == text
            assert [part.body_finished for part in data] == [False] * (len(data) - 1) + [True]
            assert client.state is ours.ConnectionState.CLOSED
            assert server.state.name == "CLOSED"


def test_a_bad_request_gets_the_refusal_of_the_library() -> None:
    server = ours.WSConnection(ours.ConnectionType.SERVER)
    with pytest.raises(RemoteProtocolError) as caught:
        server.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")
    hint = caught.value.event_hint
    assert isinstance(hint, RejectConnection)
    octets = server.send(hint)
    assert octets.startswith(b"HTTP/1.1 426 ") and b"RFC 6455" in octets


def test_a_request_with_what_is_no_text() -> None:
    extensions = "Sec-WebSocket-Extensions: \xff, permessage-deflate; \xfe=\xff"
    for host in ("a", "xn--" + "a" * 100):
        octets = wire.request(extensions, "Origin: \xff").replace(b"server.example.com", host.encode())
        server = ours.WSConnection(ours.ConnectionType.SERVER)
        server.receive_data(octets)
        (request,) = server.events()
        assert isinstance(request, Request) and request.host == host
        response = server.send(AcceptConnection(extensions=[PerMessageDeflate()]))
        assert b"Sec-WebSocket-Extensions" not in response  # parameters that nobody knows


def test_what_may_not_be_sent() -> None:
    client = ours.WSConnection(ours.ConnectionType.CLIENT)
    server = ours.WSConnection(ours.ConnectionType.SERVER)
    wrong: list[Event] = [TextMessage(data="a"), AcceptConnection(), RejectData(data=b""), Ping()]
    for event in wrong:
        for end in (client, server):
            with pytest.raises(LocalProtocolError):
                end.send(event)
    with pytest.raises(LocalProtocolError):
        server.send(Request(host="a", target="/"))
    with pytest.raises(LocalProtocolError):
        client.receive_data(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    with pytest.raises(LocalProtocolError, match="cannot be sent"):
        client.send(Request(host="a", target="/ /"))
    server.receive_data(wire.request())
    list(server.events())
    with pytest.raises(LocalProtocolError, match="unexpected subprotocol"):
        server.send(AcceptConnection(subprotocol="c"))
    with pytest.raises(LocalProtocolError):
        server.send(AcceptConnection(extra_headers=[(b"a\r\nb", b"c")]))
    server.send(AcceptConnection())
    with pytest.raises(LocalProtocolError):
        server.send(Ping(b"x" * 126))
    server.send(TextMessage(data="begun", message_finished=False))
    with pytest.raises(LocalProtocolError):
        server.send(BytesMessage(data=b"other"))
    assert server.send(Pong(b"fine"))[:1] == b"\x8a"


def is_event(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, theirs.events.Event)


def test_the_names_are_all_there() -> None:
    """What wsproto documents, and the values of its enumerations."""
    for module, names in {
        "": ["WSConnection", "Connection", "ConnectionType"],
        "connection": ["Connection", "ConnectionState", "ConnectionType", "CLIENT", "SERVER"],
        "events": [name for name, found in vars(theirs.events).items() if is_event(found)],
        "extensions": ["Extension", "PerMessageDeflate", "SUPPORTED_EXTENSIONS"],
        "frame_protocol": ["CloseReason", "Opcode", "LOCAL_ONLY_CLOSE_REASONS"],
        "handshake": ["H11Handshake", "client_extensions_handshake", "server_extensions_handshake"],
        "utilities": ["ProtocolError", "LocalProtocolError", "RemoteProtocolError"],
    }.items():
        mine: types.ModuleType = getattr(ours, module) if module else ours
        for name in names:
            assert hasattr(mine, name), f"{module}.{name}"
    assert list(map(str, Opcode)) == list(map(str, theirs.frame_protocol.Opcode))
    assert {c.name: c.value for c in CloseReason} == {
        c.name: c.value for c in theirs.frame_protocol.CloseReason
    }
    for mine_enum, their_enum in (
        (ours.ConnectionState, theirs.connection.ConnectionState),
        (ours.ConnectionType, theirs.ConnectionType),
    ):
        assert {m.name: m.value for m in mine_enum} == {m.name: m.value for m in their_enum}
    for name in ("Request", "AcceptConnection", "RejectConnection", "RejectData", "CloseConnection",
                 "Message", "Ping", "Pong"):  # fmt: skip
        mine_event, their_event = getattr(ours.events, name), getattr(theirs.events, name)
        assert list(mine_event.__dataclass_fields__) == list(their_event.__dataclass_fields__)
