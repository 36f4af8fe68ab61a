"""What calls raise."""

from __future__ import annotations

from . import _abi


class WsabiError(Exception):
    """The caller broke a rule, and nothing changed. What the peer did is an event, never this."""

    #: The status of the C ABI, such as ``wsabi.ERR_STATE``.
    status: int

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(text or _abi.status_text(status).decode())
        self.status = status


def check(status: int) -> None:
    """Raises when a call came back with an error."""
    if status != _abi.OK:
        raise WsabiError(status)
