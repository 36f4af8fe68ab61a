enum {
  WSABI_PREFERENCE_SERVER = 0,
  WSABI_PREFERENCE_CLIENT = 1,
  WSABI_POLICY_ACCEPT = 0,
  WSABI_POLICY_REJECT = 1,
  WSABI_POLICY_CLOSE = 2,
  WSABI_FLAG_COMPRESSED = 1,
  WSABI_FLAG_FIRST = 2,
  WSABI_FLAG_LAST = 4,
  WSABI_SEND_MORE = 1,
  WSABI_SEND_COMPRESSED = 2,
  WSABI_SEND_UNCOMPRESSED = 4,
  WSABI_HTTP_1_0 = 10,
  WSABI_HTTP_1_1 = 11,
  WSABI_HTTP_2 = 20,
  WSABI_HTTP_3 = 30,
  WSABI_ABI_VERSION = 0,
  WSABI_LISTEN_REUSE_PORT = 1,
  WSABI_LISTEN_TLS = 2,
  WSABI_OPTION_MAX_HEAD_SIZE = 1,
  WSABI_OPTION_MAX_HEADERS = 2,
  WSABI_OPTION_MAX_FRAME_SIZE = 3,
  WSABI_OPTION_MAX_MESSAGE_SIZE = 4,
  WSABI_OPTION_MAX_FRAGMENTS = 5,
  WSABI_OPTION_OUTPUT_HIGH_MARK = 6,
  WSABI_OPTION_MAX_OUTPUT = 7,
  WSABI_OPTION_AUTO_ACCEPT = 8,
  WSABI_OPTION_PLAIN_HTTP = 9,
  WSABI_OPTION_SUBPROTOCOL_PREFERENCE = 10,
  WSABI_OPTION_SUBPROTOCOL_ABSENT = 11,
  WSABI_OPTION_SUBPROTOCOL_MISMATCH = 12,
  WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS = 13,
  WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE = 14,
  WSABI_OPTION_ALLOW_SAME_HOST = 15,
  WSABI_OPTION_MAX_REJECTION_BODY = 16,
  WSABI_OPTION_DEFLATE = 17,
  WSABI_OPTION_DEFLATE_LEVEL = 18,
  WSABI_OPTION_DEFLATE_MEMORY_LEVEL = 19,
  WSABI_OPTION_DEFLATE_MIN_SIZE = 20,
  WSABI_OPTION_SERVER_MAX_WINDOW_BITS = 21,
  WSABI_OPTION_CLIENT_MAX_WINDOW_BITS = 22,
  WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER = 23,
  WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER = 24,
  WSABI_OPTION_OPENING_TIMEOUT = 25,
  WSABI_OPTION_CLOSING_TIMEOUT = 26,
  WSABI_OPTION_PING_INTERVAL = 27,
  WSABI_OPTION_PONG_TIMEOUT = 28,
  WSABI_OPTION_IDLE_TIMEOUT = 29,
  WSABI_OPTION_OUTPUT_LOW_MARK = 30,
  WSABI_OPTION_MESSAGE_PIECES = 31,
  WSABI_OPTION_COUNTERS = 32,
  WSABI_OPTION_MAX_CONNECTIONS = 33,
  WSABI_OPTION_MAX_CONNECTIONS_PER_ADDRESS = 34,
  WSABI_OPTION_READ_SIZE = 35,
  WSABI_EVENT_REQUEST = 1,
  WSABI_EVENT_OPEN = 2,
  WSABI_EVENT_REJECTED = 3,
  WSABI_EVENT_TEXT = 4,
  WSABI_EVENT_BINARY = 5,
  WSABI_EVENT_PING = 6,
  WSABI_EVENT_PONG = 7,
  WSABI_EVENT_CLOSE = 8,
  WSABI_EVENT_FAILED = 9,
  WSABI_EVENT_CLOSED = 10,
  WSABI_EVENT_HTTP_REQUEST = 11,
  WSABI_EVENT_DRAINED = 12,
  WSABI_ROLE_SERVER = 0,
  WSABI_ROLE_CLIENT = 1,
  WSABI_INTEREST_READ = 1,
  WSABI_INTEREST_WRITE = 2,
  WSABI_INTEREST_SHUTDOWN_WRITE = 4,
  WSABI_INTEREST_CLOSE = 8,
  WSABI_INTEREST_RECV = 16,
  WSABI_STATE_CONNECTING = 0,
  WSABI_STATE_OPEN = 1,
  WSABI_STATE_CLOSING = 2,
  WSABI_STATE_CLOSED = 3,
  WSABI_INFO_OCTETS_RECEIVED = 1,
  WSABI_INFO_OCTETS_SENT = 2,
  WSABI_INFO_FRAMES_RECEIVED = 3,
  WSABI_INFO_FRAMES_SENT = 4,
  WSABI_INFO_MESSAGES_RECEIVED = 5,
  WSABI_INFO_MESSAGES_SENT = 6,
  WSABI_INFO_PINGS_RECEIVED = 7,
  WSABI_INFO_PINGS_SENT = 8,
  WSABI_INFO_COMPRESSED_RECEIVED = 9,
  WSABI_INFO_COMPRESSED_SENT = 10,
  WSABI_INFO_ROUND_TRIP = 11,
  WSABI_INFO_DEFLATE = 12,
  WSABI_INFO_DEFLATE_WINDOW_BITS = 13,
  WSABI_INFO_DEFLATE_TAKEOVER = 14,
  WSABI_INFO_DEFLATE_PEER_TAKEOVER = 15,
  WSABI_MESSAGE_TEXT = 1,
  WSABI_MESSAGE_BINARY = 2,
  WSABI_OK = 0,
  WSABI_ERR_NULL = -1,
  WSABI_ERR_ARGUMENT = -2,
  WSABI_ERR_STATE = -3,
  WSABI_ERR_LIMIT = -4,
  WSABI_ERR_MEMORY = -5,
  WSABI_ERR_UNSUPPORTED = -6,
  WSABI_ERR_NOT_FOUND = -7,
  WSABI_ERR_RANDOM = -8,
  WSABI_ERR_IO = -9,
  WSABI_ERR_INTERNAL = -99,
  WSABI_FAILURE_BAD_REQUEST_LINE = 101,
  WSABI_FAILURE_BAD_LINE_END = 102,
  WSABI_FAILURE_BAD_HEADER = 103,
  WSABI_FAILURE_HEAD_TOO_LONG = 104,
  WSABI_FAILURE_TOO_MANY_HEADERS = 105,
  WSABI_FAILURE_HTTP_VERSION = 106,
  WSABI_FAILURE_TLS = 107,
  WSABI_FAILURE_BAD_TARGET = 108,
  WSABI_FAILURE_HOST_MISSING = 109,
  WSABI_FAILURE_HOST_REPEATED = 110,
  WSABI_FAILURE_HOST_MALFORMED = 111,
  WSABI_FAILURE_BODY = 112,
  WSABI_FAILURE_METHOD = 113,
  WSABI_FAILURE_HTTP_1_0 = 114,
  WSABI_FAILURE_UPGRADE_MISSING = 115,
  WSABI_FAILURE_CONNECTION_MISSING = 116,
  WSABI_FAILURE_PLAIN_HTTP = 117,
  WSABI_FAILURE_VERSION_MISSING = 118,
  WSABI_FAILURE_VERSION_UNSUPPORTED = 119,
  WSABI_FAILURE_VERSION_REPEATED = 120,
  WSABI_FAILURE_KEY_MISSING = 121,
  WSABI_FAILURE_KEY_REPEATED = 122,
  WSABI_FAILURE_KEY_INVALID = 123,
  WSABI_FAILURE_BAD_SUBPROTOCOL = 124,
  WSABI_FAILURE_REQUEST_OUT_OF_MEMORY = 125,
  WSABI_FAILURE_SUBPROTOCOL_ABSENT = 126,
  WSABI_FAILURE_SUBPROTOCOL_MISMATCH = 127,
  WSABI_FAILURE_ORIGIN_NOT_ALLOWED = 128,
  WSABI_FAILURE_UNKNOWN_RESOURCE = 129,
  WSABI_FAILURE_UNKNOWN_PROTOCOL = 130,
  WSABI_FAILURE_TIMEOUT = 131,
  WSABI_FAILURE_RESPONSE_BAD_STATUS_LINE = 151,
  WSABI_FAILURE_RESPONSE_BAD_LINE_END = 152,
  WSABI_FAILURE_RESPONSE_BAD_HEADER = 153,
  WSABI_FAILURE_RESPONSE_HEAD_TOO_LONG = 154,
  WSABI_FAILURE_RESPONSE_TOO_MANY_HEADERS = 155,
  WSABI_FAILURE_RESPONSE_HTTP_VERSION = 156,
  WSABI_FAILURE_RESPONSE_TLS = 157,
  WSABI_FAILURE_RESPONSE_UPGRADE_MISSING = 158,
  WSABI_FAILURE_RESPONSE_CONNECTION_MISSING = 159,
  WSABI_FAILURE_RESPONSE_ACCEPT_MISSING = 160,
  WSABI_FAILURE_RESPONSE_ACCEPT_REPEATED = 161,
  WSABI_FAILURE_RESPONSE_ACCEPT_WRONG = 162,
  WSABI_FAILURE_RESPONSE_EXTENSION_NOT_OFFERED = 163,
  WSABI_FAILURE_RESPONSE_SUBPROTOCOL_NOT_OFFERED = 164,
  WSABI_FAILURE_RESPONSE_SUBPROTOCOL_REPEATED = 165,
  WSABI_FAILURE_RESPONSE_OUT_OF_MEMORY = 166,
  WSABI_FAILURE_RESPONSE_EXTENSION_ANSWER = 167,
  WSABI_FAILURE_RESPONSE_TIMEOUT = 168,
  WSABI_FAILURE_RESERVED_BIT = 201,
  WSABI_FAILURE_RESERVED_OPCODE = 202,
  WSABI_FAILURE_FRAGMENTED_CONTROL = 203,
  WSABI_FAILURE_LONG_CONTROL = 204,
  WSABI_FAILURE_NON_MINIMAL_LENGTH = 205,
  WSABI_FAILURE_LENGTH_TOO_LARGE = 206,
  WSABI_FAILURE_UNMASKED = 207,
  WSABI_FAILURE_NOTHING_TO_CONTINUE = 208,
  WSABI_FAILURE_MESSAGE_INTERRUPTED = 209,
  WSABI_FAILURE_BAD_UTF8 = 210,
  WSABI_FAILURE_CLOSE_ONE_OCTET = 211,
  WSABI_FAILURE_CLOSE_CODE = 212,
  WSABI_FAILURE_CLOSE_REASON = 213,
  WSABI_FAILURE_FRAME_TOO_BIG = 214,
  WSABI_FAILURE_MESSAGE_TOO_BIG = 215,
  WSABI_FAILURE_TOO_MANY_FRAGMENTS = 216,
  WSABI_FAILURE_OUT_OF_MEMORY = 217,
  WSABI_FAILURE_MASKED = 218,
  WSABI_FAILURE_BAD_COMPRESSION = 219,
  WSABI_FAILURE_PONG_TIMEOUT = 220,
  WSABI_FAILURE_IDLE_TIMEOUT = 221,
  WSABI_SEVERITY_FATAL = 1,
  WSABI_SEVERITY_BROWSERS = 2,
  WSABI_SEVERITY_RISKY = 3,
  WSABI_SEVERITY_NOTE = 4,
  WSABI_PLACE_CAPTURE = 0,
  WSABI_PLACE_REQUEST = 1,
  WSABI_PLACE_RESPONSE = 2,
  WSABI_PLACE_FRAME = 3,
  WSABI_FINDING_NOTHING_FOUND = 1001,
  WSABI_FINDING_TOO_MANY_FINDINGS = 1002,
  WSABI_FINDING_HEAD_UNFINISHED = 1003,
  WSABI_FINDING_TLS = 1004,
  WSABI_FINDING_REQUEST_LINE_MALFORMED = 1010,
  WSABI_FINDING_STATUS_LINE_MALFORMED = 1011,
  WSABI_FINDING_START_LINE_MISSING = 1012,
  WSABI_FINDING_HTTP10_REQUEST = 1013,
  WSABI_FINDING_HTTP_VERSION_UNKNOWN = 1014,
  WSABI_FINDING_FIELD_MALFORMED = 1015,
  WSABI_FINDING_SPACE_BEFORE_COLON = 1016,
  WSABI_FINDING_FOLDED_LINE = 1017,
  WSABI_FINDING_STRAY_CR = 1018,
  WSABI_FINDING_CONTROL_OCTET = 1019,
  WSABI_FINDING_FIELD_NAME_MALFORMED = 1020,
  WSABI_FINDING_INJECTION_SIGN = 1021,
  WSABI_FINDING_LINE_ENDS_MIXED = 1022,
  WSABI_FINDING_FIELD_REPEATED = 1023,
  WSABI_FINDING_METHOD_NOT_GET = 1101,
  WSABI_FINDING_TARGET_MALFORMED = 1102,
  WSABI_FINDING_HOST_MISSING = 1103,
  WSABI_FINDING_HOST_EMPTY = 1104,
  WSABI_FINDING_HOST_MALFORMED = 1105,
  WSABI_FINDING_HOST_REPEATED = 1106,
  WSABI_FINDING_NOT_AHANDSHAKE = 1107,
  WSABI_FINDING_UPGRADE_MISSING = 1108,
  WSABI_FINDING_UPGRADE_NOT_WEBSOCKET = 1109,
  WSABI_FINDING_CONNECTION_MISSING = 1110,
  WSABI_FINDING_CONNECTION_NOT_UPGRADE = 1111,
  WSABI_FINDING_PROXY_HTTP10 = 1112,
  WSABI_FINDING_PROXY_TOOK_UPGRADE = 1113,
  WSABI_FINDING_PROXY_TOOK_CONNECTION = 1114,
  WSABI_FINDING_VERSION_MISSING = 1115,
  WSABI_FINDING_VERSION_UNSUPPORTED = 1116,
  WSABI_FINDING_VERSION_REPEATED = 1117,
  WSABI_FINDING_KEY_MISSING = 1118,
  WSABI_FINDING_KEY_INVALID = 1119,
  WSABI_FINDING_KEY_REPEATED = 1120,
  WSABI_FINDING_KEY_FROM_THE_RFC = 1121,
  WSABI_FINDING_OLD_DRAFT = 1122,
  WSABI_FINDING_ACCEPT_IN_REQUEST = 1123,
  WSABI_FINDING_REQUEST_BODY = 1124,
  WSABI_FINDING_SUBPROTOCOL_MALFORMED = 1125,
  WSABI_FINDING_SUBPROTOCOL_TWICE = 1126,
  WSABI_FINDING_SUBPROTOCOL_OFFER_EMPTY = 1127,
  WSABI_FINDING_ORIGIN_EMPTY = 1128,
  WSABI_FINDING_ORIGIN_MALFORMED = 1129,
  WSABI_FINDING_ORIGIN_NULL = 1130,
  WSABI_FINDING_EXTENSION_OFFER_MALFORMED = 1131,
  WSABI_FINDING_DEFLATE_OFFER_INVALID = 1132,
  WSABI_FINDING_KEY_QUOTED = 1133,
  WSABI_FINDING_HTTP2_METHOD = 1140,
  WSABI_FINDING_HTTP2_PROTOCOL = 1141,
  WSABI_FINDING_HTTP2_PSEUDO_MISSING = 1142,
  WSABI_FINDING_HTTP2_CONNECTION = 1143,
  WSABI_FINDING_HTTP2_KEY = 1144,
  WSABI_FINDING_STATUS_SUCCESS = 1201,
  WSABI_FINDING_STATUS_REDIRECT = 1202,
  WSABI_FINDING_STATUS_BAD_REQUEST = 1203,
  WSABI_FINDING_STATUS_UNAUTHORIZED = 1204,
  WSABI_FINDING_STATUS_FORBIDDEN = 1205,
  WSABI_FINDING_STATUS_NOT_FOUND = 1206,
  WSABI_FINDING_STATUS_METHOD = 1207,
  WSABI_FINDING_STATUS_UPGRADE_REQUIRED = 1208,
  WSABI_FINDING_STATUS_SERVER_ERROR = 1209,
  WSABI_FINDING_STATUS_GATEWAY = 1210,
  WSABI_FINDING_STATUS_UNAVAILABLE = 1211,
  WSABI_FINDING_STATUS_OTHER = 1212,
  WSABI_FINDING_UPGRADE_ABSENT = 1213,
  WSABI_FINDING_UPGRADE_OTHER = 1214,
  WSABI_FINDING_CONNECTION_ABSENT = 1215,
  WSABI_FINDING_CONNECTION_OTHER = 1216,
  WSABI_FINDING_HTTP10_RESPONSE = 1217,
  WSABI_FINDING_ACCEPT_IN_ERROR = 1218,
  WSABI_FINDING_RESPONSE_BODY = 1219,
  WSABI_FINDING_KEY_IN_RESPONSE = 1220,
  WSABI_FINDING_REQUEST_ABSENT = 1221,
  WSABI_FINDING_UPGRADE_REQUIRED_BARE = 1222,
  WSABI_FINDING_SUBPROTOCOL_NOT_OFFERED = 1223,
  WSABI_FINDING_SUBPROTOCOL_LIST = 1224,
  WSABI_FINDING_SUBPROTOCOL_EMPTY = 1225,
  WSABI_FINDING_SUBPROTOCOL_NOT_CHOSEN = 1226,
  WSABI_FINDING_SUBPROTOCOL_REPEATED = 1227,
  WSABI_FINDING_SUBPROTOCOL_CASE = 1228,
  WSABI_FINDING_EXTENSION_NOT_OFFERED = 1229,
  WSABI_FINDING_EXTENSION_MALFORMED = 1230,
  WSABI_FINDING_DEFLATE_ANSWER_INVALID = 1231,
  WSABI_FINDING_DEFLATE_NOT_OFFERED = 1232,
  WSABI_FINDING_HTTP2_STATUS = 1240,
  WSABI_FINDING_ACCEPT_MISSING = 1300,
  WSABI_FINDING_ACCEPT_REPEATED = 1301,
  WSABI_FINDING_ACCEPT_MALFORMED = 1302,
  WSABI_FINDING_ACCEPT_WRONG = 1303,
  WSABI_FINDING_ACCEPT_GUID_MISSING = 1304,
  WSABI_FINDING_ACCEPT_GUID_MISSPELT = 1305,
  WSABI_FINDING_ACCEPT_GUID_LOWER_CASE = 1306,
  WSABI_FINDING_ACCEPT_GUID_FIRST = 1307,
  WSABI_FINDING_ACCEPT_KEY_DECODED = 1308,
  WSABI_FINDING_ACCEPT_KEY_UNTRIMMED = 1309,
  WSABI_FINDING_ACCEPT_KEY_ALTERED = 1310,
  WSABI_FINDING_ACCEPT_HEX_DIGEST = 1311,
  WSABI_FINDING_ACCEPT_WRONG_HASH = 1312,
  WSABI_FINDING_ACCEPT_TRUNCATED = 1313,
  WSABI_FINDING_ACCEPT_REENCODED = 1314,
  WSABI_FINDING_ACCEPT_OTHER_KEY = 1315,
  WSABI_FINDING_ACCEPT_FROM_THE_RFC = 1316,
  WSABI_FINDING_ACCEPT_IS_THE_KEY = 1317,
  WSABI_FINDING_NO_FRAMES = 1401,
  WSABI_FINDING_DUMP_UNREADABLE = 1402,
  WSABI_FINDING_HEAD_NOT_FRAME = 1403,
  WSABI_FINDING_RESERVED_BIT = 1404,
  WSABI_FINDING_COMPRESSED = 1405,
  WSABI_FINDING_RESERVED_OPCODE = 1406,
  WSABI_FINDING_FRAGMENTED_CONTROL = 1407,
  WSABI_FINDING_LONG_CONTROL = 1408,
  WSABI_FINDING_NON_MINIMAL_LENGTH = 1409,
  WSABI_FINDING_LENGTH_TOO_LARGE = 1410,
  WSABI_FINDING_UNMASKED = 1411,
  WSABI_FINDING_MASKED = 1412,
  WSABI_FINDING_MASK_ZERO = 1413,
  WSABI_FINDING_MASK_REPEATED = 1414,
  WSABI_FINDING_NOTHING_TO_CONTINUE = 1415,
  WSABI_FINDING_MESSAGE_INTERRUPTED = 1416,
  WSABI_FINDING_BAD_UTF8 = 1417,
  WSABI_FINDING_CLOSE_ONE_OCTET = 1418,
  WSABI_FINDING_CLOSE_CODE = 1419,
  WSABI_FINDING_CLOSE_REASON = 1420,
  WSABI_FINDING_FRAME_AFTER_CLOSE = 1421,
  WSABI_FINDING_FRAME_TRUNCATED = 1422,
  WSABI_FINDING_MESSAGE_UNFINISHED = 1423,
  WSABI_FINDING_TOO_MANY_FRAMES = 1424,
  WSABI_STAGE_RUNNING = 0,
  WSABI_STAGE_STOPPING = 1,
  WSABI_STAGE_STOPPED = 2,
};
typedef struct wsabi_config wsabi_config;
typedef struct wsabi_conn wsabi_conn;
typedef struct wsabi_explanation wsabi_explanation;
typedef struct wsabi_prepared wsabi_prepared;
typedef struct wsabi_remote wsabi_remote;
typedef struct wsabi_server wsabi_server;
typedef int32_t wsabi_status;
typedef uint32_t wsabi_option;
typedef struct {
  size_t struct_size;
  const char *name;
  const char *unit;
  uint64_t default_value;
  uint64_t minimum;
  uint64_t maximum;
  wsabi_option option;
  uint32_t reserved;
} wsabi_option_row;
typedef struct {
  const char *data;
  size_t len;
} wsabi_slice;
typedef struct {
  wsabi_slice name;
  wsabi_slice value;
} wsabi_header;
typedef struct {
  size_t struct_size;
  wsabi_slice host;
  wsabi_slice target;
  wsabi_slice origin;
  const wsabi_header *headers;
  size_t header_count;
} wsabi_client_request;
typedef uint32_t wsabi_role;
typedef int32_t wsabi_event_type;
typedef struct {
  wsabi_event_type type;
  uint16_t flags;
  uint16_t code;
  const uint8_t *data;
  size_t len;
} wsabi_event;
typedef struct {
  const void *base;
  size_t len;
} wsabi_iovec;
typedef uint32_t wsabi_interest;
typedef int32_t wsabi_state;
typedef int32_t wsabi_failure;
typedef uint32_t wsabi_info;
typedef void (*wsabi_trace_fn)(void *context, const char *line, size_t len);
typedef uint32_t wsabi_message;
typedef void (*wsabi_release_fn)(void *context);
typedef struct {
  size_t struct_size;
  uint32_t version;
  uint32_t reserved;
  wsabi_slice method;
  wsabi_slice target;
  wsabi_slice authority;
  wsabi_slice protocol;
  const wsabi_header *headers;
  size_t header_count;
} wsabi_request;
typedef struct {
  size_t struct_size;
  uint32_t status;
  uint32_t reserved;
  const wsabi_header *headers;
  size_t header_count;
  const void *body;
  size_t body_len;
} wsabi_response;
typedef int32_t wsabi_finding_kind;
typedef int32_t wsabi_severity;
typedef int32_t wsabi_place;
typedef struct {
  size_t struct_size;
  wsabi_slice offending;
  wsabi_slice section;
  wsabi_slice rule;
  wsabi_slice detail;
  wsabi_slice peers;
  wsabi_slice remedy;
  size_t index;
  size_t line;
  size_t offset;
  wsabi_finding_kind kind;
  wsabi_severity severity;
  wsabi_place place;
  uint32_t reserved;
} wsabi_finding;
typedef struct {
  wsabi_conn *conn;
  void *user_data;
  uint64_t id;
  wsabi_event event;
} wsabi_server_event;
typedef int32_t wsabi_stage;
typedef struct {
  size_t struct_size;
  uint64_t connections;
  uint64_t accepted;
  uint64_t refused;
  uint64_t accept_errors;
  uint64_t requests;
  uint64_t failures;
  uint64_t messages_received;
  uint64_t octets_received;
  uint64_t octets_sent;
  uint64_t messages_published;
  uint64_t messages_dropped;
} wsabi_metrics;
wsabi_status wsabi_config_new(wsabi_config **out);
void wsabi_config_free(wsabi_config *config);
wsabi_status wsabi_config_set(wsabi_config *config,
                              wsabi_option option,
                              uint64_t value);
