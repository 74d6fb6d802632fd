//! Changes of the raft configuration, and of leadership. Only the leader makes them, one at a
//! time, each committed before it returns.
//!
//! # Cancel safety
//! A call that is dropped may take effect all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;
use openraft::entry::RaftPayload;
use openraft::error::{ClientWriteError, RaftError};
use openraft::{ChangeMembers, Membership, Precondition};
use tokio::time::error::Elapsed;

use super::error::{MembershipError, TransferError, words};
use super::handle::{CONFIRM_DEADLINE, Raft};
use super::status::{PeerStatus, Status};
use super::type_config::{Payload, Peer, TypeConfig};
use crate::types::RaftId;

/// How many entries a learner may lack and still be promoted. Chosen: what a leader sends in one
/// message, so a promotion does not wait for a long catch-up.
const PROMOTE_LAG_MAX: u64 = 1024;

type OpenraftError = RaftError<TypeConfig, ClientWriteError<TypeConfig>>;

impl Raft {
    /// Adds a node without a vote and begins to send it the log; returns once the change is
    /// committed, before the node has the log. A node that is in the configuration stays as it
    /// is.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn add_learner(&self, id: RaftId, peer: Peer) -> Result<(), MembershipError> {
        if self.leading().map_err(not_leader)?.peer(id).is_some() {
            return Ok(());
        }
        let add = |members: &mut Members| drop(members.nodes.insert(id, peer));
        self.append(add).await
    }

    /// Gives a learner a vote. How long it must have been stable is autopilot's to judge; that it
    /// answers and has nearly all of the log is checked here (hazard R6).
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn promote(&self, id: RaftId) -> Result<(), MembershipError> {
        let status = self.leading().map_err(not_leader)?;
        let peer = status.peer(id).ok_or(MembershipError::Unknown { id })?;
        if peer.is_voter {
            return Ok(());
        }
        let last = status.last_log.map_or(0, |(index, _)| index);
        let behind = peer.matched.map(|matched| last.saturating_sub(matched));
        let is_near = behind.is_some_and(|behind| behind <= PROMOTE_LAG_MAX);
        if !(is_near && self.is_answering(peer)) {
            let matched = peer.matched;
            return Err(MembershipError::Behind { id, matched, last });
        }
        let promote = |members: &mut Members| {
            members.voters.insert(id);
        };
        self.append(promote).await
    }

    /// Takes a node out of the configuration, voter or learner; one that is not in it is no
    /// error. Whether the rest keeps a quorum is the caller's to judge. A leader that removes
    /// itself leads until the change is committed, and then hands over.
    ///
    /// # Errors
    /// See [`MembershipError`].
    pub async fn remove(&self, id: RaftId) -> Result<(), MembershipError> {
        let status = self.leading().map_err(not_leader)?;
        if status.peer(id).is_none() {
            return Ok(());
        }
        if id == status.id {
            self.bar_lease(status.term);
        }
        let remove = |members: &mut Members| {
            members.voters.remove(&id);
            members.nodes.remove(&id);
        };
        self.append(remove).await
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
        let change = ChangeMembers::SetNodes(BTreeMap::from([(id, peer)]));
        let changing = self.inner.raft.change_membership(change, false);
        confirmed(changing).await
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
        triggered.map_err(|fatal| stopped(words(&fatal)))?;
        let mut watch = self.watch_status();
        let handed_over = watch.wait_for(|now| {
            now.term > status.term && now.leader.as_ref().is_some_and(|(id, _)| *id != now.id)
        });
        let deadline = Duration::from_millis(2 * self.inner.timers.lease);
        match tokio::time::timeout(deadline, handed_over).await {
            Ok(Ok(now)) => match (to, now.leader) {
                (Some(id), Some((by, _))) if by != id => Err(TransferError::TookOver { id, by }),
                _ => Ok(()),
            },
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

    /// Writes the configuration with one edit, as one entry: at most one voter more or less, for
    /// which any two majorities meet (Raft dissertation, section 4.1). So no leader can leave a
    /// change half done. openraft checks the bound, and that nothing came in between.
    async fn append(&self, edit: impl FnOnce(&mut Members)) -> Result<(), MembershipError> {
        let observed = Arc::clone(&self.inner.metrics.borrow_watched().membership_config);
        let mut members = Members {
            voters: observed.voter_ids().collect(),
            nodes: observed
                .nodes()
                .map(|(id, peer)| (*id, peer.clone()))
                .collect(),
        };
        edit(&mut members);
        let proposed = Membership::new(vec![members.voters], members.nodes);
        let proposed = proposed.map_err(|error| MembershipError::Refused {
            reason: error.to_string(),
        })?;
        let unchanged = Precondition::LastMembershipLogId {
            last_membership_log_id: *observed.log_id(),
        };
        let appending = self
            .inner
            .raft
            .append_membership(proposed, Payload::blank(), [unchanged]);
        confirmed(appending).await
    }
}

/// A configuration, to be edited.
struct Members {
    voters: BTreeSet<RaftId>,
    nodes: BTreeMap<RaftId, Peer>,
}

/// Waits for a change to be committed, but not for ever: a leader without a quorum never hears.
async fn confirmed<R>(
    changing: impl Future<Output = Result<R, OpenraftError>>,
) -> Result<(), MembershipError> {
    match tokio::time::timeout(CONFIRM_DEADLINE, Box::pin(changing)).await {
        Ok(confirmed) => {
            confirmed?;
            Ok(())
        }
        Err(Elapsed { .. }) => Err(MembershipError::Uncertain { leader: None }),
    }
}

const fn not_leader(leader: Option<Peer>) -> MembershipError {
    MembershipError::NotLeader { leader }
}
