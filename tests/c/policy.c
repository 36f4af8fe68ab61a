// The policy of a config, which decides on requests without code: subprotocols,
// origins, resources. Every answer is compared octet by octet.

#include "support.h"

#define OPENED                             \
  "HTTP/1.1 101 Switching Protocols\r\n"   \
  "Upgrade: websocket\r\n"                 \
  "Connection: Upgrade\r\n"                \
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void add_subprotocol(wsabi_config *config, const char *name) {
  check(wsabi_config_add_subprotocol(config, name, strlen(name)));
}

// ---- Answers ----

static bytes opened(const char *subprotocol) {
  bytes b = {0};
  append_text(&b, OPENED);
  if (subprotocol[0] != '\0') {
    append_text(&b, "Sec-WebSocket-Protocol: ");
    append_text(&b, subprotocol);
    append_text(&b, "\r\n");
  }
  append_text(&b, "\r\n");
  return b;
}

static bytes refused(const char *status, wsabi_failure failure) {
  char head[256];
  const char *text = wsabi_failure_text(failure);
  snprintf(head, sizeof head,
           "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Length: %zu\r\n\r\n%s\n",
           status, strlen(text) + 1, text);
  bytes b = {0};
  append_text(&b, head);
  return b;
}

static void append_close(bytes *b, uint16_t code, const char *reason) {
  uint8_t start[] = {0x88, (uint8_t)(2 + strlen(reason)), (uint8_t)(code >> 8), (uint8_t)code};
  append(b, start, sizeof start);
  append_text(b, reason);
}

// ---- Ways to a decision ----

typedef enum { BY_ACCEPT, BY_ACCEPT_BY, AUTOMATICALLY } way;

// Lets the policy decide on a request, in one of the ways.
static wsabi_conn *decide(way how, wsabi_config *policy, const char *request, bytes *output, transcript *t) {
  wsabi_conn *conn;
  check(wsabi_conn_new_server(how == BY_ACCEPT_BY ? NULL : policy, &conn));
  bytes input = {0};
  append_text(&input, request);
  if (how == BY_ACCEPT_BY) {
    wsabi_event event;
    size_t used, count;
    check(wsabi_conn_recv(conn, input.data, input.len, &used, &event, 1, &count));
    assert_int_equal(event.type, WSABI_EVENT_REQUEST);
    check(wsabi_conn_accept_by(conn, policy, NULL));
  } else {
    feed(conn, &input, (feeding){.cap = 1}, t);
  }
  take_output(conn, output);
  clear(&input);
  return conn;
}

// ---- Subprotocols ----

static const char REASON[] = "no subprotocol \xe2\x86\x92 no conversation";

typedef enum { ABSENT, MISMATCH, ONE, TWO, OFFERS } offer;

static const struct {
  const char *request;
  const char *chosen[2];  // by the server's order, by the client's
  const char *first;      // of the client's offers
  wsabi_failure failure;
} offers[OFFERS] = {
    [ABSENT] = {WITH(""), {"", ""}, "", WSABI_FAILURE_SUBPROTOCOL_ABSENT},
    [MISMATCH] = {WITH("Sec-WebSocket-Protocol: v3, V1\r\n"), {"", ""}, "v3", WSABI_FAILURE_SUBPROTOCOL_MISMATCH},
    [ONE] = {WITH("Sec-WebSocket-Protocol: v3\r\nSec-WebSocket-Protocol: v1\r\n"), {"v1", "v1"}, "v3", 0},
    [TWO] = {WITH("Sec-WebSocket-Protocol: v3, v1, v2\r\n"), {"v2", "v1"}, "v3", 0},
};

static wsabi_config *subprotocol_policy(uint64_t absent, uint64_t mismatch, uint64_t preference, bool automatic) {
  wsabi_config *config;
  check(wsabi_config_new(&config));
  add_subprotocol(config, "v2");
  add_subprotocol(config, "v1");
  check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_ABSENT, absent));
  check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_MISMATCH, mismatch));
  check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_PREFERENCE, preference));
  check(wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, automatic));
  check(wsabi_config_set_close_reason(config, REASON, strlen(REASON)));
  return config;
}

