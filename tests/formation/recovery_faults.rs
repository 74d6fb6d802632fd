//! A recovery on a disk that takes no writes.

use std::path::Path;

use super::recovery::{data, files, three_with_data};
use crate::support::{Agent, Errno, FaultyDisk, Output, World, quorate_with};

/// Runs the command on a disk.
async fn recover(disk: &FaultyDisk, dir: &Path, how: &str) -> Output {
    let dir = format!("-data-dir={}", dir.display());
    quorate_with(&["operator", "raft", "recover", &dir, how], disk.env()).await
}

/// Three servers with data, killed; the first one's directory is moved aside, to be copied back.
async fn lost_quorum(world: &World) -> (Agent, std::path::PathBuf) {
    let mut servers = three_with_data(world).await;
    for server in &mut servers {
        server.kill().await;
    }
    let origin = world.path("origin");
    std::fs::rename(data(world, 1), &origin).unwrap();
    (servers.swap_remove(0), origin)
}

#[tokio::test]
async fn a_plan_reads_a_directory_that_takes_no_writes_and_has_no_lock_files() {
    let world = World::new();
    let (_server, here) = lost_quorum(&world).await;
    for lock in ["lock", "raft/log/LOCK"] {
        std::fs::remove_file(here.join(lock)).unwrap();
    }
    let before = files(&here);
    let disk = FaultyDisk::new(&world);
    disk.fail("open", Errno::ReadOnly, "origin");
    let said = recover(&disk, &here, "--plan").await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for part in ["Voters of the cluster", "What will be lost"] {
        assert!(said.stdout.contains(part), "{said:?}");
    }
    assert_eq!(files(&here), before);
}
