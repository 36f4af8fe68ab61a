#!/usr/bin/env python3
"""Runs an echo client against the Autobahn test suite's fuzzing server.

    tests/autobahn/client.py --client build/echo_client

The client is called with a port of 127.0.0.1 and the name of the agent. It asks at
``/getCaseCount`` how many cases there are, echoes in ``/runCase?case=N&agent=NAME`` and ends with
``/updateReports?agent=NAME``. What every single case must come to is in
``client_expected.json``; the rest is as in ``run.py``. Two servers share the work. Reports are
left below ``target/autobahn-client``.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
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

from server_process import ServerError
from tools import TARGET

SUITE = Suite(HERE / "client_expected.json", TARGET / "autobahn-client")
START_TIMEOUT = 20.0


@contextmanager
def fuzzing_server(wstest: str, reports: Path, cases: Sequence[str]) -> Iterator[int]:
    """A fuzzing server for these cases; yields its port."""
    port = free_port()
    specification = write_specification(
        reports, {"url": f"ws://127.0.0.1:{port}", "cases": list(cases)}
    )
    with open(reports / "wstest.log", "wb") as log:
        server = subprocess.Popen(
            # Without the web pages, which have a port of their own.
            [wstest, "-m", "fuzzingserver", "--webport", "0", "-s", str(specification)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(server, port)
        yield port
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port where nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Returns when the server listens."""
    end = time.monotonic() + START_TIMEOUT
    while server.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise ServerError("the fuzzing server did not start; see its wstest.log")


def run_client(client: str, wstest: str, reports: Path, cases: Sequence[str]) -> Outcomes:
    """Runs the client with one fuzzing server; returns what its reports say about each case."""
    with fuzzing_server(wstest, reports, cases) as port:
        subprocess.run([client, str(port), AGENT], timeout=TIMEOUT, check=True)
    return read_outcomes(reports)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Runs an echo client against the Autobahn test suite's fuzzing server."
    )
    parser.add_argument("--client", required=True, metavar="PROGRAM", help="the echo client")
    add_arguments(parser)
    arguments = parser.parse_args()
    return SUITE.main(arguments, partial(run_client, arguments.client))


if __name__ == "__main__":
    sys.exit(main())
