// The embedded server with real sockets: where connections come from, what is told
// of them, limits, deadlines, other threads, the end.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

enum { PATIENCE = 20000, MOST = 64 };  // milliseconds, connections

// ---- A server and what it listed ----

// Words as in a transcript, with the number of the connection before each, in the
// order of their first events: "1R/chat 1T5 2R/chat 1X1000 ".
typedef struct {
  wsabi_server *server;
  uint64_t ids[MOST];
  size_t count;
  char events[16384];
  bytes payloads;
  size_t cap;
  bool leaves_requests;  // undecided
  bool is_silent;        // sends nothing back
  wsabi_conn *conns[MOST];
} world;

static wsabi_config *config_with(wsabi_option option, uint64_t value) {
  wsabi_config *config;
  check(wsabi_config_new(&config));
  if (option != 0) {
    check(wsabi_config_set(config, option, value));
  }
  return config;
}

// The config is the server's alone then.
static world serve(wsabi_config *config) {
  world w = {.cap = 64};
  check(wsabi_server_new(config, &w.server));
  wsabi_config_free(config);
  return w;
}

static world serve_with(wsabi_option option, uint64_t value) {
  return serve(config_with(option, value));
}

static void end(world *w) {
  wsabi_server_free(w->server);
  clear(&w->payloads);
}

static uint16_t listen_to(world *w, const char *host) {
  uint16_t port = 0;
  check(wsabi_server_listen(w->server, host, host == NULL ? 0 : strlen(host), 0, 0, &port));
  assert_true(port > 0);
  return port;
}

static void handle(world *w, const wsabi_server_event *e) {
  size_t n = 0;
  while (n < w->count && w->ids[n] != e->id) n++;
  if (n == w->count) {
    assert_true(n < MOST);
    w->ids[w->count++] = e->id;
  }
  w->conns[n] = e->conn;
  static const char LETTERS[] = "?ROJTBPOCFXHD";
  char word[128];
  switch (e->event.type) {
  case WSABI_EVENT_REQUEST:
  case WSABI_EVENT_HTTP_REQUEST:
    snprintf(word, sizeof word, "%zu%c%.*s ", n + 1, LETTERS[e->event.type], (int)e->event.len,
             (const char *)e->event.data);
    break;
  case WSABI_EVENT_CLOSE:
  case WSABI_EVENT_FAILED:
  case WSABI_EVENT_CLOSED: snprintf(word, sizeof word, "%zu%c%d ", n + 1, LETTERS[e->event.type], e->event.code); break;
  default: snprintf(word, sizeof word, "%zu%c%zu ", n + 1, LETTERS[e->event.type], e->event.len); break;
  }
  assert_true(strlen(w->events) + strlen(word) < sizeof w->events);
  strcat(w->events, word);
  append(&w->payloads, e->event.data, e->event.len);
  if (e->event.type == WSABI_EVENT_REQUEST && !w->leaves_requests) {
    check(wsabi_conn_accept(e->conn, NULL, 0, NULL));
  }
  bool is_message = e->event.type == WSABI_EVENT_TEXT || e->event.type == WSABI_EVENT_BINARY;
  if (is_message && !w->is_silent && wsabi_conn_state(e->conn) == WSABI_STATE_OPEN) {
    check(wsabi_conn_send(e->conn, e->event.type == WSABI_EVENT_TEXT ? WSABI_MESSAGE_TEXT : WSABI_MESSAGE_BINARY,
                          e->event.data, e->event.len, 0));
  }
}

