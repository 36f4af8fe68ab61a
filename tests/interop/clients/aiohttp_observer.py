"""What a program that uses Python `aiohttp` sees; see observing.py."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError
from observing import TIMEOUT, closed, observe_all, opened


async def observe(url: str, offers: list[str], origin: str) -> str:
    """Connects, and sends a message that the server echoes unless it closes."""
    async with ClientSession() as session:
        try:
            async with session.ws_connect(
                url, protocols=offers, origin=origin, autoclose=False
            ) as socket:
                await socket.send_str("?")
                message = await socket.receive(TIMEOUT)
                end = ""
                if message.type == WSMsgType.CLOSE:
                    end = f"; {closed(message.data, message.extra or '')}"
                return f"{opened(socket.protocol)}{end}"
        except WSServerHandshakeError as error:
            return f"`{type(error).__name__}`, {error.status}"


observe_all(lambda url, offers, origin: asyncio.run(observe(url, offers, origin)))
