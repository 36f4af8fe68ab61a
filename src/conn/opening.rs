//! The opening handshake of a connection, RFC 6455 section 4: both roles.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

#[cfg(feature = "deflate")]
use super::compression;
use super::connection::{Extra, event};
use super::masks::nonce;
use super::output::OutOfMemory;
use super::{
    Cause, Config, ConfigError, Connection, Event, EventKind, Failure, Marks, OptionKey, Payload,
    Policy, Preference, Role, SendError, Sink, State,
};
#[cfg(feature = "deflate")]
use crate::deflate;
use crate::handshake::{
    self, Answer, Ask, BadAnswer, BadAsk, BodyReader, Fault, Form, Head, HeadKind, HeadReader,
    Refusal, Request, RequestFields, Response, Verdict, Version, check_request, check_response,
    is_token, key_from, status_in, write_request,
};

/// Octets that a host may have read behind a request, besides a message: those of
/// one read.
const READ_AHEAD: u64 = 1 << 20;

/// The opening handshake, while it goes on.
#[derive(Debug)]
pub(super) struct Opening {
    reader: HeadReader,
    /// How the host takes the response.
    form: Form,
    /// The request. It outlives the decision on it, whose arguments may point into
    /// it, as long as the payload of its event is promised.
    request: Option<(Request, Head)>,
    is_decided: bool,
    /// Whether the application wants no compression on this connection.
    #[cfg(feature = "deflate")]
    declines_deflate: bool,
    /// The answer to a request that breaks a rule.
    refusal: Option<Response>,
    /// Octets that came behind the head before the decision.
    pub(super) kept: Vec<u8>,
    /// Those of them that were read since.
    pub(super) kept_read: usize,
    /// What this client asked for.
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    key: [u8; 24],
    /// The response, and the body of one that rejects.
    response: Option<(Head, BodyReader)>,
}

/// Why a decision on a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionError {
    /// The answer cannot be sent.
    Argument,
    /// No request waits for it.
    State,
    /// Memory could not be had.
    Memory,
}

/// Why there is no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewClientError {
    /// The request cannot be sent.
    Argument,
    /// The operating system gave no random octets.
    Random,
    /// Memory could not be had.
    Memory,
}

impl Connection {
    // ---- Life cycle ----

    /// The server's side: the first octets are the client's request.
    #[must_use]
    pub fn server(config: Arc<Config>) -> Self {
        let opening = Opening::new(HeadKind::Request, None);
        Self::new(config, Role::Server, Some(Box::new(opening)))
    }

    /// The client's side: the request is queued. It offers the subprotocols of
    /// the config.
    ///
    /// # Errors
    /// `Argument` for a request that cannot be sent, `Random` or `Memory`.
    pub fn client(config: Arc<Config>, ask: &Ask<'_>) -> Result<Self, NewClientError> {
        let key = key_from(nonce().ok_or(NewClientError::Random)?);
        let names = config.subprotocols().iter().map(|name| &**name);
        let request = write_request(ask, &key, names, &extension_offer(&config))?;
        let asked = Asked { key, response: None };
        let opening = Opening::new(HeadKind::Response, Some(asked));
        let mut client = Self::new(config, Role::Client, Some(Box::new(opening)));
        client.output.push(&request).map_err(|_| NewClientError::Memory)?;
        Ok(client)
    }

    /// A connection whose opening handshake was somebody else's.
    ///
    /// # Errors
    /// When the subprotocol is no token.
    pub fn open(
        config: Arc<Config>,
        role: Role,
        subprotocol: Option<&str>,
    ) -> Result<Self, ConfigError> {
        if subprotocol.is_some_and(|name| !is_token(name.as_bytes())) {
            return Err(ConfigError::BadSubprotocol);
        }
        let mut conn = Self::new(config, role, None);
        conn.agree(subprotocol.map(Arc::from));
        Ok(conn)
    }

    // ---- What the peer says ----

