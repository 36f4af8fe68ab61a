// A WebSocket client for the terminal, on poll(2): sends each line of standard input
// as a text message, and prints what the server sends.
//
//     cc client.c $(pkg-config --cflags --libs wsabi) -o client
//     ./client ws://127.0.0.1:9001/
//
// The first part is the application: what it does with an event and a line. The
// second is the loop of every host of wsabi: receive, handle the events, write the
// output, ask for the interest and the deadline. The third is sockets, which wsabi
// never sees, the fourth the arguments.
//
// Messages go to standard output, all else to standard error.

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wsabi.h>

enum {
  EXIT_REFUSED = 3,        // beside EXIT_SUCCESS, EXIT_FAILURE and 2, wrong usage
  READ_SIZE = 64 * 1024,   // octets of one read
  EVENTS = 64,             // events taken from wsabi at once
  RUNS = 64,               // runs of output written at once
  OUTPUT_MARK = 64 * 1024, // octets of output from which on no line is read
  CONNECT_MS = 10000,      // for one address; the other limits are wsabi's
  SHOWN_OCTETS = 16,       // of a binary message
  SOCKET = 0,              // places in `fds`
  INPUT,                   // standard input
  WAKE,                    // the pipe that signals write to
  FDS,
};

typedef struct {
  char *host, *port, *target;  // of the URL; the host is without brackets
  wsabi_client_request request;
  wsabi_header *headers;
  wsabi_config *config;
  uint16_t close_code;  // of the Close at the end of the input
  const char *close_reason;

  wsabi_conn *conn;
  struct pollfd fds[FDS];
  bool refused;    // the server's response was no 101
  bool pong_came;  // how long it took is known when the time is told

  char *line;  // what was read of standard input and is no whole line yet
  size_t line_len, line_capacity;
  uint8_t buffer[READ_SIZE];
} client;

static void read_arguments(client *c, int argc, char **argv);
static void make_connection(client *c);
static void connect_socket(client *c);
static void catch_signals(client *c);
static void run(client *c);
static int exit_status(const client *c);

int main(int argc, char **argv) {
  static client c = {.request = WSABI_CLIENT_REQUEST_INIT, .close_code = 1000, .close_reason = ""};
  read_arguments(&c, argc, argv);
  make_connection(&c);
  connect_socket(&c);
  catch_signals(&c);
  run(&c);
  int status = exit_status(&c);
  close(c.fds[SOCKET].fd);
  wsabi_conn_free(c.conn);
  wsabi_config_free(c.config);
  free(c.headers);
  free(c.line);
  free(c.host);
  free(c.port);
  free(c.target);
  return status;
}

