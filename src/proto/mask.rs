//! Masking of client frames, RFC 6455 section 5.3.
//!
//! Safe Rust, written so that it vectorises: blocks of 32 octets, words
//! of 8 and of 4, then what is left.

/// XORs `payload` in place with `key`, as if `payload[0]` were octet `phase` of
/// the frame's payload. Masking and unmasking are the same operation.
#[inline]
pub fn apply_mask(payload: &mut [u8], key: [u8; 4], phase: usize) {
    // What a server sends is not masked.
    if key == [0; 4] {
        return;
    }
    xor::<false>(payload, key, phase);
}

/// As [`apply_mask`]; tells whether the result is ASCII alone. It saves the
/// UTF-8 check of most text and costs almost nothing while the words are at hand.
#[inline]
#[must_use]
pub fn apply_mask_ascii(payload: &mut [u8], key: [u8; 4], phase: usize) -> bool {
    xor::<true>(payload, key, phase) & 0x8080_8080_8080_8080 == 0
}

/// Returns the OR of all resulting words when it is asked to.
#[inline(always)]
fn xor<const GATHER: bool>(payload: &mut [u8], mut key: [u8; 4], phase: usize) -> u64 {
    key.rotate_left(phase % 4);
    let half = u64::from(u32::from_ne_bytes(key));
    let word = half << 32 | half;
    let mut seen = [0; 4];
    let mut blocks = payload.chunks_exact_mut(32);
    for block in &mut blocks {
        for (octets, seen) in block.chunks_exact_mut(8).zip(&mut seen) {
            let result = xor_word(octets, word);
            if GATHER {
                *seen |= result;
            }
        }
    }
    let mut seen = seen.iter().fold(0, |all, seen| all | seen);
    let mut words = blocks.into_remainder().chunks_exact_mut(8);
    for octets in &mut words {
        seen |= xor_word(octets, word);
    }
    let mut quads = words.into_remainder().chunks_exact_mut(4);
    for octets in &mut quads {
        let mut value = [0; 4];
        value.copy_from_slice(octets);
        let result = u32::from_ne_bytes(value) ^ half as u32;
        octets.copy_from_slice(&result.to_ne_bytes());
        seen |= u64::from(result);
    }
    for (octet, key) in quads.into_remainder().iter_mut().zip(key) {
        *octet ^= key;
        seen |= u64::from(*octet);
    }
    seen
}

/// XORs 8 octets.
#[inline(always)]
fn xor_word(octets: &mut [u8], word: u64) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(octets);
    let result = u64::from_ne_bytes(value) ^ word;
    octets.copy_from_slice(&result.to_ne_bytes());
    result
}
