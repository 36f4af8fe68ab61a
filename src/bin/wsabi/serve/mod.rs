//! `wsabi serve`: an echo server on the embedded loop, a server for each thread.

pub(super) mod arguments;

use std::io::{self, Write};
use std::mem;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use wsabi::conn::{self, Config, Connection, EventKind, Manner, MessageKind, OptionKey, Payload};
use wsabi::conn::{Event, State};
use wsabi::handshake::Answer;
use wsabi::server::{self, Host, Id, Listen, Remote, Server, Stage, Touch};

use super::signals::on_interrupt;

/// How long a stopping server waits for the peers' Close, in milliseconds.
const STOP_TIME: u64 = 1000;

/// Events that are listed at once.
const EVENTS: usize = 256;

pub(super) struct Serve {
    pub(super) config: Config,
    pub(super) host: String,
    pub(super) port: u16,
    /// Instead of an address.
    pub(super) unix: Option<PathBuf>,
    pub(super) threads: usize,
    /// Where the counters are.
    pub(super) metrics: Option<String>,
    /// For a browser: it connects back.
    pub(super) page: String,
}

/// What the threads tell the first one.
enum News {
    /// Ctrl-C.
    Interrupted,
    /// A server listens, to that port.
    Listening(Arc<Remote>, u16),
    /// A server came to its end.
    Ended(Result<(), String>),
}

/// # Errors
/// What cannot be listened to, or waited for.
pub(super) fn run(serve: Serve) -> Result<(), String> {
    let (news, reports) = channel();
    let interrupts = news.clone();
    on_interrupt(move || {
        let _ = interrupts.send(News::Interrupted);
    });
    let threads = serve.threads;
    let (config, serve) = (Arc::new(serve.config.clone()), Arc::new(serve));
    let start = |port| {
        let (config, serve, news) = (Arc::clone(&config), Arc::clone(&serve), news.clone());
        thread::spawn(move || {
            let ended = run_one(config, &serve, port, &news);
            let _ = news.send(News::Ended(ended));
        });
    };
    start(serve.port);
    let mut remotes: Vec<Arc<Remote>> = Vec::new();
    let (mut running, mut is_ready, mut is_interrupted) = (1, false, false);
    while running > 0 {
        // There is always somebody who could send: this function has a sender.
        match reports.recv().map_err(|error| error.to_string())? {
            News::Interrupted => is_interrupted = true,
            News::Listening(remote, port) => {
                if !is_ready {
                    is_ready = true;
                    say_ready(&serve, port).map_err(|error| error.to_string())?;
                    // The first one's port is everybody's. A name among files is its alone.
                    for _ in 1..if serve.unix.is_some() { 1 } else { threads } {
                        start(port);
                        running += 1;
                    }
                }
                remotes.push(remote);
            }
            News::Ended(result) => {
                result?;
                running -= 1;
            }
        }
        if is_interrupted {
            for remote in remotes.drain(..) {
                // One that is over need not be ended. RFC 6455 7.4.1: "going away".
                let _ = remote.shutdown(1001, STOP_TIME);
            }
        }
    }
    Ok(())
}

fn say_ready(serve: &Serve, port: u16) -> io::Result<()> {
    let mut out = io::stdout();
    match &serve.unix {
        Some(path) => writeln!(out, "listening on ws+unix:{}", path.display())?,
        None if serve.host.contains(':') => {
            writeln!(out, "listening on ws://[{}]:{port}/", serve.host)?
        }
        None => writeln!(out, "listening on ws://{}:{port}/", serve.host)?,
    }
    out.flush()
}

