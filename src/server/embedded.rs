//! The server: what an application calls. How it turns is in `turn.rs`.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use slab::Slab;

use super::certificate_error::CertificateError;
use super::deadlines::{Deadlines, NEVER};
use super::limits::{Limits, TooMany};
use super::listener::{Listen, Listener};
use super::metrics::Metrics;
use super::peer::{Host, Id, MAX_PEERS, Peer, Touch, Touched};
use super::remote::{Remote, Wish};
use super::stream::Stream;
use super::tls::{Certificates, Identity, Session};
use super::topics::Topics;
use crate::conn::{self, Config, Connection, OptionKey, Prepared, SendError, State};

/// Connections, their sockets and their deadlines, for one thread.
///
/// [`Server::poll`] reads, tells the time and writes; the application handles
/// the events it lists, and calls it again. What the application queues on any
/// connection goes out with the next call.
pub struct Server<H> {
    pub(super) config: Arc<Config>,
    pub(super) selector: mio::Poll,
    pub(super) signs: mio::Events,
    pub(super) listeners: Slab<Listener>,
    pub(super) peers: Slab<Peer<H>>,
    /// Connections so far.
    serial: u64,
    /// Whose output, interest or deadline may have changed.
    pub(super) touched: Rc<Touched>,
    /// Memory for the next such list.
    pub(super) spare: Vec<u32>,
    /// Who is read from next, in order.
    pub(super) ready: VecDeque<usize>,
    /// So many of them, before the system is asked again.
    pub(super) round: usize,
    /// Octets in the buffer that were not received yet, and whose.
    pub(super) left: Option<(usize, Range<usize>)>,
    /// Who is over, and was listed by the last call.
    pub(super) dead: Vec<usize>,
    pub(super) deadlines: Deadlines,
    pub(super) limits: Limits,
    /// Nobody is accepted before.
    pub(super) accepts_from: u64,
    pub(super) topics: Topics,
    pub(super) remote: Arc<Remote>,
    /// What TLS is spoken with.
    certificates: Option<Arc<Certificates>>,
    /// Where its octets are read into.
    pub(super) ciphertext: Vec<u8>,
    pub(super) metrics: Metrics,
    /// Where Prometheus asks.
    pub(super) metrics_path: Option<Box<str>>,
    pub(super) stage: Stage,
    start: Instant,
    /// Milliseconds since then.
    pub(super) now: u64,
}

/// How far a server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It accepts connections.
    Running,
    /// It ends those that there are, until that time of its clock.
    Stopping(u64),
    /// There are none any more.
    Stopped,
}

/// Where the events of connections are listed. An offset into the input is one
/// into the buffer that was given to [`Server::poll`].
pub trait Sink<H>: conn::Sink {
    /// The events that follow are those of this connection.
    fn turn_to(&mut self, id: Id, host: &mut H);
}

/// Memory that octets are read into, which is the same in every turn.
pub trait Buffer {
    /// Its size.
    fn size(&self) -> usize;

    /// A part of it.
    fn part(&mut self, range: Range<usize>) -> &mut [u8];
}

impl Buffer for Vec<u8> {
    fn size(&self) -> usize {
        self.len()
    }

    fn part(&mut self, range: Range<usize>) -> &mut [u8] {
        self.get_mut(range).unwrap_or_default()
    }
}

/// What the system's signs are about, apart from connections.
pub(super) const WAKER: mio::Token = mio::Token(usize::MAX);
/// Listeners have tokens from here on.
pub(super) const FIRST_LISTENER: usize = usize::MAX / 2;

/// Signs taken from the system at once.
const SIGNS: usize = 256;

