// Decisions on the opening handshake: by path, query, origin, cookie, load,
// subprotocol and host, each a function. Requests go in and responses come out in
// memory; there is no socket.
//
//     cc handshake_policy.c $(pkg-config --cflags --libs wsabi) && ./a.out
//
// It checks what it shows: the exit status is not 0 when anything differs.
// What needs no code is data of a config: see by_host.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wsabi.h>

static wsabi_status by_path(wsabi_conn *conn);
static wsabi_status by_token(wsabi_conn *conn);
static wsabi_status by_origin(wsabi_conn *conn);
static wsabi_status by_cookie(wsabi_conn *conn);
static wsabi_status by_load(wsabi_conn *conn);
static wsabi_status by_subprotocol(wsabi_conn *conn);
static wsabi_status by_host(wsabi_conn *conn);

#define REQUEST(target, host, fields)                      \
  "GET " target " HTTP/1.1\r\n"                            \
  "Host: " host "\r\n"                                     \
  "Upgrade: websocket\r\n"                                 \
  "Connection: Upgrade\r\n"                                \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"        \
  "Sec-WebSocket-Version: 13\r\n" fields "\r\n"
#define FOR(target) REQUEST(target, "chat.example", "")
#define WITH(fields) REQUEST("/chat", "chat.example", fields)

// The Close of an accepted connection: 1008, and 4001, with their reasons.
#define CLOSE_1008 "\r\n\r\n\x88\x10\x03\xf0name a dialect"
#define CLOSE_4001 "\r\n\r\n\x88\x19\x0f\xa1" "chat.v1 is gone, reload"

static const struct {
  const char *title;
  wsabi_status (*decide)(wsabi_conn *conn);
  const char *request;
  const char *status;  // of the response,
  const char *holds;   // and what stands in it
} demonstrations[] = {
    {"a path that is served", by_path, FOR("/chat?room=1"), "101", "Sec-WebSocket-Accept: s3pPLMBi"},
    {"a path that moved", by_path, FOR("/talk"), "308", "Location: /chat\r\n"},
    {"a path that is not", by_path, FOR("/chat/2"), "404", "Content-Length: 13\r\n"},
    {"the right token", by_token, FOR("/chat?token=let%20me+in"), "101", "\r\n"},
    {"a wrong token", by_token, FOR("/chat?token=please"), "403", "\r\n"},
    {"no token", by_token, FOR("/chat"), "401", "WWW-Authenticate: Bearer realm=\"chat\"\r\n"},
    {"our own page", by_origin, WITH("Origin: https://chat.example\r\n"), "101", "\r\n"},
    {"somebody else's page", by_origin, WITH("Origin: https://chat.example.evil.example\r\n"), "403", "\r\n"},
    {"no browser", by_origin, WITH(""), "101", "\r\n"},
    {"a session", by_cookie, WITH("Cookie: theme=dark; session=7\r\n"), "101", "\r\n\r\n"},
    {"no session yet", by_cookie, WITH("Cookie: oldsession=7\r\n"), "101",
     "Set-Cookie: session=8; HttpOnly; Secure\r\n"},
    {"too much to do", by_load, WITH(""), "503", "Retry-After: 30\r\n"},
    {"a dialect that is spoken", by_subprotocol, WITH("Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n"), "101",
     "Sec-WebSocket-Protocol: chat.v2\r\n"},
    {"a dialect that is gone", by_subprotocol, WITH("Sec-WebSocket-Protocol: chat.v1\r\n"), "101", CLOSE_4001},
    {"no dialect", by_subprotocol, WITH(""), "400", "\r\n"},
    {"the public host", by_host, REQUEST("/chat", "chat.example", ""), "101", "\r\n"},
    {"the other host wants an origin", by_host, REQUEST("/chat", "ops.example", ""), "403", "\r\n"},
    {"and a dialect", by_host, REQUEST("/log", "ops.example", "Origin: https://ops.example\r\n"), "101", CLOSE_1008},
    {"and has this", by_host,
     REQUEST("/log", "ops.example:80", "Origin: https://ops.example\r\nSec-WebSocket-Protocol: log\r\n"), "101",
     "Sec-WebSocket-Protocol: log\r\n"},
    {"a host that nobody knows", by_host, REQUEST("/chat", "example.com", ""), "421", "\r\n"},
};

static void demonstrate(const char *request, wsabi_status (*decide)(wsabi_conn *), char *response, size_t size);
static void expect(int condition, const char *what);
static void check(wsabi_status status, const char *what);

