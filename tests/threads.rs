//! Rule 3 of the header: different objects are independent, and functions that
//! take `const T *` may run concurrently on one object. `make tsan` runs this
//! under ThreadSanitizer, with the library and the standard library instrumented.
#![allow(unsafe_code, reason = "the C ABI")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/src/abi.rs"]
mod abi;
#[cfg(all(feature = "server", unix))]
#[path = "../fuzz/src/abi_server.rs"]
mod abi_server;

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Barrier;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use abi::*;
use wsabi as _; // links the functions

const THREADS: usize = 6;
const ROUNDS: usize = 20;

const ASK: Ask = Ask { host: b"example.com", target: b"/chat", origin: b"", headers: &[] };

/// Both ends of a connection.
struct Pair {
    client: Conn,
    server: Conn,
}

impl Pair {
    fn open(config: &Config) -> Self {
        let client = Conn::client(Some(config), &ASK).unwrap();
        let mut pair = Self { client, server: Conn::server(Some(config)) };
        assert_eq!(kinds(&carry(&mut pair.client, &mut pair.server)), [EVENT_OPEN]);
        assert_eq!(kinds(&carry(&mut pair.server, &mut pair.client)), [EVENT_OPEN]);
        pair
    }

    /// A message there and back, and a ping.
    fn converse(&mut self, message: &[u8]) {
        assert_eq!(self.client.send(wsabi_conn_send_binary, message), OK);
        assert_eq!(self.client.send(wsabi_conn_send_ping, b"ping"), OK);
        let events = carry(&mut self.client, &mut self.server);
        assert_eq!(kinds(&events), [EVENT_BINARY, EVENT_PING]);
        assert_eq!(self.server.send(wsabi_conn_send_binary, &events[0].1), OK);
        let mut events = carry(&mut self.server, &mut self.client);
        events.sort_by_key(|event| event.0);
        assert_eq!(events, [(EVENT_BINARY, message.to_vec()), (EVENT_PONG, b"ping".to_vec())]);
    }

    fn close(&mut self) {
        assert_eq!(self.client.close(1000, b"bye"), OK);
        assert_eq!(kinds(&carry(&mut self.client, &mut self.server)), [EVENT_CLOSE]);
        assert_eq!(kinds(&carry(&mut self.server, &mut self.client)), [EVENT_CLOSE]);
    }
}

/// Takes all output to the other end; what happens there.
fn carry(from: &mut Conn, to: &mut Conn) -> Vec<(i32, Vec<u8>)> {
    let octets = from.output(64).concat();
    assert_eq!(from.output_consumed(octets.len()), OK);
    let input = Buffer::new(&octets);
    let mut seen = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let (used, events) = to.recv(&input, at, 4).unwrap();
        at += used;
        // SAFETY: payloads are valid until the next call.
        seen.extend(
            events.iter().map(|event| (event.kind, unsafe { copy(event.data, event.len) })),
        );
    }
    seen
}

fn kinds(events: &[(i32, Vec<u8>)]) -> Vec<i32> {
    events.iter().map(|event| event.0).collect()
}

/// Compressible, of another length for each thread and round.
fn message(thread: usize, round: usize) -> Vec<u8> {
    (0..300 + 700 * thread + 97 * round).map(|n| (n / 7 % 11) as u8).collect()
}

fn shared_config(options: &[(u32, u64)]) -> Config {
    let mut config = Config::new(options);
    for (option, value) in [(OPTION_AUTO_ACCEPT, 1), (OPTION_DEFLATE, 1)] {
        assert_eq!(config.set(option, value), OK);
    }
    assert_eq!(config.add_subprotocol("chat"), OK);
    config
}

/// One config with its contexts of compression; connections are freed by other
/// threads than made them; the config's owner is gone while they still talk.
#[test]
fn connections_on_many_threads_share_a_config() {
    let config = shared_config(&[]);
    let (handed, to_free): (Sender<Pair>, Receiver<Pair>) = channel();
    let frees = thread::spawn(move || to_free.iter().map(drop).count());
    let mut last: Vec<Pair> = Vec::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (config, handed) = (&config, handed.clone());
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let mut pair = Pair::open(config);
                        pair.converse(&message(thread, round));
                        pair.close();
                        handed.send(pair).unwrap();
                        let mut value = 0;
                        // SAFETY: a config that lives, and a valid out-parameter.
                        unsafe {
                            assert_eq!(wsabi_config_get(config.0, OPTION_DEFLATE, &mut value), OK)
                        };
                        assert_eq!(value, 1);
                    }
                    Pair::open(config)
                })
            })
            .collect();
        last.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
    });
    drop(handed);
    assert_eq!(frees.join().unwrap(), THREADS * ROUNDS);

    let threads: Vec<_> = last
        .into_iter()
        .enumerate()
        .map(|(thread, mut pair)| {
            thread::spawn(move || {
                (0..ROUNDS).for_each(|round| pair.converse(&message(thread, round)));
                pair.close();
            })
        })
        .collect();
    drop(config);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn functions_on_const_run_concurrently_on_one_object() {
    let mut config = Config::new(&[]);
    assert_eq!(config.add_subprotocol("chat"), OK);
    let mut client = Conn::client(Some(&config), &ASK).unwrap();
    let mut server = Conn::server(Some(&config));
    assert_eq!(kinds(&carry(&mut client, &mut server)), [EVENT_REQUEST]);
    let explanation = Explanation::new(wsabi_explain, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    assert_eq!((server.state(), server.failure()), (STATE_CONNECTING, 0));
                    assert_eq!((server.close_code(), server.output_size()), (0, 0));
                    assert!(server.head_method().is_ok() && server.head_target().is_ok());
                    assert!(server.head_path().is_ok() && server.head_host().is_ok());
                    assert!(server.head_find(b"upgrade").is_ok() && server.head_at(0).is_ok());
                    assert_eq!(server.head_query().err(), Some(ERR_NOT_FOUND));
                    assert_eq!(server.head_origin().err(), Some(ERR_NOT_FOUND));
                    assert!(server.offered_subprotocol(0).is_ok());
                    assert!(server.subprotocol().is_ok());
                    assert_eq!(server.response_status().err(), Some(ERR_STATE));
                    assert!(explanation.count() > 0);
                    assert!(explanation.at(0, size_of::<Finding>()).is_ok());
                    assert!(user_data(&server).is_null());
                }
            });
        }
    });
}

