//! Octets that wait to be sent, as runs.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::octets::extend;
use crate::proto::{Header, apply_mask};

/// Octets that one run is made for at most, when many small pieces share it.
const RUN: usize = 64 << 10;

/// A run is at least this large, so that a few small frames share it.
const SMALL_RUN: usize = 256;

/// Octets that the connection does not own: they are sent from where they are,
/// and then dropped.
pub struct Lent(Octets);

enum Octets {
    Sole(Box<dyn Loan>),
    /// Until [`Output::own`].
    Passing(Box<dyn Loan>),
    Shared(Arc<Vec<u8>>),
}

/// Somebody's octets, given back when this is dropped.
pub trait Loan: Send + Sync {
    /// The octets.
    fn octets(&self) -> &[u8];

    /// They are not taken: nothing is to be given back.
    fn decline(&mut self);
}

/// Queue of octets. When it is empty it owns no memory.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// The oldest run, unless it is lent.
    first: Vec<u8>,
    /// Octets of the oldest run that were sent.
    sent: usize,
    /// The runs behind `first`. It is empty when the oldest of them is lent and
    /// has its turn.
    #[allow(
        clippy::box_collection,
        reason = "who reads needs none; a connection at rest is small"
    )]
    more: Option<Box<VecDeque<Run>>>,
    /// Octets in all runs that were not sent.
    size: usize,
    /// Octets that were queued in runs of our own since the queue was last empty. It
    /// is a hint, and may wrap.
    queued: u32,
    /// The same of the time before: the next run is made as large.
    expected: u32,
}

#[derive(Debug)]
enum Run {
    Own(Vec<u8>),
    Lent(Lent),
}

/// More octets were said to be sent than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotQueued;

/// Memory could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfMemory;

impl Lent {
    /// Octets from which on a payload is sent from where it is; fewer are copied.
    pub const LEAST: usize = 2 << 10;

    /// Of one owner.
    #[must_use]
    pub fn new(loan: Box<dyn Loan>) -> Self {
        Self(Octets::Sole(loan))
    }

    /// Of one owner, who has them only until [`Connection::own_output`].
    ///
    /// [`Connection::own_output`]: super::Connection::own_output
    #[must_use]
    pub fn passing(loan: Box<dyn Loan>) -> Self {
        Self(Octets::Passing(loan))
    }

    /// Of several.
    pub(super) const fn shared(octets: Arc<Vec<u8>>) -> Self {
        Self(Octets::Shared(octets))
    }

    /// The octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        match &self.0 {
            Octets::Sole(loan) | Octets::Passing(loan) => loan.octets(),
            Octets::Shared(octets) => octets,
        }
    }

    /// They are not taken.
    pub fn decline(mut self) {
        if let Octets::Sole(loan) | Octets::Passing(loan) = &mut self.0 {
            loan.decline();
        }
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("len", &self.octets().len()).finish()
    }
}

impl Run {
    fn octets(&self) -> &[u8] {
        match self {
            Self::Own(octets) => octets,
            Self::Lent(lent) => lent.octets(),
        }
    }
}

impl Output {
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// The runs, oldest first; none is empty.
    pub(super) fn runs(&self) -> impl Iterator<Item = &[u8]> {
        let mut sent = self.sent;
        let more = self.more.iter().flat_map(|more| more.iter().map(Run::octets));
        core::iter::once(&*self.first)
            .chain(more)
            .filter(|run| !run.is_empty())
            .map(move |run| run.get(core::mem::take(&mut sent)..).unwrap_or_default())
    }

    /// Queues a frame: all of it or, without memory, nothing.
    #[inline(always)]
    pub(super) fn push_frame(
        &mut self,
        header: &Header,
        payload: &[u8],
    ) -> Result<(), OutOfMemory> {
        let (octets, header_len) = header.encode();
        let run = self.room(octets.len() + payload.len())?;
        // A copy of a fixed length, which needs no call.
        run.extend_from_slice(&octets);
        run.truncate(run.len() - octets.len() + header_len);
        extend(run, payload);
        if let Some(key) = header.mask {
            let start = run.len() - payload.len();
            apply_mask(run.get_mut(start..).unwrap_or_default(), key, 0);
        }
        self.grow(header_len + payload.len());
        Ok(())
    }

    /// Queues a frame without copying its payload: all of it or, without memory,
    /// nothing.
    pub(super) fn push_lent(&mut self, header: &Header, payload: Lent) -> Result<(), Lent> {
        let (octets, header_len) = header.encode();
        let len = payload.octets().len();
        if self.room(octets.len()).is_err() || self.reserve_run().is_err() {
            return Err(payload);
        }
        extend(self.newest(), octets.get(..header_len).unwrap_or_default());
        self.more.get_or_insert_default().push_back(Run::Lent(payload));
        self.grow(header_len);
        self.size += len;
        Ok(())
    }

