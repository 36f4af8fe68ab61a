//! Payload of a Close, RFC 6455 sections 5.5.1 and 7.4.

/// Octets that the reason of a Close may have: a control frame's, less the code.
pub const MAX_REASON: usize = super::MAX_CONTROL - 2;

/// Stands for "no status code" in the Close; never on the wire, section 7.4.1.
pub const NO_STATUS: u16 = 1005;

/// Stands for "no Close at all"; never on the wire, section 7.4.1.
pub const ABNORMAL: u16 = 1006;

/// Why the payload of a Close is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseError {
    /// 5.5.1: a body has at least the two octets of the code.
    OneOctet,
    /// 7.4: the code may not be sent.
    BadCode,
    /// 5.5.1: the reason is not UTF-8.
    BadReason,
}

/// Whether an endpoint may send that status code: the registered ones that are
/// meant for the wire (section 7.4.1 and IANA's registry) and 3000 to 4999
/// (7.4.2).
#[must_use]
pub const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Takes the payload of a Close apart: code, [`NO_STATUS`] for an empty payload,
/// and reason.
///
/// # Errors
/// The rule that is broken.
pub fn parse_close(payload: &[u8]) -> Result<(u16, &[u8]), CloseError> {
    let (code, reason) = match *payload {
        [] => return Ok((NO_STATUS, &[])),
        [_] => return Err(CloseError::OneOctet),
        [high, low, ref reason @ ..] => (u16::from_be_bytes([high, low]), reason),
    };
    if !is_valid_close_code(code) {
        return Err(CloseError::BadCode);
    }
    match core::str::from_utf8(reason) {
        Ok(_) => Ok((code, reason)),
        Err(_) => Err(CloseError::BadReason),
    }
}
