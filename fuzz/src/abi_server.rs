//! The embedded server's part of the C ABI, as `abi.rs` has the rest.
#![allow(dead_code, unreachable_pub, reason = "each program uses its part")]

use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{IntoRawFd, OwnedFd};

use super::abi::{Buffer, Config, Event, OK, Prepared, RawConfig, RawConn, RawPrepared, Status};

pub const STAGE_RUNNING: i32 = 0;
pub const STAGE_STOPPING: i32 = 1;
pub const STAGE_STOPPED: i32 = 2;

#[repr(C)]
pub struct RawServer([u8; 0]);

#[repr(C)]
pub struct RawRemote([u8; 0]);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ServerEvent {
    pub conn: *mut RawConn,
    pub user_data: *mut c_void,
    pub id: u64,
    pub event: Event,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Metrics {
    pub struct_size: usize,
    pub connections: u64,
    pub accepted: u64,
    pub refused: u64,
    pub accept_errors: u64,
    pub requests: u64,
    pub failures: u64,
    pub messages_received: u64,
    pub octets_received: u64,
    pub octets_sent: u64,
    pub messages_published: u64,
    pub messages_dropped: u64,
}

unsafe extern "C" {
    fn wsabi_server_new(config: *const RawConfig, out: *mut *mut RawServer) -> Status;
    fn wsabi_server_free(server: *mut RawServer);
    fn wsabi_server_adopt(
        server: *mut RawServer,
        fd: c_int,
        data: *const c_void,
        len: usize,
        flags: u32,
        id: *mut u64,
    ) -> Status;
    fn wsabi_server_poll(
        server: *mut RawServer,
        timeout_ms: i64,
        events: *mut ServerEvent,
        cap: usize,
        count: *mut usize,
    ) -> Status;
    fn wsabi_server_conn(server: *mut RawServer, id: u64, out: *mut *mut RawConn) -> Status;
    fn wsabi_server_count(server: *const RawServer) -> usize;
    fn wsabi_server_subscribe(
        server: *mut RawServer,
        id: u64,
        topic: *const c_void,
        len: usize,
    ) -> Status;
    fn wsabi_server_publish(
        server: *mut RawServer,
        topic: *const c_void,
        len: usize,
        message: *const RawPrepared,
        except: u64,
        count: *mut usize,
    ) -> Status;
    fn wsabi_server_shutdown(server: *mut RawServer, code: u16, timeout_ms: u64) -> Status;
    fn wsabi_server_stage(server: *const RawServer) -> i32;
    fn wsabi_server_metrics(server: *const RawServer, out: *mut Metrics) -> Status;
    fn wsabi_server_remote(server: *const RawServer, out: *mut *mut RawRemote) -> Status;
    fn wsabi_remote_free(remote: *mut RawRemote);
    fn wsabi_remote_wake(remote: *const RawRemote) -> Status;
    fn wsabi_remote_send(
        remote: *const RawRemote,
        id: u64,
        kind: u32,
        data: *const c_void,
        len: usize,
    ) -> Status;
    fn wsabi_remote_publish(
        remote: *const RawRemote,
        topic: *const c_void,
        len: usize,
        message: *const RawPrepared,
    ) -> Status;
    fn wsabi_remote_close(
        remote: *const RawRemote,
        id: u64,
        code: u16,
        reason: *const c_char,
        len: usize,
    ) -> Status;
    fn wsabi_remote_shutdown(remote: *const RawRemote, code: u16, timeout_ms: u64) -> Status;
}

/// A server that is freed at the end of its scope.
pub struct Server(*mut RawServer);

impl Server {
    pub fn new(config: &Config) -> Self {
        let mut out = MaybeUninit::uninit();
        // SAFETY: a config that lives, and a valid out-parameter.
        unsafe {
            assert_eq!(wsabi_server_new(config.0, out.as_mut_ptr()), OK);
            Self(out.assume_init())
        }
    }

    /// The server takes the socket.
    pub fn adopt(&mut self, socket: OwnedFd, early: &[u8]) -> u64 {
        let early = Buffer::new(early);
        let mut id = MaybeUninit::uninit();
        // SAFETY: the range lives during the call, and a success wrote `id`.
        unsafe {
            let fd = socket.into_raw_fd();
            let (data, len) = (early.at(0).cast(), early.len());
            assert_eq!(wsabi_server_adopt(self.0, fd, data, len, 0, id.as_mut_ptr()), OK);
            id.assume_init()
        }
    }

