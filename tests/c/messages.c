// Messages in fragments and in pieces, lent, taken and prepared; deadlines, figures
// and traces; connections used again: through the C ABI.

#include "support.h"

enum { LARGE = 200000 };

// A server that somebody else opened, with one option set.
static wsabi_conn *opened(wsabi_role role, wsabi_option option, uint64_t value) {
  wsabi_config *config;
  wsabi_conn *conn;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, option, value));
  check(wsabi_conn_new_open(config, role, NULL, 0, &conn));
  wsabi_config_free(config);
  return conn;
}

static void assert_output(wsabi_conn *conn, const char *notation) {
  bytes sent = {0}, want = wire(notation);
  take_output(conn, &sent);
  assert_true(equal(&sent, &want));
  clear(&sent);
  clear(&want);
}

// ---- Fragments and pieces ----

static void fragments(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  check(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "Hel", 3, WSABI_SEND_MORE));
  assert_int_equal(wsabi_conn_send_text(conn, "a", 1), WSABI_ERR_STATE);
  assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_BINARY, "lo", 2, 0), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "\xff", 1, 0), WSABI_ERR_ARGUMENT);
  check(wsabi_conn_send_ping(conn, NULL, 0));
  check(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "lo", 2, 0));
  check(wsabi_conn_send(conn, WSABI_MESSAGE_BINARY, NULL, 0, 0));
  assert_output(conn, "01 03 'Hel' 89 00 80 02 'lo' 82 00");
  wsabi_conn_free(conn);
}

static void bad_messages(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  for (wsabi_message type = 0; type < 20; type++) {
    wsabi_status want = type == 1 || type == 2 ? WSABI_OK : WSABI_ERR_UNSUPPORTED;
    assert_int_equal(wsabi_conn_send(conn, type, "a", 1, 0), want);
  }
  for (uint32_t bit = 8; bit != 0; bit <<= 1) {
    assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "a", 1, bit), WSABI_ERR_UNSUPPORTED);
  }
  assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "a", 1,
                                   WSABI_SEND_COMPRESSED | WSABI_SEND_UNCOMPRESSED),
                   WSABI_ERR_UNSUPPORTED);
  assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, NULL, 1, 0), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "a", SIZE_MAX, 0), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_send(NULL, WSABI_MESSAGE_TEXT, "a", 1, 0), WSABI_ERR_NULL);
  check(wsabi_conn_close(conn, 1000, NULL, 0));
  assert_int_equal(wsabi_conn_send(conn, WSABI_MESSAGE_TEXT, "a", 1, 0), WSABI_ERR_STATE);
  wsabi_conn_free(conn);
}

static void pieces(void **state) {
  (void)state;
  wsabi_conn *conn = opened(WSABI_ROLE_SERVER, WSABI_OPTION_MESSAGE_PIECES, 1);
  bytes octets = wire("01 83 M 'abc'; 80 82 M 'de'; 82 80 M");
  wsabi_event events[8];
  size_t at = 0, count = 0, used, listed;
  for (size_t len = 8; at < octets.len; len = octets.len - at) {
    check(wsabi_conn_recv(conn, octets.data + at, len, &used, events + count, 8 - count, &listed));
    at += used;
    count += listed;
  }
  assert_int_equal(count, 4);
  static const struct {
    wsabi_event_type type;
    uint16_t flags;
    const char *text;
  } want[] = {
      {WSABI_EVENT_TEXT, WSABI_FLAG_FIRST, "ab"},
      {WSABI_EVENT_TEXT, 0, "c"},
      {WSABI_EVENT_TEXT, WSABI_FLAG_LAST, "de"},
      {WSABI_EVENT_BINARY, WSABI_FLAG_FIRST | WSABI_FLAG_LAST, ""},
  };
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(events[i].type, want[i].type);
    assert_int_equal(events[i].flags, want[i].flags);
    assert_int_equal(events[i].len, strlen(want[i].text));
    assert_memory_equal(events[i].data, want[i].text, events[i].len);
  }
  clear(&octets);
  wsabi_conn_free(conn);
}

// ---- Without copies ----

static void count_release(void *context) {
  ++*(int *)context;
}

