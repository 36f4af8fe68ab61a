"""A server that gives the answer that the path names, for what the echo server's flags cannot.

    answering_server.py --library libwsabi.so --host 127.0.0.1 --port 0

An opening handshake for /STATUS is refused with that status, for /close/CODE/REASON it is
accepted and closed with code and reason. A plain request for / gets an empty page. Start and
end are those of ``server_process.py``.
"""

from __future__ import annotations

import socket
from functools import partial
from urllib.parse import unquote

import libwsabi
from libwsabi import Config, Connection, Library, Response
from python_server import run_server, server_arguments

PAGE = Response(200, [(b"Content-Type", b"text/html")], b"<!doctype html><title>wsabi</title>\n")
FIELDS = {
    302: [(b"Location", b"/close/1000/moved")],
    401: [(b"WWW-Authenticate", b'Basic realm="test"')],
    503: [(b"Retry-After", b"1")],
}


def decide(connection: Connection, target: str) -> None:
    """Answers an opening handshake."""
    match unquote(target).split("/")[1:]:
        case ["close", code, reason]:
            connection.accept()
            connection.close(int(code), reason.encode())
        case [status]:
            number = int(status)
            connection.reject(Response(number, FIELDS.get(number, []), b"No.\n"))


def serve(library: Library, config: Config, peer: socket.socket) -> None:
    """The loop of every host: receive, handle the events, write the output, ask."""
    connection = Connection.server(library, config)
    while not connection.interest() & libwsabi.INTEREST_CLOSE:
        octets = peer.recv(65536)
        if not octets:
            connection.recv_eof()
        for event in connection.recv(octets):
            if event.type == libwsabi.EVENT_REQUEST:
                decide(connection, event.payload.decode())
            elif event.type == libwsabi.EVENT_HTTP_REQUEST:
                connection.reject(PAGE)
        peer.sendall(connection.output())
        if connection.interest() & libwsabi.INTEREST_SHUTDOWN_WRITE:
            peer.shutdown(socket.SHUT_WR)


def main() -> None:
    arguments = server_arguments().parse_args()
    library = Library(arguments.library)
    config = Config(library)
    config.set(libwsabi.OPTION_PLAIN_HTTP, 1)
    run_server(arguments.host, arguments.port, partial(serve, library, config))


main()
