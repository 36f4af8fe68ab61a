"""Prints wsabi.h or a Markdown page as Doxygen has to see it.

In the header, `//` comments become Doxygen's, and declared names between backticks links. In a
page, headings get the anchors that they have where the repository is browsed, behind the page's
name since Doxygen has one space of anchors; links between pages follow. A link to any other file
goes to the copy of it that finish.py makes. WSABI_PAGES names the pages.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

HEADER = Path("include/wsabi.h")
DECLARED = re.compile(r"\b(wsabi_\w+)(?=[;(])|^#define (WSABI_\w+) ", re.M)
NAME = re.compile(r"`(wsabi_\w+|WSABI_\w+)`")
COMMENT = re.compile(r"( *)//(.*)")

FENCE = re.compile(r" *```")
HEADING = re.compile(r"#+ (.+)")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def filter_header(text: str) -> str:
    """The header, with the comments that Doxygen reads."""
    declared = {name for names in DECLARED.findall(text) for name in names}

    def link(name: re.Match[str]) -> str:
        return f"#{name[1]}" if name[1] in declared else name[0]

    lines = ["/// @file"]
    for line in text.splitlines():
        comment = COMMENT.match(line)
        lines.append(f"{comment[1]}///{NAME.sub(link, comment[2])}" if comment else line)
    return "\n".join(lines)


def anchor(page: Path, heading: str = "") -> str:
    """The anchor of a page, or of one of its headings."""
    name = "-".join(page.with_suffix("").parts).lower()
    slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"{name}--{slug}" if slug else name


def filter_page(page: Path, text: str, pages: set[Path]) -> str:
    """The page, with anchors and links that hold in the site."""

    def link(match: re.Match[str]) -> str:
        words, (target, _, heading) = match[1], match[2].partition("#")
        if ":" in target:
            return match[0]
        path = Path(os.path.normpath(page.parent / target)) if target else page
        if path / "README.md" in pages:
            path /= "README.md"
        if path in pages:
            return f"[{words}](#{anchor(path, heading)})"
        if path == HEADER:
            return "@ref wsabi.h"
        return words if path.is_dir() else f"[{words}](files/{path})"

    lines = []
    is_code = False
    anchors: list[str] = []
    for line in text.splitlines():
        is_code ^= bool(FENCE.match(line))
        heading = HEADING.match(line)
        if not is_code and heading:
            anchors.append(anchor(page, heading[1] if anchors else ""))
            before = anchors.count(anchors[-1]) - 1
            line += f" {{#{anchors[-1]}{f'-{before}' if before else ''}}}"
        lines.append(line if is_code else LINK.sub(link, line))
    return "\n".join(lines)


def main() -> None:
    path = Path(os.path.relpath(sys.argv[1]))
    text = path.read_text()
    if path == HEADER:
        print(filter_header(text))
    else:
        print(filter_page(path, text, {Path(page) for page in os.environ["WSABI_PAGES"].split()}))


main()
