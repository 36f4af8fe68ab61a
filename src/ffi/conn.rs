//! Connections: life cycle, receive, output, state, send.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

use libc::{c_char, c_void};

use super::config::wsabi_config;
use super::handshake::wsabi_client_request;
use super::version::{WSABI_ERR_UNSUPPORTED, wsabi_failure, wsabi_status};
use super::{
    Filler, WSABI_ERR_ARGUMENT, WSABI_ERR_INTERNAL, WSABI_ERR_LIMIT, WSABI_ERR_MEMORY,
    WSABI_ERR_NOT_FOUND, WSABI_ERR_STATE, guard, octets, slice_mut, some, text,
};
use crate::conn::{
    Compression, Config, Connection, Event, EventKind, Lent, Loan, Manner, Marks, MessageKind,
    Payload, Prepared, Role, SendError, Sink, State, Trace,
};
#[cfg(all(feature = "server", unix))]
use crate::server::Touch;

/// One WebSocket connection, without a socket: octets received go in, events
/// come out; messages go in, octets to send come out.
///
/// The loop of a host: *receive, handle the events, write the output, ask for
/// the interest.*
///
/// Methods: `wsabi_conn_new_server`, `_new_client`, `_new_open`, `_reset`, `_free`,
/// `_set_user_data`, `_user_data`;
/// `_recv`, `_recv_eof`, `_recv_space`, `_recv_commit`, `_take`; `_output`,
/// `_output_consumed`, `_output_size`;
/// `_interest`, `_deadline`, `_handle_timeout`, `_state`, `_close_code`, `_failure`,
/// `_subprotocol`, `_info`, `_set_trace`;
/// `_send_text`, `_send_binary`, `_send`, `_send_borrowed`, `_send_prepared`,
/// `_send_ping`, `_send_pong`, `_close`;
/// `_recv_request`; `_head_method`, `_head_target`, `_head_path`, `_head_query`,
/// `_head_query_parameter`, `_head_host`, `_head_origin`, `_head_find`,
/// `_head_at`, `_offered_subprotocol`; `_accept`, `_accept_by`,
/// `_accept_then_close`, `_decline_deflate`, `_reject`, `_respond`, `_redirect`,
/// `_challenge`;
/// `_response_status`, `_response_header`, `_response_body`.
pub struct wsabi_conn {
    /// `None` once a call panicked: nothing in it could be trusted.
    connection: Option<Connection>,
    user_data: *mut c_void,
    /// Of a server's.
    #[cfg(all(feature = "server", unix))]
    touch: Option<Touch>,
}

/// Octets that somebody else owns, not terminated. Empty is `len` 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsabi_slice {
    /// First octet.
    pub data: *const c_char,
    /// Number of octets.
    pub len: usize,
}

/// One run of output. The layout is that of POSIX `struct iovec`, so that an
/// array may be cast for `writev`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsabi_iovec {
    /// First octet.
    pub base: *const c_void,
    /// Number of octets.
    pub len: usize,
}

#[cfg(unix)]
const _: () = {
    assert!(size_of::<wsabi_iovec>() == size_of::<libc::iovec>());
    assert!(core::mem::offset_of!(wsabi_iovec, len) == core::mem::offset_of!(libc::iovec, iov_len));
};

/// What an event says. Values are pinned; types may be added: ignore those that
/// you do not know.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_event_type(i32);

/// A correct opening handshake arrived and waits for the application's decision:
/// `wsabi_conn_accept`, `_accept_by`, `_accept_then_close`, `_reject`, `_redirect`
/// or `_challenge`, now or later. The payload is the request target.
pub const WSABI_EVENT_REQUEST: wsabi_event_type = wsabi_event_type(1);
/// The connection is open: messages can be sent. Listed when the server accepted
/// this client, or the library this server's client
/// (`WSABI_OPTION_AUTO_ACCEPT`); after `wsabi_conn_accept` the connection is open
/// at once, without an event.
pub const WSABI_EVENT_OPEN: wsabi_event_type = wsabi_event_type(2);
/// The server's response is no 101: a client is told. `code` is the HTTP status,
/// a redirect or 401 too; the payload is the body, up to
/// `WSABI_OPTION_MAX_REJECTION_BODY`. `wsabi_conn_response_header` has the
/// header fields. The connection is over.
pub const WSABI_EVENT_REJECTED: wsabi_event_type = wsabi_event_type(3);
/// A text message: valid UTF-8.
pub const WSABI_EVENT_TEXT: wsabi_event_type = wsabi_event_type(4);
/// A binary message.
pub const WSABI_EVENT_BINARY: wsabi_event_type = wsabi_event_type(5);
/// A ping; the pong is on its way already. The payload is the ping's.
pub const WSABI_EVENT_PING: wsabi_event_type = wsabi_event_type(6);
/// A pong, also one that no ping asked for. The payload is the pong's.
pub const WSABI_EVENT_PONG: wsabi_event_type = wsabi_event_type(7);
/// The peer's Close. `code` is its status code, 1005 for none; the payload is
/// the reason, valid UTF-8. Messages may still be sent until the next call that
/// receives, or of `_output`, `_interest` or `_handle_timeout`, which queues the
/// answer.
pub const WSABI_EVENT_CLOSE: wsabi_event_type = wsabi_event_type(8);
/// The peer broke a rule. `code` is the status code of the Close that it will be
/// sent or, in a server's opening handshake, the HTTP status of the answer; 1006
/// for a bad response, which is not answered. The payload
/// is `wsabi_failure_text(wsabi_conn_failure(conn))`, which the Close or the
/// answer says too. Nothing that the peer sends from here on is listed, but its
/// Close when `WSABI_POLICY_CLOSE` accepted and closed.
pub const WSABI_EVENT_FAILED: wsabi_event_type = wsabi_event_type(9);
/// The peer's octet stream ended, as told by `wsabi_conn_recv_eof`, or was waited
/// for too long (`wsabi_conn_handle_timeout`). `code` is that of
/// `wsabi_conn_close_code`.
pub const WSABI_EVENT_CLOSED: wsabi_event_type = wsabi_event_type(10);
/// A plain HTTP request (`WSABI_OPTION_PLAIN_HTTP`) that waits for
/// `wsabi_conn_reject`. The payload is the request target.
pub const WSABI_EVENT_HTTP_REQUEST: wsabi_event_type = wsabi_event_type(11);

