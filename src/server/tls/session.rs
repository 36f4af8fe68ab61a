//! One connection's TLS: ciphertext on the side of the socket, plaintext on the other.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, EncryptError, WriteTraffic};

use super::Certificates;
use super::runs::Runs;

/// The longest plaintext of a record, RFC 8446 5.1.
const PLAINTEXT: usize = 1 << 14;

/// The longest record, RFC 5246 6.2.3.
const RECORD: usize = 5 + PLAINTEXT + 2048;

/// What encryption adds to a record: header, nonce, type and tag.
const OVERHEAD: usize = 5 + 8 + 1 + 16;

/// So many records are encrypted ahead of the socket.
const AHEAD: usize = 4;

const PLAIN_HTTP: &str = "plain HTTP arrived where TLS is spoken; use wss://, not ws://";
const LONG_HANDSHAKE: &str = "a message of the TLS handshake is too long";

/// The server's side of TLS. It holds what the peer, the application or the socket leaves
/// undone, at most a record of each of the first and four of the last, and no buffer
/// while nothing is under way.
pub struct Session {
    connection: UnbufferedServerConnection,
    /// Ciphertext that cannot be looked at before more comes.
    incoming: Vec<u8>,
    /// Plaintext that there was no room for.
    plaintext: Vec<u8>,
    /// Ciphertext, of which the socket took the first `sent` octets.
    outgoing: Vec<u8>,
    sent: usize,
    /// Octets of plaintext in it.
    encrypted: usize,
    end: Option<End>,
}

/// Why no plaintext comes any more.
enum End {
    /// The peer said that it has sent everything: close_notify.
    Closed,
    /// It ended without that, and what came may not be everything: RFC 8446 6.1.
    Truncated,
    /// It broke a rule, or says that we did.
    Failed(String),
}

impl Session {
    /// Octets of the buffer that ciphertext is read into.
    pub const BUFFER: usize = 4 * RECORD;

    /// Waits for a handshake, which uses what is set now.
    pub fn new(certificates: &Certificates) -> io::Result<Self> {
        let connection = UnbufferedServerConnection::new(certificates.config());
        Ok(Self {
            connection: connection.map_err(io::Error::other)?,
            incoming: Vec::new(),
            plaintext: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            encrypted: 0,
            end: None,
        })
    }

