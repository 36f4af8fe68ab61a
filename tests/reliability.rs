//! What was used against other libraries: floods, promises. Memory is counted by
//! an allocator of the test's own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod measure;
mod support;

use std::sync::Arc;

use measure::{best, measured, seconds};
use support::{Host, REQUEST, frame, reply};
use wsabi::conn::{Config, Connection, EventKind, Failure, Interest, OptionKey, SendError, State};
use wsabi::handshake::{Answer, Refusal};

fn open() -> Host {
    Host::open(Config::default(), 64)
}

/// design.md: a connection at rest owns no buffer and has at most 200 octets.
#[test]
fn a_connection_at_rest_is_small() {
    let config = Arc::new(Config::default());
    let (conn, held, ..) = measured(|| Box::new(at_rest(config)));
    assert!(held <= 200, "{held} octets");
    drop(conn);
    println!("a connection at rest: {held} octets");
}

/// Has echoed whole and split messages and pings, and sent everything.
fn at_rest(config: Arc<Config>) -> Connection {
    let mut host = Host::new(Config::default(), 4).echoing();
    host.conn = Connection::server(config);
    // The time for the request, of which nothing is left behind it.
    host.at(1);
    host.feed(REQUEST.as_bytes());
    host.conn.accept(None, &Answer::default()).unwrap();
    let message = frame(0x82, &[7; 5000]);
    for pieces in [message.chunks(5008), message.chunks(100)] {
        pieces.for_each(|piece| host.feed(piece));
        frame(0x89, b"ping").chunks(3).for_each(|piece| host.feed(piece));
        host.take_output();
        let reads = Interest { read: true, ..Interest::default() };
        assert_eq!(host.conn.interest(), reads);
    }
    host.conn
}

/// RUSTSEC-2022-0035, wslay, tungstenite: memory from the announced length.
#[test]
fn a_promise_costs_nothing() {
    let promise =
        [&[0x82, 0xff][..], &(16_u64 << 20).to_be_bytes(), &[1, 2, 3, 4], &[0; 10]].concat();
    let mut hosts: Vec<_> = (0..200).map(|_| open()).collect();
    let (_, _, peak, largest) = measured(|| hosts.iter_mut().for_each(|host| host.feed(&promise)));
    assert!(hosts.iter().all(|host| host.conn.failure().is_none()));
    assert!(peak <= 200 * 64 && largest <= 64, "{peak}, {largest}");
    for arrived in [1, 1000, 100_000, 700_000] {
        let mut host = open();
        let (_, held, _, largest) = measured(|| {
            host.feed(&promise[..14]);
            (0..arrived / 50).for_each(|_| host.feed(&[0; 50]));
            host.feed(&vec![0; arrived % 50]);
        });
        let bound = 2 * arrived + 64;
        assert!(held as usize <= bound && largest <= bound, "{arrived}: {held}, {largest}");
    }
}

/// CVE-2026-48779, CVE-2026-12151 and CVE-2026-65623: many small fragments.
#[test]
fn fragments_cost_their_octets_alone() {
    for payload in [&b""[..], b"x"] {
        let mut host = open();
        host.feed(&frame(0x02, b""));
        let fragment = frame(0x00, payload);
        let (_, _, peak, _) = measured(|| (0..100_000).for_each(|_| host.feed(&fragment)));
        let bound = 2 * 100_000 * payload.len() + (64 << 10);
        assert!(peak as usize <= bound, "{peak}");
        host.feed(&frame(0x80, b""));
        assert_eq!(host.seen.last().unwrap().payload.len(), 100_000 * payload.len());
    }
    let mut host = open();
    host.feed(&frame(0x02, b""));
    let fragment = frame(0x00, b"");
    (0..131_071).for_each(|_| host.feed(&fragment));
    assert_eq!(host.conn.failure(), None);
    host.feed(&fragment);
    assert_eq!(host.conn.failure(), Some(Failure::TooManyFragments));
}

