//! Frames in, messages out: RFC 6455 sections 5.2 to 5.6 and 6.2.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::octets::extend;
use super::{Failure, Role};
use crate::proto::{
    Header, HeaderError, MAX_HEADER, Opcode, Utf8, apply_mask, apply_mask_ascii, utf8,
};

/// Octets that are unmasked, checked and moved together: what the first of these
/// touched is still in the cache for the last.
const CHUNK: usize = 16 << 10;

/// Limits of the config that concern messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) frame: u64,
    pub(super) message: u64,
    pub(super) fragments: u64,
}

/// Inflates compressed messages, when that was agreed on.
pub(super) trait Decompress {
    /// Inflates a part of a message behind what there is of it.
    fn inflate(&mut self, part: &[u8], message: &mut Vec<u8>, limit: usize) -> Result<(), Failure>;

    /// The message is over.
    fn finish(&mut self, message: &mut Vec<u8>, limit: usize) -> Result<(), Failure>;
}

/// RSV1 marks a compressed message, RFC 7692 6.
pub(super) const RSV1: u8 = 0b100;

/// A whole message or control frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) is_compressed: bool,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemKind {
    Text,
    Binary,
    Ping,
    Pong,
    Close,
}

/// Where an item's payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the input.
    Input { offset: usize, len: usize },
    /// In the reader: [`Reader::held`].
    Held,
}

/// Reads a peer's frames. Between messages it owns no memory.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Payload of the message so far, when it spans frames or reads.
    message: Vec<u8>,
    /// Payload of the control frame so far, when it spans reads.
    #[allow(clippy::box_collection, reason = "most need none; a connection at rest is small")]
    control: Option<Box<Vec<u8>>>,
    /// What the last item was held in.
    held: Option<Held>,
    /// The message that has begun.
    kind: Option<MessageKind>,
    is_compressed: bool,
    /// Its frames so far.
    fragments: u32,
    utf8: Utf8,
    /// The frame whose header is complete.
    frame: Option<Frame>,
    /// Octets of its payload that have not arrived.
    left: u64,
    /// Its masking key, turned so that it fits the next octet.
    key: [u8; 4],
    /// A header that is not complete.
    header: [u8; MAX_HEADER],
    header_len: u8,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MessageKind {
    Text,
    Binary,
}

#[derive(Clone, Copy, Debug)]
enum Held {
    Message,
    Control,
}

