//! The rules of the state one by one.

use bytes::Bytes;

use super::*;
use crate::types::NodeId;

pub(super) fn set(key: &str, value: &str, cas: Option<u64>) -> Command {
    Command::KvSet {
        key: key.to_owned(),
        value: Bytes::copy_from_slice(value.as_bytes()),
        flags: 0,
        cas,
    }
}

pub(super) fn delete(key: &str, cas: Option<u64>) -> Command {
    Command::KvDelete {
        key: key.to_owned(),
        cas,
    }
}

pub(super) fn delete_tree(prefix: &str) -> Command {
    Command::KvDeleteTree {
        prefix: prefix.to_owned(),
    }
}

pub(super) fn register(id: u128, name: &str, last_byte: u8) -> Command {
    Command::RegisterNode(NodeRecord {
        id: NodeId::new(id),
        name: name.parse().unwrap(),
        address: [10, 0, 0, last_byte].into(),
        datacenter: "dc1".to_owned(),
        meta: Vec::new(),
    })
}

/// The state after the commands, the first of them at index 11.
pub(super) fn after(commands: &[Command]) -> State {
    let mut state = State::default();
    for (index, command) in (11..).zip(commands) {
        state.apply(index, command);
    }
    state
}

fn get(state: &State, key: &str) -> Option<KvEntry> {
    state.kv.get(key)
}

fn get_index(state: &State, key: &str) -> u64 {
    state.index_of(&Query::KvGet {
        key: key.to_owned(),
    })
}

fn list_index(state: &State, prefix: &str) -> u64 {
    state.index_of(&Query::KvList {
        prefix: prefix.to_owned(),
    })
}

fn keys(state: &State, prefix: &str, separator: &str) -> Vec<String> {
    state.kv.keys(prefix, Some(separator))
}

#[test]
fn an_empty_state_answers_with_index_one() {
    let state = State::default();
    let queries = [
        Query::KvGet { key: "a".into() },
        Query::KvList {
            prefix: String::new(),
        },
        Query::KvKeys {
            prefix: "a".into(),
            separator: None,
        },
        Query::Nodes,
    ];
    for query in queries {
        assert_eq!(state.query(&query).0, 1, "{query:?}");
    }
}

#[test]
fn a_write_keeps_the_create_index_and_moves_the_modify_index() {
    let state = after(&[set("a", "1", None), set("a", "2", None)]);
    let entry = get(&state, "a").unwrap();
    assert_eq!((entry.create_index, entry.modify_index), (11, 12));
    assert_eq!(entry.value, Bytes::from_static(b"2"));
}

#[test]
fn a_write_of_what_is_there_changes_no_index() {
    let state = after(&[
        set("a", "1", None),
        set("a", "1", None),
        set("a", "1", Some(11)),
    ]);
    assert_eq!(get(&state, "a").unwrap().modify_index, 11);
    assert_eq!(list_index(&state, ""), 11);
}

#[test]
fn other_flags_are_a_change() {
    let mut state = after(&[set("a", "1", None)]);
    let flagged = Command::KvSet {
        key: "a".into(),
        value: Bytes::from_static(b"1"),
        flags: 9,
        cas: None,
    };
    state.apply(12, &flagged);
    let entry = get(&state, "a").unwrap();
    assert_eq!((entry.flags, entry.modify_index), (9, 12));
}

#[test]
fn cas_zero_only_creates_and_cas_else_only_replaces_that_version() {
    let rows = [
        ("absent", Some(0), Applied::Done),
        ("absent", Some(11), Applied::Mismatch),
        ("there", Some(0), Applied::Mismatch),
        ("there", Some(10), Applied::Mismatch),
        ("there", Some(11), Applied::Done),
        ("there", None, Applied::Done),
    ];
    for (key, cas, applied) in rows {
        let before = after(&[set("there", "1", None)]);
        let mut state = before.clone();
        assert_eq!(
            state.apply(12, &set(key, "2", cas)),
            applied,
            "{key} {cas:?}"
        );
        let changed = applied == Applied::Done;
        assert_eq!(state != before, changed, "{key} {cas:?}");
    }
}

#[test]
fn a_conditional_delete_takes_that_version_and_is_content_with_none() {
    let rows = [
        ("there", None, Applied::Done, true),
        ("there", Some(11), Applied::Done, true),
        ("there", Some(10), Applied::Mismatch, false),
        ("there", Some(0), Applied::Mismatch, false),
        ("absent", None, Applied::Done, false),
        ("absent", Some(0), Applied::Done, false),
        ("absent", Some(11), Applied::Done, false),
    ];
    for (key, cas, applied, changes) in rows {
        let before = after(&[set("there", "1", None)]);
        let mut state = before.clone();
        assert_eq!(state.apply(12, &delete(key, cas)), applied, "{key} {cas:?}");
        assert_eq!(state != before, changes, "{key} {cas:?}");
    }
}