#[test]
fn work_is_linear() {
    let fragments = |count: usize| {
        let wire = frame(0x00, b"x").repeat(count);
        let mut host = open();
        host.feed(&frame(0x02, b""));
        seconds(|| host.feed(&wire))
    };
    let (few, many) = (best(|| fragments(10_000)), best(|| fragments(100_000)));
    assert!(many <= 15.0 * few + 0.01, "{few} s for 10,000, {many} s for 100,000");

    // CVE-2023-43669: a head that is parsed again at each octet.
    let padding = "y".repeat(16_384 - REQUEST.len() - "X: \r\n".len());
    let head = REQUEST.replacen("\r\n", &format!("\r\nX: {padding}\r\n"), 1);
    assert_eq!(head.len(), 16_384);
    let pieces = |step: usize| {
        best(|| {
            let mut host = Host::new(Config::default(), 1);
            let time = seconds(|| head.as_bytes().chunks(step).for_each(|piece| host.feed(piece)));
            assert!(host.conn.request().is_some());
            time
        })
    };
    let (octets, blocks) = (pieces(1), pieces(64));
    assert!(octets <= 100.0 * blocks + 0.05, "{octets} s by octets, {blocks} s by 64");
}

/// CVE-2026-11586: pings without reading. RFC 6455 5.5.3 lets us skip all but
/// the newest.
#[test]
fn pings_without_reading_are_bounded_and_the_newest_is_answered() {
    let mut host = open();
    let (_, _, peak, _) = measured(|| {
        for n in 0..100_000_u32 {
            host.feed(&frame(0x89, &n.to_be_bytes()));
            host.seen.clear();
        }
    });
    assert!(peak < 32 << 10, "{peak}");
    assert!(host.conn.output_size() <= 16 * (2 + 125), "{}", host.conn.output_size());
    host.take_output();
    host.take_output();
    let first_ones: Vec<_> = (0..15_u32).flat_map(|n| reply(0x8a, &n.to_be_bytes())).collect();
    let newest = reply(0x8a, &99_999_u32.to_be_bytes());
    assert_eq!(host.output, [first_ones, newest].concat());
    host.output.clear();
    for n in 0..10_u8 {
        host.feed(&frame(0x89, &[n]));
    }
    host.take_output();
    let all: Vec<_> = (0..10_u8).flat_map(|n| reply(0x8a, &[n])).collect();
    assert_eq!(host.output, all, "a burst of ten is answered in full (Autobahn 2.10)");
}

/// Only pongs that wait count: who takes the output gets every one.
#[test]
fn pings_of_a_peer_that_reads_are_all_answered() {
    let mut host = open();
    for n in 0..1000_u32 {
        host.feed(&frame(0x89, &n.to_be_bytes()));
        host.take_output();
        assert_eq!(host.output, reply(0x8a, &n.to_be_bytes()), "ping {n}");
        host.output.clear();
        host.seen.clear();
    }
}

/// CVE-2021-3690, coder 129d303: pongs that nobody asked for.
#[test]
fn unsolicited_pongs_change_nothing() {
    let mut host = open();
    let (_, held, ..) = measured(|| {
        for _ in 0..10_000 {
            host.feed(&frame(0x8a, b"pong"));
            host.seen.clear();
        }
        host.seen = Vec::new();
    });
    assert_eq!((held, host.conn.output_size(), host.conn.state()), (0, 0, State::Open));
}

/// engine d90f481: recursion for every message that is pipelined.
#[test]
fn a_million_frames_in_one_call_need_no_stack() {
    let wire = frame(0x82, b"").repeat(1_000_000);
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
        let mut host = Host::open(Config::default(), 64);
        let mut input = wire;
        let mut at = 0;
        let mut counter = Counter(0, 0);
        while at < input.len() {
            counter.1 = 0;
            at += host.conn.recv(&mut input[at..], &mut counter).unwrap();
        }
        counter.0
    });
    assert_eq!(thread.unwrap().join().unwrap(), 1_000_000);
}

/// Events in all, and in this list.
struct Counter(usize, usize);

impl wsabi::conn::Sink for Counter {
    fn is_full(&self) -> bool {
        self.1 == 64
    }

    fn push(&mut self, _: wsabi::conn::Event<'_>) {
        self.0 += 1;
        self.1 += 1;
    }
}

