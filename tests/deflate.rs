//! RFC 7692: negotiation, and messages in and out.
#![cfg(feature = "deflate")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;

use support::{Host, Seen, frame, noise};
use wsabi::conn::{Config, Connection, EventKind, Failure, Marks, OptionKey, Role, State};
use wsabi::deflate::{Compressor, InflateError, Inflater};
use wsabi::handshake::{Answer, Ask, Fault, parse_extensions};
use wsabi::proto::{Header, Opcode};

const TAKEOVER: &[(OptionKey, u64)] =
    &[(OptionKey::ServerNoContextTakeover, 0), (OptionKey::ClientNoContextTakeover, 0)];

fn config(options: &[(OptionKey, u64)]) -> Config {
    let mut config = Config::default();
    for &(key, value) in options {
        config.set(key, value).unwrap();
    }
    config
}

/// A server that got that offer, and its answer.
fn negotiated(options: &[(OptionKey, u64)], offer: &str) -> (Host, Option<String>) {
    let mut host = Host::new(config(options), 64).echoing();
    let request = support::REQUEST.replacen("\r\n\r\n", &format!("\r\n{offer}\r\n\r\n"), 1);
    host.feed(request.as_bytes());
    assert_eq!(host.seen.pop().map(|event| event.kind), Some(EventKind::Request), "{offer}");
    host.conn.accept(None, &Answer::default()).unwrap();
    host.take_output();
    let response = String::from_utf8(std::mem::take(&mut host.output)).unwrap();
    let answer = response.split("\r\n").find_map(|l| l.strip_prefix("Sec-WebSocket-Extensions: "));
    (host, answer.map(str::to_owned))
}

fn answer(options: &[(OptionKey, u64)], offer: &str) -> Option<String> {
    negotiated(options, &format!("Sec-WebSocket-Extensions: {offer}")).1
}

#[test]
fn section_7_1_answers() {
    let takeover = |offer: &str| answer(TAKEOVER, offer);
    let plain = Some("permessage-deflate".to_owned());
    assert_eq!(takeover("permessage-deflate"), plain);
    assert_eq!(takeover("Permessage-Deflate"), plain);
    assert_eq!(takeover("x-webkit-deflate-frame, permessage-deflate"), plain);
    assert_eq!(takeover("permessage-deflate; client_max_window_bits"), plain);
    assert_eq!(takeover("permessage-deflate; client_max_window_bits=15"), plain);
    let rows = [
        ("server_no_context_takeover", "server_no_context_takeover"),
        ("client_no_context_takeover", "client_no_context_takeover"),
        ("client_max_window_bits=8", "client_max_window_bits=8"),
        ("client_max_window_bits=\"10\"", "client_max_window_bits=10"),
        ("server_max_window_bits=8", "server_max_window_bits=8"),
        ("server_max_window_bits=15", "server_max_window_bits=15"),
        (
            "server_max_window_bits=9 ;client_max_window_bits = 9; client_no_context_takeover",
            "client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9",
        ),
    ];
    for (offered, answered) in rows {
        let want = format!("permessage-deflate; {answered}");
        assert_eq!(takeover(&format!("permessage-deflate; {offered}")), Some(want));
    }
    let default = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    assert_eq!(answer(&[], "permessage-deflate").as_deref(), Some(default));
    assert_eq!(answer(&[(OptionKey::Deflate, 0)], "permessage-deflate"), None);
    let bits = [
        (OptionKey::ServerMaxWindowBits, 10),
        (OptionKey::ClientMaxWindowBits, 11),
        TAKEOVER[0],
        TAKEOVER[1],
    ];
    assert_eq!(
        answer(&bits, "permessage-deflate").as_deref(),
        Some("permessage-deflate; server_max_window_bits=10")
    );
    assert_eq!(
        answer(&bits, "permessage-deflate; client_max_window_bits; server_max_window_bits=12")
            .as_deref(),
        Some("permessage-deflate; server_max_window_bits=10; client_max_window_bits=11")
    );
    assert_eq!(
        answer(&bits, "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9")
            .as_deref(),
        Some("permessage-deflate; server_max_window_bits=9; client_max_window_bits=9")
    );
}

