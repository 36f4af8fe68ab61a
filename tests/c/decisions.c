// Decisions of the application on a request: what it can read, every way to
// accept and to refuse, and what cannot be sent.

#include "support.h"

// ---- What the request says ----

static void the_head_can_be_read(void **state) {
  (void)state;
  wsabi_conn *conn = undecided_conn(NULL, WITH("X-A: 1\r\nx-a:  2 \r\nSec-WebSocket-Protocol: a, b\r\n"
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

// ---- Targets ----

static const struct {
  const char *target, *path, *query;  // no query: NULL
} targets[] = {
    {"/", "/", NULL},
    {"/chat?", "/chat", ""},
    {"/chat?room=1", "/chat", "room=1"},
    {"/a//b/../c?d?e", "/a//b/../c", "d?e"},
    {"/%41%00", "/%41%00", NULL},
    {"//a/b", "//a/b", NULL},
    {"http://example.com", "/", NULL},
    {"http://example.com?a", "/", "a"},
    {"https://example.com:8080/chat?a", "/chat", "a"},
    {"ws://example.com/", "/", NULL},
    {"WSS://example.com/a://b", "/a://b", NULL},
    {"/http://a/b", "/http://a/b", NULL},
    {"/?a=http://b/c", "/", "a=http://b/c"},
};

static void paths_and_queries(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s\r\n", targets[i].target,
             HOST UPGRADE CONNECTION KEY VERSION);
    wsabi_conn *conn = undecided_conn(NULL, request);
    wsabi_slice path, query = slice("untouched");
    check(wsabi_conn_head_path(conn, &path));
    if (path.len != strlen(targets[i].path) || memcmp(path.data, targets[i].path, path.len) != 0) {
      fail_case(targets[i].target, "the path is %.*s", (int)path.len, path.data);
    }
    const char *want = targets[i].query == NULL ? "untouched" : targets[i].query;
    assert_int_equal(wsabi_conn_head_query(conn, &query), targets[i].query == NULL ? WSABI_ERR_NOT_FOUND : WSABI_OK);
    if (query.len != strlen(want) || memcmp(query.data, want, query.len) != 0) {
      fail_case(targets[i].target, "the query is %.*s", (int)query.len, query.data);
    }
    wsabi_conn_free(conn);
  }
}

// application/x-www-form-urlencoded.
static const struct {
  const char *query, *name, *value;  // no such parameter: NULL
} parameters[] = {
    {"token=a", "token", "a"},
    {"a=b&token=c&token=d", "token", "c"},
    {"token=", "token", ""},
    {"token", "token", ""},
    {"token=a=b", "token", "a=b"},
    {"token=a%20b+c%2B", "token", "a b c+"},
    {"t%6Fken=a", "token", "a"},
    {"token=%C3%a9", "token", "\xc3\xa9"},
    {"token=%", "token", "%"},
    {"token=%4", "token", "%4"},
    {"token=%zz%41", "token", "%zzA"},
    {"token=%%34%31", "token", "%41"},
    {"token=a;token=b", "token", "a;token=b"},
    {"&&token=a&", "token", "a"},
    {"=a", "", "a"},
    {"a+b=c", "a b", "c"},
    {"token=a?token=b", "token", "a?token=b"},
    {"", "token", NULL},
    {"tokens=a", "token", NULL},
    {"atoken=a", "token", NULL},
    {"Token=a", "token", NULL},
    {"a=token", "token", NULL},
    {"a=b%26token=c", "token", NULL},
    {"token%3Da", "token", NULL},
};

static void query_parameters(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
    char request[256];
    snprintf(request, sizeof request, "GET /chat?%s HTTP/1.1\r\n%s\r\n", parameters[i].query,
             HOST UPGRADE CONNECTION KEY VERSION);
    wsabi_conn *conn = undecided_conn(NULL, request);
    const char *name = parameters[i].name, *want = parameters[i].value;
    size_t want_len = want == NULL ? 0 : strlen(want);
    for (size_t cap = 0; cap <= want_len + 1; cap++) {
      uint8_t *buffer = malloc(cap);
      size_t len = 99;
      wsabi_status got = wsabi_conn_head_query_parameter(conn, name, strlen(name), buffer, cap, &len);
      size_t copied = cap < want_len ? cap : want_len;
      if (got != (want == NULL ? WSABI_ERR_NOT_FOUND : WSABI_OK) || len != (want == NULL ? 99 : want_len) ||
          (copied > 0 && memcmp(buffer, want, copied) != 0)) {
        fail_case(parameters[i].query, "status %d, %zu octets: %.*s", got, len, (int)copied, (char *)buffer);
      }
      free(buffer);
    }
    wsabi_conn_free(conn);
  }
  // A NUL is an octet like others.
  wsabi_conn *conn = undecided_conn(NULL, WITH_LINE("GET /?%00=a%00b HTTP/1.1\r\n"));
  uint8_t buffer[8];
  size_t len;
  check(wsabi_conn_head_query_parameter(conn, "\0", 1, buffer, sizeof buffer, &len));
  assert_int_equal(len, 3);
  assert_memory_equal(buffer, "a\0b", 3);
  wsabi_conn_free(conn);
}

