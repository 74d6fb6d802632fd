//! The replicated state and its queries: what every server holds alike after the same log.
//!
//! Pure: no I/O, no clock, no randomness, no logging. What a command does and which index a query
//! answers with are Consul's (agent reference, 6.1 and 6.7), so that its clients' locks, watches
//! and `cas` loops go on working.

mod autopilot;
mod command;
mod key;
mod kv;
mod map;
mod nodes;
#[cfg(test)]
mod properties;
mod query;
mod removed;
#[cfg(test)]
mod tests;
mod tombstones;

pub use autopilot::{Autopilot, AutopilotEntry};
pub use command::{Applied, Command, NodeRecord};
pub use query::{Answer, KvEntry, NodeEntry, Query};
pub use removed::{Removal, RemovalEntry, Removals};

use serde::{Deserialize, Serialize};

use crate::types::RaftId;
use kv::Kv;
use nodes::Nodes;

/// The state as of one raft index. A clone costs O(1) and shares what does not change, so readers,
/// snapshots and blocking queries each hold one of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    kv: Kv,
    nodes: Nodes,
    /// Written beside the rest, see [`State::with_removals`].
    #[serde(skip)]
    removals: Removals,
    /// Written beside the rest, see [`State::with_autopilot`].
    #[serde(skip)]
    autopilot: Autopilot,
}

impl State {
    /// Applies a command that was committed at a raft index, which must be higher than that of
    /// every command before. Deterministic: equal states and equal commands give equal states on
    /// every server.
    pub fn apply(&mut self, index: u64, command: &Command) -> Applied {
        match command {
            Command::KvSet {
                key,
                value,
                flags,
                cas,
            } => self.kv.set(index, key, (value, *flags), *cas),
            Command::KvDelete { key, cas } => self.kv.delete(index, key, *cas),
            Command::KvDeleteTree { prefix } => self.kv.delete_tree(index, prefix),
            Command::RegisterNode(record) => self.nodes.register(index, record),
            Command::DeregisterNode { id } => self.nodes.deregister(index, *id),
            Command::RemoveServer(removal) => self.removals.note(index, removal),
            Command::SetAutopilot { config, cas } => self.autopilot.set(index, config, *cas),
        }
    }

    /// The servers that an operator took out.
    pub const fn removals(&self) -> &Removals {
        &self.removals
    }

    /// Takes an operator's word back: these servers are wanted again.
    pub fn readmit(&mut self, ids: impl IntoIterator<Item = RaftId>) {
        for id in ids {
            self.removals.forget(id);
        }
    }

    /// The state with these removals. The form of a state has no room for them, so that a state
    /// without any is written as it was before there were removals.
    #[must_use]
    pub fn with_removals(self, removals: Removals) -> Self {
        Self { removals, ..self }
    }

    /// The settings of autopilot.
    pub const fn autopilot(&self) -> &Autopilot {
        &self.autopilot
    }

    /// The state with these settings of autopilot. The form of a state has no room for them, so
    /// that a state without is written as it was before there were any.
    #[must_use]
    pub fn with_autopilot(self, autopilot: Autopilot) -> Self {
        Self { autopilot, ..self }
    }

    /// Answers a query with the raft index of what was asked.
    pub fn query(&self, query: &Query) -> (u64, Answer) {
        let answer = match query {
            Query::KvGet { key } => Answer::Entry(self.kv.get(key)),
            Query::KvList { prefix } => Answer::Entries(self.kv.list(prefix)),
            Query::KvKeys { prefix, separator } => {
                Answer::Keys(self.kv.keys(prefix, separator.as_deref()))
            }
            Query::Nodes => Answer::Nodes(self.nodes.list()),
            Query::Autopilot => Answer::Autopilot(self.autopilot.entry().cloned()),
            Query::Node { name } => Answer::Nodes(self.nodes.get(name).into_iter().collect()),
        };
        (self.index_of(query), answer)
    }

    /// The raft index of what a query asks for: what a blocking query waits on. It grows with
    /// every change of the answer, never falls, and is never below 1, because clients take 0 for
    /// "do not wait". It may grow without such a change.
    ///
    /// Copies nothing; costs one look-up, or a walk over the keys below the prefix.
    pub fn index_of(&self, query: &Query) -> u64 {
        let index = match query {
            Query::KvGet { key } => self.kv.index_of_key(key),
            Query::KvList { prefix } | Query::KvKeys { prefix, .. } => {
                self.kv.index_of_prefix(prefix)
            }
            Query::Nodes | Query::Node { .. } => self.nodes.index(),
            Query::Autopilot => self.autopilot.index(),
        };
        index.max(1)
    }
}
