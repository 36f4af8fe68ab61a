//! The client's side: its request and the checks of the response, RFC 6455
//! section 4.1.

use alloc::string::String;
use alloc::vec::Vec;

use super::request::{check_target, is_host};
use super::response::check_fields;
use super::{Fault, Head, HeadError, Origin, Version, accept_value};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// Host and, when it is not the scheme's own, port.
    pub host: &'a [u8],
    /// The path and the query.
    pub target: &'a [u8],
    /// The origin of the script that asks; empty for none.
    pub origin: &'a [u8],
    /// Further header fields: name and value.
    pub headers: Vec<(&'a [u8], &'a [u8])>,
}

/// The request cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAsk;

/// What a response says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The connection is open, with that subprotocol.
    Accepted(Option<&'a str>),
    /// The server refuses, redirects, or asks for credentials.
    Rejected,
    /// RFC 9110 15.2: another response follows.
    Interim,
}

/// Writes the request. `key` is the base64 form of 16 random octets.
///
/// # Errors
/// When a part may not stand in a request, or is the library's to say.
pub fn write_request<'a>(
    ask: &Ask<'_>,
    key: &[u8],
    subprotocols: impl Iterator<Item = &'a str>,
    extensions: &str,
) -> Result<Vec<u8>, BadAsk> {
    let is_path = ask.target.starts_with(b"/") && ask.target.iter().all(u8::is_ascii_graphic);
    let is_ours =
        |name: &[u8]| [&b"host"[..], b"origin"].iter().any(|ours| name.eq_ignore_ascii_case(ours));
    let is_valid = is_host(ask.host)
        && is_path
        && check_target(ask.target).is_ok()
        && (ask.origin.is_empty() || is_origin(ask.origin))
        && check_fields(&ask.headers).is_ok()
        && !ask.headers.iter().any(|(name, _)| is_ours(name));
    if !is_valid {
        return Err(BadAsk);
    }
    let mut request = Vec::with_capacity(512);
    let mut write = |parts: &[&[u8]]| parts.iter().for_each(|part| request.extend_from_slice(part));
    write(&[b"GET ", ask.target, b" HTTP/1.1\r\nHost: ", ask.host]);
    write(&[b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ", key]);
    write(&[b"\r\nSec-WebSocket-Version: 13\r\n"]);
    let mut offered = String::new();
    for name in subprotocols {
        offered.push_str(if offered.is_empty() { "" } else { ", " });
        offered.push_str(name);
    }
    if !offered.is_empty() {
        write(&[b"Sec-WebSocket-Protocol: ", offered.as_bytes(), b"\r\n"]);
    }
    if !extensions.is_empty() {
        write(&[b"Sec-WebSocket-Extensions: ", extensions.as_bytes(), b"\r\n"]);
    }
    if !ask.origin.is_empty() {
        write(&[b"Origin: ", ask.origin, b"\r\n"]);
    }
    for (name, value) in &ask.headers {
        write(&[name, b": ", value, b"\r\n"]);
    }
    write(&[b"\r\n"]);
    Ok(request)
}

fn is_origin(origin: &[u8]) -> bool {
    core::str::from_utf8(origin).is_ok_and(|origin| Origin::parse(origin).is_some())
}

/// Judges a response, but for its extensions.
///
/// # Errors
/// The rule that it breaks: the client must not go on.
pub fn check_response<'a>(
    head: &'a Head,
    key: &[u8],
    mut is_offered: impl FnMut(&str) -> bool,
) -> Result<Verdict<'a>, Fault> {
    match head.status() {
        101 => {}
        100..=199 => return Ok(Verdict::Interim),
        _ => return Ok(Verdict::Rejected),
    }
    if head.version() != Version::Http11 {
        return Err(Fault::HttpVersion);
    }
    // The value itself, not one of a list.
    let mut upgrades = head.all(b"upgrade");
    let is_websocket = |value: &[u8]| value.eq_ignore_ascii_case(b"websocket");
    if !upgrades.next().is_some_and(is_websocket) || upgrades.next().is_some() {
        return Err(Fault::UpgradeMissing);
    }
    if !head.lists(b"connection", b"upgrade") {
        return Err(Fault::ConnectionMissing);
    }
    let mut accepts = head.all(b"sec-websocket-accept");
    match (accepts.next(), accepts.next()) {
        (None, _) => return Err(Fault::AcceptMissing),
        (Some(_), Some(_)) => return Err(Fault::AcceptRepeated),
        (Some(value), None) if value == accept_value(key) => {}
        (Some(_), None) => return Err(Fault::AcceptWrong),
    }
    let mut names = head.all(b"sec-websocket-protocol");
    match (names.next(), names.next()) {
        (None, _) => Ok(Verdict::Accepted(None)),
        (Some(_), Some(_)) => Err(Fault::SubprotocolRepeated),
        (Some(name), None) => match core::str::from_utf8(name) {
            Ok(name) if is_offered(name) => Ok(Verdict::Accepted(Some(name))),
            _ => Err(Fault::SubprotocolNotOffered),
        },
    }
}

impl From<HeadError> for Fault {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::StartLine => Self::BadStatusLine,
            HeadError::LineEnd => Self::BadLineEnd,
            HeadError::Field => Self::BadHeader,
            HeadError::TooLong => Self::HeadTooLong,
            HeadError::TooManyFields => Self::TooManyHeaders,
            HeadError::Version => Self::HttpVersion,
            HeadError::Tls => Self::Tls,
            HeadError::OutOfMemory => Self::OutOfMemory,
        }
    }
}
