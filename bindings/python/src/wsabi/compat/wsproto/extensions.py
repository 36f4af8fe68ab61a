"""wsproto's extensions: permessage-deflate, as what is offered and agreed on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from typing import Optional, Union

from ... import Config, Connection, Info, Role, options
from .utilities import LocalProtocolError


class Extension(ABC):
    """An extension. wsabi knows :class:`PerMessageDeflate` alone."""

    name: str

    def enabled(self) -> bool:
        """Whether it was agreed on."""
        return False

    @abstractmethod
    def offer(self) -> Union[bool, str]:
        """The parameters that a client offers; True for none, False for no offer."""

    def accept(self, offer: str) -> Union[bool, str, None]:
        """The parameters that a server agrees to; True for none."""
        return None

    def finalize(self, offer: str) -> None:
        """Takes the parameters that the server agreed to."""


class PerMessageDeflate(Extension):
    """Compression of messages, RFC 7692."""

    name = "permessage-deflate"

    def __init__(
        self,
        client_no_context_takeover: bool = False,
        client_max_window_bits: Optional[int] = None,
        server_no_context_takeover: bool = False,
        server_max_window_bits: Optional[int] = None,
    ) -> None:
        self.client_no_context_takeover = client_no_context_takeover
        self.server_no_context_takeover = server_no_context_takeover
        self.client_max_window_bits = 15 if client_max_window_bits is None else client_max_window_bits
        self.server_max_window_bits = 15 if server_max_window_bits is None else server_max_window_bits
        self._enabled = False

    @property
    def client_max_window_bits(self) -> int:
        """The largest window of the client's compressor, as a logarithm."""
        return self._client_max_window_bits

    @client_max_window_bits.setter
    def client_max_window_bits(self, value: int) -> None:
        self._client_max_window_bits = _checked(value)

    @property
    def server_max_window_bits(self) -> int:
        """The largest window of the server's compressor, as a logarithm."""
        return self._server_max_window_bits

    @server_max_window_bits.setter
    def server_max_window_bits(self, value: int) -> None:
        self._server_max_window_bits = _checked(value)

    def enabled(self) -> bool:
        return self._enabled

    def offer(self) -> Union[bool, str]:
        return "; ".join(self._parameters())

    def finalize(self, offer: str) -> None:
        self._take(offer)
        self._enabled = True

    def accept(self, offer: str) -> Union[bool, str, None]:
        try:
            named = self._take(offer)
        except ValueError:
            return None
        self._enabled = True
        return "; ".join(p for p in self._parameters() if "=" not in p or p.partition("=")[0] in named)

    def _parameters(self) -> list[str]:
        windows = [
            f"client_max_window_bits={self.client_max_window_bits}",
            f"server_max_window_bits={self.server_max_window_bits}",
        ]
        sides = ("client_no_context_takeover", "server_no_context_takeover")
        return windows + [name for name in sides if getattr(self, name)]

    def _take(self, offer: str) -> set[str]:
        """Takes the parameters of an offer or an answer; returns the names of those it has."""
        named = set()
        for parameter in offer.split(";")[1:]:
            name, _, value = (part.strip() for part in parameter.partition("="))
            if name in ("client_no_context_takeover", "server_no_context_takeover"):
                setattr(self, name, True)
            elif name in ("client_max_window_bits", "server_max_window_bits"):
                if value:
                    setattr(self, name, min(int(value), getattr(self, name)))
            else:
                continue
            named.add(name)
        return named

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'; '.join(self._parameters())}>"

    # ---- For the connection ----

    def options(self) -> tuple[tuple[str, int], ...]:
        """The options of a connection that negotiates it."""
        names = ("client_no_context_takeover", "server_no_context_takeover",
                 "client_max_window_bits", "server_max_window_bits")  # fmt: skip
        return (("deflate", 1), *((name, int(getattr(self, name))) for name in names))

    def agreed(self, connection: Connection) -> bool:
        """Takes over what a connection agreed on; returns whether it did."""
        self._enabled = connection.info(Info.DEFLATE) == 1
        if self._enabled:
            own, peer = ("client", "server") if connection.role is Role.CLIENT else ("server", "client")
            # The library has a window of 8, too.
            setattr(self, f"_{own}_max_window_bits", connection.info(Info.DEFLATE_WINDOW_BITS))
            takeover = {own: Info.DEFLATE_TAKEOVER, peer: Info.DEFLATE_PEER_TAKEOVER}
            for side, info in takeover.items():
                setattr(self, f"{side}_no_context_takeover", not connection.info(info))
        return self._enabled


#: The classes of extensions, by name.
SUPPORTED_EXTENSIONS = {PerMessageDeflate.name: PerMessageDeflate}


def only_deflate(extensions: Iterable[object], event: object) -> Optional[PerMessageDeflate]:
    """The permessage-deflate among the extensions of an event."""
    found = None
    for extension in extensions:
        if not isinstance(extension, PerMessageDeflate):
            raise LocalProtocolError(f"{event} has an extension that wsabi does not know")
        found = extension
    return found


@lru_cache(maxsize=64)
def config_of(
    extension: tuple[tuple[str, int], ...] = (("deflate", 0),), subprotocols: tuple[str, ...] = ()
) -> Config:
    """The config of connections here: no limits, as in wsproto, and messages as they come."""
    limits = ("max_frame_size", "max_message_size", "max_fragments", "max_output")
    values: dict[str, int] = {name: options()[name].maximum for name in limits}
    values.update(extension, message_pieces=1)
    return Config(subprotocols=subprotocols, **values)  # type: ignore[arg-type]


def _checked(bits: int) -> int:
    if not 9 <= bits <= 15:
        raise ValueError(f"a window has 9 to 15 bits, not {bits}")
    return bits
