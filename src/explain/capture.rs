//! Reads heads out of a capture, with tolerance for what captures go through on
//! their way: line numbers, arrows, indentation, lost line ends.

use alloc::vec::Vec;

use super::{Finding, Kind, Place};
use crate::handshake::{elements, trim};

/// A line of the capture, without its end.
#[derive(Clone, Copy)]
pub(super) struct Line<'c> {
    /// From 1, as an editor counts.
    pub(super) number: usize,
    pub(super) text: &'c [u8],
    /// Whether it ends with CR LF; `None` for the last line, which may be cut.
    pub(super) ends_with_crlf: Option<bool>,
}

/// A head, taken apart but not judged.
pub(super) struct Head<'c> {
    pub(super) kind: HeadKind,
    /// From 1, among the heads of its kind.
    pub(super) index: usize,
    /// Request line or status line; `None` when the capture lacks it and in
    /// HTTP/2.
    pub(super) start: Option<Line<'c>>,
    /// The other lines, the empty one at the end not included.
    pub(super) lines: Vec<Line<'c>>,
    pub(super) fields: Vec<Field<'c>>,
    pub(super) is_http2: bool,
    /// Whether `:method` or `:status` was there, which a head has once.
    has_http2_start: bool,
    /// Whether an empty line ends it.
    pub(super) is_finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadKind {
    Request,
    Response,
}

pub(super) struct Field<'c> {
    pub(super) name: &'c [u8],
    /// Without white space around it, continuation lines joined.
    pub(super) value: Vec<u8>,
    pub(super) line: Line<'c>,
}

/// Every head of the capture, in its order.
pub(super) fn read(capture: &[u8]) -> Vec<Head<'_>> {
    let mut lines = lines(capture);
    strip_indentation(&mut lines);
    strip_numbers(&mut lines);
    strip_indentation(&mut lines);
    strip_arrows(&mut lines);
    let mut heads: Vec<Head<'_>> = Vec::new();
    let mut is_in_head = false;
    // Whether a head may begin here without its first line.
    let mut may_begin_late = true;
    for line in lines {
        let start = start_of(line.text);
        let continues = is_in_head
            && match start {
                None => true,
                Some(Start::Pseudo) => heads.last().is_some_and(|head| head.takes_pseudo(line)),
                Some(_) => false,
            };
        if continues {
            if let Some(head) = heads.last_mut() {
                is_in_head = head.push(line);
            }
        } else if start.is_some() || may_begin_late && is_known_field(line.text) {
            heads.push(Head::new(start, line));
            is_in_head = true;
        }
        // Behind a request stands no body, so that a field begins a response.
        if !trim(line.text).is_empty() {
            may_begin_late =
                heads.last().is_none_or(|head| is_in_head && head.may_precede_fields());
        }
    }
    settle_kinds(&mut heads);
    heads
}

/// What to say when there is no head.
pub(super) fn nothing_found(capture: &[u8]) -> Finding {
    match capture {
        // The record type and version of a TLS handshake, RFC 8446 5.1.
        [0x16, 0x03, ..] => Finding::new(Kind::Tls, Place::Capture),
        [] => Finding::new(Kind::NothingFound, Place::Capture).detail("The capture is empty."),
        _ => Finding::new(Kind::NothingFound, Place::Capture),
    }
}

impl<'c> Head<'c> {
    fn new(start: Option<Start>, line: Line<'c>) -> Self {
        let has_start_line = !matches!(start, None | Some(Start::Pseudo));
        let mut head = Self {
            kind: match start {
                Some(Start::Status | Start::Confused) => HeadKind::Response,
                _ => HeadKind::Request,
            },
            index: 0,
            start: has_start_line.then_some(line),
            lines: Vec::new(),
            fields: Vec::new(),
            is_http2: start == Some(Start::Pseudo),
            has_http2_start: false,
            is_finished: false,
        };
        if !has_start_line {
            head.push(line);
        }
        head
    }

    /// Takes the next line; returns whether the head goes on behind it.
    fn push(&mut self, line: Line<'c>) -> bool {
        if trim(line.text).is_empty() {
            self.is_finished = true;
            return false;
        }
        self.lines.push(line);
        self.has_http2_start |= is_http2_start(line.text);
        if line.text.starts_with(b" ") || line.text.starts_with(b"\t") {
            if let Some(field) = self.fields.last_mut() {
                field.value.push(b' ');
                field.value.extend_from_slice(trim(line.text));
            }
        } else if let Some((name, value)) = split_field(line.text) {
            self.fields.push(Field { name: trim(name), value: trim(value).to_vec(), line });
        }
        true
    }

