#!/usr/bin/env python3
"""The Python package beside its peers in one run: in process, and as echo servers on uvloop.

    benches/python/run.py [--quick]

Takes the newest Python of the machine. Echo servers are measured as in ``benches/echo.py``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BINDING = ROOT / "bindings" / "python"
sys.path[:0] = [str(HERE.parent), str(BINDING / "tests"), str(ROOT / "tests" / "interop")]

import echo  # noqa: E402
from run import pythons  # noqa: E402  (of the tests)
from tools import TOOLS, install_once  # noqa: E402

NAMES = ("wsabi", "wsabi-handler", "picows", "websockets", "aiohttp",
         "uvicorn-wsabi", "uvicorn-websockets", "uvicorn-wsproto")  # fmt: skip
SIZES = (16, 125, 1024, 16384)
DEPTHS = (1, 16)

# What is promised: figure of wsabi / figure of the peer, at most.
IN_PROCESS = {
    ("picows", 1): 1.3, ("picows", 16): 1.3,
    ("websockets", 1): 1 / 3, ("websockets", 16): 1 / 8,
    ("wsproto", 1): 1 / 10, ("wsproto", 16): 1 / 25,
}  # fmt: skip
ECHO = {("picows", 16): 1 / 3, ("websockets", 16): 1 / 12, ("picows", 1): 1.15, ("websockets", 1): 1 / 2.7}


def environment() -> str:
    """A Python with the peers."""
    version, base = pythons()[-1]
    directory = TOOLS / f"bench-python-{version[0]}.{version[1]}"
    python = str(directory / "venv" / "bin" / "python")
    requirements = HERE / "requirements.txt"
    install_once(
        directory,
        requirements,
        [base, "-m", "venv", "venv"],
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(requirements)],
    )
    return python


def verdict(ratio: float, bound: float) -> str:
    return f"{ratio:.2f} <= {bound:.2f} {'reached' if ratio <= bound else 'MISSED'}"


def in_process(python: str, quick: bool) -> None:
    command = [python, str(HERE / "sansio.py"), *(["--quick"] if quick else [])]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    figures: dict[str, float] = json.loads(ran.stdout)
    print("In process, ns per message (octets, messages in a read)")
    for key, value in figures.items():
        print(f"{key:>30} {value:>9.0f}")
    for (peer, depth), bound in IN_PROCESS.items():
        ratio = figures[f"decode 16 {depth} wsabi"] / figures[f"decode 16 {depth} {peer}"]
        print(f"goal 13: wsabi / {peer}, 16 octets, depth {depth}: {verdict(ratio, bound)}")


def echo_servers(python: str, quick: bool) -> None:
    echo.build()
    servers = [echo.Server("raw", [str(echo.OUTPUT / "raw_echo")], raw=True)]
    servers += [echo.Server(name, [python, str(HERE / "server.py"), name]) for name in NAMES]
    cpus = sorted(os.sched_getaffinity(0))
    turns, seconds = (1, 0.3) if quick else (5, 0.5)
    medians: dict[tuple[int, int, str], float] = {}
    for depth in DEPTHS:
        print(f"\nEcho servers on uvloop, CPU us per message, {echo.CONNECTIONS} connections, depth {depth}")
        print(f"{'':>20}", *(f"{size:>8}" for size in SIZES))
        figures: dict[tuple[str, int], list[float]] = {}
        for size in SIZES:
            for _ in range(turns):
                for server in servers:
                    figures.setdefault((server.name, size), []).append(
                        echo.turn(server, cpus, size, depth, seconds)[0]
                    )
        for server in servers:
            row = [statistics.median(figures[server.name, size]) for size in SIZES]
            print(f"{server.name:>20}", *(f"{value:>8.2f}" for value in row))
            medians[depth, 16, server.name] = row[0]
    for (peer, depth), bound in ECHO.items():
        ratio = medians[depth, 16, "wsabi"] / medians[depth, 16, peer]
        goal = 14 if depth == 16 else 15
        print(f"goal {goal}: wsabi / {peer}, 16 octets, depth {depth}: {verdict(ratio, bound)}")


def main() -> None:
    quick = "--quick" in sys.argv
    os.environ["PYTHONPATH"] = str(BINDING / "src")
    os.environ["WSABI_LIBRARY"] = str(ROOT / "target" / "release" / "libwsabi.so")
    python = environment()
    in_process(python, quick)
    echo_servers(python, quick)


if __name__ == "__main__":
    main()
