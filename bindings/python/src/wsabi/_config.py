"""What connections have in common: limits and policies."""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import byref, c_uint64, c_void_p, sizeof
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Optional

from . import _abi
from ._errors import WsabiError, check
from ._space import NULL, pointer

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True)
class Option:
    """A row of the table of options."""

    #: Key of the C ABI.
    key: int
    name: str
    #: Unit of the value, such as "octets".
    unit: str
    default: int
    minimum: int
    maximum: int


@lru_cache(maxsize=1)
def options() -> dict[str, Option]:
    """The options that the loaded library knows, by name."""
    table: dict[str, Option] = {}
    row = _abi.wsabi_option_row(struct_size=sizeof(_abi.wsabi_option_row))
    while _abi.option_info(len(table), byref(row)) == _abi.OK:
        name = row.name.decode()
        bounds = (row.default_value, row.minimum, row.maximum)
        table[name] = Option(row.option, name, row.unit.decode(), *bounds)
    return table


class Config:
    """Limits and policies, for any number of connections. Immutable.

    Every option of the library is a keyword: :class:`wsabi.Options` has them with their meanings,
    :func:`wsabi.options` with their bounds.
    """

    #: What calls are given; NULL until there is a config.
    _parameter = NULL
    _free = staticmethod(_abi.config_free)

    def __init__(
        self,
        *,
        subprotocols: Iterable[str] = (),
        origins: Iterable[str] = (),
        resources: Iterable[str] = (),
        close_reason: str = "",
        **values: Unpack[_abi.Options],
    ) -> None:
        """Makes a config in which what is not named has its default value.

        ``subprotocols`` are those that the application speaks, in order of preference. Once there
        are ``origins``, such as ``https://example.com``, requests from others are refused with 403;
        once there are ``resources``, such as ``/chat``, requests for others with 404.
        ``close_reason`` is the reason of the Close of ``Policy.CLOSE``.
        """
        self._handle = c_void_p()
        check(_abi.config_new(byref(self._handle)))
        self._parameter = pointer(self._handle.value)
        for name, value in values.items():
            self._set(name, value)
        self._pieces = bool(values.get("message_pieces"))
        for add, texts in (
            (_abi.config_add_subprotocol, subprotocols),
            (_abi.config_add_origin, origins),
            (_abi.config_add_resource, resources),
        ):
            if isinstance(texts, str):  # whose letters would be taken for names
                raise TypeError(f"expected a list of strings, not {texts!r}")
            for text in texts:
                self._add(add, text)
        if close_reason:
            self._add(_abi.config_set_close_reason, close_reason)

    def _set(self, name: str, value: object) -> None:
        option = options().get(name)
        if option is None:
            raise TypeError(f"there is no option {name!r}")
        if not isinstance(value, int):
            raise TypeError(f"{name} is an integer, not {value!r}")
        if not option.minimum <= value <= option.maximum:
            bounds = f"from {option.minimum:,} to {option.maximum:,} {option.unit}".rstrip()
            raise WsabiError(_abi.ERR_ARGUMENT, f"{name} is {bounds}, not {value:,}")
        check(_abi.config_set(self._handle, option.key, value))

    def _add(self, add: object, text: str) -> None:
        octets = text.encode()
        status = add(self._handle, octets, len(octets))  # type: ignore[operator]
        if status != _abi.OK:
            raise WsabiError(status, f"{text!r} cannot be set: {WsabiError(status)}")

    def __getattr__(self, name: str) -> int:
        """The value of an option."""
        option = options().get(name)
        if option is None:
            raise AttributeError(name)
        value = c_uint64()
        check(_abi.config_get(self._handle, option.key, byref(value)))
        return value.value

    def __del__(self) -> None:
        self._free(self._parameter)


def parameter_of(config: Optional[Config]) -> Any:
    """What calls are given for a config."""
    if config is None:
        return NULL
    if not isinstance(config, Config):
        raise TypeError(f"expected a wsabi.Config, not {config!r}")
    return config._parameter
