//! Octets of a capture as text that no terminal obeys.

use alloc::string::String;
use core::fmt::Write;

/// Octets of a quotation; what is longer is cut.
const MAX_QUOTED: usize = 160;

/// The octets as text: printable characters as they are, everything else, and
/// the backslash, as an escape. Cut behind 160 octets, with "..." behind it.
#[must_use]
pub fn printable(octets: &[u8]) -> String {
    let (octets, is_cut) = match octets.get(..MAX_QUOTED) {
        Some(front) if octets.len() > MAX_QUOTED => (front, true),
        _ => (octets, false),
    };
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut text, character);
        }
        for octet in chunk.invalid() {
            let _ = write!(text, "\\x{octet:02x}");
        }
    }
    if is_cut {
        text.push_str("...");
    }
    text
}

fn push_escaped(text: &mut String, character: char) {
    match character {
        '\r' => text.push_str("\\r"),
        '\n' => text.push_str("\\n"),
        '\t' => text.push_str("\\t"),
        '\\' => text.push_str("\\\\"),
        '\0'..='\x1f' | '\x7f' => {
            let _ = write!(text, "\\x{:02x}", character as u32);
        }
        // C1 controls, and what hides or reorders the text around it.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => {
            let _ = write!(text, "\\u{{{:x}}}", character as u32);
        }
        _ => text.push(character),
    }
}

/// Octets as hexadecimal digits, in pairs.
pub(super) fn hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 3);
    for octet in octets {
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{octet:02x}");
    }
    text
}
