"""Python `websockets` (its threaded client) against the server."""

from __future__ import annotations

from python_cases import (
    ASCII,
    OFFERS,
    PIPELINED,
    UNICODE,
    announce_connected,
    binary_payload,
    expect,
    run_cases,
)
from websockets import ConnectionClosed, Subprotocol
from websockets.sync.client import ClientConnection, connect

TIMEOUT = 20.0


def run_case(url: str, case: str) -> None:
    """Runs one case on a new connection."""
    offers = [Subprotocol(name) for name in OFFERS.get(case, [])]
    with connect(url, subprotocols=offers or None, proxy=None) as socket:
        match case:
            case "text-ascii":
                echo(socket, ASCII)
            case "text-unicode":
                echo(socket, UNICODE)
            case "pipelined-200":
                pipelined(socket)
            case "ping-pong":
                expect("pong", socket.ping("are you there?").wait(TIMEOUT), True)
            case "close-1000":
                close(socket, 1000, "")
            case "close-4001":
                close(socket, 4001, "enough")
            case "going-away":
                going_away(socket)
            case "subprotocol-known":
                expect("subprotocol", socket.subprotocol, "chat")
            case "no-subprotocol" | "subprotocol-unknown":
                expect("subprotocol", socket.subprotocol, None)
            case _:
                echo(socket, binary_payload(case))


def echo(socket: ClientConnection, message: str | bytes) -> None:
    socket.send(message)
    expect("echo", socket.recv(TIMEOUT), message)


def pipelined(socket: ClientConnection) -> None:
    for message in PIPELINED:
        socket.send(message)
    expect("echoes", [socket.recv(TIMEOUT) for _ in PIPELINED], PIPELINED)


def close(socket: ClientConnection, code: int, reason: str) -> None:
    socket.close(code, reason)
    expect("close code", socket.close_code, code)


def going_away(socket: ClientConnection) -> None:
    announce_connected()
    try:
        message = socket.recv(TIMEOUT)
    except ConnectionClosed as closed:
        expect("close code", closed.rcvd and closed.rcvd.code, 1001)
    else:
        raise AssertionError(f"a message instead of a close: {message!r}")


run_cases(run_case)
