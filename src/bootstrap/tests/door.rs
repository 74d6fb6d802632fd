//! The door: every seat against every speech.

use crate::types::RaftId;

use super::super::testing::{cluster, proposal, server};
use super::super::*;

/// What the door of server 2 says to raft of a cluster.
fn door(ledger: &Ledger, speaks: u128, has_committed: bool) -> Admission {
    let raft = match ledger.seat() {
        Seat::Founding(_) | Seat::Wiping(_) | Seat::Member(_) => Raft::Started,
        Seat::Blank | Seat::Preparing(_) | Seat::Promised { .. } => Raft::Pristine,
    };
    let speech = Speech {
        cluster: cluster(speaks),
        has_committed,
    };
    admit(ledger, RaftId::new(2), raft, speech)
}

const fn shut(why: Shut) -> Admission {
    Admission::Shut(why)
}

#[test]
fn a_member_hears_its_own_cluster_and_no_other() {
    let ledger = Ledger::default().with_cluster(cluster(7));
    for has_committed in [false, true] {
        assert_eq!(door(&ledger, 7, has_committed), Admission::Open);
        let other = shut(Shut::OtherCluster(cluster(7)));
        assert_eq!(door(&ledger, 100, has_committed), other);
    }
}

#[test]
fn a_blank_server_is_adopted_by_a_cluster_that_has_committed() {
    let blank = Ledger::default();
    let adopted = Admission::Adopt(blank.with_cluster(cluster(7)));
    assert_eq!(door(&blank, 7, true), adopted);
    let not_member = shut(Shut::NotMember(cluster(7)));
    assert_eq!(door(&blank, 7, false), not_member);
}

#[test]
fn a_blank_server_that_knows_of_another_cluster_is_adopted_by_neither() {
    let ledger = Ledger::default().with_heard(cluster(8)).unwrap();
    assert_eq!(door(&ledger, 7, true), shut(Shut::Ambiguous(cluster(8))));
    let adopted = Admission::Adopt(ledger.with_cluster(cluster(8)));
    assert_eq!(door(&ledger, 8, true), adopted);
}

#[test]
fn a_member_of_the_promise_lets_raft_speak_for_it() {
    let promise = proposal(1, &[1, 2, 3]);
    let ledger = Ledger::default().with_promise(&promise);
    let founding = Admission::Adopt(ledger.with_founding(&promise));
    assert_eq!(door(&ledger, 100, false), founding);
    let member = Admission::Adopt(ledger.with_cluster(cluster(100)));
    assert_eq!(door(&ledger, 100, true), member);
    assert_eq!(door(&ledger, 7, true), shut(Shut::Bound(cluster(100))));
}

#[test]
fn a_refusal_binds_until_the_founding_has_committed() {
    let promise = proposal(1, &[1, 2, 3]);
    let ledger = Ledger::default().with_promise(&promise).with_refusal(true);
    assert_eq!(door(&ledger, 100, false), shut(Shut::Refused(cluster(100))));
    let member = Admission::Adopt(ledger.with_cluster(cluster(100)));
    assert_eq!(door(&ledger, 100, true), member);
}

#[test]
fn a_witness_enters_when_the_founding_has_committed() {
    let promise = proposal(1, &[1, 3, 4]);
    let ledger = Ledger::default().with_promise(&promise);
    let not_member = shut(Shut::NotMember(cluster(100)));
    assert_eq!(door(&ledger, 100, false), not_member);
    let member = Admission::Adopt(ledger.with_cluster(cluster(100)));
    assert_eq!(door(&ledger, 100, true), member);
}

#[test]
fn whoever_let_raft_in_hears_that_founding_alone() {
    let ledger = Ledger::default().with_founding(&proposal(1, &[1, 2, 3]));
    assert_eq!(door(&ledger, 100, false), Admission::Open);
    let member = Admission::Adopt(ledger.with_cluster(cluster(100)));
    assert_eq!(door(&ledger, 100, true), member);
    assert_eq!(door(&ledger, 7, true), shut(Shut::Bound(cluster(100))));
}

#[test]
fn a_proposer_and_a_server_that_wipes_hear_nothing() {
    let members = vec![server(2), server(3)];
    let preparing = Ledger::default().with_proposal(RaftId::new(2), cluster(100), members);
    let promise = proposal(1, &[1, 2, 3]);
    let wiping = Ledger::default()
        .with_founding(&promise)
        .with_over(promise.ballot);
    for ledger in [preparing, wiping] {
        for speaks in [100, 7] {
            assert_eq!(door(&ledger, speaks, true), shut(Shut::Bound(cluster(100))));
        }
    }
}

#[test]
fn raft_data_without_a_record_hears_nothing() {
    let promise = proposal(1, &[1, 2, 3]);
    for ledger in [Ledger::default(), Ledger::default().with_promise(&promise)] {
        let speech = Speech {
            cluster: cluster(100),
            has_committed: true,
        };
        let admission = admit(&ledger, RaftId::new(2), Raft::Started, speech);
        assert_eq!(admission, shut(Shut::LedgerLost));
    }
}
