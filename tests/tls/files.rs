//! Files of certificates and keys: every form that works, and what is said of those that do not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wsabi::server::{CertificateError, CertificateFault as Fault, Identity};

use crate::peer::files;

fn path(name: &str) -> PathBuf {
    files().join(name)
}

/// A file of the test's own, made of another.
fn made(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
    folder.join(name)
}

fn openssl(arguments: &str) -> Vec<u8> {
    let mut openssl = Command::new("openssl");
    // The configuration of tests/certificates.sh asks for it.
    let run = openssl.args(arguments.split(' ')).env("host", "DNS:x").output().unwrap();
    assert!(run.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

/// What openssl makes of a file.
fn openssl_of(name: &str, arguments: &str, file: &Path) -> PathBuf {
    made(name, openssl(&format!("{arguments} {}", file.display())))
}

/// A certificate for that key, signed with it.
fn certificate_for(key: &Path, name: &str) -> PathBuf {
    let config = path("config");
    let arguments =
        format!("req -x509 -config {} -extensions host -subj /CN=x -key", config.display());
    openssl_of(name, &arguments, key)
}

#[test]
fn keys_of_every_kind_and_form() {
    let kinds = [
        ("PRIVATE KEY", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        ("PRIVATE KEY", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
        ("PRIVATE KEY", "genpkey -algorithm ED25519"),
        ("PRIVATE KEY", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        ("EC PRIVATE KEY", "ecparam -genkey -noout -name prime256v1"),
        // With its parameters, as `openssl ecparam -genkey` writes it.
        ("EC PRIVATE KEY", "ecparam -genkey -name secp384r1"),
        ("RSA PRIVATE KEY", "genrsa -traditional 2048"),
    ];
    for (n, (label, arguments)) in kinds.into_iter().enumerate() {
        let pem = openssl(arguments);
        assert!(String::from_utf8_lossy(&pem).contains(&format!("-----BEGIN {label}-----")));
        let key = made(&format!("kind{n}.key"), &pem);
        let chain = certificate_for(&key, &format!("kind{n}.pem"));
        Identity::from_files(&chain, &key).unwrap();
        // In memory; with both in one; with the ends of lines of another system.
        let certificate = fs::read(&chain).unwrap();
        Identity::from_pem(&certificate, &pem).unwrap();
        let both = [pem.as_slice(), b"\n", &certificate].concat();
        Identity::from_pem(&both, &both).unwrap();
        let dos = String::from_utf8(both).unwrap().replace('\n', "\r\n");
        Identity::from_pem(dos.as_bytes(), dos.as_bytes()).unwrap();
    }
}

/// When it is valid is for the client to judge.
#[test]
fn a_certificate_that_is_not_valid_now_is_no_error() {
    let key = path("example.org.key");
    let now = certificate_for(&key, "now.pem");
    let mut der = openssl(&format!("x509 -outform DER -in {}", now.display()));
    // UTCTime, RFC 5280 4.1.2.5.1: the years become 2001.
    let mut dates = 0;
    for at in 0..der.len() - 15 {
        if der[at..].starts_with(&[0x17, 13]) && der[at + 14] == b'Z' {
            der[at + 2..at + 4].copy_from_slice(b"01");
            dates += 1;
        }
    }
    assert_eq!(dates, 2);
    let chain = openssl_of("expired.pem", "x509 -inform DER -in", &made("expired.der", der));
    let said = openssl(&format!("x509 -noout -enddate -in {}", chain.display()));
    assert!(String::from_utf8(said).unwrap().contains(" 2001 GMT"));
    Identity::from_files(&chain, &key).unwrap();
}

const UNREADABLE: &str = "cannot be read: No such file or directory (os error 2)";
const NO_BASE64: &str = "is not PEM: base64 decode error: InvalidCharacter(33)";

#[test]
fn a_bad_chain_is_named_with_the_reason() {
    let key = path("example.org.key");
    let good = path("example.org.pem");
    let text = fs::read_to_string(&good).unwrap();
    let no_begin = format!("text\n{}", text.replacen("CATE-----", "CATE----", 1));
    let no_x509 = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let version_1 = format!("req -x509 -config {} -subj /CN=x -key", path("config").display());
    let rows = [
        (path("missing.pem"), UNREADABLE),
        (files().clone(), "cannot be read: Is a directory (os error 21)"),
        (made("empty.pem", ""), "no certificate is in it"),
        (key.clone(), "no certificate is in it"),
        (openssl_of("der.pem", "x509 -outform DER -in", &good), "no certificate is in it"),
        (made("cut.pem", &text[..500]), "is not PEM: no line ends the section CERTIFICATE"),
        (made("begin.pem", no_begin), "is not PEM: line 2 is no beginning of a section"),
        (made("mangled.pem", text.replacen('M', "!", 1)), NO_BASE64),
        (made("x509.pem", no_x509), "its first certificate cannot be used: BadEncoding"),
        (
            openssl_of("version1.pem", &version_1, &key),
            "its first certificate cannot be used: UnsupportedCertVersion",
        ),
    ];
    for (chain, reason) in rows {
        let error = Identity::from_files(&chain, &key).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {reason}", chain.display()));
    }
}

#[test]
fn a_bad_key_is_named_with_the_reason() {
    let chain = path("example.org.pem");
    let good = path("example.org.key");
    let text = fs::read_to_string(&good).unwrap();
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let curve = openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp521r1");
    let kind =
        "its private key is none of RSA (2048 to 8192 bits), ECDSA (P-256, P-384) and Ed25519";
    let encrypted = "its private key is encrypted";
    let not_that_of = |chain: &Path| {
        format!("its private key is not that of the first certificate of {}", chain.display())
    };
    let rows = [
        (path("missing.key"), UNREADABLE),
        (made("empty.key", ""), "no private key is in it"),
        (chain.clone(), "no private key is in it"),
        (made("cut.key", &text[..100]), "is not PEM: no line ends the section PRIVATE KEY"),
        (made("mangled.key", text.replacen('M', "!", 1)), NO_BASE64),
        (openssl_of("pkcs8.key", "pkcs8 -topk8 -passout pass:secret -in", &good), encrypted),
        (openssl_of("old.key", "ec -aes128 -passout pass:secret -in", &good), encrypted),
        (made("none.key", no_key), kind),
        (made("curve.key", curve), kind),
        (made("short.key", openssl("genrsa 1024")), kind),
        (path("example.net.key"), &not_that_of(&chain)),
    ];
    for (key, reason) in rows {
        let error = Identity::from_files(&chain, &key).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {reason}", key.display()));
    }
    // The server's own certificate goes first, RFC 8446 4.4.2.
    let chain_text = fs::read_to_string(&chain).unwrap();
    let second = chain_text.rfind("-----BEGIN").unwrap();
    let chain = made("order.pem", [&chain_text[second..], &chain_text[..second]].concat());
    let error = Identity::from_files(&chain, &good).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: {}", good.display(), not_that_of(&chain)));
}

#[test]
fn octets_in_memory_are_named_too() {
    let chain = fs::read(path("example.org.pem")).unwrap();
    let key = fs::read(path("example.org.key")).unwrap();
    let text = |chain: &[u8], key: &[u8]| -> (String, CertificateError) {
        let error = Identity::from_pem(chain, key).unwrap_err();
        (error.to_string(), error)
    };
    let (said, error) = text(b"", &key);
    assert!(matches!(error.fault(), Fault::NoCertificate));
    assert_eq!(said, "the chain: no certificate is in it");
    let (said, error) = text(&chain, &chain);
    assert!(matches!(error.fault(), Fault::NoKey));
    assert_eq!(said, "the private key: no private key is in it");
}

/// Every octet of a key and of a certificate changed: an error or not, and nothing worse.
#[test]
fn damaged_files_never_panic() {
    let (chain, key) =
        (fs::read(path("example.org.pem")).unwrap(), fs::read(path("example.org.key")).unwrap());
    for (file, is_key) in [(&chain, false), (&key, true)] {
        for at in 0..file.len() {
            for change in [0x01, 0x20, 0x80] {
                let mut damaged = file.clone();
                damaged[at] ^= change;
                let (chain, key) = if is_key { (&chain, &damaged) } else { (&damaged, &key) };
                if let Err(error) = Identity::from_pem(chain, key) {
                    assert!(error.to_string().starts_with("the "), "{error}");
                }
            }
        }
    }
}
