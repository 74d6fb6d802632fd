//! Snapshots that rotted on the disk: the file is named, and nothing older is served in their place.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Agent, World};

/// How often the key is written; its last value is the current one.
const WRITES: usize = 50;

/// A stopped server whose one key was written again and again, with snapshots on the way. How
/// many entries stay in the log behind a snapshot is the question.
async fn stopped(world: &World, n: u8, trailing: u64) -> (Agent, PathBuf) {
    let text = format!("raft_snapshot_threshold = 20\nraft_trailing_logs = {trailing}\n");
    let config = world.write(&format!("{n}.hcl"), &text);
    let file = format!("-config-file={}", config.display());
    let mut server = world.agent(n, &["-server", "-bootstrap", &file]);
    for value in 0..WRITES {
        server.write("k", &value.to_string()).await;
    }
    server.kill().await;
    (server, world.path(&format!("data-{n}/raft/snapshots")))
}

/// The snapshots of a directory, the newest first.
fn newest_first(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap();
    let mut found: Vec<PathBuf> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "snapshot"))
        .collect();
    found.sort();
    found.reverse();
    found
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0x10;
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_flipped_bit_in_the_newest_snapshot_is_refused_where_the_log_does_not_reach_behind_it() {
    let world = World::new();
    let (mut server, dir) = stopped(&world, 1, 2).await;
    let newest = newest_first(&dir).remove(0);
    let good = fs::read(&newest).unwrap();
    // Its beginning, version, length and checksum, and what it holds.
    for at in [0, 9, 14, 30, good.len() / 2, good.len() - 1] {
        flip(&newest, at);
        server.restart();
        assert_eq!(server.ended().await, Some(1), "byte {at}");
        let line = server.logged("no snapshot in").await;
        assert!(line.contains(newest.to_str().unwrap()), "{line}");
        assert!(line.contains("bring a snapshot back"), "{line}");
        assert!(!server.log_text().contains("cluster leadership acquired"));
        assert!(newest.exists(), "the file is left for whoever can mend it");
        fs::write(&newest, &good).unwrap();
    }
    server.restart();
    server.led().await;
    assert_eq!(server.read("k").await, (200, (WRITES - 1).to_string()));
}

#[tokio::test]
async fn a_flipped_bit_in_a_snapshot_that_the_log_makes_up_for_is_told_and_nothing_is_missing() {
    let world = World::new();
    let (mut server, dir) = stopped(&world, 1, 10_000).await;
    // The newest alone, then all of them.
    for most in [1, usize::MAX] {
        let mut files = newest_first(&dir);
        assert!(files.len() > 1, "{files:?}");
        files.truncate(most);
        for file in &files {
            flip(file, fs::read(file).unwrap().len() / 2);
        }
        server.restart();
        server.led().await;
        assert_eq!(server.read("k").await, (200, (WRITES - 1).to_string()));
        for file in &files {
            let log = server.log_text();
            let mut lines = log
                .lines()
                .filter(|line| line.contains("snapshot not readable"));
            let line = lines.find(|line| line.contains(file.to_str().unwrap()));
            assert!(line.unwrap().contains("checksum does not match"), "{log}");
            assert!(file.with_extension("damaged").exists());
        }
        server.kill().await;
    }
}
