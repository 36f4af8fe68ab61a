//! The connection: RFC 6455 sections 5 to 7. Its opening handshake is in
//! `opening.rs`.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(feature = "deflate")]
use super::compression::{Contexts, Inflation, Terms};
use super::masks::Masks;
use super::opening::Opening;
use super::output::{OutOfMemory, Output};
#[cfg(feature = "deflate")]
use super::reader::RSV1;
use super::reader::{Decompress, Item, ItemKind, Limits, Place, Reader};
use super::{
    Cause, Config, Event, EventKind, Failure, NotQueued, OptionKey, Payload, Role, Sink, State,
};
use crate::handshake::Response;
use crate::proto::{
    ABNORMAL, CloseError, Header, MAX_CONTROL, MAX_REASON, Opcode, is_valid_close_code, parse_close,
};

/// Pongs that may wait in the output. Of further ones only the newest is kept,
/// RFC 6455 5.5.3, so that pings alone cannot fill the memory.
const MAX_PONGS: u8 = 15;

/// One connection, without a socket.
///
/// What the peer does is an [`Event`]. What the library owes the peer because of
/// it, its Close, is queued by the next call that receives, asks for output or
/// for the interest, and by none that sends: on the wire the application's
/// answers to earlier messages come first.
#[derive(Debug)]
pub struct Connection {
    pub(super) config: Arc<Config>,
    pub(super) role: Role,
    pub(super) state: State,
    pub(super) owed: Owed,
    /// Code of the peer's Close, once it came.
    peer_code: Option<u16>,
    pub(super) failure: Option<Failure>,
    /// The peer's octet stream ended, or is none of ours.
    pub(super) ended: bool,
    /// Pongs that were queued since none waited.
    pongs: u8,
    /// Octets of output up to the end of the last pong.
    pongs_end: u32,
    /// The newest pong, when too many wait.
    pong: Option<Box<Pong>>,
    /// What was agreed on about permessage-deflate.
    #[cfg(feature = "deflate")]
    pub(super) terms: Terms,
    /// What most servers' connections do without.
    pub(super) extra: Option<Box<Extra>>,
    /// The opening handshake, until the last octet that it kept was read.
    pub(super) opening: Option<Box<Opening>>,
    reader: Reader,
    pub(super) output: Output,
}

/// What only some connections have.
#[derive(Debug, Default)]
pub(super) struct Extra {
    pub(super) subprotocol: Option<Arc<str>>,
    /// The answer to a request, for a host that sends it.
    pub(super) response: Option<Response>,
    /// Masking keys, of a client.
    pub(super) masks: Masks,
    /// Contexts of compression, with context takeover.
    #[cfg(feature = "deflate")]
    pub(super) contexts: Contexts,
}

/// What the library owes the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    Nothing,
    /// The answer to a Close.
    Close,
    /// The answer to a broken rule.
    Failure,
}

#[derive(Debug)]
struct Pong {
    payload: [u8; MAX_CONTROL],
    len: usize,
}

/// What is to be done with the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Read from it.
    pub read: bool,
    /// Write the output to it.
    pub write: bool,
    /// End our side of it.
    pub shutdown_write: bool,
    /// Close it.
    pub close: bool,
    /// Receive again at once: octets wait in the connection.
    pub recv: bool,
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The payload, the code or the reason may not be sent.
    Argument,
    /// The connection is not open.
    State,
    /// The limit of queued output would be passed.
    Limit,
    /// Memory could not be had.
    Memory,
}

impl Connection {
    pub(super) fn new(config: Arc<Config>, role: Role, opening: Option<Box<Opening>>) -> Self {
        Self {
            config,
            role,
            state: State::Connecting,
            owed: Owed::Nothing,
            peer_code: None,
            failure: None,
            ended: false,
            pongs: 0,
            pongs_end: 0,
            pong: None,
            #[cfg(feature = "deflate")]
            terms: Terms::default(),
            extra: None,
            opening,
            reader: Reader::default(),
            output: Output::default(),
        }
    }

    // ---- Receive ----

    /// Consumes octets of the peer and lists what they mean. Returns how many
    /// were used; the list ends early when it is full, when the state changes,
    /// or with a payload that lies in the connection.
    ///
    /// # Errors
    /// Only while a request is undecided, and only for the octets that come
    /// behind it: `Limit` above the largest message, or `Memory`.
    #[inline]
    pub fn recv(&mut self, input: &mut [u8], sink: &mut impl Sink) -> Result<usize, SendError> {
        self.settle();
        self.release();
        self.forget_response();
        if self.state == State::Connecting {
            return self.read_opening(input, sink);
        }
        if self.has_kept() && self.read_kept(sink) {
            return Ok(0);
        }
        Ok(self.read_frames(input, sink))
    }