static size_t turn(world *w, int64_t timeout_ms) {
  wsabi_server_event *events = malloc(w->cap * sizeof *events);
  assert_non_null(events);
  size_t count;
  check(wsabi_server_poll(w->server, timeout_ms, events, w->cap, &count));
  assert_true(count <= w->cap);
  for (size_t i = 0; i < count; i++) {
    handle(w, &events[i]);
  }
  free(events);
  return count;
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// Goes on until exactly that was listed since the last time, and all of it written.
static void expect(world *w, const char *events) {
  uint64_t until = now_ms() + PATIENCE;
  while (strlen(w->events) < strlen(events) && now_ms() < until) {
    turn(w, 100);
  }
  turn(w, 0);
  turn(w, 0);
  assert_string_equal(w->events, events);
  w->events[0] = '\0';
}

// ---- Peers ----

static int peer(int family) {
  int fd = socket(family, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  struct timeval patience = {.tv_sec = PATIENCE / 1000};
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  return fd;
}

static int dial(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = peer(AF_INET);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static int dial6(uint16_t port) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int fd = peer(AF_INET6);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static struct sockaddr_un path_address(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  assert_true(strlen(path) < sizeof address.sun_path);
  strcpy(address.sun_path, path);
  return address;
}

static int dial_path(const char *path) {
  struct sockaddr_un address = path_address(path);
  int fd = peer(AF_UNIX);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

// A connection by `adopt`; returns its other end.
static int adopted(world *w, uint64_t *id) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  check(wsabi_server_adopt(w->server, ends[0], NULL, 0, 0, id));
  struct timeval patience = {.tv_sec = PATIENCE / 1000};
  assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  return ends[1];
}

static void say(int fd, const void *data, size_t len) {
  assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static void say_wire(int fd, const char *notation) {
  bytes octets = wire(notation);
  say(fd, octets.data, octets.len);
  clear(&octets);
}

// So many octets.
static bytes hear(int fd, size_t len) {
  bytes heard = {0};
  uint8_t part[4096];
  while (heard.len < len) {
    size_t room = len - heard.len < sizeof part ? len - heard.len : sizeof part;
    ssize_t n = recv(fd, part, room, 0);
    assert_true(n > 0);
    append(&heard, part, (size_t)n);
  }
  return heard;
}

static void hears(int fd, const char *notation) {
  bytes want = wire(notation);
  bytes heard = hear(fd, want.len);
  assert_true(equal(&heard, &want));
  clear(&want);
  clear(&heard);
}

// A head, and what follows it when it says how much.
static bytes hear_answer(int fd) {
  bytes heard = {0};
  while (!contains(&heard, "\r\n\r\n")) {
    bytes octet = hear(fd, 1);
    append(&heard, octet.data, 1);
    clear(&octet);
  }
  return heard;
}

// All of it, to the end.
static bytes hear_all(int fd) {
  bytes heard = {0};
  uint8_t part[4096];
  for (ssize_t n; (n = recv(fd, part, sizeof part, 0)) != 0;) {
    assert_true(n > 0 || errno == ECONNRESET);
    if (n < 0) break;
    append(&heard, part, (size_t)n);
  }
  return heard;
}

static void hears_the_end(int fd) {
  bytes heard = hear_all(fd);
  assert_int_equal(heard.len, 0);
  clear(&heard);
  close(fd);
}

static void ask(int fd) {
  say(fd, REQUEST, strlen(REQUEST));
}

static void is_accepted(int fd) {
  bytes answer = hear_answer(fd);
  assert_true(contains(&answer, "HTTP/1.1 101 ") && contains(&answer, ACCEPT));
  clear(&answer);
}

// A message there and back; `n` is the connection's number.
static void converse(world *w, int fd, size_t n) {
  char event[32];
  snprintf(event, sizeof event, "%zuT5 ", n);
  say_wire(fd, "81 85 M 'Hello';");
  expect(w, event);
  hears(fd, "81 05 'Hello'");
}

static void reset(int fd) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  close(fd);
}

static wsabi_metrics metrics_of(const world *w) {
  wsabi_metrics metrics = WSABI_METRICS_INIT;
  check(wsabi_server_metrics(w->server, &metrics));
  return metrics;
}

static bool error_says(const world *w, const char *text) {
  wsabi_slice error;
  check(wsabi_server_error(w->server, &error));
  bytes octets = {(uint8_t *)error.data, error.len, error.len};
  return contains(&octets, text);
}

// ---- Where connections come from ----

static void addresses(void **state) {
  (void)state;
  static const struct {
    const char *host;
    bool is_4, is_6;
  } HOSTS[] = {{"127.0.0.1", true, false}, {"::1", false, true}, {NULL, true, true}, {"localhost", true, false}};
  for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
    world w = serve(NULL);
    uint16_t port = listen_to(&w, HOSTS[i].host);
    for (int six = 0; six < 2; six++) {
      if (!(six ? HOSTS[i].is_6 : HOSTS[i].is_4)) continue;
      int fd = six ? dial6(port) : dial(port);
      ask(fd);
      w.count = 0;
      expect(&w, "1R/chat ");
      is_accepted(fd);
      struct sockaddr_storage mine;
      socklen_t size = sizeof mine;
      assert_int_equal(getsockname(fd, (struct sockaddr *)&mine, &size), 0);
      uint16_t from = six ? ((struct sockaddr_in6 *)&mine)->sin6_port : ((struct sockaddr_in *)&mine)->sin_port;
      char want[64], text[64] = "";
      snprintf(want, sizeof want, six ? "[::1]:%u" : "127.0.0.1:%u", ntohs(from));
      size_t len;
      check(wsabi_server_peer_address(w.server, w.ids[0], (uint8_t *)text, 4, &len));
      assert_int_equal(len, strlen(want));
      assert_string_equal(text, "");
      check(wsabi_server_peer_address(w.server, w.ids[0], (uint8_t *)text, sizeof text, &len));
      assert_string_equal(text, want);
      close(fd);
      expect(&w, "1X1006 ");
    }
    end(&w);
  }
}

static void ports_in_use(void **state) {
  (void)state;
  world one = serve(NULL), two = serve(NULL);
  uint16_t port = listen_to(&one, "127.0.0.1"), bound;
  char text[64];
  assert_int_equal(wsabi_server_listen(two.server, "127.0.0.1", 9, port, 0, &bound), WSABI_ERR_IO);
  snprintf(text, sizeof text, "[127.0.0.1]:%u: ", port);
  assert_true(error_says(&two, text) && error_says(&two, "in use"));
  assert_int_equal(wsabi_server_listen(two.server, "name.invalid", 12, 0, 0, &bound), WSABI_ERR_IO);
  assert_true(error_says(&two, "[name.invalid]:0: "));
  // 192.0.2.1 is nobody's. RFC 5737.
  assert_int_equal(wsabi_server_listen(two.server, "192.0.2.1", 9, 0, 0, &bound), WSABI_ERR_IO);
  assert_true(error_says(&two, "[192.0.2.1]:0: "));
  end(&one);
  // The port is free again at once, and shared by those who want that.
  check(wsabi_server_listen(two.server, "127.0.0.1", 9, port, WSABI_LISTEN_REUSE_PORT, &bound));
  assert_int_equal(bound, port);
  one = serve(NULL);
  check(wsabi_server_listen(one.server, "127.0.0.1", 9, port, WSABI_LISTEN_REUSE_PORT, &bound));
  int fds[16];
  for (size_t i = 0; i < 16; i++) {
    fds[i] = dial(port);
    ask(fds[i]);
  }
  uint64_t until = now_ms() + PATIENCE;
  while (one.count + two.count < 16 && now_ms() < until) {
    turn(&one, 1);
    turn(&two, 1);
  }
  turn(&one, 0);
  turn(&two, 0);
  assert_int_equal(one.count + two.count, 16);
  for (size_t i = 0; i < 16; i++) {
    is_accepted(fds[i]);
    close(fds[i]);
  }
  end(&one);
  end(&two);
}

static void unix_sockets(void **state) {
  (void)state;
  char folder[] = "/tmp/wsabi-serving-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/socket", folder);
  // A name that a server left behind, for it was killed.
  struct sockaddr_un address = path_address(path);
  int left = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(left, 1), 0);
  world w = serve(NULL), other = serve(NULL);
  assert_int_equal(wsabi_server_listen_unix(w.server, path, strlen(path), 0), WSABI_ERR_IO);
  assert_true(error_says(&w, path) && error_says(&w, "in use"));
  close(left);
  check(wsabi_server_listen_unix(w.server, path, strlen(path), 0));
  assert_int_equal(wsabi_server_listen_unix(other.server, path, strlen(path), 0), WSABI_ERR_IO);
  int fd = dial_path(path);
  ask(fd);
  expect(&w, "1R/chat ");
  is_accepted(fd);
  size_t len;
  check(wsabi_server_peer_address(w.server, w.ids[0], NULL, 0, &len));
  assert_int_equal(len, 0);
  converse(&w, fd, 1);
  end(&w);
  hears_the_end(fd);
  struct stat data;
  assert_int_equal(stat(path, &data), -1);
  // What is no socket stays.
  int file = open(path, O_CREAT | O_WRONLY, 0600);
  assert_true(file >= 0);
  close(file);
  assert_int_equal(wsabi_server_listen_unix(other.server, path, strlen(path), 0), WSABI_ERR_IO);
  assert_int_equal(stat(path, &data), 0);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(wsabi_server_listen_unix(other.server, "/nowhere/socket", 15, 0), WSABI_ERR_IO);
  assert_true(error_says(&other, "/nowhere/socket: "));
  end(&other);
  assert_int_equal(rmdir(folder), 0);
}

