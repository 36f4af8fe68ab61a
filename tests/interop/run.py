#!/usr/bin/env python3
"""Runs real WebSocket clients against the server, directly and behind nginx.

    tests/interop/run.py --server build/echo_server

The server has to take ``--host``, ``--port``, ``--path``, ``--origin``, ``--subprotocol``,
``--subprotocol-absent``, ``--subprotocol-mismatch``, ``--max-message`` and
``--opening-timeout``, print ``listening on ws://HOST:PORT/`` when it is ready, and echo. Raw
sockets come first; then each client runs its cases on a server of its own, and the last case
ends that server under an open connection. What follows needs libwsabi itself: compression with
every parameter, WebSockets over HTTP/2, the snippets of the documentation, and what clients
see of each answer. Exit status: 0
when all passed, 1 when some failed, 3 when a tool is missing.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import raw_cases
from client_process import run_client
from deflate_suite import report_deflate
from http2_suite import report_http2
from nginx import Nginx, NginxError, documented
from observations import report_observations
from report import Report
from server_process import ServerError, ServerProcess, add_server_argument, server_command
from snippets import report_snippets
from tools import (
    HERE,
    MISSING_TOOL_STATUS,
    TARGET,
    MissingTool,
    build_tungstenite_client,
    chromium_client,
    find_program,
    node_client,
    python_client,
)

CHAT = ("--subprotocol", "chat")

BINARY_SIZES = (0, 1, 125, 126, 65535, 65536, 1 << 20)
BINARY = tuple(f"binary-{size}" for size in BINARY_SIZES)
COMMON = ("text-ascii", "text-unicode", *BINARY[:-1], "pipelined-200", "no-subprotocol")
CLOSING = ("close-1000", "close-4001", "going-away")  # going-away ends the server: last
LIBRARY = (*COMMON, BINARY[-1], "ping-pong", *CLOSING)
BROWSER = ("page-text", "page-binary", *COMMON, *CLOSING)

# Clients that fail a connection whose server chose none of the offers have only the first.
OFFER_KNOWN = ("subprotocol-known",)
OFFER_ANY = ("subprotocol-known", "subprotocol-unknown")


@dataclass(frozen=True)
class Client:
    """A client program: how to get its command line, and which cases it knows."""

    name: str
    prepare: Callable[[], list[str]]
    cases: tuple[str, ...]
    subprotocol_cases: tuple[str, ...]

    def groups(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Server options, and the cases to run against a server that has them."""
        return [((), self.cases), (CHAT, self.subprotocol_cases)]


def all_clients(tungstenite: str | None) -> list[Client]:
    """Every client; ``tungstenite`` is the path of its program when that is built already."""

    def tungstenite_client() -> list[str]:
        return [tungstenite or build_tungstenite_client()]

    return [
        Client("websockets", partial(python_client, "websockets_client.py"), LIBRARY, OFFER_ANY),
        Client("aiohttp", partial(python_client, "aiohttp_client.py"), LIBRARY, OFFER_ANY),
        Client("ws", partial(node_client, "ws_client.js"), LIBRARY, OFFER_KNOWN),
        Client("tungstenite", tungstenite_client, LIBRARY, OFFER_KNOWN),
        Client("chromium", partial(chromium_client, "chromium_client.py"), BROWSER, OFFER_KNOWN),
    ]


