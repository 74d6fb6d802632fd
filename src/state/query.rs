//! What can be asked of the state, and the answers.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{AutopilotEntry, NodeRecord};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Query {
    /// One key.
    KvGet {
        /// The key.
        key: String,
    },
    /// Every key that begins with the prefix, with its value.
    KvList {
        /// The prefix; empty means all.
        prefix: String,
    },
    /// The names of the keys that begin with the prefix.
    KvKeys {
        /// The prefix; empty means all.
        prefix: String,
        /// Cut each name behind the first separator that follows the prefix, and give each cut
        /// name once.
        separator: Option<String>,
    },
    /// The nodes of the catalogue.
    Nodes,
    /// The settings of autopilot.
    Autopilot,
    /// One node of the catalogue.
    Node {
        /// Its name, in any letters' case.
        name: String,
    },
}

/// The answer to a [`Query`], variant by variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To `KvGet`.
    Entry(Option<KvEntry>),
    /// To `KvList`, sorted by key.
    Entries(Vec<KvEntry>),
    /// To `KvKeys`, sorted.
    Keys(Vec<String>),
    /// To `Nodes`, sorted by name; to `Node`, at most that one.
    Nodes(Vec<NodeEntry>),
    /// To `Autopilot`; none before the first leader wrote them.
    Autopilot(Option<AutopilotEntry>),
}

/// A key as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvEntry {
    /// The key.
    pub key: String,
    /// What it holds.
    pub value: Bytes,
    /// The clients' number.
    pub flags: u64,
    /// Raft index of the write that made it.
    pub create_index: u64,
    /// Raft index of the last write that changed it.
    pub modify_index: u64,
}

/// A node of the catalogue as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEntry {
    /// What was registered.
    pub record: NodeRecord,
    /// Raft index of the registration that made it.
    pub create_index: u64,
    /// Raft index of the last registration that changed it.
    pub modify_index: u64,
}
