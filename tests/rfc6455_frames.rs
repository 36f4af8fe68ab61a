//! RFC 6455 sections 5 to 8: every row whole, cut at every octet, octet by
//! octet, and with octets behind it; with lists of 1, 2 and 64 events.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::{Host, Seen, frame, reply};
use wsabi::conn::{Config, EventKind, Failure, OptionKey, State};
use wsabi::proto::{Header, HeaderError, Opcode, Utf8, apply_mask, apply_mask_ascii};

const LIMIT: u64 = 70_000;

/// What a row is judged by.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    seen: Vec<Seen>,
    output: Vec<u8>,
    failure: Option<Failure>,
    state: State,
    close_code: u16,
}

fn play(pieces: &[&[u8]], cap: usize) -> Outcome {
    let mut config = Config::default();
    config.set(OptionKey::MaxMessageSize, LIMIT).unwrap();
    config.set(OptionKey::MaxFragments, 5).unwrap();
    let mut host = Host::open(config, cap).echoing();
    for piece in pieces {
        host.feed(piece);
        host.take_output();
    }
    let (failure, state) = (host.conn.failure(), host.conn.state());
    let close_code = host.conn.close_code();
    Outcome { seen: host.seen, output: host.output, failure, state, close_code }
}

/// The outcome, which is the same for every split and every list.
fn outcome(name: &str, wire: &[u8]) -> Outcome {
    let whole = play(&[wire], 64);
    for cap in [1, 2] {
        assert_eq!(play(&[wire], cap), whole, "{name}: cap {cap}");
    }
    let step = (wire.len() / 300).max(1);
    for cut in (0..=wire.len()).step_by(step) {
        let (a, b) = wire.split_at(cut);
        for cap in [1, 64] {
            assert_eq!(play(&[a, b], cap), whole, "{name}: cut at {cut}, cap {cap}");
        }
    }
    if wire.len() < 1000 {
        let octets: Vec<_> = wire.chunks(1).collect();
        assert_eq!(play(&octets, 64), whole, "{name}: octet by octet");
    }
    whole
}

/// Events and answers of a conversation that goes on.
fn goes_on(name: &str, wire: &[u8], events: &[(EventKind, &[u8])], answers: &[Vec<u8>]) {
    let tail = frame(0x82, b"tail");
    for (wire, is_longer) in [(wire.to_vec(), false), ([wire, &tail].concat(), true)] {
        let got = outcome(name, &wire);
        let mut want: Vec<_> = events.iter().map(|(kind, data)| seen(*kind, 0, data)).collect();
        let mut output = answers.concat();
        if is_longer {
            want.push(seen(EventKind::Binary, 0, b"tail"));
            output.extend(reply(0x82, b"tail"));
        }
        assert_eq!(got.seen, want, "{name}");
        assert_eq!(got.output, output, "{name}");
        assert_eq!((got.failure, got.state), (None, State::Open), "{name}");
    }
}

/// The rule that is broken, behind a message that is answered before the Close.
fn fails(name: &str, wire: &[u8], failure: Failure) {
    let before = frame(0x81, b"before");
    let behind = [frame(0x81, b"never seen"), frame(0x88, &[3, 232])].concat();
    for wire in [[&before, wire].concat(), [&before, wire, &behind].concat()] {
        let got = outcome(name, &wire);
        let text = failure.text().to_bytes();
        let close = [&failure.code().to_be_bytes()[..], text].concat();
        let want =
            [seen(EventKind::Text, 0, b"before"), seen(EventKind::Failed, failure.code(), text)];
        assert_eq!(got.seen, want, "{name}");
        assert_eq!(got.output, [reply(0x81, b"before"), reply(0x88, &close)].concat(), "{name}");
        assert_eq!(got.failure, Some(failure), "{name}");
        assert_eq!((got.state, got.close_code), (State::Closing, 1006), "{name}");
    }
}

fn seen(kind: EventKind, code: u16, payload: &[u8]) -> Seen {
    Seen { kind, code, marks: 0, payload: payload.to_vec() }
}

