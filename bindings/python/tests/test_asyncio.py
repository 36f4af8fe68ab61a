"""serve() and connect(), on asyncio and on uvloop, with peers that are not ours."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Coroutine
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar

import aiohttp
import aiohttp.web
import pytest
import trustme
import uvloop
import websockets.asyncio.client
import websockets.asyncio.server
import wire
from wsabi import Config, HttpRequest, Info, Policy, Request, State
from wsabi.asyncio import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidStatus,
    Response,
    Server,
    ServerConnection,
    broadcast,
    connect,
    serve,
)

T = TypeVar("T")
LIMIT = 30.0


def new_uvloop() -> asyncio.AbstractEventLoop:
    return uvloop.new_event_loop()


@pytest.fixture(params=[asyncio.new_event_loop, new_uvloop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Any:
    """Runs a coroutine on a loop of that kind; what nobody handles is a failure."""

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        loop: asyncio.AbstractEventLoop = request.param()
        unhandled: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: unhandled.append(context))
        try:
            asyncio.set_event_loop(loop)
            result = loop.run_until_complete(asyncio.wait_for(coroutine, LIMIT))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        assert not unhandled
        return result

    return run


Run = Callable[[Awaitable[T]], T]


async def echo(websocket: ServerConnection) -> None:
    async for message in websocket:
        await websocket.send(message)


def port_of(server: Any) -> int:
    return int(list(server.sockets)[0].getsockname()[1])


def url_of(server: Any, path: str = "/") -> str:
    return f"ws://127.0.0.1:{port_of(server)}{path}"


def local(handler: Any = echo, **options: Any) -> serve:
    return serve(handler, "127.0.0.1", 0, **options)


MESSAGES = ["", "Hello", "grüße " * 1000, b"", b"\0\xff", bytes(range(256)) * 1000, "x" * 3_000_000]


def test_echo_of_both_ends(run: Run) -> None:
    async def main() -> None:
        async with local() as server, connect(url_of(server, "/chat?room=1")) as websocket:
            for message in MESSAGES:
                await websocket.send(message)
                assert await websocket.recv() == message
            for message in MESSAGES:
                await websocket.send(message)
            assert [await websocket.recv() for _ in MESSAGES] == MESSAGES
            (there,) = server.connections
            assert there.request.target == "/chat?room=1"
            assert websocket.response.status == 101
            assert there.remote_address == websocket.local_address
            latency = await (await websocket.ping())
            assert 0 <= latency < LIMIT and websocket.latency == latency
        assert websocket.state is State.CLOSED and websocket.close_code == 1000
        assert not server.connections

    run(main())


def test_clients_of_others(run: Run) -> None:
    async def main() -> None:
        async with local(subprotocols=["b", "a"]) as server:
            async with websockets.asyncio.client.connect(
                url_of(server), subprotocols=["a", "b"]
            ) as other:
                assert other.subprotocol == "b"
                for message in MESSAGES:
                    if len(message) < 1 << 20:
                        await other.send(message)
                        assert await other.recv() == message
                await (await other.ping())
            assert other.close_code == 1000
            async with aiohttp.ClientSession() as session:
                async with session.ws_connect(url_of(server), compress=15) as theirs:
                    await theirs.send_str("Hello" * 100)
                    assert (await theirs.receive()).data == "Hello" * 100
                    await theirs.send_bytes(b"\0")
                    assert (await theirs.receive()).data == b"\0"
                    await theirs.close(code=4000)

    run(main())


def test_servers_of_others(run: Run) -> None:
    async def their_echo(websocket: Any) -> None:
        async for message in websocket:
            await websocket.send(message)

    async def aiohttp_echo(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        response = aiohttp.web.WebSocketResponse(max_msg_size=1 << 24)
        await response.prepare(request)
        async for message in response:
            if message.type is aiohttp.WSMsgType.TEXT:
                await response.send_str(message.data)
            else:
                await response.send_bytes(message.data)
        return response

    async def converse(url: str) -> None:
        async with connect(url) as websocket:
            for message in MESSAGES:
                await websocket.send(message)
                assert await websocket.recv() == message
            await (await websocket.ping(b"data"))
        assert websocket.close_code == 1000

    async def main() -> None:
        async with websockets.asyncio.server.serve(
            their_echo, "127.0.0.1", 0, max_size=1 << 24
        ) as server:
            await converse(url_of(server))
        application = aiohttp.web.Application()
        application.router.add_get("/", aiohttp_echo)
        runner = aiohttp.web.AppRunner(application)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        await converse(url_of(site._server))
        await runner.cleanup()

    run(main())


# ---- The opening handshake ----


def test_refusals_by_process_request(run: Run) -> None:
    asked: list[Request] = []

    def refuse(connection: ServerConnection, request: Request) -> Optional[Response]:
        asked.append(request)
        if request.path == "/forbidden":
            return connection.respond(403, "no\n", {"X-Why": "closed"})
        if isinstance(request, HttpRequest) and request.path == "/health":
            return connection.respond(200, "fine\n")
        return None

    async def later(connection: ServerConnection, request: Request) -> Optional[Response]:
        await asyncio.sleep(0.05)
        return refuse(connection, request)

    def fail(connection: ServerConnection, request: Request) -> None:
        raise RuntimeError("a bug")

    async def main() -> None:
        for process_request in (refuse, later):
            async with local(process_request=process_request) as server:
                with pytest.raises(InvalidStatus) as caught:
                    await connect(url_of(server, "/forbidden"))
                response = caught.value.response
                assert (response.status, response.body) == (403, b"no\n")
                assert response.header("x-why") == "closed"
                async with connect(url_of(server, "/welcome")) as websocket:
                    await websocket.send("a")
                    assert await websocket.recv() == "a"
                async with aiohttp.ClientSession() as session:
                    address = f"http://127.0.0.1:{port_of(server)}"
                    async with session.get(f"{address}/health") as answer:
                        assert (answer.status, await answer.text()) == (200, "fine\n")
                    async with session.get(f"{address}/page") as answer:
                        assert answer.status == 426
        async with local(process_request=fail) as server:
            with pytest.raises(InvalidStatus) as caught:
                await connect(url_of(server))
            assert caught.value.response.status == 500
        assert {request.path for request in asked} > {"/forbidden", "/welcome", "/health"}

    run(main())


def test_subprotocols_and_headers(run: Run) -> None:
    async def greet(websocket: ServerConnection) -> None:
        await websocket.send(str(websocket.subprotocol))

    async def main() -> None:
        async with local(greet, subprotocols=["b", "a"], extra_headers={"X-A": "1"}) as server:
            async with connect(url_of(server), subprotocols=["a", "b"]) as websocket:
                assert await websocket.recv() == "b" == websocket.subprotocol
                assert websocket.response.header("x-a") == "1"
            async with connect(url_of(server)) as websocket:
                assert await websocket.recv() == "None" and websocket.subprotocol is None
        last = lambda connection, offered: offered[-1] if offered else None  # noqa: E731
        async with local(greet, select_subprotocol=last) as server:
            async with connect(url_of(server), subprotocols=["a", "b"]) as websocket:
                assert await websocket.recv() == "b"
        config = Config(subprotocols=["a"], subprotocol_mismatch=Policy.REJECT)
        async with local(greet, config=config) as server:
            with pytest.raises(InvalidStatus):
                await connect(url_of(server), subprotocols=["z"])
        async with local(origins=["https://a.example"]) as server:
            async with connect(url_of(server), origin="https://a.example"):
                pass
            with pytest.raises(InvalidStatus) as caught:
                await connect(url_of(server), origin="https://b.example")
            assert caught.value.response.status == 403

    run(main())


def test_compression(run: Run) -> None:
    async def main() -> None:
        for ours in ("deflate", None):
            async with local(compression=ours) as server:
                for theirs in ("deflate", None):
                    async with connect(url_of(server), compression=theirs) as websocket:
                        agreed = websocket.response.header("sec-websocket-extensions")
                        assert (agreed is not None) == (ours == theirs == "deflate")
                        await websocket.send("again " * 1000)
                        assert await websocket.recv() == "again " * 1000
        with pytest.raises(ValueError):
            local(compression="zstd")

    run(main())


def test_uris(run: Run) -> None:
    async def tell(websocket: ServerConnection) -> None:
        request = websocket.request
        await websocket.send(f"{request.target} {request.host} {request.header('authorization')}")

    async def main() -> None:
        async with local(tell) as server:
            port = port_of(server)
            async with connect(f"ws://user:p%40ss@127.0.0.1:{port}?a=b") as websocket:
                assert await websocket.recv() == f"/?a=b 127.0.0.1:{port} Basic dXNlcjpwQHNz"
            async with connect("ws://example.com/x", host="127.0.0.1", port=port) as websocket:
                assert await websocket.recv() == "/x example.com None"
            url = url_of(server, "/grü ße?x=%20{ü}&y=[1]")
            async with connect(url) as websocket:
                target, *_ = (await websocket.recv()).split()
                assert target == "/gr%C3%BC%20%C3%9Fe?x=%20%7B%C3%BC%7D&y=%5B1%5D"
        for wrong in ("http://a/", "ws:///x", "ws://a/#b", "//a", ""):
            with pytest.raises(ValueError):
                connect(wrong)
        with pytest.raises(ValueError):
            connect("ws://a/", ssl=True)

    run(main())


def test_responses_that_are_wrong(run: Run) -> None:
    async def main() -> None:
        answers = [b"", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"\x16\x03\x01" + bytes(50)]

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answers[0])
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        while answers:
            with pytest.raises(InvalidHandshake):
                await connect(url_of(server))
            del answers[0]
        server.close()
        with pytest.raises(OSError):
            await connect(url_of_closed())

    run(main())


def url_of_closed() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"ws://127.0.0.1:{free.getsockname()[1]}/"


def test_timeouts_of_the_opening(run: Run) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            with pytest.raises(TimeoutError):
                await connect(f"ws://127.0.0.1:{silent.getsockname()[1]}/", open_timeout=0.1)
        async with local(open_timeout=0.1) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            writer.write(b"GET / HTTP/1.1\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
            writer.close()

            async def undecided(connection: ServerConnection, request: Request) -> None:
                await asyncio.sleep(0.3)

        # The time that the application takes is its own.
        async with local(open_timeout=0.1, process_request=undecided) as server:
            async with connect(url_of(server)) as websocket:
                await websocket.send("a")
                assert await websocket.recv() == "a"

    run(main())


async def raw_client(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
    writer.write(wire.request())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def test_frames_behind_the_head(run: Run) -> None:
    async def decide(connection: ServerConnection, request: Request) -> None:
        await asyncio.sleep(0.02)

    async def main() -> None:
        for process_request in (None, decide):
            async with local(process_request=process_request) as server:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
                early = wire.frame(wire.TEXT, b"a") + wire.frame(wire.BINARY, b"b")
                writer.write(wire.request() + early)
                await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(6) == b"\x81\x01a\x82\x01b"
                writer.close()

    run(main())


# ---- The end ----


def test_answers_go_out_before_the_answer_to_a_close(run: Run) -> None:
    async def main() -> None:
        async with local() as server:
            for end in (wire.close(1000), wire.frame(0x83)):
                reader, writer = await raw_client(server)
                writer.write(wire.frame(wire.TEXT, b"a") * 3 + end)
                answer = await reader.readexactly(11)
                assert answer[:9] == b"\x81\x01a" * 3 and answer[9] == wire.CLOSE
                writer.close()

        async def nap(websocket: ServerConnection) -> None:
            await asyncio.sleep(2)

        async with local(nap) as server:
            reader, writer = await raw_client(server)
            writer.write(wire.frame(wire.TEXT, b"a") + wire.close(4000))
            began = asyncio.get_running_loop().time()
            assert await reader.readexactly(4) == wire.close(4000, masked=False)
            assert asyncio.get_running_loop().time() - began < 1.5  # nobody waits for the handler
            writer.close()

    run(main())


def test_how_the_server_ends(run: Run) -> None:
    async def end(websocket: ServerConnection) -> None:
        what = await websocket.recv()
        if what == "error":
            raise RuntimeError("a bug")
        if what == "code":
            await websocket.close(4001, "why")

    async def main() -> None:
        async with local(end) as server:
            for what, code, reason in (("end", 1000, ""), ("error", 1011, ""), ("code", 4001, "why")):
                async with connect(url_of(server)) as websocket:
                    await websocket.send(what)
                    with pytest.raises(ConnectionClosed) as caught:
                        await websocket.recv()
                    assert (caught.value.code, caught.value.reason) == (code, reason)
                    assert isinstance(caught.value, ConnectionClosedOK) == (code == 1000)
                    assert (websocket.close_code, websocket.close_reason) == (code, reason)
                    with pytest.raises(ConnectionClosed):
                        await websocket.send("too late")
                    with pytest.raises(ConnectionClosed):
                        await websocket.ping()

    run(main())


def test_how_the_client_ends(run: Run) -> None:
    ends: list[Any] = []

    async def note(websocket: ServerConnection) -> None:
        try:
            async for _ in websocket:
                pass
            ends.append("end")
        except ConnectionClosedError as error:
            ends.append(error.code)

    async def main() -> None:
        async with local(note) as server:
            for code in (1000, 1001, 4000):
                websocket = await connect(url_of(server))
                await websocket.close(code)
                assert websocket.close_code == code
            websocket = await connect(url_of(server))
            websocket.transport.abort()
            await websocket.wait_closed()
            reader, writer = await raw_client(server)
            writer.write(wire.frame(wire.TEXT, b"\xff"))
            assert b"\x88" in await reader.read(2)
            writer.close()
            while len(ends) < 5:
                await asyncio.sleep(0.01)
        assert ends == ["end", "end", 4000, 1006, 1006]

    run(main())


def test_a_server_that_stops_says_1001(run: Run) -> None:
    async def main() -> None:
        async with local() as server:
            websocket = await connect(url_of(server))
            await websocket.send("a")
            await websocket.recv()
            server.close()
            assert not server.is_serving()
            with pytest.raises(ConnectionClosedOK) as caught:
                await websocket.recv()
            assert caught.value.code == 1001
            await server.wait_closed()

    run(main())


def test_messages_before_the_end_are_received(run: Run) -> None:
    async def main() -> None:
        async def talk(websocket: ServerConnection) -> None:
            for i in range(1000):
                await websocket.send(str(i))

        async with local(talk) as server:
            async with connect(url_of(server)) as websocket:
                await websocket.wait_closed()
                assert [m async for m in websocket] == [str(i) for i in range(1000)]

    run(main())


def test_a_peer_that_does_not_close_is_dropped(run: Run) -> None:
    async def main() -> None:
        async with local(close_timeout=0.2) as server:
            reader, writer = await raw_client(server)
            (connection,) = server.connections
            started = asyncio.get_running_loop().time()
            await connection.close(4000)
            assert 0.1 < asyncio.get_running_loop().time() - started < 5
            assert connection.close_code == 1006
            writer.close()

    run(main())


def test_keepalive(run: Run) -> None:
    async def main() -> None:
        async with local(ping_interval=0.05, ping_timeout=0.05) as server:
            reader, writer = await raw_client(server)  # which does not answer pings
            (connection,) = server.connections
            ping = await reader.readexactly(10)
            assert ping[:2] == b"\x89\x08"
            failed = await reader.read()
            assert failed[2:4] == b"\x03\xf3" and b"no pong came in time" in failed
            writer.close()
            await connection.wait_closed()
            assert connection.close_code == 1006
            assert "no pong came in time" in connection.close_reason
        async with local(ping_interval=0.02, ping_timeout=5) as server:
            reader, writer = await raw_client(server)
            (connection,) = server.connections
            ping = await reader.readexactly(10)
            assert connection.latency == 0
            await asyncio.sleep(0.1)  # a slow peer
            writer.write(wire.frame(wire.PONG, ping[2:]) + wire.frame(wire.TEXT, b"alive"))
            assert (await reader.readuntil(b"alive")).endswith(b"\x81\x05alive")
            assert 0.09 < connection.latency < 5
            writer.close()
            async with connect(url_of(server)) as websocket:
                await asyncio.sleep(0.2)
                await websocket.send("alive")
                assert await websocket.recv() == "alive"

    run(main())


def test_time_limits_of_the_config(run: Run) -> None:
    async def main() -> None:
        async with local(config=Config(idle_timeout=800), ping_interval=None) as server:
            async with connect(url_of(server)) as websocket:
                for _ in range(4):  # who says something stays
                    await asyncio.sleep(0.3)
                    await websocket.send("a")
                    assert await websocket.recv() == "a"
                with pytest.raises(ConnectionClosed) as caught:
                    await websocket.recv()
                assert caught.value.code == 1001 and "nothing came" in caught.value.reason
            async with connect(url_of(server), config=Config(ping_interval=30)):
                await asyncio.sleep(0.4)
                assert len(server.connections) == 1

    run(main())


# ---- Fragments, pieces, messages for many ----


def test_messages_in_fragments(run: Run) -> None:
    async def slowly(parts: list[Any], go: asyncio.Event) -> AsyncIterator[Any]:
        for part in parts:
            yield part
            await go.wait()

    async def main() -> None:
        async with local() as server, connect(url_of(server)) as websocket:
            await websocket.send(["grü", "", "ße"])
            await websocket.send(iter([b"a", bytearray(b"b"), memoryview(b"c")]), compress=True)
            await websocket.send([])  # is no message
            go = asyncio.Event()
            sending = asyncio.ensure_future(websocket.send(slowly(["x" * 100_000] * 5, go)))
            await asyncio.sleep(0.02)
            with pytest.raises(ConcurrencyError, match="in fragments"):
                websocket.send_nowait("between")
            await (await websocket.ping())
            behind = asyncio.ensure_future(websocket.send("behind"))
            await asyncio.sleep(0.02)
            assert not behind.done()  # it waits for the end of the other
            go.set()
            await sending
            await behind
            expected = ["grüße", b"abc", "x" * 500_000, "behind"]
            assert [await websocket.recv() for _ in expected] == expected
            with pytest.raises(TypeError):  # what was begun can no longer be ended
                await websocket.send(slowly(["text", 7], go))
            with pytest.raises(ConnectionClosed):
                await websocket.recv()
            await websocket.wait_closed()

        async def talk(websocket: ServerConnection) -> None:
            await websocket.send(["abc", "de"])

        async with local(talk) as server:
            reader, writer = await raw_client(server)
            assert await reader.readexactly(11) == b"\x01\x03abc\x00\x02de\x80\x00"
            writer.close()

    run(main())


def test_messages_in_pieces(run: Run) -> None:
    big = "grüße" * 200_000

    async def talk(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message)

    async def main() -> None:
        config = Config(message_pieces=1)
        for compression in ("deflate", None):
            async with local(talk, config=config) as server:
                async with connect(url_of(server), compression=compression) as websocket:
                    for message in MESSAGES:  # recv() joins them
                        await websocket.send(message)
                        assert await websocket.recv() == message
        async with local() as server, connect(url_of(server), config=config) as websocket:
            for message in (big, big.encode(), "", b""):
                await websocket.send(message)
                pieces = [piece async for piece in websocket.recv_streaming()]
                assert type(message)().join(pieces) == message  # type: ignore[attr-defined]
                assert all(type(piece) is type(message) for piece in pieces)
                assert len(pieces) > 3 if message else pieces == []
            await websocket.send(big)
            await websocket.send("next")
            async for piece in websocket.recv_streaming():
                break  # and does without the rest
            assert await websocket.recv() == "next"
            await websocket.send(big)
            await websocket.close()
            with pytest.raises(ConnectionClosedOK):
                while True:
                    await websocket.recv()
        async with local() as server, connect(url_of(server)) as websocket:
            await websocket.send(big)
            assert [piece async for piece in websocket.recv_streaming()] == [big]

    run(main())


def test_pieces_wait_for_a_handler_that_is_slow(run: Run) -> None:
    size, most = 30_000_000, 0

    async def slow(websocket: ServerConnection) -> None:
        nonlocal most
        received = 0
        async for piece in websocket.recv_streaming():
            received += len(piece)
            most = max(most, websocket._queued)
            await asyncio.sleep(0)
        await websocket.send(str(received))

    async def main() -> None:
        config = Config(message_pieces=1, max_message_size=1 << 30)
        async with local(slow, config=config, max_queue=1 << 16) as server:
            async with connect(url_of(server)) as websocket:
                await websocket.send(bytes(size))  # some 30,000 octets, compressed
                assert await websocket.recv() == str(size)
        # What a read of 16 KiB is inflated to, and no more.
        assert most < (1 << 16) + 1100 * (1 << 14)

    run(main())


def test_a_broadcast(run: Run) -> None:
    async def main() -> None:
        text = "for all of you " * 1000

        async def silent(websocket: ServerConnection) -> None:
            await websocket.wait_closed()

        async with local(silent) as server:
            url = url_of(server)
            clients = [await connect(url) for _ in range(20)]
            clients.append(await connect(url, compression=None))
            undecided = await asyncio.open_connection("127.0.0.1", port_of(server))
            while len(server.connections) < len(clients) + 1:
                await asyncio.sleep(0.01)
            (opening,) = (c for c in server.connections if c.state is State.CONNECTING)
            assert broadcast(server.connections, text) == [opening]
            assert broadcast(server.connections, b"octets") == [opening]
            for client in clients:
                assert [await client.recv(), await client.recv()] == [text, b"octets"]
            assert broadcast(clients, "from a client") == []
            for connection in server.connections - {opening}:
                assert await connection.recv() == "from a client"
            await clients[0].close()
            assert broadcast(clients, "late") == clients[:1]
            undecided[1].close()
            await asyncio.gather(*(client.close() for client in clients))
        with pytest.raises(TypeError):
            broadcast(clients, 7)  # type: ignore[arg-type]

    run(main())


def test_figures(run: Run) -> None:
    async def main() -> None:
        config = Config(counters=1)
        async with local() as server, connect(url_of(server), config=config) as websocket:
            for _ in range(3):
                await websocket.send("a")
                await websocket.recv()
            info = websocket.protocol.info
            assert info(Info.MESSAGES_SENT) == info(Info.MESSAGES_RECEIVED) == 3
            assert info(Info.DEFLATE) == 1

    run(main())


# ---- Flow ----


def test_a_handler_that_is_slow_is_not_flooded(run: Run) -> None:
    go = asyncio.Event

    async def main() -> None:
        begin = go()
        received = 0

        async def slow(websocket: ServerConnection) -> None:
            nonlocal received
            await begin.wait()
            async for message in websocket:
                received += len(message)

        async with local(slow, max_queue=1 << 16, compression=None) as server:
            async with connect(url_of(server), compression=None) as websocket:
                sending = asyncio.ensure_future(flood(websocket.send))
                await asyncio.sleep(0.3)
                (connection,) = server.connections
                # What was read at once passes the limit, and no more.
                assert 1 << 16 < connection._queued <= (1 << 16) + (1 << 18)
                assert not sending.done()
                begin.set()
                sent = await sending
        assert received == sent

    run(main())


async def flood(send: Callable[[bytes], Awaitable[None]]) -> int:
    for _ in range(2000):
        await send(bytes(16_000))
    return 2000 * 16_000


def test_a_client_that_does_not_read_holds_the_sender(run: Run) -> None:
    async def main() -> None:
        done = asyncio.Event()

        async def talk(websocket: ServerConnection) -> None:
            await flood(websocket.send)
            done.set()

        async with local(talk, compression=None) as server:
            reader, writer = await raw_client(server)
            await asyncio.sleep(0.3)
            (connection,) = server.connections
            assert not done.is_set()
            assert connection.protocol.output_size < 1 << 20
            assert connection.transport.get_write_buffer_size() < 1 << 20
            total = 0
            while total < 2000 * 16_004:
                total += len(await reader.read(1 << 20))
            await done.wait()
            writer.close()

    run(main())


def test_an_echo_stops_reading_from_a_client_that_does_not_read(run: Run) -> None:
    class Echo(ServerConnection):
        def message_received(self, message: Any) -> None:
            self.send_nowait(message)

    async def main() -> None:
        async with local(None, create_connection=Echo, compression=None) as server:
            reader, writer = await raw_client(server)
            frames = wire.frame(wire.BINARY, bytes(16_000)) * 16
            sent = 0
            while sent < 1 << 28:
                writer.write(frames)
                sent += len(frames)
                try:
                    await asyncio.wait_for(writer.drain(), 0.5)
                except asyncio.TimeoutError:
                    break
            else:
                pytest.fail("the server reads without end")
            (connection,) = server.connections
            assert connection.protocol.output_size < 1 << 21
            writer.transport.abort()  # type: ignore[attr-defined]

    run(main())


def test_replies_to_one_read_are_one_write(run: Run) -> None:
    class Echo(ServerConnection):
        def message_received(self, message: Any) -> None:
            self.send_nowait(message)

    async def main() -> None:
        for handler, kind in ((None, Echo), (echo, ServerConnection)):
            async with local(handler, create_connection=kind) as server:
                reader, writer = await raw_client(server)
                (connection,) = server.connections
                await asyncio.sleep(0.02)
                writes: list[int] = []
                write = connection.transport.write

                class Transport:
                    def __getattr__(self, name: str) -> Any:
                        return getattr(connection_transport, name)

                    def write(self, octets: bytes) -> None:
                        writes.append(len(octets))
                        write(octets)

                connection_transport = connection.transport
                connection.transport = Transport()  # type: ignore[assignment]
                writer.write(wire.frame(wire.TEXT, b"a" * 10) * 16)
                assert await reader.readexactly(16 * 12) == (b"\x81\x0a" + b"a" * 10) * 16
                assert writes == [16 * 12]
                writer.write(wire.frame(wire.TEXT, b"b"))
                await reader.readexactly(3)
                assert writes == [16 * 12, 3]
                writer.close()

    run(main())


def test_one_coroutine_receives(run: Run) -> None:
    async def main() -> None:
        async with local() as server, connect(url_of(server)) as websocket:
            waiting = asyncio.ensure_future(websocket.recv())
            await asyncio.sleep(0)
            with pytest.raises(ConcurrencyError):
                await websocket.recv()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await websocket.send("a")  # cancelling lost nothing
            assert await websocket.recv() == "a"
            for wrong in (None, 7, [7], {"a": 1}):
                with pytest.raises(TypeError):
                    await websocket.send(wrong)  # type: ignore[arg-type]

    run(main())


# ---- Other transports ----


def test_tls(run: Run) -> None:
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)

    async def main() -> None:
        async with local(ssl=server_side) as server:
            url = url_of(server).replace("ws:", "wss:")
            async with connect(url, ssl=client_side) as websocket:
                for message in MESSAGES:
                    await websocket.send(message)
                    assert await websocket.recv() == message
            assert websocket.close_code == 1000
            with pytest.raises(ssl.SSLError):
                await connect(url)
            websocket = await connect(url, ssl=client_side)
            (connection,) = server.connections
            await connection.close(4000)
            await websocket.wait_closed()
            assert websocket.close_code == connection.close_code == 4000

    run(main())


def test_unix_sockets(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "socket")
        async with serve(echo, unix=path):
            async with connect("ws://localhost/", unix=path) as websocket:
                await websocket.send("a")
                assert await websocket.recv() == "a"

    run(main())
