//! The log store that openraft is given: votes and entries, on disk or, for `-dev`, in memory.
//!
//! What openraft asks for is answered under one lock that is never held across an await. Writes
//! on disk are handed to the log's own thread, which batches them into one fsync; a vote waits
//! for it, entries report through openraft's callback (invariant I7). What is committed is
//! written without fsync: it only saves replaying after a restart.

mod check;
mod codec;
mod disk;
mod error;
mod files;
mod journal;
mod mark;
mod memory;
mod scan;
mod writer;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt as _;
use openraft::storage::{IOFlushed, RaftLogReader, RaftLogStorage};
use openraft::{LogState, OptionalSend};
use tokio::sync::{mpsc, oneshot, watch};

use super::type_config::{Entry, LogId, TypeConfig, Vote};
use crate::host::Store;
use crate::types::RaftId;
use disk::DiskLog;
use journal::JournalLog;
use memory::MemoryLog;
pub(super) use scan::Scan;

pub use error::LogError;

/// Bytes of entries that one message to a peer carries, unless a single entry is larger. Chosen
/// so that a slow peer answers within its deadline and a fast one is not slowed by round trips.
const READ_BYTES_MAX: usize = 1024 * 1024;

/// Tells the first failure of the log.
pub(super) type Failure = watch::Receiver<Option<String>>;

/// The log. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct LogStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    log: Mutex<Kind>,
    /// A vote was written in this life, and is on disk.
    voted: watch::Sender<bool>,
    /// Dropped with the last user of the log; see [`Closed`].
    _open: mpsc::Sender<()>,
}

#[derive(Debug)]
enum Kind {
    Disk(Box<DiskLog>),
    Journal(JournalLog),
    Memory(MemoryLog),
}

/// Where a log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    /// The last entry that was purged.
    pub(super) purged: Option<LogId>,
    /// The last entry that is there, or else was purged.
    pub(super) last: Option<LogId>,
}

/// Tells when nobody uses the log any more and its directory is unlocked.
#[derive(Debug)]
pub(super) struct Closed(mpsc::Receiver<()>);

impl Closed {
    /// Waits until the log is closed.
    pub(super) async fn wait(&mut self) {
        // Nothing is ever sent: the only thing to receive is the end.
        let _end: Option<()> = self.0.recv().await;
    }
}

impl LogStore {
    /// Opens the log in a directory, or makes one in memory, for one raft node. Reads the whole log: call it where
    /// blocking is allowed.
    ///
    /// # Errors
    /// See [`LogError`].
    pub(super) fn open(dir: Option<&Path>, own: RaftId) -> Result<(Self, Closed), LogError> {
        let kind = match dir {
            Some(dir) => Kind::Disk(Box::new(DiskLog::open(dir, own)?)),
            None => Kind::Memory(MemoryLog::default()),
        };
        Ok(Self::new(kind))
    }

    /// Opens the log in a store's journal.
    ///
    /// # Errors
    /// `Open`.
    pub(super) fn open_journal(store: Arc<dyn Store>) -> Result<(Self, Closed), LogError> {
        let opened = JournalLog::open(store).map_err(|source| LogError::Open {
            path: Path::new("journal").to_owned(),
            source,
        })?;
        Ok(Self::new(Kind::Journal(opened)))
    }

