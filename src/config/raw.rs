//! The settings after all layers are one: the right shapes, nothing checked yet. Each value still
//! carries figment's tag, which leads to the place it came from.

use std::collections::BTreeMap;

use figment::Figment;
use figment::value::magic::Tagged;
use serde::Deserialize;

use super::error::ConfigError;
use super::layer::Given;

/// Merges layers, first to last: scalars replace, lists append, blocks and maps unite
/// (agent reference, 5.2).
///
/// # Errors
/// A setting that has neither a value nor a default, which is a defect of the table.
pub(super) fn merge(layers: Vec<Given>) -> Result<(Raw, Figment), ConfigError> {
    let merged = layers.into_iter().fold(Figment::new(), Figment::admerge);
    match merged.extract() {
        Ok(raw) => Ok((raw, merged)),
        // The text may repeat a value; the path does not.
        Err(error) => Err(ConfigError::Merge {
            key: error.path.join("."),
        }),
    }
}

/// Every setting by its name in files; see the table for what each means.
#[derive(Deserialize)]
pub(super) struct Raw {
    pub(super) node_name: Option<Tagged<String>>,
    pub(super) node_id: Option<Tagged<String>>,
    pub(super) datacenter: Tagged<String>,
    #[serde(default)]
    pub(super) node_meta: BTreeMap<String, Tagged<String>>,
    pub(super) data_dir: Option<Tagged<String>>,
    pub(super) pid_file: Option<Tagged<String>>,
    pub(super) server: Tagged<bool>,
    pub(super) bootstrap_expect: Tagged<i64>,
    pub(super) bootstrap: Tagged<bool>,
    pub(super) bootstrap_safety: Tagged<String>,
    #[serde(default)]
    pub(super) retry_join: Vec<Tagged<String>>,
    pub(super) retry_interval: Tagged<String>,
    pub(super) retry_max: Tagged<i64>,
    #[serde(default)]
    pub(super) start_join: Vec<Tagged<String>>,
    pub(super) rejoin_after_leave: Tagged<bool>,
    pub(super) reconnect_timeout: Tagged<String>,
    pub(super) encrypt: Option<Tagged<String>>,
    #[serde(default)]
    pub(super) encrypt_accept: Vec<Tagged<String>>,
    #[serde(default)]
    pub(super) tls: RawTls,
    pub(super) bind_addr: Tagged<String>,
    pub(super) advertise_addr: Option<Tagged<String>>,
    pub(super) client_addr: Tagged<String>,
    pub(super) ports: RawPorts,
    pub(super) performance: RawPerformance,
    pub(super) raft_snapshot_threshold: Tagged<i64>,
    pub(super) raft_trailing_logs: Tagged<i64>,
    pub(super) autopilot: RawAutopilot,
    pub(super) server_rejoin_age_max: Tagged<String>,
    pub(super) leave_on_terminate: Option<Tagged<bool>>,
    pub(super) skip_leave_on_interrupt: Option<Tagged<bool>>,
    pub(super) log_level: Tagged<String>,
    pub(super) log_json: Tagged<bool>,
}

/// The block `tls`.
#[derive(Default, Deserialize)]
pub(super) struct RawTls {
    #[serde(default)]
    pub(super) defaults: RawTlsBlock,
    #[serde(default)]
    pub(super) internal_rpc: RawTlsBlock,
}

/// A block in `tls`.
#[derive(Default, Deserialize)]
pub(super) struct RawTlsBlock {
    pub(super) ca_file: Option<Tagged<String>>,
    pub(super) cert_file: Option<Tagged<String>>,
    pub(super) key_file: Option<Tagged<String>>,
    pub(super) tls_min_version: Option<Tagged<String>>,
    pub(super) verify_incoming: Option<Tagged<bool>>,
    pub(super) verify_outgoing: Option<Tagged<bool>>,
    pub(super) verify_server_hostname: Option<Tagged<bool>>,
}

/// The block `ports`.
#[derive(Deserialize)]
pub(super) struct RawPorts {
    pub(super) server: Tagged<i64>,
    pub(super) serf_lan: Tagged<i64>,
    pub(super) http: Tagged<i64>,
}

/// The block `performance`.
#[derive(Deserialize)]
pub(super) struct RawPerformance {
    pub(super) raft_multiplier: Tagged<i64>,
    pub(super) rpc_hold_timeout: Tagged<String>,
    pub(super) leave_drain_time: Tagged<String>,
}

/// The block `autopilot`.
#[derive(Deserialize)]
pub(super) struct RawAutopilot {
    pub(super) cleanup_dead_servers: Tagged<bool>,
    pub(super) last_contact_threshold: Tagged<String>,
    pub(super) max_trailing_logs: Tagged<i64>,
    pub(super) min_quorum: Tagged<i64>,
    pub(super) server_stabilization_time: Tagged<String>,
}
