//! Contexts that are shared, RFC 7692 section 7.1.1: without context takeover
//! nothing of a message is left in them, and a connection needs one for the time
//! of a message alone.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Compressor, Inflater};

/// Contexts of each kind that are kept for the next message. Who needs one when
/// none is there makes one.
const KEPT: usize = 16;

/// The contexts of all connections of a config.
#[allow(clippy::vec_box, reason = "a connection takes the box over")]
#[derive(Debug, Default)]
pub struct Pool {
    inflaters: Mutex<Vec<Box<Inflater>>>,
    compressors: Mutex<Vec<Box<Compressor>>>,
}

impl Pool {
    /// An inflater without history.
    pub fn inflater(&self) -> Box<Inflater> {
        lock(&self.inflaters).pop().unwrap_or_else(|| Box::new(Inflater::new(false)))
    }

    /// Takes an inflater back that finished its message.
    pub fn give_inflater(&self, inflater: Box<Inflater>) {
        keep(lock(&self.inflaters), inflater);
    }

    /// A compressor without history, of those parameters.
    pub fn compressor(&self, level: u8, memory_level: u8, window_bits: u8) -> Box<Compressor> {
        let mut kept = lock(&self.compressors);
        let parameters = [level, memory_level, window_bits];
        match kept.iter().rposition(|one| one.parameters() == parameters) {
            Some(at) => kept.swap_remove(at),
            None => Box::new(Compressor::new(level, memory_level, window_bits, false)),
        }
    }

    /// Takes a compressor back that finished its message.
    pub fn give_compressor(&self, compressor: Box<Compressor>) {
        keep(lock(&self.compressors), compressor);
    }
}

fn keep<T>(mut kept: MutexGuard<'_, Vec<T>>, one: T) {
    if kept.len() == KEPT {
        // The oldest may be of a window that nobody uses.
        kept.remove(0);
    }
    kept.push(one);
}

/// A panic while a list is held leaves it whole.
fn lock<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