impl<H: Host> Server<H> {
    /// Makes a server without listeners.
    ///
    /// # Errors
    /// When the system has no more descriptors.
    pub fn new(config: Arc<Config>) -> io::Result<Self> {
        let selector = mio::Poll::new()?;
        let waker = mio::Waker::new(selector.registry(), WAKER)?;
        let max_waiting = usize::try_from(config.get(OptionKey::MaxOutput)).unwrap_or(usize::MAX);
        Ok(Self {
            selector,
            signs: mio::Events::with_capacity(SIGNS),
            listeners: Slab::new(),
            peers: Slab::new(),
            serial: 0,
            touched: Rc::default(),
            spare: Vec::new(),
            ready: VecDeque::new(),
            round: 0,
            left: None,
            dead: Vec::new(),
            deadlines: Deadlines::default(),
            limits: Limits::new(&config),
            accepts_from: 0,
            topics: Topics::default(),
            remote: Arc::new(Remote::new(waker, max_waiting)),
            certificates: None,
            ciphertext: Vec::new(),
            metrics: Metrics::default(),
            metrics_path: None,
            stage: Stage::Running,
            start: Instant::now(),
            now: 0,
            config,
        })
    }

    // ---- Where connections come from ----

    /// Listens to every address that a name has, or to all of this machine for an
    /// empty one. Returns the first address, with its port.
    ///
    /// # Errors
    /// The system's, when the server is stopping, and when TLS is to be spoken without
    /// certificates.
    pub fn listen(&mut self, host: &str, port: u16, how: Listen) -> io::Result<SocketAddr> {
        self.check_running()?;
        let certificates = self.certificates_for(how)?;
        let (listeners, address) = Listener::tcp(host, port, how)?;
        for listener in listeners {
            self.add_listener(listener, certificates.clone())?;
        }
        Ok(address)
    }

    /// Listens to a name among files.
    ///
    /// # Errors
    /// As [`Server::listen`].
    pub fn listen_unix(&mut self, path: &Path, how: Listen) -> io::Result<()> {
        self.check_running()?;
        let certificates = self.certificates_for(how)?;
        self.add_listener(Listener::unix(path)?, certificates)
    }

    /// Listens with a socket that listens already, such as one of systemd's.
    ///
    /// # Errors
    /// As [`Server::listen`].
    pub fn listen_with(&mut self, socket: OwnedFd, how: Listen) -> io::Result<()> {
        self.check_running()?;
        let certificates = self.certificates_for(how)?;
        self.add_listener(Listener::adopt(socket)?, certificates)
    }

    /// Takes a connection that was accepted elsewhere, and octets that were read
    /// from it.
    ///
    /// # Errors
    /// As [`Server::listen`], and when there are too many.
    pub fn adopt(&mut self, socket: OwnedFd, early: &[u8], how: Listen) -> io::Result<Id> {
        self.check_running()?;
        let mut stream = Stream::adopt(socket, early)?;
        if let Some(certificates) = self.certificates_for(how)? {
            stream = stream.secure(&certificates)?;
        }
        let is_ahead = stream.is_ahead();
        let id = self.admit(stream, None)?;
        if let Some(peer) = self.peers.get_mut(id.slot()) {
            peer.is_readable = is_ahead;
            // Not before, since one that is not taken is its owner's as it was. The
            // system has no reason to refuse it.
            let _ = peer.stream.as_ref().map(Stream::unblock);
        }
        Ok(id)
    }

    // ---- TLS ----

    /// Sets or replaces a certificate, see [`Certificates::set`].
    ///
    /// # Errors
    /// Those of [`Certificates::set`].
    pub fn set_certificate(
        &mut self,
        host: Option<&str>,
        identity: Identity,
    ) -> Result<(), CertificateError> {
        if let Some(certificates) = &self.certificates {
            return certificates.set(host, identity);
        }
        let certificates = Certificates::new()?;
        certificates.set(host, identity)?;
        self.share_certificates(Arc::new(certificates));
        Ok(())
    }

    /// Those of the listeners that are made from now on; other servers may have them too.
    pub fn share_certificates(&mut self, certificates: Arc<Certificates>) {
        self.certificates = Some(certificates);
        self.ciphertext.resize(Session::BUFFER, 0);
    }