static void die(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void check(wsabi_status status, const char *what) {
  if (status == WSABI_OK) return;
  fprintf(stderr, "%s: %s\n", what, wsabi_status_text(status));
  exit(EXIT_FAILURE);
}

static void *allocate(void *old, size_t size) {
  void *memory = realloc(old, size);
  if (memory == NULL) die("malloc");
  return memory;
}

// ---- The application ----

// A server must not get at the terminal by control characters, which in UTF-8 are
// also C2 80 to C2 9F. Files and pipes get the octets as they are.
static void print(FILE *out, const void *text, size_t len) {
  if (!isatty(fileno(out))) {
    fwrite(text, 1, len, out);
    return;
  }
  const uint8_t *octet = text, *end = octet + len;
  for (; octet < end; octet++) {
    bool wide = *octet == 0xc2 && octet + 1 < end && octet[1] < 0xa0;
    bool control = wide || *octet == 0x7f || (*octet < 0x20 && *octet != '\n' && *octet != '\t');
    putc(control ? '?' : *octet, out);
    octet += wide;
  }
}

static void print_binary(const uint8_t *data, size_t len) {
  printf("[binary, %zu octets%s", len, len > 0 ? ":" : "");
  for (size_t i = 0; i < len && i < SHOWN_OCTETS; i++) {
    printf(" %02x", data[i]);
  }
  printf("%s]\n", len > SHOWN_OCTETS ? " ..." : "");
}

static void print_open(const wsabi_conn *conn) {
  wsabi_slice name;
  check(wsabi_conn_subprotocol(conn, &name), "subprotocol");
  fprintf(stderr, "open%s%.*s\n", name.len > 0 ? ", subprotocol " : "", (int)name.len, name.data);
}

static void print_response(const wsabi_conn *conn, const wsabi_event *event) {
  fprintf(stderr, "refused:\nHTTP/1.1 %d\n", event->code);
  wsabi_header header;
  for (size_t i = 0; wsabi_conn_response_header(conn, i, &header) == WSABI_OK; i++) {
    print(stderr, header.name.data, header.name.len);
    fputs(": ", stderr);
    print(stderr, header.value.data, header.value.len);
    fputc('\n', stderr);
  }
  fputc('\n', stderr);
  print(stderr, event->data, event->len);
  if (event->len > 0 && event->data[event->len - 1] != '\n') fputc('\n', stderr);
}

// Of the pings that wsabi sends, see --ping.
static void print_round_trip(client *c) {
  uint64_t ms;
  if (c->pong_came && wsabi_conn_info(c->conn, WSABI_INFO_ROUND_TRIP, &ms) == WSABI_OK) {
    fprintf(stderr, "pong after %llu ms\n", (unsigned long long)ms);
  }
  c->pong_came = false;
}

static void print_reason(const char *what, unsigned code, const wsabi_event *event) {
  fprintf(stderr, "%s: %u%s", what, code, event->len > 0 ? " " : "");
  print(stderr, event->data, event->len);
  fputc('\n', stderr);
}

static void handle(client *c, const wsabi_event *event) {
  switch (event->type) {
  case WSABI_EVENT_OPEN:
    print_open(c->conn);
    break;
  case WSABI_EVENT_TEXT:
    print(stdout, event->data, event->len);
    putchar('\n');
    break;
  case WSABI_EVENT_BINARY:
    print_binary(event->data, event->len);
    break;
  case WSABI_EVENT_PONG:
    c->pong_came = true;
    break;
  case WSABI_EVENT_REJECTED:
    c->refused = true;
    print_response(c->conn, event);
    break;
  case WSABI_EVENT_CLOSE:
    print_reason("close", event->code, event);
    break;
  case WSABI_EVENT_FAILED:
    print_reason("failed", event->code, event);
    break;
  case WSABI_EVENT_CLOSED:
    if (event->code == 1006) fputs("the connection ended without a closing handshake\n", stderr);
    break;
  default:
    // wsabi itself answers a ping and a Close. Types may be added: ignore those
    // you do not know.
    break;
  }
}

// Nothing is to be closed twice, or before it is open.
static void close_connection(client *c, uint16_t code, const char *reason) {
  if (wsabi_conn_state(c->conn) == WSABI_STATE_OPEN) {
    check(wsabi_conn_close(c->conn, code, reason, strlen(reason)), "close");
  }
}

static void send_line(client *c, const char *line, size_t len) {
  wsabi_status status = wsabi_conn_send_text(c->conn, line, len);
  if (status == WSABI_ERR_ARGUMENT) {
    fprintf(stderr, "a line that is not UTF-8 was not sent\n");
  } else if (status != WSABI_OK) {
    fprintf(stderr, "a line of %zu octets was not sent: %s\n", len, wsabi_status_text(status));
  }
}

static bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// Standard input stays in blocking mode, which it shares with other processes:
// after poll() a read of what is there does not block.
static void read_lines(client *c) {
  if (c->line_len == c->line_capacity) {
    c->line_capacity = c->line_capacity > 0 ? 2 * c->line_capacity : READ_SIZE;
    c->line = allocate(c->line, c->line_capacity);
  }
  char *new = c->line + c->line_len;
  ssize_t n = read(STDIN_FILENO, new, c->line_capacity - c->line_len);
  if (n < 0 && is_temporary(errno)) return;
  if (n <= 0) {
    if (n < 0) perror("standard input");
    if (c->line_len > 0) send_line(c, c->line, c->line_len);
    close_connection(c, c->close_code, c->close_reason);
    return;
  }
  c->line_len += (size_t)n;
  char *start = c->line, *end = c->line + c->line_len, *newline;
  while ((newline = memchr(new, '\n', (size_t)(end - new))) != NULL) {
    send_line(c, start, (size_t)(newline - start));
    start = new = newline + 1;
  }
  c->line_len = (size_t)(end - start);
  memmove(c->line, start, c->line_len);
}

static int exit_status(const client *c) {
  if (c->refused) return EXIT_REFUSED;
  uint16_t code = wsabi_conn_close_code(c->conn);  // 0 or 1006 without the server's Close
  return code == 0 || code == 1006 || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

// ---- The loop of a host: receive, handle, write, ask ----

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void handle_octets(client *c, uint8_t *data, size_t len) {
  do {
    wsabi_event events[EVENTS];
    size_t used, count;
    check(wsabi_conn_recv(c->conn, data, len, &used, events, EVENTS, &count), "receive");
    for (size_t i = 0; i < count; i++) {
      handle(c, &events[i]);
    }
    data += used;
    len -= used;
  } while (len > 0);
}

static void handle_end(client *c) {
  wsabi_event event;
  size_t count;
  check(wsabi_conn_recv_eof(c->conn, &event, 1, &count), "receive");
  if (count > 0) handle(c, &event);
}

// wsabi has no clock. It sends the pings, and gives up who was waited for too long.
static void tell_time(client *c) {
  wsabi_event event;
  size_t count;
  check(wsabi_conn_handle_timeout(c->conn, now_ms(), &event, 1, &count), "time");
  if (count > 0) handle(c, &event);
  print_round_trip(c);
}

// Returns whether there may be more to read.
static bool read_socket(client *c) {
  ssize_t n = recv(c->fds[SOCKET].fd, c->buffer, READ_SIZE, 0);
  if (n < 0 && is_temporary(errno)) return false;
  if (n > 0) {
    handle_octets(c, c->buffer, (size_t)n);
  } else {
    handle_end(c);
  }
  tell_time(c);
  // Whoever reads the messages may have gone away.
  if (fflush(stdout) != 0) close_connection(c, 1001, "");
  return n > 0;
}

static bool write_output(client *c) {
  do {
    wsabi_iovec runs[RUNS];
    size_t count;
    check(wsabi_conn_output(c->conn, runs, RUNS, &count), "output");
    ssize_t n = count == 0 ? 0 : writev(c->fds[SOCKET].fd, (const struct iovec *)runs, (int)count);
    if (n < 0) return is_temporary(errno);
    check(wsabi_conn_output_consumed(c->conn, (size_t)n), "output");
  } while (wsabi_conn_output_size(c->conn) > 0);
  return true;
}

// Returns false when the connection is over.
static bool proceed(client *c) {
  struct pollfd *p = &c->fds[SOCKET];
  wsabi_interest interest;
  for (;;) {
    if (!write_output(c)) {
      // What the server said before it ended the connection can still be read.
      while (read_socket(c)) {
      }
      handle_end(c);
      return false;
    }
    interest = wsabi_conn_interest(c->conn);
    if (interest & WSABI_INTEREST_RECV) {
      handle_octets(c, c->buffer, 0);
    } else if (wsabi_conn_deadline(c->conn) <= now_ms()) {
      tell_time(c);
    } else {
      break;
    }
  }
  // RFC 6455 7.1.1: behind a closing handshake wsabi waits for the server's end.
  if (interest & WSABI_INTEREST_CLOSE) return false;
  if (interest & WSABI_INTEREST_SHUTDOWN_WRITE) shutdown(p->fd, SHUT_WR);
  p->events = (short)((interest & WSABI_INTEREST_READ ? POLLIN : 0) |
                      (interest & WSABI_INTEREST_WRITE ? POLLOUT : 0));
  bool takes_lines = wsabi_conn_state(c->conn) == WSABI_STATE_OPEN &&
                     wsabi_conn_output_size(c->conn) < OUTPUT_MARK;
  c->fds[INPUT].fd = takes_lines ? STDIN_FILENO : -1;  // poll skips -1
  return true;
}

static void run(client *c) {
  while (proceed(c)) {
    uint64_t deadline = wsabi_conn_deadline(c->conn), now = now_ms();
    uint64_t left = deadline > now ? deadline - now : 0;
    int timeout = deadline == UINT64_MAX ? -1 : left < INT_MAX ? (int)left : INT_MAX;
    int ready = poll(c->fds, FDS, timeout);
    if (ready < 0 && errno != EINTR) die("poll");
    if (ready <= 0) continue;
    // POLLHUP and POLLERR come unasked: a read tells what happened.
    if (c->fds[SOCKET].revents & ~POLLOUT) read_socket(c);
    if (c->fds[WAKE].revents != 0) {
      // 1001 is "going away", RFC 6455 7.4.1. A handshake that has no answer yet is
      // not worth waiting for.
      if (wsabi_conn_state(c->conn) == WSABI_STATE_CONNECTING) return;
      close_connection(c, 1001, "");
      c->fds[WAKE].fd = -1;
    }
    if (c->fds[INPUT].revents != 0 && wsabi_conn_state(c->conn) == WSABI_STATE_OPEN) {
      read_lines(c);
    }
  }
}

// ---- Sockets ----

static int wake_pipe[2];

static void on_signal(int number) {
  (void)number;
  int saved = errno;
  (void)!write(wake_pipe[1], "", 1);
  errno = saved;
}

static void catch_signals(client *c) {
  if (pipe(wake_pipe) != 0 || fcntl(wake_pipe[1], F_SETFL, O_NONBLOCK) != 0) die("pipe");
  c->fds[WAKE] = (struct pollfd){.fd = wake_pipe[0], .events = POLLIN};
  c->fds[INPUT] = (struct pollfd){.fd = -1, .events = POLLIN};
  // The first signal closes the connection, the second one ends the program.
  struct sigaction wake = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigaction(SIGTERM, &wake, NULL);
  sigaction(SIGINT, &wake, NULL);
  sigaction(SIGPIPE, &ignore, NULL);  // a write to a closed connection is EPIPE
}

static bool finish_connect(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  int ready = poll(&p, 1, CONNECT_MS), error = 0;
  socklen_t len = sizeof error;
  if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) return false;
  errno = ready == 0 ? ETIMEDOUT : error;
  return errno == 0;
}

static int connect_first(const struct addrinfo *addresses) {
  int fd = -1;
  for (const struct addrinfo *a = addresses; fd < 0 && a != NULL; a = a->ai_next) {
    fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    int on = 1;
    if (fd >= 0 && (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
                    (connect(fd, a->ai_addr, a->ai_addrlen) != 0 &&
                     (errno != EINPROGRESS || !finish_connect(fd))))) {
      int saved = errno;
      close(fd);
      errno = saved;
      fd = -1;
    }
  }
  return fd;
}

static void connect_socket(client *c) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
  int error = getaddrinfo(c->host, c->port, &hints, &addresses);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", c->host, gai_strerror(error));
    exit(EXIT_FAILURE);
  }
  c->fds[SOCKET].fd = connect_first(addresses);
  freeaddrinfo(addresses);
  if (c->fds[SOCKET].fd < 0) die(c->host);
}

