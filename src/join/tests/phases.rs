//! The table of phases and events, one row per cell, and how rounds begin and end.

use super::*;

/// A cell: the event, the phase after it, what it leads to.
type Cell = (Event, Phase, Actions);

/// Every event, in the order in which the tables have them. The answers carry the token.
fn every_event(token: Token) -> [Event; 13] {
    [
        Event::Started,
        found(token, &["10.0.0.1"]),
        joined(token, &["10.0.0.1"], &[]),
        join_failed(token),
        Event::Woke(token),
        Event::LeaderKnown,
        Event::LeaderLost,
        Event::Met,
        Event::Isolated,
        Event::BelowFloor,
        Event::Asked,
        Event::Changed(A),
        Event::Stop,
    ]
}

fn check(start: &Engine, cells: Vec<Cell>) {
    for (event, phase, actions) in cells {
        let (engine, done) = start.clone().handle(event.clone());
        assert_eq!((engine.phase(), done), (phase, actions), "{event:?}");
    }
}

/// Checks the table in which only the given cells do anything; the others keep the phase.
fn check_only(start: &Engine, token: Token, cells: Vec<Cell>) {
    let is_named = |event: &Event| cells.iter().any(|cell| cell.0 == *event);
    for event in every_event(token) {
        if !is_named(&event) {
            let (engine, done) = start.clone().handle(event.clone());
            assert_eq!(
                (engine.phase(), done),
                (start.phase(), NOTHING),
                "{event:?}"
            );
        }
    }
    check(start, cells);
}

const TOLD: Phase = Phase::Stopped(Outcome::Told);

#[test]
fn a_new_engine_begins_when_started_and_notes_facts() {
    let cells = vec![
        (Event::Started, Phase::Seeking, vec![resolve(A, 1)]),
        (Event::Stop, TOLD, NOTHING),
    ];
    check_only(&engine(&[Kind::Retry], 0), work(A, 1), cells);
}

#[test]
fn facts_noted_before_the_start_count_after_it() {
    let facts = [Event::Met, Event::LeaderKnown, Event::Started];
    let events = facts
        .into_iter()
        .chain([unresolved(work(A, 1), Retry::Backoff)]);
    let engine = after(engine(&[Kind::Retry], 0), events);
    assert_eq!(engine.phase(), Phase::Resting { token: refresh(1) });
}

#[test]
fn facts_withdrawn_before_the_start_do_not_count_after_it() {
    let met = [Event::Met, Event::LeaderKnown];
    for withdrawn in [Event::Isolated, Event::LeaderLost] {
        let events = met.clone().into_iter().chain([
            withdrawn.clone(),
            Event::Started,
            unresolved(work(A, 1), Retry::Backoff),
        ]);
        let engine = after(engine(&[Kind::Retry], 0), events);
        assert_eq!(engine.phase(), Phase::Seeking, "{withdrawn:?}");
    }
}

#[test]
fn a_source_that_is_resolved_goes_on_whatever_else_happens() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let answer = found(work(A, 1), &["10.0.0.1"]);
    let cells = vec![
        (
            answer,
            Phase::Seeking,
            vec![resolved(A, 1, true), join(A, 1, &["10.0.0.1"])],
        ),
        (
            Event::BelowFloor,
            Phase::Seeking,
            vec![woken(Waker::BelowFloor)],
        ),
        (Event::Asked, Phase::Seeking, vec![woken(Waker::Asked)]),
        (Event::Stop, TOLD, NOTHING),
    ];
    check_only(&start, work(A, 1), cells);
}

