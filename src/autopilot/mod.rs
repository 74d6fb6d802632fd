//! What a leader does about the servers it sees: takes in new ones, promotes those that keep up,
//! follows changed addresses, removes those that left or were replaced. And what any server says
//! when too many voters are missing for a leader.
//!
//! Pure: facts in, duties out. The driver on the leader carries them out one by one and asks
//! again after each, so a duty is never decided on facts that an earlier one has changed.
//!
//! Rules and defaults follow Consul's autopilot (agent reference, 2.8) and the raft study (R6: a
//! learner is promoted only after it has answered and caught up).

mod health;
mod leave;
mod majority;
mod plan;
mod quorum;
mod stability;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crate::types::{AutopilotConfig, ClusterId, MemberStatus, NodeId, NodeName, RaftId};

pub use health::{ServerHealth, failure_tolerance};
pub use leave::{QuorumBreaks, breaks_quorum};
pub use majority::{majorities_meet, may_go};
pub use quorum::{Absence, Missing, QuorumLost, quorum_lost};
pub use stability::Stability;

/// A server as gossip sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its raft node.
    pub raft_id: RaftId,
    /// The agent.
    pub node_id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// Where raft reaches it.
    pub addr: SocketAddr,
    /// The cluster it says it is in.
    pub cluster: Option<ClusterId>,
    /// Whether it is there.
    pub status: MemberStatus,
}

/// A server in the raft configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The raft node.
    pub raft_id: RaftId,
    /// Name of the agent when it was added.
    pub name: String,
    /// Where raft reaches it.
    pub addr: SocketAddr,
    /// It votes; else it is a learner.
    pub is_voter: bool,
    /// Last log index that it is known to have.
    pub matched: u64,
    /// It answered the leader of late; false where no leader asks.
    pub is_answering: bool,
    /// Since it last answered the leader; none if it never did.
    pub last_answer: Option<Duration>,
}

/// The facts of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The leader that decides.
    pub own: RaftId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Every server that gossip knows, whatever its status.
    pub servers: Vec<Server>,
    /// The raft configuration.
    pub peers: Vec<Peer>,
    /// The leader's own last log index.
    pub last_index: u64,
    /// How many servers the cluster was meant to have, `bootstrap_expect`; none if no server says.
    pub expected: Option<usize>,
    /// Learners that were healthy for the whole stabilisation time.
    pub stable: Vec<RaftId>,
    /// Servers that an operator took out: they stay out for as long as they have their disk.
    pub removed: BTreeSet<RaftId>,
    /// What an operator wants.
    pub config: AutopilotConfig,
    /// Time between two heartbeats of the leader.
    pub heartbeat: Duration,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Duty {
    /// Take the server in as a learner.
    Add(Server),
    /// Make a learner a voter.
    Promote(RaftId),
    /// Reach a peer at the address it has now.
    Update(Server),
    /// Take a peer out of the configuration.
    Remove {
        /// The peer.
        raft_id: RaftId,
        /// Why.
        cause: Cause,
    },
}

/// Why a peer is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It said that it leaves, or was made to.
    Left,
    /// Another raft node has its name: its disk was wiped or its machine replaced.
    Replaced,
    /// It is dead, and replaced or not needed. It is welcome when it comes back.
    Dead,
    /// An operator took it out.
    Removed,
}

impl View {
    /// The first duty that the facts ask for, if any.
    ///
    /// Removals come before additions, so that a replaced server's vote is gone before its
    /// successor is counted.
    pub fn duty(&self) -> Option<Duty> {
        plan::removal(self)
            .or_else(|| plan::update(self))
            .or_else(|| plan::addition(self))
            .or_else(|| plan::succession(self))
    }
}
