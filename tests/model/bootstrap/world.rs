//! The world of the search: what is on every disk, what may still be on the wire, and what the run
//! is about.
//!
//! Messages are never taken off the wire: one that is lost is never delivered, one that is doubled
//! or late is delivered again. A server decides by anything that the others ever truthfully said,
//! so no view is stored and every stale one is tried.

use std::fmt;
use std::hash::{Hash, Hasher};

use quorate::bootstrap::{Expectation, Ledger, Proposal, Raft, Safety, Speech};
use quorate::types::ClusterId;

use super::code::Code;
use super::terms::{Door, SERVERS};

/// Most proposals of a run.
pub(super) const PROPOSALS: usize = 3;

/// Raft of the cluster that was there before.
pub(super) const OLD_RAFT: u8 = 9;

/// What raft of that cluster says.
pub(super) const OLD_CLUSTER: Speech = Speech {
    cluster: ClusterId::new(99),
    has_committed: true,
};

/// Raft of yet another cluster that was there before.
pub(super) const OTHER_RAFT: u8 = 8;

/// What raft of that cluster says.
pub(super) const OTHER_CLUSTER: Speech = Speech {
    cluster: ClusterId::new(98),
    has_committed: true,
};

/// A set of servers, one bit each.
pub(super) type Set = u8;

/// What the run is about.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of a run, each independent of the others"
)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup {
    /// Servers in the world at its beginning.
    pub(super) servers: usize,
    /// What each was told about founding; `bootstrap_expect` for the most part.
    pub(super) expects: [Expectation; SERVERS],
    /// `bootstrap_safety`.
    pub(super) safety: Safety,
    /// How many proposals may be begun.
    pub(super) proposals: usize,
    /// What a server may not know of another: see [`Knowledge`].
    pub(super) knowledge: Knowledge,
    /// How many servers, from the last of the beginning, are in a cluster already.
    pub(super) living: usize,
    /// The last of them is in yet another cluster.
    pub(super) is_other: bool,
    /// The others have heard of the living cluster.
    pub(super) has_heard: bool,
    /// Which servers may lose their disk or be gone for ever.
    pub(super) losses: Set,
    /// How many of them do at most.
    pub(super) most_lost: u32,
    /// What comes in the place of one that is lost.
    pub(super) heir: Heir,
    /// Which servers may lose the ledger and keep the raft data.
    pub(super) ledger_losses: Set,
    /// Whether servers may end at `founding-blocked`, and say so.
    pub(super) may_block: bool,
    /// Nothing goes wrong but the order of things: no crash, no time limit, no patience at its end.
    pub(super) is_calm: bool,
    /// What is broken.
    pub(super) lie: Lie,
}

impl Setup {
    /// All places for servers, those of the heirs among them.
    pub(super) const fn places(&self) -> usize {
        match self.heir {
            Heir::Nobody => self.servers,
            Heir::Stranger | Heir::Namesake => self.servers * 2,
        }
    }

    /// The server whose name, address and node id server `n` has.
    pub(super) const fn twin(&self, n: usize) -> usize {
        match self.heir {
            Heir::Namesake if n >= self.servers => n - self.servers,
            _ => n,
        }
    }
}

/// What comes in the place of a server that is lost: an empty disk, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heir {
    /// Nothing: it is gone for ever.
    Nobody,
    /// A server that nobody has met.
    Stranger,
    /// A server with the old name, address and node id: the same machine with its disk wiped.
    Namesake,
}

/// What a server knows of the others when it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// Gossip knows all.
    Full,
    /// Some are only addresses that were not reached.
    Addresses,
    /// Some it has never heard of; the others have.
    Blind,
    /// Some are taken for dead and are not: a cut that lasts.
    Cut,
}

/// A rule that is broken, to see that the search notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    None,
    /// Rule 0: the decision sees a part of the member list.
    PartOfTheList,
    /// Rule 1: a server in a cluster says that it is blank.
    ClusterDenied,
    /// Rule 1: a start forgets the cluster that was heard of.
    HeardForgotten,
    /// Rule 2: whoever is here founds.
    TooFewFound,
    /// Rule 3: whoever expects another number stops nobody.
    MismatchIgnored,
    /// Rule 4: whoever is silent stops nobody.
    SilenceIgnored,
    /// Rule 5: those who say yes do not say how many servers they know.
    ElectorateUntold,
    /// Rule 5: the members' consent is enough.
    MembersAlone,
    /// Rule 6: any server proposes.
    AnyProposes,
    /// Rule 6: a start forgets what was being prepared, and its round.
    PreparingForgotten,
    /// Rule 7: a promise is not on disk.
    PromiseForgotten,
    /// Rule 7: a second promise takes the place of the first.
    TwoPromises,
    /// Rule 8: a member's promise is taken for granted.
    MemberUnheard,
    /// Rule 8: `initialize` comes before "founded" is on disk.
    FoundedUnwritten,
    /// Rule 8: a proposer that has founded says that it is over.
    FoundedIsOver,
    /// Rule 8: every member initialises.
    AllInitialize,
    /// Rule 9: no member refuses.
    NobodyRefuses,
    /// Rule 9: one more refusal is counted than there is.
    OneRefusalTooMany,
    /// Rule 9: raft speaks to one that refused as if the founding had committed.
    RefusalBindsNot,
    /// Rule 9: a refusal is never lifted.
    NeverLifted,
    /// Rule 9: a member says that it never will promise, and does not write it.
    RenounceForgotten,
    /// Rule 9: a server that cannot tell says that the founding is dead.
    AnyoneEnds,
    /// Rule 9: a proposer that comes back does not let go.
    ProposerHoldsOn,
    /// Rule 9: a dead founding leaves its raft state.
    NotWiped,
    /// Rule 10: `-bootstrap` looks at nobody.
    BootstrapLooksNot,
    /// I3: a member of a cluster promises.
    MemberPromises,
    /// I4: a server is blank because gossip has not said otherwise.
    BlankByHearsay,
}