int main(void) {
  for (size_t i = 0; i < sizeof demonstrations / sizeof *demonstrations; i++) {
    char response[1024];
    const char *request = demonstrations[i].request;
    demonstrate(request, demonstrations[i].decide, response, sizeof response);
    const char *behind = strstr(response, "\r\n\r\n") + 4;
    printf("# %s: %.*s\n", demonstrations[i].title, (int)strcspn(request, "\r"), request);
    printf("%.*s", (int)(behind - 2 - response), response);
    printf(*behind == '\x88' ? "and a Close: %s\n\n" : "\n", behind + 4);
    expect(strncmp(response + strlen("HTTP/1.1 "), demonstrations[i].status, 3) == 0, demonstrations[i].title);
    expect(strstr(response, demonstrations[i].holds) != NULL, demonstrations[i].title);
  }
  return EXIT_SUCCESS;
}

// ---- Decisions ----

static wsabi_slice slice(const char *text) {
  return (wsabi_slice){text, strlen(text)};
}

static int equal(wsabi_slice octets, const char *text) {
  return octets.len == strlen(text) && memcmp(octets.data, text, octets.len) == 0;
}

// Refuses with a text and, unless `name` is NULL, a header field.
static wsabi_status refuse(wsabi_conn *conn, uint32_t status, const char *name, const char *value,
                           const char *text) {
  wsabi_header headers[] = {{slice("Content-Type"), slice("text/plain")}, {{NULL, 0}, {NULL, 0}}};
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.status = status;
  response.headers = headers;
  response.header_count = 1;
  if (name != NULL) {
    headers[response.header_count++] = (wsabi_header){slice(name), slice(value)};
  }
  response.body = text;
  response.body_len = strlen(text);
  return wsabi_conn_reject(conn, &response);
}

static wsabi_status by_path(wsabi_conn *conn) {
  wsabi_slice path;
  check(wsabi_conn_head_path(conn, &path), "head_path");
  if (equal(path, "/chat")) return wsabi_conn_accept(conn, NULL, 0, NULL);
  if (equal(path, "/talk")) return wsabi_conn_redirect(conn, 308, "/chat", 5);
  return refuse(conn, 404, NULL, NULL, "Nothing here\n");
}

// Looks at every octet, whatever the first ones are: the time that it takes does
// not tell how much of a guess was right.
static int is_secret(const uint8_t *octets, size_t len) {
  static const char secret[] = "let me in";
  unsigned differences = len != sizeof secret - 1;
  for (size_t i = 0; i < sizeof secret - 1; i++) {
    differences |= (unsigned)(octets[i] ^ (uint8_t)secret[i]);
  }
  return differences == 0;
}

// A browser's script cannot set header fields, so that a token comes in the query.
static wsabi_status by_token(wsabi_conn *conn) {
  uint8_t token[64] = {0};
  size_t len;
  wsabi_status status = wsabi_conn_head_query_parameter(conn, "token", 5, token, sizeof token, &len);
  if (status == WSABI_ERR_NOT_FOUND) {
    static const char challenge[] = "Bearer realm=\"chat\"";
    return wsabi_conn_challenge(conn, challenge, sizeof challenge - 1);
  }
  check(status, "head_query_parameter");
  if (!is_secret(token, len)) return refuse(conn, 403, NULL, NULL, "Not this token\n");
  return wsabi_conn_accept(conn, NULL, 0, NULL);
}

// RFC 6455 10.2: a browser tells which page asks. Compare all of it. A list of
// origins without an exception like this one is wsabi_config_add_origin.
static wsabi_status by_origin(wsabi_conn *conn) {
  wsabi_slice origin;
  wsabi_status status = wsabi_conn_head_origin(conn, &origin);
  if (status == WSABI_ERR_NOT_FOUND || (status == WSABI_OK && equal(origin, "https://chat.example"))) {
    return wsabi_conn_accept(conn, NULL, 0, NULL);
  }
  check(status, "head_origin");
  return refuse(conn, 403, NULL, NULL, "Not from this page\n");
}

// RFC 6265 4.2.1: pairs, with "; " between them.
static int has_cookie(wsabi_slice cookies, const char *start) {
  size_t len = strlen(start), at = 0;
  while (at < cookies.len) {
    if (cookies.len - at >= len && memcmp(cookies.data + at, start, len) == 0) return 1;
    const char *next = memchr(cookies.data + at, ';', cookies.len - at);
    if (next == NULL) return 0;
    at = (size_t)(next - cookies.data) + strlen("; ");
  }
  return 0;
}

