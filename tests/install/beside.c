// Both Rust libraries in one program, each with its own runtime.

#include <stddef.h>
#include <wsabi.h>

ptrdiff_t other_length(size_t n);

int main(void) {
  static const char head[] = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  uint8_t octets[sizeof head];
  for (size_t i = 0; i < sizeof head; i++) octets[i] = (uint8_t)head[i];

  wsabi_conn *conn;
  wsabi_event event;
  size_t used, count;
  int ok = other_length(3) == 3 && wsabi_conn_new_server(NULL, &conn) == WSABI_OK &&
           wsabi_conn_recv(conn, octets, sizeof octets - 1, &used, &event, 1, &count) == WSABI_OK &&
           count == 1 && event.type == WSABI_EVENT_REQUEST && other_length(0) == -1 &&
           wsabi_conn_accept(conn, NULL, 0, NULL) == WSABI_OK && wsabi_conn_state(conn) == WSABI_STATE_OPEN;
  wsabi_conn_free(conn);
  return ok ? 0 : 1;
}
