"""An echo server on uvloop of one of the peers: python server.py NAME

Prints `listening on ws://127.0.0.1:PORT/`. Compression is off, and so are limits and logs that a
peer lets one switch off.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from typing import Any

import uvloop


def listen() -> socket.socket:
    """A listening socket on a free port, which is told."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"listening on ws://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    return listener


async def wsabi() -> None:
    """Messages as they come, as picows has it."""
    from wsabi.asyncio import ServerConnection, serve

    class Echo(ServerConnection):
        def message_received(self, message: Any) -> None:
            self.send_nowait(message)

    async with serve(None, sock=listen(), create_connection=Echo, compression=None) as server:
        await server.serve_forever()


async def wsabi_handler() -> None:
    """A coroutine for each connection, as websockets has it."""
    from wsabi.asyncio import serve

    async def echo(websocket: Any) -> None:
        async for message in websocket:
            await websocket.send(message)

    async with serve(echo, sock=listen(), compression=None) as server:
        await server.serve_forever()


async def picows() -> None:
    from picows import WSListener, WSMsgType, ws_create_server

    class Echo(WSListener):  # type: ignore[misc]
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    server = await ws_create_server(lambda request: Echo(), sock=listen())
    await server.serve_forever()


async def websockets() -> None:
    from websockets.asyncio.server import serve

    async def echo(websocket: Any) -> None:
        async for message in websocket:
            await websocket.send(message)

    async with serve(echo, sock=listen(), compression=None) as server:
        await server.serve_forever()


async def aiohttp() -> None:
    from aiohttp import WSMsgType, web

    async def echo(request: Any) -> Any:
        response = web.WebSocketResponse(compress=False)
        await response.prepare(request)
        async for message in response:
            if message.type == WSMsgType.BINARY:
                await response.send_bytes(message.data)
            else:
                await response.send_str(message.data)
        return response

    application = web.Application()
    application.router.add_get("/", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listen()).start()
    await asyncio.Event().wait()


async def uvicorn(name: str) -> None:
    from uvicorn import Config, Server

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            await send({**message, "type": "websocket.send"})

    config = Config(echo, ws=name, lifespan="off", log_level="error", ws_per_message_deflate=False)
    await Server(config).serve([listen()])


SERVERS = {
    "wsabi": wsabi,
    "wsabi-handler": wsabi_handler,
    "picows": picows,
    "websockets": websockets,
    "aiohttp": aiohttp,
    "uvicorn-wsabi": lambda: uvicorn("wsabi.uvicorn:WebSocketProtocol"),
    "uvicorn-websockets": lambda: uvicorn("websockets-sansio"),
    "uvicorn-wsproto": lambda: uvicorn("wsproto"),
}

if __name__ == "__main__":
    logging.disable()
    uvloop.run(SERVERS[sys.argv[1]]())
