"""Standing memory for the calls that receive and that list output.

A call is told once where its arguments lie, and its results are read with ``struct``: making
ctypes objects for each call would take longer than the call.
"""

from __future__ import annotations

import threading
from ctypes import addressof, c_char, c_size_t, c_void_p
from struct import Struct
from typing import Any

#: Octets that are received at once.
READ_SIZE = 256 * 1024
#: Events and runs of output that are listed at once.
EVENTS = 1024
RUNS = 64

#: (used, count) and the array of ``wsabi_event`` behind them, whose layout the ABI has frozen.
RESULT = Struct("@NN")
EVENT = Struct("@iHHPN")
#: A result with its first event.
FIRST = Struct("@NNiHHPN")
#: The number of runs, the array of ``wsabi_iovec`` behind it, and both with the first run.
RUN_COUNT = Struct("@N")
RUN = Struct("@PN")
FIRST_RUN = Struct("@NPN")

pointer: Any = c_void_p.from_param
_size: Any = c_size_t.from_param
SIZES = tuple(map(_size, range(4097)))
SMALL = len(SIZES)
NULL = pointer(None)


def size(n: int) -> Any:
    """``n`` as a ``size_t`` parameter."""
    return SIZES[n] if 0 <= n < SMALL else _size(n)


class Space:
    """The standing memory of one thread, which owns it but for the time that a call uses it."""

    __slots__ = ("_pinned", "base", "cap", "count", "data", "events", "memory", "owner", "result",
                 "run_cap", "run_count", "runs", "runs_at", "thread", "used", "view")  # fmt: skip

    def __init__(self) -> None:
        #: The thread's number; ``owner`` is that, or 0 while a call uses the memory.
        self.thread = self.owner = threading.get_ident()
        #: What is received stands here.
        self.memory = bytearray(READ_SIZE)
        self.view = memoryview(self.memory)
        self.base, self.data, data = _pin(self.memory)
        #: RESULT and EVENTS events.
        self.result = memoryview(bytearray(RESULT.size + EVENTS * EVENT.size))
        at, self.used, result = _pin(self.result)
        self.count = pointer(at + RESULT.size // 2)
        self.events = pointer(at + RESULT.size)
        self.cap = size(EVENTS)
        #: RUN_COUNT and RUNS runs.
        self.runs = memoryview(bytearray(RUN_COUNT.size + RUNS * RUN.size))
        at, self.run_count, runs = _pin(self.runs)
        self.runs_at = pointer(at + RUN_COUNT.size)
        self.run_cap = size(RUNS)
        self._pinned = (data, result, runs)


def _pin(memory: bytearray | memoryview) -> tuple[int, Any, object]:
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
