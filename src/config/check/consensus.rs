//! The settings of raft, and how long requests wait for it (agent reference, 2.5, 2.8 and 3.3).

use std::time::Duration;

use super::{Checked, Checker};
use crate::config::raw::Raw;

/// The most log entries that may be asked for. Chosen: what 32 bits hold, as no disk holds more.
const ENTRIES_MAX: i64 = 0xffff_ffff;

/// The checked settings.
pub(super) struct Consensus {
    pub(super) raft_multiplier: u8,
    pub(super) rpc_hold_timeout: Duration,
    pub(super) raft_snapshot_threshold: u64,
    pub(super) raft_trailing_logs: u64,
    pub(super) server_stabilization_time: Duration,
}

impl Checker<'_> {
    pub(super) fn consensus(&mut self, raw: &Raw) -> Checked<Consensus> {
        let performance = &raw.performance;
        let multiplier = &performance.raft_multiplier;
        let multiplier = self.number("performance.raft_multiplier", multiplier, 1..=10);
        let hold = &performance.rpc_hold_timeout;
        let hold = self.time("performance.rpc_hold_timeout", hold);
        let entries = 1..=ENTRIES_MAX;
        let threshold = &raw.raft_snapshot_threshold;
        let threshold = self.number("raft_snapshot_threshold", threshold, entries.clone());
        let trailing = &raw.raft_trailing_logs;
        let trailing = self.number("raft_trailing_logs", trailing, entries);
        let stabilization = &raw.autopilot.server_stabilization_time;
        let stabilization = self.time("autopilot.server_stabilization_time", stabilization);
        Ok(Consensus {
            raft_multiplier: multiplier?,
            rpc_hold_timeout: hold?,
            raft_snapshot_threshold: threshold?,
            raft_trailing_logs: trailing?,
            server_stabilization_time: stabilization?,
        })
    }
}