#[test]
fn a_sleeping_source_that_has_joined_waits_for_a_leader_and_can_be_woken() {
    let again = |waker| vec![woken(waker), resolve(A, 2)];
    let cells = vec![
        (Event::Woke(work(A, 1)), Phase::Seeking, vec![resolve(A, 2)]),
        (
            Event::LeaderKnown,
            Phase::Resting { token: refresh(1) },
            vec![Action::Notice(Notice::Rests), long_sleep(1)],
        ),
        (Event::Isolated, Phase::Seeking, again(Waker::Isolated)),
        (Event::BelowFloor, Phase::Seeking, again(Waker::BelowFloor)),
        (Event::Asked, Phase::Seeking, again(Waker::Asked)),
        (Event::Changed(A), Phase::Seeking, again(Waker::Changed(A))),
        (Event::Stop, TOLD, NOTHING),
    ];
    check_only(&waiting_for_a_leader(), work(A, 1), cells);
}

#[test]
fn a_resting_engine_is_moved_by_its_refresh_and_by_alarms_only() {
    let again = |waker| (Phase::Seeking, vec![woken(waker), resolve(A, 2)]);
    let cell = |event, waker| {
        let (phase, actions) = again(waker);
        (event, phase, actions)
    };
    let cells = vec![
        cell(Event::Woke(refresh(1)), Waker::Refresh),
        cell(Event::LeaderLost, Waker::LeaderLost),
        cell(Event::Isolated, Waker::Isolated),
        cell(Event::BelowFloor, Waker::BelowFloor),
        cell(Event::Asked, Waker::Asked),
        cell(Event::Changed(A), Waker::Changed(A)),
        (Event::Stop, TOLD, NOTHING),
    ];
    check_only(&resting(), refresh(1), cells);
}

#[test]
fn what_moves_a_resting_engine_not_leaves_it_as_it_was() {
    for token in [work(A, 0), work(A, 1), refresh(0), refresh(2)] {
        let still = every_event(token);
        for event in still.iter().take(6).chain([&Event::Met]) {
            let (engine, done) = resting().handle(event.clone());
            assert_eq!((engine, done), (resting(), NOTHING), "{event:?}");
        }
    }
}

#[test]
fn a_stopped_engine_does_nothing() {
    let stopped = after(resting(), [Event::Stop]);
    for event in every_event(refresh(1))
        .into_iter()
        .chain(every_event(work(A, 1)))
    {
        let (engine, done) = stopped.clone().handle(event);
        assert_eq!((engine, done), (stopped.clone(), NOTHING));
    }
}

#[test]
fn a_leader_alone_is_not_enough_to_rest() {
    let start = after(
        engine(&[Kind::Retry], 0),
        [Event::Started, Event::LeaderKnown],
    );
    let (engine, done) = start.handle(unresolved(work(A, 1), Retry::Backoff));
    assert_eq!(engine.phase(), Phase::Seeking);
    let expected = [
        failed(A, 1, Reason::DiscoveryFailed),
        sleep(work(A, 1), 0, 250),
    ];
    assert_eq!(done, expected);
}

#[test]
fn a_slower_source_is_heard_before_the_engine_rests() {
    let start = after(
        engine(&[Kind::Retry, Kind::Retry], 0),
        [
            Event::Started,
            found(work(A, 1), &["10.0.0.1"]),
            Event::LeaderKnown,
        ],
    );
    let (start, done) = start.handle(joined(work(A, 1), &["10.0.0.1"], &[]));
    let notice = Notice::Joined {
        source: A,
        count: 1,
    };
    assert_eq!(
        done,
        [Action::Notice(notice)],
        "nothing more to do for this source"
    );
    assert_eq!(start.phase(), Phase::Seeking);
    let engine = after(start, [unresolved(work(B, 1), Retry::Backoff)]);
    assert_eq!(engine.phase(), Phase::Resting { token: refresh(1) });
}

#[test]
fn an_alarm_while_one_source_is_awaited_begins_the_others_again() {
    let events = [
        Event::Started,
        found(work(A, 1), &["10.0.0.1"]),
        Event::LeaderKnown,
        joined(work(A, 1), &["10.0.0.1"], &[]),
    ];
    let start = after(engine(&[Kind::Retry, Kind::Retry], 0), events);
    for (event, waker) in [
        (Event::LeaderLost, Waker::LeaderLost),
        (Event::Isolated, Waker::Isolated),
    ] {
        let (_, done) = start.clone().handle(event);
        assert_eq!(done, [woken(waker), resolve(A, 2)]);
    }
}

