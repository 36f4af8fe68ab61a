//! The opening handshake: what the request says, and the decision on it.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use libc::{c_char, c_void};

use super::config::wsabi_config;
use super::conn::{EventList, look, with, with_socket, wsabi_conn, wsabi_event, wsabi_slice};
use super::version::{WSABI_ERR_RANDOM, WSABI_ERR_UNSUPPORTED, wsabi_status};
use super::{
    WSABI_ERR_ARGUMENT, WSABI_ERR_MEMORY, WSABI_ERR_NOT_FOUND, WSABI_ERR_STATE, octets, slice,
    slice_mut, some, text,
};
use crate::conn::{DecisionError, NewClientError};
use crate::handshake::{self, Answer, Ask, Head, RequestFields, Version};

/// One HTTP header field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsabi_header {
    /// Field name.
    pub name: wsabi_slice,
    /// Field value, without white space around it.
    pub value: wsabi_slice,
}

/// An answer to a request: `wsabi_response r = WSABI_RESPONSE_INIT;`, then set
/// what differs. Everything it points to is copied during the call.
///
/// The library adds Content-Length and "Connection: close" by itself; 426 also
/// gets Upgrade, which Connection then names too, and Sec-WebSocket-Version; 405
/// gets Allow unless it is there. Those names, Transfer-Encoding and all of
/// Sec-WebSocket-* are refused in `headers`, and so is every octet that cannot
/// stand in a field (RFC 9110 5.5): no CR, LF or NUL gets onto the wire.
#[repr(C)]
pub struct wsabi_response {
    /// Octets of this struct: `sizeof(wsabi_response)`.
    pub struct_size: usize,
    /// HTTP status code. For `wsabi_conn_accept` 0, which stands for 101 (200 in
    /// HTTP/2 and HTTP/3).
    pub status: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Further header fields; NULL for none.
    pub headers: *const wsabi_header,
    /// Number of `headers`.
    pub header_count: usize,
    /// Body; NULL for none.
    pub body: *const c_void,
    /// Octets of `body`.
    pub body_len: usize,
}

/// What a client asks for: `wsabi_client_request r = WSABI_CLIENT_REQUEST_INIT;`,
/// then set what differs. Everything it points to is copied during the call.
///
/// The library writes Upgrade, Connection and all of Sec-WebSocket-* by itself;
/// these, Host, Origin and what concerns a body are refused in `headers`, and so
/// is every octet that cannot stand in a field.
#[repr(C)]
pub struct wsabi_client_request {
    /// Octets of this struct: `sizeof(wsabi_client_request)`.
    pub struct_size: usize,
    /// Host and, unless it is the scheme's own, ":" and port.
    pub host: wsabi_slice,
    /// Path and query, such as "/chat?room=1".
    pub target: wsabi_slice,
    /// Origin; empty for none.
    pub origin: wsabi_slice,
    /// Further header fields; NULL for none.
    pub headers: *const wsabi_header,
    /// Number of `headers`.
    pub header_count: usize,
}

/// A request that the host parsed: `wsabi_request r = WSABI_REQUEST_INIT;`, then
/// set what differs. Everything it points to is copied during the call.
#[repr(C)]
pub struct wsabi_request {
    /// Octets of this struct: `sizeof(wsabi_request)`.
    pub struct_size: usize,
    /// A `WSABI_HTTP_*`.
    pub version: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Method: "GET", or "CONNECT" in HTTP/2 and HTTP/3.
    pub method: wsabi_slice,
    /// Request target, or the `:path` of HTTP/2 and HTTP/3.
    pub target: wsabi_slice,
    /// The `:authority` of HTTP/2 and HTTP/3; empty in HTTP/1.1.
    pub authority: wsabi_slice,
    /// The `:protocol` of HTTP/2 and HTTP/3; empty in HTTP/1.1.
    pub protocol: wsabi_slice,
    /// Header fields, without those that begin with ":".
    pub headers: *const wsabi_header,
    /// Number of `headers`.
    pub header_count: usize,
}

/// HTTP/1.0, which is never upgraded (RFC 9110 7.8).
pub const WSABI_HTTP_1_0: u32 = 10;
/// HTTP/1.1.
pub const WSABI_HTTP_1_1: u32 = 11;
/// HTTP/2: an extended CONNECT, RFC 8441.
pub const WSABI_HTTP_2: u32 = 20;
/// HTTP/3: an extended CONNECT, RFC 9220.
pub const WSABI_HTTP_3: u32 = 30;

