//! Messages in fragments and in pieces, lent, taken and prepared; marks on the
//! output; what is counted and told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use support::{Host, Seen, frame, noise};
use wsabi::conn::{
    Compression, Config, Connection, EventKind, Failure, Lent, Loan, Manner, Marks, MessageKind,
    OptionKey, Prepared, Role, SendError, State,
};

const MORE: Manner = Manner { more: true, compression: Compression::Auto };
const LAST: Manner = Manner { more: false, compression: Compression::Auto };
const TAKEOVER: &[(OptionKey, u64)] =
    &[(OptionKey::ServerNoContextTakeover, 0), (OptionKey::ClientNoContextTakeover, 0)];

fn config(options: &[(OptionKey, u64)]) -> Arc<Config> {
    let mut config = Config::default();
    for &(key, value) in options {
        config.set(key, value).unwrap();
    }
    Arc::new(config)
}

fn open(role: Role, options: &[(OptionKey, u64)]) -> Host {
    Host::of(Connection::open(config(options), role, None).unwrap(), 64)
}

/// A client and a server that are open, with compression if both have it.
fn pair(options: &[(OptionKey, u64)]) -> (Host, Host) {
    let config = config(&[options, &[(OptionKey::AutoAccept, 1)]].concat());
    let ask = wsabi::handshake::Ask { host: b"example.com", target: b"/", ..Default::default() };
    let mut client = Host::of(Connection::client(Arc::clone(&config), &ask).unwrap(), 64);
    let mut server = Host::of(Connection::server(config), 64);
    carry(&mut client, &mut server);
    carry(&mut server, &mut client);
    assert_eq!((client.conn.state(), server.conn.state()), (State::Open, State::Open));
    client.seen.clear();
    server.seen.clear();
    (client, server)
}

/// What one side has to send is received by the other.
fn carry(from: &mut Host, to: &mut Host) {
    from.take_output();
    let octets = std::mem::take(&mut from.output);
    to.feed(&octets);
    drain(to);
}

/// What waits in the connection is listed.
fn drain(host: &mut Host) {
    while host.conn.interest().recv {
        host.feed(&[]);
    }
}

/// The messages that pieces make.
fn joined(pieces: &[Seen]) -> Vec<(EventKind, Vec<u8>)> {
    let mut messages: Vec<(EventKind, Vec<u8>)> = Vec::new();
    let mut is_open = false;
    for piece in pieces.iter().filter(|p| matches!(p.kind, EventKind::Text | EventKind::Binary)) {
        assert_eq!(is_open, piece.marks & Marks::FIRST == 0, "FIRST begins each message, once");
        match is_open {
            false => messages.push((piece.kind, piece.payload.clone())),
            true => messages.last_mut().unwrap().1.extend(&piece.payload),
        }
        assert_eq!(messages.last().unwrap().0, piece.kind);
        is_open = piece.marks & Marks::LAST == 0;
        assert!(!is_open || !piece.payload.is_empty(), "an empty piece ends a message");
    }
    messages
}

// ---- Fragments ----

#[test]
fn section_5_4_fragments_are_sent() {
    let mut host = open(Role::Server, &[]);
    host.conn.send(MessageKind::Text, b"Hel", MORE).unwrap();
    assert_eq!(host.conn.send_text("other"), Err(SendError::State));
    assert_eq!(host.conn.send_binary(b"other"), Err(SendError::State));
    assert_eq!(host.conn.send(MessageKind::Binary, b"", LAST), Err(SendError::Argument));
    host.conn.send_ping(b"p").unwrap();
    host.conn.send(MessageKind::Text, b"", MORE).unwrap();
    host.conn.send(MessageKind::Text, b"lo", LAST).unwrap();
    host.conn.send_text("x").unwrap();
    host.take_output();
    assert_eq!(
        host.output,
        [&[0x01, 3][..], b"Hel", &[0x89, 1], b"p", &[0x00, 0], &[0x80, 2], b"lo", &[0x81, 1], b"x"]
            .concat()
    );
}

