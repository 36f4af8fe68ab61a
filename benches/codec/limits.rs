//! What decoders and encoders cannot do without: the passes over memory alone.

use std::hint::black_box;

use crate::wire::Tape;
use common::race::Contestant;

/// Octets that are copied, then XORed while they are hot.
const CHUNK: usize = 16 * 1024;

/// Reading the tape: the copy that is part of every decoder's figure.
pub fn read(tape: &Tape, messages: usize) -> Contestant {
    pass_over("limit: read", tape, messages, |_| ())
}

/// Reading the tape and unmasking each chunk: a decoder that finds its frames in
/// no time. Who reads less than a chunk at a time can be a little faster.
pub fn read_and_xor(tape: &Tape, messages: usize) -> Contestant {
    pass_over("limit: read + XOR", tape, messages, |chunk| xor(chunk, [0x37, 0xfa, 0x21, 0x3d]))
}

/// Copying each message behind its header into one output buffer.
pub fn copy_messages(message: &'static [u8], batch: usize) -> Contestant {
    const HEADER: usize = 10;
    let mut output = vec![0; (HEADER + message.len()) * batch];
    Contestant::new("limit: copy", batch, move || {
        for place in output.chunks_exact_mut(HEADER + message.len()) {
            place[HEADER..].copy_from_slice(black_box(message));
        }
        black_box(&mut output);
    })
}

/// Copies the tape chunk by chunk into one hot buffer of a chunk's size or, as
/// a message has to be contiguous, of a message's size if that is larger.
fn pass_over(
    name: &'static str,
    tape: &Tape,
    messages: usize,
    on_chunk: impl Fn(&mut [u8]) + 'static,
) -> Contestant {
    let mut tape = tape.clone();
    let mut buffer = vec![0; CHUNK.max(tape.len() / messages)];
    let mut at = 0;
    Contestant::new(name, messages, move || {
        loop {
            let end = buffer.len().min(at + CHUNK);
            let count = tape.read(&mut buffer[at..end]);
            let chunk = &mut buffer[at..at + count];
            on_chunk(chunk);
            black_box(chunk);
            at = if end == buffer.len() { 0 } else { end };
            if tape.at_start() {
                return;
            }
        }
    })
}

/// XOR with the widest vectors that the machine has.
fn xor(octets: &mut [u8], key: [u8; 4]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has AVX2.
        return unsafe { xor_avx2(octets, key) };
    }
    xor_words(octets, key);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn xor_avx2(octets: &mut [u8], key: [u8; 4]) {
    xor_words(octets, key);
}

/// Vectorised by the compiler.
#[inline(always)]
fn xor_words(octets: &mut [u8], key: [u8; 4]) {
    let (words, rest) = octets.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    for (octet, key) in rest.iter_mut().zip(key) {
        *octet ^= key;
    }
}
