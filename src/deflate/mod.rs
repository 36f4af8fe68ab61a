//! permessage-deflate, RFC 7692: negotiation, and one message in or out within
//! limits.

mod compressor;
mod inflater;
mod negotiation;
mod pool;

pub use compressor::{Compressor, Full};
pub use inflater::{InflateError, Inflater};
pub use negotiation::{Agreement, Settings, TOKEN, answer, check_answer, offer};
pub use pool::Pool;

/// What a sender leaves out at the end of each message, and a receiver puts back
/// (section 7.2.1): the end of an empty stored block.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The largest window, 2^15 octets.
const MAX_WINDOW_BITS: u8 = 15;