    /// The peer's octet stream ended. Lists that, once.
    pub fn recv_eof(&mut self, sink: &mut impl Sink) {
        self.settle();
        self.release();
        if self.ended {
            return;
        }
        self.ended = true;
        if self.end_of_rejection(sink) {
            return;
        }
        self.change(Cause::TransportClosed);
        self.opening = None;
        sink.push(Event {
            kind: EventKind::Closed,
            code: self.close_code(),
            is_compressed: false,
            payload: Payload::Held(&[]),
        });
    }

    // ---- Output ----

    /// The runs that are to be sent, oldest first.
    pub fn output(&mut self) -> impl Iterator<Item = &[u8]> {
        self.settle();
        self.output.runs()
    }

    /// So many octets of the output were sent.
    ///
    /// # Errors
    /// When there are not as many.
    pub fn output_consumed(&mut self, len: usize) -> Result<(), NotQueued> {
        self.output.consume(len)?;
        self.pongs_end = self.pongs_end.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Octets that wait to be sent.
    #[must_use]
    pub const fn output_size(&self) -> usize {
        self.output.size()
    }

    // ---- State ----

    /// What is to be done with the socket now. Payloads of events are not valid
    /// behind this call, so that a connection that waits for its peer holds no
    /// memory for them.
    pub fn interest(&mut self) -> Interest {
        self.settle();
        self.release();
        let write = self.output.size() > 0;
        let end =
            |interest| if write { Interest { write, ..Interest::default() } } else { interest };
        let over = Interest { close: true, ..Interest::default() };
        let failed = self.has_failed() || self.state == State::Closed;
        if self.ended {
            return end(over);
        }
        if failed {
            // 7.1.1 and 7.1.7: to close at once could destroy what the peer has
            // not read. The peer's end of the stream is waited for.
            return Interest { read: true, write, shutdown_write: !write, ..Interest::default() };
        }
        if self.state == State::Closing && self.peer_code.is_some() && self.role == Role::Server {
            // 7.1.1: the server closes first; the client waits for it.
            return end(over);
        }
        let read = match self.state {
            State::Connecting => self.request().is_none(),
            State::Open => (self.output.size() as u64) < self.config.get(OptionKey::OutputHighMark),
            State::Closing | State::Closed => true,
        };
        let recv = self.has_kept() && self.state != State::Connecting;
        Interest { read, write, recv, ..Interest::default() }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Section 7.1.5: the code of the peer's Close, 1005 for none in it, 1006
    /// when the connection ended without one; 0 before that.
    #[must_use]
    pub const fn close_code(&self) -> u16 {
        match self.peer_code {
            Some(code) => code,
            None if matches!(self.state, State::Closed) || self.has_failed() => ABNORMAL,
            None => 0,
        }
    }

    /// The rule that the peer broke.
    #[must_use]
    pub const fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// The subprotocol that was agreed on.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.extra.as_ref()?.subprotocol.as_deref()
    }

    // ---- Send ----

    /// Queues a text message.
    ///
    /// # Errors
    /// `State`, `Limit` or `Memory`.
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), SendError> {
        self.send(Opcode::Text, text.as_bytes())
    }

