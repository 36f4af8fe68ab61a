//! What the fuzz targets share: octets cut into pieces, frames, responses to a
//! client, stock zlib, and the C ABI.

pub mod abi;
pub mod client;
pub mod deflate;
#[path = "../../tests/support/mod.rs"]
pub mod support;

pub mod zlib;

use arbitrary::Arbitrary;
use wsabi::proto::Opcode;

/// Octets that the frames of one input may have: one large frame and more.
const MAX_WIRE: usize = 70_000;

/// What a peer sends.
#[derive(Arbitrary, Debug)]
pub enum Wire<'a> {
    /// Whatever the fuzzer thinks of.
    Octets(&'a [u8]),
    /// Well-formed frames, of which some octets are changed afterwards.
    Frames { frames: Vec<Frame<'a>>, changes: Vec<(u16, u8)> },
}

/// A frame with a correct header.
#[derive(Arbitrary, Debug)]
pub struct Frame<'a> {
    kind: Kind,
    fin: bool,
    payload: Payload<'a>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

#[derive(Arbitrary, Debug)]
enum Payload<'a> {
    Octets(&'a [u8]),
    /// Text of a length at which the encoding changes, give or take some.
    Long {
        is_16_bit: bool,
        more: u8,
    },
}

/// Writes a frame: `support::frame` is a client, `support::reply` a server.
pub type Encode = fn(u8, &[u8]) -> Vec<u8>;

impl Wire<'_> {
    /// The octets, with `encode` for each frame: as a client or as a server.
    pub fn octets(&self, encode: Encode) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets.to_vec(),
            Self::Frames { frames, changes } => {
                let mut wire = Vec::new();
                for frame in frames {
                    let octets = frame.octets(encode);
                    if wire.len() + octets.len() > MAX_WIRE {
                        break;
                    }
                    wire.extend(octets);
                }
                for &(at, bits) in changes {
                    if let Some(octet) = wire.get_mut(usize::from(at)) {
                        *octet ^= bits;
                    }
                }
                wire
            }
        }
    }
}

impl Frame<'_> {
    fn octets(&self, encode: Encode) -> Vec<u8> {
        let opcode = match self.kind {
            Kind::Continuation => Opcode::Continuation,
            Kind::Text => Opcode::Text,
            Kind::Binary => Opcode::Binary,
            Kind::Close => Opcode::Close,
            Kind::Ping => Opcode::Ping,
            Kind::Pong => Opcode::Pong,
        };
        let mut payload = match &self.payload {
            Payload::Octets(octets) => octets.to_vec(),
            Payload::Long { is_16_bit, more } => {
                let border = if *is_16_bit { 0x1_0000 } else { 126 };
                vec![b'x'; border - 2 + usize::from(*more)]
            }
        };
        if opcode.is_control() {
            payload.truncate(wsabi::proto::MAX_CONTROL);
        }
        let fin = u8::from(self.fin || opcode.is_control()) << 7;
        encode(fin | opcode as u8, &payload)
    }
}

/// Cuts octets into pieces of lengths that come again and again; into 4,096 at
/// most, for the sake of time.
pub fn pieces<'a>(octets: &'a [u8], lengths: &'a [u16]) -> impl Iterator<Item = &'a [u8]> {
    let shortest = octets.len().div_ceil(4096).max(1);
    let mut rest = octets;
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let len = lengths.next().map_or(rest.len(), |&len| usize::from(len).max(shortest));
        let (piece, behind) = rest.split_at(len.min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}
