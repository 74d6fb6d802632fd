//! Ends this agent when it runs on a copy of a live member's data directory (decision 11).
//!
//! It must be certain: the other one answered for itself and it was there first, and either nobody
//! holds this one for a member, or it met the other before it had asked all its sources once: then
//! who holds it for a member is one that came up at the same moment and met the copy first. Until
//! then the reason says `node-id-conflict` (see `obstacle`), and the agent goes on trying, for the
//! other may be gone.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::End;
use super::evidence::Evidence;
use crate::gossip::{Conflict, ConflictKind, Gossip, RefusedBy, SeenConflict};
use crate::types::{Member, MemberStatus, NodeId};

/// Runs until this agent is found to be the copy, or gossip ends.
pub(super) async fn run(
    gossip: Gossip,
    mut evidence: watch::Receiver<Evidence>,
    is_id_configured: bool,
    end: mpsc::Sender<End>,
) {
    let mut conflicts = gossip.conflicts();
    let mut members = gossip.watch();
    let own = gossip.own().node_id;
    let mut asked_all = None;
    loop {
        // Gossip stands still while a list is borrowed: nothing may be asked of it meanwhile.
        let seen = Arc::clone(&conflicts.borrow_and_update());
        let is_alone = is_alone(&members.borrow_and_update(), own);
        if evidence.borrow_and_update().is_first_round_over {
            asked_all.get_or_insert_with(Instant::now);
        }
        let is_certain = |seen: &&SeenConflict| {
            is_copy(&seen.conflict) && (is_alone || asked_all.is_none_or(|at| seen.first_seen < at))
        };
        if let Some(SeenConflict { conflict, .. }) = seen.iter().find(is_certain) {
            let advice = advice(is_id_configured);
            let why = format!("node-id-conflict: {conflict}; {advice}");
            let _already_ending = end.try_send(End::Failed(why));
            return;
        }
        tokio::select! {
            Ok(()) = conflicts.changed() => {}
            Ok(()) = members.changed() => {}
            Ok(()) = evidence.changed(), if asked_all.is_none() => {}
            else => return,
        }
    }
}

/// What the operator does about it. An id that is configured is no copied directory's.
const fn advice(is_id_configured: bool) -> &'static str {
    if is_id_configured {
        "a live agent has the node id that is configured here: take node_id (-node-id) out of the \
         configuration, or give another one"
    } else {
        "this data directory is a copy of a live agent's: remove it, and the agent starts as a new one"
    }
}

/// The one that answered under this agent's node id began to live before it.
fn is_copy(conflict: &Conflict) -> bool {
    conflict.kind == ConflictKind::NodeId
        && conflict.refused_by == Some(RefusedBy::Other)
        && conflict.theirs.node_id == conflict.ours.node_id
        && conflict.theirs.generation.is_some()
        && conflict.theirs.generation < conflict.ours.generation
}

/// Nobody else is alive in the list.
pub(super) fn is_alone(members: &[Member], own: NodeId) -> bool {
    let mut others = members.iter().filter(|member| member.says.node_id != own);
    !others.any(|member| member.status == MemberStatus::Alive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_its_id_from_the_configuration_is_told_to_change_that_and_not_the_directory() {
        let (configured, stored) = (advice(true), advice(false));
        assert!(configured.contains("node_id (-node-id)") && !configured.contains("directory"));
        assert!(stored.contains("directory") && !stored.contains("node_id"));
    }
}
