//! A response against RFC 6455 sections 4.1 and 4.2.2, and against the request
//! that it answers.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

use super::capture::{Head, HeadKind, words};
use super::extension::{self, Side};
use super::finding::{Finding, Findings};
use super::request::key;
use super::{Kind, accept, http2, printable};
use crate::handshake::{accept_value, is_token, trim};

/// Checks the responses of a capture, one after the other.
pub(super) struct Answers<'h> {
    /// Keys of the capture, for an accept value that went astray.
    keys: Vec<&'h [u8]>,
    /// Values whose cause may still be searched.
    searches: usize,
}

impl<'h> Answers<'h> {
    const MAX_KEYS: usize = 64;
    /// A search takes up to a thousand hashes.
    const MAX_SEARCHES: usize = 64;

    pub(super) fn new(heads: &'h [Head<'_>]) -> Self {
        let requests = heads.iter().filter(|head| head.kind == HeadKind::Request);
        let keys = requests.filter_map(key).filter(|key| key.len() <= 256);
        Self { keys: keys.take(Self::MAX_KEYS).collect(), searches: Self::MAX_SEARCHES }
    }

    pub(super) fn check(
        &mut self,
        head: &Head<'_>,
        request: Option<&Head<'_>>,
        findings: &mut Findings,
    ) {
        if request.is_none() {
            findings.push(head.finding_of_absence(Kind::RequestAbsent));
        }
        if head.is_http2 {
            http2::check_response(head, findings);
            check_subprotocol(head, request, findings);
            return;
        }
        let status = status(head);
        let is_accepted = status.is_none_or(|status| status == 101);
        if let Some(status) = status.filter(|&status| status != 101) {
            refused(head, status, request, findings);
        }
        if let Some(field) = head.first(b"sec-websocket-key") {
            findings.push(head.finding_at(Kind::KeyInResponse, field));
        }
        if is_accepted {
            check_switch(head, findings);
        }
        if is_accepted || head.has(b"sec-websocket-accept") {
            self.check_accept(head, request, findings);
            check_subprotocol(head, request, findings);
            check_extensions(head, request, findings);
        }
    }

    fn check_accept(
        &mut self,
        head: &Head<'_>,
        request: Option<&Head<'_>>,
        findings: &mut Findings,
    ) {
        let key = request.and_then(key);
        let right = key.map(|key| {
            let value = accept_value(key);
            format!("Sec-WebSocket-Accept: {}", str::from_utf8(&value).unwrap_or_default())
        });
        let mended = |finding: Finding| match (&right, finding.remedy.as_str()) {
            (Some(right), rule) => {
                let remedy = format!("{rule} The right one is {right}");
                finding.remedy(remedy)
            }
            (None, _) => finding,
        };
        let mut fields = head.all(b"sec-websocket-accept");
        let Some(field) = fields.next() else {
            findings.push(mended(head.finding_of_absence(Kind::AcceptMissing)));
            return;
        };
        if let Some(second) = fields.next() {
            findings.push(mended(head.finding_at(Kind::AcceptRepeated, second)));
        }
        match key {
            Some(key) if accept_value(key) == field.value[..] => {}
            Some(key) => {
                let (kind, detail) = self.search(key, &field.value);
                findings.push(mended(head.finding_at(kind, field).detail(detail)));
            }
            None if !accept::is_well_formed(&field.value) => {
                findings.push(head.finding_at(Kind::AcceptMalformed, field));
            }
            None => {}
        }
    }

    fn search(&mut self, key: &[u8], value: &[u8]) -> (Kind, String) {
        let unexplained = match accept::is_well_formed(value) {
            true => Kind::AcceptWrong,
            false => Kind::AcceptMalformed,
        };
        if self.searches == 0 {
            return (unexplained, "The cause was not searched any more.".into());
        }
        self.searches -= 1;
        let found = accept::find(key, value, &self.keys);
        found.unwrap_or_else(|| {
            let detail = match key.is_empty() {
                true => "The request's key is empty.",
                false => "",
            };
            (unexplained, detail.into())
        })
    }
}

/// The three digits, wherever the first line has them.
fn status(head: &Head<'_>) -> Option<u16> {
    words(head.start?.text)
        .filter(|word| word.len() == 3)
        .find_map(|word| str::from_utf8(word).ok()?.parse().ok())
}