/// Header octets as they stand, with a masking key and no payload.
fn header(octets: &[u8]) -> Vec<u8> {
    [octets, &[1, 2, 3, 4]].concat()
}

#[test]
fn section_5_2_lengths() {
    for len in [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 70_000] {
        let payload: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        let events = [(EventKind::Binary, &payload[..])];
        goes_on(
            &format!("{len} octets"),
            &frame(0x82, &payload),
            &events,
            &[reply(0x82, &payload)],
        );
    }
}

#[test]
fn section_5_2_malformed_headers() {
    for nibble in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        fails("reserved opcode", &header(&[0x80 | nibble, 0x80]), Failure::ReservedOpcode);
    }
    for rsv in 1..=7 {
        for opcode in [1, 2, 8, 9, 10] {
            fails("reserved bit", &header(&[0x80 | rsv << 4 | opcode, 0x80]), Failure::ReservedBit);
        }
    }
    for len in [0_u16, 1, 125] {
        let [high, low] = len.to_be_bytes();
        fails("16-bit length", &header(&[0x82, 0xfe, high, low]), Failure::NonMinimalLength);
    }
    for len in [0_u64, 125, 126, 65_535] {
        let wire = [&[0x82, 0xff][..], &len.to_be_bytes()].concat();
        fails("64-bit length", &header(&wire), Failure::NonMinimalLength);
    }
}

/// Lengths that no memory has: CVE-2026-43678, CVE-2026-27889, CVE-2020-13935
/// and many more.
#[test]
fn section_5_2_lengths_that_overflow() {
    for len in [1 << 63, (1 << 63) + 5, u64::MAX, u64::MAX - 13] {
        for b0 in [0x81, 0x82, 0x01, 0x02] {
            let wire = [&[b0, 0xff][..], &u64::to_be_bytes(len)].concat();
            fails("top bit", &header(&wire), Failure::LengthTooLarge);
        }
    }
    for len in [(1 << 63) - 1, 1 << 62, 1 << 32, (1 << 32) - 1, LIMIT + 1] {
        let wire = [&[0x82, 0xff][..], &u64::to_be_bytes(len)].concat();
        fails("above the limit", &header(&wire), Failure::MessageTooBig);
        let fragment =
            [frame(0x02, b"x"), header(&[&[0x80, 0xff][..], &len.to_be_bytes()].concat())];
        fails("above it in a continuation", &fragment.concat(), Failure::MessageTooBig);
    }
    for (b0, b1) in [(0x88, 0xfe), (0x89, 0xfe), (0x8a, 0xff), (0x89, 0xff)] {
        let wire = [&[b0, b1][..], &[0x80; 8]].concat();
        fails("long control frame", &wire, Failure::LongControl);
    }
}

#[test]
fn section_5_1_masking() {
    for b0 in [0x81, 0x82, 0x88, 0x89, 0x8a] {
        fails("unmasked", &[b0, 0], Failure::Unmasked);
        fails("unmasked", &[b0, 1, b'a'], Failure::Unmasked);
    }
    fails(
        "unmasked, 16-bit length",
        &[&[0x82, 126, 0, 200][..], &[0; 200]].concat(),
        Failure::Unmasked,
    );
}

#[test]
fn section_5_4_fragmentation() {
    let parts = [frame(0x01, b"Hel"), frame(0x00, b""), frame(0x80, b"lo")].concat();
    goes_on("three fragments", &parts, &[(EventKind::Text, b"Hello")], &[reply(0x81, b"Hello")]);
    let empty = [frame(0x02, b""), frame(0x80, b"")].concat();
    goes_on("empty fragments", &empty, &[(EventKind::Binary, b"")], &[reply(0x82, b"")]);
    let between = [frame(0x02, b"a"), frame(0x89, b"p"), frame(0x8a, b"q"), frame(0x80, b"b")];
    goes_on(
        "control frames between fragments",
        &between.concat(),
        &[(EventKind::Ping, b"p"), (EventKind::Pong, b"q"), (EventKind::Binary, b"ab")],
        &[reply(0x8a, b"p"), reply(0x82, b"ab")],
    );
    fails("continuation of nothing", &frame(0x80, b"x"), Failure::NothingToContinue);
    fails("continuation of nothing", &frame(0x00, b""), Failure::NothingToContinue);
    let behind = [frame(0x01, b"a"), frame(0x80, b"b")].concat();
    let twice = [&behind[..], &frame(0x80, b"c")].concat();
    let got = outcome("continuation behind the end", &twice);
    assert_eq!(got.failure, Some(Failure::NothingToContinue));
    for b0 in [0x01, 0x02, 0x81, 0x82] {
        let wire = [frame(0x01, b"a"), frame(b0, b"b")].concat();
        fails("a message inside a message", &wire, Failure::MessageInterrupted);
    }
}