    /// Whether the handshake is still to be finished.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Whether there is something to be read that the socket does not tell of.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        !self.plaintext.is_empty() || self.end.is_some()
    }

    /// Whether there is ciphertext for the socket.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Reads plaintext as from a socket, at most `room` octets, which `into` takes: 0 is the end
    /// that the peer announced, `UnexpectedEof` one that it did not, and `InvalidData` says
    /// what it did wrong. The handshake is made on the way, so there may be something to
    /// [`flush`](Self::flush) behind every read, an alert behind an error.
    ///
    /// `buffer` has [`BUFFER`](Self::BUFFER) octets, and serves any number of sessions.
    pub fn read(
        &mut self,
        socket: &mut impl Read,
        buffer: &mut [u8],
        room: usize,
        into: &mut impl Write,
    ) -> io::Result<usize> {
        if buffer.len() < Self::BUFFER {
            return Err(ErrorKind::InvalidInput.into());
        }
        if !self.plaintext.is_empty() {
            let len = into.write(self.plaintext.get(..room).unwrap_or(&self.plaintext))?;
            self.plaintext.drain(..len);
            if self.plaintext.is_empty() {
                self.plaintext = Vec::new();
            }
            return Ok(len);
        }
        loop {
            if let Some(end) = &self.end {
                return end.result();
            }
            // A whole record at least, and beyond that no more than there is room for.
            let (kept, most) = (self.incoming.len(), room.max(RECORD).min(buffer.len()));
            match socket.read(buffer.get_mut(kept..most).unwrap_or_default()) {
                Ok(0) => self.end = Some(End::Truncated),
                Ok(len) => {
                    let ciphertext = buffer.get_mut(..kept + len).unwrap_or_default();
                    if let Some(kept) = ciphertext.get_mut(..kept) {
                        kept.copy_from_slice(&self.incoming);
                    }
                    let read = self.decrypt(ciphertext, room, into)?;
                    if read > 0 {
                        return Ok(read);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes plaintext as to a socket, and says how much of it the socket has. As much as four
    /// records beyond that may be on its way: the next call has to begin with the same octets.
    pub fn write(&mut self, socket: &mut impl Write, runs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut runs = Runs::new(runs);
        runs.skip(self.encrypted);
        let mut written = 0;
        while self.flush(socket)? {
            written += std::mem::take(&mut self.encrypted);
            if runs.len() == 0 {
                break;
            }
            self.encrypted = self.encrypt(&mut runs)?;
        }
        Ok(written)
    }

    /// Brings ciphertext to the socket. Returns whether that took all of it.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<bool> {
        while let Some(rest) = self.outgoing.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match socket.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => self.sent += len,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.outgoing = Vec::new();
        self.sent = 0;
        Ok(true)
    }

    /// Queues close_notify, behind which nothing may be written, RFC 8446 6.1. Reading goes on.
    /// Before the end of the handshake there is nothing to close.
    pub fn close(&mut self) {
        let closed = self.with_traffic(|mut traffic, outgoing| {
            append(outgoing, |space| traffic.queue_close_notify(space))
        });
        // It takes space alone, which it is given.
        debug_assert!(!matches!(closed, Some(Err(_))));
    }

    /// Looks at ciphertext. Returns how much plaintext was taken.
    fn decrypt(
        &mut self,
        mut rest: &mut [u8],
        room: usize,
        into: &mut impl Write,
    ) -> io::Result<usize> {
        let mut taken = 0;
        let mut wants_more = false;
        while self.end.is_none() && !wants_more {
            let is_http = rest.first().is_some_and(u8::is_ascii_uppercase);
            let is_first = self.connection.protocol_version().is_none();
            let status = self.connection.process_tls_records(rest);
            let discard = status.discard;
            match status.state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        let now = record.payload.get(..room - taken).unwrap_or(record.payload);
                        let len = if now.is_empty() { 0 } else { into.write(now)? };
                        taken += len;
                        self.plaintext.extend(record.payload.get(len..).unwrap_or_default());
                    }
                }
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.outgoing),
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                    self.end = Some(End::Closed);
                }
                // BlockedHandshake and WriteTraffic.
                Ok(_) => wants_more = true,
                Err(_) if is_http && is_first => {
                    self.end = Some(End::Failed(PLAIN_HTTP.to_owned()));
                }
                Err(error) => self.end = Some(End::Failed(error.to_string())),
            }
            rest = rest.get_mut(discard..).unwrap_or_default();
        }
        self.keep(rest);
        Ok(taken)
    }

    /// Keeps what needs more: the part of a record, or of a handshake message in several.
    fn keep(&mut self, rest: &mut [u8]) {
        self.incoming = Vec::new();
        match &self.end {
            None if rest.len() < RECORD => self.incoming = rest.to_vec(),
            None => self.end = Some(End::Failed(LONG_HANDSHAKE.to_owned())),
            // An alert, behind what else was to be sent.
            Some(End::Failed(_)) => {
                while self.connection.wants_write() {
                    match self.connection.process_tls_records(rest).state {
                        Ok(ConnectionState::EncodeTlsData(data)) => {
                            encode(data, &mut self.outgoing);
                        }
                        _ => break,
                    }
                }
            }
            Some(_) => {}
        }
    }

    /// Encrypts what may go ahead of the socket.
    fn encrypt(&mut self, runs: &mut Runs<'_>) -> io::Result<usize> {
        let encrypted = self.with_traffic(|mut traffic, outgoing| {
            outgoing.reserve(runs.len().min(AHEAD * PLAINTEXT) + AHEAD * OVERHEAD);
            let mut taken = 0;
            for _ in 0..AHEAD {
                let record = runs.take(PLAINTEXT);
                append(outgoing, |space| traffic.encrypt(&record, space))?;
                taken += record.len();
            }
            Ok(taken)
        });
        match encrypted {
            Some(Ok(taken)) => Ok(taken),
            // The key has served for as many records as it may, RFC 8446 5.5.
            Some(Err(error)) => Err(io::Error::other::<EncryptError>(error)),
            // There is no key yet, or the peer failed.
            None => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Calls `act` if plaintext may be sent.
    fn with_traffic<T>(
        &mut self,
        act: impl FnOnce(WriteTraffic<'_, ServerConnectionData>, &mut Vec<u8>) -> T,
    ) -> Option<T> {
        if matches!(self.end, Some(End::Failed(_))) {
            return None;
        }
        loop {
            match self.connection.process_tls_records(&mut self.incoming).state {
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.outgoing),
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::WriteTraffic(traffic)) => {
                    return Some(act(traffic, &mut self.outgoing));
                }
                _ => return None,
            }
        }
    }
}

impl End {
    fn result(&self) -> io::Result<usize> {
        match self {
            Self::Closed => Ok(0),
            Self::Truncated => {
                let text = "the peer ended without close_notify";
                Err(io::Error::new(ErrorKind::UnexpectedEof, text))
            }
            Self::Failed(text) => Err(io::Error::new(ErrorKind::InvalidData, text.clone())),
        }
    }
}

fn encode(mut data: EncodeTlsData<'_, ServerConnectionData>, outgoing: &mut Vec<u8>) {
    let encoded = append(outgoing, |space| {
        data.encode(space).map_err(|error| match error {
            EncodeError::InsufficientSize(size) => EncryptError::InsufficientSize(size),
            EncodeError::AlreadyEncoded => EncryptError::EncryptExhausted,
        })
    });
    // It takes space alone, which it is given.
    debug_assert!(encoded.is_ok());
}

/// Appends what `write` writes, with as much space as it asks for.
fn append(
    outgoing: &mut Vec<u8>,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
) -> Result<(), EncryptError> {
    let end = outgoing.len();
    let mut space = 0;
    loop {
        outgoing.resize(end + space, 0);
        match write(outgoing.get_mut(end..).unwrap_or_default()) {
            Err(EncryptError::InsufficientSize(size)) if size.required_size > space => {
                space = size.required_size;
            }
            written => {
                outgoing.truncate(end + *written.as_ref().unwrap_or(&0));
                return written.map(drop);
            }
        }
    }
}
