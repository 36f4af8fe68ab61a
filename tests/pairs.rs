//! A client and a server talk to each other in memory, at random, with every option;
//! a model knows what must arrive.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use support::{Host, Seen, noise};
use wsabi::conn::{
    Compression, Config, Connection, EventKind, Lent, Loan, Manner, Marks, MessageKind, OptionKey,
    Prepared, SendError, State,
};
use wsabi::handshake::{Answer, Ask};

/// One thing that a side does.
#[derive(Clone, Debug)]
enum Step {
    /// A message: of what, how, in how many fragments.
    Send {
        kind: MessageKind,
        payload: Vec<u8>,
        way: Way,
        compression: Compression,
    },
    Ping(Vec<u8>),
    /// Octets on their way to the other side; all of them for `None`.
    Carry {
        most: Option<usize>,
        in_place: bool,
    },
    /// Milliseconds pass for both.
    Wait(u64),
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Whole,
    Fragments(usize),
    Lent,
    Prepared,
}

#[derive(Clone, Debug)]
struct Talk {
    client: Vec<(OptionKey, u64)>,
    server: Vec<(OptionKey, u64)>,
    caps: (usize, usize),
    /// Who acts: 0 is the client.
    steps: Vec<(usize, Step)>,
    /// Who closes, and with what.
    end: (usize, u16, String),
}

fn options() -> impl Strategy<Value = Vec<(OptionKey, u64)>> {
    let zero_or_one = 0..=1_u64;
    (
        (zero_or_one.clone(), zero_or_one.clone(), zero_or_one.clone(), zero_or_one),
        (8..=15_u64, 8..=15_u64, 1..=9_u64, 1..=9_u64),
        prop_oneof![Just(0_u64), Just(256), Just(10_000)],
        (0..=3_u64, prop_oneof![Just(0_u64), Just(40)]),
    )
        .prop_map(|(flags, levels, min_size, (deflate, ping))| {
            let mut options = vec![
                (OptionKey::MessagePieces, flags.0),
                (OptionKey::Counters, flags.1),
                (OptionKey::PingInterval, ping),
                (OptionKey::OutputHighMark, 20_000),
            ];
            if cfg!(feature = "deflate") {
                options.extend([
                    (OptionKey::Deflate, deflate.min(1)),
                    (OptionKey::ServerNoContextTakeover, flags.2),
                    (OptionKey::ClientNoContextTakeover, flags.3),
                    (OptionKey::ServerMaxWindowBits, levels.0),
                    (OptionKey::ClientMaxWindowBits, levels.1),
                    (OptionKey::DeflateLevel, levels.2),
                    (OptionKey::DeflateMemoryLevel, levels.3),
                    (OptionKey::DeflateMinSize, min_size),
                ]);
            }
            options
        })
}

