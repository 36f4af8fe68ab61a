//! What `tls` is without the feature: nobody has a certificate, so there is no session.

use std::io::{self, IoSlice, Read, Write};
use std::path::Path;

use super::{CertificateError, CertificateFault};

/// There is none.
#[derive(Debug)]
pub enum Identity {}

/// There are none.
#[derive(Debug)]
pub enum Certificates {}

/// There is none.
pub enum Session {}

impl Identity {
    /// Says so.
    pub fn from_files(chain: &Path, _: &Path) -> Result<Self, CertificateError> {
        Err(CertificateFault::Unsupported.of(chain.display().to_string()))
    }

    /// Says so.
    pub fn from_pem(_: &[u8], _: &[u8]) -> Result<Self, CertificateError> {
        Err(CertificateFault::Unsupported.of("the chain"))
    }
}

impl Certificates {
    pub(super) fn new() -> Result<Self, CertificateError> {
        Err(CertificateFault::Unsupported.of("TLS"))
    }

    pub(super) fn set(&self, _: Option<&str>, _: Identity) -> Result<(), CertificateError> {
        match *self {}
    }
}

impl Session {
    pub(super) const BUFFER: usize = 0;

    pub(super) const fn new(certificates: &Certificates) -> io::Result<Self> {
        match *certificates {}
    }

    pub(super) const fn is_ahead(&self) -> bool {
        match *self {}
    }

    pub(super) const fn wants_write(&self) -> bool {
        match *self {}
    }

    pub(super) const fn read(
        &mut self,
        _: &mut impl Read,
        _: &mut [u8],
        _: usize,
        _: &mut impl Write,
    ) -> io::Result<usize> {
        match *self {}
    }

    pub(super) const fn write(
        &mut self,
        _: &mut impl Write,
        _: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        match *self {}
    }

    pub(super) const fn flush(&mut self, _: &mut impl Write) -> io::Result<bool> {
        match *self {}
    }

    pub(super) const fn close(&mut self) {
        match *self {}
    }
}
