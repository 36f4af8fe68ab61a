//! What a client makes of a response and of the octets behind it: the same events
//! whole, in pieces and one at a time, and nothing after the last word.
#![no_main]

use arbitrary::Arbitrary;
use common::abi::*;
use common::client::{self, Reply};
use common::pieces;
use libfuzzer_sys::fuzz_target;
use wsabi::handshake::accept_value;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    max_body: u16,
    max_head: u8,
    cuts: [u16; 4],
    reply: Reply<'a>,
    behind: &'a [u8],
}

fuzz_target!(|case: Case| {
    let whole = read(&case, false, 64);
    assert_eq!(whole, read(&case, true, 64));
    assert_eq!(whole, read(&case, false, 1));
    check(&case, &whole);
});

/// Kind, code and payload of an event.
type Told = (i32, u16, Vec<u8>);

/// All that a client tells of a response and a stream that ends.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    events: Vec<Told>,
    state: i32,
    failure: i32,
    interest: u32,
    subprotocol: Vec<u8>,
    rejection: Option<Rejection>,
}

/// Status, fields and body of a response that rejects.
type Rejection = (u32, Vec<[Vec<u8>; 2]>, Vec<u8>);

fn read(case: &Case, is_cut: bool, cap: usize) -> Seen {
    let mut config = Config::new(&[
        (OPTION_MAX_REJECTION_BODY, case.max_body.into()),
        (OPTION_MAX_HEAD_SIZE, 256 + u64::from(case.max_head)),
    ]);
    assert_eq!(config.add_subprotocol("chat"), OK);
    let (mut conn, key) = client::connect(&config);
    let mut octets = case.reply.octets(&key);
    octets.extend(case.behind);
    let mut events = Vec::new();
    let lengths = if is_cut { &case.cuts[..] } else { &[] };
    for piece in pieces(&octets, lengths) {
        feed(&mut conn, piece, cap, &mut events);
    }
    feed(&mut conn, b"", cap, &mut events);
    let failed_at_once = conn.failure() != 0 && conn.state() == STATE_CLOSED;
    let listed = conn.recv_eof(1).unwrap();
    assert!(listed.is_empty() || !failed_at_once);
    events.extend(listed.iter().map(own));
    assert!(conn.recv_eof(1).unwrap().is_empty());
    feed(&mut conn, b"\x81\x02hi", cap, &mut events);
    let written = conn.output(64).concat().len();
    assert_eq!(conn.output_consumed(written), OK);
    Seen {
        events,
        state: conn.state(),
        failure: conn.failure(),
        interest: conn.interest(),
        subprotocol: octets_of(conn.subprotocol().unwrap()),
        rejection: rejection(&conn, &accept_value(&key)),
    }
}

/// The key, and so the value that answers it, differs from run to run.
fn rejection(conn: &Conn, accept: &[u8]) -> Option<Rejection> {
    let status = conn.response_status().ok()?;
    let fields = (0..).map_while(|index| conn.response_header(index).ok());
    let fields = fields.map(|field| [field.name, field.value].map(octets_of));
    let fields = fields.filter(|[_, value]| value != accept).collect();
    Some((status, fields, octets_of(conn.response_body().unwrap())))
}

/// Receives until the octets are used up; the output is not written meanwhile.
fn feed(conn: &mut Conn, octets: &[u8], cap: usize, seen: &mut Vec<Told>) {
    let input = Buffer::new(octets);
    let mut at = 0;
    loop {
        let (used, events) = conn.recv(&input, at, cap).unwrap();
        assert!(used > 0 || !events.is_empty() || at == input.len(), "no progress");
        at += used;
        seen.extend(events.iter().map(own));
        if at == input.len() && events.len() < cap {
            return;
        }
    }
}

/// An event that was just listed.
fn own(event: &Event) -> Told {
    // SAFETY: nothing was called since that makes the payload invalid.
    (event.kind, event.code, unsafe { copy(event.data, event.len) })
}

/// What was just read, and what only the next receive makes invalid.
fn octets_of(slice: Slice) -> Vec<u8> {
    // SAFETY: see above.
    unsafe { copy(slice.data, slice.len) }
}

fn check(case: &Case, seen: &Seen) {
    let kinds: Vec<_> = seen.events.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!((seen.state, seen.interest), (STATE_CLOSED, INTEREST_CLOSE));
    match kinds[..] {
        // The peer's octet stream ended before the response did, or behind it.
        [EVENT_CLOSED] => assert!(seen.rejection.is_none() && seen.failure == 0),
        [EVENT_REJECTED] => {
            let (_, code, payload) = &seen.events[0];
            let (status, fields, body) = seen.rejection.as_ref().expect("it is kept");
            assert!(*status == u32::from(*code) && !(100..200).contains(status));
            assert!(payload == body && body.len() <= usize::from(case.max_body));
            assert!(fields.len() <= 100);
        }
        [EVENT_FAILED] => assert!((150..200).contains(&seen.failure)),
        [EVENT_OPEN, ref rest @ .., last] => {
            let is_last_word = |kind: &i32| matches!(*kind, EVENT_CLOSE | EVENT_FAILED);
            assert_eq!(last, EVENT_CLOSED);
            assert!(rest.iter().rev().skip(1).all(|kind| !is_last_word(kind)));
            assert!(rest.iter().all(|kind| (EVENT_TEXT..=EVENT_FAILED).contains(kind)));
            assert!(matches!(&seen.subprotocol[..], b"" | b"chat"));
            assert!(seen.failure == 0 || (200..300).contains(&seen.failure));
        }
        _ => panic!("a client lists {kinds:?}"),
    }
}
