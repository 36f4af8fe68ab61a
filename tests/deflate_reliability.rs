//! permessage-deflate under attack, and what it costs. Memory is counted by an
//! allocator of the test's own.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod measure;
mod support;

use std::sync::Arc;

use measure::{best, measured, seconds};
use support::{Host, REQUEST, frame, noise};
use wsabi::conn::{Config, Connection, Failure, Marks, OptionKey};
use wsabi::deflate::{Compressor, Inflater};
use wsabi::handshake::Answer;

const TAKEOVER: &[(OptionKey, u64)] =
    &[(OptionKey::ServerNoContextTakeover, 0), (OptionKey::ClientNoContextTakeover, 0)];

/// An open connection on which permessage-deflate was agreed on.
fn deflating(options: &[(OptionKey, u64)]) -> Host {
    let mut config = Config::default();
    for &(key, value) in options {
        config.set(key, value).unwrap();
    }
    opened(&Arc::new(config))
}

fn opened(config: &Arc<Config>) -> Host {
    let mut host = Host::new(Config::default(), 64);
    host.conn = Connection::server(Arc::clone(config));
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    host.feed(REQUEST.replacen("\r\n\r\n", offer, 1).as_bytes());
    host.conn.accept(None, &Answer::default()).unwrap();
    host.take_output();
    host.conn.interest();
    (host.seen, host.output) = (Vec::new(), Vec::new());
    host
}

fn compressed(message: &[u8]) -> Vec<u8> {
    Compressor::new(6, 8, 15, false).compress(message, true).unwrap()
}

/// So many mebibytes of zeros.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut compressor = Compressor::new(9, 8, 15, true);
    let zeros = vec![0; 1 << 20];
    (0..mebibytes).flat_map(|_| compressor.compress(&zeros, false).unwrap()).collect()
}

/// CVE-2026-1526 and a dozen more: a mebibyte that inflates to a gibibyte, in one
/// frame, in fragments, and never finished.
#[test]
fn a_bomb_is_refused_at_the_limit() {
    let bomb = bomb(1024);
    assert!((1 << 20..1 << 21).contains(&bomb.len()), "{}", bomb.len());
    for options in [&[][..], TAKEOVER] {
        for (fragment, is_finished) in [(bomb.len(), true), (4096, true), (4096, false)] {
            let mut host = deflating(options);
            let last = bomb.len().div_ceil(fragment) - 1;
            let wires = bomb.chunks(fragment).enumerate().map(|(n, part)| {
                let fin = if n == last && is_finished { 0x80 } else { 0 };
                frame(fin | if n == 0 { 0x42 } else { 0 }, part)
            });
            let wires: Vec<_> = wires.collect();
            let (_, _, peak, _) = measured(|| {
                for wire in &wires {
                    wire.chunks(4096).for_each(|piece| host.feed(piece));
                }
            });
            assert_eq!(host.conn.failure(), Some(Failure::MessageTooBig));
            assert_eq!((host.seen.len(), host.seen[0].code), (1, 1009));
            assert!(peak < (16 << 20) + (1 << 20), "{peak} octets for a limit of 16 MiB");
        }
    }
}

/// Blocks without content: a million octets in 50 ms, ten times as many in as
/// many times the time.
#[test]
fn blocks_without_content_cost_little() {
    let empty_blocks = |count: usize| {
        let wire = frame(0xc2, &[0x00, 0x00, 0x00, 0xff, 0xff].repeat(count));
        best(|| {
            let mut host = deflating(&[]);
            let time = seconds(|| wire.chunks(65_536).for_each(|piece| host.feed(piece)));
            assert_eq!((host.seen.len(), host.conn.failure()), (1, None));
            time
        })
    };
    let (few, many) = (empty_blocks(20_000), empty_blocks(200_000));
    assert!(many <= 0.05, "{many} s for a million octets");
    assert!(many <= 15.0 * few + 0.01, "{few} s for 20,000, {many} s for 200,000");
}

/// Fragments of one octet: ten times as many in as many times the time.
#[test]
fn work_is_linear() {
    let fragments = |count: usize| {
        let message = noise(count);
        let payload = compressed(&message);
        assert!(payload.len() > count, "it is stored as it is");
        let wire: Vec<u8> = payload.iter().flat_map(|&o| frame(0x00, &[o])).collect();
        best(|| {
            let mut host = deflating(&[]);
            host.feed(&frame(0x42, b""));
            let time = seconds(|| host.feed(&wire));
            host.feed(&frame(0x80, b""));
            assert_eq!(host.seen[0].payload, message);
            time
        })
    };
    let (few, many) = (fragments(10_000), fragments(100_000));
    assert!(many <= 15.0 * few + 0.01, "{few} s for 10,000, {many} s for 100,000");
}