#[test]
fn section_5_5_control_frames() {
    for (b0, kind) in [(0x89, EventKind::Ping), (0x8a, EventKind::Pong)] {
        for len in [0, 1, 124, 125] {
            let payload = vec![0xfe; len];
            let answer = if b0 == 0x89 { vec![reply(0x8a, &payload)] } else { vec![] };
            goes_on("control frame", &frame(b0, &payload), &[(kind, &payload)], &answer);
        }
        fails("fragmented", &header(&[b0 & 0x7f, 0x80]), Failure::FragmentedControl);
        fails("126 octets", &[b0, 0xfe, 0, 126], Failure::LongControl);
    }
    fails("fragmented Close", &header(&[0x08, 0x80]), Failure::FragmentedControl);
    fails("long Close", &[0x88, 0xfe, 0, 126], Failure::LongControl);
}

#[test]
fn section_5_5_1_close() {
    let closes = |payload: &[u8], code: u16, reason: &[u8], answer: &[u8]| {
        let name = format!("Close {code}");
        let wire = [frame(0x82, b"m"), frame(0x88, payload)].concat();
        for wire in [wire.clone(), [&wire[..], &frame(0x82, b"behind")].concat()] {
            let got = outcome(&name, &wire);
            let want = [seen(EventKind::Binary, 0, b"m"), seen(EventKind::Close, code, reason)];
            assert_eq!(got.seen, want, "{name}");
            assert_eq!(got.output, [reply(0x82, b"m"), reply(0x88, answer)].concat(), "{name}");
            assert_eq!((got.state, got.close_code), (State::Closing, code), "{name}");
        }
    };
    closes(b"", 1005, b"", b"");
    for code in (1000_u16..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
        let payload = [&code.to_be_bytes()[..], "grüße".as_bytes()].concat();
        closes(&payload, code, "grüße".as_bytes(), &code.to_be_bytes());
    }
    let longest = [&1000_u16.to_be_bytes()[..], &[b'r'; 123]].concat();
    closes(&longest, 1000, &[b'r'; 123], &1000_u16.to_be_bytes());
    fails("one octet", &frame(0x88, &[3]), Failure::CloseOneOctet);
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535] {
        fails("code", &frame(0x88, &code.to_be_bytes()), Failure::CloseCode);
    }
    fails("reason", &frame(0x88, &[3, 232, 0xff]), Failure::CloseReason);
    fails("cut reason", &frame(0x88, &[3, 232, 0xe2, 0x82]), Failure::CloseReason);
}

#[test]
fn section_5_6_and_8_1_text() {
    for text in
        ["", "a", "ascii only, and long enough for several words of eight", "grüße", "日本語", "🦀"]
    {
        let text = text.as_bytes();
        goes_on("text", &frame(0x81, text), &[(EventKind::Text, text)], &[reply(0x81, text)]);
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            let wire = [frame(0x01, a), frame(0x89, b""), frame(0x80, b)].concat();
            let events = [(EventKind::Ping, &b""[..]), (EventKind::Text, text)];
            goes_on("cut text", &wire, &events, &[reply(0x8a, b""), reply(0x81, text)]);
        }
    }
    let long = "日本語 and ascii, ".repeat(2000);
    goes_on(
        "long text",
        &frame(0x81, long.as_bytes()),
        &[(EventKind::Text, long.as_bytes())],
        &[reply(0x81, long.as_bytes())],
    );
    for text in INVALID {
        fails("invalid text", &frame(0x81, text), Failure::BadUtf8);
        let inside = [b"0123456789abcdef0123456789abcdef", *text].concat();
        fails("invalid text", &frame(0x81, &inside), Failure::BadUtf8);
        fails(
            "in a continuation",
            &[frame(0x01, b"ok"), frame(0x80, text)].concat(),
            Failure::BadUtf8,
        );
    }
    let cut = [frame(0x01, &[0xe2, 0x82]), frame(0x80, b"")].concat();
    fails("a character that never ends", &cut, Failure::BadUtf8);
}

