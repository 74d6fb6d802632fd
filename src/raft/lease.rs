//! Whether a read may be answered from the leader's memory at once.
//!
//! openraft answers this question in its core, which costs a message there and back for every
//! read. All that it looks at is also in its metrics, so the common case is decided here: the
//! lease runs, and everything acknowledged before is in the state. Otherwise the core is asked.
//!
//! Why it is sound: a write is acknowledged only after it was applied and published on its leader
//! (`machine`). So a leader whose first entry of its own term is applied shows every write that
//! was ever acknowledged, unless another leader exists. None does while a quorum heard this one
//! within the lease: those voters refuse to vote (Raft dissertation, section 6.4.1). Only
//! leadership that was handed over, or taken by removal, ends before the lease does; both are
//! excluded by `barred_term` and by the configuration.

use std::time::Duration;

use openraft::{Instant, RaftMetrics, ServerState};

use super::type_config::TypeConfig;
use crate::types::RaftId;

/// Part of the lease that is used here, in quarters: the rest is left for clocks that do not run
/// at the same speed. Chosen: two heartbeats fit.
const QUARTERS: u32 = 3;

/// Says whether the state on this node is fresh: it leads, its lease runs, and all that was
/// acknowledged is applied. `barred_term` is the last term whose leadership was given away.
pub(super) fn holds(
    metrics: &RaftMetrics<TypeConfig>,
    barred_term: Option<u64>,
    lease: Duration,
) -> bool {
    let term = metrics.current_term;
    metrics.running_state.is_ok()
        && metrics.state == ServerState::Leader
        && barred_term.is_none_or(|barred| term > barred)
        && metrics
            .last_applied
            .is_some_and(|applied| applied.committed_leader_id().term == term)
        && is_voter(metrics, metrics.id)
        && (is_only_voter(metrics) || is_acked_within(metrics, lease * QUARTERS / 4))
}

fn is_voter(metrics: &RaftMetrics<TypeConfig>, id: RaftId) -> bool {
    let configs = metrics.membership_config.get_joint_config();
    configs.iter().any(|voters| voters.contains(&id))
}

fn is_only_voter(metrics: &RaftMetrics<TypeConfig>) -> bool {
    let configs = metrics.membership_config.get_joint_config();
    configs
        .iter()
        .all(|voters| voters.len() == 1 && voters.contains(&metrics.id))
}

fn is_acked_within(metrics: &RaftMetrics<TypeConfig>, lease: Duration) -> bool {
    metrics
        .last_quorum_acked
        .is_some_and(|acked| acked.elapsed() < lease)
}
