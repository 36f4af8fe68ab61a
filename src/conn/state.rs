//! States of a connection, RFC 6455 sections 4 and 7.

/// State, with the RFC's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The opening handshake is not over.
    Connecting,
    /// Messages can be sent.
    Open,
    /// A Close was sent.
    Closing,
    /// The peer's octet stream ended, or the opening handshake was refused.
    Closed,
}

/// What changes a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The opening handshake was accepted.
    Established,
    /// The opening handshake was refused.
    Refused,
    /// We sent a Close: of our own, in answer to the peer's, or to fail.
    CloseSent,
    /// The peer's octet stream ended.
    TransportClosed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Connecting, Self::Open, Self::Closing, Self::Closed];

    /// The only place where the state changes. `None`: not allowed here.
    #[must_use]
    pub const fn after(self, cause: Cause) -> Option<Self> {
        use Cause::{CloseSent, Established, Refused, TransportClosed};
        use State::{Closed, Closing, Connecting, Open};
        Some(match (self, cause) {
            (Connecting, Established) => Open,
            (Connecting, Refused) => Closed,
            (Open, CloseSent) => Closing,
            (Connecting | Open | Closing, TransportClosed) => Closed,
            (Connecting, CloseSent) => return None,
            (Open | Closing, Established | Refused) => return None,
            (Closing, CloseSent) => return None,
            (Closed, Established | Refused | CloseSent | TransportClosed) => return None,
        })
    }
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] =
        [Self::Established, Self::Refused, Self::CloseSent, Self::TransportClosed];
}
