"""The sans-IO connection: every wire case whole, cut at every octet, and with octets behind it."""

from __future__ import annotations

import gc
import threading
import zlib
from typing import Any, Callable, Optional, Union

import pytest
import wire
from wsabi import (
    ERR_ARGUMENT,
    ERR_LIMIT,
    ERR_STATE,
    Close,
    Closed,
    Config,
    Connection,
    Drained,
    Event,
    Failed,
    FailureCode,
    HttpRequest,
    Info,
    Interest,
    Open,
    Piece,
    Ping,
    Policy,
    Pong,
    PreparedMessage,
    Rejected,
    Request,
    Role,
    State,
    WsabiError,
    options,
)

Feed = Callable[[Connection, bytes], list[Event]]


def by_bytes(connection: Connection, octets: bytes) -> list[Event]:
    return connection.receive(octets)


def by_memoryview(connection: Connection, octets: bytes) -> list[Event]:
    return connection.receive(memoryview(bytearray(octets)))


def by_buffer(connection: Connection, octets: bytes) -> list[Event]:
    buffer, events = connection.receive_buffer(), []
    for at in range(0, len(octets), len(buffer)):
        part = octets[at : at + len(buffer)]
        buffer[: len(part)] = part
        events += connection.received(len(part))
    return events


FEEDS = [by_bytes, by_memoryview, by_buffer]


def opened(**options: Any) -> Connection:
    return Connection.opened(Role.SERVER, config=Config(**options))


def pair(
    client_config: Optional[Config] = None, server_config: Optional[Config] = None
) -> tuple[Connection, Connection]:
    """A client and a server that are open."""
    client = Connection.client("localhost", config=client_config)
    server = Connection.server(server_config)
    server.receive(client.output())
    server.accept()
    client.receive(server.output())
    assert client.state is server.state is State.OPEN
    return client, server


def failed(code: int, failure: FailureCode) -> Callable[[Event], bool]:
    return lambda event: (
        isinstance(event, Failed)
        and (event.code, event.failure) == (code, failure)
        and "RFC" in event.text
    )


LONG = "grüße, 世界! " * 6000
Expected = list[Union[Event, Callable[[Event], bool]]]
FRAMES: list[tuple[str, bytes, Expected]] = [
    ("5.7 masked text", bytes.fromhex("818537fa213d7f9f4d5158"), ["Hello"]),
    ("5.7 fragmented text", wire.frame(0x01, b"Hel") + wire.frame(0x80, b"lo"), ["Hello"]),
    ("empty text and binary", wire.frame(wire.TEXT) + wire.frame(wire.BINARY), ["", b""]),
    ("16 binary messages", wire.frame(wire.BINARY, b"0123456789abcdef") * 16, [b"0123456789abcdef"] * 16),
    ("a character over two fragments", wire.frame(0x01, b"\xc3") + wire.frame(0x80, b"\xa4"), ["ä"]),
    ("a ping between fragments", wire.frame(0x02, b"a") + wire.frame(wire.PING, b"p") + wire.frame(0x80, b"b"), [Ping(b"p"), b"ab"]),
    ("a pong", wire.frame(wire.PONG, b"x"), [Pong(b"x")]),
    ("16-bit length", wire.frame(wire.BINARY, bytes(300)), [bytes(300)]),
    ("Close with reason", wire.close(1000, "bye"), [Close(1000, "bye")]),
    ("Close without code", wire.frame(wire.CLOSE), [Close(1005, "")]),
    ("message, then Close", wire.frame(wire.TEXT, b"a") + wire.close(4999), ["a", Close(4999, "")]),
    ("5.1 unmasked", wire.frame(wire.TEXT, b"a", masked=False), [failed(1002, FailureCode.UNMASKED)]),
    ("5.2 reserved bit", wire.frame(0xC1, b"a"), [failed(1002, FailureCode.RESERVED_BIT)]),
    ("5.2 reserved opcode", wire.frame(0x83, b"a"), [failed(1002, FailureCode.RESERVED_OPCODE)]),
    ("8.1 invalid UTF-8", wire.frame(wire.TEXT, b"\xff"), [failed(1007, FailureCode.BAD_UTF8)]),
    ("7.4 code 1006", wire.close(1006), [failed(1002, FailureCode.CLOSE_CODE)]),
]  # fmt: skip


