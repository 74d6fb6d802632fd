//! Rule 9: each way out of a founding that binds.

use std::net::SocketAddr;

use crate::types::{ClusterId, RaftId};

use super::super::testing::{cluster, proposal, server, view};
use super::super::*;

/// Server 2, which promised server 1 to found with it and 3, and has waited long enough.
fn promised(fates: &[(u128, Option<Fate>)]) -> View {
    let mut view = view(2, &[1, 3]);
    view.ledger = view.ledger.with_promise(&proposal(1, &[1, 2, 3]));
    view.is_overdue = true;
    tell(&mut view, fates);
    view
}

/// The same, after it refused.
fn refused(fates: &[(u128, Option<Fate>)]) -> View {
    let mut view = promised(fates);
    view.ledger = view.ledger.with_refusal(true);
    view
}

/// Server 1, which founded, initialised, and has waited long enough.
fn founder(fates: &[(u128, Option<Fate>)]) -> View {
    let mut view = view(1, &[2, 3]);
    view.ledger = view.ledger.with_founding(&proposal(1, &[1, 2, 3]));
    view.own.raft = Raft::Started;
    view.is_overdue = true;
    tell(&mut view, fates);
    view
}

fn tell(view: &mut View, fates: &[(u128, Option<Fate>)]) {
    let fates = fates.iter().map(|(n, fate)| (RaftId::new(*n), *fate));
    view.fates = fates.collect();
}

fn write(ledger: Ledger, change: fn(ClusterId) -> Change) -> Decision {
    let change = change(cluster(100));
    Decision::Write { ledger, change }
}

fn released(view: &View) -> Decision {
    let ballot = proposal(1, &[]).ballot;
    write(view.ledger.with_over(ballot), Change::Released)
}

fn in_progress() -> Decision {
    Decision::Wait(Waiting::InProgress {
        cluster: cluster(100),
        proposer: Some("s1".parse().unwrap()),
    })
}

fn blocked(silent: &[&str]) -> Decision {
    Decision::Wait(Waiting::Blocked {
        cluster: cluster(100),
        silent: silent.iter().map(|name| name.parse().unwrap()).collect(),
    })
}

#[test]
fn nobody_is_asked_about_a_founding_before_it_is_overdue() {
    let mut view = promised(&[]);
    view.is_overdue = false;
    assert_eq!(decide(&view), in_progress());
}

#[test]
fn the_members_are_asked_when_it_is() {
    let about = |n| Question {
        to: server(n),
        about: Some(proposal(1, &[1, 2, 3])),
    };
    assert_eq!(
        decide(&promised(&[])),
        Decision::Ask(vec![about(1), about(3)])
    );
    let told = promised(&[(1, None)]);
    assert_eq!(decide(&told), Decision::Ask(vec![about(3)]));
}

#[test]
fn a_member_that_moved_since_is_asked_where_it_is_now() {
    let mut view = promised(&[]);
    let moved = SocketAddr::from(([127, 0, 0, 99], 8300));
    let proposer = view.peers.get_mut(&server(1).node_id).unwrap();
    proposer.server.rpc_addr = moved;
    // Another disk under the node id of the third is not the third.
    let third = view.peers.get_mut(&server(3).node_id).unwrap();
    third.server = Server {
        raft_id: RaftId::new(30),
        rpc_addr: moved,
        ..server(3)
    };
    let Decision::Ask(questions) = decide(&view) else {
        panic!("nobody is asked");
    };
    let asked: Vec<SocketAddr> = questions.iter().map(|q| q.to.rpc_addr).collect();
    assert_eq!(asked, [moved, server(3).rpc_addr]);
}

#[test]
fn a_proposer_that_prepares_waits_for_its_tally() {
    let mut view = view(1, &[2, 3]);
    let members = vec![server(1), server(2), server(3)];
    view.ledger = view
        .ledger
        .with_proposal(RaftId::new(1), cluster(100), members);
    assert_eq!(decide(&view), in_progress());
}

#[test]
fn a_member_gives_up_a_proposer_that_is_silent_or_cannot_tell() {
    for proposer in [None, Some(Fate::Unbound)] {
        let view = promised(&[(1, proposer), (3, Some(Fate::Pending))]);
        let ledger = view.ledger.with_refusal(true);
        assert_eq!(decide(&view), write(ledger, Change::Refused));
    }
}

