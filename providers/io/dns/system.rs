//! The resolver that the system describes.
//!
//! Its files are read anew for every lookup, so a `resolv.conf` or hosts file that changes (DHCP, a
//! VPN, a container's first seconds) counts at once, and nothing is cached. The search list is
//! walked here and not in the library, which takes the outcome of the last name for that of all:
//! a server that fails at the first name and knows no second would pass for "no such name".

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ProtocolConfig, ResolverConfig,
    ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, Record as WireRecord, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};

use super::{Dns, DnsError, Found, Kept, Question, Record, RecordData, RecordKind};
use crate::io::BoxFuture;

/// The resolver that `/etc/resolv.conf` and `/etc/hosts` describe.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDns;

impl Dns for SystemDns {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found> {
        Box::pin(async move { Ok(system_addresses(host).await?.0) })
    }

    fn addresses_kept<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Kept> {
        Box::pin(system_addresses(host))
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Vec<Record>, DnsError>> {
        Box::pin(ask(question))
    }
}

async fn ask(question: Question) -> Result<Vec<Record>, DnsError> {
    let host = &*question.name;
    let kind = match question.kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::Txt => RecordType::TXT,
    };
    let config = config(question.server).map_err(|source| failed(host, source))?;
    let name = Name::from_utf8(host).map_err(|source| failed(host, source.into()))?;
    if question.server.is_none()
        && let Some(records) = of_hosts_file(&name, kind)
    {
        return Ok(records);
    }
    ask_names(host, candidates(&name, &config), kind, config).await
}

/// Asks for one name after another, until one has the record or it is unknown whether it has.
pub(super) async fn ask_names(
    host: &str,
    names: Vec<Name>,
    kind: RecordType,
    config: (ResolverConfig, ResolverOpts),
) -> Result<Vec<Record>, DnsError> {
    let resolver = build(config).map_err(|source| failed(host, source))?;
    let owned = || host.to_owned();
    let mut outcome = DnsError::NoName { host: owned() };
    for name in names {
        let error = match resolver.lookup(name, kind).await {
            Ok(found) => {
                let records = records(found.answers(), kind, None);
                if !records.is_empty() {
                    return Ok(records);
                }
                DnsError::NoAddress { host: owned() }
            }
            Err(source) => failed(host, source),
        };
        match error {
            DnsError::NoName { .. } => {}
            DnsError::NoAddress { .. } => outcome = error,
            // The next name might answer, and for somebody else's machines.
            unknown => return Err(unknown),
        }
    }
    Err(outcome)
}

/// The names that may be meant, in the order in which resolv.conf(5) has them asked.
pub(super) fn candidates(
    name: &Name,
    (config, options): &(ResolverConfig, ResolverOpts),
) -> Vec<Name> {
    let mut whole = name.clone();
    whole.set_fqdn(true);
    if name.is_fqdn() {
        return vec![whole];
    }
    let domains = config.domain().into_iter().chain(config.search());
    let mut names = Vec::new();
    for domain in domains {
        let Ok(mut longer) = name.clone().append_domain(domain) else {
            continue;
        };
        longer.set_fqdn(true);
        if !names.contains(&longer) {
            names.push(longer);
        }
    }
    let dots = usize::from(name.num_labels()).saturating_sub(1);
    let at = if dots >= options.ndots {
        0
    } else {
        names.len()
    };
    names.insert(at, whole);
    names
}

fn of_hosts_file(name: &Name, kind: RecordType) -> Option<Vec<Record>> {
    // A hosts file that cannot be read is as good as none, as it is to the C library.
    let hosts = Hosts::from_system().ok()?;
    let found = hosts.lookup_static_host(&Query::query(name.clone(), kind))?;
    let records = records(found.answers(), kind, Some(Duration::ZERO));
    Some(records).filter(|records| !records.is_empty())
}

/// The records of a kind; a CNAME on the way is in the answer too.
fn records(answers: &[WireRecord], kind: RecordType, ttl: Option<Duration>) -> Vec<Record> {
    let of_kind = answers.iter().filter(|one| one.record_type() == kind);
    let read = |record: &WireRecord| {
        let ttl = ttl.unwrap_or_else(|| Duration::from_secs(u64::from(record.ttl)));
        data(&record.data).map(|data| Record { ttl, data })
    };
    of_kind.filter_map(read).collect()
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

/// The system's configuration, or one that asks a server of one's own.
pub(super) fn config(
    server: Option<SocketAddr>,
) -> Result<(ResolverConfig, ResolverOpts), NetError> {
    let Some(server) = server else {
        return read_system_conf();
    };
    let way = |protocol| {
        let mut way = ConnectionConfig::new(protocol);
        way.port = server.port();
        way
    };
    let ways = vec![way(ProtocolConfig::Udp), way(ProtocolConfig::Tcp)];
    let server = NameServerConfig::new(server.ip(), true, ways);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    Ok((config, ResolverOpts::default()))
}

fn build((config, mut options): (ResolverConfig, ResolverOpts)) -> Result<TokioResolver, NetError> {
    // One family first would hide the other's addresses from a cluster that needs them.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = 0;
    // The larger replies spare a second question over TCP.
    options.edns0 = true;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build()
}

fn failed(host: &str, source: NetError) -> DnsError {
    let host = host.to_owned();
    if source.is_nx_domain() {
        DnsError::NoName { host }
    } else if source.is_no_records_found() {
        DnsError::NoAddress { host }
    } else {
        DnsError::Unavailable { host, source }
    }
}

async fn system_addresses(host: &str) -> Kept {
    let config = config(None).map_err(|source| failed(host, source))?;
    addresses_by(host, config).await
}

pub(super) async fn addresses_by(host: &str, config: (ResolverConfig, ResolverOpts)) -> Kept {
    let failed = |source| failed(host, source);
    let resolver = build(config).map_err(failed)?;
    let answer = resolver.lookup_ip(host).await.map_err(failed)?;
    let found: Vec<IpAddr> = answer.iter().collect();
    if found.is_empty() {
        return Err(DnsError::NoAddress {
            host: host.to_owned(),
        });
    }
    let ttls = answer.as_lookup().answers().iter().map(|record| record.ttl);
    let ttl = ttls.min().map(|ttl| Duration::from_secs(u64::from(ttl)));
    // The library gives what the hosts file says a day to live.
    let is_of_file = Name::from_utf8(host).is_ok_and(|name| {
        let mut kinds = [RecordType::A, RecordType::AAAA].into_iter();
        kinds.any(|kind| of_hosts_file(&name, kind).is_some())
    });
    Ok((
        found,
        if is_of_file {
            Some(Duration::ZERO)
        } else {
            ttl
        },
    ))
}