#[test]
fn a_key_has_its_own_index_and_a_missing_one_that_of_the_table() {
    let state = after(&[set("a", "1", None), set("b", "1", None), delete("b", None)]);
    assert_eq!(get_index(&state, "a"), 11);
    assert_eq!(get_index(&state, "b"), 13);
    assert_eq!(get_index(&state, "never"), 13);
}

#[test]
fn the_index_of_a_prefix_moves_with_its_own_keys_only() {
    let state = after(&[
        set("a/1", "1", None),
        set("a/2", "1", None),
        set("b/1", "1", None),
    ]);
    assert_eq!(list_index(&state, "a/"), 12);
    assert_eq!(list_index(&state, "b/"), 13);
    assert_eq!(list_index(&state, "c/"), 13, "nothing there: the table's");
    assert_eq!(list_index(&state, ""), 13);
}

#[test]
fn the_index_of_a_prefix_is_higher_after_a_delete_below_it() {
    let state = after(&[
        set("a/1", "1", None),
        set("a/2", "1", None),
        delete("a/2", None),
    ]);
    assert_eq!(list_index(&state, "a/"), 13);
    assert_eq!(list_index(&state, "a/1"), 11);
}

#[test]
fn a_deleted_tree_moves_the_prefixes_above_and_below_it() {
    let commands = [
        set("a/b/1", "1", None),
        delete("a/b/1", None),
        set("a/b/2", "1", None),
        set("c", "1", None),
        delete_tree("a/"),
        set("c", "2", None),
    ];
    let state = after(&commands);
    for (prefix, index) in [("a", 15), ("a/", 15), ("a/b/", 16), ("c", 16)] {
        assert_eq!(list_index(&state, prefix), index, "{prefix}");
    }
    assert_eq!(state.kv.list("a").len(), 0);
    assert_eq!(state.kv.list("").len(), 1);
}

#[test]
fn deleting_what_is_not_there_moves_no_index() {
    let state = after(&[set("a", "1", None), delete("b", None), delete_tree("b/")]);
    assert_eq!(list_index(&state, ""), 11);
    assert_eq!(list_index(&state, "b/"), 11);
}

#[test]
fn tombstones_are_bounded_and_no_index_falls_when_they_go() {
    let mut state = after(&[
        set("old/kept", "1", None),
        set("old/gone", "1", None),
        delete("old/gone", None),
    ]);
    assert_eq!(list_index(&state, "old/"), 13);
    let mut index = 13;
    for i in 0..tombstones::TOMBSTONES_MAX {
        let key = format!("new/{i:06}");
        state.apply(index + 1, &set(&key, "1", None));
        state.apply(index + 2, &delete(&key, None));
        index += 2;
    }
    assert_eq!(list_index(&state, "new/"), index);
    assert!(
        list_index(&state, "old/") > 13,
        "its tombstone was forgotten, not its index"
    );
    let size = postcard::to_allocvec(&state).unwrap().len();
    assert!(size < tombstones::TOMBSTONES_MAX * 8, "{size} bytes");
}

#[test]
fn names_are_cut_behind_the_first_separator_after_the_prefix() {
    let names = ["a", "a/", "a/b", "a/b/c", "a/b/d", "a/e", "f/g"];
    let state = after(&names.map(|name| set(name, "1", None)));
    assert_eq!(keys(&state, "", "/"), ["a", "a/", "f/"]);
    assert_eq!(keys(&state, "a/", "/"), ["a/", "a/b", "a/b/", "a/e"]);
    assert_eq!(keys(&state, "a/b", "/"), ["a/b", "a/b/"]);
    assert_eq!(
        keys(&state, "", "b/"),
        ["a", "a/", "a/b", "a/b/", "a/e", "f/g"]
    );
    assert_eq!(keys(&state, "", ""), names);
    assert_eq!(state.kv.keys("", None), names);
}

#[test]
fn a_name_beyond_ascii_is_cut_whole() {
    let state = after(&[set("ä/ö/1", "1", None), set("ä/ö/2", "1", None)]);
    assert_eq!(keys(&state, "ä", "/"), ["ä/"]);
    assert_eq!(keys(&state, "ä/", "ö/"), ["ä/ö/"]);
}

#[test]
fn a_clone_keeps_what_it_saw() {
    let mut state = after(&[set("a", "1", None)]);
    let snapshot = state.clone();
    state.apply(12, &delete_tree(""));
    assert!(get(&snapshot, "a").is_some());
    assert!(get(&state, "a").is_none());
}
