//! The C ABI as `include/wsabi.h` declares it, for those who call it from Rust
//! the way C calls it: `tests/ffi.rs` and the fuzz target `connection`.
#![allow(dead_code, unreachable_pub, reason = "each program uses its part")]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

pub type Status = i32;

pub const OK: Status = 0;
pub const ERR_NULL: Status = -1;
pub const ERR_ARGUMENT: Status = -2;
pub const ERR_STATE: Status = -3;
pub const ERR_LIMIT: Status = -4;
pub const ERR_UNSUPPORTED: Status = -6;
pub const ERR_NOT_FOUND: Status = -7;

pub const OPTION_MAX_MESSAGE_SIZE: u32 = 4;
pub const OPTION_MAX_OUTPUT: u32 = 7;
pub const OPTION_AUTO_ACCEPT: u32 = 8;
pub const OPTION_PLAIN_HTTP: u32 = 9;

pub const EVENT_REQUEST: i32 = 1;
pub const EVENT_OPEN: i32 = 2;
pub const EVENT_TEXT: i32 = 4;
pub const EVENT_BINARY: i32 = 5;
pub const EVENT_PING: i32 = 6;
pub const EVENT_PONG: i32 = 7;
pub const EVENT_CLOSE: i32 = 8;
pub const EVENT_FAILED: i32 = 9;
pub const EVENT_CLOSED: i32 = 10;
pub const EVENT_HTTP_REQUEST: i32 = 11;

pub const INTEREST_READ: u32 = 1;
pub const INTEREST_WRITE: u32 = 2;
pub const INTEREST_SHUTDOWN_WRITE: u32 = 4;
pub const INTEREST_CLOSE: u32 = 8;
pub const INTEREST_RECV: u32 = 16;

pub const STATE_CONNECTING: i32 = 0;
pub const STATE_OPEN: i32 = 1;
pub const STATE_CLOSING: i32 = 2;
pub const STATE_CLOSED: i32 = 3;

/// `wsabi_config`.
#[repr(C)]
pub struct RawConfig([u8; 0]);

