"""What clients see of each answer: the table of ``docs/browsers.md``, made anew and compared.

Every situation is a server with some options, a path, and what the client offers. All servers
run at once; each client then looks at all situations and prints a line for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from client_process import running
from generated import DOCS, read_blocks, write_blocks
from report import Report
from server_process import ServerError, ServerProcess
from tools import chromium_client, node_client, pinned_version, python_client

PAGE = DOCS / "browsers.md"

CHAT = ("--subprotocol", "chat")


@dataclass(frozen=True)
class Situation:
    """An answer, and how to get it: from the server under test, or from answering_server.py."""

    answer: str
    offers: tuple[str, ...] = ()
    options: tuple[str, ...] | None = None
    path: str = ""

    def row(self) -> tuple[str, str]:
        """The first two cells of its row."""
        return self.answer, ", ".join(f"`{name}`" for name in self.offers) or "nothing"

    def title(self) -> str:
        """Its name in the report."""
        return f"[{', '.join(self.offers)}] {self.answer}"


def from_server(answer: str, *options: str, offers: str = "") -> Situation:
    return Situation(answer, tuple(offers.split()), options)


def by_path(answer: str, path: str, offers: str = "") -> Situation:
    return Situation(answer, tuple(offers.split()), path=path)


# In options, ORIGIN stands for the origin that the clients come from.
SITUATIONS = (
    from_server("101"),
    from_server("101, `b` chosen", "--subprotocol", "b", offers="a b"),
    from_server("101, none chosen", *CHAT, offers="a b"),
    from_server("101, origin allowed", "--origin", "ORIGIN"),
    from_server("403, origin not allowed", "--origin", "https://example.com"),
    from_server("404, unknown path", "--path", "/ws"),
    from_server("400, no subprotocol", *CHAT, "--subprotocol-absent", "reject"),
    from_server(
        "400, unknown subprotocol", *CHAT, "--subprotocol-mismatch", "reject", offers="zzz"
    ),
    from_server("101, then Close 1008", *CHAT, "--subprotocol-absent", "close"),
    from_server("101, then Close 1008", *CHAT, "--subprotocol-mismatch", "close", offers="zzz"),
    by_path("101, none chosen, then Close 1000", "close/1000/bye", offers="zzz"),
    by_path("302", "302"),
    by_path("401", "401"),
    by_path("426", "426"),
    by_path("500", "500"),
    by_path("503", "503"),
    by_path("101, then Close 1000", "close/1000/bye"),
    by_path("101, then Close 1013", "close/1013/try%20again"),
    by_path("101, then Close 4001", "close/4001/enough"),
)


@dataclass(frozen=True)
class Observer:
    """A client: how to get its command line, and its package if that has a pinned version."""

    name: str
    prepare: Callable[[], list[str]]
    package: str | None = None

    def column(self) -> str:
        """The head of its column in the table."""
        return f"`{self.package}` {pinned_version(self.package)}" if self.package else "Chromium"


OBSERVERS = (
    Observer("chromium", partial(chromium_client, "chromium_observer.py")),
    Observer("websockets", partial(python_client, "websockets_observer.py"), "websockets"),
    Observer("aiohttp", partial(python_client, "aiohttp_observer.py"), "aiohttp"),
    Observer("ws", partial(node_client, "ws_observer.js"), "ws"),
)


class ObserverError(Exception):
    """A client did not say something about every situation."""


def report_observations(
    report: Report,
    server: Sequence[str],
    answering_server: Sequence[str],
    missing: Mapping[str, str],
    bless: bool,
) -> None:
    """Compares what the clients see with the page, or writes it there."""
    columns: dict[Observer, list[str]] = {}
    try:
        with all_situations(server, answering_server) as arguments:
            for observer in OBSERVERS:
                if observer.name in missing:
                    report.skip(f"observed {observer.name}", missing[observer.name])
                else:
                    columns[observer] = observe(observer, arguments)
    except (ServerError, ObserverError) as error:
        report.fail("observed", str(error))
        return
    if bless and len(columns) == len(OBSERVERS):
        write_blocks(PAGE, [table(columns)])
    cells = read_cells(read_blocks(PAGE)[0].text)
    for observer, seen in columns.items():
        for situation, actual in zip(SITUATIONS, seen, strict=True):
            case = f"observed {observer.name} {situation.title()}"
            wanted = cells.get((*situation.row(), observer.column()), "nothing")
            if actual == wanted:
                report.ok(case)
            else:
                report.fail(case, f"{actual!r}, {PAGE.name} says {wanted!r}; see --bless")


@contextmanager
def all_situations(server: Sequence[str], answering_server: Sequence[str]) -> Iterator[list[str]]:
    """The arguments that the observers get, while the servers for them run."""
    with ExitStack() as servers:
        answering = servers.enter_context(ServerProcess(answering_server))
        origin = answering.url.replace("ws://", "http://").rstrip("/")

        def url(situation: Situation) -> str:
            if situation.options is None:
                return answering.url + situation.path
            options = [origin if word == "ORIGIN" else word for word in situation.options]
            return servers.enter_context(ServerProcess(server, *options)).url

        yield [json.dumps([url(each), each.offers, origin]) for each in SITUATIONS]


def observe(observer: Observer, arguments: Sequence[str]) -> list[str]:
    """What the client says about each situation."""
    with running([*observer.prepare(), *arguments]) as client:
        assert client.stdout is not None
        lines = client.stdout.read().splitlines()
    if len(lines) != len(SITUATIONS):
        raise ObserverError(f"{observer.name} saw {len(lines)} of {len(SITUATIONS)} situations")
    return lines


def table(columns: Mapping[Observer, Sequence[str]]) -> str:
    """The table in Markdown."""
    head = ["answer", "offered", *(observer.column() for observer in columns)]
    rows = [[*each.row(), *seen] for each, *seen in zip(SITUATIONS, *columns.values(), strict=True)]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def read_cells(text: str) -> dict[tuple[str, str, str], str]:
    """The cells of such a table, by answer, offer and column."""
    head, _, *rows = [line.strip("|").split("|") for line in text.splitlines()] or [[], []]
    return {
        (row[0].strip(), row[1].strip(), column.strip()): cell.strip()
        for row in rows
        for column, cell in zip(head[2:], row[2:], strict=False)
    }
