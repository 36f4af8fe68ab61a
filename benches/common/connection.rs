//! Owners of the handles. Each method is one call of the ABI, or the loop
//! around it that `include/wsabi.h` asks a host for.

use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use crate::sys::{self, Event, Iovec, RawConfig, RawConnection, Status};

/// Events that the host takes per call of `wsabi_conn_recv`.
const EVENTS: usize = 64;

/// Runs of output that the host takes per call of `wsabi_conn_output`.
const RUNS: usize = 64;

/// A `wsabi_config` with the default of every option.
pub struct Config(*mut RawConfig);

impl Config {
    /// `wsabi_config_new`.
    pub fn new() -> Self {
        let mut raw = null_mut();
        // SAFETY: `raw` is a valid out-parameter.
        check(unsafe { sys::wsabi_config_new(&mut raw) });
        Self(raw)
    }

    /// `wsabi_config_set`, while no connection uses the config.
    pub fn set(&mut self, option: sys::Option, value: u64) {
        // SAFETY: the handle is ours.
        check(unsafe { sys::wsabi_config_set(self.0, option, value) });
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::wsabi_config_free(self.0) }
    }
}

/// A `wsabi_conn`, the server's side.
pub struct Connection(*mut RawConnection);

impl Connection {
    /// `wsabi_conn_new_server`.
    #[inline]
    pub fn new(config: &Config) -> Self {
        let mut raw = null_mut();
        // SAFETY: the config is alive; `raw` is a valid out-parameter.
        check(unsafe { sys::wsabi_conn_new_server(config.0, &mut raw) });
        Self(raw)
    }

    /// A connection after its opening handshake; the 101 goes to `write`.
    #[inline]
    pub fn open(config: &Config, request: &mut [u8], write: impl FnMut(&[u8])) -> Self {
        let mut connection = Self::new(config);
        connection.receive(request, |event| assert_eq!(event.event_type, sys::EVENT_REQUEST));
        connection.accept();
        connection.write_output(write);
        connection
    }

    /// `wsabi_conn_recv`, until every octet is consumed. The host may send
    /// while it handles an event: it gets the connection by
    /// [`Self::receive_and_reply`].
    #[inline]
    pub fn receive(&mut self, octets: &mut [u8], mut handle: impl FnMut(&Event)) {
        self.receive_and_reply(octets, |_, event| handle(event));
    }

    /// `wsabi_conn_recv`, until every octet is consumed, for a host that
    /// replies to events.
    #[inline]
    pub fn receive_and_reply(
        &mut self,
        mut octets: &mut [u8],
        mut handle: impl FnMut(&mut Self, &Event),
    ) {
        let mut events = [const { MaybeUninit::<Event>::uninit() }; EVENTS];
        while !octets.is_empty() {
            let (mut consumed, mut count) = (0, 0);
            // SAFETY: the ranges are valid and disjoint.
            check(unsafe {
                sys::wsabi_conn_recv(
                    self.0,
                    octets.as_mut_ptr(),
                    octets.len(),
                    &mut consumed,
                    events.as_mut_ptr().cast(),
                    EVENTS,
                    &mut count,
                )
            });
            assert!(consumed > 0 || count > 0, "no progress");
            for event in &events[..count] {
                // SAFETY: wsabi wrote the first `count` events.
                handle(self, unsafe { event.assume_init_ref() });
            }
            octets = &mut octets[consumed..];
        }
    }

    /// `wsabi_conn_recv_space`: memory to read into, which [`Self::commit`] takes;
    /// empty when there is none.
    #[inline]
    pub fn space(&mut self) -> &mut [MaybeUninit<u8>] {
        let (mut data, mut len) = (null_mut(), 0);
        // SAFETY: valid out-parameters; the range is ours until the next call.
        unsafe {
            check(sys::wsabi_conn_recv_space(self.0, &mut data, &mut len));
            if len == 0 { &mut [] } else { std::slice::from_raw_parts_mut(data.cast(), len) }
        }
    }

    /// `wsabi_conn_recv_commit`.
    ///
    /// # Safety
    /// The last call was [`Self::space`], and so many octets of it were written.
    #[inline]
    pub unsafe fn commit(&mut self, len: usize, mut handle: impl FnMut(&Event)) {
        let mut events = [const { MaybeUninit::<Event>::uninit() }; EVENTS];
        let mut count = 0;
        // SAFETY: the range is valid, and the caller's contract.
        check(unsafe {
            sys::wsabi_conn_recv_commit(
                self.0,
                len,
                events.as_mut_ptr().cast(),
                EVENTS,
                &mut count,
            )
        });
        for event in &events[..count] {
            // SAFETY: wsabi wrote the first `count` events.
            handle(unsafe { event.assume_init_ref() });
        }
    }

    /// `wsabi_conn_accept`, with nothing added.
    #[inline]
    pub fn accept(&mut self) {
        // SAFETY: an empty subprotocol and no response are allowed.
        check(unsafe { sys::wsabi_conn_accept(self.0, null(), 0, null()) });
    }

    /// `wsabi_conn_send_text`.
    #[inline]
    pub fn send_text(&mut self, text: &[u8]) {
        // SAFETY: the range is valid.
        check(unsafe { sys::wsabi_conn_send_text(self.0, text.as_ptr().cast(), text.len()) });
    }

    /// `wsabi_conn_send_binary`.
    #[inline]
    pub fn send_binary(&mut self, payload: &[u8]) {
        // SAFETY: the range is valid.
        check(unsafe {
            sys::wsabi_conn_send_binary(self.0, payload.as_ptr().cast(), payload.len())
        });
    }

    /// `wsabi_conn_output` and `_output_consumed`, until nothing waits: a host
    /// whose socket takes everything.
    #[inline]
    pub fn write_output(&mut self, mut write: impl FnMut(&[u8])) {
        let mut runs = [const { MaybeUninit::<Iovec>::uninit() }; RUNS];
        loop {
            let mut count = 0;
            // SAFETY: the range is valid.
            check(unsafe {
                sys::wsabi_conn_output(self.0, runs.as_mut_ptr().cast(), RUNS, &mut count)
            });
            if count == 0 {
                return;
            }
            let mut written = 0;
            for run in &runs[..count] {
                // SAFETY: wsabi wrote the first `count` runs.
                let octets = unsafe { run.assume_init_ref() }.octets();
                write(octets);
                written += octets.len();
            }
            // SAFETY: the handle is ours.
            check(unsafe { sys::wsabi_conn_output_consumed(self.0, written) });
        }
    }

    /// `wsabi_conn_interest`.
    #[inline]
    pub fn interest(&mut self) -> u32 {
        // SAFETY: the handle is ours.
        unsafe { sys::wsabi_conn_interest(self.0) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and not used again.
        unsafe { sys::wsabi_conn_free(self.0) }
    }
}

/// A status other than OK is a bug in the benchmark.
#[inline]
fn check(status: Status) {
    assert_eq!(status, sys::OK, "wsabi refused a call");
}