/// Takes a request from a host that has an HTTP server, instead of octets, on a
/// fresh connection of the server's side: lists REQUEST, HTTP_REQUEST, OPEN or
/// FAILED, as `wsabi_conn_recv` would. The host decides in the same way, and
/// then sends the response by itself: `wsabi_conn_response_status`,
/// `wsabi_conn_response_header` and `wsabi_conn_response_body` have it. From then
/// on octets are frames: those of the socket in HTTP/1.1, those of the stream in
/// HTTP/2 and HTTP/3. After a refusal the interest is CLOSE: free the
/// connection.
///
/// RFC 6455 4.2; RFC 8441 5 and RFC 9220 3: in HTTP/2 and HTTP/3 the status of
/// success is 200, there is no key, and names are in lower case. Returns
/// `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is 0 or the
/// struct is not what it says; `WSABI_ERR_UNSUPPORTED` for an unknown version;
/// `WSABI_ERR_STATE` when the connection is not fresh; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_recv_request(
    conn: Option<&mut wsabi_conn>,
    request: Option<&wsabi_request>,
    events: *mut MaybeUninit<wsabi_event>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let count = some(count)?;
        // SAFETY: the header's rules: the ranges are readable, or ours.
        let (fields, places) = unsafe { (some(request)?.read()?, slice_mut(events, cap)?) };
        let mut list = EventList::new(core::ptr::null_mut(), places)?;
        connection.recv_request(&fields, &mut list)?;
        count.write(list.filled());
        Ok(())
    })
}

/// Reads the method of the request that waits for a decision into `*method`. It
/// stays valid until the decision.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when no request
/// waits; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_method(
    conn: Option<&wsabi_conn>,
    method: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, method, |head| Ok(head.method().into()))
}

/// Reads the target of the request that waits for a decision, such as
/// "/chat?room=1", into `*target`. It stays valid until the decision.
///
/// Returns as `wsabi_conn_head_method`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_target(
    conn: Option<&wsabi_conn>,
    target: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, target, |head| Ok(head.target().into()))
}

/// Reads the path of that target into `*path`: without query and, for a whole
/// URI, without scheme and authority; not decoded. It stays valid until the
/// decision.
///
/// Returns as `wsabi_conn_head_method`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_path(
    conn: Option<&wsabi_conn>,
    path: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, path, |head| Ok(handshake::path(head.target()).into()))
}

/// Reads the query of that target into `*query`: what stands behind "?", not
/// decoded. It stays valid until the decision.
///
/// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` without a
/// query.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_query(
    conn: Option<&wsabi_conn>,
    query: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, query, |head| {
        Ok(handshake::query(head.target()).ok_or(WSABI_ERR_NOT_FOUND)?.into())
    })
}

/// Copies the value of the first query parameter of that name into `buffer`,
/// decoded as a form is: "%41" is "A", "+" a space. `*value_len` is its length,
/// also when it is more than `cap` and only the first `cap` octets were copied.
/// The value is not terminated; any octet may be in it.
///
/// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_query_parameter(
    conn: Option<&wsabi_conn>,
    name: *const c_char,
    len: usize,
    buffer: *mut MaybeUninit<u8>,
    cap: usize,
    value_len: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    look_at_head(conn, value_len, |head| {
        // SAFETY: the header's rules: one range is readable, the other ours.
        let (name, buffer) = unsafe { (slice(name.cast::<u8>(), len)?, slice_mut(buffer, cap)?) };
        let value = handshake::query_parameter(head.target(), name).ok_or(WSABI_ERR_NOT_FOUND)?;
        for (place, octet) in buffer.iter_mut().zip(&value) {
            place.write(*octet);
        }
        Ok(value.len())
    })
}

/// Reads the host and, if it is named, the port that the request is for into
/// `*host`: of the Host, of `:authority`, or of a target that is a whole URI (RFC
/// 9112 3.2.2). It stays valid until the decision.
///
/// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` in HTTP/1.0
/// without one.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_host(
    conn: Option<&wsabi_conn>,
    host: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, host, |head| Ok(head.host().ok_or(WSABI_ERR_NOT_FOUND)?.into()))
}

