"""wsabi's client with permessage-deflate, against the echo servers of other libraries.

Called like the other clients (see client_process.py), with the path of libwsabi.so in front
of the URL, and with tests/interop in PYTHONPATH. A case is what the client is set to.
"""

from __future__ import annotations

import socket
import sys
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import libwsabi
from libwsabi import Connection, Event, Library, deflate_config
from python_cases import deflate_messages, expect, run_cases

TIMEOUT = 20.0


class Socket:
    """A WebSocket on a socket of its own."""

    def __init__(self, library: Library, peer: socket.socket, settings: str, host: str) -> None:
        config = deflate_config(library, settings)
        self._websocket = Connection.client(library, config, host.encode(), b"/")
        self._peer = peer
        self._events: list[Event] = []

    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self._websocket.send_text(message.encode())
        else:
            self._websocket.send_binary(message)

    def receive(self) -> Event:
        """Sends what waits; returns the next event."""
        while not self._events:
            self._peer.sendall(self._websocket.output())
            octets = self._peer.recv(65536)
            if not octets:
                raise ConnectionError("the connection ended")
            self._events = self._websocket.recv(octets)
        return self._events.pop(0)

    def close(self) -> None:
        self._websocket.close(1000)


def run_case(library: Library, url: str, case: str) -> None:
    """Sends every message, and waits for its echo; then small ones behind each other."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), TIMEOUT) as peer:
        client = Socket(library, peer, case, address.netloc)
        expect("first event", client.receive().type, libwsabi.EVENT_OPEN)
        for message in deflate_messages():
            client.send(message)
            expect_echo(client, message)
        small = [message for message in deflate_messages() if len(message) < 6000]
        for message in small:
            client.send(message)
        for message in small:
            expect_echo(client, message)
        client.close()
        event = client.receive()
        expect("close", (event.type, event.code), (libwsabi.EVENT_CLOSE, 1000))


def expect_echo(client: Socket, message: str | bytes) -> None:
    event = client.receive()
    if isinstance(message, str):
        expect("echo", (event.type, event.payload), (libwsabi.EVENT_TEXT, message.encode()))
    else:
        expect("echo", (event.type, event.payload), (libwsabi.EVENT_BINARY, message))
    expect("is compressed", event.flags, libwsabi.FLAG_COMPRESSED)


def main() -> None:
    library = Library(Path(sys.argv.pop(1)))
    run_cases(partial(run_case, library))


main()