    /// Whether a line such as ":path: /" belongs to this head.
    fn takes_pseudo(&self, line: Line<'_>) -> bool {
        self.is_http2 && !(self.has_http2_start && is_http2_start(line.text))
    }

    /// Whether what follows can be a head, and is no body of this one.
    fn may_precede_fields(&self) -> bool {
        self.kind == HeadKind::Request && self.start.is_some()
    }

    pub(super) fn place(&self) -> Place {
        match self.kind {
            HeadKind::Request => Place::Request(self.index),
            HeadKind::Response => Place::Response(self.index),
        }
    }

    /// The number of its first line.
    pub(super) fn first_line(&self) -> usize {
        self.start.or(self.lines.first().copied()).map_or(0, |line| line.number)
    }

    /// A finding about the head as a whole, shown at its first line.
    pub(super) fn finding(&self, kind: Kind) -> Finding {
        let line = self.start.or(self.lines.first().copied());
        let finding = Finding::new(kind, self.place());
        match line {
            Some(line) => finding.line(line.number, trim(line.text)),
            None => finding,
        }
    }

    /// A finding about something that is not there.
    pub(super) fn finding_of_absence(&self, kind: Kind) -> Finding {
        Finding::new(kind, self.place()).line(self.first_line(), b"")
    }

    /// A finding about a field.
    pub(super) fn finding_at(&self, kind: Kind, field: &Field<'_>) -> Finding {
        Finding::new(kind, self.place()).line(field.line.number, trim(field.line.text))
    }

    /// Every field of that name.
    pub(super) fn all<'h>(&'h self, name: &'h [u8]) -> impl Iterator<Item = &'h Field<'c>> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn first(&self, name: &[u8]) -> Option<&Field<'c>> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.first(name).is_some()
    }

    /// The elements of a list over all of its lines (RFC 9110 5.3).
    pub(super) fn elements<'h>(&'h self, name: &'h [u8]) -> impl Iterator<Item = &'h [u8]> {
        self.all(name).flat_map(|field| elements(&field.value))
    }

    /// Whether the list has that element, in any case.
    pub(super) fn lists(&self, name: &[u8], element: &[u8]) -> bool {
        self.elements(name).any(|other| other.eq_ignore_ascii_case(element))
    }
}

/// What the first line of a head can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Request,
    Status,
    /// A request line with a status behind it.
    Confused,
    /// A pseudo-header field of HTTP/2.
    Pseudo,
}

const METHODS: [&[u8]; 9] =
    [b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"PATCH", b"DELETE", b"TRACE"];

fn start_of(line: &[u8]) -> Option<Start> {
    const PSEUDO: [&[u8]; 6] =
        [b":method", b":status", b":path", b":scheme", b":authority", b":protocol"];
    if line.get(..5).is_some_and(|front| front.eq_ignore_ascii_case(b"HTTP/")) {
        return Some(Start::Status);
    }
    if PSEUDO.iter().any(|name| line.starts_with(name)) {
        return Some(Start::Pseudo);
    }
    let mut words = words(line);
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    if matches!(first, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']) && !second.contains(&b':') {
        return Some(Start::Status);
    }
    let is_method = METHODS.iter().any(|method| method.eq_ignore_ascii_case(first));
    let names_version = |word: &[u8]| word.starts_with(b"HTTP/");
    if is_method && (second.starts_with(b"/") || second.contains(&b':') || names_version(second))
        || first.iter().all(u8::is_ascii_uppercase) && words.clone().any(names_version)
    {
        let behind_version = words.skip_while(|word| !names_version(word)).nth(1);
        let is_status = |word: &[u8]| word.len() == 3 && word.iter().all(u8::is_ascii_digit);
        return Some(match behind_version {
            Some(word) if is_status(word) => Start::Confused,
            _ => Start::Request,
        });
    }
    None
}

fn is_http2_start(line: &[u8]) -> bool {
    line.starts_with(b":method") || line.starts_with(b":status")
}

/// A capture may begin behind the first line of its head.
fn is_known_field(line: &[u8]) -> bool {
    const KNOWN: [&[u8]; 3] = [b"host", b"upgrade", b"connection"];
    split_field(line).is_some_and(|(name, _)| {
        let name = name.to_ascii_lowercase();
        KNOWN.contains(&name.as_slice()) || name.starts_with(b"sec-websocket-")
    })
}

