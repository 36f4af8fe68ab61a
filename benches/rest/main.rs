//! Octets of the heap that a wsabi connection at rest has, as the allocator
//! counts them: 10,000 connections, opened and used through the C ABI.

use common::frame::{BINARY, PING, put_masked_frame};
use common::{Config, Connection, REQUEST, heap};

const CONNECTIONS: usize = 10_000;

/// Octets per connection that design and figures ask for.
const GOAL: f64 = 200.0;

fn main() {
    let message: Vec<u8> = (0..1024).map(|i| i as u8).collect();
    let echo = masked_frame(BINARY, &message);
    let ping = masked_frame(PING, b"are you there?");
    let config = Config::new();
    // Whatever is allocated once is allocated before the count starts.
    drop(Connection::open(&config, &mut REQUEST.to_vec(), |_| ()));
    let mut connections = Vec::with_capacity(CONNECTIONS);
    let before = heap();
    let report = |step: &str| {
        let octets = (heap() - before) as f64 / CONNECTIONS as f64;
        let verdict = if octets <= GOAL { "reached" } else { "MISSED" };
        println!("{step:<36} {octets:>7.1}  <= {GOAL} {verdict}");
    };

    println!("octets of the heap per connection at rest");
    connections.extend((0..CONNECTIONS).map(|_| Connection::new(&config)));
    report("before its request");
    for connection in &mut connections {
        connection.receive(&mut REQUEST.to_vec(), |_| ());
        connection.accept();
        settle(connection);
    }
    report("after the opening handshake");
    for connection in &mut connections {
        reply(connection, &mut echo.clone());
        settle(connection);
    }
    report("after an echo of 1 KiB in one read");
    for connection in &mut connections {
        let mut frame = echo.clone();
        let (first, second) = frame.split_at_mut(500);
        reply(connection, first);
        settle(connection);
        reply(connection, second);
        settle(connection);
    }
    report("after an echo of 1 KiB in two reads");
    for connection in &mut connections {
        connection.receive(&mut ping.clone(), |_| ());
        settle(connection);
    }
    report("after a ping, its pong written");
}

/// An echo server's part in one read.
fn reply(connection: &mut Connection, octets: &mut [u8]) {
    connection.receive_and_reply(octets, |connection, event| {
        connection.send_binary(event.payload());
    });
}

/// The end of a wake-up: all output is written, the interest asked for.
fn settle(connection: &mut Connection) {
    connection.write_output(|_| ());
    connection.interest();
}

/// A client's frame.
fn masked_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    put_masked_frame(&mut octets, opcode, payload, [0x37, 0xfa, 0x21, 0x3d]);
    octets
}
