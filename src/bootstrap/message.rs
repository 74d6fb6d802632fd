//! What servers say to each other about a founding: one question, one answer, over the server
//! port.
//!
//! Decides nothing. The forms travel as postcard: a new variant goes to the end, an old one never
//! changes. A server speaks of itself alone (invariant I4).

use serde::{Deserialize, Serialize};

use crate::types::{ClusterId, RaftId};

use super::{Ballot, Expectation, Proposal};

/// A question to another server, or news for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Message {
    /// Where do you stand?
    Ask,
    /// What has become of this proposal, as far as you know? Asked of its members by whoever is
    /// bound to it (rule 9). A member that is not bound binds itself never to be, and says so.
    AskAbout(Proposal),
    /// Will you promise this founding, and no other meanwhile (rules 6 and 7)?
    Prepare(Proposal),
    /// This proposal and all earlier ones of the same proposer are over and can never commit
    /// (rules 8 and 9).
    Over(Ballot),
}

/// What a server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// In no cluster, bound to no founding, and knowing of no cluster.
    Blank,
    /// Proposes this cluster right now; over within the proposer's time limit.
    Proposing(ClusterId),
    /// Bound to this founding by a promise.
    Promised(ClusterId),
    /// Raft has spoken here for this cluster, which is not known to have committed anything yet.
    Founding(ClusterId),
    /// In this cluster, which has committed.
    InCluster(ClusterId),
    /// In no cluster, but knows of this one and therefore never founds.
    Heard(ClusterId),
    /// Holds raft data, but no record of the cluster it belongs to; takes no part in anything.
    Lost,
}

/// What has become of a proposal, as one server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Fate {
    /// It has not bound this server, which is not a member and cannot tell.
    Unbound,
    /// It binds this server.
    Pending,
    /// It binds this member, which has refused it: raft may not speak for it here before it has
    /// committed elsewhere.
    Refused,
    /// This member has let raft speak for it.
    Founding,
    /// It has committed.
    Committed,
    /// It can never commit.
    Dead,
}

/// The answer to any [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The disk that answers: another one than was asked means that a server was wiped.
    pub from: RaftId,
    /// Where it stands, after what the message changed.
    pub standing: Standing,
    /// The answer proper.
    pub says: Says,
}

/// The part of an answer that depends on the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Says {
    /// To `Ask` and `Over`.
    Noted,
    /// To `AskAbout`.
    Fate(Fate),
    /// To `Prepare` of this cluster: the promise is on disk.
    Yes {
        /// The cluster promised.
        cluster: ClusterId,
        /// How many servers there could be, by all this server knows (rule 5).
        electorate: u64,
    },
    /// To `Prepare` of this cluster: no.
    No {
        /// The cluster asked about.
        cluster: ClusterId,
        /// Why not.
        why: No,
    },
}

/// Why a server does not promise (rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum No {
    /// The proposal is not of the right form.
    #[error("the proposal is malformed")]
    Malformed,
    /// This proposal or a later one of the same proposer is over.
    #[error("the proposal is over")]
    Over,
    /// It promised this proposal and then gave the proposer up.
    #[error("it refused the proposal, because the proposer was silent")]
    Refused,
    /// Bound to another founding.
    #[error("it is bound to the founding of {0}")]
    Bound(ClusterId),
    /// In a cluster.
    #[error("it is in cluster {0}")]
    InCluster(ClusterId),
    /// Knows of a cluster (invariant I3).
    #[error("it knows of cluster {0}")]
    Heard(ClusterId),
    /// Wants another number of servers.
    #[error("it says {0}")]
    Expects(Expectation),
    /// It is named as a member with the disk it had before, or its disk goes by another name.
    #[error("it is another disk than the proposal names")]
    OtherDisk,
    /// Its raft data is there, its record of founding is not.
    #[error("it has raft data but no record of its cluster")]
    LedgerLost,
    /// It remembers as many proposers as it can.
    #[error("it remembers too many proposers")]
    Full,
    /// Gossip has not told it of the proposer yet.
    #[error("it does not know the proposer")]
    Stranger,
}
