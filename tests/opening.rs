//! The opening handshake, beyond a server that reads octets: policies, parsed
//! fields, extended CONNECT, the client's side.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;

use support::{Host, frame, reply};
use wsabi::conn::{
    Config, ConfigError, Connection, DecisionError, EventKind, Failure, Interest, NewClientError,
    OptionKey, Policy, Preference, Role, State,
};
use wsabi::handshake::{
    Answer, Ask, Fault, Refusal, RequestFields, Version, accept_value, path, query, query_parameter,
};

const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";

fn request(lines: &[&str]) -> String {
    let fixed = "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let more: String = lines.iter().flat_map(|line| [*line, "\r\n"]).collect();
    format!("{fixed}{more}\r\n")
}

fn config(subprotocols: &[&str], options: &[(OptionKey, u64)]) -> Config {
    let mut config = Config::default();
    for name in subprotocols {
        config.add_subprotocol(name).unwrap();
    }
    for &(key, value) in options {
        config.set(key, value).unwrap();
    }
    config
}

fn closes() -> Interest {
    Interest { close: true, ..Interest::default() }
}

// ---- Policies ----

/// What a policy makes of an offer: the response, and the Close behind it.
fn decided(config: Config, offer: Option<&str>, auto: bool) -> (String, Vec<u8>, Host) {
    let mut config = config;
    config.set(OptionKey::AutoAccept, u64::from(auto)).unwrap();
    let line = offer.map(|offer| format!("Sec-WebSocket-Protocol: {offer}"));
    let lines: Vec<_> = line.iter().map(String::as_str).collect();
    let mut host = Host::new(config, 1);
    host.feed(request(&lines).as_bytes());
    if !auto {
        host.conn.accept(None, &Answer::default()).unwrap();
    }
    host.take_output();
    let end = host.output.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut response = String::from_utf8(host.output[..end].to_vec()).unwrap();
    let mut behind = host.output[end..].to_vec();
    if !response.starts_with("HTTP/1.1 101") {
        response.push_str(std::str::from_utf8(&behind).unwrap());
        behind.clear();
    }
    (response, behind, host)
}

fn chosen(response: &str) -> Option<&str> {
    response.split("\r\n").find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "))
}

#[test]
fn every_policy_for_every_offer() {
    let policies = [Policy::Accept, Policy::Reject, Policy::Close];
    for absent in policies {
        for mismatch in policies {
            for auto in [false, true] {
                let config = || {
                    let mut config = config(
                        &["v2", "v1"],
                        &[
                            (OptionKey::SubprotocolAbsent, absent as u64),
                            (OptionKey::SubprotocolMismatch, mismatch as u64),
                            (OptionKey::SubprotocolRejectStatus, 403),
                            (OptionKey::SubprotocolCloseCode, 4001),
                        ],
                    );
                    config.set_close_reason("speak v2 or v1").unwrap();
                    config
                };
                let (response, behind, host) = decided(config(), Some("v1, v2"), auto);
                assert_eq!(chosen(&response), Some("v2"));
                assert_eq!((behind.len(), host.conn.state()), (0, State::Open));
                let rows = [
                    (None, absent, Refusal::SubprotocolAbsent),
                    (Some("x, V1"), mismatch, Refusal::SubprotocolMismatch),
                ];
                for (offer, policy, refusal) in rows {
                    let (response, behind, mut host) = decided(config(), offer, auto);
                    let failure = (policy != Policy::Accept).then_some(Failure::Handshake(refusal));
                    assert_eq!(host.conn.failure(), failure);
                    match policy {
                        Policy::Accept => {
                            assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
                            assert_eq!(chosen(&response), None);
                            assert_eq!((behind.len(), host.conn.state()), (0, State::Open));
                        }
                        Policy::Reject => {
                            assert!(
                                response.starts_with("HTTP/1.1 403 Forbidden\r\n"),
                                "{response}"
                            );
                            assert!(response.contains(refusal.text().to_str().unwrap()));
                            assert_eq!(host.conn.state(), State::Closed);
                        }
                        Policy::Close => {
                            assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
                            assert_eq!(chosen(&response), offer.map(|_| "x"), "a browser opens");
                            assert_eq!(behind, reply(0x88, b"\x0f\xa1speak v2 or v1"));
                            host.feed(&frame(0x88, &[0x0f, 0xa1]));
                            assert_eq!(host.conn.interest(), closes());
                            assert_eq!(host.conn.close_code(), 4001);
                        }
                    }
                    let first = host.seen[0].clone();
                    match (auto, policy) {
                        (false, _) => assert_eq!(first.kind, EventKind::Request),
                        (true, Policy::Accept) => assert_eq!(first.kind, EventKind::Open),
                        (true, Policy::Reject) => {
                            assert_eq!((first.kind, first.code), (EventKind::Failed, 403))
                        }
                        (true, Policy::Close) => {
                            assert_eq!((first.kind, first.code), (EventKind::Failed, 4001))
                        }
                    }
                }
            }
        }
    }
}

