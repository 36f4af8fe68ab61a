//! Octets that wait to be sent, as runs.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::octets::extend;
use crate::proto::{Header, apply_mask};

/// Octets that one run is made for at most, when many small pieces share it.
const RUN: usize = 64 << 10;

/// A run is at least this large, so that a few small frames share it.
const SMALL_RUN: usize = 256;

/// Queue of octets. When it is empty it owns no memory.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// The oldest run.
    first: Vec<u8>,
    /// Octets of `first` that were sent.
    sent: usize,
    /// The runs behind it.
    #[allow(
        clippy::box_collection,
        reason = "who reads needs none; a connection at rest is small"
    )]
    more: Option<Box<VecDeque<Vec<u8>>>>,
    /// Octets in all runs that were not sent.
    size: usize,
    /// Octets that were queued since the queue was last empty. It is a hint, and
    /// may wrap.
    queued: u32,
    /// The same of the time before: the next run is made as large.
    expected: u32,
}

/// More octets were said to be sent than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotQueued;

/// Memory could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfMemory;

impl Output {
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// The runs, oldest first; none is empty.
    pub(super) fn runs(&self) -> impl Iterator<Item = &[u8]> {
        let first = self.first.get(self.sent..).unwrap_or_default();
        let more = self.more.iter().flat_map(|more| more.iter().map(Vec::as_slice));
        core::iter::once(first).chain(more).filter(|run| !run.is_empty())
    }

    /// Queues a frame: all of it or, without memory, nothing.
    #[inline(always)]
    pub(super) fn push_frame(
        &mut self,
        header: &Header,
        payload: &[u8],
    ) -> Result<(), OutOfMemory> {
        let (octets, header_len) = header.encode();
        let room = octets.len() + payload.len();
        let run = if self.more.is_none() { &mut self.first } else { self.last() };
        let run = if run.capacity() - run.len() >= room { run } else { self.add_run(room)? };
        // A copy of a fixed length, which needs no call.
        run.extend_from_slice(&octets);
        run.truncate(run.len() - octets.len() + header_len);
        extend(run, payload);
        if let Some(key) = header.mask {
            let start = run.len() - payload.len();
            apply_mask(run.get_mut(start..).unwrap_or_default(), key, 0);
        }
        let len = header_len + payload.len();
        self.size += len;
        self.queued = self.queued.wrapping_add(len as u32);
        Ok(())
    }

    /// Queues octets as they are: all of them or, without memory, none.
    pub(super) fn push(&mut self, octets: &[u8]) -> Result<(), OutOfMemory> {
        extend(self.add_run(octets.len())?, octets);
        self.size += octets.len();
        Ok(())
    }

    /// Drops octets from the front: they were sent.
    pub(super) fn consume(&mut self, mut len: usize) -> Result<(), NotQueued> {
        self.size = self.size.checked_sub(len).ok_or(NotQueued)?;
        while len > 0 {
            let rest = self.first.len() - self.sent;
            if len < rest {
                self.sent += len;
                return Ok(());
            }
            len -= rest;
            self.next_run();
        }
        if self.size == 0 {
            self.expected = core::mem::take(&mut self.queued);
        }
        Ok(())
    }

    /// The oldest run is through.
    fn next_run(&mut self) {
        self.sent = 0;
        let next = self.more.as_mut().and_then(|more| more.pop_front());
        if self.more.as_ref().is_some_and(|more| more.is_empty()) {
            self.more = None;
        }
        // Together with `more` this gives all memory back at the end.
        self.first = next.unwrap_or_default();
    }

    fn last(&mut self) -> &mut Vec<u8> {
        self.more.as_mut().and_then(|more| more.back_mut()).unwrap_or(&mut self.first)
    }

    /// Begins a run with room for `len` octets and, if they are few, for some
    /// more: as many as last time, then twice as many as there are.
    #[cold]
    #[inline(never)]
    fn add_run(&mut self, len: usize) -> Result<&mut Vec<u8>, OutOfMemory> {
        let guess = if self.size == 0 { self.expected as usize } else { 2 * self.size };
        let mut run = Vec::new();
        // A header takes more room while it is written than it has octets.
        let room = len.max(guess.clamp(SMALL_RUN, RUN) + size_of::<u128>());
        run.try_reserve_exact(room).map_err(|_| OutOfMemory)?;
        if self.first.is_empty() {
            self.first = run;
            return Ok(&mut self.first);
        }
        let more = self.more.get_or_insert_default();
        more.try_reserve(1).map_err(|_| OutOfMemory)?;
        more.push_back(run);
        Ok(self.last())
    }
}
