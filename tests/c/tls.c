// TLS of the embedded server as a contract: certificates that can be used and those that
// cannot, who needs one, and what is said to a peer that speaks no TLS. Handshakes are
// in tests/tls, with the library's Rust, and in tests/interop/tls.py, with real clients.

#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

static char folder[] = "/tmp/wsabi-tls-XXXXXX";
static char chain[64], key[64], other_key[64], missing[64];

static int make_files(void **state) {
  (void)state;
  char command[256];
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(command, sizeof command, "../certificates.sh %s example.org example.net", folder);
  snprintf(chain, sizeof chain, "%s/example.org.pem", folder);
  snprintf(key, sizeof key, "%s/example.org.key", folder);
  snprintf(other_key, sizeof other_key, "%s/example.net.key", folder);
  snprintf(missing, sizeof missing, "%s/missing.pem", folder);
  return system(command);
}

static int remove_files(void **state) {
  (void)state;
  char command[64];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command);
}

static wsabi_server *server(void) {
  wsabi_server *made;
  check(wsabi_server_new(NULL, &made));
  return made;
}

static wsabi_status set(wsabi_server *s, const char *host, const char *chain_file, const char *key_file) {
  size_t host_len = host != NULL ? strlen(host) : 0;
  return wsabi_server_set_certificate(s, host, host_len, chain_file, strlen(chain_file), key_file, strlen(key_file));
}

static bytes read_file(const char *path) {
  bytes b = {0};
  char line[256];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL) {
    append_text(&b, line);
  }
  fclose(file);
  return b;
}

static void expect_error(wsabi_server *s, const char *format, const char *file) {
  char want[256];
  wsabi_slice text;
  snprintf(want, sizeof want, format, file);
  check(wsabi_server_error(s, &text));
  assert_int_equal(text.len, strlen(want));
  assert_memory_equal(text.data, want, text.len);
}

static void certificates_of_hosts(void **state) {
  (void)state;
  wsabi_server *s = server();
  wsabi_slice text;
  check(set(s, NULL, chain, key));
  check(set(s, NULL, chain, key));
  check(set(s, "example.org", chain, key));
  check(set(s, "*.Example.org", chain, key));
  bytes chain_pem = read_file(chain), key_pem = read_file(key);
  check(wsabi_server_set_certificate_pem(s, "a.org", 5, chain_pem.data, chain_pem.len, key_pem.data, key_pem.len));
  check(wsabi_server_set_certificate_pem(s, NULL, 0, chain_pem.data, chain_pem.len, key_pem.data, key_pem.len));
  assert_int_equal(wsabi_server_error(s, &text), WSABI_ERR_NOT_FOUND);
  clear(&chain_pem);
  clear(&key_pem);
  wsabi_server_free(s);
}

static void what_is_wrong_is_said(void **state) {
  (void)state;
  wsabi_server *s = server();
  assert_int_equal(set(s, NULL, missing, key), WSABI_ERR_IO);
  expect_error(s, "%s: cannot be read: No such file or directory (os error 2)", missing);
  assert_int_equal(set(s, NULL, key, key), WSABI_ERR_ARGUMENT);
  expect_error(s, "%s: no certificate is in it", key);
  assert_int_equal(set(s, NULL, chain, chain), WSABI_ERR_ARGUMENT);
  expect_error(s, "%s: no private key is in it", chain);
  assert_int_equal(set(s, NULL, "", key), WSABI_ERR_IO);
  static const char *const HOSTS[] = {"", "*", "a b", "127.0.0.1", "\xff"};
  for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
    assert_int_equal(set(s, HOSTS[i], chain, key), WSABI_ERR_ARGUMENT);
  }
  assert_int_equal(set(s, "a b", chain, key), WSABI_ERR_ARGUMENT);
  expect_error(s, "%s: is no name of a host", "a b");
  assert_int_equal(set(s, NULL, chain, other_key), WSABI_ERR_ARGUMENT);
  assert_int_equal(wsabi_server_set_certificate_pem(s, NULL, 0, NULL, 0, NULL, 0), WSABI_ERR_ARGUMENT);
  expect_error(s, "%s: no certificate is in it", "the chain");
  // None of it is a certificate to listen with.
  assert_int_equal(wsabi_server_listen(s, "127.0.0.1", 9, 0, WSABI_LISTEN_TLS, NULL), WSABI_ERR_STATE);
  wsabi_server_free(s);
}

