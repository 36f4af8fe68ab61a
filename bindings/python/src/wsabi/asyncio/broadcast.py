"""One message to many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional, TypeVar, Union

from .. import _abi
from .._config import Config
from .._errors import WsabiError
from .._events import Octets
from .._prepared import PreparedMessage
from .connection import WebSocket

AnyWebSocket = TypeVar("AnyWebSocket", bound=WebSocket)


def broadcast(
    connections: Iterable[AnyWebSocket], message: Union[str, Octets]
) -> list[AnyWebSocket]:
    """Sends a message to many connections, text for ``str`` and binary for octets: it is encoded
    and compressed once for all that have the same config. Nobody is waited for; what a slow peer
    does not take is queued, up to the option ``max_output``.

    Returns the connections that were left out: those that are not open, that have no room for the
    message, or are in the middle of one in fragments.
    """
    prepared: dict[Optional[Config], PreparedMessage] = {}
    left_out: list[AnyWebSocket] = []
    for connection in connections:
        config = connection.protocol.config
        if config not in prepared:
            prepared[config] = PreparedMessage(message, config)
        try:
            connection.protocol.send_prepared(prepared[config])
        except WsabiError as error:
            if error.status not in (_abi.ERR_STATE, _abi.ERR_LIMIT):
                raise
            left_out.append(connection)
        else:
            connection.message_posted(prepared[config].size)
    return left_out
