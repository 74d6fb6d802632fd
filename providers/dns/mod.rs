//! The addresses behind host names: records of type A and AAAA.
//!
//! Both families are asked for and merged. A name without records is a gap: it may be about to
//! appear, and a cluster must not be founded in the belief that nobody is there. Names of any
//! registry that speaks DNS work: Consul, Nomad, Swarm's `tasks.<service>`, Cloud Map, Fly.io.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

use crate::{
    ADDRESS_KEYS, About, Address, BoxFuture, DnsError, Instance, Key, Keys, Kind, Lookup, Provider,
    Query, QueryError, Question, Record, RecordData, RecordKind, ResolveError, Seen, place,
};

const NAME: &str = "dns";

const ABOUT: About = About {
    finds: "the addresses behind host names",
    credentials: "",
    permissions: "",
    link: "",
};

const KEYS: &[Key] = &[
    Key::required("name", "host names, separated by commas").checked(check_names),
    Key::optional(
        "resolver",
        "name server to ask, `ip` or `ip:port`; default: the system's",
    )
    .checked(check_resolver),
    Key::optional("type", "`A`, `AAAA` or `A+AAAA` (default)").choices(&["A", "AAAA", "A+AAAA"]),
];

/// The provider `dns`.
#[derive(Debug)]
pub(crate) struct DnsNames;

impl Provider for DnsNames {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn keys(&self) -> Keys {
        &[KEYS, ADDRESS_KEYS]
    }

    fn check(&self, query: &Query) -> Result<(), QueryError> {
        match query.value("name") {
            Some(_name) => Ok(()),
            None => Err(QueryError::MissingKey {
                provider: NAME,
                key: "name",
            }),
        }
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let names = lookup.query.value("name").unwrap_or_default();
            for name in names.split(',').map(str::trim) {
                if let Err(error) = read_name(lookup, name, seen).await {
                    seen.gap(format!("name {name}"), error);
                }
            }
            Ok(())
        })
    }
}

/// Adds the addresses of one name; a family without records is none of the other's business.
async fn read_name(lookup: Lookup<'_>, name: &str, seen: &mut Seen) -> Result<(), ResolveError> {
    let kinds: &[RecordKind] = match lookup.query.value("type") {
        Some("A") => &[RecordKind::A],
        Some("AAAA") => &[RecordKind::Aaaa],
        _ => &[RecordKind::A, RecordKind::Aaaa],
    };
    let server = lookup.query.value("resolver").and_then(resolver);
    let mut last = None;
    let mut is_found = false;
    for kind in kinds.iter().copied() {
        let question = Question {
            name: name.to_owned(),
            kind,
            server,
        };
        match lookup.io.dns().ask(question).await {
            Ok(records) => {
                is_found = true;
                seen.instances
                    .extend(records.iter().filter_map(|one| instance(name, one)));
            }
            Err(error @ DnsError::NoAddress { .. }) => last = Some(failed(name, error)),
            Err(error) => return Err(failed(name, error)),
        }
    }
    match last {
        Some(error) if !is_found => Err(error),
        _ => Ok(()),
    }
}

fn instance(name: &str, record: &Record) -> Option<Instance> {
    let RecordData::Address(ip) = record.data else {
        return None;
    };
    let mut instance = Instance::from_call("look up").with_address(Address::of(ip));
    instance.name = Some(name.to_owned());
    Some(instance)
}

fn failed(name: &str, error: DnsError) -> ResolveError {
    let kind = match error {
        DnsError::NoAddress { .. } => Kind::Answer,
        DnsError::Unavailable { .. } => Kind::Unavailable,
        DnsError::Shut { .. } => Kind::Internal,
    };
    ResolveError::new(kind, NAME, "look up")
        .with("name", name)
        .with_source(error)
}

fn check_names(list: &str) -> Result<(), String> {
    let is_good = |name: &str| place::is_name(name.strip_suffix('.').unwrap_or(name));
    match list.split(',').map(str::trim).find(|name| !is_good(name)) {
        Some(wrong) => Err(format!("has `{wrong}`, which is no host name")),
        None => Ok(()),
    }
}

fn check_resolver(text: &str) -> Result<(), String> {
    match resolver(text) {
        Some(_server) => Ok(()),
        None => Err(format!(
            "is an IP address with an optional port, not `{text}`"
        )),
    }
}

fn resolver(text: &str) -> Option<SocketAddr> {
    /// DNS.
    const PORT: u16 = 53;
    let alone = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    text.parse().or(alone).ok()
}
