//! Any split, same events: random conversations, cut anywhere.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use proptest::prelude::*;
use support::{Host, Seen, frame};
use wsabi::conn::{Config, EventKind, OptionKey};

/// Frames that are mostly correct, so that most conversations go on for long.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        20 => Just(0x81_u8), 20 => Just(0x82), 10 => Just(0x01), 10 => Just(0x02),
        20 => Just(0x00), 20 => Just(0x80), 10 => Just(0x89), 10 => Just(0x8a),
        1 => Just(0x88), 1 => Just(0xc1),
    ];
    let payload = prop_oneof![
        5 => ".{0,40}".prop_map(String::into_bytes),
        3 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => (120..140_usize).prop_map(|len| vec![b'x'; len]),
        1 => (65_530..65_540_usize).prop_map(|len| "é".repeat(len / 2).into_bytes()),
    ];
    let frame = (opcode, payload).prop_map(|(b0, payload)| {
        let is_control = b0 & 0x8 != 0;
        frame(b0, &payload[..if is_control { payload.len().min(125) } else { payload.len() }])
    });
    proptest::collection::vec(frame, 1..12).prop_map(|frames| frames.concat())
}

/// What the peer sees: everything, but pongs by themselves, since their place
/// between messages may vary (RFC 6455 5.5.3).
#[derive(Debug, PartialEq)]
struct Outcome {
    seen: Vec<Seen>,
    messages: Vec<u8>,
    pongs: Vec<u8>,
}

fn play(pieces: &[&[u8]], cap: usize) -> Outcome {
    let mut config = Config::default();
    config.set(OptionKey::MaxMessageSize, 200_000).unwrap();
    let mut host = Host::open(config, cap).echoing();
    for piece in pieces {
        host.feed(piece);
        host.take_output();
    }
    host.eof();
    let (mut messages, mut pongs) = (Vec::new(), Vec::new());
    let mut rest = &host.output[..];
    while !rest.is_empty() {
        let (header, len) = wsabi::proto::Header::decode(rest).unwrap().unwrap();
        let (frame, behind) = rest.split_at(len + header.payload_len as usize);
        let is_pong = header.opcode == wsabi::proto::Opcode::Pong;
        (if is_pong { &mut pongs } else { &mut messages }).extend_from_slice(frame);
        rest = behind;
    }
    Outcome { seen: host.seen, messages, pongs }
}

fn cut<'a>(wire: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
    places.extend([0, wire.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| &wire[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_frames(wire in frames(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let whole = play(&[&wire], 64);
        for cap in [1, 2, 64] {
            prop_assert_eq!(&play(&cut(&wire, &cuts), cap), &whole);
        }
    }

    #[test]
    fn of_octets(wire in proptest::collection::vec(any::<u8>(), 0..200), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let whole = play(&[&wire], 64);
        prop_assert_eq!(&play(&cut(&wire, &cuts), 1), &whole);
        let over = whole.seen.iter().filter(|e| matches!(e.kind, EventKind::Failed | EventKind::Close)).count();
        prop_assert!(over <= 1);
        prop_assert_eq!(whole.seen.last().map(|event| event.kind), Some(EventKind::Closed));
    }

    #[test]
    fn of_requests(
        lines in proptest::collection::vec("[ -~]{0,40}", 0..5),
        prefix in prop_oneof![Just("GET / HTTP/1.1\r\nHost: a\r\n"), Just(""), Just("GET /x HTTP/1.1\r\n")],
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let wire = format!("{prefix}{}\r\n\r\n", lines.join("\r\n"));
        let play = |pieces: &[&[u8]]| {
            let mut host = Host::new(Config::default(), 1);
            pieces.iter().for_each(|piece| host.feed(piece));
            host.take_output();
            (host.seen, host.output)
        };
        prop_assert_eq!(play(&cut(wire.as_bytes(), &cuts)), play(&[wire.as_bytes()]));
    }
}
