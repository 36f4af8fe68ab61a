// What echo_server.c and server_mio.c have in common, whoever keeps the sockets: the
// arguments, the config made of them, and what is answered to each event.

#ifndef CONTRACT_H
#define CONTRACT_H

#include <errno.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <wsabi.h>

enum {
  READ_SIZE = 256 * 1024,  // octets of one read, shared by all clients
  STOP_MS = 1000,          // how long a stopping server waits for the peers' Close
};

typedef struct {
  const char *host, *port;
  const char *path, *subprotocol;  // the first of each, which the page asks for
  wsabi_config *config;
  char *page;
} contract;

static void die(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (memory == NULL) die("malloc");
  return memory;
}

// ---- What is answered ----

static bool equal(const void *octets, size_t len, const char *text) {
  return strlen(text) == len && memcmp(octets, text, len) == 0;
}

static wsabi_status respond(wsabi_conn *conn, uint32_t status, const char *type, const char *body) {
  return wsabi_conn_respond(conn, status, type, strlen(type), body, strlen(body));
}

static wsabi_status answer_plain_http(const contract *c, wsabi_conn *conn, const wsabi_event *event) {
  wsabi_slice method;
  wsabi_status status = wsabi_conn_head_method(conn, &method);
  if (status != WSABI_OK) return status;
  if (equal(method.data, method.len, "GET") && equal(event->data, event->len, "/")) {
    return respond(conn, 200, "text/html; charset=utf-8", c->page);
  }
  return respond(conn, 426, "text/plain", "This is a WebSocket endpoint.\n");
}

static wsabi_status echo(wsabi_conn *conn, const wsabi_event *event) {
  bool text = event->type == WSABI_EVENT_TEXT;
  void *owner;
  if (wsabi_conn_take(conn, event, &owner) != WSABI_OK) {
    return text ? wsabi_conn_send_text(conn, event->data, event->len)
                : wsabi_conn_send_binary(conn, event->data, event->len);
  }
  // A message that took several reads lies in the connection. It is sent from
  // there, without being copied.
  wsabi_message type = text ? WSABI_MESSAGE_TEXT : WSABI_MESSAGE_BINARY;
  wsabi_status status =
      wsabi_conn_send_borrowed(conn, type, event->data, event->len, 0, wsabi_release, owner);
  if (status != WSABI_OK) {
    wsabi_release(owner);
  }
  return status;
}

// Anything but WSABI_OK means that the client is to be dropped.
static wsabi_status answer(const contract *c, wsabi_conn *conn, const wsabi_event *event) {
  wsabi_status status = WSABI_OK;
  switch (event->type) {
  case WSABI_EVENT_HTTP_REQUEST:
    status = answer_plain_http(c, conn, event);
    break;
  case WSABI_EVENT_TEXT:
  case WSABI_EVENT_BINARY:
    // The peer may go on sending after our Close; that has no answer.
    if (wsabi_conn_state(conn) == WSABI_STATE_OPEN) {
      status = echo(conn, event);
    }
    break;
  default:
    // wsabi itself answers an opening handshake, a ping, a Close and a broken
    // rule. Types may be added: ignore those you do not know.
    break;
  }
  if (status != WSABI_OK) {
    fprintf(stderr, "dropping a client: %s\n", wsabi_status_text(status));
  }
  return status;
}

// ---- Arguments ----

// The options of every server. A program's `usage` is its name, its own options and this.
#define CONTRACT_OPTIONS                                                               \
  "       [--host 127.0.0.1] [--port 9001] [--path PATH]... [--subprotocol NAME]...\n" \
  "       [--subprotocol-absent POLICY] [--subprotocol-mismatch POLICY]\n"             \
  "       [--origin ORIGIN]... [--no-deflate] [--max-message OCTETS]\n"                \
  "       [--opening-timeout MS] [--idle-timeout MS]\n"                                \
  "Port 0 is any free port. Without --path every path is served, without --origin\n"   \
  "every origin is. Subprotocols are in order of preference. POLICY is accept (the\n"  \
  "default), reject (with 400), or close (accept, then close with 1008). OCTETS is\n"  \
  "16777216 by default, the opening timeout 10000, and there is no idle timeout.\n"    \
  "permessage-deflate is on without --no-deflate.\n"

