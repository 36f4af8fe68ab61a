// wsabi.hpp: a client and a server talk to each other in memory, and an embedded
// server with sockets of this process.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <type_traits>
#include <unistd.h>
#include <vector>
#include <wsabi.hpp>

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      std::fprintf(stderr, "line %d: not %s\n", __LINE__, #condition); \
      std::exit(1);                                                   \
    }                                                                 \
  } while (0)

using wsabi::connection;

static_assert(!std::is_copy_constructible_v<connection> && std::is_nothrow_move_constructible_v<connection>);
static_assert(!std::is_copy_constructible_v<wsabi::config> && std::is_nothrow_move_assignable_v<wsabi::config>);
static_assert(!std::is_copy_constructible_v<wsabi::server> && std::is_nothrow_move_constructible_v<wsabi::remote>);
static_assert(sizeof(connection) == sizeof(void *) && sizeof(wsabi::config) == sizeof(void *));

// What one end sends goes to the other, in writes of at most `most` octets.
template <class Handle>
static void carry(connection &from, connection &to, Handle &&handle, std::size_t most = 7) {
  std::vector<std::uint8_t> wire;
  std::size_t before = 0;
  do {
    before = wire.size();
    CHECK(from.output([&](const wsabi_iovec *runs, std::size_t count) {
      CHECK(count > 0);
      const wsabi::octets run(runs[0].base, runs[0].len < most ? runs[0].len : most);
      wire.insert(wire.end(), run.begin(), run.end());
      return run.size();
    }) == WSABI_OK);
  } while (wire.size() > before);
  CHECK(from.output_size() == 0);
  CHECK(to.receive(wire.data(), wire.size(), handle) == WSABI_OK);
}

static void nothing_expected(wsabi::event) { CHECK(!"an event"); }

static connection client(std::string_view target, const wsabi::config &config) {
  wsabi_client_request request = WSABI_CLIENT_REQUEST_INIT;
  request.host = wsabi::slice("example.com");
  request.target = wsabi::slice(target);
  request.origin = wsabi::slice("https://example.com");
  auto made = connection::client(request, config);
  CHECK(made);
  return *std::move(made);
}

static connection server(const wsabi::config &config = {}) {
  auto made = connection::server(config);
  CHECK(made && made.status() == WSABI_OK && made->state() == WSABI_STATE_CONNECTING);
  return *std::move(made);
}

static wsabi::config chat() {
  auto made = wsabi::config::make();
  CHECK(made);
  CHECK(made->add_subprotocol("chat") == WSABI_OK);
  CHECK(made->set(WSABI_OPTION_MAX_MESSAGE_SIZE, 1000) == WSABI_OK);
  CHECK(*made->get(WSABI_OPTION_MAX_MESSAGE_SIZE) == 1000);
  return *std::move(made);
}

static void conversation() {
  const wsabi::config config = chat();
  connection there = client("/room?n=1", config), here = server(config);

  carry(there, here, [&](wsabi::event event) {
    CHECK(event.type() == WSABI_EVENT_REQUEST && event.text() == "/room?n=1");
    CHECK(here.method() == "GET" && here.path() == "/room" && here.query() == "n=1");
    std::uint8_t value[4];
    CHECK(here.query_parameter("n", value, sizeof value) == 1u && value[0] == '1');
    CHECK(!here.query_parameter("m", value, sizeof value));
    CHECK(here.host() == "example.com" && here.origin() == "https://example.com");
    CHECK(here.header("upgrade") == "websocket" && !here.header("cookie"));
    CHECK(here.header(std::size_t{0})->name == "Host" && !here.header(99));
    CHECK(here.offered_subprotocol(0) == "chat" && !here.offered_subprotocol(1));
    CHECK(here.accept() == WSABI_OK);
  });
  CHECK(here.state() == WSABI_STATE_OPEN && here.subprotocol() == "chat" && !here.method());
  carry(here, there, [](wsabi::event event) { CHECK(event.type() == WSABI_EVENT_OPEN); });
  CHECK(there.subprotocol() == "chat");

  // More events than one call lists; every message comes back.
  std::string sent, echoed;
  for (int i = 0; i < 100; i++) {
    const std::string text = std::to_string(i) + " \xc3\xa9";
    sent += text;
    CHECK(there.send_text(text) == WSABI_OK);
  }
  const std::uint8_t binary[] = {0, 255};
  CHECK(there.send_binary({binary, sizeof binary}) == WSABI_OK);
  carry(there, here, [&](wsabi::event event) {
    CHECK((event.type() == WSABI_EVENT_TEXT ? here.send_text(event.text())
                                            : here.send_binary(event.data())) == WSABI_OK);
  });
  carry(here, there, [&](wsabi::event event) {
    if (event.type() == WSABI_EVENT_TEXT) {
      echoed += event.text();
    } else {
      CHECK(event.data().size() == 2 && event.data()[1] == 255);
    }
  });
  CHECK(echoed == sent);
  CHECK(there.send_ping(wsabi::octets("hi")) == WSABI_OK);
  carry(there, here, [](wsabi::event event) { CHECK(event.type() == WSABI_EVENT_PING); });
  carry(here, there, [](wsabi::event event) { CHECK(event.type() == WSABI_EVENT_PONG && event.text() == "hi"); });

  CHECK(there.close(1001, "bye") == WSABI_OK);
  carry(there, here, [](wsabi::event event) {
    CHECK(event.type() == WSABI_EVENT_CLOSE && event.code() == 1001 && event.text() == "bye");
  });
  carry(here, there, [](wsabi::event event) { CHECK(event.type() == WSABI_EVENT_CLOSE); });
  CHECK(here.interest() == WSABI_INTEREST_CLOSE && here.close_code() == 1001 && here.failure() == 0);
  CHECK(there.receive_eof([](wsabi::event event) { CHECK(event.type() == WSABI_EVENT_CLOSED); }) == WSABI_OK);
}

