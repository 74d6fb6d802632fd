//! The world of the search: what is on every disk, what may still be on the wire, and what the run
//! is about.
//!
//! Messages are never taken off the wire: one that is lost is never delivered, one that is doubled
//! or late is delivered again. A server decides by anything that the others ever truthfully said,
//! so no view is stored and every stale one is tried.

use std::fmt;

use quorate::bootstrap::{Ledger, Proposal, Raft, Safety, Speech};
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

/// A set of servers, one bit each.
pub(super) type Set = u8;

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
    /// Nothing goes wrong but the order of things: no crash, no time limit, no patience at its end.
    pub(super) is_calm: bool,
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
    /// Rule 5: those who say yes do not say how many servers they know.
    ElectorateUntold,
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
    pub(super) tally: u16,
    /// What raft holds: 0 nothing, else the place of the proposal plus one.
    pub(super) raft: u8,
}

/// One state of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
    /// Whether raft was initialised for it.
    pub(super) initialized: [bool; PROPOSALS],
    /// Who is lost for ever.
    pub(super) lost: Set,
}

/// What happened: to which server, and what, about which proposal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) server: usize,
    pub(super) what: &'static str,
    pub(super) place: Option<usize>,
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
    for server in 0..setup.servers {
        world.nodes[server].ledger = blank;
        if server >= setup.servers - setup.living {
            let key = (server, blank, Raft::Pristine, OLD_CLUSTER);
            let Door::Adopt(ledger) = code.admit(key) else {
                panic!("a blank server is adopted");
            };
            world.nodes[server].ledger = ledger;
            world.nodes[server].raft = OLD_RAFT;
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

/// How careful the servers are.
pub(super) const fn safety(setup: &Setup) -> Safety {
    match setup.lie {
        Lie::MembersAlone => Safety::Open,
        _ => Safety::Majority,
    }
}
