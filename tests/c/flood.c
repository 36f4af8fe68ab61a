// Peers that want too much: floods, announcements, silence. Memory stays bounded,
// time linear, and what is sent does not depend on how it is taken.

#include <malloc.h>
#include <pthread.h>
#include <time.h>

#include "support.h"

// Octets of the heap in use; always 0 under tools that bring their own malloc.
static size_t heap(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static void assert_heap_below(size_t before, size_t growth) {
  size_t now = heap();
  if (now > before + growth) {
    fail_case("heap", "%zu octets more, %zu are allowed", now - before, growth);
  }
}

// Feeds octets in place, in reads of at most `piece` octets, and ignores the
// events, but for their number.
static size_t swallow(wsabi_conn *conn, bytes *input, size_t piece) {
  size_t events = 0;
  for (size_t at = 0; at < input->len;) {
    size_t len = input->len - at < piece ? input->len - at : piece, used, count;
    wsabi_event list[64];
    if (wsabi_conn_recv(conn, input->data + at, len, &used, list, 64, &count) != WSABI_OK ||
        (used == 0 && count == 0)) {
      return SIZE_MAX;
    }
    events += count;
    at += used;
  }
  return events;
}

// Takes at most `len` octets, in runs of which `cap` are listed at once.
static void take_some(wsabi_conn *conn, size_t len, size_t cap, bytes *out) {
  while (len > 0) {
    wsabi_iovec runs[4];
    size_t count, taken = 0;
    check(wsabi_conn_output(conn, runs, cap, &count));
    for (size_t i = 0; i < count; i++) {
      size_t part = runs[i].len < len - taken ? runs[i].len : len - taken;
      append(out, runs[i].base, part);
      taken += part;
    }
    if (taken == 0) return;
    check(wsabi_conn_output_consumed(conn, taken));
    len -= taken;
  }
}

// Without this, a library with another allocator would make every check pass.
static void the_heap_is_measured(void **state) {
  (void)state;
  enum { LEN = 100000 };
  uint8_t payload[LEN] = {0};
  size_t before = heap();
  bytes block = {0};
  append(&block, payload, LEN);
  bool measured = heap() >= before + LEN;  // not under other tools
  clear(&block);
  bytes half = {0};
  append_frame(&half, 0x02, payload, LEN);
  wsabi_conn *conn = open_conn(NULL);
  before = heap();
  assert_int_equal(swallow(conn, &half, SIZE_MAX), 0);
  assert_int_equal(heap() >= before + LEN, measured);
  wsabi_conn_free(conn);
  clear(&half);
}

// ---- Control frames ----

// RFC 6455 5.5.3: of pings that wait only the newest needs an answer. The pong of
// a frame that is partly sent stays whole.
static void ping_flood(void **state) {
  (void)state;
  for (size_t sent_before = 0; sent_before <= 130; sent_before += 26) {
    wsabi_conn *conn = open_conn(NULL);
    size_t before = heap(), pings = scaled(100000);
    bytes output = {0};
    for (size_t i = 0; i < pings; i++) {
      char payload[125];
      snprintf(payload, sizeof payload, "%0124zu", i);
      bytes ping = {0};
      append_frame(&ping, 0x89, payload, sizeof payload);
      assert_int_equal(swallow(conn, &ping, SIZE_MAX), 1);
      clear(&ping);
      assert_true(wsabi_conn_output_size(conn) <= 16 * 127);
      if (i == 10) {  // a part of what is there, as to a slow socket
        take_some(conn, sent_before, 1, &output);
        assert_int_equal(output.len, sent_before);
      }
    }
    assert_heap_below(before, 64 * 1024);
    take_output(conn, &output);
    assert_true(output.len % 127 == 0 && output.len > 0);
    size_t last = 0;
    for (size_t at = 0; at < output.len; at += 127) {
      assert_int_equal(output.data[at], 0x8a);
      assert_int_equal(output.data[at + 1], 125);
      size_t number = strtoul((const char *)output.data + at + 2, NULL, 10);
      assert_true(at == 0 || number > last);
      last = number;
    }
    assert_int_equal(last, pings - 1);
    wsabi_conn_free(conn);
    clear(&output);
  }
}

static void pong_flood(void **state) {
  (void)state;
  wsabi_conn *conn = open_conn(NULL);
  size_t before = heap(), pongs = scaled(100000);
  for (size_t i = 0; i < pongs; i++) {
    bytes pong = wire("8a 84 M 'none'");
    assert_int_equal(swallow(conn, &pong, SIZE_MAX), 1);
    clear(&pong);
  }
  assert_heap_below(before, 4096);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  wsabi_conn_free(conn);
}

// ---- Fragments ----

static bytes fragments(size_t count, size_t len, bool finished) {
  bytes input = {0};
  for (size_t i = 0; i < count; i++) {
    bool last = finished && i == count - 1;
    append_frame(&input, (uint8_t)((last ? 0x80 : 0) | (i == 0 ? 2 : 0)), "x", len);
  }
  return input;
}

// What is kept of a message is its payload, not a record for each fragment.
static void fragment_flood(void **state) {
  (void)state;
  for (size_t len = 0; len <= 1; len++) {
    for (int finished = 0; finished <= 1; finished++) {
      size_t count = scaled(100000);
      bytes input = fragments(count, len, finished);
      wsabi_conn *conn = open_conn(NULL);
      size_t before = heap();
      assert_int_equal(swallow(conn, &input, 4096), finished);
      assert_heap_below(before, 2 * count * len + 64 * 1024);
      assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
      wsabi_conn_interest(conn);  // ends the life of the payload
      assert_heap_below(before, finished ? 4096 : 2 * count * len + 64 * 1024);
      wsabi_conn_free(conn);
      clear(&input);
    }
  }
}

// Ten times the input takes at most fifteen times the CPU time, best of some
// runs, which take turns so that a busy machine is busy for both.
static void assert_linear(const char *name, void (*body)(size_t size), size_t size) {
  double best[2] = {1e9, 1e9};
  for (int i = 0; i < 10; i++) {
    clock_t start = clock();
    body(i % 2 == 0 ? size / 10 : size);
    double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    best[i % 2] = took < best[i % 2] ? took : best[i % 2];
  }
  if (best[1] > 15 * best[0] + 1e-3) {
    fail_case(name, "%g s for ten times what takes %g s", best[1], best[0]);
  }
}

static void receive_fragments(size_t count) {
  bytes input = fragments(count, 1, true);
  wsabi_conn *conn = open_conn(NULL);
  assert_int_equal(swallow(conn, &input, 1000), 1);
  wsabi_conn_free(conn);
  clear(&input);
}

// A head that never ends, octet by octet.
static void receive_head(size_t size) {
  wsabi_config *config;
  wsabi_conn *conn;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_HEAD_SIZE, 1 << 20));
  check(wsabi_conn_new_server(config, &conn));
  bytes input = {0};
  append_text(&input, "GET / HTTP/1.1\r\nX-Long: ");
  while (input.len < size) {
    append_text(&input, "                                x");
  }
  assert_int_equal(swallow(conn, &input, 1), 0);
  wsabi_conn_free(conn);
  wsabi_config_free(config);
  clear(&input);
}

