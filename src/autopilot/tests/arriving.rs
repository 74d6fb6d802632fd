//! Who is taken in, promoted, followed to a new address, and kept out.

use super::*;

#[test]
fn a_new_server_is_added_as_a_learner() {
    let mut view = calm();
    view.servers.push(server(4));
    assert_eq!(view.duty(), Some(Duty::Add(server(4))));
    view.servers[3].cluster = Some(view.cluster);
    assert!(matches!(view.duty(), Some(Duty::Add(_))));
}

#[test]
fn a_server_of_another_cluster_is_never_touched() {
    let mut view = calm();
    let mut stranger = server(4);
    stranger.cluster = Some(ClusterId::new(8));
    view.servers.push(stranger.clone());
    assert_eq!(view.duty(), None);
    view.peers.push(peer(4, false));
    view.stable.push(stranger.raft_id);
    assert_eq!(view.duty(), None);
}

#[test]
fn a_server_that_is_down_is_neither_added_nor_removed() {
    let mut view = calm();
    view.servers[2].status = MemberStatus::Failed;
    assert_eq!(view.duty(), None);
    view.peers.remove(2);
    assert_eq!(view.duty(), None);
}

#[test]
fn a_learner_is_promoted_once_it_is_stable_and_keeps_up() {
    let mut view = calm();
    view.servers.push(server(4));
    view.peers.push(peer(4, false));
    assert_eq!(view.duty(), None);
    view.stable.push(RaftId::new(4));
    assert_eq!(view.duty(), Some(Duty::Promote(RaftId::new(4))));
    view.peers[3].matched = 1000 - view.config.max_trailing_logs - 1;
    assert_eq!(view.duty(), None);
    view.last_index = 10;
    view.peers[3].matched = 0;
    assert_eq!(view.duty(), None, "it has never answered");
}

#[test]
fn a_wiped_server_replaces_its_former_self_before_it_is_added() {
    let mut view = calm();
    let mut successor = server(9);
    successor.name = "S3".parse().unwrap();
    view.servers[2] = successor.clone();
    let raft_id = RaftId::new(3);
    assert_eq!(
        view.duty(),
        Some(Duty::Remove {
            raft_id,
            cause: Cause::Replaced
        })
    );
    view.peers.remove(2);
    assert_eq!(view.duty(), Some(Duty::Add(successor)));
}

#[test]
fn a_name_taken_by_a_second_alive_server_removes_nobody() {
    let mut view = calm();
    let mut thief = server(9);
    thief.name = "s3".parse().unwrap();
    thief.cluster = Some(ClusterId::new(8));
    view.servers.push(thief);
    assert_eq!(view.duty(), None);
}

#[test]
fn a_server_that_an_operator_took_out_stays_out_and_one_with_its_name_and_a_new_disk_does_not() {
    let mut view = calm();
    view.servers.push(server(4));
    view.removed.insert(RaftId::new(4));
    assert_eq!(view.duty(), None);
    let mut renewed = server(4);
    renewed.raft_id = RaftId::new(5);
    view.servers.push(renewed.clone());
    assert_eq!(view.duty(), Some(Duty::Add(renewed)));
}

#[test]
fn a_server_that_was_taken_out_as_dead_is_taken_in_again_when_it_is_alive() {
    let (_, mut view) = carried_out(mourning(5, 1, 1));
    let is_in = |peer: &Peer| peer.raft_id == RaftId::new(5);
    assert!(!view.peers.iter().any(is_in));
    view.servers[4].status = MemberStatus::Alive;
    assert_eq!(view.duty(), Some(Duty::Add(server(5))));
}

#[test]
fn a_changed_address_is_followed() {
    let mut view = calm();
    view.servers[1].addr = SocketAddr::from(([127, 0, 0, 99], 8300));
    assert_eq!(view.duty(), Some(Duty::Update(view.servers[1].clone())));
}
