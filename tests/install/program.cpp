// A program of a user, with nothing but what is installed.

#include <string_view>
#include <wsabi.hpp>

int main() {
  const auto conn = wsabi::connection::server();
  const bool ok = conn && conn->state() == WSABI_STATE_CONNECTING &&
                  std::string_view(wsabi_version()) == WSABI_VERSION &&
                  wsabi_abi_version() == WSABI_ABI_VERSION;
  return ok ? 0 : 1;
}
