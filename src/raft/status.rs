//! What raft says of itself, as plain values.

use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::error::Fatal;
use openraft::{Instant, RaftMetrics};

use super::RaftError;
use super::error::words;
use super::machine::Machine;
use super::network::Inbox;
use super::type_config::{LogId, Peer, TypeConfig};
use crate::types::RaftId;

/// What a raft node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerState {
    /// It takes entries and has no vote; also a node that belongs to no cluster yet.
    Learner,
    /// It takes entries and votes.
    Follower,
    /// It stands for election.
    Candidate,
    /// It leads.
    Leader,
    /// It was shut down, or failed.
    Shutdown,
}

impl ServerState {
    /// The word of `info` (agent reference, 4.4). Consul calls a node without a vote a follower.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learner | Self::Follower => "Follower",
            Self::Candidate => "Candidate",
            Self::Leader => "Leader",
            Self::Shutdown => "Shutdown",
        }
    }
}

/// A raft node as one moment shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The raft node.
    pub id: RaftId,
    /// What it does.
    pub state: ServerState,
    /// Its term; 0 before it ever gave a vote or heard a leader.
    pub term: u64,
    /// Who leads its term, as far as it knows; none once the leader was silent for four leases,
    /// or no quorum answered it for so long.
    pub leader: Option<(RaftId, Peer)>,
    /// Index and term of its last log entry; none while there is none. The first index is 0.
    pub last_log: Option<(u64, u64)>,
    /// Index up to which it knows entries to be committed.
    pub commit: Option<u64>,
    /// Index up to which entries are in its state.
    pub applied: Option<u64>,
    /// Index and term of the last entry that its snapshot covers.
    pub snapshot: Option<(u64, u64)>,
    /// The raft configuration it goes by, committed or not, sorted by raft id.
    pub peers: Vec<PeerStatus>,
    /// Index of that configuration.
    pub membership_index: Option<u64>,
    /// That configuration is committed.
    pub is_membership_settled: bool,
    /// Since it last heard from a leader: nothing on the leader itself, none before the first
    /// time in this life.
    pub last_contact: Option<Duration>,
    /// Why raft has stopped, if it has.
    pub failure: Option<String>,
}

/// A node of the raft configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// The raft node.
    pub id: RaftId,
    /// The agent that runs it, and where.
    pub peer: Peer,
    /// It votes; else it is a learner.
    pub is_voter: bool,
    /// Last index it is known to have; only the leader knows.
    pub matched: Option<u64>,
    /// Since it last answered the leader, measured from the sending; only the leader knows.
    pub last_answer: Option<Duration>,
}

impl Status {
    /// Whether this node leads.
    pub fn is_leader(&self) -> bool {
        self.state == ServerState::Leader
    }

    /// Whether the leader that it names was heard of late.
    fn is_led(&self, silence: Duration) -> bool {
        let is_fresh = |ago: Option<Duration>| ago.is_some_and(|ago| ago <= silence);
        if !self.is_leader() {
            return is_fresh(self.last_contact);
        }
        let answering = self
            .voters()
            .filter(|voter| voter.id == self.id || is_fresh(voter.last_answer))
            .count();
        answering.saturating_mul(2) > self.voters().count()
    }

    /// One node of the configuration.
    pub fn peer(&self, id: RaftId) -> Option<&PeerStatus> {
        self.peers.iter().find(|peer| peer.id == id)
    }

    /// The voters.
    pub fn voters(&self) -> impl Iterator<Item = &PeerStatus> {
        self.peers.iter().filter(|peer| peer.is_voter)
    }

    /// The nodes without a vote.
    pub fn learners(&self) -> impl Iterator<Item = &PeerStatus> {
        self.peers.iter().filter(|peer| !peer.is_voter)
    }
}

/// openraft's own status, as it follows it.
pub(super) type Metrics = openraft::alias::WatchReceiverOf<TypeConfig, RaftMetrics<TypeConfig>>;
type DataMetrics =
    openraft::alias::WatchReceiverOf<TypeConfig, openraft::metrics::RaftDataMetrics<TypeConfig>>;

/// Follows the status of a raft node.
#[derive(Clone)]
pub struct StatusWatch {
    metrics: Metrics,
    data: DataMetrics,
    inbox: Arc<Inbox>,
    /// A leader that was not heard for so long, or heard no quorum, is none: without a quorum
    /// the term stands still, and openraft names the last leader of the term for ever.
    silence: Duration,
}

impl std::fmt::Debug for StatusWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusWatch").finish_non_exhaustive()
    }
}

