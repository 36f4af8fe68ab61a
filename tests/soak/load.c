// Load for an echo server: many connections at a time that behave well, badly, or
// go away, and check every octet that comes back.
//
//     load PORT CONNECTIONS SECONDS SEED
//
// Half of the connections are the library's client role, the others make their
// frames here. Each draws all it does from a generator of its own, seeded by SEED
// and its number: what is sent, how it is cut and how it ends. What is expected
// back is not kept but drawn again. At the end of the time every connection comes to
// its end; then the counts are printed. The first difference ends the program.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
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
  READ_SIZE = 64 * 1024,
  LARGEST = 1 << 20,        // octets of a message
  IN_FLIGHT = 8,            // messages that may wait for their echo
  IN_FLIGHT_OCTETS = 256 * 1024,
  PATIENCE_MS = 30000,      // for a connection without any octet
  CONFIGS = 4,
};

// How a connection ends.
typedef enum {
  CLOSES,        // a closing handshake behind the last echo
  CLOSES_EARLY,  // a closing handshake while echoes are on their way
  HALF_CLOSES,   // ends its side at any octet, then reads to the end
  GOES_AWAY,     // close() at any octet
  RESETS,        // the same, with RST
  VIOLATES,      // sends a frame that breaks a rule
  IS_REFUSED,    // sends a request that is no opening handshake
  IS_SILENT,     // stops within the request
  ENDINGS,
} ending;

static const char *const ending_names[] = {"closed",  "closed early", "half closed", "gone",
                                           "reset",   "violating",    "refused",     "silent"};

typedef struct {
  uint64_t seed;
  size_t len;
  bool text;
} message;

typedef struct {
  int fd;
  uint64_t seed;    // of the connection, for the report of a difference
  uint64_t random;
  ending ending;
  size_t write_cut, read_cut;  // octets at most, at once
  size_t longest;              // message, so that no message takes thousands of cuts
  size_t written, last_octet;  // abrupt endings come behind `last_octet`
  int messages_left;
  int64_t last_time;
  bool open, close_sent, write_ended;
  uint16_t close_code;

  message expected[IN_FLIGHT];
  size_t first, waiting, waiting_octets;

  wsabi_conn *conn;  // NULL: frames are made here

  // Of a connection that makes its frames:
  bool deflate;
  uint8_t *out;
  size_t out_len, out_at;
  unsigned pings, pongs;  // of these
  uint8_t head[1024];     // of the response, then of a frame, then a control payload
  size_t head_len;
  uint64_t payload_left;
  size_t payload_at;      // octets of the message that were checked
  uint8_t opcode;         // of the message, 0 between messages
  bool final, in_payload, close_received;
} client;

static struct {
  uint64_t endings[ENDINGS], messages, octets;
} counts;

static uint16_t port;
static uint64_t seed;
static bool ending_time;
static wsabi_config *configs[CONFIGS];
static uint8_t payload[LARGEST], buffer[READ_SIZE];