/// Trap 3: a bad offer is declined, by itself; the next one is looked at.
#[test]
fn bad_offers_are_declined_and_no_handshake_fails() {
    let mut bad: Vec<String> = (-1..300)
        .filter(|bits| !(8..=15).contains(bits))
        .flat_map(|bits| ["server", "client"].map(|side| format!("{side}_max_window_bits={bits}")))
        .collect();
    bad.extend(
        [
            "x",
            "server_no_context_takeover=1",
            "client_no_context_takeover=true",
            "server_max_window_bits",
            "server_max_window_bits=08",
            "server_max_window_bits=+9",
            "server_max_window_bits=9.0",
            "server_max_window_bits=\"\"",
            "client_max_window_bits=",
            "client_max_window_bits=\"9",
            "server_no_context_takeover; server_no_context_takeover",
            "client_max_window_bits; client_max_window_bits=9",
            "constructor",
            "__proto__",
            "a b",
            "=1",
            "",
        ]
        .map(str::to_owned),
    );
    for parameters in bad {
        let offer = format!("permessage-deflate; {parameters}");
        assert_eq!(answer(TAKEOVER, &offer), None, "{offer}");
        let (_, lines) = negotiated(
            TAKEOVER,
            &format!(
                "Sec-WebSocket-Extensions: {offer}\r\nSec-WebSocket-Extensions: permessage-deflate"
            ),
        );
        assert_eq!(lines.as_deref(), Some("permessage-deflate"), "{offer}");
        if parse_extensions(offer.as_bytes()).is_ok() {
            let both = format!("{offer}, permessage-deflate");
            assert_eq!(answer(TAKEOVER, &both).as_deref(), Some("permessage-deflate"), "{both}");
        }
    }
    // Trap 12: what stands in quotes separates nothing.
    assert_eq!(answer(TAKEOVER, "x; y=\"a, permessage-deflate\""), None);
    assert_eq!(answer(TAKEOVER, "x; y=\"\\a\", permessage-deflate").unwrap(), "permessage-deflate");
    for times in [2, 10, 150] {
        let many = vec!["permessage-deflate"; times].join(", ");
        assert_eq!(answer(TAKEOVER, &many).as_deref(), Some("permessage-deflate"));
    }
}

#[test]
fn the_application_declines() {
    let mut host = Host::new(config(&[]), 1);
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    host.feed(support::REQUEST.replacen("\r\n\r\n", offer, 1).as_bytes());
    host.conn.decline_deflate().unwrap();
    host.conn.accept(None, &Answer::default()).unwrap();
    host.take_output();
    assert!(!String::from_utf8_lossy(&host.output).contains("Extensions"));
    host.feed(&frame(0xc1, b"x"));
    assert_eq!(host.conn.failure(), Some(Failure::ReservedBit));
}

