//! The socket of every contestant: an in-memory stream that copies octets as a
//! read from a socket does, and takes what is written.

use std::cell::RefCell;
use std::hint::black_box;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most octets that one read gives: the receive buffer of a busy server.
pub const READ: usize = 64 * 1024;

/// A stream of frames that starts anew at its end. No read crosses the end.
#[derive(Clone)]
pub struct Tape {
    octets: Rc<[u8]>,
    at: usize,
}

impl Tape {
    /// A tape of these octets.
    pub fn new(octets: impl Into<Rc<[u8]>>) -> Self {
        Self { octets: octets.into(), at: 0 }
    }

    /// Octets of the whole tape.
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether the next read starts anew.
    pub fn at_start(&self) -> bool {
        self.at == 0
    }

    /// What the next read gives into `space` octets: at most [`READ`].
    fn advance(&mut self, space: usize) -> &[u8] {
        let start = self.at;
        let end = self.len().min(start + space.min(READ));
        self.at = if end == self.len() { 0 } else { end };
        &self.octets[start..end]
    }

    /// Reads as a socket does: copies at most [`READ`] octets into `space`.
    pub fn read(&mut self, space: &mut [u8]) -> usize {
        let octets = self.advance(space.len());
        copy(&mut space[..octets.len()], octets);
        octets.len()
    }
}

impl Tape {
    /// As [`Tape::read`], into memory that was not written before.
    pub fn read_uninit(&mut self, space: &mut [MaybeUninit<u8>]) -> usize {
        let octets = self.advance(space.len());
        for (to, from) in space.chunks_mut(PIECE).zip(octets.chunks(PIECE)) {
            to[..from.len()].write_copy_of_slice(from);
        }
        octets.len()
    }
}

/// Octets are copied in pieces of this size. That is as fast as one `memcpy`,
/// which above a few KiB may use `rep movsb`, and that takes up to 30 times as
/// long for some distances between its operands (modulo 4,096): the rows would
/// depend on where each contestant's allocations happen to be.
const PIECE: usize = 2048;

/// Copies as every read does.
pub fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.chunks_mut(PIECE).zip(from.chunks(PIECE)) {
        to.copy_from_slice(from);
    }
}

/// Takes what is written: drops it, or keeps it for verification.
#[derive(Clone, Default)]
pub struct Drain(Option<Rc<RefCell<Vec<u8>>>>);

impl Drain {
    /// A drain that keeps what is written.
    pub fn keeping() -> Self {
        Self(Some(Rc::default()))
    }

    /// Takes octets, as a socket whose buffer is never full.
    pub fn take(&self, octets: &[u8]) {
        black_box(octets.as_ptr());
        if let Some(kept) = &self.0 {
            kept.borrow_mut().extend_from_slice(octets);
        }
    }

    /// What was kept.
    pub fn kept(&self) -> Vec<u8> {
        self.0.as_ref().map(|kept| kept.take()).unwrap_or_default()
    }
}

/// Tape and drain as one stream.
pub struct Wire {
    /// What is read.
    pub tape: Tape,
    /// What takes writes.
    pub drain: Drain,
}

impl Wire {
    /// A stream that is only read.
    pub fn reading(tape: Tape) -> Self {
        Self { tape, drain: Drain::default() }
    }

    /// A stream that is only written to.
    pub fn writing(drain: Drain) -> Self {
        Self { tape: Tape::new([]), drain }
    }

    fn take_all(&self, runs: &[IoSlice<'_>]) -> usize {
        runs.iter().map(|run| (self.drain.take(run), run.len()).1).sum()
    }
}

impl Read for Wire {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        Ok(self.tape.read(space))
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.drain.take(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        space: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Not zeroed before, as a socket's buffer is not.
        for piece in self.tape.advance(space.remaining()).chunks(PIECE) {
            space.put_slice(piece);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.drain.take(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        runs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.take_all(runs)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