#[test]
fn text_in_fragments_is_checked_across_them() {
    let euro = "€".as_bytes();
    let mut host = open(Role::Server, &[]);
    host.conn.send(MessageKind::Text, &euro[..1], MORE).unwrap();
    let before = host.conn.output_size();
    for bad in [&b"a"[..], &[0xff], &euro[..2]] {
        assert_eq!(host.conn.send(MessageKind::Text, bad, MORE), Err(SendError::Argument));
    }
    assert_eq!(
        host.conn.send(MessageKind::Text, &euro[1..2], LAST),
        Err(SendError::Argument),
        "it ends inside a character"
    );
    assert_eq!(host.conn.output_size(), before, "nothing changed");
    host.conn.send(MessageKind::Text, &euro[1..], LAST).unwrap();
    assert_eq!(host.conn.send(MessageKind::Text, &[0xff], LAST), Err(SendError::Argument));
}

#[test]
fn a_close_may_come_inside_a_message() {
    let mut host = open(Role::Server, &[]);
    host.conn.send(MessageKind::Binary, b"a", MORE).unwrap();
    host.conn.close(1001, "").unwrap();
    assert_eq!(host.conn.send(MessageKind::Binary, b"a", LAST), Err(SendError::State));
}

#[cfg(feature = "deflate")]
#[test]
fn fragments_are_compressed_as_one_message() {
    let parts: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        "abc€".repeat(500).into_bytes(),
        b"".to_vec(),
        noise(3000).iter().map(|octet| octet & 0x7f).collect(),
        b"".to_vec(),
        "abc€".repeat(900).into_bytes(),
    ];
    for options in [&[][..], TAKEOVER] {
        for count in 1..=parts.len() {
            for kind in [MessageKind::Text, MessageKind::Binary] {
                let (mut client, mut server) = pair(options);
                for _ in 0..3 {
                    for (n, part) in parts[..count].iter().enumerate() {
                        let manner = Manner { more: n + 1 < count, ..LAST };
                        server.conn.send(kind, part, manner).unwrap();
                        client.conn.send(kind, part, manner).unwrap();
                        server.conn.send_ping(b"between").unwrap();
                    }
                    server.conn.send_text(&"abc€".repeat(80)).unwrap();
                }
                carry(&mut server, &mut client);
                carry(&mut client, &mut server);
                let messages = |host: &mut Host| -> Vec<Seen> {
                    let seen = host.seen.drain(..);
                    seen.filter(|s| matches!(s.kind, EventKind::Text | EventKind::Binary)).collect()
                };
                let got = messages(&mut client);
                assert_eq!(got.len(), 6);
                for pair in got.chunks(2) {
                    assert_eq!(pair[0].payload, parts[..count].concat());
                    assert_eq!(pair[0].marks & Marks::COMPRESSED != 0, count > 1);
                    assert_eq!(pair[1].payload, "abc€".repeat(80).as_bytes());
                }
                let got = messages(&mut server);
                assert!(got.iter().all(|seen| seen.payload == parts[..count].concat()));
            }
        }
    }
}

#[cfg(feature = "deflate")]
#[test]
fn each_message_says_whether_it_is_compressed() {
    for options in [&[][..], TAKEOVER] {
        let (mut client, mut server) = pair(options);
        let large = "text ".repeat(200);
        for (payload, compression, want) in [
            ("tiny", Compression::Auto, false),
            ("tiny", Compression::Always, true),
            ("", Compression::Always, true),
            (&large, Compression::Auto, true),
            (&large, Compression::Never, false),
            (&large, Compression::Always, true),
        ] {
            for more in [false, true] {
                let manner = Manner { more, compression };
                server.conn.send(MessageKind::Text, payload.as_bytes(), manner).unwrap();
                if more {
                    server.conn.send(MessageKind::Text, b"end", LAST).unwrap();
                }
                carry(&mut server, &mut client);
                let seen = client.seen.pop().unwrap();
                let is_compressed = seen.marks & Marks::COMPRESSED != 0;
                let want = want || more && compression == Compression::Auto;
                assert_eq!(is_compressed, want, "{compression:?} {more} {}", payload.len());
                assert_eq!(seen.payload.len(), payload.len() + if more { 3 } else { 0 });
            }
        }
    }
}

// ---- Pieces ----

