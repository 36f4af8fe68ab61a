//! The contestants. Each is a server, and gets the same treatment:
//!
//! - it reads from the same in-memory stream, which copies as a socket does,
//!   in reads of up to 64 KiB (its own buffer may ask for less);
//! - it hands out each message as its users get it, and the message is dropped;
//! - what it writes is taken at once, in as many writes as it likes;
//! - it is built in this package with the features and the settings that make
//!   it fastest; SIMD is found at run time by those who look for it.

pub mod fastwebsockets;
pub mod hyper;
pub mod tokio_websockets;
pub mod tungstenite;
pub mod wsabi;
pub mod wslay;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::wire::{Drain, Tape};

/// A contestant of the decoding rows.
pub trait Decode: 'static {
    /// A connection that is open and reads from `tape`, which holds `messages`
    /// messages.
    fn open(tape: Tape, messages: usize) -> Self;

    /// Receives the whole tape once.
    fn pass(&mut self, message: impl FnMut(&[u8]));
}

/// A contestant of the encoding rows.
pub trait Encode: 'static {
    /// A connection that is open and writes to `drain`.
    fn open(drain: Drain) -> Self;

    /// Sends the binary message `batch` times, then writes all that waits: a
    /// server that answers what one read has brought.
    fn pass(&mut self, message: &'static [u8], batch: usize);
}

/// The result of a future that never waits: the in-memory stream is always
/// ready.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("an in-memory stream is always ready"),
    }
}
