//! The answers: what a server says when another one asks about a founding.
//!
//! Rules 7 to 9 of the design, section 5, from the side of the one who is asked. An answer may
//! bind: then the ledger that binds comes with it, and goes to disk first.

use super::{
    Answer, Ballot, Expectation, Fate, Ledger, Message, No, Proposal, Raft, Says, Seat, View,
};

/// What a message comes to. The driver writes the ledger, synced, **before** the answer leaves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The next ledger, if it changes.
    pub write: Option<Ledger>,
    /// What to answer.
    pub answer: Answer,
}

/// Answers a message. `view.ledger` must be what is on disk, and stay so until the step is done.
pub fn answer(view: &View, message: &Message) -> Step {
    let (write, says) = match message {
        Message::Ask => (None, Says::Noted),
        Message::AskAbout(proposal) => {
            let (write, fate) = fate(view, proposal);
            (write, Says::Fate(fate))
        }
        Message::Prepare(proposal) => prepare(view, proposal),
        Message::Over(ballot) => (over(view, *ballot), Says::Noted),
    };
    let standing = match &write {
        Some(ledger) => view.standing_by(ledger),
        None => view.standing(),
    };
    let answer = Answer {
        from: view.own.server.raft_id,
        standing,
        says,
    };
    Step { write, answer }
}

/// Rule 7: promises at most one founding at a time, and says no with a reason.
fn prepare(view: &View, proposal: &Proposal) -> (Option<Ledger>, Says) {
    let cluster = proposal.cluster;
    let yes = Says::Yes {
        cluster,
        electorate: view.electorate(),
    };
    match obstacle(view, proposal) {
        Some(why) => (None, Says::No { cluster, why }),
        None if view.ledger.bound() == Some(proposal) => (None, yes),
        None => {
            // A promise to an earlier round of the same proposer ends here: see `Ballot`.
            let free = match view.ledger.bound() {
                Some(earlier) => view.ledger.with_over(earlier.ballot),
                None => view.ledger.clone(),
            };
            (Some(free.with_promise(proposal)), yes)
        }
    }
}

/// The first reason not to promise.
fn obstacle(view: &View, proposal: &Proposal) -> Option<No> {
    if !proposal.is_sound() {
        return Some(No::Malformed);
    }
    if view.is_lost() {
        return Some(No::LedgerLost);
    }
    if view.ledger.is_over(proposal.ballot) {
        return Some(No::Over);
    }
    seat_obstacle(view, proposal).or_else(|| own_obstacle(view, proposal))
}

/// Why the ledger does not allow it.
fn seat_obstacle(view: &View, proposal: &Proposal) -> Option<No> {
    match view.ledger.seat() {
        Seat::Blank => None,
        Seat::Member(cluster) => Some(No::InCluster(*cluster)),
        Seat::Promised {
            proposal: held,
            refused,
        } if held == proposal => refused.then_some(No::Refused),
        Seat::Promised { proposal: held, .. } if is_later(proposal.ballot, held.ballot) => None,
        Seat::Promised { proposal: held, .. }
        | Seat::Preparing(held)
        | Seat::Founding(held)
        | Seat::Wiping(held) => Some(No::Bound(held.cluster)),
    }
}

/// Why this server does not want it.
fn own_obstacle(view: &View, proposal: &Proposal) -> Option<No> {
    let own = &view.own.server;
    if let Some(cluster) = view.clusters().into_keys().next() {
        return Some(No::Heard(cluster));
    }
    let expectation = view.own.expectation;
    let agrees = match expectation {
        told if !told.is_told() => true,
        Expectation::Servers(expect) => usize::try_from(expect) == Ok(proposal.members.len()),
        Expectation::Nothing | Expectation::Alone => false,
    };
    if !agrees {
        return Some(No::Expects(expectation));
    }
    let is_named = proposal
        .members
        .iter()
        .any(|member| member.node_id == own.node_id);
    if is_named != proposal.has(own.raft_id) || proposal.ballot.proposer == own.raft_id {
        return Some(No::OtherDisk);
    }
    if !knows_proposer(view, proposal) {
        return Some(No::Stranger);
    }
    (!view.ledger.has_room(proposal.ballot.proposer, true)).then_some(No::Full)
}

/// Says whether gossip knows the proposer, by this disk. A promise to anybody else could bind this
/// server to somebody who is not there; the proposer comes again when gossip has told of it.
fn knows_proposer(view: &View, proposal: &Proposal) -> bool {
    proposal
        .proposer()
        .and_then(|proposer| Some((proposer, view.peers.get(&proposer.node_id)?)))
        .is_some_and(|(proposer, peer)| peer.server.raft_id == proposer.raft_id)
}

/// Rule 9: what this server knows of a proposal. A member that is not bound to it makes sure that
/// it never will be, which ends the proposal: without its promise nothing was founded.
fn fate(view: &View, proposal: &Proposal) -> (Option<Ledger>, Fate) {
    let ledger = &view.ledger;
    match ledger.seat() {
        Seat::Member(cluster) if *cluster == proposal.cluster => (None, Fate::Committed),
        Seat::Founding(held) if held == proposal => match view.own.raft {
            Raft::Committed => (None, Fate::Committed),
            Raft::Pristine | Raft::Started => (None, Fate::Founding),
        },
        Seat::Promised {
            proposal: held,
            refused: true,
        } if held == proposal => (None, Fate::Refused),
        Seat::Promised { proposal: held, .. } | Seat::Preparing(held) if held == proposal => {
            (None, Fate::Pending)
        }
        _ if ledger.is_over(proposal.ballot) => (None, Fate::Dead),
        _ if !may_renounce(view, proposal) => (None, Fate::Unbound),
        // Its seat is final: it never promised this, and never will.
        Seat::Member(_) => (None, Fate::Dead),
        _ if !ledger.has_room(proposal.ballot.proposer, knows_proposer(view, proposal)) => {
            (None, Fate::Unbound)
        }
        _ => (Some(ledger.with_over(proposal.ballot)), Fate::Dead),
    }
}

/// Says whether the word of this server ends a proposal: that of a member does, if it knows what
/// it promised, and never against what raft has committed here.
fn may_renounce(view: &View, proposal: &Proposal) -> bool {
    let own = view.own.server.raft_id;
    let has_founded =
        matches!(view.ledger.seat(), Seat::Founding(_)) && view.own.raft == Raft::Committed;
    proposal.is_sound()
        && proposal.has(own)
        && proposal.ballot.proposer != own
        && !view.is_lost()
        && !has_founded
}

/// Rules 8 and 9: lets go of what is over, unless raft knows better.
fn over(view: &View, ballot: Ballot) -> Option<Ledger> {
    let bound = view.ledger.bound()?;
    let is_concerned =
        bound.ballot.proposer == ballot.proposer && bound.ballot.round <= ballot.round;
    let is_open = match view.ledger.seat() {
        Seat::Founding(_) => view.own.raft != Raft::Committed,
        Seat::Preparing(_) | Seat::Promised { .. } => true,
        Seat::Blank | Seat::Wiping(_) | Seat::Member(_) => false,
    };
    (is_concerned && is_open).then(|| view.ledger.with_over(bound.ballot))
}

/// Says whether a ballot follows another of the same proposer.
fn is_later(ballot: Ballot, other: Ballot) -> bool {
    ballot.proposer == other.proposer && ballot.round > other.round
}
