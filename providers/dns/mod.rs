//! The addresses behind host names: records of type A and AAAA.
//!
//! Both families are asked for and merged. A name without records is a gap, unless `min_records=0`
//! says otherwise: it may be about to appear, and a cluster must not be founded in the belief that
//! nobody is there. A name server that fails is always one. Names of any registry that speaks DNS work: Consul, Nomad, Swarm's `tasks.<service>`, Cloud Map, Fly.io.

#[cfg(test)]
mod tests;

use futures_util::{StreamExt as _, stream};

use crate::names::{self, Known};
use crate::{
    ADDRESS_KEYS, About, Address, BoxFuture, Cost, Instance, Key, Keys, Lookup, Provider,
    ResolveError, Seen,
};

const NAME: &str = "dns";

const ABOUT: About = About {
    finds: "the addresses behind host names",
    credentials: "",
    permissions: "",
    link: "",
};

const KEYS: &[Key] = &[
    names::MIN_RECORDS,
    Key::filled("name", "host names, separated by commas").checked(names::check_names),
    names::RESOLVER,
    names::TYPE,
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

    fn cost(&self) -> Cost {
        Cost::Names
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        Box::pin(async move {
            let list = lookup.query.value("name").unwrap_or_default();
            let asked = list.split(',').map(|name| known(lookup, name.trim()));
            let asked: Vec<_> = asked.collect();
            let mut known = stream::iter(asked).buffer_unordered(names::TOGETHER);
            let mut found = 0;
            while let Some((name, known)) = known.next().await {
                found += known.ips.len();
                add(lookup, name, known, seen);
            }
            if let Some(error) = names::too_few(lookup, found) {
                seen.gap("records", error);
            }
            Ok(())
        })
    }
}

async fn known<'n>(lookup: Lookup<'_>, name: &'n str) -> (&'n str, Known) {
    (name, names::addresses(lookup, name).await)
}

fn add(lookup: Lookup<'_>, name: &str, known: Known, seen: &mut Seen) {
    for ip in known.ips {
        let mut instance = Instance::from_call("look up").with_address(Address::of(ip));
        instance.name = Some(name.to_owned());
        seen.add(instance);
    }
    if let Some(ttl) = known.ttl {
        seen.fresh_for(ttl);
    }
    let may_be_absent = names::min_records(lookup) == Some(0);
    if let Some(error) = known.error
        && !(may_be_absent && names::is_absent(&error))
    {
        seen.gap(format!("name {name}"), names::failed(lookup, name, error));
    }
}
