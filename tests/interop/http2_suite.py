"""WebSockets over HTTP/2 (RFC 8441), between several implementations of HTTP/2.

wsabi is the server's side below Python `h2`, for Node and for Chromium, and the client's side
below Python `h2`, for a server on Node.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from client_process import run_client
from report import Report
from server_process import ServerError, ServerProcess
from tools import (
    HERE,
    chromium_client,
    find_program,
    node_client,
    node_program,
    python_client,
    python_with_clients,
)

NODE_CASES = (
    "settings",
    "open",
    "subprotocol",
    "text-unicode",
    "binary-102400",
    "two-streams",
    "close-4001",
    "bad-utf8",
    "unknown-protocol",
    "unknown-path",
    "wrong-version",
    "after-refusals",
)
CERTIFICATE = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=test"

Command = Callable[[Path], list[str]]  # of a program that may need the path of libwsabi.so


@dataclass(frozen=True)
class Pair:
    """A server and a client: their commands, and which of the runner's tools they need."""

    name: str
    tools: tuple[str, ...]
    server: Command
    client: Command
    cases: tuple[str, ...]
    tls: bool = False


def h2_server(library: Path) -> list[str]:
    return [python_with_clients(), str(HERE / "http2_server.py"), "--library", str(library)]


def node_server(library: Path) -> list[str]:
    return node_program(HERE / "http2_echo_server.js")


def wsabi_client(library: Path) -> list[str]:
    client = python_client("http2_wsabi_client.py")
    return ["env", f"PYTHONPATH={HERE}", *client, str(library)]


PAIRS = (
    Pair(
        "node",
        ("websockets", "ws"),
        h2_server,
        lambda library: node_client("http2_node_client.js"),
        NODE_CASES,
    ),
    Pair(
        "chromium",
        ("chromium", "openssl"),
        h2_server,
        lambda library: chromium_client("http2_chromium_client.py"),
        ("echo", "unknown-path"),
        tls=True,
    ),
    Pair(
        "wsabi-client",
        ("websockets", "ws"),
        node_server,
        wsabi_client,
        ("text-unicode", "binary-102400", "close-4001"),
    ),
)


def report_http2(report: Report, library: Path, missing: Mapping[str, str]) -> None:
    """Runs every pair, or reports its cases as skipped."""
    for pair in PAIRS:
        reason = next((missing[tool] for tool in pair.tools if tool in missing), None)
        results = {} if reason else run(pair, library)
        for case in dict.fromkeys([*pair.cases, *results]):
            name = f"http2 {pair.name} {case}"
            failure = results.get(case, "the client said nothing about it")
            if reason:
                report.skip(name, reason)
            elif failure:
                report.fail(name, failure)
            else:
                report.ok(name)


def run(pair: Pair, library: Path) -> dict[str, str]:
    """What the client says about each case."""
    server = pair.server(library)
    try:
        with certificate(pair.tls) as options, ServerProcess([*server, *options]) as process:
            return run_client(pair.client(library), process.url, pair.cases, lambda: None)
    except ServerError as error:
        return {"server": str(error)}


@contextmanager
def certificate(wanted: bool) -> Iterator[list[str]]:
    """The server's option for a certificate, made for this run."""
    if not wanted:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="wsabi-") as directory:
        key, chain, both = (Path(directory, name) for name in ("key", "chain", "both"))
        openssl = [find_program("openssl", "openssl"), *CERTIFICATE.split()]
        files = ["-keyout", str(key), "-out", str(chain)]
        subprocess.run([*openssl, *files], check=True, capture_output=True, timeout=60)
        both.write_text(key.read_text() + chain.read_text())
        yield ["--certificate", str(both)]