static void time_is_linear(void **state) {
  (void)state;
  assert_linear("fragments", receive_fragments, scaled(100000));
  assert_linear("head", receive_head, scaled(1000000));
}

// ---- Announcements ----

// No memory is taken for a length that was only announced.
static void announced_lengths(void **state) {
  (void)state;
  static const uint64_t LENGTHS[] = {1000000,        (1 << 24) - 1,       1 << 24,       (1 << 24) + 1,
                                     UINT32_MAX,     INT64_C(1) << 32,    INT64_MAX,     (uint64_t)INT64_MAX + 1,
                                     UINT64_MAX - 13, UINT64_MAX};
  static const uint8_t FIRST[] = {0x81, 0x82, 0x01, 0x80, 0x89, 0x88};
  for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
    for (size_t f = 0; f < sizeof FIRST; f++) {
      bytes input = {0};
      if (FIRST[f] == 0x80) {
        append_frame(&input, 0x01, "x", 1);
      }
      append(&input, &FIRST[f], 1);
      append(&input, &(uint8_t){0xff}, 1);
      for (int shift = 56; shift >= 0; shift -= 8) {
        append(&input, &(uint8_t){(uint8_t)(LENGTHS[i] >> shift)}, 1);
      }
      append(&input, "\0\0\0\0ten octets", 14);
      wsabi_conn *conn = open_conn(NULL);
      size_t before = heap();
      swallow(conn, &input, 3);
      assert_heap_below(before, 4096);
      bool fails = LENGTHS[i] > 1 << 24 || (FIRST[f] & 8) != 0 || (FIRST[f] == 0x80 && LENGTHS[i] == 1 << 24);
      assert_int_equal(wsabi_conn_failure(conn) != 0, fails);
      wsabi_conn_free(conn);
      clear(&input);
    }
  }
}

