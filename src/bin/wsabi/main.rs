//! The command `wsabi`: connects to servers, is one, and explains captured
//! handshakes and frames.

mod arguments;
mod connect;
mod hands;
mod json;
mod report;
#[cfg(all(feature = "server", unix))]
mod serve;
mod signals;
mod url;

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

use wsabi::explain::{Explanation, Severity, explain, explain_frames};

use arguments::{Color, Command, Explain, parse};

/// Wrong usage, or a file that cannot be read or written.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    let (text, status) = match parse(std::env::args_os().skip(1)) {
        Ok(Command::Connect(command)) => {
            return match connect::run(*command) {
                Ok(status) => ExitCode::from(status),
                Err((status, mistake)) => complain(status, &mistake),
            };
        }
        #[cfg(all(feature = "server", unix))]
        Ok(Command::Serve(command)) => {
            return match serve::run(*command) {
                Ok(()) => ExitCode::SUCCESS,
                Err(mistake) => complain(1, &mistake),
            };
        }
        Ok(Command::Explain(command)) => match read(command.file.as_deref()) {
            Ok(capture) => run(&command, &capture),
            Err(error) => {
                let name = command.file.unwrap_or_else(|| "standard input".into());
                return complain(TROUBLE, &format!("{}: {error}", name.to_string_lossy()));
            }
        },
        Ok(Command::Help(text)) => (text.to_owned(), 0),
        Ok(Command::Version) => (concat!("wsabi ", env!("CARGO_PKG_VERSION"), "\n").to_owned(), 0),
        Err(mistake) => return complain(TROUBLE, &format!("{mistake}; see wsabi --help")),
    };
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has seen enough, as with `| head`.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(TROUBLE, &error.to_string())
        }
        _ => ExitCode::from(status),
    }
}

fn run(command: &Explain, capture: &[u8]) -> (String, u8) {
    let explanation = match command.frames {
        true => explain_frames(capture, command.from),
        false => explain(capture),
    };
    let status = u8::from(fails_somewhere(&explanation));
    let text = match command.json {
        true => json::write(&explanation),
        false => report::write(&explanation, capture, command.frames, has_color(command.color)),
    };
    (text, status)
}

fn fails_somewhere(explanation: &Explanation) -> bool {
    explanation.findings.iter().any(|finding| finding.severity() <= Severity::Browsers)
}

fn read(file: Option<&std::ffi::OsStr>) -> io::Result<Vec<u8>> {
    match file {
        Some(file) => fs::read(file),
        None => {
            let mut capture = Vec::new();
            io::stdin().lock().read_to_end(&mut capture)?;
            Ok(capture)
        }
    }
}

/// NO_COLOR counts when it is not empty: <https://no-color.org>.
fn has_color(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            !is_refused && io::stdout().is_terminal()
        }
    }
}

fn complain(status: u8, mistake: &str) -> ExitCode {
    // Where nobody listens, the exit status still tells.
    let _ = writeln!(io::stderr(), "wsabi: {mistake}");
    ExitCode::from(status)
}