/// Reads the Origin into `*origin`. Browsers always send one, other clients
/// seldom. It stays valid until the decision.
///
/// RFC 6455 10.2. Returns as `wsabi_conn_head_method`, and
/// `WSABI_ERR_NOT_FOUND`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_origin(
    conn: Option<&wsabi_conn>,
    origin: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, origin, |head| {
        Ok(head.all(b"origin").next().ok_or(WSABI_ERR_NOT_FOUND)?.into())
    })
}

/// Reads the first header field of that name, in any case, into `*value`. It
/// stays valid until the decision.
///
/// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_find(
    conn: Option<&wsabi_conn>,
    name: *const c_char,
    len: usize,
    value: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, value, |head| {
        // SAFETY: the header's rules: the range is readable.
        let name = unsafe { slice(name.cast::<u8>(), len) }?;
        Ok(head.all(name).next().ok_or(WSABI_ERR_NOT_FOUND)?.into())
    })
}

/// Reads header field `index`, from 0 in the order of arrival, into `*header`.
/// It stays valid until the decision.
///
/// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` behind the
/// last one.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_head_at(
    conn: Option<&wsabi_conn>,
    index: usize,
    header: Option<&mut MaybeUninit<wsabi_header>>,
) -> wsabi_status {
    look_at_head(conn, header, |head| {
        let (name, value) = head.fields().nth(index).ok_or(WSABI_ERR_NOT_FOUND)?;
        Ok(wsabi_header { name: name.into(), value: value.into() })
    })
}

/// Reads subprotocol `index` that the client offers, from 0 in its order of
/// preference and over all of its header lines, into `*name`. It stays valid
/// until the decision.
///
/// Returns as `wsabi_conn_head_method`, and `WSABI_ERR_NOT_FOUND` behind the
/// last one.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_offered_subprotocol(
    conn: Option<&wsabi_conn>,
    index: usize,
    name: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look_at_head(conn, name, |head| {
        Ok(head.offered_subprotocols().nth(index).ok_or(WSABI_ERR_NOT_FOUND)?.into())
    })
}

/// Accepts the request: queues 101 and opens the connection; messages may be
/// sent at once.
///
/// `subprotocol` (NULL, 0): the config's policy chooses, by default the first of
/// its subprotocols that the client offered, or none. A policy that refuses does
/// so: `wsabi_conn_failure` is not 0 then, and the state not OPEN. Otherwise
/// `len` octets that are one of those that the client offered. `response` may be
/// NULL, or have further `headers`; its status is 0 or 101 and its body empty.
///
/// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
/// for a name that was not offered, or a response that cannot be sent;
/// `WSABI_ERR_STATE` when no opening handshake waits; `WSABI_ERR_MEMORY`;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_accept(
    conn: Option<&mut wsabi_conn>,
    subprotocol: *const c_char,
    len: usize,
    response: Option<&wsabi_response>,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the ranges are readable.
        let (name, answer) = unsafe {
            let name = if subprotocol.is_null() && len == 0 {
                None
            } else {
                Some(text(subprotocol, len)?)
            };
            (name, response.map(|response| response.read()).transpose()?)
        };
        Ok(connection.accept(name, &answer.unwrap_or_default())?)
    })
}

/// Decides on the request by another config's policy, for a host that serves
/// several: its resources, origins and subprotocols. `response` as for
/// `wsabi_conn_accept`. When the policy refuses, `wsabi_conn_failure` is not 0.
/// Limits stay those of the connection's own config.
///
/// RFC 6455 4.2.2. Returns as `wsabi_conn_accept`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_accept_by(
    conn: Option<&mut wsabi_conn>,
    policy: Option<&wsabi_config>,
    response: Option<&wsabi_response>,
) -> wsabi_status {
    with(conn, |connection| {
        let policy = some(policy)?;
        // SAFETY: the header's rules: the ranges are readable.
        let answer = unsafe { response.map(|response| response.read()).transpose()? };
        Ok(connection.accept_by(&policy.0, &answer.unwrap_or_default())?)
    })
}

/// Accepts the request and closes at once, with `code` and `reason` as for
/// `wsabi_conn_close`: a browser's script cannot read a response that refuses,
/// but it sees these. The first subprotocol that the client offers is chosen,
/// since browsers fail without one.
///
/// RFC 6455 7.1.2, 7.4. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` for a code or reason that may not be sent;
/// `WSABI_ERR_STATE` when no opening handshake waits; `WSABI_ERR_MEMORY`;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_accept_then_close(
    conn: Option<&mut wsabi_conn>,
    code: u16,
    reason: *const c_void,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.accept_then_close(code, unsafe { text(reason, len) }?)?)
    })
}