static void many_announcements(void **state) {
  (void)state;
  enum { CONNS = 200 };
  wsabi_conn *conns[CONNS];
  size_t before = heap();
  for (size_t i = 0; i < CONNS; i++) {
    conns[i] = open_conn(NULL);
    bytes input = wire("82 ff 0000000000ffffff M 'ten octets'");
    assert_int_equal(swallow(conns[i], &input, 20), 0);
    clear(&input);
  }
  assert_heap_below(before, 2 * 1024 * 1024);
  for (size_t i = 0; i < CONNS; i++) {
    wsabi_conn_free(conns[i]);
  }
}

static void head_that_never_ends(void **state) {
  (void)state;
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  size_t before = heap();
  for (size_t i = 0; i < scaled(10000); i++) {
    bytes input = {0};
    append_text(&input, i == 0 ? "GET / HTTP/1.1\r\nX-Long: " : "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    swallow(conn, &input, SIZE_MAX);
    clear(&input);
    assert_heap_below(before, 64 * 1024);
  }
  wsabi_conn_free(conn);
}

// ---- Many frames in one read ----

typedef struct {
  wsabi_conn *conn;
  bytes input;
  size_t events;
} job;

static void *swallow_all(void *argument) {
  job *j = argument;
  j->events = swallow(j->conn, &j->input, SIZE_MAX);
  return NULL;
}

// Frames are read in a loop, not by recursion: a thread with little stack does.
static void pipelined_frames(void **state) {
  (void)state;
  static const char *const EMPTY[] = {"82 80 M", "8a 80 M", "89 80 M", "81 80 M"};
  for (size_t i = 0; i < sizeof EMPTY / sizeof *EMPTY; i++) {
    size_t count = scaled(1000000);
    job j = {.conn = open_conn(NULL)};
    bytes frame = wire(EMPTY[i]);
    for (size_t n = 0; n < count; n++) {
      append(&j.input, frame.data, frame.len);
    }
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, swallow_all, &j), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_int_equal(j.events, count);
    assert_true(wsabi_conn_output_size(j.conn) <= 16 * 2);
    wsabi_conn_free(j.conn);
    clear(&j.input);
    clear(&frame);
  }
}

// ---- Several connections ----

// Rule 3: different objects are independent, and a config may be shared.
static void threads_share_a_config(void **state) {
  (void)state;
  enum { THREADS = 4 };
  wsabi_config *config;
  check(wsabi_config_new(&config));
  job jobs[THREADS] = {{0}};
  pthread_t threads[THREADS];
  size_t count = scaled(100000);
  for (size_t i = 0; i < THREADS; i++) {
    jobs[i].conn = open_conn(config);
    for (size_t n = 0; n < count; n++) {
      append_frame(&jobs[i].input, 0x81, "Hello", 5);
    }
  }
  wsabi_config_free(config);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, swallow_all, &jobs[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(jobs[i].events, count);
    wsabi_conn_free(jobs[i].conn);
    clear(&jobs[i].input);
  }
}

