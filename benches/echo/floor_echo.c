// floor_echo: the least that a WebSocket echo server can do, one thread, epoll.
// No UTF-8, no control frames, no fragments, and an opening handshake for one
// key only, that of the load generator.
//
// A message that is whole in the read buffer is XORed straight into the reply
// buffer, and all replies of one read leave with one send. A message that is
// not whole gets a block of its size, with room in front for the reply's
// header; the rest of it is received into that block and unmasked in place.
//
// To who offers permessage-deflate (RFC 7692) without context takeover, it is what
// stock zlib at its default level makes of it: one stream to inflate and one to
// compress, which all connections share.

#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "listen.h"

enum {
  MAX_HEADER = 14,       // of a client's frame
  ROOM = 16,             // in front of a large message, for the reply's header
  MAX_MESSAGE = 1 << 27,
};

static const char RESPONSE[] =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "\r\n";
static const char DEFLATE[] =
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n";

struct conn {
  int fd;
  bool open;
  uint8_t opcode;             // of the large message
  uint8_t part_len;
  uint8_t part[MAX_HEADER];   // a header that is not whole
  uint32_t key;
  uint8_t *message;           // the large message that is being received, or NULL
  size_t message_len, received;
  uint8_t *block;             // owns `pending`, or NULL: nothing waits to be sent
  const uint8_t *pending;
  size_t pending_len;
};

static int epoll;
static uint8_t input[READ_SIZE], output[READ_SIZE];
static uint8_t message[READ_SIZE];   // inflated
static z_stream inflater, deflater;

// Writes `len` octets at `in`, XORed with the key, to `out`, which may be `in`.
static void mask(uint8_t *out, const uint8_t *in, size_t len, uint32_t key) {
  uint64_t wide = (uint64_t)key << 32 | key;
  size_t i = 0;
  for (; i + 8 <= len; i += 8) {
    uint64_t word;
    memcpy(&word, in + i, 8);
    word ^= wide;
    memcpy(out + i, &word, 8);
  }
  for (; i < len; i++) out[i] = in[i] ^ (uint8_t)(wide >> 8 * (i % 8));
}

// Octets of a server's header for `len` octets of payload, written to `out`.
static size_t put_header(uint8_t *out, uint8_t opcode, size_t len) {
  out[0] = 0x80 | opcode;
  if (len < 126) {
    out[1] = (uint8_t)len;
    return 2;
  }
  int octets = len < 65536 ? 2 : 8;
  out[1] = octets == 2 ? 126 : 127;
  for (int i = 0; i < octets; i++) out[2 + i] = (uint8_t)(len >> 8 * (octets - 1 - i));
  return 2 + (size_t)octets;
}

// Writes the frame of the reply to a compressed payload, which has room for its
// tail. Returns its octets, or 0 for what is not done here.
static size_t put_compressed(uint8_t *out, size_t room, uint8_t opcode, uint8_t *payload, size_t len) {
  enum { TAIL = 4, HEADER = 4 };
  memcpy(payload + len, "\x00\x00\xff\xff", TAIL);
  inflater.next_in = payload;
  inflater.avail_in = (uInt)len + TAIL;
  inflater.next_out = message;
  inflater.avail_out = sizeof message;
  if (inflate(&inflater, Z_SYNC_FLUSH) < 0 || inflater.avail_out == 0) return 0;
  deflater.next_in = message;
  deflater.avail_in = (uInt)(sizeof message - inflater.avail_out);
  deflater.next_out = out + HEADER;
  deflater.avail_out = (uInt)(room - HEADER);
  if (deflate(&deflater, Z_SYNC_FLUSH) != Z_OK || deflater.avail_out == 0) return 0;
  size_t made = room - HEADER - deflater.avail_out - TAIL;
  inflateReset(&inflater);
  deflateReset(&deflater);
  if (made < 126 || made > 65535) return 0;
  return put_header(out, 0x40 | opcode, made) + made;
}

// Sends; what the socket does not take waits, and until it is sent nothing is
// read. `block` is the allocation that `data` is in, which is taken over, or
// NULL for memory that is shared.
static bool put(struct conn *conn, const uint8_t *data, size_t len, uint8_t *block) {
  ssize_t sent = send(conn->fd, data, len, MSG_NOSIGNAL);
  if (sent == (ssize_t)len || (sent < 0 && errno != EAGAIN)) {
    free(block);
    return sent >= 0;
  }
  if (sent > 0) {
    data += sent;
    len -= (size_t)sent;
  }
  if (!block) data = memcpy(block = malloc(len), data, len);
  conn->block = block;
  conn->pending = data;
  conn->pending_len = len;
  watch(epoll, EPOLL_CTL_MOD, conn->fd, EPOLLOUT, conn);
  return true;
}