static const char *usage;

static void reject_arguments(const char *what, const char *argument) {
  fprintf(stderr, "%s: %s\n%s", what, argument, usage);
  exit(2);
}

static uint64_t number(const char *text, uint64_t maximum) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > maximum) {
    reject_arguments("not a number in range", text);
  }
  return value;
}

static uint64_t policy(const char *text) {
  if (strcmp(text, "accept") == 0) return WSABI_POLICY_ACCEPT;
  if (strcmp(text, "reject") == 0) return WSABI_POLICY_REJECT;
  if (strcmp(text, "close") == 0) return WSABI_POLICY_CLOSE;
  reject_arguments("not a policy", text);
  return 0;
}

// The page holds a path as it is, so that only RFC 3986's characters may be in it.
static bool is_path(const char *text) {
  static const char pchar[] = "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                              "0123456789-._~%!$&'()*+,;=:@";
  return text[0] == '/' && text[strspn(text, pchar)] == '\0';
}

// Lets the largest message be echoed while as much output waits as one read
// can cause above the mark from which on a client is no longer read from. Most
// is caused by small messages, which arrive compressed in a dozen octets and are
// echoed as they are, up to 256.
static wsabi_status limit_messages(wsabi_config *config, uint64_t max_message) {
  uint64_t mark;
  wsabi_status status = wsabi_config_get(config, WSABI_OPTION_OUTPUT_HIGH_MARK, &mark);
  if (status != WSABI_OK) return status;
  status = wsabi_config_set(config, WSABI_OPTION_MAX_MESSAGE_SIZE, max_message);
  if (status != WSABI_OK) return status;
  return wsabi_config_set(config, WSABI_OPTION_MAX_OUTPUT, max_message + mark + 32 * READ_SIZE);
}

// Begins with the defaults.
static void make_config(contract *c) {
  static const char reason[] = "This server demands one of its subprotocols.";
  if (wsabi_config_new(&c->config) != WSABI_OK ||
      wsabi_config_set(c->config, WSABI_OPTION_AUTO_ACCEPT, 1) != WSABI_OK ||
      wsabi_config_set(c->config, WSABI_OPTION_PLAIN_HTTP, 1) != WSABI_OK ||
      wsabi_config_set_close_reason(c->config, reason, sizeof reason - 1) != WSABI_OK ||
      limit_messages(c->config, 16777216) != WSABI_OK) {
    die("config");
  }
}

static wsabi_status read_argument(contract *c, const char *name, const char *value) {
  wsabi_config *config = c->config;
  if (strcmp(name, "--host") == 0) {
    c->host = value;
  } else if (strcmp(name, "--port") == 0) {
    (void)number(value, 65535);
    c->port = value;
  } else if (strcmp(name, "--path") == 0 && is_path(value)) {
    c->path = c->path != NULL ? c->path : value;
    return wsabi_config_add_resource(config, value, strlen(value));
  } else if (strcmp(name, "--subprotocol") == 0) {
    c->subprotocol = c->subprotocol != NULL ? c->subprotocol : value;
    return wsabi_config_add_subprotocol(config, value, strlen(value));
  } else if (strcmp(name, "--subprotocol-absent") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_ABSENT, policy(value));
  } else if (strcmp(name, "--subprotocol-mismatch") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_SUBPROTOCOL_MISMATCH, policy(value));
  } else if (strcmp(name, "--origin") == 0) {
    return wsabi_config_add_origin(config, value, strlen(value));
  } else if (strcmp(name, "--max-message") == 0) {
    return limit_messages(config, number(value, INT64_MAX));
  } else if (strcmp(name, "--opening-timeout") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_OPENING_TIMEOUT, number(value, INT_MAX));
  } else if (strcmp(name, "--idle-timeout") == 0) {
    return wsabi_config_set(config, WSABI_OPTION_IDLE_TIMEOUT, number(value, INT_MAX));
  } else {
    reject_arguments("unknown option, or not a value for it", name);
  }
  return WSABI_OK;
}