static void check_choice(wsabi_config *config, way how, offer o, uint64_t preference, uint64_t action) {
  bool accepts = offers[o].failure == 0 || action == WSABI_POLICY_ACCEPT;
  bool closes = !accepts && action == WSABI_POLICY_CLOSE;
  const char *name = closes ? offers[o].first : offers[o].chosen[preference];
  bytes want = accepts || closes ? opened(name) : refused("400 Bad Request", offers[o].failure);
  if (closes) {
    append_close(&want, 1008, REASON);
  }

  bytes sent = {0};
  transcript t = {0};
  wsabi_conn *conn = decide(how, config, offers[o].request, &sent, &t);
  if (!equal(&sent, &want)) {
    fail_case(offers[o].request, "way %d, preference %d, policy %d: %.*s", how, (int)preference, (int)action,
              (int)sent.len, (char *)sent.data);
  }
  if (how == AUTOMATICALLY) {
    assert_string_equal(t.events, accepts ? "OPEN " : closes ? "F1008 " : "F400 ");
  }
  assert_int_equal(wsabi_conn_state(conn), accepts  ? WSABI_STATE_OPEN
                                           : closes ? WSABI_STATE_CLOSING
                                                    : WSABI_STATE_CLOSED);
  assert_int_equal(wsabi_conn_failure(conn), accepts ? 0 : offers[o].failure);
  assert_int_equal(wsabi_conn_interest(conn), accepts || closes
                                                  ? WSABI_INTEREST_READ
                                                  : WSABI_INTEREST_READ | WSABI_INTEREST_SHUTDOWN_WRITE);
  wsabi_slice chosen;
  check(wsabi_conn_subprotocol(conn, &chosen));
  assert_int_equal(chosen.len, accepts || closes ? strlen(name) : 0);
  if (closes) {
    // The closing handshake goes its way.
    bytes answer = wire("88 82 M 03f0");
    t.events[0] = '\0';
    feed(conn, &answer, (feeding){.cap = 1, .piece = 1}, &t);
    assert_string_equal(t.events, "C1008 ");
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
    clear(&answer);
  }
  wsabi_conn_free(conn);
  clear_transcript(&t);
  clear(&sent);
  clear(&want);
}

// 4.2.2, and every combination of what is configured and what is offered.
static void subprotocols(void **state) {
  (void)state;
  for (uint64_t absent = WSABI_POLICY_ACCEPT; absent <= WSABI_POLICY_CLOSE; absent++) {
    for (uint64_t mismatch = WSABI_POLICY_ACCEPT; mismatch <= WSABI_POLICY_CLOSE; mismatch++) {
      for (uint64_t preference = WSABI_PREFERENCE_SERVER; preference <= WSABI_PREFERENCE_CLIENT; preference++) {
        for (way how = BY_ACCEPT; how <= AUTOMATICALLY; how++) {
          wsabi_config *config = subprotocol_policy(absent, mismatch, preference, how == AUTOMATICALLY);
          for (offer o = ABSENT; o < OFFERS; o++) {
            check_choice(config, how, o, preference, o == ABSENT ? absent : mismatch);
          }
          wsabi_config_free(config);
        }
      }
    }
  }
}

// Without a subprotocol of its own a server takes everybody, and chooses none.
static void no_subprotocols(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_ABSENT, WSABI_POLICY_REJECT));
  check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_MISMATCH, WSABI_POLICY_CLOSE));
  bytes want = opened("");
  for (offer o = ABSENT; o < OFFERS; o++) {
    bytes sent = {0};
    transcript t = {0};
    wsabi_conn *conn = decide(BY_ACCEPT, config, offers[o].request, &sent, &t);
    assert_true(equal(&sent, &want));
    wsabi_conn_free(conn);
    clear(&sent);
    clear_transcript(&t);
  }
  clear(&want);
  wsabi_config_free(config);
}