/// `wsabi_conn`.
#[repr(C)]
pub struct RawConn([u8; 0]);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct OptionRow {
    pub struct_size: usize,
    pub name: *const c_char,
    pub unit: *const c_char,
    pub default_value: u64,
    pub minimum: u64,
    pub maximum: u64,
    pub option: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Event {
    pub kind: i32,
    pub flags: u16,
    pub code: u16,
    pub data: *const u8,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Iovec {
    pub base: *const c_void,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    pub data: *const u8,
    pub len: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Field {
    pub name: Slice,
    pub value: Slice,
}

#[repr(C)]
pub struct Response {
    pub struct_size: usize,
    pub status: u32,
    pub reserved: u32,
    pub headers: *const Field,
    pub header_count: usize,
    pub body: *const u8,
    pub body_len: usize,
}

unsafe extern "C" {
    pub fn wsabi_config_new(out: *mut *mut RawConfig) -> Status;
    pub fn wsabi_config_free(config: *mut RawConfig);
    pub fn wsabi_config_set(config: *mut RawConfig, option: u32, value: u64) -> Status;
    pub fn wsabi_config_get(config: *const RawConfig, option: u32, value: *mut u64) -> Status;
    pub fn wsabi_option_info(index: usize, row: *mut OptionRow) -> Status;
    pub fn wsabi_config_add_subprotocol(
        config: *mut RawConfig,
        name: *const c_char,
        len: usize,
    ) -> Status;

    pub fn wsabi_conn_new_server(config: *const RawConfig, out: *mut *mut RawConn) -> Status;
    pub fn wsabi_conn_free(conn: *mut RawConn);
    pub fn wsabi_conn_set_user_data(conn: *mut RawConn, user_data: *mut c_void) -> Status;
    pub fn wsabi_conn_user_data(conn: *const RawConn) -> *mut c_void;

    pub fn wsabi_conn_recv(
        conn: *mut RawConn,
        data: *mut u8,
        len: usize,
        consumed: *mut usize,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_recv_eof(
        conn: *mut RawConn,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;

    pub fn wsabi_conn_output(
        conn: *mut RawConn,
        runs: *mut Iovec,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_output_consumed(conn: *mut RawConn, len: usize) -> Status;
    pub fn wsabi_conn_output_size(conn: *const RawConn) -> usize;

    pub fn wsabi_conn_interest(conn: *mut RawConn) -> u32;
    pub fn wsabi_conn_state(conn: *const RawConn) -> i32;
    pub fn wsabi_conn_close_code(conn: *const RawConn) -> u16;
    pub fn wsabi_conn_failure(conn: *const RawConn) -> i32;
    pub fn wsabi_conn_subprotocol(conn: *const RawConn, name: *mut Slice) -> Status;

    pub fn wsabi_conn_send_text(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_send_binary(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_send_ping(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_send_pong(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_close(
        conn: *mut RawConn,
        code: u16,
        reason: *const c_void,
        len: usize,
    ) -> Status;

    pub fn wsabi_conn_head_method(conn: *const RawConn, method: *mut Slice) -> Status;
    pub fn wsabi_conn_head_target(conn: *const RawConn, target: *mut Slice) -> Status;
    pub fn wsabi_conn_head_find(
        conn: *const RawConn,
        name: *const c_char,
        len: usize,
        value: *mut Slice,
    ) -> Status;
    pub fn wsabi_conn_head_at(conn: *const RawConn, index: usize, header: *mut Field) -> Status;
    pub fn wsabi_conn_offered_subprotocol(
        conn: *const RawConn,
        index: usize,
        name: *mut Slice,
    ) -> Status;
    pub fn wsabi_conn_accept(
        conn: *mut RawConn,
        subprotocol: *const c_char,
        len: usize,
        response: *const Response,
    ) -> Status;
    pub fn wsabi_conn_reject(conn: *mut RawConn, response: *const Response) -> Status;
    pub fn wsabi_conn_redirect(
        conn: *mut RawConn,
        status: u32,
        location: *const c_char,
        len: usize,
    ) -> Status;

    pub fn wsabi_abi_version() -> u32;
    pub fn wsabi_version() -> *const c_char;
    pub fn wsabi_status_text(status: Status) -> *const c_char;
    pub fn wsabi_failure_text(failure: i32) -> *const c_char;
}

/// The functions that send a payload.
pub type SendFn = unsafe extern "C" fn(*mut RawConn, *const c_void, usize) -> Status;

/// Memory of the caller's, as C has it: exactly as long as it says, and reached
/// through one pointer. It is overwritten before it is freed, so that nobody
/// reads it later without being noticed.
pub struct Buffer(*mut [u8]);

impl Buffer {
    pub fn new(octets: &[u8]) -> Self {
        Self(Box::into_raw(Box::from(octets)))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn at(&self, offset: usize) -> *mut u8 {
        self.0.cast::<u8>().wrapping_add(offset)
    }

    pub fn slice(&self) -> Slice {
        Slice { data: self.at(0), len: self.len() }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box, and has not been freed.
        unsafe {
            self.at(0).write_bytes(0xa5, self.len());
            drop(Box::from_raw(self.0));
        }
    }
}

/// A config that is freed at the end of its scope.
pub struct Config(pub *mut RawConfig);

impl Config {
    pub fn new(options: &[(u32, u64)]) -> Self {
        let mut out = MaybeUninit::uninit();
        // SAFETY: a valid out-parameter, which a success wrote.
        let mut config = unsafe {
            assert_eq!(wsabi_config_new(out.as_mut_ptr()), OK);
            Self(out.assume_init())
        };
        for &(option, value) in options {
            assert_eq!(config.set(option, value), OK, "option {option}");
        }
        config
    }

    pub fn set(&mut self, option: u32, value: u64) -> Status {
        // SAFETY: the config lives, and no other call is under way.
        unsafe { wsabi_config_set(self.0, option, value) }
    }

    pub fn add_subprotocol(&mut self, name: &str) -> Status {
        let name = Buffer::new(name.as_bytes());
        // SAFETY: as above; the range lives during the call.
        unsafe { wsabi_config_add_subprotocol(self.0, name.at(0).cast(), name.len()) }
    }
}

// SAFETY: rule 3 of the header; the methods with `&self` are `const` functions.
unsafe impl Send for Config {}
// SAFETY: as above.
unsafe impl Sync for Config {}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { wsabi_config_free(self.0) }
    }
}

/// A connection that is freed at the end of its scope. Every argument is a copy
/// that is overwritten and freed after the call; every out-parameter is
/// uninitialised before it.
pub struct Conn(pub *mut RawConn);

impl Conn {
    pub fn server(config: Option<&Config>) -> Self {
        let mut out = MaybeUninit::uninit();
        // SAFETY: a valid out-parameter, which a success wrote.
        unsafe {
            let config = config.map_or(null(), |config| config.0.cast_const());
            assert_eq!(wsabi_conn_new_server(config, out.as_mut_ptr()), OK);
            Self(out.assume_init())
        }
    }

    /// Gives `input` from `offset` on; how many octets were used, and the events.
    pub fn recv(
        &mut self,
        input: &Buffer,
        offset: usize,
        cap: usize,
    ) -> Result<(usize, Vec<Event>), Status> {
        let mut consumed = MaybeUninit::uninit();
        let mut count = MaybeUninit::uninit();
        let mut events = Vec::with_capacity(cap);
        let (data, len) = (input.at(offset), input.len() - offset);
        // SAFETY: the ranges are as long as is said, and a success wrote to the
        // out-parameters and to `count` events.
        unsafe {
            let status = wsabi_conn_recv(
                self.0,
                if len == 0 { null_mut() } else { data },
                len,
                consumed.as_mut_ptr(),
                events.as_mut_ptr(),
                cap,
                count.as_mut_ptr(),
            );
            ok(status)?;
            events.set_len(count.assume_init());
            Ok((consumed.assume_init(), events))
        }
    }

    pub fn recv_eof(&mut self, cap: usize) -> Result<Vec<Event>, Status> {
        let mut events = Vec::with_capacity(cap);
        let mut count = MaybeUninit::uninit();
        // SAFETY: as above.
        unsafe {
            ok(wsabi_conn_recv_eof(self.0, events.as_mut_ptr(), cap, count.as_mut_ptr()))?;
            events.set_len(count.assume_init());
        }
        Ok(events)
    }

    /// The first runs of the output, as copies.
    pub fn output(&mut self, cap: usize) -> Vec<Vec<u8>> {
        let mut runs = Vec::with_capacity(cap);
        let mut count = MaybeUninit::uninit();
        // SAFETY: as above; the runs live until the next call.
        unsafe {
            let status = wsabi_conn_output(self.0, runs.as_mut_ptr(), cap, count.as_mut_ptr());
            assert_eq!(status, OK);
            runs.set_len(count.assume_init());
            runs.iter().map(|run: &Iovec| copy(run.base.cast(), run.len)).collect()
        }
    }

    pub fn output_consumed(&mut self, len: usize) -> Status {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_output_consumed(self.0, len) }
    }

    pub fn output_size(&self) -> usize {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_output_size(self.0) }
    }

    pub fn interest(&mut self) -> u32 {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_interest(self.0) }
    }

    pub fn state(&self) -> i32 {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_state(self.0) }
    }

    pub fn close_code(&self) -> u16 {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_close_code(self.0) }
    }

    pub fn failure(&self) -> i32 {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_failure(self.0) }
    }

    pub fn send(&mut self, send: SendFn, payload: &[u8]) -> Status {
        let payload = Buffer::new(payload);
        // SAFETY: the range lives during the call.
        unsafe { send(self.0, payload.at(0).cast(), payload.len()) }
    }

    /// Sends the payload of an event from where it lies.
    ///
    /// # Safety
    /// Nothing was called since that makes the payload invalid.
    pub unsafe fn send_back(&mut self, send: SendFn, event: &Event) -> Status {
        // SAFETY: the caller's contract.
        unsafe { send(self.0, event.data.cast(), event.len) }
    }

    pub fn close(&mut self, code: u16, reason: &[u8]) -> Status {
        let reason = Buffer::new(reason);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_conn_close(self.0, code, reason.at(0).cast(), reason.len()) }
    }

    // What is read stays where it is: see the header for how long.

    pub fn subprotocol(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_subprotocol(conn, out) })
    }

