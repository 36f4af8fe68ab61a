// wsabi: the WebSocket protocol (RFC 6455) as a library, without sockets.
// Generated from src/ffi by cbindgen; do not edit.
//
// Rules for every call
//
// 1. A negative status means that the caller broke a rule: nothing changed, no
//    out-parameter was written. What the peer did is reported as events.
// 2. Pointers must not be NULL unless a function says so; NULL gives
//    WSABI_ERR_NULL. (NULL, 0) is a valid empty range. Lengths are in octets
//    unless a function says otherwise; one that no range in memory can have
//    (above PTRDIFF_MAX) gives WSABI_ERR_ARGUMENT.
// 3. Functions that take `const T *` may run concurrently on one object; all
//    others need exclusive access. Different objects are independent. There are
//    no globals and no thread-locals. A callback (`wsabi_release_fn`,
//    `wsabi_trace_fn`) runs inside a call on its connection, which it must not use.
// 4. What `wsabi_x_new` returns is freed with `wsabi_x_free`, by any thread,
//    never with `free`. Freeing NULL is allowed.
// 5. Payloads of events are valid until the next call of wsabi_conn_recv,
//    _recv_eof, _recv_space, _recv_commit, _handle_timeout, _interest, _reset or
//    _free on that connection, and inside the caller's buffer only as long as the
//    buffer is kept. Sending does not invalidate them: an echo is legal.
// 6. Out-parameters may be uninitialized and must not overlap each other or
//    input. No pointer that is passed in is kept after the call, unless a function
//    says so.
// 7. After WSABI_ERR_INTERNAL (a bug in wsabi) only _free may be called.


#ifndef WSABI_H
#define WSABI_H

#include <stddef.h>
#include <stdint.h>

#ifndef WSABI_API
#define WSABI_API
#endif

// Version of this header; wsabi_version() is that of the loaded library.
#define WSABI_VERSION "0.1.0"
// Its first number: programs of another one do not run.
#define WSABI_VERSION_MAJOR 0
// Its second number: what a larger one adds may be missing in a smaller one.
#define WSABI_VERSION_MINOR 1
// Its third number: nothing was added or removed.
#define WSABI_VERSION_PATCH 0

