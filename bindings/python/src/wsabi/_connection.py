"""One WebSocket connection, without a socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes import byref, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p, cast, sizeof
from threading import get_ident
from typing import Any, NoReturn, Optional, Union

from . import _abi
from ._abi import EventType, FailureCode, Info, Interest, Role, State
from ._config import Config, parameter_of
from ._errors import WsabiError, check
from ._events import (
    Close,
    Closed,
    Drained,
    Event,
    Failed,
    Headers,
    HeadersLike,
    HttpRequest,
    Octets,
    Open,
    Piece,
    Ping,
    Pong,
    Rejected,
    Request,
    Response,
)
from ._explain import known
from ._library import untyped
from ._prepared import PreparedMessage, typed
from ._space import (
    EVENT,
    EVENT_CAP,
    FIRST,
    FIRST_RUN,
    MEMORY,
    MESSAGE,
    NULL,
    PIECES_READ_SIZE,
    READ_SIZE,
    RESULT,
    RUN,
    RUN_CAP,
    RUN_COUNT,
    RUNS,
    SIZES,
    SMALL,
    Space,
    pointer,
    size,
    standing_memory,
)

_recv = untyped("wsabi_conn_recv", c_int32)
_recv_eof = untyped("wsabi_conn_recv_eof", c_int32)
_output = untyped("wsabi_conn_output", c_int32)
_output_consumed = untyped("wsabi_conn_output_consumed", c_int32)
_send_text = untyped("wsabi_conn_send_text", c_int32)
_send_binary = untyped("wsabi_conn_send_binary", c_int32)
_handle_timeout = untyped("wsabi_conn_handle_timeout", c_int32)
_interest = untyped("wsabi_conn_interest", c_uint32)

_milliseconds: Any = c_uint64.from_param
_NEVER = (1 << 64) - 1
_TEXT, _BINARY = int(EventType.TEXT), int(EventType.BINARY)
_INTERESTS = tuple(map(Interest, range(2 * max(Interest))))


class Connection:
    """One connection: octets received go in, events come out; messages go in, octets to send come
    out. The socket is the application's.

    A connection belongs to the thread that made it.
    """

    __slots__ = ("__weakref__", "_handle", "_parameter", "_pieces", "_space", "config", "role")
    _free = staticmethod(_abi.conn_free)

    _handle: c_void_p
    _parameter: Any
    _space: Space
    #: Messages are listed in pieces.
    _pieces: bool
    #: Limits and policies; None for the defaults.
    config: Optional[Config]
    #: Which end of the connection this is.
    role: Role

    def __init__(self) -> None:
        raise TypeError("make a connection with Connection.server, .client or .opened")

    @classmethod
    def server(cls, config: Optional[Config] = None) -> Connection:
        """The server's side: the first octets that it gets are those of the client's request."""
        handle = c_void_p()
        check(_abi.conn_new_server(parameter_of(config), byref(handle)))
        return cls._of(handle, Role.SERVER, config)

    @classmethod
    def client(
        cls,
        host: str,
        target: str = "/",
        *,
        origin: Optional[str] = None,
        headers: HeadersLike = (),
        config: Optional[Config] = None,
    ) -> Connection:
        """The client's side, with its request as the first output.

        ``host`` is the host and, unless it is the scheme's own, ``:`` and the port. The config's
        subprotocols are offered. What the library writes by itself is refused in ``headers``.
        """
        fields = _Fields(headers)
        request = _abi.wsabi_client_request(
            sizeof(_abi.wsabi_client_request),
            fields.slice(host),
            fields.slice(target),
            fields.slice(origin or ""),
            fields.array,
            fields.count,
        )
        handle = c_void_p()
        check(_abi.conn_new_client(parameter_of(config), byref(request), byref(handle)))
        return cls._of(handle, Role.CLIENT, config)

    @classmethod
    def opened(
        cls, role: Role, *, subprotocol: Optional[str] = None, config: Optional[Config] = None
    ) -> Connection:
        """A connection whose opening handshake somebody else did: the first octets are frames."""
        role, name, handle = Role(role), _encoded(subprotocol), c_void_p()
        length = len(name or b"")
        check(_abi.conn_new_open(parameter_of(config), role, name, length, byref(handle)))
        return cls._of(handle, role, config)

    @classmethod
    def _of(cls, handle: c_void_p, role: Role, config: Optional[Config]) -> Connection:
        connection = object.__new__(cls)
        connection._handle = handle
        connection._parameter = pointer(handle.value)
        connection._space = standing_memory()
        connection._pieces = config is not None and config._pieces
        connection.config = config
        connection.role = role
        return connection

    # ---- Receiving ----

    def receive(self, data: Octets) -> list[Event]:
        """What the octets received from the peer mean.

        Octets behind an undecided :class:`Request` are kept by the connection. Once it is decided,
        ``Interest.RECV`` asks for ``receive(b"")``.
        """
        space = self._space
        if space.owner != get_ident():
            self._refuse()
        n = len(data)
        if n <= READ_SIZE and type(data) is bytes:
            space.view[:n] = data
            return self._receive(space, n)
        source = memoryview(data).cast("B")
        events: list[Event] = []
        for at in range(0, len(source) or 1, READ_SIZE):
            part = source[at : at + READ_SIZE]
            space.view[: len(part)] = part
            events += self._receive(space, len(part))
        return events

    def receive_buffer(self) -> memoryview:
        """Memory to read from the socket into, for :meth:`received`.

        All connections of a thread share it. One that lists messages in pieces is given less at a
        time, as that may be inflated to a thousand times its size.
        """
        view = self._space.view
        return view[:PIECES_READ_SIZE] if self._pieces else view

    def received(self, n: int) -> list[Event]:
        """What the first ``n`` octets of :meth:`receive_buffer` mean."""
        space = self._space
        if space.owner != get_ident():
            self._refuse()
        if not 0 <= n <= READ_SIZE:
            raise WsabiError(_abi.ERR_ARGUMENT, f"received takes 0 to {READ_SIZE:,}, not {n:,}")
        return self._receive(space, n)

    def _receive(self, space: Space, n: int) -> list[Event]:
        """What the first ``n`` octets of the space mean."""
        length = SIZES[n] if n < SMALL else size(n)
        space.owner = 0
        try:
            status = _recv(
                self._parameter, space.data, length, space.used, space.events, EVENT_CAP, space.count
            )
            if status:
                raise self._error(status)
            used, count, kind, address, length = FIRST.unpack_from(space.result)
            if count == 1 and used == n and space.base <= address < space.end and not self._pieces:
                if kind == _BINARY:
                    return [MEMORY[address : address + length].tobytes()]
                if kind == _TEXT:
                    return [str(MEMORY[address : address + length], "utf-8")]
            return self._list(space, n, used, count)
        finally:
            space.owner = space.thread

    def _list(self, space: Space, n: int, at: int, count: int) -> list[Event]:
        """Lists ``count`` events, then those of the octets from ``at`` to ``n``."""
        events: list[Event] = []
        while True:
            inside = self._append(events, space, n, count)
            if at >= n:
                break
            status = _recv(
                self._parameter,
                pointer(space.base + at),
                size(n - at),
                space.used,
                space.events,
                EVENT_CAP,
                space.count,
            )
            if status:
                raise self._error(status)
            used, count = RESULT.unpack_from(space.result)
            at += used
        if not inside:
            _interest(self._parameter)  # ends the life of the message, which may be large
        return events

    def _append(self, events: list[Event], space: Space, n: int, count: int) -> bool:
        """Makes the events of one call. Returns whether the messages were all among the octets."""
        add = events.append
        at, end = RESULT.size, RESULT.size + count * EVENT.size
        if count > 1 and count > n >> 10 and not self._pieces:
            # Small messages are worth a copy of all: slicing bytes is faster than slicing memory.
            # The last event's payload may lie elsewhere, and its code may matter.
            octets, base = space.view[:n].tobytes(), space.base
            for kind, address, length in MESSAGE.iter_unpack(space.result[at : end - EVENT.size]):
                address -= base
                if kind == _BINARY:
                    add(octets[address : address + length])
                elif kind == _TEXT:
                    add(octets[address : address + length].decode())
                elif (event := self._event(kind, 0, octets[address : address + length])) is not None:
                    add(event)
            at = end - EVENT.size
        inside = True
        for kind, flags, code, address, length in EVENT.iter_unpack(space.result[at:end]):
            payload = MEMORY[address : address + length]
            if kind == _BINARY or kind == _TEXT:
                if self._pieces:
                    first, last = bool(flags & _abi.FLAG_FIRST), bool(flags & _abi.FLAG_LAST)
                    add(Piece(payload.tobytes(), kind == _TEXT, first, last))
                else:
                    add(payload.tobytes() if kind == _BINARY else str(payload, "utf-8"))
                inside = space.base <= address < space.end
            elif (event := self._event(kind, code, payload.tobytes())) is not None:
                add(event)
        return inside

    def receive_eof(self) -> list[Event]:
        """Tells that the peer's octet stream ended: :class:`Closed`, or :class:`Rejected`."""
        space = self._space
        if space.owner != get_ident():
            self._refuse()
        space.owner = 0
        try:
            status = _recv_eof(self._parameter, space.events, EVENT_CAP, space.count)
            if status:
                raise self._error(status)
            _, count = RESULT.unpack_from(space.result)
            return self._list(space, 0, 0, count)
        finally:
            space.owner = space.thread

    def receive_request(
        self,
        method: str,
        target: str,
        headers: HeadersLike,
        *,
        version: str = "1.1",
        authority: Optional[str] = None,
        protocol: Optional[str] = None,
    ) -> list[Event]:
        """Takes a request that an HTTP server parsed, instead of octets: :class:`Request`,
        :class:`HttpRequest`, :class:`Open` or :class:`Failed`.

        ``version`` is "1.0", "1.1", "2" or "3"; in the last two ``authority`` and ``protocol`` are
        those pseudo-header fields of the extended CONNECT, and ``target`` is the ``:path``. Once it
        is decided, send :attr:`response`; from then on octets are frames.
        """
        if version not in _VERSIONS:
            raise WsabiError(_abi.ERR_UNSUPPORTED, f"unknown HTTP version {version!r}")
        fields = _Fields(headers)
        request = _abi.wsabi_request(
            sizeof(_abi.wsabi_request),
            _VERSIONS[version],
            0,
            *map(fields.slice, (method, target, authority or "", protocol or "")),
            fields.array,
            fields.count,
        )
        space = self._space
        if space.owner != get_ident():
            self._refuse()
        space.owner = 0
        try:
            events, count = (_abi.wsabi_event * 4)(), c_size_t()
            args = (byref(request), events, 4, byref(count))
            self._check(_abi.conn_recv_request(self._parameter, *args))
            made = (
                self._event(e.type, e.code, _octets(e.data, e.len)) for e in events[: count.value]
            )
            return [event for event in made if event is not None]
        finally:
            space.owner = space.thread

    def _event(self, kind: int, code: int, payload: bytes) -> Optional[Event]:
        """The event of that type; None for one that this package does not know."""
        if kind == EventType.REQUEST:
            return Request(*self._head())
        if kind == EventType.HTTP_REQUEST:
            return HttpRequest(*self._head())
        if kind == EventType.OPEN:
            client = self.role == Role.CLIENT
            return Open(self._subprotocol(), self._response() if client else None)
        if kind == EventType.REJECTED:
            return Rejected(Response(code, self._headers(_abi.conn_response_header), payload))
        if kind == EventType.PING:
            return Ping(payload)
        if kind == EventType.PONG:
            return Pong(payload)
        if kind == EventType.CLOSE:
            return Close(code, payload.decode())
        if kind == EventType.FAILED:
            failure = known(FailureCode, _abi.conn_failure(self._handle))
            return Failed(code, failure, payload.decode())
        if kind == EventType.CLOSED:
            return Closed(code)
        if kind == EventType.DRAINED:
            return Drained()
        return None

    @property
    def deadline(self) -> Optional[int]:
        """When :meth:`handle_timeout` is to be called, in milliseconds of the application's clock;
        None: never. Ask after the interest.
        """
        deadline: int = _abi.conn_deadline(self._own())
        return None if deadline == _NEVER else deadline

    def handle_timeout(self, now: int) -> list[Event]:
        """Says what time it is, in milliseconds of a clock that does not go back: pings are sent,
        and who was waited for too long is given up (options ``opening_timeout``,
        ``closing_timeout``, ``ping_interval``, ``pong_timeout``, ``idle_timeout``).
        """
        space = self._space
        if space.owner != get_ident():
            self._refuse()
        time = _milliseconds(_number(now, 64))
        space.owner = 0
        try:
            status = _handle_timeout(self._parameter, time, space.events, EVENT_CAP, space.count)
            if status:
                raise self._error(status)
            _, count = RESULT.unpack_from(space.result)
            return self._list(space, 0, 0, count)
        finally:
            space.owner = space.thread

    # ---- Output ----

    def output(self) -> bytes:
        """Takes the octets that are to be sent to the peer now. Empty: there are none."""
        space = self._space
        if space.owner != get_ident():
            self._refuse()
        parts: list[bytes] = []
        while True:
            status = _output(self._parameter, space.runs_at, RUN_CAP, space.run_count)
            if status:
                raise self._error(status)
            count, base, length = FIRST_RUN.unpack_from(space.runs)
            if count > 1:
                runs = space.runs[RUN_COUNT.size : RUN_COUNT.size + count * RUN.size]
                octets = b"".join(MEMORY[at : at + n] for at, n in RUN.iter_unpack(runs))
                length = len(octets)
            elif count:
                octets = MEMORY[base : base + length].tobytes()
            else:
                return b"".join(parts)
            _output_consumed(self._parameter, size(length))
            if count < RUNS and not parts:
                return octets
            parts.append(octets)

    @property
    def output_size(self) -> int:
        """Octets that wait to be sent, for backpressure."""
        return int(_abi.conn_output_size(self._own()))

    @property
    def interest(self) -> Interest:
        """What is to be done with the socket now. Ask after the output was taken."""
        bits: int = _interest(self._own())
        return _INTERESTS[bits & (len(_INTERESTS) - 1)]

    # ---- Sending ----

    def send(
        self,
        message: Union[str, Octets],
        more: Optional[bool] = None,
        compress: Optional[bool] = None,
    ) -> None:
        """Queues a message: text for ``str``, binary for octets.

        With ``more=True`` it is a fragment, and the message goes on with the next call, which has
        the same type, up to one with ``more=False``; until then no other message can be sent.
        ``compress`` says whether the message is compressed, where that was agreed on; without it
        the option ``deflate_min_size`` does.
        """
        if self._space.owner != get_ident():
            self._refuse()
        if more is not None or compress is not None:
            kind, data = typed(message)
            flags = _abi.SEND_MORE if more else 0
            if compress is not None:
                flags |= _abi.SEND_COMPRESSED if compress else _abi.SEND_UNCOMPRESSED
            self._check(_abi.conn_send(self._parameter, kind, data, len(data), flags))
            return
        if isinstance(message, str):
            data, call = message.encode(), _send_text
        else:
            call = _send_binary
            data = message if type(message) is bytes else bytes(memoryview(message))
        n = len(data)
        status = call(self._parameter, data, SIZES[n] if n < SMALL else size(n))
        if status:
            raise self._error(status)

    def send_prepared(self, message: PreparedMessage) -> None:
        """Queues a message that was encoded before."""
        if not isinstance(message, PreparedMessage):
            raise TypeError(f"expected a wsabi.PreparedMessage, not {message!r}")
        self._check(_abi.conn_send_prepared(self._own(), message._parameter))

    def ping(self, data: Octets = b"") -> None:
        """Queues a ping with at most 125 octets. The answer is a :class:`Pong` with the same."""
        data = bytes(memoryview(data))
        self._check(_abi.conn_send_ping(self._own(), data, len(data)))

    def pong(self, data: Octets = b"") -> None:
        """Queues a pong that no ping asked for. Pings are answered without this call."""
        data = bytes(memoryview(data))
        self._check(_abi.conn_send_pong(self._own(), data, len(data)))

    def close(self, code: Optional[int] = 1000, reason: str = "") -> None:
        """Starts the closing handshake, or answers the peer's Close.

        ``code`` is None for none, or 1000 to 1003, 1007 to 1014, 3000 to 4999; ``reason`` has at
        most 123 octets of UTF-8.
        """
        octets = reason.encode()
        self._check(
            _abi.conn_close(self._own(), _number(code or 0, 16), octets, len(octets))
        )

    # ---- The opening handshake ----

    def accept(self, subprotocol: Optional[str] = None, headers: HeadersLike = ()) -> None:
        """Accepts the request; messages may be sent at once.

        Without ``subprotocol`` the config's policy chooses: by default the first of its
        subprotocols that the client offers, or none. A policy that refuses does so:
        :attr:`failure` tells.
        """
        fields = _Fields(headers)
        name = _encoded(subprotocol)
        self._check(
            _abi.conn_accept(self._own(), name, len(name or b""), byref(fields.response(0)))
        )

    def accept_by(self, policy: Config, headers: HeadersLike = ()) -> None:
        """Decides on the request by another config's resources, origins and subprotocols."""
        response = _Fields(headers).response(0)
        self._check(_abi.conn_accept_by(self._own(), parameter_of(policy), byref(response)))

    def accept_then_close(self, code: int, reason: str = "") -> None:
        """Accepts the request and closes at once: a browser's script can read the code and the
        reason, but no response.
        """
        octets = reason.encode()
        self._check(
            _abi.conn_accept_then_close(self._own(), _number(code, 16), octets, len(octets))
        )

    def decline_deflate(self) -> None:
        """Declines permessage-deflate for this connection; before the decision."""
        self._check(_abi.conn_decline_deflate(self._own()))

    def reject(self, status: int, headers: HeadersLike = (), body: Union[str, Octets] = b"") -> None:
        """Refuses the request with a complete response: any status from 300 to 599, or from 200
        for a plain HTTP request.
        """
        fields = _Fields(headers)
        octets = body.encode() if isinstance(body, str) else bytes(memoryview(body))
        response = fields.response(_number(status, 32), octets)
        self._check(_abi.conn_reject(self._own(), byref(response)))

    def redirect(self, status: int, location: str) -> None:
        """Answers the request with 301, 302, 303, 307 or 308. Browsers do not follow it."""
        octets = location.encode()
        self._check(
            _abi.conn_redirect(self._own(), _number(status, 32), octets, len(octets))
        )

    def challenge(self, challenge: str) -> None:
        """Asks for credentials: 401 with a WWW-Authenticate, such as ``Basic realm="chat"``."""
        octets = challenge.encode()
        self._check(_abi.conn_challenge(self._own(), octets, len(octets)))

    @property
    def response(self) -> Optional[Response]:
        """The response: the one to send after :meth:`receive_request`, or the one that a client
        got. None when there is none, or no longer, since the connection received again.
        """
        self._own()
        return self._response()

    # ---- State ----

    @property
    def state(self) -> State:
        """The state, with the names of RFC 6455."""
        return State(_abi.conn_state(self._own()))

    @property
    def close_code(self) -> Optional[int]:
        """The status code of the peer's Close; 1005 when it holds none; 1006 when none came before
        the connection ended or failed; None before that.
        """
        return int(_abi.conn_close_code(self._own())) or None

    @property
    def failure(self) -> Union[FailureCode, int, None]:
        """Which rule the peer broke."""
        failure: int = _abi.conn_failure(self._own())
        return known(FailureCode, failure) if failure else None

    @property
    def subprotocol(self) -> Optional[str]:
        """The negotiated subprotocol."""
        self._own()
        return self._subprotocol()

    def info(self, info: Info) -> Optional[int]:
        """A figure of the connection, None as long as it is not known. Octets, frames, messages and
        pings are counted with the option ``counters``.
        """
        value = c_uint64()
        status = _abi.conn_info(self._own(), Info(info), byref(value))
        if status == _abi.ERR_NOT_FOUND:
            return None
        self._check(status)
        return value.value

    # ---- The end ----

    def free(self) -> None:
        """Gives the memory back. Output that waits is dropped; every further call raises."""
        self._own()
        self._handle.value = None
        parameter, self._parameter = self._parameter, NULL
        self._free(parameter)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()

    def __del__(self) -> None:
        # One that could not be made has no parameter.
        self._free(getattr(self, "_parameter", NULL))

    def __repr__(self) -> str:
        if not self._handle:
            return f"<{type(self).__name__} {self.role.name} freed>"
        return f"<{type(self).__name__} {self.role.name} {self.state.name}>"

    # ---- Helpers ----

    def _own(self) -> Any:
        """The handle as a parameter, for the thread that owns the connection.

        Not while it receives, from a signal handler or a finalizer: events are being read then.
        """
        if self._space.owner != get_ident():
            self._refuse()
        if not self._handle:
            raise self._error(_abi.ERR_NULL)
        return self._parameter

    def _refuse(self) -> NoReturn:
        """Says which rule the caller of a method broke."""
        if self._space.thread != get_ident():
            raise WsabiError(_abi.ERR_STATE, "a connection belongs to the thread that made it")
        raise WsabiError(_abi.ERR_STATE, "a connection of this thread is receiving just now")

    def _error(self, status: int) -> WsabiError:
        if not self._handle:
            return WsabiError(status, "the connection was freed")
        return WsabiError(status)

    def _check(self, status: int) -> None:
        if status:
            raise self._error(status)

    def _head(self) -> tuple[Any, ...]:
        """The parts of the request that waits."""
        return (
            self._slice(_abi.conn_head_method) or "",
            self._slice(_abi.conn_head_target) or "",
            self._slice(_abi.conn_head_path) or "",
            self._slice(_abi.conn_head_query),
            self._slice(_abi.conn_head_host),
            self._slice(_abi.conn_head_origin),
            self._headers(_abi.conn_head_at),
            tuple(self._offered()),
        )

    def _slice(self, function: Any) -> Optional[str]:
        found = _abi.wsabi_slice()
        status = function(self._handle, byref(found))
        return None if status == _abi.ERR_NOT_FOUND else _text(found)

    def _subprotocol(self) -> Optional[str]:
        name = _abi.wsabi_slice()
        self._check(_abi.conn_subprotocol(self._handle, byref(name)))
        return _text(name) or None

    def _response(self) -> Optional[Response]:
        status, body = c_uint32(), _abi.wsabi_slice()
        answer = _abi.conn_response_status(self._handle, byref(status))
        if answer == _abi.ERR_STATE:
            return None
        self._check(answer or _abi.conn_response_body(self._handle, byref(body)))
        headers = self._headers(_abi.conn_response_header)
        return Response(status.value, headers, _octets(body.data, body.len))

    def _headers(self, function: Any) -> Headers:
        headers: list[tuple[str, str]] = []
        header = _abi.wsabi_header()
        while function(self._handle, len(headers), byref(header)) == _abi.OK:
            headers.append((_text(header.name), _text(header.value)))
        return tuple(headers)

    def _offered(self) -> Iterable[str]:
        name, index = _abi.wsabi_slice(), 0
        while _abi.conn_offered_subprotocol(self._handle, index, byref(name)) == _abi.OK:
            yield _text(name)
            index += 1


