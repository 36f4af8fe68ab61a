//! The body of a response that refuses, RFC 9112 sections 6 and 7.

use alloc::vec::Vec;

use super::Head;

/// Collects a body up to a limit, at any split.
#[derive(Debug)]
pub struct BodyReader {
    framing: Framing,
    octets: Vec<u8>,
    limit: usize,
}

/// How the end of a body is told.
#[derive(Debug)]
enum Framing {
    /// So many octets are left.
    Length(u64),
    /// It ends with the octet stream.
    UntilEnd,
    /// In chunks: the line that begins the next one so far, and the octets that
    /// are left of this one, with the CR LF behind it.
    Chunked { line: Vec<u8>, left: u64 },
    /// It is over.
    Over,
}

/// The longest line in front of a chunk that is read.
const MAX_CHUNK_LINE: usize = 256;

impl BodyReader {
    /// A reader of the body behind `head`, of which `limit` octets are kept.
    #[must_use]
    pub fn new(head: &Head, limit: usize) -> Self {
        let coding = head.elements(b"transfer-encoding").last();
        let mut lengths = head.all(b"content-length");
        let length = match (lengths.next(), lengths.next()) {
            (Some(digits), None) => length_of(digits),
            _ => None,
        };
        // RFC 9112 6.3, in its order.
        let framing = match (coding, length) {
            _ if matches!(head.status(), 204 | 304) => Framing::Over,
            (Some(coding), _) if coding.eq_ignore_ascii_case(b"chunked") => {
                Framing::Chunked { line: Vec::new(), left: 0 }
            }
            (None, Some(length)) => Framing::Length(length),
            _ => Framing::UntilEnd,
        };
        let mut reader = Self { framing, octets: Vec::new(), limit };
        reader.end_if_done();
        reader
    }

    /// Takes octets of the body.
    pub fn read(&mut self, mut input: &[u8]) {
        while !input.is_empty() && !self.is_over() {
            input = self.step(input);
            self.end_if_done();
        }
    }

    /// Whether nothing more is to be read.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.framing, Framing::Over)
    }

    /// What there is of the body.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Takes some octets; returns those behind them.
    fn step<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        let most = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        match &mut self.framing {
            Framing::Over => &[],
            Framing::UntilEnd => {
                self.keep(input);
                &[]
            }
            Framing::Length(left) => {
                let (body, behind) = input.split_at(most(*left));
                *left -= body.len() as u64;
                self.keep(body);
                behind
            }
            Framing::Chunked { left: left @ 1..=2, .. } => {
                // The CR LF behind the octets of a chunk.
                let behind = input.get(most(*left)..).unwrap_or_default();
                *left -= (input.len() - behind.len()) as u64;
                behind
            }
            Framing::Chunked { left: left @ 3.., .. } => {
                let (body, behind) = input.split_at(most(*left - 2));
                *left -= body.len() as u64;
                self.keep(body);
                behind
            }
            Framing::Chunked { line, left } => {
                let Some((&octet, behind)) = input.split_first() else { return &[] };
                line.push(octet);
                if line.ends_with(b"\n") {
                    match httparse::parse_chunk_size(line) {
                        Ok(httparse::Status::Complete((_, size @ 1..))) => {
                            *left = size.saturating_add(2);
                            line.clear();
                        }
                        // The last chunk, or none at all.
                        _ => self.framing = Framing::Over,
                    }
                } else if line.len() == MAX_CHUNK_LINE {
                    self.framing = Framing::Over;
                }
                behind
            }
        }
    }

    /// Without memory the body ends here, as at the limit.
    fn keep(&mut self, body: &[u8]) {
        let room = self.limit.saturating_sub(self.octets.len());
        let body = body.get(..room).unwrap_or(body);
        match self.octets.try_reserve(body.len()) {
            Ok(()) => self.octets.extend_from_slice(body),
            Err(_) => self.limit = self.octets.len(),
        }
    }

    fn end_if_done(&mut self) {
        let is_done = matches!(self.framing, Framing::Length(0));
        if is_done || self.octets.len() >= self.limit {
            self.framing = Framing::Over;
        }
    }
}

/// RFC 9110 8.6: digits and nothing else.
fn length_of(digits: &[u8]) -> Option<u64> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}
