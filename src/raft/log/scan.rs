//! Reads a log on disk without opening it for writing, for looking at the data of a stopped
//! server: nothing is cut, written or removed.
//!
//! Two passes over the files: the first finds out which records stand, since what was appended may
//! have been cut off or purged later; the second hands out the entries one by one. So memory does
//! not grow with what the entries hold.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use raft_log::{ChunkId, Dump, DumpApi, RaftLogAction, WALRecord};

use super::super::type_config::{Entry, LogId, Vote};
use super::codec::{Owner, StoredLogId, StoredPayload, StoredVote};
use super::disk::{LogTypes, settings};
use super::{LogError, next_index};
use crate::types::RaftId;

/// Where a record stands: its file, and its number in it.
type Place = (ChunkId, u64);

/// What a log on disk holds.
#[derive(Debug, Default)]
pub(in crate::raft) struct Scan {
    /// Whose log it is.
    pub(in crate::raft) owner: Option<RaftId>,
    /// The last vote.
    pub(in crate::raft) vote: Option<Vote>,
    /// The mark of what is committed; it is not synced, so more may be.
    pub(in crate::raft) committed: Option<LogId>,
    /// The last entry that was purged.
    pub(in crate::raft) purged: Option<LogId>,
    /// The log ends in a record that was cut off: it was never acknowledged, and the next start
    /// drops it.
    pub(in crate::raft) is_torn: bool,
    entries: BTreeMap<u64, (LogId, Place)>,
}

/// One record, as the log's library hands it out.
type Record = WALRecord<raft_log::RaftWalTypes<LogTypes>>;

impl Scan {
    /// Reads where everything stands. The directory must be there.
    ///
    /// # Errors
    /// `Path`, `Open`.
    pub(in crate::raft) fn of(dir: &Path) -> Result<Self, LogError> {
        let mut scan = Self::default();
        let mut torn: Option<(ChunkId, io::Error)> = None;
        walk(dir, |place, read| {
            match read {
                Ok(record) => {
                    // A torn record is the last one; behind it everything would be missing.
                    if let Some((_, error)) = torn.take() {
                        return Err(error);
                    }
                    scan.take(place, record);
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    torn = Some((place.0, error));
                }
                Err(error) => return Err(error),
            }
            Ok(())
        })?;
        scan.is_torn = torn.is_some();
        Ok(scan)
    }

    /// The last entry that is there, or else was purged.
    pub(in crate::raft) fn last(&self) -> Option<LogId> {
        let last = self.entries.values().next_back().map(|(id, _)| *id);
        last.or(self.purged)
    }

    /// Hands out the entries behind an index, in their order.
    ///
    /// # Errors
    /// `Path`, `Open`.
    pub(in crate::raft) fn each_behind(
        &self,
        dir: &Path,
        behind: Option<LogId>,
        mut visit: impl FnMut(Entry),
    ) -> Result<(), LogError> {
        let standing: BTreeMap<Place, LogId> = self
            .entries
            .range(next_index(behind)..)
            .map(|(_, (id, place))| (*place, *id))
            .collect();
        if standing.is_empty() {
            return Ok(());
        }
        walk(dir, |place, read| {
            if let Some(log_id) = standing.get(&place).copied()
                && let WALRecord::Action(RaftLogAction::Append(_, StoredPayload(payload))) = read?
            {
                visit(Entry { log_id, payload });
            }
            Ok(())
        })
    }

    fn take(&mut self, place: Place, record: Record) {
        match record {
            WALRecord::Action(RaftLogAction::SaveVote(StoredVote(vote))) => self.vote = Some(vote),
            WALRecord::Action(RaftLogAction::Append(StoredLogId(id), _)) => {
                self.entries.insert(id.index(), (id, place));
            }
            WALRecord::Action(RaftLogAction::Commit(StoredLogId(id))) => self.committed = Some(id),
            WALRecord::Action(RaftLogAction::TruncateAfter(keep)) => {
                let keep = keep.map(|StoredLogId(id)| id);
                let _cut = self.entries.split_off(&next_index(keep));
            }
            WALRecord::Action(RaftLogAction::PurgeUpto(StoredLogId(id))) => self.purge(id),
            WALRecord::Checkpoint(state) => {
                self.vote = state.vote().map(|vote| vote.0);
                self.committed = state.committed().map(|id| id.0);
                self.owner = state.user_data.map(|Owner(owner)| owner);
                if let Some(StoredLogId(id)) = state.purged() {
                    self.purge(*id);
                }
            }
        }
    }

    fn purge(&mut self, upto: LogId) {
        self.entries = self.entries.split_off(&next_index(Some(upto)));
        self.purged = self.purged.max(Some(upto));
    }
}

/// Goes through all records of all files.
fn walk(
    dir: &Path,
    mut visit: impl FnMut(Place, io::Result<Record>) -> io::Result<()>,
) -> Result<(), LogError> {
    let fail = |source| LogError::Open {
        path: dir.to_owned(),
        source,
    };
    let dir_text = dir.to_str().ok_or_else(|| LogError::Path {
        path: dir.to_owned(),
    })?;
    let dump = Dump::<LogTypes>::new(Arc::new(settings(dir_text))).map_err(fail)?;
    dump.write_with(|chunk, number, read| {
        visit((chunk, number), read.map(|(_segment, record)| record))
    })
    .map_err(fail)
}