/// Declines permessage-deflate for this connection, whatever the client offers;
/// call it before the decision. Some clients (Safari 15) offer what they cannot
/// do.
///
/// RFC 7692 5.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when no
/// opening handshake waits; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_decline_deflate(conn: Option<&mut wsabi_conn>) -> wsabi_status {
    with(conn, |connection| Ok(connection.decline_deflate()?))
}

/// Refuses the request with a complete HTTP response: any status from 300 to
/// 599, or from 200 for a plain HTTP request. 401 needs a WWW-Authenticate among
/// its `headers`; 204, 205 and 304 have no body. The connection ends once it was
/// sent.
///
/// RFC 6455 4.2.2. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`
/// for a response that cannot be sent; `WSABI_ERR_STATE` when no request waits;
/// `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_reject(
    conn: Option<&mut wsabi_conn>,
    response: Option<&wsabi_response>,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the ranges are readable.
        let answer = unsafe { some(response)?.read() }?;
        Ok(connection.reject(&answer)?)
    })
}

/// Answers the request with a body of `len` octets, and no header field but its
/// `content_type`, of `content_type_len` octets: a page, or a health check. A plain HTTP
/// request takes any status from 200 on; the request for a WebSocket one from 300
/// on. The connection ends once it was sent.
///
/// RFC 9110 15. Returns as `wsabi_conn_reject`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_respond(
    conn: Option<&mut wsabi_conn>,
    status: u32,
    content_type: *const c_char,
    content_type_len: usize,
    body: *const c_void,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the ranges are readable.
        let (content_type, body) =
            unsafe { (text(content_type, content_type_len)?, octets(body, len)?) };
        let status = u16::try_from(status).map_err(|_| WSABI_ERR_ARGUMENT)?;
        let headers = Vec::from([(&b"Content-Type"[..], content_type.as_bytes())]);
        Ok(connection.reject(&Answer { status, headers, body })?)
    })
}

/// Answers the request with a redirect: `status` is 301, 302, 303, 307 or 308,
/// `location` a URI reference of `len` octets. The connection ends once it was
/// sent. Browsers do not follow it for a WebSocket.
///
/// RFC 6455 4.2.2. Returns as `wsabi_conn_reject`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_redirect(
    conn: Option<&mut wsabi_conn>,
    status: u32,
    location: *const c_char,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        let location = unsafe { text(location, len) }?;
        let status = u16::try_from(status).map_err(|_| WSABI_ERR_ARGUMENT)?;
        Ok(connection.redirect(status, location)?)
    })
}

/// Asks for credentials: answers 401 with a WWW-Authenticate of `len` octets,
/// such as `Basic realm="chat"`. The connection ends once it was sent. Browsers
/// do not ask the user for a WebSocket.
///
/// RFC 6455 4.2.2, RFC 9110 11.6.1. Returns as `wsabi_conn_reject`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_challenge(
    conn: Option<&mut wsabi_conn>,
    challenge: *const c_char,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.challenge(unsafe { text(challenge, len) }?)?)
    })
}

/// Reads the HTTP status of the response into `*status`: the one that the host
/// sends after `wsabi_conn_recv_request`, or the one that a client got.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when there is no such
/// response: not yet, or no longer, since the connection received again;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_response_status(
    conn: Option<&wsabi_conn>,
    status: Option<&mut MaybeUninit<u32>>,
) -> wsabi_status {
    look(conn, status, |connection| {
        Ok(u32::from(connection.response_status().ok_or(WSABI_ERR_STATE)?))
    })
}

/// Reads header field `index` of that response, from 0, into `*header`. It stays
/// valid until the connection receives again; a client's, of a response that
/// rejects, until it is freed.
///
/// Returns as `wsabi_conn_response_status`, and `WSABI_ERR_NOT_FOUND` behind the
/// last one.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_response_header(
    conn: Option<&wsabi_conn>,
    index: usize,
    header: Option<&mut MaybeUninit<wsabi_header>>,
) -> wsabi_status {
    look(conn, header, |connection| {
        connection.response_status().ok_or(WSABI_ERR_STATE)?;
        let (name, value) = connection.response_field(index).ok_or(WSABI_ERR_NOT_FOUND)?;
        Ok(wsabi_header { name: name.into(), value: value.into() })
    })
}

