//! A client and a server's session that are joined in memory, and certificates for them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use wsabi::server::{Certificates, Identity, Session};

/// Where `tests/certificates.sh` left its files.
pub(crate) fn files() -> &'static PathBuf {
    static FILES: OnceLock<PathBuf> = OnceLock::new();
    FILES.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("certificates");
        let made = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates.sh"))
            .arg(&folder)
            .args(["example.org", "example.net", "*.example.net", "www.example.net"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        folder
    })
}

pub(crate) fn identity(name: &str) -> Identity {
    let file = |extension| files().join(format!("{name}.{extension}"));
    Identity::from_files(&file("pem"), &file("key")).unwrap()
}

/// One host for everybody.
pub(crate) fn certificates() -> Arc<Certificates> {
    let certificates = Certificates::new().unwrap();
    certificates.set(None, identity("example.org")).unwrap();
    Arc::new(certificates)
}

/// What a client is made with: it trusts the authority of the tests.
pub(crate) fn client_config(versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let authority = CertificateDer::from_pem_file(files().join("ca.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub(crate) fn client(config: &Arc<ClientConfig>, host: &'static str) -> ClientConnection {
    ClientConnection::new(Arc::clone(config), ServerName::try_from(host).unwrap()).unwrap()
}

/// The session's end of a connection in memory.
#[derive(Default)]
pub(crate) struct Socket {
    /// What a read gets, one piece at a time.
    pub(crate) pieces: VecDeque<Vec<u8>>,
    /// The peer ended behind them.
    pub(crate) is_ended: bool,
    pub(crate) written: Vec<u8>,
    /// A write takes no more, and none is possible before there is room again.
    pub(crate) room: Option<usize>,
}

impl Socket {
    pub(crate) fn of(octets: &[u8]) -> Self {
        Self { pieces: VecDeque::from([octets.to_vec()]), ..Self::default() }
    }

    pub(crate) fn ended(mut self) -> Self {
        self.is_ended = true;
        self
    }

    pub(crate) fn in_pieces(octets: &[u8], len: usize) -> Self {
        Self { pieces: octets.chunks(len).map(<[u8]>::to_vec).collect(), ..Self::default() }
    }
}

impl Read for Socket {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.pieces.pop_front() else {
            return if self.is_ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        };
        let len = piece.len().min(space.len());
        space[..len].copy_from_slice(&piece[..len]);
        let rest = piece.split_off(len);
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
        Ok(len)
    }
}

impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let len = octets.len().min(self.room.unwrap_or(usize::MAX));
        if len == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.room = self.room.map(|room| room - len);
        self.written.extend_from_slice(&octets[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads with a server's buffer.
pub(crate) fn read(
    session: &mut Session,
    socket: &mut Socket,
    mut into: &mut [u8],
) -> io::Result<usize> {
    session.read(socket, &mut vec![0; Session::BUFFER], into.len(), &mut into)
}

/// Both sides.
pub(crate) struct Pair {
    pub(crate) client: ClientConnection,
    pub(crate) session: Session,
    pub(crate) socket: Socket,
    /// What the session gave of the client's plaintext.
    pub(crate) received: Vec<u8>,
    /// What the client got.
    answered: Vec<u8>,
    /// How many octets of the client's have been on the way.
    sent: usize,
    /// The client's octets arrive in reads that end there.
    cuts: Vec<usize>,
    /// So much plaintext is read at once.
    pub(crate) room: usize,
}

impl Pair {
    pub(crate) fn new(certificates: &Certificates, client: ClientConnection) -> Self {
        Self {
            client,
            session: Session::new(certificates).unwrap(),
            socket: Socket::default(),
            received: Vec::new(),
            answered: Vec::new(),
            sent: 0,
            cuts: Vec::new(),
            room: 1 << 16,
        }
    }

    pub(crate) fn cut_at(mut self, cuts: impl IntoIterator<Item = usize>) -> Self {
        self.cuts = cuts.into_iter().collect();
        self
    }

    /// How many octets the client sent.
    pub(crate) const fn sent(&self) -> usize {
        self.sent
    }

    /// The octets that the client has for the server.
    pub(crate) fn client_octets(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        while self.client.wants_write() {
            self.client.write_tls(&mut octets).unwrap();
        }
        octets
    }

    /// Brings the client's octets to the session, which reads until nothing is left.
    pub(crate) fn bring_to_server(&mut self) -> io::Result<()> {
        let octets = self.client_octets();
        let end = self.sent + octets.len();
        let cuts = self.cuts.iter().filter(|&&cut| self.sent < cut && cut < end);
        let mut from = self.sent;
        for &cut in cuts.chain([&end]) {
            let piece = &octets[from - self.sent..cut - self.sent];
            if !piece.is_empty() {
                self.socket.pieces.push_back(piece.to_vec());
            }
            from = cut;
        }
        self.sent = end;
        self.read()
    }

    pub(crate) fn read(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; self.room];
        loop {
            match read(&mut self.session, &mut self.socket, &mut buffer) {
                Ok(0) => return Ok(()),
                Ok(len) => self.received.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Brings the session's octets to the client; its error, if it finds one.
    pub(crate) fn bring_to_client(&mut self) -> Result<(), rustls::Error> {
        assert!(self.session.flush(&mut self.socket).unwrap());
        let octets = std::mem::take(&mut self.socket.written);
        let mut rest = octets.as_slice();
        while !rest.is_empty() {
            assert!(self.client.read_tls(&mut rest).unwrap() > 0);
            self.client.process_new_packets()?;
            match self.client.reader().read_to_end(&mut self.answered) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
                _ => {}
            }
        }
        Ok(())
    }

    /// Until nobody has anything to say.
    pub(crate) fn settle(&mut self) {
        while self.client.wants_write() || self.session.wants_write() {
            self.bring_to_server().unwrap();
            self.bring_to_client().unwrap();
        }
    }

    /// With the handshake behind it.
    pub(crate) fn open(certificates: &Certificates, client: ClientConnection) -> Self {
        let mut pair = Self::new(certificates, client);
        pair.settle();
        assert!(!pair.session.is_handshaking() && !pair.client.is_handshaking());
        pair
    }

    pub(crate) fn client_writes(&mut self, plaintext: &[u8]) {
        // rustls' client takes 64 KiB ahead.
        for part in plaintext.chunks(32_000) {
            self.client.writer().write_all(part).unwrap();
            self.bring_to_server().unwrap();
        }
    }

    /// Writes all of it, and the client reads it.
    pub(crate) fn server_writes(&mut self, runs: &[&[u8]]) -> Vec<u8> {
        let mut all: Vec<u8> = Vec::new();
        let mut runs: Vec<_> = runs.iter().map(|run| IoSlice::new(run)).collect();
        let mut runs = runs.as_mut_slice();
        while !runs.is_empty() {
            let written = self.session.write(&mut self.socket, runs).unwrap();
            IoSlice::advance_slices(&mut runs, written);
            self.bring_to_client().unwrap();
            all.extend(self.client_plaintext());
        }
        all
    }

    /// What the client got since this was asked.
    pub(crate) fn client_plaintext(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answered)
    }
}
