//! Rule 9: what a server does while a founding binds it, so that no promise blocks for ever.
//!
//! The argument, in the order of the code. A founding commits only if a quorum of its members let
//! raft speak for it. A member that refused does not, before it has committed. So once as many have
//! refused as leave no quorum, it is dead, whoever comes back later. On the other hand, once a
//! quorum of members has let raft speak, that many refusals can never come together, and those who
//! refused may give in. One member that is not bound and never will be is enough to end a founding
//! outright: without its promise there was none.

use crate::types::{NodeName, RaftId};

use super::{Change, Decision, Fate, Proposal, Question, Raft, Seat, View, Waiting};

/// A way out of a founding, if it is open.
type Rule = fn(&Case<'_>) -> Option<Decision>;

/// Decides for a server that is bound, and for no other.
pub(super) fn decide(view: &View) -> Option<Decision> {
    let (proposal, is_promise, has_refused) = match view.ledger.seat() {
        Seat::Promised { proposal, refused } => (proposal, true, *refused),
        Seat::Founding(proposal) => (proposal, false, false),
        Seat::Preparing(proposal) => {
            return Some(Decision::Wait(in_progress(proposal)));
        }
        Seat::Blank | Seat::Wiping(_) | Seat::Member(_) => return None,
    };
    let case = Case {
        view,
        proposal,
        is_promise,
        has_refused,
    };
    let rules: [Rule; 6] = [committed, dead, lift, join, ask, refuse];
    let decision = rules.iter().find_map(|rule| rule(&case));
    Some(decision.unwrap_or_else(|| case.wait()))
}

/// One founding that binds this server.
struct Case<'a> {
    view: &'a View,
    proposal: &'a Proposal,
    /// Bound by a promise; else raft has been let in.
    is_promise: bool,
    has_refused: bool,
}

/// Raft has committed here: the founding is done.
fn committed(case: &Case<'_>) -> Option<Decision> {
    let cluster = case.proposal.cluster;
    (!case.is_promise && case.view.own.raft == Raft::Committed).then(|| Decision::Write {
        ledger: case.view.ledger.with_cluster(cluster),
        change: Change::Committed(cluster),
    })
}

/// Somebody knows that it is dead, or refusals leave no quorum.
fn dead(case: &Case<'_>) -> Option<Decision> {
    let refusals = case.count(Fate::Refused) + usize::from(case.has_refused);
    let is_dead = case.count(Fate::Dead) > 0 || refusals >= case.proposal.blocking();
    is_dead.then(|| Decision::Write {
        ledger: case.view.ledger.with_over(case.proposal.ballot),
        change: Change::Released(case.proposal.cluster),
    })
}

/// It has committed, or a quorum of members has let raft speak, the proposer among them if any
/// has: the refusal stands in nobody's way but one's own.
fn lift(case: &Case<'_>) -> Option<Decision> {
    if !case.has_refused {
        return None;
    }
    let founding = case.founding();
    let is_quorum = founding >= case.proposal.quorum();
    (is_quorum || case.has_committed()).then(|| Decision::Write {
        ledger: case.view.ledger.with_refusal(false),
        change: Change::Lifted(case.proposal.cluster),
    })
}

/// The promise was kept without this server: it is adopted like any late one.
fn join(case: &Case<'_>) -> Option<Decision> {
    (case.is_promise && case.has_committed()).then_some(Decision::Join(case.proposal.cluster))
}

/// Asks the members, but not before the founding is overdue: the question ends a founding if it
/// reaches a member before the proposer does.
fn ask(case: &Case<'_>) -> Option<Decision> {
    if !case.view.is_overdue {
        return Some(Decision::Wait(in_progress(case.proposal)));
    }
    let unasked: Vec<Question> = case
        .others()
        .filter(|(_, fate)| fate.is_none())
        .map(|(member, _)| Question {
            to: case.view.present(member),
            about: Some(case.proposal.clone()),
        })
        .collect();
    (!unasked.is_empty()).then_some(Decision::Ask(unasked))
}

/// A member that has not let raft speak gives up a proposer that is silent, unless another member
/// has let raft speak: that one can carry the founding on.
fn refuse(case: &Case<'_>) -> Option<Decision> {
    let is_member = case.proposal.has(case.own());
    let may = case.is_promise && is_member && !case.has_refused && case.founding() == 0;
    (may && case.is_proposer_silent()).then(|| Decision::Write {
        ledger: case.view.ledger.with_refusal(true),
        change: Change::Refused(case.proposal.cluster),
    })
}

impl Case<'_> {
    const fn own(&self) -> RaftId {
        self.view.own.server.raft_id
    }

    /// The other members with what they said: nothing while not asked, `Some(None)` if silent.
    fn others(&self) -> impl Iterator<Item = (&super::Server, Option<Option<Fate>>)> {
        self.proposal
            .others(self.own())
            .map(|member| (member, self.view.fates.get(&member.raft_id).copied()))
    }

    fn count(&self, wanted: Fate) -> usize {
        self.others()
            .filter(|(_, fate)| *fate == Some(Some(wanted)))
            .count()
    }

    /// How many other members have let raft speak, the proposer included as soon as one has.
    fn founding(&self) -> usize {
        let proposer = self.proposal.ballot.proposer;
        let told = self
            .others()
            .filter(|(member, fate)| {
                *fate == Some(Some(Fate::Founding)) && member.raft_id != proposer
            })
            .count();
        let is_founded =
            told > 0 || self.view.fates.get(&proposer).copied().flatten() == Some(Fate::Founding);
        told + usize::from(is_founded && proposer != self.own())
    }

    fn has_committed(&self) -> bool {
        self.count(Fate::Committed) > 0 || self.view.clusters().contains_key(&self.proposal.cluster)
    }

    /// The proposer was asked and cannot tell: silent, another disk, or without its ledger.
    fn is_proposer_silent(&self) -> bool {
        let proposer = self.proposal.ballot.proposer;
        matches!(
            self.view.fates.get(&proposer),
            Some(None | Some(Fate::Unbound))
        )
    }

    fn wait(&self) -> Decision {
        let silent: Vec<NodeName> = self
            .others()
            .filter(|(_, fate)| matches!(fate, Some(None)))
            .map(|(member, _)| member.name.clone())
            .collect();
        Decision::Wait(if silent.is_empty() {
            in_progress(self.proposal)
        } else {
            Waiting::Blocked {
                cluster: self.proposal.cluster,
                silent,
            }
        })
    }
}

fn in_progress(proposal: &Proposal) -> Waiting {
    Waiting::InProgress {
        cluster: proposal.cluster,
        proposer: proposal.proposer().map(|server| server.name.clone()),
    }
}