// The status and the code of a policy that refuses.
static void other_codes(void **state) {
  (void)state;
  static const char *const LINES[] = {"403 Forbidden", "404 Not Found", "503 Service Unavailable"};
  for (size_t i = 0; i < 3; i++) {
    wsabi_config *config = subprotocol_policy(WSABI_POLICY_REJECT, WSABI_POLICY_CLOSE, 0, i == 0);
    check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, strtoul(LINES[i], NULL, 10)));
    check(wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 4000 + i));
    check(wsabi_config_set_close_reason(config, NULL, 0));
    bytes sent = {0}, want = refused(LINES[i], WSABI_FAILURE_SUBPROTOCOL_ABSENT);
    transcript t = {0};
    wsabi_conn_free(decide(BY_ACCEPT, config, offers[ABSENT].request, &sent, &t));
    assert_true(equal(&sent, &want));
    clear(&sent);
    clear(&want);
    want = opened("v3");
    append_close(&want, (uint16_t)(4000 + i), "");
    wsabi_conn_free(decide(BY_ACCEPT, config, offers[MISMATCH].request, &sent, &t));
    assert_true(equal(&sent, &want));
    if (i == 0) {
      assert_string_equal(t.events, "F403 F4000 ");
    }
    clear(&sent);
    clear(&want);
    clear_transcript(&t);
    wsabi_config_free(config);
  }
}

// Of a client that a policy closed nothing is told behind FAILED but its Close.
static void nothing_but_the_close(void **state) {
  (void)state;
  wsabi_config *config = subprotocol_policy(WSABI_POLICY_CLOSE, WSABI_POLICY_CLOSE, 0, true);
  bytes input = {0}, frames = wire("81 85 M 'Hello'; 88 82 M 03f0; 81 81 M 'x'");
  append_text(&input, WITH(""));
  append(&input, frames.data, frames.len);
  for (feeding how = {0}; next_feeding(input.len, &how);) {
    wsabi_conn *conn;
    check(wsabi_conn_new_server(config, &conn));
    transcript t = {0};
    feed(conn, &input, how, &t);
    assert_string_equal(t.events, "F1008 C1008 ");
    assert_int_equal(wsabi_conn_close_code(conn), 1008);
    wsabi_conn_free(conn);
    clear_transcript(&t);
  }
  clear(&input);
  clear(&frames);
  wsabi_config_free(config);
}

// ---- Origins ----

#define ALLOWED "https://example.com https://other.example:8443 http://[2001:db8::1] null"

