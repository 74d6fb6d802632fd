//! The real code behind small numbers.
//!
//! A world of the search holds numbers for ledgers, tallies and proposals; this file turns them
//! into the real values, calls the real functions, and remembers what they said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quorate::bootstrap::{
    Admission, Answer, Change, Contact, Decision, Draft, Expectation, Ledger, Message, Own, Peer,
    Proposal, Raft, Seat, Server, Speech, Tally, Verdict, View, admit, answer, decide,
};
use quorate::types::{Address, ClusterId, MemberStatus};

use super::terms::{
    Act, Begun, Count, Door, Fates, NOBODY, Numbers, SERVERS, Seen, Sight, UNTOLD, index, raft_id,
    server,
};
use super::world::{Knowledge, Setup, safety};

type DecideKey = (usize, u16, Raft, Sight, Fates);
type AnswerKey = (usize, u16, Raft, u8, u16);
type CountKey = (u16, u16, usize, bool);
type DoorKey = (usize, u16, Raft, Speech);

/// The code under test with all its values.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) ledgers: Numbers<Ledger>,
    pub(super) tallies: Numbers<Tally>,
    pub(super) proposals: Numbers<Proposal>,
    pub(super) drafts: Numbers<Draft>,
    /// Every code of a decision that came up.
    pub(super) seen: BTreeSet<&'static str>,
    setup: Setup,
    decided: HashMap<DecideKey, (Act, &'static str)>,
    answered: HashMap<AnswerKey, (Option<u16>, Answer)>,
    admitted: HashMap<DoorKey, Door>,
    counted: HashMap<CountKey, Count>,
    heard: HashMap<(u16, Answer), u16>,
    restarted: HashMap<u16, u16>,
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
            decided: HashMap::new(),
            answered: HashMap::new(),
            admitted: HashMap::new(),
            counted: HashMap::new(),
            heard: HashMap::new(),
            restarted: HashMap::new(),
        }
    }

    /// What a server does, and the code of why.
    pub(super) fn decide(&mut self, key: DecideKey) -> (Act, &'static str) {
        if let Some(decided) = self.decided.get(&key) {
            return *decided;
        }
        let view = self.view(key);
        let decision = decide(&view);
        let code = code_of(&decision);
        self.seen.insert(code);
        let act = match decision {
            Decision::Write { ledger, .. } => Act::Write(self.ledgers.of(&ledger)),
            Decision::Wipe(_) => Act::Wipe,
            Decision::Initialize(proposal) => Act::Initialize(self.proposals.of(&proposal)),
            Decision::Propose(draft) => {
                let blank: BTreeSet<Server> = view.blank().map(|p| p.server.clone()).collect();
                assert!(draft.ask.iter().all(|s| blank.contains(s)), "I4: {view:?}");
                Act::Propose(self.drafts.of(&draft))
            }
            Decision::Ask(_) | Decision::Join(_) | Decision::Serve(_) | Decision::Wait(_) => {
                Act::Nothing
            }
        };
        self.decided.insert(key, (act, code));
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
        let step = answer(&self.plain(own, ledger, raft), &message);
        let said = (step.write.map(|l| self.ledgers.of(&l)), step.answer);
        self.answered.insert(key, said);
        said
    }

    pub(super) fn admit(&mut self, key: DoorKey) -> Door {
        if let Some(door) = self.admitted.get(&key) {
            return *door;
        }
        let (own, ledger, raft, speech) = key;
        let door = match admit(self.ledgers.get(ledger), raft_id(own), raft, speech) {
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

    /// What a start makes of a ledger; `forgets` loses promises, too.
    pub(super) fn restart(&mut self, ledger: u16, forgets: bool) -> u16 {
        if let Some(next) = self.restarted.get(&ledger) {
            return *next;
        }
        let before = self.ledgers.get(ledger).clone();
        let after = match before.seat() {
            Seat::Promised { .. } if forgets => Ledger::default(),
            _ => before.restarted().unwrap_or(before),
        };
        let next = self.ledgers.of(&after);
        self.restarted.insert(ledger, next);
        next
    }

    pub(super) fn count(&mut self, tally: u16, ledger: u16, own: usize, is_late: bool) -> Count {
        let key = (tally, ledger, own, is_late);
        if let Some(count) = self.counted.get(&key) {
            return *count;
        }
        let view = match self.setup.knowledge {
            Knowledge::Blind => self.view((own, ledger, Raft::Pristine, NOBODY, UNTOLD)),
            Knowledge::Full | Knowledge::Addresses => self.plain(own, ledger, Raft::Pristine),
        };
        let tally = self.tallies.get(tally);
        let verdict = if is_late {
            tally.time_out(&view)
        } else {
            tally.verdict(&view)
        };
        let count = match verdict {
            Verdict::Pending => Count::Pending,
            Verdict::Found(ledger) => Count::Found(self.ledgers.of(&ledger)),
            Verdict::Abort { ledger, .. } => Count::Abort(self.ledgers.of(&ledger)),
            Verdict::Gone => Count::Gone,
        };
        self.counted.insert(key, count);
        count
    }

    /// A view of a server that knows the others as addresses: enough to answer by.
    fn plain(&self, own: usize, ledger: u16, raft: Raft) -> View {
        let sight = std::array::from_fn(|other| {
            if other < self.setup.servers {
                Seen::Address
            } else {
                Seen::Not
            }
        });
        self.view((own, ledger, raft, sight, UNTOLD))
    }

    fn view(&self, key: DecideKey) -> View {
        let (own, ledger, raft, sight, fates) = key;
        let mut view = View {
            own: Own {
                server: server(own),
                expectation: Expectation::Servers(self.setup.expect),
                safety: safety(&self.setup),
                raft,
            },
            ledger: self.ledgers.get(ledger).clone(),
            peers: BTreeMap::new(),
            unreached: BTreeSet::new(),
            open_sources: BTreeSet::new(),
            fates: BTreeMap::new(),
            is_overdue: !self.setup.is_calm,
        };
        for other in (0..SERVERS).filter(|other| *other != own) {
            if let Some(fate) = fates[other] {
                view.fates.insert(raft_id(other), fate);
            }
            match peer(other, sight[other], self.setup.expect) {
                Some(peer) => {
                    view.peers.insert(peer.server.node_id, peer);
                }
                None if sight[other] == Seen::Address => {
                    view.unreached.insert(Address::from(server(other).rpc_addr));
                }
                None => {}
            }
        }
        view
    }
}

fn peer(other: usize, seen: Seen, expect: u32) -> Option<Peer> {
    let (status, contact, last_said) = match seen {
        Seen::Address | Seen::Not => return None,
        Seen::Unasked => (MemberStatus::Alive, Contact::Unasked, None),
        Seen::Silent => (MemberStatus::Alive, Contact::Silent, None),
        Seen::Says(standing) => (MemberStatus::Alive, Contact::Answered, Some(standing)),
        Seen::Down(standing) => (MemberStatus::Failed, Contact::Silent, Some(standing)),
    };
    Some(Peer {
        server: server(other),
        expectation: Expectation::Servers(expect),
        announced: None,
        status,
        contact,
        last_said,
    })
}

fn code_of(decision: &Decision) -> &'static str {
    match decision {
        Decision::Write { change, .. } => match change {
            Change::Heard(_) => "write heard",
            Change::Committed(_) => "write committed",
            Change::Refused(_) => "write refused",
            Change::Lifted(_) => "write lifted",
            Change::Released(_) => "write released",
        },
        Decision::Wipe(_) => "wipe",
        Decision::Initialize(_) => "initialize",
        Decision::Ask(_) => "ask",
        Decision::Propose(_) => "propose",
        Decision::Join(_) => "join",
        Decision::Serve(_) => "serve",
        Decision::Wait(waiting) => waiting.code(),
    }
}
