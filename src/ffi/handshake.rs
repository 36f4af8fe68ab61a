//! The opening handshake: what the request says, and the decision on it.

use std::mem::MaybeUninit;

use libc::c_char;

use super::conn::{look, with, wsabi_conn, wsabi_slice};
use super::version::wsabi_status;
use super::{
    WSABI_ERR_ARGUMENT, WSABI_ERR_MEMORY, WSABI_ERR_NOT_FOUND, WSABI_ERR_STATE, slice, some, text,
};
use crate::conn::DecisionError;
use crate::handshake::{Answer, Head};

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
/// The library adds Content-Length and Connection by itself; 426 also gets
/// Upgrade and Sec-WebSocket-Version. Those names, Transfer-Encoding and all of
/// Sec-WebSocket-* are refused in `headers`, and so is every octet that cannot
/// stand in a field (RFC 9110 5.5): no CR, LF or NUL gets onto the wire.
#[repr(C)]
pub struct wsabi_response {
    /// Octets of this struct: `sizeof(wsabi_response)`.
    pub struct_size: usize,
    /// HTTP status code. 0 in a response for `wsabi_conn_accept`.
    pub status: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Further header fields; NULL for none.
    pub headers: *const wsabi_header,
    /// Number of `headers`.
    pub header_count: usize,
    /// Body; NULL for none.
    pub body: *const u8,
    /// Octets of `body`.
    pub body_len: usize,
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
/// `subprotocol` (NULL, 0): the first of the config's subprotocols that the
/// client offered is chosen, none if there is none. Otherwise `len` octets that
/// are one of those that the client offered. `response` may be NULL, or have
/// further `headers`; its status is 0 and its body empty.
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
        Ok(connection.accept(name, answer.unwrap_or_default())?)
    })
}

/// Refuses the request with a complete HTTP response: any status from 300 to
/// 599, or from 200 for a plain HTTP request. The connection ends once it was
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
        Ok(connection.reject(answer)?)
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
            let headers = slice(self.headers, self.header_count)?
                .iter()
                .map(|header| Ok((header.name.read()?, header.value.read()?)))
                .collect::<super::Result<_>>()?;
            Ok(Answer {
                status: u16::try_from(self.status).map_err(|_| WSABI_ERR_ARGUMENT)?,
                headers,
                body: slice(self.body, self.body_len)?,
            })
        }
    }
}

impl wsabi_slice {
    /// # Safety
    /// The range is readable while the result lives.
    unsafe fn read<'a>(&self) -> super::Result<&'a [u8]> {
        // SAFETY: the caller's contract.
        unsafe { slice(self.data, self.len) }
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
