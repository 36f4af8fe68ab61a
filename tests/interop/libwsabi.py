"""The part of libwsabi's C ABI that the tests' own servers and clients need, through ctypes.

The order is that of ``include/wsabi.h``, where everything here is explained.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import POINTER, byref, c_char_p, c_int32, c_size_t, c_uint16, c_uint32, c_void_p
from dataclasses import dataclass
from itertools import count as count_up
from pathlib import Path

HTTP_2 = 20

EVENT_REQUEST, EVENT_HTTP_REQUEST, EVENT_OPEN = 1, 11, 2
EVENT_TEXT, EVENT_BINARY, EVENT_CLOSE = 4, 5, 8
FLAG_COMPRESSED = 1
INTEREST_SHUTDOWN_WRITE, INTEREST_CLOSE = 4, 8
OPTION_AUTO_ACCEPT, OPTION_PLAIN_HTTP = 8, 9
DEFLATE_OPTIONS = {
    "level": 18,
    "memory_level": 19,
    "min_size": 20,
    "server_max_window_bits": 21,
    "client_max_window_bits": 22,
    "server_no_context_takeover": 23,
    "client_no_context_takeover": 24,
}
ROLE_CLIENT = 1

EVENTS = 16  # taken at once

Fields = Sequence[tuple[bytes, bytes]]


class _Slice(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]


class _Header(ctypes.Structure):
    _fields_ = [("name", _Slice), ("value", _Slice)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", c_int32),
        ("flags", c_uint16),
        ("code", c_uint16),
        ("data", c_void_p),
        ("len", c_size_t),
    ]


class _Request(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("version", c_uint32),
        ("reserved", c_uint32),
        ("method", _Slice),
        ("target", _Slice),
        ("authority", _Slice),
        ("protocol", _Slice),
        ("headers", POINTER(_Header)),
        ("header_count", c_size_t),
    ]


class _ClientRequest(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("host", _Slice),
        ("target", _Slice),
        ("origin", _Slice),
        ("headers", POINTER(_Header)),
        ("header_count", c_size_t),
    ]


class _Response(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("status", c_uint32),
        ("reserved", c_uint32),
        ("headers", POINTER(_Header)),
        ("header_count", c_size_t),
        ("body", c_char_p),
        ("body_len", c_size_t),
    ]


@dataclass(frozen=True)
class Event:
    """One thing that happened; the payload is a copy."""

    type: int
    code: int
    payload: bytes
    flags: int = 0


@dataclass(frozen=True)
class Response:
    """An answer to a request, to be sent or as it was sent."""

    status: int
    headers: Fields = ()
    body: bytes = b""


class WsabiError(Exception):
    """The caller broke a rule of the C ABI."""


class Library:
    """A loaded libwsabi. Its calls raise ``WsabiError`` instead of returning a status."""

    def __init__(self, path: Path) -> None:
        self._cdll = ctypes.CDLL(str(path))
        self._cdll.wsabi_status_text.restype = c_char_p

    def call(self, name: str, *arguments: object) -> None:
        """Calls a function that returns a ``wsabi_status``."""
        status = self._cdll[name](*arguments)
        if status < 0:
            raise WsabiError(f"{name}: {self._cdll.wsabi_status_text(status).decode()}")

    def ask(self, name: str, *arguments: object) -> int:
        """Calls a function that returns a number."""
        number: int = self._cdll[name](*arguments)
        return number

    def new(self, name: str, *arguments: object) -> c_void_p:
        """Calls a function that makes an object, and returns the object."""
        handle = c_void_p()
        self.call(name, *arguments, byref(handle))
        return handle


class Config:
    """A ``wsabi_config``."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.handle = library.new("wsabi_config_new")

    def set(self, option: int, value: int) -> None:
        self._library.call("wsabi_config_set", self.handle, option, ctypes.c_uint64(value))

    def add_subprotocol(self, name: bytes) -> None:
        self._add("wsabi_config_add_subprotocol", name)

    def add_resource(self, path: bytes) -> None:
        self._add("wsabi_config_add_resource", path)

    def _add(self, function: str, value: bytes) -> None:
        self._library.call(function, self.handle, value, c_size_t(len(value)))


def deflate_config(library: Library, settings: str) -> Config:
    """A config with ``NAME=VALUE,NAME=VALUE`` of ``DEFLATE_OPTIONS``; ``default`` is none."""
    config = Config(library)
    for setting in settings.split(",") if settings != "default" else []:
        name, value = setting.split("=")
        config.set(DEFLATE_OPTIONS[name], int(value))
    return config