// One read buffer for all connections, as in a server's loop: what one of them
// keeps of its frame must be its own.
static void connections_share_a_buffer(void **state) {
  (void)state;
  enum { CONNS = 20 };
  wsabi_conn *conns[CONNS];
  bytes inputs[CONNS] = {{0}}, want[CONNS] = {{0}};
  size_t at[CONNS] = {0}, open = CONNS;
  transcript transcripts[CONNS] = {0};
  for (size_t i = 0; i < CONNS; i++) {
    conns[i] = open_conn(NULL);
    for (size_t n = 0; n < 10; n++) {
      char text[64];
      int len = snprintf(text, sizeof text, "message %zu of connection %zu", n, i);
      append_frame(&inputs[i], 0x01, text, 3);
      append_frame(&inputs[i], 0x80, text + 3, (size_t)len - 3);
      append(&want[i], (uint8_t[]){0x81, (uint8_t)len}, 2);
      append_text(&want[i], text);
    }
  }
  while (open > 0) {
    for (size_t i = 0; i < CONNS; i++) {
      size_t left = inputs[i].len - at[i], len = left < i + 1 ? left : i + 1;
      bytes piece = {inputs[i].data + at[i], len, len};
      feed(conns[i], &piece, (feeding){.cap = 4}, &transcripts[i]);
      transcripts[i].events[0] = '\0';
      at[i] += len;
      open -= len > 0 && at[i] == inputs[i].len;
    }
  }
  for (size_t i = 0; i < CONNS; i++) {
    take_output(conns[i], &transcripts[i].output);
    assert_true(equal(&transcripts[i].output, &want[i]));
    wsabi_conn_free(conns[i]);
    clear_transcript(&transcripts[i]);
    clear(&inputs[i]);
    clear(&want[i]);
  }
}

// ---- A peer that does not read ----

static void backpressure(void **state) {
  (void)state;
  enum { MARK = 10000, LOW = 4000, PIECE = 4096, ROUNDS = 1000 };
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_OUTPUT_HIGH_MARK, MARK));
  check(wsabi_config_set(config, WSABI_OPTION_OUTPUT_LOW_MARK, LOW));
  wsabi_conn *conn = open_conn(config);
  wsabi_config_free(config);
  bytes one = {0}, all = {0};
  uint8_t payload[500] = {0};
  append_frame(&one, 0x82, payload, sizeof payload);

  size_t rounds = 0, echoed = 0;
  while (rounds < ROUNDS && (wsabi_conn_interest(conn) & WSABI_INTEREST_READ)) {
    transcript t = {0};
    for (size_t len = 0; len < PIECE; len += one.len) {
      feed(conn, &one, (feeding){.cap = 64}, &t);
      echoed++;
    }
    clear_transcript(&t);
    rounds++;
  }
  assert_true(rounds < ROUNDS);
  assert_in_range(wsabi_conn_output_size(conn), MARK, MARK + PIECE + 1000);
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_WRITE);

  // As the peer reads, reading goes on below the low mark, which is told once.
  size_t told = 0;
  while (wsabi_conn_output_size(conn) > 0) {
    bool below = wsabi_conn_output_size(conn) <= LOW;
    wsabi_interest want = WSABI_INTEREST_WRITE | (below ? WSABI_INTEREST_READ : 0);
    wsabi_interest interest = wsabi_conn_interest(conn);
    if (below && told == 0) {
      assert_int_equal(interest, want | WSABI_INTEREST_RECV);
      wsabi_event event;
      size_t used;
      check(wsabi_conn_recv(conn, NULL, 0, &used, &event, 1, &told));
      assert_int_equal(told, 1);
      assert_int_equal(event.type, WSABI_EVENT_DRAINED);
    } else {
      assert_int_equal(interest, want);
    }
    wsabi_iovec run;
    size_t count;
    check(wsabi_conn_output(conn, &run, 1, &count));
    size_t len = run.len < 100 ? run.len : 100;
    append(&all, run.base, len);
    check(wsabi_conn_output_consumed(conn, len));
  }
  assert_int_equal(all.len, echoed * (sizeof payload + 4));
  assert_int_equal(wsabi_conn_interest(conn), WSABI_INTEREST_READ);
  wsabi_conn_free(conn);
  clear(&one);
  clear(&all);
}

