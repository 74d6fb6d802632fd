//! How a raft node ends: by itself when something failed, or because it is stopped.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::error::{RaftError, TransferError};
use super::handle::Raft;
use super::log::LogStore;
use crate::types::RaftId;

/// How long [`Raft::shutdown`] waits for the log to be closed. Chosen: far longer than writing
/// what is left takes.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// How long [`Raft::step_down`] waits for the word of the next leader. Chosen: far longer than a
/// round trip and the sync of a disk.
const SETTLE_WITHIN: Duration = Duration::from_secs(2);

impl Raft {
    /// Returns when raft has failed, with the reason; never after [`Self::shutdown`]. A node
    /// whose raft has failed does no part of its work any more: the process must end (hazard
    /// R2).
    pub async fn failed(&self) -> String {
        let reason = self.ended().await;
        if self.inner.stopping.load(Ordering::Acquire) {
            return std::future::pending().await;
        }
        reason
    }

    async fn ended(&self) -> String {
        let mut watch = self.watch_status();
        let core_ended = async {
            loop {
                match watch.changed().await {
                    Err(RaftError::Stopped { reason }) => return reason,
                    Err(error) => return error.to_string(),
                    Ok(()) => {}
                }
                if let Some(failure) = watch.status().failure {
                    return failure;
                }
            }
        };
        let machine_ended = async {
            let _end: Option<()> = self.inner.machine_ended.lock().await.recv().await;
            "the state machine ended".to_owned()
        };
        // The log first, which knows the file; then the core: if both ended, it knows why.
        tokio::select! {
            biased;
            reason = LogStore::failed(self.inner.log_failure.clone()) => reason,
            reason = core_ended => reason,
            reason = machine_ended => reason,
        }
    }

    /// Hands leadership over as [`Self::transfer_leader`] does, and waits a moment until it is known
    /// what became of the writes that this node took up while it led; says whether it is. The next
    /// leader tells, at a port that is about to close: without its word those who wait for an answer
    /// would never get one.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub async fn step_down(&self, to: Option<RaftId>) -> Result<bool, TransferError> {
        self.transfer_leader(to).await?;
        Ok(self.settle(SETTLE_WITHIN).await)
    }

    /// Waits until all that is in the log now is applied, or was cut off it again.
    pub(super) async fn settle(&self, within: Duration) -> bool {
        let last = self.status().last_log;
        let mut watch = self.watch_status();
        let settled = watch.wait_for(|now| {
            let awaited = last.min(now.last_log).map(|(index, _term)| index);
            now.applied >= awaited
        });
        matches!(tokio::time::timeout(within, settled).await, Ok(Ok(_)))
    }

    /// Stops this node, writes what is left and unlocks the log. Leadership is not handed over;
    /// see [`Self::step_down`]. All clones are stopped.
    pub async fn shutdown(&self) {
        self.inner.stopping.store(true, Ordering::Release);
        // In a task of its own: where raft has failed and a caller was cut off while it waited for the
        // reason, openraft panics here, and the process would end by that and not with its own word.
        let raft = self.inner.raft.clone();
        match tokio::spawn(async move { raft.shutdown().await }).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "raft core did not end well"),
            Err(error) => tracing::error!(%error, "raft core did not end well"),
        }
        let mut closed = self.inner.closed.lock().await;
        if tokio::time::timeout(CLOSE_DEADLINE, closed.wait())
            .await
            .is_err()
        {
            tracing::warn!("raft log is still in use");
        }
    }
}