// Initial value of a `wsabi_response`.
#define WSABI_RESPONSE_INIT {sizeof(wsabi_response), 0, 0, NULL, 0, NULL, 0}
// Initial value of a `wsabi_client_request`.
#define WSABI_CLIENT_REQUEST_INIT \
  {sizeof(wsabi_client_request), {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0}
// Initial value of a `wsabi_metrics`.
#define WSABI_METRICS_INIT {sizeof(wsabi_metrics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
// Initial value of a `wsabi_request`.
#define WSABI_REQUEST_INIT \
  {sizeof(wsabi_request), WSABI_HTTP_1_1, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0}


// The server's order of preference: that of the config.
#define WSABI_PREFERENCE_SERVER 0

// The client's order of preference: that of the request.
#define WSABI_PREFERENCE_CLIENT 1

// Accept without a subprotocol, RFC 6455 4.2.2. A browser that named some fails
// the connection by itself then.
#define WSABI_POLICY_ACCEPT 0

// Refuse with `WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS`.
#define WSABI_POLICY_REJECT 1

// Accept, then close with `WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE` and the reason
// of `wsabi_config_set_close_reason`: a browser's script can read these, but no
// response.
#define WSABI_POLICY_CLOSE 2

// Bit of an event's `flags`: the message was compressed (RFC 7692).
#define WSABI_FLAG_COMPRESSED 1

// Bit of an event's `flags`: the payload begins its message
// (`WSABI_OPTION_MESSAGE_PIECES`, without which no message has it).
#define WSABI_FLAG_FIRST 2

// Bit of an event's `flags`: the payload, which may be empty, ends its message
// (`WSABI_OPTION_MESSAGE_PIECES`, without which no message has it).
#define WSABI_FLAG_LAST 4

// Bit of `flags`: the payload is a fragment, and the message goes on with the next
// call, which has the same type (RFC 6455 5.4). A text may be cut anywhere. Until
// its end no other message can be sent; pings, pongs and a Close can. Fragments are
// compressed, where that was agreed on, unless the first has
// `WSABI_SEND_UNCOMPRESSED`.
#define WSABI_SEND_MORE 1

// Bit of `flags`: compress the message whatever its size, where that was agreed
// on.
#define WSABI_SEND_COMPRESSED 2

// Bit of `flags`: do not compress the message, such as one with a secret beside
// text of somebody else's (RFC 7692 8), or a picture.
#define WSABI_SEND_UNCOMPRESSED 4

// HTTP/1.0, which is never upgraded (RFC 9110 7.8).
#define WSABI_HTTP_1_0 10

// HTTP/1.1.
#define WSABI_HTTP_1_1 11

// HTTP/2: an extended CONNECT, RFC 8441.
#define WSABI_HTTP_2 20

// HTTP/3: an extended CONNECT, RFC 9220.
#define WSABI_HTTP_3 30

// Number of the ABI that this header describes. It changes when a program
// compiled against another header could break.
#define WSABI_ABI_VERSION 0

// Bit of `flags`: others may listen to the address too, such as a server of
// another thread; the kernel shares the connections out.
#define WSABI_LISTEN_REUSE_PORT 1

// Bit of `flags`: TLS is spoken, 1.2 or 1.3, before anything else. A certificate has
// to be set, `wsabi_server_set_certificate`. The time for the handshake is a part of
// `WSABI_OPTION_OPENING_TIMEOUT`. Of one that fails nothing is listed; the peer gets an
// alert (RFC 8446 6).
#define WSABI_LISTEN_TLS 2

// What connections have in common: limits and policies. Made once, then shared
// by any number of connections and threads. While a connection uses it, it is
// immutable.
//
// Methods: `wsabi_config_new`, `_free`, `_set`, `_get`, `_add_subprotocol`,
// `_add_origin`, `_add_resource`, `_set_close_reason`.
typedef struct wsabi_config wsabi_config;

// One WebSocket connection, without a socket: octets received go in, events
// come out; messages go in, octets to send come out.
//
// The loop of a host: *receive, handle the events, write the output, ask for
// the interest.*
//
// Methods: `wsabi_conn_new_server`, `_new_client`, `_new_open`, `_reset`, `_free`,
// `_set_user_data`, `_user_data`;
// `_recv`, `_recv_eof`, `_recv_space`, `_recv_commit`, `_take`; `_output`,
// `_output_consumed`, `_output_size`;
// `_interest`, `_deadline`, `_handle_timeout`, `_state`, `_close_code`, `_failure`,
// `_subprotocol`, `_info`, `_set_trace`;
// `_send_text`, `_send_binary`, `_send`, `_send_borrowed`, `_send_prepared`,
// `_send_ping`, `_send_pong`, `_close`;
// `_recv_request`; `_head_method`, `_head_target`, `_head_path`, `_head_query`,
// `_head_query_parameter`, `_head_host`, `_head_origin`, `_head_find`,
// `_head_at`, `_offered_subprotocol`; `_accept`, `_accept_by`,
// `_accept_then_close`, `_decline_deflate`, `_reject`, `_respond`, `_redirect`,
// `_challenge`;
// `_response_status`, `_response_header`, `_response_body`.
typedef struct wsabi_conn wsabi_conn;

// What is wrong with a capture of opening handshakes or frames: findings, the
// worst first. It is immutable, and does not need the capture any more.
//
// Methods: `wsabi_explain`, `wsabi_explain_frames`, `wsabi_explanation_free`,
// `_count`, `_at`.
typedef struct wsabi_explanation wsabi_explanation;

// A message that is encoded, and compressed, once for many connections. Its
// octets are shared; the connections that still have to write them keep them.
//
// Methods: `wsabi_prepared_new`, `_free`; `wsabi_conn_send_prepared`.
typedef struct wsabi_prepared wsabi_prepared;

// A server as other threads see it: what they want is queued, and done by the
// server's thread within `wsabi_server_poll`, in order. This is the one object
// that any number of threads may use at the same time as its server.
//
// Methods: `wsabi_server_remote`; `wsabi_remote_free`, `_wake`, `_send`,
// `_send_prepared`, `_publish`, `_close`, `_shutdown`.
typedef struct wsabi_remote wsabi_remote;

// An event loop, for a host that has none: it accepts, reads, writes, tells the
// time, and lists the same events. For one thread at a time; a server for each
// thread shares a port (`WSABI_LISTEN_REUSE_PORT`). Other threads use its
// `wsabi_remote`. On Unix, with the feature `server`.
//
// The loop of a host: `wsabi_server_poll`, *handle the events*, again. What is
// queued on any connection of the server is written by the next call.
//
// A connection of a server belongs to it. Every function of `wsabi_conn` that
// decides, sends, closes or looks is for the application, on the server's thread;
// those that receive, write or tell the time are the server's, and return
// `WSABI_ERR_STATE`. `wsabi_conn_free` ends it at once, without a closing
// handshake, and nothing more of it is listed. Otherwise its last event is
// CLOSED. Either way the pointer is valid until the next `wsabi_server_poll`, so
// that further events of the same list need no thought. The config's
// `WSABI_OPTION_AUTO_ACCEPT` lets the library decide by itself.
//
// Methods: `wsabi_server_new`, `_free`, `_error`; `_listen`, `_listen_unix`,
// `_listen_fd`, `_adopt`; `_set_certificate`, `_set_certificate_pem`,
// `_share_certificates`; `_poll`; `_conn`, `_count`, `_peer_address`;
// `_subscribe`, `_unsubscribe`, `_publish`; `_shutdown`, `_stage`; `_metrics`,
// `_serve_metrics`; `_remote`.
typedef struct wsabi_server wsabi_server;

// Result of a call: 0, or a negative `WSABI_ERR_*`, which says that the caller
// broke a rule. Codes may be added; treat an unknown negative value as an
// error.
typedef int32_t wsabi_status;

// Key of an option, for `wsabi_config_set`. Values are pinned; keys may be
// added.
typedef uint32_t wsabi_option;

// Row of the table of options, for bindings and command lines. Set
// `struct_size` to `sizeof(wsabi_option_row)` before the call.
typedef struct {
  // Octets of this struct in the caller's header.
  size_t struct_size;
  // Name in lower case, such as "max_message_size". Static.
  const char *name;
  // Unit of the value, such as "octets". Static.
  const char *unit;
  // Default value.
  uint64_t default_value;
  // Smallest value allowed.
  uint64_t minimum;
  // Largest value allowed.
  uint64_t maximum;
  // Key for `wsabi_config_set`.
  wsabi_option option;
  // Always 0.
  uint32_t reserved;
} wsabi_option_row;

// Octets that somebody else owns, not terminated. Empty is `len` 0.
typedef struct {
  // First octet.
  const char *data;
  // Number of octets.
  size_t len;
} wsabi_slice;

// One HTTP header field.
typedef struct {
  // Field name.
  wsabi_slice name;
  // Field value, without white space around it.
  wsabi_slice value;
} wsabi_header;

// What a client asks for: `wsabi_client_request r = WSABI_CLIENT_REQUEST_INIT;`,
// then set what differs. Everything it points to is copied during the call.
//
// The library writes Upgrade, Connection and all of Sec-WebSocket-* by itself;
// these, Host, Origin and what concerns a body are refused in `headers`, and so
// is every octet that cannot stand in a field.
typedef struct {
  // Octets of this struct: `sizeof(wsabi_client_request)`.
  size_t struct_size;
  // Host and, unless it is the scheme's own, ":" and port.
  wsabi_slice host;
  // Path and query, such as "/chat?room=1".
  wsabi_slice target;
  // Origin; empty for none.
  wsabi_slice origin;
  // Further header fields; NULL for none.
  const wsabi_header *headers;
  // Number of `headers`.
  size_t header_count;
} wsabi_client_request;

// Which end of a connection.
typedef uint32_t wsabi_role;

// What an event says. Values are pinned; types may be added: ignore those that
// you do not know.
typedef int32_t wsabi_event_type;

// One thing that happened. The layout is frozen.
typedef struct {
  // What happened.
  wsabi_event_type type;
  // Bits `WSABI_FLAG_*`; ignore those that you do not know.
  uint16_t flags;
  // Status code, see the type.
  uint16_t code;
  // Payload: inside the octets given to `wsabi_conn_recv`, or in the
  // connection. See rule 5.
  const uint8_t *data;
  // Octets of the payload.
  size_t len;
} wsabi_event;

// One run of output. The layout is that of POSIX `struct iovec`, so that an
// array may be cast for `writev`.
typedef struct {
  // First octet.
  const void *base;
  // Number of octets.
  size_t len;
} wsabi_iovec;

// Bits of `wsabi_conn_interest`. Bits may be added.
typedef uint32_t wsabi_interest;

// State of a connection, with the names of RFC 6455.
typedef int32_t wsabi_state;

// Which rule the peer broke, see `wsabi_conn_failure`. 0 is none; 100 to 149
// are rules of the request, 150 to 199 of the response, 200 to 299 of frames
// and messages.
// Codes may be added.
typedef int32_t wsabi_failure;

// Key of `wsabi_conn_info`. Values are pinned; keys may be added.
typedef uint32_t wsabi_info;

// Receives lines of a trace: `len` octets of UTF-8 at `line`, without an end of
// line, valid during the call, which must not use the connection.
typedef void (*wsabi_trace_fn)(void *context, const char *line, size_t len);

// Type of a message, RFC 6455 5.6.
typedef uint32_t wsabi_message;

// Gives back octets that were lent: `context` as it was given. It is called once,
// inside a call on the connection that has them, which it must not use.
typedef void (*wsabi_release_fn)(void *context);

// A request that the host parsed: `wsabi_request r = WSABI_REQUEST_INIT;`, then
// set what differs. Everything it points to is copied during the call.
typedef struct {
  // Octets of this struct: `sizeof(wsabi_request)`.
  size_t struct_size;
  // A `WSABI_HTTP_*`.
  uint32_t version;
  // Must be 0.
  uint32_t reserved;
  // Method: "GET", or "CONNECT" in HTTP/2 and HTTP/3.
  wsabi_slice method;
  // Request target, or the `:path` of HTTP/2 and HTTP/3.
  wsabi_slice target;
  // The `:authority` of HTTP/2 and HTTP/3; empty in HTTP/1.1.
  wsabi_slice authority;
  // The `:protocol` of HTTP/2 and HTTP/3; empty in HTTP/1.1.
  wsabi_slice protocol;
  // Header fields, without those that begin with ":".
  const wsabi_header *headers;
  // Number of `headers`.
  size_t header_count;
} wsabi_request;

// An answer to a request: `wsabi_response r = WSABI_RESPONSE_INIT;`, then set
// what differs. Everything it points to is copied during the call.
//
// The library adds Content-Length and "Connection: close" by itself; 426 also
// gets Upgrade, which Connection then names too, and Sec-WebSocket-Version; 405
// gets Allow unless it is there. Those names, Transfer-Encoding and all of
// Sec-WebSocket-* are refused in `headers`, and so is every octet that cannot
// stand in a field (RFC 9110 5.5): no CR, LF or NUL gets onto the wire.
typedef struct {
  // Octets of this struct: `sizeof(wsabi_response)`.
  size_t struct_size;
  // HTTP status code. For `wsabi_conn_accept` 0, which stands for 101 (200 in
  // HTTP/2 and HTTP/3).
  uint32_t status;
  // Must be 0.
  uint32_t reserved;
  // Further header fields; NULL for none.
  const wsabi_header *headers;
  // Number of `headers`.
  size_t header_count;
  // Body; NULL for none.
  const void *body;
  // Octets of `body`.
  size_t body_len;
} wsabi_response;

// What a finding says. 1000 to 1099 are about captures and the syntax of heads,
// 1100 to 1199 about requests, 1200 to 1299 about responses, 1300 to 1399 about
// the accept value, 1400 to 1499 about frames. Values are pinned; kinds may be
// added.
typedef int32_t wsabi_finding_kind;

// How bad a finding is; the smaller, the worse. Values are pinned.
typedef int32_t wsabi_severity;

// What a finding is about. Values are pinned.
typedef int32_t wsabi_place;

// One finding. Set `struct_size` to `sizeof(wsabi_finding)` before the call.
// The texts are UTF-8 without control characters; they belong to the
// explanation and are valid until it is freed.
typedef struct {
  // Octets of this struct in the caller's header.
  size_t struct_size;
  // The text that breaks the rule, escaped, at most about 160 characters; of
  // a frame octets in hexadecimal. May be empty.
  wsabi_slice offending;
  // Where the rule stands, such as "RFC 6455 4.2.2".
  wsabi_slice section;
  // What is the case.
  wsabi_slice rule;
  // What is known about this case beyond the rule. May be empty.
  wsabi_slice detail;
  // What peers do about it.
  wsabi_slice peers;
  // How to mend it, with the right value where it can be computed.
  wsabi_slice remedy;
  // Which request, response or frame of the capture, from 1; 0 for the
  // capture.
  size_t index;
  // Line of the capture, from 1; 0 when it is about no line.
  size_t line;
  // Octet at which the frame begins; 0 outside frames.
  size_t offset;
  // What it is.
  wsabi_finding_kind kind;
  // How bad it is.
  wsabi_severity severity;
  // What it is about.
  wsabi_place place;
  // Always 0.
  uint32_t reserved;
} wsabi_finding;

// One event of a server's connection. The layout is frozen.
typedef struct {
  // Whose it is.
  wsabi_conn *conn;
  // What `wsabi_conn_user_data` returned when it was listed.
  void *user_data;
  // Names the connection, also for other threads; never used again.
  uint64_t id;
  // What happened. The payload is valid until the next call of
  // `wsabi_server_poll` or `wsabi_server_free`.
  wsabi_event event;
} wsabi_server_event;

// How far a server has come. Values may be added.
typedef int32_t wsabi_stage;

// What a server counted since it was made. Begin with `WSABI_METRICS_INIT`;
// members may be added behind.
typedef struct {
  // `sizeof(wsabi_metrics)`.
  size_t struct_size;
  // Connections that there are.
  uint64_t connections;
  // Connections that were accepted or adopted.
  uint64_t accepted;
  // Connections that were ended at once: there were too many.
  uint64_t refused;
  // Times that no connection could be accepted for want of descriptors or
  // memory.
  uint64_t accept_errors;
  // Requests that the application was asked about.
  uint64_t requests;
  // Connections that broke a rule or were waited for too long.
  uint64_t failures;
  // Messages, or pieces of them, that were listed.
  uint64_t messages_received;
  // Octets read, and where TLS is spoken decrypted.
  uint64_t octets_received;
  // Octets written, not counting what TLS adds.
  uint64_t octets_sent;
  // Messages of `wsabi_server_publish` and of a `wsabi_remote` that were queued.
  uint64_t messages_published;
  // Those that were left out.
  uint64_t messages_dropped;
} wsabi_metrics;

// Octets that the head of an opening handshake may have. A longer one is
// answered with 431. Default 16,384.
#define WSABI_OPTION_MAX_HEAD_SIZE 1

// Header fields that a head may have. More are answered with 431. Default 100.
#define WSABI_OPTION_MAX_HEADERS 2

// Octets that the payload of one frame may have; more fail with 1009. Default:
// no limit but that of the message.
#define WSABI_OPTION_MAX_FRAME_SIZE 3

// Octets that a message may have; more fail with 1009, as soon as the header
// of the frame that passes the limit is there. Default 16,777,216.
#define WSABI_OPTION_MAX_MESSAGE_SIZE 4

// Frames that a message may have, empty ones included; more fail with 1008.
// Default 131,072.
#define WSABI_OPTION_MAX_FRAGMENTS 5

// Octets of queued output from which on `wsabi_conn_interest` no longer asks
// for READ, so that a peer that does not read is no longer read from. Default
// 262,144.
#define WSABI_OPTION_OUTPUT_HIGH_MARK 6

// Octets of output that may be queued. A message that would pass it is refused
// with `WSABI_ERR_LIMIT`. Default 67,108,864. For an echo it should be at least
// the high mark, plus the largest message, plus what is read at once; with
// permessage-deflate, 32 times of that.
#define WSABI_OPTION_MAX_OUTPUT 7

// 1: a correct opening handshake is accepted as by `wsabi_conn_accept(conn,
// NULL, 0, NULL)`, and the event is OPEN instead of REQUEST. Default 0.
#define WSABI_OPTION_AUTO_ACCEPT 8

// 1: a request that is well-formed HTTP and makes no attempt at an opening
// handshake is the event HTTP_REQUEST, which the application answers with
// `wsabi_conn_reject`. 0: it is answered with 426. Default 0.
#define WSABI_OPTION_PLAIN_HTTP 9

// Whose order decides when several subprotocols are in common: a
// `WSABI_PREFERENCE_*`. Default 0.
#define WSABI_OPTION_SUBPROTOCOL_PREFERENCE 10

// What becomes of a client that names no subprotocol, when the config has some:
// a `WSABI_POLICY_*`. Default 0.
#define WSABI_OPTION_SUBPROTOCOL_ABSENT 11

// What becomes of a client that names none of the config's subprotocols, when
// it has some: a `WSABI_POLICY_*`. Default 0.
#define WSABI_OPTION_SUBPROTOCOL_MISMATCH 12

// HTTP status of `WSABI_POLICY_REJECT`: 400 to 599, but not 401 and 407.
// Default 400.
#define WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS 13

// Status code of the Close of `WSABI_POLICY_CLOSE`. Default 1,008.
#define WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE 14

// 1: requests are taken whose Origin names the host and port of their Host, as
// those of `wsabi_config_add_origin` are, and others not. Default 0.
#define WSABI_OPTION_ALLOW_SAME_HOST 15

// Octets of a response's body that a client keeps for the event REJECTED.
// Default 65,536.
#define WSABI_OPTION_MAX_REJECTION_BODY 16

// 1: permessage-deflate (RFC 7692) is negotiated: a server agrees to it when a
// client offers it, a client offers it. Default 1. In a library that was built
// without it the default is 0, and nothing else is taken.
#define WSABI_OPTION_DEFLATE 17

// Level of compression, 1 (fast) to 9 (small). Default 3.
#define WSABI_OPTION_DEFLATE_LEVEL 18

// Memory of a compressor as a level, 1 to 9. A context that compresses takes
// 134,272 octets, 4 times its window of at least 512, and 7 times 2 to the power
// of this plus 6: by default 380,032, at least 137,216. One that inflates takes
// 47,552 whatever is set, and 32,768 more with context takeover. Default 8.
#define WSABI_OPTION_DEFLATE_MEMORY_LEVEL 19

// Octets from which on a message is compressed; smaller ones gain little or
// nothing. Default 256.
#define WSABI_OPTION_DEFLATE_MIN_SIZE 20

// Largest window of the server's compressor, as the logarithm of its octets: 8
// to 15 (RFC 7692 7.1.2.1). Default 15.
#define WSABI_OPTION_SERVER_MAX_WINDOW_BITS 21

// The same of the client's (RFC 7692 7.1.2.2); a server can ask for it only when
// the client offers to. Default 15.
#define WSABI_OPTION_CLIENT_MAX_WINDOW_BITS 22

// 1: the server's compressor forgets each message (RFC 7692 7.1.1.1), so that
// contexts are shared by all connections of the config, of which at most 16 of
// each kind wait for the next message. 0: it keeps a context for each connection,
// from the first message on, unless the client demands otherwise. Default 1.
#define WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER 23

// The same of the client's compressor, and so of the server's memory for what it
// receives (RFC 7692 7.1.1.2). Default 1.
#define WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER 24

// Milliseconds for the client's request to arrive, and for a client the server's
// response; see `wsabi_conn_handle_timeout`. A server answers 408. It does not
// limit the application's decision. 0: no limit. Default 10,000.
#define WSABI_OPTION_OPENING_TIMEOUT 25

// Milliseconds that the peer has for the end of the connection: from our Close,
// our refusal or a failure on, and from the last octet on that it took since.
// What it did not take by then is dropped, also when it ended its side itself. 0:
// no limit. Default 10,000.
#define WSABI_OPTION_CLOSING_TIMEOUT 26

// Milliseconds between pings that the library sends by itself (RFC 6455 5.5.2),
// so that proxies keep the connection and a dead peer is found. The pongs are
// events as any. 0: none. Default 0.
#define WSABI_OPTION_PING_INTERVAL 27

// Milliseconds for the pong to such a ping; any octet of the peer's counts for
// it, as it may be in the middle of a large message. Then the connection fails
// with 1011. 0: no limit. Default 20,000.
#define WSABI_OPTION_PONG_TIMEOUT 28

// Milliseconds without an octet from the peer, pongs included, after which an
// open connection fails with 1001. 0: no limit. Default 0.
#define WSABI_OPTION_IDLE_TIMEOUT 29

// Octets of queued output below which a queue that had reached
// `WSABI_OPTION_OUTPUT_HIGH_MARK`, or had no room for a message, is drained: the
// event DRAINED is listed, and `wsabi_conn_interest` asks for READ again. Above
// the high mark it counts as the high mark. Default 65,536.
#define WSABI_OPTION_OUTPUT_LOW_MARK 30

// 1: messages are listed in pieces as their octets arrive, so that one of any
// size passes in constant memory: `WSABI_FLAG_FIRST` and `WSABI_FLAG_LAST` mark
// the ends. `WSABI_OPTION_MAX_MESSAGE_SIZE` still counts. Default 0.
#define WSABI_OPTION_MESSAGE_PIECES 31

// 1: a connection counts what goes in and out, for `wsabi_conn_info`, and has
// 100 octets more for it. Default 0.
#define WSABI_OPTION_COUNTERS 32

// Connections that a server has at most; what is beyond is closed at once. Default
// 16,777,216.
#define WSABI_OPTION_MAX_CONNECTIONS 33

// Connections that a server has at most from one address, 0 for as many as in all.
// Default 0.
#define WSABI_OPTION_MAX_CONNECTIONS_PER_ADDRESS 34

// Octets that a server reads at once; its buffer is as large. Default 262,144.
#define WSABI_OPTION_READ_SIZE 35

// A correct opening handshake arrived and waits for the application's decision:
// `wsabi_conn_accept`, `_accept_by`, `_accept_then_close`, `_reject`, `_redirect`
// or `_challenge`, now or later. The payload is the request target.
#define WSABI_EVENT_REQUEST 1

// The connection is open: messages can be sent. Listed when the server accepted
// this client, or the library this server's client
// (`WSABI_OPTION_AUTO_ACCEPT`); after `wsabi_conn_accept` the connection is open
// at once, without an event.
#define WSABI_EVENT_OPEN 2

// The server's response is no 101: a client is told. `code` is the HTTP status,
// a redirect or 401 too; the payload is the body, up to
// `WSABI_OPTION_MAX_REJECTION_BODY`. `wsabi_conn_response_header` has the
// header fields. The connection is over.
#define WSABI_EVENT_REJECTED 3

// A text message: valid UTF-8.
#define WSABI_EVENT_TEXT 4

// A binary message.
#define WSABI_EVENT_BINARY 5

// A ping; the pong is on its way already. The payload is the ping's.
#define WSABI_EVENT_PING 6

// A pong, also one that no ping asked for. The payload is the pong's.
#define WSABI_EVENT_PONG 7

// The peer's Close. `code` is its status code, 1005 for none; the payload is
// the reason, valid UTF-8. Messages may still be sent until the next call that
// receives, or of `_output`, `_interest` or `_handle_timeout`, which queues the
// answer.
#define WSABI_EVENT_CLOSE 8

// The peer broke a rule. `code` is the status code of the Close that it will be
// sent or, in a server's opening handshake, the HTTP status of the answer; 1006
// for a bad response, which is not answered. The payload
// is `wsabi_failure_text(wsabi_conn_failure(conn))`, which the Close or the
// answer says too. Nothing that the peer sends from here on is listed, but its
// Close when `WSABI_POLICY_CLOSE` accepted and closed.
#define WSABI_EVENT_FAILED 9

// The peer's octet stream ended, as told by `wsabi_conn_recv_eof`, or was waited
// for too long (`wsabi_conn_handle_timeout`). `code` is that of
// `wsabi_conn_close_code`.
#define WSABI_EVENT_CLOSED 10

// A plain HTTP request (`WSABI_OPTION_PLAIN_HTTP`) that waits for
// `wsabi_conn_reject`. The payload is the request target.
#define WSABI_EVENT_HTTP_REQUEST 11

// The queue of output had reached `WSABI_OPTION_OUTPUT_HIGH_MARK`, or a send
// was refused with `WSABI_ERR_LIMIT`, and is at `WSABI_OPTION_OUTPUT_LOW_MARK`
// or below: the application may send on. `WSABI_INTEREST_RECV` says that it is to
// be fetched.
#define WSABI_EVENT_DRAINED 12

// The end that was connected to.
#define WSABI_ROLE_SERVER 0

// The end that connected: it masks what it sends.
#define WSABI_ROLE_CLIENT 1

// Read from the socket when it is readable and give the octets to
// `wsabi_conn_recv`, or call `wsabi_conn_recv_eof`.
#define WSABI_INTEREST_READ 1

// Write the output when the socket is writable.
#define WSABI_INTEREST_WRITE 2

// Call `shutdown(fd, SHUT_WR)`: nothing more will be sent. The bit stays set;
// another call does no harm.
#define WSABI_INTEREST_SHUTDOWN_WRITE 4

// Close the socket and free the connection.
#define WSABI_INTEREST_CLOSE 8

// Call `wsabi_conn_recv` at once, if need be without octets (NULL, 0): there is
// something to be listed, such as octets that came before the decision on a
// request.
#define WSABI_INTEREST_RECV 16

// The opening handshake is not over.
#define WSABI_STATE_CONNECTING 0

// Messages can be sent.
#define WSABI_STATE_OPEN 1

// A Close was sent.
#define WSABI_STATE_CLOSING 2

// The peer's octet stream ended, or the opening handshake was refused.
#define WSABI_STATE_CLOSED 3

// Octets received, those of the opening handshake too. This and all up to
// COMPRESSED_SENT are counted with `WSABI_OPTION_COUNTERS`, or a trace.
#define WSABI_INFO_OCTETS_RECEIVED 1

// Octets of the output that were consumed.
#define WSABI_INFO_OCTETS_SENT 2

// Frames received.
#define WSABI_INFO_FRAMES_RECEIVED 3

// Frames queued.
#define WSABI_INFO_FRAMES_SENT 4

// Messages received, as of the header of their last frame.
#define WSABI_INFO_MESSAGES_RECEIVED 5

// Messages queued, to their end.
#define WSABI_INFO_MESSAGES_SENT 6

// Pings received.
#define WSABI_INFO_PINGS_RECEIVED 7

// Pings queued, of the application and of the library.
#define WSABI_INFO_PINGS_SENT 8

// Octets of the payloads of compressed messages received, as they were sent.
#define WSABI_INFO_COMPRESSED_RECEIVED 9

// The same of those queued.
#define WSABI_INFO_COMPRESSED_SENT 10

// Milliseconds between the last ping of the library's own that was answered
// (`WSABI_OPTION_PING_INTERVAL`) and its pong.
#define WSABI_INFO_ROUND_TRIP 11

// 1 when permessage-deflate was agreed on, else 0.
#define WSABI_INFO_DEFLATE 12

// The window of this side's compressor, 8 to 15 (RFC 7692 7.1.2). This and the
// next two are there when permessage-deflate was agreed on.
#define WSABI_INFO_DEFLATE_WINDOW_BITS 13

// 1 when this side's compressor keeps its history (RFC 7692 7.1.1), else 0.
#define WSABI_INFO_DEFLATE_TAKEOVER 14

// 1 when the peer's does.
#define WSABI_INFO_DEFLATE_PEER_TAKEOVER 15

// UTF-8.
#define WSABI_MESSAGE_TEXT 1

// Octets.
#define WSABI_MESSAGE_BINARY 2

// Success.
#define WSABI_OK 0

// A pointer that must not be NULL was NULL.
#define WSABI_ERR_NULL -1

// An argument has a value that the function does not take.
#define WSABI_ERR_ARGUMENT -2

// The object is not in a state in which the call is allowed.
#define WSABI_ERR_STATE -3

// The call would pass a limit of the config.
#define WSABI_ERR_LIMIT -4

// Memory for the call could not be had.
#define WSABI_ERR_MEMORY -5

// This library does not know the code that it was given: it is older than the
// header, or was built without the feature.
#define WSABI_ERR_UNSUPPORTED -6

// There is no such element.
#define WSABI_ERR_NOT_FOUND -7

// The operating system gave no random octets.
#define WSABI_ERR_RANDOM -8

// The operating system refused what a server asked for; `wsabi_server_error`
// says what, and why.
#define WSABI_ERR_IO -9

// A bug in wsabi. The object may only be freed; others are not affected.
#define WSABI_ERR_INTERNAL -99

// The request line is malformed. RFC 9112 3.
#define WSABI_FAILURE_BAD_REQUEST_LINE 101

// A line of the head does not end with CR LF. RFC 9112 2.2.
#define WSABI_FAILURE_BAD_LINE_END 102

// A header field line is malformed. RFC 9112 5.
#define WSABI_FAILURE_BAD_HEADER 103

// The head of the request is longer than this server takes. RFC 6585 5.
#define WSABI_FAILURE_HEAD_TOO_LONG 104

// The request has more header fields than this server takes. RFC 6585 5.
#define WSABI_FAILURE_TOO_MANY_HEADERS 105

// The HTTP version of the request is not 1.1. RFC 9110 15.6.6.
#define WSABI_FAILURE_HTTP_VERSION 106

// A TLS handshake arrived where plain HTTP is spoken; use ws://, not wss://.
// RFC 6455 11.1.2.
#define WSABI_FAILURE_TLS 107

// The request target is neither a path nor an http(s) or ws(s) URI without
// fragment. RFC 9112 3.2.
#define WSABI_FAILURE_BAD_TARGET 108

// The request has no Host header field. RFC 9112 3.2.
#define WSABI_FAILURE_HOST_MISSING 109

// The request has more than one Host header field. RFC 9112 3.2.
#define WSABI_FAILURE_HOST_REPEATED 110

// The value of the Host header field is no host with an optional port. RFC
// 9112 3.2.
#define WSABI_FAILURE_HOST_MALFORMED 111

// The request announces a body, which an opening handshake does not have. RFC
// 6455 4.1.
#define WSABI_FAILURE_BODY 112

// The method of an opening handshake is GET. RFC 6455 4.1.
#define WSABI_FAILURE_METHOD 113

// An HTTP/1.0 request cannot be upgraded. RFC 9110 7.8.
#define WSABI_FAILURE_HTTP_1_0 114

// The Upgrade header field does not name websocket. RFC 6455 4.2.1.
#define WSABI_FAILURE_UPGRADE_MISSING 115

// The Connection header field does not name upgrade. RFC 6455 4.2.1.
#define WSABI_FAILURE_CONNECTION_MISSING 116

// This is a WebSocket endpoint, and the request is no opening handshake. RFC
// 6455 4.2.1.
#define WSABI_FAILURE_PLAIN_HTTP 117

// The request has no Sec-WebSocket-Version header field. RFC 6455 4.2.1.
#define WSABI_FAILURE_VERSION_MISSING 118

// The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
#define WSABI_FAILURE_VERSION_UNSUPPORTED 119

// The request has more than one Sec-WebSocket-Version header field. RFC 6455
// 11.3.5.
#define WSABI_FAILURE_VERSION_REPEATED 120

// The request has no Sec-WebSocket-Key header field. RFC 6455 4.2.1.
#define WSABI_FAILURE_KEY_MISSING 121

// The request has more than one Sec-WebSocket-Key header field. RFC 6455
// 11.3.1.
#define WSABI_FAILURE_KEY_REPEATED 122

// The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC 6455
// 4.2.1.
#define WSABI_FAILURE_KEY_INVALID 123

// Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455 4.1.
#define WSABI_FAILURE_BAD_SUBPROTOCOL 124

// No memory for the request. RFC 9110 15.6.4.
#define WSABI_FAILURE_REQUEST_OUT_OF_MEMORY 125

// This server demands a subprotocol, and the request offers none. RFC 6455
// 4.2.2.
#define WSABI_FAILURE_SUBPROTOCOL_ABSENT 126

// This server speaks none of the subprotocols that the request offers. RFC
// 6455 4.2.2.
#define WSABI_FAILURE_SUBPROTOCOL_MISMATCH 127

// The Origin of the request is not one that this server takes. RFC 6455 10.2.
#define WSABI_FAILURE_ORIGIN_NOT_ALLOWED 128

// There is no such resource. RFC 6455 4.2.2.
#define WSABI_FAILURE_UNKNOWN_RESOURCE 129

// The :protocol of the extended CONNECT is not websocket. RFC 9220 3.
#define WSABI_FAILURE_UNKNOWN_PROTOCOL 130

// The request did not arrive in time. RFC 9110 15.5.9.
#define WSABI_FAILURE_TIMEOUT 131

// The status line is malformed. RFC 9112 4.
#define WSABI_FAILURE_RESPONSE_BAD_STATUS_LINE 151

// A line of the response does not end with CR LF. RFC 9112 2.2.
#define WSABI_FAILURE_RESPONSE_BAD_LINE_END 152

// A header field line of the response is malformed. RFC 9112 5.
#define WSABI_FAILURE_RESPONSE_BAD_HEADER 153

// The head of the response is longer than this client takes. RFC 6455 10.4.
#define WSABI_FAILURE_RESPONSE_HEAD_TOO_LONG 154

// The response has more header fields than this client takes. RFC 6455 10.4.
#define WSABI_FAILURE_RESPONSE_TOO_MANY_HEADERS 155

// The HTTP version of the response is not 1.1. RFC 6455 4.1.
#define WSABI_FAILURE_RESPONSE_HTTP_VERSION 156

// The server answers with TLS; use wss://, not ws://. RFC 6455 4.1.
#define WSABI_FAILURE_RESPONSE_TLS 157

// The Upgrade header field of the response does not name websocket. RFC 6455
// 4.1.
#define WSABI_FAILURE_RESPONSE_UPGRADE_MISSING 158

// The Connection header field of the response does not name upgrade. RFC 6455
// 4.1.
#define WSABI_FAILURE_RESPONSE_CONNECTION_MISSING 159

// The response has no Sec-WebSocket-Accept header field. RFC 6455 4.1.
#define WSABI_FAILURE_RESPONSE_ACCEPT_MISSING 160

// The response has more than one Sec-WebSocket-Accept header field. RFC 6455
// 11.3.3.
#define WSABI_FAILURE_RESPONSE_ACCEPT_REPEATED 161

// The value of Sec-WebSocket-Accept does not answer the key. RFC 6455 4.1.
#define WSABI_FAILURE_RESPONSE_ACCEPT_WRONG 162

// The response names an extension that the request did not offer. RFC 6455
// 4.1.
#define WSABI_FAILURE_RESPONSE_EXTENSION_NOT_OFFERED 163

// The response names a subprotocol that the request did not offer. RFC 6455
// 4.1.
#define WSABI_FAILURE_RESPONSE_SUBPROTOCOL_NOT_OFFERED 164

// The response has more than one Sec-WebSocket-Protocol header field. RFC 6455
// 11.3.4.
#define WSABI_FAILURE_RESPONSE_SUBPROTOCOL_REPEATED 165

// No memory for the response. RFC 6455 10.4.
#define WSABI_FAILURE_RESPONSE_OUT_OF_MEMORY 166

// The answer to permessage-deflate is not one to the offer. RFC 7692 7.1.
#define WSABI_FAILURE_RESPONSE_EXTENSION_ANSWER 167

// The response did not arrive in time. RFC 6455 4.1.
#define WSABI_FAILURE_RESPONSE_TIMEOUT 168

// A reserved bit is set that no extension defines. RFC 6455 5.2.
#define WSABI_FAILURE_RESERVED_BIT 201

// The opcode is reserved. RFC 6455 5.2.
#define WSABI_FAILURE_RESERVED_OPCODE 202

// A control frame is fragmented. RFC 6455 5.5.
#define WSABI_FAILURE_FRAGMENTED_CONTROL 203

// A control frame has more than 125 octets of payload. RFC 6455 5.5.
#define WSABI_FAILURE_LONG_CONTROL 204

// The payload length is not encoded in the fewest octets. RFC 6455 5.2.
#define WSABI_FAILURE_NON_MINIMAL_LENGTH 205

// The most significant bit of the 64-bit payload length is set. RFC 6455 5.2.
#define WSABI_FAILURE_LENGTH_TOO_LARGE 206

// A frame from the client is not masked. RFC 6455 5.1.
#define WSABI_FAILURE_UNMASKED 207

// A continuation frame without a message to continue. RFC 6455 5.4.
#define WSABI_FAILURE_NOTHING_TO_CONTINUE 208

// A new message begins inside a fragmented one. RFC 6455 5.4.
#define WSABI_FAILURE_MESSAGE_INTERRUPTED 209

// A text message is not valid UTF-8. RFC 6455 8.1.
#define WSABI_FAILURE_BAD_UTF8 210

// The payload of a Close has one octet. RFC 6455 5.5.1.
#define WSABI_FAILURE_CLOSE_ONE_OCTET 211

// The status code of a Close may not be sent. RFC 6455 7.4.
#define WSABI_FAILURE_CLOSE_CODE 212

// The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
#define WSABI_FAILURE_CLOSE_REASON 213

// A frame is larger than this endpoint takes. RFC 6455 10.4.
#define WSABI_FAILURE_FRAME_TOO_BIG 214

// A message is larger than this endpoint takes. RFC 6455 10.4.
#define WSABI_FAILURE_MESSAGE_TOO_BIG 215

// A message has more fragments than this endpoint takes. RFC 6455 10.4.
#define WSABI_FAILURE_TOO_MANY_FRAGMENTS 216

// No memory for a message of this size. RFC 6455 10.4.
#define WSABI_FAILURE_OUT_OF_MEMORY 217

// A frame from the server is masked. RFC 6455 5.1.
#define WSABI_FAILURE_MASKED 218

// The payload of a compressed message is no DEFLATE. RFC 7692 7.2.2.
#define WSABI_FAILURE_BAD_COMPRESSION 219

// No pong came in time, nor anything else. RFC 6455 5.5.2.
#define WSABI_FAILURE_PONG_TIMEOUT 220

// Nothing came for the time that a connection may be idle. RFC 6455 7.4.1.
#define WSABI_FAILURE_IDLE_TIMEOUT 221

// The connection fails with every peer that keeps to the RFC.
#define WSABI_SEVERITY_FATAL 1

// Browsers fail the connection, or some of them; other clients go on.
#define WSABI_SEVERITY_BROWSERS 2

// Allowed, or overlooked by most, and a source of trouble.
#define WSABI_SEVERITY_RISKY 3

// Worth knowing.
#define WSABI_SEVERITY_NOTE 4

// The capture as a whole.
#define WSABI_PLACE_CAPTURE 0

// A request.
#define WSABI_PLACE_REQUEST 1

// A response.
#define WSABI_PLACE_RESPONSE 2

// A frame.
#define WSABI_PLACE_FRAME 3

// No head of a request or response is found. RFC 9112 2.1.
#define WSABI_FINDING_NOTHING_FOUND 1001

// There are more findings than are listed. RFC 6455 4.
#define WSABI_FINDING_TOO_MANY_FINDINGS 1002

// No empty line ends the head. RFC 9112 2.1.
#define WSABI_FINDING_HEAD_UNFINISHED 1003

// TLS is spoken where plain HTTP was expected. RFC 6455 11.1.2.
#define WSABI_FINDING_TLS 1004

// The request line is malformed. RFC 9112 3.
#define WSABI_FINDING_REQUEST_LINE_MALFORMED 1010

// The status line is malformed. RFC 9112 4.
#define WSABI_FINDING_STATUS_LINE_MALFORMED 1011

// The head begins with a header field, its first line is missing. RFC 9112
// 2.1.
#define WSABI_FINDING_START_LINE_MISSING 1012

// The request is HTTP/1.0, which cannot be upgraded. RFC 9110 7.8.
#define WSABI_FINDING_HTTP10_REQUEST 1013

// The HTTP version is none that this syntax has. RFC 9112 2.3.
#define WSABI_FINDING_HTTP_VERSION_UNKNOWN 1014

// A line of the head is no header field. RFC 9112 5.
#define WSABI_FINDING_FIELD_MALFORMED 1015

// There is white space between a field name and its colon. RFC 9112 5.1.
#define WSABI_FINDING_SPACE_BEFORE_COLON 1016

// A field value goes on in a second line. RFC 9112 5.2.
#define WSABI_FINDING_FOLDED_LINE 1017

// There is a CR inside a line. RFC 9112 2.2.
#define WSABI_FINDING_STRAY_CR 1018

// There is a control character in a header field. RFC 9110 5.5.
#define WSABI_FINDING_CONTROL_OCTET 1019

// A field name is no token. RFC 9110 5.1.
#define WSABI_FINDING_FIELD_NAME_MALFORMED 1020

// An encoded line end stands in the head. RFC 9110 17.3.
#define WSABI_FINDING_INJECTION_SIGN 1021

// Some lines of the head end with CR LF and others with a lone LF. RFC 9112
// 2.2.
#define WSABI_FINDING_LINE_ENDS_MIXED 1022

// A field that has one value stands there more than once. RFC 9110 5.3.
#define WSABI_FINDING_FIELD_REPEATED 1023

// The method of an opening handshake is GET. RFC 6455 4.1.
#define WSABI_FINDING_METHOD_NOT_GET 1101

// The request target is neither a path nor an http(s) or ws(s) URI without
// fragment. RFC 9112 3.2.
#define WSABI_FINDING_TARGET_MALFORMED 1102

// The request has no Host. RFC 6455 4.1.
#define WSABI_FINDING_HOST_MISSING 1103

// Host has no value. RFC 9112 3.2.
#define WSABI_FINDING_HOST_EMPTY 1104

// The value of Host is no host with an optional port. RFC 9112 3.2.
#define WSABI_FINDING_HOST_MALFORMED 1105

// The request has more than one Host. RFC 9112 3.2.
#define WSABI_FINDING_HOST_REPEATED 1106

// The request shows no sign of an opening handshake. RFC 6455 4.1.
#define WSABI_FINDING_NOT_AHANDSHAKE 1107

// The request has no Upgrade. RFC 6455 4.1.
#define WSABI_FINDING_UPGRADE_MISSING 1108

// Upgrade does not name websocket. RFC 6455 4.1.
#define WSABI_FINDING_UPGRADE_NOT_WEBSOCKET 1109

// The request has no Connection. RFC 6455 4.1.
#define WSABI_FINDING_CONNECTION_MISSING 1110

// Connection does not name upgrade. RFC 6455 4.1.
#define WSABI_FINDING_CONNECTION_NOT_UPGRADE 1111

// A proxy sent the request on as HTTP/1.0 and took the Upgrade away. RFC 9110
// 7.8.
#define WSABI_FINDING_PROXY_HTTP10 1112

// The request lost its Upgrade on the way: a proxy removed it. RFC 9110 7.6.1.
#define WSABI_FINDING_PROXY_TOOK_UPGRADE 1113

// The request lost its Connection: upgrade on the way: a proxy closes instead.
// RFC 9110 7.6.1.
#define WSABI_FINDING_PROXY_TOOK_CONNECTION 1114

// The request has no Sec-WebSocket-Version. RFC 6455 4.1.
#define WSABI_FINDING_VERSION_MISSING 1115

// The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
#define WSABI_FINDING_VERSION_UNSUPPORTED 1116

// The request has more than one Sec-WebSocket-Version. RFC 6455 11.3.5.
#define WSABI_FINDING_VERSION_REPEATED 1117

// The request has no Sec-WebSocket-Key. RFC 6455 4.1.
#define WSABI_FINDING_KEY_MISSING 1118

// The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC 6455
// 4.1.
#define WSABI_FINDING_KEY_INVALID 1119

// The request has more than one Sec-WebSocket-Key. RFC 6455 11.3.1.
#define WSABI_FINDING_KEY_REPEATED 1120

// The key is the RFC's example. RFC 6455 4.1.
#define WSABI_FINDING_KEY_FROM_THE_RFC 1121

// The handshake is of a draft that was given up before the RFC. RFC 6455 4.1.
#define WSABI_FINDING_OLD_DRAFT 1122

// Sec-WebSocket-Accept stands in a request. RFC 6455 11.3.3.
#define WSABI_FINDING_ACCEPT_IN_REQUEST 1123

// The request announces a body, which an opening handshake does not have. RFC
// 6455 4.1.
#define WSABI_FINDING_REQUEST_BODY 1124

// Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455 4.1.
#define WSABI_FINDING_SUBPROTOCOL_MALFORMED 1125

// A subprotocol is offered twice. RFC 6455 4.1.
#define WSABI_FINDING_SUBPROTOCOL_TWICE 1126

// Sec-WebSocket-Protocol offers nothing. RFC 6455 11.3.4.
#define WSABI_FINDING_SUBPROTOCOL_OFFER_EMPTY 1127

// Origin has no value. RFC 6454 7.
#define WSABI_FINDING_ORIGIN_EMPTY 1128

// The value of Origin is no scheme, host and port. RFC 6454 7.
#define WSABI_FINDING_ORIGIN_MALFORMED 1129

// Origin is null: a local file, a sandbox or a redirect. RFC 6454 7.3.
#define WSABI_FINDING_ORIGIN_NULL 1130

// The syntax of Sec-WebSocket-Extensions is broken. RFC 6455 9.1.
#define WSABI_FINDING_EXTENSION_OFFER_MALFORMED 1131

// An offer of permessage-deflate has a parameter that it cannot have. RFC 7692
// 7.1.
#define WSABI_FINDING_DEFLATE_OFFER_INVALID 1132

// The key stands in quotes. RFC 6455 4.1.
#define WSABI_FINDING_KEY_QUOTED 1133

// The method of an opening handshake over HTTP/2 is CONNECT. RFC 8441 4.
#define WSABI_FINDING_HTTP2_METHOD 1140

// The request has no :protocol websocket. RFC 8441 4.
#define WSABI_FINDING_HTTP2_PROTOCOL 1141

// An extended CONNECT lacks :scheme, :path or :authority. RFC 8441 4.
#define WSABI_FINDING_HTTP2_PSEUDO_MISSING 1142

// A field of HTTP/1.1's connections stands in HTTP/2. RFC 9113 8.2.2.
#define WSABI_FINDING_HTTP2_CONNECTION 1143

// Sec-WebSocket-Key or -Accept stands in HTTP/2. RFC 8441 5.
#define WSABI_FINDING_HTTP2_KEY 1144

// The status is a success other than 101: the server took it for a request for
// a page. RFC 6455 4.1.
#define WSABI_FINDING_STATUS_SUCCESS 1201

// The status is a redirect. RFC 6455 4.1.
#define WSABI_FINDING_STATUS_REDIRECT 1202

// The status is 400: the server finds the request wrong. RFC 6455 4.2.2.
#define WSABI_FINDING_STATUS_BAD_REQUEST 1203

// The server or a proxy wants credentials. RFC 9110 15.5.2.
#define WSABI_FINDING_STATUS_UNAUTHORIZED 1204

// The status is 403: most often the server does not like the Origin. RFC 6455
// 4.2.2.
#define WSABI_FINDING_STATUS_FORBIDDEN 1205

// There is no such endpoint at this path. RFC 9110 15.5.5.
#define WSABI_FINDING_STATUS_NOT_FOUND 1206

// The status is 405: the server does not like the method. RFC 9110 15.5.6.
#define WSABI_FINDING_STATUS_METHOD 1207

// The status is 426: the Upgrade did not reach the server, or the version is
// wrong. RFC 9110 15.5.22.
#define WSABI_FINDING_STATUS_UPGRADE_REQUIRED 1208

// The server failed on the request. RFC 9110 15.6.1.
#define WSABI_FINDING_STATUS_SERVER_ERROR 1209

// A proxy got no proper answer from the server behind it. RFC 9110 15.6.3.
#define WSABI_FINDING_STATUS_GATEWAY 1210

// The server or a proxy has no capacity, or no server behind it. RFC 9110
// 15.6.4.
#define WSABI_FINDING_STATUS_UNAVAILABLE 1211

// The status is not 101. RFC 6455 4.1.
#define WSABI_FINDING_STATUS_OTHER 1212

// The response has no Upgrade. RFC 6455 4.2.2.
#define WSABI_FINDING_UPGRADE_ABSENT 1213

// Upgrade in the response is not websocket. RFC 6455 4.1.
#define WSABI_FINDING_UPGRADE_OTHER 1214

// The response has no Connection. RFC 6455 4.2.2.
#define WSABI_FINDING_CONNECTION_ABSENT 1215

// Connection in the response does not name upgrade. RFC 6455 4.1.
#define WSABI_FINDING_CONNECTION_OTHER 1216

// The response is HTTP/1.0, which has no 101. RFC 9110 7.8.
#define WSABI_FINDING_HTTP10_RESPONSE 1217

// Sec-WebSocket-Accept stands in a response that refuses. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_IN_ERROR 1218

// A 101 announces a body. RFC 9110 8.6.
#define WSABI_FINDING_RESPONSE_BODY 1219

// Sec-WebSocket-Key stands in a response. RFC 6455 11.3.1.
#define WSABI_FINDING_KEY_IN_RESPONSE 1220

// The capture has no request for this response. RFC 6455 4.1.
#define WSABI_FINDING_REQUEST_ABSENT 1221

// A 426 does not say in Upgrade what to upgrade to. RFC 9110 15.5.22.
#define WSABI_FINDING_UPGRADE_REQUIRED_BARE 1222

// The response names a subprotocol that the request did not offer. RFC 6455
// 4.1.
#define WSABI_FINDING_SUBPROTOCOL_NOT_OFFERED 1223

// The response names more than one subprotocol. RFC 6455 4.2.2.
#define WSABI_FINDING_SUBPROTOCOL_LIST 1224

// Sec-WebSocket-Protocol in the response has no value. RFC 6455 11.3.4.
#define WSABI_FINDING_SUBPROTOCOL_EMPTY 1225

// Subprotocols are offered and none is chosen. RFC 6455 4.2.2.
#define WSABI_FINDING_SUBPROTOCOL_NOT_CHOSEN 1226

// The response has more than one Sec-WebSocket-Protocol. RFC 6455 11.3.4.
#define WSABI_FINDING_SUBPROTOCOL_REPEATED 1227

// The subprotocol is an offered one in other letters: their case matters. RFC
// 6455 4.1.
#define WSABI_FINDING_SUBPROTOCOL_CASE 1228

// The response uses an extension that the request did not offer. RFC 6455 4.1.
#define WSABI_FINDING_EXTENSION_NOT_OFFERED 1229

// The syntax of Sec-WebSocket-Extensions in the response is broken. RFC 6455
// 9.1.
#define WSABI_FINDING_EXTENSION_MALFORMED 1230

// permessage-deflate is answered with a parameter that it cannot have. RFC
// 7692 7.1.
#define WSABI_FINDING_DEFLATE_ANSWER_INVALID 1231

// permessage-deflate is answered with what the offer does not allow. RFC 7692
// 7.1.
#define WSABI_FINDING_DEFLATE_NOT_OFFERED 1232

// Over HTTP/2 the opening handshake is accepted with a status of 2xx. RFC 8441
// 5.
#define WSABI_FINDING_HTTP2_STATUS 1240

// The response has no Sec-WebSocket-Accept. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_MISSING 1300

// The response has more than one Sec-WebSocket-Accept. RFC 6455 11.3.3.
#define WSABI_FINDING_ACCEPT_REPEATED 1301

// Sec-WebSocket-Accept is not the base64 form of 20 octets. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_MALFORMED 1302

// Sec-WebSocket-Accept does not belong to the key, by no known mistake. RFC
// 6455 4.1.
#define WSABI_FINDING_ACCEPT_WRONG 1303

// Sec-WebSocket-Accept is made without the GUID. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_GUID_MISSING 1304

// Sec-WebSocket-Accept is made with a GUID that is misspelt. RFC 6455 1.3.
#define WSABI_FINDING_ACCEPT_GUID_MISSPELT 1305

// Sec-WebSocket-Accept is made with the GUID in lower case. RFC 6455 1.3.
#define WSABI_FINDING_ACCEPT_GUID_LOWER_CASE 1306

// Sec-WebSocket-Accept is made with the GUID before the key. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_GUID_FIRST 1307

// Sec-WebSocket-Accept is made from the decoded key. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_KEY_DECODED 1308

// Sec-WebSocket-Accept is made from the key with white space or a line end.
// RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_KEY_UNTRIMMED 1309

// Sec-WebSocket-Accept is made from an altered key. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_KEY_ALTERED 1310

// Sec-WebSocket-Accept is made from the digest's hexadecimal digits. RFC 6455
// 4.2.2.
#define WSABI_FINDING_ACCEPT_HEX_DIGEST 1311

// Sec-WebSocket-Accept is made with another hash than SHA-1. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_WRONG_HASH 1312

// Sec-WebSocket-Accept is cut off. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_TRUNCATED 1313

// Sec-WebSocket-Accept has the right digest in the wrong encoding. RFC 6455
// 4.2.2.
#define WSABI_FINDING_ACCEPT_REENCODED 1314

// Sec-WebSocket-Accept belongs to another request's key. RFC 6455 4.1.
#define WSABI_FINDING_ACCEPT_OTHER_KEY 1315

// Sec-WebSocket-Accept is the RFC's example value. RFC 6455 1.3.
#define WSABI_FINDING_ACCEPT_FROM_THE_RFC 1316

// Sec-WebSocket-Accept repeats the key. RFC 6455 4.2.2.
#define WSABI_FINDING_ACCEPT_IS_THE_KEY 1317

// The capture has no frame. RFC 6455 5.2.
#define WSABI_FINDING_NO_FRAMES 1401

// A line of the dump is not hexadecimal. RFC 6455 5.2.
#define WSABI_FINDING_DUMP_UNREADABLE 1402

// This is the head of a request or response, no frame. RFC 6455 4.1.
#define WSABI_FINDING_HEAD_NOT_FRAME 1403

// A reserved bit is set that no extension defines here. RFC 6455 5.2.
#define WSABI_FINDING_RESERVED_BIT 1404

// The message is compressed (RSV1), which permessage-deflate must have been
// agreed on for. RFC 7692 6.
#define WSABI_FINDING_COMPRESSED 1405

// The opcode is reserved. RFC 6455 5.2.
#define WSABI_FINDING_RESERVED_OPCODE 1406

// A control frame is fragmented. RFC 6455 5.5.
#define WSABI_FINDING_FRAGMENTED_CONTROL 1407

// A control frame has more than 125 octets of payload. RFC 6455 5.5.
#define WSABI_FINDING_LONG_CONTROL 1408

// The payload length is not encoded in the fewest octets. RFC 6455 5.2.
#define WSABI_FINDING_NON_MINIMAL_LENGTH 1409

// The most significant bit of the 64-bit payload length is set. RFC 6455 5.2.
#define WSABI_FINDING_LENGTH_TOO_LARGE 1410

// A frame from the client is not masked. RFC 6455 5.1.
#define WSABI_FINDING_UNMASKED 1411

// A frame from the server is masked. RFC 6455 5.1.
#define WSABI_FINDING_MASKED 1412

// The masking key is zero, so that the payload is readable on the wire. RFC
// 6455 5.3.
#define WSABI_FINDING_MASK_ZERO 1413

// The masking key is that of the frame before. RFC 6455 5.3.
#define WSABI_FINDING_MASK_REPEATED 1414

// A continuation frame has no message to continue. RFC 6455 5.4.
#define WSABI_FINDING_NOTHING_TO_CONTINUE 1415

// A new message begins inside a fragmented one. RFC 6455 5.4.
#define WSABI_FINDING_MESSAGE_INTERRUPTED 1416

// A text message is not valid UTF-8. RFC 6455 8.1.
#define WSABI_FINDING_BAD_UTF8 1417

// The payload of a Close has one octet. RFC 6455 5.5.1.
#define WSABI_FINDING_CLOSE_ONE_OCTET 1418

// The status code of a Close may not be sent. RFC 6455 7.4.
#define WSABI_FINDING_CLOSE_CODE 1419

// The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
#define WSABI_FINDING_CLOSE_REASON 1420

// A frame follows the Close of the same sender. RFC 6455 5.5.1.
#define WSABI_FINDING_FRAME_AFTER_CLOSE 1421

// The capture ends inside a frame. RFC 6455 5.2.
#define WSABI_FINDING_FRAME_TRUNCATED 1422

// The capture ends inside a fragmented message. RFC 6455 5.4.
#define WSABI_FINDING_MESSAGE_UNFINISHED 1423

// There are more frames than are looked at. RFC 6455 5.
#define WSABI_FINDING_TOO_MANY_FRAMES 1424

// It accepts connections.
#define WSABI_STAGE_RUNNING 0

// `wsabi_server_shutdown` was called.
#define WSABI_STAGE_STOPPING 1

// There are no connections any more.
#define WSABI_STAGE_STOPPED 2

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Makes a config in which every option has its default value.
//
// Writes `*out`, which the caller frees with `wsabi_config_free`.
//
// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
WSABI_API wsabi_status wsabi_config_new(wsabi_config **out);

// Drops the caller's reference to a config. Connections that use it keep
// theirs. NULL is ignored.
WSABI_API void wsabi_config_free(wsabi_config *config);

// Sets an option. `wsabi_option_info` tells the bounds.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_UNSUPPORTED` for a key that
// this library does not know; `WSABI_ERR_ARGUMENT` for a value out of bounds;
// `WSABI_ERR_STATE` while a connection uses the config.
WSABI_API
wsabi_status wsabi_config_set(wsabi_config *config,
                              wsabi_option option,
                              uint64_t value);

// Reads an option into `*value`.
//
// Returns `WSABI_OK`, `WSABI_ERR_NULL`, or `WSABI_ERR_UNSUPPORTED` for a key
// that this library does not know.
WSABI_API
wsabi_status wsabi_config_get(const wsabi_config *config,
                              wsabi_option option,
                              uint64_t *value);

// Reads row `index` of the table of options, from 0, into `*row`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when
// `row->struct_size` is smaller than that of the first release;
// `WSABI_ERR_NOT_FOUND` behind the last row.
WSABI_API wsabi_status wsabi_option_info(size_t index, wsabi_option_row *row);

// Adds a subprotocol that the application speaks, behind those added before:
// the order is the order of preference. `name` is a token of `len` octets; its
// case matters. Without any, every client is accepted and none is chosen.
//
// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
// when the name is empty, no token or there already; `WSABI_ERR_STATE` while a
// connection uses the config.
WSABI_API
wsabi_status wsabi_config_add_subprotocol(wsabi_config *config,
                                          const char *name,
                                          size_t len);

// Adds an origin from which requests are taken, such as "https://example.com".
// Once there is one, requests with another Origin, or none, are answered with
// 403 and are the event FAILED. Scheme and host are compared without case, the
// port with the scheme's own as default; "null" is an origin like others.
//
// RFC 6454 4 to 6, RFC 6455 10.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` when it is no serialised origin; `WSABI_ERR_STATE` while a
// connection uses the config.
WSABI_API
wsabi_status wsabi_config_add_origin(wsabi_config *config,
                                     const char *origin,
                                     size_t len);

// Adds the path of a resource, such as "/chat". Once there is one, requests for
// another path are answered with 404 and are the event FAILED. It is compared
// octet by octet with the target up to its query.
//
// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
// when it does not begin with "/", or holds "?", "#" or what is not visible
// ASCII; `WSABI_ERR_STATE` while a connection uses the config.
WSABI_API
wsabi_status wsabi_config_add_resource(wsabi_config *config,
                                       const char *path,
                                       size_t len);

// Sets the reason of the Close of `WSABI_POLICY_CLOSE`: UTF-8 of at most 123
// octets. Default: none.
//
// RFC 6455 5.5.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
// for another reason; `WSABI_ERR_STATE` while a connection uses the config.
WSABI_API
wsabi_status wsabi_config_set_close_reason(wsabi_config *config,
                                           const char *reason,
                                           size_t len);

// Makes the server's side of a connection, in state CONNECTING: the octets it
// gets first are those of the client's request. `config` may be NULL for the
// defaults; otherwise the connection keeps a reference to it.
//
// Writes `*out`, which the caller frees with `wsabi_conn_free`.
//
// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
WSABI_API
wsabi_status wsabi_conn_new_server(const wsabi_config *config,
                                   wsabi_conn **out);

// Makes the client's side of a connection, in state CONNECTING, with its request
// as the first output. It offers the subprotocols of the config. The host
// connects, and follows redirects if it means to. `config` may be NULL for the
// defaults; otherwise the connection keeps a reference to it.
//
// Writes `*out`, which the caller frees with `wsabi_conn_free`.
//
// RFC 6455 4.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for
// a request that cannot be sent; `WSABI_ERR_RANDOM`; `WSABI_ERR_MEMORY`.
WSABI_API
wsabi_status wsabi_conn_new_client(const wsabi_config *config,
                                   const wsabi_client_request *request,
                                   wsabi_conn **out);

// Makes a connection in state OPEN, for a host that did the opening handshake
// by itself. `role` is a `WSABI_ROLE_*`; `subprotocol` (NULL, 0) is none. The
// octets it gets first are frames. `config` may be NULL for the defaults.
//
// Writes `*out`, which the caller frees with `wsabi_conn_free`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for a subprotocol
// that is no token; `WSABI_ERR_UNSUPPORTED` for an unknown role.
WSABI_API
wsabi_status wsabi_conn_new_open(const wsabi_config *config,
                                 wsabi_role role,
                                 const char *subprotocol,
                                 size_t len,
                                 wsabi_conn **out);

// Makes the connection as new, with its config and its role: a pool of objects
// need not free them. Output that still waits is dropped; what was borrowed is
// released; a trace ends; the user data stays. `request` is a client's, as for
// `wsabi_conn_new_client`, and NULL for a server.
//
// Returns as `wsabi_conn_new_client`, and `WSABI_ERR_ARGUMENT` for a request that
// is there for a server, or not for a client. With a status other than `WSABI_OK`
// nothing changed.
WSABI_API
wsabi_status wsabi_conn_reset(wsabi_conn *conn,
                              const wsabi_client_request *request);

// Frees a connection, in any state. Nothing more is sent: output that still
// waits is dropped. A server's ends with the next `wsabi_server_poll`. NULL is
// ignored.
WSABI_API void wsabi_conn_free(wsabi_conn *conn);

// Keeps a pointer of the application's with the connection. wsabi never
// follows it.
//
// Returns `WSABI_OK`, `WSABI_ERR_NULL` (for `conn`) or `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_set_user_data(wsabi_conn *conn,
                                      void *user_data);

