//! The embedded server.

use std::fmt::Display;
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use libc::{c_char, c_int, c_void};

use super::config::wsabi_config;
use super::conn::{
    EventList, kind, shared, wsabi_conn, wsabi_event, wsabi_message, wsabi_prepared, wsabi_slice,
};
use super::version::{WSABI_ERR_IO, WSABI_ERR_UNSUPPORTED, wsabi_status};
use super::{
    Filler, WSABI_ERR_ARGUMENT, WSABI_ERR_INTERNAL, WSABI_ERR_LIMIT, WSABI_ERR_MEMORY,
    WSABI_ERR_NOT_FOUND, WSABI_ERR_NULL, WSABI_ERR_STATE, check, guard, octets, slice_mut, some,
    text,
};
use crate::conn::{Connection, Event, OptionKey, Sink};
use crate::proto::is_valid_close_code;
use crate::server::{
    Buffer, CertificateError, CertificateFault, Host, Id, Identity, Listen, Metrics, Remote,
    RemoteError, Server, Sink as ServerSink, Stage, Touch,
};

/// An event loop, for a host that has none: it accepts, reads, writes, tells the
/// time, and lists the same events. For one thread at a time; a server for each
/// thread shares a port (`WSABI_LISTEN_REUSE_PORT`). Other threads use its
/// `wsabi_remote`. On Unix, with the feature `server`.
///
/// The loop of a host: `wsabi_server_poll`, *handle the events*, again. What is
/// queued on any connection of the server is written by the next call.
///
/// A connection of a server belongs to it. Every function of `wsabi_conn` that
/// decides, sends, closes or looks is for the application, on the server's thread;
/// those that receive, write or tell the time are the server's, and return
/// `WSABI_ERR_STATE`. `wsabi_conn_free` ends it at once, without a closing
/// handshake, and nothing more of it is listed. Otherwise its last event is
/// CLOSED. Either way the pointer is valid until the next `wsabi_server_poll`, so
/// that further events of the same list need no thought. The config's
/// `WSABI_OPTION_AUTO_ACCEPT` lets the library decide by itself.
///
/// Methods: `wsabi_server_new`, `_free`, `_error`; `_listen`, `_listen_unix`,
/// `_listen_fd`, `_adopt`; `_set_certificate`, `_set_certificate_pem`,
/// `_share_certificates`; `_poll`; `_conn`, `_count`, `_peer_address`;
/// `_subscribe`, `_unsubscribe`, `_publish`; `_shutdown`, `_stage`; `_metrics`,
/// `_serve_metrics`; `_remote`.
pub struct wsabi_server {
    /// `None` once a call panicked.
    server: Option<Server<Hosted>>,
    buffer: Space,
    error: String,
}

/// One event of a server's connection. The layout is frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsabi_server_event {
    /// Whose it is.
    pub conn: *mut wsabi_conn,
    /// What `wsabi_conn_user_data` returned when it was listed.
    pub user_data: *mut c_void,
    /// Names the connection, also for other threads; never used again.
    pub id: u64,
    /// What happened. The payload is valid until the next call of
    /// `wsabi_server_poll` or `wsabi_server_free`.
    pub event: wsabi_event,
}

/// Bit of `flags`: others may listen to the address too, such as a server of
/// another thread; the kernel shares the connections out.
pub const WSABI_LISTEN_REUSE_PORT: u32 = 1;
/// Bit of `flags`: TLS is spoken, 1.2 or 1.3, before anything else. A certificate has
/// to be set, `wsabi_server_set_certificate`. The time for the handshake is a part of
/// `WSABI_OPTION_OPENING_TIMEOUT`. Of one that fails nothing is listed; the peer gets an
/// alert (RFC 8446 6).
pub const WSABI_LISTEN_TLS: u32 = 2;

// ---- Life cycle ----

