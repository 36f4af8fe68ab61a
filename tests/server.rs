//! The embedded server and many clients on socketpairs, at random: whatever is
//! sent in whatever pieces, closed, dropped or freed at any time, with room for one
//! event a call or for many. A model knows what has to arrive, in both directions.
//!
//! It is driven through the C ABI, so that Miri sees every pointer that C is given:
//! `make miri`.
#![cfg(all(feature = "server", target_os = "linux"))]
#![allow(unsafe_code, reason = "the C ABI")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/src/abi.rs"]
mod abi;
#[path = "../fuzz/src/abi_server.rs"]
mod abi_server;
mod support;

use std::collections::HashMap;
use std::ffi::c_void;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
// For Miri a socketpair is no socket.
#[cfg(miri)]
use std::net::TcpStream as Stream;
use std::os::fd::OwnedFd;
#[cfg(not(miri))]
use std::os::unix::net::UnixStream as Stream;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use abi::*;
use abi_server::{STAGE_STOPPED, Server, ServerEvent};
use support::{REQUEST, frame};
use wsabi as _; // links the functions

/// Worlds, and steps in each. Miri takes few.
const WORLDS: u64 = if cfg!(miri) { 4 } else { 300 };
const STEPS: usize = if cfg!(miri) { 40 } else { 250 };
const LARGEST: usize = if cfg!(miri) { 3000 } else { 150_000 };

#[test]
fn a_payload_is_sent_on_from_where_it_lies_and_connections_are_freed() {
    let config = Config::new(&[
        (OPTION_AUTO_ACCEPT, 1),
        (OPTION_READ_SIZE, 8192),
        // Miri is slow.
        (OPTION_OPENING_TIMEOUT, 0),
        (OPTION_CLOSING_TIMEOUT, 0),
    ]);
    let mut server = Server::new(&config);
    let (mut one, first) = pair();
    let (mut two, second) = pair();
    // Both are read in one turn; of the first there is more than its events.
    let large: Vec<u8> = (0..2500).map(|i| i as u8).collect();
    let mut wire = REQUEST.as_bytes().to_vec();
    wire.extend(frame(0x82, &large));
    wire.extend(frame(0x81, b"small"));
    let ids = [server.adopt(second, REQUEST.as_bytes()), server.adopt(first, &wire)];
    let mut listed = Vec::new();
    while listed.len() < 4 {
        for event in server.poll(1000, 3) {
            // SAFETY: it was just listed.
            let payload = unsafe { copy(event.event.data, event.event.len) };
            listed.push((event.id, event.event.kind, payload));
            if event.event.kind == EVENT_BINARY {
                let (data, len) = (event.event.data.cast(), event.event.len);
                for id in ids {
                    let conn = server.conn(id).unwrap();
                    // SAFETY: both live, and so does the payload.
                    assert_eq!(unsafe { wsabi_conn_send_binary(conn, data, len) }, OK);
                }
            }
        }
    }
    let [quiet, busy] = ids;
    assert!(listed.contains(&(quiet, EVENT_OPEN, Vec::new())));
    listed.retain(|(id, ..)| *id == busy);
    let want =
        [(EVENT_OPEN, Vec::new()), (EVENT_BINARY, large.clone()), (EVENT_TEXT, b"small".to_vec())];
    assert_eq!(listed, want.map(|(kind, payload)| (busy, kind, payload)));
    assert!(server.poll(0, 3).is_empty());
    for socket in [&mut one, &mut two] {
        socket.set_nonblocking(false).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            socket.read_exact(&mut octet).unwrap();
            head.extend(octet);
        }
        let mut heard = vec![0; 4 + large.len()];
        socket.read_exact(&mut heard).unwrap();
        assert_eq!((&heard[..4], &heard[4..]), (&[0x82, 126, 0x09, 0xc4][..], &large[..]));
    }
    // One is freed by the application, the other goes by itself.
    // SAFETY: it lives, and is not used any more.
    unsafe { wsabi_conn_free(server.conn(quiet).unwrap()) };
    drop(one);
    let mut last = Vec::new();
    while last.is_empty() {
        last = server.poll(1000, 1);
    }
    assert_eq!((last[0].id, last[0].event.kind), (busy, EVENT_CLOSED));
    server.poll(0, 1);
    assert_eq!(server.count(), 0);
    assert_eq!(two.read(&mut [0]).unwrap(), 0);
}

