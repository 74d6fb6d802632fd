//! What an operator changes about consensus on the leader: takes a server out, hands leadership
//! over (agent reference, 4.10 and 6.10; the texts are Consul's).
//!
//! Consul takes a server out whatever it costs. Here the rest must keep its quorum, by
//! [`may_go`](crate::autopilot::may_go): else nobody could take anything back any more.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::info;

use crate::autopilot::may_go;
use crate::http::{NodeError, PeerName};
use crate::raft::{PeerStatus, Raft, Status, TransferError, WriteError};
use crate::state::{Command, Removal};
use crate::types::RaftId;

use super::wire::Response;

/// How long the voters have to answer the leader once a removal is asked for. Chosen: some
/// heartbeats of the slowest setting.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Takes a server out of the raft configuration, and notes the operator's word, so that nobody
/// takes it in again with its disk. The word comes first: should this leader end before the
/// change, the next one makes it.
pub(super) async fn remove(
    raft: &Raft,
    name: &PeerName,
    word: impl FnOnce(RaftId) -> Removal,
) -> Response {
    let status = raft.status();
    if !status.is_leader() {
        return Response::NotLeader;
    }
    let (id, called) = match find(&status, name) {
        Ok(Some(peer)) => (peer.id, &peer.peer.name),
        Ok(None) => return failed(not_found(name)),
        Err(error) => return failed(error),
    };
    if let Err(error) = spared(raft, id).await {
        return failed(error);
    }
    info!(target: "agent.server", id = %id, name = %called, reason = "operator",
        "removing server from the raft configuration");
    match raft.write(Command::RemoveServer(word(id))).await {
        Ok(_noted) => {}
        Err(WriteError::NotLeader { .. }) => return Response::NotLeader,
        Err(error) => return failed(NodeError::Failed(error.to_string())),
    }
    match raft.remove(id).await {
        // The leader's duties follow the word too, and may have been faster.
        Err(error) if raft.status().peer(id).is_some() => failed(NodeError::Failed(format!(
            "{error}; the removal of {called} ({id}) is noted, and the leader makes it as soon as it can"
        ))),
        _ => Response::Changed,
    }
}

/// Hands leadership over.
pub(super) async fn transfer(raft: &Raft, to: Option<&str>) -> Response {
    let status = raft.status();
    if !status.is_leader() {
        return Response::NotLeader;
    }
    let target = match to.map(|id| target(&status, id)).transpose() {
        Ok(target) => target,
        Err(error) => return failed(error),
    };
    let text = match raft.transfer_leader(target).await {
        Ok(()) => return Response::Changed,
        Err(TransferError::NotLeader { .. }) => return Response::NotLeader,
        Err(TransferError::NoTarget) => "cannot find peer".to_owned(),
        Err(TransferError::TimedOut { .. }) => "leadership transfer timeout".to_owned(),
        Err(error) => error.to_string(),
    };
    failed(NodeError::Failed(text))
}

fn target(status: &Status, id: &str) -> Result<RaftId, NodeError> {
    let found = find(status, &PeerName::Id(id.to_owned()))?;
    match found.map(|peer| peer.id) {
        None => Err(NodeError::Failed(format!(
            "Could not find address for server id {id}"
        ))),
        Some(own) if own == status.id => Err(NodeError::Failed(
            "cannot transfer leadership to itself".to_owned(),
        )),
        Some(other) => Ok(other),
    }
}

const fn failed(error: NodeError) -> Response {
    Response::Failed(error)
}

fn not_found(name: &PeerName) -> NodeError {
    let (what, text) = match name {
        PeerName::Id(id) => ("id", id),
        PeerName::Address(address) => ("address", address),
    };
    NodeError::NotFound(format!(
        "{what} {text:?} was not found in the Raft configuration; `quorate operator raft list-peers` \
         shows ids, and addresses with their ports"
    ))
}

/// The one server that a name means. A node id may belong to two raft nodes for a while, after a
/// disk was wiped; then only a raft id will do.
fn find<'a>(status: &'a Status, name: &PeerName) -> Result<Option<&'a PeerStatus>, NodeError> {
    let is_meant = |entry: &&PeerStatus| match name {
        PeerName::Id(id) => {
            entry.id.to_string().eq_ignore_ascii_case(id)
                || entry.peer.node_id.to_string().eq_ignore_ascii_case(id)
        }
        PeerName::Address(address) => entry.peer.rpc_addr.to_string() == *address,
    };
    let meant: Vec<&PeerStatus> = status.peers.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => {
            let ids: Vec<String> = several.iter().map(|entry| entry.id.to_string()).collect();
            let ids = ids.join(", ");
            Err(NodeError::Invalid(format!(
                "several servers have that name; name one by its raft id: {ids}"
            )))
        }
    }
}

/// The rest must be able to go on, as it answers from now on: one that answered a moment ago may
/// have died since.
async fn spared(raft: &Raft, goes: RaftId) -> Result<(), NodeError> {
    let asked = Instant::now();
    let mut status = raft.watch_status();
    let can_go = |status: &Status| check(status, goes, asked.elapsed()).is_ok();
    let _heard_or_late = timeout(ANSWERS_WITHIN, status.wait_for(can_go)).await;
    check(&raft.status(), goes, asked.elapsed())
}

/// Counts who answered within this time. A learner costs nothing.
fn check(status: &Status, goes: RaftId, within: Duration) -> Result<(), NodeError> {
    let voters: BTreeSet<RaftId> = status.voters().map(|voter| voter.id).collect();
    let answers = |voter: &&PeerStatus| {
        let is_fresh = |ago: Duration| ago <= within;
        voter.id == status.id || voter.last_answer.is_some_and(is_fresh)
    };
    let answering: BTreeSet<RaftId> = status
        .voters()
        .filter(answers)
        .map(|voter| voter.id)
        .collect();
    if !voters.contains(&goes) || may_go(&voters, &answering, goes) {
        return Ok(());
    }
    let left = voters.len().saturating_sub(1);
    let answer = answering.iter().filter(|voter| **voter != goes).count();
    Err(NodeError::Failed(format!(
        "without it {left} voters would be left, of which {answer} answer: no quorum; bring the \
         others back or add servers first"
    )))
}