/// The queue of output had reached `WSABI_OPTION_OUTPUT_HIGH_MARK`, or a send
/// was refused with `WSABI_ERR_LIMIT`, and is at `WSABI_OPTION_OUTPUT_LOW_MARK`
/// or below: the application may send on. `WSABI_INTEREST_RECV` says that it is to
/// be fetched.
pub const WSABI_EVENT_DRAINED: wsabi_event_type = wsabi_event_type(12);

/// Bit of an event's `flags`: the message was compressed (RFC 7692).
pub const WSABI_FLAG_COMPRESSED: u16 = 1;
/// Bit of an event's `flags`: the payload begins its message
/// (`WSABI_OPTION_MESSAGE_PIECES`, without which no message has it).
pub const WSABI_FLAG_FIRST: u16 = 2;
/// Bit of an event's `flags`: the payload, which may be empty, ends its message
/// (`WSABI_OPTION_MESSAGE_PIECES`, without which no message has it).
pub const WSABI_FLAG_LAST: u16 = 4;

const _: () = assert!(
    WSABI_FLAG_COMPRESSED == Marks::COMPRESSED as u16
        && WSABI_FLAG_FIRST == Marks::FIRST as u16
        && WSABI_FLAG_LAST == Marks::LAST as u16
);

/// One thing that happened. The layout is frozen.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wsabi_event {
    /// What happened.
    pub r#type: wsabi_event_type,
    /// Bits `WSABI_FLAG_*`; ignore those that you do not know.
    pub flags: u16,
    /// Status code, see the type.
    pub code: u16,
    /// Payload: inside the octets given to `wsabi_conn_recv`, or in the
    /// connection. See rule 5.
    pub data: *const u8,
    /// Octets of the payload.
    pub len: usize,
}

const _: () = assert!(size_of::<wsabi_event>() == 8 + 2 * size_of::<usize>());

/// Which end of a connection.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_role(u32);

/// The end that was connected to.
pub const WSABI_ROLE_SERVER: wsabi_role = wsabi_role(0);
/// The end that connected: it masks what it sends.
pub const WSABI_ROLE_CLIENT: wsabi_role = wsabi_role(1);

// ---- Life cycle ----

/// Makes the server's side of a connection, in state CONNECTING: the octets it
/// gets first are those of the client's request. `config` may be NULL for the
/// defaults; otherwise the connection keeps a reference to it.
///
/// Writes `*out`, which the caller frees with `wsabi_conn_free`.
///
/// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_new_server(
    config: Option<&wsabi_config>,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_conn>>>>,
) -> wsabi_status {
    guard(|| {
        some(out)?.write(Some(boxed(Connection::server(shared(config)))));
        Ok(())
    })
}

/// Makes the client's side of a connection, in state CONNECTING, with its request
/// as the first output. It offers the subprotocols of the config. The host
/// connects, and follows redirects if it means to. `config` may be NULL for the
/// defaults; otherwise the connection keeps a reference to it.
///
/// Writes `*out`, which the caller frees with `wsabi_conn_free`.
///
/// RFC 6455 4.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for
/// a request that cannot be sent; `WSABI_ERR_RANDOM`; `WSABI_ERR_MEMORY`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_new_client(
    config: Option<&wsabi_config>,
    request: Option<&wsabi_client_request>,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_conn>>>>,
) -> wsabi_status {
    guard(|| {
        let out = some(out)?;
        // SAFETY: the header's rules: the ranges are readable.
        let ask = unsafe { some(request)?.read() }?;
        out.write(Some(boxed(Connection::client(shared(config), &ask)?)));
        Ok(())
    })
}

/// Makes a connection in state OPEN, for a host that did the opening handshake
/// by itself. `role` is a `WSABI_ROLE_*`; `subprotocol` (NULL, 0) is none. The
/// octets it gets first are frames. `config` may be NULL for the defaults.
///
/// Writes `*out`, which the caller frees with `wsabi_conn_free`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for a subprotocol
/// that is no token; `WSABI_ERR_UNSUPPORTED` for an unknown role.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_new_open(
    config: Option<&wsabi_config>,
    role: wsabi_role,
    subprotocol: *const c_char,
    len: usize,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_conn>>>>,
) -> wsabi_status {
    guard(|| {
        let out = some(out)?;
        let role = match role {
            WSABI_ROLE_SERVER => Role::Server,
            WSABI_ROLE_CLIENT => Role::Client,
            _ => return Err(WSABI_ERR_UNSUPPORTED),
        };
        // SAFETY: the header's rules: the range is readable.
        let name = unsafe { text(subprotocol, len) }?;
        let name = Some(name).filter(|_| !subprotocol.is_null());
        out.write(Some(boxed(Connection::open(shared(config), role, name)?)));
        Ok(())
    })
}

/// Makes the connection as new, with its config and its role: a pool of objects
/// need not free them. Output that still waits is dropped; what was borrowed is
/// released; a trace ends; the user data stays. `request` is a client's, as for
/// `wsabi_conn_new_client`, and NULL for a server.
///
/// Returns as `wsabi_conn_new_client`, and `WSABI_ERR_ARGUMENT` for a request that
/// is there for a server, or not for a client. With a status other than `WSABI_OK`
/// nothing changed.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_reset(
    conn: Option<&mut wsabi_conn>,
    request: Option<&wsabi_client_request>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let config = connection.config();
        *connection = match (connection.role(), request) {
            (Role::Server, None) => Connection::server(config),
            (Role::Client, Some(request)) => {
                // SAFETY: the header's rules: the ranges are readable.
                Connection::client(config, &unsafe { request.read() }?)?
            }
            _ => return Err(WSABI_ERR_ARGUMENT),
        };
        Ok(())
    })
}

/// Frees a connection, in any state. Nothing more is sent: output that still
/// waits is dropped. A server's ends with the next `wsabi_server_poll`. NULL is
/// ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_free(conn: Option<Box<wsabi_conn>>) {
    guard(|| {
        free(conn);
        Ok(())
    });
}

/// Keeps a pointer of the application's with the connection. wsabi never
/// follows it.
///
/// Returns `WSABI_OK`, `WSABI_ERR_NULL` (for `conn`) or `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_set_user_data(
    conn: Option<&mut wsabi_conn>,
    user_data: *mut c_void,
) -> wsabi_status {
    guard(|| {
        some(conn)?.user_data = user_data;
        Ok(())
    })
}

/// Returns the pointer given to `wsabi_conn_set_user_data`, or NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_user_data(conn: Option<&wsabi_conn>) -> *mut c_void {
    conn.map_or(core::ptr::null_mut(), |conn| conn.user_data)
}

// ---- Receive ----