    pub fn head_method(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_method(conn, out) })
    }

    pub fn head_target(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_target(conn, out) })
    }

    pub fn head_find(&self, name: &[u8]) -> Result<Slice, Status> {
        let name = Buffer::new(name);
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe {
            wsabi_conn_head_find(conn, name.at(0).cast(), name.len(), out)
        })
    }

    pub fn head_at(&self, index: usize) -> Result<Field, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_at(conn, index, out) })
    }

    pub fn offered_subprotocol(&self, index: usize) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_offered_subprotocol(conn, index, out) })
    }

    pub fn accept(&mut self, subprotocol: Option<&[u8]>, answer: Option<&Answer>) -> Status {
        let name = subprotocol.map(Buffer::new);
        let (data, len) = name.as_ref().map_or((null_mut(), 0), |name| (name.at(0), name.len()));
        with_response(answer, |response| {
            // SAFETY: the ranges live during the call.
            unsafe { wsabi_conn_accept(self.0, data.cast(), len, response) }
        })
    }

    pub fn reject(&mut self, answer: &Answer) -> Status {
        with_response(Some(answer), |response| {
            // SAFETY: the ranges live during the call.
            unsafe { wsabi_conn_reject(self.0, response) }
        })
    }

    pub fn redirect(&mut self, status: u32, location: &[u8]) -> Status {
        let location = Buffer::new(location);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_conn_redirect(self.0, status, location.at(0).cast(), location.len()) }
    }

    /// Calls a function that has one out-parameter.
    fn look<T>(&self, read: impl FnOnce(*const RawConn, *mut T) -> Status) -> Result<T, Status> {
        let mut out = MaybeUninit::uninit();
        ok(read(self.0, out.as_mut_ptr()))?;
        // SAFETY: a success wrote it.
        Ok(unsafe { out.assume_init() })
    }
}