#[test]
fn a_refresh_asks_one_source_in_turn_and_rests_whatever_it_says() {
    let mut engine = after(
        engine(&[Kind::Retry, Kind::Retry], 0),
        [Event::Met, Event::LeaderKnown, Event::Started],
    );
    let heard = [A, B].map(|source| unresolved(work(source, 1), Retry::Backoff));
    engine = after(engine, heard);
    for (round, source, number) in [(1, A, 2), (2, B, 2), (3, A, 3), (4, B, 3)] {
        let (woke, done) = engine.handle(Event::Woke(refresh(round)));
        assert_eq!(done, [woken(Waker::Refresh), resolve(source, number)]);
        let (rests, done) = woke.handle(unresolved(work(source, number), Retry::Backoff));
        let expected = [
            failed(source, 1, Reason::DiscoveryFailed),
            Action::Notice(Notice::Rests),
            long_sleep(round + 1),
        ];
        assert_eq!(done, expected);
        engine = rests;
    }
}

#[test]
fn an_answer_with_gaps_is_asked_for_again_however_long_it_is_said_to_stay_true() {
    for (complete, is_asked) in [(true, false), (false, true)] {
        let answer = Ok(Found {
            addresses: addresses(&["10.0.0.1"]),
            has_own: false,
            complete,
            fresh_for: Some(Duration::from_hours(1)),
        });
        let token = work(A, 1);
        let events = [
            Event::Started,
            Event::Resolved { token, answer },
            joined(token, &["10.0.0.1"], &[]),
            Event::LeaderKnown,
            Event::Woke(refresh(1)),
        ];
        let (_, done) = last(engine(&[Kind::Retry], 0), events);
        assert_eq!(done.contains(&resolve(A, 2)), is_asked, "{done:?}");
    }
}

#[test]
fn an_alarm_in_a_refresh_begins_every_source() {
    let events = [
        Event::Met,
        Event::LeaderKnown,
        Event::Started,
        unresolved(work(A, 1), Retry::Backoff),
        unresolved(work(B, 1), Retry::Backoff),
        Event::Woke(refresh(1)),
        Event::Isolated,
    ];
    let (_, done) = last(engine(&[Kind::Retry, Kind::Retry], 0), events);
    assert_eq!(
        done,
        [woken(Waker::Isolated), resolve(B, 2)],
        "the first is at work"
    );
}

#[test]
fn an_engine_without_sources_rests_when_others_joined_it() {
    let events = [Event::Started, Event::LeaderKnown, Event::Met];
    let engine = after(engine(&[], 3), events);
    assert_eq!(engine.phase(), Phase::Resting { token: refresh(1) });
    let (engine, done) = engine.handle(Event::Woke(refresh(1)));
    assert_eq!(engine.phase(), Phase::Resting { token: refresh(2) });
    let expected = [
        woken(Waker::Refresh),
        Action::Notice(Notice::Rests),
        long_sleep(2),
    ];
    assert_eq!(done, expected);
}

#[test]
fn an_engine_without_sources_never_gives_up() {
    let (engine, done) = last(engine(&[], 1), [Event::Started]);
    assert_eq!((engine.phase(), done), (Phase::Seeking, NOTHING));
    assert_eq!(engine.reason(), Some(Reason::NoSources));
}

#[test]
fn members_that_are_alive_are_left_alone_only_while_all_is_well() {
    let refreshing = after(resting(), [Event::Woke(refresh(1))]);
    let alone = after(resting(), [Event::Isolated]);
    for (engine, is_spared) in [(refreshing, true), (alone, false)] {
        let (_, done) = engine.handle(found(work(A, 2), &["10.0.0.1"]));
        let mut join = join(A, 2, &["10.0.0.1"]);
        if let Action::Join { spare_members, .. } = &mut join {
            *spare_members = is_spared;
        }
        assert_eq!(done, [resolved(A, 1, true), join]);
    }
}
