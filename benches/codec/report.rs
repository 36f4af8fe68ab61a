//! What was measured, as tables, as lines of JSON and beside the goals.

use std::fmt::Write as _;
use std::fs::{File, create_dir_all};
use std::io::{self, Write as _};
use std::path::Path;

use crate::peers::{fastwebsockets, hyper, tokio_websockets, tungstenite, wsabi, wslay};
use common::race::Figure;

const RUST_CRATES: [&str; 3] = [tungstenite::NAME, fastwebsockets::NAME, tokio_websockets::NAME];
const PEERS: [&str; 5] =
    [tungstenite::NAME, fastwebsockets::NAME, tokio_websockets::NAME, wslay::NAME, hyper::NAME];

/// The figures of one row.
pub struct Result {
    /// Name of the table.
    pub table: String,
    /// Octets of a message.
    pub size: usize,
    /// One figure for each contestant.
    pub figures: Vec<Figure>,
}

impl Result {
    /// Median of a contestant that took part.
    fn median(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.median)
    }

    /// Median of the best of these contestants.
    fn best(&self, names: &[&str]) -> Option<f64> {
        names.iter().filter_map(|name| self.median(name)).reduce(f64::min)
    }

    /// Median of the limit: the last one, which is the sharpest.
    fn limit(&self) -> Option<f64> {
        let mut limits = self.figures.iter().filter(|figure| figure.name.starts_with("limit"));
        limits.next_back().map(|figure| figure.median)
    }
}

/// Tables of ns per message: median round, and the best round in brackets.
pub fn tables(results: &[Result]) -> String {
    let mut text = String::new();
    for rows in results.chunk_by(|a, b| a.table == b.table) {
        let mut header = format!("\n{:<24}", rows[0].table);
        for figure in &rows[0].figures {
            write!(header, "{:>19}", figure.name).expect("a String takes everything");
        }
        writeln!(text, "{header}{:>10}{:>12}", "/ limit", "/ best peer").expect("as above");
        for row in rows {
            write!(text, "{:>10} octets       ", row.size).expect("as above");
            for figure in &row.figures {
                let cell = format!("{} ({})", digits(figure.median), digits(figure.min));
                write!(text, "{cell:>19}").expect("as above");
            }
            let ours = row.median(wsabi::NAME);
            let of_limit = ratio(ours, row.limit());
            let of_best = ratio(ours, row.best(&PEERS));
            writeln!(text, "{:>10}{:>12}", show(of_limit), show(of_best)).expect("as above");
        }
    }
    text
}

/// Writes one line of JSON for each figure.
pub fn save(results: &[Result], path: &Path) -> io::Result<()> {
    create_dir_all(path.parent().expect("a file is in a directory"))?;
    let mut file = File::create(path)?;
    for row in results {
        for figure in &row.figures {
            writeln!(
                file,
                r#"{{"table":"{}","octets":{},"who":"{}","median_ns":{:.3},"min_ns":{:.3}}}"#,
                row.table, row.size, figure.name, figure.median, figure.min,
            )?;
        }
    }
    Ok(())
}

/// Each goal whose rows were measured, and what came out.
pub fn goals(results: &[Result]) -> String {
    let mut text = String::from("\ngoals (medians)\n");
    for row in results {
        let ours = row.median(wsabi::NAME);
        let judged = match (row.table.as_str(), row.size) {
            ("decode binary", 0..=125) => vec![at_most(
                "1: decode binary, time / best Rust crate",
                ratio(ours, row.best(&RUST_CRATES)),
                1.0 / 3.0,
            )],
            ("decode binary", 16_384..) => vec![
                at_most("2: decode binary, time / (read + XOR)", ratio(ours, row.limit()), 1.15),
                at_most("2: decode binary, time / best peer", ratio(ours, row.best(&PEERS)), 1.0),
            ],
            ("decode mixed-script text", 1024) => vec![at_most(
                "3: decode mixed-script text, time / best peer",
                ratio(ours, row.best(&PEERS)),
                0.85,
            )],
            ("decode ASCII text", 1024) => vec![at_most(
                "4: decode ASCII text, time / best peer",
                ratio(ours, row.best(&PEERS)),
                0.7,
            )],
            ("encode binary", 0..=1024) => vec![at_most(
                "5: encode, time / tungstenite",
                ratio(ours, row.median(tungstenite::NAME)),
                1.0 / 3.0,
            )],
            _ => vec![],
        };
        for line in judged.into_iter().flatten() {
            writeln!(text, "{:>9} octets  {line}", row.size).expect("a String takes everything");
        }
    }
    text
}

/// How a ratio compares with what it may be.
fn at_most(what: &str, ratio: Option<f64>, bound: f64) -> Option<String> {
    let ratio = ratio?;
    let verdict = if ratio <= bound { "reached" } else { "MISSED" };
    Some(format!("{what:<48} {ratio:>6.2}  <= {bound:.2}  {verdict}"))
}

fn ratio(ours: Option<f64>, theirs: Option<f64>) -> Option<f64> {
    Some(ours? / theirs?)
}

fn show(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// Three digits.
fn digits(ns: f64) -> String {
    match ns {
        0.0..10.0 => format!("{ns:.2}"),
        10.0..100.0 => format!("{ns:.1}"),
        _ => format!("{ns:.0}"),
    }
}
