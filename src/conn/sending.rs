//! Messages out: RFC 6455 sections 5.4, 5.5 and 6.1.

use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(feature = "deflate")]
use super::Failure;
#[cfg(feature = "deflate")]
use super::connection::Owed;
use super::connection::Queue;
use super::output::{Lent, OutOfMemory};
#[cfg(feature = "deflate")]
use super::reader::RSV1;
use super::{Connection, MessageKind, OptionKey, Role, State};
#[cfg(feature = "deflate")]
use crate::deflate::Compressor;
use crate::proto::{Header, MAX_CONTROL, Opcode, Utf8};

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The payload, the code or the reason may not be sent.
    Argument,
    /// The connection is not open, or a message in fragments is not over.
    State,
    /// The limit of queued output would be passed.
    Limit,
    /// Memory could not be had.
    Memory,
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Another fragment follows.
    pub more: bool,
    /// Whether it is compressed, where that was agreed on. Its first fragment
    /// says.
    pub compression: Compression,
}

/// Whether a message is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As the config says: from a size on, and when it gains something. In
    /// fragments: yes.
    #[default]
    Auto,
    /// Whatever its size.
    Always,
    /// Not.
    Never,
}

/// A message that is being sent in fragments.
#[derive(Debug)]
pub(super) struct Fragments {
    kind: MessageKind,
    text: Utf8,
    #[cfg(feature = "deflate")]
    compressor: Option<Box<Compressor>>,
}

/// A frame of a message, before it is queued.
struct Frame {
    opcode: Opcode,
    rsv: u8,
    /// Its payload, unless it is the caller's.
    compressed: Option<Vec<u8>>,
    /// What is left of the message behind it.
    rest: Fragments,
    more: bool,
}

