//! The log on disk, over `raft-log`: one chain of files for votes and entries, each record with a
//! checksum, all files but the last immutable.
//!
//! A record that was cut off at the very end is dropped when the log is opened, and what was
//! dropped is logged with file and range (design, section 8). Nothing that was acknowledged can
//! be in it, since an acknowledgement follows the fsync. Damage anywhere else is an error, and
//! nothing is changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use openraft::storage::IOFlushed;
use raft_log::api::raft_log_writer::RaftLogWriter;
use raft_log::{Callback, Config, RaftLog, Types, chunked_wal};
use tokio::sync::oneshot;

use super::super::type_config::{Entry, LogId, TypeConfig, Vote, packed_len};
use super::codec::{Owner, StoredLogId, StoredPayload, StoredVote};
use super::{Ends, LogError, next_index};
use crate::types::RaftId;

/// Bytes after which a new file is begun; also bounds what is kept in memory for reading, since
/// entries of the open file are cached. Chosen: the cache must fit the 25 MiB of design, section
/// 9, and a file must hold the trailing log of a small cluster.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// Records after which a new file is begun, however small they are.
const CHUNK_RECORDS: usize = 64 * 1024;
/// Entries of closed files that are kept in memory.
const CACHE_ITEMS: usize = 16 * 1024;
/// Bytes of entries of closed files that are kept in memory.
const CACHE_BYTES: usize = 4 * 1024 * 1024;
/// Buffer of the reading at start.
const READ_BUFFER_BYTES: usize = 256 * 1024;
/// How long the writer waits for company before it syncs. An fsync takes at least ten times as
/// long, so waiting costs little; without it nothing is ever batched.
const BATCH_WAIT: Duration = Duration::from_micros(50);

/// The log on disk.
#[derive(Debug)]
pub(super) struct DiskLog {
    log: RaftLog<LogTypes>,
}

impl DiskLog {
    pub(super) fn open(dir: &Path, own: RaftId) -> Result<Self, LogError> {
        let fail = |source| LogError::Open {
            path: dir.to_owned(),
            source,
        };
        make_dir(dir).map_err(fail)?;
        let before = file_sizes(dir).map_err(fail)?;
        let Some(dir_text) = dir.to_str() else {
            return Err(LogError::Path {
                path: dir.to_owned(),
            });
        };
        let mut log = RaftLog::open(Arc::new(settings(dir_text))).map_err(fail)?;
        let after = file_sizes(dir).map_err(fail)?;
        report_cut(&before, &after);
        match log.log_state().user_data {
            Some(Owner(owner)) if owner != own => {
                let path = dir.to_owned();
                return Err(LogError::Foreign { path, owner, own });
            }
            Some(_) => {}
            // Not synced for itself: it reaches the disk before anything that follows it.
            None => {
                log.save_user_data(Some(Owner(own))).map_err(fail)?;
                log.flush(false, None).map_err(fail)?;
            }
        }
        Ok(Self { log })
    }

    pub(super) fn ends(&self) -> Ends {
        let state = self.log.log_state();
        Ends {
            purged: state.purged().map(|id| id.0),
            last: state.last().map(|id| id.0),
        }
    }

    pub(super) fn vote(&self) -> Option<Vote> {
        self.log.log_state().vote().map(|vote| vote.0)
    }

    pub(super) fn committed(&self) -> Option<LogId> {
        self.log.log_state().committed().map(|id| id.0)
    }

    pub(super) fn read(
        &self,
        (start, end): (u64, u64),
        bytes_max: usize,
    ) -> io::Result<Vec<Entry>> {
        let mut bytes = 0_usize;
        let mut found = Vec::new();
        if start >= end {
            return Ok(found);
        }
        for read in self.log.read(start, end) {
            let (StoredLogId(log_id), StoredPayload(payload)) = read?;
            if bytes_max != usize::MAX {
                bytes = bytes.saturating_add(packed_len(&payload));
            }
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(Entry { log_id, payload });
        }
        Ok(found)
    }

    /// Writes a vote; the receiver hears when it is on disk.
    pub(super) fn save_vote(
        &mut self,
        vote: &Vote,
    ) -> io::Result<oneshot::Receiver<io::Result<()>>> {
        self.log.save_vote(StoredVote(*vote))?;
        let (synced, wait) = oneshot::channel();
        self.log.flush(true, Some(Synced::vote(synced)))?;
        Ok(wait)
    }

