//! What a server counts.

use std::fmt::Write;

use crate::conn::SendError;

/// Counts since the server was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Connections that there are.
    pub connections: u64,
    /// Connections that were accepted or adopted.
    pub accepted: u64,
    /// Connections that were ended at once: there were too many.
    pub refused: u64,
    /// Times that no connection could be accepted for want of descriptors or
    /// memory.
    pub accept_errors: u64,
    /// Opening handshakes that the application was asked about.
    pub requests: u64,
    /// Connections that broke a rule or were waited for too long.
    pub failures: u64,
    /// Messages, or pieces of them, that were listed.
    pub messages_received: u64,
    /// Octets read.
    pub octets_received: u64,
    /// Octets written.
    pub octets_sent: u64,
    /// Messages of other threads or for topics that were queued.
    pub messages_published: u64,
    /// Those that a connection's limit of output left out.
    pub messages_dropped: u64,
}

impl Metrics {
    /// In the text format that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, kind, help, value) in self.rows() {
            // Writing to a string cannot fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
        text
    }

    /// A message of a topic or of another thread was queued, or was not.
    pub(super) fn tell_sent(&mut self, sent: Result<(), SendError>) {
        match sent {
            Ok(()) => self.messages_published += 1,
            Err(_) => self.messages_dropped += 1,
        }
    }

    fn rows(&self) -> [(&'static str, &'static str, &'static str, u64); 11] {
        let counter = "counter";
        [
            ("wsabi_connections", "gauge", "Connections that there are.", self.connections),
            ("wsabi_accepted_total", counter, "Connections accepted or adopted.", self.accepted),
            ("wsabi_refused_total", counter, "Connections beyond a limit.", self.refused),
            ("wsabi_accept_errors_total", counter, "Failures to accept.", self.accept_errors),
            ("wsabi_requests_total", counter, "Requests left to the application.", self.requests),
            ("wsabi_failures_total", counter, "Connections that failed.", self.failures),
            (
                "wsabi_messages_received_total",
                counter,
                "Messages received, or pieces of them.",
                self.messages_received,
            ),
            ("wsabi_octets_received_total", counter, "Octets read.", self.octets_received),
            ("wsabi_octets_sent_total", counter, "Octets written.", self.octets_sent),
            (
                "wsabi_messages_published_total",
                counter,
                "Messages of topics and other threads queued.",
                self.messages_published,
            ),
            (
                "wsabi_messages_dropped_total",
                counter,
                "Messages of topics and other threads left out.",
                self.messages_dropped,
            ),
        ]
    }
}
