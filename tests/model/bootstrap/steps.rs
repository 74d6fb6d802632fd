//! What can happen next in a world: the frame, and what a server does by itself.

use quorate::bootstrap::{Ballot, Ledger, Raft, Seat};

use super::code::Code;
use super::knowledge::Memo;
use super::terms::{Act, Count, Map, NOBODY, UNTOLD, index, raft_id};
use super::world::{
    Event, Lie, Next, PROPOSALS, Set, Setup, World, bit, cluster_of, has, place_of, raft_number,
};

/// How many servers one may have known, by who was there and who was lost.
pub(super) type Known = Map<(usize, Set, Set), Vec<u64>>;

/// Everything that can happen next in a world.
pub(super) struct Steps<'a> {
    pub(super) setup: &'a Setup,
    pub(super) memo: &'a mut Memo,
    pub(super) code: &'a mut Code,
    /// How many servers each may have known, by who is there and who is lost.
    pub(super) known: &'a mut Known,
    pub(super) world: World,
    pub(super) next: Vec<Next>,
    /// What happens now is the word of one that is lost.
    pub(super) is_late: bool,
}

impl Steps<'_> {
    pub(super) fn all(mut self) -> Vec<Next> {
        for own in 0..self.setup.places() {
            if !has(self.world.here, own) || has(self.world.lost, own) {
                self.inherit(own);
                continue;
            }
            self.decide(own);
            self.count(own);
            self.old_raft(own);
            if !self.setup.is_calm {
                self.restart(own);
            }
            for place in 0..PROPOSALS {
                if self.world.begun[place] != 0 {
                    self.messages(own, place);
                    self.raft(own, place);
                }
            }
            self.lose(own);
        }
        self.next
    }

    /// Loses a disk for ever, or the ledger on it.
    fn lose(&mut self, own: usize) {
        let is_open = self.world.lost.count_ones() < self.setup.most_lost;
        if is_open && has(self.setup.losses, own) {
            let mut next = self.world;
            next.lost |= bit(own);
            next.nodes[own].tally = 0;
            self.push(own, "is lost", next);
        }
        if has(self.setup.ledger_losses, own) && self.world.nodes[own].raft != 0 {
            let mut next = self.world;
            next.nodes[own].tally = 0;
            next.nodes[own].ledger = self.code.ledgers.of(&Ledger::default());
            self.push(own, "loses its ledger", next);
        }
    }

    /// An empty disk comes in the place of one that is lost.
    fn inherit(&mut self, own: usize) {
        let Some(before) = own.checked_sub(self.setup.servers) else {
            return;
        };
        if has(self.world.lost, before) && !has(self.world.here, own) {
            let mut next = self.world;
            next.here |= bit(own);
            self.push(own, "comes with an empty disk", next);
        }
    }

    pub(super) fn push(&mut self, server: usize, what: &'static str, next: World) {
        self.push_about(server, what, None, next);
    }

    pub(super) fn push_about(
        &mut self,
        server: usize,
        what: &'static str,
        place: impl Into<Option<usize>>,
        next: World,
    ) {
        let place = place.into();
        if next != self.world {
            let event = Event {
                server,
                what,
                place,
                is_late: self.is_late,
            };
            self.next.push(Ok((event, next)));
        }
    }

    pub(super) fn members(&self, place: usize) -> Set {
        let proposal = self.code.proposals.get(self.world.begun[place] - 1);
        proposal.members.iter().map(|m| bit(index(m.raft_id))).sum()
    }

    pub(super) fn ballot(&self, place: usize) -> Ballot {
        self.code.proposals.get(self.world.begun[place] - 1).ballot
    }

    /// A quorum of members has raft's first entry on disk: the cluster can acknowledge.
    pub(super) fn has_committed(&self, place: usize) -> bool {
        let quorum = self.members(place).count_ones() / 2 + 1;
        self.world.acked[place].count_ones() >= quorum
    }

    /// The members that are left can commit by themselves.
    fn can_commit(&self, place: usize) -> bool {
        let quorum = self.members(place).count_ones() / 2 + 1;
        (self.world.acked[place] & !self.world.lost).count_ones() >= quorum
    }

    pub(super) fn raft_fact(&self, own: usize) -> Raft {
        match self.world.nodes[own].raft {
            0 => Raft::Pristine,
            _ => Raft::Started,
        }
    }

    /// Puts a ledger on a disk and keeps the history of what it lets others say.
    pub(super) fn write(&mut self, mut next: World, own: usize, ledger: u16) -> World {
        let before = self.code.ledgers.get(self.world.nodes[own].ledger);
        let after = self.code.ledgers.get(ledger);
        let binds = |seat: &Seat| matches!(seat, Seat::Preparing(_) | Seat::Promised { .. });
        if binds(after.seat()) && !binds(before.seat()) {
            let knows = before.cluster().is_some() || !before.heard().is_empty();
            if knows {
                self.next.push(Err(format!("I3: {own} binds itself")));
            }
        }
        next.nodes[own].ledger = ledger;
        if let Some(proposal) = after.bound() {
            match (after.seat(), place_of(proposal)) {
                (Seat::Promised { refused: true, .. }, Some(place)) => {
                    next.refused[place] |= bit(own);
                }
                (Seat::Founding(_), Some(place)) => next.founding[place] |= bit(own),
                _ => {}
            }
        }
        next
    }

    pub(super) fn ledger(&self, server: usize) -> &Ledger {
        self.code.ledgers.get(self.world.nodes[server].ledger)
    }

    fn decide(&mut self, own: usize) {
        let place = self.ledger(own).bound().and_then(place_of);
        for act in self.acts(own, place).iter() {
            self.act(own, *act);
        }
        if self.setup.lie == Lie::AllInitialize
            && let Seat::Founding(proposal) = self.ledger(own).seat().clone()
            && self.world.nodes[own].raft == 0
        {
            let proposal = self.code.proposals.of(&proposal);
            self.initialize(own, proposal);
        }
        let node = self.world.nodes[own];
        if let Some(place) = place
            && node.raft > 0
            && self.can_commit(place)
        {
            let key = (own, node.ledger, Raft::Committed, NOBODY, UNTOLD);
            let (act, _) = self.code.decide(&key);
            self.act(own, act);
        }
    }

    fn act(&mut self, own: usize, act: Act) {
        match act {
            Act::Nothing => {}
            Act::Write(ledger) if ledger == self.world.nodes[own].ledger => {
                self.next.push(Err(format!("{own} decides for ever")));
            }
            Act::Write(ledger) => {
                let next = self.write(self.world, own, ledger);
                self.push(own, "writes what it decided", next);
            }
            Act::Wipe => self.wipe(own),
            Act::Initialize(proposal) => self.initialize(own, proposal),
            Act::Propose(draft) => self.propose(own, draft),
        }
    }

    /// Wipes first and writes then; a crash may come between.
    fn wipe(&mut self, own: usize) {
        let mut next = self.world;
        if next.nodes[own].raft != 0 && self.setup.lie != Lie::NotWiped {
            next.nodes[own].raft = 0;
            self.push(own, "wipes its raft", next);
        } else {
            let ledger = self.code.ledgers.get(next.nodes[own].ledger).wiped();
            let ledger = self.code.ledgers.of(&ledger);
            let next = self.write(next, own, ledger);
            self.push(own, "is blank again", next);
        }
    }

    fn initialize(&mut self, own: usize, proposal: u16) {
        let place = (0..PROPOSALS).find(|i| self.world.begun[*i] == proposal + 1);
        let Some(place) = place else {
            return self
                .next
                .push(Err("I2: another set than was promised".to_owned()));
        };
        if self.world.initialized[place] || self.ballot(place).proposer != raft_id(own) {
            return self.next.push(Err(format!("I2: {own} initialises again")));
        }
        let mut next = self.world;
        next.initialized[place] = true;
        next.nodes[own].raft = raft_number(place);
        next.acked[place] |= bit(own);
        self.push_about(own, "initialises", place, next);
    }

    fn propose(&mut self, own: usize, draft: u16) {
        let begun = &self.world.begun[..self.setup.proposals];
        let Some(place) = begun.iter().position(|number| *number == 0) else {
            return;
        };
        let ledger = self.world.nodes[own].ledger;
        let minted = cluster_of(place).bits();
        let begun = self.code.begin(own, ledger, draft, minted);
        let mut next = self.write(self.world, own, begun.ledger);
        next.nodes[own].tally = begun.tally + 1;
        next.begun[place] = begun.proposal + 1;
        next.asked[place] = begun.asked;
        self.push_about(own, "proposes", place, next);
    }

    fn count(&mut self, own: usize) {
        let node = self.world.nodes[own];
        let Some(tally) = node.tally.checked_sub(1) else {
            return;
        };
        for sight in self.counts(own) {
            for is_late in [false, true] {
                if is_late && self.setup.is_calm {
                    continue;
                }
                let count = self.code.count(&(tally, node.ledger, own, is_late, sight));
                self.close(own, count);
            }
        }
    }

    fn close(&mut self, own: usize, count: Count) {
        let mut next = self.world;
        next.nodes[own].tally = 0;
        let (name, ledger) = match count {
            Count::Pending => return,
            Count::Gone => ("drops its tally", next.nodes[own].ledger),
            Count::Found(ledger) => ("founds", ledger),
            Count::Abort(ledger) => ("aborts", ledger),
        };
        let is_unwritten = self.setup.lie == Lie::FoundedUnwritten;
        match count {
            Count::Found(_) if is_unwritten => {
                let place = self.ledger(own).bound().and_then(place_of).unwrap();
                next.initialized[place] = true;
                next.nodes[own].raft = raft_number(place);
                next.acked[place] |= bit(own);
                self.push_about(own, "initialises at once", place, next);
            }
            _ => {
                let next = self.write(next, own, ledger);
                self.push(own, name, next);
            }
        }
    }

    fn restart(&mut self, own: usize) {
        let mut next = self.world;
        next.nodes[own].tally = 0;
        let after = self.code.restart(next.nodes[own].ledger);
        let next = self.write(next, own, after);
        self.push(own, "restarts", next);
    }
}