/// Consumes octets received from the peer and lists what they mean.
///
/// Reads `len` octets at `data` and unmasks payloads in place, so `data` is
/// written to. Lists at most `cap` events in `events`; `*count` tells how many,
/// `*consumed` how many octets were used. When these are fewer than `len`,
/// handle the events, then call again with the rest. The list ends early with an
/// event that changes the state or whose payload lies in the connection.
///
/// While a request waits for its decision, octets are consumed and kept. Nothing
/// that a peer sends makes this call fail for a host that goes by
/// `wsabi_conn_interest` and reads at most 1 MiB at once.
///
/// RFC 6455 4.2, 5, 6.2, 7. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` when `cap` is 0 or a length is absurd; `WSABI_ERR_LIMIT`
/// when a request is undecided, and more than `WSABI_OPTION_MAX_MESSAGE_SIZE` and
/// 1 MiB of octets would be kept behind it; `WSABI_ERR_MEMORY` when keeping them needs memory that cannot
/// be had; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_recv(
    conn: Option<&mut wsabi_conn>,
    data: *mut u8,
    len: usize,
    consumed: Option<&mut MaybeUninit<usize>>,
    events: *mut MaybeUninit<wsabi_event>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let (consumed, count) = (some(consumed)?, some(count)?);
        // SAFETY: the header's rules: both ranges are ours during the call.
        let (input, places) = unsafe { (slice_mut(data, len)?, slice_mut(events, cap)?) };
        let mut list = EventList::new(data, places)?;
        let used = connection.recv(input, &mut list)?;
        consumed.write(used);
        count.write(list.filled());
        Ok(())
    })
}

/// Tells that the peer's octet stream ended (`read` returned 0, or an error such
/// as ECONNRESET): lists CLOSED, once; or REJECTED, when it ends the body of a
/// response; or nothing, when the connection was over already (its interest is
/// CLOSE). Output that waits may still be written; octets that were kept behind
/// a request (`WSABI_INTEREST_RECV`) are dropped.
///
/// RFC 6455 7.1.4, 7.1.5. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` when `cap` is 0; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_recv_eof(
    conn: Option<&mut wsabi_conn>,
    events: *mut MaybeUninit<wsabi_event>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let count = some(count)?;
        // SAFETY: the header's rules: the range is ours during the call.
        let places = unsafe { slice_mut(events, cap) }?;
        let mut list = EventList::new(core::ptr::null_mut(), places)?;
        connection.recv_eof(&mut list);
        count.write(list.filled());
        Ok(())
    })
}

/// Offers memory to read the peer's octets into: when a large message is
/// arriving, the place behind what there is of it, so that it is not copied.
///
/// Writes `*data` and `*len`: read at most `len` octets there, then call
/// `wsabi_conn_recv_commit` at once. `*len` 0: there is nothing to be gained; read
/// into memory of your own and call `wsabi_conn_recv`. Payloads of earlier events
/// are not valid behind this call.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_recv_space(
    conn: Option<&mut wsabi_conn>,
    data: Option<&mut MaybeUninit<*mut u8>>,
    len: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let (data, len) = (some(data)?, some(len)?);
        let (place, room) = match connection.recv_space() {
            Some((block, room)) => (block.spare_capacity_mut().as_mut_ptr().cast(), room),
            None => (core::ptr::null_mut(), 0),
        };
        data.write(place);
        len.write(room);
        Ok(())
    })
}

/// Tells that the first `len` octets of the memory that `wsabi_conn_recv_space`
/// offered were written, and lists what they mean, as `wsabi_conn_recv` does. It
/// ends the offer, also with 0 octets.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `len` is more
/// than was offered, or `cap` is 0; `WSABI_ERR_STATE` when nothing was offered, or
/// a call that ends payloads (rule 5) came between; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_recv_commit(
    conn: Option<&mut wsabi_conn>,
    len: usize,
    events: *mut MaybeUninit<wsabi_event>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let count = some(count)?;
        // SAFETY: the header's rules: the range is ours during the call.
        let places = unsafe { slice_mut(events, cap) }?;
        let mut list = EventList::new(core::ptr::null_mut(), places)?;
        let (block, room) = connection.given_space().ok_or(WSABI_ERR_STATE)?;
        if len > room {
            return Err(WSABI_ERR_ARGUMENT);
        }
        // SAFETY: the header's rules: the caller wrote them; and they are within
        // the capacity, as `room` is.
        unsafe { block.set_len(block.len() + len) };
        connection.recv_appended(len, &mut list)?;
        count.write(list.filled());
        Ok(())
    })
}

/// Takes the payload of a message away from the connection: it stays where it is,
/// and valid, until `wsabi_release(*owner)`. A message that lies in the connection
/// is then kept, or sent to others (`wsabi_conn_send_borrowed`), without being
/// copied. `event` is as it was listed by the last call that receives.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when the payload does not
/// lie in the connection, but in the octets given to `wsabi_conn_recv`, which are
/// the caller's already; or came before the decision on the request; or is no
/// message's, or was taken; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_take(
    conn: Option<&mut wsabi_conn>,
    event: Option<&wsabi_event>,
    owner: Option<&mut MaybeUninit<*mut c_void>>,
) -> wsabi_status {
    with(conn, |connection| {
        let (event, owner) = (some(event)?, some(owner)?);
        let message = connection.take_message(event.data).ok_or(WSABI_ERR_STATE)?;
        owner.write(Box::into_raw(Box::new(message)).cast());
        Ok(())
    })
}

/// Frees a payload that `wsabi_conn_take` gave. Its type is that of a
/// `wsabi_release_fn`. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_release(owner: *mut c_void) {
    if !owner.is_null() {
        // SAFETY: the header's rules: it is from `wsabi_conn_take`, and given
        // once.
        drop(unsafe { Box::from_raw(owner.cast::<Vec<u8>>()) });
    }
}

// ---- Output ----

/// Lists what is to be sent to the peer, oldest first, as at most `cap` runs.
/// The runs stay valid until the next call on this connection that is not
/// `const`. `*count` 0: there is nothing to send.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is
/// absurd; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_output(
    conn: Option<&mut wsabi_conn>,
    runs: *mut MaybeUninit<wsabi_iovec>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let count = some(count)?;
        // SAFETY: the header's rules: the range is ours during the call.
        let mut list = Filler::new(unsafe { slice_mut(runs, cap) }?);
        for run in connection.output().take(cap) {
            list.push(wsabi_iovec { base: run.as_ptr().cast(), len: run.len() });
        }
        count.write(list.filled);
        Ok(())
    })
}

