//! The head of a request: the same verdict at every split, within the limits.
#![no_main]

use arbitrary::Arbitrary;
use common::pieces;
use libfuzzer_sys::fuzz_target;
use wsabi::handshake::{
    Answer, Head, HeadLimits, HeadReader, Refusal, Request, check_request, is_token, write_accept,
    write_answer, write_refusal,
};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    /// In units of 32 octets.
    max_size: u8,
    max_fields: u8,
    cuts: [u16; 4],
    octets: &'a [u8],
}

fuzz_target!(|case: Case| {
    let limits =
        HeadLimits { octets: usize::from(case.max_size) * 32, fields: case.max_fields.into() };
    let (taken, verdict) = read([case.octets], limits);
    let (taken_in_pieces, verdict_in_pieces) = read(pieces(case.octets, &case.cuts), limits);
    assert_eq!(verdict.as_ref().map(parts), verdict_in_pieces.as_ref().map(parts));
    assert!(taken <= case.octets.len() && taken <= limits.octets);
    match verdict {
        Ok(head) => {
            assert_eq!(taken, taken_in_pieces);
            match head {
                Some(head) => check_head(&head, &case.octets[..taken], limits),
                None => assert_eq!(taken, case.octets.len()),
            }
        }
        Err(refusal) => check_response(&write_refusal(refusal, None)),
    }
});

/// Reads until there is a verdict: the octets taken, and the verdict.
fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: HeadLimits,
) -> (usize, Result<Option<Head>, Refusal>) {
    let mut reader = HeadReader::default();
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
type Parts<'a> = (&'a [u8], &'a [u8], u8, Vec<(&'a [u8], &'a [u8])>);

fn parts(head: &Option<Head>) -> Option<Parts<'_>> {
    let head = head.as_ref()?;
    Some((head.method(), head.target(), head.minor_version(), head.fields().collect()))
}

fn check_head(head: &Head, octets: &[u8], limits: HeadLimits) {
    assert!(octets.ends_with(b"\r\n\r\n"));
    assert!(is_token(head.method()));
    assert!(!head.target().is_empty());
    assert!(head.fields().count() <= limits.fields);
    for (name, value) in head.fields() {
        assert!(is_token(name));
        assert!(!value.iter().any(|octet| b"\r\n\0".contains(octet)));
        assert!(head.all(name).any(|other| other == value));
    }
    match check_request(head) {
        Ok(Request::Upgrade) => {
            let offered = head.offered_subprotocols().next();
            let offered = offered.map(|name| std::str::from_utf8(name).unwrap());
            let response = write_accept(head, offered, &Answer::default()).unwrap();
            assert!(response.starts_with(b"HTTP/1.1 101 "));
            check_response(&response);
        }
        Ok(Request::PlainHttp) => {
            let answer = Answer { status: 404, ..Answer::default() };
            check_response(&write_answer(head, 200, &answer).unwrap());
        }
        Err(refusal) => check_response(&write_refusal(refusal, Some(head))),
    }
}

/// Whatever the request was: one head, of whole lines.
fn check_response(response: &[u8]) {
    let text = std::str::from_utf8(response).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 "));
    assert!(!head.split("\r\n").any(|line| line.contains(['\r', '\n', '\0'])));
}