/// Makes a server that listens to nothing yet. `config` may be NULL for the
/// defaults; otherwise the server keeps a reference to it. It is that of all
/// connections, and limits them (`WSABI_OPTION_MAX_CONNECTIONS`).
///
/// Writes `*out`, which the caller frees with `wsabi_server_free`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_IO` when the process has no
/// more descriptors; `WSABI_ERR_MEMORY`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_new(
    config: Option<&wsabi_config>,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_server>>>>,
) -> wsabi_status {
    guard(|| {
        let out = some(out)?;
        let config = shared(config);
        let size = usize::try_from(config.get(OptionKey::ReadSize)).unwrap_or(usize::MAX);
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(size).map_err(|_| WSABI_ERR_MEMORY)?;
        buffer.resize(size, 0);
        let server = Server::new(config).map_err(|_| WSABI_ERR_IO)?;
        out.write(Some(Box::new(wsabi_server {
            server: Some(server),
            buffer: Space(NonNull::from(Box::leak(buffer.into_boxed_slice()))),
            error: String::new(),
        })));
        Ok(())
    })
}

/// Frees a server with its connections, whose sockets are closed without a word:
/// see `wsabi_server_shutdown`. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_free(server: Option<Box<wsabi_server>>) {
    guard(|| {
        drop(server);
        Ok(())
    });
}

/// Writes to `*out` what the last call that returned `WSABI_ERR_IO` could not do
/// and why, in English, or what is wrong with a certificate. Valid until the next
/// call on the server.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when there was none.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_error(
    server: Option<&wsabi_server>,
    out: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    guard(|| {
        let (server, out) = (some(server)?, some(out)?);
        if server.error.is_empty() {
            return Err(WSABI_ERR_NOT_FOUND);
        }
        out.write(server.error.as_str().into());
        Ok(())
    })
}

// ---- Where connections come from ----

/// Listens to every address that `host` has, a name or an address of `len`
/// octets, without brackets; (NULL, 0) is every address of this machine, of IPv4
/// and IPv6. `port` 0 is any free one. `flags` are bits `WSABI_LISTEN_*`.
///
/// Writes the port to `*bound`, which may be NULL.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when the host is not
/// UTF-8; `WSABI_ERR_UNSUPPORTED` for an unknown flag, and for `WSABI_LISTEN_TLS`
/// without the feature `tls`; `WSABI_ERR_STATE` when the server is stopping, or has
/// no certificate for TLS; `WSABI_ERR_IO`, see `wsabi_server_error`;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_listen(
    server: Option<&mut wsabi_server>,
    host: *const c_char,
    len: usize,
    port: u16,
    flags: u32,
    bound: Option<&mut MaybeUninit<u16>>,
) -> wsabi_status {
    with(server, |server, error| {
        // SAFETY: the header's rules: the range is readable.
        let host = unsafe { text(host, len) }?;
        let how = listen(flags)?;
        ready(server, how)?;
        let address = server
            .listen(host, port, how)
            .map_err(|reason| error.tell(format_args!("[{host}]:{port}"), reason))?;
        if let Some(bound) = bound {
            bound.write(address.port());
        }
        Ok(())
    })
}

/// Listens to a socket among files, which is removed with the server. A socket
/// that an earlier server left there, and nobody listens to, is replaced.
///
/// Returns as `wsabi_server_listen`, and `WSABI_ERR_ARGUMENT` for an empty path.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_listen_unix(
    server: Option<&mut wsabi_server>,
    path: *const c_char,
    len: usize,
    flags: u32,
) -> wsabi_status {
    with(server, |server, error| {
        // SAFETY: the header's rules: the range is readable.
        let path = unsafe { text(path, len) }?;
        if path.is_empty() {
            return Err(WSABI_ERR_ARGUMENT); // for Linux that is a name of its own choice
        }
        let how = alone(flags)?;
        ready(server, how)?;
        server.listen_unix(Path::new(path), how).map_err(|reason| error.tell(path, reason))
    })
}

/// Listens with a socket that listens already, TCP or Unix, such as one that was
/// passed by systemd. It becomes the server's, and no longer blocks.
///
/// Returns as `wsabi_server_listen`, and `WSABI_ERR_ARGUMENT` for a negative `fd`.
/// With a status other than `WSABI_OK` the descriptor is the caller's as before.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_listen_fd(
    server: Option<&mut wsabi_server>,
    fd: c_int,
    flags: u32,
) -> wsabi_status {
    with(server, |server, error| {
        let how = alone(flags)?;
        ready(server, how)?;
        take(fd, |socket| server.listen_with(socket, how))
            .map_err(|reason| error.tell_of(format_args!("descriptor {fd}"), reason))
    })
}

