//! Why an opening handshake is refused.

use core::ffi::CStr;

/// The rule that a request breaks. The number is that of the C ABI and never
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// The request line is malformed. RFC 9112 3.
    BadRequestLine = 101,
    /// A line of the head does not end with CR LF. RFC 9112 2.2.
    BadLineEnd = 102,
    /// A header field line is malformed. RFC 9112 5.
    BadHeader = 103,
    /// The head of the request is longer than this server takes. RFC 6585 5.
    HeadTooLong = 104,
    /// The request has more header fields than this server takes. RFC 6585 5.
    TooManyHeaders = 105,
    /// The HTTP version of the request is not 1.1. RFC 9110 15.6.6.
    HttpVersion = 106,
    /// A TLS handshake arrived where plain HTTP is spoken; use ws://, not
    /// wss://. RFC 6455 11.1.2.
    Tls = 107,
    /// The request target is neither a path nor an http(s) or ws(s) URI without
    /// fragment. RFC 9112 3.2.
    BadTarget = 108,
    /// The request has no Host header field. RFC 9112 3.2.
    HostMissing = 109,
    /// The request has more than one Host header field. RFC 9112 3.2.
    HostRepeated = 110,
    /// The value of the Host header field is no host with an optional port. RFC
    /// 9112 3.2.
    HostMalformed = 111,
    /// The request announces a body, which an opening handshake does not have.
    /// RFC 6455 4.1.
    Body = 112,
    /// The method of an opening handshake is GET. RFC 6455 4.1.
    Method = 113,
    /// An HTTP/1.0 request cannot be upgraded. RFC 9110 7.8.
    Http10 = 114,
    /// The Upgrade header field does not name websocket. RFC 6455 4.2.1.
    UpgradeMissing = 115,
    /// The Connection header field does not name upgrade. RFC 6455 4.2.1.
    ConnectionMissing = 116,
    /// This is a WebSocket endpoint, and the request is no opening handshake.
    /// RFC 6455 4.2.1.
    PlainHttp = 117,
    /// The request has no Sec-WebSocket-Version header field. RFC 6455 4.2.1.
    VersionMissing = 118,
    /// The value of Sec-WebSocket-Version is not 13. RFC 6455 4.4.
    VersionUnsupported = 119,
    /// The request has more than one Sec-WebSocket-Version header field. RFC
    /// 6455 11.3.5.
    VersionRepeated = 120,
    /// The request has no Sec-WebSocket-Key header field. RFC 6455 4.2.1.
    KeyMissing = 121,
    /// The request has more than one Sec-WebSocket-Key header field. RFC 6455
    /// 11.3.1.
    KeyRepeated = 122,
    /// The value of Sec-WebSocket-Key is not the base64 form of 16 octets. RFC
    /// 6455 4.2.1.
    KeyInvalid = 123,
    /// Sec-WebSocket-Protocol names a subprotocol that is no token. RFC 6455
    /// 4.1.
    BadSubprotocol = 124,
    /// No memory for the request. RFC 9110 15.6.4.
    OutOfMemory = 125,
    /// This server demands a subprotocol, and the request offers none. RFC 6455
    /// 4.2.2.
    SubprotocolAbsent = 126,
    /// This server speaks none of the subprotocols that the request offers. RFC
    /// 6455 4.2.2.
    SubprotocolMismatch = 127,
    /// The Origin of the request is not one that this server takes. RFC 6455
    /// 10.2.
    OriginNotAllowed = 128,
    /// There is no such resource. RFC 6455 4.2.2.
    UnknownResource = 129,
    /// The :protocol of the extended CONNECT is not websocket. RFC 9220 3.
    UnknownProtocol = 130,
    /// The request did not arrive in time. RFC 9110 15.5.9.
    Timeout = 131,
}

