//! Plaintext through a session: at every split, in runs, with an end and without.

use std::io::{ErrorKind, IoSlice, Write};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::version::{TLS12, TLS13};
use wsabi::server::Session;

use crate::peer::{Pair, Socket, certificates, client, client_config, read};

/// Longer than a record, and than what is encrypted ahead.
fn long() -> Vec<u8> {
    (0..150_000_u32).map(|n| (n ^ (n >> 8)) as u8).collect()
}

fn each_version(test: impl Fn(&Arc<ClientConfig>)) {
    for version in [&TLS12, &TLS13] {
        test(&Arc::new(client_config(&[version])));
    }
}

/// The whole conversation with the client's octets cut somewhere: what arrives and what is
/// answered stays the same.
fn converse(config: &Arc<ClientConfig>, cuts: impl IntoIterator<Item = usize>) -> usize {
    let mut pair = Pair::new(&certificates(), client(config, "example.org")).cut_at(cuts);
    while pair.client.is_handshaking() {
        pair.bring_to_server().unwrap();
        pair.bring_to_client().unwrap();
    }
    // Together with the end of the client's handshake.
    pair.client.writer().write_all(b"hello").unwrap();
    pair.client.writer().write_all(b" server").unwrap();
    pair.bring_to_server().unwrap();
    assert!(!pair.session.is_handshaking());
    assert_eq!(pair.received, b"hello server");
    assert_eq!(pair.server_writes(&[b"hello", b"", b" client"]), b"hello client");
    pair.client.writer().write_all(b"bye").unwrap();
    pair.client.send_close_notify();
    pair.bring_to_server().unwrap();
    assert_eq!(pair.received, b"hello serverbye");
    assert_eq!(read(&mut pair.session, &mut pair.socket, &mut [0; 100]).unwrap(), 0);
    assert_eq!(pair.server_writes(&[b"bye"]), b"bye");
    pair.session.close();
    assert!(pair.session.wants_write());
    pair.bring_to_client().unwrap();
    assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
    pair.sent()
}

#[test]
fn a_conversation_is_the_same_wherever_it_is_cut() {
    each_version(|config| {
        let len = converse(config, []);
        assert!(len > 300, "{len}");
        for cut in 1..len {
            converse(config, [cut]);
        }
        // Signatures and tickets differ in length.
        converse(config, 1..len + 100);
    });
}

#[test]
fn long_plaintext_arrives_in_order_in_pieces_of_any_size() {
    each_version(|config| {
        for piece in [1, 7, 1000, 16_384, 70_000] {
            let mut pair = Pair::open(&certificates(), client(config, "example.org"));
            let from = pair.sent();
            pair = pair.cut_at((from..from + 200_000).step_by(piece));
            pair.client_writes(&long());
            assert!(pair.received == long(), "{piece}");
        }
    });
}

#[test]
fn plaintext_is_read_into_any_room() {
    each_version(|config| {
        for room in [1, 3, 1000, 16_383, 16_384, 20_000, 500_000] {
            let mut pair = Pair::open(&certificates(), client(config, "example.org"));
            pair.room = room;
            let plaintext = &long()[..if room < 10 { 40_000 } else { 150_000 }];
            pair.client_writes(plaintext);
            assert!(pair.received == plaintext, "{room}");
        }
    });
}

/// The socket takes so much at a time, and what is to be written grows meanwhile.
#[test]
fn runs_go_out_as_one_stream_whatever_the_socket_takes() {
    each_version(|config| {
        for room in [1, 5, 1000, 16_406, 100_000] {
            let mut pair = Pair::open(&certificates(), client(config, "example.org"));
            let all = [b"head", long().as_slice()].concat();
            let (mut written, mut there) = (0, 14);
            while written < all.len() {
                pair.socket.room = Some(room);
                let run = &all[written..there];
                let runs =
                    [IoSlice::new(&run[..run.len() / 3]), IoSlice::new(&run[run.len() / 3..])];
                written += pair.session.write(&mut pair.socket, &runs).unwrap();
                assert_eq!(pair.session.wants_write(), written < there, "{room}");
                there = (there + 60_000).min(all.len());
            }
            pair.socket.room = None;
            pair.bring_to_client().unwrap();
            assert!(pair.client_plaintext() == all, "{room}");
        }
    });
}

