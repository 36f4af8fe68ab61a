"""The C snippets of ``docs/``: every one compiles, and the answers shown are really given.

A snippet is a fenced block ``c``. A generated block ``answer to REQUEST`` shows what the
snippet above it answers, built into ``snippet_harness.c``. REQUEST is a method and a target,
and behind "|" the fields that differ from ``OPENING_HANDSHAKE``; with "plain" in front it is
a request that has nothing to do with WebSocket.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from generated import DOCS, read_blocks, write_blocks
from report import Report
from tools import HERE

TIMEOUT = 60.0
PAGES = ("answers.md", "connections.md", "hosts.md", "server.md")
ANSWER_TO = "answer to "
CLOSE = 0x88  # a final frame with the opcode of a Close
SNIPPET = re.compile(r"^```c\n(.*?)^```$", re.M | re.S)
INCLUDES = "#include <stdbool.h>\n#include <stdio.h>\n#include <string.h>\n#include <wsabi.h>\n"
COMPILER = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{HERE.parents[1] / 'include'}"]

PLAIN = {"Host": "example.com"}
OPENING_HANDSHAKE = PLAIN | {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class SnippetError(Exception):
    """A snippet does not compile, or does not run to its end; the text says why."""


def report_snippets(report: Report, library: Path, bless: bool) -> None:
    """Compiles every snippet, and compares or writes the answers."""
    with tempfile.TemporaryDirectory(prefix="wsabi-") as scratch:
        source = Path(scratch, "snippet.c")
        for page in (DOCS / name for name in PAGES):
            for snippet in SNIPPET.finditer(page.read_text()):
                report_snippet(report, page, snippet, source)
            report_answers(report, page, source, library, bless)


def report_snippet(report: Report, page: Path, snippet: re.Match[str], source: Path) -> None:
    """Compiles a snippet without a warning."""
    case = f"{page.name}, {heading(snippet.string[: snippet.start()])}: snippet"
    write_snippet(page, snippet, source)
    try:
        run([*COMPILER, "-fsyntax-only", source])
    except SnippetError as error:
        report.fail(case, str(error))
    else:
        report.ok(case)


def report_answers(report: Report, page: Path, source: Path, library: Path, bless: bool) -> None:
    """Compares the answers with those that the page shows, or writes them there."""
    texts = []
    for block in read_blocks(page):
        if not block.name.startswith(ANSWER_TO):
            texts.append(block.text)
            continue
        case = f"{page.name}, {heading(block.before)}: {block.name}"
        *_, snippet = SNIPPET.finditer(block.before)
        write_snippet(page, snippet, source)
        try:
            texts.append(answer(block.name.removeprefix(ANSWER_TO), source, library))
        except SnippetError as error:
            report.fail(case, str(error))
            texts.append(block.text)
            continue
        if bless or texts[-1] == block.text:
            report.ok(case)
        else:
            report.fail(case, f"the answer is now\n{texts[-1]}see --bless")
    if bless:
        write_blocks(page, texts)


def heading(text: str) -> str:
    """The last heading in the text."""
    last: str = re.findall(r"^#+ (.*)$", text, re.M)[-1]
    return last


def write_snippet(page: Path, snippet: re.Match[str], source: Path) -> None:
    """Writes the snippet behind its includes; errors name the line of the page."""
    line = snippet.string.count("\n", 0, snippet.start(1)) + 1
    source.write_text(f'{INCLUDES}#line {line} "{page.name}"\n{snippet[1]}')


def answer(wanted: str, source: Path, library: Path) -> str:
    """Request and answer, as the page shows them."""
    program = source.with_suffix("")
    sources = [source, HERE / "snippet_harness.c"]
    run([*COMPILER, *sources, library, f"-Wl,-rpath,{library.parent}", "-o", program])
    kind = PLAIN if wanted.startswith("plain ") else OPENING_HANDSHAKE
    line, *differing = wanted.removeprefix("plain ").split(" | ")
    line += " HTTP/1.1"
    fields = kind | dict(field.split(": ", 1) for field in differing)
    lines = [line, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    answered = run([program], "\r\n".join(lines).encode())
    return fence([line, *differing, ""], response_lines(answered))


def response_lines(octets: bytes) -> list[str]:
    """The lines of a response; behind a 101, its frames."""
    head, _, rest = octets.partition(b"\r\n\r\n")
    behind = frames(rest) if head.startswith(b"HTTP/1.1 101") else rest.decode().splitlines()
    return [*head.decode().split("\r\n"), "", *behind]


def frames(octets: bytes) -> list[str]:
    """The frames of a server, all shorter than 126 octets: what they say, and the octets."""
    if not octets:
        return []
    frame, rest = octets[: 2 + octets[1]], octets[2 + octets[1] :]
    if frame[0] == CLOSE:
        said = f"Close {int.from_bytes(frame[2:4], 'big')} {frame[4:].decode()}"
    else:
        said = frame[2:].decode()
    rows = [frame[at : at + 24].hex(" ") for at in range(0, len(frame), 24)]
    return [f"{said.rstrip()}:", *(f"    {row}" for row in rows), *frames(rest)]


def fence(sent: list[str], received: list[str]) -> str:
    """What went to the server, and what came from it."""
    lines = [*(f"> {line}" for line in sent), *(f"< {line}" for line in received)]
    return "```text\n" + "".join(f"{line.rstrip()}\n" for line in lines) + "```\n"


def run(command: Sequence[str | Path], octets: bytes = b"") -> bytes:
    """What a program prints that gets the octets; raises when it fails."""
    done = subprocess.run(command, input=octets, capture_output=True, timeout=TIMEOUT)
    if done.returncode != 0:
        raise SnippetError(done.stderr.decode())
    return done.stdout
