//! Origins, RFC 6454 sections 4 to 6.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::request::is_host;

/// A serialised origin, in the form in which two are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    /// The port, the scheme's own one when none is named.
    port: Option<u16>,
}

impl Origin {
    /// Parses `scheme://host[:port]` or `null`, and nothing else: no path, no
    /// user, no list.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self { scheme: text.to_owned(), host: String::new(), port: None });
        }
        let (scheme, authority) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
        // A pattern is none: origins are compared whole.
        if !is_scheme || !is_host(authority.as_bytes()) || authority.contains('*') {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let (host, port) = split_port(authority);
        let port = match port {
            Some(port) => Some(port.parse().ok()?),
            None => default_port(&scheme),
        };
        Some(Self { scheme, host: host.to_ascii_lowercase(), port })
    }

    /// Whether it names the host of that Host header field, and its port.
    #[must_use]
    pub fn is_of_host(&self, host: &str) -> bool {
        let (name, port) = split_port(host);
        let port = match port {
            Some(port) => port.parse().ok(),
            None => default_port(&self.scheme),
        };
        !self.host.is_empty() && self.host.eq_ignore_ascii_case(name) && self.port == port
    }
}

/// Host and port; a port that is named but empty is none.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => {
            (host, Some(port).filter(|port| !port.is_empty()))
        }
        _ => (authority, None),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}
