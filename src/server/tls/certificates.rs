//! The certificates of all hosts that a server answers for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::DnsName;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};

use super::Identity;
use crate::server::{CertificateError, CertificateFault};

/// The identity of each host, and the one for everybody else. They may be replaced at
/// any time by any thread: a connection keeps what was set when its [`super::Session`]
/// began.
#[derive(Debug)]
pub struct Certificates {
    provider: Arc<CryptoProvider>,
    now: RwLock<Now>,
}

#[derive(Debug)]
struct Now {
    hosts: Arc<Hosts>,
    config: Arc<ServerConfig>,
}

/// What the name that a client asks for is looked up in, RFC 6066 3.
#[derive(Clone, Debug, Default)]
struct Hosts {
    default: Option<Arc<CertifiedKey>>,
    /// By names in lower case; `*.` stands for one label.
    named: HashMap<String, Arc<CertifiedKey>>,
}

impl Certificates {
    /// None yet, and every handshake is refused.
    pub fn new() -> Result<Self, CertificateError> {
        let provider = Arc::new(ring::default_provider());
        let hosts = Arc::new(Hosts::default());
        let config = config(&provider, &hosts)?;
        Ok(Self { provider, now: RwLock::new(Now { hosts, config }) })
    }

    /// Sets or replaces the identity of a host, `example.org`, of all hosts one label below
    /// it, `*.example.org` (RFC 9525 6.3), or with `None` of whom no name fits. An exact
    /// name goes before one with `*`.
    pub fn set(&self, host: Option<&str>, identity: Identity) -> Result<(), CertificateError> {
        let name = host.map(host_name).transpose()?;
        // A panic while the lock is held leaves hosts and config that belong together.
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        let mut hosts = Hosts::clone(&now.hosts);
        match name {
            Some(name) => drop(hosts.named.insert(name, identity.into_certified_key())),
            None => hosts.default = Some(identity.into_certified_key()),
        }
        let hosts = Arc::new(hosts);
        let config = config(&self.provider, &hosts)?;
        *now = Now { hosts, config };
        Ok(())
    }

    /// What a connection that begins now speaks TLS with.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).config)
    }
}

/// The name as it is compared: in lower case, without the dot of the root.
fn host_name(host: &str) -> Result<String, CertificateError> {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let below = name.strip_prefix("*.").unwrap_or(&name);
    match DnsName::try_from(below) {
        Ok(_) => Ok(name),
        Err(_) => Err(CertificateFault::BadHost.of(host)),
    }
}

/// Each has ticket keys of its own: a session of before a replacement is not resumed, so
/// that whoever connects then sees the new certificate. Nothing is kept for resumption
/// but these keys: the session is in the ticket, RFC 5077 and RFC 8446 4.6.1.
fn config(
    provider: &Arc<CryptoProvider>,
    hosts: &Arc<Hosts>,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let build = || -> Result<ServerConfig, Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Hosts>::clone(hosts));
        // RFC 6455 is spoken over HTTP/1.1 alone; a client that wants another one shall hear
        // so in the handshake, RFC 7301 3.2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = ring::Ticketer::new()?;
        Ok(config)
    };
    build()
        .map(Arc::new)
        .map_err(|error| CertificateFault::Unavailable(error.to_string()).of("TLS"))
}

impl ResolvesServerCert for Hosts {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named(name));
        named.or(self.default.as_ref()).map(Arc::clone)
    }
}

impl Hosts {
    fn named(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        // rustls gives it in lower case.
        let name = name.strip_suffix('.').unwrap_or(name);
        self.named.get(name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.named.get(&format!("*.{parent}"))
        })
    }
}