// A send that would pass the limit changes nothing; a Close always finds room.
static void output_limit(void **state) {
  (void)state;
  enum { LIMIT = 5000 };
  wsabi_config *config;
  check(wsabi_config_new(&config));
  check(wsabi_config_set(config, WSABI_OPTION_MAX_OUTPUT, LIMIT));
  wsabi_conn *conn = open_conn(config);
  wsabi_config_free(config);
  uint8_t payload[LIMIT + 1] = {0};
  assert_int_equal(wsabi_conn_send_binary(conn, payload, sizeof payload), WSABI_ERR_LIMIT);
  assert_int_equal(wsabi_conn_output_size(conn), 0);
  wsabi_status status = WSABI_OK;
  for (size_t i = 0; i < 100 && status == WSABI_OK; i++) {
    size_t queued = wsabi_conn_output_size(conn);
    status = wsabi_conn_send_text(conn, "0123456789012345678901234567890123456789012345678901234567890123456789", 70);
    assert_int_equal(wsabi_conn_output_size(conn), status == WSABI_OK ? queued + 72 : queued);
  }
  assert_int_equal(status, WSABI_ERR_LIMIT);
  assert_true(wsabi_conn_output_size(conn) <= LIMIT);
  assert_int_equal(wsabi_conn_state(conn), WSABI_STATE_OPEN);
  check(wsabi_conn_close(conn, 1013, "slow", 4));
  bytes output = {0};
  take_output(conn, &output);
  assert_memory_equal(output.data + output.len - 8, "\x88\x06\x03\xf5slow", 8);
  wsabi_conn_free(conn);
  clear(&output);
}

// ---- Output ----

// A connection with every kind of output: an answer, small and large messages,
// pings, pongs, a Close.
static wsabi_conn *conn_with_output(void) {
  static const size_t SIZES[] = {0, 5, 125, 126, 2000, 3000, 70000, 1};
  wsabi_conn *conn;
  check(wsabi_conn_new_server(NULL, &conn));
  bytes input = {0}, pings = wire("89 81 M '1'; 89 81 M '2'");
  append_text(&input, REQUEST);
  transcript t = {0};
  feed(conn, &input, (feeding){.cap = 4}, &t);
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    // A block that is overwritten and freed right behind the call.
    uint8_t *payload = malloc(SIZES[i] + 1);
    memset(payload, 'a' + (int)i, SIZES[i] + 1);
    check(wsabi_conn_send_text(conn, payload, SIZES[i]));
    check(wsabi_conn_send_ping(conn, payload, SIZES[i] < 125 ? SIZES[i] : 125));
    memset(payload, 0xee, SIZES[i] + 1);
    free(payload);
    feed(conn, &pings, (feeding){.cap = 4}, &t);
  }
  check(wsabi_conn_close(conn, 1000, "bye", 3));
  clear_transcript(&t);
  clear(&input);
  clear(&pings);
  return conn;
}

static void output_in_pieces(void **state) {
  (void)state;
  bytes whole = {0};
  wsabi_conn *conn = conn_with_output();
  size_t total = wsabi_conn_output_size(conn);
  take_some(conn, SIZE_MAX, 4, &whole);
  assert_int_equal(whole.len, total);
  wsabi_conn_free(conn);

  // A write that ends at any octet.
  size_t step = 1;
  for (size_t cut = 0; cut <= total; cut += step) {
    conn = conn_with_output();
    bytes output = {0};
    take_some(conn, cut, 4, &output);
    assert_int_equal(output.len, cut);
    assert_int_equal(wsabi_conn_output_size(conn), total - cut);
    take_some(conn, SIZE_MAX, 1, &output);
    assert_true(equal(&output, &whole));
    wsabi_conn_free(conn);
    clear(&output);
    // Every octet around the small frames, some inside the large one.
    step = cut < 6000 || cut + 300 > total ? 6000 / scaled(6000) : 997;
  }
  // Writes of one size.
  static const size_t SIZES[] = {1, 2, 3, 7, 1000, 4096};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    conn = conn_with_output();
    bytes output = {0};
    while (wsabi_conn_output_size(conn) > 0) {
      take_some(conn, SIZES[i], 4, &output);
    }
    assert_true(equal(&output, &whole));
    wsabi_conn_free(conn);
    clear(&output);
  }
  clear(&whole);
}