/// Tells that the first `len` octets of the output were written, in part of a
/// run or over several.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `len` is more
/// than `wsabi_conn_output_size`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_output_consumed(
    conn: Option<&mut wsabi_conn>,
    len: usize,
) -> wsabi_status {
    with_socket(conn, |connection| connection.output_consumed(len).map_err(|_| WSABI_ERR_ARGUMENT))
}

/// Returns how many octets wait to be sent, for backpressure. What the library
/// owes for the last events is not among them until the next `wsabi_conn_output`
/// or `wsabi_conn_interest`. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_output_size(conn: Option<&wsabi_conn>) -> usize {
    inside(conn).map_or(0, Connection::output_size)
}

// ---- State ----

/// Bits of `wsabi_conn_interest`. Bits may be added.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_interest(u32);

/// Read from the socket when it is readable and give the octets to
/// `wsabi_conn_recv`, or call `wsabi_conn_recv_eof`.
pub const WSABI_INTEREST_READ: wsabi_interest = wsabi_interest(1);
/// Write the output when the socket is writable.
pub const WSABI_INTEREST_WRITE: wsabi_interest = wsabi_interest(2);
/// Call `shutdown(fd, SHUT_WR)`: nothing more will be sent. The bit stays set;
/// another call does no harm.
pub const WSABI_INTEREST_SHUTDOWN_WRITE: wsabi_interest = wsabi_interest(4);
/// Close the socket and free the connection.
pub const WSABI_INTEREST_CLOSE: wsabi_interest = wsabi_interest(8);
/// Call `wsabi_conn_recv` at once, if need be without octets (NULL, 0): there is
/// something to be listed, such as octets that came before the decision on a
/// request.
pub const WSABI_INTEREST_RECV: wsabi_interest = wsabi_interest(16);

/// Returns what is to be done with the socket now, as bits. Ask after the
/// events were handled and the output was written. 0: nothing until the
/// application decides on the request.
///
/// `wsabi_conn_deadline` tells how long to wait for it.
///
/// RFC 6455 7.1.1: after a closing handshake the server closes the connection
/// first, hence CLOSE, and the client waits for it; after a failure it ends its
/// side and waits for the peer's, hence SHUTDOWN_WRITE with READ.
/// `WSABI_INTEREST_CLOSE` for NULL and after `WSABI_ERR_INTERNAL`; 0 for a
/// connection of a `wsabi_server`, which has the socket.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_interest(conn: Option<&mut wsabi_conn>) -> wsabi_interest {
    if is_hosted(conn.as_deref()) {
        return wsabi_interest(0);
    }
    let mut bits = WSABI_INTEREST_CLOSE.0;
    with(conn, |connection| {
        let interest = connection.interest();
        let wanted = [
            (interest.read, WSABI_INTEREST_READ),
            (interest.write, WSABI_INTEREST_WRITE),
            (interest.shutdown_write, WSABI_INTEREST_SHUTDOWN_WRITE),
            (interest.close, WSABI_INTEREST_CLOSE),
            (interest.recv, WSABI_INTEREST_RECV),
        ];
        bits = wanted.iter().filter(|(is_set, _)| *is_set).fold(0, |bits, (_, bit)| bits | bit.0);
        Ok(())
    });
    wsabi_interest(bits)
}

/// Returns when `wsabi_conn_handle_timeout` is to be called, in milliseconds of
/// the host's clock: at once for 0, never for `UINT64_MAX`. Ask after the
/// interest; wait no longer than this.
///
/// `UINT64_MAX` for NULL, after `WSABI_ERR_INTERNAL`, and for a connection of a
/// `wsabi_server`, which keeps the time.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_deadline(conn: Option<&wsabi_conn>) -> u64 {
    inside(conn.filter(|conn| !is_hosted(Some(conn)))).map_or(u64::MAX, Connection::deadline)
}

/// Says what time it is, in milliseconds of a clock of the host's that does not go
/// back, from any origin; wsabi has none. What is due is done: who was waited for
/// too long is given up, and pings are sent. Handle the events, write the output
/// and ask for the interest then, as behind `wsabi_conn_recv`.
///
/// Lists FAILED when a request, a response, a pong or anything at all did not come
/// in time, and CLOSED when the end did not; see `WSABI_OPTION_OPENING_TIMEOUT` and
/// its neighbours.
///
/// It may be called at any time. A wait begins, and the peer is known to have been
/// heard, with the first call behind it: a host that calls it after each
/// `wsabi_conn_recv` gets times to the millisecond, one that calls it when it is
/// due later ones, by one timeout at most.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when `cap` is 0;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_handle_timeout(
    conn: Option<&mut wsabi_conn>,
    now_ms: u64,
    events: *mut MaybeUninit<wsabi_event>,
    cap: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> wsabi_status {
    with_socket(conn, |connection| {
        let count = some(count)?;
        // SAFETY: the header's rules: the range is ours during the call.
        let places = unsafe { slice_mut(events, cap) }?;
        let mut list = EventList::new(core::ptr::null_mut(), places)?;
        connection.handle_timeout(now_ms, &mut list);
        count.write(list.filled());
        Ok(())
    })
}

/// State of a connection, with the names of RFC 6455.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_state(i32);

/// The opening handshake is not over.
pub const WSABI_STATE_CONNECTING: wsabi_state = wsabi_state(0);
/// Messages can be sent.
pub const WSABI_STATE_OPEN: wsabi_state = wsabi_state(1);
/// A Close was sent.
pub const WSABI_STATE_CLOSING: wsabi_state = wsabi_state(2);
/// The peer's octet stream ended, or the opening handshake was refused.
pub const WSABI_STATE_CLOSED: wsabi_state = wsabi_state(3);

/// Returns the state. `WSABI_STATE_CLOSED` for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_state(conn: Option<&wsabi_conn>) -> wsabi_state {
    match inside(conn).map_or(State::Closed, Connection::state) {
        State::Connecting => WSABI_STATE_CONNECTING,
        State::Open => WSABI_STATE_OPEN,
        State::Closing => WSABI_STATE_CLOSING,
        State::Closed => WSABI_STATE_CLOSED,
    }
}

/// Returns the status code of the peer's Close; 1005 when it holds none; 1006
/// when none came before the connection ended or failed; 0 before that, and for
/// NULL.
///
/// RFC 6455 7.1.5.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_close_code(conn: Option<&wsabi_conn>) -> u16 {
    inside(conn).map_or(0, Connection::close_code)
}

/// Returns which rule the peer broke; 0 for none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_failure(conn: Option<&wsabi_conn>) -> wsabi_failure {
    inside(conn).and_then(Connection::failure).into()
}

