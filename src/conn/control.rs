//! Control frames that answer or end: Pong and Close, RFC 6455 section 5.5.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::connection::{Extra, Owed};
use super::output::OutOfMemory;
use super::{Cause, Connection, SendError, State};
use crate::proto::{MAX_CONTROL, MAX_REASON, Opcode, is_valid_close_code};

/// Pongs that may wait in the output. Of further ones only the newest is kept,
/// RFC 6455 5.5.3, so that pings alone cannot fill the memory.
const MAX_PONGS: u8 = 15;

#[derive(Debug)]
pub(super) struct Pong {
    payload: [u8; MAX_CONTROL],
    len: usize,
}

impl Connection {
    /// Starts the closing handshake, or answers the peer's Close. Code 0 is
    /// none.
    ///
    /// # Errors
    /// `Argument` for a code or reason that may not be sent; `State` when the
    /// connection is not open or has failed; `Memory`.
    pub fn close(&mut self, code: u16, reason: &str) -> Result<(), SendError> {
        Self::check_close(code, reason)?;
        if self.state != State::Open || self.has_failed() {
            return Err(SendError::State);
        }
        self.queue_close(code, reason.as_bytes())?;
        self.owed = Owed::Nothing;
        Ok(())
    }

    // ---- For the connection ----

    pub(super) fn check_close(code: u16, reason: &str) -> Result<(), SendError> {
        let is_valid = match code {
            0 => reason.is_empty(),
            _ => is_valid_close_code(code) && reason.len() <= MAX_REASON,
        };
        if is_valid { Ok(()) } else { Err(SendError::Argument) }
    }

    pub(super) fn queue_close(&mut self, code: u16, reason: &[u8]) -> Result<(), OutOfMemory> {
        let mut payload = Vec::with_capacity(MAX_CONTROL);
        if code != 0 {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason);
        }
        self.push_frame(Opcode::Close, &payload)?;
        self.take_pong();
        self.change(Cause::CloseSent);
        Ok(())
    }

    pub(super) fn answer_ping(&mut self, payload: &[u8]) -> Result<(), OutOfMemory> {
        // Behind our Close nothing is sent.
        if self.state != State::Open {
            return Ok(());
        }
        if self.pongs_end == 0 {
            self.pongs = 0;
        }
        if self.pongs >= MAX_PONGS {
            let extra = self.extra.get_or_insert_with(Box::<Extra>::default);
            extra.pong = Some(Box::new(Pong::new(payload)));
            self.pongs = MAX_PONGS + 1;
            return Ok(());
        }
        self.push_pong(payload)
    }

    /// Whether [`Connection::settle_pong`] may have something to do.
    #[inline]
    pub(super) const fn owes_pong(&self) -> bool {
        self.pongs > MAX_PONGS
    }

    /// Queues the newest pong, when those before it are sent.
    pub(super) fn settle_pong(&mut self) {
        if self.pongs_end == 0 && self.state == State::Open {
            if let Some(pong) = self.take_pong() {
                self.pongs = 0;
                // Without memory the pong is lost, as one that is overtaken.
                let _ = self.push_pong(pong.payload());
            }
        }
    }

    // ---- Private ----

    /// Beyond 4 GiB of output the end is not exact, and then some more pongs may
    /// wait.
    fn push_pong(&mut self, payload: &[u8]) -> Result<(), OutOfMemory> {
        self.push_frame(Opcode::Pong, payload)?;
        self.pongs += 1;
        self.pongs_end = u32::try_from(self.output.size()).unwrap_or(u32::MAX);
        Ok(())
    }

    fn take_pong(&mut self) -> Option<Box<Pong>> {
        self.pongs = self.pongs.min(MAX_PONGS);
        self.extra.as_mut()?.pong.take()
    }
}

impl Pong {
    fn new(octets: &[u8]) -> Self {
        let mut payload = [0; MAX_CONTROL];
        let mut len = 0;
        for (place, octet) in payload.iter_mut().zip(octets) {
            *place = *octet;
            len += 1;
        }
        Self { payload, len }
    }

    fn payload(&self) -> &[u8] {
        self.payload.get(..self.len).unwrap_or_default()
    }
}
