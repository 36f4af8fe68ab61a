"""What every connection on asyncio does with its transport."""

from __future__ import annotations

import asyncio
from typing import Optional, Union, cast

from ._abi import Interest, State
from ._connection import Connection
from ._events import Event

#: Octets of output that wait for others at most.
CORK_SIZE = 64 * 1024
#: Seconds that an application has to answer the messages before the peer's Close.
REACTION_TIME = 0.5
READ, SHUTDOWN_WRITE = int(Interest.READ), int(Interest.SHUTDOWN_WRITE)
CLOSE, RECV = int(Interest.CLOSE), int(Interest.RECV)


class Driver:
    """The loop of a host of wsabi, turned inside out: octets come in by :meth:`data_received` or by
    a buffer, the methods that end in ``_received`` handle the events, then the output is written
    and the interest done.

    What is sent while events are handled goes out in one write at the end. Otherwise the first
    message is written at once, and those that follow before the loop turns go out together.
    """

    transport: asyncio.Transport
    #: Seconds from the end of the state OPEN to the end of the transport. That is no deadline of the
    #: connection's, which does not see what waits in the transport.
    close_timeout: Optional[float] = 10.0

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        self.loop = loop
        self.protocol = connection
        #: Reading is held back, because the application is behind.
        self._held = False
        self._reading = True
        #: The transport's buffer is full.
        self._full = False
        self._handling = False
        #: There may be output that was not written.
        self._unwritten = False
        #: Octets that were queued since the last write.
        self._posted = 0
        #: The output is written when the loop turns.
        self._scheduled = False
        #: The next message is written at once.
        self._eager = True
        #: Calls at the deadline of the connection, which is beside it, or of the end.
        self._timer: Optional[asyncio.TimerHandle] = None
        self._deadline: Optional[int] = None
        self._ending = False
        self._lost = False

    # ---- For subclasses ----

    #: Exceptions of ``message_received`` that mean nothing.
    ignored: tuple[type[Exception], ...] = ()

    def message_received(self, message: Union[str, bytes]) -> None:
        """Handles a message."""

    def event_received(self, event: Event) -> None:
        """Handles what is no message."""

    def behind(self) -> bool:
        """Whether the connection is at its end, but the application, which is to react before the
        library does, has messages to answer. It calls ``_proceed`` when it has done so.
        """
        return False

    def message_posted(self, size: int) -> None:
        """To be called after something of about ``size`` octets was queued."""
        self._posted += size
        if self._eager and not self._handling or self._posted > CORK_SIZE:
            self._eager = False
            self._write()
        elif self._handling or self._scheduled:
            self._unwritten = True
        else:
            self._schedule()

    def hold_reading(self, hold: bool) -> None:
        """Holds reading back, or goes on."""
        self._held = hold
        self._proceed()

    def overdue(self) -> None:
        """The end took too long."""
        self.transport.abort()

    # ---- What asyncio calls ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._proceed()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.protocol.receive_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        self._handle(self.protocol.received(nbytes))

    def data_received(self, data: bytes) -> None:
        self._handle(self.protocol.receive(data))

    def eof_received(self) -> Optional[bool]:
        self._handle(self.protocol.receive_eof())
        return False

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._lost = True
        self._cancel_timer()
        self._reading = False
        self.transport.close()  # which the TLS of Python before 3.11 forgets
        for event in self.protocol.receive_eof():
            self.event_received(event)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._proceed()

    # ---- The loop of a host ----

    def _handle(self, events: list[Event]) -> None:
        plain = self._dispatch(events)
        if not plain or self._full:
            if not self._wait_for_application():
                self._proceed()
        elif self._unwritten and not self._scheduled:
            # Messages change nothing about the interest as long as the output can be written.
            self._write()

    def _dispatch(self, events: list[Event]) -> bool:
        """Lets the methods handle the events. Returns whether all were messages."""
        self._handling = self._eager = plain = True
        try:
            for event in events:
                kind = type(event)
                if kind is str or kind is bytes:
                    try:
                        self.message_received(event)  # type: ignore[arg-type]
                    except self.ignored:
                        pass
                else:
                    plain = False
                    self.event_received(event)
        finally:
            self._handling = False
        return plain

    def _wait_for_application(self) -> bool:
        """Whether the connection is to react later."""
        if self.behind():
            self.loop.call_later(REACTION_TIME, self._proceed)
            return True
        return False

    def _proceed(self) -> None:
        """Writes the output, then does what the connection is interested in."""
        if self._handling or self._lost:
            return
        connection = self.protocol
        while True:
            self._write()
            interest = connection.interest
            deadline = connection.deadline
            if interest & RECV and not self._held:
                self._dispatch(connection.receive(b""))
                if self._wait_for_application():
                    return
            elif deadline == 0 and connection.state < State.CLOSING:  # a wait begins
                self._dispatch(connection.handle_timeout(self._now()))
            else:
                break
        if interest & CLOSE:
            self.transport.close()
        elif interest & SHUTDOWN_WRITE:
            if self.transport.can_write_eof():
                self.transport.write_eof()
            else:  # TLS
                self.transport.close()
        self._read(bool(interest & READ) and not self._held)
        if not self._ending:
            self._ending = connection.state >= State.CLOSING
            if self._ending:
                self._cancel_timer()
                if self.close_timeout is not None:
                    self._timer = self.loop.call_later(self.close_timeout, self.overdue)
            elif deadline != self._deadline:
                self._cancel_timer()
                if deadline is not None:
                    self._deadline = deadline
                    self._timer = self.loop.call_at(deadline / 1000, self._deadline_passed)

    def _now(self) -> int:
        """Milliseconds of the loop's clock."""
        return int(self.loop.time() * 1000)

    def _deadline_passed(self) -> None:
        self._timer = self._deadline = None
        if not self.behind():
            self._dispatch(self.protocol.handle_timeout(self._now()))
            self._proceed()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._deadline = None

    def _read(self, reading: bool) -> None:
        if reading != self._reading and not self.transport.is_closing():
            self._reading = reading
            if reading:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _write(self) -> None:
        """Writes the output, unless the transport is full: then it stays in the connection, which
        stops reading from a peer that does not read.
        """
        self._unwritten = self._full
        self._posted = 0
        if not self._full and not self._lost:
            octets = self.protocol.output()
            if octets:
                self.transport.write(octets)

    def _schedule(self) -> None:
        self._unwritten = self._scheduled = True
        self.loop.call_soon(self._write_scheduled)

    def _write_scheduled(self) -> None:
        self._scheduled = False
        self._eager = True
        if self._unwritten and not self._lost:
            self._write()
