//! The log on storage that is no directory: all of it in memory, and each change in the store's
//! journal, from which a start reads it again.
//!
//! The journal is never made shorter; it is meant for simulated disks, which do not live long.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use openraft::storage::IOFlushed;
use serde::{Deserialize, Serialize};

use super::super::type_config::{Entry, LogId, TypeConfig, Vote};
use super::memory::MemoryLog;
use crate::host::Store;

/// One change of the log.
#[derive(Debug, Serialize, Deserialize)]
enum Record {
    Vote(Vote),
    Committed(Option<LogId>),
    Entries(Vec<Entry>),
    Truncated(Option<LogId>),
    Purged(LogId),
}

/// A log in a journal.
#[derive(Debug)]
pub(super) struct JournalLog {
    memory: MemoryLog,
    store: Arc<dyn Store>,
}

impl JournalLog {
    pub(super) fn open(store: Arc<dyn Store>) -> io::Result<Self> {
        let mut memory = MemoryLog::default();
        for bytes in store.journal()? {
            let record = postcard::from_bytes(&bytes).map_err(io::Error::other)?;
            replay(&mut memory, record);
        }
        Ok(Self { memory, store })
    }

    pub(super) const fn memory(&self) -> &MemoryLog {
        &self.memory
    }

    /// Writes a vote; the future ends when it is on disk.
    pub(super) fn save_vote(
        &mut self,
        vote: &Vote,
    ) -> io::Result<BoxFuture<'static, io::Result<()>>> {
        self.note(Record::Vote(*vote))?;
        Ok(self.store.sync())
    }

    pub(super) fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        self.note(Record::Committed(committed))
    }

    pub(super) fn append(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
        callback: IOFlushed<TypeConfig>,
    ) -> io::Result<()> {
        self.note(Record::Entries(entries.into_iter().collect()))?;
        let synced = self.store.sync();
        tokio::spawn(async move { callback.io_completed(synced.await) });
        Ok(())
    }

    pub(super) fn truncate_after(&mut self, keep: Option<LogId>) -> io::Result<()> {
        self.note(Record::Truncated(keep))
    }

    pub(super) fn purge(&mut self, upto: LogId) -> io::Result<()> {
        self.note(Record::Purged(upto))
    }

    fn note(&mut self, record: Record) -> io::Result<()> {
        let bytes = postcard::to_allocvec(&record).map_err(io::Error::other)?;
        self.store.append(bytes)?;
        replay(&mut self.memory, record);
        Ok(())
    }
}

fn replay(memory: &mut MemoryLog, record: Record) {
    match record {
        Record::Vote(vote) => memory.save_vote(&vote),
        Record::Committed(committed) => memory.save_committed(committed),
        Record::Entries(entries) => memory.append(entries),
        Record::Truncated(keep) => memory.truncate_after(keep),
        Record::Purged(upto) => memory.purge(upto),
    }
}
