//! tokio-websockets (SIMD is not optional): `next`; `feed` and one `flush` per
//! batch, with a flush threshold that no batch reaches. Payloads that it sends
//! are taken by reference at every size.

use futures_util::{SinkExt, StreamExt};
use tokio_websockets::{Config, Message, ServerBuilder, WebSocketStream};

use super::{Decode, Encode, at_once};
use crate::wire::{Drain, Tape, Wire};

/// Name in tables.
pub const NAME: &str = "tokio-websockets";

fn open(wire: Wire) -> WebSocketStream<Wire> {
    ServerBuilder::new().config(Config::default().flush_threshold(usize::MAX)).serve(wire)
}

/// Receives messages.
pub struct Decoder {
    stream: WebSocketStream<Wire>,
    messages: usize,
}

impl Decode for Decoder {
    fn open(tape: Tape, messages: usize) -> Self {
        Self { stream: open(Wire::reading(tape)), messages }
    }

    fn pass(&mut self, mut message: impl FnMut(&[u8])) {
        for _ in 0..self.messages {
            let next = at_once(self.stream.next()).expect("the stream does not end");
            message(next.expect("the stream is correct").as_payload());
        }
    }
}

/// Sends messages.
pub struct Encoder {
    stream: WebSocketStream<Wire>,
}

impl Encode for Encoder {
    fn open(drain: Drain) -> Self {
        Self { stream: open(Wire::writing(drain)) }
    }

    fn pass(&mut self, message: &'static [u8], batch: usize) {
        for _ in 0..batch {
            let message = Message::binary(message);
            at_once(self.stream.feed(message)).expect("the stream takes everything");
        }
        at_once(self.stream.flush()).expect("the stream takes everything");
    }
}

/// Head in, 101 out, connection dropped.
pub fn handshake(request: &Tape, drain: &Drain) {
    let wire = Wire { tape: request.clone(), drain: drain.clone() };
    drop(at_once(ServerBuilder::new().accept(wire)).expect("the request is correct"));
}