/// Reads the negotiated subprotocol into `*name`: empty when there is none. It
/// stays valid until the connection is freed.
///
/// Returns `WSABI_OK` or `WSABI_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_subprotocol(
    conn: Option<&wsabi_conn>,
    name: Option<&mut MaybeUninit<wsabi_slice>>,
) -> wsabi_status {
    look(conn, name, |connection| Ok(connection.subprotocol().unwrap_or_default().into()))
}

/// Key of `wsabi_conn_info`. Values are pinned; keys may be added.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_info(u32);

/// Octets received, those of the opening handshake too. This and all up to
/// COMPRESSED_SENT are counted with `WSABI_OPTION_COUNTERS`, or a trace.
pub const WSABI_INFO_OCTETS_RECEIVED: wsabi_info = wsabi_info(1);
/// Octets of the output that were consumed.
pub const WSABI_INFO_OCTETS_SENT: wsabi_info = wsabi_info(2);
/// Frames received.
pub const WSABI_INFO_FRAMES_RECEIVED: wsabi_info = wsabi_info(3);
/// Frames queued.
pub const WSABI_INFO_FRAMES_SENT: wsabi_info = wsabi_info(4);
/// Messages received, as of the header of their last frame.
pub const WSABI_INFO_MESSAGES_RECEIVED: wsabi_info = wsabi_info(5);
/// Messages queued, to their end.
pub const WSABI_INFO_MESSAGES_SENT: wsabi_info = wsabi_info(6);
/// Pings received.
pub const WSABI_INFO_PINGS_RECEIVED: wsabi_info = wsabi_info(7);
/// Pings queued, of the application and of the library.
pub const WSABI_INFO_PINGS_SENT: wsabi_info = wsabi_info(8);
/// Octets of the payloads of compressed messages received, as they were sent.
pub const WSABI_INFO_COMPRESSED_RECEIVED: wsabi_info = wsabi_info(9);
/// The same of those queued.
pub const WSABI_INFO_COMPRESSED_SENT: wsabi_info = wsabi_info(10);
/// Milliseconds between the last ping of the library's own that was answered
/// (`WSABI_OPTION_PING_INTERVAL`) and its pong.
pub const WSABI_INFO_ROUND_TRIP: wsabi_info = wsabi_info(11);
/// 1 when permessage-deflate was agreed on, else 0.
pub const WSABI_INFO_DEFLATE: wsabi_info = wsabi_info(12);
/// The window of this side's compressor, 8 to 15 (RFC 7692 7.1.2). This and the
/// next two are there when permessage-deflate was agreed on.
pub const WSABI_INFO_DEFLATE_WINDOW_BITS: wsabi_info = wsabi_info(13);
/// 1 when this side's compressor keeps its history (RFC 7692 7.1.1), else 0.
pub const WSABI_INFO_DEFLATE_TAKEOVER: wsabi_info = wsabi_info(14);
/// 1 when the peer's does.
pub const WSABI_INFO_DEFLATE_PEER_TAKEOVER: wsabi_info = wsabi_info(15);

/// Reads a figure of the connection into `*value`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_NOT_FOUND` when it is not
/// known (yet), see the key; `WSABI_ERR_UNSUPPORTED` for an unknown key;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_info(
    conn: Option<&wsabi_conn>,
    info: wsabi_info,
    value: Option<&mut MaybeUninit<u64>>,
) -> wsabi_status {
    look(conn, value, |connection| {
        let counts = connection.counts();
        let received = counts.map(|counts| counts.received);
        let sent = counts.map(|counts| counts.sent);
        let deflate = connection.deflate();
        let known = match info {
            WSABI_INFO_OCTETS_RECEIVED => received.map(|traffic| traffic.octets),
            WSABI_INFO_OCTETS_SENT => sent.map(|traffic| traffic.octets),
            WSABI_INFO_FRAMES_RECEIVED => received.map(|traffic| traffic.frames),
            WSABI_INFO_FRAMES_SENT => sent.map(|traffic| traffic.frames),
            WSABI_INFO_MESSAGES_RECEIVED => received.map(|traffic| traffic.messages),
            WSABI_INFO_MESSAGES_SENT => sent.map(|traffic| traffic.messages),
            WSABI_INFO_PINGS_RECEIVED => received.map(|traffic| traffic.pings),
            WSABI_INFO_PINGS_SENT => sent.map(|traffic| traffic.pings),
            WSABI_INFO_COMPRESSED_RECEIVED => received.map(|traffic| traffic.compressed),
            WSABI_INFO_COMPRESSED_SENT => sent.map(|traffic| traffic.compressed),
            WSABI_INFO_ROUND_TRIP => connection.round_trip(),
            WSABI_INFO_DEFLATE => Some(deflate.is_some().into()),
            WSABI_INFO_DEFLATE_WINDOW_BITS => deflate.map(|terms| terms.window_bits.into()),
            WSABI_INFO_DEFLATE_TAKEOVER => deflate.map(|terms| terms.takes_over.into()),
            WSABI_INFO_DEFLATE_PEER_TAKEOVER => deflate.map(|terms| terms.peer_takes_over.into()),
            _ => return Err(WSABI_ERR_UNSUPPORTED),
        };
        known.ok_or(WSABI_ERR_NOT_FOUND)
    })
}

/// Receives lines of a trace: `len` octets of UTF-8 at `line`, without an end of
/// line, valid during the call, which must not use the connection.
pub type wsabi_trace_fn =
    Option<extern "C" fn(context: *mut c_void, line: *const c_char, len: usize)>;

/// Has each frame, change of state and failure told from now on, a line each, such
/// as `in Text 5`, `out Close 2`, `state Closing`. Lines hold no payload. NULL ends
/// it. `context` is given to `trace` as it is, until another trace, a reset or the
/// end of the connection.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL` for `conn`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_set_trace(
    conn: Option<&mut wsabi_conn>,
    trace: wsabi_trace_fn,
    context: *mut c_void,
) -> wsabi_status {
    with(conn, |connection| {
        let context = Context(context);
        connection.set_trace(trace.map(|trace| -> Trace {
            Box::new(move |line| trace(context.get(), line.as_ptr().cast(), line.len()))
        }));
        Ok(())
    })
}

// ---- Send ----

