#!/usr/bin/env python3
"""Talks to the examples for other loops, whose arguments are a port and a time limit.

    tests/interop/loops.py --server 'valgrind -q build/echo_libuv'

What a loop can do wrong: octets in pieces and behind each other, a client that does not read,
one that never finishes its opening handshake, the end. Then one real client. Exit status: 0
when all passed, 1 when some failed, 3 when a tool is missing.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from functools import partial

from raw_cases import CASES
from report import Report
from run import LIBRARY, Client, report_client, report_raw
from server_process import add_server_argument, server_command
from tools import MISSING_TOOL_STATUS, MissingTool, python_client

RAW = (
    "starscream-request",
    "frame-behind-head",
    "byte-by-byte",
    "plain-request",
    "opening-timeout",
    "slow-reader",
    "sigterm",
    "sigint",
    "deaf",
)

def main() -> int:
    parser = argparse.ArgumentParser(description="Talks to an example for another loop.")
    add_server_argument(parser)
    words = server_command(parser.parse_args().server)
    # What follows is --host 127.0.0.1 --port PORT [--opening-timeout MS].
    server = ["sh", "-c", f'exec {shlex.join(words)} "$4" $6', "sh"]
    try:
        command = python_client("websockets_client.py")
    except MissingTool as missing:
        print(missing)
        return MISSING_TOOL_STATUS
    report = Report()
    for name in RAW:
        report_raw(report, name, partial(CASES[name], server))
    client = Client("websockets", lambda: command, LIBRARY, ())
    report_client(report, server, client, command, None)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