/// Behind FAILED nothing is listed but the peer's Close.
#[test]
fn a_policy_that_closes_listens_for_the_close_alone() {
    let options = [(OptionKey::SubprotocolAbsent, Policy::Close as u64)];
    let ends =
        [frame(0x88, &[0x03, 0xf0]), vec![0x83, 0x80], frame(0x88, &[0x03]), frame(0x81, &[0xff])];
    for (n, end) in ends.iter().enumerate() {
        let bad = n > 0;
        let (_, _, mut host) = decided(config(&["a"], &options), None, true);
        host.feed(
            &[frame(0x81, b"x"), frame(0x89, b"p"), frame(0x02, b"y"), frame(0x80, b"z")].concat(),
        );
        host.feed(end);
        let kinds: Vec<_> = host.seen.iter().map(|event| event.kind).collect();
        assert_eq!(kinds[0], EventKind::Failed);
        assert_eq!(kinds[1..], [EventKind::Close][..usize::from(!bad)]);
        let over = Interest { read: true, shutdown_write: true, ..Interest::default() };
        assert_eq!(host.conn.interest(), if bad { over } else { closes() });
    }
}

#[test]
fn without_subprotocols_no_policy_applies() {
    for offer in [None, Some("x")] {
        let options = [
            (OptionKey::SubprotocolAbsent, Policy::Reject as u64),
            (OptionKey::SubprotocolMismatch, Policy::Close as u64),
        ];
        let (response, _, host) = decided(config(&[], &options), offer, false);
        assert_eq!((chosen(&response), host.conn.state()), (None, State::Open));
    }
}

#[test]
fn either_side_s_preference_decides() {
    for (preference, want) in [(Preference::Server, "a"), (Preference::Client, "b")] {
        let options = [(OptionKey::SubprotocolPreference, preference as u64)];
        let (response, ..) = decided(config(&["a", "b"], &options), Some("x, b, a"), false);
        assert_eq!(chosen(&response), Some(want));
    }
}

#[test]
fn a_policy_of_the_connection_s_own() {
    let policy = |name: &str| {
        let mut policy =
            config(&[name], &[(OptionKey::SubprotocolMismatch, Policy::Reject as u64)]);
        policy.add_resource("/chat").unwrap();
        policy.add_origin("https://example.com").unwrap();
        policy
    };
    let rows: &[(&str, &[&str], Option<Refusal>)] = &[
        ("a", &["Sec-WebSocket-Protocol: a", "Origin: https://example.com"], None),
        (
            "b",
            &["Sec-WebSocket-Protocol: a", "Origin: https://example.com"],
            Some(Refusal::SubprotocolMismatch),
        ),
        ("a", &["Sec-WebSocket-Protocol: a"], Some(Refusal::OriginNotAllowed)),
    ];
    for (name, lines, refusal) in rows {
        let mut host = Host::new(Config::default(), 1);
        host.feed(request(lines).as_bytes());
        host.conn.accept_by(&policy(name), &Answer::default()).unwrap();
        assert_eq!(host.conn.failure(), refusal.map(Failure::Handshake));
        let state = if refusal.is_none() { State::Open } else { State::Closed };
        assert_eq!(host.conn.state(), state);
    }
}

#[test]
fn accept_then_close_at_any_request() {
    for (lines, name) in [(&[][..], None), (&["Sec-WebSocket-Protocol: x, y"][..], Some("x"))] {
        let mut host = Host::new(Config::default(), 1);
        host.feed(request(lines).as_bytes());
        for (code, reason) in [(999, ""), (0, "r"), (1005, ""), (1000, &*"r".repeat(124))] {
            let refused = host.conn.accept_then_close(code, reason);
            assert_eq!(refused, Err(DecisionError::Argument));
        }
        host.conn.accept_then_close(4003, "no credentials").unwrap();
        assert_eq!((host.conn.subprotocol(), host.conn.failure()), (name, None));
        host.take_output();
        assert!(host.output.ends_with(&reply(0x88, b"\x0f\xa3no credentials")));
        assert_eq!(host.conn.interest(), Interest { read: true, ..Interest::default() });
        assert_eq!(host.conn.accept_then_close(1000, ""), Err(DecisionError::State));
    }
}