// ---- Arguments ----

static const char usage[] =
    "usage: client [--subprotocol NAME]... [--header 'NAME: VALUE']... [--origin ORIGIN]\n"
    "              [--ping SECONDS] [--close CODE[:REASON]] [--no-deflate]\n"
    "              ws://HOST[:PORT][/PATH][?QUERY]\n"
    "Sends each line of standard input as a text message, and prints the messages\n"
    "that come. Closes at the end of the input, with CODE (1000 by default), and when\n"
    "interrupted, with 1001. With --ping it gives up when for as long nothing comes\n"
    "back. --no-deflate offers no compression.\n"
    "Exit status: 0 behind a closing handshake, 1 when the connection could not be\n"
    "made, failed or broke off, 2 for wrong usage, 3 when the server refused.\n";

static void reject_arguments(const char *what, const char *argument) {
  fprintf(stderr, "%s: %s\n%s", what, argument, usage);
  exit(2);
}

static wsabi_slice slice(const char *text) {
  return (wsabi_slice){text, strlen(text)};
}

static uint64_t number(const char *text, const char *end, uint64_t maximum) {
  uint64_t value = 0;
  for (const char *digit = text; digit < end && isdigit((unsigned char)*digit); digit++) {
    value = value * 10 + (uint64_t)(*digit - '0');
    if (value > maximum) break;
    if (digit + 1 == end) return value;
  }
  reject_arguments("not a number in range", text);
  return 0;
}