wsabi_status wsabi_config_get(const wsabi_config *config,
                              wsabi_option option,
                              uint64_t *value);
wsabi_status wsabi_option_info(size_t index, wsabi_option_row *row);
wsabi_status wsabi_config_add_subprotocol(wsabi_config *config,
                                          const char *name,
                                          size_t len);
wsabi_status wsabi_config_add_origin(wsabi_config *config,
                                     const char *origin,
                                     size_t len);
wsabi_status wsabi_config_add_resource(wsabi_config *config,
                                       const char *path,
                                       size_t len);
wsabi_status wsabi_config_set_close_reason(wsabi_config *config,
                                           const char *reason,
                                           size_t len);
wsabi_status wsabi_conn_new_server(const wsabi_config *config,
                                   wsabi_conn **out);
wsabi_status wsabi_conn_new_client(const wsabi_config *config,
                                   const wsabi_client_request *request,
                                   wsabi_conn **out);
wsabi_status wsabi_conn_new_open(const wsabi_config *config,
                                 wsabi_role role,
                                 const char *subprotocol,
                                 size_t len,
                                 wsabi_conn **out);
wsabi_status wsabi_conn_reset(wsabi_conn *conn,
                              const wsabi_client_request *request);
void wsabi_conn_free(wsabi_conn *conn);
wsabi_status wsabi_conn_set_user_data(wsabi_conn *conn, void *user_data);
void *wsabi_conn_user_data(const wsabi_conn *conn);
wsabi_status wsabi_conn_recv(wsabi_conn *conn,
                             uint8_t *data,
                             size_t len,
                             size_t *consumed,
                             wsabi_event *events,
                             size_t cap,
                             size_t *count);
