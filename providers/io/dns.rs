//! Host names to addresses.
//!
//! The system's resolver is read anew for every lookup, so a `resolv.conf` or hosts file that
//! changes (DHCP, a VPN, a container's first seconds) counts at once, and nothing is cached.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;

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
}

/// A resolver of host names.
pub trait Dns: fmt::Debug + Send + Sync {
    /// Gives all addresses of a name, A and AAAA. Dropping the future ends the lookup.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found>;
}

/// The resolver that `/etc/resolv.conf` and `/etc/hosts` describe.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDns;

impl Dns for SystemDns {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Found> {
        Box::pin(system_addresses(host))
    }
}

async fn system_addresses(host: &str) -> Found {
    let failed = |source: NetError| {
        let host = host.to_owned();
        if source.is_no_records_found() {
            DnsError::NoAddress { host }
        } else {
            DnsError::Unavailable { host, source }
        }
    };
    let mut builder = TokioResolver::builder_tokio().map_err(failed)?;
    let options = builder.options_mut();
    // One family first would hide the other's addresses from a cluster that needs them.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = 0;
    let resolver = builder.build().map_err(failed)?;
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
}

impl FakeDns {
    /// Adds a name with its addresses.
    #[must_use]
    pub fn with(mut self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.names
            .insert(host.to_owned(), addresses.into_iter().collect());
        self
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
