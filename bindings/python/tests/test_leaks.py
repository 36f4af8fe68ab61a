"""Connections leave nothing behind: ``WSABI_CONNECTIONS`` of them, by default 10,000."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sys

import pytest
import wire
from wsabi import Config, Connection, PreparedMessage, Request, WsabiError
from wsabi.asyncio import ServerConnection, connect, serve

CONNECTIONS = int(os.environ.get("WSABI_CONNECTIONS", "10000"))
UNFINISHED = wire.frame(wire.TEXT, b"x" * 70_000)[:-1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def resident() -> int:
    """Octets of memory that the process has now."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def converse(config: Config, octets: bytes, kind: int) -> None:
    """The life of a connection, which ends in one of several ways."""
    connection = Connection.server(config)
    (request,) = connection.receive(octets)
    assert isinstance(request, Request)
    if kind == 0:
        connection.reject(403, {"X-Why": "no"}, b"no")
        connection.output()
    elif kind == 1:
        connection.accept("chat")
        connection.send("Hello " * 100)
        connection.receive(UNFINISHED)
    elif kind == 2:
        connection.accept("chat", {"X-A": "b"})
        connection.receive(wire.frame(wire.TEXT, b"\xff"))
        connection.output()
        connection.free()
    elif kind == 3:
        with pytest.raises(WsabiError):
            connection.accept("not offered")
    else:
        connection.accept()
        connection.receive(wire.close(1000))
        connection.send_prepared(PreparedMessage("Hello " * 100, config))
        connection.send("begun", more=True)
        connection.output()
        connection.receive_eof()


def test_connections_without_io() -> None:
    config = Config(subprotocols=["chat"], message_pieces=1, counters=1)
    octets = wire.request("Sec-WebSocket-Protocol: chat", "Origin: http://a.example")
    for i in range(2000):
        converse(config, octets, i % 5)
    before = resident()
    for i in range(CONNECTIONS):
        converse(config, octets, i % 5)
    assert resident() - before < 1 << 20


def test_connections_of_asyncio() -> None:
    async def echo(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message)

    async def main() -> None:
        async with serve(echo, "127.0.0.1", 0) as server:
            port = list(server.sockets)[0].getsockname()[1]
            url = f"ws://127.0.0.1:{port}/"

            async def talk(i: int) -> None:
                websocket = await connect(url)
                await websocket.send("Hello")
                assert await websocket.recv() == "Hello"
                if i % 2:
                    await websocket.close()
                else:
                    websocket.transport.abort()

            for i in range(100):
                await talk(i)
            before = resident()
            for i in range(CONNECTIONS // 50):
                await talk(i)
            assert resident() - before < 1 << 20

    asyncio.run(main())