/// Overlong forms, surrogates, beyond U+10FFFF, octets that are never used,
/// continuations without a start, starts without a continuation.
const INVALID: &[&[u8]] = &[
    &[0x80],
    &[0xbf],
    &[0xc0, 0x80],
    &[0xc1, 0xbf],
    &[0xe0, 0x80, 0x80],
    &[0xe0, 0x9f, 0xbf],
    &[0xf0, 0x80, 0x80, 0x80],
    &[0xf0, 0x8f, 0xbf, 0xbf],
    &[0xed, 0xa0, 0x80],
    &[0xed, 0xbf, 0xbf],
    &[0xf4, 0x90, 0x80, 0x80],
    &[0xf5, 0x80, 0x80, 0x80],
    &[0xf8, 0x88, 0x80, 0x80, 0x80],
    &[0xfe],
    &[0xff],
    &[0xc3, 0x28],
    &[0xe2, 0x28, 0xa1],
    &[0xe2, 0x82, 0x28],
    &[0xf0, 0x9f, 0x28, 0x80],
    &[0xc3],
    &[0xe2, 0x82],
    &[0xf0, 0x9f, 0xa6],
    &[b'a', 0xc3, 0xbc, 0x80],
];

/// Section 8.1, and Autobahn's 6.4: what cannot become text fails at the octet
/// that makes it so, inside a frame whose end is far.
#[test]
fn text_fails_inside_the_frame() {
    let hopeless: &[(&[u8], usize)] = &[
        (&[b'a', 0x80], 2),
        (&[0xe0, 0x9f], 2),
        (&[0xed, 0xa0], 2),
        (&[0xf4, 0x90], 2),
        (&[0xf0, 0x8f], 2),
        (&[0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xf4, 0x90], 9),
        (&[b'a', 0xff], 2),
        (&[0xe2, 0x82, b'a'], 3),
    ];
    for &(text, at) in hopeless {
        let mut payload = text.to_vec();
        payload.resize(1000, b'.');
        let wire = frame(0x81, &payload);
        let header = wire.len() - payload.len();
        for step in [1, wire.len()] {
            let mut host = Host::open(Config::default(), 64);
            for piece in wire[..header + at - 1].chunks(step) {
                host.feed(piece);
            }
            assert_eq!(host.conn.failure(), None, "{text:x?}");
            host.feed(&wire[header + at - 1..header + at]);
            assert_eq!(host.conn.failure(), Some(Failure::BadUtf8), "{text:x?}");
        }
    }
}

#[test]
fn section_10_4_limits() {
    let exactly = vec![b'x'; LIMIT as usize];
    goes_on(
        "the limit",
        &frame(0x82, &exactly),
        &[(EventKind::Binary, &exactly)],
        &[reply(0x82, &exactly)],
    );
    let (a, b) = exactly.split_at(30_000);
    let halves = [frame(0x02, a), frame(0x89, b"ping"), frame(0x80, b)].concat();
    let events = [(EventKind::Ping, &b"ping"[..]), (EventKind::Binary, &exactly)];
    goes_on("the limit in two", &halves, &events, &[reply(0x8a, b"ping"), reply(0x82, &exactly)]);
    fails("one above", &frame(0x82, &[b'x'; LIMIT as usize + 1])[..14], Failure::MessageTooBig);
    let above = [frame(0x02, a), frame(0x89, b""), header(&[0x80, 0xfe, 0x9c, 0x41])].concat();
    let got = outcome("one above in two", &above);
    assert_eq!(got.failure, Some(Failure::MessageTooBig));
    let five: Vec<_> =
        [0x02, 0x00, 0x00, 0x00, 0x80].iter().flat_map(|&b0| frame(b0, b"")).collect();
    goes_on("five fragments", &five, &[(EventKind::Binary, b"")], &[reply(0x82, b"")]);
    let six: Vec<_> = [0x02, 0, 0, 0, 0, 0x80].iter().flat_map(|&b0| frame(b0, b"")).collect();
    fails("six fragments", &six, Failure::TooManyFragments);
    let mut config = Config::default();
    config.set(OptionKey::MaxFrameSize, 1000).unwrap();
    let mut host = Host::open(config, 64);
    host.feed(&frame(0x02, &[0; 1000]));
    assert_eq!(host.conn.failure(), None);
    host.feed(&frame(0x80, &[0; 1001])[..8]);
    assert_eq!(host.conn.failure(), Some(Failure::FrameTooBig));
}

