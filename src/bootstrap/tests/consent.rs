//! Rule 5: whose consent a founding needs.

use crate::types::{MemberStatus, NodeId};

use super::super::testing::{cluster, peer, server, view};
use super::super::*;
use super::decide::{code, propose};

/// A view with this many addresses listed and silent.
fn with_silent_addresses(own: u128, others: &[u128], silent: u16) -> View {
    let mut view = view(own, others);
    for port in 1..=silent {
        let address = format!("10.0.0.9:{port}");
        view.unreached.insert(address.parse().unwrap());
    }
    view
}

#[test]
fn one_expected_server_with_three_silent_addresses_founds_nothing() {
    let mut view = with_silent_addresses(1, &[], 3);
    view.own.expectation = Expectation::Servers(1);
    assert_eq!(code(&view), "waiting-unknown-peers");
}

#[test]
fn a_list_with_one_dead_entry_among_four_founds_unless_safety_is_strict() {
    let mut view = with_silent_addresses(1, &[2, 3], 1);
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3]));
    view.own.safety = Safety::Strict;
    assert_eq!(code(&view), "waiting-unknown-peers");
}

#[test]
fn with_open_safety_silent_addresses_do_not_count() {
    let mut view = with_silent_addresses(1, &[2, 3], 9);
    assert_eq!(code(&view), "waiting-unknown-peers");
    view.own.safety = Safety::Open;
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3]));
}

#[test]
fn a_source_without_a_complete_answer_counts_as_one_address() {
    let mut view = with_silent_addresses(1, &[2, 3], 2);
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3]));
    view.open_sources.insert("provider=aws".to_owned());
    assert_eq!(code(&view), "waiting-unknown-peers");
}

#[test]
fn of_the_servers_that_are_down_only_the_blank_ones_do_not_count() {
    let mut view = view(1, &[2, 3, 4, 5, 6]);
    for n in [4, 5, 6] {
        view.peer_mut(n).status = MemberStatus::Failed;
    }
    assert_eq!(view.electorate(), 3);
    view.peer_mut(4).last_said = None;
    view.peer_mut(5).last_said = Some(Standing::Promised(cluster(100)));
    view.peer_mut(6).status = MemberStatus::Left;
    assert_eq!(view.electorate(), 5);
    view.peer_mut(6).last_said = Some(Standing::Promised(cluster(100)));
    assert_eq!(view.electorate(), 6);
    assert_eq!(code(&view), "waiting-unknown-peers");
}

#[test]
fn with_strict_safety_a_server_that_is_down_blocks_though_it_was_blank() {
    let mut view = view(1, &[2, 3, 4]);
    view.peer_mut(4).status = MemberStatus::Failed;
    assert_eq!(decide(&view), propose(&[1, 2, 3], &[2, 3]));
    view.own.safety = Safety::Strict;
    assert_eq!(code(&view), "waiting-unknown-peers");
}

#[test]
fn two_starters_that_died_and_were_replaced_stop_nobody_also_if_they_never_spoke() {
    let mut view = view(4, &[1, 2, 3, 5]);
    for n in [1, 2] {
        view.peer_mut(n).status = MemberStatus::Failed;
    }
    assert_eq!(code(&view), "waiting-for-proposer");
    view.own.server = server(3);
    view.peers.remove(&NodeId::new(3));
    view.peers.insert(NodeId::new(4), peer(4));
    for last_said in [Some(Standing::Blank), None] {
        view.peer_mut(1).last_said = last_said;
        view.peer_mut(2).last_said = last_said;
        assert_eq!(decide(&view), propose(&[3, 4, 5], &[4, 5]));
    }
}
