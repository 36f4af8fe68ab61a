//! Why a connection fails.

use core::ffi::CStr;

use crate::handshake::{Fault, Refusal};
use crate::proto::ABNORMAL;

/// The rule that the peer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// By its request.
    Handshake(Refusal),
    /// By its response.
    Response(Fault),
    /// A reserved bit is set that no extension defines. RFC 6455 5.2.
    ReservedBit,
    /// The opcode is reserved. RFC 6455 5.2.
    ReservedOpcode,
    /// A control frame is fragmented. RFC 6455 5.5.
    FragmentedControl,
    /// A control frame has more than 125 octets of payload. RFC 6455 5.5.
    LongControl,
    /// The payload length is not encoded in the fewest octets. RFC 6455 5.2.
    NonMinimalLength,
    /// The most significant bit of the 64-bit payload length is set. RFC 6455
    /// 5.2.
    LengthTooLarge,
    /// A frame from the client is not masked. RFC 6455 5.1.
    Unmasked,
    /// A continuation frame without a message to continue. RFC 6455 5.4.
    NothingToContinue,
    /// A new message begins inside a fragmented one. RFC 6455 5.4.
    MessageInterrupted,
    /// A text message is not valid UTF-8. RFC 6455 8.1.
    BadUtf8,
    /// The payload of a Close has one octet. RFC 6455 5.5.1.
    CloseOneOctet,
    /// The status code of a Close may not be sent. RFC 6455 7.4.
    CloseCode,
    /// The reason of a Close is not valid UTF-8. RFC 6455 5.5.1.
    CloseReason,
    /// A frame is larger than this endpoint takes. RFC 6455 10.4.
    FrameTooBig,
    /// A message is larger than this endpoint takes. RFC 6455 10.4.
    MessageTooBig,
    /// A message has more fragments than this endpoint takes. RFC 6455 10.4.
    TooManyFragments,
    /// No memory for a message of this size. RFC 6455 10.4.
    OutOfMemory,
    /// A frame from the server is masked. RFC 6455 5.1.
    Masked,
    /// The payload of a compressed message is no DEFLATE. RFC 7692 7.2.2.
    BadCompression,
    /// No pong came in time, nor anything else. RFC 6455 5.5.2.
    PongTimeout,
    /// Nothing came for the time that a connection may be idle. RFC 6455 7.4.1.
    IdleTimeout,
}

