//! Stock zlib, which is not what wsabi compresses with: RFC 7692's two
//! directions, one message at a time.

use std::mem::{MaybeUninit, size_of};

use libz_sys::*;

/// What a sender leaves out of each message, section 7.2.1.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Octets of output that are made at once.
const ROOM: usize = 4096;

/// A stream that is where its state thinks it is.
struct Stream {
    raw: Box<z_stream>,
    end: unsafe extern "C" fn(*mut z_stream) -> i32,
}

impl Stream {
    fn new(
        end: unsafe extern "C" fn(*mut z_stream) -> i32,
        init: impl FnOnce(*mut z_stream) -> i32,
    ) -> Self {
        // Zero is what zlib takes for "no allocator of the caller's".
        let mut raw = Box::new(MaybeUninit::<z_stream>::zeroed());
        assert_eq!(init(raw.as_mut_ptr()), Z_OK);
        // SAFETY: zlib set its own allocator; all else may be zero.
        Self { raw: unsafe { raw.assume_init() }, end }
    }

    /// Gives all of the input until zlib stops; returns what it said last.
    fn run(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        limit: usize,
        step: impl Fn(*mut z_stream) -> i32,
    ) -> i32 {
        self.raw.next_in = input.as_ptr().cast_mut();
        self.raw.avail_in = input.len() as u32;
        loop {
            let start = output.len();
            output.resize(start + ROOM, 0);
            self.raw.next_out = output[start..].as_mut_ptr();
            self.raw.avail_out = ROOM as u32;
            let status = step(&mut *self.raw);
            output.truncate(start + ROOM - self.raw.avail_out as usize);
            if self.raw.avail_out > 0 || status < 0 || output.len() > limit {
                return status;
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: it was initialized, and is not used again.
        unsafe { (self.end)(&mut *self.raw) };
    }
}

/// zlib's `deflate`.
pub struct Compressor {
    stream: Stream,
    takes_over: bool,
}

impl Compressor {
    /// Levels 0 to 9, 9 to 15 bits, memory levels 1 to 9, strategies 0 to 4.
    pub fn new(level: i32, bits: i32, memory: i32, strategy: i32, takes_over: bool) -> Self {
        let stream = Stream::new(deflateEnd, |raw| {
            let size = size_of::<z_stream>() as i32;
            // SAFETY: a zeroed stream, zlib's own version and the size of the struct.
            unsafe {
                deflateInit2_(raw, level, Z_DEFLATED, -bits, memory, strategy, zlibVersion(), size)
            }
        });
        Self { stream, takes_over }
    }

    /// A message as a sender has it, flushed `flushes` times on the way.
    pub fn compress(&mut self, message: &[u8], flushes: usize) -> Vec<u8> {
        let mut output = Vec::new();
        let parts = message.chunks(message.len() / (flushes + 1) + 1);
        for (n, part) in parts.chain([&[][..]]).enumerate() {
            let flush = [Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH][n % 4];
            // SAFETY: the stream is initialized, its ranges are valid.
            self.stream.run(part, &mut output, usize::MAX, |raw| unsafe { deflate(raw, flush) });
        }
        // SAFETY: as above.
        self.stream.run(&[], &mut output, usize::MAX, |raw| unsafe { deflate(raw, Z_SYNC_FLUSH) });
        if !self.takes_over {
            // SAFETY: the stream is initialized.
            unsafe { deflateReset(&mut *self.stream.raw) };
        }
        if output.ends_with(&TAIL) {
            output.truncate(output.len() - TAIL.len());
        }
        output
    }
}

/// What a message inflates to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inflated {
    Message(Vec<u8>),
    /// It has more octets than the limit.
    TooBig,
    /// It is no DEFLATE.
    Bad,
    /// It has a final block, behind which zlib reads nothing.
    Ended,
}

/// zlib's `inflate`.
pub struct Inflater {
    stream: Stream,
    takes_over: bool,
}

impl Inflater {
    /// With a window of 8 to 15 bits.
    pub fn new(bits: i32, takes_over: bool) -> Self {
        let stream = Stream::new(inflateEnd, |raw| {
            let size = size_of::<z_stream>() as i32;
            // SAFETY: a zeroed stream, zlib's own version and the size of the struct.
            unsafe { inflateInit2_(raw, -bits, zlibVersion(), size) }
        });
        Self { stream, takes_over }
    }

    /// Inflates a payload as a receiver gets it.
    pub fn inflate(&mut self, payload: &[u8], limit: usize) -> Inflated {
        let input = [payload, &TAIL].concat();
        let mut output = Vec::new();
        // SAFETY: the stream is initialized, its ranges are valid.
        let step = |raw| unsafe { inflate(raw, Z_SYNC_FLUSH) };
        let status = self.stream.run(&input, &mut output, limit, step);
        if !self.takes_over {
            // SAFETY: the stream is initialized.
            unsafe { inflateReset(&mut *self.stream.raw) };
        }
        match status {
            _ if output.len() > limit => Inflated::TooBig,
            Z_STREAM_END => Inflated::Ended,
            Z_OK | Z_BUF_ERROR => Inflated::Message(output),
            _ => Inflated::Bad,
        }
    }
}
