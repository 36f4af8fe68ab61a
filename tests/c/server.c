// The embedded server's part of the C ABI as a contract: layouts, NULL and absurd
// lengths, codes that nobody knows, calls in the wrong order. What it does with
// peers is in serving.c.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

// ---- Layouts, for the usual 64-bit ABI ----

#define LAYOUT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member)

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(wsabi_server_event) == 48, "wsabi_server_event");
LAYOUT(wsabi_server_event, conn, 0);
LAYOUT(wsabi_server_event, user_data, 8);
LAYOUT(wsabi_server_event, id, 16);
LAYOUT(wsabi_server_event, event, 24);

_Static_assert(sizeof(wsabi_metrics) == 96, "wsabi_metrics");
LAYOUT(wsabi_metrics, struct_size, 0);
LAYOUT(wsabi_metrics, connections, 8);
LAYOUT(wsabi_metrics, accepted, 16);
LAYOUT(wsabi_metrics, refused, 24);
LAYOUT(wsabi_metrics, accept_errors, 32);
LAYOUT(wsabi_metrics, requests, 40);
LAYOUT(wsabi_metrics, failures, 48);
LAYOUT(wsabi_metrics, messages_received, 56);
LAYOUT(wsabi_metrics, octets_received, 64);
LAYOUT(wsabi_metrics, octets_sent, 72);
LAYOUT(wsabi_metrics, messages_published, 80);
LAYOUT(wsabi_metrics, messages_dropped, 88);
#endif

_Static_assert(sizeof(wsabi_stage) == 4, "codes");

// ---- Helpers ----

#define NULL_GIVEN(call) assert_int_equal((call), WSABI_ERR_NULL)
#define BAD_ARGUMENT(call) assert_int_equal((call), WSABI_ERR_ARGUMENT)
#define BAD_STATE(call) assert_int_equal((call), WSABI_ERR_STATE)
#define UNSUPPORTED(call) assert_int_equal((call), WSABI_ERR_UNSUPPORTED)
#define NOT_FOUND(call) assert_int_equal((call), WSABI_ERR_NOT_FOUND)

// Lengths that no range has: the library must not touch what they are said of.
static const size_t ABSURD[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1};

// Flags of no meaning.
static const uint32_t UNKNOWN_FLAGS[] = {4, 5, 6, 1U << 31, UINT32_MAX};

// Codes that a Close must not carry. RFC 6455 7.4.
static const uint16_t BAD_CODES[] = {0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535};

