//! The catalogue of a Consul agent, which may be another cluster's.
//!
//! API: <https://developer.hashicorp.com/consul/api-docs>, v1, read 2026: `health/service/:name`,
//! `catalog/service/:name`, `catalog/nodes` and `status/peers`, none of them paged. Authentication:
//! `X-Consul-Token`. A list that the agent filtered by the token's rights, or that it gives without a
//! leader, is a gap: what is missing from it is unknown. Rate limits: 429 where an operator set some.
//! Addresses: the service's own, else its node's; `network=wan` and the like choose among a node's
//! tagged ones.

mod keys;
mod reply;
#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, BoxFuture, Call, Keys, Kind, Lookup, Provider, Query, QueryError, Reply,
    ResolveError, Rest, Seen, escape, judge_status,
};
use keys::KEYS;

const NAME: &str = "consul";

const ABOUT: About = About {
    finds: "the instances of a service, or the nodes, in the catalogue of a Consul agent",
    credentials: "`token` or `token_file`, else `CONSUL_HTTP_TOKEN`",
    permissions: "`service:read` and `node:read` for what is asked for; for `source=peers` nothing",
    link: "https://developer.hashicorp.com/consul/api-docs/health",
};

/// The provider `consul`.
#[derive(Debug)]
pub(crate) struct Consul;

impl Provider for Consul {
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
        keys::check(query)
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let rest = Rest::open(lookup, &keys::server(lookup)?).await?;
            let rest = match keys::token(lookup).await? {
                Some(token) => rest.with_header("x-consul-token", &token),
                None => rest,
            };
            let rest = rest.with_judge(judge);
            match keys::source(lookup.query) {
                "peers" => peers(&rest, seen).await,
                "nodes" => nodes(&rest, seen).await,
                source => services(&rest, source == "health", seen).await,
            }
        })
    }
}

/// Reads each service that was asked for; one that cannot be read is a gap among others.
async fn services(rest: &Rest<'_>, is_health: bool, seen: &mut Seen) -> Result<(), ResolveError> {
    let names: Vec<&str> = keys::list(rest.lookup().query, "service").collect();
    let deadline = rest.lookup().limits.deadline;
    let share = deadline / u32::try_from(names.len()).unwrap_or(u32::MAX).max(1);
    for name in names {
        let rest = rest.clone().within(share);
        if let Err(error) = service(&rest, is_health, name, seen).await {
            seen.gap(format!("service {name}"), error);
        }
    }
    Ok(())
}

async fn service(
    rest: &Rest<'_>,
    is_health: bool,
    name: &str,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let (operation, folder) = if is_health {
        (reply::HEALTH, "health")
    } else {
        (reply::CATALOG, "catalog")
    };
    let path = format!("v1/{folder}/service/{}", escape(name));
    let mut call = common(rest.get(operation, &path));
    for tag in keys::list(rest.lookup().query, "tags") {
        call = call.query("tag", tag);
    }
    if is_health && rest.lookup().query.value("passing_only") == Some("true") {
        call = call.query("passing", "true");
    }
    let reply = call.send().await?;
    if is_health {
        let list: Vec<reply::Healthy> = call.parse(&reply)?;
        add(
            rest,
            operation,
            list.into_iter().map(reply::Healthy::instance),
            seen,
        )?;
    } else {
        let list: Vec<reply::Listed> = call.parse(&reply)?;
        add(
            rest,
            operation,
            list.into_iter().map(reply::Listed::instance),
            seen,
        )?;
    }
    doubts(rest, operation, &format!("service {name}"), &reply, seen);
    Ok(())
}

async fn nodes(rest: &Rest<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let call = common(rest.get(reply::NODES, "v1/catalog/nodes"));
    let reply = call.send().await?;
    let list: Vec<reply::Node> = call.parse(&reply)?;
    add(
        rest,
        reply::NODES,
        list.into_iter().map(|node| node.instance(reply::NODES)),
        seen,
    )?;
    doubts(rest, reply::NODES, "nodes", &reply, seen);
    Ok(())
}

async fn peers(rest: &Rest<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let mut call = rest.get(reply::PEERS, "v1/status/peers");
    if let Some(datacenter) = rest.lookup().query.value("datacenter") {
        call = call.query("dc", datacenter);
    }
    let list: Vec<String> = call.json().await?;
    add(
        rest,
        reply::PEERS,
        list.iter().map(|peer| reply::peer(peer)),
        seen,
    )
}

/// With what every list takes.
fn common(mut call: Call<'_>) -> Call<'_> {
    let lookup = call.rest().lookup();
    for (name, key) in [
        ("dc", "datacenter"),
        ("ns", "namespace"),
        ("partition", "partition"),
        ("filter", "filter"),
    ] {
        if let Some(value) = lookup.value(key) {
            call = call.query(name, &value);
        }
    }
    for pair in keys::list(lookup.query, "node_meta") {
        call = call.query("node-meta", pair);
    }
    match lookup.query.value("allow_stale") {
        Some("false") => call,
        _ => call.query("stale", ""),
    }
}

/// Adds a list whole, or says what is wrong with it.
fn add(
    rest: &Rest<'_>,
    operation: &'static str,
    list: impl Iterator<Item = Result<crate::Instance, String>>,
    seen: &mut Seen,
) -> Result<(), ResolveError> {
    let found: Result<Vec<_>, String> = list.collect();
    let found = found.map_err(|why| {
        let error = rest.error(Kind::Answer, operation);
        error.with("reply", &format!("the list {why}"))
    })?;
    seen.instances.extend(found);
    Ok(())
}

/// Adds a gap if the agent says that there may be more than it gives.
fn doubts(rest: &Rest<'_>, operation: &'static str, part: &str, reply: &Reply, seen: &mut Seen) {
    if reply.header("x-consul-results-filtered-by-acls") == Some("true") {
        let error = rest.error(Kind::Denied, operation);
        let error = error.with("cause", "the token may not see all of the list");
        seen.gap(format!("{part}, what the token may not see"), error);
    }
    if reply.header("x-consul-knownleader") == Some("false") {
        let error = rest.error(Kind::Unavailable, operation);
        let error = error.with("cause", "the catalogue has no leader and may be old");
        seen.gap(format!("{part}, what is newer than the list"), error);
    }
}

/// Consul answers in words, some of them with a status that says something else.
fn judge(reply: &Reply) -> Option<Kind> {
    let says = |words: &str| {
        let text = std::str::from_utf8(&reply.body).unwrap_or_default();
        reply.status >= 400 && text.contains(words)
    };
    if says("ACL not found") {
        return Some(Kind::Credentials);
    }
    if says("Permission denied") {
        return Some(Kind::Denied);
    }
    if says("No path to datacenter") {
        return Some(Kind::Answer);
    }
    judge_status(reply)
}
