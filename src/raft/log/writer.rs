//! What the log's library is instantiated with, and how the fate of a write is told.
//!
//! The library writes on a thread of its own, and that thread ends with the first write or sync
//! that fails: no later sync can make good what an earlier one lost, so nothing is written after
//! it. What failed first, and in which file, is kept and told to everybody who waits, then or
//! later; the process must end.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use openraft::storage::IOFlushed;
use raft_log::{Callback, Types};
use tokio::sync::{oneshot, watch};

use super::super::type_config::{TypeConfig, packed_len};
use super::codec::{Owner, StoredLogId, StoredPayload, StoredVote};
use super::files;
use super::mark::{Mark, Point};
use crate::types::remedy;

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

/// What all writes of one log share.
#[derive(Debug)]
pub(super) struct Writes {
    dir: PathBuf,
    mark: Mark,
    /// The first failure.
    failure: watch::Sender<Option<String>>,
}

impl Writes {
    pub(super) fn new(dir: PathBuf, mark: Mark) -> Self {
        Self {
            dir,
            mark,
            failure: watch::Sender::new(None),
        }
    }

    /// Follows the first failure.
    pub(super) fn failure(&self) -> watch::Receiver<Option<String>> {
        self.failure.subscribe()
    }

    /// Gives a failure as the first one, whose consequence any later one is.
    pub(super) fn failed(&self, error: &io::Error) -> io::Error {
        self.failure.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert_with(|| {
                // A file that cannot be listed any more is named by its directory.
                let file = files::newest(&self.dir).unwrap_or_else(|_| self.dir.clone());
                let hint = remedy(error);
                format!(
                    "write the raft log file {}: {error}; {hint}",
                    file.display()
                )
            });
            is_first
        });
        let text = self.failure.borrow().clone().unwrap_or_default();
        io::Error::new(error.kind(), text)
    }
}

/// Whom to tell that a write is on disk. Dropped without a word, it tells a failure: the writer
/// ended, and openraft must not wait for ever.
pub(super) struct Synced {
    waiter: Option<Waiter>,
    /// What is on disk then; none if the write asked for no sync.
    point: Option<Point>,
    writes: Arc<Writes>,
}

/// Who waits.
pub(super) enum Waiter {
    Vote(oneshot::Sender<io::Result<()>>),
    Entries(IOFlushed<TypeConfig>),
    Nobody,
}

impl Synced {
    pub(super) const fn new(waiter: Waiter, point: Option<Point>, writes: Arc<Writes>) -> Self {
        Self {
            waiter: Some(waiter),
            point,
            writes,
        }
    }

    fn tell(&mut self, result: io::Result<()>) {
        let Some(waiter) = self.waiter.take() else {
            return;
        };
        let marked = result.and_then(|()| match self.point {
            Some(point) => self.writes.mark.set(point),
            None => Ok(()),
        });
        let told = marked.map_err(|error| self.writes.failed(&error));
        match waiter {
            // Nobody waits for the vote any more when raft is being stopped.
            Waiter::Vote(waiter) => drop(waiter.send(told)),
            Waiter::Entries(callback) => callback.io_completed(told),
            Waiter::Nobody => {}
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
        self.tell(Err(io::Error::other("its writer ended")));
    }
}
