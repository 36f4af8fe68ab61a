//! A connection as a state machine: octets and messages in, events and octets
//! out. It knows no socket, clock or thread.

#[cfg(feature = "deflate")]
mod compression;
mod config;
mod connection;
mod event;
mod failure;
mod masks;
mod octets;
mod opening;
mod output;
mod reader;
mod role;
mod state;

pub use config::{Config, ConfigError, OptionInfo, OptionKey, Policy, Preference};
pub use connection::{Connection, Interest, SendError};
pub use event::{Event, EventKind, Payload, Sink};
pub use failure::Failure;
pub use opening::{DecisionError, NewClientError};
pub use output::NotQueued;
pub use role::Role;
pub use state::{Cause, State};
