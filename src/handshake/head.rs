//! The head of an HTTP/1.1 message: found in the octet stream and parsed once.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::authority;
use super::field::{elements, is_field_value, is_token, is_token_octet, trim};

/// How much head a peer may send.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Octets in all.
    pub octets: usize,
    /// Header fields.
    pub fields: usize,
}

/// Whose head it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// A client's.
    Request,
    /// A server's.
    Response,
}

/// Why octets are no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// RFC 9112 3 and 4: the request line or status line is malformed.
    StartLine,
    /// RFC 9112 2.2: a line does not end with CR LF.
    LineEnd,
    /// RFC 9112 5: a header field line is malformed.
    Field,
    /// The limit of octets is passed.
    TooLong,
    /// The limit of header fields is passed.
    TooManyFields,
    /// The version is neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// RFC 8446 5.1: the octets are a TLS record.
    Tls,
    /// Memory could not be had.
    OutOfMemory,
}

/// Which HTTP the head was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0, which has no Upgrade.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2 or HTTP/3, with an extended CONNECT (RFC 8441, RFC 9220).
    ExtendedConnect,
}

/// The head of a request or a response.
#[derive(Debug)]
pub struct Head {
    octets: Vec<u8>,
    version: Version,
    /// Method of a request.
    method: Range<usize>,
    /// Target of a request; reason phrase of a response.
    target: Range<usize>,
    /// The protocol that an extended CONNECT asks for.
    protocol: Range<usize>,
    /// Status of a response.
    status: u16,
    /// Name and value of each field, in the order of arrival.
    fields: Vec<(Range<usize>, Range<usize>)>,
}

/// A request that somebody else parsed.
#[derive(Clone, Debug)]
pub struct RequestFields<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The target, or the `:path` of an extended CONNECT.
    pub target: &'a [u8],
    /// The `:authority` of an extended CONNECT.
    pub authority: &'a [u8],
    /// The `:protocol` of an extended CONNECT.
    pub protocol: &'a [u8],
    /// The version of HTTP.
    pub version: Version,
    /// Name and value of each header field.
    pub fields: Vec<(&'a [u8], &'a [u8])>,
}

impl Head {
    /// A head from its parts, within limits.
    ///
    /// # Errors
    /// When a part could not stand in a head.
    pub fn from_fields(request: &RequestFields<'_>, limits: HeadLimits) -> Result<Self, HeadError> {
        let size = request.fields.iter().map(|(name, value)| name.len() + value.len());
        let fixed = [request.method, request.target, request.authority, request.protocol];
        let size: usize = size.sum::<usize>() + fixed.iter().map(|part| part.len()).sum::<usize>();
        if size > limits.octets {
            return Err(HeadError::TooLong);
        }
        if request.fields.len() > limits.fields {
            return Err(HeadError::TooManyFields);
        }
        let is_well_formed =
            |(name, value): &(&[u8], &[u8])| is_token(name) && is_field_value(value);
        if !request.fields.iter().all(is_well_formed) || !is_field_value(request.authority) {
            return Err(HeadError::Field);
        }
        if !is_token(request.method)
            || !request.target.iter().all(|&octet| octet > b' ' && octet != 0x7f)
        {
            return Err(HeadError::StartLine);
        }
        let mut octets = Vec::new();
        octets.try_reserve_exact(size + b"host".len()).map_err(|_| HeadError::OutOfMemory)?;
        let mut add = |part: &[u8]| {
            let start = octets.len();
            octets.extend_from_slice(part);
            start..octets.len()
        };
        let method = add(request.method);
        let target = add(request.target);
        let protocol = add(request.protocol);
        let mut fields: Vec<_> =
            request.fields.iter().map(|(name, value)| (add(name), add(trim(value)))).collect();
        // RFC 9113 8.3.1: `:authority` stands for Host, which may say the same.
        let says_the_same = request.fields.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case(b"host")
                && trim(value).eq_ignore_ascii_case(request.authority)
        });
        if !request.authority.is_empty() && !says_the_same {
            fields.push((add(b"host"), add(trim(request.authority))));
        }
        let version = request.version;
        Ok(Self { version, method, target, protocol, status: 0, fields, octets })
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.at(&self.method)
    }

    /// The target of a request, such as `/chat?room=1`.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.at(&self.target)
    }

    /// The host, and the port if it is named: of the target when that is a whole
    /// URI (RFC 9112 3.2.2), else of the Host field.
    #[must_use]
    pub fn host(&self) -> Option<&[u8]> {
        authority(self.target()).or_else(|| self.all(b"host").next())
    }

    /// What an extended CONNECT asks for.
    #[must_use]
    pub fn protocol(&self) -> &[u8] {
        self.at(&self.protocol)
    }

    /// The status of a response.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The version of HTTP.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
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

    /// Whether a list has that element, in any case.
    #[must_use]
    pub fn lists(&self, name: &[u8], element: &[u8]) -> bool {
        self.elements(name).any(|other| other.eq_ignore_ascii_case(element))
    }

    /// The subprotocols that a request offers, in its order of preference.
    pub fn offered_subprotocols(&self) -> impl Iterator<Item = &[u8]> {
        self.elements(b"sec-websocket-protocol")
    }

    /// Parses `octets` from `start`, which hold a whole head.
    fn parse(
        kind: HeadKind,
        octets: Vec<u8>,
        start: usize,
        lines: usize,
    ) -> Result<Self, HeadError> {
        let text = octets.get(start..).unwrap_or_default();
        let base = octets.as_ptr() as usize;
        let range = |part: &[u8]| {
            let start = (part.as_ptr() as usize).wrapping_sub(base);
            start..start.wrapping_add(part.len())
        };
        let mut places = vec![httparse::EMPTY_HEADER; lines];
        let (parsed, method, target, minor, status, headers) = match kind {
            HeadKind::Request => {
                let mut request = httparse::Request::new(&mut places);
                let parsed = request.parse(text);
                let method = range(request.method.unwrap_or_default().as_bytes());
                let target = range(request.path.unwrap_or_default().as_bytes());
                (parsed, method, target, request.version, 0, &*request.headers)
            }
            HeadKind::Response => {
                let mut response = httparse::Response::new(&mut places);
                let parsed = response.parse(text);
                let reason = range(response.reason.unwrap_or_default().as_bytes());
                let status = response.code.unwrap_or_default();
                (parsed, 0..0, reason, response.version, status, &*response.headers)
            }
        };
        match parsed {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(HeadError::StartLine),
            Err(error) => return Err(head_error(error, kind, text)),
        }
        // RFC 9110 15: "All valid status codes are within the range of 100 to 599".
        if kind == HeadKind::Response && status < 100 {
            return Err(HeadError::StartLine);
        }
        let version = if minor == Some(0) { Version::Http10 } else { Version::Http11 };
        let fields = headers
            .iter()
            .map(|field| (range(field.name.as_bytes()), range(trim(field.value))))
            .collect();
        Ok(Self { version, method, target, protocol: 0..0, status, fields, octets })
    }

    fn at(&self, range: &Range<usize>) -> &[u8] {
        self.octets.get(range.clone()).unwrap_or_default()
    }
}

