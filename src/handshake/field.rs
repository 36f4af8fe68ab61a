//! Grammar of header fields, RFC 9110 section 5.

/// Whether `octets` are a token (RFC 9110 5.6.2): a field name, a method, a
/// subprotocol.
#[must_use]
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|&octet| is_token_octet(octet))
}

pub(super) fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// Whether `octets` can be a field value (RFC 9110 5.5): nothing that would end
/// the line or be dropped on the way.
pub(super) fn is_field_value(octets: &[u8]) -> bool {
    octets.iter().all(|&octet| matches!(octet, b'\t' | b' '..=b'~' | 0x80..))
}

/// The elements of a comma-separated list (RFC 9110 5.6.1). Empty ones do not
/// count.
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&octet| octet == b',').map(trim).filter(|element| !element.is_empty())
}

/// Without the optional white space around it.
#[must_use]
pub fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
