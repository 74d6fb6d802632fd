//! What a lookup returns: contacts, and the gaps where some could not be read.
//!
//! Pure. An answer is complete, or partial with its gaps; where nothing could be read there is an
//! error and no answer. Joining may use a partial answer, founding a cluster must know of the gaps.

mod instance;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

pub use instance::{Address, AddressKind, Instance, Seen};

use crate::ResolveError;

/// Where a contact is reached: an address, or a name that is still to be looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// An IP address.
    Ip(IpAddr),
    /// A host name without trailing dot.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// An address with what the provider said of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// Where it is reached.
    pub host: Host,
    /// The port, where the provider knows one.
    pub port: Option<u16>,
    /// The vendor's id of the machine.
    pub instance: Option<String>,
    /// The vendor's word for the place that fails as one.
    pub zone: Option<String>,
    /// A name for people.
    pub name: Option<String>,
    /// What the operator attached to the machine.
    pub tags: BTreeMap<String, String>,
}

impl Contact {
    /// A contact of which nothing but its host is known.
    pub const fn new(host: Host) -> Self {
        Self {
            host,
            port: None,
            instance: None,
            zone: None,
            name: None,
            tags: BTreeMap::new(),
        }
    }
}

impl fmt::Display for Contact {
    /// Writes `host`, `host:port`, or `[v6]:port`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.host, self.port) {
            (host, None) => host.fmt(f),
            (Host::Ip(IpAddr::V6(ip)), Some(port)) => write!(f, "[{ip}]:{port}"),
            (host, Some(port)) => write!(f, "{host}:{port}"),
        }
    }
}

/// A part that was asked for and could not be read.
#[derive(Debug, Clone)]
pub struct Gap {
    /// The part, such as `page 3` or `instance i-0a1b`.
    pub part: String,
    /// Why it is missing.
    pub error: ResolveError,
}

/// What became of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// These of its addresses are in the answer.
    Kept(Vec<Contact>),
    /// It is left out on purpose, and why, as a phrase such as `is stopped`.
    Dropped(String),
    /// It matches and cannot be reached: it has none of the wanted addresses. A gap names it.
    Unreachable(String),
}

/// What a lookup found.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The contacts, sorted; no two share host and port.
    pub contacts: Vec<Contact>,
    /// What is missing; empty if the answer is complete.
    pub gaps: Vec<Gap>,
    /// Every instance that was seen, in the provider's order, and what became of it.
    pub seen: Vec<(Instance, Fate)>,
    /// How long it stays true by the word of who gave it, such as the smallest TTL; asking again
    /// sooner gives nothing new. None if nobody said; zero for what may change at any time.
    pub fresh_for: Option<Duration>,
}

impl Answer {
    /// Says whether everything that was asked for could be read.
    pub const fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Sorts the contacts and keeps one of each host and port.
    pub(crate) fn settle(&mut self) {
        self.contacts.sort_unstable();
        self.contacts
            .dedup_by(|a, b| (&a.host, a.port) == (&b.host, b.port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(ip: &str, port: Option<u16>) -> Contact {
        Contact {
            port,
            ..Contact::new(Host::Ip(ip.parse().unwrap()))
        }
    }

    #[test]
    fn contacts_are_sorted_by_number_and_unique() {
        let mut answer = Answer {
            contacts: vec![
                contact("10.0.0.10", None),
                contact("10.0.0.9", None),
                contact("10.0.0.10", None),
                contact("10.0.0.10", Some(8301)),
            ],
            ..Answer::default()
        };
        answer.settle();
        let shown: Vec<String> = answer.contacts.iter().map(Contact::to_string).collect();
        assert_eq!(shown, ["10.0.0.9", "10.0.0.10", "10.0.0.10:8301"]);
    }

    #[test]
    fn a_port_behind_an_ipv6_address_needs_brackets() {
        assert_eq!(
            contact("2001:db8::5", Some(8301)).to_string(),
            "[2001:db8::5]:8301"
        );
        assert_eq!(contact("2001:db8::5", None).to_string(), "2001:db8::5");
    }
}
