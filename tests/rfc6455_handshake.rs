//! RFC 6455 section 4.2, the server's side: every row whole, cut at every octet,
//! octet by octet, and with octets behind it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;

use support::{Host, REQUEST, frame, reply};
use wsabi::conn::{Config, DecisionError, EventKind, Failure, Interest, OptionKey, State};
use wsabi::handshake::{Answer, Refusal, accept_value, is_valid_key};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION: &str = "Sec-WebSocket-Version: 13";

/// A request of these lines, with CR LF behind each and an empty one at the end.
fn head(lines: &[&str]) -> String {
    lines.iter().chain([&""]).flat_map(|line| [*line, "\r\n"]).collect()
}

/// A correct opening handshake, with one line replaced (by its start) or added.
fn with(line: &str) -> String {
    let name = line.split(':').next().unwrap();
    let mut lines = correct();
    match lines.iter_mut().find(|known| known.starts_with(&format!("{name}:"))) {
        Some(place) => *place = line,
        None => lines.push(line),
    }
    head(&lines)
}

fn and(line: &str) -> String {
    let mut lines = correct();
    lines.push(line);
    head(&lines)
}

fn without(name: &str) -> String {
    let lines: Vec<_> = correct().into_iter().filter(|line| !line.starts_with(name)).collect();
    head(&lines)
}

fn request_line(line: &str) -> String {
    let mut lines = correct();
    lines[0] = line;
    head(&lines)
}

fn correct() -> Vec<&'static str> {
    vec![
        "GET /chat?room=1 HTTP/1.1",
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        KEY,
        VERSION,
    ]
}

/// What the server did: the failure, and the octets that it sent.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    kinds: Vec<EventKind>,
    failure: Option<Failure>,
    output: String,
}

fn play(pieces: &[&[u8]], subprotocols: &[&str]) -> Outcome {
    let mut config = Config::default();
    for name in subprotocols {
        config.add_subprotocol(name).unwrap();
    }
    let mut host = Host::new(config, 64);
    for piece in pieces {
        host.feed(piece);
    }
    if host.conn.request().is_some() {
        host.conn.accept(None, &Answer::default()).unwrap();
    }
    host.take_output();
    let kinds = host.seen.iter().map(|event| event.kind).collect();
    let output = String::from_utf8(host.output).unwrap();
    Outcome { kinds, failure: host.conn.failure(), output }
}

/// The outcome, the same for every split and for whatever comes behind.
fn outcome(request: &str, subprotocols: &[&str]) -> Outcome {
    let wire = request.as_bytes();
    let whole = play(&[wire], subprotocols);
    for cut in 0..wire.len() {
        let (a, b) = wire.split_at(cut);
        assert_eq!(play(&[a, b], subprotocols), whole, "cut at {cut}: {request}");
    }
    let octets: Vec<_> = wire.chunks(1).collect();
    assert_eq!(play(&octets, subprotocols), whole, "octet by octet: {request}");
    let behind = [wire, &frame(0x82, b"behind")].concat();
    assert_eq!(play(&[&behind], subprotocols), whole, "with a frame behind: {request}");
    whole
}

fn accepted(request: &str) -> String {
    accepted_with(request, &[])
}

