//! The facts of one look, gathered from the rooms.

use std::time::Duration;

use tokio::time::Instant;

use super::Sight;
use crate::agent::obstacle;
use crate::agent::parts::Parts;
use crate::agent::twin;
use crate::raft::Status;
use crate::types::{Member, MemberStatus, NodeId};
use crate::why::{Facts, Voter};

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
        let servers = self.servers(&members);
        let is_registered = *parts.registered.borrow();
        Facts {
            is_server: status.is_some(),
            leaving: parts.why.leaving.borrow().clone(),
            removed: parts.why.removed.borrow().clone(),
            cluster: parts.membership.cluster(),
            is_alone: twin::is_alone(&members, self.own),
            is_led,
            is_current: self.is_current(status.as_ref(), is_registered),
            refusal: obstacle::refusal(&parts.gossip),
            ambiguity: obstacle::ambiguity(&parts.gossip),
            strangers: obstacle::strangers(&parts.gossip),
            lacking: lacking(parts, servers.len()),
            tls_called: obstacle::tls(&parts.tls, &members, false),
            tls_caller: obstacle::tls(&parts.tls, &members, true),
            is_called_with_another_key: self
                .is_called_with_another_key(parts.gossip.counters().turned_key),
            founding: parts.founding.as_ref().map(|founding| founding.said()),
            voters: status
                .map(|status| voters(&status, &members))
                .unwrap_or_default(),
            not_calling: parts
                .founding
                .as_ref()
                .map(|founding| founding.callers().missing(&members, self.own))
                .unwrap_or_default(),
            cut_off: parts.founding.as_ref().and_then(|one| one.cut_off()),
            leader_unreached: parts
                .founding
                .as_ref()
                .and_then(|one| one.leader_unreached()),
            servers,
            gone: gone(&members),
            told: parts.told.borrow().clone(),
            sources: parts.why.sights.borrow().iter().map(Sight::now).collect(),
        }
    }

    /// Whether this agent has what its cluster has, a server's data, and its own node is in the
    /// catalogue.
    fn is_current(&mut self, status: Option<&Status>, is_registered: bool) -> bool {
        let is_caught_up = status.is_none_or(|status| self.is_caught_up(status));
        is_caught_up && is_registered
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

    /// Whether somebody was turned away for his key of late, given how many ever were.
    fn is_called_with_another_key(&mut self, turned: u64) -> bool {
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

/// How many servers are not here that the number asks for; this agent counts as one.
fn lacking(parts: &Parts, others: usize) -> usize {
    let expect = parts.config.bootstrap_expect.unwrap_or(0);
    let expect = usize::try_from(expect).unwrap_or(usize::MAX);
    expect.saturating_sub(others.saturating_add(1))
}

/// Servers that are not alive: name, and what is known of each.
fn gone(members: &[Member]) -> Vec<(String, String)> {
    let gone = members.iter().filter(|m| m.status != MemberStatus::Alive);
    let told = gone.filter_map(|member| {
        let addr = member.says.server()?.rpc_addr;
        Some((
            member.says.name.to_string(),
            format!("{addr}, {}", member.status.as_str()),
        ))
    });
    let mut gone: Vec<(String, String)> = told.collect();
    gone.sort();
    gone
}

/// Voters by name, with whether gossip holds them for alive.
fn voters(status: &Status, members: &[Member]) -> Vec<Voter> {
    let is_alive = |id| {
        let mut alive = members.iter().filter(|m| m.status == MemberStatus::Alive);
        alive.any(|m| m.says.server().is_some_and(|server| server.raft_id == id))
    };
    let mut voters: Vec<Voter> = status
        .voters()
        .map(|voter| Voter {
            name: voter.peer.name.clone(),
            ip: voter.peer.rpc_addr.ip(),
            is_alive: is_alive(voter.id),
        })
        .collect();
    voters.sort();
    voters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::{Peer, ServerState};
    use crate::types::RaftId;

    fn gatherer() -> Gatherer {
        Gatherer {
            own: NodeId::new(1),
            goal: None,
            turned_key: 0,
            turned_key_at: None,
        }
    }

    fn status(is_led: bool, commit: u64, applied: u64) -> Status {
        let peer = Peer {
            node_id: NodeId::new(2),
            name: "s2".to_owned(),
            rpc_addr: ([192, 0, 2, 2], 8300).into(),
        };
        Status {
            id: RaftId::new(1),
            state: ServerState::Follower,
            term: 1,
            leader: is_led.then(|| (RaftId::new(2), peer)),
            last_log: Some((commit, 1)),
            commit: Some(commit),
            applied: Some(applied),
            snapshot: None,
            peers: Vec::new(),
            membership_index: None,
            is_membership_settled: true,
            last_contact: None,
            failure: None,
        }
    }

    #[test]
    fn who_has_applied_what_was_committed_when_it_came_to_know_its_leader_is_current() {
        let mut gatherer = gatherer();
        for (is_led, commit, applied, is_current) in [
            (false, 10, 10, false),
            (true, 10, 9, false),
            // What is committed since is on its way.
            (true, 20, 10, true),
            (true, 30, 20, true),
            (false, 30, 30, false),
            // Another leader.
            (true, 40, 30, false),
            (true, 40, 40, true),
        ] {
            let status = status(is_led, commit, applied);
            assert_eq!(gatherer.is_caught_up(&status), is_current, "{status:?}");
        }
    }

    #[test]
    fn who_is_not_in_the_catalogue_yet_is_not_current() {
        let mut gatherer = gatherer();
        let (behind, caught_up) = (status(true, 10, 9), status(true, 10, 10));
        for (status, is_registered, is_current) in [
            (None, false, false),
            (None, true, true),
            (Some(&behind), true, false),
            (Some(&caught_up), false, false),
            (Some(&caught_up), true, true),
        ] {
            assert_eq!(gatherer.is_current(status, is_registered), is_current);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_key_is_news_for_a_while_after_the_last_who_came_with_one() {
        let mut gatherer = gatherer();
        assert!(!gatherer.is_called_with_another_key(0));
        assert!(gatherer.is_called_with_another_key(1));
        tokio::time::advance(KEY_NEWS.saturating_sub(Duration::from_secs(1))).await;
        assert!(gatherer.is_called_with_another_key(2));
        tokio::time::advance(KEY_NEWS.saturating_sub(Duration::from_secs(1))).await;
        assert!(gatherer.is_called_with_another_key(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!gatherer.is_called_with_another_key(2));
    }
}
