// A WebSocket echo server on poll(2), for any number of clients.
//
//     cc echo_server.c $(pkg-config --cflags --libs wsabi) -o echo_server
//     ./echo_server --port 9001
//
// The first part is the application: what it answers to each event. The second
// is the loop of every host of wsabi: receive, handle the events, write the
// output, ask for the interest. The third is sockets, which wsabi never sees.
// Which requests are accepted is data: see the arguments.

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wsabi.h>

enum {
  READ_SIZE = 256 * 1024,  // octets of one read, shared by all clients
  EVENTS = 64,             // events taken from wsabi at once
  RUNS = 64,               // runs of output written at once
  STOP_MS = 1000,          // how long a stopping server waits for the peers' Close
  WAKE = 0,                // places in `fds`: the pipe that signals write to,
  LISTENER,                // the listening socket,
  FIRST_CLIENT,            // and the clients
};

#define NEVER UINT64_MAX

typedef struct {
  wsabi_conn *conn;
  uint64_t deadline;  // when wsabi wants to be told the time, in milliseconds
} client;

typedef struct {
  const char *host, *port;
  const char *path, *subprotocol;  // the first of each, which the page asks for
  wsabi_config *config;
  char *page;

  struct pollfd *fds;  // fds[i] and clients[i] belong together
  client *clients;
  size_t count, capacity;
  uint64_t earliest;  // no client's deadline is before it
  uint64_t stop;      // when the peers of a stopping server had their time
  uint8_t *buffer;
} server;

static void make_config(server *s);
static void read_arguments(server *s, int argc, char **argv);
static void listen_for_clients(server *s);
static void catch_signals(server *s);
static void make_page(server *s);
static void run(server *s);

int main(int argc, char **argv) {
#ifdef M_TRIM_THRESHOLD
  // glibc gives memory back to the system as soon as 128 KiB at the end of the heap
  // are free, and a queue of output is, each time that it was written.
  mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
#endif
  server s = {.host = "127.0.0.1", .port = "9001", .earliest = NEVER, .stop = NEVER};
  make_config(&s);
  read_arguments(&s, argc, argv);
  make_page(&s);
  catch_signals(&s);
  listen_for_clients(&s);
  run(&s);
  wsabi_config_free(s.config);
  free(s.buffer);
  free(s.clients);
  free(s.fds);
  free(s.page);
  return EXIT_SUCCESS;
}

static void die(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (memory == NULL) die("malloc");
  return memory;
}

// ---- The application ----

static bool equal(const void *octets, size_t len, const char *text) {
  return strlen(text) == len && memcmp(octets, text, len) == 0;
}

static wsabi_status answer(wsabi_conn *conn, uint32_t status, const char *type, const char *body) {
  return wsabi_conn_respond(conn, status, type, strlen(type), body, strlen(body));
}

static wsabi_status answer_plain_http(const server *s, wsabi_conn *conn, const wsabi_event *event) {
  wsabi_slice method;
  wsabi_status status = wsabi_conn_head_method(conn, &method);
  if (status != WSABI_OK) return status;
  if (equal(method.data, method.len, "GET") && equal(event->data, event->len, "/")) {
    return answer(conn, 200, "text/html; charset=utf-8", s->page);
  }
  return answer(conn, 426, "text/plain", "This is a WebSocket endpoint.\n");
}

static wsabi_status echo(wsabi_conn *conn, const wsabi_event *event) {
  bool text = event->type == WSABI_EVENT_TEXT;
  void *owner;
  if (wsabi_conn_take(conn, event, &owner) != WSABI_OK) {
    return text ? wsabi_conn_send_text(conn, event->data, event->len)
                : wsabi_conn_send_binary(conn, event->data, event->len);
  }
  // A message that took several reads lies in the connection. It is sent from
  // there, without being copied.
  wsabi_message type = text ? WSABI_MESSAGE_TEXT : WSABI_MESSAGE_BINARY;
  wsabi_status status =
      wsabi_conn_send_borrowed(conn, type, event->data, event->len, 0, wsabi_release, owner);
  if (status != WSABI_OK) {
    wsabi_release(owner);
  }
  return status;
}

static wsabi_status handle(const server *s, wsabi_conn *conn, const wsabi_event *event) {
  switch (event->type) {
  case WSABI_EVENT_HTTP_REQUEST:
    return answer_plain_http(s, conn, event);
  case WSABI_EVENT_TEXT:
  case WSABI_EVENT_BINARY:
    // The peer may go on sending after our Close; that has no answer.
    return wsabi_conn_state(conn) == WSABI_STATE_OPEN ? echo(conn, event) : WSABI_OK;
  default:
    // wsabi itself answers an opening handshake, a ping, a Close and a broken
    // rule. Types may be added: ignore those you do not know.
    return WSABI_OK;
  }
}

