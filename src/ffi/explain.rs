//! The diagnosis of captures.

use alloc::boxed::Box;
use core::mem::MaybeUninit;

use libc::c_void;

use super::conn::wsabi_slice;
use super::version::wsabi_status;
use super::{WSABI_ERR_ARGUMENT, WSABI_ERR_NOT_FOUND, guard, octets, some};
use crate::explain::{Explanation, Finding, Place, explain, explain_frames};

/// What is wrong with a capture of opening handshakes or frames: findings, the
/// worst first. It is immutable, and does not need the capture any more.
///
/// Methods: `wsabi_explain`, `wsabi_explain_frames`, `wsabi_explanation_free`,
/// `_count`, `_at`.
pub struct wsabi_explanation(Explanation);

/// Explains captured heads, `len` octets: a request, a response, or any number
/// of them. Lines may end with CR LF or LF, be numbered or indented, or have
/// the arrows of `curl -v`; the last one may be missing. No input makes the call fail.
///
/// Writes `*out`, which the caller frees with `wsabi_explanation_free`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for a length that
/// no range has; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_explain(
    capture: *const c_void,
    len: usize,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_explanation>>>>,
) -> wsabi_status {
    guard(|| {
        let out = some(out)?;
        // SAFETY: the header's rules: the range is readable.
        let capture = unsafe { octets(capture, len) }?;
        out.write(Some(Box::new(wsabi_explanation(explain(capture)))));
        Ok(())
    })
}

/// Explains captured frames: their octets, or a hex dump of them, `len` octets.
/// Frames with a mask are taken to be the client's, others the server's.
///
/// Writes `*out`, which the caller frees with `wsabi_explanation_free`.
///
/// Returns as `wsabi_explain`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_explain_frames(
    capture: *const c_void,
    len: usize,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_explanation>>>>,
) -> wsabi_status {
    guard(|| {
        let out = some(out)?;
        // SAFETY: the header's rules: the range is readable.
        let capture = unsafe { octets(capture, len) }?;
        out.write(Some(Box::new(wsabi_explanation(explain_frames(capture, None)))));
        Ok(())
    })
}

/// Frees an explanation. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_explanation_free(explanation: Option<Box<wsabi_explanation>>) {
    guard(|| {
        drop(explanation);
        Ok(())
    });
}

/// Returns the number of findings, 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_explanation_count(explanation: Option<&wsabi_explanation>) -> usize {
    explanation.map_or(0, |explanation| explanation.0.findings.len())
}

/// How bad a finding is; the smaller, the worse. Values are pinned.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_severity(i32);

/// The connection fails with every peer that keeps to the RFC.
pub const WSABI_SEVERITY_FATAL: wsabi_severity = wsabi_severity(1);
/// Browsers fail the connection, or some of them; other clients go on.
pub const WSABI_SEVERITY_BROWSERS: wsabi_severity = wsabi_severity(2);
/// Allowed, or overlooked by most, and a source of trouble.
pub const WSABI_SEVERITY_RISKY: wsabi_severity = wsabi_severity(3);
/// Worth knowing.
pub const WSABI_SEVERITY_NOTE: wsabi_severity = wsabi_severity(4);

/// What a finding is about. Values are pinned.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_place(i32);

/// The capture as a whole.
pub const WSABI_PLACE_CAPTURE: wsabi_place = wsabi_place(0);
/// A request.
pub const WSABI_PLACE_REQUEST: wsabi_place = wsabi_place(1);
/// A response.
pub const WSABI_PLACE_RESPONSE: wsabi_place = wsabi_place(2);
/// A frame.
pub const WSABI_PLACE_FRAME: wsabi_place = wsabi_place(3);