    /// What TLS is spoken with, if it is.
    #[must_use]
    pub const fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    // ---- Connections ----

    /// A connection, unless it is over.
    pub fn host(&mut self, id: Id) -> Option<&mut H> {
        let peer = self.peers.get_mut(id.slot()).filter(|peer| peer.id == id)?;
        (!peer.is_over()).then_some(&mut peer.host)
    }

    /// Where a connection comes from, with a port; nothing for a Unix socket. `None`
    /// when it is over.
    #[must_use]
    pub fn peer_address(&self, id: Id) -> Option<String> {
        let peer = self.peers.get(id.slot()).filter(|peer| peer.id == id)?;
        Some(match peer.stream.as_ref()?.peer_address() {
            Some(address) => address.to_string(),
            None => String::new(),
        })
    }

    /// Connections that there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.peers.len() - self.dead.len()
    }

    /// Subscribes a connection to a topic. Returns false when it is over.
    pub fn subscribe(&mut self, id: Id, topic: &[u8]) -> bool {
        let Some(peer) = self.peers.get_mut(id.slot()).filter(|peer| peer.id == id) else {
            return false;
        };
        if peer.is_over() {
            return false;
        }
        if let Some(topic) = self.topics.subscribe(topic, id.slot()) {
            peer.topics.get_or_insert_default().push(topic);
        }
        true
    }

    /// Ends that. Returns whether it was subscribed.
    pub fn unsubscribe(&mut self, id: Id, topic: &[u8]) -> bool {
        let Some(peer) = self.peers.get_mut(id.slot()).filter(|peer| peer.id == id) else {
            return false;
        };
        if let Some(topics) = &mut peer.topics {
            topics.retain(|known| **known != *topic);
        }
        peer.topics.take_if(|topics| topics.is_empty());
        self.topics.unsubscribe(topic, id.slot())
    }

    /// Queues a message for the subscribers of a topic, or for every open
    /// connection. Returns how many got it: not those whose output is full.
    pub fn publish(
        &mut self,
        topic: Option<&[u8]>,
        message: &Prepared,
        except: Option<Id>,
    ) -> usize {
        let slots = match topic {
            Some(topic) => self.topics.of(topic),
            None => self.peers.iter().map(|(slot, _)| slot).collect(),
        };
        let mut count = 0;
        for slot in slots {
            let Some(peer) = self.peers.get_mut(slot) else { continue };
            if Some(peer.id) == except || peer.is_over() {
                continue;
            }
            let Some(connection) = peer.host.connection() else { continue };
            if connection.state() != State::Open {
                continue;
            }
            let sent = connection.send_prepared(message);
            peer.host.touch().touch();
            self.metrics.tell_sent(sent);
            count += usize::from(sent.is_ok());
        }
        count
    }

    // ---- The whole ----

    /// Accepts nobody any more, and ends every connection: with a closing
    /// handshake where it is open, with 503 where a request waits. What is left
    /// after `time` milliseconds is dropped.
    pub fn shutdown(&mut self, code: u16, time: u64) {
        if self.stage != Stage::Running {
            return;
        }
        self.tell_time();
        self.stage = Stage::Stopping(self.now.saturating_add(time));
        self.listeners.clear();
        for (_, peer) in &mut self.peers {
            peer.say_goodbye(code);
        }
    }

    /// How far it has come.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// What it counted.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics { connections: self.count() as u64, ..self.metrics }
    }

    /// Answers plain requests for that path with [`Metrics::text`]. The config has
    /// to take plain requests.
    ///
    /// # Errors
    /// When it does not, or that is no path.
    pub fn serve_metrics(&mut self, path: &str) -> Result<(), SendError> {
        if !path.starts_with('/') {
            return Err(SendError::Argument);
        }
        if self.config.get(OptionKey::PlainHttp) == 0 {
            return Err(SendError::State);
        }
        self.metrics_path = Some(path.into());
        Ok(())
    }

    /// The server as other threads see it.
    #[must_use]
    pub fn remote(&self) -> Arc<Remote> {
        Arc::clone(&self.remote)
    }

    // ---- For the turns ----

    /// Counts a connection in, with its socket.
    pub(super) fn admit(&mut self, stream: Stream, from: Option<SocketAddr>) -> io::Result<Id> {
        let address = from.map(|from| from.ip());
        let Ok(address) = self.limits.admit(self.count(), address) else {
            self.metrics.refused += 1;
            return Err(TooMany.into());
        };
        match self.insert(stream, address) {
            Ok(id) => {
                self.metrics.accepted += 1;
                Ok(id)
            }
            Err(error) => {
                if let Some(address) = address {
                    self.limits.leave(address);
                }
                Err(error)
            }
        }
    }

    pub(super) fn tell_time(&mut self) {
        self.now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(NEVER - 1);
    }

    /// What other threads want.
    pub(super) fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Send { to, kind, payload } => {
                self.send(to, |connection| {
                    connection.send(kind, &payload, conn::Manner::default())
                });
            }
            Wish::SendPrepared { to, message } => {
                self.send(to, |connection| connection.send_prepared(&message));
            }
            Wish::Publish { topic, message } => {
                self.publish(topic.as_deref(), &message, None);
            }
            Wish::Close { to, code, reason } => {
                if let Some(connection) = self.touched_connection(to) {
                    // It may be closing by itself.
                    let _ = connection.close(code, &reason);
                }
            }
            Wish::Shutdown { code, time } => self.shutdown(code, time),
        }
    }

    // ---- Private ----

    fn send(&mut self, to: Id, send: impl FnOnce(&mut Connection) -> Result<(), SendError>) {
        if let Some(connection) = self.touched_connection(to) {
            let sent = send(connection);
            self.metrics.tell_sent(sent);
        }
    }

    fn touched_connection(&mut self, id: Id) -> Option<&mut Connection> {
        let host = self.host(id)?;
        host.touch().touch();
        host.connection()
    }

    fn check_running(&self) -> io::Result<()> {
        match self.stage {
            Stage::Running => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the server is stopping")),
        }
    }

    fn certificates_for(&self, how: Listen) -> io::Result<Option<Arc<Certificates>>> {
        match &self.certificates {
            None if how.tls => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no certificate"))
            }
            certificates => Ok(certificates.clone().filter(|_| how.tls)),
        }
    }

    fn add_listener(
        &mut self,
        mut listener: Listener,
        certificates: Option<Arc<Certificates>>,
    ) -> io::Result<()> {
        listener.certificates = certificates;
        let entry = self.listeners.vacant_entry();
        let token = mio::Token(FIRST_LISTENER + entry.key());
        listener.register(self.selector.registry(), token)?;
        entry.insert(listener);
        Ok(())
    }

    fn insert(&mut self, stream: Stream, address: Option<std::net::IpAddr>) -> io::Result<Id> {
        let entry = self.peers.vacant_entry();
        let slot = entry.key();
        if slot >= MAX_PEERS {
            return Err(TooMany.into());
        }
        let (token, both) = (mio::Token(slot), mio::Interest::READABLE | mio::Interest::WRITABLE);
        let fd = std::os::fd::AsRawFd::as_raw_fd(&stream);
        self.selector.registry().register(&mut mio::unix::SourceFd(&fd), token, both)?;
        self.serial += 1;
        let id = Id::new(self.serial, slot);
        let mut touch = Touch::new(slot, &self.touched);
        touch.touch();
        let connection = Connection::server(Arc::clone(&self.config));
        entry.insert(Peer::new(H::new(connection, touch), stream, id, address));
        Ok(id)
    }
}

impl<H> Drop for Server<H> {
    fn drop(&mut self) {
        self.remote.end();
    }
}