/// Reads the body of that response into `*body`. It stays valid as its header
/// fields do.
///
/// Returns as `wsabi_conn_response_status`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_response_body(
    conn: Option<&wsabi_conn>,
    body: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look(conn, body, |connection| Ok(connection.response_body().ok_or(WSABI_ERR_STATE)?.into()))
}

fn look_at_head<T>(
    conn: Option<&wsabi_conn>,
    out: Option<&mut MaybeUninit<T>>,
    method: impl FnOnce(&Head) -> super::Result<T>,
) -> wsabi_status {
    look(conn, out, |connection| method(connection.request().ok_or(WSABI_ERR_STATE)?))
}

impl wsabi_response {
    /// # Safety
    /// Every range is readable while the result lives.
    unsafe fn read(&self) -> super::Result<Answer<'_>> {
        if self.struct_size < size_of::<Self>() || self.reserved != 0 {
            return Err(WSABI_ERR_ARGUMENT);
        }
        // SAFETY: the caller's contract.
        unsafe {
            Ok(Answer {
                status: u16::try_from(self.status).map_err(|_| WSABI_ERR_ARGUMENT)?,
                headers: read_headers(self.headers, self.header_count)?,
                body: octets(self.body, self.body_len)?,
            })
        }
    }
}

impl wsabi_client_request {
    /// # Safety
    /// Every range is readable while the result lives.
    pub(super) unsafe fn read(&self) -> super::Result<Ask<'_>> {
        if self.struct_size < size_of::<Self>() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        // SAFETY: the caller's contract.
        unsafe {
            Ok(Ask {
                host: self.host.read()?,
                target: self.target.read()?,
                origin: self.origin.read()?,
                headers: read_headers(self.headers, self.header_count)?,
            })
        }
    }
}

impl wsabi_request {
    /// # Safety
    /// Every range is readable while the result lives.
    unsafe fn read(&self) -> super::Result<RequestFields<'_>> {
        if self.struct_size < size_of::<Self>() || self.reserved != 0 {
            return Err(WSABI_ERR_ARGUMENT);
        }
        let version = match self.version {
            WSABI_HTTP_1_0 => Version::Http10,
            WSABI_HTTP_1_1 => Version::Http11,
            WSABI_HTTP_2 | WSABI_HTTP_3 => Version::ExtendedConnect,
            _ => return Err(WSABI_ERR_UNSUPPORTED),
        };
        // SAFETY: the caller's contract.
        unsafe {
            Ok(RequestFields {
                version,
                method: self.method.read()?,
                target: self.target.read()?,
                authority: self.authority.read()?,
                protocol: self.protocol.read()?,
                fields: read_headers(self.headers, self.header_count)?,
            })
        }
    }
}

/// # Safety
/// The range is readable, and those in it, while the result lives.
unsafe fn read_headers<'a>(
    headers: *const wsabi_header,
    count: usize,
) -> super::Result<Vec<(&'a [u8], &'a [u8])>> {
    // SAFETY: the caller's contract.
    let headers = unsafe { slice(headers, count) }?;
    // SAFETY: the caller's contract.
    headers.iter().map(|h| unsafe { Ok((h.name.read()?, h.value.read()?)) }).collect()
}

impl wsabi_slice {
    /// # Safety
    /// The range is readable while the result lives.
    unsafe fn read<'a>(&self) -> super::Result<&'a [u8]> {
        // SAFETY: the caller's contract.
        unsafe { slice(self.data.cast(), self.len) }
    }
}

impl From<NewClientError> for wsabi_status {
    fn from(error: NewClientError) -> Self {
        match error {
            NewClientError::Argument => WSABI_ERR_ARGUMENT,
            NewClientError::Random => WSABI_ERR_RANDOM,
            NewClientError::Memory => WSABI_ERR_MEMORY,
        }
    }
}

impl From<DecisionError> for wsabi_status {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::Argument => WSABI_ERR_ARGUMENT,
            DecisionError::State => WSABI_ERR_STATE,
            DecisionError::Memory => WSABI_ERR_MEMORY,
        }
    }
}