    /// Takes a request that somebody else parsed, instead of octets: lists
    /// REQUEST, or what is wrong with it. The response is then to be had in
    /// parts.
    ///
    /// # Errors
    /// When this is no server's side, or has begun already.
    pub fn recv_request(
        &mut self,
        request: &RequestFields<'_>,
        sink: &mut impl Sink,
    ) -> Result<(), DecisionError> {
        let limits = self.config.head_limits();
        let opening = match &mut self.opening {
            Some(opening) if opening.is_new() && self.state == State::Connecting => opening,
            _ => return Err(DecisionError::State),
        };
        opening.form = match request.version {
            Version::ExtendedConnect => Form::ExtendedConnect,
            Version::Http10 | Version::Http11 => Form::Fields,
        };
        match Head::from_fields(request, limits) {
            Ok(head) => self.judge(head, sink),
            Err(error) => self.refuse(error.into(), None, sink),
        }
        // There are no octets that it would have to be queued behind.
        self.settle();
        Ok(())
    }

    /// The request that waits for a decision.
    #[must_use]
    pub fn request(&self) -> Option<&Head> {
        self.undecided().map(|(_, head)| head)
    }

    /// Status of the response: the server's, for a client; ours, for a host that
    /// sends it.
    #[must_use]
    pub fn response_status(&self) -> Option<u16> {
        match (self.rejection(), self.answer()) {
            (Some((head, _)), _) => Some(head.status()),
            (None, Some(response)) => Some(response.status()),
            (None, None) => None,
        }
    }

    /// Field of that response.
    #[must_use]
    pub fn response_field(&self, index: usize) -> Option<(&[u8], &[u8])> {
        match (self.rejection(), self.answer()) {
            (Some((head, _)), _) => head.fields().nth(index),
            (None, Some(response)) => response.parts().nth(index),
            (None, None) => None,
        }
    }

    /// Body of that response.
    #[must_use]
    pub fn response_body(&self) -> Option<&[u8]> {
        match (self.rejection(), self.answer()) {
            (Some((_, body)), _) => Some(body.octets()),
            (None, Some(response)) => Some(response.body()),
            (None, None) => None,
        }
    }

    // ---- Decisions ----

    /// Accepts the request, with the subprotocol of that name or, for `None`, as
    /// the config's policy says. The policy may refuse it:
    /// [`Connection::failure`] tells.
    ///
    /// # Errors
    /// `Argument` when the client did not offer the name, or for an answer that
    /// cannot be sent; `State` when no opening handshake waits; `Memory`.
    pub fn accept(&mut self, name: Option<&str>, answer: &Answer<'_>) -> Result<(), DecisionError> {
        let Some(name) = name else {
            return self.accept_by(&Arc::clone(&self.config), answer);
        };
        let head = self.upgrade()?;
        if !head.offered_subprotocols().any(|offer| offer == name.as_bytes()) {
            return Err(DecisionError::Argument);
        }
        self.establish(Some(Arc::from(name)), answer)
    }

    /// Accepts or refuses the request as another config's policy says: its
    /// resources, origins and subprotocols.
    ///
    /// # Errors
    /// As [`Connection::accept`].
    pub fn accept_by(&mut self, policy: &Config, answer: &Answer<'_>) -> Result<(), DecisionError> {
        let head = self.upgrade()?;
        if let Err(refusal) = check_policy(policy, head) {
            return self.refuse_by_policy(refusal, refusal.status());
        }
        let (refusal, action) = match choose(policy, head) {
            Ok(chosen) => return self.establish(chosen, answer),
            Err(refused) => refused,
        };
        match action {
            Policy::Accept => self.establish(None, answer),
            Policy::Reject => {
                let status = policy.get(OptionKey::SubprotocolRejectStatus) as u16;
                self.refuse_by_policy(refusal, status)
            }
            Policy::Close => {
                let (code, reason) = policy.policy_close();
                self.establish(first_offer(head), answer)?;
                self.failure = Some(Failure::Handshake(refusal));
                self.queue_close(code, reason.as_bytes())?;
                Ok(())
            }
        }
    }

    /// Accepts the request and closes at once. A browser's script cannot read a
    /// response, but sees code and reason of a Close; so that it gets as far, the
    /// first subprotocol that it offers is chosen.
    ///
    /// # Errors
    /// `Argument` for a code or reason that may not be sent; `State` when no
    /// opening handshake waits; `Memory`.
    pub fn accept_then_close(&mut self, code: u16, reason: &str) -> Result<(), DecisionError> {
        let offer = first_offer(self.upgrade()?);
        Self::check_close(code, reason).map_err(|_| DecisionError::Argument)?;
        self.establish(offer, &Answer::default())?;
        self.queue_close(code, reason.as_bytes())?;
        Ok(())
    }