static const struct {
  const char *name;
  const char *allowed;  // with spaces between; NULL: those of the host itself
  const char *request;  // without its first line, and without what every one has
  bool is_taken;
} origins[] = {
    {"one that is listed", ALLOWED, HOST "Origin: https://example.com\r\n", true},
    {"6454 4 the case of the scheme", ALLOWED, HOST "Origin: HTTPS://example.com\r\n", true},
    {"6454 4 the case of the host", ALLOWED, HOST "Origin: https://EXAMPLE.com\r\n", true},
    {"6454 4 the default port", ALLOWED, HOST "Origin: https://example.com:443\r\n", true},
    {"another port", ALLOWED, HOST "Origin: https://other.example:8443\r\n", true},
    {"an IPv6 address", ALLOWED, HOST "Origin: http://[2001:db8::1]\r\n", true},
    {"an IPv6 address in another case, with its port", ALLOWED, HOST "Origin: http://[2001:DB8::1]:80\r\n", true},
    {"6454 7 null, when it is listed", ALLOWED, HOST "Origin: null\r\n", true},
    {"9112 5 white space around it", ALLOWED, HOST "Origin: \thttps://example.com \r\n", true},

    {"none", ALLOWED, HOST, false},
    {"empty", ALLOWED, HOST "Origin:\r\n", false},
    {"null, when it is not listed", "https://example.com", HOST "Origin: null\r\n", false},
    {"null in another case", ALLOWED, HOST "Origin: NULL\r\n", false},
    {"another scheme", ALLOWED, HOST "Origin: http://example.com\r\n", false},
    {"another scheme with the port", ALLOWED, HOST "Origin: http://example.com:443\r\n", false},
    {"a port that is not listed", ALLOWED, HOST "Origin: https://example.com:8443\r\n", false},
    {"no port, where one is listed", ALLOWED, HOST "Origin: https://other.example\r\n", false},
    {"a name in front", ALLOWED, HOST "Origin: https://evil-example.com\r\n", false},
    {"letters in front", ALLOWED, HOST "Origin: https://evilexample.com\r\n", false},
    {"a subdomain", ALLOWED, HOST "Origin: https://a.example.com\r\n", false},
    {"a name behind", ALLOWED, HOST "Origin: https://example.com.evil\r\n", false},
    {"letters behind", ALLOWED, HOST "Origin: https://example.comevil\r\n", false},
    {"the start of it", ALLOWED, HOST "Origin: https://example.co\r\n", false},
    {"a dot behind", ALLOWED, HOST "Origin: https://example.com.\r\n", false},
    {"a user", ALLOWED, HOST "Origin: https://example.com@evil.example\r\n", false},
    {"a user in front", ALLOWED, HOST "Origin: https://evil@example.com\r\n", false},
    {"a path", ALLOWED, HOST "Origin: https://example.com/\r\n", false},
    {"a query", ALLOWED, HOST "Origin: https://example.com?a\r\n", false},
    {"a fragment", ALLOWED, HOST "Origin: https://example.com#a\r\n", false},
    {"no scheme", ALLOWED, HOST "Origin: example.com\r\n", false},
    {"no host", ALLOWED, HOST "Origin: https://\r\n", false},
    {"6454 7.1 a list", ALLOWED, HOST "Origin: https://example.com https://other.example:8443\r\n", false},
    {"a list with a comma", ALLOWED, HOST "Origin: https://example.com, https://example.com\r\n", false},
    {"two lines", ALLOWED, HOST "Origin: https://example.com\r\nOrigin: https://example.com\r\n", false},
    {"two lines, the second is not listed", ALLOWED,
     HOST "Origin: https://example.com\r\norigin: https://evil.example\r\n", false},
    {"an encoded letter", ALLOWED, HOST "Origin: https://ex%61mple.com\r\n", false},
    {"letters that look alike", ALLOWED, HOST "Origin: https://ex\xd0\xb0mple.com\r\n", false},
    {"an octet that is no UTF-8", ALLOWED, HOST "Origin: https://example.com\xff\r\n", false},
    {"another IPv6 address", ALLOWED, HOST "Origin: http://[2001:db8::2]\r\n", false},
    {"a port out of range", ALLOWED, HOST "Origin: https://example.com:65979\r\n", false},  // 443 in 16 bits
    {"a listed host is not the Host's", ALLOWED, "Host: evil.example\r\nOrigin: https://evil.example\r\n", false},

    {"same host", NULL, HOST "Origin: https://example.com\r\n", true},
    {"same host, whatever the scheme", NULL, HOST "Origin: http://example.com\r\n", true},
    {"same host in another case", NULL, HOST "Origin: https://Example.COM\r\n", true},
    {"same host and port", NULL, "Host: example.com:8080\r\nOrigin: http://example.com:8080\r\n", true},
    {"same host, the default port in one", NULL, "Host: example.com:443\r\nOrigin: https://example.com\r\n", true},
    {"same IPv6 address", NULL, "Host: [::1]:8080\r\nOrigin: http://[::1]:8080\r\n", true},
    {"same host, another port", NULL, "Host: example.com:8080\r\nOrigin: http://example.com\r\n", false},
    {"same host, the other's default port", NULL, "Host: example.com:80\r\nOrigin: https://example.com\r\n", false},
    {"not the same host", NULL, HOST "Origin: https://example.com.evil\r\n", false},
    {"same host, a user", NULL, HOST "Origin: https://x@example.com\r\n", false},
    {"same host, but none", NULL, HOST, false},
    {"same host, but null", NULL, HOST "Origin: null\r\n", false},
};

static wsabi_config *origin_policy(const char *allowed, bool automatic) {
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, automatic));
  check(wsabi_config_set(config, WSABI_OPTION_ALLOW_SAME_HOST, allowed == NULL));
  for (const char *at = allowed; at != NULL && *at != '\0';) {
    size_t len = strcspn(at, " ");
    check(wsabi_config_add_origin(config, at, len));
    at += len + strspn(at + len, " ");
  }
  return config;
}

