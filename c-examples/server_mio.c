// A WebSocket echo server on the loop that wsabi brings along, in any number of
// threads: TCP, a Unix socket, or the sockets that systemd passes; with TLS or without.
//
//     cc server_mio.c $(pkg-config --cflags --libs wsabi) -pthread -o server_mio
//     ./server_mio --port 9001 --threads 2
//     ./server_mio --tls-cert chain.pem --tls-key key.pem
//
// Each thread has a server of its own, and the kernel shares the connections out;
// `serve` is all there is to a loop. The application is in contract.h: what it
// answers to each event, and which requests are accepted, which is data.

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "contract.h"

enum {
  EVENTS = 256,  // events taken from a server at once
  MAX_THREADS = 256,
  MAX_CERTIFICATES = 64,
  FIRST_PASSED = 3,  // descriptor, see sd_listen_fds(3)
};

typedef struct {
  wsabi_server *server;
  wsabi_remote *remote;  // for the other threads
  pthread_t thread;
} worker;

typedef struct {
  const char *host;  // NULL: for everybody else
  const char *chain, *key;
} certificate;

static contract settings;
static certificate certificates[MAX_CERTIFICATES];
static size_t certificate_count;
static const char *unix_path, *metrics_path;
static worker workers[MAX_THREADS];
static size_t threads = 1;

static bool read_own_argument(const char *name, const char *value);
static void make_servers(void);
static bool set_certificates(void);
static void listen_for_clients(void);
static void catch_signals(void);
static void *serve(void *worker);

int main(int argc, char **argv) {
  usage = "usage: server_mio [--threads 1] [--unix PATH] [--metrics PATH]\n"
          "       [[--tls-host NAME] --tls-cert FILE --tls-key FILE]...\n" CONTRACT_OPTIONS
          "With --unix the first thread listens to that socket instead of an address. Sockets\n"
          "that systemd passes are everybody's. --metrics is the path of the counters, in\n"
          "Prometheus' format, of the thread that is asked. Certificates, with those between\n"
          "them and a known one, and keys are PEM; they are read again at SIGHUP. NAME is a\n"
          "host, or *. and a domain; without it a certificate is for all other hosts.\n";
  make_contract(&settings, argc, argv, read_own_argument);
  prepare_process();
  make_servers();
  catch_signals();
  listen_for_clients();
  for (size_t i = 1; i < threads; i++) {
    errno = pthread_create(&workers[i].thread, NULL, serve, &workers[i]);
    if (errno != 0) die("pthread_create");
  }
  serve(&workers[0]);
  for (size_t i = 0; i < threads; i++) {
    if (i > 0) pthread_join(workers[i].thread, NULL);
    wsabi_server_free(workers[i].server);
    wsabi_remote_free(workers[i].remote);
  }
  free_contract(&settings);
  return EXIT_SUCCESS;
}

// Ends the process when something fails that a server cannot do without.
static void check(const worker *w, wsabi_status status, const char *what) {
  if (status == WSABI_OK) return;
  const char *text = wsabi_status_text(status);
  wsabi_slice reason = {text, strlen(text)};
  if (status == WSABI_ERR_IO && w->server != NULL) {
    (void)wsabi_server_error(w->server, &reason);
  }
  fprintf(stderr, "%s: %.*s\n", what, (int)reason.len, (const char *)reason.data);
  exit(EXIT_FAILURE);
}

// ---- The loop ----

static volatile sig_atomic_t stopping, reloading;

static void *serve(void *argument) {
  const worker *w = argument;
  while (wsabi_server_stage(w->server) != WSABI_STAGE_STOPPED) {
    wsabi_server_event events[EVENTS];
    size_t count;
    check(w, wsabi_server_poll(w->server, -1, events, EVENTS, &count), "poll");
    for (size_t i = 0; i < count; i++) {
      if (answer(&settings, events[i].conn, &events[i].event) != WSABI_OK) {
        wsabi_conn_free(events[i].conn);
      }
    }
    if (reloading && w == workers) {
      reloading = 0;
      (void)set_certificates();  // or goes on with those that it has
    }
    if (stopping && w == workers && wsabi_server_stage(w->server) == WSABI_STAGE_RUNNING) {
      // 1001 is "going away", RFC 6455 7.4.1.
      for (size_t i = 0; i < threads; i++) {
        (void)wsabi_remote_shutdown(workers[i].remote, 1001, STOP_MS);
      }
    }
  }
  return NULL;
}

// It may meet any thread.
static void on_signal(int number) {
  int saved = errno;
  if (number == SIGHUP) {
    reloading = 1;
  } else {
    stopping = 1;
  }
  (void)wsabi_remote_wake(workers[0].remote);
  errno = saved;
}

static void catch_signals(void) {
  struct sigaction stop = {.sa_handler = on_signal};
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGINT, &stop, NULL);
  if (certificate_count > 0) sigaction(SIGHUP, &stop, NULL);
}