fn deflating(options: &[(OptionKey, u64)]) -> Host {
    let (host, answer) =
        negotiated(options, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits");
    assert!(answer.is_some());
    host
}

/// Compressed as a client does, without history.
fn compressed(message: &[u8]) -> Vec<u8> {
    Compressor::new(6, 8, 15, false).compress(message, true).unwrap()
}

fn text(len: usize) -> String {
    (0..)
        .map(|n| format!("{{\"id\":{n},\"name\":\"grüße {}\"}},", n * 7919 % 1000))
        .flat_map(|s| s.chars().collect::<Vec<_>>())
        .take(len)
        .collect()
}

/// Messages that a server sent: inflated when they are compressed.
fn sent(output: &[u8], takes_over: bool) -> Vec<(bool, Vec<u8>)> {
    let mut inflater = Inflater::new(takes_over);
    let (mut rest, mut messages) = (output, Vec::new());
    while !rest.is_empty() {
        let (header, len) = Header::decode(rest).unwrap().unwrap();
        let payload = &rest[len..len + header.payload_len as usize];
        rest = &rest[len + payload.len()..];
        if header.opcode.is_control() {
            continue;
        }
        let mut message = payload.to_vec();
        if header.rsv != 0 {
            message.clear();
            inflater.inflate(payload, &mut message, 1 << 26, usize::MAX).unwrap();
            inflater.finish(&mut message, 1 << 26, usize::MAX).unwrap();
        }
        messages.push((header.rsv == 4, message));
    }
    messages
}

#[test]
fn section_7_2_messages_at_every_split() {
    let message = text(3000);
    let payload = compressed(message.as_bytes());
    let whole = frame(0xc1, &payload);
    for cut in 0..=whole.len() {
        let mut host = deflating(&[]);
        host.feed(&whole[..cut]);
        host.feed(&whole[cut..]);
        host.feed(&frame(0x81, b"plain"));
        let want =
            [(Marks::COMPRESSED, message.as_bytes()), (0, b"plain")].map(|(marks, payload)| Seen {
                kind: EventKind::Text,
                code: 0,
                marks,
                payload: payload.to_vec(),
            });
        assert_eq!(host.seen, want, "cut at {cut}");
        host.take_output();
        assert_eq!(
            sent(&host.output, false),
            [(true, message.clone().into_bytes()), (false, b"plain".to_vec())]
        );
    }
    for cut in (0..=payload.len()).step_by(7) {
        let mut host = deflating(&[]);
        let (a, b) = payload.split_at(cut);
        host.feed(&[frame(0x41, a), frame(0x89, b"p"), frame(0x00, b""), frame(0x80, b)].concat());
        assert_eq!(host.seen.last().unwrap().payload, message.as_bytes(), "fragments cut at {cut}");
        assert_eq!(host.seen.len(), 2);
    }
}

#[test]
fn examples_of_section_7_2_3() {
    let hello: &[&[u8]] = &[
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        // A final block at the very end, with nothing behind it.
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
    ];
    for options in [&[][..], TAKEOVER] {
        for payload in hello {
            for step in [1, 3, 100] {
                let mut host = deflating(options);
                for n in 0..3 {
                    for piece in frame(0xc1, payload).chunks(step) {
                        host.feed(piece);
                    }
                    assert_eq!(host.seen.len(), n + 1, "{payload:x?} {:?}", host.conn.failure());
                    assert_eq!(host.seen[n].payload, b"Hello");
                }
                host.feed(&frame(0xc1, &compressed(text(500).as_bytes())));
                assert_eq!(host.seen[3].payload, text(500).as_bytes(), "behind {payload:x?}");
            }
        }
    }
    // The second message refers to the first.
    let mut host = deflating(TAKEOVER);
    host.feed(&frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]));
    host.feed(&frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(host.seen[1].payload, b"Hello");
    // An empty message, and one of nothing but empty blocks.
    let mut host = deflating(&[]);
    host.feed(&frame(0xc2, &[0]));
    host.feed(&frame(0xc2, &[0x00, 0x00, 0x00, 0xff, 0xff].repeat(200_000)));
    host.feed(&frame(0xc2, b""));
    let lens: Vec<_> = host.seen.iter().map(|event| event.payload.len()).collect();
    assert_eq!(lens, [0, 0, 0]);
}

