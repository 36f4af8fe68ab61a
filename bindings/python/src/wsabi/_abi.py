"""The C ABI: one class per struct, one line per function of wsabi.h, and its constants.

Made by mirror.py from the header; do not edit. Lengths, lifetimes and the meaning of every
status are in the header's comments.
"""

from __future__ import annotations

from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from enum import IntEnum, IntFlag
from typing import TypedDict

from ._library import check_abi, function, optional

FLAG_COMPRESSED = 1
FLAG_FIRST = 2
FLAG_LAST = 4
SEND_MORE = 1
SEND_COMPRESSED = 2
SEND_UNCOMPRESSED = 4
HTTP_1_0 = 10
HTTP_1_1 = 11
HTTP_2 = 20
HTTP_3 = 30
ABI_VERSION = 0
LISTEN_REUSE_PORT = 1
LISTEN_TLS = 2
OPTION_MAX_HEAD_SIZE = 1
OPTION_MAX_HEADERS = 2
OPTION_MAX_FRAME_SIZE = 3
OPTION_MAX_MESSAGE_SIZE = 4
OPTION_MAX_FRAGMENTS = 5
OPTION_OUTPUT_HIGH_MARK = 6
OPTION_MAX_OUTPUT = 7
OPTION_AUTO_ACCEPT = 8
OPTION_PLAIN_HTTP = 9
OPTION_SUBPROTOCOL_PREFERENCE = 10
OPTION_SUBPROTOCOL_ABSENT = 11
OPTION_SUBPROTOCOL_MISMATCH = 12
OPTION_SUBPROTOCOL_REJECT_STATUS = 13
OPTION_SUBPROTOCOL_CLOSE_CODE = 14
OPTION_ALLOW_SAME_HOST = 15
OPTION_MAX_REJECTION_BODY = 16
OPTION_DEFLATE = 17
OPTION_DEFLATE_LEVEL = 18
OPTION_DEFLATE_MEMORY_LEVEL = 19
OPTION_DEFLATE_MIN_SIZE = 20
OPTION_SERVER_MAX_WINDOW_BITS = 21
OPTION_CLIENT_MAX_WINDOW_BITS = 22
OPTION_SERVER_NO_CONTEXT_TAKEOVER = 23
OPTION_CLIENT_NO_CONTEXT_TAKEOVER = 24
OPTION_OPENING_TIMEOUT = 25
OPTION_CLOSING_TIMEOUT = 26
OPTION_PING_INTERVAL = 27
OPTION_PONG_TIMEOUT = 28
OPTION_IDLE_TIMEOUT = 29
OPTION_OUTPUT_LOW_MARK = 30
OPTION_MESSAGE_PIECES = 31
OPTION_COUNTERS = 32
OPTION_MAX_CONNECTIONS = 33
OPTION_MAX_CONNECTIONS_PER_ADDRESS = 34
OPTION_READ_SIZE = 35
MESSAGE_TEXT = 1
MESSAGE_BINARY = 2
OK = 0
ERR_NULL = -1
ERR_ARGUMENT = -2
ERR_STATE = -3
ERR_LIMIT = -4
ERR_MEMORY = -5
ERR_UNSUPPORTED = -6
ERR_NOT_FOUND = -7
ERR_RANDOM = -8
ERR_IO = -9
ERR_INTERNAL = -99
STAGE_RUNNING = 0
STAGE_STOPPING = 1
STAGE_STOPPED = 2


class Preference(IntEnum):
    """Whose order of subprotocols decides."""

    #: The server's order of preference: that of the config.
    SERVER = 0
    #: The client's order of preference: that of the request.
    CLIENT = 1


class Policy(IntEnum):
    """What becomes of a client whose subprotocols do not fit."""

    #: Accept without a subprotocol, RFC 6455 4.2.2. A browser that named some fails the connection
    #: by itself then.
    ACCEPT = 0
    #: Refuse with `WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS`.
    REJECT = 1
    #: Accept, then close with `WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE` and the reason of
    #: `wsabi_config_set_close_reason`: a browser's script can read these, but no response.
    CLOSE = 2


class EventType(IntEnum):
    """The type of an event."""

    #: A correct opening handshake arrived and waits for the application's decision:
    #: `wsabi_conn_accept`, `_accept_by`, `_accept_then_close`, `_reject`, `_redirect` or
    #: `_challenge`, now or later. The payload is the request target.
    REQUEST = 1
    #: The connection is open: messages can be sent. Listed when the server accepted this client, or
    #: the library this server's client (`WSABI_OPTION_AUTO_ACCEPT`); after `wsabi_conn_accept` the
    #: connection is open at once, without an event.
    OPEN = 2
    #: The server's response is no 101: a client is told. `code` is the HTTP status, a redirect or
    #: 401 too; the payload is the body, up to `WSABI_OPTION_MAX_REJECTION_BODY`.
    #: `wsabi_conn_response_header` has the header fields. The connection is over.
    REJECTED = 3
    #: A text message: valid UTF-8.
    TEXT = 4
    #: A binary message.
    BINARY = 5
    #: A ping; the pong is on its way already. The payload is the ping's.
    PING = 6
    #: A pong, also one that no ping asked for. The payload is the pong's.
    PONG = 7
    #: The peer's Close. `code` is its status code, 1005 for none; the payload is the reason, valid
    #: UTF-8. Messages may still be sent until the next call that receives, or of `_output`,
    #: `_interest` or `_handle_timeout`, which queues the answer.
    CLOSE = 8
    #: The peer broke a rule. `code` is the status code of the Close that it will be sent or, in a
    #: server's opening handshake, the HTTP status of the answer; 1006 for a bad response, which is
    #: not answered. The payload is `wsabi_failure_text(wsabi_conn_failure(conn))`, which the Close
    #: or the answer says too. Nothing that the peer sends from here on is listed, but its Close
    #: when `WSABI_POLICY_CLOSE` accepted and closed.
    FAILED = 9
    #: The peer's octet stream ended, as told by `wsabi_conn_recv_eof`, or was waited for too long
    #: (`wsabi_conn_handle_timeout`). `code` is that of `wsabi_conn_close_code`.
    CLOSED = 10
    #: A plain HTTP request (`WSABI_OPTION_PLAIN_HTTP`) that waits for `wsabi_conn_reject`. The
    #: payload is the request target.
    HTTP_REQUEST = 11
    #: The queue of output had reached `WSABI_OPTION_OUTPUT_HIGH_MARK`, or a send was refused with
    #: `WSABI_ERR_LIMIT`, and is at `WSABI_OPTION_OUTPUT_LOW_MARK` or below: the application may
    #: send on. `WSABI_INTEREST_RECV` says that it is to be fetched.
    DRAINED = 12


class Role(IntEnum):
    """Which end of a connection."""

    #: The end that was connected to.
    SERVER = 0
    #: The end that connected: it masks what it sends.
    CLIENT = 1


