//! A recovery on a disk that takes no writes, or fails in the middle: what it says is what is there.

use std::path::Path;

use super::recovery::{copy, data, files, has_data, three_with_data, voted_by};
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
    // What asks for writes says in one line which file, and that nothing is done.
    let said = recover(&disk, &here, "--apply").await;
    assert_eq!(said.code, Some(1));
    assert_eq!(said.stderr.trim().lines().count(), 1, "{said:?}");
    for part in ["origin/lock", "nothing was changed"] {
        assert!(said.stderr.contains(part), "{part}: {said:?}");
    }
    assert_eq!(files(&here), before);
}

/// What fails, in which file, the file that is named, and what is said of the disk then.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: [Fault; 8] = [
    (
        "open",
        "data-1/recovery.record.tmp",
        "recovery.record",
        "nothing was changed",
    ),
    ("open", ".partial/", "copy ", "nothing is changed yet"),
    (
        "open",
        "data-1/founding.record.tmp",
        "founding.record",
        "nothing is changed yet",
    ),
    (
        "open",
        "data-1/cluster.record.tmp",
        "cluster.record",
        "half done",
    ),
    ("open", ".writing", "raft/snapshots", "half done"),
    ("write", ".wal", "raft/log", "half done"),
    ("sync", "data-1/raft/log", "raft/log", "half done"),
    (
        "remove",
        "recovery.record",
        "recovery.record",
        "is done, but",
    ),
];

#[tokio::test]
async fn an_apply_that_fails_anywhere_says_what_is_there_and_either_way_on_finishes_it() {
    let world = World::new();
    let (mut server, origin) = lost_quorum(&world).await;
    let here = data(&world, 1);
    let disk = FaultyDisk::new(&world);
    for (n, (class, part, file, state)) in FAULTS.into_iter().enumerate() {
        copy(&origin, &here);
        disk.fail(class, Errno::Full, part);
        let said = recover(&disk, &here, "--apply").await;
        assert_eq!(said.code, Some(1), "{class} {part}: {said:?}");
        println!("{}", said.stderr.trim());
        assert_eq!(said.stderr.trim().lines().count(), 1, "{said:?}");
        for part in [file, "No space left on device", state, "--apply again"] {
            assert!(said.stderr.contains(part), "{class} {part}: {said:?}");
        }
        let is_begun = here.join("recovery.record").exists();
        assert_eq!(is_begun, state != "nothing was changed", "{class} {part}");
        if !state.contains("done") {
            is_as_it_was(&origin, &here);
        }
        if let Some((_, backup)) = said
            .stderr
            .trim()
            .rsplit_once("what was there before is in ")
        {
            is_as_it_was(&origin, Path::new(backup));
        }
        disk.mend();
        // By turns: the command again, or the server's start.
        if n % 2 == 0 || !is_begun {
            let said = recover(&disk, &here, "--apply").await;
            assert_eq!(said.code, Some(0), "{class} {part}: {said:?}");
        }
        server.restart();
        server.led().await;
        has_data(&server).await;
        voted_by(&server, &["n1"]).await;
        server.kill().await;
        std::fs::remove_dir_all(&here).unwrap();
    }
}

/// The ledger and raft's data are the ones of the other directory.
fn is_as_it_was(origin: &Path, here: &Path) {
    for part in ["raft/log", "raft/snapshots"] {
        let names = |dir: &Path| {
            let found = files(&dir.join(part)).into_iter();
            let found = found.filter(|(path, _)| !path.ends_with("LOCK"));
            found
                .map(|(path, bytes)| (path.file_name().unwrap().to_owned(), bytes))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(here), names(origin), "{part}");
    }
    let ledger = |dir: &Path| std::fs::read(dir.join("founding.record")).unwrap();
    assert_eq!(ledger(here), ledger(origin));
}

#[tokio::test]
async fn a_recovery_that_is_given_up_before_it_changed_anything_leaves_the_old_server() {
    let world = World::new();
    let (_server, origin) = lost_quorum(&world).await;
    let here = data(&world, 1);
    copy(&origin, &here);
    let disk = FaultyDisk::new(&world);
    disk.fail("open", Errno::Full, ".partial/");
    let said = recover(&disk, &here, "--apply").await;
    let (_, record) = said.stderr.trim().rsplit_once("remove ").unwrap();
    std::fs::remove_file(record).unwrap();
    disk.mend();
    let plan = recover(&disk, &here, "--plan").await;
    assert!(plan.stdout.contains("What --apply will do"), "{plan:?}");
    is_as_it_was(&origin, &here);
}

#[tokio::test]
async fn whatever_a_recovery_by_root_leaves_belongs_to_the_owner_of_the_directory() {
    use std::os::unix::fs::{MetadataExt as _, chown};

    let world = World::new();
    let (_server, here) = lost_quorum(&world).await;
    // Only root can give files away; whoever is not root leaves none that are another's.
    let other = 65_533;
    if chown(&here, Some(other), Some(other)).is_err() {
        return;
    }
    let disk = FaultyDisk::new(&world);
    for (class, part) in [
        ("open", ".partial/"),
        ("write", "founding.record.tmp"),
        ("write", ".writing"),
    ] {
        disk.fail(class, Errno::Full, part);
        let said = recover(&disk, &here, "--apply").await;
        assert_eq!(said.code, Some(1), "{said:?}");
        disk.mend();
        let written = ["record", "tmp", "partial"];
        for entry in std::fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|end| written.iter().any(|it| end == *it))
            {
                assert_eq!(path.metadata().unwrap().uid(), other, "{}", path.display());
            }
        }
    }
}