/// Takes a connection that was accepted elsewhere, TCP or Unix, with `len` octets
/// that were read from it already, which are copied. The descriptor becomes the
/// server's, and no longer blocks.
///
/// Writes the connection's name to `*id`, which may be NULL.
///
/// Returns as `wsabi_server_listen_fd`, and `WSABI_ERR_LIMIT` when there are as many
/// connections as there may be; `WSABI_ERR_MEMORY`. With a status other than `WSABI_OK` the
/// descriptor is the caller's as before.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_adopt(
    server: Option<&mut wsabi_server>,
    fd: c_int,
    data: *const c_void,
    len: usize,
    flags: u32,
    id: Option<&mut MaybeUninit<u64>>,
) -> wsabi_status {
    with(server, |server, error| {
        // SAFETY: the header's rules: the range is readable.
        let early = unsafe { octets(data, len) }?;
        let how = alone(flags)?;
        ready(server, how)?;
        let name = take(fd, |socket| server.adopt(socket, early, how)).map_err(|reason| {
            match reason.as_ref().map(io::Error::kind) {
                Some(io::ErrorKind::QuotaExceeded) => WSABI_ERR_LIMIT,
                Some(io::ErrorKind::OutOfMemory) => WSABI_ERR_MEMORY,
                _ => error.tell_of(format_args!("descriptor {fd}"), reason),
            }
        })?;
        if let Some(id) = id {
            id.write(name.number());
        }
        Ok(())
    })
}

// ---- TLS ----

/// Sets or replaces a certificate, from PEM files: `chain` has the server's own first,
/// and those that lead from it to one that clients know; `key` its private key, in
/// PKCS #8, SEC 1 or PKCS #1, not encrypted. RSA, ECDSA with P-256 or P-384, Ed25519.
/// They may be one file. Names of files have `chain_len` and `key_len` octets.
///
/// `host` is the name of `host_len` octets that clients ask for (RFC 6066 3), such as
/// `example.org`; `*.example.org` is every name with one more label; NULL is for those
/// who ask for another one or for none. An exact name goes first.
///
/// Connections that are accepted from now on use it, those that there are go on; sessions
/// of before are not resumed. Whether it is valid now, and for that host, is for clients
/// to judge. The protocol offered is `http/1.1` (RFC 7301): a client that wants other
/// ones only is refused.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_IO` when a file cannot be read;
/// `WSABI_ERR_ARGUMENT` when it cannot be used, or `host` is no name: for both
/// `wsabi_server_error` names it and the reason; `WSABI_ERR_UNSUPPORTED` when wsabi was
/// built without the feature `tls`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_set_certificate(
    server: Option<&mut wsabi_server>,
    host: *const c_char,
    host_len: usize,
    chain: *const c_char,
    chain_len: usize,
    key: *const c_char,
    key_len: usize,
) -> wsabi_status {
    with(server, |server, error| {
        // SAFETY: the header's rules: the ranges are readable.
        let (host, chain, key) = unsafe {
            (maybe(host.cast(), host_len)?, text(chain, chain_len)?, text(key, key_len)?)
        };
        let identity = Identity::from_files(Path::new(chain), Path::new(key));
        set_certificate(server, host, identity).map_err(|reason| error.tell_of_certificate(&reason))
    })
}

/// The same from memory: `chain` and `key` are PEM of `chain_len` and `key_len` octets,
/// of which nothing is kept.
///
/// Returns as `wsabi_server_set_certificate`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_set_certificate_pem(
    server: Option<&mut wsabi_server>,
    host: *const c_char,
    host_len: usize,
    chain: *const c_void,
    chain_len: usize,
    key: *const c_void,
    key_len: usize,
) -> wsabi_status {
    with(server, |server, error| {
        // SAFETY: the header's rules: the ranges are readable.
        let (host, chain, key) = unsafe {
            (maybe(host.cast(), host_len)?, octets(chain, chain_len)?, octets(key, key_len)?)
        };
        let identity = Identity::from_pem(chain, key);
        set_certificate(server, host, identity).map_err(|reason| error.tell_of_certificate(&reason))
    })
}

/// Makes a server use the certificates of `other`, those that are set there later
/// included, from any thread; clients resume with one what began with the other. For a
/// server for each thread: before they run. It replaces what was set for those who
/// listen from now on.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when `other` has none;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_share_certificates(
    server: Option<&mut wsabi_server>,
    other: Option<&wsabi_server>,
) -> wsabi_status {
    with(server, |server, _| {
        let other = some(other)?.server.as_ref().ok_or(WSABI_ERR_INTERNAL)?;
        server.share_certificates(Arc::clone(other.certificates().ok_or(WSABI_ERR_NOT_FOUND)?));
        Ok(())
    })
}