static void make_servers(void) {
  check(workers, wsabi_config_set(settings.config, WSABI_OPTION_READ_SIZE, READ_SIZE), "config");
  for (worker *w = workers; w < workers + threads; w++) {
    check(w, wsabi_server_new(settings.config, &w->server), "server");
    check(w, wsabi_server_remote(w->server, &w->remote), "remote");
    if (metrics_path != NULL) {
      check(w, wsabi_server_serve_metrics(w->server, metrics_path, strlen(metrics_path)), "--metrics");
    }
  }
  if (certificate_count == 0) return;
  if (!set_certificates()) exit(EXIT_FAILURE);
  for (worker *w = workers + 1; w < workers + threads; w++) {
    check(w, wsabi_server_share_certificates(w->server, workers->server), "certificates");
  }
}

// Those of the first thread's server, which are everybody's.
static bool set_certificates(void) {
  for (const certificate *c = certificates; c < certificates + certificate_count; c++) {
    size_t host_len = c->host != NULL ? strlen(c->host) : 0;
    wsabi_status status = wsabi_server_set_certificate(workers->server, c->host, host_len, c->chain,
                                                       strlen(c->chain), c->key, strlen(c->key));
    wsabi_slice reason;
    if (status == WSABI_OK) continue;
    if (wsabi_server_error(workers->server, &reason) == WSABI_OK) {
      fprintf(stderr, "certificates: %.*s\n", (int)reason.len, (const char *)reason.data);
    }
    return false;
  }
  return true;
}

// ---- Sockets ----

static uint32_t tls_flag(void) {
  return certificate_count > 0 ? WSABI_LISTEN_TLS : 0;
}

static const char *scheme(void) {
  return certificate_count > 0 ? "wss" : "ws";
}

static void say_ready_unix(const char *path) {
  printf("listening on %s+unix:%s\n", scheme(), path);
  fflush(stdout);
}

static void listen_to_address(void) {
  // A port that is nobody else's, unless it is for several threads.
  uint32_t flags = tls_flag() | (threads > 1 ? WSABI_LISTEN_REUSE_PORT : 0);
  uint16_t port = (uint16_t)number(settings.port, 65535);
  for (worker *w = workers; w < workers + threads; w++) {
    size_t len = strlen(settings.host);
    check(w, wsabi_server_listen(w->server, settings.host, len, port, flags, &port), "listen");
  }
  char text[sizeof "65535"];
  snprintf(text, sizeof text, "%u", port);
  say_ready(scheme(), settings.host, text);
}

static void listen_to_unix(void) {
  check(workers, wsabi_server_listen_unix(workers->server, unix_path, strlen(unix_path), tls_flag()),
        "listen");
  say_ready_unix(unix_path);
}

// How many sockets systemd passed to this process, sd_listen_fds(3).
static int passed_sockets(void) {
  const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != getpid()) return 0;
  return (int)number(count, 64);
}

static void say_ready_passed(void) {
  union {
    struct sockaddr any;
    struct sockaddr_un unix_name;
    struct sockaddr_storage storage;
  } bound = {0};
  socklen_t len = sizeof bound - 1;  // a name of full length has no terminator
  char host[64], port[sizeof "65535"];
  if (getsockname(FIRST_PASSED, &bound.any, &len) != 0) die("getsockname");
  if (bound.any.sa_family == AF_UNIX) {
    say_ready_unix(bound.unix_name.sun_path);
  } else if (getnameinfo(&bound.any, len, host, sizeof host, port, sizeof port,
                         NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    say_ready(scheme(), host, port);
  }
}

// Every thread accepts from every socket that was passed.
static void listen_to_passed(int count) {
  for (int fd = FIRST_PASSED; fd < FIRST_PASSED + count; fd++) {
    for (worker *w = workers; w < workers + threads; w++) {
      int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_PASSED + count);
      if (copy < 0) die("LISTEN_FDS");
      check(w, wsabi_server_listen_fd(w->server, copy, tls_flag()), "LISTEN_FDS");
    }
  }
  say_ready_passed();
  for (int fd = FIRST_PASSED; fd < FIRST_PASSED + count; fd++) {
    close(fd);
  }
}

static void listen_for_clients(void) {
  int passed = passed_sockets();
  if (passed > 0) {
    listen_to_passed(passed);
  } else if (unix_path != NULL) {
    listen_to_unix();
  } else {
    listen_to_address();
  }
}

// ---- Arguments ----

// A host and a chain begin one, and a key belongs to the last.
static void read_certificate(const char *name, const char *value) {
  static const char *host;
  if (strcmp(name, "--tls-host") == 0) {
    host = value;
  } else if (strcmp(name, "--tls-cert") == 0 && certificate_count < MAX_CERTIFICATES) {
    certificates[certificate_count++] = (certificate){.host = host, .chain = value, .key = value};
    host = NULL;
  } else if (strcmp(name, "--tls-key") == 0 && certificate_count > 0) {
    certificates[certificate_count - 1].key = value;
  } else {
    reject_arguments("not in its place", name);
  }
}

static bool read_own_argument(const char *name, const char *value) {
  if (strcmp(name, "--threads") == 0) {
    threads = (size_t)number(value, MAX_THREADS);
    threads = threads > 0 ? threads : 1;
  } else if (strcmp(name, "--unix") == 0) {
    unix_path = value;
  } else if (strcmp(name, "--metrics") == 0) {
    metrics_path = value;
  } else if (strncmp(name, "--tls-", 6) == 0) {
    read_certificate(name, value);
  } else {
    return false;
  }
  return true;
}
