"""Standing memory for the calls that receive and that list output.

A call is told once where its arguments lie, and its results are read with ``struct``: making
ctypes objects for each call would take longer than the call.
"""

from __future__ import annotations

import sys
import threading
from ctypes import addressof, c_char, c_size_t, c_void_p
from struct import Struct
from typing import Any

#: Octets that are received at once.
READ_SIZE = 256 * 1024
#: The same by a connection that lists messages in pieces.
PIECES_READ_SIZE = 16 * 1024
#: Events and runs of output that are listed at once.
EVENTS = 1024
RUNS = 64

#: (used, count) and the array of ``wsabi_event`` behind them, whose layout the ABI has frozen.
RESULT = Struct("@NN")
EVENT = Struct("@iHHPN")
#: What concerns messages of an event: type, address, length; and of a result with its first event.
MESSAGE = Struct("@i4xPN")
FIRST = Struct("@NNi4xPN")
#: The number of runs, the array of ``wsabi_iovec`` behind it, and both with the first run.
RUN_COUNT = Struct("@N")
RUN = Struct("@PN")
FIRST_RUN = Struct("@NPN")

#: All memory, from address 0 on: slicing it is several times faster than ``string_at``.
MEMORY = memoryview((c_char * sys.maxsize).from_address(0)).cast("B")

pointer: Any = c_void_p.from_param
_size: Any = c_size_t.from_param
SIZES = tuple(map(_size, range(4097)))
SMALL = len(SIZES)
NULL = pointer(None)


def size(n: int) -> Any:
    """``n`` as a ``size_t`` parameter."""
    return SIZES[n] if 0 <= n < SMALL else _size(n)


EVENT_CAP, RUN_CAP = size(EVENTS), size(RUNS)


class Space:
    """The standing memory of one thread, which owns it but for the time that a call uses it."""

    __slots__ = ("_pinned", "base", "count", "data", "end", "events", "owner", "result",
                 "run_count", "runs", "runs_at", "thread", "used", "view")  # fmt: skip

    def __init__(self) -> None:
        #: The thread's number; ``owner`` is that, or 0 while a call uses the memory.
        self.thread = self.owner = threading.get_ident()
        #: What is received stands here.
        self.view = memoryview(bytearray(READ_SIZE))
        self.base, self.data, data = _pin(self.view)
        self.end = self.base + READ_SIZE
        #: RESULT and EVENTS events.
        self.result = memoryview(bytearray(RESULT.size + EVENTS * EVENT.size))
        at, self.used, result = _pin(self.result)
        self.count = pointer(at + RESULT.size // 2)
        self.events = pointer(at + RESULT.size)
        #: RUN_COUNT and RUNS runs.
        self.runs = memoryview(bytearray(RUN_COUNT.size + RUNS * RUN.size))
        at, self.run_count, runs = _pin(self.runs)
        self.runs_at = pointer(at + RUN_COUNT.size)
        self._pinned = (data, result, runs)


def _pin(memory: memoryview) -> tuple[int, Any, object]:
    """The address of memory, the same as a parameter, and what keeps the memory there."""
    pinned = c_char.from_buffer(memory)
    return addressof(pinned), pointer(addressof(pinned)), pinned


_local = threading.local()


def standing_memory() -> Space:
    """The calling thread's standing memory."""
    try:
        return _local.space  # type: ignore[no-any-return]
    except AttributeError:
        _local.space = Space()
        return _local.space  # type: ignore[no-any-return]
