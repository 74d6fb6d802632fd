//! The world of the search: what is on every disk, what may still be on the wire, and every next
//! step that the real code takes in it.
//!
//! Messages are never taken off the wire: one that is lost is never delivered, one that is doubled
//! or late is delivered again. A server decides by anything that the others ever truthfully said,
//! so no view is stored and every stale one is tried.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use quorate::bootstrap::{
    Answer, Ballot, Fate, Ledger, Proposal, Raft, Safety, Says, Seat, Speech, Standing,
};
use quorate::types::ClusterId;

use super::code::{Act, Code, Count, Door, Fates, SERVERS, Seen, Sight, index, is_yes, raft_id};

/// Most proposals of a run.
pub(super) const PROPOSALS: usize = 3;

/// Raft of the cluster that was there before.
const OLD_RAFT: u8 = 9;

/// A set of servers, one bit each.
type Set = u8;

/// What the run is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup {
    /// Servers in the world.
    pub(super) servers: usize,
    /// `bootstrap_expect`.
    pub(super) expect: u32,
    /// How many proposals may be begun.
    pub(super) proposals: usize,
    /// What a server may not know of another: see [`Knowledge`].
    pub(super) knowledge: Knowledge,
    /// How many servers, from the last, are in a cluster already.
    pub(super) living: usize,
    /// Which servers may be lost for ever; one at most is.
    pub(super) losses: u8,
    /// Whether servers may end at `founding-blocked`, and say so.
    pub(super) may_block: bool,
    /// What is broken.
    pub(super) lie: Lie,
}

/// What a proposer knows of the other servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// Gossip knows all.
    Full,
    /// Some are only addresses that were not reached.
    Addresses,
    /// Some it has never heard of; the others have.
    Blind,
}

/// A rule that is broken, to see that the search notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    None,
    /// Rule 5: the members' consent is enough.
    MembersAlone,
    /// Rule 9: raft speaks to one that refused as if the founding had committed.
    RefusalBindsNot,
    /// Rule 9: one more refusal is counted than there is.
    OneRefusalTooMany,
    /// Rule 7: a promise is not on disk.
    PromiseForgotten,
    /// Rule 8: a proposer that has founded says that it is over.
    FoundedIsOver,
    /// Rule 1: a server in a cluster says that it is blank.
    ClusterDenied,
    /// Rule 9: a dead founding leaves its raft state.
    NotWiped,
}

/// One server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Node {
    /// Number of its ledger.
    pub(super) ledger: u16,
    /// Number of its tally, plus one; 0 without.
    tally: u16,
    /// What raft holds: 0 nothing, else the place of the proposal plus one.
    raft: u8,
}

/// One state of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct World {
    pub(super) nodes: [Node; SERVERS],
    /// Numbers of the proposals that were begun, plus one.
    begun: [u16; PROPOSALS],
    /// Whom each was sent to.
    asked: [Set; PROPOSALS],
    /// Whose yes to it is on the wire.
    yes: [Set; PROPOSALS],
    /// Who refused it at some time.
    refused: [Set; PROPOSALS],
    /// Who let raft speak for it at some time.
    founding: [Set; PROPOSALS],
    /// Members on whose disk raft wrote its first entry at some time.
    acked: [Set; PROPOSALS],
    /// Whether raft was initialised for it.
    initialized: [bool; PROPOSALS],
    /// Who is lost for ever.
    lost: Set,
}

/// What happened: to which server, and what, about which proposal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    server: usize,
    what: &'static str,
    place: Option<usize>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {} {}", self.server, self.what)?;
        match self.place {
            Some(place) => write!(f, " {place}"),
            None => Ok(()),
        }
    }
}

/// A step, or the name of the rule that it broke.
pub(super) type Next = Result<(Event, World), String>;

const fn bit(server: usize) -> Set {
    1 << server
}

const fn has(set: Set, server: usize) -> bool {
    set >> server & 1 == 1
}

/// The servers as they are before the first step.
pub(super) fn start(setup: &Setup, code: &mut Code) -> World {
    let mut world = World::default();
    let blank = code.ledgers.of(&Ledger::default());
    for server in 0..setup.servers {
        world.nodes[server].ledger = blank;
        if server >= setup.servers - setup.living {
            let speech = Speech {
                cluster: ClusterId::new(99),
                has_committed: true,
            };
            let Door::Adopt(ledger) = code.admit((server, blank, Raft::Pristine, speech)) else {
                panic!("a blank server is adopted");
            };
            world.nodes[server].ledger = ledger;
            world.nodes[server].raft = OLD_RAFT;
        }
    }
    world
}

