//! What connections have in common.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::CStr;

#[cfg(feature = "deflate")]
use crate::deflate::{Pool, Settings};
use crate::handshake::{HeadLimits, Origin, is_token};
use crate::proto::{MAX_REASON, is_valid_close_code};

/// Limits and policies; immutable while connections share it.
#[derive(Clone, Debug)]
pub struct Config {
    values: [u64; OptionKey::COUNT],
    subprotocols: Vec<Arc<str>>,
    origins: Vec<Origin>,
    resources: Vec<String>,
    close_reason: String,
    /// Contexts of connections without context takeover.
    #[cfg(feature = "deflate")]
    pub(super) pool: Arc<Pool>,
}

/// A value that a config does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The value is below the minimum or above the maximum.
    OutOfBounds,
    /// The subprotocol is no token, or there already.
    BadSubprotocol,
    /// The origin is no serialised origin (RFC 6454 6.2).
    BadOrigin,
    /// The resource is no path.
    BadResource,
    /// The reason does not fit into a Close.
    BadReason,
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
    /// Whose order decides on the subprotocol: a [`Preference`].
    SubprotocolPreference = 10,
    /// What to do when the client names no subprotocol: a [`Policy`].
    SubprotocolAbsent = 11,
    /// What to do when there is none in common: a [`Policy`].
    SubprotocolMismatch = 12,
    /// Status of [`Policy::Reject`].
    SubprotocolRejectStatus = 13,
    /// Code of [`Policy::Close`].
    SubprotocolCloseCode = 14,
    /// Take requests whose Origin names the Host.
    AllowSameHost = 15,
    /// Octets of a response's body that are kept when it rejects.
    MaxRejectionBody = 16,
    /// Negotiate permessage-deflate.
    Deflate = 17,
    /// Level of compression.
    DeflateLevel = 18,
    /// Memory of a compressor, as a level.
    DeflateMemoryLevel = 19,
    /// Octets from which on a message is compressed.
    DeflateMinSize = 20,
    /// Largest window of the server's compressor.
    ServerMaxWindowBits = 21,
    /// Largest window of the client's compressor.
    ClientMaxWindowBits = 22,
    /// The server's compressor forgets each message.
    ServerNoContextTakeover = 23,
    /// The client's compressor forgets each message.
    ClientNoContextTakeover = 24,
    /// Time for the peer's part of the opening handshake.
    OpeningTimeout = 25,
    /// Time for the end, from our Close or our refusal on.
    ClosingTimeout = 26,
    /// Time between pings of ours.
    PingInterval = 27,
    /// Time for a pong.
    PongTimeout = 28,
    /// Time without an octet.
    IdleTimeout = 29,
    /// Queued octets below which a queue that passed the high mark is drained.
    OutputLowMark = 30,
    /// List messages in pieces, as they arrive.
    MessagePieces = 31,
    /// Count what goes in and out.
    Counters = 32,
    /// Connections that a server has at most.
    MaxConnections = 33,
    /// Those from one address; 0: as many as there may be in all.
    MaxConnectionsPerAddress = 34,
    /// Octets that a server reads at once.
    ReadSize = 35,
}

/// Whose order of preference decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The server's: that of the config.
    Server = 0,
    /// The client's: that of the request.
    Client = 1,
}

/// What becomes of a request without a subprotocol that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is accepted without one, RFC 6455 4.2.2.
    Accept = 0,
    /// It is refused.
    Reject = 1,
    /// It is accepted and then closed, so that a browser's script learns why.
    Close = 2,
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

/// Without the feature there is nothing to switch on.
const HAS_DEFLATE: u64 = cfg!(feature = "deflate") as u64;

/// A server has so many places.
const MAX_PEERS: u64 = 1 << 24;

