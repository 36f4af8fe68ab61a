//! Values on the wire, RFC 6455 section 5: what octets mean, with no memory and
//! no state of a connection.

mod close;
mod header;
mod mask;
mod opcode;
mod utf8;

pub use close::{ABNORMAL, CloseError, MAX_REASON, NO_STATUS, is_valid_close_code, parse_close};
pub use header::{Header, HeaderError, MAX_HEADER};
pub use mask::{apply_mask, apply_mask_ascii};
pub use opcode::Opcode;
pub use utf8::{InvalidUtf8, Utf8, utf8};

/// Octets that the payload of a control frame may have, section 5.5.
pub const MAX_CONTROL: usize = 125;
