//! Sec-WebSocket-Key and Sec-WebSocket-Accept, RFC 6455 sections 4.1 and 4.2.2.

use base64::Engine;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// What is hashed behind the key, section 1.3.
pub const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// "The nonce MUST be a randomly selected 16-byte value"; whoever cut it out of
/// a longer text may leave bits in the last character, which change nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Whether a key is the base64 form of 16 octets.
#[must_use]
pub fn is_valid_key(key: &[u8]) -> bool {
    key.len() == 24 && LENIENT.decode_slice(key, &mut [0; 18]) == Ok(16)
}

/// The key that is made of 16 random octets.
#[must_use]
pub fn key_from(random: [u8; 16]) -> [u8; 24] {
    let mut key = [0; 24];
    // 16 octets are 24 characters: it fits.
    let written = STANDARD.encode_slice(random, &mut key);
    debug_assert_eq!(written, Ok(24));
    key
}

/// The value of Sec-WebSocket-Accept for a key: base64(SHA-1(key + GUID)).
#[must_use]
pub fn accept_value(key: &[u8]) -> [u8; 28] {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut value = [0; 28];
    // 20 octets are 28 characters: it fits.
    let written = STANDARD.encode_slice(digest, &mut value);
    debug_assert_eq!(written, Ok(28));
    value
}
