#!/usr/bin/env python3
"""TLS of a server that takes the options of server_mio.

    tests/interop/tls.py --server 'valgrind -q build/server_mio'

Real clients as without TLS; then what is TLS's own: versions, protocols, names, resumption,
certificates that are replaced while clients come and go, and clients that never finish a
handshake. Exit status: 0 when all passed, 1 when some failed, 3 when a tool is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from report import Report
from run import BROWSER, LIBRARY, Client, report_client
from server_process import ServerProcess, add_server_argument, server_command
from tools import (
    HERE,
    MISSING_TOOL_STATUS,
    MissingTool,
    chromium_client,
    find_program,
    node_client,
    python_client,
)

MAKE_CERTIFICATES = HERE.parent / "certificates.sh"
HOSTS = ("127.0.0.1", "example.org", "*.example.org")
TIMEOUT = 20.0
RELOADS = 30
# Of a ClientHello, RFC 8446 4.1.2.
HELLO = bytes([22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
# A frame with the text "hello", masked with zeros, and its echo.
FRAME, ECHO = b"\x81\x85\0\0\0\0hello", b"\x81\x05hello"


class Certificates:
    """Files that the authority of the tests signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = folder / "ca.pem"
        self.renew()

    def renew(self) -> None:
        """Makes new ones, of a new authority."""
        subprocess.run(
            [str(MAKE_CERTIFICATES), str(self.folder), *HOSTS],
            check=True,
            capture_output=True,
            timeout=60,
        )

    def options(self, host: str) -> list[str]:
        """The server's options for a host."""
        name = host.replace("*", "_")
        return [
            *("--tls-cert", str(self.folder / f"{name}.pem")),
            *("--tls-key", str(self.folder / f"{name}.key")),
        ]

    def server(self, command: Sequence[str]) -> list[str]:
        """The server's command, with a certificate for its address."""
        return [*command, *self.options(HOSTS[0])]


# ---- A client of our own ----


def connect(port: int, context: ssl.SSLContext, host: str | None = None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    return context.wrap_socket(plain, server_hostname=host or "127.0.0.1")


def trusting(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates.authority))


def open_websocket(connection: ssl.SSLSocket) -> None:
    connection.sendall(REQUEST)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = connection.recv(1)
        assert octet, "the server ended within its response"
        head += octet
    assert head.startswith(b"HTTP/1.1 101 "), head


def echo(connection: ssl.SSLSocket) -> None:
    connection.sendall(FRAME)
    received = b""
    while len(received) < len(ECHO):
        octets = connection.recv(len(ECHO) - len(received))
        assert octets, "the server ended within an echo"
        received += octets
    assert received == ECHO, received


def shown(connection: ssl.SSLSocket) -> str:
    """The name in the certificate that the server showed."""
    certificate = connection.getpeercert()
    assert certificate is not None
    ((_, name),) = certificate["subject"][0]
    return str(name)


# ---- Cases ----