// Returns the pointer given to `wsabi_conn_set_user_data`, or NULL.
WSABI_API void *wsabi_conn_user_data(const wsabi_conn *conn);

// Consumes octets received from the peer and lists what they mean.
//
// Reads `len` octets at `data` and unmasks payloads in place, so `data` is
// written to. Lists at most `cap` events in `events`; `*count` tells how many,
// `*consumed` how many octets were used. When these are fewer than `len`,
// handle the events, then call again with the rest. The list ends early with an
// event that changes the state or whose payload lies in the connection.
//
// While a request waits for its decision, octets are consumed and kept. Nothing
// that a peer sends makes this call fail for a host that goes by
// `wsabi_conn_interest` and reads at most 1 MiB at once.
//
// RFC 6455 4.2, 5, 6.2, 7. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` when `cap` is 0 or a length is absurd; `WSABI_ERR_LIMIT`
// when a request is undecided, and more than `WSABI_OPTION_MAX_MESSAGE_SIZE` and
// 1 MiB of octets would be kept behind it; `WSABI_ERR_MEMORY` when keeping them needs memory that cannot
// be had; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_recv(wsabi_conn *conn,
                             uint8_t *data,
                             size_t len,
                             size_t *consumed,
                             wsabi_event *events,
                             size_t cap,
                             size_t *count);