static void borrowed(void **state) {
  (void)state;
  int released = 0;
  char *payload = malloc(LARGE);
  assert_non_null(payload);
  memset(payload, 'x', LARGE);
  wsabi_conn *conn = open_conn(NULL);
  assert_int_equal(wsabi_conn_send_borrowed(conn, WSABI_MESSAGE_BINARY, payload, LARGE, 0, NULL, NULL),
                   WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_send_borrowed(conn, 9, payload, LARGE, 0, count_release, &released),
                   WSABI_ERR_UNSUPPORTED);
  check(wsabi_conn_send_borrowed(conn, WSABI_MESSAGE_TEXT, payload, LARGE, 0, count_release, &released));
  wsabi_iovec runs[4];
  size_t count;
  check(wsabi_conn_output(conn, runs, 4, &count));
  assert_int_equal(count, 2);
  assert_ptr_equal(runs[1].base, payload);
  check(wsabi_conn_output_consumed(conn, runs[0].len + LARGE - 1));
  assert_int_equal(released, 0);
  check(wsabi_conn_output_consumed(conn, 1));
  assert_int_equal(released, 1);
  // Freed with the connection, and when it is used again.
  for (int i = 0; i < 2; i++) {
    check(wsabi_conn_send_borrowed(conn, WSABI_MESSAGE_BINARY, payload, LARGE, 0, count_release, &released));
    if (i == 0) {
      check(wsabi_conn_reset(conn, NULL));
      wsabi_conn_free(conn);
      conn = open_conn(NULL);
    }
  }
  wsabi_conn_free(conn);
  assert_int_equal(released, 3);
  // Not taken: it stays the caller's.
  conn = opened(WSABI_ROLE_SERVER, WSABI_OPTION_MAX_OUTPUT, 1024);
  assert_int_equal(
      wsabi_conn_send_borrowed(conn, WSABI_MESSAGE_BINARY, payload, LARGE, 0, count_release, &released),
      WSABI_ERR_LIMIT);
  wsabi_conn_free(conn);
  assert_int_equal(released, 3);
  free(payload);
}

// Receives as a host does that reads into the memory it is offered, and sends what
// it got back without a copy.
static void in_place(void **state) {
  (void)state;
  bytes octets = {0}, sent = {0}, payload = {0};
  for (size_t i = 0; i < LARGE; i++) {
    append(&payload, &(uint8_t){(uint8_t)(i * 7)}, 1);
  }
  append_frame(&octets, 0x82, payload.data, payload.len);
  append_frame(&octets, 0x81, "behind", 6);
  wsabi_conn *conn = open_conn(NULL);
  size_t at = 0, offered = 0, messages = 0;
  while (at < octets.len) {
    wsabi_event events[4];
    size_t count, room, used;
    uint8_t *space;
    check(wsabi_conn_recv_space(conn, &space, &room));
    if (room > 0) {
      used = octets.len - at < room ? octets.len - at : room;
      memcpy(space, octets.data + at, used);
      assert_int_equal(wsabi_conn_recv_commit(conn, room + 1, events, 4, &count), WSABI_ERR_ARGUMENT);
      check(wsabi_conn_recv_commit(conn, used, events, 4, &count));
      offered += used;
    } else {
      size_t len = octets.len - at < 40000 ? octets.len - at : 40000;
      check(wsabi_conn_recv(conn, octets.data + at, len, &used, events, 4, &count));
    }
    at += used;
    for (size_t i = 0; i < count; i++, messages++) {
      void *owner = NULL;
      if (wsabi_conn_take(conn, &events[i], &owner) == WSABI_OK) {
        assert_int_equal(wsabi_conn_take(conn, &events[i], &owner), WSABI_ERR_STATE);
        check(wsabi_conn_send_borrowed(conn, WSABI_MESSAGE_BINARY, events[i].data, events[i].len, 0,
                                       wsabi_release, owner));
      } else {
        check(wsabi_conn_send_text(conn, events[i].data, events[i].len));
      }
    }
  }
  assert_int_equal(messages, 2);
  assert_true(offered > LARGE / 2);
  take_output(conn, &sent);
  assert_int_equal(sent.len, 10 + LARGE + 2 + 6);
  assert_memory_equal(sent.data + 10, payload.data, LARGE);
  // What was taken may outlive the connection.
  append_frame(&octets, 0x82, payload.data, payload.len);
  wsabi_event event;
  size_t used, count;
  void *owner;
  uint8_t *again = octets.data + at;
  check(wsabi_conn_recv(conn, again, 50000, &used, &event, 1, &count));
  check(wsabi_conn_recv(conn, again + 50000, octets.len - at - 50000, &used, &event, 1, &count));
  check(wsabi_conn_take(conn, &event, &owner));
  wsabi_conn_free(conn);
  assert_memory_equal(event.data, payload.data, LARGE);
  wsabi_release(owner);
  wsabi_release(NULL);
  clear(&octets);
  clear(&sent);
  clear(&payload);
}

