"""uvicorn with wsabi: ``uvicorn app:app --ws wsabi.uvicorn:WebSocketProtocol``.

ASGI applications, those of Starlette and FastAPI among them, run unchanged: subprotocols, extra
headers, the denial response, close codes and compression.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from string import punctuation
from typing import Any, Optional, Union, cast
from urllib.parse import quote, unquote

from uvicorn.config import Config as UvicornConfig
from uvicorn.logging import TRACE_LOG_LEVEL
from uvicorn.protocols.utils import (
    ClientDisconnected,
    get_client_addr,
    get_local_addr,
    get_path_with_query_string,
    get_remote_addr,
    is_ssl,
)
from uvicorn.server import ServerState

from ._abi import State
from ._config import Config, options
from ._connection import Connection
from ._errors import WsabiError
from ._events import Closed, Event, Failed, Open, Request
from .asyncio.connection import WebSocket
from .asyncio.exceptions import ConnectionClosed

Fields = Iterable[tuple[bytes, bytes]]

#: What the library writes by itself.
_OWN = {"content-length", "connection", "transfer-encoding", "upgrade"}


@lru_cache(maxsize=None)
def _config(max_size: int, deflate: bool) -> Config:
    """One config for all connections of a server: they share its compression contexts."""
    # send() waits for the transport, so that the queue needs no limit of its own.
    unlimited = options()["max_output"].maximum
    # The times are uvicorn's.
    return Config(
        max_message_size=max_size, deflate=deflate, max_output=unlimited, opening_timeout=0
    )


class WebSocketProtocol(WebSocket, asyncio.Protocol):
    """One connection, as uvicorn makes it for a request that wants to be upgraded."""

    def __init__(
        self,
        config: UvicornConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: Optional[asyncio.AbstractEventLoop] = None,
    ) -> None:
        if not config.loaded:
            config.load()
        super().__init__(
            _loop or asyncio.get_event_loop(),
            Connection.server(_config(config.ws_max_size, bool(config.ws_per_message_deflate))),
        )
        self.config = config
        self.logger = logging.getLogger("uvicorn.error")
        self.app_state = app_state
        self.connections: set[Any] = cast(Any, server_state.connections)
        self.tasks = server_state.tasks
        self.default_headers = server_state.default_headers
        self.ping_interval = config.ws_ping_interval or None
        self.ping_timeout = config.ws_ping_timeout
        #: The timer of the keepalive, whose Close has uvicorn's words, not those of the library's.
        self.ping_timer: Optional[asyncio.TimerHandle] = None
        #: When its last ping was sent; 0 before.
        self.ping_sent_at = 0.0
        self.scope: dict[str, Any] = {}
        self._asgi: deque[dict[str, Any]] = deque([{"type": "websocket.connect"}])
        self._receiver: Optional[asyncio.Future[None]] = None
        self._accepted = self._disconnected = self._closed_by_app = False
        #: A response that denies: its status, headers and what there is of its body.
        self._denial: Optional[tuple[int, list[tuple[str, str]], bytearray]] = None

    # ---- What uvicorn and asyncio call ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.connections.add(self)
        self._trace("made")

    def connection_lost(self, exc: Optional[Exception]) -> None:
        super().connection_lost(exc)
        self.connections.discard(self)
        self._disconnect(1005 if self._accepted else 1006)
        self._disconnected = True
        self._trace("lost")

    def shutdown(self) -> None:
        """The server stops."""
        if self.protocol.state is State.OPEN:
            self._disconnect(1012)
            self.close_nowait(1012)
        else:
            self._fail_opening()
        self.transport.close()

    def overdue(self) -> None:
        self.transport.close()

    def _trace(self, what: str) -> None:
        if self.logger.level <= TRACE_LOG_LEVEL:
            client = get_remote_addr(self.transport)
            prefix = "%s:%d - " % client if client else ""
            self.logger.log(TRACE_LOG_LEVEL, "%sWebSocket connection %s", prefix, what)

    # ---- Events ----

    def event_received(self, event: Event) -> None:
        if isinstance(event, Request):
            self._start(event)
        elif isinstance(event, Open):
            raise AssertionError("the application accepts")
        elif isinstance(event, Failed) and not self._accepted:
            pass  # a bad handshake, which the library answers: the application does not hear of it
        else:
            super().event_received(event)
            if isinstance(event, Failed):
                self._disconnect(event.code, event.text)
            elif self._exception is not None and not isinstance(event, Closed):
                self._disconnect(self._exception.code, self._exception.reason)

    def _start(self, request: Request) -> None:
        """Runs the application for the request."""
        # Octets that are no ASCII may come, which uvicorn does not expect.
        target = quote(request.target, safe=punctuation, encoding="latin-1")
        raw_path, _, query = target.partition("?")
        root = self.config.root_path
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self.transport) else "ws",
            "server": get_local_addr(self.transport),
            "client": get_remote_addr(self.transport),
            "root_path": root,
            "path": root + unquote(raw_path),
            "raw_path": (root + raw_path).encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers
            ],
            "subprotocols": list(request.subprotocols),
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}},
        }
        task = self.loop.create_task(self._run())
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def message_received(self, message: Union[str, bytes]) -> None:
        if self._closed_by_app:
            return  # nobody waits for it any more
        kind = "text" if isinstance(message, str) else "bytes"
        self._asgi.append({"type": "websocket.receive", kind: message})
        if self._receiver is not None and not self._receiver.done():
            self._receiver.set_result(None)
        elif not self._held:
            self._held = True
            self._read(False)

    def behind(self) -> bool:
        if self._exception is None or self._closed_by_app or not self._asgi:
            return False
        return bool(self._asgi[0]["type"] == "websocket.receive")

    def _disconnect(self, code: int, reason: Optional[str] = None) -> None:
        """Lists the end, once."""
        if not self._asgi or self._asgi[-1]["type"] != "websocket.disconnect":
            event: dict[str, Any] = {"type": "websocket.disconnect", "code": code}
            if reason is not None:
                event["reason"] = reason
            self._asgi.append(event)
            if self._receiver is not None and not self._receiver.done():
                self._receiver.set_result(None)

    # ---- The application ----

    async def _run(self) -> None:
        try:
            result = await self.config.loaded_app(self.scope, self._receive, self._send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self._fail_opening()
        else:
            if not self._accepted and self._denial is None and not self._closed_by_app:
                self.logger.error("ASGI callable returned without completing handshake.")
                self._fail_opening()
            elif result is not None:
                self.logger.error("ASGI callable should return None, but returned '%s'.", result)
        if self._denial is not None and not self._closed_by_app:
            self._deny()
        if not self._closed_by_app:
            self.transport.close()

    async def _receive(self) -> dict[str, Any]:
        """The ASGI callable ``receive``."""
        while not self._asgi:
            if self._unwritten:
                self._write()
            self._receiver = self.loop.create_future()
            try:
                await self._receiver
            finally:
                self._receiver = None
        event = self._asgi.popleft()
        if event["type"] == "websocket.disconnect":
            self._proceed()
        elif self._held and not self._asgi:
            self.hold_reading(False)
        return event

    async def _send(self, message: dict[str, Any]) -> None:
        """The ASGI callable ``send``."""
        if self._full:
            await self.drain()
        if self._disconnected:
            raise ClientDisconnected
        kind = message["type"]
        if kind == "websocket.send" and self._accepted and not self._closed_by_app:
            data = message.get("bytes")
            try:
                self.send_nowait(message["text"] if data is None else data)
            except ConnectionClosed:
                raise ClientDisconnected from None
        elif self._closed_by_app:
            raise RuntimeError(f"Unexpected ASGI message '{kind}', after sending 'websocket.close'.")
        elif self._denial is not None:
            if kind != "websocket.http.response.body":
                expected = "'websocket.http.response.body'"
                raise RuntimeError(f"Expected ASGI message {expected} but got '{kind}'.")
            self._denial[2].extend(message.get("body", b""))
            if not message.get("more_body", False):
                self._deny()
        elif self._accepted:
            if kind != "websocket.close":
                expected = "'websocket.send' or 'websocket.close'"
                raise RuntimeError(f"Expected ASGI message {expected}, but got '{kind}'.")
            self._close(message.get("code", 1000), message.get("reason") or "")
        elif kind == "websocket.accept":
            self._log("[accepted]")
            self._accept(message.get("subprotocol"), message.get("headers", ()))
        elif kind == "websocket.close":
            self._log("403")
            self._denial = (403, [], bytearray())
            self._deny()
        elif kind == "websocket.http.response.start":
            status = message["status"]
            if not 100 <= status < 600:
                raise RuntimeError(f"Invalid HTTP status code '{status}' in response.")
            self._log(str(status))
            self._denial = (status, _fields(message.get("headers", ())), bytearray())
        else:
            raise RuntimeError(
                "Expected ASGI message 'websocket.accept', 'websocket.close' "
                f"or 'websocket.http.response.start' but got '{kind}'."
            )

    def _log(self, outcome: str) -> None:
        scope = cast(Any, self.scope)
        path = get_path_with_query_string(scope)
        self.logger.info('%s - "WebSocket %s" %s', get_client_addr(scope), path, outcome)

    def _accept(self, subprotocol: Optional[str], headers: Fields) -> None:
        fields = _fields([*self.default_headers, *headers])
        try:
            self.protocol.accept(subprotocol or None, fields)
        except WsabiError as error:
            raise RuntimeError(f"The connection cannot be accepted so: {error}.") from None
        self._accepted = True
        self._proceed()
        self._keep_alive()

    def _keep_alive(self) -> None:
        if self.ping_interval is not None and self._exception is None:
            self.ping_timer = self.loop.call_later(self.ping_interval, self._send_keepalive)

    def _send_keepalive(self) -> None:
        if self.protocol.state is not State.OPEN:
            return
        self.ping_sent_at = self.loop.time()
        pong = self._ping(os.urandom(4))
        if self.ping_timeout is None:
            self._keep_alive()
        else:
            self.ping_timer = self.loop.call_later(self.ping_timeout, self._check_keepalive, pong)

    def _check_keepalive(self, pong: asyncio.Future[float]) -> None:
        if pong.done():
            assert self.ping_interval is not None and self.ping_timeout is not None
            delay = max(0.0, self.ping_interval - self.ping_timeout)
            self.ping_timer = self.loop.call_later(delay, self._send_keepalive)
            return
        self._end(1006, "keepalive ping timeout")
        self.close_nowait(1011, "keepalive ping timeout")
        self.transport.close()

    def _end(self, code: int, reason: str) -> None:
        super()._end(code, reason)
        if self.ping_timer is not None:
            self.ping_timer.cancel()
            self.ping_timer = None

    def _close(self, code: int, reason: str) -> None:
        self._disconnect(code, reason)
        self._closed_by_app = True
        try:
            self.close_nowait(code, reason)
        except WsabiError as error:
            raise RuntimeError(f"The connection cannot be closed so: {error}.") from None

    def _deny(self) -> None:
        """Sends the response that denies."""
        assert self._denial is not None
        status, headers, body = self._denial
        self._closed_by_app = True
        self._disconnect(1006)
        names = {name.lower() for name, _ in headers}
        if status == 401 and "www-authenticate" not in names:
            headers.append(("WWW-Authenticate", "Bearer"))  # RFC 9110 11.6.1 demands one
        if body and "content-type" not in names:
            headers.append(("Content-Type", "text/plain; charset=utf-8"))
        try:
            self.protocol.reject(status, [*headers, *_fields(self.default_headers)], body)
        except WsabiError as error:
            raise RuntimeError(f"The response cannot be sent: {error}.") from None
        self._proceed()

    def _fail_opening(self) -> None:
        """The application has no answer to the request."""
        if self.protocol.state is State.CONNECTING and self._denial is None and self.scope:
            self._denial = (500, [], bytearray(b"Internal Server Error"))
            self._deny()

    # ---- What uvicorn's own classes have, and its tests look at ----

    @property
    def close_timer(self) -> Optional[asyncio.TimerHandle]:
        """The timer of the peer's Close; None when it is not waited for."""
        return None if self.transport.is_closing() else self._timer


def _fields(headers: Fields) -> list[tuple[str, str]]:
    """Header fields without those that the library writes by itself."""
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    return [pair for pair in pairs if pair[0].lower() not in _OWN]
