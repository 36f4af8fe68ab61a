//! permessage-deflate on a connection, RFC 7692.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::reader::{Bounds, Decompress};
use super::{Config, Failure, OptionKey, Role};
use crate::deflate::{self, Agreement, Compressor, InflateError, Inflater, Settings};
use crate::handshake::{Extension, Fault, Head, parse_extensions};

/// What both sides agreed on, seen from this one, in one octet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms(u8);

/// Window bits of our compressor, less 8, are in the lowest bits.
const WINDOW: u8 = 0b111;
/// Our compressor keeps its history.
const TAKES_OVER: u8 = 1 << 3;
/// So does the peer's.
const PEER_TAKES_OVER: u8 = 1 << 4;
const AGREED: u8 = 1 << 5;

/// Contexts that a connection has of its own: with context takeover, or inside a
/// message.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    inflater: Option<Box<Inflater>>,
    pub(super) compressor: Option<Box<Compressor>>,
}

impl Terms {
    fn new(role: Role, agreement: &Agreement) -> Self {
        let (bits, ours, peers) = match role {
            Role::Server => (
                agreement.server_max_window_bits,
                agreement.server_no_context_takeover,
                agreement.client_no_context_takeover,
            ),
            Role::Client => (
                agreement.client_max_window_bits,
                agreement.client_no_context_takeover,
                agreement.server_no_context_takeover,
            ),
        };
        let flag = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        Self(AGREED | (bits - 8) & WINDOW | flag(!ours, TAKES_OVER) | flag(!peers, PEER_TAKES_OVER))
    }

    #[inline]
    pub(super) const fn is_agreed(self) -> bool {
        self.0 != 0
    }

    /// The window of our compressor.
    pub(super) const fn window_bits(self) -> u8 {
        8 + (self.0 & WINDOW)
    }

    /// Whether our compressor keeps its history.
    pub(super) const fn takes_over(self) -> bool {
        self.0 & TAKES_OVER != 0
    }

    pub(super) const fn peer_takes_over(self) -> bool {
        self.0 & PEER_TAKES_OVER != 0
    }

    /// A compressor without history.
    pub(super) fn compressor(self, config: &Config) -> Box<Compressor> {
        if !self.takes_over() {
            return config.compressor(self.window_bits());
        }
        let level = config.get(OptionKey::DeflateLevel) as u8;
        let memory_level = config.get(OptionKey::DeflateMemoryLevel) as u8;
        Box::new(Compressor::new(level, memory_level, self.window_bits(), true))
    }
}

/// The server's choice among the offers of a request: the first that it can
/// take. A bad one is passed over.
pub(super) fn choose(config: &Config, head: &Head) -> Option<(Terms, String)> {
    let settings = config.deflate_settings()?;
    let lines = head.all(b"sec-websocket-extensions");
    let mut offers = lines.flat_map(parse_extensions).flatten();
    offers.find_map(|offer| {
        let named = parameters(&offer);
        let (agreement, text) = deflate::answer(&settings, named).filter(|_| is_ours(&offer))?;
        Some((Terms::new(Role::Server, &agreement), text))
    })
}

/// What the extensions of a response mean for the client that offered.
pub(super) fn check(settings: &Settings, head: &Head) -> Result<Terms, Fault> {
    let mut answers = Vec::new();
    for value in head.all(b"sec-websocket-extensions") {
        answers.extend(parse_extensions(value).map_err(|_| Fault::ExtensionAnswer)?);
    }
    if !answers.iter().all(is_ours) {
        return Err(Fault::ExtensionNotOffered);
    }
    match &*answers {
        [] => Ok(Terms::default()),
        [answer] => deflate::check_answer(settings, parameters(answer))
            .map(|agreement| Terms::new(Role::Client, &agreement))
            .ok_or(Fault::ExtensionAnswer),
        // RFC 6455 9.1: an offer is answered once.
        _ => Err(Fault::ExtensionAnswer),
    }
}

fn is_ours(extension: &Extension<'_>) -> bool {
    extension.name.eq_ignore_ascii_case(deflate::TOKEN)
}

fn parameters<'a>(
    extension: &'a Extension<'_>,
) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
    extension.parameters.iter().map(|(name, value)| (*name, value.as_deref()))
}

impl Contexts {
    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.inflater.is_none() && self.compressor.is_none()
    }
}

impl Config {
    /// A compressor without history, of the pool.
    pub(super) fn compressor(&self, window_bits: u8) -> Box<Compressor> {
        let level = self.get(OptionKey::DeflateLevel) as u8;
        let memory_level = self.get(OptionKey::DeflateMemoryLevel) as u8;
        self.pool.compressor(level, memory_level, window_bits)
    }
}

/// Inflates the messages of one read.
pub(super) struct Inflation {
    terms: Terms,
    config: Arc<Config>,
    pub(super) contexts: Contexts,
}

impl Inflation {
    pub(super) fn new(terms: Terms, config: &Arc<Config>, contexts: Contexts) -> Self {
        Self { terms, config: Arc::clone(config), contexts }
    }

    fn inflater(&mut self) -> &mut Inflater {
        let (terms, pool) = (self.terms, &self.config.pool);
        self.contexts.inflater.get_or_insert_with(|| {
            if terms.peer_takes_over() { Box::new(Inflater::new(true)) } else { pool.inflater() }
        })
    }
}

impl Decompress for Inflation {
    fn inflate(
        &mut self,
        part: &[u8],
        message: &mut Vec<u8>,
        bounds: Bounds,
    ) -> Result<(usize, bool), Failure> {
        Ok(self.inflater().inflate(part, message, bounds.limit, bounds.stop)?)
    }

    fn finish(&mut self, message: &mut Vec<u8>, bounds: Bounds) -> Result<bool, Failure> {
        if self.inflater().finish(message, bounds.limit, bounds.stop)? {
            return Ok(true);
        }
        if !self.terms.peer_takes_over() {
            if let Some(inflater) = self.contexts.inflater.take() {
                self.config.pool.give_inflater(inflater);
            }
        }
        Ok(false)
    }

    fn leave(&mut self, piece: &[u8]) {
        self.inflater().leave(piece);
    }
}

impl From<InflateError> for Failure {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::Data => Self::BadCompression,
            InflateError::TooBig => Self::MessageTooBig,
            InflateError::Memory => Self::OutOfMemory,
        }
    }
}
