//! The rules of the decision, one by one: each test dies if its rule is deleted.

use proptest::prelude::*;

use crate::types::{MemberStatus, NodeId};

use super::super::testing::{cluster, peer, proposal, server, view};
use super::super::*;

pub(super) fn propose(members: &[u128], ask: &[u128]) -> Decision {
    Decision::Propose(Draft {
        members: members.iter().map(|n| server(*n)).collect(),
        ask: ask.iter().map(|n| server(*n)).collect(),
    })
}

/// The code of a wait; anything else is a failure.
pub(super) fn code(view: &View) -> &'static str {
    match decide(view) {
        Decision::Wait(waiting) => waiting.code(),
        decision => panic!("no wait: {decision:?}"),
    }
}

fn written(view: &View) -> (Ledger, Change) {
    match decide(view) {
        Decision::Write { ledger, change } => (ledger, change),
        decision => panic!("nothing written: {decision:?}"),
    }
}

fn alone(own: u128, others: &[u128]) -> View {
    let mut view = view(own, others);
    view.own.expectation = Expectation::Alone;
    for peer in view.peers.values_mut() {
        peer.expectation = Expectation::Alone;
    }
    view
}

#[test]
fn raft_data_without_a_record_founds_nothing() {
    let mut view = view(1, &[2, 3]);
    view.own.raft = Raft::Started;
    assert_eq!(code(&view), "ledger-lost");
    assert_eq!(view.standing(), Standing::Lost);
}

#[test]
fn a_cluster_that_a_member_told_of_is_remembered_and_joined_even_when_it_is_gone() {
    let mut view = view(1, &[2, 3]);
    view.peer_mut(3).announced = Some(cluster(7));
    let (ledger, change) = written(&view);
    assert_eq!(change, Change::Heard(cluster(7)));
    view.peers.clear();
    view.ledger = ledger;
    assert_eq!(decide(&view), Decision::Join(cluster(7)));
    assert_eq!(view.ledger.standing(), Standing::Heard(cluster(7)));
}

#[test]
fn a_member_that_is_down_still_counts_as_in_its_cluster() {
    let mut view = view(1, &[2, 3, 4]);
    let peer = view.peer_mut(4);
    peer.status = MemberStatus::Failed;
    peer.last_said = Some(Standing::InCluster(cluster(7)));
    assert_eq!(written(&view).1, Change::Heard(cluster(7)));
}

#[test]
fn the_word_of_another_about_a_cluster_stops_a_founding_but_is_not_remembered() {
    let mut view = view(1, &[2, 3, 4]);
    view.peer_mut(4).last_said = Some(Standing::Heard(cluster(7)));
    assert_eq!(decide(&view), Decision::Join(cluster(7)));
    view.peers.remove(&NodeId::new(4));
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3]));
}

#[test]
fn a_cluster_whose_agents_called_stops_a_founding_but_is_not_remembered() {
    let mut view = view(1, &[2, 3]);
    let wanted = proposal(2, &[1, 2, 3]);
    view.called.insert(cluster(7));
    assert_eq!(decide(&view), Decision::Join(cluster(7)));
    assert_eq!(view.standing(), Standing::Heard(cluster(7)));
    let step = answer(&view, &Message::Prepare(wanted.clone()));
    assert_eq!(step.write, None);
    assert!(matches!(step.answer.says, Says::No { why: No::Heard(it), .. } if it == cluster(7)));
    // Giving up a promise is no reason to say that it is blank.
    let step = answer(&view, &Message::AskAbout(wanted));
    assert_eq!(step.answer.standing, Standing::Heard(cluster(7)));
    view.called.clear();
    assert_eq!(propose(&[1, 2, 3], &[2, 3]), decide(&view));
}

#[test]
fn between_two_clusters_a_blank_server_joins_neither() {
    let mut view = view(1, &[2, 3]);
    view.ledger = view.ledger.with_heard(cluster(7)).unwrap();
    view.ledger = view.ledger.with_heard(cluster(8)).unwrap();
    assert_eq!(code(&view), "ambiguous-cluster");
}

#[test]
fn what_was_begun_is_finished_first() {
    let mut view = view(1, &[2, 3]);
    let begun = proposal(1, &[1, 2, 3]);
    view.ledger = Ledger::default().with_founding(&begun);
    assert_eq!(decide(&view), Decision::Initialize(begun.clone()));
    view.own.raft = Raft::Started;
    assert_eq!(code(&view), "founding-in-progress");
    view.ledger = view.ledger.with_over(begun.ballot);
    assert_eq!(decide(&view), Decision::Wipe(cluster(100)));
    view.ledger = Ledger::default().with_cluster(cluster(7));
    assert_eq!(decide(&view), Decision::Serve(cluster(7)));
}

#[test]
fn only_the_proposer_initialises() {
    let mut view = view(2, &[1, 3]);
    view.ledger = Ledger::default().with_founding(&proposal(1, &[1, 2, 3]));
    assert_eq!(code(&view), "founding-in-progress");
}

#[test]
fn a_server_without_a_number_founds_nothing() {
    let mut view = view(1, &[2, 3]);
    for expectation in [Expectation::Nothing, Expectation::Servers(0)] {
        view.own.expectation = expectation;
        assert_eq!(code(&view), "found-not-asked");
    }
}

#[test]
fn a_server_without_a_number_is_a_witness_and_no_member() {
    let mut view = view(2, &[1, 3, 4]);
    view.peer_mut(1).expectation = Expectation::Nothing;
    assert_eq!(decide(&view), propose(&[2, 3, 4], &[1, 3, 4]));
}

