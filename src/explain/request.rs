//! A request against RFC 6455 sections 4.1 and 4.2.1.

use alloc::format;

use super::capture::{Field, Head, words};
use super::extension::{self, Side};
use super::finding::Findings;
use super::{Kind, printable, proxy};
use crate::handshake::{is_host, is_token, is_valid_key, trim};

/// Subprotocols of one request that are compared with each other.
const MAX_COMPARED: usize = 32;

pub(super) fn check(head: &Head<'_>, findings: &mut Findings) {
    check_line(head, findings);
    check_host(head, findings);
    check_body(head, findings);
    if let Some(field) = head.first(b"sec-websocket-accept") {
        findings.push(head.finding_at(Kind::AcceptInRequest, field));
    }
    if check_drafts(head, findings) {
        return;
    }
    let shows_websocket = head.fields.iter().any(|field| {
        let name = field.name.to_ascii_lowercase();
        name.starts_with(b"sec-websocket-") || name == b"upgrade"
    });
    if !shows_websocket {
        findings.push(head.finding(Kind::NotAHandshake));
        return;
    }
    check_upgrade(head, findings);
    check_version(head, findings);
    check_key(head, findings);
    check_origin(head, findings);
    check_subprotocols(head, findings);
    for field in head.all(b"sec-websocket-extensions") {
        if let Some((kind, detail)) = extension::check(&field.value, Side::Request) {
            findings.push(head.finding_at(kind, field).detail(detail));
        }
    }
}

/// The key that the response must answer.
pub(super) fn key<'h>(head: &'h Head<'_>) -> Option<&'h [u8]> {
    head.first(b"sec-websocket-key").map(|field| field.value.as_slice())
}

fn is_http10(head: &Head<'_>) -> bool {
    head.start.is_some_and(|line| trim(line.text).ends_with(b"HTTP/1.0"))
}

