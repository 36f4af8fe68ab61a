//! Streams of octets: sockets that do not block.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use socket2::SockRef;

use super::tls::{Certificates, Session};

pub(super) struct Stream {
    socket: Socket,
    /// Octets that were read before.
    #[allow(clippy::box_collection, reason = "few have any; a connection at rest is small")]
    early: Option<Box<VecDeque<u8>>>,
    /// Where TLS is spoken.
    session: Option<Box<Session>>,
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// So many octets; there may be more at once.
    Some(usize),
    /// So many octets, and no more for now.
    Last(usize),
    /// The end.
    End,
}

impl Stream {
    /// A connected socket, and what was read from it already.
    pub(super) fn adopt(socket: OwnedFd, early: &[u8]) -> io::Result<Self> {
        let is_unix = SockRef::from(&socket).local_addr()?.is_unix();
        let mut stream = if is_unix { Self::unix(socket) } else { Self::tcp(socket) };
        if let Socket::Tcp(socket) = &stream.socket {
            // Frames are batched before they are written. Where this fails the socket
            // is over, as the next read tells.
            let _ = socket.set_nodelay(true);
        }
        if !early.is_empty() {
            let mut copy = VecDeque::new();
            copy.try_reserve_exact(early.len())?;
            copy.extend(early);
            stream.early = Some(Box::new(copy));
        }
        Ok(stream)
    }

    /// A TCP socket that does not block.
    pub(super) fn tcp(socket: OwnedFd) -> Self {
        Self { socket: Socket::Tcp(socket.into()), early: None, session: None }
    }

    /// A Unix socket that does not block.
    pub(super) fn unix(socket: OwnedFd) -> Self {
        Self { socket: Socket::Unix(socket.into()), early: None, session: None }
    }

    /// Speaks TLS from here on.
    pub(super) fn secure(mut self, certificates: &Certificates) -> io::Result<Self> {
        self.session = Some(Box::new(Session::new(certificates)?));
        Ok(self)
    }

    /// From now on it does not block.
    pub(super) fn unblock(&self) -> io::Result<()> {
        SockRef::from(self).set_nonblocking(true)
    }

    /// Whether there is something to be read that the system does not tell of.
    pub(super) const fn is_ahead(&self) -> bool {
        self.early.is_some()
    }

