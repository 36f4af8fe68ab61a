#!/usr/bin/env python3
"""Runs the terminal clients against real servers, and against servers that err.

    tests/interop/connect.py --client c-examples/build/client --client 'target/debug/wsabi connect'

A client takes options and a URL as `c-examples/client.c` does, with the same exit status and
notes. ``--raw`` leaves the real servers out: a client under valgrind then needs no package.
Exit status: 0 when all passed, 1 when some failed, 3 when a tool is missing.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from raw_cases import expect
from raw_servers import CASES, expect_outcome
from report import Report
from server_process import ServerError, ServerProcess
from terminal import CLOSED, Outcome, Session, run
from tools import HERE, MISSING_TOOL_STATUS, MissingTool, node_program, python_with_clients

SERVERS = ("websockets_server.py", "aiohttp_server.py", "ws_server.js")
SIDE_BY_SIDE = 4
UNICODE = "Grüße, Привет, שלום, नमस्ते, こんにちは, 你好, 👩‍🚀 𝄞"
# Enough to be more than one read, and more than any server takes as one frame.
LONG = "".join(f"{number:x} " for number in range(1 << 18))

def server_command(script: str) -> list[str]:
    """The command of a server in servers/."""
    path = HERE / "servers" / script
    return node_program(path) if path.suffix == ".js" else [python_with_clients(), str(path)]


# ---- Cases: the client's command and the server's address ----


def converse(
    command: Sequence[str], url: str, lines: Sequence[str], options: Sequence[str] = ()
) -> Outcome:
    """The outcome of a client that ends when as many lines came as it was given."""
    with Session(command, url, options) as session:
        text = "".join(line + "\n" for line in lines).encode()
        speaker = threading.Thread(target=session.say, args=(text,))
        speaker.start()
        heard = [session.hear() for _ in lines]
        speaker.join()
        outcome = session.end()
        return replace(outcome, output=b"".join(heard) + outcome.output)


def echo(command: Sequence[str], url: str) -> None:
    """Lines of all sizes come back, then the client closes."""
    lines = ["Hello", "", UNICODE, LONG, *map(str, range(200))]
    outcome = converse(command, url, lines)
    expect("echo", outcome.output.decode().split("\n") == [*lines, ""], True)
    expect_outcome(outcome, CLOSED, "open", "close: 1000")


def subprotocol(command: Sequence[str], url: str) -> None:
    for options, note in (
        (["--subprotocol", "a", "--subprotocol", "chat"], "open, subprotocol chat\n"),
        ([], "open\n"),
    ):
        expect_outcome(run(command, url, options=options), CLOSED, note)


def headers(command: Sequence[str], url: str) -> None:
    options = ["--header", "X-Test: some value", "--origin", "http://a.example"]
    outcome = converse(command, url, ["!headers"], options)
    expect("headers", outcome.output, b"http://a.example some value\n")


def extensions(command: Sequence[str], url: str) -> None:
    """Compression is offered and taken, unless --no-deflate says otherwise."""
    agreed = converse(command, url, ["!extensions"]).output
    expect("permessage-deflate", agreed.startswith(b"permessage-deflate"), True)
    outcome = converse(command, url, ["!extensions"], ["--no-deflate"])
    expect("extensions", outcome.output, b"none\n")


def binary(command: Sequence[str], url: str) -> None:
    octets = " ".join(f"{octet:02x}" for octet in range(16))
    outcome = converse(command, url, ["!binary"])
    expect("note", outcome.output, f"[binary, 20 octets: {octets} ...]\n".encode())


def pings(command: Sequence[str], url: str) -> None:
    """Those of both sides are answered."""
    with Session(command, url, ["--ping", "1"]) as session:
        session.say(b"!ping\n")
        expect("pong", session.hear(), b"pong\n")
        time.sleep(1.5)
        expect_outcome(session.end(), CLOSED, "pong after", "close: 1000")


def server_closes(command: Sequence[str], url: str) -> None:
    with Session(command, url) as session:
        session.say(b"!close\n")
        expect_outcome(session.wait(), CLOSED, "close: 4001 enough")


def client_closes(command: Sequence[str], url: str) -> None:
    """The server sees code and reason."""
    run(command, url, b"x\n", ["--close", "4002:until tomorrow"])
    expect_last_close(command, url, b"4002 until tomorrow")


def interrupted(command: Sequence[str], url: str) -> None:
    with Session(command, url) as session:
        session.say(b"x\n")
        expect("echo", session.hear(), b"x\n")
        session.interrupt(signal.SIGINT)
        expect_outcome(session.wait(), CLOSED, "close: 100")  # aiohttp answers 1000
    expect_last_close(command, url, b"1001")


def expect_last_close(command: Sequence[str], url: str, wanted: bytes) -> None:
    """Servers note a Close shortly after the connection ended."""
    for _ in range(20):
        seen = converse(command, url + "last-close", ["!last-close"]).output.strip()
        if seen == wanted:
            return
        time.sleep(0.1)
    expect("Close", seen, wanted)


REAL_CASES: dict[str, Callable[[Sequence[str], str], None]] = {
    case.__name__.replace("_", "-"): case
    for case in (
        *(echo, subprotocol, headers, extensions, binary, pings),
        *(server_closes, client_closes, interrupted),
    )
}


# ---- The run ----


def report_case(report: Report, name: str, case: Callable[[], None]) -> None:
    try:
        case()
    except Exception as error:  # whatever a broken client leads to is the case's result
        report.fail(name, f"{type(error).__name__}: {error}")
    else:
        report.ok(name)


def report_raw(report: Report, name: str, command: Sequence[str]) -> None:
    """Some at a time: there are cases that wait for a client's patience to end."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for case_name, case in CASES.items():
            pool.submit(report_case, report, f"{name} raw {case_name}", partial(case, command))


def report_server(report: Report, name: str, command: Sequence[str], script: str) -> None:
    try:
        with ServerProcess(server_command(script)) as server:
            for case_name, case in REAL_CASES.items():
                full_name = f"{name} {script} {case_name}"
                report_case(report, full_name, partial(case, command, server.url))
    except ServerError as error:
        report.fail(f"{name} {script}", str(error))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs terminal clients against servers.")
    parser.add_argument(
        "--client", action="append", required=True, metavar="CMD", help="command of a client"
    )
    parser.add_argument("--raw", action="store_true", help="only the servers that err")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    report = Report()
    try:
        for client in arguments.client:
            command = shlex.split(client)
            name = " ".join(Path(word).name for word in command)
            report_raw(report, name, command)
            for script in () if arguments.raw else SERVERS:
                report_server(report, name, command, script)
    except MissingTool as missing:
        print(missing)
        return MISSING_TOOL_STATUS
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
