//! The log on disk, over `raft-log`: one chain of files for votes and entries, each record with a
//! checksum, all files but the last immutable.
//!
//! A record that was cut off at the very end is dropped when the log is opened, and what was
//! dropped is logged with file and range (design, section 8). Nothing that was acknowledged can
//! be in it: an acknowledgement follows the fsync, and then the mark, which says up to where. A
//! log that ends before its mark is not opened. Damage anywhere else is an error, and nothing is
//! changed.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openraft::storage::IOFlushed;
use raft_log::api::raft_log_writer::RaftLogWriter;
use raft_log::chunked_wal::ChunkedWal;
use raft_log::codeq::OffsetSize;
use raft_log::types::Segment;
use raft_log::{Config, RaftLog, RaftWalTypes, chunked_wal};
use tokio::sync::{oneshot, watch};

use super::super::type_config::{Entry, LogId, TypeConfig, Vote, packed_len};
use super::check;
use super::codec::{Owner, StoredLogId, StoredPayload, StoredVote};
use super::mark::{Mark, Point};
use super::writer::{LogTypes, Synced, Waiter, Writes};
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
    writes: Arc<Writes>,
    /// Where what was handed to the writer ends, in bytes since the beginning of the log.
    end: u64,
}

impl DiskLog {
    pub(super) fn open(dir: &Path, own: RaftId) -> Result<Self, LogError> {
        let fail = |source| LogError::Open {
            path: dir.to_owned(),
            source,
        };
        make_dir(dir).map_err(fail)?;
        let Some(dir_text) = dir.to_str() else {
            return Err(LogError::Path {
                path: dir.to_owned(),
            });
        };
        let settings = settings(dir_text);
        let locked = ChunkedWal::<RaftWalTypes<LogTypes>>::acquire_lock(&settings.wal);
        let point = {
            let _locked = locked.map_err(fail)?;
            check::prepare(dir, own)?
        };
        let opened = RaftLog::open(Arc::new(settings));
        let log = opened.map_err(|error| check::find_damage(dir).unwrap_or_else(|| fail(error)))?;
        check_holes(dir, &log)?;
        let mark = Mark::open(dir, point).map_err(fail)?;
        let mut opened = Self {
            log,
            writes: Arc::new(Writes::new(dir.to_owned(), mark)),
            end: point.bytes,
        };
        opened.check_owner(dir, own)?;
        Ok(opened)
    }

    fn check_owner(&mut self, dir: &Path, own: RaftId) -> Result<(), LogError> {
        let path = dir.to_owned();
        match self.log.log_state().user_data {
            Some(Owner(owner)) if owner != own => Err(LogError::Foreign { path, owner, own }),
            Some(_) => Ok(()),
            // Not synced for itself: it reaches the disk before anything that follows it.
            None => self
                .record(|log| log.save_user_data(Some(Owner(own))))
                .and_then(|()| self.hand_over(false, Waiter::Nobody))
                .map_err(|source| LogError::Open { path, source }),
        }
    }

    /// Follows the first write that failed.
    pub(super) fn failure(&self) -> watch::Receiver<Option<String>> {
        self.writes.failure()
    }

    /// Puts records behind the others, in memory.
    fn record(
        &mut self,
        records: impl FnOnce(&mut RaftLog<LogTypes>) -> io::Result<Segment>,
    ) -> io::Result<()> {
        let last = records(&mut self.log).map_err(|error| self.writes.failed(&error))?;
        self.end = last.end().0;
        Ok(())
    }

    /// Hands what was recorded to the writer.
    fn hand_over(&mut self, sync: bool, waiter: Waiter) -> io::Result<()> {
        let point = sync.then(|| Point {
            bytes: self.end,
            last: self.log.log_state().last().map(|id| id.0),
        });
        let synced = Synced::new(waiter, point, Arc::clone(&self.writes));
        let handed = self.log.flush(sync, Some(synced));
        handed.map_err(|error| self.writes.failed(&error))
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
        let (synced, wait) = oneshot::channel();
        self.record(|log| log.save_vote(StoredVote(*vote)))?;
        self.hand_over(true, Waiter::Vote(synced))?;
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
        self.record(|log| log.commit(committed))?;
        self.hand_over(false, Waiter::Nobody)
    }

    pub(super) fn append(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
        callback: IOFlushed<TypeConfig>,
    ) -> io::Result<()> {
        let stored = entries
            .into_iter()
            .map(|entry| (StoredLogId(entry.log_id), StoredPayload(entry.payload)));
        self.record(|log| log.append(stored))?;
        self.hand_over(true, Waiter::Entries(callback))
    }

    /// Cuts what is behind an entry. One that is the last, or not there yet, leaves all.
    pub(super) fn truncate_after(&mut self, keep: Option<LogId>) -> io::Result<()> {
        if keep.map(StoredLogId).as_ref() >= self.log.log_state().last() {
            return Ok(());
        }
        self.record(|log| log.truncate(next_index(keep)))?;
        self.hand_over(true, Waiter::Nobody)
    }

    /// Purges, and waits until that is on disk. Blocks.
    pub(super) fn purge_synced(&mut self, upto: LogId) -> io::Result<()> {
        self.purge(upto)?;
        self.log.wait_worker_idle()?;
        match &*self.writes.failure().borrow() {
            Some(first) => Err(io::Error::other(first.clone())),
            None => Ok(()),
        }
    }

    /// Purges and syncs: files are removed only behind a sync.
    pub(super) fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.record(|log| log.purge(StoredLogId(upto)))?;
        self.hand_over(true, Waiter::Nobody)
    }
}

impl Drop for DiskLog {
    /// Syncs and marks what was written without a sync, so that the next life need not write it
    /// anew. If that fails, the next life does.
    fn drop(&mut self) {
        if self.hand_over(true, Waiter::Nobody).is_ok() {
            let _synced_or_not = self.log.wait_worker_idle();
        }
    }
}

fn settings(dir: &str) -> Config {
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

/// All entries that the log says it has are there: a file that is gone from its front, or one
/// file in the place of another, shows nowhere else.
fn check_holes(dir: &Path, log: &RaftLog<LogTypes>) -> Result<(), LogError> {
    let state = log.log_state();
    let first = next_index(state.purged().map(|id| id.0));
    let end = next_index(state.last().map(|id| id.0));
    let is_there = |from: u64, to: u64| log.read(from, to).next().is_some();
    let hole = if first < end && !is_there(first, first.saturating_add(1)) {
        format!("entry {first} is not there")
    } else if is_there(end, u64::MAX) {
        format!("its files are not in order: it ends with entry {end} and has one behind it")
    } else {
        return Ok(());
    };
    let path = dir.to_owned();
    Err(LogError::Hole { path, hole })
}
