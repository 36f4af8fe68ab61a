// The C ABI as a contract: layouts, NULL and absurd lengths, codes that nobody
// knows, calls in the wrong order. `make symbols` checks that every function of
// wsabi.h is called here, in messages.c or in server.c.

#include <sys/uio.h>

#include "support.h"

// ---- Layouts, for the usual 64-bit ABI ----

#define LAYOUT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member)

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(wsabi_event) == 24, "wsabi_event");
LAYOUT(wsabi_event, type, 0);
LAYOUT(wsabi_event, flags, 4);
LAYOUT(wsabi_event, code, 6);
LAYOUT(wsabi_event, data, 8);
LAYOUT(wsabi_event, len, 16);

_Static_assert(sizeof(wsabi_slice) == 16, "wsabi_slice");
LAYOUT(wsabi_slice, data, 0);
LAYOUT(wsabi_slice, len, 8);

_Static_assert(sizeof(wsabi_header) == 32, "wsabi_header");
LAYOUT(wsabi_header, name, 0);
LAYOUT(wsabi_header, value, 16);

_Static_assert(sizeof(wsabi_response) == 48, "wsabi_response");
LAYOUT(wsabi_response, struct_size, 0);
LAYOUT(wsabi_response, status, 8);
LAYOUT(wsabi_response, reserved, 12);
LAYOUT(wsabi_response, headers, 16);
LAYOUT(wsabi_response, header_count, 24);
LAYOUT(wsabi_response, body, 32);
LAYOUT(wsabi_response, body_len, 40);

_Static_assert(sizeof(wsabi_request) == 96, "wsabi_request");
LAYOUT(wsabi_request, struct_size, 0);
LAYOUT(wsabi_request, version, 8);
LAYOUT(wsabi_request, reserved, 12);
LAYOUT(wsabi_request, method, 16);
LAYOUT(wsabi_request, target, 32);
LAYOUT(wsabi_request, authority, 48);
LAYOUT(wsabi_request, protocol, 64);
LAYOUT(wsabi_request, headers, 80);
LAYOUT(wsabi_request, header_count, 88);

_Static_assert(sizeof(wsabi_client_request) == 72, "wsabi_client_request");
LAYOUT(wsabi_client_request, struct_size, 0);
LAYOUT(wsabi_client_request, host, 8);
LAYOUT(wsabi_client_request, target, 24);
LAYOUT(wsabi_client_request, origin, 40);
LAYOUT(wsabi_client_request, headers, 56);
LAYOUT(wsabi_client_request, header_count, 64);

_Static_assert(sizeof(wsabi_option_row) == 56, "wsabi_option_row");
LAYOUT(wsabi_option_row, struct_size, 0);
LAYOUT(wsabi_option_row, name, 8);
LAYOUT(wsabi_option_row, unit, 16);
LAYOUT(wsabi_option_row, default_value, 24);
LAYOUT(wsabi_option_row, minimum, 32);
LAYOUT(wsabi_option_row, maximum, 40);
LAYOUT(wsabi_option_row, option, 48);
LAYOUT(wsabi_option_row, reserved, 52);

_Static_assert(sizeof(wsabi_finding) == 144, "wsabi_finding");
LAYOUT(wsabi_finding, struct_size, 0);
LAYOUT(wsabi_finding, offending, 8);
LAYOUT(wsabi_finding, section, 24);
LAYOUT(wsabi_finding, rule, 40);
LAYOUT(wsabi_finding, detail, 56);
LAYOUT(wsabi_finding, peers, 72);
LAYOUT(wsabi_finding, remedy, 88);
LAYOUT(wsabi_finding, index, 104);
LAYOUT(wsabi_finding, line, 112);
LAYOUT(wsabi_finding, offset, 120);
LAYOUT(wsabi_finding, kind, 128);
LAYOUT(wsabi_finding, severity, 132);
LAYOUT(wsabi_finding, place, 136);
LAYOUT(wsabi_finding, reserved, 140);
#endif

// An array of wsabi_iovec may be cast for writev.
_Static_assert(sizeof(wsabi_iovec) == sizeof(struct iovec), "wsabi_iovec");
_Static_assert(offsetof(wsabi_iovec, base) == offsetof(struct iovec, iov_base), "wsabi_iovec.base");
_Static_assert(offsetof(wsabi_iovec, len) == offsetof(struct iovec, iov_len), "wsabi_iovec.len");

_Static_assert(sizeof(wsabi_status) == 4 && sizeof(wsabi_failure) == 4 && sizeof(wsabi_option) == 4 &&
                   sizeof(wsabi_event_type) == 4 && sizeof(wsabi_interest) == 4 && sizeof(wsabi_state) == 4 &&
                   sizeof(wsabi_role) == 4,
               "codes");

// ---- Helpers ----

#define NULL_GIVEN(call) assert_int_equal((call), WSABI_ERR_NULL)
#define BAD_ARGUMENT(call) assert_int_equal((call), WSABI_ERR_ARGUMENT)
#define BAD_STATE(call) assert_int_equal((call), WSABI_ERR_STATE)

// Lengths that no range has: the library must not touch what they are said of.
static const size_t ABSURD[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1};

// Every out-parameter of the ABI; a call that fails leaves them as they are.
typedef struct {
  wsabi_config *config;
  wsabi_conn *conn;
  size_t consumed, count;
  uint64_t value;
  wsabi_event events[2];
  wsabi_iovec runs[2];
  wsabi_slice slice;
  wsabi_header header;
  uint32_t status;
} outs;

static outs untouched(void) {
  outs o;
  memset(&o, 0xa5, sizeof o);
  return o;
}

static void assert_untouched(const outs *o) {
  outs want = untouched();
  assert_memory_equal(o, &want, sizeof want);
}

// A request that offers a subprotocol.
#define OFFER WITH("Sec-WebSocket-Protocol: a\r\n")

// Structs that a call takes as they are.
static wsabi_client_request good_ask(void) {
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = slice("example.com");
  request.target = slice("/");
  return request;
}

static wsabi_request good_request(void) {
  wsabi_request request = WSABI_REQUEST_INIT;
  request.version = WSABI_HTTP_2;
  request.method = slice("CONNECT");
  request.target = slice("/");
  request.authority = slice("example.com");
  request.protocol = slice("websocket");
  return request;
}

// ---- Version ----

static void version(void **state) {
  (void)state;
  assert_int_equal(wsabi_abi_version(), WSABI_ABI_VERSION);
  assert_string_equal(wsabi_version(), WSABI_VERSION);
  char parts[64];
  snprintf(parts, sizeof parts, "%d.%d.%d", WSABI_VERSION_MAJOR, WSABI_VERSION_MINOR, WSABI_VERSION_PATCH);
  assert_string_equal(parts, WSABI_VERSION);
}

