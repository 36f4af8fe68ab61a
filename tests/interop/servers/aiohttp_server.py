"""Python `aiohttp` as a server, for the clients of wsabi; see commands.py."""

from __future__ import annotations

import asyncio
import signal

from aiohttp import WSMessage, WSMsgType, web
from commands import BINARY, CLOSE, MAX_SIZE, arguments, described

last_close = "none"


async def run(request: web.Request) -> web.WebSocketResponse:
    """Answers the messages of one connection."""
    global last_close
    socket = web.WebSocketResponse(protocols=("chat",), autoping=False, max_msg_size=MAX_SIZE)
    await socket.prepare(request)
    while True:
        message = await socket.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
            break
        await answer(request, socket, message)
    if request.path != "/last-close":
        last_close = f"{socket.close_code} {message.extra or ''}"
    return socket


async def answer(request: web.Request, socket: web.WebSocketResponse, message: WSMessage) -> None:
    """Does what a message says."""
    match message.type, message.data:
        case WSMsgType.PING, payload:
            await socket.pong(payload)
        case WSMsgType.PONG, _:
            await socket.send_str("pong")
        case _, "!binary":
            await socket.send_bytes(BINARY)
        case _, "!headers":
            await socket.send_str(described(request.headers))
        case _, "!extensions":
            await socket.send_str(socket.headers.get("Sec-WebSocket-Extensions", "none"))
        case _, "!ping":
            await socket.ping(b"are you there?")
        case _, "!close":
            code, reason = CLOSE
            await socket.close(code=code, message=reason.encode())
        case _, "!last-close":
            await socket.send_str(last_close)
        case WSMsgType.TEXT, text:
            await socket.send_str(text)
        case WSMsgType.BINARY, octets:
            await socket.send_bytes(octets)


async def main() -> None:
    options = arguments()
    application = web.Application()
    application.router.add_get("/{path:.*}", run)
    runner = web.AppRunner(application, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port)
    await site.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print(f"listening on ws://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await ended.wait()
    await runner.cleanup()


asyncio.run(main())
