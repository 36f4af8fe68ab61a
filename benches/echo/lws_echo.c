// lws_echo: an echo server on libwebsockets, as its own minimal-ws-server-echo
// writes one: a message is queued, and one written for each callback. It is received
// in pieces when it spans reads, and echoed when it is whole.

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
  struct message *next;
  size_t len;
  int binary;
  unsigned char room[LWS_PRE];  // the library's, directly before the payload
  unsigned char payload[];
};

struct session {
  struct message *first, **last;
  struct message *growing;  // the one that is not whole yet
};

static int receive(struct lws *wsi, struct session *session, const void *data, size_t len) {
  size_t before = session->growing ? session->growing->len : 0;
  struct message *message = realloc(session->growing, sizeof *message + before + len);
  if (!message) return -1;
  memcpy(message->payload + before, data, len);
  message->next = NULL;
  message->len = before + len;
  message->binary = lws_frame_is_binary(wsi);
  session->growing = message;
  if (!lws_is_final_fragment(wsi)) return 0;
  session->growing = NULL;
  *session->last = message;
  session->last = &message->next;
  lws_callback_on_writable(wsi);
  return 0;
}

static void forget_first(struct session *session) {
  struct message *message = session->first;
  session->first = message->next;
  if (!session->first) session->last = &session->first;
  free(message);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data, size_t len) {
  struct session *session = user;
  switch (reason) {
  case LWS_CALLBACK_ESTABLISHED:
    session->last = &session->first;
    return 0;
  case LWS_CALLBACK_RECEIVE:
    return receive(wsi, session, data, len);
  case LWS_CALLBACK_SERVER_WRITEABLE: {
    struct message *message = session->first;
    if (!message) return 0;
    enum lws_write_protocol type = message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    if (lws_write(wsi, message->payload, message->len, type) < (int)message->len) return -1;
    forget_first(session);
    if (session->first) lws_callback_on_writable(wsi);
    return 0;
  }
  case LWS_CALLBACK_CLOSED:
    while (session->first) forget_first(session);
    free(session->growing);
    return 0;
  default:
    return 0;
  }
}

int main(void) {
  static const struct lws_protocols protocols[] = {
      {.name = "echo", .callback = on_event, .per_session_data_size = sizeof(struct session), .rx_buffer_size = 65536},
      {.name = NULL},
  };
  struct lws_context_creation_info info = {.port = 0, .iface = "127.0.0.1", .protocols = protocols};
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  info.pt_serv_buf_size = 65536;
  lws_set_log_level(LLL_ERR, NULL);
  struct lws_context *context = lws_create_context(&info);
  struct lws_vhost *host = context ? lws_create_vhost(context, &info) : NULL;
  if (!host) return EXIT_FAILURE;
  printf("listening on ws://127.0.0.1:%d/\n", lws_get_vhost_listen_port(host));
  fflush(stdout);
  while (lws_service(context, 0) >= 0) {
  }
  return EXIT_SUCCESS;
}
