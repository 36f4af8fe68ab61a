#!/usr/bin/env python3
"""Talks to a server, or to an example client, for a minute.

    tests/interop/brief.py --server build/echo_server
    tests/interop/brief.py --server build/handler --only starscream-request autobahn-request
    tests/interop/brief.py --client build/client

It is for implementations that share what ``run.py`` tests at length: plain sockets and one real
client. A server takes the same arguments as there; with ``--only`` it runs the named cases of
``raw_cases``, and no client. A client is called with a host, a port and messages, prints what is
echoed and ends with 0. Exit status: 0 when all passed, 1 when some failed, 3 when a tool is
missing.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

from connect import SERVERS, UNICODE, server_command
from raw_cases import CASES, expect
from report import Report
from run import LIBRARY, OFFER_ANY, Client, report_client, report_raw
from server_process import ServerProcess
from tools import MISSING_TOOL_STATUS, MissingTool, python_client

MESSAGES = ["Hello", UNICODE, "x" * 65536, "", "bye"]
TIMEOUT = 60.0


def report_server(report: Report, server: Sequence[str], only: Sequence[str]) -> None:
    for name in only or CASES:
        report_raw(report, name, partial(CASES[name], server))
    if not only:
        command = python_client("websockets_client.py")
        client = Client("websockets", lambda: command, LIBRARY, OFFER_ANY)
        report_client(report, server, client, command, None)


def echo(client: Sequence[str], script: str) -> None:
    """Every message comes back from a real server."""
    with ServerProcess(server_command(script)) as server:
        command = [*client, "127.0.0.1", str(server.port), *MESSAGES]
        result = subprocess.run(command, stdout=subprocess.PIPE, timeout=TIMEOUT, check=True)
    expect("echo", result.stdout.decode().split("\n") == [*MESSAGES, ""], True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Talks to a server or a client for a minute.")
    parser.add_argument("--server", metavar="CMD", help="command of a server")
    parser.add_argument("--only", nargs="+", default=[], choices=CASES, help="cases of the server")
    parser.add_argument("--client", metavar="CMD", help="command of a client")
    arguments = parser.parse_args()
    report = Report()
    try:
        if arguments.server:
            report_server(report, shlex.split(arguments.server), arguments.only)
        if arguments.client:
            for script in SERVERS:
                case = partial(echo, shlex.split(arguments.client), script)
                report_raw(report, f"echo of {script}", case)
    except MissingTool as missing:
        print(missing)
        return MISSING_TOOL_STATUS
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