impl Refusal {
    /// Every refusal, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::BadRequestLine,
        Self::BadLineEnd,
        Self::BadHeader,
        Self::HeadTooLong,
        Self::TooManyHeaders,
        Self::HttpVersion,
        Self::Tls,
        Self::BadTarget,
        Self::HostMissing,
        Self::HostRepeated,
        Self::HostMalformed,
        Self::Body,
        Self::Method,
        Self::Http10,
        Self::UpgradeMissing,
        Self::ConnectionMissing,
        Self::PlainHttp,
        Self::VersionMissing,
        Self::VersionUnsupported,
        Self::VersionRepeated,
        Self::KeyMissing,
        Self::KeyRepeated,
        Self::KeyInvalid,
        Self::BadSubprotocol,
        Self::OutOfMemory,
        Self::SubprotocolAbsent,
        Self::SubprotocolMismatch,
        Self::OriginNotAllowed,
        Self::UnknownResource,
        Self::UnknownProtocol,
        Self::Timeout,
    ];

    /// HTTP status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequestLine
            | Self::BadLineEnd
            | Self::BadHeader
            | Self::Tls
            | Self::BadTarget
            | Self::HostMissing
            | Self::HostRepeated
            | Self::HostMalformed
            | Self::Body
            | Self::VersionRepeated
            | Self::KeyMissing
            | Self::KeyRepeated
            | Self::KeyInvalid
            | Self::BadSubprotocol
            | Self::SubprotocolAbsent
            | Self::SubprotocolMismatch => 400,
            Self::OriginNotAllowed => 403,
            Self::UnknownResource => 404,
            Self::Method => 405,
            Self::Timeout => 408,
            Self::Http10
            | Self::UpgradeMissing
            | Self::ConnectionMissing
            | Self::PlainHttp
            | Self::VersionMissing
            | Self::VersionUnsupported => 426,
            Self::HeadTooLong | Self::TooManyHeaders => 431,
            Self::UnknownProtocol => 501,
            Self::OutOfMemory => 503,
            Self::HttpVersion => 505,
        }
    }

    /// The rule in English, behind its section.
    #[must_use]
    pub const fn text(self) -> &'static CStr {
        match self {
            Self::BadRequestLine => c"RFC 9112 3: the request line is malformed",
            Self::BadLineEnd => c"RFC 9112 2.2: a line of the head does not end with CR LF",
            Self::BadHeader => c"RFC 9112 5: a header field line is malformed",
            Self::HeadTooLong => c"RFC 6585 5: the head of the request is longer than this server takes",
            Self::TooManyHeaders => c"RFC 6585 5: the request has more header fields than this server takes",
            Self::HttpVersion => c"RFC 9110 15.6.6: the HTTP version of the request is not 1.1",
            Self::Tls => c"RFC 6455 11.1.2: a TLS handshake arrived where plain HTTP is spoken; use ws://, not wss://",
            Self::BadTarget => c"RFC 9112 3.2: the request target is neither a path nor an http(s) or ws(s) URI without fragment",
            Self::HostMissing => c"RFC 9112 3.2: the request has no Host header field",
            Self::HostRepeated => c"RFC 9112 3.2: the request has more than one Host header field",
            Self::HostMalformed => c"RFC 9112 3.2: the value of the Host header field is no host with an optional port",
            Self::Body => c"RFC 6455 4.1: the request announces a body, which an opening handshake does not have",
            Self::Method => c"RFC 6455 4.1: the method of an opening handshake is GET",
            Self::Http10 => c"RFC 9110 7.8: an HTTP/1.0 request cannot be upgraded",
            Self::UpgradeMissing => c"RFC 6455 4.2.1: the Upgrade header field does not name websocket",
            Self::ConnectionMissing => c"RFC 6455 4.2.1: the Connection header field does not name upgrade",
            Self::PlainHttp => c"RFC 6455 4.2.1: this is a WebSocket endpoint, and the request is no opening handshake",
            Self::VersionMissing => c"RFC 6455 4.2.1: the request has no Sec-WebSocket-Version header field",
            Self::VersionUnsupported => c"RFC 6455 4.4: the value of Sec-WebSocket-Version is not 13",
            Self::VersionRepeated => c"RFC 6455 11.3.5: the request has more than one Sec-WebSocket-Version header field",
            Self::KeyMissing => c"RFC 6455 4.2.1: the request has no Sec-WebSocket-Key header field",
            Self::KeyRepeated => c"RFC 6455 11.3.1: the request has more than one Sec-WebSocket-Key header field",
            Self::KeyInvalid => c"RFC 6455 4.2.1: the value of Sec-WebSocket-Key is not the base64 form of 16 octets",
            Self::BadSubprotocol => c"RFC 6455 4.1: Sec-WebSocket-Protocol names a subprotocol that is no token",
            Self::OutOfMemory => c"RFC 9110 15.6.4: no memory for the request",
            Self::SubprotocolAbsent => c"RFC 6455 4.2.2: this server demands a subprotocol, and the request offers none",
            Self::SubprotocolMismatch => c"RFC 6455 4.2.2: this server speaks none of the subprotocols that the request offers",
            Self::OriginNotAllowed => c"RFC 6455 10.2: the Origin of the request is not one that this server takes",
            Self::UnknownResource => c"RFC 6455 4.2.2: there is no such resource",
            Self::UnknownProtocol => c"RFC 9220 3: the :protocol of the extended CONNECT is not websocket",
            Self::Timeout => c"RFC 9110 15.5.9: the request did not arrive in time",
        }
    }
}
