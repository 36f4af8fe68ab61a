//! The server's answer, RFC 6455 section 4.2.2: always a complete response.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::field::{is_field_value, is_token};
use super::request::has_websocket_fields;
use super::{Head, Refusal, accept_value};

/// What the application answers.
#[derive(Clone, Debug, Default)]
pub struct Answer<'a> {
    /// HTTP status; 0 when it is understood.
    pub status: u16,
    /// Further header fields: name and value.
    pub headers: Vec<(&'a [u8], &'a [u8])>,
    /// The body.
    pub body: &'a [u8],
}

/// The application's answer cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAnswer;

/// The response that accepts `head`'s request.
///
/// # Errors
/// When the answer has a body, another status, or a field that may not be set.
pub fn accept(
    head: &Head,
    form: Form,
    subprotocol: Option<&str>,
    extensions: Option<&str>,
    answer: &Answer<'_>,
) -> Result<Response, BadAnswer> {
    let status = if form == Form::ExtendedConnect { 200 } else { 101 };
    if ![0, status].contains(&answer.status) || !answer.body.is_empty() {
        return Err(BadAnswer);
    }
    check_fields(&answer.headers)?;
    let mut response = Response::new(form, status);
    if form != Form::ExtendedConnect {
        let key = head.all(b"sec-websocket-key").next().unwrap_or_default();
        response.field(b"Upgrade", b"websocket");
        response.field(b"Connection", b"Upgrade");
        response.field(b"Sec-WebSocket-Accept", &accept_value(key));
    }
    if let Some(name) = subprotocol {
        response.field(b"Sec-WebSocket-Protocol", name.as_bytes());
    }
    if let Some(extensions) = extensions {
        response.field(b"Sec-WebSocket-Extensions", extensions.as_bytes());
    }
    response.fields(&answer.headers);
    response.end(b"");
    Ok(response)
}

/// An answer after which the connection ends.
///
/// # Errors
/// When the status is no final one of the range that is allowed, or demands
/// what is not there, or a field may not be set.
pub fn answer(
    head: &Head,
    form: Form,
    lowest_status: u16,
    answer: &Answer<'_>,
) -> Result<Response, BadAnswer> {
    let has_no_body = matches!(answer.status, 204 | 205 | 304);
    if !(lowest_status..=599).contains(&answer.status) || has_no_body && !answer.body.is_empty() {
        return Err(BadAnswer);
    }
    check_fields(&answer.headers)?;
    let has =
        |name: &[u8]| answer.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    // RFC 9110 15.5.2: "MUST send a WWW-Authenticate header field".
    if answer.status == 401 && !has(b"www-authenticate") {
        return Err(BadAnswer);
    }
    let mut response = Response::new(form, answer.status);
    response.end_of_connection();
    if answer.status == 405 && !has(b"allow") {
        response.field(b"Allow", allowed_method(form));
    }
    response.fields(&answer.headers);
    if !has_no_body || answer.status == 205 {
        response.content_length(answer.body.len());
    }
    // RFC 9110 9.3.2: the answer to HEAD tells the length and has no body.
    response.end(if head.method() == b"HEAD" { b"" } else { answer.body });
    Ok(response)
}

/// The answer to a request that breaks a rule; the body says which, and what to
/// do about it. `head` is there when the request could be parsed.
#[must_use]
pub fn refuse(refusal: Refusal, status: u16, form: Form, head: Option<&Head>) -> Response {
    let mut body = Vec::from(refusal.text().to_bytes());
    body.push(b'\n');
    if !missing_directives(refusal).is_empty() && head.is_some_and(has_websocket_fields) {
        body.extend_from_slice(proxy_advice(refusal).as_bytes());
    }
    let status = status_in(status, form);
    let mut response = Response::new(form, status);
    response.end_of_connection();
    let names_version = matches!(refusal, Refusal::VersionMissing | Refusal::VersionUnsupported);
    if names_version && status != 426 {
        response.field(b"Sec-WebSocket-Version", b"13");
    }
    if status == 405 {
        response.field(b"Allow", allowed_method(form));
    }
    response.field(b"Content-Type", b"text/plain; charset=utf-8");
    response.content_length(body.len());
    response.end(if head.is_some_and(|head| head.method() == b"HEAD") { b"" } else { &body });
    response
}

/// The directives of nginx without which it sends what breaks that rule: it speaks
/// HTTP/1.0 to us, and Upgrade and Connection end at each hop (RFC 9110 7.6.1).
const fn missing_directives(refusal: Refusal) -> &'static [&'static str] {
    const ALL: &[&str] = &[
        "proxy_http_version 1.1;",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection \"upgrade\";",
    ];
    match (refusal, ALL) {
        (Refusal::Http10, all) => all,
        (Refusal::UpgradeMissing, [_, of_fields @ ..])
        | (Refusal::ConnectionMissing, [_, _, of_fields @ ..]) => of_fields,
        _ => &[],
    }
}

