"""Copies the files of the repository that the site links to, and checks every link in it.

    python3 docs/site/finish.py target/docs/html

A link within the site has to lead to a file, and its fragment to an anchor there. Addresses of
others are not asked. Exit status 1 when a link leads nowhere.
"""

from __future__ import annotations

import shutil
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

COPIES = "files/"


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value or "")


@cache
def read(path: Path) -> Page:
    return Page(path)


def copy_linked_file(site: Path, name: str) -> None:
    source = Path(name.removeprefix(COPIES))
    if source.is_file():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, site / name)


def is_broken(site: Path, page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return False
    name = unquote(parts.path)
    if name.startswith(COPIES):
        copy_linked_file(site, name)
    path = site / name if name else page
    if not path.is_file():
        return True
    return bool(parts.fragment) and unquote(parts.fragment) not in read(path).anchors


def main() -> int:
    site = Path(sys.argv[1])
    pages = sorted(site.glob("*.html"))
    broken = 0
    links = 0
    for page in pages:
        for link in read(page).links:
            links += 1
            if is_broken(site, page, link):
                print(f"{page}: {link} leads nowhere")
                broken += 1
    print(f"{len(pages)} pages, {links} links, {broken} broken")
    return 1 if broken or not links else 0


sys.exit(main())