/// CVE-2018-14732, CVE-2022-42975, CVE-2026-55883 and a dozen more: origins
/// compared by parts.
#[test]
fn origins_are_compared_whole() {
    let allowed = ["https://example.com", "http://localhost:3000", "https://[::1]:8443"];
    let judge = |lines: &[&str], same_host: bool| {
        let mut config = Config::default();
        if same_host {
            config.set(OptionKey::AllowSameHost, 1).unwrap();
        } else {
            allowed.iter().for_each(|origin| config.add_origin(origin).unwrap());
        }
        let mut host = Host::new(config, 1);
        host.feed(request(lines).as_bytes());
        host.take_output();
        let failure = host.conn.failure();
        if failure.is_some() {
            assert_eq!(failure, Some(Failure::Handshake(Refusal::OriginNotAllowed)));
            assert!(host.output.starts_with(b"HTTP/1.1 403 Forbidden\r\n"));
        }
        failure.is_none()
    };
    let yes = [
        "https://example.com",
        "HTTPS://EXAMPLE.com",
        "https://example.com:443",
        "http://localhost:3000",
        "https://[::1]:8443",
    ];
    let no = [
        "http://example.com",
        "https://example.com:8443",
        "https://evil-example.com",
        "https://example.com.evil",
        "https://example.com.evil/",
        "https://sub.example.com",
        "https://example.com/",
        "https://example.com@evil",
        "https://evil@example.com",
        "example.com",
        "//example.com",
        "https://",
        "https://example.co",
        "null",
        "",
        "*",
        "https://example.com https://evil",
        "https://example.com, https://evil",
        "http://localhost",
        "https://example.com:443x",
        "https://exa\u{6d}ple.com.",
    ];
    for origin in yes {
        assert!(judge(&[&format!("Origin: {origin}")], false), "{origin}");
    }
    for origin in no {
        assert!(!judge(&[&format!("Origin: {origin}")], false), "{origin}");
    }
    assert!(!judge(&[], false), "no Origin at all");
    assert!(!judge(&["Origin: https://example.com", "Origin: https://example.com"], false));
    for (origin, is_taken) in [
        ("http://example.com", true),
        ("https://example.com", true),
        ("http://example.com:80", true),
        ("http://EXAMPLE.com", true),
        ("http://example.com:8080", false),
        ("http://other", false),
        ("null", false),
        ("http://example.com.evil", false),
    ] {
        assert_eq!(judge(&[&format!("Origin: {origin}")], true), is_taken, "same host: {origin}");
    }
    for bad in [
        "",
        "https://*.example.com",
        "example.com",
        "https://a/b",
        "https://a b",
        "https://a\r\n",
        "1http://a",
    ] {
        assert_eq!(Config::default().add_origin(bad), Err(ConfigError::BadOrigin), "{bad}");
    }
}

#[test]
fn resources_are_compared_whole() {
    let judge = |target: &str| {
        let mut config = Config::default();
        config.add_resource("/chat").unwrap();
        config.add_resource("/a%20b").unwrap();
        let mut host = Host::new(config, 1);
        host.feed(request(&[]).replacen("/chat?room=1", target, 1).as_bytes());
        host.conn.failure()
    };
    for target in
        ["/chat", "/chat?x=y", "/chat?", "/a%20b", "http://example.com/chat?x", "ws://h/chat"]
    {
        assert_eq!(judge(target), None, "{target}");
    }
    for target in
        ["/", "/chat/", "/Chat", "/chatty", "//chat", "/a%20B", "http://example.com", "/x?/chat"]
    {
        let missing = Some(Failure::Handshake(Refusal::UnknownResource));
        assert_eq!(judge(target), missing, "{target}");
    }
    for bad in ["", "chat", "/a?b", "/a#b", "/a b", "/\r\n", "/ü"] {
        assert_eq!(Config::default().add_resource(bad), Err(ConfigError::BadResource), "{bad}");
    }
}

#[test]
fn targets_are_taken_apart() {
    assert_eq!(path(b"/a/b?c=d"), b"/a/b");
    assert_eq!(path(b"http://h:1/a?b"), b"/a");
    assert_eq!(path(b"http://h?b"), b"/");
    assert_eq!(path(b"/a://b"), b"/a://b");
    assert_eq!(query(b"/a?b?c"), Some(&b"b?c"[..]));
    assert_eq!(query(b"/a?"), Some(&b""[..]));
    assert_eq!(query(b"/a"), None);
    let target = b"/?a=1&b=%41+%zz%&a=2&c&%64=e%3D&=f";
    for (name, value) in [
        ("a", Some("1")),
        ("b", Some("A %zz%")),
        ("c", Some("")),
        ("d", Some("e=")),
        ("", Some("f")),
        ("x", None),
    ] {
        let got = query_parameter(target, name.as_bytes());
        assert_eq!(got.as_deref(), value.map(str::as_bytes), "{name}");
    }
}

