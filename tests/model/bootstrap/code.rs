//! The real code behind small numbers.
//!
//! A world of the search holds numbers for ledgers, tallies and proposals; this file turns them
//! into the real values, calls the real functions, and remembers what they said.

use std::collections::{BTreeMap, BTreeSet};

use quorate::bootstrap::{
    Admission, Answer, Contact, Decision, Draft, Expectation, Ledger, Message, Own, Peer, Proposal,
    Raft, Safety, Server, Speech, Standing, Tally, Verdict, View, admit, answer, decide,
};
use quorate::types::{Address, ClusterId, MemberStatus};

use super::terms::{
    Act, Begun, Count, Door, Fates, Map, NOBODY, Numbers, SERVERS, Seen, Sight, UNTOLD, index,
    raft_id, server,
};
use super::world::{Lie, Setup};
use super::{broken, seen};

type DecideKey = (usize, u16, Raft, Sight, Fates);
type AnswerKey = (usize, u16, Raft, u8, u16);
type CountKey = (u16, u16, usize, bool, Sight);
type DoorKey = (usize, u16, Raft, Speech);

/// The code under test with all its values.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) ledgers: Numbers<Ledger>,
    pub(super) tallies: Numbers<Tally>,
    pub(super) proposals: Numbers<Proposal>,
    pub(super) drafts: Numbers<Draft>,
    /// Every rule, reason and answer that came up.
    pub(super) seen: BTreeSet<&'static str>,
    setup: Setup,
    decided: Map<DecideKey, (Act, &'static str)>,
    answered: Map<AnswerKey, (Option<u16>, Answer)>,
    admitted: Map<DoorKey, Door>,
    counted: Map<CountKey, Count>,
    heard: Map<(u16, Answer), u16>,
    restarted: Map<u16, u16>,
    standings: Map<(u16, Raft), Standing>,
}

/// I2, I3 and I4 where a founding begins: no cluster is known, and whoever is asked said itself
/// that it is blank.
fn check_draft(view: &View, draft: &Draft) {
    let blank: BTreeSet<Server> = view.blank().map(|p| p.server.clone()).collect();
    assert!(draft.ask.iter().all(|s| blank.contains(s)), "I4: {view:?}");
    let is_own = |s: &&Server| **s == view.own.server || blank.contains(s);
    assert!(draft.members.iter().filter(is_own).count() == draft.members.len());
    assert!(view.clusters().is_empty(), "I3: {view:?}");
    let wanted = match view.own.expectation {
        Expectation::Servers(expect) => usize::try_from(expect).unwrap(),
        Expectation::Alone | Expectation::Nothing => 1,
    };
    assert_eq!(draft.members.len(), wanted, "I2: {view:?}");
}

