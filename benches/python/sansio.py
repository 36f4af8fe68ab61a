"""Nanoseconds per message, in process: masked binary frames to `bytes`, and `bytes` to frames.

    python sansio.py [--quick]

Contestants take turns; a figure is the median of the turns' fastest slices. Everybody is a server
that gets the same octets as `bytes`, one message or 16 in a read, and hands out `bytes`. Prints
one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import sys
import time
from typing import Any, Callable

import picows
import websockets.frames
import websockets.protocol
import websockets.server
import wsproto
import wsproto.connection
import wsproto.events

import wsabi

SIZES = (16, 125, 1024)
DEPTHS = (1, 16)
KEY = bytes([0x37, 0xFA, 0x21, 0x3D])
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
Receive = Callable[[bytes], int]


def frame(payload: bytes) -> bytes:
    n = len(payload)
    head = bytes([0x82, 0x80 | n]) if n < 126 else bytes([0x82, 0xFE, n >> 8, n & 255])
    return head + KEY + bytes(octet ^ KEY[i % 4] for i, octet in enumerate(payload))


# Each function makes a connection and returns what takes the octets of a read, and returns how
# many octets of messages there were.


def wsabi_receive() -> Receive:
    receive = wsabi.Connection.opened(wsabi.Role.SERVER).receive

    def run(octets: bytes) -> int:
        total = 0
        for message in receive(octets):
            total += len(message)  # type: ignore[arg-type]
        return total

    return run


def websockets_receive() -> Receive:
    protocol = websockets.server.ServerProtocol(max_size=None)
    protocol.state = websockets.protocol.OPEN

    def run(octets: bytes) -> int:
        total = 0
        protocol.receive_data(octets)
        for event in protocol.events_received():
            total += len(event.data)  # type: ignore[union-attr]
        return total

    protocol.receive_data(REQUEST)
    protocol.events_received()
    return run


def wsproto_receive() -> Receive:
    connection = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)

    def run(octets: bytes) -> int:
        total = 0
        connection.receive_data(octets)
        for event in connection.events():
            total += len(event.data)  # type: ignore[attr-defined]
        return total

    return run


class Transport:
    """What picows needs of a transport, a TCP socket among it."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.socket = socket.create_connection(listener.getsockname())
            self.peer = listener.accept()[0]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.socket if name == "socket" else default

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, octets: bytes) -> None:
        pass

    def is_closing(self) -> bool:
        return False


def picows_receive() -> Receive:
    class Listener(picows.WSListener):
        total = 0

        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            self.total += len(frame.get_payload_as_bytes())

    listener, made = Listener(), []

    async def make() -> None:
        loop = asyncio.get_running_loop()

        async def create_server(factory: Any, *arguments: Any, **keywords: Any) -> None:
            made.append(factory())

        loop.create_server = create_server  # type: ignore[assignment]
        await picows.ws_create_server(lambda request: listener, use_aiofastnet=False)
        made[0].connection_made(Transport())
        feed(REQUEST)

    def feed(octets: bytes) -> None:
        while octets:  # the buffer has 16 KiB
            buffer = made[0].get_buffer(-1)
            n = min(len(buffer), len(octets))
            buffer[:n] = octets[:n]
            made[0].buffer_updated(n)
            octets = octets[n:]

    asyncio.run(make())

    def run(octets: bytes) -> int:
        before = listener.total
        feed(octets)
        return listener.total - before

    return run


def wsabi_send() -> Callable[[bytes], bytes]:
    connection = wsabi.Connection.opened(wsabi.Role.SERVER)

    def run(payload: bytes) -> bytes:
        connection.send(payload)
        return connection.output()

    return run


def websockets_send() -> Callable[[bytes], bytes]:
    protocol = websockets.server.ServerProtocol()
    protocol.state = websockets.protocol.OPEN

    def run(payload: bytes) -> bytes:
        protocol.send_binary(payload)
        return b"".join(protocol.data_to_send())

    return run


def wsproto_send() -> Callable[[bytes], bytes]:
    connection = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)
    return lambda payload: connection.send(wsproto.events.BytesMessage(payload))


RECEIVE = {
    "wsabi": wsabi_receive,
    "picows": picows_receive,
    "websockets": websockets_receive,
    "wsproto": wsproto_receive,
}
SEND = {"wsabi": wsabi_send, "websockets": websockets_send, "wsproto": wsproto_send}


def slices(function: Callable[[bytes], Any], argument: bytes, seconds: float) -> float:
    """The fastest of a turn's slices, in nanoseconds per call."""
    count, best, end = 1, float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter_ns()
        for _ in range(count):
            function(argument)
        took = time.perf_counter_ns() - began
        if took < 1_000_000:
            count *= 2
        else:
            best = min(best, took / count)
    return best


def main() -> None:
    turns, seconds = (3, 0.05) if "--quick" in sys.argv else (7, 0.2)
    figures: dict[str, float] = {}
    for size in SIZES:
        payload = bytes(range(256)) * 4
        payload = payload[:size]
        for depth in DEPTHS:
            octets = frame(payload) * depth
            runs = {name: make() for name, make in RECEIVE.items()}
            for name, run in runs.items():
                assert run(octets) == size * depth, name
            turn: dict[str, list[float]] = {name: [] for name in runs}
            for _ in range(turns):
                for name, run in runs.items():
                    turn[name].append(slices(run, octets, seconds) / depth)
            for name, values in turn.items():
                figures[f"decode {size} {depth} {name}"] = statistics.median(values)
        sends = {name: make() for name, make in SEND.items()}
        for name, send in sends.items():
            assert send(payload).endswith(payload), name
        for name, send in sends.items():
            values = [slices(send, payload, seconds) for _ in range(turns)]
            figures[f"encode {size} 1 {name}"] = statistics.median(values)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