/// What a status other than 101 means.
fn refused(head: &Head<'_>, status: u16, request: Option<&Head<'_>>, findings: &mut Findings) {
    let kind = match status {
        200..=299 => Kind::StatusSuccess,
        300..=399 => Kind::StatusRedirect,
        400 => Kind::StatusBadRequest,
        401 | 407 => Kind::StatusUnauthorized,
        403 => Kind::StatusForbidden,
        404 | 410 => Kind::StatusNotFound,
        405 => Kind::StatusMethod,
        426 => Kind::StatusUpgradeRequired,
        502 | 504 => Kind::StatusGateway,
        503 => Kind::StatusUnavailable,
        500..=599 => Kind::StatusServerError,
        _ => Kind::StatusOther,
    };
    let detail = match kind {
        Kind::StatusRedirect => head
            .first(b"location")
            .map(|field| format!("The new location is {}", printable(&field.value))),
        _ => {
            let versions = head.first(b"sec-websocket-version");
            let versions = versions.filter(|_| !head.lists(b"sec-websocket-version", b"13"));
            versions.map(|field| {
                format!("The server speaks version {} alone.", printable(&field.value))
            })
        }
    };
    let blames_request = (400..500).contains(&status)
        && request.is_some_and(|head| findings.has_fatal(head.place()));
    let detail = detail.unwrap_or_else(|| match blames_request {
        true => "The request does break rules, see there.".into(),
        false => String::new(),
    });
    findings.push(head.finding(kind).detail(detail));
    if status == 426 && !head.has(b"upgrade") {
        findings.push(head.finding(Kind::UpgradeRequiredBare));
    }
    if let Some(field) = head.first(b"sec-websocket-accept") {
        findings.push(head.finding_at(Kind::AcceptInError, field));
    }
}

/// What a 101 needs beside the accept value.
fn check_switch(head: &Head<'_>, findings: &mut Findings) {
    if head.start.is_some_and(|line| line.text.starts_with(b"HTTP/1.0")) {
        findings.push(head.finding(Kind::Http10Response));
    }
    let draft = [&b"sec-websocket-origin"[..], b"websocket-origin", b"sec-websocket-location"];
    if let Some(field) = draft.iter().find_map(|name| head.first(name)) {
        findings.push(head.finding_at(Kind::OldDraft, field));
    }
    // RFC 6455 4.1: the value of Upgrade is "websocket", that of Connection
    // contains "upgrade", both in any case.
    let upgrade = head.first(b"upgrade");
    match upgrade {
        None => findings.push(head.finding_of_absence(Kind::UpgradeAbsent)),
        Some(field) if !field.value.eq_ignore_ascii_case(b"websocket") => {
            findings.push(head.finding_at(Kind::UpgradeOther, field));
        }
        Some(_) => {}
    }
    match head.first(b"connection") {
        None => findings.push(head.finding_of_absence(Kind::ConnectionAbsent)),
        Some(field) if !head.lists(b"connection", b"upgrade") => {
            findings.push(head.finding_at(Kind::ConnectionOther, field));
        }
        Some(_) => {}
    }
    let length = head.first(b"content-length");
    if let Some(field) = length.or_else(|| head.first(b"transfer-encoding")) {
        findings.push(head.finding_at(Kind::ResponseBody, field));
    }
}

fn check_subprotocol(head: &Head<'_>, request: Option<&Head<'_>>, findings: &mut Findings) {
    const NAME: &[u8] = b"sec-websocket-protocol";
    let offered = || request.into_iter().flat_map(|request| request.elements(NAME));
    let mut chosen = head.all(NAME);
    let Some(field) = chosen.next() else {
        if offered().next().is_some() {
            findings.push(head.finding_of_absence(Kind::SubprotocolNotChosen));
        }
        return;
    };
    if let Some(second) = chosen.next() {
        findings.push(head.finding_at(Kind::SubprotocolRepeated, second));
    }
    let name = trim(&field.value);
    let kind = match name {
        b"" => Kind::SubprotocolEmpty,
        _ if name.contains(&b',') => Kind::SubprotocolList,
        _ if !is_token(name) => Kind::SubprotocolNotOffered,
        _ if request.is_none() || offered().any(|other| other == name) => return,
        _ if offered().any(|other| other.eq_ignore_ascii_case(name)) => Kind::SubprotocolCase,
        _ => Kind::SubprotocolNotOffered,
    };
    let offers: Vec<_> = offered().take(8).map(printable).collect();
    let detail = match (request, offers.is_empty()) {
        (None, _) => String::new(),
        (Some(_), true) => "The request offers none.".into(),
        (Some(_), false) => format!("The request offers: {}", offers.join(", ")),
    };
    findings.push(head.finding_at(kind, field).detail(detail));
}

fn check_extensions(head: &Head<'_>, request: Option<&Head<'_>>, findings: &mut Findings) {
    const NAME: &[u8] = b"sec-websocket-extensions";
    let offered = request.map(|request| {
        let values: Vec<_> = request.all(NAME).map(|field| &field.value[..]).collect();
        values.join(&b","[..])
    });
    for field in head.all(NAME).take(8) {
        let fault = extension::check(&field.value, Side::Response).or_else(|| {
            offered.as_ref().and_then(|offered| extension::compare(offered, &field.value))
        });
        if let Some((kind, detail)) = fault {
            findings.push(head.finding_at(kind, field).detail(detail));
        }
    }
}