// ---- The loop ----

/// Writes what waits, reads what came, and lists what it means: at most `cap`
/// events, of any of the connections. When there is nothing to list, waits at most
/// `timeout_ms` milliseconds, or as long as it takes when that is negative.
///
/// `*count` is 0 when the time is over, when a signal interrupts, after
/// `wsabi_remote_wake`, and when the server is stopped. What another connection
/// does, or fails in doing, never makes this call fail.
///
/// A payload may be sent on, to any connection of the server, as it is: the server
/// then writes it from where it lies. Payloads of the call before are not valid any more, nor are connections whose
/// CLOSED it listed.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is 0;
/// `WSABI_ERR_IO` when the system cannot wait; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_poll(
    server: Option<&mut wsabi_server>,
    timeout_ms: i64,
    events: *mut MaybeUninit<wsabi_server_event>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    let space = server.as_ref().map(|server| Space(server.buffer.0));
    with(server, |server, error| {
        let (mut space, count) = (std::mem::ManuallyDrop::new(some(space)?), some(count)?);
        // SAFETY: the header's rules: the range is ours during the call.
        let places = unsafe { slice_mut(events, cap) }?;
        if places.is_empty() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        let mut list = List {
            events: Filler::new(places),
            input: space.start(),
            conn: std::ptr::null_mut(),
            user_data: std::ptr::null_mut(),
            id: 0,
        };
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        server
            .poll(timeout, &mut *space, &mut list)
            .map_err(|reason| error.tell("poll", reason))?;
        count.write(list.events.filled);
        Ok(())
    })
}

// ---- Connections ----

/// Finds the connection of that name. Valid as that of an event.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when it is over;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_conn(
    server: Option<&mut wsabi_server>,
    id: u64,
    out: Option<&mut MaybeUninit<*mut wsabi_conn>>,
) -> wsabi_status {
    with(server, |server, _| {
        let out = some(out)?;
        let host = server.host(Id::from_number(id)).ok_or(WSABI_ERR_NOT_FOUND)?;
        out.write(host.0.as_ptr());
        Ok(())
    })
}

/// Returns how many connections there are. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_count(server: Option<&wsabi_server>) -> usize {
    inside(server).map_or(0, Server::count)
}

/// Writes the address that a connection comes from to `data`, such as
/// `127.0.0.1:50000` or `[::1]:50000`, without a terminator; empty for a Unix
/// socket. `*len` is its length; when that is more than `cap`, nothing is written to
/// `data`. 64 octets are enough.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when the connection
/// is over; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_peer_address(
    server: Option<&mut wsabi_server>,
    id: u64,
    data: *mut MaybeUninit<u8>,
    cap: usize,
    len: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with(server, |server, _| {
        let len = some(len)?;
        // SAFETY: the header's rules: the range is ours during the call.
        let places = unsafe { slice_mut(data, cap) }?;
        let address = server.peer_address(Id::from_number(id)).ok_or(WSABI_ERR_NOT_FOUND)?;
        if address.len() <= cap {
            for (place, octet) in places.iter_mut().zip(address.bytes()) {
                place.write(octet);
            }
        }
        len.write(address.len());
        Ok(())
    })
}

// ---- Topics ----

/// Subscribes a connection to a topic, any `len` octets. Twice is once. It ends
/// with the connection.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`;
/// `WSABI_ERR_NOT_FOUND` when the connection is over; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_subscribe(
    server: Option<&mut wsabi_server>,
    id: u64,
    topic: *const c_void,
    len: usize,
) -> wsabi_status {
    with(server, |server, _| {
        // SAFETY: the header's rules: the range is readable.
        let topic = unsafe { octets(topic, len) }?;
        let is_there = server.subscribe(Id::from_number(id), topic);
        is_there.then_some(()).ok_or(WSABI_ERR_NOT_FOUND)
    })
}