// Tells that the peer's octet stream ended (`read` returned 0, or an error such
// as ECONNRESET): lists CLOSED, once; or REJECTED, when it ends the body of a
// response; or nothing, when the connection was over already (its interest is
// CLOSE). Output that waits may still be written; octets that were kept behind
// a request (`WSABI_INTEREST_RECV`) are dropped.
//
// RFC 6455 7.1.4, 7.1.5. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` when `cap` is 0; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_recv_eof(wsabi_conn *conn,
                                 wsabi_event *events,
                                 size_t cap,
                                 size_t *count);

// Offers memory to read the peer's octets into: when a large message is
// arriving, the place behind what there is of it, so that it is not copied.
//
// Writes `*data` and `*len`: read at most `len` octets there, then call
// `wsabi_conn_recv_commit` at once. `*len` 0: there is nothing to be gained; read
// into memory of your own and call `wsabi_conn_recv`. Payloads of earlier events
// are not valid behind this call.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_recv_space(wsabi_conn *conn,
                                   uint8_t **data,
                                   size_t *len);

// Tells that the first `len` octets of the memory that `wsabi_conn_recv_space`
// offered were written, and lists what they mean, as `wsabi_conn_recv` does. It
// ends the offer, also with 0 octets.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `len` is more
// than was offered, or `cap` is 0; `WSABI_ERR_STATE` when nothing was offered, or
// a call that ends payloads (rule 5) came between; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_recv_commit(wsabi_conn *conn,
                                    size_t len,
                                    wsabi_event *events,
                                    size_t cap,
                                    size_t *count);

