//! The WebSocket protocol (RFC 6455) without sockets: octets in, events out.
//!
//! The product is the C ABI, `include/wsabi.h`; this crate is its core. The
//! layers import only to the right:
//!
//! ```text
//! ffi --> conn ----> handshake --> proto
//!   \---> explain ---/
//! ```
//!
//! [`proto`] is values on the wire, [`handshake`] the opening handshake,
//! [`conn`] a connection as a state machine, [`explain`] the diagnosis of
//! captures. The Rust API serves the C ABI, the
//! tests and the fuzzers, and may change in any release.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod conn;
#[cfg(feature = "deflate")]
pub mod deflate;
pub mod explain;
#[cfg(any(feature = "std", feature = "bare"))]
mod ffi;
pub mod handshake;
pub mod proto;
#[cfg(all(feature = "server", unix))]
pub mod server;
