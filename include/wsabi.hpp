// wsabi for C++17: owners that free, views instead of pointer and length. It
// throws nothing and works with -fno-exceptions; wsabi.h is the reference.
//
//     auto conn = wsabi::connection::server();
//     if (!conn) return conn.status();
//     wsabi_status status = conn->receive(buffer, n, [&](wsabi::event event) {
//       if (event.type() == WSABI_EVENT_REQUEST) (void)conn->accept();
//       if (event.type() == WSABI_EVENT_TEXT) (void)conn->send_text(event.text());
//     });
//     status = conn->output([&](const wsabi_iovec *runs, std::size_t count) { ... });
//
// or, with the sockets and the loop of the library:
//
//     auto server = wsabi::server::make();
//     if (!server || !server->listen({}, 9001)) return 1;
//     while (server->poll(-1, [&](wsabi::server_event event) { ... }) == WSABI_OK) {}
//
// Rules 1 to 7 of wsabi.h hold: a status says that the caller broke a rule.

#ifndef WSABI_HPP
#define WSABI_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <wsabi.h>

namespace wsabi {

// A value, or the status that says why there is none.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : value_(std::move(value)), status_(WSABI_OK) {}
  static result failed(wsabi_status status) { return result(status, nullptr); }

  explicit operator bool() const { return value_.has_value(); }
  wsabi_status status() const { return status_; }

  // Only when there is a value.
  T &operator*() & { return *value_; }
  const T &operator*() const & { return *value_; }
  T &&operator*() && { return std::move(*value_); }
  T *operator->() { return &*value_; }
  const T *operator->() const { return &*value_; }

 private:
  result(wsabi_status status, std::nullptr_t) : status_(status) {}

  std::optional<T> value_;
  wsabi_status status_;
};

// Octets that somebody else owns, as std::string_view is for text.
class octets {
 public:
  constexpr octets() = default;
  octets(const void *data, std::size_t size)
      : data_(static_cast<const std::uint8_t *>(data)), size_(size) {}
  explicit octets(std::string_view text) : octets(text.data(), text.size()) {}

  const std::uint8_t *data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::uint8_t *begin() const { return data_; }
  const std::uint8_t *end() const { return data_ + size_; }
  std::uint8_t operator[](std::size_t index) const { return data_[index]; }

 private:
  const std::uint8_t *data_ = nullptr;
  std::size_t size_ = 0;
};

// One thing that happened. What it views is valid as rule 5 says.
class event {
 public:
  explicit event(const wsabi_event &raw) : raw_(raw) {}

  wsabi_event_type type() const { return raw_.type; }
  std::uint16_t code() const { return raw_.code; }
  octets data() const { return {raw_.data, raw_.len}; }
  std::string_view text() const { return {reinterpret_cast<const char *>(raw_.data), raw_.len}; }
  // Bits WSABI_FLAG_*.
  std::uint16_t flags() const { return raw_.flags; }

  const wsabi_event &native() const { return raw_; }

 private:
  wsabi_event raw_;
};

inline std::string_view view(wsabi_slice slice) { return {slice.data, slice.len}; }

inline wsabi_slice slice(std::string_view text) { return {text.data(), text.size()}; }

struct header {
  std::string_view name;
  std::string_view value;
};

// Limits and policies. A default-constructed one stands for the defaults, and
// cannot be changed; `make` gives one that can.
class config {
 public:
  config() = default;

  static result<config> make() {
    wsabi_config *raw = nullptr;
    const wsabi_status status = wsabi_config_new(&raw);
    if (status != WSABI_OK) return result<config>::failed(status);
    return config(raw);
  }