def check_events(name: str, events: list[Event], expected: Expected) -> None:
    assert len(events) == len(expected), (name, events)
    for event, wanted in zip(events, expected):
        if callable(wanted):
            assert wanted(event), (name, event)
        else:
            assert (type(event), event) == (type(wanted), wanted), name


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("name, octets, expected", FRAMES, ids=[row[0] for row in FRAMES])
def test_frames_whole_cut_everywhere_and_with_a_tail(
    name: str, octets: bytes, expected: Expected, feed: Feed
) -> None:
    ends = callable(expected[-1]) or isinstance(expected[-1], Close)
    tail = [] if ends else ["tail"]
    for cut in range(len(octets) + 1):
        connection = opened()
        events = feed(connection, octets[:cut]) + feed(connection, octets[cut:])
        check_events(f"{name}, cut at {cut}", events, expected)
        check_events(name, feed(connection, wire.frame(wire.TEXT, b"tail")), list(tail))
    connection = opened()
    events = feed(connection, octets + wire.frame(wire.TEXT, b"tail"))
    check_events(f"{name}, with a tail", events, [*expected, *tail])
    connection = opened()
    events = [event for octet in octets for event in feed(connection, bytes([octet]))]
    check_events(f"{name}, octet by octet", events, expected)


@pytest.mark.parametrize("feed", FEEDS)
def test_messages_larger_than_a_read(feed: Feed) -> None:
    connection = opened()
    octets = LONG.encode()
    large = bytes(range(256)) * 4096  # 1 MiB
    stream = (
        wire.frame(wire.TEXT, b"before")
        + wire.frame(wire.TEXT, octets)
        + wire.frame(wire.BINARY, large)
        + wire.frame(wire.TEXT, b"behind")
    )
    assert feed(connection, stream) == ["before", LONG, large, "behind"]


@pytest.mark.parametrize("feed", FEEDS)
def test_more_messages_than_one_call_lists(feed: Feed) -> None:
    connection = opened()
    wanted = [f"{i:x}" for i in range(50_000)]
    stream = b"".join(wire.frame(wire.TEXT, text.encode()) for text in wanted)
    assert feed(connection, stream) == wanted


def test_messages_of_both_kinds_are_echoed_at_every_cut() -> None:
    messages = ["a", b"b", "", b"", "ä" * 70, b"c" * 200]
    client = Connection.opened(Role.CLIENT)
    for message in messages:
        client.send(message)
    octets = client.output()
    for cut in range(len(octets) + 1):
        server = opened()
        for part in (octets[:cut], octets[cut:]):
            for event in server.receive(part):
                assert isinstance(event, (str, bytes))
                server.send(event)
        receiver = Connection.opened(Role.CLIENT)
        assert receiver.receive(server.output()) == messages


def test_every_octets_like_message() -> None:
    client, server = Connection.opened(Role.CLIENT), Connection.opened(Role.SERVER)
    for message in (b"abc", bytearray(b"abc"), memoryview(b"xabcx")[1:4], memoryview(b"a-b-c")[::2]):
        client.send(message)
    assert server.receive(client.output()) == [b"abc"] * 4


@pytest.mark.parametrize("size", [0, 125, 126, 4095, 4096, 4097, 65_535, 65_536, 3_000_000])
def test_sizes(size: int) -> None:
    config = Config(deflate=False)
    client = Connection.opened(Role.CLIENT, config=config)
    server = Connection.opened(Role.SERVER, config=config)
    client.send(b"x" * size)
    client.send("y" * size)
    assert server.receive(client.output()) == [b"x" * size, "y" * size]
    server.send(b"z" * size)
    head = 2 if size < 126 else 4 if size < 1 << 16 else 10
    assert server.output_size == size + head
    drained: list[Event] = [Drained()] if size > 1 << 18 else []  # what the client sent above
    assert client.receive(server.output()) == [*drained, b"z" * size]
    assert server.output() == b"" and server.output_size == 0