/// Ten years, in milliseconds.
const MAX_TIME: u64 = 315_360_000_000;

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
    row(OptionKey::SubprotocolPreference, c"subprotocol_preference", c"code", 0, 0, 1),
    row(OptionKey::SubprotocolAbsent, c"subprotocol_absent", c"code", 0, 0, 2),
    row(OptionKey::SubprotocolMismatch, c"subprotocol_mismatch", c"code", 0, 0, 2),
    row(
        OptionKey::SubprotocolRejectStatus,
        c"subprotocol_reject_status",
        c"HTTP status",
        400,
        400,
        599,
    ),
    row(
        OptionKey::SubprotocolCloseCode,
        c"subprotocol_close_code",
        c"status code",
        1008,
        1000,
        4999,
    ),
    row(OptionKey::AllowSameHost, c"allow_same_host", c"0 or 1", 0, 0, 1),
    row(OptionKey::MaxRejectionBody, c"max_rejection_body", c"octets", 64 << 10, 0, 16 << 20),
    row(OptionKey::Deflate, c"deflate", c"0 or 1", HAS_DEFLATE, 0, HAS_DEFLATE),
    row(OptionKey::DeflateLevel, c"deflate_level", c"level", 3, 1, 9),
    row(OptionKey::DeflateMemoryLevel, c"deflate_memory_level", c"level", 8, 1, 9),
    row(OptionKey::DeflateMinSize, c"deflate_min_size", c"octets", 256, 0, MAX_PAYLOAD),
    row(OptionKey::ServerMaxWindowBits, c"server_max_window_bits", c"bits", 15, 8, 15),
    row(OptionKey::ClientMaxWindowBits, c"client_max_window_bits", c"bits", 15, 8, 15),
    row(OptionKey::ServerNoContextTakeover, c"server_no_context_takeover", c"0 or 1", 1, 0, 1),
    row(OptionKey::ClientNoContextTakeover, c"client_no_context_takeover", c"0 or 1", 1, 0, 1),
    row(OptionKey::OpeningTimeout, c"opening_timeout", c"ms", 10_000, 0, MAX_TIME),
    row(OptionKey::ClosingTimeout, c"closing_timeout", c"ms", 10_000, 0, MAX_TIME),
    row(OptionKey::PingInterval, c"ping_interval", c"ms", 0, 0, MAX_TIME),
    row(OptionKey::PongTimeout, c"pong_timeout", c"ms", 20_000, 0, MAX_TIME),
    row(OptionKey::IdleTimeout, c"idle_timeout", c"ms", 0, 0, MAX_TIME),
    row(OptionKey::OutputLowMark, c"output_low_mark", c"octets", 64 << 10, 0, MAX_PAYLOAD),
    row(OptionKey::MessagePieces, c"message_pieces", c"0 or 1", 0, 0, 1),
    row(OptionKey::Counters, c"counters", c"0 or 1", 0, 0, 1),
    row(OptionKey::MaxConnections, c"max_connections", c"connections", MAX_PEERS, 1, MAX_PEERS),
    row(
        OptionKey::MaxConnectionsPerAddress,
        c"max_connections_per_address",
        c"connections",
        0,
        0,
        MAX_PEERS,
    ),
    row(OptionKey::ReadSize, c"read_size", c"octets", 256 << 10, 4 << 10, 1 << 20),
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
    const COUNT: usize = 35;

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
        Self {
            values: TABLE.map(|row| row.default),
            subprotocols: Vec::new(),
            origins: Vec::new(),
            resources: Vec::new(),
            close_reason: String::new(),
            #[cfg(feature = "deflate")]
            pool: Arc::default(),
        }
    }
}

impl Config {
    /// Sets an option.
    ///
    /// # Errors
    /// When the value is out of the option's bounds.
    pub fn set(&mut self, key: OptionKey, value: u64) -> Result<(), ConfigError> {
        let row = TABLE.get(key.index()).ok_or(ConfigError::OutOfBounds)?;
        let is_meant = match key {
            OptionKey::SubprotocolCloseCode => is_valid_close_code(value as u16),
            // RFC 9110 15.5.2 and 15.5.8: these want a challenge.
            OptionKey::SubprotocolRejectStatus => ![401, 407].contains(&value),
            _ => true,
        };
        if !(row.minimum..=row.maximum).contains(&value) || !is_meant {
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

    /// Adds an origin that is taken; once there is one, others are not.
    ///
    /// # Errors
    /// When it is no serialised origin.
    pub fn add_origin(&mut self, origin: &str) -> Result<(), ConfigError> {
        self.origins.push(Origin::parse(origin).ok_or(ConfigError::BadOrigin)?);
        Ok(())
    }

    /// Adds the path of a resource; once there is one, others do not exist.
    ///
    /// # Errors
    /// When it does not begin with `/`, or has a query.
    pub fn add_resource(&mut self, path: &str) -> Result<(), ConfigError> {
        let is_path = path.bytes().all(|octet| octet.is_ascii_graphic() && !b"?#".contains(&octet));
        if !path.starts_with('/') || !is_path {
            return Err(ConfigError::BadResource);
        }
        self.resources.push(path.to_owned());
        Ok(())
    }

    /// Sets the reason of the Close by [`Policy::Close`].
    ///
    /// # Errors
    /// When it has more than 123 octets.
    pub fn set_close_reason(&mut self, reason: &str) -> Result<(), ConfigError> {
        if reason.len() > MAX_REASON {
            return Err(ConfigError::BadReason);
        }
        reason.clone_into(&mut self.close_reason);
        Ok(())
    }

    /// What is to be negotiated, when anything is.
    #[cfg(feature = "deflate")]
    pub(super) fn deflate_settings(&self) -> Option<Settings> {
        self.is_on(OptionKey::Deflate).then(|| Settings {
            server_no_context_takeover: self.is_on(OptionKey::ServerNoContextTakeover),
            client_no_context_takeover: self.is_on(OptionKey::ClientNoContextTakeover),
            server_max_window_bits: self.get(OptionKey::ServerMaxWindowBits) as u8,
            client_max_window_bits: self.get(OptionKey::ClientMaxWindowBits) as u8,
        })
    }

    /// What becomes of a client that names no subprotocol, or none in common.
    pub(super) fn policy(&self, key: OptionKey) -> Policy {
        match self.get(key) {
            1 => Policy::Reject,
            2 => Policy::Close,
            _ => Policy::Accept,
        }
    }

    /// Code and reason of the Close by [`Policy::Close`].
    pub(super) fn policy_close(&self) -> (u16, &str) {
        (self.get(OptionKey::SubprotocolCloseCode) as u16, &self.close_reason)
    }

    pub(super) fn takes_resource(&self, path: &[u8]) -> bool {
        self.resources.is_empty() || self.resources.iter().any(|known| known.as_bytes() == path)
    }

    /// Whether a request with that Origin and that Host is taken.
    pub(super) fn takes_origin(&self, origin: Option<&str>, host: &str) -> bool {
        let same_host = self.is_on(OptionKey::AllowSameHost);
        if self.origins.is_empty() && !same_host {
            return true;
        }
        origin.and_then(Origin::parse).is_some_and(|origin| {
            self.origins.contains(&origin) || same_host && origin.is_of_host(host)
        })
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
