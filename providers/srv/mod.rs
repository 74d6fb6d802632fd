//! Services in DNS: records of type SRV (RFC 2782), with their ports.
//!
//! The keys `service`, `proto` and `domain` are go-discover's; `name` is the whole name. The targets
//! are looked up, both families, unless `targets=names`. A target that cannot be looked up is a gap
//! among others. The only target `.` says that there is no such service, which is an empty answer; no
//! record at all is an error, unless `min_records=0`. Priority and weight become tags: whoever joins
//! reaches for all.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use crate::names::{self, Known};
use crate::{
    ADDRESS_KEYS, About, Address, BoxFuture, Cost, Host, Instance, Key, Keys, Kind, Lookup,
    Provider, Query, QueryError, Record, RecordData, RecordKind, ResolveError, Seen, place,
};

const NAME: &str = "srv";

const ABOUT: About = About {
    finds: "the targets of a service in DNS, with their ports",
    credentials: "",
    permissions: "",
    link: "https://www.rfc-editor.org/rfc/rfc2782",
};

const KEYS: &[Key] = &[
    Key::optional("domain", "domain of the service; with `service`").checked(check_name),
    names::MIN_RECORDS,
    Key::optional(
        "name",
        "whole name, such as `_peers._tcp.example.com`, in place of `service`, `proto` and `domain`",
    )
    .checked(check_name),
    Key::optional("proto", "protocol of the service without underscore; default: `tcp`")
        .checked(check_label),
    names::RESOLVER,
    Key::optional("service", "name of the service without underscore; with `domain`")
        .checked(check_label),
    Key::optional(
        "targets",
        "`addresses` (default), or `names` to leave the targets to whoever joins them",
    )
    .choices(&["addresses", "names"]),
    names::TYPE,
];

/// The provider `srv`.
#[derive(Debug)]
pub(crate) struct Services;

impl Provider for Services {
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
        let has = |key: &str| query.value(key).is_some();
        let wrong = |key, why: &str| Err(query.refusal(key, why));
        let missing = |key| {
            Err(QueryError::MissingKey {
                provider: NAME,
                key,
            })
        };
        if has("name") && (has("service") || has("domain") || has("proto")) {
            return wrong("name", "takes the place of `service`, `proto` and `domain`");
        }
        if !has("name") && !has("service") {
            return missing("service");
        }
        if !has("name") && !has("domain") {
            return missing("domain");
        }
        if is_names(query) && (has("addr") || has("network") || has("type")) {
            return wrong(
                "targets",
                "is `addresses` where `addr`, `network` or `type` choose",
            );
        }
        Ok(())
    }

    fn cost(&self) -> Cost {
        Cost::Names
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(read(lookup, seen))
    }
}

/// One record.
struct Service {
    host: Arc<str>,
    instance: Instance,
}

async fn read(lookup: Lookup<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    let name = service_name(lookup.query);
    let records = match names::ask(lookup, &name, RecordKind::Srv).await {
        Ok(records) => records,
        Err(error) if names::is_absent(&error) && names::min_records(lookup) == Some(0) => {
            return Ok(());
        }
        Err(error) => return Err(names::failed(lookup, &name, error)),
    };
    if let Some(ttl) = names::shortest(&records) {
        seen.fresh_for(ttl);
    }
    let services: Vec<Service> = records.iter().filter_map(service).collect();
    if let Some(error) = names::too_few(lookup, services.len()) {
        seen.gap("records", error);
    }
    if services.is_empty() {
        seen.add(Instance::from_call(CALL).drop_because("says that there is no such service"));
    }
    if is_names(lookup.query) {
        for Service { host, instance } in services {
            let known = place::parse(&host).map(|(host, _no_port)| vec![host]);
            let known = known.map_err(|_no_name| no_name(lookup, &host));
            add(&host, instance, known, seen);
        }
    } else {
        resolve(lookup, services, seen).await;
    }
    Ok(())
}

/// The step that returned an instance.
const CALL: &str = "look up";

