//! What is negotiated, and messages that compress well or badly.

use arbitrary::Arbitrary;
use wsabi::conn::{Config, OptionKey};
use wsabi::deflate::Settings;

/// Octets that a message may have, for the sake of time.
const MAX_MESSAGE: usize = 20_000;

/// What an endpoint is set to.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Wanted {
    takes_over: [bool; 2],
    bits: [u8; 2],
    level: u8,
    memory_level: u8,
    pub min_size: u8,
}

impl Wanted {
    pub fn settings(&self) -> Settings {
        Settings {
            server_no_context_takeover: !self.takes_over[0],
            client_no_context_takeover: !self.takes_over[1],
            server_max_window_bits: 8 + self.bits[0] % 8,
            client_max_window_bits: 8 + self.bits[1] % 8,
        }
    }

    pub fn config(&self) -> Config {
        let settings = self.settings();
        let mut config = Config::default();
        for (key, value) in [
            (OptionKey::AutoAccept, 1),
            (OptionKey::DeflateLevel, 1 + u64::from(self.level % 9)),
            (OptionKey::DeflateMemoryLevel, 1 + u64::from(self.memory_level % 9)),
            (OptionKey::DeflateMinSize, self.min_size.into()),
            (OptionKey::ServerMaxWindowBits, settings.server_max_window_bits.into()),
            (OptionKey::ClientMaxWindowBits, settings.client_max_window_bits.into()),
            (OptionKey::ServerNoContextTakeover, settings.server_no_context_takeover.into()),
            (OptionKey::ClientNoContextTakeover, settings.client_no_context_takeover.into()),
        ] {
            config.set(key, value).unwrap();
        }
        config
    }
}

/// A message.
#[derive(Arbitrary, Debug)]
pub enum Content<'a> {
    Octets(&'a [u8]),
    Repeated { octets: &'a [u8], times: u16 },
    Noise { seed: u16, len: u16 },
}

impl Content<'_> {
    pub fn octets(&self) -> Vec<u8> {
        match *self {
            Self::Octets(octets) => octets.to_vec(),
            Self::Repeated { octets, times } => {
                let most = MAX_MESSAGE / octets.len().max(1);
                octets.repeat(usize::from(times).min(most))
            }
            Self::Noise { seed, len } => {
                let mut state = u32::from(seed) + 1;
                let mut next = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                };
                (0..usize::from(len).min(MAX_MESSAGE)).map(|_| next()).collect()
            }
        }
    }
}
