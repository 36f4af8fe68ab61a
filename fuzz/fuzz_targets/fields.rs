//! Requests that a host parsed, of HTTP/1.1 and of extended CONNECT, under any
//! policy: one event for each, a response that the host can send as it is, and
//! frames behind one that accepts.
#![no_main]

use arbitrary::Arbitrary;
use common::abi::*;
use common::{Wire, support};
use libfuzzer_sys::fuzz_target;
use wsabi::handshake::is_token;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    policy: Policy,
    other_policy: Policy,
    request: Request<'a>,
    decision: Decision<'a>,
    wire: Wire<'a>,
}

#[derive(Arbitrary, Debug)]
struct Policy {
    accepts: bool,
    takes_plain_http: bool,
    has_resource: bool,
    has_origin: bool,
    allows_same_host: bool,
    has_subprotocols: bool,
    prefers_client: bool,
    /// What becomes of a client without, or with an unknown subprotocol.
    absent: u8,
    mismatch: u8,
    reject_status: u8,
}

#[derive(Arbitrary, Debug)]
struct Request<'a> {
    version: Version,
    method: Method<'a>,
    target: Target<'a>,
    authority: &'a [u8],
    protocol: Protocol<'a>,
    /// All that an opening handshake has comes before the other fields.
    is_complete: bool,
    fields: Vec<Field<'a>>,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
    Http2,
    Http3,
}