/// One finding. Set `struct_size` to `sizeof(wsabi_finding)` before the call.
/// The texts are UTF-8 without control characters; they belong to the
/// explanation and are valid until it is freed.
#[repr(C)]
pub struct wsabi_finding {
    /// Octets of this struct in the caller's header.
    pub struct_size: usize,
    /// The text that breaks the rule, escaped, at most about 160 characters; of
    /// a frame octets in hexadecimal. May be empty.
    pub offending: wsabi_slice,
    /// Where the rule stands, such as "RFC 6455 4.2.2".
    pub section: wsabi_slice,
    /// What is the case.
    pub rule: wsabi_slice,
    /// What is known about this case beyond the rule. May be empty.
    pub detail: wsabi_slice,
    /// What peers do about it.
    pub peers: wsabi_slice,
    /// How to mend it, with the right value where it can be computed.
    pub remedy: wsabi_slice,
    /// Which request, response or frame of the capture, from 1; 0 for the
    /// capture.
    pub index: usize,
    /// Line of the capture, from 1; 0 when it is about no line.
    pub line: usize,
    /// Octet at which the frame begins; 0 outside frames.
    pub offset: usize,
    /// What it is.
    pub kind: wsabi_finding_kind,
    /// How bad it is.
    pub severity: wsabi_severity,
    /// What it is about.
    pub place: wsabi_place,
    /// Always 0.
    pub reserved: u32,
}

/// Reads finding `index`, from 0, into `*finding`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when
/// `finding->struct_size` is smaller than that of the first release;
/// `WSABI_ERR_NOT_FOUND` behind the last one.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_explanation_at(
    explanation: Option<&wsabi_explanation>,
    index: usize,
    finding: Option<&mut MaybeUninit<wsabi_finding>>,
) -> wsabi_status {
    guard(|| {
        let (explanation, out) = (some(explanation)?, some(finding)?);
        // SAFETY: the header's rules: the caller set this field, if no other.
        let struct_size = unsafe { (&raw const (*out.as_ptr()).struct_size).read() };
        if struct_size < size_of::<wsabi_finding>() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        let finding = explanation.0.findings.get(index).ok_or(WSABI_ERR_NOT_FOUND)?;
        out.write(wsabi_finding { struct_size, ..finding.into() });
        Ok(())
    })
}

/// What a finding says. 1000 to 1099 are about captures and the syntax of heads,
/// 1100 to 1199 about requests, 1200 to 1299 about responses, 1300 to 1399 about
/// the accept value, 1400 to 1499 about frames. Values are pinned; kinds may be
/// added.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_finding_kind(i32);