    /// Whatever the client offers, this connection is not compressed.
    ///
    /// # Errors
    /// `State` when no opening handshake waits.
    pub fn decline_deflate(&mut self) -> Result<(), DecisionError> {
        self.upgrade()?;
        #[cfg(feature = "deflate")]
        if let Some(opening) = &mut self.opening {
            opening.declines_deflate = true;
        }
        Ok(())
    }

    /// Answers the request and ends the connection.
    ///
    /// # Errors
    /// `Argument` for an answer that cannot be sent; `State` when no request
    /// waits; `Memory`.
    pub fn reject(&mut self, answer: &Answer<'_>) -> Result<(), DecisionError> {
        let (request, head) = self.undecided().ok_or(DecisionError::State)?;
        let lowest_status = match request {
            Request::Upgrade => 300,
            Request::PlainHttp => 200,
        };
        let response = handshake::answer(head, self.form(), lowest_status, answer)?;
        self.deliver(response)?;
        self.refused();
        Ok(())
    }

    /// Answers the request with a redirect and ends the connection.
    ///
    /// # Errors
    /// As [`Connection::reject`], and for a location that is no URI reference.
    pub fn redirect(&mut self, status: u16, location: &str) -> Result<(), DecisionError> {
        let is_uri = !location.is_empty() && location.bytes().all(|octet| octet.is_ascii_graphic());
        if !matches!(status, 301 | 302 | 303 | 307 | 308) || !is_uri {
            return Err(DecisionError::Argument);
        }
        let headers = Vec::from([(&b"Location"[..], location.as_bytes())]);
        self.reject(&Answer { status, headers, body: b"" })
    }

    /// Asks for credentials: answers 401 with that challenge (RFC 9110 11.6.1)
    /// and ends the connection.
    ///
    /// # Errors
    /// As [`Connection::reject`], and for an empty challenge.
    pub fn challenge(&mut self, challenge: &str) -> Result<(), DecisionError> {
        if challenge.trim().is_empty() {
            return Err(DecisionError::Argument);
        }
        let headers = Vec::from([(&b"WWW-Authenticate"[..], challenge.as_bytes())]);
        self.reject(&Answer { status: 401, headers, body: b"" })
    }

    // ---- For the connection ----

    /// Reads the peer's head.
    pub(super) fn read_opening(
        &mut self,
        input: &mut [u8],
        sink: &mut impl Sink,
    ) -> Result<usize, SendError> {
        match self.role {
            Role::Server if self.undecided().is_some() => self.keep(input),
            Role::Server => Ok(self.read_request(input, sink)),
            Role::Client => Ok(self.read_response(input, sink)),
        }
    }

    /// The answer to a bad request is due, or a bad response is to be dropped.
    pub(super) fn settle_opening(&mut self) -> Result<(), OutOfMemory> {
        let response = self.opening.as_mut().and_then(|opening| opening.refusal.take());
        let delivered = response.map_or(Ok(()), |response| self.deliver(response));
        // A client says nothing to a bad response: it closes.
        self.ended |= self.role == Role::Client;
        self.refused();
        delivered
    }

    /// The stream of a response that rejects may end with its body.
    pub(super) fn end_of_rejection(&mut self, sink: &mut impl Sink) -> bool {
        let is_rejecting = self.state == State::Connecting && self.rejection().is_some();
        if is_rejecting {
            self.rejected(sink);
        }
        is_rejecting
    }

    // ---- Private: server ----

    fn undecided(&self) -> Option<&(Request, Head)> {
        let opening = self.opening.as_ref()?;
        opening.request.as_ref().filter(|_| !opening.is_decided)
    }

    /// The opening handshake that waits for a decision.
    fn upgrade(&self) -> Result<&Head, DecisionError> {
        match self.undecided() {
            Some((Request::Upgrade, head)) => Ok(head),
            _ => Err(DecisionError::State),
        }
    }

    #[cfg(feature = "deflate")]
    fn declines_deflate(&self) -> bool {
        self.opening.as_ref().is_some_and(|opening| opening.declines_deflate)
    }

    fn form(&self) -> Form {
        self.opening.as_ref().map_or(Form::Octets, |opening| opening.form)
    }