/// CVE-2024-37890, CVE-2026-28980: heads that never end.
#[test]
fn a_head_that_never_ends_is_bounded() {
    let line: &[u8] = b"X-Filler: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n";
    for piece in [line, b"\r\n", b"y"] {
        let mut host = Host::new(Config::default(), 1);
        host.feed(b"GET / HTTP/1.1\r\n");
        if piece == b"\r\n" {
            host = Host::new(Config::default(), 1);
        }
        let (_, _, peak, _) = measured(|| {
            for _ in 0..20_000 {
                host.feed(piece);
            }
        });
        assert!(peak < 64 << 10, "{peak}");
        let failure = host.conn.failure();
        let want = [Refusal::HeadTooLong, Refusal::TooManyHeaders].map(Failure::Handshake);
        assert!(failure.is_some_and(|failure| want.contains(&failure)), "{failure:?}");
    }
}

/// RFC 6455 7.1.7: after a failure the Close goes out once, and nothing of what
/// the peer sends is looked at or answered.
#[test]
fn after_a_failure_nothing_is_read_and_nothing_more_sent() {
    let mut host = open().echoing();
    host.feed(&frame(0xc1, b"x"));
    host.take_output();
    let close = std::mem::take(&mut host.output);
    assert_eq!(close[..4], [0x88, close.len() as u8 - 2, 0x03, 0xea]);
    for wire in [frame(0x81, b"x"), frame(0x89, b""), frame(0x88, b""), vec![0xff; 100]] {
        host.feed(&wire);
        host.take_output();
        let lingers = Interest { read: true, shutdown_write: true, ..Interest::default() };
        assert_eq!(host.conn.interest(), lingers);
    }
    assert_eq!((host.seen.len(), host.output.len()), (1, 0));
    assert_eq!(host.conn.send_text("x"), Err(SendError::State));
    assert_eq!(host.conn.close(1000, ""), Err(SendError::State));
    host.eof();
    assert_eq!(host.conn.interest(), Interest { close: true, ..Interest::default() });
}

#[test]
fn the_closing_handshake_from_either_side() {
    let closes = Interest { close: true, ..Interest::default() };
    let mut host = open();
    host.conn.send_text("before").unwrap();
    host.conn.close(4001, "bye").unwrap();
    assert_eq!(host.conn.send_text("behind"), Err(SendError::State));
    assert_eq!(host.conn.close(1000, ""), Err(SendError::State));
    host.feed(&[frame(0x81, b"still read"), frame(0x89, b"p")].concat());
    host.take_output();
    assert_eq!(host.conn.interest(), Interest { read: true, ..Interest::default() });
    host.feed(&frame(0x88, &[0x0f, 0xa1]));
    host.take_output();
    assert_eq!(host.output, [reply(0x81, b"before"), reply(0x88, b"\x0f\xa1bye")].concat());
    let kinds: Vec<_> = host.seen.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Text, EventKind::Ping, EventKind::Close]);
    assert_eq!((host.conn.interest(), host.conn.close_code()), (closes, 4001));

    let mut host = open();
    host.feed(&frame(0x88, &[0x03, 0xe8]));
    assert_eq!(host.conn.state(), State::Open, "the application may still answer");
    host.conn.send_text("last words").unwrap();
    let writes = Interest { write: true, ..Interest::default() };
    assert_eq!(host.conn.interest(), writes);
    host.take_output();
    assert_eq!(host.output, [reply(0x81, b"last words"), reply(0x88, &[0x03, 0xe8])].concat());
    assert_eq!(host.conn.interest(), closes);

    let mut host = open();
    host.feed(&frame(0x88, &[0x03, 0xe8]));
    host.conn.close(4000, "mine").unwrap();
    host.take_output();
    assert_eq!(host.output, reply(0x88, b"\x0f\xa0mine"), "one Close: the application's");
}