wsabi_status wsabi_conn_recv_eof(wsabi_conn *conn,
                                 wsabi_event *events,
                                 size_t cap,
                                 size_t *count);
wsabi_status wsabi_conn_recv_space(wsabi_conn *conn,
                                   uint8_t **data,
                                   size_t *len);
wsabi_status wsabi_conn_recv_commit(wsabi_conn *conn,
                                    size_t len,
                                    wsabi_event *events,
                                    size_t cap,
                                    size_t *count);
wsabi_status wsabi_conn_take(wsabi_conn *conn,
                             const wsabi_event *event,
                             void **owner);
void wsabi_release(void *owner);
wsabi_status wsabi_conn_output(wsabi_conn *conn,
                               wsabi_iovec *runs,
                               size_t cap,
                               size_t *count);
wsabi_status wsabi_conn_output_consumed(wsabi_conn *conn, size_t len);
size_t wsabi_conn_output_size(const wsabi_conn *conn);
wsabi_interest wsabi_conn_interest(wsabi_conn *conn);
uint64_t wsabi_conn_deadline(const wsabi_conn *conn);
wsabi_status wsabi_conn_handle_timeout(wsabi_conn *conn,
                                       uint64_t now_ms,
                                       wsabi_event *events,
                                       size_t cap,
                                       size_t *count);
