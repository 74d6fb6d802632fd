//! Reads a log on disk without opening it for writing, for looking at the data of a stopped
//! server: nothing is cut, written or removed.
//!
//! Two passes over the files: the first finds out which records stand, since what was appended may
//! have been cut off or purged later; the second hands out the entries one by one. So memory does
//! not grow with what the entries hold.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use raft_log::{ChunkId, Dump, DumpApi, RaftLogAction, Segment, WALRecord};

use super::super::type_config::{Entry, LogId, Vote};
use super::codec::{Owner, StoredLogId, StoredPayload, StoredVote};
use super::disk::settings;
use super::writer::LogTypes;
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
        let mut torn: Option<io::Error> = None;
        let mut good_end = (ChunkId(0), 0);
        walk(dir, |place, read| {
            let error = match read {
                Ok((segment, record)) => {
                    good_end = (place.0, segment.offset.saturating_add(segment.size));
                    scan.take(place, record);
                    // A torn record is the last one; behind it everything would be missing.
                    return torn.take().map_or(Ok(()), Err);
                }
                Err(error) => error,
            };
            let from = if good_end.0 == place.0 { good_end.1 } else { 0 };
            let is_cut = error.kind() == io::ErrorKind::UnexpectedEof;
            if !is_cut && !is_blank(dir, place.0, from)? {
                return Err(error);
            }
            torn = Some(error);
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
                && let (_, WALRecord::Action(RaftLogAction::Append(_, StoredPayload(payload)))) =
                    read?
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
    mut visit: impl FnMut(Place, io::Result<(Segment, Record)>) -> io::Result<()>,
) -> Result<(), LogError> {
    let fail = |source| LogError::Open {
        path: dir.to_owned(),
        source,
    };
    let dir_text = dir.to_str().ok_or_else(|| LogError::Path {
        path: dir.to_owned(),
    })?;
    let dump = Dump::<LogTypes>::new(Arc::new(settings(dir_text))).map_err(fail)?;
    dump.write_with(|chunk, number, read| visit((chunk, number), read))
        .map_err(fail)
}

/// Whether a file of the log holds nothing but zeros from a place on: what a file system may leave
/// of a tail that did not reach the disk.
fn is_blank(dir: &Path, chunk: ChunkId, from: u64) -> io::Result<bool> {
    let dir = dir.to_string_lossy();
    let mut file = File::open(settings(&dir).wal.chunk_path(chunk))?;
    file.seek(SeekFrom::Start(from))?;
    for byte in BufReader::new(file).bytes() {
        if byte? != 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
