//! What connections have in common.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::CStr;

use crate::handshake::{HeadLimits, is_token};

/// Limits and policies; immutable while connections share it.
#[derive(Clone, Debug)]
pub struct Config {
    values: [u64; OptionKey::COUNT],
    subprotocols: Vec<Arc<str>>,
}

/// A value that a config does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The value is below the minimum or above the maximum.
    OutOfBounds,
    /// The subprotocol is no token, or there already.
    BadSubprotocol,
}

/// Key of an option; the number is that of the C ABI and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OptionKey {
    /// Octets of a head.
    MaxHeadSize = 1,
    /// Header fields of a head.
    MaxHeaders = 2,
    /// Octets of a frame's payload.
    MaxFrameSize = 3,
    /// Octets of a message.
    MaxMessageSize = 4,
    /// Frames of a message.
    MaxFragments = 5,
    /// Queued octets at which reading pauses.
    OutputHighMark = 6,
    /// Queued octets that no send may pass.
    MaxOutput = 7,
    /// Accept without asking the application.
    AutoAccept = 8,
    /// Hand plain HTTP requests to the application.
    PlainHttp = 9,
}

/// A row of the table of options.
#[derive(Clone, Copy, Debug)]
pub struct OptionInfo {
    /// Key.
    pub key: OptionKey,
    /// Name in lower case.
    pub name: &'static CStr,
    /// Unit of the value.
    pub unit: &'static CStr,
    /// Default value.
    pub default: u64,
    /// Smallest value.
    pub minimum: u64,
    /// Largest value.
    pub maximum: u64,
}

/// The largest payload that a frame can announce, RFC 6455 5.2.
const MAX_PAYLOAD: u64 = i64::MAX as u64;

/// One row an option, in the order of the keys, which count from 1.
const TABLE: [OptionInfo; OptionKey::COUNT] = [
    row(OptionKey::MaxHeadSize, c"max_head_size", c"octets", 16 << 10, 256, 1 << 20),
    row(OptionKey::MaxHeaders, c"max_headers", c"fields", 100, 8, 10_000),
    row(OptionKey::MaxFrameSize, c"max_frame_size", c"octets", MAX_PAYLOAD, 125, MAX_PAYLOAD),
    row(OptionKey::MaxMessageSize, c"max_message_size", c"octets", 16 << 20, 0, MAX_PAYLOAD),
    // Autobahn's case 9.3.1 sends 65,536.
    row(OptionKey::MaxFragments, c"max_fragments", c"frames", 131_072, 1, u32::MAX as u64),
    row(OptionKey::OutputHighMark, c"output_high_mark", c"octets", 256 << 10, 1, MAX_PAYLOAD),
    row(OptionKey::MaxOutput, c"max_output", c"octets", 64 << 20, 1024, MAX_PAYLOAD),
    row(OptionKey::AutoAccept, c"auto_accept", c"0 or 1", 0, 0, 1),
    row(OptionKey::PlainHttp, c"plain_http", c"0 or 1", 0, 0, 1),
];

const fn row(
    key: OptionKey,
    name: &'static CStr,
    unit: &'static CStr,
    default: u64,
    minimum: u64,
    maximum: u64,
) -> OptionInfo {
    OptionInfo { key, name, unit, default, minimum, maximum }
}

impl OptionKey {
    const COUNT: usize = 9;

    /// The table of options, in the order of their numbers.
    #[must_use]
    pub const fn table() -> &'static [OptionInfo] {
        &TABLE
    }

    /// The key with that number in the C ABI.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        TABLE.iter().map(|row| row.key).find(|key| key.number() == number)
    }

    /// Its number in the C ABI.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    const fn index(self) -> usize {
        self as usize - 1
    }
}

impl Default for Config {
    fn default() -> Self {
        Self { values: TABLE.map(|row| row.default), subprotocols: Vec::new() }
    }
}

impl Config {
    /// Sets an option.
    ///
    /// # Errors
    /// When the value is out of the option's bounds.
    pub fn set(&mut self, key: OptionKey, value: u64) -> Result<(), ConfigError> {
        let row = TABLE.get(key.index()).ok_or(ConfigError::OutOfBounds)?;
        if !(row.minimum..=row.maximum).contains(&value) {
            return Err(ConfigError::OutOfBounds);
        }
        if let Some(place) = self.values.get_mut(key.index()) {
            *place = value;
        }
        Ok(())
    }

    /// Value of an option.
    #[inline]
    #[must_use]
    pub fn get(&self, key: OptionKey) -> u64 {
        self.values.get(key.index()).copied().unwrap_or_default()
    }

    /// Adds a subprotocol, less preferred than those before.
    ///
    /// # Errors
    /// When it is no token, or there already.
    pub fn add_subprotocol(&mut self, name: &str) -> Result<(), ConfigError> {
        if !is_token(name.as_bytes()) || self.subprotocols.iter().any(|known| **known == *name) {
            return Err(ConfigError::BadSubprotocol);
        }
        self.subprotocols.push(Arc::from(name));
        Ok(())
    }

    pub(super) fn is_on(&self, key: OptionKey) -> bool {
        self.get(key) != 0
    }

    pub(super) fn subprotocols(&self) -> &[Arc<str>] {
        &self.subprotocols
    }

    pub(super) fn head_limits(&self) -> HeadLimits {
        HeadLimits {
            octets: self.get(OptionKey::MaxHeadSize) as usize,
            fields: self.get(OptionKey::MaxHeaders) as usize,
        }
    }
}
