//! Version and codes.

use core::ffi::CStr;

use libc::c_char;

use crate::conn::Failure;

/// Number of the ABI that this header describes. It changes when a program
/// compiled against another header could break.
pub const WSABI_ABI_VERSION: u32 = 0;

/// Returns the ABI number of the loaded library. Compare it with
/// `WSABI_ABI_VERSION` after loading the library at run time.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_abi_version() -> u32 {
    WSABI_ABI_VERSION
}

/// Returns the version of the loaded library, such as "0.1.0". The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// Result of a call: 0, or a negative `WSABI_ERR_*`, which says that the caller
/// broke a rule. Codes may be added; treat an unknown negative value as an
/// error.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_status(i32);

/// Success.
pub const WSABI_OK: wsabi_status = wsabi_status(0);
/// A pointer that must not be NULL was NULL.
pub const WSABI_ERR_NULL: wsabi_status = wsabi_status(-1);
/// An argument has a value that the function does not take.
pub const WSABI_ERR_ARGUMENT: wsabi_status = wsabi_status(-2);
/// The object is not in a state in which the call is allowed.
pub const WSABI_ERR_STATE: wsabi_status = wsabi_status(-3);
/// The call would pass a limit of the config.
pub const WSABI_ERR_LIMIT: wsabi_status = wsabi_status(-4);
/// Memory for the call could not be had.
pub const WSABI_ERR_MEMORY: wsabi_status = wsabi_status(-5);
/// This library does not know the code that it was given: it is older than the
/// header, or was built without the feature.
pub const WSABI_ERR_UNSUPPORTED: wsabi_status = wsabi_status(-6);
/// There is no such element.
pub const WSABI_ERR_NOT_FOUND: wsabi_status = wsabi_status(-7);
/// The operating system gave no random octets.
pub const WSABI_ERR_RANDOM: wsabi_status = wsabi_status(-8);
/// The operating system refused what a server asked for; `wsabi_server_error`
/// says what, and why.
pub const WSABI_ERR_IO: wsabi_status = wsabi_status(-9);
/// A bug in wsabi. The object may only be freed; others are not affected.
pub const WSABI_ERR_INTERNAL: wsabi_status = wsabi_status(-99);

/// Returns English text for a status, for logs. The string is static and never
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_status_text(status: wsabi_status) -> *const c_char {
    match status {
        WSABI_OK => c"ok",
        WSABI_ERR_NULL => c"a pointer that must not be NULL was NULL",
        WSABI_ERR_ARGUMENT => c"an argument has a value that the function does not take",
        WSABI_ERR_STATE => c"the object is not in a state in which the call is allowed",
        WSABI_ERR_LIMIT => c"the call would pass a limit of the config",
        WSABI_ERR_MEMORY => c"out of memory",
        WSABI_ERR_UNSUPPORTED => c"this library does not know the code that it was given",
        WSABI_ERR_NOT_FOUND => c"there is no such element",
        WSABI_ERR_RANDOM => c"the operating system gave no random octets",
        WSABI_ERR_IO => c"the operating system refused",
        WSABI_ERR_INTERNAL => c"a bug in wsabi; the object may only be freed",
        _ => c"unknown status",
    }
    .as_ptr()
}

/// Which rule the peer broke, see `wsabi_conn_failure`. 0 is none; 100 to 149
/// are rules of the request, 150 to 199 of the response, 200 to 299 of frames
/// and messages.
/// Codes may be added.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_failure(i32);

