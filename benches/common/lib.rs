//! What the benchmarks share: wsabi as a C program sees it, and octets to give
//! it. Everything goes through the C ABI of the library that is delivered;
//! nothing of wsabi is compiled into this package.

mod connection;
pub mod frame;
pub mod race;
mod sys;

pub use connection::{Config, Connection};
pub use sys::{Event, Option};

/// The opening handshake of a browser, with the key of RFC 6455 1.3.
pub const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Upgrade: websocket\r\n\
    Origin: http://example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    \r\n";

/// [`REQUEST`], with the offer of a browser.
pub fn request_with_deflate() -> Vec<u8> {
    let offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    [&REQUEST[..REQUEST.len() - 2], offer].concat()
}

/// What the answer to [`REQUEST`] contains.
pub const ACCEPT_KEY: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Octets of the heap in use, of this program and of wsabi: both use the C allocator.
pub fn heap() -> usize {
    // SAFETY: it only reads the allocator's counters.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}
