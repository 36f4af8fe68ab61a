//! Rust `tungstenite` against the server. Command line and output: see `client_process.py`.

use std::env;
use std::error::Error;
use std::fmt::Debug;
use std::net::TcpStream;

use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::CloseFrame;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{connect, Message, WebSocket};

type Socket = WebSocket<MaybeTlsStream<TcpStream>>;
type Outcome = Result<(), Box<dyn Error>>;

const ASCII: &str = "Hello, WebSocket!";
const UNICODE: &str = "Grüße, Привет, שלום, नमस्ते, こんにちは, 你好, 👩‍🚀 𝄞";

fn main() {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().unwrap_or_default();
    for case in arguments {
        match run_case(&url, &case) {
            Ok(()) => println!("ok {case}"),
            Err(error) => println!("not ok {case}: {error}"),
        }
    }
}

/// Runs one case on a new connection.
fn run_case(url: &str, case: &str) -> Outcome {
    let mut request = url.into_client_request()?;
    if case == "subprotocol-known" {
        let offer = HeaderValue::from_static("a, chat");
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", offer);
    }
    let (mut socket, response) = connect(request)?;
    let subprotocol = response.headers().get("Sec-WebSocket-Protocol");
    match case {
        "text-ascii" => echo(&mut socket, Message::text(ASCII)),
        "text-unicode" => echo(&mut socket, Message::text(UNICODE)),
        "pipelined-200" => pipelined(&mut socket),
        "ping-pong" => {
            socket.send(Message::Ping("are you there?".into()))?;
            expect(
                "pong",
                socket.read()?,
                Message::Pong("are you there?".into()),
            )
        }
        "close-1000" => close(&mut socket, CloseCode::Normal, ""),
        "close-4001" => close(&mut socket, CloseCode::Library(4001), "enough"),
        "going-away" => {
            println!("connected");
            expect_close(&mut socket, CloseCode::Away)
        }
        "subprotocol-known" => expect(
            "subprotocol",
            subprotocol,
            Some(&HeaderValue::from_static("chat")),
        ),
        "no-subprotocol" => expect("subprotocol", subprotocol, None),
        _ => echo(&mut socket, Message::binary(binary_payload(case)?)),
    }
}

/// The payload of a case `binary-N`: N octets.
fn binary_payload(case: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let size: usize = case.trim_start_matches("binary-").parse()?;
    Ok((0..=250).cycle().take(size).collect())
}

fn echo(socket: &mut Socket, message: Message) -> Outcome {
    socket.send(message.clone())?;
    expect("echo", socket.read()?, message)
}

fn pipelined(socket: &mut Socket) -> Outcome {
    let messages = || (0..200).map(|number| Message::text(format!("message {number}")));
    for message in messages() {
        socket.send(message)?;
    }
    for message in messages() {
        expect("echo", socket.read()?, message)?;
    }
    Ok(())
}

fn close(socket: &mut Socket, code: CloseCode, reason: &'static str) -> Outcome {
    socket.close(Some(CloseFrame {
        code,
        reason: reason.into(),
    }))?;
    expect_close(socket, code)
}

fn expect_close(socket: &mut Socket, code: CloseCode) -> Outcome {
    match socket.read()? {
        Message::Close(Some(frame)) => expect("close code", frame.code, code),
        other => Err(format!("{other:?} instead of a Close with {code}").into()),
    }
}

fn expect<T: PartialEq + Debug>(what: &str, actual: T, wanted: T) -> Outcome {
    if actual == wanted {
        return Ok(());
    }
    let shorten = |value: T| format!("{value:?}").chars().take(200).collect::<String>();
    Err(format!("{what}: {} instead of {}", shorten(actual), shorten(wanted)).into())
}
