//! The connection: RFC 6455 sections 5 to 7. Its opening handshake is in
//! `opening.rs`.

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;

#[cfg(feature = "deflate")]
use super::compression::{Contexts, Inflation, Terms};
use super::control::Pong;
use super::masks::Masks;
use super::opening::Opening;
use super::output::{OutOfMemory, Output};
use super::reader::{Decompress, Item, ItemKind, Place, Reader, Rules, Tools};
use super::sending::Fragments;
use super::timers::Timers;
use super::watch::Watch;
use super::{
    Cause, Config, Event, EventKind, Failure, Marks, NotQueued, OptionKey, Payload, Role,
    SendError, Sink, State,
};
use crate::handshake::Response;
use crate::proto::{ABNORMAL, CloseError, MAX_CONTROL, is_valid_close_code, parse_close};

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
    /// Code of the peer's Close, once it came; 0 before.
    peer_code: u16,
    pub(super) failure: Option<Failure>,
    /// The peer's octet stream ended, or is none of ours.
    pub(super) ended: bool,
    /// Pongs that were queued since none waited; one more than may be: the newest
    /// waits in `extra`.
    pub(super) pongs: u8,
    /// Octets of output up to the end of the last pong.
    pub(super) pongs_end: u32,
    pub(super) queue: Queue,
    /// What was agreed on about permessage-deflate.
    #[cfg(feature = "deflate")]
    pub(super) terms: Terms,
    /// What most servers' connections do without.
    pub(super) extra: Option<Box<Extra>>,
    /// The opening handshake, until the last octet that it kept was read.
    pub(super) opening: Option<Box<Opening>>,
    pub(super) reader: Reader,
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
    pub(super) timers: Option<Box<Timers>>,
    pub(super) fragments: Option<Box<Fragments>>,
    pub(super) watch: Option<Box<Watch>>,
    /// The newest pong, when too many wait.
    pub(super) pong: Option<Box<Pong>>,
    /// Contexts of compression, with context takeover.
    #[cfg(feature = "deflate")]
    pub(super) contexts: Contexts,
}

impl Extra {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        #[cfg(feature = "deflate")]
        if !self.contexts.is_empty() {
            return false;
        }
        let is_bare = self.subprotocol.is_none() && self.response.is_none();
        let is_quiet = self.fragments.is_none() && self.pong.is_none() && self.watch.is_none();
        is_bare && is_quiet && self.timers.is_none() && self.masks.is_empty()
    }
}

/// How much output waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Low,
    /// It reached the high mark, and was not below the low one since.
    High,
    /// It is below the low mark again, which is to be listed.
    Drained,
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

/// permessage-deflate as agreed on, RFC 7692.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The window of this side's compressor.
    pub window_bits: u8,
    /// Whether it keeps its history.
    pub takes_over: bool,
    /// Whether the peer's does.
    pub peer_takes_over: bool,
}

impl Connection {
    pub(super) fn new(config: Arc<Config>, role: Role, opening: Option<Box<Opening>>) -> Self {
        let mut connection = Self {
            config,
            role,
            state: State::Connecting,
            owed: Owed::Nothing,
            peer_code: 0,
            failure: None,
            ended: false,
            pongs: 0,
            pongs_end: 0,
            queue: Queue::Low,
            #[cfg(feature = "deflate")]
            terms: Terms::default(),
            extra: None,
            opening,
            reader: Reader::default(),
            output: Output::default(),
        };
        connection.set_trace(None);
        connection
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
        let used = self.receive(input, sink)?;
        if self.extra.is_some() {
            self.count_received(used);
        }
        Ok(used)
    }

    #[inline(always)]
    fn receive(&mut self, input: &mut [u8], sink: &mut impl Sink) -> Result<usize, SendError> {
        self.settle();
        let has_spare = self.reader.release_for_next();
        self.drop_opening();
        self.forget_response();
        if self.has_drained() && !sink.is_full() {
            self.queue = Queue::Low;
            sink.push(event(EventKind::Drained, &[]));
        }
        if self.state == State::Connecting {
            return self.read_opening(input, sink);
        }
        let used = match self.has_kept() && (sink.is_full() || self.read_kept(sink)) {
            true => 0,
            false => self.read_frames(input, sink),
        };
        if has_spare {
            self.reader.drop_spare();
        }
        Ok(used)
    }

    /// The peer's octet stream ended. Lists that, once.
    pub fn recv_eof(&mut self, sink: &mut impl Sink) {
        self.settle();
        self.release();
        if self.ended {
            return;
        }
        self.ended = true;
        if !self.end_of_rejection(sink) {
            self.end(sink);
        }
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
        let was_full = self.queue == Queue::High || self.is_at_high_mark();
        self.output.consume(len)?;
        self.pongs_end = self.pongs_end.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
        if was_full {
            self.drain();
        }
        if self.extra.is_some() {
            self.count_sent(len);
        }
        Ok(())
    }

