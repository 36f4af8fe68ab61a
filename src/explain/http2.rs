//! WebSocket over HTTP/2, RFC 8441, as tools print its heads.

use super::Kind;
use super::capture::Head;
use super::finding::Findings;

pub(super) fn check_request(head: &Head<'_>, findings: &mut Findings) {
    if head.first(b":method").is_none_or(|method| method.value != b"CONNECT") {
        findings.push(match head.first(b":method") {
            Some(method) => head.finding_at(Kind::Http2Method, method),
            None => head.finding_of_absence(Kind::Http2Method),
        });
    }
    if head.first(b":protocol").is_none_or(|protocol| protocol.value != b"websocket") {
        findings.push(head.finding_of_absence(Kind::Http2Protocol));
    }
    if ![&b":scheme"[..], b":path", b":authority"].iter().all(|name| head.has(name)) {
        findings.push(head.finding_of_absence(Kind::Http2PseudoMissing));
    }
    check_fields(head, findings);
    if !head.lists(b"sec-websocket-version", b"13") {
        findings.push(match head.first(b"sec-websocket-version") {
            Some(version) => head.finding_at(Kind::VersionUnsupported, version),
            None => head.finding_of_absence(Kind::VersionMissing),
        });
    }
}

pub(super) fn check_response(head: &Head<'_>, findings: &mut Findings) {
    if let Some(status) = head.first(b":status") {
        if !status.value.starts_with(b"2") {
            findings.push(head.finding_at(Kind::Http2Status, status));
        }
    }
    check_fields(head, findings);
}

/// What HTTP/2 has no place for.
fn check_fields(head: &Head<'_>, findings: &mut Findings) {
    for name in [&b"connection"[..], b"upgrade", b"transfer-encoding", b"keep-alive"] {
        if let Some(field) = head.first(name) {
            findings.push(head.finding_at(Kind::Http2Connection, field));
        }
    }
    for name in [&b"sec-websocket-key"[..], b"sec-websocket-accept"] {
        if let Some(field) = head.first(name) {
            findings.push(head.finding_at(Kind::Http2Key, field));
        }
    }
}