static void texts(void **state) {
  (void)state;
  static const wsabi_status STATUSES[] = {
      WSABI_OK,         WSABI_ERR_NULL,        WSABI_ERR_ARGUMENT,  WSABI_ERR_STATE,   WSABI_ERR_LIMIT,
      WSABI_ERR_MEMORY, WSABI_ERR_UNSUPPORTED, WSABI_ERR_NOT_FOUND, WSABI_ERR_RANDOM,  WSABI_ERR_INTERNAL};
  for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(wsabi_status_text(STATUSES[i]), wsabi_status_text(STATUSES[j]));
    }
  }
  for (wsabi_failure f = 1; f < 400; f++) {
    bool known = (f >= 101 && f <= 131) || (f >= 151 && f <= 168) || (f >= 201 && f <= 221);
    bool names_rfc = strncmp(wsabi_failure_text(f), "RFC ", 4) == 0;
    assert_int_equal(names_rfc, known);
  }
  static const int32_t UNKNOWN[] = {1, -9, -98, -100, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < sizeof UNKNOWN / sizeof *UNKNOWN; i++) {
    assert_true(strlen(wsabi_status_text(UNKNOWN[i])) > 0);
    assert_true(strlen(wsabi_failure_text(UNKNOWN[i])) > 0);
  }
  assert_non_null(wsabi_failure_text(0));
}

// ---- Config ----

static void options(void **state) {
  (void)state;
  static const struct {
    wsabi_option option;
    const char *name;
    uint64_t default_value;
  } OPTIONS[] = {
      {WSABI_OPTION_MAX_HEAD_SIZE, "max_head_size", 16384},
      {WSABI_OPTION_MAX_HEADERS, "max_headers", 100},
      {WSABI_OPTION_MAX_FRAME_SIZE, "max_frame_size", INT64_MAX},
      {WSABI_OPTION_MAX_MESSAGE_SIZE, "max_message_size", 16777216},
      {WSABI_OPTION_MAX_FRAGMENTS, "max_fragments", 131072},
      {WSABI_OPTION_OUTPUT_HIGH_MARK, "output_high_mark", 262144},
      {WSABI_OPTION_MAX_OUTPUT, "max_output", 67108864},
      {WSABI_OPTION_AUTO_ACCEPT, "auto_accept", 0},
      {WSABI_OPTION_PLAIN_HTTP, "plain_http", 0},
      {WSABI_OPTION_SUBPROTOCOL_PREFERENCE, "subprotocol_preference", 0},
      {WSABI_OPTION_SUBPROTOCOL_ABSENT, "subprotocol_absent", 0},
      {WSABI_OPTION_SUBPROTOCOL_MISMATCH, "subprotocol_mismatch", 0},
      {WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, "subprotocol_reject_status", 400},
      {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, "subprotocol_close_code", 1008},
      {WSABI_OPTION_ALLOW_SAME_HOST, "allow_same_host", 0},
      {WSABI_OPTION_MAX_REJECTION_BODY, "max_rejection_body", 65536},
      {WSABI_OPTION_DEFLATE, "deflate", 1},
      {WSABI_OPTION_DEFLATE_LEVEL, "deflate_level", 3},
      {WSABI_OPTION_DEFLATE_MEMORY_LEVEL, "deflate_memory_level", 8},
      {WSABI_OPTION_DEFLATE_MIN_SIZE, "deflate_min_size", 256},
      {WSABI_OPTION_SERVER_MAX_WINDOW_BITS, "server_max_window_bits", 15},
      {WSABI_OPTION_CLIENT_MAX_WINDOW_BITS, "client_max_window_bits", 15},
      {WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER, "server_no_context_takeover", 1},
      {WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER, "client_no_context_takeover", 1},
      {WSABI_OPTION_OPENING_TIMEOUT, "opening_timeout", 10000},
      {WSABI_OPTION_CLOSING_TIMEOUT, "closing_timeout", 10000},
      {WSABI_OPTION_PING_INTERVAL, "ping_interval", 0},
      {WSABI_OPTION_PONG_TIMEOUT, "pong_timeout", 20000},
      {WSABI_OPTION_IDLE_TIMEOUT, "idle_timeout", 0},
      {WSABI_OPTION_OUTPUT_LOW_MARK, "output_low_mark", 65536},
      {WSABI_OPTION_MESSAGE_PIECES, "message_pieces", 0},
      {WSABI_OPTION_COUNTERS, "counters", 0},
      {WSABI_OPTION_MAX_CONNECTIONS, "max_connections", 1 << 24},
      {WSABI_OPTION_MAX_CONNECTIONS_PER_ADDRESS, "max_connections_per_address", 0},
      {WSABI_OPTION_READ_SIZE, "read_size", 262144},
  };
  wsabi_config *config;
  check(wsabi_config_new(&config));
  size_t rows = sizeof OPTIONS / sizeof *OPTIONS;
  for (size_t i = 0; i < rows; i++) {
    wsabi_option_row row;
    memset(&row, 0xa5, sizeof row);
    row.struct_size = sizeof row;
    check(wsabi_option_info(i, &row));
    assert_int_equal(row.option, OPTIONS[i].option);
    assert_string_equal(row.name, OPTIONS[i].name);
    assert_true(strlen(row.unit) > 0);
    assert_true(row.default_value == OPTIONS[i].default_value);
    assert_int_equal(row.reserved, 0);
    assert_int_equal(row.struct_size, sizeof row);
    assert_true(row.minimum <= row.default_value && row.default_value <= row.maximum);

    uint64_t value;
    check(wsabi_config_get(config, row.option, &value));
    assert_true(value == row.default_value);
    check(wsabi_config_set(config, row.option, row.minimum));
    check(wsabi_config_set(config, row.option, row.maximum));
    if (row.minimum > 0) {
      BAD_ARGUMENT(wsabi_config_set(config, row.option, row.minimum - 1));
    }
    if (row.maximum < UINT64_MAX) {
      BAD_ARGUMENT(wsabi_config_set(config, row.option, row.maximum + 1));
    }
    check(wsabi_config_get(config, row.option, &value));
    assert_true(value == row.maximum);
  }
  wsabi_option_row row = {.struct_size = sizeof row};
  assert_int_equal(wsabi_option_info(rows, &row), WSABI_ERR_NOT_FOUND);
  assert_int_equal(wsabi_option_info(SIZE_MAX, &row), WSABI_ERR_NOT_FOUND);
  // A header older than the first release never was; one newer than the library
  // has a larger struct.
  row.struct_size = sizeof row - 1;
  BAD_ARGUMENT(wsabi_option_info(0, &row));
  row.struct_size = 0;
  BAD_ARGUMENT(wsabi_option_info(0, &row));
  assert_null(row.name);
  struct {
    wsabi_option_row row;
    uint64_t later;
  } newer = {{.struct_size = sizeof newer}, 0xa5};
  check(wsabi_option_info(0, &newer.row));
  assert_true(newer.later == 0xa5);
  wsabi_config_free(config);
}

// Values inside the bounds that stand for nothing.
static void codes_that_are_none(void **state) {
  (void)state;
  static const struct {
    wsabi_option option;
    uint64_t value;
  } NONE[] = {
      {WSABI_OPTION_SUBPROTOCOL_PREFERENCE, 2},      {WSABI_OPTION_SUBPROTOCOL_PREFERENCE, UINT64_MAX},
      {WSABI_OPTION_SUBPROTOCOL_ABSENT, 3},          {WSABI_OPTION_SUBPROTOCOL_MISMATCH, (1ULL << 32) + 1},
      {WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, 200}, {WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, 401},
      {WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, 407}, {WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, 65936},
      {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 0},      {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 1004},
      {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 1005},   {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 1006},
      {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 1015},   {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 2999},
      {WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, 66536},  {WSABI_OPTION_ALLOW_SAME_HOST, 2},
  };
  wsabi_config *config;
  check(wsabi_config_new(&config));
  for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
    uint64_t before, after;
    check(wsabi_config_get(config, NONE[i].option, &before));
    BAD_ARGUMENT(wsabi_config_set(config, NONE[i].option, NONE[i].value));
    check(wsabi_config_get(config, NONE[i].option, &after));
    assert_true(before == after);
  }
  wsabi_config_free(config);
}