    /// Notes what is committed, without fsync. A mark behind the last entry is not noted, since
    /// the log's library takes none.
    pub(super) fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let state = self.log.log_state();
        let Some(committed) = committed.map(StoredLogId) else {
            return Ok(());
        };
        if Some(&committed) > state.last() || Some(&committed) <= state.committed() {
            return Ok(());
        }
        self.log.commit(committed)?;
        self.log.flush(false, None)
    }

    pub(super) fn append(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
        callback: IOFlushed<TypeConfig>,
    ) -> io::Result<()> {
        let stored = entries
            .into_iter()
            .map(|entry| (StoredLogId(entry.log_id), StoredPayload(entry.payload)));
        self.log.append(stored)?;
        self.log.flush(true, Some(Synced::entries(callback)))
    }

    /// Cuts what is behind an entry. One that is the last, or not there yet, leaves all.
    pub(super) fn truncate_after(&mut self, keep: Option<LogId>) -> io::Result<()> {
        if keep.map(StoredLogId).as_ref() >= self.log.log_state().last() {
            return Ok(());
        }
        self.log.truncate(next_index(keep))?;
        self.log.flush(true, None)
    }

    /// Purges, and waits until that is on disk. Blocks.
    pub(super) fn purge_synced(&mut self, upto: LogId) -> io::Result<()> {
        self.log.purge(StoredLogId(upto))?;
        let (synced, wait) = mpsc::sync_channel(1);
        self.log
            .flush(true, Some(Synced(Some(Waiter::Thread(synced)))))?;
        wait.recv()
            .map_err(|_dropped| io::Error::other("the raft log's writer ended"))?
    }

    /// Purges and syncs: files are removed only behind a sync.
    pub(super) fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.log.purge(StoredLogId(upto))?;
        self.log.flush(true, None)
    }
}

/// What the log's library is instantiated with.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct LogTypes;

impl Types for LogTypes {
    type LogId = StoredLogId;
    type LogPayload = StoredPayload;
    type Vote = StoredVote;
    type Callback = Synced;
    type UserData = Owner;

    fn log_index(log_id: &StoredLogId) -> u64 {
        log_id.0.index()
    }

    fn payload_size(payload: &StoredPayload) -> u64 {
        u64::try_from(packed_len(&payload.0)).unwrap_or(u64::MAX)
    }
}

/// Whom to tell that a write is on disk. Dropped without a word, it tells a failure: the writer
/// ended, and openraft must not wait for ever.
pub(super) struct Synced(Option<Waiter>);

enum Waiter {
    Thread(mpsc::SyncSender<io::Result<()>>),
    Vote(oneshot::Sender<io::Result<()>>),
    Entries(IOFlushed<TypeConfig>),
}

impl Synced {
    const fn vote(waiter: oneshot::Sender<io::Result<()>>) -> Self {
        Self(Some(Waiter::Vote(waiter)))
    }

    const fn entries(callback: IOFlushed<TypeConfig>) -> Self {
        Self(Some(Waiter::Entries(callback)))
    }

    fn tell(&mut self, result: io::Result<()>) {
        match self.0.take() {
            // The channel has room for the one answer, and a thread that waits does not go away.
            Some(Waiter::Thread(waiter)) => drop(waiter.try_send(result)),
            // Nobody waits for the vote any more when raft is being stopped.
            Some(Waiter::Vote(waiter)) => drop(waiter.send(result)),
            Some(Waiter::Entries(callback)) => callback.io_completed(result),
            None => {}
        }
    }
}

impl Callback for Synced {
    fn send(mut self, res: io::Result<()>) {
        self.tell(res);
    }
}

impl Drop for Synced {
    fn drop(&mut self) {
        self.tell(Err(io::Error::other("the raft log's writer ended")));
    }
}

pub(super) fn settings(dir: &str) -> Config {
    Config {
        wal: chunked_wal::Config {
            dir: dir.to_owned(),
            read_buffer_size: Some(READ_BUFFER_BYTES),
            chunk_max_records: Some(CHUNK_RECORDS),
            chunk_max_size: Some(CHUNK_BYTES),
            truncate_incomplete_record: Some(true),
            flush_batch_wait: Some(BATCH_WAIT),
            ..chunked_wal::Config::default()
        },
        log_cache_max_items: Some(CACHE_ITEMS),
        log_cache_capacity: Some(CACHE_BYTES),
    }
}

/// Makes the directory, and its name durable in the directory above.
fn make_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// The files of the log and their sizes in bytes, by name.
fn file_sizes(dir: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|end| end == "wal") {
            let name = entry.file_name().to_string_lossy().into_owned();
            sizes.insert(name, entry.metadata()?.len());
        }
    }
    Ok(sizes)
}

/// Logs every file that opening made shorter or removed.
fn report_cut(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) {
    for (file, &end) in before {
        let start = after.get(file).copied().unwrap_or(0);
        if start < end {
            tracing::warn!(%file, start, end, "torn end of the raft log dropped");
        }
    }
}
