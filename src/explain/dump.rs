//! Octets out of a hex dump: plain digits, or as xxd, hexdump, tcpdump and
//! Wireshark print them, with offsets in front and characters behind.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::{Finding, Kind, Place};
use crate::handshake::trim;

/// The octets of the capture: what its text spells, or the capture itself when
/// it is no text.
pub(super) fn read(capture: &[u8]) -> Result<Cow<'_, [u8]>, Finding> {
    let is_text = |octet: &u8| matches!(octet, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    if !capture.iter().all(is_text) {
        return Ok(Cow::Borrowed(capture));
    }
    let mut octets = Vec::with_capacity(capture.len() / 2);
    for (n, line) in capture.split(|&octet| octet == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Err(word) = read_line(line, &mut octets) {
            return Err(Finding::new(Kind::DumpUnreadable, Place::Capture).line(n + 1, word));
        }
    }
    Ok(Cow::Owned(octets))
}

/// Appends the octets of a line, or returns the word that is none.
fn read_line<'l>(line: &'l [u8], octets: &mut Vec<u8>) -> Result<(), &'l [u8]> {
    if line.starts_with(b"#") {
        return Ok(());
    }
    // A literal of Python or Rust.
    let line = line.strip_prefix(b"b\"").or(line.strip_prefix(b"b'")).unwrap_or(line);
    let begin = octets.len();
    let (mut rest, has_offset) = match without_offset(line, begin) {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    loop {
        let gap = rest.iter().take_while(|&&octet| is_separator(octet)).count();
        rest = rest.get(gap..).unwrap_or_default();
        let count = octets.len() - begin;
        if rest.is_empty() || has_offset && gap >= 2 && is_text_column(rest, count) {
            return Ok(());
        }
        let len = rest.iter().take_while(|&&octet| !is_separator(octet)).count();
        let (word, behind) = rest.split_at(len);
        if !push_word(word, octets) {
            // A column of characters may stand close to a full line.
            return if has_offset && count > 0 { Ok(()) } else { Err(word) };
        }
        rest = behind;
    }
}

/// The line behind its offset: "0000:", or digits that say how many octets came
/// before.
fn without_offset(line: &[u8], so_far: usize) -> Option<&[u8]> {
    let line = trim(line);
    let len = line.iter().take_while(|octet| octet.is_ascii_hexdigit() || **octet == b'x').count();
    let (digits, rest) = line.split_at(len);
    match rest {
        [b':', rest @ ..] if len >= 4 && matches!(rest.first(), None | Some(b' ' | b'\t')) => {
            Some(rest)
        }
        [] | [b' ' | b'\t', ..] if len >= 4 => {
            let digits = core::str::from_utf8(digits).ok()?;
            (usize::from_str_radix(digits, 16).ok()? == so_far).then_some(rest)
        }
        _ => None,
    }
}

/// Whether what is left shows the octets of the line as characters.
fn is_text_column(rest: &[u8], octets: usize) -> bool {
    octets > 0 && (rest.starts_with(b"|") || rest.len() == octets || octets == 16)
}

/// Reads "81", "8105", "0x81", "\x81\x05", "81:05".
fn push_word(word: &[u8], octets: &mut Vec<u8>) -> bool {
    let before = octets.len();
    for part in word.split(|octet| b":-\\x".contains(octet)) {
        // The zero of "0x".
        let is_prefix = part == b"0" && word.get(1) == Some(&b'x');
        let digits = part.strip_suffix(b"h").unwrap_or(part);
        if is_prefix || digits.is_empty() {
            continue;
        }
        let value = |digit: &u8| char::from(*digit).to_digit(16).map(|value| value as u8);
        let padded = if digits.len() == 1 && word.starts_with(b"0x") { &[b'0'][..] } else { &[] };
        let pairs = [padded, digits].concat();
        for pair in pairs.chunks(2) {
            let [high, low] = pair else { return false };
            let (Some(high), Some(low)) = (value(high), value(low)) else { return false };
            octets.push(high << 4 | low);
        }
    }
    octets.len() > before
}

fn is_separator(octet: u8) -> bool {
    b" \t,;{}[]()\"'".contains(&octet)
}
