// load: a load generator for echo servers, one thread, epoll, 127.0.0.1 only.
//
//   load --port N --pid SERVER [--raw | --deflate] [--conns 64] [--depth 1]
//        [--size 125] [--warm 0.2] [--secs 0.5]
//
// Each connection sends `depth` messages at once, waits for all replies, and
// starts anew. The frames are built before the clock starts, so that the loop
// only sends, receives and reads the headers of replies. The first reply of
// each connection is compared with what was sent, every other by its length.
// With --raw the same octets go to a TCP echo, without an opening handshake.
// With --deflate the messages are JSON, each another one, and compressed without
// context takeover (RFC 7692) by zlib at its default level; a reply's length is
// counted.
//
// Prints one line of JSON. The server's CPU time is that of all its threads,
// from /proc/PID/task/*/schedstat.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum {
  READ_SIZE = 512 * 1024,
  HEAD_SIZE = 4096,
  CYCLE = 128 * 1024,  // octets of different messages: four times DEFLATE's window
  TAIL = 4,            // octets that a compressed message leaves out
};

struct conn {
  int fd;
  uint32_t events;         // waited for
  unsigned batch;          // which it sends
  size_t sent;             // octets of this batch
  unsigned unanswered;     // messages of this batch
  uint64_t started;        // ns, this batch
  uint64_t raw_received;   // --raw: octets of a reply that is not whole
  uint8_t header[10];      // of a reply
  unsigned header_len;
  size_t payload_left;
  uint8_t *first;          // the first reply, until it was compared
  size_t first_len;
  bool compared;
};

struct batch {
  uint8_t *octets;         // `depth` frames
  size_t len;
};

static struct {
  unsigned port, pid, conns, depth;
  size_t size;
  bool raw, deflate;
  double warm, secs;
} options = {.conns = 64, .depth = 1, .size = 125, .warm = 0.2, .secs = 0.5};

static struct conn *conns;
static struct batch *batches;
static unsigned batch_count = 1;
static uint8_t *payload;           // the first message
static size_t frame_len;           // --raw: of each
static int epoll;
static uint64_t replies, reply_octets;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// Seconds of CPU time that the server has used.
static double server_cpu(void) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%u/task", options.pid);
  DIR *tasks = opendir(path);
  if (!tasks) die("the server, process %u, is gone", options.pid);
  double total = 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%u/task/%.20s/schedstat", options.pid, task->d_name);
    FILE *file = fopen(path, "r");
    unsigned long long ns;
    if (file && fscanf(file, "%llu", &ns) == 1) total += (double)ns / 1e9;
    if (file) fclose(file);
  }
  closedir(tasks);
  return total;
}

static double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// Latencies: 64 steps for each power of two of ns.
static uint64_t histogram[64 * 64];

static void note_latency(uint64_t ns) {
  if (ns < 64) ns = 64;
  unsigned power = 63 - (unsigned)__builtin_clzll(ns);
  histogram[power * 64 + (ns >> (power - 6) & 63)]++;
}

// Microseconds that the given share of replies took at most.
static double latency(double share) {
  uint64_t total = 0, sum = 0;
  for (int i = 0; i < 64 * 64; i++) total += histogram[i];
  for (int i = 0; i < 64 * 64; i++) {
    sum += histogram[i];
    if (sum && (double)sum >= share * (double)total)
      return (double)((1ull << i / 64) + ((uint64_t)(i % 64) << (i / 64 - 6))) / 1000;
  }
  return 0;
}

// The same octets over and over, or the n-th of many texts.
static void fill(uint8_t *message, uint32_t n) {
  static const char *const users[] = {"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"};
  if (!options.deflate) {
    for (size_t i = 0; i < options.size; i++) message[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    return;
  }
  uint32_t random = n * 7919 + 12345;
  for (size_t at = 0; at < options.size;) {
    uint32_t a = (random = random * 1664525 + 1013904223) >> 8, b = (random = random * 1664525 + 1013904223) >> 8;
    char record[200];
    int len = snprintf(record, sizeof record,
                       "%c{\"id\":%u,\"user\":\"%s\",\"price\":%u.%02u,\"qty\":%u,\"side\":\"%s\",\"ts\":17%08u,\"ok\":%s}",
                       at ? ',' : '[', a % 100000, users[b % 8], b % 5000, a % 100, a / 32 % 1000,
                       a % 2 ? "buy" : "sell", b % 100000000, b & 64 ? "true" : "false");
    size_t count = (size_t)len < options.size - at ? (size_t)len : options.size - at;
    memcpy(message + at, record, count);
    at += count;
  }
}

// Compresses as a client does; returns the octets of the payload.
static size_t compress_message(uint8_t *to, size_t room, uint8_t *message) {
  z_stream stream = {.next_in = message, .avail_in = (uInt)options.size, .next_out = to, .avail_out = (uInt)room};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
      deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_out == 0)
    die("zlib does not compress");
  deflateEnd(&stream);
  return room - stream.avail_out - TAIL;
}

