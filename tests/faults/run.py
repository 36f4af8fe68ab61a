#!/usr/bin/env python3
"""What goes wrong with some connections, while a server has others.

    tests/faults/run.py --server build/server_mio

In every case a witness, an open connection, has to get its echoes before, meanwhile and
afterwards, and the server has to be left with the witness alone: its descriptors are counted. The
server has to take the flags of server_mio, and to listen with a socket that is passed to it
(LISTEN_FDS). Exit status: 0 when all was right, 1 when not.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from report import Report  # noqa: E402
from server_process import (  # noqa: E402
    ServerProcess,
    add_server_argument,
    server_command,
)

PATIENCE = 15.0  # for whatever is to happen, on a busy machine
REQUEST = (
    b"GET /faults HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
METRICS = "/metrics"
# The key of a mask may be anything that the server does not know before; RFC 6455 5.3.
KEY = b"\0\0\0\0"


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole message of a client."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return bytes([0x80 | opcode]) + length + KEY + payload


def receive(peer: socket.socket, size: int) -> bytes:
    """So many octets, or as many as there are before the end."""
    octets = b""
    while len(octets) < size and (part := peer.recv(size - len(octets))):
        octets += part
    return octets


def receive_all(peer: socket.socket) -> bytes:
    """Everything up to the end, of either kind."""
    octets = b""
    try:
        while part := peer.recv(65536):
            octets += part
    except ConnectionResetError:
        pass
    return octets


def connect(address: tuple[str, int]) -> socket.socket:
    return socket.create_connection(address, timeout=PATIENCE)


def read_response(peer: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = peer.recv(1)
        assert octet, f"the end within a response: {head!r}"
        head += octet
    return head


def open_connection(address: tuple[str, int]) -> socket.socket:
    """A connection behind its opening handshake."""
    peer = connect(address)
    peer.sendall(REQUEST)
    head = read_response(peer)
    assert head.startswith(b"HTTP/1.1 101 "), head
    return peer


def expect_echo(peer: socket.socket, payload: bytes) -> None:
    peer.sendall(frame(2, payload))
    sent = b"\x82" + frame(2, payload)[1:].replace(KEY, b"", 1)
    wanted = sent[:1] + bytes([sent[1] & 0x7F]) + sent[2:]
    got = receive(peer, len(wanted))
    assert got == wanted, f"{got[:40]!r} instead of an echo of {len(payload)} octets"


@dataclass
class Server:
    """A server with a witness."""

    pid: int
    address: tuple[str, int]
    witness: socket.socket

    def look(self) -> None:
        """The witness gets its echoes."""
        for size in (0, 1, 125, 4000):
            expect_echo(self.witness, random.randbytes(size))

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metric(self, name: str) -> int:
        host, port = self.address
        with urllib.request.urlopen(f"http://{host}:{port}{METRICS}", timeout=PATIENCE) as answer:
            rows = answer.read().decode().splitlines()
        return next(int(row.split()[1]) for row in rows if row.startswith(name + " "))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@contextmanager
def serve(command: Sequence[str], *options: str) -> Iterator[Server]:
    """A server with a witness; at the end nothing but the witness is left."""
    with (
        ServerProcess(command, "--metrics", METRICS, *options) as process,
        attend(process.pid, process.port) as server,
    ):
        yield server


@contextmanager
def attend(pid: int, port: int) -> Iterator[Server]:
    address = ("127.0.0.1", port)
    with open_connection(address) as witness:
        server = Server(pid, address, witness)
        server.look()
        before = server.descriptors()
        yield server
        server.look()
        wait_until(lambda: server.descriptors() == before, "descriptors are left")
        server.look()


# ---- The cases ----


def killed_clients(command: Sequence[str]) -> None:
    """SIGKILL meets processes of a hundred connections, idle and in the middle of messages."""
    with serve(command) as server:
        before = server.descriptors()
        for _ in range(3):
            here, there = os.pipe()
            child = os.fork()
            if child == 0:
                hold_connections(server.address, there)
            os.close(there)
            try:
                assert os.read(here, 1) == b"!", "the clients did not get as far as that"
                server.look()
                assert server.descriptors() >= before + 100
            finally:
                os.close(here)
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            server.look()


def hold_connections(address: tuple[str, int], ready: int) -> None:
    """Never returns: the process ends by a signal, or when something is wrong."""
    try:
        peers = [open_connection(address) for _ in range(100)]
        for peer in peers[::2]:  # within a frame
            peer.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 20) + KEY + bytes(5000))
        for peer in peers[1::4]:  # echoes that nobody reads
            peer.sendall(frame(2, bytes(60000)))
        os.write(ready, b"!")
        time.sleep(2 * PATIENCE)
    finally:
        os._exit(1)


def half_open_peers(command: Sequence[str]) -> None:
    """Peers that say nothing any more are ended by the timeouts; those that end their side are
    answered."""
    options = ["--opening-timeout", "1000", "--idle-timeout", "1500"]
    with serve(command, *options) as server, ExitStack() as stack:
        silent = [stack.enter_context(connect(server.address)) for _ in range(20)]
        for peer in silent[::2]:
            peer.sendall(REQUEST[:40])
        idle = [stack.enter_context(open_connection(server.address)) for _ in range(20)]
        for peer in idle[::2]:
            peer.sendall(frame(1, b"never whole")[:9])
        ending = [stack.enter_context(open_connection(server.address)) for _ in range(20)]
        for peer in ending:
            peer.sendall(frame(2, b"the last one"))
            peer.shutdown(socket.SHUT_WR)
            assert receive_all(peer) == b"\x82\x0cthe last one"
        begin = time.monotonic()
        left = {*silent, *idle}
        while left:
            server.look()
            assert time.monotonic() - begin < PATIENCE, f"{len(left)} peers were not ended"
            for peer in select.select(left, [], [], 0.1)[0]:
                left.remove(peer)
        for peer in silent[1::2]:
            assert receive_all(peer).startswith((b"HTTP/1.1 408 ", b"")), "neither 408 nor the end"
        for peer in idle:
            got = receive(peer, 4)
            assert got[:1] + got[2:] == b"\x88\x03\xe9", f"{got!r} instead of a Close 1001"


def no_descriptors(command: Sequence[str]) -> None:
    """More clients than descriptors: they wait, and the server does not spin meanwhile."""
    most = 40
    limited = ["prlimit", f"--nofile={most}:{most}", *command]
    with serve(limited) as server, ExitStack() as stack:
        peers = [stack.enter_context(connect(server.address)) for _ in range(2 * most)]
        for peer in peers:
            peer.sendall(REQUEST)
        wait_until(lambda: server.descriptors() == most, "there are descriptors left")
        server.look()
        before = server.cpu_seconds()
        time.sleep(1.5)
        spent = server.cpu_seconds() - before
        assert spent < 0.5, f"{spent} s of CPU time in 1.5 s of waiting"
        server.look()
        # In order of arrival: whoever ends makes room for one who waits.
        for peer in peers:
            assert read_response(peer).startswith(b"HTTP/1.1 101 ")
            expect_echo(peer, b"at last")
            peer.close()
        assert server.metric("wsabi_accept_errors_total") > 0


def full_queue(command: Sequence[str]) -> None:
    """A queue of 4 of a server that stands still; once it goes on everybody is accepted."""
    with socket.create_server(("127.0.0.1", 0), backlog=4) as listener:
        port = listener.getsockname()[1]
        shell = 'exec 3<&"$0"; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
        process = subprocess.Popen(
            ["sh", "-c", shell, str(listener.fileno()), *command],
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
        )
        listener.close()
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"listening on ws://127.0.0.1:%d/\n" % port
            with attend(process.pid, port) as server, ExitStack() as stack:
                process.send_signal(signal.SIGSTOP)
                peers = [stack.enter_context(socket.socket()) for _ in range(100)]
                for peer in peers:
                    peer.setblocking(False)
                    peer.connect_ex(server.address)
                time.sleep(0.2)
                inside = select.select([], peers, [], 0)[1]
                assert len(inside) < 20, f"{len(inside)} fit into the queue"
                process.send_signal(signal.SIGCONT)
                server.look()
                for peer in peers:
                    peer.settimeout(PATIENCE)
                    assert select.select([], [peer], [], PATIENCE)[1], "never accepted"
                    peer.sendall(REQUEST)
                    assert read_response(peer).startswith(b"HTTP/1.1 101 ")
            process.terminate()
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.communicate()


def garbage(command: Sequence[str]) -> None:
    """What is no opening handshake, or no frame, ends that connection alone."""
    rng = random.Random(6455)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(506)
    before_opening = {
        "random octets": rng.randbytes(20000),
        "zeros": bytes(20000),
        "a TLS ClientHello": hello + b"\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
        "a head without end": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000,
        "a line without end": b"GET /" + b"a" * 100000,
        "frames": frame(2, bytes(100)) * 200,
    }
    behind_it = {
        "random octets": b"\xff" + rng.randbytes(2000),
        "no mask": b"\x82\x05hello",
        "text that is not UTF-8": frame(1, b"\xc3\x28"),
        "a frame of 2^62 octets": b"\x82\xff" + struct.pack(">Q", 1 << 62) + KEY,
        "a reserved opcode": frame(3, b""),
        "an HTTP request": REQUEST,
    }
    with serve(command) as server:
        for name, octets in before_opening.items():
            with connect(server.address) as peer:
                send_whatever(peer, octets)
                answer = receive_all(peer)
                assert answer[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5", b""), f"{name}: {answer!r}"
            server.look()
        for name, octets in behind_it.items():
            with open_connection(server.address) as peer:
                send_whatever(peer, octets)
                answer = receive_all(peer)
                assert answer[:1] == b"\x88", f"{name}: {answer!r}"
            server.look()


def send_whatever(peer: socket.socket, octets: bytes) -> None:
    """The server may have had enough before the last of them."""
    try:
        peer.sendall(octets)
        peer.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def stopped_behind_the_last(command: Sequence[str]) -> None:
    """A server whose clients have gone comes to its end, in all its threads."""
    for threads in ("1", "3"):
        with ServerProcess(command, "--threads", threads) as process:
            for _ in range(20):
                open_connection(("127.0.0.1", process.port)).close()
            time.sleep(0.2)
        with ServerProcess(command, "--threads", threads) as process:
            peers = [open_connection(("127.0.0.1", process.port)) for _ in range(20)]
            process.send_signal(signal.SIGTERM)
            for peer in peers:
                assert receive(peer, 4) == b"\x88\x02\x03\xe9", "no Close 1001"
                peer.close()


CASES = {
    "killed clients": killed_clients,
    "half-open peers": half_open_peers,
    "no descriptors": no_descriptors,
    "full queue": full_queue,
    "garbage": garbage,
    "stopped behind the last": stopped_behind_the_last,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Faults of connections beside others.")
    add_server_argument(parser)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="CASE")
    arguments = parser.parse_args()
    command = server_command(arguments.server)
    # Of this process, which has the clients.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    report = Report()
    for name in arguments.only:
        begin = time.monotonic()
        try:
            partial(CASES[name], command)()
        except Exception as error:  # whatever a broken server leads to is the case's result
            report.fail(name, f"{type(error).__name__}: {error}")
        else:
            report.ok(f"{name} ({time.monotonic() - begin:.1f} s)")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
