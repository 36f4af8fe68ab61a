//! The C ABI as `include/wsabi.h` declares it, for those who call it from Rust
//! the way C calls it: `tests/ffi.rs` and the fuzz targets.
#![allow(dead_code, unreachable_pub, reason = "each program uses its part")]

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub type Status = i32;

pub const OK: Status = 0;
pub const ERR_NULL: Status = -1;
pub const ERR_ARGUMENT: Status = -2;
pub const ERR_STATE: Status = -3;
pub const ERR_LIMIT: Status = -4;
pub const ERR_MEMORY: Status = -5;
pub const ERR_UNSUPPORTED: Status = -6;
pub const ERR_NOT_FOUND: Status = -7;

pub const OPTION_MAX_HEAD_SIZE: u32 = 1;
pub const OPTION_MAX_MESSAGE_SIZE: u32 = 4;
pub const OPTION_OUTPUT_HIGH_MARK: u32 = 6;
pub const OPTION_MAX_OUTPUT: u32 = 7;
pub const OPTION_AUTO_ACCEPT: u32 = 8;
pub const OPTION_PLAIN_HTTP: u32 = 9;
pub const OPTION_SUBPROTOCOL_PREFERENCE: u32 = 10;
pub const OPTION_SUBPROTOCOL_ABSENT: u32 = 11;
pub const OPTION_SUBPROTOCOL_MISMATCH: u32 = 12;
pub const OPTION_SUBPROTOCOL_REJECT_STATUS: u32 = 13;
pub const OPTION_SUBPROTOCOL_CLOSE_CODE: u32 = 14;
pub const OPTION_ALLOW_SAME_HOST: u32 = 15;
pub const OPTION_MAX_REJECTION_BODY: u32 = 16;
pub const OPTION_DEFLATE: u32 = 17;
pub const OPTION_DEFLATE_MEMORY_LEVEL: u32 = 19;
pub const OPTION_DEFLATE_MIN_SIZE: u32 = 20;
pub const OPTION_SERVER_MAX_WINDOW_BITS: u32 = 21;
pub const OPTION_SERVER_NO_CONTEXT_TAKEOVER: u32 = 23;
pub const OPTION_CLIENT_NO_CONTEXT_TAKEOVER: u32 = 24;
pub const OPTION_OPENING_TIMEOUT: u32 = 25;
pub const OPTION_CLOSING_TIMEOUT: u32 = 26;
pub const OPTION_PING_INTERVAL: u32 = 27;
pub const OPTION_PONG_TIMEOUT: u32 = 28;
pub const OPTION_IDLE_TIMEOUT: u32 = 29;
pub const OPTION_OUTPUT_LOW_MARK: u32 = 30;
pub const OPTION_MESSAGE_PIECES: u32 = 31;
pub const OPTION_COUNTERS: u32 = 32;
pub const OPTION_MAX_CONNECTIONS: u32 = 33;
pub const OPTION_READ_SIZE: u32 = 35;

pub const POLICY_REJECT: u64 = 1;
pub const POLICY_CLOSE: u64 = 2;

pub const HTTP_1_0: u32 = 10;
pub const HTTP_1_1: u32 = 11;
pub const HTTP_2: u32 = 20;
pub const HTTP_3: u32 = 30;

pub const ROLE_SERVER: u32 = 0;
pub const ROLE_CLIENT: u32 = 1;

pub const EVENT_REQUEST: i32 = 1;
pub const EVENT_OPEN: i32 = 2;
pub const EVENT_REJECTED: i32 = 3;
pub const EVENT_TEXT: i32 = 4;
pub const EVENT_BINARY: i32 = 5;
pub const EVENT_PING: i32 = 6;
pub const EVENT_PONG: i32 = 7;
pub const EVENT_CLOSE: i32 = 8;
pub const EVENT_FAILED: i32 = 9;
pub const EVENT_CLOSED: i32 = 10;
pub const EVENT_HTTP_REQUEST: i32 = 11;
pub const EVENT_DRAINED: i32 = 12;

