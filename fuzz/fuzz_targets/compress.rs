//! What a client and a server send each other, whatever they agreed on: stock
//! zlib inflates it, with the window that was agreed on, and so does the peer.
#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use common::deflate::{Content, Wanted};
use common::support::{Host, Seen};
use common::zlib::{Inflated, Inflater};
use libfuzzer_sys::fuzz_target;
use wsabi::conn::{Config, Connection, EventKind, State};
use wsabi::handshake::{Ask, parse_extensions};
use wsabi::proto::{Header, Opcode, apply_mask};

/// Messages of a conversation: more than a window, and some time.
const MOST: usize = 8;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    server: Wanted,
    client: Wanted,
    messages: Vec<(bool, Content<'a>)>,
}

/// One direction of a connection.
struct Way {
    inflater: Inflater,
    min_size: usize,
    wanted: Vec<Vec<u8>>,
}

fuzz_target!(|case: Case| {
    let mut server = Host::new(case.server.config(), 64);
    let mut client = Host::new(Config::default(), 64);
    let ask = Ask { host: b"example.com", target: b"/", ..Ask::default() };
    client.conn = Connection::client(Arc::new(case.client.config()), &ask).unwrap();
    server.feed(&written(&mut client));
    let response = written(&mut server);
    client.feed(&response);
    assert_eq!((client.conn.state(), server.conn.state()), (State::Open, State::Open));
    server.seen.clear();
    client.seen.clear();
    let mut ways = ["server", "client"].map(|side| {
        let (takes_over, bits) = agreed(&response, side);
        let by = if side == "server" { &case.server } else { &case.client };
        // A client may take a smaller window than it has to.
        let bits = if side == "client" {
            bits.min(case.client.settings().client_max_window_bits.into())
        } else {
            bits
        };
        let takes_over =
            takes_over && (side == "server" || !case.client.settings().client_no_context_takeover);
        Way {
            inflater: Inflater::new(bits, takes_over),
            min_size: by.min_size.into(),
            wanted: Vec::new(),
        }
    });
    for (by_client, content) in case.messages.iter().take(MOST) {
        let message = content.octets();
        let (from, to) =
            if *by_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
        let way = &mut ways[usize::from(*by_client)];
        from.conn.send_binary(&message).unwrap();
        let wire = written(from);
        check(&wire, way, &message);
        to.feed(&wire);
        way.wanted.push(message);
    }
    let [by_server, by_client] = ways.map(|way| way.wanted);
    assert!(received(client.seen) == by_server && received(server.seen) == by_client);
});

fn written(host: &mut Host) -> Vec<u8> {
    host.take_output();
    std::mem::take(&mut host.output)
}

/// Takeover and window of a side, from the response.
fn agreed(response: &[u8], side: &str) -> (bool, i32) {
    let response = std::str::from_utf8(response).unwrap();
    let line = response.split("\r\n").find_map(|l| l.strip_prefix("Sec-WebSocket-Extensions: "));
    let answers = parse_extensions(line.expect("it is agreed on").as_bytes()).unwrap();
    let find = |name: &str| {
        let name = format!("{side}_{name}");
        answers[0].parameters.iter().find(|(other, _)| *other == name.as_bytes())
    };
    let bits = find("max_window_bits").map_or(15, |(_, value)| {
        std::str::from_utf8(value.as_ref().unwrap()).unwrap().parse().unwrap()
    });
    (find("no_context_takeover").is_none(), bits)
}

/// The only frame of a message.
fn check(wire: &[u8], way: &mut Way, message: &[u8]) {
    let (header, len) = Header::decode(wire).unwrap().unwrap();
    assert!(header.fin && header.opcode == Opcode::Binary);
    let mut payload = wire[len..].to_vec();
    assert_eq!(payload.len() as u64, header.payload_len);
    if let Some(key) = header.mask {
        apply_mask(&mut payload, key, 0);
    }
    if header.rsv == 0 {
        assert_eq!(payload, message);
        return;
    }
    assert!(header.rsv == 4 && message.len() >= way.min_size);
    let inflated = way.inflater.inflate(&payload, message.len());
    assert!(inflated == Inflated::Message(message.to_vec()), "zlib says {inflated:.0?}");
}

fn received(seen: Vec<Seen>) -> Vec<Vec<u8>> {
    assert!(seen.iter().all(|event| event.kind == EventKind::Binary));
    seen.into_iter().map(|event| event.payload).collect()
}
