"""Python `aiohttp` against the server."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, ClientWebSocketResponse, WSMessage, WSMsgType
from python_cases import (
    ASCII,
    OFFERS,
    PIPELINED,
    UNICODE,
    announce_connected,
    binary_payload,
    expect,
    run_cases,
)

TIMEOUT = 20.0


async def run_case(url: str, case: str) -> None:
    """Runs one case on a new connection."""
    async with (
        ClientSession() as session,
        # autoping off: aiohttp then returns pongs like messages.
        session.ws_connect(url, protocols=OFFERS.get(case, []), autoping=False) as socket,
    ):
        match case:
            case "text-ascii":
                await echo_text(socket, ASCII)
            case "text-unicode":
                await echo_text(socket, UNICODE)
            case "pipelined-200":
                await pipelined(socket)
            case "ping-pong":
                await socket.ping(b"are you there?")
                expect_message(await receive(socket), WSMsgType.PONG, b"are you there?")
            case "close-1000":
                await close(socket, 1000, b"")
            case "close-4001":
                await close(socket, 4001, b"enough")
            case "going-away":
                announce_connected()
                expect_message(await receive(socket), WSMsgType.CLOSE, 1001)
            case "subprotocol-known":
                expect("subprotocol", socket.protocol, "chat")
            case "no-subprotocol" | "subprotocol-unknown":
                expect("subprotocol", socket.protocol, None)
            case _:
                payload = binary_payload(case)
                await socket.send_bytes(payload)
                expect_message(await receive(socket), WSMsgType.BINARY, payload)


async def receive(socket: ClientWebSocketResponse) -> WSMessage:
    return await socket.receive(TIMEOUT)


def expect_message(message: WSMessage, kind: WSMsgType, data: object) -> None:
    expect("message", (message.type, message.data), (kind, data))


async def echo_text(socket: ClientWebSocketResponse, text: str) -> None:
    await socket.send_str(text)
    expect_message(await receive(socket), WSMsgType.TEXT, text)


async def pipelined(socket: ClientWebSocketResponse) -> None:
    for message in PIPELINED:
        await socket.send_str(message)
    expect("echoes", [(await receive(socket)).data for _ in PIPELINED], PIPELINED)


async def close(socket: ClientWebSocketResponse, code: int, reason: bytes) -> None:
    await socket.close(code=code, message=reason)
    expect("close code", socket.close_code, code)


run_cases(lambda url, case: asyncio.run(run_case(url, case)))
