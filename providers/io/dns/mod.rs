//! Host names to addresses, and other questions to name servers.
//!
//! What can go wrong is told apart: there is no such name, the name has no such record, and it is
//! unknown whether it has. The last must never pass for one of the others.

#[cfg(test)]
pub(crate) mod server;
mod system;
#[cfg(test)]
mod tests;

pub use system::SystemDns;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::net::NetError;

use super::BoxFuture;

/// What a name resolved to: its addresses of both families, at least one.
pub type Found = Result<Vec<IpAddr>, DnsError>;

/// As [`Found`], and how long it may be kept; none if nobody said.
pub type Kept = Result<(Vec<IpAddr>, Option<Duration>), DnsError>;

/// Why a name gave no address.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DnsError {
    /// The resolver says that there is no such name (NXDOMAIN).
    #[error("no name `{host}`")]
    NoName {
        /// The name.
        host: String,
    },
    /// The resolver says that the name has no address, or no record of the kind asked for.
    #[error("no address or other such record for `{host}`")]
    NoAddress {
        /// The name.
        host: String,
    },
    /// The resolver could not be asked, or did not know.
    #[error("name servers, asked for `{host}`")]
    Unavailable {
        /// The name.
        host: String,
        /// What the resolver said.
        source: NetError,
    },
    /// This door knows no other question than that for all addresses.
    #[error("this lookup cannot ask name servers for `{host}`")]
    Shut {
        /// The name.
        host: String,
    },
}

/// A question to name servers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The name, as it is written; without a trailing dot the search list of the system counts.
    pub name: String,
    /// What is asked for.
    pub kind: RecordKind,
    /// The name server to ask, in place of the system's.
    pub server: Option<SocketAddr>,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Services: names with ports.
    Srv,
    /// Texts.
    Txt,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// How long it may be kept; zero for one of the hosts file, which may change at any time.
    pub ttl: Duration,
    /// What it says.
    pub data: RecordData,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordData {
    /// An address.
    Address(IpAddr),
    /// A service.
    Srv {
        /// The lowest is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host, without trailing dot.
        target: String,
    },
    /// A text, its strings put together; what is not UTF-8 is replaced.
    Text(String),
}

/// A resolver of host names.
pub trait Dns: fmt::Debug + Send + Sync {
    /// Gives all addresses of a name, A and AAAA. Dropping the future ends the lookup.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found>;

    /// As [`Dns::addresses`], and how long they may be kept: the shortest time on the way to them,
    /// zero if the hosts file gave them. A door that does not know says none.
    fn addresses_kept<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Kept> {
        let found = self.addresses(host);
        Box::pin(async move { Ok((found.await?, None)) })
    }

    /// Asks name servers. No record of the kind is [`DnsError::NoAddress`] or
    /// [`DnsError::NoName`], never an empty list.
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Vec<Record>, DnsError>> {
        let host = question.name;
        Box::pin(std::future::ready(Err(DnsError::Shut { host })))
    }
}

/// How long the addresses of a name may be kept by the word of [`FakeDns`].
const FAKE_TTL: Duration = Duration::from_mins(1);

/// A resolver that knows what it was told: names that are not in it do not exist.
#[derive(Debug, Clone, Default)]
pub struct FakeDns {
    names: BTreeMap<String, Vec<IpAddr>>,
    records: BTreeMap<Question, Vec<Record>>,
    failing: BTreeSet<Question>,
}

impl FakeDns {
    /// Adds a name with its addresses.
    #[must_use]
    pub fn with(mut self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.names
            .insert(host.to_owned(), addresses.into_iter().collect());
        self
    }

    /// Adds the records that answer a question.
    #[must_use]
    pub fn with_records(mut self, question: Question, records: Vec<Record>) -> Self {
        self.records.insert(question, records);
        self
    }

    /// Adds a question that name servers fail to answer.
    #[must_use]
    pub fn with_failure(mut self, question: Question) -> Self {
        self.failing.insert(question);
        self
    }

    fn answer(&self, question: Question) -> Result<Vec<Record>, DnsError> {
        let found = self.records.get(&question).cloned();
        let found = found.or_else(|| self.records_of_name(&question));
        match found.filter(|records| !records.is_empty()) {
            Some(records) => Ok(records),
            None if self.failing.contains(&question) => Err(DnsError::Unavailable {
                host: question.name,
                source: NetError::Message("the name server fails"),
            }),
            None if self.knows(&question) => Err(DnsError::NoAddress {
                host: question.name,
            }),
            None => Err(DnsError::NoName {
                host: question.name,
            }),
        }
    }

    /// Says whether the server knows the name, be it of another kind.
    fn knows(&self, question: &Question) -> bool {
        let known = self.records.keys().chain(&self.failing);
        let mut known = known.filter(|known| known.server == question.server);
        known.any(|known| known.name == question.name) || self.names.contains_key(&question.name)
    }

    /// The addresses of a name as records, which any server knows.
    fn records_of_name(&self, question: &Question) -> Option<Vec<Record>> {
        let is_wanted = |ip: &&IpAddr| match question.kind {
            RecordKind::A => ip.is_ipv4(),
            RecordKind::Aaaa => ip.is_ipv6(),
            RecordKind::Srv | RecordKind::Txt => false,
        };
        let record = |ip: &IpAddr| Record {
            ttl: FAKE_TTL,
            data: RecordData::Address(*ip),
        };
        let ips = self.names.get(&question.name)?.iter().filter(is_wanted);
        Some(ips.map(record).collect())
    }
}

impl Dns for FakeDns {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found> {
        let found = match self.names.get(host) {
            Some(addresses) if !addresses.is_empty() => Ok(addresses.clone()),
            _ => Err(DnsError::NoAddress {
                host: host.to_owned(),
            }),
        };
        Box::pin(std::future::ready(found))
    }

    fn addresses_kept<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Kept> {
        let found = self.addresses(host);
        Box::pin(async move { Ok((found.await?, Some(FAKE_TTL))) })
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Vec<Record>, DnsError>> {
        Box::pin(std::future::ready(self.answer(question)))
    }
}
