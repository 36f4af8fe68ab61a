//! Sec-WebSocket-Extensions, RFC 6455 section 9.1, and the parameters of
//! permessage-deflate, RFC 7692 section 7.1.

use alloc::format;
use alloc::string::String;

use super::{Kind, printable};
use crate::handshake::{Extension, ExtensionError, parse_extensions};

const DEFLATE: &[u8] = b"permessage-deflate";
const CLIENT_WINDOW: &[u8] = b"client_max_window_bits";
const SERVER_WINDOW: &[u8] = b"server_max_window_bits";
const SERVER_FORGETS: &[u8] = b"server_no_context_takeover";
const CLIENT_FORGETS: &[u8] = b"client_no_context_takeover";

/// Extensions of one head, and parameters of one, that are compared with each
/// other.
const MOST: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// What is wrong with one field, whatever the other side said.
pub(super) fn check(value: &[u8], side: Side) -> Option<(Kind, String)> {
    let (malformed, invalid) = match side {
        Side::Request => (Kind::ExtensionOfferMalformed, Kind::DeflateOfferInvalid),
        Side::Response => (Kind::ExtensionMalformed, Kind::DeflateAnswerInvalid),
    };
    let detail = match parse_extensions(value) {
        Ok(extensions) if extensions.is_empty() => "It is empty.",
        Ok(extensions) => {
            let mut deflate = extensions.iter().filter(|extension| extension.name == DEFLATE);
            return deflate.find_map(|one| fault(one, side)).map(|detail| (invalid, detail));
        }
        Err(ExtensionError::Name) => "The name of an extension is no token.",
        Err(ExtensionError::Parameter) => "A parameter's name is no token.",
        Err(ExtensionError::Value) => "A parameter's value is no token.",
    };
    Some((malformed, detail.into()))
}

/// What the response must not have after that request.
pub(super) fn compare(offered: &[u8], answered: &[u8]) -> Option<(Kind, String)> {
    // Broken syntax is reported where it stands.
    let (Ok(offered), Ok(answered)) = (parse_extensions(offered), parse_extensions(answered))
    else {
        return None;
    };
    for answer in answered.iter().take(MOST) {
        let offers = offered.iter().take(MOST).filter(|offer| offer.name == answer.name);
        let mut offers = offers.peekable();
        if offers.peek().is_none() {
            return Some((Kind::ExtensionNotOffered, format!("It is: {}", printable(answer.name))));
        }
        if answer.name == DEFLATE && !offers.any(|offer| allows(offer, answer)) {
            return Some((Kind::DeflateNotOffered, String::new()));
        }
    }
    None
}

/// RFC 7692 7.1: what makes a negotiation offer or response invalid.
fn fault(extension: &Extension<'_>, side: Side) -> Option<String> {
    let parameters = extension.parameters.iter().take(MOST);
    for (n, (name, value)) in parameters.enumerate() {
        let shown = printable(name);
        let fault = match (*name, value.as_deref()) {
            _ if extension.parameters.iter().take(n).any(|(other, _)| other == name) => {
                format!("{shown} stands there twice.")
            }
            (SERVER_FORGETS | CLIENT_FORGETS, None) => continue,
            (SERVER_FORGETS | CLIENT_FORGETS, Some(_)) => format!("{shown} has no value."),
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

/// RFC 7692 7.1.1 and 7.1.2: whether this offer can be answered so.
fn allows(offer: &Extension<'_>, answer: &Extension<'_>) -> bool {
    let client = parameter(answer, CLIENT_WINDOW).is_none_or(|bits| {
        parameter(offer, CLIENT_WINDOW).is_some_and(|offered| at_most(bits, offered))
    });
    let server = parameter(offer, SERVER_WINDOW).is_none_or(|offered| {
        match parameter(answer, SERVER_WINDOW) {
            Some(bits) => at_most(bits, offered),
            None => offered.and_then(window) == Some(15),
        }
    });
    let forgets =
        parameter(offer, SERVER_FORGETS).is_none() || parameter(answer, SERVER_FORGETS).is_some();
    client && server && forgets
}

fn parameter<'e>(extension: &'e Extension<'_>, name: &[u8]) -> Option<Option<&'e [u8]>> {
    let (_, value) = extension.parameters.iter().find(|(other, _)| *other == name)?;
    Some(value.as_deref())
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
