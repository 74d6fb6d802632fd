//! The answers: every promise, every no, every fate.

use crate::types::RaftId;

use super::super::testing::{cluster, proposal, server, view};
use super::super::*;

fn no(view: &View, proposal: &Proposal) -> No {
    let step = answer(view, &Message::Prepare(proposal.clone()));
    assert_eq!(step.write, None, "a no binds nobody");
    match step.answer.says {
        Says::No { cluster, why } if cluster == proposal.cluster => why,
        says => panic!("no no: {says:?}"),
    }
}

/// Server 2 after it promised to server 1.
fn promised() -> View {
    let mut view = view(2, &[1, 3]);
    let step = answer(&view, &Message::Prepare(proposal(1, &[1, 2, 3])));
    view.ledger = step.write.unwrap();
    view
}

fn fate_of(view: &View, proposal: &Proposal) -> (Option<Ledger>, Fate) {
    let step = answer(view, &Message::AskAbout(proposal.clone()));
    match step.answer.says {
        Says::Fate(fate) => (step.write, fate),
        says => panic!("no fate: {says:?}"),
    }
}

#[test]
fn a_blank_server_writes_the_promise_and_says_yes_with_what_it_knows() {
    let view = view(2, &[1, 3, 4]);
    let wanted = proposal(1, &[1, 2, 3]);
    let step = answer(&view, &Message::Prepare(wanted.clone()));
    let ledger = step.write.unwrap();
    assert_eq!(ledger, view.ledger.with_promise(&wanted));
    let answer = Answer {
        from: RaftId::new(2),
        standing: Standing::Promised(cluster(100)),
        says: Says::Yes {
            cluster: cluster(100),
            electorate: 4,
        },
    };
    assert_eq!(step.answer, answer);
}

#[test]
fn a_promise_asked_for_twice_is_written_once() {
    let view = promised();
    let step = answer(&view, &Message::Prepare(proposal(1, &[1, 2, 3])));
    assert_eq!(step.write, None);
    assert!(matches!(step.answer.says, Says::Yes { .. }));
}

#[test]
fn a_promise_excludes_every_other_proposer() {
    let mut other = proposal(3, &[2, 3, 4]);
    other.cluster = cluster(200);
    assert_eq!(no(&promised(), &other), No::Bound(cluster(100)));
}

#[test]
fn a_proposer_does_not_promise_to_another() {
    let mut view = view(2, &[1, 3]);
    let members = vec![server(1), server(2), server(3)];
    view.ledger = view
        .ledger
        .with_proposal(RaftId::new(2), cluster(200), members);
    let other = proposal(1, &[1, 2, 3]);
    assert_eq!(no(&view, &other), No::Bound(cluster(200)));
}

#[test]
fn the_next_round_of_the_same_proposer_takes_the_place_of_the_promise() {
    let view = promised();
    let mut next = proposal(1, &[1, 2, 3]);
    next.cluster = cluster(200);
    next.ballot.round = 2;
    let step = answer(&view, &Message::Prepare(next.clone()));
    let ledger = step.write.unwrap();
    assert_eq!(ledger.bound(), Some(&next));
    assert!(ledger.is_over(proposal(1, &[]).ballot));
}

#[test]
fn what_was_let_in_is_not_replaced_by_the_next_round() {
    let mut view = promised();
    view.ledger = view.ledger.with_founding(&proposal(1, &[1, 2, 3]));
    let mut next = proposal(1, &[1, 2, 3]);
    next.ballot.round = 2;
    assert_eq!(no(&view, &next), No::Bound(cluster(100)));
}

#[test]
fn every_reason_to_say_no() {
    let good = proposal(1, &[1, 2, 3]);
    assert_eq!(no(&view(2, &[1, 3]), &proposal(1, &[2, 3])), No::Malformed);

    let mut lost = view(2, &[1, 3]);
    lost.own.raft = Raft::Started;
    assert_eq!(no(&lost, &good), No::LedgerLost);

    let mut over = view(2, &[1, 3]);
    over.ledger = over.ledger.with_over(good.ballot);
    assert_eq!(no(&over, &good), No::Over);

    let mut member = view(2, &[1, 3]);
    member.ledger = member.ledger.with_cluster(cluster(7));
    assert_eq!(no(&member, &good), No::InCluster(cluster(7)));

    let mut told = view(2, &[3]);
    told.peer_mut(3).last_said = Some(Standing::InCluster(cluster(7)));
    assert_eq!(no(&told, &good), No::Heard(cluster(7)));

    let mut refused = promised();
    refused.ledger = refused.ledger.with_refusal(true);
    assert_eq!(no(&refused, &good), No::Refused);

    for expectation in [Expectation::Servers(5), Expectation::Alone] {
        let mut other = view(2, &[1, 3]);
        other.own.expectation = expectation;
        assert_eq!(no(&other, &good), No::Expects(expectation));
    }

    let mut full = view(2, &[1, 3]);
    for n in 1000..2024 {
        full.ledger = full.ledger.with_over(Ballot {
            proposer: RaftId::new(n),
            round: 1,
        });
    }
    assert_eq!(no(&full, &good), No::Full);
}

