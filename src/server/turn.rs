//! A turn of the loop: write, tell the time, read, wait.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::deadlines::NEVER;
use super::embedded::{Buffer, FIRST_LISTENER, Server, Sink, Stage, WAKER};
use super::listing::{Input, Listing, Nowhere, Tally};
use super::peer::{Host, Peer};
use super::stream::{Got, Stream};
use crate::conn::{Connection, Event, EventKind, Marks, Payload, Sink as _};
use crate::handshake::Answer;

/// Runs written at once.
const RUNS: usize = 64;

/// Octets of a large message that are read in its place, before others have
/// their turn.
const MOST_IN_PLACE: usize = 256 << 10;

/// Connections accepted before others have their turn.
const MOST_ACCEPTED: usize = 64;

/// Milliseconds without accepting, when there are no descriptors or no memory.
const PAUSE: u64 = 100;

impl<H: Host> Server<H> {
    /// Writes what waits, reads what came, and lists what it means; when there is
    /// nothing, waits for it until a time has passed (`None`: as long as it
    /// takes), a signal comes or somebody wakes it. Octets are read into the
    /// buffer, which has to be the same every time: payloads lie in it until the
    /// next call.
    ///
    /// # Errors
    /// The system's, when it cannot wait.
    pub fn poll(
        &mut self,
        timeout: Option<Duration>,
        buffer: &mut impl Buffer,
        sink: &mut impl Sink<H>,
    ) -> io::Result<()> {
        self.bury();
        self.tell_time();
        let address = buffer.part(0..0).as_ptr() as usize;
        self.touched.input.set((address, buffer.size()));
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut is_last = false;
        loop {
            let mut tally = Tally::default();
            // What was listed lies in it, and then this ends.
            let mut input = Input::new(buffer);
            self.read_left(&mut input, sink, &mut tally);
            self.settle(sink, &mut tally);
            self.grant_wishes();
            self.expire(sink, &mut tally);
            self.accept();
            self.read(&mut input, sink, &mut tally);
            let is_over = is_last || self.stage == Stage::Stopped;
            if tally.listed > 0 || is_over || self.remote.was_called() {
                return Ok(());
            }
            let timeout = if self.is_busy() { Some(Duration::ZERO) } else { self.patience(until) };
            if !self.wait(timeout)? {
                return Ok(());
            }
            self.tell_time();
            // What came with it is still read.
            is_last = until.is_some_and(|until| Instant::now() >= until);
        }
    }

    // ---- Write ----

    /// Does what is to be done for the connections that were touched.
    fn settle(&mut self, sink: &mut impl Sink<H>, tally: &mut Tally) {
        let mut touched = std::mem::take(&mut self.spare);
        std::mem::swap(&mut touched, &mut *self.touched.list.borrow_mut());
        for slot in touched.drain(..) {
            let slot = slot as usize;
            let Some(peer) = self.peers.get_mut(slot) else { continue };
            peer.host.touch().is_taken();
            // Payloads that were listed just now are valid until the next call.
            if sink.is_full() || tally.holds == Some(slot) {
                peer.host.touch().touch();
                peer.keep_output();
                continue;
            }
            self.proceed(slot, sink, tally);
        }
        self.spare = touched;
        self.drop_late(sink, tally);
        if matches!(self.stage, Stage::Stopping(_)) && self.count() == 0 {
            self.stage = Stage::Stopped;
        }
    }