// A ws-URI, RFC 6455 3: no user, no fragment.
static void read_url(client *c, const char *url) {
  if (strncasecmp(url, "wss://", 6) == 0) {
    reject_arguments("wss:// needs TLS, which this example does not have", url);
  }
  const char *host = url + 5;
  if (strncasecmp(url, "ws://", 5) != 0 || strchr(url, '#') != NULL) {
    reject_arguments("not a ws:// URL without fragment", url);
  }
  const char *end = host + strcspn(host, "/?");  // of host and port
  bool ipv6 = *host == '[';
  const char *host_end = ipv6 ? memchr(host, ']', (size_t)(end - host)) : host + strcspn(host, ":/?");
  if (ipv6 && host_end != NULL) host_end++;
  bool has_port = host_end != NULL && host_end < end && *host_end == ':';
  if (host_end == NULL || host_end == host || (host_end != end && !has_port) ||
      memchr(host, '@', (size_t)(end - host)) != NULL) {
    reject_arguments("not a host with an optional port", url);
  }
  // RFC 6455 4.1: Host has the port unless it is the default one.
  c->request.host = (wsabi_slice){host, (size_t)(end - host)};
  if (!has_port || host_end + 1 == end || number(host_end + 1, end, 65535) == 80) {
    c->request.host.len = (size_t)(host_end - host);
    c->port = strdup("80");
  } else {
    c->port = strndup(host_end + 1, (size_t)(end - host_end - 1));
  }
  c->host = strndup(host + ipv6, (size_t)(host_end - host) - 2 * ipv6);
  size_t size = strlen(end) + sizeof "/";
  c->target = allocate(NULL, size);
  snprintf(c->target, size, "%s%s", *end == '/' ? "" : "/", end);
  if (c->host == NULL || c->port == NULL) die("malloc");
  c->request.target = slice(c->target);
}