/// RFC 9112 3.2.2: the host of a target that is a whole URI, and no other.
#[test]
fn the_host_of_a_whole_target() {
    let wire = request(&[]).replacen("/chat", "http://other:81/chat", 1);
    let mut host = Host::new(Config::default(), 1);
    host.feed(wire.as_bytes());
    assert_eq!(host.conn.request().unwrap().host(), Some(&b"other:81"[..]));
    let refusal = |target: &str| {
        let mut host = Host::new(Config::default(), 1);
        host.feed(request(&[]).replacen("/chat?room=1", target, 1).as_bytes());
        host.conn.failure()
    };
    for target in ["http://", "http:///chat", "ws://a b/", "http://user@a/"] {
        assert!(refusal(target).is_some(), "{target}");
    }
    let line = Some(Failure::Handshake(Refusal::BadRequestLine));
    assert_eq!(refusal("/chat room"), line, "a space in the target is no HTTP version");
    let fields: Vec<Field> = vec![(b"sec-websocket-version", b"13"), (b"host", b"else.example")];
    let mut host = Host::new(Config::default(), 1);
    host.request(&connect(fields)).unwrap();
    let repeated = Some(Failure::Handshake(Refusal::HostRepeated));
    assert_eq!(host.conn.failure(), repeated, "RFC 9113 8.3.1: not what :authority says");
    assert_eq!(host.request(&connect(vec![])), Err(DecisionError::State), "once only");
}

// ---- Parsed fields and extended CONNECT ----

type Field = (&'static [u8], &'static [u8]);

fn upgrade_fields() -> Vec<Field> {
    vec![
        (b"Host", b"example.com"),
        (b"Upgrade", b"websocket"),
        (b"Connection", b"keep-alive, Upgrade"),
        (b"Sec-WebSocket-Key", KEY),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Sec-WebSocket-Protocol", b"a, b"),
    ]
}

fn http1(fields: Vec<Field>) -> RequestFields<'static> {
    RequestFields {
        method: b"GET",
        target: b"/chat",
        authority: b"",
        protocol: b"",
        version: Version::Http11,
        fields,
    }
}

fn connect(fields: Vec<Field>) -> RequestFields<'static> {
    RequestFields {
        method: b"CONNECT",
        target: b"/chat?x=1",
        authority: b"example.com",
        protocol: b"websocket",
        version: Version::ExtendedConnect,
        fields,
    }
}

/// The response in parts: status, fields as text, body.
fn parts(conn: &Connection) -> (u16, Vec<String>, String) {
    let fields = (0..).map_while(|index| conn.response_field(index)).map(|(name, value)| {
        format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
    });
    let body = String::from_utf8_lossy(conn.response_body().unwrap()).into_owned();
    (conn.response_status().unwrap(), fields.collect(), body)
}

#[test]
fn a_host_that_parses_http_by_itself() {
    let mut host = Host::new(config(&["b"], &[]), 4).echoing();
    host.request(&http1(upgrade_fields())).unwrap();
    assert_eq!(host.seen[0].kind, EventKind::Request);
    let head = host.conn.request().unwrap();
    assert_eq!((head.method(), head.target()), (&b"GET"[..], &b"/chat"[..]));
    assert_eq!(host.conn.response_status(), None);
    let cookie = Answer { headers: vec![(b"Set-Cookie", b"a=b")], ..Answer::default() };
    host.conn.accept(None, &cookie).unwrap();
    let want = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "Sec-WebSocket-Protocol: b",
        "Set-Cookie: a=b",
    ];
    assert_eq!(parts(&host.conn), (101, want.map(str::to_owned).to_vec(), String::new()));
    assert_eq!(host.conn.output_size(), 0, "the host sends the response");
    host.feed(&frame(0x81, b"hi"));
    host.take_output();
    assert_eq!(host.output, reply(0x81, b"hi"));
    assert_eq!(host.conn.response_status(), None, "given back");
    assert_eq!(host.request(&http1(upgrade_fields())), Err(DecisionError::State));
}

#[test]
fn an_extended_connect() {
    let mut host = Host::new(config(&["b"], &[]), 4).echoing();
    let fields: Vec<Field> =
        vec![(b"sec-websocket-version", b"13"), (b"sec-websocket-protocol", b"a, b")];
    host.request(&connect(fields)).unwrap();
    let head = host.conn.request().unwrap();
    assert_eq!(head.all(b"host").collect::<Vec<_>>(), [b"example.com"]);
    let cookie = Answer { headers: vec![(b"Set-Cookie", b"a=b")], ..Answer::default() };
    host.conn.accept(None, &cookie).unwrap();
    let want = ["sec-websocket-protocol: b", "set-cookie: a=b"].map(str::to_owned).to_vec();
    assert_eq!(parts(&host.conn), (200, want, String::new()));
    host.feed(&frame(0x81, b"hi"));
    host.take_output();
    assert_eq!(host.output, reply(0x81, b"hi"));
}

