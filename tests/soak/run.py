#!/usr/bin/env python3
"""Many connections that behave well, badly or go away, and a server that forgets them all.

    tests/soak/run.py --server build/echo_server --seconds 60 --connections 1000

Processes of ``load.c`` check every octet that comes back; now and then one of them is killed, so
that hundreds of connections break off at once. A first round warms the server up: its tables
grow, its pool of compression contexts fills. Behind the second round it has to hold as many
descriptors and as much memory as behind the first. ``--seed``
repeats what the connections do. Exit status: 0 when all was right, 1 when not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from server_process import (  # noqa: E402
    ServerError,
    ServerProcess,
    add_server_argument,
    server_command,
)

LOAD = HERE / "build" / "load"
HEAP = HERE / "build" / "heap.so"
WORKERS = 4
# Longer than any connection's opening needs on a busy machine; what says nothing waits for it.
OPENING_TIMEOUT_MS = 3000
# When thousands begin at once.
LONGEST_OPENING_TIMEOUT_MS = 15000
QUIET_TIMEOUT = 30.0  # for the server to see the end of all connections
END_TIMEOUT = 60.0  # for the connections to come to their end

# A connection that is forgotten costs 184 octets at least, and a round has thousands.
HEAP_TOLERANCE = 4 << 10
# The pages that hold it: fragmentation differs.
RSS_TOLERANCE = 1 << 20
# Of a worker. What it expects back is not kept.
WORKER_RSS = 64 << 20


class SoakError(Exception):
    """The server or the load did not behave."""


@dataclass(frozen=True)
class Footprint:
    """What a server without connections holds, memory in octets."""

    descriptors: int
    heap: int
    rss: int

    def __str__(self) -> str:
        memory = f"{self.heap} octets in use, RSS {self.rss >> 10} KiB"
        return f"{self.descriptors} descriptors, {memory}"


class Server:
    """A look into the server's process."""

    def __init__(self, pid: int, heap_fd: int) -> None:
        self._pid = pid
        self._heap_fd = heap_fd
        self._idle_descriptors = self.descriptors()

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self._pid}/fd"))

    def footprint(self) -> Footprint:
        """Waits until the connections are gone."""
        end = time.monotonic() + QUIET_TIMEOUT
        while (left := self.descriptors() - self._idle_descriptors) > 0:
            if time.monotonic() > end:
                raise SoakError(f"{left} descriptors are left")
            time.sleep(0.05)
        # The last connection is freed right behind its close().
        time.sleep(0.2)
        os.kill(self._pid, signal.SIGUSR1)
        heap = int(os.read(self._heap_fd, 32))
        return Footprint(self.descriptors(), heap, self.memory("VmRSS"))

    def memory(self, row: str) -> int:
        """A row of the process's status, in octets."""
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith(row + ":"):
                return int(line.split()[1]) << 10
        raise SoakError(f"no {row}")


def start_worker(port: int, connections: int, seconds: float, seed: int) -> subprocess.Popen[str]:
    arguments = [str(port), str(connections), str(round(seconds)), str(seed)]
    return subprocess.Popen([str(LOAD), *arguments], stdout=subprocess.PIPE, text=True)


def run_round(
    port: int, connections: int, seconds: float, rng: random.Random, kills: int
) -> Counter[str]:
    """Load for so long; returns the counts of the workers that came to their end."""
    begin = time.monotonic()
    share = connections // WORKERS
    workers = [start_worker(port, share, seconds, rng.getrandbits(63)) for _ in range(WORKERS)]
    try:
        for moment in sorted(rng.uniform(0.3, 0.8) * seconds for _ in range(kills)):
            time.sleep(max(0.0, begin + moment - time.monotonic()))
            victim = rng.randrange(WORKERS)
            workers[victim].kill()
            workers[victim].communicate()
            left = begin + seconds - time.monotonic()
            workers[victim] = start_worker(port, share, left, rng.getrandbits(63))
        return collect(workers, begin + seconds + END_TIMEOUT)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def collect(workers: Sequence[subprocess.Popen[str]], end: float) -> Counter[str]:
    """Waits for the workers, and adds up what they say."""
    counts: Counter[str] = Counter()
    for worker in workers:
        said, _ = worker.communicate(timeout=end - time.monotonic())
        if worker.returncode != 0:
            raise SoakError(f"a worker ended with status {worker.returncode}")
        result = json.loads(said)
        if result["rss"] > WORKER_RSS:
            raise SoakError(f"a worker needs {result['rss']} octets")
        counts.update(result)
    del counts["rss"]
    return counts


def compare(before: Footprint, after: Footprint) -> None:
    """Raises when something was kept."""
    if after.descriptors != before.descriptors:
        raise SoakError("descriptors are left")
    if after.heap - before.heap > HEAP_TOLERANCE:
        raise SoakError(f"{after.heap - before.heap} octets more are in use")
    if after.rss - before.rss > RSS_TOLERANCE:
        raise SoakError(f"RSS grew by {after.rss - before.rss} octets")


def soak(arguments: argparse.Namespace) -> None:
    rng = random.Random(arguments.seed)
    heap_fd, write_fd = os.pipe()
    os.set_inheritable(write_fd, True)
    # What a thread keeps for itself counts as in use; without it the count is exact.
    exact = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"
    preload = ["env", f"LD_PRELOAD={HEAP}", f"HEAP_FD={write_fd}", exact]
    command = [*preload, *server_command(arguments.server)]
    thousands = max(1, arguments.connections // 1000)
    timeout = min(OPENING_TIMEOUT_MS * thousands, LONGEST_OPENING_TIMEOUT_MS)
    options = ["--opening-timeout", str(timeout)]
    with ServerProcess(command, *options, pass_fds=[write_fd]) as process:
        server = Server(process.pid, heap_fd)
        print(f"at the start: {server.footprint()}")
        warm = arguments.seconds * 0.3
        # The server's tables have to hold the connections of a killed worker beside new ones.
        more = arguments.connections * (WORKERS + 1) // WORKERS
        run_round(process.port, more, warm, rng, kills=0)
        before = server.footprint()
        print(f"warm: {before}")
        kills = max(1, arguments.seconds // 10)
        rest = arguments.seconds - warm
        counts = run_round(process.port, arguments.connections, rest, rng, kills)
        after = server.footprint()
        print(f"at the end: {after}; at most RSS {server.memory('VmHWM') >> 10} KiB")
        done = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"{done}; and what {kills} killed workers did")
        compare(before, after)


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks a server under load.")
    add_server_argument(parser)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    try:
        soak(arguments)
    except (SoakError, ServerError, subprocess.TimeoutExpired) as error:
        print(f"FAILED  {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
