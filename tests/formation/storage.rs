//! Disks that fail: the server says which file and why, acknowledges nothing that it cannot keep,
//! and goes on where it was once the disk is sound.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::support::{Agent, Errno, FaultyDisk, Output, PATIENCE, World, eventually, quorate};

const ALONE: [&str; 2] = ["-server", "-bootstrap"];

fn wal(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("raft/log")).unwrap();
    let mut wals: Vec<PathBuf> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "wal"))
        .collect();
    wals.sort();
    wals.pop().unwrap()
}

/// Writes keys until one is not acknowledged; gives those that were.
async fn write_until_refused(server: &Agent, prefix: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0..200 {
        let key = format!("{prefix}/{n}");
        if server.try_put(&format!("/v1/kv/{key}"), "v").await != Some(200) {
            return acknowledged;
        }
        acknowledged.push(key);
    }
    panic!("200 writes were acknowledged by a disk that fails");
}

#[tokio::test]
async fn a_write_that_the_disk_refuses_is_not_acknowledged_and_ends_the_server_with_the_cause() {
    let rows = [
        ("write", Errno::Full, ".wal", "No space left on device", 0),
        ("short", Errno::Full, ".wal", "No space left on device", 0),
        ("write", Errno::ReadOnly, ".wal", "Read-only file system", 0),
        ("sync", Errno::Io, ".wal", "Input/output error", 0),
        (
            "open",
            Errno::Full,
            ".writing",
            "No space left on device",
            60,
        ),
    ];
    let world = World::new();
    let small = world.write("small.hcl", "raft_snapshot_threshold = 20\n");
    let small = format!("-config-file={}", small.display());
    let disk = FaultyDisk::new(&world);
    for (n, (class, errno, file, cause, most)) in (1..).zip(rows) {
        let mut server = world.agent_on(&disk, n, &["-server", "-bootstrap", &small]);
        server.write("before", "v").await;
        disk.fail(class, errno, file);
        let acknowledged = write_until_refused(&server, "during").await;
        assert!(
            acknowledged.len() <= most,
            "{class} {cause}: {acknowledged:?}"
        );
        assert_eq!(server.ended().await, Some(1), "{class} {cause}");
        let line = server.logged("agent failed").await;
        println!("{line}");
        assert!(line.contains(file) && line.contains(cause), "{line}");
        assert!(line.contains("start the agent again"), "{line}");
        let what = if file == ".writing" {
            "raft failed: write a snapshot: "
        } else {
            "raft failed: "
        };
        assert!(
            line.contains(what) && !line.contains("when Write"),
            "{line}"
        );
        assert!(!line.contains("::"), "no name of a type: {line}");

        disk.mend();
        server.restart();
        server.write("after", "v").await;
        for key in acknowledged.iter().map(String::as_str).chain(["before"]) {
            assert_eq!(
                server.read(key).await.0,
                200,
                "{class} {cause}: {key} is gone"
            );
        }
        server.kill().await;
    }
}

#[tokio::test]
async fn three_servers_go_on_without_the_one_whose_disk_fails_and_take_it_back() {
    let world = World::new();
    let disk = FaultyDisk::new(&world);
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=3".to_owned()];
    flags.extend((1..=3).map(|n| format!("-retry-join={}", world.addr(n))));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut servers: Vec<Agent> = (1..=3).map(|n| world.agent_on(&disk, n, &flags)).collect();
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
    let leader = servers[0].led().await;
    let is_it = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(is_it).unwrap();
    let mut failing = servers.remove(at);

    let data = world.path(&format!("data-{}", at + 1));
    disk.fail("sync", Errno::Io, wal(&data).to_str().unwrap());
    let since = Instant::now();
    // Two of three are a quorum without the leader's own disk: this one may be acknowledged.
    let acknowledged = write_until_refused(&failing, "during").await;
    for server in &servers {
        server.write(&format!("after/{}", server.addr()), "2").await;
    }
    println!(
        "writes again {:?} after the leader's disk failed",
        since.elapsed()
    );
    assert_eq!(failing.ended().await, Some(1));
    failing.logged("Input/output error").await;
    for key in &acknowledged {
        assert_eq!(servers[0].read(key).await.0, 200, "{key}");
    }

    disk.mend();
    failing.restart();
    failing.led().await;
    for server in &servers {
        let key = format!("after/{}", server.addr());
        assert_eq!(failing.read(&key).await, (200, "2".to_owned()));
    }
}

#[tokio::test]
async fn a_promise_that_cannot_be_written_is_not_given_and_the_founding_goes_on_when_it_can() {
    let world = World::new();
    let disk = FaultyDisk::new(&world);
    disk.fail("open", Errno::Full, "data-2/founding.record");
    let mut flags = vec!["-server".to_owned(), "-bootstrap-expect=2".to_owned()];
    flags.extend((1..=2).map(|n| format!("-retry-join={}", world.addr(n))));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let servers = [
        world.agent_on(&disk, 1, &flags),
        world.agent_on(&disk, 2, &flags),
    ];
    let line = servers[1].logged("No space left on device").await;
    assert!(line.contains("founding.record"), "{line}");
    assert!(servers[0].leader().await.is_empty());
    assert!(!world.path("data-2/founding.record").exists());
    disk.mend();
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
    }
}

#[tokio::test]
async fn a_cluster_record_that_cannot_be_written_is_said_and_written_later() {
    let world = World::new();
    let disk = FaultyDisk::new(&world);
    disk.fail("sync", Errno::Io, "cluster.record");
    let server = world.agent_on(&disk, 1, &ALONE);
    let line = server.logged("Input/output error").await;
    assert!(line.contains("cluster.record"), "{line}");
    disk.mend();
    server.write("k", "v").await;
    eventually("the record is there", || async {
        world.path("data-1/cluster.record").exists().then_some(())
    })
    .await;
}