wsabi_state wsabi_conn_state(const wsabi_conn *conn);
uint16_t wsabi_conn_close_code(const wsabi_conn *conn);
wsabi_failure wsabi_conn_failure(const wsabi_conn *conn);
wsabi_status wsabi_conn_subprotocol(const wsabi_conn *conn, wsabi_slice *name);
wsabi_status wsabi_conn_info(const wsabi_conn *conn,
                             wsabi_info info,
                             uint64_t *value);
wsabi_status wsabi_conn_set_trace(wsabi_conn *conn,
                                  wsabi_trace_fn trace,
                                  void *context);
wsabi_status wsabi_conn_send_text(wsabi_conn *conn,
                                  const void *data,
                                  size_t len);
wsabi_status wsabi_conn_send_binary(wsabi_conn *conn,
                                    const void *data,
                                    size_t len);
wsabi_status wsabi_conn_send(wsabi_conn *conn,
                             wsabi_message type,
                             const void *data,
                             size_t len,
                             uint32_t flags);
wsabi_status wsabi_conn_send_borrowed(wsabi_conn *conn,
                                      wsabi_message type,
                                      const void *data,
                                      size_t len,
                                      uint32_t flags,
                                      wsabi_release_fn release,
                                      void *context);
wsabi_status wsabi_conn_send_ping(wsabi_conn *conn,
                                  const void *data,
                                  size_t len);
