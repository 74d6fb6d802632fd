//! The door of raft: whether a raft message of some cluster may reach this server's raft.
//!
//! Rules 8 and 9 and section 4 of the design; hazards R1 and R2 of the raft study are what happens
//! without a door. The receiver's raft id is checked by the raft room, not here.

use crate::types::{ClusterId, RaftId};

use super::{Ledger, Raft, Seat};

/// What the envelope of a raft message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Speech {
    /// The sender's [`Ledger::raft_cluster`].
    pub cluster: ClusterId,
    /// The sender knows that the cluster has committed: it has a [`Ledger::cluster`].
    pub has_committed: bool,
}

/// What becomes of a raft message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Admission {
    /// Raft may hear it.
    Open,
    /// Write this ledger, synced; then raft may hear it.
    Adopt(Ledger),
    /// Raft must not hear it.
    Shut(Shut),
}

/// Why raft must not hear a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Shut {
    /// This server is in another cluster.
    #[error("this server is in cluster {0}")]
    OtherCluster(ClusterId),
    /// This server knows of another cluster, too, and joins neither (section 4).
    #[error("this server knows of cluster {0}, too")]
    Ambiguous(ClusterId),
    /// A founding binds this server, and this message is not part of it.
    #[error("this server is bound to the founding of {0}")]
    Bound(ClusterId),
    /// This member gave the founding up (rule 9).
    #[error("this server refused the founding of {0}")]
    Refused(ClusterId),
    /// This server did not promise this founding as a member, and no commit of it is known.
    #[error("this server is no member of the founding of {0}")]
    NotMember(ClusterId),
    /// The raft data here belongs to a cluster that no record names.
    #[error("this server has raft data but no record of its cluster")]
    LedgerLost,
}

/// Decides about a raft message.
///
/// A member that promised lets raft speak (rule 8), one that refused only after a commit (rule 9);
/// a witness, like a blank server, enters when all is done.
pub fn admit(ledger: &Ledger, own: RaftId, raft: Raft, speech: Speech) -> Admission {
    match ledger.seat() {
        Seat::Member(cluster) if *cluster == speech.cluster => Admission::Open,
        Seat::Member(cluster) => Admission::Shut(Shut::OtherCluster(*cluster)),
        Seat::Founding(proposal) if proposal.cluster == speech.cluster => {
            if speech.has_committed {
                Admission::Adopt(ledger.with_cluster(speech.cluster))
            } else {
                Admission::Open
            }
        }
        Seat::Blank | Seat::Promised { .. } | Seat::Preparing(_) if raft != Raft::Pristine => {
            Admission::Shut(Shut::LedgerLost)
        }
        Seat::Promised { proposal, refused } if proposal.cluster == speech.cluster => {
            let cluster = speech.cluster;
            match (speech.has_committed, refused) {
                (true, _) => Admission::Adopt(ledger.with_cluster(cluster)),
                (false, true) => Admission::Shut(Shut::Refused(cluster)),
                (false, false) if proposal.has(own) => {
                    Admission::Adopt(ledger.with_founding(proposal))
                }
                (false, false) => Admission::Shut(Shut::NotMember(cluster)),
            }
        }
        Seat::Promised { proposal, .. }
        | Seat::Founding(proposal)
        | Seat::Preparing(proposal)
        | Seat::Wiping(proposal) => Admission::Shut(Shut::Bound(proposal.cluster)),
        Seat::Blank => blank(ledger, speech),
    }
}

/// Section 4: a blank server adopts the cluster that it is added to, if there is no other.
fn blank(ledger: &Ledger, speech: Speech) -> Admission {
    let other = ledger
        .heard()
        .iter()
        .find(|heard| **heard != speech.cluster);
    match other {
        _ if !speech.has_committed => Admission::Shut(Shut::NotMember(speech.cluster)),
        Some(other) => Admission::Shut(Shut::Ambiguous(*other)),
        None => Admission::Adopt(ledger.with_cluster(speech.cluster)),
    }
}
