//! `explain`: each fault of a capture is found, under its name, and nothing
//! else is.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use md5::Md5;
use proptest::prelude::*;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};
use wsabi::explain::{Explanation, Kind, Sender, Severity, explain, explain_frames, printable};
use wsabi::proto::apply_mask;

const KEY: &str = "iTAsnxQZ045LBMzPRnlYGg==";
const ACCEPT: &str = "DlzGzimVwZhqPo2kSi1RfDjBXLE=";
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const REQUEST: &str = "\
GET /chat HTTP/1.1
Host: example.com:8080
Upgrade: websocket
Connection: keep-alive, Upgrade
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: iTAsnxQZ045LBMzPRnlYGg==
Sec-WebSocket-Protocol: chat, superchat
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
Origin: https://example.com

";

const RESPONSE: &str = "\
HTTP/1.1 101 Switching Protocols
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Accept: DlzGzimVwZhqPo2kSi1RfDjBXLE=
Sec-WebSocket-Protocol: chat
Sec-WebSocket-Extensions: permessage-deflate

";

fn kinds(explanation: &Explanation) -> Vec<Kind> {
    let mut kinds: Vec<_> = explanation.findings.iter().map(|finding| finding.kind).collect();
    kinds.sort_by_key(|kind| *kind as i32);
    kinds
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in the capture");
    text.replacen(from, to, 1)
}

#[test]
fn nothing_is_wrong_with_a_correct_handshake() {
    let both = format!("{REQUEST}{RESPONSE}");
    for capture in [REQUEST, &both, &both.replace('\n', "\r\n")] {
        assert_eq!(explain(capture.as_bytes()).findings, [], "{capture}");
    }
    let explanation = explain(both.as_bytes());
    assert_eq!((explanation.requests, explanation.responses), (1, 1));
    // The request's absence is worth a note.
    assert_eq!(kinds(&explain(RESPONSE.as_bytes())), [Kind::RequestAbsent]);
}

