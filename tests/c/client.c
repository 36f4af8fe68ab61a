// The client's role: responses as rows of a table, then conversations with the
// server's role, both in memory.
//
// Every row is fed in every way (see next_feeding), alone and with a frame behind
// it, which is the first message of a connection that opened; behind a response
// that rejects or breaks a rule nothing is looked at.

#include "support.h"

typedef struct {
  const char *name;      // rule under test
  const char *response;  // @ the right accept, ~ in lower case, $ without its last character
  const char *events;
  const char *at_end;    // those of the end of the stream
  wsabi_failure failure;
  const char *body;      // of a response that rejects
} row;

#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define ACCEPT_LINE "Sec-WebSocket-Accept: @\r\n"

#define WITH_STATUS(line) line UPGRADE CONNECTION ACCEPT_LINE END
#define ANSWER_UPGRADE(lines) SWITCHING lines CONNECTION ACCEPT_LINE END
#define ANSWER_CONNECTION(lines) SWITCHING UPGRADE lines ACCEPT_LINE END
#define ANSWER_ACCEPT(lines) SWITCHING UPGRADE CONNECTION lines END
#define ANSWER(lines) SWITCHING UPGRADE CONNECTION ACCEPT_LINE lines END
#define DEFLATE \
  "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define PROTOCOL(value) ANSWER("Sec-WebSocket-Protocol: " value "\r\n")
#define REFUSAL(status, lines, body) "HTTP/1.1 " status "\r\n" lines "\r\n" body

#define OPENS "OPEN ", "X1006 ", 0, NULL
#define FAILS(failure) "F1006 ", "", WSABI_FAILURE_RESPONSE_##failure, NULL
#define REJECTS(status, body) "J" #status " ", "", 0, body
#define REJECTS_AT_END(status, body) "", "J" #status " ", 0, body
#define BREAKS_OFF "", "X1006 ", 0, NULL

#define OCTETS_16 "abcdefghijklmnop"
#define LINES_8 "X-A: b\r\nX-A: b\r\nX-A: b\r\nX-A: b\r\nX-A: b\r\nX-A: b\r\nX-A: b\r\nX-A: b\r\n"