// Every out-parameter of a server; a call that fails leaves them as they are.
typedef struct {
  wsabi_server *server;
  wsabi_remote *remote;
  wsabi_conn *conn;
  wsabi_slice slice;
  wsabi_server_event events[2];
  wsabi_event event;
  wsabi_iovec runs[2];
  uint8_t *place;
  uint64_t id;
  size_t count, consumed;
  uint16_t port;
  uint8_t text[64];
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

static wsabi_prepared *hello(void) {
  wsabi_prepared *message;
  check(wsabi_prepared_new(NULL, WSABI_MESSAGE_TEXT, "Hello", 5, &message));
  return message;
}

// A server with one open connection, and the other end of its socket.
typedef struct {
  wsabi_server *server;
  wsabi_conn *conn;
  uint64_t id;
  int fd;
} hosted;

static hosted opened(void) {
  hosted h;
  int ends[2];
  size_t count;
  wsabi_server_event event;
  check(wsabi_server_new(NULL, &h.server));
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  check(wsabi_server_adopt(h.server, ends[0], REQUEST, strlen(REQUEST), 0, &h.id));
  h.fd = ends[1];
  check(wsabi_server_poll(h.server, -1, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(event.event.type, WSABI_EVENT_REQUEST);
  assert_true(event.id == h.id && event.user_data == NULL);
  h.conn = event.conn;
  check(wsabi_conn_accept(h.conn, NULL, 0, NULL));
  return h;
}

static void end(hosted *h) {
  wsabi_server_free(h->server);
  close(h->fd);
}

// ---- NULL ----

static void null_handles(void **state) {
  (void)state;
  outs o = untouched();
  wsabi_metrics metrics = WSABI_METRICS_INIT;
  wsabi_prepared *message = hello();
  NULL_GIVEN(wsabi_server_new(NULL, NULL));
  NULL_GIVEN(wsabi_server_error(NULL, &o.slice));
  NULL_GIVEN(wsabi_server_listen(NULL, "127.0.0.1", 9, 0, 0, &o.port));
  NULL_GIVEN(wsabi_server_listen_unix(NULL, "x", 1, 0));
  NULL_GIVEN(wsabi_server_listen_fd(NULL, 0, 0));
  NULL_GIVEN(wsabi_server_adopt(NULL, 0, NULL, 0, 0, &o.id));
  NULL_GIVEN(wsabi_server_set_certificate(NULL, NULL, 0, "a", 1, "a", 1));
  NULL_GIVEN(wsabi_server_set_certificate_pem(NULL, NULL, 0, "a", 1, "a", 1));
  NULL_GIVEN(wsabi_server_share_certificates(NULL, NULL));
  NULL_GIVEN(wsabi_server_poll(NULL, 0, o.events, 2, &o.count));
  NULL_GIVEN(wsabi_server_conn(NULL, 1, &o.conn));
  assert_int_equal(wsabi_server_count(NULL), 0);
  NULL_GIVEN(wsabi_server_peer_address(NULL, 1, o.text, 64, &o.count));
  NULL_GIVEN(wsabi_server_subscribe(NULL, 1, "a", 1));
  NULL_GIVEN(wsabi_server_unsubscribe(NULL, 1, "a", 1));
  NULL_GIVEN(wsabi_server_publish(NULL, NULL, 0, message, 0, &o.count));
  NULL_GIVEN(wsabi_server_shutdown(NULL, 1001, 0));
  assert_int_equal(wsabi_server_stage(NULL), WSABI_STAGE_STOPPED);
  NULL_GIVEN(wsabi_server_metrics(NULL, &metrics));
  NULL_GIVEN(wsabi_server_serve_metrics(NULL, "/metrics", 8));
  NULL_GIVEN(wsabi_server_remote(NULL, &o.remote));
  NULL_GIVEN(wsabi_remote_wake(NULL));
  NULL_GIVEN(wsabi_remote_send(NULL, 1, WSABI_MESSAGE_TEXT, "a", 1));
  NULL_GIVEN(wsabi_remote_send_prepared(NULL, 1, message));
  NULL_GIVEN(wsabi_remote_publish(NULL, NULL, 0, message));
  NULL_GIVEN(wsabi_remote_close(NULL, 1, 1000, NULL, 0));
  NULL_GIVEN(wsabi_remote_shutdown(NULL, 1001, 0));
  wsabi_server_free(NULL);
  wsabi_remote_free(NULL);
  wsabi_prepared_free(message);
  assert_untouched(&o);
}

static void null_arguments(void **state) {
  (void)state;
  outs o = untouched();
  hosted h = opened();
  NULL_GIVEN(wsabi_server_error(h.server, NULL));
  NULL_GIVEN(wsabi_server_listen(h.server, NULL, 1, 0, 0, &o.port));
  NULL_GIVEN(wsabi_server_listen_unix(h.server, NULL, 1, 0));
  NULL_GIVEN(wsabi_server_adopt(h.server, h.fd, NULL, 1, 0, &o.id));
  NULL_GIVEN(wsabi_server_set_certificate(h.server, NULL, 1, "a", 1, "a", 1));
  NULL_GIVEN(wsabi_server_set_certificate(h.server, NULL, 0, NULL, 1, "a", 1));
  NULL_GIVEN(wsabi_server_set_certificate(h.server, NULL, 0, "a", 1, NULL, 1));
  NULL_GIVEN(wsabi_server_set_certificate_pem(h.server, NULL, 1, "a", 1, "a", 1));
  NULL_GIVEN(wsabi_server_set_certificate_pem(h.server, NULL, 0, NULL, 1, "a", 1));
  NULL_GIVEN(wsabi_server_set_certificate_pem(h.server, NULL, 0, "a", 1, NULL, 1));
  NULL_GIVEN(wsabi_server_share_certificates(h.server, NULL));
  NULL_GIVEN(wsabi_server_poll(h.server, 0, NULL, 2, &o.count));
  NULL_GIVEN(wsabi_server_poll(h.server, 0, o.events, 2, NULL));
  NULL_GIVEN(wsabi_server_conn(h.server, h.id, NULL));
  NULL_GIVEN(wsabi_server_peer_address(h.server, h.id, NULL, 64, &o.count));
  NULL_GIVEN(wsabi_server_peer_address(h.server, h.id, o.text, 64, NULL));
  NULL_GIVEN(wsabi_server_subscribe(h.server, h.id, NULL, 1));
  NULL_GIVEN(wsabi_server_unsubscribe(h.server, h.id, NULL, 1));
  NULL_GIVEN(wsabi_server_publish(h.server, NULL, 0, NULL, 0, &o.count));
  NULL_GIVEN(wsabi_server_metrics(h.server, NULL));
  NULL_GIVEN(wsabi_server_serve_metrics(h.server, NULL, 1));
  NULL_GIVEN(wsabi_server_remote(h.server, NULL));
  wsabi_prepared *message = hello();
  NULL_GIVEN(wsabi_server_publish(h.server, NULL, 1, message, 0, &o.count));
  wsabi_remote *remote;
  check(wsabi_server_remote(h.server, &remote));
  NULL_GIVEN(wsabi_remote_send(remote, h.id, WSABI_MESSAGE_TEXT, NULL, 1));
  NULL_GIVEN(wsabi_remote_send_prepared(remote, h.id, NULL));
  NULL_GIVEN(wsabi_remote_publish(remote, NULL, 1, message));
  NULL_GIVEN(wsabi_remote_publish(remote, NULL, 0, NULL));
  NULL_GIVEN(wsabi_remote_close(remote, h.id, 1000, NULL, 1));
  wsabi_remote_free(remote);
  wsabi_prepared_free(message);
  assert_untouched(&o);
  assert_int_equal(wsabi_server_count(h.server), 1);
  end(&h);
}

// What may be NULL, and (NULL, 0).
static void optional_arguments(void **state) {
  (void)state;
  hosted h = opened();
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  check(wsabi_server_adopt(h.server, ends[0], NULL, 0, 0, NULL));
  check(wsabi_server_listen(h.server, "127.0.0.1", 9, 0, 0, NULL));
  size_t len = 7;
  check(wsabi_server_peer_address(h.server, h.id, NULL, 0, &len));
  assert_int_equal(len, 0);
  wsabi_prepared *message = hello();
  check(wsabi_server_subscribe(h.server, h.id, NULL, 0));
  check(wsabi_server_publish(h.server, "", 0, message, 0, NULL));
  assert_true(wsabi_conn_output_size(h.conn) > 0);
  check(wsabi_server_unsubscribe(h.server, h.id, NULL, 0));
  wsabi_prepared_free(message);
  close(ends[1]);
  end(&h);
}

// ---- Arguments ----

static void absurd_lengths(void **state) {
  (void)state;
  outs o = untouched();
  hosted h = opened();
  wsabi_prepared *message = hello();
  wsabi_remote *remote;
  check(wsabi_server_remote(h.server, &remote));
  for (size_t i = 0; i < 2; i++) {
    size_t len = ABSURD[i];
    BAD_ARGUMENT(wsabi_server_listen(h.server, "a", len, 0, 0, &o.port));
    BAD_ARGUMENT(wsabi_server_listen_unix(h.server, "a", len, 0));
    BAD_ARGUMENT(wsabi_server_adopt(h.server, h.fd, "a", len, 0, &o.id));
    BAD_ARGUMENT(wsabi_server_set_certificate(h.server, "a", len, "a", 1, "a", 1));
    BAD_ARGUMENT(wsabi_server_set_certificate(h.server, "a", 1, "a", len, "a", 1));
    BAD_ARGUMENT(wsabi_server_set_certificate(h.server, "a", 1, "a", 1, "a", len));
    BAD_ARGUMENT(wsabi_server_set_certificate_pem(h.server, "a", len, "a", 1, "a", 1));
    BAD_ARGUMENT(wsabi_server_set_certificate_pem(h.server, "a", 1, "a", len, "a", 1));
    BAD_ARGUMENT(wsabi_server_set_certificate_pem(h.server, "a", 1, "a", 1, "a", len));
    BAD_ARGUMENT(wsabi_server_poll(h.server, 0, o.events, len, &o.count));
    BAD_ARGUMENT(wsabi_server_poll(h.server, 0, o.events, (size_t)PTRDIFF_MAX / sizeof *o.events + 1, &o.count));
    BAD_ARGUMENT(wsabi_server_peer_address(h.server, h.id, o.text, len, &o.count));
    BAD_ARGUMENT(wsabi_server_subscribe(h.server, h.id, "a", len));
    BAD_ARGUMENT(wsabi_server_unsubscribe(h.server, h.id, "a", len));
    BAD_ARGUMENT(wsabi_server_publish(h.server, "a", len, message, 0, &o.count));
    BAD_ARGUMENT(wsabi_server_serve_metrics(h.server, "/", len));
    BAD_ARGUMENT(wsabi_remote_send(remote, h.id, WSABI_MESSAGE_TEXT, "a", len));
    BAD_ARGUMENT(wsabi_remote_publish(remote, "a", len, message));
    BAD_ARGUMENT(wsabi_remote_close(remote, h.id, 1000, "a", len));
  }
  wsabi_remote_free(remote);
  wsabi_prepared_free(message);
  assert_untouched(&o);
  assert_int_equal(wsabi_server_count(h.server), 1);
  end(&h);
}

static void codes_that_are_none(void **state) {
  (void)state;
  outs o = untouched();
  hosted h = opened();
  wsabi_remote *remote;
  check(wsabi_server_remote(h.server, &remote));
  for (size_t i = 0; i < sizeof UNKNOWN_FLAGS / sizeof *UNKNOWN_FLAGS; i++) {
    UNSUPPORTED(wsabi_server_listen(h.server, "127.0.0.1", 9, 0, UNKNOWN_FLAGS[i], &o.port));
    UNSUPPORTED(wsabi_server_listen_unix(h.server, "a", 1, UNKNOWN_FLAGS[i]));
    UNSUPPORTED(wsabi_server_listen_fd(h.server, h.fd, UNKNOWN_FLAGS[i]));
    UNSUPPORTED(wsabi_server_adopt(h.server, h.fd, NULL, 0, UNKNOWN_FLAGS[i], &o.id));
  }
  // Ports are shared, and nothing else.
  UNSUPPORTED(wsabi_server_listen_unix(h.server, "a", 1, WSABI_LISTEN_REUSE_PORT));
  UNSUPPORTED(wsabi_server_listen_fd(h.server, h.fd, WSABI_LISTEN_REUSE_PORT));
  UNSUPPORTED(wsabi_server_adopt(h.server, h.fd, NULL, 0, WSABI_LISTEN_REUSE_PORT, &o.id));
  UNSUPPORTED(wsabi_server_listen_unix(h.server, "a", 1, WSABI_LISTEN_TLS | WSABI_LISTEN_REUSE_PORT));
  for (size_t i = 0; i < sizeof BAD_CODES / sizeof *BAD_CODES; i++) {
    BAD_ARGUMENT(wsabi_server_shutdown(h.server, BAD_CODES[i], 0));
    BAD_ARGUMENT(wsabi_remote_shutdown(remote, BAD_CODES[i], 0));
    BAD_ARGUMENT(wsabi_remote_close(remote, h.id, BAD_CODES[i], NULL, 0));
  }
  static const wsabi_message TYPES[] = {0, 3, 8, 9, 256 + WSABI_MESSAGE_TEXT, UINT32_MAX};
  for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
    UNSUPPORTED(wsabi_remote_send(remote, h.id, TYPES[i], "a", 1));
  }
  wsabi_remote_free(remote);
  assert_untouched(&o);
  assert_int_equal(wsabi_server_stage(h.server), WSABI_STAGE_RUNNING);
  assert_int_equal(wsabi_conn_state(h.conn), WSABI_STATE_OPEN);
  end(&h);
}

static void wrong_arguments(void **state) {
  (void)state;
  outs o = untouched();
  hosted h = opened();
  char reason[124];
  memset(reason, 'a', sizeof reason);
  wsabi_remote *remote;
  check(wsabi_server_remote(h.server, &remote));
  BAD_ARGUMENT(wsabi_server_listen(h.server, "\xff", 1, 0, 0, &o.port));
  BAD_ARGUMENT(wsabi_server_listen_unix(h.server, "\xff", 1, 0));
  BAD_ARGUMENT(wsabi_server_listen_unix(h.server, NULL, 0, 0));
  BAD_ARGUMENT(wsabi_server_listen_fd(h.server, -1, 0));
  BAD_ARGUMENT(wsabi_server_adopt(h.server, -1, NULL, 0, 0, &o.id));
  BAD_ARGUMENT(wsabi_server_poll(h.server, 0, o.events, 0, &o.count));
  BAD_ARGUMENT(wsabi_server_poll(h.server, 0, NULL, 0, &o.count));
  BAD_ARGUMENT(wsabi_server_serve_metrics(h.server, "metrics", 7));
  BAD_ARGUMENT(wsabi_server_serve_metrics(h.server, NULL, 0));
  BAD_ARGUMENT(wsabi_remote_send(remote, h.id, WSABI_MESSAGE_TEXT, "\xff", 1));
  BAD_ARGUMENT(wsabi_remote_close(remote, h.id, 1000, "\xff", 1));
  BAD_ARGUMENT(wsabi_remote_close(remote, h.id, 1000, reason, sizeof reason));
  check(wsabi_remote_send(remote, h.id, WSABI_MESSAGE_BINARY, "\xff", 1));
  wsabi_remote_free(remote);
  assert_untouched(&o);
  // A header older than the first release never was; one newer than the library
  // has a larger struct.
  struct {
    wsabi_metrics metrics;
    uint64_t later;
  } newer = {WSABI_METRICS_INIT, 0xa5};
  static const size_t SMALL[] = {0, 8, sizeof(wsabi_metrics) - 1};
  for (size_t i = 0; i < 3; i++) {
    newer.metrics.struct_size = SMALL[i];
    BAD_ARGUMENT(wsabi_server_metrics(h.server, &newer.metrics));
    assert_int_equal(newer.metrics.accepted, 0);
  }
  newer.metrics.struct_size = sizeof newer;
  check(wsabi_server_metrics(h.server, &newer.metrics));
  assert_int_equal(newer.metrics.accepted, 1);
  assert_int_equal(newer.metrics.struct_size, sizeof newer);
  assert_true(newer.later == 0xa5);
  end(&h);
}

// Names of connections that are none.
static void unknown_names(void **state) {
  (void)state;
  outs o = untouched();
  hosted h = opened();
  const uint64_t names[] = {0, 1, h.id - 1, h.id + 1, h.id ^ (1ULL << 40), UINT64_MAX};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    NOT_FOUND(wsabi_server_conn(h.server, names[i], &o.conn));
    NOT_FOUND(wsabi_server_peer_address(h.server, names[i], o.text, 64, &o.count));
    NOT_FOUND(wsabi_server_subscribe(h.server, names[i], "a", 1));
    NOT_FOUND(wsabi_server_unsubscribe(h.server, names[i], "a", 1));
  }
  NOT_FOUND(wsabi_server_unsubscribe(h.server, h.id, "a", 1));
  NOT_FOUND(wsabi_server_error(h.server, &o.slice));
  assert_untouched(&o);
  wsabi_conn *conn;
  check(wsabi_server_conn(h.server, h.id, &conn));
  assert_ptr_equal(conn, h.conn);
  // Other threads cannot know who is over: that is no mistake of theirs.
  wsabi_remote *remote;
  wsabi_metrics metrics = WSABI_METRICS_INIT;
  wsabi_server_event event;
  size_t count;
  check(wsabi_server_remote(h.server, &remote));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    check(wsabi_remote_send(remote, names[i], WSABI_MESSAGE_TEXT, "a", 1));
    check(wsabi_remote_close(remote, names[i], 1000, NULL, 0));
  }
  check(wsabi_server_poll(h.server, 0, &event, 1, &count));
  assert_int_equal(count, 0);
  check(wsabi_server_metrics(h.server, &metrics));
  assert_int_equal(metrics.messages_published, 0);
  assert_int_equal(wsabi_conn_state(h.conn), WSABI_STATE_OPEN);
  wsabi_remote_free(remote);
  end(&h);
}

