//! What one server knows when it decides: facts, each with where it comes from.
//!
//! Decides nothing; counts. The driver fills a view from gossip, from the answers of servers and
//! from the join sources, and drops answers that have become old (sets them back to
//! [`Contact::Unasked`]). Rules 1, 4 and 5 of the design (section 5) say what counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::{Address, ClusterId, MemberStatus, NodeId, RaftId};

use super::{Fate, Ledger, Seat, Server, Standing};

/// Everything a decision looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct View {
    /// This server.
    pub own: Own,
    /// Its record, as it is on disk.
    pub ledger: Ledger,
    /// Every other server of the datacenter that gossip knows, whatever its status; a whole
    /// member list, never a part of one (rule 0). Does not hold this server.
    pub peers: BTreeMap<NodeId, Peer>,
    /// Addresses, other than one's own, that sources listed and that were not reached, tried or
    /// not yet (rule 5).
    pub unreached: BTreeSet<Address>,
    /// Sources that have not given a complete answer yet; each counts as one address (rule 5).
    pub open_sources: BTreeSet<String>,
    /// Clusters whose agents said so to this server, also those that are not in its list: its own sources
    /// come first, or one of the two refused the other.
    pub called: BTreeSet<ClusterId>,
    /// What the members said about the proposal in the ledger: no entry while not asked, `None`
    /// after silence or an answer from another disk. Empty when nothing binds the server.
    pub fates: BTreeMap<RaftId, Option<Fate>>,
    /// The proposal in the ledger has bound this process for longer than the driver's patience,
    /// which is longer than a proposer's time limit (rule 9).
    pub is_overdue: bool,
}

/// This server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Own {
    /// Its ids and address.
    pub server: Server,
    /// What it was told about founding.
    pub expectation: Expectation,
    /// How careful it is with servers it has not heard.
    pub safety: Safety,
    /// What raft holds on this disk.
    pub raft: Raft,
}

/// Another server of the datacenter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its ids and address, as it announced them.
    pub server: Server,
    /// What it announced about founding.
    pub expectation: Expectation,
    /// The cluster it announced: its own word, passed on by gossip.
    pub announced: Option<ClusterId>,
    /// Whether gossip sees it.
    pub status: MemberStatus,
    /// Whether it answers on the server port.
    pub contact: Contact,
    /// What it last said there itself.
    pub last_said: Option<Standing>,
}

/// Whether a server answered when it was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contact {
    /// It has not been asked, or too long ago.
    Unasked,
    /// It gave no answer, which means unknown, never blank.
    Silent,
    /// It answered; `last_said` is of now.
    Answered,
}

/// What a server was told about founding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Expectation {
    /// Nothing: it founds nothing and is adopted later (rule 3).
    #[default]
    Nothing,
    /// `bootstrap_expect`: found together with as many servers, itself included; 1 to
    /// [`MEMBERS_MAX`](super::MEMBERS_MAX), and 0 means nothing.
    Servers(u32),
    /// `-bootstrap` or `-dev`: found alone (rule 10).
    Alone,
}

/// `bootstrap_safety`: how unheard servers count (rule 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Safety {
    /// Any unheard address blocks, and any member that is down, whatever it last said.
    Strict,
    /// Consent comes from more than half of all that could be servers.
    #[default]
    Majority,
    /// Addresses and members that are down do not count, as in Consul.
    Open,
}

/// What raft holds on this disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Raft {
    /// No log and no vote: nothing was ever spoken.
    #[default]
    Pristine,
    /// Something; nothing of it is known to have committed.
    Started,
    /// Something that has committed.
    Committed,
}

impl View {
    /// Clusters known to have committed: `true` if a member of it said so (its announcement or its
    /// answer, or what the ledger remembers of either), `false` if somebody else did.
    pub fn clusters(&self) -> BTreeMap<ClusterId, bool> {
        let mut known: BTreeMap<ClusterId, bool> = BTreeMap::new();
        for peer in self.peers.values() {
            match peer.last_said {
                Some(Standing::InCluster(cluster)) => known.insert(cluster, true),
                Some(Standing::Heard(cluster)) => {
                    known.entry(cluster).or_insert(false);
                    None
                }
                _ => None,
            };
            known.extend(peer.announced.map(|cluster| (cluster, true)));
        }
        known.extend(self.ledger.heard().iter().map(|cluster| (*cluster, true)));
        for cluster in &self.called {
            known.entry(*cluster).or_insert(false);
        }
        known
    }

