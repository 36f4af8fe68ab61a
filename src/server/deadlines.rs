//! When which connection is to be told the time.

use std::collections::BTreeSet;

/// Never.
pub(super) const NEVER: u64 = u64::MAX;

/// Deadlines by time. Who has none takes no memory.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BTreeSet<(u64, usize)>);

impl Deadlines {
    /// A connection's deadline was `from` and is `to`.
    pub(super) fn change(&mut self, slot: usize, from: u64, to: u64) {
        if from == to {
            return;
        }
        if from != NEVER {
            self.0.remove(&(from, slot));
        }
        if to != NEVER {
            self.0.insert((to, slot));
        }
    }

    pub(super) fn earliest(&self) -> Option<u64> {
        self.0.first().map(|(deadline, _)| *deadline)
    }

    /// Whose deadline has come.
    pub(super) fn due(&self, now: u64) -> Option<usize> {
        self.0.first().filter(|(deadline, _)| *deadline <= now).map(|(_, slot)| *slot)
    }
}