static void refusal() {
  connection there = client("/", {}), here = server();
  carry(there, here, [&](wsabi::event) { CHECK(here.redirect(307, "/new") == WSABI_OK); });
  carry(here, there, [](wsabi::event event) { CHECK(event.type() == WSABI_EVENT_REJECTED && event.code() == 307); });
  CHECK(there.response_status() == 307u && !there.response_header(99));
}

// The host has an HTTP server of its own.
static void parsed_request() {
  wsabi_request request = WSABI_REQUEST_INIT;
  request.version = WSABI_HTTP_2;
  request.method = wsabi::slice("CONNECT");
  request.target = wsabi::slice("/");
  request.authority = wsabi::slice("example.com");
  request.protocol = wsabi::slice("websocket");
  const wsabi_header version = {wsabi::slice("sec-websocket-version"), wsabi::slice("13")};
  request.headers = &version;
  request.header_count = 1;
  connection here = server();
  CHECK(here.receive_request(request, [&](wsabi::event event) {
    CHECK(event.type() == WSABI_EVENT_REQUEST && here.accept() == WSABI_OK);
  }) == WSABI_OK);
  CHECK(here.response_status() == 200u && here.response_body() == "");
}

static void mistakes_are_statuses() {
  connection here = server();
  CHECK(here.send_text("early") == WSABI_ERR_STATE);
  CHECK(here.decline_deflate() == WSABI_ERR_STATE);
  CHECK(here.receive(nullptr, 0, nothing_expected) == WSABI_OK);
  int data = 0;
  CHECK(here.set_user_data(&data) == WSABI_OK && here.user_data() == &data);
  CHECK(wsabi::config().set(WSABI_OPTION_AUTO_ACCEPT, 1) == WSABI_ERR_NULL);
  CHECK(!chat().get(9999) && chat().get(9999).status() == WSABI_ERR_UNSUPPORTED);
  CHECK(!connection::open(7));

  connection moved = std::move(here);
  CHECK(moved.state() == WSABI_STATE_CONNECTING && here.native() == nullptr);
  CHECK(here.close() == WSABI_ERR_NULL && !here.path() && here.interest() == WSABI_INTEREST_CLOSE);
  here = std::move(moved);
  CHECK(here.native() != nullptr);
}

static int released = 0;

static void release(void *context) {
  ++*static_cast<int *>(context);
}

static connection opened(wsabi_role role) {
  auto made = connection::open(role);
  CHECK(made);
  return *std::move(made);
}

