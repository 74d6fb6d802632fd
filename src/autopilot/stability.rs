//! Remembers since when each learner has been healthy without a break.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::types::RaftId;

/// Since when which learner keeps up. Time comes from the caller, from one monotonic clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stability {
    since: BTreeMap<RaftId, Duration>,
}

impl Stability {
    /// Takes note of who is healthy now; who is not starts over.
    pub fn observe(&mut self, now: Duration, healthy: &[RaftId]) {
        self.since.retain(|id, _| healthy.contains(id));
        for id in healthy {
            self.since.entry(*id).or_insert(now);
        }
    }

    /// Who has been healthy for at least so long.
    pub fn stable(&self, now: Duration, at_least: Duration) -> Vec<RaftId> {
        let is_stable = |since: &Duration| now.saturating_sub(*since) >= at_least;
        self.since
            .iter()
            .filter(|(_, since)| is_stable(since))
            .map(|(id, _)| *id)
            .collect()
    }
}
