//! The rows of the table of settings that are about consensus: of raft, and of autopilot (agent
//! reference, 5.3).

use serde_json::json;

use super::setting::{Group, Kind, Setting};
use super::settings::shown;

pub(super) const RAFT_SNAPSHOT_THRESHOLD: Setting = Setting::new(
    "raft_snapshot_threshold",
    Kind::Integer,
    Group::Consensus,
    |c| json!(c.raft_snapshot_threshold),
    "Log entries after the last snapshot before the next one is made.",
)
.default("16384");

pub(super) const RAFT_TRAILING_LOGS: Setting = Setting::new(
    "raft_trailing_logs",
    Kind::Integer,
    Group::Consensus,
    |c| json!(c.raft_trailing_logs),
    "Log entries kept after a snapshot, so that a server that lags needs no snapshot.",
)
.default("10240");

pub(super) const RAFT_MULTIPLIER: Setting = Setting::new(
    "performance.raft_multiplier",
    Kind::Integer,
    Group::Consensus,
    |c| json!(c.raft_multiplier),
    "Scales the times of raft, 1 to 10: smaller finds a dead leader sooner, larger bears a \
     slow machine or network. With -dev, 1.",
)
.default("5");

pub(super) const RPC_HOLD_TIMEOUT: Setting = Setting::new(
    "performance.rpc_hold_timeout",
    Kind::Duration,
    Group::Consensus,
    |c| shown(c.rpc_hold_timeout),
    "How long a request is held while there is no leader.",
)
.default("7s");

pub(super) const AUTOPILOT_CLEANUP_DEAD_SERVERS: Setting = Setting::new(
    "autopilot.cleanup_dead_servers",
    Kind::Switch,
    Group::Consensus,
    |c| json!(c.autopilot.cleanup_dead_servers),
    "Take dead servers out of consensus when they are replaced or not needed. This and the \
     other settings of autopilot are what the first leader of a cluster begins with; later \
     `quorate operator autopilot set-config` changes them.",
)
.default("true");

pub(super) const AUTOPILOT_LAST_CONTACT_THRESHOLD: Setting = Setting::new(
    "autopilot.last_contact_threshold",
    Kind::Duration,
    Group::Consensus,
    |c| shown(c.autopilot.last_contact_threshold),
    "A server whose answers are late by more is unhealthy.",
)
.default("200ms");

pub(super) const AUTOPILOT_MAX_TRAILING_LOGS: Setting = Setting::new(
    "autopilot.max_trailing_logs",
    Kind::Integer,
    Group::Consensus,
    |c| json!(c.autopilot.max_trailing_logs),
    "A server that lacks more log entries is unhealthy.",
)
.default("250");

pub(super) const AUTOPILOT_MIN_QUORUM: Setting = Setting::new(
    "autopilot.min_quorum",
    Kind::Integer,
    Group::Consensus,
    |c| json!(c.autopilot.min_quorum),
    "Dead servers are not taken out if fewer voters than this were left.",
)
.default("0");

pub(super) const AUTOPILOT_SERVER_STABILIZATION_TIME: Setting = Setting::new(
    "autopilot.server_stabilization_time",
    Kind::Duration,
    Group::Consensus,
    |c| shown(c.autopilot.server_stabilization_time),
    "How long a new server has to be healthy before it votes.",
)
.default("10s");