// ---- The loop of a host: receive, handle, write, ask ----

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void drop_client(server *s, size_t i) {
  close(s->fds[i].fd);
  wsabi_conn_free(s->clients[i].conn);
  s->count--;
  s->fds[i] = s->fds[s->count];
  s->clients[i] = s->clients[s->count];
  s->fds[LISTENER].events = POLLIN;  // there is a free descriptor again
}

// The functions from here on return false when the client is to be dropped.

static bool handle_events(const server *s, wsabi_conn *conn, wsabi_status status,
                          const wsabi_event *events, size_t count) {
  for (size_t i = 0; status == WSABI_OK && i < count; i++) {
    status = handle(s, conn, &events[i]);
  }
  if (status != WSABI_OK) {
    fprintf(stderr, "dropping a client: %s\n", wsabi_status_text(status));
  }
  return status == WSABI_OK;
}

static bool handle_octets(const server *s, wsabi_conn *conn, uint8_t *data, size_t len) {
  do {
    wsabi_event events[EVENTS];
    size_t used = 0, count = 0;
    wsabi_status status = wsabi_conn_recv(conn, data, len, &used, events, EVENTS, &count);
    if (!handle_events(s, conn, status, events, count)) return false;
    data += used;
    len -= used;
  } while (len > 0);
  return true;
}

static bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static bool read_input(const server *s, int fd, wsabi_conn *conn) {
  uint8_t *space;
  size_t room;
  if (wsabi_conn_recv_space(conn, &space, &room) != WSABI_OK) return false;
  ssize_t n = room > 0 ? recv(fd, space, room, 0) : recv(fd, s->buffer, READ_SIZE, 0);
  if (n > 0 && room > 0) {
    // The next part of a large message is in its place already.
    wsabi_event events[EVENTS];
    size_t count = 0;
    wsabi_status status = wsabi_conn_recv_commit(conn, (size_t)n, events, EVENTS, &count);
    return handle_events(s, conn, status, events, count);
  }
  if (n > 0) return handle_octets(s, conn, s->buffer, (size_t)n);
  if (n < 0 && is_temporary(errno)) return true;
  // This server does not care how a connection ended, so it does not look at
  // the event CLOSED.
  wsabi_event closed;
  size_t count;
  return wsabi_conn_recv_eof(conn, &closed, 1, &count) == WSABI_OK;
}

static bool write_output(int fd, wsabi_conn *conn) {
  do {
    wsabi_iovec runs[RUNS];
    size_t count;
    if (wsabi_conn_output(conn, runs, RUNS, &count) != WSABI_OK) return false;
    ssize_t n = count == 0 ? 0 : writev(fd, (const struct iovec *)runs, (int)count);
    if (n < 0) return is_temporary(errno);
    if (wsabi_conn_output_consumed(conn, (size_t)n) != WSABI_OK) return false;
  } while (wsabi_conn_output_size(conn) > 0);
  return true;
}

// wsabi has no clock: it says until when it waits, and is told the time. Who was
// waited for too long, it gives up; `wsabi_conn_interest` shows that.
static bool tell_time(wsabi_conn *conn) {
  wsabi_event event;
  size_t count;
  return wsabi_conn_handle_timeout(conn, now_ms(), &event, 1, &count) == WSABI_OK;
}

// Writes at once: POLLOUT is only asked for when the socket was full.
static bool proceed(server *s, size_t i) {
  struct pollfd *p = &s->fds[i];
  wsabi_conn *conn = s->clients[i].conn;
  wsabi_interest interest;
  for (;;) {
    if (!write_output(p->fd, conn)) return false;
    interest = wsabi_conn_interest(conn);
    if (interest & WSABI_INTEREST_RECV) {
      if (!handle_octets(s, conn, s->buffer, 0)) return false;
    } else if (wsabi_conn_deadline(conn) == 0) {
      if (!tell_time(conn)) return false;
    } else {
      break;
    }
  }
  if (interest & WSABI_INTEREST_CLOSE) return false;
  if (interest & WSABI_INTEREST_SHUTDOWN_WRITE) {
    shutdown(p->fd, SHUT_WR);
  }
  p->events = (short)((interest & WSABI_INTEREST_READ ? POLLIN : 0) |
                      (interest & WSABI_INTEREST_WRITE ? POLLOUT : 0));
  s->clients[i].deadline = wsabi_conn_deadline(conn);
  if (s->clients[i].deadline < s->earliest) {
    s->earliest = s->clients[i].deadline;
  }
  return true;
}

