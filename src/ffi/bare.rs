//! What Rust needs from the platform where it has no standard library: memory is
//! C's, and a panic, which is a bug in wsabi, aborts the process. There it cannot
//! become `WSABI_ERR_INTERNAL`, since nothing unwinds.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

struct Malloc;

#[global_allocator]
static MALLOC: Malloc = Malloc;

/// C's own alignment, up to which `malloc` and `realloc` do.
const fn is_common(layout: Layout) -> bool {
    layout.align() <= align_of::<libc::max_align_t>()
}

// SAFETY: C's functions keep to the contract for what `is_common`, and
// posix_memalign for the rest; `free` takes the memory of both.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_common(layout) {
            // SAFETY: any size may be asked for.
            return unsafe { libc::malloc(layout.size()) }.cast();
        }
        let mut memory = core::ptr::null_mut();
        // SAFETY: the alignment is a power of two, and larger than a pointer's.
        match unsafe { libc::posix_memalign(&mut memory, layout.align(), layout.size()) } {
            0 => memory.cast(),
            _ => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the caller got it from here.
        unsafe { libc::free(memory.cast()) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_common(layout) {
            // SAFETY: the caller got it from `malloc`.
            return unsafe { libc::realloc(memory.cast(), size) }.cast();
        }
        // SAFETY: the caller's contract: the size is right for this alignment.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both are as large as the smaller of them, and apart.
            unsafe {
                core::ptr::copy_nonoverlapping(memory, new, layout.size().min(size));
                self.dealloc(memory, layout);
            }
        }
        new
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing and does not return.
    unsafe { libc::abort() }
}

// `core` comes built for unwinding and names these two. Nothing unwinds, so nothing
// calls them; in the archive that `make bare` leaves they are local.

/// cbindgen:ignore
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// cbindgen:ignore
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: it takes nothing and does not return.
    unsafe { libc::abort() }
}