impl Reader {
    /// Reads on in `input` from `*at`, until an item is whole or the input is
    /// used up (`None`). Payloads are unmasked in place.
    // Always, here and below: else the result goes through memory, which takes
    // as long as the rest of a small message.
    #[inline(always)]
    pub(super) fn next(
        &mut self,
        role: Role,
        decompress: Option<&mut (dyn Decompress + '_)>,
        input: &mut [u8],
        at: &mut usize,
        limits: Limits,
    ) -> Result<Option<Item>, Failure> {
        if self.kind.is_none() && self.frame.is_none() && self.header_len == 0 {
            let item = match role {
                Role::Server => next_whole::<true>(input, at, limits),
                Role::Client => next_whole::<false>(input, at, limits),
            };
            if let Some(item) = item {
                return item.map(Some);
            }
        }
        self.next_in_parts(role, decompress, input, at, limits)
    }

    /// Payload of the last item, if it was [`Place::Held`].
    pub(super) fn held(&self) -> &[u8] {
        match self.held {
            Some(Held::Message) => &self.message,
            Some(Held::Control) => self.control.as_ref().map_or(&[], |octets| octets),
            None => &[],
        }
    }

    /// Payload of the item that was read last.
    pub(super) fn payload<'a>(&'a self, place: Place, input: &'a [u8]) -> &'a [u8] {
        match place {
            Place::Input { offset, len } => input.get(offset..offset + len).unwrap_or_default(),
            Place::Held => self.held(),
        }
    }

    /// The last item was used: gives its memory back.
    #[inline]
    pub(super) fn release(&mut self) {
        match self.held.take() {
            None => {}
            Some(Held::Message) => self.message = Vec::new(),
            Some(Held::Control) => self.control = None,
        }
    }

    /// Every other case than a whole message in one frame.
    #[inline(never)]
    fn next_in_parts(
        &mut self,
        role: Role,
        mut decompress: Option<&mut (dyn Decompress + '_)>,
        input: &mut [u8],
        at: &mut usize,
        limits: Limits,
    ) -> Result<Option<Item>, Failure> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.read_header(input, at)? {
                    Some(header) => self.begin_frame(role, decompress.is_some(), header, limits)?,
                    None => return Ok(None),
                },
            };
            let offset = *at;
            let rest = input.get_mut(offset..).unwrap_or_default();
            if rest.is_empty() && self.left > 0 {
                return Ok(None);
            }
            let len = usize::try_from(self.left).map_or(rest.len(), |left| left.min(rest.len()));
            let arrived = rest.get_mut(..len).unwrap_or_default();
            *at += len;
            self.left -= len as u64;
            let limit = usize::try_from(limits.message).unwrap_or(usize::MAX);
            let place = if self.is_compressed && !frame.opcode.is_control() {
                if let Some(decompress) = &mut decompress {
                    self.inflate(&mut **decompress, frame, arrived, limit)?;
                }
                Place::Held
            } else if self.left == 0 && self.is_alone(frame) {
                self.unmask(frame, arrived)?;
                Place::Input { offset, len }
            } else {
                self.append(frame, arrived)?;
                Place::Held
            };
            if self.left == 0 {
                if let Some(item) = self.end_frame(frame, place)? {
                    return Ok(Some(item));
                }
            }
        }
    }

    /// Collects a header over as many reads as it takes.
    fn read_header(&mut self, input: &[u8], at: &mut usize) -> Result<Option<Header>, Failure> {
        let mut rest = input.get(*at..).unwrap_or_default();
        if self.header_len == 0 {
            if let Some((header, len)) = Header::decode(rest)? {
                *at += len;
                return Ok(Some(header));
            }
        }
        while let Some((&octet, behind)) = rest.split_first() {
            let len = usize::from(self.header_len);
            if let Some(place) = self.header.get_mut(len) {
                *place = octet;
            }
            self.header_len += 1;
            (*at, rest) = (*at + 1, behind);
            let so_far = self.header.get(..=len).unwrap_or_default();
            if let Some((header, _)) = Header::decode(so_far)? {
                self.header_len = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Checks what a header alone does not tell.
    fn begin_frame(
        &mut self,
        role: Role,
        may_be_compressed: bool,
        header: Header,
        limits: Limits,
    ) -> Result<Frame, Failure> {
        // RFC 7692 6: on the first frame of a message, and on no other.
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        let is_compressed = header.rsv == RSV1 && begins && may_be_compressed;
        if header.rsv != 0 && !is_compressed {
            return Err(Failure::ReservedBit);
        }
        // "a server MUST close the connection upon receiving a frame that is not
        // masked", "a client MUST close a connection if it detects a masked
        // frame", section 5.1.
        let key = match (role, header.mask) {
            (Role::Server, Some(key)) => key,
            (Role::Server, None) => return Err(Failure::Unmasked),
            (Role::Client, None) => [0; 4],
            (Role::Client, Some(_)) => return Err(Failure::Masked),
        };
        match (header.opcode, self.kind) {
            (Opcode::Continuation, None) => return Err(Failure::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Failure::MessageInterrupted),
            (Opcode::Text, None) => self.kind = Some(MessageKind::Text),
            (Opcode::Binary, None) => self.kind = Some(MessageKind::Binary),
            _ => {}
        }
        if !header.opcode.is_control() {
            if u64::from(self.fragments) >= limits.fragments {
                return Err(Failure::TooManyFragments);
            }
            if header.payload_len > limits.frame {
                return Err(Failure::FrameTooBig);
            }
            if begins {
                self.is_compressed = is_compressed;
            }
            // What does not compress is stored in blocks of 65,535 octets, with
            // five octets each.
            let (so_far, most) = match self.is_compressed {
                true => (0, limits.message.saturating_add(limits.message / 8192 + 64)),
                false => (self.message.len() as u64, limits.message),
            };
            if so_far.saturating_add(header.payload_len) > most {
                return Err(Failure::MessageTooBig);
            }
            self.fragments += 1;
        }
        (self.key, self.left) = (key, header.payload_len);
        let frame = Frame { opcode: header.opcode, fin: header.fin };
        self.frame = Some(frame);
        Ok(frame)
    }

    /// Whether a payload that ends here began in this input and is all of its
    /// item, so that it can stay where it is.
    fn is_alone(&self, frame: Frame) -> bool {
        if frame.opcode.is_control() {
            self.control.is_none()
        } else {
            frame.fin && self.fragments == 1 && self.message.is_empty()
        }
    }

    /// Unmasks a part of the current payload, and checks text.
    fn unmask(&mut self, frame: Frame, part: &mut [u8]) -> Result<(), Failure> {
        let checks = self.kind == Some(MessageKind::Text) && !frame.opcode.is_control();
        for chunk in part.chunks_mut(CHUNK) {
            apply_mask(chunk, self.key, 0);
            if checks {
                self.utf8.feed(chunk).map_err(|_| Failure::BadUtf8)?;
            }
            self.key.rotate_left(chunk.len() % 4);
        }
        Ok(())
    }

    /// Unmasks a part of the current payload, inflates it behind what is there,
    /// and checks text.
    fn inflate(
        &mut self,
        decompress: &mut (dyn Decompress + '_),
        frame: Frame,
        part: &mut [u8],
        limit: usize,
    ) -> Result<(), Failure> {
        let before = self.message.len();
        let mut result = Ok(());
        for chunk in part.chunks_mut(CHUNK) {
            apply_mask(chunk, self.key, 0);
            self.key.rotate_left(chunk.len() % 4);
            result = result.and_then(|()| decompress.inflate(chunk, &mut self.message, limit));
        }
        if self.left == 0 && frame.fin {
            result = result.and_then(|()| decompress.finish(&mut self.message, limit));
        }
        // Text that is invalid comes before whatever is wrong behind it, however
        // the octets were split.
        if self.kind == Some(MessageKind::Text) {
            let end = self.message.len().min(limit);
            let new = self.message.get(before..end).unwrap_or_default();
            self.utf8.feed(new).map_err(|_| Failure::BadUtf8)?;
        }
        result
    }

    /// Unmasks a part of the current payload and moves it behind what is there.
    fn append(&mut self, frame: Frame, part: &mut [u8]) -> Result<(), Failure> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        // Behind the last fragment nothing follows.
        let more = if frame.fin { left } else { usize::MAX };
        reserve(self.block(frame), part.len(), more)?;
        for chunk in part.chunks_mut(CHUNK) {
            self.unmask(frame, chunk)?;
            extend(self.block(frame), chunk);
        }
        Ok(())
    }

    fn block(&mut self, frame: Frame) -> &mut Vec<u8> {
        if frame.opcode.is_control() {
            self.control.get_or_insert_default()
        } else {
            &mut self.message
        }
    }

    /// The payload is complete; so is the item unless a fragment follows.
    fn end_frame(&mut self, frame: Frame, place: Place) -> Result<Option<Item>, Failure> {
        self.frame = None;
        let kind = match frame.opcode {
            Opcode::Close => ItemKind::Close,
            Opcode::Ping => ItemKind::Ping,
            Opcode::Pong => ItemKind::Pong,
            _ if !frame.fin => return Ok(None),
            _ => {
                if !self.utf8.is_complete() {
                    return Err(Failure::BadUtf8);
                }
                self.fragments = 0;
                match self.kind.take() {
                    Some(MessageKind::Text) => ItemKind::Text,
                    _ => ItemKind::Binary,
                }
            }
        };
        if place == Place::Held {
            let control = frame.opcode.is_control();
            self.held = Some(if control { Held::Control } else { Held::Message });
        }
        let is_compressed = self.is_compressed && !frame.opcode.is_control();
        Ok(Some(Item { kind, is_compressed, place }))
    }
}

/// The hot path: a whole message in one frame of less than 64 KiB, all of it in
/// the input. `None`: it is something else, and nothing was touched.
#[inline(always)]
fn next_whole<const MASKED: bool>(
    input: &mut [u8],
    at: &mut usize,
    limits: Limits,
) -> Option<Result<Item, Failure>> {
    let rest = input.get_mut(*at..)?;
    let &[b0 @ (0x81 | 0x82), b1, b2, b3, ..] = &*rest else { return None };
    if (b1 & 0x80 != 0) != MASKED {
        return None;
    }
    let key_len = if MASKED { 4 } else { 0 };
    let (len, header_len) = match b1 & 0x7f {
        127 => return None,
        126 => (usize::from(u16::from_be_bytes([b2, b3])), 4 + key_len),
        len => (usize::from(len), 2 + key_len),
    };
    let is_minimal = header_len == 2 + key_len || len >= 126;
    if !is_minimal || len as u64 > limits.message.min(limits.frame) {
        return None;
    }
    let (header, payload) = rest.split_at_mut_checked(header_len)?;
    let key = if MASKED { *header.last_chunk()? } else { [0; 4] };
    let payload = payload.get_mut(..len)?;
    let offset = *at + header_len;
    *at = offset + len;
    let kind = if b0 == 0x82 {
        apply_mask(payload, key, 0);
        ItemKind::Binary
    } else if unmask_text(payload, key) {
        ItemKind::Text
    } else {
        return Some(Err(Failure::BadUtf8));
    };
    Some(Ok(Item { kind, is_compressed: false, place: Place::Input { offset, len } }))
}

/// Unmasks a whole text; tells whether it is valid. Short text is mostly ASCII,
/// which is seen on the way.
#[inline(always)]
fn unmask_text(payload: &mut [u8], key: [u8; 4]) -> bool {
    if payload.len() <= 256 {
        return apply_mask_ascii(payload, key, 0) || utf8(payload).is_some();
    }
    apply_mask(payload, key, 0);
    utf8(payload).is_some()
}

/// Makes room for `len` octets, behind which at most `more` follow: never for
/// more than twice what has arrived, whatever was announced.
fn reserve(block: &mut Vec<u8>, len: usize, more: usize) -> Result<(), Failure> {
    let needed = block.len().saturating_add(len);
    if needed > block.capacity() {
        let most = needed.saturating_add(more);
        let room = needed.max(block.capacity().saturating_mul(2)).min(most);
        block.try_reserve_exact(room - block.len()).map_err(|_| Failure::OutOfMemory)?;
    }
    Ok(())
}

impl From<HeaderError> for Failure {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::ReservedOpcode => Self::ReservedOpcode,
            HeaderError::FragmentedControl => Self::FragmentedControl,
            HeaderError::LongControl => Self::LongControl,
            HeaderError::NonMinimalLength => Self::NonMinimalLength,
            HeaderError::LengthTooLarge => Self::LengthTooLarge,
        }
    }
}
