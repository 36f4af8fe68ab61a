//! Deadlines with a clock that is made up: every verdict comes at its millisecond.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use support::{Host, frame, reply};
use wsabi::conn::{Config, Connection, EventKind, Failure, OptionKey, Role, State};
use wsabi::handshake::{Answer, Ask, Fault, Refusal};

const NEVER: u64 = u64::MAX;
/// The clock's origin is the host's.
const START: u64 = 1_000_000;

fn config(options: &[(OptionKey, u64)]) -> Config {
    let mut config = Config::default();
    for &(key, value) in options {
        config.set(key, value).unwrap();
    }
    config
}

fn host(role: Role, options: &[(OptionKey, u64)]) -> Host {
    let config = Arc::new(config(options));
    let conn = match role {
        Role::Server => Connection::server(config),
        Role::Client => {
            let ask = Ask { host: b"example.com", target: b"/", ..Ask::default() };
            Connection::client(config, &ask).unwrap()
        }
    };
    Host::of(conn, 64)
}

/// A connection whose wait begins at `START`.
fn opened(role: Role, options: &[(OptionKey, u64)]) -> Host {
    let mut host = Host::of(Connection::open(Arc::new(config(options)), role, None).unwrap(), 64);
    let waits = host.conn.deadline();
    assert!(waits == 0 || waits == NEVER, "the wait has not begun");
    host.at(START);
    host
}

fn kinds(host: &mut Host) -> Vec<EventKind> {
    host.seen.drain(..).map(|event| event.kind).collect()
}

