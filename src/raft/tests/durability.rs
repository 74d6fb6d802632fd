//! What was acknowledged survives.

use super::*;
use crate::raft::{LogError, RaftError, SnapshotError};

#[tokio::test]
async fn a_restart_of_all_keeps_every_acknowledged_write() {
    let cluster = Cluster::on_disk();
    let ids = [id(1), id(2), id(3)];
    let nodes = cluster.found(&ids).await;
    let leading = leader(&nodes).await;
    for number in 0..50 {
        put(&leading, &format!("k{number}")).await;
    }
    for node in nodes {
        cluster.stop(node).await;
    }

    let mut again = Vec::new();
    for id in ids {
        again.push(cluster.start(id).await);
    }
    let leading = leader(&again).await;
    for number in 0..50 {
        assert!(get(&leading, &format!("k{number}")).is_some(), "k{number}");
    }
    put(&leading, "after").await;
    for node in &again {
        shows(node, "after").await;
    }
}

#[tokio::test]
async fn a_single_server_shows_its_writes_after_a_restart_from_snapshot_and_log() {
    let cluster = Cluster::on_disk();
    let nodes = cluster.found(&[id(1)]).await;
    put(&nodes[0], "in the snapshot").await;
    nodes[0].snapshot_now().await.unwrap();
    put(&nodes[0], "in the log").await;
    let [node] = nodes.try_into().unwrap();
    cluster.stop(node).await;

    let again = cluster.start(id(1)).await;
    assert!(
        get(&again, "in the snapshot").is_some(),
        "before any election"
    );
    let again = leader(&[again]).await;
    assert!(get(&again, "in the log").is_some());
}

#[tokio::test]
async fn a_snapshot_is_made_when_the_threshold_is_reached_and_the_log_is_purged() {
    let mut cluster = Cluster::on_disk();
    cluster.config.snapshot_threshold = 20;
    cluster.config.trailing_logs = 5;
    let nodes = cluster.found(&[id(1)]).await;
    for number in 0..30 {
        put(&nodes[0], &format!("k{number}")).await;
    }
    let made = until(&nodes[0], "a snapshot", |status| status.snapshot.is_some()).await;
    assert!(made.snapshot.unwrap().0 >= 19, "{made:?}");
    let [node] = nodes.try_into().unwrap();
    cluster.stop(node).await;
    let again = leader(&[cluster.start(id(1)).await]).await;
    for number in 0..30 {
        assert!(get(&again, &format!("k{number}")).is_some(), "k{number}");
    }
}

#[tokio::test]
async fn a_learner_behind_the_purged_log_gets_the_snapshot_in_pieces() {
    let mut cluster = Cluster::on_disk();
    cluster.config.trailing_logs = 0;
    let nodes = cluster.found(&[id(1)]).await;
    // More than two pieces of 1 MiB.
    for number in 0..5 {
        let large = set(&format!("large{number}"), vec![number; 512 * 1024]);
        within(nodes[0].write(large)).await.unwrap();
    }
    nodes[0].snapshot_now().await.unwrap();
    let late = cluster.start(id(2)).await;
    nodes[0].add_learner(id(2), peer(id(2))).await.unwrap();
    shows(&late, "large4").await;
    until(&late, "has the snapshot", |status| {
        status.snapshot.is_some()
    })
    .await;
    put(&nodes[0], "after").await;
    shows(&late, "after").await;

    cluster.stop(late).await;
    let again = cluster.start(id(2)).await;
    assert_eq!(get(&again, "large3").unwrap().value, vec![3; 512 * 1024]);
}

