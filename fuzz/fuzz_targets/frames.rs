//! Octets behind the opening handshake: the same events whole, in pieces and one
//! at a time. `Host` asserts that every step makes progress.
#![no_main]

use arbitrary::Arbitrary;
use common::support::{self, Host, Seen};
use common::{Wire, pieces};
use libfuzzer_sys::fuzz_target;
use wsabi::conn::{Config, EventKind, OptionKey};
use wsabi::proto::MAX_CONTROL;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    /// Nothing is limited but by default.
    is_limited: bool,
    limits: Limits,
    cuts: [u16; 4],
    wire: Wire<'a>,
}

#[derive(Arbitrary, Debug)]
struct Limits {
    frame: u8,
    message: u8,
    fragments: u8,
}

fuzz_target!(|case: Case| {
    let wire = case.wire.octets(support::frame);
    let whole = read(&case, usize::MAX, [&wire[..]]);
    assert_eq!(whole, read(&case, usize::MAX, pieces(&wire, &case.cuts)));
    assert_eq!(whole, read(&case, 1, [&wire[..]]));
    check(&whole);
});

/// The events that are listed, `cap` at a time, and the output.
fn read<'a>(
    case: &Case,
    cap: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Seen>, Vec<u8>) {
    let mut host = Host::open(config(case), cap);
    for piece in pieces {
        host.feed(piece);
    }
    // The newest pong follows when the others have gone.
    host.take_output();
    host.take_output();
    (host.seen, host.output)
}

fn config(case: &Case) -> Config {
    let mut config = Config::default();
    if case.is_limited {
        for (key, value) in [
            (OptionKey::MaxFrameSize, 125 + u64::from(case.limits.frame) * 4),
            (OptionKey::MaxMessageSize, u64::from(case.limits.message) * 8),
            (OptionKey::MaxFragments, 1 + u64::from(case.limits.fragments)),
        ] {
            config.set(key, value).unwrap();
        }
    }
    config
}

fn check((seen, output): &(Vec<Seen>, Vec<u8>)) {
    let is_last = |event: &Seen| matches!(event.kind, EventKind::Close | EventKind::Failed);
    if let Some(at) = seen.iter().position(is_last) {
        assert_eq!(at + 1, seen.len(), "something follows the end");
    }
    for event in seen.iter().filter(|event| event.kind == EventKind::Text) {
        assert!(std::str::from_utf8(&event.payload).is_ok());
    }
    let pings = seen.iter().filter(|event| event.kind == EventKind::Ping).count();
    let replies = pings.min(16) + usize::from(seen.last().is_some_and(is_last));
    assert!(output.len() <= replies * (2 + MAX_CONTROL), "output without bound");
}