class Tools:
    """What is there, and for what is not: the reason."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self.missing: dict[str, str] = {}
        self.commands: dict[str, list[str]] = {}
        self.nginx = self._find("nginx", "nginx-light")
        self._find("openssl", "openssl")
        for client in clients:
            try:
                self.commands[client.name] = client.prepare()
            except MissingTool as missing:
                self.missing[client.name] = str(missing)

    def _find(self, program: str, package: str) -> str:
        try:
            return find_program(program, package)
        except MissingTool as missing:
            self.missing[program] = str(missing)
            return ""

    def lacking(self, client: Client, behind_nginx: bool) -> str | None:
        """Why the client cannot run this way, or None."""
        needed = (client.name, "nginx") if behind_nginx else (client.name,)
        return next((self.missing[name] for name in needed if name in self.missing), None)


@contextmanager
def serve(
    server: Sequence[str], options: Sequence[str], nginx: str | None
) -> Iterator[tuple[ServerProcess, str]]:
    """A running server, and the address by which clients reach it."""
    with ServerProcess(server, *options) as process:
        if nginx is None:
            yield process, process.url
            return
        with Nginx(nginx, process.port, documented()) as proxy:
            yield process, proxy.url


def report_client(
    report: Report,
    server: Sequence[str],
    client: Client,
    command: Sequence[str],
    nginx: str | None,
) -> None:
    """Runs all cases of a client one way, direct or behind nginx."""
    prefix = case_prefix(client, nginx is not None)
    for options, cases in client.groups():
        results: dict[str, str] = {}
        try:
            with serve(server, options, nginx) as (process, url):
                end_server = partial(process.send_signal, signal.SIGTERM)
                results = run_client(command, url, cases, end_server)
        except (ServerError, NginxError, OSError) as error:
            report.fail(f"{prefix} server {' '.join(options)}".rstrip(), str(error))
        for case in dict.fromkeys([*cases, *results]):
            reason = results.get(case, "the client said nothing about it")
            if reason:
                report.fail(f"{prefix} {case}", reason)
            else:
                report.ok(f"{prefix} {case}")


def case_prefix(client: Client, behind_nginx: bool) -> str:
    return f"{client.name} {'nginx' if behind_nginx else 'direct'}"


def report_clients(
    report: Report, server: Sequence[str], clients: Sequence[Client], tools: Tools
) -> None:
    """Runs every client both ways, or reports its cases as skipped."""
    for client in clients:
        for behind_nginx in (False, True):
            missing = tools.lacking(client, behind_nginx)
            if missing is None:
                nginx = tools.nginx if behind_nginx else None
                report_client(report, server, client, tools.commands[client.name], nginx)
                continue
            for _, cases in client.groups():
                for case in cases:
                    report.skip(f"{case_prefix(client, behind_nginx)} {case}", missing)


def report_raw(report: Report, name: str, case: Callable[[], None]) -> None:
    """Runs one case of raw_cases."""
    try:
        case()
    except Exception as error:  # whatever a broken server leads to is the case's result
        report.fail(f"raw {name}", f"{type(error).__name__}: {error}")
    else:
        report.ok(f"raw {name}")


def report_raw_cases(report: Report, server: Sequence[str], tools: Tools) -> None:
    """Runs the cases on plain sockets."""
    for name, case in raw_cases.CASES.items():
        report_raw(report, name, partial(case, server))
    name = "refused-behind-bare-nginx"
    if "nginx" in tools.missing:
        report.skip(f"raw {name}", tools.missing["nginx"])
    else:
        case = partial(raw_cases.refused_behind_bare_nginx, server, tools.nginx)
        report_raw(report, name, case)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs real WebSocket clients against a server.")
    add_server_argument(parser)
    parser.add_argument("--tungstenite", metavar="PATH", help="tungstenite client, built already")
    parser.add_argument(
        "--library",
        type=Path,
        default=TARGET / "release" / "libwsabi.so",
        help="libwsabi.so, for the servers that are a part of the tests",
    )
    parser.add_argument(
        "--bless", action="store_true", help="write what is seen into the generated parts of docs/"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="skip what needs a tool that is missing"
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    clients = all_clients(arguments.tungstenite)
    tools = Tools(clients)
    for reason in dict.fromkeys(tools.missing.values()):
        print(reason)
    if tools.missing and not arguments.allow_missing:
        return MISSING_TOOL_STATUS
    server = server_command(arguments.server)
    report = Report()
    report_raw_cases(report, server, tools)
    report_clients(report, server, clients, tools)
    library = arguments.library.resolve()
    report_deflate(report, library, tools.missing)
    report_http2(report, library, tools.missing)
    report_snippets(report, library, arguments.bless)
    answering = [sys.executable, str(HERE / "answering_server.py"), "--library", str(library)]
    report_observations(report, server, answering, tools.missing, arguments.bless)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