pub const FLAG_COMPRESSED: u16 = 1;
pub const FLAG_FIRST: u16 = 2;
pub const FLAG_LAST: u16 = 4;

pub const MESSAGE_TEXT: u32 = 1;
pub const MESSAGE_BINARY: u32 = 2;

pub const SEND_MORE: u32 = 1;
pub const SEND_COMPRESSED: u32 = 2;
pub const SEND_UNCOMPRESSED: u32 = 4;

pub const INFO_OCTETS_RECEIVED: u32 = 1;
pub const INFO_OCTETS_SENT: u32 = 2;
pub const INFO_FRAMES_RECEIVED: u32 = 3;
pub const INFO_FRAMES_SENT: u32 = 4;
pub const INFO_MESSAGES_RECEIVED: u32 = 5;
pub const INFO_MESSAGES_SENT: u32 = 6;
pub const INFO_PINGS_RECEIVED: u32 = 7;
pub const INFO_PINGS_SENT: u32 = 8;
pub const INFO_COMPRESSED_RECEIVED: u32 = 9;
pub const INFO_COMPRESSED_SENT: u32 = 10;
pub const INFO_ROUND_TRIP: u32 = 11;
pub const INFO_DEFLATE: u32 = 12;
pub const INFO_DEFLATE_WINDOW_BITS: u32 = 13;
pub const INFO_DEFLATE_TAKEOVER: u32 = 14;
pub const INFO_DEFLATE_PEER_TAKEOVER: u32 = 15;

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

/// `wsabi_explanation`.
#[repr(C)]
pub struct RawExplanation([u8; 0]);

/// `wsabi_prepared`.
#[repr(C)]
pub struct RawPrepared([u8; 0]);

/// `wsabi_release_fn`.
pub type ReleaseFn = extern "C" fn(*mut c_void);

/// `wsabi_trace_fn`.
pub type TraceFn = extern "C" fn(*mut c_void, *const c_char, usize);

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

#[repr(C)]
pub struct ClientRequest {
    pub struct_size: usize,
    pub host: Slice,
    pub target: Slice,
    pub origin: Slice,
    pub headers: *const Field,
    pub header_count: usize,
}

#[repr(C)]
pub struct Request {
    pub struct_size: usize,
    pub version: u32,
    pub reserved: u32,
    pub method: Slice,
    pub target: Slice,
    pub authority: Slice,
    pub protocol: Slice,
    pub headers: *const Field,
    pub header_count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Finding {
    pub struct_size: usize,
    pub offending: Slice,
    pub section: Slice,
    pub rule: Slice,
    pub detail: Slice,
    pub peers: Slice,
    pub remedy: Slice,
    pub index: usize,
    pub line: usize,
    pub offset: usize,
    pub kind: i32,
    pub severity: i32,
    pub place: i32,
    pub reserved: u32,
}

impl Slice {
    pub const EMPTY: Self = Self { data: null(), len: 0 };
}

impl Response {
    /// `WSABI_RESPONSE_INIT`.
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        status: 0,
        reserved: 0,
        headers: null(),
        header_count: 0,
        body: null(),
        body_len: 0,
    };
}

impl ClientRequest {
    /// `WSABI_CLIENT_REQUEST_INIT`.
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        host: Slice::EMPTY,
        target: Slice::EMPTY,
        origin: Slice::EMPTY,
        headers: null(),
        header_count: 0,
    };
}

impl Request {
    /// `WSABI_REQUEST_INIT`.
    pub const INIT: Self = Self {
        struct_size: size_of::<Self>(),
        version: HTTP_1_1,
        reserved: 0,
        method: Slice::EMPTY,
        target: Slice::EMPTY,
        authority: Slice::EMPTY,
        protocol: Slice::EMPTY,
        headers: null(),
        header_count: 0,
    };
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
    pub fn wsabi_config_add_origin(
        config: *mut RawConfig,
        origin: *const c_char,
        len: usize,
    ) -> Status;
    pub fn wsabi_config_add_resource(
        config: *mut RawConfig,
        path: *const c_char,
        len: usize,
    ) -> Status;
    pub fn wsabi_config_set_close_reason(
        config: *mut RawConfig,
        reason: *const c_char,
        len: usize,
    ) -> Status;

