//! A server as other threads see it.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Id;
use crate::conn::{MessageKind, Prepared};

/// Queues what other threads want of a server, and wakes it.
pub struct Remote {
    waker: mio::Waker,
    /// The application wants `poll` to return.
    is_called: AtomicBool,
    queue: Mutex<Queue>,
    /// Octets of payloads that may wait.
    max_size: usize,
}

#[derive(Default)]
struct Queue {
    wishes: Vec<Wish>,
    /// Octets of their payloads.
    size: usize,
    /// The server is no more.
    is_over: bool,
}

/// What another thread wants.
pub(super) enum Wish {
    Send {
        to: Id,
        kind: MessageKind,
        payload: Vec<u8>,
    },
    SendPrepared {
        to: Id,
        message: Prepared,
    },
    /// To all, without a topic.
    Publish {
        topic: Option<Vec<u8>>,
        message: Prepared,
    },
    Close {
        to: Id,
        code: u16,
        reason: String,
    },
    Shutdown {
        code: u16,
        time: u64,
    },
}

/// Why something was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteError {
    /// The server is no more.
    Over,
    /// Too many octets wait already.
    Limit,
    /// Memory could not be had.
    Memory,
}

impl Remote {
    pub(super) fn new(waker: mio::Waker, max_size: usize) -> Self {
        Self { waker, is_called: AtomicBool::new(false), queue: Mutex::default(), max_size }
    }

    /// Makes `poll` return, the one that runs or the next.
    pub fn wake(&self) {
        if !self.is_called.swap(true, Ordering::AcqRel) {
            self.ring();
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// As [`RemoteError`] says. That the connection is no more, or that too much
    /// of its output waits, is none.
    pub fn send(&self, to: Id, kind: MessageKind, payload: &[u8]) -> Result<(), RemoteError> {
        self.queue(payload.len(), Wish::Send { to, kind, payload: copy(payload)? })
    }

    /// Sends a prepared message.
    ///
    /// # Errors
    /// As [`Remote::send`].
    pub fn send_prepared(&self, to: Id, message: &Prepared) -> Result<(), RemoteError> {
        self.queue(0, Wish::SendPrepared { to, message: message.clone() })
    }

    /// Sends a prepared message to the subscribers of a topic, or to all.
    ///
    /// # Errors
    /// As [`Remote::send`].
    pub fn publish(&self, topic: Option<&[u8]>, message: &Prepared) -> Result<(), RemoteError> {
        let size = topic.map_or(0, <[u8]>::len);
        let topic = topic.map(copy).transpose()?;
        self.queue(size, Wish::Publish { topic, message: message.clone() })
    }

    /// Begins the closing handshake of a connection. The code and the reason are
    /// those that a connection takes.
    ///
    /// # Errors
    /// As [`Remote::send`].
    pub fn close(&self, to: Id, code: u16, reason: &str) -> Result<(), RemoteError> {
        self.queue(reason.len(), Wish::Close { to, code, reason: reason.to_owned() })
    }

    /// Ends the server as [`Server::shutdown`](super::Server::shutdown) does.
    ///
    /// # Errors
    /// As [`Remote::send`].
    pub fn shutdown(&self, code: u16, time: u64) -> Result<(), RemoteError> {
        self.queue(0, Wish::Shutdown { code, time })
    }

    // ---- For the server ----

    /// Whether `wake` was called, once.
    pub(super) fn was_called(&self) -> bool {
        self.is_called.load(Ordering::Acquire) && self.is_called.swap(false, Ordering::AcqRel)
    }

    /// What is wanted, in order.
    pub(super) fn take(&self) -> Vec<Wish> {
        let mut queue = self.lock();
        queue.size = 0;
        std::mem::take(&mut queue.wishes)
    }

    /// The server is no more.
    pub(super) fn end(&self) {
        let mut queue = self.lock();
        *queue = Queue { is_over: true, ..Queue::default() };
    }

    // ---- Private ----

    fn queue(&self, size: usize, wish: Wish) -> Result<(), RemoteError> {
        let is_first = {
            let mut queue = self.lock();
            if queue.is_over {
                return Err(RemoteError::Over);
            }
            let size = size.saturating_add(size_of::<Wish>());
            if queue.size.saturating_add(size) > self.max_size {
                return Err(RemoteError::Limit);
            }
            queue.wishes.try_reserve(1).map_err(|_| RemoteError::Memory)?;
            queue.size += size;
            queue.wishes.push(wish);
            queue.wishes.len() == 1
        };
        // Whoever was first woke it for those behind, too.
        if is_first {
            self.ring();
        }
        Ok(())
    }

    fn ring(&self) {
        // It can fail when its counter is full, and then it rings already.
        let _: io::Result<()> = self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(octets: &[u8]) -> Result<Vec<u8>, RemoteError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(octets.len()).map_err(|_| RemoteError::Memory)?;
    copy.extend_from_slice(octets);
    Ok(copy)
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("max_size", &self.max_size).finish_non_exhaustive()
    }
}