    /// Whether octets wait that the socket did not take.
    pub(super) fn is_behind(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.wants_write())
    }

    /// Reads. `ciphertext` is memory for that, where TLS is spoken.
    pub(super) fn read(&mut self, mut into: &mut [u8], ciphertext: &mut [u8]) -> io::Result<Got> {
        if self.session.is_some() {
            return self.decrypt(ciphertext, into.len(), &mut into);
        }
        if let Some(early) = &mut self.early {
            let len = early.read(into)?;
            self.early.take_if(|early| early.is_empty());
            return Ok(Got::Some(len));
        }
        match self.socket.read(into) {
            Ok(0) => Ok(Got::End),
            Ok(len) if len == into.len() => Ok(Got::Some(len)),
            Ok(len) => Ok(Got::Last(len)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Got::Last(0)),
            Err(error) => Err(error),
        }
    }

    /// Reads into the room behind a block, which does not grow.
    pub(super) fn append(
        &mut self,
        block: &mut Vec<u8>,
        room: usize,
        ciphertext: &mut [u8],
    ) -> io::Result<Got> {
        if self.session.is_some() {
            return self.decrypt(ciphertext, room, block);
        }
        let before = block.len();
        let limit = room as u64;
        let read = match (&mut self.early, &self.socket) {
            (Some(early), _) => early.take(limit).read_to_end(block),
            (None, Socket::Tcp(socket)) => socket.take(limit).read_to_end(block),
            (None, Socket::Unix(socket)) => socket.take(limit).read_to_end(block),
        };
        if self.early.take_if(|early| early.is_empty()).is_some() {
            return Ok(Got::Some(block.len() - before));
        }
        let len = block.len() - before;
        match read {
            Ok(0) if room > 0 => Ok(Got::End),
            Ok(_) => Ok(Got::Some(len)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Got::Last(len)),
            // The next read tells it again.
            Err(_) if len > 0 => Ok(Got::Some(len)),
            Err(error) => Err(error),
        }
    }

    /// Writes as much as it takes; nothing when it takes nothing now.
    pub(super) fn write(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Some(session) = &mut self.session {
            return session.write(&mut self.socket, runs);
        }
        match self.socket.write_vectored(runs) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    /// Writes what TLS has to say for itself. Returns whether the socket took all of it.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        self.session.as_mut().map_or(Ok(true), |session| session.flush(&mut self.socket))
    }

    /// Where it comes from, if that is an address.
    pub(super) fn peer_address(&self) -> Option<SocketAddr> {
        let address = SockRef::from(self).peer_addr().ok()?.as_socket()?;
        // IPv4 on a socket of both kinds is the same address.
        Some((address.ip().to_canonical(), address.port()).into())
    }

    /// Says, where TLS is spoken, that nothing more comes. Returns whether the socket took it.
    pub(super) fn close(&mut self) -> io::Result<bool> {
        if let Some(session) = &mut self.session {
            session.close();
        }
        self.flush()
    }

    /// Ends our side.
    pub(super) fn shut(&mut self) {
        // It fails where the peer is gone, which is read next.
        let _ = match &self.socket {
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Write),
            Socket::Unix(socket) => socket.shutdown(Shutdown::Write),
        };
    }

    /// Reads through TLS.
    fn decrypt(
        &mut self,
        ciphertext: &mut [u8],
        room: usize,
        into: &mut impl Write,
    ) -> io::Result<Got> {
        let Some(session) = &mut self.session else { return Ok(Got::End) };
        let (socket, early) = (&mut self.socket, &mut self.early);
        let mut wire = Wire { socket, early, is_drained: false };
        let read = session.read(&mut wire, ciphertext, room, into);
        let is_drained = wire.is_drained && !session.is_ahead();
        // The answers of a handshake, or an alert: what the socket does not take is behind.
        let flushed = session.flush(&mut self.socket);
        match read {
            Ok(0) => Ok(Got::End),
            Ok(len) if is_drained => Ok(Got::Last(len)),
            Ok(len) => Ok(Got::Some(len)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                flushed.map(|_| Got::Last(0))
            }
            Err(error) => Err(error),
        }
    }
}

/// What ciphertext is read from.
struct Wire<'a> {
    socket: &'a mut Socket,
    #[allow(clippy::box_collection, reason = "as in a stream")]
    early: &'a mut Option<Box<VecDeque<u8>>>,
    /// There is no more for now.
    is_drained: bool,
}

impl Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(early) = self.early {
            let len = early.read(into)?;
            self.early.take_if(|early| early.is_empty());
            return Ok(len);
        }
        let read = self.socket.read(into);
        self.is_drained = !matches!(read, Ok(len) if len == into.len());
        read
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        uninterrupted(|| match self {
            Self::Tcp(socket) => socket.read(into),
            Self::Unix(socket) => socket.read(into),
        })
    }
}

/// Without SIGPIPE, which a host in C may not ignore.
impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let socket = SockRef::from(&*self);
        uninterrupted(|| socket.send_with_flags(octets, NO_SIGNAL))
    }

    #[cfg(not(miri))]
    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let socket = SockRef::from(&*self);
        uninterrupted(|| socket.send_vectored_with_flags(runs, NO_SIGNAL))
    }

    /// Miri knows no `sendmsg`.
    #[cfg(miri)]
    fn write_vectored(&mut self, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let octets: Vec<u8> = runs.iter().flat_map(|run| run.iter().copied()).collect();
        self.write(&octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
/// There `SO_NOSIGPIPE` does it, which the standard library sets.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const NO_SIGNAL: i32 = 0;

fn uninterrupted<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
        }
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
