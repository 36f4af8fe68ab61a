"""What is wrong with a captured opening handshake, or with captured frames."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_void_p, sizeof, string_at
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar, Union

from . import _abi
from ._errors import check

Code = TypeVar("Code", bound=IntEnum)


def known(enum: type[Code], value: int) -> Union[Code, int]:
    """The member of that value, or the value when a newer library has made it up."""
    try:
        return enum(value)
    except ValueError:
        return value


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing."""

    kind: Union[_abi.FindingKind, int]
    severity: Union[_abi.Severity, int]
    place: Union[_abi.Place, int]
    #: Which request, response or frame of the capture, from 1; 0 for the capture.
    index: int
    #: Line of the capture, from 1; 0 when it is about no line.
    line: int
    #: Octet at which the frame begins; 0 outside frames.
    offset: int
    #: The text that breaks the rule, escaped; of a frame octets in hexadecimal. May be empty.
    offending: str
    #: Where the rule stands, such as "RFC 6455 4.2.2".
    section: str
    #: What is the case.
    rule: str
    #: What is known about this case beyond the rule. May be empty.
    detail: str
    #: What peers do about it.
    peers: str
    #: How to mend it, with the right value where it can be computed.
    remedy: str


def explain(capture: Union[str, bytes]) -> list[Finding]:
    """Explains captured heads, the worst first: a request, a response, or any number of them.

    Lines may be numbered or indented, or have the arrows of ``curl -v``.
    """
    return _findings(_abi.explain, capture)


def explain_frames(capture: Union[str, bytes]) -> list[Finding]:
    """Explains captured frames, the worst first: their octets, or a hex dump of them.

    Frames with a mask are taken to be the client's, others the server's.
    """
    return _findings(_abi.explain_frames, capture)


def _findings(function: Any, capture: Union[str, bytes]) -> list[Finding]:
    if isinstance(capture, str):
        capture = capture.encode("utf-8", "surrogatepass")  # no text makes it fail
    octets = bytes(memoryview(capture))
    explanation = c_void_p()
    check(function(octets, len(octets), byref(explanation)))
    try:
        count: int = _abi.explanation_count(explanation)
        return [_finding(explanation, index) for index in range(count)]
    finally:
        _abi.explanation_free(explanation)


def _finding(explanation: c_void_p, index: int) -> Finding:
    raw = _abi.wsabi_finding(struct_size=sizeof(_abi.wsabi_finding))
    check(_abi.explanation_at(explanation, c_size_t(index), byref(raw)))
    texts = ("offending", "section", "rule", "detail", "peers", "remedy")
    return Finding(
        known(_abi.FindingKind, raw.kind),
        known(_abi.Severity, raw.severity),
        known(_abi.Place, raw.place),
        raw.index,
        raw.line,
        raw.offset,
        *(text(getattr(raw, name)) for name in texts),
    )


def text(slice: _abi.wsabi_slice) -> str:
    """The UTF-8 of a slice."""
    return string_at(slice.data, slice.len).decode() if slice.len else ""
