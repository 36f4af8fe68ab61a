//! Sockets that are listened to.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mio::Registry;
use mio::event::Source;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::stream::Stream;
use super::tls::Certificates;

/// How an address is listened to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listen {
    /// Others may listen to it too: a server for each thread.
    pub reuse_port: bool,
    /// Connections speak TLS.
    pub tls: bool,
}

/// The kernel takes less where it has to.
const BACKLOG: i32 = 4096;

pub(super) struct Listener {
    socket: Listening,
    /// The name that is removed with it.
    path: Option<PathBuf>,
    /// Who comes speaks TLS, with one of them.
    pub(super) certificates: Option<Arc<Certificates>>,
    /// Somebody may be waiting.
    pub(super) is_ready: bool,
}

enum Listening {
    Tcp(mio::net::TcpListener),
    Unix(mio::net::UnixListener),
}

impl Listener {
    /// Listens to every address that a name has; without a name to every address
    /// of this machine. Port 0 is any free one, the same for all.
    pub(super) fn tcp(host: &str, port: u16, how: Listen) -> io::Result<(Vec<Self>, SocketAddr)> {
        let mut listeners = Vec::new();
        let mut first: Option<SocketAddr> = None;
        let mut error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for mut address in addresses(host, port)? {
            if let Some(first) = first {
                if first.ip().is_unspecified() {
                    break; // of both kinds
                }
                address.set_port(first.port());
            }
            match listen(address, how) {
                Ok((listener, bound)) => {
                    first.get_or_insert(bound);
                    listeners.push(listener);
                }
                // A name may have addresses of a kind that this machine has not.
                Err(reason) if is_other_kind(&reason) => error = reason,
                Err(reason) => return Err(reason),
            }
        }
        first.map(|first| (listeners, first)).ok_or(error)
    }

    /// Listens to a name among files, which is removed at the end. One that was
    /// left behind by a server that is no more is taken over.
    pub(super) fn unix(path: &Path) -> io::Result<Self> {
        let bound = match mio::net::UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path) => {
                fs::remove_file(path)?;
                mio::net::UnixListener::bind(path)
            }
            bound => bound,
        };
        let mut listener = Self::of(Listening::Unix(bound?));
        listener.path = Some(path.to_owned());
        Ok(listener)
    }

    /// Takes a socket that listens already.
    pub(super) fn adopt(socket: OwnedFd) -> io::Result<Self> {
        let is_unix = {
            let socket = SockRef::from(&socket);
            if !socket.is_listener()? {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen"));
            }
            socket.set_nonblocking(true)?;
            socket.local_addr()?.is_unix()
        };
        Ok(Self::of(if is_unix {
            let socket = std::os::unix::net::UnixListener::from(socket);
            Listening::Unix(mio::net::UnixListener::from_std(socket))
        } else {
            let socket = std::net::TcpListener::from(socket);
            Listening::Tcp(mio::net::TcpListener::from_std(socket))
        }))
    }

    /// Who waits, and from where.
    pub(super) fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        let (stream, from) = match &self.socket {
            Listening::Tcp(socket) => {
                socket.accept().map(|(stream, from)| (Stream::tcp(stream.into()), Some(from)))
            }
            Listening::Unix(socket) => {
                socket.accept().map(|(stream, _)| (Stream::unix(stream.into()), None))
            }
        }?;
        match &self.certificates {
            Some(certificates) => Ok((stream.secure(certificates)?, from)),
            None => Ok((stream, from)),
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: mio::Token) -> io::Result<()> {
        match &mut self.socket {
            Listening::Tcp(socket) => socket.register(registry, token, mio::Interest::READABLE),
            Listening::Unix(socket) => socket.register(registry, token, mio::Interest::READABLE),
        }
    }

    fn of(socket: Listening) -> Self {
        if let Listening::Tcp(socket) = &socket {
            // Frames are batched before they are written. What is accepted has it from
            // here, which saves a call for each; where it fails, they may be delayed.
            let _ = SockRef::from(socket).set_tcp_nodelay(true);
        }
        Self { socket, path: None, certificates: None, is_ready: true }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        // The first takes IPv4 too, where there is IPv6.
        return Ok(vec![
            (Ipv6Addr::UNSPECIFIED, port).into(),
            (Ipv4Addr::UNSPECIFIED, port).into(),
        ]);
    }
    Ok((host, port).to_socket_addrs()?.collect())
}

fn listen(address: SocketAddr, how: Listen) -> io::Result<(Listener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A server that begins anew need not wait for what the last one left.
    socket.set_reuse_address(true)?;
    if how.reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    let socket = mio::net::TcpListener::from_std(socket.into());
    Ok((Listener::of(Listening::Tcp(socket)), bound))
}

fn is_other_kind(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

/// Whether it is a socket that nobody listens to.
fn is_left_behind(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
        && UnixStream::connect(path)
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