/// No head of a request or response is found. RFC 9112 2.1.
pub const WSABI_FINDING_NOTHING_FOUND: wsabi_finding_kind = wsabi_finding_kind(1001);
/// There are more findings than are listed. RFC 6455 4.
pub const WSABI_FINDING_TOO_MANY_FINDINGS: wsabi_finding_kind = wsabi_finding_kind(1002);
/// No empty line ends the head. RFC 9112 2.1.
pub const WSABI_FINDING_HEAD_UNFINISHED: wsabi_finding_kind = wsabi_finding_kind(1003);
/// TLS is spoken where plain HTTP was expected. RFC 6455 11.1.2.
pub const WSABI_FINDING_TLS: wsabi_finding_kind = wsabi_finding_kind(1004);
/// The request line is malformed. RFC 9112 3.
pub const WSABI_FINDING_REQUEST_LINE_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1010);
/// The status line is malformed. RFC 9112 4.
pub const WSABI_FINDING_STATUS_LINE_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1011);
/// The head begins with a header field, its first line is missing. RFC 9112
/// 2.1.
pub const WSABI_FINDING_START_LINE_MISSING: wsabi_finding_kind = wsabi_finding_kind(1012);
/// The request is HTTP/1.0, which cannot be upgraded. RFC 9110 7.8.
pub const WSABI_FINDING_HTTP10_REQUEST: wsabi_finding_kind = wsabi_finding_kind(1013);
/// The HTTP version is none that this syntax has. RFC 9112 2.3.
pub const WSABI_FINDING_HTTP_VERSION_UNKNOWN: wsabi_finding_kind = wsabi_finding_kind(1014);
/// A line of the head is no header field. RFC 9112 5.
pub const WSABI_FINDING_FIELD_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1015);
/// There is white space between a field name and its colon. RFC 9112 5.1.
pub const WSABI_FINDING_SPACE_BEFORE_COLON: wsabi_finding_kind = wsabi_finding_kind(1016);
/// A field value goes on in a second line. RFC 9112 5.2.
pub const WSABI_FINDING_FOLDED_LINE: wsabi_finding_kind = wsabi_finding_kind(1017);
/// There is a CR inside a line. RFC 9112 2.2.
pub const WSABI_FINDING_STRAY_CR: wsabi_finding_kind = wsabi_finding_kind(1018);
/// There is a control character in a header field. RFC 9110 5.5.
pub const WSABI_FINDING_CONTROL_OCTET: wsabi_finding_kind = wsabi_finding_kind(1019);
/// A field name is no token. RFC 9110 5.1.
pub const WSABI_FINDING_FIELD_NAME_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1020);
/// An encoded line end stands in the head. RFC 9110 17.3.
pub const WSABI_FINDING_INJECTION_SIGN: wsabi_finding_kind = wsabi_finding_kind(1021);
/// Some lines of the head end with CR LF and others with a lone LF. RFC 9112
/// 2.2.
pub const WSABI_FINDING_LINE_ENDS_MIXED: wsabi_finding_kind = wsabi_finding_kind(1022);
/// A field that has one value stands there more than once. RFC 9110 5.3.
pub const WSABI_FINDING_FIELD_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1023);
/// The method of an opening handshake is GET. RFC 6455 4.1.
pub const WSABI_FINDING_METHOD_NOT_GET: wsabi_finding_kind = wsabi_finding_kind(1101);
/// The request target is neither a path nor an http(s) or ws(s) URI without
/// fragment. RFC 9112 3.2.
pub const WSABI_FINDING_TARGET_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1102);
/// The request has no Host. RFC 6455 4.1.
pub const WSABI_FINDING_HOST_MISSING: wsabi_finding_kind = wsabi_finding_kind(1103);
/// Host has no value. RFC 9112 3.2.
pub const WSABI_FINDING_HOST_EMPTY: wsabi_finding_kind = wsabi_finding_kind(1104);
/// The value of Host is no host with an optional port. RFC 9112 3.2.
pub const WSABI_FINDING_HOST_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1105);
/// The request has more than one Host. RFC 9112 3.2.
pub const WSABI_FINDING_HOST_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1106);
/// The request shows no sign of an opening handshake. RFC 6455 4.1.
pub const WSABI_FINDING_NOT_AHANDSHAKE: wsabi_finding_kind = wsabi_finding_kind(1107);
/// The request has no Upgrade. RFC 6455 4.1.
pub const WSABI_FINDING_UPGRADE_MISSING: wsabi_finding_kind = wsabi_finding_kind(1108);
/// Upgrade does not name websocket. RFC 6455 4.1.
pub const WSABI_FINDING_UPGRADE_NOT_WEBSOCKET: wsabi_finding_kind = wsabi_finding_kind(1109);
/// The request has no Connection. RFC 6455 4.1.
pub const WSABI_FINDING_CONNECTION_MISSING: wsabi_finding_kind = wsabi_finding_kind(1110);
/// Connection does not name upgrade. RFC 6455 4.1.
pub const WSABI_FINDING_CONNECTION_NOT_UPGRADE: wsabi_finding_kind = wsabi_finding_kind(1111);
/// A proxy sent the request on as HTTP/1.0 and took the Upgrade away. RFC 9110
/// 7.8.
pub const WSABI_FINDING_PROXY_HTTP10: wsabi_finding_kind = wsabi_finding_kind(1112);
/// The request lost its Upgrade on the way: a proxy removed it. RFC 9110 7.6.1.
pub const WSABI_FINDING_PROXY_TOOK_UPGRADE: wsabi_finding_kind = wsabi_finding_kind(1113);
/// The request lost its Connection: upgrade on the way: a proxy closes instead.
/// RFC 9110 7.6.1.
pub const WSABI_FINDING_PROXY_TOOK_CONNECTION: wsabi_finding_kind = wsabi_finding_kind(1114);
/// The request has no Sec-WebSocket-Version. RFC 6455 4.1.
pub const WSABI_FINDING_VERSION_MISSING: wsabi_finding_kind = wsabi_finding_kind(1115);
/// The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
pub const WSABI_FINDING_VERSION_UNSUPPORTED: wsabi_finding_kind = wsabi_finding_kind(1116);
/// The request has more than one Sec-WebSocket-Version. RFC 6455 11.3.5.
pub const WSABI_FINDING_VERSION_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1117);
/// The request has no Sec-WebSocket-Key. RFC 6455 4.1.
pub const WSABI_FINDING_KEY_MISSING: wsabi_finding_kind = wsabi_finding_kind(1118);
/// The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC 6455
/// 4.1.
pub const WSABI_FINDING_KEY_INVALID: wsabi_finding_kind = wsabi_finding_kind(1119);
/// The request has more than one Sec-WebSocket-Key. RFC 6455 11.3.1.
pub const WSABI_FINDING_KEY_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1120);
/// The key is the RFC's example. RFC 6455 4.1.
pub const WSABI_FINDING_KEY_FROM_THE_RFC: wsabi_finding_kind = wsabi_finding_kind(1121);
/// The handshake is of a draft that was given up before the RFC. RFC 6455 4.1.
pub const WSABI_FINDING_OLD_DRAFT: wsabi_finding_kind = wsabi_finding_kind(1122);
/// Sec-WebSocket-Accept stands in a request. RFC 6455 11.3.3.
pub const WSABI_FINDING_ACCEPT_IN_REQUEST: wsabi_finding_kind = wsabi_finding_kind(1123);
/// The request announces a body, which an opening handshake does not have. RFC
/// 6455 4.1.
pub const WSABI_FINDING_REQUEST_BODY: wsabi_finding_kind = wsabi_finding_kind(1124);
/// Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455 4.1.
pub const WSABI_FINDING_SUBPROTOCOL_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1125);
/// A subprotocol is offered twice. RFC 6455 4.1.
pub const WSABI_FINDING_SUBPROTOCOL_TWICE: wsabi_finding_kind = wsabi_finding_kind(1126);
/// Sec-WebSocket-Protocol offers nothing. RFC 6455 11.3.4.
pub const WSABI_FINDING_SUBPROTOCOL_OFFER_EMPTY: wsabi_finding_kind = wsabi_finding_kind(1127);
/// Origin has no value. RFC 6454 7.
pub const WSABI_FINDING_ORIGIN_EMPTY: wsabi_finding_kind = wsabi_finding_kind(1128);
/// The value of Origin is no scheme, host and port. RFC 6454 7.
pub const WSABI_FINDING_ORIGIN_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1129);
/// Origin is null: a local file, a sandbox or a redirect. RFC 6454 7.3.
pub const WSABI_FINDING_ORIGIN_NULL: wsabi_finding_kind = wsabi_finding_kind(1130);
/// The syntax of Sec-WebSocket-Extensions is broken. RFC 6455 9.1.
pub const WSABI_FINDING_EXTENSION_OFFER_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1131);
/// An offer of permessage-deflate has a parameter that it cannot have. RFC 7692
/// 7.1.
pub const WSABI_FINDING_DEFLATE_OFFER_INVALID: wsabi_finding_kind = wsabi_finding_kind(1132);
/// The key stands in quotes. RFC 6455 4.1.
pub const WSABI_FINDING_KEY_QUOTED: wsabi_finding_kind = wsabi_finding_kind(1133);
/// The method of an opening handshake over HTTP/2 is CONNECT. RFC 8441 4.
pub const WSABI_FINDING_HTTP2_METHOD: wsabi_finding_kind = wsabi_finding_kind(1140);
/// The request has no :protocol websocket. RFC 8441 4.
pub const WSABI_FINDING_HTTP2_PROTOCOL: wsabi_finding_kind = wsabi_finding_kind(1141);
/// An extended CONNECT lacks :scheme, :path or :authority. RFC 8441 4.
pub const WSABI_FINDING_HTTP2_PSEUDO_MISSING: wsabi_finding_kind = wsabi_finding_kind(1142);
/// A field of HTTP/1.1's connections stands in HTTP/2. RFC 9113 8.2.2.
pub const WSABI_FINDING_HTTP2_CONNECTION: wsabi_finding_kind = wsabi_finding_kind(1143);
/// Sec-WebSocket-Key or -Accept stands in HTTP/2. RFC 8441 5.
pub const WSABI_FINDING_HTTP2_KEY: wsabi_finding_kind = wsabi_finding_kind(1144);
/// The status is a success other than 101: the server took it for a request for
/// a page. RFC 6455 4.1.
pub const WSABI_FINDING_STATUS_SUCCESS: wsabi_finding_kind = wsabi_finding_kind(1201);
/// The status is a redirect. RFC 6455 4.1.
pub const WSABI_FINDING_STATUS_REDIRECT: wsabi_finding_kind = wsabi_finding_kind(1202);
/// The status is 400: the server finds the request wrong. RFC 6455 4.2.2.
pub const WSABI_FINDING_STATUS_BAD_REQUEST: wsabi_finding_kind = wsabi_finding_kind(1203);
/// The server or a proxy wants credentials. RFC 9110 15.5.2.
pub const WSABI_FINDING_STATUS_UNAUTHORIZED: wsabi_finding_kind = wsabi_finding_kind(1204);
/// The status is 403: most often the server does not like the Origin. RFC 6455
/// 4.2.2.
pub const WSABI_FINDING_STATUS_FORBIDDEN: wsabi_finding_kind = wsabi_finding_kind(1205);
/// There is no such endpoint at this path. RFC 9110 15.5.5.
pub const WSABI_FINDING_STATUS_NOT_FOUND: wsabi_finding_kind = wsabi_finding_kind(1206);
/// The status is 405: the server does not like the method. RFC 9110 15.5.6.
pub const WSABI_FINDING_STATUS_METHOD: wsabi_finding_kind = wsabi_finding_kind(1207);
/// The status is 426: the Upgrade did not reach the server, or the version is
/// wrong. RFC 9110 15.5.22.
pub const WSABI_FINDING_STATUS_UPGRADE_REQUIRED: wsabi_finding_kind = wsabi_finding_kind(1208);
/// The server failed on the request. RFC 9110 15.6.1.
pub const WSABI_FINDING_STATUS_SERVER_ERROR: wsabi_finding_kind = wsabi_finding_kind(1209);
/// A proxy got no proper answer from the server behind it. RFC 9110 15.6.3.
pub const WSABI_FINDING_STATUS_GATEWAY: wsabi_finding_kind = wsabi_finding_kind(1210);
/// The server or a proxy has no capacity, or no server behind it. RFC 9110
/// 15.6.4.
pub const WSABI_FINDING_STATUS_UNAVAILABLE: wsabi_finding_kind = wsabi_finding_kind(1211);
/// The status is not 101. RFC 6455 4.1.
pub const WSABI_FINDING_STATUS_OTHER: wsabi_finding_kind = wsabi_finding_kind(1212);
/// The response has no Upgrade. RFC 6455 4.2.2.
pub const WSABI_FINDING_UPGRADE_ABSENT: wsabi_finding_kind = wsabi_finding_kind(1213);
/// Upgrade in the response is not websocket. RFC 6455 4.1.
pub const WSABI_FINDING_UPGRADE_OTHER: wsabi_finding_kind = wsabi_finding_kind(1214);
/// The response has no Connection. RFC 6455 4.2.2.
pub const WSABI_FINDING_CONNECTION_ABSENT: wsabi_finding_kind = wsabi_finding_kind(1215);
/// Connection in the response does not name upgrade. RFC 6455 4.1.
pub const WSABI_FINDING_CONNECTION_OTHER: wsabi_finding_kind = wsabi_finding_kind(1216);
/// The response is HTTP/1.0, which has no 101. RFC 9110 7.8.
pub const WSABI_FINDING_HTTP10_RESPONSE: wsabi_finding_kind = wsabi_finding_kind(1217);
/// Sec-WebSocket-Accept stands in a response that refuses. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_IN_ERROR: wsabi_finding_kind = wsabi_finding_kind(1218);
/// A 101 announces a body. RFC 9110 8.6.
pub const WSABI_FINDING_RESPONSE_BODY: wsabi_finding_kind = wsabi_finding_kind(1219);
/// Sec-WebSocket-Key stands in a response. RFC 6455 11.3.1.
pub const WSABI_FINDING_KEY_IN_RESPONSE: wsabi_finding_kind = wsabi_finding_kind(1220);
/// The capture has no request for this response. RFC 6455 4.1.
pub const WSABI_FINDING_REQUEST_ABSENT: wsabi_finding_kind = wsabi_finding_kind(1221);
/// A 426 does not say in Upgrade what to upgrade to. RFC 9110 15.5.22.
pub const WSABI_FINDING_UPGRADE_REQUIRED_BARE: wsabi_finding_kind = wsabi_finding_kind(1222);
/// The response names a subprotocol that the request did not offer. RFC 6455
/// 4.1.
pub const WSABI_FINDING_SUBPROTOCOL_NOT_OFFERED: wsabi_finding_kind = wsabi_finding_kind(1223);
/// The response names more than one subprotocol. RFC 6455 4.2.2.
pub const WSABI_FINDING_SUBPROTOCOL_LIST: wsabi_finding_kind = wsabi_finding_kind(1224);
/// Sec-WebSocket-Protocol in the response has no value. RFC 6455 11.3.4.
pub const WSABI_FINDING_SUBPROTOCOL_EMPTY: wsabi_finding_kind = wsabi_finding_kind(1225);
/// Subprotocols are offered and none is chosen. RFC 6455 4.2.2.
pub const WSABI_FINDING_SUBPROTOCOL_NOT_CHOSEN: wsabi_finding_kind = wsabi_finding_kind(1226);
/// The response has more than one Sec-WebSocket-Protocol. RFC 6455 11.3.4.
pub const WSABI_FINDING_SUBPROTOCOL_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1227);
/// The subprotocol is an offered one in other letters: their case matters. RFC
/// 6455 4.1.
pub const WSABI_FINDING_SUBPROTOCOL_CASE: wsabi_finding_kind = wsabi_finding_kind(1228);
/// The response uses an extension that the request did not offer. RFC 6455 4.1.
pub const WSABI_FINDING_EXTENSION_NOT_OFFERED: wsabi_finding_kind = wsabi_finding_kind(1229);
/// The syntax of Sec-WebSocket-Extensions in the response is broken. RFC 6455
/// 9.1.
pub const WSABI_FINDING_EXTENSION_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1230);
/// permessage-deflate is answered with a parameter that it cannot have. RFC
/// 7692 7.1.
pub const WSABI_FINDING_DEFLATE_ANSWER_INVALID: wsabi_finding_kind = wsabi_finding_kind(1231);
/// permessage-deflate is answered with what the offer does not allow. RFC 7692
/// 7.1.
pub const WSABI_FINDING_DEFLATE_NOT_OFFERED: wsabi_finding_kind = wsabi_finding_kind(1232);
/// Over HTTP/2 the opening handshake is accepted with a status of 2xx. RFC 8441
/// 5.
pub const WSABI_FINDING_HTTP2_STATUS: wsabi_finding_kind = wsabi_finding_kind(1240);
/// The response has no Sec-WebSocket-Accept. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_MISSING: wsabi_finding_kind = wsabi_finding_kind(1300);
/// The response has more than one Sec-WebSocket-Accept. RFC 6455 11.3.3.
pub const WSABI_FINDING_ACCEPT_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1301);
/// Sec-WebSocket-Accept is not the base64 form of 20 octets. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_MALFORMED: wsabi_finding_kind = wsabi_finding_kind(1302);
/// Sec-WebSocket-Accept does not belong to the key, by no known mistake. RFC
/// 6455 4.1.
pub const WSABI_FINDING_ACCEPT_WRONG: wsabi_finding_kind = wsabi_finding_kind(1303);
/// Sec-WebSocket-Accept is made without the GUID. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_GUID_MISSING: wsabi_finding_kind = wsabi_finding_kind(1304);
/// Sec-WebSocket-Accept is made with a GUID that is misspelt. RFC 6455 1.3.
pub const WSABI_FINDING_ACCEPT_GUID_MISSPELT: wsabi_finding_kind = wsabi_finding_kind(1305);
/// Sec-WebSocket-Accept is made with the GUID in lower case. RFC 6455 1.3.
pub const WSABI_FINDING_ACCEPT_GUID_LOWER_CASE: wsabi_finding_kind = wsabi_finding_kind(1306);
/// Sec-WebSocket-Accept is made with the GUID before the key. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_GUID_FIRST: wsabi_finding_kind = wsabi_finding_kind(1307);
/// Sec-WebSocket-Accept is made from the decoded key. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_KEY_DECODED: wsabi_finding_kind = wsabi_finding_kind(1308);
/// Sec-WebSocket-Accept is made from the key with white space or a line end.
/// RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_KEY_UNTRIMMED: wsabi_finding_kind = wsabi_finding_kind(1309);
/// Sec-WebSocket-Accept is made from an altered key. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_KEY_ALTERED: wsabi_finding_kind = wsabi_finding_kind(1310);
/// Sec-WebSocket-Accept is made from the digest's hexadecimal digits. RFC 6455
/// 4.2.2.
pub const WSABI_FINDING_ACCEPT_HEX_DIGEST: wsabi_finding_kind = wsabi_finding_kind(1311);
/// Sec-WebSocket-Accept is made with another hash than SHA-1. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_WRONG_HASH: wsabi_finding_kind = wsabi_finding_kind(1312);
/// Sec-WebSocket-Accept is cut off. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_TRUNCATED: wsabi_finding_kind = wsabi_finding_kind(1313);
/// Sec-WebSocket-Accept has the right digest in the wrong encoding. RFC 6455
/// 4.2.2.
pub const WSABI_FINDING_ACCEPT_REENCODED: wsabi_finding_kind = wsabi_finding_kind(1314);
/// Sec-WebSocket-Accept belongs to another request's key. RFC 6455 4.1.
pub const WSABI_FINDING_ACCEPT_OTHER_KEY: wsabi_finding_kind = wsabi_finding_kind(1315);
/// Sec-WebSocket-Accept is the RFC's example value. RFC 6455 1.3.
pub const WSABI_FINDING_ACCEPT_FROM_THE_RFC: wsabi_finding_kind = wsabi_finding_kind(1316);
/// Sec-WebSocket-Accept repeats the key. RFC 6455 4.2.2.
pub const WSABI_FINDING_ACCEPT_IS_THE_KEY: wsabi_finding_kind = wsabi_finding_kind(1317);
/// The capture has no frame. RFC 6455 5.2.
pub const WSABI_FINDING_NO_FRAMES: wsabi_finding_kind = wsabi_finding_kind(1401);
/// A line of the dump is not hexadecimal. RFC 6455 5.2.
pub const WSABI_FINDING_DUMP_UNREADABLE: wsabi_finding_kind = wsabi_finding_kind(1402);
/// This is the head of a request or response, no frame. RFC 6455 4.1.
pub const WSABI_FINDING_HEAD_NOT_FRAME: wsabi_finding_kind = wsabi_finding_kind(1403);
/// A reserved bit is set that no extension defines here. RFC 6455 5.2.
pub const WSABI_FINDING_RESERVED_BIT: wsabi_finding_kind = wsabi_finding_kind(1404);
/// The message is compressed (RSV1), which permessage-deflate must have been
/// agreed on for. RFC 7692 6.
pub const WSABI_FINDING_COMPRESSED: wsabi_finding_kind = wsabi_finding_kind(1405);
/// The opcode is reserved. RFC 6455 5.2.
pub const WSABI_FINDING_RESERVED_OPCODE: wsabi_finding_kind = wsabi_finding_kind(1406);
/// A control frame is fragmented. RFC 6455 5.5.
pub const WSABI_FINDING_FRAGMENTED_CONTROL: wsabi_finding_kind = wsabi_finding_kind(1407);
/// A control frame has more than 125 octets of payload. RFC 6455 5.5.
pub const WSABI_FINDING_LONG_CONTROL: wsabi_finding_kind = wsabi_finding_kind(1408);
/// The payload length is not encoded in the fewest octets. RFC 6455 5.2.
pub const WSABI_FINDING_NON_MINIMAL_LENGTH: wsabi_finding_kind = wsabi_finding_kind(1409);
/// The most significant bit of the 64-bit payload length is set. RFC 6455 5.2.
pub const WSABI_FINDING_LENGTH_TOO_LARGE: wsabi_finding_kind = wsabi_finding_kind(1410);
/// A frame from the client is not masked. RFC 6455 5.1.
pub const WSABI_FINDING_UNMASKED: wsabi_finding_kind = wsabi_finding_kind(1411);
/// A frame from the server is masked. RFC 6455 5.1.
pub const WSABI_FINDING_MASKED: wsabi_finding_kind = wsabi_finding_kind(1412);
/// The masking key is zero, so that the payload is readable on the wire. RFC
/// 6455 5.3.
pub const WSABI_FINDING_MASK_ZERO: wsabi_finding_kind = wsabi_finding_kind(1413);
/// The masking key is that of the frame before. RFC 6455 5.3.
pub const WSABI_FINDING_MASK_REPEATED: wsabi_finding_kind = wsabi_finding_kind(1414);
/// A continuation frame has no message to continue. RFC 6455 5.4.
pub const WSABI_FINDING_NOTHING_TO_CONTINUE: wsabi_finding_kind = wsabi_finding_kind(1415);
/// A new message begins inside a fragmented one. RFC 6455 5.4.
pub const WSABI_FINDING_MESSAGE_INTERRUPTED: wsabi_finding_kind = wsabi_finding_kind(1416);
/// A text message is not valid UTF-8. RFC 6455 8.1.
pub const WSABI_FINDING_BAD_UTF8: wsabi_finding_kind = wsabi_finding_kind(1417);
/// The payload of a Close has one octet. RFC 6455 5.5.1.
pub const WSABI_FINDING_CLOSE_ONE_OCTET: wsabi_finding_kind = wsabi_finding_kind(1418);
/// The status code of a Close may not be sent. RFC 6455 7.4.
pub const WSABI_FINDING_CLOSE_CODE: wsabi_finding_kind = wsabi_finding_kind(1419);
/// The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
pub const WSABI_FINDING_CLOSE_REASON: wsabi_finding_kind = wsabi_finding_kind(1420);
/// A frame follows the Close of the same sender. RFC 6455 5.5.1.
pub const WSABI_FINDING_FRAME_AFTER_CLOSE: wsabi_finding_kind = wsabi_finding_kind(1421);
/// The capture ends inside a frame. RFC 6455 5.2.
pub const WSABI_FINDING_FRAME_TRUNCATED: wsabi_finding_kind = wsabi_finding_kind(1422);
/// The capture ends inside a fragmented message. RFC 6455 5.4.
pub const WSABI_FINDING_MESSAGE_UNFINISHED: wsabi_finding_kind = wsabi_finding_kind(1423);
/// There are more frames than are looked at. RFC 6455 5.
pub const WSABI_FINDING_TOO_MANY_FRAMES: wsabi_finding_kind = wsabi_finding_kind(1424);

impl From<&Finding> for wsabi_finding {
    fn from(finding: &Finding) -> Self {
        let rule = finding.kind.rule();
        let place = match finding.place {
            Place::Capture => WSABI_PLACE_CAPTURE,
            Place::Request(_) => WSABI_PLACE_REQUEST,
            Place::Response(_) => WSABI_PLACE_RESPONSE,
            Place::Frame(_) => WSABI_PLACE_FRAME,
        };
        Self {
            struct_size: size_of::<Self>(),
            offending: finding.offending.as_str().into(),
            section: rule.section.into(),
            rule: rule.text.into(),
            detail: finding.detail.as_str().into(),
            peers: rule.peers.into(),
            remedy: finding.remedy.as_str().into(),
            index: finding.place.index(),
            line: finding.line,
            offset: finding.offset,
            kind: wsabi_finding_kind(finding.kind as i32),
            severity: wsabi_severity(finding.severity() as i32),
            place,
            reserved: 0,
        }
    }
}