class Connection:
    """A ``wsabi_conn``, freed with this object."""

    def __init__(self, library: Library, handle: c_void_p) -> None:
        self._library = library
        self._handle = handle

    @classmethod
    def server(cls, library: Library, config: Config | None = None) -> Connection:
        """The server's side, before the opening handshake."""
        handle = config and config.handle
        return cls(library, library.new("wsabi_conn_new_server", handle))

    @classmethod
    def client(cls, library: Library, config: Config, host: bytes, target: bytes) -> Connection:
        """The client's side, whose request waits in the output."""
        request = _ClientRequest(ctypes.sizeof(_ClientRequest), _slice(host), _slice(target))
        return cls(library, library.new("wsabi_conn_new_client", config.handle, byref(request)))

    @classmethod
    def open_client(cls, library: Library) -> Connection:
        """The client's side of a connection that is open."""
        none = c_size_t(0)
        return cls(library, library.new("wsabi_conn_new_open", None, ROLE_CLIENT, None, none))

    def __del__(self) -> None:
        self._library.ask("wsabi_conn_free", self._handle)

    def recv(self, octets: bytes) -> list[Event]:
        """Gives octets to the connection; returns all that happened."""
        buffer = (ctypes.c_char * len(octets)).from_buffer_copy(octets) if octets else None
        found: list[Event] = []
        at = 0
        while True:
            used, count, events = c_size_t(), c_size_t(), (_Event * EVENTS)()
            rest = byref(buffer, at) if buffer is not None else None
            left = c_size_t(len(octets) - at)
            room = c_size_t(EVENTS)
            self._call("wsabi_conn_recv", rest, left, byref(used), events, room, byref(count))
            found += map(_copy_event, events[: count.value])
            at += used.value
            if at == len(octets):
                return found

    def recv_eof(self) -> None:
        """Tells that the peer's octets ended; what happened is of no interest here."""
        count, events = c_size_t(), (_Event * EVENTS)()
        self._call("wsabi_conn_recv_eof", events, c_size_t(EVENTS), byref(count))

    def output(self) -> bytes:
        """Takes all that is to be sent."""
        taken = b""
        while True:
            run, count = _Slice(), c_size_t()
            self._call("wsabi_conn_output", byref(run), c_size_t(1), byref(count))
            if count.value == 0:
                return taken
            taken += _octets(run)
            self._call("wsabi_conn_output_consumed", c_size_t(run.len))

    def interest(self) -> int:
        return self._library.ask("wsabi_conn_interest", self._handle)

    def send_text(self, payload: bytes) -> None:
        self._call("wsabi_conn_send_text", payload, c_size_t(len(payload)))

    def send_binary(self, payload: bytes) -> None:
        self._call("wsabi_conn_send_binary", payload, c_size_t(len(payload)))

    def close(self, code: int, reason: bytes = b"") -> None:
        self._call("wsabi_conn_close", c_uint16(code), reason, c_size_t(len(reason)))

    def recv_request(
        self,
        version: int,
        method: bytes,
        target: bytes,
        authority: bytes,
        protocol: bytes,
        headers: Fields,
    ) -> list[Event]:
        """Gives a request that an HTTP library parsed; returns what happened."""
        request = _Request(ctypes.sizeof(_Request), version)
        request.method, request.target = _slice(method), _slice(target)
        request.authority, request.protocol = _slice(authority), _slice(protocol)
        request.headers, request.header_count = _headers(headers), len(headers)
        count, events, room = c_size_t(), (_Event * EVENTS)(), c_size_t(EVENTS)
        self._call("wsabi_conn_recv_request", byref(request), events, room, byref(count))
        return [_copy_event(event) for event in events[: count.value]]

    def accept(self) -> None:
        self._call("wsabi_conn_accept", None, c_size_t(0), None)

    def reject(self, response: Response) -> None:
        answer = _Response(ctypes.sizeof(_Response), response.status)
        answer.headers, answer.header_count = _headers(response.headers), len(response.headers)
        answer.body, answer.body_len = response.body, len(response.body)
        self._call("wsabi_conn_reject", byref(answer))

    def response(self) -> Response:
        """The response that the host has to send."""
        status, body = c_uint32(), _Slice()
        self._call("wsabi_conn_response_status", byref(status))
        self._call("wsabi_conn_response_body", byref(body))
        return Response(status.value, list(self._response_headers()), _octets(body))

    def _response_headers(self) -> Iterator[tuple[bytes, bytes]]:
        header = _Header()
        for index in count_up():
            arguments = (self._handle, c_size_t(index), byref(header))
            if self._library.ask("wsabi_conn_response_header", *arguments) != 0:
                return
            yield _octets(header.name), _octets(header.value)

    def _call(self, name: str, *arguments: object) -> None:
        self._library.call(name, self._handle, *arguments)


def _slice(octets: bytes) -> _Slice:
    """A view of the octets, which the caller keeps."""
    return _Slice(ctypes.cast(c_char_p(octets), c_void_p), len(octets))


def _octets(view: _Slice) -> bytes:
    return ctypes.string_at(view.data, view.len) if view.len else b""


def _headers(fields: Fields) -> ctypes.Array[_Header]:
    headers = [_Header(_slice(name), _slice(value)) for name, value in fields]
    return (_Header * len(headers))(*headers)


def _copy_event(event: _Event) -> Event:
    payload = ctypes.string_at(event.data, event.len) if event.len else b""
    return Event(event.type, event.code, payload, event.flags)
