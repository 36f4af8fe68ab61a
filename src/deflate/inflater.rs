//! One message in, RFC 7692 section 7.2.2.

use alloc::vec::Vec;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{MAX_WINDOW_BITS, TAIL};

/// Why a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// The octets are no DEFLATE.
    Data,
    /// It inflates to more than the limit.
    TooBig,
    /// Memory could not be had.
    Memory,
}

/// Octets that a history has at most: the largest distance.
const HISTORY: usize = 1 << MAX_WINDOW_BITS;

/// To begin a stream anew costs as much as hundreds of octets, and may take two:
/// a message may do so this often, and once more for so many of its octets.
const RESTARTS: usize = 64;
const OCTETS_PER_RESTART: usize = 128;

/// Room that is made for output at once.
const ROOM: usize = 64 << 10;

/// Inflates messages, one behind the other.
pub struct Inflater {
    stream: Inflate,
    /// The end of the messages before, in case that the stream is begun anew in
    /// the next one; empty without context takeover.
    history: Vec<u8>,
    takes_over: bool,
    /// The stream ended with the last octet, and did not begin anew.
    is_at_end: bool,
    /// Octets of this message so far, and streams that began anew in it.
    taken: usize,
    restarts: usize,
}

impl Inflater {
    /// `takes_over`: later messages refer to earlier ones.
    #[must_use]
    pub fn new(takes_over: bool) -> Self {
        // The window is the largest one, whatever was agreed on: it holds every
        // smaller one too.
        let stream = Inflate::new(false, MAX_WINDOW_BITS);
        Self { stream, history: Vec::new(), takes_over, is_at_end: false, taken: 0, restarts: 0 }
    }

    /// Inflates a part of a message behind what `message` has of it, up to
    /// `limit` octets in all.
    ///
    /// # Errors
    /// When the rest of the message is of no use.
    pub fn inflate(
        &mut self,
        mut part: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        while !part.is_empty() {
            if self.is_at_end {
                self.begin_anew(message)?;
            }
            let taken = self.step(part, message, limit)?;
            self.taken = self.taken.saturating_add(taken);
            part = part.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The message is over.
    ///
    /// # Errors
    /// As [`Inflater::inflate`].
    pub fn finish(&mut self, message: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        // 7.2.3.4: behind a final block there may be nothing to put back.
        if !self.is_at_end {
            self.inflate(&TAIL, message, limit)?;
        }
        (self.taken, self.restarts) = (0, 0);
        if self.takes_over {
            remember(&mut self.history, message);
        } else {
            self.stream.reset(false);
            self.is_at_end = false;
        }
        Ok(())
    }

    /// One call of the library's: returns how many octets it took.
    fn step(
        &mut self,
        part: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<usize, InflateError> {
        let start = message.len();
        // One octet above the limit shows that it is passed.
        let most = limit.saturating_add(1).saturating_sub(start);
        let room = (4 * part.len()).clamp(512, ROOM).min(most);
        reserve(message, room, limit)?;
        message.resize(start + room, 0);
        let (taken_before, made_before) = (self.stream.total_in(), self.stream.total_out());
        let output = message.get_mut(start..).unwrap_or_default();
        let status = self.stream.decompress(part, output, InflateFlush::SyncFlush);
        let taken = (self.stream.total_in() - taken_before) as usize;
        let made = (self.stream.total_out() - made_before) as usize;
        message.truncate(start + made);
        // First, since what is wrong behind the limit may or may not be here yet.
        if message.len() > limit {
            return Err(InflateError::TooBig);
        }
        match status {
            Ok(Status::StreamEnd) => {
                self.is_at_end = true;
                Ok(taken)
            }
            // All input is with the library, but not all of its output is here:
            // it is asked again with the same rest.
            Ok(_) if taken == part.len() && made == room => {
                self.drain(message, limit).map(|()| taken)
            }
            Ok(_) if taken == 0 && made == 0 => Err(InflateError::Data),
            Ok(_) => Ok(taken),
            Err(zlib_rs::InflateError::MemError) => Err(InflateError::Memory),
            Err(_) => Err(InflateError::Data),
        }
    }

    /// Fetches output that did not fit.
    fn drain(&mut self, message: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        loop {
            let start = message.len();
            let room = limit.saturating_add(1).saturating_sub(start).min(ROOM);
            reserve(message, room, limit)?;
            message.resize(start + room, 0);
            let before = self.stream.total_out();
            let output = message.get_mut(start..).unwrap_or_default();
            let status = self.stream.decompress(&[], output, InflateFlush::SyncFlush);
            let made = (self.stream.total_out() - before) as usize;
            message.truncate(start + made);
            self.is_at_end |= status == Ok(Status::StreamEnd);
            if message.len() > limit {
                return Err(InflateError::TooBig);
            }
            match status {
                Ok(_) if made == room => {}
                Ok(_) => return Ok(()),
                Err(_) => return Err(InflateError::Data),
            }
        }
    }

    /// 7.2.3.4 and 7.2.3.5: behind a final block the next one begins a stream of
    /// its own, which may refer to what came before.
    fn begin_anew(&mut self, message: &[u8]) -> Result<(), InflateError> {
        self.restarts += 1;
        if self.restarts > RESTARTS + self.taken / OCTETS_PER_RESTART {
            return Err(InflateError::Data);
        }
        let mut dictionary = self.history.clone();
        remember(&mut dictionary, message);
        self.stream.reset(false);
        self.stream.set_dictionary(&dictionary).map_err(|_| InflateError::Data)?;
        self.is_at_end = false;
        Ok(())
    }
}

impl core::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Inflater").field("takes_over", &self.takes_over).finish_non_exhaustive()
    }
}

/// Keeps the end of history and message.
fn remember(history: &mut Vec<u8>, message: &[u8]) {
    let new = message.get(message.len().saturating_sub(HISTORY)..).unwrap_or_default();
    let surplus = (history.len() + new.len()).saturating_sub(HISTORY);
    history.drain(..surplus.min(history.len()));
    history.extend_from_slice(new);
}

/// Room for output: doubled as it grows, and never far above the limit.
fn reserve(message: &mut Vec<u8>, room: usize, limit: usize) -> Result<(), InflateError> {
    let needed = message.len().saturating_add(room);
    if needed > message.capacity() {
        let target = needed.max(message.capacity().saturating_mul(2).min(limit.saturating_add(1)));
        message.try_reserve_exact(target - message.len()).map_err(|_| InflateError::Memory)?;
    }
    Ok(())
}
