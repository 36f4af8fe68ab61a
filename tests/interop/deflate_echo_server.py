"""Echo servers of Python libraries with permessage-deflate, without wsabi.

    deflate_echo_server.py websockets|aiohttp|demanding --host 127.0.0.1 --port 0

``demanding`` is `websockets` with every parameter in its answer. Start and end are those of
``server_process.py``.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import websockets
from aiohttp import WSMsgType, web
from websockets.asyncio.server import ServerConnection
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

HOST = "127.0.0.1"
DEMANDING = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=11,
    client_max_window_bits=10,
    require_client_max_window_bits=True,
)


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


async def aiohttp_echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def serve(kind: str) -> None:
    """Serves until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if kind == "aiohttp":
        application = web.Application()
        application.add_routes([web.get("/", aiohttp_echo)])
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        announce(runner.addresses[0][1])
        await stop.wait()
        await runner.cleanup()
        return
    extensions = [DEMANDING] if kind == "demanding" else None
    compression = None if extensions else "deflate"
    async with websockets.serve(
        echo, HOST, 0, extensions=extensions, compression=compression
    ) as server:
        announce(server.sockets[0].getsockname()[1])
        await stop.wait()


def announce(port: int) -> None:
    print(f"listening on ws://{HOST}:{port}/", flush=True)


asyncio.run(serve(sys.argv[1]))