#[test]
fn pieces_are_listed_as_they_arrive() {
    let options = [(OptionKey::MessagePieces, 1)];
    let mut host = open(Role::Server, &options);
    host.feed(&frame(0x81, b"whole"));
    assert_eq!(host.seen[0].marks, Marks::FIRST | Marks::LAST);
    let wire = frame(0x82, b"0123456789");
    host.feed(&wire[..8]);
    host.feed(&wire[8..10]);
    host.feed(&wire[10..]);
    let pieces: Vec<_> = host.seen[1..].iter().map(|s| (s.marks, &*s.payload)).collect();
    assert_eq!(
        pieces,
        [(Marks::FIRST, &b"01"[..]), (0, b"23"), (Marks::LAST, b"456789")],
        "what arrived of it, where it arrived"
    );
    host.seen.clear();
    host.feed(&[frame(0x01, b""), frame(0x00, b"a"), frame(0x89, b"p"), frame(0x80, b"")].concat());
    let pieces: Vec<_> = host.seen.iter().map(|s| (s.kind, s.marks, &*s.payload)).collect();
    assert_eq!(
        pieces,
        [
            (EventKind::Text, Marks::FIRST, &b"a"[..]),
            (EventKind::Ping, 0, b"p"),
            (EventKind::Text, Marks::LAST, b"")
        ]
    );
}

#[test]
fn pieces_are_the_message_at_every_split() {
    let options = [(OptionKey::MessagePieces, 1)];
    let wire = [
        frame(0x01, "Käse €".as_bytes()),
        frame(0x8a, b""),
        frame(0x00, b""),
        frame(0x80, "𝄞 end".as_bytes()),
        frame(0x82, &[]),
        frame(0x82, &[9; 300]),
    ]
    .concat();
    let text = "Käse €𝄞 end".as_bytes().to_vec();
    let want = [
        (EventKind::Text, text),
        (EventKind::Binary, Vec::new()),
        (EventKind::Binary, vec![9; 300]),
    ];
    for cut in 0..=wire.len() {
        let mut host = open(Role::Server, &options);
        host.feed(&wire[..cut]);
        host.feed(&wire[cut..]);
        assert_eq!(joined(&host.seen), want, "cut at {cut}");
    }
    let mut host = open(Role::Server, &options);
    wire.chunks(1).for_each(|octet| host.feed(octet));
    assert_eq!(joined(&host.seen), want);
}

#[test]
fn limits_and_text_hold_in_pieces() {
    let options = [(OptionKey::MessagePieces, 1), (OptionKey::MaxMessageSize, 10)];
    for (wire, failure) in [
        ([frame(0x02, &[0; 6]), frame(0x80, &[0; 4])].concat(), None),
        ([frame(0x02, &[0; 6]), frame(0x80, &[0; 5])].concat(), Some(Failure::MessageTooBig)),
        ([frame(0x01, &[0xe2]), frame(0x80, b"a")].concat(), Some(Failure::BadUtf8)),
        ([frame(0x01, &[0xe2]), frame(0x80, b"")].concat(), Some(Failure::BadUtf8)),
    ] {
        for step in [1, 2, 1000] {
            let mut host = open(Role::Server, &options);
            wire.chunks(step).for_each(|part| host.feed(part));
            assert_eq!(host.conn.failure(), failure);
        }
    }
}

#[cfg(feature = "deflate")]
#[test]
fn a_compressed_message_passes_in_pieces_at_any_size() {
    let large: Vec<u8> = [noise(300_000), vec![b'x'; 2_000_000], noise(100)].concat();
    for options in [&[][..], TAKEOVER] {
        let (mut client, mut server) = pair(&[options, &[(OptionKey::MessagePieces, 1)]].concat());
        for _ in 0..2 {
            let always = Manner { compression: Compression::Always, more: false };
            server.conn.send(MessageKind::Binary, &large, always).unwrap();
            server.conn.send(MessageKind::Text, b"behind", always).unwrap();
        }
        carry(&mut server, &mut client);
        let longest = client.seen.iter().map(|seen| seen.payload.len()).max().unwrap();
        assert!(longest <= 128 << 10, "{longest}");
        let messages = joined(&client.seen);
        assert_eq!(messages.len(), 4);
        assert!(messages[0].1 == large && messages[2].1 == large);
        assert_eq!(messages[3], (EventKind::Text, b"behind".to_vec()));
        assert!(client.seen.iter().all(|seen| seen.marks & Marks::COMPRESSED != 0));
    }
}

