//! Who stops hands over, and says what became of the writes that it took up.

use super::*;

/// Begins a write on a leader that does not hear of its end yet.
async fn taken_up(
    leading: &Raft,
    key: &str,
) -> tokio::task::JoinHandle<Result<Applied, WriteError>> {
    let before = leading.status().last_log;
    let writing = tokio::spawn({
        let (leading, command) = (leading.clone(), set(key, "x"));
        async move { leading.write(command).await }
    });
    until(leading, "the write is in its log", |status| {
        status.last_log > before
    })
    .await;
    assert!(!writing.is_finished());
    writing
}

#[tokio::test(start_paused = true)]
async fn who_steps_down_waits_for_the_word_on_the_writes_that_it_took_up() {
    let cluster = Cluster::in_memory();
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let old = leader(&nodes).await;
    put(&old, "before").await;
    cluster.net.remove_far(old.status().id);
    let writing = taken_up(&old, "last").await;
    assert_eq!(within(old.step_down(None)).await, Ok(true));
    cluster.stop(old).await;
    assert_eq!(within(writing).await.unwrap(), Ok(Applied::Done));
}

#[tokio::test(start_paused = true)]
async fn the_word_on_the_last_writes_is_not_awaited_for_ever() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let old = leader(&nodes).await;
    cluster.net.isolate(old.status().id, &ids);
    let _writing = taken_up(&old, "lost").await;
    let began = tokio::time::Instant::now();
    assert!(!within(old.settle(Duration::from_secs(2))).await);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn that_the_last_writes_are_gone_is_a_word_too() {
    let cluster = Cluster::in_memory();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let old = leader(&nodes).await;
    cluster.net.isolate(old.status().id, &ids);
    let mut writing = Vec::new();
    for key in ["a", "b", "c", "d"] {
        writing.push(taken_up(&old, key).await);
    }
    leader(&without(&nodes, &old)).await;
    let settled = tokio::spawn({
        let old = old.clone();
        async move { old.settle(DEADLINE / 2).await }
    });
    tokio::task::yield_now().await;
    cluster.net.heal();
    assert!(within(settled).await.unwrap(), "{:?}", old.status());
    for written in writing {
        let refused = within(written).await.unwrap();
        assert!(
            matches!(
                refused,
                Err(WriteError::NotLeader { .. } | WriteError::Uncertain { .. })
            ),
            "{refused:?}"
        );
    }
}