wsabi_status wsabi_conn_send_pong(wsabi_conn *conn,
                                  const void *data,
                                  size_t len);
wsabi_status wsabi_conn_close(wsabi_conn *conn,
                              uint16_t code,
                              const void *reason,
                              size_t len);
wsabi_status wsabi_prepared_new(const wsabi_config *config,
                                wsabi_message type,
                                const void *data,
                                size_t len,
                                wsabi_prepared **out);
void wsabi_prepared_free(wsabi_prepared *prepared);
wsabi_status wsabi_conn_send_prepared(wsabi_conn *conn,
                                      const wsabi_prepared *prepared);
wsabi_status wsabi_conn_recv_request(wsabi_conn *conn,
                                     const wsabi_request *request,
                                     wsabi_event *events,
                                     size_t cap,
                                     size_t *count);
wsabi_status wsabi_conn_head_method(const wsabi_conn *conn,
                                    wsabi_slice *method);
wsabi_status wsabi_conn_head_target(const wsabi_conn *conn,
                                    wsabi_slice *target);
wsabi_status wsabi_conn_head_path(const wsabi_conn *conn, wsabi_slice *path);
wsabi_status wsabi_conn_head_query(const wsabi_conn *conn, wsabi_slice *query);
wsabi_status wsabi_conn_head_query_parameter(const wsabi_conn *conn,
                                             const char *name,
                                             size_t len,
                                             uint8_t *buffer,
                                             size_t cap,
                                             size_t *value_len);
