//! The facts of a decision, gathered: gossip, what servers said themselves, what sources listed.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Book, ByDisk, Founding};
use crate::bootstrap::{
    Answer, Contact, Expectation, Fate, Own, Peer, Question, Raft, Says, Server, Standing, View,
};
use crate::types::{Member, RaftId, ServerRole};

/// How long an answer counts as said "now". Chosen: long enough that a quiet wait costs one
/// question per server and second, short enough that a change is seen at once by people.
const FRESH: Duration = Duration::from_secs(1);
/// A founding that binds for so long is overdue: its members ask each other. Far longer than the
/// proposer's time limit, so that a slow founding is not disturbed.
const OVERDUE: Duration = Duration::from_secs(4);

/// What servers said themselves, and when.
#[derive(Debug, Default)]
pub(super) struct Heard {
    standings: ByDisk<Word>,
    fates: ByDisk<(Option<Fate>, Instant)>,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    /// What it said last, in this life of ours.
    last_said: Option<Standing>,
    /// Whether it answered when it was last asked.
    answered: bool,
    asked: Instant,
}

/// Takes a lock whose holders cannot leave half a change behind.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Heard {
    /// Forgets disks that no member has any more, but not what members of a founding said.
    pub(super) fn forget_strangers(&mut self, members: &[Member]) {
        let servers: BTreeSet<RaftId> = members
            .iter()
            .filter_map(|member| Some(member.says.server()?.raft_id))
            .collect();
        self.standings.retain(|disk, _| servers.contains(disk));
        self.fates.retain(|_, (_, at)| at.elapsed() < FRESH);
    }

    /// Notes an answer, or silence. An answer from another disk than was asked is silence.
    pub(super) fn note(&mut self, question: &Question, answer: Option<Answer>) {
        let disk = question.to.raft_id;
        let answer = answer.filter(|answer| answer.from == disk);
        if question.about.is_some() {
            let fate = answer.and_then(|answer| match answer.says {
                Says::Fate(fate) => Some(fate),
                Says::Noted | Says::Yes { .. } | Says::No { .. } => None,
            });
            self.fates.insert(disk, (fate, Instant::now()));
        }
        self.note_standing(disk, answer.map(|answer| answer.standing));
    }

    /// Notes where a server stands, or that it is silent.
    pub(super) fn note_standing(&mut self, disk: RaftId, standing: Option<Standing>) {
        let before = self.standings.get(&disk).and_then(|word| word.last_said);
        let word = Word {
            last_said: standing.or(before),
            answered: standing.is_some(),
            asked: Instant::now(),
        };
        self.standings.insert(disk, word);
    }

    fn contact(&self, disk: RaftId) -> Contact {
        match self.standings.get(&disk) {
            Some(word) if word.asked.elapsed() >= FRESH => Contact::Unasked,
            Some(word) if word.answered => Contact::Answered,
            Some(_) => Contact::Silent,
            None => Contact::Unasked,
        }
    }
}

impl Founding {
    /// Everything the rules look at, as of now and as of this ledger.
    pub(super) fn view(&self, book: &Book) -> View {
        let heard = lock(&self.heard);
        // What waits moves into the list in one step: read in this order, it is seen in one of the two.
        let called = self.rooms.gossip.heard_of();
        let members = self.rooms.gossip.members();
        let others = members
            .iter()
            .filter_map(|member| self.peer(member, &heard));
        let evidence = self.rooms.evidence.borrow();
        let bound = book.ledger().bound();
        let is_fresh = |disk: &RaftId, at: &Instant| {
            bound.is_some_and(|bound| bound.has(*disk)) && at.elapsed() < FRESH
        };
        let fates = heard
            .fates
            .iter()
            .filter(|(disk, (_, at))| is_fresh(disk, at));
        View {
            own: Own {
                server: self.terms.server.clone(),
                expectation: self.terms.expectation,
                safety: self.terms.safety,
                raft: self.raft_state(),
            },
            ledger: book.ledger().clone(),
            peers: others.map(|peer| (peer.server.node_id, peer)).collect(),
            unreached: evidence.unreached(&members),
            open_sources: evidence.open_sources.clone(),
            called,
            fates: fates.map(|(disk, (fate, _))| (*disk, *fate)).collect(),
            is_overdue: bound.is_some() && book.bound_for() >= OVERDUE,
        }
    }

    /// What raft holds on this disk.
    pub(super) fn raft_state(&self) -> Raft {
        let status = self.rooms.raft.status();
        match (status.commit, status.last_log, status.term) {
            (Some(_), _, _) => Raft::Committed,
            (None, None, 0) => Raft::Pristine,
            (None, _, _) => Raft::Started,
        }
    }

    fn peer(&self, member: &Member, heard: &Heard) -> Option<Peer> {
        let role = member.says.server()?;
        if member.says.node_id == self.terms.server.node_id {
            return None;
        }
        Some(Peer {
            server: Server {
                node_id: member.says.node_id,
                raft_id: role.raft_id,
                name: member.says.name.clone(),
                rpc_addr: role.rpc_addr,
            },
            expectation: expectation(role),
            announced: member.says.cluster,
            status: member.status,
            contact: heard.contact(role.raft_id),
            last_said: heard
                .standings
                .get(&role.raft_id)
                .and_then(|word| word.last_said),
        })
    }
}

const fn expectation(role: &ServerRole) -> Expectation {
    match (role.bootstrap, role.expect) {
        (true, _) => Expectation::Alone,
        (false, Some(expect)) => Expectation::Servers(expect),
        (false, None) => Expectation::Nothing,
    }
}