class Interest(IntFlag):
    """What is to be done with the socket."""

    #: Read from the socket when it is readable and give the octets to `wsabi_conn_recv`, or call
    #: `wsabi_conn_recv_eof`.
    READ = 1
    #: Write the output when the socket is writable.
    WRITE = 2
    #: Call `shutdown(fd, SHUT_WR)`: nothing more will be sent. The bit stays set; another call does
    #: no harm.
    SHUTDOWN_WRITE = 4
    #: Close the socket and free the connection.
    CLOSE = 8
    #: Call `wsabi_conn_recv` at once, if need be without octets (NULL, 0): there is something to be
    #: listed, such as octets that came before the decision on a request.
    RECV = 16


class Info(IntEnum):
    """A figure of a connection."""

    #: Octets received, those of the opening handshake too. This and all up to COMPRESSED_SENT are
    #: counted with `WSABI_OPTION_COUNTERS`, or a trace.
    OCTETS_RECEIVED = 1
    #: Octets of the output that were consumed.
    OCTETS_SENT = 2
    #: Frames received.
    FRAMES_RECEIVED = 3
    #: Frames queued.
    FRAMES_SENT = 4
    #: Messages received, as of the header of their last frame.
    MESSAGES_RECEIVED = 5
    #: Messages queued, to their end.
    MESSAGES_SENT = 6
    #: Pings received.
    PINGS_RECEIVED = 7
    #: Pings queued, of the application and of the library.
    PINGS_SENT = 8
    #: Octets of the payloads of compressed messages received, as they were sent.
    COMPRESSED_RECEIVED = 9
    #: The same of those queued.
    COMPRESSED_SENT = 10
    #: Milliseconds between the last ping of the library's own that was answered
    #: (`WSABI_OPTION_PING_INTERVAL`) and its pong.
    ROUND_TRIP = 11
    #: 1 when permessage-deflate was agreed on, else 0.
    DEFLATE = 12
    #: The window of this side's compressor, 8 to 15 (RFC 7692 7.1.2). This and the next two are
    #: there when permessage-deflate was agreed on.
    DEFLATE_WINDOW_BITS = 13
    #: 1 when this side's compressor keeps its history (RFC 7692 7.1.1), else 0.
    DEFLATE_TAKEOVER = 14
    #: 1 when the peer's does.
    DEFLATE_PEER_TAKEOVER = 15


class State(IntEnum):
    """State of a connection, with the names of RFC 6455."""

    #: The opening handshake is not over.
    CONNECTING = 0
    #: Messages can be sent.
    OPEN = 1
    #: A Close was sent.
    CLOSING = 2
    #: The peer's octet stream ended, or the opening handshake was refused.
    CLOSED = 3


class FailureCode(IntEnum):
    """Which rule the peer broke."""

    #: The request line is malformed. RFC 9112 3.
    BAD_REQUEST_LINE = 101
    #: A line of the head does not end with CR LF. RFC 9112 2.2.
    BAD_LINE_END = 102
    #: A header field line is malformed. RFC 9112 5.
    BAD_HEADER = 103
    #: The head of the request is longer than this server takes. RFC 6585 5.
    HEAD_TOO_LONG = 104
    #: The request has more header fields than this server takes. RFC 6585 5.
    TOO_MANY_HEADERS = 105
    #: The HTTP version of the request is not 1.1. RFC 9110 15.6.6.
    HTTP_VERSION = 106
    #: A TLS handshake arrived where plain HTTP is spoken; use ws://, not wss://. RFC 6455 11.1.2.
    TLS = 107
    #: The request target is neither a path nor an http(s) or ws(s) URI without fragment. RFC 9112
    #: 3.2.
    BAD_TARGET = 108
    #: The request has no Host header field. RFC 9112 3.2.
    HOST_MISSING = 109
    #: The request has more than one Host header field. RFC 9112 3.2.
    HOST_REPEATED = 110
    #: The value of the Host header field is no host with an optional port. RFC 9112 3.2.
    HOST_MALFORMED = 111
    #: The request announces a body, which an opening handshake does not have. RFC 6455 4.1.
    BODY = 112
    #: The method of an opening handshake is GET. RFC 6455 4.1.
    METHOD = 113
    #: An HTTP/1.0 request cannot be upgraded. RFC 9110 7.8.
    HTTP_1_0 = 114
    #: The Upgrade header field does not name websocket. RFC 6455 4.2.1.
    UPGRADE_MISSING = 115
    #: The Connection header field does not name upgrade. RFC 6455 4.2.1.
    CONNECTION_MISSING = 116
    #: This is a WebSocket endpoint, and the request is no opening handshake. RFC 6455 4.2.1.
    PLAIN_HTTP = 117
    #: The request has no Sec-WebSocket-Version header field. RFC 6455 4.2.1.
    VERSION_MISSING = 118
    #: The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
    VERSION_UNSUPPORTED = 119
    #: The request has more than one Sec-WebSocket-Version header field. RFC 6455 11.3.5.
    VERSION_REPEATED = 120
    #: The request has no Sec-WebSocket-Key header field. RFC 6455 4.2.1.
    KEY_MISSING = 121
    #: The request has more than one Sec-WebSocket-Key header field. RFC 6455 11.3.1.
    KEY_REPEATED = 122
    #: The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC 6455 4.2.1.
    KEY_INVALID = 123
    #: Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455 4.1.
    BAD_SUBPROTOCOL = 124
    #: No memory for the request. RFC 9110 15.6.4.
    REQUEST_OUT_OF_MEMORY = 125
    #: This server demands a subprotocol, and the request offers none. RFC 6455 4.2.2.
    SUBPROTOCOL_ABSENT = 126
    #: This server speaks none of the subprotocols that the request offers. RFC 6455 4.2.2.
    SUBPROTOCOL_MISMATCH = 127
    #: The Origin of the request is not one that this server takes. RFC 6455 10.2.
    ORIGIN_NOT_ALLOWED = 128
    #: There is no such resource. RFC 6455 4.2.2.
    UNKNOWN_RESOURCE = 129
    #: The :protocol of the extended CONNECT is not websocket. RFC 9220 3.
    UNKNOWN_PROTOCOL = 130
    #: The request did not arrive in time. RFC 9110 15.5.9.
    TIMEOUT = 131
    #: The status line is malformed. RFC 9112 4.
    RESPONSE_BAD_STATUS_LINE = 151
    #: A line of the response does not end with CR LF. RFC 9112 2.2.
    RESPONSE_BAD_LINE_END = 152
    #: A header field line of the response is malformed. RFC 9112 5.
    RESPONSE_BAD_HEADER = 153
    #: The head of the response is longer than this client takes. RFC 6455 10.4.
    RESPONSE_HEAD_TOO_LONG = 154
    #: The response has more header fields than this client takes. RFC 6455 10.4.
    RESPONSE_TOO_MANY_HEADERS = 155
    #: The HTTP version of the response is not 1.1. RFC 6455 4.1.
    RESPONSE_HTTP_VERSION = 156
    #: The server answers with TLS; use wss://, not ws://. RFC 6455 4.1.
    RESPONSE_TLS = 157
    #: The Upgrade header field of the response does not name websocket. RFC 6455 4.1.
    RESPONSE_UPGRADE_MISSING = 158
    #: The Connection header field of the response does not name upgrade. RFC 6455 4.1.
    RESPONSE_CONNECTION_MISSING = 159
    #: The response has no Sec-WebSocket-Accept header field. RFC 6455 4.1.
    RESPONSE_ACCEPT_MISSING = 160
    #: The response has more than one Sec-WebSocket-Accept header field. RFC 6455 11.3.3.
    RESPONSE_ACCEPT_REPEATED = 161
    #: The value of Sec-WebSocket-Accept does not answer the key. RFC 6455 4.1.
    RESPONSE_ACCEPT_WRONG = 162
    #: The response names an extension that the request did not offer. RFC 6455 4.1.
    RESPONSE_EXTENSION_NOT_OFFERED = 163
    #: The response names a subprotocol that the request did not offer. RFC 6455 4.1.
    RESPONSE_SUBPROTOCOL_NOT_OFFERED = 164
    #: The response has more than one Sec-WebSocket-Protocol header field. RFC 6455 11.3.4.
    RESPONSE_SUBPROTOCOL_REPEATED = 165
    #: No memory for the response. RFC 6455 10.4.
    RESPONSE_OUT_OF_MEMORY = 166
    #: The answer to permessage-deflate is not one to the offer. RFC 7692 7.1.
    RESPONSE_EXTENSION_ANSWER = 167
    #: The response did not arrive in time. RFC 6455 4.1.
    RESPONSE_TIMEOUT = 168
    #: A reserved bit is set that no extension defines. RFC 6455 5.2.
    RESERVED_BIT = 201
    #: The opcode is reserved. RFC 6455 5.2.
    RESERVED_OPCODE = 202
    #: A control frame is fragmented. RFC 6455 5.5.
    FRAGMENTED_CONTROL = 203
    #: A control frame has more than 125 octets of payload. RFC 6455 5.5.
    LONG_CONTROL = 204
    #: The payload length is not encoded in the fewest octets. RFC 6455 5.2.
    NON_MINIMAL_LENGTH = 205
    #: The most significant bit of the 64-bit payload length is set. RFC 6455 5.2.
    LENGTH_TOO_LARGE = 206
    #: A frame from the client is not masked. RFC 6455 5.1.
    UNMASKED = 207
    #: A continuation frame without a message to continue. RFC 6455 5.4.
    NOTHING_TO_CONTINUE = 208
    #: A new message begins inside a fragmented one. RFC 6455 5.4.
    MESSAGE_INTERRUPTED = 209
    #: A text message is not valid UTF-8. RFC 6455 8.1.
    BAD_UTF8 = 210
    #: The payload of a Close has one octet. RFC 6455 5.5.1.
    CLOSE_ONE_OCTET = 211
    #: The status code of a Close may not be sent. RFC 6455 7.4.
    CLOSE_CODE = 212
    #: The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
    CLOSE_REASON = 213
    #: A frame is larger than this endpoint takes. RFC 6455 10.4.
    FRAME_TOO_BIG = 214
    #: A message is larger than this endpoint takes. RFC 6455 10.4.
    MESSAGE_TOO_BIG = 215
    #: A message has more fragments than this endpoint takes. RFC 6455 10.4.
    TOO_MANY_FRAGMENTS = 216
    #: No memory for a message of this size. RFC 6455 10.4.
    OUT_OF_MEMORY = 217
    #: A frame from the server is masked. RFC 6455 5.1.
    MASKED = 218
    #: The payload of a compressed message is no DEFLATE. RFC 7692 7.2.2.
    BAD_COMPRESSION = 219
    #: No pong came in time, nor anything else. RFC 6455 5.5.2.
    PONG_TIMEOUT = 220
    #: Nothing came for the time that a connection may be idle. RFC 6455 7.4.1.
    IDLE_TIMEOUT = 221


