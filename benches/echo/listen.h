// What the two reference servers share: a listening socket, and an epoll set.

#ifndef LISTEN_H
#define LISTEN_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

// Octets that one call of recv may bring, for every connection the same buffer.
enum { READ_SIZE = 512 * 1024 };

// Ends the program when the system refuses something that it never should.
static int must(int result, const char *what) {
  if (result < 0) {
    perror(what);
    exit(1);
  }
  return result;
}

// Listens on a free port of 127.0.0.1 and says so on one line.
static int listen_and_tell(const char *scheme) {
  int listener = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  must(bind(listener, (struct sockaddr *)&address, len), "bind");
  must(listen(listener, 4096), "listen");
  must(getsockname(listener, (struct sockaddr *)&address, &len), "getsockname");
  printf("listening on %s://127.0.0.1:%d/\n", scheme, ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

// Takes a connection that waits; it does not block and does not delay.
static int accept_connection(int listener) {
  int fd = must(accept4(listener, NULL, NULL, SOCK_NONBLOCK), "accept4");
  must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), "setsockopt");
  return fd;
}

// Adds a socket to the set, or changes what is waited for. `data` comes back
// with its events.
static void watch(int epoll, int operation, int fd, uint32_t events, void *data) {
  struct epoll_event event = {.events = events, .data.ptr = data};
  must(epoll_ctl(epoll, operation, fd, &event), "epoll_ctl");
}

#endif
