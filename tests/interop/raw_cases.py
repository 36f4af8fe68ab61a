"""Cases that no client library can send or see: octets on a plain socket.

Each case is a function that starts the server it needs and raises when the server errs.
"""

from __future__ import annotations

import base64
import hashlib
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType

from nginx import BARE, Nginx
from server_process import ServerProcess

TIMEOUT = 10.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE = 0x1, 0x2, 0x8
FULL_AFTER = 0.5  # seconds in which a socket takes nothing

STARSCREAM_KEY = b"x3JJHMbDL1EzLkh9GBhXDw=="
STARSCREAM_REQUEST = (
    b"GET / HTTP/1.1\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + STARSCREAM_KEY + b"\r\n"
    b"Origin: http://127.0.0.1:{port}\r\n"
    b"Host: 127.0.0.1:{port}\r\n"
    b"\r\n"
)

AUTOBAHN_KEY = b"nhGrcIvOCNIIp7Tzlq5AhQ=="
AUTOBAHN_REQUEST = (
    b"GET / HTTP/1.1\r\n"
    b"User-Agent: AutobahnTestSuite/0.8.2-0.10.9\r\n"
    b"Host: 127.0.0.1:{port}\r\n"
    b"Upgrade: WebSocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Pragma: no-cache\r\n"
    b"Cache-Control: no-cache\r\n"
    b"Sec-WebSocket-Key: " + AUTOBAHN_KEY + b"\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"\r\n"
)


