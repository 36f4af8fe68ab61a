// A WebSocket echo server on libevent: ./echo_libevent [PORT [OPENING_TIMEOUT_MS]]
//
//     cc echo_libevent.c $(pkg-config --cflags --libs wsabi libevent) -o echo_libevent
//
// `proceed` is all that wsabi wants of a loop. A bufferevent gets output when it
// has written what it had, and wsabi counts it until then: when it is much, it
// does not want to READ.

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "echo.h"

enum { CHUNK = 65536 };  // octets that a bufferevent gets at once

typedef struct client {
  struct bufferevent *stream;
  struct event *timer;  // until when wsabi waits
  size_t given;         // octets of output that the stream had not written
  wsabi_conn *conn;
  LIST_ENTRY(client) others;
} client;

static wsabi_config *config;
static struct event_base *base;
static struct event *terminate, *interrupt;
static struct evconnlistener *listener;
static LIST_HEAD(, client) clients;

static void drop(client *c) {
  LIST_REMOVE(c, others);
  if (c->stream != NULL) bufferevent_free(c->stream);  // closes the socket
  if (c->timer != NULL) event_free(c->timer);
  wsabi_conn_free(c->conn);
  free(c);
  if (listener != NULL) evconnlistener_enable(listener);  // there is a free descriptor again
}

static bool write_output(client *c) {
  struct evbuffer *output = bufferevent_get_output(c->stream);
  size_t left = evbuffer_get_length(output), count;
  if (wsabi_conn_output_consumed(c->conn, c->given - left) != WSABI_OK) return false;
  if ((c->given = left) > 0) return true;
  wsabi_iovec run = {NULL, 0};
  if (wsabi_conn_output(c->conn, &run, 1, &count) != WSABI_OK) return false;
  c->given = run.len < CHUNK ? run.len : CHUNK;
  return evbuffer_add(output, run.base, c->given) == 0;
}

// Writes, and does with the socket what wsabi wants. false: drop the client.
static bool proceed(client *c) {
  wsabi_interest interest;
  do {
    if (!write_output(c)) return false;
    interest = wsabi_conn_interest(c->conn);
  } while (interest & WSABI_INTEREST_RECV && echo_receive(c->conn, NULL, 0));
  if (interest & (WSABI_INTEREST_RECV | WSABI_INTEREST_CLOSE)) return false;
  if (interest & WSABI_INTEREST_SHUTDOWN_WRITE) shutdown(bufferevent_getfd(c->stream), SHUT_WR);
  if ((interest & WSABI_INTEREST_READ ? bufferevent_enable : bufferevent_disable)(c->stream, EV_READ) != 0) return false;
  int ms = echo_time_left(c->conn);
  return event_add(c->timer, &(struct timeval){ms / 1000, ms % 1000 * 1000}) == 0;
}

static void on_deadline(evutil_socket_t fd, short what, void *arg) {
  (void)fd, (void)what;
  client *c = arg;
  if (!write_output(c) || !echo_tell_time(c->conn) || !proceed(c)) drop(c);
}

// There is something to read, or everything is written.
static void on_ready(struct bufferevent *stream, void *arg) {
  client *c = arg;
  struct evbuffer *input = bufferevent_get_input(stream);
  bool ok = true;
  for (size_t n; ok && (n = evbuffer_get_contiguous_space(input)) > 0;) {
    ok = echo_receive(c->conn, evbuffer_pullup(input, (ev_ssize_t)n), n) && evbuffer_drain(input, n) == 0;
  }
  if (!ok || !proceed(c)) drop(c);
}

static void on_end(struct bufferevent *stream, short what, void *arg) {
  (void)stream;
  client *c = arg;
  if (what & BEV_EVENT_ERROR || !echo_receive_eof(c->conn) || !proceed(c)) drop(c);
}

static void on_connection(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *peer, int len, void *arg) {
  (void)from, (void)peer, (void)len, (void)arg;
  int on = 1;
  client *c = calloc(1, sizeof *c);
  if (c == NULL) evutil_closesocket(fd);
  if (c == NULL) return;
  LIST_INSERT_HEAD(&clients, c, others);
  c->timer = evtimer_new(base, on_deadline, c);
  c->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
  if (c->stream == NULL) evutil_closesocket(fd);
  if (c->stream != NULL) bufferevent_setcb(c->stream, on_ready, on_ready, on_end, c);
  if (c->stream == NULL || c->timer == NULL || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      wsabi_conn_new_server(config, &c->conn) != WSABI_OK || !proceed(c)) {
    drop(c);
  }
}

static void on_accept_error(struct evconnlistener *from, void *arg) {
  (void)arg;
  evconnlistener_disable(from);  // no descriptor is free, until a client is dropped
}

// The loop ends with the last event.
static void on_signal(evutil_socket_t number, short what, void *arg) {
  (void)number, (void)what, (void)arg;
  evconnlistener_free(listener);
  listener = NULL;
  event_free(terminate);
  event_free(interrupt);
  for (client *c = LIST_FIRST(&clients), *next; c != NULL; c = next) {
    next = LIST_NEXT(c, others);
    if (!echo_stop(c->conn) || !proceed(c)) drop(c);
  }
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  signal(SIGPIPE, SIG_IGN);  // a write to a closed connection is EPIPE
  address.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 9001));
  if ((config = echo_config(argc > 2 ? argv[2] : NULL)) == NULL || (base = event_base_new()) == NULL ||
      (listener = evconnlistener_new_bind(base, on_connection, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
                                          (struct sockaddr *)&address, sizeof address)) == NULL ||
      getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &size) != 0 ||
      (terminate = evsignal_new(base, SIGTERM, on_signal, NULL)) == NULL || event_add(terminate, NULL) != 0 ||
      (interrupt = evsignal_new(base, SIGINT, on_signal, NULL)) == NULL || event_add(interrupt, NULL) != 0) {
    perror("echo_libevent");
    return EXIT_FAILURE;
  }
  evconnlistener_set_error_cb(listener, on_accept_error);
  echo_ready(ntohs(address.sin_port));
  int error = event_base_dispatch(base);  // until no event is left
  event_base_free(base);
  wsabi_config_free(config);
  return error < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