// SAFETY: rule 3 of the header; the methods with `&self` are `const` functions.
unsafe impl Send for Conn {}
// SAFETY: as above.
unsafe impl Sync for Conn {}

impl Drop for Conn {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { wsabi_conn_free(self.0) }
    }
}

/// What a `wsabi_response` says.
#[derive(Default)]
pub struct Answer<'a> {
    pub status: u32,
    pub headers: &'a [(&'a [u8], &'a [u8])],
    pub body: &'a [u8],
}

/// Lays an answer out as C does, for the time of a call.
fn with_response(answer: Option<&Answer>, call: impl FnOnce(*const Response) -> Status) -> Status {
    let Some(answer) = answer else { return call(null()) };
    let buffers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (Buffer::new(name), Buffer::new(value)))
        .collect();
    let fields: Vec<_> = buffers
        .iter()
        .map(|(name, value)| Field { name: name.slice(), value: value.slice() })
        .collect();
    let body = Buffer::new(answer.body);
    call(&Response {
        struct_size: size_of::<Response>(),
        status: answer.status,
        reserved: 0,
        headers: fields.as_ptr(),
        header_count: fields.len(),
        body: body.at(0),
        body_len: body.len(),
    })
}

/// A copy of octets that somebody else owns.
///
/// # Safety
/// The range is readable.
pub unsafe fn copy(data: *const u8, len: usize) -> Vec<u8> {
    // SAFETY: the caller's contract.
    unsafe { std::slice::from_raw_parts(data, len) }.to_vec()
}

fn ok(status: Status) -> Result<(), Status> {
    if status == OK { Ok(()) } else { Err(status) }
}