// Writes a frame of that message; returns its octets.
static size_t put_frame(uint8_t *frame, uint8_t *message) {
  static uint32_t random = 99;
  size_t room = options.size + options.size / 8 + 64, len = options.size;
  uint8_t *compressed = NULL, *source = message;
  if (options.deflate) {
    source = compressed = malloc(room);
    len = compress_message(compressed, room, message);
  }
  frame[0] = options.deflate ? 0xc1 : 0x82;
  size_t header_len = 2, octets = len < 126 ? 0 : len < 65536 ? 2 : 8;
  frame[1] = 0x80 | (uint8_t)(octets == 0 ? len : octets == 2 ? 126 : 127);
  for (size_t i = 0; i < octets; i++) frame[2 + i] = (uint8_t)(len >> 8 * (octets - 1 - i));
  header_len += octets;
  uint8_t *key = frame + header_len;
  for (int i = 0; i < 4; i++) key[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
  for (size_t i = 0; i < len; i++) key[4 + i] = source[i] ^ key[i & 3];
  free(compressed);
  return header_len + 4 + len;
}

// Builds the messages and their frames, each with another key.
static void build_batches(void) {
  size_t cycle = CYCLE / (options.size * options.depth);
  if (options.deflate && cycle > 1) batch_count = (unsigned)cycle;
  payload = malloc(options.size);
  fill(payload, 0);
  uint8_t *message = malloc(options.size);
  batches = calloc(batch_count, sizeof *batches);
  for (unsigned n = 0; n < batch_count * options.depth; n++) {
    struct batch *batch = &batches[n / options.depth];
    if (!batch->octets) batch->octets = malloc(options.depth * (options.size + options.size / 8 + 80));
    fill(message, n);
    frame_len = put_frame(batch->octets + batch->len, message);
    batch->len += frame_len;
  }
  free(message);
}

static void shake_hands(int fd) {
  char head[HEAD_SIZE];
  int len = snprintf(head, sizeof head,
                     "GET / HTTP/1.1\r\n"
                     "Host: 127.0.0.1:%u\r\n"
                     "Upgrade: websocket\r\n"
                     "Connection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "%s\r\n",
                     options.port,
                     options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate; "
                                       "server_no_context_takeover; client_no_context_takeover\r\n"
                                     : "");
  if (send(fd, head, (size_t)len, MSG_NOSIGNAL) != len) die("the request was not sent");
  size_t got = 0;
  do {
    ssize_t count = recv(fd, head + got, sizeof head - 1 - got, 0);
    if (count <= 0) die("no answer to the request");
    got += (size_t)count;
    head[got] = 0;
  } while (!strstr(head, "\r\n\r\n"));
  if (strncmp(head, "HTTP/1.1 101 ", 13) || !strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    die("refused: %s", head);
  if (options.deflate && !strstr(head, "permessage-deflate")) die("no compression: %s", head);
}

static void wait_for(struct conn *conn, uint32_t events) {
  if (conn->events == events) return;
  struct epoll_event event = {.events = events, .data.ptr = conn};
  if (epoll_ctl(epoll, conn->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, conn->fd, &event))
    die("epoll_ctl: %s", strerror(errno));
  conn->events = events;
}

static void open_connection(struct conn *conn) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)options.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  conn->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(conn->fd, (struct sockaddr *)&address, sizeof address))
    die("connect: %s", strerror(errno));
  setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (!options.raw) shake_hands(conn->fd);
  fcntl(conn->fd, F_SETFL, O_NONBLOCK);
  conn->first = malloc(options.size + options.size / 8 + 64 + TAIL);
  wait_for(conn, EPOLLIN);
}

static void send_rest(struct conn *conn) {
  const struct batch *batch = &batches[conn->batch];
  while (conn->sent < batch->len) {
    ssize_t count = send(conn->fd, batch->octets + conn->sent, batch->len - conn->sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      wait_for(conn, EPOLLIN | EPOLLOUT);
      return;
    }
    if (count < 0) die("send: %s", strerror(errno));
    conn->sent += (size_t)count;
  }
  wait_for(conn, EPOLLIN);
}

static void start_batch(struct conn *conn) {
  conn->sent = 0;
  conn->unanswered = options.depth;
  conn->started = now();
  send_rest(conn);
}

static void finish_reply(struct conn *conn, uint64_t time) {
  if (!conn->unanswered) die("more replies than messages");
  conn->unanswered--;
  replies++;
  note_latency(time - conn->started);
}

// The payload length of a reply whose header is whole; SIZE_MAX if it is not.
static size_t reply_len(const struct conn *conn) {
  if (conn->header_len < 2) return SIZE_MAX;
  size_t len = conn->header[1];
  if (conn->header[0] != (options.deflate ? 0xc1 : 0x82) || len > 127) die("the reply is no such message");
  size_t octets = len < 126 ? 0 : len == 126 ? 2 : 8;
  if (conn->header_len < 2 + octets) return SIZE_MAX;
  if (octets) len = 0;
  for (size_t i = 0; i < octets; i++) len = len << 8 | conn->header[2 + i];
  if (options.deflate ? len > options.size + options.size / 8 + 64 : len != options.size)
    die("the reply has %zu octets", len);
  return len;
}

