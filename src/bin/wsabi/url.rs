//! The URL of a WebSocket, RFC 6455 section 3.

/// A `ws:` URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) target: String,
    /// RFC 6455 4.1: the port unless it is the default one.
    pub(super) host_field: String,
}

const DEFAULT_PORT: u16 = 80;

impl Url {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        if scheme.eq_ignore_ascii_case("wss") {
            return Err("wss:// needs TLS, which is not there yet".into());
        }
        if !scheme.eq_ignore_ascii_case("ws") || rest.contains('#') {
            return Err(format!("{text:?} is no ws:// URL without fragment"));
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let bad_host = || format!("{text:?} has no host with an optional port");
        let host_len = match authority.starts_with('[') {
            true => authority.find(']').ok_or_else(bad_host)? + 1,
            false => authority.find(':').unwrap_or(authority.len()),
        };
        let (bracketed, rest) = authority.split_at(host_len);
        let host = bracketed.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || !(rest.is_empty() || rest.starts_with(':')) || authority.contains('@')
        {
            return Err(bad_host());
        }
        let port = match rest.trim_start_matches(':') {
            "" => DEFAULT_PORT,
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse().map_err(|_| format!("{digits} is not a number in range"))?
            }
            other => return Err(format!("{other:?} is not a number")),
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            target: format!("{}{target}", if target.starts_with('/') { "" } else { "/" }),
            host_field: match port {
                DEFAULT_PORT => bracketed.to_owned(),
                _ => format!("{bracketed}:{port}"),
            },
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_url() {
        for (text, host, port, target, host_field) in [
            ("ws://example.com", "example.com", 80, "/", "example.com"),
            ("WS://example.com:80/a?b", "example.com", 80, "/a?b", "example.com"),
            ("ws://example.com:/", "example.com", 80, "/", "example.com"),
            ("ws://127.0.0.1:9001?q", "127.0.0.1", 9001, "/?q", "127.0.0.1:9001"),
            ("ws://[::1]:9001/", "::1", 9001, "/", "[::1]:9001"),
            ("ws://[::1]", "::1", 80, "/", "[::1]"),
            ("ws://h/@:/", "h", 80, "/@:/", "h"),
        ] {
            let url = Url::parse(text).unwrap();
            let fields =
                (url.host.as_str(), url.port, url.target.as_str(), url.host_field.as_str());
            assert_eq!(fields, (host, port, target, host_field), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "example.com",
            "http://example.com/",
            "wss://example.com/",
            "ws://",
            "ws://:80/",
            "ws:///path",
            "ws://user@example.com/",
            "ws://example.com/#fragment",
            "ws://example.com:65536/",
            "ws://example.com:+80/",
            "ws://example.com:port/",
            "ws://[::1/",
            "ws://[::1]9001/",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
