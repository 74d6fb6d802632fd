//! Keys and their values (agent reference, 6.7; Consul's `agent/consul/state/kvs.go`).

use std::ops::Bound;

use bytes::Bytes;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::tombstones::{TOMBSTONES_MAX, Tombstones};
use super::{Applied, KvEntry};

/// The keys, and what is needed to say when one of them last changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kv {
    #[serde(with = "super::map")]
    rows: OrdMap<Key, Row>,
    /// Raft index of the last change of any key.
    index: u64,
    tombstones: Tombstones,
}

/// A key's row, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    value: Bytes,
    flags: u64,
    create_index: u64,
    modify_index: u64,
}

impl Kv {
    /// Writes a key. Writing what it already holds changes nothing, not even the index.
    pub(super) fn set(
        &mut self,
        index: u64,
        key: &str,
        (value, flags): (&Bytes, u64),
        cas: Option<u64>,
    ) -> Applied {
        let old = self.rows.get(key);
        if cas.is_some_and(|cas| old.map_or(0, |row| row.modify_index) != cas) {
            return Applied::Mismatch;
        }
        if old.is_some_and(|row| row.value == *value && row.flags == flags) {
            return Applied::Done;
        }
        let row = Row {
            value: value.clone(),
            flags,
            create_index: old.map_or(index, |row| row.create_index),
            modify_index: index,
        };
        self.rows.insert(Key::from(key), row);
        self.index = index;
        Applied::Done
    }

    /// Deletes a key. That there is none is no mismatch, whatever the condition: what was wanted
    /// holds (Consul, `KVSDeleteCAS`).
    pub(super) fn delete(&mut self, index: u64, key: &str, cas: Option<u64>) -> Applied {
        let Some(old) = self.rows.get(key) else {
            return Applied::Done;
        };
        if cas.is_some_and(|cas| old.modify_index != cas) {
            return Applied::Mismatch;
        }
        self.rows.remove(key);
        self.index = index;
        self.tombstones.bury_key(index, key);
        self.tombstones.prune(TOMBSTONES_MAX);
        Applied::Done
    }

    /// Deletes every key that begins with the prefix.
    pub(super) fn delete_tree(&mut self, index: u64, prefix: &str) -> Applied {
        let keys: Vec<Key> = self.below(prefix).map(|(key, _)| key.clone()).collect();
        if keys.is_empty() {
            return Applied::Done;
        }
        for key in keys {
            self.rows.remove(key.as_str());
        }
        self.index = index;
        self.tombstones.bury_tree(index, prefix);
        self.tombstones.prune(TOMBSTONES_MAX);
        Applied::Done
    }

    /// The key as it stands.
    pub(super) fn get(&self, key: &str) -> Option<KvEntry> {
        self.rows.get(key).map(|row| row.entry(key))
    }

    /// Every key that begins with the prefix, sorted.
    pub(super) fn list(&self, prefix: &str) -> Vec<KvEntry> {
        let rows = self.below(prefix);
        rows.map(|(key, row)| row.entry(key.as_str())).collect()
    }

    /// The names of the keys that begin with the prefix, sorted; with a separator that is not
    /// empty each is cut behind the first one that follows the prefix, and equal ones are given
    /// once.
    pub(super) fn keys(&self, prefix: &str, separator: Option<&str>) -> Vec<String> {
        let separator = separator.filter(|text| !text.is_empty());
        let mut names: Vec<&str> = self
            .below(prefix)
            .map(|(key, _)| cut(key.as_str(), prefix.len(), separator))
            .collect();
        // Names that are cut to the same text share it as a prefix, so they are neighbours.
        names.dedup();
        names.into_iter().map(str::to_owned).collect()
    }

    /// A key that is there: its own index. One that is not: that of the last change of any key.
    pub(super) fn index_of_key(&self, key: &str) -> u64 {
        self.rows
            .get(key)
            .map_or(self.index, |row| row.modify_index)
    }

    /// The last change below the prefix, deletes among them; where there was none, and for
    /// everything, that of the last change of any key.
    pub(super) fn index_of_prefix(&self, prefix: &str) -> u64 {
        if prefix.is_empty() {
            return self.index;
        }
        let written = self.below(prefix).map(|(_, row)| row.modify_index).max();
        let deleted = self.tombstones.index_of_prefix(prefix);
        match written.unwrap_or(0).max(deleted) {
            0 => self.index,
            index => index.max(self.tombstones.forgotten()),
        }
    }

    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a Key, &'a Row)> {
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(prefix), Bound::Unbounded);
        let from_there = self.rows.range::<_, str>(from);
        from_there.take_while(move |(key, _)| key.as_str().starts_with(prefix))
    }

    /// Prunes to a smaller number than [`TOMBSTONES_MAX`], so that tests need not delete as many.
    #[cfg(test)]
    pub(super) fn prune(&mut self, limit: usize) {
        self.tombstones.prune(limit);
    }
}

impl Row {
    fn entry(&self, key: &str) -> KvEntry {
        KvEntry {
            key: key.to_owned(),
            value: self.value.clone(),
            flags: self.flags,
            create_index: self.create_index,
            modify_index: self.modify_index,
        }
    }
}

/// The name up to the end of the first separator behind the first `from` bytes, or all of it.
fn cut<'a>(name: &'a str, from: usize, separator: Option<&str>) -> &'a str {
    let end = separator.and_then(|separator| {
        let at = name.get(from..)?.find(separator)?;
        Some(from.saturating_add(at).saturating_add(separator.len()))
    });
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}