// The client offers chat and superchat, and keeps 48 octets of a body.
static const row rows[] = {
    // What opens the connection
    {"6455 4.1 the example", ANSWER(""), OPENS},
    {"9112 4 an empty reason phrase", WITH_STATUS("HTTP/1.1 101 \r\n"), OPENS},
    {"9112 4 no space behind the status", WITH_STATUS("HTTP/1.1 101\r\n"), OPENS},
    {"9112 4 any reason phrase", WITH_STATUS("HTTP/1.1 101 Web Socket Protocol Handshake\r\n"), OPENS},
    {"9110 5.1 names in lower case",
     SWITCHING "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: @\r\n\r\n", OPENS},
    {"9110 5.3 another order", SWITCHING ACCEPT_LINE CONNECTION UPGRADE END, OPENS},
    {"6455 4.1 Upgrade in another case", ANSWER_UPGRADE("Upgrade: WebSocket\r\n"), OPENS},
    {"6455 4.1 Connection in another case", ANSWER_CONNECTION("Connection: UPGRADE\r\n"), OPENS},
    {"6455 4.1 Connection is a list", ANSWER_CONNECTION("Connection: keep-alive, Upgrade\r\n"), OPENS},
    {"9110 5.3 Connection on two lines", ANSWER_CONNECTION("Connection: x\r\nConnection: upgrade\r\n"), OPENS},
    {"9112 5 white space around the accept", ANSWER_ACCEPT("Sec-WebSocket-Accept: \t@ \t\r\n"), OPENS},
    {"9112 5 no white space", ANSWER_ACCEPT("Sec-WebSocket-Accept:@\r\n"), OPENS},
    {"6455 4.1 fields that nobody knows", ANSWER("Server: x\r\nX-Empty:\r\nSet-Cookie: a=b\r\n"), OPENS},
    {"9110 5.5 octets above 127 in a value", ANSWER("X-Name: caf\xc3\xa9 \xe9\r\n"), OPENS},
    {"6455 4.1 the first subprotocol", PROTOCOL("chat"), OPENS},
    {"6455 4.1 the second subprotocol", PROTOCOL("superchat"), OPENS},
    {"9112 6.3 101 has no body: Content-Length: 0", ANSWER("Content-Length: 0\r\n"), OPENS},
    {"9112 6.3 101 has no body: Content-Length: 7", ANSWER("Content-Length: 7\r\n"), OPENS},
    {"9112 6.3 101 has no body: chunked", ANSWER("Transfer-Encoding: chunked\r\n"), OPENS},
    {"9110 15.2 100 before it", "HTTP/1.1 100 Continue\r\n\r\n" ANSWER(""), OPENS},
    {"8297 2 103 before it", "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" ANSWER(""), OPENS},
    {"9110 15.2 100, 102 and 103 before it",
     "HTTP/1.1 100 \r\n\r\nHTTP/1.1 102 \r\n\r\nHTTP/1.1 103 \r\n\r\n" ANSWER(""), OPENS},

    // A 101 that is none
    {"6455 4.1 no Upgrade", ANSWER_UPGRADE(""), FAILS(UPGRADE_MISSING)},
    {"6455 4.1 Upgrade empty", ANSWER_UPGRADE("Upgrade:\r\n"), FAILS(UPGRADE_MISSING)},
    {"6455 4.1 Upgrade: h2c", ANSWER_UPGRADE("Upgrade: h2c\r\n"), FAILS(UPGRADE_MISSING)},
    {"6455 4.1 Upgrade: xwebsocket", ANSWER_UPGRADE("Upgrade: xwebsocket\r\n"), FAILS(UPGRADE_MISSING)},
    {"6455 4.1 Upgrade: websockets", ANSWER_UPGRADE("Upgrade: websockets\r\n"), FAILS(UPGRADE_MISSING)},
    {"6455 4.1 no Connection", ANSWER_CONNECTION(""), FAILS(CONNECTION_MISSING)},
    {"6455 4.1 Connection: keep-alive", ANSWER_CONNECTION("Connection: keep-alive\r\n"), FAILS(CONNECTION_MISSING)},
    {"6455 4.1 Connection: no-upgrade", ANSWER_CONNECTION("Connection: no-upgrade\r\n"), FAILS(CONNECTION_MISSING)},
    {"6455 4.1 no accept", ANSWER_ACCEPT(""), FAILS(ACCEPT_MISSING)},
    {"6455 11.3.3 accept twice", ANSWER_ACCEPT(ACCEPT_LINE ACCEPT_LINE), FAILS(ACCEPT_REPEATED)},
    {"6455 11.3.3 another accept", ANSWER_ACCEPT(ACCEPT_LINE "sec-websocket-accept: x\r\n"), FAILS(ACCEPT_REPEATED)},
    {"6455 4.1 the accept of another key", ANSWER_ACCEPT("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
     FAILS(ACCEPT_WRONG)},
    {"6455 4.1 accept empty", ANSWER_ACCEPT("Sec-WebSocket-Accept:\r\n"), FAILS(ACCEPT_WRONG)},
    {"6455 4.1 accept in lower case", ANSWER_ACCEPT("Sec-WebSocket-Accept: ~\r\n"), FAILS(ACCEPT_WRONG)},
    {"6455 4.1 accept without padding", ANSWER_ACCEPT("Sec-WebSocket-Accept: $\r\n"), FAILS(ACCEPT_WRONG)},
    {"6455 4.1 accept and more", ANSWER_ACCEPT("Sec-WebSocket-Accept: @=\r\n"), FAILS(ACCEPT_WRONG)},
    {"6455 4.1 accept in quotes", ANSWER_ACCEPT("Sec-WebSocket-Accept: \"@\"\r\n"), FAILS(ACCEPT_WRONG)},
    {"6455 4.1 a list of accepts", ANSWER_ACCEPT("Sec-WebSocket-Accept: @, @\r\n"), FAILS(ACCEPT_WRONG)},
    {"6455 4.1 a subprotocol that was not offered", PROTOCOL("other"), FAILS(SUBPROTOCOL_NOT_OFFERED)},
    {"6455 4.1 a subprotocol in another case", PROTOCOL("Chat"), FAILS(SUBPROTOCOL_NOT_OFFERED)},
    {"6455 4.1 the start of a subprotocol", PROTOCOL("super"), FAILS(SUBPROTOCOL_NOT_OFFERED)},
    {"6455 4.1 an empty subprotocol", PROTOCOL(""), FAILS(SUBPROTOCOL_NOT_OFFERED)},
    {"6455 4.2.2 the list that was offered", PROTOCOL("chat, superchat"), FAILS(SUBPROTOCOL_NOT_OFFERED)},
    {"6455 4.2.2 a list of one", PROTOCOL("chat,"), FAILS(SUBPROTOCOL_NOT_OFFERED)},
    {"6455 11.3.4 a subprotocol twice", PROTOCOL("chat\r\nSec-WebSocket-Protocol: chat"), FAILS(SUBPROTOCOL_REPEATED)},
    {"6455 11.3.4 both subprotocols", PROTOCOL("chat\r\nsec-websocket-protocol: superchat"),
     FAILS(SUBPROTOCOL_REPEATED)},
    {"7692 5 the extension that was offered", ANSWER(DEFLATE "\r\n"), OPENS},
    {"7692 7.1.2.1 a smaller window of the server", ANSWER(DEFLATE "; server_max_window_bits=8\r\n"), OPENS},
    {"7692 7.1.1.1 without what the offer demands", ANSWER("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
     FAILS(EXTENSION_ANSWER)},
    {"7692 7.1 a parameter that nobody knows", ANSWER(DEFLATE "; x\r\n"), FAILS(EXTENSION_ANSWER)},
    {"7692 7.1 a parameter twice", ANSWER(DEFLATE "; client_no_context_takeover\r\n"), FAILS(EXTENSION_ANSWER)},
    {"6455 9.1 the extension twice", ANSWER(DEFLATE "\r\n" DEFLATE "\r\n"), FAILS(EXTENSION_ANSWER)},
    {"6455 9.1 no extension at all", ANSWER("Sec-WebSocket-Extensions: ;\r\n"), FAILS(EXTENSION_ANSWER)},
    {"6455 4.1 an extension that was not offered", ANSWER("Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n"),
     FAILS(EXTENSION_NOT_OFFERED)},
    {"6455 4.1 one that was, and one that was not", ANSWER(DEFLATE ", x\r\n"), FAILS(EXTENSION_NOT_OFFERED)},
    {"6455 4.1 an extension that nobody knows", ANSWER("Sec-WebSocket-Extensions: x; y=\"z\"\r\n"),
     FAILS(EXTENSION_NOT_OFFERED)},
    {"6455 4.1 an extension on the second line", ANSWER("Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions: x\r\n"),
     FAILS(EXTENSION_NOT_OFFERED)},
    {"9110 7.8 HTTP/1.0", WITH_STATUS("HTTP/1.0 101 Switching Protocols\r\n"), FAILS(HTTP_VERSION)},
    {"9112 2.3 HTTP/2.0", WITH_STATUS("HTTP/2.0 101 Switching Protocols\r\n"), FAILS(HTTP_VERSION)},
    {"9112 2.3 HTTP/1.2", WITH_STATUS("HTTP/1.2 101 Switching Protocols\r\n"), FAILS(HTTP_VERSION)},
    {"9110 15.2 100, then a wrong accept", "HTTP/1.1 100 \r\n\r\n" ANSWER_ACCEPT("Sec-WebSocket-Accept: x\r\n"),
     FAILS(ACCEPT_WRONG)},

    // What rejects
    {"6455 4.1 200", REFUSAL("200 OK", "Content-Length: 5\r\n", "hello"), REJECTS(200, "hello")},
    {"9112 6.3 no octets", REFUSAL("200 OK", "Content-Length: 0\r\n", ""), REJECTS(200, "")},
    {"9112 6.3 204 has no body", REFUSAL("204 No Content", "", ""), REJECTS(204, "")},
    {"9112 6.3 304 has no body", REFUSAL("304 Not Modified", "Content-Length: 9\r\n", ""), REJECTS(304, "")},
    {"9112 6.3 until the end", REFUSAL("200 OK", "", "hello"), REJECTS_AT_END(200, "hello")},
    {"9112 6.3 until the end, nothing", REFUSAL("400 Bad Request", "", ""), REJECTS_AT_END(400, "")},
    {"9110 15.4.2 301", REFUSAL("301 Moved", "Location: wss://example.org/\r\nContent-Length: 0\r\n", ""),
     REJECTS(301, "")},
    {"9110 15.4.3 302 until the end", REFUSAL("302 Found", "Location: /chat\r\n", "moved"),
     REJECTS_AT_END(302, "moved")},
    {"9110 15.5.2 401", REFUSAL("401 \xc3\xa9", "WWW-Authenticate: Basic\r\nContent-Length: 3\r\n", "who"),
     REJECTS(401, "who")},
    {"9110 15.5.4 403", REFUSAL("403 Forbidden", "content-length: 2\r\n", "no"), REJECTS(403, "no")},
    {"9110 15.5.5 404 of HTTP/1.0", "HTTP/1.0 404 Not Found\r\n\r\nnothing", REJECTS_AT_END(404, "nothing")},
    {"6455 4.4 426", REFUSAL("426 Upgrade Required", "Sec-WebSocket-Version: 14\r\nContent-Length: 0\r\n", ""),
     REJECTS(426, "")},
    {"9110 15.6.4 503", REFUSAL("503", "Retry-After: 30\r\nContent-Length: 4\r\n", "late"), REJECTS(503, "late")},
    {"9110 15 999", REFUSAL("999 ?", "Content-Length: 1\r\n", "?"), REJECTS(999, "?")},
    {"9110 15.2 100, then 403", "HTTP/1.1 100 \r\n\r\n" REFUSAL("403", "Content-Length: 2\r\n", "no"),
     REJECTS(403, "no")},
    {"6455 4.1 200 with every field of a 101", "HTTP/1.1 200 OK\r\n" UPGRADE CONNECTION ACCEPT_LINE
                                               "Content-Length: 0\r\n\r\n", REJECTS(200, "")},
    {"9112 7.1 chunks", REFUSAL("500", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
     REJECTS(500, "hello!")},
    {"9112 7.1 a long chunk",
     REFUSAL("500", "Transfer-Encoding: chunked\r\n", "1A\r\n" OCTETS_16 "0123456789\r\n0\r\n\r\n"),
     REJECTS(500, OCTETS_16 "0123456789")},
    {"9112 7.1.1 extensions of chunks",
     REFUSAL("500", "Transfer-Encoding: chunked\r\n", "02;a=b\r\nno\r\n0;last\r\n\r\n"), REJECTS(500, "no")},
    {"9112 7.1.2 trailers", REFUSAL("500", "Transfer-Encoding: chunked\r\n", "2\r\nno\r\n0\r\nX-A: b\r\n\r\n"),
     REJECTS(500, "no")},
    {"9112 6.3 chunks before Content-Length",
     REFUSAL("500", "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", "2\r\nno\r\n0\r\n\r\n"), REJECTS(500, "no")},
    {"9112 7.1 no chunks at all", REFUSAL("500", "Transfer-Encoding: chunked\r\n", "hello\r\n"), REJECTS(500, "")},
    {"9112 7.1 a chunk of more than there is",
     REFUSAL("500", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\nno"), REJECTS_AT_END(500, "no")},
    {"9112 8 a body that is cut off", REFUSAL("500", "Content-Length: 9\r\n", "no"), REJECTS_AT_END(500, "no")},
    {"9112 8 a length of more than there is", REFUSAL("500", "Content-Length: 18446744073709551615\r\n", "no"),
     REJECTS_AT_END(500, "no")},
    {"6455 10.4 a body over the limit",
     REFUSAL("500", "Content-Length: 64\r\n", OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16),
     REJECTS(500, OCTETS_16 OCTETS_16 OCTETS_16)},
    {"6455 10.4 one at the limit", REFUSAL("500", "Content-Length: 48\r\n", OCTETS_16 OCTETS_16 OCTETS_16),
     REJECTS(500, OCTETS_16 OCTETS_16 OCTETS_16)},
    {"6455 10.4 a chunk over the limit",
     REFUSAL("500", "Transfer-Encoding: chunked\r\n", "40\r\n" OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 "\r\n0\r\n\r\n"),
     REJECTS(500, OCTETS_16 OCTETS_16 OCTETS_16)},
    {"6455 10.4 no end, over the limit", REFUSAL("500", "", OCTETS_16 OCTETS_16 OCTETS_16 "q"),
     REJECTS(500, OCTETS_16 OCTETS_16 OCTETS_16)},

    // What is no response
    {"9112 2.2 bare LF everywhere", "HTTP/1.1 101 X\nUpgrade: websocket\n\n", FAILS(BAD_LINE_END)},
    {"9112 2.2 bare LF in one line", ANSWER("X-A: b\nX-C: d\r\n"), FAILS(BAD_LINE_END)},
    {"9112 2.2 bare CR in a value", ANSWER("X-A: b\rX-C: d\r\n"), FAILS(BAD_LINE_END)},
    {"9112 5.2 a folded line", ANSWER("X-A: b\r\n c\r\n"), FAILS(BAD_HEADER)},
    {"9112 5.2 a folded accept", ANSWER_ACCEPT("Sec-WebSocket-Accept:\r\n @\r\n"), FAILS(BAD_HEADER)},
    {"9112 5.1 white space before the colon", ANSWER("X-A : b\r\n"), FAILS(BAD_HEADER)},
    {"9112 5 no colon", ANSWER("X-A\r\n"), FAILS(BAD_HEADER)},
    {"9110 5.1 a name that is no token", ANSWER("X(A): b\r\n"), FAILS(BAD_HEADER)},
    {"9110 5.5 a control octet in a value", ANSWER("X-A: b\x01\r\n"), FAILS(BAD_HEADER)},
    {"6455 10.4 a head of more than 512 octets",
     ANSWER(LINES_8 "X-B: " OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16
                OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16
                OCTETS_16 "\r\n"),
     FAILS(HEAD_TOO_LONG)},
    {"6455 10.4 more than 16 fields", ANSWER(LINES_8 LINES_8), FAILS(TOO_MANY_HEADERS)},
    {"6455 4.1 a TLS alert", "\x15\x03\x01\x02\x02\x46", FAILS(TLS)},
    {"6455 4.1 a TLS handshake", "\x16\x03\x03\x02\x02\x01", FAILS(TLS)},
    {"9112 4 a frame", "\x81\x05Hello", FAILS(BAD_STATUS_LINE)},
    {"9112 4 a document", "<html>", FAILS(BAD_STATUS_LINE)},
    {"9112 4 another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", FAILS(BAD_STATUS_LINE)},
    {"9112 4 a request", WITH(""), FAILS(BAD_STATUS_LINE)},
    {"9112 4 no status", "HTTP/1.1 OK\r\n\r\n", FAILS(BAD_STATUS_LINE)},
    {"9112 4 a status of two digits", WITH_STATUS("HTTP/1.1 10 X\r\n"), FAILS(BAD_STATUS_LINE)},
    {"9112 4 a status of four digits", WITH_STATUS("HTTP/1.1 1010 X\r\n"), FAILS(BAD_STATUS_LINE)},
    {"9112 4 two spaces", WITH_STATUS("HTTP/1.1  101 X\r\n"), FAILS(BAD_STATUS_LINE)},
    {"9112 2.3 a version in lower case", WITH_STATUS("http/1.1 101 X\r\n"), FAILS(BAD_STATUS_LINE)},
    {"6455 4.1 the end before a response", "", BREAKS_OFF},
    {"6455 4.1 the end in the head", SWITCHING UPGRADE, BREAKS_OFF},
    {"6455 4.1 the end behind 100", "HTTP/1.1 100 \r\n\r\n", BREAKS_OFF},
};

// ---- Clients ----

static wsabi_config *make_config(void) {
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_add_subprotocol(config, "chat", 4));
  check(wsabi_config_add_subprotocol(config, "superchat", 9));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_REJECTION_BODY, 48));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_HEAD_SIZE, 512));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_HEADERS, 16));
  return config;
}