  [[nodiscard]] wsabi_status set(wsabi_option option, std::uint64_t value) {
    return wsabi_config_set(native(), option, value);
  }
  result<std::uint64_t> get(wsabi_option option) const {
    std::uint64_t value = 0;
    const wsabi_status status = wsabi_config_get(native(), option, &value);
    if (status != WSABI_OK) return result<std::uint64_t>::failed(status);
    return value;
  }
  [[nodiscard]] wsabi_status add_subprotocol(std::string_view name) {
    return wsabi_config_add_subprotocol(native(), name.data(), name.size());
  }
  [[nodiscard]] wsabi_status add_origin(std::string_view origin) {
    return wsabi_config_add_origin(native(), origin.data(), origin.size());
  }
  [[nodiscard]] wsabi_status add_resource(std::string_view path) {
    return wsabi_config_add_resource(native(), path.data(), path.size());
  }
  [[nodiscard]] wsabi_status set_close_reason(std::string_view reason) {
    return wsabi_config_set_close_reason(native(), reason.data(), reason.size());
  }

  wsabi_config *native() const { return raw_.get(); }

 private:
  explicit config(wsabi_config *raw) : raw_(raw) {}

  struct free {
    void operator()(wsabi_config *raw) const { wsabi_config_free(raw); }
  };
  std::unique_ptr<wsabi_config, free> raw_;
};

// A message that is encoded once for many connections.
class prepared {
 public:
  static result<prepared> make(wsabi_message type, octets data, const config &config = {}) {
    wsabi_prepared *raw = nullptr;
    const wsabi_status status = wsabi_prepared_new(config.native(), type, data.data(), data.size(), &raw);
    if (status != WSABI_OK) return result<prepared>::failed(status);
    return prepared(raw);
  }

  wsabi_prepared *native() const { return raw_.get(); }

 private:
  explicit prepared(wsabi_prepared *raw) : raw_(raw) {}

  struct free {
    void operator()(wsabi_prepared *raw) const { wsabi_prepared_free(raw); }
  };
  std::unique_ptr<wsabi_prepared, free> raw_;
};

// Memory to read into.
struct space {
  std::uint8_t *data = nullptr;
  std::size_t size = 0;
};

// Owns the payload of a message that was taken.
struct release_payload {
  void operator()(void *owner) const { wsabi_release(owner); }
};
using payload = std::unique_ptr<void, release_payload>;

// A connection as the application uses it, wherever its socket is. Who owns it is
// said elsewhere: a `connection` itself, those of a `server` are the server's.
class connection_view {
 public:
  connection_view() = default;
  explicit connection_view(wsabi_conn *raw) : raw_(raw) {}

  wsabi_state state() const { return wsabi_conn_state(native()); }
  std::size_t output_size() const { return wsabi_conn_output_size(native()); }
  std::optional<std::uint64_t> info(wsabi_info key) const {
    std::uint64_t value = 0;
    if (wsabi_conn_info(native(), key, &value) != WSABI_OK) return std::nullopt;
    return value;
  }
  [[nodiscard]] wsabi_status set_trace(wsabi_trace_fn trace, void *context = nullptr) {
    return wsabi_conn_set_trace(native(), trace, context);
  }
  std::uint16_t close_code() const { return wsabi_conn_close_code(native()); }
  wsabi_failure failure() const { return wsabi_conn_failure(native()); }
  // Empty when there is none.
  std::string_view subprotocol() const {
    return read(wsabi_conn_subprotocol).value_or(std::string_view());
  }

