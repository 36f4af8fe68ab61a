"""Finds and loads the shared library."""

from __future__ import annotations

import os
import sys
from ctypes import PyDLL, c_uint32
from ctypes.util import find_library
from pathlib import Path
from typing import Any, Callable

#: Names of the library inside the package, where a wheel has it.
_NAMES = {"darwin": "libwsabi.dylib", "win32": "wsabi.dll"}
PACKAGED = Path(__file__).with_name(_NAMES.get(sys.platform, "libwsabi.so"))


class LibraryError(ImportError):
    """The shared library cannot be used: it is missing, or not the one for this package."""


def find() -> str:
    """The library to load: ``WSABI_LIBRARY``, the package's own, or the system's."""
    named = os.environ.get("WSABI_LIBRARY")
    if named:
        return named
    if PACKAGED.exists():
        return str(PACKAGED)
    system = find_library("wsabi")
    if system is None:
        raise LibraryError(
            f"no wsabi library: there is none at {PACKAGED} and none in the system; "
            "WSABI_LIBRARY=/path/to/libwsabi.so names one"
        )
    return system


def load(path: str) -> PyDLL:
    """Loads the library. PyDLL keeps the GIL: calls are shorter than handing it over is."""
    try:
        return PyDLL(path)
    except OSError as error:
        raise LibraryError(f"the wsabi library cannot be loaded: {error}") from error


PATH = find()
_library = load(PATH)


def untyped(name: str, result: Any) -> Any:
    """A function that takes its arguments as they are, which is faster than a typed one.

    Only ctypes' own parameters and ``bytes`` may be passed to it: a plain integer would go as
    32 bits.
    """
    try:
        found = _library[name]
    except AttributeError:
        raise LibraryError(f"{PATH} has no {name}: it is older than this package") from None
    found.restype = result
    return found


def function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """A function of the library with the types of its arguments."""
    found = untyped(name, result)
    found.argtypes = arguments
    return found  # type: ignore[no-any-return]


def optional(feature: str, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """The same of a function that only libraries with a feature have: calling it in another one
    raises.
    """
    if hasattr(_library, name):
        return function(name, result, *arguments)

    def missing(*_: Any) -> Any:
        raise LibraryError(f"{PATH} has no {name}: it was built without the feature {feature}")

    missing.restype, missing.argtypes = result, arguments  # type: ignore[attr-defined]
    return missing


def check_abi(expected: int) -> None:
    """Raises unless the library has the ABI that this package was made for."""
    actual = function("wsabi_abi_version", c_uint32)()
    if actual != expected:
        raise LibraryError(
            f"{PATH} has ABI {actual}, this package needs ABI {expected}: "
            "install a wsabi library and a wsabi package of the same major version"
        )
