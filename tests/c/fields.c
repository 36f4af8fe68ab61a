// Requests that the host parsed, as rows of a table: HTTP/1.1 (RFC 6455) and the
// extended CONNECT of HTTP/2 and HTTP/3 (RFC 8441, RFC 9220).
//
// The response is taken in parts, and the output holds no octet of it. When the
// connection opens, octets are frames: a message is fed in every way.

#include "support.h"

typedef struct {
  const char *name;  // rule under test
  uint32_t version;
  const char *method, *target, *authority, *protocol;
  const char *fields;  // lines, each with its CR LF
  unsigned status;
  wsabi_failure failure;
  const char *holds;  // stands in the response, see read_response
} row;

#define HTTP_1(target, fields) WSABI_HTTP_1_1, "GET", target, "", "", fields
#define HTTP_2(fields) WSABI_HTTP_2, "CONNECT", "/chat", "example.com", "websocket", fields
#define HTTP_3(fields) WSABI_HTTP_3, "CONNECT", "/chat", "example.com", "websocket", fields

#define FIELDS HOST UPGRADE CONNECTION KEY VERSION
#define VERSION_2 "sec-websocket-version: 13\r\n"
#define ACCEPTED "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"
#define NEEDS_13 "Upgrade: websocket\nSec-WebSocket-Version: 13\n"