  [[nodiscard]] wsabi_status send_text(std::string_view text) {
    return wsabi_conn_send_text(native(), text.data(), text.size());
  }
  [[nodiscard]] wsabi_status send_binary(octets data) {
    return wsabi_conn_send_binary(native(), data.data(), data.size());
  }
  // Flags are bits WSABI_SEND_*.
  [[nodiscard]] wsabi_status send(wsabi_message type, octets data, std::uint32_t flags = 0) {
    return wsabi_conn_send(native(), type, data.data(), data.size(), flags);
  }
  // Not copied: `release(context)` says that the octets are free, unless the status
  // is another than WSABI_OK.
  [[nodiscard]] wsabi_status send_borrowed(wsabi_message type, octets data, std::uint32_t flags,
                                           wsabi_release_fn release, void *context) {
    return wsabi_conn_send_borrowed(native(), type, data.data(), data.size(), flags, release, context);
  }
  // A message that `take` gave: `data` is that of its event.
  [[nodiscard]] wsabi_status send_taken(wsabi_message type, octets data, payload owner, std::uint32_t flags = 0) {
    const wsabi_status status = send_borrowed(type, data, flags, wsabi_release, owner.get());
    if (status == WSABI_OK) (void)owner.release();
    return status;
  }
  [[nodiscard]] wsabi_status send(const prepared &message) {
    return wsabi_conn_send_prepared(native(), message.native());
  }
  [[nodiscard]] wsabi_status send_ping(octets data = {}) {
    return wsabi_conn_send_ping(native(), data.data(), data.size());
  }
  [[nodiscard]] wsabi_status send_pong(octets data = {}) {
    return wsabi_conn_send_pong(native(), data.data(), data.size());
  }
  [[nodiscard]] wsabi_status close(std::uint16_t code = 1000, std::string_view reason = {}) {
    return wsabi_conn_close(native(), code, reason.data(), reason.size());
  }

  // The request that waits for a decision; nothing when none waits, or when it
  // has no such part.
  std::optional<std::string_view> method() const { return read(wsabi_conn_head_method); }
  std::optional<std::string_view> target() const { return read(wsabi_conn_head_target); }
  std::optional<std::string_view> path() const { return read(wsabi_conn_head_path); }
  std::optional<std::string_view> query() const { return read(wsabi_conn_head_query); }
  // The length of the decoded value, of which the first `cap` octets are copied.
  std::optional<std::size_t> query_parameter(std::string_view name, std::uint8_t *buffer, std::size_t cap) const {
    std::size_t len = 0;
    if (wsabi_conn_head_query_parameter(native(), name.data(), name.size(), buffer, cap, &len) != WSABI_OK) {
      return std::nullopt;
    }
    return len;
  }
  std::optional<std::string_view> host() const { return read(wsabi_conn_head_host); }
  std::optional<std::string_view> origin() const { return read(wsabi_conn_head_origin); }
  std::optional<std::string_view> header(std::string_view name) const {
    return read(wsabi_conn_head_find, name.data(), name.size());
  }
  std::optional<wsabi::header> header(std::size_t index) const {
    return read_header(wsabi_conn_head_at, index);
  }
  std::optional<std::string_view> offered_subprotocol(std::size_t index) const {
    return read(wsabi_conn_offered_subprotocol, index);
  }

  // Before the decision.
  [[nodiscard]] wsabi_status decline_deflate() { return wsabi_conn_decline_deflate(native()); }

  // The decision. Without a name the config's policy chooses the subprotocol.
  [[nodiscard]] wsabi_status accept(std::string_view subprotocol = {}, const wsabi_response *response = nullptr) {
    return wsabi_conn_accept(native(), subprotocol.data(), subprotocol.size(), response);
  }
  [[nodiscard]] wsabi_status accept_by(const config &policy, const wsabi_response *response = nullptr) {
    return wsabi_conn_accept_by(native(), policy.native(), response);
  }
  [[nodiscard]] wsabi_status accept_then_close(std::uint16_t code, std::string_view reason = {}) {
    return wsabi_conn_accept_then_close(native(), code, reason.data(), reason.size());
  }
  [[nodiscard]] wsabi_status reject(const wsabi_response &response) {
    return wsabi_conn_reject(native(), &response);
  }
  [[nodiscard]] wsabi_status respond(std::uint32_t status, std::string_view content_type,
                                     std::string_view body) {
    return wsabi_conn_respond(native(), status, content_type.data(), content_type.size(), body.data(),
                              body.size());
  }
  [[nodiscard]] wsabi_status redirect(std::uint32_t status, std::string_view location) {
    return wsabi_conn_redirect(native(), status, location.data(), location.size());
  }
  [[nodiscard]] wsabi_status challenge(std::string_view challenge) {
    return wsabi_conn_challenge(native(), challenge.data(), challenge.size());
  }