class Severity(IntEnum):
    """How bad a finding is; the smaller, the worse."""

    #: The connection fails with every peer that keeps to the RFC.
    FATAL = 1
    #: Browsers fail the connection, or some of them; other clients go on.
    BROWSERS = 2
    #: Allowed, or overlooked by most, and a source of trouble.
    RISKY = 3
    #: Worth knowing.
    NOTE = 4


class Place(IntEnum):
    """What a finding is about."""

    #: The capture as a whole.
    CAPTURE = 0
    #: A request.
    REQUEST = 1
    #: A response.
    RESPONSE = 2
    #: A frame.
    FRAME = 3


class FindingKind(IntEnum):
    """What a finding says."""

    #: No head of a request or response is found. RFC 9112 2.1.
    NOTHING_FOUND = 1001
    #: There are more findings than are listed. RFC 6455 4.
    TOO_MANY_FINDINGS = 1002
    #: No empty line ends the head. RFC 9112 2.1.
    HEAD_UNFINISHED = 1003
    #: TLS is spoken where plain HTTP was expected. RFC 6455 11.1.2.
    TLS = 1004
    #: The request line is malformed. RFC 9112 3.
    REQUEST_LINE_MALFORMED = 1010
    #: The status line is malformed. RFC 9112 4.
    STATUS_LINE_MALFORMED = 1011
    #: The head begins with a header field, its first line is missing. RFC 9112 2.1.
    START_LINE_MISSING = 1012
    #: The request is HTTP/1.0, which cannot be upgraded. RFC 9110 7.8.
    HTTP10_REQUEST = 1013
    #: The HTTP version is none that this syntax has. RFC 9112 2.3.
    HTTP_VERSION_UNKNOWN = 1014
    #: A line of the head is no header field. RFC 9112 5.
    FIELD_MALFORMED = 1015
    #: There is white space between a field name and its colon. RFC 9112 5.1.
    SPACE_BEFORE_COLON = 1016
    #: A field value goes on in a second line. RFC 9112 5.2.
    FOLDED_LINE = 1017
    #: There is a CR inside a line. RFC 9112 2.2.
    STRAY_CR = 1018
    #: There is a control character in a header field. RFC 9110 5.5.
    CONTROL_OCTET = 1019
    #: A field name is no token. RFC 9110 5.1.
    FIELD_NAME_MALFORMED = 1020
    #: An encoded line end stands in the head. RFC 9110 17.3.
    INJECTION_SIGN = 1021
    #: Some lines of the head end with CR LF and others with a lone LF. RFC 9112 2.2.
    LINE_ENDS_MIXED = 1022
    #: A field that has one value stands there more than once. RFC 9110 5.3.
    FIELD_REPEATED = 1023
    #: The method of an opening handshake is GET. RFC 6455 4.1.
    METHOD_NOT_GET = 1101
    #: The request target is neither a path nor an http(s) or ws(s) URI without fragment. RFC 9112
    #: 3.2.
    TARGET_MALFORMED = 1102
    #: The request has no Host. RFC 6455 4.1.
    HOST_MISSING = 1103
    #: Host has no value. RFC 9112 3.2.
    HOST_EMPTY = 1104
    #: The value of Host is no host with an optional port. RFC 9112 3.2.
    HOST_MALFORMED = 1105
    #: The request has more than one Host. RFC 9112 3.2.
    HOST_REPEATED = 1106
    #: The request shows no sign of an opening handshake. RFC 6455 4.1.
    NOT_AHANDSHAKE = 1107
    #: The request has no Upgrade. RFC 6455 4.1.
    UPGRADE_MISSING = 1108
    #: Upgrade does not name websocket. RFC 6455 4.1.
    UPGRADE_NOT_WEBSOCKET = 1109
    #: The request has no Connection. RFC 6455 4.1.
    CONNECTION_MISSING = 1110
    #: Connection does not name upgrade. RFC 6455 4.1.
    CONNECTION_NOT_UPGRADE = 1111
    #: A proxy sent the request on as HTTP/1.0 and took the Upgrade away. RFC 9110 7.8.
    PROXY_HTTP10 = 1112
    #: The request lost its Upgrade on the way: a proxy removed it. RFC 9110 7.6.1.
    PROXY_TOOK_UPGRADE = 1113
    #: The request lost its Connection: upgrade on the way: a proxy closes instead. RFC 9110 7.6.1.
    PROXY_TOOK_CONNECTION = 1114
    #: The request has no Sec-WebSocket-Version. RFC 6455 4.1.
    VERSION_MISSING = 1115
    #: The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
    VERSION_UNSUPPORTED = 1116
    #: The request has more than one Sec-WebSocket-Version. RFC 6455 11.3.5.
    VERSION_REPEATED = 1117
    #: The request has no Sec-WebSocket-Key. RFC 6455 4.1.
    KEY_MISSING = 1118
    #: The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC 6455 4.1.
    KEY_INVALID = 1119
    #: The request has more than one Sec-WebSocket-Key. RFC 6455 11.3.1.
    KEY_REPEATED = 1120
    #: The key is the RFC's example. RFC 6455 4.1.
    KEY_FROM_THE_RFC = 1121
    #: The handshake is of a draft that was given up before the RFC. RFC 6455 4.1.
    OLD_DRAFT = 1122
    #: Sec-WebSocket-Accept stands in a request. RFC 6455 11.3.3.
    ACCEPT_IN_REQUEST = 1123
    #: The request announces a body, which an opening handshake does not have. RFC 6455 4.1.
    REQUEST_BODY = 1124
    #: Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455 4.1.
    SUBPROTOCOL_MALFORMED = 1125
    #: A subprotocol is offered twice. RFC 6455 4.1.
    SUBPROTOCOL_TWICE = 1126
    #: Sec-WebSocket-Protocol offers nothing. RFC 6455 11.3.4.
    SUBPROTOCOL_OFFER_EMPTY = 1127
    #: Origin has no value. RFC 6454 7.
    ORIGIN_EMPTY = 1128
    #: The value of Origin is no scheme, host and port. RFC 6454 7.
    ORIGIN_MALFORMED = 1129
    #: Origin is null: a local file, a sandbox or a redirect. RFC 6454 7.3.
    ORIGIN_NULL = 1130
    #: The syntax of Sec-WebSocket-Extensions is broken. RFC 6455 9.1.
    EXTENSION_OFFER_MALFORMED = 1131
    #: An offer of permessage-deflate has a parameter that it cannot have. RFC 7692 7.1.
    DEFLATE_OFFER_INVALID = 1132
    #: The key stands in quotes. RFC 6455 4.1.
    KEY_QUOTED = 1133
    #: The method of an opening handshake over HTTP/2 is CONNECT. RFC 8441 4.
    HTTP2_METHOD = 1140
    #: The request has no :protocol websocket. RFC 8441 4.
    HTTP2_PROTOCOL = 1141
    #: An extended CONNECT lacks :scheme, :path or :authority. RFC 8441 4.
    HTTP2_PSEUDO_MISSING = 1142
    #: A field of HTTP/1.1's connections stands in HTTP/2. RFC 9113 8.2.2.
    HTTP2_CONNECTION = 1143
    #: Sec-WebSocket-Key or -Accept stands in HTTP/2. RFC 8441 5.
    HTTP2_KEY = 1144
    #: The status is a success other than 101: the server took it for a request for a page. RFC 6455
    #: 4.1.
    STATUS_SUCCESS = 1201
    #: The status is a redirect. RFC 6455 4.1.
    STATUS_REDIRECT = 1202
    #: The status is 400: the server finds the request wrong. RFC 6455 4.2.2.
    STATUS_BAD_REQUEST = 1203
    #: The server or a proxy wants credentials. RFC 9110 15.5.2.
    STATUS_UNAUTHORIZED = 1204
    #: The status is 403: most often the server does not like the Origin. RFC 6455 4.2.2.
    STATUS_FORBIDDEN = 1205
    #: There is no such endpoint at this path. RFC 9110 15.5.5.
    STATUS_NOT_FOUND = 1206
    #: The status is 405: the server does not like the method. RFC 9110 15.5.6.
    STATUS_METHOD = 1207
    #: The status is 426: the Upgrade did not reach the server, or the version is wrong. RFC 9110
    #: 15.5.22.
    STATUS_UPGRADE_REQUIRED = 1208
    #: The server failed on the request. RFC 9110 15.6.1.
    STATUS_SERVER_ERROR = 1209
    #: A proxy got no proper answer from the server behind it. RFC 9110 15.6.3.
    STATUS_GATEWAY = 1210
    #: The server or a proxy has no capacity, or no server behind it. RFC 9110 15.6.4.
    STATUS_UNAVAILABLE = 1211
    #: The status is not 101. RFC 6455 4.1.
    STATUS_OTHER = 1212
    #: The response has no Upgrade. RFC 6455 4.2.2.
    UPGRADE_ABSENT = 1213
    #: Upgrade in the response is not websocket. RFC 6455 4.1.
    UPGRADE_OTHER = 1214
    #: The response has no Connection. RFC 6455 4.2.2.
    CONNECTION_ABSENT = 1215
    #: Connection in the response does not name upgrade. RFC 6455 4.1.
    CONNECTION_OTHER = 1216
    #: The response is HTTP/1.0, which has no 101. RFC 9110 7.8.
    HTTP10_RESPONSE = 1217
    #: Sec-WebSocket-Accept stands in a response that refuses. RFC 6455 4.2.2.
    ACCEPT_IN_ERROR = 1218
    #: A 101 announces a body. RFC 9110 8.6.
    RESPONSE_BODY = 1219
    #: Sec-WebSocket-Key stands in a response. RFC 6455 11.3.1.
    KEY_IN_RESPONSE = 1220
    #: The capture has no request for this response. RFC 6455 4.1.
    REQUEST_ABSENT = 1221
    #: A 426 does not say in Upgrade what to upgrade to. RFC 9110 15.5.22.
    UPGRADE_REQUIRED_BARE = 1222
    #: The response names a subprotocol that the request did not offer. RFC 6455 4.1.
    SUBPROTOCOL_NOT_OFFERED = 1223
    #: The response names more than one subprotocol. RFC 6455 4.2.2.
    SUBPROTOCOL_LIST = 1224
    #: Sec-WebSocket-Protocol in the response has no value. RFC 6455 11.3.4.
    SUBPROTOCOL_EMPTY = 1225
    #: Subprotocols are offered and none is chosen. RFC 6455 4.2.2.
    SUBPROTOCOL_NOT_CHOSEN = 1226
    #: The response has more than one Sec-WebSocket-Protocol. RFC 6455 11.3.4.
    SUBPROTOCOL_REPEATED = 1227
    #: The subprotocol is an offered one in other letters: their case matters. RFC 6455 4.1.
    SUBPROTOCOL_CASE = 1228
    #: The response uses an extension that the request did not offer. RFC 6455 4.1.
    EXTENSION_NOT_OFFERED = 1229
    #: The syntax of Sec-WebSocket-Extensions in the response is broken. RFC 6455 9.1.
    EXTENSION_MALFORMED = 1230
    #: permessage-deflate is answered with a parameter that it cannot have. RFC 7692 7.1.
    DEFLATE_ANSWER_INVALID = 1231
    #: permessage-deflate is answered with what the offer does not allow. RFC 7692 7.1.
    DEFLATE_NOT_OFFERED = 1232
    #: Over HTTP/2 the opening handshake is accepted with a status of 2xx. RFC 8441 5.
    HTTP2_STATUS = 1240
    #: The response has no Sec-WebSocket-Accept. RFC 6455 4.2.2.
    ACCEPT_MISSING = 1300
    #: The response has more than one Sec-WebSocket-Accept. RFC 6455 11.3.3.
    ACCEPT_REPEATED = 1301
    #: Sec-WebSocket-Accept is not the base64 form of 20 octets. RFC 6455 4.2.2.
    ACCEPT_MALFORMED = 1302
    #: Sec-WebSocket-Accept does not belong to the key, by no known mistake. RFC 6455 4.1.
    ACCEPT_WRONG = 1303
    #: Sec-WebSocket-Accept is made without the GUID. RFC 6455 4.2.2.
    ACCEPT_GUID_MISSING = 1304
    #: Sec-WebSocket-Accept is made with a GUID that is misspelt. RFC 6455 1.3.
    ACCEPT_GUID_MISSPELT = 1305
    #: Sec-WebSocket-Accept is made with the GUID in lower case. RFC 6455 1.3.
    ACCEPT_GUID_LOWER_CASE = 1306
    #: Sec-WebSocket-Accept is made with the GUID before the key. RFC 6455 4.2.2.
    ACCEPT_GUID_FIRST = 1307
    #: Sec-WebSocket-Accept is made from the decoded key. RFC 6455 4.2.2.
    ACCEPT_KEY_DECODED = 1308
    #: Sec-WebSocket-Accept is made from the key with white space or a line end. RFC 6455 4.2.2.
    ACCEPT_KEY_UNTRIMMED = 1309
    #: Sec-WebSocket-Accept is made from an altered key. RFC 6455 4.2.2.
    ACCEPT_KEY_ALTERED = 1310
    #: Sec-WebSocket-Accept is made from the digest's hexadecimal digits. RFC 6455 4.2.2.
    ACCEPT_HEX_DIGEST = 1311
    #: Sec-WebSocket-Accept is made with another hash than SHA-1. RFC 6455 4.2.2.
    ACCEPT_WRONG_HASH = 1312
    #: Sec-WebSocket-Accept is cut off. RFC 6455 4.2.2.
    ACCEPT_TRUNCATED = 1313
    #: Sec-WebSocket-Accept has the right digest in the wrong encoding. RFC 6455 4.2.2.
    ACCEPT_REENCODED = 1314
    #: Sec-WebSocket-Accept belongs to another request's key. RFC 6455 4.1.
    ACCEPT_OTHER_KEY = 1315
    #: Sec-WebSocket-Accept is the RFC's example value. RFC 6455 1.3.
    ACCEPT_FROM_THE_RFC = 1316
    #: Sec-WebSocket-Accept repeats the key. RFC 6455 4.2.2.
    ACCEPT_IS_THE_KEY = 1317
    #: The capture has no frame. RFC 6455 5.2.
    NO_FRAMES = 1401
    #: A line of the dump is not hexadecimal. RFC 6455 5.2.
    DUMP_UNREADABLE = 1402
    #: This is the head of a request or response, no frame. RFC 6455 4.1.
    HEAD_NOT_FRAME = 1403
    #: A reserved bit is set that no extension defines here. RFC 6455 5.2.
    RESERVED_BIT = 1404
    #: The message is compressed (RSV1), which permessage-deflate must have been agreed on for. RFC
    #: 7692 6.
    COMPRESSED = 1405
    #: The opcode is reserved. RFC 6455 5.2.
    RESERVED_OPCODE = 1406
    #: A control frame is fragmented. RFC 6455 5.5.
    FRAGMENTED_CONTROL = 1407
    #: A control frame has more than 125 octets of payload. RFC 6455 5.5.
    LONG_CONTROL = 1408
    #: The payload length is not encoded in the fewest octets. RFC 6455 5.2.
    NON_MINIMAL_LENGTH = 1409
    #: The most significant bit of the 64-bit payload length is set. RFC 6455 5.2.
    LENGTH_TOO_LARGE = 1410
    #: A frame from the client is not masked. RFC 6455 5.1.
    UNMASKED = 1411
    #: A frame from the server is masked. RFC 6455 5.1.
    MASKED = 1412
    #: The masking key is zero, so that the payload is readable on the wire. RFC 6455 5.3.
    MASK_ZERO = 1413
    #: The masking key is that of the frame before. RFC 6455 5.3.
    MASK_REPEATED = 1414
    #: A continuation frame has no message to continue. RFC 6455 5.4.
    NOTHING_TO_CONTINUE = 1415
    #: A new message begins inside a fragmented one. RFC 6455 5.4.
    MESSAGE_INTERRUPTED = 1416
    #: A text message is not valid UTF-8. RFC 6455 8.1.
    BAD_UTF8 = 1417
    #: The payload of a Close has one octet. RFC 6455 5.5.1.
    CLOSE_ONE_OCTET = 1418
    #: The status code of a Close may not be sent. RFC 6455 7.4.
    CLOSE_CODE = 1419
    #: The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
    CLOSE_REASON = 1420
    #: A frame follows the Close of the same sender. RFC 6455 5.5.1.
    FRAME_AFTER_CLOSE = 1421
    #: The capture ends inside a frame. RFC 6455 5.2.
    FRAME_TRUNCATED = 1422
    #: The capture ends inside a fragmented message. RFC 6455 5.4.
    MESSAGE_UNFINISHED = 1423
    #: There are more frames than are looked at. RFC 6455 5.
    TOO_MANY_FRAMES = 1424


