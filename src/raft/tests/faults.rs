//! Bad days: lost nodes, lost messages, wrong addresses, broken cores.

use super::*;
use crate::raft::HandleError;

#[tokio::test]
async fn a_message_for_another_raft_node_is_refused_unread() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    let stranger = cluster.start(id(2)).await;
    // Node 3 is said to live where node 2 listens.
    let wrong = Peer {
        rpc_addr: addr(id(2)),
        ..peer(id(3))
    };
    nodes[0].add_learner(id(3), wrong).await.unwrap();
    let refused = HandleError::NotForUs {
        wanted: id(3),
        own: id(2),
    };
    let seen = async {
        while !cluster.net.refusals().contains(&refused.to_string()) {
            tokio::task::yield_now().await;
        }
    };
    within(seen).await;
    assert!(stranger.is_pristine().await.unwrap());
    assert_eq!(nodes[0].status().peer(id(3)).unwrap().matched, None);
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused() {
    let cluster = Cluster::in_memory();
    let node = cluster.start(id(1)).await;
    let refused = node
        .handle(Bytes::from_static(b"no message"))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, HandleError::Malformed { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_wiped_voter_comes_back_under_a_new_id_and_hurts_nobody() {
    let cluster = Cluster::on_disk();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let leading = leader(&nodes).await;
    put(&leading, "before").await;
    let wiped = without(&nodes, &leading).remove(0);
    let wiped_id = wiped.status().id;
    cluster.stop(wiped).await;

    // A new raft node at the old address: the leader still talks to the old one.
    let new_id = id(4);
    let new_peer = Peer {
        rpc_addr: addr(wiped_id),
        ..peer(new_id)
    };
    let new = cluster.start(new_id).await;
    cluster
        .net
        .nodes
        .lock()
        .unwrap()
        .insert(addr(wiped_id), new.clone());
    put(&leading, "while wiped").await;
    assert!(new.is_pristine().await.unwrap());

    within(leading.remove(wiped_id)).await.unwrap();
    within(leading.add_learner(new_id, new_peer)).await.unwrap();
    shows(&new, "before").await;
    until(&leading, "the new one answers", |status| {
        status.peer(new_id).unwrap().last_answer.is_some()
    })
    .await;
    within(leading.promote(new_id)).await.unwrap();
    assert_eq!(leading.status().voters().count(), 3);
    put(&leading, "after").await;
}

#[tokio::test]
async fn a_core_that_panics_is_seen() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    let failed = tokio::spawn({
        let node = nodes[0].clone();
        async move { node.failed().await }
    });
    let panicking = nodes[0]
        .inner
        .raft
        .external_request(|_| panic!("on purpose"));
    drop(within(panicking).await);
    let reason = within(failed).await.unwrap();
    assert_eq!(reason, "panicked");
    let refused = within(nodes[0].write(set("a", "b"))).await;
    assert!(
        matches!(refused, Err(WriteError::Stopped { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_state_machine_that_panics_is_seen() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    let panicking = nodes[0]
        .inner
        .raft
        .external_state_machine_request(|_| Box::pin(async { panic!("on purpose") }));
    drop(within(panicking).await);
    let reason = within(nodes[0].failed()).await;
    let known = ["panicked", "raft stopped", "the state machine ended"];
    assert!(known.contains(&reason.as_str()), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_no_failure() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    nodes[0].shutdown().await;
    let failed = tokio::time::timeout(Duration::from_secs(1), nodes[0].failed());
    assert!(failed.await.is_err());
    let refused = nodes[0].write(set("a", "b")).await;
    assert!(
        matches!(refused, Err(WriteError::Stopped { .. })),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_sends_but_does_not_hear_is_replaced() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let deaf = leader(&nodes).await;
    let deaf_id = deaf.status().id;
    for other in ids.into_iter().filter(|other| *other != deaf_id) {
        cluster.net.cut(other, deaf_id);
    }
    let rest = without(&nodes, &deaf);
    put_through_any(&rest, "without the deaf one").await;

    cluster.net.heal();
    shows(&deaf, "without the deaf one").await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_cut_off_does_not_raise_the_term_when_it_returns() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let leading = leader(&nodes).await;
    let lone = without(&nodes, &leading).remove(0);
    let term = leading.status().term;
    cluster.net.isolate(lone.status().id, &ids);
    // Long enough for a dozen elections.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(lone.status().term, term);

    cluster.net.heal();
    put(&leading, "after").await;
    shows(&lone, "after").await;
    assert_eq!(leading.status().term, term);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_no_quorum_confirms_ends_as_uncertain() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let old = leader(&nodes).await;
    cluster.net.isolate(old.status().id, &ids);
    let written = within(old.write(set("lost", "x"))).await;
    assert_eq!(written, Err(WriteError::Uncertain { leader: None }));
}

#[tokio::test]
async fn a_command_that_is_too_large_is_refused_and_the_next_one_is_taken() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1)]).await;
    let large = set("large", vec![0; 5 * 1024 * 1024]);
    let refused = within(nodes[0].write(large)).await;
    assert!(
        matches!(refused, Err(WriteError::TooLarge { .. })),
        "{refused:?}"
    );
    put(&nodes[0], "small").await;
}
