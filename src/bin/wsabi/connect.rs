//! `wsabi connect`: a client for the terminal. It does what `c-examples/client.c`
//! does, with threads instead of `poll(2)`.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use wsabi::conn::{Connection, Event, EventKind, NewClientError, Payload, SendError, Sink, State};
use wsabi::handshake::Ask;

use super::TROUBLE;
use super::arguments::Connect;
use super::hands::{Hands, Happening};
use super::signals::on_interrupt;
use super::url::Url;

/// The connection could not be made, failed or broke off.
const BROKEN: u8 = 1;
const REFUSED: u8 = 3;

/// Octets of one read.
const READ_SIZE: usize = 64 << 10;
/// Octets of output from which on no line is read.
const OUTPUT_MARK: usize = 64 << 10;
/// Events taken at once.
const EVENTS: usize = 64;
/// Octets of a binary message that are shown.
const SHOWN_OCTETS: usize = 16;
/// To connect to one address; the other limits are the library's.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Why there is no connection: exit status and text.
type Trouble = (u8, String);

/// Returns the exit status.
///
/// # Errors
/// When there was no connection.
pub(super) fn run(command: Connect) -> Result<u8, Trouble> {
    let Connect { url, config, headers, origin, close } = command;
    let ask = Ask {
        host: url.host_field.as_bytes(),
        target: url.target.as_bytes(),
        origin: origin.as_bytes(),
        headers: headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect(),
    };
    let conn = Connection::client(Arc::new(config), &ask).map_err(|error| match error {
        NewClientError::Argument => {
            (TROUBLE, "the URL, the origin or a header field cannot be sent".to_owned())
        }
        NewClientError::Random => (BROKEN, "the system gives no random octets".into()),
        NewClientError::Memory => (BROKEN, "out of memory".into()),
    })?;
    let broken = |error: io::Error| (BROKEN, format!("{}: {error}", url.host));
    let socket = connect(&url).map_err(broken)?;
    let (happens, happenings) = channel();
    let interrupts = happens.clone();
    on_interrupt(move || {
        let _ = interrupts.send(Happening::Interrupted);
    });
    let client = Client {
        hands: Hands::new(&socket, &happens).map_err(broken)?,
        conn,
        socket,
        happenings,
        received: Some(vec![0; READ_SIZE]),
        typed: Some(vec![0; READ_SIZE]),
        line: Vec::new(),
        sending: 0,
        is_ended: false,
        is_broken: false,
        is_refused: false,
        is_mute: false,
        has_pong: false,
        close,
        began: Instant::now(),
    };
    Ok(client.run())
}

