//! A stopped server's data gets another configuration.

use std::path::Path;

use super::*;
use crate::raft::log::Scan;
use crate::raft::offline::{self, OfflineError, StoredPeer, Upto};

fn alone(number: u8) -> Vec<StoredPeer> {
    vec![StoredPeer {
        id: id(number),
        peer: peer(id(number)),
        is_voter: true,
    }]
}

/// Founds a cluster of three that holds some keys, and stops it.
async fn stopped(cluster: &Cluster, keys: u8) {
    let nodes = cluster.found(&[id(1), id(2), id(3)]).await;
    let leading = leader(&nodes).await;
    for number in 0..keys {
        put(&leading, &format!("k{number}")).await;
    }
    for node in &nodes {
        shows(node, &format!("k{}", keys - 1)).await;
    }
    for node in nodes {
        cluster.stop(node).await;
    }
}

/// Every file below a directory with what it holds.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

#[tokio::test]
async fn a_look_tells_what_is_there_and_changes_nothing() {
    let mut cluster = Cluster::on_disk();
    cluster.config.snapshot_threshold = 10;
    cluster.config.trailing_logs = 3;
    stopped(&cluster, 15).await;
    let dir = cluster.dir(id(2)).unwrap();
    let before = files(&dir);
    let stored = offline::look(&dir, id(2)).unwrap();
    assert_eq!(files(&dir), before);
    let (last, term) = stored.last.unwrap();
    assert!(last >= 15 && term >= 1, "{stored:?}");
    assert!(stored.term >= term, "{stored:?}");
    assert!(
        stored.snapshot.is_some_and(|(index, _)| index < last),
        "{stored:?}"
    );
    assert!(stored.committed <= Some(last), "{stored:?}");
    assert_eq!(stored.voters(), [id(1), id(2), id(3)].into());
    assert_eq!(stored.peer(id(3)).unwrap().peer, peer(id(3)));
    assert!(!stored.is_torn);
}

#[tokio::test]
async fn the_last_of_three_leads_alone_with_every_write() {
    let cluster = Cluster::on_disk();
    stopped(&cluster, 15).await;
    let dir = cluster.dir(id(2)).unwrap();
    let before = offline::look(&dir, id(2)).unwrap();
    offline::write_snapshot(&dir, id(2), &alone(2), Upto::Last).unwrap();
    offline::drop_covered(&dir, id(2)).unwrap();
    let after = offline::look(&dir, id(2)).unwrap();
    assert_eq!(after.voters(), [id(2)].into());
    assert_eq!((after.term, after.last), (before.term, before.last));
    assert_eq!(after.snapshot, before.last);
    // A new disk that was fed from the old log would believe in the old voters for a while.
    let log = Scan::of(&dir.join("raft/log")).unwrap();
    assert_eq!(log.purged, log.last());

    let last = cluster.start(id(2)).await;
    let last = leader(&[last]).await;
    for number in 0..15 {
        assert!(get(&last, &format!("k{number}")).is_some(), "k{number}");
    }
    put(&last, "alone").await;

    // A new disk joins as a learner and becomes a voter.
    let fresh = cluster.start(id(4)).await;
    last.add_learner(id(4), peer(id(4))).await.unwrap();
    shows(&fresh, "alone").await;
    let promoted = async {
        while last.promote(id(4)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    within(promoted).await;
    put(&last, "together").await;
    shows(&fresh, "together").await;
}

#[tokio::test]
async fn either_half_done_again_comes_to_the_same() {
    let cluster = Cluster::on_disk();
    stopped(&cluster, 5).await;
    let dir = cluster.dir(id(3)).unwrap();
    for upto in [Upto::Committed, Upto::Last] {
        offline::write_snapshot(&dir, id(3), &alone(3), upto).unwrap();
        offline::write_snapshot(&dir, id(3), &alone(3), upto).unwrap();
        offline::drop_covered(&dir, id(3)).unwrap();
        offline::write_snapshot(&dir, id(3), &alone(3), upto).unwrap();
        offline::drop_covered(&dir, id(3)).unwrap();
    }
    let last = cluster.start(id(3)).await;
    let last = leader(&[last]).await;
    for number in 0..5 {
        assert!(get(&last, &format!("k{number}")).is_some(), "k{number}");
    }
}

#[tokio::test]
async fn what_may_not_be_committed_stays_in_the_log_if_asked() {
    let cluster = Cluster::on_disk();
    stopped(&cluster, 5).await;
    let dir = cluster.dir(id(1)).unwrap();
    let before = offline::look(&dir, id(1)).unwrap();
    offline::write_snapshot(&dir, id(1), &alone(1), Upto::Committed).unwrap();
    offline::drop_covered(&dir, id(1)).unwrap();
    let after = offline::look(&dir, id(1)).unwrap();
    assert_eq!(after.last, before.last);
    assert_eq!(after.snapshot.map(|(index, _)| index), before.committed);
    assert_eq!(after.voters(), [id(1)].into());
}

#[tokio::test]
async fn a_torn_tail_is_told_and_left_alone() {
    let cluster = Cluster::on_disk();
    stopped(&cluster, 5).await;
    let dir = cluster.dir(id(1)).unwrap();
    let whole = offline::look(&dir, id(1)).unwrap();
    let log = files(&dir.join("raft/log"));
    let (path, bytes) = log
        .iter()
        .rfind(|(path, _)| path.extension().is_some_and(|end| end == "wal"))
        .unwrap();
    let zeros = [bytes, &[0; 5000][..]].concat();
    std::fs::write(path, &zeros).unwrap();
    let torn = offline::look(&dir, id(1)).unwrap();
    assert!(torn.is_torn && !whole.is_torn, "{torn:?}");
    assert_eq!(std::fs::read(path).unwrap(), zeros);
    // An end that was synced may have been acknowledged: it is not left out without a word.
    let cut = &bytes[..bytes.len() - 1];
    std::fs::write(path, cut).unwrap();
    let shortened = offline::look(&dir, id(1)).unwrap_err().to_string();
    assert!(shortened.contains("synced"), "{shortened}");
    assert_eq!(std::fs::read(path).unwrap(), cut);
    let garbage = [bytes, &[0; 50][..], &[7; 50]].concat();
    std::fs::write(path, &garbage).unwrap();
    let damaged = offline::look(&dir, id(1)).unwrap_err();
    assert!(matches!(damaged, OfflineError::Log(_)), "{damaged}");

    // What was cut off does not keep a recovery from going on with the rest.
    std::fs::write(path, &zeros).unwrap();
    offline::write_snapshot(&dir, id(1), &alone(1), Upto::Last).unwrap();
    offline::drop_covered(&dir, id(1)).unwrap();
    let last = cluster.start(id(1)).await;
    let last = leader(&[last]).await;
    assert!(get(&last, "k4").is_some());
}

#[tokio::test]
async fn data_of_another_node_and_no_data_are_refused() {
    let cluster = Cluster::on_disk();
    stopped(&cluster, 1).await;
    let dir = cluster.dir(id(1)).unwrap();
    let foreign = offline::look(&dir, id(9)).unwrap_err();
    assert!(matches!(foreign, OfflineError::Foreign { .. }), "{foreign}");
    let empty = tempfile::tempdir().unwrap();
    let nothing = offline::write_snapshot(empty.path(), id(1), &alone(1), Upto::Last);
    let nothing = nothing.unwrap_err();
    assert!(matches!(nothing, OfflineError::Nothing { .. }), "{nothing}");
    let none = offline::write_snapshot(&dir, id(1), &[], Upto::Last).unwrap_err();
    assert!(matches!(none, OfflineError::Refused { .. }), "{none}");
}
