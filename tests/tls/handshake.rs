//! Versions, names, protocols, resumption, and certificates that change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, Error, HandshakeKind, ProtocolVersion};
use wsabi::server::{CertificateFault, Certificates, Session};

use crate::peer::{Pair, certificates, client, client_config, files, identity};

const BOTH: [&rustls::SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

#[test]
fn both_versions_are_spoken_and_the_newer_is_chosen() {
    let versions = [
        (&[&TLS12][..], ProtocolVersion::TLSv1_2),
        (&[&TLS13], ProtocolVersion::TLSv1_3),
        (&BOTH, ProtocolVersion::TLSv1_3),
    ];
    for (offered, chosen) in versions {
        let config = Arc::new(client_config(offered));
        let pair = Pair::open(&certificates(), client(&config, "example.org"));
        assert_eq!(pair.client.protocol_version(), Some(chosen));
    }
}

#[test]
fn the_protocol_is_http_1_1_or_not_named() {
    let offers: [(&[&str], Option<&str>); 4] = [
        (&[], None),
        (&["http/1.1"], Some("http/1.1")),
        (&["h2", "http/1.1"], Some("http/1.1")),
        (&["h3", "http/1.0", "http/1.1"], Some("http/1.1")),
    ];
    for (offered, chosen) in offers {
        let pair = Pair::open(&certificates(), offering(offered));
        assert_eq!(pair.client.alpn_protocol(), chosen.map(str::as_bytes), "{offered:?}");
    }
}

/// RFC 7301 3.2.
#[test]
fn a_client_without_our_protocol_hears_so() {
    for offered in [&["h2"][..], &["h2", "http/1.0"]] {
        let mut pair = Pair::new(&certificates(), offering(offered));
        let refused = pair.bring_to_server().unwrap_err();
        assert_eq!(refused.to_string(), "peer doesn't support any known protocol");
        let alert = Error::AlertReceived(AlertDescription::NoApplicationProtocol);
        assert_eq!(pair.bring_to_client().unwrap_err(), alert);
    }
}

fn offering(protocols: &[&str]) -> rustls::ClientConnection {
    let mut config = client_config(&BOTH);
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    client(&Arc::new(config), "example.org")
}

#[test]
fn each_host_has_its_certificate() {
    let certificates = certificates();
    for host in ["*.Example.net", "example.net", "www.example.net."] {
        let file = host.to_lowercase().replace('*', "_");
        certificates.set(Some(host), identity(file.trim_end_matches('.'))).unwrap();
    }
    let hosts = [
        ("example.net", "example.net"),
        ("www.example.net", "www.example.net"),
        ("WWW.EXAMPLE.NET", "www.example.net"),
        ("chat.example.net", "_.example.net"),
        // `*` is one label, and a whole one: RFC 9525 6.3.
        ("a.chat.example.net", "example.org"),
        ("chatexample.net", "example.org"),
        ("example.com", "example.org"),
        // An address is no name: the client asks for none, RFC 6066 3.
        ("127.0.0.1", "example.org"),
    ];
    for (asked, answers) in hosts {
        assert_eq!(shown(&certificates, asked), leaf(answers), "{asked}");
    }
}

#[test]
fn a_name_that_nobody_has_is_refused_without_a_default() {
    let certificates = Certificates::new().unwrap();
    let config = Arc::new(client_config(&BOTH));
    let refused = |certificates: &Certificates| {
        let mut pair = Pair::new(certificates, client(&config, "example.org"));
        pair.bring_to_server().unwrap_err();
        pair.bring_to_client().unwrap_err()
    };
    let alert = Error::AlertReceived(AlertDescription::AccessDenied);
    assert_eq!(refused(&certificates), alert);
    certificates.set(Some("example.net"), identity("example.net")).unwrap();
    assert_eq!(refused(&certificates), alert);
    certificates.set(Some("example.org"), identity("example.org")).unwrap();
    assert_eq!(shown(&certificates, "example.org"), leaf("example.org"));
}

#[test]
fn a_host_that_cannot_be_asked_for_is_an_error() {
    let certificates = certificates();
    for host in [
        "",
        ".",
        "*",
        "*.",
        "*.*.org",
        "a.*.org",
        "*a.org",
        "127.0.0.1",
        "::1",
        "ex ample",
        "é.org",
        "a..b",
    ] {
        let error = certificates.set(Some(host), identity("example.org")).unwrap_err();
        assert!(matches!(error.fault(), CertificateFault::BadHost), "{host}: {error}");
        assert_eq!(error.to_string(), format!("{host}: is no name of a host"));
    }
}

#[test]
fn a_certificate_is_replaced_for_those_who_come_then() {
    let certificates = certificates();
    let config = Arc::new(trusting_everybody());
    let mut open = Pair::open(&certificates, client(&config, "example.org"));
    let mut begun = Pair::new(&certificates, client(&config, "example.org"));
    certificates.set(None, identity("example.net")).unwrap();
    // Those who were there go on.
    begun.settle();
    assert_eq!(certificate_of(&begun), leaf("example.org"));
    open.client_writes(b"still there");
    assert_eq!(open.received, b"still there");
    assert_eq!(open.server_writes(&[b"so am I"]), b"so am I");
    // The next one sees the new one.
    assert_eq!(shown(&certificates, "example.org"), leaf("example.net"));
}

/// What resumes a session sees no certificate: a ticket is good until the next replacement.
#[test]
fn a_session_is_resumed_until_certificates_change() {
    for version in BOTH {
        let certificates = certificates();
        let mut config = client_config(&[version]);
        config.resumption = Resumption::in_memory_sessions(8);
        let config = Arc::new(config);
        let kind = |host| {
            let mut pair = Pair::open(&certificates, client(&config, host));
            // A client of TLS 1.3 gets its tickets behind the handshake.
            assert_eq!(pair.server_writes(&[b"hello"]), b"hello");
            pair.client.handshake_kind().unwrap()
        };
        assert_eq!(kind("example.org"), HandshakeKind::Full);
        assert_eq!(kind("example.org"), HandshakeKind::Resumed);
        assert_eq!(kind("example.org"), HandshakeKind::Resumed);
        certificates.set(Some("example.net"), identity("example.net")).unwrap();
        assert_eq!(kind("example.org"), HandshakeKind::Full);
        assert_eq!(kind("example.net"), HandshakeKind::Full);
        assert_eq!(kind("example.net"), HandshakeKind::Resumed);
    }
}

#[test]
fn certificates_change_while_threads_shake_hands() {
    let certificates = certificates();
    let is_over = AtomicBool::new(false);
    let both = [leaf("example.org"), leaf("example.net")];
    thread::scope(|scope| {
        let shakers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = [0; 2];
                    while !is_over.load(Ordering::Relaxed) {
                        let shown = shown(&certificates, "example.org");
                        seen[both.iter().position(|one| *one == shown).unwrap()] += 1;
                    }
                    seen
                })
            })
            .collect();
        for round in 0..200 {
            let name = ["example.org", "example.net"][round % 2];
            certificates.set(None, identity(name)).unwrap();
            assert_eq!(shown(&certificates, "example.org"), leaf(name));
        }
        is_over.store(true, Ordering::Relaxed);
        for shaker in shakers {
            let seen = shaker.join().unwrap();
            assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
        }
    });
}

/// The certificate that a client sees who asks for that host, whether it is his or not.
fn shown(certificates: &Certificates, host: &'static str) -> CertificateDer<'static> {
    let config = Arc::new(trusting_everybody());
    certificate_of(&Pair::open(certificates, client(&config, host)))
}

fn certificate_of(pair: &Pair) -> CertificateDer<'static> {
    let chain = pair.client.peer_certificates().unwrap();
    assert_eq!(chain.len(), 2, "the intermediate is a part of it");
    chain[0].clone().into_owned()
}

fn leaf(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(files().join(format!("{name}.pem"))).unwrap()
}

fn trusting_everybody() -> ClientConfig {
    let mut config = client_config(&BOTH);
    config.dangerous().set_certificate_verifier(Arc::new(Everybody));
    config
}

/// Does not ask whose certificate it is.
#[derive(Debug)]
struct Everybody;

impl rustls::client::danger::ServerCertVerifier for Everybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[test]
fn a_session_can_be_moved_between_threads() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Session>();
    is_shared::<Certificates>();
}