/// Ends that.
///
/// Returns as `wsabi_server_subscribe`, and `WSABI_ERR_NOT_FOUND` when it was not
/// subscribed.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_unsubscribe(
    server: Option<&mut wsabi_server>,
    id: u64,
    topic: *const c_void,
    len: usize,
) -> wsabi_status {
    with(server, |server, _| {
        // SAFETY: the header's rules: the range is readable.
        let topic = unsafe { octets(topic, len) }?;
        let was_there = server.unsubscribe(Id::from_number(id), topic);
        was_there.then_some(()).ok_or(WSABI_ERR_NOT_FOUND)
    })
}

/// Queues a prepared message for the open connections that are subscribed to a
/// topic, or for all of them when `topic` is NULL; not for `except`, 0 for none.
/// A connection whose output is full (`WSABI_OPTION_MAX_OUTPUT`) is left out.
///
/// Writes to `*count`, which may be NULL, how many got it.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_publish(
    server: Option<&mut wsabi_server>,
    topic: *const c_void,
    len: usize,
    message: Option<&wsabi_prepared>,
    except: u64,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with(server, |server, _| {
        // SAFETY: the header's rules: the range is readable.
        let topic = unsafe { maybe(topic, len) }?;
        let except = Some(Id::from_number(except)).filter(|_| except != 0);
        let queued = server.publish(topic, &some(message)?.0, except);
        if let Some(count) = count {
            count.write(queued);
        }
        Ok(())
    })
}

// ---- The end ----

/// Accepts nobody any more, and ends every connection: an open one with a closing
/// handshake and `code`, usually 1001; one whose request waits for a decision with
/// 503. What is left `timeout_ms` milliseconds later is dropped. Go on with
/// `wsabi_server_poll` until `wsabi_server_stage` is `WSABI_STAGE_STOPPED`. A
/// second call changes nothing.
///
/// RFC 6455 7.1.1, 7.4.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` for a code that must not be sent; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_shutdown(
    server: Option<&mut wsabi_server>,
    code: u16,
    timeout_ms: u64,
) -> wsabi_status {
    with(server, |server, _| {
        if !is_valid_close_code(code) {
            return Err(WSABI_ERR_ARGUMENT);
        }
        server.shutdown(code, timeout_ms);
        Ok(())
    })
}

/// How far a server has come. Values may be added.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_stage(i32);

/// It accepts connections.
pub const WSABI_STAGE_RUNNING: wsabi_stage = wsabi_stage(0);
/// `wsabi_server_shutdown` was called.
pub const WSABI_STAGE_STOPPING: wsabi_stage = wsabi_stage(1);
/// There are no connections any more.
pub const WSABI_STAGE_STOPPED: wsabi_stage = wsabi_stage(2);

/// Returns how far it has come. STOPPED for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_stage(server: Option<&wsabi_server>) -> wsabi_stage {
    match inside(server).map(Server::stage) {
        Some(Stage::Running) => WSABI_STAGE_RUNNING,
        Some(Stage::Stopping(_)) => WSABI_STAGE_STOPPING,
        Some(Stage::Stopped) | None => WSABI_STAGE_STOPPED,
    }
}

// ---- Metrics ----

/// What a server counted since it was made. Begin with `WSABI_METRICS_INIT`;
/// members may be added behind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsabi_metrics {
    /// `sizeof(wsabi_metrics)`.
    pub struct_size: usize,
    /// Connections that there are.
    pub connections: u64,
    /// Connections that were accepted or adopted.
    pub accepted: u64,
    /// Connections that were ended at once: there were too many.
    pub refused: u64,
    /// Times that no connection could be accepted for want of descriptors or
    /// memory.
    pub accept_errors: u64,
    /// Requests that the application was asked about.
    pub requests: u64,
    /// Connections that broke a rule or were waited for too long.
    pub failures: u64,
    /// Messages, or pieces of them, that were listed.
    pub messages_received: u64,
    /// Octets read, and where TLS is spoken decrypted.
    pub octets_received: u64,
    /// Octets written, not counting what TLS adds.
    pub octets_sent: u64,
    /// Messages of `wsabi_server_publish` and of a `wsabi_remote` that were queued.
    pub messages_published: u64,
    /// Those that were left out.
    pub messages_dropped: u64,
}

/// Writes what was counted to `*out`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for a size that this
/// struct never had; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_metrics(
    server: Option<&wsabi_server>,
    out: Option<&mut wsabi_metrics>,
) -> wsabi_status {
    guard(|| {
        let (server, out) = (some(server)?, some(out)?);
        let metrics = server.server.as_ref().ok_or(WSABI_ERR_INTERNAL)?.metrics();
        if out.struct_size < size_of::<wsabi_metrics>() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        *out = wsabi_metrics::new(out.struct_size, metrics);
        Ok(())
    })
}

