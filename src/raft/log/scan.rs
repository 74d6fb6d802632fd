//! Reads a log on disk without opening it for writing, for looking at the data of a stopped
//! server: nothing is cut, written or removed.
//!
//! Two passes over the files: the first finds out which records stand, since what was appended may
//! have been cut off or purged later; the second hands out the entries one by one. So memory does
//! not grow with what the entries hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use raft_log::{RaftLogAction, WALRecord};

use super::super::type_config::{Entry, LogId, Vote};
use super::codec::{Owner, StoredLogId, StoredPayload, StoredVote};
use super::files::{self, Damage, LogFile, Record};
use super::{LogError, check, next_index};
use crate::types::RaftId;

/// Where a record stands: how many bytes of the log come before its file, and its number in it.
type Place = (u64, u64);

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

impl Scan {
    /// Reads where everything stands. The directory must be there, and nobody may have the log
    /// open.
    ///
    /// # Errors
    /// Whatever would keep the log from being opened by its owner.
    pub(in crate::raft) fn of(dir: &Path) -> Result<Self, LogError> {
        check::check(dir)?;
        let mut scan = Self::default();
        let mut torn = None;
        walk(dir, |file, number, read| {
            match read {
                // A torn record is the last one; behind it everything would be missing.
                Ok(_) if torn.is_some() => return torn.take().map_or(Ok(()), Err),
                Ok(record) => scan.take((file.begin, number), record),
                Err(damage) if damage.is_torn => torn = Some(damage.in_file(&file.path)),
                Err(damage) => return Err(damage.in_file(&file.path)),
            }
            Ok(())
        })?;
        scan.is_torn = torn.is_some();
        scan.check_whole(dir)?;
        Ok(scan)
    }

    /// A file that is gone from the front of the log shows nowhere else.
    fn check_whole(&self, dir: &Path) -> Result<(), LogError> {
        let wanted = next_index(self.purged)..;
        match wanted
            .zip(self.entries.keys())
            .find(|(want, have)| want != *have)
        {
            None => Ok(()),
            Some((want, _)) => Err(LogError::Hole {
                path: dir.to_owned(),
                hole: format!("entry {want} is not there"),
            }),
        }
    }

    /// The last entry that is there, or else was purged.
    pub(in crate::raft) fn last(&self) -> Option<LogId> {
        let last = self.entries.values().next_back().map(|(id, _)| *id);
        last.or(self.purged)
    }

    /// Hands out the entries behind an index, in their order.
    ///
    /// # Errors
    /// `Open`, `Damaged`.
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
        walk(dir, |file, number, read| {
            if let Some(log_id) = standing.get(&(file.begin, number)).copied()
                && let WALRecord::Action(RaftLogAction::Append(_, StoredPayload(payload))) =
                    read.map_err(|damage| damage.in_file(&file.path))?
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

/// Goes through all records of all files, each with its number. The log's library would make a
/// lock file for this; a file system that takes no writes can be read all the same.
fn walk(
    dir: &Path,
    mut visit: impl FnMut(&LogFile, u64, Result<Record, Damage>) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let fail = |source| LogError::Open {
        path: dir.to_owned(),
        source,
    };
    for file in files::list(dir).map_err(fail)? {
        let bytes = fs::read(&file.path).map_err(fail)?;
        for (number, read) in (0..).zip(files::records(&bytes)) {
            visit(&file, number, read)?;
        }
    }
    Ok(())
}