fn connect(url: &Url) -> io::Result<TcpStream> {
    let mut result = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in (url.host.as_str(), url.port).to_socket_addrs()? {
        result = TcpStream::connect_timeout(&address, CONNECT_TIME);
        if result.is_ok() {
            break;
        }
    }
    let socket = result?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

struct Client {
    conn: Connection,
    socket: TcpStream,
    hands: Hands,
    happenings: Receiver<Happening>,
    /// Buffers, unless a hand has them.
    received: Option<Vec<u8>>,
    typed: Option<Vec<u8>>,
    /// What was typed and is no whole line yet.
    line: Vec<u8>,
    /// Octets of output that a hand has.
    sending: usize,
    /// The server's octets ended.
    is_ended: bool,
    /// The socket takes no output.
    is_broken: bool,
    is_refused: bool,
    /// Standard output takes nothing.
    is_mute: bool,
    /// A pong came; how long it took is known when the time is told.
    has_pong: bool,
    close: (u16, String),
    /// From when on time is counted.
    began: Instant,
}

impl Client {
    /// Returns the exit status.
    fn run(mut self) -> u8 {
        while self.proceed() {
            let happening = match self.conn.deadline() {
                u64::MAX => self.happenings.recv().map_err(RecvTimeoutError::from),
                deadline => {
                    let left = deadline.saturating_sub(self.now_ms());
                    self.happenings.recv_timeout(Duration::from_millis(left))
                }
            };
            match happening {
                Ok(Happening::Received(buffer, len)) => self.receive(buffer, len),
                Ok(Happening::Sent(result)) => self.sent(result.is_ok()),
                Ok(Happening::Typed(buffer, len)) => self.read_lines(buffer, len),
                // A handshake that has no answer yet is not worth waiting for.
                Ok(Happening::Interrupted) if self.conn.state() == State::Connecting => break,
                // "Going away", RFC 6455 7.4.1.
                Ok(Happening::Interrupted) => self.close(1001, ""),
                Err(RecvTimeoutError::Timeout) => self.tell_time(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match self.conn.close_code() {
            _ if self.is_refused => REFUSED,
            // Without the server's Close.
            0 | 1006 => BROKEN,
            _ => u8::from(self.is_mute),
        }
    }

    // ---- The loop of a host: receive, handle, write, ask ----

    /// Gives the hands what is to be done. Returns false when the connection is
    /// over.
    fn proceed(&mut self) -> bool {
        if self.sending == 0 && !self.is_broken {
            let output: Vec<u8> = self.conn.output().flatten().copied().collect();
            self.sending = output.len();
            if self.sending > 0 {
                let _ = self.hands.send.send(output);
            }
        }
        let mut interest = self.conn.interest();
        while interest.recv {
            self.take_in(&mut []);
            interest = self.conn.interest();
        }
        // RFC 6455 7.1.1: behind a closing handshake wsabi waits for the server's end.
        if interest.close || self.is_broken && self.is_ended {
            return false;
        }
        if interest.shutdown_write {
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        // What the server said before it ended the connection can still be read.
        if interest.read || self.is_broken {
            if let Some(buffer) = self.received.take() {
                let _ = self.hands.receive.send(buffer);
            }
        }
        if self.conn.state() == State::Open && self.conn.output_size() < OUTPUT_MARK {
            if let Some(buffer) = self.typed.take() {
                let _ = self.hands.read_input.send(buffer);
            }
        }
        true
    }

    fn receive(&mut self, mut buffer: Vec<u8>, len: usize) {
        self.take_in(buffer.get_mut(..len).unwrap_or_default());
        if len == 0 {
            let mut list = List::default();
            self.conn.recv_eof(&mut list);
            self.handle(list, &[]);
            self.is_ended = true;
        } else {
            self.received = Some(buffer);
        }
        self.tell_time();
        // Whoever reads the messages may have gone away.
        if self.is_mute {
            self.close(1001, "");
        }
    }

    fn take_in(&mut self, mut rest: &mut [u8]) {
        loop {
            let mut list = List::default();
            // Only a server's request that waits for its decision makes this fail.
            let used = self.conn.recv(rest, &mut list).unwrap_or(rest.len());
            self.handle(list, rest);
            rest = rest.get_mut(used..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
        }
    }

    fn sent(&mut self, is_sent: bool) {
        self.is_broken = !is_sent;
        if is_sent {
            // As many octets wait, unless the library gave the server up.
            let _ = self.conn.output_consumed(self.sending);
        }
        self.sending = 0;
    }

    /// The library has no clock. It sends the pings, and gives up who was waited for
    /// too long.
    fn tell_time(&mut self) {
        let mut list = List::default();
        self.conn.handle_timeout(self.now_ms(), &mut list);
        self.handle(list, &[]);
        self.note_round_trip();
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    // ---- The application ----

    fn handle(&mut self, list: List, input: &[u8]) {
        for Listed { kind, code, payload } in list.0 {
            let payload = match &payload {
                Place::Held(octets) => octets,
                Place::Input(range) => input.get(range.clone()).unwrap_or_default(),
            };
            let reason = if payload.is_empty() { "" } else { " " };
            match kind {
                EventKind::Open => match self.conn.subprotocol() {
                    Some(name) => note(format_args!("open, subprotocol {name}\n")),
                    None => note("open\n"),
                },
                EventKind::Text => self.print(&[payload, b"\n"].concat()),
                EventKind::Binary => self.print(binary(payload).as_bytes()),
                EventKind::Pong => self.has_pong = true,
                EventKind::Rejected => {
                    self.is_refused = true;
                    self.note_response(code, payload);
                }
                EventKind::Close => {
                    note(format_args!("close: {code}{reason}{}\n", note_text(payload)));
                }
                EventKind::Failed => {
                    note(format_args!("failed: {code}{reason}{}\n", note_text(payload)));
                }
                EventKind::Closed if code == 1006 => {
                    note("the connection ended without a closing handshake\n");
                }
                // A ping is answered, and a client gets no request.
                _ => {}
            }
        }
    }

    fn print(&mut self, text: &[u8]) {
        let mut out = io::stdout().lock();
        let text = shown(text, out.is_terminal());
        self.is_mute |= out.write_all(&text).and_then(|()| out.flush()).is_err();
    }

    fn note_response(&self, status: u16, body: &[u8]) {
        note(format_args!("refused:\nHTTP/1.1 {status}\n"));
        let fields = (0..).map_while(|index| self.conn.response_field(index));
        for (name, value) in fields {
            note(format_args!("{}: {}\n", note_text(name), note_text(value)));
        }
        let end = if body.is_empty() || body.ends_with(b"\n") { "" } else { "\n" };
        note(format_args!("\n{}{end}", note_text(body)));
    }

    /// Of the pings that the library sends, see --ping.
    fn note_round_trip(&mut self) {
        if let Some(ms) = self.conn.round_trip().filter(|_| self.has_pong) {
            note(format_args!("pong after {ms} ms\n"));
        }
        self.has_pong = false;
    }

    /// Nothing is to be closed twice, or before it is open.
    fn close(&mut self, code: u16, reason: &str) {
        if self.conn.state() == State::Open {
            // A failure may be on its way out already.
            let _ = self.conn.close(code, reason);
        }
    }

    fn read_lines(&mut self, buffer: Vec<u8>, len: usize) {
        if self.conn.state() != State::Open {
            return;
        }
        let mut rest = buffer.get(..len).unwrap_or_default();
        while let Some(end) = rest.iter().position(|&octet| octet == b'\n') {
            let (line, behind) = rest.split_at(end);
            self.line.extend_from_slice(line);
            self.send_line();
            rest = behind.get(1..).unwrap_or_default();
        }
        self.line.extend_from_slice(rest);
        if len > 0 {
            self.typed = Some(buffer);
            return;
        }
        if !self.line.is_empty() {
            self.send_line();
        }
        let (code, reason) = std::mem::take(&mut self.close);
        self.close(code, &reason);
    }

    fn send_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let Ok(text) = std::str::from_utf8(&line) else {
            return note("a line that is not UTF-8 was not sent\n");
        };
        let why = match self.conn.send_text(text) {
            Ok(()) => return,
            Err(SendError::Limit) => "it is too long",
            Err(SendError::Memory) => "out of memory",
            Err(SendError::State | SendError::Argument) => "the connection is closing",
        };
        note(format_args!("a line of {} octets was not sent: {why}\n", line.len()));
    }
}

/// Events of one call.
#[derive(Default)]
struct List(Vec<Listed>);

struct Listed {
    kind: EventKind,
    code: u16,
    payload: Place,
}

enum Place {
    Input(Range<usize>),
    Held(Vec<u8>),
}

impl Sink for List {
    fn is_full(&self) -> bool {
        self.0.len() == EVENTS
    }

    fn push(&mut self, event: Event<'_>) {
        let payload = match event.payload {
            Payload::Input { offset, len } => Place::Input(offset..offset + len),
            Payload::Held(octets) => Place::Held(octets.to_vec()),
        };
        self.0.push(Listed { kind: event.kind, code: event.code, payload });
    }
}

/// A server must not get at the terminal by control characters. Files and pipes
/// get the octets as they are.
fn shown(text: &[u8], is_terminal: bool) -> Cow<'_, [u8]> {
    if !is_terminal {
        return Cow::Borrowed(text);
    }
    let is_harmless = |character: &char| !character.is_control() || "\n\t".contains(*character);
    let character = |character| if is_harmless(&character) { character } else { '?' };
    let text: String = String::from_utf8_lossy(text).chars().map(character).collect();
    Cow::Owned(text.into_bytes())
}

/// The same for standard error.
fn note_text(text: &[u8]) -> String {
    String::from_utf8_lossy(&shown(text, io::stderr().is_terminal())).into_owned()
}

fn note(text: impl Display) {
    // Where nobody listens, the exit status still tells.
    let _ = write!(io::stderr(), "{text}");
}

fn binary(octets: &[u8]) -> String {
    let colon = if octets.is_empty() { "" } else { ":" };
    let front: String =
        octets.iter().take(SHOWN_OCTETS).map(|octet| format!(" {octet:02x}")).collect();
    let dots = if octets.len() > SHOWN_OCTETS { " ..." } else { "" };
    format!("[binary, {} octets{colon}{front}{dots}]\n", octets.len())
}