/// Looks up each target once, many at a time.
async fn resolve(lookup: Lookup<'_>, services: Vec<Service>, seen: &mut Seen) {
    let mut by_host: BTreeMap<Arc<str>, Vec<Instance>> = BTreeMap::new();
    for Service { host, instance } in services {
        by_host.entry(host).or_default().push(instance);
    }
    let asked = by_host.into_iter().map(|(host, instances)| async move {
        let known = known(lookup, &host).await;
        (host, instances, known)
    });
    let mut asked = stream::iter(asked).buffer_unordered(names::TOGETHER);
    while let Some((host, instances, known)) = asked.next().await {
        match known {
            Err(error) => seen.gap(format!("target {host}"), error),
            Ok(Known { ips, ttl, error }) => {
                if let Some(ttl) = ttl {
                    seen.fresh_for(ttl);
                }
                if let Some(error) = error {
                    let error = names::failed(lookup, &host, error);
                    seen.gap(format!("target {host}"), error);
                }
                let hosts: Vec<Host> = ips.into_iter().map(Host::Ip).collect();
                for instance in instances.into_iter().filter(|_| !hosts.is_empty()) {
                    add(&host, instance, Ok(hosts.clone()), seen);
                }
            }
        }
    }
}

/// What is known of a target; an address in place of a name is against the rules and clear enough.
async fn known(lookup: Lookup<'_>, host: &str) -> Result<Known, ResolveError> {
    match place::parse(host) {
        Ok((Host::Ip(ip), None)) => Ok(Known {
            ips: vec![ip],
            ..Known::default()
        }),
        // The name in a record is whole: no search list counts.
        Ok((Host::Name(name), None)) => Ok(names::addresses(lookup, &format!("{name}.")).await),
        _ => Err(no_name(lookup, host)),
    }
}

fn no_name(lookup: Lookup<'_>, host: &str) -> ResolveError {
    let error = ResolveError::new(Kind::Answer, lookup.query.provider(), CALL);
    error
        .with("target", host)
        .with("reply", "the target is no host name")
}

fn add(
    host: &str,
    mut instance: Instance,
    known: Result<Vec<Host>, ResolveError>,
    seen: &mut Seen,
) {
    match known {
        Ok(hosts) => {
            instance.addresses = hosts.into_iter().map(Address::from_host).collect();
            seen.add(instance);
        }
        Err(error) => seen.gap(format!("target {host}"), error),
    }
}

/// What a record says; none for the target `.`.
fn service(record: &Record) -> Option<Service> {
    let RecordData::Srv {
        priority,
        weight,
        port,
        target,
    } = &record.data
    else {
        return None;
    };
    let host = target.trim_end_matches('.');
    if host.is_empty() {
        return None;
    }
    let mut instance = Instance::from_call(CALL);
    instance.name = Some(host.to_owned());
    instance.port = Some(*port).filter(|port| *port > 0);
    instance.tags = BTreeMap::from([
        ("priority".to_owned(), priority.to_string()),
        ("weight".to_owned(), weight.to_string()),
    ]);
    Some(Service {
        host: host.into(),
        instance,
    })
}

fn service_name(query: &Query) -> String {
    if let Some(name) = query.value("name") {
        return name.to_owned();
    }
    let bare = |key, default| {
        let label = query.value(key).unwrap_or(default);
        label.strip_prefix('_').unwrap_or(label)
    };
    let domain = query.value("domain").unwrap_or_default();
    let (service, proto) = (bare("service", ""), bare("proto", "tcp"));
    format!("_{service}._{proto}.{domain}")
}

fn is_names(query: &Query) -> bool {
    query.value("targets") == Some("names")
}

fn check_name(text: &str) -> Result<(), String> {
    if place::is_name(text.strip_suffix('.').unwrap_or(text)) {
        return Ok(());
    }
    Err(format!("is a host name, not `{text}`"))
}

fn check_label(text: &str) -> Result<(), String> {
    if place::is_name(text) && !text.contains('.') {
        return Ok(());
    }
    Err(format!("is one label of a name, not `{text}`"))
}
