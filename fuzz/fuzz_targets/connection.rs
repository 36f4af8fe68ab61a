//! Any calls of the C ABI in any order: each gets a documented status, and what
//! goes onto the wire is HTTP and WebSocket.
#![no_main]

use arbitrary::Arbitrary;
use common::abi::*;
use common::{Wire, support};
use libfuzzer_sys::fuzz_target;
use wsabi::proto::{Header, MAX_CONTROL, MAX_REASON, Opcode, is_valid_close_code};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    options: Options,
    request: Request<'a>,
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
enum Request<'a> {
    Upgrade,
    UpgradeTo(&'a [u8]),
    PlainHttp,
    Octets(&'a [u8]),
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
        let mut arriving = case.request.octets();
        arriving.extend(case.wire.octets(support::frame));
        Self {
            conn: Conn::server(Some(&config)),
            arriving,
            events: Vec::new(),
            input: Buffer::new(&[]),
            sent: Vec::new(),
            is_asked: false,
            is_last_word: false,
            is_ended: false,
            is_over: false,
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

    fn recv_eof(&mut self, cap: usize) -> Status {
        match self.conn.recv_eof(cap) {
            Ok(events) => {
                assert_eq!(events.len(), usize::from(!self.is_ended), "CLOSED is listed once");
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
                EVENT_FAILED => assert!(self.conn.failure() != 0 && !payload.is_empty()),
                EVENT_CLOSED => {
                    assert!(!std::mem::replace(&mut self.is_ended, true));
                    assert_eq!(event.code, self.conn.close_code());
                    self.is_asked = false;
                }
                kind => panic!("undocumented event {kind}"),
            }
            assert_eq!(event.flags, 0);
            assert!(event.kind == EVENT_CLOSED || !self.is_ended && !self.is_last_word);
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

    fn decide(&mut self, decide: impl FnOnce(&mut Conn) -> Status) -> Status {
        let status = decide(&mut self.conn);
        match status {
            OK => {
                assert!(std::mem::replace(&mut self.is_asked, false));
                assert!(matches!(self.conn.state(), STATE_OPEN | STATE_CLOSED));
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
        check_output(&self.sent);
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

impl Request<'_> {
    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Upgrade => support::REQUEST.into(),
            Self::UpgradeTo(names) => {
                let mut octets = support::REQUEST.as_bytes().to_vec();
                octets.truncate(octets.len() - 2);
                for part in [&b"Sec-WebSocket-Protocol: "[..], names, b"\r\n\r\n"] {
                    octets.extend(part);
                }
                octets
            }
            Self::PlainHttp => b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            Self::Octets(octets) => octets.to_vec(),
        }
    }
}

impl Reply<'_> {
    fn with<T>(&self, use_it: impl FnOnce(&Answer) -> T) -> T {
        use_it(&Answer { status: self.status.into(), headers: &self.headers, body: self.body })
    }
}

/// All that went to the peer: a response, and frames behind a 101.
fn check_output(sent: &[u8]) {
    let Some(end) = sent.windows(4).position(|octets| octets == b"\r\n\r\n") else {
        return assert!(sent.is_empty());
    };
    let (head, rest) = (String::from_utf8_lossy(&sent[..end]), &sent[end + 4..]);
    assert!(!head.split("\r\n").any(|line| line.contains(['\r', '\n', '\0'])));
    if head.starts_with("HTTP/1.1 101 ") {
        return check_frames(rest);
    }
    assert!(head.starts_with("HTTP/1.1 "));
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("Content-Length: "));
    let len = lengths.next().map_or(0, |len| len.parse().unwrap());
    assert_eq!(lengths.next(), None);
    // The answer to HEAD has the length, but no body.
    assert!(rest.len() == len || rest.is_empty());
}

/// Whole frames as a server sends them; a Close is the last.
fn check_frames(mut rest: &[u8]) {
    while !rest.is_empty() {
        let (header, len) = Header::decode(rest).unwrap().expect("a whole header");
        let end = len + usize::try_from(header.payload_len).unwrap();
        let payload = rest.get(len..end).expect("a whole payload");
        rest = &rest[end..];
        assert!(header.fin && header.rsv == 0 && header.mask.is_none());
        match header.opcode {
            Opcode::Text => assert!(std::str::from_utf8(payload).is_ok()),
            Opcode::Binary | Opcode::Ping | Opcode::Pong => {}
            Opcode::Close => assert!(rest.is_empty(), "something follows the Close"),
            Opcode::Continuation => panic!("wsabi sends whole messages"),
        }
    }
}
