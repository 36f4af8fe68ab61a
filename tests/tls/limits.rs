//! What a peer can make a session hold, and what is no TLS.

use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use wsabi::server::Session;

use crate::measure::measured;
use crate::peer::{Pair, Socket, certificates, client, client_config, read};

/// A record of TLS 1.2's version, RFC 8446 5.1.
fn record(content: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[content, 3, 3][..], &len, payload].concat()
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// What comes, the reason, the alert (RFC 8446 6).
fn garbage() -> Vec<(&'static str, Vec<u8>, &'static str, Option<u8>)> {
    let corrupt = "received corrupt message of type";
    let http = "plain HTTP arrived where TLS is spoken; use wss://, not ws://";
    vec![
        ("a request", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), http, Some(50)),
        ("a name", b"QUIT\r\n".to_vec(), http, Some(50)),
        ("another protocol", b"\0\x01\x02\x03\x04\x05\x06".to_vec(), corrupt, Some(50)),
        ("SSH", b"ssh-2.0-x\r\n".to_vec(), corrupt, Some(50)),
        ("SSL 2.0", b"\x80\x2e\x01\x00\x02\x00\x15\x00".to_vec(), corrupt, Some(50)),
        ("no version of TLS", [&[HANDSHAKE, 9, 9, 0, 1, 0][..]].concat(), corrupt, Some(50)),
        ("an empty handshake", record(HANDSHAKE, &[]), corrupt, Some(50)),
        ("a record of 32 KiB", [&[HANDSHAKE, 3, 3, 0x80, 0][..]].concat(), corrupt, Some(50)),
        ("no hello", record(HANDSHAKE, &[1, 0, 0, 1, 0]), corrupt, Some(50)),
        ("a message of 1 MiB", record(HANDSHAKE, &[1, 16, 0, 0]), corrupt, None),
        ("data first", record(APPLICATION_DATA, &[0; 20]), "received unexpected message", Some(10)),
        ("an alert first", record(ALERT, &[2, 40]), "received fatal alert", None),
    ]
}

#[test]
fn what_is_no_tls_gets_a_reason_and_an_alert() {
    for (name, octets, reason, alert) in garbage() {
        let with_tail = [octets.as_slice(), &[0; 100]].concat();
        let sockets = [Socket::of(&octets), Socket::in_pieces(&octets, 1), Socket::of(&with_tail)];
        for mut socket in sockets {
            let mut session = Session::new(&certificates()).unwrap();
            let mut buffer = [0; 100];
            for _ in 0..2 {
                let error = read(&mut session, &mut socket, &mut buffer).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData, "{name}: {error}");
                assert!(error.to_string().starts_with(reason), "{name}: {error}");
            }
            let late = session.write(&mut socket, &[IoSlice::new(b"x")]).unwrap_err();
            assert_eq!(late.kind(), ErrorKind::NotConnected, "{name}");
            session.close();
            session.flush(&mut socket).unwrap();
            let told = alert.map_or(Vec::new(), |alert| record(ALERT, &[2, alert]));
            assert_eq!(socket.written, told, "{name}");
        }
    }
}

#[test]
fn garbage_behind_plaintext_is_told_behind_it() {
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(client_config(&[version]));
        let mut pair = Pair::open(&certificates(), client(&config, "example.org"));
        std::io::Write::write_all(&mut pair.client.writer(), b"fine").unwrap();
        let mut octets = pair.client_octets();
        octets.extend(record(APPLICATION_DATA, &[7; 40]));
        pair.socket = Socket::of(&octets);
        let mut buffer = [0; 100];
        assert_eq!(read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"fine");
        let error = read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap_err();
        assert_eq!(error.to_string(), "cannot decrypt peer's message");
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::BadRecordMac);
        assert_eq!(pair.bring_to_client().unwrap_err(), alert);
    }
}

/// With the handshake behind it and messages of several sizes both ways.
fn at_rest(version: &'static rustls::SupportedProtocolVersion) {
    let certificates = certificates();
    let config = Arc::new(client_config(&[version]));
    let (session, fresh, ..) = measured(|| Box::new(Session::new(&certificates).unwrap()));
    drop(session);
    // The two sides share the thread: what the client holds is measured by leaving the session out.
    let mut pair = Pair::open(&certificates, client(&config, "example.org"));
    let mut use_it = || {
        pair.client_writes(&[1; 40_000]);
        pair.received = Vec::new();
        assert_eq!(pair.server_writes(&[&[2; 40_000], b"short"]).len(), 40_005);
        assert!(!pair.session.wants_write());
    };
    use_it();
    let (_, grown, ..) = measured(|| (0..20).for_each(|_| use_it()));
    assert_eq!(grown, 0, "octets that messages leave behind");
    let Pair { session, .. } = pair;
    let session = Box::new(session);
    let (_, freed, ..) = measured(|| drop(session));
    println!("{version:?}: {fresh} octets before the handshake, {} at rest", -freed);
    assert!(-freed < 6000, "{freed}");
}

