//! One source through its attempts: which answers count, when it sleeps, when it ends.

use super::*;

/// The place of an answer in [`answers`], and the number of its token.
type Awaited = (usize, u64);

/// An activity's name, an engine whose first source is in it, and what that source awaits.
type Row = (&'static str, Engine, Option<Awaited>);

/// Two sources in a round in which the first is in every activity in turn. With each, the answer
/// that is awaited: how it is given, and its number.
fn every_activity() -> Vec<Row> {
    let two = || engine(&[Kind::Retry, Kind::Retry], 0);
    let resolving = after(two(), [Event::Started]);
    let joining = after(resolving.clone(), [found(work(A, 1), &["10.0.0.1"])]);
    let sleeping = after(joining.clone(), [join_failed(work(A, 1))]);
    let content = [Event::LeaderKnown, joined(work(A, 1), &["10.0.0.1"], &[])];
    let idle = after(joining.clone(), content);
    let ended = after(resolving.clone(), [unresolved(work(A, 1), Retry::Never)]);
    vec![
        ("idle", idle, None),
        ("resolving", resolving, Some((0, 1))),
        ("joining", joining, Some((1, 1))),
        ("sleeping", sleeping, Some((2, 1))),
        ("ended", ended, None),
    ]
}

/// The answers to the three kinds of work; the second in both its forms.
fn answers(token: Token) -> [Vec<Event>; 3] {
    [
        vec![
            found(token, &["10.0.0.9"]),
            unresolved(token, Retry::Backoff),
        ],
        vec![joined(token, &["10.0.0.9"], &[]), join_failed(token)],
        vec![Event::Woke(token)],
    ]
}

#[test]
fn only_the_awaited_answer_has_an_effect_on_a_source() {
    for (name, start, awaited) in every_activity() {
        for number in 0..6 {
            for (kind, events) in answers(work(A, number)).into_iter().enumerate() {
                for event in events {
                    let (engine, done) = start.clone().handle(event.clone());
                    let has_effect = engine != start || done != NOTHING;
                    let is_awaited = awaited == Some((kind, number));
                    assert_eq!(has_effect, is_awaited, "{name}: {event:?}");
                }
            }
        }
    }
}

#[test]
fn an_answer_for_a_source_that_is_not_there_has_no_effect() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let answer = found(work(SourceId(7), 1), &["10.0.0.1"]);
    assert_eq!(start.clone().handle(answer), (start, NOTHING));
}

#[test]
fn every_failed_attempt_is_followed_by_a_longer_window() {
    let mut engine = after(engine(&[Kind::Retry], 0), [Event::Started]);
    for (attempt, cap, next) in [(1, 250, 2), (2, 500, 3), (3, 1_000, 4)] {
        let token = work(A, u64::from(attempt));
        let (slept, done) = engine.handle(unresolved(token, Retry::Backoff));
        let expected = [
            failed(A, attempt, Reason::DiscoveryFailed),
            sleep(token, 0, cap),
        ];
        assert_eq!(done, expected);
        let (woke, done) = slept.handle(Event::Woke(token));
        assert_eq!(done, [resolve(A, next)]);
        engine = woke;
    }
}

#[test]
fn a_vendor_who_asks_for_patience_gets_it() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let (_, done) = start.handle(unresolved(work(A, 1), Retry::After(Duration::from_secs(7))));
    assert_eq!(done[1], sleep(work(A, 1), 7_000, 7_250));
}

#[test]
fn a_join_without_a_leader_is_repeated_with_backoff() {
    let (engine, done) = last(
        waiting_for_a_leader(),
        [
            Event::Woke(work(A, 1)),
            found(work(A, 2), &["10.0.0.1"]),
            joined(work(A, 2), &["10.0.0.1"], &[]),
        ],
    );
    let notice = Notice::Joined {
        source: A,
        count: 1,
    };
    assert_eq!(done, [Action::Notice(notice), sleep(work(A, 2), 0, 500)]);
    assert_eq!(engine.reason(), Some(Reason::NoLeader));
}

#[test]
fn every_address_is_tried_once_in_the_order_of_the_answer() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let answer = found(work(A, 1), &["10.0.0.2", "10.0.0.1", "10.0.0.2"]);
    let (_, done) = start.handle(answer);
    let expected = [resolved(A, 2, true), join(A, 1, &["10.0.0.2", "10.0.0.1"])];
    assert_eq!(done, expected);
}

