//! What may block is done by threads: each is given a task, and says when it is
//! done. So nothing is done that was not asked for, and what is asked for is
//! backpressure.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What was done, or happened.
pub(super) enum Happening {
    /// The socket was read into the buffer: so many octets, 0 at the end.
    Received(Vec<u8>, usize),
    /// The octets were sent, or cannot be.
    Sent(io::Result<()>),
    /// Standard input was read into the buffer: so many octets, 0 at the end.
    Typed(Vec<u8>, usize),
    /// Ctrl-C.
    Interrupted,
}

/// The threads, by what they take.
pub(super) struct Hands {
    pub(super) receive: Sender<Vec<u8>>,
    pub(super) send: Sender<Vec<u8>>,
    pub(super) read_input: Sender<Vec<u8>>,
}

impl Hands {
    /// # Errors
    /// When the socket cannot be shared.
    pub(super) fn new(socket: &TcpStream, happenings: &Sender<Happening>) -> io::Result<Self> {
        let (mut reader, mut writer) = (socket.try_clone()?, socket.try_clone()?);
        Ok(Self {
            receive: hand(happenings.clone(), move |mut buffer: Vec<u8>| {
                let len = read(&mut reader, &mut buffer);
                Happening::Received(buffer, len)
            }),
            send: hand(happenings.clone(), move |octets: Vec<u8>| {
                Happening::Sent(writer.write_all(&octets))
            }),
            read_input: hand(happenings.clone(), |mut buffer: Vec<u8>| {
                let len = read(&mut io::stdin().lock(), &mut buffer);
                Happening::Typed(buffer, len)
            }),
        })
    }
}

fn hand<Task: Send + 'static>(
    happenings: Sender<Happening>,
    mut work: impl FnMut(Task) -> Happening + Send + 'static,
) -> Sender<Task> {
    let (tasks, to_do) = channel();
    thread::spawn(move || {
        for task in to_do {
            if happenings.send(work(task)).is_err() {
                return;
            }
        }
    });
    tasks
}

/// An error is an end: ECONNRESET is one of the server's octets.
fn read(from: &mut impl Read, buffer: &mut [u8]) -> usize {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.unwrap_or(0),
        }
    }
}