// As systemd passes them: bound and listening, and blocking.
static void sockets_passed_in(void **state) {
  (void)state;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
  world w = serve(NULL);
  assert_int_equal(wsabi_server_listen_fd(w.server, fd, 0), WSABI_ERR_IO);
  assert_int_equal(listen(fd, 8), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
  check(wsabi_server_listen_fd(w.server, fd, 0));
  int one = dial(ntohs(address.sin_port)), two = dial(ntohs(address.sin_port));
  ask(one);
  expect(&w, "1R/chat ");
  is_accepted(one);
  ask(two);
  expect(&w, "2R/chat ");
  converse(&w, one, 1);
  end(&w);
  is_accepted(two);
  hears_the_end(two);
  close(one);
}

// Whatever was read before: of the request, of frames behind it, of nothing.
static void early_octets(void **state) {
  (void)state;
  bytes all = {0}, frames = wire("81 85 M 'Hello'; 01 83 M 'Hel'; 80 82 M 'lo'; 88 82 M 03 e8;");
  append_text(&all, REQUEST);
  append(&all, frames.data, frames.len);
  size_t step = scaled(100) > 2 ? 1 : 13;
  for (size_t cut = 0; cut <= all.len; cut += step) {
    world w = serve(NULL);
    w.cap = 1 + cut % 3;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    uint8_t *early = malloc(cut + 1);
    memcpy(early, all.data, cut);
    check(wsabi_server_adopt(w.server, ends[0], early, cut, 0, NULL));
    memset(early, 0xee, cut);
    free(early);
    say(ends[1], all.data + cut, all.len - cut);
    expect(&w, "1R/chat 1T5 1T5 1C1000 1X1000 ");
    assert_memory_equal(w.payloads.data, "/chatHelloHello", 15);
    is_accepted(ends[1]);
    hears(ends[1], "81 05 'Hello' 81 05 'Hello' 88 02 03 e8");
    hears_the_end(ends[1]);
    end(&w);
  }
  clear(&all);
  clear(&frames);
}

// ---- Decisions ----

static void decisions(void **state) {
  (void)state;
  world w = serve(NULL);
  w.leaves_requests = true;
  uint16_t port = listen_to(&w, "127.0.0.1");
  int later = dial(port), rejected = dial(port), redirected = dial(port);
  int *const fds[] = {&later, &rejected, &redirected};
  for (size_t i = 0; i < 3; i++) {
    char event[32];
    snprintf(event, sizeof event, "%zuR/chat ", i + 1);
    ask(*fds[i]);
    say_wire(*fds[i], "81 85 M 'Hello';");
    expect(&w, event);
  }
  // One is rejected while others wait; octets behind its request are not read.
  wsabi_response response = WSABI_RESPONSE_INIT;
  response.status = 403;
  check(wsabi_conn_reject(w.conns[1], &response));
  check(wsabi_conn_redirect(w.conns[2], 307, "/new", 4));
  turn(&w, 0);
  assert_string_equal(w.events, "");
  bytes answer = hear_all(rejected);
  check_refusal("rejected", &answer, 403, false);
  clear(&answer);
  answer = hear_all(redirected);
  assert_true(contains(&answer, "HTTP/1.1 307 ") && contains(&answer, "\r\nLocation: /new\r\n"));
  clear(&answer);
  close(rejected);
  expect(&w, "2X1006 ");
  close(redirected);
  expect(&w, "3X1006 ");
  // What came behind the request is listed behind the decision.
  check(wsabi_conn_accept(w.conns[0], NULL, 0, NULL));
  expect(&w, "1T5 ");
  is_accepted(later);
  hears(later, "81 05 'Hello'");
  close(later);
  expect(&w, "1X1006 ");
  end(&w);
}

// What a peer said before it went away is listed, although nothing can be written
// to it any more.
static void last_words(void **state) {
  (void)state;
  world w = serve(NULL);
  int fd = adopted(&w, NULL);
  ask(fd);
  expect(&w, "1R/chat ");
  is_accepted(fd);
  say_wire(fd, "81 85 M 'Hello';");
  while (w.events[0] == '\0') turn(&w, 100);
  // The answer waits for the next turn, and finds nobody.
  say_wire(fd, "81 83 M 'bye'; 88 82 M 03 e8;");
  close(fd);
  expect(&w, "1T5 1T3 1C1000 1X1000 ");
  assert_int_equal(wsabi_server_count(w.server), 0);
  end(&w);
}

// An undecided request whose peer sends on holds what came with it, and no more.
static void octets_behind_a_request(void **state) {
  (void)state;
  world w = serve_with(WSABI_OPTION_READ_SIZE, 16384);
  w.leaves_requests = true;
  int fd = adopted(&w, NULL);
  bytes all = {0};
  append_text(&all, REQUEST);
  uint8_t payload[1000] = {0};
  for (size_t i = 0; i < 100; i++) {
    append_frame(&all, 0x82, payload, sizeof payload);
  }
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  size_t at = (size_t)send(fd, all.data, all.len, 0);
  expect(&w, "1R/chat ");
  assert_true(metrics_of(&w).octets_received <= 16384);
  check(wsabi_conn_accept(w.conns[0], NULL, 0, NULL));
  w.is_silent = true;
  uint64_t until = now_ms() + PATIENCE;
  while (metrics_of(&w).messages_received < 100 && now_ms() < until) {
    turn(&w, 10);
    ssize_t n = at < all.len ? send(fd, all.data + at, all.len - at, 0) : 0;
    at += n > 0 ? (size_t)n : 0;
  }
  assert_int_equal(metrics_of(&w).messages_received, 100);
  assert_int_equal(w.payloads.len, 5 + 100 * 1000);
  clear(&all);
  close(fd);
  end(&w);
}

static void pages_and_metrics(void **state) {
  (void)state;
  world w = serve_with(WSABI_OPTION_PLAIN_HTTP, 1);
  check(wsabi_server_serve_metrics(w.server, "/metrics", 8));
  uint16_t port = listen_to(&w, "127.0.0.1");
  static const char PAGE[] = "GET /page?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", METRICS[] = "GET /metrics?a HTTP/1.1\r\nHost: a\r\n\r\n";
  int page = dial(port), metrics = dial(port);
  say(page, PAGE, strlen(PAGE));
  expect(&w, "1H/page?q=1 ");
  check(wsabi_conn_respond(w.conns[0], 200, "text/plain", 10, "Hello", 5));
  say(metrics, METRICS, strlen(METRICS));
  uint64_t until = now_ms() + PATIENCE;
  while (metrics_of(&w).octets_sent < 1000 && now_ms() < until) {
    turn(&w, 10);
  }
  bytes answer = hear_all(page);
  assert_true(contains(&answer, "HTTP/1.1 200 ") && contains(&answer, "\r\n\r\nHello"));
  clear(&answer);
  answer = hear_all(metrics);
  assert_true(contains(&answer, "HTTP/1.1 200 ") && contains(&answer, "\r\nContent-Type: text/plain; version=0.0.4\r\n"));
  assert_true(contains(&answer, "\n# TYPE wsabi_connections gauge\nwsabi_connections 2\n"));
  assert_true(contains(&answer, "\nwsabi_accepted_total 2\n"));
  clear(&answer);
  close(page);
  expect(&w, "1X1006 ");
  // Of the other one nothing was ever listed.
  close(metrics);
  until = now_ms() + PATIENCE;
  while (wsabi_server_count(w.server) > 0 && now_ms() < until) {
    turn(&w, 10);
  }
  assert_string_equal(w.events, "");
  assert_int_equal(wsabi_server_count(w.server), 0);
  end(&w);
}

// ---- Topics ----

static void topics(void **state) {
  (void)state;
  world w = serve(NULL);
  int fds[3];
  for (size_t i = 0; i < 3; i++) {
    char event[32];
    snprintf(event, sizeof event, "%zuR/chat ", i + 1);
    fds[i] = adopted(&w, NULL);
    ask(fds[i]);
    expect(&w, event);
    is_accepted(fds[i]);
  }
  wsabi_prepared *message;
  size_t count;
  check(wsabi_prepared_new(NULL, WSABI_MESSAGE_TEXT, "news", 4, &message));
  check(wsabi_server_subscribe(w.server, w.ids[0], "a\0b", 3));
  check(wsabi_server_subscribe(w.server, w.ids[0], "a\0b", 3));
  check(wsabi_server_subscribe(w.server, w.ids[1], "a\0b", 3));
  check(wsabi_server_publish(w.server, "a\0b", 3, message, 0, &count));
  assert_int_equal(count, 2);
  check(wsabi_server_publish(w.server, "a\0b", 3, message, w.ids[0], &count));
  assert_int_equal(count, 1);
  check(wsabi_server_publish(w.server, "a", 1, message, 0, &count));
  assert_int_equal(count, 0);
  check(wsabi_server_publish(w.server, NULL, 0, message, w.ids[2], &count));
  assert_int_equal(count, 2);
  check(wsabi_server_unsubscribe(w.server, w.ids[0], "a\0b", 3));
  assert_int_equal(wsabi_server_unsubscribe(w.server, w.ids[0], "a\0b", 3), WSABI_ERR_NOT_FOUND);
  // A subscription ends with its connection, whose place another one takes.
  close(fds[1]);
  expect(&w, "2X1006 ");
  check(wsabi_server_publish(w.server, "a\0b", 3, message, 0, &count));
  assert_int_equal(count, 0);
  int next = adopted(&w, NULL);
  ask(next);
  expect(&w, "4R/chat ");
  check(wsabi_server_publish(w.server, "a\0b", 3, message, 0, &count));
  assert_int_equal(count, 0);
  // Who is closing gets nothing.
  check(wsabi_conn_close(w.conns[3], 1000, NULL, 0));
  check(wsabi_server_publish(w.server, NULL, 0, message, 0, &count));
  assert_int_equal(count, 2);
  turn(&w, 0);
  hears(fds[0], "81 04 'news' 81 04 'news' 81 04 'news'");
  hears(fds[2], "81 04 'news'");
  assert_int_equal(metrics_of(&w).messages_published, 7);
  assert_int_equal(metrics_of(&w).messages_dropped, 0);
  wsabi_prepared_free(message);
  end(&w);
  hears_the_end(fds[0]);
  hears_the_end(fds[2]);
  close(next);
}

// ---- Limits ----

static void as_many_as_there_may_be(void **state) {
  (void)state;
  static const wsabi_option LIMITS[] = {WSABI_OPTION_MAX_CONNECTIONS, WSABI_OPTION_MAX_CONNECTIONS_PER_ADDRESS};
  for (size_t i = 0; i < 2; i++) {
    world w = serve_with(LIMITS[i], 2);
    uint16_t port = listen_to(&w, NULL);
    size_t refused = 0;
    for (size_t round = 0; round < 3; round++) {
      int fds[3];
      for (size_t j = 0; j < 2; j++) {
        char event[32];
        snprintf(event, sizeof event, "%zuR/chat ", 2 * round + j + 1);
        fds[j] = dial(port);
        ask(fds[j]);
        expect(&w, event);
        is_accepted(fds[j]);
      }
      fds[2] = dial(port);
      turn(&w, 100);
      hears_the_end(fds[2]);
      assert_int_equal(metrics_of(&w).refused, ++refused);
      converse(&w, fds[0], 2 * round + 1);
      // Another address is another count, and the limit of all is for all.
      int six = dial6(port);
      turn(&w, 100);
      assert_int_equal(wsabi_server_count(w.server), i == 0 ? 2 : 3);
      close(six);
      reset(fds[0]);
      char events[32];
      snprintf(events, sizeof events, "%zuX1006 ", 2 * round + 1);
      expect(&w, events);
      close(fds[1]);
      snprintf(events, sizeof events, "%zuX1006 ", 2 * round + 2);
      expect(&w, events);
      uint64_t until = now_ms() + PATIENCE;
      while (wsabi_server_count(w.server) > 0 && now_ms() < until) {
        turn(&w, 10);
      }
      assert_int_equal(wsabi_server_count(w.server), 0);
      refused += i == 0;
      assert_int_equal(metrics_of(&w).refused, refused);
    }
    end(&w);
  }
}

// Out of descriptors: who is there goes on, who waits is accepted later, and the
// loop does not spin.
static void out_of_descriptors(void **state) {
  (void)state;
  if (scaled(100) < 100) {
    skip();  // valgrind keeps the limit by accepting who waits, and closing that
  }
  world w = serve(NULL);
  uint16_t port = listen_to(&w, "127.0.0.1");
  int fd = dial(port), late = dial(port);
  ask(fd);
  expect(&w, "1R/chat ");
  turn(&w, 0);
  is_accepted(fd);
  int waiting = dial(port), highest = dup(fd);
  close(highest);
  struct rlimit before, none;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = before;
  none.rlim_cur = (rlim_t)highest;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  size_t turns = 0;
  uint64_t until = now_ms() + 350;
  while (now_ms() < until) {
    turn(&w, 50);
    turns++;
  }
  assert_true(turns < 30);
  uint64_t errors = metrics_of(&w).accept_errors;
  assert_true(errors >= 1 && errors < 10);
  converse(&w, fd, 1);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  ask(waiting);
  expect(&w, "2R/chat ");
  is_accepted(waiting);
  close(late);
  close(waiting);
  close(fd);
  end(&w);
}

// A peer that does not read is not read from; memory is bounded, and nothing lost.
static void backpressure(void **state) {
  (void)state;
  wsabi_config *config = config_with(WSABI_OPTION_OUTPUT_HIGH_MARK, 20000);
  check(wsabi_config_set(config, WSABI_OPTION_OUTPUT_LOW_MARK, 10000));
  check(wsabi_config_set(config, WSABI_OPTION_READ_SIZE, 4096));
  world w = serve(config);
  uint64_t id;
  int fd = adopted(&w, &id);
  ask(fd);
  expect(&w, "1R/chat ");
  is_accepted(fd);
  assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  bytes one = {0};
  uint8_t payload[1000];
  memset(payload, 'x', sizeof payload);
  append_frame(&one, 0x82, payload, sizeof payload);
  size_t sent = 0, at = 0, most = 0;
  for (size_t idle = 0; idle < 5;) {
    ssize_t n = send(fd, one.data + at, one.len - at, MSG_NOSIGNAL);
    if (n > 0) {
      at = (at + (size_t)n) % one.len;
      sent += at == 0;
    }
    size_t count = turn(&w, 0);
    w.events[0] = '\0';
    size_t waits = wsabi_conn_output_size(w.conns[0]);
    most = waits > most ? waits : most;
    idle = n <= 0 && count == 0 ? idle + 1 : 0;
  }
  // What was read at once, and not more, may pass the mark.
  assert_true(most >= 20000 && most <= 20000 + 2 * 4096);
  assert_true(metrics_of(&w).messages_received < sent);
  // It reads at last: everything comes back, and the application is told.
  size_t heard = 0, want = sent * (4 + sizeof payload);
  bool drained = false;
  uint64_t until = now_ms() + PATIENCE;
  while (heard < want && now_ms() < until) {
    uint8_t part[4096];
    ssize_t n = recv(fd, part, sizeof part, 0);
    heard += n > 0 ? (size_t)n : 0;
    turn(&w, n > 0 ? 0 : 1);
    drained = drained || strstr(w.events, "1D0 ") != NULL;
    w.events[0] = '\0';
  }
  assert_int_equal(heard, want);
  assert_true(drained);
  clear(&one);
  close(fd);
  end(&w);
}

// ---- Messages ----

// Large ones are received in their place; others have their turns meanwhile.
static void large_messages(void **state) {
  (void)state;
  world w = serve_with(WSABI_OPTION_OUTPUT_HIGH_MARK, 64 << 20);
  int large = adopted(&w, NULL), small = adopted(&w, NULL);
  ask(large);
  expect(&w, "1R/chat ");
  is_accepted(large);
  ask(small);
  expect(&w, "2R/chat ");
  is_accepted(small);
  size_t size = 4u << 20;
  uint8_t *payload = malloc(size);
  for (size_t i = 0; i < size; i++) {
    payload[i] = (uint8_t)(i * 31 + i / 1000);
  }
  bytes frame = {0}, back = {0};
  append_frame(&frame, 0x82, payload, size);
  clear(&w.payloads);
  assert_int_equal(fcntl(large, F_SETFL, O_NONBLOCK), 0);
  size_t at = 0;
  uint64_t until = now_ms() + 3 * PATIENCE;
  for (size_t i = 0; back.len < size + 10 && now_ms() < until; i++) {
    ssize_t n = send(large, frame.data + at, frame.len - at, MSG_NOSIGNAL);
    at += n > 0 ? (size_t)n : 0;
    if (i == 3) {
      say_wire(small, "81 82 M 'hi';");
    }
    turn(&w, n > 0 ? 0 : 1);
    uint8_t part[65536];
    while ((n = recv(large, part, sizeof part, 0)) > 0) {
      append(&back, part, (size_t)n);
    }
  }
  assert_string_equal(w.events, "2T2 1B4194304 ");
  assert_int_equal(w.payloads.len, size + 2);
  assert_memory_equal(w.payloads.data + 2, payload, size);
  assert_int_equal(back.len, size + 10);
  assert_memory_equal(back.data + 10, payload, size);
  hears(small, "81 02 'hi'");
  clear(&frame);
  clear(&back);
  free(payload);
  close(large);
  close(small);
  end(&w);
}

// Room for one event a call: nothing is lost, and each connection's order kept.
static void room_for_one(void **state) {
  (void)state;
  enum { PEERS = 8, MESSAGES = 200 };
  world w = serve(NULL);
  w.cap = 1;
  w.is_silent = true;
  int fds[PEERS];
  for (size_t i = 0; i < PEERS; i++) {
    bytes all = {0};
    append_text(&all, REQUEST);
    for (uint8_t n = 0; n < MESSAGES; n++) {
      append_frame(&all, 0x82, (uint8_t[]){(uint8_t)i, n}, 2);
    }
    fds[i] = adopted(&w, NULL);
    say(fds[i], all.data, all.len);
    clear(&all);
  }
  uint64_t until = now_ms() + PATIENCE;
  while (metrics_of(&w).messages_received < PEERS * MESSAGES && now_ms() < until) {
    turn(&w, 10);
  }
  uint8_t next[PEERS] = {0};
  for (size_t at = 0; at < w.payloads.len;) {
    if (w.payloads.data[at] == '/') {
      at += 5;
      continue;
    }
    assert_int_equal(w.payloads.data[at + 1], next[w.payloads.data[at]]++);
    at += 2;
  }
  for (size_t i = 0; i < PEERS; i++) {
    assert_int_equal(next[i], MESSAGES);
    close(fds[i]);
  }
  end(&w);
}

// ---- Deadlines ----

static void deadlines(void **state) {
  (void)state;
  // The request does not come: nothing of it is listed but the refusal, or nothing.
  world w = serve_with(WSABI_OPTION_OPENING_TIMEOUT, 100);
  int fd = adopted(&w, NULL);
  say(fd, REQUEST, 20);
  expect(&w, "1F408 ");
  bytes answer = hear_all(fd);
  assert_true(contains(&answer, "HTTP/1.1 408 "));
  clear(&answer);
  close(fd);
  expect(&w, "1X1006 ");
  end(&w);

  w = serve_with(WSABI_OPTION_IDLE_TIMEOUT, 100);
  fd = adopted(&w, NULL);
  ask(fd);
  expect(&w, "1R/chat 1F1001 ");
  is_accepted(fd);
  bytes head = hear(fd, 4);
  assert_memory_equal(head.data, "\x88", 1);
  clear(&head);
  close(fd);
  expect(&w, "1X1006 ");
  end(&w);

  // Half-open: the peer is there, says nothing, and answers no ping.
  wsabi_config *config = config_with(WSABI_OPTION_PING_INTERVAL, 50);
  check(wsabi_config_set(config, WSABI_OPTION_PONG_TIMEOUT, 100));
  check(wsabi_config_set(config, WSABI_OPTION_CLOSING_TIMEOUT, 100));
  w = serve(config);
  fd = adopted(&w, NULL);
  int answers = adopted(&w, NULL);
  ask(fd);
  expect(&w, "1R/chat ");
  is_accepted(fd);
  ask(answers);
  expect(&w, "2R/chat ");
  is_accepted(answers);
  bool has_ended = false;
  for (uint64_t until = now_ms() + PATIENCE; now_ms() < until && !has_ended;) {
    turn(&w, 10);
    uint8_t ping[10];  // the library's own have 8 octets of payload
    while (recv(answers, ping, sizeof ping, MSG_DONTWAIT) == sizeof ping) {
      assert_memory_equal(ping, "\x89\x08", 2);
      bytes pong = {0};
      append_frame(&pong, 0x8a, ping + 2, 8);
      say(answers, pong.data, pong.len);
      clear(&pong);
    }
    has_ended = strstr(w.events, "1X1006 ") != NULL;
  }
  turn(&w, 0);
  assert_true(has_ended && strstr(w.events, "1F1011 ") != NULL);
  assert_null(strstr(w.events, "2F"));
  assert_null(strstr(w.events, "2X"));
  assert_int_equal(wsabi_server_count(w.server), 1);
  close(fd);
  close(answers);
  end(&w);
}

// ---- Peers that go away ----

static void peers_that_vanish(void **state) {
  (void)state;
  world w = serve(NULL);
  uint16_t port = listen_to(&w, "127.0.0.1");
  int there = dial(port);
  ask(there);
  expect(&w, "1R/chat ");
  is_accepted(there);
  // Before they said anything, and in the middle of a request: nobody is told.
  for (size_t len = 0; len <= 40; len += 20) {
    int fd = dial(port);
    say(fd, REQUEST, len);
    turn(&w, 10);
    reset(fd);
  }
  uint64_t until = now_ms() + PATIENCE;
  while (wsabi_server_count(w.server) > 1 && now_ms() < until) {
    turn(&w, 10);
  }
  assert_string_equal(w.events, "");
  // Undecided; in the middle of a message; with output that cannot be written.
  static const char *const FRAMES[] = {"", "81 85 M 'He';", "82 ff M 00 00 00;"};
  for (size_t i = 0; i < 3; i++) {
    for (int is_reset = 0; is_reset < 2; is_reset++) {
      char events[32];
      size_t n = w.count + 1;
      w.leaves_requests = i == 0;
      int fd = dial(port);
      ask(fd);
      snprintf(events, sizeof events, "%zuR/chat ", n);
      expect(&w, events);
      say_wire(fd, FRAMES[i]);
      turn(&w, 10);
      if (i > 0) {
        static uint8_t much[1 << 20];
        check(wsabi_conn_send_binary(w.conns[n - 1], much, sizeof much));
      }
      if (is_reset) {
        reset(fd);
      } else {
        close(fd);
      }
      if (i == 0) {
        // Nothing is read before the decision, so that this is when it is noticed.
        check(wsabi_conn_accept(w.conns[n - 1], NULL, 0, NULL));
      }
      snprintf(events, sizeof events, "%zuX1006 ", n);
      expect(&w, events);
      assert_int_equal(wsabi_server_conn(w.server, w.ids[n - 1], &(wsabi_conn *){NULL}), WSABI_ERR_NOT_FOUND);
    }
  }
  // A peer that ended its side still gets what waits for it.
  w.leaves_requests = false;
  int half = dial(port);
  ask(half);
  say_wire(half, "81 85 M 'Hello';");
  shutdown(half, SHUT_WR);
  char events[64];
  snprintf(events, sizeof events, "%zuR/chat %zuT5 %zuX1006 ", w.count + 1, w.count + 1, w.count + 1);
  expect(&w, events);
  is_accepted(half);
  hears(half, "81 05 'Hello'");
  hears_the_end(half);
  converse(&w, there, 1);
  close(there);
  end(&w);
}

// ---- Other threads ----

enum { THREADS = 4, SENDS = 200 };

typedef struct {
  wsabi_remote *remote;
  uint64_t id;
  uint8_t number;
} sender;

static void *send_much(void *context) {
  const sender *s = context;
  for (size_t i = 0; i < scaled(SENDS); i++) {
    assert_int_equal(wsabi_remote_send(s->remote, s->id, WSABI_MESSAGE_BINARY, &(uint8_t[]){s->number, (uint8_t)i}, 2),
                     WSABI_OK);
  }
  return NULL;
}

static void other_threads(void **state) {
  (void)state;
  world w = serve(NULL);
  int fd = adopted(&w, NULL);
  ask(fd);
  expect(&w, "1R/chat ");
  is_accepted(fd);
  wsabi_remote *remote;
  check(wsabi_server_remote(w.server, &remote));
  // It wakes a call that would wait for ever, once for any number of calls.
  check(wsabi_remote_wake(remote));
  check(wsabi_remote_wake(remote));
  assert_int_equal(turn(&w, -1), 0);
  uint64_t before = now_ms();
  assert_int_equal(turn(&w, 50), 0);
  assert_true(now_ms() - before >= 49);

  sender senders[THREADS];
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    senders[i] = (sender){remote, w.ids[0], (uint8_t)i};
    assert_int_equal(pthread_create(&threads[i], NULL, send_much, &senders[i]), 0);
  }
  size_t wanted = THREADS * scaled(SENDS);
  uint8_t next[THREADS] = {0};
  uint64_t until = now_ms() + PATIENCE;
  size_t got = 0;
  bytes heard = {0};
  while (got < wanted && now_ms() < until) {
    turn(&w, 10);
    uint8_t part[4096];
    ssize_t n = recv(fd, part, sizeof part, MSG_DONTWAIT);
    if (n > 0) append(&heard, part, (size_t)n);
    got = heard.len / 4;
  }
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  }
  assert_int_equal(heard.len, 4 * wanted);
  for (size_t i = 0; i < wanted; i++) {
    const uint8_t *f = heard.data + 4 * i;
    assert_true(f[0] == 0x82 && f[1] == 2 && f[2] < THREADS);
    assert_int_equal(f[3], next[f[2]]++);
  }
  clear(&heard);
  // More than may wait is refused, and nothing is lost of the rest.
  wsabi_server_free(w.server);
  wsabi_remote_free(remote);
  hears_the_end(fd);
  clear(&w.payloads);
  w = serve_with(WSABI_OPTION_MAX_OUTPUT, 4096);
  check(wsabi_server_remote(w.server, &remote));
  static uint8_t much[4096];
  assert_int_equal(wsabi_remote_send(remote, 1, WSABI_MESSAGE_BINARY, much, sizeof much), WSABI_ERR_LIMIT);
  wsabi_status status = WSABI_OK;
  for (size_t i = 0; i < 1000 && status == WSABI_OK; i++) {
    status = wsabi_remote_close(remote, 1, 1000, NULL, 0);
  }
  assert_int_equal(status, WSABI_ERR_LIMIT);
  turn(&w, 0);
  check(wsabi_remote_close(remote, 1, 1000, NULL, 0));
  wsabi_remote_free(remote);
  end(&w);
}

