"""uvicorn's command line with wsabi's class, as users start it.

uvicorn's own tests of WebSockets are run by ``run.py``.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import wire
from conftest import BINDING
from uvicorn.config import Config as UvicornConfig
from uvicorn.server import ServerState
from wsabi.asyncio import ConnectionClosed, InvalidStatus, connect
from wsabi.uvicorn import WebSocketProtocol

APPLICATION = '''
async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    assert (await receive())["type"] == "websocket.connect"
    path = scope["path"]
    if path == "/deny":
        start = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"no")]}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": b"go ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"away"})
        return
    if path == "/close":
        await send({"type": "websocket.close"})
        return
    subprotocol = scope["subprotocols"][-1] if scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": [(b"x-a", b"b")]})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            print("code", message["code"], flush=True)
            return
        if message.get("text") == "bye":
            await send({"type": "websocket.close", "code": 4001, "reason": "asked to"})
            return
        await send({**message, "type": "websocket.send"})
'''


@contextmanager
def uvicorn(directory: Path, *arguments: str) -> Iterator[tuple[str, Any]]:
    """The command uvicorn on a free port: its address without the scheme, and the process."""
    command = [sys.executable, "-m", "uvicorn", "--port", "0", *arguments]
    command += ["--ws", "wsabi.uvicorn:WebSocketProtocol"]
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(BINDING / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        printed = ""
        for line in process.stdout:
            printed += line
            found = re.search(r"running on http://([\d.]+:\d+)", line)
            if found is not None:
                break
        else:
            pytest.fail(printed)
        yield found[1], process
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_an_application_on_the_command_line(tmp_path: Path, loop: str) -> None:
    (tmp_path / "application.py").write_text(APPLICATION)

    async def main(address: str) -> None:
        async with connect(f"ws://{address}/", subprotocols=["a", "b"]) as websocket:
            assert websocket.subprotocol == "b"
            assert websocket.response.header("x-a") == "b"
            assert websocket.response.header("sec-websocket-extensions") is not None
            for message in ("text", b"octets", "x" * 2_000_000):
                await websocket.send(message)
                assert await websocket.recv() == message
            for i in range(1000):
                await websocket.send(str(i))
            assert [await websocket.recv() for i in range(1000)] == [str(i) for i in range(1000)]
            await websocket.send("bye")
            with pytest.raises(ConnectionClosed) as closed:
                await websocket.recv()
            assert (closed.value.code, closed.value.reason) == (4001, "asked to")
        for path, status, body in (("/deny", 401, b"go away"), ("/close", 403, b"")):
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://{address}{path}")
            response = refused.value.response
            assert (response.status, response.body) == (status, body)
        websocket = await connect(f"ws://{address}/")
        await websocket.close(4444)

    with uvicorn(tmp_path, "application:app", "--loop", loop) as (address, process):
        asyncio.run(asyncio.wait_for(main(address), 30))
        assert next(line for line in process.stdout if line.startswith("code")) == "code 4444\n"


def test_a_target_that_is_no_ascii() -> None:
    """uvicorn's parser on h11 refuses it, that on httptools may not."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await send({"type": "websocket.close"})

    async def main() -> None:
        config = UvicornConfig(app=app, lifespan="off", ws="none")

        def make() -> WebSocketProtocol:
            return WebSocketProtocol(config, ServerState(), {})

        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(wire.request().replace(b"/chat?room=1", "/grü%C3%9Fe?straße".encode()))
            assert (await reader.readline()).startswith(b"HTTP/1.1 403 ")
            writer.close()

    asyncio.run(asyncio.wait_for(main(), 30))
    (scope,) = scopes
    assert scope["path"] == "/grüße" and scope["raw_path"] == b"/gr%C3%BC%C3%9Fe"
    assert scope["query_string"] == b"stra%C3%9Fe"


def test_the_example_for_fastapi() -> None:
    async def main(address: str) -> None:
        url = f"ws://{address}/room"
        async with connect(f"{url}/ann") as ann, connect(f"{url}/bob") as bob:
            await ann.send("hello")
            assert await ann.recv() == await bob.recv() == "ann: hello"
            await bob.send("hi")
            assert await ann.recv() == await bob.recv() == "bob: hi"
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{address}/nowhere")
        assert refused.value.response.status == 403

    with uvicorn(BINDING / "examples", "fastapi_app:app") as (address, _):
        asyncio.run(asyncio.wait_for(main(address), 30))
