//! The types that openraft is instantiated with, and short names for what follows from them.
//!
//! One leader per term (`leader_id_std`): log ids then compare by term and index alone, as in the
//! raft paper (raft study, below the table of hazards).

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::error::OwnWords;
use crate::state::{Applied, Command, State};
use crate::types::{NodeId, RaftId};

/// What the raft configuration holds about a raft node besides its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The agent that runs the raft node. It stays when a wiped agent gets a new raft id.
    pub node_id: NodeId,
    /// Name of the agent, for people; nothing is decided by it.
    pub name: String,
    /// Where it takes raft messages; port 8300 by default.
    pub rpc_addr: SocketAddr,
}

/// A command on its way through the log. `Debug` and `Display` say its size and nothing of what
/// it holds: openraft prints entries into its own log lines.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Proposal(pub(super) Command);

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("command")
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("command")
    }
}

openraft::declare_raft_types!(
    /// Our instantiation of openraft.
    pub(super) TypeConfig:
        D = Proposal,
        R = Applied,
        NodeId = RaftId,
        Node = Peer,
        Term = u64,
        LeaderId = openraft::impls::leader_id_std::LeaderId<u64, RaftId>,
        ErrorSource = OwnWords,
);

/// Term and index of a log entry.
pub(super) type LogId = openraft::alias::LogIdOf<TypeConfig>;
/// A log entry.
pub(super) type Entry = openraft::alias::EntryOf<TypeConfig>;
/// What a log entry carries.
pub(super) type Payload = openraft::alias::PayloadOf<TypeConfig>;
/// Term, candidate, and whether a quorum granted.
pub(super) type Vote = openraft::alias::VoteOf<TypeConfig>;
/// A raft configuration and where in the log it stands.
pub(super) type StoredMembership = openraft::alias::StoredMembershipOf<TypeConfig>;
/// What a snapshot covers.
pub(super) type SnapshotMeta = openraft::alias::SnapshotMetaOf<TypeConfig>;
/// A snapshot: what it covers, and the state itself, which costs nothing to clone.
pub(super) type Snapshot = openraft::alias::SnapshotOf<TypeConfig, State>;

/// How many bytes a value takes in postcard; nothing is written. A value that cannot be written
/// counts as endless.
pub(super) fn packed_len(value: &impl Serialize) -> usize {
    postcard::serialize_with_flavor(value, postcard::ser_flavors::Size::default())
        .unwrap_or(usize::MAX)
}