  // The response that the host sends, or that a client got.
  std::optional<std::uint32_t> response_status() const {
    std::uint32_t status = 0;
    if (wsabi_conn_response_status(native(), &status) != WSABI_OK) return std::nullopt;
    return status;
  }
  std::optional<wsabi::header> response_header(std::size_t index) const {
    return read_header(wsabi_conn_response_header, index);
  }
  std::optional<std::string_view> response_body() const { return read(wsabi_conn_response_body); }

  [[nodiscard]] wsabi_status set_user_data(void *user_data) {
    return wsabi_conn_set_user_data(native(), user_data);
  }
  void *user_data() const { return wsabi_conn_user_data(native()); }
  // A message just listed, which then is not copied when it is kept or lent; null
  // when it does not lie in the connection.
  payload take(const event &message) {
    void *owner = nullptr;
    if (wsabi_conn_take(native(), &message.native(), &owner) != WSABI_OK) return nullptr;
    return payload(owner);
  }

  wsabi_conn *native() const { return raw_; }

 private:
  template <class Function, class... Arguments>
  std::optional<std::string_view> read(Function function, Arguments... arguments) const {
    wsabi_slice slice;
    if (function(native(), arguments..., &slice) != WSABI_OK) return std::nullopt;
    return view(slice);
  }

  template <class Function>
  std::optional<wsabi::header> read_header(Function function, std::size_t index) const {
    wsabi_header raw;
    if (function(native(), index, &raw) != WSABI_OK) return std::nullopt;
    return wsabi::header{view(raw.name), view(raw.value)};
  }

 protected:
  wsabi_conn *raw_ = nullptr;
};

// One WebSocket connection, for a host that has its socket. A connection that was
// moved from answers every call as NULL does.
class connection : public connection_view {
 public:
  connection(connection &&other) noexcept : connection_view(std::exchange(other.raw_, nullptr)) {}
  connection &operator=(connection &&other) noexcept {
    wsabi_conn_free(std::exchange(raw_, std::exchange(other.raw_, nullptr)));
    return *this;
  }
  ~connection() { wsabi_conn_free(raw_); }

  static result<connection> server(const config &config = {}) {
    wsabi_conn *raw = nullptr;
    const wsabi_status status = wsabi_conn_new_server(config.native(), &raw);
    return own(status, raw);
  }
  static result<connection> client(const wsabi_client_request &request, const config &config = {}) {
    wsabi_conn *raw = nullptr;
    const wsabi_status status = wsabi_conn_new_client(config.native(), &request, &raw);
    return own(status, raw);
  }
  // Behind an opening handshake that somebody else made.
  static result<connection> open(wsabi_role role, std::string_view subprotocol = {}, const config &config = {}) {
    wsabi_conn *raw = nullptr;
    const wsabi_status status =
        wsabi_conn_new_open(config.native(), role, subprotocol.data(), subprotocol.size(), &raw);
    return own(status, raw);
  }

  // As new, with the same config and role. `request` is a client's.
  [[nodiscard]] wsabi_status reset(const wsabi_client_request *request = nullptr) {
    return wsabi_conn_reset(native(), request);
  }

  // Receives all of the octets, which are unmasked in place, and calls
  // `handle(event)` for each event. It may call everything here but what
  // receives, `interest` and the move of this connection.
  template <class Handle>
  [[nodiscard]] wsabi_status receive(std::uint8_t *data, std::size_t size, Handle &&handle) {
    std::size_t at = 0;
    do {
      wsabi_event events[batch];
      std::size_t used = 0, count = 0;
      const wsabi_status status =
          wsabi_conn_recv(native(), data == nullptr ? data : data + at, size - at, &used, events, batch, &count);
      if (status != WSABI_OK) return status;
      for (std::size_t i = 0; i < count; i++) handle(event(events[i]));
      at += used;
    } while (at < size);
    return WSABI_OK;
  }