/// Queues a text message of `len` octets, which must be UTF-8. They are copied.
///
/// RFC 6455 6.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when
/// the octets are not UTF-8; `WSABI_ERR_STATE` when the connection is not open;
/// `WSABI_ERR_LIMIT` when `WSABI_OPTION_MAX_OUTPUT` would be passed;
/// `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send_text(
    conn: Option<&mut wsabi_conn>,
    data: *const c_void,
    len: usize,
) -> wsabi_status {
    if is_in_passing(conn.as_deref(), data, len) {
        return pass_on(conn, WSABI_MESSAGE_TEXT, data, len, 0);
    }
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.send_text(unsafe { text(data, len) }?)?)
    })
}

/// Queues a binary message of `len` octets. They are copied.
///
/// RFC 6455 6.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` for
/// an absurd length; `WSABI_ERR_STATE` when the connection is not open;
/// `WSABI_ERR_LIMIT` when `WSABI_OPTION_MAX_OUTPUT` would be passed;
/// `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send_binary(
    conn: Option<&mut wsabi_conn>,
    data: *const c_void,
    len: usize,
) -> wsabi_status {
    if is_in_passing(conn.as_deref(), data, len) {
        return pass_on(conn, WSABI_MESSAGE_BINARY, data, len, 0);
    }
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.send_binary(unsafe { octets(data, len) }?)?)
    })
}

/// Type of a message, RFC 6455 5.6.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct wsabi_message(u32);

/// UTF-8.
pub const WSABI_MESSAGE_TEXT: wsabi_message = wsabi_message(1);
/// Octets.
pub const WSABI_MESSAGE_BINARY: wsabi_message = wsabi_message(2);

/// Bit of `flags`: the payload is a fragment, and the message goes on with the next
/// call, which has the same type (RFC 6455 5.4). A text may be cut anywhere. Until
/// its end no other message can be sent; pings, pongs and a Close can. Fragments are
/// compressed, where that was agreed on, unless the first has
/// `WSABI_SEND_UNCOMPRESSED`.
pub const WSABI_SEND_MORE: u32 = 1;
/// Bit of `flags`: compress the message whatever its size, where that was agreed
/// on.
pub const WSABI_SEND_COMPRESSED: u32 = 2;
/// Bit of `flags`: do not compress the message, such as one with a secret beside
/// text of somebody else's (RFC 7692 8), or a picture.
pub const WSABI_SEND_UNCOMPRESSED: u32 = 4;

/// Queues a message of `len` octets, or a fragment of one. They are copied.
/// `flags` are bits `WSABI_SEND_*`.
///
/// RFC 6455 5.4, 6.1; RFC 7692 6.1. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` when text is not UTF-8, or a fragment is not of the type of
/// its message; `WSABI_ERR_UNSUPPORTED` for an unknown type or bit, or both bits about
/// compression; `WSABI_ERR_STATE` when the connection is not open; `WSABI_ERR_LIMIT`
/// when `WSABI_OPTION_MAX_OUTPUT` would be passed; `WSABI_ERR_MEMORY`;
/// `WSABI_ERR_INTERNAL`. After `WSABI_ERR_MEMORY` in a compressed message that was
/// begun the connection fails with 1009, as its rest cannot be sent.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send(
    conn: Option<&mut wsabi_conn>,
    r#type: wsabi_message,
    data: *const c_void,
    len: usize,
    flags: u32,
) -> wsabi_status {
    if is_in_passing(conn.as_deref(), data, len) {
        return pass_on(conn, r#type, data, len, flags);
    }
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        let payload = unsafe { octets(data, len) }?;
        Ok(connection.send(kind(r#type)?, payload, manner(flags)?)?)
    })
}

/// Gives back octets that were lent: `context` as it was given. It is called once,
/// inside a call on the connection that has them, which it must not use.
pub type wsabi_release_fn = Option<extern "C" fn(context: *mut c_void)>;

/// Queues a message, or a fragment, as `wsabi_conn_send` does, but without copying
/// its octets where that gains something: they stay as they are until `release` is
/// called, when the last was written, when the connection is freed or reset, or at once
/// when they were copied after all (a client masks, RFC 6455 5.3; compressed; fewer than
/// 2,048).
///
/// Returns as `wsabi_conn_send`. With a status other than `WSABI_OK` the octets are
/// the caller's as before, and `release` is not called.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send_borrowed(
    conn: Option<&mut wsabi_conn>,
    r#type: wsabi_message,
    data: *const c_void,
    len: usize,
    flags: u32,
    release: wsabi_release_fn,
    context: *mut c_void,
) -> wsabi_status {
    with(conn, |connection| {
        some(release)?;
        let (kind, manner) = (kind(r#type)?, manner(flags)?);
        // SAFETY: the header's rules: the range is readable, until `release`.
        let payload = unsafe { octets::<'static>(data, len) }?;
        let borrowed = Borrowed { payload, release, context: Context(context) };
        connection.send_lent(kind, Lent::new(Box::new(borrowed)), manner).map_err(
            |(error, lent)| {
                lent.decline();
                error.into()
            },
        )
    })
}

/// Queues a ping with a payload of at most 125 octets, which are copied. The
/// peer's answer is the event PONG with the same payload.
///
/// RFC 6455 5.5.2. Returns as `wsabi_conn_send_binary`, and `WSABI_ERR_ARGUMENT`
/// for more than 125 octets.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send_ping(
    conn: Option<&mut wsabi_conn>,
    data: *const c_void,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.send_ping(unsafe { octets(data, len) }?)?)
    })
}

/// Queues a pong that no ping asked for, such as a heartbeat in one direction,
/// with a payload of at most 125 octets, which are copied. Pings are answered
/// without this call.
///
/// RFC 6455 5.5.3. Returns as `wsabi_conn_send_binary`, and `WSABI_ERR_ARGUMENT`
/// for more than 125 octets.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send_pong(
    conn: Option<&mut wsabi_conn>,
    data: *const c_void,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.send_pong(unsafe { octets(data, len) }?)?)
    })
}

/// Starts the closing handshake, or answers the peer's Close: queues a Close
/// behind the messages sent before. `code` is 0 for none, or 1000 to 1003, 1007
/// to 1014, 3000 to 4999; `reason` is UTF-8 of at most 123 octets, and empty
/// without a code.
///
/// RFC 6455 5.5.1, 7.1.2, 7.4. Returns `WSABI_OK`; `WSABI_ERR_NULL`;
/// `WSABI_ERR_ARGUMENT` for another code or reason; `WSABI_ERR_STATE` when the
/// connection is not open; `WSABI_ERR_MEMORY`; `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_close(
    conn: Option<&mut wsabi_conn>,
    code: u16,
    reason: *const c_void,
    len: usize,
) -> wsabi_status {
    with(conn, |connection| {
        // SAFETY: the header's rules: the range is readable.
        Ok(connection.close(code, unsafe { text(reason, len) }?)?)
    })
}

