#!/usr/bin/env python3
"""CPU time per message of the echo server of wsabi, beside a raw TCP echo of the
same octets and beside a C server that does the least possible; and with
permessage-deflate, beside that C server with stock zlib.

    python3 benches/echo.py [--quick] [--swift COMMAND] [--peers]

--swift names the echo server of bindings/swift, which is compared with the C one. --peers runs
Debian's libwebsockets, fastwebsockets, tokio-tungstenite and npm's ws too, and measures
handshakes and the memory of connections at rest. What was measured is left in
target/bench/echo.json, of which chart.py makes the picture of the README.

The server runs on one CPU, the load generator on another. Servers take turns,
so that noise from outside meets all of them; figures are medians of the turns.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import shlex
import socket
import statistics
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
OUTPUT = BENCHES.parent / "target" / "bench"

SIZES = (16, 125, 1024, 8192, 16384)
DEPTHS = (1, 16)
CONNECTIONS = 64

# JSON, without context takeover.
DEFLATE_SIZE = 1024
# What wsabi may take of the CPU time with stock zlib, with no more octets.
DEFLATE_BOUND = 0.80

# What wsabi may take of raw's CPU time.
BOUNDS = {
    (1, 16): 1.10, (1, 125): 1.10, (1, 1024): 1.10, (1, 8192): 1.10, (1, 16384): 1.10,
    (16, 16): 1.35, (16, 125): 1.35, (16, 1024): 1.35, (16, 8192): 1.15, (16, 16384): 1.15,
}  # fmt: skip

# What the embedded server may take of the CPU time of the best asynchronous Rust crate, with
# small messages at depth 16.
PEER_BOUND = 1 / 6
# Octets of a connection at rest, and the CPU time of a handshake beside floor's.
REST_BOUND, HANDSHAKE_BOUND = 320, 1.10
REST_CONNECTIONS, HANDSHAKES = 5000, 2000

# What the Swift server may take of the C server's CPU time.
SWIFT_BOUND = 1.25

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
DEFLATE_OFFER = b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"

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
    Server(
        "mio",
        [str(BENCHES.parent / "c-examples/build/server_mio"), "--host", "127.0.0.1", "--port", "0"],
    ),
)

RUST = BENCHES / "target/release"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short turn of each server")
    parser.add_argument("--swift", metavar="COMMAND", help="the Swift echo server, run too")
    parser.add_argument("--peers", action="store_true", help="the servers of others, run too")
    arguments = parser.parse_args()
    quick = arguments.quick
    build(arguments.peers)
    servers = [*SERVERS, *(peers() if arguments.peers else [])]
    if arguments.swift:
        command = [*shlex.split(arguments.swift), "--host", "127.0.0.1", "--port", "0"]
        servers.append(Server("swift", command))
    turns, seconds = (1, 0.2) if quick else (5, 0.5)
    # Servers inherit it; connections at rest are many.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        sys.exit("echo.py: it takes two CPUs, one for the server and one for the load")
    for server in SERVERS:
        if not Path(server.command[0]).exists():
            sys.exit(f"echo.py: {server.command[0]} is missing: make examples")

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
    times = {key: took for key, (took, _) in medians.items()}
    report(times, [server.name for server in servers])
    report_deflate(medians)
    others = [server for server in servers if not server.raw]
    handshakes = {name: statistics.median(took) for name, took in time_handshakes(others, cpus, turns)}
    rest = {server.name: rest_of(server, cpus) for server in others}
    report_rest(handshakes, rest)
    if arguments.swift:
        report_swift(times)
    save(times, handshakes, rest)


def peers():
    """The servers of others, as their own examples write them."""
    sys.path.insert(0, str(BENCHES.parent / "tests" / "interop"))
    from tools import node_program

    return [
        Server("lws", [str(OUTPUT / "lws_echo")]),
        Server("fastws", [str(RUST / "fastwebsockets_echo")]),
        Server("tungst", [str(RUST / "tungstenite_echo")]),
        Server("npm ws", node_program(BENCHES / "echo" / "ws_echo.js")),
    ]


def build(peers=False):
    """Compiles the load generator and the servers for comparison."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in ("load", "raw_echo", "floor_echo"):
        source = BENCHES / "echo" / f"{name}.c"
        subprocess.run([*COMPILE, "-o", str(OUTPUT / name), str(source), "-lz"], check=True)
    if peers:
        source, program = BENCHES / "echo" / "lws_echo.c", OUTPUT / "lws_echo"
        compiler = [word for word in COMPILE if word != "-std=c11"]  # its header needs GNU's C
        subprocess.run([*compiler, "-o", str(program), str(source), "-lwebsockets"], check=True)
        manifest = ["--manifest-path", str(BENCHES / "Cargo.toml")]
        programs = ["--bin", "fastwebsockets_echo", "--bin", "tungstenite_echo"]
        cargo = os.environ.get("CARGO", "cargo")
        subprocess.run([cargo, "build", "--locked", "--release", *manifest, *programs], check=True)


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


