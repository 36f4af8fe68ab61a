//! A connection as a state machine: octets and messages in, events and octets
//! out. It knows no socket, clock or thread.

#[cfg(feature = "deflate")]
mod compression;
mod config;
mod connection;
mod control;
mod event;
mod failure;
mod masks;
mod octets;
mod opening;
mod output;
mod prepared;
mod reader;
mod role;
mod sending;
mod space;
mod state;
mod timers;
mod watch;

pub use config::{Config, ConfigError, OptionInfo, OptionKey, Policy, Preference};
pub use connection::{Connection, Deflate, Interest};
pub use event::{Event, EventKind, Marks, MessageKind, Payload, Sink};
pub use failure::Failure;
pub use opening::{DecisionError, NewClientError};
pub use output::{Lent, Loan, NotQueued};
pub use prepared::Prepared;
pub use role::Role;
pub use sending::{Compression, Manner, SendError};
pub use state::{Cause, State};
pub use watch::{Counts, Trace, Traffic};