/// What the decisions of one server depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ActsKey {
    own: usize,
    is_pristine: bool,
    ledgers: [u16; SERVERS],
    history: Option<(u16, Set, Set)>,
    lost: Set,
}

/// What servers may decide, as far as it was worked out.
pub(super) type Memo = HashMap<ActsKey, Rc<[Act]>>;

/// Everything that can happen next in a world.
pub(super) struct Steps<'a> {
    pub(super) setup: &'a Setup,
    pub(super) memo: &'a mut Memo,
    pub(super) code: &'a mut Code,
    pub(super) world: World,
    pub(super) next: Vec<Next>,
}

impl Steps<'_> {
    pub(super) fn all(mut self) -> Vec<Next> {
        for own in 0..self.setup.servers {
            if has(self.world.lost, own) {
                continue;
            }
            self.decide(own);
            self.count(own);
            self.restart(own);
            for place in 0..PROPOSALS {
                if self.world.begun[place] != 0 {
                    self.messages(own, place);
                    self.raft(own, place);
                }
            }
            if self.world.lost == 0 && has(self.setup.losses, own) {
                let mut next = self.world;
                next.lost |= bit(own);
                self.push(own, "is lost", next);
            }
        }
        self.next
    }

    fn push(&mut self, server: usize, what: &'static str, next: World) {
        self.push_about(server, what, None, next);
    }

    fn push_about(
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
            };
            self.next.push(Ok((event, next)));
        }
    }

    fn members(&self, place: usize) -> Set {
        let proposal = self.code.proposals.get(self.world.begun[place] - 1);
        proposal.members.iter().map(|m| bit(index(m.raft_id))).sum()
    }

    fn ballot(&self, place: usize) -> Ballot {
        self.code.proposals.get(self.world.begun[place] - 1).ballot
    }

    /// A quorum of members has raft's first entry on disk: the cluster can acknowledge.
    fn has_committed(&self, place: usize) -> bool {
        let quorum = self.members(place).count_ones() / 2 + 1;
        self.world.acked[place].count_ones() >= quorum
    }

    fn raft_fact(&self, own: usize) -> Raft {
        match self.world.nodes[own].raft {
            0 => Raft::Pristine,
            _ => Raft::Started,
        }
    }

    /// Puts a ledger on a disk and keeps the history of what it lets others say.
    fn write(&mut self, mut next: World, own: usize, ledger: u16) -> World {
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

    // ---- Deciding ----

    fn decide(&mut self, own: usize) {
        let place = self.ledger(own).bound().and_then(place_of);
        for act in self.acts(own, place).iter() {
            self.act(own, *act);
        }
        let node = self.world.nodes[own];
        if let Some(place) = place
            && node.raft > 0
            && self.has_committed(place)
        {
            let sight = [Seen::Not; SERVERS];
            let key = (own, node.ledger, Raft::Committed, sight, [None; SERVERS]);
            let (act, _) = self.code.decide(key);
            self.act(own, act);
        }
    }

    /// All that a server may decide, by anything that it may know.
    fn acts(&mut self, own: usize, place: Option<usize>) -> Rc<[Act]> {
        let world = &self.world;
        let key = ActsKey {
            own,
            is_pristine: world.nodes[own].raft == 0,
            ledgers: world.nodes.map(|node| node.ledger),
            history: place.map(|i| (world.begun[i], world.refused[i], world.founding[i])),
            lost: world.lost,
        };
        if let Some(acts) = self.memo.get(&key) {
            return Rc::clone(acts);
        }
        let (ledger, raft) = (self.world.nodes[own].ledger, self.raft_fact(own));
        let mut acts = Vec::new();
        for sight in self.sights(own, place.is_some()) {
            for fates in self.fates(own, place) {
                let (act, _) = self.code.decide((own, ledger, raft, sight, fates));
                if act != Act::Nothing && !acts.contains(&act) {
                    acts.push(act);
                }
            }
        }
        let acts: Rc<[Act]> = acts.into();
        self.memo.insert(key, Rc::clone(&acts));
        acts
    }

    /// Every way in which a server may see the others now.
    fn sights(&self, own: usize, is_bound: bool) -> Vec<Sight> {
        let mut all = vec![[Seen::Not; SERVERS]];
        for other in (0..self.setup.servers).filter(|other| *other != own) {
            let seen = self.ways(other, is_bound);
            all = all
                .iter()
                .flat_map(|sight| {
                    seen.iter().map(move |way| {
                        let mut sight = *sight;
                        sight[other] = *way;
                        sight
                    })
                })
                .collect();
        }
        all
    }

    /// What may be seen of one server: also what was true once, and blank is what it began with.
    fn ways(&self, other: usize, is_bound: bool) -> Vec<Seen> {
        let mut now = self
            .code
            .ledgers
            .get(self.world.nodes[other].ledger)
            .standing();
        let lies = self.setup.lie == Lie::ClusterDenied;
        if lies && matches!(now, Standing::InCluster(_)) {
            now = Standing::Blank;
        }
        let is_old = other >= self.setup.servers - self.setup.living;
        let said = if has(self.world.lost, other) {
            Seen::Down
        } else {
            Seen::Says
        };
        let mut ways = vec![said(now)];
        if is_bound {
            // What binds it decides; of the others only a cluster matters.
            if matches!(now, Standing::InCluster(_)) {
                ways.push(Seen::Not);
            }
            return ways;
        }
        if now != Standing::Blank && !is_old {
            ways.push(said(Standing::Blank));
        }
        if !has(self.world.lost, other) {
            ways.extend([Seen::Silent, Seen::Unasked]);
        }
        match self.setup.knowledge {
            Knowledge::Full => {}
            Knowledge::Addresses => ways.push(Seen::Address),
            Knowledge::Blind => ways.extend([Seen::Address, Seen::Not]),
        }
        ways
    }

    /// Everything a bound server may have heard of its proposal.
    fn fates(&self, own: usize, place: Option<usize>) -> Vec<Fates> {
        let mut all = vec![[None; SERVERS]];
        let Some(place) = place else {
            return all;
        };
        let members = self.members(place);
        for other in (0..self.setup.servers).filter(|o| *o != own && has(members, *o)) {
            let said = self.said(other, place);
            all = all
                .iter()
                .flat_map(|fates| {
                    said.iter().map(move |fate| {
                        let mut fates = *fates;
                        fates[other] = Some(*fate);
                        fates
                    })
                })
                .collect();
        }
        all.push([None; SERVERS]);
        all
    }

    fn said(&self, other: usize, place: usize) -> Vec<Option<Fate>> {
        let ledger = self.code.ledgers.get(self.world.nodes[other].ledger);
        let mut said = vec![None, Some(Fate::Pending)];
        let lies = self.setup.lie == Lie::OneRefusalTooMany;
        let rules = [
            (ledger.is_over(self.ballot(place)), Fate::Dead),
            (has(self.world.refused[place], other) || lies, Fate::Refused),
            (has(self.world.founding[place], other), Fate::Founding),
            (ledger.cluster() == Some(cluster_of(place)), Fate::Committed),
        ];
        said.extend(rules.iter().filter(|r| r.0).map(|r| Some(r.1)));
        said
    }

    fn act(&mut self, own: usize, act: Act) {
        match act {
            Act::Nothing => {}
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

    // ---- Counting ----

    fn count(&mut self, own: usize) {
        let node = self.world.nodes[own];
        let Some(tally) = node.tally.checked_sub(1) else {
            return;
        };
        for is_late in [false, true] {
            let mut next = self.world;
            next.nodes[own].tally = 0;
            let (name, ledger) = match self.code.count(tally, node.ledger, own, is_late) {
                Count::Pending => continue,
                Count::Gone => ("drops its tally", node.ledger),
                Count::Found(ledger) => ("founds", ledger),
                Count::Abort(ledger) => ("aborts", ledger),
            };
            let next = self.write(next, own, ledger);
            self.push(own, name, next);
        }
    }

    fn restart(&mut self, own: usize) {
        let mut next = self.world;
        next.nodes[own].tally = 0;
        let ledger = self.code.ledgers.get(next.nodes[own].ledger);
        let forgets = self.setup.lie == Lie::PromiseForgotten;
        let after = match ledger.seat() {
            Seat::Promised { .. } if forgets => Ledger::default(),
            _ => ledger.restarted().unwrap_or_else(|| ledger.clone()),
        };
        let after = self.code.ledgers.of(&after);
        let next = self.write(next, own, after);
        self.push(own, "restarts", next);
    }

    // ---- Messages ----

    fn messages(&mut self, own: usize, place: usize) {
        let proposer = index(self.ballot(place).proposer);
        if has(self.world.asked[place], own) {
            self.prepare(own, place, proposer);
        }
        if own == proposer {
            self.hear_yes(own, place);
        } else {
            let is_member = has(self.members(place), own);
            let (next, _) = self.ask(own, 0, place);
            if is_member {
                self.push_about(own, "is asked about", place, next);
            }
        }
        let ballot = self.ballot(place);
        let is_known = |n: &Node| self.code.ledgers.get(n.ledger).is_over(ballot);
        let founded = self.setup.lie == Lie::FoundedIsOver && self.world.founding[place] != 0;
        if founded || self.world.nodes.iter().any(is_known) {
            let (next, _) = self.ask(own, 2, place);
            self.push_about(own, "is told of the end of", place, next);
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
        for from in (0..self.setup.servers).filter(|from| has(yes, *from)) {
            let electorate = match self.setup.lie {
                Lie::MembersAlone => 1,
                _ => u64::try_from(self.setup.servers).unwrap(),
            };
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

    /// Raft speaks to a server for a proposal, early or late.
    fn raft(&mut self, own: usize, place: usize) {
        let cluster = cluster_of(place);
        let is_member = |n: &Node| self.code.ledgers.get(n.ledger).cluster() == Some(cluster);
        let proof = self.world.nodes.iter().any(is_member);
        if self.world.initialized[place] {
            self.speak(own, place, false);
        }
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

    // ---- Judging ----

    /// What must hold in every world.
    pub(super) fn check(&self) -> Result<(), String> {
        let places = || (0..PROPOSALS).filter(|i| self.world.begun[*i] != 0);
        let committed: Vec<usize> = places().filter(|i| self.has_committed(*i)).collect();
        if committed.len() + usize::from(self.setup.living > 0) > 1 {
            return Err(format!("I1: clusters {committed:?} besides another"));
        }
        for place in committed {
            for own in (0..self.setup.servers).filter(|o| has(self.world.acked[place], *o)) {
                if self.world.nodes[own].raft != raft_number(place) {
                    return Err(format!("I7: {own} lost what {place} committed"));
                }
            }
        }
        Ok(())
    }

    /// Where the servers want to get: all who are left in one cluster; or all of them free again,
    /// if there are too few or the run has no proposal left; or, if that is allowed, those who are
    /// not free say why.
    pub(super) fn is_good(&mut self) -> bool {
        let lost = self.world.lost;
        let left: Vec<usize> = (0..self.setup.servers).filter(|s| !has(lost, *s)).collect();
        let clusters: Vec<Option<ClusterId>> =
            left.iter().map(|s| self.ledger(*s).cluster()).collect();
        let is_one = clusters.first().is_some_and(Option::is_some)
            && clusters.iter().all(|c| Some(c) == clusters.first());
        let is_spent = self.world.begun[self.setup.proposals - 1] != 0;
        let expect = usize::try_from(self.setup.expect).unwrap();
        let cannot = is_spent || left.len() < expect || self.setup.living > 0;
        is_one
            || (cannot && left.iter().all(|s| self.ledger(*s).bound().is_none()))
            || (self.setup.may_block && self.is_blocked(&left))
    }

    /// Says whether some of these are bound and all who are say that they are blocked, by what
    /// they can honestly know.
    fn is_blocked(&mut self, left: &[usize]) -> bool {
        let bound: Vec<usize> = left
            .iter()
            .copied()
            .filter(|s| self.ledger(*s).bound().is_some())
            .collect();
        !bound.is_empty() && bound.iter().all(|own| self.says_blocked(*own))
    }

    fn says_blocked(&mut self, own: usize) -> bool {
        let bound = self.ledger(own).bound().cloned();
        let Some(place) = bound.as_ref().and_then(place_of) else {
            return false;
        };
        let mut fates: Fates = [None; SERVERS];
        for other in (0..self.setup.servers).filter(|other| *other != own) {
            let fate = match has(self.world.lost, other) {
                true => None,
                false => match self.ask(other, 0, place).1.says {
                    Says::Fate(fate) => Some(fate),
                    _ => panic!("an answer to another question"),
                },
            };
            fates[other] = Some(fate);
        }
        let ledger = self.world.nodes[own].ledger;
        let sight = [Seen::Not; SERVERS];
        let key = (own, ledger, self.raft_fact(own), sight, fates);
        self.code.decide(key).1 == "founding-blocked"
    }

    fn ledger(&self, server: usize) -> &Ledger {
        self.code.ledgers.get(self.world.nodes[server].ledger)
    }
}

/// The place of a proposal among those that were begun.
fn place_of(proposal: &Proposal) -> Option<usize> {
    (0..PROPOSALS).find(|place| proposal.cluster == cluster_of(*place))
}

fn cluster_of(place: usize) -> ClusterId {
    ClusterId::new(100 + u128::try_from(place).unwrap())
}

fn raft_number(place: usize) -> u8 {
    u8::try_from(place).unwrap() + 1
}

/// How careful the servers are.
pub(super) const fn safety(setup: &Setup) -> Safety {
    match setup.lie {
        Lie::MembersAlone => Safety::Open,
        _ => Safety::Majority,
    }
}
