//! Whether a quorum answers this node while it leads.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use tokio::time::Instant;

use super::super::status::{Metrics, is_answered};

/// Looks at what openraft says of itself, once that is there: the sending side is made before.
pub(in crate::raft) struct Quorum {
    silence: Duration,
    metrics: OnceLock<Metrics>,
}

impl fmt::Debug for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quorum").finish_non_exhaustive()
    }
}

impl Quorum {
    /// A leader that no quorum answers for so long is alone.
    pub(in crate::raft) fn new(silence: Duration) -> Self {
        Self {
            silence,
            metrics: OnceLock::new(),
        }
    }

    /// Takes the place to look at; only the first counts.
    pub(in crate::raft) fn follow(&self, metrics: Metrics) {
        let _first = self.metrics.set(metrics);
    }

    /// Whether no quorum answers a leader that began to send at this time: a new one has asked
    /// nobody yet.
    pub(super) fn is_lost(&self, began: Instant) -> bool {
        let is_answered = |metrics: &Metrics| is_answered(&metrics.borrow_watched(), self.silence);
        began.elapsed() > self.silence && !self.metrics.get().is_none_or(is_answered)
    }
}