impl StatusWatch {
    pub(super) fn new(
        raft: &openraft::Raft<TypeConfig, Machine>,
        inbox: Arc<Inbox>,
        silence: Duration,
    ) -> Self {
        Self {
            silence,
            metrics: raft.metrics(),
            data: raft.data_metrics(),
            inbox,
        }
    }

    /// The status now.
    pub fn status(&self) -> Status {
        let last_log = self.data.borrow_watched().last_log.as_ref().map(place);
        let metrics = self.metrics.borrow_watched().clone();
        let mut status = plain(&metrics);
        // Two channels are read; the newer of two views of the log's end is the true one.
        status.last_log = last_log;
        status.last_contact = if status.is_leader() {
            Some(Duration::ZERO)
        } else {
            self.inbox.last_contact().map(|heard| heard.elapsed())
        };
        let is_disowned = !status.is_leader() && self.inbox.is_leader_alone();
        if is_disowned || !status.is_led(self.silence) {
            status.leader = None;
        }
        status
    }

    /// Waits for the next change. On a leader every answer of a peer is one, so about a dozen
    /// come per second without any load: prefer [`Self::wait_for`].
    ///
    /// # Errors
    /// `Stopped` once raft has ended.
    ///
    /// # Cancel safety
    /// No change is lost.
    pub async fn changed(&mut self) -> Result<(), RaftError> {
        let ended = self.metrics.changed().await.is_err();
        let failed = self.metrics.borrow_watched().running_state.clone().err();
        match failed {
            Some(fatal) => Err(RaftError::stopped(&fatal)),
            None if ended => Err(RaftError::stopped(&Fatal::Panicked)),
            None => Ok(()),
        }
    }

    /// Waits until the status is as wanted, and gives it.
    ///
    /// # Errors
    /// `Stopped` once raft has ended.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn wait_for(
        &mut self,
        mut is_wanted: impl FnMut(&Status) -> bool,
    ) -> Result<Status, RaftError> {
        loop {
            let status = self.status();
            if is_wanted(&status) {
                return Ok(status);
            }
            self.changed().await?;
        }
    }
}

/// Whether a quorum answered this leader of late.
pub(super) fn is_answered(metrics: &RaftMetrics<TypeConfig>, silence: Duration) -> bool {
    plain(metrics).is_led(silence)
}

fn plain(metrics: &RaftMetrics<TypeConfig>) -> Status {
    let membership = &metrics.membership_config;
    let leader = metrics.current_leader.and_then(|id| {
        let peer = membership.get_node(&id)?;
        Some((id, peer.clone()))
    });
    Status {
        id: metrics.id,
        state: state(metrics),
        term: metrics.current_term,
        leader,
        last_log: None,
        commit: metrics.local_committed.map(|id| id.index()),
        applied: metrics.last_applied.map(|id| id.index()),
        snapshot: metrics.snapshot.as_ref().map(place),
        peers: peers(metrics),
        membership_index: membership.log_id().map(|id| id.index()),
        is_membership_settled: metrics.committed_membership_config.log_id() == membership.log_id(),
        last_contact: None,
        failure: metrics
            .running_state
            .as_ref()
            .err()
            .map(|fatal| words(fatal)),
    }
}

fn state(metrics: &RaftMetrics<TypeConfig>) -> ServerState {
    if metrics.running_state.is_err() {
        return ServerState::Shutdown;
    }
    match metrics.state {
        openraft::ServerState::Learner => ServerState::Learner,
        openraft::ServerState::Follower => ServerState::Follower,
        openraft::ServerState::Candidate => ServerState::Candidate,
        openraft::ServerState::Leader => ServerState::Leader,
        openraft::ServerState::Shutdown => ServerState::Shutdown,
    }
}

fn peers(metrics: &RaftMetrics<TypeConfig>) -> Vec<PeerStatus> {
    let configs = metrics.membership_config.get_joint_config();
    let matched = |id: &RaftId| Some(metrics.replication.as_ref()?.get(id)?.as_ref()?.index());
    let answered = |id: &RaftId| Some(metrics.heartbeat.as_ref()?.get(id)?.as_ref()?.elapsed());
    let of = |(id, peer): (&RaftId, &Peer)| PeerStatus {
        id: *id,
        peer: peer.clone(),
        is_voter: configs.iter().any(|voters| voters.contains(id)),
        matched: matched(id),
        last_answer: answered(id),
    };
    metrics.membership_config.nodes().map(of).collect()
}

fn place(log_id: &LogId) -> (u64, u64) {
    (log_id.index(), log_id.committed_leader_id().term)
}