static wsabi_conn *new_client(const wsabi_config *config) {
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = slice("example.com");
  request.target = slice("/chat");
  wsabi_conn *conn;
  check(wsabi_conn_new_client(config, &request, &conn));
  return conn;
}

// What answers the client's request right: asked of the server's role.
static void find_accept(wsabi_conn *client, char accept[29]) {
  bytes request = {0}, response = {0};
  take_output(client, &request);
  append(&request, "", 1);
  wsabi_conn *server = undecided_conn(NULL, (char *)request.data);
  check(wsabi_conn_accept(server, NULL, 0, NULL));
  take_output(server, &response);
  append(&response, "", 1);
  const char *line = strstr((char *)response.data, "Sec-WebSocket-Accept: ");
  snprintf(accept, 29, "%s", line + strlen("Sec-WebSocket-Accept: "));
  wsabi_conn_free(server);
  clear(&request);
  clear(&response);
}

static bytes fill_in(const char *response, const char *accept) {
  bytes b = {0};
  for (const char *p = response; *p != '\0'; p++) {
    for (const char *a = accept; (*p == '@' || *p == '~' || *p == '$') && *a != '\0'; a++) {
      char octet = *p == '~' && *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
      append(&b, &octet, *p == '$' && a[1] == '\0' ? 0 : 1);
    }
    append(&b, p, *p == '@' || *p == '~' || *p == '$' ? 0 : 1);
  }
  return b;
}

