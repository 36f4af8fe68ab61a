#!/usr/bin/env python3
"""A WebSocket echo server on asyncio.

    python echo_server.py --port 9001

Which requests are accepted is data: see the arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from typing import Optional

from wsabi import Config, HttpRequest, Policy, Request
from wsabi.asyncio import Response, ServerConnection, serve

PAGE = """\
<!doctype html><html lang=en><meta charset=utf-8><title>wsabi echo</title>
<meta name=viewport content='width=device-width'>
<style>:root { color-scheme: light dark; font: 1rem/1.6 system-ui }
body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem }
input, button { font: inherit } li { white-space: pre-wrap }</style>
<h1>wsabi echo</h1> <input id="text" aria-label="Message" value="Hello">
<button id="send">Send text</button> <button id="send-binary">Send binary</button>
<ol id="log"></ol>
<script>
const element = id => document.getElementById(id);
const log = line => element('log').appendChild(document.createElement('li')).textContent = line;
const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
const socket = new WebSocket(scheme + location.host + "PATH", ["SUBPROTOCOL"].filter(name => name));
socket.binaryType = 'arraybuffer';
socket.onopen = () => log('open');
socket.onmessage = ({data}) => log(typeof data === 'string'
  ? 'text: ' + data : 'binary: ' + data.byteLength + ' octets');
socket.onclose = ({code}) => log('close: ' + code);
element('send').onclick = () => socket.send(element('text').value);
element('send-binary').onclick = () =>
  socket.send(new TextEncoder().encode(element('text').value));
</script>
"""
POLICIES = {policy.name.lower(): policy for policy in Policy}


async def echo(websocket: ServerConnection) -> None:
    """Sends every message back."""
    async for message in websocket:
        await websocket.send(message)


def make_config(arguments: argparse.Namespace) -> Config:
    """Limits and policies."""
    return Config(
        resources=arguments.path,
        subprotocols=arguments.subprotocol,
        origins=arguments.origin,
        subprotocol_absent=POLICIES[arguments.subprotocol_absent],
        subprotocol_mismatch=POLICIES[arguments.subprotocol_mismatch],
        close_reason="This server demands one of its subprotocols.",
        deflate=not arguments.no_deflate,
        opening_timeout=arguments.opening_timeout,
        idle_timeout=arguments.idle_timeout,
        closing_timeout=1000,
        max_message_size=arguments.max_message,
        # A reply waits behind what is queued already.
        max_output=max(64 << 20, 2 * arguments.max_message),
        plain_http=True,
    )


async def main(arguments: argparse.Namespace) -> None:
    page = PAGE.replace("PATH", next(iter(arguments.path), "/"))
    page = page.replace("SUBPROTOCOL", next(iter(arguments.subprotocol), ""))

    def answer_plain_http(connection: ServerConnection, request: Request) -> Optional[Response]:
        if isinstance(request, HttpRequest) and (request.method, request.target) == ("GET", "/"):
            return Response(200, (("Content-Type", "text/html; charset=utf-8"),), page.encode())
        return None  # an opening handshake is accepted, anything else gets 426

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(
        echo,
        arguments.host,
        arguments.port,
        config=make_config(arguments),
        process_request=answer_plain_http,
    ) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        print(f"listening on ws://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
        await stop.wait()
    # Leaving the block closed every connection with 1001, RFC 6455 7.4.1.


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A WebSocket echo server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0: any free port")
    parser.add_argument("--path", action="append", default=[], type=path, help="default: any path")
    parser.add_argument(
        "--subprotocol", action="append", default=[], help="in order of preference"
    )
    for case in ("absent", "mismatch"):
        parser.add_argument(
            f"--subprotocol-{case}",
            choices=POLICIES,
            default="accept",
            help="reject: with 400; close: accept, then close with 1008",
        )
    parser.add_argument("--origin", action="append", default=[], help="default: any origin")
    parser.add_argument("--no-deflate", action="store_true", help="no permessage-deflate")
    parser.add_argument("--max-message", type=int, default=16 << 20, metavar="OCTETS")
    parser.add_argument("--opening-timeout", type=int, default=10_000, metavar="MS")
    parser.add_argument("--idle-timeout", type=int, default=0, metavar="MS", help="0: none")
    return parser.parse_args()


def path(text: str) -> str:
    """A path of the characters of RFC 3986: the page holds it as it is."""
    if not re.fullmatch(r"/[\w\-.~%!$&()*+,;=:@/]*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no path")
    return text


if __name__ == "__main__":
    asyncio.run(main(parse_arguments()))
