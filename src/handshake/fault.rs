//! Why a server's response fails the opening handshake.

use core::ffi::CStr;

/// The rule that a response breaks. The number is that of the C ABI and never
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// The status line is malformed. RFC 9112 4.
    BadStatusLine = 151,
    /// A line of the response does not end with CR LF. RFC 9112 2.2.
    BadLineEnd = 152,
    /// A header field line of the response is malformed. RFC 9112 5.
    BadHeader = 153,
    /// The head of the response is longer than this client takes. RFC 6455
    /// 10.4.
    HeadTooLong = 154,
    /// The response has more header fields than this client takes. RFC 6455
    /// 10.4.
    TooManyHeaders = 155,
    /// The HTTP version of the response is not 1.1. RFC 6455 4.1.
    HttpVersion = 156,
    /// The server answers with TLS; use wss://, not ws://. RFC 6455 4.1.
    Tls = 157,
    /// The Upgrade header field of the response does not name websocket. RFC
    /// 6455 4.1.
    UpgradeMissing = 158,
    /// The Connection header field of the response does not name upgrade. RFC
    /// 6455 4.1.
    ConnectionMissing = 159,
    /// The response has no Sec-WebSocket-Accept header field. RFC 6455 4.1.
    AcceptMissing = 160,
    /// The response has more than one Sec-WebSocket-Accept header field. RFC
    /// 6455 11.3.3.
    AcceptRepeated = 161,
    /// The value of Sec-WebSocket-Accept does not answer the key. RFC 6455 4.1.
    AcceptWrong = 162,
    /// The response names an extension that the request did not offer. RFC 6455
    /// 4.1.
    ExtensionNotOffered = 163,
    /// The response names a subprotocol that the request did not offer. RFC
    /// 6455 4.1.
    SubprotocolNotOffered = 164,
    /// The response has more than one Sec-WebSocket-Protocol header field. RFC
    /// 6455 11.3.4.
    SubprotocolRepeated = 165,
    /// No memory for the response. RFC 6455 10.4.
    OutOfMemory = 166,
    /// The answer to permessage-deflate is not one to the offer. RFC 7692 7.1.
    ExtensionAnswer = 167,
    /// The response did not arrive in time. RFC 6455 4.1.
    Timeout = 168,
}

impl Fault {
    /// Every fault, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::BadStatusLine,
        Self::BadLineEnd,
        Self::BadHeader,
        Self::HeadTooLong,
        Self::TooManyHeaders,
        Self::HttpVersion,
        Self::Tls,
        Self::UpgradeMissing,
        Self::ConnectionMissing,
        Self::AcceptMissing,
        Self::AcceptRepeated,
        Self::AcceptWrong,
        Self::ExtensionNotOffered,
        Self::SubprotocolNotOffered,
        Self::SubprotocolRepeated,
        Self::OutOfMemory,
        Self::ExtensionAnswer,
        Self::Timeout,
    ];

    /// The rule in English, behind its section.
    #[must_use]
    pub const fn text(self) -> &'static CStr {
        match self {
            Self::BadStatusLine => c"RFC 9112 4: the status line is malformed",
            Self::BadLineEnd => c"RFC 9112 2.2: a line of the response does not end with CR LF",
            Self::BadHeader => c"RFC 9112 5: a header field line of the response is malformed",
            Self::HeadTooLong => c"RFC 6455 10.4: the head of the response is longer than this client takes",
            Self::TooManyHeaders => c"RFC 6455 10.4: the response has more header fields than this client takes",
            Self::HttpVersion => c"RFC 6455 4.1: the HTTP version of the response is not 1.1",
            Self::Tls => c"RFC 6455 4.1: the server answers with TLS; use wss://, not ws://",
            Self::UpgradeMissing => c"RFC 6455 4.1: the Upgrade header field of the response does not name websocket",
            Self::ConnectionMissing => c"RFC 6455 4.1: the Connection header field of the response does not name upgrade",
            Self::AcceptMissing => c"RFC 6455 4.1: the response has no Sec-WebSocket-Accept header field",
            Self::AcceptRepeated => c"RFC 6455 11.3.3: the response has more than one Sec-WebSocket-Accept header field",
            Self::AcceptWrong => c"RFC 6455 4.1: the value of Sec-WebSocket-Accept does not answer the key",
            Self::ExtensionNotOffered => c"RFC 6455 4.1: the response names an extension that the request did not offer",
            Self::SubprotocolNotOffered => c"RFC 6455 4.1: the response names a subprotocol that the request did not offer",
            Self::SubprotocolRepeated => c"RFC 6455 11.3.4: the response has more than one Sec-WebSocket-Protocol header field",
            Self::OutOfMemory => c"RFC 6455 10.4: no memory for the response",
            Self::ExtensionAnswer => c"RFC 7692 7.1: the answer to permessage-deflate is not one to the offer",
            Self::Timeout => c"RFC 6455 4.1: the response did not arrive in time",
        }
    }
}
