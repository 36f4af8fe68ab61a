//! The messages that are decoded and encoded.

use common::frame;

/// What a message is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Octets of every value.
    Binary,
    /// JSON-like text.
    Ascii,
    /// Text in six scripts, with characters of 1 to 4 octets.
    MixedScripts,
}

impl Content {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "ASCII text",
            Self::MixedScripts => "mixed-script text",
        }
    }

    /// A message of exactly `size` octets.
    pub fn message(self, size: usize) -> Vec<u8> {
        match self {
            Self::Binary => (0..size).map(|i| (i * 131 + (i >> 8) * 17) as u8).collect(),
            Self::Ascii => repeat(
                r#"{"id":48213,"user":"alice","price":1730.25,"qty":12,"side":"buy","ok":true},"#,
                size,
            ),
            Self::MixedScripts => repeat(
                "Ελληνικά, русский, 日本語のテキスト, हिन्दी, naïve café, 😀🎉 and ASCII; ",
                size,
            ),
        }
    }

    /// Opcode of its frames.
    pub fn opcode(self) -> u8 {
        match self {
            Self::Binary => frame::BINARY,
            Self::Ascii | Self::MixedScripts => frame::TEXT,
        }
    }
}

/// Whole characters of `text`, over and over, then spaces.
fn repeat(text: &str, size: usize) -> Vec<u8> {
    let mut message = String::with_capacity(size);
    message.extend(text.chars().cycle().scan(0, |len, c| {
        *len += c.len_utf8();
        (*len <= size).then_some(c)
    }));
    message.extend(std::iter::repeat_n(' ', size - message.len()));
    message.into_bytes()
}
