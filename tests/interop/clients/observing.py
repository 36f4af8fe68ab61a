"""What the observing Python clients share: the situations to look at, and the line for each.

Called with one JSON array for each situation: the URL, the subprotocols to offer, and the
origin to name. Prints what a program sees of it, one line of Markdown each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

TIMEOUT = 10.0


def opened(protocol: str | None) -> str:
    """The connection is open, with or without a subprotocol."""
    return f"open, `{protocol}`" if protocol else "open"


def closed(code: int, reason: str) -> str:
    """The server's Close."""
    return f"close {code} “{reason}”" if reason else f"close {code}"


def observe_all(observe: Callable[[str, list[str], str], str]) -> None:
    """Looks at every situation of the command line."""
    for argument in sys.argv[1:]:
        print(observe(*json.loads(argument)), flush=True)