/// A message that is larger than the memory one has: 512 MiB in pieces.
#[test]
fn pieces_take_constant_space() {
    let wire = frame(0xc2, &bomb(512));
    for takeover in [&[][..], TAKEOVER] {
        let options = [(OptionKey::MessagePieces, 1), (OptionKey::MaxMessageSize, 1 << 40)];
        let mut host = deflating(&[takeover, &options].concat());
        let (mut total, mut is_over) = (0, false);
        let (_, held, peak, _) = measured(|| {
            let mut listed = |host: &mut Host| {
                for piece in host.seen.drain(..) {
                    total += piece.payload.len();
                    is_over |= piece.marks & Marks::LAST != 0;
                    assert!(piece.payload.iter().all(|octet| *octet == 0));
                }
            };
            for part in wire.chunks(256) {
                host.feed(part);
                listed(&mut host);
                while host.conn.interest().recv {
                    host.feed(&[]);
                    listed(&mut host);
                }
            }
        });
        assert_eq!((total, is_over, host.conn.failure()), (512 << 20, true, None));
        // 256 octets may be 256 KiB, which the test keeps for a while.
        assert!(peak < 1 << 20, "{peak} octets");
        assert!(held < 256 << 10, "{held} octets");
    }
}

/// Without takeover a connection needs nothing of its own.
#[test]
fn a_connection_without_takeover_has_no_context() {
    let config = Arc::new(Config::default());
    let message = vec![b'x'; 5000];
    let wire = frame(0xc2, &compressed(&message));
    // So that the pool has what it keeps.
    let mut first = opened(&config);
    first.feed(&wire);
    first.conn.send_binary(&message).unwrap();
    let (_conn, held, ..) = measured(|| {
        let mut host = opened(&config);
        for pieces in [wire.chunks(wire.len()), wire.chunks(3)] {
            pieces.for_each(|piece| host.feed(piece));
            host.conn.send_binary(&message).unwrap();
            host.take_output();
            host.conn.interest();
            assert_eq!(host.seen.pop().unwrap().payload, message);
        }
        Box::new(host.conn)
    });
    assert!(held <= 200, "{held} octets");
}

/// What ARCHITECTURE.md and the header say about memory.
#[test]
fn contexts_have_the_documented_size() {
    let message = noise(100_000);
    for window_bits in 8..=15_u8 {
        for memory_level in 1..=9_u8 {
            for level in [1, 3, 6, 9] {
                let (_compressor, held, ..) = measured(|| {
                    let mut one = Compressor::new(level, memory_level, window_bits, true);
                    one.compress(&message[..1000], true).unwrap();
                    one
                });
                let said = 134_272 + (4 << window_bits.max(9)) + (7 << (memory_level + 6));
                assert_eq!(held, said, "{window_bits} bits, memory level {memory_level}");
            }
        }
    }
    let payload = compressed(&message);
    for (takes_over, said) in [(false, 47_552), (true, 47_552 + 32_768)] {
        let (_inflater, held, ..) = measured(|| {
            let (mut one, mut inflated) = (Inflater::new(takes_over), Vec::new());
            one.inflate(&payload, &mut inflated, message.len(), usize::MAX).unwrap();
            one.finish(&mut inflated, message.len(), usize::MAX).unwrap();
            one
        });
        assert_eq!(held, said);
    }
}

/// Inside a message a connection has an inflater, whatever was agreed on; what
/// was announced costs nothing.
#[test]
fn a_compressed_promise_costs_an_inflater() {
    let promise = [&[0xc2, 0xff][..], &(15_u64 << 20).to_be_bytes(), &[1, 2, 3, 4]].concat();
    let config = Arc::new(Config::default());
    let mut hosts: Vec<_> = (0..50).map(|_| opened(&config)).collect();
    let (_, _, peak, _) = measured(|| hosts.iter_mut().for_each(|host| host.feed(&promise)));
    assert!(peak <= 50 * 1024, "{peak} octets for headers alone");
    let (_, held, ..) = measured(|| hosts.iter_mut().for_each(|host| host.feed(&[0x4b; 1])));
    assert!(held <= 50 * (47_552 + 1024), "{held}");
    let (_, held, ..) = measured(|| drop(hosts));
    assert!(held < -50 * 47_552, "{held}: given back with the connection");
}
