//! fastwebsockets, feature `simd`: `WebSocket::read_frame`, which is faster
//! than its `FragmentCollector` and gives whole messages here, as none is
//! fragmented; `WebSocket::write_frame`, which writes each message by itself,
//! above 1,024 octets by reference (`writev`).

use fastwebsockets::{Frame, Payload, Role, WebSocket};

use super::{Decode, Encode, at_once};
use crate::wire::{Drain, Tape, Wire};

/// Name in tables.
pub const NAME: &str = "fastwebsockets";

/// Receives messages.
pub struct Decoder {
    socket: WebSocket<Wire>,
    messages: usize,
}

impl Decode for Decoder {
    fn open(tape: Tape, messages: usize) -> Self {
        Self { socket: WebSocket::after_handshake(Wire::reading(tape), Role::Server), messages }
    }

    fn pass(&mut self, mut message: impl FnMut(&[u8])) {
        for _ in 0..self.messages {
            let frame = at_once(self.socket.read_frame()).expect("the stream is correct");
            message(&frame.payload);
        }
    }
}

/// Sends messages.
pub struct Encoder {
    socket: WebSocket<Wire>,
}

impl Encode for Encoder {
    fn open(drain: Drain) -> Self {
        Self { socket: WebSocket::after_handshake(Wire::writing(drain), Role::Server) }
    }

    fn pass(&mut self, message: &'static [u8], batch: usize) {
        for _ in 0..batch {
            let frame = Frame::binary(Payload::Borrowed(message));
            at_once(self.socket.write_frame(frame)).expect("the stream takes everything");
        }
        at_once(self.socket.flush()).expect("the stream takes everything");
    }
}
