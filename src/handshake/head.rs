//! The head of an HTTP/1.1 request: found in the octet stream and parsed once.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::Refusal;
use super::field::{elements, is_token_octet, trim};

/// How much head a client may send.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Octets in all.
    pub octets: usize,
    /// Header fields.
    pub fields: usize,
}

/// A request's head.
#[derive(Debug)]
pub struct Head {
    octets: Vec<u8>,
    method: Range<usize>,
    target: Range<usize>,
    minor_version: u8,
    /// Name and value of each field, in the order of arrival.
    fields: Vec<(Range<usize>, Range<usize>)>,
}

impl Head {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.at(&self.method)
    }

    /// The request target, such as `/chat?room=1`.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.at(&self.target)
    }

    /// The second number of the version, HTTP/1.`n`: 0 or 1.
    #[must_use]
    pub const fn minor_version(&self) -> u8 {
        self.minor_version
    }

    /// Name and value of each header field, in the order of arrival.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (self.at(name), self.at(value)))
    }

    /// The value of each field of that name, in any case.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.fields()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The elements of a list, over all header lines of that name: to repeat a
    /// line is to continue the list (RFC 9110 5.3).
    pub fn elements<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(elements)
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn offered_subprotocols(&self) -> impl Iterator<Item = &[u8]> {
        self.elements(b"sec-websocket-protocol")
    }

    /// Parses `octets` from `start`, which hold a whole head.
    fn parse(octets: Vec<u8>, start: usize, lines: usize) -> Result<Self, Refusal> {
        let text = octets.get(start..).unwrap_or_default();
        let mut places = vec![httparse::EMPTY_HEADER; lines];
        let mut request = httparse::Request::new(&mut places);
        match request.parse(text) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Refusal::BadRequestLine),
            Err(error) => return Err(refusal_for(error, text)),
        }
        let base = octets.as_ptr() as usize;
        let range = |part: &[u8]| {
            let start = (part.as_ptr() as usize).wrapping_sub(base);
            start..start.wrapping_add(part.len())
        };
        let method = range(request.method.unwrap_or_default().as_bytes());
        let target = range(request.path.unwrap_or_default().as_bytes());
        let minor_version = request.version.unwrap_or_default();
        let fields = request
            .headers
            .iter()
            .map(|field| (range(field.name.as_bytes()), range(trim(field.value))))
            .collect();
        Ok(Self { method, target, minor_version, fields, octets })
    }

    fn at(&self, range: &Range<usize>) -> &[u8] {
        self.octets.get(range.clone()).unwrap_or_default()
    }
}

fn refusal_for(error: httparse::Error, text: &[u8]) -> Refusal {
    use httparse::Error;
    match error {
        Error::Version if names_a_version(text) => Refusal::HttpVersion,
        Error::HeaderName | Error::HeaderValue => Refusal::BadHeader,
        Error::TooManyHeaders => Refusal::TooManyHeaders,
        Error::Token | Error::Version | Error::NewLine | Error::Status => Refusal::BadRequestLine,
    }
}

/// Whether the first line ends with HTTP/digit.digit.
fn names_a_version(text: &[u8]) -> bool {
    let line = text.split(|&octet| octet == b'\r').next().unwrap_or_default();
    let version = line.rsplit(|&octet| octet == b' ').next().unwrap_or_default();
    matches!(version, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// Collects a head, at any split, with each octet looked at once.
#[derive(Debug, Default)]
pub struct HeadReader {
    octets: Vec<u8>,
    /// Where the request line begins, behind empty lines (RFC 9112 2.2).
    start: usize,
    /// Where the line begins that is not complete.
    line: usize,
    /// Octets in which no further line end is to be found.
    scanned: usize,
    /// Complete lines, the request line included.
    lines: usize,
}

impl HeadReader {
    /// Takes octets up to the end of the head; those behind it are not taken.
    /// Returns how many were taken, and the head once it is whole.
    pub fn read(
        &mut self,
        input: &[u8],
        limits: HeadLimits,
    ) -> (usize, Result<Option<Head>, Refusal>) {
        let had = self.octets.len();
        let room = limits.octets.saturating_sub(had);
        let new = input.get(..room).unwrap_or(input);
        if self.octets.try_reserve(new.len()).is_err() {
            return (0, Err(Refusal::OutOfMemory));
        }
        self.octets.extend_from_slice(new);
        match self.find_end(limits.fields) {
            Ok(None) if new.len() < input.len() => (new.len(), Err(Refusal::HeadTooLong)),
            Ok(None) => (new.len(), Ok(None)),
            Ok(Some(end)) => {
                let mut octets = core::mem::take(&mut self.octets);
                octets.truncate(end);
                let head = Head::parse(octets, self.start, self.lines);
                (end.saturating_sub(had), head.map(Some))
            }
            Err(refusal) => (new.len(), Err(refusal)),
        }
    }

    /// Looks at the new octets; finds where the head ends.
    fn find_end(&mut self, max_fields: usize) -> Result<Option<usize>, Refusal> {
        loop {
            self.check_first_octet()?;
            let fresh = self.octets.get(self.scanned..).unwrap_or_default();
            let Some(at) = fresh.iter().position(|&octet| octet == b'\n') else {
                self.scanned = self.octets.len();
                return Ok(None);
            };
            let line_end = self.scanned + at;
            self.scanned = line_end + 1;
            let is_empty = match self.octets.get(self.line..line_end) {
                Some([line @ .., b'\r']) if !line.contains(&b'\r') => line.is_empty(),
                // A lone LF or CR ends a line for some and not for others, which
                // is how requests are smuggled.
                _ => return Err(Refusal::BadLineEnd),
            };
            self.line = self.scanned;
            match (is_empty, self.lines) {
                (true, 0) => self.start = self.line,
                (true, _) => return Ok(Some(self.line)),
                (false, lines) if lines > max_fields => return Err(Refusal::TooManyHeaders),
                (false, _) => self.lines += 1,
            }
        }
    }

    /// Tells what is not HTTP at all at its first octet, instead of waiting for
    /// a line that never ends.
    fn check_first_octet(&self) -> Result<(), Refusal> {
        match self.octets.get(self.start) {
            // The record type of a TLS handshake, RFC 8446 5.1.
            Some(0x16) => Err(Refusal::Tls),
            Some(&octet) if !is_token_octet(octet) && !matches!(octet, b'\r' | b'\n') => {
                Err(Refusal::BadRequestLine)
            }
            _ => Ok(()),
        }
    }
}