impl Code {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            setup: *setup,
            ledgers: Numbers::new(),
            tallies: Numbers::new(),
            proposals: Numbers::new(),
            drafts: Numbers::new(),
            seen: BTreeSet::new(),
            decided: Map::default(),
            answered: Map::default(),
            admitted: Map::default(),
            counted: Map::default(),
            heard: Map::default(),
            restarted: Map::default(),
            standings: Map::default(),
        }
    }

    /// What a server does, and the code of why.
    pub(super) fn decide(&mut self, key: &DecideKey) -> (Act, &'static str) {
        if let Some(decided) = self.decided.get(key) {
            return *decided;
        }
        let lie = self.setup.lie;
        let view = broken::view(lie, self.view(key));
        let decision = broken::decision(lie, &view, decide(&view));
        let code = seen::decision(&view, &decision);
        self.seen.insert(code);
        let act = match decision {
            Decision::Write { ledger, .. } => Act::Write(self.ledgers.of(&ledger)),
            Decision::Wipe(_) => Act::Wipe,
            Decision::Initialize(proposal) => Act::Initialize(self.proposals.of(&proposal)),
            Decision::Propose(draft) => {
                check_draft(&view, &draft);
                Act::Propose(self.drafts.of(&draft))
            }
            Decision::Ask(_) | Decision::Join(_) | Decision::Serve(_) | Decision::Wait(_) => {
                Act::Nothing
            }
        };
        self.decided.insert(*key, (act, code));
        (act, code)
    }

    pub(super) fn begin(&mut self, own: usize, ledger: u16, draft: u16, minted: u128) -> Begun {
        let view = self.plain(own, ledger, Raft::Pristine);
        let draft = self.drafts.get(draft).clone();
        let asked = draft.ask.iter().map(|s| 1 << index(s.raft_id)).sum();
        let (next, tally) =
            Tally::begin(&view, draft, ClusterId::new(minted)).expect("a proposer is blank");
        Begun {
            ledger: self.ledgers.of(&next),
            proposal: self.proposals.of(tally.proposal()),
            tally: self.tallies.of(&tally),
            asked,
        }
    }

    /// Answers `AskAbout` (kind 0), `Prepare` (1) or `Over` (2) of a proposal.
    pub(super) fn answer(&mut self, key: AnswerKey) -> (Option<u16>, Answer) {
        if let Some(said) = self.answered.get(&key) {
            return *said;
        }
        let (own, ledger, raft, kind, proposal) = key;
        let proposal = self.proposals.get(proposal).clone();
        let message = match kind {
            0 => Message::AskAbout(proposal),
            1 => Message::Prepare(proposal),
            _ => Message::Over(proposal.ballot),
        };
        let view = broken::answerer(self.setup.lie, self.plain(own, ledger, raft), &message);
        let step = broken::step(self.setup.lie, &view, answer(&view, &message));
        self.seen.insert(seen::answer(&message, &step));
        let said = (step.write.map(|l| self.ledgers.of(&l)), step.answer);
        self.answered.insert(key, said);
        said
    }

    pub(super) fn admit(&mut self, key: DoorKey) -> Door {
        if let Some(door) = self.admitted.get(&key) {
            return *door;
        }
        let (own, ledger, raft, speech) = key;
        let admission = admit(self.ledgers.get(ledger), raft_id(own), raft, speech);
        self.seen.insert(seen::admission(&admission));
        let door = match admission {
            Admission::Open => Door::Open,
            Admission::Adopt(ledger) => Door::Adopt(self.ledgers.of(&ledger)),
            Admission::Shut(_) => Door::Shut,
        };
        self.admitted.insert(key, door);
        door
    }

    pub(super) fn hear(&mut self, tally: u16, said: &Answer) -> u16 {
        if let Some(next) = self.heard.get(&(tally, *said)) {
            return *next;
        }
        let mut next = self.tallies.get(tally).clone();
        next.hear(said);
        let next = self.tallies.of(&next);
        self.heard.insert((tally, *said), next);
        next
    }

    /// What a start makes of a ledger.
    pub(super) fn restart(&mut self, ledger: u16) -> u16 {
        if let Some(next) = self.restarted.get(&ledger) {
            return *next;
        }
        let before = self.ledgers.get(ledger).clone();
        let after = broken::restarted(self.setup.lie, &before)
            .unwrap_or_else(|| before.restarted().unwrap_or(before));
        let next = self.ledgers.of(&after);
        self.restarted.insert(ledger, next);
        next
    }

    pub(super) fn count(&mut self, key: &CountKey) -> Count {
        if let Some(count) = self.counted.get(key) {
            return *count;
        }
        let (tally, ledger, own, is_late, sight) = *key;
        let view = self.view(&(own, ledger, Raft::Pristine, sight, UNTOLD));
        let tally = broken::tally(self.setup.lie, self.tallies.get(tally).clone());
        let verdict = if is_late {
            tally.time_out(&view)
        } else {
            tally.verdict(&view)
        };
        self.seen.insert(seen::verdict(&verdict));
        let count = match verdict {
            Verdict::Pending => Count::Pending,
            Verdict::Found(ledger) => Count::Found(self.ledgers.of(&ledger)),
            Verdict::Abort { ledger, .. } => Count::Abort(self.ledgers.of(&ledger)),
            Verdict::Gone => Count::Gone,
        };
        self.counted.insert(*key, count);
        count
    }

    pub(super) fn standing(&mut self, ledger: u16, raft: Raft) -> Standing {
        if let Some(standing) = self.standings.get(&(ledger, raft)) {
            return *standing;
        }
        let standing = self.view(&(0, ledger, raft, NOBODY, UNTOLD)).standing();
        self.standings.insert((ledger, raft), standing);
        standing
    }

    /// How many servers there could be, as a server sees the others.
    pub(super) fn electorate(&self, own: usize, sight: &Sight) -> u64 {
        self.view(&(own, 0, Raft::Pristine, *sight, UNTOLD))
            .electorate()
    }

    /// A view of a server that knows that the others are there, and no more: enough to answer by.
    fn plain(&self, own: usize, ledger: u16, raft: Raft) -> View {
        let sight = std::array::from_fn(|other| {
            if other < self.setup.places() {
                Seen::Silent
            } else {
                Seen::Not
            }
        });
        self.view(&(own, ledger, raft, sight, UNTOLD))
    }

    fn view(&self, key: &DecideKey) -> View {
        let (own, ledger, raft, sight, fates) = *key;
        let setup = &self.setup;
        let mut view = View {
            own: Own {
                server: server(own, setup.twin(own)),
                expectation: setup.expects[own],
                safety: match setup.lie {
                    Lie::MembersAlone => Safety::Open,
                    _ => setup.safety,
                },
                raft,
            },
            ledger: self.ledgers.get(ledger).clone(),
            peers: BTreeMap::new(),
            unreached: BTreeSet::new(),
            open_sources: BTreeSet::new(),
            called: BTreeSet::new(),
            fates: BTreeMap::new(),
            is_overdue: !setup.is_calm,
        };
        for other in (0..SERVERS).filter(|other| *other != own) {
            if let Some(fate) = fates[other] {
                view.fates.insert(raft_id(other), fate);
            }
            let twin = server(other, setup.twin(other));
            if sight[other] == Seen::Address {
                view.unreached.insert(Address::from(twin.rpc_addr));
            } else if setup.twin(other) != setup.twin(own)
                && let Some(peer) = peer(twin, sight[other], setup.expects[other])
            {
                view.peers.insert(peer.server.node_id, peer);
            }
        }
        view
    }
}

fn peer(server: Server, seen: Seen, expectation: Expectation) -> Option<Peer> {
    let (status, contact, last_said) = match seen {
        Seen::Address | Seen::Not => return None,
        Seen::Unasked => (MemberStatus::Alive, Contact::Unasked, None),
        Seen::Silent => (MemberStatus::Alive, Contact::Silent, None),
        Seen::Says(standing) => (MemberStatus::Alive, Contact::Answered, Some(standing)),
        Seen::Down(said) => (MemberStatus::Failed, Contact::Silent, said),
    };
    Some(Peer {
        server,
        expectation,
        announced: None,
        status,
        contact,
        last_said,
    })
}