# ---- The opening handshake ----


def test_the_example_of_the_rfc_at_every_cut() -> None:
    octets = wire.request("Origin: http://example.com", "Sec-WebSocket-Protocol: chat, superchat")
    octets += wire.frame(wire.TEXT, b"early")
    for cut in range(len(octets) + 1):
        connection = Connection.server(Config(subprotocols=["superchat", "chat"]))
        events = connection.receive(octets[:cut]) + connection.receive(octets[cut:])
        (request,) = events
        assert type(request) is Request
        assert (request.method, request.target) == ("GET", "/chat?room=1")
        assert (request.path, request.query) == ("/chat", "room=1")
        assert (request.host, request.origin) == ("server.example.com", "http://example.com")
        assert request.subprotocols == ("chat", "superchat")
        assert request.header("upgrade") == "websocket"
        assert request.header("cookie") is None
        assert request.headers[0] == ("Host", "server.example.com")
        assert connection.state is State.CONNECTING
        connection.accept(headers={"X-Made-By": "test"})
        assert connection.subprotocol == "superchat"
        accepted = wire.ACCEPTED + b"Sec-WebSocket-Protocol: superchat\r\nX-Made-By: test\r\n\r\n"
        assert connection.output() == accepted
        assert Interest.RECV in connection.interest
        assert connection.receive(b"") == ["early"]
        assert connection.interest == Interest.READ


def shake(config: Config, *lines: str) -> tuple[Connection, list[Event]]:
    connection = Connection.server(config)
    return connection, connection.receive(wire.request(*lines))


def test_refusals() -> None:
    connection, (request,) = shake(Config())
    assert isinstance(request, Request)
    connection.reject(403, {"X-Why": "no"}, "go away")
    answer = connection.output()
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n") and answer.endswith(b"\r\n\r\ngo away")
    assert b"X-Why: no\r\n" in answer and b"Content-Length: 7\r\n" in answer
    assert Interest.SHUTDOWN_WRITE in connection.interest or Interest.CLOSE in connection.interest

    connection, _ = shake(Config())
    connection.redirect(307, "/other")
    assert b"Location: /other\r\n" in connection.output()

    connection, _ = shake(Config())
    connection.challenge('Basic realm="chat"')
    answer = connection.output()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b'WWW-Authenticate: Basic realm="chat"\r\n' in answer

    connection, _ = shake(Config())
    connection.accept_then_close(4001, "not today")
    answer = connection.output()
    assert answer.startswith(wire.ACCEPTED)
    assert answer.endswith(wire.close(4001, "not today", masked=False))


def test_policies() -> None:
    strict = Config(subprotocols=["chat"], subprotocol_absent=Policy.REJECT)
    connection, (event,) = shake(strict)
    assert isinstance(event, Request)
    connection.accept()
    assert connection.failure is FailureCode.SUBPROTOCOL_ABSENT
    assert connection.output().startswith(b"HTTP/1.1 400 ")

    connection, (event,) = shake(Config(origins=["https://a.example"]), "Origin: https://b.example")
    assert isinstance(event, Failed)
    assert (event.code, event.failure) == (403, FailureCode.ORIGIN_NOT_ALLOWED)

    connection, (event,) = shake(Config(resources=["/other"]))
    assert isinstance(event, Failed) and event.code == 404

    connection, (event,) = shake(Config(auto_accept=True))
    assert event == Open(None, None)
    connection.send("at once")

    connection, _ = shake(Config())
    connection.accept_by(Config(resources=["/chat"], subprotocols=["a"]))
    assert connection.state is State.OPEN and connection.failure is None

    connection, _ = shake(Config(), "Sec-WebSocket-Protocol: a, b")
    connection.accept("b")
    assert connection.subprotocol == "b"
    connection, _ = shake(Config(), "Sec-WebSocket-Protocol: a, b")
    with pytest.raises(WsabiError):
        connection.accept("c")