/// Answers plain HTTP requests for `path`, `len` octets, with the same in the text
/// format that Prometheus reads; the application does not see them. It needs
/// `WSABI_OPTION_PLAIN_HTTP`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when it does not begin
/// with `/`; `WSABI_ERR_STATE` without the option; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_serve_metrics(
    server: Option<&mut wsabi_server>,
    path: *const c_char,
    len: usize,
) -> wsabi_status {
    with(server, |server, _| {
        // SAFETY: the header's rules: the range is readable.
        Ok(server.serve_metrics(unsafe { text(path, len) }?)?)
    })
}

// ---- Other threads ----

/// A server as other threads see it: what they want is queued, and done by the
/// server's thread within `wsabi_server_poll`, in order. This is the one object
/// that any number of threads may use at the same time as its server.
///
/// Methods: `wsabi_server_remote`; `wsabi_remote_free`, `_wake`, `_send`,
/// `_send_prepared`, `_publish`, `_close`, `_shutdown`.
pub struct wsabi_remote(Arc<Remote>);

/// Makes a handle for other threads. Any number of threads may share it, or have
/// one each. It may outlive the server.
///
/// Writes `*out`, which the caller frees with `wsabi_remote_free`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_server_remote(
    server: Option<&wsabi_server>,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_remote>>>>,
) -> wsabi_status {
    guard(|| {
        let (server, out) = (some(server)?, some(out)?);
        let remote = server.server.as_ref().ok_or(WSABI_ERR_INTERNAL)?.remote();
        out.write(Some(Box::new(wsabi_remote(remote))));
        Ok(())
    })
}

/// Frees a handle. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_free(remote: Option<Box<wsabi_remote>>) {
    guard(|| {
        drop(remote);
        Ok(())
    });
}

/// Makes `wsabi_server_poll` return, the call that runs or the next one. A signal
/// handler may call it.
///
/// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_wake(remote: Option<&wsabi_remote>) -> wsabi_status {
    let Some(remote) = remote else { return WSABI_ERR_NULL };
    remote.0.wake();
    super::WSABI_OK
}

/// Sends a message of `len` octets, which are copied, to the connection of that
/// name. Where it is over by then, or its output is full, the message is dropped,
/// and counted (`wsabi_metrics`).
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when text is not
/// UTF-8; `WSABI_ERR_UNSUPPORTED` for an unknown type; `WSABI_ERR_LIMIT` when more
/// than `WSABI_OPTION_MAX_OUTPUT` octets wait for the server's thread;
/// `WSABI_ERR_MEMORY`; `WSABI_ERR_STATE` when the server is no more;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_send(
    remote: Option<&wsabi_remote>,
    id: u64,
    r#type: wsabi_message,
    data: *const c_void,
    len: usize,
) -> wsabi_status {
    guard(|| {
        let kind = kind(r#type)?;
        // SAFETY: the header's rules: the range is readable.
        let payload = unsafe { octets(data, len) }?;
        if kind == crate::conn::MessageKind::Text && crate::proto::utf8(payload).is_none() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        Ok(some(remote)?.0.send(Id::from_number(id), kind, payload)?)
    })
}

/// Sends a prepared message to the connection of that name. The caller may free
/// it at once.
///
/// Returns as `wsabi_remote_send`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_send_prepared(
    remote: Option<&wsabi_remote>,
    id: u64,
    message: Option<&wsabi_prepared>,
) -> wsabi_status {
    guard(|| Ok(some(remote)?.0.send_prepared(Id::from_number(id), &some(message)?.0)?))
}

/// Publishes a prepared message as `wsabi_server_publish` does. The caller may free
/// it at once.
///
/// Returns as `wsabi_remote_send`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_publish(
    remote: Option<&wsabi_remote>,
    topic: *const c_void,
    len: usize,
    message: Option<&wsabi_prepared>,
) -> wsabi_status {
    guard(|| {
        // SAFETY: the header's rules: the range is readable.
        let topic = unsafe { maybe(topic, len) }?;
        Ok(some(remote)?.0.publish(topic, &some(message)?.0)?)
    })
}

