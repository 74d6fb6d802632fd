//! Lists of where something is: Prometheus' target groups, objects, and plain texts.
//!
//! Pure. Form of the groups: <https://prometheus.io/docs/prometheus/latest/http_sd/>, read 2026. One
//! entry that is wrong makes the list wrong. An error is a phrase that follows `the list`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Address, Instance, place};

/// One entry of a list, in any of its forms.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    /// Prometheus': some targets that share labels.
    Group {
        /// Hosts with optional ports.
        targets: Vec<String>,
        /// What is said of all of them.
        #[serde(default)]
        labels: BTreeMap<String, Scalar>,
    },
    /// One thing with what is known of it.
    Thing {
        /// A host with an optional port.
        address: String,
        /// The port, before that in `address`.
        port: Option<u16>,
        /// The id of the machine.
        id: Option<String>,
        /// A name for people.
        name: Option<String>,
        /// The place that fails as one.
        zone: Option<String>,
        /// What else is said of it.
        #[serde(default)]
        tags: BTreeMap<String, Scalar>,
    },
    /// A host with an optional port.
    Text(String),
}

/// A value of a label: YAML reads `7` and `true` as other than texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// The instances of a list that a call returned.
pub(crate) fn instances(list: Vec<Entry>, call: &'static str) -> Result<Vec<Instance>, String> {
    let mut found = Vec::with_capacity(list.len());
    for entry in list {
        match entry {
            Entry::Text(text) => found.push(instance(&text, call)?),
            Entry::Group { targets, labels } => {
                let labels = texts(labels);
                for target in targets {
                    let mut one = instance(&target, call)?;
                    one.tags.clone_from(&labels);
                    found.push(one);
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
                let one = instance(&address, call)?;
                if port == Some(0) {
                    return Err(format!("has `{address}` with the port 0"));
                }
                found.push(Instance {
                    port: port.or(one.port),
                    id,
                    name,
                    zone,
                    tags: texts(tags),
                    ..one
                });
            }
        }
    }
    Ok(found)
}

fn texts(labels: BTreeMap<String, Scalar>) -> BTreeMap<String, String> {
    let text = |(name, value): (String, Scalar)| (name, value.into_text());
    labels.into_iter().map(text).collect()
}

/// One host with an optional port.
pub(crate) fn instance(text: &str, call: &'static str) -> Result<Instance, String> {
    let (host, port) = place::parse(text)?;
    let mut instance = Instance::from_call(call).with_address(Address::from_host(host));
    instance.port = port;
    Ok(instance)
}
