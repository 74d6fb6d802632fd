//! The arithmetic of the timers, run: virtual time, real random timeouts.

use super::*;

/// Two leases, one tick, and one split vote: see the head of `config`.
const WORST_MS: u64 = 1_030 + 530;

#[tokio::test(start_paused = true)]
async fn a_dead_leader_is_replaced_in_time_every_time() {
    let mut took = Vec::new();
    for _round in 0..20 {
        let cluster = Cluster::in_memory();
        let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
        let old = leader(&nodes).await;
        put(&old, "before").await;
        let rest = without(&nodes, &old);
        cluster.stop(old).await;
        let killed = tokio::time::Instant::now();
        put_through_any(&rest, "after").await;
        took.push(killed.elapsed());
    }
    took.sort();
    let worst = Duration::from_millis(WORST_MS);
    assert!(took[19] <= worst, "{took:?}");
    assert!(took[10] <= Duration::from_millis(900), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_nobody_disturbs_keeps_its_leader() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let before = leader(&nodes).await.status();
    tokio::time::sleep(Duration::from_mins(2)).await;
    for node in &nodes {
        let now = node.status();
        assert_eq!(now.term, before.term);
        assert_eq!(now.leader.map(|(id, _)| id), Some(before.id));
    }
}

#[tokio::test(start_paused = true)]
async fn who_hears_a_leader_that_no_quorum_answers_names_none_until_one_answers_again() {
    let ids = [id(1), id(2), id(3), id(4), id(5)];
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&ids).await;
    let old = leader(&nodes).await;
    put(&old, "before").await;
    let others = without(&nodes, &old);
    let kept = &others[0];
    until(kept, "led", |status| status.leader.is_some()).await;
    for gone in &others[1..] {
        cluster.net.isolate(gone.status().id, &ids);
    }
    let leads = |node: &Raft| node.status().leader.map(|(leader, _)| leader);
    let lease = Duration::from_millis(500);
    for (waited, wanted) in [(lease, Some(old.status().id)), (4 * lease, None)] {
        tokio::time::sleep(waited).await;
        assert_eq!([&old, kept].map(leads), [wanted; 2], "after {waited:?}");
    }
    assert!(old.status().is_leader(), "nobody told it otherwise");
    cluster.net.heal();
    tokio::time::sleep(4 * lease).await;
    put(&leader(&nodes).await, "after").await;
    assert!([&old, kept].map(leads).iter().all(Option::is_some));
}