    /// What this server says of itself.
    pub fn standing(&self) -> Standing {
        if self.is_lost() {
            return Standing::Lost;
        }
        self.standing_by(&self.ledger)
    }

    /// What this server says of itself by this ledger of its own.
    pub(super) fn standing_by(&self, ledger: &Ledger) -> Standing {
        match (ledger.standing(), self.called.first()) {
            (Standing::Blank, Some(cluster)) => Standing::Heard(*cluster),
            (standing, _) => standing,
        }
    }

    /// Says whether raft holds data that no record accounts for: the ledger was lost. Whoever
    /// founds or votes with such a disk may do it twice.
    pub fn is_lost(&self) -> bool {
        let may_have_raft = matches!(
            self.ledger.seat(),
            Seat::Founding(_) | Seat::Wiping(_) | Seat::Member(_)
        );
        !may_have_raft && self.own.raft != Raft::Pristine
    }

    /// The other servers that gossip sees alive.
    pub fn alive(&self) -> impl Iterator<Item = &Peer> {
        self.peers
            .values()
            .filter(|peer| peer.status == MemberStatus::Alive)
    }

    /// A server of a proposal as gossip shows it now: it may have moved since.
    pub(super) fn present(&self, server: &Server) -> Server {
        let peer = self.peers.get(&server.node_id);
        peer.map(|peer| &peer.server)
            .filter(|now| now.raft_id == server.raft_id)
            .unwrap_or(server)
            .clone()
    }

    /// The other servers that are alive and said just now that they are blank (invariant I4).
    pub fn blank(&self) -> impl Iterator<Item = &Peer> {
        self.alive()
            .filter(|peer| peer.standing() == Some(Standing::Blank))
    }

    /// How many servers there could be, this one included (rule 5).
    ///
    /// For `-bootstrap` it is this one alone (rule 10).
    pub fn electorate(&self) -> u64 {
        if self.own.expectation == Expectation::Alone {
            return 1;
        }
        let peers = self.peers.values().filter(|peer| self.counts(peer)).count();
        let unheard = match self.own.safety {
            Safety::Open => 0,
            Safety::Strict | Safety::Majority => self.unreached.len() + self.open_sources.len(),
        };
        length(1 + peers + unheard)
    }

    /// How many servers say now that they are blank, this one included.
    pub(super) fn consent(&self) -> u64 {
        length(self.blank().count() + 1)
    }

    /// Rules 5 and 8: says whether the consent of so many, this server included, is enough among so
    /// many: more than half, or with `strict` all of them. `-bootstrap` asks nobody (rule 10).
    pub(super) fn is_enough(&self, consent: u64, electorate: u64) -> bool {
        match (self.own.expectation, self.own.safety) {
            (Expectation::Servers(_), Safety::Strict) => consent >= electorate,
            _ => consent.saturating_mul(2) > electorate,
        }
    }

    /// Says whether a server counts among those that could consent. One that is down and last said
    /// that it was blank does not, so that a dead starter stops nobody, unless safety is strict: it
    /// may be behind a cut. Nor does one that left, unless it was bound to a founding.
    pub(super) fn counts(&self, peer: &Peer) -> bool {
        match peer.status {
            MemberStatus::Alive => true,
            MemberStatus::Failed => match self.own.safety {
                Safety::Strict => true,
                Safety::Majority => peer.last_said != Some(Standing::Blank),
                Safety::Open => false,
            },
            MemberStatus::Leaving | MemberStatus::Left => peer.is_bound(),
        }
    }
}

impl Expectation {
    /// Says whether the server was told to found, alone or with others.
    pub(super) const fn is_told(self) -> bool {
        !matches!(self, Self::Nothing | Self::Servers(0))
    }
}

impl Peer {
    /// What it says now; nothing if it does not answer (rule 4).
    pub fn standing(&self) -> Option<Standing> {
        match self.contact {
            Contact::Answered => self.last_said,
            Contact::Unasked | Contact::Silent => None,
        }
    }

    const fn is_bound(&self) -> bool {
        matches!(
            self.last_said,
            Some(Standing::Proposing(_) | Standing::Promised(_) | Standing::Founding(_))
        )
    }
}

/// A count as it travels.
pub(super) fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no bootstrap_expect"),
            Self::Servers(count) => write!(f, "bootstrap_expect = {count}"),
            Self::Alone => f.write_str("bootstrap = true"),
        }
    }
}
