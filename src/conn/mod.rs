//! A connection as a state machine: octets and messages in, events and octets
//! out. It knows no socket, clock or thread.

mod config;
mod connection;
mod event;
mod failure;
mod octets;
mod output;
mod reader;
mod state;

pub use config::{Config, ConfigError, OptionInfo, OptionKey};
pub use connection::{Connection, DecisionError, Interest, SendError};
pub use event::{Event, EventKind, Payload, Sink};
pub use failure::Failure;
pub use output::NotQueued;
pub use state::{Cause, State};
