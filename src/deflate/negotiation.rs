//! The four parameters, RFC 7692 section 7.1.

use alloc::string::String;
use core::fmt::Write as _;

use super::MAX_WINDOW_BITS;

/// The extension's token.
pub const TOKEN: &[u8] = b"permessage-deflate";

/// What the config asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The server forgets its history behind each message.
    pub server_no_context_takeover: bool,
    /// So does the client.
    pub client_no_context_takeover: bool,
    /// Logarithm of the window that the server compresses with, 8 to 15.
    pub server_max_window_bits: u8,
    /// The same of the client.
    pub client_max_window_bits: u8,
}

/// What both sides do.
pub type Agreement = Settings;

/// Parameters as they were sent.
#[derive(Clone, Copy, Debug, Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// `Some(None)`: named without a value, which only an offer may do.
    client_max_window_bits: Option<Option<u8>>,
}

type Named<'a> = (&'a [u8], Option<&'a [u8]>);

/// A server's answer to one offer; `None` declines it, and only it.
pub fn answer<'a>(
    settings: &Settings,
    offer: impl Iterator<Item = Named<'a>>,
) -> Option<(Agreement, String)> {
    let offered = Parameters::read(offer)?;
    let agreement = Agreement {
        server_no_context_takeover: settings.server_no_context_takeover
            || offered.server_no_context_takeover,
        client_no_context_takeover: settings.client_no_context_takeover
            || offered.client_no_context_takeover,
        server_max_window_bits: settings
            .server_max_window_bits
            .min(offered.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS)),
        // 7.1.2.2: without the client's leave its window stays as large as it
        // likes.
        client_max_window_bits: match offered.client_max_window_bits {
            None => MAX_WINDOW_BITS,
            Some(bits) => settings.client_max_window_bits.min(bits.unwrap_or(MAX_WINDOW_BITS)),
        },
    };
    let mut text = String::from("permessage-deflate");
    write_flags(&mut text, &agreement);
    let names_server_bits = offered.server_max_window_bits.is_some();
    if names_server_bits || agreement.server_max_window_bits < MAX_WINDOW_BITS {
        write_bits(&mut text, "server", agreement.server_max_window_bits);
    }
    if offered.client_max_window_bits.is_some()
        && agreement.client_max_window_bits < MAX_WINDOW_BITS
    {
        write_bits(&mut text, "client", agreement.client_max_window_bits);
    }
    Some((agreement, text))
}

/// A client's offer.
#[must_use]
pub fn offer(settings: &Settings) -> String {
    let mut text = String::from("permessage-deflate");
    write_flags(&mut text, settings);
    if settings.server_max_window_bits < MAX_WINDOW_BITS {
        write_bits(&mut text, "server", settings.server_max_window_bits);
    }
    text.push_str("; client_max_window_bits");
    if settings.client_max_window_bits < MAX_WINDOW_BITS {
        let _ = write!(text, "={}", settings.client_max_window_bits);
    }
    text
}

/// What a server's answer to [`offer`] means; `None` when it is none.
pub fn check_answer<'a>(
    settings: &Settings,
    answer: impl Iterator<Item = Named<'a>>,
) -> Option<Agreement> {
    let answered = Parameters::read(answer)?;
    let server_bits = answered.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS);
    let client_bits = match answered.client_max_window_bits {
        None => MAX_WINDOW_BITS,
        // 7.1.2.2: the same as offered, or smaller.
        Some(bits) => bits.filter(|&bits| bits <= settings.client_max_window_bits)?,
    };
    // 7.1.1.1 and 7.1.2.1: what the offer demanded must be in the answer.
    let is_kept = server_bits <= settings.server_max_window_bits
        && (answered.server_no_context_takeover || !settings.server_no_context_takeover);
    is_kept.then_some(Agreement {
        server_no_context_takeover: answered.server_no_context_takeover,
        client_no_context_takeover: answered.client_no_context_takeover
            || settings.client_no_context_takeover,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits.min(settings.client_max_window_bits),
    })
}

impl Parameters {
    /// `None` for one that is unknown, repeated or ill-valued.
    fn read<'a>(named: impl Iterator<Item = Named<'a>>) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in named {
            let is_new = match (name, value) {
                (b"server_no_context_takeover", None) => {
                    !core::mem::replace(&mut read.server_no_context_takeover, true)
                }
                (b"client_no_context_takeover", None) => {
                    !core::mem::replace(&mut read.client_no_context_takeover, true)
                }
                (b"server_max_window_bits", Some(value)) => {
                    read.server_max_window_bits.replace(window_bits(value)?).is_none()
                }
                (b"client_max_window_bits", None) => {
                    read.client_max_window_bits.replace(None).is_none()
                }
                (b"client_max_window_bits", Some(value)) => {
                    read.client_max_window_bits.replace(Some(window_bits(value)?)).is_none()
                }
                _ => false,
            };
            if !is_new {
                return None;
            }
        }
        Some(read)
    }
}

/// 7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15".
fn window_bits(value: &[u8]) -> Option<u8> {
    match *value {
        [digit @ b'8'..=b'9'] => Some(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(10 + digit - b'0'),
        _ => None,
    }
}

fn write_flags(text: &mut String, settings: &Settings) {
    if settings.server_no_context_takeover {
        text.push_str("; server_no_context_takeover");
    }
    if settings.client_no_context_takeover {
        text.push_str("; client_no_context_takeover");
    }
}

fn write_bits(text: &mut String, side: &str, bits: u8) {
    // Writing to a string does not fail.
    let _ = write!(text, "; {side}_max_window_bits={bits}");
}