static void every_origin(void **state) {
  (void)state;
  bytes want_taken = opened(""), want_refused = refused("403 Forbidden", WSABI_FAILURE_ORIGIN_NOT_ALLOWED);
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
    for (way how = BY_ACCEPT; how <= AUTOMATICALLY; how++) {
      char request[512];
      snprintf(request, sizeof request, "%s%s\r\n", GET UPGRADE CONNECTION KEY VERSION, origins[i].request);
      wsabi_config *config = origin_policy(origins[i].allowed, how == AUTOMATICALLY);
      bytes sent = {0};
      transcript t = {0};
      wsabi_conn *conn = decide(how, config, request, &sent, &t);
      if (!equal(&sent, origins[i].is_taken ? &want_taken : &want_refused)) {
        fail_case(origins[i].name, "way %d: %.*s", how, (int)sent.len, (char *)sent.data);
      }
      if (how != BY_ACCEPT_BY) {
        const char *taken = how == AUTOMATICALLY ? "OPEN " : "R/chat ";
        assert_string_equal(t.events, origins[i].is_taken ? taken : "F403 ");
      }
      assert_int_equal(wsabi_conn_failure(conn), origins[i].is_taken ? 0 : WSABI_FAILURE_ORIGIN_NOT_ALLOWED);
      wsabi_conn_free(conn);
      wsabi_config_free(config);
      clear(&sent);
      clear_transcript(&t);
    }
  }
  clear(&want_taken);
  clear(&want_refused);
}

// A list and the host itself together.
static void origins_and_same_host(void **state) {
  (void)state;
  static const char *const ORIGINS[] = {"https://example.com", "https://listed.example", "https://other.example"};
  for (size_t i = 0; i < 3; i++) {
    wsabi_config *config = origin_policy("https://listed.example", true);
    check(wsabi_config_set(config, WSABI_OPTION_ALLOW_SAME_HOST, 1));
    char request[512];
    snprintf(request, sizeof request, "%sOrigin: %s\r\n\r\n", GET HOST UPGRADE CONNECTION KEY VERSION, ORIGINS[i]);
    bytes sent = {0};
    transcript t = {0};
    wsabi_conn_free(decide(AUTOMATICALLY, config, request, &sent, &t));
    assert_string_equal(t.events, i < 2 ? "OPEN " : "F403 ");
    wsabi_config_free(config);
    clear(&sent);
    clear_transcript(&t);
  }
}

static void what_is_no_origin(void **state) {
  (void)state;
  static const char *const BAD[] = {"",
                                    "*",
                                    "example.com",
                                    "https://",
                                    "https://example.com/",
                                    "https://example.com/chat",
                                    "https://a@example.com",
                                    "https://example.com:x",
                                    "https://example.com:65536",
                                    "https://example.com https://example.org",
                                    "https://[::g]",
                                    "https:example.com",
                                    "://example.com",
                                    "1s://example.com",
                                    "h s://example.com",
                                    "Null",
                                    "https://caf\xc3\xa9.example",
                                    "https://example.com\xff"};
  wsabi_config *config;
  check(wsabi_config_new(&config));
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    if (wsabi_config_add_origin(config, BAD[i], strlen(BAD[i])) != WSABI_ERR_ARGUMENT) {
      fail_case(BAD[i], "is taken for an origin");
    }
  }
  // None was added: everybody is taken.
  bytes sent = {0};
  transcript t = {0};
  wsabi_conn_free(decide(BY_ACCEPT, config, WITH(""), &sent, &t));
  assert_string_equal(t.events, "R/chat ");
  wsabi_config_free(config);
  clear(&sent);
  clear_transcript(&t);
}

// ---- Resources ----

static const struct {
  const char *target;
  bool is_there;
} targets[] = {
    {"/chat", true},
    {"/chat?", true},
    {"/chat?room=/a?b", true},
    {"/a/b", true},
    {"/caf%C3%A9", true},
    {"http://example.com/chat", true},
    {"WSS://example.com/chat?a", true},
    {"/", false},
    {"/cha", false},
    {"/chats", false},
    {"/chat/", false},
    {"/Chat", false},
    {"/%63hat", false},
    {"//chat", false},
    {"/./chat", false},
    {"/a/../chat", false},
    {"/caf%c3%a9", false},
    {"/other?/chat", false},
    {"http://example.com", false},
    {"http://example.com?/chat", false},
    {"/http://example.com/chat", false},
};

