//! Grammar of Sec-WebSocket-Extensions, RFC 6455 section 9.1.

use alloc::vec::Vec;

use super::field::{is_token, trim};

/// Name and value of a parameter.
type Parameter<'a> = (&'a [u8], Option<Vec<u8>>);

/// One extension with its parameters, as offered or answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The extension's token.
    pub name: &'a [u8],
    /// Its parameters, in order.
    pub parameters: Vec<Parameter<'a>>,
}

/// Where a value leaves the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionError {
    /// The name of an extension is no token.
    Name,
    /// The name of a parameter is none.
    Parameter,
    /// The value of a parameter is none, quoted or not.
    Value,
}

/// Takes the value of one header line apart, in linear time.
///
/// # Errors
/// When it does not conform to the grammar.
pub fn parse_extensions(value: &[u8]) -> Result<Vec<Extension<'_>>, ExtensionError> {
    let mut extensions = Vec::new();
    for element in split_unquoted(value, b',') {
        if element.is_empty() {
            continue;
        }
        let mut parts = split_unquoted(element, b';');
        let name = parts.next().filter(|name| is_token(name)).ok_or(ExtensionError::Name)?;
        let parameters = parts.map(parse_parameter).collect::<Result<_, _>>()?;
        extensions.push(Extension { name, parameters });
    }
    Ok(extensions)
}

/// `token [ "=" ( token | quoted-string ) ]`; what is quoted is a token too.
fn parse_parameter(text: &[u8]) -> Result<Parameter<'_>, ExtensionError> {
    let mut halves = text.splitn(2, |&octet| octet == b'=');
    let name = halves.next().map(trim).filter(|name| is_token(name));
    let name = name.ok_or(ExtensionError::Parameter)?;
    let value = match halves.next().map(trim) {
        None => return Ok((name, None)),
        Some([b'"', quoted @ .., b'"']) => unquote(quoted),
        Some(token) => Some(Vec::from(token)),
    };
    let value = value.filter(|token| is_token(token)).ok_or(ExtensionError::Value)?;
    Ok((name, Some(value)))
}

fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut octets = text.iter();
    while let Some(&octet) = octets.next() {
        plain.push(if octet == b'\\' { *octets.next()? } else { octet });
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
