//! The messages: JSON that compresses as that of a real service does.

use std::fmt::Write as _;

use common::frame::{TEXT, put_masked_frame};

use crate::zlib;

/// Octets of all messages together: four times the largest window, so that no
/// history answers with a mere reference to the same message.
const CYCLE: usize = 128 << 10;

const USERS: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];

/// What a sender leaves out, RFC 7692 7.2.1.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// A final block without content, for who wants a stream to end.
const END: [u8; 2] = [0x03, 0x00];

/// A message.
pub struct Message(pub Vec<u8>);

/// A compressed message, in the forms that the libraries read.
pub struct Compressed {
    /// A client's frame.
    pub frame: Vec<u8>,
    /// With the tail, and then with an end.
    ended: Vec<u8>,
}

impl Compressed {
    /// A payload as RFC 7692 has it.
    pub fn new(payload: &[u8]) -> Self {
        let mut frame = Vec::new();
        put_masked_frame(&mut frame, TEXT, payload, [0x37, 0xfa, 0x21, 0x3d]);
        frame[0] |= 0x40;
        Self { frame, ended: [payload, &TAIL, &END].concat() }
    }

    /// The stream up to its tail.
    pub fn flushed(&self) -> &[u8] {
        &self.ended[..self.ended.len() - END.len()]
    }

    /// A stream that ends.
    pub fn ended(&self) -> &[u8] {
        &self.ended
    }
}

/// Messages of that size, each another one.
pub fn json(size: usize) -> Vec<Message> {
    (0..CYCLE / size).map(|n| Message(one(size, n as u32))).collect()
}

fn one(size: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(7919).wrapping_add(12345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut text = String::from("[");
    while text.len() < size {
        let (a, b) = (next(), next());
        write!(
            text,
            r#"{{"id":{},"user":"{}","price":{}.{:02},"qty":{},"side":"{}","ts":17{:08},"ok":{}}},"#,
            a % 100_000,
            USERS[b as usize % USERS.len()],
            b % 5000,
            a % 100,
            a / 32 % 1000,
            if a % 2 == 0 { "sell" } else { "buy" },
            b % 100_000_000,
            b & 64 != 0,
        )
        .expect("a String takes everything");
    }
    text.truncate(size);
    text.into_bytes()
}

/// What a peer sends: stock zlib at its default level.
pub fn compressed(messages: &[Message], takes_over: bool) -> Vec<Compressed> {
    let mut compress = zlib::compress(6, takes_over);
    let one = |message| {
        let mut payload = Vec::new();
        compress(message, &mut payload);
        Compressed::new(&payload)
    };
    messages.iter().map(one).collect()
}
