//! Frame header, RFC 6455 section 5.2.

use super::Opcode;

/// Octets that a header has at most: 2, a 64-bit length, a masking key.
pub const MAX_HEADER: usize = 14;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The reserved bits RSV1 (4), RSV2 (2) and RSV3 (1).
    pub rsv: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key, when the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// Octets of the payload, at most 2^63 - 1.
    pub payload_len: u64,
}

/// Why a header is malformed. Each variant is one MUST of section 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// 5.2: the opcode is reserved.
    ReservedOpcode,
    /// 5.5: a control frame is fragmented.
    FragmentedControl,
    /// 5.5: a control frame has more than 125 octets of payload.
    LongControl,
    /// 5.2: the length is not encoded in the minimal number of octets.
    NonMinimalLength,
    /// 5.2: the most significant bit of a 64-bit length is set.
    LengthTooLarge,
}

impl Header {
    /// Decodes the header at the front of `input`: the header and its length, or
    /// `Ok(None)` when octets are missing.
    ///
    /// The octets are judged in their order, so that the verdict is the same
    /// however they are split.
    ///
    /// # Errors
    /// The first rule that is broken, as soon as the octet is there that breaks
    /// it.
    #[inline]
    pub fn decode(input: &[u8]) -> Result<Option<(Self, usize)>, HeaderError> {
        let &[b0, ref rest @ ..] = input else { return Ok(None) };
        let fin = b0 & 0x80 != 0;
        let rsv = (b0 >> 4) & 0x7;
        let opcode = Opcode::from_nibble(b0 & 0x0f).ok_or(HeaderError::ReservedOpcode)?;
        if opcode.is_control() && !fin {
            return Err(HeaderError::FragmentedControl);
        }
        let &[b1, ref rest @ ..] = rest else { return Ok(None) };
        if opcode.is_control() && b1 & 0x7f > 125 {
            return Err(HeaderError::LongControl);
        }
        let (payload_len, rest) = match b1 & 0x7f {
            126 => {
                let Some((octets, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*octets)), rest)
            }
            127 => {
                let Some((octets, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*octets), rest)
            }
            len => (u64::from(len), rest),
        };
        // "the minimal number of bytes MUST be used to encode the length"
        let shortest_with = match b1 & 0x7f {
            126 => 126,
            127 => 1 << 16,
            _ => 0,
        };
        if payload_len < shortest_with {
            return Err(HeaderError::NonMinimalLength);
        }
        if payload_len >> 63 != 0 {
            return Err(HeaderError::LengthTooLarge);
        }
        let (mask, rest) = match b1 & 0x80 {
            0 => (None, rest),
            _ => match rest.split_first_chunk() {
                Some((key, rest)) => (Some(*key), rest),
                None => return Ok(None),
            },
        };
        Ok(Some((Self { fin, rsv, opcode, mask, payload_len }, input.len() - rest.len())))
    }

    /// Encodes the header: octets of which the first so many count.
    ///
    /// It is put together as a number, in registers: what is built octet by octet
    /// in memory has to wait there before it can be copied.
    #[inline(always)]
    #[must_use]
    pub fn encode(&self) -> ([u8; 16], usize) {
        let b0 = u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode as u8;
        let masked = u8::from(self.mask.is_some()) << 7;
        let first_two = |len: u8| u128::from(u16::from_le_bytes([b0, masked | len]));
        let (mut bits, mut len) = match self.payload_len {
            n @ 0..126 => (first_two(n as u8), 2),
            n @ 126..0x1_0000 => {
                (first_two(126) | u128::from(u16::from_le_bytes((n as u16).to_be_bytes())) << 16, 4)
            }
            n => (first_two(127) | u128::from(u64::from_le_bytes(n.to_be_bytes())) << 16, 10),
        };
        if let Some(key) = self.mask {
            bits |= u128::from(u32::from_le_bytes(key)) << (8 * len);
            len += key.len();
        }
        (bits.to_le_bytes(), len)
    }
}
