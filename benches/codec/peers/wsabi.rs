//! wsabi through its C ABI, as a C program uses it: one receive buffer of
//! 64 KiB, events taken 64 at a time, and `wsabi_conn_interest` once per read.

use std::hint::black_box;

use common::{Config, Connection, REQUEST};

use super::{Decode, Encode};
use crate::wire::{Drain, READ, Tape};

/// Name in tables.
pub const NAME: &str = "wsabi";

fn open() -> Connection {
    Connection::open(&Config::new(), &mut REQUEST.to_vec(), |_| ())
}

/// Receives messages.
pub struct Decoder {
    connection: Connection,
    tape: Tape,
    buffer: Box<[u8]>,
}

impl Decode for Decoder {
    fn open(tape: Tape, _: usize) -> Self {
        Self { connection: open(), tape, buffer: vec![0; READ].into() }
    }

    fn pass(&mut self, mut message: impl FnMut(&[u8])) {
        loop {
            let space = self.connection.space();
            if space.is_empty() {
                let count = self.tape.read(&mut self.buffer);
                self.connection.receive(&mut self.buffer[..count], |event| message(event.payload()));
            } else {
                let count = self.tape.read_uninit(space);
                // SAFETY: so many octets of the space were written.
                unsafe { self.connection.commit(count, |event| message(event.payload())) };
            }
            black_box(self.connection.interest());
            if self.tape.at_start() {
                return;
            }
        }
    }
}

/// Sends messages.
pub struct Encoder {
    connection: Connection,
    drain: Drain,
}

impl Encode for Encoder {
    fn open(drain: Drain) -> Self {
        Self { connection: open(), drain }
    }

    fn pass(&mut self, message: &'static [u8], batch: usize) {
        for _ in 0..batch {
            self.connection.send_binary(message);
        }
        self.connection.write_output(|octets| self.drain.take(octets));
        black_box(self.connection.interest());
    }
}

/// Opening handshakes with one config.
pub struct Handshake {
    config: Config,
    buffer: Vec<u8>,
}

impl Handshake {
    /// No handshake yet.
    pub fn new() -> Self {
        Self { config: Config::new(), buffer: vec![0; REQUEST.len()] }
    }

    /// Head in, 101 out, connection freed.
    pub fn pass(&mut self, drain: &Drain) {
        self.buffer.copy_from_slice(REQUEST);
        Connection::open(&self.config, &mut self.buffer, |octets| drain.take(octets));
    }
}