static void host_and_origin(void **state) {
  (void)state;
  wsabi_slice s;
  wsabi_conn *conn = undecided_conn(NULL, WITH("ORIGIN:  https://a.example \r\nOrigin: null\r\n"));
  check(wsabi_conn_head_host(conn, &s));
  assert_int_equal(s.len, 11);
  assert_memory_equal(s.data, "example.com", 11);
  check(wsabi_conn_head_origin(conn, &s));
  assert_int_equal(s.len, 17);
  assert_memory_equal(s.data, "https://a.example", 17);
  wsabi_conn_free(conn);
  conn = undecided_conn(NULL, WITH(""));
  assert_int_equal(wsabi_conn_head_origin(conn, &s), WSABI_ERR_NOT_FOUND);
  wsabi_conn_free(conn);
}

// ---- Decisions ----

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
    wsabi_conn *conn = undecided_conn(config, request);
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
  wsabi_conn *conn = undecided_conn(NULL, WITH("Sec-WebSocket-Protocol: a, b\r\n"));
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

static void accept_with_headers(void **state) {
  (void)state;
  wsabi_conn *conn = undecided_conn(NULL, WITH(""));
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

// Rule 5: the target outlives the decision, whose arguments may point into the
// request too.
static void the_target_outlives_the_decision(void **state) {
  (void)state;
  static const char request[] = WITH_LINE("GET /chat HTTP/1.1\r\nSec-WebSocket-Protocol: a\r\n");
  for (int decision = 0; decision < 4; decision++) {
    wsabi_conn *conn;
    check(wsabi_conn_new_server(NULL, &conn));
    uint8_t *octets = malloc(sizeof request - 1);
    memcpy(octets, request, sizeof request - 1);
    wsabi_event event;
    wsabi_slice name, path;
    size_t used, count;
    check(wsabi_conn_recv(conn, octets, sizeof request - 1, &used, &event, 1, &count));
    free(octets);
    check(wsabi_conn_offered_subprotocol(conn, 0, &name));
    check(wsabi_conn_head_path(conn, &path));
    switch (decision) {
    case 0: check(wsabi_conn_accept(conn, name.data, name.len, NULL)); break;
    case 1: check(wsabi_conn_redirect(conn, 302, path.data, path.len)); break;
    case 2: check(wsabi_conn_challenge(conn, name.data, name.len)); break;
    case 3: check(wsabi_conn_accept_then_close(conn, 1000, path.data, path.len)); break;
    }
    assert_int_equal(event.len, 5);
    assert_memory_equal(event.data, "/chat", 5);
    wsabi_conn_free(conn);
  }
}

// A browser's script sees a Close, not a response that refuses; and it gets as far
// only with a subprotocol that it offered.
static void accept_then_close(void **state) {
  (void)state;
  static const char *const OFFERS[][2] = {
      {WITH(""), "\r\n\r\n\x88\x04\x0f\xa0no"},
      {WITH("Sec-WebSocket-Protocol: b, a\r\n"), "\r\nSec-WebSocket-Protocol: b\r\n\r\n\x88\x04\x0f\xa0no"}};
  for (size_t i = 0; i < 2; i++) {
    wsabi_conn *conn = undecided_conn(NULL, OFFERS[i][0]);
    check(wsabi_conn_accept_then_close(conn, 4000, "no", 2));
    assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CLOSING);
    assert_int_equal(wsabi_conn_failure(conn), 0);
    assert_int_equal(wsabi_conn_send_text(conn, "a", 1), WSABI_ERR_STATE);
    transcript t = {0};
    take_output(conn, &t.output);
    assert_true(starts_with((char *)t.output.data, "HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(contains(&t.output, OFFERS[i][1]));
    // What came before the peer's Close is told.
    bytes input = wire("82 81 M 'x'; 88 82 M 0fa0");
    feed(conn, &input, (feeding){.cap = 1, .cut = 3}, &t);
    assert_string_equal(t.events, "B1 C4000 ");
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
    wsabi_conn_free(conn);
    clear(&input);
    clear_transcript(&t);
  }
  for (unsigned code = 0; code <= 5000; code++) {
    bool allowed = code == 0 || (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                   (code >= 3000 && code <= 4999);
    wsabi_conn *conn = undecided_conn(NULL, WITH(""));
    if (wsabi_conn_accept_then_close(conn, (uint16_t)code, NULL, 0) != (allowed ? WSABI_OK : WSABI_ERR_ARGUMENT)) {
      fail_case("accept_then_close", "code %u", code);
    }
    wsabi_conn_free(conn);
  }
}

// RFC 9110 15.5.2: 401 has a challenge.
static void challenges(void **state) {
  (void)state;
  wsabi_conn *conn = undecided_conn(NULL, WITH(""));
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.status = 401;
  assert_int_equal(wsabi_conn_reject(conn, &response), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_challenge(conn, "", 0), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  check(wsabi_conn_challenge(conn, "Basic realm=\"a\"", 15));
  bytes sent = {0};
  take_output(conn, &sent);
  check_refusal("challenge", &sent, 401, true);
  assert_true(contains(&sent, "\r\nWWW-Authenticate: Basic realm=\"a\"\r\n"));
  clear(&sent);
  wsabi_conn_free(conn);
}

// Every status from 300 to 599 is a complete response, others are refused.
static void reject_with_every_status(void **state) {
  (void)state;
  wsabi_header headers[] = {{slice("WWW-Authenticate"), slice("Basic")},
                            {slice("Content-Type"), slice("text/plain")}};
  for (uint32_t status = 0; status <= 700; status++) {
    wsabi_conn *conn = undecided_conn(NULL, WITH(""));
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
    wsabi_conn *conn = undecided_conn(NULL, WITH(""));
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
  wsabi_conn *conn = undecided_conn(config, WITH(""));
  uint8_t octets[1000] = {0};
  wsabi_event event;
  size_t used, count, kept = 0;
  wsabi_status status = WSABI_OK;
  // The largest message, and the 1 MiB that one read may hold.
  size_t most = 1000 + 1024 * 1024;
  while (kept < 2 * most && status == WSABI_OK) {
    status = wsabi_conn_recv(conn, octets, sizeof octets, &used, &event, 1, &count);
    kept += status == WSABI_OK ? used : 0;
  }
  assert_int_equal(status, WSABI_ERR_LIMIT);
  assert_in_range(kept, most - sizeof octets, most);
  wsabi_conn_free(conn);
  wsabi_config_free(config);
}

static void auto_accept(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, 1));
  check(wsabi_config_add_subprotocol(config, "a", 1));
  bytes input = {0}, message = wire("81 85 M 'Hello'");
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
    assert_true(contains(&t.output, "\x81\x05Hello"));
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
        check(wsabi_conn_respond(conn, 200, "text/plain", 10, "hello", 5));
        take_output(conn, &t.output);
        assert_true(contains(&t.output, "\r\nContent-Type: text/plain\r\n"));
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

// ---- Injection ----

// Strings of the application's, and a call that takes one. Each returns a status,
// and changes nothing when that is not WSABI_OK.
typedef wsabi_status taker(wsabi_config *config, wsabi_conn *conn, wsabi_slice text);

static wsabi_status as_field(wsabi_conn *conn, wsabi_header header, bool accepts) {
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.headers = &header;
  response.header_count = 1;
  if (accepts) return wsabi_conn_accept(conn, NULL, 0, &response);
  response.status = 403;
  return wsabi_conn_reject(conn, &response);
}

static wsabi_status as_client(wsabi_client_request request) {
  if (request.host.data == NULL) {
    request.host = slice("example.com");
  }
  if (request.target.data == NULL) {
    request.target = slice("/");
  }
  wsabi_conn *conn = NULL;
  wsabi_status status = wsabi_conn_new_client(NULL, &request, &conn);
  assert_int_equal(conn != NULL, status == WSABI_OK);
  wsabi_conn_free(conn);
  return status;
}

#define UNUSED __attribute__((unused))
#define TAKER(name) \
  static wsabi_status name(UNUSED wsabi_config *config, UNUSED wsabi_conn *conn, wsabi_slice text)

TAKER(accept_field_name) {
  return as_field(conn, (wsabi_header){text, slice("v")}, true);
}

TAKER(accept_field_value) {
  return as_field(conn, (wsabi_header){slice("X-A"), text}, true);
}

TAKER(reject_field_name) {
  return as_field(conn, (wsabi_header){text, slice("v")}, false);
}

TAKER(reject_field_value) {
  return as_field(conn, (wsabi_header){slice("X-A"), text}, false);
}

TAKER(accepted_subprotocol) {
  return wsabi_conn_accept(conn, text.data, text.len, NULL);
}

TAKER(location) {
  return wsabi_conn_redirect(conn, 302, text.data, text.len);
}

TAKER(challenge) {
  return wsabi_conn_challenge(conn, text.data, text.len);
}

TAKER(config_subprotocol) {
  return wsabi_config_add_subprotocol(config, text.data, text.len);
}

TAKER(config_origin) {
  return wsabi_config_add_origin(config, text.data, text.len);
}

TAKER(config_resource) {
  return wsabi_config_add_resource(config, text.data, text.len);
}

TAKER(accept_by_field_value) {
  wsabi_header header = {slice("X-A"), text};
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.headers = &header;
  response.header_count = 1;
  return wsabi_conn_accept_by(conn, config, &response);
}

TAKER(open_subprotocol) {
  wsabi_conn *open = NULL;
  wsabi_status status = wsabi_conn_new_open(NULL, WSABI_ROLE_SERVER, text.data, text.len, &open);
  assert_int_equal(open != NULL, status == WSABI_OK);
  wsabi_conn_free(open);
  return status;
}

TAKER(client_host) {
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = text;
  return as_client(request);
}

TAKER(client_target) {
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.target = text;
  return as_client(request);
}

TAKER(client_origin) {
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.origin = text;
  return as_client(request);
}

TAKER(client_field_name) {
  wsabi_header header = {text, slice("v")};
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.headers = &header;
  request.header_count = 1;
  return as_client(request);
}

TAKER(client_field_value) {
  wsabi_header header = {slice("X-A"), text};
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.headers = &header;
  request.header_count = 1;
  return as_client(request);
}

typedef enum { TOKEN, VALUE, URI, ORIGIN, HOST_PORT } grammar;

static const struct {
  const char *name;
  taker *take;
  const char *start;  // what stands in front of the octets, so that they alone are wrong
  grammar grammar;
} strings[] = {
    {"name of a field, accept", accept_field_name, "X-", TOKEN},
    {"value of a field, accept", accept_field_value, "", VALUE},
    {"value of a field, accept_by", accept_by_field_value, "", VALUE},
    {"name of a field, reject", reject_field_name, "X-", TOKEN},
    {"value of a field, reject", reject_field_value, "", VALUE},
    {"subprotocol, accept", accepted_subprotocol, "a", TOKEN},
    {"location", location, "/", URI},
    {"challenge", challenge, "Basic", VALUE},
    {"subprotocol, config", config_subprotocol, "a", TOKEN},
    {"origin, config", config_origin, "https://a", ORIGIN},
    {"resource, config", config_resource, "/", URI},
    {"subprotocol, open", open_subprotocol, "a", TOKEN},
    {"host, client", client_host, "a", HOST_PORT},
    {"target, client", client_target, "/", URI},
    {"origin, client", client_origin, "https://a", ORIGIN},
    {"name of a field, client", client_field_name, "X-", TOKEN},
    {"value of a field, client", client_field_value, "", VALUE},
};

static const struct {
  const char *octets;
  size_t len;
  unsigned allowed;  // bits of grammars
} injected[] = {
    {"\r\n", 2, 0},     {"\r", 1, 0},    {"\n", 1, 0},
    {"\0", 1, 0},       {"\x7f", 1, 0},  {"\x01", 1, 0},
    {"\x1b", 1, 0},     {"\r\nX: y", 6, 0}, {"\n\n", 2, 0},
    {" ", 1, 1 << VALUE},
    {"\t", 1, 1 << VALUE},
    {"\xc3\xa9", 2, 1 << VALUE},
    {"\"", 1, 1 << VALUE | 1 << URI},
    {"(", 1, 1 << VALUE | 1 << URI | 1 << ORIGIN | 1 << HOST_PORT},
    {"/", 1, 1 << VALUE | 1 << URI},
    {"@", 1, 1 << VALUE | 1 << URI},
    {",", 1, 1 << VALUE | 1 << URI | 1 << ORIGIN | 1 << HOST_PORT},
};

// No octet that could end a line or a field gets onto the wire, whatever string
// it comes in; and a call that refuses one changes nothing.
static void injection(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  wsabi_conn *conn = undecided_conn(NULL, WITH("Sec-WebSocket-Protocol: a\r\n"));
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    for (size_t j = 0; j < sizeof injected / sizeof *injected; j++) {
      if (injected[j].allowed & 1U << strings[i].grammar) continue;
      for (int at_end = 0; at_end < 2; at_end++) {
        bytes text = {0};
        append_text(&text, strings[i].start);
        append(&text, injected[j].octets, injected[j].len);
        append_text(&text, at_end ? "" : "b");
        wsabi_status got = strings[i].take(config, conn, (wsabi_slice){(char *)text.data, text.len});
        if (got != WSABI_ERR_ARGUMENT) {
          fail_case(strings[i].name, "row %zu gives %d", j, got);
        }
        clear(&text);
      }
    }
  }
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  // The config is as it was: everybody is taken.
  check(wsabi_conn_accept_by(conn, config, NULL));
  assert_int_equal(wsabi_conn_failure(conn), 0);
  wsabi_conn_free(conn);
  wsabi_config_free(config);
}

// What may stand in these strings is taken.
static void what_is_no_injection(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    for (size_t j = 0; j < sizeof injected / sizeof *injected; j++) {
      bytes text = {0};
      append_text(&text, strings[i].start);
      append(&text, injected[j].octets, injected[j].len);
      append_text(&text, "b");
      if (injected[j].allowed & 1U << strings[i].grammar) {
        wsabi_config *config;
        check(wsabi_config_new(&config));
        wsabi_conn *conn = undecided_conn(NULL, WITH(""));
        wsabi_status got = strings[i].take(config, conn, (wsabi_slice){(char *)text.data, text.len});
        if (got != WSABI_OK) {
          fail_case(strings[i].name, "row %zu gives %d", j, got);
        }
        wsabi_conn_free(conn);
        wsabi_config_free(config);
      }
      clear(&text);
    }
  }
}

// Reasons of a Close are payload, but they are UTF-8 (5.5.1).
static void reasons(void **state) {
  (void)state;
  static const char LONG_REASON[125] = {0};
  static const struct {
    const char *octets;
    size_t len;
    wsabi_status status;
  } REASONS[] = {
      {"\r\n", 2, WSABI_OK},           {"\0", 1, WSABI_OK},
      {LONG_REASON, 123, WSABI_OK},    {LONG_REASON, 124, WSABI_ERR_ARGUMENT},
      {"\xff", 1, WSABI_ERR_ARGUMENT}, {"\xed\xa0\x80", 3, WSABI_ERR_ARGUMENT},
      {"a\xc3", 2, WSABI_ERR_ARGUMENT},
  };
  for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
    wsabi_config *config;
    check(wsabi_config_new(&config));
    assert_int_equal(wsabi_config_set_close_reason(config, REASONS[i].octets, REASONS[i].len), REASONS[i].status);
    wsabi_config_free(config);
    wsabi_conn *conn = undecided_conn(NULL, WITH(""));
    assert_int_equal(wsabi_conn_accept_then_close(conn, 4000, REASONS[i].octets, REASONS[i].len), REASONS[i].status);
    assert_int_equal(wsabi_conn_output_size(conn) > 0, REASONS[i].status == WSABI_OK);
    wsabi_conn_free(conn);
  }
}

// What the library says by itself.
static void reserved_names(void **state) {
  (void)state;
  static const char *const RESERVED[] = {
      "",        "Content-Length",         "connection",               "Upgrade",
      "Trailer", "Transfer-Encoding",      "Sec-WebSocket-Accept",     "Keep-Alive",
      "sec-websocket-protocol", "Sec-WebSocket-Extensions", "SEC-WEBSOCKET-VERSION", "Sec-WebSocket-Other"};
  wsabi_conn *conn = undecided_conn(NULL, WITH(""));
  for (size_t i = 0; i < sizeof RESERVED / sizeof *RESERVED; i++) {
    static taker *const TAKERS[] = {accept_field_name, reject_field_name, client_field_name};
    for (size_t j = 0; j < 3; j++) {
      if (TAKERS[j](NULL, conn, slice(RESERVED[i])) != WSABI_ERR_ARGUMENT) {
        fail_case(RESERVED[i], "is taken from the application");
      }
    }
  }
  assert_int_equal(client_field_name(NULL, NULL, slice("Host")), WSABI_ERR_ARGUMENT);
  assert_int_equal(client_field_name(NULL, NULL, slice("origin")), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  wsabi_conn_free(conn);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_head_can_be_read),
      cmocka_unit_test(paths_and_queries),
      cmocka_unit_test(query_parameters),
      cmocka_unit_test(host_and_origin),
      cmocka_unit_test(subprotocol_choice),
      cmocka_unit_test(subprotocol_by_the_application),
      cmocka_unit_test(accept_with_headers),
      cmocka_unit_test(the_target_outlives_the_decision),
      cmocka_unit_test(accept_then_close),
      cmocka_unit_test(challenges),
      cmocka_unit_test(reject_with_every_status),
      cmocka_unit_test(redirects),
      cmocka_unit_test(octets_behind_the_head_are_kept),
      cmocka_unit_test(kept_octets_are_bounded),
      cmocka_unit_test(auto_accept),
      cmocka_unit_test(plain_http),
      cmocka_unit_test(injection),
      cmocka_unit_test(what_is_no_injection),
      cmocka_unit_test(reasons),
      cmocka_unit_test(reserved_names),
  };
  return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