/// A stopped server that has a snapshot, a log behind it and every record.
async fn stopped(world: &World) -> (Agent, PathBuf) {
    let config = world.write(
        "small.hcl",
        "raft_snapshot_threshold = 20\nraft_trailing_logs = 5\n",
    );
    let file = format!("-config-file={}", config.display());
    let mut server = world.agent(1, &["-server", "-bootstrap", &file]);
    for n in 0..50 {
        server.write(&format!("k/{n}"), "v").await;
    }
    server.kill().await;
    (server, world.path("data-1"))
}

fn snapshots(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data.join("raft/snapshots")).unwrap();
    let mut found: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// What an agent that does not start says: one line.
async fn refusal(world: &World) -> String {
    let config = format!("-config-file={}", world.path("small.hcl").display());
    let mut args = world.flags(1);
    args.extend(["-server", "-bootstrap", &config].map(str::to_owned));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let Output {
        code,
        stdout,
        stderr,
    } = tokio::time::timeout(PATIENCE, quorate(&args, None))
        .await
        .unwrap_or_else(|_| panic!("started although a file is damaged"));
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
    println!("{}", stderr.trim());
    stderr
}

#[tokio::test]
async fn every_damaged_file_is_named_in_one_line_with_what_to_do() {
    let world = World::new();
    let (mut server, data) = stopped(&world).await;
    let log = wal(&data);
    let mut files: Vec<PathBuf> = ["founding", "cluster", "generation"]
        .iter()
        .map(|name| data.join(format!("{name}.record")))
        .collect();
    files.extend([data.join("node-id"), data.join("raft-id"), log.clone()]);
    for file in &files {
        let good = fs::read(file).unwrap();
        let mut flipped = good.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x80;
        // A log that is cut is a case of its own.
        let half = if *file == log {
            &flipped
        } else {
            &good[..middle].to_vec()
        };
        for bytes in [&flipped, half] {
            fs::write(file, bytes).unwrap();
            let said = refusal(&world).await;
            assert!(said.contains(file.to_str().unwrap()), "{said}");
            assert!(!said.contains("::"), "no name of a function: {said}");
            let can_be_missed = ["generation.record", "cluster.record"];
            let can_be_missed = can_be_missed.iter().any(|name| file.ends_with(name));
            let advice = ["empty the", "remove it"][usize::from(can_be_missed)];
            assert!(said.contains(advice), "{said}");
        }
        fs::write(file, good).unwrap();
        let mut beside = file.clone().into_os_string();
        beside.push(".tmp");
        fs::write(beside, "half").unwrap();
    }
    let kept: Vec<(PathBuf, Vec<u8>)> = snapshots(&data)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    for (path, bytes) in &kept {
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }
    let said = refusal(&world).await;
    for (path, bytes) in &kept {
        assert!(said.contains(path.to_str().unwrap()), "{said}");
        fs::write(path, bytes).unwrap();
    }
    // What can be removed is made anew.
    for name in ["generation.record", "cluster.record"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    server.restart();
    server.write("after", "v").await;
    assert!(data.join("cluster.record").exists());
    for n in [0, 30, 49] {
        assert_eq!(server.read(&format!("k/{n}")).await.0, 200);
    }
}

#[tokio::test]
async fn a_torn_end_is_dropped_and_logged_and_a_lost_end_is_refused() {
    let world = World::new();
    let mut server = world.agent(1, &ALONE);
    for n in 0..20 {
        server.write(&format!("k/{n}"), "v").await;
    }
    server.kill().await;
    let log = wal(&world.path("data-1"));
    let whole = fs::read(&log).unwrap();

    // An entry that was being written when the machine stopped.
    fs::write(&log, [&whole[..], &[0, 0, 0, 1, 0, 0]].concat()).unwrap();
    server.restart();
    let line = server.logged("torn end of the raft log dropped").await;
    let range = format!("start={} end={}", whole.len(), whole.len() + 6);
    assert!(line.contains(&range), "{line}");
    assert!(line.contains(log.to_str().unwrap()), "{line}");
    server.led().await;
    for n in 0..20 {
        assert_eq!(server.read(&format!("k/{n}")).await.0, 200, "k/{n}");
    }
    server.kill().await;

    // An end that had been acknowledged.
    fs::write(&log, &whole[..whole.len() - 200]).unwrap();
    server.restart();
    assert_eq!(server.ended().await, Some(1));
    let line = server.logged("had been synced up to byte").await;
    println!("{line}");
    assert!(line.contains("acknowledged is missing"), "{line}");
    assert_eq!(fs::read(&log).unwrap().len(), whole.len() - 200, "touched");
}

#[tokio::test]
async fn a_data_directory_removed_under_a_running_server_ends_it_before_it_acknowledges_more() {
    let world = World::new();
    let mut server = world.agent(1, &ALONE);
    server.write("before", "v").await;
    // Moved away first: a server that writes would make new files in a directory being emptied.
    fs::rename(world.path("data-1"), world.path("gone")).unwrap();
    fs::remove_dir_all(world.path("gone")).unwrap();
    assert_eq!(write_until_refused(&server, "after").await, [""; 0]);
    assert_eq!(server.ended().await, Some(1));
    let line = server.logged("agent failed").await;
    assert!(
        line.contains("was removed under the running server"),
        "{line}"
    );
}