def s_client(certificates: Certificates, command: Sequence[str]) -> None:
    """OpenSSL's client: each version, the protocol, the chain, resumption."""
    openssl = find_program("openssl", "openssl")
    with ServerProcess(certificates.server(command)) as server:

        def run(*options: str) -> str:
            address = ["-connect", f"127.0.0.1:{server.port}", "-CAfile", str(certificates.authority)]
            done = subprocess.run(
                [openssl, "s_client", *address, "-verify_return_error", *options],
                input="",
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT,
                check=False,
            )
            return done.stdout

        for version in ("TLSv1.2", "TLSv1.3"):
            option = f"-{version.lower().replace('.', '_').replace('v', '')}"
            told = run(option, "-alpn", "h2,http/1.1")
            assert f"New, {version}, Cipher is " in told, told
            assert "ALPN protocol: http/1.1" in told, told
            assert "Verify return code: 0 (ok)" in told, told
        told = run("-alpn", "h2")
        assert "alert no application protocol" in told, told
        told = run("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        assert "alert handshake failure" in told and "New, (NONE)" in told, told
        told = run("-tls1_2", "-reconnect")
        assert told.count("Reused, TLSv1.2") == 5, told


def names(certificates: Certificates, command: Sequence[str]) -> None:
    """Each host has its own certificate."""
    hosts = [["--tls-host", host, *certificates.options(host)] for host in HOSTS[1:]]
    server = [*certificates.server(command), *(option for host in hosts for option in host)]
    context = trusting(certificates)
    with ServerProcess(server) as process:
        for asked, answered in (
            ("example.org", "example.org"),
            ("EXAMPLE.org", "example.org"),
            ("chat.example.org", "*.example.org"),
        ):
            with connect(process.port, context, asked) as connection:
                assert shown(connection) == answered, (asked, shown(connection))
        with connect(process.port, context) as connection:
            assert shown(connection) == HOSTS[0], shown(connection)
        context.check_hostname = False
        for asked in ("a.chat.example.org", "example.com"):
            with connect(process.port, context, asked) as connection:
                assert shown(connection) == HOSTS[0], (asked, shown(connection))


def reload(certificates: Certificates, command: Sequence[str]) -> None:
    """Certificates are replaced while clients come and go: all of them are served."""
    served, failures = [0], []
    over = threading.Event()
    everybody = ssl.create_default_context()
    everybody.check_hostname, everybody.verify_mode = False, ssl.CERT_NONE

    def come_and_go(port: int) -> None:
        try:
            while not over.is_set():
                with connect(port, everybody) as connection:
                    open_websocket(connection)
                    echo(connection)
                    served[0] += 1
        except Exception as error:
            failures.append(error)

    with ServerProcess(certificates.server(command)) as server:
        clients = [threading.Thread(target=come_and_go, args=(server.port,)) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            before = trusting(certificates)
            with connect(server.port, before) as patient:
                open_websocket(patient)
                for _ in range(RELOADS):
                    certificates.renew()
                    server.send_signal(signal.SIGHUP)
                    wait_for_certificate(server.port, trusting(certificates))
                    echo(patient)
        finally:
            over.set()
            for client in clients:
                client.join(TIMEOUT)
        assert not failures, failures
        assert served[0] > RELOADS, f"{served[0]} clients"
        # A file that is bad changes nothing.
        chain = certificates.folder / f"{HOSTS[0]}.pem"
        good = certificates.folder / "good.pem"
        shutil.copyfile(chain, good)
        chain.write_text("no certificate")
        server.send_signal(signal.SIGHUP)
        with connect(server.port, trusting(certificates)) as connection:
            open_websocket(connection)
            echo(connection)
        shutil.copyfile(good, chain)


def wait_for_certificate(port: int, context: ssl.SSLContext) -> None:
    """Until one of the new authority is shown."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            with connect(port, context):
                return
        except ssl.SSLCertVerificationError:
            assert time.monotonic() < deadline, "the new certificate is never shown"


def bad_handshakes(certificates: Certificates, command: Sequence[str]) -> None:
    """Garbage gets an alert, silence the opening timeout, and others notice nothing."""
    server = [*certificates.server(command), "--opening-timeout", "1500"]
    context = trusting(certificates)
    with ServerProcess(server) as process, connect(process.port, context) as patient:
        open_websocket(patient)
        stalled = []
        for number in range(30):
            slow = socket.create_connection(("127.0.0.1", process.port), TIMEOUT)
            slow.sendall(HELLO[: number % len(HELLO)])
            stalled.append(slow)
            with socket.create_connection(("127.0.0.1", process.port), TIMEOUT) as plain:
                plain.sendall(REQUEST)
                # A fatal alert, "decode_error": RFC 8446 6.2.
                told = plain.recv(100)
                assert told == bytes([21, 3, 3, 0, 2, 2, 50]), told
                assert plain.recv(100) == b""
            echo(patient)
        for slow in stalled:
            assert not ended_with(slow), "nothing can be said before the handshake"
        echo(patient)


def ended_with(connection: socket.socket) -> bytes:
    with connection:
        try:
            return connection.recv(100)
        except ConnectionResetError:
            return b""


def bad_files(certificates: Certificates, command: Sequence[str]) -> None:
    """The server does not start, and says which file and why."""
    chain, key = certificates.options(HOSTS[0])[1::2]
    rows = (
        (chain, certificates.options(HOSTS[1])[3], "is not that of the first certificate of"),
        (key, key, f"{key}: no certificate is in it"),
        (chain, chain, f"{chain}: no private key is in it"),
        ("/nowhere.pem", key, "/nowhere.pem: cannot be read: No such file or directory"),
    )
    for chain, key, reason in rows:
        done = subprocess.run(
            [*command, "--port", "0", "--tls-cert", chain, "--tls-key", key],
            text=True,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 1 and not done.stdout, done
        assert reason in done.stderr, done.stderr


CASES: tuple[Callable[[Certificates, Sequence[str]], None], ...] = (
    s_client,
    names,
    bad_handshakes,
    bad_files,
    reload,
)


def clients() -> list[Client]:
    return [
        Client("websockets", partial(python_client, "websockets_client.py"), LIBRARY, ()),
        Client("aiohttp", partial(python_client, "aiohttp_client.py"), LIBRARY, ()),
        Client("ws", partial(node_client, "ws_client.js"), LIBRARY, ()),
        Client("chromium", partial(chromium_client, "chromium_client.py"), BROWSER, ()),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Talks TLS to a server.")
    add_server_argument(parser)
    command = server_command(parser.parse_args().server)
    try:
        commands = [(client, client.prepare()) for client in clients()]
    except MissingTool as missing:
        print(missing)
        return MISSING_TOOL_STATUS
    report = Report()
    with tempfile.TemporaryDirectory(prefix="wsabi-tls-") as folder:
        certificates = Certificates(Path(folder))
        # What Python and Node trust.
        os.environ["SSL_CERT_FILE"] = str(certificates.authority)
        os.environ["NODE_EXTRA_CA_CERTS"] = str(certificates.authority)
        for client, program in commands:
            report_client(report, certificates.server(command), client, program, None)
        for case in CASES:
            name = f"tls {case.__name__.replace('_', '-')}"
            try:
                case(certificates, command)
            except Exception as error:  # whatever a broken server leads to is the case's result
                report.fail(name, f"{type(error).__name__}: {error}")
            else:
                report.ok(name)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