static void feed_end(wsabi_conn *conn, transcript *t) {
  if (wsabi_conn_interest(conn) & WSABI_INTEREST_READ) {
    feed_eof(conn, t);
  }
}

// ---- Rows ----

static void check_open(const row *r, wsabi_conn *conn, const transcript *t, bool with_message) {
  wsabi_slice name;
  check(wsabi_conn_subprotocol(conn, &name));
  const char *line = strstr(r->response, "Sec-WebSocket-Protocol: ");
  size_t len = line == NULL ? 0 : strcspn(line + strlen("Sec-WebSocket-Protocol: "), "\r");
  if (name.len != len || (len > 0 && memcmp(line + strlen("Sec-WebSocket-Protocol: "), name.data, len) != 0)) {
    fail_case(r->name, "the subprotocol is \"%.*s\"", (int)name.len, name.data);
  }
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  assert_int_equal(wsabi_conn_close_code(conn), 0);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);
  if (t->output.len != (with_message ? 11 : 0)) {
    fail_case(r->name, "the client sends %zu octets", t->output.len);
  }
}

static void check_over(const row *r, wsabi_conn *conn, const transcript *t) {
  uint32_t status;
  wsabi_slice body;
  wsabi_header field;
  const char *text = r->body != NULL ? r->body : wsabi_failure_text(r->failure);
  assert_int_equal(t->output.len, 0);  // the client says nothing to it
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSED);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  assert_int_equal(wsabi_conn_close_code(conn), 1006);
  assert_int_equal(wsabi_conn_failure(conn), r->failure);
  bytes want = {0};
  append_text(&want, t->events[0] == 'X' ? "" : text);
  if (!equal(&t->payloads, &want)) {
    fail_case(r->name, "the payload is \"%.*s\"", (int)t->payloads.len, (const char *)t->payloads.data);
  }
  clear(&want);
  if (r->body != NULL) {
    check(wsabi_conn_response_status(conn, &status));
    assert_int_equal(status, strtoul(strpbrk(t->events, "0123456789"), NULL, 10));
    check(wsabi_conn_response_body(conn, &body));
    assert_int_equal(body.len, t->payloads.len);
    assert_memory_equal(body.data, r->body, body.len);
  } else {
    assert_int_equal(wsabi_conn_response_status(conn, &status), WSABI_ERR_STATE);
    assert_int_equal(wsabi_conn_response_body(conn, &body), WSABI_ERR_STATE);
    assert_int_equal(wsabi_conn_response_header(conn, 0, &field), WSABI_ERR_STATE);
  }
}