/// What is replaced in the request, and what is found.
#[rustfmt::skip]
const REQUESTS: &[(&str, &str, &[Kind])] = &[
    // The line.
    ("GET /chat HTTP/1.1", "POST /chat HTTP/1.1", &[Kind::MethodNotGet]),
    ("GET /chat HTTP/1.1", "get /chat HTTP/1.1", &[Kind::MethodNotGet]),
    ("GET /chat HTTP/1.1", "GET /chat", &[Kind::RequestLineMalformed]),
    ("GET /chat HTTP/1.1", "GET /a b HTTP/1.1", &[Kind::RequestLineMalformed]),
    ("GET /chat HTTP/1.1", "GET  /chat HTTP/1.1", &[Kind::RequestLineMalformed]),
    ("GET /chat HTTP/1.1", "GET chat HTTP/1.1", &[Kind::TargetMalformed]),
    ("GET /chat HTTP/1.1", "GET /chat#top HTTP/1.1", &[Kind::TargetMalformed]),
    ("GET /chat HTTP/1.1", "GET ws://example.com/chat HTTP/1.1", &[]),
    ("GET /chat HTTP/1.1", "GET /chat HTTP/1.0", &[Kind::Http10Request]),
    ("GET /chat HTTP/1.1", "GET /chat HTTP/2", &[Kind::HttpVersionUnknown]),
    ("GET /chat HTTP/1.1", "GET /chat?next=%0d%0aSet-Cookie:a HTTP/1.1", &[Kind::InjectionSign]),
    ("GET /chat HTTP/1.1\n", "", &[Kind::StartLineMissing]),
    // Syntax.
    ("Host: example", "Host : example", &[Kind::SpaceBeforeColon]),
    ("Origin:", "Some words\nOrigin:", &[Kind::FieldMalformed]),
    ("Origin:", "X-(a): b\nOrigin:", &[Kind::FieldNameMalformed]),
    ("Origin:", "X: a\n b\nOrigin:", &[Kind::FoldedLine]),
    ("Origin:", "X: a\rb\nOrigin:", &[Kind::StrayCr]),
    ("Origin:", "X: a\0b\nOrigin:", &[Kind::ControlOctet]),
    ("Origin:", "X: a\x1b[31mb\nOrigin:", &[Kind::ControlOctet]),
    ("Origin:", "X: a\r\nOrigin:", &[Kind::LineEndsMixed]),
    ("Origin:", "Cookie: a\nCookie: b\nOrigin:", &[Kind::FieldRepeated]),
    ("Origin:", "Origin: https://other.example\nOrigin:", &[Kind::FieldRepeated]),
    // Host.
    ("Host: example.com:8080\n", "", &[Kind::HostMissing]),
    ("Host: example.com:8080", "Host:", &[Kind::HostEmpty]),
    ("Host: example.com:8080", "Host: http://example.com", &[Kind::HostMalformed]),
    ("Host: example.com:8080", "Host: example.com/chat", &[Kind::HostMalformed]),
    ("Host: example.com:8080", "Host: [::1]:80", &[]),
    ("Host: example.com:8080", "Host: a\nHost: b", &[Kind::HostRepeated]),
    // Upgrade and Connection.
    ("Upgrade: websocket\n", "", &[Kind::UpgradeMissing]),
    ("Upgrade: websocket", "Upgrade: WebSocket", &[]),
    ("Upgrade: websocket", "Upgrade: h2c, websocket", &[]),
    ("Upgrade: websocket", "Upgrade: websockets", &[Kind::UpgradeNotWebsocket]),
    ("Upgrade: websocket", "Upgrade: h2c", &[Kind::UpgradeNotWebsocket]),
    ("Connection: keep-alive, Upgrade\n", "", &[Kind::ConnectionMissing]),
    ("Connection: keep-alive, Upgrade", "Connection: keep-alive", &[Kind::ConnectionNotUpgrade]),
    ("Connection: keep-alive, Upgrade", "Connection: keep-alive Upgrade", &[Kind::ConnectionNotUpgrade]),
    ("Connection: keep-alive, Upgrade", "Connection: not-upgrade", &[Kind::ConnectionNotUpgrade]),
    ("Connection: keep-alive, Upgrade", "Connection: keep-alive\nConnection: upgrade", &[]),
    // The three fingerprints of nginx.
    ("Connection: keep-alive, Upgrade", "Connection: close", &[Kind::ProxyTookConnection]),
    ("Upgrade: websocket\nConnection: keep-alive, Upgrade", "Connection: close", &[Kind::ProxyTookUpgrade]),
    ("HTTP/1.1\nHost: example.com:8080\nUpgrade: websocket\nConnection: keep-alive, Upgrade", "HTTP/1.0\nHost: backend\nConnection: close", &[Kind::ProxyHttp10]),
    // Version and key.
    ("Sec-WebSocket-Version: 13\n", "", &[Kind::VersionMissing]),
    ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", &[Kind::VersionUnsupported]),
    ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13, 8", &[Kind::VersionUnsupported]),
    ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\nSec-WebSocket-Version: 8", &[Kind::VersionRepeated]),
    ("Sec-WebSocket-Key: iTAsnxQZ045LBMzPRnlYGg==\n", "", &[Kind::KeyMissing]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "", &[Kind::KeyInvalid]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "iTAsnxQZ045LBMzPRnlYGg", &[Kind::KeyInvalid]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "iTAsnxQZ045LBMzPRnlY!g==", &[Kind::KeyInvalid]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "aGVsbG8=", &[Kind::KeyInvalid]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "\"iTAsnxQZ045LBMzPRnlYGg==\"", &[Kind::KeyQuoted]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "dGhlIHNhbXBsZSBub25jZQ==", &[Kind::KeyFromTheRfc]),
    ("iTAsnxQZ045LBMzPRnlYGg==", "iTAsnxQZ045LBMzPRnlYGg==\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==", &[Kind::KeyRepeated]),
    ("Sec-WebSocket-Key: iTAsnxQZ045LBMzPRnlYGg==", "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00", &[Kind::OldDraft]),
    ("Origin:", "Sec-WebSocket-Origin:", &[Kind::OldDraft]),
    ("Origin:", "Sec-WebSocket-Accept: a\nOrigin:", &[Kind::AcceptInRequest]),
    // What else a request says.
    ("Origin:", "Content-Length: 5\nOrigin:", &[Kind::RequestBody]),
    ("Origin:", "Content-Length: 0\nOrigin:", &[]),
    ("Origin:", "Transfer-Encoding: chunked\nOrigin:", &[Kind::RequestBody]),
    ("Origin: https://example.com\n", "", &[]),
    ("Origin: https://example.com", "Origin:", &[Kind::OriginEmpty]),
    ("Origin: https://example.com", "Origin: null", &[Kind::OriginNull]),
    ("Origin: https://example.com", "Origin: example.com", &[Kind::OriginMalformed]),
    ("Origin: https://example.com", "Origin: https://example.com/", &[Kind::OriginMalformed]),
    ("chat, superchat", "chat, super chat", &[Kind::SubprotocolMalformed]),
    ("chat, superchat", "chat, chat", &[Kind::SubprotocolTwice]),
    ("chat, superchat", "", &[Kind::SubprotocolOfferEmpty]),
    ("; client_max_window_bits", "; client_max_window_bits=16", &[Kind::DeflateOfferInvalid]),
    ("; client_max_window_bits", "; client_max_window_bits=08", &[Kind::DeflateOfferInvalid]),
    ("; client_max_window_bits", "; client_max_window_bits=\"10\"", &[]),
    ("; client_max_window_bits", "; server_max_window_bits", &[Kind::DeflateOfferInvalid]),
    ("; client_max_window_bits", "; server_no_context_takeover=1", &[Kind::DeflateOfferInvalid]),
    ("; client_max_window_bits", "; window=9", &[Kind::DeflateOfferInvalid]),
    ("; client_max_window_bits", "; server_no_context_takeover; server_no_context_takeover", &[Kind::DeflateOfferInvalid]),
    ("; client_max_window_bits", "; a b", &[Kind::ExtensionOfferMalformed]),
    ("; client_max_window_bits", "; a=\"b", &[Kind::ExtensionOfferMalformed]),
];

#[test]
fn each_fault_of_a_request_is_found_alone() {
    for (from, to, expected) in REQUESTS {
        let capture = replaced(REQUEST, from, to);
        assert_eq!(kinds(&explain(capture.as_bytes())), *expected, "{capture}");
    }
}

