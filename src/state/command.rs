//! What changes the replicated state, and what comes back.
//!
//! A command is a raft log entry: its form on the wire may grow new variants at the end, never
//! change an old one.

use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Removal;
use crate::types::{AutopilotConfig, NodeId, NodeName};

/// One change of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Writes a key.
    KvSet {
        /// The key, without a leading slash.
        key: String,
        /// What it shall hold.
        value: Bytes,
        /// A number that clients keep beside the value.
        flags: u64,
        /// Write only if the key's modify index is this; 0: only if there is no such key.
        cas: Option<u64>,
    },
    /// Deletes a key.
    KvDelete {
        /// The key.
        key: String,
        /// Delete only if the key's modify index is this.
        cas: Option<u64>,
    },
    /// Deletes every key that begins with the prefix.
    KvDeleteTree {
        /// The prefix; empty means every key.
        prefix: String,
    },
    /// Writes a node to the catalogue, or replaces what is there under its name or id.
    RegisterNode(NodeRecord),
    /// Takes a node out of the catalogue, if it is there under this id.
    DeregisterNode {
        /// The node.
        id: NodeId,
    },
    /// Notes that an operator took a server out. It changes no raft configuration by itself.
    RemoveServer(Removal),
    /// Writes the settings of autopilot.
    SetAutopilot {
        /// All of them.
        config: AutopilotConfig,
        /// Write only if their modify index is this; 0: only if there are none yet.
        cas: Option<u64>,
    },
}

/// A node in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// The node.
    pub id: NodeId,
    /// Its name.
    pub name: NodeName,
    /// Where it is reached.
    pub address: IpAddr,
    /// The datacenter.
    pub datacenter: String,
    /// What the operator attached, and the program's version.
    pub meta: Vec<(String, String)>,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    /// The condition held (or there was none) and the change was made.
    Done,
    /// The `cas` condition did not hold; nothing changed.
    Mismatch,
}
