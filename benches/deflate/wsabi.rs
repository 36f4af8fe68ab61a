//! wsabi: a server, from a message to its frame and back. What is timed besides
//! is a frame, a mask and a check of UTF-8.

use std::cell::RefCell;

use common::{Config, Connection, Option, request_with_deflate};

use crate::{Compress, Inflate};

thread_local! {
    /// What a host reads into, for all of its connections.
    static INPUT: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(32 << 10));
}

/// A server that compresses.
pub fn compress(level: u64, takes_over: bool) -> Compress {
    let mut config = config(takes_over);
    config.set(Option::DeflateLevel, level);
    let mut connection = open(&config);
    Box::new(move |message, output| {
        let start = output.len();
        connection.send_text(&message.0);
        connection.write_output(|octets| output.extend_from_slice(octets));
        // Its header has two octets, or two more for the length.
        let header = if output[start + 1] < 126 { 2 } else { 4 };
        output.drain(start..start + header);
    })
}

/// A server that inflates.
pub fn inflate(takes_over: bool) -> Inflate {
    let mut connection = open(&config(takes_over));
    Box::new(move |message, output| {
        INPUT.with_borrow_mut(|input| {
            input.clone_from(&message.frame);
            connection.receive(input, |event| output.extend_from_slice(event.payload()));
        });
        // The end of the host's round, and of the message's life.
        connection.interest();
    })
}

fn config(takes_over: bool) -> Config {
    let mut config = Config::new();
    config.set(Option::DeflateMinSize, 0);
    for option in [Option::ServerNoContextTakeover, Option::ClientNoContextTakeover] {
        config.set(option, (!takes_over).into());
    }
    config
}

fn open(config: &Config) -> Connection {
    let mut response = Vec::new();
    let write = |octets: &[u8]| response.extend_from_slice(octets);
    let connection = Connection::open(config, &mut request_with_deflate(), write);
    assert!(String::from_utf8_lossy(&response).contains("permessage-deflate"));
    connection
}