#[test]
fn whatever_clients_and_the_application_do() {
    for seed in 1..=WORLDS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.finish();
    }
}

// ---- The model ----

/// A client, and what is known of its connection.
struct Client {
    /// `None` once it dropped its socket.
    socket: Option<Stream>,
    /// What it is going to write.
    wire: Vec<u8>,
    /// Messages that are in it, or were.
    said: Vec<(i32, Vec<u8>)>,
    /// Those that were listed.
    listed: usize,
    /// What the application sent it, and how far that was heard.
    told: Vec<(u8, Vec<u8>)>,
    heard: Vec<u8>,
    /// It begins no message any more: a Close is in `wire`, or it will be shut.
    is_done: bool,
    shuts: bool,
    /// The server's side of the connection.
    server: Side,
    /// Nothing is promised any more: one of both went without a word.
    is_cut: bool,
    /// The application rejected or closed it.
    is_left: bool,
}

/// What the application knows of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    /// Nothing was listed.
    Silent,
    /// Its request waits.
    Asked(*mut RawConn),
    Open(*mut RawConn),
    /// It was rejected, or is closing: nothing can be sent.
    Leaving(*mut RawConn),
    /// CLOSED was listed, or it was freed.
    Over,
}

struct World {
    random: Random,
    server: Server,
    clients: Vec<Client>,
    /// By name.
    places: HashMap<u64, usize>,
    auto: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let auto = random.one_in(2);
        let config = Config::new(&[
            (OPTION_AUTO_ACCEPT, u64::from(auto)),
            (OPTION_READ_SIZE, if random.one_in(2) { 4096 } else { 65536 }),
            (OPTION_OUTPUT_HIGH_MARK, if random.one_in(2) { 2000 } else { 1 << 18 }),
            (OPTION_OUTPUT_LOW_MARK, 1000),
            // Miri is slow.
            (OPTION_OPENING_TIMEOUT, 0),
            (OPTION_CLOSING_TIMEOUT, 0),
        ]);
        let server = Server::new(&config);
        Self { random, server, clients: Vec::new(), places: HashMap::new(), auto }
    }

    fn step(&mut self) {
        match self.random.below(12) {
            0 if self.clients.len() < 12 => self.connect(),
            1..=4 => self.clients_act(),
            5 => self.application_acts(),
            _ => {
                self.turn(0);
            }
        }
    }

    // ---- Clients ----

    fn connect(&mut self) {
        let (socket, other) = pair();
        // Not for Miri, whose sockets have the size they have.
        if !cfg!(miri) && self.random.one_in(2) {
            socket2::SockRef::from(&other).set_send_buffer_size(1 << 12).unwrap();
        }
        socket2::SockRef::from(&socket).set_nonblocking(true).unwrap();
        let mut wire = REQUEST.as_bytes().to_vec();
        let mut client = Client::new(socket);
        if self.random.one_in(2) {
            client.wire = wire;
            client.say(&mut self.random);
            client.say(&mut self.random);
            wire = std::mem::take(&mut client.wire);
        }
        let early = self.random.below(wire.len() + 1).min(60_000);
        client.wire = wire.split_off(early);
        let id = self.server.adopt(other, &wire);
        self.places.insert(id, self.clients.len());
        self.clients.push(client);
    }

    fn clients_act(&mut self) {
        let random = &mut self.random;
        for client in &mut self.clients {
            match random.below(20) {
                0..=5 => client.say(random),
                6..=11 => client.write(1 + random.below(LARGEST)),
                12..=13 => client.write(1 + random.below(10)),
                14..=16 => client.read(1 + random.below(LARGEST)),
                17 if random.one_in(4) => client.close(),
                18 if random.one_in(8) => client.is_shut(),
                19 if random.one_in(8) => client.vanish(),
                _ => {}
            }
        }
    }

    // ---- The application ----

    /// Does something with any connection, not only when it says something.
    fn application_acts(&mut self) {
        if self.clients.is_empty() {
            return;
        }
        let place = self.random.below(self.clients.len());
        match self.random.below(8) {
            0..=2 => self.decide(place),
            3..=5 => self.send(place),
            6 if self.random.one_in(3) => self.close(place),
            7 if self.random.one_in(6) => self.free(place),
            _ => {}
        }
    }

    fn decide(&mut self, place: usize) {
        let Side::Asked(conn) = self.clients[place].server else { return };
        // SAFETY: CLOSED was not listed: it lives.
        unsafe {
            if self.random.one_in(8) {
                let status = wsabi_conn_redirect(conn, 302, c"/".as_ptr(), 1);
                assert_eq!(status, OK);
                self.clients[place].server = Side::Leaving(conn);
                self.clients[place].is_left = true;
            } else {
                assert_eq!(wsabi_conn_accept(conn, std::ptr::null(), 0, std::ptr::null()), OK);
                self.clients[place].server = Side::Open(conn);
            }
        }
    }

    fn send(&mut self, place: usize) {
        let Side::Open(conn) = self.clients[place].server else { return };
        let payload = self.random.octets();
        let copy = Buffer::new(&payload);
        // SAFETY: as above; the range lives during the call.
        let status = unsafe { wsabi_conn_send_binary(conn, copy.at(0).cast(), copy.len()) };
        if status == OK {
            self.clients[place].told.push((0x82, payload));
        } else {
            // Its last event was listed, and says that it is over.
            assert_eq!(status, ERR_STATE);
        }
    }

    /// Sends what came to any connection, from where it lies.
    fn send_on(&mut self, event: &ServerEvent, payload: &[u8]) {
        let place = self.random.below(self.clients.len());
        let Side::Open(conn) = self.clients[place].server else { return };
        let (data, len) = (event.event.data.cast(), event.event.len);
        // SAFETY: both live until the next call of the server.
        let status = unsafe { wsabi_conn_send_binary(conn, data, len) };
        if status == OK {
            self.clients[place].told.push((0x82, payload.to_vec()));
        } else {
            assert_eq!(status, ERR_STATE);
        }
    }

    fn close(&mut self, place: usize) {
        let Side::Open(conn) = self.clients[place].server else { return };
        // SAFETY: as above.
        let status = unsafe { wsabi_conn_close(conn, 1000, std::ptr::null(), 0) };
        assert!(status == OK || status == ERR_STATE);
        self.clients[place].server = Side::Leaving(conn);
        self.clients[place].is_left = true;
    }

    fn free(&mut self, place: usize) {
        let client = &mut self.clients[place];
        let (Side::Asked(conn) | Side::Open(conn) | Side::Leaving(conn)) = client.server else {
            return;
        };
        // SAFETY: as above.
        unsafe { wsabi_conn_free(conn) }
        client.server = Side::Over;
        client.is_cut = true;
    }

    /// A call of the server, and what the application makes of its events.
    fn turn(&mut self, timeout: i64) -> bool {
        let cap = [1, 2, 3, 64][self.random.below(4)];
        let events = self.server.poll(timeout, cap);
        let copies: Vec<_> = events.iter().map(payload).collect();
        // Nothing comes behind CLOSED, nor of a connection that was freed.
        let is_there = |event: &ServerEvent| self.clients[self.places[&event.id]].server;
        assert!(events.iter().all(|event| is_there(event) != Side::Over));
        for (event, payload) in events.iter().zip(&copies) {
            self.take(event, payload);
            if self.random.one_in(3) {
                self.application_acts();
            }
        }
        // They are valid until the next call, whatever the application did.
        for (event, copy) in events.iter().zip(&copies) {
            assert_eq!(payload(event), *copy);
        }
        !events.is_empty()
    }

    fn take(&mut self, event: &ServerEvent, payload: &[u8]) {
        let place = self.places[&event.id];
        let client = &mut self.clients[place];
        if client.server == Side::Over && client.is_cut {
            // It was freed while the list was handled: what is listed was before.
            return;
        }
        assert_ne!(client.server, Side::Over, "something behind CLOSED");
        let data = std::ptr::without_provenance_mut::<c_void>(place + 1);
        let is_first = client.server == Side::Silent;
        assert_eq!(event.user_data, if is_first { null_mut() } else { data });
        match event.event.kind {
            EVENT_REQUEST | EVENT_OPEN => {
                assert!(is_first);
                // SAFETY: it lives.
                assert_eq!(unsafe { wsabi_conn_set_user_data(event.conn, data) }, OK);
                assert_eq!(event.event.kind == EVENT_OPEN, self.auto);
                let is_open = event.event.kind == EVENT_OPEN;
                client.server =
                    if is_open { Side::Open(event.conn) } else { Side::Asked(event.conn) };
                if self.random.one_in(2) {
                    self.decide(place);
                }
                return;
            }
            EVENT_TEXT | EVENT_BINARY => {
                let said = &client.said[client.listed];
                assert_eq!((event.event.kind, payload), (said.0, &said.1[..]));
                client.listed += 1;
                match self.random.below(3) {
                    0 => self.send(place),
                    1 => self.send_on(event, payload),
                    _ => {}
                }
                return;
            }
            EVENT_CLOSE => {
                assert!(client.is_done && !client.shuts);
                assert_eq!((event.event.code, payload), (1000, &b""[..]));
                client.server = Side::Leaving(event.conn);
            }
            EVENT_PONG => assert_eq!(payload, b"unasked"),
            EVENT_DRAINED => {}
            EVENT_CLOSED => client.server = Side::Over,
            kind => panic!("event {kind} of {place}"),
        }
        assert!(!is_first);
    }

    // ---- The end ----

    /// Everybody finishes what was begun and closes; nothing may be missing then.
    fn finish(&mut self) {
        let until = Instant::now() + Duration::from_secs(if cfg!(miri) { 600 } else { 30 });
        loop {
            for client in &mut self.clients {
                if !client.is_done {
                    client.close();
                }
                client.write(usize::MAX);
                client.read(usize::MAX);
            }
            for place in 0..self.clients.len() {
                self.decide(place);
            }
            let is_over = |client: &Client| client.server == Side::Over || client.is_mute();
            if !self.turn(1) && self.clients.iter().all(is_over) && self.server.count() == 0 {
                break;
            }
            assert!(Instant::now() < until, "{}", self.describe());
        }
        for client in &mut self.clients {
            client.read(usize::MAX);
            client.check();
        }
        let metrics = self.server.metrics();
        assert_eq!(metrics.accepted, self.clients.len() as u64);
        assert_eq!((metrics.connections, metrics.refused, metrics.failures), (0, 0, 0));
        self.server.shutdown(1001, 0);
        assert!(self.server.poll(-1, 1).is_empty());
        assert_eq!(self.server.stage(), STAGE_STOPPED);
    }

    fn describe(&self) -> String {
        let line = |c: &Client| {
            let (said, told, left) = (c.said.len(), c.told.len(), c.wire.len());
            let flags = (c.is_done, c.shuts, c.is_cut, c.socket.is_some());
            format!("{:?} {}/{said} {told} {left} {flags:?}\n", c.server, c.listed)
        };
        format!("{}\n{}", self.server.count(), self.clients.iter().map(line).collect::<String>())
    }
}

