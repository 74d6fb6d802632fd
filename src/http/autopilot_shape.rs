//! The JSON of `/v1/operator/autopilot/` (agent reference, 2.8 and 6.10).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::duration;
use super::node::{AutopilotReport, AutopilotServer};
use crate::state::AutopilotEntry;
use crate::telemetry::rfc3339;
use crate::types::{AutopilotConfig, MemberStatus};

/// A duration as Go writes one; read also from a number of nanoseconds, as Go's own JSON has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GoDuration(pub Duration);

impl std::str::FromStr for GoDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no duration; write it as 200ms, 10s or 1m30s");
        duration::parse(text).map(Self).ok_or_else(wrong)
    }
}

impl std::fmt::Display for GoDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&duration::format(self.0))
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Nanoseconds(u64),
        }
        match Form::deserialize(deserializer)? {
            Form::Nanoseconds(nanoseconds) => Ok(Self(Duration::from_nanos(nanoseconds))),
            Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// The settings of autopilot. A field that is missing has Consul's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AutopilotConfigJson {
    /// Take dead servers out.
    pub cleanup_dead_servers: bool,
    /// Later than this is unhealthy.
    pub last_contact_threshold: GoDuration,
    /// Further behind than this is unhealthy.
    pub max_trailing_logs: u64,
    /// Never take dead servers out below this.
    pub min_quorum: u64,
    /// How long a new server has to be healthy.
    pub server_stabilization_time: GoDuration,
    /// Without effect.
    pub redundancy_zone_tag: String,
    /// Without effect.
    pub disable_upgrade_migration: bool,
    /// Without effect.
    pub upgrade_version_tag: String,
    /// Raft index of the first write.
    pub create_index: u64,
    /// Raft index of the last write.
    pub modify_index: u64,
}

impl Default for AutopilotConfigJson {
    fn default() -> Self {
        Self::new(AutopilotConfig::default(), 0, 0)
    }
}

impl AutopilotConfigJson {
    fn new(config: AutopilotConfig, create_index: u64, modify_index: u64) -> Self {
        Self {
            cleanup_dead_servers: config.cleanup_dead_servers,
            last_contact_threshold: GoDuration(config.last_contact_threshold),
            max_trailing_logs: config.max_trailing_logs,
            min_quorum: config.min_quorum,
            server_stabilization_time: GoDuration(config.server_stabilization_time),
            redundancy_zone_tag: config.redundancy_zone_tag,
            disable_upgrade_migration: config.disable_upgrade_migration,
            upgrade_version_tag: config.upgrade_version_tag,
            create_index,
            modify_index,
        }
    }
}

/// How many characters of a key that is none are shown.
const KEY_SHOWN_MAX: usize = 40;

impl AutopilotConfigJson {
    /// Reads what a client sends: keys in any case, as Go takes them.
    ///
    /// # Errors
    /// It is no object of such settings, or has a key that is none or stands twice.
    pub(super) fn from_body(body: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        let given: Map<String, Value> = serde_json::from_slice(body).map_err(wrong)?;
        let shown = serde_json::to_value(Self::default()).map_err(wrong)?;
        let known: Vec<&String> = shown.as_object().into_iter().flat_map(Map::keys).collect();
        let mut taken = Map::new();
        for (key, value) in given {
            let own = known.iter().find(|own| own.eq_ignore_ascii_case(&key));
            let Some(own) = own else {
                let key: String = key.chars().take(KEY_SHOWN_MAX).collect();
                return Err(format!("there is no key {key:?}; see what GET shows"));
            };
            if taken.insert((*own).clone(), value).is_some() {
                return Err(format!("the key {own:?} stands twice"));
            }
        }
        serde_json::from_value(Value::Object(taken)).map_err(wrong)
    }
}

impl From<AutopilotEntry> for AutopilotConfigJson {
    fn from(entry: AutopilotEntry) -> Self {
        Self::new(entry.config, entry.create_index, entry.modify_index)
    }
}

impl From<AutopilotConfigJson> for AutopilotConfig {
    fn from(json: AutopilotConfigJson) -> Self {
        Self {
            cleanup_dead_servers: json.cleanup_dead_servers,
            last_contact_threshold: json.last_contact_threshold.0,
            max_trailing_logs: json.max_trailing_logs,
            min_quorum: json.min_quorum,
            server_stabilization_time: json.server_stabilization_time.0,
            redundancy_zone_tag: json.redundancy_zone_tag,
            disable_upgrade_migration: json.disable_upgrade_migration,
            upgrade_version_tag: json.upgrade_version_tag,
        }
    }
}

