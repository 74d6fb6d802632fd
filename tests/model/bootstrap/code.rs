//! The real code behind small numbers.
//!
//! A world of the search holds numbers for ledgers, tallies and proposals; this file turns them
//! into the real values, calls the real functions, and remembers what they said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::{Ipv4Addr, SocketAddr};

use quorate::bootstrap::{
    Admission, Answer, Contact, Decision, Draft, Expectation, Fate, Ledger, Message, Own, Peer,
    Proposal, Raft, Safety, Says, Server, Speech, Standing, Tally, Verdict, View, admit, answer,
    decide,
};
use quorate::types::{Address, ClusterId, MemberStatus, NodeId, RaftId};

/// Most servers of a world.
pub(super) const SERVERS: usize = 4;

/// How one server sees another when it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// It does not know it, except as an address that was not reached.
    Address,
    /// It does not know it at all.
    Not,
    /// Gossip sees it; it has not been asked.
    Unasked,
    /// Gossip sees it; it does not answer.
    Silent,
    /// It says this.
    Says(Standing),
    /// It is down and last said this.
    Down(Standing),
}

/// How a server sees the others.
pub(super) type Sight = [Seen; SERVERS];

/// What a server heard about the proposal that binds it: not asked, silent, or a fate.
pub(super) type Fates = [Option<Option<Fate>>; SERVERS];

/// What a server does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Write(u16),
    Wipe,
    Initialize(u16),
    Propose(u16),
    Nothing,
}

/// What a tally comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Pending,
    Found(u16),
    Abort(u16),
    Gone,
}

/// What the door says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    Adopt(u16),
    Shut,
}

/// Values by number.
#[derive(Debug)]
pub(super) struct Numbers<T> {
    values: Vec<T>,
    numbers: HashMap<T, u16>,
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn new() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    pub(super) fn of(&mut self, value: &T) -> u16 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u16::try_from(self.values.len()).expect("fewer values than numbers");
        self.values.push(value.clone());
        self.numbers.insert(value.clone(), number);
        number
    }

    pub(super) fn get(&self, number: u16) -> &T {
        &self.values[usize::from(number)]
    }
}

type DecideKey = (usize, u16, Raft, Sight, Fates);
type AnswerKey = (usize, u16, Raft, u8, u16);
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
    servers: usize,
    expect: u32,
    safety: Safety,
    decided: HashMap<DecideKey, (Act, &'static str)>,
    answered: HashMap<AnswerKey, (Option<u16>, Answer)>,
    admitted: HashMap<DoorKey, Door>,
    counted: HashMap<(u16, u16, usize, bool), Count>,
}

impl Code {
    pub(super) fn new(servers: usize, expect: u32, safety: Safety) -> Self {
        Self {
            servers,
            ledgers: Numbers::new(),
            tallies: Numbers::new(),
            proposals: Numbers::new(),
            drafts: Numbers::new(),
            seen: BTreeSet::new(),
            expect,
            safety,
            decided: HashMap::new(),
            answered: HashMap::new(),
            admitted: HashMap::new(),
            counted: HashMap::new(),
        }
    }

    /// What a server does, and the code of why.
    pub(super) fn decide(&mut self, key: DecideKey) -> (Act, &'static str) {
        if let Some(decided) = self.decided.get(&key) {
            return *decided;
        }
        let (own, ledger, raft, sight, fates) = key;
        let view = self.view(own, ledger, raft, sight, fates);
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
        let mut next = self.tallies.get(tally).clone();
        next.hear(said);
        self.tallies.of(&next)
    }

    pub(super) fn count(&mut self, tally: u16, ledger: u16, own: usize, is_late: bool) -> Count {
        let key = (tally, ledger, own, is_late);
        if let Some(count) = self.counted.get(&key) {
            return *count;
        }
        let view = self.plain(own, ledger, Raft::Pristine);
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
            if other < self.servers {
                Seen::Address
            } else {
                Seen::Not
            }
        });
        self.view(own, ledger, raft, sight, [None; SERVERS])
    }

    fn view(&self, own: usize, ledger: u16, raft: Raft, sight: Sight, fates: Fates) -> View {
        let mut view = View {
            own: Own {
                server: server(own),
                expectation: Expectation::Servers(self.expect),
                safety: self.safety,
                raft,
            },
            ledger: self.ledgers.get(ledger).clone(),
            peers: BTreeMap::new(),
            unreached: BTreeSet::new(),
            open_sources: BTreeSet::new(),
            fates: BTreeMap::new(),
            is_overdue: true,
        };
        for other in (0..SERVERS).filter(|other| *other != own) {
            if let Some(fate) = fates[other] {
                view.fates.insert(raft_id(other), fate);
            }
            match peer(other, sight[other], self.expect) {
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

/// A proposal that was begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) ledger: u16,
    pub(super) proposal: u16,
    pub(super) tally: u16,
    pub(super) asked: u8,
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

pub(super) fn server(n: usize) -> Server {
    let id = u128::try_from(n).unwrap() + 1;
    let port = u16::try_from(n).unwrap() + 8301;
    Server {
        node_id: NodeId::new(id),
        raft_id: raft_id(n),
        name: format!("s{n}").parse().unwrap(),
        rpc_addr: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    }
}

pub(super) fn raft_id(n: usize) -> RaftId {
    RaftId::new(u128::try_from(n).unwrap() + 1)
}

pub(super) fn index(id: RaftId) -> usize {
    usize::try_from(id.bits()).unwrap() - 1
}

fn code_of(decision: &Decision) -> &'static str {
    use quorate::bootstrap::Change;
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

/// Says whether an answer is a promise.
pub(super) const fn is_yes(said: &Answer) -> bool {
    matches!(said.says, Says::Yes { .. })
}