static void resources(void **state) {
  (void)state;
  bytes want_opened = opened(""), want_refused = refused("404 Not Found", WSABI_FAILURE_UNKNOWN_RESOURCE);
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    for (way how = BY_ACCEPT; how <= AUTOMATICALLY; how++) {
      wsabi_config *config;
      check(wsabi_config_new(&config));
      check(wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, how == AUTOMATICALLY));
      check(wsabi_config_add_resource(config, "/chat", 5));
      check(wsabi_config_add_resource(config, "/a/b", 4));
      check(wsabi_config_add_resource(config, "/caf%C3%A9", 10));
      char request[512];
      snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%s\r\n", targets[i].target,
               HOST UPGRADE CONNECTION KEY VERSION);
      bytes sent = {0};
      transcript t = {0};
      wsabi_conn *conn = decide(how, config, request, &sent, &t);
      if (!equal(&sent, targets[i].is_there ? &want_opened : &want_refused)) {
        fail_case(targets[i].target, "way %d: %.*s", how, (int)sent.len, (char *)sent.data);
      }
      assert_int_equal(wsabi_conn_failure(conn), targets[i].is_there ? 0 : WSABI_FAILURE_UNKNOWN_RESOURCE);
      wsabi_conn_free(conn);
      wsabi_config_free(config);
      clear(&sent);
      clear_transcript(&t);
    }
  }
  clear(&want_opened);
  clear(&want_refused);
}

static void what_is_no_resource(void **state) {
  (void)state;
  static const char *const BAD[] = {"", "chat", "/chat?a", "/#", "/a b", "/\t", "/caf\xc3\xa9", "/\r\n", "*", "/\x7f"};
  wsabi_config *config;
  check(wsabi_config_new(&config));
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    if (wsabi_config_add_resource(config, BAD[i], strlen(BAD[i])) != WSABI_ERR_ARGUMENT) {
      fail_case(BAD[i], "is taken for a path");
    }
  }
  wsabi_config_free(config);
}

// A rule of the protocol goes before the policy, and plain HTTP has none.
static void what_a_policy_does_not_decide(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_PLAIN_HTTP, 1));
  check(wsabi_config_add_resource(config, "/ws", 3));
  check(wsabi_config_add_origin(config, "null", 4));
  static const char *const CASES[][2] = {{WITH_KEY(""), "F400 "}, {GET HOST END, "H/chat "}};
  for (size_t i = 0; i < 2; i++) {
    bytes sent = {0};
    transcript t = {0};
    wsabi_conn_free(decide(BY_ACCEPT, config, CASES[i][0], &sent, &t));
    assert_string_equal(t.events, CASES[i][1]);
    clear(&sent);
    clear_transcript(&t);
  }
  wsabi_config_free(config);
}

// ---- Policies by connection ----

// accept_by: two hosts on one port. What is decided is the other config's, what
// was there is the connection's own.
static void two_hosts(void **state) {
  (void)state;
  wsabi_config *own, *policy;
  check(wsabi_config_new(&own));
  check(wsabi_config_set(own, WSABI_OPTION_MAX_MESSAGE_SIZE, 3));
  add_subprotocol(own, "own");
  check(wsabi_config_new(&policy));
  add_subprotocol(policy, "policy");
  wsabi_header header = {slice("X-A"), slice("b")};
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.headers = &header;
  response.header_count = 1;
  wsabi_conn *conn = undecided_conn(own, WITH("Sec-WebSocket-Protocol: own, policy\r\n"));
  check(wsabi_conn_accept_by(conn, policy, &response));
  // It is not kept: it may be changed, and freed.
  check(wsabi_config_set(policy, WSABI_OPTION_MAX_MESSAGE_SIZE, 1000));
  wsabi_config_free(policy);
  bytes sent = {0}, frames = wire("81 83 M 'abc'; 81 84 M 'abcd'");
  take_output(conn, &sent);
  assert_true(contains(&sent, "\r\nSec-WebSocket-Protocol: policy\r\nX-A: b\r\n\r\n"));
  transcript t = {0};
  feed(conn, &frames, (feeding){.cap = 1}, &t);
  assert_string_equal(t.events, "T3 F1009 ");
  wsabi_conn_free(conn);
  wsabi_config_free(own);
  clear(&sent);
  clear(&frames);
  clear_transcript(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(subprotocols),
      cmocka_unit_test(no_subprotocols),
      cmocka_unit_test(other_codes),
      cmocka_unit_test(nothing_but_the_close),
      cmocka_unit_test(every_origin),
      cmocka_unit_test(origins_and_same_host),
      cmocka_unit_test(what_is_no_origin),
      cmocka_unit_test(resources),
      cmocka_unit_test(what_is_no_resource),
      cmocka_unit_test(what_a_policy_does_not_decide),
      cmocka_unit_test(two_hosts),
  };
  return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
