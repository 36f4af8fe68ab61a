//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) under the connections of the server, on
//! rustls: what it proves itself with, and one connection's TLS. Neither knows a
//! socket.

mod certificates;
mod identity;
mod runs;
mod session;

pub use certificates::Certificates;
pub use identity::Identity;
pub use session::Session;