static void run_row(const row *r, const wsabi_config *config, bool with_message) {
  bool opens = starts_with(r->events, "OPEN");
  char events[64];
  snprintf(events, sizeof events, "%s%s", r->events, opens && with_message ? "T5 " : "");
  bytes shape = fill_in(r->response, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  size_t len = shape.len + (with_message ? 7 : 0);
  clear(&shape);
  for (feeding how = {0}; next_feeding(len, &how);) {
    wsabi_conn *conn = new_client(config);
    char accept[29];
    find_accept(conn, accept);
    bytes input = fill_in(r->response, accept);
    append(&input, "\x81\x05Hello", with_message ? 7 : 0);
    transcript t = {0};
    feed(conn, &input, how, &t);
    take_output(conn, &t.output);
    if (strcmp(t.events, events) != 0) {
      fail_case(r->name, "events \"%s\", not \"%s\" (cut %zu, piece %zu, cap %zu)", t.events, events, how.cut,
                how.piece, how.cap);
    }
    if (opens) {
      check_open(r, conn, &t, with_message);
    }
    size_t before_end = strlen(t.events);
    feed_end(conn, &t);
    if (strcmp(t.events + before_end, r->at_end) != 0) {
      fail_case(r->name, "events at the end \"%s\", not \"%s\"", t.events + before_end, r->at_end);
    }
    if (!opens) {
      check_over(r, conn, &t);
    }
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
    wsabi_conn_free(conn);
    clear_transcript(&t);
    clear(&input);
  }
}

static void responses(void **state) {
  (void)state;
  wsabi_config *config = make_config();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    run_row(&rows[i], config, false);
    // Behind what is not over yet there is no place for a message.
    if (rows[i].events[0] != '\0') {
      run_row(&rows[i], config, true);
    }
  }
  wsabi_config_free(config);
}

