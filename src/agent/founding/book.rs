//! The ledger and its place on disk.

use tokio::sync::watch;
use tokio::time::Instant;

use crate::bootstrap::{Ledger, Seat, Speech};
use crate::datadir::{DataDir, DataDirError};

/// The record's name in the data directory.
pub(in crate::agent) const RECORD: &str = "founding";

/// The record that is there from before this server enters a cluster, until raft has written here.
/// A member whose log is empty lost it, unless it is there: this server stopped in between.
const UNSPOKEN: &str = "raft-unspoken";

/// The ledger as it is on disk.
#[derive(Debug)]
pub(in crate::agent) struct Book {
    dir: DataDir,
    ledger: Ledger,
    /// Since when the present proposal, if any, binds this server in this life.
    bound_since: Instant,
    speech: watch::Sender<Option<Speech>>,
}

impl Book {
    /// Opens the ledger and does what a start asks: a proposal that was being prepared is over.
    ///
    /// # Errors
    /// If the record is damaged, or cannot be written.
    pub(in crate::agent) async fn open(dir: DataDir) -> Result<Self, DataDirError> {
        let ledger: Ledger = dir.load(RECORD)?.unwrap_or_default();
        let speech = watch::Sender::new(speech(&ledger));
        let mut book = Self {
            dir,
            ledger,
            bound_since: Instant::now(),
            speech,
        };
        if let Some(next) = book.ledger.restarted() {
            book.write(next).await?;
        }
        Ok(book)
    }

    pub(in crate::agent) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Follows the cluster for which raft may speak here.
    pub(in crate::agent) fn speech(&self) -> watch::Receiver<Option<Speech>> {
        self.speech.subscribe()
    }

    /// Whether raft state of a dead founding is to be wiped before raft starts.
    pub(in crate::agent) const fn is_wiping(&self) -> bool {
        matches!(self.ledger.seat(), Seat::Wiping(_))
    }

    /// How long the present proposal has bound this server.
    pub(super) fn bound_for(&self) -> std::time::Duration {
        self.bound_since.elapsed()
    }

    /// Notes that raft has written nothing here yet; to be called before the ledger names a cluster.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub(super) async fn note_unspoken(&self) -> Result<(), DataDirError> {
        self.dir.work(|dir| dir.store(UNSPOKEN, &())).await
    }

    /// Whether raft may have written nothing here yet, although the ledger names a cluster.
    ///
    /// # Errors
    /// If the record is damaged or cannot be read.
    pub(in crate::agent) async fn is_unspoken(&self) -> Result<bool, DataDirError> {
        let noted = self.dir.work(|dir| dir.load::<()>(UNSPOKEN)).await?;
        Ok(noted.is_some())
    }

    /// Takes the note back: raft has written here, on disk.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub(in crate::agent) async fn note_spoken(&self) -> Result<(), DataDirError> {
        self.dir.work(|dir| dir.remove(UNSPOKEN)).await
    }

    /// Writes the next ledger, synced; it counts from then on.
    ///
    /// # Errors
    /// If the disk does not take it; the old ledger stays.
    pub(in crate::agent) async fn write(&mut self, next: Ledger) -> Result<(), DataDirError> {
        let record = next.clone();
        self.dir.work(move |dir| dir.store(RECORD, &record)).await?;
        if next.bound() != self.ledger.bound() {
            self.bound_since = Instant::now();
        }
        self.ledger = next;
        self.speech.send_replace(speech(&self.ledger));
        Ok(())
    }
}

fn speech(ledger: &Ledger) -> Option<Speech> {
    let cluster = ledger.raft_cluster()?;
    Some(Speech {
        cluster,
        has_committed: ledger.cluster().is_some(),
    })
}
