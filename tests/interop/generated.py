"""Parts of the documentation that tests write: blocks between two markers.

A block begins with ``<!-- generated: NAME -->`` and ends with ``<!-- end -->``, each on a
line of its own. A test compares the block with what it saw, or rewrites it with ``--bless``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"(?<=^<!-- generated: )(.*?) -->\n(.*?)(?=^<!-- end -->$)", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block, and all of the page that stands before it."""

    name: str
    text: str
    before: str


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page, from the top."""
    text = page.read_text()
    return [Block(found[1], found[2], text[: found.start()]) for found in BLOCK.finditer(text)]


def write_blocks(page: Path, texts: Sequence[str]) -> None:
    """Gives every block of a page a new text."""
    rest = iter(texts)
    page.write_text(BLOCK.sub(lambda found: f"{found[1]} -->\n{next(rest)}", page.read_text()))
