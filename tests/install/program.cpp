// A program of a user, with nothing but what is installed.

#include <cstring>
#include <wsabi.h>

int main() {
  wsabi_conn *conn = nullptr;
  const bool ok = wsabi_conn_new_server(nullptr, &conn) == WSABI_OK &&
                  wsabi_conn_state(conn) == WSABI_STATE_CONNECTING &&
                  std::strcmp(wsabi_version(), WSABI_VERSION) == 0 &&
                  wsabi_abi_version() == WSABI_ABI_VERSION;
  wsabi_conn_free(conn);
  return ok ? 0 : 1;
}
