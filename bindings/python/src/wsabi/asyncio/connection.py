"""What both ends of a connection have."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable
from time import perf_counter
from types import TracebackType
from typing import Any, Optional, TypeVar, Union

from .. import _abi
from .._abi import State
from .._connection import Connection
from .._driver import Driver
from .._errors import WsabiError
from .._events import Close, Closed, Event, Failed, Octets, Ping, Pong, Request, Response
from .exceptions import ConcurrencyError, ConnectionClosed, ConnectionClosedOK, closed

Message = Union[str, bytes]
Self = TypeVar("Self", bound="WebSocket")


class WebSocket(Driver):
    """An open connection.

    Messages are received by ``recv()`` or by iteration. A subclass that overrides
    ``message_received`` gets them at once instead, without a task; it answers with
    ``send_nowait``, and everything that one read brings is answered by one write.
    """

    #: A message that comes when it is too late to answer it need not worry ``message_received``.
    ignored = (ConnectionClosed,)
    #: The client's request; None on the client's side.
    request: Optional[Request] = None
    #: The server's response; None on the server's side.
    response: Optional[Response] = None

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: Connection,
        *,
        ping_interval: Optional[float] = 20.0,
        ping_timeout: Optional[float] = 20.0,
        close_timeout: Optional[float] = 10.0,
        max_queue: int = 1024 * 1024,
    ) -> None:
        super().__init__(loop, connection)
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout
        self.close_timeout = close_timeout
        #: Octets of received messages from which on nothing more is read.
        self.max_queue = max_queue
        #: Seconds that the last ping took to be answered; 0 before.
        self.latency = 0.0
        self._messages: deque[Message] = deque()
        self._queued = 0
        self._reader: Optional[asyncio.Future[None]] = None
        self._writers: list[asyncio.Future[None]] = []
        self._pings: dict[bytes, tuple[float, asyncio.Future[float]]] = {}
        self._keepalive: Optional[asyncio.TimerHandle] = None
        self._exception: Optional[ConnectionClosed] = None
        self._gone: asyncio.Future[None] = loop.create_future()

    # ---- Receiving ----

    async def recv(self) -> Message:
        """Receives the next message: ``str`` for text, ``bytes`` for binary.

        Raises :class:`ConnectionClosed` when the connection ended and no message is left.
        """
        if not self._messages:
            await self._wait_for_message()
        return self._take()

    def __aiter__(self: Self) -> Self:
        return self

    async def __anext__(self) -> Message:
        if not self._messages:
            try:
                await self._wait_for_message()
            except ConnectionClosed as error:
                if isinstance(error, ConnectionClosedOK):
                    raise StopAsyncIteration from None
                raise
        return self._take()

    def _take(self) -> Message:
        message = self._messages.popleft()
        self._queued -= len(message)
        if self._held and not self._messages:
            self.hold_reading(False)
        return message

    async def _wait_for_message(self) -> None:
        if self._exception is not None:
            self._proceed()
            raise self._exception
        if self._reader is not None:
            raise ConcurrencyError("another coroutine receives from this connection already")
        if self._unwritten:
            self._write()
        self._reader = self.loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None
        if not self._messages:
            assert self._exception is not None
            raise self._exception

    def message_received(self, message: Message) -> None:
        """Handles a message: keeps it for ``recv()``."""
        self._messages.append(message)
        self._queued += len(message)
        if self._reader is not None:
            self._wake_reader()
        if self._queued > self.max_queue:
            if self._ending:  # nobody waits for it any more, but the peer's Close is behind it
                self._queued -= len(self._messages.pop())
            elif not self._held:
                self._held = True
                self._read(False)

    def behind(self) -> bool:
        return self._exception is not None and bool(self._messages)

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    # ---- Sending ----

    async def send(self, message: Union[str, Octets]) -> None:
        """Sends a message: text for ``str``, binary for octets.

        Waits while the transport is full. Raises :class:`ConnectionClosed` when the connection
        ended.
        """
        self.send_nowait(message)
        if self._full:
            await self.drain()

    def send_nowait(self, message: Union[str, Octets]) -> None:
        """Queues a message without waiting. What exceeds the option ``max_output`` is refused."""
        try:
            self.protocol.send(message)
        except WsabiError as error:
            self._raise(error)
        if self._messages:
            self._eager = False  # whoever answers this message will answer the others, too
        self.message_posted(len(message))

    async def drain(self) -> None:
        """Waits until the transport takes octets."""
        while self._full and not self._lost:
            writer = self.loop.create_future()
            self._writers.append(writer)
            try:
                await writer
            finally:
                self._writers.remove(writer)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wake_writers()

    def _wake_writers(self) -> None:
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)

    async def ping(self, data: Optional[Octets] = None) -> Awaitable[float]:
        """Sends a ping. Await the result for the pong: it is the seconds that it took.

        Without ``data`` the ping has four random octets.
        """
        payload = os.urandom(4) if data is None else bytes(memoryview(data))
        if payload in self._pings:
            raise ConcurrencyError("a ping with the same data waits for its pong already")
        pong = self._ping(payload)
        if self._full:
            await self.drain()
        return pong

    def _ping(self, payload: bytes) -> asyncio.Future[float]:
        self._post(self.protocol.ping, payload)
        pong: asyncio.Future[float] = self.loop.create_future()
        self._pings[payload] = (perf_counter(), pong)
        return pong

    async def pong(self, data: Octets = b"") -> None:
        """Sends a pong that no ping asked for. Pings are answered without this call."""
        self._post(self.protocol.pong, data)

    def _post(self, call: Any, *arguments: Any) -> None:
        try:
            call(*arguments)
        except WsabiError as error:
            self._raise(error)
        self.message_posted(0)

    def _raise(self, error: WsabiError) -> None:
        if error.status == _abi.ERR_STATE and self.protocol.state is not State.CONNECTING:
            raise self._exception or closed(1006, "this end closed the connection") from None
        raise error

    # ---- Closing ----

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Does the closing handshake, and waits for the end of the connection."""
        self.close_nowait(code, reason)
        await self.wait_closed()

    def close_nowait(self, code: int = 1000, reason: str = "") -> None:
        """Starts the closing handshake without waiting."""
        if self.protocol.state is State.OPEN:
            self.protocol.close(code, reason)
            self._held = False
            self._proceed()

    async def wait_closed(self) -> None:
        """Waits for the end of the connection."""
        await asyncio.shield(self._gone)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        super().connection_lost(exc)
        if self._exception is None:
            self._end(self.protocol.close_code or 1006, "")
        self._wake_writers()
        if not self._gone.done():
            self._gone.set_result(None)

    def _end(self, code: int, reason: str) -> None:
        """Nothing more will be received."""
        if self._exception is None:
            self._exception = closed(code, reason)
        if self._keepalive is not None:
            self._keepalive.cancel()
            self._keepalive = None
        for _, pong in self._pings.values():
            if not pong.done():
                pong.set_exception(self._exception)
                pong.exception()  # it may be that nobody waits for it
        self._pings.clear()
        self._wake_reader()

    def event_received(self, event: Event) -> None:
        """Handles what is no message."""
        if isinstance(event, Pong):
            self._pong_received(event.data)
        elif isinstance(event, Close):
            self._end(event.code, event.reason)
        elif isinstance(event, Failed):
            self._end(1006, event.text)
        elif isinstance(event, Closed):
            self._end(event.code, "")
        elif isinstance(event, Ping):
            pass  # its pong is in the output

    # ---- Keepalive ----

    def _pong_received(self, data: bytes) -> None:
        if data not in self._pings:
            return
        # RFC 6455 5.5.3: a pong may answer the most recent of several pings, and so all of them.
        now = perf_counter()
        for payload in list(self._pings):
            sent, pong = self._pings.pop(payload)
            if not pong.done():
                pong.set_result(now - sent)
            if payload == data:
                self.latency = now - sent
                break

    def _keep_alive(self) -> None:
        """Begins the pings of the keepalive, and what the config has of time limits."""
        if self._keepalive is None and self.protocol.deadline is not None:
            # Later: what came with the opening is to be handled first.
            self.loop.call_soon(self.start_clock)
        if self.ping_interval is not None and self._exception is None:
            self._keepalive = self.loop.call_later(self.ping_interval, self._send_keepalive)

    def start_clock(self) -> None:
        if self._exception is None:  # the end has the limit of close_timeout
            super().start_clock()

    def _send_keepalive(self) -> None:
        if self.protocol.state is not State.OPEN:
            return
        pong = self._ping(os.urandom(4))
        if self.ping_timeout is None:
            self._keep_alive()
            return
        self._keepalive = self.loop.call_later(self.ping_timeout, self._check_keepalive, pong)

    def _check_keepalive(self, pong: asyncio.Future[float]) -> None:
        if pong.done():
            assert self.ping_interval is not None and self.ping_timeout is not None
            delay = max(0.0, self.ping_interval - self.ping_timeout)
            self._keepalive = self.loop.call_later(delay, self._send_keepalive)
            return
        self._end(1006, "keepalive ping timeout")
        self.close_nowait(1011, "keepalive ping timeout")
        self.transport.close()

    # ---- What is known about it ----

    @property
    def state(self) -> State:
        """The state, with the names of RFC 6455."""
        return self.protocol.state

    @property
    def subprotocol(self) -> Optional[str]:
        """The negotiated subprotocol."""
        return self.protocol.subprotocol

    @property
    def close_code(self) -> Optional[int]:
        """The code of the peer's Close, 1005 or 1006; None before the end."""
        return None if self._exception is None else self._exception.code

    @property
    def close_reason(self) -> Optional[str]:
        """The reason of the peer's Close; None before the end."""
        return None if self._exception is None else self._exception.reason

    @property
    def local_address(self) -> Any:
        """The address of this end."""
        return self.transport.get_extra_info("sockname")

    @property
    def remote_address(self) -> Any:
        """The address of the peer."""
        return self.transport.get_extra_info("peername")

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.close(1000 if kind is None else 1011)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.protocol.state.name}>"