/// As above, cut anywhere; and with a stream that ends inside the message.
#[cfg(feature = "deflate")]
#[test]
fn compressed_pieces_at_splits() {
    let payload = noise(200).repeat(700);
    let (_, mut server) = pair(&[]);
    server.conn.send_binary(&payload).unwrap();
    server.conn.send_text(&"t".repeat(300)).unwrap();
    server.take_output();
    let wire = std::mem::take(&mut server.output);
    let options = [(OptionKey::MessagePieces, 1)];
    for step in [1, 2, 3, 7, 50, 333, 4096] {
        let (mut client, _) = pair(&options);
        for part in wire.chunks(step) {
            client.feed(part);
            drain(&mut client);
        }
        let messages = joined(&client.seen);
        assert_eq!(messages.len(), 2, "{step}");
        assert!(messages[0].1 == payload && messages[1].1 == "t".repeat(300).as_bytes());
    }
}

/// RFC 7692 7.2.3.2 and 7.2.3.4: a stream that is begun anew refers to messages,
/// and not to a control frame that spans reads.
#[cfg(feature = "deflate")]
#[test]
fn a_control_frame_is_no_history() {
    let (mut client, _) = pair(&[TAKEOVER, &[(OptionKey::MessagePieces, 1)]].concat());
    client.feed(b"\xc1\x07\xf3\x48\xcd\xc9\xc9\x07\x00");
    client.feed(b"\x89\x03p");
    client.feed(b"pp");
    client.feed(b"\xc1\x05\xf2\x00\x11\x00\x00");
    let hello = || (EventKind::Text, b"Hello".to_vec());
    assert_eq!(joined(&client.seen), [hello(), hello()]);
}

#[cfg(feature = "deflate")]
#[test]
fn the_limit_of_a_message_holds_over_its_pieces() {
    for (len, fails) in [(1_000_000, false), (1_000_001, true)] {
        let options = [(OptionKey::MessagePieces, 1), (OptionKey::MaxMessageSize, 1_000_000)];
        let (mut client, _) = pair(&options);
        let (_, mut server) = pair(&[]);
        server.conn.send_binary(&vec![0; len]).unwrap();
        carry(&mut server, &mut client);
        assert_eq!(client.conn.failure() == Some(Failure::MessageTooBig), fails);
    }
}

// ---- Lent, prepared, taken ----

struct Counted(Vec<u8>, Arc<AtomicUsize>, bool);

impl Loan for Counted {
    fn octets(&self) -> &[u8] {
        &self.0
    }

    fn decline(&mut self) {
        self.2 = false;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(usize::from(self.2), Ordering::Relaxed);
    }
}

fn lent(payload: &[u8], released: &Arc<AtomicUsize>) -> Lent {
    Lent::new(Box::new(Counted(payload.to_vec(), Arc::clone(released), true)))
}

#[test]
fn what_is_lent_is_released_once_when_it_was_sent() {
    let payload = noise(10_000);
    let released = Arc::new(AtomicUsize::new(0));
    let count = || released.load(Ordering::Relaxed);
    let want = {
        let mut host = open(Role::Server, &[]);
        host.conn.send_text("a").unwrap();
        host.conn.send_binary(&payload).unwrap();
        host.conn.send_binary(&payload).unwrap();
        host.conn.send_text("b").unwrap();
        host.take_output();
        host.output
    };
    for step in [1, 3, 1000, 9_999, 100_000] {
        released.store(0, Ordering::Relaxed);
        let mut host = open(Role::Server, &[]);
        host.conn.send_text("a").unwrap();
        for _ in 0..2 {
            host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), LAST).unwrap();
        }
        host.conn.send_text("b").unwrap();
        assert_eq!((count(), host.conn.output_size()), (0, want.len()));
        let mut wire: Vec<u8> = Vec::new();
        while host.conn.output_size() > 0 {
            let all: Vec<u8> = host.conn.output().flatten().copied().collect();
            assert_eq!([&wire[..], &all].concat(), want, "the queue is always all that is left");
            let len = step.min(all.len());
            wire.extend(&all[..len]);
            host.conn.output_consumed(len).unwrap();
            let ends = [3 + 4 + 10_000, 3 + 2 * 10_004];
            assert_eq!(count(), ends.iter().filter(|end| wire.len() >= **end).count());
            if step == 1 && wire.len() == 20 {
                // The rest at once; one by one it takes long.
                let rest = host.conn.output_size();
                wire.extend(&all[1..]);
                host.conn.output_consumed(rest).unwrap();
            }
        }
        assert_eq!((wire == want, count()), (true, 2));
    }
}