/// RFC 8446 6.1: an end without close_notify may be an attacker's.
#[test]
fn an_end_that_was_not_announced_is_told_behind_what_came() {
    each_version(|config| {
        let mut pair = Pair::open(&certificates(), client(config, "example.org"));
        pair.client.writer().write_all(b"the first").unwrap();
        let first = pair.client_octets();
        pair.client.writer().write_all(b"the second").unwrap();
        let second = pair.client_octets();
        // Between records, and at every octet of one.
        for cut in 0..second.len() {
            let mut pair = Pair::open(&certificates(), client(config, "example.org"));
            pair.client.writer().write_all(b"the first").unwrap();
            pair.client.writer().write_all(b"the second").unwrap();
            let octets = pair.client_octets();
            assert_eq!(octets.len(), first.len() + second.len());
            pair.socket = Socket::of(&octets[..first.len() + cut]).ended();
            let mut buffer = [0; 100];
            let len = read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap();
            assert_eq!(&buffer[..len], b"the first");
            for _ in 0..2 {
                let end = read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap_err();
                assert_eq!(end.kind(), ErrorKind::UnexpectedEof, "{cut}");
                assert_eq!(end.to_string(), "the peer ended without close_notify");
            }
            // The other direction is still there.
            assert_eq!(pair.server_writes(&[b"bye"]), b"bye");
        }
    });
}

#[test]
fn an_end_within_the_handshake_is_no_announced_one() {
    each_version(|config| {
        let hello = Pair::new(&certificates(), client(config, "example.org")).client_octets();
        for cut in 0..=hello.len() {
            let mut session = Session::new(&certificates()).unwrap();
            let mut socket = Socket::of(&hello[..cut]).ended();
            if cut == 0 {
                socket.pieces.clear();
            }
            let end = read(&mut session, &mut socket, &mut [0; 100]).unwrap_err();
            assert_eq!(end.kind(), ErrorKind::UnexpectedEof, "{cut}");
        }
    });
}

#[test]
fn nothing_behind_a_close_notify_is_looked_at() {
    each_version(|config| {
        let mut pair = Pair::open(&certificates(), client(config, "example.org"));
        pair.client.writer().write_all(b"bye").unwrap();
        pair.client.send_close_notify();
        let mut octets = pair.client_octets();
        octets.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        pair.socket = Socket::of(&octets);
        let mut buffer = [0; 100];
        assert_eq!(read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap(), 3);
        assert_eq!(read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap(), 0);
        assert_eq!(read(&mut pair.session, &mut pair.socket, &mut buffer).unwrap(), 0);
        pair.session.close();
        pair.session.close();
        pair.bring_to_client().unwrap();
        assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
    });
}

#[test]
fn a_client_may_change_its_keys() {
    let mut pair =
        Pair::open(&certificates(), client(&Arc::new(client_config(&[&TLS13])), "example.org"));
    for _ in 0..3 {
        pair.client_writes(b"old");
        pair.client.refresh_traffic_keys().unwrap();
        pair.client_writes(b"new");
        assert_eq!(pair.server_writes(&[b"seen"]), b"seen");
    }
    assert_eq!(pair.received, b"oldnew".repeat(3));
}

#[test]
fn nothing_is_written_before_the_handshake_is_over() {
    let mut session = Session::new(&certificates()).unwrap();
    let mut socket = Socket::default();
    assert!(session.is_handshaking());
    let early = session.write(&mut socket, &[IoSlice::new(b"early")]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::NotConnected);
    session.close();
    assert!(!session.wants_write());
    assert!(session.flush(&mut socket).unwrap());
    assert!(socket.written.is_empty());
}

#[test]
fn a_buffer_that_is_too_small_is_an_error() {
    let mut session = Session::new(&certificates()).unwrap();
    let mut buffer = vec![0; Session::BUFFER - 1];
    let error = session.read(&mut Socket::of(b"GET"), &mut buffer, 1, &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