// ---- Requests ----

// 4.1: the request of a client, but for its key.
static void request_octets(void **state) {
  (void)state;
  wsabi_config *config = make_config();
  wsabi_header headers[] = {{slice("Authorization"), slice("Bearer x")}, {slice("X-Empty"), slice("")}};
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = slice("[::1]:8080");
  request.target = slice("/chat?room=1");
  request.origin = slice("https://example.com");
  request.headers = headers;
  request.header_count = 2;
  wsabi_conn *conn;
  check(wsabi_conn_new_client(config, &request, &conn));
  bytes sent = {0};
  take_output(conn, &sent);
  append(&sent, "", 1);
  char *key = strstr((char *)sent.data, "Sec-WebSocket-Key: ") + strlen("Sec-WebSocket-Key: ");
  memset(key, '#', 22);  // 16 octets in base64, without the padding
  assert_string_equal((char *)sent.data,
                      "GET /chat?room=1 HTTP/1.1\r\n"
                      "Host: [::1]:8080\r\n"
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Key: ######################==\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Protocol: chat, superchat\r\n"
                      DEFLATE "; client_max_window_bits\r\n"
                      "Origin: https://example.com\r\n"
                      "Authorization: Bearer x\r\n"
                      "X-Empty: \r\n"
                      "\r\n");
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);
  clear(&sent);
  wsabi_conn_free(conn);
  wsabi_config_free(config);
}

// 4.1: "The nonce MUST be selected randomly for each connection."
static void keys_differ(void **state) {
  (void)state;
  enum { COUNT = 64 };
  char accepts[COUNT][29];
  for (size_t i = 0; i < COUNT; i++) {
    wsabi_conn *conn = new_client(NULL);
    find_accept(conn, accepts[i]);
    wsabi_conn_free(conn);
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(accepts[i], accepts[j]);
    }
  }
}