#[test]
fn what_is_refused_in_parts() {
    let plain = |name: &str| name.to_owned();
    let http1_cases = [
        (http1(upgrade_fields()[1..].to_vec()), Refusal::HostMissing),
        (http1([upgrade_fields(), vec![(b"Content-Length", b"3")]].concat()), Refusal::Body),
        (http1([upgrade_fields(), vec![(b"X", b"a\r\nb")]].concat()), Refusal::BadHeader),
        (http1([upgrade_fields(), vec![(b"X Y", b"a")]].concat()), Refusal::BadHeader),
        (http1(vec![(b"X", b"y"); 101]), Refusal::TooManyHeaders),
        (http1(vec![(b"X", &[b'y'; 17_000])]), Refusal::HeadTooLong),
        (RequestFields { target: b"/a b", ..http1(upgrade_fields()) }, Refusal::BadRequestLine),
        (RequestFields { method: b"POST", ..http1(upgrade_fields()) }, Refusal::Method),
        (RequestFields { version: Version::Http10, ..http1(upgrade_fields()) }, Refusal::Http10),
        (http1(vec![(b"Host", b"a")]), Refusal::PlainHttp),
    ];
    for (request, refusal) in http1_cases {
        let mut host = Host::new(Config::default(), 1);
        host.request(&request).unwrap();
        assert_eq!(host.conn.failure(), Some(Failure::Handshake(refusal)));
        let (status, fields, body) = parts(&host.conn);
        assert_eq!(status, refusal.status());
        assert!(fields.iter().any(|field| field.starts_with("Connection: close")));
        assert!(fields.contains(&format!("Content-Length: {}", body.len())));
        assert!(body.starts_with(refusal.text().to_str().unwrap()));
        assert_eq!((host.conn.output_size(), host.conn.interest()), (0, closes()));
    }
    let version: Vec<Field> = vec![(b"sec-websocket-version", b"13")];
    let connect_cases = [
        (connect(vec![]), Refusal::VersionMissing, 400),
        (connect(vec![(b"sec-websocket-version", b"8")]), Refusal::VersionUnsupported, 400),
        (
            RequestFields { protocol: b"webtransport", ..connect(version.clone()) },
            Refusal::UnknownProtocol,
            501,
        ),
        (RequestFields { method: b"GET", ..connect(version.clone()) }, Refusal::Method, 405),
        (RequestFields { authority: b"", ..connect(version.clone()) }, Refusal::HostMissing, 400),
        (RequestFields { authority: b"a\nb", ..connect(version.clone()) }, Refusal::BadHeader, 400),
        (
            RequestFields { protocol: b"", method: b"GET", ..connect(version) },
            Refusal::PlainHttp,
            400,
        ),
    ];
    for (request, refusal, status) in connect_cases {
        let mut host = Host::new(Config::default(), 1);
        host.request(&request).unwrap();
        assert_eq!(host.conn.failure(), Some(Failure::Handshake(refusal)));
        let (got, fields, body) = parts(&host.conn);
        assert_eq!(got, status, "{body}");
        let is_fine =
            |field: &String| *field == field.to_lowercase() || field.starts_with("allow: ");
        assert!(fields.iter().all(is_fine), "{fields:?}");
        assert!(!fields.iter().any(|f| f.starts_with("connection") || f.starts_with("upgrade")));
        let wants_version =
            [Refusal::VersionMissing, Refusal::VersionUnsupported].contains(&refusal);
        assert_eq!(host.seen[0].code, status, "the event says what the answer says");
        assert_eq!(fields.contains(&plain("sec-websocket-version: 13")), wants_version);
    }
}

#[test]
fn decisions_in_parts() {
    let mut host = Host::new(Config::default(), 1);
    host.request(&http1(upgrade_fields())).unwrap();
    host.conn.challenge("Basic realm=\"x\"").unwrap();
    let (status, fields, _) = parts(&host.conn);
    assert_eq!(status, 401);
    assert!(fields.contains(&"WWW-Authenticate: Basic realm=\"x\"".to_owned()));
    assert_eq!(host.conn.interest(), closes());
    let mut host = Host::new(Config::default(), 1);
    host.request(&connect(vec![(b"sec-websocket-version", b"13")])).unwrap();
    host.conn.redirect(307, "/other").unwrap();
    let (status, fields, _) = parts(&host.conn);
    assert_eq!(
        (status, fields),
        (307, vec!["location: /other".to_owned(), "content-length: 0".to_owned()])
    );
    let mut fed = Host::new(Config::default(), 1);
    fed.feed(b"GET");
    assert_eq!(fed.request(&http1(upgrade_fields())), Err(DecisionError::State));
}