/// A thread's server.
fn run_one(
    config: Arc<Config>,
    serve: &Serve,
    port: u16,
    news: &Sender<News>,
) -> Result<(), String> {
    let mut buffer = vec![0; usize::try_from(config.get(OptionKey::ReadSize)).unwrap_or(1 << 16)];
    let mut server: Server<Peer> = Server::new(config).map_err(|error| error.to_string())?;
    if let Some(path) = &serve.metrics {
        server.serve_metrics(path).map_err(|_| format!("{path:?} is no path"))?;
    }
    let port = match &serve.unix {
        Some(path) => {
            server
                .listen_unix(path, Listen::default())
                .map_err(|error| format!("{}: {error}", path.display()))?;
            0
        }
        None => {
            // A port that is nobody else's, unless it is for several threads.
            let how = Listen { reuse_port: serve.threads > 1, ..Listen::default() };
            let bound = server.listen(&serve.host, port, how);
            bound.map_err(|error| format!("{}: {error}", serve.host))?.port()
        }
    };
    let _ = news.send(News::Listening(server.remote(), port));
    let mut list = List::default();
    while server.stage() != Stage::Stopped {
        server.poll(None, &mut buffer, &mut list).map_err(|error| error.to_string())?;
        for (id, happened) in mem::take(&mut list.events) {
            answer(&mut server, id, happened, &buffer, &serve.page);
        }
    }
    Ok(())
}

fn answer(server: &mut Server<Peer>, id: Id, happened: Happened, buffer: &[u8], page: &str) {
    let Some(Peer { connection, touch }) = server.host(id) else { return };
    touch.touch();
    let is_done = match happened {
        Happened::Asked => answer_plain_http(connection, page),
        // The peer may go on sending after our Close; that has no answer.
        _ if connection.state() != State::Open => true,
        Happened::Came(kind, Place::Input(range)) => {
            connection.send(kind, buffer.get(range).unwrap_or_default(), Manner::default()).is_ok()
        }
        Happened::Came(kind, Place::Copy(octets)) => {
            connection.send(kind, &octets, Manner::default()).is_ok()
        }
    };
    if !is_done {
        touch.drop_it();
    }
}

fn answer_plain_http(connection: &mut Connection, page: &str) -> bool {
    let Some(head) = connection.request() else { return true };
    let is_for_page = head.method() == b"GET" && head.target() == b"/";
    let (status, kind, body) = match is_for_page {
        true => (200, "text/html; charset=utf-8", page),
        false => (426, "text/plain", "This is a WebSocket endpoint.\n"),
    };
    let headers = vec![(&b"Content-Type"[..], kind.as_bytes())];
    connection.reject(&Answer { status, headers, body: body.as_bytes() }).is_ok()
}

/// A connection as the server keeps it.
struct Peer {
    connection: Connection,
    touch: Touch,
}

impl Host for Peer {
    fn new(connection: Connection, touch: Touch) -> Self {
        Self { connection, touch }
    }

    fn connection(&mut self) -> Option<&mut Connection> {
        Some(&mut self.connection)
    }

    fn touch(&mut self) -> &mut Touch {
        &mut self.touch
    }
}

/// What is to be answered.
enum Happened {
    /// A plain HTTP request.
    Asked,
    /// A message.
    Came(MessageKind, Place),
}

/// Where a payload is.
enum Place {
    /// In the buffer.
    Input(Range<usize>),
    /// It was in the connection, which is not at hand while events are handled.
    Copy(Vec<u8>),
}

/// What a call of `poll` lists.
#[derive(Default)]
struct List {
    events: Vec<(Id, Happened)>,
    /// Whose events follow.
    id: Option<Id>,
}

impl conn::Sink for List {
    fn is_full(&self) -> bool {
        self.events.len() >= EVENTS
    }

    fn push(&mut self, event: Event<'_>) {
        let Some(id) = self.id else { return };
        let kind = match event.kind {
            EventKind::HttpRequest => return self.events.push((id, Happened::Asked)),
            EventKind::Text => MessageKind::Text,
            EventKind::Binary => MessageKind::Binary,
            // The library answers an opening handshake, a ping, a Close and a broken
            // rule.
            _ => return,
        };
        let place = match event.payload {
            Payload::Input { offset, len } => Place::Input(offset..offset + len),
            Payload::Held(octets) => Place::Copy(octets.to_vec()),
        };
        self.events.push((id, Happened::Came(kind, place)));
    }
}

impl server::Sink<Peer> for List {
    fn turn_to(&mut self, id: Id, _: &mut Peer) {
        self.id = Some(id);
    }
}