static void die(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void differs(const client *c, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

static void differs(const client *c, const char *format, ...) {
  fprintf(stderr, "connection %016llx (%s, %s): ", (unsigned long long)c->seed,
          c->conn != NULL ? "library" : c->deflate ? "raw, deflate" : "raw", ending_names[c->ending]);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(EXIT_FAILURE);
}

static void check(const client *c, wsabi_status status, const char *what) {
  if (status != WSABI_OK) differs(c, "%s: %s", what, wsabi_status_text(status));
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// ---- Randomness ----

// SplitMix64.
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

static uint64_t draw(client *c, uint64_t below) {
  c->random = mix(c->random);
  return c->random % below;
}

// As likely to have one binary digit as another number of them.
static size_t draw_size(client *c, unsigned digits) {
  return draw(c, (uint64_t)1 << draw(c, digits + 1));
}

// Octets `at` to `at + len` of a message. Text is characters of 1, 2 and 4 octets,
// in groups of 4 octets; binary is compressible in every second message.
static void fill(uint8_t *to, const message *m, size_t at, size_t len) {
  for (size_t i = at; i < at + len; i++) {
    size_t group = i / 4;
    uint64_t hash = mix(m->seed + group);
    unsigned shift = 8 * (unsigned)(i % 4);
    uint8_t octet = (uint8_t)(hash >> shift);
    if (!m->text) {
      *to++ = m->seed & 1 ? octet : octet & 3;
    } else if (group < m->len / 4 && hash >> 62 == 0) {
      static const uint8_t wide[] = {0xf0, 0x9f, 0x92, 0x80};
      *to++ = i % 4 < 3 ? wide[i % 4] : wide[3] | (octet & 0x3f);
    } else if (group < m->len / 4 && hash >> 62 == 1) {
      *to++ = i % 2 == 0 ? 0xc3 : 0x80 | (octet & 0x3f);
    } else {
      *to++ = 'a' + octet % 16;
    }
  }
}

// ---- Messages ----

static bool may_send(const client *c) {
  return c->open && !c->close_sent && !c->write_ended && c->messages_left > 0 && !ending_time &&
         c->waiting < IN_FLIGHT && c->waiting_octets < IN_FLIGHT_OCTETS;
}

static const message *next_message(client *c) {
  message *m = &c->expected[(c->first + c->waiting) % IN_FLIGHT];
  m->seed = draw(c, UINT64_MAX);
  m->text = draw(c, 2) == 0;
  // Large ones are rare: most of the time many small ones go back and forth.
  m->len = draw_size(c, draw(c, 16) == 0 ? 20 : 13);
  if (m->len > c->longest) m->len = c->longest;
  c->waiting++;
  c->waiting_octets += m->len;
  c->messages_left--;
  fill(payload, m, 0, m->len);
  return m;
}

// Octets of an echo, from `at` on.
static void check_echo(client *c, const uint8_t *data, size_t at, size_t len) {
  const message *m = &c->expected[c->first];
  if (c->waiting == 0) differs(c, "an echo of nothing");
  if (at + len > m->len) differs(c, "an echo that is longer than its message of %zu octets", m->len);
  while (len > 0) {
    uint8_t wanted[4096];
    size_t n = len < sizeof wanted ? len : sizeof wanted;
    fill(wanted, m, at, n);
    if (memcmp(data, wanted, n) != 0) differs(c, "another echo in octets %zu to %zu", at, at + n);
    data += n;
    at += n;
    len -= n;
    counts.octets += n;
  }
}

static void end_echo(client *c, size_t len, bool text) {
  const message *m = &c->expected[c->first];
  if (c->waiting == 0) differs(c, "an echo of nothing");
  if (len != m->len) differs(c, "an echo of %zu octets for a message of %zu", len, m->len);
  if (text != m->text) differs(c, "an echo of the other type");
  c->first = (c->first + 1) % IN_FLIGHT;
  c->waiting--;
  c->waiting_octets -= len;
  counts.messages++;
}

// A Close ends the echoes of what was sent before, unless the server had a reason.
static void check_close(client *c, uint16_t code) {
  uint16_t wanted = c->ending == VIOLATES ? 1002 : c->close_code;
  if (!c->close_sent) differs(c, "a Close, code %u, that nothing led to", code);
  if (code != wanted) differs(c, "a Close with code %u instead of %u", code, wanted);
  if (c->waiting > 0) differs(c, "a Close before %zu echoes", c->waiting);
}

static bool wants_to_close(const client *c) {
  if (!c->open || c->close_sent || c->write_ended) return false;
  bool all_sent = c->messages_left == 0 || ending_time;
  return all_sent && (c->ending == CLOSES_EARLY || c->waiting == 0);
}

static uint16_t draw_close_code(client *c) {
  return (uint16_t)(draw(c, 2) == 0 ? 1000 : 3000 + draw(c, 2000));
}

// ---- Connections that make their frames, RFC 6455 5.2 ----

static void put(client *c, const void *data, size_t len) {
  memcpy(c->out + c->out_len, data, len);
  c->out_len += len;
}

static void put_frame(client *c, uint8_t first, const uint8_t *data, size_t len, bool masked) {
  uint8_t head[14] = {first, masked ? 0x80 : 0}, key[4];
  size_t head_len = 2;
  if (len < 126) {
    head[1] |= (uint8_t)len;
  } else {
    size_t octets = len < 65536 ? 2 : 8;
    head[1] |= octets == 2 ? 126 : 127;
    for (size_t i = octets; i-- > 0;) {
      head[head_len++] = (uint8_t)((uint64_t)len >> (8 * i));
    }
  }
  uint64_t bits = draw(c, UINT64_MAX);
  memcpy(key, &bits, sizeof key);
  put(c, head, head_len);
  if (masked) put(c, key, sizeof key);
  uint8_t *to = c->out + c->out_len;
  for (size_t i = 0; i < len; i++) {
    to[i] = masked ? data[i] ^ key[i % 4] : data[i];
  }
  c->out_len += len;
}

// A message in up to 8 fragments, with pings between.
static void put_message(client *c) {
  const message *m = next_message(c);
  uint8_t first = m->text ? 1 : 2;
  size_t len = m->len;
  uint8_t deflated[300], *data = payload;
  if (c->deflate && draw(c, 2) == 0) {
    // RFC 7692 7.2.3.4: one block without compression, then the front of an empty one.
    uint8_t head[] = {0, (uint8_t)len, 0, (uint8_t)~len, 0xff};
    memcpy(deflated, head, sizeof head);
    memcpy(deflated + sizeof head, payload, len);
    len += sizeof head;
    deflated[len++] = 0;
    data = deflated;
    first |= 0x40;
  }
  for (int left = draw(c, 3) == 0 ? (int)draw(c, 8) : 0; left > 0; left--) {
    size_t part = draw(c, len + 1);
    put_frame(c, first, data, part, true);
    first = 0;
    data += part;
    len -= part;
    if (draw(c, 4) == 0) {
      put_frame(c, 0x89, (const uint8_t *)&c->pings, sizeof c->pings, true);
      c->pings++;
    }
  }
  put_frame(c, first | 0x80, data, len, true);
}

static void put_close(client *c) {
  if (c->ending == VIOLATES) {
    put_frame(c, 0x81, (const uint8_t *)"no mask", 7, false);
  } else {
    c->close_code = draw_close_code(c);
    uint8_t code[] = {(uint8_t)(c->close_code >> 8), (uint8_t)c->close_code};
    put_frame(c, 0x88, code, sizeof code, true);
  }
  c->close_sent = true;
}

static void put_request(client *c) {
  static const char start[] = "GET /soak HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  static const char rest[] = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  static const char deflate[] =
      "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n";
  put(c, start, sizeof start - 1);
  if (c->ending == IS_SILENT) return;
  if (c->ending != IS_REFUSED) put(c, rest, sizeof rest - 1);
  if (c->deflate) put(c, deflate, sizeof deflate - 1);
  put(c, "\r\n", 2);
}

static void read_response(client *c, const uint8_t **data, size_t *len) {
  while (*len > 0 && !c->open) {
    if (c->head_len + 1 == sizeof c->head) differs(c, "a response without end");
    c->head[c->head_len++] = *(*data)++;
    c->head[c->head_len] = '\0';
    --*len;
    const char *text = (const char *)c->head;
    if (c->head_len < 4 || strcmp(text + c->head_len - 4, "\r\n\r\n") != 0) continue;
    const char *wanted = c->ending == IS_REFUSED ? "HTTP/1.1 426 " : c->ending == IS_SILENT ? "HTTP/1.1 408 " : "HTTP/1.1 101 ";
    if (strncmp(text, wanted, strlen(wanted)) != 0) differs(c, "a response: %s", text);
    if (c->ending == IS_REFUSED || c->ending == IS_SILENT) {
      c->close_received = true;  // the body does not matter
      return;
    }
    if (strstr(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL) differs(c, "another accept value");
    if ((strstr(text, "permessage-deflate") != NULL) != c->deflate) differs(c, "extensions: %s", text);
    c->open = true;
    c->head_len = 0;
  }
}

// Octets of a frame's head that are needed, of which `head_len` are there.
static size_t frame_head_size(const client *c) {
  if (c->head_len < 2) return 2;
  uint8_t len = c->head[1] & 0x7f;
  return len == 127 ? 10 : len == 126 ? 4 : 2;
}

static void begin_frame(client *c) {
  uint8_t first = c->head[0], opcode = first & 0x0f;
  size_t size = c->head_len;
  c->payload_left = c->head[1];
  if (size > 2) c->payload_left = 0;
  for (size_t i = 2; i < size; i++) {
    c->payload_left = c->payload_left << 8 | c->head[i];
  }
  if (first & 0x70) differs(c, "a reserved bit");
  if (c->head[1] & 0x80) differs(c, "a masked frame");
  c->final = first & 0x80;
  if (opcode < 8) {
    if ((opcode == 0) != (c->opcode != 0)) differs(c, "opcode %u in a message of opcode %u", opcode, c->opcode);
    if (opcode != 0) {
      c->opcode = opcode;
      c->payload_at = 0;
    }
  } else if (!c->final || c->payload_left > 125) {
    differs(c, "a control frame of %llu octets", (unsigned long long)c->payload_left);
  }
  c->head[0] = opcode;
  c->head_len = 0;
  c->in_payload = true;
}

static void end_frame(client *c) {
  uint8_t opcode = c->head[0];
  const uint8_t *data = c->head + 1;
  c->in_payload = false;
  if (opcode < 8) {
    if (c->final) {
      end_echo(c, c->payload_at, c->opcode == 1);
      c->opcode = 0;
    }
  } else if (opcode == 0xa) {
    if (c->head_len != sizeof c->pongs || memcmp(data, &c->pongs, sizeof c->pongs) != 0) {
      differs(c, "another pong than number %u", c->pongs);
    }
    c->pongs++;
  } else if (opcode == 0x8) {
    if (c->head_len < 2) differs(c, "a Close of %zu octets", c->head_len);
    check_close(c, (uint16_t)(data[0] << 8 | data[1]));
    c->close_received = true;
  } else {
    differs(c, "opcode %u", opcode);
  }
  c->head_len = 0;
}

static void read_frames(client *c, const uint8_t *data, size_t len) {
  if (!c->open) read_response(c, &data, &len);
  while (len > 0 && c->open) {
    if (c->close_received) differs(c, "octets behind the Close");
    if (!c->in_payload) {
      c->head[c->head_len++] = *data++;
      len--;
      if (c->head_len < frame_head_size(c)) continue;
      begin_frame(c);
    }
    size_t n = len < c->payload_left ? len : (size_t)c->payload_left;
    if (c->head[0] < 8) {
      check_echo(c, data, c->payload_at, n);
      c->payload_at += n;
    } else {
      memcpy(c->head + 1 + c->head_len, data, n);
      c->head_len += n;
    }
    data += n;
    len -= n;
    c->payload_left -= n;
    if (c->payload_left == 0) end_frame(c);
  }
}

// ---- Connections of the library ----

static void handle(client *c, const wsabi_event *event) {
  switch (event->type) {
  case WSABI_EVENT_OPEN:
    c->open = true;
    break;
  case WSABI_EVENT_TEXT:
  case WSABI_EVENT_BINARY:
    check_echo(c, event->data, 0, event->len);
    end_echo(c, event->len, event->type == WSABI_EVENT_TEXT);
    break;
  case WSABI_EVENT_PONG:
    if (event->len != sizeof c->pongs || memcmp(event->data, &c->pongs, event->len) != 0) {
      differs(c, "another pong than number %u", c->pongs);
    }
    c->pongs++;
    break;
  case WSABI_EVENT_CLOSE:
    check_close(c, event->code);
    c->close_received = true;
    break;
  case WSABI_EVENT_REJECTED:
  case WSABI_EVENT_FAILED:
    differs(c, "event %d: %.*s", event->type, (int)event->len, (const char *)event->data);
  default:
    break;
  }
}

static void receive(client *c, uint8_t *data, size_t len) {
  while (len > 0) {
    wsabi_event events[16];
    size_t used, count;
    check(c, wsabi_conn_recv(c->conn, data, len, &used, events, 1 + draw(c, 16), &count), "recv");
    for (size_t i = 0; i < count; i++) {
      handle(c, &events[i]);
    }
    data += used;
    len -= used;
  }
}

static void send_message(client *c) {
  const message *m = next_message(c);
  check(c, m->text ? wsabi_conn_send_text(c->conn, payload, m->len)
                   : wsabi_conn_send_binary(c->conn, payload, m->len), "send");
  if (draw(c, 4) == 0) {
    check(c, wsabi_conn_send_ping(c->conn, &c->pings, sizeof c->pings), "ping");
    c->pings++;
  }
}

static void send_close(client *c) {
  c->close_code = draw_close_code(c);
  check(c, wsabi_conn_close(c->conn, c->close_code, "soak", 4), "close");
  c->close_sent = true;
}

// ---- The life of a connection ----

static void begin(client *c, uint64_t number) {
  *c = (client){.out = c->out, .fd = -1};
  c->seed = c->random = mix(seed + mix(number));
  static const ending endings[] = {
      CLOSES, CLOSES, CLOSES,  CLOSES_EARLY, CLOSES_EARLY, HALF_CLOSES,
      GOES_AWAY, RESETS, VIOLATES, IS_REFUSED, IS_SILENT,
  };
  c->ending = endings[draw(c, sizeof endings / sizeof *endings)];
  c->write_cut = 1 + draw_size(c, 17);
  c->read_cut = 1 + draw_size(c, 16);
  c->longest = 512 * (c->write_cut < c->read_cut ? c->write_cut : c->read_cut);
  if (c->longest > LARGEST) c->longest = LARGEST;
  c->messages_left = 1 + (int)draw(c, 30);
  c->last_octet = draw_size(c, 16);
  c->last_time = now_ms();
  bool raw_only = c->ending == VIOLATES || c->ending == IS_REFUSED || c->ending == IS_SILENT;
  if (raw_only || draw(c, 2) == 0) {
    c->deflate = !raw_only && draw(c, 2) == 0;
    // An answer of 256 octets or more would be compressed.
    if (c->deflate && c->longest > 255) c->longest = 255;
    put_request(c);
  } else {
    wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
    request.host = (wsabi_slice){"127.0.0.1", 9};
    request.target = (wsabi_slice){"/soak", 5};
    check(c, wsabi_conn_new_client(configs[draw(c, CONFIGS)], &request, &c->conn), "request");
  }
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (c->fd < 0 || fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
      setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)) {
    die("connect");
  }
}

static void finish(client *c) {
  if (c->ending == RESETS) {
    struct linger linger = {.l_onoff = 1};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  }
  close(c->fd);
  wsabi_conn_free(c->conn);
  c->conn = NULL;
  c->fd = -1;
  counts.endings[c->ending]++;
}

// The server ended the connection. Whether it may have tells the ending.
static void check_end(const client *c) {
  bool is_clean = c->ending == CLOSES || c->ending == CLOSES_EARLY || c->ending == VIOLATES ||
                  c->ending == IS_REFUSED;
  if (is_clean && !c->close_received) differs(c, "the end of the stream, with %zu echoes due", c->waiting);
  if (c->ending == HALF_CLOSES && !c->write_ended && !c->close_received) differs(c, "the end of the stream");
  if (c->close_received && c->pings != c->pongs && c->ending != VIOLATES) differs(c, "%u pings, %u pongs", c->pings, c->pongs);
}

static bool is_temporary(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// Each returns false when the connection is over.

static bool read_some(client *c) {
  ssize_t n = recv(c->fd, buffer, 1 + draw(c, c->read_cut < READ_SIZE ? c->read_cut : READ_SIZE), 0);
  if (n < 0 && is_temporary(errno)) return true;
  if (n < 0 && (c->ending == VIOLATES || c->ending == HALF_CLOSES)) return false;
  if (n < 0) differs(c, "read: %s", strerror(errno));
  if (n == 0) {
    check_end(c);
    return false;
  }
  c->last_time = now_ms();
  if (c->conn != NULL) {
    receive(c, buffer, (size_t)n);
  } else {
    read_frames(c, buffer, (size_t)n);
  }
  return true;
}

static void produce(client *c) {
  if (c->conn != NULL) {
    if (wsabi_conn_output_size(c->conn) > 0) return;
    if (may_send(c)) {
      send_message(c);
    } else if (wants_to_close(c)) {
      send_close(c);
    }
  } else if (c->out_at == c->out_len && c->open) {
    c->out_at = c->out_len = 0;
    if (may_send(c)) {
      put_message(c);
    } else if (wants_to_close(c)) {
      put_close(c);
    }
  }
}

static bool goes_suddenly(const client *c) {
  return c->ending == HALF_CLOSES || c->ending == GOES_AWAY || c->ending == RESETS;
}

static bool write_some(client *c) {
  produce(c);
  wsabi_iovec run = {c->out + c->out_at, c->out_len - c->out_at};
  size_t count = 1;
  if (c->conn != NULL) check(c, wsabi_conn_output(c->conn, &run, 1, &count), "output");
  if (count == 0) run.len = 0;
  // A request has to be there before the server's patience is at its end.
  size_t most = (c->open ? 1 : 16) + draw(c, c->write_cut);
  if (run.len > most) run.len = most;
  if (goes_suddenly(c) && run.len > c->last_octet - c->written) run.len = c->last_octet - c->written;
  if (run.len > 0) {
    ssize_t n = write(c->fd, run.base, run.len);
    if (n < 0 && is_temporary(errno)) return true;
    if (n < 0) differs(c, "write: %s", strerror(errno));
    c->written += (size_t)n;
    if (c->conn != NULL) {
      check(c, wsabi_conn_output_consumed(c->conn, (size_t)n), "output");
    } else {
      c->out_at += (size_t)n;
    }
    c->last_time = now_ms();
  }
  bool has_said_all = c->open && (c->messages_left == 0 || ending_time) && c->waiting == 0;
  if (goes_suddenly(c) && !c->write_ended && (c->written == c->last_octet || has_said_all)) {
    if (c->ending != HALF_CLOSES) return false;
    c->write_ended = true;
    shutdown(c->fd, SHUT_WR);
  }
  return true;
}

// What to wait for.
static short wanted(const client *c) {
  if (c->write_ended) return POLLIN;
  bool has_output = c->conn != NULL ? wsabi_conn_output_size(c->conn) > 0 : c->out_at < c->out_len;
  bool writes = has_output || may_send(c) || wants_to_close(c) || (goes_suddenly(c) && c->open);
  return writes ? POLLIN | POLLOUT : POLLIN;
}

static bool step(client *c, short ready) {
  if (ready & (POLLIN | POLLHUP | POLLERR)) {
    if (!read_some(c)) return false;
  }
  if ((ready & POLLOUT) && !c->write_ended && !write_some(c)) return false;
  if (now_ms() - c->last_time > PATIENCE_MS) differs(c, "nothing for %d ms", PATIENCE_MS);
  // RFC 6455 7.1.1: it is for the server to end a closing handshake.
  return true;
}

static void run(size_t connections, int64_t seconds) {
  client *clients = calloc(connections, sizeof *clients);
  struct pollfd *fds = calloc(connections, sizeof *fds);
  if (clients == NULL || fds == NULL) die("calloc");
  uint64_t number = 0;
  for (size_t i = 0; i < connections; i++) {
    // Frames of the largest message, its fragments and the pings between.
    clients[i].out = malloc(LARGEST + 1024);
    if (clients[i].out == NULL) die("malloc");
    begin(&clients[i], number++);
  }
  int64_t end = now_ms() + 1000 * seconds;
  size_t left = connections;
  while (left > 0) {
    ending_time = now_ms() >= end;
    for (size_t i = 0; i < connections; i++) {
      fds[i] = (struct pollfd){.fd = clients[i].fd, .events = clients[i].fd < 0 ? 0 : wanted(&clients[i])};
    }
    if (poll(fds, connections, 100) < 0) die("poll");
    for (size_t i = 0; i < connections; i++) {
      client *c = &clients[i];
      if (c->fd < 0 || step(c, fds[i].revents)) continue;
      finish(c);
      if (ending_time) {
        left--;
      } else {
        begin(c, number++);
      }
    }
  }
  for (size_t i = 0; i < connections; i++) {
    free(clients[i].out);
  }
  free(clients);
  free(fds);
  printf("{\"connections\": %llu, \"messages\": %llu, \"octets\": %llu", (unsigned long long)number,
         (unsigned long long)counts.messages, (unsigned long long)counts.octets);
  for (size_t i = 0; i < ENDINGS; i++) {
    printf(", \"%s\": %llu", ending_names[i], (unsigned long long)counts.endings[i]);
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf(", \"rss\": %llu}\n", 1024 * (unsigned long long)usage.ru_maxrss);
}

static void make_configs(void) {
  for (size_t i = 0; i < CONFIGS; i++) {
    if (wsabi_config_new(&configs[i]) != WSABI_OK) die("config");
  }
  // With contexts of their own, with a small window, and without compression.
  if (wsabi_config_set(configs[1], WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER, 0) != WSABI_OK ||
      wsabi_config_set(configs[1], WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER, 0) != WSABI_OK ||
      wsabi_config_set(configs[2], WSABI_OPTION_CLIENT_MAX_WINDOW_BITS, 9) != WSABI_OK ||
      wsabi_config_set(configs[3], WSABI_OPTION_DEFLATE, 0) != WSABI_OK) {
    die("config");
  }
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS SEED\n");
    return 2;
  }
  port = (uint16_t)atoi(argv[1]);
  seed = strtoull(argv[4], NULL, 0);
  signal(SIGPIPE, SIG_IGN);
  make_configs();
  run((size_t)atoi(argv[2]), atoi(argv[3]));
  for (size_t i = 0; i < CONFIGS; i++) {
    wsabi_config_free(configs[i]);
  }
  return EXIT_SUCCESS;
}
