//! The ledger: every transition from every seat.

use crate::types::RaftId;

use super::super::testing::{cluster, proposal, server};
use super::super::*;

fn blank() -> Ledger {
    Ledger::default()
}

fn preparing() -> Ledger {
    blank().with_proposal(RaftId::new(1), cluster(100), vec![server(1), server(2)])
}

fn promised() -> Ledger {
    blank().with_promise(&proposal(1, &[1, 2]))
}

fn founding() -> Ledger {
    blank().with_founding(&proposal(1, &[1, 2]))
}

fn member() -> Ledger {
    blank().with_cluster(cluster(7))
}

/// What `with_over` of the only proposal makes of each.
#[test]
fn the_end_of_a_founding_frees_a_promise_and_leaves_raft_to_be_wiped() {
    let ballot = proposal(1, &[]).ballot;
    for ledger in [preparing(), promised(), promised().with_refusal(true)] {
        assert_eq!(ledger.with_over(ballot).seat(), &Seat::Blank);
    }
    let wiping = founding().with_over(ballot);
    assert_eq!(wiping.seat(), &Seat::Wiping(proposal(1, &[1, 2])));
    assert_eq!(wiping.with_over(ballot), wiping);
    assert_eq!(wiping.wiped().seat(), &Seat::Blank);
    assert!(wiping.wiped().is_over(ballot));
    assert_eq!(member().with_over(ballot).seat(), member().seat());
}

#[test]
fn the_end_of_another_founding_frees_nobody() {
    let other = proposal(2, &[]).ballot;
    for ledger in [preparing(), promised(), founding()] {
        assert_eq!(ledger.with_over(other).seat(), ledger.seat());
    }
}

#[test]
fn the_end_of_a_round_is_the_end_of_all_before_it_and_of_none_after() {
    let round = |round| Ballot {
        proposer: RaftId::new(1),
        round,
    };
    let ledger = blank().with_over(round(5)).with_over(round(3));
    for (n, is_over) in [(1, true), (5, true), (6, false)] {
        assert_eq!(ledger.is_over(round(n)), is_over, "{n}");
    }
}

#[test]
fn a_proposer_never_uses_a_round_twice() {
    let own = RaftId::new(1);
    let first = preparing();
    let aborted = first.restarted().unwrap();
    let second = aborted.with_proposal(own, cluster(200), vec![server(1)]);
    assert_eq!(first.bound().unwrap().ballot.round, 1);
    assert_eq!(second.bound().unwrap().ballot.round, 2);
}

#[test]
fn a_start_aborts_what_was_being_prepared_and_nothing_else() {
    assert_eq!(preparing().restarted().unwrap().seat(), &Seat::Blank);
    let kept = [blank(), promised(), founding(), member()];
    for ledger in kept {
        assert_eq!(ledger.restarted(), None);
    }
}

#[test]
fn the_operator_gives_up_what_binds_and_nothing_else() {
    assert_eq!(promised().abandoned().unwrap().seat(), &Seat::Blank);
    assert_eq!(preparing().abandoned().unwrap().seat(), &Seat::Blank);
    let wiping = founding().abandoned().unwrap();
    assert!(matches!(wiping.seat(), Seat::Wiping(_)));
    for ledger in [blank(), member(), wiping] {
        assert_eq!(ledger.abandoned(), None);
    }
}

#[test]
fn only_a_promise_is_refused() {
    for ledger in [blank(), preparing(), founding(), member()] {
        assert_eq!(ledger.with_refusal(true), ledger);
    }
    assert_ne!(promised().with_refusal(true), promised());
}

#[test]
fn only_wiping_ends_by_having_wiped() {
    for ledger in [blank(), preparing(), promised(), founding(), member()] {
        assert_eq!(ledger.wiped(), ledger);
    }
}

#[test]
fn clusters_are_remembered_once_and_within_a_bound_and_not_by_members() {
    let mut ledger = blank();
    for n in 1..=8 {
        ledger = ledger.with_heard(cluster(n)).unwrap();
        assert_eq!(ledger.with_heard(cluster(n)), None);
    }
    assert_eq!(ledger.with_heard(cluster(9)), None);
    assert!(ledger.with_cluster(cluster(1)).heard().is_empty());
    assert_eq!(member().with_heard(cluster(9)), None);
}

#[test]
fn a_cluster_is_announced_only_when_it_has_committed() {
    assert_eq!(founding().cluster(), None);
    assert_eq!(founding().raft_cluster(), Some(cluster(100)));
    assert_eq!(member().cluster(), Some(cluster(7)));
    assert_eq!(member().raft_cluster(), Some(cluster(7)));
    for ledger in [blank(), preparing(), promised()] {
        assert_eq!((ledger.cluster(), ledger.raft_cluster()), (None, None));
    }
}

#[test]
fn every_seat_says_where_it_stands() {
    let ballot = proposal(1, &[]).ballot;
    let rows = [
        (blank(), Standing::Blank),
        (preparing(), Standing::Proposing(cluster(100))),
        (promised(), Standing::Promised(cluster(100))),
        (founding(), Standing::Founding(cluster(100))),
        (
            founding().with_over(ballot),
            Standing::Promised(cluster(100)),
        ),
        (member(), Standing::InCluster(cluster(7))),
        (
            blank().with_heard(cluster(8)).unwrap(),
            Standing::Heard(cluster(8)),
        ),
    ];
    for (ledger, standing) in rows {
        assert_eq!(ledger.standing(), standing);
    }
}
