"""Python `h2` with wsabi's frames of a client, against http2_echo_server.js.

Called like the other clients (see client_process.py), with the path of libwsabi.so in front
of the URL, and with tests/interop in PYTHONPATH.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import libwsabi
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RemoteSettingsChanged, ResponseReceived, StreamEnded
from libwsabi import Connection, Library
from python_cases import UNICODE, binary_payload, expect, run_cases

TIMEOUT = 10.0
STREAM = 1

Kind = TypeVar("Kind", bound=Event)


class Socket:
    """A WebSocket on the first stream of an HTTP/2 connection."""

    def __init__(self, library: Library, peer: socket.socket) -> None:
        self.websocket = Connection.open_client(library)
        self._peer = peer
        self._h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._events: deque[Event] = deque()
        self._waiting = bytearray()

    def open(self, authority: str) -> None:
        """The opening handshake, once the server has said that it takes WebSockets."""
        self._h2.initiate_connection()
        self._wait_for(RemoteSettingsChanged)
        expect("SETTINGS", self._h2.remote_settings.enable_connect_protocol, 1)
        fields = {
            ":method": "CONNECT",
            ":protocol": "websocket",
            ":scheme": "http",
            ":path": "/",
            ":authority": authority,
            "sec-websocket-version": "13",
        }
        self._h2.send_headers(STREAM, fields.items())
        response = self._wait_for(ResponseReceived)
        expect("status", response.headers[0], (":status", "200"))

    def receive(self) -> libwsabi.Event:
        """Sends what waits; returns the next event of the WebSocket, which comes alone."""
        while True:
            for event in self.websocket.recv(self._wait_for(DataReceived).data):
                return event

    def wait_for_end(self) -> None:
        """Waits until the server has ended the stream."""
        self._wait_for(StreamEnded)

    def _wait_for(self, kind: type[Kind]) -> Kind:
        """The next HTTP/2 event of that kind; others are passed over."""
        while True:
            while self._events:
                event = self._events.popleft()
                if isinstance(event, DataReceived):
                    self._h2.acknowledge_received_data(event.flow_controlled_length, STREAM)
                if isinstance(event, kind):
                    return event
            self._send()
            octets = self._peer.recv(65536)
            if not octets:
                raise ConnectionError(f"the connection ended before {kind.__name__}")
            self._events.extend(self._h2.receive_data(octets))

    def _send(self) -> None:
        """Sends what flow control lets through."""
        self._waiting += self.websocket.output()
        while self._waiting:
            window = self._h2.local_flow_control_window(STREAM)
            size = min(window, self._h2.max_outbound_frame_size, len(self._waiting))
            if size <= 0:
                break
            self._h2.send_data(STREAM, bytes(self._waiting[:size]))
            del self._waiting[:size]
        self._peer.sendall(self._h2.data_to_send())


def run_case(library: Library, url: str, case: str) -> None:
    """Runs one case on a new connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), TIMEOUT) as peer:
        client = Socket(library, peer)
        client.open(address.netloc)
        match case:
            case "text-unicode":
                client.websocket.send_text(UNICODE.encode())
                expect_event(client, libwsabi.EVENT_TEXT, 0, UNICODE.encode())
            case "close-4001":
                client.websocket.close(4001, b"enough")
                expect_event(client, libwsabi.EVENT_CLOSE, 4001, b"enough")
                client.wait_for_end()
            case _:
                client.websocket.send_binary(binary_payload(case))
                expect_event(client, libwsabi.EVENT_BINARY, 0, binary_payload(case))


def expect_event(client: Socket, kind: int, code: int, payload: bytes) -> None:
    expect("event", client.receive(), libwsabi.Event(kind, code, payload))


def main() -> None:
    library = Library(Path(sys.argv.pop(1)))
    run_cases(partial(run_case, library))


main()
