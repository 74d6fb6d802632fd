//! What a member says of itself, and how gossip sees it.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ClusterId, Datacenter, NodeId, NodeName, RaftId};

/// A member's own word, as it last gave it. Only the member itself writes it; others pass it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Who speaks.
    pub node_id: NodeId,
    /// The name it goes by.
    pub name: NodeName,
    /// The datacenter it is in.
    pub datacenter: Datacenter,
    /// Start of the process in milliseconds since the Unix epoch, and never less than one life
    /// ago: tells an old life's word from a new one's.
    pub generation: u64,
    /// Counts the changes of the word within one life.
    pub version: u64,
    /// Where its gossip listens, over UDP and TCP.
    pub gossip_addr: SocketAddr,
    /// Version of the program, such as `0.1.0`.
    pub build: String,
    /// The cluster it belongs to; none while it is blank.
    pub cluster: Option<ClusterId>,
    /// Server or client.
    pub role: Role,
}

impl Announcement {
    /// The server's part, if a server speaks.
    pub const fn server(&self) -> Option<&ServerRole> {
        match &self.role {
            Role::Server(server) => Some(server),
            Role::Client => None,
        }
    }

    /// Says whether this word is newer than the other of the same member.
    pub fn is_newer(&self, other: &Self) -> bool {
        (self.generation, self.version) > (other.generation, other.version)
    }
}

/// The mode of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Keeps no state; forwards to servers.
    Client,
    /// Takes part in consensus.
    Server(ServerRole),
}

/// What a server adds to its word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRole {
    /// The raft node of this data directory.
    pub raft_id: RaftId,
    /// Where it answers requests and raft messages; port 8300 by default.
    pub rpc_addr: SocketAddr,
    /// `bootstrap_expect`, if it was given.
    pub expect: Option<u32>,
    /// It was started with `-bootstrap`.
    pub bootstrap: bool,
}

/// How gossip sees a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MemberStatus {
    /// It answers.
    Alive,
    /// It said that it is about to leave.
    Leaving,
    /// It left of its own will, or was made to.
    Left,
    /// It does not answer and did not say that it leaves.
    Failed,
}

impl MemberStatus {
    /// The number that Consul's API gives for the status (agent reference, 6.3).
    pub const fn code(self) -> u8 {
        match self {
            Self::Alive => 1,
            Self::Leaving => 2,
            Self::Left => 3,
            Self::Failed => 4,
        }
    }

    /// The word that `members` prints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Failed => "failed",
        }
    }
}

/// A member as gossip sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// What it last said of itself. Shared: many lists hold the same word.
    pub says: Arc<Announcement>,
    /// Whether it is there.
    pub status: MemberStatus,
}