#[test]
fn whoever_was_not_asked_is_asked_first() {
    let mut view = view(1, &[2, 3]);
    view.peer_mut(3).contact = Contact::Unasked;
    let question = Question {
        to: server(3),
        about: None,
    };
    assert_eq!(decide(&view), Decision::Ask(vec![question]));
}

#[test]
fn a_server_that_expects_none_disagrees_with_nobody() {
    let mut view = view(1, &[2, 3, 4]);
    view.peer_mut(4).expectation = Expectation::Servers(0);
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3, 4]));
}

#[test]
fn servers_that_disagree_found_nothing() {
    for expectation in [Expectation::Servers(5), Expectation::Alone] {
        let mut view = view(1, &[2, 3, 4]);
        view.peer_mut(4).expectation = expectation;
        let others = vec![("s4".parse().unwrap(), expectation)];
        let own = Expectation::Servers(3);
        assert_eq!(
            decide(&view),
            Decision::Wait(Waiting::Mismatch { own, others })
        );
    }
}

#[test]
fn a_server_that_is_alive_and_silent_is_unknown_and_not_blank() {
    let mut view = view(1, &[2, 3, 4]);
    view.peer_mut(4).contact = Contact::Silent;
    assert_eq!(code(&view), "waiting-unknown-peers");
    view.peer_mut(4).contact = Contact::Answered;
    view.peer_mut(4).last_said = Some(Standing::Lost);
    assert_eq!(code(&view), "waiting-unknown-peers");
}

#[test]
fn a_proposer_that_is_alive_may_finish() {
    let mut view = view(1, &[2, 3, 4]);
    view.peer_mut(4).last_said = Some(Standing::Proposing(cluster(100)));
    assert_eq!(code(&view), "founding-in-progress");
}

#[test]
fn a_server_that_a_dead_founding_binds_stops_nobody() {
    let mut view = view(1, &[2, 3, 4]);
    view.peer_mut(4).last_said = Some(Standing::Promised(cluster(100)));
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3]));
}

#[test]
fn fewer_servers_than_expected_wait_and_say_who_is_here() {
    let waiting = Waiting::Servers {
        here: vec!["s1".parse().unwrap(), "s2".parse().unwrap()],
        expect: 3,
    };
    assert_eq!(decide(&view(1, &[2])), Decision::Wait(waiting));
}

#[test]
fn servers_that_are_down_or_left_are_not_here() {
    for status in [
        MemberStatus::Failed,
        MemberStatus::Left,
        MemberStatus::Leaving,
    ] {
        let mut view = view(1, &[2, 3]);
        view.peer_mut(3).status = status;
        assert_eq!(code(&view), "waiting-for-servers");
    }
}

#[test]
fn the_smallest_node_id_proposes_and_the_others_stand_by() {
    assert_eq!(decide(&view(1, &[2, 3])), propose(&[1, 2, 3], &[2, 3]));
    for (own, others) in [(2, [1, 3]), (3, [1, 2])] {
        let proposer = "s1".parse().unwrap();
        let stand_by = Decision::Wait(Waiting::StandBy { proposer });
        assert_eq!(decide(&view(own, &others)), stand_by);
    }
}

#[test]
fn no_more_members_than_expected_but_all_are_asked() {
    assert_eq!(
        decide(&view(1, &[2, 3, 4, 5])),
        propose(&[1, 2, 3], &[2, 3, 4, 5])
    );
}

#[test]
fn bootstrap_founds_alone_whatever_addresses_are_silent() {
    let mut view = view(1, &[]);
    view.unreached
        .extend((1..10).map(|n| format!("10.0.0.9:{n}").parse().unwrap()));
    view.own.expectation = Expectation::Alone;
    assert_eq!(decide(&view), propose(&[1], &[]));
}

#[test]
fn bootstrap_founds_nothing_beside_a_cluster_or_a_server_that_is_silent() {
    let mut view = alone(1, &[2]);
    assert_eq!(decide(&view), propose(&[1], &[]));
    view.peer_mut(2).contact = Contact::Silent;
    assert_eq!(code(&view), "waiting-unknown-peers");
    view.peer_mut(2).announced = Some(cluster(7));
    assert_eq!(written(&view).1, Change::Heard(cluster(7)));
}

#[test]
fn of_two_servers_with_bootstrap_only_one_founds() {
    assert_eq!(code(&alone(2, &[1])), "waiting-for-proposer");
}

proptest! {
    /// Equal facts give one proposer, and the same members on every server.
    #[test]
    fn servers_with_equal_facts_agree(
        ids in prop::collection::btree_set(1u128..200, 1..9),
        expect in 1u32..6,
    ) {
        let ids: Vec<u128> = ids.into_iter().collect();
        let mut drafts = Vec::new();
        for own in &ids {
            let mut view = view(*own, &[]);
            view.own.expectation = Expectation::Servers(expect);
            for other in ids.iter().rev().filter(|other| *other != own) {
                let expectation = view.own.expectation;
                view.peers.insert(NodeId::new(*other), Peer { expectation, ..peer(*other) });
            }
            let decision = decide(&view);
            prop_assert_eq!(&decision, &decide(&view.clone()));
            if let Decision::Propose(draft) = decision {
                drafts.push((*own, draft));
            }
        }
        let expect = usize::try_from(expect).unwrap();
        if ids.len() < expect {
            prop_assert!(drafts.is_empty());
        } else {
            let members: Vec<Server> = ids.iter().take(expect).map(|n| server(*n)).collect();
            prop_assert_eq!(drafts.len(), 1);
            prop_assert_eq!(drafts[0].0, ids[0]);
            prop_assert_eq!(&drafts[0].1.members, &members);
        }
    }
}
