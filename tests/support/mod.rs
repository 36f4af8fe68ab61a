//! What the tests of the core share: frames as a client sends them, and a
//! connection that is fed at any split.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::sync::Arc;

use wsabi::conn::{Config, Connection, DecisionError, Event, EventKind, Payload, SendError, Sink};
use wsabi::handshake::{Answer, RequestFields};
use wsabi::proto::{Header, Opcode, apply_mask};

pub const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// An event that owns its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub kind: EventKind,
    pub code: u16,
    pub marks: u8,
    pub payload: Vec<u8>,
}

/// A masked frame, as a client sends it.
pub fn frame(b0: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let header = Header {
        fin: b0 & 0x80 != 0,
        rsv: (b0 >> 4) & 7,
        opcode: Opcode::from_nibble(b0 & 0xf).unwrap(),
        mask: Some(key),
        payload_len: payload.len() as u64,
    };
    let (octets, len) = header.encode();
    let mut wire = octets[..len].to_vec();
    wire.extend_from_slice(payload);
    apply_mask(&mut wire[len..], key, 0);
    wire
}

/// An unmasked frame, as a server sends it.
pub fn reply(b0: u8, payload: &[u8]) -> Vec<u8> {
    let mut wire = frame(b0, payload);
    wire[1] &= 0x7f;
    let header = wire.len() - payload.len() - 4;
    wire.drain(header..header + 4);
    wire[header..].copy_from_slice(payload);
    wire
}

/// Octets that do not compress (xorshift).
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A connection and what was seen of it.
pub struct Host {
    pub conn: Connection,
    pub seen: Vec<Seen>,
    pub output: Vec<u8>,
    cap: usize,
    /// Sends every message back, before it receives on.
    echo: bool,
    /// Where the last payload lay that was in the connection.
    pub last: *const u8,
}

impl Host {
    pub fn new(config: Config, cap: usize) -> Self {
        Self::of(Connection::server(Arc::new(config)), cap)
    }

    pub fn of(conn: Connection, cap: usize) -> Self {
        Self {
            conn,
            seen: Vec::new(),
            output: Vec::new(),
            cap,
            echo: false,
            last: std::ptr::null(),
        }
    }

    /// An open connection, with nothing to be sent.
    pub fn open(config: Config, cap: usize) -> Self {
        let mut host = Self::new(config, cap);
        host.feed(REQUEST.as_bytes());
        host.conn.accept(None, &Answer::default()).unwrap();
        host.take_output();
        host.conn.interest();
        (host.seen, host.output) = (Vec::new(), Vec::new());
        host
    }

    pub fn echoing(mut self) -> Self {
        self.echo = true;
        self
    }

    /// One read: receives until the octets are used up, as a C host does.
    pub fn feed(&mut self, octets: &[u8]) {
        let mut input = octets.to_vec();
        let mut at = 0;
        loop {
            let mut list = List {
                seen: Vec::new(),
                room: self.cap,
                input: Vec::new(),
                last: std::ptr::null(),
            };
            let used = self.conn.recv(&mut input[at..], &mut list).unwrap();
            self.last = list.last;
            let listed = list.take(&input[at..]);
            assert!(used > 0 || !listed.is_empty() || at == input.len(), "no progress");
            at += used;
            let is_last = at == input.len() && listed.len() < self.cap;
            for event in listed {
                self.answer(&event);
                self.seen.push(event);
            }
            if is_last {
                return;
            }
        }
    }

    /// A request that somebody else parsed.
    pub fn request(&mut self, request: &RequestFields<'_>) -> Result<(), DecisionError> {
        let mut list =
            List { seen: Vec::new(), room: self.cap, input: Vec::new(), last: std::ptr::null() };
        self.conn.recv_request(request, &mut list)?;
        self.seen.extend(list.take(&[]));
        Ok(())
    }

    pub fn eof(&mut self) {
        let mut list =
            List { seen: Vec::new(), room: self.cap, input: Vec::new(), last: std::ptr::null() };
        self.conn.recv_eof(&mut list);
        self.seen.extend(list.take(&[]));
    }

    /// Octets were appended to the block of `recv_space`.
    pub fn appended(&mut self, len: usize) -> Result<(), SendError> {
        let mut list =
            List { seen: Vec::new(), room: self.cap, input: Vec::new(), last: std::ptr::null() };
        self.conn.recv_appended(len, &mut list)?;
        self.last = list.last;
        self.seen.extend(list.take(&[]));
        Ok(())
    }

    /// Says what time it is.
    pub fn at(&mut self, now: u64) {
        let mut list =
            List { seen: Vec::new(), room: self.cap, input: Vec::new(), last: std::ptr::null() };
        self.conn.handle_timeout(now, &mut list);
        self.seen.extend(list.take(&[]));
    }

    /// Writes everything, and moves it to `output`.
    pub fn take_output(&mut self) {
        let runs: Vec<u8> = self.conn.output().flatten().copied().collect();
        assert_eq!(runs.len(), self.conn.output_size());
        self.conn.output_consumed(runs.len()).unwrap();
        assert_eq!(self.conn.output_size(), 0);
        self.output.extend(runs);
    }

    fn answer(&mut self, event: &Seen) {
        let result = match event.kind {
            EventKind::Text if self.echo => {
                self.conn.send_text(std::str::from_utf8(&event.payload).unwrap())
            }
            EventKind::Binary if self.echo => self.conn.send_binary(&event.payload),
            _ => Ok(()),
        };
        result.unwrap();
    }
}

/// A list with room for some events.
struct List {
    seen: Vec<Seen>,
    room: usize,
    /// Index, offset and length of payloads in the input.
    input: Vec<(usize, usize, usize)>,
    last: *const u8,
}

impl List {
    fn take(mut self, input: &[u8]) -> Vec<Seen> {
        for (index, offset, len) in self.input {
            self.seen[index].payload = input[offset..offset + len].to_vec();
        }
        self.seen
    }
}

impl Sink for List {
    fn is_full(&self) -> bool {
        self.seen.len() == self.room
    }

    fn push(&mut self, event: Event<'_>) {
        assert!(!self.is_full(), "listed without room");
        let payload = match event.payload {
            Payload::Held(octets) => {
                self.last = octets.as_ptr();
                octets.to_vec()
            }
            Payload::Input { offset, len } => {
                self.input.push((self.seen.len(), offset, len));
                Vec::new()
            }
        };
        self.seen.push(Seen { kind: event.kind, code: event.code, marks: event.marks.0, payload });
    }
}