  // The peer's octet stream ended.
  template <class Handle>
  [[nodiscard]] wsabi_status receive_eof(Handle &&handle) {
    wsabi_event events[batch];
    std::size_t count = 0;
    const wsabi_status status = wsabi_conn_recv_eof(native(), events, batch, &count);
    if (status != WSABI_OK) return status;
    for (std::size_t i = 0; i < count; i++) handle(event(events[i]));
    return WSABI_OK;
  }

  // Memory to read the peer's octets into, when a large message is arriving; then
  // `receive_space_used`. Nothing: read into memory of your own, and `receive`.
  std::optional<space> receive_space() {
    space offered;
    if (wsabi_conn_recv_space(native(), &offered.data, &offered.size) != WSABI_OK || offered.size == 0) {
      return std::nullopt;
    }
    return offered;
  }
  template <class Handle>
  [[nodiscard]] wsabi_status receive_space_used(std::size_t size, Handle &&handle) {
    wsabi_event events[batch];
    std::size_t count = 0;
    const wsabi_status status = wsabi_conn_recv_commit(native(), size, events, batch, &count);
    if (status != WSABI_OK) return status;
    for (std::size_t i = 0; i < count; i++) handle(event(events[i]));
    return WSABI_OK;
  }

  // A request that the host parsed.
  template <class Handle>
  [[nodiscard]] wsabi_status receive_request(const wsabi_request &request, Handle &&handle) {
    wsabi_event events[batch];
    std::size_t count = 0;
    const wsabi_status status = wsabi_conn_recv_request(native(), &request, events, batch, &count);
    if (status != WSABI_OK) return status;
    for (std::size_t i = 0; i < count; i++) handle(event(events[i]));
    return WSABI_OK;
  }

  // Calls `write(runs, count)`, which returns the number of octets it took,
  // until nothing is left or it takes less than all.
  template <class Write>
  [[nodiscard]] wsabi_status output(Write &&write) {
    for (;;) {
      wsabi_iovec runs[batch];
      std::size_t count = 0, total = 0;
      wsabi_status status = wsabi_conn_output(native(), runs, batch, &count);
      if (status != WSABI_OK || count == 0) return status;
      for (std::size_t i = 0; i < count; i++) total += runs[i].len;
      const std::size_t taken = write(static_cast<const wsabi_iovec *>(runs), count);
      status = wsabi_conn_output_consumed(native(), taken);
      if (status != WSABI_OK || taken < total) return status;
    }
  }

  wsabi_interest interest() { return wsabi_conn_interest(native()); }
  // When `handle_timeout` is to be called, in milliseconds of the host's clock: 0 is
  // at once, UINT64_MAX never.
  std::uint64_t deadline() const { return wsabi_conn_deadline(native()); }
  template <class Handle>
  [[nodiscard]] wsabi_status handle_timeout(std::uint64_t now_ms, Handle &&handle) {
    wsabi_event events[batch];
    std::size_t count = 0;
    const wsabi_status status = wsabi_conn_handle_timeout(native(), now_ms, events, batch, &count);
    if (status != WSABI_OK) return status;
    for (std::size_t i = 0; i < count; i++) handle(event(events[i]));
    return WSABI_OK;
  }

 private:
  static constexpr std::size_t batch = 16;

  explicit connection(wsabi_conn *raw) : connection_view(raw) {}

  static result<connection> own(wsabi_status status, wsabi_conn *raw) {
    if (status != WSABI_OK) return result<connection>::failed(status);
    return connection(raw);
  }
};

