//! Events: what the peer did.

use crate::proto::Opcode;

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A correct opening handshake waits for a decision; the payload is the
    /// target.
    Request,
    /// A plain HTTP request waits for an answer; the payload is the target.
    HttpRequest,
    /// The connection is open: the library accepted the request, or the server
    /// accepted ours.
    Open,
    /// The server's response is no 101; the payload is its body, as far as it is
    /// wanted.
    Rejected,
    /// A text message.
    Text,
    /// A binary message.
    Binary,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
    /// The peer's Close; the payload is the reason.
    Close,
    /// The peer broke a rule; the payload is the rule's text.
    Failed,
    /// The peer's octet stream ended.
    Closed,
    /// The queue of output had reached the high mark and is below the low one.
    Drained,
}

/// What else there is to say about a message, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u8);

impl Marks {
    /// It was compressed, RFC 7692.
    pub const COMPRESSED: u8 = 1;
    /// The piece begins it.
    pub const FIRST: u8 = 2;
    /// The piece ends it.
    pub const LAST: u8 = 4;

    /// Whether the message was compressed.
    #[must_use]
    pub const fn is_compressed(self) -> bool {
        self.0 & Self::COMPRESSED != 0
    }
}

/// Type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// UTF-8.
    Text,
    /// Octets.
    Binary,
}

impl MessageKind {
    /// Opcode of its first frame.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// Where an event's payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// In the input of the call, from which the caller can reach it too.
    Input {
        /// Octets before it.
        offset: usize,
        /// Octets in it.
        len: usize,
    },
    /// In the connection, until it receives again.
    Held(&'a [u8]),
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What.
    pub kind: EventKind,
    /// Status code of a Close, a failure or the end; 0 otherwise.
    pub code: u16,
    /// Of a message.
    pub marks: Marks,
    /// What belongs to it.
    pub payload: Payload<'a>,
}

/// Where events are listed.
pub trait Sink {
    /// Whether no further event can be listed now.
    fn is_full(&self) -> bool;

    /// Lists an event. Called only when there is room.
    fn push(&mut self, event: Event<'_>);
}
