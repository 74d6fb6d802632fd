//! Changes of the configuration and of leadership.

use super::*;
use crate::raft::{MembershipError, ServerState, TransferError};

#[tokio::test]
async fn a_learner_catches_up_is_promoted_and_counts() {
    let cluster = Cluster::in_memory();
    let mut nodes = cluster.found(&[id(1)]).await;
    put(&nodes[0], "before").await;
    nodes.push(cluster.start(id(2)).await);
    nodes[0].add_learner(id(2), peer(id(2))).await.unwrap();
    shows(&nodes[1], "before").await;
    assert_eq!(nodes[0].status().learners().count(), 1);
    until(&nodes[0], "learner answers", |status| {
        let learner = status.peer(id(2)).unwrap();
        learner.matched.is_some() && learner.last_answer.is_some()
    })
    .await;
    within(nodes[0].promote(id(2))).await.unwrap();
    let settled = nodes[0].status();
    assert_eq!(settled.voters().count(), 2);
    assert!(settled.is_membership_settled);

    // It counts: without it nothing is committed.
    cluster.net.isolate(id(2), &[id(1)]);
    let write = nodes[0].write(set("lonely", "x"));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), write)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_learner_that_does_not_exist_is_added_but_not_promoted() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    nodes[0].add_learner(id(9), peer(id(9))).await.unwrap();
    let promoted = within(nodes[0].promote(id(9))).await;
    assert!(
        matches!(promoted, Err(MembershipError::Behind { .. })),
        "{promoted:?}"
    );
    let unknown = within(nodes[0].promote(id(8))).await;
    assert_eq!(unknown, Err(MembershipError::Unknown { id: id(8) }));
}

#[tokio::test]
async fn a_removed_voter_is_gone_and_does_not_disturb() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await;
    let removed = without(&nodes, &leading).remove(0);
    within(leading.remove(removed.status().id)).await.unwrap();
    within(leading.remove(removed.status().id)).await.unwrap();
    let status = leading.status();
    assert_eq!(status.voters().count(), 2);
    assert_eq!(status.peer(removed.status().id), None);
    put(&leading, "after").await;
    assert_eq!(leading.status().term, status.term);
}

#[tokio::test]
async fn a_leader_that_removes_itself_hands_over() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let old = leader(&nodes).await;
    within(old.remove(old.status().id)).await.unwrap();
    let rest = without(&nodes, &old);
    put_through_any(&rest, "after").await;
    let new = leader(&rest).await.status();
    assert_eq!(new.voters().count(), 2);
    until(&old, "steps down", |status| {
        status.state == ServerState::Learner
    })
    .await;
}

#[tokio::test]
async fn the_last_voter_cannot_be_removed() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    let removed = within(nodes[0].remove(id(1))).await;
    assert!(
        matches!(removed, Err(MembershipError::Refused { .. })),
        "{removed:?}"
    );
    put(&nodes[0], "still here").await;
}

#[tokio::test(start_paused = true)]
async fn leadership_is_handed_over_without_waiting_for_a_timeout() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let old = leader(&nodes).await;
    put(&old, "before").await;
    until(&old, "all answer", |status| {
        status
            .peers
            .iter()
            .all(|peer| peer.last_answer.is_some() || peer.id == status.id)
    })
    .await;
    let began = tokio::time::Instant::now();
    old.transfer_leader(None).await.unwrap();
    let rest = without(&nodes, &old);
    put(&leader(&rest).await, "after").await;
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "{:?}",
        began.elapsed()
    );
    let refused = within(old.write(set("x", "y"))).await;
    assert!(
        matches!(refused, Err(WriteError::NotLeader { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn leadership_goes_only_to_a_voter_that_answers() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    for to in [None, Some(id(1)), Some(id(9))] {
        let handed = within(nodes[0].transfer_leader(to)).await;
        assert_eq!(handed, Err(TransferError::NoTarget), "{to:?}");
    }
    put(&nodes[0], "still leads").await;
}

#[tokio::test]
async fn who_is_named_and_dies_at_that_moment_is_not_said_to_have_taken_over() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let old = leader(&nodes).await;
    put(&old, "before").await;
    let named = without(&nodes, &old)[0].status().id;
    until(&old, "it answers", |status| {
        let peer = status.peers.iter().find(|peer| peer.id == named);
        peer.is_some_and(|peer| peer.last_answer.is_some())
    })
    .await;
    cluster.net.isolate(named, &[id(1), id(2), id(3)]);
    let handed = within(old.transfer_leader(Some(named))).await;
    assert!(
        matches!(
            handed,
            Err(TransferError::TookOver { .. } | TransferError::TimedOut { .. })
        ),
        "{handed:?}"
    );
}

#[tokio::test]
async fn a_peer_that_moved_is_found_at_its_new_address() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await;
    let moved = without(&nodes, &leading).remove(0);
    let moved_id = moved.status().id;
    let elsewhere = Peer {
        rpc_addr: addr(id(77)),
        ..peer(moved_id)
    };
    relocate(&cluster, &moved, 77);
    within(leading.update_peer(moved_id, elsewhere.clone()))
        .await
        .unwrap();
    put(&leading, "after the move").await;
    shows(&moved, "after the move").await;
    assert_eq!(leading.status().peer(moved_id).unwrap().peer, elsewhere);
    let unknown = within(leading.update_peer(id(9), peer(id(9)))).await;
    assert_eq!(unknown, Err(MembershipError::Unknown { id: id(9) }));
}

/// Moves a node to the address of a number that nobody has.
fn relocate(cluster: &Cluster, node: &Raft, number: u8) -> SocketAddr {
    let mut listening = cluster.net.nodes.lock().unwrap();
    listening.remove(&addr(node.status().id));
    listening.insert(addr(id(number)), node.clone());
    addr(id(number))
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_addresses_all_changed_elects_once_they_are_learned() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    put(&leader(&nodes).await, "before").await;
    let moved = [(0, 71), (1, 72), (2, 73)].map(|(at, number)| {
        let node: &Raft = &nodes[at];
        (node.status().id, relocate(&cluster, node, number))
    });
    for node in &nodes {
        for (id, addr) in moved {
            node.learn_address(id, addr);
        }
    }
    put_through_any(&nodes, "after").await;
    for node in &nodes {
        shows(node, "after").await;
    }
}

#[tokio::test]
async fn a_follower_refuses_changes_and_names_the_leader() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await;
    let follower = without(&nodes, &leading).remove(0);
    until(&follower, "knows the leader", |status| {
        status.leader.is_some()
    })
    .await;
    let leader = Some(peer(leading.status().id));
    let refused = MembershipError::NotLeader {
        leader: leader.clone(),
    };
    assert_eq!(within(follower.promote(id(2))).await, Err(refused.clone()));
    assert_eq!(within(follower.remove(id(2))).await, Err(refused.clone()));
    assert_eq!(
        within(follower.add_learner(id(4), peer(id(4)))).await,
        Err(refused)
    );
    let transfer = within(follower.transfer_leader(None)).await;
    assert_eq!(transfer, Err(TransferError::NotLeader { leader }));
}