class RawConnection:
    """A TCP connection that reads HTTP heads and WebSocket frames, and checks neither."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.close()
        self._socket.close()

    def send(self, octets: bytes) -> None:
        """Sends the octets, `{port}` replaced by the server's."""
        self._socket.sendall(octets.replace(b"{port}", str(self._port).encode()))

    def send_until_full(self, octets: bytes, most: int) -> int:
        """Sends the octets again and again until the peer takes no more; returns how many."""
        sent = 0
        self._socket.settimeout(FULL_AFTER)
        try:
            while sent < most:
                sent += self._socket.send(octets[sent % len(octets) :])
        except TimeoutError:
            pass
        self._socket.settimeout(TIMEOUT)
        return sent

    def read_head(self) -> tuple[str, dict[str, str]]:
        """The status line, and the fields by lower-case name."""
        status = self._read_line()
        fields = {}
        while line := self._read_line():
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return status, fields

    def read_body(self, fields: dict[str, str]) -> str:
        """The body that belongs to the head: Content-Length octets, or all until the end."""
        return self._reader.read(int(fields.get("content-length", -1))).decode()

    def read_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of a short, final, unmasked frame."""
        first, length = self._read_exactly(2)
        expect("FIN set, RSV clear", first & 0xF0, 0x80)
        if length == 126:
            (length,) = struct.unpack("!H", self._read_exactly(2))
        return first & 0x0F, self._read_exactly(length)

    def read_to_end(self) -> bytes:
        """All that comes until the server closes the connection."""
        return self._reader.read()

    def _read_line(self) -> str:
        line = self._reader.readline()
        expect("line end", line[-2:], b"\r\n")
        return line[:-2].decode("latin-1")

    def _read_exactly(self, count: int) -> bytes:
        octets = self._reader.read(count)
        expect("octets before the end of the connection", len(octets), count)
        return octets


def expect(what: str, actual: object, wanted: object) -> None:
    """Raises unless both are equal."""
    if actual != wanted:
        raise AssertionError(f"{what}: {actual!r} instead of {wanted!r}")


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """A final client frame with a payload below 64 KiB."""
    key = b"\x37\xfa\x21\x3d"
    masked = bytes(octet ^ key[index % 4] for index, octet in enumerate(payload))
    length = len(payload)
    lengths = bytes([0x80 | length]) if length < 126 else struct.pack("!BH", 0x80 | 126, length)
    return bytes([0x80 | opcode]) + lengths + key + masked


def close_frame(code: int) -> tuple[int, bytes]:
    """What ``read_frame`` returns for a Close with this code and no reason."""
    return CLOSE, struct.pack("!H", code)


def expect_switched(connection: RawConnection, key: bytes) -> None:
    """The response must be the 101 for this key, and name no subprotocol."""
    status, fields = connection.read_head()
    expect("status line", status, "HTTP/1.1 101 Switching Protocols")
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    expect("Sec-WebSocket-Accept", fields.get("sec-websocket-accept"), accept)
    expect("Upgrade", fields.get("upgrade", "").lower(), "websocket")
    expect("Connection", fields.get("connection", "").lower(), "upgrade")
    expect("Sec-WebSocket-Protocol", fields.get("sec-websocket-protocol"), None)
    expect("Sec-WebSocket-Extensions", fields.get("sec-websocket-extensions"), None)


def expect_upgrade_required(connection: RawConnection) -> str:
    """The response must be a 426 that says to what; returns its body."""
    status, fields = connection.read_head()
    expect("status line", status, "HTTP/1.1 426 Upgrade Required")
    expect("Upgrade", fields.get("upgrade", "").lower(), "websocket")
    return connection.read_body(fields)


def starscream_request(server: Sequence[str]) -> None:
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(STARSCREAM_REQUEST)
        expect_switched(connection, STARSCREAM_KEY)


def autobahn_request(server: Sequence[str]) -> None:
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(AUTOBAHN_REQUEST)
        expect_switched(connection, AUTOBAHN_KEY)


def unknown_subprotocol(server: Sequence[str]) -> None:
    with ServerProcess(server, "--subprotocol", "chat") as process:
        with RawConnection(process.port) as connection:
            offer = b"\r\nSec-WebSocket-Protocol: zzz\r\n\r\n"
            connection.send(STARSCREAM_REQUEST.replace(b"\r\n\r\n", offer))
            expect_switched(connection, STARSCREAM_KEY)


def frame_behind_head(server: Sequence[str]) -> None:
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(STARSCREAM_REQUEST + masked_frame(TEXT, b"glued"))
        expect_switched(connection, STARSCREAM_KEY)
        expect("echo", connection.read_frame(), (TEXT, b"glued"))


def byte_by_byte(server: Sequence[str]) -> None:
    octets = STARSCREAM_REQUEST.replace(b"{port}", b"80") + masked_frame(TEXT, b"slow")
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        for octet in octets:
            connection.send(bytes([octet]))
            time.sleep(0.001)  # or the kernel hands them over in one read
        expect_switched(connection, STARSCREAM_KEY)
        expect("echo", connection.read_frame(), (TEXT, b"slow"))


def page(server: Sequence[str]) -> None:
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
        status, fields = connection.read_head()
        expect("status line", status, "HTTP/1.1 200 OK")
        expect("media type", fields.get("content-type", "").partition(";")[0], "text/html")


def plain_request(server: Sequence[str]) -> None:
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(b"GET /elsewhere HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
        expect_upgrade_required(connection)


def only_path(server: Sequence[str]) -> None:
    with ServerProcess(server, "--path", "/ws") as process:
        with RawConnection(process.port) as connection:
            connection.send(STARSCREAM_REQUEST.replace(b"GET / ", b"GET /ws "))
            expect_switched(connection, STARSCREAM_KEY)
        with RawConnection(process.port) as connection:
            connection.send(STARSCREAM_REQUEST.replace(b"GET / ", b"GET /other "))
            expect("status line", connection.read_head()[0], "HTTP/1.1 404 Not Found")


def message_too_big(server: Sequence[str]) -> None:
    with ServerProcess(server, "--max-message", "10") as process:
        with RawConnection(process.port) as connection:
            connection.send(STARSCREAM_REQUEST)
            expect_switched(connection, STARSCREAM_KEY)
            connection.send(masked_frame(TEXT, b"0123456789"))
            expect("echo", connection.read_frame(), (TEXT, b"0123456789"))
            connection.send(masked_frame(TEXT, b"0123456789A"))
            opcode, payload = connection.read_frame()
            expect("close code", (opcode, payload[:2]), close_frame(1009))


def opening_timeout(server: Sequence[str]) -> None:
    with ServerProcess(server, "--opening-timeout", "300") as process:
        start = time.monotonic()
        with RawConnection(process.port) as connection:
            connection.send(b"GET / HTTP/1.1\r\n")
            connection.read_to_end()
        expect("not before the timeout", time.monotonic() - start >= 0.25, True)


def slow_reader(server: Sequence[str]) -> None:
    """From a client that does not read, no more is read than fits; nothing is lost."""
    most = 40 << 20  # far more than what the kernel holds in both directions
    payload = bytes(range(240)) * 250
    frame = masked_frame(BINARY, payload)
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(STARSCREAM_REQUEST)
        expect_switched(connection, STARSCREAM_KEY)
        sent = connection.send_until_full(frame, most)
        expect("server stops reading", sent < most, True)
        unsent = frame[sent % len(frame) :]
        rest = threading.Thread(target=connection.send, args=[unsent])
        rest.start()
        for _ in range(sent // len(frame) + 1):
            expect("echo", connection.read_frame(), (BINARY, payload))
        rest.join()


def going_away(server: Sequence[str], how: signal.Signals) -> None:
    with ServerProcess(server) as process, RawConnection(process.port) as connection:
        connection.send(STARSCREAM_REQUEST)
        expect_switched(connection, STARSCREAM_KEY)
        process.send_signal(how)
        opcode, payload = connection.read_frame()
        expect("close code", (opcode, payload[:2]), close_frame(1001))
        connection.send(masked_frame(CLOSE, payload))
        expect("octets behind the Close", connection.read_to_end(), b"")


def sigterm(server: Sequence[str]) -> None:
    going_away(server, signal.SIGTERM)


def sigint(server: Sequence[str]) -> None:
    going_away(server, signal.SIGINT)


def deaf(server: Sequence[str]) -> None:
    """A client that takes nothing does not keep a server from stopping."""
    most = 40 << 20
    with ExitStack() as behind_the_server, ServerProcess(server) as process:
        connection = behind_the_server.enter_context(RawConnection(process.port))
        connection.send(STARSCREAM_REQUEST)
        expect_switched(connection, STARSCREAM_KEY)
        sent = connection.send_until_full(masked_frame(BINARY, bytes(60000)), most)
        expect("server stops reading", sent < most, True)


def refused_behind_bare_nginx(server: Sequence[str], nginx_program: str) -> None:
    """A proxy_pass alone drops Upgrade and Connection: the 426 must say what to add."""
    with ServerProcess(server) as process, Nginx(nginx_program, process.port, BARE) as nginx:
        with RawConnection(nginx.port) as connection:
            connection.send(STARSCREAM_REQUEST)
            body = expect_upgrade_required(connection)
            for directive in ("proxy_http_version", "Upgrade", "Connection"):
                expect(f"{directive} in {body!r}", directive in body, True)


CASES: dict[str, Callable[[Sequence[str]], None]] = {
    "starscream-request": starscream_request,
    "autobahn-request": autobahn_request,
    "unknown-subprotocol": unknown_subprotocol,
    "frame-behind-head": frame_behind_head,
    "byte-by-byte": byte_by_byte,
    "page": page,
    "plain-request": plain_request,
    "only-path": only_path,
    "message-too-big": message_too_big,
    "opening-timeout": opening_timeout,
    "slow-reader": slow_reader,
    "sigterm": sigterm,
    "sigint": sigint,
    "deaf": deaf,
}
