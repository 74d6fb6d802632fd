use std::time::Duration;

use super::*;

fn server(n: u8) -> Server {
    Server {
        raft_id: RaftId::new(n.into()),
        node_id: NodeId::new(n.into()),
        name: format!("s{n}").parse().unwrap(),
        addr: SocketAddr::from(([127, 0, 0, n], 8300)),
        cluster: None,
        status: MemberStatus::Alive,
    }
}

fn peer(n: u8, is_voter: bool) -> Peer {
    Peer {
        raft_id: RaftId::new(n.into()),
        name: format!("s{n}"),
        addr: SocketAddr::from(([127, 0, 0, n], 8300)),
        is_voter,
        matched: 1000,
    }
}

/// Three voters, all alive, led by the first.
fn calm() -> View {
    View {
        own: RaftId::new(1),
        cluster: ClusterId::new(7),
        servers: (1..=3).map(server).collect(),
        peers: (1..=3).map(|n| peer(n, true)).collect(),
        last_index: 1000,
        stable: Vec::new(),
    }
}

#[test]
fn a_calm_cluster_asks_for_nothing() {
    assert_eq!(calm().duty(), None);
}

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
    assert_eq!(view.healthy_learners(), [RaftId::new(4)]);
    view.stable.push(RaftId::new(4));
    assert_eq!(view.duty(), Some(Duty::Promote(RaftId::new(4))));
    view.peers[3].matched = 1000 - TRAILING_LOGS_MAX - 1;
    assert_eq!(view.duty(), None);
    view.last_index = 10;
    view.peers[3].matched = 0;
    assert_eq!(view.duty(), None, "it has never answered");
}

#[test]
fn a_peer_that_left_is_removed_but_never_the_leader_itself() {
    let mut view = calm();
    view.servers[1].status = MemberStatus::Left;
    let raft_id = RaftId::new(2);
    assert_eq!(
        view.duty(),
        Some(Duty::Remove {
            raft_id,
            cause: Cause::Left
        })
    );
    view.own = raft_id;
    assert_eq!(view.duty(), None);
}

#[test]
fn a_voter_whose_leave_would_cost_the_rest_its_quorum_stays() {
    let mut view = calm();
    view.servers[1].status = MemberStatus::Left;
    view.servers[2].status = MemberStatus::Failed;
    assert_eq!(view.duty(), None);
    view.servers[2].status = MemberStatus::Alive;
    assert!(matches!(view.duty(), Some(Duty::Remove { .. })));
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
fn a_changed_address_is_followed() {
    let mut view = calm();
    view.servers[1].addr = SocketAddr::from(([127, 0, 0, 99], 8300));
    assert_eq!(view.duty(), Some(Duty::Update(view.servers[1].clone())));
}

#[test]
fn a_break_in_health_starts_the_clock_again() {
    let (id, at) = (RaftId::new(4), Duration::from_secs);
    let mut stability = Stability::default();
    stability.observe(at(0), &[id]);
    assert_eq!(stability.stable(at(9), at(10)), []);
    assert_eq!(stability.stable(at(10), at(10)), [id]);
    stability.observe(at(11), &[]);
    stability.observe(at(12), &[id]);
    assert_eq!(stability.stable(at(20), at(10)), []);
}
