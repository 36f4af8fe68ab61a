// A server that has an HTTP parser and WebSocket frames of its own, and asks
// wsabi for one thing: the decision on the opening handshake.
//
//     cc handshake_only.c $(pkg-config --cflags --libs wsabi) -o handshake_only
//     ./handshake_only --port 9001
//
// Request fields go in, a status and response fields come out; then the
// wsabi_conn is freed. Both the parser and the frames are toys: they stand for
// what such a host has already. It serves one client at a time.

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <wsabi.h>

enum { BUFFER_SIZE = 16384, MAX_HEADERS = 64, SMALL = 125, TIMEOUT_SECONDS = 10 };

// Octets read from a client and not used yet: those from `at` to `len`. Frames
// may follow the request in one read.
typedef struct {
  int fd;
  size_t at, len;
  char data[BUFFER_SIZE];
} stream;

static int listen_on(const char *host, const char *port);
static void serve(int fd);
static bool read_head(stream *s, size_t *len);
static bool parse_head(char *head, wsabi_request *request, wsabi_header *headers);
static bool decide(int fd, const wsabi_request *request);
static void echo_small_messages(stream *s);

static void on_signal(int number) {
  (void)number;
  _exit(EXIT_SUCCESS);
}

int main(int argc, char **argv) {
  const char *host = "127.0.0.1", *port = "9001";
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && strcmp(argv[i], "--host") == 0) {
      host = argv[i + 1];
    } else if (i + 1 < argc && strcmp(argv[i], "--port") == 0) {
      port = argv[i + 1];
    } else {
      fputs("usage: handshake_only [--host 127.0.0.1] [--port 9001]\n", stderr);
      return 2;
    }
  }
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  signal(SIGPIPE, SIG_IGN);
  int listener = listen_on(host, port);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    serve(fd);
    close(fd);
  }
}

// ---- One client ----

static bool send_all(int fd, const void *data, size_t len) {
  for (const char *at = data; len > 0;) {
    ssize_t n = write(fd, at, len);
    if (n <= 0) return false;
    at += n;
    len -= (size_t)n;
  }
  return true;
}

static void serve(int fd) {
  struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);

  static stream s;
  s.fd = fd;
  s.at = s.len = 0;
  size_t head_len;
  if (!read_head(&s, &head_len)) return;

  wsabi_header headers[MAX_HEADERS];
  wsabi_request request = WSABI_REQUEST_INIT;
  if (!parse_head(s.data, &request, headers)) {
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    send_all(fd, bad, sizeof bad - 1);
  } else if (decide(fd, &request)) {
    s.at = head_len;
    echo_small_messages(&s);
  }
  // RFC 9112 9.6: to close at once could destroy what the client has not read.
  shutdown(fd, SHUT_WR);
  while (read(fd, s.data, sizeof s.data) > 0) continue;
}

// ---- The decision: all that wsabi does here ----

static bool write_response(int fd, wsabi_conn *conn) {
  char head[4096];
  uint32_t status;
  wsabi_header h;
  wsabi_slice body;
  if (wsabi_conn_response_status(conn, &status) != WSABI_OK) return false;
  size_t len = (size_t)snprintf(head, sizeof head, "HTTP/1.1 %u \r\n", (unsigned)status);
  for (size_t i = 0; wsabi_conn_response_header(conn, i, &h) == WSABI_OK; i++) {
    if (h.name.len + h.value.len + 6 > sizeof head - len) return false;
    len += (size_t)snprintf(head + len, sizeof head - len, "%.*s: %.*s\r\n", (int)h.name.len,
                            h.name.data, (int)h.value.len, h.value.data);
  }
  if (wsabi_conn_response_body(conn, &body) != WSABI_OK) return false;
  memcpy(head + len, "\r\n", 2);
  return send_all(fd, head, len + 2) && send_all(fd, body.data, body.len);
}

// Returns whether the client is a WebSocket from here on.
static bool decide(int fd, const wsabi_request *request) {
  wsabi_conn *conn;
  wsabi_event event;
  size_t count;
  if (wsabi_conn_new_server(NULL, &conn) != WSABI_OK) return false;
  bool decided = wsabi_conn_recv_request(conn, request, &event, 1, &count) == WSABI_OK;
  // A request that breaks a rule is FAILED, and its answer is there already. Of
  // one that does not, this is where an application says what it thinks.
  if (decided && event.type == WSABI_EVENT_REQUEST) {
    decided = wsabi_conn_accept(conn, NULL, 0, NULL) == WSABI_OK;
  }
  bool is_open = decided && write_response(fd, conn) && wsabi_conn_state(conn) == WSABI_STATE_OPEN;
  wsabi_conn_free(conn);
  return is_open;
}

