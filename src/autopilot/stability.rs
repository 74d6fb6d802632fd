//! Remembers since when each server has been as healthy, or as ill, as it is now.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ServerHealth;
use crate::types::RaftId;

/// Since when each server has been as it is. Time comes from the caller, from one monotonic clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stability {
    servers: BTreeMap<RaftId, (bool, Duration)>,
}

impl Stability {
    /// Takes note of who is healthy now; who changed starts over, who is gone is forgotten.
    pub fn observe(&mut self, now: Duration, health: &[ServerHealth]) {
        let entry = |server: &ServerHealth| {
            let id = server.raft_id;
            let known = self.servers.get(&id);
            let unchanged = known.filter(|(was_healthy, _)| *was_healthy == server.is_healthy);
            (id, unchanged.copied().unwrap_or((server.is_healthy, now)))
        };
        self.servers = health.iter().map(entry).collect();
    }

    /// Who has been healthy for at least so long.
    pub fn stable(&self, now: Duration, at_least: Duration) -> Vec<RaftId> {
        let is_stable = |(is_healthy, since): &(bool, Duration)| {
            *is_healthy && now.saturating_sub(*since) >= at_least
        };
        let servers = self.servers.iter();
        servers
            .filter(|(_, state)| is_stable(state))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Since when a server has been as it is.
    pub fn since(&self, id: RaftId) -> Option<Duration> {
        self.servers.get(&id).map(|(_, since)| *since)
    }
}
