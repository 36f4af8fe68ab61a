//! The command line.

use std::ffi::OsString;

use wsabi::conn::{Config, OptionKey, Role};
use wsabi::explain::Sender;

#[cfg(all(feature = "server", unix))]
use super::serve::{self, Serve};
use super::url::Url;

pub(super) enum Command {
    Connect(Box<Connect>),
    Explain(Explain),
    #[cfg(all(feature = "server", unix))]
    Serve(Box<Serve>),
    /// One of the texts below.
    Help(&'static str),
    Version,
}

pub(super) struct Connect {
    pub(super) url: Url,
    pub(super) config: Config,
    /// Name and value.
    pub(super) headers: Vec<(String, String)>,
    pub(super) origin: String,
    /// Code and reason of the Close at the end of the input.
    pub(super) close: (u16, String),
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

const HELP: &str = "\
wsabi: what is wrong with a WebSocket connection

usage: wsabi connect [OPTION]... URL
       wsabi explain [OPTION]... [FILE]
       wsabi serve [OPTION]...
       wsabi help connect|explain|serve
       wsabi --version
";

const HELP_CONNECT: &str = "\
usage: wsabi connect [OPTION]... ws://HOST[:PORT][/PATH][?QUERY]

Sends each line of standard input as a text message, and prints the messages that
come. Closes at the end of the input, and when interrupted with 1001. Messages go
to standard output, all else to standard error. There is no TLS yet, for wss://.

  --subprotocol NAME       offers it; the first one is preferred
  --header 'NAME: VALUE'   a further header field of the request
  --origin ORIGIN          what a browser would say, such as https://example.com
  --ping SECONDS           pings; gives up when for as long nothing comes back
  --close CODE[:REASON]    of the Close at the end of the input; 1000 by default
  --no-deflate             offers no compression
  --help                   print this

exit status:  0  behind a closing handshake
              1  the connection could not be made, failed or broke off
              2  wrong usage
              3  the server refused
";

const HELP_EXPLAIN: &str = "\
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
pub(super) fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let Some(command) = arguments.next() else {
        return Err("no command is given".into());
    };
    match command.to_string_lossy().as_ref() {
        "connect" => parse_connect(Words::new(arguments)),
        "explain" => parse_explain(Words::new(arguments)),
        #[cfg(all(feature = "server", unix))]
        "serve" => serve::arguments::parse(Words::new(arguments)),
        "help" => {
            Ok(Command::Help(match arguments.next().as_ref().and_then(|topic| topic.to_str()) {
                Some("connect") => HELP_CONNECT,
                Some("explain") => HELP_EXPLAIN,
                #[cfg(all(feature = "server", unix))]
                Some("serve") => serve::arguments::HELP,
                _ => HELP,
            }))
        }
        "--help" | "-h" => Ok(Command::Help(HELP)),
        "--version" | "-V" => Ok(Command::Version),
        other => Err(format!("unknown command {other}")),
    }
}

fn parse_connect(mut words: Words<impl Iterator<Item = OsString>>) -> Result<Command, String> {
    let mut config = Config::default();
    // Reads however much waits to be written: a server that does not would wait for
    // this client as this client for it. Of lines, OUTPUT_MARK limits what waits.
    // The largest value is within the bounds.
    let _ = config.set(OptionKey::OutputHighMark, i64::MAX as u64);
    let mut headers = Vec::new();
    let mut origin = String::new();
    let mut close = (1000, String::new());
    while let Some(option) = words.next_option() {
        match option.as_str() {
            "--subprotocol" => {
                let name = words.value()?;
                config
                    .add_subprotocol(&name)
                    .map_err(|_| format!("{name:?} is no subprotocol, or named twice"))?;
            }
            "--header" => {
                let field = words.value()?;
                let (name, value) =
                    field.split_once(':').ok_or_else(|| format!("{field:?} is no header field"))?;
                headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
            }
            "--origin" => origin = words.value()?,
            "--ping" => {
                let seconds: u16 = number(&words.value()?)?;
                // A ping has until the next one for its pong.
                for key in [OptionKey::PingInterval, OptionKey::PongTimeout] {
                    config.set(key, 1000 * u64::from(seconds)).map_err(|_| "--ping is too long")?;
                }
            }
            "--close" => close = parse_close(&words.value()?)?,
            "--no-deflate" => {
                words.no_value()?;
                // 0 is always within the bounds.
                let _ = config.set(OptionKey::Deflate, 0);
            }
            "--help" | "-h" => return Ok(Command::Help(HELP_CONNECT)),
            _ => return Err(format!("unknown option {option}")),
        }
    }
    let [url] = words.operands.as_slice() else {
        return Err("there is one URL, and no further argument".into());
    };
    let url = Url::parse(&url.to_string_lossy())?;
    let connect = Connect { url, config, headers, origin, close };
    Ok(Command::Connect(Box::new(connect)))
}

fn parse_close(text: &str) -> Result<(u16, String), String> {
    let (code, reason) = text.split_once(':').unwrap_or((text, ""));
    let code = number(code)?;
    // What may be said is known to the library: a connection that goes nowhere tells.
    let conn = wsabi::conn::Connection::open(Config::default().into(), Role::Client, None);
    match conn.map(|mut conn| conn.close(code, reason)) {
        Ok(Ok(())) => Ok((code, reason.to_owned())),
        _ => Err(format!("{text:?} is no code and reason that may be sent")),
    }
}

pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number in range"))
}

