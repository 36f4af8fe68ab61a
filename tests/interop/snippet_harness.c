// Runs a snippet of the documentation: one request in, all that is sent out.
//
// The snippet may have `configure`, which fills in the config, and what answers
// the two kinds of requests: `decide` and `decide_plain`.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wsabi.h>

bool configure(wsabi_config *config) __attribute__((weak));
wsabi_status decide(wsabi_conn *conn) __attribute__((weak));
wsabi_status decide_plain(wsabi_conn *conn) __attribute__((weak));

static void check(bool right, const char *what) {
  if (!right) {
    fprintf(stderr, "failed: %s\n", what);
    exit(EXIT_FAILURE);
  }
}

static wsabi_status answer(wsabi_conn *conn, const wsabi_event *event) {
  switch (event->type) {
  case WSABI_EVENT_REQUEST:
    return decide != NULL ? decide(conn) : wsabi_conn_accept(conn, NULL, 0, NULL);
  case WSABI_EVENT_HTTP_REQUEST:
    return decide_plain(conn);
  default:
    return WSABI_OK;
  }
}

int main(void) {
  wsabi_config *config;
  wsabi_conn *conn;
  check(wsabi_config_new(&config) == WSABI_OK, "config_new");
  check(configure == NULL || configure(config), "configure");
  check(wsabi_conn_new_server(config, &conn) == WSABI_OK, "new_server");

  uint8_t request[4096];
  size_t len = fread(request, 1, sizeof request, stdin), used, count;
  wsabi_event events[4];
  check(wsabi_conn_recv(conn, request, len, &used, events, 4, &count) == WSABI_OK, "recv");
  check(used == len, "one request");
  for (size_t i = 0; i < count; i++) {
    check(answer(conn, &events[i]) == WSABI_OK, "answer");
  }

  wsabi_iovec runs[16];
  check(wsabi_conn_output(conn, runs, 16, &count) == WSABI_OK, "output");
  for (size_t i = 0; i < count; i++) {
    fwrite(runs[i].base, 1, runs[i].len, stdout);
  }
  wsabi_conn_free(conn);
  wsabi_config_free(config);
  return EXIT_SUCCESS;
}
