//! Deadlines without a clock: the host says what time it is.
//!
//! A connection cannot know when something happened. When it begins to wait for
//! something its deadline is 0, "tell me the time", and the wait begins with the
//! time that it is told then.

use alloc::boxed::Box;

use super::output::Output;
use super::{Connection, Failure, OptionKey, Role, Sink, State};
use crate::handshake::{Fault, Refusal};

/// What is being waited for, and since when. Times are in milliseconds of the
/// host's clock.
#[derive(Debug)]
pub(super) struct Timers {
    wait: Wait,
    since: u64,
    /// Output was written since the last time that was told, which puts off the
    /// end: a Close may wait behind much that goes slowly.
    wrote: bool,
    /// When octets of the peer's were last known to have come.
    heard_at: u64,
    /// They came since the last time that was told.
    heard: bool,
    /// When our last ping was sent.
    pinged_at: u64,
    pong: Pong,
    /// Time between our last ping that was answered and its pong.
    round_trip: Option<u64>,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// The peer's part of the opening handshake.
    Opening,
    /// Signs of life.
    Life,
    /// The peer's part of the end.
    Closing,
}

/// The pong to our last ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pong {
    /// It is not due.
    Idle,
    Awaited,
    /// It came since the last time that was told.
    Arrived,
}

impl Connection {
    /// When [`Connection::handle_timeout`] is to be called: at once for 0, never
    /// for `u64::MAX`.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        let Some(wait) = self.wait() else { return u64::MAX };
        match self.timers() {
            Some(timers) if timers.wait == wait => self.due(timers),
            // A wait begins.
            _ => 0,
        }
    }

    /// Says what time it is, and lists what became of whoever was waited for too
    /// long. It may be called at any time.
    pub fn handle_timeout(&mut self, now: u64, sink: &mut impl Sink) {
        self.settle();
        self.release();
        self.note(now);
        self.begin_wait(now);
        let Some(wait) = self.timers().filter(|timers| self.due(timers) <= now).map(|t| t.wait)
        else {
            return;
        };
        match (wait, self.role) {
            (Wait::Opening, Role::Server) => self.refuse(Refusal::Timeout, None, sink),
            (Wait::Opening, Role::Client) => self.fail(Failure::Response(Fault::Timeout), sink),
            (Wait::Life, _) => self.check_life(now, sink),
            (Wait::Closing, _) => self.give_up(sink),
        }
        self.begin_wait(now);
    }

    /// Time that the last ping of the library's own took, in milliseconds.
    #[must_use]
    pub fn round_trip(&self) -> Option<u64> {
        self.timers()?.round_trip
    }

    // ---- For the connection ----

    /// Output was written.
    pub(super) fn note_written(&mut self) {
        if let Some(timers) = self.timers_mut() {
            timers.wrote = timers.wait == Wait::Closing;
        }
    }

    /// Octets came.
    pub(super) fn hear(&mut self) {
        if let Some(timers) = self.timers_mut() {
            timers.heard = true;
        }
    }

    /// Nothing is waited for: at rest a connection has no memory for it.
    pub(super) fn forget_timers(&mut self) {
        if let Some(extra) = &mut self.extra {
            extra.timers = None;
        }
        self.extra.take_if(|extra| extra.is_empty());
    }

    // ---- Private ----

    /// What is waited for now, if its time is limited.
    fn wait(&self) -> Option<Wait> {
        let is_on = |key| self.config.is_on(key);
        let (wait, is_limited) = match self.state {
            // What waits has to be taken, also by a peer that sends nothing more.
            _ if self.ended && self.output_size() == 0 => return None,
            State::Connecting if !self.has_failed() => {
                // The time that the application takes is its own.
                let is_peers_turn = self.request().is_none();
                (Wait::Opening, is_peers_turn && is_on(OptionKey::OpeningTimeout))
            }
            State::Open if !self.has_failed() => {
                let keys = [OptionKey::PingInterval, OptionKey::IdleTimeout];
                (Wait::Life, keys.into_iter().any(is_on))
            }
            _ => (Wait::Closing, is_on(OptionKey::ClosingTimeout)),
        };
        is_limited.then_some(wait)
    }

    fn due(&self, timers: &Timers) -> u64 {
        let after = |start: u64, key| match self.config.get(key) {
            0 => u64::MAX,
            time => start.saturating_add(time),
        };
        match timers.wait {
            Wait::Opening => after(timers.since, OptionKey::OpeningTimeout),
            Wait::Closing if timers.wrote => 0,
            Wait::Closing => after(timers.since, OptionKey::ClosingTimeout),
            Wait::Life => {
                let pong = match timers.pong {
                    Pong::Idle => after(timers.pinged_at, OptionKey::PingInterval),
                    Pong::Awaited => {
                        after(timers.pinged_at.max(timers.heard_at), OptionKey::PongTimeout)
                    }
                    Pong::Arrived => 0,
                };
                pong.min(after(timers.heard_at, OptionKey::IdleTimeout))
            }
        }
    }

    /// What happened before now happened by now. That errs to the peer's
    /// advantage, by no more than the host lets pass between two calls.
    fn note(&mut self, now: u64) {
        let Some(timers) = self.timers_mut() else { return };
        if core::mem::take(&mut timers.wrote) {
            timers.since = now;
        }
        if core::mem::take(&mut timers.heard) {
            timers.heard_at = now;
        }
        if timers.pong == Pong::Arrived {
            timers.pong = Pong::Idle;
            timers.round_trip = Some(now.saturating_sub(timers.pinged_at));
        }
    }

    fn begin_wait(&mut self, now: u64) {
        let Some(wait) = self.wait() else {
            self.forget_timers();
            return;
        };
        if self.timers().is_some_and(|timers| timers.wait == wait) {
            return;
        }
        let round_trip = self.round_trip();
        self.extra.get_or_insert_default().timers = Some(Box::new(Timers {
            wait,
            since: now,
            wrote: false,
            heard_at: now,
            heard: false,
            pinged_at: now,
            pong: Pong::Idle,
            round_trip,
        }));
    }

    /// The peer neither ends nor takes what waits, which is sent no more.
    fn give_up(&mut self, sink: &mut impl Sink) {
        self.output = Output::default();
        if !self.ended {
            self.end(sink);
        }
    }

    /// Sends a ping, or fails.
    fn check_life(&mut self, now: u64, sink: &mut impl Sink) {
        let Some(timers) = self.timers_mut() else { return };
        let (pong, heard_at) = (timers.pong, timers.heard_at);
        let idle = self.config.get(OptionKey::IdleTimeout);
        if idle > 0 && heard_at.saturating_add(idle) <= now {
            return self.fail(Failure::IdleTimeout, sink);
        }
        if pong == Pong::Awaited {
            return self.fail(Failure::PongTimeout, sink);
        }
        // Where there is no room for a ping, the peer does not read: it is as
        // if it were sent.
        let _ = self.send_ping(&now.to_be_bytes());
        if let Some(timers) = self.timers_mut() {
            (timers.pinged_at, timers.pong) = (now, Pong::Awaited);
        }
    }

    fn timers(&self) -> Option<&Timers> {
        self.extra.as_ref()?.timers.as_deref()
    }

    fn timers_mut(&mut self) -> Option<&mut Timers> {
        self.extra.as_mut()?.timers.as_deref_mut()
    }
}

impl Timers {
    /// A pong came.
    pub(super) fn hear_pong(&mut self, payload: &[u8]) {
        if self.pong == Pong::Awaited && payload == self.pinged_at.to_be_bytes() {
            self.pong = Pong::Arrived;
        }
    }
}