/// What to tell whoever runs the proxy that a request seems to have come through.
fn proxy_advice(refusal: Refusal) -> String {
    let mut advice = String::from(
        "The request has WebSocket header fields, so a proxy on the way seems to have removed \
         the others.\nFor nginx, the location needs:\n",
    );
    for directive in missing_directives(refusal) {
        advice.push_str("    ");
        advice.push_str(directive);
        advice.push('\n');
    }
    advice
}

/// Fields that the application may add: well-formed, and none that the library
/// writes or that would end the response elsewhere than its length says.
pub(super) fn check_fields(fields: &[(&[u8], &[u8])]) -> Result<(), BadAnswer> {
    const OURS: &[&[u8]] = &[
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-connection",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ];
    for (name, value) in fields {
        let is_ours = OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))
            || name.get(..14).is_some_and(|start| start.eq_ignore_ascii_case(b"sec-websocket-"));
        if is_ours || !is_token(name) || !is_field_value(value) {
            return Err(BadAnswer);
        }
    }
    Ok(())
}

/// The status with which the library refuses: HTTP/2 has no Upgrade that could be
/// required (RFC 9113 8.6).
#[must_use]
pub const fn status_in(status: u16, form: Form) -> u16 {
    match (status, form) {
        (426, Form::ExtendedConnect) => 400,
        _ => status,
    }
}

const fn allowed_method(form: Form) -> &'static [u8] {
    match form {
        Form::ExtendedConnect => b"CONNECT",
        Form::Octets | Form::Fields => b"GET",
    }
}

/// How the host takes a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As the octets of HTTP/1.1.
    #[default]
    Octets,
    /// As status, fields and body of HTTP/1.1.
    Fields,
    /// As status, fields and body of HTTP/2 or HTTP/3: names in lower case, and
    /// nothing that concerns the connection (RFC 9113 8.2).
    ExtendedConnect,
}

/// A response: in octets or, for a host that has an HTTP server, in parts.
#[derive(Debug)]
pub struct Response {
    form: Form,
    status: u16,
    octets: Vec<u8>,
    /// Name and value of each field; empty in the form of octets.
    fields: Vec<(Range<usize>, Range<usize>)>,
    body_len: usize,
}

impl Response {
    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// All of it, as octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Name and value of each field, when it was asked for in parts.
    pub fn parts(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let at = |range: &Range<usize>| self.octets.get(range.clone()).unwrap_or_default();
        self.fields.iter().map(move |(name, value)| (at(name), at(value)))
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.octets.get(self.octets.len() - self.body_len..).unwrap_or_default()
    }

    fn new(form: Form, status: u16) -> Self {
        let octets = Vec::with_capacity(256);
        let mut response = Self { form, status, octets, fields: Vec::new(), body_len: 0 };
        response.octets.extend_from_slice(b"HTTP/1.1 ");
        response.number(usize::from(status));
        response.octets.push(b' ');
        response.octets.extend_from_slice(reason_phrase(status).as_bytes());
        response.octets.extend_from_slice(b"\r\n");
        response
    }

    /// The connection ends with this response. RFC 9110 15.5.22: 426 says what
    /// to upgrade to, in the fields that an upgrade has; RFC 6455 4.4: and in
    /// which version.
    fn end_of_connection(&mut self) {
        match (self.status, self.form) {
            (426, Form::ExtendedConnect) => self.field(b"Sec-WebSocket-Version", b"13"),
            (_, Form::ExtendedConnect) => {}
            (426, _) => {
                self.field(b"Connection", b"close, Upgrade");
                self.field(b"Upgrade", b"websocket");
                self.field(b"Sec-WebSocket-Version", b"13");
            }
            _ => self.field(b"Connection", b"close"),
        }
    }

    fn content_length(&mut self, len: usize) {
        let start = self.octets.len();
        self.number(len);
        let digits = self.octets.split_off(start);
        self.field(b"Content-Length", &digits);
    }

    fn fields(&mut self, fields: &[(&[u8], &[u8])]) {
        for (name, value) in fields {
            self.field(name, value);
        }
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        let start = self.octets.len();
        self.octets.extend_from_slice(name);
        let name_end = self.octets.len();
        for part in [b": ", value, b"\r\n"] {
            self.octets.extend_from_slice(part);
        }
        if self.form == Form::ExtendedConnect {
            self.octets.iter_mut().take(name_end).skip(start).for_each(u8::make_ascii_lowercase);
        }
        if self.form != Form::Octets {
            self.fields.push((start..name_end, name_end + 2..self.octets.len() - 2));
        }
    }

    fn number(&mut self, number: usize) {
        let mut divisor = 1;
        while number / divisor >= 10 {
            divisor *= 10;
        }
        while divisor > 0 {
            self.octets.push(b'0' + (number / divisor % 10) as u8);
            divisor /= 10;
        }
    }

    fn end(&mut self, body: &[u8]) {
        self.octets.extend_from_slice(b"\r\n");
        self.octets.extend_from_slice(body);
        self.body_len = body.len();
    }
}

/// RFC 9110 15 and IANA's registry. An unknown status has an empty phrase, which
/// the grammar allows.
const fn reason_phrase(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        205 => "Reset Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "",
    }
}