#[test]
fn what_is_lent_is_released_on_every_other_path() {
    let payload = noise(10_000);
    let released = Arc::new(AtomicUsize::new(0));
    let count = || released.swap(0, Ordering::Relaxed);
    // Freed before it was written.
    let mut host = open(Role::Server, &[]);
    host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), LAST).unwrap();
    host.conn.output_consumed(5000).unwrap();
    assert_eq!(count(), 0);
    drop(host);
    assert_eq!(count(), 1);
    // Copied at once: few octets, a client, compressed.
    let mut host = open(Role::Server, &[]);
    host.conn.send_lent(MessageKind::Binary, lent(&payload[..2047], &released), LAST).unwrap();
    assert_eq!(count(), 1);
    let mut host = open(Role::Client, &[]);
    host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), LAST).unwrap();
    assert_eq!(count(), 1);
    // Failed and closed: the queue is still written.
    let mut host = open(Role::Server, &[]);
    host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), LAST).unwrap();
    host.feed(&[0x81, 0x00]);
    host.take_output();
    assert_eq!((count(), host.conn.failure()), (1, Some(Failure::Unmasked)));
    // Not taken.
    let mut host = open(Role::Server, &[(OptionKey::MaxOutput, 10_100)]);
    host.conn.send_binary(&[0; 500]).unwrap();
    let (error, lent_back) =
        host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), LAST).unwrap_err();
    assert_eq!((error, lent_back.octets() == payload), (SendError::Limit, true));
    lent_back.decline();
    assert_eq!(count(), 0);
    let (error, _) =
        host.conn.send_lent(MessageKind::Text, lent(&[0xff; 3000], &released), LAST).unwrap_err();
    assert_eq!(error, SendError::Argument);
}

#[test]
fn fragments_can_be_lent() {
    let payload = noise(5_000);
    let released = Arc::new(AtomicUsize::new(0));
    let mut host = open(Role::Server, &[]);
    host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), MORE).unwrap();
    host.conn.send_lent(MessageKind::Binary, lent(&payload, &released), LAST).unwrap();
    host.take_output();
    assert_eq!(released.load(Ordering::Relaxed), 2);
    assert_eq!((host.output[0], host.output[5_004]), (0x02, 0x80));
}

#[test]
fn a_prepared_message_is_what_each_connection_would_send() {
    for payload in ["short".to_owned(), "a bit longer. ".repeat(60), "long! ".repeat(2000)] {
        for options in [&[][..], TAKEOVER, &[(OptionKey::Deflate, 0)]] {
            let options = if cfg!(feature = "deflate") { options } else { &[] };
            let message =
                Prepared::new(&config(options), MessageKind::Text, payload.as_bytes()).unwrap();
            let (mut client, mut server) = pair(options);
            let released = Arc::new(AtomicUsize::new(0));
            for host in [&mut client, &mut server] {
                host.conn.send_text("before").unwrap();
                host.conn.send_prepared(&message).unwrap();
                host.conn.send_text(&payload).unwrap();
                host.conn.send_prepared(&message).unwrap();
                host.conn.send_lent(MessageKind::Text, lent(b"behind", &released), LAST).unwrap();
            }
            // The octets are the connections' too.
            drop(message);
            carry(&mut client, &mut server);
            carry(&mut server, &mut client);
            for host in [&client, &server] {
                let texts: Vec<_> = host.seen.iter().map(|seen| &*seen.payload).collect();
                let p = payload.as_bytes();
                assert_eq!(texts, [b"before", p, p, p, b"behind"]);
                assert_eq!(host.seen[1].marks, host.seen[2].marks);
            }
        }
    }
    let config = Config::default();
    let bad = Prepared::new(&config, MessageKind::Text, &[0xff]).unwrap_err();
    assert_eq!(bad, SendError::Argument);
    let message = Prepared::new(&config, MessageKind::Binary, &[0xff; 2000]).unwrap();
    let mut host = open(Role::Server, &[(OptionKey::MaxOutput, 2100)]);
    host.conn.send(MessageKind::Text, b"", MORE).unwrap();
    assert_eq!(host.conn.send_prepared(&message), Err(SendError::State));
    host.conn.send(MessageKind::Text, b"", LAST).unwrap();
    host.conn.send_prepared(&message).unwrap();
    assert_eq!(host.conn.send_prepared(&message), Err(SendError::Limit));
}