class Options(TypedDict, total=False):
    """The options of a config."""

    #: Octets that the head of an opening handshake may have. A longer one is answered with 431.
    #: Default 16,384.
    max_head_size: int
    #: Header fields that a head may have. More are answered with 431. Default 100.
    max_headers: int
    #: Octets that the payload of one frame may have; more fail with 1009. Default: no limit but
    #: that of the message.
    max_frame_size: int
    #: Octets that a message may have; more fail with 1009, as soon as the header of the frame that
    #: passes the limit is there. Default 16,777,216.
    max_message_size: int
    #: Frames that a message may have, empty ones included; more fail with 1008. Default 131,072.
    max_fragments: int
    #: Octets of queued output from which on `wsabi_conn_interest` no longer asks for READ, so that
    #: a peer that does not read is no longer read from. Default 262,144.
    output_high_mark: int
    #: Octets of output that may be queued. A message that would pass it is refused with
    #: `WSABI_ERR_LIMIT`. Default 67,108,864. For an echo it should be at least the high mark, plus
    #: the largest message, plus what is read at once; with permessage-deflate, 32 times of that.
    max_output: int
    #: 1: a correct opening handshake is accepted as by `wsabi_conn_accept(conn, NULL, 0, NULL)`,
    #: and the event is OPEN instead of REQUEST. Default 0.
    auto_accept: int
    #: 1: a request that is well-formed HTTP and makes no attempt at an opening handshake is the
    #: event HTTP_REQUEST, which the application answers with `wsabi_conn_reject`. 0: it is answered
    #: with 426. Default 0.
    plain_http: int
    #: Whose order decides when several subprotocols are in common: a `WSABI_PREFERENCE_*`. Default
    #: 0.
    subprotocol_preference: int
    #: What becomes of a client that names no subprotocol, when the config has some: a
    #: `WSABI_POLICY_*`. Default 0.
    subprotocol_absent: int
    #: What becomes of a client that names none of the config's subprotocols, when it has some: a
    #: `WSABI_POLICY_*`. Default 0.
    subprotocol_mismatch: int
    #: HTTP status of `WSABI_POLICY_REJECT`: 400 to 599, but not 401 and 407. Default 400.
    subprotocol_reject_status: int
    #: Status code of the Close of `WSABI_POLICY_CLOSE`. Default 1,008.
    subprotocol_close_code: int
    #: 1: requests are taken whose Origin names the host and port of their Host, as those of
    #: `wsabi_config_add_origin` are, and others not. Default 0.
    allow_same_host: int
    #: Octets of a response's body that a client keeps for the event REJECTED. Default 65,536.
    max_rejection_body: int
    #: 1: permessage-deflate (RFC 7692) is negotiated: a server agrees to it when a client offers
    #: it, a client offers it. Default 1. In a library that was built without it the default is 0,
    #: and nothing else is taken.
    deflate: int
    #: Level of compression, 1 (fast) to 9 (small). Default 3.
    deflate_level: int
    #: Memory of a compressor as a level, 1 to 9. A context that compresses takes 134,272 octets, 4
    #: times its window of at least 512, and 7 times 2 to the power of this plus 6: by default
    #: 380,032, at least 137,216. One that inflates takes 47,552 whatever is set, and 32,768 more
    #: with context takeover. Default 8.
    deflate_memory_level: int
    #: Octets from which on a message is compressed; smaller ones gain little or nothing. Default
    #: 256.
    deflate_min_size: int
    #: Largest window of the server's compressor, as the logarithm of its octets: 8 to 15 (RFC 7692
    #: 7.1.2.1). Default 15.
    server_max_window_bits: int
    #: The same of the client's (RFC 7692 7.1.2.2); a server can ask for it only when the client
    #: offers to. Default 15.
    client_max_window_bits: int
    #: 1: the server's compressor forgets each message (RFC 7692 7.1.1.1), so that contexts are
    #: shared by all connections of the config, of which at most 16 of each kind wait for the next
    #: message. 0: it keeps a context for each connection, from the first message on, unless the
    #: client demands otherwise. Default 1.
    server_no_context_takeover: int
    #: The same of the client's compressor, and so of the server's memory for what it receives (RFC
    #: 7692 7.1.1.2). Default 1.
    client_no_context_takeover: int
    #: Milliseconds for the client's request to arrive, and for a client the server's response; see
    #: `wsabi_conn_handle_timeout`. A server answers 408. It does not limit the application's
    #: decision. 0: no limit. Default 10,000.
    opening_timeout: int
    #: Milliseconds that the peer has for the end of the connection: from our Close, our refusal or
    #: a failure on, and from the last octet on that it took since. What it did not take by then is
    #: dropped, also when it ended its side itself. 0: no limit. Default 10,000.
    closing_timeout: int
    #: Milliseconds between pings that the library sends by itself (RFC 6455 5.5.2), so that proxies
    #: keep the connection and a dead peer is found. The pongs are events as any. 0: none. Default
    #: 0.
    ping_interval: int
    #: Milliseconds for the pong to such a ping; any octet of the peer's counts for it, as it may be
    #: in the middle of a large message. Then the connection fails with 1011. 0: no limit. Default
    #: 20,000.
    pong_timeout: int
    #: Milliseconds without an octet from the peer, pongs included, after which an open connection
    #: fails with 1001. 0: no limit. Default 0.
    idle_timeout: int
    #: Octets of queued output below which a queue that had reached `WSABI_OPTION_OUTPUT_HIGH_MARK`,
    #: or had no room for a message, is drained: the event DRAINED is listed, and
    #: `wsabi_conn_interest` asks for READ again. Above the high mark it counts as the high mark.
    #: Default 65,536.
    output_low_mark: int
    #: 1: messages are listed in pieces as their octets arrive, so that one of any size passes in
    #: constant memory: `WSABI_FLAG_FIRST` and `WSABI_FLAG_LAST` mark the ends.
    #: `WSABI_OPTION_MAX_MESSAGE_SIZE` still counts. Default 0.
    message_pieces: int
    #: 1: a connection counts what goes in and out, for `wsabi_conn_info`, and has 100 octets more
    #: for it. Default 0.
    counters: int
    #: Connections that a server has at most; what is beyond is closed at once. Default 16,777,216.
    max_connections: int
    #: Connections that a server has at most from one address, 0 for as many as in all. Default 0.
    max_connections_per_address: int
    #: Octets that a server reads at once; its buffer is as large. Default 262,144.
    read_size: int


