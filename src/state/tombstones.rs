//! What deletes leave behind, so that the index of a prefix grows when something below it goes
//! (Consul's graveyard, `agent/consul/state/graveyard.go`).
//!
//! Consul forgets tombstones after 15 minutes on the leader's clock, and the index of the prefix
//! falls then. Here they are bounded by number, which every server counts alike, and what was
//! forgotten is remembered as one index that no prefix with a history falls below.

use std::ops::Bound;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::key::Key;

/// Tombstones that are kept. Chosen: below a megabyte with keys of usual length; twice as many
/// deletes as the half that is forgotten at once, so that watchers seldom wake for nothing.
pub(super) const TOMBSTONES_MAX: usize = 8_192;

/// Raft indexes of deletes, by the key or the prefix that was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tombstones {
    #[serde(with = "super::map")]
    by_key: OrdMap<Key, u64>,
    /// The highest index among those that were forgotten.
    forgotten: u64,
}

impl Tombstones {
    /// Notes that a key was deleted.
    pub(super) fn bury_key(&mut self, index: u64, key: &str) {
        self.by_key.insert(Key::from(key), index);
    }

    /// Notes that everything below a prefix was deleted; the tombstones below it say no more then.
    /// A prefix that is longer and now empty has none left, so the whole table's index stands for
    /// it, as in Consul.
    pub(super) fn bury_tree(&mut self, index: u64, prefix: &str) {
        let below: Vec<Key> = self.below(prefix).map(|(key, _)| key.clone()).collect();
        for key in below {
            self.by_key.remove(key.as_str());
        }
        self.by_key.insert(Key::from(prefix), index);
    }

    /// The highest index of a delete below the prefix; 0 if there is none, at least not among
    /// those remembered.
    pub(super) fn index_of_prefix(&self, prefix: &str) -> u64 {
        let indexes = self.below(prefix).map(|(_, index)| *index);
        indexes.max().unwrap_or(0)
    }

    /// The index that a prefix with a history does not fall below; 0 while nothing was forgotten.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets the older half as soon as there are more than `limit`.
    pub(super) fn prune(&mut self, limit: usize) {
        if self.by_key.len() <= limit {
            return;
        }
        let mut indexes: Vec<u64> = self.by_key.values().copied().collect();
        indexes.sort_unstable();
        let oldest = indexes.len().saturating_sub(limit / 2).saturating_sub(1);
        let newest_forgotten = indexes.get(oldest).copied().unwrap_or(0);
        let all = self.by_key.iter();
        let kept = all.filter(|(_, index)| **index > newest_forgotten);
        self.by_key = kept.map(|(key, index)| (key.clone(), *index)).collect();
        self.forgotten = self.forgotten.max(newest_forgotten);
    }

    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a Key, &'a u64)> {
        let from: (Bound<&str>, Bound<&str>) = (Bound::Included(prefix), Bound::Unbounded);
        let from_there = self.by_key.range::<_, str>(from);
        from_there.take_while(move |(key, _)| key.as_str().starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delete_shows_below_every_prefix_of_its_key_and_nowhere_else() {
        let mut tombstones = Tombstones::default();
        tombstones.bury_key(7, "a/b");
        for (prefix, index) in [
            ("", 7),
            ("a", 7),
            ("a/b", 7),
            ("a/b/c", 0),
            ("b", 0),
            ("a/a", 0),
        ] {
            assert_eq!(tombstones.index_of_prefix(prefix), index, "{prefix}");
        }
    }

    #[test]
    fn a_deleted_tree_stands_for_the_tombstones_below_it() {
        let mut tombstones = Tombstones::default();
        tombstones.bury_key(5, "a/b/x");
        tombstones.bury_tree(7, "a/");
        for (prefix, index) in [("", 7), ("a", 7), ("a/", 7), ("a/b/", 0), ("b", 0)] {
            assert_eq!(tombstones.index_of_prefix(prefix), index, "{prefix}");
        }
    }

    #[test]
    fn pruning_forgets_the_older_half_and_remembers_how_far() {
        let mut tombstones = Tombstones::default();
        for (index, key) in [(1, "d"), (2, "c"), (3, "b"), (4, "a")] {
            tombstones.bury_key(index, key);
        }
        tombstones.prune(4);
        assert_eq!((tombstones.by_key.len(), tombstones.forgotten()), (4, 0));
        tombstones.bury_key(5, "e");
        tombstones.prune(4);
        assert_eq!((tombstones.by_key.len(), tombstones.forgotten()), (2, 3));
        assert_eq!(tombstones.index_of_prefix("a"), 4);
        assert_eq!(tombstones.index_of_prefix("d"), 0);
    }
}