/// One server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Node {
    /// Number of its ledger.
    pub(super) ledger: u16,
    /// Number of its tally, plus one; 0 without.
    pub(super) tally: u16,
    /// What raft holds: 0 nothing, else the place of the proposal plus one.
    pub(super) raft: u8,
}

/// One state of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct World {
    pub(super) nodes: [Node; SERVERS],
    /// Numbers of the proposals that were begun, plus one.
    pub(super) begun: [u16; PROPOSALS],
    /// Whom each was sent to.
    pub(super) asked: [Set; PROPOSALS],
    /// Whose yes to it is on the wire.
    pub(super) yes: [Set; PROPOSALS],
    /// Who refused it at some time.
    pub(super) refused: [Set; PROPOSALS],
    /// Who let raft speak for it at some time.
    pub(super) founding: [Set; PROPOSALS],
    /// Members on whose disk raft wrote its first entry at some time.
    pub(super) acked: [Set; PROPOSALS],
    /// Who said that it is dead without a record of that; only if a rule is broken.
    pub(super) denied: [Set; PROPOSALS],
    /// Whether raft was initialised for it.
    pub(super) initialized: [bool; PROPOSALS],
    /// Who is lost for ever.
    pub(super) lost: Set,
    /// Who is or was there.
    pub(super) here: Set,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for node in &self.nodes {
            let wide = u64::from(node.ledger) << 32 | u64::from(node.tally) << 8;
            state.write_u64(wide | u64::from(node.raft));
        }
        for place in 0..PROPOSALS {
            let sets = [
                self.asked[place],
                self.yes[place],
                self.refused[place],
                self.founding[place],
                self.acked[place],
                self.denied[place],
                u8::from(self.initialized[place]),
            ];
            let wide = sets.iter().fold(0, |wide, set| wide << 8 | u64::from(*set));
            state.write_u64(wide ^ u64::from(self.begun[place]) << 56);
        }
        state.write_u64(u64::from(self.lost) << 8 | u64::from(self.here));
    }
}

/// What happened: to which server, and what, about which proposal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) server: usize,
    pub(super) what: &'static str,
    pub(super) place: Option<usize>,
    /// A word of a server that is lost meanwhile: it may arrive, but nobody can count on it.
    pub(super) is_late: bool,
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

pub(super) const fn bit(server: usize) -> Set {
    1 << server
}

pub(super) const fn has(set: Set, server: usize) -> bool {
    set >> server & 1 == 1
}

/// The servers as they are before the first step.
pub(super) fn start(setup: &Setup, code: &mut Code) -> World {
    let mut world = World::default();
    let blank = code.ledgers.of(&Ledger::default());
    let told = Ledger::default().with_heard(OLD_CLUSTER.cluster).unwrap();
    let told = code.ledgers.of(&told);
    for server in 0..setup.places() {
        world.nodes[server].ledger = blank;
        if server >= setup.servers {
            continue;
        }
        world.here |= bit(server);
        if setup.has_heard {
            world.nodes[server].ledger = told;
        }
        if server >= setup.servers - setup.living {
            let is_other = setup.is_other && server == setup.servers - 1;
            let (speech, raft) = if is_other {
                (OTHER_CLUSTER, OTHER_RAFT)
            } else {
                (OLD_CLUSTER, OLD_RAFT)
            };
            let Door::Adopt(ledger) = code.admit((server, blank, Raft::Pristine, speech)) else {
                panic!("a blank server is adopted");
            };
            world.nodes[server].ledger = ledger;
            world.nodes[server].raft = raft;
        }
    }
    world
}

/// The place of a proposal among those that were begun.
pub(super) fn place_of(proposal: &Proposal) -> Option<usize> {
    (0..PROPOSALS).find(|place| proposal.cluster == cluster_of(*place))
}

pub(super) fn cluster_of(place: usize) -> ClusterId {
    ClusterId::new(100 + u128::try_from(place).unwrap())
}

pub(super) fn raft_number(place: usize) -> u8 {
    u8::try_from(place).unwrap() + 1
}
