//! The proposer's side: counts consent and says when a founding is made.
//!
//! Rules 6 and 8 of the design, section 5. A tally lives in memory only: after a restart the
//! proposal is over (`Ledger::restarted`). It knows no clock; the driver says when time is up.

use std::collections::{BTreeMap, BTreeSet};

use crate::types::{ClusterId, NodeName, RaftId};

use super::view::length;
use super::{Answer, Draft, Expectation, Ledger, No, Proposal, Safety, Says, Seat, Server, View};

/// The answers to one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tally {
    proposal: Proposal,
    asked: Vec<Server>,
    /// Who said yes, with how many servers it knows that there could be.
    yes: BTreeMap<RaftId, u64>,
    no: BTreeMap<RaftId, No>,
}

/// How a proposal stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Answers are missing.
    Pending,
    /// Rule 8: write this ledger, synced; then decide anew, which says `Initialize`.
    Found(Ledger),
    /// Write this ledger, synced; tell all that were asked that the ballot is over; back off with
    /// jitter before the next proposal.
    Abort {
        /// The next ledger.
        ledger: Ledger,
        /// Why.
        why: Aborted,
    },
    /// The ledger no longer holds the proposal (it was told that it is over, or the operator gave
    /// it up): drop the tally.
    Gone,
}

/// Why a proposal was aborted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Aborted {
    /// A cluster came into sight.
    #[error("cluster {0} exists")]
    Heard(ClusterId),
    /// A member said no.
    #[error("{name} declined: {why}")]
    Declined {
        /// The member.
        name: NodeName,
        /// Its reason.
        why: No,
    },
    /// Too few of all that could be servers consent.
    #[error("{yes} of {electorate} possible servers consented, which is too few")]
    TooFew {
        /// How many said yes, the proposer included.
        yes: u64,
        /// How many there could be, by those who said yes.
        electorate: u64,
    },
    /// Time was up.
    #[error("{} of the servers asked did not answer in time", silent.len())]
    TimedOut {
        /// Who gave no answer.
        silent: Vec<NodeName>,
    },
}

impl Tally {
    /// Begins a proposal: gives the ledger to write, synced, before [`Message::Prepare`] is sent
    /// to the draft's servers. `None` if the ledger is not blank any more: decide anew.
    ///
    /// [`Message::Prepare`]: super::Message::Prepare
    pub fn begin(view: &View, draft: Draft, cluster: ClusterId) -> Option<(Ledger, Self)> {
        if *view.ledger.seat() != Seat::Blank {
            return None;
        }
        let own = view.own.server.raft_id;
        let ledger = view.ledger.with_proposal(own, cluster, draft.members);
        let tally = Self {
            proposal: ledger.bound()?.clone(),
            asked: draft.ask,
            yes: BTreeMap::new(),
            no: BTreeMap::new(),
        };
        Some((ledger, tally))
    }

    /// The proposal.
    pub const fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// The servers to ask, this one not among them.
    pub fn asked(&self) -> &[Server] {
        &self.asked
    }

    /// Takes an answer to this proposal from a server that was asked; ignores any other. A yes and
    /// a no of one server both count: it promised and then gave the proposer up.
    pub fn hear(&mut self, answer: &Answer) {
        if !self.asked.iter().any(|s| s.raft_id == answer.from) {
            return;
        }
        match answer.says {
            Says::Yes {
                cluster,
                electorate,
            } if cluster == self.proposal.cluster => {
                self.yes.insert(answer.from, electorate);
            }
            Says::No { cluster, why } if cluster == self.proposal.cluster => {
                self.no.insert(answer.from, why);
            }
            _ => {}
        }
    }

    /// Says how the proposal stands, by the answers and by what is known now.
    pub fn verdict(&self, view: &View) -> Verdict {
        if !self.is_held(view) {
            return Verdict::Gone;
        }
        if let Some(why) = self.failure(view) {
            return self.abort(view, why);
        }
        if self.is_enough(view) {
            return Verdict::Found(view.ledger.with_founding(&self.proposal));
        }
        Verdict::Pending
    }

    /// Ends the proposal because the time is up; a proposal that has all consent is founded
    /// nonetheless.
    pub fn time_out(&self, view: &View) -> Verdict {
        match self.verdict(view) {
            Verdict::Pending => {
                let silent = self.silent().map(|server| server.name.clone()).collect();
                self.abort(view, Aborted::TimedOut { silent })
            }
            verdict => verdict,
        }
    }

    fn abort(&self, view: &View, why: Aborted) -> Verdict {
        let ledger = view.ledger.with_over(self.proposal.ballot);
        Verdict::Abort { ledger, why }
    }

    /// What makes success impossible: a cluster (rule 1), a member's no (rule 8), too few left.
    fn failure(&self, view: &View) -> Option<Aborted> {
        if let Some(cluster) = view.clusters().into_keys().next() {
            return Some(Aborted::Heard(cluster));
        }
        let declined = self.proposal.members.iter().find_map(|member| {
            let why = *self.no.get(&member.raft_id)?;
            let name = member.name.clone();
            Some(Aborted::Declined { name, why })
        });
        if declined.is_some() {
            return declined;
        }
        let hoped = self.consent().saturating_add(length(self.silent().count()));
        let electorate = self.electorate(view);
        (!view.is_enough(hoped, electorate)).then(|| Aborted::TooFew {
            yes: self.consent(),
            electorate,
        })
    }

    /// Rule 8: every member, and enough of all that could be servers.
    fn is_enough(&self, view: &View) -> bool {
        let own = view.own.server.raft_id;
        let all_members = self
            .proposal
            .others(own)
            .all(|member| self.yes.contains_key(&member.raft_id));
        all_members && view.is_enough(self.consent(), self.electorate(view))
    }

    /// How many consent: the proposer, and who said yes and not no.
    fn consent(&self) -> u64 {
        let yes = self.yes.keys().filter(|from| !self.no.contains_key(from));
        length(yes.count()).saturating_add(1)
    }

    /// How many servers there could be: the most that anyone knows of who consents, so that a
    /// proposer who knows little does not decide for those who know more. `open` and `-bootstrap`
    /// ask nobody (rules 5 and 10).
    fn electorate(&self, view: &View) -> u64 {
        let own = view.electorate();
        let asks_nobody =
            view.own.safety == Safety::Open || view.own.expectation == Expectation::Alone;
        if asks_nobody {
            return own;
        }
        self.yes.values().copied().fold(own, u64::max)
    }

    fn silent(&self) -> impl Iterator<Item = &Server> {
        let heard: BTreeSet<RaftId> = self.yes.keys().chain(self.no.keys()).copied().collect();
        self.asked
            .iter()
            .filter(move |server| !heard.contains(&server.raft_id))
    }

    fn is_held(&self, view: &View) -> bool {
        matches!(view.ledger.seat(), Seat::Preparing(held) if *held == self.proposal)
    }
}