def test_plain_http() -> None:
    connection = Connection.server(Config(plain_http=1))
    (request,) = connection.receive(b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
    assert type(request) is HttpRequest and request.path == "/page"
    connection.reject(200, {"Content-Type": "text/plain"}, b"hello")
    assert connection.output().startswith(b"HTTP/1.1 200 OK\r\n")


def test_client_and_server_to_the_end() -> None:
    client = Connection.client(
        "example.com:8080",
        "/chat",
        origin="https://example.com",
        headers=[("X-One", "1"), ("X-Two", "2")],
        config=Config(subprotocols=["a", "b"]),
    )
    server = Connection.server(Config(subprotocols=["b"]))
    (request,) = server.receive(client.output())
    assert isinstance(request, Request)
    assert (request.host, request.origin) == ("example.com:8080", "https://example.com")
    assert (request.header("x-one"), request.header("x-two")) == ("1", "2")
    server.accept()
    server.send("hello")
    opened, hello = client.receive(server.output())
    assert isinstance(opened, Open) and opened.subprotocol == "b" and hello == "hello"
    assert opened.response is not None and opened.response.status == 101
    assert opened.response.header("upgrade") == "websocket"

    client.ping(b"are you there")
    assert server.receive(client.output()) == [Ping(b"are you there")]
    assert client.receive(server.output()) == [Pong(b"are you there")]

    client.close(4000, "done")
    assert client.state is State.CLOSING and client.close_code is None
    assert server.receive(client.output()) == [Close(4000, "done")]
    server.send("last words")  # sent before the answer to the Close
    assert client.receive(server.output()) == ["last words", Close(4000, "")]
    assert server.interest == Interest.CLOSE  # RFC 6455 7.1.1
    assert client.receive_eof() == [Closed(4000)]
    assert server.receive_eof() == [] or server.state is State.CLOSED
    assert client.close_code == server.close_code == 4000


def test_a_client_is_told_of_a_refusal_at_every_cut() -> None:
    octets = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\nX-Why: no\r\n\r\nsorry"
    for cut in range(len(octets)):
        client = Connection.client("example.com")
        client.output()
        (event,) = client.receive(octets[:cut]) + client.receive(octets[cut:])
        assert isinstance(event, Rejected)
        assert (event.response.status, event.response.body) == (403, b"sorry")
        assert event.response.header("x-why") == "no"


def test_a_bad_response_fails() -> None:
    client = Connection.client("example.com")
    client.output()
    (event,) = client.receive(wire.ACCEPTED + b"\r\n")
    assert isinstance(event, Failed)
    assert (event.code, event.failure) == (1006, FailureCode.RESPONSE_ACCEPT_WRONG)


HEADERS = [
    ("host", "a.example"),
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-version", "13"),
]


def test_a_request_that_the_host_parsed() -> None:
    connection = Connection.server()
    (request,) = connection.receive_request("GET", "/", HEADERS)
    assert isinstance(request, Request) and connection.response is None
    connection.accept(headers={"x-a": "b"})
    response = connection.response
    assert response is not None and response.status == 101
    assert response.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert connection.output() == b""  # the host sends the response
    assert connection.receive(wire.frame(wire.TEXT, b"hi")) == ["hi"]

    connection = Connection.server()
    (failure,) = connection.receive_request("GET", "/", HEADERS[:-1], version="1.1")
    assert isinstance(failure, Failed) and failure.failure is FailureCode.VERSION_MISSING
    connection = Connection.server()
    (failure,) = connection.receive_request("GET", "/", HEADERS, version="1.0")
    assert isinstance(failure, Failed)


@pytest.mark.parametrize("version", ["2", "3"])
def test_extended_connect(version: str) -> None:
    connection = Connection.server()
    (request,) = connection.receive_request(
        "CONNECT",
        "/chat",
        [("sec-websocket-version", "13"), ("sec-websocket-protocol", "a")],
        version=version,
        authority="a.example",
        protocol="websocket",
    )
    assert isinstance(request, Request) and request.host == "a.example"
    connection.accept("a")
    response = connection.response
    assert response is not None and response.status == 200
    assert response.headers == (("sec-websocket-protocol", "a"),)


def test_deflate_both_ways() -> None:
    text = "compress me " * 500
    client, server = Connection.client("a"), Connection.server()
    server.receive(client.output())
    server.accept()
    client.receive(server.output())
    client.send(text)
    octets = client.output()
    assert len(octets) < 500
    assert server.receive(octets) == [text]
    server.send(text)
    octets = server.output()
    assert octets[0] == 0xC1 and octets[1] < 126
    inflater = zlib.decompressobj(wbits=-15)
    assert inflater.decompress(octets[2:] + b"\0\0\xff\xff") == text.encode()
    assert client.receive(octets) == [text]

    client, server = Connection.client("a"), Connection.server()
    server.receive(client.output())
    server.decline_deflate()
    server.accept()
    assert b"Sec-WebSocket-Extensions" not in server.output()


# ---- Config ----


def test_every_option_is_a_keyword_and_an_attribute() -> None:
    from wsabi import Options

    table = options()
    assert set(table) == set(Options.__annotations__)
    for name, option in table.items():
        for value in (option.minimum, option.maximum, option.default):
            assert getattr(Config(**{name: value}), name) == value
        for value in (option.minimum - 1, option.maximum + 1):
            if 0 <= option.minimum - 1 == value or value < 1 << 64:
                with pytest.raises(WsabiError, match=f"^{name} is from"):
                    Config(**{name: value})
    assert Config().max_message_size == 16 * 1024 * 1024


def test_limits_are_those_of_the_config() -> None:
    connection = opened(max_message_size=10)
    events = connection.receive(wire.frame(wire.TEXT, b"x" * 10) + wire.frame(wire.TEXT, b"x" * 11))
    assert events[0] == "x" * 10
    assert isinstance(events[1], Failed) and events[1].code == 1009
    connection = opened(max_output=4096, output_high_mark=100)
    connection.send(b"x" * 200)
    assert Interest.READ not in connection.interest
    with pytest.raises(WsabiError):
        connection.send(b"x" * 5000)
    assert len(connection.output()) == 204
    assert Interest.READ in connection.interest


def test_mistakes_in_a_config() -> None:
    for wrong in (
        lambda: Config(max_headers=1.5),
        lambda: Config(max_headers="10"),
        lambda: Config(no_such_option=1),
        lambda: Config(subprotocols="chat"),
        lambda: Config(origins=[1]),
        lambda: Config(1),
    ):
        with pytest.raises((TypeError, AttributeError)):
            wrong()
    for wrong in (
        lambda: Config(subprotocols=["a b"]),
        lambda: Config(subprotocols=["a", "a"]),
        lambda: Config(origins=["example.com"]),
        lambda: Config(resources=["chat"]),
        lambda: Config(close_reason="x" * 124),
    ):
        with pytest.raises(WsabiError):
            wrong()


# ---- Fragments, pieces, messages for many ----


def test_a_message_in_fragments() -> None:
    for deflate in (False, True):
        client, server = pair(Config(deflate=deflate), Config(deflate=deflate))
        for one, two in ((client, server), (server, client)):
            one.send("grü", more=True)
            one.ping(b"between")
            for wrong in (b"octets", bytearray(b"octets")):
                with pytest.raises(WsabiError) as caught:
                    one.send(wrong, more=True)
                assert caught.value.status == ERR_ARGUMENT
            one.send("", more=True)
            with pytest.raises(WsabiError) as caught:
                one.send("another message")
            assert caught.value.status == ERR_STATE
            one.send("ße", more=False)
            one.send(b"\0" * 5000, more=True)
            one.send(b"", more=False)
            one.send(b"whole")
            events = two.receive(one.output())
            assert [e for e in events if not isinstance(e, Ping)] == ["grüße", b"\0" * 5000, b"whole"]
            assert events[0] == Ping(b"between")
            one.receive(two.output())


def test_compression_message_by_message() -> None:
    text = "compressible " * 100
    client, server = pair()
    sizes = []
    for compress in (None, True, False):
        server.send(text, compress=compress)
        octets = server.output()
        assert client.receive(octets) == [text]
        sizes.append(len(octets))
    assert sizes[0] == sizes[1] < 100 and sizes[2] == len(text) + 4
    server.send("aaaaaaaaaaaaaaaaaaaa", compress=True)  # below deflate_min_size
    octets = server.output()
    assert octets[0] == 0xC1 and client.receive(octets) == ["a" * 20]


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("cut", [1, 7, 4096, 1 << 20])
def test_messages_in_pieces(deflate: bool, cut: int) -> None:
    config = Config(message_pieces=1, max_message_size=1 << 30, deflate=deflate)
    client, server = pair(Config(deflate=deflate), config)
    sent = ["", b"", "grüße" * 100, bytes(range(256)) * 20, b"\0" * 300_000]
    for message in sent[: 4 if cut < 100 else 5]:
        client.send(message)
    client.ping(b"last")
    octets, events = client.output(), []
    for at in range(0, len(octets), cut):
        events += server.receive(octets[at : at + cut])
        while Interest.RECV in server.interest:
            events += server.receive(b"")
    assert events.pop() == Ping(b"last")
    received: list[Union[str, bytes]] = []
    begun = False
    for piece in events:
        assert isinstance(piece, Piece) and piece.first is not begun
        if piece.first:
            whole = b""
        whole += piece.data
        begun = not piece.last
        if piece.last:
            received.append(whole.decode() if piece.text else whole)
    assert not begun and received == sent[: len(received)] and len(received) >= 4
    if cut == 7 and not deflate:
        assert len(events) > 100


def test_a_piece_of_text_that_is_no_utf8() -> None:
    server = Connection.opened(Role.SERVER, config=Config(message_pieces=1))
    (piece,) = server.receive(wire.frame(0x01, "grüße".encode()[:3]))
    assert piece == Piece("grüße".encode()[:3], True, True, False)
    (failed,) = server.receive(wire.frame(0x80, b"x"))
    assert isinstance(failed, Failed) and failed.failure is FailureCode.BAD_UTF8


def test_a_message_for_many() -> None:
    config = Config()
    plain = Config(deflate=False)
    text = "for all of you " * 100
    message = PreparedMessage(text, config)
    assert message.size == len(text)
    pairs = [pair(config, config), pair(plain, config), pair(config, plain)]
    for _ in range(2):
        for client, server in pairs:
            server.send_prepared(message)
            octets = server.output()
            assert len(octets) < 100 if server is pairs[0][1] else len(octets) > len(text)
            assert client.receive(octets) == [text]
            client.send_prepared(message)
            assert server.receive(client.output()) == [text]
    client, server = pairs[0]
    server.send_prepared(PreparedMessage(bytearray(b"octets")))
    assert client.receive(server.output()) == [b"octets"]
    server.send(b"begun", more=True)
    with pytest.raises(WsabiError) as caught:
        server.send_prepared(message)
    assert caught.value.status == ERR_STATE
    with pytest.raises(TypeError):
        PreparedMessage(17)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        PreparedMessage("text", "config")  # type: ignore[arg-type]


def test_room_for_output() -> None:
    connection = opened(max_output=4096, output_high_mark=2000, output_low_mark=1000)
    connection.send(b"x" * 3000)
    with pytest.raises(WsabiError) as caught:
        connection.send(b"x" * 3000)
    assert caught.value.status == ERR_LIMIT
    assert Interest.RECV not in connection.interest
    connection.output()
    assert Interest.RECV in connection.interest
    assert connection.receive(b"") == [Drained()]


def test_figures() -> None:
    client, server = pair(Config(counters=1), Config(client_max_window_bits=10))
    client.send("text")
    client.ping()
    octets = client.output()
    assert client.info(Info.MESSAGES_SENT) == client.info(Info.PINGS_SENT) == 1
    assert client.info(Info.FRAMES_SENT) == 2
    head = client.info(Info.OCTETS_SENT)
    assert head is not None and head > len(octets)
    assert client.info(Info.DEFLATE) == 1 and client.info(Info.DEFLATE_WINDOW_BITS) == 10
    assert server.info(Info.MESSAGES_SENT) is None  # nobody asked to count
    assert server.info(Info.ROUND_TRIP) is None
    with pytest.raises(ValueError):
        server.info(4711)  # type: ignore[arg-type]


# ---- Time ----


def test_a_request_that_does_not_come() -> None:
    connection = Connection.server(Config(opening_timeout=10_000))
    assert connection.handle_timeout(5) == []
    assert connection.deadline == 10_005
    assert connection.handle_timeout(10_004) == []
    (event,) = connection.handle_timeout(10_005)
    assert isinstance(event, Failed)
    assert (event.code, event.failure) == (408, FailureCode.TIMEOUT)
    assert connection.output().startswith(b"HTTP/1.1 408 ")


def test_keepalive_without_io() -> None:
    config = Config(ping_interval=1000, pong_timeout=500)
    client, server = Connection.opened(Role.CLIENT), Connection.opened(Role.SERVER, config=config)
    server.handle_timeout(0)
    assert server.deadline == 1000
    server.handle_timeout(1000)
    (ping,) = client.receive(server.output())
    assert isinstance(ping, Ping)
    assert server.receive(client.output()) == [Pong(ping.data)]
    assert server.info(Info.ROUND_TRIP) is None
    assert server.handle_timeout(1400) == []
    assert server.info(Info.ROUND_TRIP) == 400
    now = 1400
    failed: list[Event] = []
    while not failed:  # nobody answers any more
        assert server.deadline is not None and now < server.deadline < now + 2000
        now = server.deadline
        failed = server.handle_timeout(now)
        server.output()
    (event,) = failed
    assert isinstance(event, Failed) and event.failure is FailureCode.PONG_TIMEOUT
    assert Connection.opened(Role.SERVER).deadline is None
    for wrong in (-1, 1 << 64):
        with pytest.raises(WsabiError):
            server.handle_timeout(wrong)


# ---- Mistakes: an exception, never a crash ----


def use(connection: Connection) -> list[Callable[[], object]]:
    """Everything that one can do with a connection."""
    return [
        lambda: connection.receive(b"x"),
        lambda: connection.receive(bytearray(b"x")),
        lambda: connection.received(0),
        connection.receive_eof,
        lambda: connection.receive_request("GET", "/", []),
        lambda: connection.deadline,
        lambda: connection.handle_timeout(0),
        connection.output,
        lambda: connection.output_size,
        lambda: connection.interest,
        lambda: connection.send("x"),
        lambda: connection.send(b"x"),
        lambda: connection.send("x", more=True, compress=False),
        lambda: connection.send_prepared(PreparedMessage("x")),
        lambda: connection.info(Info.DEFLATE),
        connection.ping,
        connection.pong,
        connection.close,
        connection.accept,
        lambda: connection.accept_by(Config()),
        lambda: connection.accept_then_close(1000),
        connection.decline_deflate,
        lambda: connection.reject(400),
        lambda: connection.redirect(307, "/"),
        lambda: connection.challenge("Basic"),
        lambda: connection.response,
        lambda: connection.state,
        lambda: connection.close_code,
        lambda: connection.failure,
        lambda: connection.subprotocol,
        connection.free,
    ]


def test_use_after_free() -> None:
    with Connection.server() as connection:
        pass
    assert repr(connection) == "<Connection SERVER freed>"
    for call in use(connection):
        with pytest.raises(WsabiError, match="freed"):
            call()


def test_use_from_another_thread() -> None:
    connection = Connection.opened(Role.SERVER)
    refused: list[str] = []

    def other() -> None:
        for call in use(connection):
            try:
                call()
            except WsabiError as error:
                refused.append(str(error))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert refused == ["a connection belongs to the thread that made it"] * len(use(connection))
    assert connection.receive(wire.frame(wire.TEXT, b"still here")) == ["still here"]


def test_many_threads_with_connections_of_their_own() -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            client, server = Connection.opened(Role.CLIENT), Connection.opened(Role.SERVER)
            for i in range(300):
                message = f"{number} {i} " * (i % 50)
                client.send(message)
                client.send(message.encode())
                assert server.receive(client.output()) == [message, message.encode()]
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_a_connection_may_be_collected_by_another_thread() -> None:
    made: list[Connection] = []
    thread = threading.Thread(target=lambda: made.append(Connection.server()))
    thread.start()
    thread.join()
    made.clear()
    gc.collect()


def test_nothing_is_received_inside_a_receiving_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a finalizer or a signal handler might."""
    connection = Connection.server()
    refused = []

    def meddle(self: Connection) -> tuple[Any, ...]:
        for call in use(connection):
            with pytest.raises(WsabiError, match="receiving just now"):
                call()
            refused.append(call)
        raise KeyboardInterrupt

    monkeypatch.setattr(Connection, "_head", meddle)
    with pytest.raises(KeyboardInterrupt):
        connection.receive(wire.request())
    assert len(refused) == len(use(connection))
    monkeypatch.undo()
    connection.accept()
    assert connection.state is State.OPEN


def test_wrong_types() -> None:
    connection = Connection.opened(Role.SERVER)
    wrongs: list[Callable[[], object]] = [
        lambda: Connection(),
        lambda: Connection.server(42),  # type: ignore[arg-type]
        lambda: Connection.opened("server"),  # type: ignore[arg-type]
        lambda: Connection.opened(2),  # type: ignore[arg-type]
        lambda: Connection.client(b"host"),  # type: ignore[arg-type]
        lambda: Connection.client("a", headers=[("a", 1)]),  # type: ignore[list-item]
        lambda: Connection.client("a", headers=["ab", "c"]),  # type: ignore[list-item]
        lambda: connection.receive("text"),  # type: ignore[arg-type]
        lambda: connection.receive(None),  # type: ignore[arg-type]
        lambda: connection.receive(7),  # type: ignore[arg-type]
        lambda: connection.received("1"),  # type: ignore[arg-type]
        lambda: connection.received(1.0),  # type: ignore[arg-type]
        lambda: connection.send(7),  # type: ignore[arg-type]
        lambda: connection.send(None),  # type: ignore[arg-type]
        lambda: connection.send(["a"]),  # type: ignore[arg-type]
        lambda: connection.send("\ud800"),
        lambda: connection.send(7, more=True),  # type: ignore[arg-type]
        lambda: connection.send_prepared("text"),  # type: ignore[arg-type]
        lambda: connection.send_prepared(connection),  # type: ignore[arg-type]
        lambda: connection.send_prepared(Config()),  # type: ignore[arg-type]
        lambda: connection.info("octets_sent"),  # type: ignore[arg-type]
        lambda: connection.ping("text"),  # type: ignore[arg-type]
        lambda: connection.close("1000"),  # type: ignore[arg-type]
        lambda: connection.close(1000, b"reason"),  # type: ignore[arg-type]
        lambda: connection.accept(b"name"),  # type: ignore[arg-type]
        lambda: connection.accept_by(None),  # type: ignore[arg-type]
        lambda: connection.reject("400"),  # type: ignore[arg-type]
        lambda: connection.reject(400, body=7),  # type: ignore[arg-type]
    ]
    for wrong in wrongs:
        with pytest.raises((TypeError, ValueError, AttributeError, WsabiError)):
            wrong()
    for n in (-1, 1 << 18 | 1, 1 << 31, 1 << 63, 1 << 64, 1 << 80):
        with pytest.raises(WsabiError, match="received takes"):
            connection.received(n)
    for code in (-1, 999, 1004, 1005, 5000, 65_536 + 1000, 1 << 64):
        with pytest.raises(WsabiError):
            connection.close(code)
    with pytest.raises(WsabiError):
        connection.ping(b"x" * 126)
    assert connection.state is State.OPEN


def test_calls_that_the_state_does_not_allow() -> None:
    connection = Connection.server()
    for call in (connection.accept, lambda: connection.send("x"), connection.close):
        with pytest.raises(WsabiError) as caught:
            call()
        assert caught.value.status == ERR_STATE


def test_header_injection_is_refused() -> None:
    for bad in ("a\r\nb", "a\nb", "a\rb", "a\0b"):
        connection, _ = shake(Config())
        with pytest.raises(WsabiError):
            connection.accept(headers={"X-A": bad})
        with pytest.raises(WsabiError):
            connection.reject(400, {bad: "a"})
        with pytest.raises(WsabiError):
            connection.redirect(307, bad)
        with pytest.raises(WsabiError):
            Connection.client("a", headers={"X-A": bad})
        connection.accept()