#[test]
fn nobody_promises_to_a_proposer_that_gossip_does_not_know_by_that_disk() {
    let good = proposal(1, &[1, 2, 3]);
    assert_eq!(no(&view(2, &[3]), &good), No::Stranger);
    let mut wiped = view(2, &[1, 3]);
    wiped.peer_mut(1).server.raft_id = RaftId::new(11);
    assert_eq!(no(&wiped, &good), No::Stranger);
}

/// Server 2, which remembers the end of this many foundings of made-up proposers.
fn told_of(strangers: u128) -> View {
    let mut view = view(2, &[1, 3]);
    for n in 1000..1000 + strangers {
        let (ledger, fate) = fate_of(&view, &made_up(n));
        view.ledger = ledger.unwrap_or(view.ledger);
        assert_eq!(fate, Fate::Dead);
    }
    view
}

fn made_up(proposer: u128) -> Proposal {
    let mut members = proposal(1, &[2, 3]).members;
    members.push(Server {
        node_id: server(9).node_id,
        raft_id: RaftId::new(proposer),
        ..server(9)
    });
    Proposal {
        members,
        ..proposal(proposer, &[])
    }
}

#[test]
fn proposers_that_are_made_up_cost_a_few_writes_and_keep_no_real_one_out() {
    let view = told_of(64);
    assert_eq!(fate_of(&view, &made_up(5000)), (None, Fate::Unbound));
    let (ledger, fate) = fate_of(&view, &proposal(1, &[1, 2, 3]));
    assert_eq!((ledger.is_some(), fate), (true, Fate::Dead));
    let step = answer(&view, &Message::Prepare(proposal(1, &[1, 2, 3])));
    assert!(matches!(step.answer.says, Says::Yes { .. }));
}

#[test]
fn a_member_of_a_cluster_says_without_writing_that_another_founding_is_dead() {
    let mut view = view(2, &[1, 3]);
    view.ledger = view.ledger.with_cluster(cluster(7));
    let asked = proposal(1, &[1, 2, 3]);
    assert_eq!(fate_of(&view, &asked), (None, Fate::Dead));
    assert_eq!(fate_of(&view, &proposal(1, &[1, 3])), (None, Fate::Unbound));
}

#[test]
fn a_question_about_another_founding_does_not_end_what_raft_has_committed() {
    let mut view = promised();
    view.ledger = view.ledger.with_founding(&proposal(1, &[1, 2, 3]));
    view.own.raft = Raft::Committed;
    let mut later = proposal(1, &[1, 2, 3]);
    later.ballot.round = 2;
    assert_eq!(fate_of(&view, &later), (None, Fate::Unbound));
}

#[test]
fn a_wiped_member_does_not_promise_for_the_disk_it_had() {
    let mut wiped = view(2, &[1, 3]);
    wiped.own.server.raft_id = RaftId::new(22);
    assert_eq!(no(&wiped, &proposal(1, &[1, 2, 3])), No::OtherDisk);
    let mut copied = view(4, &[1, 2, 3]);
    copied.own.server.raft_id = RaftId::new(2);
    assert_eq!(no(&copied, &proposal(1, &[1, 2, 3])), No::OtherDisk);
}

#[test]
fn a_server_without_a_number_promises_as_a_witness() {
    let mut view = view(4, &[1, 2, 3]);
    view.own.expectation = Expectation::Nothing;
    let step = answer(&view, &Message::Prepare(proposal(1, &[1, 2, 3])));
    assert!(matches!(step.answer.says, Says::Yes { .. }));
}

#[test]
fn a_member_that_is_not_bound_ends_a_founding_by_binding_itself_never_to_be() {
    let view = view(2, &[1, 3]);
    let asked = proposal(1, &[1, 2, 3]);
    let (ledger, fate) = fate_of(&view, &asked);
    assert_eq!(fate, Fate::Dead);
    let mut after = view;
    after.ledger = ledger.unwrap();
    assert_eq!(no(&after, &asked), No::Over);
    assert_eq!(fate_of(&after, &asked), (None, Fate::Dead));
}