// ---- Order of calls ----

// A server's connection is the application's to decide, send and look; the rest is
// the server's.
static void connections_of_a_server(void **state) {
  (void)state;
  outs o = untouched();
  hosted h = opened();
  uint8_t octets[2] = {0x81, 0x80};
  wsabi_request request = WSABI_REQUEST_INIT;
  check(wsabi_conn_send_text(h.conn, "Hello", 5));
  size_t queued = wsabi_conn_output_size(h.conn);
  BAD_STATE(wsabi_conn_recv(h.conn, octets, 2, &o.consumed, &o.event, 1, &o.count));
  BAD_STATE(wsabi_conn_recv_eof(h.conn, &o.event, 1, &o.count));
  BAD_STATE(wsabi_conn_recv_space(h.conn, &o.place, &o.count));
  BAD_STATE(wsabi_conn_recv_commit(h.conn, 0, &o.event, 1, &o.count));
  BAD_STATE(wsabi_conn_recv_request(h.conn, &request, &o.event, 1, &o.count));
  BAD_STATE(wsabi_conn_output(h.conn, o.runs, 2, &o.count));
  BAD_STATE(wsabi_conn_output_consumed(h.conn, 1));
  BAD_STATE(wsabi_conn_handle_timeout(h.conn, UINT64_MAX, &o.event, 1, &o.count));
  BAD_STATE(wsabi_conn_reset(h.conn, NULL));
  assert_int_equal(wsabi_conn_interest(h.conn), 0);
  assert_true(wsabi_conn_deadline(h.conn) == UINT64_MAX);
  assert_untouched(&o);
  assert_int_equal(wsabi_conn_output_size(h.conn), queued);
  assert_int_equal(wsabi_conn_state(h.conn), WSABI_STATE_OPEN);
  // It goes on as if nothing had been asked.
  wsabi_server_event event;
  size_t count;
  check(wsabi_server_poll(h.server, 0, &event, 1, &count));
  assert_int_equal(count, 0);
  char sent[256];
  ssize_t len = recv(h.fd, sent, sizeof sent, 0);
  assert_true(len > 7);
  assert_memory_equal(sent + len - 7, "\x81\x05Hello", 7);
  end(&h);
}