fn accepted_with(request: &str, subprotocols: &[&str]) -> String {
    let got = outcome(request, subprotocols);
    assert_eq!((got.kinds, got.failure), (vec![EventKind::Request], None), "{request}");
    assert!(got.output.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{request}");
    assert!(got.output.ends_with("\r\n\r\n"));
    assert!(got.output.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    got.output
}

fn refused(request: &str, refusal: Refusal) -> String {
    let got = outcome(request, &[]);
    assert_eq!(got.failure, Some(Failure::Handshake(refusal)), "{request}");
    assert_eq!(got.kinds, [EventKind::Failed], "{request}");
    is_complete(&got.output, refusal.status());
    let (_, body) = got.output.split_once("\r\n\r\n").unwrap();
    assert!(body.starts_with(refusal.text().to_str().unwrap()), "{}", got.output);
    got.output
}

/// A response that ends where it says, and ends the connection.
fn is_complete(response: &str, status: u16) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap();
    assert!(status_line.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    let fields: Vec<_> = lines.map(|line| line.split_once(": ").unwrap()).collect();
    let value = |name: &str| {
        let mut values = fields.iter().filter(|field| field.0 == name).map(|field| field.1);
        let first = values.next();
        assert_eq!(values.next(), None, "{name} twice: {response}");
        first
    };
    assert_eq!(value("Content-Length"), Some(&*body.len().to_string()), "{response}");
    assert!(value("Connection").unwrap().starts_with("close"), "{response}");
    assert_eq!(value("Sec-WebSocket-Accept"), None, "{response}");
    if status == 426 {
        assert_eq!(value("Connection"), Some("close, Upgrade"));
        assert_eq!(value("Upgrade"), Some("websocket"));
        assert_eq!(value("Sec-WebSocket-Version"), Some("13"));
    }
    if status == 405 {
        assert_eq!(value("Allow"), Some("GET"));
    }
}

#[test]
fn section_1_3_the_example() {
    assert_eq!(&accept_value(b"dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(&accept_value(b"iTAsnxQZ045LBMzPRnlYGg=="), b"DlzGzimVwZhqPo2kSi1RfDjBXLE=");
    assert_eq!(
        accepted(&head(&correct())),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

#[test]
fn section_4_2_1_what_is_accepted() {
    for request in [
        with("upgrade: WebSocket"),
        with("Upgrade: h2c, websocket"),
        with("Upgrade: ,websocket,"),
        with("Connection: keep-alive, Upgrade"),
        with("Connection: keep-alive,upgrade"),
        and("Upgrade: h2c"),
        and("Connection: keep-alive"),
        with("Host: [::1]:9001"),
        with("Host: 127.0.0.1:9001"),
        with("Host: example.com:"),
        and("Origin: null"),
        and("Content-Length: 0"),
        and("X-Empty:"),
        and("X-Latin: gr\u{fc}\u{df}e"),
        with("Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ=="),
        with("Sec-WebSocket-Key: \t dGhlIHNhbXBsZSBub25jZQ== \t"),
        request_line("GET http://server.example.com/chat HTTP/1.1"),
        request_line("GET ws://server.example.com/chat HTTP/1.1"),
        request_line("GET /?a=b&c=%20 HTTP/1.1"),
        format!("\r\n{}", head(&correct())),
        format!("\r\n\r\n{}", head(&correct())),
        and("Sec-WebSocket-Extensions: x-webkit-deflate-frame, mux; max-channels=4"),
        and("Sec-WebSocket-Protocol:"),
    ] {
        let response = accepted(&request);
        assert!(!response.contains("Protocol:") && !response.contains("Extensions"), "{response}");
    }
}

#[test]
fn rfc_9112_what_is_no_request() {
    for line in [
        "GET /chat",
        "GET  /chat HTTP/1.1",
        "GET /chat HTTP/1.1 ",
        "/chat HTTP/1.1",
        "GET /chat http/1.1",
        "GET HTTP/1.1",
    ] {
        refused(&request_line(line), Refusal::BadRequestLine);
    }
    refused("{\"json\": true}\r\n\r\n", Refusal::BadRequestLine);
    refused("\0\0\0\r\n", Refusal::BadRequestLine);
    refused("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", Refusal::Tls);
    for line in ["GET /chat HTTP/2.0", "GET /chat HTTP/1.2", "PRI * HTTP/2.0", "GET / HTTP/0.9"] {
        refused(&request_line(line), Refusal::HttpVersion);
    }
    refused(&head(&correct()).replace("\r\n", "\n"), Refusal::BadLineEnd);
    refused(
        &head(&correct()).replacen("Upgrade: websocket\r\n", "Upgrade: websocket\n", 1),
        Refusal::BadLineEnd,
    );
    refused(&and("X: a\rb"), Refusal::BadLineEnd);
    refused(&and("Folded: a\r\n b"), Refusal::BadHeader);
    for line in [
        "No colon",
        "Space : a",
        "Bad(name: a",
        ": empty",
        "Nul: a\0b",
        "Ctl: a\u{1}b",
        "Del: a\u{7f}b",
    ] {
        refused(&and(line), Refusal::BadHeader);
    }
    for target in ["chat", "*", "/chat#fragment", "ftp://example.com/", "example.com:80"] {
        refused(&request_line(&format!("GET {target} HTTP/1.1")), Refusal::BadTarget);
    }
}

#[test]
fn rfc_9112_3_2_host() {
    refused(&without("Host"), Refusal::HostMissing);
    refused(&and("Host: server.example.com"), Refusal::HostRepeated);
    refused(&and("host: other"), Refusal::HostRepeated);
    for host in [
        "",
        "a b",
        "user@example.com",
        "example.com/",
        "example.com:80:80",
        "example.com:x",
        "example.com:65536",
        "[::1",
        "::1",
        "[::g]",
        "a,b c",
        "exa\u{e4}mple",
        "[::1]x",
        "a\\b",
        "<>",
    ] {
        refused(&with(&format!("Host: {host}")), Refusal::HostMalformed);
    }
}

/// CVE-2026-69243, CVE-2026-58055: what a body of the upgrade becomes.
#[test]
fn a_body_is_never_read_as_frames() {
    for line in [
        "Content-Length: 5",
        "Content-Length: 00",
        "Content-Length: -1",
        "Content-Length: 0, 0",
        "Content-Length: 99999999999999999999999",
        "Content-Length: +0",
        "Content-Length:",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "transfer-encoding:",
    ] {
        refused(&and(line), Refusal::Body);
    }
    let both = and("Content-Length: 0\r\nContent-Length: 0");
    refused(&both, Refusal::Body);
}

#[test]
fn section_4_2_1_what_is_refused() {
    for method in ["POST", "HEAD", "OPTIONS", "get", "CONNECT", "TRACE"] {
        let got = outcome(&request_line(&format!("{method} /chat HTTP/1.1")), &[]);
        assert_eq!(got.failure, Some(Failure::Handshake(Refusal::Method)), "{method}");
        assert!(got.output.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{}", got.output);
        assert_eq!(got.output.ends_with("\r\n\r\n"), method == "HEAD", "only HEAD has no body");
    }
    refused(&request_line("POST /chat HTTP/1.1"), Refusal::Method);
    refused(&without("Upgrade"), Refusal::UpgradeMissing);
    for value in ["xwebsocket", "websocket2", "websocket/13", "web socket", "h2c"] {
        refused(&with(&format!("Upgrade: {value}")), Refusal::UpgradeMissing);
    }
    refused(&without("Connection"), Refusal::ConnectionMissing);
    for value in ["close", "keep-alive", "upgraded", "up grade", "xUpgrade"] {
        refused(&with(&format!("Connection: {value}")), Refusal::ConnectionMissing);
    }
    refused(&without("Sec-WebSocket-Version"), Refusal::VersionMissing);
    for value in ["8", "+13", "013", "13, 8", "13.0", "", "130", "0"] {
        refused(&with(&format!("Sec-WebSocket-Version: {value}")), Refusal::VersionUnsupported);
    }
    refused(&and(VERSION), Refusal::VersionRepeated);
    refused(&and("Sec-WebSocket-Version: 8"), Refusal::VersionRepeated);
    refused(&without("Sec-WebSocket-Key"), Refusal::KeyMissing);
    refused(&and(KEY), Refusal::KeyRepeated);
    for value in [
        "",
        "AAAA",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZTEy",
        "dGhlIHNhbXBsZSBub25jZQ== x",
        "*Ghlghghghghghghghghgh==",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
    ] {
        refused(&with(&format!("Sec-WebSocket-Key: {value}")), Refusal::KeyInvalid);
    }
    assert!(is_valid_key(b"dGhlIHNhbXBsZSBub25jZR=="), "bits behind the 16 octets do not count");
    for value in ["a b", "a;b", "\"a\"", "gr\u{fc}n", "a/b"] {
        refused(&and(&format!("Sec-WebSocket-Protocol: {value}")), Refusal::BadSubprotocol);
    }
}

#[test]
fn a_request_that_is_none_for_us() {
    for request in [
        head(&["GET / HTTP/1.1", "Host: a"]),
        head(&["POST /form HTTP/1.1", "Host: a", "Content-Length: 3"]),
        head(&["GET / HTTP/1.0"]),
        head(&["GET / HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: h2c"]),
    ] {
        let response = refused(&request, Refusal::PlainHttp);
        assert!(!response.contains("proxy"), "{response}");
    }
    // Hixie-76 has neither key nor version, and eight octets behind the head.
    let hixie = head(&[
        "GET /demo HTTP/1.1",
        "Host: example.com",
        "Connection: Upgrade",
        "Upgrade: WebSocket",
        "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
        "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00",
    ]);
    refused(&hixie, Refusal::VersionMissing);
}

/// What nginx makes of an opening handshake, as seen behind it.
#[test]
fn what_a_proxy_removed_is_named() {
    let directives = [
        "proxy_http_version 1.1;",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection \"upgrade\";",
    ];
    let close = "Connection: close";
    let upgrade = "Upgrade: websocket";
    for (lines, refusal, missing) in [
        (&["GET / HTTP/1.0", "Host: a", close, VERSION, KEY][..], Refusal::Http10, 3),
        (&["GET / HTTP/1.1", "Host: a", close, VERSION, KEY], Refusal::UpgradeMissing, 2),
        (
            &["GET / HTTP/1.1", "Host: a", close, upgrade, VERSION, KEY],
            Refusal::ConnectionMissing,
            1,
        ),
    ] {
        let response = refused(&head(lines), refusal);
        for (n, directive) in directives.iter().rev().enumerate() {
            assert_eq!(response.contains(directive), n < missing, "{response}");
        }
    }
    let old = request_line("GET /chat HTTP/1.0");
    refused(&old, Refusal::Http10);
}

#[test]
fn limits_of_the_head() {
    let fields = |n: usize, name: &str| {
        let mut lines: Vec<_> = correct().iter().map(|line| (*line).to_owned()).collect();
        lines.extend((lines.len() - 1..n).map(|i| name.replace("{}", &i.to_string())));
        head(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    accepted(&fields(100, "X-{}: y"));
    refused(&fields(101, "X-{}: y"), Refusal::TooManyHeaders);
    refused(&fields(101, "X: y"), Refusal::TooManyHeaders);
    let long = |size: usize| {
        let rest = and("X: ").len();
        and(&format!("X: {}", "y".repeat(size - rest)))
    };
    let mut host = Host::new(Config::default(), 1);
    host.feed(long(16_384).as_bytes());
    assert_eq!(host.conn.failure(), None);
    for step in [1, 1000, 20_000] {
        let mut host = Host::new(Config::default(), 1);
        for piece in long(16_385).as_bytes().chunks(step) {
            host.feed(piece);
        }
        assert_eq!(host.conn.failure(), Some(Failure::Handshake(Refusal::HeadTooLong)));
        host.take_output();
        is_complete(std::str::from_utf8(&host.output).unwrap(), 431);
    }
}

#[test]
fn section_4_2_2_subprotocols() {
    let chosen = |offered: &str, supported: &[&str]| {
        let response =
            accepted_with(&and(&format!("Sec-WebSocket-Protocol: {offered}")), supported);
        let line =
            response.split("\r\n").find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        line.map(str::to_owned)
    };
    assert_eq!(chosen("chat", &[]), None);
    assert_eq!(chosen("chat", &["chat"]).as_deref(), Some("chat"));
    assert_eq!(chosen("a, chat", &["chat"]).as_deref(), Some("chat"));
    assert_eq!(chosen("a, b", &["b", "a"]).as_deref(), Some("b"), "the server's order");
    assert_eq!(chosen("a,\t,b", &["b"]).as_deref(), Some("b"));
    assert_eq!(chosen("a\r\nSec-WebSocket-Protocol: b", &["b"]).as_deref(), Some("b"), "two lines");
    assert_eq!(chosen("Chat", &["chat"]), None, "case matters");
    assert_eq!(chosen("chat2, xchat", &["chat"]), None, "names, not parts of names");
    assert_eq!(chosen("zzz", &["chat"]), None, "nothing in common is no refusal");
    let none = accepted_with(&head(&correct()), &["chat"]);
    assert!(!none.contains("Protocol:"), "{none}");
}

#[test]
fn the_application_chooses() {
    let offer = and("Sec-WebSocket-Protocol: a, b");
    for name in ["", "c", "A", "a, b", "a\r\nX: y"] {
        let mut host = Host::new(Config::default(), 1);
        host.feed(offer.as_bytes());
        let refused = host.conn.accept(Some(name), &Answer::default());
        assert_eq!(refused, Err(DecisionError::Argument), "{name}");
        assert_eq!((host.conn.output_size(), host.conn.state()), (0, State::Connecting));
        host.conn.accept(Some("b"), &Answer::default()).unwrap();
        assert_eq!(host.conn.subprotocol(), Some("b"));
        assert_eq!(host.conn.accept(None, &Answer::default()), Err(DecisionError::State));
        assert_eq!(host.conn.reject(&answer(400)), Err(DecisionError::State));
    }
}

fn answer(status: u16) -> Answer<'static> {
    Answer { status, headers: Vec::new(), body: b"no\n" }
}

fn decided(request: &str, decide: impl Fn(&mut Host) -> Result<(), DecisionError>) -> String {
    let mut config = Config::default();
    config.set(OptionKey::PlainHttp, 1).unwrap();
    let mut host = Host::new(config, 1);
    host.feed(request.as_bytes());
    decide(&mut host).unwrap();
    assert!(host.conn.interest().write);
    host.take_output();
    let lingers = Interest { read: true, shutdown_write: true, ..Interest::default() };
    assert_eq!((host.conn.interest(), host.conn.state()), (lingers, State::Closed));
    host.feed(b"whatever comes behind");
    host.eof();
    assert_eq!(host.conn.interest(), Interest { close: true, ..Interest::default() });
    assert_eq!(host.conn.output_size(), 0);
    String::from_utf8(host.output).unwrap()
}

#[test]
fn any_refusal_is_one_call_and_complete() {
    let request = head(&correct());
    for status in (300..=599).filter(|status| ![304, 401].contains(status)) {
        let response = decided(&request, |host| host.conn.reject(&answer(status)));
        is_complete(&response, status);
        assert!(response.ends_with("\r\n\r\nno\n"));
    }
    let challenge = Answer {
        status: 401,
        headers: vec![(b"WWW-Authenticate", b"Basic realm=\"x\"")],
        body: b"",
    };
    let response = decided(&request, |host| host.conn.reject(&challenge));
    is_complete(&response, 401);
    assert!(response.contains("\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"));
    for status in [301, 302, 303, 307, 308] {
        let response =
            decided(&request, |host| host.conn.redirect(status, "https://example.com/?a=b"));
        is_complete(&response, status);
        assert!(response.contains("\r\nLocation: https://example.com/?a=b\r\n"));
    }
    let plain = head(&["GET /health HTTP/1.1", "Host: a"]);
    is_complete(&decided(&plain, |host| host.conn.reject(&answer(200))), 200);
    let head_only =
        decided(&head(&["HEAD / HTTP/1.1", "Host: a"]), |host| host.conn.reject(&answer(200)));
    assert!(head_only.contains("Content-Length: 3\r\n") && head_only.ends_with("\r\n\r\n"));
}

#[test]
fn what_an_answer_may_not_hold() {
    let mut host = Host::new(Config::default(), 1);
    host.feed(REQUEST.as_bytes());
    for status in [0, 100, 101, 200, 299, 304, 401, 600, 999] {
        assert_eq!(host.conn.reject(&answer(status)), Err(DecisionError::Argument), "{status}");
    }
    let bad: &[(&[u8], &[u8])] = &[
        (b"X", b"a\r\nInjected: b"),
        (b"X", b"a\rb"),
        (b"X", b"a\nb"),
        (b"X", b"a\0b"),
        (b"X", b"a\x7fb"),
        (b"X", b"\x01"),
        (b"", b"a"),
        (b"X Y", b"a"),
        (b"X:", b"a"),
        (b"X\r\n", b"a"),
        (b"X\0", b"a"),
        (b"gr\xfcn", b"a"),
        (b"Connection", b"close"),
        (b"content-length", b"3"),
        (b"Transfer-Encoding", b"chunked"),
        (b"UPGRADE", b"websocket"),
        (b"Trailer", b"X"),
        (b"Sec-WebSocket-Accept", b"x"),
        (b"sec-websocket-protocol", b"x"),
        (b"Sec-WebSocket-Extensions", b"x"),
        (b"Keep-Alive", b"1"),
    ];
    for &field in bad {
        let with = |status| Answer { status, headers: vec![field], body: b"" };
        assert_eq!(host.conn.reject(&with(400)), Err(DecisionError::Argument), "{field:?}");
        assert_eq!(host.conn.accept(None, &with(0)), Err(DecisionError::Argument), "{field:?}");
    }
    for (status, location) in [
        (300, "/a"),
        (304, "/a"),
        (305, "/a"),
        (302, ""),
        (302, "/a b"),
        (302, "/a\r\nX: y"),
        (302, "/ü"),
    ] {
        assert_eq!(
            host.conn.redirect(status, location),
            Err(DecisionError::Argument),
            "{location}"
        );
    }
    let body = Answer { body: b"x", ..Answer::default() };
    assert_eq!(host.conn.accept(None, &body), Err(DecisionError::Argument));
    assert_eq!(host.conn.accept(None, &answer(200)), Err(DecisionError::Argument));
    assert_eq!((host.conn.output_size(), host.conn.state()), (0, State::Connecting));
    let cookie = Answer { status: 0, headers: vec![(b"Set-Cookie", b"a=b; HttpOnly")], body: b"" };
    host.conn.accept(None, &cookie).unwrap();
    host.take_output();
    assert!(host.output.ends_with(b"\r\nSet-Cookie: a=b; HttpOnly\r\n\r\n"));
}

#[test]
fn what_the_request_says() {
    let mut host = Host::new(Config::default(), 1);
    assert!(host.conn.request().is_none());
    host.feed(
        and("sec-websocket-protocol: a , b\r\nCookie: c=d\r\nSec-WebSocket-Protocol: e").as_bytes(),
    );
    let head = host.conn.request().unwrap();
    assert_eq!((head.method(), head.target()), (&b"GET"[..], &b"/chat?room=1"[..]));
    assert_eq!(head.all(b"COOKIE").collect::<Vec<_>>(), [b"c=d"]);
    assert_eq!(head.fields().count(), 8);
    assert_eq!(head.fields().next(), Some((&b"Host"[..], &b"server.example.com"[..])));
    assert_eq!(head.offered_subprotocols().collect::<Vec<_>>(), [b"a", b"b", b"e"]);
    assert_eq!(host.seen[0].payload, b"/chat?room=1");
}

/// Octets behind the head are never lost, whenever the decision comes:
/// traps.md 19, and the servers in ecosystem.md that lose them.
#[test]
fn octets_behind_the_head_are_frames() {
    let large = vec![7; 100_000];
    let frames =
        [frame(0x81, b"one"), frame(0x02, b"t"), frame(0x80, b"wo"), frame(0x82, &large)].concat();
    let want = [reply(0x81, b"one"), reply(0x82, b"two"), reply(0x82, &large)].concat();
    let wire = [REQUEST.as_bytes(), &frames].concat();
    for behind in [0, 1, 5, 9, 10, 20, frames.len() - 1, frames.len()] {
        for decision_at_once in [true, false] {
            let (a, b) = wire.split_at(REQUEST.len() + behind);
            let mut host = Host::new(Config::default(), 2).echoing();
            if decision_at_once {
                host.feed(REQUEST.as_bytes());
                host.conn.accept(None, &Answer::default()).unwrap();
                host.feed(&a[REQUEST.len()..]);
            } else {
                host.feed(a);
                assert_eq!(host.conn.interest(), Interest::default(), "nothing until the decision");
                host.conn.accept(None, &Answer::default()).unwrap();
                while host.conn.interest().recv {
                    host.feed(b"");
                }
            }
            host.feed(b);
            host.take_output();
            let answers = host
                .output
                .split_off(host.output.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4);
            assert!(answers == want, "{behind} octets behind, at once: {decision_at_once}");
        }
    }
}

#[test]
fn octets_behind_an_undecided_request_are_bounded() {
    let mut config = Config::default();
    config.set(OptionKey::MaxMessageSize, 1000).unwrap();
    let mut host = Host::new(config, 1);
    host.feed(REQUEST.as_bytes());
    host.feed(&vec![0; 1000 + (1 << 20)]);
    let mut sink = NoRoom;
    let refused = host.conn.recv(&mut [0], &mut sink);
    assert_eq!(refused, Err(wsabi::conn::SendError::Limit));
}

struct NoRoom;

impl wsabi::conn::Sink for NoRoom {
    fn is_full(&self) -> bool {
        true
    }

    fn push(&mut self, _: wsabi::conn::Event<'_>) {
        unreachable!()
    }
}

#[test]
fn automatic_acceptance() {
    let mut config = Config::default();
    config.set(OptionKey::AutoAccept, 1).unwrap();
    config.add_subprotocol("chat").unwrap();
    let mut host = Host::new(config, 64).echoing();
    let request = and("Sec-WebSocket-Protocol: chat");
    host.feed(&[request.as_bytes(), &frame(0x81, b"hi")].concat());
    let kinds: Vec<_> = host.seen.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Open, EventKind::Text]);
    assert_eq!(host.conn.subprotocol(), Some("chat"));
    host.take_output();
    assert!(host.output.ends_with(&reply(0x81, b"hi")));
    let conn = wsabi::conn::Connection::server(Arc::default());
    assert_eq!(conn.subprotocol(), None);
}

#[test]
fn an_end_before_the_decision() {
    for request in ["", "GET /", REQUEST] {
        let mut host = Host::new(Config::default(), 1);
        host.feed(request.as_bytes());
        host.eof();
        let last = host.seen.last().unwrap();
        assert_eq!((last.kind, last.code), (EventKind::Closed, 1006));
        assert_eq!(host.conn.accept(None, &Answer::default()), Err(DecisionError::State));
        assert_eq!(host.conn.interest(), Interest { close: true, ..Interest::default() });
    }
}