class wsabi_option_row(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("unit", c_char_p),
        ("default_value", c_uint64),
        ("minimum", c_uint64),
        ("maximum", c_uint64),
        ("option", c_uint32),
        ("reserved", c_uint32),
    ]


class wsabi_slice(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("len", c_size_t),
    ]


class wsabi_header(Structure):
    _fields_ = [
        ("name", wsabi_slice),
        ("value", wsabi_slice),
    ]


class wsabi_client_request(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("host", wsabi_slice),
        ("target", wsabi_slice),
        ("origin", wsabi_slice),
        ("headers", POINTER(wsabi_header)),
        ("header_count", c_size_t),
    ]


class wsabi_event(Structure):
    _fields_ = [
        ("type", c_int32),
        ("flags", c_uint16),
        ("code", c_uint16),
        ("data", c_void_p),
        ("len", c_size_t),
    ]


class wsabi_iovec(Structure):
    _fields_ = [
        ("base", c_void_p),
        ("len", c_size_t),
    ]


class wsabi_request(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("version", c_uint32),
        ("reserved", c_uint32),
        ("method", wsabi_slice),
        ("target", wsabi_slice),
        ("authority", wsabi_slice),
        ("protocol", wsabi_slice),
        ("headers", POINTER(wsabi_header)),
        ("header_count", c_size_t),
    ]