    pub fn wsabi_conn_new_server(config: *const RawConfig, out: *mut *mut RawConn) -> Status;
    pub fn wsabi_conn_new_client(
        config: *const RawConfig,
        request: *const ClientRequest,
        out: *mut *mut RawConn,
    ) -> Status;
    pub fn wsabi_conn_new_open(
        config: *const RawConfig,
        role: u32,
        subprotocol: *const c_char,
        len: usize,
        out: *mut *mut RawConn,
    ) -> Status;
    pub fn wsabi_conn_reset(conn: *mut RawConn, request: *const ClientRequest) -> Status;
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

    pub fn wsabi_conn_recv_space(conn: *mut RawConn, data: *mut *mut u8, len: *mut usize)
    -> Status;
    pub fn wsabi_conn_recv_commit(
        conn: *mut RawConn,
        len: usize,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_take(
        conn: *mut RawConn,
        event: *const Event,
        owner: *mut *mut c_void,
    ) -> Status;
    pub fn wsabi_release(owner: *mut c_void);

    pub fn wsabi_conn_output(
        conn: *mut RawConn,
        runs: *mut Iovec,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_output_consumed(conn: *mut RawConn, len: usize) -> Status;
    pub fn wsabi_conn_output_size(conn: *const RawConn) -> usize;

    pub fn wsabi_conn_interest(conn: *mut RawConn) -> u32;
    pub fn wsabi_conn_deadline(conn: *const RawConn) -> u64;
    pub fn wsabi_conn_handle_timeout(
        conn: *mut RawConn,
        now_ms: u64,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_state(conn: *const RawConn) -> i32;
    pub fn wsabi_conn_close_code(conn: *const RawConn) -> u16;
    pub fn wsabi_conn_failure(conn: *const RawConn) -> i32;
    pub fn wsabi_conn_subprotocol(conn: *const RawConn, name: *mut Slice) -> Status;

    pub fn wsabi_conn_info(conn: *const RawConn, info: u32, value: *mut u64) -> Status;
    pub fn wsabi_conn_set_trace(
        conn: *mut RawConn,
        trace: Option<TraceFn>,
        context: *mut c_void,
    ) -> Status;

    pub fn wsabi_conn_send_text(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_send_binary(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_send(
        conn: *mut RawConn,
        kind: u32,
        data: *const c_void,
        len: usize,
        flags: u32,
    ) -> Status;
    pub fn wsabi_conn_send_borrowed(
        conn: *mut RawConn,
        kind: u32,
        data: *const c_void,
        len: usize,
        flags: u32,
        release: Option<ReleaseFn>,
        context: *mut c_void,
    ) -> Status;
    pub fn wsabi_conn_send_ping(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_send_pong(conn: *mut RawConn, data: *const c_void, len: usize) -> Status;
    pub fn wsabi_conn_close(
        conn: *mut RawConn,
        code: u16,
        reason: *const c_void,
        len: usize,
    ) -> Status;

    pub fn wsabi_prepared_new(
        config: *const RawConfig,
        kind: u32,
        data: *const c_void,
        len: usize,
        out: *mut *mut RawPrepared,
    ) -> Status;
    pub fn wsabi_prepared_free(prepared: *mut RawPrepared);
    pub fn wsabi_conn_send_prepared(conn: *mut RawConn, prepared: *const RawPrepared) -> Status;

    pub fn wsabi_conn_recv_request(
        conn: *mut RawConn,
        request: *const Request,
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_head_method(conn: *const RawConn, method: *mut Slice) -> Status;
    pub fn wsabi_conn_head_target(conn: *const RawConn, target: *mut Slice) -> Status;
    pub fn wsabi_conn_head_path(conn: *const RawConn, path: *mut Slice) -> Status;
    pub fn wsabi_conn_head_query(conn: *const RawConn, query: *mut Slice) -> Status;
    pub fn wsabi_conn_head_query_parameter(
        conn: *const RawConn,
        name: *const c_char,
        len: usize,
        buffer: *mut u8,
        cap: usize,
        value_len: *mut usize,
    ) -> Status;
    pub fn wsabi_conn_head_host(conn: *const RawConn, host: *mut Slice) -> Status;
    pub fn wsabi_conn_head_origin(conn: *const RawConn, origin: *mut Slice) -> Status;
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
    pub fn wsabi_conn_decline_deflate(conn: *mut RawConn) -> Status;
    pub fn wsabi_conn_accept(
        conn: *mut RawConn,
        subprotocol: *const c_char,
        len: usize,
        response: *const Response,
    ) -> Status;
    pub fn wsabi_conn_accept_by(
        conn: *mut RawConn,
        policy: *const RawConfig,
        response: *const Response,
    ) -> Status;
    pub fn wsabi_conn_accept_then_close(
        conn: *mut RawConn,
        code: u16,
        reason: *const c_void,
        len: usize,
    ) -> Status;
    pub fn wsabi_conn_reject(conn: *mut RawConn, response: *const Response) -> Status;
    pub fn wsabi_conn_redirect(
        conn: *mut RawConn,
        status: u32,
        location: *const c_char,
        len: usize,
    ) -> Status;
    pub fn wsabi_conn_respond(
        conn: *mut RawConn,
        status: u32,
        content_type: *const c_char,
        content_type_len: usize,
        body: *const c_void,
        len: usize,
    ) -> Status;
    pub fn wsabi_conn_challenge(conn: *mut RawConn, challenge: *const c_char, len: usize)
    -> Status;
    pub fn wsabi_conn_response_status(conn: *const RawConn, status: *mut u32) -> Status;
    pub fn wsabi_conn_response_header(
        conn: *const RawConn,
        index: usize,
        header: *mut Field,
    ) -> Status;
    pub fn wsabi_conn_response_body(conn: *const RawConn, body: *mut Slice) -> Status;

    pub fn wsabi_explain(
        capture: *const c_void,
        len: usize,
        out: *mut *mut RawExplanation,
    ) -> Status;
    pub fn wsabi_explain_frames(
        capture: *const c_void,
        len: usize,
        out: *mut *mut RawExplanation,
    ) -> Status;
    pub fn wsabi_explanation_free(explanation: *mut RawExplanation);
    pub fn wsabi_explanation_count(explanation: *const RawExplanation) -> usize;
    pub fn wsabi_explanation_at(
        explanation: *const RawExplanation,
        index: usize,
        finding: *mut Finding,
    ) -> Status;

    pub fn wsabi_abi_version() -> u32;
    pub fn wsabi_version() -> *const c_char;
    pub fn wsabi_status_text(status: Status) -> *const c_char;
    pub fn wsabi_failure_text(failure: i32) -> *const c_char;
}

/// The functions that send a payload.
pub type SendFn = unsafe extern "C" fn(*mut RawConn, *const c_void, usize) -> Status;

/// The functions that give a config a text.
pub type ConfigFn = unsafe extern "C" fn(*mut RawConfig, *const c_char, usize) -> Status;

/// The functions that explain a capture.
pub type ExplainFn = unsafe extern "C" fn(*const c_void, usize, *mut *mut RawExplanation) -> Status;

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
        self.give(wsabi_config_add_subprotocol, name.as_bytes())
    }

    pub fn give(&mut self, give: ConfigFn, text: &[u8]) -> Status {
        let text = Buffer::new(text);
        // SAFETY: as above; the range lives during the call.
        unsafe { give(self.0, text.at(0).cast(), text.len()) }
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
        // SAFETY: a config that lives, and a valid out-parameter.
        Self::new(|out| unsafe { wsabi_conn_new_server(raw(config), out) }).unwrap()
    }

    pub fn client(config: Option<&Config>, ask: &Ask) -> Result<Self, Status> {
        with_request(ask, |request| {
            // SAFETY: as above; the ranges live during the call.
            Self::new(|out| unsafe { wsabi_conn_new_client(raw(config), request, out) })
        })
    }

    pub fn open(
        config: Option<&Config>,
        role: u32,
        subprotocol: Option<&[u8]>,
    ) -> Result<Self, Status> {
        let name = subprotocol.map(Buffer::new);
        let (data, len) = name.as_ref().map_or((null_mut(), 0), |name| (name.at(0), name.len()));
        // SAFETY: as above; the range lives during the call.
        Self::new(|out| unsafe { wsabi_conn_new_open(raw(config), role, data.cast(), len, out) })
    }

    fn new(make: impl FnOnce(*mut *mut RawConn) -> Status) -> Result<Self, Status> {
        let mut out = MaybeUninit::uninit();
        ok(make(out.as_mut_ptr()))?;
        // SAFETY: a success wrote it.
        Ok(Self(unsafe { out.assume_init() }))
    }

    /// Makes it as new; a client's with what it asks for.
    pub fn reset(&mut self, ask: Option<&Ask>) -> Status {
        match ask {
            // SAFETY: a connection that lives.
            None => unsafe { wsabi_conn_reset(self.0, null()) },
            // SAFETY: as above; the ranges live during the call.
            Some(ask) => with_request(ask, |request| unsafe { wsabi_conn_reset(self.0, request) }),
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
        // SAFETY: valid out-parameters, during the call.
        self.list(cap, |conn, events, count| unsafe {
            wsabi_conn_recv_eof(conn, events, cap, count)
        })
    }

    /// The memory that is offered for octets of the peer, which are not
    /// initialised.
    pub fn recv_space(&mut self) -> (*mut u8, usize) {
        let (mut data, mut len) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: valid out-parameters, which a success wrote.
        unsafe {
            let status = wsabi_conn_recv_space(self.0, data.as_mut_ptr(), len.as_mut_ptr());
            assert_eq!(status, OK);
            (data.assume_init(), len.assume_init())
        }
    }

    /// Tells that `len` octets were written there.
    ///
    /// # Safety
    /// They were, unless `len` is more than was offered or nothing is any more.
    pub unsafe fn recv_commit(&mut self, len: usize, cap: usize) -> Result<Vec<Event>, Status> {
        // SAFETY: valid out-parameters, during the call; the caller's contract.
        self.list(cap, |conn, events, count| unsafe {
            wsabi_conn_recv_commit(conn, len, events, cap, count)
        })
    }

    pub fn handle_timeout(&mut self, now: u64, cap: usize) -> Result<Vec<Event>, Status> {
        // SAFETY: valid out-parameters, during the call.
        self.list(cap, |conn, events, count| unsafe {
            wsabi_conn_handle_timeout(conn, now, events, cap, count)
        })
    }

    /// Takes the payload of a message.
    pub fn take(&mut self, event: &Event) -> Result<Taken, Status> {
        let mut owner = MaybeUninit::uninit();
        // SAFETY: a valid out-parameter, which a success wrote.
        unsafe {
            ok(wsabi_conn_take(self.0, event, owner.as_mut_ptr()))?;
            Ok(Taken(owner.assume_init()))
        }
    }

    /// Takes a request that a host parsed.
    pub fn recv_request(&mut self, parts: &Parts, cap: usize) -> Result<Vec<Event>, Status> {
        let [method, target, authority, protocol] =
            [parts.method, parts.target, parts.authority, parts.protocol].map(Buffer::new);
        let mut events = Vec::with_capacity(cap);
        let mut count = MaybeUninit::uninit();
        with_fields(parts.headers, |headers, header_count| {
            let request = Request {
                version: parts.version,
                method: method.slice(),
                target: target.slice(),
                authority: authority.slice(),
                protocol: protocol.slice(),
                headers,
                header_count,
                ..Request::INIT
            };
            let (events, count) = (events.as_mut_ptr(), count.as_mut_ptr());
            // SAFETY: as above; the ranges live during the call.
            ok(unsafe { wsabi_conn_recv_request(self.0, &request, events, cap, count) })
        })?;
        // SAFETY: a success wrote the count, and so many events.
        unsafe { events.set_len(count.assume_init()) };
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

    pub fn deadline(&self) -> u64 {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_deadline(self.0) }
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

    /// Sends a message or a fragment, of whatever type and with whatever flags.
    pub fn send_as(&mut self, kind: u32, payload: &[u8], flags: u32) -> Status {
        let payload = Buffer::new(payload);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_conn_send(self.0, kind, payload.at(0).cast(), payload.len(), flags) }
    }

    /// As above, without a copy. What was lent is overwritten and freed inside the
    /// call that gives it back, or here when it was not taken.
    pub fn send_lent(&mut self, kind: u32, payload: &[u8], flags: u32, lender: &Lender) -> Status {
        let loan = Box::new((Buffer::new(payload), lender.clone()));
        let (data, len) = (loan.0.at(0).cast(), loan.0.len());
        let context = Box::into_raw(loan);
        lender.0.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the range lives until it is given back.
        let status = unsafe {
            let release = Some(give_back as ReleaseFn);
            wsabi_conn_send_borrowed(self.0, kind, data, len, flags, release, context.cast())
        };
        if status != OK {
            give_back(context.cast());
        }
        status
    }

    /// As above, a payload that was taken. It is given to the caller again when it
    /// was not sent.
    ///
    /// # Safety
    /// The event is that of the payload.
    pub unsafe fn send_taken(
        &mut self,
        taken: Taken,
        event: &Event,
    ) -> Result<(), (Status, Taken)> {
        // SAFETY: the payload lives until it is released.
        let status = unsafe {
            let (data, release) = (event.data.cast(), Some(wsabi_release_fn as ReleaseFn));
            wsabi_conn_send_borrowed(self.0, MESSAGE_BINARY, data, event.len, 0, release, taken.0)
        };
        if status != OK {
            return Err((status, taken));
        }
        std::mem::forget(taken);
        Ok(())
    }

    pub fn send_prepared(&mut self, prepared: &Prepared) -> Status {
        // SAFETY: both live.
        unsafe { wsabi_conn_send_prepared(self.0, prepared.0) }
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

    pub fn info(&self, info: u32) -> Result<u64, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_info(conn, info, out) })
    }

    /// # Safety
    /// The context is one for `trace` as long as the connection lives, or until
    /// another trace or a reset.
    pub unsafe fn set_trace(&mut self, trace: Option<TraceFn>, context: *mut c_void) -> Status {
        // SAFETY: a connection that lives; the caller's contract.
        unsafe { wsabi_conn_set_trace(self.0, trace, context) }
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

    pub fn head_path(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_path(conn, out) })
    }

    pub fn head_query(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_query(conn, out) })
    }

    /// The first `cap` octets of a query parameter, and the length of all of it.
    pub fn head_query_parameter(
        &self,
        name: &[u8],
        cap: usize,
    ) -> Result<(Vec<u8>, usize), Status> {
        let name = Buffer::new(name);
        let mut value = Vec::with_capacity(cap);
        let (buffer, cap) = (value.as_mut_ptr(), value.capacity().min(cap));
        // SAFETY: valid pointers, during the call.
        let len = self.look(|conn, out| unsafe {
            let (name, len) = (name.at(0).cast(), name.len());
            wsabi_conn_head_query_parameter(conn, name, len, buffer, cap, out)
        })?;
        // SAFETY: a success wrote as much of the value as there is room for.
        unsafe { value.set_len(len.min(cap)) };
        Ok((value, len))
    }

    pub fn head_host(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_host(conn, out) })
    }

    pub fn head_origin(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_head_origin(conn, out) })
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

    pub fn response_status(&self) -> Result<u32, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_response_status(conn, out) })
    }

    pub fn response_header(&self, index: usize) -> Result<Field, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_response_header(conn, index, out) })
    }

    pub fn response_body(&self) -> Result<Slice, Status> {
        // SAFETY: valid pointers, during the call.
        self.look(|conn, out| unsafe { wsabi_conn_response_body(conn, out) })
    }

    // Decisions.

    pub fn decline_deflate(&mut self) -> Status {
        // SAFETY: a connection that lives.
        unsafe { wsabi_conn_decline_deflate(self.0) }
    }

    pub fn accept(&mut self, subprotocol: Option<&[u8]>, answer: Option<&Answer>) -> Status {
        let name = subprotocol.map(Buffer::new);
        let (data, len) = name.as_ref().map_or((null_mut(), 0), |name| (name.at(0), name.len()));
        with_response(answer, |response| {
            // SAFETY: the ranges live during the call.
            unsafe { wsabi_conn_accept(self.0, data.cast(), len, response) }
        })
    }

    pub fn accept_by(&mut self, policy: &Config, answer: Option<&Answer>) -> Status {
        with_response(answer, |response| {
            // SAFETY: the policy lives; the ranges live during the call.
            unsafe { wsabi_conn_accept_by(self.0, policy.0, response) }
        })
    }

    pub fn accept_then_close(&mut self, code: u16, reason: &[u8]) -> Status {
        let reason = Buffer::new(reason);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_conn_accept_then_close(self.0, code, reason.at(0).cast(), reason.len()) }
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

    pub fn respond(&mut self, status: u32, content_type: &[u8], body: &[u8]) -> Status {
        let (content_type, body) = (Buffer::new(content_type), Buffer::new(body));
        let (at, len) = (content_type.at(0).cast(), content_type.len());
        // SAFETY: the ranges live during the call.
        unsafe { wsabi_conn_respond(self.0, status, at, len, body.at(0).cast(), body.len()) }
    }

    pub fn challenge(&mut self, challenge: &[u8]) -> Status {
        let challenge = Buffer::new(challenge);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_conn_challenge(self.0, challenge.at(0).cast(), challenge.len()) }
    }

    /// Calls a function that lists events.
    fn list(
        &mut self,
        cap: usize,
        call: impl FnOnce(*mut RawConn, *mut Event, *mut usize) -> Status,
    ) -> Result<Vec<Event>, Status> {
        let mut events = Vec::with_capacity(cap);
        let mut count = MaybeUninit::uninit();
        ok(call(self.0, events.as_mut_ptr(), count.as_mut_ptr()))?;
        // SAFETY: a success wrote the count, and so many events.
        unsafe { events.set_len(count.assume_init()) };
        Ok(events)
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

/// Who lends payloads, and how many were not given back.
#[derive(Clone, Default)]
pub struct Lender(Arc<AtomicUsize>);

impl Lender {
    /// Payloads that are lent.
    pub fn lent(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A `wsabi_release_fn` for [`Conn::send_lent`].
extern "C" fn give_back(context: *mut c_void) {
    // SAFETY: `send_lent` made it, and it is given once.
    let loan = unsafe { Box::from_raw(context.cast::<(Buffer, Lender)>()) };
    let (payload, lender) = *loan;
    // Overwritten and freed while the call on the connection goes on.
    drop(payload);
    lender.0.fetch_sub(1, Ordering::Relaxed);
}

/// A payload that was taken away from a connection, released at the end of its
/// scope.
pub struct Taken(pub *mut c_void);

impl Drop for Taken {
    fn drop(&mut self) {
        // SAFETY: it is released once.
        unsafe { wsabi_release(self.0) }
    }
}

/// `wsabi_release` as Rust has the type of a callback.
extern "C" fn wsabi_release_fn(owner: *mut c_void) {
    // SAFETY: the contract of who gives it to C.
    unsafe { wsabi_release(owner) }
}

/// A prepared message that is freed at the end of its scope.
pub struct Prepared(pub *mut RawPrepared);

impl Prepared {
    pub fn new(config: Option<&Config>, kind: u32, payload: &[u8]) -> Result<Self, Status> {
        let payload = Buffer::new(payload);
        let mut out = MaybeUninit::uninit();
        // SAFETY: the range lives during the call, and a success wrote `out`.
        unsafe {
            let (data, len) = (payload.at(0).cast(), payload.len());
            ok(wsabi_prepared_new(raw(config), kind, data, len, out.as_mut_ptr()))?;
            Ok(Self(out.assume_init()))
        }
    }
}

// SAFETY: rule 3 of the header; it is only given to calls that take it as `const`.
unsafe impl Send for Prepared {}
// SAFETY: as above.
unsafe impl Sync for Prepared {}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { wsabi_prepared_free(self.0) }
    }
}

/// An explanation that is freed at the end of its scope.
pub struct Explanation(pub *mut RawExplanation);

impl Explanation {
    pub fn new(explain: ExplainFn, capture: &[u8]) -> Self {
        let capture = Buffer::new(capture);
        let mut out = MaybeUninit::uninit();
        // SAFETY: the range lives during the call, and a success wrote `out`.
        unsafe {
            assert_eq!(explain(capture.at(0).cast(), capture.len(), out.as_mut_ptr()), OK);
            Self(out.assume_init())
        }
    }

    pub fn count(&self) -> usize {
        // SAFETY: an explanation that lives.
        unsafe { wsabi_explanation_count(self.0) }
    }

    /// Reads a finding; of the struct only its size is initialised before.
    pub fn at(&self, index: usize, struct_size: usize) -> Result<Finding, Status> {
        let mut finding = MaybeUninit::<Finding>::uninit();
        // SAFETY: valid pointers, during the call; a success wrote the struct.
        unsafe {
            (&raw mut (*finding.as_mut_ptr()).struct_size).write(struct_size);
            ok(wsabi_explanation_at(self.0, index, finding.as_mut_ptr()))?;
            Ok(finding.assume_init())
        }
    }
}

// SAFETY: as above; an explanation is immutable.
unsafe impl Send for Explanation {}
// SAFETY: as above.
unsafe impl Sync for Explanation {}

impl Drop for Explanation {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { wsabi_explanation_free(self.0) }
    }
}