/// Section 7.1.2.1 of RFC 7692: a window smaller than the one it was prepared with.
#[cfg(feature = "deflate")]
#[test]
fn a_prepared_message_for_a_small_window() {
    let far = [noise(600), vec![0; 3000], noise(600)].concat();
    let message = Prepared::new(&config(&[]), MessageKind::Binary, &far).unwrap();
    let small = [(OptionKey::ServerMaxWindowBits, 9)];
    let (mut client, mut server) = pair(&small);
    server.conn.send_prepared(&message).unwrap();
    server.take_output();
    let mut alone = pair(&small).1;
    alone.conn.send_binary(&far).unwrap();
    alone.take_output();
    assert_eq!(server.output, alone.output, "compressed anew, for that window");
    client.feed(&server.output);
    assert_eq!(client.seen[0].payload, far);
}

#[test]
fn a_large_message_lands_in_its_place_and_can_be_taken() {
    let payload: Vec<u8> = noise(1_000_000).iter().map(|octet| octet & 0x7f).collect();
    for (b0, kind) in [(0x82, EventKind::Binary), (0x81, EventKind::Text)] {
        for step in [1_000, 65_536, 10_000_000] {
            let mut host = open(Role::Server, &[]);
            let wire = [frame(b0, &payload), frame(0x81, b"behind")].concat();
            let mut at = 0;
            let mut appended = 0;
            while at < wire.len() {
                let (octets, is_appended) = match host.conn.recv_space() {
                    Some((block, room)) => {
                        assert!(room > 0 && block.capacity() - block.len() >= room);
                        let most = 2 * at + (64 << 10);
                        assert!(block.capacity() <= most, "twice what arrived");
                        let len = room.min(step).min(wire.len() - at);
                        block.extend_from_slice(&wire[at..at + len]);
                        (len, true)
                    }
                    None => (step.min(20_000).min(wire.len() - at), false),
                };
                if is_appended {
                    appended += octets;
                    host.appended(octets).unwrap();
                } else {
                    host.feed(&wire[at..at + octets]);
                }
                if host.seen.len() == 1 && at + octets < wire.len() - 10 {
                    let taken = host.conn.take_message(host.last).unwrap();
                    assert!(taken == payload);
                    assert_eq!(host.conn.take_message(host.last), None);
                }
                at += octets;
            }
            assert_eq!(host.seen.len(), 2);
            assert_eq!(host.seen[0].kind, kind);
            assert!(host.seen[0].payload == payload);
            assert_eq!(host.seen[1].payload, b"behind");
            assert!(appended > 900_000, "{appended}");
        }
    }
}

#[test]
fn space_is_given_back_or_lost() {
    let mut host = open(Role::Server, &[]);
    assert!(host.conn.recv_space().is_none(), "nothing arrives");
    assert_eq!(host.appended(0), Err(SendError::State));
    let wire = frame(0x82, &[0; 100_000]);
    host.feed(&wire[..50_000]);
    let (_, room) = host.conn.recv_space().unwrap();
    assert_eq!(host.appended(room + 1), Err(SendError::Argument));
    assert_eq!(host.appended(0), Ok(()));
    assert_eq!(host.appended(0), Err(SendError::State), "once");
    host.conn.recv_space().unwrap();
    host.conn.interest();
    assert_eq!(host.appended(0), Err(SendError::State), "not behind another call");
    host.feed(&wire[50_000..]);
    assert_eq!(host.seen[0].payload, [0; 100_000]);
    // Bad text is found where it lands.
    let mut wire = frame(0x81, &[b'a'; 100_000]);
    let last = wire.len() - 10_000;
    wire[last] ^= 0x80;
    let mut host = open(Role::Server, &[]);
    host.feed(&wire[..60_000]);
    let (block, room) = host.conn.recv_space().unwrap();
    let len = room.min(wire.len() - 60_000);
    block.extend_from_slice(&wire[60_000..60_000 + len]);
    host.appended(len).unwrap();
    assert_eq!(host.conn.failure(), Some(Failure::BadUtf8));
}

