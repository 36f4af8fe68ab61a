//! An event loop for hosts that have none: sockets, deadlines and threads around
//! [`conn`](crate::conn), which knows nothing of them. What comes out are the same
//! events.

mod certificate_error;
mod deadlines;
mod embedded;
mod limits;
mod listener;
mod listing;
mod metrics;
mod peer;
mod remote;
mod stream;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod topics;
mod turn;

pub use certificate_error::{CertificateError, CertificateFault};
pub use embedded::{Buffer, Server, Sink, Stage};
pub use listener::Listen;
pub use metrics::Metrics;
pub use peer::{Host, Id, Touch};
pub use remote::{Remote, RemoteError};
pub use tls::{Certificates, Identity, Session};
