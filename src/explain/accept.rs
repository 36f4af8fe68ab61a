//! How a wrong Sec-WebSocket-Accept came about: the mistakes that people make,
//! tried one with the other until the value comes out.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

use super::Kind;
use crate::handshake::{GUID, accept_value};

/// The values of the RFC's example.
const EXAMPLE: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Octets of a digest from which on a part of it is no coincidence.
const TELLING: usize = 8;

/// Characters of a value or a key that are looked at. A key has 24, the longest
/// value that a known mistake makes about 180.
const MAX_LEN: usize = 256;

/// The mistake behind `value`, and how the value is computed with it.
/// `other_keys` are those of the capture's other requests.
pub(super) fn find(key: &[u8], value: &[u8], other_keys: &[&[u8]]) -> Option<(Kind, String)> {
    if key.len() > MAX_LEN || value.len() > MAX_LEN || value.is_empty() {
        return None;
    }
    find_elsewhere(key, value, other_keys)
        .or_else(|| find_by_parts(key, value))
        .or_else(|| find_misspelling(key, value))
}

/// Whether it is the base64 form of 20 octets.
pub(super) fn is_well_formed(value: &[u8]) -> bool {
    STANDARD.decode(value).is_ok_and(|octets| octets.len() == 20)
}

/// Values that have nothing to do with this key, or no hash in them.
fn find_elsewhere(key: &[u8], value: &[u8], other_keys: &[&[u8]]) -> Option<(Kind, String)> {
    let right = accept_value(key);
    if value == EXAMPLE {
        return Some((Kind::AcceptFromTheRfc, String::new()));
    }
    if value == key {
        return Some((Kind::AcceptIsTheKey, String::new()));
    }
    if let Some(other) = other_keys.iter().find(|other| accept_value(other) == value) {
        let detail = format!("It belongs to the key {}.", super::printable(other));
        return Some((Kind::AcceptOtherKey, detail));
    }
    if value.eq_ignore_ascii_case(&right) {
        return Some((Kind::AcceptReencoded, "Its letters are in another case.".into()));
    }
    if value.windows(right.len()).any(|part| part == right) {
        return Some((Kind::AcceptReencoded, "Something stands around the right value.".into()));
    }
    None
}

/// A way to make one part of what is computed, and the mistake that it is.
struct Spelling {
    name: &'static str,
    mistake: Option<Kind>,
    of: fn(&[u8]) -> Cow<'_, [u8]>,
}

const KEYS: &[Spelling] = {
    use Kind::{AcceptKeyAltered as Altered, AcceptKeyDecoded as Decoded};
    const UNTRIMMED: Option<Kind> = Some(Kind::AcceptKeyUntrimmed);
    &[
        spelling("key", None, |key| key.into()),
        spelling("key + CR", UNTRIMMED, |key| [key, b"\r"].concat().into()),
        spelling("key + LF", UNTRIMMED, |key| [key, b"\n"].concat().into()),
        spelling("key + CR LF", UNTRIMMED, |key| [key, b"\r\n"].concat().into()),
        spelling("key + NUL", UNTRIMMED, |key| [key, b"\0"].concat().into()),
        spelling("key + space", UNTRIMMED, |key| [key, b" "].concat().into()),
        spelling("space + key", UNTRIMMED, |key| [b" ", key].concat().into()),
        spelling("space + key + CR", UNTRIMMED, |key| [b" ", key, b"\r"].concat().into()),
        spelling("space + key + CR LF", UNTRIMMED, |key| [b" ", key, b"\r\n"].concat().into()),
        spelling("decoded key", Some(Decoded), |key| {
            STANDARD.decode(key).unwrap_or_default().into()
        }),
        spelling("key without =", Some(Altered), |key| without_padding(key).into()),
        spelling("key in lower case", Some(Altered), |key| key.to_ascii_lowercase().into()),
        spelling("key in upper case", Some(Altered), |key| key.to_ascii_uppercase().into()),
        spelling("key in quotes", Some(Altered), |key| [b"\"", key, b"\""].concat().into()),
        spelling("base64(key)", Some(Altered), |key| STANDARD.encode(key).into_bytes().into()),
        spelling("\"Sec-WebSocket-Key: \" + key", Some(Altered), |key| {
            [b"Sec-WebSocket-Key: ", key].concat().into()
        }),
        spelling("", Some(Altered), |_| Cow::Borrowed(&[])),
    ]
};

