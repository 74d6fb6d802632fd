//! What a server must not forget: the record of its part in foundings, kept on disk.
//!
//! Holds the transitions and refuses none: *whether* one may happen is decided by `decide`,
//! `answer`, `tally` and `door`, which are the only callers. A transition is a function from one
//! ledger to the next; the next one counts only once it is on disk. The states are those of the
//! design, section 5, rules 6 to 9.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::types::{ClusterId, RaftId};

use super::{Ballot, Proposal, Server, Standing};

/// Most clusters that are remembered; two already mean that none is joined.
const HEARD_MAX: usize = 8;

/// Most proposers whose last round is remembered. Each is a data directory that proposed here once;
/// the bound is there so that a peer that makes up proposers cannot fill the disk.
const PROPOSERS_MAX: usize = 1024;

/// Most proposers, in all, that are remembered on the word of a question alone: proposers that
/// gossip does not know. So a peer that makes up proposers costs this many writes, and keeps no
/// real one out. Chosen: many times the servers that ever propose and are lost at one site.
const STRANGERS_MAX: usize = 64;

/// The durable record. The driver writes it whole, and synced, before it acts on it.
///
/// It belongs to one raft id: whoever loses the one must mint the other anew, else a promise could
/// be forgotten (raft study, hazard R4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Ledger {
    form: Form,
    seat: Seat,
    /// Committed clusters that their own members told of (rule 1); empty once in one.
    heard: BTreeSet<ClusterId>,
    /// Per proposer the last round that is known to be over, all earlier ones included.
    over: BTreeMap<RaftId, u64>,
}

/// The form on disk; a file of another form does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
enum Form {
    #[default]
    One,
}

/// Where the server stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Seat {
    /// In no cluster and bound to nothing.
    #[default]
    Blank,
    /// It proposes this (rule 6). At a start this means aborted: see [`Ledger::restarted`].
    Preparing(Proposal),
    /// It promised this to another server (rule 7).
    Promised {
        /// The promise; as a member or as a witness.
        proposal: Proposal,
        /// It gave the proposer up (rule 9): raft may not speak for this cluster here before it
        /// has committed elsewhere. Never set for a witness.
        refused: bool,
    },
    /// Raft may speak for this cluster: founded by this server (rule 8: `initialize` comes next)
    /// or adopted when raft first spoke. Not known to have committed.
    Founding(Proposal),
    /// The founding is dead, and the raft state that it left must be wiped before anything else.
    Wiping(Proposal),
    /// In this cluster, which has committed. Final.
    Member(ClusterId),
}

impl Ledger {
    /// Where the server stands.
    pub const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// The cluster this server belongs to, once it is known to have committed. This, and nothing
    /// else, goes into announcements and the frames of the server port.
    pub const fn cluster(&self) -> Option<ClusterId> {
        match self.seat {
            Seat::Member(cluster) => Some(cluster),
            _ => None,
        }
    }

    /// The cluster for which raft may speak here, committed or not: what goes into the envelope
    /// of a raft message, beside `cluster().is_some()` as the proof that it has committed.
    pub const fn raft_cluster(&self) -> Option<ClusterId> {
        match &self.seat {
            Seat::Member(cluster) => Some(*cluster),
            Seat::Founding(proposal) => Some(proposal.cluster),
            _ => None,
        }
    }

    /// The committed clusters this server heard of, while it is in none itself.
    pub const fn heard(&self) -> &BTreeSet<ClusterId> {
        &self.heard
    }

    /// The proposal that binds the server, if one does.
    pub const fn bound(&self) -> Option<&Proposal> {
        match &self.seat {
            Seat::Preparing(proposal)
            | Seat::Promised { proposal, .. }
            | Seat::Founding(proposal)
            | Seat::Wiping(proposal) => Some(proposal),
            Seat::Blank | Seat::Member(_) => None,
        }
    }

    /// Says whether a proposal, and with it every earlier one of its proposer, is known to be over.
    pub fn is_over(&self, ballot: Ballot) -> bool {
        self.over
            .get(&ballot.proposer)
            .is_some_and(|round| *round >= ballot.round)
    }

    /// What the server says of itself.
    pub fn standing(&self) -> Standing {
        match (&self.seat, self.heard.first()) {
            (Seat::Member(cluster), _) => Standing::InCluster(*cluster),
            (Seat::Preparing(proposal), _) => Standing::Proposing(proposal.cluster),
            (Seat::Founding(proposal), _) => Standing::Founding(proposal.cluster),
            (Seat::Promised { proposal, .. } | Seat::Wiping(proposal), _) => {
                Standing::Promised(proposal.cluster)
            }
            (Seat::Blank, Some(cluster)) => Standing::Heard(*cluster),
            (Seat::Blank, None) => Standing::Blank,
        }
    }

