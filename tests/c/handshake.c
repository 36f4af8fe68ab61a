// The opening handshake: requests as rows of a table, then the decisions of the
// application.
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

#define GET "GET /chat HTTP/1.1\r\n"
#define HOST "Host: example.com\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define END "\r\n"

#define WITH_LINE(line) line HOST UPGRADE CONNECTION KEY VERSION END
#define WITH_HOST(lines) GET lines UPGRADE CONNECTION KEY VERSION END
#define WITH_UPGRADE(lines) GET HOST lines CONNECTION KEY VERSION END
#define WITH_CONNECTION(lines) GET HOST UPGRADE lines KEY VERSION END
#define WITH_KEY(lines) GET HOST UPGRADE CONNECTION lines VERSION END
#define WITH_VERSION(lines) GET HOST UPGRADE CONNECTION KEY lines END
#define WITH(lines) GET HOST UPGRADE CONNECTION KEY VERSION lines END

#define OPENS 101, 0
#define ACCEPTED ACCEPT_LINE("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
#define ACCEPT_LINE(value) "\r\nSec-WebSocket-Accept: " value "\r\n"
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
     WITH("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"), OPENS, ACCEPTED},

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

    // Versions of HTTP
    {"9110 7.8 HTTP/1.0 is never upgraded", WITH_LINE("GET /chat HTTP/1.0\r\n"), 426, WSABI_FAILURE_HTTP_1_0,
     NEEDS_13},
    {"9110 15.6.6 HTTP/2.0", WITH_LINE("GET /chat HTTP/2.0\r\n"), 505, WSABI_FAILURE_HTTP_VERSION, NULL},
    {"9113 3.4 the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, WSABI_FAILURE_HTTP_VERSION,
     NULL},
    {"9110 15.6.6 HTTP/0.9", WITH_LINE("GET /chat HTTP/0.9\r\n"), 505, WSABI_FAILURE_HTTP_VERSION, NULL},

    // Methods
    {"6455 4.1 POST", WITH_LINE("POST /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, "\r\nAllow: GET\r\n"},
    {"6455 4.1 OPTIONS", WITH_LINE("OPTIONS /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 DELETE", WITH_LINE("DELETE /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"6455 4.1 HEAD", WITH_LINE("HEAD /chat HTTP/1.1\r\n"), 405, WSABI_FAILURE_METHOD, NULL},
    {"9110 9.1 methods in lower case are others", WITH_LINE("get /chat HTTP/1.1\r\n"), 405,
     WSABI_FAILURE_METHOD, NULL},

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
    {"6455 4.1 a subprotocol that is no token", WITH("Sec-WebSocket-Protocol: chat, a b\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"6455 4.1 a subprotocol with parameters", WITH("Sec-WebSocket-Protocol: chat;v=1\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"Hixie-76",
     GET HOST "Upgrade: WebSocket\r\n" CONNECTION "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n"
              "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nOrigin: http://example.com\r\n\r\n^n:ds[4U",
     426, WSABI_FAILURE_VERSION_MISSING, NEEDS_13},
};

// ---- Answers ----

// The value of a field of the answer, to the end of the answer; NULL for none.
static const char *find(const char *head, const char *name) {
  size_t len = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncmp(line + 2, name, len) == 0 && strncmp(line + 2 + len, ": ", 2) == 0) {
      return line + 2 + len + 2;
    }
  }
  return NULL;
}

static bool starts_with(const char *text, const char *start) {
  return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

// Every refusal is a complete response after which the connection ends.
static void check_refusal(const char *name, const bytes *output, unsigned status, bool has_body) {
  char *text = calloc(1, output->len + 1);
  memcpy(text, output->data, output->len);
  char line[16];
  snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
  const char *end = strstr(text, "\r\n\r\n");
  if (!starts_with(text, line) || end == NULL) {
    fail_case(name, "no response with status %u: %s", status, text);
  }
  const char *length = find(text, "Content-Length");
  size_t body = output->len - (size_t)(end + 4 - text);
  if (length == NULL || strtoul(length, NULL, 10) != body) {
    if (has_body || body != 0) {
      fail_case(name, "a body of %zu octets, but Content-Length is %.8s", body, length);
    }
  }
  if (!starts_with(find(text, "Connection"), "close")) {
    fail_case(name, "no Connection: close");
  }
  if (find(text, "Sec-WebSocket-Accept") != NULL || find(text, "Transfer-Encoding") != NULL) {
    fail_case(name, "a field that does not belong into a refusal");
  }
  // RFC 9110 15.5.22 and RFC 6455 4.4; RFC 9110 15.5.6.
  bool is_426 = starts_with(find(text, "Upgrade"), "websocket\r\n") &&
                starts_with(find(text, "Sec-WebSocket-Version"), "13\r\n");
  if ((status == 426) != is_426 || (status == 405) != starts_with(find(text, "Allow"), "GET\r\n")) {
    fail_case(name, "the fields of 426 or 405: %s", text);
  }
  free(text);
}

static bool contains(const bytes *output, const char *text) {
  size_t len = strlen(text);
  for (size_t i = 0; i + len <= output->len; i++) {
    if (memcmp(output->data + i, text, len) == 0) return true;
  }
  return false;
}

// ---- Rows ----

static const char MESSAGE[] = "81 85 M 'Hello'", ECHO[] = "\x81\x05Hello";

static void check_opened(const row *r, const bytes *output, bool with_message) {
  size_t echo = with_message ? sizeof ECHO - 1 : 0;
  if (!starts_with((const char *)output->data, "HTTP/1.1 101 Switching Protocols\r\n") ||
      !contains(output, "\r\nUpgrade: websocket\r\n") || !contains(output, "\r\nConnection: Upgrade\r\n") ||
      contains(output, "Content-Length") || contains(output, "Sec-WebSocket-Protocol") ||
      contains(output, "Sec-WebSocket-Extensions")) {
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

// ---- Decisions ----

// A connection whose request waits for its decision.
static wsabi_conn *undecided(const wsabi_config *config, const char *request) {
  wsabi_conn *conn;
  check(wsabi_conn_new_server(config, &conn));
  bytes input = {0};
  append_text(&input, request);
  wsabi_event event;
  size_t used, count;
  check(wsabi_conn_recv(conn, input.data, input.len, &used, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(used, input.len);
  clear(&input);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
  return conn;
}

static void the_head_can_be_read(void **state) {
  (void)state;
  wsabi_conn *conn = undecided(NULL, WITH("X-A: 1\r\nx-a:  2 \r\nSec-WebSocket-Protocol: a, b\r\n"
                                          "Sec-WebSocket-Protocol: c\r\n"));
  wsabi_slice s;
  wsabi_header h;
  check(wsabi_conn_head_method(conn, &s));
  assert_memory_equal(s.data, "GET", s.len);
  check(wsabi_conn_head_target(conn, &s));
  assert_int_equal(s.len, 5);
  assert_memory_equal(s.data, "/chat", 5);
  check(wsabi_conn_head_find(conn, "x-A", 3, &s));
  assert_int_equal(s.len, 1);
  assert_int_equal(s.data[0], '1');
  assert_int_equal(wsabi_conn_head_find(conn, "X", 1, &s), WSABI_ERR_NOT_FOUND);
  check(wsabi_conn_head_at(conn, 6, &h));
  assert_memory_equal(h.name.data, "x-a", h.name.len);
  assert_memory_equal(h.value.data, "2", h.value.len);
  assert_int_equal(h.value.len, 1);
  check(wsabi_conn_head_at(conn, 8, &h));
  assert_int_equal(wsabi_conn_head_at(conn, 9, &h), WSABI_ERR_NOT_FOUND);
  for (size_t i = 0; i < 3; i++) {
    check(wsabi_conn_offered_subprotocol(conn, i, &s));
    assert_int_equal(s.len, 1);
    assert_int_equal(s.data[0], 'a' + i);
  }
  assert_int_equal(wsabi_conn_offered_subprotocol(conn, 3, &s), WSABI_ERR_NOT_FOUND);
  wsabi_conn_free(conn);
}

// 4.2.2: the server's order of preference, over all lines of the offer; the case
// of a name matters.
static void subprotocol_choice(void **state) {
  (void)state;
  static const struct {
    const char *offer, *chosen;
  } CHOICES[] = {
      {"", ""},
      {"Sec-WebSocket-Protocol: v1\r\n", "v1"},
      {"Sec-WebSocket-Protocol: v1, v2\r\n", "v2"},
      {"Sec-WebSocket-Protocol: v1,v3\r\nSec-WebSocket-Protocol: v2\r\n", "v2"},
      {"Sec-WebSocket-Protocol: V2, v1\r\n", "v1"},
      {"Sec-WebSocket-Protocol: v3\r\n", ""},
      {"Sec-WebSocket-Protocol: v\r\n", ""},
      {"Sec-WebSocket-Protocol: v22, v11\r\n", ""},
      {"Sec-WebSocket-Protocol: , v1 ,,\r\n", "v1"},
  };
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_add_subprotocol(config, "v2", 2));
  check(wsabi_config_add_subprotocol(config, "v1", 2));
  for (size_t i = 0; i < sizeof CHOICES / sizeof *CHOICES; i++) {
    char request[512], line[64];
    snprintf(request, sizeof request, "%s%s\r\n", GET HOST UPGRADE CONNECTION KEY VERSION, CHOICES[i].offer);
    wsabi_conn *conn = undecided(config, request);
    check(wsabi_conn_accept(conn, NULL, 0, NULL));
    wsabi_slice name;
    check(wsabi_conn_subprotocol(conn, &name));
    assert_int_equal(name.len, strlen(CHOICES[i].chosen));
    bytes sent = {0};
    take_output(conn, &sent);
    snprintf(line, sizeof line, "\r\nSec-WebSocket-Protocol: %s\r\n", CHOICES[i].chosen);
    if (contains(&sent, "Sec-WebSocket-Protocol") != (name.len > 0) || (name.len > 0 && !contains(&sent, line))) {
      fail_case(CHOICES[i].offer, "not answered with \"%s\"", CHOICES[i].chosen);
    }
    clear(&sent);
    wsabi_conn_free(conn);
  }
  wsabi_config_free(config);
}

// The application's own choice: only what the client offered (4.2.2).
static void subprotocol_by_the_application(void **state) {
  (void)state;
  static const char *const NOT_OFFERED[] = {"c", "A", "a, b", "", "a\r\n"};
  wsabi_conn *conn = undecided(NULL, WITH("Sec-WebSocket-Protocol: a, b\r\n"));
  for (size_t i = 0; i < sizeof NOT_OFFERED / sizeof *NOT_OFFERED; i++) {
    const char *name = NOT_OFFERED[i];
    assert_int_equal(wsabi_conn_accept(conn, name, strlen(name), NULL), WSABI_ERR_ARGUMENT);
    assert_int_equal(wsabi_conn_output_size(conn), 0);
  }
  check(wsabi_conn_accept(conn, "b", 1, NULL));
  wsabi_slice name;
  check(wsabi_conn_subprotocol(conn, &name));
  assert_memory_equal(name.data, "b", 1);
  wsabi_conn_free(conn);
}

static wsabi_slice slice(const char *text) {
  return (wsabi_slice){text, strlen(text)};
}

// No octet that could end a line or a field gets onto the wire, whatever string
// of the application's it comes in.
static void header_injection(void **state) {
  (void)state;
  static const struct {
    const char *octets;
    size_t len;
    bool in_value;  // allowed in a field's value
  } BAD[] = {{"\r", 1, false},   {"\n", 1, false}, {"\r\n", 2, false}, {"\0", 1, false},  {"\x7f", 1, false},
             {"\x01", 1, false}, {" ", 1, true},   {":", 1, true},     {"\xc3\xa9", 2, true}};
  wsabi_config *config;
  check(wsabi_config_new(&config));
  wsabi_conn *conn = undecided(NULL, WITH("Sec-WebSocket-Protocol: a\r\n"));
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    bytes text = {0};
    append_text(&text, "X-");
    append(&text, BAD[i].octets, BAD[i].len);
    append_text(&text, "Y");
    const char *name = (const char *)text.data;
    wsabi_header headers[] = {{{name, text.len}, slice("value")}, {slice("X-Name"), {name, text.len}}};
    for (size_t h = 0; h < (BAD[i].in_value ? 1 : 2); h++) {
      wsabi_response response = WSABI_RESPONSE_INIT;
      response.headers = &headers[h];
      response.header_count = 1;
      assert_int_equal(wsabi_conn_accept(conn, NULL, 0, &response), WSABI_ERR_ARGUMENT);
      response.status = 403;
      assert_int_equal(wsabi_conn_reject(conn, &response), WSABI_ERR_ARGUMENT);
    }
    assert_int_equal(wsabi_conn_accept(conn, name, text.len, NULL), WSABI_ERR_ARGUMENT);
    assert_int_equal(wsabi_config_add_subprotocol(config, name, text.len), WSABI_ERR_ARGUMENT);
    if (BAD[i].octets[0] != ':') {
      assert_int_equal(wsabi_conn_redirect(conn, 302, name, text.len), WSABI_ERR_ARGUMENT);
    }
    clear(&text);
  }
  static const char *const RESERVED[] = {
      "", "Content-Length", "connection", "Upgrade", "Transfer-Encoding", "Sec-WebSocket-Accept",
      "sec-websocket-protocol", "Sec-WebSocket-Extensions", "SEC-WEBSOCKET-VERSION", "Sec-WebSocket-Other"};
  for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++) {
    wsabi_header header = {slice(RESERVED[i]), slice("1")};
    wsabi_response response = WSABI_RESPONSE_INIT;
    response.headers = &header;
    response.header_count = 1;
    assert_int_equal(wsabi_conn_accept(conn, NULL, 0, &response), WSABI_ERR_ARGUMENT);
    response.status = 403;
    assert_int_equal(wsabi_conn_reject(conn, &response), WSABI_ERR_ARGUMENT);
  }
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  check(wsabi_conn_accept(conn, NULL, 0, NULL));
  wsabi_conn_free(conn);
  wsabi_config_free(config);
}

static void accept_with_headers(void **state) {
  (void)state;
  wsabi_conn *conn = undecided(NULL, WITH(""));
  wsabi_header headers[] = {{slice("Set-Cookie"), slice("a=b")}, {slice("X-Empty"), slice("")}};
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.headers = headers;
  response.header_count = 2;
  response.body = "x";
  response.body_len = 1;
  assert_int_equal(wsabi_conn_accept(conn, NULL, 0, &response), WSABI_ERR_ARGUMENT);
  response.body_len = 0;
  response.status = 403;
  assert_int_equal(wsabi_conn_accept(conn, NULL, 0, &response), WSABI_ERR_ARGUMENT);
  response.status = 0;
  check(wsabi_conn_accept(conn, NULL, 0, &response));
  bytes sent = {0};
  take_output(conn, &sent);
  assert_true(contains(&sent, "\r\nSet-Cookie: a=b\r\n"));
  assert_true(contains(&sent, "\r\nX-Empty: \r\n"));
  clear(&sent);
  wsabi_conn_free(conn);
}

// Every status from 300 to 599 is a complete response, others are refused.
static void reject_with_every_status(void **state) {
  (void)state;
  wsabi_header headers[] = {{slice("WWW-Authenticate"), slice("Basic")},
                            {slice("Content-Type"), slice("text/plain")}};
  for (uint32_t status = 0; status <= 700; status++) {
    wsabi_conn *conn = undecided(NULL, WITH(""));
    bool has_body = status != 304;  // RFC 9110 15.4.5
    wsabi_response response = WSABI_RESPONSE_INIT;
    response.status = status;
    response.headers = headers;
    response.header_count = 2;
    response.body = "no\n";
    response.body_len = has_body ? 3 : 0;
    wsabi_status got = wsabi_conn_reject(conn, &response);
    if (got != (status >= 300 && status <= 599 ? WSABI_OK : WSABI_ERR_ARGUMENT)) {
      fail_case("reject", "status %u gives %d", status, got);
    }
    bytes sent = {0};
    take_output(conn, &sent);
    if (got == WSABI_OK) {
      check_refusal("reject", &sent, status, has_body);
      assert_int_equal(contains(&sent, "\r\n\r\nno\n"), has_body);
      assert_int_equal(wsabi_conn_failure(conn), 0);
      assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSED);
      assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ | WSABI_INTEREST_SHUTDOWN_WRITE);
      assert_int_equal(wsabi_conn_reject(conn, &response), WSABI_ERR_STATE);
      assert_int_equal(wsabi_conn_accept(conn, NULL, 0, NULL), WSABI_ERR_STATE);
    } else {
      assert_int_equal(sent.len, 0);
    }
    clear(&sent);
    wsabi_conn_free(conn);
  }
}

static void redirects(void **state) {
  (void)state;
  for (uint32_t status = 300; status <= 310; status++) {
    wsabi_conn *conn = undecided(NULL, WITH(""));
    bool allowed = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    assert_int_equal(wsabi_conn_redirect(conn, status, "wss://example.com/", 18),
                     allowed ? WSABI_OK : WSABI_ERR_ARGUMENT);
    bytes sent = {0};
    take_output(conn, &sent);
    if (allowed) {
      check_refusal("redirect", &sent, status, true);
      assert_true(contains(&sent, "\r\nLocation: wss://example.com/\r\n"));
    }
    clear(&sent);
    wsabi_conn_free(conn);
  }
}

// Octets behind the head are frames, also those that come before the decision.
static void octets_behind_the_head_are_kept(void **state) {
  (void)state;
  static const size_t SIZES[] = {0, 5, 125, 65536};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    uint8_t *payload = malloc(SIZES[i] + 1);
    memset(payload, 'x', SIZES[i] + 1);
    bytes input = {0};
    append_text(&input, REQUEST);
    size_t head = input.len;
    append_frame(&input, 0x81, payload, SIZES[i]);
    append_frame(&input, 0x82, payload, SIZES[i]);

    wsabi_conn *conn;
    check(wsabi_conn_new_server(NULL, &conn));
    wsabi_event events[8];
    size_t used, count, at = 0, requests = 0;
    while (at < input.len) {
      size_t piece = at == 0 ? head + 1 : input.len - at;
      uint8_t *copy = malloc(piece);
      memcpy(copy, input.data + at, piece);
      check(wsabi_conn_recv(conn, copy, piece, &used, events, 8, &count));
      free(copy);
      requests += count;
      at += used;
    }
    assert_int_equal(requests, 1);
    assert_int_equal(wsabi_conn_interest(conn), 0);  // until the decision
    assert_int_equal(wsabi_conn_output_size(conn), 0);
    check(wsabi_conn_accept(conn, NULL, 0, NULL));
    assert_true(wsabi_conn_interest(conn) & WSABI_INTEREST_RECV);
    size_t messages = 0;
    while (wsabi_conn_interest(conn) & WSABI_INTEREST_RECV) {
      check(wsabi_conn_recv(conn, NULL, 0, &used, events, 1, &count));
      for (size_t e = 0; e < count; e++) {
        assert_int_equal(events[e].type, messages == 0 ? WSABI_EVENT_TEXT : WSABI_EVENT_BINARY);
        assert_int_equal(events[e].len, SIZES[i]);
        assert_memory_equal(events[e].data, payload, SIZES[i]);
        messages++;
      }
    }
    assert_int_equal(messages, 2);
    wsabi_conn_free(conn);
    clear(&input);
    free(payload);
  }
}

// What is kept behind an undecided request is bounded.
static void kept_octets_are_bounded(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_MESSAGE_SIZE, 1000));
  wsabi_conn *conn = undecided(config, WITH(""));
  uint8_t octets[100] = {0};
  wsabi_event event;
  size_t used, count, kept = 0;
  wsabi_status status = WSABI_OK;
  while (kept < 5000 && status == WSABI_OK) {
    status = wsabi_conn_recv(conn, octets, sizeof octets, &used, &event, 1, &count);
    kept += status == WSABI_OK ? used : 0;
  }
  assert_int_equal(status, WSABI_ERR_LIMIT);
  assert_in_range(kept, 900, 1100);
  wsabi_conn_free(conn);
  wsabi_config_free(config);
}

