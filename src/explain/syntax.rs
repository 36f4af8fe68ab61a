//! The syntax of a head, RFC 9112, of requests and responses alike.

use alloc::format;

use super::capture::{Head, HeadKind, Line, words};
use super::finding::Findings;
use super::{Finding, Kind, printable};
use crate::handshake::{is_token, trim};

/// Fields that have one value and no rule of their own in RFC 6455.
const SINGLE: [&[u8]; 5] =
    [b"origin", b"content-length", b"user-agent", b"authorization", b"cookie"];

pub(super) fn check(head: &Head<'_>, findings: &mut Findings) {
    check_start(head, findings);
    for line in head.start.iter().chain(&head.lines) {
        check_octets(head, *line, findings);
    }
    for line in &head.lines {
        if let Some(kind) = fault_of_field(line.text) {
            findings.push(at(head, *line, kind));
        }
    }
    let ends = |is_crlf| {
        head.start.iter().chain(&head.lines).any(|line| line.ends_with_crlf == Some(is_crlf))
    };
    if ends(true) && ends(false) {
        findings.push(head.finding_of_absence(Kind::LineEndsMixed));
    }
    for name in SINGLE {
        if let Some(second) = head.all(name).nth(1) {
            findings.push(head.finding_at(Kind::FieldRepeated, second));
        }
    }
    if !head.is_finished {
        findings.push(head.finding_of_absence(Kind::HeadUnfinished));
    }
}

fn check_start(head: &Head<'_>, findings: &mut Findings) {
    let Some(line) = head.start else {
        if !head.is_http2 {
            findings.push(head.finding_of_absence(Kind::StartLineMissing));
        }
        return;
    };
    let verdict = match head.kind {
        HeadKind::Request => check_request_line(line.text),
        HeadKind::Response => check_status_line(line.text),
    };
    let Err((kind, detail)) = verdict else { return };
    let finding = head.finding(kind).detail(detail);
    // "GET / HTTP/1.1 400 Bad request": the end of it is a status line.
    let version = line.text.windows(6).position(|window| window == b" HTTP/");
    let rest = version.and_then(|at| line.text.get(at + 1..));
    findings.push(match rest.filter(|rest| check_status_line(rest).is_ok()) {
        Some(status_line) if kind == Kind::StatusLineMalformed => finding.remedy(format!(
            "Write the end of it alone: {}; or, to accept, HTTP/1.1 101 Switching Protocols",
            printable(status_line)
        )),
        _ => finding,
    });
}

fn check_request_line(line: &[u8]) -> Result<(), (Kind, &'static str)> {
    let malformed = |detail| Err((Kind::RequestLineMalformed, detail));
    let mut words = line.split(|&octet| octet == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    match (method, target, version, words.next()) {
        (Some(method), ..) if !is_token(method) => malformed("The method is no token."),
        (_, Some([]), ..) | (_, _, Some([]), _) => {
            malformed("One space stands between its three parts.")
        }
        (_, Some(_), Some(version), None) => check_version(version),
        (_, _, None, _) => malformed("It has no HTTP version."),
        _ => malformed("It has more than three parts; a space in the target is written %20."),
    }
}

fn check_status_line(line: &[u8]) -> Result<(), (Kind, &'static str)> {
    let malformed = |detail| Err((Kind::StatusLineMalformed, detail));
    let mut words = line.split(|&octet| octet == b' ');
    let (version, status) = (words.next().unwrap_or_default(), words.next());
    if !version.get(..5).is_some_and(|front| front.eq_ignore_ascii_case(b"HTTP/")) {
        return malformed(match version.iter().all(u8::is_ascii_digit) {
            true => "It begins with the status: the HTTP version is missing.",
            false => "A request line stands where the status line belongs.",
        });
    }
    check_version(version)?;
    match status {
        Some([b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']) => Ok(()),
        Some([]) => malformed("One space stands between version and status."),
        Some(_) => malformed("The status has three digits, from 100 to 599."),
        None => malformed("It has no status."),
    }
}

fn check_version(version: &[u8]) -> Result<(), (Kind, &'static str)> {
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" => Ok(()),
        [b'H', b'T', b'T', b'P', b'/', b'2' | b'3', ..] => Err((
            Kind::HttpVersionUnknown,
            "HTTP/2 and HTTP/3 have no such line; a tool translated it, or nothing is really sent so.",
        )),
        _ => Err((Kind::HttpVersionUnknown, "")),
    }
}

/// What no line may have.
fn check_octets(head: &Head<'_>, line: Line<'_>, findings: &mut Findings) {
    let is_control = |octet: &u8| matches!(octet, 0..=8 | 10..=31 | 127);
    if let Some(octet) = line.text.iter().find(|octet| is_control(octet)) {
        let kind = if *octet == b'\r' { Kind::StrayCr } else { Kind::ControlOctet };
        findings.push(at(head, line, kind));
    }
    let is_sign = |window: &[u8]| {
        window.eq_ignore_ascii_case(b"%0d%0a") || window.eq_ignore_ascii_case(b"%0a%0d")
    };
    if line.text.windows(6).any(is_sign) {
        findings.push(at(head, line, Kind::InjectionSign));
    }
}

/// RFC 9112 5: `field-name ":" OWS field-value OWS`.
fn fault_of_field(line: &[u8]) -> Option<Kind> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Some(Kind::FoldedLine);
    }
    if line.starts_with(b":") {
        return None;
    }
    let Some(colon) = line.iter().position(|&octet| octet == b':') else {
        return Some(Kind::FieldMalformed);
    };
    let name = line.get(..colon).unwrap_or_default();
    match name {
        [token @ .., b' ' | b'\t'] if is_token(trim(token)) => Some(Kind::SpaceBeforeColon),
        _ if is_token(name) => None,
        // Prose with a colon in it.
        _ if words(name).nth(1).is_some() => Some(Kind::FieldMalformed),
        _ => Some(Kind::FieldNameMalformed),
    }
}

fn at(head: &Head<'_>, line: Line<'_>, kind: Kind) -> Finding {
    Finding::new(kind, head.place()).line(line.number, trim(line.text))
}