static void read_header(client *c, const char *text) {
  const char *colon = strchr(text, ':');
  if (colon == NULL) reject_arguments("not a header field", text);
  const char *value = colon + 1 + strspn(colon + 1, " \t");
  c->headers[c->request.header_count++] =
      (wsabi_header){{text, (size_t)(colon - text)}, slice(value)};
}

// What may be said is known to wsabi: a connection that goes nowhere tells.
static void read_close(client *c, const char *text) {
  const char *code_end = text + strcspn(text, ":");
  c->close_code = (uint16_t)number(text, code_end, UINT16_MAX);
  c->close_reason = *code_end == ':' ? code_end + 1 : "";
  wsabi_conn *conn;
  check(wsabi_conn_new_open(NULL, WSABI_ROLE_CLIENT, NULL, 0, &conn), "connection");
  wsabi_status status =
      wsabi_conn_close(conn, c->close_code, c->close_reason, strlen(c->close_reason));
  wsabi_conn_free(conn);
  if (status != WSABI_OK) reject_arguments("not a code and reason that may be sent", text);
}

// A ping has until the next one for its pong.
static wsabi_status send_pings(wsabi_config *config, uint64_t ms) {
  wsabi_status status = wsabi_config_set(config, WSABI_OPTION_PING_INTERVAL, ms);
  return status != WSABI_OK ? status : wsabi_config_set(config, WSABI_OPTION_PONG_TIMEOUT, ms);
}

static wsabi_status read_argument(client *c, const char *name, const char *value) {
  if (strcmp(name, "--subprotocol") == 0) {
    return wsabi_config_add_subprotocol(c->config, value, strlen(value));
  }
  if (strcmp(name, "--header") == 0) {
    read_header(c, value);
  } else if (strcmp(name, "--origin") == 0) {
    c->request.origin = slice(value);
  } else if (strcmp(name, "--ping") == 0) {
    return send_pings(c->config, 1000 * number(value, value + strlen(value), INT_MAX / 1000));
  } else if (strcmp(name, "--close") == 0) {
    read_close(c, value);
  } else {
    reject_arguments("unknown option", name);
  }
  return WSABI_OK;
}

static void read_arguments(client *c, int argc, char **argv) {
  const char *url = NULL;
  check(wsabi_config_new(&c->config), "config");
  // Reads however much waits to be written: a server that does not would wait for
  // this client as this client for it. Of lines, OUTPUT_MARK limits what waits.
  check(wsabi_config_set(c->config, WSABI_OPTION_OUTPUT_HIGH_MARK, INT64_MAX), "config");
  c->headers = allocate(NULL, (size_t)argc * sizeof *c->headers);
  c->request.headers = c->headers;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      fputs(usage, stdout);
      exit(EXIT_SUCCESS);
    }
    if (strcmp(argv[i], "--no-deflate") == 0) {
      check(wsabi_config_set(c->config, WSABI_OPTION_DEFLATE, 0), "config");
    } else if (argv[i][0] != '-' && url == NULL) {
      url = argv[i];
    } else if (argv[i][0] != '-' || argv[i + 1] == NULL) {
      reject_arguments("one argument too many, or an option without its value", argv[i]);
    } else if (read_argument(c, argv[i], argv[i + 1]) != WSABI_OK) {
      reject_arguments("not a value for this option, or named twice", argv[i]);
    } else {
      i++;
    }
  }
  if (url == NULL) reject_arguments("what is missing", "the URL");
  read_url(c, url);
}

static void make_connection(client *c) {
  wsabi_status status = wsabi_conn_new_client(c->config, &c->request, &c->conn);
  if (status == WSABI_ERR_ARGUMENT) {
    reject_arguments("the URL, the origin or a header field cannot be sent", c->target);
  }
  check(status, "request");
}