const GUIDS: &[Spelling] = {
    use Kind::{AcceptGuidLowerCase as LowerCase, AcceptGuidMisspelt as Misspelt};
    &[
        spelling("GUID", None, |guid| guid.into()),
        spelling("", Some(Kind::AcceptGuidMissing), |_| Cow::Borrowed(&[])),
        spelling("GUID in lower case", Some(LowerCase), |guid| guid.to_ascii_lowercase().into()),
        spelling("GUID without hyphens", Some(Misspelt), |guid| without_hyphens(guid).into()),
        spelling("{GUID}", Some(Misspelt), |guid| [b"{", guid, b"}"].concat().into()),
        spelling("GUID + LF", Some(Misspelt), |guid| [guid, b"\n"].concat().into()),
        spelling("GUID + CR LF", Some(Misspelt), |guid| [guid, b"\r\n"].concat().into()),
        spelling("GUID + NUL", Some(Misspelt), |guid| [guid, b"\0"].concat().into()),
        spelling("GUID as 16 octets", Some(Misspelt), |guid| {
            from_hex(&without_hyphens(guid)).unwrap_or_default().into()
        }),
    ]
};

struct Hash {
    name: &'static str,
    mistake: Option<Kind>,
    /// Octets of a digest; 0 for as many as go in.
    len: usize,
    of: fn(&[u8]) -> Vec<u8>,
}

const HASHES: &[Hash] = {
    const WRONG: Option<Kind> = Some(Kind::AcceptWrongHash);
    &[
        Hash { name: "SHA-1", mistake: None, len: 20, of: |input| Sha1::digest(input).to_vec() },
        Hash { name: "MD5", mistake: WRONG, len: 16, of: |input| Md5::digest(input).to_vec() },
        Hash {
            name: "SHA-256",
            mistake: WRONG,
            len: 32,
            of: |input| Sha256::digest(input).to_vec(),
        },
        Hash {
            name: "SHA-512",
            mistake: WRONG,
            len: 64,
            of: |input| Sha512::digest(input).to_vec(),
        },
        Hash { name: "", mistake: WRONG, len: 0, of: <[u8]>::to_vec },
    ]
};

const fn spelling(
    name: &'static str,
    mistake: Option<Kind>,
    of: fn(&[u8]) -> Cow<'_, [u8]>,
) -> Spelling {
    Spelling { name, mistake, of }
}

/// Every spelling of key and GUID, in both orders, with every hash, against
/// every reading of the value.
fn find_by_parts(key: &[u8], value: &[u8]) -> Option<(Kind, String)> {
    let readings = readings(value);
    let is_whole = |hash: &Hash| readings.iter().any(|reading| reading.octets.len() == hash.len);
    let is_cut = !HASHES.iter().any(is_whole);
    let is_tried = |hash: &Hash| is_cut || hash.mistake.is_none() || is_whole(hash);
    for guid in GUIDS {
        for key_spelling in KEYS {
            let (key, guid_octets) = ((key_spelling.of)(key), (guid.of)(GUID));
            for is_guid_first in [false, true] {
                let input = match is_guid_first {
                    false => [&key[..], &guid_octets[..]].concat(),
                    true => [&guid_octets[..], &key[..]].concat(),
                };
                for hash in HASHES.iter().filter(|hash| is_tried(hash)) {
                    let digest = (hash.of)(&input);
                    let Some(reading) = readings.iter().find(|reading| reading.is_of(&digest))
                    else {
                        continue;
                    };
                    let is_cut = reading.octets.len() < digest.len();
                    let mistakes = [
                        guid.mistake,
                        key_spelling.mistake,
                        is_guid_first.then_some(Kind::AcceptGuidFirst),
                        hash.mistake,
                        reading.mistake,
                        is_cut.then_some(Kind::AcceptTruncated),
                    ];
                    let mut mistakes = mistakes.into_iter().flatten();
                    let kind = mistakes.next().unwrap_or(Kind::AcceptReencoded);
                    let formula = reading.formula(hash, key_spelling, guid, is_guid_first, is_cut);
                    let also = also(mistakes);
                    return Some((kind, format!("It is {formula}.{also}")));
                }
            }
        }
    }
    None
}

/// The mistakes beside the first one.
fn also(mistakes: impl Iterator<Item = Kind>) -> String {
    mistakes
        .map(|kind| match kind {
            Kind::AcceptKeyUntrimmed => " The key was not trimmed either.",
            Kind::AcceptKeyDecoded => " The key was decoded, too.",
            Kind::AcceptKeyAltered => " The key was altered, too.",
            Kind::AcceptGuidFirst => " The order is wrong, too.",
            Kind::AcceptWrongHash => " The hash is not SHA-1 either.",
            Kind::AcceptHexDigest => " The digest is in hexadecimal, too.",
            Kind::AcceptTruncated => " The value is cut off, too.",
            _ => " The encoding is wrong, too.",
        })
        .collect()
}