/// What is replaced in the response, and what is found.
#[rustfmt::skip]
const RESPONSES: &[(&str, &str, &[Kind])] = &[
    ("HTTP/1.1 101 Switching Protocols", "GET / HTTP/1.1 101 OK", &[Kind::StatusLineMalformed]),
    ("HTTP/1.1 101 Switching Protocols", "101 Switching Protocols", &[Kind::StatusLineMalformed]),
    ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1  101 Switching", &[Kind::StatusLineMalformed]),
    ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 Switching Protocols", &[Kind::StatusLineMalformed]),
    ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101", &[]),
    ("HTTP/1.1 101 Switching Protocols", "HTTP/1.0 101 OK", &[Kind::Http10Response]),
    ("HTTP/1.1 101 Switching Protocols", "HTTP/2 101 OK", &[Kind::HttpVersionUnknown]),
    ("HTTP/1.1 101 Switching Protocols\n", "", &[Kind::StartLineMissing]),
    ("Upgrade: websocket\n", "", &[Kind::UpgradeAbsent]),
    ("Upgrade: websocket", "Upgrade: h2c", &[Kind::UpgradeOther]),
    ("Upgrade: websocket", "Upgrade: WEBSOCKET", &[]),
    ("Connection: Upgrade\n", "", &[Kind::ConnectionAbsent]),
    ("Connection: Upgrade", "Connection: close", &[Kind::ConnectionOther]),
    ("Connection: Upgrade", "Connection: keep-alive, upgrade", &[]),
    ("Sec-WebSocket-Accept: DlzGzimVwZhqPo2kSi1RfDjBXLE=\n", "", &[Kind::AcceptMissing]),
    ("Sec-WebSocket-Accept", "Sec-WebSocket-Accept: DlzGzimVwZhqPo2kSi1RfDjBXLE=\nSec-WebSocket-Accept", &[Kind::AcceptRepeated]),
    ("Upgrade: websocket", "Upgrade: websocket\nContent-Length: 0", &[Kind::ResponseBody]),
    ("Upgrade: websocket", "Upgrade: websocket\nTransfer-Encoding: chunked", &[Kind::ResponseBody]),
    ("Upgrade: websocket", "Upgrade: websocket\nSec-WebSocket-Key: a", &[Kind::KeyInResponse]),
    ("Upgrade: websocket", "Upgrade: websocket\nSec-WebSocket-Location: ws://a/", &[Kind::OldDraft]),
    ("Sec-WebSocket-Protocol: chat\n", "", &[Kind::SubprotocolNotChosen]),
    ("Protocol: chat", "Protocol:", &[Kind::SubprotocolEmpty]),
    ("Protocol: chat", "Protocol: chat, superchat", &[Kind::SubprotocolList]),
    ("Protocol: chat", "Protocol: soap", &[Kind::SubprotocolNotOffered]),
    ("Protocol: chat", "Protocol: Chat", &[Kind::SubprotocolCase]),
    ("Protocol: chat", "Protocol: chat\nSec-WebSocket-Protocol: chat", &[Kind::SubprotocolRepeated]),
    ("Sec-WebSocket-Extensions: permessage-deflate\n", "", &[]),
    ("permessage-deflate", "x-webkit-deflate-frame", &[Kind::ExtensionNotOffered]),
    ("permessage-deflate", "", &[Kind::ExtensionMalformed]),
    ("permessage-deflate", "permessage-deflate; client_max_window_bits", &[Kind::DeflateAnswerInvalid]),
    ("permessage-deflate", "permessage-deflate; client_max_window_bits=10", &[]),
    ("permessage-deflate", "permessage-deflate; server_max_window_bits=7", &[Kind::DeflateAnswerInvalid]),
];

#[test]
fn each_fault_of_a_response_is_found_alone() {
    for (from, to, expected) in RESPONSES {
        let capture = format!("{REQUEST}{}", replaced(RESPONSE, from, to));
        assert_eq!(kinds(&explain(capture.as_bytes())), *expected, "{capture}");
    }
}

#[test]
fn what_was_not_offered_must_not_be_answered() {
    let rows = [
        ("Sec-WebSocket-Protocol: chat, superchat\n", "", "", "", Kind::SubprotocolNotOffered),
        (
            "; client_max_window_bits",
            "",
            "permessage-deflate\n",
            "permessage-deflate; client_max_window_bits=10\n",
            Kind::DeflateNotOffered,
        ),
        (
            "; client_max_window_bits",
            "; server_max_window_bits=10",
            "permessage-deflate\n",
            "permessage-deflate; server_max_window_bits=12\n",
            Kind::DeflateNotOffered,
        ),
        (
            "; client_max_window_bits",
            "; server_no_context_takeover",
            "permessage-deflate\n",
            "permessage-deflate; client_no_context_takeover\n",
            Kind::DeflateNotOffered,
        ),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n",
            "",
            "",
            "",
            Kind::ExtensionNotOffered,
        ),
    ];
    for (from, to, answer_from, answer_to, expected) in rows {
        let request = replaced(REQUEST, from, to);
        let capture = format!("{request}{}", replaced(RESPONSE, answer_from, answer_to));
        assert_eq!(kinds(&explain(capture.as_bytes())), [expected], "{capture}");
    }
}