#[test]
fn a_request_has_its_time() {
    for said in ["", "GET / HTTP/1.1\r\nHo"] {
        let mut host = host(Role::Server, &[]);
        host.at(START);
        host.feed(said.as_bytes());
        assert_eq!(host.conn.deadline(), START + 10_000);
        for now in [START, START + 9_999] {
            host.at(now);
        }
        assert!(host.seen.is_empty());
        host.at(START + 10_000);
        assert_eq!((host.seen[0].kind, host.seen[0].code), (EventKind::Failed, 408));
        assert_eq!(host.conn.failure(), Some(Failure::Handshake(Refusal::Timeout)));
        host.take_output();
        let answer = String::from_utf8(host.output.clone()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
        // Whoever does not hang up then is hung up on.
        assert!(host.conn.interest().shutdown_write);
        assert_eq!(host.conn.deadline(), 0, "the peer took octets: when?");
        host.at(START + 10_000);
        assert_eq!(host.conn.deadline(), START + 20_000);
        host.at(START + 19_999);
        assert!(!host.conn.interest().close);
        host.at(START + 20_000);
        assert!(host.conn.interest().close);
        assert_eq!(kinds(&mut host), [EventKind::Failed, EventKind::Closed]);
        assert_eq!((host.conn.deadline(), host.conn.close_code()), (NEVER, 1006));
    }
}

#[test]
fn a_decision_takes_the_application_as_long_as_it_likes() {
    let mut host = host(Role::Server, &[]);
    host.at(START);
    host.feed(support::REQUEST.as_bytes());
    assert_eq!(host.conn.deadline(), NEVER);
    host.at(START + 1_000_000);
    assert_eq!(kinds(&mut host), [EventKind::Request]);
    host.conn.accept(None, &Answer::default()).unwrap();
    assert_eq!(host.conn.deadline(), NEVER, "an open connection has no limit by default");
    host.at(NEVER);
    assert_eq!(host.conn.state(), State::Open);
}

#[test]
fn a_response_has_its_time() {
    let mut host = host(Role::Client, &[(OptionKey::OpeningTimeout, 7)]);
    host.take_output();
    host.at(START);
    host.feed(b"HTTP/1.1 101 Swit");
    host.at(START + 6);
    assert!(host.seen.is_empty());
    host.at(START + 7);
    assert_eq!(host.conn.failure(), Some(Failure::Response(Fault::Timeout)));
    assert_eq!((host.seen[0].kind, host.seen[0].code), (EventKind::Failed, 1006));
    assert!(host.conn.interest().close);
}

#[test]
fn the_end_has_its_time() {
    for role in [Role::Server, Role::Client] {
        let mut host = opened(role, &[(OptionKey::ClosingTimeout, 50)]);
        assert_eq!(host.conn.deadline(), NEVER);
        host.conn.close(1000, "").unwrap();
        assert_eq!(host.conn.deadline(), 0);
        host.take_output();
        host.at(START + 5);
        // A message behind our Close changes nothing.
        host.feed(&if role == Role::Server { frame(0x81, b"a") } else { reply(0x81, b"a") });
        host.at(START + 54);
        assert_eq!(kinds(&mut host), [EventKind::Text]);
        host.at(START + 55);
        assert_eq!(kinds(&mut host), [EventKind::Closed]);
        assert!(host.conn.interest().close);
        assert_eq!(host.conn.state(), State::Closed);
        host.at(START + 100);
        host.eof();
        assert_eq!(host.seen, [], "it is over once");
    }
}

/// A Close behind much that goes slowly.
#[test]
fn a_peer_that_takes_octets_has_more_time() {
    let mut host = opened(Role::Server, &[(OptionKey::ClosingTimeout, 50)]);
    host.conn.send_binary(&[0; 1000]).unwrap();
    host.conn.close(1000, "").unwrap();
    host.at(START);
    for n in 1..=5 {
        host.conn.output_consumed(100).unwrap();
        // What it sends does not count: it could do so for ever.
        host.feed(&frame(0x8a, b""));
        host.at(START + 40 * n);
        assert_eq!(host.conn.deadline(), START + 40 * n + 50);
    }
    host.feed(&frame(0x8a, b""));
    host.at(START + 249);
    assert!(!host.conn.interest().close);
    host.at(START + 250);
    assert_eq!(host.seen.last().unwrap().kind, EventKind::Closed);
    assert!(host.conn.interest().close, "it does not wait for what the peer does not take");
    assert_eq!((host.conn.output_size(), host.conn.deadline()), (0, NEVER));
}

/// Output may follow the end of the peer's octets, but not wait for ever.
#[test]
fn a_peer_that_ended_takes_what_waits() {
    let mut host = opened(Role::Server, &[(OptionKey::ClosingTimeout, 50)]);
    host.conn.send_binary(&[0; 1000]).unwrap();
    host.eof();
    assert_eq!(kinds(&mut host), [EventKind::Closed]);
    host.at(START);
    assert_eq!(host.conn.deadline(), START + 50);
    host.conn.output_consumed(500).unwrap();
    host.at(START + 40);
    host.at(START + 89);
    let interest = host.conn.interest();
    assert!(interest.write && !interest.close);
    host.at(START + 90);
    assert!(host.conn.interest().close);
    assert!(host.seen.is_empty(), "CLOSED is listed once");
    assert_eq!(host.conn.deadline(), NEVER);
}

/// The client waits for the server to close TCP (7.1.1), but not for ever.
#[test]
fn a_server_that_does_not_close() {
    let mut host = opened(Role::Client, &[]);
    host.feed(&reply(0x88, &1000_u16.to_be_bytes()));
    host.take_output();
    host.at(START);
    let interest = host.conn.interest();
    assert!(interest.read && !interest.close);
    host.at(START + 9_999);
    assert!(!host.conn.interest().close);
    host.at(START + 10_000);
    assert!(host.conn.interest().close);
    assert_eq!(host.conn.close_code(), 1000, "the closing handshake was whole");
}

#[test]
fn pings_go_out_and_their_time_is_taken() {
    for role in [Role::Server, Role::Client] {
        let options = [(OptionKey::PingInterval, 100), (OptionKey::PongTimeout, 30)];
        let mut host = opened(role, &options);
        assert_eq!((host.conn.deadline(), host.conn.round_trip()), (START + 100, None));
        host.at(START + 99);
        assert_eq!(host.conn.output_size(), 0);
        host.at(START + 100);
        assert_eq!(host.conn.deadline(), START + 130);
        let now = (START + 100).to_be_bytes();
        let pong = match role {
            Role::Server => frame(0x8a, &now),
            Role::Client => reply(0x8a, &now),
        };
        host.take_output();
        assert_eq!(host.output[0], 0x89);
        // A pong to something else counts as a sign of life alone.
        let mut other = pong.clone();
        *other.last_mut().unwrap() ^= 1;
        host.at(START + 110);
        host.feed(&other);
        host.at(START + 111);
        assert_eq!((host.conn.round_trip(), host.conn.deadline()), (None, START + 141));
        host.feed(&pong);
        assert_eq!(host.conn.deadline(), 0, "the time is wanted");
        host.at(START + 117);
        assert_eq!(host.conn.round_trip(), Some(17));
        // Late and twice: nothing.
        host.feed(&pong);
        host.at(START + 150);
        assert_eq!((host.conn.round_trip(), host.conn.deadline()), (Some(17), START + 200));
        assert_eq!(kinds(&mut host), [EventKind::Pong; 3]);
    }
}

#[test]
fn a_dead_peer_is_found() {
    let options = [(OptionKey::PingInterval, 100), (OptionKey::PongTimeout, 30)];
    let mut host = opened(Role::Server, &options);
    host.at(START + 100);
    host.at(START + 129);
    assert!(host.seen.is_empty());
    host.at(START + 130);
    assert_eq!((host.seen[0].kind, host.seen[0].code), (EventKind::Failed, 1011));
    assert_eq!(host.conn.failure(), Some(Failure::PongTimeout));
    host.take_output();
    host.at(START + 130);
    assert_eq!(host.output[10], 0x88);
    assert_eq!(&host.output[12..14], &1011_u16.to_be_bytes());
    assert_eq!(host.conn.deadline(), START + 10_130);
}

/// A peer in the middle of a large message cannot answer a ping.
#[test]
fn any_octet_is_a_sign_of_life() {
    let options = [(OptionKey::PingInterval, 100), (OptionKey::PongTimeout, 30)];
    let mut host = opened(Role::Server, &options);
    let large = frame(0x82, &[0; 1000]);
    host.at(START + 100);
    for (n, octet) in large.iter().enumerate().take(500) {
        host.feed(&[*octet]);
        host.at(START + 100 + 20 * n as u64);
    }
    assert!(host.seen.is_empty());
    host.at(START + 100 + 20 * 499 + 29);
    assert!(host.seen.is_empty());
    host.at(START + 100 + 20 * 499 + 30);
    assert_eq!(host.conn.failure(), Some(Failure::PongTimeout));
}

#[test]
fn an_idle_connection_is_ended() {
    let mut host = opened(Role::Server, &[(OptionKey::IdleTimeout, 60)]);
    host.at(START + 59);
    host.feed(&frame(0x81, b"a"));
    host.at(START + 60);
    assert_eq!(host.conn.deadline(), START + 120);
    // What we send is no sign of the peer's.
    host.conn.send_text("b").unwrap();
    host.at(START + 119);
    assert_eq!(kinds(&mut host), [EventKind::Text]);
    host.at(START + 120);
    assert_eq!((host.seen[0].kind, host.seen[0].code), (EventKind::Failed, 1001));
    assert_eq!(host.conn.failure(), Some(Failure::IdleTimeout));
}

/// A host that tells the time only when it is due errs to the peer's advantage.
#[test]
fn a_host_that_tells_the_time_rarely() {
    let mut host = opened(Role::Server, &[(OptionKey::IdleTimeout, 60)]);
    host.feed(&frame(0x81, b"a"));
    assert_eq!(host.conn.deadline(), START + 60);
    host.at(START + 75);
    assert_eq!(host.conn.deadline(), START + 135);
    host.at(START + 200);
    assert_eq!(host.conn.failure(), Some(Failure::IdleTimeout));
}

#[test]
fn calls_that_nobody_needs_do_no_harm() {
    let all = [
        (OptionKey::PingInterval, 10),
        (OptionKey::PongTimeout, 10),
        (OptionKey::IdleTimeout, 10),
        (OptionKey::OpeningTimeout, 10),
        (OptionKey::ClosingTimeout, 10),
    ];
    let mut host = opened(Role::Server, &all);
    // A clock that goes back, or jumps to the end of time.
    for now in [0, START - 1, START, START + 9, 0, START + 9] {
        host.at(now);
        assert!(host.seen.is_empty(), "{now}");
    }
    host.at(NEVER);
    assert_eq!(kinds(&mut host), [EventKind::Failed]);
    host.at(NEVER);
    host.at(0);
    let mut off = self::host(Role::Server, &all.map(|(key, _)| (key, 0)));
    for now in [0, 1, NEVER] {
        off.at(now);
        assert_eq!(off.conn.deadline(), NEVER);
    }
    assert!(off.seen.is_empty());
}

/// A ping that cannot be queued, as the peer does not read, is as good as sent.
#[test]
fn a_full_queue_gets_no_ping() {
    let options = [
        (OptionKey::PingInterval, 100),
        (OptionKey::PongTimeout, 30),
        (OptionKey::MaxOutput, 1024),
    ];
    let mut host = opened(Role::Server, &options);
    host.conn.send_binary(&[0; 1020]).unwrap();
    let size = host.conn.output_size();
    host.at(START + 100);
    assert_eq!(host.conn.output_size(), size);
    host.at(START + 130);
    assert_eq!(host.conn.failure(), Some(Failure::PongTimeout));
}
