//! Octets that are received where they stay, and messages that are taken away.

use alloc::vec::Vec;

use super::{Connection, OptionKey, SendError, Sink};

impl Connection {
    /// The block of the message that is arriving, and how many octets can be
    /// appended to it, without growing, for [`Connection::recv_appended`]: the
    /// payload of a large frame lands in its place. `None`: receive as always.
    pub fn recv_space(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        self.settle();
        self.release();
        if !self.is_reading() || self.config.is_on(OptionKey::MessagePieces) {
            return None;
        }
        self.reader.space()
    }

    /// The block that was given, until something else is received.
    pub fn given_space(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        self.reader.given_space()
    }

    /// So many octets of the peer were appended to the block. Lists what they
    /// mean.
    ///
    /// # Errors
    /// `State` when no block was given, `Argument` when it had less room.
    pub fn recv_appended(&mut self, len: usize, sink: &mut impl Sink) -> Result<(), SendError> {
        self.given_space().ok_or(SendError::State)?;
        let read = self.reader.read_appended(len).ok_or(SendError::Argument)?;
        self.count_received(len);
        match read {
            Ok(()) => {
                self.read_frames(&mut [], sink);
            }
            Err(failure) => self.fail(failure, sink),
        }
        Ok(())
    }

    /// The payload of the last message, if it lies in the connection, which
    /// keeps nothing of it. `at` is where the event said that it lies, as earlier
    /// events of the same list lie elsewhere.
    pub fn take_message(&mut self, at: *const u8) -> Option<Vec<u8>> {
        self.reader.take_message(at)
    }
}
