//! Frames in, messages out: RFC 6455 sections 5.2 to 5.6 and 6.2.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::octets::extend;
use super::watch::Watch;
use super::{Failure, Marks, MessageKind, Role};
use crate::proto::{
    Header, HeaderError, MAX_HEADER, Opcode, Utf8, apply_mask, apply_mask_ascii, utf8,
};

/// Octets that are unmasked, checked and moved together: what the first of these
/// touched is still in the cache for the last.
const CHUNK: usize = 16 << 10;

/// Octets of a compressed message that a piece has before it is listed.
const PIECE: usize = 64 << 10;

/// Octets that a block has at most when it is kept for the next message. Where
/// messages span reads, one ends and another begins in each: to give the block
/// back and ask for another may cost a system call, and fresh pages.
const SPARE: usize = 256 << 10;

/// Octets of a message from which on there is room for the next to be read into,
/// and how many are read at once: what is unmasked is to be in the cache.
const SPACE_FROM: usize = 16 << 10;
const SPACE: usize = 64 << 10;

/// What the config says about messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) frame: u64,
    pub(super) message: u64,
    pub(super) fragments: u64,
    /// Messages are listed in pieces.
    pub(super) in_pieces: bool,
    /// Marks of a message that is whole.
    pub(super) whole: Marks,
}

/// What a reader is given for the time of a call.
pub(super) struct Tools<'a> {
    /// Inflates compressed messages, when that was agreed on.
    pub(super) decompress: Option<&'a mut dyn Decompress>,
    /// Sees the header of each frame.
    pub(super) watch: Option<Box<Watch>>,
}

/// How far a message is inflated.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "deflate"), allow(dead_code, reason = "nothing is inflated"))]
pub(super) struct Bounds {
    /// Octets that the whole message may have.
    pub(super) limit: usize,
    /// Octets behind which what there is of it is to be listed.
    pub(super) stop: usize,
}

/// Inflates compressed messages.
pub(super) trait Decompress {
    /// Inflates a part of a message behind what there is of it, until that has
    /// `stop` octets. Returns how many octets it took and whether it would go on.
    fn inflate(
        &mut self,
        part: &[u8],
        message: &mut Vec<u8>,
        bounds: Bounds,
    ) -> Result<(usize, bool), Failure>;

    /// The message is over. Returns whether there is more to come of it.
    fn finish(&mut self, message: &mut Vec<u8>, bounds: Bounds) -> Result<bool, Failure>;

    /// What there is of the message will not be there at the next call.
    fn leave(&mut self, piece: &[u8]);
}

/// RSV1 marks a compressed message, RFC 7692 6.
pub(super) const RSV1: u8 = 0b100;

/// A message, a piece of one, or a control frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) marks: Marks,
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
    coding: Coding,
    /// Octets of it that were listed in pieces.
    listed: u64,
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

