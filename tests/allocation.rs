//! The n-th allocation fails, for every n, in conversations over the C ABI: a call
//! returns `WSABI_ERR_MEMORY` and may be repeated, or the connection fails for want
//! of memory. Nothing leaks. What ends the process instead is memory of a small and
//! fixed size, or listed in `ABORTS`.
//!
//! Memory that cannot be had and is not asked for with care ends the process, so
//! each conversation runs in a process of its own, which goes on behind the
//! allocation that ended the one before.
#![allow(unsafe_code, reason = "the C ABI, and an allocator")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/src/abi.rs"]
mod abi;
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::c_void;
use std::fmt::Write as _;
use std::process::Command;
use std::ptr::{null, null_mut};

use abi::*;
use support::{REQUEST, frame, noise, reply};
use wsabi as _; // links the functions

const ERR_INTERNAL: Status = -99;

/// Failures that say that there was no memory.
const OUT_OF_MEMORY: [i32; 3] = [125, 166, 217];

// ---- What may end the process ----

/// Octets of the largest thing of a fixed size. Messages, heads and bodies here are
/// larger, and so are the pieces that they arrive in.
const FIXED: usize = 512;

/// Functions that ask for more, and for how much at most.
const ABORTS: &[(&str, usize)] = &[
    // As many fields as `WSABI_OPTION_MAX_HEADERS` lets through.
    ("wsabi::handshake::head::Head::parse", 100 * 32),
    // The window of a peer that refers to earlier messages.
    ("wsabi::deflate::inflater::remember", 32 << 10),
    // For tools: as much as the capture takes.
    ("wsabi::explain::", usize::MAX),
];

// ---- The allocator ----

/// Fails the n-th allocation that the library makes on this thread.
struct Failing;