    fn new(kind: Kind) -> (Self, Closed) {
        let (open, closed) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            log: Mutex::new(kind),
            voted: watch::Sender::new(false),
            _open: open,
        });
        (Self { shared }, Closed(closed))
    }

    /// Where the log begins and ends.
    pub(super) fn ends(&self) -> io::Result<Ends> {
        Ok(match &*self.lock()? {
            Kind::Disk(log) => log.ends(),
            Kind::Journal(log) => log.memory().ends(),
            Kind::Memory(log) => log.ends(),
        })
    }

    /// Whether there is a log in a directory.
    ///
    /// # Errors
    /// `Open`.
    pub(super) fn is_on_disk(dir: &Path) -> Result<bool, LogError> {
        match files::list(dir) {
            Ok(files) => Ok(!files.is_empty()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(LogError::Open {
                path: dir.to_owned(),
                source,
            }),
        }
    }

    /// Waits for the first write that fails, after which nothing is written any more, and gives
    /// file and cause. A log in memory never fails.
    pub(super) async fn failed(failure: Option<Failure>) -> String {
        if let Some(mut failure) = failure
            && let Ok(first) = failure.wait_for(Option::is_some).await
        {
            return first.clone().unwrap_or_default();
        }
        std::future::pending().await
    }

    /// What [`Self::failed`] waits on. It does not keep the log open.
    pub(super) fn failure(&self) -> io::Result<Option<Failure>> {
        Ok(match &*self.lock()? {
            Kind::Disk(log) => Some(log.failure()),
            Kind::Journal(_) | Kind::Memory(_) => None,
        })
    }

    /// Whether a vote was written in this life, and is on disk. It does not keep the log open.
    pub(super) fn voted(&self) -> watch::Receiver<bool> {
        self.shared.voted.subscribe()
    }

    fn lock(&self) -> io::Result<MutexGuard<'_, Kind>> {
        self.shared
            .log
            .lock()
            .map_err(|_poisoned| io::Error::other("the raft log broke in an earlier call"))
    }

    fn read(&self, range: (u64, u64), bytes_max: usize) -> io::Result<Vec<Entry>> {
        match &*self.lock()? {
            Kind::Disk(log) => log.read(range, bytes_max),
            Kind::Journal(log) => Ok(log.memory().read(range, bytes_max)),
            Kind::Memory(log) => Ok(log.read(range, bytes_max)),
        }
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB>(&mut self, range: RB) -> io::Result<Vec<Entry>>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        self.read(half_open(&range), usize::MAX)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        self.read((start, end), READ_BYTES_MAX)
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(match &*self.lock()? {
            Kind::Disk(log) => log.vote(),
            Kind::Journal(log) => log.memory().vote(),
            Kind::Memory(log) => log.vote(),
        })
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let ends = self.ends()?;
        Ok(LogState {
            last_purged_log_id: ends.purged,
            last_log_id: ends.last,
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let synced = match &mut *self.lock()? {
            Kind::Disk(log) => wait_synced(log.save_vote(vote)?).boxed(),
            Kind::Journal(log) => log.save_vote(vote)?,
            Kind::Memory(log) => {
                log.save_vote(vote);
                std::future::ready(Ok(())).boxed()
            }
        };
        synced.await?;
        self.shared.voted.send_replace(true);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        match &mut *self.lock()? {
            Kind::Disk(log) => log.save_committed(committed),
            Kind::Journal(log) => log.save_committed(committed),
            Kind::Memory(log) => {
                log.save_committed(committed);
                Ok(())
            }
        }
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(match &*self.lock()? {
            Kind::Disk(log) => log.committed(),
            Kind::Journal(log) => log.memory().committed(),
            Kind::Memory(log) => log.committed(),
        })
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        match &mut *self.lock()? {
            Kind::Disk(log) => log.append(entries, callback),
            Kind::Journal(log) => log.append(entries, callback),
            Kind::Memory(log) => {
                log.append(entries);
                callback.io_completed(Ok(()));
                Ok(())
            }
        }
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> io::Result<()> {
        match &mut *self.lock()? {
            Kind::Disk(log) => log.truncate_after(last_log_id),
            Kind::Journal(log) => log.truncate_after(last_log_id),
            Kind::Memory(log) => {
                log.truncate_after(last_log_id);
                Ok(())
            }
        }
    }

    async fn purge(&mut self, log_id: LogId) -> io::Result<()> {
        match &mut *self.lock()? {
            Kind::Disk(log) => log.purge(log_id),
            Kind::Journal(log) => log.purge(log_id),
            Kind::Memory(log) => {
                log.purge(log_id);
                Ok(())
            }
        }
    }
}

/// Drops the entries of a log on disk up to one, and waits until that is on disk. Everything else,
/// the vote above all, stays. Blocks.
///
/// # Errors
/// See [`LogError`].
pub(super) fn drop_entries(dir: &Path, own: RaftId, upto: LogId) -> Result<(), LogError> {
    let mut log = DiskLog::open(dir, own)?;
    log.purge_synced(upto).map_err(|source| LogError::Open {
        path: dir.to_owned(),
        source,
    })
}

async fn wait_synced(synced: oneshot::Receiver<io::Result<()>>) -> io::Result<()> {
    synced
        .await
        .map_err(|_dropped| io::Error::other("the raft log's writer ended"))?
}

/// The index behind an entry; 0 behind none.
fn next_index(log_id: Option<LogId>) -> u64 {
    log_id.map_or(0, |log_id| log_id.index().saturating_add(1))
}

fn half_open(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    (start, end)
}