/// Whether a head is a request or a response: by its first line, unless its
/// fields say otherwise.
fn settle_kinds(heads: &mut [Head<'_>]) {
    let (mut requests, mut responses) = (0, 0);
    for head in heads {
        let (asks, answers) = (head.has(b"sec-websocket-key"), head.has(b"sec-websocket-accept"));
        let is_sure = head.start.is_some_and(|line| start_of(line.text) == Some(Start::Status));
        if head.has(b":status") || answers && !asks {
            head.kind = HeadKind::Response;
        } else if asks && !answers && !is_sure {
            head.kind = HeadKind::Request;
        }
        let count = match head.kind {
            HeadKind::Request => &mut requests,
            HeadKind::Response => &mut responses,
        };
        *count += 1;
        head.index = *count;
    }
}

/// Name and value; a pseudo-header field's name begins with a colon.
fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let pseudo = usize::from(line.starts_with(b":"));
    let is_end = |octet: &u8| *octet == b':' || pseudo == 1 && *octet == b' ';
    let colon = line.iter().skip(pseudo).position(is_end)?;
    let (name, rest) = line.split_at(colon + pseudo);
    Some((name, rest.get(1..).unwrap_or_default()))
}

/// Lines end with LF, or with `\r\n` as logs and Wireshark's tree spell it.
fn lines(capture: &[u8]) -> Vec<Line<'_>> {
    let capture = capture.strip_prefix(b"\xef\xbb\xbf").unwrap_or(capture);
    let mut lines = Vec::new();
    for (n, line) in capture.split_inclusive(|&octet| octet == b'\n').enumerate() {
        let number = n + 1;
        let (mut text, ends_with_crlf) = match line {
            [text @ .., b'\r', b'\n'] => (text, Some(true)),
            [text @ .., b'\n'] => (text, Some(false)),
            text => (text, None),
        };
        while let Some(at) = text.windows(4).position(|window| window == br"\r\n") {
            let (front, rest) = text.split_at(at);
            lines.push(Line { number, text: unquoted(front), ends_with_crlf: Some(true) });
            text = rest.get(4..).unwrap_or_default();
            if text.is_empty() || text == b"\"" || text == b"'" {
                text = b"\"";
                break;
            }
        }
        if text != b"\"" {
            lines.push(Line { number, text, ends_with_crlf });
        }
    }
    lines
}

/// Without the quote in front of a string literal.
fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'b', b'"' | b'\'', rest @ ..] | [b'"' | b'\'', rest @ ..] => rest,
        _ => text,
    }
}

/// Takes away what every line begins with.
fn strip_indentation(lines: &mut [Line<'_>]) {
    let depth = |text: &[u8]| text.iter().take_while(|&&octet| is_blank(octet)).count();
    let filled = lines.iter().filter(|line| !trim(line.text).is_empty());
    let common = filled.map(|line| depth(line.text)).min().unwrap_or_default();
    for line in lines {
        line.text = line.text.get(common..).unwrap_or_default();
    }
}

/// Takes away line numbers: every line begins with a number, each larger than
/// the one before.
fn strip_numbers(lines: &mut [Line<'_>]) {
    let mut last = 0;
    let mut count = 0;
    for line in lines.iter().filter(|line| !trim(line.text).is_empty()) {
        match number_of(line.text) {
            Some((number, _)) if count == 0 || number > last => last = number,
            _ => return,
        }
        count += 1;
    }
    if count < 2 {
        return;
    }
    for line in lines {
        if let Some((_, rest)) = number_of(line.text) {
            line.text = rest;
        }
    }
}

fn number_of(text: &[u8]) -> Option<(usize, &[u8])> {
    let blanks = text.iter().take_while(|&&octet| is_blank(octet)).count();
    let text = text.get(blanks..).unwrap_or_default();
    let len = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(len);
    let number = core::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = match rest.trim_ascii_start() {
        [b':' | b'|', behind @ ..] => behind,
        _ => rest,
    };
    Some((number, rest))
}

/// Takes away the arrows of `curl -v`, and its remarks.
fn strip_arrows(lines: &mut Vec<Line<'_>>) {
    let has_arrows = lines.iter().any(|line| arrow(line.text).and_then(start_of).is_some());
    if !has_arrows {
        return;
    }
    lines.retain(|line| !line.text.starts_with(b"* "));
    for line in lines {
        line.text = arrow(line.text).unwrap_or(line.text);
    }
}

fn arrow(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'<' | b'>', b' ', rest @ ..] => Some(rest),
        [b'<' | b'>'] => Some(&[]),
        _ => None,
    }
}

/// Words between spaces.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|&octet| is_blank(octet)).filter(|word| !word.is_empty())
}

const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}
