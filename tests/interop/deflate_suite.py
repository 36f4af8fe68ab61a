"""permessage-deflate (RFC 7692) between wsabi and other implementations, both ways.

Other clients talk to deflate_server.py, which is set to what the case says; wsabi's client,
set to what the case says, talks to other servers. Every message is compared with its echo, and
on wsabi's side every one has to arrive compressed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from client_process import run_client
from report import Report
from server_process import ServerError, ServerProcess
from tools import (
    HERE,
    chromium_client,
    node_client,
    node_program,
    python_client,
    python_with_clients,
)

# What wsabi is set to, as either role: takeover off and on, every window and every level.
TAKEOVER = "server_no_context_takeover=0,client_no_context_takeover=0"
SETTINGS = (
    "default",
    "min_size=0,memory_level=1,level=1",
    f"{TAKEOVER},min_size=0,memory_level=9,level=9",
    *(
        f"{TAKEOVER},level={level},server_max_window_bits={bits},client_max_window_bits={bits}"
        for bits, level in zip(range(9, 16), range(2, 9), strict=True)
    ),
    "server_max_window_bits=9,client_max_window_bits=9",
)
# zlib has no window of 8 bits to compress with, so that of the peers only Node and Chromium,
# which take 9 instead, do.
SMALL = f"{TAKEOVER},min_size=0,server_max_window_bits=8"
SMALLEST = f"{TAKEOVER},server_max_window_bits=8,client_max_window_bits=8"

# What other clients offer to a server that leaves it to them, and to one that does not.
NO_TAKEOVER = "server_no_context_takeover=1,client_no_context_takeover=1"
OFFERS = (
    NO_TAKEOVER,
    "server_no_context_takeover=1,level=1",
    "client_no_context_takeover=1,level=9",
    "server_max_window_bits=8,client_max_window_bits=9",
    "server_max_window_bits=12,client_max_window_bits=15",
)

Command = Callable[[Path], list[str]]  # of a program that may need the path of libwsabi.so


@dataclass(frozen=True)
class Pair:
    """A server and a client: their commands, and which of the runner's tools they need."""

    name: str
    tools: tuple[str, ...]
    server: Command
    client: Command
    cases: tuple[str, ...]


def python_server(script: str, *words: str) -> Command:
    return lambda library: [python_with_clients(), str(HERE / script), *words]


def node_server(script: str, *words: str) -> Command:
    return lambda library: [*node_program(HERE / script), *words]


def wsabi_server(library: Path) -> list[str]:
    return [python_with_clients(), str(HERE / "deflate_server.py"), "--library", str(library)]


def wsabi_client(library: Path) -> list[str]:
    client = python_client("wsabi_deflate_client.py")
    return ["env", f"PYTHONPATH={HERE}", *client, str(library)]


def from_client(name: str, client: Callable[[], list[str]], *cases: str) -> Pair:
    return Pair(f"{name} client", (name,), wsabi_server, lambda library: client(), cases)


def from_server(name: str, server: Command, *cases: str) -> Pair:
    # The programs here need the same Python as the clients `websockets` and `aiohttp`.
    return Pair(f"{name} server", ("websockets", "ws"), server, wsabi_client, (*SETTINGS, *cases))


PAIRS = (
    from_client(
        "websockets",
        lambda: python_client("websockets_deflate_client.py"),
        *(f"{settings}/any" for settings in (*SETTINGS, SMALL)),
        *(f"{settings}/{offer}" for settings in ("default", TAKEOVER) for offer in OFFERS),
    ),
    from_client(
        "ws",
        lambda: node_client("ws_deflate_client.js"),
        *(f"{settings}/any" for settings in (*SETTINGS, SMALL, SMALLEST)),
        *(f"{settings}/{offer}" for settings in ("default", TAKEOVER) for offer in OFFERS),
    ),
    from_client(
        "aiohttp",
        lambda: python_client("aiohttp_deflate_client.py"),
        *(f"{settings}/15" for settings in SETTINGS),
        f"{TAKEOVER}/9",
        "default/12",
    ),
    from_client(
        "chromium",
        lambda: chromium_client("chromium_deflate_client.py"),
        *(f"{settings}/any" for settings in (*SETTINGS, SMALL, SMALLEST)),
    ),
    from_server("websockets", python_server("deflate_echo_server.py", "websockets")),
    from_server("demanding websockets", python_server("deflate_echo_server.py", "demanding")),
    from_server("aiohttp", python_server("deflate_echo_server.py", "aiohttp")),
    from_server("ws", node_server("deflate_echo_server.js"), SMALL, SMALLEST),
    from_server("demanding ws", node_server("deflate_echo_server.js", "demanding")),
)


def report_deflate(report: Report, library: Path, missing: Mapping[str, str]) -> None:
    """Runs every pair, or reports its cases as skipped."""
    for pair in PAIRS:
        reason = next((missing[tool] for tool in pair.tools if tool in missing), None)
        results = {} if reason else run(pair, library)
        for case in dict.fromkeys([*pair.cases, *results]):
            name = f"deflate {pair.name} {case}"
            failure = results.get(case, "the client said nothing about it")
            if reason:
                report.skip(name, reason)
            elif failure:
                report.fail(name, failure)
            else:
                report.ok(name)


def run(pair: Pair, library: Path) -> dict[str, str]:
    """What the client says about each case."""
    try:
        with ServerProcess(pair.server(library)) as process:
            return run_client(pair.client(library), process.url, pair.cases, lambda: None)
    except ServerError as error:
        return {"server": str(error)}