static bool serve_client(server *s, size_t i) {
  // POLLHUP and POLLERR come unasked: a read tells what happened.
  bool readable = (s->fds[i].revents & ~POLLOUT) != 0;
  return (!readable || read_input(s, s->fds[i].fd, s->clients[i].conn)) && proceed(s, i);
}

static void serve_overdue_clients(server *s) {
  uint64_t now = now_ms();
  s->earliest = NEVER;
  for (size_t i = s->count; i-- > FIRST_CLIENT;) {
    client *c = &s->clients[i];
    if (now >= s->stop || (c->deadline <= now && !(tell_time(c->conn) && proceed(s, i)))) {
      drop_client(s, i);
    } else if (c->deadline < s->earliest) {
      s->earliest = c->deadline;
    }
  }
}

// Says goodbye to everyone. 1001 is "going away", RFC 6455 7.4.1.
static void stop(server *s) {
  s->stop = now_ms() + STOP_MS;
  close(s->fds[LISTENER].fd);
  s->fds[LISTENER].fd = -1;  // poll skips it
  for (size_t i = s->count; i-- > FIRST_CLIENT;) {
    wsabi_conn *conn = s->clients[i].conn;
    bool stays = wsabi_conn_state(conn) != WSABI_STATE_CONNECTING;
    if (wsabi_conn_state(conn) == WSABI_STATE_OPEN) {
      stays = wsabi_conn_close(conn, 1001, NULL, 0) == WSABI_OK;
    }
    if (!stays || !proceed(s, i)) {
      drop_client(s, i);
    }
  }
}

// ---- Sockets ----

static bool make_room(server *s) {
  if (s->count < s->capacity) return true;
  struct pollfd *fds = realloc(s->fds, 2 * s->capacity * sizeof *fds);
  s->fds = fds != NULL ? fds : s->fds;
  client *clients = realloc(s->clients, 2 * s->capacity * sizeof *clients);
  s->clients = clients != NULL ? clients : s->clients;
  s->capacity *= fds != NULL && clients != NULL ? 2 : 1;
  return s->count < s->capacity;
}

static void add_client(server *s, int fd) {
  int on = 1;
  client c = {NULL, NEVER};
  if (!make_room(s) || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      wsabi_conn_new_server(s->config, &c.conn) != WSABI_OK) {
    close(fd);
    return;
  }
  s->fds[s->count] = (struct pollfd){.fd = fd, .events = POLLIN};
  s->clients[s->count++] = c;
  if (!proceed(s, s->count - 1)) {
    drop_client(s, s->count - 1);
  }
}

