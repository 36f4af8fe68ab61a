//! What the tests of limits share: an allocator that counts, and a clock.
#![allow(unreachable_pub, reason = "a module of test programs")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what this thread holds, and its largest single allocation.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn count(size: isize) {
    let held = HELD.get() + size;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
    LARGEST.set(LARGEST.get().max(size.max(0).unsigned_abs()));
}

#[allow(unsafe_code, reason = "an allocator is unsafe by nature")]
// SAFETY: every call is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(place, layout) }
    }

    // Large blocks grow by moving pages, not by copying.
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        LARGEST.set(LARGEST.get().max(size));
        // SAFETY: the caller's contract.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Octets held and octets at most in between, above what there was, and the
/// largest allocation.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, isize, isize, usize) {
    let before = HELD.get();
    PEAK.set(before);
    LARGEST.set(0);
    let result = work();
    (result, HELD.get() - before, PEAK.get() - before, LARGEST.get())
}

/// The processor's time that this takes: other processes do not count.
pub fn seconds(work: impl FnOnce()) -> f64 {
    let start = thread_time();
    work();
    thread_time() - start
}

#[allow(unsafe_code, reason = "the standard library has no such clock")]
fn thread_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid out-parameter.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The least of some runs: whatever else the machine does makes them longer.
pub fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}