#[test]
fn an_answer_with_gaps_is_tried_at_once() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let (_, done) = start.handle(answered(work(A, 1), &["10.0.0.1"], false, false));
    assert_eq!(done, [resolved(A, 1, false), join(A, 1, &["10.0.0.1"])]);
}

#[test]
fn an_answer_without_an_address_fails_and_says_why() {
    let rows = [
        (false, true, Reason::DiscoveryEmpty),
        (false, false, Reason::DiscoveryGaps),
        (true, true, Reason::OnlySelf),
        (true, false, Reason::OnlySelf),
    ];
    for (has_own, complete, reason) in rows {
        let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
        let (engine, done) = start.handle(answered(work(A, 1), &[], has_own, complete));
        let expected = [
            resolved(A, 0, complete),
            failed(A, 1, reason),
            sleep(work(A, 1), 0, 250),
        ];
        assert_eq!(done, expected);
        assert_eq!(engine.reason(), Some(reason));
    }
}

#[test]
fn a_join_that_reached_nobody_else_is_none() {
    let rows: [(&[&str], Reason); 2] = [
        (&[], Reason::PeersUnreachable),
        (&["10.0.0.1"], Reason::OnlySelf),
    ];
    for (own, reason) in rows {
        let events = [
            Event::LeaderKnown,
            Event::Started,
            found(work(A, 1), &["10.0.0.1"]),
            joined(work(A, 1), &[], own),
        ];
        let (engine, done) = last(engine(&[Kind::Retry], 0), events);
        let expected = [failed(A, 1, reason), sleep(work(A, 1), 0, 250)];
        assert_eq!(done, expected);
        assert_eq!(engine.phase(), Phase::Seeking);
    }
}

#[test]
fn a_misconfigured_source_ends_and_the_others_go_on() {
    let start = after(engine(&[Kind::Retry, Kind::Retry], 0), [Event::Started]);
    let (engine, done) = start.handle(unresolved(work(A, 1), Retry::Never));
    let notice = Notice::Ended {
        source: A,
        ended: Ended::Misconfigured,
        reason: Reason::DiscoveryFailed,
    };
    assert_eq!(done, [Action::Notice(notice)]);
    let (_, done) = engine.clone().handle(found(work(B, 1), &["10.0.0.1"]));
    assert_eq!(done[1], join(B, 1, &["10.0.0.1"]));
    let (_, done) = engine.handle(Event::Asked);
    assert_eq!(done, [woken(Waker::Asked)], "it is not asked again");
}

/// Fails the source's attempts from the first look-up on; gives the number of look-ups made until
/// it was not tried again, and what the last failure led to.
fn exhaust(start: Engine, source: SourceId, fail: fn(Token) -> Event) -> (Engine, u64, Actions) {
    let mut engine = start;
    for attempt in 1..20 {
        let (slept, done) = engine.handle(fail(work(source, attempt)));
        let wakes = |action: &Action| matches!(action, Action::Sleep { .. });
        if !done.iter().any(wakes) {
            return (slept, attempt, done);
        }
        engine = after(slept, [Event::Woke(work(source, attempt))]);
    }
    panic!("the source is never exhausted");
}

fn backoff_failure(token: Token) -> Event {
    unresolved(token, Retry::Backoff)
}

#[test]
fn retry_max_of_n_makes_n_plus_one_attempts_and_gives_up() {
    for max in 1..4 {
        let start = after(engine(&[Kind::Retry], max), [Event::Started]);
        let (engine, attempts, done) = exhaust(start, A, backoff_failure);
        assert_eq!(attempts, u64::from(max) + 1);
        let notice = Notice::Ended {
            source: A,
            ended: Ended::Exhausted,
            reason: Reason::DiscoveryFailed,
        };
        let expected = [Action::Notice(notice), Action::GiveUp(Outcome::Exhausted)];
        assert_eq!(done, expected);
        assert_eq!(engine.phase(), Phase::Stopped(Outcome::Exhausted));
    }
}

#[test]
fn the_engine_gives_up_only_when_every_source_has_ended() {
    let start = after(engine(&[Kind::Retry, Kind::Retry], 1), [Event::Started]);
    let (engine, _, _) = exhaust(start, A, backoff_failure);
    assert_eq!(engine.phase(), Phase::Seeking);
    let (engine, done) = engine.handle(unresolved(work(B, 1), Retry::Never));
    assert_eq!(engine.phase(), Phase::Stopped(Outcome::Exhausted));
    assert_eq!(done.last(), Some(&Action::GiveUp(Outcome::Exhausted)));
}