impl Client {
    fn new(socket: Stream) -> Self {
        Self {
            socket: Some(socket),
            wire: Vec::new(),
            said: Vec::new(),
            listed: 0,
            told: Vec::new(),
            heard: Vec::new(),
            is_done: false,
            shuts: false,
            server: Side::Silent,
            is_cut: false,
            is_left: false,
        }
    }

    /// Begins a message, in fragments at times.
    fn say(&mut self, random: &mut Random) {
        if self.is_done {
            return;
        }
        let payload = random.octets();
        let cut = random.below(payload.len() + 1);
        if random.one_in(3) {
            self.wire.extend(frame(0x02, &payload[..cut]));
            if random.one_in(2) {
                self.wire.extend(frame(0x8a, b"unasked"));
            }
            self.wire.extend(frame(0x80, &payload[cut..]));
        } else {
            self.wire.extend(frame(0x82, &payload));
        }
        self.said.push((EVENT_BINARY, payload));
    }

    fn close(&mut self) {
        if !self.is_done {
            self.is_done = true;
            self.wire.extend(frame(0x88, b"\x03\xe8"));
        }
    }

    /// It ends its side behind what is to be written, without a Close.
    fn is_shut(&mut self) {
        if !self.is_done {
            (self.is_done, self.shuts) = (true, true);
        }
    }