#[test]
fn a_status_other_than_101_is_told_by_its_meaning() {
    let rows = [
        (200, Kind::StatusSuccess),
        (301, Kind::StatusRedirect),
        (400, Kind::StatusBadRequest),
        (401, Kind::StatusUnauthorized),
        (403, Kind::StatusForbidden),
        (404, Kind::StatusNotFound),
        (405, Kind::StatusMethod),
        (418, Kind::StatusOther),
        (500, Kind::StatusServerError),
        (502, Kind::StatusGateway),
        (503, Kind::StatusUnavailable),
        (504, Kind::StatusGateway),
    ];
    for (status, expected) in rows {
        let capture = format!("{REQUEST}HTTP/1.1 {status} x\nContent-Length: 2\n\nok\n");
        assert_eq!(kinds(&explain(capture.as_bytes())), [expected], "{status}");
    }
    for (answer, detail) in [
        ("400 Bad Request\nSec-WebSocket-Version: 8, 7", "speaks version 8, 7 alone"),
        ("302 Found\nLocation: /login", "location is /login"),
    ] {
        let capture = format!("{REQUEST}HTTP/1.1 {answer}\n\n");
        let explanation = explain(capture.as_bytes());
        assert!(explanation.findings[0].detail.contains(detail), "{explanation:?}");
    }
    let bare = format!("{REQUEST}HTTP/1.1 426 Upgrade Required\n\n");
    let expected = [Kind::StatusUpgradeRequired, Kind::UpgradeRequiredBare];
    assert_eq!(kinds(&explain(bare.as_bytes())), expected);
    let accepting = format!("{REQUEST}{}", replaced(RESPONSE, "101 Switching", "400 Bad"));
    let expected = [Kind::StatusBadRequest, Kind::AcceptInError];
    assert_eq!(kinds(&explain(accepting.as_bytes())), expected);
}

/// A value that a mistake makes, the kind and a part of the detail.
fn mistakes() -> Vec<(String, Kind, &'static str)> {
    let sha1 = |input: &[u8]| Sha1::digest(input).to_vec();
    let of = |input: &str| STANDARD.encode(sha1(input.as_bytes()));
    let right = sha1(format!("{KEY}{GUID}").as_bytes());
    let hex: String = right.iter().map(|octet| format!("{octet:02x}")).collect();
    let decoded = STANDARD.decode(KEY).unwrap();
    let input = format!("{KEY}{GUID}");
    let mut rows = vec![
        (of(KEY), Kind::AcceptGuidMissing, "SHA-1(key)"),
        (of(&format!("{KEY}\r")), Kind::AcceptGuidMissing, "SHA-1(key + CR)"),
        (of(&format!("{KEY}{}", GUID.to_lowercase())), Kind::AcceptGuidLowerCase, "lower case"),
        (of(&format!("{KEY}{}", GUID.replace('-', ""))), Kind::AcceptGuidMisspelt, "hyphens"),
        (of(&format!("{KEY}{{{GUID}}}")), Kind::AcceptGuidMisspelt, "{GUID}"),
        (of(&format!("{KEY}{GUID}\n")), Kind::AcceptGuidMisspelt, "GUID + LF"),
        (of(&format!("{GUID}{KEY}")), Kind::AcceptGuidFirst, "GUID + key"),
        (
            STANDARD.encode(sha1(&[&decoded, GUID.as_bytes()].concat())),
            Kind::AcceptKeyDecoded,
            "decoded key",
        ),
        (of(&format!("{}{GUID}", KEY.trim_end_matches('='))), Kind::AcceptKeyAltered, "without ="),
        (of(&format!("{}{GUID}", KEY.to_lowercase())), Kind::AcceptKeyAltered, "lower case"),
        (of(GUID), Kind::AcceptKeyAltered, "SHA-1(GUID)"),
        (of(&format!("Sec-WebSocket-Key: {KEY}{GUID}")), Kind::AcceptKeyAltered, "+ key"),
        (hex.clone(), Kind::AcceptHexDigest, "hex("),
        (hex.to_uppercase(), Kind::AcceptHexDigest, "hex("),
        (STANDARD.encode(&hex), Kind::AcceptHexDigest, "base64(hex("),
        (STANDARD.encode(Md5::digest(&input)), Kind::AcceptWrongHash, "MD5"),
        (STANDARD.encode(Sha256::digest(&input)), Kind::AcceptWrongHash, "SHA-256"),
        (STANDARD.encode(Sha512::digest(&input)), Kind::AcceptWrongHash, "SHA-512"),
        (STANDARD.encode(&input), Kind::AcceptWrongHash, "base64(key + GUID)"),
        (STANDARD.encode(&right[..16]), Kind::AcceptTruncated, "beginning"),
        (ACCEPT[..20].to_owned(), Kind::AcceptTruncated, "beginning"),
        (STANDARD_NO_PAD.encode(&right), Kind::AcceptReencoded, "padding"),
        (STANDARD.encode(ACCEPT), Kind::AcceptReencoded, "base64(base64("),
        (ACCEPT.replace('=', "%3D"), Kind::AcceptReencoded, "percent"),
        (ACCEPT.to_lowercase(), Kind::AcceptReencoded, "case"),
        (format!("\"{ACCEPT}\""), Kind::AcceptReencoded, "around"),
        (KEY.to_owned(), Kind::AcceptIsTheKey, ""),
        ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into(), Kind::AcceptFromTheRfc, ""),
        (of("nothing known"), Kind::AcceptWrong, ""),
        ("nonsense!".into(), Kind::AcceptMalformed, ""),
        (String::new(), Kind::AcceptMalformed, ""),
    ];
    for end in ["\r", "\n", "\r\n", "\0", " "] {
        rows.push((of(&format!("{KEY}{end}{GUID}")), Kind::AcceptKeyUntrimmed, "key + "));
    }
    rows.push((of(&format!(" {KEY}{GUID}")), Kind::AcceptKeyUntrimmed, "space + key"));
    // The misprint that went through many programs, and others.
    for guid in [
        "258EAFA5-E914-47DA-95CA-5AB0DC85B11",
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B1l".to_uppercase().replace('L', "0").as_str(),
        "258EAFA5-E914-47DA-95AC-C5AB0DC85B11",
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B111",
        "258EAFA5-E914-47DA-95CA-C5ABODC85B11",
    ] {
        rows.push((of(&format!("{KEY}{guid}")), Kind::AcceptGuidMisspelt, "258EAFA5-E914"));
    }
    rows
}

