//! What a founding is about: who the servers are, and which of them shall found which cluster.
//!
//! Decides nothing. Rules 6 and 9 of the design (section 5) say what a proposal holds and how many
//! refusals end it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::types::{ClusterId, NodeId, NodeName, RaftId};

/// Most members that a proposal may name. A raft of more voters than nine is not run in practice;
/// the bound is there so that a peer cannot make this server remember a list without end.
pub const MEMBERS_MAX: usize = 64;

/// A server as a founding knows it: its ids and where it answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Server {
    /// The agent. Proposers and members are chosen by the order of these.
    pub node_id: NodeId,
    /// The raft node, that is the disk: a wiped server is another one (raft study, hazard R4).
    pub raft_id: RaftId,
    /// What people call it.
    pub name: NodeName,
    /// Where it answers requests and raft messages.
    pub rpc_addr: SocketAddr,
}

/// Numbers the proposals of one proposer.
///
/// A proposer begins round `r + 1` only after round `r` is over, so one number per proposer says
/// of all its proposals which ones are over: a ledger stays small for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// The disk that proposes.
    pub proposer: RaftId,
    /// Counts its proposals from 1.
    pub round: u64,
}

/// One attempt to found a cluster (rule 6): asked of everybody, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Proposal {
    /// The cluster it would be; minted for this proposal alone.
    pub cluster: ClusterId,
    /// Who proposes, and which of its proposals this is.
    pub ballot: Ballot,
    /// The first voters, in ascending order of node id: exactly as many as are expected, the
    /// proposer among them.
    pub members: Vec<Server>,
}

impl Proposal {
    /// Says whether the form is right: 1 to [`MEMBERS_MAX`] members in ascending order of node
    /// id, no raft node twice, the proposer among them, the round not zero.
    pub fn is_sound(&self) -> bool {
        let ascending = self
            .members
            .iter()
            .zip(self.members.iter().skip(1))
            .all(|(a, b)| a.node_id < b.node_id);
        let disks: BTreeSet<RaftId> = self.members.iter().map(|m| m.raft_id).collect();
        ascending
            && disks.len() == self.members.len()
            && self.members.len() <= MEMBERS_MAX
            && disks.contains(&self.ballot.proposer)
            && self.ballot.round > 0
    }

    /// Says whether a disk is one of the members.
    pub fn has(&self, raft_id: RaftId) -> bool {
        self.members.iter().any(|m| m.raft_id == raft_id)
    }

    /// The member that proposes.
    pub fn proposer(&self) -> Option<&Server> {
        self.members
            .iter()
            .find(|m| m.raft_id == self.ballot.proposer)
    }

    /// The members besides one disk.
    pub fn others(&self, besides: RaftId) -> impl Iterator<Item = &Server> {
        self.members.iter().filter(move |m| m.raft_id != besides)
    }

    /// How many members make a majority.
    pub const fn quorum(&self) -> usize {
        self.members.len() / 2 + 1
    }

    /// How many refusals leave no majority (rule 9): the members less a quorum, plus one.
    pub const fn blocking(&self) -> usize {
        self.members.len().saturating_sub(self.quorum()) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{proposal, server};

    #[test]
    fn a_proposal_of_another_form_is_not_sound() {
        assert!(proposal(1, &[1, 2, 3]).is_sound());
        let rows = [
            proposal(1, &[]),
            proposal(1, &[2, 1]),
            proposal(1, &[1, 1]),
            proposal(1, &[2, 3]),
        ];
        for row in rows {
            assert!(!row.is_sound(), "{row:?}");
        }
        let mut twice = proposal(1, &[1, 2]);
        twice.members[1].raft_id = server(1).raft_id;
        assert!(!twice.is_sound());
        let mut zero = proposal(1, &[1, 2]);
        zero.ballot.round = 0;
        assert!(!zero.is_sound());
        let many: Vec<u128> = (1..=65).collect();
        assert!(!proposal(1, &many).is_sound());
    }

    #[test]
    fn refusals_that_block_leave_one_member_too_few_for_a_quorum() {
        for (n, blocking) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (7, 4)] {
            let ids: Vec<u128> = (1..=n).collect();
            let proposal = proposal(1, &ids);
            assert_eq!(proposal.blocking(), blocking, "{n}");
            assert!(ids.len() - blocking < proposal.quorum());
        }
    }
}
