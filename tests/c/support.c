#include "support.h"

#include <ctype.h>

static const uint8_t MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

const char REQUEST[] =
    "GET /chat HTTP/1.1\r\n"
    "Host: server.example.com\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "\r\n";
const char ACCEPT[] = "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

// ---- Octets ----

void append(bytes *b, const void *data, size_t len) {
  if (b->len + len > b->cap) {
    b->cap = 2 * (b->len + len);
    b->data = realloc(b->data, b->cap);
    assert_non_null(b->data);
  }
  if (len > 0) {
    memcpy(b->data + b->len, data, len);
  }
  b->len += len;
}

void append_text(bytes *b, const char *text) {
  append(b, text, strlen(text));
}

static void append_octet(bytes *b, unsigned octet) {
  append(b, &(uint8_t){(uint8_t)octet}, 1);
}

static void mask(uint8_t *data, size_t len) {
  for (size_t i = 0; i < len; i++) {
    data[i] ^= MASK[i % 4];
  }
}

void append_frame(bytes *b, uint8_t first, const void *payload, size_t len) {
  append_octet(b, first);
  size_t octets = len < 126 ? 0 : len < 65536 ? 2 : 8;
  append_octet(b, 0x80 | (octets == 0 ? (unsigned)len : octets == 2 ? 126 : 127));
  for (size_t i = octets; i-- > 0;) {
    append_octet(b, (unsigned)((uint64_t)len >> (8 * i)));
  }
  append(b, MASK, sizeof MASK);
  append(b, payload, len);
  mask(b->data + b->len - len, len);
}

bytes wire(const char *notation) {
  bytes b = {0};
  bool masked = false;
  size_t from = 0;
  for (const char *p = notation; *p != '\0';) {
    char *end = NULL;
    if (*p == 'M') {
      append(&b, MASK, sizeof MASK);
      masked = true;
      from = b.len;
      p++;
    } else if (*p == ';') {
      if (masked) {
        mask(b.data + from, b.len - from);
      }
      masked = false;
      p++;
    } else if (*p == '\'') {
      const char *quote = strchr(p + 1, '\'');
      append(&b, p + 1, (size_t)(quote - p - 1));
      p = quote + 1;
    } else if (*p == '[') {
      unsigned long count = strtoul(p + 1, &end, 10);
      unsigned octet = (unsigned)strtoul(end, &end, 16);
      while (count-- > 0) {
        append_octet(&b, octet);
      }
      assert_int_equal(*end, ']');
      p = end + 1;
    } else if (isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1])) {
      append_octet(&b, (unsigned)strtoul((char[]){p[0], p[1], '\0'}, &end, 16));
      p += 2;
    } else {
      assert_true(isspace((unsigned char)*p));
      p++;
    }
  }
  if (masked) {
    mask(b.data + from, b.len - from);
  }
  return b;
}

bool equal(const bytes *a, const bytes *b) {
  return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool contains(const bytes *b, const char *text) {
  size_t len = strlen(text);
  for (size_t i = 0; i + len <= b->len; i++) {
    if (memcmp(b->data + i, text, len) == 0) return true;
  }
  return false;
}

void clear(bytes *b) {
  free(b->data);
  *b = (bytes){0};
}

bool starts_with(const char *text, const char *start) {
  return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

wsabi_slice slice(const char *text) {
  return (wsabi_slice){text, strlen(text)};
}

void fail_case(const char *name, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  fail();
  abort();  // cmocka does not say that fail() does not return
}

size_t scaled(size_t normal) {
  const char *divisor = getenv("WSABI_TEST_DIVISOR");
  return divisor == NULL ? normal : normal / strtoul(divisor, NULL, 10) + 1;
}

// ---- Connections ----

wsabi_conn *undecided_conn(const wsabi_config *config, const char *request) {
  wsabi_conn *conn;
  check(wsabi_conn_new_server(config, &conn));
  bytes input = {0};
  append_text(&input, request);
  wsabi_event event;
  size_t used, count;
  check(wsabi_conn_recv(conn, input.data, input.len, &used, &event, 1, &count));
  assert_int_equal(count, 1);
  assert_int_equal(used, input.len);
  assert_int_equal(event.type, WSABI_EVENT_REQUEST);
  clear(&input);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_CONNECTING);
  return conn;
}

wsabi_conn *open_conn(const wsabi_config *config) {
  wsabi_conn *conn;
  check(wsabi_conn_new_server(config, &conn));
  bytes input = {0}, output = {0};
  append_text(&input, REQUEST);
  transcript t = {0};
  feed(conn, &input, (feeding){.cap = 8}, &t);
  assert_string_equal(t.events, "R/chat ");
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  take_output(conn, &output);
  clear(&output);
  clear(&input);
  clear_transcript(&t);
  return conn;
}

void take_output(wsabi_conn *conn, bytes *out) {
  for (;;) {
    wsabi_iovec runs[8];
    size_t count, len = 0;
    check(wsabi_conn_output(conn, runs, 8, &count));
    if (count == 0) return;
    for (size_t i = 0; i < count; i++) {
      append(out, runs[i].base, runs[i].len);
      len += runs[i].len;
    }
    check(wsabi_conn_output_consumed(conn, len));
  }
}

// ---- Answers ----

// The value of a field of the answer, to the end of the answer; NULL for none.
static const char *find(const char *head, const char *name) {
  size_t len = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
    if (strncmp(line + 2, name, len) == 0 && strncmp(line + 2 + len, ": ", 2) == 0) {
      return line + 2 + len + 2;
    }
  }
  return NULL;
}

