// An echo client for the Autobahn test suite's fuzzing server: asks how many cases
// there are, runs each on a connection of its own, then has the reports written.
//
//     echo_client PORT AGENT
//
// One connection after the other, so that the socket may block.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wsabi.h>

enum { READ_SIZE = 64 * 1024, EVENTS = 16, RUNS = 16 };

static const char *port;

static void die(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void check(wsabi_status status, const char *what) {
  if (status == WSABI_OK) return;
  fprintf(stderr, "%s: %s\n", what, wsabi_status_text(status));
  exit(EXIT_FAILURE);
}

static void read_number(const wsabi_event *event, int *number) {
  char digits[12] = "";
  if (event->len < sizeof digits) memcpy(digits, event->data, event->len);
  *number = atoi(digits);
}

static wsabi_status handle(wsabi_conn *conn, const wsabi_event *event, int *number) {
  if (event->type == WSABI_EVENT_REJECTED) {
    fprintf(stderr, "refused with %d\n", event->code);
    exit(EXIT_FAILURE);
  }
  if (event->type == WSABI_EVENT_TEXT && number != NULL) {
    read_number(event, number);
    return WSABI_OK;
  }
  // The peer may go on sending after our Close.
  if (wsabi_conn_state(conn) != WSABI_STATE_OPEN) return WSABI_OK;
  switch (event->type) {
  case WSABI_EVENT_TEXT:
    return wsabi_conn_send_text(conn, event->data, event->len);
  case WSABI_EVENT_BINARY:
    return wsabi_conn_send_binary(conn, event->data, event->len);
  default:
    return WSABI_OK;
  }
}

static void handle_octets(wsabi_conn *conn, uint8_t *data, size_t len, int *number) {
  while (len > 0) {
    wsabi_event events[EVENTS];
    size_t used, count;
    check(wsabi_conn_recv(conn, data, len, &used, events, EVENTS, &count), "recv");
    for (size_t i = 0; i < count; i++) {
      check(handle(conn, &events[i], number), "send");
    }
    data += used;
    len -= used;
  }
}

// A peer that went away is told by the next read.
static void write_output(int fd, wsabi_conn *conn) {
  for (;;) {
    wsabi_iovec runs[RUNS];
    size_t count;
    check(wsabi_conn_output(conn, runs, RUNS, &count), "output");
    ssize_t n = count == 0 ? 0 : writev(fd, (const struct iovec *)runs, (int)count);
    if (n <= 0) return;
    check(wsabi_conn_output_consumed(conn, (size_t)n), "output");
  }
}

static int connect_socket(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    die("connect");
  }
  return fd;
}

// Echoes until the server ends the connection; or, unless `number` is NULL, reads
// the number that it sends.
static void run(const char *target, int *number) {
  char host[32];
  snprintf(host, sizeof host, "127.0.0.1:%s", port);
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = (wsabi_slice){host, strlen(host)};
  request.target = (wsabi_slice){target, strlen(target)};
  wsabi_conn *conn;
  check(wsabi_conn_new_client(NULL, &request, &conn), "request");
  int fd = connect_socket();
  static uint8_t buffer[READ_SIZE];
  for (bool ended = false;;) {
    write_output(fd, conn);
    wsabi_interest interest = wsabi_conn_interest(conn);
    if (ended || (interest & WSABI_INTEREST_CLOSE)) break;
    if (interest & WSABI_INTEREST_SHUTDOWN_WRITE) shutdown(fd, SHUT_WR);
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n > 0) {
      handle_octets(conn, buffer, (size_t)n, number);
    } else {
      wsabi_event event;
      size_t count;
      check(wsabi_conn_recv_eof(conn, &event, 1, &count), "end");
      ended = true;
    }
  }
  close(fd);
  wsabi_conn_free(conn);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: echo_client PORT AGENT\n");
    return 2;
  }
  port = argv[1];
  int cases = 0;
  run("/getCaseCount", &cases);
  char target[256];
  for (int i = 1; i <= cases; i++) {
    snprintf(target, sizeof target, "/runCase?case=%d&agent=%s", i, argv[2]);
    run(target, NULL);
  }
  snprintf(target, sizeof target, "/updateReports?agent=%s", argv[2]);
  run(target, NULL);
  return cases > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