// Takes the payload of a message away from the connection: it stays where it is,
// and valid, until `wsabi_release(*owner)`. A message that lies in the connection
// is then kept, or sent to others (`wsabi_conn_send_borrowed`), without being
// copied. `event` is as it was listed by the last call that receives.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when the payload does not
// lie in the connection, but in the octets given to `wsabi_conn_recv`, which are
// the caller's already; or came before the decision on the request; or is no
// message's, or was taken; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_take(wsabi_conn *conn,
                             const wsabi_event *event,
                             void **owner);

// Frees a payload that `wsabi_conn_take` gave. Its type is that of a
// `wsabi_release_fn`. NULL is ignored.
WSABI_API void wsabi_release(void *owner);

// Lists what is to be sent to the peer, oldest first, as at most `cap` runs.
// The runs stay valid until the next call on this connection that is not
// `const`. `*count` 0: there is nothing to send.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is
// absurd; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_output(wsabi_conn *conn,
                               wsabi_iovec *runs,
                               size_t cap,
                               size_t *count);

// Tells that the first `len` octets of the output were written, in part of a
// run or over several.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `len` is more
// than `wsabi_conn_output_size`; `WSABI_ERR_INTERNAL`.
WSABI_API wsabi_status wsabi_conn_output_consumed(wsabi_conn *conn, size_t len);