// ---- The end of the stream ----

/// Wherever the stream ends, that is told once, and what was lent is given back.
#[test]
fn an_abrupt_end_at_every_octet() {
    let wire = [
        frame(0x01, "hé".as_bytes()),
        frame(0x89, b"p"),
        frame(0x80, b"llo"),
        frame(0x82, &[1; 200]),
        frame(0x88, &1001_u16.to_be_bytes()),
    ]
    .concat();
    let released = Arc::new(AtomicUsize::new(0));
    for cut in 0..=wire.len() {
        for in_pieces in [0, 1] {
            let mut host = open(Role::Server, &[(OptionKey::MessagePieces, in_pieces)]);
            host.conn.send_lent(MessageKind::Binary, lent(&[7; 5000], &released), LAST).unwrap();
            host.conn.send(MessageKind::Text, b"never ends", MORE).unwrap();
            host.feed(&wire[..cut]);
            host.eof();
            host.eof();
            let ends = host.seen.iter().filter(|seen| seen.kind == EventKind::Closed);
            let codes: Vec<_> = ends.map(|seen| seen.code).collect();
            assert_eq!(codes, [if cut == wire.len() { 1001 } else { 1006 }], "cut at {cut}");
            assert_eq!(host.conn.send_text("late"), Err(SendError::State));
            assert_eq!(host.conn.state(), State::Closed);
            // What was queued may still be written: the peer may have ended its side alone.
            assert!(host.conn.interest().write);
            host.take_output();
            assert!(host.conn.interest().close);
            assert_eq!(released.swap(0, Ordering::Relaxed), 1);
        }
    }
}

// ---- Marks on the output ----

#[test]
fn reading_pauses_between_the_marks_and_drained_is_told() {
    let options = [(OptionKey::OutputHighMark, 1000), (OptionKey::OutputLowMark, 400)];
    let mut host = open(Role::Server, &options);
    host.conn.send_binary(&[0; 900]).unwrap();
    assert!(host.conn.interest().read);
    host.conn.send_binary(&[0; 90]).unwrap();
    assert!(host.conn.output_size() < 1000 && host.conn.interest().read);
    host.conn.send_binary(&[0; 90]).unwrap();
    let over = host.conn.output_size();
    assert!(!host.conn.interest().read);
    host.conn.output_consumed(over - 401).unwrap();
    let interest = host.conn.interest();
    assert!(!interest.read && !interest.recv && interest.write, "not before the low mark");
    host.conn.output_consumed(1).unwrap();
    let interest = host.conn.interest();
    assert!(interest.read && interest.recv);
    host.feed(&[]);
    assert_eq!(host.seen.iter().map(|seen| seen.kind).collect::<Vec<_>>(), [EventKind::Drained]);
    assert!(!host.conn.interest().recv, "once");
    host.conn.output_consumed(400).unwrap();
    assert!(!host.conn.interest().recv);
    // A burst that is written at once was at the mark too.
    host.conn.send_binary(&[0; 2000]).unwrap();
    host.take_output();
    assert!(host.conn.interest().recv);
}

#[test]
fn a_send_that_was_refused_is_told_when_to_come_back() {
    let mut host = open(Role::Server, &[(OptionKey::MaxOutput, 100_000)]);
    host.conn.send_binary(&[0; 70_000]).unwrap();
    assert_eq!(host.conn.send_binary(&[0; 70_000]), Err(SendError::Limit));
    host.take_output();
    assert!(host.conn.interest().recv);
    host.feed(&[]);
    assert_eq!(host.seen[0].kind, EventKind::Drained);
    host.conn.send_binary(&[0; 70_000]).unwrap();
    // After the end nothing is told.
    host.conn.close(1000, "").unwrap();
    host.take_output();
    assert!(!host.conn.interest().recv);
}