// ---- The host's own HTTP: a toy ----

static bool fill(stream *s) {
  if (s->at == s->len) {
    s->at = s->len = 0;
  }
  ssize_t n = read(s->fd, s->data + s->len, sizeof s->data - s->len);
  if (n <= 0) return false;
  s->len += (size_t)n;
  return true;
}

static bool read_head(stream *s, size_t *len) {
  for (size_t i = 0; fill(s);) {
    for (; i + 4 <= s->len; i++) {
      if (memcmp(s->data + i, "\r\n\r\n", 4) == 0) {
        s->data[i + 2] = '\0';  // the last line keeps its end
        *len = i + 4;
        return true;
      }
    }
  }
  return false;
}

// Cuts the text up to `end` off the front of `*rest`; returns whether `end` is
// there.
static bool cut(char **rest, const char *end, wsabi_slice *part) {
  char *at = strstr(*rest, end);
  if (at == NULL) return false;
  *part = (wsabi_slice){*rest, (size_t)(at - *rest)};
  *rest = at + strlen(end);
  return true;
}

// Knows lines, words and colons. What may stand in a name or in a value, and
// what the fields say, is checked by wsabi.
static bool parse_head(char *head, wsabi_request *request, wsabi_header *headers) {
  wsabi_slice version;
  if (!cut(&head, " ", &request->method) || !cut(&head, " ", &request->target) ||
      !cut(&head, "\r\n", &version) || version.len != 8 || memcmp(version.data, "HTTP/1.", 7) != 0) {
    return false;
  }
  request->version = version.data[7] == '0' ? WSABI_HTTP_1_0 : WSABI_HTTP_1_1;
  request->headers = headers;
  while (*head != '\0') {
    wsabi_header *h = &headers[request->header_count];
    if (request->header_count == MAX_HEADERS || !cut(&head, ":", &h->name) ||
        !cut(&head, "\r\n", &h->value)) {
      return false;
    }
    request->header_count++;
  }
  return true;
}

// ---- The host's own frames: a toy ----

static bool need(stream *s, size_t len) {
  while (s->len - s->at < len) {
    memmove(s->data, s->data + s->at, s->len - s->at);
    s->len -= s->at;
    s->at = 0;
    if (!fill(s)) return false;
  }
  return true;
}

static bool send_frame(int fd, unsigned first, const void *payload, size_t len) {
  uint8_t frame[2 + SMALL] = {(uint8_t)first, (uint8_t)len};
  memcpy(frame + 2, payload, len);
  return send_all(fd, frame, 2 + len);
}

// RFC 6455 5.2: whole, masked messages of up to 125 octets; pings; a Close.
static void echo_small_messages(stream *s) {
  for (;;) {
    if (!need(s, 6)) return;
    uint8_t header[6];
    memcpy(header, s->data + s->at, sizeof header);
    size_t len = header[1] & 0x7f;
    if (!(header[1] & 0x80)) {
      send_frame(s->fd, 0x88, "\x03\xea", 2);  // 1002: not masked
      return;
    }
    if (len > SMALL) {
      send_frame(s->fd, 0x88, "\x03\xf1", 2);  // 1009: too big
      return;
    }
    if (!need(s, 6 + len)) return;
    char *payload = s->data + s->at + 6;
    for (size_t i = 0; i < len; i++) {
      payload[i] = (char)(payload[i] ^ header[2 + i % 4]);
    }
    s->at += 6 + len;
    switch (header[0]) {
    case 0x81:
    case 0x82:
      if (!send_frame(s->fd, header[0], payload, len)) return;
      break;
    case 0x89:
      if (!send_frame(s->fd, 0x8a, payload, len)) return;
      break;
    case 0x8a:
      break;
    case 0x88:
      send_frame(s->fd, 0x88, payload, len < 2 ? 0 : 2);
      return;
    default:
      send_frame(s->fd, 0x88, "\x03\xeb", 2);  // 1003: fragments and the rest
      return;
    }
  }
}

// ---- Sockets ----

static int listen_on(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *address;
  struct sockaddr_storage bound;
  socklen_t size = sizeof bound;
  char number[8];
  int on = 1, error = getaddrinfo(host, port, &hints, &address);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", host, gai_strerror(error));
    exit(EXIT_FAILURE);
  }
  int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&bound, &size) != 0 ||
      getnameinfo((struct sockaddr *)&bound, size, NULL, 0, number, sizeof number, NI_NUMERICSERV) != 0) {
    perror(host);
    exit(EXIT_FAILURE);
  }
  freeaddrinfo(address);
  printf(strchr(host, ':') == NULL ? "listening on ws://%s:%s/\n" : "listening on ws://[%s]:%s/\n", host, number);
  fflush(stdout);
  return fd;
}