// Returns how many octets wait to be sent, for backpressure. What the library
// owes for the last events is not among them until the next `wsabi_conn_output`
// or `wsabi_conn_interest`. 0 for NULL.
WSABI_API size_t wsabi_conn_output_size(const wsabi_conn *conn);

// Returns what is to be done with the socket now, as bits. Ask after the
// events were handled and the output was written. 0: nothing until the
// application decides on the request.
//
// `wsabi_conn_deadline` tells how long to wait for it.
//
// RFC 6455 7.1.1: after a closing handshake the server closes the connection
// first, hence CLOSE, and the client waits for it; after a failure it ends its
// side and waits for the peer's, hence SHUTDOWN_WRITE with READ.
// `WSABI_INTEREST_CLOSE` for NULL and after `WSABI_ERR_INTERNAL`; 0 for a
// connection of a `wsabi_server`, which has the socket.
WSABI_API wsabi_interest wsabi_conn_interest(wsabi_conn *conn);

// Returns when `wsabi_conn_handle_timeout` is to be called, in milliseconds of
// the host's clock: at once for 0, never for `UINT64_MAX`. Ask after the
// interest; wait no longer than this.
//
// `UINT64_MAX` for NULL, after `WSABI_ERR_INTERNAL`, and for a connection of a
// `wsabi_server`, which keeps the time.
WSABI_API uint64_t wsabi_conn_deadline(const wsabi_conn *conn);

// Says what time it is, in milliseconds of a clock of the host's that does not go
// back, from any origin; wsabi has none. What is due is done: who was waited for
// too long is given up, and pings are sent. Handle the events, write the output
// and ask for the interest then, as behind `wsabi_conn_recv`.
//
// Lists FAILED when a request, a response, a pong or anything at all did not come
// in time, and CLOSED when the end did not; see `WSABI_OPTION_OPENING_TIMEOUT` and
// its neighbours.
//
// It may be called at any time. A wait begins, and the peer is known to have been
// heard, with the first call behind it: a host that calls it after each
// `wsabi_conn_recv` gets times to the millisecond, one that calls it when it is
// due later ones, by one timeout at most.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is 0;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_handle_timeout(wsabi_conn *conn,
                                       uint64_t now_ms,
                                       wsabi_event *events,
                                       size_t cap,
                                       size_t *count);

// Returns the state. `WSABI_STATE_CLOSED` for NULL.
WSABI_API wsabi_state wsabi_conn_state(const wsabi_conn *conn);

// Returns the status code of the peer's Close; 1005 when it holds none; 1006
// when none came before the connection ended or failed; 0 before that, and for
// NULL.
//
// RFC 6455 7.1.5.
WSABI_API uint16_t wsabi_conn_close_code(const wsabi_conn *conn);

// Returns which rule the peer broke; 0 for none, and for NULL.
WSABI_API wsabi_failure wsabi_conn_failure(const wsabi_conn *conn);

// Reads the negotiated subprotocol into `*name`: empty when there is none. It
// stays valid until the connection is freed.
//
// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
WSABI_API
wsabi_status wsabi_conn_subprotocol(const wsabi_conn *conn,
                                    wsabi_slice *name);

// Reads a figure of the connection into `*value`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when it is not
// known (yet), see the key; `WSABI_ERR_UNSUPPORTED` for an unknown key;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_info(const wsabi_conn *conn,
                             wsabi_info info,
                             uint64_t *value);

// Has each frame, change of state and failure told from now on, a line each, such
// as `in Text 5`, `out Close 2`, `state Closing`. Lines hold no payload. NULL ends
// it. `context` is given to `trace` as it is, until another trace, a reset or the
// end of the connection.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL` for `conn`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_set_trace(wsabi_conn *conn,
                                  wsabi_trace_fn trace,
                                  void *context);

// Queues a text message of `len` octets, which must be UTF-8. They are copied.
//
// RFC 6455 6.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when
// the octets are not UTF-8; `WSABI_ERR_STATE` when the connection is not open;
// `WSABI_ERR_LIMIT` when `WSABI_OPTION_MAX_OUTPUT` would be passed;
// `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_send_text(wsabi_conn *conn,
                                  const void *data,
                                  size_t len);

// Queues a binary message of `len` octets. They are copied.
//
// RFC 6455 6.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for
// an absurd length; `WSABI_ERR_STATE` when the connection is not open;
// `WSABI_ERR_LIMIT` when `WSABI_OPTION_MAX_OUTPUT` would be passed;
// `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_send_binary(wsabi_conn *conn,
                                    const void *data,
                                    size_t len);

// Queues a message of `len` octets, or a fragment of one. They are copied.
// `flags` are bits `WSABI_SEND_*`.
//
// RFC 6455 5.4, 6.1; RFC 7692 6.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` when text is not UTF-8, or a fragment is not of the type of
// its message; `WSABI_ERR_UNSUPPORTED` for an unknown type or bit, or both bits about
// compression; `WSABI_ERR_STATE` when the connection is not open; `WSABI_ERR_LIMIT`
// when `WSABI_OPTION_MAX_OUTPUT` would be passed; `WSABI_ERR_MEMORY`;
// `WSABI_ERR_INTERNAL`. After `WSABI_ERR_MEMORY` in a compressed message that was
// begun the connection fails with 1009, as its rest cannot be sent.
WSABI_API
wsabi_status wsabi_conn_send(wsabi_conn *conn,
                             wsabi_message type,
                             const void *data,
                             size_t len,
                             uint32_t flags);

