//! Nodes of the catalogue that nobody gossips with any more.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::types::NodeId;

/// A node of the catalogue that gossip does not know for so long is gone. Chosen: far longer than
/// an agent that just started takes to hear of everybody.
const GHOST_AFTER: Duration = Duration::from_secs(15);

/// How long the catalogue is left alone after a write that came to nothing. Chosen: a leader that is cut
/// off from the others fails every time until it knows, and says so each time.
const REST_AFTER: Duration = Duration::from_secs(10);

/// Nodes of the catalogue that gossip does not know, and since when.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    since: BTreeMap<NodeId, Instant>,
    /// When one could not be taken out.
    failed_at: Option<Instant>,
}

impl Ghosts {
    /// Takes note of which nodes are unknown now; one that is known again starts over.
    pub(super) fn observe(
        &mut self,
        nodes: impl Iterator<Item = NodeId>,
        is_unknown: impl Fn(NodeId) -> bool,
    ) {
        let now = Instant::now();
        let since = |id: NodeId| (id, self.since.get(&id).copied().unwrap_or(now));
        self.since = nodes.filter(|id| is_unknown(*id)).map(since).collect();
    }

    /// One could not be taken out: nobody tries for a while.
    pub(super) fn rest(&mut self) {
        self.failed_at = Some(Instant::now());
    }

    /// One could not be taken out a moment ago.
    pub(super) fn is_resting(&self) -> bool {
        self.failed_at.is_some_and(|at| at.elapsed() < REST_AFTER)
    }

    /// Whether a node was unknown for long enough to be gone.
    pub(super) fn is_one(&self, id: NodeId) -> bool {
        self.since
            .get(&id)
            .is_some_and(|since| since.elapsed() >= GHOST_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_catalogue_that_cannot_be_written_is_left_alone_for_a_while() {
        let mut ghosts = Ghosts::default();
        assert!(!ghosts.is_resting());
        ghosts.rest();
        assert!(ghosts.is_resting());
        tokio::time::advance(REST_AFTER).await;
        assert!(!ghosts.is_resting());
    }
}