/// One prepared message on connections of several threads, compressed as a whole or
/// into a history of the connection's own; its owner is gone before it was sent.
#[test]
fn a_prepared_message_is_shared_by_threads() {
    let (plain, history) =
        (shared_config(&[]), shared_config(&[(OPTION_SERVER_NO_CONTEXT_TAKEOVER, 0)]));
    let text = message(3, 3);
    let prepared = Prepared::new(Some(&plain), MESSAGE_BINARY, &text).unwrap();
    let mut pairs = Vec::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let config = if thread % 2 == 0 { &plain } else { &history };
                let prepared = &prepared;
                scope.spawn(move || {
                    let mut pair = Pair::open(config);
                    (0..ROUNDS).for_each(|_| assert_eq!(pair.server.send_prepared(prepared), OK));
                    pair
                })
            })
            .collect();
        pairs.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
    });
    let threads: Vec<_> = pairs
        .into_iter()
        .map(|mut pair| {
            let text = text.clone();
            thread::spawn(move || {
                let events = carry(&mut pair.server, &mut pair.client);
                assert_eq!(events, vec![(EVENT_BINARY, text); ROUNDS]);
            })
        })
        .collect();
    drop(prepared);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// The one object that is for any number of threads beside its server: what they
/// want is done by the thread that polls, in the order of each, until the server is no
/// more.
#[test]
#[cfg(all(feature = "server", unix))]
fn remotes_while_their_server_is_polled() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let config = Config::new(&[(OPTION_AUTO_ACCEPT, 1)]);
    let prepared = Prepared::new(None, MESSAGE_BINARY, &[0xff, 0]).unwrap();
    let mut server = abi_server::Server::new(&config);
    let (mut socket, other) = UnixStream::pair().unwrap();
    let id = server.adopt(other.into(), request.as_bytes());
    while server.poll(-1, 1).is_empty() {}
    let remote = server.remote();
    let polls = thread::spawn(move || {
        let mut seen = Vec::new();
        while server.stage() != abi_server::STAGE_STOPPED {
            seen.extend(server.poll(-1, 2).iter().map(|event| event.event.kind));
        }
        seen
    });
    thread::scope(|scope| {
        for thread in 0..THREADS as u8 {
            let (remote, prepared) = (&remote, &prepared);
            scope.spawn(move || {
                for round in 0..ROUNDS as u8 {
                    assert_eq!(remote.send(id, MESSAGE_BINARY, &[thread, round]), OK);
                    assert_eq!(remote.publish(b"nobody's", prepared), OK);
                    assert_eq!(remote.send(id + 1, MESSAGE_TEXT, b"to nobody"), OK);
                    assert_eq!(remote.wake(), OK);
                }
            });
        }
    });
    assert_eq!(remote.close(id, 1000, b""), OK);
    let mut heard = Vec::new();
    let mut part = [0; 1024];
    while !heard.ends_with(b"\x88\x02\x03\xe8") {
        let len = socket.read(&mut part).unwrap();
        assert!(len > 0);
        heard.extend_from_slice(&part[..len]);
    }
    let frames = &heard[heard.len() - 4 - 4 * THREADS * ROUNDS..heard.len() - 4];
    let mut next = [0; THREADS];
    for frame in frames.chunks(4) {
        assert_eq!(frame[..2], [0x82, 2]);
        assert_eq!(frame[3], next[usize::from(frame[2])]);
        next[usize::from(frame[2])] += 1;
    }
    socket.write_all(b"\x88\x82\0\0\0\0\x03\xe8").unwrap();
    assert_eq!(socket.read(&mut part).unwrap(), 0);
    // It ends while they still want something of it.
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while remote.send(id, MESSAGE_BINARY, b"") != ERR_STATE {
                    assert_eq!(remote.wake(), OK);
                    thread::yield_now();
                }
            });
        }
        assert_eq!(remote.shutdown(1001, 0), OK);
        assert_eq!(polls.join().unwrap(), [EVENT_CLOSE, EVENT_CLOSED]);
    });
    assert_eq!(remote.close(id, 1000, b""), ERR_STATE);
}

/// What the rule forbids, in a form that does no harm: `make tsan` demands that
/// ThreadSanitizer reports it inside the library.
#[test]
#[ignore = "breaks the rule"]
fn a_race() {
    let conn = Conn::server(None);
    let start = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                (0..1000).for_each(|_| clear_user_data(&conn));
            });
        }
    });
}

fn user_data(conn: &Conn) -> *mut c_void {
    // SAFETY: a connection that lives.
    unsafe { wsabi_conn_user_data(conn.0) }
}

fn clear_user_data(conn: &Conn) {
    // SAFETY: none; all that threads write here is the same NULL.
    assert_eq!(unsafe { wsabi_conn_set_user_data(conn.0, null_mut()) }, OK);
}