thread_local! {
    /// A function of the library runs.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Allocations until one fails, which is 0; `None`: none will.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// Later ones fail too.
    static FOR_GOOD: Cell<bool> = const { Cell::new(false) };
    /// Octets of the last allocation that failed.
    static REFUSED: Cell<usize> = const { Cell::new(0) };
    /// Payloads that were lent and came back.
    static RELEASED: Cell<usize> = const { Cell::new(0) };
    /// zlib-rs had no memory for a context, and panicked.
    static ZLIB_PANICKED: Cell<bool> = const { Cell::new(false) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Whether the library gets so many octets.
fn is_granted(size: usize) -> bool {
    if !INSIDE.get() {
        return true;
    }
    match LEFT.get() {
        None => true,
        Some(0) => {
            LEFT.set(FOR_GOOD.get().then_some(0));
            REFUSED.set(size);
            false
        }
        Some(left) => {
            LEFT.set(Some(left - 1));
            true
        }
    }
}

fn hold(octets: isize) {
    if INSIDE.get() {
        HELD.set(HELD.get() + octets);
    }
}

// SAFETY: every call is the system allocator's, or has no memory.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_granted(layout.size()) {
            return null_mut();
        }
        hold(layout.size() as isize);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        hold(-(layout.size() as isize));
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_granted(size) {
            return null_mut();
        }
        hold(size as isize - layout.size() as isize);
        // SAFETY: the caller's contract.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

// ---- A conversation ----

/// The conversation ended early, for want of memory.
struct Stop;

type Result<T> = std::result::Result<T, Stop>;

/// What happened, and what is to be freed.
#[derive(Default)]
struct Run {
    log: String,
    configs: Vec<*mut RawConfig>,
    conns: Vec<*mut RawConn>,
    lent: Vec<Vec<u8>>,
}

/// Index of a connection.
type End = usize;

impl Run {
    /// Calls the library, and once more when there was no memory for it: rule 1 says
    /// that then nothing changed.
    fn call(&mut self, mut call: impl FnMut() -> Status) -> Result<()> {
        let mut inside = || {
            INSIDE.set(true);
            let status = call();
            INSIDE.set(false);
            status
        };
        let mut status = inside();
        if status == ERR_MEMORY {
            status = inside();
        }
        match status {
            OK => Ok(()),
            ERR_MEMORY if FOR_GOOD.get() => Err(Stop),
            // The guard turns its panic into a status: this connection is lost.
            ERR_INTERNAL if ZLIB_PANICKED.get() => Err(Stop),
            _ => panic!("status {status} behind {}", self.log),
        }
    }

    fn config(&mut self, options: &[(u32, u64)]) -> Result<*mut RawConfig> {
        let mut config = null_mut();
        // SAFETY: a valid out-parameter.
        self.call(|| unsafe { wsabi_config_new(&mut config) })?;
        self.configs.push(config);
        for &(option, value) in options {
            // SAFETY: the config lives.
            self.call(|| unsafe { wsabi_config_set(config, option, value) })?;
        }
        Ok(config)
    }

    fn server(&mut self, options: &[(u32, u64)]) -> Result<End> {
        let config = self.config(options)?;
        let mut conn = null_mut();
        // SAFETY: the config lives; a valid out-parameter.
        self.call(|| unsafe { wsabi_conn_new_server(config, &mut conn) })?;
        Ok(self.add(conn))
    }

    fn client(&mut self, options: &[(u32, u64)]) -> Result<End> {
        let config = self.config(options)?;
        // SAFETY: the config lives; the name is a range.
        self.call(|| unsafe { wsabi_config_add_subprotocol(config, "chat".as_ptr().cast(), 4) })?;
        let [host, target] = ["example.com", "/chat?room=1"]
            .map(|text| Slice { data: text.as_ptr().cast(), len: text.len() });
        let request = ClientRequest { host, target, ..ClientRequest::INIT };
        let mut conn = null_mut();
        // SAFETY: as above; the request and its ranges live.
        self.call(|| unsafe { wsabi_conn_new_client(config, &request, &mut conn) })?;
        Ok(self.add(conn))
    }

    fn open(&mut self, options: &[(u32, u64)], role: u32) -> Result<End> {
        let config = self.config(options)?;
        let mut conn = null_mut();
        // SAFETY: as above.
        self.call(|| unsafe { wsabi_conn_new_open(config, role, null(), 0, &mut conn) })?;
        Ok(self.add(conn))
    }

    /// A server's side that takes compressed messages.
    fn deflating(&mut self, extra: &[(u32, u64)], parameters: &str) -> Result<End> {
        let server =
            self.server(&[extra, &[(OPTION_AUTO_ACCEPT, 1), (OPTION_DEFLATE, 1)]].concat())?;
        let offer = format!("\r\nSec-WebSocket-Extensions: permessage-deflate{parameters}\r\n\r\n");
        self.feed(server, REQUEST.replacen("\r\n\r\n", &offer, 1).as_bytes(), 0)?;
        self.take(server)?;
        Ok(server)
    }

    fn add(&mut self, conn: *mut RawConn) -> End {
        self.conns.push(conn);
        self.conns.len() - 1
    }

    fn free(&mut self) {
        INSIDE.set(true);
        for conn in self.conns.drain(..) {
            // SAFETY: each is freed once.
            unsafe { wsabi_conn_free(conn) };
        }
        for config in self.configs.drain(..) {
            // SAFETY: as above.
            unsafe { wsabi_config_free(config) };
        }
        INSIDE.set(false);
    }

    /// Gives octets in pieces, 0: in one, and logs what happens. A failure that
    /// blames the memory ends the conversation.
    fn feed(&mut self, end: End, octets: &[u8], piece: usize) -> Result<()> {
        let conn = self.conns[end];
        // No octets are a call, too.
        let pieces = match piece {
            0 => vec![octets],
            _ => octets.chunks(piece).collect(),
        };
        for part in pieces {
            let mut part = part.to_vec();
            let mut at = 0;
            loop {
                let mut events = [const { std::mem::MaybeUninit::<Event>::uninit() }; 4];
                let (mut used, mut count) = (0, 0);
                let (data, len) = (part[at..].as_mut_ptr(), part.len() - at);
                // SAFETY: the ranges live, and are not overlapping.
                self.call(|| unsafe {
                    let events = events.as_mut_ptr().cast();
                    wsabi_conn_recv(conn, data, len, &mut used, events, 4, &mut count)
                })?;
                for event in &events[..count] {
                    // SAFETY: a success wrote so many; their payloads are valid until the next
                    // call.
                    let event = unsafe { event.assume_init_read() };
                    // SAFETY: as above.
                    self.note(end, &event, &unsafe { copy(event.data, event.len) })?;
                }
                at += used;
                if at == part.len() && count < 4 {
                    break;
                }
            }
        }
        Ok(())
    }

    fn eof(&mut self, end: End) -> Result<()> {
        let conn = self.conns[end];
        let mut event = std::mem::MaybeUninit::<Event>::uninit();
        let mut count = 0;
        // SAFETY: valid out-parameters.
        self.call(|| unsafe { wsabi_conn_recv_eof(conn, event.as_mut_ptr(), 1, &mut count) })?;
        if count == 1 {
            // SAFETY: as in `feed`.
            let event = unsafe { event.assume_init() };
            // SAFETY: as above.
            self.note(end, &event, &unsafe { copy(event.data, event.len) })?;
        }
        Ok(())
    }

    fn note(&mut self, end: End, event: &Event, payload: &[u8]) -> Result<()> {
        // SAFETY: a connection that lives.
        let failure = unsafe { wsabi_conn_failure(self.conns[end]) };
        if event.kind == EVENT_FAILED && OUT_OF_MEMORY.contains(&failure) {
            assert!([503, 1006, 1009].contains(&event.code), "code {}", event.code);
            return Err(Stop);
        }
        let sum: u64 = payload
            .iter()
            .fold(7, |sum: u64, &octet| sum.wrapping_mul(31).wrapping_add(octet.into()));
        write!(self.log, "{} {} {} {sum:x}; ", event.kind, event.code, payload.len()).unwrap();
        Ok(())
    }

    /// Takes all output.
    fn take(&mut self, end: End) -> Result<Vec<u8>> {
        let conn = self.conns[end];
        let mut taken = Vec::new();
        loop {
            let mut run = std::mem::MaybeUninit::<Iovec>::uninit();
            let mut count = 0;
            // SAFETY: valid out-parameters.
            self.call(|| unsafe { wsabi_conn_output(conn, run.as_mut_ptr(), 1, &mut count) })?;
            if count == 0 {
                INSIDE.set(true);
                // SAFETY: a connection that lives.
                unsafe { wsabi_conn_interest(conn) };
                INSIDE.set(false);
                return Ok(taken);
            }
            // SAFETY: a success wrote it; it is valid until the next call.
            let octets = unsafe {
                let run = run.assume_init();
                copy(run.base.cast(), run.len)
            };
            // SAFETY: a connection that lives.
            self.call(|| unsafe { wsabi_conn_output_consumed(conn, octets.len()) })?;
            taken.extend(octets);
        }
    }

    /// Takes the output of a server, which is the same every time.
    fn log_output(&mut self, end: End) -> Result<()> {
        let output = self.take(end)?;
        write!(self.log, "output {} {:?}; ", output.len(), output.get(..40)).unwrap();
        Ok(())
    }

    fn send(&mut self, end: End, send: SendFn, payload: &[u8]) -> Result<()> {
        let conn = self.conns[end];
        // SAFETY: the connection and the range live.
        self.call(|| unsafe { send(conn, payload.as_ptr().cast(), payload.len()) })
    }

    fn close(&mut self, end: End) -> Result<()> {
        let conn = self.conns[end];
        // SAFETY: as above.
        self.call(|| unsafe { wsabi_conn_close(conn, 1000, "bye".as_ptr().cast(), 3) })
    }

    fn accept(&mut self, end: End) -> Result<()> {
        let conn = self.conns[end];
        // SAFETY: as above.
        self.call(|| unsafe { wsabi_conn_accept(conn, null(), 0, null()) })
    }

    /// Carries the output of one end to the other.
    fn carry(&mut self, from: End, to: End) -> Result<()> {
        let octets = self.take(from)?;
        self.feed(to, &octets, 0)
    }
}

// ---- The conversations ----

type Scenario = fn(&mut Run) -> Result<()>;

const SCENARIOS: &[(&str, Scenario)] = &[
    ("an opening handshake in one piece", |run| {
        let server = run.server(&[])?;
        run.feed(server, REQUEST.as_bytes(), 0)?;
        run.accept(server)?;
        run.log_output(server)
    }),
    ("an opening handshake octet by octet", |run| {
        let server = run.server(&[])?;
        run.feed(server, REQUEST.as_bytes(), 1)?;
        run.accept(server)?;
        run.log_output(server)
    }),
    ("a head of 12 KiB", |run| {
        let server = run.server(&[(OPTION_AUTO_ACCEPT, 1)])?;
        let fields: String = (0..80).map(|n| format!("X-{n}: {}\r\n", "v".repeat(140))).collect();
        let request = REQUEST.replacen("\r\n\r\n", &format!("\r\n{fields}\r\n"), 1);
        run.feed(server, request.as_bytes(), 1000)?;
        run.log_output(server)
    }),
    ("a request that is refused by the library", |run| {
        let server = run.server(&[])?;
        run.feed(server, REQUEST.replace("13", "8").as_bytes(), 0)?;
        run.log_output(server)?;
        run.eof(server)
    }),
    ("a request that the application rejects", |run| {
        let server = run.server(&[])?;
        run.feed(server, REQUEST.as_bytes(), 0)?;
        let conn = run.conns[server];
        let text = |text: &'static str| Slice { data: text.as_ptr().cast(), len: text.len() };
        let fields = [Field { name: text("Retry-After"), value: text("1") }];
        let response = Response {
            status: 503,
            headers: fields.as_ptr(),
            header_count: 1,
            body: REQUEST.as_ptr().cast(),
            body_len: REQUEST.len(),
            ..Response::INIT
        };
        // SAFETY: the connection, the response and its ranges live.
        run.call(|| unsafe { wsabi_conn_reject(conn, &response) })?;
        run.log_output(server)
    }),
    ("a redirect, and a challenge", |run| {
        for is_redirect in [true, false] {
            let server = run.server(&[])?;
            run.feed(server, REQUEST.as_bytes(), 0)?;
            let conn = run.conns[server];
            // SAFETY: the connection and the ranges live.
            run.call(|| unsafe {
                match is_redirect {
                    true => wsabi_conn_redirect(conn, 302, "/other".as_ptr().cast(), 6),
                    false => wsabi_conn_challenge(conn, "Basic".as_ptr().cast(), 5),
                }
            })?;
            run.log_output(server)?;
        }
        Ok(())
    }),
    ("a request that is accepted, then closed", |run| {
        let server = run.server(&[])?;
        run.feed(server, REQUEST.as_bytes(), 0)?;
        let conn = run.conns[server];
        // SAFETY: as above.
        run.call(|| unsafe { wsabi_conn_accept_then_close(conn, 4001, "no".as_ptr().cast(), 2) })?;
        run.log_output(server)?;
        run.feed(server, &frame(0x88, b"\x0f\xa1"), 0)
    }),
    ("a policy that closes", |run| {
        let options = [(OPTION_SUBPROTOCOL_ABSENT, POLICY_CLOSE), (OPTION_AUTO_ACCEPT, 1)];
        let config = run.config(&options)?;
        // SAFETY: the config lives; ranges.
        run.call(|| unsafe { wsabi_config_add_subprotocol(config, "chat".as_ptr().cast(), 4) })?;
        // SAFETY: as above.
        run.call(|| unsafe { wsabi_config_set_close_reason(config, "why".as_ptr().cast(), 3) })?;
        let mut conn = null_mut();
        // SAFETY: as above.
        run.call(|| unsafe { wsabi_conn_new_server(config, &mut conn) })?;
        let server = run.add(conn);
        run.feed(server, REQUEST.as_bytes(), 0)?;
        run.log_output(server)
    }),
    ("a config with everything", |run| {
        let config = run.config(&[(OPTION_MAX_OUTPUT, 1 << 20)])?;
        for (give, text) in [
            (wsabi_config_add_subprotocol as ConfigFn, "chat"),
            (wsabi_config_add_origin, "https://example.com"),
            (wsabi_config_add_resource, "/chat"),
            (wsabi_config_set_close_reason, "too bad"),
        ] {
            // SAFETY: the config lives; a range.
            run.call(|| unsafe { give(config, text.as_ptr().cast(), text.len()) })?;
        }
        Ok(())
    }),
    ("octets behind an undecided request", |run| {
        let server = run.server(&[])?;
        run.feed(server, REQUEST.as_bytes(), 0)?;
        run.feed(server, &frame(0x82, &noise(100_000)), 10_000)?;
        run.accept(server)?;
        run.feed(server, &frame(0x89, b"ping"), 0)?;
        run.feed(server, &[], 0)?;
        run.log_output(server)
    }),
    ("fields that a host parsed", |run| {
        let server = run.server(&[])?;
        let conn = run.conns[server];
        let text = |text: &'static str| Slice { data: text.as_ptr().cast(), len: text.len() };
        let fields = [
            ("Host", "example.com"),
            ("Upgrade", "websocket"),
            ("Connection", "upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        .map(|(name, value)| Field { name: text(name), value: text(value) });
        let request = Request {
            version: HTTP_1_1,
            method: text("GET"),
            target: text("/chat"),
            headers: fields.as_ptr(),
            header_count: fields.len(),
            ..Request::INIT
        };
        let mut event = std::mem::MaybeUninit::<Event>::uninit();
        let mut count = 0;
        // SAFETY: the connection, the request and its ranges live.
        run.call(|| unsafe {
            wsabi_conn_recv_request(conn, &request, event.as_mut_ptr(), 1, &mut count)
        })?;
        if count == 1 {
            // SAFETY: a success wrote it.
            run.note(server, &unsafe { event.assume_init() }, b"")?;
        }
        run.accept(server)
    }),
    ("a client's opening handshake, and its closing one", |run| {
        let client = run.client(&[])?;
        let server = run.server(&[(OPTION_AUTO_ACCEPT, 1)])?;
        run.carry(client, server)?;
        run.carry(server, client)?;
        run.send(client, wsabi_conn_send_text, b"hello")?;
        run.close(client)?;
        run.carry(client, server)?;
        run.carry(server, client)?;
        run.eof(client)
    }),
    ("a client that is refused", |run| {
        for body in [
            "Content-Length: 5000\r\n\r\n".to_owned() + &"x".repeat(5000),
            "\r\n".to_owned() + &"x".repeat(5000),
            "Transfer-Encoding: chunked\r\n\r\n1388\r\n".to_owned()
                + &"x".repeat(5000)
                + "\r\n0\r\n\r\n",
        ] {
            let client = run.client(&[])?;
            run.feed(client, b"HTTP/1.1 404 Not Found\r\nX-Reason: none\r\n", 7)?;
            run.feed(client, body.as_bytes(), 600)?;
            run.eof(client)?;
        }
        Ok(())
    }),
    ("a response that breaks a rule", |run| {
        let client = run.client(&[])?;
        run.feed(client, b"HTTP/1.1 101 Fine\r\nUpgrade: h2c\r\n\r\n", 0)
    }),
    ("messages where they lie", |run| {
        let server = run.open(&[], ROLE_SERVER)?;
        run.feed(server, &[frame(0x81, b"text"), frame(0x82, &noise(70_000))].concat(), 0)
    }),
    ("a message that spans reads", |run| {
        let server = run.open(&[], ROLE_SERVER)?;
        run.feed(server, &frame(0x82, &noise(300_000)), 5000)
    }),
    ("a message in fragments, with a ping between", |run| {
        let server = run.open(&[], ROLE_SERVER)?;
        let wire = [frame(0x01, &[b'a'; 3000]), frame(0x89, b"ping"), frame(0x80, &[b'b'; 9000])];
        run.feed(server, &wire.concat(), 1000)?;
        run.log_output(server)
    }),
    ("an echo of 300 KiB", |run| {
        let server = run.open(&[(OPTION_DEFLATE, 0)], ROLE_SERVER)?;
        for len in [10, 2000, 300_000, 5] {
            run.send(server, wsabi_conn_send_binary, &noise(len))?;
        }
        run.log_output(server)
    }),
    ("a client's messages", |run| {
        let client = run.open(&[], ROLE_CLIENT)?;
        for len in [10, 2000, 100_000] {
            run.send(client, wsabi_conn_send_text, &vec![b'x'; len])?;
        }
        run.feed(client, &reply(0x82, &noise(70_000)), 5000)
    }),
    ("more pings than are answered", |run| {
        let server = run.open(&[], ROLE_SERVER)?;
        for n in 0..40_u8 {
            run.feed(server, &frame(0x89, &[n; 100]), 30)?;
        }
        // Without memory the newest pong is lost, as one that is overtaken.
        run.take(server).map(drop)
    }),
    ("pings and pongs of ours", |run| {
        let server = run.open(&[], ROLE_SERVER)?;
        run.send(server, wsabi_conn_send_ping, b"ping")?;
        run.send(server, wsabi_conn_send_pong, b"pong")?;
        run.feed(server, &frame(0x8a, b"ping"), 0)?;
        run.log_output(server)
    }),
    ("a Close of either side", |run| {
        for is_first in [true, false] {
            let server = run.open(&[], ROLE_SERVER)?;
            if is_first {
                run.close(server)?;
            }
            run.feed(server, &frame(0x88, b"\x03\xe8bye"), 3)?;
            run.log_output(server)?;
            run.eof(server)?;
        }
        Ok(())
    }),
    ("a broken rule", |run| {
        let server = run.open(&[], ROLE_SERVER)?;
        run.feed(server, &reply(0x81, b"no mask"), 0)?;
        run.log_output(server)?;
        run.eof(server)
    }),
    ("compressed messages, without context takeover", |run| {
        let server = run.deflating(&[], "")?;
        compressed_messages(run, server, false)
    }),
    ("compressed messages, with context takeover", |run| {
        let takeover =
            [(OPTION_SERVER_NO_CONTEXT_TAKEOVER, 0), (OPTION_CLIENT_NO_CONTEXT_TAKEOVER, 0)];
        let server = run.deflating(&takeover, "")?;
        compressed_messages(run, server, true)
    }),
    ("fragments, and payloads that are lent", |run| {
        for role in [ROLE_SERVER, ROLE_CLIENT] {
            let end = run.open(&[], role)?;
            run.lent.push(noise(70_000));
            let (conn, payload) = (run.conns[end], run.lent.last().unwrap().as_ptr().cast());
            for flags in [SEND_MORE, SEND_MORE, 0] {
                // SAFETY: the connection and the range live.
                run.call(|| unsafe { wsabi_conn_send(conn, 2, payload, 9000, flags) })?;
            }
            RELEASED.set(0);
            // SAFETY: as above; the range lives as long as the connection.
            run.call(|| unsafe {
                wsabi_conn_send_borrowed(
                    conn,
                    2,
                    payload,
                    70_000,
                    0,
                    Some(count_release),
                    null_mut(),
                )
            })?;
            let output = run.take(end)?;
            assert_eq!(RELEASED.get(), 1);
            write!(run.log, "lent {}; ", output.len()).unwrap();
        }
        Ok(())
    }),
    ("a prepared message", |run| {
        let server = run.deflating(&[], "")?;
        let (config, conn) = (run.configs[0], run.conns[server]);
        let (text, mut prepared) = (vec![b'a'; 5000], null_mut());
        // SAFETY: the config and the range live; a valid out-parameter.
        run.call(|| unsafe {
            wsabi_prepared_new(config, 1, text.as_ptr().cast(), text.len(), &mut prepared)
        })?;
        // SAFETY: the connection and the message live.
        let result = run.call(|| unsafe { wsabi_conn_send_prepared(conn, prepared) });
        INSIDE.set(true);
        // SAFETY: it is freed once.
        unsafe { wsabi_prepared_free(prepared) };
        INSIDE.set(false);
        result?;
        run.log_output(server)
    }),
    ("a connection that is used again", |run| {
        let server = run.server(&[(OPTION_AUTO_ACCEPT, 1)])?;
        let conn = run.conns[server];
        for _ in 0..2 {
            run.feed(server, REQUEST.as_bytes(), 0)?;
            run.feed(server, &frame(0x82, &noise(9000)), 1000)?;
            run.log_output(server)?;
            // SAFETY: the connection lives.
            run.call(|| unsafe { wsabi_conn_reset(conn, null()) })?;
        }
        Ok(())
    }),
    ("captures that are explained", |run| {
        for (explain, capture) in [
            (wsabi_explain as ExplainFn, REQUEST.as_bytes()),
            (wsabi_explain, b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
            (wsabi_explain_frames, b"81 02 22 5c 88 01 00"),
        ] {
            let mut out = null_mut();
            // SAFETY: a range, and a valid out-parameter.
            run.call(|| unsafe {
                explain(capture.as_ptr().cast::<c_void>(), capture.len(), &mut out)
            })?;
            INSIDE.set(true);
            // SAFETY: it is freed once.
            unsafe { wsabi_explanation_free(out) };
            INSIDE.set(false);
        }
        Ok(())
    }),
];

extern "C" fn count_release(_: *mut c_void) {
    RELEASED.set(RELEASED.get() + 1);
}

/// In and out, whole, in fragments and over several reads; what is sent has to
/// inflate at the other end, whatever failed in between.
fn compressed_messages(run: &mut Run, server: End, takes_over: bool) -> Result<()> {
    use wsabi::deflate::{Compressor, Inflater};
    let (mut compressor, mut inflater) =
        (Compressor::new(3, 8, 15, takes_over), Inflater::new(takes_over));
    for len in [10, 3000, 100_000] {
        let message: Vec<u8> = (0..len).map(|n: usize| (n / 7 % 11) as u8).collect();
        let wire = compressor.compress(&message, true).unwrap();
        let (front, back) = wire.split_at(wire.len() / 2);
        run.feed(server, &frame(0xc2, &wire), 0)?;
        run.feed(server, &frame(0xc2, &compressor.compress(&message, true).unwrap()), 100)?;
        if !takes_over {
            run.feed(server, &[frame(0x42, front), frame(0x80, back)].concat(), 50)?;
        }
        run.send(server, wsabi_conn_send_binary, &message)?;
        run.send(server, wsabi_conn_send_binary, &noise(len))?;
        let output = run.take(server)?;
        let mut rest = &output[..];
        while let [first, second, behind @ ..] = rest {
            let (len, behind) = match second {
                126 => (u16::from_be_bytes([behind[0], behind[1]]).into(), &behind[2..]),
                127 => (u64::from_be_bytes(behind[..8].try_into().unwrap()) as usize, &behind[8..]),
                short => (usize::from(*short), behind),
            };
            let mut message = behind[..len].to_vec();
            if first & 0x40 != 0 {
                let mut inflated = Vec::new();
                inflater.inflate(&message, &mut inflated, 1 << 20, usize::MAX).unwrap();
                inflater.finish(&mut inflated, 1 << 20, usize::MAX).unwrap();
                message = inflated;
            }
            let sum = message
                .iter()
                .fold(7, |sum: u64, &octet| sum.wrapping_mul(31).wrapping_add(octet.into()));
            write!(run.log, "sent {} {sum:x}; ", message.len()).unwrap();
            rest = &behind[len..];
        }
    }
    Ok(())
}

// ---- The processes ----

/// Numbers of allocations.
type Numbers = BTreeSet<usize>;

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
}

const SIGABRT: i32 = 6;

/// Says where the process ends; it is no other thread's stack that is interrupted.
extern "C" fn on_abort(_: i32) {
    INSIDE.set(false);
    if REFUSED.get() > FIXED {
        println!("size {}\n{}", REFUSED.get(), Backtrace::force_capture());
    }
}

/// Silence about what is known: zlib-rs asserts that it has memory.
fn note_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let inside = INSIDE.replace(false);
        let is_known = info.location().is_some_and(|place| place.file().contains("/zlib-rs-"));
        ZLIB_PANICKED.set(is_known);
        if !is_known {
            print(info);
        }
        INSIDE.set(inside);
    }));
}

