//! What proxies leave of an opening handshake. Upgrade and Connection end at
//! each hop (RFC 9110 7.6.1), so a proxy must be told to pass them on.

use alloc::format;
use alloc::string::String;

use super::capture::Head;
use super::{Kind, printable};

/// The kind, when the request looks as nginx sends it without one of the three
/// directives that it needs; none when the sender itself may have forgotten.
pub(super) fn fingerprint(head: &Head<'_>, is_http10: bool) -> Option<Kind> {
    let is_websocket = head.has(b"sec-websocket-key") || head.has(b"sec-websocket-version");
    let upgrades = head.lists(b"upgrade", b"websocket");
    let closes = head.lists(b"connection", b"close") || !head.has(b"connection");
    match (is_http10, upgrades) {
        _ if !is_websocket => None,
        (true, false) => Some(Kind::ProxyHttp10),
        (false, false) if closes && !head.has(b"upgrade") => Some(Kind::ProxyTookUpgrade),
        (false, true) if closes && head.has(b"connection") => Some(Kind::ProxyTookConnection),
        _ => None,
    }
}

/// What else shows that a proxy was there.
pub(super) fn traces(head: &Head<'_>) -> String {
    const TRACES: [&[u8]; 6] = [
        b"via",
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-real-ip",
        b"x-forwarded-host",
    ];
    match TRACES.iter().find_map(|name| head.first(name)) {
        Some(field) => format!("{} shows that there is a proxy.", printable(field.name)),
        None => String::new(),
    }
}