// A list may hold messages in the input in front of one in the connection, which
// alone can be taken.
static void take_the_right_one(void **state) {
  (void)state;
  bytes octets = wire("01 80 M 80 82 M 'ab'; 81 82 M 'cd'; 01 81 M 'e'; 80 81 M 'f'");
  wsabi_conn *conn = open_conn(NULL);
  wsabi_event events[4];
  size_t used, count;
  void *owner;
  check(wsabi_conn_recv(conn, octets.data, octets.len, &used, events, 4, &count));
  assert_int_equal(count, 1);
  check(wsabi_conn_take(conn, &events[0], &owner));
  wsabi_release(owner);
  size_t at = used;
  check(wsabi_conn_recv(conn, octets.data + at, octets.len - at, &used, events, 4, &count));
  assert_int_equal(count, 2);
  assert_int_equal(wsabi_conn_take(conn, &events[0], &owner), WSABI_ERR_STATE);
  check(wsabi_conn_take(conn, &events[1], &owner));
  assert_memory_equal(events[1].data, "ef", 2);
  wsabi_release(owner);
  wsabi_conn_free(conn);
  clear(&octets);
}

static void no_space(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  wsabi_event event;
  uint8_t *space;
  size_t len = 1, count;
  void *owner;
  check(wsabi_conn_recv_space(conn, &space, &len));
  assert_int_equal(len, 0);
  assert_int_equal(wsabi_conn_recv_commit(conn, 0, &event, 1, &count), WSABI_ERR_STATE);
  assert_int_equal(wsabi_conn_recv_commit(conn, 0, &event, 0, &count), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_recv_commit(conn, 0, &event, 1, NULL), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_recv_commit(NULL, 0, &event, 1, &count), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_recv_space(conn, NULL, &len), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_recv_space(conn, &space, NULL), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_recv_space(NULL, &space, &len), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_take(conn, &(wsabi_event){0}, &owner), WSABI_ERR_STATE);
  assert_int_equal(wsabi_conn_take(conn, NULL, &owner), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_take(conn, &event, NULL), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_take(NULL, &event, &owner), WSABI_ERR_NULL);
  wsabi_conn_free(conn);
}

static void prepared(void **state) {
  (void)state;
  bytes payload = {0}, sent[3] = {{0}};
  while (payload.len < LARGE) append_text(&payload, "prepared ");
  wsabi_prepared *message;
  check(wsabi_prepared_new(NULL, WSABI_MESSAGE_TEXT, payload.data, payload.len, &message));
  wsabi_conn *conns[3] = {open_conn(NULL), open_conn(NULL), open_conn(NULL)};
  check(wsabi_conn_send_text(conns[2], payload.data, payload.len));
  check(wsabi_conn_send_prepared(conns[0], message));
  check(wsabi_conn_send_prepared(conns[1], message));
  wsabi_prepared_free(message);
  for (size_t i = 0; i < 3; i++) {
    take_output(conns[i], &sent[i]);
    wsabi_conn_free(conns[i]);
  }
  assert_true(equal(&sent[0], &sent[2]) && equal(&sent[1], &sent[2]));
  wsabi_conn *conn = open_conn(NULL);
  assert_int_equal(wsabi_prepared_new(NULL, WSABI_MESSAGE_TEXT, "\xff", 1, &message), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_prepared_new(NULL, 0, "a", 1, &message), WSABI_ERR_UNSUPPORTED);
  assert_int_equal(wsabi_prepared_new(NULL, WSABI_MESSAGE_TEXT, NULL, 1, &message), WSABI_ERR_NULL);
  assert_int_equal(wsabi_prepared_new(NULL, WSABI_MESSAGE_TEXT, "a", 1, NULL), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_send_prepared(conn, NULL), WSABI_ERR_NULL);
  wsabi_prepared_free(NULL);
  wsabi_conn_free(conn);
  for (size_t i = 0; i < 3; i++) clear(&sent[i]);
  clear(&payload);
}

// ---- Deadlines ----

