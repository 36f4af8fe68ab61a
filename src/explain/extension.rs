//! Sec-WebSocket-Extensions, RFC 6455 section 9.1, and the parameters of
//! permessage-deflate, RFC 7692 section 7.1.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Kind, printable};
use crate::handshake::{is_token, trim};

const DEFLATE: &[u8] = b"permessage-deflate";
const CLIENT_WINDOW: &[u8] = b"client_max_window_bits";
const SERVER_WINDOW: &[u8] = b"server_max_window_bits";

/// Extensions that are looked at in one head.
const MAX_EXTENSIONS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// One element of the list.
pub(super) struct Extension<'v> {
    name: &'v [u8],
    parameters: Vec<(&'v [u8], Option<&'v [u8]>)>,
}

/// What is wrong with one field, whatever the other side said.
pub(super) fn check(value: &[u8], side: Side) -> Option<(Kind, String)> {
    let (malformed, invalid) = match side {
        Side::Request => (Kind::ExtensionOfferMalformed, Kind::DeflateOfferInvalid),
        Side::Response => (Kind::ExtensionMalformed, Kind::DeflateAnswerInvalid),
    };
    let extensions = match parse(value) {
        Ok(extensions) if extensions.is_empty() => return Some((malformed, "It is empty.".into())),
        Ok(extensions) => extensions,
        Err(detail) => return Some((malformed, detail.into())),
    };
    let deflate = extensions.iter().filter(|extension| extension.name == DEFLATE);
    deflate.flat_map(|extension| extension.fault(side)).next().map(|detail| (invalid, detail))
}

/// What the response must not have after that request.
pub(super) fn compare(offered: &[u8], answered: &[u8]) -> Option<(Kind, String)> {
    // Broken syntax is reported where it stands.
    let (Ok(offered), Ok(answered)) = (parse(offered), parse(answered)) else { return None };
    for answer in &answered {
        let mut offers = offered.iter().filter(|offer| offer.name == answer.name).peekable();
        if offers.peek().is_none() {
            return Some((Kind::ExtensionNotOffered, format!("It is: {}", printable(answer.name))));
        }
        if answer.name == DEFLATE && !offers.any(|offer| offer.allows(answer)) {
            return Some((Kind::DeflateNotOffered, String::new()));
        }
    }
    None
}

impl<'v> Extension<'v> {
    fn parameter(&self, name: &[u8]) -> Option<Option<&'v [u8]>> {
        self.parameters.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// RFC 7692 7.1: what makes a negotiation offer or response invalid.
    fn fault(&self, side: Side) -> Option<String> {
        for (n, (name, value)) in self.parameters.iter().enumerate() {
            let shown = printable(name);
            let fault = match (*name, *value) {
                _ if self.parameters.iter().take(n).any(|(other, _)| other == name) => {
                    format!("{shown} stands there twice.")
                }
                (b"server_no_context_takeover" | b"client_no_context_takeover", None) => continue,
                (b"server_no_context_takeover" | b"client_no_context_takeover", Some(_)) => {
                    format!("{shown} has no value.")
                }
                (CLIENT_WINDOW, None) if side == Side::Request => continue,
                (CLIENT_WINDOW | SERVER_WINDOW, None) => format!("{shown} needs a value."),
                (CLIENT_WINDOW | SERVER_WINDOW, Some(value)) => match window(value) {
                    Some(_) => continue,
                    None => format!("{shown} is {}, not 8 to 15.", printable(value)),
                },
                _ => format!("{shown} is no parameter of it."),
            };
            return Some(fault);
        }
        None
    }

    /// RFC 7692 7.1.2: whether this offer can be answered so.
    fn allows(&self, answer: &Self) -> bool {
        let client = answer.parameter(CLIENT_WINDOW).is_none_or(|bits| {
            self.parameter(CLIENT_WINDOW).is_some_and(|offered| at_most(bits, offered))
        });
        let server = self.parameter(SERVER_WINDOW).is_none_or(|offered| {
            match answer.parameter(SERVER_WINDOW) {
                Some(bits) => at_most(bits, offered),
                None => offered.and_then(window) == Some(15),
            }
        });
        client && server
    }
}

fn at_most(bits: Option<&[u8]>, offered: Option<&[u8]>) -> bool {
    match (bits.and_then(window), offered.and_then(window)) {
        (Some(bits), Some(offered)) => bits <= offered,
        _ => true,
    }
}

/// "a decimal integer value without leading zeroes between 8 to 15".
fn window(value: &[u8]) -> Option<u8> {
    match value {
        [b'8' | b'9'] => value.first().map(|digit| digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
        _ => None,
    }
}

fn parse(value: &[u8]) -> Result<Vec<Extension<'_>>, &'static str> {
    let mut extensions = Vec::new();
    for element in split(value, b',')?.into_iter().filter(|element| !element.is_empty()) {
        if extensions.len() == MAX_EXTENSIONS {
            break;
        }
        let mut parts = split(element, b';')?.into_iter();
        let name = parts.next().unwrap_or_default();
        if !is_token(name) {
            return Err("The name of an extension is no token.");
        }
        let mut parameters = Vec::new();
        for part in parts.take(MAX_EXTENSIONS) {
            parameters.push(parameter(part)?);
        }
        extensions.push(Extension { name, parameters });
    }
    Ok(extensions)
}

fn parameter(part: &[u8]) -> Result<(&[u8], Option<&[u8]>), &'static str> {
    let (name, value) = match part.iter().position(|&octet| octet == b'=') {
        Some(at) => (part.get(..at).unwrap_or_default(), part.get(at + 1..)),
        None => (part, None),
    };
    let value = value.map(trim).map(|value| match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    });
    match (is_token(trim(name)), value) {
        (false, _) => Err("A parameter's name is no token."),
        // "When using the quoted-string syntax variant, the value after
        // quoted-string unescaping MUST conform to the 'token' ABNF."
        (true, Some(value)) if !is_token(value) => Err("A parameter's value is no token."),
        (true, value) => Ok((trim(name), value)),
    }
}

/// Splits, but not inside quotes.
fn split(value: &[u8], separator: u8) -> Result<Vec<&[u8]>, &'static str> {
    let mut is_quoted = false;
    let mut parts = Vec::new();
    for part in value.split(|&octet| {
        is_quoted ^= octet == b'"';
        octet == separator && !is_quoted
    }) {
        parts.push(trim(part));
    }
    if is_quoted { Err("A quote is not closed.") } else { Ok(parts) }
}
