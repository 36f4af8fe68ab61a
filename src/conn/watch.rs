//! What is counted and told about a connection, when somebody wants to know.

use alloc::boxed::Box;
use alloc::format;

use super::reader::RSV1;
use super::{Connection, OptionKey};
use crate::proto::{Header, Opcode};

/// What went in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// One direction.
    pub received: Traffic,
    /// The other.
    pub sent: Traffic,
}

/// What went in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Octets, of the opening handshake too.
    pub octets: u64,
    /// Frames.
    pub frames: u64,
    /// Messages that ended.
    pub messages: u64,
    /// Pings.
    pub pings: u64,
    /// Octets of the payloads of compressed messages.
    pub compressed: u64,
}

/// Where lines are told.
pub type Trace = Box<dyn FnMut(&str) + Send + Sync>;

#[derive(Default)]
pub(super) struct Watch {
    pub(super) counts: Counts,
    trace: Option<Trace>,
    /// Whether the message that has begun is compressed: in, out.
    is_compressed: [bool; 2],
}

impl Connection {
    /// What went in and out, when the config or a trace asks for it.
    #[must_use]
    pub fn counts(&self) -> Option<Counts> {
        Some(self.extra.as_ref()?.watch.as_ref()?.counts)
    }

    /// Tells what happens from now on, a line each, without payloads; `None`
    /// ends it.
    pub fn set_trace(&mut self, trace: Option<Trace>) {
        let counts = self.config.is_on(OptionKey::Counters);
        if trace.is_some() || counts {
            self.extra.get_or_insert_default().watch.get_or_insert_default().trace = trace;
        } else if let Some(extra) = &mut self.extra {
            extra.watch = None;
        }
    }

    // ---- For the connection ----

    /// Octets came.
    #[cold]
    pub(super) fn count_received(&mut self, len: usize) {
        if len > 0 {
            self.hear();
        }
        if let Some(watch) = self.watch() {
            watch.counts.received.octets += len as u64;
        }
    }

    /// Octets of the output were written.
    #[cold]
    pub(super) fn count_sent(&mut self, len: usize) {
        if len > 0 {
            self.note_written();
        }
        if let Some(watch) = self.watch() {
            watch.counts.sent.octets += len as u64;
        }
    }

    #[inline]
    pub(super) fn watch(&mut self) -> Option<&mut Watch> {
        self.extra.as_mut()?.watch.as_deref_mut()
    }

    /// A line of whatever is told, made only when somebody listens.
    #[inline]
    pub(super) fn tell(&mut self, line: impl FnOnce() -> alloc::string::String) {
        if let Some(trace) = self.watch().and_then(|watch| watch.trace.as_mut()) {
            trace(&line());
        }
    }
}

impl Watch {
    pub(super) fn frame_in(&mut self, header: &Header) {
        self.frame(0, header);
    }

    pub(super) fn frame_out(&mut self, header: &Header) {
        self.frame(1, header);
    }

    fn frame(&mut self, direction: usize, header: &Header) {
        let Counts { received, sent } = &mut self.counts;
        let (traffic, word) = if direction == 0 { (received, "in") } else { (sent, "out") };
        traffic.frames += 1;
        if header.opcode == Opcode::Ping {
            traffic.pings += 1;
        }
        if !header.opcode.is_control() {
            traffic.messages += u64::from(header.fin);
            let [is_in, is_out] = &mut self.is_compressed;
            let is_compressed = if direction == 0 { is_in } else { is_out };
            if header.opcode != Opcode::Continuation {
                *is_compressed = header.rsv & RSV1 != 0;
            }
            if *is_compressed {
                traffic.compressed += header.payload_len;
            }
        }
        if let Some(trace) = &mut self.trace {
            let Header { opcode, fin, rsv, payload_len, .. } = header;
            let end = if *fin { "" } else { " more" };
            let rsv = if *rsv == 0 { "" } else { " compressed" };
            trace(&format!("{word} {opcode:?}{end}{rsv} {payload_len}"));
        }
    }
}

impl core::fmt::Debug for Watch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Watch").field("counts", &self.counts).finish_non_exhaustive()
    }
}
