//! The rows of the report: what is done, on which messages, by whom.

use std::hint::black_box;

use common::frame::{BINARY, put_frame, put_masked_frame};
use common::{ACCEPT_KEY, REQUEST};

use crate::limits;
use crate::messages::Content;
use crate::peers::{
    Decode, Encode, fastwebsockets, hyper, tokio_websockets, tungstenite, wsabi, wslay,
};
use crate::wire::{Drain, Tape};
use common::race::Contestant;

/// Octets of a message.
pub const SIZES: [usize; 5] = [16, 125, 1024, 16 * 1024, 1024 * 1024];

/// One line of a table.
pub struct Row {
    /// Name of the table.
    pub table: String,
    /// Octets of a message; of the request in the opening handshake.
    pub size: usize,
    /// Verifies the contestants and makes them ready.
    pub contestants: Box<dyn Fn() -> Vec<Contestant>>,
}

/// All rows.
pub fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for content in [Content::Binary, Content::Ascii, Content::MixedScripts] {
        rows.extend(SIZES.map(|size| Row {
            table: format!("decode {}", content.name()),
            size,
            contestants: Box::new(move || decoders(content, size)),
        }));
    }
    rows.extend(SIZES.map(|size| Row {
        table: "encode binary".to_owned(),
        size,
        contestants: Box::new(move || encoders(size)),
    }));
    rows.push(Row {
        table: "opening handshake".to_owned(),
        size: REQUEST.len(),
        contestants: Box::new(handshakes),
    });
    rows
}

fn decoders(content: Content, size: usize) -> Vec<Contestant> {
    // Long enough for several reads, and a whole number of messages.
    const TAPE: usize = 256 * 1024;
    let messages = (TAPE / (size + 6)).max(1);
    let message = content.message(size);
    let mut octets = Vec::new();
    for i in 0..messages as u32 {
        let key = i.wrapping_mul(2_654_435_761).wrapping_add(0x37fa_213d).to_ne_bytes();
        put_masked_frame(&mut octets, content.opcode(), &message, key);
    }
    let tape = Tape::new(octets);
    vec![
        limits::read(&tape, messages),
        limits::read_and_xor(&tape, messages),
        decoder::<wsabi::Decoder>(wsabi::NAME, &tape, messages, &message),
        decoder::<tungstenite::Decoder>(tungstenite::NAME, &tape, messages, &message),
        decoder::<fastwebsockets::Decoder>(fastwebsockets::NAME, &tape, messages, &message),
        decoder::<tokio_websockets::Decoder>(tokio_websockets::NAME, &tape, messages, &message),
        decoder::<wslay::Decoder>(wslay::NAME, &tape, messages, &message),
    ]
}

fn decoder<D: Decode>(
    name: &'static str,
    tape: &Tape,
    messages: usize,
    expected: &[u8],
) -> Contestant {
    let mut decoder = D::open(tape.clone(), messages);
    for _ in 0..2 {
        let mut received = 0;
        decoder.pass(|message| {
            assert!(message == expected, "{name} decodes something else");
            received += 1;
        });
        assert_eq!(received, messages, "{name} misses messages");
    }
    Contestant::new(name, messages, move || {
        decoder.pass(|message| {
            black_box(message);
        });
    })
}

fn encoders(size: usize) -> Vec<Contestant> {
    // The answers to one read of pipelined messages, in at most 64 KiB.
    let batch = (64 * 1024 / size).clamp(1, 16);
    let message: &'static [u8] = Content::Binary.message(size).leak();
    vec![
        limits::copy_messages(message, batch),
        encoder::<wsabi::Encoder>(wsabi::NAME, message, batch),
        encoder::<tungstenite::Encoder>(tungstenite::NAME, message, batch),
        encoder::<fastwebsockets::Encoder>(fastwebsockets::NAME, message, batch),
        encoder::<tokio_websockets::Encoder>(tokio_websockets::NAME, message, batch),
        encoder::<wslay::Encoder>(wslay::NAME, message, batch),
    ]
}

fn encoder<E: Encode>(name: &'static str, message: &'static [u8], batch: usize) -> Contestant {
    let mut expected = Vec::new();
    for _ in 0..batch {
        put_frame(&mut expected, BINARY, message);
    }
    let drain = Drain::keeping();
    let mut encoder = E::open(drain.clone());
    for _ in 0..2 {
        encoder.pass(message, batch);
        assert!(drain.kept() == expected, "{name} encodes something else");
    }
    let mut encoder = E::open(Drain::default());
    Contestant::new(name, batch, move || encoder.pass(message, batch))
}

fn handshakes() -> Vec<Contestant> {
    let tape = Tape::new(REQUEST);
    let mut of_wsabi = wsabi::Handshake::new();
    vec![
        Contestant::new("limit: httparse", 1, || {
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut headers);
            let parsed = request.parse(black_box(REQUEST));
            assert!(parsed.is_ok_and(|status| status.is_complete()));
        }),
        handshake(wsabi::NAME, move |drain| of_wsabi.pass(drain)),
        handshake(tungstenite::NAME, {
            let tape = tape.clone();
            move |drain| tungstenite::handshake(&tape, drain)
        }),
        handshake(tokio_websockets::NAME, {
            let tape = tape.clone();
            move |drain| tokio_websockets::handshake(&tape, drain)
        }),
        handshake(hyper::NAME, move |drain| hyper::handshake(&tape, drain)),
    ]
}

fn handshake(name: &'static str, mut pass: impl FnMut(&Drain) + 'static) -> Contestant {
    let drain = Drain::keeping();
    pass(&drain);
    let answer = String::from_utf8(drain.kept()).expect("an answer is text");
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains(ACCEPT_KEY), "{name}: {answer}");
    Contestant::new(name, 1, move || pass(&Drain::default()))
}