/// Runs a conversation again and again with another allocation failing, and says
/// which. A process of its own: see `every_allocation_may_fail`.
#[test]
#[ignore = "a part of every_allocation_may_fail"]
fn one_conversation() {
    let Ok(task) = std::env::var("WSABI_ALLOCATION") else { return };
    let mut task = task.split(' ').map(|number| number.parse::<usize>().unwrap());
    let (_, scenario) = SCENARIOS[task.next().unwrap()];
    FOR_GOOD.set(task.next() == Some(1));
    let first = task.next().unwrap();
    let skipped: Numbers = task.collect();
    // SAFETY: a valid handler.
    unsafe { signal(SIGABRT, on_abort) };
    note_panics();
    let wanted = converse(scenario, None).expect("a conversation with all its memory");
    for n in (first..).filter(|n| !skipped.contains(n)) {
        println!("begin {n}");
        let said = converse(scenario, Some(n));
        if let (Some(log), false) = (&said, FOR_GOOD.get()) {
            assert_eq!(comparable(log), comparable(&wanted), "allocation {n}");
        }
        // It was never reached.
        if LEFT.take().is_some_and(|left| left > 0) {
            println!("end");
            return;
        }
    }
}

/// What has to be the same in spite of an allocation that failed. When a connection
/// ends, there may be no memory for the answer that the library owes the peer, or
/// for all of the body of a response.
fn comparable(log: &str) -> Vec<&str> {
    let is = |entry: &str, kinds: &[&str]| kinds.iter().any(|kind| entry.starts_with(kind));
    let ends = log.split("; ").any(|entry| is(entry, &["3 ", "8 ", "9 "]));
    let is_end = |entry: &str| is(entry, &["3 ", "8 ", "9 ", "10 ", "output "]);
    log.split("; ").filter(|entry| !ends || !is_end(entry)).collect()
}

