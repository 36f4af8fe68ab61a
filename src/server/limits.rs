//! How many connections there may be.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use crate::conn::{Config, OptionKey};

/// Connections in all and of each address.
#[derive(Debug)]
pub(super) struct Limits {
    most: u64,
    most_of_address: u64,
    counts: HashMap<IpAddr, u64>,
}

impl Limits {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            most: config.get(OptionKey::MaxConnections),
            most_of_address: config.get(OptionKey::MaxConnectionsPerAddress),
            counts: HashMap::new(),
        }
    }

    /// Counts a connection in, if there may be one more beside `count` others.
    /// Addresses are kept only where they are limited.
    pub(super) fn admit(
        &mut self,
        count: usize,
        address: Option<IpAddr>,
    ) -> Result<Option<IpAddr>, TooMany> {
        if count as u64 >= self.most {
            return Err(TooMany);
        }
        let Some(address) = address.filter(|_| self.most_of_address > 0) else { return Ok(None) };
        // IPv4 on a socket of both kinds is the same address.
        let address = address.to_canonical();
        let of_address = self.counts.entry(address).or_default();
        if *of_address >= self.most_of_address {
            return Err(TooMany);
        }
        *of_address += 1;
        Ok(Some(address))
    }

    /// Counts one out.
    pub(super) fn leave(&mut self, address: IpAddr) {
        if let Some(count) = self.counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&address);
            }
        }
    }
}

/// There are too many already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl From<TooMany> for io::Error {
    fn from(_: TooMany) -> Self {
        Self::new(io::ErrorKind::QuotaExceeded, "there are too many connections")
    }
}