fn parse_explain(mut words: Words<impl Iterator<Item = OsString>>) -> Result<Command, String> {
    let mut explain = Explain::default();
    while let Some(option) = words.next_option() {
        match option.as_str() {
            "--from" => {
                explain.from = Some(match words.value()?.as_str() {
                    "client" => Sender::Client,
                    "server" => Sender::Server,
                    other => return Err(format!("--from is client or server, not {other:?}")),
                });
            }
            "--color" => {
                explain.color = match words.value()?.as_str() {
                    "auto" => Color::Auto,
                    "always" => Color::Always,
                    "never" => Color::Never,
                    other => {
                        return Err(format!("--color is auto, always or never, not {other:?}"));
                    }
                };
            }
            "--frames" => {
                words.no_value()?;
                explain.frames = true;
            }
            "--json" => {
                words.no_value()?;
                explain.json = true;
            }
            "--help" | "-h" => return Ok(Command::Help(HELP_EXPLAIN)),
            _ => return Err(format!("unknown option {option}")),
        }
    }
    if explain.from.is_some() && !explain.frames {
        return Err("--from is for --frames".into());
    }
    if words.operands.len() > 1 {
        return Err("there is one FILE at most".into());
    }
    explain.file = words.operands.pop().filter(|file| file != "-");
    Ok(Command::Explain(explain))
}

/// The arguments behind a command: options, with values attached by `=` or behind
/// them, and operands.
pub(super) struct Words<I> {
    rest: I,
    option: String,
    attached: Option<String>,
    pub(super) operands: Vec<OsString>,
}

impl<I: Iterator<Item = OsString>> Words<I> {
    fn new(rest: I) -> Self {
        Self { rest, option: String::new(), attached: None, operands: Vec::new() }
    }

    /// The next option, without an attached value. Operands are set aside.
    pub(super) fn next_option(&mut self) -> Option<String> {
        for word in self.rest.by_ref() {
            match word.to_str() {
                Some("--") => break,
                Some(text) if text.starts_with('-') && text != "-" => {
                    let (option, value) = match text.split_once('=') {
                        Some((option, value)) => (option, Some(value.to_owned())),
                        None => (text, None),
                    };
                    (self.option, self.attached) = (option.to_owned(), value);
                    return Some(self.option.clone());
                }
                _ => self.operands.push(word),
            }
        }
        self.operands.extend(self.rest.by_ref());
        None
    }

    /// The value of that option.
    pub(super) fn value(&mut self) -> Result<String, String> {
        let behind = || self.rest.next()?.into_string().ok();
        let value = self.attached.take().or_else(behind);
        value.ok_or_else(|| format!("{} is without its value", self.option))
    }

    pub(super) fn no_value(&self) -> Result<(), String> {
        match self.attached {
            Some(_) => Err(format!("{} has no value", self.option)),
            None => Ok(()),
        }
    }
}