static void a_silent_client(void **state) {
  (void)state;
  wsabi_conn *conn;
  wsabi_event event;
  size_t count;
  check(wsabi_conn_new_server(NULL, &conn));
  assert_int_equal(wsabi_conn_deadline(conn), 0);
  check(wsabi_conn_handle_timeout(conn, 5000, &event, 1, &count));
  assert_int_equal(count, 0);
  assert_int_equal(wsabi_conn_deadline(conn), 15000);
  check(wsabi_conn_handle_timeout(conn, 14999, &event, 1, &count));
  assert_int_equal(count, 0);
  check(wsabi_conn_handle_timeout(conn, 15000, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(event.type, WSABI_EVENT_FAILED);
  assert_int_equal(event.code, 408);
  assert_int_equal(wsabi_conn_failure(conn), WSABI_FAILURE_TIMEOUT);
  bytes answer = {0};
  take_output(conn, &answer);
  check_refusal("408", &answer, 408, true);
  clear(&answer);
  assert_int_equal(wsabi_conn_deadline(conn), 0);  // when did the peer take it?
  check(wsabi_conn_handle_timeout(conn, 15000, &event, 1, &count));
  check(wsabi_conn_handle_timeout(conn, 25000, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(event.type, WSABI_EVENT_CLOSED);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  assert_true(wsabi_conn_deadline(conn) == UINT64_MAX);
  assert_int_equal(wsabi_conn_handle_timeout(conn, 0, &event, 0, &count), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_conn_handle_timeout(conn, 0, &event, 1, NULL), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_handle_timeout(NULL, 0, &event, 1, &count), WSABI_ERR_NULL);
  assert_true(wsabi_conn_deadline(NULL) == UINT64_MAX);
  wsabi_conn_free(conn);
}

static void a_ping_of_the_librarys_own(void **state) {
  (void)state;
  wsabi_conn *conn = opened(WSABI_ROLE_SERVER, WSABI_OPTION_PING_INTERVAL, 50);
  wsabi_event event;
  size_t count, used;
  uint64_t round_trip;
  check(wsabi_conn_handle_timeout(conn, 0, &event, 1, &count));
  assert_int_equal(wsabi_conn_deadline(conn), 50);
  check(wsabi_conn_handle_timeout(conn, 50, &event, 1, &count));
  assert_output(conn, "89 08 00 00 00 00 00 00 00 32");
  assert_int_equal(wsabi_conn_info(conn, WSABI_INFO_ROUND_TRIP, &round_trip), WSABI_ERR_NOT_FOUND);
  bytes pong = wire("8a 88 M 00 00 00 00 00 00 00 32;");
  check(wsabi_conn_recv(conn, pong.data, pong.len, &used, &event, 1, &count));
  assert_int_equal(event.type, WSABI_EVENT_PONG);
  check(wsabi_conn_handle_timeout(conn, 58, &event, 1, &count));
  check(wsabi_conn_info(conn, WSABI_INFO_ROUND_TRIP, &round_trip));
  assert_int_equal(round_trip, 8);
  assert_int_equal(wsabi_conn_deadline(conn), 100);
  clear(&pong);
  wsabi_conn_free(conn);
}

// ---- Backpressure, figures, traces, reuse ----

static void drained(void **state) {
  (void)state;
  wsabi_conn *conn = opened(WSABI_ROLE_SERVER, WSABI_OPTION_OUTPUT_HIGH_MARK, 100000);
  static const char payload[100000];
  check(wsabi_conn_send_binary(conn, payload, sizeof payload));
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_WRITE);
  check(wsabi_conn_output_consumed(conn, 50000));
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_WRITE | WSABI_INTEREST_READ | WSABI_INTEREST_RECV);
  wsabi_event event;
  size_t used, count;
  check(wsabi_conn_recv(conn, NULL, 0, &used, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(event.type, WSABI_EVENT_DRAINED);
  assert_int_equal(event.len, 0);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_WRITE | WSABI_INTEREST_READ);
  wsabi_conn_free(conn);
}

static void figures(void **state) {
  (void)state;
  wsabi_conn *conn = opened(WSABI_ROLE_SERVER, WSABI_OPTION_COUNTERS, 1);
  bytes octets = wire("81 82 M 'hi'; 89 80 M 02 80 M 80 80 M");
  transcript t = {0};
  feed(conn, &octets, (feeding){.cap = 4}, &t);
  check(wsabi_conn_send_ping(conn, "a", 1));
  take_output(conn, &t.output);
  static const uint64_t want[] = {26, 4 + 2 + 2 + 3, 4, 4, 2, 2, 1, 1, 0, 0};
  for (wsabi_info key = 1; key <= 10; key++) {
    uint64_t value;
    check(wsabi_conn_info(conn, key, &value));
    assert_int_equal(value, want[key - 1]);
  }
  uint64_t value = 7;
  for (wsabi_info key = WSABI_INFO_DEFLATE_WINDOW_BITS; key <= WSABI_INFO_DEFLATE_PEER_TAKEOVER; key++) {
    assert_int_equal(wsabi_conn_info(conn, key, &value), WSABI_ERR_NOT_FOUND);
  }
  check(wsabi_conn_info(conn, WSABI_INFO_DEFLATE, &value));
  assert_int_equal(value, 0);
  assert_int_equal(wsabi_conn_info(conn, 0, &value), WSABI_ERR_UNSUPPORTED);
  assert_int_equal(wsabi_conn_info(conn, 16, &value), WSABI_ERR_UNSUPPORTED);
  assert_int_equal(wsabi_conn_info(conn, 1, NULL), WSABI_ERR_NULL);
  assert_int_equal(wsabi_conn_info(NULL, 1, &value), WSABI_ERR_NULL);
  wsabi_conn_free(conn);
  conn = open_conn(NULL);
  assert_int_equal(wsabi_conn_info(conn, WSABI_INFO_OCTETS_SENT, &value), WSABI_ERR_NOT_FOUND);
  wsabi_conn_free(conn);
  clear(&octets);
  clear_transcript(&t);
}

static void append_line(void *context, const char *line, size_t len) {
  append(context, line, len);
  append(context, "\n", 1);
}

static void traced(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  bytes lines = {0}, octets = wire("81 86 M 'secret'; 88 82 M 03 e8;");
  transcript t = {0};
  check(wsabi_conn_set_trace(conn, append_line, &lines));
  feed(conn, &octets, (feeding){.cap = 1}, &t);
  wsabi_conn_interest(conn);
  assert_true(contains(&lines, "in Text 6\nout Text 6\nin Close 2\nout Close 2\nstate Closing\n"));
  assert_false(contains(&lines, "secret"));
  check(wsabi_conn_set_trace(conn, NULL, NULL));
  size_t len = lines.len;
  feed_eof(conn, &t);
  assert_int_equal(lines.len, len);
  assert_int_equal(wsabi_conn_set_trace(NULL, append_line, &lines), WSABI_ERR_NULL);
  wsabi_conn_free(conn);
  clear(&lines);
  clear(&octets);
  clear_transcript(&t);
}

static void used_again(void **state) {
  (void)state;
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = slice("example.com");
  request.target = slice("/");
  wsabi_conn *conn = open_conn(NULL);
  check(wsabi_conn_set_user_data(conn, &request));
  bytes octets = wire("81 81 ff");
  for (int i = 0; i < 3; i++) {
    transcript t = {0};
    feed(conn, &octets, (feeding){.cap = 4}, &t);
    assert_int_equal(wsabi_conn_reset(conn, &request), WSABI_ERR_ARGUMENT);
    check(wsabi_conn_reset(conn, NULL));
    assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
    assert_ptr_equal(wsabi_conn_user_data(conn), &request);
    bytes again = {0};
    append_text(&again, REQUEST);
    feed(conn, &again, (feeding){.cap = 4}, &t);
    assert_true(starts_with(t.events, "R/chat "));
    assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
    clear(&again);
    clear_transcript(&t);
  }
  wsabi_conn_free(conn);
  check(wsabi_conn_new_client(NULL, &request, &conn));
  bytes first = {0}, second = {0};
  take_output(conn, &first);
  assert_int_equal(wsabi_conn_reset(conn, NULL), WSABI_ERR_ARGUMENT);
  check(wsabi_conn_reset(conn, &request));
  take_output(conn, &second);
  assert_int_equal(first.len, second.len);
  assert_false(equal(&first, &second));  // another key
  assert_int_equal(wsabi_conn_reset(NULL, NULL), WSABI_ERR_NULL);
  wsabi_conn_free(conn);
  clear(&first);
  clear(&second);
  clear(&octets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fragments),
      cmocka_unit_test(bad_messages),
      cmocka_unit_test(pieces),
      cmocka_unit_test(borrowed),
      cmocka_unit_test(in_place),
      cmocka_unit_test(take_the_right_one),
      cmocka_unit_test(no_space),
      cmocka_unit_test(prepared),
      cmocka_unit_test(a_silent_client),
      cmocka_unit_test(a_ping_of_the_librarys_own),
      cmocka_unit_test(drained),
      cmocka_unit_test(figures),
      cmocka_unit_test(traced),
      cmocka_unit_test(used_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