// ---- Prepared messages ----

/// A message that is encoded, and compressed, once for many connections. Its
/// octets are shared; the connections that still have to write them keep them.
///
/// Methods: `wsabi_prepared_new`, `_free`; `wsabi_conn_send_prepared`.
pub struct wsabi_prepared(pub(super) Prepared);

/// Prepares a message of `len` octets, which are copied. `config` is that of the
/// connections, or NULL for the defaults: it says whether and how the message is
/// compressed.
///
/// Writes `*out`, which the caller frees with `wsabi_prepared_free`.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_ARGUMENT` when text is not
/// UTF-8; `WSABI_ERR_UNSUPPORTED` for an unknown type; `WSABI_ERR_MEMORY`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_prepared_new(
    config: Option<&wsabi_config>,
    r#type: wsabi_message,
    data: *const c_void,
    len: usize,
    out: Option<&mut MaybeUninit<Option<Box<wsabi_prepared>>>>,
) -> wsabi_status {
    guard(|| {
        let out = some(out)?;
        // SAFETY: the header's rules: the range is readable.
        let payload = unsafe { octets(data, len) }?;
        let prepared = Prepared::new(&shared(config), kind(r#type)?, payload)?;
        out.write(Some(Box::new(wsabi_prepared(prepared))));
        Ok(())
    })
}

/// Drops the caller's reference to a prepared message. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_prepared_free(prepared: Option<Box<wsabi_prepared>>) {
    guard(|| {
        drop(prepared);
        Ok(())
    });
}

/// Queues a prepared message. A server's connection without context takeover sends
/// its octets as they are; one with it compresses the message into its own history,
/// and a client masks a copy (RFC 6455 5.3). Connections on several threads may
/// send one at the same time.
///
/// Returns `WSABI_OK`; `WSABI_ERR_NULL`; `WSABI_ERR_STATE` when the connection is not
/// open, or a message in fragments is not over; `WSABI_ERR_LIMIT` when
/// `WSABI_OPTION_MAX_OUTPUT` would be passed; `WSABI_ERR_MEMORY`;
/// `WSABI_ERR_INTERNAL`.
#[unsafe(no_mangle)]
pub extern "C" fn wsabi_conn_send_prepared(
    conn: Option<&mut wsabi_conn>,
    prepared: Option<&wsabi_prepared>,
) -> wsabi_status {
    with(conn, |connection| Ok(connection.send_prepared(&some(prepared)?.0)?))
}

// ---- Shared by the entry points ----

/// A pointer of the application's, which wsabi does not follow.
struct Context(*mut c_void);

// SAFETY: it is only given back, in calls that have the connection to themselves.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    const fn get(&self) -> *mut c_void {
        self.0
    }
}

/// Whether a payload can be sent from where a server read it.
#[inline]
fn is_in_passing(conn: Option<&wsabi_conn>, data: *const c_void, len: usize) -> bool {
    #[cfg(all(feature = "server", unix))]
    if let Some(wsabi_conn { touch: Some(touch), .. }) = conn {
        return len >= Lent::LEAST && touch.holds(data.cast(), len);
    }
    let _ = (conn, data, len);
    false
}

/// Queues a payload that stays where it is until the server has written it.
#[cold]
#[inline(never)]
fn pass_on(
    conn: Option<&mut wsabi_conn>,
    r#type: wsabi_message,
    data: *const c_void,
    len: usize,
    flags: u32,
) -> wsabi_status {
    with(conn, |connection| {
        let (kind, manner) = (kind(r#type)?, manner(flags)?);
        let passed = Lent::passing(Box::new(Passed { data: Context(data.cast_mut()), len }));
        connection.send_lent(kind, passed, manner).map_err(|(error, _)| error.into())
    })
}

/// A payload in the memory that a server reads into.
struct Passed {
    data: Context,
    len: usize,
}

impl Loan for Passed {
    fn octets(&self) -> &[u8] {
        // SAFETY: there it is, until the server reads again: before that it writes,
        // or copies, what was lent in passing.
        unsafe { core::slice::from_raw_parts(self.data.get().cast::<u8>(), self.len) }
    }

    fn decline(&mut self) {}
}

/// A payload that is given back when it is dropped.
struct Borrowed {
    payload: &'static [u8],
    release: wsabi_release_fn,
    context: Context,
}

impl Loan for Borrowed {
    fn octets(&self) -> &[u8] {
        self.payload
    }

    fn decline(&mut self) {
        self.release = None;
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            release(self.context.get());
        }
    }
}

pub(super) fn kind(r#type: wsabi_message) -> super::Result<MessageKind> {
    match r#type {
        WSABI_MESSAGE_TEXT => Ok(MessageKind::Text),
        WSABI_MESSAGE_BINARY => Ok(MessageKind::Binary),
        _ => Err(WSABI_ERR_UNSUPPORTED),
    }
}

fn manner(flags: u32) -> super::Result<Manner> {
    let compression = match flags & !WSABI_SEND_MORE {
        0 => Compression::Auto,
        WSABI_SEND_COMPRESSED => Compression::Always,
        WSABI_SEND_UNCOMPRESSED => Compression::Never,
        _ => return Err(WSABI_ERR_UNSUPPORTED),
    };
    Ok(Manner { more: flags & WSABI_SEND_MORE != 0, compression })
}

fn boxed(connection: Connection) -> Box<wsabi_conn> {
    Box::new(wsabi_conn {
        connection: Some(connection),
        user_data: core::ptr::null_mut(),
        #[cfg(all(feature = "server", unix))]
        touch: None,
    })
}

pub(super) fn shared(config: Option<&wsabi_config>) -> Arc<Config> {
    config.map_or_else(Arc::default, |config| Arc::clone(&config.0))
}

/// Runs a method. After a panic the connection answers `WSABI_ERR_INTERNAL` to
/// everything.
#[inline]
pub(super) fn with(
    conn: Option<&mut wsabi_conn>,
    method: impl FnOnce(&mut Connection) -> super::Result<()>,
) -> wsabi_status {
    let Some(conn) = conn else { return super::WSABI_ERR_NULL };
    let Some(connection) = &mut conn.connection else { return WSABI_ERR_INTERNAL };
    let status = guard(|| method(connection));
    if status == WSABI_ERR_INTERNAL {
        // Not even to be dropped.
        core::mem::forget(conn.connection.take());
    }
    #[cfg(all(feature = "server", unix))]
    if let Some(touch) = &mut conn.touch {
        touch.touch();
    }
    status
}

