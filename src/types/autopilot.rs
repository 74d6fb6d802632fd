//! How a leader looks after its servers, as an operator sets it (agent reference, 2.8).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The settings of autopilot. Names and defaults are Consul's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutopilotConfig {
    /// Take dead servers out of the raft configuration when they are replaced or not needed.
    /// Default true.
    pub cleanup_dead_servers: bool,
    /// A server that the leader has not heard of for longer is unhealthy. Default 200 ms.
    pub last_contact_threshold: Duration,
    /// A server that lacks more log entries is unhealthy. Default 250.
    pub max_trailing_logs: u64,
    /// Dead servers are not taken out if fewer voters were left. Default 0.
    pub min_quorum: u64,
    /// How long a new server has to be healthy before it votes. Default 10 s.
    pub server_stabilization_time: Duration,
    /// Kept for Consul's tools, without effect: a feature of its Enterprise build. Default empty.
    pub redundancy_zone_tag: String,
    /// Kept for Consul's tools, without effect. Default false.
    pub disable_upgrade_migration: bool,
    /// Kept for Consul's tools, without effect. Default empty.
    pub upgrade_version_tag: String,
}

impl Default for AutopilotConfig {
    fn default() -> Self {
        Self {
            cleanup_dead_servers: true,
            last_contact_threshold: Duration::from_millis(200),
            max_trailing_logs: 250,
            min_quorum: 0,
            server_stabilization_time: Duration::from_secs(10),
            redundancy_zone_tag: String::new(),
            disable_upgrade_migration: false,
            upgrade_version_tag: String::new(),
        }
    }
}