// Queues a message, or a fragment, as `wsabi_conn_send` does, but without copying
// its octets where that gains something: they stay as they are until `release` is
// called, when the last was written, when the connection is freed or reset, or at once
// when they were copied after all (a client masks, RFC 6455 5.3; compressed; fewer than
// 2,048).
//
// Returns as `wsabi_conn_send`. With a status other than `WSABI_OK` the octets are
// the caller's as before, and `release` is not called.
WSABI_API
wsabi_status wsabi_conn_send_borrowed(wsabi_conn *conn,
                                      wsabi_message type,
                                      const void *data,
                                      size_t len,
                                      uint32_t flags,
                                      wsabi_release_fn release,
                                      void *context);

// Queues a ping with a payload of at most 125 octets, which are copied. The
// peer's answer is the event PONG with the same payload.
//
// RFC 6455 5.5.2. Returns as `wsabi_conn_send_binary`, and `WSABI_ERR_ARGUMENT`
// for more than 125 octets.
WSABI_API
wsabi_status wsabi_conn_send_ping(wsabi_conn *conn,
                                  const void *data,
                                  size_t len);

// Queues a pong that no ping asked for, such as a heartbeat in one direction,
// with a payload of at most 125 octets, which are copied. Pings are answered
// without this call.
//
// RFC 6455 5.5.3. Returns as `wsabi_conn_send_binary`, and `WSABI_ERR_ARGUMENT`
// for more than 125 octets.
WSABI_API
wsabi_status wsabi_conn_send_pong(wsabi_conn *conn,
                                  const void *data,
                                  size_t len);

// Starts the closing handshake, or answers the peer's Close: queues a Close
// behind the messages sent before. `code` is 0 for none, or 1000 to 1003, 1007
// to 1014, 3000 to 4999; `reason` is UTF-8 of at most 123 octets, and empty
// without a code.
//
// RFC 6455 5.5.1, 7.1.2, 7.4. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` for another code or reason; `WSABI_ERR_STATE` when the
// connection is not open; `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_close(wsabi_conn *conn,
                              uint16_t code,
                              const void *reason,
                              size_t len);

// Prepares a message of `len` octets, which are copied. `config` is that of the
// connections, or NULL for the defaults: it says whether and how the message is
// compressed.
//
// Writes `*out`, which the caller frees with `wsabi_prepared_free`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when text is not
// UTF-8; `WSABI_ERR_UNSUPPORTED` for an unknown type; `WSABI_ERR_MEMORY`.
WSABI_API
wsabi_status wsabi_prepared_new(const wsabi_config *config,
                                wsabi_message type,
                                const void *data,
                                size_t len,
                                wsabi_prepared **out);

// Drops the caller's reference to a prepared message. NULL is ignored.
WSABI_API void wsabi_prepared_free(wsabi_prepared *prepared);

// Queues a prepared message. A server's connection without context takeover sends
// its octets as they are; one with it compresses the message into its own history,
// and a client masks a copy (RFC 6455 5.3). Connections on several threads may
// send one at the same time.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when the connection is not
// open, or a message in fragments is not over; `WSABI_ERR_LIMIT` when
// `WSABI_OPTION_MAX_OUTPUT` would be passed; `WSABI_ERR_MEMORY`;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_send_prepared(wsabi_conn *conn,
                                      const wsabi_prepared *prepared);

// Takes a request from a host that has an HTTP server, instead of octets, on a
// fresh connection of the server's side: lists REQUEST, HTTP_REQUEST, OPEN or
// FAILED, as `wsabi_conn_recv` would. The host decides in the same way, and
// then sends the response by itself: `wsabi_conn_response_status`,
// `wsabi_conn_response_header` and `wsabi_conn_response_body` have it. From then
// on octets are frames: those of the socket in HTTP/1.1, those of the stream in
// HTTP/2 and HTTP/3. After a refusal the interest is CLOSE: free the
// connection.
//
// RFC 6455 4.2; RFC 8441 5 and RFC 9220 3: in HTTP/2 and HTTP/3 the status of
// success is 200, there is no key, and names are in lower case. Returns
// `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is 0 or the
// struct is not what it says; `WSABI_ERR_UNSUPPORTED` for an unknown version;
// `WSABI_ERR_STATE` when the connection is not fresh; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_recv_request(wsabi_conn *conn,
                                     const wsabi_request *request,
                                     wsabi_event *events,
                                     size_t cap,
                                     size_t *count);

// Reads the method of the request that waits for a decision into `*method`. It
// stays valid until the decision.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when no request
// waits; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_head_method(const wsabi_conn *conn,
                                    wsabi_slice *method);

// Reads the target of the request that waits for a decision, such as
// "/chat?room=1", into `*target`. It stays valid until the decision.
//
// Returns as `wsabi_conn_head_method`.
WSABI_API
wsabi_status wsabi_conn_head_target(const wsabi_conn *conn,
                                    wsabi_slice *target);

// Reads the path of that target into `*path`: without query and, for a whole
// URI, without scheme and authority; not decoded. It stays valid until the
// decision.
//
// Returns as `wsabi_conn_head_method`.
WSABI_API
wsabi_status wsabi_conn_head_path(const wsabi_conn *conn,
                                  wsabi_slice *path);

// Reads the query of that target into `*query`: what stands behind "?", not
// decoded. It stays valid until the decision.
//
// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` without a
// query.
WSABI_API
wsabi_status wsabi_conn_head_query(const wsabi_conn *conn,
                                   wsabi_slice *query);

// Copies the value of the first query parameter of that name into `buffer`,
// decoded as a form is: "%41" is "A", "+" a space. `*value_len` is its length,
// also when it is more than `cap` and only the first `cap` octets were copied.
// The value is not terminated; any octet may be in it.
//
// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND`.
WSABI_API
wsabi_status wsabi_conn_head_query_parameter(const wsabi_conn *conn,
                                             const char *name,
                                             size_t len,
                                             uint8_t *buffer,
                                             size_t cap,
                                             size_t *value_len);

// Reads the host and, if it is named, the port that the request is for into
// `*host`: of the Host, of `:authority`, or of a target that is a whole URI (RFC
// 9112 3.2.2). It stays valid until the decision.
//
// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` in HTTP/1.0
// without one.
WSABI_API
wsabi_status wsabi_conn_head_host(const wsabi_conn *conn,
                                  wsabi_slice *host);

// Reads the Origin into `*origin`. Browsers always send one, other clients
// seldom. It stays valid until the decision.
//
// RFC 6455 10.2. Returns as `wsabi_conn_head_method`, and
// `WSABI_ERR_NOT_FOUND`.
WSABI_API
wsabi_status wsabi_conn_head_origin(const wsabi_conn *conn,
                                    wsabi_slice *origin);

// Reads the first header field of that name, in any case, into `*value`. It
// stays valid until the decision.
//
// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND`.
WSABI_API
wsabi_status wsabi_conn_head_find(const wsabi_conn *conn,
                                  const char *name,
                                  size_t len,
                                  wsabi_slice *value);

// Reads header field `index`, from 0 in the order of arrival, into `*header`.
// It stays valid until the decision.
//
// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` behind the
// last one.
WSABI_API
wsabi_status wsabi_conn_head_at(const wsabi_conn *conn,
                                size_t index,
                                wsabi_header *header);

// Reads subprotocol `index` that the client offers, from 0 in its order of
// preference and over all of its header lines, into `*name`. It stays valid
// until the decision.
//
// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` behind the
// last one.
WSABI_API
wsabi_status wsabi_conn_offered_subprotocol(const wsabi_conn *conn,
                                            size_t index,
                                            wsabi_slice *name);

// Accepts the request: queues 101 and opens the connection; messages may be
// sent at once.
//
// `subprotocol` (NULL, 0): the config's policy chooses, by default the first of
// its subprotocols that the client offered, or none. A policy that refuses does
// so: `wsabi_conn_failure` is not 0 then, and the state not OPEN. Otherwise
// `len` octets that are one of those that the client offered. `response` may be
// NULL, or have further `headers`; its status is 0 or 101 and its body empty.
//
// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
// for a name that was not offered, or a response that cannot be sent;
// `WSABI_ERR_STATE` when no opening handshake waits; `WSABI_ERR_MEMORY`;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_accept(wsabi_conn *conn,
                               const char *subprotocol,
                               size_t len,
                               const wsabi_response *response);

// Decides on the request by another config's policy, for a host that serves
// several: its resources, origins and subprotocols. `response` as for
// `wsabi_conn_accept`. When the policy refuses, `wsabi_conn_failure` is not 0.
// Limits stay those of the connection's own config.
//
// RFC 6455 4.2.2. Returns as `wsabi_conn_accept`.
WSABI_API
wsabi_status wsabi_conn_accept_by(wsabi_conn *conn,
                                  const wsabi_config *policy,
                                  const wsabi_response *response);

// Accepts the request and closes at once, with `code` and `reason` as for
// `wsabi_conn_close`: a browser's script cannot read a response that refuses,
// but it sees these. The first subprotocol that the client offers is chosen,
// since browsers fail without one.
//
// RFC 6455 7.1.2, 7.4. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` for a code or reason that may not be sent;
// `WSABI_ERR_STATE` when no opening handshake waits; `WSABI_ERR_MEMORY`;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_accept_then_close(wsabi_conn *conn,
                                          uint16_t code,
                                          const void *reason,
                                          size_t len);

// Declines permessage-deflate for this connection, whatever the client offers;
// call it before the decision. Some clients (Safari 15) offer what they cannot
// do.
//
// RFC 7692 5.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when no
// opening handshake waits; `WSABI_ERR_INTERNAL`.
WSABI_API wsabi_status wsabi_conn_decline_deflate(wsabi_conn *conn);

// Refuses the request with a complete HTTP response: any status from 300 to
// 599, or from 200 for a plain HTTP request. 401 needs a WWW-Authenticate among
// its `headers`; 204, 205 and 304 have no body. The connection ends once it was
// sent.
//
// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
// for a response that cannot be sent; `WSABI_ERR_STATE` when no request waits;
// `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_reject(wsabi_conn *conn,
                               const wsabi_response *response);

// Answers the request with a body of `len` octets, and no header field but its
// `content_type`, of `content_type_len` octets: a page, or a health check. A plain HTTP
// request takes any status from 200 on; the request for a WebSocket one from 300
// on. The connection ends once it was sent.
//
// RFC 9110 15. Returns as `wsabi_conn_reject`.
WSABI_API
wsabi_status wsabi_conn_respond(wsabi_conn *conn,
                                uint32_t status,
                                const char *content_type,
                                size_t content_type_len,
                                const void *body,
                                size_t len);

// Answers the request with a redirect: `status` is 301, 302, 303, 307 or 308,
// `location` a URI reference of `len` octets. The connection ends once it was
// sent. Browsers do not follow it for a WebSocket.
//
// RFC 6455 4.2.2. Returns as `wsabi_conn_reject`.
WSABI_API
wsabi_status wsabi_conn_redirect(wsabi_conn *conn,
                                 uint32_t status,
                                 const char *location,
                                 size_t len);

// Asks for credentials: answers 401 with a WWW-Authenticate of `len` octets,
// such as `Basic realm="chat"`. The connection ends once it was sent. Browsers
// do not ask the user for a WebSocket.
//
// RFC 6455 4.2.2, RFC 9110 11.6.1. Returns as `wsabi_conn_reject`.
WSABI_API
wsabi_status wsabi_conn_challenge(wsabi_conn *conn,
                                  const char *challenge,
                                  size_t len);

// Reads the HTTP status of the response into `*status`: the one that the host
// sends after `wsabi_conn_recv_request`, or the one that a client got.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when there is no such
// response: not yet, or no longer, since the connection received again;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_conn_response_status(const wsabi_conn *conn,
                                        uint32_t *status);

// Reads header field `index` of that response, from 0, into `*header`. It stays
// valid until the connection receives again; a client's, of a response that
// rejects, until it is freed.
//
// Returns as `wsabi_conn_response_status`, and `WSABI_ERR_NOT_FOUND` behind the
// last one.
WSABI_API
wsabi_status wsabi_conn_response_header(const wsabi_conn *conn,
                                        size_t index,
                                        wsabi_header *header);

// Reads the body of that response into `*body`. It stays valid as its header
// fields do.
//
// Returns as `wsabi_conn_response_status`.
WSABI_API
wsabi_status wsabi_conn_response_body(const wsabi_conn *conn,
                                      wsabi_slice *body);

// Returns the ABI number of the loaded library. Compare it with
// `WSABI_ABI_VERSION` after loading the library at run time.
WSABI_API uint32_t wsabi_abi_version(void);

// Returns the version of the loaded library, such as "0.1.0". The string is
// static.
WSABI_API const char *wsabi_version(void);

// Returns English text for a status, for logs. The string is static and never
// NULL.
WSABI_API const char *wsabi_status_text(wsabi_status status);

// Returns English text for a failure, with the section of the RFC, for logs.
// The string is static and never NULL.
WSABI_API const char *wsabi_failure_text(wsabi_failure failure);

