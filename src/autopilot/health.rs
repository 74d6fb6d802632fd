//! Which servers are healthy, and how many failures the cluster stands (agent reference, 2.8).

use super::{Peer, View};
use crate::types::RaftId;

/// One server of the raft configuration and how it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHealth {
    /// The raft node.
    pub raft_id: RaftId,
    /// It votes.
    pub is_voter: bool,
    /// It is there, answers in time and keeps up.
    pub is_healthy: bool,
}

/// How many voters may yet fail: the healthy ones beyond a majority of all.
pub fn failure_tolerance(health: &[ServerHealth]) -> usize {
    let voters = || health.iter().filter(|server| server.is_voter);
    let healthy = voters().filter(|server| server.is_healthy).count();
    healthy.saturating_sub(voters().count() / 2 + 1)
}

impl View {
    /// Every server of the raft configuration, in its order.
    pub fn health(&self) -> Vec<ServerHealth> {
        let of = |peer: &Peer| ServerHealth {
            raft_id: peer.raft_id,
            is_voter: peer.is_voter,
            is_healthy: self.is_healthy(peer),
        };
        self.peers.iter().map(of).collect()
    }

    /// The leader is. Another is if gossip holds it for alive, and it answered in time and lacks
    /// no more of the log than is allowed. An answer is due with every heartbeat, and one that is
    /// lost makes nobody ill: late is what comes later than two.
    pub(super) fn is_healthy(&self, peer: &Peer) -> bool {
        if peer.raft_id == self.own {
            return true;
        }
        let threshold = self.config.last_contact_threshold;
        let patience = threshold.saturating_add(self.heartbeat.saturating_mul(2));
        let in_time = peer.last_answer.is_some_and(|ago| ago <= patience);
        let lacks = self.last_index.saturating_sub(peer.matched);
        let keeps_up = peer.matched > 0 && lacks <= self.config.max_trailing_logs;
        in_time && keeps_up && self.is_alive(peer.raft_id)
    }
}
