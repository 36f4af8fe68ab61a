"""Octets on the wire, made without wsabi."""

from __future__ import annotations

import struct

KEY = bytes([0x37, 0xFA, 0x21, 0x3D])
REQUEST = (
    b"GET /chat?room=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
)
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


def request(*lines: str) -> bytes:
    """The request of RFC 6455 1.3, with further header fields."""
    return REQUEST + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def frame(first: int, payload: bytes = b"", masked: bool = True) -> bytes:
    """A frame with that first octet."""
    n, bit = len(payload), 0x80 if masked else 0
    if n < 126:
        head = bytes([first, bit | n])
    elif n < 1 << 16:
        head = bytes([first, bit | 126]) + struct.pack("!H", n)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", n)
    if not masked:
        return head + payload
    return head + KEY + bytes(octet ^ KEY[i % 4] for i, octet in enumerate(payload))


def close(code: int, reason: str = "", masked: bool = True) -> bytes:
    """A Close."""
    return frame(CLOSE, struct.pack("!H", code) + reason.encode(), masked)
