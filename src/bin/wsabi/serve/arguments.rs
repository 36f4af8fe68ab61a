//! The arguments of `wsabi serve`: those of every example echo server.

use std::ffi::OsString;

use wsabi::conn::{Config, ConfigError, OptionKey, Policy};

use super::super::arguments::{Command, Words, number};
use super::Serve;

pub(in super::super) const HELP: &str = "\
usage: wsabi serve [OPTION]...

Echoes every message. Prints one line when it listens. Answers a browser with a
page that connects back. Ends with 1001 for everybody when interrupted.

  --host HOST                    name or address; 127.0.0.1 by default
  --port PORT                    9001 by default; 0 is any free one
  --unix PATH                    listens to that socket instead
  --threads N                    a server for each; 1 by default
  --path PATH                    serves that; without it, everything. Repeatable
  --subprotocol NAME             in order of preference. Repeatable
  --subprotocol-absent POLICY    for a client that names none
  --subprotocol-mismatch POLICY  for one that names no known one
  --origin ORIGIN                refuses every other with 403. Repeatable
  --no-deflate                   agrees on no compression
  --max-message OCTETS           16777216 by default
  --opening-timeout MS           10000 by default
  --idle-timeout MS              ends who says nothing for that long
  --metrics PATH                 answers there with the counters, for Prometheus
  --help                         print this

A policy is accept (the default), reject (with 400), or close (accept, then close
with 1008). With several threads, --metrics has those of the one that is asked.

exit status:  0  when interrupted
              1  it cannot listen
              2  wrong usage
";

/// # Errors
/// What is wrong with them.
pub(in super::super) fn parse(
    mut words: Words<impl Iterator<Item = OsString>>,
) -> Result<Command, String> {
    let mut config = serving_config().map_err(|_| "the defaults do not go together")?;
    let (mut host, mut port) = ("127.0.0.1".to_owned(), 9001);
    let (mut unix, mut threads, mut metrics) = (None, 1, None);
    let (mut path, mut subprotocol) = (String::new(), String::new());
    while let Some(option) = words.next_option() {
        let set = match option.as_str() {
            "--host" => {
                host = words.value()?;
                Ok(())
            }
            "--port" => {
                port = number(&words.value()?)?;
                Ok(())
            }
            "--unix" => {
                unix = Some(words.value()?.into());
                Ok(())
            }
            "--threads" => {
                threads = number::<u8>(&words.value()?)?.max(1).into();
                Ok(())
            }
            "--metrics" => {
                metrics = Some(words.value()?);
                Ok(())
            }
            "--path" => {
                let value = words.value()?;
                // The page holds the first one as it is.
                if !is_path(&value) {
                    return Err(format!("{value:?} is no path"));
                }
                let set = config.add_resource(&value);
                keep_first(&mut path, value);
                set
            }
            "--subprotocol" => {
                let value = words.value()?;
                let set = config.add_subprotocol(&value);
                keep_first(&mut subprotocol, value);
                set
            }
            "--subprotocol-absent" => {
                config.set(OptionKey::SubprotocolAbsent, parse_policy(&words.value()?)?)
            }
            "--subprotocol-mismatch" => {
                config.set(OptionKey::SubprotocolMismatch, parse_policy(&words.value()?)?)
            }
            "--origin" => config.add_origin(&words.value()?),
            "--no-deflate" => {
                words.no_value()?;
                config.set(OptionKey::Deflate, 0)
            }
            "--max-message" => limit_messages(&mut config, number(&words.value()?)?),
            "--opening-timeout" => config.set(OptionKey::OpeningTimeout, number(&words.value()?)?),
            "--idle-timeout" => config.set(OptionKey::IdleTimeout, number(&words.value()?)?),
            "--help" | "-h" => return Ok(Command::Help(HELP)),
            _ => return Err(format!("unknown option {option}")),
        };
        set.map_err(|_| format!("that is no value for {option}, or named twice"))?;
    }
    if !words.operands.is_empty() {
        return Err("there are options alone".into());
    }
    let path = if path.is_empty() { "/" } else { &path };
    let page =
        include_str!("page.html").replace("{path}", path).replace("{subprotocol}", &subprotocol);
    let serve = Serve { config, host, port, unix, threads, metrics, page };
    Ok(Command::Serve(Box::new(serve)))
}

fn serving_config() -> Result<Config, ConfigError> {
    let mut config = Config::default();
    config.set(OptionKey::AutoAccept, 1)?;
    config.set(OptionKey::PlainHttp, 1)?;
    config.set_close_reason("This server demands one of its subprotocols.")?;
    limit_messages(&mut config, 16 << 20)?;
    Ok(config)
}

/// Lets the largest message be echoed while as much output waits as one read can
/// cause above the mark from which on a client is no longer read from. Most is
/// caused by small messages, which arrive compressed in a dozen octets and are
/// echoed as they are, up to 256.
fn limit_messages(config: &mut Config, max_message: u64) -> Result<(), ConfigError> {
    let mark = config.get(OptionKey::OutputHighMark) + 32 * config.get(OptionKey::ReadSize);
    config.set(OptionKey::MaxMessageSize, max_message)?;
    config.set(OptionKey::MaxOutput, max_message.saturating_add(mark))
}

fn parse_policy(text: &str) -> Result<u64, String> {
    Ok(match text {
        "accept" => Policy::Accept,
        "reject" => Policy::Reject,
        "close" => Policy::Close,
        _ => return Err(format!("a policy is accept, reject or close, not {text:?}")),
    } as u64)
}

/// Of RFC 3986's characters, so that it means nothing else in HTML or a script.
fn is_path(text: &str) -> bool {
    let is_pchar = |c: char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:@".contains(c);
    text.starts_with('/') && text.chars().all(is_pchar)
}

fn keep_first(first: &mut String, value: String) {
    if first.is_empty() {
        *first = value;
    }
}
