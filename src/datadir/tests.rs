//! Two lives of one directory, and directories that are not as they should be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A directory that does not exist yet, in one that goes away with the test.
fn fresh() -> (TempDir, PathBuf) {
    let root = TempDir::new().unwrap();
    let dir = root.path().join("a/b");
    (root, dir)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Every file below a directory, with what it holds.
fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.push((path.clone(), Vec::new()));
            found.extend(snapshot(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_new_directory_is_for_its_owner_only() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.node_id(None).unwrap();
    open.raft_id().unwrap();
    open.store("x", &1_u8).unwrap();
    assert_eq!(mode(&dir), 0o700);
    for file in ["lock", "node-id", "raft-id", "x.record"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
}

#[test]
fn ids_are_minted_once_and_differ_between_directories() {
    let lives = |dir: &Path| {
        let open = DataDir::open(dir).unwrap();
        (open.node_id(None).unwrap(), open.raft_id().unwrap())
    };
    let ((_r1, one), (_r2, two)) = (fresh(), fresh());
    let first = lives(&one);
    assert_eq!(lives(&one), first);
    let other = lives(&two);
    assert_ne!(other.0, first.0);
    assert_ne!(other.1, first.1);
}

#[test]
fn the_node_id_file_reads_as_consuls_and_consuls_is_taken() {
    let (_root, dir) = fresh();
    let id = DataDir::open(&dir).unwrap().node_id(None).unwrap();
    let text = fs::read_to_string(dir.join("node-id")).unwrap();
    assert_eq!(text, id.to_string());
    fs::write(
        dir.join("node-id"),
        "8A0C4F7E-1111-2222-3333-444455556666\n",
    )
    .unwrap();
    let id = DataDir::open(&dir).unwrap().node_id(None).unwrap();
    assert_eq!(id.to_string(), "8a0c4f7e-1111-2222-3333-444455556666");
}

#[test]
fn a_configured_node_id_wins_and_is_not_written() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    let minted = open.node_id(None).unwrap();
    let configured = NodeId::new(5);
    assert_eq!(open.node_id(Some(configured)).unwrap(), configured);
    assert_eq!(open.node_id(None).unwrap(), minted);
}

#[test]
fn a_second_agent_is_told_who_has_the_directory() {
    let (_root, dir) = fresh();
    let first = DataDir::open(&dir).unwrap();
    let error = DataDir::open(&dir).unwrap_err();
    let DataDirError::Locked { pid, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*pid, Some(std::process::id()));
    let text = error.to_string();
    assert!(text.contains(dir.to_str().unwrap()), "{text}");
    drop(first);
    DataDir::open(&dir).unwrap();
}

#[test]
fn a_lock_file_that_a_longer_pid_wrote_names_the_new_one() {
    let (_root, dir) = fresh();
    drop(DataDir::open(&dir).unwrap());
    fs::write(dir.join("lock"), "99999999999999999\n").unwrap();
    let _open = DataDir::open(&dir).unwrap();
    let text = fs::read_to_string(dir.join("lock")).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
}

#[test]
fn a_check_writes_nothing_and_needs_no_lock() {
    let (root, dir) = fresh();
    let before = snapshot(root.path());
    DataDir::check(&dir).unwrap();
    assert_eq!(snapshot(root.path()), before);
    let _open = DataDir::open(&dir).unwrap();
    let before = snapshot(root.path());
    DataDir::check(&dir).unwrap();
    assert_eq!(snapshot(root.path()), before);
}

#[test]
fn something_else_in_the_way_is_named() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    for dir in [file.clone(), file.join("below/it")] {
        for error in [
            DataDir::check(&dir).unwrap_err(),
            DataDir::open(&dir).unwrap_err(),
        ] {
            match error {
                DataDirError::NotADirectory { path, .. } => assert_eq!(path, file),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn a_directory_that_nobody_may_write_is_named_before_anything_is_written() {
    let root = TempDir::new().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let dir = root.path().join("data");
    for error in [
        DataDir::check(&dir).unwrap_err(),
        DataDir::open(&dir).unwrap_err(),
    ] {
        match error {
            DataDirError::ReadOnly { path, .. } => assert_eq!(path, root.path()),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_raft_id_is_not_minted_beside_an_old_log() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    fs::create_dir_all(dir.join("raft")).unwrap();
    let id = open.raft_id().unwrap();
    fs::write(dir.join("raft/log"), "x").unwrap();
    assert_eq!(open.raft_id().unwrap(), id);
    fs::remove_file(dir.join("raft-id")).unwrap();
    let error = open.raft_id().unwrap_err();
    assert!(matches!(error, DataDirError::OrphanLog { .. }), "{error}");
    assert!(!dir.join("raft-id").exists());
}

#[test]
fn a_generation_never_goes_back() {
    let (_root, dir) = fresh();
    let start = |now_ms| DataDir::open(&dir).unwrap().generation(now_ms).unwrap();
    let got = [1_000, 2_000, 500, 2_002, 2_001].map(start);
    assert_eq!(got, [1_000, 2_000, 2_001, 2_002, 2_003]);
}

#[test]
fn servers_addresses_are_there_in_the_next_life() {
    let (_root, dir) = fresh();
    let peers = vec![(NodeId::new(7), "10.0.0.1:8301".parse().unwrap())];
    {
        let open = DataDir::open(&dir).unwrap();
        assert_eq!(open.peers().unwrap(), []);
        open.store_peers(&peers).unwrap();
    }
    let open = DataDir::open(&dir).unwrap();
    assert_eq!(open.peers().unwrap(), peers);
    let written = |dir: &Path| {
        dir.join("peers.record")
            .metadata()
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = (written(&dir), inode(&dir));
    open.store_peers(&peers).unwrap();
    assert_eq!((written(&dir), inode(&dir)), before, "written again");
    open.store_peers(&[]).unwrap();
    assert_eq!(open.peers().unwrap(), []);
}

fn inode(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    dir.join("peers.record").metadata().unwrap().ino()
}

#[test]
fn a_crash_while_writing_leaves_the_old_record() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.store("x", &"old").unwrap();
    // What a crash before the rename leaves.
    fs::write(dir.join("x.record.tmp"), b"hal").unwrap();
    assert_eq!(open.load::<String>("x").unwrap().unwrap(), "old");
    open.store("x", &"new").unwrap();
    assert_eq!(open.load::<String>("x").unwrap().unwrap(), "new");
    assert!(!dir.join("x.record.tmp").exists());
}

#[test]
fn a_damaged_file_is_named_with_what_to_do() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.store("x", &"value").unwrap();
    let path = dir.join("x.record");
    let good = fs::read(&path).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let longer = [good.clone(), vec![0]].concat();
    let mut formats = (0..8).map(|bit| {
        let mut bytes = good.clone();
        bytes[0] ^= 1 << bit;
        bytes
    });
    let others = [vec![], good[..20].to_vec(), flipped, longer];
    for bytes in others.into_iter().chain(&mut formats) {
        fs::write(&path, bytes).unwrap();
        let error = open.load::<String>("x").unwrap_err();
        assert!(matches!(error, DataDirError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()));
    }
    let value = &good[33..];
    let sum = ring::digest::digest(&ring::digest::SHA256, &[&[2], value].concat());
    fs::write(&path, [&[2], sum.as_ref(), value].concat()).unwrap();
    let error = open.load::<String>("x").unwrap_err();
    assert!(matches!(error, DataDirError::Newer { format: 2, .. }));
}

#[test]
fn a_damaged_file_that_can_be_missed_is_told_apart() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    open.generation(1_000).unwrap();
    open.store_peers(&[]).unwrap();
    fs::write(dir.join("peers.record"), "").unwrap();
    fs::write(dir.join("generation.record"), "").unwrap();
    let texts = [
        open.peers().unwrap_err().to_string(),
        open.generation(2_000).unwrap_err().to_string(),
    ];
    for (text, file) in texts.iter().zip(["peers.record", "generation.record"]) {
        assert!(text.contains("remove it") && text.contains(file), "{text}");
        fs::remove_file(dir.join(file)).unwrap();
    }
    assert_eq!(open.peers().unwrap(), []);
    assert_eq!(open.generation(2_000).unwrap(), 2_000);
}

#[test]
fn a_record_of_another_type_is_not_taken() {
    let data = DataDir::memory();
    data.store("x", &(1_u8, 2_u8)).unwrap();
    assert!(data.load::<u8>("x").is_err(), "half of the value");
    assert!(data.load::<[u8; 3]>("x").is_err(), "more than the value");
}

#[test]
fn ids_that_are_no_ids_are_damage() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    for file in ["node-id", "raft-id"] {
        for bytes in [&b""[..], b"web-1", b"\xff\xfe"] {
            fs::write(dir.join(file), bytes).unwrap();
            let error = DataDir::check(&dir).unwrap_err();
            assert!(matches!(error, DataDirError::Damaged { .. }), "{error}");
        }
    }
    assert!(open.node_id(None).is_err());
    assert!(open.raft_id().is_err());
}

#[test]
fn a_file_above_the_bound_is_neither_written_nor_read() {
    let (_root, dir) = fresh();
    let open = DataDir::open(&dir).unwrap();
    let large = vec![0_u8; disk::BYTES_MAX];
    let error = open.store("x", &large).unwrap_err();
    assert!(matches!(error, DataDirError::Unwritable { .. }), "{error}");
    fs::write(dir.join("x.record"), vec![1; disk::BYTES_MAX + 1]).unwrap();
    let error = open.load::<Vec<u8>>("x").unwrap_err();
    assert!(matches!(error, DataDirError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("larger"), "{error}");
}

#[test]
fn memory_remembers_as_a_disk_does_and_names_no_path() {
    let data = DataDir::memory();
    assert_eq!(data.path(), None);
    assert_eq!(data.node_id(None).unwrap(), data.node_id(None).unwrap());
    assert_eq!(data.raft_id().unwrap(), data.raft_id().unwrap());
    assert_eq!(data.generation(5).unwrap(), 5);
    assert_eq!(data.generation(5).unwrap(), 6);
    assert_eq!(data.load::<u8>("x").unwrap(), None);
    data.store("x", &1_u8).unwrap();
    assert_eq!(data.load::<u8>("x").unwrap(), Some(1));
}

proptest! {
    #[test]
    fn any_bytes_in_place_of_a_record_are_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..100)
    ) {
        prop_assert!(envelope::unwrap::<String>(Path::new("x"), &bytes).is_err());
    }
}

#[test]
fn a_look_at_a_directory_writes_nothing_and_respects_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let gone = DataDir::inspect(&dir.path().join("gone")).unwrap_err();
    assert!(matches!(gone, DataDirError::Io { .. }), "{gone}");
    assert!(!dir.path().join("gone").exists());

    let never_run = DataDir::inspect(dir.path()).unwrap();
    assert_eq!(never_run.known_raft_id().unwrap(), None);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

    let held = DataDir::open(dir.path()).unwrap();
    let id = held.raft_id().unwrap();
    let refused = DataDir::inspect(dir.path()).unwrap_err();
    let own = Some(std::process::id());
    assert!(
        matches!(refused, DataDirError::Locked { pid, .. } if pid == own),
        "{refused}"
    );
    drop(held);
    let looked = DataDir::inspect(dir.path()).unwrap();
    assert_eq!(looked.known_raft_id().unwrap(), Some(id));
    let refused = DataDir::open(dir.path()).unwrap_err();
    assert!(matches!(refused, DataDirError::Locked { .. }), "{refused}");
}

#[test]
fn a_removed_record_is_gone_and_removing_it_again_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    for place in [DataDir::open(dir.path()).unwrap(), DataDir::memory()] {
        place.store("note", &7_u8).unwrap();
        place.remove("note").unwrap();
        place.remove("note").unwrap();
        assert_eq!(place.load::<u8>("note").unwrap(), None);
    }
}
