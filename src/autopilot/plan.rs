//! The rules, one function each.

use super::{Cause, Duty, Peer, Server, View};
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

    /// Whether gossip holds a raft node of this cluster for alive.
    pub(super) fn is_alive(&self, raft_id: RaftId) -> bool {
        self.alive().any(|server| server.raft_id == raft_id)
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
        // Those that leave at the same time can still vote each other out, until they have ended.
        let may_go = match cause {
            Cause::Left => goes_on(view, peer, |rest| is_leaving_yet_there(view, rest)),
            _ => keeps_quorum(view, peer),
        };
        if peer.is_voter && !may_go {
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
    goes_on(view, without, |_| false)
}

/// As [`keeps_quorum`], where others count as well as those that gossip holds for alive.
fn goes_on(view: &View, without: &Peer, counts: impl Fn(&Peer) -> bool) -> bool {
    let rest = || {
        view.peers
            .iter()
            .filter(|peer| peer.is_voter && peer.raft_id != without.raft_id)
    };
    let is_there = |peer: &&Peer| view.is_alive(peer.raft_id) || counts(peer);
    rest().filter(is_there).count() * 2 > rest().count()
}

/// A voter that has said that it leaves, and waits to be taken out; the leader may be one.
fn is_leaving_yet_there(view: &View, peer: &Peer) -> bool {
    let status = view.server(peer.raft_id).map(|server| server.status);
    let has_left = matches!(status, Some(MemberStatus::Leaving | MemberStatus::Left));
    has_left && (peer.is_answering || peer.raft_id == view.own)
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
/// study, P5), nor than an operator's `min_quorum`. A dead learner is worth nothing, and goes.
///
/// A quorum of an odd number of voters takes as many votes as one of the next even number. So when
/// a dead voter goes for a learner, it goes while the number is odd and the learner comes while it
/// is even: the votes that a quorum takes stay the same on the way. Where `min_quorum` forbids
/// that order, the learner comes first.
pub(super) fn succession(view: &View) -> Option<Duty> {
    let peers = || view.peers.iter();
    let is_ready = |peer: &&Peer| view.stable.contains(&peer.raft_id) && view.is_healthy(peer);
    let learner = peers().filter(|peer| !peer.is_voter).find(is_ready);
    dead_learner(view)
        .or_else(|| dead_voter(view, learner.is_some()))
        .map(|raft_id| Duty::Remove {
            raft_id,
            cause: Cause::Dead,
        })
        .or_else(|| learner.map(|peer| Duty::Promote(peer.raft_id)))
}

fn dead_learner(view: &View) -> Option<RaftId> {
    let mut learners = view.peers.iter().filter(|peer| !peer.is_voter);
    let is_dead = |peer: &&Peer| view.config.cleanup_dead_servers && is_dead(view, peer);
    learners.find(is_dead).map(|peer| peer.raft_id)
}

fn dead_voter(view: &View, has_successor: bool) -> Option<RaftId> {
    let voters = || view.peers.iter().filter(|peer| peer.is_voter);
    let count = voters().count();
    let is_odd = count % 2 == 1;
    let is_spare = view.expected.map_or(!is_odd, |expected| count > expected);
    let is_wanted = u64::try_from(count).is_ok_and(|count| count <= view.config.min_quorum);
    let may_go =
        view.config.cleanup_dead_servers && !is_wanted && (is_spare || (is_odd && has_successor));
    let alive = voters().filter(|peer| !is_dead(view, peer)).count();
    let dead = voters().find(|peer| is_dead(view, peer) && keeps_quorum(view, peer))?;
    (may_go && alive * 2 > count).then_some(dead.raft_id)
}

/// Neither gossip nor raft hears of it: either alone may be slow, or cut off.
fn is_dead(view: &View, peer: &Peer) -> bool {
    let is_seen = view
        .server(peer.raft_id)
        .is_some_and(|server| server.status != MemberStatus::Failed);
    peer.raft_id != view.own && !peer.is_answering && !is_seen
}