// One event of a server's connection. What it views is valid until the next `poll`.
class server_event : public event {
 public:
  explicit server_event(const wsabi_server_event &raw) : event(raw.event), raw_(raw) {}

  connection_view conn() const { return connection_view(raw_.conn); }
  void *user_data() const { return raw_.user_data; }
  std::uint64_t id() const { return raw_.id; }

 private:
  wsabi_server_event raw_;
};

// A server as other threads see it: any number of them may use it at once.
class remote {
 public:
  // Makes `poll` return.
  [[nodiscard]] wsabi_status wake() const { return wsabi_remote_wake(native()); }
  [[nodiscard]] wsabi_status send(std::uint64_t id, wsabi_message type, octets data) const {
    return wsabi_remote_send(native(), id, type, data.data(), data.size());
  }
  [[nodiscard]] wsabi_status send(std::uint64_t id, const prepared &message) const {
    return wsabi_remote_send_prepared(native(), id, message.native());
  }
  [[nodiscard]] wsabi_status publish(octets topic, const prepared &message) const {
    return wsabi_remote_publish(native(), topic.data(), topic.size(), message.native());
  }
  [[nodiscard]] wsabi_status publish_to_all(const prepared &message) const {
    return wsabi_remote_publish(native(), nullptr, 0, message.native());
  }
  [[nodiscard]] wsabi_status close(std::uint64_t id, std::uint16_t code = 1000, std::string_view reason = {}) const {
    return wsabi_remote_close(native(), id, code, reason.data(), reason.size());
  }
  [[nodiscard]] wsabi_status shutdown(std::uint64_t timeout_ms, std::uint16_t code = 1001) const {
    return wsabi_remote_shutdown(native(), code, timeout_ms);
  }

  wsabi_remote *native() const { return raw_.get(); }

 private:
  friend class server;
  explicit remote(wsabi_remote *raw) : raw_(raw) {}

  struct free {
    void operator()(wsabi_remote *raw) const { wsabi_remote_free(raw); }
  };
  std::unique_ptr<wsabi_remote, free> raw_;
};

// An event loop, for a host that has none.
class server {
 public:
  static result<server> make(const config &config = {}) {
    wsabi_server *raw = nullptr;
    const wsabi_status status = wsabi_server_new(config.native(), &raw);
    if (status != WSABI_OK) return result<server>::failed(status);
    return server(raw);
  }

  // Returns the port. Without a host: every address of this machine.
  result<std::uint16_t> listen(std::string_view host = {}, std::uint16_t port = 0, std::uint32_t flags = 0) {
    std::uint16_t bound = 0;
    const wsabi_status status = wsabi_server_listen(native(), host.data(), host.size(), port, flags, &bound);
    if (status != WSABI_OK) return result<std::uint16_t>::failed(status);
    return bound;
  }
  [[nodiscard]] wsabi_status listen_unix(std::string_view path, std::uint32_t flags = 0) {
    return wsabi_server_listen_unix(native(), path.data(), path.size(), flags);
  }
  [[nodiscard]] wsabi_status listen_fd(int fd, std::uint32_t flags = 0) {
    return wsabi_server_listen_fd(native(), fd, flags);
  }
  // Returns the connection's name. `early` was read from it already.
  result<std::uint64_t> adopt(int fd, octets early = {}, std::uint32_t flags = 0) {
    std::uint64_t id = 0;
    const wsabi_status status = wsabi_server_adopt(native(), fd, early.data(), early.size(), flags, &id);
    if (status != WSABI_OK) return result<std::uint64_t>::failed(status);
    return id;
  }
  // What the last WSABI_ERR_IO was about; empty when there was none.
  std::string_view error() const {
    wsabi_slice text;
    return wsabi_server_error(native(), &text) == WSABI_OK ? view(text) : std::string_view();
  }