#[test]
fn a_connection_that_somebody_else_opened() {
    let conn = Connection::open(Arc::default(), Role::Server, Some("chat")).unwrap();
    let mut host = Host::new(Config::default(), 1).echoing();
    host.conn = conn;
    assert_eq!((host.conn.state(), host.conn.subprotocol()), (State::Open, Some("chat")));
    host.feed(&frame(0x81, b"hi"));
    host.take_output();
    assert_eq!(host.output, reply(0x81, b"hi"));
    assert!(Connection::open(Arc::default(), Role::Client, Some("a b")).is_err());
}

// ---- The client's side ----

fn ask() -> Ask<'static> {
    Ask { host: b"example.com", target: b"/chat?room=1", ..Ask::default() }
}

/// A client, and the key that it sent.
fn client(config: Config) -> (Host, String) {
    let mut host = Host::new(Config::default(), 4);
    host.conn = Connection::client(Arc::new(config), &ask()).unwrap();
    host.take_output();
    let request = String::from_utf8(std::mem::take(&mut host.output)).unwrap();
    let key = request.split("\r\n").find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    (host, key.unwrap().to_owned())
}

fn response(key: &str, more: &str) -> String {
    let accept = String::from_utf8(accept_value(key.as_bytes()).to_vec()).unwrap();
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

#[test]
fn the_client_s_request() {
    let origin: (&[u8], &[u8]) = (b"Authorization", b"Bearer x");
    let ask = Ask { origin: b"https://example.com", headers: vec![origin], ..ask() };
    let mut host = Host::new(Config::default(), 1);
    host.conn = Connection::client(Arc::new(config(&["a", "b"], &[(OptionKey::Deflate, 0)])), &ask)
        .unwrap();
    assert_eq!(host.conn.interest(), Interest { read: true, write: true, ..Interest::default() });
    host.take_output();
    let request = String::from_utf8(host.output).unwrap();
    let (start, rest) = request.split_once("Sec-WebSocket-Key: ").unwrap();
    assert_eq!(
        start,
        "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    );
    assert_eq!(
        &rest[24..],
        "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\nOrigin: https://example.com\r\nAuthorization: Bearer x\r\n\r\n"
    );
    assert!(wsabi::handshake::is_valid_key(&rest.as_bytes()[..24]));
    let keys: std::collections::HashSet<_> =
        (0..100).map(|_| client(Config::default()).1).collect();
    assert_eq!(keys.len(), 100, "each is fresh");
}

#[test]
fn a_request_that_cannot_be_sent() {
    let field =
        |name: &'static [u8], value: &'static [u8]| Ask { headers: vec![(name, value)], ..ask() };
    let bad = [
        Ask { host: b"", ..ask() },
        Ask { host: b"a\r\nb", ..ask() },
        Ask { host: b"user@a", ..ask() },
        Ask { target: b"", ..ask() },
        Ask { target: b"chat", ..ask() },
        Ask { target: b"/a b", ..ask() },
        Ask { target: b"/a#b", ..ask() },
        Ask { target: b"/a\r\nX: y", ..ask() },
        Ask { target: b"http://a/", ..ask() },
        Ask { origin: b"a\nb", ..ask() },
        Ask { origin: b"example.com", ..ask() },
        field(b"X", b"a\r\nb"),
        field(b"X\r\n", b"a"),
        field(b"Host", b"a"),
        field(b"origin", b"a"),
        field(b"Sec-WebSocket-Key", b"a"),
        field(b"Connection", b"close"),
        field(b"Content-Length", b"1"),
    ];
    for ask in bad {
        let refused = Connection::client(Arc::default(), &ask).map(|_| ());
        assert_eq!(refused, Err(NewClientError::Argument), "{ask:?}");
    }
}

#[test]
fn the_client_opens_at_every_split() {
    for subprotocol in ["", "Sec-WebSocket-Protocol: b\r\n"] {
        for interim in
            ["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"]
        {
            let size =
                interim.len() + response(&client(Config::default()).1, subprotocol).len() + 4;
            for cut in 0..=size {
                let (mut host, key) = client(config(&["a", "b"], &[]));
                let wire = [
                    interim.as_bytes(),
                    response(&key, subprotocol).as_bytes(),
                    &reply(0x81, b"hi"),
                ]
                .concat();
                let (a, b) = wire.split_at(cut);
                host.feed(a);
                host.feed(b);
                let kinds: Vec<_> = host.seen.iter().map(|event| event.kind).collect();
                assert_eq!(kinds, [EventKind::Open, EventKind::Text], "cut at {cut}");
                assert_eq!(host.conn.subprotocol(), (!subprotocol.is_empty()).then_some("b"));
            }
        }
    }
}

#[test]
fn what_fails_the_client() {
    let rows: &[(&str, &str, Fault)] = &[
        ("HTTP/1.1 101", "HTTP/1.0 101", Fault::HttpVersion),
        ("HTTP/1.1 101", "HTTP/2.0 101", Fault::HttpVersion),
        ("HTTP/1.1 101", "GET / HTTP/1.1 400", Fault::BadStatusLine),
        ("HTTP/1.1 101", "\u{16}\u{3}", Fault::Tls),
        ("HTTP/1.1 101", "HTTP/1.1 1O1", Fault::BadStatusLine),
        ("HTTP/1.1 101", "HTTP/1.1 099", Fault::BadStatusLine),
        ("\r\nupgrade: WebSocket", "", Fault::UpgradeMissing),
        ("WebSocket", "websocket2", Fault::UpgradeMissing),
        ("WebSocket", "h2c, websocket", Fault::UpgradeMissing),
        ("keep-alive, upgrade", "close", Fault::ConnectionMissing),
        ("Sec-WebSocket-Accept", "X", Fault::AcceptMissing),
        ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x", Fault::AcceptWrong),
        ("=\r\n", "=\r\nSec-WebSocket-Accept: x\r\n", Fault::AcceptRepeated),
        ("=\r\n", "=\r\nSec-WebSocket-Protocol: c\r\n", Fault::SubprotocolNotOffered),
        ("=\r\n", "=\r\nSec-WebSocket-Protocol: A\r\n", Fault::SubprotocolNotOffered),
        ("=\r\n", "=\r\nSec-WebSocket-Protocol: a, b\r\n", Fault::SubprotocolNotOffered),
        ("=\r\n", "=\r\nSec-WebSocket-Protocol:\r\n", Fault::SubprotocolNotOffered),
        (
            "=\r\n",
            "=\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
            Fault::SubprotocolRepeated,
        ),
        (
            "=\r\n",
            "=\r\nSec-WebSocket-Extensions: x-webkit-deflate-frame\r\n",
            Fault::ExtensionNotOffered,
        ),
        ("=\r\n", "=\r\nBad header\r\n", Fault::BadHeader),
        ("=\r\n", "=\n", Fault::BadLineEnd),
    ];
    for (from, to, fault) in rows {
        for step in [1, 7, 10_000] {
            let (mut host, key) = client(config(&["a", "b"], &[]));
            let wire = response(&key, "").replacen(from, to, 1);
            let wire = [wire.as_bytes(), &reply(0x81, b"never seen")].concat();
            wire.chunks(step).for_each(|piece| host.feed(piece));
            assert_eq!(host.conn.failure(), Some(Failure::Response(*fault)), "{from} -> {to}");
            assert_eq!(host.seen.len(), 1);
            assert_eq!((host.seen[0].kind, host.seen[0].code), (EventKind::Failed, 1006));
            assert_eq!(host.conn.interest(), closes(), "nothing is said to a bad response");
            assert_eq!((host.conn.output_size(), host.conn.state()), (0, State::Closed));
        }
    }
    let (mut host, key) = client(Config::default());
    let long = response(&key, &format!("X: {}\r\n", "y".repeat(17_000)));
    host.feed(long.as_bytes());
    assert_eq!(host.conn.failure(), Some(Failure::Response(Fault::HeadTooLong)));
    let other = response("c29tZWJvZHkgZWxzZSdzIA==", "");
    let (mut host, _) = client(Config::default());
    host.feed(other.as_bytes());
    assert_eq!(host.conn.failure(), Some(Failure::Response(Fault::AcceptWrong)));
}

#[test]
fn a_server_that_rejects() {
    let rows: &[(&str, bool, &str)] = &[
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n", false, "no\n"),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
            false,
            "",
        ),
        ("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", false, ""),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", false, ""),
        (
            "HTTP/1.1 403 No\r\nTransfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabcdef",
            true,
            "abcdef",
        ),
        ("HTTP/1.1 500 Oops\r\n\r\nuntil the end", true, "until the end"),
        ("HTTP/1.0 400 Bad Request\r\n\r\n", true, ""),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            false,
            "abc0123456789",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, ""),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789012345678901234567890123456789",
            false,
            "01234567890123456789",
        ),
        ("HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 9\r\n\r\nlater", true, "later"),
    ];
    for (wire, ends, body) in rows {
        let status: u16 = wire[9..12].parse().unwrap();
        for cut in 0..=wire.len() {
            let (mut host, _) = client(config(&[], &[(OptionKey::MaxRejectionBody, 20)]));
            let (a, b) = wire.split_at(cut);
            host.feed(a.as_bytes());
            host.feed(b.as_bytes());
            assert_eq!(host.seen.is_empty(), *ends, "{wire}");
            if *ends {
                host.eof();
            }
            let seen = &host.seen[0];
            assert_eq!((host.seen.len(), seen.kind, seen.code), (1, EventKind::Rejected, status));
            assert_eq!(seen.payload, body.as_bytes(), "{wire}");
            assert_eq!((host.conn.interest(), host.conn.state()), (closes(), State::Closed));
            assert_eq!(host.conn.response_status(), Some(status));
            if status == 301 {
                assert_eq!(host.conn.response_field(0), Some((&b"Location"[..], &b"/x"[..])));
            }
        }
    }
}