static void config_errors(void **state) {
  (void)state;
  outs o = untouched();
  wsabi_config *config;
  NULL_GIVEN(wsabi_config_new(NULL));
  check(wsabi_config_new(&config));
  wsabi_config_free(NULL);
  NULL_GIVEN(wsabi_config_set(NULL, WSABI_OPTION_MAX_HEADERS, 10));
  NULL_GIVEN(wsabi_config_get(NULL, WSABI_OPTION_MAX_HEADERS, &o.value));
  NULL_GIVEN(wsabi_config_get(config, WSABI_OPTION_MAX_HEADERS, NULL));
  NULL_GIVEN(wsabi_option_info(0, NULL));
  NULL_GIVEN(wsabi_config_add_subprotocol(NULL, "a", 1));
  NULL_GIVEN(wsabi_config_add_subprotocol(config, NULL, 1));
  NULL_GIVEN(wsabi_config_add_origin(NULL, "null", 4));
  NULL_GIVEN(wsabi_config_add_origin(config, NULL, 4));
  NULL_GIVEN(wsabi_config_add_resource(NULL, "/", 1));
  NULL_GIVEN(wsabi_config_add_resource(config, NULL, 1));
  NULL_GIVEN(wsabi_config_set_close_reason(NULL, "a", 1));
  NULL_GIVEN(wsabi_config_set_close_reason(config, NULL, 1));
  static const wsabi_option UNKNOWN[] = {0, 36, 1000, UINT32_MAX};
  for (size_t i = 0; i < sizeof UNKNOWN / sizeof *UNKNOWN; i++) {
    assert_int_equal(wsabi_config_set(config, UNKNOWN[i], 1), WSABI_ERR_UNSUPPORTED);
    assert_int_equal(wsabi_config_get(config, UNKNOWN[i], &o.value), WSABI_ERR_UNSUPPORTED);
  }
  for (size_t i = 0; i < 2; i++) {
    BAD_ARGUMENT(wsabi_config_add_subprotocol(config, "a", ABSURD[i]));
    BAD_ARGUMENT(wsabi_config_add_origin(config, "null", ABSURD[i]));
    BAD_ARGUMENT(wsabi_config_add_resource(config, "/", ABSURD[i]));
    BAD_ARGUMENT(wsabi_config_set_close_reason(config, "a", ABSURD[i]));
  }
  BAD_ARGUMENT(wsabi_config_add_subprotocol(config, NULL, 0));
  BAD_ARGUMENT(wsabi_config_add_origin(config, NULL, 0));
  BAD_ARGUMENT(wsabi_config_add_resource(config, NULL, 0));
  check(wsabi_config_set_close_reason(config, NULL, 0));
  BAD_ARGUMENT(wsabi_config_add_subprotocol(config, "", 0));
  BAD_ARGUMENT(wsabi_config_add_subprotocol(config, "a b", 3));
  BAD_ARGUMENT(wsabi_config_add_subprotocol(config, "a,b", 3));
  check(wsabi_config_add_subprotocol(config, "a", 1));
  check(wsabi_config_add_subprotocol(config, "A", 1));  // its case matters
  BAD_ARGUMENT(wsabi_config_add_subprotocol(config, "a", 1));
  assert_untouched(&o);
  wsabi_config_free(config);
}

static void a_config_in_use_is_immutable(void **state) {
  (void)state;
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_MESSAGE_SIZE, 3));
  check(wsabi_config_add_subprotocol(config, "a", 1));
  wsabi_conn *conns[3];
  for (size_t i = 0; i < 3; i++) {
    check(wsabi_conn_new_server(config, &conns[i]));
    BAD_STATE(wsabi_config_set(config, WSABI_OPTION_MAX_MESSAGE_SIZE, 4));
    BAD_STATE(wsabi_config_add_subprotocol(config, "b", 1));
    BAD_STATE(wsabi_config_add_origin(config, "null", 4));
    BAD_STATE(wsabi_config_add_resource(config, "/", 1));
    BAD_STATE(wsabi_config_set_close_reason(config, "a", 1));
  }
  uint64_t value;
  check(wsabi_config_get(config, WSABI_OPTION_MAX_MESSAGE_SIZE, &value));
  assert_true(value == 3);
  // The connections keep it, in whatever order everything is freed.
  wsabi_conn_free(conns[1]);
  wsabi_config_free(config);
  for (size_t i = 0; i < 3; i += 2) {
    bytes input = {0};
    append_text(&input, REQUEST);
    append_frame(&input, 0x82, "abc", 3);
    append_frame(&input, 0x82, "abcd", 4);
    transcript t = {0};
    feed(conns[i], &input, (feeding){.cap = 1}, &t);
    assert_string_equal(t.events, "R/chat B3 F1009 ");
    wsabi_conn_free(conns[i]);
    clear_transcript(&t);
    clear(&input);
  }
}

// Of either role, and open from the start; then it may be changed again.
static void a_config_is_free_again(void **state) {
  (void)state;
  wsabi_client_request request = good_ask();
  wsabi_config *config;
  check(wsabi_config_new(&config));
  wsabi_conn *conns[3];
  check(wsabi_conn_new_client(config, &request, &conns[0]));
  check(wsabi_conn_new_open(config, WSABI_ROLE_CLIENT, NULL, 0, &conns[1]));
  check(wsabi_conn_new_server(config, &conns[2]));
  for (size_t i = 0; i < 3; i++) {
    BAD_STATE(wsabi_config_add_subprotocol(config, "a", 1));
    wsabi_conn_free(conns[i]);
  }
  check(wsabi_config_add_subprotocol(config, "a", 1));
  wsabi_config_free(config);
}

// ---- NULL ----