static bool on_writable(struct conn *conn) {
  ssize_t sent = send(conn->fd, conn->pending, conn->pending_len, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  conn->pending += sent;
  conn->pending_len -= (size_t)sent;
  if (conn->pending_len > 0) return true;
  free(conn->block);
  conn->block = NULL;
  watch(epoll, EPOLL_CTL_MOD, conn->fd, EPOLLIN, conn);
  return true;
}

// Reads into `space`. False: the connection is over. `*got` 0: nothing there.
static bool receive(struct conn *conn, uint8_t *space, size_t len, size_t *got) {
  ssize_t result = recv(conn->fd, space, len, 0);
  *got = result > 0 ? (size_t)result : 0;
  return result > 0 || (result < 0 && errno == EAGAIN);
}

// The generator sends its request at once and waits: the end of a read that is
// the end of a head is the end of the head.
static bool on_handshake(struct conn *conn) {
  size_t got;
  if (!receive(conn, input, sizeof input, &got)) return false;
  if (got < 4 || memcmp(input + got - 4, "\r\n\r\n", 4)) return got == 0;
  conn->open = true;
  char response[sizeof RESPONSE + sizeof DEFLATE];
  strcpy(response, RESPONSE);
  if (memmem(input, got, "permessage-deflate", 18)) strcpy(response + sizeof RESPONSE - 3, DEFLATE);
  return put(conn, (const uint8_t *)response, strlen(response), NULL);
}

static bool on_large_message(struct conn *conn) {
  uint8_t *place = conn->message + ROOM + conn->received;
  size_t got;
  if (!receive(conn, place, conn->message_len - conn->received, &got)) return false;
  unsigned turn = 8 * (conn->received & 3);
  mask(place, place, got, turn ? conn->key >> turn | conn->key << (32 - turn) : conn->key);
  conn->received += got;
  if (conn->received < conn->message_len) return true;
  uint8_t header[10], *block = conn->message;
  if (conn->opcode & 0x40) {
    size_t len = put_compressed(output, sizeof output, conn->opcode & 15, block + ROOM, conn->message_len);
    free(block);
    conn->message = NULL;
    return len > 0 && put(conn, output, len, NULL);
  }
  size_t header_len = put_header(header, conn->opcode, conn->message_len);
  uint8_t *frame = block + ROOM - header_len;
  memcpy(frame, header, header_len);
  conn->message = NULL;
  return put(conn, frame, header_len + conn->message_len, block);
}

static bool on_readable(struct conn *conn) {
  if (!conn->open) return on_handshake(conn);
  if (conn->message) return on_large_message(conn);
  size_t part = conn->part_len, got;
  memcpy(input, conn->part, part);
  if (!receive(conn, input + part, sizeof input - part, &got)) return false;
  if (got == 0) return true;
  conn->part_len = 0;
  const uint8_t *at = input, *end = input + part + got;
  uint8_t *out = output;
  while (at < end) {
    size_t there = (size_t)(end - at);
    size_t header_len = there < 2 || (at[1] & 127) < 126 ? 6 : (at[1] & 127) == 126 ? 8 : 14;
    if (there < header_len) {
      memcpy(conn->part, at, there);
      conn->part_len = (uint8_t)there;
      break;
    }
    uint8_t opcode = at[0] & 0x4f;
    if (at[0] != (0x80 | opcode) || (opcode & 15) > 2 || !(at[1] & 0x80)) return false;
    size_t len = at[1] & 127;
    if (len > 125) {
      len = 0;
      for (size_t i = 2; i < header_len - 4; i++) len = len << 8 | at[i];
    }
    if (len > MAX_MESSAGE) return false;
    uint32_t key;
    memcpy(&key, at + header_len - 4, 4);
    at += header_len;
    there -= header_len;
    if (there < len) {
      conn->message = malloc(ROOM + len + ROOM);
      conn->message_len = len;
      conn->received = there;
      conn->opcode = opcode;
      conn->key = key;
      mask(conn->message + ROOM, at, there, key);
      break;
    }
    if (opcode & 0x40) {
      static uint8_t payload[READ_SIZE + ROOM];
      mask(payload, at, len, key);
      size_t made = put_compressed(out, (size_t)(output + sizeof output - out), opcode & 15, payload, len);
      if (made == 0) return false;
      out += made;
    } else {
      out += put_header(out, opcode, len);
      mask(out, at, len, key);
      out += len;
    }
    at += len;
  }
  return out == output || put(conn, output, (size_t)(out - output), NULL);
}

static void drop(struct conn *conn) {
  close(conn->fd);
  free(conn->message);
  free(conn->block);
  free(conn);
}

int main(void) {
  int listener = listen_and_tell("ws");
  epoll = must(epoll_create1(0), "epoll_create1");
  if (inflateInit2(&inflater, -15) != Z_OK ||
      deflateInit2(&deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return EXIT_FAILURE;
  }
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
      } else if (!(conn->block ? on_writable(conn) : on_readable(conn))) {
        drop(conn);
      }
    }
  }
}
