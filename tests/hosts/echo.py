"""wsabi from Python's cffi, without a compiler: python3 echo.py LIBRARY DECLARATIONS"""

import sys
from pathlib import Path

from cffi import FFI

library, declarations = sys.argv[1:]
ffi = FFI()
ffi.cdef(Path(declarations).read_text())
wsabi = ffi.dlopen(library)


def check(status):
    if status != wsabi.WSABI_OK:
        raise RuntimeError(ffi.string(wsabi.wsabi_status_text(status)).decode())


assert wsabi.wsabi_abi_version() == wsabi.WSABI_ABI_VERSION
slot = ffi.new("wsabi_conn **")
check(wsabi.wsabi_conn_new_server(ffi.NULL, slot))
conn = slot[0]

events, runs = ffi.new("wsabi_event[16]"), ffi.new("wsabi_iovec[16]")
used, count = ffi.new("size_t *"), ffi.new("size_t *")


def receive(octets):
    """Accepts every request, sends every text back."""
    buffer, at = ffi.new("uint8_t[]", octets), 0
    while at < len(octets):
        check(wsabi.wsabi_conn_recv(conn, buffer + at, len(octets) - at, used, events, 16, count))
        for event in events[0 : count[0]]:
            if event.type == wsabi.WSABI_EVENT_REQUEST:
                check(wsabi.wsabi_conn_accept(conn, ffi.NULL, 0, ffi.NULL))
            elif event.type == wsabi.WSABI_EVENT_TEXT:
                check(wsabi.wsabi_conn_send_text(conn, event.data, event.len))
        at += used[0]


def output():
    check(wsabi.wsabi_conn_output(conn, runs, 16, count))
    octets = b"".join(ffi.buffer(run.base, run.len)[:] for run in runs[0 : count[0]])
    check(wsabi.wsabi_conn_output_consumed(conn, len(octets)))
    return octets


# RFC 6455 1.3 and 5.7.
receive(
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
assert output() == (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
receive(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
assert output() == b"\x81\x05Hello"
wsabi.wsabi_conn_free(conn)
