//! Plaintext that lies in several runs.

use std::borrow::Cow;
use std::io::IoSlice;

/// What is left of the runs.
pub(super) struct Runs<'a> {
    first: &'a [u8],
    others: &'a [IoSlice<'a>],
}

impl<'a> Runs<'a> {
    pub(super) const fn new(runs: &'a [IoSlice<'a>]) -> Self {
        Self { first: &[], others: runs }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.others.iter().map(|run| run.len()).sum::<usize>()
    }

    pub(super) fn skip(&mut self, mut len: usize) {
        while len > 0 {
            match self.take_run(len).len() {
                0 => return,
                skipped => len -= skipped,
            }
        }
    }

    /// Takes at most `max` octets: as they lie there, or a copy if they are in several runs, so
    /// that a frame's header makes no record of its own.
    pub(super) fn take(&mut self, max: usize) -> Cow<'a, [u8]> {
        let mut taken = Cow::Borrowed(self.take_run(max));
        while taken.len() < max {
            let next = self.take_run(max - taken.len());
            if next.is_empty() {
                break;
            }
            taken.to_mut().extend_from_slice(next);
        }
        taken
    }

    /// At most `max` octets of one run; none if none are left.
    fn take_run(&mut self, max: usize) -> &'a [u8] {
        while let ([], Some((next, others))) = (self.first, self.others.split_first()) {
            (self.first, self.others) = (next, others);
        }
        let (taken, rest) = self.first.split_at(self.first.len().min(max));
        self.first = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_is_taken_once_in_order() {
        let parts: [&[u8]; 6] = [b"", b"ab", b"", b"cdefg", b"h", b""];
        let runs = parts.map(IoSlice::new);
        for max in 1..10 {
            let mut left = Runs::new(&runs);
            let mut all = Vec::new();
            while left.len() > 0 {
                let taken = left.take(max);
                assert_eq!(taken.len(), max.min(8 - all.len()), "{max}");
                all.extend_from_slice(&taken);
            }
            assert_eq!(all, b"abcdefgh", "{max}");
            assert!(left.take(max).is_empty());
        }
    }

    #[test]
    fn what_is_skipped_is_not_taken() {
        let runs = [IoSlice::new(b"abc"), IoSlice::new(b"de")];
        for len in 0..7 {
            let mut left = Runs::new(&runs);
            left.skip(len);
            assert_eq!(&*left.take(9), b"abcde".get(len..).unwrap_or_default());
        }
    }

    #[test]
    fn what_lies_in_one_run_is_not_copied() {
        let runs = [IoSlice::new(&[1; 3]), IoSlice::new(&[2; 20])];
        let mut left = Runs::new(&runs);
        assert!(matches!(left.take(10), Cow::Owned(octets) if octets.len() == 10));
        assert!(matches!(left.take(10), Cow::Borrowed(octets) if octets.len() == 10));
        assert!(matches!(left.take(10), Cow::Borrowed(octets) if octets.len() == 3));
    }
}