/// Runs a method that is for hosts with a socket of their own.
#[inline]
pub(super) fn with_socket(
    conn: Option<&mut wsabi_conn>,
    method: impl FnOnce(&mut Connection) -> super::Result<()>,
) -> wsabi_status {
    if is_hosted(conn.as_deref()) {
        return WSABI_ERR_STATE;
    }
    with(conn, method)
}

/// Whether a server has its socket.
#[inline]
fn is_hosted(conn: Option<&wsabi_conn>) -> bool {
    #[cfg(all(feature = "server", unix))]
    let is_hosted = |conn: &wsabi_conn| conn.touch.is_some();
    #[cfg(not(all(feature = "server", unix)))]
    let is_hosted = |_: &wsabi_conn| false;
    conn.is_some_and(is_hosted)
}

/// Frees a connection, unless a server has to.
fn free(conn: Option<Box<wsabi_conn>>) {
    #[cfg(all(feature = "server", unix))]
    if let Some(mut conn) = conn {
        match &mut conn.touch {
            Some(touch) => {
                touch.drop_it();
                core::mem::forget(conn);
            }
            None => drop(conn),
        }
    }
    #[cfg(not(all(feature = "server", unix)))]
    drop(conn);
}

#[cfg(all(feature = "server", unix))]
impl wsabi_conn {
    /// A server's.
    pub(super) const fn hosted(connection: Connection, touch: Touch) -> Self {
        let user_data = core::ptr::null_mut();
        Self { connection: Some(connection), user_data, touch: Some(touch) }
    }

    pub(super) const fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    pub(super) const fn user_data(&self) -> *mut c_void {
        self.user_data
    }

    /// # Safety
    /// It was made by `hosted`.
    pub(super) unsafe fn touch_of_hosted(&mut self) -> &mut Touch {
        // SAFETY: the caller's contract; nothing takes it away.
        unsafe { self.touch.as_mut().unwrap_unchecked() }
    }
}

/// The connection behind a handle that may be NULL, unless a call panicked.
fn inside(conn: Option<&wsabi_conn>) -> Option<&Connection> {
    conn?.connection.as_ref()
}

/// Runs a method that reads, and writes its result when it has one.
pub(super) fn look<T>(
    conn: Option<&wsabi_conn>,
    out: Option<&mut MaybeUninit<T>>,
    method: impl FnOnce(&Connection) -> super::Result<T>,
) -> wsabi_status {
    guard(|| {
        let (conn, out) = (some(conn)?, some(out)?);
        out.write(method(conn.connection.as_ref().ok_or(WSABI_ERR_INTERNAL)?)?);
        Ok(())
    })
}

/// The caller's array of events.
pub(super) struct EventList<'a> {
    events: Filler<'a, wsabi_event>,
    /// The caller's own pointer to the input: payloads inside it are given back
    /// as offsets to it, since our reference does not outlive the call.
    input: *mut u8,
}

impl<'a> EventList<'a> {
    pub(super) fn new(
        input: *mut u8,
        places: &'a mut [MaybeUninit<wsabi_event>],
    ) -> super::Result<Self> {
        if places.is_empty() {
            return Err(WSABI_ERR_ARGUMENT);
        }
        Ok(Self { events: Filler::new(places), input })
    }

    pub(super) fn filled(&self) -> usize {
        self.events.filled
    }

    /// As C sees it; `input` is where payloads in the input lie.
    #[inline(always)]
    pub(super) fn event(input: *mut u8, event: Event<'_>) -> wsabi_event {
        let (data, len) = match event.payload {
            Payload::Input { offset, len } => (input.wrapping_add(offset).cast_const(), len),
            Payload::Held(octets) => (octets.as_ptr(), octets.len()),
        };
        let r#type = match event.kind {
            EventKind::Text => WSABI_EVENT_TEXT,
            EventKind::Binary => WSABI_EVENT_BINARY,
            EventKind::Ping => WSABI_EVENT_PING,
            EventKind::Pong => WSABI_EVENT_PONG,
            EventKind::Request => WSABI_EVENT_REQUEST,
            EventKind::HttpRequest => WSABI_EVENT_HTTP_REQUEST,
            EventKind::Open => WSABI_EVENT_OPEN,
            EventKind::Rejected => WSABI_EVENT_REJECTED,
            EventKind::Close => WSABI_EVENT_CLOSE,
            EventKind::Failed => WSABI_EVENT_FAILED,
            EventKind::Closed => WSABI_EVENT_CLOSED,
            EventKind::Drained => WSABI_EVENT_DRAINED,
        };
        let flags = u16::from(event.marks.0);
        wsabi_event { r#type, flags, code: event.code, data, len }
    }
}

impl Sink for EventList<'_> {
    // Else an event goes through memory, in the hot path too.
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.events.is_full()
    }

    #[inline(always)]
    fn push(&mut self, event: Event<'_>) {
        self.events.push(Self::event(self.input, event));
    }
}

impl From<&[u8]> for wsabi_slice {
    fn from(octets: &[u8]) -> Self {
        Self { data: octets.as_ptr().cast(), len: octets.len() }
    }
}

impl From<&str> for wsabi_slice {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<SendError> for wsabi_status {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Argument => WSABI_ERR_ARGUMENT,
            SendError::State => WSABI_ERR_STATE,
            SendError::Limit => WSABI_ERR_LIMIT,
            SendError::Memory => WSABI_ERR_MEMORY,
        }
    }
}

// What a connection at rest takes from the allocator.
const _: () = assert!(size_of::<wsabi_conn>() <= 200 || size_of::<usize>() != 8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_poisons_that_connection_alone() {
        let new = || boxed(Connection::server(Arc::default()));
        let (mut broken, mut other) = (new(), new());
        assert_eq!(with(Some(&mut broken), |_| panic!("a bug")), WSABI_ERR_INTERNAL);
        assert_eq!(with(Some(&mut broken), |_| Ok(())), WSABI_ERR_INTERNAL);
        assert_eq!(
            look(Some(&broken), Some(&mut MaybeUninit::uninit()), |_| Ok(())),
            WSABI_ERR_INTERNAL
        );
        assert_eq!(wsabi_conn_interest(Some(&mut broken)), WSABI_INTEREST_CLOSE);
        wsabi_conn_free(Some(broken));
        assert_eq!(with(Some(&mut other), |_| Ok(())), super::super::WSABI_OK);
    }
}
