//! Grammar of Sec-WebSocket-Extensions, RFC 6455 section 9.1.

use alloc::vec::Vec;

use super::field::{is_token, is_token_octet, trim};

/// One extension with its parameters, as offered or answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The extension's token.
    pub name: &'a [u8],
    /// Name and value of each parameter, in order.
    pub parameters: Vec<(&'a [u8], Option<Vec<u8>>)>,
}

/// Takes the value of one header line apart, in linear time. `None`: it does not
/// conform to the grammar.
#[must_use]
pub fn parse_extensions(value: &[u8]) -> Option<Vec<Extension<'_>>> {
    let mut extensions = Vec::new();
    for element in split_unquoted(value, b',') {
        if element.is_empty() {
            continue;
        }
        let mut parts = split_unquoted(element, b';');
        let name = parts.next().filter(|name| is_token(name))?;
        let parameters = parts.map(parse_parameter).collect::<Option<_>>()?;
        extensions.push(Extension { name, parameters });
    }
    Some(extensions)
}

/// `token [ "=" ( token | quoted-string ) ]`; what is quoted is a token too.
fn parse_parameter(text: &[u8]) -> Option<(&[u8], Option<Vec<u8>>)> {
    let mut halves = text.splitn(2, |&octet| octet == b'=');
    let name = halves.next().map(trim).filter(|name| is_token(name))?;
    let value = match halves.next().map(trim) {
        None => None,
        Some([b'"', quoted @ .., b'"']) => Some(unquote(quoted)?),
        Some(token) => Some(Vec::from(token)),
    };
    match &value {
        Some(token) if !is_token(token) => None,
        _ => Some((name, value)),
    }
}

fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut octets = text.iter();
    while let Some(&octet) = octets.next() {
        let octet = if octet == b'\\' { *octets.next()? } else { octet };
        plain.push(Some(octet).filter(|&octet| is_token_octet(octet))?);
    }
    Some(plain)
}

/// The trimmed parts between separators that stand in no quoted string.
fn split_unquoted(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |&octet| {
        let is_separator = octet == separator && !is_quoted;
        (is_quoted, is_escaped) = match octet {
            _ if is_escaped => (is_quoted, false),
            b'\\' if is_quoted => (true, true),
            b'"' => (!is_quoted, false),
            _ => (is_quoted, false),
        };
        is_separator
    })
    .map(trim)
}