fn check_line(head: &Head<'_>, findings: &mut Findings) {
    let Some(line) = head.start else { return };
    let mut words = words(line.text);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != b"GET" {
        findings.push(head.finding(Kind::MethodNotGet));
    }
    let scheme = target.split(|&octet| octet == b':').next().unwrap_or_default();
    let is_uri = target.get(scheme.len()..).is_some_and(|rest| rest.starts_with(b"://"))
        && [&b"http"[..], b"https", b"ws", b"wss"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
    if !(target.starts_with(b"/") || is_uri) || target.contains(&b'#') {
        findings.push(head.finding(Kind::TargetMalformed));
    }
    if is_http10(head) && proxy::fingerprint(head, true).is_none() {
        findings.push(head.finding(Kind::Http10Request));
    }
}

fn check_host(head: &Head<'_>, findings: &mut Findings) {
    let mut hosts = head.all(b"host");
    let (Some(host), second) = (hosts.next(), hosts.next()) else {
        if !is_http10(head) {
            findings.push(head.finding_of_absence(Kind::HostMissing));
        }
        return;
    };
    if let Some(second) = second {
        findings.push(head.finding_at(Kind::HostRepeated, second));
    }
    if host.value.is_empty() {
        findings.push(head.finding_at(Kind::HostEmpty, host));
    } else if !is_host(&host.value) {
        findings.push(head.finding_at(Kind::HostMalformed, host));
    }
}

fn check_body(head: &Head<'_>, findings: &mut Findings) {
    let length = head.first(b"content-length").filter(|field| field.value != b"0");
    if let Some(field) = length.or_else(|| head.first(b"transfer-encoding")) {
        findings.push(head.finding_at(Kind::RequestBody, field));
    }
}

/// What came before the RFC; returns whether there is nothing else to say.
fn check_drafts(head: &Head<'_>, findings: &mut Findings) -> bool {
    let hixie76 = head.first(b"sec-websocket-key1").or_else(|| head.first(b"sec-websocket-key2"));
    let hixie75 = head.first(b"websocket-protocol");
    if let Some(field) = hixie76.or(hixie75) {
        let name = if hixie76.is_some() { "hixie-76, of 2010" } else { "hixie-75, of 2009" };
        findings.push(head.finding_at(Kind::OldDraft, field).detail(format!("It is {name}.")));
        return true;
    }
    if let Some(field) = head.first(b"sec-websocket-origin") {
        let detail = "Sec-WebSocket-Origin is of the drafts 4 to 10; the RFC has Origin.";
        findings.push(head.finding_at(Kind::OldDraft, field).detail(detail));
    }
    false
}

fn check_upgrade(head: &Head<'_>, findings: &mut Findings) {
    if let Some(kind) = proxy::fingerprint(head, is_http10(head)) {
        let finding = match head.first(b"connection") {
            Some(field) => head.finding_at(kind, field),
            None => head.finding(kind),
        };
        findings.push(finding.detail(proxy::traces(head)));
        return;
    }
    let rows = [
        (&b"upgrade"[..], &b"websocket"[..], Kind::UpgradeMissing, Kind::UpgradeNotWebsocket),
        (b"connection", b"upgrade", Kind::ConnectionMissing, Kind::ConnectionNotUpgrade),
    ];
    for (name, element, missing, other) in rows {
        match head.first(name) {
            _ if head.lists(name, element) => {}
            Some(field) => findings.push(head.finding_at(other, field)),
            None => findings.push(head.finding_of_absence(missing)),
        }
    }
}

fn check_version(head: &Head<'_>, findings: &mut Findings) {
    let mut versions = head.all(b"sec-websocket-version");
    match (versions.next(), versions.next()) {
        (None, _) => findings.push(head.finding_of_absence(Kind::VersionMissing)),
        (_, Some(second)) => findings.push(head.finding_at(Kind::VersionRepeated, second)),
        (Some(version), None) if version.value == b"13" => {}
        (Some(version), None) => {
            let detail = match version.value.as_slice() {
                b"0" | b"4" | b"5" | b"6" | b"7" | b"8" => "It is of a draft before the RFC.",
                _ => "",
            };
            findings.push(head.finding_at(Kind::VersionUnsupported, version).detail(detail));
        }
    }
}

fn check_key(head: &Head<'_>, findings: &mut Findings) {
    let mut keys = head.all(b"sec-websocket-key");
    match (keys.next(), keys.next()) {
        (None, _) => findings.push(head.finding_of_absence(Kind::KeyMissing)),
        (_, Some(second)) => findings.push(head.finding_at(Kind::KeyRepeated, second)),
        (Some(key), None) => {
            if let Some((kind, detail)) = fault_of_key(key) {
                findings.push(head.finding_at(kind, key).detail(detail));
            }
        }
    }
}

fn fault_of_key(field: &Field<'_>) -> Option<(Kind, alloc::string::String)> {
    let key = field.value.as_slice();
    match key {
        b"dGhlIHNhbXBsZSBub25jZQ==" => return Some((Kind::KeyFromTheRfc, "".into())),
        _ if is_valid_key(key) => return None,
        [b'"', inner @ .., b'"'] if is_valid_key(inner) => {
            return Some((Kind::KeyQuoted, "".into()));
        }
        _ => {}
    }
    let is_alphabet =
        |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=');
    let detail = match key.iter().find(|octet| !is_alphabet(octet)) {
        _ if key.is_empty() => "It has no value.".into(),
        Some(&octet) => format!("base64 has no {:?}.", char::from(octet)),
        None if key.len() == 24 => "It has 24 characters, but not the octets.".into(),
        None => format!("It has {} characters instead of 24.", key.len()),
    };
    Some((Kind::KeyInvalid, detail))
}

fn check_origin(head: &Head<'_>, findings: &mut Findings) {
    let Some(origin) = head.first(b"origin") else { return };
    let kind = match origin.value.as_slice() {
        b"" => Kind::OriginEmpty,
        b"null" => Kind::OriginNull,
        value if is_origin(value) => return,
        _ => Kind::OriginMalformed,
    };
    findings.push(head.finding_at(kind, origin));
}

/// RFC 6454 7: `scheme "://" host [":" port]`.
fn is_origin(value: &[u8]) -> bool {
    let Some(end) = value.windows(3).position(|window| window == b"://") else { return false };
    let (scheme, rest) = value.split_at(end);
    scheme.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(octet))
        && !scheme.is_empty()
        && is_host(rest.get(3..).unwrap_or_default())
}

fn check_subprotocols(head: &Head<'_>, findings: &mut Findings) {
    const NAME: &[u8] = b"sec-websocket-protocol";
    let Some(first) = head.first(NAME) else { return };
    if head.elements(NAME).next().is_none() {
        findings.push(head.finding_at(Kind::SubprotocolOfferEmpty, first));
    }
    if let Some(name) = head.elements(NAME).find(|name| !is_token(name)) {
        let detail = format!("It is: {}", printable(name));
        findings.push(head.finding_at(Kind::SubprotocolMalformed, first).detail(detail));
    }
    let names = head.elements(NAME).take(MAX_COMPARED).enumerate();
    let is_repeated =
        |(n, name): (usize, &[u8])| head.elements(NAME).take(n).any(|other| other == name);
    if names.into_iter().any(is_repeated) {
        findings.push(head.finding_at(Kind::SubprotocolTwice, first));
    }
}
