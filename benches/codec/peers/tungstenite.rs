//! tungstenite: `WebSocket::read`; `WebSocket::write` into its buffer and one
//! `flush` per batch, which is its fastest way to send. It has no features for
//! speed.

use common::REQUEST;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Bytes, Message};

use super::{Decode, Encode};
use crate::wire::{Drain, READ, Tape, Wire};

/// Name in tables.
pub const NAME: &str = "tungstenite";

/// A read buffer of the size of a read is faster than the default of 128 KiB,
/// which is zeroed before each read.
fn open(wire: Wire) -> WebSocket<Wire> {
    let config = WebSocketConfig::default().read_buffer_size(READ);
    WebSocket::from_raw_socket(wire, Role::Server, Some(config))
}

/// Receives messages.
pub struct Decoder {
    socket: WebSocket<Wire>,
    messages: usize,
}

impl Decode for Decoder {
    fn open(tape: Tape, messages: usize) -> Self {
        Self { socket: open(Wire::reading(tape)), messages }
    }

    fn pass(&mut self, mut message: impl FnMut(&[u8])) {
        for _ in 0..self.messages {
            match self.socket.read().expect("the stream is correct") {
                Message::Text(text) => message(text.as_bytes()),
                Message::Binary(octets) => message(&octets),
                other => panic!("unexpected {other:?}"),
            }
        }
    }
}

/// Sends messages.
pub struct Encoder {
    socket: WebSocket<Wire>,
}

impl Encode for Encoder {
    fn open(drain: Drain) -> Self {
        Self { socket: open(Wire::writing(drain)) }
    }

    fn pass(&mut self, message: &'static [u8], batch: usize) {
        for _ in 0..batch {
            let message = Message::Binary(Bytes::from_static(message));
            self.socket.write(message).expect("the stream takes everything");
        }
        self.socket.flush().expect("the stream takes everything");
    }
}

/// Head in, 101 out, connection dropped. The small read buffer spares it the
/// allocation of 128 KiB.
pub fn handshake(request: &Tape, drain: &Drain) {
    let wire = Wire { tape: request.clone(), drain: drain.clone() };
    let config = WebSocketConfig::default().read_buffer_size(REQUEST.len());
    drop(tungstenite::accept_with_config(wire, Some(config)).expect("the request is correct"));
}