_VERSIONS = {"1.0": _abi.HTTP_1_0, "1.1": _abi.HTTP_1_1, "2": _abi.HTTP_2, "3": _abi.HTTP_3}


class _Fields:
    """Strings for C, which stay where they are as long as this lives."""

    def __init__(self, headers: HeadersLike) -> None:
        self._kept: list[bytes] = []
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        self.count = len(pairs)
        self.array = (_abi.wsabi_header * self.count)(
            *(_abi.wsabi_header(self.slice(name), self.slice(value)) for name, value in pairs)
        )

    def slice(self, text: str) -> _abi.wsabi_slice:
        # HTTP's text is octets; ISO 8859-1 has a character for each (RFC 9110 5.5).
        octets = text.encode("latin-1")
        self._kept.append(octets)
        return _abi.wsabi_slice(_address(octets), len(octets))

    def response(self, status: int, body: bytes = b"") -> _abi.wsabi_response:
        self._kept.append(body)
        size = sizeof(_abi.wsabi_response)
        response = _abi.wsabi_response(
            size, status, 0, self.array, self.count, _address(body), len(body)
        )
        response._kept = self
        return response


def _encoded(text: Optional[str]) -> Optional[bytes]:
    return None if text is None else text.encode()


def _address(octets: bytes) -> Optional[int]:
    return cast(c_char_p(octets), c_void_p).value


def _number(value: int, bits: int) -> int:
    """A number that C can take; ctypes would cut off what is too large."""
    if not 0 <= value < 1 << bits:
        raise WsabiError(_abi.ERR_ARGUMENT, f"{value} is out of range")
    return value


def _text(slice: _abi.wsabi_slice) -> str:
    """What stands in a head. ISO 8859-1 has a character for each octet (RFC 9110 5.5)."""
    return _octets(slice.data, slice.len).decode("latin-1")


def _octets(address: Optional[int], length: int) -> bytes:
    return MEMORY[address : address + length].tobytes() if address else b""