wsabi_status wsabi_conn_head_host(const wsabi_conn *conn, wsabi_slice *host);
wsabi_status wsabi_conn_head_origin(const wsabi_conn *conn,
                                    wsabi_slice *origin);
wsabi_status wsabi_conn_head_find(const wsabi_conn *conn,
                                  const char *name,
                                  size_t len,
                                  wsabi_slice *value);
wsabi_status wsabi_conn_head_at(const wsabi_conn *conn,
                                size_t index,
                                wsabi_header *header);
wsabi_status wsabi_conn_offered_subprotocol(const wsabi_conn *conn,
                                            size_t index,
                                            wsabi_slice *name);
wsabi_status wsabi_conn_accept(wsabi_conn *conn,
                               const char *subprotocol,
                               size_t len,
                               const wsabi_response *response);
wsabi_status wsabi_conn_accept_by(wsabi_conn *conn,
                                  const wsabi_config *policy,
                                  const wsabi_response *response);
wsabi_status wsabi_conn_accept_then_close(wsabi_conn *conn,
                                          uint16_t code,
                                          const void *reason,
                                          size_t len);
wsabi_status wsabi_conn_decline_deflate(wsabi_conn *conn);
wsabi_status wsabi_conn_reject(wsabi_conn *conn,
                               const wsabi_response *response);
