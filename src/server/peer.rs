//! The connections of a server, and what it knows of each.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use super::deadlines::NEVER;
use super::listing::Nowhere;
use super::stream::Stream;
use crate::conn::{Connection, State};
use crate::handshake::Answer;

/// Names a connection of a server, also from other threads, and never another
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(u64);

/// Low bits of an id: the connection's place. The others count connections.
const SLOT_BITS: u32 = 24;

/// So many connections a server can have.
pub(super) const MAX_PEERS: usize = 1 << SLOT_BITS;

impl Id {
    pub(super) const fn new(serial: u64, slot: usize) -> Self {
        Self(serial << SLOT_BITS | slot as u64)
    }

    /// As a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// That number's.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    pub(super) const fn slot(self) -> usize {
        (self.0 & (MAX_PEERS as u64 - 1)) as usize
    }
}

/// What the application holds of a connection, which a server keeps.
pub trait Host {
    /// Takes a connection.
    fn new(connection: Connection, touch: Touch) -> Self;

    /// The connection; `None` when a bug made it useless.
    fn connection(&mut self) -> Option<&mut Connection>;

    /// What was given with it.
    fn touch(&mut self) -> &mut Touch;
}

/// Tells a server that the application did something with a connection.
pub struct Touch {
    slot: u32,
    is_listed: bool,
    is_dropped: bool,
    server: Rc<Touched>,
}

/// What a server's connections tell it.
#[derive(Default)]
pub(super) struct Touched {
    /// Places of those that were touched.
    pub(super) list: RefCell<Vec<u32>>,
    /// Where the buffer lies that the server reads into.
    pub(super) input: Cell<(usize, usize)>,
}

impl Touch {
    pub(super) fn new(slot: usize, server: &Rc<Touched>) -> Self {
        let server = Rc::clone(server);
        Self { slot: slot as u32, is_listed: false, is_dropped: false, server }
    }

    /// The server is to look what there is to be done.
    #[inline]
    pub fn touch(&mut self) {
        if !self.is_listed {
            self.is_listed = true;
            self.server.list.borrow_mut().push(self.slot);
        }
    }

    /// Whether octets lie where the server reads into: there they are until its
    /// next turn, which writes before it reads ([`Lent::passing`]).
    ///
    /// [`Lent::passing`]: crate::conn::Lent::passing
    #[must_use]
    pub fn holds(&self, octets: *const u8, len: usize) -> bool {
        let (start, size) = self.server.input.get();
        let at = (octets as usize).wrapping_sub(start);
        at < size && len <= size - at
    }

    /// The server is to end it, without a word to anybody.
    pub fn drop_it(&mut self) {
        self.is_dropped = true;
        self.touch();
    }

    pub(super) const fn is_dropped(&self) -> bool {
        self.is_dropped
    }

    /// It is in the list no more.
    pub(super) fn is_taken(&mut self) {
        self.is_listed = false;
    }
}

impl fmt::Debug for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Touch").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// A connection with its socket.
pub(super) struct Peer<H> {
    pub(super) host: H,
    /// `None` once it is over.
    pub(super) stream: Option<Stream>,
    pub(super) id: Id,
    /// As it stands among the deadlines.
    pub(super) deadline: u64,
    /// Where addresses are counted.
    pub(super) address: Option<Box<IpAddr>>,
    /// What it is subscribed to.
    #[allow(clippy::box_collection, reason = "a connection at rest is small")]
    pub(super) topics: Option<Box<Vec<Rc<[u8]>>>>,
    /// The socket may have octets, or its end.
    pub(super) is_readable: bool,
    /// The socket takes octets, as far as is known.
    pub(super) is_writable: bool,
    /// The socket takes nothing any more.
    pub(super) is_broken: bool,
    /// The peer ended its side: reading ends with that, not with a short read.
    pub(super) has_end: bool,
    /// The connection wants to read.
    pub(super) wants_read: bool,
    /// Octets wait in the connection.
    pub(super) wants_recv: bool,
    /// It has its place among those that are read from next.
    pub(super) is_ready: bool,
    /// Our side of the socket was ended.
    pub(super) is_shut: bool,
    /// An event of it was listed.
    pub(super) is_known: bool,
    /// Its last event was listed.
    pub(super) is_ended: bool,
}

impl<H> Peer<H> {
    pub(super) fn new(host: H, stream: Stream, id: Id, address: Option<IpAddr>) -> Self {
        Self {
            host,
            stream: Some(stream),
            id,
            deadline: NEVER,
            address: address.map(Box::new),
            topics: None,
            is_readable: false,
            is_writable: true,
            is_broken: false,
            has_end: false,
            wants_read: false,
            wants_recv: false,
            is_ready: false,
            is_shut: false,
            is_known: false,
            is_ended: false,
        }
    }
}

impl<H: Host> Peer<H> {
    /// Nothing more is listed of it.
    pub(super) fn is_over(&mut self) -> bool {
        self.is_ended || self.host.touch().is_dropped()
    }

    /// It is not written to in this turn, which overwrites what was lent in passing.
    pub(super) fn keep_output(&mut self) {
        let kept = self.host.connection().map(Connection::own_output);
        if let Some(Err(_)) = kept {
            self.host.touch().drop_it();
        }
    }

    /// The server is leaving.
    pub(super) fn say_goodbye(&mut self, code: u16) {
        self.host.touch().touch();
        let Some(connection) = self.host.connection() else { return };
        let said = match connection.state() {
            State::Open => connection.close(code, "").is_ok(),
            State::Connecting => {
                connection.reject(&Answer { status: 503, headers: Vec::new(), body: b"" }).is_ok()
            }
            State::Closing | State::Closed => true,
        };
        if !said {
            // Nothing was asked yet, or nothing can be said.
            connection.recv_eof(&mut Nowhere);
        }
    }
}