#[test]
fn what_a_close_may_not_say() {
    let mut host = open();
    for code in [1, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
        assert_eq!(host.conn.close(code, ""), Err(SendError::Argument), "{code}");
    }
    assert_eq!(host.conn.close(0, "a reason without a code"), Err(SendError::Argument));
    assert_eq!(host.conn.close(1000, &"r".repeat(124)), Err(SendError::Argument));
    assert_eq!(host.conn.send_ping(&[0; 126]), Err(SendError::Argument));
    assert_eq!(host.conn.send_pong(&[0; 126]), Err(SendError::Argument));
    assert_eq!((host.conn.output_size(), host.conn.state()), (0, State::Open));
    host.conn.close(0, "").unwrap();
    host.take_output();
    assert_eq!(host.output, [0x88, 0]);
}

#[test]
fn an_abrupt_end_keeps_what_was_to_be_sent() {
    let mut host = open();
    host.conn.send_binary(b"on its way").unwrap();
    host.eof();
    host.eof();
    let kinds: Vec<_> = host.seen.iter().map(|event| (event.kind, event.code)).collect();
    assert_eq!(kinds, [(EventKind::Closed, 1006)]);
    assert_eq!(host.conn.interest(), Interest { write: true, ..Interest::default() });
    host.take_output();
    assert_eq!(host.conn.interest(), Interest { close: true, ..Interest::default() });
}

/// CVE-2024-23672, RUSTSEC-2020-0043: a peer that sends and never reads.
#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    let mut host = open().echoing();
    let message = frame(0x82, &[7; 10_000]);
    let mut messages = 0;
    while host.conn.interest().read {
        host.feed(&message);
        host.seen.clear();
        messages += 1;
        assert!(messages < 100);
    }
    assert!(host.conn.output_size() < (256 << 10) + message.len());
    host.take_output();
    assert!(host.conn.interest().read);

    let mut config = Config::default();
    config.set(OptionKey::MaxOutput, 10_000).unwrap();
    let mut host = Host::open(config, 1);
    host.conn.send_binary(&[0; 9_000]).unwrap();
    assert_eq!(host.conn.send_binary(&[0; 1_000]), Err(SendError::Limit));
    assert_eq!(host.conn.output_size(), 9_004, "nothing changed");
    host.conn.close(1000, "").unwrap();
}

/// uWebSockets 143db30: partial writes at every octet give the same octets.
#[test]
fn output_may_be_taken_in_any_pieces() {
    let send = |step: usize| {
        let mut host = open();
        let mut output = Vec::new();
        for size in [0, 1, 125, 126, 5000, 70_000, 3] {
            host.conn.send_binary(&vec![size as u8; size]).unwrap();
            let some = host.conn.output().next().unwrap().to_vec();
            let len = some.len().min(step / 2 + 1);
            output.extend_from_slice(&some[..len]);
            host.conn.output_consumed(len).unwrap();
        }
        assert!(host.conn.output_consumed(host.conn.output_size() + 1).is_err());
        while host.conn.output_size() > 0 {
            let runs: Vec<u8> = host.conn.output().flatten().copied().collect();
            assert_eq!(runs.len(), host.conn.output_size());
            let len = runs.len().min(step);
            output.extend_from_slice(&runs[..len]);
            host.conn.output_consumed(len).unwrap();
        }
        output
    };
    let whole = send(1 << 20);
    assert_eq!(whole.len(), 2 + 3 + 127 + 130 + 5004 + 70_010 + 5);
    for step in [7, 100, 1000, 4096, 65_536] {
        assert_eq!(send(step), whole, "{step} at a time");
    }
}

/// CVE-2021-42340: what an incomplete closing handshake leaves behind.
#[test]
fn ten_thousand_connections_leave_nothing() {
    let config = Arc::new(Config::default());
    let (_, held, ..) = measured(|| {
        for n in 0..10_000 {
            let mut conn = Connection::server(Arc::clone(&config));
            let mut counter = Counter(0, 0);
            let mut wire = REQUEST.as_bytes().to_vec();
            let cut = n % (wire.len() + 1);
            let _ = conn.recv(&mut wire[..cut], &mut counter);
            if n % 3 == 0 {
                conn.recv_eof(&mut counter);
            }
            let _ = conn.accept(None, &Answer::default());
            let _ = conn.recv(&mut frame(0x88, &[]), &mut counter);
            conn.interest();
        }
    });
    assert_eq!((held, Arc::strong_count(&config)), (0, 1));
}
