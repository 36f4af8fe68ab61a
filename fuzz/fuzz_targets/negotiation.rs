//! permessage-deflate's parameters: an offer is taken when it is a correct one,
//! the answer keeps to it, and both roles mean the same by it.
#![no_main]

use std::collections::HashSet;

use arbitrary::Arbitrary;
use common::deflate::Wanted;
use libfuzzer_sys::fuzz_target;
use wsabi::deflate::{Agreement, Settings, answer, check_answer, offer};
use wsabi::handshake::{Extension, parse_extensions};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    server: Wanted,
    client: Wanted,
    value: Vec<Part<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Part<'a> {
    Word(u8),
    Octets(&'a [u8]),
}

const WORDS: [&str; 21] = [
    "permessage-deflate",
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
    "server_max_window_bits=10",
    "client_max_window_bits=\"9\"",
    "; ",
    ", ",
    "=",
    "\"",
    "\\",
    " ",
    "7",
    "8",
    "9",
    "15",
    "16",
    "0",
    "+",
    "x",
];

fuzz_target!(|case: Case| {
    let mut value = Vec::new();
    for part in &case.value {
        value.extend_from_slice(match part {
            Part::Word(n) => WORDS[usize::from(*n) % WORDS.len()].as_bytes(),
            Part::Octets(octets) => octets,
        });
    }
    let (server, client) = (case.server.settings(), case.client.settings());
    for extension in parse_extensions(&value).unwrap_or_default() {
        let taken = answer(&server, named(&extension));
        assert_eq!(taken.is_some(), is_correct(&extension, false), "{extension:?}");
        if let Some((agreement, text)) = taken {
            check(&server, &extension, &agreement, &text);
        }
        if let Some(agreement) = check_answer(&client, named(&extension)) {
            assert!(is_correct(&extension, true));
            assert!(agreement.server_max_window_bits <= client.server_max_window_bits);
            assert!(agreement.client_max_window_bits <= client.client_max_window_bits);
            assert!(agreement.server_no_context_takeover || !client.server_no_context_takeover);
            assert!(agreement.client_no_context_takeover || !client.client_no_context_takeover);
        }
    }
    understand(&server, &client);
});

fn named<'a>(extension: &'a Extension) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
    extension.parameters.iter().map(|(name, value)| (*name, value.as_deref()))
}

/// Section 7.1: known parameters, each once, with the values that they may have.
fn is_correct(extension: &Extension, is_answer: bool) -> bool {
    let mut seen = HashSet::new();
    named(extension).all(|(name, value)| {
        let value = value.map(|value| std::str::from_utf8(value).unwrap_or("-"));
        let is_window = |text: &str| (8..=15).any(|bits: u8| bits.to_string() == text);
        seen.insert(name)
            && match (name, value) {
                (b"server_no_context_takeover" | b"client_no_context_takeover", None) => true,
                (b"client_max_window_bits", None) => !is_answer,
                (b"server_max_window_bits" | b"client_max_window_bits", Some(text)) => {
                    is_window(text)
                }
                _ => false,
            }
    })
}

/// What an answer may say, section 7.1.
fn check(server: &Settings, offer: &Extension, agreement: &Agreement, text: &str) {
    let answers = parse_extensions(text.as_bytes()).unwrap();
    let [answer] = &answers[..] else { panic!("{text}") };
    assert!(answer.name == b"permessage-deflate" && is_correct(answer, true), "{text}");
    let find = |of: &Extension, name: &str| -> Option<Option<u8>> {
        let (_, value) = named(of).find(|(other, _)| *other == name.as_bytes())?;
        Some(value.map(|value| std::str::from_utf8(value).unwrap().parse().unwrap()))
    };
    for (side, wanted, agreed) in [
        ("server", server.server_no_context_takeover, agreement.server_no_context_takeover),
        ("client", server.client_no_context_takeover, agreement.client_no_context_takeover),
    ] {
        let name = format!("{side}_no_context_takeover");
        assert_eq!(find(answer, &name).is_some(), agreed);
        assert_eq!(agreed, wanted || find(offer, &name).is_some());
    }
    for (side, wanted, agreed) in [
        ("server", server.server_max_window_bits, agreement.server_max_window_bits),
        ("client", server.client_max_window_bits, agreement.client_max_window_bits),
    ] {
        let name = format!("{side}_max_window_bits");
        let (offered, answered) = (find(offer, &name), find(answer, &name).flatten());
        assert_eq!(answered.unwrap_or(15), agreed);
        let most = offered.flatten().unwrap_or(15);
        // Without leave the client's window is the largest.
        let is_free = side == "server" || offered.is_some();
        assert_eq!(agreed, if is_free { wanted.min(most) } else { 15 });
        assert!(answered.is_none() || is_free, "it was not offered");
    }
}

/// A client and a server, whatever they are set to, agree on the same.
fn understand(server: &Settings, client: &Settings) {
    let offered = offer(client);
    let offers = parse_extensions(offered.as_bytes()).unwrap();
    let (theirs, text) = answer(server, named(&offers[0])).expect("an offer of ours is correct");
    let answers = parse_extensions(text.as_bytes()).unwrap();
    let ours = check_answer(client, named(&answers[0])).expect("and so is an answer");
    assert_eq!(ours.server_max_window_bits, theirs.server_max_window_bits);
    assert_eq!(ours.server_no_context_takeover, theirs.server_no_context_takeover);
    assert!(ours.client_max_window_bits <= theirs.client_max_window_bits);
    assert!(ours.client_no_context_takeover || !theirs.client_no_context_takeover);
}