#[test]
fn drained_waits_until_there_is_room_again() {
    // The low mark counts as the high one.
    let mut host = open(Role::Server, &[(OptionKey::OutputHighMark, 1000)]);
    host.conn.send_binary(&[0; 1500]).unwrap();
    host.conn.output_consumed(host.conn.output_size() - 1000).unwrap();
    let interest = host.conn.interest();
    assert!(!interest.read && !interest.recv);
    host.conn.output_consumed(1).unwrap();
    let interest = host.conn.interest();
    assert!(interest.read && interest.recv);
}

#[test]
fn drained_is_told_of_open_connections_alone() {
    let drained = || {
        let mut host = open(Role::Server, &[(OptionKey::OutputHighMark, 1000)]);
        host.conn.send_binary(&[0; 1500]).unwrap();
        host.take_output();
        host
    };
    let mut host = drained();
    host.conn.close(1000, "").unwrap();
    assert!(!host.conn.interest().recv);
    host.feed(&[]);
    assert_eq!(host.seen, []);
    let mut host = drained();
    host.eof();
    host.feed(&[]);
    assert_eq!(host.seen.iter().map(|seen| seen.kind).collect::<Vec<_>>(), [EventKind::Closed]);
}

/// The list is full with DRAINED: what came before the decision is not lost.
#[test]
fn drained_takes_the_place_of_no_message() {
    let mut config = Config::default();
    config.set(OptionKey::OutputHighMark, 1).unwrap();
    let mut host = Host::new(config, 1);
    host.feed(&[support::REQUEST.as_bytes(), &frame(0x81, b"kept")].concat());
    host.conn.accept(None, &wsabi::handshake::Answer::default()).unwrap();
    host.take_output();
    assert!(host.conn.interest().recv);
    host.feed(&[]);
    let kinds: Vec<_> = host.seen.iter().map(|seen| seen.kind).collect();
    assert_eq!(kinds, [EventKind::Request, EventKind::Drained, EventKind::Text]);
}

// ---- Counted and told ----

#[test]
fn what_goes_in_and_out_is_counted() {
    let (mut client, mut server) = pair(&[(OptionKey::Counters, 1)]);
    assert_eq!(pair(&[]).0.conn.counts(), None);
    let large = "count me ".repeat(500);
    client.conn.send_text("a").unwrap();
    client.conn.send(MessageKind::Text, large.as_bytes(), MORE).unwrap();
    client.conn.send_ping(b"").unwrap();
    client.conn.send(MessageKind::Text, b"end", LAST).unwrap();
    client.conn.send_binary(&large.as_bytes()[..300]).unwrap();
    carry(&mut client, &mut server);
    carry(&mut server, &mut client);
    let (sent, got) = (client.conn.counts().unwrap(), server.conn.counts().unwrap());
    assert_eq!(sent.sent, got.received);
    assert_eq!(sent.received, got.sent);
    let there = got.received;
    assert_eq!((there.frames, there.messages, there.pings), (5, 3, 1));
    assert_eq!((got.sent.frames, got.sent.messages), (1, 0), "the pong");
    assert!(there.octets > 100);
    assert_eq!(there.compressed > 0, cfg!(feature = "deflate"));
    assert!(there.compressed < there.octets);
}

#[test]
fn a_trace_tells_everything_but_payloads() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut host = open(Role::Server, &[]);
    let log = Arc::clone(&lines);
    host.conn.set_trace(Some(Box::new(move |line| log.lock().unwrap().push(line.to_owned()))));
    host.feed(&[frame(0x01, b"secret"), frame(0x80, b"secret"), frame(0x89, b"secret")].concat());
    host.conn.send_text("secret").unwrap();
    host.feed(&[0x83, 0x80]);
    host.conn.interest();
    let told = std::mem::take(&mut *lines.lock().unwrap());
    assert_eq!(
        told,
        [
            "in Text more 6",
            "in Continuation 6",
            "in Ping 6",
            "out Pong 6",
            "out Text 6",
            "failed RFC 6455 5.2: the opcode is reserved",
            "out Close 38",
            "state Closing"
        ]
    );
    host.conn.set_trace(None);
    host.eof();
    assert!(lines.lock().unwrap().is_empty());
    assert_eq!(host.conn.counts(), None);
}
