"""A server."""

from __future__ import annotations

import asyncio
import inspect
import logging
import socket
import ssl as tls
from collections.abc import Awaitable, Generator, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Callable, Optional, Union

from .._abi import State
from .._config import Config, options
from .._connection import Connection
from .._errors import WsabiError
from .._events import Event, HeadersLike, HttpRequest, Open, Request, Response
from .connection import WebSocket
from .exceptions import ConnectionClosed

logger = logging.getLogger("wsabi.server")

Handler = Callable[["ServerConnection"], Awaitable[None]]
ProcessRequest = Callable[
    ["ServerConnection", Request], Union[Optional[Response], Awaitable[Optional[Response]]]
]
SelectSubprotocol = Callable[["ServerConnection", tuple[str, ...]], Optional[str]]


class ServerConnection(WebSocket, asyncio.BufferedProtocol):
    """The server's end of a connection."""

    #: The server that it belongs to.
    server: Server
    request: Request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.server.connections.add(self)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        super().connection_lost(exc)
        self.server.connections.discard(self)

    def event_received(self, event: Event) -> None:
        if isinstance(event, (Request, HttpRequest)):
            self.request = event  # type: ignore[assignment]
            if self.server.process_request is not None:
                self.server.start(self._decide(self.server.process_request, self.request))
            else:
                self._answer(None)
        elif isinstance(event, Open):
            self._opened()
        else:
            super().event_received(event)

    def respond(
        self, status: int, body: Union[str, bytes] = b"", headers: HeadersLike = ()
    ) -> Response:
        """A response for ``process_request`` to return."""
        pairs = tuple(headers.items() if isinstance(headers, Mapping) else headers)
        if isinstance(body, str):
            pairs += (("Content-Type", "text/plain; charset=utf-8"),)
            body = body.encode()
        return Response(int(status), pairs, body)

    async def _decide(self, process_request: ProcessRequest, request: Request) -> None:
        """Asks the application about the request."""
        try:
            response = process_request(self, request)
            if inspect.isawaitable(response):
                response = await response
        except Exception:
            logger.exception("process_request failed")
            response = self.respond(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error\n")
        if not self._lost and self.protocol.state is State.CONNECTING:
            self._answer(response)
            self._proceed()

    def _answer(self, response: Optional[Response]) -> None:
        """Decides on the request."""
        if response is None and isinstance(self.request, HttpRequest):
            response = self.respond(HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket endpoint.\n")
        if response is not None:
            self.protocol.reject(response.status, response.headers, response.body)
            return
        name = None
        if self.server.select_subprotocol is not None:
            name = self.server.select_subprotocol(self, self.request.subprotocols)
        self.protocol.accept(name, self.server.headers)
        if self.protocol.state is State.OPEN:
            self._opened()

    def _opened(self) -> None:
        if self.server.handler is not None:
            self.server.start(self._serve(self.server.handler))

    async def _serve(self, handler: Handler) -> None:
        code = 1000
        try:
            await handler(self)
        except ConnectionClosed:
            pass  # the handler need not care
        except Exception:
            logger.exception("connection handler failed")
            code = 1011
        await self.close(code)


class Server:
    """A server that listens, and its connections."""

    def __init__(
        self,
        handler: Optional[Handler],
        config: Config,
        *,
        process_request: Optional[ProcessRequest],
        select_subprotocol: Optional[SelectSubprotocol],
        headers: HeadersLike,
        max_queue: int,
        create_connection: type[ServerConnection],
    ) -> None:
        self.handler = handler
        self.config = config
        self.process_request = process_request
        self.select_subprotocol = select_subprotocol
        self.headers = headers
        #: The connections that are there.
        self.connections: set[ServerConnection] = set()
        self._create = create_connection
        self._max_queue = max_queue
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer

    def _make(self) -> ServerConnection:
        protocol = Connection.server(self.config)
        connection = self._create(self._loop, protocol, max_queue=self._max_queue)
        connection.server = self
        return connection

    async def _listen(self, unix: Optional[str], arguments: dict[str, Any]) -> None:
        if unix is None:
            self._server = await self._loop.create_server(self._make, **arguments)
        else:
            self._server = await self._loop.create_unix_server(self._make, unix, **arguments)

    def start(self, coroutine: Any) -> None:
        """Runs a coroutine of a connection."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def sockets(self) -> Iterable[socket.socket]:
        """The listening sockets."""
        return getattr(self._server, "sockets", ())

    def is_serving(self) -> bool:
        """Whether it takes new connections."""
        return self._server.is_serving()

    async def serve_forever(self) -> None:
        """Serves until it is cancelled."""
        await self._server.serve_forever()

    def close(self, code: int = 1001, reason: str = "") -> None:
        """Takes no further connections, and closes those that are there."""
        self._server.close()
        for connection in list(self.connections):
            if connection.state is State.CONNECTING:
                connection.transport.abort()
            else:
                connection.close_nowait(code, reason)

    async def wait_closed(self) -> None:
        """Waits for the end of the connections and of their handlers."""
        while self.connections or self._tasks:
            waiting = {asyncio.ensure_future(c.wait_closed()) for c in self.connections}
            await asyncio.wait(waiting | self._tasks)

    async def __aenter__(self) -> Server:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()
        await self.wait_closed()


class serve:
    """Starts a server::

        async def echo(websocket):
            async for message in websocket:
                await websocket.send(message)

        async with serve(echo, "localhost", 8765) as server:
            await server.serve_forever()

    ``handler`` is called for each connection that was accepted, which is closed when it returns.
    It may be None, for connections that override ``message_received``.

    ``process_request(connection, request)``, a function or a coroutine, may return a
    :class:`Response` to refuse the request; :meth:`ServerConnection.respond` makes one. It is
    asked about plain HTTP requests, too. ``select_subprotocol(connection, subprotocols)`` chooses
    one of those that the client offers, or None.

    ``config`` has limits, policies and times; without it one is made of ``subprotocols``,
    ``origins``, ``compression``, ``max_size``, the largest message in octets, and the seconds
    ``open_timeout``, ``ping_interval``, ``ping_timeout`` and ``close_timeout``, where None is no
    limit. From ``max_queue`` octets of received messages on nothing more is read. Further keywords
    are those of ``loop.create_server``; ``unix`` is the path of a Unix socket to listen on.
    """

    def __init__(
        self,
        handler: Optional[Handler],
        host: Union[str, list[str], None] = None,
        port: Optional[int] = None,
        *,
        ssl: Optional[tls.SSLContext] = None,
        unix: Optional[str] = None,
        process_request: Optional[ProcessRequest] = None,
        select_subprotocol: Optional[SelectSubprotocol] = None,
        extra_headers: HeadersLike = (),
        subprotocols: Iterable[str] = (),
        origins: Iterable[str] = (),
        compression: Optional[str] = "deflate",
        max_size: Optional[int] = None,
        config: Optional[Config] = None,
        open_timeout: Optional[float] = 10.0,
        ping_interval: Optional[float] = 20.0,
        ping_timeout: Optional[float] = 20.0,
        close_timeout: Optional[float] = 10.0,
        max_queue: int = 1024 * 1024,
        create_connection: type[ServerConnection] = ServerConnection,
        **arguments: Any,
    ) -> None:
        if config is None:
            times = (open_timeout, ping_interval, ping_timeout, close_timeout)
            values = options_of(compression, max_size, *times)
            values["plain_http"] = process_request is not None
            config = Config(subprotocols=subprotocols, origins=origins, **values)
        self._make: Callable[[], Server] = partial(
            Server,
            handler,
            config,
            process_request=process_request,
            select_subprotocol=select_subprotocol,
            headers=extra_headers,
            max_queue=max_queue,
            create_connection=create_connection,
        )
        if unix is None:
            arguments.update(host=host, port=port)
        self._unix = unix
        self._arguments = {"ssl": ssl, **arguments}

    async def __aenter__(self) -> Server:
        self._server = await self
        return self._server

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self._server.__aexit__(kind, error, traceback)

    def __await__(self) -> Generator[Any, None, Server]:
        return self._start().__await__()

    async def _start(self) -> Server:
        server = self._make()
        await server._listen(self._unix, self._arguments)
        return server


def options_of(
    compression: Optional[str],
    max_size: Optional[int],
    open_timeout: Optional[float],
    ping_interval: Optional[float],
    ping_timeout: Optional[float],
    close_timeout: Optional[float],
) -> Any:
    """The options that the keywords of ``serve`` and ``connect`` stand for."""
    if compression not in ("deflate", None):
        raise ValueError(f"unknown compression {compression!r}")
    # send() waits for the transport, so that the queue needs no limit of its own.
    unlimited = options()["max_output"].maximum
    values = {
        "deflate": compression is not None,
        "max_output": unlimited,
        "opening_timeout": _milliseconds(open_timeout),
        "ping_interval": _milliseconds(ping_interval),
        "pong_timeout": _milliseconds(ping_timeout),
        "closing_timeout": _milliseconds(close_timeout),
    }
    if max_size is not None:
        values["max_message_size"] = max_size
    return values


def _milliseconds(seconds: Optional[float]) -> int:
    return 0 if seconds is None else max(1, round(seconds * 1000))
