//! What comes over the wire: questions, answers, and raft.

use quorate::bootstrap::{Answer, Fate, Says, Speech, Standing};

use super::steps::Steps;
use super::terms::{Door, index, is_yes, raft_id};
use super::world::{
    Knowledge, Lie, Node, OLD_CLUSTER, OLD_RAFT, OTHER_CLUSTER, OTHER_RAFT, World, bit, cluster_of,
    has, raft_number,
};

impl Steps<'_> {
    pub(super) fn messages(&mut self, own: usize, place: usize) {
        let proposer = index(self.ballot(place).proposer);
        let asked = self.world.asked[place];
        if has(asked, own) || (self.setup.twin(own) != own && has(asked, self.setup.twin(own))) {
            self.prepare(own, place, proposer);
        }
        if own == proposer {
            self.hear_yes(own, place);
        }
        if self.setup.is_calm {
            return;
        }
        self.ask_about(own, place);
        let ballot = self.ballot(place);
        let is_known = |n: &Node| self.code.ledgers.get(n.ledger).is_over(ballot);
        let founded = self.setup.lie == Lie::FoundedIsOver && self.world.founding[place] != 0;
        if founded || self.world.nodes.iter().any(is_known) {
            let (next, _) = self.ask(own, 2, place);
            self.push_about(own, "is told of the end of", place, next);
        }
    }

    fn ask_about(&mut self, own: usize, place: usize) {
        let (next, fate) = self.ask_fate(own, place);
        let is_expected = next != self.world || self.may_have_said(own, place, fate);
        if !is_expected && fate != Fate::Unbound {
            self.next
                .push(Err(format!("the history of {own} lacks {fate:?}")));
        }
        self.push_about(own, "is asked about", place, next);
    }

    pub(super) fn ask_fate(&mut self, own: usize, place: usize) -> (World, Fate) {
        let (mut next, answer) = self.ask(own, 0, place);
        match answer.says {
            Says::Fate(Fate::Dead)
                if matches!(
                    self.setup.lie,
                    Lie::RenounceForgotten | Lie::AnyoneEnds | Lie::MemberPromises
                ) =>
            {
                next.denied[place] |= bit(own);
                (next, Fate::Dead)
            }
            Says::Fate(fate) => (next, fate),
            says => panic!("an answer to another question: {says:?}"),
        }
    }

    fn ask(&mut self, own: usize, kind: u8, place: usize) -> (World, Answer) {
        let node = self.world.nodes[own];
        let proposal = self.world.begun[place] - 1;
        let key = (own, node.ledger, self.raft_fact(own), kind, proposal);
        let (ledger, said) = self.code.answer(key);
        let next = match ledger {
            Some(ledger) => self.write(self.world, own, ledger),
            None => self.world,
        };
        (next, said)
    }

    fn prepare(&mut self, own: usize, place: usize, proposer: usize) {
        let (mut next, said) = self.ask(own, 1, place);
        if is_yes(&said) {
            next.yes[place] |= bit(own);
            self.push_about(own, "promises", place, next);
        } else if let Some(tally) = self.world.nodes[proposer].tally.checked_sub(1) {
            let tally = self.code.hear(tally, &said) + 1;
            next.nodes[proposer].tally = tally;
            self.push_about(own, "declines", place, next);
        }
    }

    fn hear_yes(&mut self, own: usize, place: usize) {
        let Some(tally) = self.world.nodes[own].tally.checked_sub(1) else {
            return;
        };
        let yes = self.world.yes[place];
        for from in (0..self.setup.places()).filter(|from| has(yes, *from)) {
            for electorate in self.electorates(from) {
                let said = Answer {
                    from: raft_id(from),
                    standing: Standing::Promised(cluster_of(place)),
                    says: Says::Yes {
                        cluster: cluster_of(place),
                        electorate,
                    },
                };
                let mut next = self.world;
                next.nodes[own].tally = self.code.hear(tally, &said) + 1;
                self.push_about(from, "is heard to have promised", place, next);
            }
        }
    }

    /// How many servers one may have known when it promised.
    fn electorates(&mut self, from: usize) -> Vec<u64> {
        if matches!(
            self.setup.lie,
            Lie::MembersAlone | Lie::ElectorateUntold | Lie::PartOfTheList
        ) {
            return vec![1];
        }
        let key = (from, self.world.here, self.world.lost);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut known: Vec<u64> = Vec::new();
        // Knowing little is the proposer's part; in a cut everybody's.
        let most = if self.setup.knowledge == Knowledge::Blind {
            1
        } else {
            2
        };
        for sight in self.counts(from).into_iter().take(most) {
            let electorate = self.code.electorate(from, &sight);
            if !known.contains(&electorate) {
                known.push(electorate);
            }
        }
        self.known.insert(key, known.clone());
        known
    }

    /// The clusters that were there before add a server.
    pub(super) fn old_raft(&mut self, own: usize) {
        if self.setup.living > usize::from(self.setup.is_other) {
            self.add(own, OLD_CLUSTER, OLD_RAFT);
        }
        if self.setup.is_other {
            self.add(own, OTHER_CLUSTER, OTHER_RAFT);
        }
    }

    fn add(&mut self, own: usize, cluster: Speech, raft: u8) {
        let node = self.world.nodes[own];
        let key = (own, node.ledger, self.raft_fact(own), cluster);
        let mut next = self.world;
        match self.code.admit(key) {
            Door::Shut => return,
            Door::Adopt(ledger) => next = self.write(next, own, ledger),
            Door::Open if node.raft == 0 => next.nodes[own].raft = raft,
            Door::Open if node.raft != raft => {
                self.next
                    .push(Err(format!("I5: {own} holds other raft data")));
            }
            Door::Open => {}
        }
        self.push(own, "is added to an old cluster", next);
    }

    /// Raft speaks to a server for a proposal, early or late.
    pub(super) fn raft(&mut self, own: usize, place: usize) {
        let cluster = cluster_of(place);
        let is_member = |n: &Node| self.code.ledgers.get(n.ledger).cluster() == Some(cluster);
        let proof = self.world.nodes.iter().any(is_member);
        let left = self.world.here & !self.world.lost;
        let speaks =
            |n: usize| n != own && has(left, n) && self.world.nodes[n].raft == raft_number(place);
        self.is_late = !(0..self.setup.places()).any(speaks);
        if self.world.initialized[place] {
            self.speak(own, place, false);
        }
        self.is_late = false;
        if proof || (self.setup.lie == Lie::RefusalBindsNot && self.world.initialized[place]) {
            self.speak(own, place, true);
        }
    }

    fn speak(&mut self, own: usize, place: usize, has_committed: bool) {
        let cluster = cluster_of(place);
        let speech = Speech {
            cluster,
            has_committed,
        };
        let node = self.world.nodes[own];
        let door = self
            .code
            .admit((own, node.ledger, self.raft_fact(own), speech));
        match door {
            Door::Shut => {}
            Door::Adopt(ledger) => {
                let next = self.write(self.world, own, ledger);
                self.push_about(own, "adopts", place, next);
            }
            Door::Open => {
                if node.raft != 0 && node.raft != raft_number(place) {
                    self.next
                        .push(Err(format!("I5: {own} holds other raft data")));
                }
                // Its own entry is written by `initialize` alone; a member's first one here.
                let is_founder = self.ballot(place).proposer == raft_id(own);
                let mut next = self.world;
                if !is_founder {
                    next.nodes[own].raft = raft_number(place);
                    if has(self.members(place), own) {
                        next.acked[place] |= bit(own);
                    }
                }
                self.push_about(own, "is spoken to by raft of", place, next);
            }
        }
    }
}
