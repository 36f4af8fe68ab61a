// raw_echo: a TCP echo of the same octets, one thread, epoll. What the kernel
// alone takes for the traffic of an echo server.

#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"

struct conn {
  int fd;
  char *rest;  // what the socket did not take; NULL: nothing
  size_t sent, len;
};

static int epoll;

// False: the connection is over.
static bool on_readable(struct conn *conn) {
  static char buffer[READ_SIZE];
  ssize_t got = recv(conn->fd, buffer, sizeof buffer, 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  ssize_t sent = send(conn->fd, buffer, (size_t)got, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  if (sent == got) return true;
  if (sent < 0) sent = 0;
  conn->sent = 0;
  conn->len = (size_t)(got - sent);
  conn->rest = memcpy(malloc(conn->len), buffer + sent, conn->len);
  watch(epoll, EPOLL_CTL_MOD, conn->fd, EPOLLOUT, conn);
  return true;
}

static bool on_writable(struct conn *conn) {
  ssize_t sent = send(conn->fd, conn->rest + conn->sent, conn->len - conn->sent, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  conn->sent += (size_t)sent;
  if (conn->sent < conn->len) return true;
  free(conn->rest);
  conn->rest = NULL;
  watch(epoll, EPOLL_CTL_MOD, conn->fd, EPOLLIN, conn);
  return true;
}

static void drop(struct conn *conn) {
  close(conn->fd);
  free(conn->rest);
  free(conn);
}

int main(void) {
  int listener = listen_and_tell("tcp");
  epoll = must(epoll_create1(0), "epoll_create1");
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
  for (;;) {
    struct epoll_event events[1024];
    int count = epoll_wait(epoll, events, 1024, -1);
    for (int i = 0; i < count; i++) {
      struct conn *conn = events[i].data.ptr;
      if (!conn) {
        conn = calloc(1, sizeof *conn);
        conn->fd = accept_connection(listener);
        watch(epoll, EPOLL_CTL_ADD, conn->fd, EPOLLIN, conn);
      } else if (!(conn->rest ? on_writable(conn) : on_readable(conn))) {
        drop(conn);
      }
    }
  }
}