// Payloads in the connection stay where they are while a host asks what is the
// server's business.
static void payloads_outlive_questions(void **state) {
  (void)state;
  hosted h = opened();
  bytes frames = wire("01 83 M 'Hel'; 80 82 M 'lo';");
  assert_int_equal(send(h.fd, frames.data, frames.len, 0), frames.len);
  wsabi_server_event event;
  size_t count;
  check(wsabi_server_poll(h.server, 10000, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(wsabi_conn_interest(h.conn), 0);
  assert_int_equal(event.event.len, 5);
  assert_memory_equal(event.event.data, "Hello", 5);
  clear(&frames);
  end(&h);
}

static void a_freed_connection_is_listed_no_more(void **state) {
  (void)state;
  for (int peer_goes_first = 0; peer_goes_first < 2; peer_goes_first++) {
    hosted h = opened();
    outs o = untouched();
    wsabi_server_event event;
    size_t count = 1;
    // Two messages, of which the second one is left over.
    bytes frames = wire("81 81 M 'a'; 81 81 M 'b';");
    assert_int_equal(send(h.fd, frames.data, frames.len, 0), frames.len);
    check(wsabi_server_subscribe(h.server, h.id, "a", 1));
    check(wsabi_server_poll(h.server, 10000, &event, 1, &count));
    assert_int_equal(count, 1);
    if (peer_goes_first) {
      shutdown(h.fd, SHUT_RDWR);
    }
    check(wsabi_conn_send_text(h.conn, "never sent", 10));
    wsabi_conn_free(h.conn);
    assert_memory_equal(event.event.data, "a", 1);
    NOT_FOUND(wsabi_server_conn(h.server, h.id, &o.conn));
    NOT_FOUND(wsabi_server_subscribe(h.server, h.id, "b", 1));
    check(wsabi_server_poll(h.server, 0, &event, 1, &count));
    assert_int_equal(count, 0);
    assert_int_equal(wsabi_server_count(h.server), 0);
    char sent[256];
    size_t len = 0;
    for (ssize_t n; (n = recv(h.fd, sent, sizeof sent, 0)) > 0;) {
      len += (size_t)n;
    }
    assert_true(len > 0 && sent[len - 1] == '\n');  // the answer to the request
    assert_untouched(&o);
    clear(&frames);
    end(&h);
  }
}

static void calls_behind_the_end(void **state) {
  (void)state;
  outs o = untouched();
  wsabi_server *server;
  wsabi_server_event event;
  size_t count;
  int ends[2];
  check(wsabi_server_new(NULL, &server));
  BAD_STATE(wsabi_server_serve_metrics(server, "/metrics", 8));
  assert_int_equal(wsabi_server_stage(server), WSABI_STAGE_RUNNING);
  wsabi_remote *remote;
  check(wsabi_server_remote(server, &remote));
  check(wsabi_server_shutdown(server, 1001, UINT64_MAX));
  assert_int_equal(wsabi_server_stage(server), WSABI_STAGE_STOPPING);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  for (int stopped = 0; stopped < 2; stopped++) {
    BAD_STATE(wsabi_server_listen(server, "127.0.0.1", 9, 0, 0, &o.port));
    BAD_STATE(wsabi_server_listen_unix(server, "a", 1, 0));
    BAD_STATE(wsabi_server_listen_fd(server, ends[0], 0));
    BAD_STATE(wsabi_server_adopt(server, ends[0], NULL, 0, 0, &o.id));
    // With nobody there, it is over at once.
    check(wsabi_server_poll(server, -1, &event, 1, &count));
    assert_int_equal(count, 0);
    assert_int_equal(wsabi_server_stage(server), WSABI_STAGE_STOPPED);
    check(wsabi_server_shutdown(server, 1001, 0));
    assert_int_equal(wsabi_server_stage(server), WSABI_STAGE_STOPPED);
  }
  assert_untouched(&o);
  // The caller's descriptor is as it was.
  assert_int_equal(send(ends[0], "a", 1, 0), 1);
  check(wsabi_remote_shutdown(remote, 1001, 0));
  wsabi_server_free(server);

  wsabi_prepared *message = hello();
  check(wsabi_remote_wake(remote));
  BAD_STATE(wsabi_remote_send(remote, 1, WSABI_MESSAGE_TEXT, "a", 1));
  BAD_STATE(wsabi_remote_send_prepared(remote, 1, message));
  BAD_STATE(wsabi_remote_publish(remote, NULL, 0, message));
  BAD_STATE(wsabi_remote_close(remote, 1, 1000, NULL, 0));
  BAD_STATE(wsabi_remote_shutdown(remote, 1001, 0));
  wsabi_prepared_free(message);
  wsabi_remote_free(remote);
  close(ends[0]);
  close(ends[1]);
}

// A descriptor that cannot be taken is the caller's, with the mode it had.
static void descriptors_stay_the_callers(void **state) {
  (void)state;
  outs o = untouched();
  wsabi_config *config;
  wsabi_server *server;
  wsabi_slice text;
  int ends[2], more[2], file = open("/dev/null", O_RDWR);
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_CONNECTIONS, 1));
  check(wsabi_server_new(config, &server));
  wsabi_config_free(config);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, more), 0);

  // No socket; none that listens; none at all.
  assert_int_equal(wsabi_server_adopt(server, file, "a", 1, 0, &o.id), WSABI_ERR_IO);
  check(wsabi_server_error(server, &text));
  assert_int_equal(wsabi_server_listen_fd(server, file, 0), WSABI_ERR_IO);
  assert_int_equal(wsabi_server_listen_fd(server, ends[0], 0), WSABI_ERR_IO);
  check(wsabi_server_error(server, &text));
  char want[64];
  snprintf(want, sizeof want, "descriptor %d: it does not listen", ends[0]);
  assert_int_equal(text.len, strlen(want));
  assert_memory_equal(text.data, want, text.len);
  assert_int_equal(wsabi_server_adopt(server, 1 << 20, NULL, 0, 0, &o.id), WSABI_ERR_IO);
  assert_int_equal(wsabi_server_listen_fd(server, INT32_MAX, 0), WSABI_ERR_IO);

  // One too many.
  check(wsabi_server_adopt(server, ends[0], NULL, 0, 0, NULL));
  assert_int_equal(wsabi_server_adopt(server, more[0], "a", 1, 0, &o.id), WSABI_ERR_LIMIT);
  assert_int_equal(fcntl(more[0], F_GETFL) & O_NONBLOCK, 0);
  assert_int_equal(fcntl(file, F_GETFL) & O_NONBLOCK, 0);
  assert_int_equal(send(more[0], "a", 1, 0), 1);
  assert_int_equal(recv(more[1], o.text, 1, 0), 1);
  o = untouched();
  assert_untouched(&o);
  wsabi_server_free(server);
  close(file);
  close(ends[1]);
  close(more[0]);
  close(more[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(null_handles),
      cmocka_unit_test(null_arguments),
      cmocka_unit_test(optional_arguments),
      cmocka_unit_test(absurd_lengths),
      cmocka_unit_test(codes_that_are_none),
      cmocka_unit_test(wrong_arguments),
      cmocka_unit_test(unknown_names),
      cmocka_unit_test(connections_of_a_server),
      cmocka_unit_test(payloads_outlive_questions),
      cmocka_unit_test(a_freed_connection_is_listed_no_more),
      cmocka_unit_test(calls_behind_the_end),
      cmocka_unit_test(descriptors_stay_the_callers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
