"""wsproto's exceptions, and what its users take from beside them."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from typing import Optional

from .events import Event


class ProtocolError(Exception):
    """A rule was broken."""


class LocalProtocolError(ProtocolError):
    """The caller broke it."""


class RemoteProtocolError(ProtocolError):
    """The peer broke it, in the opening handshake."""

    #: What may be sent for it.
    event_hint: Optional[Event]

    def __init__(self, message: str, event_hint: Optional[Event] = None) -> None:
        super().__init__(message)
        self.event_hint = event_hint


def normed_header_dict(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header fields by name, those of one name as one list (RFC 9110 5.3)."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(parts) for name, parts in values.items()}


def split_comma_header(value: bytes) -> list[str]:
    """The elements of a list in a header field."""
    return [piece.decode("ascii").strip() for piece in value.split(b",")]


def generate_nonce() -> bytes:
    """A Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16))


def generate_accept_token(token: bytes) -> bytes:
    """The Sec-WebSocket-Accept that answers a key, RFC 6455 4.2.2."""
    return base64.b64encode(hashlib.sha1(token + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
