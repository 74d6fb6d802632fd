//! What holds after any sequence of commands.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::tests::{delete, delete_tree, register, set};
use super::*;
use crate::types::{AutopilotConfig, NodeId, RaftId};

/// A few keys and prefixes that lie below and beside each other.
fn any_key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "a/", "a/b", "a/b/c", "a/b/d", "a/c", "ab", "b"])
        .prop_map(str::to_owned)
}

fn any_prefix() -> impl Strategy<Value = String> {
    prop_oneof![
        any_key(),
        prop::sample::select(vec!["", "a/b/", "c"]).prop_map(str::to_owned)
    ]
}

/// No condition, one that is likely to hold, one that is not.
fn any_cas() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![3 => Just(None), 1 => Just(Some(0)), 2 => (1..40_u64).prop_map(Some)]
}

fn any_command() -> impl Strategy<Value = Command> {
    let values = prop::sample::select(vec!["1", "2"]);
    let names = prop::sample::select(vec!["s1", "S1", "s2", "s3"]);
    prop_oneof![
        6 => (any_key(), values, any_cas()).prop_map(|(key, value, cas)| set(&key, value, cas)),
        3 => (any_key(), any_cas()).prop_map(|(key, cas)| delete(&key, cas)),
        2 => any_prefix().prop_map(|prefix| delete_tree(&prefix)),
        2 => (1..4_u128, names, 1..3_u8).prop_map(|(id, name, byte)| register(id, name, byte)),
        1 => (1..4_u128).prop_map(|id| Command::DeregisterNode { id: NodeId::new(id) }),
        1 => (1..4_u128, 1..3_u64).prop_map(|(id, at_ms)| Command::RemoveServer(Removal {
            raft_id: RaftId::new(id),
            through: None,
            at_ms,
        })),
        1 => (0..3_u64).prop_map(set_autopilot),
    ]
}

fn set_autopilot(min_quorum: u64) -> Command {
    let config = AutopilotConfig {
        min_quorum,
        ..AutopilotConfig::default()
    };
    Command::SetAutopilot { config, cas: None }
}

/// Commands; beside each, whether tombstones are pruned to two after it.
fn any_history() -> impl Strategy<Value = Vec<(Command, bool)>> {
    prop::collection::vec((any_command(), prop::bool::weighted(0.2)), 1..40)
}

fn every_query() -> Vec<Query> {
    let texts = [
        "a", "a/", "a/b", "a/b/", "a/b/c", "a/b/d", "a/c", "ab", "b", "c",
    ];
    let of_key = texts.map(|key| Query::KvGet { key: key.into() });
    let of_prefix = texts.map(|prefix| Query::KvList {
        prefix: prefix.into(),
    });
    let of_all = [
        Query::Nodes,
        Query::Node { name: "s1".into() },
        Query::Autopilot,
        Query::KvKeys {
            prefix: String::new(),
            separator: Some("/".into()),
        },
    ];
    of_key.into_iter().chain(of_prefix).chain(of_all).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_of_a_query_never_falls_and_grows_with_every_change_of_its_answer(
        history in any_history(),
    ) {
        let mut state = State::default();
        let queries = every_query();
        for (index, (command, prunes)) in (2..).zip(&history) {
            let before = state.clone();
            state.apply(index, command);
            if *prunes {
                state.kv.prune(2);
            }
            for query in &queries {
                let (old, new) = (before.query(query), state.query(query));
                prop_assert!(new.0 >= old.0, "{:?}: {} after {}", query, new.0, old.0);
                prop_assert!(new.0 <= index, "{:?}: {} at {}", query, new.0, index);
                if new.1 != old.1 {
                    prop_assert_eq!(new.0, index, "{:?} changed", query);
                }
            }
        }
    }

    #[test]
    fn servers_that_apply_the_same_log_hold_the_same_bytes(
        history in any_history(),
        restored_at in 0..40_usize,
    ) {
        let (mut one, mut other) = (State::default(), State::default());
        for (at, (index, (command, _))) in (2..).zip(&history).enumerate() {
            if at == restored_at {
                let whole = (&other, other.removals(), other.autopilot());
                let bytes = postcard::to_allocvec(&whole).unwrap();
                let (state, removals, autopilot): (State, Removals, Autopilot) =
                    postcard::from_bytes(&bytes).unwrap();
                other = state.with_removals(removals).with_autopilot(autopilot);
            }
            prop_assert_eq!(one.apply(index, command), other.apply(index, command));
        }
        prop_assert_eq!(&one, &other);
        let bytes = |state: &State| {
            postcard::to_allocvec(&(state, state.removals(), state.autopilot()))
        };
        prop_assert_eq!(bytes(&one), bytes(&other));
    }

    #[test]
    fn keys_behave_as_a_plain_map_of_versions(history in any_history()) {
        let mut state = State::default();
        let mut model: BTreeMap<String, (Bytes, u64)> = BTreeMap::new();
        for (index, (command, _)) in (2..).zip(&history) {
            let applied = state.apply(index, command);
            prop_assert_eq!(applied, apply_to_model(&mut model, index, command));
            let kept: BTreeMap<String, (Bytes, u64)> = state.kv.list("").into_iter()
                .map(|entry| (entry.key, (entry.value, entry.modify_index)))
                .collect();
            prop_assert_eq!(&kept, &model);
        }
    }

    #[test]
    fn no_two_nodes_share_an_id_or_a_name(history in any_history()) {
        let mut state = State::default();
        for (index, (command, _)) in (2..).zip(&history) {
            state.apply(index, command);
            let listed = state.nodes.list();
            let mut ids: Vec<NodeId> = listed.iter().map(|node| node.record.id).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count);
            if let Command::RegisterNode(record) = command {
                prop_assert!(listed.iter().any(|node| node.record == *record));
            }
        }
    }
}

/// The rules for keys once more, on a plain map from key to value and version.
fn apply_to_model(
    model: &mut BTreeMap<String, (Bytes, u64)>,
    index: u64,
    command: &Command,
) -> Applied {
    match command {
        Command::KvSet {
            key, value, cas, ..
        } => {
            let version = model.get(key).map_or(0, |old| old.1);
            if cas.is_some_and(|cas| cas != version) {
                return Applied::Mismatch;
            }
            if model.get(key).is_none_or(|old| old.0 != *value) {
                model.insert(key.clone(), (value.clone(), index));
            }
        }
        Command::KvDelete { key, cas } => {
            let version = model.get(key).map(|old| old.1);
            if version.is_some() && cas.is_some() && version != *cas {
                return Applied::Mismatch;
            }
            model.remove(key);
        }
        Command::KvDeleteTree { prefix } => model.retain(|key, _| !key.starts_with(prefix)),
        Command::RegisterNode(_)
        | Command::DeregisterNode { .. }
        | Command::RemoveServer(_)
        | Command::SetAutopilot { .. } => {}
    }
    Applied::Done
}