static void auto_accept(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, 1));
  check(wsabi_config_add_subprotocol(config, "a", 1));
  bytes input = {0}, message = wire(MESSAGE);
  append_text(&input, WITH("Sec-WebSocket-Protocol: a\r\n"));
  append(&input, message.data, message.len);
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    wsabi_conn *conn;
    check(wsabi_conn_new_server(config, &conn));
    transcript t = {0};
    feed(conn, &input, how, &t);
    take_output(conn, &t.output);
    assert_string_equal(t.events, "OPEN T5 ");
    assert_true(contains(&t.output, "\r\nSec-WebSocket-Protocol: a\r\n"));
    assert_true(contains(&t.output, ECHO));
    wsabi_conn_free(conn);
    clear_transcript(&t);
  }
  clear(&input);
  clear(&message);
  wsabi_config_free(config);
}

static void plain_http(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_PLAIN_HTTP, 1));
  static const struct {
    const char *request, *events;
  } CASES[] = {
      {"GET / HTTP/1.1\r\n" HOST END, "H/ "},
      {"GET /a?b HTTP/1.0\r\n\r\n", "H/a?b "},
      {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "H/ "},
      {"HEAD / HTTP/1.1\r\n" HOST END, "H/ "},
      {WITH_UPGRADE(""), "F426 "},  // an attempt at an opening handshake
      {WITH_KEY(""), "F400 "},
      {"GET / HTTP/1.1\r\n" END, "F400 "},  // no well-formed HTTP
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    bytes input = {0};
    append_text(&input, CASES[i].request);
    for (feeding how = {0}; next_feeding(input.len, &how);) {
      wsabi_conn *conn;
      check(wsabi_conn_new_server(config, &conn));
      transcript t = {0};
      feed(conn, &input, how, &t);
      if (strcmp(t.events, CASES[i].events) != 0) {
        fail_case(CASES[i].request, "events \"%s\"", t.events);
      }
      if (t.events[0] == 'H') {
        assert_int_equal(wsabi_conn_accept(conn, NULL, 0, NULL), WSABI_ERR_STATE);
        wsabi_response response = WSABI_RESPONSE_INIT;
        response.status = 199;
        assert_int_equal(wsabi_conn_reject(conn, &response), WSABI_ERR_ARGUMENT);
        response.status = 200;
        response.body = "hello";
        response.body_len = 5;
        check(wsabi_conn_reject(conn, &response));
        take_output(conn, &t.output);
        check_refusal(CASES[i].request, &t.output, 200, !starts_with(CASES[i].request, "HEAD"));
        assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ | WSABI_INTEREST_SHUTDOWN_WRITE);
      }
      wsabi_conn_free(conn);
      clear_transcript(&t);
    }
    clear(&input);
  }
  wsabi_config_free(config);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests),
      cmocka_unit_test(head_too_long),
      cmocka_unit_test(head_never_ends),
      cmocka_unit_test(too_many_headers),
      cmocka_unit_test(octets_that_no_head_has),
      cmocka_unit_test(the_head_can_be_read),
      cmocka_unit_test(subprotocol_choice),
      cmocka_unit_test(subprotocol_by_the_application),
      cmocka_unit_test(header_injection),
      cmocka_unit_test(accept_with_headers),
      cmocka_unit_test(reject_with_every_status),
      cmocka_unit_test(redirects),
      cmocka_unit_test(octets_behind_the_head_are_kept),
      cmocka_unit_test(kept_octets_are_bounded),
      cmocka_unit_test(auto_accept),
      cmocka_unit_test(plain_http),
  };
  return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
