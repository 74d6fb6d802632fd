//! Ends this agent when it runs on a copy of a live member's data directory (decision 11).
//!
//! It must be certain: the other one answered for itself, it was there first, and nobody holds this
//! one for a member. Until then the reason says `node-id-conflict` (see `obstacle`), and the agent
//! goes on trying, for the other may be gone.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::End;
use crate::gossip::{Conflict, ConflictKind, Gossip, RefusedBy};
use crate::types::{Member, MemberStatus, NodeId};

/// Runs until this agent is found to be the copy, or gossip ends.
pub(super) async fn run(gossip: Gossip, end: mpsc::Sender<End>) {
    let mut conflicts = gossip.conflicts();
    let mut members = gossip.watch();
    let own = gossip.own().node_id;
    loop {
        // Gossip stands still while a list is borrowed: nothing may be asked of it meanwhile.
        let seen = Arc::clone(&conflicts.borrow_and_update());
        let is_alone = is_alone(&members.borrow_and_update(), own);
        let mut told = seen.iter().map(|seen| &seen.conflict);
        if let Some(conflict) = told.find(|conflict| is_alone && is_copy(conflict)) {
            let why = format!(
                "node-id-conflict: {conflict}; this data directory is a copy of a live agent's: \
                 remove it, and the agent starts as a new one"
            );
            let _already_ending = end.try_send(End::Failed(why));
            return;
        }
        tokio::select! {
            Ok(()) = conflicts.changed() => {}
            Ok(()) = members.changed() => {}
            else => return,
        }
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
