//! What is shown: the reason, since when, and how each source does.

use std::time::Duration;

use super::{Said, Source};
use crate::types::Reason;

/// The answer to "why?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The reason in words.
    pub said: Said,
    /// How long this reason has held, whatever its words.
    pub held: Duration,
    /// The same as a time: milliseconds since 1970.
    pub since_ms: u64,
    /// The agent is in a cluster.
    pub is_formed: bool,
    /// Its deciding loop has turned of late.
    pub is_live: bool,
    /// The sources of addresses.
    pub sources: Vec<Source>,
}

impl Report {
    /// The agent serves requests.
    pub fn is_ready(&self) -> bool {
        self.said.reason == Reason::Ready
    }

    /// Code and line, as probes, the log and a service manager show them.
    pub fn line(&self) -> String {
        format!("{}: {}", self.said.reason, self.said.line)
    }
}
