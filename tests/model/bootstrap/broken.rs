//! Rules that are broken on purpose: what is done to the facts before the real code sees them, or
//! to its answer. Where a rule is whole, everything passes unchanged.

use quorate::bootstrap::{
    Answer, Change, Contact, Decision, Draft, Expectation, Fate, Ledger, Message, Says, Seat,
    Server, Standing, Step, Tally, View, Waiting,
};
use quorate::types::{ClusterId, MemberStatus};

use super::world::Lie;

/// What a decision sees.
pub(super) fn view(lie: Lie, mut view: View) -> View {
    let own = view.own.expectation;
    let here = u32::try_from(view.blank().count() + 1).unwrap();
    match (lie, own) {
        (Lie::TooFewFound, Expectation::Servers(told)) if here < told => {
            view.own.expectation = Expectation::Servers(here);
        }
        (Lie::BootstrapLooksNot, Expectation::Alone) => view.peers.clear(),
        _ => {}
    }
    let asked = view.own.expectation;
    for peer in view.peers.values_mut() {
        let is_alive = peer.status == MemberStatus::Alive;
        match lie {
            Lie::TooFewFound => peer.expectation = asked,
            Lie::MismatchIgnored if peer.expectation != own => {
                peer.expectation = Expectation::Nothing;
            }
            Lie::SilenceIgnored if is_alive && peer.contact == Contact::Silent => {
                // It counts among those that could be, and is no reason to wait.
                peer.contact = Contact::Answered;
                peer.last_said = Some(Standing::Promised(ClusterId::new(1)));
            }
            Lie::BlankByHearsay if is_alive && peer.contact == Contact::Unasked => {
                peer.contact = Contact::Answered;
                peer.last_said = Some(Standing::Blank);
            }
            _ => {}
        }
    }
    view
}

/// What becomes of a decision.
pub(super) fn decision(lie: Lie, view: &View, decision: Decision) -> Decision {
    let is_dropped = match &decision {
        Decision::Write { change, .. } => match change {
            Change::Refused(_) => lie == Lie::NobodyRefuses,
            Change::Lifted(_) => lie == Lie::NeverLifted,
            Change::Released(_) => lie == Lie::ProposerHoldsOn && is_founder(view),
            Change::Heard(_) | Change::Committed(_) => false,
        },
        _ => false,
    };
    match (lie, &decision) {
        _ if is_dropped => Decision::Wait(Waiting::NotAsked),
        (Lie::AnyProposes, Decision::Wait(Waiting::StandBy { .. })) => any_proposes(view),
        _ => decision,
    }
}

fn is_founder(view: &View) -> bool {
    matches!(view.ledger.seat(), Seat::Founding(proposal)
        if proposal.ballot.proposer == view.own.server.raft_id)
}

fn any_proposes(view: &View) -> Decision {
    let ask: Vec<Server> = view.blank().map(|peer| peer.server.clone()).collect();
    let Expectation::Servers(expect) = view.own.expectation else {
        return Decision::Wait(Waiting::NotAsked);
    };
    let others = usize::try_from(expect).unwrap() - 1;
    let mut members: Vec<Server> = ask.iter().take(others).cloned().collect();
    members.push(view.own.server.clone());
    members.sort();
    Decision::Propose(Draft { members, ask })
}

/// What an answer sees.
pub(super) fn answerer(lie: Lie, mut view: View, message: &Message) -> View {
    let is_promised = matches!(view.ledger.seat(), Seat::Promised { .. });
    let is_member = matches!(view.ledger.seat(), Seat::Member(_));
    let Message::Prepare(proposal) = message else {
        return view;
    };
    let forgets = (lie == Lie::TwoPromises && is_promised && view.ledger.bound() != Some(proposal))
        || (lie == Lie::MemberPromises && is_member);
    if forgets {
        view.ledger = Ledger::default();
        view.own.raft = quorate::bootstrap::Raft::Pristine;
    }
    view
}

/// What becomes of an answer.
pub(super) fn step(lie: Lie, view: &View, mut step: Step) -> Step {
    match (lie, step.answer.says) {
        (Lie::ProposerHoldsOn, Says::Noted) if is_founder(view) => step.write = None,
        (Lie::RenounceForgotten, Says::Fate(Fate::Dead)) => step.write = None,
        (Lie::AnyoneEnds, Says::Fate(Fate::Unbound)) => {
            step.answer = Answer {
                says: Says::Fate(Fate::Dead),
                ..step.answer
            };
        }
        _ => {}
    }
    step
}

/// What a start makes of a ledger, if it makes something else of it than it should.
pub(super) fn restarted(lie: Lie, ledger: &Ledger) -> Option<Ledger> {
    let forgets = match ledger.seat() {
        Seat::Promised { .. } => lie == Lie::PromiseForgotten,
        Seat::Preparing(_) => lie == Lie::PreparingForgotten,
        Seat::Blank => lie == Lie::HeardForgotten && !ledger.heard().is_empty(),
        Seat::Founding(_) | Seat::Wiping(_) | Seat::Member(_) => false,
    };
    forgets.then(Ledger::default)
}

/// What is counted.
pub(super) fn tally(lie: Lie, mut tally: Tally) -> Tally {
    if lie == Lie::MemberUnheard {
        let cluster = tally.proposal().cluster;
        for member in tally.proposal().members.clone() {
            tally.hear(&Answer {
                from: member.raft_id,
                standing: Standing::Promised(cluster),
                says: Says::Yes {
                    cluster,
                    electorate: 1,
                },
            });
        }
    }
    tally
}
