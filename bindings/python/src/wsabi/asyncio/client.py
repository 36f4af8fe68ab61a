"""A client."""

from __future__ import annotations

import asyncio
import base64
import ssl as tls
from collections.abc import Generator, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Optional, Union
from urllib.parse import quote, unquote, urlsplit

from .._config import Config
from .._connection import Connection
from .._events import Closed, Event, Failed, HeadersLike, Open, Rejected, Response
from .connection import WebSocket
from .exceptions import InvalidHandshake, InvalidStatus
from .server import options_of


class ClientConnection(WebSocket, asyncio.BufferedProtocol):
    """The client's end of a connection."""

    response: Response

    def __init__(
        self, loop: asyncio.AbstractEventLoop, connection: Connection, **options: Any
    ) -> None:
        super().__init__(loop, connection, **options)
        #: Is done when the opening handshake is.
        self.opened: asyncio.Future[None] = loop.create_future()

    def event_received(self, event: Event) -> None:
        if isinstance(event, Open):
            assert event.response is not None
            self.response = event.response
            if not self.opened.done():
                self.opened.set_result(None)
        elif isinstance(event, Rejected):
            self.response = event.response
            self._refused(InvalidStatus(event.response))
        else:
            if isinstance(event, Failed):
                self._refused(InvalidHandshake(event.text))
            elif isinstance(event, Closed):
                self._refused(InvalidHandshake("the connection ended before the response"))
            super().event_received(event)

    def _refused(self, error: InvalidHandshake) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)


class Address(NamedTuple):
    """Where a ``ws://`` or ``wss://`` URI leads."""

    secure: bool
    host: str
    port: int
    target: str
    #: The value of the Host header field.
    authority: str
    #: The value of the Authorization header field.
    credentials: Optional[str]


#: Characters of a path and a query besides letters and digits, RFC 3986 3.3 and 3.4.
_IN_TARGET = "-._~%!$&'()*+,;=:@/?"


def parse_uri(uri: str) -> Address:
    """Takes a URI apart, RFC 6455 3."""
    parts = urlsplit(uri)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.fragment:
        raise ValueError(f"{uri!r} is no ws:// or wss:// URI without fragment")
    secure = parts.scheme == "wss"
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode()
    authority = f"[{host}]" if ":" in host else host
    if parts.port is not None and parts.port != (443 if secure else 80):
        authority += f":{parts.port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = quote(target, safe=_IN_TARGET)  # RFC 3987 3.1
    credentials = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = f"Basic {base64.b64encode(pair.encode()).decode()}"
    port = parts.port or (443 if secure else 80)
    return Address(secure, host, port, target, authority, credentials)


class connect:
    """Opens a connection::

        async with connect("ws://localhost:8765/") as websocket:
            await websocket.send("Hello")
            print(await websocket.recv())

    Raises :class:`InvalidStatus` when the server refuses, :class:`InvalidHandshake` when its
    response is wrong, :class:`TimeoutError` after ``open_timeout`` seconds. Redirects are not
    followed: ``InvalidStatus`` has the response with its ``Location``.

    ``config`` has limits, times and the subprotocols to offer; without it one is made of
    ``subprotocols``, ``compression``, ``max_size``, the largest message in octets, and the seconds
    ``ping_interval``, ``ping_timeout`` and ``close_timeout``, where None is no limit. From
    ``max_queue`` octets of received messages on nothing more is read. ``ssl`` is an ``SSLContext``,
    by default the one of Python for ``wss``. Further keywords are those of
    ``loop.create_connection``: ``host``, ``port`` and ``sock`` lead elsewhere than the URI does, as
    does ``unix``, the path of a Unix socket.
    """

    def __init__(
        self,
        uri: str,
        *,
        ssl: Union[tls.SSLContext, bool, None] = None,
        unix: Optional[str] = None,
        origin: Optional[str] = None,
        additional_headers: HeadersLike = (),
        subprotocols: Iterable[str] = (),
        compression: Optional[str] = "deflate",
        max_size: Optional[int] = None,
        config: Optional[Config] = None,
        open_timeout: Optional[float] = 10.0,
        ping_interval: Optional[float] = 20.0,
        ping_timeout: Optional[float] = 20.0,
        close_timeout: Optional[float] = 10.0,
        max_queue: int = 1024 * 1024,
        create_connection: type[ClientConnection] = ClientConnection,
        **arguments: Any,
    ) -> None:
        self._address = address = parse_uri(uri)
        if config is None:
            # open_timeout is for all of the opening, and so not for the library.
            times = (None, ping_interval, ping_timeout, close_timeout)
            values = options_of(compression, max_size, *times)
            config = Config(subprotocols=subprotocols, **values)
        self._config = config
        self._origin = origin
        pairs = additional_headers
        self._headers = list(pairs.items() if isinstance(pairs, Mapping) else pairs)
        if address.credentials is not None:
            self._headers.append(("Authorization", address.credentials))
        self._open_timeout = open_timeout
        self._max_queue = max_queue
        self._create = create_connection
        if address.secure:
            arguments["ssl"] = True if ssl is None else ssl
            arguments.setdefault("server_hostname", address.host)
        elif ssl:
            raise ValueError("ssl is for wss:// URIs")
        if unix is None and arguments.get("sock") is None:
            arguments.setdefault("host", address.host)
            arguments.setdefault("port", address.port)
        self._unix = unix
        self._arguments = arguments

    async def __aenter__(self) -> ClientConnection:
        self._connection = await self
        return self._connection

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self._connection.__aexit__(kind, error, traceback)

    def __await__(self) -> Generator[Any, None, ClientConnection]:
        return self._connect().__await__()

    async def _connect(self) -> ClientConnection:
        loop = asyncio.get_running_loop()
        connection = self._create(
            loop,
            Connection.client(
                self._address.authority,
                self._address.target,
                origin=self._origin,
                headers=self._headers,
                config=self._config,
            ),
            max_queue=self._max_queue,
        )
        try:
            await asyncio.wait_for(self._open(loop, connection), self._open_timeout)
        except BaseException as error:
            if hasattr(connection, "transport"):
                connection.transport.abort()
            if isinstance(error, asyncio.TimeoutError):  # which was another class before 3.11
                raise TimeoutError("timed out during the opening handshake") from None
            raise
        return connection

    async def _open(
        self, loop: asyncio.AbstractEventLoop, connection: ClientConnection
    ) -> None:
        if self._unix is None:
            await loop.create_connection(lambda: connection, **self._arguments)
        else:
            await loop.create_unix_connection(lambda: connection, self._unix, **self._arguments)
        await connection.opened
