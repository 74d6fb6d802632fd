//! From nothing to a cluster.

use super::*;
use crate::raft::RaftError;

#[tokio::test]
async fn a_founding_of_three_takes_writes_that_all_show() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    put(&leader(&nodes).await, "a").await;
    for node in &nodes {
        shows(node, "a").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_founding_elects_at_once_and_not_after_a_timeout() {
    let cluster = Cluster::in_memory();
    let began = tokio::time::Instant::now();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    assert_eq!(nodes[0].status().term, 1, "one election");
    assert!(
        began.elapsed() < Duration::from_millis(100),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_node_is_pristine_until_raft_speaks_to_it() {
    let cluster = Cluster::on_disk();
    let (one, two) = (cluster.start(id(1)).await, cluster.start(id(2)).await);
    assert!(one.is_pristine().await.unwrap());
    one.initialize(voters(&[id(1), id(2)])).await.unwrap();
    assert!(!one.is_pristine().await.unwrap());
    leader(&[one, two.clone()]).await;
    assert!(!two.is_pristine().await.unwrap());

    cluster.stop(two).await;
    let again = cluster.start(id(2)).await;
    assert!(!again.is_pristine().await.unwrap());
}

#[tokio::test]
async fn a_node_that_never_spoke_is_pristine_after_a_restart() {
    let cluster = Cluster::on_disk();
    let node = cluster.start(id(1)).await;
    cluster.stop(node).await;
    assert!(cluster.start(id(1)).await.is_pristine().await.unwrap());
}

#[tokio::test]
async fn a_second_founding_on_the_same_node_is_refused() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    let again = nodes[0].initialize(voters(&[id(1)])).await;
    assert!(
        matches!(again, Err(RaftError::Initialize { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_founding_without_oneself_is_refused_and_leaves_the_node_pristine() {
    let cluster = Cluster::in_memory();
    let node = cluster.start(id(1)).await;
    for set in [voters(&[id(2)]), BTreeMap::new()] {
        let founded = node.initialize(set).await;
        assert!(
            matches!(founded, Err(RaftError::Initialize { .. })),
            "{founded:?}"
        );
    }
    assert!(node.is_pristine().await.unwrap());
}

#[tokio::test]
async fn the_status_tells_who_votes_and_who_leads() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await.status();
    assert_eq!(leading.voters().count(), 3);
    assert_eq!(leading.last_contact, Some(Duration::ZERO));
    assert_eq!(leading.membership_index, Some(0));
    let follower = nodes
        .iter()
        .find(|node| node.status().id != leading.id)
        .unwrap();
    let known = until(follower, "knows the leader", |status| {
        status.leader.is_some()
    })
    .await;
    assert_eq!(known.leader, Some((leading.id, peer(leading.id))));
    assert_eq!(known.peer(leading.id).unwrap().matched, None);
    assert!(follower.status().last_contact.is_some());
}
