//! A server that awaits others to found a cluster with: how soon it looks again, and until when.

use super::*;
use crate::join::backoff::SOON_COUNT;

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The source lists this agent alone.
    OnlySelf,
    /// The source lists nobody.
    Empty,
    /// The source does not answer.
    Failed,
    /// There is no such name yet.
    Absent,
    /// Others were reached, and there is no leader.
    Joined,
    /// Nobody was reached.
    Unreachable,
    /// Whoever was reached refused.
    Refused,
}

/// The events that end the n-th attempt so.
fn events(end: End, number: u64) -> Vec<Event> {
    let token = work(A, number);
    let other = &["10.0.0.2"];
    match end {
        End::OnlySelf => vec![answered(token, &[], true, true)],
        End::Empty => vec![answered(token, &[], false, true)],
        End::Failed => vec![unresolved(token, Retry::Backoff)],
        End::Absent => vec![unresolved(token, Retry::Soon)],
        End::Joined => vec![found(token, other), joined(token, other, &[])],
        End::Unreachable => vec![found(token, other), joined(token, &[], &[])],
        End::Refused => vec![found(token, other), join_failed(token)],
    }
}

/// The longest pauses, in milliseconds, after attempts of one source that ended so.
fn pauses(policy: Policy, ends: impl IntoIterator<Item = End>) -> Vec<u128> {
    let mut engine = after(Engine::new(policy, [Kind::Retry]), [Event::Started]);
    let mut pauses = Vec::new();
    for (number, end) in (1..).zip(ends) {
        let (slept, done) = last(engine, events(end, number));
        let sleep = done.iter().find_map(|action| match action {
            Action::Sleep { window, .. } => Some(*window),
            Action::Resolve { .. }
            | Action::Join { .. }
            | Action::Notice(_)
            | Action::GiveUp(_) => None,
        });
        let Some(window) = sleep else {
            return pauses;
        };
        assert_eq!(window.from, Duration::ZERO);
        pauses.push(window.to.as_millis());
        engine = after(slept, [Event::Woke(work(A, number))]);
    }
    pauses
}

fn founder() -> Policy {
    Policy::default().founding(true)
}

#[test]
fn a_server_that_awaits_its_founders_looks_again_within_three_seconds() {
    for end in [
        End::OnlySelf,
        End::Empty,
        End::Absent,
        End::Joined,
        End::Unreachable,
    ] {
        let found = pauses(founder(), [end; 7]);
        assert_eq!(
            found,
            [250, 500, 1_000, 2_000, 3_000, 3_000, 3_000],
            "{end:?}"
        );
    }
    let other = pauses(Policy::default(), [End::OnlySelf; 7]);
    assert_eq!(other, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000]);
}

#[test]
fn what_fails_is_left_alone_for_longer_and_longer_as_by_anybody() {
    for end in [End::Failed, End::Refused] {
        let found = pauses(founder(), [end; 6]);
        assert_eq!(found, [250, 500, 1_000, 2_000, 4_000, 8_000], "{end:?}");
    }
}

#[test]
fn a_failure_after_many_answers_begins_its_backoff_anew() {
    let ends = [End::OnlySelf; 20].into_iter().chain([
        End::Failed,
        End::Failed,
        End::Failed,
        End::OnlySelf,
    ]);
    let found = pauses(founder(), ends);
    assert_eq!(found[19..], [3_000, 250, 500, 1_000, 3_000]);
}

#[test]
fn nobody_is_awaited_for_ever() {
    let count = usize::try_from(SOON_COUNT).unwrap();
    let found = pauses(founder(), vec![End::OnlySelf; count + 9]);
    assert!(found[..count].iter().all(|pause| *pause <= 3_000));
    assert_eq!(found[count..count + 3], [250, 500, 1_000]);
    assert_eq!(found[count + 8], 30_000);
}

#[test]
fn a_shorter_interval_of_the_operator_wins() {
    let policy = Policy::configured(Duration::from_secs(1), None).founding(true);
    assert_eq!(pauses(policy, [End::OnlySelf; 5])[4], 1_000);
}

#[test]
fn with_a_leader_the_waiting_is_over_for_good() {
    let start = after(Engine::new(founder(), [Kind::Retry]), [Event::Started]);
    let led = after(start, events(End::Joined, 1));
    let led = after(led, [Event::LeaderKnown, Event::LeaderLost]);
    let mut engine = led;
    for number in 2..8 {
        let (slept, done) = last(engine, events(End::Joined, number));
        let cap = 250 << (number - 2);
        let token = work(A, number);
        assert_eq!(done.last(), Some(&sleep(token, 0, cap)), "{number}");
        engine = after(slept, [Event::Woke(token)]);
    }
}

#[test]
fn attempts_that_are_counted_are_not_spent_in_haste() {
    let limited = |end| {
        let policy = Policy {
            retry_max: NonZeroU32::new(20),
            ..founder()
        };
        pauses(policy, [end; 9])[8]
    };
    assert_eq!(limited(End::Unreachable), 30_000, "counted");
    assert_eq!(limited(End::Empty), 30_000, "counted");
    assert_eq!(limited(End::OnlySelf), 3_000, "never used up");
    assert_eq!(limited(End::Joined), 3_000, "no more counted");
}
