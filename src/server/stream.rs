//! Streams of octets: sockets that do not block.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use socket2::{Domain, SockRef};

pub(super) struct Stream {
    socket: Socket,
    /// Octets that were read before.
    #[allow(clippy::box_collection, reason = "few have any; a connection at rest is small")]
    early: Option<Box<VecDeque<u8>>>,
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
        let domain = SockRef::from(&socket).domain()?;
        let mut stream =
            if domain == Domain::UNIX { Self::unix(socket) } else { Self::tcp(socket) };
        if !early.is_empty() {
            stream.early = Some(Box::new(VecDeque::from(early.to_vec())));
        }
        Ok(stream)
    }

    /// A TCP socket that does not block.
    pub(super) fn tcp(socket: OwnedFd) -> Self {
        let socket = TcpStream::from(socket);
        // Frames are batched before they are written. Where this fails the socket
        // is over, as the next read tells.
        let _ = socket.set_nodelay(true);
        Self { socket: Socket::Tcp(socket), early: None }
    }

    /// A Unix socket that does not block.
    pub(super) fn unix(socket: OwnedFd) -> Self {
        Self { socket: Socket::Unix(socket.into()), early: None }
    }

    /// From now on it does not block.
    pub(super) fn unblock(&self) -> io::Result<()> {
        SockRef::from(self).set_nonblocking(true)
    }

    /// Whether there is something to be read that the system does not tell of.
    pub(super) const fn is_ahead(&self) -> bool {
        self.early.is_some()
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<Got> {
        if let Some(early) = &mut self.early {
            let len = early.read(into)?;
            self.early.take_if(|early| early.is_empty());
            return Ok(Got::Some(len));
        }
        let read = uninterrupted(|| match &mut self.socket {
            Socket::Tcp(socket) => socket.read(into),
            Socket::Unix(socket) => socket.read(into),
        });
        match read {
            Ok(0) => Ok(Got::End),
            Ok(len) if len == into.len() => Ok(Got::Some(len)),
            Ok(len) => Ok(Got::Last(len)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Got::Last(0)),
            Err(error) => Err(error),
        }
    }

    /// Reads into the room behind a block, which does not grow.
    pub(super) fn append(&mut self, block: &mut Vec<u8>, room: usize) -> io::Result<Got> {
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
        // Not `write_vectored`: a host in C may not ignore SIGPIPE.
        let socket = SockRef::from(&*self);
        let flags = NO_SIGNAL;
        match uninterrupted(|| socket.send_vectored_with_flags(runs, flags)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }

    /// Where it comes from, if that is an address.
    pub(super) fn peer_address(&self) -> Option<SocketAddr> {
        let address = SockRef::from(self).peer_addr().ok()?.as_socket()?;
        // IPv4 on a socket of both kinds is the same address.
        Some((address.ip().to_canonical(), address.port()).into())
    }

    /// Ends our side.
    pub(super) fn shut(&mut self) {
        // It fails where the peer is gone, which is read next.
        let _ = match &self.socket {
            Socket::Tcp(socket) => socket.shutdown(Shutdown::Write),
            Socket::Unix(socket) => socket.shutdown(Shutdown::Write),
        };
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
        match &self.socket {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
        }
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