/// Name and value of header fields.
pub type Headers<'a> = &'a [(&'a [u8], &'a [u8])];

/// What a `wsabi_response` says.
#[derive(Default)]
pub struct Answer<'a> {
    pub status: u32,
    pub headers: Headers<'a>,
    pub body: &'a [u8],
}

/// What a `wsabi_client_request` says.
#[derive(Clone, Default)]
pub struct Ask<'a> {
    pub host: &'a [u8],
    pub target: &'a [u8],
    pub origin: &'a [u8],
    pub headers: Headers<'a>,
}

/// What a `wsabi_request` says.
#[derive(Clone, Default)]
pub struct Parts<'a> {
    pub version: u32,
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub authority: &'a [u8],
    pub protocol: &'a [u8],
    pub headers: Headers<'a>,
}

/// Lays a client's request out as C does, for the time of a call.
fn with_request<T>(ask: &Ask, call: impl FnOnce(&ClientRequest) -> T) -> T {
    let [host, target, origin] = [ask.host, ask.target, ask.origin].map(Buffer::new);
    with_fields(ask.headers, |headers, header_count| {
        call(&ClientRequest {
            host: host.slice(),
            target: target.slice(),
            origin: origin.slice(),
            headers,
            header_count,
            ..ClientRequest::INIT
        })
    })
}

/// Lays an answer out as C does, for the time of a call.
fn with_response(answer: Option<&Answer>, call: impl FnOnce(*const Response) -> Status) -> Status {
    let Some(answer) = answer else { return call(null()) };
    let body = Buffer::new(answer.body);
    with_fields(answer.headers, |headers, header_count| {
        call(&Response {
            status: answer.status,
            headers,
            header_count,
            body: body.at(0),
            body_len: body.len(),
            ..Response::INIT
        })
    })
}

/// Lays header fields out as C does, for the time of a call.
fn with_fields<T>(headers: Headers, call: impl FnOnce(*const Field, usize) -> T) -> T {
    let buffers: Vec<_> =
        headers.iter().map(|(name, value)| (Buffer::new(name), Buffer::new(value))).collect();
    let fields: Vec<_> = buffers
        .iter()
        .map(|(name, value)| Field { name: name.slice(), value: value.slice() })
        .collect();
    call(fields.as_ptr(), fields.len())
}

/// A config, or NULL for the defaults.
fn raw(config: Option<&Config>) -> *const RawConfig {
    config.map_or(null(), |config| config.0)
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
