// The application of echo_libuv.c and echo_libevent.c: what it answers, whatever
// the loop. false means that the client is to be dropped.

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <wsabi.h>

enum {
  ECHO_EVENTS = 64,
  ECHO_CLOSING_MS = 1000,  // for a client's part of the end, also of the server's
};

// What connections have in common, or NULL. Without the argument a client has the
// library's time for its opening handshake.
static wsabi_config *echo_config(const char *opening_timeout_ms) {
  wsabi_config *config;
  if (wsabi_config_new(&config) != WSABI_OK) return NULL;
  if (wsabi_config_set(config, WSABI_OPTION_AUTO_ACCEPT, 1) == WSABI_OK &&
      wsabi_config_set(config, WSABI_OPTION_CLOSING_TIMEOUT, ECHO_CLOSING_MS) == WSABI_OK &&
      (opening_timeout_ms == NULL ||
       wsabi_config_set(config, WSABI_OPTION_OPENING_TIMEOUT, strtoull(opening_timeout_ms, NULL, 10)) == WSABI_OK)) {
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
  do {
    wsabi_event events[ECHO_EVENTS];
    size_t used, count;
    if (wsabi_conn_recv(conn, octets, len, &used, events, ECHO_EVENTS, &count) != WSABI_OK) return false;
    for (size_t i = 0; i < count; i++) {
      if (!echo_answer(conn, &events[i])) return false;
    }
    octets += used;
    len -= used;
  } while (len > 0);
  return true;
}

static bool echo_receive_eof(wsabi_conn *conn) {
  wsabi_event closed;
  size_t count;
  return wsabi_conn_recv_eof(conn, &closed, 1, &count) == WSABI_OK;
}

static uint64_t echo_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// wsabi has no clock: it says until when it waits, and is told the time then.
static bool echo_tell_time(wsabi_conn *conn) {
  wsabi_event event;
  size_t count;
  return wsabi_conn_handle_timeout(conn, echo_now_ms(), &event, 1, &count) == WSABI_OK;
}

// Milliseconds until then, or at most those of 24 days: it may be told at any time.
static int echo_time_left(const wsabi_conn *conn) {
  uint64_t deadline = wsabi_conn_deadline(conn), now = echo_now_ms();
  if (deadline <= now) return 0;
  return deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
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
