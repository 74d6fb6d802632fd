//! The catalogue's nodes (agent reference, 3.5 and 6.5; Consul's `ensureNodeTxn` in
//! `agent/consul/state/catalog.go`).
//!
//! A name is one node, whatever its letters' case, and an id is one node. The newest registration
//! wins: the log has no way to refuse a node that is already there. Consul refuses a second node
//! of a name while the first is healthy; here gossip does, before anything is registered.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::key::Key;
use super::{Applied, NodeEntry, NodeRecord};
use crate::types::NodeId;

/// The nodes by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Nodes {
    /// By name in lower case, which is also the order of answers.
    #[serde(with = "super::map")]
    rows: OrdMap<Key, NodeEntry>,
    /// Raft index of the last change of any node.
    index: u64,
}

impl Nodes {
    /// Writes a node in place of those that have its id or its name. What is already there as it
    /// is changes nothing, not even the index; a node that is renamed keeps its create index.
    pub(super) fn register(&mut self, index: u64, record: &NodeRecord) -> Applied {
        let name = record.name.as_str().to_ascii_lowercase();
        let namesake = self.rows.get(name.as_str());
        if namesake.is_some_and(|old| old.record == *record) {
            return Applied::Done;
        }
        let known = match namesake {
            Some(namesake) if namesake.record.id == record.id => None,
            _ => self.by_id(record.id),
        };
        let create_index = known
            .map(|(_, entry)| entry)
            .or(namesake)
            .map_or(index, |old| old.create_index);
        if let Some(renamed) = known.map(|(name, _)| name.clone()) {
            self.rows.remove(renamed.as_str());
        }
        let entry = NodeEntry {
            record: record.clone(),
            create_index,
            modify_index: index,
        };
        self.rows.insert(Key::from(name.as_str()), entry);
        self.index = index;
        Applied::Done
    }

    /// Takes a node out; nothing happens if there is none of that id.
    pub(super) fn deregister(&mut self, index: u64, id: NodeId) -> Applied {
        if let Some(name) = self.by_id(id).map(|(name, _)| name.clone()) {
            self.rows.remove(name.as_str());
            self.index = index;
        }
        Applied::Done
    }

    /// Every node, sorted by name.
    pub(super) fn list(&self) -> Vec<NodeEntry> {
        self.rows.values().cloned().collect()
    }

    /// The node of a name, in any letters' case.
    pub(super) fn get(&self, name: &str) -> Option<NodeEntry> {
        self.rows.get(name.to_ascii_lowercase().as_str()).cloned()
    }

    /// Raft index of the last change of any node; 0 before the first.
    pub(super) const fn index(&self) -> u64 {
        self.index
    }

    /// Walks over all nodes: ids are looked up when a node is new, is renamed or leaves, which is
    /// rare beside the registrations that change nothing.
    fn by_id(&self, id: NodeId) -> Option<(&Key, &NodeEntry)> {
        self.rows.iter().find(|(_, entry)| entry.record.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{after, register};
    use super::super::{Answer, Command, Query, State};
    use super::*;

    /// Each node as `name id address create-index modify-index`.
    fn nodes(state: &State) -> Vec<String> {
        let row = |entry: NodeEntry| {
            let (name, id) = (&entry.record.name, entry.record.id.bits());
            let (address, made, changed) =
                (entry.record.address, entry.create_index, entry.modify_index);
            format!("{name} {id} {address} {made} {changed}")
        };
        state.nodes.list().into_iter().map(row).collect()
    }

    #[test]
    fn an_unchanged_registration_moves_no_index() {
        let state = after(&[register(1, "s1", 1), register(1, "s1", 1)]);
        assert_eq!(nodes(&state), ["s1 1 10.0.0.1 11 11"]);
        assert_eq!(state.index_of(&Query::Nodes), 11);
    }

    #[test]
    fn a_new_address_moves_the_modify_index() {
        let state = after(&[register(1, "s1", 1), register(1, "s1", 2)]);
        assert_eq!(nodes(&state), ["s1 1 10.0.0.2 11 12"]);
    }

    #[test]
    fn a_renamed_node_is_one_node_with_its_create_index() {
        let state = after(&[register(1, "s1", 1), register(1, "S2", 1)]);
        assert_eq!(nodes(&state), ["S2 1 10.0.0.1 11 12"]);
    }

    #[test]
    fn a_new_id_takes_the_name_of_the_old_in_either_case() {
        let state = after(&[register(1, "s1", 1), register(2, "S1", 1)]);
        assert_eq!(nodes(&state), ["S1 2 10.0.0.1 11 12"]);
    }

    #[test]
    fn a_node_that_takes_the_name_of_another_replaces_both() {
        let state = after(&[
            register(1, "s1", 1),
            register(2, "s2", 2),
            register(2, "s1", 2),
        ]);
        assert_eq!(nodes(&state), ["s1 2 10.0.0.2 12 13"]);
    }

    #[test]
    fn nodes_are_sorted_by_name_whatever_the_case() {
        let state = after(&[
            register(1, "c", 1),
            register(2, "B", 2),
            register(3, "a", 3),
        ]);
        assert_eq!(
            nodes(&state),
            [
                "a 3 10.0.0.3 13 13",
                "B 2 10.0.0.2 12 12",
                "c 1 10.0.0.1 11 11"
            ]
        );
    }

    #[test]
    fn one_node_is_found_by_its_name_in_either_case() {
        let state = after(&[register(1, "s1", 1), register(2, "S2", 2)]);
        let found = |name: &str| -> Vec<NodeId> {
            let (_, Answer::Nodes(nodes)) = state.query(&Query::Node { name: name.into() }) else {
                return Vec::new();
            };
            nodes.into_iter().map(|node| node.record.id).collect()
        };
        assert_eq!(found("s2"), [NodeId::new(2)]);
        assert_eq!(found("S2"), [NodeId::new(2)]);
        assert!(found("s").is_empty());
    }

    #[test]
    fn a_deregistered_node_is_gone_and_only_that_moves_the_index() {
        let remove = |id| Command::DeregisterNode {
            id: NodeId::new(id),
        };
        let state = after(&[register(1, "s1", 1), remove(2)]);
        assert_eq!(
            (nodes(&state).len(), state.index_of(&Query::Nodes)),
            (1, 11)
        );
        let state = after(&[register(1, "s1", 1), remove(1)]);
        assert_eq!(
            (nodes(&state).len(), state.index_of(&Query::Nodes)),
            (0, 12)
        );
    }
}
