"""What both ends of a connection have."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, Optional, TypeVar, Union

from .. import _abi
from .._abi import Info, State
from .._connection import Connection
from .._driver import Driver
from .._errors import WsabiError
from .._events import Close, Closed, Event, Failed, Octets, Piece, Pong, Request, Response
from .exceptions import ConcurrencyError, ConnectionClosed, ConnectionClosedOK, closed

Message = Union[str, bytes]
Data = Union[str, bytes, bytearray, memoryview]
Self = TypeVar("Self", bound="WebSocket")


class WebSocket(Driver):
    """An open connection.

    Messages are received by ``recv()`` or by iteration. A subclass that overrides
    ``message_received`` gets them at once instead, without a task; it answers with
    ``send_nowait``, and everything that one read brings is answered by one write. Messages in
    pieces are ``event_received``'s.
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
        max_queue: int = 1024 * 1024,
    ) -> None:
        super().__init__(loop, connection)
        if connection.config is not None:
            self.close_timeout = connection.config.closing_timeout / 1000 or None
        #: Octets of received messages from which on nothing more is read.
        self.max_queue = max_queue
        self._messages: deque[Union[Message, Piece]] = deque()
        self._queued = 0
        self._reader: Optional[asyncio.Future[None]] = None
        self._writers: list[asyncio.Future[None]] = []
        #: Is done when the message that is sent in fragments is.
        self._fragments: Optional[asyncio.Future[None]] = None
        self._pings: dict[bytes, tuple[float, asyncio.Future[float]]] = {}
        self._latency = 0.0
        self._exception: Optional[ConnectionClosed] = None
        self._gone: asyncio.Future[None] = loop.create_future()

    # ---- Receiving ----

    async def recv(self) -> Message:
        """Receives the next message: ``str`` for text, ``bytes`` for binary.

        Raises :class:`ConnectionClosed` when the connection ended and no message is left.
        """
        if not self._messages:
            await self._wait_for_message()
        message = self._take()
        return await self._join(message) if isinstance(message, Piece) else message

    async def recv_streaming(self) -> AsyncIterator[Message]:
        """Receives the next message piece by piece, as they come (``Config(message_pieces=1)``;
        otherwise the one piece is the message).

        Whoever leaves the iteration early does without the rest of the message.
        """
        if not self._messages:
            await self._wait_for_message()
        message = self._take()
        if isinstance(message, Piece):
            decoder = codecs.getincrementaldecoder("utf-8")()  # a piece of text ends anywhere
            async for piece in self._pieces_from(message):
                part = decoder.decode(piece.data) if piece.text else piece.data
                if part:
                    yield part
        else:
            yield message

    def __aiter__(self: Self) -> Self:
        return self

    async def __anext__(self) -> Message:
        if not self._messages:
            try:
                await self._wait_for_message()
            except ConnectionClosedOK:
                raise StopAsyncIteration from None
        message = self._take()
        return await self._join(message) if isinstance(message, Piece) else message

    async def _join(self, piece: Piece) -> Message:
        """The message of which a piece was taken."""
        pieces = [piece async for piece in self._pieces_from(piece)]
        octets = b"".join(piece.data for piece in pieces)
        return octets.decode() if pieces[0].text else octets

    async def _pieces_from(self, piece: Piece) -> AsyncIterator[Piece]:
        """The pieces of a message; not those that are left of one that nobody wants."""
        begun = piece.first
        while True:
            if begun:
                yield piece
                if piece.last:
                    return
            if not self._messages:
                await self._wait_for_message()
            message = self._take()
            assert isinstance(message, Piece)
            piece = message
            begun = begun or piece.first

    def _take(self) -> Union[Message, Piece]:
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
        self._keep(message)

    def _keep(self, message: Union[Message, Piece]) -> None:
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

    async def send(
        self,
        message: Union[str, Octets, Iterable[Data], AsyncIterable[Data]],
        compress: Optional[bool] = None,
    ) -> None:
        """Sends a message: text for ``str``, binary for octets; in fragments (RFC 6455 5.4) what an
        iterable, asynchronous or not, gives of a message whose length nobody knows yet.

        ``compress`` says whether it is compressed, where that was agreed on; without it, the
        config does. Waits while the transport is full. Raises :class:`ConnectionClosed` when the
        connection ended.
        """
        while self._fragments is not None:
            await asyncio.shield(self._fragments)
        if isinstance(message, (str, bytes, bytearray, memoryview)):
            self.send_nowait(message, compress=compress)
            if self._full:
                await self.drain()
        elif isinstance(message, Mapping):  # whose keys nobody means to send
            raise TypeError(f"a message is str, octets or an iterable of them, not {message!r}")
        else:
            await self._send_fragments(message, compress)

    def send_nowait(
        self,
        message: Union[str, Octets],
        more: Optional[bool] = None,
        compress: Optional[bool] = None,
    ) -> None:
        """Queues a message, or a fragment of one, as :meth:`wsabi.Connection.send` does, without
        waiting. What exceeds the option ``max_output`` is refused.
        """
        try:
            self.protocol.send(message, more, compress)
        except WsabiError as error:
            self._raise(error)
        if self._messages:
            self._eager = False  # whoever answers this message will answer the others, too
        self.message_posted(len(message))

    async def _send_fragments(
        self, source: Union[Iterable[Data], AsyncIterable[Data]], compress: Optional[bool]
    ) -> None:
        """Sends a message in fragments; others wait for its end."""
        self._fragments = self.loop.create_future()
        end: Optional[Data] = None
        try:
            async for part in _parts(source):
                end = part[:0]
                self.send_nowait(part, True, compress)
                if self._full:
                    await self.drain()
            if end is not None:  # none came: there is no message
                self.send_nowait(end, False)
        except BaseException:
            if end is not None:  # what was begun cannot be ended
                self.close_nowait(1011, "a message was broken off")
            raise
        finally:
            self._fragments.set_result(None)
            self._fragments = None

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
        state = self.protocol.state
        if error.status == _abi.ERR_STATE and state is State.OPEN:
            raise ConcurrencyError("a message is being sent in fragments") from None
        if error.status == _abi.ERR_STATE and state is not State.CONNECTING:
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
        for _, pong in self._pings.values():
            if not pong.done():
                pong.set_exception(self._exception)
                pong.exception()  # it may be that nobody waits for it
        self._pings.clear()
        self._wake_reader()

    def event_received(self, event: Event) -> None:
        """Handles what is no message."""
        if isinstance(event, Piece):
            self._keep(event)
        elif isinstance(event, Pong):
            self._pong_received(event.data)
        elif isinstance(event, Close):
            self._end(event.code, event.reason)
        elif isinstance(event, Failed):
            self._end(1006, event.text)
        elif isinstance(event, Closed):
            self._end(event.code, "")

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
                self._latency = now - sent
                break

    # ---- What is known about it ----

    @property
    def state(self) -> State:
        """The state, with the names of RFC 6455."""
        return self.protocol.state

    @property
    def latency(self) -> float:
        """Seconds that the last ping took to be answered: one of :meth:`ping`, else one of the
        option ``ping_interval``, which is told in milliseconds; 0 before.
        """
        return self._latency or (self.protocol.info(Info.ROUND_TRIP) or 0) / 1000

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


async def _parts(source: Union[Iterable[Data], AsyncIterable[Data]]) -> AsyncIterator[Data]:
    """What an iterable gives, asynchronous or not."""
    if isinstance(source, AsyncIterable):
        async for part in source:
            yield part
    else:
        for part in source:
            yield part