#[test]
fn the_cause_of_a_wrong_accept_value_is_found() {
    for (value, expected, detail) in mistakes() {
        let capture = format!("{REQUEST}{}", replaced(RESPONSE, ACCEPT, &value));
        let explanation = explain(capture.as_bytes());
        assert_eq!(kinds(&explanation), [expected], "{value}");
        let finding = &explanation.findings[0];
        assert!(finding.detail.contains(detail), "{value}: {}", finding.detail);
        assert!(finding.remedy.ends_with(ACCEPT), "{}", finding.remedy);
    }
}

#[test]
fn the_alphabet_for_urls_and_other_requests_are_recognised() {
    let key = "AAAAAAAAAAAAAAAAAAAAAA==";
    let right = Sha1::digest(format!("{key}{GUID}"));
    assert_ne!(URL_SAFE.encode(right), STANDARD.encode(right));
    let capture = format!(
        "{}{}",
        replaced(REQUEST, KEY, key),
        replaced(RESPONSE, ACCEPT, &URL_SAFE.encode(right))
    );
    assert_eq!(kinds(&explain(capture.as_bytes())), [Kind::AcceptReencoded]);

    let second = replaced(REQUEST, KEY, key);
    let capture = format!("{REQUEST}{RESPONSE}{second}{RESPONSE}");
    let explanation = explain(capture.as_bytes());
    assert_eq!(kinds(&explanation), [Kind::AcceptOtherKey]);
    assert!(explanation.findings[0].detail.contains(KEY));
    assert!(explanation.findings[0].remedy.ends_with(&STANDARD.encode(right)));
}

#[test]
fn heads_find_their_requests() {
    let key = "AAAAAAAAAAAAAAAAAAAAAA==";
    let other = replaced(REQUEST, KEY, key);
    let accept = STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
    let answer = replaced(RESPONSE, ACCEPT, &accept);
    for capture in [
        format!("{REQUEST}{other}{RESPONSE}{answer}"),
        format!("{REQUEST}{RESPONSE}{other}{answer}"),
        format!("{other}{REQUEST}{RESPONSE}"),
        format!("{RESPONSE}{REQUEST}"),
    ] {
        assert_eq!(explain(capture.as_bytes()).findings, [], "{capture}");
    }
}

#[test]
fn a_capture_says_the_same_in_whatever_form_it_comes() {
    let faulty = replaced(RESPONSE, ACCEPT, &STANDARD.encode(Sha1::digest(KEY)));
    let plain = format!("{}{faulty}", replaced(REQUEST, "Host: example.com:8080", "Host: a b"));
    let expected = [Kind::HostMalformed, Kind::AcceptGuidMissing];
    let each = |form: &dyn Fn(usize, &str) -> String| -> String {
        plain.lines().enumerate().map(|(n, line)| form(n + 1, line)).collect()
    };
    let arrows = format!(
        "*   Trying 127.0.0.1...\n{}* Mark bundle\n{}",
        REQUEST
            .replace("example.com:8080", "a b")
            .lines()
            .map(|l| format!("> {l}\n"))
            .collect::<String>(),
        faulty.lines().map(|l| format!("< {l}\n")).collect::<String>(),
    );
    let forms = [
        plain.clone(),
        plain.replace('\n', "\r\n"),
        plain.replace("\n\n", "\n\t\n"),
        plain.replace('\n', "\\r\\n"),
        format!("\"{}\"", plain.replace('\n', "\\r\\n")),
        plain.replace('\n', "\\r\\n\n"),
        format!("\u{feff}{plain}"),
        format!("Here is what I see:\n\n{plain}"),
        each(&|n, line| format!("{n:>6}\t{line}\n")),
        each(&|n, line| format!("{n}: {line}\n")),
        each(&|n, line| format!("{}: {line}\r\n", n + 99)),
        each(&|n, line| if line.is_empty() { "\n".into() } else { format!("{n:>3} | {line}\n") }),
        each(&|_, line| format!("    {line}\n")),
        arrows,
    ];
    for form in forms {
        assert_eq!(kinds(&explain(form.as_bytes())), expected, "{form}");
    }
    // Without the empty line between them, and without the last.
    let joined = plain.replace("\n\n", "\n");
    let found = kinds(&explain(joined.trim_end().as_bytes()));
    let unfinished = [Kind::HeadUnfinished, Kind::HeadUnfinished];
    assert_eq!(found, [unfinished, expected].concat());
}

#[test]
fn http2_has_its_own_rules() {
    let request = "\
:method: CONNECT
:protocol: websocket
:scheme: https
:path: /chat
:authority: example.com
sec-websocket-version: 13

";
    let rows: &[(&str, &str, &[Kind])] = &[
        ("CONNECT", "CONNECT", &[]),
        ("CONNECT", "GET", &[Kind::Http2Method]),
        (":protocol: websocket\n", "", &[Kind::Http2Protocol]),
        (":path: /chat\n", "", &[Kind::Http2PseudoMissing]),
        (": 13", ": 13\nconnection: upgrade", &[Kind::Http2Connection]),
        (": 13", ": 13\nsec-websocket-key: a", &[Kind::Http2Key]),
        (": 13", ": 8", &[Kind::VersionUnsupported]),
    ];
    for (from, to, expected) in rows {
        let capture = format!("{}:status: 200\n\n", replaced(request, from, to));
        assert_eq!(kinds(&explain(capture.as_bytes())), *expected, "{capture}");
    }
    let refused = format!("{request}:status: 403\n\n");
    assert_eq!(kinds(&explain(refused.as_bytes())), [Kind::Http2Status]);
}