/// Two octets can begin a stream anew, which costs as much as hundreds.
#[test]
fn final_blocks_are_no_amplifier() {
    let many = |times: usize, behind: usize| {
        let stored = [&[0x00, 0x80, 0x00, 0x7f, 0xff][..], &[b'x'; 128]].concat();
        [[0x03, 0x00].repeat(times), stored.repeat(behind)].concat()
    };
    for (times, behind, is_fine) in [(60, 0, true), (70, 0, false), (70, 20, false)] {
        let mut host = deflating(&[]);
        host.feed(&frame(0xc2, &many(times, behind)));
        assert_eq!(host.conn.failure().is_none(), is_fine, "{times}");
    }
    let blocks: Vec<u8> = (0..1000)
        .flat_map(|_| [&[0x01, 0x80, 0x00, 0x7f, 0xff][..], &[b'x'; 128]].concat())
        .collect();
    let mut host = deflating(&[]);
    host.feed(&frame(0xc2, &blocks));
    assert_eq!(host.seen[0].payload.len(), 128_000, "what is as long as it costs is fine");
}

/// Whatever is wrong behind the limit: the limit comes first, at every split.
#[test]
fn the_limit_comes_before_what_is_wrong_behind_it() {
    // Eleven times "a" with fixed codes, end of block, and a block type that is
    // reserved.
    let payload =
        [0x4b, 0x4c, 0x4c, 0x4c, 0x4c, 0x4c, 0x4c, 0x4c, 0x4c, 0x4c, 0x4c, 0x04, 0x00, 0x07];
    for step in [1, 2, 100] {
        let mut host = deflating(&[(OptionKey::MaxMessageSize, 10)]);
        frame(0xc1, &payload).chunks(step).for_each(|piece| host.feed(piece));
        assert_eq!(host.conn.failure(), Some(Failure::MessageTooBig), "by {step}");
    }
}