// Messages in fragments, prepared, lent, and taken from where they landed.
static void without_copies() {
  connection here = opened(WSABI_ROLE_SERVER), there = opened(WSABI_ROLE_CLIENT);
  const std::string large(100000, 'x');
  CHECK(here.send(WSABI_MESSAGE_TEXT, wsabi::octets("Hel"), WSABI_SEND_MORE) == WSABI_OK);
  CHECK(here.send(WSABI_MESSAGE_TEXT, wsabi::octets("lo")) == WSABI_OK);
  auto message = wsabi::prepared::make(WSABI_MESSAGE_TEXT, wsabi::octets("Hello"));
  CHECK(message && here.send(*message) == WSABI_OK);
  CHECK(!wsabi::prepared::make(9, wsabi::octets("a")));
  carry(here, there, [](wsabi::event event) { CHECK(event.text() == "Hello"); });
  CHECK(here.send_borrowed(WSABI_MESSAGE_TEXT, wsabi::octets(large), 0, release, &released) == WSABI_OK);
  CHECK(here.send_borrowed(9, wsabi::octets(large), 0, release, &released) == WSABI_ERR_UNSUPPORTED);
  CHECK(released == 0);

  std::vector<std::uint8_t> wire;
  CHECK(here.output([&](const wsabi_iovec *runs, std::size_t count) {
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; i++) {
      const wsabi::octets run(runs[i].base, runs[i].len);
      wire.insert(wire.end(), run.begin(), run.end());
      total += run.size();
    }
    return total;
  }) == WSABI_OK);
  CHECK(released == 1);
  CHECK(there.take(wsabi::event({})) == nullptr && !there.receive_space());
  std::size_t at = 40000;
  bool is_whole = false;
  CHECK(there.receive(wire.data(), at, nothing_expected) == WSABI_OK);
  while (at < wire.size()) {
    const auto space = there.receive_space();
    CHECK(space && space->size > 0);
    const std::size_t size = space->size < wire.size() - at ? space->size : wire.size() - at;
    std::memcpy(space->data, wire.data() + at, size);
    at += size;
    CHECK(there.receive_space_used(size, [&](wsabi::event event) {
      is_whole = event.text() == large;
      wsabi::payload owner = there.take(event);
      CHECK(owner != nullptr);
      CHECK(here.send_taken(WSABI_MESSAGE_TEXT, event.data(), std::move(owner)) == WSABI_OK);
    }) == WSABI_OK);
  }
  CHECK(is_whole && here.output_size() == wire.size());
  CHECK(here.info(WSABI_INFO_DEFLATE) == 0u && !here.info(WSABI_INFO_OCTETS_SENT));
}

static void time_and_again() {
  connection here = server();
  CHECK(here.deadline() == 0);
  CHECK(here.handle_timeout(0, nothing_expected) == WSABI_OK && here.deadline() == 10000);
  std::string told;
  CHECK(here.set_trace(
            [](void *context, const char *line, std::size_t len) {
              static_cast<std::string *>(context)->append(line, len);
            },
            &told) == WSABI_OK);
  bool has_failed = false;
  CHECK(here.handle_timeout(10000, [&](wsabi::event event) {
    has_failed = event.type() == WSABI_EVENT_FAILED && event.code() == 408;
  }) == WSABI_OK);
  CHECK(has_failed && told.find("RFC 9110 15.5.9") != std::string::npos);
  CHECK(here.reset() == WSABI_OK && here.state() == WSABI_STATE_CONNECTING && here.deadline() == 0);
}

// Sends to the socket, and returns all that comes back until it ends.
static void tell(int fd, std::string_view octets) {
  CHECK(write(fd, octets.data(), octets.size()) == static_cast<ssize_t>(octets.size()));
}

static std::string all_of(int fd) {
  std::string all;
  char part[1024];
  for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;) all.append(part, static_cast<std::size_t>(n));
  return all;
}

