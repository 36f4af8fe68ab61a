//! Compares permessage-deflate of wsabi, through its C ABI, with other libraries
//! for DEFLATE that do the same to the same messages, in one process and one run.
//!
//! `deflate [--quick]`: a run of a few seconds.

mod libdeflate;
mod messages;
mod miniz;
mod report;
mod wsabi;
mod zlib;

use std::hint::black_box;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use common::heap;
use common::race::{Contestant, Length, race};

use crate::messages::{Compressed, Message};
use crate::report::{Line, Table};

const USAGE: &str = "usage: deflate [--quick]";
const SIZES: [usize; 3] = [128, 1024, 16 * 1024];

const FULL: Length = Length { rounds: 15, slices: 5, slice: Duration::from_millis(1) };
const QUICK: Length = Length { rounds: 3, slices: 2, slice: Duration::from_micros(500) };

/// Appends what a message is compressed to, without its tail.
pub type Compress = Box<dyn FnMut(&Message, &mut Vec<u8>)>;
/// Appends what a message is inflated to.
pub type Inflate = Box<dyn FnMut(&Compressed, &mut Vec<u8>)>;

/// A library at a level.
struct Candidate<T> {
    name: &'static str,
    /// With context takeover or without; `None`: it cannot.
    make: fn(takes_over: bool) -> Option<T>,
}

const COMPRESSORS: &[Candidate<Compress>] = &[
    Candidate { name: "wsabi, level 1", make: |takes_over| Some(wsabi::compress(1, takes_over)) },
    Candidate { name: "wsabi, level 3", make: |takes_over| Some(wsabi::compress(3, takes_over)) },
    Candidate { name: "wsabi, level 6", make: |takes_over| Some(wsabi::compress(6, takes_over)) },
    Candidate { name: "zlib, level 1", make: |takes_over| Some(zlib::compress(1, takes_over)) },
    Candidate { name: "zlib, level 3", make: |takes_over| Some(zlib::compress(3, takes_over)) },
    Candidate { name: "zlib, level 6", make: |takes_over| Some(zlib::compress(6, takes_over)) },
    Candidate {
        name: "miniz_oxide, level 1",
        make: |takes_over| Some(miniz::compress(1, takes_over)),
    },
    Candidate {
        name: "miniz_oxide, level 6",
        make: |takes_over| Some(miniz::compress(6, takes_over)),
    },
    Candidate {
        name: "libdeflate, level 1",
        make: |takes_over| libdeflate::compress(1, takes_over),
    },
    Candidate {
        name: "libdeflate, level 2",
        make: |takes_over| libdeflate::compress(2, takes_over),
    },
    Candidate {
        name: "libdeflate, level 6",
        make: |takes_over| libdeflate::compress(6, takes_over),
    },
];

const INFLATERS: &[Candidate<Inflate>] = &[
    Candidate { name: "wsabi", make: |takes_over| Some(wsabi::inflate(takes_over)) },
    Candidate { name: "zlib", make: |takes_over| Some(zlib::inflate(takes_over)) },
    Candidate { name: "miniz_oxide", make: |takes_over| Some(miniz::inflate(takes_over)) },
    Candidate { name: "libdeflate", make: libdeflate::inflate },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let length = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => FULL,
        ["--quick"] => QUICK,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut tables = Vec::new();
    for takes_over in [false, true] {
        let (mut compress, mut inflate) =
            (Table::new("compress", takes_over), Table::new("inflate", takes_over));
        for size in SIZES {
            eprintln!("{size} octets, takeover: {takes_over}");
            let messages = Rc::new(messages::json(size));
            compress.columns.push((size, compressors(&messages, takes_over, length)));
            let compressed = Rc::new(messages::compressed(&messages, takes_over));
            inflate.columns.push((size, inflaters(&messages, &compressed, takes_over, length)));
        }
        tables.extend([compress, inflate]);
    }
    for table in &tables {
        print!("{table}");
    }
    print!("{}", report::goals(&tables));
    ExitCode::SUCCESS
}

fn compressors(messages: &Rc<Vec<Message>>, takes_over: bool, length: Length) -> Vec<Line> {
    let run = |compress: &mut Compress, output: &mut Vec<u8>, message: &Message| {
        output.clear();
        compress(message, output);
    };
    lines(COMPRESSORS, messages, takes_over, length, run, |payloads| {
        let mut inflate = wsabi::inflate(takes_over);
        for (payload, message) in payloads.iter().zip(&**messages) {
            let mut inflated = Vec::new();
            inflate(&Compressed::new(payload), &mut inflated);
            assert!(inflated == message.0, "it inflates to something else");
        }
    })
}

fn inflaters(
    messages: &Rc<Vec<Message>>,
    compressed: &Rc<Vec<Compressed>>,
    takes_over: bool,
    length: Length,
) -> Vec<Line> {
    let run = |inflate: &mut Inflate, output: &mut Vec<u8>, message: &Compressed| {
        output.clear();
        inflate(message, output);
    };
    lines(INFLATERS, compressed, takes_over, length, run, |outputs| {
        assert!(
            outputs.iter().eq(messages.iter().map(|message| &message.0)),
            "the message differs"
        );
    })
}

/// Verifies each candidate, counts its memory, and times all beside each other.
fn lines<T: 'static, M: 'static>(
    candidates: &[Candidate<T>],
    messages: &Rc<Vec<M>>,
    takes_over: bool,
    length: Length,
    run: fn(&mut T, &mut Vec<u8>, &M),
    verify: impl Fn(&[Vec<u8>]),
) -> Vec<Line> {
    let mut contestants = Vec::new();
    let mut lines = Vec::new();
    for candidate in candidates {
        let mut output = Vec::with_capacity(64 << 10);
        let before = heap();
        let Some(mut work) = (candidate.make)(takes_over) else { continue };
        run(&mut work, &mut output, &messages[0]);
        let memory = heap() - before;
        drop(work);

        let mut outputs = Vec::new();
        let mut work = (candidate.make)(takes_over).expect("it could before");
        for message in &**messages {
            run(&mut work, &mut output, message);
            outputs.push(output.clone());
        }
        verify(&outputs);
        let octets = outputs.iter().map(Vec::len).sum::<usize>() as f64 / outputs.len() as f64;
        lines.push(Line { name: candidate.name, octets, memory, ns: 0.0, best_ns: 0.0 });

        let messages = Rc::clone(messages);
        contestants.push(Contestant::new(candidate.name, messages.len(), move || {
            for message in &*messages {
                run(&mut work, &mut output, message);
                black_box(&output);
            }
        }));
    }
    for (line, figure) in lines.iter_mut().zip(race(contestants, length)) {
        (line.ns, line.best_ns) = (figure.median, figure.min);
    }
    lines
}
