//! Host names to addresses, and other questions to name servers.
//!
//! The system's resolver is read anew for every lookup, so a `resolv.conf` or hosts file that
//! changes (DHCP, a VPN, a container's first seconds) counts at once, and nothing is cached.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::BoxFuture;

/// What a name resolved to: its addresses of both families, at least one.
pub type Found = Result<Vec<IpAddr>, DnsError>;

/// Why a name gave no address.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DnsError {
    /// The resolver says that there is no such name, or that it has no address.
    #[error("no address for `{host}`")]
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
    /// How long it may be kept.
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

    /// Asks name servers. No record of the kind is [`DnsError::NoAddress`].
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Vec<Record>, DnsError>> {
        let host = question.name;
        Box::pin(std::future::ready(Err(DnsError::Shut { host })))
    }
}

/// The resolver that `/etc/resolv.conf` and `/etc/hosts` describe.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDns;

impl Dns for SystemDns {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found> {
        Box::pin(system_addresses(host))
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Vec<Record>, DnsError>> {
        Box::pin(ask(question))
    }
}

async fn ask(question: Question) -> Result<Vec<Record>, DnsError> {
    let failed = |source| failed(&question.name, source);
    let resolver = resolver(question.server).map_err(failed)?;
    let kind = match question.kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::Txt => RecordType::TXT,
    };
    let found = resolver.lookup(&*question.name, kind).await;
    let found = found.map_err(failed)?;
    let read = |record: &hickory_resolver::proto::rr::Record| {
        let ttl = Duration::from_secs(u64::from(record.ttl));
        data(&record.data).map(|data| Record { ttl, data })
    };
    // A CNAME on the way is in the answer too.
    let of_kind = found
        .answers()
        .iter()
        .filter(|one| one.record_type() == kind);
    let records: Vec<Record> = of_kind.filter_map(read).collect();
    if records.is_empty() {
        let host = question.name;
        return Err(DnsError::NoAddress { host });
    }
    Ok(records)
}

fn data(data: &RData) -> Option<RecordData> {
    match data {
        RData::A(ip) => Some(RecordData::Address(IpAddr::V4(ip.0))),
        RData::AAAA(ip) => Some(RecordData::Address(IpAddr::V6(ip.0))),
        RData::SRV(srv) => Some(RecordData::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_utf8().trim_end_matches('.').to_owned(),
        }),
        RData::TXT(txt) => {
            let bytes = txt.txt_data.concat();
            Some(RecordData::Text(
                String::from_utf8_lossy(&bytes).into_owned(),
            ))
        }
        _ => None,
    }
}

/// The system's resolver, or one that asks a server of one's own.
fn resolver(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let way = |protocol| {
                let mut way = ConnectionConfig::new(protocol);
                way.port = server.port();
                way
            };
            let ways = vec![way(ProtocolConfig::Udp), way(ProtocolConfig::Tcp)];
            let server = NameServerConfig::new(server.ip(), true, ways);
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    // One family first would hide the other's addresses from a cluster that needs them.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = 0;
    builder.build()
}

fn failed(host: &str, source: NetError) -> DnsError {
    let host = host.to_owned();
    if source.is_no_records_found() {
        DnsError::NoAddress { host }
    } else {
        DnsError::Unavailable { host, source }
    }
}

async fn system_addresses(host: &str) -> Found {
    let failed = |source| failed(host, source);
    let resolver = resolver(None).map_err(failed)?;
    let found: Vec<IpAddr> = resolver
        .lookup_ip(host)
        .await
        .map_err(failed)?
        .iter()
        .collect();
    if found.is_empty() {
        return Err(DnsError::NoAddress {
            host: host.to_owned(),
        });
    }
    Ok(found)
}

/// A resolver that knows what it was told: names that are not in it do not exist.
#[derive(Debug, Clone, Default)]
pub struct FakeDns {
    names: BTreeMap<String, Vec<IpAddr>>,
    records: BTreeMap<Question, Vec<Record>>,
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

    /// The addresses of a name as records, which any server knows.
    fn records_of_name(&self, question: &Question) -> Option<Vec<Record>> {
        let is_wanted = |ip: &&IpAddr| match question.kind {
            RecordKind::A => ip.is_ipv4(),
            RecordKind::Aaaa => ip.is_ipv6(),
            RecordKind::Srv | RecordKind::Txt => false,
        };
        let record = |ip: &IpAddr| Record {
            ttl: Duration::from_mins(1),
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

    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Vec<Record>, DnsError>> {
        let found = self.records.get(&question).cloned();
        let found = found.or_else(|| self.records_of_name(&question));
        let host = question.name;
        let found = found.filter(|records| !records.is_empty());
        Box::pin(std::future::ready(
            found.ok_or(DnsError::NoAddress { host }),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hosts_file_is_read() {
        let found = SystemDns.addresses("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }
}