// ---- Conversations ----

typedef struct {
  wsabi_conn *client, *server;
  transcript at_client, at_server;
  bool client_closed, server_closed;  // the socket
} pair;

// Moves what one end sends to the other.
static bool move(wsabi_conn *from, wsabi_conn *to, transcript *t) {
  bytes sent = {0};
  take_output(from, &sent);
  feed(to, &sent, (feeding){.cap = 1}, t);
  bool moved = sent.len > 0;
  clear(&sent);
  return moved;
}

static void talk(pair *p) {
  bool moved;
  do {
    moved = move(p->client, p->server, &p->at_server);
    moved |= move(p->server, p->client, &p->at_client);
  } while (moved);
  p->client_closed = wsabi_conn_interest(p->client) & WSABI_INTEREST_CLOSE;
  p->server_closed = wsabi_conn_interest(p->server) & WSABI_INTEREST_CLOSE;
}

static pair new_pair(const wsabi_config *config) {
  pair p = {.client = new_client(config)};
  check(wsabi_conn_new_server(config, &p.server));
  talk(&p);
  assert_string_equal(p.at_server.events, "R/chat ");
  assert_string_equal(p.at_client.events, "OPEN ");
  return p;
}

static void free_pair(pair *p) {
  wsabi_conn_free(p->client);
  wsabi_conn_free(p->server);
  clear_transcript(&p->at_client);
  clear_transcript(&p->at_server);
}

// The server sends back what it gets, and what it sends back the client does not.
static void say(pair *p, const char *text) {
  check(wsabi_conn_send_text(p->client, text, strlen(text)));
  bytes sent = {0}, answer = {0};
  take_output(p->client, &sent);
  assert_int_equal(sent.data[1] & 0x80, 0x80);  // 5.3: masked
  feed(p->server, &sent, (feeding){.cap = 1}, &p->at_server);
  take_output(p->server, &answer);
  assert_int_equal(answer.len, 2 + strlen(text));
  assert_memory_equal(answer.data + 2, text, strlen(text));
  clear(&sent);
  clear(&answer);
}

static void the_client_closes(void **state) {
  (void)state;
  wsabi_config *config = make_config();
  pair p = new_pair(config);
  wsabi_slice name;
  check(wsabi_conn_subprotocol(p.client, &name));
  assert_memory_equal(name.data, "chat", name.len);
  say(&p, "Hello");
  check(wsabi_conn_close(p.client, 1000, "bye", 3));
  talk(&p);
  assert_string_equal(p.at_server.events, "R/chat T5 C1000 ");
  assert_string_equal(p.at_client.events, "OPEN C1000 ");
  // 7.1.1: the server closes first, the client waits for it.
  assert_true(p.server_closed && !p.client_closed);
  assert_int_equal(wsabi_conn_interest(p.client), WSABI_INTEREST_READ);
  feed_eof(p.client, &p.at_client);
  assert_string_equal(p.at_client.events, "OPEN C1000 X1000 ");
  assert_int_equal(wsabi_conn_interest(p.client), WSABI_INTEREST_CLOSE);
  free_pair(&p);
  wsabi_config_free(config);
}

static void the_server_closes(void **state) {
  (void)state;
  pair p = new_pair(NULL);
  check(wsabi_conn_close(p.server, 1001, NULL, 0));
  talk(&p);
  assert_string_equal(p.at_server.events, "R/chat C1001 ");
  assert_string_equal(p.at_client.events, "OPEN C1001 ");
  assert_true(p.server_closed && !p.client_closed);
  feed_eof(p.client, &p.at_client);
  assert_int_equal(wsabi_conn_close_code(p.client), 1001);
  free_pair(&p);
}

static void both_close(void **state) {
  (void)state;
  pair p = new_pair(NULL);
  check(wsabi_conn_close(p.server, 1001, NULL, 0));
  check(wsabi_conn_close(p.client, 4000, NULL, 0));
  talk(&p);
  assert_string_equal(p.at_server.events, "R/chat C4000 ");
  assert_string_equal(p.at_client.events, "OPEN C1001 ");
  assert_true(p.server_closed && !p.client_closed);
  free_pair(&p);
}

static void pings_go_both_ways(void **state) {
  (void)state;
  pair p = new_pair(NULL);
  check(wsabi_conn_send_ping(p.client, "a", 1));
  check(wsabi_conn_send_ping(p.server, "bc", 2));
  talk(&p);
  assert_string_equal(p.at_server.events, "R/chat P1 O2 ");
  assert_string_equal(p.at_client.events, "OPEN P2 O1 ");
  free_pair(&p);
}

