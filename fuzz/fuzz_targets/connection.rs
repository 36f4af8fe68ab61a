//! Any calls of the C ABI in any order, on a connection of either role: each gets
//! a documented status, and what goes onto the wire is HTTP and WebSocket.
#![no_main]

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex};

use arbitrary::Arbitrary;
use common::abi::*;
use common::zlib::{Compressor, Inflated, Inflater};
use common::{Wire, client, support};
use libfuzzer_sys::fuzz_target;
use wsabi::proto::{Header, MAX_CONTROL, MAX_REASON, Opcode, apply_mask, is_valid_close_code};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    options: Options,
    start: Start<'a>,
    wire: Wire<'a>,
    calls: Vec<Call<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Options {
    accepts: bool,
    takes_plain_http: bool,
    speaks_chat: bool,
    is_limited: bool,
    is_in_pieces: bool,
    /// Octets in and out are counted.
    counts: bool,
    /// Marks that small messages reach.
    has_low_marks: bool,
    has_timeouts: bool,
}

#[derive(Arbitrary, Debug)]
enum Start<'a> {
    /// A server that gets a request in octets.
    Upgrade,
    UpgradeTo(&'a [u8]),
    PlainHttp,
    Octets(&'a [u8]),
    /// A server that gets a request in parts.
    Parts {
        is_extended_connect: bool,
    },
    /// A client that gets a response.
    Client(client::Reply<'a>),
    /// Open from the start.
    Open {
        is_client: bool,
    },
    /// A server that agrees to permessage-deflate, and gets compressed messages.
    Deflate {
        takes_over: bool,
        messages: Vec<Bulk<'a>>,
    },
}

/// Octets that come again and again.
#[derive(Arbitrary, Debug)]
struct Bulk<'a> {
    octets: &'a [u8],
    times: u8,
}

#[derive(Arbitrary, Debug)]
enum Call<'a> {
    Recv {
        len: u16,
        cap: u8,
    },
    RecvEof {
        cap: u8,
    },
    SendBack,
    Output {
        cap: u8,
    },
    OutputConsumed {
        len: u16,
    },
    Interest,
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    Close {
        code: u16,
        reason: &'a [u8],
    },
    Look {
        index: u8,
        name: &'a [u8],
    },
    Accept {
        subprotocol: Option<&'a [u8]>,
        answer: Option<Reply<'a>>,
    },
    Reject(Reply<'a>),
    Redirect {
        status: u16,
        location: &'a [u8],
    },
    AcceptBy {
        speaks_chat: bool,
    },
    AcceptThenClose {
        code: u16,
        reason: &'a [u8],
    },
    Respond {
        status: u32,
        content_type: &'a [u8],
        body: &'a [u8],
    },
    Challenge(&'a [u8]),
    LookAtResponse {
        index: u8,
    },
    RecvRequest,
    /// Receives where the connection offers it.
    RecvInPlace {
        len: u16,
        cap: u8,
    },
    TakeLast,
    SendTaken,
    Send {
        manner: Manner,
        payload: Bulk<'a>,
        is_lent: bool,
    },
    Prepared {
        is_text: bool,
        payload: Bulk<'a>,
    },
    Wait {
        time: u16,
        cap: u8,
    },
    Info(u8),
    Trace(bool),
    Reset {
        is_right: bool,
    },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Manner {
    /// Usually a `MESSAGE_*`.
    kind: u8,
    /// Usually bits `SEND_*`.
    flags: u8,
}

#[derive(Arbitrary, Debug)]
struct Reply<'a> {
    status: u16,
    headers: Vec<(&'a [u8], &'a [u8])>,
    body: &'a [u8],
}

fuzz_target!(|case: Case| {
    let mut session = Session::new(&case);
    for call in &case.calls {
        let before = session.snapshot();
        let status = session.call(call);
        if status != OK {
            assert_eq!(session.snapshot(), before, "refused, but something changed");
        }
        let is_reset = matches!(call, Call::Reset { is_right: true });
        assert!(session.conn.state() >= before.0 || is_reset, "the state went back");
    }
    session.finish();
});

/// A connection, and what a host knows of it.
struct Session {
    /// Before its config and all that it points to.
    conn: Conn,
    config: Config,
    is_client: bool,
    is_in_pieces: bool,
    counts: bool,
    /// Octets of output that may wait, and from which on reading pauses.
    max_output: usize,
    high_mark: usize,
    /// Whether its request or response is written as octets.
    has_head: bool,
    /// Octets of the peer that have not been received.
    arriving: Vec<u8>,
    /// The events that are valid, and what some of their payloads lie in.
    events: Vec<Event>,
    input: Buffer,
    /// Octets that were received.
    received: u64,
    /// All that was written.
    sent: Vec<u8>,
    /// The message that is arriving in pieces: its type, and its octets.
    arrived: Option<(i32, Vec<u8>)>,
    /// The message that is being sent in fragments: its type, and its octets.
    begun: Option<(u32, Vec<u8>)>,
    lender: Lender,
    /// Payloads that were taken, with copies.
    taken: Vec<(Taken, Event, Vec<u8>)>,
    /// Output reached the high mark, or was refused; DRAINED is not listed yet.
    was_full: bool,
    now: u64,
    /// Lines of the trace.
    lines: Arc<Mutex<Vec<Vec<u8>>>>,
    /// A request waits for a decision.
    is_asked: bool,
    /// The peer's last word: CLOSE or FAILED was listed.
    is_last_word: bool,
    is_ended: bool,
    /// The interest was CLOSE.
    is_over: bool,
}

impl Session {
    fn new(case: &Case) -> Self {
        let options = &case.options;
        let max_output = if options.is_limited { 1024 } else { 1 << 20 };
        let high_mark = if options.has_low_marks { 600 } else { 256 << 10 };
        let mut settings = vec![
            (OPTION_AUTO_ACCEPT, options.accepts.into()),
            (OPTION_PLAIN_HTTP, options.takes_plain_http.into()),
            (OPTION_MAX_MESSAGE_SIZE, if options.is_limited { 200 } else { 1 << 20 }),
            (OPTION_MAX_OUTPUT, max_output as u64),
            (OPTION_OUTPUT_HIGH_MARK, high_mark as u64),
            (OPTION_OUTPUT_LOW_MARK, high_mark as u64 / 4),
            (OPTION_MESSAGE_PIECES, options.is_in_pieces.into()),
            (OPTION_COUNTERS, options.counts.into()),
        ];
        if options.has_timeouts {
            settings.extend([
                (OPTION_OPENING_TIMEOUT, 5000),
                (OPTION_CLOSING_TIMEOUT, 4000),
                (OPTION_PING_INTERVAL, 1000),
                (OPTION_PONG_TIMEOUT, 2000),
                (OPTION_IDLE_TIMEOUT, 6000),
            ]);
        }
        if let Start::Deflate { takes_over: true, .. } = case.start {
            let forgets = [OPTION_SERVER_NO_CONTEXT_TAKEOVER, OPTION_CLIENT_NO_CONTEXT_TAKEOVER];
            settings.extend(forgets.map(|option| (option, 0)));
        }
        let mut config = Config::new(&settings);
        if options.speaks_chat {
            assert_eq!(config.add_subprotocol("chat"), OK);
        }
        let mut session = Self {
            conn: Conn::server(Some(&config)),
            config,
            is_client: false,
            is_in_pieces: options.is_in_pieces,
            counts: options.counts,
            max_output,
            high_mark,
            has_head: true,
            arriving: Vec::new(),
            events: Vec::new(),
            input: Buffer::new(&[]),
            received: 0,
            sent: Vec::new(),
            arrived: None,
            begun: None,
            lender: Lender::default(),
            taken: Vec::new(),
            was_full: false,
            now: 0,
            lines: Arc::default(),
            is_asked: false,
            is_last_word: false,
            is_ended: false,
            is_over: false,
        };
        session.start(&case.start);
        let encode = if session.is_client { support::reply } else { support::frame };
        session.arriving.extend(case.wire.octets(encode));
        session
    }

    fn start(&mut self, start: &Start) {
        match start {
            Start::Upgrade => self.arriving.extend(support::REQUEST.as_bytes()),
            Start::UpgradeTo(names) => {
                self.arriving.extend(request_with(&[b"Sec-WebSocket-Protocol: ", names]));
            }
            Start::PlainHttp => self.arriving.extend(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            Start::Octets(octets) => self.arriving.extend(*octets),
            Start::Parts { is_extended_connect } => {
                self.has_head = false;
                assert_eq!(self.recv_request(*is_extended_connect), OK);
            }
            Start::Client(reply) => {
                let key;
                (self.conn, key) = client::connect(&self.config);
                (self.is_client, self.has_head) = (true, false);
                self.arriving.extend(reply.octets(&key));
            }
            Start::Open { is_client } => {
                let role = if *is_client { ROLE_CLIENT } else { ROLE_SERVER };
                self.conn = Conn::open(Some(&self.config), role, None).unwrap();
                (self.is_client, self.has_head) = (*is_client, false);
            }
            Start::Deflate { takes_over, messages } => {
                let offer = b"Sec-WebSocket-Extensions: permessage-deflate";
                self.arriving.extend(request_with(&[offer]));
                let mut compressor = Compressor::new(3, 15, 8, 0, *takes_over);
                for message in messages {
                    let compressed = compressor.compress(&message.octets(), 0);
                    self.arriving.extend(support::frame(0xc2, &compressed));
                }
            }
        }
    }

    /// What a refused call must leave as it is.
    fn snapshot(&self) -> (i32, usize, u16, i32, usize) {
        let conn = &self.conn;
        let lent = self.lender.lent();
        (conn.state(), conn.output_size(), conn.close_code(), conn.failure(), lent)
    }

    fn call(&mut self, call: &Call) -> Status {
        match call {
            Call::Recv { len, cap } => self.recv((*len).into(), (*cap).into()),
            Call::RecvEof { cap } => self.recv_eof((*cap).into()),
            Call::SendBack => self.send_back(),
            Call::Output { cap } => self.output((*cap).into()),
            Call::OutputConsumed { len } => self.output_consumed((*len).into()),
            Call::Interest => self.interest(),
            Call::Text(text) => {
                self.send(wsabi_conn_send_text, text, std::str::from_utf8(text).is_ok())
            }
            Call::Binary(octets) => self.send(wsabi_conn_send_binary, octets, true),
            Call::Ping(octets) => {
                self.send(wsabi_conn_send_ping, octets, octets.len() <= MAX_CONTROL)
            }
            Call::Pong(octets) => {
                self.send(wsabi_conn_send_pong, octets, octets.len() <= MAX_CONTROL)
            }
            Call::Close { code, reason } => self.close(*code, reason),
            Call::Look { index, name } => self.look((*index).into(), name),
            Call::Accept { subprotocol, answer } => {
                let accept =
                    |conn: &mut Conn, answer: Option<&Answer>| conn.accept(*subprotocol, answer);
                match answer {
                    Some(reply) => {
                        self.decide(|conn| reply.with(|answer| accept(conn, Some(answer))))
                    }
                    None => self.decide(|conn| accept(conn, None)),
                }
            }
            Call::Reject(reply) => self.decide(|conn| reply.with(|answer| conn.reject(answer))),
            Call::Redirect { status, location } => {
                self.decide(|conn| conn.redirect((*status).into(), location))
            }
            Call::AcceptBy { speaks_chat } => {
                let mut policy = Config::new(&[(OPTION_SUBPROTOCOL_ABSENT, POLICY_CLOSE)]);
                if *speaks_chat {
                    assert_eq!(policy.add_subprotocol("chat"), OK);
                }
                self.decide(|conn| conn.accept_by(&policy, None))
            }
            Call::AcceptThenClose { code, reason } => {
                self.decide(|conn| conn.accept_then_close(*code, reason))
            }
            Call::Respond { status, content_type, body } => {
                self.decide(|conn| conn.respond(*status, content_type, body))
            }
            Call::Challenge(challenge) => self.decide(|conn| conn.challenge(challenge)),
            Call::LookAtResponse { index } => self.look_at_response((*index).into()),
            Call::RecvRequest => self.recv_request(false),
            Call::RecvInPlace { len, cap } => self.recv_in_place((*len).into(), (*cap).into()),
            Call::TakeLast => self.take_last(),
            Call::SendTaken => self.send_taken(),
            Call::Send { manner, payload, is_lent } => {
                self.send_as(*manner, &payload.octets(), *is_lent)
            }
            Call::Prepared { is_text, payload } => self.send_prepared(*is_text, &payload.octets()),
            Call::Wait { time, cap } => self.wait((*time).into(), (*cap).into()),
            Call::Info(key) => self.info((*key).into()),
            Call::Trace(is_on) => self.trace(*is_on),
            Call::Reset { is_right } => self.reset(*is_right),
        }
    }

    // ---- Receive ----

    fn recv(&mut self, len: usize, cap: usize) -> Status {
        let len = len.min(self.arriving.len());
        let input = Buffer::new(&self.arriving[..len]);
        let (used, events) = match self.conn.recv(&input, 0, cap) {
            Ok(result) => result,
            Err(status) => {
                let is_kept = self.is_asked && !self.is_ended;
                assert!(status == ERR_ARGUMENT && cap == 0 || status == ERR_LIMIT && is_kept);
                return status;
            }
        };
        assert!(used <= len && events.len() <= cap);
        assert!(used > 0 || !events.is_empty() || len == 0, "no progress");
        self.arriving.drain(..used);
        self.received += used as u64;
        self.input = input;
        self.take(events)
    }

    /// Octets are written where the connection has a place for them, and read as
    /// by `recv`.
    fn recv_in_place(&mut self, len: usize, cap: usize) -> Status {
        let (place, room) = self.conn.recv_space();
        self.events.clear();
        // SAFETY: nothing is committed that was not offered.
        let mut commit = |len, cap| unsafe { self.conn.recv_commit(len, cap) };
        if room == 0 {
            assert_eq!(commit(0, 1).err(), Some(ERR_STATE));
            return OK;
        }
        assert!(!self.is_in_pieces);
        assert_eq!(commit(room + 1, 1).err(), Some(ERR_ARGUMENT));
        assert_eq!(commit(0, 0).err(), Some(ERR_ARGUMENT));
        let octets: Vec<u8> =
            self.arriving.drain(..len.min(room).min(self.arriving.len())).collect();
        // SAFETY: so many octets fit there.
        let result = unsafe {
            place.copy_from_nonoverlapping(octets.as_ptr(), octets.len());
            self.conn.recv_commit(octets.len(), cap.max(1))
        };
        self.received += octets.len() as u64;
        let status = self.take(result.expect("it was offered"));
        // SAFETY: nothing is offered any more.
        assert_eq!(unsafe { self.conn.recv_commit(0, 1) }.err(), Some(ERR_STATE));
        status
    }

    /// Takes the last payload away.
    fn take_last(&mut self) -> Status {
        let Some(event) = self.events.last() else { return OK };
        // SAFETY: nothing was called since that makes the payload invalid.
        let payload = unsafe { copy(event.data, event.len) };
        match self.conn.take(event) {
            Ok(taken) => {
                assert!(matches!(event.kind, EVENT_TEXT | EVENT_BINARY | EVENT_DRAINED));
                self.taken.push((taken, *event, payload));
                self.events.pop();
                OK
            }
            Err(status) => {
                assert_eq!(status, ERR_STATE);
                status
            }
        }
    }

    fn wait(&mut self, time: u64, cap: usize) -> Status {
        let is_due = self.conn.deadline() <= self.now + time;
        // There may be no room for a ping.
        let size = self.conn.output_size();
        self.was_full |= is_due && size > 0 && size + size_of::<u64>() > self.max_output;
        let waiting = if is_due && cap > 0 { self.conn.output(4096).concat() } else { Vec::new() };
        match self.conn.handle_timeout(self.now + time, cap) {
            Ok(events) => {
                self.now += time;
                assert!(is_due || events.is_empty(), "it was not due");
                assert!(self.conn.deadline() > self.now, "it is due again at once");
                if self.conn.output_size() == 0 {
                    // It is sent no more; it was queued all the same.
                    self.sent.extend(waiting);
                }
                self.take(events)
            }
            Err(status) => {
                assert!(status == ERR_ARGUMENT && cap == 0);
                status
            }
        }
    }

    fn reset(&mut self, is_right: bool) -> Status {
        let ask = (self.is_client == is_right).then_some(&client::ASK);
        let status = self.conn.reset(ask);
        if !is_right {
            assert_eq!(status, ERR_ARGUMENT);
            return status;
        }
        assert_eq!(status, OK);
        assert_eq!((self.conn.state(), self.conn.failure()), (STATE_CONNECTING, 0));
        assert_eq!(self.lender.lent(), 0, "what was lent is given back");
        self.events.clear();
        self.arrived = None;
        self.begun = None;
        let head = if self.is_client {
            let key = client::ask(&mut self.conn);
            let fields =
                vec![client::Field::Upgrade, client::Field::Connection, client::Field::Accept];
            client::Reply::Head { interim: None, status: client::Status::Switching, fields }
                .octets(&key)
        } else {
            support::REQUEST.as_bytes().to_vec()
        };
        self.received = 0;
        self.arriving.splice(..0, head);
        self.sent.clear();
        self.has_head = !self.is_client;
        (self.is_asked, self.is_last_word) = (false, false);
        (self.is_ended, self.is_over, self.was_full) = (false, false, false);
        OK
    }

    /// Gives a request in parts, which only a fresh server takes.
    fn recv_request(&mut self, is_extended_connect: bool) -> Status {
        let headers: Headers = &[
            (b"Host", b"example.com"),
            (b"Upgrade", b"websocket"),
            (b"Connection", b"Upgrade"),
            (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            (b"Sec-WebSocket-Version", b"13"),
        ];
        let parts =
            Parts { version: HTTP_1_1, method: b"GET", target: b"/", headers, ..Parts::default() };
        let parts = if is_extended_connect {
            let (method, protocol) = (b"CONNECT", b"websocket");
            Parts { version: HTTP_2, method, protocol, ..parts }
        } else {
            parts
        };
        match self.conn.recv_request(&parts, 1) {
            Ok(events) => {
                self.has_head = false;
                assert_eq!(events.len(), 1);
                self.take(events)
            }
            Err(status) => {
                assert_eq!(status, ERR_STATE);
                status
            }
        }
    }

    fn recv_eof(&mut self, cap: usize) -> Status {
        match self.conn.recv_eof(cap) {
            Ok(events) => {
                // Without octets to write, a refusal is the end by itself.
                let is_over = !self.has_head && self.conn.state() == STATE_CLOSED;
                let is_told = self.is_ended || is_over && events.is_empty();
                assert_eq!(events.len(), usize::from(!is_told), "the end is listed once");
                self.take(events)
            }
            Err(status) => {
                assert!(status == ERR_ARGUMENT && cap == 0);
                status
            }
        }
    }

    /// Looks at new events; those of before are no longer valid.
    fn take(&mut self, events: Vec<Event>) -> Status {
        for event in &events {
            // SAFETY: the payload of an event that was just listed.
            let payload = unsafe { copy(event.data, event.len) };
            let is_last_word = matches!(event.kind, EVENT_CLOSE | EVENT_FAILED);
            match event.kind {
                EVENT_REQUEST | EVENT_HTTP_REQUEST => {
                    assert!(!std::mem::replace(&mut self.is_asked, true));
                    assert!(!payload.is_empty());
                }
                EVENT_OPEN => assert!(self.conn.state() == STATE_OPEN && payload.is_empty()),
                EVENT_TEXT | EVENT_BINARY => self.take_piece(event, payload),
                EVENT_DRAINED => {
                    assert!(std::mem::replace(&mut self.was_full, false) && payload.is_empty());
                    assert_eq!(self.conn.state(), STATE_OPEN);
                }
                EVENT_CLOSE => assert!(std::str::from_utf8(&payload).is_ok()),
                EVENT_PING | EVENT_PONG => assert!(payload.len() <= MAX_CONTROL),
                EVENT_REJECTED => {
                    assert!(self.is_client && self.conn.failure() == 0);
                    self.is_ended = true;
                }
                EVENT_FAILED => assert!(self.conn.failure() != 0 && !payload.is_empty()),
                EVENT_CLOSED => {
                    assert!(!std::mem::replace(&mut self.is_ended, true));
                    assert_eq!(event.code, self.conn.close_code());
                    self.is_asked = false;
                }
                kind => panic!("undocumented event {kind}"),
            }
            assert!(event.flags == 0 || matches!(event.kind, EVENT_TEXT | EVENT_BINARY));
            let is_end = matches!(event.kind, EVENT_CLOSED | EVENT_REJECTED);
            assert!(is_end || !self.is_ended && !self.is_last_word);
            self.is_last_word |= is_last_word;
        }
        self.events = events;
        OK
    }

    /// A message, or in pieces a part of one.
    fn take_piece(&mut self, event: &Event, payload: Vec<u8>) {
        let is = |flag| event.flags & flag != 0;
        assert!(!is(FLAG_COMPRESSED) || self.conn.info(INFO_DEFLATE) == Ok(1));
        assert!(self.is_in_pieces || !is(FLAG_FIRST) && !is(FLAG_LAST));
        assert_eq!(is(FLAG_FIRST), self.is_in_pieces && self.arrived.is_none());
        assert!(!self.is_in_pieces || is(FLAG_LAST) || !payload.is_empty(), "an empty piece");
        let (kind, mut octets) = self.arrived.take().unwrap_or((event.kind, Vec::new()));
        assert_eq!(kind, event.kind);
        octets.extend(payload);
        if self.is_in_pieces && !is(FLAG_LAST) {
            self.arrived = Some((kind, octets));
        } else {
            assert!(kind == EVENT_BINARY || std::str::from_utf8(&octets).is_ok());
        }
    }

    // ---- Send ----

    fn send(&mut self, send: SendFn, payload: &[u8], is_valid: bool) -> Status {
        let is_message = !std::ptr::fn_addr_eq(send, wsabi_conn_send_ping as SendFn)
            && !std::ptr::fn_addr_eq(send, wsabi_conn_send_pong as SendFn);
        let may_send = self.may_send(is_message);
        let status = self.conn.send(send, payload);
        self.check_sent(status, may_send, is_valid, payload.len());
        status
    }

    /// Whether the state allows it. Inside a message in fragments there is no other.
    fn may_send(&self, is_whole_message: bool) -> bool {
        self.conn.state() == STATE_OPEN && !(is_whole_message && self.begun.is_some())
    }

    fn check_sent(&mut self, status: Status, may_send: bool, is_valid: bool, len: usize) {
        let size = self.conn.output_size();
        match status {
            OK => assert!(is_valid && may_send),
            ERR_ARGUMENT => assert!(!is_valid),
            ERR_STATE => assert!(!may_send),
            ERR_LIMIT => assert!(size + len > self.max_output),
            other => panic!("undocumented status {other}"),
        }
        self.was_full |= status == ERR_LIMIT && size > 0;
    }

    /// Sends a message or a fragment.
    fn send_as(&mut self, manner: Manner, payload: &[u8], is_lent: bool) -> Status {
        let (kind, flags) = (u32::from(manner.kind % 4), u32::from(manner.flags % 16));
        let is_known = matches!(kind, MESSAGE_TEXT | MESSAGE_BINARY)
            && matches!(flags & !SEND_MORE, 0 | SEND_COMPRESSED | SEND_UNCOMPRESSED);
        let may_send = self.may_send(false);
        let lent = self.lender.lent();
        let status = if is_lent {
            self.conn.send_lent(kind, payload, flags, &self.lender)
        } else {
            self.conn.send_as(kind, payload, flags)
        };
        // Lent payloads that were copied are given back.
        assert!(self.lender.lent() == lent || is_lent && status == OK && payload.len() >= 2048);
        if !is_known {
            assert_eq!(status, ERR_UNSUPPORTED);
            return status;
        }
        let has_more = flags & SEND_MORE != 0;
        let (begun_kind, mut octets) = self.begun.clone().unwrap_or((kind, Vec::new()));
        octets.extend(payload);
        let is_text = match std::str::from_utf8(&octets) {
            Ok(_) => true,
            Err(error) => has_more && error.error_len().is_none(),
        };
        let is_valid = kind == begun_kind && (kind == MESSAGE_BINARY || is_text);
        self.check_sent(status, may_send, is_valid, payload.len());
        if status == OK {
            self.begun = has_more.then_some((kind, octets));
        }
        status
    }

    fn send_prepared(&mut self, is_text: bool, payload: &[u8]) -> Status {
        let kind = if is_text { MESSAGE_TEXT } else { MESSAGE_BINARY };
        let prepared = match Prepared::new(Some(&self.config), kind, payload) {
            Ok(prepared) => prepared,
            Err(status) => {
                assert!(status == ERR_ARGUMENT && is_text && std::str::from_utf8(payload).is_err());
                return status;
            }
        };
        let may_send = self.may_send(true);
        let status = self.conn.send_prepared(&prepared);
        self.check_sent(status, may_send, true, payload.len());
        status
    }

    /// Sends a payload that was taken, which is given back when it was sent.
    fn send_taken(&mut self) -> Status {
        let Some((taken, event, payload)) = self.taken.pop() else { return OK };
        // SAFETY: it is the event of that payload.
        unsafe {
            assert_eq!(copy(event.data, event.len), payload);
            let may_send = self.may_send(false);
            let is_valid = self.begun.as_ref().is_none_or(|(kind, _)| *kind == MESSAGE_BINARY);
            match self.conn.send_taken(taken, &event) {
                Ok(()) => {
                    self.check_sent(OK, may_send, is_valid, payload.len());
                    self.begun = None;
                    OK
                }
                Err((status, taken)) => {
                    self.check_sent(status, may_send, is_valid, payload.len());
                    self.taken.push((taken, event, payload));
                    status
                }
            }
        }
    }

    /// Sends all payloads back from where they lie.
    fn send_back(&mut self) -> Status {
        for event in self.events.clone() {
            let may_send = self.may_send(true);
            // SAFETY: nothing received or asked for the interest since.
            let status = unsafe { self.conn.send_back(wsabi_conn_send_binary, &event) };
            self.check_sent(status, may_send, true, event.len);
        }
        OK
    }

    fn close(&mut self, code: u16, reason: &[u8]) -> Status {
        let is_open = self.conn.state() == STATE_OPEN && self.conn.failure() == 0;
        let is_valid = std::str::from_utf8(reason).is_ok()
            && if code == 0 {
                reason.is_empty()
            } else {
                is_valid_close_code(code) && reason.len() <= MAX_REASON
            };
        let status = self.conn.close(code, reason);
        match status {
            OK => assert!(is_valid && is_open && self.conn.state() == STATE_CLOSING),
            ERR_ARGUMENT => assert!(!is_valid),
            ERR_STATE => assert!(!is_open),
            other => panic!("undocumented status {other}"),
        }
        status
    }

    // ---- Output and interest ----

    fn output(&mut self, cap: usize) -> Status {
        let runs = self.conn.output(cap);
        let size = self.conn.output_size();
        let listed: usize = runs.iter().map(Vec::len).sum();
        assert!(runs.len() <= cap && runs.iter().all(|run| !run.is_empty()));
        assert!(listed == size || listed < size && runs.len() == cap);
        OK
    }

    fn output_consumed(&mut self, len: usize) -> Status {
        let written = self.conn.output(usize::from(u8::MAX)).concat();
        let size = self.conn.output_size();
        let is_valid = len <= size;
        self.note_size();
        assert_eq!(self.conn.output_consumed(len), if is_valid { OK } else { ERR_ARGUMENT });
        if is_valid {
            assert_eq!(self.conn.output_size(), size - len);
            self.sent.extend(written.get(..len).expect("so many runs are not needed"));
            self.check_lent();
        }
        OK
    }

    /// Output is about to be written.
    fn note_size(&mut self) {
        let is_open = self.conn.state() == STATE_OPEN;
        self.was_full |= is_open && self.conn.output_size() >= self.high_mark;
    }

    /// What was sent is given back.
    fn check_lent(&self) {
        assert!(self.conn.output_size() > 0 || self.lender.lent() == 0);
    }

    fn interest(&mut self) -> Status {
        let interest = self.conn.interest();
        self.events.clear();
        if self.is_over {
            assert_eq!(interest, INTEREST_CLOSE, "CLOSE is final");
        }
        let wants = |bit| interest & bit != 0;
        assert_eq!(wants(INTEREST_WRITE), self.conn.output_size() > 0);
        assert!(!wants(INTEREST_SHUTDOWN_WRITE) || !wants(INTEREST_WRITE));
        assert!(!wants(INTEREST_RECV) || matches!(self.conn.state(), STATE_OPEN | STATE_CLOSING));
        assert!(interest != 0 || self.is_asked || self.conn.state() == STATE_OPEN);
        let is_drained = self.was_full && self.conn.output_size() == 0;
        if is_drained && self.conn.state() == STATE_OPEN {
            assert!(wants(INTEREST_RECV), "DRAINED is lost");
        }
        if wants(INTEREST_CLOSE) {
            assert_eq!(interest, INTEREST_CLOSE);
            self.is_over = true;
        }
        OK
    }

    // ---- Figures and lines ----

    fn info(&self, key: u32) -> Status {
        let result = self.conn.info(key);
        match result {
            Ok(value) if key == INFO_DEFLATE_WINDOW_BITS => assert!((8..=15).contains(&value)),
            Ok(value) if key > INFO_ROUND_TRIP => assert!(value <= 1),
            Ok(_) => {}
            Err(ERR_UNSUPPORTED) => assert!(!(1..=INFO_DEFLATE_PEER_TAKEOVER).contains(&key)),
            Err(status) => {
                assert!(status == ERR_NOT_FOUND && key != INFO_DEFLATE);
                assert!(!self.counts || key >= INFO_ROUND_TRIP);
            }
        }
        result.err().unwrap_or(OK)
    }

    fn trace(&mut self, is_on: bool) -> Status {
        let context = Arc::as_ptr(&self.lines).cast::<c_void>().cast_mut();
        // SAFETY: the lines live longer than the connection.
        unsafe { self.conn.set_trace(is_on.then_some(keep_line as TraceFn), context) }
    }

    // ---- Opening handshake ----

    fn look(&mut self, index: usize, name: &[u8]) -> Status {
        let conn = &self.conn;
        let slices = [
            conn.head_method(),
            conn.head_target(),
            conn.head_path(),
            conn.head_query(),
            conn.head_host(),
            conn.head_origin(),
            conn.head_find(name),
            conn.offered_subprotocol(index),
        ];
        let field = conn.head_at(index).map(|field| [field.name, field.value]);
        for result in slices.map(|result| result.map(|slice| [slice; 2])).into_iter().chain([field])
        {
            match result {
                Ok(slices) => {
                    assert!(self.is_asked);
                    for slice in slices {
                        // SAFETY: it lives until the decision.
                        unsafe { copy(slice.data, slice.len) };
                    }
                }
                Err(status) => {
                    assert_eq!(status, if self.is_asked { ERR_NOT_FOUND } else { ERR_STATE });
                }
            }
        }
        OK
    }

    fn look_at_response(&mut self, index: usize) -> Status {
        let conn = &self.conn;
        let status = conn.response_status();
        let field = conn.response_header(index).map(|field| [field.name, field.value]);
        for result in [conn.response_body().map(|body| [body; 2]), field] {
            match result {
                Ok(slices) => {
                    assert!(status.is_ok());
                    for slice in slices {
                        // SAFETY: it lives until the next receive.
                        unsafe { copy(slice.data, slice.len) };
                    }
                }
                Err(ERR_NOT_FOUND) => assert!(status.is_ok()),
                Err(other) => assert_eq!((Some(other), other), (status.err(), ERR_STATE)),
            }
        }
        OK
    }

    fn decide(&mut self, decide: impl FnOnce(&mut Conn) -> Status) -> Status {
        let status = decide(&mut self.conn);
        match status {
            OK => {
                assert!(std::mem::replace(&mut self.is_asked, false));
                assert_ne!(self.conn.state(), STATE_CONNECTING);
            }
            ERR_ARGUMENT | ERR_STATE => {}
            other => panic!("undocumented status {other}"),
        }
        status
    }

    // ---- The end ----

    /// Plays a host that does what it should from here on.
    fn finish(mut self) {
        while !self.arriving.is_empty() && !self.is_asked {
            self.recv(usize::MAX, 64);
            self.write();
        }
        // What waits in the connection is listed, and comes to an end.
        while !self.is_asked && self.conn.interest() & INTEREST_RECV != 0 {
            self.events.clear();
            self.recv(0, 1);
            assert!(!self.events.is_empty() || self.conn.interest() & INTEREST_RECV == 0);
            self.write();
        }
        self.recv_eof(1);
        self.write();
        self.interest();
        assert!(self.is_over);
        assert_eq!(self.conn.deadline(), u64::MAX, "nothing is waited for");
        let is_deflate = self.conn.info(INFO_DEFLATE) == Ok(1);
        let wrote = if self.has_head {
            check_output(&self.sent, is_deflate)
        } else {
            Some(check_frames(&self.sent, self.is_client, is_deflate))
        };
        if self.counts {
            assert_eq!(self.conn.info(INFO_OCTETS_RECEIVED), Ok(self.received));
            if let Some(wrote) = wrote {
                let keys = [INFO_FRAMES_SENT, INFO_MESSAGES_SENT, INFO_PINGS_SENT];
                assert_eq!(keys.map(|key| self.conn.info(key)), wrote.map(Ok));
            }
        }
        for line in &*self.lines.lock().unwrap() {
            let line = std::str::from_utf8(line).expect("a line is text");
            assert!(!line.is_empty() && !line.contains(char::is_control));
        }
        // What was taken outlives the connection; what was lent does not.
        let Self { conn, taken, lender, .. } = self;
        drop(conn);
        assert_eq!(lender.lent(), 0);
        for (_taken, event, payload) in taken {
            // SAFETY: it is not released yet.
            assert_eq!(unsafe { copy(event.data, event.len) }, payload);
        }
    }

    /// Writes the output, until nothing follows.
    fn write(&mut self) {
        loop {
            let written = self.conn.output(64).concat();
            if written.is_empty() {
                break;
            }
            self.note_size();
            assert_eq!(self.conn.output_consumed(written.len()), OK);
            self.sent.extend(written);
            self.check_lent();
        }
    }
}

/// A `wsabi_trace_fn`.
extern "C" fn keep_line(context: *mut c_void, line: *const c_char, len: usize) {
    // SAFETY: the context is that of `trace`; the line lives during the call.
    unsafe {
        let lines = &*context.cast::<Mutex<Vec<Vec<u8>>>>();
        lines.lock().unwrap().push(copy(line.cast(), len));
    }
}

impl Bulk<'_> {
    /// At most some tens of thousands of octets.
    fn octets(&self) -> Vec<u8> {
        let most = 50_000 / self.octets.len().max(1);
        self.octets.repeat((usize::from(self.times) + 1).min(most.max(1)))
    }
}

/// An opening handshake with a further line.
fn request_with(line: &[&[u8]]) -> Vec<u8> {
    let lines = support::REQUEST.strip_suffix("\r\n").unwrap().as_bytes();
    [lines, &line.concat(), b"\r\n\r\n"].concat()
}

impl Reply<'_> {
    fn with<T>(&self, use_it: impl FnOnce(&Answer) -> T) -> T {
        use_it(&Answer { status: self.status.into(), headers: &self.headers, body: self.body })
    }
}

/// All that a server wrote: a response, and frames behind a 101.
fn check_output(sent: &[u8], is_deflate: bool) -> Option<[u64; 3]> {
    let Some(end) = sent.windows(4).position(|octets| octets == b"\r\n\r\n") else {
        assert!(sent.is_empty());
        return None;
    };
    let (head, rest) = (String::from_utf8_lossy(&sent[..end]), &sent[end + 4..]);
    assert!(!head.split("\r\n").any(|line| line.contains(['\r', '\n', '\0'])));
    if head.starts_with("HTTP/1.1 101 ") {
        assert_eq!(head.contains("permessage-deflate"), is_deflate);
        return Some(check_frames(rest, false, is_deflate));
    }
    assert!(head.starts_with("HTTP/1.1 "));
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("Content-Length: "));
    let len = lengths.next().map_or(0, |len| len.parse().unwrap());
    assert_eq!(lengths.next(), None);
    // The answer to HEAD has the length, but no body.
    assert!(rest.len() == len || rest.is_empty());
    None
}

/// Frames as a server or a client sends them; a Close is the last. How many
/// frames, messages and pings they are.
fn check_frames(mut rest: &[u8], is_client: bool, is_deflate: bool) -> [u64; 3] {
    let [mut frames, mut messages, mut pings] = [0; 3];
    // It understands those who keep no history too.
    let mut inflater = Inflater::new(15, true);
    // Whether the message that has begun is text, and compressed; and its octets.
    let mut begun: Option<(bool, bool, Vec<u8>)> = None;
    while !rest.is_empty() {
        let (header, len) = Header::decode(rest).unwrap().expect("a whole header");
        let end = len + usize::try_from(header.payload_len).unwrap();
        let mut payload = rest.get(len..end).expect("a whole payload").to_vec();
        rest = &rest[end..];
        frames += 1;
        assert_eq!(header.mask.is_some(), is_client);
        apply_mask(&mut payload, header.mask.unwrap_or_default(), 0);
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        assert!(header.rsv == 0 || header.rsv == 0b100 && begins && is_deflate);
        match header.opcode {
            Opcode::Text | Opcode::Binary => {
                let is_text = header.opcode == Opcode::Text;
                assert!(begun.replace((is_text, header.rsv != 0, Vec::new())).is_none());
            }
            Opcode::Continuation => assert!(begun.is_some(), "nothing to continue"),
            Opcode::Ping => pings += 1,
            Opcode::Pong => {}
            Opcode::Close => assert!(rest.is_empty(), "something follows the Close"),
        }
        if header.opcode.is_control() {
            assert!(header.fin && payload.len() <= MAX_CONTROL);
            continue;
        }
        let (is_text, is_compressed, mut octets) = begun.take().expect("it was just begun");
        octets.extend(payload);
        if !header.fin {
            begun = Some((is_text, is_compressed, octets));
            continue;
        }
        messages += 1;
        if is_compressed {
            octets = match inflater.inflate(&octets, usize::MAX) {
                Inflated::Message(message) => message,
                other => panic!("{other:?}"),
            };
        }
        assert!(!is_text || std::str::from_utf8(&octets).is_ok());
    }
    [frames, messages, pings]
}