    fn vanish(&mut self) {
        (self.is_done, self.is_cut, self.socket) = (true, true, None);
    }

    fn write(&mut self, most: usize) {
        let Some(socket) = &mut self.socket else { return };
        let mut at = 0;
        while at < self.wire.len().min(most) {
            match socket.write(&self.wire[at..self.wire.len().min(most)]) {
                Ok(len) => at += len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // The server was rid of it: by a closing handshake of its own, a
                // redirect, or because it was freed.
                Err(_) => {
                    at = self.wire.len();
                    break;
                }
            }
        }
        self.wire.drain(..at);
        if self.shuts && self.wire.is_empty() {
            let _ = socket.shutdown(Shutdown::Write);
        }
    }

    fn read(&mut self, most: usize) {
        let Some(socket) = &mut self.socket else { return };
        let mut octets = [0; 4096];
        let mut left = most;
        while left > 0 {
            let room = left.min(octets.len());
            match socket.read(&mut octets[..room]) {
                // The server ended its side, and waits for ours.
                Ok(0) => {
                    self.is_done = true;
                    self.socket = None;
                    return;
                }
                Ok(len) => {
                    self.heard.extend_from_slice(&octets[..len]);
                    left -= len;
                }
                Err(_) => break,
            }
        }
    }

    /// It went before the server knew of it.
    fn is_mute(&self) -> bool {
        self.server == Side::Silent && self.is_done
    }