#[test]
fn a_session_at_rest_holds_no_buffer() {
    at_rest(&TLS12);
    at_rest(&TLS13);
}

/// Reads what comes and gives nothing back, as a stalled connection.
fn stalled(octets: &[u8], piece: usize) -> isize {
    let certificates = certificates();
    let mut buffer = [0; 100];
    let mut socket = Socket::in_pieces(octets, piece);
    let mut session = Session::new(&certificates).unwrap();
    let (_, held, ..) = measured(|| {
        let waits = read(&mut session, &mut socket, &mut buffer).unwrap_err();
        assert_eq!(waits.kind(), ErrorKind::WouldBlock);
        // The test's own octets.
        socket.pieces = Default::default();
    });
    held + octets.len() as isize
}

#[test]
fn a_promised_record_costs_what_came_of_it() {
    let promise = &record(HANDSHAKE, &[1; 16_384])[..];
    for came in [5, 6, 1000, 16_388] {
        let held = stalled(&promise[..came], 999);
        assert!(held < came as isize + 1500, "{held} for {came}");
    }
}

/// One octet of a handshake message in each record: six of them for one.
#[test]
fn a_handshake_in_crumbs_is_ended() {
    let message = [&[1, 0, 0xff, 0][..], &[0; 65_280]].concat();
    let crumbs: Vec<_> = message.chunks(1).flat_map(|crumb| record(HANDSHAKE, crumb)).collect();
    assert!(stalled(&crumbs[..18_000], 500) < 60_000);
    let mut session = Session::new(&certificates()).unwrap();
    let mut socket = Socket::in_pieces(&crumbs, 500);
    let error = read(&mut session, &mut socket, &mut [0; 100]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "a message of the TLS handshake is too long");
    assert!(socket.pieces.len() > (crumbs.len() - 20_000) / 500);
}

/// RFC 8446 5: they are dropped, but not for ever.
#[test]
fn change_cipher_specs_without_end_are_ended() {
    let config = Arc::new(client_config(&[&TLS13]));
    let mut pair = Pair::new(&certificates(), client(&config, "example.org"));
    pair.bring_to_server().unwrap();
    pair.socket = Socket::in_pieces(&record(CHANGE_CIPHER_SPEC, &[1]).repeat(10_000), 600);
    let error = pair.read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert!(pair.socket.pieces.len() > 90);
}

/// A peer that takes nothing: what is encrypted ahead of the socket is bounded.
#[test]
fn a_peer_that_takes_nothing_costs_four_records() {
    let config = Arc::new(client_config(&[&TLS13]));
    let mut pair = Pair::open(&certificates(), client(&config, "example.org"));
    pair.socket.room = Some(0);
    let plaintext = vec![3; 1 << 20];
    let (_, held, peak, _) = measured(|| {
        for _ in 0..100 {
            let runs = [IoSlice::new(&plaintext)];
            assert_eq!(pair.session.write(&mut pair.socket, &runs).unwrap(), 0);
        }
    });
    assert!(held < (1 << 16) + 2000, "{held}");
    assert!(peak < (1 << 16) + 20_000, "{peak}");
}

/// An application that takes an octet at a time: what is decrypted ahead of it is bounded.
#[test]
fn an_application_without_room_costs_a_record() {
    let config = Arc::new(client_config(&[&TLS13]));
    let mut pair = Pair::open(&certificates(), client(&config, "example.org"));
    std::io::Write::write_all(&mut pair.client.writer(), &[5; 40_000]).unwrap();
    let octets = pair.client_octets();
    pair.socket.pieces.push_back(octets.clone());
    let (_, held, ..) = measured(|| {
        let mut one = [0];
        assert_eq!(read(&mut pair.session, &mut pair.socket, &mut one).unwrap(), 1);
        assert!(pair.session.is_ahead());
        // The test's own octets.
        pair.socket.pieces = Default::default();
    });
    let held = held + octets.len() as isize;
    assert!((16_000..22_000).contains(&held), "{held}");
}
