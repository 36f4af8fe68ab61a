//! Opcodes, RFC 6455 section 5.2.

/// What a frame is. The values 3 to 7 and 11 to 15 are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// The next part of a fragmented message.
    Continuation = 0x0,
    /// A text message, or its first part.
    Text = 0x1,
    /// A binary message, or its first part.
    Binary = 0x2,
    /// Start or answer of the closing handshake.
    Close = 0x8,
    /// A question that a pong answers.
    Ping = 0x9,
    /// The answer to a ping, or a heartbeat in one direction.
    Pong = 0xa,
}

impl Opcode {
    /// The opcode with that value; `None` for a reserved one.
    #[must_use]
    pub const fn from_nibble(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// Whether it is a control frame, section 5.5.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}