    /// Queues octets as they are: all of them or, without memory, none.
    pub(super) fn push(&mut self, octets: &[u8]) -> Result<(), OutOfMemory> {
        extend(self.room(octets.len())?, octets);
        self.grow(octets.len());
        Ok(())
    }

    /// As above, without copying them.
    pub(super) fn push_shared(&mut self, octets: &Arc<Vec<u8>>) -> Result<(), OutOfMemory> {
        self.reserve_run()?;
        let run = Run::Lent(Lent::shared(Arc::clone(octets)));
        self.more.get_or_insert_default().push_back(run);
        self.size += octets.len();
        Ok(())
    }

    /// Copies what is lent in passing.
    pub(super) fn own(&mut self) -> Result<(), OutOfMemory> {
        for run in self.more.iter_mut().flat_map(|more| more.iter_mut()) {
            if let Run::Lent(Lent(Octets::Passing(loan))) = run {
                let mut copy = Vec::new();
                copy.try_reserve_exact(loan.octets().len()).map_err(|_| OutOfMemory)?;
                extend(&mut copy, loan.octets());
                *run = Run::Lent(Lent::shared(Arc::new(copy)));
            }
        }
        Ok(())
    }

    /// Drops octets from the front: they were sent.
    pub(super) fn consume(&mut self, mut len: usize) -> Result<(), NotQueued> {
        self.size = self.size.checked_sub(len).ok_or(NotQueued)?;
        while len > 0 {
            let rest = self.oldest().len() - self.sent;
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

    fn oldest(&self) -> &[u8] {
        match self.more.as_ref().and_then(|more| more.front()) {
            Some(run) if self.first.is_empty() => run.octets(),
            _ => &self.first,
        }
    }

    /// The oldest run is through.
    fn next_run(&mut self) {
        self.sent = 0;
        if self.first.is_empty() {
            // It was lent.
            if let Some(more) = &mut self.more {
                more.pop_front();
            }
        }
        self.first = Vec::new();
        // Together with `first` this gives all memory back at the end.
        self.more.take_if(|more| more.is_empty());
        if let Some(more) = &mut self.more {
            if let Some(Run::Own(_)) = more.front() {
                if let Some(Run::Own(next)) = more.pop_front() {
                    self.first = next;
                }
            }
        }
        self.more.take_if(|more| more.is_empty());
    }

    #[inline(always)]
    fn grow(&mut self, len: usize) {
        self.size += len;
        self.queued = self.queued.wrapping_add(len as u32);
    }

    /// Makes room for one more run.
    fn reserve_run(&mut self) -> Result<(), OutOfMemory> {
        let reserved = self.more.get_or_insert_default().try_reserve(1);
        self.more.take_if(|more| more.is_empty() && reserved.is_err());
        reserved.map_err(|_| OutOfMemory)
    }

    /// The newest run, with room for `len` octets.
    #[inline(always)]
    fn room(&mut self, len: usize) -> Result<&mut Vec<u8>, OutOfMemory> {
        if self.more.is_none() && self.first.capacity() - self.first.len() >= len {
            return Ok(&mut self.first);
        }
        self.room_behind(len)
    }

    #[inline(never)]
    fn room_behind(&mut self, len: usize) -> Result<&mut Vec<u8>, OutOfMemory> {
        let newest = self.more.as_ref().and_then(|more| more.back());
        match newest {
            Some(Run::Own(run)) if run.capacity() - run.len() >= len => Ok(self.newest()),
            _ => self.add_run(len),
        }
    }

    fn newest(&mut self) -> &mut Vec<u8> {
        match self.more.as_mut().and_then(|more| more.back_mut()) {
            Some(Run::Own(run)) => run,
            _ => &mut self.first,
        }
    }

    /// Begins a run with room for `len` octets and, if they are few, for some
    /// more: as many as last time, then twice as many as there are.
    #[cold]
    #[inline(never)]
    fn add_run(&mut self, len: usize) -> Result<&mut Vec<u8>, OutOfMemory> {
        let guess = if self.size == 0 { self.expected } else { self.queued.wrapping_mul(2) };
        let mut run = Vec::new();
        // A header takes more room while it is written than it has octets.
        let room = len.max((guess as usize).clamp(SMALL_RUN, RUN) + size_of::<u128>());
        run.try_reserve_exact(room).map_err(|_| OutOfMemory)?;
        if self.size == 0 {
            self.first = run;
            return Ok(&mut self.first);
        }
        self.reserve_run()?;
        self.more.get_or_insert_default().push_back(Run::Own(run));
        Ok(self.newest())
    }
}