#[test]
fn a_member_that_let_raft_speak_gives_nobody_up() {
    let mut view = promised(&[(1, None), (3, Some(Fate::Pending))]);
    view.ledger = view.ledger.with_founding(&proposal(1, &[1, 2, 3]));
    view.own.raft = Raft::Started;
    assert_eq!(decide(&view), blocked(&["s1"]));
}

#[test]
fn a_proposer_that_answers_is_not_given_up() {
    for proposer in [Fate::Pending, Fate::Founding] {
        let view = promised(&[(1, Some(proposer)), (3, Some(Fate::Pending))]);
        assert_eq!(decide(&view), in_progress());
    }
}

#[test]
fn a_silent_proposer_is_not_given_up_while_another_member_carries_on() {
    let view = promised(&[(1, None), (3, Some(Fate::Founding))]);
    assert_eq!(decide(&view), blocked(&["s1"]));
}

#[test]
fn a_witness_refuses_nothing() {
    let mut view = view(4, &[1, 2, 3]);
    view.ledger = view.ledger.with_promise(&proposal(1, &[1, 2, 3]));
    view.is_overdue = true;
    let pending = Some(Fate::Pending);
    tell(&mut view, &[(1, None), (2, pending), (3, pending)]);
    assert_eq!(decide(&view), blocked(&["s1"]));
    let refused = Some(Fate::Refused);
    tell(&mut view, &[(1, None), (2, refused), (3, refused)]);
    assert_eq!(decide(&view), released(&view));
}

#[test]
fn refusals_that_leave_no_quorum_free_everybody() {
    let one = refused(&[(1, None), (3, Some(Fate::Pending))]);
    assert_eq!(decide(&one), blocked(&["s1"]));
    let two = refused(&[(1, None), (3, Some(Fate::Refused))]);
    assert_eq!(decide(&two), released(&two));
    let back = founder(&[(2, Some(Fate::Refused)), (3, Some(Fate::Refused))]);
    assert_eq!(decide(&back), released(&back));
    let early = founder(&[(2, Some(Fate::Refused)), (3, None)]);
    assert_eq!(decide(&early), blocked(&["s3"]));
}

#[test]
fn refusals_of_servers_that_are_no_members_do_not_count() {
    let view = refused(&[
        (1, None),
        (3, Some(Fate::Pending)),
        (4, Some(Fate::Refused)),
    ]);
    assert_eq!(decide(&view), blocked(&["s1"]));
}

#[test]
fn whoever_knows_that_it_is_dead_frees_the_others() {
    let view = promised(&[(1, None), (3, Some(Fate::Dead))]);
    assert_eq!(decide(&view), released(&view));
}

#[test]
fn a_refusal_is_lifted_once_a_quorum_has_let_raft_speak() {
    let view = refused(&[(1, None), (3, Some(Fate::Founding))]);
    let ledger = view.ledger.with_refusal(false);
    assert_eq!(decide(&view), write(ledger, Change::Lifted));
    let founder_alone = refused(&[(1, Some(Fate::Founding)), (3, Some(Fate::Pending))]);
    assert_eq!(decide(&founder_alone), in_progress());
}

#[test]
fn a_refusal_is_lifted_by_proof_that_the_founding_has_committed() {
    let told = refused(&[(1, None), (3, Some(Fate::Committed))]);
    let ledger = told.ledger.with_refusal(false);
    assert_eq!(decide(&told), write(ledger, Change::Lifted));
}

#[test]
fn a_promise_that_was_kept_without_the_server_is_joined() {
    let told = promised(&[(1, None), (3, Some(Fate::Committed))]);
    assert_eq!(decide(&told), Decision::Join(cluster(100)));
    let mut seen = promised(&[]);
    seen.ledger = seen.ledger.with_heard(cluster(100)).unwrap();
    assert_eq!(decide(&seen), Decision::Join(cluster(100)));
}

#[test]
fn a_server_that_is_bound_does_not_join_another_cluster() {
    let mut view = promised(&[]);
    view.is_overdue = false;
    view.ledger = view.ledger.with_heard(cluster(7)).unwrap();
    assert_eq!(decide(&view), in_progress());
}

#[test]
fn what_raft_committed_is_never_given_up() {
    let refused = Some(Fate::Refused);
    let mut view = founder(&[(2, refused), (3, refused)]);
    view.own.raft = Raft::Committed;
    let ledger = view.ledger.with_cluster(cluster(100));
    assert_eq!(decide(&view), write(ledger, Change::Committed));
}
