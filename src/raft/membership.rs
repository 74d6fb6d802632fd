//! Changes of the raft configuration, and of leadership. Only the leader makes them, one at a
//! time, each committed before it returns.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openraft::ChangeMembers;

use super::error::{MembershipError, TransferError};
use super::handle::Raft;
use super::status::{PeerStatus, Status};
use super::type_config::Peer;
use crate::types::RaftId;

/// How many entries a learner may lack and still be promoted. Chosen: what a leader sends in one
/// message, so a promotion does not wait for a long catch-up.
const PROMOTE_LAG_MAX: u64 = 1024;

impl Raft {
    /// Adds a node without a vote and begins to send it the log; returns once the change is
    /// committed, before the node has the log. A node that is in the configuration stays as it
    /// is.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn add_learner(&self, id: RaftId, peer: Peer) -> Result<(), MembershipError> {
        let nodes = BTreeMap::from([(id, peer)]);
        self.change(ChangeMembers::AddNodes(nodes)).await
    }

    /// Gives a learner a vote; returns once both steps of the change are committed. How long it
    /// must have been stable is autopilot's to judge; that it answers and has nearly all of the
    /// log is checked here (hazard R6).
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn promote(&self, id: RaftId) -> Result<(), MembershipError> {
        let status = self.leading().map_err(not_leader)?;
        let peer = status.peer(id).ok_or(MembershipError::Unknown { id })?;
        if peer.is_voter {
            // It has its vote; a change that was left half done is completed.
            if status.is_membership_settled {
                return Ok(());
            }
            return self
                .change(ChangeMembers::AddVoterIds(BTreeSet::new()))
                .await;
        }
        let last = status.last_log.map_or(0, |(index, _)| index);
        let behind = peer.matched.map(|matched| last.saturating_sub(matched));
        let is_near = behind.is_some_and(|behind| behind <= PROMOTE_LAG_MAX);
        if !(is_near && self.is_answering(peer)) {
            let matched = peer.matched;
            return Err(MembershipError::Behind { id, matched, last });
        }
        self.change(ChangeMembers::AddVoterIds(BTreeSet::from([id])))
            .await
    }

    /// Takes a node out of the configuration, voter or learner; one that is not in it is no
    /// error. Whether the rest keeps a quorum is the caller's to judge. A leader that removes
    /// itself leads until the change is committed, and then hands over.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn remove(&self, id: RaftId) -> Result<(), MembershipError> {
        let status = self.leading().map_err(not_leader)?;
        let Some(peer) = status.peer(id) else {
            return Ok(());
        };
        let ids = BTreeSet::from([id]);
        let change = if peer.is_voter {
            ChangeMembers::RemoveVoters(ids)
        } else {
            ChangeMembers::RemoveNodes(ids)
        };
        if id == status.id {
            self.bar_lease(status.term);
        }
        self.change(change).await
    }

    /// Writes a new address or name of a node into the configuration. The caller has it from the
    /// node itself; that messages cannot reach a wrong node is checked by their receiver.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn update_peer(&self, id: RaftId, peer: Peer) -> Result<(), MembershipError> {
        let status = self.leading().map_err(not_leader)?;
        let known = status.peer(id).ok_or(MembershipError::Unknown { id })?;
        if known.peer == peer {
            return Ok(());
        }
        // At once, for the change itself may need the peer's consent.
        self.learn_address(id, peer.rpc_addr);
        let nodes = BTreeMap::from([(id, peer)]);
        self.change(ChangeMembers::SetNodes(nodes)).await
    }

    /// Hands leadership to a voter, or to the one that has most of the log, and waits until
    /// another node is known to lead. From the call on this node takes no writes in its term.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub async fn transfer_leader(&self, to: Option<RaftId>) -> Result<(), TransferError> {
        let status = self
            .leading()
            .map_err(|leader| TransferError::NotLeader { leader })?;
        let candidates = status.voters().filter(|peer| {
            peer.id != status.id && to.is_none_or(|to| to == peer.id) && self.is_answering(peer)
        });
        let target = candidates
            .max_by_key(|peer| peer.matched)
            .ok_or(TransferError::NoTarget)?;
        let id = target.id;
        self.bar_lease(status.term);
        let stopped = |reason: String| TransferError::Stopped { reason };
        let triggered = self.inner.raft.trigger().transfer_leader(id).await;
        triggered.map_err(|fatal| stopped(fatal.to_string()))?;
        let mut watch = self.watch_status();
        let handed_over = watch.wait_for(|now| {
            now.term > status.term && now.leader.as_ref().is_some_and(|(id, _)| *id != now.id)
        });
        let deadline = Duration::from_millis(2 * self.inner.timers.lease);
        match tokio::time::timeout(deadline, handed_over).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(stopped(error.to_string())),
            Err(_) => Err(TransferError::TimedOut { id }),
        }
    }

    /// The status, if this node leads; else who does.
    fn leading(&self) -> Result<Status, Option<Peer>> {
        let status = self.status();
        if status.is_leader() {
            Ok(status)
        } else {
            Err(status.leader.map(|(_, peer)| peer))
        }
    }

    /// Whether a peer answered within a lease.
    fn is_answering(&self, peer: &PeerStatus) -> bool {
        let lease = Duration::from_millis(self.inner.timers.lease);
        peer.last_answer.is_some_and(|ago| ago <= lease)
    }

    async fn change(&self, change: ChangeMembers<RaftId, Peer>) -> Result<(), MembershipError> {
        // A removed voter is not kept as a learner.
        let changing = self.inner.raft.change_membership(change, false);
        Box::pin(changing).await?;
        Ok(())
    }
}

const fn not_leader(leader: Option<Peer>) -> MembershipError {
    MembershipError::NotLeader { leader }
}