    /// What was heard is what was told, and what was said was listed.
    fn check(&self) {
        let mut rest = &self.heard[..];
        if let Some(end) = find(rest, b"\r\n\r\n") {
            let is_open = rest.starts_with(b"HTTP/1.1 101 ");
            assert!(is_open || rest.starts_with(b"HTTP/1.1 302 "));
            rest = &rest[end + 4..];
            if !is_open {
                assert!(self.listed == 0 && self.told.is_empty());
                return;
            }
        }
        let mut told = self.told.iter();
        let mut has_closed = false;
        while let Some((b0, payload, behind)) = parse(rest) {
            assert!(!has_closed, "a frame behind the Close");
            rest = behind;
            if b0 == 0x88 {
                has_closed = true;
                continue;
            }
            assert_eq!(told.next().map(|(b0, octets)| (*b0, &octets[..])), Some((b0, payload)));
        }
        if !self.is_cut {
            assert_eq!(told.len(), 0, "something was not heard");
            assert!(rest.is_empty() && !self.heard.is_empty());
            let is_listed = self.is_left || self.listed == self.said.len();
            assert!(is_listed, "{} of {} were listed", self.listed, self.said.len());
        }
    }
}

// ---- Octets ----

#[cfg(not(miri))]
fn pair() -> (Stream, OwnedFd) {
    let (socket, other) = Stream::pair().unwrap();
    (socket, other.into())
}

#[cfg(miri)]
fn pair() -> (Stream, OwnedFd) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = Stream::connect(listener.local_addr().unwrap()).unwrap();
    (socket, listener.accept().unwrap().0.into())
}

fn find(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|window| window == what)
}

/// The first frame, of a server.
fn parse(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&b0, &b1) = (octets.first()?, octets.get(1)?);
    let (len, head) = match b1 {
        126 => (usize::from(u16::from_be_bytes(octets.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(octets.get(2..10)?.try_into().ok()?) as usize, 10),
        len => (usize::from(len), 2),
    };
    let payload = octets.get(head..head + len)?;
    Some((b0, payload, &octets[head + len..]))
}

fn payload(event: &ServerEvent) -> Vec<u8> {
    // SAFETY: it is valid until the next call of the server.
    unsafe { copy(event.event.data, event.event.len) }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn octets(&mut self) -> Vec<u8> {
        let most = match self.below(10) {
            0 => LARGEST,
            1..=3 => LARGEST.min(20_000),
            4..=5 => 1000,
            _ => 20,
        };
        let (len, first) = (self.below(most + 1), self.below(256));
        (0..len).map(|i| (first + i * 7) as u8).collect()
    }
}