    fn read_request(&mut self, input: &[u8], sink: &mut impl Sink) -> usize {
        let limits = self.config.head_limits();
        let Some(opening) = &mut self.opening else { return input.len() };
        let (used, result) = opening.reader.read(input, limits);
        match result {
            Ok(Some(head)) => self.judge(head, sink),
            Ok(None) => return used,
            Err(error) => self.refuse(error.into(), None, sink),
        }
        // Behind a request that is refused nothing is looked at.
        if self.failure.is_some() && self.state == State::Connecting { input.len() } else { used }
    }

    /// Lists what becomes of a request.
    fn judge(&mut self, head: Head, sink: &mut impl Sink) {
        let request = match check_request(&head) {
            Ok(Request::PlainHttp) if !self.config.is_on(OptionKey::PlainHttp) => {
                return self.refuse(Refusal::PlainHttp, Some(&head), sink);
            }
            Ok(request) => request,
            Err(refusal) => return self.refuse(refusal, Some(&head), sink),
        };
        if request == Request::Upgrade {
            if let Err(refusal) = check_policy(&self.config, &head) {
                return self.refuse(refusal, Some(&head), sink);
            }
        }
        let Some(opening) = &mut self.opening else { return };
        let (_, head) = &*opening.request.insert((request, head));
        if request == Request::Upgrade && self.config.is_on(OptionKey::AutoAccept) {
            return self.accept_automatically(sink);
        }
        let kind = match request {
            Request::Upgrade => EventKind::Request,
            Request::PlainHttp => EventKind::HttpRequest,
        };
        sink.push(event(kind, head.target()));
    }

    fn accept_automatically(&mut self, sink: &mut impl Sink) {
        if self.accept(None, &Answer::default()).is_err() {
            return self.refuse(Refusal::OutOfMemory, None, sink);
        }
        match self.failure {
            None => sink.push(event(EventKind::Open, &[])),
            Some(failure) => {
                let (code, _) = self.config.policy_close();
                let code = if self.state == State::Closing {
                    code
                } else {
                    status_in(self.reject_status(), self.form())
                };
                let payload = Payload::Held(failure.text().to_bytes());
                sink.push(Event {
                    kind: EventKind::Failed,
                    code,
                    marks: Marks::default(),
                    payload,
                });
            }
        }
    }

    fn reject_status(&self) -> u16 {
        self.config.get(OptionKey::SubprotocolRejectStatus) as u16
    }

    /// Octets behind a request that is not decided on are never lost.
    fn keep(&mut self, input: &[u8]) -> Result<usize, SendError> {
        let limit = self.config.get(OptionKey::MaxMessageSize).saturating_add(READ_AHEAD);
        let Some(Opening { kept, .. }) = self.opening.as_deref_mut() else { return Ok(0) };
        if (kept.len() as u64).saturating_add(input.len() as u64) > limit {
            return Err(SendError::Limit);
        }
        kept.try_reserve(input.len()).map_err(|_| SendError::Memory)?;
        kept.extend_from_slice(input);
        Ok(input.len())
    }

    /// The request breaks a rule; the answer is queued when the application has
    /// seen the event.
    #[cold]
    pub(super) fn refuse(&mut self, refusal: Refusal, head: Option<&Head>, sink: &mut impl Sink) {
        let response = handshake::refuse(refusal, refusal.status(), self.form(), head);
        if let Some(opening) = &mut self.opening {
            opening.request = None;
            opening.refusal = Some(response);
        }
        let failure = Failure::Handshake(refusal);
        self.fail_as(failure, status_in(refusal.status(), self.form()), sink);
    }

    fn refuse_by_policy(&mut self, refusal: Refusal, status: u16) -> Result<(), DecisionError> {
        let response = handshake::refuse(refusal, status, self.form(), self.request());
        self.deliver(response)?;
        self.failure = Some(Failure::Handshake(refusal));
        self.refused();
        Ok(())
    }

    fn establish(
        &mut self,
        subprotocol: Option<Arc<str>>,
        answer: &Answer<'_>,
    ) -> Result<(), DecisionError> {
        let head = self.upgrade()?;
        #[cfg(feature = "deflate")]
        let (terms, extensions) = match self.declines_deflate() {
            true => None,
            false => compression::choose(&self.config, head),
        }
        .unzip();
        #[cfg(not(feature = "deflate"))]
        let extensions: Option<String> = None;
        let names = (subprotocol.as_deref(), extensions.as_deref());
        let response = handshake::accept(head, self.form(), names.0, names.1, answer)?;
        self.deliver(response)?;
        #[cfg(feature = "deflate")]
        {
            self.terms = terms.unwrap_or_default();
        }
        self.agree(subprotocol);
        self.decided();
        Ok(())
    }

