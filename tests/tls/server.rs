//! The embedded server over TLS, with sockets: what it does without, and who is in nobody's way.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, StreamOwned};
use wsabi::conn::{
    self, Config, Connection, Event, EventKind, Manner, MessageKind, OptionKey, Payload,
};
use wsabi::server::{Certificates, Host, Id, Listen, Metrics, Remote, Server, Sink, Stage, Touch};

use crate::peer::{certificates, client, client_config, identity};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";
const OVER_TLS: Listen = Listen { reuse_port: false, tls: true };
const PATIENCE: Duration = Duration::from_secs(20);

struct App {
    connection: Connection,
    touch: Touch,
}

impl Host for App {
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

#[derive(Default)]
struct List {
    of: Option<Id>,
    events: Vec<(Id, EventKind, u16, Where)>,
}

enum Where {
    Input(usize, usize),
    Held(Vec<u8>),
}

impl conn::Sink for List {
    fn is_full(&self) -> bool {
        self.events.len() == 16
    }

    fn push(&mut self, event: Event<'_>) {
        let payload = match event.payload {
            Payload::Input { offset, len } => Where::Input(offset, len),
            Payload::Held(octets) => Where::Held(octets.to_vec()),
        };
        self.events.push((self.of.unwrap(), event.kind, event.code, payload));
    }
}

impl Sink<App> for List {
    fn turn_to(&mut self, id: Id, _: &mut App) {
        self.of = Some(id);
    }
}

/// A server in a thread that echoes, and what other threads have of it.
struct Echo {
    address: SocketAddr,
    certificates: Arc<Certificates>,
    remote: Arc<Remote>,
    adopts: mpsc::Sender<(TcpStream, Vec<u8>)>,
    /// Codes of its CLOSED.
    end: JoinHandle<(Vec<u16>, Metrics)>,
}

impl Echo {
    fn start(options: &[(OptionKey, u64)]) -> Self {
        let mut config = Config::default();
        for &(key, value) in [(OptionKey::AutoAccept, 1)].iter().chain(options) {
            config.set(key, value).unwrap();
        }
        let certificates = certificates();
        let theirs = Arc::clone(&certificates);
        let (tell, told) = mpsc::channel();
        let (adopts, adopted) = mpsc::channel::<(TcpStream, Vec<u8>)>();
        let end = thread::spawn(move || {
            let mut server = Server::<App>::new(Arc::new(config)).unwrap();
            server.share_certificates(theirs);
            let address = server.listen("127.0.0.1", 0, OVER_TLS).unwrap();
            tell.send((address, server.remote())).unwrap();
            let mut codes = Vec::new();
            let mut buffer = vec![0; 1 << 16];
            while server.stage() != Stage::Stopped {
                while let Ok((socket, early)) = adopted.try_recv() {
                    server.adopt(OwnedFd::from(socket), &early, OVER_TLS).unwrap();
                }
                let mut list = List::default();
                server.poll(None, &mut buffer, &mut list).unwrap();
                for (id, kind, code, payload) in list.events {
                    let kind = match kind {
                        EventKind::Text => MessageKind::Text,
                        EventKind::Binary => MessageKind::Binary,
                        EventKind::Closed => {
                            codes.push(code);
                            continue;
                        }
                        _ => continue,
                    };
                    let app = server.host(id).unwrap();
                    app.touch.touch();
                    let payload = match &payload {
                        Where::Input(offset, len) => &buffer[*offset..offset + len],
                        Where::Held(octets) => octets,
                    };
                    app.connection.send(kind, payload, Manner::default()).unwrap();
                }
            }
            codes.sort_unstable();
            (codes, server.metrics())
        });
        let (address, remote) = told.recv_timeout(PATIENCE).unwrap();
        Self { address, certificates, remote, adopts, end }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// With the opening handshake behind it.
    fn client(&self, config: &Arc<ClientConfig>) -> Client {
        Client::open(self.connect(), config)
    }

    /// Shuts down. Returns what it told of the ends of connections, and its figures.
    fn stop(self) -> (Vec<u16>, Metrics) {
        self.remote.shutdown(1001, 10_000).unwrap();
        self.end.join().unwrap()
    }
}

struct Client(StreamOwned<rustls::ClientConnection, TcpStream>);

impl Client {
    fn open(socket: TcpStream, config: &Arc<ClientConfig>) -> Self {
        let mut stream = StreamOwned::new(client(config, "example.org"), socket);
        stream.write_all(REQUEST.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet).unwrap();
            head.push(octet[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        Self(stream)
    }

    fn send(&mut self, b0: u8, payload: &[u8]) {
        // A key of zeros masks nothing.
        let len = u64::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&[b0, 0xff][..], &len, &[0; 4], payload].concat();
        let mut frame = frame;
        if payload.len() < 126 {
            frame.splice(1..10, [0x80 | payload.len() as u8]);
        } else if payload.len() < 1 << 16 {
            frame.splice(1..10, [&[0xfe][..], &len[6..]].concat());
        }
        self.0.write_all(&frame).unwrap();
    }

    /// A frame of the server's.
    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let mut len = [0; 8];
        let octets = match head[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        self.0.read_exact(&mut len[8 - octets..]).unwrap();
        let len = if octets == 0 { u64::from(head[1]) } else { u64::from_be_bytes(len) };
        let mut payload = vec![0; len as usize];
        self.0.read_exact(&mut payload).unwrap();
        (head[0], payload)
    }

    fn echo(&mut self, payload: &[u8]) {
        self.send(0x82, payload);
        assert!(self.receive() == (0x82, payload.to_vec()), "{} octets", payload.len());
    }

    /// The closing handshake, and the server's end of TLS behind it.
    fn close(mut self) {
        self.send(0x88, &1000_u16.to_be_bytes());
        assert_eq!(self.receive(), (0x88, 1000_u16.to_be_bytes().to_vec()));
        self.expect_end();
    }

    /// An end without close_notify would be an error.
    fn expect_end(&mut self) {
        assert_eq!(self.0.read(&mut [0; 10]).unwrap(), 0);
    }
}

fn config() -> Arc<ClientConfig> {
    Arc::new(client_config(&[&TLS13, &TLS12]))
}

#[test]
fn messages_of_every_size_are_echoed() {
    let server = Echo::start(&[]);
    for version in [&TLS12, &TLS13] {
        let mut client = server.client(&Arc::new(client_config(&[version])));
        for len in [0, 1, 125, 126, 16_000, 16_384, 65_535, 65_536, 100_000, 3 << 20] {
            client.echo(&(0..len).map(|n: u32| (n ^ (n >> 9)) as u8).collect::<Vec<_>>());
        }
        client.close();
    }
    let (codes, metrics) = server.stop();
    assert_eq!(codes, [1000, 1000]);
    assert_eq!((metrics.accepted, metrics.failures), (2, 0));
}

#[test]
fn many_clients_at_once_each_get_their_own() {
    let server = Echo::start(&[]);
    let config = config();
    thread::scope(|scope| {
        for n in 0..8_u8 {
            let (server, config) = (&server, &config);
            scope.spawn(move || {
                for _ in 0..5 {
                    let mut client = server.client(config);
                    for len in [10, 5000, 70_000, 300_000] {
                        client.echo(&vec![n; len]);
                    }
                    client.close();
                }
            });
        }
    });
    assert_eq!(server.stop().0, [1000; 40]);
}

/// What a client does not read goes no further than the socket and four records; then all
/// of it arrives, the end included.
#[test]
fn who_reads_slowly_gets_everything() {
    let server = Echo::start(&[(OptionKey::OutputHighMark, 16 << 20)]);
    let socket = server.connect();
    socket2::SockRef::from(&socket).set_recv_buffer_size(65_536).unwrap();
    let mut client = Client::open(socket, &config());
    let payload = vec![9; 100_000];
    for _ in 0..60 {
        client.send(0x82, &payload);
    }
    client.send(0x88, &1000_u16.to_be_bytes());
    thread::sleep(Duration::from_millis(200));
    for _ in 0..60 {
        assert!(client.receive() == (0x82, payload.clone()));
    }
    assert_eq!(client.receive().0, 0x88);
    client.expect_end();
    assert_eq!(server.stop().0, [1000]);
}

#[test]
fn an_end_without_close_notify_is_abnormal() {
    let server = Echo::start(&[]);
    let mut client = server.client(&config());
    client.echo(b"hello");
    client.0.sock.shutdown(Shutdown::Both).unwrap();
    let mut closing = server.client(&config());
    closing.0.conn.send_close_notify();
    closing.0.flush().unwrap();
    // Without a closing handshake it is no better.
    closing.expect_end();
    assert_eq!(server.stop().0, [1006, 1006]);
}

#[test]
fn a_server_that_stops_says_so_to_everybody() {
    let server = Echo::start(&[]);
    let mut clients: Vec<_> = (0..3).map(|_| server.client(&config())).collect();
    // And one that has not spoken yet, one in the middle of its handshake.
    let _silent = server.connect();
    let mut begun = server.connect();
    begun.write_all(&[22, 3, 1, 1, 0, 1]).unwrap();
    let server = thread::spawn(|| server.stop());
    for client in &mut clients {
        assert_eq!(client.receive(), (0x88, 1001_u16.to_be_bytes().to_vec()));
        client.send(0x88, &1001_u16.to_be_bytes());
        client.expect_end();
    }
    assert_eq!(server.join().unwrap().0, [1001; 3]);
}

/// Octets that were read from an adopted socket already are the beginning of the handshake.
#[test]
fn an_adopted_connection_goes_on_where_it_was() {
    let server = Echo::start(&[]);
    for early in [0, 1, 5, 6, 100, 10_000] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shaking = thread::spawn(move || {
            let socket = TcpStream::connect(address).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut client = Client::open(socket, &config());
            client.echo(&[3; 1000]);
            client.close();
        });
        let (mut socket, _) = listener.accept().unwrap();
        let mut octets = vec![0; early];
        let len = if early == 10_000 {
            socket.read(&mut octets)
        } else {
            socket.read_exact(&mut octets).map(|()| early)
        };
        octets.truncate(len.unwrap());
        server.adopts.send((socket, octets)).unwrap();
        server.remote.wake();
        shaking.join().unwrap();
    }
    assert_eq!(server.stop().0, [1000; 6]);
}

/// Garbage and slow handshakes: one gets an alert, the other the opening timeout, and those
/// who behave notice nothing of either.
#[test]
fn bad_handshakes_are_in_nobodys_way() {
    let server = Echo::start(&[(OptionKey::OpeningTimeout, 1000)]);
    let mut client = server.client(&config());
    let begin = Instant::now();
    let mut stalled: Vec<_> = (0..20_usize)
        .map(|n| {
            let mut socket = server.connect();
            // A part of a ClientHello, or nothing at all.
            socket.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..n % 12]).unwrap();
            socket
        })
        .collect();
    for _ in 0..20 {
        let mut garbage = server.connect();
        garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut alert = Vec::new();
        garbage.read_to_end(&mut alert).unwrap();
        assert_eq!(alert, [21, 3, 3, 0, 2, 2, 50]);
        client.echo(b"still here");
        server.client(&config()).close();
    }
    for socket in &mut stalled {
        let mut rest = Vec::new();
        // Nothing can be said to it, but that it is over.
        match socket.read_to_end(&mut rest) {
            Ok(_) => assert!(rest.is_empty(), "{rest:?}"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    assert!(begin.elapsed() > Duration::from_millis(900), "{:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    client.echo(b"still here");
    client.close();
    let (codes, metrics) = server.stop();
    assert_eq!(codes, [[1000; 21].as_slice(), &[1006; 20]].concat());
    assert_eq!((metrics.connections, metrics.failures), (0, 20));
}

#[test]
fn certificates_are_replaced_while_clients_come_and_go() {
    let server = Echo::start(&[]);
    let config = config();
    let mut patient = server.client(&config);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..40 {
                        let mut client = server.client(&config);
                        client.echo(b"hello");
                        client.close();
                    }
                })
            })
            .collect();
        while clients.iter().any(|client| !client.is_finished()) {
            server.certificates.set(None, identity("example.org")).unwrap();
            patient.echo(b"still here");
        }
    });
    patient.close();
    assert_eq!(server.stop().0, [1000; 81]);
}
