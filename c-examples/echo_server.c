// A WebSocket echo server on poll(2), for any number of clients.
//
//     cc echo_server.c $(pkg-config --cflags --libs wsabi) -o echo_server
//     ./echo_server --port 9001
//
// The first part is the loop of every host of wsabi: receive, handle the events,
// write the output, ask for the interest. The second is sockets, which wsabi never
// sees. The application is in contract.h: what it answers to each event, and which
// requests are accepted, which is data.

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "contract.h"

enum {
  EVENTS = 64,   // events taken from wsabi at once
  RUNS = 64,     // runs of output written at once
  WAKE = 0,      // places in `fds`: the pipe that signals write to,
  LISTENER,      // the listening socket,
  FIRST_CLIENT,  // and the clients
};

#define NEVER UINT64_MAX

typedef struct {
  wsabi_conn *conn;
  uint64_t deadline;  // when wsabi wants to be told the time, in milliseconds
} client;

typedef struct {
  contract contract;

  struct pollfd *fds;  // fds[i] and clients[i] belong together
  client *clients;
  size_t count, capacity;
  uint64_t earliest;  // no client's deadline is before it
  uint64_t stop;      // when the peers of a stopping server had their time
  uint8_t *buffer;
} server;

static void listen_for_clients(server *s);
static void catch_signals(server *s);
static void run(server *s);

int main(int argc, char **argv) {
  server s = {.earliest = NEVER, .stop = NEVER};
  usage = "usage: echo_server\n" CONTRACT_OPTIONS;
  make_contract(&s.contract, argc, argv, NULL);
  prepare_process();
  catch_signals(&s);
  listen_for_clients(&s);
  run(&s);
  free_contract(&s.contract);
  free(s.buffer);
  free(s.clients);
  free(s.fds);
  return EXIT_SUCCESS;
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
    status = answer(&s->contract, conn, &events[i]);
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
      wsabi_conn_new_server(s->contract.config, &c.conn) != WSABI_OK) {
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
  const char *host = s->contract.host;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
  int error = getaddrinfo(host, s->contract.port, &hints, &addresses);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", host, gai_strerror(error));
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
    die(host);
  }
  s->fds[LISTENER] = (struct pollfd){.fd = fd, .events = POLLIN};
  say_ready("ws", host, port);
}