impl Connection {
    /// Queues a text message.
    ///
    /// # Errors
    /// `State`, `Limit` or `Memory`.
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), SendError> {
        self.send_whole(MessageKind::Text, text.as_bytes())
    }

    /// Queues a binary message.
    ///
    /// # Errors
    /// `State`, `Limit` or `Memory`.
    #[inline]
    pub fn send_binary(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send_whole(MessageKind::Binary, payload)
    }

    /// Queues a message, or the next fragment of one.
    ///
    /// # Errors
    /// `Argument` when text is not UTF-8, or the kind is not that of the message
    /// that was begun; `State`, `Limit` or `Memory`.
    pub fn send(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        manner: Manner,
    ) -> Result<(), SendError> {
        let text = self.check_part(kind, payload, manner.more)?;
        let frame = self.next_frame(kind, payload, text, manner)?;
        self.send_frame(frame, payload)
    }

    /// As [`Connection::send`], without a copy where none is needed: the payload
    /// is dropped when its last octet was sent, or with the connection.
    ///
    /// # Errors
    /// As [`Connection::send`]; the payload is given back.
    pub fn send_lent(
        &mut self,
        kind: MessageKind,
        payload: Lent,
        manner: Manner,
    ) -> Result<(), (SendError, Lent)> {
        let octets = payload.octets();
        let checked = self.check_part(kind, octets, manner.more);
        let frame = match checked.and_then(|text| self.next_frame(kind, octets, text, manner)) {
            Ok(frame) => frame,
            Err(error) => return Err((error, payload)),
        };
        // A client's payload is masked, hence copied.
        let is_copied = frame.compressed.is_some() || self.role == Role::Client;
        if is_copied || octets.len() < Lent::LEAST {
            return self.send_frame(frame, octets).map_err(|error| (error, payload));
        }
        let header = frame.header(octets.len());
        self.output.push_lent(&header, payload).map_err(|lent| (SendError::Memory, lent))?;
        self.watch_frame(&header);
        self.commit(frame);
        Ok(())
    }

    /// Queues a ping.
    ///
    /// # Errors
    /// `Argument` for more than 125 octets; `State`, `Limit` or `Memory`.
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send_control(Opcode::Ping, payload)
    }

    /// Queues a pong that no ping asked for.
    ///
    /// # Errors
    /// `Argument` for more than 125 octets; `State`, `Limit` or `Memory`.
    pub fn send_pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send_control(Opcode::Pong, payload)
    }

    // ---- For the connection ----

    /// Queues a whole frame; a client's is masked with a key of its own.
    #[inline(always)]
    pub(super) fn push_frame(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), OutOfMemory> {
        let payload_len = payload.len() as u64;
        self.push(Header { fin: true, rsv: 0, opcode, mask: None, payload_len }, payload)
    }

    /// Whether so many octets more may be sent now.
    #[inline(always)]
    pub(super) fn check_room(&mut self, len: usize) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(SendError::State);
        }
        let size = (self.output.size() as u64).saturating_add(len as u64);
        if size > self.config.get(OptionKey::MaxOutput) {
            // DRAINED will tell when it is worth trying again.
            if self.output.size() > 0 {
                self.queue = Queue::High;
            }
            return Err(SendError::Limit);
        }
        Ok(())
    }

    /// Whether a message in fragments is not over.
    #[inline]
    pub(super) fn is_fragmenting(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.fragments.is_some())
    }

    // ---- Private ----

    fn send_control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > MAX_CONTROL {
            return Err(SendError::Argument);
        }
        self.check_room(payload.len())?;
        Ok(self.push_frame(opcode, payload)?)
    }

    #[inline(always)]
    pub(super) fn send_whole(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
    ) -> Result<(), SendError> {
        self.check_room(payload.len())?;
        if !self.is_plain() {
            return self.send_whole_by(kind, payload);
        }
        let payload_len = payload.len() as u64;
        let header = Header { fin: true, rsv: 0, opcode: kind.opcode(), mask: None, payload_len };
        Ok(self.output.push_frame(&header, payload)?)
    }

    /// The hot path: a server that neither compresses nor has anything else to
    /// look after.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        #[cfg(feature = "deflate")]
        if self.terms.is_agreed() {
            return false;
        }
        self.role == Role::Server && self.extra.is_none()
    }

    #[inline(never)]
    fn send_whole_by(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), SendError> {
        if self.is_fragmenting() {
            return Err(SendError::State);
        }
        let frame = self.next_frame(kind, payload, Utf8::default(), Manner::default())?;
        self.send_frame(frame, payload)
    }

    /// Whether such a part of a message may be sent; and where its text is then.
    fn check_part(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        more: bool,
    ) -> Result<Utf8, SendError> {
        self.check_room(payload.len())?;
        let begun = self.fragments();
        if begun.is_some_and(|begun| begun.kind != kind) {
            return Err(SendError::Argument);
        }
        let mut text = begun.map(|begun| begun.text).unwrap_or_default();
        if kind == MessageKind::Text {
            text.feed(payload).map_err(|_| SendError::Argument)?;
            if !more && !text.is_complete() {
                return Err(SendError::Argument);
            }
        }
        Ok(text)
    }

    /// The frame of a part that may be sent.
    fn next_frame(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        text: Utf8,
        manner: Manner,
    ) -> Result<Frame, SendError> {
        let begins = self.fragments().is_none();
        let rest = Fragments {
            kind,
            text,
            #[cfg(feature = "deflate")]
            compressor: self.compressor(begins, payload.len(), manner),
        };
        let opcode = if begins { kind.opcode() } else { Opcode::Continuation };
        let frame = Frame { opcode, rsv: 0, compressed: None, rest, more: manner.more };
        self.compress(frame, payload, manner.compression == Compression::Auto && begins)
    }

    /// The compressor for the next frame, if it is to be compressed.
    #[cfg(feature = "deflate")]
    fn compressor(&mut self, begins: bool, len: usize, manner: Manner) -> Option<Box<Compressor>> {
        if !begins {
            return self.extra.as_mut()?.fragments.as_mut()?.compressor.take();
        }
        let is_worth_it = match manner.compression {
            Compression::Auto => {
                manner.more || len as u64 >= self.config.get(OptionKey::DeflateMinSize)
            }
            Compression::Always => true,
            Compression::Never => false,
        };
        (self.terms.is_agreed() && is_worth_it).then(|| {
            let own = self.extra.as_mut().and_then(|extra| extra.contexts.compressor.take());
            own.unwrap_or_else(|| self.terms.compressor(&self.config))
        })
    }

    /// Compresses the payload of a frame that has a compressor; or does not, if a
    /// whole message gains nothing.
    #[cfg(feature = "deflate")]
    fn compress(
        &mut self,
        mut frame: Frame,
        payload: &[u8],
        must_gain: bool,
    ) -> Result<Frame, SendError> {
        let Some(compressor) = &mut frame.rest.compressor else { return Ok(frame) };
        match compressor.compress(payload, !frame.more) {
            // What went into a history must be sent.
            Ok(compressed)
                if must_gain
                    && !frame.more
                    && !self.terms.takes_over()
                    && compressed.len() >= payload.len() => {}
            Ok(compressed) => {
                frame.compressed = Some(compressed);
                frame.rsv = if frame.opcode == Opcode::Continuation { 0 } else { RSV1 };
            }
            Err(_) => {
                self.lose(&frame);
                return Err(SendError::Memory);
            }
        }
        Ok(frame)
    }

    #[cfg(not(feature = "deflate"))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with the feature")]
    fn compress(&self, frame: Frame, _: &[u8], _: bool) -> Result<Frame, SendError> {
        Ok(frame)
    }

    fn send_frame(&mut self, frame: Frame, payload: &[u8]) -> Result<(), SendError> {
        let payload = frame.compressed.as_deref().unwrap_or(payload);
        if self.push(frame.header(payload.len()), payload).is_err() {
            #[cfg(feature = "deflate")]
            self.lose(&frame);
            return Err(SendError::Memory);
        }
        self.commit(frame);
        Ok(())
    }

    /// Queues a frame; a client's is masked with a key of its own.
    #[inline(always)]
    fn push(&mut self, header: Header, payload: &[u8]) -> Result<(), OutOfMemory> {
        let mask = match self.role {
            Role::Server => None,
            Role::Client => Some(self.next_mask()?),
        };
        let header = Header { mask, ..header };
        self.output.push_frame(&header, payload)?;
        self.watch_frame(&header);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn watch_frame(&mut self, header: &Header) {
        if let Some(watch) = self.watch() {
            watch.frame_out(header);
        }
    }

    /// Without random octets nothing can be sent, RFC 6455 5.3 and 10.3.
    #[cold]
    fn next_mask(&mut self) -> Result<[u8; 4], OutOfMemory> {
        self.extra.get_or_insert_default().masks.next().ok_or(OutOfMemory)
    }

    /// A frame is queued.
    fn commit(&mut self, frame: Frame) {
        if frame.more {
            self.extra.get_or_insert_default().fragments = Some(Box::new(frame.rest));
            return;
        }
        if let Some(extra) = &mut self.extra {
            extra.fragments = None;
        }
        #[cfg(feature = "deflate")]
        if let Some(compressor) = frame.rest.compressor {
            if self.terms.takes_over() {
                self.extra.get_or_insert_default().contexts.compressor = Some(compressor);
            } else {
                self.config.pool.give_compressor(compressor);
            }
        }
    }

    /// A frame is not queued. Its compressor goes with it, as its history is not
    /// the peer's; a message that it was to continue is broken off.
    #[cfg(feature = "deflate")]
    #[cold]
    fn lose(&mut self, frame: &Frame) {
        if frame.opcode == Opcode::Continuation && frame.rest.compressor.is_some() {
            self.failure = Some(Failure::OutOfMemory);
            self.owed = Owed::Failure;
            // At once: nothing may come between.
            self.settle();
        }
    }

    fn fragments(&self) -> Option<&Fragments> {
        self.extra.as_ref()?.fragments.as_deref()
    }
}

impl Frame {
    fn header(&self, len: usize) -> Header {
        let payload_len = len as u64;
        Header { fin: !self.more, rsv: self.rsv, opcode: self.opcode, mask: None, payload_len }
    }
}

impl From<OutOfMemory> for SendError {
    fn from(_: OutOfMemory) -> Self {
        Self::Memory
    }
}