static void who_speaks_tls_needs_a_certificate(void **state) {
  (void)state;
  wsabi_server *s = server(), *another = server();
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(wsabi_server_listen(s, "127.0.0.1", 9, 0, WSABI_LISTEN_TLS, NULL), WSABI_ERR_STATE);
  assert_int_equal(wsabi_server_listen_unix(s, "a", 1, WSABI_LISTEN_TLS), WSABI_ERR_STATE);
  assert_int_equal(wsabi_server_listen_fd(s, ends[0], WSABI_LISTEN_TLS), WSABI_ERR_STATE);
  assert_int_equal(wsabi_server_adopt(s, ends[0], NULL, 0, WSABI_LISTEN_TLS, NULL), WSABI_ERR_STATE);
  assert_int_equal(wsabi_server_share_certificates(another, s), WSABI_ERR_NOT_FOUND);
  check(set(s, NULL, chain, key));
  check(wsabi_server_share_certificates(another, s));
  check(wsabi_server_listen(s, "127.0.0.1", 9, 0, WSABI_LISTEN_TLS, NULL));
  check(wsabi_server_listen(s, "127.0.0.1", 9, 0, WSABI_LISTEN_TLS | WSABI_LISTEN_REUSE_PORT, NULL));
  wsabi_server_free(s);
  // What is shared stays.
  check(set(another, NULL, chain, key));
  check(wsabi_server_listen(another, "127.0.0.1", 9, 0, WSABI_LISTEN_TLS, NULL));
  check(wsabi_server_adopt(another, ends[0], NULL, 0, WSABI_LISTEN_TLS, NULL));
  wsabi_server_free(another);
  close(ends[1]);
}

// It gets a fatal alert, decode_error (RFC 8446 6.2), and nothing of it is listed.
static void who_speaks_no_tls_gets_an_alert(void **state) {
  (void)state;
  static const uint8_t ALERT[] = {21, 3, 3, 0, 2, 2, 50};
  wsabi_server *s = server();
  check(set(s, NULL, chain, key));
  for (int early = 0; early < 2; early++) {
    int ends[2];
    uint8_t told[64];
    size_t count;
    wsabi_server_event events[4];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    if (early) {
      check(wsabi_server_adopt(s, ends[0], REQUEST, strlen(REQUEST), WSABI_LISTEN_TLS, NULL));
    } else {
      check(wsabi_server_adopt(s, ends[0], NULL, 0, WSABI_LISTEN_TLS, NULL));
      assert_int_equal(send(ends[1], REQUEST, strlen(REQUEST), 0), strlen(REQUEST));
    }
    check(wsabi_server_poll(s, 100, events, 4, &count));
    assert_int_equal(count, 0);
    assert_int_equal(recv(ends[1], told, sizeof told, 0), sizeof ALERT);
    assert_memory_equal(told, ALERT, sizeof ALERT);
    assert_int_equal(recv(ends[1], told, sizeof told, 0), 0);
    assert_int_equal(wsabi_server_count(s), 0);
    close(ends[1]);
  }
  wsabi_server_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(certificates_of_hosts),
      cmocka_unit_test(what_is_wrong_is_said),
      cmocka_unit_test(who_speaks_tls_needs_a_certificate),
      cmocka_unit_test(who_speaks_no_tls_gets_an_alert),
  };
  return cmocka_run_group_tests(tests, make_files, remove_files);
}
