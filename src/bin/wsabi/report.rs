//! An explanation for people.

use std::fmt::Write;

use wsabi::explain::{
    Explanation, Finding, Frame, Place, Sender, Severity, close_code_name, printable,
};

/// Columns of the report.
const WIDTH: usize = 90;

/// Columns in front of what a finding says.
const INDENT: usize = 10;

pub(super) fn write(
    explanation: &Explanation,
    capture: &[u8],
    is_frames: bool,
    has_color: bool,
) -> String {
    let lines: Vec<_> = capture.split(|&octet| octet == b'\n').collect();
    let mut report = Report { text: String::new(), has_color, lines };
    report.summary(explanation, is_frames);
    if !explanation.frames.is_empty() {
        report.frames(&explanation.frames);
    }
    for finding in &explanation.findings {
        report.finding(finding);
    }
    report.text
}

struct Report<'c> {
    text: String,
    has_color: bool,
    lines: Vec<&'c [u8]>,
}

impl Report<'_> {
    fn summary(&mut self, explanation: &Explanation, is_frames: bool) {
        let seen = match is_frames {
            true => counted(explanation.frames.len(), "frame"),
            false => format!(
                "{}, {}",
                counted(explanation.requests, "request"),
                counted(explanation.responses, "response")
            ),
        };
        let words = [Severity::Fatal, Severity::Browsers, Severity::Risky, Severity::Note];
        let counts: Vec<_> = words
            .into_iter()
            .map(|severity| {
                let findings = &explanation.findings;
                (severity, findings.iter().filter(|one| one.severity() == severity).count())
            })
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| match severity {
                Severity::Note => counted(count, "note"),
                _ => format!("{count} {}", severity.word()),
            })
            .collect();
        let verdict = match counts.is_empty() {
            true => "nothing wrong".to_owned(),
            false => counts.join(", "),
        };
        self.line(&format!("{seen}: {verdict}"));
    }

    fn frames(&mut self, frames: &[Frame]) {
        self.line("");
        self.line("frame   offset  from    flags      opcode        length  payload");
        for (n, frame) in frames.iter().enumerate() {
            let sender = if frame.sender == Sender::Client { "client" } else { "server" };
            let code = match frame.close_code {
                Some(code) => format!("{code} ({}) ", close_code_name(code)),
                None => String::new(),
            };
            let row = format!(
                "{:>5} {:>8}  {sender}  {:<9}  {:<12} {:>7}  {code}{}",
                n + 1,
                frame.offset,
                flags(frame),
                frame.name(),
                frame.payload_len,
                frame.preview
            );
            self.line(row.trim_end());
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let rule = finding.kind.rule();
        self.line("");
        let tag = format!("{:<INDENT$}", finding.severity().word().to_uppercase());
        self.colored(color_of(finding.severity()), &tag);
        let full_stop = if finding.detail.is_empty() { "" } else { " " };
        self.wrapped(&format!("{}.{full_stop}{}", rule.text, finding.detail));
        self.offending(finding);
        self.labelled("rule", &format!("{}{}", rule.section, about(finding)));
        self.labelled("peers", rule.peers);
        self.labelled("mend", &finding.remedy);
    }

    /// The line of the capture, with the offending part marked.
    fn offending(&mut self, finding: &Finding) {
        if let (Place::Frame(_), false) = (finding.place, finding.offending.is_empty()) {
            self.line(&format!("{:>INDENT$}{}", "| ", finding.offending));
        }
        let Some(line) = finding.line.checked_sub(1).and_then(|n| self.lines.get(n)) else {
            return;
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let shown = printable(line);
        let shown = match shown.chars().count() > WIDTH - INDENT {
            true if !finding.offending.is_empty() => finding.offending.clone(),
            _ => shown,
        };
        self.line(&format!("{:>INDENT$}{shown}", format!("{} | ", finding.line)));
        let marked = finding.offending.trim_end_matches("...");
        if let Some(at) = shown.find(marked).filter(|_| !marked.is_empty()) {
            let before = shown.get(..at).map_or(0, |front| front.chars().count());
            let carets = "^".repeat(marked.chars().count());
            let pad = " ".repeat(before);
            self.colored("31", &format!("{:>INDENT$}{pad}{carets}", "| "));
            self.text.push('\n');
        }
    }

    fn labelled(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.colored("2", &format!("{label:>width$}  ", width = INDENT - 2));
            self.wrapped(text);
        }
    }

    /// Goes on at the indentation, and ends the line.
    fn wrapped(&mut self, text: &str) {
        let mut column = INDENT;
        for (n, word) in text.split(' ').enumerate() {
            let len = word.chars().count();
            if n > 0 && column + 1 + len > WIDTH {
                let _ = write!(self.text, "\n{:INDENT$}", "");
                column = INDENT;
            } else if n > 0 {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += len;
        }
        self.text.push('\n');
    }

    fn colored(&mut self, color: &str, text: &str) {
        let _ = match self.has_color {
            true => write!(self.text, "\x1b[{color}m{text}\x1b[0m"),
            false => write!(self.text, "{text}"),
        };
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

const fn color_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Fatal => "1;31",
        Severity::Browsers => "1;35",
        Severity::Risky => "1;33",
        Severity::Note => "1;36",
    }
}

fn about(finding: &Finding) -> String {
    match finding.place {
        Place::Capture => String::new(),
        Place::Frame(n) => format!(", in frame {n} at octet {}", finding.offset),
        place => format!(", in {} {}", place.word(), place.index()),
    }
}

fn flags(frame: &Frame) -> String {
    let names = [
        (frame.fin, "FIN"),
        (frame.rsv & 4 != 0, "RSV1"),
        (frame.rsv & 2 != 0, "RSV2"),
        (frame.rsv & 1 != 0, "RSV3"),
    ];
    let set: Vec<_> =
        names.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect();
    if set.is_empty() { "-".to_owned() } else { set.join(" ") }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
