//! Ctrl-C. The only place outside the C ABI with `unsafe`: the standard library
//! knows no signals.
#![allow(unsafe_code, reason = "signals are had from libc alone")]

/// Acts on the first SIGINT or SIGTERM; a second one ends the process, as it does
/// without this. Call it before there are other threads.
#[cfg(unix)]
pub(super) fn on_interrupt(act: impl FnOnce() + Send + 'static) {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;
    use std::thread;

    let mut signals = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set; the others read it. Threads made from
    // here on inherit the mask, so that a signal waits for the thread below.
    let signals = unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        let mut signals: libc::sigset_t = signals.assume_init();
        libc::sigaddset(&raw mut signals, libc::SIGINT);
        libc::sigaddset(&raw mut signals, libc::SIGTERM);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals, null_mut());
        signals
    };
    thread::spawn(move || {
        let mut number = 0;
        // SAFETY: sigwait reads the set and writes the number.
        unsafe { libc::sigwait(&raw const signals, &raw mut number) };
        act();
        // SAFETY: as before; then the signal meets a thread that lets it through.
        unsafe {
            libc::sigwait(&raw const signals, &raw mut number);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const signals, null_mut());
            libc::raise(number);
        }
    });
}

/// Elsewhere an interruption ends the process.
#[cfg(not(unix))]
pub(super) fn on_interrupt(_: impl FnOnce() + Send + 'static) {}
