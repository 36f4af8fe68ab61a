"""What a client's text makes the servers here do; any other message is sent back.

``!binary``      sends the octets 0 to 19 as a binary message
``!headers``     sends the request's Origin and X-Test
``!extensions``  sends what was agreed on in Sec-WebSocket-Extensions
``!ping``        sends a ping, and the text "pong" once it was answered
``!close``       closes with 4001 "enough"
``!last-close``  sends code and reason of the Close of the connection before

``ws_server.js`` does the same. Start and end are those of ``server_process.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

BINARY = bytes(range(20))
CLOSE = (4001, "enough")
MAX_SIZE = 16 << 20


def arguments() -> argparse.Namespace:
    """The command line that every such server has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    return parser.parse_args()


def described(headers: Mapping[str, str]) -> str:
    """The answer to ``!headers``."""
    return f"{headers.get('Origin', '')} {headers.get('X-Test', '')}"