static void embedded() {
  static constexpr std::string_view request =
      "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  auto made = wsabi::server::make(chat());
  CHECK(made);
  wsabi::server server = *std::move(made);
  const auto port = server.listen("127.0.0.1");
  CHECK(port && *port > 0 && server.error().empty());
  const auto taken = server.listen("127.0.0.1", *port);
  CHECK(!taken && taken.status() == WSABI_ERR_IO);
  CHECK(server.error().substr(0, 13) == "[127.0.0.1]:" + std::to_string(*port).substr(0, 1));
  CHECK(server.listen_unix("") == WSABI_ERR_ARGUMENT && server.listen_fd(-1) == WSABI_ERR_ARGUMENT);
  CHECK(server.serve_metrics("/metrics") == WSABI_ERR_STATE);

  int first[2], second[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, first) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, second) == 0);
  const auto one = server.adopt(first[0], wsabi::octets(request)), two = server.adopt(second[0]);
  CHECK(one && two && *one != *two && server.count() == 2);
  CHECK(server.adopt(-1).status() == WSABI_ERR_ARGUMENT);
  tell(second[1], request);

  // Both are asked, and subscribe; one of them is sent to by name.
  int asked = 0;
  while (asked < 2) {
    CHECK(server.poll(10000, [&](wsabi::server_event event) {
      CHECK(event.type() == WSABI_EVENT_REQUEST && event.text() == "/chat");
      CHECK(event.user_data() == nullptr && event.conn().accept() == WSABI_OK);
      CHECK(event.conn().set_user_data(&asked) == WSABI_OK);
      CHECK(server.subscribe(event.id(), wsabi::octets("news")) == WSABI_OK);
      asked++;
    }) == WSABI_OK);
  }
  std::uint8_t address[64];
  CHECK(server.peer_address(*one, address, sizeof address) == 0u);
  const auto news = wsabi::prepared::make(WSABI_MESSAGE_TEXT, wsabi::octets("news"));
  CHECK(*server.publish(wsabi::octets("news"), *news) == 2 && *server.publish_to_all(*news, *one) == 1);
  CHECK(*server.publish({}, *news) == 0);
  const auto remote = server.remote();
  CHECK(remote && remote->send(*one, WSABI_MESSAGE_TEXT, wsabi::octets("you")) == WSABI_OK);
  CHECK(remote->send(*one, *news) == WSABI_OK && remote->publish(wsabi::octets("news"), *news) == WSABI_OK);
  CHECK(remote->publish_to_all(*news) == WSABI_OK && remote->wake() == WSABI_OK);
  CHECK(server.unsubscribe(*one, wsabi::octets("news")) == WSABI_OK);
  // The first call does what the other threads want, the second one writes it.
  for (int i = 0; i < 2; i++) {
    CHECK(server.poll(i == 0 ? 10000 : 0, [](wsabi::server_event) { CHECK(!"an event"); }) == WSABI_OK);
  }

  // The second is closed by another thread, the first dropped.
  CHECK(remote->close(*two, 1000, "bye") == WSABI_OK);
  CHECK(server.conn(*one)->state() == WSABI_STATE_OPEN);
  server.drop(*server.conn(*one));
  CHECK(!server.conn(*one) && !server.peer_address(*two + (1 << 24), address, 1));
  CHECK(server.poll(0, [](wsabi::server_event) { CHECK(!"an event"); }) == WSABI_OK);
  const std::string heard = all_of(first[1]);
  const std::string_view last = "\x81\x04news\x81\x03you\x81\x04news\x81\x04news";
  CHECK(heard.substr(heard.size() - last.size()) == last);
  CHECK(remote->shutdown(10000) == WSABI_OK);
  tell(second[1], std::string_view("\x88\x82\0\0\0\0\x03\xe8", 8));
  bool has_ended = false;
  while (server.stage() != WSABI_STAGE_STOPPED) {
    CHECK(server.poll(10000, [&](wsabi::server_event event) {
      CHECK(event.id() == *two && event.user_data() == &asked && event.code() == 1000 && !has_ended);
      has_ended = event.type() == WSABI_EVENT_CLOSED;
    }) == WSABI_OK);
  }
  CHECK(has_ended && server.shutdown(0) == WSABI_OK && server.listen().status() == WSABI_ERR_STATE);
  const auto metrics = server.metrics();
  CHECK(metrics && metrics->accepted == 2 && metrics->connections == 0 && metrics->messages_published == 8);
  close(first[1]);
  close(second[1]);

  wsabi::server moved = std::move(server);
  CHECK(server.native() == nullptr && server.listen().status() == WSABI_ERR_NULL && server.error().empty());
  CHECK(!server.metrics() && server.stage() == WSABI_STAGE_STOPPED && moved.metrics());
}

static void what_is_wrong() {
  auto made = wsabi::explanation::heads(
      "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: hZRGLtF8wgiU+aA8J9I0BPmDbYI=\r\n\r\n");
  CHECK(made && !made->empty());
  wsabi::explanation explanation = *std::move(made);
  const wsabi::finding worst = explanation[0];
  CHECK(worst.severity() == WSABI_SEVERITY_FATAL && worst.place() == WSABI_PLACE_RESPONSE);
  CHECK(worst.kind() >= 1300 && worst.kind() < 1400 && worst.index() == 1 && worst.line() == 11);
  CHECK(worst.offending().find("hZRGLtF8wgiU+aA8J9I0BPmDbYI=") != std::string_view::npos);
  CHECK(worst.section().substr(0, 9) == "RFC 6455 " && !worst.rule().empty() && !worst.peers().empty());
  CHECK(worst.remedy().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string_view::npos);
  std::size_t count = 0;
  wsabi_severity last = WSABI_SEVERITY_FATAL;
  for (const wsabi::finding finding : explanation) {
    CHECK(finding.severity() >= last && !finding.rule().empty());
    last = finding.severity();
    count++;
  }
  CHECK(count == explanation.size());
  CHECK(explanation[count].rule().empty() && explanation[count].kind() == 0);

  const auto correct = wsabi::explanation::frames(wsabi::octets("\x81\x02hi"));
  CHECK(correct && correct->empty() && correct->begin() == correct->end());
  const auto reserved = wsabi::explanation::frames(wsabi::octets("83 00"));
  CHECK(reserved && (*reserved)[0].place() == WSABI_PLACE_FRAME && (*reserved)[0].offset() == 0);
  CHECK((*reserved)[0].detail().data() != nullptr);

  const wsabi::explanation moved = std::move(explanation);
  CHECK(moved.size() == count && explanation.native() == nullptr && explanation.empty());
}

int main() {
  conversation();
  without_copies();
  time_and_again();
  refusal();
  parsed_request();
  embedded();
  what_is_wrong();
  mistakes_are_statuses();
  return 0;
}
