//! Compressed messages from a peer: the same events whole, in pieces and one at a
//! time, never more than the limit, and what stock zlib makes of them.
#![no_main]

use std::borrow::Cow;
use std::sync::Arc;

use arbitrary::Arbitrary;
use common::deflate::Content;
use common::pieces;
use common::support::{self, Host, REQUEST, Seen};
use common::zlib::{Compressor, Inflated, Inflater};
use libfuzzer_sys::fuzz_target;
use wsabi::conn::{Config, Connection, EventKind, OptionKey};

/// Messages of a conversation: more than a window, and some time.
const MOST: usize = 8;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    takes_over: bool,
    limit: Option<u16>,
    cuts: [u16; 4],
    compressor: [u8; 4],
    messages: Vec<Message<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Message<'a> {
    is_text: bool,
    is_compressed: bool,
    payload: Payload<'a>,
    fragments: [u16; 2],
}

#[derive(Arbitrary, Debug)]
enum Payload<'a> {
    Octets(&'a [u8]),
    /// What zlib compresses, with some octets changed.
    Compressed {
        content: Content<'a>,
        flushes: u8,
        changes: Vec<(u16, u8)>,
    },
}

fuzz_target!(|case: Case| {
    let limit = case.limit.map_or(1 << 20, usize::from);
    let mut wire = Vec::new();
    let mut payloads = Vec::new();
    let [level, bits, memory, strategy] = case.compressor.map(i32::from);
    let mut compressor =
        Compressor::new(level % 10, 9 + bits % 7, 1 + memory % 9, strategy % 5, case.takes_over);
    for message in case.messages.iter().take(MOST) {
        let payload = message.payload(&mut compressor);
        let first = if message.is_text { 1 } else { 2 } | u8::from(message.is_compressed) << 6;
        let cuts: &[u16] = &message.fragments;
        let mut parts: Vec<_> = pieces(&payload, cuts).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for (n, part) in parts.iter().enumerate() {
            let fin = if n + 1 == parts.len() { 0x80 } else { 0 };
            wire.extend(support::frame(fin | if n == 0 { first } else { 0 }, part));
        }
        payloads.push(payload.into_owned());
    }
    let whole = read(&case, limit, 64, [&wire[..]]);
    assert_eq!(whole, read(&case, limit, 64, pieces(&wire, &case.cuts)));
    assert_eq!(whole, read(&case, limit, 1, [&wire[..]]));
    compare(&case, limit, &payloads, &whole);
});

impl Message<'_> {
    fn payload(&self, compressor: &mut Compressor) -> Cow<'_, [u8]> {
        match &self.payload {
            Payload::Octets(octets) => Cow::Borrowed(octets),
            Payload::Compressed { content, flushes, changes } => {
                let mut octets = compressor.compress(&content.octets(), usize::from(flushes % 8));
                for &(at, bits) in changes {
                    if let Some(octet) = octets.get_mut(usize::from(at)) {
                        *octet ^= bits;
                    }
                }
                Cow::Owned(octets)
            }
        }
    }
}

/// The events of an open server.
fn read<'a>(
    case: &Case,
    limit: usize,
    cap: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Seen> {
    let mut config = Config::default();
    for (key, value) in [
        (OptionKey::AutoAccept, 1),
        (OptionKey::MaxMessageSize, limit as u64),
        (OptionKey::ServerNoContextTakeover, (!case.takes_over).into()),
        (OptionKey::ClientNoContextTakeover, (!case.takes_over).into()),
    ] {
        config.set(key, value).unwrap();
    }
    let mut host = Host::new(Config::default(), cap);
    host.conn = Connection::server(Arc::new(config));
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    host.feed(REQUEST.replacen("\r\n\r\n", offer, 1).as_bytes());
    host.take_output();
    host.seen.clear();
    pieces.into_iter().for_each(|piece| host.feed(piece));
    host.seen
}

/// Message by message, until one fails or ends zlib's stream.
fn compare(case: &Case, limit: usize, payloads: &[Vec<u8>], seen: &[Seen]) {
    let mut inflater = Inflater::new(15, case.takes_over);
    let mut seen = seen.iter();
    for (message, payload) in case.messages.iter().zip(payloads) {
        let event = seen.next().expect("a message or a failure");
        if event.kind == EventKind::Failed {
            assert!(matches!(event.code, 1007 | 1009), "{event:?}");
        } else {
            assert!(event.payload.len() <= limit);
        }
        let wanted = if message.is_compressed {
            inflater.inflate(payload, limit)
        } else if payload.len() > limit {
            Inflated::TooBig
        } else {
            Inflated::Message(payload.clone())
        };
        match wanted {
            Inflated::Ended => return,
            Inflated::Message(octets) => {
                let is_valid = !message.is_text || std::str::from_utf8(&octets).is_ok();
                assert_eq!(event.kind == EventKind::Failed, !is_valid, "{event:?}");
                if !is_valid {
                    assert_eq!(event.code, 1007);
                    return;
                }
                assert!(event.payload == octets, "zlib inflates it to something else");
            }
            Inflated::TooBig | Inflated::Bad => {
                assert_eq!(event.kind, EventKind::Failed, "zlib takes it for wrong");
                return;
            }
        }
    }
    assert_eq!(seen.next(), None);
}
