//! One message out, RFC 7692 section 7.2.1.

use alloc::vec::Vec;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use super::TAIL;

/// Memory for the compressed message could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Compresses messages, one behind the other.
pub struct Compressor {
    stream: Deflate,
    /// Level, memory level and window bits that it was made with.
    parameters: [u8; 3],
    takes_over: bool,
}

impl Compressor {
    /// `window_bits` as agreed on, 8 to 15; `takes_over`: later messages refer to
    /// earlier ones.
    #[must_use]
    pub fn new(level: u8, memory_level: u8, window_bits: u8, takes_over: bool) -> Self {
        let config = DeflateConfig {
            level: i32::from(level),
            mem_level: i32::from(memory_level),
            // A window of 8 bits is refused; with 9 no distance exceeds
            // 2^9 - 262 = 250, which fits into 2^8.
            window_bits: -i32::from(window_bits.max(9)),
            ..DeflateConfig::default()
        };
        let parameters = [level, memory_level, window_bits];
        Self { stream: Deflate::new_with_config(config), parameters, takes_over }
    }

    /// Level, memory level and window bits that it was made with.
    #[must_use]
    pub const fn parameters(&self) -> [u8; 3] {
        self.parameters
    }

    /// Compresses a message, or the next part of one.
    ///
    /// # Errors
    /// Without memory; then the history is of no use.
    pub fn compress(&mut self, part: &[u8], is_last: bool) -> Result<Vec<u8>, Full> {
        let mut output = Vec::new();
        let mut rest = part;
        loop {
            let start = output.len();
            let room = (rest.len() / 2).clamp(256, 64 << 10);
            output.try_reserve(room).map_err(|_| Full)?;
            output.resize(start + room, 0);
            let (taken_before, made_before) = (self.stream.total_in(), self.stream.total_out());
            let place = output.get_mut(start..).unwrap_or_default();
            self.stream.compress(rest, place, DeflateFlush::SyncFlush).map_err(|_| Full)?;
            let taken = (self.stream.total_in() - taken_before) as usize;
            let made = (self.stream.total_out() - made_before) as usize;
            rest = rest.get(taken..).unwrap_or_default();
            output.truncate(start + made);
            // With room left the flush is complete.
            if rest.is_empty() && made < room {
                break;
            }
        }
        if !is_last {
            return Ok(output);
        }
        if !self.takes_over {
            self.stream.reset();
        }
        if output.ends_with(&TAIL) {
            output.truncate(output.len() - TAIL.len());
        }
        // 7.2.3.6: an empty message is one octet, and so is an empty end.
        if output.is_empty() {
            output.push(0);
        }
        Ok(output)
    }
}

impl core::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Compressor").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}
