//! Stock zlib, as a server would call it: a stream for each context, flushed at
//! the end of each message and reset behind it without takeover.

use std::mem::{MaybeUninit, size_of};
use std::ptr;

use libz_sys::{
    Z_DEFAULT_STRATEGY, Z_DEFLATED, Z_OK, Z_SYNC_FLUSH, deflate, deflateEnd, deflateInit2_,
    deflateReset, inflateEnd, inflateInit2_, inflateReset, z_stream, zlibVersion,
};

use crate::{Compress, Inflate};

/// "raw" DEFLATE with a window of 2^15 octets.
const WINDOW: i32 = -15;
/// Stock zlib's own default.
const MEMORY_LEVEL: i32 = 8;

/// A stream, which stays where it is: its state points back to it.
struct Stream {
    raw: Box<z_stream>,
    end: unsafe extern "C" fn(*mut z_stream) -> i32,
}

impl Stream {
    fn new(
        end: unsafe extern "C" fn(*mut z_stream) -> i32,
        init: impl FnOnce(*mut z_stream, *const i8, i32) -> i32,
    ) -> Self {
        // Zero is what zlib takes for "no allocator of the caller's".
        let mut raw = Box::new(MaybeUninit::<z_stream>::zeroed());
        // SAFETY: it has no precondition.
        let version = unsafe { zlibVersion() };
        assert_eq!(init(raw.as_mut_ptr(), version.cast(), size_of::<z_stream>() as i32), Z_OK);
        // SAFETY: zlib set its own allocator; all else may be zero.
        let raw = unsafe { raw.assume_init() };
        Self { raw, end }
    }

    /// Gives all of the input; appends what comes out.
    fn run(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        step: unsafe extern "C" fn(*mut z_stream, i32) -> i32,
    ) {
        self.raw.next_in = input.as_ptr().cast_mut();
        self.raw.avail_in = input.len() as u32;
        loop {
            output.reserve(input.len() + 1024);
            let room = output.spare_capacity_mut();
            let len = room.len();
            self.raw.next_out = room.as_mut_ptr().cast();
            self.raw.avail_out = len as u32;
            // SAFETY: the stream is initialized, its ranges are valid.
            unsafe { step(&mut *self.raw, Z_SYNC_FLUSH) };
            let left = self.raw.avail_out as usize;
            // SAFETY: zlib wrote so many octets.
            unsafe { output.set_len(output.len() + len - left) };
            if left > 0 {
                assert_eq!(self.raw.avail_in, 0, "zlib takes all that it is given");
                self.raw.next_in = ptr::null_mut();
                return;
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
pub fn compress(level: i32, takes_over: bool) -> Compress {
    let mut stream = Stream::new(deflateEnd, |raw, version, size| {
        // SAFETY: a zeroed stream, zlib's own version and the size of the struct.
        unsafe {
            deflateInit2_(
                raw,
                level,
                Z_DEFLATED,
                WINDOW,
                MEMORY_LEVEL,
                Z_DEFAULT_STRATEGY,
                version.cast(),
                size,
            )
        }
    });
    Box::new(move |message, output| {
        stream.run(&message.0, output, deflate);
        output.truncate(output.len() - 4);
        if !takes_over {
            // SAFETY: the stream is initialized.
            unsafe { deflateReset(&mut *stream.raw) };
        }
    })
}

/// zlib's `inflate`.
pub fn inflate(takes_over: bool) -> Inflate {
    let mut stream = Stream::new(inflateEnd, |raw, version, size| {
        // SAFETY: as above.
        unsafe { inflateInit2_(raw, WINDOW, version.cast(), size) }
    });
    Box::new(move |message, output| {
        stream.run(message.flushed(), output, libz_sys::inflate);
        if !takes_over {
            // SAFETY: the stream is initialized.
            unsafe { inflateReset(&mut *stream.raw) };
        }
    })
}