/// Begins the closing handshake of the connection of that name, as
/// `wsabi_conn_close` does.
///
/// Returns as `wsabi_remote_send`, and `WSABI_ERR_ARGUMENT` for what cannot be sent.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_close(
    remote: Option<&wsabi_remote>,
    id: u64,
    code: u16,
    reason: *const c_char,
    len: usize,
) -> wsabi_status {
    guard(|| {
        // SAFETY: the header's rules: the range is readable.
        let reason = unsafe { text(reason, len) }?;
        if !is_valid_close_code(code) || reason.len() > crate::proto::MAX_REASON {
            return Err(WSABI_ERR_ARGUMENT);
        }
        Ok(some(remote)?.0.close(Id::from_number(id), code, reason)?)
    })
}

/// Ends the server as `wsabi_server_shutdown` does.
///
/// Returns as `wsabi_remote_close`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_remote_shutdown(
    remote: Option<&wsabi_remote>,
    code: u16,
    timeout_ms: u64,
) -> wsabi_status {
    guard(|| {
        if !is_valid_close_code(code) {
            return Err(WSABI_ERR_ARGUMENT);
        }
        Ok(some(remote)?.0.shutdown(code, timeout_ms)?)
    })
}

// ---- Private ----

/// What a C host holds of a connection: made by `Box`, freed when it is dropped.
struct Hosted(NonNull<wsabi_conn>);

impl Host for Hosted {
    fn new(connection: Connection, touch: Touch) -> Self {
        Self(NonNull::from(Box::leak(Box::new(wsabi_conn::hosted(connection, touch)))))
    }

    fn connection(&mut self) -> Option<&mut Connection> {
        // SAFETY: it lives as long as this, and the host uses it between calls
        // on the server alone.
        unsafe { self.0.as_mut() }.connection()
    }

    fn touch(&mut self) -> &mut Touch {
        // SAFETY: as above; one that is hosted has a touch.
        unsafe { self.0.as_mut().touch_of_hosted() }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        // SAFETY: it is from `new`, and `wsabi_conn_free` does not free it.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Where octets are read into, made by `Box`. It is reached by a pointer, part by
/// part, as the host reads, and sends, what lies in other parts.
struct Space(NonNull<[u8]>);

impl Space {
    const fn start(&self) -> *mut u8 {
        self.0.as_ptr().cast()
    }
}

impl Buffer for Space {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn part(&mut self, range: Range<usize>) -> &mut [u8] {
        let (start, end) = (range.start.min(self.size()), range.end.min(self.size()));
        // SAFETY: it lies inside, and nobody else reads or writes this part: payloads
        // in it are not valid any more.
        unsafe {
            std::slice::from_raw_parts_mut(self.start().add(start), end.saturating_sub(start))
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // SAFETY: it is from `wsabi_server_new`.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The caller's array of events.
struct List<'a> {
    events: Filler<'a, wsabi_server_event>,
    /// The buffer, by the pointer that payloads in it are given by.
    input: *mut u8,
    conn: *mut wsabi_conn,
    user_data: *mut c_void,
    id: u64,
}

impl Sink for List<'_> {
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.events.is_full()
    }

    #[inline(always)]
    fn push(&mut self, event: Event<'_>) {
        let event = EventList::event(self.input, event);
        let (conn, user_data, id) = (self.conn, self.user_data, self.id);
        self.events.push(wsabi_server_event { conn, user_data, id, event });
    }
}

impl ServerSink<Hosted> for List<'_> {
    #[inline(always)]
    fn turn_to(&mut self, id: Id, host: &mut Hosted) {
        self.conn = host.0.as_ptr();
        // SAFETY: it lives as long as its host.
        self.user_data = unsafe { host.0.as_ref() }.user_data();
        self.id = id.number();
    }
}

impl wsabi_metrics {
    fn new(struct_size: usize, metrics: Metrics) -> Self {
        let Metrics {
            connections,
            accepted,
            refused,
            accept_errors,
            requests,
            failures,
            messages_received,
            octets_received,
            octets_sent,
            messages_published,
            messages_dropped,
        } = metrics;
        Self {
            struct_size,
            connections,
            accepted,
            refused,
            accept_errors,
            requests,
            failures,
            messages_received,
            octets_received,
            octets_sent,
            messages_published,
            messages_dropped,
        }
    }
}

fn set_certificate(
    server: &mut Server<Hosted>,
    host: Option<&[u8]>,
    identity: Result<Identity, CertificateError>,
) -> Result<(), CertificateError> {
    // What is not UTF-8 is no name either.
    let host = host.map(String::from_utf8_lossy);
    server.set_certificate(host.as_deref(), identity?)
}

/// What `wsabi_server_error` says.
struct LastError<'a>(&'a mut String);

