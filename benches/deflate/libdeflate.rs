//! libdeflate: whole messages only, so that it can take no context over. What it
//! compresses is a stream that ends; a message may be one, with an octet behind it,
//! RFC 7692 7.2.3.4.

use libdeflater::{CompressionLvl, Compressor, Decompressor};

use crate::{Compress, Inflate};

/// Octets of the largest message here.
const LARGEST: usize = 16 * 1024;

/// Its compressor.
pub fn compress(level: i32, takes_over: bool) -> Option<Compress> {
    if takes_over {
        return None;
    }
    let level = CompressionLvl::new(level).expect("a level that it has");
    let mut compressor = Compressor::new(level);
    Some(Box::new(move |message, output| {
        let start = output.len();
        output.resize(start + compressor.deflate_compress_bound(message.0.len()), 0);
        let len = compressor.deflate_compress(&message.0, &mut output[start..]);
        output.truncate(start + len.expect("there is room"));
        output.push(0);
    }))
}

/// Its inflater.
pub fn inflate(takes_over: bool) -> Option<Inflate> {
    if takes_over {
        return None;
    }
    let mut decompressor = Decompressor::new();
    Some(Box::new(move |message, output| {
        let start = output.len();
        output.resize(start + LARGEST, 0);
        let len = decompressor.deflate_decompress(message.ended(), &mut output[start..]);
        output.truncate(start + len.expect("it is DEFLATE"));
    }))
}