/// Section 7.2.3.4: a stream that begins anew in a message may refer to what was
/// before.
#[test]
fn history_outlives_a_final_block() {
    let mut host = deflating(TAKEOVER);
    let first = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    host.feed(&frame(0xc1, &first));
    host.feed(&frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(host.seen.last().unwrap().payload, b"Hello");
    let inside = [&first[..7], &[0xf2, 0x00, 0x11, 0x00, 0x00]].concat();
    host.feed(&frame(0xc1, &inside));
    assert_eq!(host.seen.last().unwrap().payload, b"HelloHello");
    let mut alone = deflating(&[]);
    alone.feed(&frame(0xc1, &inside));
    assert_eq!(alone.seen.last().unwrap().payload, b"HelloHello");
    alone.feed(&frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(
        alone.conn.failure(),
        Some(Failure::BadCompression),
        "without takeover there is none"
    );
}

#[test]
fn where_rsv1_may_be() {
    let payload = compressed(b"x");
    for wire in [
        frame(0xc8, &[]),
        frame(0xc9, &payload),
        frame(0xca, &payload),
        frame(0xe1, &payload),
        frame(0xd1, &payload),
        frame(0xf2, &payload),
        [frame(0x41, &payload), frame(0xc0, b"")].concat(),
        [frame(0x01, b"a"), frame(0xc0, b"")].concat(),
    ] {
        let mut host = deflating(&[]);
        host.feed(&wire);
        assert_eq!(host.conn.failure(), Some(Failure::ReservedBit), "{wire:x?}");
    }
    let (mut host, _) = negotiated(&[], "X: nothing");
    host.feed(&frame(0xc1, &payload));
    assert_eq!(host.conn.failure(), Some(Failure::ReservedBit), "nothing was agreed on");
    // CVE-2026-59881: nor does a client inflate what it did not agree on.
    let mut client = Host::new(Config::default(), 1);
    client.conn = Connection::open(Arc::default(), Role::Client, None).unwrap();
    client.feed(&support::reply(0xc1, &payload));
    assert_eq!(client.conn.failure(), Some(Failure::ReservedBit));
}

#[test]
fn the_limit_counts_what_is_inflated() {
    const LIMIT: usize = 100_000;
    for excess in [0, 1, 1000, 100_000_000] {
        for byte in [b'a', 0xff] {
            for step in [1, 100, 1 << 20] {
                let payload = compressed(&vec![byte; LIMIT + excess]);
                let mut host = deflating(&[(OptionKey::MaxMessageSize, LIMIT as u64)]);
                for piece in frame(0xc2, &payload).chunks(step) {
                    host.feed(piece);
                }
                if excess == 0 {
                    assert_eq!(host.seen[0].payload.len(), LIMIT);
                } else {
                    assert_eq!(host.conn.failure(), Some(Failure::MessageTooBig));
                    assert_eq!(host.seen[0].code, 1009);
                }
                if payload.len() > 10_000 && step == 1 {
                    break;
                }
            }
        }
    }
    // What does not compress, at the limit.
    let noise = noise(LIMIT);
    let mut host = deflating(&[(OptionKey::MaxMessageSize, LIMIT as u64)]);
    host.feed(&frame(0xc2, &compressed(&noise)));
    assert_eq!(host.seen[0].payload, noise);
    // Sizes around those of the output's buffers.
    for base in [512, 32_768, 65_536] {
        for len in (1..=4).flat_map(|k| k * base - 1..=k * base + 1) {
            for limit in [len, 1 << 20] {
                let mut host = deflating(&[(OptionKey::MaxMessageSize, limit as u64)]);
                host.feed(&frame(0xc2, &compressed(&vec![b'z'; len])));
                host.feed(&frame(0xc2, &compressed(&noise[..len.min(LIMIT).min(limit)])));
                let lens: Vec<_> = host.seen.iter().map(|event| event.payload.len()).collect();
                assert_eq!(lens, [len, len.min(LIMIT)]);
            }
        }
    }
}

#[test]
fn what_is_no_deflate_fails_and_text_is_checked_behind_it() {
    for payload in [&[0x07][..], &[0xff; 10], b"hello", &[0x00, 0x05, 0x00, 0x00, 0x00]] {
        for step in [1, 100] {
            let mut host = deflating(&[]);
            frame(0xc1, payload).chunks(step).for_each(|piece| host.feed(piece));
            let failure = host.conn.failure();
            assert!(
                matches!(failure, Some(Failure::BadCompression | Failure::BadUtf8)),
                "{payload:x?} {failure:?}"
            );
            assert_eq!(host.seen[0].code, 1007);
        }
    }
    let bad = [text(200).as_bytes(), &[0xff], text(200).as_bytes()].concat();
    for step in [1, 7, 10_000] {
        let mut host = deflating(&[]);
        frame(0xc1, &compressed(&bad)).chunks(step).for_each(|piece| host.feed(piece));
        assert_eq!(host.conn.failure(), Some(Failure::BadUtf8));
        assert_eq!(host.seen.len(), 1);
    }
}

#[test]
fn what_is_sent_compressed() {
    for options in [&[][..], TAKEOVER] {
        let mut host = deflating(options);
        let takes_over = !options.is_empty();
        let messages = [text(100), text(1000), text(1000), String::new(), text(100_000)];
        for message in &messages {
            host.conn.send_text(message).unwrap();
        }
        host.take_output();
        let got = sent(&host.output, takes_over);
        let plain: Vec<_> = got.iter().map(|(_, message)| message.clone()).collect();
        assert_eq!(plain, messages.map(String::into_bytes));
        let marks: Vec<_> = got.iter().map(|(is_compressed, _)| *is_compressed).collect();
        assert_eq!(marks, [false, true, true, false, true]);
        let noise = noise(5000);
        let mut host = deflating(options);
        host.conn.send_binary(&noise).unwrap();
        host.conn.send_binary(&[7; 5000]).unwrap();
        host.take_output();
        let got = sent(&host.output, takes_over);
        assert!(got[0] == (takes_over, noise), "history must be sent, else the shorter form is");
        assert_eq!(got[1], (true, vec![7; 5000]));
    }
    // Trap 8: there is an octet to send, unless nothing is as good.
    let takeover = [TAKEOVER[0], TAKEOVER[1], (OptionKey::DeflateMinSize, 0)];
    for (options, wire) in [(&takeover[..], &[0xc1, 1, 0][..]), (&takeover[2..], &[0x81, 0])] {
        let mut host = deflating(options);
        for _ in 0..3 {
            host.conn.send_text("").unwrap();
            host.take_output();
            assert_eq!(std::mem::take(&mut host.output), wire);
        }
    }
}

/// Trap 11: section 6 compresses messages, and nothing else.
#[test]
fn control_frames_are_not_compressed() {
    let mut host = deflating(&[(OptionKey::DeflateMinSize, 0)]);
    let long = "a".repeat(123);
    host.feed(&frame(0x89, long.as_bytes()));
    host.conn.send_ping(long.as_bytes()).unwrap();
    host.conn.send_pong(long.as_bytes()).unwrap();
    host.conn.close(1000, &long).unwrap();
    host.take_output();
    let plain = |b0: u8, payload: &[u8]| [&[b0, payload.len() as u8][..], payload].concat();
    let [pong, ping] = [0x8a, 0x89].map(|b0| plain(b0, long.as_bytes()));
    let close = plain(0x88, &[&[0x03, 0xe8], long.as_bytes()].concat());
    assert_eq!(host.output, [&pong, &ping, &pong, &close].map(|frame| &frame[..]).concat());
}

/// Trap 5: a client that did not offer to make its window smaller uses all of
/// it, whatever the server would like.
#[test]
fn a_window_that_was_not_agreed_on_is_the_largest() {
    let options = [TAKEOVER[0], TAKEOVER[1], (OptionKey::ClientMaxWindowBits, 8)];
    let (mut host, answer) = negotiated(&options, "Sec-WebSocket-Extensions: permessage-deflate");
    assert_eq!(answer.as_deref(), Some("permessage-deflate"));
    let (mut client, far) = (Compressor::new(9, 8, 15, true), noise(30_000));
    for message in [&far[..], &far[..1000]] {
        let payload = client.compress(message, true).unwrap();
        assert!(message.len() > 1000 || payload.len() < 100, "it refers to what is far");
        host.feed(&frame(0xc2, &payload));
        assert_eq!(host.seen.last().unwrap().payload, message);
    }
}

/// Trap 1: with a window of 8 bits no distance exceeds 256, at no level, and the
/// others keep to theirs.
#[test]
fn every_window_is_kept_to() {
    let messages = [
        (0..60).map(|n| text(40 + n * 7)).collect::<String>().into_bytes(),
        noise(300).repeat(40),
        noise(256).repeat(4),
        text(40_000).into_bytes(),
    ];
    for bits in 8..=15_u8 {
        for level in 1..=9 {
            let (mut host, answer) = negotiated(
                &[TAKEOVER[0], (OptionKey::DeflateLevel, level)],
                &format!(
                    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits={bits}"
                ),
            );
            assert!(answer.unwrap().contains(&format!("server_max_window_bits={bits}")));
            messages.iter().for_each(|message| host.conn.send_binary(message).unwrap());
            host.take_output();
            let (mut rest, mut largest) = (&host.output[..], 0);
            while let Some((header, len)) = Header::decode(rest).unwrap() {
                assert_eq!((header.rsv, header.opcode), (4, Opcode::Binary));
                let (payload, behind) = rest[len..].split_at(header.payload_len as usize);
                largest = largest.max(largest_distance(payload));
                rest = behind;
            }
            assert!(largest <= 1 << bits, "{largest} with {bits} bits");
            // A match needs 262 octets of the window for itself.
            let least = (1 << bits.max(9)) / 2 - 262;
            assert!(least < largest as isize, "{largest} with {bits} bits: the window is used");
            let got = sent(&host.output, true);
            assert!(got.iter().map(|(_, message)| message).eq(&messages));
        }
    }
}

/// Decodes DEFLATE (RFC 1951) as far as it takes to see every distance.
fn largest_distance(payload: &[u8]) -> usize {
    let mut bits = Bits { octets: payload, at: 0 };
    let mut largest = 0;
    loop {
        let (is_final, kind) = (bits.take(1), bits.take(2));
        if kind == 0 {
            bits.at = bits.at.div_ceil(8) * 8;
            if bits.at / 8 + 4 > payload.len() {
                return largest;
            }
            let len = bits.take(16);
            bits.take(16);
            bits.at += 8 * len;
        } else {
            let (literals, distances) = if kind == 1 { fixed() } else { dynamic(&mut bits) };
            loop {
                match literals.read(&mut bits) {
                    0..256 => {}
                    256 => break,
                    symbol => {
                        let extra = [
                            0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4,
                            5, 5, 5, 5, 0,
                        ];
                        bits.take(extra[symbol - 257]);
                        let symbol = distances.read(&mut bits);
                        let extra = (symbol / 2).saturating_sub(1);
                        let base = if symbol < 2 { symbol } else { (2 + symbol % 2) << extra };
                        largest = largest.max(base + bits.take(extra) + 1);
                    }
                }
            }
        }
        if is_final == 1 || bits.at + 3 > 8 * payload.len() {
            return largest;
        }
    }
}

struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        (0..count).fold(0, |value, n| {
            let bit = self.octets.get(self.at / 8).map_or(0, |octet| octet >> (self.at % 8) & 1);
            self.at += 1;
            value | usize::from(bit) << n
        })
    }
}