    /// Copies what was lent in passing and is still to be sent.
    ///
    /// # Errors
    /// `Memory`; then what waits must not be sent.
    pub fn own_output(&mut self) -> Result<(), SendError> {
        Ok(self.output.own()?)
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
        if self.state == State::Closing && self.has_peer_closed() && self.role == Role::Server {
            // 7.1.1: the server closes first; the client waits for it.
            return end(over);
        }
        let read = match self.state {
            State::Connecting => self.request().is_none(),
            State::Open => self.queue != Queue::High && !self.is_at_high_mark(),
            State::Closing | State::Closed => true,
        };
        let recv = self.has_kept() && self.state != State::Connecting
            || self.has_drained()
            || self.reader.is_stopped();
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
            0 if matches!(self.state, State::Closed) || self.has_failed() => ABNORMAL,
            code => code,
        }
    }

    /// What it has in common with others.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// Which end it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// What was agreed on about permessage-deflate.
    #[must_use]
    pub fn deflate(&self) -> Option<Deflate> {
        #[cfg(feature = "deflate")]
        return self.terms.is_agreed().then(|| Deflate {
            window_bits: self.terms.window_bits(),
            takes_over: self.terms.takes_over(),
            peer_takes_over: self.terms.peer_takes_over(),
        });
        #[cfg(not(feature = "deflate"))]
        None
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

    // ---- Private: receive ----

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
        if let Some((kind, code, marks, offset, len)) = one.inside {
            let payload = unread.get(offset..offset + len).unwrap_or_default();
            one.sink.push(Event { kind, code, marks, payload: Payload::Held(payload) });
        }
        let is_listed = one.is_listed;
        opening.kept_read += used;
        self.opening = is_listed.then_some(opening);
        is_listed
    }

    #[inline]
    pub(super) fn read_frames(&mut self, input: &mut [u8], sink: &mut impl Sink) -> usize {
        if !self.is_reading() {
            return input.len();
        }
        #[cfg(feature = "deflate")]
        if self.terms.is_agreed() {
            return self.read_compressed_frames(input, sink);
        }
        if self.watch().is_some() {
            return self.read_watched_frames(input, sink);
        }
        self.read_frames_with::<false>(None, input, sink)
    }

    #[inline(never)]
    fn read_watched_frames(&mut self, input: &mut [u8], sink: &mut impl Sink) -> usize {
        self.read_frames_with::<true>(None, input, sink)
    }

    /// As below, with what inflates compressed messages at hand.
    #[cfg(feature = "deflate")]
    #[inline(never)]
    fn read_compressed_frames(&mut self, input: &mut [u8], sink: &mut impl Sink) -> usize {
        let contexts = self.extra.as_mut().map(|extra| core::mem::take(&mut extra.contexts));
        let mut inflation = Inflation::new(self.terms, &self.config, contexts.unwrap_or_default());
        let used = self.read_frames_with::<true>(Some(&mut inflation), input, sink);
        if !inflation.contexts.is_empty() {
            self.extra.get_or_insert_default().contexts = inflation.contexts;
        }
        // A message that is over leaves nothing.
        self.extra.take_if(|extra| extra.is_empty());
        used
    }

    /// `ASKS`: whether somebody watches. The hot path does not ask.
    #[inline(always)]
    fn read_frames_with<const ASKS: bool>(
        &mut self,
        decompress: Option<&mut dyn Decompress>,
        input: &mut [u8],
        sink: &mut impl Sink,
    ) -> usize {
        let in_pieces = self.config.is_on(OptionKey::MessagePieces);
        let rules = Rules {
            frame: self.config.get(OptionKey::MaxFrameSize),
            message: self.config.get(OptionKey::MaxMessageSize),
            fragments: self.config.get(OptionKey::MaxFragments),
            in_pieces,
            whole: Marks(if in_pieces { Marks::FIRST | Marks::LAST } else { 0 }),
        };
        let mut tools = Tools { decompress, watch: None };
        let mut at = 0;
        while !sink.is_full() {
            let next = if ASKS && self.watch().is_some() {
                self.next_watched(&mut tools, input, &mut at, rules)
            } else {
                self.reader.next(self.role, &mut tools, input, &mut at, rules)
            };
            let Item { kind, marks, place } = match next {
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
                ItemKind::Pong => {
                    self.read_pong(place, input);
                    EventKind::Pong
                }
                ItemKind::Ping => {
                    if self.read_ping(place, input).is_err() {
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
                    sink.push(Event { kind, code: 0, marks, payload });
                }
                Place::Held => {
                    let payload = Payload::Held(self.reader.held());
                    sink.push(Event { kind, code: 0, marks, payload });
                    break;
                }
            }
        }
        at
    }

    const fn has_peer_closed(&self) -> bool {
        self.peer_code != 0
    }

    /// Who watches sees every frame, and what is sent in answer to it.
    #[cold]
    fn next_watched(
        &mut self,
        tools: &mut Tools<'_>,
        input: &mut [u8],
        at: &mut usize,
        rules: Rules,
    ) -> Result<Option<Item>, Failure> {
        tools.watch = self.extra.as_mut().and_then(|extra| extra.watch.take());
        let next = self.reader.next_in_parts(self.role, tools, input, at, rules);
        self.extra.get_or_insert_default().watch = tools.watch.take();
        next
    }

    pub(super) const fn is_reading(&self) -> bool {
        matches!(self.state, State::Open | State::Closing)
            && !self.has_failed()
            && !self.has_peer_closed()
    }

    /// Whether the peer broke a rule. A policy that accepts and then closes has
    /// a reason too, but the closing handshake goes its way.
    pub(super) const fn has_failed(&self) -> bool {
        match self.failure {
            None => false,
            Some(Failure::Handshake(_)) => !matches!(self.state, State::Open | State::Closing),
            Some(_) => true,
        }
    }

    fn read_ping(&mut self, place: Place, input: &[u8]) -> Result<(), OutOfMemory> {
        // Copied, since what it lies in may be ours.
        let mut payload = [0; MAX_CONTROL];
        let octets = self.reader.payload(place, input);
        let payload = payload.get_mut(..octets.len()).unwrap_or_default();
        payload.copy_from_slice(octets);
        self.answer_ping(payload)
    }

    fn read_pong(&mut self, place: Place, input: &[u8]) {
        if let Some(timers) = self.extra.as_mut().and_then(|extra| extra.timers.as_deref_mut()) {
            timers.hear_pong(self.reader.payload(place, input));
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
        sink.push(Event { kind: EventKind::Close, code, marks: Marks::default(), payload });
        self.peer_code = code;
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
        self.tell(|| format!("failed {}", failure.text().to_string_lossy()));
        let text = failure.text().to_bytes();
        sink.push(Event {
            kind: EventKind::Failed,
            code,
            marks: Marks::default(),
            payload: Payload::Held(text),
        });
    }

    // ---- Private: state ----

    /// Queues what the library owes the peer.
    #[inline]
    pub(super) fn settle(&mut self) {
        if self.owed != Owed::Nothing || self.owes_pong() {
            self.settle_now();
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_now(&mut self) {
        self.settle_pong();
        let queued = match (core::mem::replace(&mut self.owed, Owed::Nothing), self.failure) {
            (Owed::Close, _) => {
                let is_code = is_valid_close_code(self.peer_code);
                self.queue_close(if is_code { self.peer_code } else { 0 }, b"")
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
    pub(super) fn release(&mut self) {
        self.reader.release();
        self.drop_opening();
    }

    fn drop_opening(&mut self) {
        let state = self.state;
        self.opening.take_if(|opening| opening.is_over(state));
    }

    /// The peer's octet stream is over, or was waited for long enough.
    pub(super) fn end(&mut self, sink: &mut impl Sink) {
        self.ended = true;
        self.change(Cause::TransportClosed);
        self.opening = None;
        sink.push(Event { code: self.close_code(), ..event(EventKind::Closed, &[]) });
    }

    /// Whether so much output waits that no more is read.
    fn is_at_high_mark(&self) -> bool {
        self.output.size() as u64 >= self.config.get(OptionKey::OutputHighMark)
    }

    /// Whether DRAINED is to be listed. Behind our Close there is nothing to send.
    #[inline]
    fn has_drained(&self) -> bool {
        self.queue == Queue::Drained && self.state == State::Open
    }

    /// Output that was at the high mark was sent.
    #[cold]
    fn drain(&mut self) {
        let high = self.config.get(OptionKey::OutputHighMark);
        let low = self.config.get(OptionKey::OutputLowMark).min(high);
        self.queue = match self.state {
            _ if self.output.size() as u64 > low || self.is_at_high_mark() => Queue::High,
            State::Open => Queue::Drained,
            _ => Queue::Low,
        };
    }

    pub(super) fn change(&mut self, cause: Cause) {
        if let Some(state) = self.state.after(cause) {
            self.state = state;
            if cause == Cause::Established {
                // What was waited for came; an open connection is small again.
                self.forget_timers();
            }
            self.tell(|| format!("state {state:?}"));
        }
    }
}

/// Lists one event of octets that are kept. A payload among them is listed when
/// they are no longer being written to.
struct OneEvent<'a, S> {
    sink: &'a mut S,
    is_listed: bool,
    /// Kind, code, marks, offset and length.
    inside: Option<(EventKind, u16, Marks, usize, usize)>,
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
                self.inside = Some((event.kind, event.code, event.marks, offset, len));
            }
        }
    }
}

/// An event without a code whose payload is not in the input.
pub(super) const fn event(kind: EventKind, payload: &[u8]) -> Event<'_> {
    Event { kind, code: 0, marks: Marks(0), payload: Payload::Held(payload) }
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
