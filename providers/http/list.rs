//! The forms of a list, and the instances in it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::OPERATION;
use crate::{Address, Instance, Kind, ResolveError, Rest, Seen, place};

/// One entry of the list, in any of its forms.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Entry {
    /// Prometheus': some targets that share labels.
    Group {
        targets: Vec<String>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
    },
    /// One thing with what is known of it.
    Thing {
        address: String,
        port: Option<u16>,
        id: Option<String>,
        name: Option<String>,
        zone: Option<String>,
        #[serde(default)]
        tags: BTreeMap<String, String>,
    },
    /// An address alone.
    Text(String),
}

/// Adds what a list says.
pub(super) fn add(list: Vec<Entry>, rest: &Rest<'_>, seen: &mut Seen) -> Result<(), ResolveError> {
    for entry in list {
        match entry {
            Entry::Text(text) => seen.add(instance(&text, rest)?),
            Entry::Group { targets, labels } => {
                for target in targets {
                    let mut found = instance(&target, rest)?;
                    found.tags.clone_from(&labels);
                    seen.add(found);
                }
            }
            Entry::Thing {
                address,
                port,
                id,
                name,
                zone,
                tags,
            } => {
                let found = instance(&address, rest)?;
                seen.add(Instance {
                    port: port.or(found.port),
                    id,
                    name,
                    zone,
                    tags,
                    ..found
                });
            }
        }
    }
    Ok(())
}

fn instance(text: &str, rest: &Rest<'_>) -> Result<Instance, ResolveError> {
    let (host, port) = place::parse(text).map_err(|why| {
        let error = rest.error(Kind::Answer, OPERATION);
        error.with("reply", &format!("the list {why}"))
    })?;
    let mut instance = Instance::from_call(OPERATION).with_address(Address::from_host(host));
    instance.port = port;
    Ok(instance)
}
