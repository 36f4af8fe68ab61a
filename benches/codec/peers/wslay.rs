//! wslay (C, Debian's build): the event API, which buffers and checks messages:
//! `wslay_event_recv`; `wslay_event_queue_msg` and one `wslay_event_send` per
//! batch.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::slice::{from_raw_parts, from_raw_parts_mut};

use super::{Decode, Encode};
use crate::wire::{Drain, Tape, Wire};

/// Name in tables.
pub const NAME: &str = "wslay";

/// Receives messages.
pub struct Decoder(Context);

impl Decode for Decoder {
    fn open(tape: Tape, _: usize) -> Self {
        Self(Context::open(Wire::reading(tape)))
    }

    fn pass(&mut self, mut message: impl FnMut(&[u8])) {
        self.0.host.more_to_read = true;
        let mut message: &mut dyn FnMut(&[u8]) = &mut message;
        self.0.host.message = (&raw mut message).cast();
        // SAFETY: the context is alive; `message` outlives the call.
        assert_eq!(unsafe { wslay_event_recv(self.0.raw) }, 0);
        self.0.host.message = null_mut();
    }
}

/// Sends messages.
pub struct Encoder(Context);

impl Encode for Encoder {
    fn open(drain: Drain) -> Self {
        Self(Context::open(Wire::writing(drain)))
    }

    fn pass(&mut self, message: &'static [u8], batch: usize) {
        let message = EventMessage { opcode: BINARY, octets: message.as_ptr(), len: message.len() };
        for _ in 0..batch {
            // SAFETY: the context is alive; the message is copied.
            assert_eq!(unsafe { wslay_event_queue_msg(self.0.raw, &message) }, 0);
        }
        // SAFETY: the context is alive.
        assert_eq!(unsafe { wslay_event_send(self.0.raw) }, 0);
    }
}

/// A server's context and the host that its callbacks are given. The host's
/// address does not change.
struct Context {
    raw: *mut RawContext,
    host: Box<Host>,
}

/// What the callbacks use.
struct Host {
    wire: Wire,
    /// Whether this pass has not reached the end of the tape.
    more_to_read: bool,
    /// The `&mut dyn FnMut(&[u8])` of this pass.
    message: *mut c_void,
}

impl Context {
    fn open(wire: Wire) -> Self {
        let mut host = Box::new(Host { wire, more_to_read: false, message: null_mut() });
        let callbacks = Callbacks {
            recv: Some(on_recv),
            send: Some(on_send),
            genmask: None,
            on_frame_recv_start: None,
            on_frame_recv_chunk: None,
            on_frame_recv_end: None,
            on_msg_recv: Some(on_message),
        };
        let mut raw = null_mut();
        let user_data = (&raw mut *host).cast();
        // SAFETY: the callbacks are copied; the host lives as long as the context.
        assert_eq!(unsafe { wslay_event_context_server_init(&mut raw, &callbacks, user_data) }, 0);
        Self { raw, host }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is ours and not used again.
        unsafe { wslay_event_context_free(self.raw) }
    }
}

extern "C" fn on_recv(
    context: *mut RawContext,
    space: *mut u8,
    len: usize,
    _: c_int,
    host: *mut c_void,
) -> isize {
    // SAFETY: `host` is the host of this context; wslay gives a valid range.
    let (host, space) = unsafe { (&mut *host.cast::<Host>(), from_raw_parts_mut(space, len)) };
    if !host.more_to_read {
        // SAFETY: the context is the one that calls.
        unsafe { wslay_event_set_error(context, WOULD_BLOCK) };
        return -1;
    }
    let count = host.wire.tape.read(space);
    host.more_to_read = !host.wire.tape.at_start();
    count as isize
}

extern "C" fn on_send(
    _: *mut RawContext,
    octets: *const u8,
    len: usize,
    _: c_int,
    host: *mut c_void,
) -> isize {
    // SAFETY: `host` is the host of this context; wslay gives a valid range.
    let (host, octets) = unsafe { (&*host.cast::<Host>(), from_raw_parts(octets, len)) };
    host.wire.drain.take(octets);
    len as isize
}

extern "C" fn on_message(_: *mut RawContext, message: *const ReceivedMessage, host: *mut c_void) {
    // SAFETY: `host` is the host of this context, which is inside a pass;
    // wslay gives a valid message.
    let (sink, octets) = unsafe {
        let sink = (*host.cast::<Host>()).message.cast::<&mut dyn FnMut(&[u8])>();
        (&mut *sink, from_raw_parts((*message).octets, (*message).len))
    };
    sink(octets);
}

const BINARY: u8 = 2;
const WOULD_BLOCK: c_int = -401;

/// `struct wslay_event_context`, opaque.
#[repr(C)]
struct RawContext {
    private: [u8; 0],
}

/// `struct wslay_event_msg`.
#[repr(C)]
struct EventMessage {
    opcode: u8,
    octets: *const u8,
    len: usize,
}

/// `struct wslay_event_on_msg_recv_arg`.
#[repr(C)]
struct ReceivedMessage {
    rsv: u8,
    opcode: u8,
    octets: *const u8,
    len: usize,
    status_code: u16,
}

/// `struct wslay_event_callbacks`; those that are not used have no type.
#[repr(C)]
struct Callbacks {
    recv: Option<extern "C" fn(*mut RawContext, *mut u8, usize, c_int, *mut c_void) -> isize>,
    send: Option<extern "C" fn(*mut RawContext, *const u8, usize, c_int, *mut c_void) -> isize>,
    genmask: Option<extern "C" fn()>,
    on_frame_recv_start: Option<extern "C" fn()>,
    on_frame_recv_chunk: Option<extern "C" fn()>,
    on_frame_recv_end: Option<extern "C" fn()>,
    on_msg_recv: Option<extern "C" fn(*mut RawContext, *const ReceivedMessage, *mut c_void)>,
}

unsafe extern "C" {
    fn wslay_event_context_server_init(
        context: *mut *mut RawContext,
        callbacks: *const Callbacks,
        user_data: *mut c_void,
    ) -> c_int;
    fn wslay_event_context_free(context: *mut RawContext);
    fn wslay_event_set_error(context: *mut RawContext, error: c_int);
    fn wslay_event_recv(context: *mut RawContext) -> c_int;
    fn wslay_event_send(context: *mut RawContext) -> c_int;
    fn wslay_event_queue_msg(context: *mut RawContext, message: *const EventMessage) -> c_int;
}
