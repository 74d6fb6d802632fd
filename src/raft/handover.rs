//! Leadership given away: what ends before it, and the transfer itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use tokio::sync::{RwLock, RwLockReadGuard};
use tokio::time::timeout;

use super::error::TransferError;
use super::handle::Raft;
use super::lease;
use crate::types::RaftId;

/// What ends when leadership is given away.
#[derive(Debug, Default)]
pub(super) struct Handover {
    /// The term whose leadership this node gave away, plus one; 0 for none. See [`lease`].
    barred: AtomicU64,
    /// Held shared by each write under way.
    writes: RwLock<()>,
}

impl Raft {
    pub(super) fn is_lease_held(&self, lease: Duration) -> bool {
        let barred = self.inner.handover.barred.load(Ordering::Acquire);
        let metrics = self.inner.metrics.borrow_watched();
        lease::holds(&metrics, barred.checked_sub(1), lease)
    }

    /// Ends reads under the lease for the present term: leadership is about to be given away.
    pub(super) fn bar_lease(&self, term: u64) {
        let barred = &self.inner.handover.barred;
        barred.fetch_max(term.saturating_add(1), Ordering::AcqRel);
    }

    /// Says that a write is under way until the guard is dropped; waits while leadership is being
    /// given away.
    pub(super) async fn begin_write(&self) -> RwLockReadGuard<'_, ()> {
        self.inner.handover.writes.read().await
    }

    /// Hands leadership to a voter, or to the one that has most of the log, and waits until
    /// another node is known to lead. From the call on this node takes no writes in its term; those
    /// under way are waited for, so that none of them ends without a word of what became of it.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub async fn transfer_leader(&self, to: Option<RaftId>) -> Result<(), TransferError> {
        let status = self
            .leading()
            .map_err(|leader| TransferError::NotLeader { leader })?;
        let candidates = status.voters().filter(|peer| {
            peer.id != status.id && to.is_none_or(|to| to == peer.id) && self.is_answering(peer)
        });
        let target = candidates
            .max_by_key(|peer| peer.matched)
            .ok_or(TransferError::NoTarget)?;
        let id = target.id;
        self.bar_lease(status.term);
        let lease = Duration::from_millis(self.inner.timers.lease);
        // What is not through in a lease has no quorum, and is none the worse for the transfer.
        let no_writes = timeout(lease, self.inner.handover.writes.write()).await;
        let stopped = |reason: String| TransferError::Stopped { reason };
        let triggered = self.inner.raft.trigger().transfer_leader(id).await;
        triggered.map_err(|fatal| stopped(fatal.to_string()))?;
        // Writes that come now reach openraft behind the transfer, and are refused undone.
        drop(no_writes);
        let mut watch = self.watch_status();
        let handed_over = watch.wait_for(|now| {
            now.term > status.term && now.leader.as_ref().is_some_and(|(id, _)| *id != now.id)
        });
        match timeout(2 * lease, handed_over).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(stopped(error.to_string())),
            Err(_) => Err(TransferError::TimedOut { id }),
        }
    }
}
