"""A message for many connections."""

from __future__ import annotations

from ctypes import byref, c_void_p
from typing import Optional, Union

from . import _abi
from ._config import Config, parameter_of
from ._errors import check
from ._events import Octets
from ._space import NULL, pointer


class PreparedMessage:
    """A message, text for ``str`` and binary for octets, that is encoded and compressed once.

    ``config`` is that of the connections that will send it. Every thread may use it.
    """

    __slots__ = ("_parameter", "size")
    _free = staticmethod(_abi.prepared_free)

    #: Octets of the payload.
    size: int

    def __init__(self, message: Union[str, Octets], config: Optional[Config] = None) -> None:
        kind, octets = typed(message)
        self.size = len(octets)
        handle = c_void_p()
        check(_abi.prepared_new(parameter_of(config), kind, octets, self.size, byref(handle)))
        self._parameter = pointer(handle.value)

    def __del__(self) -> None:
        self._free(getattr(self, "_parameter", NULL))


def typed(message: Union[str, Octets]) -> tuple[int, bytes]:
    """The type of a message, and its octets."""
    if isinstance(message, str):
        return _abi.MESSAGE_TEXT, message.encode()
    return _abi.MESSAGE_BINARY, bytes(memoryview(message))