    pub fn poll(&mut self, timeout: i64, cap: usize) -> Vec<ServerEvent> {
        let mut events = Vec::with_capacity(cap);
        let mut count = MaybeUninit::uninit();
        // SAFETY: the range is the callee's during the call; it wrote `count` events.
        unsafe {
            let places = events.as_mut_ptr();
            assert_eq!(wsabi_server_poll(self.0, timeout, places, cap, count.as_mut_ptr()), OK);
            assert!(count.assume_init() <= cap);
            events.set_len(count.assume_init());
        }
        events
    }

    pub fn conn(&mut self, id: u64) -> Option<*mut RawConn> {
        let mut out = MaybeUninit::uninit();
        // SAFETY: as above.
        unsafe {
            (wsabi_server_conn(self.0, id, out.as_mut_ptr()) == OK).then(|| out.assume_init())
        }
    }

    pub fn count(&self) -> usize {
        // SAFETY: it lives.
        unsafe { wsabi_server_count(self.0) }
    }

    pub fn subscribe(&mut self, id: u64, topic: &[u8]) -> Status {
        let topic = Buffer::new(topic);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_server_subscribe(self.0, id, topic.at(0).cast(), topic.len()) }
    }

    /// Returns how many got it.
    pub fn publish(&mut self, topic: &[u8], message: &Prepared, except: u64) -> usize {
        let topic = Buffer::new(topic);
        let mut count = MaybeUninit::uninit();
        // SAFETY: as above.
        unsafe {
            let (data, len) = (topic.at(0).cast(), topic.len());
            let out = count.as_mut_ptr();
            assert_eq!(wsabi_server_publish(self.0, data, len, message.0, except, out), OK);
            count.assume_init()
        }
    }

    pub fn shutdown(&mut self, code: u16, timeout: u64) {
        // SAFETY: it lives.
        assert_eq!(unsafe { wsabi_server_shutdown(self.0, code, timeout) }, OK);
    }

    pub fn stage(&self) -> i32 {
        // SAFETY: it lives.
        unsafe { wsabi_server_stage(self.0) }
    }

    pub fn metrics(&self) -> Metrics {
        let mut out = MaybeUninit::<Metrics>::zeroed();
        // SAFETY: numbers alone, of which zero is one.
        unsafe {
            (&raw mut (*out.as_mut_ptr()).struct_size).write(size_of::<Metrics>());
            assert_eq!(wsabi_server_metrics(self.0, out.as_mut_ptr()), OK);
            out.assume_init()
        }
    }

    pub fn remote(&self) -> Remote {
        let mut out = MaybeUninit::uninit();
        // SAFETY: a valid out-parameter, which a success wrote.
        unsafe {
            assert_eq!(wsabi_server_remote(self.0, out.as_mut_ptr()), OK);
            Remote(out.assume_init())
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { wsabi_server_free(self.0) }
    }
}

// SAFETY: rule 3 of the header: one thread at a time.
unsafe impl Send for Server {}

/// A server as other threads see it.
pub struct Remote(*mut RawRemote);

impl Remote {
    pub fn wake(&self) -> Status {
        // SAFETY: it lives.
        unsafe { wsabi_remote_wake(self.0) }
    }

    pub fn send(&self, id: u64, kind: u32, payload: &[u8]) -> Status {
        let payload = Buffer::new(payload);
        // SAFETY: the range lives during the call.
        unsafe { wsabi_remote_send(self.0, id, kind, payload.at(0).cast(), payload.len()) }
    }

    pub fn publish(&self, topic: &[u8], message: &Prepared) -> Status {
        let topic = Buffer::new(topic);
        // SAFETY: as above.
        unsafe { wsabi_remote_publish(self.0, topic.at(0).cast(), topic.len(), message.0) }
    }

    pub fn close(&self, id: u64, code: u16, reason: &[u8]) -> Status {
        let reason = Buffer::new(reason);
        // SAFETY: as above.
        unsafe { wsabi_remote_close(self.0, id, code, reason.at(0).cast(), reason.len()) }
    }

    pub fn shutdown(&self, code: u16, timeout: u64) -> Status {
        // SAFETY: it lives.
        unsafe { wsabi_remote_shutdown(self.0, code, timeout) }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // SAFETY: it is freed once.
        unsafe { wsabi_remote_free(self.0) }
    }
}

// SAFETY: the header: any number of threads may use it.
unsafe impl Send for Remote {}
// SAFETY: as above.
unsafe impl Sync for Remote {}