static void null_connection(void **state) {
  (void)state;
  outs o = untouched();
  uint8_t octets[1] = {0};
  wsabi_response response = WSABI_RESPONSE_INIT;
  wsabi_client_request ask = good_ask();
  wsabi_request request = good_request();
  wsabi_config *config;
  check(wsabi_config_new(&config));
  NULL_GIVEN(wsabi_conn_new_server(NULL, NULL));
  NULL_GIVEN(wsabi_conn_new_client(NULL, NULL, &o.conn));
  NULL_GIVEN(wsabi_conn_new_client(NULL, &ask, NULL));
  NULL_GIVEN(wsabi_conn_new_open(NULL, WSABI_ROLE_SERVER, NULL, 0, NULL));
  NULL_GIVEN(wsabi_conn_new_open(NULL, WSABI_ROLE_SERVER, NULL, 1, &o.conn));
  wsabi_conn_free(NULL);
  NULL_GIVEN(wsabi_conn_set_user_data(NULL, &o));
  assert_null(wsabi_conn_user_data(NULL));
  NULL_GIVEN(wsabi_conn_recv(NULL, octets, 1, &o.consumed, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv_eof(NULL, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_conn_output(NULL, o.runs, 2, &o.count));
  NULL_GIVEN(wsabi_conn_output_consumed(NULL, 0));
  assert_int_equal(wsabi_conn_output_size(NULL), 0);
  assert_int_equal(wsabi_conn_interest(NULL), WSABI_INTEREST_CLOSE);
  assert_int_equal(wsabi_conn_state(NULL), WSABI_STATE_CLOSED);
  assert_int_equal(wsabi_conn_close_code(NULL), 0);
  assert_int_equal(wsabi_conn_failure(NULL), 0);
  NULL_GIVEN(wsabi_conn_subprotocol(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_send_text(NULL, "a", 1));
  NULL_GIVEN(wsabi_conn_send_binary(NULL, "a", 1));
  NULL_GIVEN(wsabi_conn_send_ping(NULL, "a", 1));
  NULL_GIVEN(wsabi_conn_send_pong(NULL, "a", 1));
  NULL_GIVEN(wsabi_conn_close(NULL, 1000, NULL, 0));
  NULL_GIVEN(wsabi_conn_recv_request(NULL, &request, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_conn_head_path(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_head_query(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_head_query_parameter(NULL, "a", 1, octets, 1, &o.count));
  NULL_GIVEN(wsabi_conn_head_host(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_head_origin(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_accept_by(NULL, config, NULL));
  NULL_GIVEN(wsabi_conn_accept_then_close(NULL, 1000, NULL, 0));
  NULL_GIVEN(wsabi_conn_challenge(NULL, "Basic", 5));
  NULL_GIVEN(wsabi_conn_decline_deflate(NULL));
  NULL_GIVEN(wsabi_conn_response_status(NULL, &o.status));
  NULL_GIVEN(wsabi_conn_response_header(NULL, 0, &o.header));
  NULL_GIVEN(wsabi_conn_response_body(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_head_method(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_head_target(NULL, &o.slice));
  NULL_GIVEN(wsabi_conn_head_find(NULL, "host", 4, &o.slice));
  NULL_GIVEN(wsabi_conn_head_at(NULL, 0, &o.header));
  NULL_GIVEN(wsabi_conn_offered_subprotocol(NULL, 0, &o.slice));
  NULL_GIVEN(wsabi_conn_accept(NULL, NULL, 0, NULL));
  NULL_GIVEN(wsabi_conn_reject(NULL, &response));
  NULL_GIVEN(wsabi_conn_redirect(NULL, 302, "/", 1));
  NULL_GIVEN(wsabi_conn_respond(NULL, 404, "text/plain", 10, NULL, 0));
  wsabi_config_free(config);
  assert_untouched(&o);
}

static void null_arguments(void **state) {
  (void)state;
  outs o = untouched();
  uint8_t octets[1] = {0};
  wsabi_conn *conn = undecided_conn(NULL, OFFER);
  NULL_GIVEN(wsabi_conn_head_method(conn, NULL));
  NULL_GIVEN(wsabi_conn_head_target(conn, NULL));
  NULL_GIVEN(wsabi_conn_head_find(conn, NULL, 4, &o.slice));
  NULL_GIVEN(wsabi_conn_head_find(conn, "host", 4, NULL));
  NULL_GIVEN(wsabi_conn_head_at(conn, 0, NULL));
  NULL_GIVEN(wsabi_conn_offered_subprotocol(conn, 0, NULL));
  NULL_GIVEN(wsabi_conn_accept(conn, NULL, 1, NULL));
  NULL_GIVEN(wsabi_conn_reject(conn, NULL));
  NULL_GIVEN(wsabi_conn_redirect(conn, 302, NULL, 1));
  NULL_GIVEN(wsabi_conn_respond(conn, 404, NULL, 1, NULL, 0));
  NULL_GIVEN(wsabi_conn_respond(conn, 404, "text/plain", 10, NULL, 1));
  NULL_GIVEN(wsabi_conn_challenge(conn, NULL, 1));
  NULL_GIVEN(wsabi_conn_accept_by(conn, NULL, NULL));
  NULL_GIVEN(wsabi_conn_accept_then_close(conn, 1000, NULL, 1));
  NULL_GIVEN(wsabi_conn_head_path(conn, NULL));
  NULL_GIVEN(wsabi_conn_head_query(conn, NULL));
  NULL_GIVEN(wsabi_conn_head_query_parameter(conn, NULL, 1, octets, 1, &o.count));
  NULL_GIVEN(wsabi_conn_head_query_parameter(conn, "a", 1, NULL, 1, &o.count));
  NULL_GIVEN(wsabi_conn_head_query_parameter(conn, "a", 1, octets, 1, NULL));
  NULL_GIVEN(wsabi_conn_head_host(conn, NULL));
  NULL_GIVEN(wsabi_conn_head_origin(conn, NULL));
  NULL_GIVEN(wsabi_conn_response_status(conn, NULL));
  NULL_GIVEN(wsabi_conn_response_header(conn, 0, NULL));
  NULL_GIVEN(wsabi_conn_response_body(conn, NULL));
  // Inside a response.
  wsabi_header nameless = {{NULL, 1}, {"a", 1}};
  wsabi_header valueless = {{"a", 1}, {NULL, 1}};
  wsabi_response responses[] = {WSABI_RESPONSE_INIT, WSABI_RESPONSE_INIT, WSABI_RESPONSE_INIT,
                                WSABI_RESPONSE_INIT};
  responses[0].header_count = 1;
  responses[1].body_len = 1;
  responses[2].headers = &nameless;
  responses[2].header_count = 1;
  responses[3].headers = &valueless;
  responses[3].header_count = 1;
  for (size_t i = 0; i < 4; i++) {
    NULL_GIVEN(wsabi_conn_accept(conn, NULL, 0, &responses[i]));
    responses[i].status = 404;
    NULL_GIVEN(wsabi_conn_reject(conn, &responses[i]));
  }
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  wsabi_conn_free(conn);

  conn = open_conn(NULL);
  NULL_GIVEN(wsabi_conn_recv(conn, NULL, 1, &o.consumed, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv(conn, octets, 1, NULL, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv(conn, octets, 1, &o.consumed, NULL, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv(conn, octets, 1, &o.consumed, o.events, 2, NULL));
  NULL_GIVEN(wsabi_conn_recv_eof(conn, NULL, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv_eof(conn, o.events, 2, NULL));
  NULL_GIVEN(wsabi_conn_output(conn, NULL, 2, &o.count));
  NULL_GIVEN(wsabi_conn_output(conn, o.runs, 2, NULL));
  NULL_GIVEN(wsabi_conn_subprotocol(conn, NULL));
  NULL_GIVEN(wsabi_conn_send_text(conn, NULL, 1));
  NULL_GIVEN(wsabi_conn_send_binary(conn, NULL, 1));
  NULL_GIVEN(wsabi_conn_send_ping(conn, NULL, 1));
  NULL_GIVEN(wsabi_conn_send_pong(conn, NULL, 1));
  NULL_GIVEN(wsabi_conn_close(conn, 1000, NULL, 1));
  assert_untouched(&o);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  wsabi_conn_free(conn);
}

// Inside a request: each range is NULL, though its length is not 0.
static void null_ranges_of_requests(void **state) {
  (void)state;
  outs o = untouched();
  static const wsabi_slice missing = {NULL, 1};
  wsabi_header headers[] = {{missing, {"a", 1}}, {{"a", 1}, missing}};
  for (int field = 0; field < 6; field++) {
    wsabi_client_request request = good_ask();
    request.host = field == 0 ? missing : request.host;
    request.target = field == 1 ? missing : request.target;
    request.origin = field == 2 ? missing : request.origin;
    request.headers = field == 3 || field == 4 ? &headers[field - 3] : NULL;
    request.header_count = field >= 3;
    NULL_GIVEN(wsabi_conn_new_client(NULL, &request, &o.conn));
  }
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  wsabi_request request = good_request();
  NULL_GIVEN(wsabi_conn_recv_request(conn, NULL, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv_request(conn, &request, NULL, 2, &o.count));
  NULL_GIVEN(wsabi_conn_recv_request(conn, &request, o.events, 2, NULL));
  for (int field = 0; field < 7; field++) {
    request = good_request();
    request.method = field == 0 ? missing : request.method;
    request.target = field == 1 ? missing : request.target;
    request.authority = field == 2 ? missing : request.authority;
    request.protocol = field == 3 ? missing : request.protocol;
    request.headers = field == 4 || field == 5 ? &headers[field - 4] : NULL;
    request.header_count = field >= 4;
    NULL_GIVEN(wsabi_conn_recv_request(conn, &request, o.events, 2, &o.count));
  }
  assert_untouched(&o);
  // It is fresh yet.
  request = good_request();
  check(wsabi_conn_recv_request(conn, &request, o.events, 2, &o.count));
  wsabi_conn_free(conn);
}

// (NULL, 0) is a range.
static void empty_ranges(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  wsabi_event events[1];
  size_t consumed, count;
  check(wsabi_conn_recv(conn, NULL, 0, &consumed, events, 1, &count));
  assert_int_equal(consumed, 0);
  assert_int_equal(count, 0);
  check(wsabi_conn_output(conn, NULL, 0, &count));
  assert_int_equal(count, 0);
  check(wsabi_conn_send_text(conn, NULL, 0));
  check(wsabi_conn_send_binary(conn, NULL, 0));
  check(wsabi_conn_send_ping(conn, NULL, 0));
  check(wsabi_conn_send_pong(conn, NULL, 0));
  check(wsabi_conn_close(conn, 0, NULL, 0));
  bytes sent = {0}, want = wire("81 00 82 00 89 00 8a 00 88 00");
  take_output(conn, &sent);
  assert_true(equal(&sent, &want));
  wsabi_conn_free(conn);
  clear(&sent);
  clear(&want);
}

// ---- Arguments ----

static void absurd_lengths(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    size_t len = ABSURD[i];
    outs o = untouched();
    uint8_t octets[1] = {0};
    wsabi_conn *conn = undecided_conn(NULL, OFFER);
    BAD_ARGUMENT(wsabi_conn_head_find(conn, "host", len, &o.slice));
    BAD_ARGUMENT(wsabi_conn_accept(conn, "a", len, NULL));
    BAD_ARGUMENT(wsabi_conn_redirect(conn, 302, "/", len));
    BAD_ARGUMENT(wsabi_conn_respond(conn, 404, "text/plain", len, NULL, 0));
    BAD_ARGUMENT(wsabi_conn_respond(conn, 404, "text/plain", 10, "a", len));
    BAD_ARGUMENT(wsabi_conn_challenge(conn, "Basic", len));
    BAD_ARGUMENT(wsabi_conn_accept_then_close(conn, 1000, "a", len));
    BAD_ARGUMENT(wsabi_conn_head_query_parameter(conn, "a", len, octets, 1, &o.count));
    BAD_ARGUMENT(wsabi_conn_head_query_parameter(conn, "a", 1, octets, len, &o.count));
    wsabi_header header = {{"a", len}, {"b", 1}};
    wsabi_response response = WSABI_RESPONSE_INIT;
    response.status = 404;
    response.headers = &header;
    response.header_count = 1;
    BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
    response.status = 0;
    BAD_ARGUMENT(wsabi_conn_accept(conn, NULL, 0, &response));
    response.status = 404;
    header = (wsabi_header){{"a", 1}, {"b", len}};
    BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
    response.header_count = len;
    BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
    response.header_count = (size_t)PTRDIFF_MAX / sizeof header + 1;
    BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
    response.headers = NULL;
    response.header_count = 0;
    response.body = octets;
    response.body_len = len;
    BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
    assert_int_equal(wsabi_conn_output_size(conn), 0);
    wsabi_conn_free(conn);

    conn = open_conn(NULL);
    BAD_ARGUMENT(wsabi_conn_recv(conn, octets, len, &o.consumed, o.events, 2, &o.count));
    BAD_ARGUMENT(wsabi_conn_recv(conn, octets, 1, &o.consumed, o.events, len, &o.count));
    BAD_ARGUMENT(wsabi_conn_recv(conn, octets, 1, &o.consumed, o.events,
                                 (size_t)PTRDIFF_MAX / sizeof *o.events + 1, &o.count));
    BAD_ARGUMENT(wsabi_conn_recv_eof(conn, o.events, len, &o.count));
    BAD_ARGUMENT(wsabi_conn_output(conn, o.runs, len, &o.count));
    BAD_ARGUMENT(wsabi_conn_output_consumed(conn, len));
    BAD_ARGUMENT(wsabi_conn_send_text(conn, "a", len));
    BAD_ARGUMENT(wsabi_conn_send_binary(conn, "a", len));
    BAD_ARGUMENT(wsabi_conn_send_ping(conn, "a", len));
    BAD_ARGUMENT(wsabi_conn_send_pong(conn, "a", len));
    BAD_ARGUMENT(wsabi_conn_close(conn, 1000, "a", len));
    assert_untouched(&o);
    assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
    wsabi_conn_free(conn);
  }
}

static void absurd_lengths_of_requests(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    outs o = untouched();
    const wsabi_slice absurd = {"a", ABSURD[i]};
    wsabi_header headers[] = {{absurd, {"a", 1}}, {{"a", 1}, absurd}};
    for (int field = 0; field < 7; field++) {
      wsabi_client_request request = good_ask();
      request.host = field == 0 ? absurd : request.host;
      request.target = field == 1 ? absurd : request.target;
      request.origin = field == 2 ? absurd : request.origin;
      request.headers = field == 4 ? &headers[1] : headers;
      request.header_count = field == 5   ? ABSURD[i]
                             : field == 6 ? (size_t)PTRDIFF_MAX / sizeof *headers + 1
                                          : field >= 3;
      BAD_ARGUMENT(wsabi_conn_new_client(NULL, &request, &o.conn));
    }
    wsabi_conn *conn;
    check(wsabi_conn_new_server(NULL, &conn));
    for (int field = 0; field < 7; field++) {
      wsabi_request request = good_request();
      request.method = field == 0 ? absurd : request.method;
      request.target = field == 1 ? absurd : request.target;
      request.authority = field == 2 ? absurd : request.authority;
      request.protocol = field == 3 ? absurd : request.protocol;
      request.headers = field == 5 ? &headers[1] : headers;
      request.header_count = field == 6 ? ABSURD[i] : field >= 4;
      BAD_ARGUMENT(wsabi_conn_recv_request(conn, &request, o.events, 2, &o.count));
    }
    wsabi_request request = good_request();
    BAD_ARGUMENT(wsabi_conn_recv_request(conn, &request, o.events, ABSURD[i], &o.count));
    BAD_ARGUMENT(wsabi_conn_new_open(NULL, WSABI_ROLE_SERVER, "a", ABSURD[i], &o.conn));
    wsabi_conn_free(conn);
    assert_untouched(&o);
  }
}

static void arguments_of_requests(void **state) {
  (void)state;
  outs o = untouched();
  // Older headers than the first release never were.
  static const size_t SMALL[] = {0, 8};
  wsabi_client_request ask = good_ask();
  wsabi_request request = good_request();
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  for (size_t i = 0; i < 3; i++) {
    ask.struct_size = i < 2 ? SMALL[i] : sizeof ask - 1;
    BAD_ARGUMENT(wsabi_conn_new_client(NULL, &ask, &o.conn));
    request.struct_size = i < 2 ? SMALL[i] : sizeof request - 1;
    BAD_ARGUMENT(wsabi_conn_recv_request(conn, &request, o.events, 2, &o.count));
  }
  request = good_request();
  request.reserved = 1;
  BAD_ARGUMENT(wsabi_conn_recv_request(conn, &request, o.events, 2, &o.count));
  request = good_request();
  BAD_ARGUMENT(wsabi_conn_recv_request(conn, &request, o.events, 0, &o.count));
  static const uint32_t VERSIONS[] = {0, 1, 9, 12, 13, 21, 31, 40, UINT32_MAX};
  for (size_t i = 0; i < sizeof VERSIONS / sizeof *VERSIONS; i++) {
    request.version = VERSIONS[i];
    assert_int_equal(wsabi_conn_recv_request(conn, &request, o.events, 2, &o.count), WSABI_ERR_UNSUPPORTED);
  }
  static const wsabi_role ROLES[] = {2, 3, 256, UINT32_MAX};
  for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
    assert_int_equal(wsabi_conn_new_open(NULL, ROLES[i], NULL, 0, &o.conn), WSABI_ERR_UNSUPPORTED);
  }
  BAD_ARGUMENT(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, "a b", 3, &o.conn));
  BAD_ARGUMENT(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, "", 0, &o.conn));
  static const char *const HOSTS[] = {"", ":80", "a b", "a/b", "u@a", "a:65536", "[::g]", "http://a"};
  for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
    ask = good_ask();
    ask.host = slice(HOSTS[i]);
    BAD_ARGUMENT(wsabi_conn_new_client(NULL, &ask, &o.conn));
  }
  static const char *const TARGETS[] = {"", "chat", "*", "/#", "/a b", "http://a/", "/caf\xc3\xa9"};
  for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++) {
    ask = good_ask();
    ask.target = slice(TARGETS[i]);
    BAD_ARGUMENT(wsabi_conn_new_client(NULL, &ask, &o.conn));
  }
  assert_untouched(&o);
  // A header newer than the library has larger structs.
  struct {
    wsabi_request request;
    uint64_t later;
  } newer = {good_request(), 0xa5};
  newer.request.struct_size = sizeof newer;
  check(wsabi_conn_recv_request(conn, &newer.request, o.events, 2, &o.count));
  wsabi_conn_free(conn);
}

static void arguments_of_receive_and_send(void **state) {
  (void)state;
  outs o = untouched();
  uint8_t octets[1] = {0x81};
  wsabi_conn *conn = open_conn(NULL);
  BAD_ARGUMENT(wsabi_conn_recv(conn, octets, 1, &o.consumed, o.events, 0, &o.count));
  BAD_ARGUMENT(wsabi_conn_recv(conn, octets, 1, &o.consumed, NULL, 0, &o.count));
  BAD_ARGUMENT(wsabi_conn_recv_eof(conn, o.events, 0, &o.count));
  BAD_ARGUMENT(wsabi_conn_send_text(conn, "\xff", 1));
  BAD_ARGUMENT(wsabi_conn_send_text(conn, "\xed\xa0\x80", 3));
  uint8_t long_payload[126];
  memset(long_payload, 'a', sizeof long_payload);
  BAD_ARGUMENT(wsabi_conn_send_ping(conn, long_payload, 126));
  BAD_ARGUMENT(wsabi_conn_send_pong(conn, long_payload, 126));
  BAD_ARGUMENT(wsabi_conn_close(conn, 1000, long_payload, 124));
  BAD_ARGUMENT(wsabi_conn_close(conn, 1000, "\xff", 1));
  BAD_ARGUMENT(wsabi_conn_close(conn, 0, "reason without code", 19));
  BAD_ARGUMENT(wsabi_conn_close(conn, 1005, NULL, 0));
  assert_untouched(&o);
  assert_int_equal(octets[0], 0x81);
  assert_int_equal(wsabi_conn_output_size(conn), 0);

  check(wsabi_conn_send_ping(conn, long_payload, 125));
  size_t queued = wsabi_conn_output_size(conn);
  assert_int_equal(queued, 127);
  BAD_ARGUMENT(wsabi_conn_output_consumed(conn, queued + 1));
  assert_int_equal(wsabi_conn_output_size(conn), queued);
  check(wsabi_conn_output_consumed(conn, queued - 1));
  check(wsabi_conn_output_consumed(conn, 0));
  check(wsabi_conn_output_consumed(conn, 1));
  BAD_ARGUMENT(wsabi_conn_output_consumed(conn, 1));
  check(wsabi_conn_close(conn, 1000, long_payload, 123));
  wsabi_conn_free(conn);
}

static void arguments_of_decisions(void **state) {
  (void)state;
  wsabi_conn *conn = undecided_conn(NULL, OFFER);
  wsabi_response response = WSABI_RESPONSE_INIT;
  // 65837 is 301 in 16 bits.
  static const uint32_t STATUSES[] = {0, 1, 100, 101, 200, 299, 600, 65837, UINT32_MAX};
  for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
    response.status = STATUSES[i];
    BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
    BAD_ARGUMENT(wsabi_conn_redirect(conn, STATUSES[i], "/", 1));
  }
  response.status = 404;
  response.reserved = 1;
  BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
  response.reserved = 0;
  response.struct_size = sizeof response - 1;
  BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
  response.struct_size = 0;
  BAD_ARGUMENT(wsabi_conn_reject(conn, &response));
  BAD_ARGUMENT(wsabi_conn_accept(conn, NULL, 0, &response));
  BAD_ARGUMENT(wsabi_conn_accept(conn, "", 0, NULL));
  BAD_ARGUMENT(wsabi_conn_accept_then_close(conn, 1005, NULL, 0));
  BAD_ARGUMENT(wsabi_conn_accept_then_close(conn, 0, "a", 1));
  BAD_ARGUMENT(wsabi_conn_challenge(conn, NULL, 0));
  BAD_ARGUMENT(wsabi_conn_respond(conn, 200, "text/plain", 10, NULL, 0));  // that is for plain HTTP
  BAD_ARGUMENT(wsabi_conn_respond(conn, 65536 + 404, "text/plain", 10, NULL, 0));
  BAD_ARGUMENT(wsabi_conn_respond(conn, 404, "text/plain\r\n", 12, NULL, 0));
  wsabi_config *policy;
  check(wsabi_config_new(&policy));
  BAD_ARGUMENT(wsabi_conn_accept_by(conn, policy, &response));
  wsabi_config_free(policy);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
  check(wsabi_conn_accept(conn, "a", 1, NULL));
  wsabi_conn_free(conn);
}

// ---- Order of calls ----

// Everything that needs a request that waits.
static void assert_no_request(wsabi_conn *conn) {
  outs o = untouched();
  uint8_t octets[1];
  wsabi_config *policy;
  check(wsabi_config_new(&policy));
  BAD_STATE(wsabi_conn_head_path(conn, &o.slice));
  BAD_STATE(wsabi_conn_head_query(conn, &o.slice));
  BAD_STATE(wsabi_conn_head_query_parameter(conn, "a", 1, octets, 1, &o.count));
  BAD_STATE(wsabi_conn_head_host(conn, &o.slice));
  BAD_STATE(wsabi_conn_head_origin(conn, &o.slice));
  BAD_STATE(wsabi_conn_accept_by(conn, policy, NULL));
  BAD_STATE(wsabi_conn_accept_then_close(conn, 1000, NULL, 0));
  BAD_STATE(wsabi_conn_challenge(conn, "Basic", 5));
  BAD_STATE(wsabi_conn_respond(conn, 404, "text/plain", 10, NULL, 0));
  BAD_STATE(wsabi_conn_decline_deflate(conn));
  // A host that has no HTTP server gets no response in parts.
  BAD_STATE(wsabi_conn_response_status(conn, &o.status));
  BAD_STATE(wsabi_conn_response_header(conn, 0, &o.header));
  BAD_STATE(wsabi_conn_response_body(conn, &o.slice));
  wsabi_config_free(policy);
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.status = 404;
  BAD_STATE(wsabi_conn_head_method(conn, &o.slice));
  BAD_STATE(wsabi_conn_head_target(conn, &o.slice));
  BAD_STATE(wsabi_conn_head_find(conn, "host", 4, &o.slice));
  BAD_STATE(wsabi_conn_head_at(conn, 0, &o.header));
  BAD_STATE(wsabi_conn_offered_subprotocol(conn, 0, &o.slice));
  BAD_STATE(wsabi_conn_accept(conn, NULL, 0, NULL));
  BAD_STATE(wsabi_conn_reject(conn, &response));
  BAD_STATE(wsabi_conn_redirect(conn, 302, "/", 1));
  assert_untouched(&o);
}

// Everything that needs an open connection.
static void assert_not_open(wsabi_conn *conn) {
  size_t queued = wsabi_conn_output_size(conn);
  BAD_STATE(wsabi_conn_send_text(conn, "a", 1));
  BAD_STATE(wsabi_conn_send_binary(conn, "a", 1));
  BAD_STATE(wsabi_conn_send_ping(conn, "a", 1));
  BAD_STATE(wsabi_conn_send_pong(conn, "a", 1));
  BAD_STATE(wsabi_conn_close(conn, 1000, NULL, 0));
  assert_int_equal(wsabi_conn_output_size(conn), queued);
}

static void order_of_calls(void **state) {
  (void)state;
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  assert_no_request(conn);
  assert_not_open(conn);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);
  wsabi_conn_free(conn);

  conn = undecided_conn(NULL, OFFER);
  assert_not_open(conn);
  check(wsabi_conn_accept(conn, NULL, 0, NULL));
  assert_no_request(conn);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  check(wsabi_conn_close(conn, 1000, NULL, 0));
  assert_not_open(conn);
  wsabi_conn_free(conn);

  conn = undecided_conn(NULL, OFFER);
  check(wsabi_conn_redirect(conn, 302, "/", 1));
  assert_no_request(conn);
  assert_not_open(conn);
  wsabi_conn_free(conn);
}

// A client has no request to decide on, and none of its own before the response.
static void order_of_a_clients_calls(void **state) {
  (void)state;
  wsabi_client_request ask = good_ask();
  wsabi_request request = good_request();
  wsabi_event event;
  size_t count;
  wsabi_conn *conn;
  check(wsabi_conn_new_client(NULL, &ask, &conn));
  assert_no_request(conn);
  assert_not_open(conn);
  BAD_STATE(wsabi_conn_recv_request(conn, &request, &event, 1, &count));
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ | WSABI_INTEREST_WRITE);
  wsabi_conn_free(conn);

  check(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, NULL, 0, &conn));
  assert_no_request(conn);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  check(wsabi_conn_send_text(conn, NULL, 0));
  assert_int_equal(wsabi_conn_output_size(conn), 6);
  wsabi_conn_free(conn);
}

// A response in parts is there until the connection receives.
static void order_of_a_parsed_request(void **state) {
  (void)state;
  wsabi_request request = good_request();
  wsabi_header version = {slice("sec-websocket-version"), slice("13")}, header;
  request.headers = &version;
  request.header_count = 1;
  wsabi_conn *conn;
  wsabi_event event;
  uint32_t status;
  wsabi_slice body;
  size_t used, count;
  check(wsabi_conn_new_server(NULL, &conn));
  check(wsabi_conn_recv_request(conn, &request, &event, 1, &count));
  assert_int_equal(event.type, WSABI_EVENT_REQUEST);
  BAD_STATE(wsabi_conn_response_status(conn, &status));
  check(wsabi_conn_accept(conn, NULL, 0, NULL));
  for (int twice = 0; twice < 2; twice++) {
    check(wsabi_conn_response_status(conn, &status));
    assert_int_equal(status, 200);
    assert_int_equal(wsabi_conn_response_header(conn, 0, &header), WSABI_ERR_NOT_FOUND);
    assert_int_equal(wsabi_conn_response_header(conn, SIZE_MAX, &header), WSABI_ERR_NOT_FOUND);
    check(wsabi_conn_response_body(conn, &body));
    assert_int_equal(body.len, 0);
    assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);
  }
  check(wsabi_conn_recv(conn, NULL, 0, &used, &event, 1, &count));
  assert_no_request(conn);
  BAD_STATE(wsabi_conn_recv_request(conn, &request, &event, 1, &count));
  wsabi_conn_free(conn);
}

static void calls_behind_the_end(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  wsabi_event event;
  size_t used, count;
  check(wsabi_conn_recv_eof(conn, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(event.type, WSABI_EVENT_CLOSED);
  assert_int_equal(event.code, 1006);
  check(wsabi_conn_recv_eof(conn, &event, 1, &count));
  assert_int_equal(count, 0);  // CLOSED is listed once
  uint8_t octets[] = {0x81, 0x80, 0, 0, 0, 0};
  check(wsabi_conn_recv(conn, octets, sizeof octets, &used, &event, 1, &count));
  assert_int_equal(used, sizeof octets);
  assert_int_equal(count, 0);
  assert_not_open(conn);
  assert_no_request(conn);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  assert_int_equal(wsabi_conn_close_code(conn), 1006);
  wsabi_conn_free(conn);
}

// The end of the stream at every stage, with output that waits.
static void end_of_stream(void **state) {
  (void)state;
  wsabi_event event;
  size_t count;
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  check(wsabi_conn_recv_eof(conn, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  wsabi_conn_free(conn);

  conn = undecided_conn(NULL, OFFER);
  check(wsabi_conn_recv_eof(conn, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(event.type, WSABI_EVENT_CLOSED);
  wsabi_conn_free(conn);

  conn = open_conn(NULL);
  check(wsabi_conn_send_text(conn, "a", 1));
  check(wsabi_conn_recv_eof(conn, &event, 1, &count));
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_WRITE);  // it may still be written
  check(wsabi_conn_output_consumed(conn, 3));
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_CLOSE);
  wsabi_conn_free(conn);
}

static void user_data(void **state) {
  (void)state;
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  assert_null(wsabi_conn_user_data(conn));
  int mine;
  check(wsabi_conn_set_user_data(conn, &mine));
  assert_ptr_equal(wsabi_conn_user_data(conn), &mine);
  check(wsabi_conn_set_user_data(conn, NULL));
  assert_null(wsabi_conn_user_data(conn));
  wsabi_slice name = {NULL, 1};
  check(wsabi_conn_subprotocol(conn, &name));
  assert_int_equal(name.len, 0);
  wsabi_conn_free(conn);
}

// Rule 5: payloads outlive every call that sends, wherever they lie.
static void payloads_outlive_sends(void **state) {
  (void)state;
  bytes input = {0};
  append_frame(&input, 0x81, "Hello", 5);
  for (size_t cut = 0; cut < input.len; cut++) {
    wsabi_conn *conn = open_conn(NULL);
    uint8_t copy[32];
    memcpy(copy, input.data, input.len);
    wsabi_event event;
    size_t used, count;
    if (cut > 0) {
      check(wsabi_conn_recv(conn, copy, cut, &used, &event, 1, &count));
      assert_int_equal(count, 0);
    }
    check(wsabi_conn_recv(conn, copy + cut, input.len - cut, &used, &event, 1, &count));
    assert_int_equal(count, 1);
    for (size_t i = 0; i < 100; i++) {
      check(wsabi_conn_send_text(conn, event.data, event.len));
      check(wsabi_conn_send_ping(conn, event.data, event.len));
    }
    bytes sent = {0};
    take_output(conn, &sent);
    assert_int_equal(sent.len, 1400);
    check(wsabi_conn_close(conn, 1000, event.data, event.len));
    assert_memory_equal(event.data, "Hello", 5);
    wsabi_conn_free(conn);
    clear(&sent);
  }
  clear(&input);
}

// ---- Explanations ----

static bool holds(wsabi_slice text, const char *part) {
  char copy[1024];
  assert_true(text.len < sizeof copy);
  memcpy(copy, text.data, text.len);
  copy[text.len] = 0;
  return strstr(copy, part) != NULL;
}

static void explanations(void **state) {
  (void)state;
  static const char capture[] =
      "GET / HTTP/1.0\nHost: a\nConnection: close\nSec-WebSocket-Version: 13\n"
      "Sec-WebSocket-Key: iTAsnxQZ045LBMzPRnlYGg==\n\n";
  wsabi_explanation *explanation;
  check(wsabi_explain(capture, sizeof capture - 1, &explanation));
  assert_int_equal(wsabi_explanation_count(explanation), 1);
  wsabi_finding finding = {.struct_size = sizeof finding};
  check(wsabi_explanation_at(explanation, 0, &finding));
  assert_int_equal(finding.kind, WSABI_FINDING_PROXY_HTTP10);
  assert_int_equal(finding.severity, WSABI_SEVERITY_FATAL);
  assert_int_equal(finding.place, WSABI_PLACE_REQUEST);
  assert_int_equal(finding.index, 1);
  assert_int_equal(finding.line, 3);
  assert_int_equal(finding.reserved, 0);
  assert_true(holds(finding.offending, "Connection: close"));
  assert_true(holds(finding.remedy, "proxy_http_version 1.1"));
  assert_true(holds(finding.section, "RFC 9110 7.8"));
  assert_int_equal(wsabi_explanation_at(explanation, 1, &finding), WSABI_ERR_NOT_FOUND);
  assert_int_equal(wsabi_explanation_at(explanation, SIZE_MAX, &finding), WSABI_ERR_NOT_FOUND);
  NULL_GIVEN(wsabi_explanation_at(NULL, 0, &finding));
  NULL_GIVEN(wsabi_explanation_at(explanation, 0, NULL));
  finding.struct_size = sizeof finding - 1;
  BAD_ARGUMENT(wsabi_explanation_at(explanation, 0, &finding));
  wsabi_explanation_free(explanation);

  static const uint8_t frames[] = {0x81, 0x00, 0x82, 0x7e, 0x00, 0x00};
  check(wsabi_explain_frames(frames, sizeof frames, &explanation));
  assert_int_equal(wsabi_explanation_count(explanation), 1);
  finding.struct_size = sizeof finding;
  check(wsabi_explanation_at(explanation, 0, &finding));
  assert_int_equal(finding.kind, WSABI_FINDING_NON_MINIMAL_LENGTH);
  assert_int_equal(finding.place, WSABI_PLACE_FRAME);
  assert_int_equal(finding.index, 2);
  assert_int_equal(finding.offset, 2);
  wsabi_explanation_free(explanation);

  // No capture is too strange.
  check(wsabi_explain(NULL, 0, &explanation));
  assert_int_equal(wsabi_explanation_count(explanation), 1);
  wsabi_explanation_free(explanation);
  check(wsabi_explain_frames(NULL, 0, &explanation));
  assert_int_equal(wsabi_explanation_count(explanation), 1);
  wsabi_explanation_free(explanation);
  wsabi_explanation_free(NULL);
  assert_int_equal(wsabi_explanation_count(NULL), 0);

  NULL_GIVEN(wsabi_explain(NULL, 1, &explanation));
  NULL_GIVEN(wsabi_explain(capture, 1, NULL));
  NULL_GIVEN(wsabi_explain_frames(NULL, 1, &explanation));
  NULL_GIVEN(wsabi_explain_frames(capture, 1, NULL));
  for (size_t i = 0; i < 2; i++) {
    BAD_ARGUMENT(wsabi_explain(capture, ABSURD[i], &explanation));
    BAD_ARGUMENT(wsabi_explain_frames(capture, ABSURD[i], &explanation));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(version),
      cmocka_unit_test(texts),
      cmocka_unit_test(options),
      cmocka_unit_test(codes_that_are_none),
      cmocka_unit_test(config_errors),
      cmocka_unit_test(a_config_in_use_is_immutable),
      cmocka_unit_test(a_config_is_free_again),
      cmocka_unit_test(null_connection),
      cmocka_unit_test(null_arguments),
      cmocka_unit_test(null_ranges_of_requests),
      cmocka_unit_test(empty_ranges),
      cmocka_unit_test(absurd_lengths),
      cmocka_unit_test(absurd_lengths_of_requests),
      cmocka_unit_test(arguments_of_requests),
      cmocka_unit_test(arguments_of_receive_and_send),
      cmocka_unit_test(arguments_of_decisions),
      cmocka_unit_test(order_of_calls),
      cmocka_unit_test(order_of_a_clients_calls),
      cmocka_unit_test(order_of_a_parsed_request),
      cmocka_unit_test(calls_behind_the_end),
      cmocka_unit_test(end_of_stream),
      cmocka_unit_test(user_data),
      cmocka_unit_test(payloads_outlive_sends),
      cmocka_unit_test(explanations),
  };
  return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