#[test]
fn without_retry_max_nothing_makes_the_engine_give_up() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let engine = after(start, [unresolved(work(A, 1), Retry::Never)]);
    assert_eq!(engine.phase(), Phase::Seeking);
}

#[test]
fn what_was_joined_once_is_never_given_up() {
    let met_then_alone = [Event::Started, Event::Met, Event::Isolated];
    let mut engine = after(engine(&[Kind::Retry], 1), met_then_alone);
    for number in [1, 2, 3, 4] {
        let (slept, done) = engine.handle(unresolved(work(A, number), Retry::Backoff));
        assert!(matches!(done[..], [_, Action::Sleep { .. }]), "{done:?}");
        engine = after(slept, [Event::Woke(work(A, number))]);
    }
}

#[test]
fn a_source_misconfigured_after_a_join_does_not_end_the_agent() {
    let start = after(engine(&[Kind::Retry], 1), [Event::Started, Event::Met]);
    let engine = after(start, [unresolved(work(A, 1), Retry::Never)]);
    assert_eq!(engine.phase(), Phase::Seeking);
}

#[test]
fn an_exhausted_source_begins_again_once_others_are_there() {
    let start = after(engine(&[Kind::Retry, Kind::Retry], 1), [Event::Started]);
    let (engine, _, _) = exhaust(start, A, backoff_failure);
    let (_, done) = engine.clone().handle(Event::Met);
    assert_eq!(done, [resolve(A, 3)]);
    let (_, done) = engine.handle(Event::Asked);
    assert_eq!(done, [woken(Waker::Asked), resolve(A, 3)]);
}

#[test]
fn a_source_that_lists_this_agent_itself_is_never_exhausted() {
    fn only_self(token: Token) -> Event {
        answered(token, &[], true, true)
    }
    let mut engine = after(engine(&[Kind::Retry], 1), [Event::Started]);
    for number in [1, 2, 3, 4] {
        let (slept, done) = engine.handle(only_self(work(A, number)));
        assert!(matches!(done[..], [_, _, Action::Sleep { .. }]), "{done:?}");
        engine = after(slept, [Event::Woke(work(A, number))]);
    }
    let (engine, done) = last(
        engine,
        [found(work(A, 5), &["10.0.0.1"]), join_failed(work(A, 5))],
    );
    assert_eq!(
        engine.phase(),
        Phase::Stopped(Outcome::Exhausted),
        "{done:?}"
    );
}

#[test]
fn a_first_failure_of_a_once_source_ends_the_agent() {
    let start = after(
        engine(&[Kind::Once, Kind::Retry], 0),
        [Event::Started, Event::Met],
    );
    let joining = after(start.clone(), [found(work(A, 1), &["10.0.0.1"])]);
    let rows = [
        (
            start.clone(),
            backoff_failure(work(A, 1)),
            Reason::DiscoveryFailed,
        ),
        (start, found(work(A, 1), &[]), Reason::DiscoveryEmpty),
        (
            joining.clone(),
            join_failed(work(A, 1)),
            Reason::DiscoveryFailed,
        ),
        (
            joining,
            joined(work(A, 1), &[], &[]),
            Reason::PeersUnreachable,
        ),
    ];
    for (engine, event, reason) in rows {
        let outcome = Outcome::OnceFailed { source: A, reason };
        let (engine, done) = engine.handle(event);
        assert_eq!(engine.phase(), Phase::Stopped(outcome));
        assert_eq!(done.last(), Some(&Action::GiveUp(outcome)));
    }
}

#[test]
fn a_once_source_that_worked_or_found_only_this_agent_is_tried_again() {
    let token = work(A, 1);
    for contact in [
        joined(token, &["10.0.0.1"], &[]),
        joined(token, &[], &["10.0.0.1"]),
    ] {
        let events = [
            Event::Started,
            found(work(A, 1), &["10.0.0.1"]),
            contact,
            Event::Woke(work(A, 1)),
            backoff_failure(work(A, 2)),
        ];
        let (engine, done) = last(engine(&[Kind::Once], 0), events);
        assert_eq!(engine.phase(), Phase::Seeking);
        let expected = [
            failed(A, 2, Reason::DiscoveryFailed),
            sleep(work(A, 2), 0, 500),
        ];
        assert_eq!(done, expected);
    }
}