    /// Writes, and asks for the interest and the deadline.
    fn proceed<S: Sink<H>>(&mut self, slot: usize, sink: &mut S, tally: &mut Tally) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if peer.host.touch().is_dropped() {
            return self.remove(slot, sink, tally);
        }
        sink.turn_to(peer.id, &mut peer.host);
        let (Some(connection), Some(stream)) = (peer.host.connection(), &mut peer.stream) else {
            return self.remove(slot, sink, tally);
        };
        loop {
            if peer.is_writable {
                match write(connection, stream) {
                    Ok((len, is_writable)) => {
                        self.metrics.octets_sent += len as u64;
                        peer.is_writable = is_writable;
                    }
                    // What the peer said before it went away is still read.
                    Err(_) => {
                        (peer.is_writable, peer.is_broken) = (false, true);
                        (peer.is_readable, peer.has_end) = (true, true);
                    }
                }
            }
            // What is still to be written lies where is read next.
            if connection.output_size() > 0 && connection.own_output().is_err() {
                return self.remove(slot, sink, tally);
            }
            let interest = connection.interest();
            if peer.is_broken && (peer.is_ended || !interest.read) {
                return self.remove(slot, sink, tally);
            }
            if interest.close {
                // As much as the socket takes at once: who has read everything sees it.
                let _ = stream.close();
                return self.remove(slot, sink, tally);
            }
            if interest.shutdown_write && !peer.is_shut {
                // Where even that does not fit, the peer has not read what is before it.
                peer.is_shut = !matches!(stream.close(), Ok(false));
                if peer.is_shut {
                    stream.shut();
                } else {
                    peer.is_writable = false;
                }
            }
            (peer.wants_read, peer.wants_recv) = (interest.read, interest.recv);
            if connection.deadline() > 0 {
                break;
            }
            connection.handle_timeout(self.now, &mut Listing::of(sink, tally, &mut self.metrics));
            if tally.is_new {
                peer.host.touch().touch();
                return self.note(slot, tally);
            }
        }
        let deadline = connection.deadline();
        self.deadlines.change(slot, peer.deadline, deadline);
        peer.deadline = deadline;
        self.line_up(slot);
    }

    /// Gives who can be read from its place in the line.
    fn line_up(&mut self, slot: usize) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if !peer.is_ready && (peer.wants_recv || peer.wants_read && peer.is_readable) {
            peer.is_ready = true;
            self.ready.push_back(slot);
        }
    }

    /// Ends a connection, and lists that unless nothing of it was ever listed.
    fn remove<S: Sink<H>>(&mut self, slot: usize, sink: &mut S, tally: &mut Tally) {
        let Some(peer) = self.peers.get(slot) else { return };
        if peer.is_ended && peer.stream.is_none() {
            return; // It is among the dead already.
        }
        self.let_go(slot);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let is_dropped = peer.host.touch().is_dropped();
        if !peer.is_known || is_dropped && !peer.is_ended {
            self.peers.remove(slot);
            return;
        }
        if !peer.is_ended {
            if sink.is_full() {
                return peer.host.touch().touch();
            }
            sink.turn_to(peer.id, &mut peer.host);
            let code = peer.host.connection().map_or(0, |connection| {
                connection.recv_eof(&mut Nowhere);
                connection.close_code()
            });
            Listing::of(sink, tally, &mut self.metrics).push(closed(code));
            self.note(slot, tally);
        }
        self.dead.push(slot);
    }

    /// Gives back what belongs to the system and to others.
    fn let_go(&mut self, slot: usize) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.stream = None;
        self.deadlines.change(slot, peer.deadline, NEVER);
        peer.deadline = NEVER;
        for topic in peer.topics.take().into_iter().flat_map(|topics| *topics) {
            self.topics.unsubscribe(&topic, slot);
        }
        if let Some(address) = peer.address.take() {
            self.limits.leave(*address);
        }
        // There may be a descriptor again.
        self.accepts_from = 0;
    }

    /// Forgets those whose end was listed by the last call.
    fn bury(&mut self) {
        for slot in self.dead.drain(..) {
            self.peers.try_remove(slot);
        }
    }

    /// Once the time of a server that stops is over.
    fn drop_late(&mut self, sink: &mut impl Sink<H>, tally: &mut Tally) {
        let Stage::Stopping(until) = self.stage else { return };
        if self.now < until {
            return;
        }
        let is_late = |slot: &usize| tally.holds != Some(*slot);
        let open = |(slot, peer): (usize, &Peer<H>)| peer.stream.as_ref().map(|_| slot);
        let late: Vec<usize> = self.peers.iter().filter_map(open).filter(is_late).collect();
        for slot in late {
            self.remove(slot, sink, tally);
        }
    }

    // ---- The time ----

    fn expire(&mut self, sink: &mut impl Sink<H>, tally: &mut Tally) {
        while !sink.is_full() {
            let due = self.deadlines.due(self.now);
            // Payloads that were listed just now are valid until the next call.
            let Some(slot) = due.filter(|slot| tally.holds != Some(*slot)) else { return };
            let Some(peer) = self.peers.get_mut(slot) else { return };
            self.deadlines.change(slot, peer.deadline, NEVER);
            peer.deadline = NEVER;
            peer.host.touch().touch();
            sink.turn_to(peer.id, &mut peer.host);
            if let Some(connection) = peer.host.connection() {
                let mut listing = Listing::of(sink, tally, &mut self.metrics);
                connection.handle_timeout(self.now, &mut listing);
            }
            self.note(slot, tally);
        }
    }

    /// Whether there is something to be done without waiting.
    fn is_busy(&self) -> bool {
        let may_accept = self.now >= self.accepts_from;
        !self.touched.list.borrow().is_empty()
            || !self.ready.is_empty()
            || self.left.is_some()
            || may_accept && self.listeners.iter().any(|(_, listener)| listener.is_ready)
    }

    /// How long to wait.
    fn patience(&self, until: Option<Instant>) -> Option<Duration> {
        let stop = match self.stage {
            Stage::Stopping(until) => Some(until),
            _ => None,
        };
        let resume = Some(self.accepts_from).filter(|from| *from > self.now);
        let due = [self.deadlines.earliest(), stop, resume].into_iter().flatten().min();
        let due = due.map(|due| Duration::from_millis(due.saturating_sub(self.now)));
        let until = until.map(|until| until.saturating_duration_since(Instant::now()));
        [due, until].into_iter().flatten().min()
    }

    // ---- Read ----

    /// Receives what there was no room for before.
    fn read_left<S: Sink<H>>(
        &mut self,
        input: &mut Input<'_, impl Buffer>,
        sink: &mut S,
        tally: &mut Tally,
    ) {
        let Some((slot, range)) = self.left.take() else { return };
        let Some(peer) = self.peers.get_mut(slot).filter(|peer| peer.stream.is_some()) else {
            return;
        };
        peer.host.touch().touch();
        if peer.is_over() {
            return;
        }
        input.offset = range.start;
        self.receive(slot, input, range.len(), sink, tally);
        tally.holds = Some(slot).filter(|_| tally.listed > 0);
    }

    /// Reads from who is ready, as long as there is room.
    fn read<S: Sink<H>>(
        &mut self,
        input: &mut Input<'_, impl Buffer>,
        sink: &mut S,
        tally: &mut Tally,
    ) {
        while self.round > 0 && self.left.is_none() && !sink.is_full() && input.has_room() {
            self.round -= 1;
            let Some(slot) = self.ready.pop_front() else { return };
            self.read_from(slot, input, sink, tally);
        }
    }

    fn read_from<S: Sink<H>>(
        &mut self,
        slot: usize,
        input: &mut Input<'_, impl Buffer>,
        sink: &mut S,
        tally: &mut Tally,
    ) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.is_ready = false;
        peer.host.touch().touch();
        if tally.holds == Some(slot) {
            return;
        }
        if std::mem::take(&mut peer.wants_recv) {
            return self.receive(slot, input, 0, sink, tally);
        }
        sink.turn_to(peer.id, &mut peer.host);
        let (Some(connection), Some(stream)) = (peer.host.connection(), &mut peer.stream) else {
            return;
        };
        let (got, is_in_place) = match connection.recv_space() {
            Some((block, room)) => {
                (stream.append(block, room.min(MOST_IN_PLACE), &mut self.ciphertext), true)
            }
            None => (stream.read(input.rest(), &mut self.ciphertext), false),
        };
        peer.is_writable &= !stream.is_behind();
        let (len, is_readable) = match got {
            Ok(Got::Some(len)) => (len, true),
            // When the end is behind them, the system gives no further sign.
            Ok(Got::Last(len)) => (len, peer.has_end && len > 0),
            Ok(Got::End) | Err(_) => {
                peer.is_readable = false;
                let mut listing = Listing::of(sink, tally, &mut self.metrics);
                if peer.is_known {
                    connection.recv_eof(&mut listing);
                } else {
                    connection.recv_eof(&mut Nowhere);
                }
                return self.note(slot, tally);
            }
        };
        peer.is_readable = is_readable;
        self.metrics.octets_received += len as u64;
        if !is_in_place {
            return self.receive(slot, input, len, sink, tally);
        }
        // It fails for nobody who keeps to the room that was given.
        let mut listing = Listing::of(sink, tally, &mut self.metrics);
        let _ = connection.recv_appended(len, &mut listing);
        self.note(slot, tally);
    }

    /// A connection gets so many octets of the input.
    fn receive<S: Sink<H>>(
        &mut self,
        slot: usize,
        input: &mut Input<'_, impl Buffer>,
        len: usize,
        sink: &mut S,
        tally: &mut Tally,
    ) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        sink.turn_to(peer.id, &mut peer.host);
        let Some(connection) = peer.host.connection() else { return };
        let offset = input.offset;
        let mut listing = Listing::of(sink, tally, &mut self.metrics);
        listing.offset = offset;
        listing.metrics_path = self.metrics_path.as_deref();
        match connection.recv(input.take(len), &mut listing) {
            Ok(used) if used < len => self.left = Some((slot, offset + used..offset + len)),
            Ok(_) => {}
            // More came behind a request than is kept until it is decided on.
            Err(_) => peer.host.touch().drop_it(),
        }
        self.note(slot, tally);
        if std::mem::take(&mut tally.wants_metrics) {
            self.answer_with_metrics(slot);
        }
    }

    fn answer_with_metrics(&mut self, slot: usize) {
        let text = self.metrics().text();
        let headers = Vec::from([(&b"Content-Type"[..], &b"text/plain; version=0.0.4"[..])]);
        let answer = Answer { status: 200, headers, body: text.as_bytes() };
        if let Some(connection) = self.peers.get_mut(slot).and_then(|peer| peer.host.connection()) {
            // Without memory for it, the peer is not answered.
            let _ = connection.reject(&answer);
        }
    }

    /// Keeps in mind what was listed of a connection.
    fn note(&mut self, slot: usize, tally: &mut Tally) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.is_known |= std::mem::take(&mut tally.is_new);
        peer.is_ended |= std::mem::take(&mut tally.has_ended);
    }

    // ---- Accept ----

    fn accept(&mut self) {
        for _ in 0..MOST_ACCEPTED {
            let Some((stream, from)) = self.next_waiting() else { return };
            // One too many ends by being dropped.
            let _ = self.admit(stream, from);
        }
    }

    fn next_waiting(&mut self) -> Option<(Stream, Option<SocketAddr>)> {
        if self.now < self.accepts_from {
            return None;
        }
        for (_, listener) in &mut self.listeners {
            while listener.is_ready {
                match listener.accept() {
                    Ok(waiting) => return Some(waiting),
                    Err(error) => match error.kind() {
                        io::ErrorKind::WouldBlock => listener.is_ready = false,
                        // It went away while it waited.
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                        // Who waits is accepted when something ends, or later.
                        _ => {
                            self.metrics.accept_errors += 1;
                            self.accepts_from = self.now + PAUSE;
                            return None;
                        }
                    },
                }
            }
        }
        None
    }

    // ---- Wait ----

    /// Waits for signs of the system's. Returns false when a signal interrupts it.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        match self.selector.poll(&mut self.signs, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(false),
            result => result?,
        }
        for sign in &self.signs {
            let token = sign.token();
            if token == WAKER {
                continue;
            }
            if token.0 >= FIRST_LISTENER {
                if let Some(listener) = self.listeners.get_mut(token.0 - FIRST_LISTENER) {
                    listener.is_ready = true;
                }
                continue;
            }
            let Some(peer) = self.peers.get_mut(token.0) else { continue };
            peer.has_end |= sign.is_read_closed() || sign.is_error();
            if sign.is_readable() || peer.has_end {
                peer.is_readable = true;
                if peer.wants_read && !peer.is_ready {
                    peer.is_ready = true;
                    self.ready.push_back(token.0);
                }
            }
            if sign.is_writable() && !peer.is_writable && !peer.is_broken {
                peer.is_writable = true;
                peer.host.touch().touch();
            }
        }
        self.round = self.ready.len();
        Ok(true)
    }

    fn grant_wishes(&mut self) {
        for wish in self.remote.take() {
            self.grant(wish);
        }
    }
}

/// Writes what waits. Returns how much that was, and whether the socket takes more.
fn write(connection: &mut Connection, stream: &mut Stream) -> io::Result<(usize, bool)> {
    let mut written = 0;
    loop {
        let mut runs = [IoSlice::new(&[]); RUNS];
        let (mut count, mut size) = (0, 0);
        for (place, run) in runs.iter_mut().zip(connection.output()) {
            *place = IoSlice::new(run);
            (count, size) = (count + 1, size + run.len());
        }
        if count == 0 {
            return Ok((written, stream.flush()?));
        }
        let len = stream.write(runs.get(..count).unwrap_or_default())?;
        // No more than there was.
        let _ = connection.output_consumed(len);
        written += len;
        if len < size {
            return Ok((written, false));
        }
    }
}

fn closed(code: u16) -> Event<'static> {
    let payload = Payload::Held(&[]);
    Event { kind: EventKind::Closed, code, marks: Marks::default(), payload }
}
