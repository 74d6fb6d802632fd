//! Addresses and names that stand in the query itself.
//!
//! `provider=static addrs=10.0.0.1,10.0.0.2:8301,consul.example` gives the same list always, and
//! lets `network=` and `addr=` choose among them. A name stays a name: it is looked up by whoever
//! joins it.

#[cfg(test)]
mod tests;

use crate::{
    ADDRESS_KEYS, About, Address, BoxFuture, Cost, Instance, Key, Keys, Lookup, Provider, Query,
    QueryError, ResolveError, Seen, place,
};

const NAME: &str = "static";

const ABOUT: About = About {
    finds: "the addresses that stand in it",
    credentials: "",
    permissions: "",
    link: "",
};

const KEYS: &[Key] = &[Key::required(
    "addrs",
    "addresses or names, each with an optional port, separated by commas",
)];

/// The provider `static`.
#[derive(Debug)]
pub(crate) struct Static;

impl Provider for Static {
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
        instances(query).map(drop)
    }

    fn cost(&self) -> Cost {
        Cost::Nothing
    }

    fn read<'a>(
        &'a self,
        lookup: Lookup<'a>,
        seen: &'a mut Seen,
    ) -> BoxFuture<'a, Result<(), ResolveError>> {
        let found = instances(lookup.query).map_err(|error| ResolveError::query(NAME, error));
        Box::pin(std::future::ready(found.map(|found| {
            seen.instances.extend(found);
        })))
    }
}

fn instances(query: &Query) -> Result<Vec<Instance>, QueryError> {
    let wrong = |why| query.refusal("addrs", why);
    let list = query.value("addrs").unwrap_or_default();
    let words = list
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let found: Result<Vec<Instance>, String> = words.map(instance).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong("has no address in it".to_owned())),
        other => other.map_err(wrong),
    }
}

fn instance(word: &str) -> Result<Instance, String> {
    let (host, port) = place::parse(word)?;
    let mut instance = Instance::from_call("addrs").with_address(Address::from_host(host));
    instance.port = port;
    Ok(instance)
}
