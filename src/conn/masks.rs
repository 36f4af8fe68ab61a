//! Masking keys of a client, RFC 6455 sections 5.3 and 10.3: fresh for each
//! frame, and not to be foreseen.

use alloc::vec::Vec;

/// Octets of the operating system's generator, for 64 frames.
#[derive(Debug, Default)]
pub(super) struct Masks {
    keys: Vec<[u8; 4]>,
}

/// Keys that are asked for at once.
const KEYS: usize = 64;

impl Masks {
    /// Whether none was needed yet.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.capacity() == 0
    }

    /// A key that was never used; `None` when the system has no random octets.
    pub(super) fn next(&mut self) -> Option<[u8; 4]> {
        if self.keys.is_empty() {
            let mut octets = [0; 4 * KEYS];
            getrandom::fill(&mut octets).ok()?;
            self.keys.extend(octets.chunks_exact(4).filter_map(|key| key.first_chunk()));
        }
        self.keys.pop()
    }
}

/// 16 random octets, of which a key of the opening handshake is made.
pub(super) fn nonce() -> Option<[u8; 16]> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).ok()?;
    Some(octets)
}
