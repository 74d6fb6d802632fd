//! Two lives of one directory, and directories that are not as they should be.

mod ids;
mod records;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

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