// The page for a browser that opens the server's address: it connects back.
static void make_page(contract *c) {
  static const char format[] =
      "<!doctype html><html lang=en><meta charset=utf-8><title>wsabi echo</title>\n"
      "<meta name=viewport content='width=device-width'>\n"
      "<style>:root { color-scheme: light dark; font: 1rem/1.6 system-ui }\n"
      "body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem }\n"
      "input, button { font: inherit } li { white-space: pre-wrap }</style>\n"
      "<h1>wsabi echo</h1> <input id=\"text\" aria-label=\"Message\" value=\"Hello\">\n"
      "<button id=\"send\">Send text</button> <button id=\"send-binary\">Send binary</button>\n"
      "<ol id=\"log\"></ol>\n"
      "<script>\n"
      "const element = id => document.getElementById(id);\n"
      "const log = line => element('log').appendChild(document.createElement('li')).textContent = line;\n"
      "const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';\n"
      "const socket = new WebSocket(scheme + location.host + \"%s\", [\"%s\"].filter(name => name));\n"
      "socket.binaryType = 'arraybuffer';\n"
      "socket.onopen = () => log('open');\n"
      "socket.onmessage = ({data}) => log(typeof data === 'string'\n"
      "  ? 'text: ' + data : 'binary: ' + data.byteLength + ' octets');\n"
      "socket.onclose = ({code}) => log('close: ' + code);\n"
      "element('send').onclick = () => socket.send(element('text').value);\n"
      "element('send-binary').onclick = () =>\n"
      "  socket.send(new TextEncoder().encode(element('text').value));\n"
      "</script>\n";
  const char *path = c->path != NULL ? c->path : "/";
  const char *subprotocol = c->subprotocol != NULL ? c->subprotocol : "";
  size_t size = sizeof format + strlen(path) + strlen(subprotocol);
  c->page = allocate(size);
  snprintf(c->page, size, format, path, subprotocol);
}

// `own` takes an option that is the program's alone, and returns false for any other;
// or it is NULL.
static void make_contract(contract *c, int argc, char **argv, bool (*own)(const char *name, const char *value)) {
  *c = (contract){.host = "127.0.0.1", .port = "9001"};
  make_config(c);
  for (int i = 1; i < argc; i++) {
    const char *name = argv[i];
    if (strcmp(name, "--help") == 0) {
      fputs(usage, stdout);
      exit(EXIT_SUCCESS);
    }
    if (strcmp(name, "--no-deflate") == 0) {
      (void)wsabi_config_set(c->config, WSABI_OPTION_DEFLATE, 0);
      continue;
    }
    if (++i == argc) {
      reject_arguments("unknown option, or without its value", name);
    } else if (!(own != NULL && own(name, argv[i])) && read_argument(c, name, argv[i]) != WSABI_OK) {
      reject_arguments("not a value for this option, or named twice", name);
    }
  }
  make_page(c);
}

static void free_contract(contract *c) {
  wsabi_config_free(c->config);
  free(c->page);
}

// ---- The process ----

// What a server with many clients asks of the system.
static void prepare_process(void) {
#ifdef M_TRIM_THRESHOLD
  // glibc gives memory back to the system as soon as 128 KiB at the end of the heap
  // are free, and a queue of output is, each time that it was written.
  mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
#endif
  // As many descriptors as the system lets this process have.
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

// The one line on stdout: whoever reads it may connect.
static void say_ready(const char *scheme, const char *host, const char *port) {
  bool ipv6 = strchr(host, ':') != NULL;
  printf("listening on %s://%s%s%s:%s/\n", scheme, ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
  fflush(stdout);
}

#endif
