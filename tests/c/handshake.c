// The opening handshake of the server: requests as rows of a table.
//
// Every row is fed in every way (see next_feeding), alone and with a frame behind
// it, which is the first message of a connection that opened, and nothing else.

#include "support.h"

typedef struct {
  const char *name;     // rule under test
  const char *request;
  unsigned status;      // of the answer
  wsabi_failure failure;
  const char *contains; // stands somewhere in the answer
} row;

#define OPENS 101, 0
#define ACCEPTED ACCEPT_LINE("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
#define DEFLATES(parameters) \
  EXTENSIONS "permessage-deflate; server_no_context_takeover; client_no_context_takeover" parameters "\r\n"
#define EXTENSIONS "\r\nSec-WebSocket-Extensions: "
#define ACCEPT_LINE(value) "\r\nSec-WebSocket-Accept: " value "\r\n"
#define SPACES "                                                                                "
#define NEEDS_13 "\r\nSec-WebSocket-Version: 13\r\n"

static const row rows[] = {
    // What opens a connection
    {"6455 1.3 the example", WITH(""), OPENS, ACCEPTED},
    {"6455 1.3 another key", WITH_KEY("Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"), OPENS,
     ACCEPT_LINE("HSmrc0sMlYUkAGmm5OPpG2HaGWk=")},
    {"6455 4.2.1 a key of zeros", WITH_KEY("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"), OPENS,
     ACCEPT_LINE("ICX+Yqv66kxgM0FcWaLWlFLwTAI=")},
    {"6455 4.2.1 names in lower case",
     GET "host: example.com\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
         "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
     OPENS, ACCEPTED},
    {"6455 4.2.1 Upgrade in another case", WITH_UPGRADE("UPGRADE: WebSocket\r\n"), OPENS, ACCEPTED},
    {"9110 7.8 Upgrade is a list", WITH_UPGRADE("Upgrade: h2c, websocket\r\n"), OPENS, ACCEPTED},
    {"9110 5.3 Upgrade on two lines", WITH_UPGRADE("Upgrade: h2c\r\nUpgrade: websocket\r\n"), OPENS, ACCEPTED},
    {"9110 7.6.1 Connection is a list", WITH_CONNECTION("Connection: keep-alive, Upgrade\r\n"), OPENS, ACCEPTED},
    {"9110 5.3 Connection on two lines",
     WITH_CONNECTION("Connection: keep-alive\r\nConnection: upgrade\r\n"), OPENS, ACCEPTED},
    {"9110 5.6.1 empty elements of a list", WITH_CONNECTION("Connection: , ,Upgrade,\r\n"), OPENS, ACCEPTED},
    {"9112 5 white space around values", WITH_VERSION("Sec-WebSocket-Version: \t 13 \t\r\n"), OPENS, ACCEPTED},
    {"9112 5 no white space", WITH_VERSION("Sec-WebSocket-Version:13\r\n"), OPENS, ACCEPTED},
    {"9112 2.2 an empty line before the request", "\r\n" WITH(""), OPENS, ACCEPTED},
    {"9112 5 an empty value", WITH("X-Empty:\r\n"), OPENS, ACCEPTED},
    {"9110 5.5 octets above 127 in a value", WITH("X-Name: caf\xc3\xa9 \xe9\r\n"), OPENS, ACCEPTED},
    {"9112 3.2.1 a query", WITH_LINE("GET /chat?room=1 HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"9112 3.2.2 an http URI", WITH_LINE("GET http://example.com/chat HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"6455 3 a ws URI", WITH_LINE("GET ws://example.com/chat HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"9110 7.2 Host with a port", WITH_HOST("Host: example.com:8080\r\n"), OPENS, ACCEPTED},
    {"9110 7.2 Host an IPv4 address", WITH_HOST("Host: 127.0.0.1:80\r\n"), OPENS, ACCEPTED},
    {"9110 7.2 Host an IPv6 address", WITH_HOST("Host: [::1]:8080\r\n"), OPENS, ACCEPTED},
    {"6455 4.2.1 Origin", WITH("Origin: https://example.com\r\n"), OPENS, ACCEPTED},
    {"6455 4.2.2 an offer of subprotocols may be left unanswered",
     WITH("Sec-WebSocket-Protocol: chat, superchat\r\n"), OPENS, ACCEPTED},
    {"6455 4.2.2 an offer of extensions may be left unanswered",
     WITH("Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n"), OPENS, ACCEPTED},
    {"7692 5 an offer of permessage-deflate is answered",
     WITH("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"), OPENS, DEFLATES("")},
    {"7692 5 the first offer that is no bad one",
     WITH("Sec-WebSocket-Extensions: permessage-deflate; x, permessage-deflate; server_max_window_bits=9\r\n"), OPENS,
     DEFLATES("; server_max_window_bits=9")},
    {"7692 7.1 a bad offer is declined, and nothing else",
     WITH("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=16\r\n"), OPENS, ACCEPTED},

    {"6455 4.2.2 two lines of subprotocols", WITH("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n"),
     OPENS, ACCEPTED},
    {"6455 4.2.2 an empty offer of subprotocols is none", WITH("Sec-WebSocket-Protocol:\r\n"), OPENS, ACCEPTED},
    {"9110 5.6.1 empty elements of an offer", WITH("Sec-WebSocket-Protocol: , a ,, b,\r\n"), OPENS, ACCEPTED},
    {"6455 9.1 two lines of extensions",
     WITH("Sec-WebSocket-Extensions: x-other\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"), OPENS, DEFLATES("")},
    {"6455 9.1 names of extensions that are other things elsewhere",
     WITH("Sec-WebSocket-Extensions: constructor, __proto__, toString\r\n"), OPENS, ACCEPTED},
    {"6455 9.1 an extension that is ill-formed is not negotiated",
     WITH("Sec-WebSocket-Extensions: a; b=\"\\c\\c\\c\r\n"), OPENS, ACCEPTED},
    {"6455 9.1 many spaces in an extension", WITH("Sec-WebSocket-Extensions: b" SPACES "x\r\n"), OPENS, ACCEPTED},
    {"9110 7.8 Upgrade with a version of another protocol", WITH_UPGRADE("Upgrade: HTTP/3.0, websocket\r\n"), OPENS,
     ACCEPTED},
    {"9110 7.8 Upgrade by preference", WITH_UPGRADE("Upgrade: websocket, h2c\r\n"), OPENS, ACCEPTED},
    {"9110 5.3 Connection with more lines between",
     WITH_CONNECTION("Connection: close\r\nX-A: b\r\nCONNECTION: x, UPGRADE\r\n"), OPENS, ACCEPTED},
    {"9110 7.6.1 Connection names a field", WITH_CONNECTION("Connection: Upgrade, HTTP2-Settings\r\n"), OPENS,
     ACCEPTED},
    {"9110 8.6 a body of no octets", WITH("Content-Length: 0\r\n"), OPENS, ACCEPTED},
    {"9112 2.2 two empty lines before the request", "\r\n\r\n" WITH(""), OPENS, ACCEPTED},
    {"9112 3.2.1 the root", WITH_LINE("GET / HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"9112 3.2.1 a path of two slashes", WITH_LINE("GET //chat HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"3986 2.1 an encoded path", WITH_LINE("GET /caf%C3%A9%00/%2e%2e HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"3986 3.4 a query of odd octets", WITH_LINE("GET /?a=?/:@&&==%zz HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"6455 3 a wss URI", WITH_LINE("GET wss://example.com HTTP/1.1\r\n"), OPENS, ACCEPTED},
    {"9110 7.2 Host is the last line", GET UPGRADE CONNECTION KEY VERSION HOST END, OPENS, ACCEPTED},
    {"9110 7.2 Host with an empty port", WITH_HOST("Host: example.com:\r\n"), OPENS, ACCEPTED},
    {"9110 7.2 Host a name of one letter", WITH_HOST("Host: a\r\n"), OPENS, ACCEPTED},
    {"6455 10.2 without a list every Origin is taken", WITH("Origin: null\r\n"), OPENS, ACCEPTED},
    {"6455 10.2 Origin that is none", WITH("Origin: javascript:alert(1)\r\n"), OPENS, ACCEPTED},
    {"9110 10.1.1 Expect has no meaning without a body", WITH("Expect: 100-continue\r\n"), OPENS, ACCEPTED},
    {"6455 4.2.1 a key with white space around it",
     WITH_KEY("Sec-WebSocket-Key: \t dGhlIHNhbXBsZSBub25jZQ== \t\r\n"), OPENS, ACCEPTED},
    {"6455 11.3.3 a client's Accept means nothing", WITH("Sec-WebSocket-Accept: x\r\n"), OPENS, ACCEPTED},

    // What is no HTTP/1.1 head
    {"9112 3 one word", "HELLO\r\n\r\n", 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 no version", "GET /chat\r\n\r\n", 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 two spaces", WITH_LINE("GET  /chat HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 another protocol", WITH_LINE("GET /chat HTTX/1.1\r\n"), 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 a response's line answers a request", WITH_LINE("HTTP/1.1 101 OK\r\n"), 400,
     WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 2.2 bare LF everywhere", "GET /chat HTTP/1.1\nHost: example.com\n\n", 400,
     WSABI_FAILURE_BAD_LINE_END, NULL},
    {"9112 2.2 bare LF in one line", WITH("X-A: b\nX-C: d\r\n"), 400, WSABI_FAILURE_BAD_LINE_END, NULL},
    {"9112 2.2 bare LF at the end", GET HOST UPGRADE CONNECTION KEY VERSION "\n", 400,
     WSABI_FAILURE_BAD_LINE_END, NULL},
    {"9112 5.1 white space before the colon", WITH("X-A : b\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9112 5.2 a folded line", WITH("X-A: b\r\n c\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9112 5 no colon", WITH("X-A\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9112 5 no name", WITH(": b\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.1 a name that is no token", WITH("X(A): b\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.5 a control octet in a value", WITH("X-A: b\x01\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.5 DEL in a value", WITH("X-A: b\x7f\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"6455 11.1.2 a TLS handshake", "\x16\x03\x01\x02", 400, WSABI_FAILURE_TLS, NULL},

    {"6455 11.1.2 a TLS alert", "\x15\x03\x01\x02", 400, WSABI_FAILURE_TLS, NULL},
    {"9112 3 a frame instead of a request", "\x81\x85\x37\xfa\x21\x3d", 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 a space first", " GET /chat HTTP/1.1\r\n\r\n", 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 a space at the end of the line", WITH_LINE("GET /chat HTTP/1.1 \r\n"), 400,
     WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 a tab between the words", WITH_LINE("GET\t/chat HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_REQUEST_LINE,
     NULL},
    {"9112 2.3 a version in lower case", WITH_LINE("GET /chat http/1.1\r\n"), 400, WSABI_FAILURE_BAD_REQUEST_LINE,
     NULL},
    {"9112 2.3 a version of one digit", WITH_LINE("GET /chat HTTP/1\r\n"), 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 2.3 a version of three digits", WITH_LINE("GET /chat HTTP/1.11\r\n"), 400,
     WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 4 the line of an old server's bad answer", "GET / HTTP/1.1 400 Bad request\r\n" HOST UPGRADE CONNECTION END,
     400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 2.2 bare CR in a value", WITH("X-A: b\rX-C: d\r\n"), 400, WSABI_FAILURE_BAD_LINE_END, NULL},
    {"9112 2.2 bare CR in the request line", WITH_LINE("GET /chat\r HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_LINE_END,
     NULL},
    {"9112 2.2 CR CR LF", WITH("X-A: b\r\r\n"), 400, WSABI_FAILURE_BAD_LINE_END, NULL},
    {"9112 2.2 white space before the first field", GET " " HOST UPGRADE CONNECTION KEY VERSION END, 400,
     WSABI_FAILURE_BAD_HEADER, NULL},
    {"9112 5.2 a fold with a tab", WITH("X-A: b\r\n\tc\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9112 5.1 a tab before the colon", WITH_UPGRADE("Upgrade\t: websocket\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.1 a name of octets above 127", WITH("X-\xc3\xa9: b\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.5 escape in a value", WITH("X-A: \x1b[2J\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},

    // Versions of HTTP
    {"9110 7.8 HTTP/1.0 is never upgraded", WITH_LINE("GET /chat HTTP/1.0\r\n"), 426, WSABI_FAILURE_HTTP_1_0,
     NEEDS_13},
    {"9110 15.6.6 HTTP/2.0", WITH_LINE("GET /chat HTTP/2.0\r\n"), 505, WSABI_FAILURE_HTTP_VERSION, NULL},
    {"9113 3.4 the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, WSABI_FAILURE_HTTP_VERSION,
     NULL},
    {"9110 15.6.6 HTTP/0.9", WITH_LINE("GET /chat HTTP/0.9\r\n"), 505, WSABI_FAILURE_HTTP_VERSION, NULL},

    {"9110 15.6.6 HTTP/1.2", WITH_LINE("GET /chat HTTP/1.2\r\n"), 505,
     WSABI_FAILURE_HTTP_VERSION, NULL},
    {"9110 15.6.6 HTTP/3.0", WITH_LINE("GET /chat HTTP/3.0\r\n"), 505, WSABI_FAILURE_HTTP_VERSION, NULL},
    {"9110 7.8 HTTP/1.0 without Host", "GET /chat HTTP/1.0\r\n" UPGRADE CONNECTION KEY VERSION END, 426,
     WSABI_FAILURE_HTTP_1_0, NEEDS_13},

    // Methods
    {"6455 4.1 POST", WITH_LINE("POST /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, "\r\nAllow: GET\r\n"},
    {"6455 4.1 OPTIONS", WITH_LINE("OPTIONS /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 DELETE", WITH_LINE("DELETE /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 HEAD", WITH_LINE("HEAD /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"9110 9.1 methods in lower case are others", WITH_LINE("get /chat HTTP/1.1\r\n"), 405,
     WSABI_FAILURE_METHOD, NULL},

    {"6455 4.1 CONNECT", WITH_LINE("CONNECT /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 PUT", WITH_LINE("PUT /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, "\r\nAllow: GET\r\n"},
    {"6455 4.1 PATCH", WITH_LINE("PATCH /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 TRACE", WITH_LINE("TRACE /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 a method that nobody knows", WITH_LINE("X!#$ /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 POST with a body is no smuggled frame",
     WITH_LINE("POST /chat HTTP/1.1\r\nContent-Length: 11\r\n"), 405, WSABI_FAILURE_METHOD, NULL},

    // Target and Host
    {"9112 3.2 no path", WITH_LINE("GET chat HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"9112 3.2.4 asterisk", WITH_LINE("GET * HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"6455 3 a fragment", WITH_LINE("GET /chat#top HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"9112 3.2.2 an ftp URI", WITH_LINE("GET ftp://example.com/ HTTP/1.1\r\n"), 400,
     WSABI_FAILURE_BAD_TARGET, NULL},
    {"9112 3.2 no Host", WITH_HOST(""), 400, WSABI_FAILURE_HOST_MISSING, NULL},
    {"9112 3.2 two Hosts", WITH_HOST(HOST HOST), 400, WSABI_FAILURE_HOST_REPEATED, NULL},
    {"9112 3.2 two different Hosts", WITH_HOST(HOST "host: example.org\r\n"), 400,
     WSABI_FAILURE_HOST_REPEATED, NULL},
    {"9110 7.2 Host empty", WITH_HOST("Host:\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host with a space", WITH_HOST("Host: exa mple.com\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host with a path", WITH_HOST("Host: example.com/chat\r\n"), 400,
     WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host a URI", WITH_HOST("Host: http://example.com\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host with a user", WITH_HOST("Host: user@example.com\r\n"), 400,
     WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 port no number", WITH_HOST("Host: example.com:http\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 port too large", WITH_HOST("Host: example.com:65536\r\n"), 400,
     WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 port negative", WITH_HOST("Host: example.com:-1\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host with an open bracket", WITH_HOST("Host: [::1\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host no IPv6 address", WITH_HOST("Host: [::g]\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host with a quote", WITH_HOST("Host: \"example.com\"\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED,
     NULL},

    {"9112 3.2.3 an authority", WITH_LINE("GET example.com:80 HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"9112 3.2 a relative path", WITH_LINE("GET ../chat HTTP/1.1\r\n"), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"9110 7.2 Host with a query", WITH_HOST("Host: example.com?a\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host two names", WITH_HOST("Host: example.com, example.org\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED,
     NULL},
    {"9110 7.2 Host a port alone", WITH_HOST("Host: :80\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host an IPv6 address without brackets", WITH_HOST("Host: ::1\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED,
     NULL},
    {"9110 7.2 Host of empty brackets", WITH_HOST("Host: []\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host above ASCII", WITH_HOST("Host: caf\xc3\xa9.example\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9110 7.2 Host with a backslash", WITH_HOST("Host: example.com\\evil\r\n"), 400, WSABI_FAILURE_HOST_MALFORMED,
     NULL},

    // A body would be read as frames, or as the next request by a proxy
    {"6455 4.1 Content-Length", WITH("Content-Length: 11\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Transfer-Encoding", WITH("Transfer-Encoding: chunked\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 both", WITH("Content-Length: 11\r\nTransfer-Encoding: chunked\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length a list", WITH("Content-Length: 11, 11\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length twice", WITH("Content-Length: 0\r\nContent-Length: 11\r\n"), 400,
     WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length with a sign", WITH("Content-Length: +0\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length 2^64", WITH("Content-Length: 18446744073709551616\r\n"), 400,
     WSABI_FAILURE_BODY, NULL},

    {"6455 4.1 Content-Length of the frame behind", WITH("Content-Length: 9\r\nX-A: b\r\n"), 400, WSABI_FAILURE_BODY,
     NULL},
    {"6455 4.1 Content-Length negative", WITH("Content-Length: -1\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length in another script", WITH("Content-Length: \xd9\xa1\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length empty", WITH("Content-Length:\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length 00", WITH("Content-Length: 00\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Content-Length 0 twice", WITH("Content-Length: 0\r\nContent-Length: 0\r\n"), 400, WSABI_FAILURE_BODY,
     NULL},
    {"6455 4.1 Transfer-Encoding identity", WITH("Transfer-Encoding: identity\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 Transfer-Encoding with Content-Length 0", WITH("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
     400, WSABI_FAILURE_BODY, NULL},

    // Upgrade and Connection are compared by token
    {"6455 4.2.1 plain HTTP", GET HOST END, 426, WSABI_FAILURE_PLAIN_HTTP, "\r\nUpgrade: websocket\r\n"},
    {"6455 4.2.1 no Upgrade", WITH_UPGRADE(""), 426, WSABI_FAILURE_UPGRADE_MISSING, NEEDS_13},
    {"6455 4.2.1 Upgrade: xwebsocket", WITH_UPGRADE("Upgrade: xwebsocket\r\n"), 426,
     WSABI_FAILURE_UPGRADE_MISSING, NULL},
    {"6455 4.2.1 Upgrade: websockets", WITH_UPGRADE("Upgrade: websockets\r\n"), 426,
     WSABI_FAILURE_UPGRADE_MISSING, NULL},
    {"6455 4.2.1 Upgrade: h2c", WITH_UPGRADE("Upgrade: h2c\r\n"), 426, WSABI_FAILURE_UPGRADE_MISSING, NULL},
    {"6455 4.2.1 no Connection", WITH_CONNECTION(""), 426, WSABI_FAILURE_CONNECTION_MISSING, NEEDS_13},
    {"6455 4.2.1 Connection: keep-alive", WITH_CONNECTION("Connection: keep-alive\r\n"), 426,
     WSABI_FAILURE_CONNECTION_MISSING, NULL},
    {"6455 4.2.1 Connection: no-upgrade", WITH_CONNECTION("Connection: no-upgrade\r\n"), 426,
     WSABI_FAILURE_CONNECTION_MISSING, NULL},

    {"6455 4.2.1 Upgrade empty", WITH_UPGRADE("Upgrade:\r\n"), 426, WSABI_FAILURE_UPGRADE_MISSING, NEEDS_13},
    {"6455 4.2.1 Upgrade: web socket", WITH_UPGRADE("Upgrade: web socket\r\n"), 426, WSABI_FAILURE_UPGRADE_MISSING,
     NULL},
    {"6455 4.2.1 Upgrade in quotes", WITH_UPGRADE("Upgrade: \"websocket\"\r\n"), 426, WSABI_FAILURE_UPGRADE_MISSING,
     NULL},
    {"6455 4.2.1 Upgrade: websocket/13", WITH_UPGRADE("Upgrade: websocket/13\r\n"), 426,
     WSABI_FAILURE_UPGRADE_MISSING, NULL},
    {"6455 4.2.1 Connection: upgrades", WITH_CONNECTION("Connection: upgrades\r\n"), 426,
     WSABI_FAILURE_CONNECTION_MISSING, NULL},
    {"6455 4.2.1 Connection: close", WITH_CONNECTION("Connection: close\r\n"), 426,
     WSABI_FAILURE_CONNECTION_MISSING, NULL},
    {"6455 4.2.1 Connection: websocket", WITH_CONNECTION("Connection: websocket\r\n"), 426,
     WSABI_FAILURE_CONNECTION_MISSING, NULL},
    {"6455 4.2.1 neither Upgrade nor Connection", GET HOST KEY VERSION END, 426, WSABI_FAILURE_UPGRADE_MISSING,
     "proxy_set_header Upgrade"},

    // Version and key
    {"6455 4.2.1 no version", WITH_VERSION(""), 426, WSABI_FAILURE_VERSION_MISSING, NEEDS_13},
    {"6455 4.4 version 8", WITH_VERSION("Sec-WebSocket-Version: 8\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, NEEDS_13},
    {"6455 4.4 version 0", WITH_VERSION("Sec-WebSocket-Version: 0\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, NEEDS_13},
    {"6455 4.4 version +13", WITH_VERSION("Sec-WebSocket-Version: +13\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, NULL},
    {"6455 4.4 version 013", WITH_VERSION("Sec-WebSocket-Version: 013\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, NULL},
    {"6455 4.4 version empty", WITH_VERSION("Sec-WebSocket-Version:\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, NULL},
    {"6455 4.4 a list of versions", WITH_VERSION("Sec-WebSocket-Version: 13, 8\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, NULL},
    {"6455 11.3.5 version twice", WITH_VERSION(VERSION VERSION), 400, WSABI_FAILURE_VERSION_REPEATED, NULL},
    {"6455 11.3.5 version 8, then 13", WITH_VERSION("Sec-WebSocket-Version: 8\r\n" VERSION), 400,
     WSABI_FAILURE_VERSION_REPEATED, NULL},
    {"6455 4.4 version 14", WITH_VERSION("Sec-WebSocket-Version: 14\r\n"), 426, WSABI_FAILURE_VERSION_UNSUPPORTED,
     NEEDS_13},
    {"6455 4.4 version 130", WITH_VERSION("Sec-WebSocket-Version: 130\r\n"), 426, WSABI_FAILURE_VERSION_UNSUPPORTED,
     NEEDS_13},
    {"6455 4.4 version 13;", WITH_VERSION("Sec-WebSocket-Version: 13;\r\n"), 426, WSABI_FAILURE_VERSION_UNSUPPORTED,
     NULL},
    {"6455 11.3.5 version 13, then 8", WITH_VERSION(VERSION "sec-websocket-version: 8\r\n"), 400,
     WSABI_FAILURE_VERSION_REPEATED, NULL},
    {"6455 4.2.1 no key", WITH_KEY(""), 400, WSABI_FAILURE_KEY_MISSING, NULL},
    {"6455 11.3.1 key twice", WITH_KEY(KEY KEY), 400, WSABI_FAILURE_KEY_REPEATED, NULL},
    {"6455 4.2.1 key empty", WITH_KEY("Sec-WebSocket-Key:\r\n"), 400, WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 4.2.1 key of 3 octets", WITH_KEY("Sec-WebSocket-Key: Zm9v\r\n"), 400, WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 4.2.1 key of 15 octets", WITH_KEY("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 4.2.1 key of 17 octets", WITH_KEY("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 4.2.1 key without padding", WITH_KEY("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 4.2.1 key not base64", WITH_KEY("Sec-WebSocket-Key: dGhlIHNhbXBs*SBub25jZQ==\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 11.3.1 another key", WITH_KEY(KEY "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"), 400,
     WSABI_FAILURE_KEY_REPEATED, NULL},
    {"6455 4.2.1 key of a list", WITH_KEY("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, x\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"4648 4 key of the other alphabet", WITH_KEY("Sec-WebSocket-Key: -_-_-_-_-_-_-_-_-_-_-A==\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"4648 3.5 key with bits behind the end", WITH_KEY("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n"), OPENS,
     ACCEPT_LINE("Zgw8jYXtqX5qJr7MJ1Q/MqzeSRI=")},
    {"6455 4.2.1 key of one = in the middle", WITH_KEY("Sec-WebSocket-Key: dGhlIHNhbXBs=SBub25jZQ==\r\n"), 400,
     WSABI_FAILURE_KEY_INVALID, NULL},
    {"6455 4.1 a subprotocol that is no token", WITH("Sec-WebSocket-Protocol: chat, a b\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"6455 4.1 a subprotocol with parameters", WITH("Sec-WebSocket-Protocol: chat;v=1\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"6455 4.1 a subprotocol in quotes", WITH("Sec-WebSocket-Protocol: \"chat\"\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"6455 4.1 a subprotocol above ASCII", WITH("Sec-WebSocket-Protocol: caf\xc3\xa9\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"6455 4.1 a URI as subprotocol, on the second line",
     WITH("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: http://b/\r\n"), 400, WSABI_FAILURE_BAD_SUBPROTOCOL,
     NULL},
    {"Hixie-76",
     GET HOST "Upgrade: WebSocket\r\n" CONNECTION "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
              "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nOrigin: http://example.com\r\n\r\n^n:ds[4U",
     426, WSABI_FAILURE_VERSION_MISSING, NEEDS_13},
};

// ---- Rows ----

static const char MESSAGE[] = "81 85 M 'Hello'", ECHO[] = "\x81\x05Hello";

static void check_opened(const row *r, const bytes *output, bool with_message) {
  size_t echo = with_message ? sizeof ECHO - 1 : 0;
  if (!starts_with((const char *)output->data, "HTTP/1.1 101 Switching Protocols\r\n") ||
      !contains(output, "\r\nUpgrade: websocket\r\n") || !contains(output, "\r\nConnection: Upgrade\r\n") ||
      contains(output, "Content-Length") || contains(output, "Sec-WebSocket-Protocol") ||
      contains(output, EXTENSIONS) != (strstr(r->contains, EXTENSIONS) != NULL)) {
    fail_case(r->name, "no correct 101");
  }
  if (output->len < echo + 4 || memcmp(output->data + output->len - echo, ECHO, echo) != 0 ||
      memcmp(output->data + output->len - echo - 4, "\r\n\r\n", 4) != 0) {
    fail_case(r->name, "the answer is not the head, then the message behind the request");
  }
}

static void check_refused(const row *r, wsabi_conn *conn, const bytes *output) {
  bool is_head = starts_with(r->request, "HEAD ");
  check_refusal(r->name, output, r->status, !is_head);
  if (!is_head && !contains(output, "\r\n\r\nRFC ")) {
    fail_case(r->name, "the body does not name the rule");
  }
  assert_int_equal(wsabi_conn_failure(conn), r->failure);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSED);
  // 7.1.1 and 7.1.7: the end of the peer's stream is waited for.
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ | WSABI_INTEREST_SHUTDOWN_WRITE);
  transcript rest = {0};
  feed_eof(conn, &rest);
  take_output(conn, &rest.output);
  assert_string_equal(rest.events, "X1006 ");
  assert_int_equal(rest.output.len, 0);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  clear_transcript(&rest);
}

static void run_row(const row *r, bool with_message) {
  bytes input = {0}, message = wire(with_message ? MESSAGE : "");
  append_text(&input, r->request);
  append(&input, message.data, message.len);
  const char *target = strchr(r->request, ' ');
  char events[128];
  if (r->status == 101) {
    snprintf(events, sizeof events, "R%.*s %s", (int)strcspn(target + 1, " "), target + 1,
             with_message ? "T5 " : "");
  } else {
    snprintf(events, sizeof events, "F%u ", r->status);
  }
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    wsabi_conn *conn;
    check(wsabi_conn_new_server(NULL, &conn));
    transcript t = {0};
    feed(conn, &input, how, &t);
    take_output(conn, &t.output);
    if (strcmp(t.events, events) != 0) {
      fail_case(r->name, "events \"%s\", not \"%s\" (cut %zu, piece %zu, cap %zu)", t.events, events,
                how.cut, how.piece, how.cap);
    }
    if (r->contains != NULL && !contains(&t.output, r->contains)) {
      fail_case(r->name, "the answer lacks %s", r->contains + 2);
    }
    if (r->status == 101) {
      check_opened(r, &t.output, with_message);
    } else {
      check_refused(r, conn, &t.output);
    }
    wsabi_conn_free(conn);
    clear_transcript(&t);
  }
  clear(&input);
  clear(&message);
}

static void requests(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    run_row(&rows[i], false);
    run_row(&rows[i], true);
  }
}

// ---- Large heads ----

// Feeds a request that must be refused.
static void refuse(const char *name, const bytes *request, unsigned status, wsabi_failure failure) {
  static const feeding WAYS[] = {{.cap = 1}, {.cap = 1, .piece = 1}, {.cap = 64, .piece = 1000}};
  for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
    wsabi_conn *conn;
    check(wsabi_conn_new_server(NULL, &conn));
    transcript t = {0};
    feed(conn, request, WAYS[i], &t);
    take_output(conn, &t.output);
    check_refusal(name, &t.output, status, true);
    assert_int_equal(wsabi_conn_failure(conn), failure);
    wsabi_conn_free(conn);
    clear_transcript(&t);
  }
}

// RFC 6585 5: the default is 16,384 octets.
static void head_too_long(void **state) {
  (void)state;
  for (size_t total = 16383; total <= 16385; total++) {
    bytes request = {0};
    append_text(&request, GET HOST UPGRADE CONNECTION KEY VERSION "X-Long: ");
    while (request.len < total - 4) {
      append_text(&request, "x");
    }
    append_text(&request, "\r\n\r\n");
    if (total > 16384) {
      refuse("head too long", &request, 431, WSABI_FAILURE_HEAD_TOO_LONG);
    } else {
      wsabi_conn *conn;
      check(wsabi_conn_new_server(NULL, &conn));
      transcript t = {0};
      feed(conn, &request, (feeding){.cap = 1}, &t);
      assert_string_equal(t.events, "R/chat ");
      wsabi_conn_free(conn);
      clear_transcript(&t);
    }
    clear(&request);
  }
}

static void head_never_ends(void **state) {
  (void)state;
  static const char *const ENDLESS[] = {"GET /", GET "X-A: ", GET "X"};
  for (size_t i = 0; i < sizeof ENDLESS / sizeof *ENDLESS; i++) {
    bytes request = {0};
    append_text(&request, ENDLESS[i]);
    while (request.len < 20000) {
      append_text(&request, "aaaaaaaaaaaaaaaaaaaa");
    }
    refuse("head never ends", &request, 431, WSABI_FAILURE_HEAD_TOO_LONG);
    clear(&request);
  }
}

// The default is 100 header fields, whatever their names.
static void too_many_headers(void **state) {
  (void)state;
  for (int same = 0; same < 2; same++) {
    for (int fields = 100; fields <= 101; fields++) {
      bytes request = {0};
      append_text(&request, GET HOST UPGRADE CONNECTION KEY VERSION);
      for (int i = 5; i < fields; i++) {
        char line[32];
        snprintf(line, sizeof line, "X-%d: a\r\n", same ? 0 : i);
        append_text(&request, line);
      }
      append_text(&request, END);
      if (fields > 100) {
        refuse("too many headers", &request, 431, WSABI_FAILURE_TOO_MANY_HEADERS);
      } else {
        wsabi_conn *conn;
        check(wsabi_conn_new_server(NULL, &conn));
        transcript t = {0};
        feed(conn, &request, (feeding){.cap = 1}, &t);
        assert_string_equal(t.events, "R/chat ");
        wsabi_conn_free(conn);
        clear_transcript(&t);
      }
      clear(&request);
    }
  }
}

// C strings hold no NUL, so these are no rows.
static void octets_that_no_head_has(void **state) {
  (void)state;
  static const uint8_t BAD[] = {0x00, '\r', 0x0b, 0x1b};
  for (size_t i = 0; i < sizeof BAD; i++) {
    bytes request = {0};
    append_text(&request, GET HOST UPGRADE CONNECTION KEY VERSION "X-A: b");
    append(&request, &BAD[i], 1);
    append_text(&request, "c\r\n\r\n");
    wsabi_conn *conn;
    check(wsabi_conn_new_server(NULL, &conn));
    transcript t = {0};
    feed(conn, &request, (feeding){.cap = 1}, &t);
    assert_string_equal(t.events, "F400 ");
    wsabi_conn_free(conn);
    clear_transcript(&t);
    clear(&request);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests),
      cmocka_unit_test(head_too_long),
      cmocka_unit_test(head_never_ends),
      cmocka_unit_test(too_many_headers),
      cmocka_unit_test(octets_that_no_head_has),
  };
  return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
