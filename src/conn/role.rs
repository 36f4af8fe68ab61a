//! Which end of a connection, RFC 6455 section 1.2.

/// The end that a connection object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its peer masks; it does not, and closes the transport first.
    Server,
    /// It masks; its peer does not.
    Client,
}
