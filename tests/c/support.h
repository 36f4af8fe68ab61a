// What the C tests share: wire notation, feeding in pieces, transcripts.
//
// Wire notation: hex octets; 'literal text'; [count xx] for a repeated octet; M
// masks what follows with the key of RFC 6455 5.7, up to `;`. White space is
// free. "81 85 M 'Hello'; 88 80 M" are a masked text message and a Close.

#ifndef SUPPORT_H
#define SUPPORT_H

// cmocka.h needs these four before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wsabi.h>

// Octets that grow. All zero is empty.
typedef struct {
  uint8_t *data;
  size_t len, cap;
} bytes;

void append(bytes *b, const void *data, size_t len);
void append_text(bytes *b, const char *text);
// Frame of a client, masked; `first` is its first octet: FIN, RSV, opcode.
void append_frame(bytes *b, uint8_t first, const void *payload, size_t len);
bytes wire(const char *notation);
bool equal(const bytes *a, const bytes *b);
bool contains(const bytes *b, const char *text);
void clear(bytes *b);

bool starts_with(const char *text, const char *start);
wsabi_slice slice(const char *text);

// Prints the case before it fails, since a table has one line for all.
void fail_case(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

// Stops the test when a status is not WSABI_OK.
#define check(call) assert_int_equal((call), WSABI_OK)

// The opening handshake of RFC 6455 1.3, and where its answer must be.
extern const char REQUEST[];
extern const char ACCEPT[];

// The lines of a request, and requests that differ from a correct one in one of
// them.
#define GET "GET /chat HTTP/1.1\r\n"
#define HOST "Host: example.com\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define END "\r\n"

#define WITH_LINE(line) line HOST UPGRADE CONNECTION KEY VERSION END
#define WITH_HOST(lines) GET lines UPGRADE CONNECTION KEY VERSION END
#define WITH_UPGRADE(lines) GET HOST lines CONNECTION KEY VERSION END
#define WITH_CONNECTION(lines) GET HOST UPGRADE lines KEY VERSION END
#define WITH_KEY(lines) GET HOST UPGRADE CONNECTION lines VERSION END
#define WITH_VERSION(lines) GET HOST UPGRADE CONNECTION KEY lines END
#define WITH(lines) GET HOST UPGRADE CONNECTION KEY VERSION lines END

// A connection whose request waits for its decision.
wsabi_conn *undecided_conn(const wsabi_config *config, const char *request);

// A connection behind the opening handshake, all output taken.
wsabi_conn *open_conn(const wsabi_config *config);

// Stops the test unless this is a complete response after which the connection
// ends.
void check_refusal(const char *name, const bytes *response, unsigned status, bool has_body);

// Moves all output behind `out`, as a socket that is never full would.
void take_output(wsabi_conn *conn, bytes *out);

// What happened to a connection whose application accepts every request and sends
// every message back.
typedef struct {
  char events[256];  // "R/path ", "OPEN ", "J404 " rejected, "T5 ", "B5 ", "P5 " ping,
                     // "O5 " pong, "C1000 ", "F1002 ", "X1006 " end of the stream
  bytes payloads;    // of all events, one after the other
  bytes output;      // everything sent
} transcript;

void clear_transcript(transcript *t);

// How to feed: cut into pieces of `piece` octets (0: one piece), but first into
// two at `cut` (0: not); at most `cap` events a call.
typedef struct {
  size_t cut, piece, cap;
} feeding;

// Feeds a copy of the input and lets the application react. Each piece is in a
// block of its own that is overwritten and freed right behind the call, so that
// the sanitizers see every pointer kept too long.
void feed(wsabi_conn *conn, const bytes *input, feeding how, transcript *t);
void feed_eof(wsabi_conn *conn, transcript *t);

// Goes through every way to feed `len` octets, from {0}: whole, octet by octet,
// in two pieces with every cut, each with room for 64, 2 and 1 events. Where
// `len` is large, cuts are only made near both ends and in steps between.
bool next_feeding(size_t len, feeding *how);

// `normal`, or less under a slow tool: the environment's WSABI_TEST_DIVISOR.
size_t scaled(size_t normal);

#endif
