//! What a run shows, in words, and what must be shown by some run, else the model is hollow (house
//! style, 2.2).

use quorate::join::{Action, Activity, Ended, Notice, Outcome, Phase, Source, Waker};

use super::world::World;

/// What must have happened in some run.
pub(super) const EXPECTED: [&str; 31] = [
    "activity idle",
    "activity resolving",
    "activity joining",
    "activity sleeping",
    "activity exhausted",
    "activity misconfigured",
    "phase new",
    "phase seeking",
    "phase resting",
    "outcome exhausted",
    "outcome once failed",
    "notice resolved whole",
    "notice resolved with gaps",
    "notice joined",
    "notice failed",
    "notice ended exhausted",
    "notice ended misconfigured",
    "notice rests",
    "notice woken by refresh",
    "notice woken by leader lost",
    "notice woken by isolation",
    "notice woken by floor",
    "notice woken by operator",
    "notice woken by a change",
    "looking",
    "only-self",
    "source-misconfigured",
    "discovery-failed",
    "peers-unreachable",
    "no-leader",
    "no reason",
];

/// What a move shows, in words.
pub(super) fn moves(done: &[Action]) -> impl Iterator<Item = &'static str> {
    done.iter().filter_map(|action| match action {
        Action::Notice(notice) => Some(notice_label(*notice)),
        _ => None,
    })
}

/// What a state shows, in words.
pub(super) fn state(world: &World) -> impl Iterator<Item = &'static str> {
    let phase = match world.engine.phase() {
        Phase::New => "phase new",
        Phase::Seeking => "phase seeking",
        Phase::Resting { .. } => "phase resting",
        Phase::Stopped(Outcome::Told) => "outcome told",
        Phase::Stopped(Outcome::Exhausted) => "outcome exhausted",
        Phase::Stopped(Outcome::OnceFailed { .. }) => "outcome once failed",
    };
    let reason = world.engine.reason();
    let reason = reason.map_or("no reason", |reason| reason.code());
    let activities = world.engine.sources().iter().map(activity_label);
    activities.chain([phase, reason])
}

const fn notice_label(notice: Notice) -> &'static str {
    match notice {
        Notice::Resolved { complete: true, .. } => "notice resolved whole",
        Notice::Resolved { .. } => "notice resolved with gaps",
        Notice::Joined { .. } => "notice joined",
        Notice::Failed { .. } => "notice failed",
        Notice::Ended { ended, .. } => match ended {
            Ended::Exhausted => "notice ended exhausted",
            Ended::Misconfigured => "notice ended misconfigured",
        },
        Notice::Rests => "notice rests",
        Notice::Woken(waker) => match waker {
            Waker::Refresh => "notice woken by refresh",
            Waker::LeaderLost => "notice woken by leader lost",
            Waker::Isolated => "notice woken by isolation",
            Waker::BelowFloor => "notice woken by floor",
            Waker::Asked => "notice woken by operator",
            Waker::Changed(_) => "notice woken by a change",
        },
    }
}

const fn activity_label(source: &Source) -> &'static str {
    match source.activity() {
        Activity::Idle => "activity idle",
        Activity::Resolving { .. } => "activity resolving",
        Activity::Joining { .. } => "activity joining",
        Activity::Sleeping { .. } => "activity sleeping",
        Activity::Ended(Ended::Exhausted) => "activity exhausted",
        Activity::Ended(Ended::Misconfigured) => "activity misconfigured",
    }
}
