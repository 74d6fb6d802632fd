//! Logs that something happened to: each opens with a prefix that holds all that was synced, or
//! says which file is wrong and changes nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::type_config::{LogId, Vote};
use super::mark::{Mark, Point};
use super::tests::{OWN, append, entry};
use super::*;

type Files = BTreeMap<OsString, Vec<u8>>;

fn files_in(dir: &Path) -> Files {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != "LOCK")
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn put_down(files: &Files) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn wals(files: &Files) -> Vec<OsString> {
    let is_wal = |name: &&OsString| name.to_string_lossy().ends_with(".wal");
    files.keys().filter(is_wal).cloned().collect()
}

fn len_of(files: &Files, name: &OsString) -> u64 {
    u64::try_from(files[name].len()).unwrap()
}

async fn close(log: LogStore, mut closed: Closed) {
    drop(log);
    closed.wait().await;
}

/// A log of a vote and two synced entries; where each of them ends; then a committed mark.
async fn synced() -> (Files, Vec<u64>) {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
    let end = || Mark::read(dir.path()).unwrap().unwrap().bytes;
    let mut ends = Vec::new();
    log.save_vote(&Vote::new_committed(1, OWN)).await.unwrap();
    ends.push(end());
    for index in 0..2 {
        append(&mut log, vec![entry(1, index, 10)]).await;
        ends.push(end());
    }
    log.save_committed(Some(LogId::new_term_index(1, 1)))
        .await
        .unwrap();
    close(log, closed).await;
    (files_in(dir.path()), ends)
}

fn with_mark(files: &Files, point: Point) -> Files {
    let dir = put_down(files);
    drop(Mark::open(dir.path(), point).unwrap());
    files_in(dir.path())
}

fn cut(files: &Files, end: u64) -> Files {
    let mut files = files.clone();
    let [name] = wals(&files).try_into().unwrap();
    let bytes = files.get_mut(&name).unwrap();
    bytes.truncate(usize::try_from(end).unwrap());
    files
}

#[tokio::test]
async fn the_mark_follows_every_sync_and_a_clean_end() {
    let (files, ends) = synced().await;
    assert!(ends.is_sorted_by(|a, b| a < b), "{ends:?}");
    let dir = put_down(&files);
    let mark = Mark::read(dir.path()).unwrap().unwrap();
    let [name] = wals(&files).try_into().unwrap();
    assert_eq!(mark.bytes, len_of(&files, &name));
    assert_eq!(mark.last, Some(LogId::new_term_index(1, 1)));
}