#[tokio::test]
async fn a_log_that_lost_an_acknowledged_end_starts_only_once_the_mark_is_taken_away() {
    let cluster = Cluster::on_disk();
    let nodes = cluster.found(&[id(1)]).await;
    put(&nodes[0], "kept").await;
    put(&nodes[0], "cut").await;
    let [node] = nodes.try_into().unwrap();
    cluster.stop(node).await;

    // The end: the last entry, and the mark that it is committed.
    let file = only_log_file(&cluster, id(1));
    let bytes = std::fs::read(&file).unwrap();
    let entry = find_last(&bytes, b"cut");
    std::fs::write(&file, &bytes[..=entry]).unwrap();

    let mark = match try_start(&cluster, id(1)).await.unwrap_err() {
        RaftError::Log(LogError::Shortened {
            mark,
            last,
            synced_last,
            ..
        }) => {
            assert_eq!(synced_last, last.map(|last| last + 1));
            mark
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(std::fs::read(&file).unwrap(), bytes[..=entry], "changed");
    std::fs::remove_file(mark).unwrap();

    let again = leader(&[cluster.start(id(1)).await]).await;
    assert!(get(&again, "kept").is_some());
    assert_eq!(get(&again, "cut"), None);
    put(&again, "after").await;
}

#[tokio::test]
async fn a_log_that_is_gone_beside_its_snapshots_does_not_start() {
    let cluster = Cluster::on_disk();
    let nodes = cluster.found(&[id(1)]).await;
    put(&nodes[0], "a").await;
    nodes[0].snapshot_now().await.unwrap();
    let [node] = nodes.try_into().unwrap();
    cluster.stop(node).await;
    let log = cluster.dir(id(1)).unwrap().join("raft/log");
    std::fs::remove_dir_all(&log).unwrap();

    let refused = try_start(&cluster, id(1)).await.unwrap_err();
    assert!(
        matches!(&refused, RaftError::Log(LogError::Gone { path }) if *path == log),
        "{refused:?}"
    );
    assert!(!log.exists(), "made anew");
}

#[tokio::test]
async fn a_damaged_log_does_not_start_and_is_not_touched() {
    let cluster = Cluster::on_disk();
    let nodes = cluster.found(&[id(1)]).await;
    put(&nodes[0], "damaged").await;
    put(&nodes[0], "behind").await;
    let [node] = nodes.try_into().unwrap();
    cluster.stop(node).await;

    let file = only_log_file(&cluster, id(1));
    let mut bytes = std::fs::read(&file).unwrap();
    let entry = find_last(&bytes, b"damaged");
    bytes[entry] ^= 1;
    std::fs::write(&file, &bytes).unwrap();

    let refused = try_start(&cluster, id(1)).await.unwrap_err();
    match refused {
        RaftError::Log(LogError::Damaged { file: named, .. }) => assert_eq!(named, file),
        other => panic!("{other:?}"),
    }
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
}

#[tokio::test]
async fn a_damaged_snapshot_that_the_log_does_not_cover_stops_the_start_and_is_named() {
    let mut cluster = Cluster::on_disk();
    cluster.config.trailing_logs = 0;
    let nodes = cluster.found(&[id(1)]).await;
    put(&nodes[0], "a").await;
    nodes[0].snapshot_now().await.unwrap();
    // Another entry, so that the purge is done when it is.
    put(&nodes[0], "b").await;
    let [node] = nodes.try_into().unwrap();
    cluster.stop(node).await;

    let snapshots = cluster.dir(id(1)).unwrap().join("raft/snapshots");
    let files: Vec<_> = std::fs::read_dir(&snapshots).unwrap().collect();
    let [file] = files.try_into().unwrap();
    let path = file.unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();

    match try_start(&cluster, id(1)).await.unwrap_err() {
        RaftError::Snapshot(SnapshotError::Gap { damaged, .. }) => assert_eq!(damaged, [path]),
        other => panic!("{other:?}"),
    }
}

async fn try_start(cluster: &Cluster, id: RaftId) -> Result<Raft, RaftError> {
    let wire = Wire {
        own: addr(id),
        net: Arc::clone(&cluster.net),
    };
    Raft::start(
        cluster.config.clone(),
        id,
        cluster.dir(id).into(),
        Arc::new(wire),
    )
    .await
}

fn only_log_file(cluster: &Cluster, id: RaftId) -> PathBuf {
    let dir = cluster.dir(id).unwrap().join("raft/log");
    let files = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let logs: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "wal"))
        .collect();
    let [log] = logs.try_into().unwrap();
    log
}

fn find_last(bytes: &[u8], what: &[u8]) -> usize {
    bytes
        .windows(what.len())
        .rposition(|window| window == what)
        .unwrap()
}
