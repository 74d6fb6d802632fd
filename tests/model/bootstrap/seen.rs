//! Names for everything the rules can say, so that a run can tell which of them came up.

use quorate::bootstrap::{
    Aborted, Admission, Change, Contact, Decision, Expectation, Fate, Message, No, Says, Shut,
    Standing, Step, Verdict, View, Waiting,
};

/// Every rule, reason and answer that must come up in some run. Not among them is what no server
/// hears from another that keeps the rules and whose announcements are true: the answers
/// `Malformed`, `Full`, `Stranger` and `Expects`, which have tests beside the code.
pub(super) const WANTED: [&str; 56] = [
    "ledger-lost",
    "write heard",
    "serve",
    "wipe",
    "initialize",
    "join",
    "ambiguous-cluster",
    "found-not-asked",
    "ask",
    "expect-mismatch",
    "waiting-unknown-peers",
    "waiting-unknown-peers, of all that could be",
    "founding-in-progress",
    "founding-in-progress, of another",
    "waiting-for-servers",
    "waiting-for-proposer",
    "propose",
    "propose alone",
    "write committed",
    "write released",
    "write lifted",
    "write refused",
    "join what was promised",
    "ask about",
    "founding-blocked",
    "yes",
    "no: over",
    "no: refused",
    "no: bound",
    "no: in a cluster",
    "no: heard",
    "no: another disk",
    "no: ledger lost",
    "fate: unbound",
    "fate: pending",
    "fate: refused",
    "fate: founding",
    "fate: committed",
    "fate: dead",
    "over: released",
    "over: noted",
    "door: open",
    "door: adopt",
    "door: another cluster",
    "door: ambiguous",
    "door: bound",
    "door: refused",
    "door: no member",
    "door: ledger lost",
    "tally: pending",
    "tally: founded",
    "tally: declined",
    "tally: timed out",
    "tally: gone",
    "tally: heard",
    "tally: too few",
];

pub(super) fn decision(view: &View, decision: &Decision) -> &'static str {
    let is_bound = view.ledger.bound().is_some();
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
        Decision::Ask(_) if is_bound => "ask about",
        Decision::Ask(_) => "ask",
        Decision::Propose(_) if view.own.expectation == Expectation::Alone => "propose alone",
        Decision::Propose(_) => "propose",
        Decision::Join(_) if is_bound => "join what was promised",
        Decision::Join(_) => "join",
        Decision::Serve(_) => "serve",
        Decision::Wait(Waiting::InProgress { .. }) if !is_bound => {
            "founding-in-progress, of another"
        }
        Decision::Wait(Waiting::UnknownPeers { .. }) if !has_silent(view) => {
            "waiting-unknown-peers, of all that could be"
        }
        Decision::Wait(waiting) => waiting.code(),
    }
}

/// Rule 4 has something to say, which comes before rule 5.
fn has_silent(view: &View) -> bool {
    view.alive().any(|peer| {
        peer.contact != Contact::Answered || matches!(peer.last_said, None | Some(Standing::Lost))
    })
}

pub(super) fn answer(message: &Message, step: &Step) -> &'static str {
    match step.answer.says {
        Says::Noted if *message == Message::Ask => "noted",
        Says::Noted if step.write.is_some() => "over: released",
        Says::Noted => "over: noted",
        Says::Yes { .. } => "yes",
        Says::Fate(fate) => match fate {
            Fate::Unbound => "fate: unbound",
            Fate::Pending => "fate: pending",
            Fate::Refused => "fate: refused",
            Fate::Founding => "fate: founding",
            Fate::Committed => "fate: committed",
            Fate::Dead => "fate: dead",
        },
        Says::No { why, .. } => match why {
            No::Malformed => "no: malformed",
            No::Over => "no: over",
            No::Refused => "no: refused",
            No::Bound(_) => "no: bound",
            No::InCluster(_) => "no: in a cluster",
            No::Heard(_) => "no: heard",
            No::Expects(_) => "no: expects",
            No::OtherDisk => "no: another disk",
            No::LedgerLost => "no: ledger lost",
            No::Full => "no: full",
            No::Stranger => "no: stranger",
        },
    }
}

pub(super) const fn admission(admission: &Admission) -> &'static str {
    match admission {
        Admission::Open => "door: open",
        Admission::Adopt(_) => "door: adopt",
        Admission::Shut(shut) => match shut {
            Shut::OtherCluster(_) => "door: another cluster",
            Shut::Ambiguous(_) => "door: ambiguous",
            Shut::Bound(_) => "door: bound",
            Shut::Refused(_) => "door: refused",
            Shut::NotMember(_) => "door: no member",
            Shut::LedgerLost => "door: ledger lost",
        },
    }
}

pub(super) const fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pending => "tally: pending",
        Verdict::Found(_) => "tally: founded",
        Verdict::Gone => "tally: gone",
        Verdict::Abort { why, .. } => match why {
            Aborted::Heard(_) => "tally: heard",
            Aborted::Declined { .. } => "tally: declined",
            Aborted::TooFew { .. } => "tally: too few",
            Aborted::TimedOut { .. } => "tally: timed out",
        },
    }
}
