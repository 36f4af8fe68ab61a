"""Python `aiohttp` with permessage-deflate, against deflate_server.py.

Called like the other clients (see client_process.py); a case is the server's settings, "/" and
the window bits that are offered for the server.
"""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from python_cases import deflate_messages, expect, run_cases

TIMEOUT = 20.0


async def run_case(url: str, case: str) -> None:
    """Sends every message, and waits for its echo."""
    window = int(case.partition("/")[2])
    async with (
        ClientSession() as session,
        session.ws_connect(f"{url}{case}", compress=window, max_msg_size=0) as socket,
    ):
        assert socket.compress, "no compression was agreed on"
        for message in deflate_messages():
            await send(socket, message)
            received = await socket.receive(TIMEOUT)
            kind = WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY
            expect("echo", (received.type, received.data), (kind, message))


async def send(socket: ClientWebSocketResponse, message: str | bytes) -> None:
    if isinstance(message, str):
        await socket.send_str(message)
    else:
        await socket.send_bytes(message)


run_cases(lambda url, case: asyncio.run(run_case(url, case)))
