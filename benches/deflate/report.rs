//! What was measured, as tables and beside the goals.

use std::fmt::{self, Display, Formatter, Write as _};

/// A library at a level, on messages of one size.
pub struct Line {
    pub name: &'static str,
    /// Octets of a message that came out.
    pub octets: f64,
    /// Octets of the heap.
    pub memory: usize,
    pub ns: f64,
    pub best_ns: f64,
}

/// All of them, on all sizes.
pub struct Table {
    operation: &'static str,
    takes_over: bool,
    pub columns: Vec<(usize, Vec<Line>)>,
}

impl Table {
    /// One without columns.
    pub fn new(operation: &'static str, takes_over: bool) -> Self {
        Self { operation, takes_over, columns: Vec::new() }
    }

    fn line(&self, size: usize, name: &str) -> Option<&Line> {
        let (_, lines) = self.columns.iter().find(|(other, _)| *other == size)?;
        lines.iter().find(|line| line.name == name)
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let how = if self.takes_over { "with" } else { "without" };
        writeln!(f, "\n{} {how} takeover: us, median round (best round), ratio", self.operation)?;
        write!(f, "{:<24}", "octets of a message")?;
        self.columns.iter().try_for_each(|(size, _)| write!(f, "{size:>25}"))?;
        writeln!(f, "{:>14}", "context KiB")?;
        let Some((_, first)) = self.columns.first() else { return Ok(()) };
        for &Line { name, .. } in first {
            write!(f, "{name:<24}")?;
            let mut memory = 0;
            for &(size, _) in &self.columns {
                let Some(line) = self.line(size, name) else { continue };
                let ratio = match self.operation {
                    "compress" => size as f64 / line.octets,
                    _ => f64::NAN,
                };
                let time = format!("{:.2} ({:.2})", line.ns / 1000.0, line.best_ns / 1000.0);
                let ratio = if ratio.is_nan() { String::new() } else { format!("{ratio:.2}") };
                write!(f, "{time:>18}{ratio:>7}")?;
                memory = line.memory;
            }
            writeln!(f, "{:>14.1}", memory as f64 / 1024.0)?;
        }
        Ok(())
    }
}

/// An echo of 1 KiB beside one with stock zlib.
pub fn goals(tables: &[Table]) -> String {
    let of = |operation: &str, name: &str| {
        let table = tables.iter().find(|table| table.operation == operation && !table.takes_over);
        table.and_then(|table| table.line(1024, name)).expect("it was measured")
    };
    let echo = |compressor: &str, inflater: &str| {
        let compress = of("compress", compressor);
        (compress.ns + of("inflate", inflater).ns, compress.octets)
    };
    let (zlib, zlib_octets) = echo("zlib, level 6", "zlib");
    let mut text =
        String::from("\n1 KiB inflated and compressed, without takeover, / zlib, level 6\n");
    for (name, most_time, most_octets) in
        [("wsabi, level 3", 0.8, 1.0), ("wsabi, level 1", 0.45, 1.4)]
    {
        let (time, octets) = echo(name, "wsabi");
        let (time, octets) = (time / zlib, octets / zlib_octets);
        let verdict = if time <= most_time && octets <= most_octets { "reached" } else { "MISSED" };
        writeln!(text, "{name:<24} time {time:.2} <= {most_time}, octets {octets:.2} <= {most_octets} {verdict}")
            .expect("a String takes everything");
    }
    text
}