  // From PEM files; an empty host is for those whom no other fits.
  [[nodiscard]] wsabi_status set_certificate(std::string_view chain, std::string_view key,
                                             std::string_view host = {}) {
    return wsabi_server_set_certificate(native(), name_or_null(host), host.size(), chain.data(), chain.size(),
                                        key.data(), key.size());
  }
  // The same from memory.
  [[nodiscard]] wsabi_status set_certificate_pem(std::string_view chain, std::string_view key,
                                                 std::string_view host = {}) {
    return wsabi_server_set_certificate_pem(native(), name_or_null(host), host.size(), chain.data(), chain.size(),
                                            key.data(), key.size());
  }
  // Those of another server, as they are and as they will be.
  [[nodiscard]] wsabi_status share_certificates(const server &other) {
    return wsabi_server_share_certificates(native(), other.native());
  }

  // Writes, reads, and calls `handle(server_event)` for each event; waits at most
  // that long for one, for ever when it is negative. `handle` may call everything
  // here but `poll` and the move of this server.
  template <class Handle>
  [[nodiscard]] wsabi_status poll(std::int64_t timeout_ms, Handle &&handle) {
    wsabi_server_event events[batch];
    std::size_t count = 0;
    const wsabi_status status = wsabi_server_poll(native(), timeout_ms, events, batch, &count);
    if (status != WSABI_OK) return status;
    for (std::size_t i = 0; i < count; i++) handle(server_event(events[i]));
    return WSABI_OK;
  }

  // Nothing when the connection is over.
  std::optional<connection_view> conn(std::uint64_t id) {
    wsabi_conn *raw = nullptr;
    if (wsabi_server_conn(native(), id, &raw) != WSABI_OK) return std::nullopt;
    return connection_view(raw);
  }
  // Ends it at once, without a closing handshake; nothing more of it is listed.
  void drop(connection_view conn) { wsabi_conn_free(conn.native()); }
  std::size_t count() const { return wsabi_server_count(native()); }
  // Its length, of which at most `cap` octets are written; nothing when it is over.
  std::optional<std::size_t> peer_address(std::uint64_t id, std::uint8_t *buffer, std::size_t cap) {
    std::size_t len = 0;
    if (wsabi_server_peer_address(native(), id, buffer, cap, &len) != WSABI_OK) return std::nullopt;
    return len;
  }

  [[nodiscard]] wsabi_status subscribe(std::uint64_t id, octets topic) {
    return wsabi_server_subscribe(native(), id, topic.data(), topic.size());
  }
  [[nodiscard]] wsabi_status unsubscribe(std::uint64_t id, octets topic) {
    return wsabi_server_unsubscribe(native(), id, topic.data(), topic.size());
  }
  // Returns how many got it. An empty topic is one, too.
  result<std::size_t> publish(octets topic, const prepared &message, std::uint64_t except = 0) {
    return publish(topic.empty() ? "" : static_cast<const void *>(topic.data()), topic.size(), message, except);
  }
  result<std::size_t> publish_to_all(const prepared &message, std::uint64_t except = 0) {
    return publish(nullptr, 0, message, except);
  }

  [[nodiscard]] wsabi_status shutdown(std::uint64_t timeout_ms, std::uint16_t code = 1001) {
    return wsabi_server_shutdown(native(), code, timeout_ms);
  }
  wsabi_stage stage() const { return wsabi_server_stage(native()); }
  std::optional<wsabi_metrics> metrics() const {
    wsabi_metrics metrics = WSABI_METRICS_INIT;
    if (wsabi_server_metrics(native(), &metrics) != WSABI_OK) return std::nullopt;
    return metrics;
  }
  [[nodiscard]] wsabi_status serve_metrics(std::string_view path) {
    return wsabi_server_serve_metrics(native(), path.data(), path.size());
  }
  result<wsabi::remote> remote() const {
    wsabi_remote *raw = nullptr;
    const wsabi_status status = wsabi_server_remote(native(), &raw);
    if (status != WSABI_OK) return result<wsabi::remote>::failed(status);
    return wsabi::remote(raw);
  }

