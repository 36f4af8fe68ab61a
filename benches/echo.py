#!/usr/bin/env python3
"""CPU time per message of the echo server of wsabi, beside a raw TCP echo of the
same octets and beside a C server that does the least possible; and with
permessage-deflate, beside that C server with stock zlib.

    python3 benches/echo.py [--quick] [--swift COMMAND]

--swift names the echo server of bindings/swift, which is compared with the C one.

The server runs on one CPU, the load generator on another. Servers take turns,
so that noise from outside meets all of them; figures are medians of the turns.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
OUTPUT = BENCHES.parent / "target" / "bench"

SIZES = (16, 125, 1024, 16384)
DEPTHS = (1, 16)
CONNECTIONS = 64

# JSON, without context takeover.
DEFLATE_SIZE = 1024
# What wsabi may take of the CPU time with stock zlib, with no more octets.
DEFLATE_BOUND = 0.80

# What wsabi may take of raw's CPU time.
BOUNDS = {
    (1, 16): 1.10, (1, 125): 1.10, (1, 1024): 1.10, (1, 16384): 1.10,
    (16, 16): 1.35, (16, 125): 1.35, (16, 1024): 1.35, (16, 16384): 1.15,
}  # fmt: skip

# What the Swift server may take of the C server's CPU time.
SWIFT_BOUND = 1.25

COMPILE = ("cc", "-std=c11", "-O3", "-march=native", "-Wall", "-Wextra", "-Wpedantic")


@dataclass
class Server:
    """A server, and how it is talked to."""

    name: str
    command: list[str]
    raw: bool = False


SERVERS = (
    Server("raw", [str(OUTPUT / "raw_echo")], raw=True),
    Server("floor", [str(OUTPUT / "floor_echo")]),
    Server(
        "wsabi",
        [str(BENCHES.parent / "c-examples/build/echo_server"), "--host", "127.0.0.1", "--port", "0"],
    ),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short turn of each server")
    parser.add_argument("--swift", metavar="COMMAND", help="the Swift echo server, run too")
    arguments = parser.parse_args()
    quick = arguments.quick
    servers = list(SERVERS)
    if arguments.swift:
        command = [*shlex.split(arguments.swift), "--host", "127.0.0.1", "--port", "0"]
        servers.append(Server("swift", command))
    turns, seconds = (1, 0.2) if quick else (5, 0.5)
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        sys.exit("echo.py: it takes two CPUs, one for the server and one for the load")
    echo_server = Path(SERVERS[-1].command[0])
    if not echo_server.exists():
        sys.exit(f"echo.py: {echo_server.relative_to(BENCHES.parent)} is missing: make examples")
    build()

    figures = {}
    for depth in DEPTHS:
        for size in SIZES:
            for _ in range(turns):
                for server in servers:
                    result = turn(server, cpus, size, depth, seconds)
                    figures.setdefault((depth, size, server.name), []).append(result)
            print(f"depth {depth}, {size} octets: done", file=sys.stderr)
        for _ in range(turns):
            for server in SERVERS[1:]:
                result = turn(server, cpus, DEFLATE_SIZE, depth, seconds, "--deflate")
                figures.setdefault((depth, "deflate", server.name), []).append(result)
        print(f"depth {depth}, permessage-deflate: done", file=sys.stderr)
    medians = {
        key: tuple(statistics.median(column) for column in zip(*results))
        for key, results in figures.items()
    }
    times = {key: time for key, (time, _) in medians.items()}
    report(times)
    report_deflate(medians)
    if arguments.swift:
        report_swift(times)


def build():
    """Compiles the load generator and the two servers for comparison."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in ("load", "raw_echo", "floor_echo"):
        source = BENCHES / "echo" / f"{name}.c"
        subprocess.run([*COMPILE, "-o", str(OUTPUT / name), str(source), "-lz"], check=True)


def turn(server, cpus, size, depth, seconds, *flags):
    """Starts a server, loads it, ends it: microseconds of CPU time per message, and the octets
    of a reply."""
    with running(server, cpus[0]) as (process, port):
        command = [
            str(OUTPUT / "load"), "--port", port, "--pid", str(process.pid),
            "--conns", str(CONNECTIONS), "--depth", str(depth), "--size", str(size),
            "--secs", str(seconds), *(["--raw"] if server.raw else []), *flags,
        ]  # fmt: skip
        load = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            timeout=seconds + 30,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpus[1]}),
        )
    result = json.loads(load.stdout)
    return result["cpu_us_per_message"], result["reply_octets"]


@contextlib.contextmanager
def running(server, cpu):
    """A server's process and port, as it tells them on its first line."""
    process = subprocess.Popen(
        server.command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    try:
        line = process.stdout.readline()
        address = re.fullmatch(r"listening on \w+://[^/]*:(\d+)/\n", line)
        if not address:
            raise RuntimeError(f"{server.name} says {line!r}")
        yield process, address[1]
    finally:
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()


def report(medians):
    """Prints a table for each depth, beside the goals."""
    names = [server.name for server in SERVERS]
    for depth in DEPTHS:
        print(f"\nCPU us per message, {CONNECTIONS} connections, depth {depth}")
        print(f"{'octets':>8}", *(f"{name:>8}" for name in names), " floor/raw  wsabi/raw  goal")
        for size in SIZES:
            raw, floor, wsabi = (medians[depth, size, name] for name in names)
            ratio, bound = wsabi / raw, BOUNDS[depth, size]
            verdict = "reached" if ratio <= bound else "MISSED"
            print(
                f"{size:>8}", *(f"{value:>8.3f}" for value in (raw, floor, wsabi)),
                f"{floor / raw:>10.2f} {ratio:>10.2f}  <= {bound:.2f} {verdict}",
            )  # fmt: skip


def report_deflate(medians):
    """Prints what an echo with permessage-deflate takes, beside the goal."""
    print(f"\npermessage-deflate: CPU us per message of {DEFLATE_SIZE} octets, {CONNECTIONS} connections")
    print(f"{'depth':>8} {'zlib':>8} {'octets':>8} {'wsabi':>8} {'octets':>8}  wsabi/zlib  goal")
    for depth in DEPTHS:
        (zlib, zlib_octets), (wsabi, octets) = (
            medians[depth, "deflate", server.name] for server in SERVERS[1:]
        )
        ratio = wsabi / zlib
        verdict = "reached" if ratio <= DEFLATE_BOUND and octets <= zlib_octets else "MISSED"
        print(
            f"{depth:>8} {zlib:>8.2f} {zlib_octets:>8.1f} {wsabi:>8.2f} {octets:>8.1f}"
            f"{ratio:>12.2f}  <= {DEFLATE_BOUND:.2f} {verdict}"
        )


def report_swift(medians):
    """Prints the Swift server beside the C server."""
    print(f"\nCPU us per message, {CONNECTIONS} connections, the Swift server")
    print(f"{'depth':>8} {'octets':>8} {'swift':>8}  swift/raw  swift/wsabi  goal")
    for depth in DEPTHS:
        for size in SIZES:
            raw, wsabi, swift = (medians[depth, size, name] for name in ("raw", "wsabi", "swift"))
            verdict = "reached" if swift / wsabi <= SWIFT_BOUND else "MISSED"
            print(
                f"{depth:>8} {size:>8} {swift:>8.3f} {swift / raw:>10.2f} {swift / wsabi:>12.2f}"
                f"  <= {SWIFT_BOUND:.2f} {verdict}"
            )


if __name__ == "__main__":
    main()