/// A canonical Huffman code: for each length the symbols in order.
struct Code(Vec<Vec<usize>>);

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let of = |len| lengths.iter().enumerate().filter(move |(_, l)| **l == len).map(|(s, _)| s);
        Self((1..=15).map(|len| of(len).collect()).collect())
    }

    fn read(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first) = (0, 0);
        for symbols in &self.0 {
            code = code << 1 | bits.take(1);
            first <<= 1;
            if code - first < symbols.len() {
                return symbols[code - first];
            }
            first += symbols.len();
        }
        panic!("no such code");
    }
}

fn fixed() -> (Code, Code) {
    let lengths: Vec<_> =
        [(8, 144), (9, 112), (7, 24), (8, 8)].iter().flat_map(|&(len, n)| vec![len; n]).collect();
    (Code::new(&lengths), Code::new(&[5; 30]))
}

fn dynamic(bits: &mut Bits<'_>) -> (Code, Code) {
    let (literals, distances, codes) = (bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4);
    let mut lengths = [0; 19];
    for place in
        [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15].into_iter().take(codes)
    {
        lengths[place] = bits.take(3);
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match code.read(bits) {
            16 => (*lengths.last().unwrap(), 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            len => (len, 1),
        };
        lengths.extend(vec![value; times]);
    }
    (Code::new(&lengths[..literals]), Code::new(&lengths[literals..]))
}

#[test]
fn the_client_offers_and_checks_the_answer() {
    let offer = |options: &[(OptionKey, u64)]| {
        let ask = Ask { host: b"a", target: b"/", ..Ask::default() };
        let mut host = Host::new(Config::default(), 4);
        host.conn = Connection::client(Arc::new(config(options)), &ask).unwrap();
        host.take_output();
        let request = String::from_utf8(std::mem::take(&mut host.output)).unwrap();
        let line = request
            .split("\r\n")
            .find_map(|l| l.strip_prefix("Sec-WebSocket-Extensions: "))
            .map(str::to_owned);
        let key = request
            .split("\r\n")
            .find_map(|l| l.strip_prefix("Sec-WebSocket-Key: "))
            .unwrap()
            .to_owned();
        (host, line, key)
    };
    assert_eq!(offer(TAKEOVER).1.unwrap(), "permessage-deflate; client_max_window_bits");
    assert_eq!(offer(&[(OptionKey::Deflate, 0)]).1, None);
    let bits =
        [(OptionKey::ServerMaxWindowBits, 10), (OptionKey::ClientMaxWindowBits, 9), TAKEOVER[1]];
    assert_eq!(
        offer(&bits).1.unwrap(),
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9"
    );
    let judge = |options: &[(OptionKey, u64)], line: &str| {
        let (mut host, _, key) = offer(options);
        let accept =
            String::from_utf8(wsabi::handshake::accept_value(key.as_bytes()).to_vec()).unwrap();
        host.feed(format!("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{line}\r\n").as_bytes());
        host.conn.failure()
    };
    for line in [
        "",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8; server_max_window_bits=8\r\n",
    ] {
        assert_eq!(judge(TAKEOVER, line), None, "{line}");
    }
    for value in ["x", "permessage-deflate, x", "x, permessage-deflate; y"] {
        let failure = judge(TAKEOVER, &format!("Sec-WebSocket-Extensions: {value}\r\n"));
        assert_eq!(failure, Some(Failure::Response(Fault::ExtensionNotOffered)), "{value}");
    }
    for value in [
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; x",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate;",
    ] {
        let failure = judge(TAKEOVER, &format!("Sec-WebSocket-Extensions: {value}\r\n"));
        assert_eq!(failure, Some(Failure::Response(Fault::ExtensionAnswer)), "{value}");
    }
    assert_eq!(
        judge(
            &bits,
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"
        ),
        Some(Failure::Response(Fault::ExtensionAnswer)),
        "the window is larger than asked for"
    );
    assert_eq!(
        judge(&[], "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        Some(Failure::Response(Fault::ExtensionAnswer)),
        "takeover against the offer"
    );
    assert_eq!(
        judge(&[(OptionKey::Deflate, 0)], "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        Some(Failure::Response(Fault::ExtensionNotOffered))
    );
}

/// Every option, both roles, many messages.
#[test]
fn a_client_and_a_server_compress() {
    for bits in [8, 9, 12, 15] {
        for flags in 0..16_u64 {
            let options = |server, client| {
                config(&[
                    (OptionKey::ServerNoContextTakeover, server),
                    (OptionKey::ClientNoContextTakeover, client),
                    (OptionKey::ServerMaxWindowBits, bits),
                    (OptionKey::ClientMaxWindowBits, bits),
                    (OptionKey::AutoAccept, 1),
                    (OptionKey::DeflateMinSize, 10),
                ])
            };
            let mut server = Host::new(options(flags & 1, flags >> 1 & 1), 3).echoing();
            let mut client = Host::new(Config::default(), 3);
            let ask = Ask { host: b"a", target: b"/", ..Ask::default() };
            client.conn =
                Connection::client(Arc::new(options(flags >> 2 & 1, flags >> 3 & 1)), &ask)
                    .unwrap();
            let mut want = Vec::new();
            for round in 0..6 {
                client.take_output();
                std::mem::take(&mut client.output).chunks(100).for_each(|piece| server.feed(piece));
                server.take_output();
                std::mem::take(&mut server.output).chunks(100).for_each(|piece| client.feed(piece));
                assert_eq!(client.conn.state(), State::Open);
                for len in [0, 5, 300, 5000] {
                    let message = text(len + round);
                    client.conn.send_text(&message).unwrap();
                    if round < 5 {
                        want.push(message.into_bytes());
                    }
                }
            }
            let got: Vec<_> = client.seen[1..].iter().map(|event| event.payload.clone()).collect();
            assert!(got == want, "{bits} bits, flags {flags:b}");
        }
    }
}

#[test]
fn an_inflater_is_total() {
    let mut inflater = Inflater::new(true);
    let mut message = Vec::new();
    assert_eq!(inflater.inflate(&[0xff], &mut message, 10, usize::MAX), Err(InflateError::Data));
    let mut inflater = Inflater::new(false);
    assert_eq!(
        inflater.inflate(&compressed(&[1; 100]), &mut message, 99, usize::MAX),
        Err(InflateError::TooBig)
    );
}