/// What the value may be the text of.
struct Reading {
    octets: Vec<u8>,
    mistake: Option<Kind>,
    /// What surrounds the digest in the formula.
    front: &'static str,
    back: &'static str,
}

impl Reading {
    fn is_of(&self, digest: &[u8]) -> bool {
        self.octets == digest || self.octets.len() >= TELLING && digest.starts_with(&self.octets)
    }

    fn formula(
        &self,
        hash: &Hash,
        key: &Spelling,
        guid: &Spelling,
        is_guid_first: bool,
        is_cut: bool,
    ) -> String {
        let (first, second) =
            if is_guid_first { (guid.name, key.name) } else { (key.name, guid.name) };
        let plus = if first.is_empty() || second.is_empty() { "" } else { " + " };
        let input = format!("{first}{plus}{second}");
        let digest = match hash.name {
            "" => input,
            name => format!("{name}({input})"),
        };
        let beginning = if is_cut { "the beginning of " } else { "" };
        format!("{beginning}{}{digest}{}", self.front, self.back)
    }
}

fn readings(value: &[u8]) -> Vec<Reading> {
    const HEX: Option<Kind> = Some(Kind::AcceptHexDigest);
    const REENCODED: Option<Kind> = Some(Kind::AcceptReencoded);
    let mut readings = Vec::new();
    let mut add = |octets, mistake, front, back| {
        readings.push(Reading { octets, mistake, front, back });
    };
    if let Some(digest) = from_hex(value) {
        add(digest, HEX, "hex(", ")");
    }
    let unquoted = percent_decoded(value);
    let Some(octets) = from_base64(&unquoted) else { return readings };
    if let Some(digest) = from_hex(&octets) {
        add(digest, HEX, "base64(hex(", "))");
    }
    if let Some(digest) = from_base64(&octets) {
        add(digest, REENCODED, "base64(base64(", "))");
    }
    let (mistake, back) = if unquoted != value {
        (REENCODED, "), percent-encoded")
    } else if value.iter().any(|octet| b"-_".contains(octet)) {
        (REENCODED, ") in base64's alphabet for URLs")
    } else if STANDARD.encode(&octets).into_bytes() != value && octets.len() == 20 {
        (REENCODED, ") without its padding")
    } else {
        (None, ")")
    };
    add(octets, mistake, "base64(", back);
    readings
}

/// One letter of the GUID wrong, missing, twice or exchanged with the next.
fn find_misspelling(key: &[u8], value: &[u8]) -> Option<(Kind, String)> {
    let digest = from_base64(value)?;
    let of_key = Sha1::new().chain_update(key);
    let is_it = |guid: &[u8]| of_key.clone().chain_update(guid).finalize()[..] == digest[..];
    let guid = (0..GUID.len()).flat_map(misspellings).find(|guid| is_it(guid))?;
    let detail = format!("Its GUID is {}.", super::printable(&guid));
    Some((Kind::AcceptGuidMisspelt, detail))
}

fn misspellings(at: usize) -> impl Iterator<Item = Vec<u8>> {
    let (front, rest) = GUID.split_at(at);
    let (letter, tail) = rest.split_at(1);
    let exchanged = match tail {
        [next, tail @ ..] => [front, &[*next], letter, tail].concat(),
        [] => Vec::new(),
    };
    let others = b"0123456789ABCDEFGO-".iter().map(move |other| [front, &[*other], tail].concat());
    [[front, tail].concat(), [front, letter, letter, tail].concat(), exchanged]
        .into_iter()
        .chain(others)
}

fn without_hyphens(guid: &[u8]) -> Vec<u8> {
    guid.iter().copied().filter(|&octet| octet != b'-').collect()
}

fn without_padding(key: &[u8]) -> &[u8] {
    let end = key.iter().rposition(|&octet| octet != b'=').map_or(0, |last| last + 1);
    key.get(..end).unwrap_or_default()
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    if text.is_empty() || text.len() % 2 != 0 {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| match *pair {
            [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
            _ => None,
        })
        .collect()
}

/// Either alphabet, padded or not, cut anywhere: the octets that are whole.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for &letter in without_padding(text) {
        let sextet = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(octets)
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [octet, tail @ ..] = rest {
        match (octet, tail.get(..2).and_then(from_hex).as_deref()) {
            (b'%', Some([value])) => {
                decoded.push(*value);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(*octet);
                rest = tail;
            }
        }
    }
    decoded
}