// Explains captured heads, `len` octets: a request, a response, or any number
// of them. Lines may end with CR LF or LF, be numbered or indented, or have
// the arrows of `curl -v`; the last one may be missing. No input makes the call fail.
//
// Writes `*out`, which the caller frees with `wsabi_explanation_free`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for a length that
// no range has; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_explain(const void *capture,
                           size_t len,
                           wsabi_explanation **out);

// Explains captured frames: their octets, or a hex dump of them, `len` octets.
// Frames with a mask are taken to be the client's, others the server's.
//
// Writes `*out`, which the caller frees with `wsabi_explanation_free`.
//
// Returns as `wsabi_explain`.
WSABI_API
wsabi_status wsabi_explain_frames(const void *capture,
                                  size_t len,
                                  wsabi_explanation **out);

// Frees an explanation. NULL is ignored.
WSABI_API void wsabi_explanation_free(wsabi_explanation *explanation);

// Returns the number of findings, 0 for NULL.
WSABI_API size_t wsabi_explanation_count(const wsabi_explanation *explanation);

// Reads finding `index`, from 0, into `*finding`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when
// `finding->struct_size` is smaller than that of the first release;
// `WSABI_ERR_NOT_FOUND` behind the last one.
WSABI_API
wsabi_status wsabi_explanation_at(const wsabi_explanation *explanation,
                                  size_t index,
                                  wsabi_finding *finding);

// Makes a server that listens to nothing yet. `config` may be NULL for the
// defaults; otherwise the server keeps a reference to it. It is that of all
// connections, and limits them (`WSABI_OPTION_MAX_CONNECTIONS`).
//
// Writes `*out`, which the caller frees with `wsabi_server_free`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_IO` when the process has no
// more descriptors; `WSABI_ERR_MEMORY`.
WSABI_API
wsabi_status wsabi_server_new(const wsabi_config *config,
                              wsabi_server **out);

// Frees a server with its connections, whose sockets are closed without a word:
// see `wsabi_server_shutdown`. NULL is ignored.
WSABI_API void wsabi_server_free(wsabi_server *server);

// Writes to `*out` what the last call that returned `WSABI_ERR_IO` could not do
// and why, in English, or what is wrong with a certificate. Valid until the next
// call on the server.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when there was none.
WSABI_API
wsabi_status wsabi_server_error(const wsabi_server *server,
                                wsabi_slice *out);

// Listens to every address that `host` has, a name or an address of `len`
// octets, without brackets; (NULL, 0) is every address of this machine, of IPv4
// and IPv6. `port` 0 is any free one. `flags` are bits `WSABI_LISTEN_*`.
//
// Writes the port to `*bound`, which may be NULL.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when the host is not
// UTF-8; `WSABI_ERR_UNSUPPORTED` for an unknown flag, and for `WSABI_LISTEN_TLS`
// without the feature `tls`; `WSABI_ERR_STATE` when the server is stopping, or has
// no certificate for TLS; `WSABI_ERR_IO`, see `wsabi_server_error`;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_listen(wsabi_server *server,
                                 const char *host,
                                 size_t len,
                                 uint16_t port,
                                 uint32_t flags,
                                 uint16_t *bound);

// Listens to a socket among files, which is removed with the server. A socket
// that an earlier server left there, and nobody listens to, is replaced.
//
// Returns as `wsabi_server_listen`, and `WSABI_ERR_ARGUMENT` for an empty path.
WSABI_API
wsabi_status wsabi_server_listen_unix(wsabi_server *server,
                                      const char *path,
                                      size_t len,
                                      uint32_t flags);

// Listens with a socket that listens already, TCP or Unix, such as one that was
// passed by systemd. It becomes the server's, and no longer blocks.
//
// Returns as `wsabi_server_listen`, and `WSABI_ERR_ARGUMENT` for a negative `fd`.
// With a status other than `WSABI_OK` the descriptor is the caller's as before.
WSABI_API
wsabi_status wsabi_server_listen_fd(wsabi_server *server,
                                    int fd,
                                    uint32_t flags);

// Takes a connection that was accepted elsewhere, TCP or Unix, with `len` octets
// that were read from it already, which are copied. The descriptor becomes the
// server's, and no longer blocks.
//
// Writes the connection's name to `*id`, which may be NULL.
//
// Returns as `wsabi_server_listen_fd`, and `WSABI_ERR_LIMIT` when there are as many
// connections as there may be; `WSABI_ERR_MEMORY`. With a status other than `WSABI_OK` the
// descriptor is the caller's as before.
WSABI_API
wsabi_status wsabi_server_adopt(wsabi_server *server,
                                int fd,
                                const void *data,
                                size_t len,
                                uint32_t flags,
                                uint64_t *id);

// Sets or replaces a certificate, from PEM files: `chain` has the server's own first,
// and those that lead from it to one that clients know; `key` its private key, in
// PKCS #8, SEC 1 or PKCS #1, not encrypted. RSA, ECDSA with P-256 or P-384, Ed25519.
// They may be one file. Names of files have `chain_len` and `key_len` octets.
//
// `host` is the name of `host_len` octets that clients ask for (RFC 6066 3), such as
// `example.org`; `*.example.org` is every name with one more label; NULL is for those
// who ask for another one or for none. An exact name goes first.
//
// Connections that are accepted from now on use it, those that there are go on; sessions
// of before are not resumed. Whether it is valid now, and for that host, is for clients
// to judge. The protocol offered is `http/1.1` (RFC 7301): a client that wants other
// ones only is refused.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_IO` when a file cannot be read;
// `WSABI_ERR_ARGUMENT` when it cannot be used, or `host` is no name: for both
// `wsabi_server_error` names it and the reason; `WSABI_ERR_UNSUPPORTED` when wsabi was
// built without the feature `tls`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_set_certificate(wsabi_server *server,
                                          const char *host,
                                          size_t host_len,
                                          const char *chain,
                                          size_t chain_len,
                                          const char *key,
                                          size_t key_len);

// The same from memory: `chain` and `key` are PEM of `chain_len` and `key_len` octets,
// of which nothing is kept.
//
// Returns as `wsabi_server_set_certificate`.
WSABI_API
wsabi_status wsabi_server_set_certificate_pem(wsabi_server *server,
                                              const char *host,
                                              size_t host_len,
                                              const void *chain,
                                              size_t chain_len,
                                              const void *key,
                                              size_t key_len);

// Makes a server use the certificates of `other`, those that are set there later
// included, from any thread; clients resume with one what began with the other. For a
// server for each thread: before they run. It replaces what was set for those who
// listen from now on.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when `other` has none;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_share_certificates(wsabi_server *server,
                                             const wsabi_server *other);

// Writes what waits, reads what came, and lists what it means: at most `cap`
// events, of any of the connections. When there is nothing to list, waits at most
// `timeout_ms` milliseconds, or as long as it takes when that is negative.
//
// `*count` is 0 when the time is over, when a signal interrupts, after
// `wsabi_remote_wake`, and when the server is stopped. What another connection
// does, or fails in doing, never makes this call fail.
//
// A payload may be sent on, to any connection of the server, as it is: the server
// then writes it from where it lies. Payloads of the call before are not valid any more, nor are connections whose
// CLOSED it listed.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is 0;
// `WSABI_ERR_IO` when the system cannot wait; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_poll(wsabi_server *server,
                               int64_t timeout_ms,
                               wsabi_server_event *events,
                               size_t cap,
                               size_t *count);

// Finds the connection of that name. Valid as that of an event.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when it is over;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_conn(wsabi_server *server,
                               uint64_t id,
                               wsabi_conn **out);

// Returns how many connections there are. 0 for NULL.
WSABI_API size_t wsabi_server_count(const wsabi_server *server);

// Writes the address that a connection comes from to `data`, such as
// `127.0.0.1:50000` or `[::1]:50000`, without a terminator; empty for a Unix
// socket. `*len` is its length; when that is more than `cap`, nothing is written to
// `data`. 64 octets are enough.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when the connection
// is over; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_peer_address(wsabi_server *server,
                                       uint64_t id,
                                       uint8_t *data,
                                       size_t cap,
                                       size_t *len);

// Subscribes a connection to a topic, any `len` octets. Twice is once. It ends
// with the connection.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`;
// `WSABI_ERR_NOT_FOUND` when the connection is over; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_subscribe(wsabi_server *server,
                                    uint64_t id,
                                    const void *topic,
                                    size_t len);

// Ends that.
//
// Returns as `wsabi_server_subscribe`, and `WSABI_ERR_NOT_FOUND` when it was not
// subscribed.
WSABI_API
wsabi_status wsabi_server_unsubscribe(wsabi_server *server,
                                      uint64_t id,
                                      const void *topic,
                                      size_t len);

// Queues a prepared message for the open connections that are subscribed to a
// topic, or for all of them when `topic` is NULL; not for `except`, 0 for none.
// A connection whose output is full (`WSABI_OPTION_MAX_OUTPUT`) is left out.
//
// Writes to `*count`, which may be NULL, how many got it.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_publish(wsabi_server *server,
                                  const void *topic,
                                  size_t len,
                                  const wsabi_prepared *message,
                                  uint64_t except,
                                  size_t *count);

// Accepts nobody any more, and ends every connection: an open one with a closing
// handshake and `code`, usually 1001; one whose request waits for a decision with
// 503. What is left `timeout_ms` milliseconds later is dropped. Go on with
// `wsabi_server_poll` until `wsabi_server_stage` is `WSABI_STAGE_STOPPED`. A
// second call changes nothing.
//
// RFC 6455 7.1.1, 7.4.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
// `WSABI_ERR_ARGUMENT` for a code that must not be sent; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_shutdown(wsabi_server *server,
                                   uint16_t code,
                                   uint64_t timeout_ms);

// Returns how far it has come. STOPPED for NULL.
WSABI_API wsabi_stage wsabi_server_stage(const wsabi_server *server);

// Writes what was counted to `*out`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for a size that this
// struct never had; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_metrics(const wsabi_server *server,
                                  wsabi_metrics *out);

// Answers plain HTTP requests for `path`, `len` octets, with the same in the text
// format that Prometheus reads; the application does not see them. It needs
// `WSABI_OPTION_PLAIN_HTTP`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when it does not begin
// with `/`; `WSABI_ERR_STATE` without the option; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_serve_metrics(wsabi_server *server,
                                        const char *path,
                                        size_t len);

// Makes a handle for other threads. Any number of threads may share it, or have
// one each. It may outlive the server.
//
// Writes `*out`, which the caller frees with `wsabi_remote_free`.
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_server_remote(const wsabi_server *server,
                                 wsabi_remote **out);

// Frees a handle. NULL is ignored.
WSABI_API void wsabi_remote_free(wsabi_remote *remote);

// Makes `wsabi_server_poll` return, the call that runs or the next one. A signal
// handler may call it.
//
// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
WSABI_API
wsabi_status wsabi_remote_wake(const wsabi_remote *remote);

// Sends a message of `len` octets, which are copied, to the connection of that
// name. Where it is over by then, or its output is full, the message is dropped,
// and counted (`wsabi_metrics`).
//
// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when text is not
// UTF-8; `WSABI_ERR_UNSUPPORTED` for an unknown type; `WSABI_ERR_LIMIT` when more
// than `WSABI_OPTION_MAX_OUTPUT` octets wait for the server's thread;
// `WSABI_ERR_MEMORY`; `WSABI_ERR_STATE` when the server is no more;
// `WSABI_ERR_INTERNAL`.
WSABI_API
wsabi_status wsabi_remote_send(const wsabi_remote *remote,
                               uint64_t id,
                               wsabi_message type,
                               const void *data,
                               size_t len);

// Sends a prepared message to the connection of that name. The caller may free
// it at once.
//
// Returns as `wsabi_remote_send`.
WSABI_API
wsabi_status wsabi_remote_send_prepared(const wsabi_remote *remote,
                                        uint64_t id,
                                        const wsabi_prepared *message);

// Publishes a prepared message as `wsabi_server_publish` does. The caller may free
// it at once.
//
// Returns as `wsabi_remote_send`.
WSABI_API
wsabi_status wsabi_remote_publish(const wsabi_remote *remote,
                                  const void *topic,
                                  size_t len,
                                  const wsabi_prepared *message);

// Begins the closing handshake of the connection of that name, as
// `wsabi_conn_close` does.
//
// Returns as `wsabi_remote_send`, and `WSABI_ERR_ARGUMENT` for what cannot be sent.
WSABI_API
wsabi_status wsabi_remote_close(const wsabi_remote *remote,
                                uint64_t id,
                                uint16_t code,
                                const char *reason,
                                size_t len);

// Ends the server as `wsabi_server_shutdown` does.
//
// Returns as `wsabi_remote_close`.
WSABI_API
wsabi_status wsabi_remote_shutdown(const wsabi_remote *remote,
                                   uint16_t code,
                                   uint64_t timeout_ms);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WSABI_H */
