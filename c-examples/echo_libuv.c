// A WebSocket echo server on libuv: ./echo_libuv [PORT [OPENING_TIMEOUT_MS]]
//
//     cc echo_libuv.c $(pkg-config --cflags --libs wsabi libuv) -o echo_libuv
//
// `proceed` is all that wsabi wants of a loop. What a slow peer does not take
// waits in wsabi, which counts it and then does not want to READ.

#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "echo.h"

enum { RUNS = 64 };  // of a write

typedef struct {
  uv_tcp_t tcp;
  uv_timer_t timer;  // until when wsabi waits
  uv_shutdown_t shutdown;
  uv_write_t write;
  bool is_writing;
  char octet;   // what it writes
  int handles;  // that are not closed
  wsabi_conn *conn;
} client;

static wsabi_config *config;
static bool proceed(client *c);

static void on_closed(uv_handle_t *handle) {
  client *c = handle->data;
  if (--c->handles > 0) return;
  wsabi_conn_free(c->conn);
  free(c);
}

static void drop(client *c) {
  if (uv_is_closing((uv_handle_t *)&c->tcp)) return;
  uv_close((uv_handle_t *)&c->tcp, on_closed);
  uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void on_deadline(uv_timer_t *timer) {
  client *c = timer->data;
  if (!echo_tell_time(c->conn) || !proceed(c)) drop(c);
}

static void on_written(uv_write_t *write, int error) {
  client *c = write->data;
  c->is_writing = false;
  if (error < 0 || wsabi_conn_output_consumed(c->conn, 1) != WSABI_OK || !proceed(c)) drop(c);
}

static bool write_output(client *c) {
  while (!c->is_writing) {
    wsabi_iovec runs[RUNS];  // with the layout of POSIX `struct iovec`, as uv_buf_t
    size_t count;
    if (wsabi_conn_output(c->conn, runs, RUNS, &count) != WSABI_OK) return false;
    if (count == 0) return true;
    int n = uv_try_write((uv_stream_t *)&c->tcp, (const uv_buf_t *)runs, (unsigned)count);
    if (n == UV_EAGAIN) {
      // Only uv_write tells when there is room again, and it needs its octets
      // until then, for longer than wsabi keeps a run: so it gets one octet.
      c->octet = *(const char *)runs[0].base;
      uv_buf_t one = uv_buf_init(&c->octet, 1);
      return c->is_writing = uv_write(&c->write, (uv_stream_t *)&c->tcp, &one, 1, on_written) == 0;
    }
    if (n <= 0 || wsabi_conn_output_consumed(c->conn, (size_t)n) != WSABI_OK) return false;
  }
  return true;
}

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
  (void)handle;
  *buffer = uv_buf_init(malloc(size), (unsigned)size);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer) {
  client *c = stream->data;
  bool ok = n < 0 ? echo_receive_eof(c->conn) : echo_receive(c->conn, (uint8_t *)buffer->base, (size_t)n);
  free(buffer->base);
  if (!ok || !proceed(c)) drop(c);
}

// Writes, and does with the socket what wsabi wants. false: drop the client.
static bool proceed(client *c) {
  uv_stream_t *stream = (uv_stream_t *)&c->tcp;
  wsabi_interest interest;
  do {
    if (!write_output(c)) return false;
    interest = wsabi_conn_interest(c->conn);
  } while (interest & WSABI_INTEREST_RECV && echo_receive(c->conn, NULL, 0));
  if (interest & (WSABI_INTEREST_RECV | WSABI_INTEREST_CLOSE)) return false;
  if (interest & WSABI_INTEREST_SHUTDOWN_WRITE) uv_shutdown(&c->shutdown, stream, NULL);  // a second is refused
  int error = interest & WSABI_INTEREST_READ ? uv_read_start(stream, on_buffer, on_read) : uv_read_stop(stream);
  if (error < 0 && error != UV_EALREADY) return false;
  return uv_timer_start(&c->timer, on_deadline, (uint64_t)echo_time_left(c->conn), 0) == 0;
}

static void on_connection(uv_stream_t *listener, int error) {
  if (error < 0) return;  // that client is gone already
  client *c = calloc(1, sizeof *c);
  if (c == NULL) abort();  // without uv_accept, libuv never calls this again
  c->tcp.data = c->timer.data = c->write.data = c;
  c->handles = 2;
  if (uv_timer_init(listener->loop, &c->timer) < 0 || uv_tcp_init(listener->loop, &c->tcp) < 0 ||
      uv_accept(listener, (uv_stream_t *)&c->tcp) < 0 || uv_tcp_nodelay(&c->tcp, 1) < 0 ||
      wsabi_conn_new_server(config, &c->conn) != WSABI_OK || !proceed(c)) {
    drop(c);
  }
}

static void stop(uv_handle_t *handle, void *unused) {
  (void)unused;
  client *c = handle->data;  // NULL for the listener and the signals
  if (c == NULL && !uv_is_closing(handle)) uv_close(handle, NULL);
  if (c == NULL || handle->type != UV_TCP || uv_is_closing(handle)) return;
  if (!echo_stop(c->conn) || !proceed(c)) drop(c);
}

static void on_signal(uv_signal_t *signal, int number) {
  (void)number;
  uv_walk(signal->loop, stop, NULL);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  static uv_tcp_t listener;
  static uv_signal_t terminate, interrupt;
  struct sockaddr_in address;
  int error = UV_ENOMEM, size = sizeof address;
  signal(SIGPIPE, SIG_IGN);  // a write to a closed connection is UV_EPIPE
  if ((config = echo_config(argc > 2 ? argv[2] : NULL)) == NULL ||
      (error = uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 9001, &address)) < 0 ||
      (error = uv_tcp_init(loop, &listener)) < 0 ||
      (error = uv_tcp_bind(&listener, (struct sockaddr *)&address, 0)) < 0 ||
      (error = uv_listen((uv_stream_t *)&listener, SOMAXCONN, on_connection)) < 0 ||
      (error = uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &size)) < 0 ||
      (error = uv_signal_init(loop, &terminate)) < 0 || (error = uv_signal_init(loop, &interrupt)) < 0 ||
      (error = uv_signal_start(&terminate, on_signal, SIGTERM)) < 0 ||
      (error = uv_signal_start(&interrupt, on_signal, SIGINT)) < 0) {
    fprintf(stderr, "echo_libuv: %s\n", uv_strerror(error));
    return EXIT_FAILURE;
  }
  echo_ready(ntohs(address.sin_port));
  uv_run(loop, UV_RUN_DEFAULT);  // until the last handle is closed
  wsabi_config_free(config);
  return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
