//! Octets of the heap that a wsabi connection at rest has, as the allocator
//! counts them: 10,000 connections, opened and used through the C ABI.

use common::frame::{BINARY, PING, put_masked_frame};
use common::{Config, Connection, REQUEST, heap, request_with_deflate};

const CONNECTIONS: usize = 10_000;

/// Octets per connection that design and figures ask for.
const GOAL: f64 = 200.0;

fn main() {
    println!("octets of the heap per connection at rest");
    let message: Vec<u8> = (0..1024).map(|i| i as u8).collect();
    measure(REQUEST, &masked_frame(BINARY, &message));
    println!("with permessage-deflate, without takeover");
    // 1,024 zeros.
    let zeros = [0x62, 0x60, 0x18, 0x05, 0xa3, 0x60, 0x14, 0x8c, 0x54, 0x00, 0x00];
    let mut compressed = masked_frame(BINARY, &zeros);
    compressed[0] |= 0x40;
    measure(&request_with_deflate(), &compressed);
}

/// What a connection has at each step, and whether that is the goal.
fn measure(request: &[u8], echo: &[u8]) {
    let ping = masked_frame(PING, b"are you there?");
    let config = Config::new();
    // Whatever is allocated once is allocated before the count starts.
    let mut first = Connection::open(&config, &mut request.to_vec(), |_| ());
    reply(&mut first, &mut echo.to_vec());
    drop(first);
    let mut connections = Vec::with_capacity(CONNECTIONS);
    let before = heap();
    let report = |step: &str| {
        let octets = (heap() - before) as f64 / CONNECTIONS as f64;
        let verdict = if octets <= GOAL { "reached" } else { "MISSED" };
        println!("{step:<36} {octets:>7.1}  <= {GOAL} {verdict}");
    };

    connections.extend((0..CONNECTIONS).map(|_| Connection::new(&config)));
    report("before its request");
    for connection in &mut connections {
        connection.receive(&mut request.to_vec(), |_| ());
        connection.accept();
        settle(connection);
    }
    report("after the opening handshake");
    for connection in &mut connections {
        reply(connection, &mut echo.to_vec());
        settle(connection);
    }
    report("after an echo of 1 KiB in one read");
    for connection in &mut connections {
        let mut frame = echo.to_vec();
        let (first, second) = frame.split_at_mut(echo.len() / 2);
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