#[test]
fn what_is_no_handshake_is_said_to_be_none() {
    let rows: &[(&[u8], Kind)] = &[
        (b"", Kind::NothingFound),
        (b"\n\n\n", Kind::NothingFound),
        (b"It does not work, please help.\n", Kind::NothingFound),
        (b"\x16\x03\x01\x02\x00\x01\x00", Kind::Tls),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Kind::NotAHandshake),
    ];
    for (capture, expected) in rows {
        assert_eq!(kinds(&explain(capture)), [*expected], "{}", printable(capture));
    }
}

#[test]
fn proxies_are_named_with_their_directives() {
    let capture = "GET / HTTP/1.0\nHost: backend\nConnection: close\nX-Forwarded-For: 192.0.2.1\n\
        Sec-WebSocket-Version: 13\nSec-WebSocket-Key: iTAsnxQZ045LBMzPRnlYGg==\n\n";
    let explanation = explain(capture.as_bytes());
    let finding = &explanation.findings[0];
    assert!(finding.detail.contains("X-Forwarded-For"));
    for directive in
        ["proxy_http_version 1.1;", "Upgrade $http_upgrade;", "Connection \"upgrade\";"]
    {
        assert!(finding.remedy.contains(directive), "{}", finding.remedy);
    }
}

#[test]
fn the_table_of_rules_is_whole() {
    for (kind, next) in Kind::ALL.iter().zip(&Kind::ALL[1..]) {
        assert!((*kind as i32) < *next as i32, "{kind:?}");
    }
    let header = include_str!("../include/wsabi.h");
    for kind in Kind::ALL {
        let rule = kind.rule();
        assert!(rule.section.starts_with("RFC "), "{kind:?}");
        assert!(!rule.text.ends_with('.') && rule.peers.ends_with('.'), "{kind:?}");
        assert!(!rule.remedy.is_empty(), "{kind:?}");
        let mut name = String::new();
        let mut before = 'A';
        for c in kind.name().chars() {
            if c.is_uppercase() && !before.is_uppercase() {
                name.push('_');
            }
            name.push(c.to_ascii_uppercase());
            before = c;
        }
        let define = format!("#define WSABI_FINDING_{name} {}\n", *kind as i32);
        assert!(header.contains(&define), "{define}");
    }
    assert_eq!(header.matches("#define WSABI_FINDING_").count(), Kind::ALL.len());
}

// ---- Frames ----

/// Octets in hexadecimal, who sent them, and what is found.
#[rustfmt::skip]
const FRAMES: &[(&str, Option<Sender>, &[Kind])] = &[
    ("81 05 48 65 6c 6c 6f", None, &[]),
    ("81 85 37 fa 21 3d 7f 9f 4d 51 58", None, &[]),
    ("81 85 37 fa 21 3d 7f 9f 4d 51 58", Some(Sender::Client), &[]),
    ("81 85 37 fa 21 3d 7f 9f 4d 51 58", Some(Sender::Server), &[Kind::Masked]),
    ("81 05 48 65 6c 6c 6f", Some(Sender::Client), &[Kind::Unmasked]),
    ("81 81 00 00 00 00 41", None, &[Kind::MaskZero]),
    ("81 80 01 02 03 04 81 80 01 02 03 04", None, &[Kind::MaskRepeated]),
    ("91 00", None, &[Kind::ReservedBit]),
    ("c1 02 4a 00", None, &[Kind::Compressed]),
    ("c9 00", None, &[Kind::ReservedBit]),
    ("83 00", None, &[Kind::ReservedOpcode]),
    ("8b 00", None, &[Kind::ReservedOpcode]),
    ("09 00", None, &[Kind::FragmentedControl]),
    ("89 7e 00 7e", None, &[Kind::LongControl, Kind::FrameTruncated]),
    ("82 7e 00 01 00", None, &[Kind::NonMinimalLength]),
    ("82 7f 00 00 00 00 00 00 00 01 00", None, &[Kind::NonMinimalLength]),
    ("82 ff 80 00 00 00 00 00 00 00 01 02 03 04", None, &[Kind::LengthTooLarge, Kind::FrameTruncated]),
    ("80 00", None, &[Kind::NothingToContinue]),
    ("01 00 89 00 80 00", None, &[]),
    ("01 00 82 00", None, &[Kind::MessageInterrupted]),
    ("01 01 41", None, &[Kind::MessageUnfinished]),
    ("01 01 41 80 81 01 02 03 04 00", None, &[Kind::NothingToContinue, Kind::MessageUnfinished]),
    ("81 01 ff", None, &[Kind::BadUtf8]),
    ("81 01 c3", None, &[Kind::BadUtf8]),
    ("01 01 c3 80 01 a9", None, &[]),
    ("01 01 c3 80 01 41", None, &[Kind::BadUtf8]),
    ("82 01 ff", None, &[]),
    ("88 00", None, &[]),
    ("88 02 03 e8", None, &[]),
    ("88 01 03", None, &[Kind::CloseOneOctet]),
    ("88 02 03 ee", None, &[Kind::CloseCode]),
    ("88 02 e8 03", None, &[Kind::CloseCode]),
    ("88 03 03 e8 ff", None, &[Kind::CloseReason]),
    ("88 00 81 00", None, &[Kind::FrameAfterClose]),
    ("88 00 88 80 01 02 03 04", None, &[]),
    ("81 05 48 65", None, &[Kind::FrameTruncated]),
    ("81", None, &[Kind::FrameTruncated]),
    ("", None, &[Kind::NoFrames]),
    ("81 05 zz", None, &[Kind::DumpUnreadable]),
    ("81 0", None, &[Kind::DumpUnreadable]),
    ("HTTP/1.1 101 Switching Protocols", None, &[Kind::HeadNotFrame]),
    ("48 54 54 50 2f 31 2e 31 20", None, &[Kind::HeadNotFrame]),
    ("16 03 01 02 00", None, &[Kind::Tls]),
];

