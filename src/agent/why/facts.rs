//! The facts of one look, gathered from the rooms.

use std::time::Duration;

use tokio::time::Instant;

use super::Sight;
use crate::agent::obstacle;
use crate::agent::parts::Parts;
use crate::agent::twin;
use crate::raft::Status;
use crate::types::{Member, MemberStatus, NodeId};
use crate::why::Facts;

/// How long a datagram or stream with another key is news. Chosen: an agent that looks for others
/// comes back within its longest interval, 30 s by default.
const KEY_NEWS: Duration = Duration::from_secs(40);

/// Gathers, and remembers what only a comparison of two looks can tell.
#[derive(Debug)]
pub(super) struct Gatherer {
    own: NodeId,
    /// What was committed when the leader became known.
    goal: Option<u64>,
    turned_key: u64,
    turned_key_at: Option<Instant>,
}

impl Gatherer {
    pub(super) fn new(parts: &Parts) -> Self {
        Self {
            own: parts.gossip.own().node_id,
            goal: None,
            turned_key: 0,
            turned_key_at: None,
        }
    }

    pub(super) fn facts(&mut self, parts: &Parts) -> Facts {
        let members = parts.gossip.members();
        let status = parts.raft.as_ref().map(crate::raft::Raft::status);
        let is_led = status
            .as_ref()
            .is_some_and(|status| status.leader.is_some());
        let is_caught_up = status
            .as_ref()
            .is_none_or(|status| self.is_caught_up(status));
        let is_registered = *parts.registered.borrow();
        Facts {
            is_server: status.is_some(),
            leaving: parts.why.leaving.borrow().clone(),
            cluster: parts.membership.cluster(),
            is_alone: twin::is_alone(&members, self.own),
            is_led,
            is_current: is_caught_up && is_registered,
            refusal: obstacle::refusal(&parts.gossip),
            ambiguity: obstacle::ambiguity(&parts.gossip),
            stranger: obstacle::stranger(&parts.gossip),
            tls_called: obstacle::tls(&parts.tls, &members, false),
            tls_caller: obstacle::tls(&parts.tls, &members, true),
            is_called_with_another_key: self.is_called_with_another_key(parts),
            founding: parts.founding.as_ref().map(|founding| founding.said()),
            voters: status
                .map(|status| voters(&status, &members))
                .unwrap_or_default(),
            not_calling: parts
                .founding
                .as_ref()
                .map(|founding| founding.callers().missing(&members, self.own))
                .unwrap_or_default(),
            servers: self.servers(&members),
            told: parts.told.borrow().clone(),
            sources: parts.why.sights.borrow().iter().map(Sight::now).collect(),
        }
    }

    /// Whether all is applied that was committed when this server came to know its leader. What
    /// was committed since is on its way, always.
    fn is_caught_up(&mut self, status: &Status) -> bool {
        if status.leader.is_none() {
            self.goal = None;
            return false;
        }
        let goal = *self.goal.get_or_insert_with(|| status.commit.unwrap_or(0));
        status.applied.is_some_and(|applied| applied >= goal)
    }

    fn is_called_with_another_key(&mut self, parts: &Parts) -> bool {
        let turned = parts.gossip.counters().turned_key;
        if turned > self.turned_key {
            self.turned_key = turned;
            self.turned_key_at = Some(Instant::now());
        }
        self.turned_key_at.is_some_and(|at| at.elapsed() < KEY_NEWS)
    }

    fn servers(&self, members: &[Member]) -> Vec<String> {
        let servers = members.iter().filter(|member| {
            member.status == MemberStatus::Alive
                && member.says.node_id != self.own
                && member.says.server().is_some()
        });
        servers.map(|member| member.says.name.to_string()).collect()
    }
}

/// Voters by name, with whether gossip holds them for alive.
fn voters(status: &Status, members: &[Member]) -> Vec<(String, bool)> {
    let is_alive = |id| {
        let mut alive = members.iter().filter(|m| m.status == MemberStatus::Alive);
        alive.any(|m| m.says.server().is_some_and(|server| server.raft_id == id))
    };
    let mut voters: Vec<(String, bool)> = status
        .voters()
        .map(|voter| (voter.peer.name.clone(), is_alive(voter.id)))
        .collect();
    voters.sort();
    voters
}
