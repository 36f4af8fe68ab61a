//! A certificate chain and its private key, from PEM (RFC 7468).

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject, SliceIter};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError as InvalidCertificate, Error, InconsistentKeys};

use crate::server::{CertificateError, CertificateFault};

/// What a server proves a host's name with: its certificate, those that lead from it to
/// one that clients know, and the private key.
#[derive(Clone, Debug)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads PEM files: of the chain the server's own certificate first, RFC 8446
    /// 4.4.2, and the key in PKCS #8, SEC 1 or PKCS #1. They may be one file.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            let text = fs::read(path);
            let source = path.display().to_string();
            match text {
                Ok(octets) => Ok(Pem { octets, source }),
                Err(error) => Err(CertificateFault::Unreadable(error).of(source)),
            }
        };
        Self::new(&read(chain)?, &read(key)?)
    }

    /// The same from memory.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let pem = |octets: &[u8], source: &str| Pem {
            octets: octets.to_vec(),
            source: source.to_owned(),
        };
        Self::new(&pem(chain, "the chain"), &pem(key, "the private key"))
    }

    fn new(chain: &Pem, key: &Pem) -> Result<Self, CertificateError> {
        let certificates = chain.certificates().map_err(|fault| fault.of(&chain.source))?;
        let private = key.private_key().map_err(|fault| fault.of(&key.source))?;
        let private = ring::sign::any_supported_type(&private)
            .map_err(|_| CertificateFault::BadKey.of(&key.source))?;
        let identity = CertifiedKey::new(certificates, private);
        match identity.keys_match() {
            Ok(()) => Ok(Self(Arc::new(identity))),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(CertificateFault::OtherKey(chain.source.clone()).of(&key.source))
            }
            Err(error) => Err(bad_certificate(error).of(&chain.source)),
        }
    }

    pub(super) fn into_certified_key(self) -> Arc<CertifiedKey> {
        self.0
    }
}

/// rustls would call it the peer's.
fn bad_certificate(error: Error) -> CertificateFault {
    CertificateFault::BadCertificate(match error {
        Error::InvalidCertificate(InvalidCertificate::Other(error)) => error.to_string(),
        Error::InvalidCertificate(error) => error.to_string(),
        error => error.to_string(),
    })
}

/// What a file holds, and its name.
struct Pem {
    octets: Vec<u8>,
    source: String,
}

impl Pem {
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
        let chain: Result<Vec<_>, _> = SliceIter::new(&self.octets).collect();
        let chain = chain.map_err(|error| self.bad_pem(error))?;
        if chain.is_empty() { Err(CertificateFault::NoCertificate) } else { Ok(chain) }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, CertificateFault> {
        match PrivateKeyDer::from_pem_slice(&self.octets) {
            Ok(key) => Ok(key),
            Err(_) if self.is_encrypted() => Err(CertificateFault::EncryptedKey),
            Err(pem::Error::NoItemsFound) => Err(CertificateFault::NoKey),
            Err(error) => Err(self.bad_pem(error)),
        }
    }

    /// Both ways in which a key says that it is: the label of RFC 7468 11, and the
    /// field of RFC 1421 4.6.1.1 that OpenSSL's older formats have.
    fn is_encrypted(&self) -> bool {
        let mut lines = self.octets.split(|&octet| octet == b'\n');
        lines.any(|line| {
            line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
                || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
        })
    }

    fn bad_pem(&self, error: pem::Error) -> CertificateFault {
        CertificateFault::BadPem(match error {
            pem::Error::IllegalSectionStart { line } => {
                let at = self.octets.windows(line.len()).position(|window| window == line);
                let before = self.octets.get(..at.unwrap_or_default()).unwrap_or_default();
                let number = 1 + before.iter().filter(|&&octet| octet == b'\n').count();
                format!("line {number} is no beginning of a section")
            }
            pem::Error::MissingSectionEnd { end_marker } => {
                format!("no line ends the section {}", String::from_utf8_lossy(&end_marker))
            }
            error => error.to_string(),
        })
    }
}
