//! The command line.

use std::ffi::OsString;

use wsabi::explain::Sender;

pub(super) enum Command {
    Explain(Explain),
    Help,
    HelpExplain,
    Version,
}

#[derive(Default)]
pub(super) struct Explain {
    pub(super) frames: bool,
    pub(super) from: Option<Sender>,
    pub(super) json: bool,
    pub(super) color: Color,
    /// `None` for standard input.
    pub(super) file: Option<OsString>,
}

#[derive(Clone, Copy, Default)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

pub(super) const HELP: &str = "\
wsabi: what is wrong with a WebSocket connection

usage: wsabi explain [OPTION]... [FILE]
       wsabi help explain
       wsabi --version
";

pub(super) const HELP_EXPLAIN: &str = "\
usage: wsabi explain [OPTION]... [FILE]

Explains a captured opening handshake: a request, a response, or any number of
both. Reads standard input without FILE, or when FILE is \"-\". Lines may end with
CR LF or LF, be numbered or indented, or have the arrows of curl -v.

  --frames              the capture is frames: octets, or a hex dump of them
  --from client|server  who sent the frames; else their mask bits tell
  --json                print JSON
  --color WHEN          auto (on a terminal, without NO_COLOR), always, never
  --help                print this

severity:  fatal     every peer that keeps to the RFC fails
           browsers  browsers fail, or some of them
           risky     allowed or overlooked, a source of trouble
           note      worth knowing

exit status:  0  nothing fatal, nothing that browsers fail on
              1  there is
              2  wrong usage, or the file cannot be read
";

/// # Errors
/// What is wrong with the command line.
pub(super) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut arguments = arguments.map(|argument| (argument.to_str().map(str::to_owned), argument));
    let command = match arguments.next() {
        Some((Some(command), _)) => command,
        Some((None, command)) => {
            return Err(format!("unknown command {}", command.to_string_lossy()));
        }
        None => return Err("no command is given".into()),
    };
    match command.as_str() {
        "explain" => {}
        "help"
            if arguments.next().is_some_and(|(topic, _)| topic.as_deref() == Some("explain")) =>
        {
            return Ok(Command::HelpExplain);
        }
        "help" | "--help" | "-h" => return Ok(Command::Help),
        "--version" | "-V" => return Ok(Command::Version),
        other => return Err(format!("unknown command {other}")),
    }
    let mut explain = Explain::default();
    let mut files = Vec::new();
    let mut is_operand = false;
    while let Some((text, argument)) = arguments.next() {
        let text = text.as_deref().unwrap_or_default();
        if is_operand || !text.starts_with('-') || text == "-" {
            files.push(argument);
            continue;
        }
        let (option, attached) = match text.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (text, None),
        };
        let mut value = || attached.clone().or_else(|| arguments.next()?.0).unwrap_or_default();
        match option {
            "--from" => {
                explain.from = Some(match value().as_str() {
                    "client" => Sender::Client,
                    "server" => Sender::Server,
                    other => return Err(format!("--from is client or server, not {other:?}")),
                });
            }
            "--color" => {
                explain.color = match value().as_str() {
                    "auto" => Color::Auto,
                    "always" => Color::Always,
                    "never" => Color::Never,
                    other => {
                        return Err(format!("--color is auto, always or never, not {other:?}"));
                    }
                };
            }
            _ if attached.is_some() => return Err(format!("unknown option {text}")),
            "--frames" => explain.frames = true,
            "--json" => explain.json = true,
            "--help" | "-h" => return Ok(Command::HelpExplain),
            "--" => is_operand = true,
            _ => return Err(format!("unknown option {text}")),
        }
    }
    if explain.from.is_some() && !explain.frames {
        return Err("--from is for --frames".into());
    }
    if files.len() > 1 {
        return Err("there is one FILE at most".into());
    }
    explain.file = files.pop().filter(|file| file != "-");
    Ok(Command::Explain(explain))
}
