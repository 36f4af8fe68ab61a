//! Another Rust library in the same program, with the runtime of the same rustc:
//! it allocates, unwinds and catches.

/// The length of what it allocated, or -1 for `n` 0.
#[no_mangle]
pub extern "C" fn other_length(n: usize) -> isize {
    let caught = std::panic::catch_unwind(|| {
        if n == 0 {
            // A panic without its message.
            std::panic::resume_unwind(Box::new(n));
        }
        vec![0u8; n].len() as isize
    });
    caught.unwrap_or(-1)
}