fn head_error(error: httparse::Error, kind: HeadKind, text: &[u8]) -> HeadError {
    use httparse::Error;
    match error {
        Error::Version if names_a_version(kind, text) => HeadError::Version,
        Error::HeaderName | Error::HeaderValue => HeadError::Field,
        Error::TooManyHeaders => HeadError::TooManyFields,
        Error::Token | Error::Version | Error::NewLine | Error::Status => HeadError::StartLine,
    }
}

/// Whether the version stands where it belongs as HTTP/digit.digit.
fn names_a_version(kind: HeadKind, text: &[u8]) -> bool {
    let line = text.split(|&octet| octet == b'\r').next().unwrap_or_default();
    let mut words = line.split(|&octet| octet == b' ');
    let word = match kind {
        HeadKind::Request if line.iter().filter(|&&octet| octet == b' ').count() != 2 => None,
        HeadKind::Request => words.next_back(),
        HeadKind::Response => words.next(),
    };
    matches!(word, Some([b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']))
}

/// Collects a head, at any split, with each octet looked at once.
#[derive(Debug)]
pub struct HeadReader {
    kind: HeadKind,
    octets: Vec<u8>,
    /// Where the first line begins, behind empty lines (RFC 9112 2.2).
    start: usize,
    /// Where the line begins that is not complete.
    line: usize,
    /// Octets in which no further line end is to be found.
    scanned: usize,
    /// Complete lines, the first one included.
    lines: usize,
}

impl HeadReader {
    /// A reader of heads of that kind.
    #[must_use]
    pub const fn new(kind: HeadKind) -> Self {
        Self { kind, octets: Vec::new(), start: 0, line: 0, scanned: 0, lines: 0 }
    }

    /// Whether nothing was taken yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.octets.is_empty()
    }

    /// Takes octets up to the end of the head; those behind it are not taken.
    /// Returns how many were taken, and the head once it is whole.
    pub fn read(
        &mut self,
        input: &[u8],
        limits: HeadLimits,
    ) -> (usize, Result<Option<Head>, HeadError>) {
        let had = self.octets.len();
        let room = limits.octets.saturating_sub(had);
        let new = input.get(..room).unwrap_or(input);
        if self.octets.try_reserve(new.len()).is_err() {
            return (0, Err(HeadError::OutOfMemory));
        }
        self.octets.extend_from_slice(new);
        match self.find_end(limits.fields) {
            Ok(None) if new.len() < input.len() => (new.len(), Err(HeadError::TooLong)),
            Ok(None) => (new.len(), Ok(None)),
            Ok(Some(end)) => {
                let mut octets = core::mem::take(&mut self.octets);
                octets.truncate(end);
                let head = Head::parse(self.kind, octets, self.start, self.lines);
                *self = Self::new(self.kind);
                (end.saturating_sub(had), head.map(Some))
            }
            Err(error) => (new.len(), Err(error)),
        }
    }

    /// Looks at the new octets; finds where the head ends.
    fn find_end(&mut self, max_fields: usize) -> Result<Option<usize>, HeadError> {
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
                _ => return Err(HeadError::LineEnd),
            };
            self.line = self.scanned;
            match (is_empty, self.lines) {
                (true, 0) => self.start = self.line,
                (true, _) => return Ok(Some(self.line)),
                (false, lines) if lines > max_fields => return Err(HeadError::TooManyFields),
                (false, _) => self.lines += 1,
            }
        }
    }

    /// Tells what is not HTTP at all at its first octet, instead of waiting for
    /// a line that never ends.
    fn check_first_octet(&self) -> Result<(), HeadError> {
        match self.octets.get(self.start) {
            // The record types of a TLS handshake and alert.
            Some(0x15 | 0x16) => Err(HeadError::Tls),
            Some(&octet) if !is_token_octet(octet) && !matches!(octet, b'\r' | b'\n') => {
                Err(HeadError::StartLine)
            }
            _ => Ok(()),
        }
    }
}