fn payload() -> impl Strategy<Value = (MessageKind, Vec<u8>)> {
    prop_oneof![
        4 => ".{0,30}".prop_map(|text| (MessageKind::Text, text.into_bytes())),
        2 => (0..3000_usize).prop_map(|len| (MessageKind::Text, "wsabi ünd €𝄞 ".repeat(len / 10).into_bytes())),
        2 => (0..300_usize).prop_map(|len| (MessageKind::Binary, noise(len))),
        1 => (0..90_000_usize).prop_map(|len| (MessageKind::Binary, noise(len))),
        1 => (0..200_000_usize).prop_map(|len| (MessageKind::Binary, vec![7; len])),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let way = prop_oneof![
        3 => Just(Way::Whole),
        3 => (1..6_usize).prop_map(Way::Fragments),
        1 => Just(Way::Lent),
        1 => Just(Way::Prepared),
    ];
    let compression =
        prop_oneof![Just(Compression::Auto), Just(Compression::Always), Just(Compression::Never)];
    prop_oneof![
        6 => (payload(), way, compression).prop_map(|((kind, payload), way, compression)| {
            Step::Send { kind, payload, way, compression }
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..125).prop_map(Step::Ping),
        4 => (proptest::option::of(1..5000_usize), any::<bool>())
            .prop_map(|(most, in_place)| Step::Carry { most, in_place }),
        1 => (0..60_u64).prop_map(Step::Wait),
    ]
}

fn talk() -> impl Strategy<Value = Talk> {
    (
        options(),
        options(),
        (1..5_usize, 1..5_usize),
        proptest::collection::vec((0..2_usize, step()), 0..24),
        (0..2_usize, prop_oneof![Just(0_u16), Just(1000), Just(3456)], "[a-z]{0,9}"),
    )
        .prop_map(|(client, server, caps, steps, (who, code, reason))| {
            let reason = if code == 0 { String::new() } else { reason };
            Talk { client, server, caps, steps, end: (who, code, reason) }
        })
}

/// One end, and what it must see.
struct End {
    host: Host,
    config: Arc<Config>,
    /// Octets that it sent and that have not arrived.
    wire: VecDeque<u8>,
    expected: Vec<(EventKind, Vec<u8>)>,
    pinged: Vec<Vec<u8>>,
    lent: Arc<AtomicUsize>,
}

struct Counted(Vec<u8>, Arc<AtomicUsize>);

impl Loan for Counted {
    fn octets(&self) -> &[u8] {
        &self.0
    }

    fn decline(&mut self) {}
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

impl End {
    fn new(options: &[(OptionKey, u64)], cap: usize, is_client: bool) -> Self {
        let mut config = Config::default();
        for &(key, value) in options {
            config.set(key, value).unwrap();
        }
        let config = Arc::new(config);
        let conn = if is_client {
            let ask = Ask { host: b"example.com", target: b"/", ..Ask::default() };
            Connection::client(Arc::clone(&config), &ask).unwrap()
        } else {
            Connection::server(Arc::clone(&config))
        };
        Self {
            host: Host::of(conn, cap),
            config,
            wire: VecDeque::new(),
            expected: Vec::new(),
            pinged: Vec::new(),
            lent: Arc::default(),
        }
    }

    fn write(&mut self) {
        self.host.take_output();
        self.wire.extend(self.host.output.drain(..));
        assert_eq!(self.lent.load(Ordering::Relaxed), 0, "all was sent, so all is given back");
    }

    /// Sends; returns what the other end must see.
    fn send(&mut self, step: &Step) -> Option<(EventKind, Vec<u8>)> {
        let Step::Send { kind, payload, way, compression } = step else { return None };
        let conn = &mut self.host.conn;
        let whole = Manner { more: false, compression: *compression };
        match way {
            Way::Whole if *compression == Compression::Auto && *kind == MessageKind::Text => {
                conn.send_text(std::str::from_utf8(payload).unwrap())
            }
            Way::Whole => conn.send(*kind, payload, whole),
            Way::Fragments(count) => {
                let size = payload.len().div_ceil(*count).max(1);
                let mut parts: Vec<_> = payload.chunks(size).collect();
                parts.push(&[]);
                let last = parts.len() - 1;
                for (n, part) in parts.into_iter().enumerate() {
                    conn.send(*kind, part, Manner { more: n < last, ..whole }).unwrap();
                    if n < last {
                        assert_eq!(conn.send_binary(b"between"), Err(SendError::State));
                    }
                }
                Ok(())
            }
            Way::Lent => {
                self.lent.fetch_add(1, Ordering::Relaxed);
                let loan = Counted(payload.clone(), Arc::clone(&self.lent));
                conn.send_lent(*kind, Lent::new(Box::new(loan)), whole).map_err(|(error, _)| error)
            }
            Way::Prepared => {
                conn.send_prepared(&Prepared::new(&self.config, *kind, payload).unwrap())
            }
        }
        .unwrap();
        let kind = match kind {
            MessageKind::Text => EventKind::Text,
            MessageKind::Binary => EventKind::Binary,
        };
        Some((kind, payload.clone()))
    }

    /// Receives, into the place that it offers if it does.
    fn receive(&mut self, octets: &[u8], in_place: bool) {
        let mut rest = octets;
        while in_place && !rest.is_empty() {
            let Some((block, room)) = self.host.conn.recv_space() else { break };
            let (now, behind) = rest.split_at(room.min(rest.len()));
            block.extend_from_slice(now);
            self.host.appended(now.len()).unwrap();
            rest = behind;
        }
        self.host.feed(rest);
        while self.host.conn.interest().recv {
            self.host.feed(&[]);
        }
        if self.host.conn.request().is_some() {
            self.host.conn.accept(None, &Answer::default()).unwrap();
        }
    }

    /// The messages that it saw, whole.
    fn messages(&self) -> Vec<(EventKind, Vec<u8>)> {
        let in_pieces = self.config.get(OptionKey::MessagePieces) == 1;
        let mut messages: Vec<(EventKind, Vec<u8>)> = Vec::new();
        let mut is_open = false;
        for Seen { kind, marks, payload, .. } in &self.host.seen {
            if !matches!(kind, EventKind::Text | EventKind::Binary) {
                continue;
            }
            assert!(in_pieces || marks & (Marks::FIRST | Marks::LAST) == 0);
            assert!(!in_pieces || is_open == (marks & Marks::FIRST == 0));
            if is_open {
                messages.last_mut().unwrap().1.extend(payload);
            } else {
                messages.push((*kind, payload.clone()));
            }
            is_open = in_pieces && marks & Marks::LAST == 0;
        }
        assert!(!is_open);
        messages
    }

    fn saw(&self, kind: EventKind) -> Vec<&Seen> {
        self.host.seen.iter().filter(|seen| seen.kind == kind).collect()
    }
}

fn carry(ends: &mut [End; 2], from: usize, most: Option<usize>, in_place: bool) {
    ends[from].write();
    let len = most.unwrap_or(usize::MAX).min(ends[from].wire.len());
    let octets: Vec<u8> = ends[from].wire.drain(..len).collect();
    ends[1 - from].receive(&octets, in_place);
}

fn play(talk: &Talk) {
    let mut ends =
        [End::new(&talk.client, talk.caps.0, true), End::new(&talk.server, talk.caps.1, false)];
    let mut now = 0;
    carry(&mut ends, 0, None, false);
    carry(&mut ends, 1, None, false);
    for (who, step) in &talk.steps {
        match step {
            Step::Send { .. } => {
                let message = ends[*who].send(step);
                ends[1 - who].expected.extend(message);
            }
            Step::Ping(payload) => {
                ends[*who].host.conn.send_ping(payload).unwrap();
                ends[*who].pinged.push(payload.clone());
            }
            Step::Carry { most, in_place } => carry(&mut ends, *who, *most, *in_place),
            Step::Wait(time) => {
                now += time;
                ends.iter_mut().for_each(|end| end.host.at(now));
            }
        }
    }
    // Everything arrives, and every ping is answered.
    for who in [0, 1, 0, 1] {
        carry(&mut ends, who, None, false);
    }
    let (who, code, reason) = &talk.end;
    ends[*who].host.conn.close(*code, reason).unwrap();
    for who in [*who, 1 - who, *who] {
        carry(&mut ends, who, None, true);
    }
    for end in &mut ends {
        assert_eq!(end.host.conn.failure(), None);
        let messages = end.messages();
        assert_eq!(messages.len(), end.expected.len());
        assert!(messages == end.expected, "a message arrived as another");
        let pongs: Vec<_> = end.saw(EventKind::Pong).iter().map(|pong| &pong.payload).collect();
        for payload in end.pinged.iter().rev().take(1) {
            assert!(pongs.contains(&payload), "the newest ping is always answered");
        }
        assert!(end.pinged.len() > 15 || end.pinged.iter().all(|ping| pongs.contains(&ping)));
        let close = end.saw(EventKind::Close);
        assert_eq!(close.len(), 1);
        assert_eq!(close[0].code, if *code == 0 { 1005 } else { *code });
        assert_eq!(end.host.conn.state(), State::Closing);
        assert!(end.wire.is_empty());
    }
    // The server hangs up first, 7.1.1.
    assert!(ends[1].host.conn.interest().close);
    assert!(!ends[0].host.conn.interest().close);
    ends[0].host.eof();
    assert!(ends[0].host.conn.interest().close);
    let counts = ends.each_ref().map(|end| end.host.conn.counts());
    if let [Some(client), Some(server)] = counts {
        assert_eq!(client.sent, server.received);
        assert_eq!(server.sent, client.received);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_arrives(talk in talk()) {
        play(&talk);
    }
}