impl LastError<'_> {
    fn tell(&mut self, what: impl Display, reason: io::Error) -> wsabi_status {
        *self.0 = format!("{what}: {reason}");
        WSABI_ERR_IO
    }

    fn tell_of_certificate(&mut self, reason: &CertificateError) -> wsabi_status {
        *self.0 = reason.to_string();
        match reason.fault() {
            CertificateFault::Unreadable(_) | CertificateFault::Unavailable(_) => WSABI_ERR_IO,
            CertificateFault::Unsupported => WSABI_ERR_UNSUPPORTED,
            _ => WSABI_ERR_ARGUMENT,
        }
    }

    fn tell_of(&mut self, what: impl Display, reason: Option<io::Error>) -> wsabi_status {
        match reason {
            Some(reason) => self.tell(what, reason),
            None => WSABI_ERR_ARGUMENT,
        }
    }
}

/// Runs a method. After a panic the server answers `WSABI_ERR_INTERNAL` to
/// everything.
fn with(
    server: Option<&mut wsabi_server>,
    method: impl FnOnce(&mut Server<Hosted>, &mut LastError<'_>) -> super::Result<()>,
) -> wsabi_status {
    let Some(wsabi_server { server, error, .. }) = server else { return WSABI_ERR_NULL };
    let Some(inner) = server else { return WSABI_ERR_INTERNAL };
    let status = guard(|| method(inner, &mut LastError(error)));
    if status == WSABI_ERR_INTERNAL {
        // Not even to be dropped.
        std::mem::forget(server.take());
    }
    status
}

fn inside(server: Option<&wsabi_server>) -> Option<&Server<Hosted>> {
    server?.server.as_ref()
}

fn listen(flags: u32) -> super::Result<Listen> {
    let known = WSABI_LISTEN_REUSE_PORT | if HAS_TLS { WSABI_LISTEN_TLS } else { 0 };
    if flags & !known != 0 {
        return Err(WSABI_ERR_UNSUPPORTED);
    }
    let is_set = |flag| flags & flag != 0;
    Ok(Listen { reuse_port: is_set(WSABI_LISTEN_REUSE_PORT), tls: is_set(WSABI_LISTEN_TLS) })
}

const HAS_TLS: bool = cfg!(feature = "tls");

/// Of a socket that nobody else can have.
fn alone(flags: u32) -> super::Result<Listen> {
    listen(flags).and_then(|how| if how.reuse_port { Err(WSABI_ERR_UNSUPPORTED) } else { Ok(how) })
}

fn ready(server: &Server<Hosted>, how: Listen) -> super::Result<()> {
    let has_certificates = !how.tls || server.certificates().is_some();
    let is_running = server.stage() == Stage::Running;
    if is_running && has_certificates { Ok(()) } else { Err(WSABI_ERR_STATE) }
}

/// Gives a descriptor away when that succeeds; `None` for one that is none.
fn take<T>(fd: c_int, give: impl FnOnce(OwnedFd) -> io::Result<T>) -> Result<T, Option<io::Error>> {
    if fd < 0 {
        return Err(None);
    }
    // A copy, so that the caller still has the descriptor when this fails.
    // SAFETY: at worst it is not open, which is an error of the system's.
    let copy = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()?;
    let given = give(copy)?;
    // SAFETY: it is open, and the caller's no longer.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
    Ok(given)
}

/// A range, or none for NULL.
///
/// # Safety
/// As for [`octets`].
unsafe fn maybe<'a>(data: *const c_void, len: usize) -> super::Result<Option<&'a [u8]>> {
    check(data.cast::<u8>(), len)?;
    // SAFETY: the caller's contract.
    Ok(if data.is_null() { None } else { Some(unsafe { octets(data, len) }?) })
}

impl From<RemoteError> for wsabi_status {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Over => WSABI_ERR_STATE,
            RemoteError::Limit => WSABI_ERR_LIMIT,
            RemoteError::Memory => WSABI_ERR_MEMORY,
        }
    }
}
