"""An HTTP/2 server on Python `h2` whose WebSockets are wsabi's (RFC 8441).

    http2_server.py --library libwsabi.so [--certificate PEM] --host 127.0.0.1 --port 0

`h2` owns the HTTP/2 connection, wsabi the opening handshake and the frames: a request goes to
wsabi as fields, the response comes back as fields, and from then on the octets of the stream
are frames. Echoes at /ws, speaks the subprotocol "chat", and has a page for browsers at /.
With a certificate it speaks TLS. Start and end are those of ``server_process.py``.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from functools import partial

import libwsabi
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes, Settings
from libwsabi import Config, Connection, Library, Response
from python_server import run_server, server_arguments

PAGE = Response(200, [(b"content-type", b"text/html")], b"<!doctype html><title>HTTP/2</title>\n")


@dataclass
class Stream:
    """A stream: its WebSocket, and the octets that flow control holds back."""

    websocket: Connection
    waiting: bytearray


class Session:
    """One HTTP/2 connection."""

    def __init__(self, connection: socket.socket, library: Library, config: Config) -> None:
        self._socket = connection
        self._library = library
        self._config = config
        self._streams: dict[int, Stream] = {}
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        settings = {SettingCodes.ENABLE_CONNECT_PROTOCOL: 1}
        self._h2.local_settings = Settings(client=False, initial_values=settings)

    def run(self) -> None:
        """Serves until the client ends the connection."""
        self._h2.initiate_connection()
        self._socket.sendall(self._h2.data_to_send())
        while octets := self._socket.recv(65536):
            for event in self._h2.receive_data(octets):
                self._handle(event)
            for number in list(self._streams):
                self._send(number)
            self._socket.sendall(self._h2.data_to_send())

    def _handle(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._start(event.stream_id, event.headers)
            case DataReceived():
                if event.flow_controlled_length:
                    size = event.flow_controlled_length
                    self._h2.acknowledge_received_data(size, event.stream_id)
                if event.stream_id in self._streams:
                    self._receive(self._streams[event.stream_id], event.data)
            case StreamEnded():
                if event.stream_id in self._streams:
                    self._streams[event.stream_id].websocket.recv_eof()
            case StreamReset():
                self._streams.pop(event.stream_id, None)

    def _start(self, number: int, fields: list[tuple[bytes, bytes]]) -> None:
        """The opening handshake: fields in, decision, fields out."""
        pseudo = {name: value for name, value in fields if name.startswith(b":")}
        websocket = Connection.server(self._library, self._config)
        for event in websocket.recv_request(
            libwsabi.HTTP_2,
            pseudo[b":method"],
            pseudo[b":path"],
            pseudo[b":authority"],
            pseudo.get(b":protocol", b""),
            [header for header in fields if not header[0].startswith(b":")],
        ):
            if event.type == libwsabi.EVENT_REQUEST:
                websocket.accept()
            elif event.type == libwsabi.EVENT_HTTP_REQUEST:
                websocket.reject(PAGE if event.payload == b"/" else Response(404))
        response = websocket.response()
        status = (b":status", str(response.status).encode())
        self._h2.send_headers(number, [status, *response.headers])
        self._streams[number] = Stream(websocket, bytearray(response.body))

    def _receive(self, stream: Stream, octets: bytes) -> None:
        for event in stream.websocket.recv(octets):
            if event.type == libwsabi.EVENT_TEXT:
                stream.websocket.send_text(event.payload)
            elif event.type == libwsabi.EVENT_BINARY:
                stream.websocket.send_binary(event.payload)

    def _send(self, number: int) -> None:
        """Sends what flow control lets through, and the end of the stream behind the last."""
        stream = self._streams[number]
        stream.waiting += stream.websocket.output()
        interest = stream.websocket.interest()
        over = libwsabi.INTEREST_CLOSE | libwsabi.INTEREST_SHUTDOWN_WRITE
        while stream.waiting:
            window = self._h2.local_flow_control_window(number)
            size = min(window, self._h2.max_outbound_frame_size, len(stream.waiting))
            if size <= 0:
                return
            self._h2.send_data(number, bytes(stream.waiting[:size]))
            del stream.waiting[:size]
        if interest & over:
            self._h2.end_stream(number)
            del self._streams[number]


def tls_context(certificate: str) -> ssl.SSLContext:
    """TLS for nothing but HTTP/2; the file holds the key too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    return context


def serve(
    tls: ssl.SSLContext | None, library: Library, config: Config, connection: socket.socket
) -> None:
    """Serves one HTTP/2 connection."""
    if tls is not None:
        connection = tls.wrap_socket(connection, server_side=True)
    with connection:
        Session(connection, library, config).run()


def main() -> None:
    parser = server_arguments()
    parser.add_argument("--certificate")
    arguments = parser.parse_args()
    tls = tls_context(arguments.certificate) if arguments.certificate else None
    library = Library(arguments.library)
    config = Config(library)
    config.add_resource(b"/ws")
    config.add_subprotocol(b"chat")
    config.set(libwsabi.OPTION_PLAIN_HTTP, 1)
    run_server(arguments.host, arguments.port, partial(serve, tls, library, config))


main()
