"""An echo server on wsabi whose permessage-deflate (RFC 7692) is what the path says.

    deflate_server.py --library libwsabi.so --host 127.0.0.1 --port 0

A path is ``/SETTINGS/...`` with the settings that ``deflate_config`` knows. A message that
arrives as it is, without compression, is answered with a Close; a plain request gets an empty
page. Start and end are those of ``server_process.py``.
"""

from __future__ import annotations

import socket
from functools import partial

import libwsabi
from libwsabi import Connection, Library, Response, deflate_config
from python_server import run_server, server_arguments

# With an icon of no octets, so that a browser asks for none.
HTML = b"<!doctype html><title>wsabi</title><link rel=icon href=data:,>\n"
PAGE = Response(200, [(b"Content-Type", b"text/html")], HTML)
POLICY_VIOLATION = 1008


def serve(library: Library, peer: socket.socket) -> None:
    """The loop of every host, behind a first read that tells the config."""
    octets = peer.recv(65536)
    if not octets:  # a browser connects in advance
        return
    settings = octets.split(b"/", 2)[1].decode()
    config = deflate_config(library, settings)
    config.set(libwsabi.OPTION_AUTO_ACCEPT, 1)
    config.set(libwsabi.OPTION_PLAIN_HTTP, 1)
    connection = Connection.server(library, config)
    while True:
        for event in connection.recv(octets):
            if event.type in (libwsabi.EVENT_TEXT, libwsabi.EVENT_BINARY):
                echo(connection, event)
            elif event.type == libwsabi.EVENT_HTTP_REQUEST:
                connection.reject(PAGE)
        if not octets:
            connection.recv_eof()
        peer.sendall(connection.output())
        interest = connection.interest()
        if interest & libwsabi.INTEREST_CLOSE:
            return
        if interest & libwsabi.INTEREST_SHUTDOWN_WRITE:
            peer.shutdown(socket.SHUT_WR)
        octets = peer.recv(65536)


def echo(connection: Connection, event: libwsabi.Event) -> None:
    if not event.flags & libwsabi.FLAG_COMPRESSED:
        connection.close(POLICY_VIOLATION, b"The message was not compressed.")
    elif event.type == libwsabi.EVENT_TEXT:
        connection.send_text(event.payload)
    else:
        connection.send_binary(event.payload)


def main() -> None:
    arguments = server_arguments().parse_args()
    run_server(arguments.host, arguments.port, partial(serve, Library(arguments.library)))


main()
