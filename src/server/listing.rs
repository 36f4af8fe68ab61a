//! Where a turn's events go, and what is kept in mind of them.

use super::embedded::Buffer;
use super::metrics::Metrics;
use crate::conn::{Event, EventKind, Payload, Sink};
use crate::handshake::path;

/// What a turn listed.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Events.
    pub(super) listed: usize,
    /// There were some, since this was last noted.
    pub(super) is_new: bool,
    /// The end of a connection was among them.
    pub(super) has_ended: bool,
    /// Somebody asked for the metrics.
    pub(super) wants_metrics: bool,
    /// Whose payloads were listed before it was settled.
    pub(super) holds: Option<usize>,
}

/// A connection's view of the application's list.
pub(super) struct Listing<'a, S> {
    sink: &'a mut S,
    tally: &'a mut Tally,
    metrics: &'a mut Metrics,
    /// Octets of the buffer before the connection's input.
    pub(super) offset: usize,
    pub(super) metrics_path: Option<&'a str>,
}

impl<'a, S: Sink> Listing<'a, S> {
    pub(super) const fn of(
        sink: &'a mut S,
        tally: &'a mut Tally,
        metrics: &'a mut Metrics,
    ) -> Self {
        Self { sink, tally, metrics, offset: 0, metrics_path: None }
    }
}

impl<S: Sink> Sink for Listing<'_, S> {
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.sink.is_full()
    }

    #[inline(always)]
    fn push(&mut self, event: Event<'_>) {
        let payload = match event.payload {
            Payload::Input { offset, len } => Payload::Input { offset: self.offset + offset, len },
            held => held,
        };
        match event.kind {
            EventKind::Text | EventKind::Binary => self.metrics.messages_received += 1,
            EventKind::Request => self.metrics.requests += 1,
            EventKind::Failed => self.metrics.failures += 1,
            EventKind::Closed => self.tally.has_ended = true,
            EventKind::HttpRequest if self.is_for_metrics(payload) => {
                self.tally.wants_metrics = true;
                return;
            }
            _ => {}
        }
        self.tally.listed += 1;
        self.tally.is_new = true;
        self.sink.push(Event { payload, ..event });
    }
}

impl<S> Listing<'_, S> {
    #[cold]
    fn is_for_metrics(&self, target: Payload<'_>) -> bool {
        match (self.metrics_path, target) {
            (Some(wanted), Payload::Held(target)) => path(target) == wanted.as_bytes(),
            _ => false,
        }
    }
}

/// For events that nobody is told.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn is_full(&self) -> bool {
        false
    }

    fn push(&mut self, _: Event<'_>) {}
}

/// What is left of the buffer.
pub(super) struct Input<'a, B> {
    buffer: &'a mut B,
    /// Octets before it.
    pub(super) offset: usize,
}

/// So many octets are read before the application handles them: they are still in
/// the cache then.
const HOT: usize = 32 << 10;

impl<'a, B: Buffer> Input<'a, B> {
    pub(super) const fn new(buffer: &'a mut B) -> Self {
        Self { buffer, offset: 0 }
    }

    /// Whether it is worth while to read: into nothing would look like the end.
    pub(super) fn has_room(&self) -> bool {
        self.offset < HOT.min(self.buffer.size() / 4 * 3)
    }

    pub(super) fn rest(&mut self) -> &mut [u8] {
        self.buffer.part(self.offset..self.buffer.size())
    }

    /// The first octets of what is left, which are so no longer.
    pub(super) fn take(&mut self, len: usize) -> &mut [u8] {
        let start = self.offset;
        self.offset += len;
        self.buffer.part(start..self.offset)
    }
}
