"""WebSockets over HTTP/2 (RFC 8441): clients with HTTP/2 of their own against http2_server.py."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from client_process import run_client
from report import Report
from server_process import ServerError, ServerProcess
from tools import HERE, chromium_client, find_program, node_client, python_with_clients

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


@dataclass(frozen=True)
class Client:
    """A client: which of the runner's tools it needs, and how it is called."""

    name: str
    tools: tuple[str, ...]
    prepare: Callable[[], list[str]]
    cases: tuple[str, ...]
    tls: bool = False


CLIENTS = (
    Client("node", ("websockets", "ws"), partial(node_client, "http2_node_client.js"), NODE_CASES),
    Client(
        "chromium",
        ("chromium", "openssl"),
        partial(chromium_client, "http2_chromium_client.py"),
        ("echo", "unknown-path"),
        tls=True,
    ),
)


def report_http2(report: Report, library: Path, missing: Mapping[str, str]) -> None:
    """Runs every client, or reports its cases as skipped."""
    for client in CLIENTS:
        reason = next((missing[tool] for tool in client.tools if tool in missing), None)
        results = {} if reason else run(client, library)
        for case in dict.fromkeys([*client.cases, *results]):
            name = f"http2 {client.name} {case}"
            failure = results.get(case, "the client said nothing about it")
            if reason:
                report.skip(name, reason)
            elif failure:
                report.fail(name, failure)
            else:
                report.ok(name)


def run(client: Client, library: Path) -> dict[str, str]:
    """What the client says about each case."""
    server = [python_with_clients(), str(HERE / "http2_server.py"), "--library", str(library)]
    try:
        with certificate(client.tls) as options, ServerProcess([*server, *options]) as process:
            return run_client(client.prepare(), process.url, client.cases, lambda: None)
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
        openssl = find_program("openssl", "openssl")
        command = [openssl, *CERTIFICATE.split(), "-keyout", key, "-out", chain]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        both.write_text(key.read_text() + chain.read_text())
        yield ["--certificate", str(both)]