/// What was logged, unless the conversation ended early.
fn converse(scenario: Scenario, fails: Option<usize>) -> Option<String> {
    let held = HELD.get();
    let mut run = Run::default();
    LEFT.set(fails);
    let result = scenario(&mut run);
    run.free();
    // A connection that panicked is not even dropped.
    if ZLIB_PANICKED.replace(false) {
        HELD.set(held);
    }
    assert_eq!(HELD.get(), held, "octets leak");
    result.is_ok().then_some(run.log)
}

#[test]
fn every_allocation_may_fail() {
    for (number, (name, _)) in SCENARIOS.iter().enumerate() {
        let mut skipped = Numbers::new();
        for for_good in [false, true] {
            let mut first = 0;
            loop {
                let (last, said) = process(number, for_good, first, &skipped);
                if said.contains("\nend\n") {
                    break;
                }
                if let Some((function, size)) = place(&said) {
                    let is_known = |(known, most): &(&str, usize)| {
                        function.starts_with(known) && size <= *most
                    };
                    assert!(ABORTS.iter().any(is_known), "{name}: {size} octets in {function}");
                }
                // The same allocation is the first to fail.
                skipped.insert(last);
                first = last + 1;
            }
        }
    }
}

/// Runs a process from the `first` allocation on; the one that it began with last,
/// and what it said. It ended well, or for want of memory.
fn process(scenario: usize, for_good: bool, first: usize, skipped: &Numbers) -> (usize, String) {
    let mut task = format!("{scenario} {} {first}", u8::from(for_good));
    skipped.iter().for_each(|number| write!(task, " {number}").unwrap());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_conversation", "--ignored", "--nocapture", "--test-threads=1"])
        .env("WSABI_ALLOCATION", task)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = said.lines().filter_map(|line| line.strip_prefix("begin ")).next_back();
    let last = last.and_then(|number| number.parse().ok()).unwrap_or(first);
    let errors = String::from_utf8_lossy(&output.stderr);
    let is_known = output.status.success() || errors.contains("memory allocation of ");
    assert!(is_known, "{}, allocation {last}: {errors}{said}", SCENARIOS[scenario].0);
    (last, said)
}

/// Function of the library that the process ended in, and how many octets it asked
/// for, when these are many.
fn place(said: &str) -> Option<(&str, usize)> {
    let size = said.lines().find_map(|line| line.strip_prefix("size "))?.parse().ok()?;
    let lines: Vec<_> = said.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with("at ./src/"))?;
    Some((lines[at - 1].split_once(": ")?.1, size))
}