/// The request line is malformed. RFC 9112 3.
pub const WSABI_FAILURE_BAD_REQUEST_LINE: wsabi_failure = wsabi_failure(101);
/// A line of the head does not end with CR LF. RFC 9112 2.2.
pub const WSABI_FAILURE_BAD_LINE_END: wsabi_failure = wsabi_failure(102);
/// A header field line is malformed. RFC 9112 5.
pub const WSABI_FAILURE_BAD_HEADER: wsabi_failure = wsabi_failure(103);
/// The head of the request is longer than this server takes. RFC 6585 5.
pub const WSABI_FAILURE_HEAD_TOO_LONG: wsabi_failure = wsabi_failure(104);
/// The request has more header fields than this server takes. RFC 6585 5.
pub const WSABI_FAILURE_TOO_MANY_HEADERS: wsabi_failure = wsabi_failure(105);
/// The HTTP version of the request is not 1.1. RFC 9110 15.6.6.
pub const WSABI_FAILURE_HTTP_VERSION: wsabi_failure = wsabi_failure(106);
/// A TLS handshake arrived where plain HTTP is spoken; use ws://, not wss://.
/// RFC 6455 11.1.2.
pub const WSABI_FAILURE_TLS: wsabi_failure = wsabi_failure(107);
/// The request target is neither a path nor an http(s) or ws(s) URI without
/// fragment. RFC 9112 3.2.
pub const WSABI_FAILURE_BAD_TARGET: wsabi_failure = wsabi_failure(108);
/// The request has no Host header field. RFC 9112 3.2.
pub const WSABI_FAILURE_HOST_MISSING: wsabi_failure = wsabi_failure(109);
/// The request has more than one Host header field. RFC 9112 3.2.
pub const WSABI_FAILURE_HOST_REPEATED: wsabi_failure = wsabi_failure(110);
/// The value of the Host header field is no host with an optional port. RFC
/// 9112 3.2.
pub const WSABI_FAILURE_HOST_MALFORMED: wsabi_failure = wsabi_failure(111);
/// The request announces a body, which an opening handshake does not have. RFC
/// 6455 4.1.
pub const WSABI_FAILURE_BODY: wsabi_failure = wsabi_failure(112);
/// The method of an opening handshake is GET. RFC 6455 4.1.
pub const WSABI_FAILURE_METHOD: wsabi_failure = wsabi_failure(113);
/// An HTTP/1.0 request cannot be upgraded. RFC 9110 7.8.
pub const WSABI_FAILURE_HTTP_1_0: wsabi_failure = wsabi_failure(114);
/// The Upgrade header field does not name websocket. RFC 6455 4.2.1.
pub const WSABI_FAILURE_UPGRADE_MISSING: wsabi_failure = wsabi_failure(115);
/// The Connection header field does not name upgrade. RFC 6455 4.2.1.
pub const WSABI_FAILURE_CONNECTION_MISSING: wsabi_failure = wsabi_failure(116);
/// This is a WebSocket endpoint, and the request is no opening handshake. RFC
/// 6455 4.2.1.
pub const WSABI_FAILURE_PLAIN_HTTP: wsabi_failure = wsabi_failure(117);
/// The request has no Sec-WebSocket-Version header field. RFC 6455 4.2.1.
pub const WSABI_FAILURE_VERSION_MISSING: wsabi_failure = wsabi_failure(118);
/// The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
pub const WSABI_FAILURE_VERSION_UNSUPPORTED: wsabi_failure = wsabi_failure(119);
/// The request has more than one Sec-WebSocket-Version header field. RFC 6455
/// 11.3.5.
pub const WSABI_FAILURE_VERSION_REPEATED: wsabi_failure = wsabi_failure(120);
/// The request has no Sec-WebSocket-Key header field. RFC 6455 4.2.1.
pub const WSABI_FAILURE_KEY_MISSING: wsabi_failure = wsabi_failure(121);
/// The request has more than one Sec-WebSocket-Key header field. RFC 6455
/// 11.3.1.
pub const WSABI_FAILURE_KEY_REPEATED: wsabi_failure = wsabi_failure(122);
/// The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC 6455
/// 4.2.1.
pub const WSABI_FAILURE_KEY_INVALID: wsabi_failure = wsabi_failure(123);
/// Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455 4.1.
pub const WSABI_FAILURE_BAD_SUBPROTOCOL: wsabi_failure = wsabi_failure(124);
/// No memory for the request. RFC 9110 15.6.4.
pub const WSABI_FAILURE_REQUEST_OUT_OF_MEMORY: wsabi_failure = wsabi_failure(125);
/// This server demands a subprotocol, and the request offers none. RFC 6455
/// 4.2.2.
pub const WSABI_FAILURE_SUBPROTOCOL_ABSENT: wsabi_failure = wsabi_failure(126);
/// This server speaks none of the subprotocols that the request offers. RFC
/// 6455 4.2.2.
pub const WSABI_FAILURE_SUBPROTOCOL_MISMATCH: wsabi_failure = wsabi_failure(127);
/// The Origin of the request is not one that this server takes. RFC 6455 10.2.
pub const WSABI_FAILURE_ORIGIN_NOT_ALLOWED: wsabi_failure = wsabi_failure(128);
/// There is no such resource. RFC 6455 4.2.2.
pub const WSABI_FAILURE_UNKNOWN_RESOURCE: wsabi_failure = wsabi_failure(129);
/// The :protocol of the extended CONNECT is not websocket. RFC 9220 3.
pub const WSABI_FAILURE_UNKNOWN_PROTOCOL: wsabi_failure = wsabi_failure(130);
/// The request did not arrive in time. RFC 9110 15.5.9.
pub const WSABI_FAILURE_TIMEOUT: wsabi_failure = wsabi_failure(131);
/// The status line is malformed. RFC 9112 4.
pub const WSABI_FAILURE_RESPONSE_BAD_STATUS_LINE: wsabi_failure = wsabi_failure(151);
/// A line of the response does not end with CR LF. RFC 9112 2.2.
pub const WSABI_FAILURE_RESPONSE_BAD_LINE_END: wsabi_failure = wsabi_failure(152);
/// A header field line of the response is malformed. RFC 9112 5.
pub const WSABI_FAILURE_RESPONSE_BAD_HEADER: wsabi_failure = wsabi_failure(153);
/// The head of the response is longer than this client takes. RFC 6455 10.4.
pub const WSABI_FAILURE_RESPONSE_HEAD_TOO_LONG: wsabi_failure = wsabi_failure(154);
/// The response has more header fields than this client takes. RFC 6455 10.4.
pub const WSABI_FAILURE_RESPONSE_TOO_MANY_HEADERS: wsabi_failure = wsabi_failure(155);
/// The HTTP version of the response is not 1.1. RFC 6455 4.1.
pub const WSABI_FAILURE_RESPONSE_HTTP_VERSION: wsabi_failure = wsabi_failure(156);
/// The server answers with TLS; use wss://, not ws://. RFC 6455 4.1.
pub const WSABI_FAILURE_RESPONSE_TLS: wsabi_failure = wsabi_failure(157);
/// The Upgrade header field of the response does not name websocket. RFC 6455
/// 4.1.
pub const WSABI_FAILURE_RESPONSE_UPGRADE_MISSING: wsabi_failure = wsabi_failure(158);
/// The Connection header field of the response does not name upgrade. RFC 6455
/// 4.1.
pub const WSABI_FAILURE_RESPONSE_CONNECTION_MISSING: wsabi_failure = wsabi_failure(159);
/// The response has no Sec-WebSocket-Accept header field. RFC 6455 4.1.
pub const WSABI_FAILURE_RESPONSE_ACCEPT_MISSING: wsabi_failure = wsabi_failure(160);
/// The response has more than one Sec-WebSocket-Accept header field. RFC 6455
/// 11.3.3.
pub const WSABI_FAILURE_RESPONSE_ACCEPT_REPEATED: wsabi_failure = wsabi_failure(161);
/// The value of Sec-WebSocket-Accept does not answer the key. RFC 6455 4.1.
pub const WSABI_FAILURE_RESPONSE_ACCEPT_WRONG: wsabi_failure = wsabi_failure(162);
/// The response names an extension that the request did not offer. RFC 6455
/// 4.1.
pub const WSABI_FAILURE_RESPONSE_EXTENSION_NOT_OFFERED: wsabi_failure = wsabi_failure(163);
/// The response names a subprotocol that the request did not offer. RFC 6455
/// 4.1.
pub const WSABI_FAILURE_RESPONSE_SUBPROTOCOL_NOT_OFFERED: wsabi_failure = wsabi_failure(164);
/// The response has more than one Sec-WebSocket-Protocol header field. RFC 6455
/// 11.3.4.
pub const WSABI_FAILURE_RESPONSE_SUBPROTOCOL_REPEATED: wsabi_failure = wsabi_failure(165);
/// No memory for the response. RFC 6455 10.4.
pub const WSABI_FAILURE_RESPONSE_OUT_OF_MEMORY: wsabi_failure = wsabi_failure(166);
/// The answer to permessage-deflate is not one to the offer. RFC 7692 7.1.
pub const WSABI_FAILURE_RESPONSE_EXTENSION_ANSWER: wsabi_failure = wsabi_failure(167);
/// The response did not arrive in time. RFC 6455 4.1.
pub const WSABI_FAILURE_RESPONSE_TIMEOUT: wsabi_failure = wsabi_failure(168);
/// A reserved bit is set that no extension defines. RFC 6455 5.2.
pub const WSABI_FAILURE_RESERVED_BIT: wsabi_failure = wsabi_failure(201);
/// The opcode is reserved. RFC 6455 5.2.
pub const WSABI_FAILURE_RESERVED_OPCODE: wsabi_failure = wsabi_failure(202);
/// A control frame is fragmented. RFC 6455 5.5.
pub const WSABI_FAILURE_FRAGMENTED_CONTROL: wsabi_failure = wsabi_failure(203);
/// A control frame has more than 125 octets of payload. RFC 6455 5.5.
pub const WSABI_FAILURE_LONG_CONTROL: wsabi_failure = wsabi_failure(204);
/// The payload length is not encoded in the fewest octets. RFC 6455 5.2.
pub const WSABI_FAILURE_NON_MINIMAL_LENGTH: wsabi_failure = wsabi_failure(205);
/// The most significant bit of the 64-bit payload length is set. RFC 6455 5.2.
pub const WSABI_FAILURE_LENGTH_TOO_LARGE: wsabi_failure = wsabi_failure(206);
/// A frame from the client is not masked. RFC 6455 5.1.
pub const WSABI_FAILURE_UNMASKED: wsabi_failure = wsabi_failure(207);
/// A continuation frame without a message to continue. RFC 6455 5.4.
pub const WSABI_FAILURE_NOTHING_TO_CONTINUE: wsabi_failure = wsabi_failure(208);
/// A new message begins inside a fragmented one. RFC 6455 5.4.
pub const WSABI_FAILURE_MESSAGE_INTERRUPTED: wsabi_failure = wsabi_failure(209);
/// A text message is not valid UTF-8. RFC 6455 8.1.
pub const WSABI_FAILURE_BAD_UTF8: wsabi_failure = wsabi_failure(210);
/// The payload of a Close has one octet. RFC 6455 5.5.1.
pub const WSABI_FAILURE_CLOSE_ONE_OCTET: wsabi_failure = wsabi_failure(211);
/// The status code of a Close may not be sent. RFC 6455 7.4.
pub const WSABI_FAILURE_CLOSE_CODE: wsabi_failure = wsabi_failure(212);
/// The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
pub const WSABI_FAILURE_CLOSE_REASON: wsabi_failure = wsabi_failure(213);
/// A frame is larger than this endpoint takes. RFC 6455 10.4.
pub const WSABI_FAILURE_FRAME_TOO_BIG: wsabi_failure = wsabi_failure(214);
/// A message is larger than this endpoint takes. RFC 6455 10.4.
pub const WSABI_FAILURE_MESSAGE_TOO_BIG: wsabi_failure = wsabi_failure(215);
/// A message has more fragments than this endpoint takes. RFC 6455 10.4.
pub const WSABI_FAILURE_TOO_MANY_FRAGMENTS: wsabi_failure = wsabi_failure(216);
/// No memory for a message of this size. RFC 6455 10.4.
pub const WSABI_FAILURE_OUT_OF_MEMORY: wsabi_failure = wsabi_failure(217);
/// A frame from the server is masked. RFC 6455 5.1.
pub const WSABI_FAILURE_MASKED: wsabi_failure = wsabi_failure(218);
/// The payload of a compressed message is no DEFLATE. RFC 7692 7.2.2.
pub const WSABI_FAILURE_BAD_COMPRESSION: wsabi_failure = wsabi_failure(219);
/// No pong came in time, nor anything else. RFC 6455 5.5.2.
pub const WSABI_FAILURE_PONG_TIMEOUT: wsabi_failure = wsabi_failure(220);
/// Nothing came for the time that a connection may be idle. RFC 6455 7.4.1.
pub const WSABI_FAILURE_IDLE_TIMEOUT: wsabi_failure = wsabi_failure(221);

/// Returns English text for a failure, with the section of the RFC, for logs.
/// The string is static and never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_failure_text(failure: wsabi_failure) -> *const c_char {
    Failure::from_number(failure.0).map_or(c"no failure", Failure::text).as_ptr()
}

impl From<Option<Failure>> for wsabi_failure {
    fn from(failure: Option<Failure>) -> Self {
        Self(failure.map_or(0, Failure::number))
    }
}
