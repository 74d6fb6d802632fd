//! The servers that an operator took out for good, by raft id: none of them is taken in again with
//! the disk that it had.
//!
//! A raft id is never used by two disks, so a server that comes back with a new disk is another one.
//! Bounded by number, which every server counts alike: what is forgotten is the oldest.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::Applied;
use crate::types::{NodeName, RaftId};

/// Removals that are kept. Chosen: years of an operator who takes one out each day; some 64 bytes
/// each, so that a snapshot grows by 64 KiB at most.
pub(super) const REMOVALS_MAX: usize = 1_024;

/// An operator's word that a server is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The raft node that is out.
    pub raft_id: RaftId,
    /// The agent that the operator spoke to, if it said so.
    pub through: Option<NodeName>,
    /// When, in milliseconds since the Unix epoch by the leader's clock; for people only.
    pub at_ms: u64,
}

/// A removal as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalEntry {
    /// What was said.
    pub removal: Removal,
    /// Raft index at which it was said.
    pub index: u64,
}

/// The removals by raft id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removals {
    #[serde(with = "super::map")]
    rows: OrdMap<RaftId, RemovalEntry>,
}

impl Removals {
    /// Notes a removal. One that is said again changes nothing.
    pub(super) fn note(&mut self, index: u64, removal: &Removal) -> Applied {
        if self.rows.contains_key(&removal.raft_id) {
            return Applied::Done;
        }
        let entry = RemovalEntry {
            removal: removal.clone(),
            index,
        };
        self.rows.insert(removal.raft_id, entry);
        self.prune(REMOVALS_MAX);
        Applied::Done
    }

    /// Forgets that a server was removed.
    pub(super) fn forget(&mut self, raft_id: RaftId) {
        self.rows.remove(&raft_id);
    }

    /// The removal of one raft node.
    pub fn get(&self, raft_id: RaftId) -> Option<&RemovalEntry> {
        self.rows.get(&raft_id)
    }

    /// Every raft node that is out.
    pub fn ids(&self) -> impl Iterator<Item = RaftId> + '_ {
        self.rows.keys().copied()
    }

    /// Whether none is noted.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn prune(&mut self, limit: usize) {
        while self.rows.len() > limit {
            let oldest = self.rows.values().min_by_key(|entry| entry.index);
            let Some(oldest) = oldest.map(|entry| entry.removal.raft_id) else {
                return;
            };
            self.rows.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, State};
    use super::*;

    fn removal(id: u128) -> Removal {
        Removal {
            raft_id: RaftId::new(id),
            through: None,
            at_ms: 7,
        }
    }

    #[test]
    fn the_first_word_counts_and_stays() {
        let mut state = State::default();
        let later = Removal {
            at_ms: 9,
            ..removal(1)
        };
        for (index, said) in [(5, removal(1)), (6, later)] {
            state.apply(index, &Command::RemoveServer(said));
        }
        let entry = state.removals().get(RaftId::new(1)).unwrap();
        assert_eq!((entry.index, entry.removal.at_ms), (5, 7));
        state.readmit([RaftId::new(1)]);
        assert!(state.removals().is_empty());
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut removals = Removals::default();
        let many = u128::try_from(REMOVALS_MAX).unwrap() + 1;
        // The ids fall while the indexes grow: the age decides, not the id.
        for (index, id) in (1..).zip((1..=many).rev()) {
            removals.note(index, &removal(id));
        }
        assert_eq!(removals.rows.len(), REMOVALS_MAX);
        assert_eq!(removals.get(RaftId::new(many)), None);
        assert!(removals.get(RaftId::new(1)).is_some());
    }
}