#[derive(Arbitrary, Debug)]
enum Method<'a> {
    /// GET, or CONNECT in HTTP/2 and HTTP/3.
    Right,
    Head,
    Other(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Target<'a> {
    Resource,
    ResourceWithQuery,
    Uri,
    Other(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Protocol<'a> {
    None,
    WebSocket,
    Other(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Field<'a> {
    Host,
    Origin { is_allowed: bool },
    Offer,
    OfferOf(&'a [u8]),
    Upgrade,
    Key,
    Version(u8),
    Length(u8),
    Other(&'a [u8], &'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Decision<'a> {
    Accept { index: Option<u8>, headers: Fields<'a> },
    AcceptByOther { headers: Fields<'a> },
    AcceptThenClose { code: u16, reason: &'a [u8] },
    Reject { status: u16, headers: Fields<'a>, body: &'a [u8] },
    Redirect { status: u16, location: &'a [u8] },
    Challenge(&'a [u8]),
}

type Fields<'a> = Vec<(&'a [u8], &'a [u8])>;

fuzz_target!(|case: Case| {
    let policy = case.policy.config();
    let mut conn = Conn::server(Some(&policy));
    let events = case.request.with(|parts| conn.recv_request(parts, 4)).unwrap();
    let [event] = events[..] else { panic!("a request is one event, not {}", events.len()) };
    assert_eq!(case.request.with(|parts| conn.recv_request(parts, 4)).err(), Some(ERR_STATE));
    match event.kind {
        EVENT_REQUEST => {
            assert!(!case.policy.accepts && conn.failure() == 0);
            if case.decision.make(&case, &mut conn) != OK {
                assert_eq!(conn.state(), STATE_CONNECTING);
                assert_eq!(conn.accept(None, None), OK);
            }
        }
        EVENT_HTTP_REQUEST => {
            assert!(case.policy.takes_plain_http);
            assert_eq!(conn.accept(None, None), ERR_STATE);
            if case.decision.make(&case, &mut conn) != OK {
                assert_eq!(conn.reject(&Answer { status: 404, ..Answer::default() }), OK);
            }
        }
        EVENT_OPEN => assert!(case.policy.accepts && conn.state() == STATE_OPEN),
        EVENT_FAILED => {
            assert!((101..150).contains(&conn.failure()));
            if conn.state() == STATE_CLOSED {
                assert_eq!(conn.response_status(), Ok(event.code.into()));
            }
        }
        kind => panic!("a request is event {kind}"),
    }
    check_response(&case.request, &conn);
    match conn.state() {
        STATE_OPEN => check_frames(&case.wire, &mut conn),
        // A Close is behind the response that accepts.
        STATE_CLOSING => assert_eq!(conn.output(1)[0][0], 0x88),
        _ => assert_eq!((conn.output_size(), conn.interest()), (0, INTEREST_CLOSE)),
    }
});

impl Policy {
    fn config(&self) -> Config {
        let mut config = Config::new(&[
            (OPTION_AUTO_ACCEPT, self.accepts.into()),
            (OPTION_PLAIN_HTTP, self.takes_plain_http.into()),
            (OPTION_ALLOW_SAME_HOST, self.allows_same_host.into()),
            (OPTION_SUBPROTOCOL_PREFERENCE, self.prefers_client.into()),
            (OPTION_SUBPROTOCOL_ABSENT, (self.absent % 3).into()),
            (OPTION_SUBPROTOCOL_MISMATCH, (self.mismatch % 3).into()),
        ]);
        // Not 401 and 407, which ask for credentials.
        let _ = config.set(OPTION_SUBPROTOCOL_REJECT_STATUS, 400 + u64::from(self.reject_status));
        let texts: [(bool, ConfigFn, &[u8]); 4] = [
            (self.has_resource, wsabi_config_add_resource, b"/chat"),
            (self.has_origin, wsabi_config_add_origin, b"https://example.com"),
            (self.has_subprotocols, wsabi_config_add_subprotocol, b"chat"),
            (self.has_subprotocols, wsabi_config_add_subprotocol, b"soap"),
        ];
        for (_, give, text) in texts.into_iter().filter(|(is_given, ..)| *is_given) {
            assert_eq!(config.give(give, text), OK);
        }
        config
    }
}

impl Request<'_> {
    fn is_extended_connect(&self) -> bool {
        matches!(self.version, Version::Http2 | Version::Http3)
    }

    fn with<T>(&self, use_it: impl FnOnce(&Parts) -> T) -> T {
        let required = [Field::Host, Field::Upgrade, Field::Key, Field::Version(13)];
        let required = if self.is_complete { &required[..] } else { &[] };
        let lines = required.iter().chain(&self.fields).map(Field::lines).collect::<Vec<_>>();
        let headers: Fields = lines
            .iter()
            .flatten()
            .map(|(name, value)| (&name[..], &value[..]))
            // What HTTP/1.1 has for the connection, extended CONNECT does not have.
            .filter(|(name, _)| *name != b"Connection" || !self.is_extended_connect())
            .collect();
        use_it(&Parts {
            version: match self.version {
                Version::Http10 => HTTP_1_0,
                Version::Http11 => HTTP_1_1,
                Version::Http2 => HTTP_2,
                Version::Http3 => HTTP_3,
            },
            method: match self.method {
                Method::Right if self.is_extended_connect() => b"CONNECT",
                Method::Right => b"GET",
                Method::Head => b"HEAD",
                Method::Other(method) => method,
            },
            target: match self.target {
                Target::Resource => b"/chat",
                Target::ResourceWithQuery => b"/chat?a=%41&b=+",
                Target::Uri => b"https://example.com/chat",
                Target::Other(target) => target,
            },
            authority: self.authority,
            protocol: match self.protocol {
                Protocol::None => b"",
                Protocol::WebSocket => b"websocket",
                Protocol::Other(protocol) => protocol,
            },
            headers: &headers,
        })
    }
}

impl Field<'_> {
    /// Name and value of one line or two.
    fn lines(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let line = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        match self {
            Self::Host => vec![line(b"Host", b"example.com")],
            Self::Origin { is_allowed: true } => vec![line(b"Origin", b"https://example.com")],
            Self::Origin { is_allowed: false } => vec![line(b"Origin", b"https://example.org")],
            Self::Offer => vec![line(b"sec-websocket-protocol", b"mqtt, soap, chat")],
            Self::OfferOf(names) => vec![line(b"Sec-WebSocket-Protocol", names)],
            Self::Upgrade => vec![line(b"Connection", b"Upgrade"), line(b"Upgrade", b"websocket")],
            Self::Key => vec![line(b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")],
            Self::Version(version) => {
                vec![line(b"Sec-WebSocket-Version", version.to_string().as_bytes())]
            }
            Self::Length(len) => vec![line(b"Content-Length", len.to_string().as_bytes())],
            Self::Other(name, value) => vec![line(name, value)],
        }
    }
}

impl Decision<'_> {
    fn make(&self, case: &Case, conn: &mut Conn) -> Status {
        match self {
            Self::Accept { index, headers } => {
                let offer = index.and_then(|index| conn.offered_subprotocol(index.into()).ok());
                let name = offer.map(octets);
                conn.accept(name.as_deref(), Some(&Answer { headers, ..Answer::default() }))
            }
            Self::AcceptByOther { headers } => {
                let policy = case.other_policy.config();
                conn.accept_by(&policy, Some(&Answer { headers, ..Answer::default() }))
            }
            Self::AcceptThenClose { code, reason } => conn.accept_then_close(*code, reason),
            Self::Reject { status, headers, body } => {
                conn.reject(&Answer { status: (*status).into(), headers, body })
            }
            Self::Redirect { status, location } => conn.redirect((*status).into(), location),
            Self::Challenge(challenge) => conn.challenge(challenge),
        }
    }
}

/// The response is one that a host can send as it is.
fn check_response(request: &Request, conn: &Conn) {
    let is_extended = request.is_extended_connect();
    let status = conn.response_status().unwrap();
    let is_accepted = status == if is_extended { 200 } else { 101 };
    assert!(is_accepted || (200..600).contains(&status));
    assert!(is_accepted || conn.state() == STATE_CLOSED);
    let body = octets(conn.response_body().unwrap());
    let fields: Vec<_> = (0..).map_while(|index| conn.response_header(index).ok()).collect();
    let mut length = None;
    for [name, value] in fields.into_iter().map(|field| [field.name, field.value].map(octets)) {
        assert!(is_token(&name) && !value.iter().any(|octet| b"\r\n\0".contains(octet)));
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = String::from_utf8(value).unwrap();
            assert!(length.replace(value.parse::<usize>().unwrap()).is_none());
        }
        if is_extended {
            assert!(!name.iter().any(u8::is_ascii_uppercase));
            // RFC 9113 8.2.2 and RFC 8441 5.
            let not_there: [&[u8]; 5] = [
                b"connection",
                b"upgrade",
                b"keep-alive",
                b"transfer-encoding",
                b"sec-websocket-accept",
            ];
            assert!(!not_there.contains(&&name[..]));
        }
    }
    // The answer to HEAD has the length, but no body.
    assert!(length.is_none() && body.is_empty() || length == Some(body.len()) || body.is_empty());
}

/// Frames are read as on a connection that was open from the start.
fn check_frames(wire: &Wire, conn: &mut Conn) {
    let mut open = Conn::open(None, ROLE_SERVER, None).unwrap();
    assert_eq!(conn.output_size(), 0);
    let wire = wire.octets(support::frame);
    let listed = [conn, &mut open].map(|conn| {
        let input = Buffer::new(&wire);
        let (mut at, mut listed) = (0, Vec::new());
        loop {
            let (used, events) = conn.recv(&input, at, 8).unwrap();
            at += used;
            for Event { kind, code, data, len, .. } in &events {
                // SAFETY: nothing was called since that makes the payload invalid.
                listed.push((*kind, *code, unsafe { copy(*data, *len) }));
            }
            if at == wire.len() && events.is_empty() {
                assert_eq!(conn.response_status().err(), Some(ERR_STATE));
                return (listed, conn.output(64));
            }
        }
    });
    assert_eq!(listed[0], listed[1]);
}

/// What was just read, and what only the next receive makes invalid.
fn octets(slice: Slice) -> Vec<u8> {
    // SAFETY: see above.
    unsafe { copy(slice.data, slice.len) }
}
