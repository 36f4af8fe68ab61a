// The whole life of a WebSocket connection, without a socket: what a client
// sends goes in, events come out, and so do the octets for the client.
//
//     cc echo_buffer.c $(pkg-config --cflags --libs wsabi) && ./a.out
//
// It checks what it shows: the exit status is not 0 when anything differs.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wsabi.h>

static void receive(wsabi_conn *conn, const char *octets, size_t len);
static void handle(wsabi_conn *conn, const wsabi_event *event);
static void expect_output(wsabi_conn *conn, const char *octets, size_t len);
static void expect(int condition, const char *what);
static void check(wsabi_status status, const char *what);

// A literal and its length, which may hold NUL octets.
#define OCTETS(literal) (literal), sizeof(literal) - 1

int main(void) {
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn), "new_server");

  // The opening handshake, RFC 6455 1.3. `handle` accepts the request.
  receive(conn, OCTETS("GET /chat HTTP/1.1\r\n"
                       "Host: server.example.com\r\n"
                       "Upgrade: websocket\r\n"
                       "Connection: Upgrade\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "\r\n"));
  expect(wsabi_conn_state(conn) == WSABI_STATE_OPEN, "open after accept");
  expect_output(conn, OCTETS("HTTP/1.1 101 Switching Protocols\r\n"
                             "Upgrade: websocket\r\n"
                             "Connection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                             "\r\n"));

  // A masked text message "Hello", RFC 6455 5.7. `handle` sends it back, and a
  // server does not mask.
  receive(conn, OCTETS("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
  expect_output(conn, OCTETS("\x81\x05Hello"));

  // The same in two fragments which arrive in three pieces: still one message.
  receive(conn, OCTETS("\x01\x83\x37\xfa\x21\x3d\x7f"));
  receive(conn, OCTETS("\x9f\x4d\x80\x82"));
  receive(conn, OCTETS("\x37\xfa\x21\x3d\x5b\x95"));
  expect_output(conn, OCTETS("\x81\x05Hello"));

  // A ping: the library answers it, RFC 6455 5.5.2.
  receive(conn, OCTETS("\x89\x82\x37\xfa\x21\x3d\x5f\x93"));
  expect_output(conn, OCTETS("\x8a\x02hi"));

  // The closing handshake, started by the client with 1000 "bye": the library
  // answers with the same code, RFC 6455 5.5.1, and asks to close the socket.
  expect(wsabi_conn_interest(conn) == WSABI_INTEREST_READ, "read while open");
  receive(conn, OCTETS("\x88\x85\x37\xfa\x21\x3d\x34\x12\x43\x44\x52"));
  expect_output(conn, OCTETS("\x88\x02\x03\xe8"));
  expect(wsabi_conn_close_code(conn) == 1000, "close code");
  expect(wsabi_conn_interest(conn) == WSABI_INTEREST_CLOSE, "close the socket");

  wsabi_conn_free(conn);
  return EXIT_SUCCESS;
}

// Gives octets to the connection, as after a read from a socket.
static void receive(wsabi_conn *conn, const char *octets, size_t len) {
  // A copy, since payloads are unmasked in place.
  uint8_t buffer[512];
  expect(len <= sizeof buffer, "fits into the buffer");
  memcpy(buffer, octets, len);

  size_t at = 0;
  while (at < len) {
    wsabi_event events[16];
    size_t used, count;
    check(wsabi_conn_recv(conn, buffer + at, len - at, &used, events, 16, &count), "recv");
    for (size_t i = 0; i < count; i++) {
      handle(conn, &events[i]);
    }
    at += used;
  }
}

// The application: accepts every request, sends every message back.
static void handle(wsabi_conn *conn, const wsabi_event *event) {
  switch (event->type) {
  case WSABI_EVENT_REQUEST:
    printf("request for %.*s\n", (int)event->len, (const char *)event->data);
    check(wsabi_conn_accept(conn, NULL, 0, NULL), "accept");
    break;
  case WSABI_EVENT_TEXT:
    printf("text: %.*s\n", (int)event->len, (const char *)event->data);
    check(wsabi_conn_send_text(conn, event->data, event->len), "send_text");
    break;
  case WSABI_EVENT_BINARY:
    printf("binary: %zu octets\n", event->len);
    check(wsabi_conn_send_binary(conn, event->data, event->len), "send_binary");
    break;
  case WSABI_EVENT_PING:
    printf("ping: %zu octets\n", event->len);
    break;
  case WSABI_EVENT_CLOSE:
    printf("close: %d %.*s\n", event->code, (int)event->len, (const char *)event->data);
    break;
  case WSABI_EVENT_FAILED:
    printf("the peer broke a rule: %.*s\n", (int)event->len, (const char *)event->data);
    break;
  default:  // Types may be added: ignore those you do not know.
    break;
  }
}

// Takes everything that is to be sent, as a write to a socket would, and
// compares it.
static void expect_output(wsabi_conn *conn, const char *octets, size_t len) {
  size_t at = 0;
  for (;;) {
    wsabi_iovec runs[4];
    size_t count, written = 0;
    check(wsabi_conn_output(conn, runs, 4, &count), "output");
    if (count == 0) break;
    for (size_t i = 0; i < count; i++) {
      expect(runs[i].len <= len - at, "no more output than expected");
      expect(memcmp(runs[i].base, octets + at, runs[i].len) == 0, "the output expected");
      at += runs[i].len;
      written += runs[i].len;
    }
    check(wsabi_conn_output_consumed(conn, written), "output_consumed");
  }
  expect(at == len, "all of the output expected");
}

static void expect(int condition, const char *what) {
  if (!condition) {
    fprintf(stderr, "not as expected: %s\n", what);
    exit(EXIT_FAILURE);
  }
}

// A negative status is a mistake in this program, never one of the peer.
static void check(wsabi_status status, const char *what) {
  if (status != WSABI_OK) {
    fprintf(stderr, "%s: %s\n", what, wsabi_status_text(status));
    exit(EXIT_FAILURE);
  }
}
