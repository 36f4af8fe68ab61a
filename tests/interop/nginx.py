"""nginx as a reverse proxy in front of the server, with a configuration of its own."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from generated import DOCS

START_TIMEOUT = 10.0
STOP_TIMEOUT = 10.0

# One process that drops no privileges: it works alike for root and for any other user, and a
# single signal ends it.
CONFIGURATION = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{http}
}}
"""

# What users write first, and what cannot work.
BARE = """
server {
    listen 80;
    location / {
        proxy_pass http://127.0.0.1:9001;
    }
}
"""


def documented() -> str:
    """What the documentation tells users to write."""
    found = re.search(r"^```nginx\n(.*?)^```$", (DOCS / "answers.md").read_text(), re.M | re.S)
    assert found is not None
    return found[1]


class NginxError(Exception):
    """nginx did not start."""


class Nginx:
    """nginx on a free port of 127.0.0.1 that passes everything on to ``server_port``.

    ``http`` is what stands inside of ``http {}``; it listens on 80 and passes on to 9001.
    """

    def __init__(self, program: str, server_port: int, http: str) -> None:
        self._program = program
        self._http = http
        self._server_port = server_port
        self.port = 0

    @property
    def url(self) -> str:
        """The WebSocket address of the proxied server."""
        return f"ws://127.0.0.1:{self.port}/"

    def __enter__(self) -> Nginx:
        self._directory = Path(tempfile.mkdtemp(prefix="wsabi-nginx-"))
        self.port = free_port()
        configuration = self._directory / "nginx.conf"
        http = self._http.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        http = http.replace("127.0.0.1:9001", f"127.0.0.1:{self._server_port}")
        configuration.write_text(CONFIGURATION.format(http=http))
        # -e: without it nginx first opens the system's error log.
        self._process = subprocess.Popen(
            [self._program, "-p", self._directory, "-c", configuration, "-e", "error.log"],
            stdin=subprocess.DEVNULL,
        )
        try:
            self._wait_until_it_listens()
        except NginxError:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        log = self._directory / "error.log"
        raise NginxError(f"nginx did not start: {log.read_text() if log.exists() else 'no log'}")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory)


def free_port() -> int:
    """A port that was free a moment ago; nginx cannot be asked to choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
