"""Puts wsabi's class in the place of uvicorn's own, before uvicorn's tests are collected."""

from __future__ import annotations

import uvicorn.protocols.websockets.websockets_sansio_impl as theirs
from wsabi.uvicorn import WebSocketProtocol

theirs.WebSocketsSansIOProtocol = WebSocketProtocol  # type: ignore[assignment, misc]
