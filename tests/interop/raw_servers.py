"""What no server library does, and a client has to bear: octets on a plain socket.

A case is a function of the client's command. It runs a server for one connection, and raises
when the client errs.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pty
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from raw_cases import GUID, expect
from terminal import BROKEN, CLOSED, REFUSED, USAGE, Outcome, Session, run

TIMEOUT = 60.0
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
# Long enough for a client that does not wait for the server's end to have closed.
PAUSE = 0.5
NO_PONG = b"RFC 6455 5.5.2: no pong came in time, nor anything else"
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: {accept}\r\n\r\n"
)


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.settimeout(TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = connection.makefile("rb")
        self.masks: list[bytes] = []

    def read_request(self) -> tuple[str, dict[str, str]]:
        """The request line, and the fields by lower-case name."""
        line = self._reader.readline().decode().strip()
        self.fields: dict[str, str] = {}
        while field := self._reader.readline().decode().strip():
            name, _, value = field.partition(":")
            self.fields[name.lower()] = value.strip()
        return line, self.fields

    def answer(self, response: bytes = ANSWER) -> None:
        """Reads the request and sends the response, `{accept}` replaced by the right value."""
        self.read_request()
        digest = hashlib.sha1(self.fields["sec-websocket-key"].encode() + GUID).digest()
        self.socket.sendall(response.replace(b"{accept}", base64.b64encode(digest)))

    def send_frame(self, opcode: int, payload: bytes = b"") -> None:
        assert len(payload) < 126
        self.socket.sendall(bytes([0x80 | opcode, len(payload)]) + payload)

    def send_close(self, code: int, reason: bytes = b"") -> None:
        self.send_frame(CLOSE, struct.pack("!H", code) + reason)

    def read_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of a final frame, which has to be masked."""
        first, second = self._reader.read(2)
        expect("FIN set, RSV clear", first & 0xF0, 0x80)
        expect("mask bit", second & 0x80, 0x80)
        length = second & 0x7F
        if length > 125:
            size, format = (2, "!H") if length == 126 else (8, "!Q")
            (length,) = struct.unpack(format, self._reader.read(size))
        key = self._reader.read(4)
        self.masks.append(key)
        masked = self._reader.read(length)
        repeated = (key * (length // 4 + 1))[:length]
        unmasked = int.from_bytes(masked, "big") ^ int.from_bytes(repeated, "big")
        return first & 0x0F, unmasked.to_bytes(length, "big")

    def expect_close(self, code: int, reason: bytes = b"") -> None:
        expect("Close", self.read_frame(), (CLOSE, struct.pack("!H", code) + reason))

    def expect_open(self) -> None:
        """RFC 6455 7.1.1: the client waits for the server to end the connection."""
        self.socket.settimeout(PAUSE)
        try:
            raise AssertionError(f"the client did not wait: {self.socket.recv(1)!r}")
        except TimeoutError:
            self.socket.settimeout(TIMEOUT)

    def expect_end(self) -> None:
        expect("end of the client's octets", self._reader.read(), b"")

    def reset(self) -> None:
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Ends the connection, with RST too when there is something unread."""
        self._reader.close()
        self.socket.close()


Script = Callable[[Peer], None]


@contextmanager
def serving(script: Script, host: str = "127.0.0.1") -> Iterator[str]:
    """A server that does this with one connection; yields host and port."""
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            connection, _ = listener.accept()
            with connection:
                peer = Peer(connection)
                script(peer)
                # So that the kernel does not reset the connection for what was not read.
                with suppress(OSError):  # it may be at its end
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
        except BaseException as error:
            failures.append(error)

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        listener.settimeout(TIMEOUT)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            port = listener.getsockname()[1]
            yield f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}"
        finally:
            thread.join()
    for failure in failures:
        raise failure


def talk(
    command: Sequence[str], script: Script, text: bytes = b"", options: Sequence[str] = ()
) -> Outcome:
    """The outcome of a client with a server that does this."""
    with serving(script) as address:
        return run(command, f"ws://{address}/", text, options)


def expect_outcome(outcome: Outcome, status: int, *notes: str) -> None:
    """The exit status, and what has to stand on stderr, in this order."""
    at = 0
    for note in notes:
        at = outcome.notes.find(note, at)
        if at < 0:
            raise AssertionError(f"{note!r} is not in {outcome.notes!r}")
    expect(f"exit status with {outcome.notes!r}", outcome.status, status)


# ---- The opening handshake ----


def request(command: Sequence[str]) -> None:
    """The request has what the options say."""
    seen: list[tuple[str, dict[str, str]]] = []

    def refuse(peer: Peer) -> None:
        seen.append(peer.read_request())
        peer.socket.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    options = ["--origin", "http://a.example", "--header", "X-Test: one"]
    options += ["--header", "X-Other:two "]
    options += ["--subprotocol", "chat", "--subprotocol", "superchat", "--no-deflate"]
    with serving(refuse, "::1") as address:
        outcome = run(command, f"WS://{address}/a/b?c=d", options=options)
        expect_outcome(outcome, REFUSED, "HTTP/1.1 404")
        (line, fields), *_ = seen
        expect("request line", line, "GET /a/b?c=d HTTP/1.1")
        wanted = {"host": address, "origin": "http://a.example", "x-test": "one", "x-other": "two"}
        wanted |= {"sec-websocket-protocol": "chat, superchat", "sec-websocket-version": "13"}
        expect("fields", {name: fields.get(name) for name in wanted}, wanted)
        expect("extensions", fields.get("sec-websocket-extensions"), None)
    seen.clear()
    with serving(refuse) as address:
        expect_outcome(run(command, f"ws://{address}?query"), REFUSED)
        expect("request line", seen[0][0], "GET /?query HTTP/1.1")


def refused(command: Sequence[str]) -> None:
    """Status, header fields and body of a refusal are shown."""
    response = (
        b"HTTP/1.1 403 Forbidden\r\nX-Reason: full\r\nContent-Length: 10\r\n\r\nNo entry.\n",
        b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nNo \r\n6\r\nentry.\r\n0\r\n\r\n",
        b"HTTP/1.1 500 Until the end\r\nX-Reason: x\r\n\r\nNo entry.",
    )
    notes = (("HTTP/1.1 403", "X-Reason: full"), ("HTTP/1.1 503",), ("HTTP/1.1 500", "X-Reason: x"))
    for octets, lines in zip(response, notes, strict=True):
        outcome = talk(command, lambda peer: peer.answer(octets), b"never sent\n")
        expect_outcome(outcome, REFUSED, *lines, "No entry.")
        expect("output", outcome.output, b"")


def redirected(command: Sequence[str]) -> None:
    """A redirect is a refusal that shows where to."""
    response = b"HTTP/1.1 302 Found\r\nLocation: ws://b.example/\r\nContent-Length: 0\r\n\r\n"
    outcome = talk(command, lambda peer: peer.answer(response))
    expect_outcome(outcome, REFUSED, "HTTP/1.1 302", "Location: ws://b.example/")


def wrong_answers(command: Sequence[str]) -> None:
    """A 101 that breaks a rule fails, with the rule."""
    for old, new, note in (
        (b"{accept}", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Accept"),
        (b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: x\r\n\r\n", "subprotocol"),
        (b"Upgrade: websocket\r\n", b"", "Upgrade"),
        (b"HTTP/1.1", b"HTTP/1.0", "version"),
    ):
        outcome = talk(command, lambda peer: peer.answer(ANSWER.replace(old, new)), b"x\n")
        expect_outcome(outcome, BROKEN, "failed: 1006", note)


def half_a_response(command: Sequence[str]) -> None:
    outcome = talk(command, lambda peer: peer.answer(ANSWER[:60]), b"x\n")
    expect_outcome(outcome, BROKEN, "without a closing handshake")


def silent(command: Sequence[str]) -> None:
    """A server that says nothing is given up."""
    began = time.monotonic()
    outcome = talk(command, lambda peer: peer.expect_end() if peer.read_request() else None)
    expect_outcome(outcome, BROKEN, "failed: 1006", "the response did not arrive in time")
    expect("seconds are enough", time.monotonic() - began > 9, True)


def nobody(command: Sequence[str]) -> None:
    """A port where nothing listens, and a name that is none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    expect_outcome(run(command, f"ws://127.0.0.1:{port}/"), BROKEN, "refused")
    expect_outcome(run(command, "ws://name.invalid/"), BROKEN, "name.invalid")


def wrong_usage(command: Sequence[str]) -> None:
    """What cannot be done is said before anything is connected to."""
    url = "ws://127.0.0.1:1/"
    rows: tuple[tuple[list[str], str, str], ...] = (
        ([], "wss://127.0.0.1:1/", "TLS"),
        ([], "http://127.0.0.1:1/", "URL"),
        ([], "ws://127.0.0.1:1/#fragment", "URL"),
        ([], "ws://", "host"),
        ([], "ws://user@127.0.0.1:1/", "host"),
        ([], "ws://[::1/", "host"),
        ([], "ws://127.0.0.1:port/", "number"),
        ([], "ws://127.0.0.1:65536/", "number"),
        ([], "ws://127.0.0.1:1/a b", "sent"),
        ([url], url, "argument"),
        (["--subprotocol", "a b"], url, "subprotocol"),
        (["--subprotocol", "a", "--subprotocol", "a"], url, "subprotocol"),
        (["--header", "Host: x"], url, "sent"),
        (["--header", "X-Test"], url, "header"),
        (["--header", "X: a\r\nY: b"], url, "sent"),
        (["--origin", "a\nb"], url, "sent"),
        (["--ping", "often"], url, "number"),
        (["--close", "1005"], url, "code"),
        (["--close", "1000:" + "x" * 124], url, "code"),
        (["--close", "70000"], url, "number"),
        (["--nonsense", "x"], url, "--nonsense"),
        ([], "--ping", "--ping"),
    )
    for options, last, note in rows:
        expect_outcome(run(command, last, options=options), USAGE, note)


# ---- Messages ----


def in_pieces(command: Sequence[str]) -> None:
    """Fragments with a ping between, one octet at a time, behind the response in one segment."""

    def script(peer: Peer) -> None:
        peer.answer(ANSWER + b"\x81\x05first")
        for octet in b"\x01\x03sec\x89\x01p\x80\x03ond\x82\x00":
            peer.socket.sendall(bytes([octet]))
        expect("pong", peer.read_frame(), (PONG, b"p"))
        peer.send_close(1000)
        peer.expect_close(1000)

    with serving(script) as address, Session(command, f"ws://{address}/") as session:
        outcome = session.wait()
    expect("output", outcome.output, b"first\nsecond\n[binary, 0 octets]\n")
    expect_outcome(outcome, CLOSED, "open", "close: 1000")


def masks(command: Sequence[str]) -> None:
    """RFC 6455 5.3: a fresh mask for every frame."""
    frames = []

    def script(peer: Peer) -> None:
        peer.answer()
        frames.extend(peer.read_frame() for _ in range(100))
        peer.expect_close(1000)
        frames.append(len(set(peer.masks)))
        peer.send_close(1000)

    expect_outcome(talk(command, script, b"same\n" * 100), CLOSED)
    expect("frames, and different masks", frames, [(TEXT, b"same")] * 100 + [101])


def lines(command: Sequence[str]) -> None:
    """An empty line, no text, a line without end: what is a message and what is not."""
    frames = []

    def script(peer: Peer) -> None:
        peer.answer()
        while (frame := peer.read_frame())[0] != CLOSE:
            frames.append(frame)
        peer.send_close(1000)

    outcome = talk(command, script, b"\none\n\xff\n\r\nlast")
    expect("frames", frames, [(TEXT, text) for text in (b"", b"one", b"\r", b"last")])
    expect_outcome(outcome, CLOSED, "not UTF-8")


def control_characters(command: Sequence[str]) -> None:
    """They are not for a terminal; a pipe gets them."""
    text = "\x1b[31m red \x9b0m\x7f\ttab, é".encode()

    def script(peer: Peer) -> None:
        peer.answer()
        peer.send_frame(TEXT, text)
        peer.send_close(1000)
        peer.expect_close(1000)

    with serving(script) as address, Session(command, f"ws://{address}/") as session:
        expect("pipe", session.wait().output, text + b"\n")
    shown, terminal = pty.openpty()
    with (
        serving(script) as address,
        Session(command, f"ws://{address}/", output=terminal) as session,
    ):
        os.close(terminal)
        session.process.wait()
        expect("terminal", os.read(shown, 100), "?[31m red ?0m?\ttab, é\r\n".encode())
    os.close(shown)


def slow_server(command: Sequence[str]) -> None:
    """A server that does not read: the input waits, and all of it arrives."""
    line, count = b"x" * 65535 + b"\n", 500
    arrived = []

    def script(peer: Peer) -> None:
        peer.answer()
        time.sleep(2 * PAUSE)
        arrived.extend(len(peer.read_frame()[1]) for _ in range(count))
        peer.expect_close(1000)
        peer.send_close(1000)

    expect_outcome(talk(command, script, line * count, ["--no-deflate"]), CLOSED)
    expect("octets of each line", set(arrived), {65535})


def both_write(command: Sequence[str]) -> None:
    """A server that reads when it has written, which is more than sockets hold: the client reads."""
    size = 12_000_000

    def script(peer: Peer) -> None:
        peer.answer()
        time.sleep(PAUSE)
        peer.socket.sendall(b"\x81\x7f" + struct.pack("!Q", size) + b"y" * size)
        expect("octets", len(peer.read_frame()[1]), size)
        peer.send_close(1000)
        peer.expect_close(1000)

    outcome = talk(command, script, b"x" * size + b"\n", ["--no-deflate"])
    expect("output", outcome.output == b"y" * size + b"\n", True)
    expect_outcome(outcome, CLOSED, "close: 1000")


# ---- The end ----


def server_closes(command: Sequence[str]) -> None:
    def script(peer: Peer) -> None:
        peer.answer()
        peer.send_close(4001, b"enough")
        peer.expect_close(4001)
        peer.expect_open()

    with serving(script) as address, Session(command, f"ws://{address}/") as session:
        expect_outcome(session.wait(), CLOSED, "close: 4001 enough")


def client_closes(command: Sequence[str]) -> None:
    def script(peer: Peer) -> None:
        peer.answer()
        peer.expect_close(4000, b"done")
        peer.send_frame(TEXT, b"still read")
        peer.send_close(4000)
        peer.expect_open()

    outcome = talk(command, script, options=["--close", "4000:done"])
    expect_outcome(outcome, CLOSED, "close: 4000")
    expect("output", outcome.output, b"still read\n")


def never_ends(command: Sequence[str]) -> None:
    """A server that does not end the connection behind the closing handshake."""
    began = time.monotonic()

    def script(peer: Peer) -> None:
        peer.answer()
        peer.expect_close(1000)
        peer.send_close(1000)
        peer.expect_end()

    expect_outcome(talk(command, script), CLOSED, "close: 1000")
    expect("seconds are enough", time.monotonic() - began > 9, True)


def never_reads(command: Sequence[str]) -> None:
    """A server that takes nothing, behind its Close: what waits is given up."""
    given_up = threading.Event()

    def script(peer: Peer) -> None:
        peer.answer()
        time.sleep(PAUSE)  # until the client's socket is full
        peer.send_close(1000)
        expect("the client gave up", given_up.wait(TIMEOUT), True)
        peer.reset()

    options = ["--no-deflate"]
    with serving(script) as address, Session(command, f"ws://{address}/", options) as session:
        with suppress(BrokenPipeError):
            session.say((b"x" * 65535 + b"\n") * 200)
        outcome = session.wait()
        given_up.set()
    expect_outcome(outcome, CLOSED, "close: 1000")


def half_close(command: Sequence[str]) -> None:
    def script(peer: Peer) -> None:
        peer.answer()
        peer.send_frame(TEXT, b"hello")
        peer.socket.shutdown(socket.SHUT_WR)
        peer.expect_end()

    with serving(script) as address, Session(command, f"ws://{address}/") as session:
        outcome = session.wait()
    expect("output", outcome.output, b"hello\n")
    expect_outcome(outcome, BROKEN, "without a closing handshake")


def reset(command: Sequence[str]) -> None:
    def script(peer: Peer) -> None:
        peer.answer()
        peer.read_frame()
        peer.reset()

    with serving(script) as address, Session(command, f"ws://{address}/") as session:
        session.say(b"hello\n")
        expect_outcome(session.wait(), BROKEN, "without a closing handshake")


def reset_behind_close(command: Sequence[str]) -> None:
    """A server that closes on a client that sends: the reason is seen in spite of the RST."""

    def script(peer: Peer) -> None:
        peer.answer()
        peer.read_frame()
        peer.send_close(1009, b"too much")
        time.sleep(PAUSE)
        peer.close()

    options = ["--no-deflate"]
    with serving(script) as address, Session(command, f"ws://{address}/", options) as session:
        with suppress(BrokenPipeError):
            session.say(b"x\n" * 4_000_000)
        outcome = session.wait()
    expect_outcome(outcome, CLOSED, "close: 1009 too much")


def masked(command: Sequence[str]) -> None:
    """RFC 6455 5.1: a frame from the server that is masked."""

    def script(peer: Peer) -> None:
        peer.answer()
        peer.socket.sendall(b"\x81\x81\x01\x02\x03\x04x")
        opcode, payload = peer.read_frame()
        expect("Close", (opcode, payload[:2]), (CLOSE, struct.pack("!H", 1002)))
        peer.expect_end()

    with serving(script) as address, Session(command, f"ws://{address}/") as session:
        outcome = session.wait()
    expect("output", outcome.output, b"")
    expect_outcome(outcome, BROKEN, "failed: 1002 RFC 6455 5.1: a frame from the server is masked")


def no_pong(command: Sequence[str]) -> None:
    def script(peer: Peer) -> None:
        peer.answer()
        expect("ping", peer.read_frame()[0], PING)
        peer.send_frame(PONG, b"not the answer")
        peer.expect_close(1011, NO_PONG)
        peer.expect_end()

    with (
        serving(script) as address,
        Session(command, f"ws://{address}/", ["--ping", "1"]) as session,
    ):
        outcome = session.wait()
    expect_outcome(outcome, BROKEN, f"failed: 1011 {NO_PONG.decode()}")
    expect("the pong is the answer", "pong after" in outcome.notes, False)


def interrupted(command: Sequence[str]) -> None:
    """1001, "going away"; the second signal ends the client at once."""
    for how in (signal.SIGINT, signal.SIGTERM):

        def script(peer: Peer) -> None:
            peer.answer()
            peer.send_frame(TEXT, b"hello")
            peer.expect_close(1001)
            peer.send_close(1001)

        with serving(script) as address, Session(command, f"ws://{address}/") as session:
            expect("output", session.hear(), b"hello\n")
            session.interrupt(how)
            expect_outcome(session.wait(), CLOSED, "close: 1001")

    def hang(peer: Peer) -> None:
        peer.answer()
        peer.send_frame(TEXT, b"hello")
        peer.expect_close(1001)
        peer.send_frame(TEXT, b"closing")
        peer.expect_end()

    with serving(hang) as address, Session(command, f"ws://{address}/") as session:
        expect("output", session.hear(), b"hello\n")
        session.interrupt()
        expect("output", session.hear(), b"closing\n")
        session.interrupt()
        expect("exit status", session.wait().status, -signal.SIGINT)


def nobody_reads(command: Sequence[str]) -> None:
    """Whoever was to read the messages has gone: the connection is closed."""

    def script(peer: Peer) -> None:
        peer.answer()
        peer.send_frame(TEXT, b"hello")
        peer.expect_close(1001)
        peer.send_close(1001)

    reader, writer = os.pipe()
    os.close(reader)
    with (
        serving(script) as address,
        Session(command, f"ws://{address}/", output=writer) as session,
    ):
        os.close(writer)
        expect("exit status", session.process.wait(), BROKEN)


CASES: dict[str, Callable[[Sequence[str]], None]] = {
    case.__name__.replace("_", "-"): case
    for case in (
        *(request, refused, redirected, wrong_answers, half_a_response),
        *(silent, nobody, wrong_usage),
        *(in_pieces, masks, lines, control_characters, slow_server, both_write),
        *(server_closes, client_closes, never_ends, never_reads),
        *(half_close, reset, reset_behind_close, masked, no_pong, interrupted, nobody_reads),
    )
}
