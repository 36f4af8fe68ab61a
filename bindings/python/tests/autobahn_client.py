#!/usr/bin/env python3
"""An echo client for the Autobahn test suite's fuzzing server, see ``tests/autobahn/client.py``.

    autobahn_client.py PORT AGENT
"""

from __future__ import annotations

import asyncio
import sys

import conftest  # noqa: F401  (which finds the package and the library)

from wsabi.asyncio import ConnectionClosed, connect


async def main(port: str, agent: str) -> None:
    address = f"ws://127.0.0.1:{port}"
    async with connect(f"{address}/getCaseCount") as websocket:
        count = int(await websocket.recv())
    for case in range(1, count + 1):
        async with connect(
            f"{address}/runCase?case={case}&agent={agent}", ping_interval=None
        ) as websocket:
            try:
                async for message in websocket:
                    await websocket.send(message)
            except ConnectionClosed:
                pass  # the case is about that
    async with connect(f"{address}/updateReports?agent={agent}"):
        pass


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
