//! The head of a request or a response: the same verdict at every split, within
//! the limits.
#![no_main]

use arbitrary::Arbitrary;
use common::pieces;
use libfuzzer_sys::fuzz_target;
use wsabi::handshake::{
    Answer, Form, Head, HeadError, HeadKind, HeadLimits, HeadReader, Request, Version, accept,
    answer, check_request, check_response, is_token, key_from, refuse,
};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    is_response: bool,
    /// In units of 32 octets.
    max_size: u8,
    max_fields: u8,
    cuts: [u16; 4],
    octets: &'a [u8],
}

fuzz_target!(|case: Case| {
    let limits =
        HeadLimits { octets: usize::from(case.max_size) * 32, fields: case.max_fields.into() };
    let kind = if case.is_response { HeadKind::Response } else { HeadKind::Request };
    let (taken, verdict) = read(kind, limits, [case.octets]);
    let (taken_in_pieces, verdict_in_pieces) = read(kind, limits, pieces(case.octets, &case.cuts));
    assert_eq!(verdict.as_ref().map(parts), verdict_in_pieces.as_ref().map(parts));
    assert!(taken <= case.octets.len() && taken <= limits.octets);
    if let Ok(head) = verdict {
        assert_eq!(taken, taken_in_pieces);
        match head {
            Some(head) => {
                check_head(&head, &case.octets[..taken], limits);
                match kind {
                    HeadKind::Request => check_answers(&head),
                    HeadKind::Response => check_verdict(&head),
                }
            }
            None => assert_eq!(taken, case.octets.len()),
        }
    }
});

/// Reads until there is a verdict: the octets taken, and the verdict.
fn read<'a>(
    kind: HeadKind,
    limits: HeadLimits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (usize, Result<Option<Head>, HeadError>) {
    let mut reader = HeadReader::new(kind);
    let mut taken = 0;
    for piece in pieces {
        let (len, verdict) = reader.read(piece, limits);
        assert!(len <= piece.len());
        taken += len;
        match verdict {
            Ok(None) => assert_eq!(len, piece.len(), "an incomplete head takes every octet"),
            verdict => return (taken, verdict),
        }
    }
    (taken, Ok(None))
}

/// All that a head says.
type Parts<'a> = (Version, u16, Vec<&'a [u8]>);

fn parts(head: &Option<Head>) -> Option<Parts<'_>> {
    let head = head.as_ref()?;
    let fields = head.fields().flat_map(|(name, value)| [name, value]);
    let texts = [head.method(), head.target()].into_iter().chain(fields);
    Some((head.version(), head.status(), texts.collect()))
}

fn check_head(head: &Head, octets: &[u8], limits: HeadLimits) {
    assert!(octets.ends_with(b"\r\n\r\n"));
    assert!(head.fields().count() <= limits.fields);
    for (name, value) in head.fields() {
        assert!(is_token(name));
        assert!(!value.iter().any(|octet| b"\r\n\0".contains(octet)));
        assert!(head.all(name).any(|other| other == value));
    }
}

/// What a server makes of a request.
fn check_answers(head: &Head) {
    assert!(is_token(head.method()) && !head.target().is_empty());
    let response = match check_request(head) {
        Ok(Request::Upgrade) => {
            let offered = head.offered_subprotocols().next();
            let offered = offered.map(|name| std::str::from_utf8(name).unwrap());
            accept(head, Form::Octets, offered, None, &Answer::default()).unwrap()
        }
        Ok(Request::PlainHttp) => {
            let not_found = Answer { status: 404, ..Answer::default() };
            answer(head, Form::Octets, 200, &not_found).unwrap()
        }
        Err(refusal) => refuse(refusal, refusal.status(), Form::Octets, Some(head)),
    };
    check_octets(response.octets());
}

/// What a client makes of a response: no octet of it is out of reach.
fn check_verdict(head: &Head) {
    assert!(head.status() <= 999);
    let key = key_from([0; 16]);
    let _ = check_response(head, &key, |name| is_token(name.as_bytes()));
}

/// Whatever the request was: one head, of whole lines.
fn check_octets(response: &[u8]) {
    let text = std::str::from_utf8(response).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 "));
    assert!(!head.split("\r\n").any(|line| line.contains(['\r', '\n', '\0'])));
}