    /// Gives the response to whoever sends it.
    fn deliver(&mut self, response: Response) -> Result<(), OutOfMemory> {
        if self.form() == Form::Octets {
            return self.output.push(response.octets());
        }
        self.extra.get_or_insert_default().response = Some(response);
        Ok(())
    }

    /// The opening handshake is over, without success. A host that sends the
    /// response ends the stream too.
    fn refused(&mut self) {
        self.ended |= self.form() != Form::Octets;
        self.decided();
        self.change(Cause::Refused);
    }

    fn decided(&mut self) {
        if let Some(opening) = &mut self.opening {
            opening.is_decided = true;
        }
    }

    // ---- Private: client ----

    fn read_response(&mut self, input: &[u8], sink: &mut impl Sink) -> usize {
        let limits = self.config.head_limits();
        let mut at = 0;
        while at < input.len() && self.state == State::Connecting && self.failure.is_none() {
            let rest = input.get(at..).unwrap_or_default();
            let Some(opening) = &mut self.opening else { break };
            if let Some((_, body)) = opening.asked.as_mut().and_then(|a| a.response.as_mut()) {
                body.read(rest);
                at = input.len();
                self.rejected_if_over(sink);
                continue;
            }
            let (used, result) = opening.reader.read(rest, limits);
            at += used;
            match result {
                Ok(Some(head)) => self.judge_response(head, sink),
                Ok(None) => {}
                Err(error) => self.fail(Failure::Response(error.into()), sink),
            }
        }
        if self.state == State::Open { at } else { input.len() }
    }

    fn judge_response(&mut self, head: Head, sink: &mut impl Sink) {
        let names = self.config.subprotocols();
        let key = self.asked().map(|asked| asked.key).unwrap_or_default();
        let limit = self.config.get(OptionKey::MaxRejectionBody) as usize;
        let verdict =
            check_response(&head, &key, |name| names.iter().any(|known| **known == *name));
        let subprotocol = match verdict {
            Err(fault) => return self.fail(Failure::Response(fault), sink),
            Ok(Verdict::Interim) => return,
            Ok(Verdict::Rejected) => None,
            Ok(Verdict::Accepted(name)) => Some(name.map(Arc::from)),
        };
        if subprotocol.is_some() {
            if let Err(fault) = self.agree_on_extensions(&head) {
                return self.fail(Failure::Response(fault), sink);
            }
        }
        let body = BodyReader::new(&head, limit);
        if let Some(asked) = self.opening.as_mut().and_then(|opening| opening.asked.as_mut()) {
            asked.response = Some((head, body));
        }
        match subprotocol {
            Some(subprotocol) => {
                self.agree(subprotocol);
                sink.push(event(EventKind::Open, &[]));
            }
            None => self.rejected_if_over(sink),
        }
    }

    /// RFC 6455 4.1: no extension but what was offered.
    fn agree_on_extensions(&mut self, head: &Head) -> Result<(), Fault> {
        #[cfg(feature = "deflate")]
        if let Some(settings) = self.config.deflate_settings() {
            self.terms = compression::check(&settings, head)?;
            return Ok(());
        }
        match head.elements(b"sec-websocket-extensions").next() {
            None => Ok(()),
            Some(_) => Err(Fault::ExtensionNotOffered),
        }
    }

    fn rejected_if_over(&mut self, sink: &mut impl Sink) {
        if self.rejection().is_some_and(|(_, body)| body.is_over()) {
            self.rejected(sink);
        }
    }

    fn rejected(&mut self, sink: &mut impl Sink) {
        self.ended = true;
        self.change(Cause::Refused);
        if let Some((head, body)) = self.rejection() {
            let payload = Payload::Held(body.octets());
            sink.push(Event {
                kind: EventKind::Rejected,
                code: head.status(),
                marks: Marks::default(),
                payload,
            });
        }
    }

    fn asked(&self) -> Option<&Asked> {
        self.opening.as_ref()?.asked.as_ref()
    }