    /// What a start makes of it: a proposal that was being prepared is over, as the answers to it
    /// are gone (rule 9). The driver writes the result, if any, before it speaks to anybody.
    pub fn restarted(&self) -> Option<Self> {
        match &self.seat {
            Seat::Preparing(proposal) => Some(self.with_over(proposal.ballot)),
            _ => None,
        }
    }

    /// After the raft state of a dead founding has been wiped.
    #[must_use]
    pub fn wiped(&self) -> Self {
        match &self.seat {
            Seat::Wiping(_) => self.with_seat(Seat::Blank),
            _ => self.clone(),
        }
    }

    /// By the word of an operator alone: gives up what
    /// binds the server. Safe only if the members that do not answer never come back.
    pub fn abandoned(&self) -> Option<Self> {
        match &self.seat {
            Seat::Wiping(_) => None,
            _ => self.bound().map(|proposal| self.with_over(proposal.ballot)),
        }
    }

    /// By the word of an operator alone: what is on this disk goes on as another cluster, which
    /// has committed. The driver rewrites raft's configuration with it (section 5, "a wiped
    /// majority is lost"). None unless raft may speak here; that its cluster has committed is the
    /// driver's to see. A promise is kept or abandoned, never taken over.
    pub fn recovered(&self, cluster: ClusterId) -> Option<Self> {
        self.raft_cluster()
            .map(|_former| self.with_cluster(cluster))
    }

    /// Remembers a committed cluster (rule 1), if there is room and it is news.
    pub fn with_heard(&self, cluster: ClusterId) -> Option<Self> {
        let is_news = self.heard.len() < HEARD_MAX && !self.heard.contains(&cluster);
        if !is_news || self.cluster().is_some() {
            return None;
        }
        let mut next = self.clone();
        next.heard.insert(cluster);
        Some(next)
    }

    /// Begins a proposal of one's own: gives it the next round (rule 6).
    pub(super) fn with_proposal(
        &self,
        own: RaftId,
        cluster: ClusterId,
        members: Vec<Server>,
    ) -> Self {
        let round = self.over.get(&own).copied().unwrap_or(0).saturating_add(1);
        let ballot = Ballot {
            proposer: own,
            round,
        };
        self.with_seat(Seat::Preparing(Proposal {
            cluster,
            ballot,
            members,
        }))
    }

    /// Promises (rule 7). Whatever bound the server before is over.
    pub(super) fn with_promise(&self, proposal: &Proposal) -> Self {
        self.with_seat(Seat::Promised {
            proposal: proposal.clone(),
            refused: false,
        })
    }

    /// Sets or lifts the refusal of the promise (rule 9).
    pub(super) fn with_refusal(&self, refused: bool) -> Self {
        match &self.seat {
            Seat::Promised { proposal, .. } => self.with_seat(Seat::Promised {
                proposal: proposal.clone(),
                refused,
            }),
            _ => self.clone(),
        }
    }

    /// Lets raft speak for a proposal that has not committed (rule 8).
    pub(super) fn with_founding(&self, proposal: &Proposal) -> Self {
        self.with_seat(Seat::Founding(proposal.clone()))
    }

    /// Enters a cluster that has committed.
    pub(super) fn with_cluster(&self, cluster: ClusterId) -> Self {
        let mut next = self.with_seat(Seat::Member(cluster));
        next.heard.clear();
        next
    }

    /// Writes that a proposal and all earlier ones of its proposer are over, and lets go of what
    /// is over; raft state, if there is any, is to be wiped next.
    pub(super) fn with_over(&self, ballot: Ballot) -> Self {
        let mut next = self.clone();
        let round = next.over.entry(ballot.proposer).or_insert(0);
        *round = (*round).max(ballot.round);
        let is_free = self.bound().is_some_and(|bound| next.is_over(bound.ballot));
        if is_free {
            next.seat = match &self.seat {
                Seat::Founding(proposal) | Seat::Wiping(proposal) => Seat::Wiping(proposal.clone()),
                Seat::Blank | Seat::Preparing(_) | Seat::Promised { .. } => Seat::Blank,
                Seat::Member(cluster) => Seat::Member(*cluster),
            };
        }
        next
    }

    /// Says whether one more proposer can be remembered; one that gossip knows has more room.
    pub(super) fn has_room(&self, proposer: RaftId, is_known: bool) -> bool {
        let most = if is_known {
            PROPOSERS_MAX
        } else {
            STRANGERS_MAX
        };
        self.over.len() < most || self.over.contains_key(&proposer)
    }

    fn with_seat(&self, seat: Seat) -> Self {
        Self {
            seat,
            ..self.clone()
        }
    }
}