static wsabi_status by_cookie(wsabi_conn *conn) {
  wsabi_slice cookies;
  wsabi_status status = wsabi_conn_head_find(conn, "Cookie", 6, &cookies);
  if (status == WSABI_OK && has_cookie(cookies, "session=")) {
    return wsabi_conn_accept(conn, NULL, 0, NULL);
  }
  wsabi_header cookie = {slice("Set-Cookie"), slice("session=8; HttpOnly; Secure")};
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.headers = &cookie;
  response.header_count = 1;
  return wsabi_conn_accept(conn, NULL, 0, &response);
}

static wsabi_status by_load(wsabi_conn *conn) {
  return refuse(conn, 503, "Retry-After", "30", "Come back later\n");
}

// RFC 6455 4.2.2: one of those that the client offers, or none. A browser's
// script cannot read a response that refuses, but it sees a Close.
static wsabi_status by_subprotocol(wsabi_conn *conn) {
  int offers_v1 = 0;
  wsabi_slice name;
  for (size_t i = 0; wsabi_conn_offered_subprotocol(conn, i, &name) == WSABI_OK; i++) {
    if (equal(name, "chat.v2")) return wsabi_conn_accept(conn, name.data, name.len, NULL);
    offers_v1 |= equal(name, "chat.v1");
  }
  if (offers_v1) {
    static const char reason[] = "chat.v1 is gone, reload";
    return wsabi_conn_accept_then_close(conn, 4001, reason, sizeof reason - 1);
  }
  return refuse(conn, 400, NULL, NULL, "Offer chat.v2\n");
}

// Two hosts, and a policy for each. It is data, and whether it refuses is told by
// wsabi_conn_failure; a server makes it once and keeps it.
static wsabi_status by_host(wsabi_conn *conn) {
  wsabi_slice host;
  wsabi_config *public, *ops;
  check(wsabi_config_new(&public), "config_new");
  check(wsabi_config_add_resource(public, "/chat", 5), "add_resource");

  check(wsabi_config_new(&ops), "config_new");
  check(wsabi_config_add_resource(ops, "/chat", 5), "add_resource");
  check(wsabi_config_add_resource(ops, "/log", 4), "add_resource");
  check(wsabi_config_add_origin(ops, "https://ops.example", 19), "add_origin");
  check(wsabi_config_add_subprotocol(ops, "log", 3), "add_subprotocol");
  check(wsabi_config_set(ops, WSABI_OPTION_SUBPROTOCOL_ABSENT, WSABI_POLICY_CLOSE), "set");
  check(wsabi_config_set_close_reason(ops, "name a dialect", 14), "set_close_reason");

  check(wsabi_conn_head_host(conn, &host), "head_host");
  const char *colon = memchr(host.data, ':', host.len);
  host.len = colon == NULL ? host.len : (size_t)(colon - host.data);
  wsabi_status status;
  if (equal(host, "chat.example")) {
    status = wsabi_conn_accept_by(conn, public, NULL);
  } else if (equal(host, "ops.example")) {
    status = wsabi_conn_accept_by(conn, ops, NULL);
  } else {
    status = refuse(conn, 421, NULL, NULL, "Not here\n");  // RFC 9110 15.5.20
  }
  wsabi_config_free(public);
  wsabi_config_free(ops);
  return status;
}

// ---- A connection in memory ----

// Writes everything that is sent, terminated, into `response`.
static void demonstrate(const char *request, wsabi_status (*decide)(wsabi_conn *), char *response, size_t size) {
  uint8_t octets[1024];
  wsabi_conn *conn;
  wsabi_event event;
  wsabi_iovec runs[4];
  size_t used, count, len = strlen(request), at = 0;
  expect(len <= sizeof octets, "the request fits");
  memcpy(octets, request, len);
  check(wsabi_conn_new_server(NULL, &conn), "new_server");
  check(wsabi_conn_recv(conn, octets, len, &used, &event, 1, &count), "recv");
  expect(count == 1 && event.type == WSABI_EVENT_REQUEST, "a request");

  check(decide(conn), "decision");

  check(wsabi_conn_output(conn, runs, 4, &count), "output");
  for (size_t i = 0; i < count; i++) {
    expect(runs[i].len < size - at, "the response fits");
    memcpy(response + at, runs[i].base, runs[i].len);
    at += runs[i].len;
  }
  response[at] = '\0';
  expect(at == wsabi_conn_output_size(conn), "all of the response");
  wsabi_conn_free(conn);
}

static void expect(int condition, const char *what) {
  if (!condition) {
    fprintf(stderr, "not as expected: %s\n", what);
    exit(EXIT_FAILURE);
  }
}

// A negative status is a mistake in this program, never one of the peer.
static void check(wsabi_status status, const char *what) {
  if (status != WSABI_OK) {
    fprintf(stderr, "%s: %s\n", what, wsabi_status_text(status));
    exit(EXIT_FAILURE);
  }
}
