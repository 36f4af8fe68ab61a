//! A client, and what a server may answer to it.

use arbitrary::Arbitrary;
use wsabi::handshake::accept_value;

use crate::abi::{Ask, Config, Conn, OK};

/// A server's response.
#[derive(Arbitrary, Debug)]
pub enum Reply<'a> {
    /// Whatever the fuzzer thinks of.
    Octets(&'a [u8]),
    /// A whole head, perhaps behind another one.
    Head { interim: Option<u8>, status: Status, fields: Vec<Field<'a>> },
}

#[derive(Arbitrary, Debug)]
pub enum Status {
    Switching,
    Other(u16),
}

/// A header field that means something to a client, or any other.
#[derive(Arbitrary, Debug)]
pub enum Field<'a> {
    Upgrade,
    Connection,
    /// The value that answers the client's key.
    Accept,
    Subprotocol {
        is_offered: bool,
    },
    /// The answer to what a client offers by default.
    Extension,
    Length(u16),
    Chunked,
    Other(&'a [u8], &'a [u8]),
}

const DEFLATE: &[u8] =
    b"permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// A client whose request was sent, and the key in it. It offers the
/// subprotocols of the config.
pub fn connect(config: &Config) -> (Conn, Vec<u8>) {
    let mut conn = Conn::client(Some(config), &ASK).unwrap();
    let key = ask(&mut conn);
    (conn, key)
}

/// What it asks for.
pub const ASK: Ask = Ask { host: b"example.com", target: b"/chat", origin: b"", headers: &[] };

/// Sends the request; the key in it.
pub fn ask(conn: &mut Conn) -> Vec<u8> {
    let request = conn.output(64).concat();
    assert_eq!(conn.output_consumed(request.len()), OK);
    let request = String::from_utf8(request).unwrap();
    let key = request.split("\r\n").find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    key.expect("a client has a key").into()
}

impl Reply<'_> {
    /// The octets, for a client with that key.
    pub fn octets(&self, key: &[u8]) -> Vec<u8> {
        let (interim, status, fields) = match self {
            Self::Octets(octets) => return octets.to_vec(),
            Self::Head { interim, status, fields } => (interim, status, fields),
        };
        let interim = interim.map(|code| format!("HTTP/1.1 1{code:02}\r\n\r\n"));
        let mut octets = interim.unwrap_or_default().into_bytes();
        let status = match status {
            Status::Switching => 101,
            Status::Other(status) => status % 1000,
        };
        octets.extend(format!("HTTP/1.1 {status:03} \r\n").into_bytes());
        let accept = accept_value(key);
        for field in fields {
            let (name, value): (&[u8], &[u8]) = match field {
                Field::Upgrade => (b"Upgrade", b"WebSocket"),
                Field::Connection => (b"connection", b"keep-alive, Upgrade"),
                Field::Accept => (b"Sec-WebSocket-Accept", &accept),
                Field::Subprotocol { is_offered: true } => (b"sec-websocket-protocol", b"chat"),
                Field::Subprotocol { is_offered: false } => (b"sec-websocket-protocol", b"soap"),
                Field::Extension => (b"Sec-WebSocket-Extensions", DEFLATE),
                Field::Length(len) => (b"Content-Length", &len.to_string().into_bytes()),
                Field::Chunked => (b"Transfer-Encoding", b"chunked"),
                Field::Other(name, value) => (name, value),
            };
            octets.extend([name, b": ", value, b"\r\n"].concat());
        }
        octets.extend(b"\r\n");
        octets
    }
}