    /// Queues a binary message.
    ///
    /// # Errors
    /// `State`, `Limit` or `Memory`.
    #[inline]
    pub fn send_binary(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send(Opcode::Binary, payload)
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

    /// Starts the closing handshake, or answers the peer's Close. Code 0 is
    /// none.
    ///
    /// # Errors
    /// `Argument` for a code or reason that may not be sent; `State` when the
    /// connection is not open or has failed; `Memory`.
    pub fn close(&mut self, code: u16, reason: &str) -> Result<(), SendError> {
        Self::check_close(code, reason)?;
        if self.state != State::Open || self.has_failed() {
            return Err(SendError::State);
        }
        self.queue_close(code, reason.as_bytes())?;
        self.owed = Owed::Nothing;
        Ok(())
    }

    // ---- Private: receive ----

    pub(super) fn check_close(code: u16, reason: &str) -> Result<(), SendError> {
        let is_valid = match code {
            0 => reason.is_empty(),
            _ => is_valid_close_code(code) && reason.len() <= MAX_REASON,
        };
        if is_valid { Ok(()) } else { Err(SendError::Argument) }
    }

    /// Whether octets that were kept wait to be read.
    #[inline]
    fn has_kept(&self) -> bool {
        self.opening.as_ref().is_some_and(|opening| !opening.is_read())
    }

    /// Reads on in the octets that were kept, one event a call. Returns whether
    /// there was one.
    fn read_kept(&mut self, sink: &mut impl Sink) -> bool {
        let Some(mut opening) = self.opening.take() else { return false };
        let unread = opening.kept.get_mut(opening.kept_read..).unwrap_or_default();
        let mut one = OneEvent { sink, is_listed: false, inside: None };
        let used = self.read_frames(unread, &mut one);
        if let Some((kind, code, offset, len)) = one.inside {
            let payload = unread.get(offset..offset + len).unwrap_or_default();
            one.sink.push(Event {
                kind,
                code,
                is_compressed: false,
                payload: Payload::Held(payload),
            });
        }
        let is_listed = one.is_listed;
        opening.kept_read += used;
        self.opening = is_listed.then_some(opening);
        is_listed
    }

    #[inline]
    fn read_frames(&mut self, input: &mut [u8], sink: &mut impl Sink) -> usize {
        if !self.is_reading() {
            return input.len();
        }
        #[cfg(feature = "deflate")]
        if self.terms.is_agreed() {
            return self.read_compressed_frames(input, sink);
        }
        self.read_frames_with(None, input, sink)
    }

    /// As below, with what inflates compressed messages at hand.
    #[cfg(feature = "deflate")]
    #[inline(never)]
    fn read_compressed_frames(&mut self, input: &mut [u8], sink: &mut impl Sink) -> usize {
        let contexts = self.extra.as_mut().map(|extra| core::mem::take(&mut extra.contexts));
        let mut inflation = Inflation::new(self.terms, &self.config, contexts.unwrap_or_default());
        let used = self.read_frames_with(Some(&mut inflation), input, sink);
        if !inflation.contexts.is_empty() {
            self.extra.get_or_insert_default().contexts = inflation.contexts;
        }
        used
    }

    #[inline(always)]
    fn read_frames_with(
        &mut self,
        mut decompress: Option<&mut dyn Decompress>,
        input: &mut [u8],
        sink: &mut impl Sink,
    ) -> usize {
        let limits = Limits {
            frame: self.config.get(OptionKey::MaxFrameSize),
            message: self.config.get(OptionKey::MaxMessageSize),
            fragments: self.config.get(OptionKey::MaxFragments),
        };
        let mut at = 0;
        while !sink.is_full() {
            // Reborrowed for one item.
            let decompress = decompress.as_mut().map(|decompress| &mut **decompress as &mut _);
            let next = self.reader.next(self.role, decompress, input, &mut at, limits);
            let Item { kind, is_compressed, place } = match next {
                Ok(Some(item)) => item,
                Ok(None) => break,
                Err(failure) => {
                    self.fail(failure, sink);
                    return input.len();
                }
            };
            // A policy accepted and closed: of the peer only its Close matters.
            if self.failure.is_some() && kind != ItemKind::Close {
                self.reader.release();
                continue;
            }
            let kind = match kind {
                ItemKind::Text => EventKind::Text,
                ItemKind::Binary => EventKind::Binary,
                ItemKind::Pong => EventKind::Pong,
                ItemKind::Ping => {
                    if self.answer_ping(place, input).is_err() {
                        self.fail(Failure::OutOfMemory, sink);
                        return input.len();
                    }
                    EventKind::Ping
                }
                ItemKind::Close => {
                    self.read_close(place, input, sink);
                    return input.len();
                }
            };
            match place {
                Place::Input { offset, len } => {
                    let payload = Payload::Input { offset, len };
                    sink.push(Event { kind, code: 0, is_compressed, payload });
                }
                Place::Held => {
                    let payload = Payload::Held(self.reader.held());
                    sink.push(Event { kind, code: 0, is_compressed, payload });
                    break;
                }
            }
        }
        at
    }

    const fn is_reading(&self) -> bool {
        matches!(self.state, State::Open | State::Closing)
            && !self.has_failed()
            && self.peer_code.is_none()
    }

    /// Whether the peer broke a rule. A policy that accepts and then closes has
    /// a reason too, but the closing handshake goes its way.
    const fn has_failed(&self) -> bool {
        match self.failure {
            None => false,
            Some(Failure::Handshake(_)) => !matches!(self.state, State::Open | State::Closing),
            Some(_) => true,
        }
    }

    #[cold]
    fn read_close(&mut self, place: Place, input: &[u8], sink: &mut impl Sink) {
        let (code, reason) = match parse_close(self.reader.payload(place, input)) {
            Ok(parts) => parts,
            Err(error) => return self.fail(error.into(), sink),
        };
        let payload = match place {
            // The reason lies behind the code.
            Place::Input { offset, len } => {
                let offset = offset + (len - reason.len());
                Payload::Input { offset, len: reason.len() }
            }
            Place::Held => Payload::Held(reason),
        };
        sink.push(Event { kind: EventKind::Close, code, is_compressed: false, payload });
        self.peer_code = Some(code);
        if self.state == State::Open {
            self.owed = Owed::Close;
        }
    }

    /// The response of an opening handshake that succeeded was looked at.
    #[inline]
    fn forget_response(&mut self) {
        if let Some(extra) = &mut self.extra {
            extra.response = None;
        }
        let is_client = self.role == Role::Client && self.state != State::Connecting;
        self.opening.take_if(|_| is_client && self.state != State::Closed);
    }

    /// Section 7.1.7. A Close is owed once at most.
    #[cold]
    pub(super) fn fail(&mut self, failure: Failure, sink: &mut impl Sink) {
        self.fail_as(failure, failure.code(), sink);
    }

    /// As above, with another code than the rule's own.
    pub(super) fn fail_as(&mut self, failure: Failure, code: u16, sink: &mut impl Sink) {
        // Behind a FAILED that a policy made nothing more is listed.
        if self.failure.replace(failure).is_some() {
            return;
        }
        self.owed = Owed::Failure;
        let text = failure.text().to_bytes();
        sink.push(Event {
            kind: EventKind::Failed,
            code,
            is_compressed: false,
            payload: Payload::Held(text),
        });
    }

    // ---- Private: send ----

    fn send_control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > MAX_CONTROL {
            return Err(SendError::Argument);
        }
        self.send(opcode, payload)
    }

