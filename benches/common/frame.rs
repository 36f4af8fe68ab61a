//! Frames of RFC 6455 5.2, each a whole message.

/// A text message.
pub const TEXT: u8 = 1;
/// A binary message.
pub const BINARY: u8 = 2;
/// A ping.
pub const PING: u8 = 9;

/// Appends a server's frame.
pub fn put_frame(stream: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_header(stream, opcode, 0, payload.len());
    stream.extend_from_slice(payload);
}

/// Appends a client's frame, masked with `key`.
pub fn put_masked_frame(stream: &mut Vec<u8>, opcode: u8, payload: &[u8], key: [u8; 4]) {
    put_header(stream, opcode, 0x80, payload.len());
    stream.extend_from_slice(&key);
    stream.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
}

fn put_header(stream: &mut Vec<u8>, opcode: u8, mask_bit: u8, len: usize) {
    stream.push(0x80 | opcode);
    match len {
        0..=125 => stream.push(mask_bit | len as u8),
        126..=0xffff => {
            stream.push(mask_bit | 126);
            stream.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            stream.push(mask_bit | 127);
            stream.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}