// ---- The end ----

static void shutting_down(void **state) {
  (void)state;
  for (int is_late = 0; is_late < 2; is_late++) {
    world w = serve(NULL);
    uint16_t port = listen_to(&w, "127.0.0.1");
    int open_one = dial(port), undecided = dial(port), silent = dial(port), deaf = dial(port);
    ask(open_one);
    expect(&w, "1R/chat ");
    is_accepted(open_one);
    ask(deaf);
    expect(&w, "2R/chat ");
    is_accepted(deaf);
    w.leaves_requests = true;
    ask(undecided);
    expect(&w, "3R/chat ");
    check(wsabi_conn_send_text(w.conns[0], "last", 4));
    check(wsabi_server_shutdown(w.server, 1001, is_late ? 100 : PATIENCE));
    turn(&w, 0);
    hears(open_one, "81 04 'last' 88 02 03 e9");
    hears(deaf, "88 02 03 e9");
    bytes answer = hear_all(undecided);
    check_refusal("undecided", &answer, 503, false);
    clear(&answer);
    hears_the_end(silent);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int refused = peer(AF_INET);
    assert_int_equal(connect(refused, (struct sockaddr *)&address, sizeof address), -1);
    close(refused);
    // A message on its way is still listed; then the peer answers.
    say_wire(open_one, "81 85 M 'Hello'; 88 82 M 03 e9;");
    expect(&w, "1T5 1C1001 1X1001 ");
    hears_the_end(open_one);
    close(undecided);
    expect(&w, "3X1006 ");
    assert_int_equal(wsabi_server_stage(w.server), WSABI_STAGE_STOPPING);
    if (!is_late) {
      reset(deaf);
    }
    expect(&w, "2X1006 ");
    assert_int_equal(wsabi_server_stage(w.server), WSABI_STAGE_STOPPED);
    assert_int_equal(wsabi_server_count(w.server), 0);
    if (is_late) {
      hears_the_end(deaf);
    }
    end(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(addresses),
      cmocka_unit_test(ports_in_use),
      cmocka_unit_test(unix_sockets),
      cmocka_unit_test(sockets_passed_in),
      cmocka_unit_test(early_octets),
      cmocka_unit_test(decisions),
      cmocka_unit_test(last_words),
      cmocka_unit_test(octets_behind_a_request),
      cmocka_unit_test(pages_and_metrics),
      cmocka_unit_test(topics),
      cmocka_unit_test(as_many_as_there_may_be),
      cmocka_unit_test(out_of_descriptors),
      cmocka_unit_test(backpressure),
      cmocka_unit_test(large_messages),
      cmocka_unit_test(room_for_one),
      cmocka_unit_test(deadlines),
      cmocka_unit_test(peers_that_vanish),
      cmocka_unit_test(other_threads),
      cmocka_unit_test(shutting_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
