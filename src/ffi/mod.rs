//! The C ABI, and the only module in which `unsafe` may be written.
//!
//! The order of these modules, and of the items in them, is the order of
//! `include/wsabi.h`; their comments are its text and are written for C
//! readers.
//!
//! An entry point takes handles as `Option<&mut T>`, out-parameters as
//! `Option<&mut MaybeUninit<T>>` and owned objects as `Option<Box<T>>`: the same
//! ABI as nullable C pointers, and no `unsafe`. Only ranges arrive as raw
//! pointer and length; [`slice`] and [`slice_mut`] turn them into slices.
#![allow(unsafe_code, reason = "exported symbols, and ranges from C")]
#![allow(non_camel_case_types, reason = "C names")]
#![allow(unreachable_pub, reason = "cbindgen reads `pub`")]
#![allow(dead_code, reason = "codes are for C; tests/header.rs compares them with the core")]

use core::mem::MaybeUninit;
use libc::c_void;

#[cfg(not(feature = "std"))]
mod bare;
mod config;
mod conn;
mod handshake;
mod version;

// Behind the connection in the header, whatever the alphabet says.
mod explain;
#[cfg(all(feature = "server", unix))]
mod server;

use version::{
    WSABI_ERR_ARGUMENT, WSABI_ERR_INTERNAL, WSABI_ERR_LIMIT, WSABI_ERR_MEMORY, WSABI_ERR_NOT_FOUND,
    WSABI_ERR_NULL, WSABI_ERR_STATE, WSABI_OK, wsabi_status,
};

type Result<T> = core::result::Result<T, wsabi_status>;

/// Runs the body of an entry point. A panic is a bug in wsabi; it must not
/// cross into C, where it would abort the process.
#[cfg(feature = "std")]
fn guard(body: impl FnOnce() -> Result<()>) -> wsabi_status {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => WSABI_OK,
        Ok(Err(status)) => status,
        Err(_) => WSABI_ERR_INTERNAL,
    }
}

/// Runs the body of an entry point. Nothing unwinds here: see `bare`.
#[cfg(not(feature = "std"))]
fn guard(body: impl FnOnce() -> Result<()>) -> wsabi_status {
    match body() {
        Ok(()) => WSABI_OK,
        Err(status) => status,
    }
}

/// What a handle or a pointer points to, or the status for NULL.
fn some<T>(pointer: Option<T>) -> Result<T> {
    pointer.ok_or(WSABI_ERR_NULL)
}

/// A range to read. `(NULL, 0)` is the empty range: C code passes it, and
/// `from_raw_parts` does not take it.
///
/// # Safety
/// `data` is valid for reads of `len` values while the result lives.
unsafe fn slice<'a, T>(data: *const T, len: usize) -> Result<&'a [T]> {
    check(data, len)?;
    // SAFETY: checked above, and the caller's contract.
    Ok(if len == 0 { &[] } else { unsafe { core::slice::from_raw_parts(data, len) } })
}

/// A range to write.
///
/// # Safety
/// `data` is valid for reads and writes of `len` values, through nothing else,
/// while the result lives.
unsafe fn slice_mut<'a, T>(data: *mut T, len: usize) -> Result<&'a mut [T]> {
    check(data, len)?;
    // SAFETY: checked above, and the caller's contract.
    Ok(if len == 0 { &mut [] } else { unsafe { core::slice::from_raw_parts_mut(data, len) } })
}

/// Octets that C calls `const void *`.
///
/// # Safety
/// As for [`slice`].
unsafe fn octets<'a>(data: *const c_void, len: usize) -> Result<&'a [u8]> {
    // SAFETY: the caller's contract.
    unsafe { slice(data.cast::<u8>(), len) }
}

/// Octets that must be UTF-8, such as text and names.
///
/// # Safety
/// As for [`slice`].
unsafe fn text<'a, T>(data: *const T, len: usize) -> Result<&'a str> {
    // SAFETY: the caller's contract.
    let octets = unsafe { slice(data.cast::<u8>(), len) }?;
    crate::proto::utf8(octets).ok_or(WSABI_ERR_ARGUMENT)
}

fn check<T>(data: *const T, len: usize) -> Result<()> {
    match len {
        0 => Ok(()),
        _ if data.is_null() => Err(WSABI_ERR_NULL),
        // `from_raw_parts` requires at most isize::MAX octets.
        n if n > isize::MAX as usize / size_of::<T>().max(1) => Err(WSABI_ERR_ARGUMENT),
        _ => Ok(()),
    }
}

/// A caller's array that is filled from the front.
struct Filler<'a, T> {
    places: &'a mut [MaybeUninit<T>],
    filled: usize,
}

impl<'a, T> Filler<'a, T> {
    fn new(places: &'a mut [MaybeUninit<T>]) -> Self {
        Self { places, filled: 0 }
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.filled == self.places.len()
    }

    /// Writes the next value; without room it does nothing.
    #[inline(always)]
    fn push(&mut self, value: T) {
        if let Some(place) = self.places.get_mut(self.filled) {
            place.write(value);
            self.filled += 1;
        }
    }
}