impl Failure {
    /// Every failure behind the opening handshake, in the order of their numbers.
    const FRAMES: &'static [Self] = &[
        Self::ReservedBit,
        Self::ReservedOpcode,
        Self::FragmentedControl,
        Self::LongControl,
        Self::NonMinimalLength,
        Self::LengthTooLarge,
        Self::Unmasked,
        Self::NothingToContinue,
        Self::MessageInterrupted,
        Self::BadUtf8,
        Self::CloseOneOctet,
        Self::CloseCode,
        Self::CloseReason,
        Self::FrameTooBig,
        Self::MessageTooBig,
        Self::TooManyFragments,
        Self::OutOfMemory,
        Self::Masked,
        Self::BadCompression,
        Self::PongTimeout,
        Self::IdleTimeout,
    ];

    /// The failure with that number in the C ABI.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        let handshake = Refusal::ALL.iter().map(|&refusal| Self::Handshake(refusal));
        let response = Fault::ALL.iter().map(|&fault| Self::Response(fault));
        let mut all = handshake.chain(response).chain(Self::FRAMES.iter().copied());
        all.find(|failure| failure.number() == number)
    }

    /// Its number in the C ABI, which never changes.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Handshake(refusal) => refusal as i32,
            Self::Response(fault) => fault as i32,
            Self::ReservedBit => 201,
            Self::ReservedOpcode => 202,
            Self::FragmentedControl => 203,
            Self::LongControl => 204,
            Self::NonMinimalLength => 205,
            Self::LengthTooLarge => 206,
            Self::Unmasked => 207,
            Self::NothingToContinue => 208,
            Self::MessageInterrupted => 209,
            Self::BadUtf8 => 210,
            Self::CloseOneOctet => 211,
            Self::CloseCode => 212,
            Self::CloseReason => 213,
            Self::FrameTooBig => 214,
            Self::MessageTooBig => 215,
            Self::TooManyFragments => 216,
            Self::OutOfMemory => 217,
            Self::Masked => 218,
            Self::BadCompression => 219,
            Self::PongTimeout => 220,
            Self::IdleTimeout => 221,
        }
    }

    /// The status code of the Close that answers it, or the HTTP status; a bad
    /// response is not answered.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Handshake(refusal) => refusal.status(),
            Self::Response(_) => ABNORMAL,
            Self::ReservedBit
            | Self::ReservedOpcode
            | Self::FragmentedControl
            | Self::LongControl
            | Self::NonMinimalLength
            | Self::LengthTooLarge
            | Self::Unmasked
            | Self::NothingToContinue
            | Self::MessageInterrupted
            | Self::CloseOneOctet
            | Self::CloseCode
            | Self::Masked => 1002,
            // "an endpoint is \"going away\"", 7.4.1.
            Self::IdleTimeout => 1001,
            Self::BadUtf8 | Self::CloseReason | Self::BadCompression => 1007,
            Self::TooManyFragments => 1008,
            Self::FrameTooBig | Self::MessageTooBig | Self::OutOfMemory => 1009,
            Self::PongTimeout => 1011,
        }
    }

    /// The rule in English, behind its section.
    #[must_use]
    pub const fn text(self) -> &'static CStr {
        match self {
            Self::Handshake(refusal) => refusal.text(),
            Self::Response(fault) => fault.text(),
            Self::ReservedBit => c"RFC 6455 5.2: a reserved bit is set that no extension defines",
            Self::ReservedOpcode => c"RFC 6455 5.2: the opcode is reserved",
            Self::FragmentedControl => c"RFC 6455 5.5: a control frame is fragmented",
            Self::LongControl => {
                c"RFC 6455 5.5: a control frame has more than 125 octets of payload"
            }
            Self::NonMinimalLength => {
                c"RFC 6455 5.2: the payload length is not encoded in the fewest octets"
            }
            Self::LengthTooLarge => {
                c"RFC 6455 5.2: the most significant bit of the 64-bit payload length is set"
            }
            Self::Unmasked => c"RFC 6455 5.1: a frame from the client is not masked",
            Self::NothingToContinue => {
                c"RFC 6455 5.4: a continuation frame without a message to continue"
            }
            Self::MessageInterrupted => {
                c"RFC 6455 5.4: a new message begins inside a fragmented one"
            }
            Self::BadUtf8 => c"RFC 6455 8.1: a text message is not valid UTF-8",
            Self::CloseOneOctet => c"RFC 6455 5.5.1: the payload of a Close has one octet",
            Self::CloseCode => c"RFC 6455 7.4: the status code of a Close may not be sent",
            Self::CloseReason => c"RFC 6455 5.5.1: the reason of a Close is not valid UTF-8",
            Self::FrameTooBig => c"RFC 6455 10.4: a frame is larger than this endpoint takes",
            Self::MessageTooBig => c"RFC 6455 10.4: a message is larger than this endpoint takes",
            Self::TooManyFragments => {
                c"RFC 6455 10.4: a message has more fragments than this endpoint takes"
            }
            Self::OutOfMemory => c"RFC 6455 10.4: no memory for a message of this size",
            Self::Masked => c"RFC 6455 5.1: a frame from the server is masked",
            Self::BadCompression => {
                c"RFC 7692 7.2.2: the payload of a compressed message is no DEFLATE"
            }
            Self::PongTimeout => c"RFC 6455 5.5.2: no pong came in time, nor anything else",
            Self::IdleTimeout => c"RFC 6455 7.4.1: nothing came for too long",
        }
    }
}