/// What `/v1/operator/autopilot/health` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HealthJson {
    /// Every server is, and there is one.
    pub(super) healthy: bool,
    failure_tolerance: u64,
    /// Null while a new leader has not looked yet.
    servers: Option<Vec<ServerHealthJson>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServerHealthJson {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    address: String,
    serf_status: String,
    version: String,
    leader: bool,
    last_contact: GoDuration,
    last_term: u64,
    last_index: u64,
    healthy: bool,
    voter: bool,
    stable_since: String,
}

impl From<AutopilotReport> for HealthJson {
    fn from(report: AutopilotReport) -> Self {
        let servers = report.servers.iter().map(ServerHealthJson::new).collect();
        Self {
            healthy: is_healthy(&report),
            failure_tolerance: report.failure_tolerance,
            servers: (!report.servers.is_empty()).then_some(servers),
        }
    }
}

impl ServerHealthJson {
    fn new(server: &AutopilotServer) -> Self {
        Self {
            id: server.node_id.to_string(),
            name: server.name.clone(),
            address: server.address.to_string(),
            serf_status: serf_status(server).to_owned(),
            version: server.build.clone(),
            leader: server.is_leader,
            last_contact: GoDuration(server.last_contact.unwrap_or_default()),
            last_term: server.last_term,
            last_index: server.last_index,
            healthy: server.is_healthy,
            voter: server.is_voter,
            stable_since: rfc3339(server.stable_since_ms),
        }
    }
}

fn is_healthy(report: &AutopilotReport) -> bool {
    !report.servers.is_empty() && report.servers.iter().all(|server| server.is_healthy)
}

fn serf_status(server: &AutopilotServer) -> &'static str {
    server.status.map_or("none", MemberStatus::as_str)
}

/// What `/v1/operator/autopilot/state` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutopilotStateJson {
    /// Every server is healthy.
    pub healthy: bool,
    /// How many voters may yet fail.
    pub failure_tolerance: u64,
    /// The same: there are no redundancy zones.
    pub optimistic_failure_tolerance: u64,
    /// Every server by its id.
    pub servers: BTreeMap<String, AutopilotServerJson>,
    /// Id of the leader.
    pub leader: String,
    /// Ids of the voters.
    pub voters: Vec<String>,
}

/// One server as `state` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AutopilotServerJson {
    /// The node id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Name of the node.
    pub name: String,
    /// Where raft reaches it.
    pub address: String,
    /// Its status in gossip: `alive`, `left`, `failed`, or `none` if gossip does not know it.
    pub node_status: String,
    /// The version that it runs.
    pub version: String,
    /// Since it last answered the leader.
    pub last_contact: GoDuration,
    /// The leader's term, if it answered in it.
    pub last_term: u64,
    /// Last log index that it is known to have.
    pub last_index: u64,
    /// It is there, answers in time and keeps up.
    pub healthy: bool,
    /// Since when it is as healthy, or as ill, as it is.
    pub stable_since: String,
    /// `leader`, `voter` or `non-voter`.
    pub status: String,
    /// Always `voter`.
    pub node_type: String,
    /// What is known of the node besides.
    pub meta: BTreeMap<String, String>,
}

impl From<AutopilotReport> for AutopilotStateJson {
    fn from(report: AutopilotReport) -> Self {
        let healthy = is_healthy(&report);
        let ids = |is_it: fn(&AutopilotServer) -> bool| {
            let servers = report.servers.iter().filter(move |server| is_it(server));
            servers.map(|server| server.node_id.to_string())
        };
        let leader = ids(|server| server.is_leader).next().unwrap_or_default();
        let others = ids(|server| server.is_voter && !server.is_leader);
        let voters = ids(|server| server.is_leader).chain(others).collect();
        let servers = report.servers.iter();
        Self {
            healthy,
            failure_tolerance: report.failure_tolerance,
            optimistic_failure_tolerance: report.failure_tolerance,
            leader,
            voters,
            servers: servers
                .map(|server| (server.node_id.to_string(), AutopilotServerJson::new(server)))
                .collect(),
        }
    }
}

impl AutopilotServerJson {
    fn new(server: &AutopilotServer) -> Self {
        let status = match (server.is_leader, server.is_voter) {
            (true, _) => "leader",
            (false, true) => "voter",
            (false, false) => "non-voter",
        };
        Self {
            id: server.node_id.to_string(),
            name: server.name.clone(),
            address: server.address.to_string(),
            node_status: serf_status(server).to_owned(),
            version: server.build.clone(),
            last_contact: GoDuration(server.last_contact.unwrap_or_default()),
            last_term: server.last_term,
            last_index: server.last_index,
            healthy: server.is_healthy,
            stable_since: rfc3339(server.stable_since_ms),
            status: status.to_owned(),
            node_type: "voter".to_owned(),
            meta: BTreeMap::from([("consul-version".to_owned(), server.build.clone())]),
        }
    }
}
