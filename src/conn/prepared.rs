//! A message that is encoded once for many connections.

use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(not(feature = "deflate"))]
use super::Role;
use super::output::Lent;
use super::output::OutOfMemory;
use super::{Config, Connection, MessageKind, SendError};
#[cfg(feature = "deflate")]
use super::{OptionKey, Role, reader::RSV1};
use crate::proto::{Header, Utf8};

/// A message as frames of a server: not compressed and, where it gains
/// something, compressed. A clone shares the octets.
#[derive(Clone, Debug)]
pub struct Prepared {
    kind: MessageKind,
    plain: Arc<Vec<u8>>,
    /// Octets of the header in `plain`.
    header_len: usize,
    #[cfg(feature = "deflate")]
    compressed: Option<Arc<Vec<u8>>>,
    /// The window that it was compressed with.
    #[cfg(feature = "deflate")]
    window_bits: u8,
}

impl Prepared {
    /// Encodes a message for connections of that config.
    ///
    /// # Errors
    /// `Argument` when text is not UTF-8; `Memory`.
    pub fn new(config: &Config, kind: MessageKind, payload: &[u8]) -> Result<Self, SendError> {
        let mut text = Utf8::default();
        let is_text = kind == MessageKind::Text;
        if is_text && (text.feed(payload).is_err() || !text.is_complete()) {
            return Err(SendError::Argument);
        }
        let (plain, header_len) = frame(kind, 0, payload)?;
        #[cfg(not(feature = "deflate"))]
        let _ = config;
        Ok(Self {
            kind,
            plain,
            header_len,
            #[cfg(feature = "deflate")]
            compressed: compress(config, kind, payload)?,
            #[cfg(feature = "deflate")]
            window_bits: config.get(OptionKey::ServerMaxWindowBits) as u8,
        })
    }

    fn payload(&self) -> &[u8] {
        self.plain.get(self.header_len..).unwrap_or_default()
    }
}

impl Connection {
    /// Queues a prepared message, whose octets are shared. A client masks it, and
    /// who keeps a history of compression compresses it anew.
    ///
    /// # Errors
    /// `State`, `Limit` or `Memory`.
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<(), SendError> {
        self.check_room(message.payload().len())?;
        if self.is_fragmenting() {
            return Err(SendError::State);
        }
        let Some(octets) = self.form_of(message) else {
            return self.send_whole(message.kind, message.payload());
        };
        if octets.len() < Lent::LEAST {
            self.output.push(octets)?;
        } else {
            self.output.push_shared(octets)?;
        }
        if let (Some(watch), Ok(Some((header, _)))) = (self.watch(), Header::decode(octets)) {
            watch.frame_out(&header);
        }
        Ok(())
    }

    /// The octets that this connection can send as they are.
    fn form_of<'a>(&self, message: &'a Prepared) -> Option<&'a Arc<Vec<u8>>> {
        if self.role == Role::Client {
            return None;
        }
        #[cfg(feature = "deflate")]
        if self.terms.is_agreed() {
            if let Some(compressed) = &message.compressed {
                let is_understood =
                    !self.terms.takes_over() && self.terms.window_bits() >= message.window_bits;
                return is_understood.then_some(compressed);
            }
        }
        Some(&message.plain)
    }
}

fn frame(kind: MessageKind, rsv: u8, payload: &[u8]) -> Result<(Arc<Vec<u8>>, usize), SendError> {
    let payload_len = payload.len() as u64;
    let header = Header { fin: true, rsv, opcode: kind.opcode(), mask: None, payload_len };
    let (octets, header_len) = header.encode();
    let mut frame = Vec::new();
    frame.try_reserve_exact(header_len + payload.len()).map_err(|_| OutOfMemory)?;
    frame.extend_from_slice(octets.get(..header_len).unwrap_or_default());
    frame.extend_from_slice(payload);
    Ok((Arc::new(frame), header_len))
}

/// The message compressed without history, if that gains something.
#[cfg(feature = "deflate")]
fn compress(
    config: &Config,
    kind: MessageKind,
    payload: &[u8],
) -> Result<Option<Arc<Vec<u8>>>, SendError> {
    let is_small = (payload.len() as u64) < config.get(OptionKey::DeflateMinSize);
    if is_small || config.deflate_settings().is_none() {
        return Ok(None);
    }
    let mut compressor = config.compressor(config.get(OptionKey::ServerMaxWindowBits) as u8);
    let compressed = compressor.compress(payload, true).map_err(|_| OutOfMemory)?;
    config.pool.give_compressor(compressor);
    if compressed.len() >= payload.len() {
        return Ok(None);
    }
    Ok(Some(frame(kind, RSV1, &compressed)?.0))
}
