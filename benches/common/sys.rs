//! Declarations, as in `include/wsabi.h`.

use std::ffi::{c_char, c_void};

/// `wsabi_config`, opaque.
#[repr(C)]
pub struct RawConfig {
    private: [u8; 0],
}

/// `wsabi_conn`, opaque.
#[repr(C)]
pub struct RawConnection {
    private: [u8; 0],
}

/// `wsabi_status`.
pub type Status = i32;

/// `WSABI_OK`.
pub const OK: Status = 0;

/// `WSABI_EVENT_REQUEST`.
pub const EVENT_REQUEST: i32 = 1;

/// `wsabi_option`, as far as the benchmarks set some.
#[repr(u32)]
#[derive(Clone, Copy, Debug)]
pub enum Option {
    /// `WSABI_OPTION_DEFLATE_LEVEL`.
    DeflateLevel = 18,
    /// `WSABI_OPTION_DEFLATE_MIN_SIZE`.
    DeflateMinSize = 20,
    /// `WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER`.
    ServerNoContextTakeover = 23,
    /// `WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER`.
    ClientNoContextTakeover = 24,
}

/// `wsabi_event`.
#[repr(C)]
pub struct Event {
    /// What happened.
    pub event_type: i32,
    /// `WSABI_FLAG_*`.
    pub flags: u16,
    /// Status code of a Close.
    pub code: u16,
    data: *const u8,
    len: usize,
}

impl Event {
    /// The payload, as long as rule 5 of the header keeps it.
    pub fn payload(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: wsabi lists `len` octets at `data`; the event is only lent
        // out while no other call is made on the connection.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// `wsabi_iovec`.
#[repr(C)]
pub struct Iovec {
    base: *const c_void,
    len: usize,
}

impl Iovec {
    /// The octets of the run, until the next call on the connection.
    pub fn octets(&self) -> &[u8] {
        // SAFETY: wsabi lists `len` octets at `base`, never an empty run; the
        // run is only lent out while no other call is made on the connection.
        unsafe { std::slice::from_raw_parts(self.base.cast(), self.len) }
    }
}

unsafe extern "C" {
    pub fn wsabi_config_new(out: *mut *mut RawConfig) -> Status;
    pub fn wsabi_config_free(config: *mut RawConfig);
    pub fn wsabi_config_set(config: *mut RawConfig, option: Option, value: u64) -> Status;

    pub fn wsabi_conn_new_server(config: *const RawConfig, out: *mut *mut RawConnection) -> Status;
    pub fn wsabi_conn_free(conn: *mut RawConnection);
    pub fn wsabi_conn_recv(
        conn: *mut RawConnection,
        data: *mut u8,
        len: usize,
        consumed: *mut usize,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_recv_space(
        conn: *mut RawConnection,
        data: *mut *mut u8,
        len: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_recv_commit(
        conn: *mut RawConnection,
        len: usize,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_output(
        conn: *mut RawConnection,
        runs: *mut Iovec,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_output_consumed(conn: *mut RawConnection, len: usize) -> Status;
    pub fn wsabi_conn_interest(conn: *mut RawConnection) -> u32;
    pub fn wsabi_conn_send_text(
        conn: *mut RawConnection,
        data: *const c_char,
        len: usize,
    ) -> Status;
    pub fn wsabi_conn_send_binary(
        conn: *mut RawConnection,
        data: *const c_void,
        len: usize,
    ) -> Status;
    pub fn wsabi_conn_accept(
        conn: *mut RawConnection,
        subprotocol: *const c_char,
        len: usize,
        response: *const c_void,
    ) -> Status;
}