// 5.3 and 10.3: a fresh masking key for each frame.
static void masking_keys_differ(void **state) {
  (void)state;
  enum { COUNT = 256 };
  wsabi_conn *conn;
  check(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, NULL, 0, &conn));
  static const uint8_t zeros[4];
  for (size_t i = 0; i < COUNT; i++) {
    check(wsabi_conn_send_binary(conn, zeros, 4));
  }
  bytes sent = {0};
  take_output(conn, &sent);
  assert_int_equal(sent.len, COUNT * 10);
  size_t equal_pairs = 0;
  for (size_t i = 0; i < COUNT; i++) {
    const uint8_t *frame = sent.data + 10 * i;
    assert_memory_equal(frame, "\x82\x84", 2);
    assert_memory_equal(frame + 2, frame + 6, 4);  // zeros, masked
    for (size_t j = 0; j < i; j++) {
      equal_pairs += memcmp(frame + 2, sent.data + 10 * j + 2, 4) == 0;
    }
  }
  assert_in_range(equal_pairs, 0, 1);
  clear(&sent);
  wsabi_conn_free(conn);
}

// 5.1: "A client MUST close a connection if it detects a masked frame."
static void a_masked_frame_of_the_server(void **state) {
  (void)state;
  bytes input = wire("81 85 M 'Hello'");
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    wsabi_conn *conn;
    check(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, NULL, 0, &conn));
    transcript t = {0};
    feed(conn, &input, how, &t);
    assert_string_equal(t.events, "F1002 ");
    assert_int_equal(wsabi_conn_failure(conn), WSABI_FAILURE_MASKED);
    take_output(conn, &t.output);
    assert_memory_equal(t.output.data, "\x88", 1);
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ | WSABI_INTEREST_SHUTDOWN_WRITE);
    wsabi_conn_free(conn);
    clear_transcript(&t);
  }
  clear(&input);
}

// Both ends of a connection whose opening handshake was the host's.
static void open_from_the_start(void **state) {
  (void)state;
  pair p = {0};
  check(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, "chat", 4, &p.client));
  check(wsabi_conn_new_open(NULL, WSABI_ROLE_SERVER, NULL, 0, &p.server));
  wsabi_slice name;
  check(wsabi_conn_subprotocol(p.client, &name));
  assert_int_equal(name.len, 4);
  check(wsabi_conn_subprotocol(p.server, &name));
  assert_int_equal(name.len, 0);
  assert_int_equal(wsabi_conn_state(p.client), WSABI_STATE_OPEN);
  say(&p, "Hello");
  check(wsabi_conn_close(p.client, 0, NULL, 0));
  talk(&p);
  assert_string_equal(p.at_server.events, "T5 C1005 ");
  assert_string_equal(p.at_client.events, "C1005 ");
  free_pair(&p);
}

// What a client follows or logs by itself: the fields of a response.
static void fields_of_a_response(void **state) {
  (void)state;
  bytes response = {0};
  append_text(&response, "HTTP/1.1 302 Found\r\nLocation:  /b \r\nX-Empty:\r\nContent-Length: 2\r\n\r\nno");
  wsabi_conn *conn = new_client(NULL);
  transcript t = {0};
  take_output(conn, &t.output);
  feed(conn, &response, (feeding){.cap = 1}, &t);
  assert_string_equal(t.events, "J302 ");
  static const char *const FIELDS[][2] = {{"Location", "/b"}, {"X-Empty", ""}, {"Content-Length", "2"}};
  wsabi_header field;
  for (size_t i = 0; i < 3; i++) {
    check(wsabi_conn_response_header(conn, i, &field));
    assert_int_equal(field.name.len, strlen(FIELDS[i][0]));
    assert_memory_equal(field.name.data, FIELDS[i][0], field.name.len);
    assert_int_equal(field.value.len, strlen(FIELDS[i][1]));
    assert_memory_equal(field.value.data, FIELDS[i][1], field.value.len);
  }
  assert_int_equal(wsabi_conn_response_header(conn, 3, &field), WSABI_ERR_NOT_FOUND);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  check(wsabi_conn_response_header(conn, 0, &field));
  wsabi_conn_free(conn);
  clear(&response);
  clear_transcript(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(responses),
      cmocka_unit_test(request_octets),
      cmocka_unit_test(keys_differ),
      cmocka_unit_test(the_client_closes),
      cmocka_unit_test(the_server_closes),
      cmocka_unit_test(both_close),
      cmocka_unit_test(pings_go_both_ways),
      cmocka_unit_test(masking_keys_differ),
      cmocka_unit_test(a_masked_frame_of_the_server),
      cmocka_unit_test(open_from_the_start),
      cmocka_unit_test(fields_of_a_response),
  };
  return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