void check_refusal(const char *name, const bytes *response, unsigned status, bool has_body) {
  char *text = calloc(1, response->len + 1);
  memcpy(text, response->data, response->len);
  char line[16];
  snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
  const char *end = strstr(text, "\r\n\r\n");
  if (!starts_with(text, line) || end == NULL) {
    fail_case(name, "no response with status %u: %s", status, text);
  }
  const char *length = find(text, "Content-Length");
  size_t body = response->len - (size_t)(end + 4 - text);
  if (length == NULL || strtoul(length, NULL, 10) != body) {
    if (has_body || body != 0) {
      fail_case(name, "a body of %zu octets, but Content-Length is %.8s", body, length);
    }
  }
  if (!starts_with(find(text, "Connection"), "close")) {
    fail_case(name, "no Connection: close");
  }
  if (find(text, "Sec-WebSocket-Accept") != NULL || find(text, "Transfer-Encoding") != NULL) {
    fail_case(name, "a field that does not belong into a refusal");
  }
  // RFC 9110 15.5.22 and RFC 6455 4.4; RFC 9110 15.5.6.
  bool is_426 = starts_with(find(text, "Upgrade"), "websocket\r\n") &&
                starts_with(find(text, "Sec-WebSocket-Version"), "13\r\n");
  if ((status == 426) != is_426 || (status == 405) != starts_with(find(text, "Allow"), "GET\r\n")) {
    fail_case(name, "the fields of 426 or 405: %s", text);
  }
  free(text);
}

// ---- Transcripts ----

void clear_transcript(transcript *t) {
  clear(&t->payloads);
  clear(&t->output);
  *t = (transcript){0};
}

static void note(transcript *t, const wsabi_event *e) {
  char word[128];
  int len = (int)e->len;
  switch (e->type) {
  case WSABI_EVENT_REQUEST: snprintf(word, sizeof word, "R%.*s ", len, (const char *)e->data); break;
  case WSABI_EVENT_HTTP_REQUEST: snprintf(word, sizeof word, "H%.*s ", len, (const char *)e->data); break;
  case WSABI_EVENT_OPEN: snprintf(word, sizeof word, "OPEN "); break;
  case WSABI_EVENT_REJECTED: snprintf(word, sizeof word, "J%d ", e->code); break;
  case WSABI_EVENT_TEXT: snprintf(word, sizeof word, "T%d ", len); break;
  case WSABI_EVENT_BINARY: snprintf(word, sizeof word, "B%d ", len); break;
  case WSABI_EVENT_PING: snprintf(word, sizeof word, "P%d ", len); break;
  case WSABI_EVENT_PONG: snprintf(word, sizeof word, "O%d ", len); break;
  case WSABI_EVENT_CLOSE: snprintf(word, sizeof word, "C%d ", e->code); break;
  case WSABI_EVENT_FAILED: snprintf(word, sizeof word, "F%d ", e->code); break;
  case WSABI_EVENT_CLOSED: snprintf(word, sizeof word, "X%d ", e->code); break;
  default: snprintf(word, sizeof word, "?%d ", e->type); break;
  }
  assert_true(strlen(t->events) + strlen(word) < sizeof t->events);
  strcat(t->events, word);
  append(&t->payloads, e->data, e->len);
  assert_int_equal(e->flags, 0);
}

static void react(wsabi_conn *conn, const wsabi_event *e) {
  if (e->type == WSABI_EVENT_REQUEST) {
    check(wsabi_conn_accept(conn, NULL, 0, NULL));
  }
  // What the peer sends behind our Close has no answer.
  if (wsabi_conn_state(conn) != WSABI_STATE_OPEN) return;
  if (e->type == WSABI_EVENT_TEXT) {
    check(wsabi_conn_send_text(conn, e->data, e->len));
  } else if (e->type == WSABI_EVENT_BINARY) {
    check(wsabi_conn_send_binary(conn, e->data, e->len));
  }
}

static void feed_piece(wsabi_conn *conn, const uint8_t *data, size_t len, size_t cap, transcript *t) {
  while (len > 0) {
    uint8_t *input = malloc(len);
    wsabi_event *events = malloc(cap * sizeof *events);
    assert_true(input != NULL && events != NULL);
    memcpy(input, data, len);
    size_t used, count;
    check(wsabi_conn_recv(conn, input, len, &used, events, cap, &count));
    assert_true(used <= len && count <= cap);
    assert_true(used > 0 || count > 0);  // every step makes progress
    for (size_t i = 0; i < count; i++) {
      note(t, &events[i]);
      react(conn, &events[i]);
    }
    data += used;
    len -= used;
    memset(input, 0xee, used);
    memset(events, 0xee, cap * sizeof *events);
    free(input);
    free(events);
  }
}

void feed(wsabi_conn *conn, const bytes *input, feeding how, transcript *t) {
  for (size_t at = 0; at < input->len;) {
    size_t end = at < how.cut ? how.cut : input->len;
    if (how.piece > 0 && end - at > how.piece) {
      end = at + how.piece;
    }
    feed_piece(conn, input->data + at, end - at, how.cap, t);
    at = end;
  }
}

void feed_eof(wsabi_conn *conn, transcript *t) {
  wsabi_event event;
  size_t count;
  check(wsabi_conn_recv_eof(conn, &event, 1, &count));
  assert_int_equal(count, 1);
  note(t, &event);
}

bool next_feeding(size_t len, feeding *how) {
  size_t stride = how->cut < 32 || how->cut + 32 > len || len < 512 ? 1 : len / 64;
  if (how->cap == 0) {
    how->cap = 64;
  } else if (how->cut > 0) {
    how->cut += stride;
  } else if (how->piece > 0) {
    *how = (feeding){.cap = how->cap, .cut = 1};
  } else {
    how->piece = 1;
  }
  if (how->cut < len || how->cut == 0) return true;
  *how = (feeding){.cap = how->cap == 64 ? 2 : how->cap - 1};
  return how->cap > 0;
}
