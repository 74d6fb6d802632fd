//! What the engine shows to others: evidence for founding, and reasons.

use std::collections::BTreeSet;

use super::*;

/// Evidence of the first source: complete or not, listed, reached.
fn shown(engine: &Engine) -> (bool, Vec<String>, Vec<String>) {
    let evidence = engine.evidence().swap_remove(0);
    let texts = |set: BTreeSet<Address>| set.iter().map(ToString::to_string).collect();
    assert_eq!(evidence.source, A);
    (
        evidence.is_complete,
        texts(evidence.listed),
        texts(evidence.reached),
    )
}

fn row(complete: bool, listed: &[&str], reached: &[&str]) -> (bool, Vec<String>, Vec<String>) {
    let texts = |hosts: &[&str]| hosts.iter().map(|&host| host.to_owned()).collect();
    (complete, texts(listed), texts(reached))
}

/// One round of the first source, from the look-up with this number to the next.
fn round(engine: Engine, number: u64, answer: Event, join: Event) -> Engine {
    let next = Event::Woke(work(A, number));
    after(engine, [answer, join, next])
}

#[test]
fn a_source_that_has_not_answered_shows_nothing() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    assert_eq!(shown(&start), row(false, &[], &[]));
    let failed = after(start, [unresolved(work(A, 1), Retry::Backoff)]);
    assert_eq!(shown(&failed), row(false, &[], &[]));
}

#[test]
fn addresses_are_listed_before_they_are_tried_and_reached_when_others_answer() {
    let listed = ["10.0.0.1", "10.0.0.2"];
    let start = after(
        engine(&[Kind::Retry], 0),
        [Event::Started, found(work(A, 1), &listed)],
    );
    assert_eq!(shown(&start), row(true, &listed, &[]));
    let joined = after(start, [joined(work(A, 1), &["10.0.0.2"], &[])]);
    assert_eq!(shown(&joined), row(true, &listed, &["10.0.0.2"]));
}

#[test]
fn an_address_that_turns_out_to_be_this_agents_own_is_not_listed() {
    let events = [
        Event::Started,
        found(work(A, 1), &["10.0.0.1", "10.0.0.2"]),
        joined(work(A, 1), &[], &["10.0.0.1"]),
    ];
    let engine = after(engine(&[Kind::Retry], 0), events);
    assert_eq!(shown(&engine), row(true, &["10.0.0.2"], &[]));
}

#[test]
fn an_address_counts_as_what_it_was_last_found_to_be() {
    let own = joined(work(A, 1), &[], &["10.0.0.1"]);
    let other = joined(work(A, 2), &["10.0.0.1"], &[]);
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let start = round(start, 1, found(work(A, 1), &["10.0.0.1"]), own);
    let engine = round(start, 2, found(work(A, 2), &["10.0.0.1"]), other);
    assert_eq!(shown(&engine), row(true, &["10.0.0.1"], &["10.0.0.1"]));
}

#[test]
fn an_answer_with_gaps_is_no_complete_one_and_takes_nothing_away() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let gaps = |number, host| answered(work(A, number), &[host], false, false);
    let engine = round(start, 1, gaps(1, "10.0.0.1"), join_failed(work(A, 1)));
    assert_eq!(shown(&engine), row(false, &["10.0.0.1"], &[]));
    let complete = found(work(A, 2), &["10.0.0.2"]);
    let engine = round(engine, 2, complete, join_failed(work(A, 2)));
    assert_eq!(shown(&engine), row(true, &["10.0.0.2"], &[]));
    let engine = round(engine, 3, gaps(3, "10.0.0.3"), join_failed(work(A, 3)));
    assert_eq!(shown(&engine), row(true, &["10.0.0.2", "10.0.0.3"], &[]));
    let engine = round(engine, 4, gaps(4, "10.0.0.4"), join_failed(work(A, 4)));
    assert_eq!(shown(&engine), row(true, &["10.0.0.2", "10.0.0.4"], &[]));
}

#[test]
fn a_failure_takes_no_evidence_away_and_a_new_answer_replaces_the_old() {
    let reached = joined(work(A, 1), &["10.0.0.1"], &[]);
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let engine = round(start, 1, found(work(A, 1), &["10.0.0.1"]), reached);
    let engine = after(engine, [unresolved(work(A, 2), Retry::Backoff)]);
    assert_eq!(shown(&engine), row(true, &["10.0.0.1"], &["10.0.0.1"]));
    let again = [Event::Woke(work(A, 2)), found(work(A, 3), &["10.0.0.2"])];
    let engine = after(engine, again);
    assert_eq!(shown(&engine), row(true, &["10.0.0.2"], &[]));
}

#[test]
fn an_address_that_left_every_list_is_unheard_when_it_returns() {
    let reached = joined(work(A, 1), &["10.0.0.1"], &[]);
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let engine = round(start, 1, found(work(A, 1), &["10.0.0.1"]), reached);
    let other = found(work(A, 2), &["10.0.0.2"]);
    let engine = round(engine, 2, other, join_failed(work(A, 2)));
    let engine = after(engine, [found(work(A, 3), &["10.0.0.1"])]);
    assert_eq!(shown(&engine), row(true, &["10.0.0.1"], &[]));
}

#[test]
fn an_address_that_one_source_reached_is_reached_for_all() {
    let events = [
        Event::Started,
        found(work(A, 1), &["10.0.0.1"]),
        found(work(B, 1), &["10.0.0.1"]),
        joined(work(B, 1), &["10.0.0.1"], &[]),
    ];
    let engine = after(engine(&[Kind::Retry, Kind::Retry], 0), events);
    assert_eq!(shown(&engine), row(true, &["10.0.0.1"], &["10.0.0.1"]));
}

#[test]
fn the_reason_follows_what_happens() {
    let looking = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let refused = after(looking.clone(), [unresolved(work(A, 1), Retry::Backoff)]);
    let rows = [
        (looking, Some(Reason::Looking)),
        (refused, Some(Reason::DiscoveryFailed)),
        (waiting_for_a_leader(), Some(Reason::NoLeader)),
        (resting(), None),
        (after(resting(), [Event::Asked]), Some(Reason::Looking)),
        (
            after(resting(), [Event::LeaderLost]),
            Some(Reason::NoLeader),
        ),
        (after(resting(), [Event::Stop]), None),
    ];
    for (engine, reason) in rows {
        assert_eq!(engine.reason(), reason, "{engine:?}");
    }
}

#[test]
fn a_join_clears_the_reason_of_its_source() {
    let start = after(engine(&[Kind::Retry], 0), [Event::Started]);
    let failed = after(start, [unresolved(work(A, 1), Retry::Backoff)]);
    let reason = failed.sources()[0].last_failure();
    assert_eq!(reason, Some(Reason::DiscoveryFailed));
    let events = [
        Event::Woke(work(A, 1)),
        found(work(A, 2), &["10.0.0.1"]),
        joined(work(A, 2), &["10.0.0.1"], &[]),
    ];
    let joined = after(failed, events);
    assert_eq!(joined.sources()[0].last_failure(), None);
}
