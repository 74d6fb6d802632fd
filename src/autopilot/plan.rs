//! The rules, one function each.

use super::{Cause, Duty, Peer, Server, TRAILING_LOGS_MAX, View};
use crate::types::{MemberStatus, RaftId};

impl View {
    fn server(&self, raft_id: RaftId) -> Option<&Server> {
        self.servers.iter().find(|server| server.raft_id == raft_id)
    }

    /// Servers that are there and may belong to this cluster.
    fn alive(&self) -> impl Iterator<Item = &Server> {
        let is_ours = |server: &&Server| server.cluster.is_none_or(|other| other == self.cluster);
        self.servers
            .iter()
            .filter(|server| server.status == MemberStatus::Alive)
            .filter(is_ours)
    }

    fn peer(&self, raft_id: RaftId) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.raft_id == raft_id)
    }
}

/// A peer goes when it left, or when an alive server has taken its name with another disk; the
/// leader never removes itself for that. It goes when an operator said so, the leader too: whoever
/// was asked may have ended between noting it and doing it.
pub(super) fn removal(view: &View) -> Option<Duty> {
    view.peers.iter().find_map(|peer| {
        let cause = if view.removed.contains(&peer.raft_id) {
            Cause::Removed
        } else if peer.raft_id == view.own {
            return None;
        } else {
            cause_of_removal(view, peer)?
        };
        if peer.is_voter && !keeps_quorum(view, peer) {
            return None;
        }
        Some(Duty::Remove {
            raft_id: peer.raft_id,
            cause,
        })
    })
}

/// Whether enough voters are alive without this one to go on, and to commit its removal.
fn keeps_quorum(view: &View, without: &Peer) -> bool {
    let rest = || {
        view.peers
            .iter()
            .filter(|peer| peer.is_voter && peer.raft_id != without.raft_id)
    };
    let is_alive = |peer: &&Peer| view.alive().any(|server| server.raft_id == peer.raft_id);
    rest().filter(is_alive).count() * 2 > rest().count()
}

fn cause_of_removal(view: &View, peer: &Peer) -> Option<Cause> {
    match view.server(peer.raft_id).map(|server| server.status) {
        Some(MemberStatus::Left) => return Some(Cause::Left),
        Some(MemberStatus::Alive | MemberStatus::Leaving) => return None,
        Some(MemberStatus::Failed) | None => {}
    }
    let has_name = |server: &Server| server.name.as_str().eq_ignore_ascii_case(&peer.name);
    let successor = view.alive().find(|server| has_name(server));
    successor.map(|_alive_with_another_disk| Cause::Replaced)
}

/// A peer is reached where its member is now; all addresses may change at once.
pub(super) fn update(view: &View) -> Option<Duty> {
    let moved = |server: &&Server| {
        view.peer(server.raft_id)
            .is_some_and(|peer| peer.addr != server.addr)
    };
    view.alive()
        .find(moved)
        .map(|server| Duty::Update(server.clone()))
}

/// Every alive server of this cluster, or of none yet, becomes a learner first, unless an operator
/// took it out.
pub(super) fn addition(view: &View) -> Option<Duty> {
    let is_new = |server: &&Server| {
        view.peer(server.raft_id).is_none() && !view.removed.contains(&server.raft_id)
    };
    view.alive()
        .find(is_new)
        .map(|server| Duty::Add(server.clone()))
}

/// A learner votes once it kept up for the whole stabilisation time; a dead voter goes when it is
/// replaced or spare. Failures alone never make a cluster smaller than it was meant to be (demand
/// study, P5).
///
/// A quorum of an odd number of voters takes as many votes as one of the next even number. So when
/// a dead voter goes for a learner, it goes while the number is odd and the learner comes while it
/// is even: the votes that a quorum takes stay the same on the way.
pub(super) fn succession(view: &View) -> Option<Duty> {
    let learner = healthy_learners(view)
        .into_iter()
        .find(|id| view.stable.contains(id));
    let voters = || view.peers.iter().filter(|peer| peer.is_voter);
    let count = voters().count();
    let is_odd = count % 2 == 1;
    let is_spare = view.expected.map_or(!is_odd, |expected| count > expected);
    let may_go = is_spare || (is_odd && learner.is_some());
    let alive = voters().filter(|peer| !is_dead(view, peer)).count();
    let dead = voters().find(|peer| is_dead(view, peer) && keeps_quorum(view, peer));
    match dead {
        Some(dead) if may_go && alive * 2 > count => Some(Duty::Remove {
            raft_id: dead.raft_id,
            cause: Cause::Dead,
        }),
        _ => learner.map(Duty::Promote),
    }
}

/// Neither gossip nor raft hears of it: either alone may be slow, or cut off.
fn is_dead(view: &View, peer: &Peer) -> bool {
    let is_seen = view
        .server(peer.raft_id)
        .is_some_and(|server| server.status != MemberStatus::Failed);
    peer.raft_id != view.own && !peer.is_answering && !is_seen
}

pub(super) fn healthy_learners(view: &View) -> Vec<RaftId> {
    let keeps_up = |peer: &&Peer| {
        peer.matched > 0 && view.last_index.saturating_sub(peer.matched) <= TRAILING_LOGS_MAX
    };
    let is_alive = |peer: &&Peer| view.alive().any(|server| server.raft_id == peer.raft_id);
    let learners = view.peers.iter().filter(|peer| !peer.is_voter);
    learners
        .filter(keeps_up)
        .filter(is_alive)
        .map(|peer| peer.raft_id)
        .collect()
}