// Compares the first reply of a connection with the first message.
static void compare(struct conn *conn) {
  uint8_t *reply = conn->first;
  size_t len = conn->first_len;
  if (options.deflate) {
    memcpy(reply + len, "\x00\x00\xff\xff", TAIL);
    uint8_t *inflated = malloc(options.size + 1);
    z_stream stream = {.next_in = reply, .avail_in = (uInt)(len + TAIL), .next_out = inflated, .avail_out = (uInt)options.size + 1};
    if (inflateInit2(&stream, -15) != Z_OK || inflate(&stream, Z_SYNC_FLUSH) < 0) die("the echo is no DEFLATE");
    len = options.size + 1 - stream.avail_out;
    inflateEnd(&stream);
    free(reply);
    conn->first = reply = inflated;
  }
  if (len != options.size || memcmp(reply, payload, len)) die("the echo differs");
  conn->compared = true;
}

static void take_replies(struct conn *conn, const uint8_t *at, size_t len, uint64_t time) {
  while (len) {
    if (!conn->payload_left) {
      conn->header[conn->header_len++] = *at++;
      len--;
      size_t announced = reply_len(conn);
      if (announced == SIZE_MAX) continue;
      conn->payload_left = announced;
      conn->header_len = 0;
      reply_octets += announced;
    }
    size_t count = len < conn->payload_left ? len : conn->payload_left;
    if (!conn->compared) memcpy(conn->first + conn->first_len, at, count);
    conn->first_len += count;
    conn->payload_left -= count;
    at += count;
    len -= count;
    if (conn->payload_left) return;
    if (!conn->compared) compare(conn);
    finish_reply(conn, time);
  }
}

static void take_raw(struct conn *conn, size_t len, uint64_t time) {
  for (conn->raw_received += len; conn->raw_received >= frame_len; conn->raw_received -= frame_len)
    finish_reply(conn, time);
}

static void on_readable(struct conn *conn) {
  static uint8_t buffer[READ_SIZE];
  ssize_t count = recv(conn->fd, buffer, sizeof buffer, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) die("the server ended a connection");
  if (options.raw)
    take_raw(conn, (size_t)count, now());
  else
    take_replies(conn, buffer, (size_t)count, now());
  if (conn->unanswered) return;
  conn->batch = (conn->batch + 1) % batch_count;
  start_batch(conn);
}

static void run(double seconds) {
  uint64_t end = now() + (uint64_t)(seconds * 1e9);
  while (now() < end) {
    struct epoll_event events[1024];
    int count = epoll_wait(epoll, events, 1024, 5000);
    if (count <= 0) die("no reply for 5 seconds");
    for (int i = 0; i < count; i++) {
      if (events[i].events & EPOLLOUT) send_rest(events[i].data.ptr);
      if (events[i].events & ~(uint32_t)EPOLLOUT) on_readable(events[i].data.ptr);
    }
  }
}

static void parse(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (!strcmp(name, "--raw")) {
      options.raw = true;
      continue;
    }
    if (!strcmp(name, "--deflate")) {
      options.deflate = true;
      continue;
    }
    if (++i == argc) die("%s needs a value", name);
    const char *value = argv[i];
    if (!strcmp(name, "--port")) options.port = (unsigned)atoi(value);
    else if (!strcmp(name, "--pid")) options.pid = (unsigned)atoi(value);
    else if (!strcmp(name, "--conns")) options.conns = (unsigned)atoi(value);
    else if (!strcmp(name, "--depth")) options.depth = (unsigned)atoi(value);
    else if (!strcmp(name, "--size")) options.size = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--warm")) options.warm = atof(value);
    else if (!strcmp(name, "--secs")) options.secs = atof(value);
    else die("unknown option %s", name);
  }
  if (!options.port || !options.pid || !options.conns || !options.depth || !options.size)
    die("--port and --pid are needed; --conns, --depth and --size are not 0");
}

int main(int argc, char **argv) {
  parse(argc, argv);
  build_batches();
  epoll = epoll_create1(0);
  conns = calloc(options.conns, sizeof *conns);
  for (unsigned i = 0; i < options.conns; i++) open_connection(&conns[i]);
  for (unsigned i = 0; i < options.conns; i++) start_batch(&conns[i]);
  run(options.warm);

  memset(histogram, 0, sizeof histogram);
  replies = reply_octets = 0;
  double cpu = server_cpu(), own = own_cpu();
  uint64_t start = now();
  run(options.secs);
  double seconds = (double)(now() - start) / 1e9;
  cpu = server_cpu() - cpu;
  own = own_cpu() - own;
  printf("{\"messages\":%lu,\"cpu_us_per_message\":%.4f,\"reply_octets\":%.1f,\"messages_per_s\":%.0f,"
         "\"p50_us\":%.1f,\"p99_us\":%.1f,\"server_load\":%.3f,\"own_load\":%.3f}\n",
         (unsigned long)replies, cpu * 1e6 / (double)(replies ? replies : 1),
         (double)reply_octets / (double)(replies ? replies : 1),
         (double)replies / seconds, latency(0.5), latency(0.99), cpu / seconds, own / seconds);
}
