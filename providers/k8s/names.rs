//! What is found by the cluster's names, without its API and without a right.
//!
//! Form: <https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>, read 2026. A
//! headless Service answers with its ready pods, or with all of them if it has
//! `publishNotReadyAddresses`; its named ports are SRV records. A `StatefulSet`'s pods have names
//! before they run.

use std::net::IpAddr;

use super::{NAME, keys, login};
use crate::{
    Address, DnsError, Instance, Kind, Lookup, Question, RecordData, RecordKind, ResolveError, Seen,
};

const OPERATION: &str = "look up the service";

/// Adds the names of a `StatefulSet`'s pods; whoever joins them looks them up.
pub(super) async fn ordinals(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let namespace = namespace(lookup).await?;
    let domain = keys::domain(lookup.query);
    let wanted = keys::Ordinals::from_query(lookup.query);
    for ordinal in wanted.start..wanted.start.saturating_add(wanted.replicas) {
        let name = format!("{}-{ordinal}", wanted.stateful_set);
        let host = format!("{name}.{}.{namespace}.svc.{domain}", wanted.service);
        let instance = Instance::from_call("count ordinals")
            .with_id(format!("{namespace}/{name}"))
            .with_address(Address::name(&host));
        seen.add(Instance {
            name: Some(name),
            ..instance
        });
    }
    Ok(())
}

/// Adds what a Service's name resolves to; with `port_name` each pod with its name and port.
pub(super) async fn service(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let namespace = namespace(lookup).await?;
    let domain = keys::domain(lookup.query);
    let service = lookup.query.value("service").unwrap_or_default();
    let name = format!("{service}.{namespace}.svc.{domain}");
    let Some(port) = lookup.query.value("port_name") else {
        let found = addresses(lookup, &name).await?;
        let one = |ip| Instance::from_call(OPERATION).with_address(Address::private(ip));
        seen.instances.extend(found.into_iter().map(one));
        return Ok(());
    };
    let name = format!("_{port}._tcp.{name}");
    let records = ask(lookup, &name, RecordKind::Srv).await;
    for record in records.map_err(|error| failed(&name, error))? {
        let RecordData::Srv { port, target, .. } = record else {
            continue;
        };
        match addresses(lookup, &target).await {
            Ok(found) => seen.add(Instance {
                addresses: found.into_iter().map(Address::private).collect(),
                name: Some(target),
                port: Some(port),
                ..Instance::from_call(OPERATION)
            }),
            Err(error) => seen.gap(format!("name {target}"), error),
        }
    }
    Ok(())
}

/// The IPv4 addresses of a name, else its IPv6 ones: a pod of two families is one contact. Where
/// `addr` chooses among them, both.
async fn addresses(lookup: Lookup<'_>, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let is_chosen = lookup.query.value("addr").is_some();
    let mut found = Vec::new();
    let mut last = None;
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        if !found.is_empty() && !is_chosen {
            break;
        }
        match ask(lookup, name, kind).await {
            Ok(records) => found.extend(records.iter().filter_map(|record| match record {
                RecordData::Address(ip) => Some(*ip),
                _ => None,
            })),
            Err(error @ (DnsError::NoAddress { .. } | DnsError::NoName { .. })) => {
                last = Some(error);
            }
            Err(error) => return Err(failed(name, error)),
        }
    }
    match last {
        // A name that is not there yet may be about to appear, and is no empty list.
        Some(error) if found.is_empty() => Err(failed(name, error)),
        _ => Ok(found),
    }
}

async fn ask(
    lookup: Lookup<'_>,
    name: &str,
    kind: RecordKind,
) -> Result<Vec<RecordData>, DnsError> {
    let question = Question {
        // The dot keeps the pod's search list out, which would ask for four names more.
        name: format!("{name}."),
        kind,
        server: None,
    };
    let records = lookup.io.dns().ask(question).await?;
    Ok(records.into_iter().map(|record| record.data).collect())
}

async fn namespace(lookup: Lookup<'_>) -> Result<String, ResolveError> {
    match lookup.query.value("namespace").unwrap_or("default") {
        "own" => login::own_namespace(lookup).await,
        name => Ok(name.to_owned()),
    }
}

fn failed(name: &str, error: DnsError) -> ResolveError {
    let kind = match error {
        DnsError::NoAddress { .. } | DnsError::NoName { .. } => Kind::Answer,
        DnsError::Unavailable { .. } => Kind::Unavailable,
        DnsError::Shut { .. } => Kind::Internal,
    };
    let failed = ResolveError::new(kind, NAME, OPERATION);
    failed.with("name", name).with_source(error)
}