// No argument is kept: each is overwritten and freed right behind the call.
static void arguments_are_not_kept(void **state) {
  (void)state;
  static const char head[] =
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Protocol: chat\r\n\r\n";
  for (int choose = 0; choose <= 1; choose++) {
    wsabi_config *config;
    check(wsabi_config_new(&config));
    char *name = strdup("chat");
    check(wsabi_config_add_subprotocol(config, name, 4));
    memset(name, 'x', 4);
    wsabi_conn *conn;
    check(wsabi_conn_new_server(config, &conn));
    wsabi_config_free(config);
    uint8_t *request = malloc(sizeof head);
    wsabi_event event;
    size_t used, count;
    memcpy(request, head, sizeof head);
    check(wsabi_conn_recv(conn, request, sizeof head - 1, &used, &event, 1, &count));
    memset(request, 'x', sizeof head);
    free(request);

    memcpy(name, "chat", 4);
    char *field = strdup("X-Name");
    wsabi_header *header = malloc(sizeof *header);
    *header = (wsabi_header){{field, 6}, {name, 4}};
    wsabi_response *response = malloc(sizeof *response);
    *response = (wsabi_response)WSABI_RESPONSE_INIT;
    response->headers = header;
    response->header_count = 1;
    check(wsabi_conn_accept(conn, choose ? name : NULL, choose ? 4 : 0, response));
    memset(name, 'x', 4);
    memset(field, 'x', 6);
    memset(header, 0xee, sizeof *header);
    memset(response, 0xee, sizeof *response);
    free(name);
    free(field);
    free(header);
    free(response);

    wsabi_slice chosen;
    check(wsabi_conn_subprotocol(conn, &chosen));
    assert_int_equal(chosen.len, 4);
    assert_memory_equal(chosen.data, "chat", 4);
    bytes output = {0};
    take_output(conn, &output);
    append(&output, "", 1);
    assert_non_null(strstr((const char *)output.data, "\r\nX-Name: chat\r\n"));
    clear(&output);
    wsabi_conn_free(conn);
  }
}

// ---- Life cycle ----

// Connections that are freed at any stage leave nothing behind.
static void every_stage_can_be_freed(void **state) {
  (void)state;
  static const char *const STAGES[] = {
      "", "81 85 M 'Hel'", "01 83 M 'Hel'", "81 85 M 'Hello'", "89 81 M 'p'", "88 82 M 03e8", "83 80 M"};
  size_t before = heap();
  for (size_t i = 0; i < scaled(10000); i++) {
    wsabi_conn *conn = open_conn(NULL);
    bytes input = wire(STAGES[i % (sizeof STAGES / sizeof *STAGES)]);
    transcript t = {0};
    feed(conn, &input, (feeding){.cap = 4}, &t);
    wsabi_conn_free(conn);  // with output that waits
    clear_transcript(&t);
    clear(&input);

    // Inside the head, then with a request that waits, then with a refusal.
    check(wsabi_conn_new_server(NULL, &conn));
    uint8_t head[512];
    size_t len = strlen(REQUEST), used, count;
    wsabi_event event;
    memcpy(head, REQUEST, len);
    size_t fed = i % 3 == 0 ? len / 2 : len;
    head[0] = i % 3 == 2 ? ' ' : 'G';
    check(wsabi_conn_recv(conn, head, fed, &used, &event, 1, &count));
    wsabi_conn_free(conn);
  }
  assert_heap_below(before, 4096);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_heap_is_measured),
      cmocka_unit_test(ping_flood),
      cmocka_unit_test(pong_flood),
      cmocka_unit_test(fragment_flood),
      cmocka_unit_test(time_is_linear),
      cmocka_unit_test(announced_lengths),
      cmocka_unit_test(many_announcements),
      cmocka_unit_test(head_that_never_ends),
      cmocka_unit_test(pipelined_frames),
      cmocka_unit_test(threads_share_a_config),
      cmocka_unit_test(connections_share_a_buffer),
      cmocka_unit_test(backpressure),
      cmocka_unit_test(output_limit),
      cmocka_unit_test(output_in_pieces),
      cmocka_unit_test(arguments_are_not_kept),
      cmocka_unit_test(every_stage_can_be_freed),
  };
  return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
