//! Which snapshot is read, and which is not.

use super::super::type_config::{LogId, SnapshotMeta, StoredMembership};
use super::*;
use crate::state::{Command, Removal};
use crate::types::RaftId;

fn meta(index: u64) -> SnapshotMeta {
    SnapshotMeta {
        last_log_id: Some(LogId::new_term_index(1, index)),
        last_membership: StoredMembership::default(),
    }
}

fn state(index: u64) -> State {
    let mut state = State::default();
    let command = Command::KvSet {
        key: index.to_string(),
        value: vec![1, 2, 3].into(),
        flags: index,
        cas: None,
    };
    let _applied = state.apply(index, &command);
    state
}

fn save(store: &SnapshotStore, index: u64) {
    store.save(meta(index), state(index)).unwrap();
}

fn index_of(store: &SnapshotStore) -> Option<u64> {
    Some(store.current()?.meta.last_log_id?.index())
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 0x80;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_snapshot_reads_back_what_was_written() {
    let bytes = encode(&meta(7), &state(7)).unwrap();
    assert_eq!(decode(&bytes).unwrap(), (meta(7), state(7)));
}

#[test]
fn a_snapshot_is_written_in_the_lowest_version_that_has_room_for_the_state() {
    let version = |bytes: &[u8]| u16::from_be_bytes([bytes[6], bytes[7]]);
    let removal = Command::RemoveServer(Removal {
        raft_id: RaftId::new(3),
        through: Some("s1".parse().unwrap()),
        at_ms: 1,
    });
    let settings = Command::SetAutopilot {
        config: crate::types::AutopilotConfig::default(),
        cas: None,
    };
    let rows = [
        (vec![], 1),
        (vec![&removal], 2),
        (vec![&settings], 3),
        (vec![&removal, &settings], 3),
    ];
    for (commands, expected) in rows {
        let mut state = state(7);
        for (index, command) in (8..).zip(commands) {
            let _applied = state.apply(index, command);
        }
        let bytes = encode(&meta(9), &state).unwrap();
        assert_eq!(version(&bytes), expected);
        assert_eq!(decode(&bytes).unwrap(), (meta(9), state));
    }
}

#[test]
fn a_snapshot_with_any_bit_flipped_or_any_end_cut_is_not_read() {
    let bytes = encode(&meta(7), &state(7)).unwrap();
    for end in 0..bytes.len() {
        assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn the_newest_two_are_kept_and_the_newest_is_read_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let open = || SnapshotStore::open(Some(dir.path().to_owned()), None).unwrap();
    let store = open();
    assert_eq!(index_of(&store), None);
    for index in [9, 10, 11] {
        save(&store, index);
    }
    assert_eq!(file::newest_first(dir.path()).unwrap().len(), 2);
    let again = open();
    assert_eq!(index_of(&again), Some(11));
    assert_eq!(again.current().unwrap().snapshot, state(11));
}

#[test]
fn an_older_snapshot_does_not_replace_a_newer_one() {
    let store = SnapshotStore::open(None, None).unwrap();
    save(&store, 5);
    save(&store, 4);
    assert_eq!(index_of(&store), Some(5));
}

#[test]
fn an_older_snapshot_serves_if_the_log_covers_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let open = |purged: u64| {
        let purged = Some(LogId::new_term_index(1, purged));
        SnapshotStore::open(Some(dir.path().to_owned()), purged)
    };
    let store = SnapshotStore::open(Some(dir.path().to_owned()), None).unwrap();
    save(&store, 10);
    save(&store, 20);
    let newest = file::newest_first(dir.path()).unwrap().remove(0);
    damage(&newest);
    match open(11).unwrap_err() {
        SnapshotError::Gap {
            purged, damaged, ..
        } => {
            assert_eq!((purged, damaged), (11, vec![newest.clone()]));
        }
        other => panic!("{other:?}"),
    }
    assert!(newest.exists(), "nothing is changed by an error");
    assert_eq!(index_of(&open(10).unwrap()), Some(10));
    assert!(newest.with_extension("damaged").exists());
}

#[test]
fn what_an_interrupted_writing_left_is_neither_read_nor_kept() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir
        .path()
        .join("00000000000000000099-00000000000000000001.writing");
    fs::write(&left, b"half").unwrap();
    let store = SnapshotStore::open(Some(dir.path().to_owned()), None).unwrap();
    assert_eq!(index_of(&store), None);
    assert!(!left.exists());
}