wsabi_status wsabi_conn_respond(wsabi_conn *conn,
                                uint32_t status,
                                const char *content_type,
                                size_t content_type_len,
                                const void *body,
                                size_t len);
wsabi_status wsabi_conn_redirect(wsabi_conn *conn,
                                 uint32_t status,
                                 const char *location,
                                 size_t len);
wsabi_status wsabi_conn_challenge(wsabi_conn *conn,
                                  const char *challenge,
                                  size_t len);
wsabi_status wsabi_conn_response_status(const wsabi_conn *conn,
                                        uint32_t *status);
wsabi_status wsabi_conn_response_header(const wsabi_conn *conn,
                                        size_t index,
                                        wsabi_header *header);
wsabi_status wsabi_conn_response_body(const wsabi_conn *conn,
                                      wsabi_slice *body);
uint32_t wsabi_abi_version(void);
const char *wsabi_version(void);
const char *wsabi_status_text(wsabi_status status);
const char *wsabi_failure_text(wsabi_failure failure);
wsabi_status wsabi_explain(const void *capture,
                           size_t len,
                           wsabi_explanation **out);
wsabi_status wsabi_explain_frames(const void *capture,
                                  size_t len,
                                  wsabi_explanation **out);
void wsabi_explanation_free(wsabi_explanation *explanation);
size_t wsabi_explanation_count(const wsabi_explanation *explanation);
wsabi_status wsabi_explanation_at(const wsabi_explanation *explanation,
                                  size_t index,
                                  wsabi_finding *finding);
