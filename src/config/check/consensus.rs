//! The settings of raft, and how long requests wait for it (agent reference, 2.5, 2.8 and 3.3).

use std::time::Duration;

use super::{Checked, Checker};
use crate::config::raw::{Raw, RawAutopilot};
use crate::types::AutopilotConfig;

/// The most log entries that may be asked for. Chosen: what 32 bits hold, as no disk holds more.
const ENTRIES_MAX: i64 = 0xffff_ffff;

/// The least age that may be set (agent reference, 2.10).
const REJOIN_AGE_MIN: Duration = Duration::from_hours(6);

/// The checked settings.
pub(super) struct Consensus {
    pub(super) raft_multiplier: u8,
    pub(super) rpc_hold_timeout: Duration,
    pub(super) raft_snapshot_threshold: u64,
    pub(super) raft_trailing_logs: u64,
    pub(super) autopilot: AutopilotConfig,
    pub(super) leave_drain_time: Duration,
    pub(super) server_rejoin_age_max: Duration,
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
        let drain = &performance.leave_drain_time;
        let drain = self.time("performance.leave_drain_time", drain);
        let autopilot = self.autopilot(&raw.autopilot);
        let age = self.rejoin_age(raw);
        Ok(Consensus {
            raft_multiplier: multiplier?,
            rpc_hold_timeout: hold?,
            raft_snapshot_threshold: threshold?,
            raft_trailing_logs: trailing?,
            autopilot: autopilot?,
            leave_drain_time: drain?,
            server_rejoin_age_max: age?,
        })
    }

    fn autopilot(&mut self, raw: &RawAutopilot) -> Checked<AutopilotConfig> {
        let (contact, stable) = (&raw.last_contact_threshold, &raw.server_stabilization_time);
        let contact = self.time("autopilot.last_contact_threshold", contact);
        let stable = self.time("autopilot.server_stabilization_time", stable);
        let trailing = &raw.max_trailing_logs;
        let trailing = self.number("autopilot.max_trailing_logs", trailing, 0..=ENTRIES_MAX);
        let quorum = self.number("autopilot.min_quorum", &raw.min_quorum, 0..=ENTRIES_MAX);
        Ok(AutopilotConfig {
            cleanup_dead_servers: *raw.cleanup_dead_servers,
            last_contact_threshold: contact?,
            max_trailing_logs: trailing?,
            min_quorum: quorum?,
            server_stabilization_time: stable?,
            ..AutopilotConfig::default()
        })
    }

    fn rejoin_age(&mut self, raw: &Raw) -> Checked<Duration> {
        let key = "server_rejoin_age_max";
        let age = self.time(key, &raw.server_rejoin_age_max)?;
        if age < REJOIN_AGE_MIN {
            let why = "cannot be less than 6h: servers that stop for a while would not come back";
            return Err(self.refuse(key, &raw.server_rejoin_age_max, why));
        }
        Ok(age)
    }
}