class wsabi_response(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("status", c_uint32),
        ("reserved", c_uint32),
        ("headers", POINTER(wsabi_header)),
        ("header_count", c_size_t),
        ("body", c_void_p),
        ("body_len", c_size_t),
    ]


class wsabi_finding(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("offending", wsabi_slice),
        ("section", wsabi_slice),
        ("rule", wsabi_slice),
        ("detail", wsabi_slice),
        ("peers", wsabi_slice),
        ("remedy", wsabi_slice),
        ("index", c_size_t),
        ("line", c_size_t),
        ("offset", c_size_t),
        ("kind", c_int32),
        ("severity", c_int32),
        ("place", c_int32),
        ("reserved", c_uint32),
    ]


class wsabi_server_event(Structure):
    _fields_ = [
        ("conn", c_void_p),
        ("user_data", c_void_p),
        ("id", c_uint64),
        ("event", wsabi_event),
    ]


class wsabi_metrics(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("connections", c_uint64),
        ("accepted", c_uint64),
        ("refused", c_uint64),
        ("accept_errors", c_uint64),
        ("requests", c_uint64),
        ("failures", c_uint64),
        ("messages_received", c_uint64),
        ("octets_received", c_uint64),
        ("octets_sent", c_uint64),
        ("messages_published", c_uint64),
        ("messages_dropped", c_uint64),
    ]


