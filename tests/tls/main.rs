//! TLS of the server in memory, with rustls' client: whole, cut at every octet, with octets
//! behind; certificates of several hosts, replaced while in use; files that are bad.
#![cfg(feature = "tls")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../measure/mod.rs"]
#[allow(dead_code, reason = "each test program uses its part")]
mod measure;

mod files;
mod handshake;
mod limits;
mod peer;
mod server;
mod stream;