  wsabi_server *native() const { return raw_.get(); }

 private:
  static constexpr std::size_t batch = 64;

  explicit server(wsabi_server *raw) : raw_(raw) {}

  static const char *name_or_null(std::string_view name) { return name.empty() ? nullptr : name.data(); }

  result<std::size_t> publish(const void *topic, std::size_t len, const prepared &message, std::uint64_t except) {
    std::size_t count = 0;
    const wsabi_status status = wsabi_server_publish(native(), topic, len, message.native(), except, &count);
    if (status != WSABI_OK) return result<std::size_t>::failed(status);
    return count;
  }

  struct free {
    void operator()(wsabi_server *raw) const { wsabi_server_free(raw); }
  };
  std::unique_ptr<wsabi_server, free> raw_;
};

// One thing that is wrong with a capture. It views its explanation.
class finding {
 public:
  explicit finding(const wsabi_finding &raw) : raw_(raw) {}

  wsabi_finding_kind kind() const { return raw_.kind; }
  wsabi_severity severity() const { return raw_.severity; }
  wsabi_place place() const { return raw_.place; }
  std::size_t index() const { return raw_.index; }
  std::size_t line() const { return raw_.line; }
  std::size_t offset() const { return raw_.offset; }
  std::string_view offending() const { return view(raw_.offending); }
  std::string_view section() const { return view(raw_.section); }
  std::string_view rule() const { return view(raw_.rule); }
  std::string_view detail() const { return view(raw_.detail); }
  std::string_view peers() const { return view(raw_.peers); }
  std::string_view remedy() const { return view(raw_.remedy); }

 private:
  wsabi_finding raw_;
};

// What is wrong with a capture: a range of findings, the worst first.
class explanation {
 public:
  // Requests and responses.
  static result<explanation> heads(std::string_view capture) {
    wsabi_explanation *raw = nullptr;
    const wsabi_status status = wsabi_explain(capture.data(), capture.size(), &raw);
    return own(status, raw);
  }
  // Frames, or a hex dump of them.
  static result<explanation> frames(octets capture) {
    wsabi_explanation *raw = nullptr;
    const wsabi_status status = wsabi_explain_frames(capture.data(), capture.size(), &raw);
    return own(status, raw);
  }

  std::size_t size() const { return wsabi_explanation_count(native()); }
  bool empty() const { return size() == 0; }
  // An empty finding behind the last one.
  finding operator[](std::size_t index) const {
    wsabi_finding raw = {};
    raw.struct_size = sizeof raw;
    (void)wsabi_explanation_at(native(), index, &raw);
    return finding(raw);
  }

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = finding;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = finding;

    iterator(const explanation &all, std::size_t index) : all_(&all), index_(index) {}
    finding operator*() const { return (*all_)[index_]; }
    iterator &operator++() { return ++index_, *this; }
    iterator operator++(int) { return {*all_, index_++}; }
    bool operator==(const iterator &other) const { return index_ == other.index_; }
    bool operator!=(const iterator &other) const { return index_ != other.index_; }

   private:
    const explanation *all_;
    std::size_t index_;
  };
  iterator begin() const { return {*this, 0}; }
  iterator end() const { return {*this, size()}; }

  wsabi_explanation *native() const { return raw_.get(); }

 private:
  explicit explanation(wsabi_explanation *raw) : raw_(raw) {}

  static result<explanation> own(wsabi_status status, wsabi_explanation *raw) {
    if (status != WSABI_OK) return result<explanation>::failed(status);
    return explanation(raw);
  }

  struct free {
    void operator()(wsabi_explanation *raw) const { wsabi_explanation_free(raw); }
  };
  std::unique_ptr<wsabi_explanation, free> raw_;
};

}  // namespace wsabi

#endif  // WSABI_HPP