/// Two connections joined in memory: a dialogue.
#[test]
fn a_client_and_a_server_talk() {
    let mut server = Host::new(config(&["b"], &[(OptionKey::AutoAccept, 1)]), 2).echoing();
    let mut client = Host::new(Config::default(), 2);
    client.conn = Connection::client(Arc::new(config(&["a", "b"], &[])), &ask()).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!((client.conn.subprotocol(), server.conn.subprotocol()), (Some("b"), Some("b")));
    let large = "grüße ".repeat(20_000);
    client.conn.send_text(&large).unwrap();
    client.conn.send_binary(&[0xff; 300]).unwrap();
    client.conn.send_ping(b"p").unwrap();
    client.conn.send_text("").unwrap();
    exchange(&mut client, &mut server);
    let got: Vec<_> =
        client.seen[1..].iter().map(|event| (event.kind, event.payload.len())).collect();
    let mut messages = got.clone();
    messages.retain(|(kind, _)| *kind != EventKind::Pong);
    assert_eq!(
        messages,
        [(EventKind::Text, large.len()), (EventKind::Binary, 300), (EventKind::Text, 0)]
    );
    assert!(got.contains(&(EventKind::Pong, 1)));
    client.conn.close(1000, "done").unwrap();
    exchange(&mut client, &mut server);
    assert_eq!((server.conn.close_code(), client.conn.close_code()), (1000, 1000));
    assert_eq!(server.conn.interest(), closes(), "the server closes first");
    assert_eq!(client.conn.interest(), Interest { read: true, ..Interest::default() });
    client.eof();
    assert_eq!(client.conn.interest(), closes());
    assert_eq!(
        client.seen.last().map(|event| (event.kind, event.code)),
        Some((EventKind::Closed, 1000))
    );
}

