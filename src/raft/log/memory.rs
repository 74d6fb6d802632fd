//! The log of `-dev`: gone with the process.

use std::collections::BTreeMap;

use super::super::type_config::{Entry, LogId, Vote, packed_len};
use super::{Ends, next_index};

/// Entries, vote and marks, as the log on disk keeps them.
#[derive(Debug, Default)]
pub(super) struct MemoryLog {
    entries: BTreeMap<u64, Entry>,
    purged: Option<LogId>,
    vote: Option<Vote>,
    committed: Option<LogId>,
}

impl MemoryLog {
    pub(super) fn ends(&self) -> Ends {
        let last = self.entries.values().next_back().map(|entry| entry.log_id);
        Ends {
            purged: self.purged,
            last: last.or(self.purged),
        }
    }

    pub(super) const fn vote(&self) -> Option<Vote> {
        self.vote
    }

    pub(super) const fn committed(&self) -> Option<LogId> {
        self.committed
    }

    pub(super) fn read(&self, (start, end): (u64, u64), bytes_max: usize) -> Vec<Entry> {
        let mut bytes = 0_usize;
        let mut found = Vec::new();
        if start >= end {
            return found;
        }
        for entry in self.entries.range(start..end).map(|(_, entry)| entry) {
            bytes = bytes.saturating_add(packed_len(&entry.payload));
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(entry.clone());
        }
        found
    }

    pub(super) const fn save_vote(&mut self, vote: &Vote) {
        self.vote = Some(*vote);
    }

    pub(super) const fn save_committed(&mut self, committed: Option<LogId>) {
        self.committed = committed;
    }

    pub(super) fn append(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let keyed = entries
            .into_iter()
            .map(|entry| (entry.log_id.index(), entry));
        self.entries.extend(keyed);
    }

    pub(super) fn truncate_after(&mut self, keep: Option<LogId>) {
        let _cut = self.entries.split_off(&next_index(keep));
    }

    pub(super) fn purge(&mut self, upto: LogId) {
        self.entries = self.entries.split_off(&next_index(Some(upto)));
        self.purged = self.purged.max(Some(upto));
    }
}
