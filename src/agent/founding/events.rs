//! What may change a decision: members, sources, and raft's first commit.

use std::sync::Arc;

use tokio::sync::watch;

use super::Rooms;
use crate::agent::evidence::Evidence;
use crate::raft::StatusWatch;
use crate::types::Member;

/// Follows every fact that announces itself, so that none is missed between a decision and the
/// wait that follows it.
#[derive(Debug)]
pub(super) struct Events {
    members: watch::Receiver<Arc<[Member]>>,
    evidence: watch::Receiver<Evidence>,
    raft: StatusWatch,
    had_committed: bool,
}

impl Events {
    pub(super) fn new(rooms: &Rooms) -> Self {
        Self {
            members: rooms.gossip.watch(),
            evidence: rooms.evidence.clone(),
            raft: rooms.raft.watch_status(),
            had_committed: false,
        }
    }

    /// Takes all that has happened so far for known. To be called before the facts are read.
    pub(super) fn mark(&mut self) {
        self.members.mark_unchanged();
        self.evidence.mark_unchanged();
        self.had_committed = self.raft.status().commit.is_some();
    }

    /// Returns at the first change after the mark.
    pub(super) async fn next(&mut self) {
        let had_committed = self.had_committed;
        // Where a fact has ended, the agent is about to; its next look is that of the clock.
        tokio::select! {
            Ok(()) = self.members.changed() => {}
            Ok(()) = self.evidence.changed() => {}
            Ok(_) = self.raft.wait_for(|status| status.commit.is_some() != had_committed) => {}
            else => std::future::pending().await,
        }
    }
}
