//! Who the agent is, and where it keeps its data (agent reference, 5.3 and 5.4).

use std::collections::BTreeMap;
use std::path::PathBuf;

use figment::value::magic::Tagged;

use super::Checker;
use crate::config::error::ConfigError;
use crate::config::raw::Raw;
use crate::types::{Datacenter, NodeId, NodeName};

/// Bounds of `node_meta`, Consul's: pairs, characters of a name, characters of a value.
const META_PAIRS_MAX: usize = 64;
const META_NAME_CHARS_MAX: usize = 128;
const META_VALUE_CHARS_MAX: usize = 512;

/// The checked settings.
pub(super) struct Identity {
    pub(super) node_name: NodeName,
    pub(super) node_id: Option<NodeId>,
    pub(super) datacenter: Datacenter,
    pub(super) node_meta: BTreeMap<String, String>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) pid_file: Option<PathBuf>,
}

impl Checker<'_> {
    pub(super) fn identity(&mut self, raw: &Raw) -> Option<Identity> {
        let node_name = self.node_name(raw);
        let node_id = self.node_id(raw);
        let datacenter = self.keep("datacenter", &raw.datacenter, raw.datacenter.parse());
        let node_meta = self.node_meta(raw);
        let data_dir = self.data_dir(raw);
        Some(Identity {
            node_name: node_name?,
            node_id: node_id?,
            datacenter: datacenter?,
            node_meta: node_meta?,
            data_dir: data_dir?,
            pid_file: given(raw.pid_file.as_ref()).map(|path| PathBuf::from(path.as_str())),
        })
    }

    fn node_name(&mut self, raw: &Raw) -> Option<NodeName> {
        if let Some(name) = given(raw.node_name.as_ref()) {
            return self.keep("node_name", name, name.parse());
        }
        let host_name = self.machine.host_name.as_deref().unwrap_or_default();
        let hint = match host_name.parse() {
            Ok(name) => return Some(name),
            Err(_) if host_name.is_empty() => "this machine has no host name".to_owned(),
            Err(why) => format!("the host name cannot be taken: {why}"),
        };
        self.report.error(ConfigError::Missing {
            key: "node_name",
            hint: format!("{hint}; give -node or node_name"),
        });
        None
    }

    /// The outer option is none if the id is wrong, the inner one if there is none.
    fn node_id(&mut self, raw: &Raw) -> Option<Option<NodeId>> {
        let Some(id) = given(raw.node_id.as_ref()) else {
            return Some(None);
        };
        self.keep("node_id", id, id.parse()).map(Some)
    }

    fn node_meta(&mut self, raw: &Raw) -> Option<BTreeMap<String, String>> {
        let mut is_good = true;
        for (name, value) in &raw.node_meta {
            if let Err(why) = check_pair(name, value) {
                is_good = false;
                self.refuse("node_meta", value, format!("for {name:?} {why}"));
            }
        }
        let last = raw.node_meta.values().next_back();
        if let Some(last) = last.filter(|_| raw.node_meta.len() > META_PAIRS_MAX) {
            is_good = false;
            let why = format!("is one of {} pairs; take 64 at most", raw.node_meta.len());
            self.refuse("node_meta", last, why);
        }
        let pairs = raw.node_meta.iter();
        let pairs = pairs.map(|(name, value)| (name.clone(), value.to_string()));
        is_good.then(|| pairs.collect())
    }

    /// The outer option is none if there is a mistake.
    fn data_dir(&mut self, raw: &Raw) -> Option<Option<PathBuf>> {
        match given(raw.data_dir.as_ref()) {
            Some(_) if self.dev => {
                self.report
                    .warn("data_dir has no effect with -dev: everything is kept in memory");
                Some(None)
            }
            Some(path) => Some(Some(PathBuf::from(path.as_str()))),
            None if self.dev => Some(None),
            None => {
                self.report.error(ConfigError::Missing {
                    key: "data_dir",
                    hint: "give -data-dir or data_dir, or -dev to keep everything in memory"
                        .to_owned(),
                });
                None
            }
        }
    }
}

/// A text that is there and not empty; in Consul an empty text is the same as none.
pub(super) fn given(value: Option<&Tagged<String>>) -> Option<&Tagged<String>> {
    value.filter(|text| !text.is_empty())
}

fn check_pair(name: &str, value: &str) -> Result<(), &'static str> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(is_good) {
        return Err("has a name of other characters than letters, digits, - and _");
    }
    if name.chars().count() > META_NAME_CHARS_MAX {
        return Err("has a name of more than 128 characters");
    }
    if name.starts_with("consul-") {
        return Err("has a name that begins with consul-, which is reserved");
    }
    if value.chars().count() > META_VALUE_CHARS_MAX {
        return Err("is longer than 512 characters");
    }
    Ok(())
}