/// How a message is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    Plain,
    Compressed,
    /// Compressed; and the decompressor stopped, and goes on when what it made was
    /// used.
    Stopped,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Message,
    Control,
    /// Nothing: its end was given for octets to be appended.
    Space,
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
        tools: &mut Tools<'_>,
        input: &mut [u8],
        at: &mut usize,
        rules: Rules,
    ) -> Result<Option<Item>, Failure> {
        if self.is_between() {
            let item = match role {
                Role::Server => next_whole::<true>(input, at, rules),
                Role::Client => next_whole::<false>(input, at, rules),
            };
            if let Some(item) = item {
                return item.map(Some);
            }
        }
        self.next_in_parts(role, tools, input, at, rules)
    }

    /// Whether there is more to list without further octets.
    pub(super) const fn is_stopped(&self) -> bool {
        matches!(self.coding, Coding::Stopped)
    }

    #[inline]
    const fn is_between(&self) -> bool {
        self.kind.is_none() && self.frame.is_none() && self.header_len == 0
    }

    /// Payload of the last item, if it was [`Place::Held`].
    pub(super) fn held(&self) -> &[u8] {
        match self.held {
            Some(Held::Message) => &self.message,
            Some(Held::Control) => self.control.as_ref().map_or(&[], |octets| octets),
            None | Some(Held::Space) => &[],
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
            None | Some(Held::Space) => {}
            Some(Held::Message) => self.message = Vec::new(),
            Some(Held::Control) => self.control = None,
        }
    }

    /// As [`Reader::release`], but for a block that the next message may begin in.
    /// Returns whether there is one, for [`Reader::drop_spare`].
    #[inline]
    pub(super) fn release_for_next(&mut self) -> bool {
        let has_spare = self.held == Some(Held::Message) && self.message.capacity() <= SPARE;
        if has_spare {
            self.held = None;
            self.message.clear();
        } else {
            self.release();
        }
        has_spare
    }

    /// No message has begun in the block: gives it back.
    pub(super) fn drop_spare(&mut self) {
        if self.message.is_empty() {
            self.message = Vec::new();
        }
    }

    /// The message so far, with room for payload that is to come, and how much
    /// of it: where payload is long, and stays.
    pub(super) fn space(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        let frame = self.frame.filter(|frame| !frame.opcode.is_control())?;
        let have = self.message.len();
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if self.coding != Coding::Plain || left == 0 || have < SPACE_FROM {
            return None;
        }
        if self.message.capacity() - have < left.min(SPACE_FROM) {
            let more = if frame.fin { left } else { usize::MAX };
            let wanted = left.min(have);
            reserve(&mut self.message, wanted, more - wanted).ok()?;
        }
        self.held = Some(Held::Space);
        self.given_space()
    }

    /// What was given so.
    pub(super) fn given_space(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        if self.held != Some(Held::Space) {
            return None;
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let room = left.min(self.message.capacity() - self.message.len()).min(SPACE);
        Some((&mut self.message, room))
    }

    /// Reads octets that were appended there. `None`: there cannot be as many.
    pub(super) fn read_appended(&mut self, len: usize) -> Option<Result<(), Failure>> {
        let frame = self.frame?;
        let left = self.left.checked_sub(len as u64)?;
        let start = self.message.len().checked_sub(len)?;
        self.held = None;
        self.left = left;
        let mut message = core::mem::take(&mut self.message);
        let result = self.unmask(frame, message.get_mut(start..).unwrap_or_default());
        self.message = message;
        Some(result)
    }

    /// The message that was read last, if it lies here, and there.
    pub(super) fn take_message(&mut self, at: *const u8) -> Option<Vec<u8>> {
        let is_it = self.message.as_ptr() == at;
        self.held.take_if(|held| *held == Held::Message && is_it)?;
        Some(core::mem::take(&mut self.message))
    }

    /// Every case, one step after the other, so that each header can be watched.
    #[inline(never)]
    pub(super) fn next_in_parts(
        &mut self,
        role: Role,
        tools: &mut Tools<'_>,
        input: &mut [u8],
        at: &mut usize,
        rules: Rules,
    ) -> Result<Option<Item>, Failure> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.read_header(input, at)? {
                    Some(header) => {
                        let frame =
                            self.begin_frame(role, tools.decompress.is_some(), header, rules)?;
                        if let Some(watch) = &mut tools.watch {
                            watch.frame_in(&header);
                        }
                        frame
                    }
                    None => return Ok(None),
                },
            };
            let offset = *at;
            let rest = input.get_mut(offset..).unwrap_or_default();
            if rest.is_empty() && self.left > 0 && !self.is_stopped() {
                return Ok(None);
            }
            let len = usize::try_from(self.left).map_or(rest.len(), |left| left.min(rest.len()));
            let arrived = rest.get_mut(..len).unwrap_or_default();
            let place = if self.coding != Coding::Plain && !frame.opcode.is_control() {
                if let Some(decompress) = &mut tools.decompress {
                    *at += self.inflate(&mut **decompress, frame, arrived, rules)?;
                }
                Place::Held
            } else {
                *at += len;
                self.left -= len as u64;
                self.place(frame, arrived, offset, rules)?
            };
            let is_over = self.left == 0 && !self.is_stopped();
            let is_piece = rules.in_pieces && !frame.opcode.is_control();
            let item = if is_over { self.end_frame(frame, place, rules)? } else { None };
            let item = match item {
                None if is_piece => self.piece(place),
                item => item,
            };
            let Some(item) = item else { continue };
            let goes_on = is_piece && item.marks.0 & Marks::LAST == 0;
            if let (true, Place::Held, Some(decompress)) =
                (goes_on, item.place, &mut tools.decompress)
            {
                decompress.leave(self.held());
            }
            return Ok(Some(item));
        }
    }

    /// Unmasks a part of a payload, and decides where it lies from now on.
    fn place(
        &mut self,
        frame: Frame,
        part: &mut [u8],
        offset: usize,
        rules: Rules,
    ) -> Result<Place, Failure> {
        let stays = match frame.opcode.is_control() {
            false if rules.in_pieces => true,
            _ => self.left == 0 && self.is_alone(frame),
        };
        if stays {
            self.unmask(frame, part)?;
            Ok(Place::Input { offset, len: part.len() })
        } else {
            self.append(frame, part)?;
            Ok(Place::Held)
        }
    }

    /// What there is of the message that goes on, as a piece.
    fn piece(&mut self, place: Place) -> Option<Item> {
        let len = match place {
            Place::Input { len, .. } => len,
            Place::Held => self.message.len(),
        };
        (len > 0).then(|| Item {
            kind: self.item_kind(),
            marks: self.mark(len),
            place: self.hold(place, Held::Message),
        })
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
        rules: Rules,
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
            if u64::from(self.fragments) >= rules.fragments {
                return Err(Failure::TooManyFragments);
            }
            if header.payload_len > rules.frame {
                return Err(Failure::FrameTooBig);
            }
            if begins {
                self.coding = if is_compressed { Coding::Compressed } else { Coding::Plain };
            }
            // What does not compress is stored in blocks of 65,535 octets, with
            // five octets each.
            let (so_far, most) = match self.coding != Coding::Plain {
                true => (0, rules.message.saturating_add(rules.message / 8192 + 64)),
                false => (self.listed + self.message.len() as u64, rules.message),
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
    /// and checks text. Returns how many octets were used.
    fn inflate(
        &mut self,
        decompress: &mut dyn Decompress,
        frame: Frame,
        part: &mut [u8],
        rules: Rules,
    ) -> Result<usize, Failure> {
        let limit = usize::try_from(rules.message).unwrap_or(usize::MAX);
        let stop = if rules.in_pieces { PIECE } else { usize::MAX };
        let bounds = Bounds { limit, stop };
        let before = self.message.len();
        let mut used = 0;
        let mut result = Ok(());
        let mut stopped = false;
        // Once without octets, when there is output to be fetched.
        for chunk in part.chunks_mut(CHUNK).chain([&mut [][..]]) {
            apply_mask(chunk, self.key, 0);
            match decompress.inflate(chunk, &mut self.message, bounds) {
                Ok((taken, is_stopped)) => {
                    self.key.rotate_left(taken % 4);
                    // What was not used will be unmasked again.
                    apply_mask(chunk.get_mut(taken..).unwrap_or_default(), self.key, 0);
                    used += taken;
                    self.left -= taken as u64;
                    stopped = is_stopped;
                }
                Err(failure) => result = Err(failure),
            }
            if stopped || result.is_err() {
                break;
            }
        }
        if self.left == 0 && frame.fin && !stopped && result.is_ok() {
            match decompress.finish(&mut self.message, bounds) {
                Ok(is_stopped) => stopped = is_stopped,
                Err(failure) => result = Err(failure),
            }
        }
        self.coding = if stopped { Coding::Stopped } else { Coding::Compressed };
        // Text that is invalid comes before whatever is wrong behind it, however
        // the octets were split.
        if self.kind == Some(MessageKind::Text) {
            let most = usize::try_from(rules.message - self.listed).unwrap_or(usize::MAX);
            let new = self.message.get(before..self.message.len().min(most)).unwrap_or_default();
            self.utf8.feed(new).map_err(|_| Failure::BadUtf8)?;
        }
        result.map(|()| used)
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
    fn end_frame(
        &mut self,
        frame: Frame,
        place: Place,
        rules: Rules,
    ) -> Result<Option<Item>, Failure> {
        self.frame = None;
        let control = match frame.opcode {
            Opcode::Close => Some(ItemKind::Close),
            Opcode::Ping => Some(ItemKind::Ping),
            Opcode::Pong => Some(ItemKind::Pong),
            _ => None,
        };
        if let Some(kind) = control {
            let place = self.hold(place, Held::Control);
            return Ok(Some(Item { kind, marks: Marks::default(), place }));
        }
        if !frame.fin {
            return Ok(None);
        }
        if !self.utf8.is_complete() {
            return Err(Failure::BadUtf8);
        }
        let kind = self.item_kind();
        let mut marks = self.mark(0);
        if rules.in_pieces {
            marks.0 |= Marks::LAST;
        } else {
            marks.0 &= Marks::COMPRESSED;
        }
        (self.kind, self.fragments, self.listed) = (None, 0, 0);
        Ok(Some(Item { kind, marks, place: self.hold(place, Held::Message) }))
    }

    fn item_kind(&self) -> ItemKind {
        match self.kind {
            Some(MessageKind::Text) => ItemKind::Text,
            _ => ItemKind::Binary,
        }
    }

    /// Marks of the next piece, which has so many octets.
    fn mark(&mut self, len: usize) -> Marks {
        let first = if self.listed == 0 { Marks::FIRST } else { 0 };
        let is_compressed = self.coding != Coding::Plain;
        let compressed = if is_compressed { Marks::COMPRESSED } else { 0 };
        self.listed += len as u64;
        Marks(first | compressed)
    }

    /// What lies in the reader is kept until it was used.
    fn hold(&mut self, place: Place, held: Held) -> Place {
        if place == Place::Held {
            self.held = Some(held);
        }
        place
    }
}

/// The hot path: a whole message in one frame of less than 64 KiB, all of it in
/// the input. `None`: it is something else, and nothing was touched.
#[inline(always)]
fn next_whole<const MASKED: bool>(
    input: &mut [u8],
    at: &mut usize,
    rules: Rules,
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
    if !is_minimal || len as u64 > rules.message.min(rules.frame) {
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
    Some(Ok(Item { kind, marks: rules.whole, place: Place::Input { offset, len } }))
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
