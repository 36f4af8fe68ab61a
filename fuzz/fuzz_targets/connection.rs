//! Any calls of the C ABI in any order, on a connection of either role: each gets
//! a documented status, and what goes onto the wire is HTTP and WebSocket.
#![no_main]

use arbitrary::Arbitrary;
use common::abi::*;
use common::zlib::{Inflated, Inflater};
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
}

#[derive(Arbitrary, Debug)]
enum Call<'a> {
    Recv { len: u16, cap: u8 },
    RecvEof { cap: u8 },
    SendBack,
    Output { cap: u8 },
    OutputConsumed { len: u16 },
    Interest,
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    Close { code: u16, reason: &'a [u8] },
    Look { index: u8, name: &'a [u8] },
    Accept { subprotocol: Option<&'a [u8]>, answer: Option<Reply<'a>> },
    Reject(Reply<'a>),
    Redirect { status: u16, location: &'a [u8] },
    AcceptBy { speaks_chat: bool },
    AcceptThenClose { code: u16, reason: &'a [u8] },
    Challenge(&'a [u8]),
    LookAtResponse { index: u8 },
    RecvRequest,
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
        assert!(session.conn.state() >= before.0, "the state went back");
    }
    session.finish();
});

/// A connection, and what a host knows of it.
struct Session {
    conn: Conn,
    is_client: bool,
    /// Whether its request or response is written as octets.
    has_head: bool,
    /// Octets of the peer that have not been received.
    arriving: Vec<u8>,
    /// The events that are valid, and what some of their payloads lie in.
    events: Vec<Event>,
    input: Buffer,
    /// All that was written.
    sent: Vec<u8>,
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
        let mut config = Config::new(&[
            (OPTION_AUTO_ACCEPT, options.accepts.into()),
            (OPTION_PLAIN_HTTP, options.takes_plain_http.into()),
            (OPTION_MAX_MESSAGE_SIZE, if options.is_limited { 200 } else { 1 << 20 }),
            (OPTION_MAX_OUTPUT, if options.is_limited { 1024 } else { 1 << 20 }),
        ]);
        if options.speaks_chat {
            assert_eq!(config.add_subprotocol("chat"), OK);
        }
        let mut session = Self {
            conn: Conn::server(Some(&config)),
            is_client: false,
            has_head: true,
            arriving: Vec::new(),
            events: Vec::new(),
            input: Buffer::new(&[]),
            sent: Vec::new(),
            is_asked: false,
            is_last_word: false,
            is_ended: false,
            is_over: false,
        };
        session.start(&config, &case.start);
        let encode = if session.is_client { support::reply } else { support::frame };
        session.arriving.extend(case.wire.octets(encode));
        session
    }

    fn start(&mut self, config: &Config, start: &Start) {
        match start {
            Start::Upgrade => self.arriving.extend(support::REQUEST.as_bytes()),
            Start::UpgradeTo(names) => {
                let lines = support::REQUEST.strip_suffix("\r\n").unwrap().as_bytes();
                let offer = [b"Sec-WebSocket-Protocol: ", *names, b"\r\n\r\n"].concat();
                self.arriving.extend([lines, &offer].concat());
            }
            Start::PlainHttp => self.arriving.extend(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            Start::Octets(octets) => self.arriving.extend(*octets),
            Start::Parts { is_extended_connect } => {
                self.has_head = false;
                assert_eq!(self.recv_request(*is_extended_connect), OK);
            }
            Start::Client(reply) => {
                let key;
                (self.conn, key) = client::connect(config);
                (self.is_client, self.has_head) = (true, false);
                self.arriving.extend(reply.octets(&key));
            }
            Start::Open { is_client } => {
                let role = if *is_client { ROLE_CLIENT } else { ROLE_SERVER };
                self.conn = Conn::open(Some(config), role, None).unwrap();
                (self.is_client, self.has_head) = (*is_client, false);
            }
        }
    }

    /// What a refused call must leave as it is.
    fn snapshot(&self) -> (i32, usize, u16, i32) {
        let conn = &self.conn;
        (conn.state(), conn.output_size(), conn.close_code(), conn.failure())
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
            Call::Challenge(challenge) => self.decide(|conn| conn.challenge(challenge)),
            Call::LookAtResponse { index } => self.look_at_response((*index).into()),
            Call::RecvRequest => self.recv_request(false),
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
        self.input = input;
        self.take(events)
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
                EVENT_TEXT | EVENT_CLOSE => assert!(std::str::from_utf8(&payload).is_ok()),
                EVENT_BINARY => {}
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
            assert_eq!(event.flags, 0);
            let is_end = matches!(event.kind, EVENT_CLOSED | EVENT_REJECTED);
            assert!(is_end || !self.is_ended && !self.is_last_word);
            self.is_last_word |= is_last_word;
        }
        self.events = events;
        OK
    }

    // ---- Send ----

    fn send(&mut self, send: SendFn, payload: &[u8], is_valid: bool) -> Status {
        let is_open = self.conn.state() == STATE_OPEN;
        let status = self.conn.send(send, payload);
        match status {
            OK => assert!(is_valid && is_open),
            ERR_ARGUMENT => assert!(!is_valid),
            ERR_STATE => assert!(!is_open),
            ERR_LIMIT => assert!(is_open && self.conn.output_size() + payload.len() > 1024),
            other => panic!("undocumented status {other}"),
        }
        status
    }

    /// Sends all payloads back from where they lie.
    fn send_back(&mut self) -> Status {
        let is_open = self.conn.state() == STATE_OPEN;
        for event in &self.events {
            // SAFETY: nothing received or asked for the interest since.
            let status = unsafe { self.conn.send_back(wsabi_conn_send_binary, event) };
            assert!(if is_open { matches!(status, OK | ERR_LIMIT) } else { status == ERR_STATE });
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
        assert_eq!(self.conn.output_consumed(len), if is_valid { OK } else { ERR_ARGUMENT });
        if is_valid {
            assert_eq!(self.conn.output_size(), size - len);
            self.sent.extend(written.get(..len).expect("so many runs are not needed"));
        }
        OK
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
        if wants(INTEREST_CLOSE) {
            assert_eq!(interest, INTEREST_CLOSE);
            self.is_over = true;
        }
        OK
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
        self.recv_eof(1);
        self.write();
        self.interest();
        assert!(self.is_over);
        if self.has_head {
            check_output(&self.sent);
        } else {
            check_frames(&self.sent, self.is_client);
        }
    }

    /// Writes the output, until nothing follows.
    fn write(&mut self) {
        loop {
            let written = self.conn.output(64).concat();
            if written.is_empty() {
                break;
            }
            assert_eq!(self.conn.output_consumed(written.len()), OK);
            self.sent.extend(written);
        }
    }
}

impl Reply<'_> {
    fn with<T>(&self, use_it: impl FnOnce(&Answer) -> T) -> T {
        use_it(&Answer { status: self.status.into(), headers: &self.headers, body: self.body })
    }
}

/// All that a server wrote: a response, and frames behind a 101.
fn check_output(sent: &[u8]) {
    let Some(end) = sent.windows(4).position(|octets| octets == b"\r\n\r\n") else {
        return assert!(sent.is_empty());
    };
    let (head, rest) = (String::from_utf8_lossy(&sent[..end]), &sent[end + 4..]);
    assert!(!head.split("\r\n").any(|line| line.contains(['\r', '\n', '\0'])));
    if head.starts_with("HTTP/1.1 101 ") {
        return check_frames(rest, false);
    }
    assert!(head.starts_with("HTTP/1.1 "));
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("Content-Length: "));
    let len = lengths.next().map_or(0, |len| len.parse().unwrap());
    assert_eq!(lengths.next(), None);
    // The answer to HEAD has the length, but no body.
    assert!(rest.len() == len || rest.is_empty());
}

/// Whole frames as a server or a client sends them; a Close is the last.
fn check_frames(mut rest: &[u8], is_client: bool) {
    while !rest.is_empty() {
        let (header, len) = Header::decode(rest).unwrap().expect("a whole header");
        let end = len + usize::try_from(header.payload_len).unwrap();
        let mut payload = rest.get(len..end).expect("a whole payload").to_vec();
        rest = &rest[end..];
        assert!(header.fin && header.mask.is_some() == is_client);
        apply_mask(&mut payload, header.mask.unwrap_or_default(), 0);
        if header.rsv != 0 {
            assert!(header.rsv == 4 && !header.opcode.is_control());
            payload = match Inflater::new(15, false).inflate(&payload, usize::MAX) {
                Inflated::Message(message) => message,
                other => panic!("{other:?}"),
            };
        }
        match header.opcode {
            Opcode::Text => assert!(std::str::from_utf8(&payload).is_ok()),
            Opcode::Binary | Opcode::Ping | Opcode::Pong => {}
            Opcode::Close => assert!(rest.is_empty(), "something follows the Close"),
            Opcode::Continuation => panic!("wsabi sends whole messages"),
        }
    }
}
