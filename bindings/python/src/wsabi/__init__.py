"""wsabi: the WebSocket protocol (RFC 6455) without sockets, over the C library of that name.

- :class:`Connection`: octets in, events out; messages in, octets out.
- :mod:`wsabi.asyncio`: ``serve()`` and ``connect()``.
- :mod:`wsabi.uvicorn`: ``uvicorn app:app --ws wsabi.uvicorn:WebSocketProtocol``.
- :func:`explain`: what is wrong with this handshake.
"""

from __future__ import annotations

from ._abi import (
    ERR_ARGUMENT,
    ERR_INTERNAL,
    ERR_LIMIT,
    ERR_MEMORY,
    ERR_NOT_FOUND,
    ERR_NULL,
    ERR_RANDOM,
    ERR_STATE,
    ERR_UNSUPPORTED,
    FailureCode,
    FindingKind,
    Info,
    Interest,
    Options,
    Place,
    Policy,
    Preference,
    Role,
    Severity,
    State,
)
from ._abi import version as _version
from ._config import Config, Option, options
from ._connection import Connection
from ._errors import WsabiError
from ._events import (
    Close,
    Closed,
    Drained,
    Event,
    Failed,
    HttpRequest,
    Open,
    Piece,
    Ping,
    Pong,
    Rejected,
    Request,
    Response,
)
from ._explain import Finding, explain, explain_frames
from ._library import LibraryError
from ._prepared import PreparedMessage

__version__ = "0.1.0"
#: Version of the loaded library.
library_version: str = _version().decode()

__all__ = [
    "ERR_ARGUMENT",
    "ERR_INTERNAL",
    "ERR_LIMIT",
    "ERR_MEMORY",
    "ERR_NOT_FOUND",
    "ERR_NULL",
    "ERR_RANDOM",
    "ERR_STATE",
    "ERR_UNSUPPORTED",
    "Close",
    "Closed",
    "Config",
    "Connection",
    "Drained",
    "Event",
    "Failed",
    "FailureCode",
    "Finding",
    "FindingKind",
    "HttpRequest",
    "Info",
    "Interest",
    "LibraryError",
    "Open",
    "Option",
    "Options",
    "Piece",
    "Ping",
    "Place",
    "Policy",
    "Pong",
    "Preference",
    "PreparedMessage",
    "Rejected",
    "Request",
    "Response",
    "Role",
    "Severity",
    "State",
    "WsabiError",
    "explain",
    "explain_frames",
    "library_version",
    "options",
]
