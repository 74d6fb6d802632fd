//! What can be set about raft, and the arithmetic of its timers.
//!
//! # How long a dead leader goes unnoticed
//!
//! openraft adds two times before a follower stands for election: the leader's lease, which is
//! `election_timeout_max`, and an election timeout drawn from `[min, max)` (`is_expired(now,
//! election_timeout)` in `core/raft_core.rs`, `update_vote` in `engine/handler/vote_handler`). A
//! voter refuses both votes and pre-votes while its own lease runs. So from the last heartbeat:
//!
//! ```text
//!   candidacy in  [max + min, 2 max)   + up to one tick (13/64 of a heartbeat)
//!   at the default multiplier, in ms:  heartbeat 150, min 200, max 500, tick 30
//!   candidacy in  [700, 1030], the earlier of two survivors at 790 in the median
//!   pre-vote, vote with one fsync on each side, first entry with one more: 10 to 40
//! ```
//!
//! The last heartbeat was sent up to 180 ms before the kill, so a write succeeds 0.55 to 1.07 s
//! after it; design, section 9 asks for 1.5 s. If both survivors stand within the few
//! milliseconds that a vote takes (one in ten to twenty), neither wins and the next candidacy
//! follows 200 to 500 ms later: 1.6 s at the latest. Design, section 7 names 600 to 1,200 ms as
//! "election"; that is the sum above and not openraft's setting of that name, with which a
//! leader would be missed for 1.8 to 2.4 s.
//!
//! A false election needs 700 ms without one heartbeat: four in a row lost or late.
//! `min` also bounds how long a vote may take, the fsync on the voter included; 200 ms leaves a
//! slow disk room.
//!
//! Other multipliers scale all three; heartbeats do not come closer than 30 ms and the lease is
//! not shorter than 150 ms (design, section 7: not below 150 to 300 ms).
//!
//! After a restart no lease runs, so a whole cluster that comes back elects 200 to 530 ms after
//! the start of a majority. A founding elects at once.

use std::time::Duration;

use openraft::{Config, SnapshotPolicy};

/// Multipliers that are taken (agent reference, 2.5).
const MULTIPLIER_MIN: u32 = 1;
const MULTIPLIER_MAX: u32 = 10;

/// Delays between attempts to reach a peer that does not answer. A refused connection costs
/// nothing, and a peer that comes back is found within half a second.
const BACKOFF: &str = "20ms 50ms 100ms 200ms ...500ms";

/// Entries in one message to a peer. The log bounds the bytes as well (`log::READ_BYTES_MAX`).
const ENTRIES_MAX: u64 = 1024;

/// What can be set about raft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaftConfig {
    /// Scales all timers; 1 to 10, default 5 (`performance.raft_multiplier`). Smaller finds a
    /// dead leader sooner and stands more false elections on a busy machine.
    pub multiplier: u32,
    /// A snapshot is made once so many entries were committed since the last one; default 16,384
    /// (`raft_snapshot_threshold`). Smaller shortens a restart and writes more.
    pub snapshot_threshold: u64,
    /// So many entries stay in the log behind a snapshot, for peers that are a little behind;
    /// default 10,240 (`raft_trailing_logs`).
    pub trailing_logs: u64,
}

impl Default for RaftConfig {
    fn default() -> Self {
        Self {
            multiplier: 5,
            snapshot_threshold: 16_384,
            trailing_logs: 10_240,
        }
    }
}

/// A setting that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The multiplier is out of range.
    #[error("raft_multiplier {value} is not between {MULTIPLIER_MIN} and {MULTIPLIER_MAX}")]
    Multiplier {
        /// As given.
        value: u32,
    },
    /// A threshold of nothing would snapshot after every entry.
    #[error("raft_snapshot_threshold must be above 0")]
    Threshold,
    /// openraft refused what was made of the settings.
    #[error("raft settings are refused: {reason}")]
    Refused {
        /// In openraft's words.
        reason: String,
    },
}