#[tokio::test]
async fn a_log_cut_anywhere_before_its_mark_is_refused_and_not_touched() {
    let (files, ends) = synced().await;
    for end in 0..*ends.last().unwrap() {
        let files = cut(&files, end);
        let dir = put_down(&files);
        match LogStore::open(Some(dir.path()), OWN).unwrap_err() {
            LogError::Shortened {
                synced, end: at, ..
            } => assert!(at <= end && end < synced),
            other => panic!("cut at {end}: {other:?}"),
        }
        assert_eq!(files_in(dir.path()), files, "cut at {end}");
    }
    let mut gone = files.clone();
    gone.remove(&wals(&files)[0]);
    let dir = put_down(&gone);
    let refused = LogStore::open(Some(dir.path()), OWN).unwrap_err();
    assert!(
        matches!(refused, LogError::Shortened { end: 0, .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_log_cut_anywhere_behind_its_mark_keeps_all_that_was_synced() {
    let (files, ends) = synced().await;
    let [name] = wals(&files).try_into().unwrap();
    for (kept, synced) in ends.iter().enumerate() {
        let files = with_mark(
            &files,
            Point {
                bytes: *synced,
                last: None,
            },
        );
        for end in *synced..len_of(&files, &name) {
            let dir = put_down(&cut(&files, end));
            let (mut log, closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
            let vote = log.read_vote().await.unwrap();
            assert_eq!(vote, Some(Vote::new_committed(1, OWN)), "cut at {end}");
            let entries = log.try_get_log_entries(..).await.unwrap();
            assert!(entries.len() >= kept, "cut at {end}");
            let written = [entry(1, 0, 10), entry(1, 1, 10)];
            assert!(written.starts_with(&entries), "cut at {end}");
            close(log, closed).await;
        }
    }
}

#[tokio::test]
async fn what_was_not_known_to_be_synced_is_written_anew_before_it_is_read() {
    use std::os::unix::fs::MetadataExt;
    let (files, ends) = synced().await;
    let [name] = wals(&files).try_into().unwrap();
    let inode = |dir: &Path| fs::metadata(dir.join(&name)).unwrap().ino();
    for (files, is_anew) in [
        (files.clone(), false),
        (
            with_mark(
                &files,
                Point {
                    bytes: ends[1],
                    last: None,
                },
            ),
            true,
        ),
    ] {
        let dir = put_down(&files);
        let before = inode(dir.path());
        let (log, closed) = LogStore::open(Some(dir.path()), OWN).unwrap();
        assert_eq!(inode(dir.path()) != before, is_anew);
        let now = files_in(dir.path());
        assert_eq!(now[&name], files[&name]);
        close(log, closed).await;
        assert_eq!(wals(&files_in(dir.path())).len(), 1);
    }
}

/// A log of four files, the last of them short.
async fn long(owner: RaftId) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, closed) = LogStore::open(Some(dir.path()), owner).unwrap();
    for index in 0..14 {
        append(&mut log, vec![entry(1, index, 2 * 1024 * 1024)]).await;
    }
    close(log, closed).await;
    files_in(dir.path())
}

#[tokio::test]
async fn a_missing_swapped_or_foreign_file_is_said_and_nothing_is_touched() {
    let files = long(OWN).await;
    let names = wals(&files);
    assert_eq!(names.len(), 4, "{names:?}");
    let refuse = |files: &Files, what: &str| {
        let dir = put_down(files);
        let refused = LogStore::open(Some(dir.path()), OWN).unwrap_err();
        let wal_bytes = |files: &Files| -> Vec<Vec<u8>> {
            wals(files).iter().map(|name| files[name].clone()).collect()
        };
        assert!(
            wal_bytes(&files_in(dir.path())) == wal_bytes(files),
            "{what} touched"
        );
        refused
    };
    for (at, name) in names.iter().enumerate() {
        let mut less = files.clone();
        less.remove(name);
        let refused = refuse(&less, "missing");
        let is_tail = at == names.len() - 1;
        assert_eq!(
            matches!(refused, LogError::Shortened { .. }),
            is_tail,
            "{refused:?}"
        );
        assert_eq!(
            matches!(refused, LogError::Hole { .. }),
            !is_tail,
            "{refused:?}"
        );
    }
    let mut swapped = files.clone();
    swapped.insert(names[1].clone(), files[&names[3]].clone());
    swapped.insert(names[3].clone(), files[&names[1]].clone());
    let refused = refuse(&swapped, "swapped");
    assert!(matches!(refused, LogError::Hole { .. }), "{refused:?}");
    // The same number of bytes, so that only what is in them tells.
    let mut swapped = files.clone();
    swapped.insert(names[1].clone(), files[&names[2]].clone());
    swapped.insert(names[2].clone(), files[&names[1]].clone());
    swapped.remove(&names[3]);
    swapped.remove(&OsString::from("synced"));
    let refused = refuse(&swapped, "swapped with its equal");
    assert!(matches!(refused, LogError::Hole { .. }), "{refused:?}");

    let mut mixed = files.clone();
    mixed.insert(
        names[1].clone(),
        long(RaftId::new(8)).await[&names[1]].clone(),
    );
    let refused = refuse(&mixed, "mixed with another's");
    match refused {
        LogError::Foreign { path, owner, .. } => {
            assert!(path.ends_with(&names[1]), "{path:?}");
            assert_eq!(owner, RaftId::new(8));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bit_flipped_in_a_closed_file_is_said_with_file_and_position() {
    let files = long(OWN).await;
    let name = &wals(&files)[1];
    let mut damaged = files;
    damaged.get_mut(name).unwrap()[1024 * 1024] ^= 4;
    let dir = put_down(&damaged);
    match LogStore::open(Some(dir.path()), OWN).unwrap_err() {
        LogError::Damaged { file, at, .. } => {
            assert_eq!(file, dir.path().join(name));
            assert!(at < 1024 * 1024);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_bit_flipped_in_the_last_record_makes_it_look_torn() {
    let (files, _) = synced().await;
    let [name] = wals(&files).try_into().unwrap();
    let bytes = &files[&name];
    // The record of what is committed: its kind, two numbers, the checksum.
    for bit in (bytes.len() - 28) * 8..bytes.len() * 8 {
        let mut damaged = files.clone();
        damaged.get_mut(&name).unwrap()[bit / 8] ^= 1 << (bit % 8);
        let dir = put_down(&damaged);
        let opened = LogStore::open(Some(dir.path()), OWN);
        assert!(opened.is_err(), "bit {bit}");
        assert_eq!(files_in(dir.path()), damaged, "bit {bit}");
    }
}

/// Any bit of the file of the log.
fn flipped(files: &Files, at: prop::sample::Index) -> Files {
    let mut files = files.clone();
    let [name] = wals(&files).try_into().unwrap();
    let bytes = files.get_mut(&name).unwrap();
    let bit = at.index(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_flipped_bit_in_what_was_synced_is_never_taken_for_less(
        at in any::<prop::sample::Index>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (files, _) = runtime.block_on(synced());
        let files = flipped(&files, at);
        let dir = put_down(&files);
        let refused = LogStore::open(Some(dir.path()), OWN).unwrap_err();
        prop_assert!(
            matches!(refused, LogError::Damaged { .. } | LogError::Shortened { .. }),
            "{refused:?}"
        );
        prop_assert_eq!(files_in(dir.path()), files);
    }
}