#[test]
fn each_fault_of_frames_is_found_alone() {
    for (dump, sender, expected) in FRAMES {
        assert_eq!(kinds(&explain_frames(dump.as_bytes(), *sender)), *expected, "{dump}");
        // The same octets, not spelt out.
        let octets: Option<Vec<u8>> =
            dump.split(' ').map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
        let octets = octets.filter(|octets| octets.iter().any(|octet| *octet > 126));
        if let (Some(octets), false) = (octets, expected == &[Kind::DumpUnreadable]) {
            assert_eq!(kinds(&explain_frames(&octets, *sender)), *expected, "{dump}");
        }
    }
}

#[test]
fn frames_are_listed() {
    let explanation = explain_frames(b"818537fa213d7f9f4d5158 8805 03e8 627965", None);
    let [text, close] = &explanation.frames[..] else { panic!("{explanation:?}") };
    assert_eq!((text.name(), text.sender, &text.preview[..]), ("text", Sender::Client, "Hello"));
    assert_eq!(
        (text.header_len, text.payload_len, text.mask),
        (6, 5, Some([0x37, 0xfa, 0x21, 0x3d]))
    );
    assert_eq!((close.offset, close.sender, close.close_code), (11, Sender::Server, Some(1000)));
    assert_eq!((close.name(), &close.preview[..]), ("close", "bye"));
}

#[test]
fn dumps_are_read_in_the_forms_of_their_tools() {
    let forms = [
        "818537fa213d7f9f4d5158",
        "81 85 37 fa 21 3d 7f 9f 4d 51 58",
        "81:85:37:FA:21:3D:7F:9F:4D:51:58",
        "0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58",
        "{0x81,0x85,0x37,0xfa,0x21,0x3d,0x7f,0x9f,0x4d,0x51,0x58};",
        r#"b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58""#,
        "# a comment\n81 85 37 fa\n21 3d 7f 9f 4d 51 58\n",
        "00000000: 8185 37fa 213d 7f9f 4d51 58              ..7.!=..MQX\n",
        "00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58                 |..7.!=..MQX|\n0000000b\n",
        "0000   81 85 37 fa 21 3d 7f 9f 4d 51 58                  ..7.!=..MQX\r\n",
        "\t0x0000:  8185 37fa 213d 7f9f 4d51 58              ..7.!=..MQX\n",
    ];
    for form in forms {
        let explanation = explain_frames(form.as_bytes(), None);
        assert_eq!(explanation.findings, [], "{form}");
        assert_eq!(explanation.frames[0].preview, "Hello", "{form}");
    }
    // Two lines, whose column of characters looks like hexadecimal.
    let text = "abcdefabcdefabcdef12";
    let octets = [&[0x81, text.len() as u8], text.as_bytes()].concat();
    let hex = |octets: &[u8]| octets.iter().map(|o| format!("{o:02x} ")).collect::<String>();
    let dump = format!(
        "00000000: {} ..abcdefabcdefab\n00000010: {}                cdef12\n",
        hex(&octets[..16]),
        hex(&octets[16..])
    );
    assert_eq!(explain_frames(dump.as_bytes(), None).frames[0].preview, text);
}

// ---- Any input ----

#[test]
fn a_mebibyte_of_anything_takes_a_moment() {
    let lines = [
        "GET / HTTP/1.1\r\n",
        "a:b\n",
        " \n",
        "\t",
        "\r",
        ",",
        "\\r\\n",
        ":path: /\n",
        ":methodx: /\n",
        "> GET / HTTP/1.1\n",
        "HTTP/1.1 101\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "GET / HTTP/1.1\nSec-WebSocket-Key: a\n\nHTTP/1.1 101\nSec-WebSocket-Accept: bbbbbbbbbbbb\n\n",
        "Sec-WebSocket-Protocol: a, b, c\n",
        "Sec-WebSocket-Extensions: permessage-deflate; a; b; c=1, d\n",
        "00 ",
        "8100",
        "\x01\x00",
        "0000: 81 00  ..\n",
    ];
    for line in lines {
        for front in ["", REQUEST.trim_end(), "GET / HTTP/1.1\nSec-WebSocket-Protocol: "] {
            let capture = format!("{front}{}", line.repeat((1 << 20) / line.len()));
            let begin = Instant::now();
            let found = explain(capture.as_bytes()).findings.len()
                + explain_frames(capture.as_bytes(), None).findings.len();
            assert!(found <= 2002);
            assert!(begin.elapsed() < Duration::from_secs(3), "{line:?} behind {front:?}");
        }
    }
}