/// The timers that follow from a multiplier, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timers {
    /// Between two heartbeats.
    pub(super) heartbeat: u64,
    /// Least election timeout, after the lease.
    pub(super) election_min: u64,
    /// Bound of the election timeout, and the lease itself.
    pub(super) lease: u64,
}

impl Timers {
    pub(super) fn of(multiplier: u32) -> Self {
        let scale = u64::from(multiplier.clamp(MULTIPLIER_MIN, MULTIPLIER_MAX));
        Self {
            heartbeat: 30 * scale,
            election_min: (40 * scale).max(60),
            lease: (100 * scale).max(150),
        }
    }

    /// Who was not heard for so long, or no quorum, is no leader: four leases.
    pub(super) const fn silence(self) -> Duration {
        Duration::from_millis(4 * self.lease)
    }

    /// How long a message with entries may take, fsync on the peer included: who needs longer counts
    /// as silent. Longer than a heartbeat may, because giving up on a slow disk only makes it write
    /// twice.
    pub(super) const fn append_deadline(self) -> Duration {
        self.silence()
    }
}

impl RaftConfig {
    /// Gives the timers of this configuration.
    pub(super) fn timers(&self) -> Timers {
        Timers::of(self.multiplier)
    }

    /// Translates to openraft's configuration.
    pub(super) fn to_openraft(&self) -> Result<Config, ConfigError> {
        let value = self.multiplier;
        if !(MULTIPLIER_MIN..=MULTIPLIER_MAX).contains(&value) {
            return Err(ConfigError::Multiplier { value });
        }
        if self.snapshot_threshold == 0 {
            return Err(ConfigError::Threshold);
        }
        let timers = self.timers();
        let config = Config {
            cluster_name: "quorate".to_owned(),
            heartbeat_interval: timers.heartbeat,
            election_timeout_min: timers.election_min,
            election_timeout_max: timers.lease,
            // A leader that can send but not hear goes quiet, so that others may stand (hazard
            // R9); two leases is the least that openraft takes.
            quorum_loss_probe_interval: Some(2 * timers.lease),
            enable_pre_vote: Some(true),
            // A restored leader could serve reads older than it served before: what is committed
            // is not synced, only what is appended.
            enable_leader_restore: Some(false),
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_threshold),
            max_in_snapshot_log_to_keep: self.trailing_logs,
            max_payload_entries: ENTRIES_MAX,
            backoff: BACKOFF.to_owned(),
            ..Config::default()
        };
        config.validate().map_err(|error| ConfigError::Refused {
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_leader_is_missed_within_1100_ms_at_the_default() {
        let timers = RaftConfig::default().timers();
        let tick = timers.heartbeat * 13 / 64;
        assert!(2 * timers.lease + tick <= 1_100);
    }

    #[test]
    fn a_false_election_takes_four_missing_heartbeats_at_every_multiplier() {
        for multiplier in MULTIPLIER_MIN..=MULTIPLIER_MAX {
            let timers = Timers::of(multiplier);
            let tick = timers.heartbeat * 13 / 64;
            let silence = timers.lease + timers.election_min;
            assert!(silence >= 3 * (timers.heartbeat + tick), "{multiplier}");
        }
    }

    #[test]
    fn every_multiplier_of_the_reference_is_taken_by_openraft() {
        for multiplier in MULTIPLIER_MIN..=MULTIPLIER_MAX {
            let config = RaftConfig {
                multiplier,
                ..RaftConfig::default()
            };
            config.to_openraft().unwrap();
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for multiplier in [0, 11] {
            let config = RaftConfig {
                multiplier,
                ..RaftConfig::default()
            };
            let refused = config.to_openraft().unwrap_err();
            assert_eq!(refused, ConfigError::Multiplier { value: multiplier });
        }
        let config = RaftConfig {
            snapshot_threshold: 0,
            ..RaftConfig::default()
        };
        assert_eq!(config.to_openraft().unwrap_err(), ConfigError::Threshold);
    }
}
