//! What the HTTP API needs of the agent behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::state::{Answer, Applied, Command, Query};
use crate::types::{Announcement, ClusterId, Member, MemberStatus, NodeId, RaftId};
use crate::why::Report;

/// What is said of an address that was to be joined and is the agent's own.
pub(crate) const OWN_ADDRESS: &str =
    "is this agent's own address, and joining oneself joins nobody; name another agent's";

/// Why a request came to nothing. The text is what the client reads; Consul's where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NodeError {
    /// No server has been elected, or none is reachable, within the hold time.
    #[error("No cluster leader")]
    NoLeader,
    /// A client that has not heard of any server.
    #[error("No known Consul servers")]
    NoServers,
    /// The node or member that was named is not there.
    #[error("{0}")]
    NotFound(String),
    /// The request makes no sense to the agent.
    #[error("{0}")]
    Invalid(String),
    /// Anything else; the text says what, where and what to do.
    #[error("{0}")]
    Failed(String),
}

/// How fresh an answer must be (agent reference, 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Consistency {
    /// From the leader, under its lease.
    #[default]
    Default,
    /// From the leader, after a quorum confirmed it.
    Consistent,
    /// From any server, as it stands there.
    Stale,
}

/// A read with its conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// What is asked.
    pub query: Query,
    /// How fresh the answer must be.
    pub consistency: Consistency,
    /// Answer only when the index of what is asked is above this, or the wait is over.
    pub min_index: Option<u64>,
    /// How long to wait for `min_index`, jitter included.
    pub wait: Duration,
}

/// An answer and how fresh it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The answer.
    pub answer: Answer,
    /// Raft index of what was asked; never below 1.
    pub index: u64,
    /// Whether the server that answered knows a leader.
    pub known_leader: bool,
    /// Milliseconds since that server heard from its leader; 0 on the leader.
    pub last_contact_ms: u64,
}

/// One server of the raft configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaftPeer {
    /// The raft node.
    pub raft_id: RaftId,
    /// Name of the agent.
    pub name: String,
    /// Where raft reaches it.
    pub address: SocketAddr,
    /// It is the leader.
    pub is_leader: bool,
    /// It votes; else it is a learner.
    pub is_voter: bool,
    /// Last log index it is known to have, if the leader answers.
    pub last_index: u64,
}

/// The raft configuration and the index it was written at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaftConfiguration {
    /// The servers, sorted by name.
    pub peers: Vec<RaftPeer>,
    /// Log index of the configuration.
    pub index: u64,
}

/// One server as autopilot sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutopilotServer {
    /// The agent, which gives Consul's id of a server.
    pub node_id: NodeId,
    /// Its name.
    pub name: String,
    /// Where raft reaches it.
    pub address: SocketAddr,
    /// Its status in gossip; none if gossip does not know it.
    pub status: Option<MemberStatus>,
    /// The version that it runs; empty if gossip does not know it.
    pub build: String,
    /// It is the leader.
    pub is_leader: bool,
    /// It votes; else it is a learner.
    pub is_voter: bool,
    /// It is there, answers in time and keeps up.
    pub is_healthy: bool,
    /// Since it last answered the leader; none if it never did.
    pub last_contact: Option<Duration>,
    /// The leader's term, if it ever answered in it; else 0.
    pub last_term: u64,
    /// Last log index that it is known to have.
    pub last_index: u64,
    /// Since when it is as healthy, or as ill, as it is; milliseconds since the Unix epoch.
    pub stable_since_ms: u64,
}

/// What a leader knows of its servers' health.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutopilotReport {
    /// The servers, sorted by name; empty while a new leader has not looked yet.
    pub servers: Vec<AutopilotServer>,
    /// How many voters may yet fail.
    pub failure_tolerance: u64,
}

/// A server of the raft configuration as a person names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerName {
    /// Its node id or its raft id, as text.
    Id(String),
    /// Where raft reaches it, as text.
    Address(String),
}

/// A founding that an operator gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// The cluster that it would have been.
    pub cluster: ClusterId,
    /// Names of its other members.
    pub others: Vec<String>,
    /// Raft held something for it, so the agent starts again without.
    pub wipes_raft: bool,
}

/// Groups of values by name, as `info` prints them.
pub type Stats = BTreeMap<String, BTreeMap<String, String>>;

/// What `/v1/agent/self` shows besides the statistics.
#[derive(Debug, Clone)]
pub struct Own {
    /// What this agent says of itself.
    pub says: Announcement,
    /// Every setting by its name, secrets hidden.
    pub settings: serde_json::Value,
    /// What the operator attached to the node.
    pub meta: BTreeMap<String, String>,
    /// The statistics.
    pub stats: Stats,
}

/// The agent behind the API. Requests that need the leader are forwarded and held by it.
pub trait Node: Send + Sync + 'static {
    /// What this agent is and how it does.
    fn own(&self) -> Own;

    /// Every member that gossip knows, this agent included.
    fn members(&self) -> Vec<Member>;

    /// The leader's address on the server port, as the servers know it.
    fn leader(&self) -> BoxFuture<'_, Result<Option<SocketAddr>, NodeError>>;

    /// The addresses of the voters; empty before a founding.
    fn peers(&self) -> BoxFuture<'_, Result<Vec<SocketAddr>, NodeError>>;

    /// Joins the agent at an address as written by a person; gives the number of others reached.
    fn join<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<usize, NodeError>>;

    /// Leaves the cluster and gives what it did, a line each; once it returns, the process is about
    /// to end. Refuses to break the quorum of the servers left unless `force` is set.
    fn leave(&self, force: bool) -> BoxFuture<'_, Result<Vec<String>, NodeError>>;

    /// Makes a failed member a left one, or forgets it when `prune` is set.
    fn force_leave<'a>(
        &'a self,
        name: &'a str,
        prune: bool,
    ) -> BoxFuture<'a, Result<(), NodeError>>;

    /// Has the leader write a command to the log; returns once it is committed and applied.
    fn apply(&self, command: Command) -> BoxFuture<'_, Result<Applied, NodeError>>;

    /// Answers a read at the asked freshness.
    fn read(&self, read: Read) -> BoxFuture<'_, Result<Found, NodeError>>;

    /// The raft configuration, from the leader, or from any server when `stale` is set.
    fn raft_configuration(
        &self,
        stale: bool,
    ) -> BoxFuture<'_, Result<RaftConfiguration, NodeError>>;

    /// What the leader knows of its servers' health.
    fn autopilot(&self) -> BoxFuture<'_, Result<AutopilotReport, NodeError>>;

    /// Has the leader take a server out of the raft configuration.
    fn remove_peer(&self, peer: PeerName) -> BoxFuture<'_, Result<(), NodeError>>;

    /// Has the leader hand leadership to a server, named by its node id or raft id, or to the one
    /// that has most of the log.
    fn transfer_leader(&self, to: Option<String>) -> BoxFuture<'_, Result<(), NodeError>>;

    /// Has the settings read again; returns once they are, or with every mistake in them.
    fn reload(&self) -> BoxFuture<'_, Result<(), NodeError>>;

    /// Why this agent does not serve, or that it does; answered at once.
    fn why(&self) -> Report;

    /// The computer's clock: milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// Gives up the founding that binds this very server and cannot go on.
    fn abandon_founding(&self) -> BoxFuture<'_, Result<Abandoned, NodeError>>;
}