fn exchange(client: &mut Host, server: &mut Host) {
    loop {
        client.take_output();
        server.take_output();
        let (to_server, to_client) =
            (std::mem::take(&mut client.output), std::mem::take(&mut server.output));
        if to_server.is_empty() && to_client.is_empty() {
            return;
        }
        to_server.chunks(1000).for_each(|piece| server.feed(piece));
        to_client.chunks(1000).for_each(|piece| client.feed(piece));
    }
}

/// CVE-2025-10148, and RFC 6455 5.3: a fresh key for each frame, that nobody can
/// foresee.
#[test]
fn every_frame_of_a_client_has_its_own_key() {
    let mut host = Host::new(Config::default(), 1);
    host.conn = Connection::open(Arc::default(), Role::Client, None).unwrap();
    let mut keys = std::collections::HashSet::new();
    let mut ones = 0_u32;
    for _ in 0..10_000 {
        host.conn.send_binary(b"same").unwrap();
        host.take_output();
        let wire = std::mem::take(&mut host.output);
        assert_eq!((wire.len(), wire[0], wire[1]), (10, 0x82, 0x84));
        let key: [u8; 4] = wire[2..6].try_into().unwrap();
        ones += u32::from_ne_bytes(key).count_ones();
        let plain: Vec<u8> = wire[6..].iter().zip(key).map(|(octet, key)| octet ^ key).collect();
        assert_eq!(plain, b"same");
        keys.insert(key);
    }
    assert!(keys.len() >= 9_998, "{}", keys.len());
    assert!((155_000..165_000).contains(&ones), "{ones} of 320,000 bits");
}

#[test]
fn a_client_refuses_masked_frames() {
    for wire in [frame(0x81, b"x"), frame(0x82, b""), frame(0x89, b""), frame(0x01, b"")] {
        let mut host = Host::new(Config::default(), 1);
        host.conn = Connection::open(Arc::default(), Role::Client, None).unwrap();
        host.feed(&wire);
        assert_eq!(host.conn.failure(), Some(Failure::Masked));
    }
}