#[test]
fn nobody_else_ends_a_founding_by_not_knowing_it() {
    let asked = proposal(1, &[1, 2, 3]);
    // A witness.
    assert_eq!(fate_of(&view(4, &[1, 2, 3]), &asked), (None, Fate::Unbound));
    // A proposer that lost its ledger.
    assert_eq!(fate_of(&view(1, &[]), &asked), (None, Fate::Unbound));
    // A member that lost its ledger and kept its raft data.
    let mut lost = view(2, &[1, 3]);
    lost.own.raft = Raft::Started;
    assert_eq!(fate_of(&lost, &asked), (None, Fate::Unbound));
    // Another disk under the name of a member.
    let mut wiped = view(2, &[1, 3]);
    wiped.own.server.raft_id = RaftId::new(22);
    assert_eq!(fate_of(&wiped, &asked), (None, Fate::Unbound));
}

#[test]
fn a_bound_server_says_how_far_it_went() {
    let asked = proposal(1, &[1, 2, 3]);
    let mut view = promised();
    assert_eq!(fate_of(&view, &asked), (None, Fate::Pending));
    view.ledger = view.ledger.with_refusal(true);
    assert_eq!(fate_of(&view, &asked), (None, Fate::Refused));
    view.ledger = view.ledger.with_founding(&asked);
    assert_eq!(fate_of(&view, &asked), (None, Fate::Founding));
    view.own.raft = Raft::Committed;
    assert_eq!(fate_of(&view, &asked), (None, Fate::Committed));
    view.ledger = view.ledger.with_cluster(cluster(100));
    assert_eq!(fate_of(&view, &asked), (None, Fate::Committed));
}

#[test]
fn a_proposer_that_aborted_says_so() {
    let mut view = view(1, &[]);
    view.ledger =
        view.ledger
            .with_proposal(RaftId::new(1), cluster(100), vec![server(1), server(2)]);
    let begun = view.ledger.bound().unwrap().clone();
    assert_eq!(fate_of(&view, &begun), (None, Fate::Pending));
    view.ledger = view.ledger.restarted().unwrap();
    assert_eq!(fate_of(&view, &begun), (None, Fate::Dead));
}

#[test]
fn the_end_of_a_founding_frees_whom_it_bound_and_nobody_else() {
    let ballot = proposal(1, &[]).ballot;
    let mut view = promised();
    let ledger = answer(&view, &Message::Over(ballot)).write.unwrap();
    assert_eq!(ledger, view.ledger.with_over(ballot));
    assert_eq!(ledger.seat(), &Seat::Blank);

    let earlier = Ballot { round: 0, ..ballot };
    assert_eq!(answer(&view, &Message::Over(earlier)).write, None);
    let other = Ballot {
        proposer: RaftId::new(3),
        ..ballot
    };
    assert_eq!(answer(&view, &Message::Over(other)).write, None);

    view.ledger = view.ledger.with_founding(&proposal(1, &[1, 2, 3]));
    view.own.raft = Raft::Started;
    let ledger = answer(&view, &Message::Over(ballot)).write.unwrap();
    assert!(matches!(ledger.seat(), Seat::Wiping(_)));
    view.own.raft = Raft::Committed;
    assert_eq!(answer(&view, &Message::Over(ballot)).write, None);
}

#[test]
fn a_question_changes_nothing() {
    let view = promised();
    let step = answer(&view, &Message::Ask);
    assert_eq!(step.write, None);
    assert_eq!(step.answer.standing, Standing::Promised(cluster(100)));
}

#[test]
fn messages_and_ledgers_read_back_what_they_wrote() {
    let asked = proposal(1, &[1, 2, 3]);
    let messages = [
        Message::Ask,
        Message::AskAbout(asked.clone()),
        Message::Prepare(asked.clone()),
        Message::Over(asked.ballot),
    ];
    for message in messages {
        let bytes = postcard::to_stdvec(&message).unwrap();
        assert_eq!(postcard::from_bytes::<Message>(&bytes).unwrap(), message);
    }
    let ledger = promised().ledger.with_refusal(true);
    let bytes = postcard::to_stdvec(&ledger).unwrap();
    assert_eq!(postcard::from_bytes::<Ledger>(&bytes).unwrap(), ledger);
    let mut unknown = bytes;
    unknown[0] = 9;
    assert!(postcard::from_bytes::<Ledger>(&unknown).is_err());
}
