//! The server's checks of a request, RFC 6455 section 4.2.1.

use super::field::is_token;
use super::{Head, HeadError, Refusal, Version, authority, is_valid_key};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A WebSocket connection: the opening handshake is correct.
    Upgrade,
    /// Something else: there is no sign of an opening handshake.
    PlainHttp,
}

/// Judges a request.
///
/// # Errors
/// The rule that it breaks, the most telling one first.
pub fn check_request(head: &Head) -> Result<Request, Refusal> {
    check_host(head)?;
    check_target(head.target())?;
    if head.version() == Version::ExtendedConnect {
        return check_extended_connect(head);
    }
    let upgrades = head.lists(b"upgrade", b"websocket");
    if !upgrades && !has_websocket_fields(head) {
        return Ok(Request::PlainHttp);
    }
    if head.version() == Version::Http10 {
        return Err(Refusal::Http10);
    }
    if head.method() != b"GET" {
        return Err(Refusal::Method);
    }
    check_body(head)?;
    if !upgrades {
        return Err(Refusal::UpgradeMissing);
    }
    if !head.lists(b"connection", b"upgrade") {
        return Err(Refusal::ConnectionMissing);
    }
    check_version(head)?;
    check_key(head)?;
    check_subprotocols(head)?;
    Ok(Request::Upgrade)
}

/// RFC 8441 5 and RFC 9220 3: neither Upgrade nor Connection nor a key; the
/// version and the subprotocols as ever.
fn check_extended_connect(head: &Head) -> Result<Request, Refusal> {
    if head.protocol().is_empty() {
        return Ok(Request::PlainHttp);
    }
    if !head.protocol().eq_ignore_ascii_case(b"websocket") {
        return Err(Refusal::UnknownProtocol);
    }
    if head.method() != b"CONNECT" {
        return Err(Refusal::Method);
    }
    check_body(head)?;
    check_version(head)?;
    check_subprotocols(head)?;
    Ok(Request::Upgrade)
}

/// Whether the request meant to be an opening handshake, whatever became of its
/// Upgrade on the way.
pub(super) fn has_websocket_fields(head: &Head) -> bool {
    head.fields().any(|(name, _)| {
        name.eq_ignore_ascii_case(b"sec-websocket-key")
            || name.eq_ignore_ascii_case(b"sec-websocket-version")
    })
}

/// RFC 9112 3.2: exactly one Host; HTTP/1.0 may do without.
fn check_host(head: &Head) -> Result<(), Refusal> {
    let mut hosts = head.all(b"host");
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version() == Version::Http10 => Ok(()),
        (None, _) => Err(Refusal::HostMissing),
        (Some(_), Some(_)) => Err(Refusal::HostRepeated),
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(Refusal::HostMalformed),
    }
}

/// `uri-host [ ":" port ]`, RFC 3986 3.2.2 and 3.2.3; an http URI has a host.
#[must_use]
pub fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|&octet| octet == b':') {
        Some(colon) if !value.ends_with(b"]") => {
            let (host, port) = value.split_at(colon);
            (host, port.get(1..).unwrap_or_default())
        }
        _ => (value, &[][..]),
    };
    let is_port = port.iter().all(u8::is_ascii_digit)
        && port.iter().fold(0_u32, |n, digit| {
            n.saturating_mul(10).saturating_add(u32::from(digit.wrapping_sub(b'0')))
        }) <= 65_535;
    let is_name = match host {
        [b'[', address @ .., b']'] => core::str::from_utf8(address)
            .is_ok_and(|address| address.parse::<core::net::Ipv6Addr>().is_ok()),
        name => {
            !name.is_empty()
                && name.iter().all(|&octet| {
                    octet.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&octet)
                })
        }
    };
    is_name && is_port
}

/// RFC 9112 3.2.1 and 3.2.2: a path, or a whole URI. RFC 6455 3: no fragment.
pub(super) fn check_target(target: &[u8]) -> Result<(), Refusal> {
    let scheme = target.split(|&octet| octet == b':').next().unwrap_or_default();
    let is_uri = target.get(scheme.len()..).is_some_and(|rest| rest.starts_with(b"://"))
        && [&b"http"[..], b"https", b"ws", b"wss"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
        && authority(target).is_some_and(is_host);
    if (target.starts_with(b"/") || is_uri) && !target.contains(&b'#') {
        Ok(())
    } else {
        Err(Refusal::BadTarget)
    }
}

/// A body would be read as frames, or as the next request by a proxy.
fn check_body(head: &Head) -> Result<(), Refusal> {
    let mut lengths = head.all(b"content-length");
    match (lengths.next(), lengths.next(), head.all(b"transfer-encoding").next()) {
        (None | Some(b"0"), None, None) => Ok(()),
        _ => Err(Refusal::Body),
    }
}

fn check_version(head: &Head) -> Result<(), Refusal> {
    let mut versions = head.all(b"sec-websocket-version");
    match (versions.next(), versions.next()) {
        (None, _) => Err(Refusal::VersionMissing),
        (Some(_), Some(_)) => Err(Refusal::VersionRepeated),
        (Some(b"13"), None) => Ok(()),
        (Some(_), None) => Err(Refusal::VersionUnsupported),
    }
}

fn check_key(head: &Head) -> Result<(), Refusal> {
    let mut keys = head.all(b"sec-websocket-key");
    match (keys.next(), keys.next()) {
        (None, _) => Err(Refusal::KeyMissing),
        (Some(_), Some(_)) => Err(Refusal::KeyRepeated),
        (Some(key), None) if is_valid_key(key) => Ok(()),
        (Some(_), None) => Err(Refusal::KeyInvalid),
    }
}

fn check_subprotocols(head: &Head) -> Result<(), Refusal> {
    if head.offered_subprotocols().all(is_token) { Ok(()) } else { Err(Refusal::BadSubprotocol) }
}

impl From<HeadError> for Refusal {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::StartLine => Self::BadRequestLine,
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