wsabi_status wsabi_server_new(const wsabi_config *config, wsabi_server **out);
void wsabi_server_free(wsabi_server *server);
wsabi_status wsabi_server_error(const wsabi_server *server, wsabi_slice *out);
wsabi_status wsabi_server_listen(wsabi_server *server,
                                 const char *host,
                                 size_t len,
                                 uint16_t port,
                                 uint32_t flags,
                                 uint16_t *bound);
wsabi_status wsabi_server_listen_unix(wsabi_server *server,
                                      const char *path,
                                      size_t len,
                                      uint32_t flags);
wsabi_status wsabi_server_listen_fd(wsabi_server *server,
                                    int fd,
                                    uint32_t flags);
wsabi_status wsabi_server_adopt(wsabi_server *server,
                                int fd,
                                const void *data,
                                size_t len,
                                uint32_t flags,
                                uint64_t *id);
wsabi_status wsabi_server_set_certificate(wsabi_server *server,
                                          const char *host,
                                          size_t host_len,
                                          const char *chain,
                                          size_t chain_len,
                                          const char *key,
                                          size_t key_len);
wsabi_status wsabi_server_set_certificate_pem(wsabi_server *server,
                                              const char *host,
                                              size_t host_len,
                                              const void *chain,
                                              size_t chain_len,
                                              const void *key,
                                              size_t key_len);
wsabi_status wsabi_server_share_certificates(wsabi_server *server,
                                             const wsabi_server *other);
wsabi_status wsabi_server_poll(wsabi_server *server,
                               int64_t timeout_ms,
                               wsabi_server_event *events,
                               size_t cap,
                               size_t *count);
wsabi_status wsabi_server_conn(wsabi_server *server,
                               uint64_t id,
                               wsabi_conn **out);
size_t wsabi_server_count(const wsabi_server *server);
wsabi_status wsabi_server_peer_address(wsabi_server *server,
                                       uint64_t id,
                                       uint8_t *data,
                                       size_t cap,
                                       size_t *len);
wsabi_status wsabi_server_subscribe(wsabi_server *server,
                                    uint64_t id,
                                    const void *topic,
                                    size_t len);
wsabi_status wsabi_server_unsubscribe(wsabi_server *server,
                                      uint64_t id,
                                      const void *topic,
                                      size_t len);
wsabi_status wsabi_server_publish(wsabi_server *server,
                                  const void *topic,
                                  size_t len,
                                  const wsabi_prepared *message,
                                  uint64_t except,
                                  size_t *count);
wsabi_status wsabi_server_shutdown(wsabi_server *server,
                                   uint16_t code,
                                   uint64_t timeout_ms);
wsabi_stage wsabi_server_stage(const wsabi_server *server);
wsabi_status wsabi_server_metrics(const wsabi_server *server,
                                  wsabi_metrics *out);
wsabi_status wsabi_server_serve_metrics(wsabi_server *server,
                                        const char *path,
                                        size_t len);
wsabi_status wsabi_server_remote(const wsabi_server *server,
                                 wsabi_remote **out);
void wsabi_remote_free(wsabi_remote *remote);
wsabi_status wsabi_remote_wake(const wsabi_remote *remote);
wsabi_status wsabi_remote_send(const wsabi_remote *remote,
                               uint64_t id,
                               wsabi_message type,
                               const void *data,
                               size_t len);
wsabi_status wsabi_remote_send_prepared(const wsabi_remote *remote,
                                        uint64_t id,
                                        const wsabi_prepared *message);
wsabi_status wsabi_remote_publish(const wsabi_remote *remote,
                                  const void *topic,
                                  size_t len,
                                  const wsabi_prepared *message);
wsabi_status wsabi_remote_close(const wsabi_remote *remote,
                                uint64_t id,
                                uint16_t code,
                                const char *reason,
                                size_t len);
wsabi_status wsabi_remote_shutdown(const wsabi_remote *remote,
                                   uint16_t code,
                                   uint64_t timeout_ms);