static const row rows[] = {
    {"6455 4.2.1 HTTP/1.1", HTTP_1("/chat", FIELDS), 101, 0, "101\n" ACCEPTED "\n"},
    {"6455 4.2.1 names in lower case",
     HTTP_1("/", "host: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
                 "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
     101, 0, "101\n" ACCEPTED "\n"},
    {"9110 5.5 white space around values", HTTP_1("/", HOST UPGRADE CONNECTION KEY "Sec-WebSocket-Version: \t13 \r\n"),
     101, 0, ACCEPTED},
    {"6455 4.2.2 a subprotocol", HTTP_1("/", FIELDS "Sec-WebSocket-Protocol: c, b\r\nSec-WebSocket-Protocol: a\r\n"),
     101, 0, "\nSec-WebSocket-Protocol: a\n"},
    {"6455 4.2.2 none in common", HTTP_1("/", FIELDS "Sec-WebSocket-Protocol: c\r\n"), 101, 0, "101\n" ACCEPTED "\n"},
    {"9112 3.2.2 an http URI", HTTP_1("http://example.com/chat?a", FIELDS), 101, 0, ACCEPTED},
    {"9110 7.8 HTTP/1.0", WSABI_HTTP_1_0, "GET", "/", "", "", FIELDS, 426, WSABI_FAILURE_HTTP_1_0, NEEDS_13},
    {"6455 4.1 POST", WSABI_HTTP_1_1, "POST", "/", "", "", FIELDS, 405, WSABI_FAILURE_METHOD, "\nAllow: GET\n"},
    {"9112 3.2 no Host", HTTP_1("/", UPGRADE CONNECTION KEY VERSION), 400, WSABI_FAILURE_HOST_MISSING,
     "\nConnection: close\n"},
    {"9112 3.2 two Hosts", HTTP_1("/", HOST FIELDS), 400, WSABI_FAILURE_HOST_REPEATED, NULL},
    {"6455 4.1 a body", HTTP_1("/", FIELDS "Content-Length: 5\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.1 chunks", HTTP_1("/", FIELDS "Transfer-Encoding: chunked\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 4.2.1 plain HTTP", HTTP_1("/", HOST), 426, WSABI_FAILURE_PLAIN_HTTP, NEEDS_13},
    {"6455 4.2.1 no Connection", HTTP_1("/", HOST UPGRADE KEY VERSION), 426, WSABI_FAILURE_CONNECTION_MISSING,
     NEEDS_13},
    {"6455 4.2.1 no Upgrade", HTTP_1("/", HOST CONNECTION KEY VERSION), 426, WSABI_FAILURE_UPGRADE_MISSING, NEEDS_13},
    {"6455 4.4 version 8", HTTP_1("/", HOST UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 8\r\n"), 426,
     WSABI_FAILURE_VERSION_UNSUPPORTED, "\nConnection: close, Upgrade\n" NEEDS_13},
    {"6455 4.2.1 no key", HTTP_1("/", HOST UPGRADE CONNECTION VERSION), 400, WSABI_FAILURE_KEY_MISSING, NULL},
    {"6455 11.3.1 two keys", HTTP_1("/", FIELDS KEY), 400, WSABI_FAILURE_KEY_REPEATED, NULL},
    {"6455 4.1 a subprotocol that is no token", HTTP_1("/", FIELDS "Sec-WebSocket-Protocol: a b\r\n"), 400,
     WSABI_FAILURE_BAD_SUBPROTOCOL, NULL},
    {"9112 3.2 no path", HTTP_1("chat", FIELDS), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"9112 3.2 an empty target", HTTP_1("", FIELDS), 400, WSABI_FAILURE_BAD_TARGET, NULL},
    {"9112 3 a space in the target", HTTP_1("/ HTTP/1.1", FIELDS), 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9112 3 a line end in the target", HTTP_1("/\r\nX: y", FIELDS), 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9110 9.1 a method that is no token", WSABI_HTTP_1_1, "G T", "/", "", "", FIELDS, 400,
     WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9110 9.1 an empty method", WSABI_HTTP_1_1, "", "/", "", "", FIELDS, 400, WSABI_FAILURE_BAD_REQUEST_LINE, NULL},
    {"9110 5.5 CR in a value", HTTP_1("/", FIELDS "X-A: b\rc\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.5 LF in a value", HTTP_1("/", FIELDS "X-A: b\nc\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.5 a control octet in a value", HTTP_1("/", FIELDS "X-A: \x7f\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.1 a space in a name", HTTP_1("/", FIELDS "X A: b\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9110 5.1 an empty name", HTTP_1("/", FIELDS ": b\r\n"), 400, WSABI_FAILURE_BAD_HEADER, NULL},
    {"9113 8.3 a pseudo-header field among the others", HTTP_2(VERSION_2 ":path: /\r\n"), 400,
     WSABI_FAILURE_BAD_HEADER, NULL},

    {"8441 5 HTTP/2", HTTP_2(VERSION_2), 200, 0, "200\n\n"},
    {"9220 3 HTTP/3", HTTP_3(VERSION_2 "origin: https://example.com\r\n"), 200, 0, "200\n\n"},
    {"8441 5 a subprotocol", HTTP_2(VERSION_2 "sec-websocket-protocol: b, a\r\n"), 200, 0,
     "200\nsec-websocket-protocol: a\n\n"},
    {"8441 5 a key means nothing", HTTP_2(VERSION_2 "sec-websocket-key: x\r\n"), 200, 0, "200\n\n"},
    {"8441 4 the protocol in another case", WSABI_HTTP_2, "CONNECT", "/", "a", "WebSocket", VERSION_2, 200, 0,
     "200\n\n"},
    {"9113 8.3.1 Host instead of :authority", WSABI_HTTP_2, "CONNECT", "/", "", "websocket", "host: a\r\n" VERSION_2,
     200, 0, "200\n\n"},
    {"9220 3 another protocol", WSABI_HTTP_3, "CONNECT", "/", "a", "webtransport", VERSION_2, 501,
     WSABI_FAILURE_UNKNOWN_PROTOCOL, "501\ncontent-type: text/plain; charset=utf-8\n"},
    {"8441 4 the start of the protocol", WSABI_HTTP_2, "CONNECT", "/", "a", "web", VERSION_2, 501,
     WSABI_FAILURE_UNKNOWN_PROTOCOL, NULL},
    {"8441 4 GET with a protocol", WSABI_HTTP_2, "GET", "/", "a", "websocket", VERSION_2, 405, WSABI_FAILURE_METHOD,
     "\nallow: CONNECT\n"},
    {"9113 8.3.1 neither :authority nor Host", WSABI_HTTP_2, "CONNECT", "/", "", "websocket", VERSION_2, 400,
     WSABI_FAILURE_HOST_MISSING, "400\ncontent-type: "},
    {"9113 8.3.1 a bad :authority", WSABI_HTTP_2, "CONNECT", "/", "a@b", "websocket", VERSION_2, 400,
     WSABI_FAILURE_HOST_MALFORMED, NULL},
    {"9113 8.3.1 a line end in :authority", WSABI_HTTP_3, "CONNECT", "/", "a\r\nb", "websocket", VERSION_2, 400,
     WSABI_FAILURE_BAD_HEADER, NULL},
    {"9113 8.3.1 no :path", WSABI_HTTP_2, "CONNECT", "", "a", "websocket", VERSION_2, 400, WSABI_FAILURE_BAD_TARGET,
     NULL},
    {"6455 4.2.1 a body", HTTP_2(VERSION_2 "content-length: 5\r\n"), 400, WSABI_FAILURE_BODY, NULL},
    {"6455 11.3.5 two versions", HTTP_3(VERSION_2 VERSION_2), 400, WSABI_FAILURE_VERSION_REPEATED, NULL},
    {"6455 4.4 version 8", HTTP_2("sec-websocket-version: 8\r\n"), 400, WSABI_FAILURE_VERSION_UNSUPPORTED,
     "400\nsec-websocket-version: 13\n"},
    {"6455 4.2.1 no version", HTTP_2(""), 400, WSABI_FAILURE_VERSION_MISSING, "400\n"},
    {"6455 4.2.1 no protocol is plain HTTP", WSABI_HTTP_2, "CONNECT", "/", "a", "", VERSION_2, 400,
     WSABI_FAILURE_PLAIN_HTTP, NULL},
};

// ---- Hosts ----

// Gives the row's request to a connection, from memory that is gone behind it.
static wsabi_event give(wsabi_conn *conn, const row *r) {
  wsabi_header headers[16];
  wsabi_request request = WSABI_REQUEST_INIT;
  char *fields = strdup(r->fields);
  request.version = r->version;
  request.method = slice(r->method);
  request.target = slice(r->target);
  request.authority = slice(r->authority);
  request.protocol = slice(r->protocol);
  request.headers = headers;
  for (char *line = fields; *line != '\0';) {
    // A name may begin with a colon, and be empty.
    char *colon = strstr(line, ": "), *end = strstr(line, "\r\n");
    headers[request.header_count++] = (wsabi_header){{line, (size_t)(colon - line)},
                                                     {colon + 2, (size_t)(end - colon - 2)}};
    line = end + 2;
  }
  wsabi_event event;
  size_t count;
  check(wsabi_conn_recv_request(conn, &request, &event, 1, &count));
  assert_int_equal(count, 1);
  memset(fields, 'x', strlen(fields));
  memset(headers, 0xee, sizeof headers);
  free(fields);
  return event;
}

// The parts of a response: status, fields and an empty line, each with LF, and
// the body.
static void read_response(wsabi_conn *conn, bytes *text) {
  uint32_t status;
  wsabi_header field;
  wsabi_slice body;
  char line[16];
  check(wsabi_conn_response_status(conn, &status));
  snprintf(line, sizeof line, "%u\n", (unsigned)status);
  append_text(text, line);
  for (size_t i = 0; wsabi_conn_response_header(conn, i, &field) == WSABI_OK; i++) {
    append(text, field.name.data, field.name.len);
    append_text(text, ": ");
    append(text, field.value.data, field.value.len);
    append_text(text, "\n");
  }
  append_text(text, "\n");
  check(wsabi_conn_response_body(conn, &body));
  append(text, body.data, body.len);
}

// RFC 9113 8.2.1 and 8.2.2: no name in upper case, nothing of a connection.
static void check_names(const row *r, const bytes *response) {
  char *text = calloc(1, response->len + 1);
  memcpy(text, response->data, response->len);
  *strstr(text, "\n\n") = '\0';
  for (char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
    size_t len = strcspn(line + 1, ":");
    bool has_upper_case = strcspn(line + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < len;
    if (has_upper_case || starts_with(line + 1, "connection") || starts_with(line + 1, "upgrade") ||
        starts_with(line + 1, "sec-websocket-accept")) {
      fail_case(r->name, "a field \"%.*s\"", (int)len, line + 1);
    }
  }
  free(text);
}

static void check_length(const row *r, const bytes *response) {
  char *text = calloc(1, response->len + 1);
  memcpy(text, response->data, response->len);
  const char *length = strstr(text, r->version < WSABI_HTTP_2 ? "\nContent-Length: " : "\ncontent-length: ");
  const char *body = strstr(text, "\n\n") + 2;
  if (length == NULL || strtoul(length + 17, NULL, 10) != strlen(body) || !starts_with(body, "RFC ")) {
    fail_case(r->name, "the response is not complete: %s", text);
  }
  free(text);
}

// ---- Rows ----

static void check_refused(const row *r, wsabi_conn *conn, const wsabi_event *event) {
  assert_int_equal(event->type, WSABI_EVENT_FAILED);
  assert_int_equal(event->len, strlen(wsabi_failure_text(r->failure)));
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSED);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  assert_int_equal(wsabi_conn_accept(conn, NULL, 0, NULL), WSABI_ERR_STATE);
  bytes response = {0};
  read_response(conn, &response);
  check_length(r, &response);
  clear(&response);
}

static void check_frames(const row *r, const wsabi_config *config) {
  bytes input = wire("81 85 M 'Hello'");
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    for (int early = 0; early < 2; early++) {
      wsabi_conn *conn;
      check(wsabi_conn_new_server(config, &conn));
      assert_int_equal(give(conn, r).type, WSABI_EVENT_REQUEST);
      transcript t = {0};
      if (early) {
        // Octets that come before the decision are kept.
        feed(conn, &input, how, &t);
        assert_string_equal(t.events, "");
      }
      check(wsabi_conn_accept(conn, NULL, 0, NULL));
      while (early && wsabi_conn_interest(conn) & WSABI_INTEREST_RECV) {
        wsabi_event event;
        size_t used, count;
        check(wsabi_conn_recv(conn, NULL, 0, &used, &event, 1, &count));
        if (count == 0) continue;
        assert_int_equal(event.type, WSABI_EVENT_TEXT);
        strcat(t.events, "T5 ");
        check(wsabi_conn_send_text(conn, event.data, event.len));
      }
      if (!early) {
        feed(conn, &input, how, &t);
      }
      take_output(conn, &t.output);
      if (strcmp(t.events, "T5 ") != 0 || t.output.len != 7 || memcmp(t.output.data, "\x81\x05Hello", 7) != 0) {
        fail_case(r->name, "events \"%s\", and %zu octets sent", t.events, t.output.len);
      }
      wsabi_conn_free(conn);
      clear_transcript(&t);
    }
  }
  clear(&input);
}

static void requests(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_add_subprotocol(config, "a", 1));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const row *r = &rows[i];
    wsabi_conn *conn;
    check(wsabi_conn_new_server(config, &conn));
    wsabi_event event = give(conn, r);
    uint32_t status;
    if (wsabi_conn_failure(conn) != r->failure) {
      fail_case(r->name, "failure %d: %s", wsabi_conn_failure(conn), wsabi_failure_text(wsabi_conn_failure(conn)));
    }
    if (r->failure == 0) {
      assert_int_equal(event.type, WSABI_EVENT_REQUEST);
      assert_int_equal(event.len, strlen(r->target));
      assert_memory_equal(event.data, r->target, event.len);
      assert_int_equal(wsabi_conn_interest(conn), 0);  // until the decision
      assert_int_equal(wsabi_conn_response_status(conn, &status), WSABI_ERR_STATE);
      check(wsabi_conn_accept(conn, NULL, 0, NULL));
      assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);
    } else {
      check_refused(r, conn, &event);
    }
    bytes response = {0};
    read_response(conn, &response);
    check(wsabi_conn_response_status(conn, &status));
    if (status != r->status || (r->holds != NULL && !contains(&response, r->holds))) {
      fail_case(r->name, "the response is %.*s", (int)response.len, (char *)response.data);
    }
    if (r->version >= WSABI_HTTP_2) {
      check_names(r, &response);
    }
    assert_int_equal(wsabi_conn_output_size(conn), 0);  // the host sends it
    wsabi_conn_free(conn);
    clear(&response);
    if (r->failure == 0) {
      check_frames(r, config);
    }
  }
  wsabi_config_free(config);
}

// ---- Decisions ----

static const row HTTP_1_ROW = {"HTTP/1.1", HTTP_1("/chat", FIELDS), 101, 0, NULL};
static const row HTTP_2_ROW = {"HTTP/2", HTTP_2(VERSION_2), 200, 0, NULL};

static wsabi_conn *undecided(const row *r) {
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  assert_int_equal(give(conn, r).type, WSABI_EVENT_REQUEST);
  return conn;
}

static void expect_response(wsabi_conn *conn, const char *text) {
  bytes response = {0};
  read_response(conn, &response);
  append(&response, "", 1);
  assert_string_equal((char *)response.data, text);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  wsabi_conn_free(conn);
  clear(&response);
}

static void decisions(void **state) {
  (void)state;
  wsabi_header headers[] = {{slice("X-Name"), slice("Value")}};
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.headers = headers;
  response.header_count = 1;

  wsabi_conn *conn = undecided(&HTTP_1_ROW);
  check(wsabi_conn_accept(conn, NULL, 0, &response));
  expect_response(conn, "101\n" ACCEPTED "X-Name: Value\n\n");
  conn = undecided(&HTTP_2_ROW);
  response.status = 101;
  assert_int_equal(wsabi_conn_accept(conn, NULL, 0, &response), WSABI_ERR_ARGUMENT);
  response.status = 200;
  check(wsabi_conn_accept(conn, NULL, 0, &response));
  expect_response(conn, "200\nx-name: Value\n\n");

  response.status = 403;
  response.body = "no\n";
  response.body_len = 3;
  conn = undecided(&HTTP_1_ROW);
  check(wsabi_conn_reject(conn, &response));
  assert_int_equal(wsabi_conn_failure(conn), 0);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  expect_response(conn, "403\nConnection: close\nX-Name: Value\nContent-Length: 3\n\nno\n");
  conn = undecided(&HTTP_2_ROW);
  check(wsabi_conn_reject(conn, &response));
  expect_response(conn, "403\nx-name: Value\ncontent-length: 3\n\nno\n");

  conn = undecided(&HTTP_2_ROW);
  check(wsabi_conn_redirect(conn, 307, "/b", 2));
  expect_response(conn, "307\nlocation: /b\ncontent-length: 0\n\n");
  conn = undecided(&HTTP_2_ROW);
  check(wsabi_conn_challenge(conn, "Basic", 5));
  expect_response(conn, "401\nwww-authenticate: Basic\ncontent-length: 0\n\n");
}

// The Close is a frame: the host gets it as output, behind the response in parts.
static void accept_then_close(void **state) {
  (void)state;
  wsabi_conn *conn = undecided(&HTTP_2_ROW);
  check(wsabi_conn_accept_then_close(conn, 4000, "no", 2));
  bytes response = {0}, sent = {0}, answer = wire("88 82 M 0fa0");
  read_response(conn, &response);
  assert_true(starts_with((char *)response.data, "200\n"));
  take_output(conn, &sent);
  assert_int_equal(sent.len, 6);
  assert_memory_equal(sent.data, "\x88\x04\x0f\xa0no", 6);
  transcript t = {0};
  feed(conn, &answer, (feeding){.cap = 1}, &t);
  assert_string_equal(t.events, "C4000 ");
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  wsabi_conn_free(conn);
  clear(&response);
  clear(&sent);
  clear(&answer);
  clear_transcript(&t);
}

static void plain_http(void **state) {
  (void)state;
  static const row PLAIN[] = {{"HTTP/1.1", HTTP_1("/page", HOST), 0, 0, NULL},
                              {"HTTP/2", WSABI_HTTP_2, "GET", "/page", "a", "", "", 0, 0, NULL}};
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_PLAIN_HTTP, 1));
  for (size_t i = 0; i < 2; i++) {
    wsabi_conn *conn;
    check(wsabi_conn_new_server(config, &conn));
    assert_int_equal(give(conn, &PLAIN[i]).type, WSABI_EVENT_HTTP_REQUEST);
    assert_int_equal(wsabi_conn_accept(conn, NULL, 0, NULL), WSABI_ERR_STATE);
    wsabi_response response = WSABI_RESPONSE_INIT;
    response.status = 200;
    response.body = "page";
    response.body_len = 4;
    check(wsabi_conn_reject(conn, &response));
    expect_response(conn, i == 0 ? "200\nConnection: close\nContent-Length: 4\n\npage"
                                 : "200\ncontent-length: 4\n\npage");
  }
  wsabi_config_free(config);
}

static void auto_accept(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, 1));
  check(wsabi_config_add_resource(config, "/chat", 5));
  wsabi_conn *conn;
  check(wsabi_conn_new_server(config, &conn));
  assert_int_equal(give(conn, &HTTP_2_ROW).type, WSABI_EVENT_OPEN);
  expect_response(conn, "200\n\n");
  check(wsabi_conn_new_server(config, &conn));
  row other = HTTP_2_ROW;
  other.target = "/other";
  wsabi_event event = give(conn, &other);
  assert_int_equal(event.type, WSABI_EVENT_FAILED);
  assert_int_equal(event.code, 404);
  wsabi_conn_free(conn);
  wsabi_config_free(config);
}

// RFC 9113 8.3.1: what the request says is read as that of HTTP/1.1.
static void the_request_can_be_read(void **state) {
  (void)state;
  wsabi_conn *conn = undecided(&HTTP_2_ROW);
  wsabi_slice s;
  wsabi_header h;
  check(wsabi_conn_head_method(conn, &s));
  assert_memory_equal(s.data, "CONNECT", s.len);
  check(wsabi_conn_head_host(conn, &s));
  assert_int_equal(s.len, 11);
  assert_memory_equal(s.data, "example.com", s.len);
  check(wsabi_conn_head_path(conn, &s));
  assert_memory_equal(s.data, "/chat", s.len);
  check(wsabi_conn_head_at(conn, 0, &h));
  assert_memory_equal(h.name.data, "sec-websocket-version", h.name.len);
  wsabi_conn_free(conn);
}

// The limits of a head hold for one that somebody else parsed.
static void limits(void **state) {
  (void)state;
  static char value[20000];
  memset(value, 'x', sizeof value);
  static wsabi_header headers[101];
  for (size_t i = 0; i < 101; i++) {
    headers[i] = (wsabi_header){slice("X-A"), slice("b")};
  }
  for (int many = 0; many < 2; many++) {
    wsabi_request request = WSABI_REQUEST_INIT;
    request.method = slice("GET");
    request.target = many ? slice("/") : (wsabi_slice){value, sizeof value};
    request.headers = headers;
    request.header_count = many ? 101 : 0;
    wsabi_conn *conn;
    wsabi_event event;
    size_t count;
    check(wsabi_conn_new_server(NULL, &conn));
    check(wsabi_conn_recv_request(conn, &request, &event, 1, &count));
    assert_int_equal(event.code, 431);
    assert_int_equal(wsabi_conn_failure(conn), many ? WSABI_FAILURE_TOO_MANY_HEADERS : WSABI_FAILURE_HEAD_TOO_LONG);
    wsabi_conn_free(conn);
  }
}

// A NUL, which no row holds, and other octets that end a field somewhere.
static void octets_that_no_field_has(void **state) {
  (void)state;
  static const char BAD[] = {'\0', '\r', '\n', '\x01', '\x7f'};
  for (size_t i = 0; i < sizeof BAD; i++) {
    const char text[] = {'x', BAD[i], 'y'};
    const wsabi_slice bad = {text, sizeof text};
    for (int place = 0; place < 5; place++) {
      wsabi_header header = {place == 0 ? bad : slice("X-A"), place == 1 ? bad : slice("b")};
      wsabi_request request = WSABI_REQUEST_INIT;
      request.version = WSABI_HTTP_2;
      request.method = place == 2 ? bad : slice("CONNECT");
      request.target = place == 3 ? bad : slice("/");
      request.authority = place == 4 ? bad : slice("a");
      request.protocol = slice("websocket");
      request.headers = &header;
      request.header_count = 1;
      wsabi_conn *conn;
      wsabi_event event;
      size_t count;
      check(wsabi_conn_new_server(NULL, &conn));
      check(wsabi_conn_recv_request(conn, &request, &event, 1, &count));
      assert_int_equal(event.type, WSABI_EVENT_FAILED);
      assert_int_equal(event.code, 400);
      wsabi_conn_free(conn);
    }
  }
}

// It is for a fresh connection of the server's side.
static void not_fresh(void **state) {
  (void)state;
  wsabi_request request = WSABI_REQUEST_INIT;
  request.method = slice("GET");
  request.target = slice("/");
  wsabi_client_request asked = WSABI_CLIENT_REQUEST_INIT;
  asked.host = slice("a");
  asked.target = slice("/");
  wsabi_conn *conns[4];
  check(wsabi_conn_new_client(NULL, &asked, &conns[0]));
  check(wsabi_conn_new_open(NULL, WSABI_ROLE_SERVER, NULL, 0, &conns[1]));
  conns[2] = undecided_conn(NULL, WITH(""));
  check(wsabi_conn_new_server(NULL, &conns[3]));
  wsabi_event event;
  size_t used, count;
  uint8_t octets[] = {'G'};
  check(wsabi_conn_recv(conns[3], octets, 1, &used, &event, 1, &count));
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(wsabi_conn_recv_request(conns[i], &request, &event, 1, &count), WSABI_ERR_STATE);
    wsabi_conn_free(conns[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests),
      cmocka_unit_test(decisions),
      cmocka_unit_test(accept_then_close),
      cmocka_unit_test(plain_http),
      cmocka_unit_test(auto_accept),
      cmocka_unit_test(the_request_can_be_read),
      cmocka_unit_test(limits),
      cmocka_unit_test(octets_that_no_field_has),
      cmocka_unit_test(not_fresh),
  };
  return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