    /// The server's response.
    fn rejection(&self) -> Option<&(Head, BodyReader)> {
        self.asked()?.response.as_ref()
    }

    // ---- Private: both ----

    /// Our response, for a host that sends it.
    fn answer(&self) -> Option<&Response> {
        self.extra.as_ref()?.response.as_ref()
    }

    fn agree(&mut self, subprotocol: Option<Arc<str>>) {
        if let Some(name) = subprotocol {
            self.extra.get_or_insert_with(Box::<Extra>::default).subprotocol = Some(name);
        }
        self.change(Cause::Established);
    }
}

impl Opening {
    fn new(kind: HeadKind, asked: Option<Asked>) -> Self {
        Self {
            reader: HeadReader::new(kind),
            form: Form::Octets,
            request: None,
            is_decided: false,
            #[cfg(feature = "deflate")]
            declines_deflate: false,
            refusal: None,
            kept: Vec::new(),
            kept_read: 0,
            asked,
        }
    }

    /// Whether nothing was received yet.
    fn is_new(&self) -> bool {
        let is_untouched = self.reader.is_new() && self.refusal.is_none();
        is_untouched && self.request.is_none() && self.asked.is_none()
    }

    /// Whether all that was kept was read.
    pub(super) fn is_read(&self) -> bool {
        self.kept_read == self.kept.len()
    }

    /// Whether it is of no use any more. A client may look at the response until
    /// it receives again.
    pub(super) fn is_over(&self, state: State) -> bool {
        match state {
            State::Connecting => false,
            State::Open | State::Closing => self.is_read() && self.asked.is_none(),
            State::Closed => self.asked.is_none(),
        }
    }
}

/// The resources and the origins of a policy.
fn check_policy(policy: &Config, head: &Head) -> Result<(), Refusal> {
    if !policy.takes_resource(handshake::path(head.target())) {
        return Err(Refusal::UnknownResource);
    }
    let mut origins = head.all(b"origin").map(|value| core::str::from_utf8(value).ok());
    let origin = match (origins.next(), origins.next()) {
        (Some(origin), None) => origin,
        // None, or more than one may say.
        _ => None,
    };
    let host = head.host().and_then(|host| core::str::from_utf8(host).ok());
    if policy.takes_origin(origin, host.unwrap_or_default()) {
        Ok(())
    } else {
        Err(Refusal::OriginNotAllowed)
    }
}

/// The subprotocol that a policy chooses. Without one: the reason, and what is to
/// be done.
fn choose(policy: &Config, head: &Head) -> Result<Option<Arc<str>>, (Refusal, Policy)> {
    let spoken = policy.subprotocols();
    if spoken.is_empty() {
        return Ok(None);
    }
    let known = |offer: &[u8]| spoken.iter().find(|name| name.as_bytes() == offer);
    let is_offered = |name: &str| head.offered_subprotocols().any(|offer| offer == name.as_bytes());
    let prefers_client = policy.get(OptionKey::SubprotocolPreference) == Preference::Client as u64;
    let chosen = if prefers_client {
        head.offered_subprotocols().find_map(known)
    } else {
        spoken.iter().find(|name| is_offered(name))
    };
    match chosen {
        Some(name) => Ok(Some(Arc::clone(name))),
        None if head.offered_subprotocols().next().is_none() => {
            Err((Refusal::SubprotocolAbsent, policy.policy(OptionKey::SubprotocolAbsent)))
        }
        None => Err((Refusal::SubprotocolMismatch, policy.policy(OptionKey::SubprotocolMismatch))),
    }
}

/// The extensions that a client offers.
fn extension_offer(config: &Config) -> String {
    #[cfg(feature = "deflate")]
    if let Some(settings) = config.deflate_settings() {
        return deflate::offer(&settings);
    }
    let _ = config;
    String::new()
}

fn first_offer(head: &Head) -> Option<Arc<str>> {
    let offer = head.offered_subprotocols().next()?;
    core::str::from_utf8(offer).ok().map(Arc::from)
}

impl From<OutOfMemory> for DecisionError {
    fn from(_: OutOfMemory) -> Self {
        Self::Memory
    }
}

impl From<BadAnswer> for DecisionError {
    fn from(_: BadAnswer) -> Self {
        Self::Argument
    }
}

impl From<BadAsk> for NewClientError {
    fn from(_: BadAsk) -> Self {
        Self::Argument
    }
}