check_abi(ABI_VERSION)
config_new = function("wsabi_config_new", c_int32, POINTER(c_void_p))
config_free = function("wsabi_config_free", None, c_void_p)
config_set = function("wsabi_config_set", c_int32, c_void_p, c_uint32, c_uint64)
config_get = function("wsabi_config_get", c_int32, c_void_p, c_uint32, POINTER(c_uint64))
option_info = function("wsabi_option_info", c_int32, c_size_t, POINTER(wsabi_option_row))
config_add_subprotocol = function(
    "wsabi_config_add_subprotocol",
    c_int32, c_void_p, c_char_p, c_size_t,
)
config_add_origin = function("wsabi_config_add_origin", c_int32, c_void_p, c_char_p, c_size_t)
config_add_resource = function("wsabi_config_add_resource", c_int32, c_void_p, c_char_p, c_size_t)
config_set_close_reason = function(
    "wsabi_config_set_close_reason",
    c_int32, c_void_p, c_char_p, c_size_t,
)
conn_new_server = function("wsabi_conn_new_server", c_int32, c_void_p, POINTER(c_void_p))
conn_new_client = function(
    "wsabi_conn_new_client",
    c_int32, c_void_p, POINTER(wsabi_client_request), POINTER(c_void_p),
)
conn_new_open = function(
    "wsabi_conn_new_open",
    c_int32, c_void_p, c_uint32, c_char_p, c_size_t, POINTER(c_void_p),
)
conn_reset = function("wsabi_conn_reset", c_int32, c_void_p, POINTER(wsabi_client_request))
conn_free = function("wsabi_conn_free", None, c_void_p)
conn_set_user_data = function("wsabi_conn_set_user_data", c_int32, c_void_p, c_void_p)
conn_user_data = function("wsabi_conn_user_data", c_void_p, c_void_p)
conn_recv = function(
    "wsabi_conn_recv",
    c_int32, c_void_p, c_void_p, c_size_t, POINTER(c_size_t), POINTER(wsabi_event), c_size_t,
    POINTER(c_size_t),
)
conn_recv_eof = function(
    "wsabi_conn_recv_eof",
    c_int32, c_void_p, POINTER(wsabi_event), c_size_t, POINTER(c_size_t),
)
conn_recv_space = function(
    "wsabi_conn_recv_space",
    c_int32, c_void_p, POINTER(c_void_p), POINTER(c_size_t),
)
conn_recv_commit = function(
    "wsabi_conn_recv_commit",
    c_int32, c_void_p, c_size_t, POINTER(wsabi_event), c_size_t, POINTER(c_size_t),
)
conn_take = function("wsabi_conn_take", c_int32, c_void_p, POINTER(wsabi_event), POINTER(c_void_p))
release = function("wsabi_release", None, c_void_p)
conn_output = function(
    "wsabi_conn_output",
    c_int32, c_void_p, POINTER(wsabi_iovec), c_size_t, POINTER(c_size_t),
)
conn_output_consumed = function("wsabi_conn_output_consumed", c_int32, c_void_p, c_size_t)
conn_output_size = function("wsabi_conn_output_size", c_size_t, c_void_p)
conn_interest = function("wsabi_conn_interest", c_uint32, c_void_p)
conn_deadline = function("wsabi_conn_deadline", c_uint64, c_void_p)
conn_handle_timeout = function(
    "wsabi_conn_handle_timeout",
    c_int32, c_void_p, c_uint64, POINTER(wsabi_event), c_size_t, POINTER(c_size_t),
)
conn_state = function("wsabi_conn_state", c_int32, c_void_p)
conn_close_code = function("wsabi_conn_close_code", c_uint16, c_void_p)
conn_failure = function("wsabi_conn_failure", c_int32, c_void_p)
conn_subprotocol = function("wsabi_conn_subprotocol", c_int32, c_void_p, POINTER(wsabi_slice))
conn_info = function("wsabi_conn_info", c_int32, c_void_p, c_uint32, POINTER(c_uint64))
conn_set_trace = function("wsabi_conn_set_trace", c_int32, c_void_p, c_void_p, c_void_p)
conn_send_text = function("wsabi_conn_send_text", c_int32, c_void_p, c_void_p, c_size_t)
conn_send_binary = function("wsabi_conn_send_binary", c_int32, c_void_p, c_void_p, c_size_t)
conn_send = function("wsabi_conn_send", c_int32, c_void_p, c_uint32, c_void_p, c_size_t, c_uint32)
conn_send_borrowed = function(
    "wsabi_conn_send_borrowed",
    c_int32, c_void_p, c_uint32, c_void_p, c_size_t, c_uint32, c_void_p, c_void_p,
)
conn_send_ping = function("wsabi_conn_send_ping", c_int32, c_void_p, c_void_p, c_size_t)
conn_send_pong = function("wsabi_conn_send_pong", c_int32, c_void_p, c_void_p, c_size_t)
conn_close = function("wsabi_conn_close", c_int32, c_void_p, c_uint16, c_void_p, c_size_t)
prepared_new = function(
    "wsabi_prepared_new",
    c_int32, c_void_p, c_uint32, c_void_p, c_size_t, POINTER(c_void_p),
)
prepared_free = function("wsabi_prepared_free", None, c_void_p)
conn_send_prepared = function("wsabi_conn_send_prepared", c_int32, c_void_p, c_void_p)
conn_recv_request = function(
    "wsabi_conn_recv_request",
    c_int32, c_void_p, POINTER(wsabi_request), POINTER(wsabi_event), c_size_t, POINTER(c_size_t),
)
conn_head_method = function("wsabi_conn_head_method", c_int32, c_void_p, POINTER(wsabi_slice))
conn_head_target = function("wsabi_conn_head_target", c_int32, c_void_p, POINTER(wsabi_slice))
conn_head_path = function("wsabi_conn_head_path", c_int32, c_void_p, POINTER(wsabi_slice))
conn_head_query = function("wsabi_conn_head_query", c_int32, c_void_p, POINTER(wsabi_slice))
conn_head_query_parameter = function(
    "wsabi_conn_head_query_parameter",
    c_int32, c_void_p, c_char_p, c_size_t, c_void_p, c_size_t, POINTER(c_size_t),
)
conn_head_host = function("wsabi_conn_head_host", c_int32, c_void_p, POINTER(wsabi_slice))
conn_head_origin = function("wsabi_conn_head_origin", c_int32, c_void_p, POINTER(wsabi_slice))
conn_head_find = function(
    "wsabi_conn_head_find",
    c_int32, c_void_p, c_char_p, c_size_t, POINTER(wsabi_slice),
)
conn_head_at = function("wsabi_conn_head_at", c_int32, c_void_p, c_size_t, POINTER(wsabi_header))
conn_offered_subprotocol = function(
    "wsabi_conn_offered_subprotocol",
    c_int32, c_void_p, c_size_t, POINTER(wsabi_slice),
)
conn_accept = function(
    "wsabi_conn_accept",
    c_int32, c_void_p, c_char_p, c_size_t, POINTER(wsabi_response),
)
conn_accept_by = function(
    "wsabi_conn_accept_by",
    c_int32, c_void_p, c_void_p, POINTER(wsabi_response),
)
conn_accept_then_close = function(
    "wsabi_conn_accept_then_close",
    c_int32, c_void_p, c_uint16, c_void_p, c_size_t,
)
conn_decline_deflate = function("wsabi_conn_decline_deflate", c_int32, c_void_p)
conn_reject = function("wsabi_conn_reject", c_int32, c_void_p, POINTER(wsabi_response))
conn_respond = function(
    "wsabi_conn_respond",
    c_int32, c_void_p, c_uint32, c_char_p, c_size_t, c_void_p, c_size_t,
)
conn_redirect = function("wsabi_conn_redirect", c_int32, c_void_p, c_uint32, c_char_p, c_size_t)
conn_challenge = function("wsabi_conn_challenge", c_int32, c_void_p, c_char_p, c_size_t)
conn_response_status = function("wsabi_conn_response_status", c_int32, c_void_p, POINTER(c_uint32))
conn_response_header = function(
    "wsabi_conn_response_header",
    c_int32, c_void_p, c_size_t, POINTER(wsabi_header),
)
conn_response_body = function("wsabi_conn_response_body", c_int32, c_void_p, POINTER(wsabi_slice))
abi_version = function("wsabi_abi_version", c_uint32)
version = function("wsabi_version", c_char_p)
status_text = function("wsabi_status_text", c_char_p, c_int32)
failure_text = function("wsabi_failure_text", c_char_p, c_int32)
explain = function("wsabi_explain", c_int32, c_void_p, c_size_t, POINTER(c_void_p))
explain_frames = function("wsabi_explain_frames", c_int32, c_void_p, c_size_t, POINTER(c_void_p))
explanation_free = function("wsabi_explanation_free", None, c_void_p)
explanation_count = function("wsabi_explanation_count", c_size_t, c_void_p)
explanation_at = function(
    "wsabi_explanation_at",
    c_int32, c_void_p, c_size_t, POINTER(wsabi_finding),
)
server_new = optional("server", "wsabi_server_new", c_int32, c_void_p, POINTER(c_void_p))
server_free = optional("server", "wsabi_server_free", None, c_void_p)
server_error = optional("server", "wsabi_server_error", c_int32, c_void_p, POINTER(wsabi_slice))
server_listen = optional(
    "server", "wsabi_server_listen",
    c_int32, c_void_p, c_char_p, c_size_t, c_uint16, c_uint32, POINTER(c_uint16),
)
server_listen_unix = optional(
    "server", "wsabi_server_listen_unix",
    c_int32, c_void_p, c_char_p, c_size_t, c_uint32,
)
server_listen_fd = optional("server", "wsabi_server_listen_fd", c_int32, c_void_p, c_int, c_uint32)
server_adopt = optional(
    "server", "wsabi_server_adopt",
    c_int32, c_void_p, c_int, c_void_p, c_size_t, c_uint32, POINTER(c_uint64),
)
server_set_certificate = optional(
    "server", "wsabi_server_set_certificate",
    c_int32, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_char_p, c_size_t,
)
server_set_certificate_pem = optional(
    "server", "wsabi_server_set_certificate_pem",
    c_int32, c_void_p, c_char_p, c_size_t, c_void_p, c_size_t, c_void_p, c_size_t,
)
server_share_certificates = optional(
    "server", "wsabi_server_share_certificates",
    c_int32, c_void_p, c_void_p,
)
server_poll = optional(
    "server", "wsabi_server_poll",
    c_int32, c_void_p, c_int64, POINTER(wsabi_server_event), c_size_t, POINTER(c_size_t),
)
server_conn = optional(
    "server", "wsabi_server_conn",
    c_int32, c_void_p, c_uint64, POINTER(c_void_p),
)
server_count = optional("server", "wsabi_server_count", c_size_t, c_void_p)
server_peer_address = optional(
    "server", "wsabi_server_peer_address",
    c_int32, c_void_p, c_uint64, c_void_p, c_size_t, POINTER(c_size_t),
)
server_subscribe = optional(
    "server", "wsabi_server_subscribe",
    c_int32, c_void_p, c_uint64, c_void_p, c_size_t,
)
server_unsubscribe = optional(
    "server", "wsabi_server_unsubscribe",
    c_int32, c_void_p, c_uint64, c_void_p, c_size_t,
)
server_publish = optional(
    "server", "wsabi_server_publish",
    c_int32, c_void_p, c_void_p, c_size_t, c_void_p, c_uint64, POINTER(c_size_t),
)
server_shutdown = optional("server", "wsabi_server_shutdown", c_int32, c_void_p, c_uint16, c_uint64)
server_stage = optional("server", "wsabi_server_stage", c_int32, c_void_p)
server_metrics = optional(
    "server", "wsabi_server_metrics",
    c_int32, c_void_p, POINTER(wsabi_metrics),
)
server_serve_metrics = optional(
    "server", "wsabi_server_serve_metrics",
    c_int32, c_void_p, c_char_p, c_size_t,
)
server_remote = optional("server", "wsabi_server_remote", c_int32, c_void_p, POINTER(c_void_p))
remote_free = optional("server", "wsabi_remote_free", None, c_void_p)
remote_wake = optional("server", "wsabi_remote_wake", c_int32, c_void_p)
remote_send = optional(
    "server", "wsabi_remote_send",
    c_int32, c_void_p, c_uint64, c_uint32, c_void_p, c_size_t,
)
remote_send_prepared = optional(
    "server", "wsabi_remote_send_prepared",
    c_int32, c_void_p, c_uint64, c_void_p,
)
remote_publish = optional(
    "server", "wsabi_remote_publish",
    c_int32, c_void_p, c_void_p, c_size_t, c_void_p,
)
remote_close = optional(
    "server", "wsabi_remote_close",
    c_int32, c_void_p, c_uint64, c_uint16, c_char_p, c_size_t,
)
remote_shutdown = optional("server", "wsabi_remote_shutdown", c_int32, c_void_p, c_uint16, c_uint64)
