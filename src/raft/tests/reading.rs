//! Reads are as fresh as asked, or refused.

use super::*;
use crate::raft::{Freshness, ReadError};

#[tokio::test]
async fn a_barrier_on_the_leader_shows_what_was_acknowledged() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await;
    for (number, freshness) in [Freshness::Lease, Freshness::Quorum]
        .into_iter()
        .enumerate()
    {
        let key = format!("k{number}");
        put(&leading, &key).await;
        within(leading.read_barrier(freshness)).await.unwrap();
        assert!(get(&leading, &key).is_some());
    }
}

#[tokio::test]
async fn a_follower_refuses_a_barrier_and_names_the_leader() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await;
    let follower = without(&nodes, &leading).remove(0);
    until(&follower, "knows the leader", |status| {
        status.leader.is_some()
    })
    .await;
    for freshness in [Freshness::Lease, Freshness::Quorum] {
        let refused = within(follower.read_barrier(freshness)).await.unwrap_err();
        let leader = Some(peer(leading.status().id));
        assert_eq!(refused, ReadError::NotLeader { leader });
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_without_its_quorum_refuses_reads_before_another_can_lead() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let old = leader(&nodes).await;
    cluster.net.isolate(old.status().id, &ids);
    let new = leader(&without(&nodes, &old)).await;
    put(&new, "unseen by the old leader").await;
    for freshness in [Freshness::Lease, Freshness::Quorum] {
        let read = within(old.read_barrier(freshness)).await;
        assert_eq!(read, Err(ReadError::NoQuorum), "{freshness:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_read_sends_nothing_while_the_lease_runs() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let leading = leader(&nodes).await;
    leading.read_barrier(Freshness::Quorum).await.unwrap();
    // Cut off, it can only answer from what it knows; no time passes.
    cluster.net.isolate(leading.status().id, &ids);
    leading.read_barrier(Freshness::Lease).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn leadership_given_away_ends_lease_reads_at_once() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let old = leader(&nodes).await;
    old.read_barrier(Freshness::Quorum).await.unwrap();
    old.bar_lease(old.status().term);
    let lease = Duration::from_millis(500);
    let metrics = old.inner.raft.metrics();
    let metrics = openraft::async_runtime::WatchReceiver::borrow_watched(&metrics);
    let barred = Some(metrics.current_term);
    assert!(super::super::lease::holds(&metrics, None, lease));
    assert!(!super::super::lease::holds(&metrics, barred, lease));
}