static void accept_clients(server *s) {
  for (;;) {
    int fd = accept(s->fds[LISTENER].fd, NULL, NULL);
    if (fd >= 0) {
      add_client(s, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      s->fds[LISTENER].events = 0;  // until a connection ends
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

static void run(server *s) {
  s->buffer = allocate(READ_SIZE);
  while (s->stop == NEVER || s->count > FIRST_CLIENT) {
    uint64_t until = s->earliest < s->stop ? s->earliest : s->stop;
    int timeout = -1;
    if (until != NEVER) {
      uint64_t now = now_ms();
      if (until <= now) {
        serve_overdue_clients(s);
        continue;
      }
      timeout = until - now < INT_MAX ? (int)(until - now) : INT_MAX;
    }
    int ready = poll(s->fds, s->count, timeout);
    if (ready < 0 && errno != EINTR) die("poll");
    // From the last to the first: dropping a client moves the last one here.
    for (size_t i = s->count; ready > 0 && i-- > FIRST_CLIENT;) {
      if (s->fds[i].revents != 0) {
        ready--;
        if (!serve_client(s, i)) {
          drop_client(s, i);
        }
      }
    }
    if (ready > 0 && s->fds[LISTENER].revents != 0) {
      accept_clients(s);
    }
    if (ready > 0 && s->fds[WAKE].revents != 0) {
      s->fds[WAKE].fd = -1;  // a second signal changes nothing
      stop(s);
    }
  }
}

static int wake_pipe[2];

static void on_signal(int number) {
  (void)number;
  int saved = errno;
  (void)!write(wake_pipe[1], "", 1);
  errno = saved;
}

static void catch_signals(server *s) {
  s->capacity = 64;
  s->fds = allocate(s->capacity * sizeof *s->fds);
  s->clients = allocate(s->capacity * sizeof *s->clients);
  s->count = FIRST_CLIENT;
  // A pipe that nobody reads: it never holds more than the signals sent.
  if (pipe(wake_pipe) != 0 || fcntl(wake_pipe[1], F_SETFL, O_NONBLOCK) != 0) die("pipe");
  s->fds[WAKE] = (struct pollfd){.fd = wake_pipe[0], .events = POLLIN};
  struct sigaction wake = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
  sigaction(SIGTERM, &wake, NULL);
  sigaction(SIGINT, &wake, NULL);
  sigaction(SIGPIPE, &ignore, NULL);  // a write to a closed connection is EPIPE
}

static int bind_first(const struct addrinfo *addresses) {
  int fd = -1;
  for (const struct addrinfo *a = addresses; fd < 0 && a != NULL; a = a->ai_next) {
    fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    int on = 1;
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
                    bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0)) {
      int saved = errno;
      close(fd);
      errno = saved;
      fd = -1;
    }
  }
  return fd;
}

static void listen_for_clients(server *s) {
  // As many descriptors as the system lets this process have.
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
  int error = getaddrinfo(s->host, s->port, &hints, &addresses);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", s->host, gai_strerror(error));
    exit(EXIT_FAILURE);
  }
  int fd = bind_first(addresses);
  freeaddrinfo(addresses);
  struct sockaddr_storage bound;
  socklen_t len = sizeof bound;
  char port[sizeof "65535"];
  if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
      getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
      getnameinfo((struct sockaddr *)&bound, len, NULL, 0, port, sizeof port, NI_NUMERICSERV) != 0) {
    die(s->host);
  }
  s->fds[LISTENER] = (struct pollfd){.fd = fd, .events = POLLIN};
  bool ipv6 = strchr(s->host, ':') != NULL;
  printf("listening on ws://%s%s%s:%s/\n", ipv6 ? "[" : "", s->host, ipv6 ? "]" : "", port);
  fflush(stdout);
}

// ---- Arguments ----

static const char usage[] =
    "usage: echo_server [--host 127.0.0.1] [--port 9001] [--path PATH]...\n"
    "                   [--subprotocol NAME]... [--subprotocol-absent POLICY]\n"
    "                   [--subprotocol-mismatch POLICY] [--origin ORIGIN]...\n"
    "                   [--no-deflate] [--max-message OCTETS] [--opening-timeout MS]\n"
    "                   [--idle-timeout MS]\n"
    "Port 0 is any free port. Without --path every path is served, without --origin\n"
    "every origin is. Subprotocols are in order of preference. POLICY is accept (the\n"
    "default), reject (with 400), or close (accept, then close with 1008). OCTETS is\n"
    "16777216 by default, the opening timeout 10000, and there is no idle timeout.\n"
    "permessage-deflate is on without --no-deflate.\n";

static void reject_arguments(const char *what, const char *argument) {
  fprintf(stderr, "%s: %s\n%s", what, argument, usage);
  exit(2);
}

static uint64_t number(const char *text, uint64_t maximum) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > maximum) {
    reject_arguments("not a number in range", text);
  }
  return value;
}

static uint64_t policy(const char *text) {
  if (strcmp(text, "accept") == 0) return WSABI_POLICY_ACCEPT;
  if (strcmp(text, "reject") == 0) return WSABI_POLICY_REJECT;
  if (strcmp(text, "close") == 0) return WSABI_POLICY_CLOSE;
  reject_arguments("not a policy", text);
  return 0;
}

// The page holds a path as it is, so that only RFC 3986's characters may be in it.
static bool is_path(const char *text) {
  static const char pchar[] = "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                              "0123456789-._~%!$&'()*+,;=:@";
  return text[0] == '/' && text[strspn(text, pchar)] == '\0';
}

// Lets the largest message be echoed while as much output waits as one read
// can cause above the mark from which on a client is no longer read from. Most
// is caused by small messages, which arrive compressed in a dozen octets and are
// echoed as they are, up to 256.
static wsabi_status limit_messages(wsabi_config *config, uint64_t max_message) {
  uint64_t mark;
  wsabi_status status = wsabi_config_get(config, WSABI_OPTION_OUTPUT_HIGH_MARK, &mark);
  if (status != WSABI_OK) return status;
  status = wsabi_config_set(config, WSABI_OPTION_MAX_MESSAGE_SIZE, max_message);
  if (status != WSABI_OK) return status;
  return wsabi_config_set(config, WSABI_OPTION_MAX_OUTPUT, max_message + mark + 32 * READ_SIZE);
}

