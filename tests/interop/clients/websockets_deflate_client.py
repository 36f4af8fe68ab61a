"""Python `websockets` with permessage-deflate, against deflate_server.py.

Called like the other clients (see client_process.py); a case is the server's settings, "/" and
what is offered: ``any``, or parameters and compression levels.
"""

from __future__ import annotations

from python_cases import deflate_messages, expect, run_cases
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
)
from websockets.sync.client import connect

TIMEOUT = 20.0


def run_case(url: str, case: str) -> None:
    """Sends every message twice: alone, then all behind each other."""
    factory = offer(case.partition("/")[2])
    with connect(f"{url}{case}", extensions=[factory], compression=None, proxy=None) as socket:
        (extension,) = socket.protocol.extensions
        assert isinstance(extension, PerMessageDeflate)
        for message in deflate_messages():
            socket.send(message)
            expect("echo", socket.recv(TIMEOUT), message)
        for message in deflate_messages():
            socket.send(message)
        for message in deflate_messages():
            expect("echo", socket.recv(TIMEOUT), message)


def offer(text: str) -> ClientPerMessageDeflateFactory:
    """The offer that a case names."""
    wanted = dict(part.split("=") for part in text.split(",")) if text != "any" else {}
    settings = {"level": int(wanted.pop("level", "6")), "memLevel": 5}
    return ClientPerMessageDeflateFactory(
        **{name: bool(int(value)) for name, value in wanted.items() if "takeover" in name},
        **{name: int(value) for name, value in wanted.items() if "bits" in name},
        compress_settings=settings,
    )


run_cases(run_case)
