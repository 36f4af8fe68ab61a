//! Why a certificate is not taken.

use std::fmt;
use std::io;

/// Why there is no [`Identity`](super::Identity), or no host for it: the text names the file
/// and the reason.
#[derive(Debug)]
pub struct CertificateError {
    /// The file, what the octets are if they come from memory, or the host.
    source: String,
    fault: CertificateFault,
}

/// What is wrong.
#[derive(Debug)]
pub enum CertificateFault {
    /// The system does not give the file.
    Unreadable(io::Error),
    /// It is not PEM, RFC 7468 2.
    BadPem(String),
    /// No section of it is a certificate.
    NoCertificate,
    /// The first certificate is not one of RFC 5280.
    BadCertificate(String),
    /// No section of it is a private key.
    NoKey,
    /// The private key is encrypted, and there is nobody to ask for the password.
    EncryptedKey,
    /// The private key is of a kind that is not supported, or damaged.
    BadKey,
    /// The key is not that of the certificate, which is the first of the named file:
    /// RFC 8446 4.4.2.
    OtherKey(String),
    /// No client can ask for such a host, RFC 6066 3.
    BadHost,
    /// The system does not give what TLS needs.
    Unavailable(String),
    /// There is no TLS in this library.
    Unsupported,
}

impl CertificateError {
    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> &CertificateFault {
        &self.fault
    }
}

impl CertificateFault {
    pub(super) fn of(self, source: impl Into<String>) -> CertificateError {
        CertificateError { source: source.into(), fault: self }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.fault)
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::BadPem(text) => write!(f, "is not PEM: {text}"),
            Self::NoCertificate => write!(f, "no certificate is in it"),
            Self::BadCertificate(text) => {
                write!(f, "its first certificate cannot be used: {text}")
            }
            Self::NoKey => write!(f, "no private key is in it"),
            Self::EncryptedKey => write!(f, "its private key is encrypted"),
            Self::BadKey => write!(
                f,
                "its private key is none of RSA (2048 to 8192 bits), ECDSA (P-256, P-384) and Ed25519"
            ),
            Self::OtherKey(chain) => {
                write!(f, "its private key is not that of the first certificate of {chain}")
            }
            Self::BadHost => write!(f, "is no name of a host"),
            Self::Unavailable(text) => write!(f, "{text}"),
            Self::Unsupported => write!(f, "this library was built without TLS"),
        }
    }
}

impl std::error::Error for CertificateError {}