def open_connection(port, offer=b""):
    """A connection behind its opening handshake."""
    connection = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
    connection.sendall(REQUEST + offer + b"\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octets = connection.recv(4096)
        if not octets:
            raise RuntimeError(f"the end within a response: {head!r}")
        head += octets
    return connection


def time_handshakes(servers, cpus, turns):
    """Name, and CPU us of an accepted connection with its opening handshake and its RST."""
    took = {server.name: [] for server in servers}
    for _ in range(turns):
        for server in servers:
            with running(server, cpus[0]) as (process, port):
                begin = cpu_seconds(process.pid)
                for _ in range(HANDSHAKES):
                    connection = open_connection(port)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()
                spent = cpu_seconds(process.pid) - begin
            took[server.name].append(spent / HANDSHAKES * 1e6)
    return took.items()


def cpu_seconds(pid):
    """Of all threads, from the kernel's scheduler."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def rest_of(server, cpus):
    """Octets of RSS for each connection that is open and silent: without and with an offer of
    permessage-deflate."""
    return [octets_at_rest(server, cpus, offer) for offer in (b"", DEFLATE_OFFER)]


def octets_at_rest(server, cpus, offer):
    with running(server, cpus[0]) as (process, port), contextlib.ExitStack() as stack:
        # What is made once is made for the first ones.
        for _ in range(100):
            stack.enter_context(open_connection(port, offer))
        before = rss(process.pid)
        for _ in range(REST_CONNECTIONS):
            stack.enter_context(open_connection(port, offer))
        time.sleep(0.3)
        return (rss(process.pid) - before) / REST_CONNECTIONS


def rss(pid):
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) << 10 for row in rows if row.startswith("VmRSS:"))


def report(medians, names):
    """Prints a table for each depth, beside the goals."""
    for depth in DEPTHS:
        print(f"\nCPU us per message, {CONNECTIONS} connections, depth {depth}")
        print(f"{'octets':>8}", *(f"{name:>8}" for name in names), " wsabi/raw  mio/raw  goal")
        for size in SIZES:
            row = {name: medians[depth, size, name] for name in names}
            wsabi, mio = row["wsabi"] / row["raw"], row["mio"] / row["raw"]
            bound = BOUNDS[depth, size]
            verdict = "reached" if mio <= bound else "MISSED"
            print(
                f"{size:>8}", *(f"{value:>8.3f}" for value in row.values()),
                f"{wsabi:>10.2f} {mio:>8.2f}  <= {bound:.2f} {verdict}",
            )  # fmt: skip
            if depth > 1 and size <= 1024 and "fastws" in row:
                best = row["mio"] / min(row["fastws"], row["tungst"])
                verdict = "reached" if best <= PEER_BOUND else "MISSED"
                print(f"{'':>8} mio / best Rust crate: {best:.3f}  <= {PEER_BOUND:.3f} {verdict}")


def report_rest(handshakes, rest):
    """Prints what an opening handshake takes, and a connection at rest."""
    print("\nCPU us per handshake; octets of RSS per connection at rest, without and with an offer")
    print("of permessage-deflate")
    print(f"{'':>8} {'us':>8} {'/ floor':>8} {'octets':>8} {'deflate':>8}")
    for name, took in handshakes.items():
        plain, deflate = rest[name]
        print(f"{name:>8} {took:>8.1f} {took / handshakes['floor']:>8.2f} {plain:>8.0f} {deflate:>8.0f}")
    ratio, most = handshakes["mio"] / handshakes["floor"], max(rest["mio"])
    verdict = "reached" if ratio <= HANDSHAKE_BOUND else "MISSED"
    print(f"mio: handshake / floor {ratio:.2f}  <= {HANDSHAKE_BOUND:.2f} {verdict}")
    print(f"mio: octets {most:.0f}  <= {REST_BOUND} {'reached' if most <= REST_BOUND else 'MISSED'}")


def save(times, handshakes, rest):
    """Leaves the figures for chart.py."""
    echo = [
        {"depth": depth, "octets": size, "server": name, "us": us}
        for (depth, size, name), us in times.items()
        if size != "deflate"
    ]
    figures = {"echo": echo, "handshakes": handshakes, "rest": rest}
    (OUTPUT / "echo.json").write_text(json.dumps(figures, indent=1))


def report_deflate(medians):
    """Prints what an echo with permessage-deflate takes, beside the goal."""
    print(f"\npermessage-deflate: CPU us per message of {DEFLATE_SIZE} octets, {CONNECTIONS} connections")
    print(f"{'depth':>8} {'server':>8} {'us':>8} {'octets':>8}  us/zlib  goal")
    for depth in DEPTHS:
        zlib, zlib_octets = medians[depth, "deflate", "floor"]
        print(f"{depth:>8} {'zlib':>8} {zlib:>8.2f} {zlib_octets:>8.1f}")
        for name in ("wsabi", "mio"):
            took, octets = medians[depth, "deflate", name]
            ratio = took / zlib
            verdict = "reached" if ratio <= DEFLATE_BOUND and octets <= zlib_octets else "MISSED"
            print(
                f"{depth:>8} {name:>8} {took:>8.2f} {octets:>8.1f} {ratio:>8.2f}"
                f"  <= {DEFLATE_BOUND:.2f} {verdict}"
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