#[test]
fn headers_decode_at_every_split_and_encode_back() {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    for opcode in [0, 1, 2, 8, 9, 10].map(|n| Opcode::from_nibble(n).unwrap()) {
        for payload_len in [0, 125, 126, 65_535, 65_536, (1 << 63) - 1] {
            if opcode.is_control() && payload_len > 125 {
                continue;
            }
            for mask in [None, Some(key)] {
                let header = Header { fin: true, rsv: 0, opcode, mask, payload_len };
                let (octets, len) = header.encode();
                for cut in 0..len {
                    assert_eq!(Header::decode(&octets[..cut]), Ok(None), "{header:?}");
                }
                let with_tail = [&octets[..len], b"tail"].concat();
                assert_eq!(Header::decode(&with_tail), Ok(Some((header, len))));
            }
        }
    }
    assert_eq!(Header::decode(&[0x83]), Err(HeaderError::ReservedOpcode));
    assert_eq!(Header::decode(&[0x09]), Err(HeaderError::FragmentedControl));
    assert_eq!(Header::decode(&[0x89, 126]), Err(HeaderError::LongControl));
}

#[test]
fn masks_are_their_own_inverse_at_every_length_and_phase() {
    let key = [0x80, 0x01, 0xff, 0x7f];
    for len in 0..100 {
        for phase in 0..8 {
            let plain: Vec<u8> = (0..len).map(|n| (n * 7) as u8).collect();
            let masked: Vec<u8> =
                plain.iter().enumerate().map(|(n, octet)| octet ^ key[(n + phase) % 4]).collect();
            let mut octets = plain.clone();
            apply_mask(&mut octets, key, phase);
            assert_eq!(octets, masked);
            let is_ascii = apply_mask_ascii(&mut octets, key, phase);
            assert_eq!(octets, plain);
            assert_eq!(is_ascii, plain.is_ascii(), "{len} {phase}");
        }
    }
}

/// Against the standard library: every two octets, and many fours, cut anywhere.
#[test]
fn incremental_utf8_agrees_with_the_standard_library() {
    for octets in (0..=u16::MAX).map(u16::to_be_bytes) {
        agrees(&octets);
    }
    let interesting = [
        0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xe1, 0xed, 0xee, 0xf0,
        0xf1, 0xf4, 0xf5,
    ];
    for a in interesting {
        for b in interesting {
            for c in interesting {
                for d in interesting {
                    agrees(&[a, b, c, d]);
                }
            }
        }
    }
}

fn agrees(octets: &[u8]) {
    for cut in 0..=octets.len() {
        let (a, b) = octets.split_at(cut);
        let mut utf8 = Utf8::default();
        let fed = utf8.feed(a).and_then(|()| utf8.feed(b));
        match std::str::from_utf8(octets) {
            Ok(_) => assert!(fed.is_ok() && utf8.is_complete(), "{octets:x?}"),
            Err(error) if error.error_len().is_none() => {
                assert!(fed.is_ok() && !utf8.is_complete(), "{octets:x?}");
            }
            Err(_) => assert!(fed.is_err(), "{octets:x?}"),
        }
    }
}