fn check_any(capture: &[u8]) {
    let explanations = [
        explain(capture),
        explain_frames(capture, None),
        explain_frames(capture, Some(Sender::Client)),
    ];
    for explanation in explanations {
        let lines = capture.iter().filter(|&&octet| octet == b'\n').count() + 1;
        for finding in &explanation.findings {
            assert!(finding.line <= lines && finding.offset <= capture.len());
            for text in [&finding.offending, &finding.detail, &finding.remedy] {
                assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
                assert!(text.len() < 4096);
            }
        }
        assert!(explanation.findings.is_sorted_by_key(|finding| finding.severity()));
    }
}

proptest! {
    #[test]
    fn any_octets_are_explained(capture: Vec<u8>) {
        check_any(&capture);
    }

    #[test]
    fn any_damage_to_a_handshake_is_explained(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, any::<Vec<u8>>()), 1..4),
    ) {
        let mut capture = format!("{REQUEST}{RESPONSE}").into_bytes();
        for (at, cut, insert) in edits {
            let at = at.index(capture.len());
            let end = (at + cut).min(capture.len());
            capture.splice(at..end, insert.into_iter().take(8));
        }
        check_any(&capture);
    }

    #[test]
    fn a_payload_is_unmasked(text in "[a-zA-Z ]{1,60}", key in any::<[u8; 4]>()) {
        let mut payload = text.clone().into_bytes();
        apply_mask(&mut payload, key, 0);
        let frame = [&[0x81, 0x80 | payload.len() as u8][..], &key, &payload].concat();
        prop_assert_eq!(&explain_frames(&frame, None).frames[0].preview, &text);
    }
}

// ---- The command ----

fn wsabi(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wsabi"))
        .args(arguments)
        .current_dir(captures())
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it reads.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain")
}

/// Compares with the file, or writes it when BLESS is set.
fn expect(name: &str, output: &[u8]) {
    let path = captures().join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, output).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(String::from_utf8_lossy(output), expected, "{name}; BLESS=1 rewrites it");
}

#[test]
fn the_capture_of_the_forum_is_explained() {
    let output = wsabi(&["explain", "forum.txt"], b"");
    expect("forum.expect", &output.stdout);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["status line is malformed", "base64(SHA-1(key + CR))", "without the GUID", ACCEPT]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn frames_are_explained_by_the_command() {
    let output = wsabi(&["explain", "--frames", "--from=client", "frames.txt"], b"");
    expect("frames.expect", &output.stdout);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_exit_status_tells() {
    let fine = format!("{REQUEST}{RESPONSE}");
    let browsers = format!("{REQUEST}{}", replaced(RESPONSE, "Sec-WebSocket-Protocol: chat\n", ""));
    let risky = replaced(REQUEST, "example.com:8080", "");
    let rows: &[(&[&str], &str, i32)] = &[
        (&["explain"], &fine, 0),
        (&["explain", "-"], &fine, 0),
        (&["explain", "--json", "--color", "never", "-"], &fine, 0),
        (&["explain", "--"], &risky, 0),
        (&["explain"], &browsers, 1),
        (&["explain"], "", 1),
        (&["explain", "--frames"], "81 00", 0),
        (&["explain", "--frames", "--from", "client"], "81 00", 1),
        (&["--help"], "", 0),
        (&["help"], "", 0),
        (&["help", "explain"], "", 0),
        (&["help", "connect"], "", 0),
        (&["connect", "--help"], "", 0),
        (&["explain", "--help"], "", 0),
        (&["--version"], "", 0),
        (&[], "", 2),
        (&["expalin"], "", 2),
        (&["explain", "--nonsense"], "", 2),
        (&["explain", "--json=yes"], "", 2),
        (&["explain", "--from", "client"], "", 2),
        (&["explain", "--frames", "--from", "me"], "", 2),
        (&["explain", "--color", "blue"], "", 2),
        (&["explain", "a", "b"], "", 2),
        (&["explain", "no-such-file"], "", 2),
    ];
    for (arguments, input, expected) in rows {
        let output = wsabi(arguments, input.as_bytes());
        assert_eq!(output.status.code(), Some(*expected), "{arguments:?}");
        assert_eq!(output.stderr.is_empty(), *expected != 2, "{arguments:?}");
        assert_eq!(output.stdout.is_empty(), *expected == 2, "{arguments:?}");
    }
}

#[test]
fn color_is_for_terminals_or_on_demand() {
    let has_color = |arguments: &[&str]| wsabi(arguments, b"").stdout.contains(&0x1b);
    assert!(!has_color(&["explain", "forum.txt"]));
    assert!(!has_color(&["explain", "--color=never", "forum.txt"]));
    assert!(has_color(&["explain", "--color=always", "forum.txt"]));
    assert!(!has_color(&["explain", "--color=always", "--json", "forum.txt"]));
}

#[test]
fn json_is_json() {
    let hostile = replaced(REQUEST, "Origin:", "X: \"\\\u{1}\u{7f}\u{e9}\u{202e}\nOrigin:");
    let script = "import json,sys; print(len(json.load(sys.stdin)['findings']))";
    for (arguments, input, count) in [
        (&["explain", "--json"][..], hostile.as_str(), "1\n"),
        (&["explain", "--json", "forum.txt"], "", "7\n"),
        (&["explain", "--json", "--frames"], "81 02 22 5c 88 01 00", "1\n"),
        (&["explain", "--json"], REQUEST, "0\n"),
    ] {
        let output = wsabi(arguments, input.as_bytes());
        let mut python = Command::new("python3")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(&output.stdout).unwrap();
        let parsed = python.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&parsed.stdout), count, "{arguments:?}");
    }
}

#[test]
fn severities_are_in_order() {
    assert!(Severity::Fatal < Severity::Browsers && Severity::Risky < Severity::Note);
}
