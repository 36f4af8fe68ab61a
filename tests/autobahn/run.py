#!/usr/bin/env python3
"""Runs the Autobahn test suite's fuzzing client against the server.

    tests/autobahn/run.py --server build/echo_server

What every single case must come to is in ``expected.json``, see ``suite.py``. ``--bless``
rewrites the entries of the cases that were run. Without ``--cases`` those run that take
minutes; all of them, ``--cases '*'``, take a quarter of an hour or two, which the fuzzing client
spends in sections 12 and 13. Two clients share the work. Reports are left below
``target/autobahn``. Exit status: 0 when all is as expected, 1 when it is not, 3 when a tool is
missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# First: it says where the modules of ../interop are.
from suite import (
    AGENT,
    HERE,
    TIMEOUT,
    Outcomes,
    Suite,
    add_arguments,
    read_outcomes,
    write_specification,
)

from server_process import ServerProcess, add_server_argument, server_command
from tools import TARGET

SUITE = Suite(HERE / "expected.json", TARGET / "autobahn")


def run_client(url: str, wstest: str, reports: Path, cases: Sequence[str]) -> Outcomes:
    """Runs one fuzzing client; returns what its reports say about each case."""
    specification = write_specification(
        reports, {"servers": [{"agent": AGENT, "url": url}], "cases": list(cases)}
    )
    with open(reports / "wstest.log", "wb") as log:
        subprocess.run(
            [wstest, "-m", "fuzzingclient", "-s", str(specification)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=True,
        )
    return read_outcomes(reports)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Runs the Autobahn test suite's fuzzing client against a server."
    )
    add_server_argument(parser)
    add_arguments(parser)
    arguments = parser.parse_args()

    def run_share(wstest: str, reports: Path, cases: Sequence[str]) -> Outcomes:
        return run_client(server.url, wstest, reports, cases)

    with ServerProcess(server_command(arguments.server)) as server:
        return SUITE.main(arguments, run_share)


if __name__ == "__main__":
    sys.exit(main())
