"""What the Python clients share: the payloads, and the line that each case prints.

Command line and output are those that client_process.py describes.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from itertools import chain, count, islice

ASCII = "Hello, WebSocket!"
UNICODE = "Grüße, Привет, שלום, नमस्ते, こんにちは, 你好, 👩‍🚀 𝄞"
PIPELINED = [f"message {number}" for number in range(200)]
OFFERS = {"subprotocol-known": ["a", "chat"], "subprotocol-unknown": ["zzz"]}


def binary_payload(case: str) -> bytes:
    """The payload of a case ``binary-N``: N octets."""
    size = int(case.removeprefix("binary-"))
    return bytes(index % 251 for index in range(size))


def compressible(size: int) -> str:
    """That many characters of JSON, in scripts that take one to four octets each."""
    records = (f'{{"id":{n},"name":"grüße 𝄞 {n * 7919 % 1000}"}},' for n in count())
    return "".join(chain.from_iterable(islice(records, 1 + size // 20)))[:size]


def deflate_messages() -> list[str | bytes]:
    """Texts and octets that compress well, not at all, or refer to what was before."""
    noise = random.Random(7692).randbytes(70_000)
    texts = [compressible(size) for size in (0, 1, 5, 127, 300, 5000, 40_000, 200_000)]
    return [*texts, noise[:100], noise, *texts[3:], noise[:40_000], b"\0" * 1_000_000, b""]


def expect(what: str, actual: object, wanted: object) -> None:
    """Raises unless both are equal."""
    if actual != wanted:
        raise AssertionError(f"{what}: {actual!r:.200} instead of {wanted!r:.200}")


def announce_connected() -> None:
    """Tells the runner that it may end the server now."""
    print("connected", flush=True)


def run_cases(run_case: Callable[[str, str], None]) -> None:
    """Runs the cases of the command line, each on a connection of its own."""
    url, *cases = sys.argv[1:]
    for case in cases:
        try:
            run_case(url, case)
        except Exception as error:  # whatever a client library raises is the case's result
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok {case}: {reason}", flush=True)
        else:
            print(f"ok {case}", flush=True)
