//! One message in, RFC 7692 section 7.2.2.

use alloc::collections::VecDeque;
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
    /// The end of what came before and is not there any more, in case that the
    /// stream is begun anew: with context takeover of the messages before.
    history: VecDeque<u8>,
    takes_over: bool,
    /// The stream ended with the last octet, and did not begin anew.
    is_at_end: bool,
    /// The last output filled its room: there may be more.
    has_more: bool,
    /// Octets of this message so far, compressed and not, and streams that began
    /// anew in it.
    taken: usize,
    made: usize,
    restarts: usize,
    /// Octets of the tail that were put back.
    tail_used: usize,
}

impl Inflater {
    /// `takes_over`: later messages refer to earlier ones.
    #[must_use]
    pub fn new(takes_over: bool) -> Self {
        // The window is the largest one, whatever was agreed on: it holds every
        // smaller one too.
        let stream = Inflate::new(false, MAX_WINDOW_BITS);
        Self {
            stream,
            history: VecDeque::new(),
            takes_over,
            is_at_end: false,
            has_more: false,
            taken: 0,
            made: 0,
            restarts: 0,
            tail_used: 0,
        }
    }

    /// Inflates a part of a message behind what `message` has of it, until that
    /// has `stop` octets. Returns how many octets of the part it took, and
    /// whether it stopped. The whole message may have `limit` octets.
    ///
    /// # Errors
    /// When the rest of the message is of no use.
    pub fn inflate(
        &mut self,
        part: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
        stop: usize,
    ) -> Result<(usize, bool), InflateError> {
        let mut used = 0;
        loop {
            let rest = part.get(used..).unwrap_or_default();
            if rest.is_empty() && !self.has_more {
                return Ok((used, false));
            }
            if message.len() >= stop {
                return Ok((used, true));
            }
            if self.is_at_end && !self.has_more {
                self.begin_anew(message)?;
            }
            let taken = self.step(rest, message, limit)?;
            self.taken = self.taken.saturating_add(taken);
            used += taken;
        }
    }

    /// The message is over. Returns whether it stopped before its end.
    ///
    /// # Errors
    /// As [`Inflater::inflate`].
    pub fn finish(
        &mut self,
        message: &mut Vec<u8>,
        limit: usize,
        stop: usize,
    ) -> Result<bool, InflateError> {
        // 7.2.3.4: behind a final block there may be nothing to put back.
        if !self.is_at_end || self.tail_used > 0 {
            let rest = TAIL.get(self.tail_used..).unwrap_or_default();
            let (used, is_stopped) = self.inflate(rest, message, limit, stop)?;
            self.tail_used += used;
            if is_stopped {
                return Ok(true);
            }
        }
        (self.taken, self.made, self.restarts, self.tail_used) = (0, 0, 0, 0);
        if self.takes_over {
            remember(&mut self.history, message);
        } else {
            self.history = VecDeque::new();
            self.stream.reset(false);
            self.is_at_end = false;
        }
        Ok(false)
    }

    /// What there is of the message will not be there at the next call.
    pub fn leave(&mut self, piece: &[u8]) {
        remember(&mut self.history, piece);
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
        let most = limit.saturating_add(1).saturating_sub(self.made);
        let wanted = if part.is_empty() { ROOM } else { 4 * part.len() };
        let room = wanted.clamp(512, ROOM).min(most);
        reserve(message, room, limit)?;
        message.resize(start + room, 0);
        let (taken_before, made_before) = (self.stream.total_in(), self.stream.total_out());
        let output = message.get_mut(start..).unwrap_or_default();
        let status = self.stream.decompress(part, output, InflateFlush::SyncFlush);
        let taken = (self.stream.total_in() - taken_before) as usize;
        let made = (self.stream.total_out() - made_before) as usize;
        message.truncate(start + made);
        self.made += made;
        // Without room left there may be output that did not fit.
        self.has_more = made == room;
        // First, since what is wrong behind the limit may or may not be here yet.
        if self.made > limit {
            return Err(InflateError::TooBig);
        }
        match status {
            Ok(Status::StreamEnd) => {
                (self.is_at_end, self.has_more) = (true, false);
                Ok(taken)
            }
            Ok(_) if taken == 0 && made == 0 && !part.is_empty() => Err(InflateError::Data),
            Ok(_) => Ok(taken),
            Err(zlib_rs::InflateError::MemError) => Err(InflateError::Memory),
            Err(_) => Err(InflateError::Data),
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
        self.stream.set_dictionary(dictionary.make_contiguous()).map_err(|_| InflateError::Data)?;
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
fn remember(history: &mut VecDeque<u8>, message: &[u8]) {
    // All of it at once: it is needed soon, and is never more.
    history.reserve_exact(HISTORY - history.len());
    let new = message.get(message.len().saturating_sub(HISTORY)..).unwrap_or_default();
    let surplus = (history.len() + new.len()).saturating_sub(HISTORY);
    history.drain(..surplus.min(history.len()));
    history.extend(new);
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
