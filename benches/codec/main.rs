//! Compares the codec of wsabi, through its C ABI, with its peers and with what
//! is physically possible, in one process and one run.
//!
//! `codec [--quick] [--rows TEXT] [--only NAME]`: a run of a few seconds; only
//! rows with these words in the name, such as "decode binary 16"; only one
//! contestant, for a profiler.

mod limits;
mod messages;
mod peers;
mod report;
mod rows;
mod wire;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use common::race::{Length, race};

const USAGE: &str = "usage: codec [--quick] [--rows TEXT] [--only NAME]";

/// The repository's `target/bench`.
const OUTPUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench/codec.json");

const FULL: Length = Length { rounds: 15, slices: 20, slice: Duration::from_millis(1) };
const QUICK: Length = Length { rounds: 3, slices: 8, slice: Duration::from_micros(500) };

fn main() -> ExitCode {
    let Some(options) = Options::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut results = Vec::new();
    for row in rows::all() {
        let name = format!("{} {}", row.table, row.size);
        if !format!("{name} ").contains(&format!("{} ", options.rows)) {
            continue;
        }
        eprintln!("{name}");
        let mut contestants = (row.contestants)();
        contestants.retain(|contestant| contestant.name().contains(&options.only));
        let figures = race(contestants, options.length);
        results.push(report::Result { table: row.table, size: row.size, figures });
    }
    print!("ns per message: median round (best round)\n{}", report::tables(&results));
    print!("{}", report::goals(&results));
    if let Err(error) = report::save(&results, Path::new(OUTPUT)) {
        eprintln!("{OUTPUT}: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What the command line says.
struct Options {
    length: Length,
    rows: String,
    only: String,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { length: FULL, rows: String::new(), only: String::new() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.length = QUICK,
                "--rows" => options.rows = arguments.next()?,
                "--only" => options.only = arguments.next()?,
                _ => return None,
            }
        }
        Some(options)
    }
}
