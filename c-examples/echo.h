// The application of echo_libuv.c and echo_libevent.c: what it answers, whatever
// the loop. false means that the client is to be dropped.

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wsabi.h>

enum { ECHO_EVENTS = 64 };

// What connections have in common, or NULL. `opening_ms` is text or NULL.
static wsabi_config *echo_config(const char *opening_ms) {
  wsabi_config *config;
  uint64_t limit = opening_ms != NULL ? strtoull(opening_ms, NULL, 10) : 10000;
  if (wsabi_config_new(&config) != WSABI_OK) return NULL;
  if (wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, 1) == WSABI_OK &&
      wsabi_config_set(config, WSABI_OPTION_OPENING_TIMEOUT, limit) == WSABI_OK) {
    return config;
  }
  wsabi_config_free(config);
  return NULL;
}

static bool echo_answer(wsabi_conn *conn, const wsabi_event *event) {
  // The peer may go on sending after our Close; that has no answer.
  if (wsabi_conn_state(conn) != WSABI_STATE_OPEN) return true;
  switch (event->type) {
  case WSABI_EVENT_TEXT:
    return wsabi_conn_send_text(conn, event->data, event->len) == WSABI_OK;
  case WSABI_EVENT_BINARY:
    return wsabi_conn_send_binary(conn, event->data, event->len) == WSABI_OK;
  default:
    return true;  // wsabi itself answers a ping, a Close and a broken rule
  }
}

static bool echo_receive(wsabi_conn *conn, uint8_t *octets, size_t len) {
  while (len > 0) {
    wsabi_event events[ECHO_EVENTS];
    size_t used, count;
    if (wsabi_conn_recv(conn, octets, len, &used, events, ECHO_EVENTS, &count) != WSABI_OK) return false;
    for (size_t i = 0; i < count; i++) {
      if (!echo_answer(conn, &events[i])) return false;
    }
    octets += used;
    len -= used;
  }
  return true;
}

static bool echo_receive_eof(wsabi_conn *conn) {
  wsabi_event closed;
  size_t count;
  return wsabi_conn_recv_eof(conn, &closed, 1, &count) == WSABI_OK;
}

// wsabi has no clock. Who was waited for too long, it gives up: the interest says so.
static bool echo_tell_time(wsabi_conn *conn, uint64_t now_ms) {
  wsabi_event event;
  size_t count;
  return wsabi_conn_handle_timeout(conn, now_ms, &event, 1, &count) == WSABI_OK;
}

// Says goodbye when the server stops: 1001 is "going away", RFC 6455 7.4.1.
static bool echo_stop(wsabi_conn *conn) {
  if (wsabi_conn_state(conn) == WSABI_STATE_CONNECTING) return false;
  return wsabi_conn_state(conn) != WSABI_STATE_OPEN || wsabi_conn_close(conn, 1001, NULL, 0) == WSABI_OK;
}

static void echo_ready(int port) {
  printf("listening on ws://127.0.0.1:%d/\n", port);
  fflush(stdout);
}