    #[inline(always)]
    fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if self.state != State::Open {
            return Err(SendError::State);
        }
        let size = (self.output.size() as u64).saturating_add(payload.len() as u64);
        if size > self.config.get(OptionKey::MaxOutput) {
            return Err(SendError::Limit);
        }
        #[cfg(feature = "deflate")]
        if self.terms.is_agreed() && !opcode.is_control() {
            return self.send_compressed(opcode, payload);
        }
        self.push_frame(opcode, 0, payload)?;
        Ok(())
    }

    /// Queues a whole frame; a client's is masked with a key of its own.
    #[inline(always)]
    fn push_frame(&mut self, opcode: Opcode, rsv: u8, payload: &[u8]) -> Result<(), OutOfMemory> {
        let mask = match self.role {
            Role::Server => None,
            Role::Client => Some(self.next_mask()?),
        };
        let payload_len = payload.len() as u64;
        self.output.push_frame(&Header { fin: true, rsv, opcode, mask, payload_len }, payload)
    }

    /// Without random octets nothing can be sent, RFC 6455 5.3 and 10.3.
    #[cold]
    fn next_mask(&mut self) -> Result<[u8; 4], OutOfMemory> {
        self.extra.get_or_insert_default().masks.next().ok_or(OutOfMemory)
    }

    /// Compresses a message that is worth it.
    #[cfg(feature = "deflate")]
    #[inline(never)]
    fn send_compressed(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if (payload.len() as u64) < self.config.get(OptionKey::DeflateMinSize) {
            return Ok(self.push_frame(opcode, 0, payload)?);
        }
        let mut own = Contexts::default();
        let contexts = if self.terms.takes_over() {
            &mut self.extra.get_or_insert_default().contexts
        } else {
            &mut own
        };
        let compressed = contexts.compress(self.terms, &self.config, payload);
        match compressed.map_err(|_| SendError::Memory)? {
            Some(compressed) => self.push_frame(opcode, RSV1, &compressed)?,
            None => self.push_frame(opcode, 0, payload)?,
        }
        Ok(())
    }

    fn answer_ping(&mut self, place: Place, input: &[u8]) -> Result<(), OutOfMemory> {
        // Behind our Close nothing is sent.
        if self.state != State::Open {
            return Ok(());
        }
        if self.pongs_end == 0 {
            self.pongs = 0;
        }
        let pong = Pong::new(self.reader.payload(place, input));
        if self.pongs == MAX_PONGS {
            self.pong = Some(Box::new(pong));
            return Ok(());
        }
        self.push_frame(Opcode::Pong, 0, pong.payload())?;
        self.count_pong();
        Ok(())
    }

    /// A pong was queued. Beyond 4 GiB of output its end is not exact, and then
    /// some more pongs may wait.
    fn count_pong(&mut self) {
        self.pongs += 1;
        self.pongs_end = u32::try_from(self.output.size()).unwrap_or(u32::MAX);
    }

    pub(super) fn queue_close(&mut self, code: u16, reason: &[u8]) -> Result<(), OutOfMemory> {
        let mut payload = Vec::with_capacity(MAX_CONTROL);
        if code != 0 {
            payload.extend_from_slice(&code.to_be_bytes());
            payload.extend_from_slice(reason);
        }
        self.push_frame(Opcode::Close, 0, &payload)?;
        self.pong = None;
        self.change(Cause::CloseSent);
        Ok(())
    }

    // ---- Private: state ----

    /// Queues what the library owes the peer.
    #[inline]
    pub(super) fn settle(&mut self) {
        if self.owed != Owed::Nothing || self.pong.is_some() {
            self.settle_now();
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_now(&mut self) {
        if self.pongs_end == 0 && self.state == State::Open {
            if let Some(pong) = self.pong.take() {
                // Without memory the pong is lost, as one that is overtaken.
                let _ = self.push_frame(Opcode::Pong, 0, pong.payload());
                self.pongs = 0;
                self.count_pong();
            }
        }
        let queued = match (core::mem::replace(&mut self.owed, Owed::Nothing), self.failure) {
            (Owed::Close, _) => {
                let code = self.peer_code.filter(|&code| is_valid_close_code(code));
                self.queue_close(code.unwrap_or_default(), b"")
            }
            (Owed::Failure, Some(Failure::Handshake(_) | Failure::Response(_))) => {
                self.settle_opening()
            }
            (Owed::Failure, Some(failure)) if self.state == State::Open => {
                self.queue_close(failure.code(), failure.text().to_bytes())
            }
            // Also when a Close was sent before: there is never a second one.
            (Owed::Nothing | Owed::Failure, _) => Ok(()),
        };
        if queued.is_err() {
            // There is no memory to say good-bye with.
            self.ended = true;
            self.change(Cause::TransportClosed);
        }
    }

    /// Payloads of the last events were used.
    #[inline]
    fn release(&mut self) {
        self.reader.release();
        let state = self.state;
        self.opening.take_if(|opening| opening.is_over(state));
    }

    pub(super) fn change(&mut self, cause: Cause) {
        self.state = self.state.after(cause).unwrap_or(self.state);
    }
}

impl Pong {
    fn new(octets: &[u8]) -> Self {
        let mut payload = [0; MAX_CONTROL];
        let mut len = 0;
        for (place, octet) in payload.iter_mut().zip(octets) {
            *place = *octet;
            len += 1;
        }
        Self { payload, len }
    }

    fn payload(&self) -> &[u8] {
        self.payload.get(..self.len).unwrap_or_default()
    }
}

/// Lists one event of octets that are kept. A payload among them is listed when
/// they are no longer being written to.
struct OneEvent<'a, S> {
    sink: &'a mut S,
    is_listed: bool,
    /// Kind, code, offset and length.
    inside: Option<(EventKind, u16, usize, usize)>,
}

impl<S: Sink> Sink for OneEvent<'_, S> {
    fn is_full(&self) -> bool {
        self.is_listed
    }

    fn push(&mut self, event: Event<'_>) {
        self.is_listed = true;
        match event.payload {
            Payload::Held(_) => self.sink.push(event),
            Payload::Input { offset, len } => {
                self.inside = Some((event.kind, event.code, offset, len));
            }
        }
    }
}

/// An event without a code whose payload is not in the input.
pub(super) const fn event(kind: EventKind, payload: &[u8]) -> Event<'_> {
    Event { kind, code: 0, is_compressed: false, payload: Payload::Held(payload) }
}

impl From<OutOfMemory> for SendError {
    fn from(_: OutOfMemory) -> Self {
        Self::Memory
    }
}

impl From<CloseError> for Failure {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::OneOctet => Self::CloseOneOctet,
            CloseError::BadCode => Self::CloseCode,
            CloseError::BadReason => Self::CloseReason,
        }
    }
}