static void make_config(server *s) {
  static const char reason[] = "This server demands one of its subprotocols.";
  if (wsabi_config_new(&s->config) != WSABI_OK ||
      wsabi_config_set(s->config, WSABI_OPTION_AUTO_ACCEPT, 1) != WSABI_OK ||
      wsabi_config_set(s->config, WSABI_OPTION_PLAIN_HTTP, 1) != WSABI_OK ||
      wsabi_config_set_close_reason(s->config, reason, sizeof reason - 1) != WSABI_OK ||
      limit_messages(s->config, 16777216) != WSABI_OK) {
    die("config");
  }
}

static wsabi_status read_argument(server *s, const char *name, const char *value) {
  wsabi_config *config = s->config;
  if (strcmp(name, "--host") == 0) {
    s->host = value;
  } else if (strcmp(name, "--port") == 0) {
    (void)number(value, 65535);
    s->port = value;
  } else if (strcmp(name, "--path") == 0 && is_path(value)) {
    s->path = s->path != NULL ? s->path : value;
    return wsabi_config_add_resource(config, value, strlen(value));
  } else if (strcmp(name, "--subprotocol") == 0) {
    s->subprotocol = s->subprotocol != NULL ? s->subprotocol : value;
    return wsabi_config_add_subprotocol(config, value, strlen(value));
  } else if (strcmp(name, "--subprotocol-absent") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_ABSENT, policy(value));
  } else if (strcmp(name, "--subprotocol-mismatch") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_MISMATCH, policy(value));
  } else if (strcmp(name, "--origin") == 0) {
    return wsabi_config_add_origin(config, value, strlen(value));
  } else if (strcmp(name, "--max-message") == 0) {
    return limit_messages(config, number(value, INT64_MAX));
  } else if (strcmp(name, "--opening-timeout") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_OPENING_TIMEOUT, number(value, INT_MAX));
  } else if (strcmp(name, "--idle-timeout") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_IDLE_TIMEOUT, number(value, INT_MAX));
  } else {
    reject_arguments("unknown option, or not a value for it", name);
  }
  return WSABI_OK;
}

static void read_arguments(server *s, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(EXIT_SUCCESS);
    }
    if (strcmp(name, "--no-deflate") == 0) {
      (void)wsabi_config_set(s->config, WSABI_OPTION_DEFLATE, 0);
      continue;
    }
    if (++i == argc) {
      reject_arguments("unknown option, or without its value", name);
    } else if (read_argument(s, name, argv[i]) != WSABI_OK) {
      reject_arguments("not a value for this option, or named twice", name);
    }
  }
}

// The page for a browser that opens the server's address: it connects back.
static void make_page(server *s) {
  static const char format[] =
      "<!doctype html><html lang=en><meta charset=utf-8><title>wsabi echo</title>\n"
      "<meta name=viewport content='width=device-width'>\n"
      "<style>:root { color-scheme: light dark; font: 1rem/1.6 system-ui }\n"
      "body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem }\n"
      "input, button { font: inherit } li { white-space: pre-wrap }</style>\n"
      "<h1>wsabi echo</h1> <input id=\"text\" aria-label=\"Message\" value=\"Hello\">\n"
      "<button id=\"send\">Send text</button> <button id=\"send-binary\">Send binary</button>\n"
      "<ol id=\"log\"></ol>\n"
      "<script>\n"
      "const element = id => document.getElementById(id);\n"
      "const log = line => element('log').appendChild(document.createElement('li')).textContent = line;\n"
      "const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';\n"
      "const socket = new WebSocket(scheme + location.host + \"%s\", [\"%s\"].filter(name => name));\n"
      "socket.binaryType = 'arraybuffer';\n"
      "socket.onopen = () => log('open');\n"
      "socket.onmessage = ({data}) => log(typeof data === 'string'\n"
      "  ? 'text: ' + data : 'binary: ' + data.byteLength + ' octets');\n"
      "socket.onclose = ({code}) => log('close: ' + code);\n"
      "element('send').onclick = () => socket.send(element('text').value);\n"
      "element('send-binary').onclick = () =>\n"
      "  socket.send(new TextEncoder().encode(element('text').value));\n"
      "</script>\n";
  const char *path = s->path != NULL ? s->path : "/";
  const char *subprotocol = s->subprotocol != NULL ? s->subprotocol : "";
  size_t size = sizeof format + strlen(path) + strlen(subprotocol);
  s->page = allocate(size);
  snprintf(s->page, size, format, path, subprotocol);
}
