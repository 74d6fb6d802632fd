//! Who gets through to whom where no leader is heard.
//!
//! A server whose port is closed to the others hears no leader, while its cluster has one: it can
//! still call. So one that hears none asks the other servers who leads, and whether they count it
//! in. If they do, their leader calls this server's port many times a second, and it is heard here
//! unless something is in between. Who does not answer here, though gossip sees it, cannot elect
//! anybody either: it hangs, or its port is shut. Gossip is slow to give up what hangs, so that a
//! pause buries nobody; here it is known sooner.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::facts::lock;
use super::{ASK_DEADLINE, Founding, words};
use crate::agent::wire::{self, Envelope, Request, Response};
use crate::http::RaftPeer;
use crate::types::{Member, MemberStatus, RaftId};
use crate::why::Said;

/// How often a server that hears no leader asks. Chosen: one small question per server and second.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long no message of raft may come to the port. Chosen: a leader sends one ten times a second
/// and opens a lost connection again within a second; the reason shall be right well within ten.
const PATIENCE: Duration = Duration::from_secs(3);
/// After so long without an answer a server counts for nothing in an election. Chosen: two questions
/// in a row, which is known when the patience with a missing leader ends.
const DEAF_AFTER: Duration = Duration::from_secs(2);
/// How many servers are asked at once. Chosen: more than a cluster has voters.
const ASKED_MAX: usize = 16;

/// What came to the port, and who leads elsewhere.
#[derive(Debug)]
pub(super) struct Unheard {
    /// When a message of raft came last, whatever became of it; at first, when this life began.
    called_at: Mutex<Instant>,
    /// The leaders that count this server in and do not get through.
    leaders: Mutex<BTreeSet<Leader>>,
    /// Since when each server of the cluster that gossip sees has given no answer.
    silent: Mutex<BTreeMap<RaftId, Instant>>,
}

/// A leader, by the word of other servers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Leader {
    /// Its name.
    pub(super) name: String,
    /// Its server port.
    pub(super) addr: SocketAddr,
}

impl Unheard {
    pub(super) fn new() -> Self {
        Self {
            called_at: Mutex::new(Instant::now()),
            leaders: Mutex::default(),
            silent: Mutex::default(),
        }
    }

    fn silence(&self) -> Duration {
        lock(&self.called_at).elapsed()
    }
}

impl Founding {
    /// Notes that a message of raft came to this server's port.
    pub(in crate::agent) fn note_raft_call(&self) {
        *lock(&self.unheard.called_at) = Instant::now();
    }

    /// Why this server hears no leader, if others hear one that does not get through to it.
    pub(in crate::agent) fn cut_off(&self) -> Option<Said> {
        let leaders = lock(&self.unheard.leaders).clone();
        let own = self.terms.server.rpc_addr;
        let is_silent = self.unheard.silence() >= PATIENCE && !self.is_led();
        (is_silent && !leaders.is_empty()).then(|| words::port_unreached(own, &leaders, PATIENCE))
    }

    /// Servers that gossip sees, and whose port has not answered for a while.
    pub(super) fn deaf(&self) -> BTreeSet<RaftId> {
        let silent = lock(&self.unheard.silent);
        let long = silent
            .iter()
            .filter(|(_, since)| since.elapsed() >= DEAF_AFTER);
        long.map(|(disk, _)| *disk).collect()
    }

    /// Asks while this server hears no leader. Runs until the agent stops.
    #[expect(clippy::infinite_loop, reason = "the task set ends it with the agent")]
    pub(super) async fn watch_port(&self) {
        let mut tick = interval(ASK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = BTreeSet::new();
        loop {
            tick.tick().await;
            let now = if self.is_led() {
                lock(&self.unheard.silent).clear();
                BTreeSet::new()
            } else {
                self.leaders_elsewhere().await
            };
            // One who was taken in this very moment has not been called yet.
            let named = now.intersection(&before).cloned().collect();
            *lock(&self.unheard.leaders) = named;
            before = now;
        }
    }

    fn is_led(&self) -> bool {
        self.rooms.raft.status().leader.is_some()
    }

    /// The leaders whom other servers name, and whose configuration has this server.
    async fn leaders_elsewhere(&self) -> BTreeSet<Leader> {
        let members = self.rooms.gossip.members();
        let own_cluster = self.rooms.membership.cluster();
        let is_asked = |member: &&Member| {
            let is_of_ours = match own_cluster {
                Some(own) => member.says.cluster == Some(own),
                None => member.says.cluster.is_some(),
            };
            member.status == MemberStatus::Alive && is_of_ours
        };
        let servers = members.iter().filter(is_asked);
        let servers = servers.filter_map(|member| member.says.server());
        let others = servers.filter(|server| server.raft_id != self.terms.server.raft_id);
        let asked = others.take(ASKED_MAX).map(|server| async {
            let asked_at = Instant::now();
            let told = self.configuration_of(server.rpc_addr).await;
            (server.raft_id, asked_at, told)
        });
        let told = join_all(asked).await;
        self.note_silence(
            told.iter()
                .map(|(disk, at, told)| (*disk, *at, told.is_some())),
        );
        told.iter()
            .filter_map(|(_, _, peers)| self.leader_of(peers.as_deref()?))
            .collect()
    }

    /// Notes who answered of those that were asked, and when.
    fn note_silence(&self, asked: impl Iterator<Item = (RaftId, Instant, bool)>) {
        let mut silent = lock(&self.unheard.silent);
        let before = mem::take(&mut *silent);
        let gave_none = asked.filter(|(_, _, answered)| !answered);
        silent.extend(gave_none.map(|(disk, at, _)| (disk, *before.get(&disk).unwrap_or(&at))));
    }

    /// The configuration that a server goes by; none if it does not answer.
    pub(super) async fn configuration_of(&self, server: SocketAddr) -> Option<Vec<RaftPeer>> {
        let envelope = Envelope {
            is_last_hop: true,
            request: Request::RaftConfiguration { stale: true },
        };
        let payload = wire::encode(&envelope).ok()?;
        let answer = self.rooms.pool.call(server, payload, ASK_DEADLINE).await;
        match wire::decode(&answer.ok()?) {
            Ok(Response::RaftConfiguration(told)) => Some(told.peers),
            _ => None,
        }
    }

    /// Who leads by a configuration that has this server; another than this one.
    fn leader_of(&self, peers: &[RaftPeer]) -> Option<Leader> {
        let own = self.terms.server.raft_id;
        let is_in = peers.iter().any(|peer| peer.raft_id == own);
        let leader = peers.iter().find(|peer| peer.is_leader)?;
        (is_in && leader.raft_id != own).then(|| Leader {
            name: leader.name.clone(),
            addr: leader.address,
        })
    }
}
