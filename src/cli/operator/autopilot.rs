//! `operator autopilot`: how a leader looks after its servers, and how they do (agent reference,
//! 4.10).

use bytes::Bytes;

use crate::cli::connect::{AgentOptions, ReadOptions, ServerOptions};
use crate::cli::out::in_line;
use crate::cli::{Failure, World};
use crate::http::{
    AutopilotConfigJson, AutopilotServerJson, AutopilotStateJson, ClientError, GoDuration,
};

const CONFIGURATION: &str = "/v1/operator/autopilot/configuration";

/// Shows the settings of autopilot
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GetConfig {
    #[command(flatten)]
    read: ReadOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl GetConfig {
    /// Asks the leader, or with `-stale` any server.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let client = self.agent.client(&world.env)?;
        let asked = client.get(CONFIGURATION, "", &self.read.params()).await;
        let config: AutopilotConfigJson = asked
            .and_then(|got| got.json())
            .map_err(|error| unreadable(&error))?;
        world.out.line(shown(&config));
        Ok(())
    }
}

/// Changes the settings of autopilot
///
/// What is not named stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate operator autopilot set-config -min-quorum=3")]
pub(in crate::cli) struct SetConfig {
    /// Take dead servers out of consensus when they are replaced or not needed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    cleanup_dead_servers: Option<bool>,

    /// A server whose answers are late by more is unhealthy
    #[arg(long, value_name = "DURATION")]
    last_contact_threshold: Option<GoDuration>,

    /// A server that lacks more log entries is unhealthy
    #[arg(long, value_name = "COUNT")]
    max_trailing_logs: Option<u64>,

    /// Dead servers are not taken out if fewer voters than this were left
    #[arg(long, value_name = "COUNT")]
    min_quorum: Option<u64>,

    /// How long a new server has to be healthy before it votes
    #[arg(long, value_name = "DURATION")]
    server_stabilization_time: Option<GoDuration>,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl SetConfig {
    /// Reads, changes, and writes unless somebody else wrote in between.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let fail =
            |why: String| Failure::new(format!("Error setting Autopilot configuration: {why}"));
        let client = self.agent.client(&world.env)?;
        let mut params = self.server.params();
        let asked = client.get(CONFIGURATION, "", &params).await;
        let mut config: AutopilotConfigJson = asked
            .and_then(|got| got.json())
            .map_err(|error| unreadable(&error))?;
        self.change(&mut config);
        let index = config.modify_index.to_string();
        params.push(("cas", &index));
        let body = serde_json::to_vec(&config).map_err(|error| fail(error.to_string()))?;
        let asked = client
            .put(CONFIGURATION, "", &params, Bytes::from(body))
            .await;
        let written: bool = asked
            .and_then(|got| got.json())
            .map_err(|error| fail(error.to_string()))?;
        if !written {
            let why = "Configuration could not be atomically updated, please try again";
            return Err(Failure::new(why.to_owned()));
        }
        world.out.line("Configuration updated!");
        Ok(())
    }

    fn change(&self, config: &mut AutopilotConfigJson) {
        fn set<T: Copy>(into: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *into = value;
            }
        }
        set(&mut config.cleanup_dead_servers, self.cleanup_dead_servers);
        set(
            &mut config.last_contact_threshold,
            self.last_contact_threshold,
        );
        set(&mut config.max_trailing_logs, self.max_trailing_logs);
        set(&mut config.min_quorum, self.min_quorum);
        let stabilization = self.server_stabilization_time;
        set(&mut config.server_stabilization_time, stabilization);
    }
}

/// Shows how the servers do
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct State {
    /// `pretty` for people, or `json`
    #[arg(long, value_name = "FORMAT", default_value = "pretty", value_parser = ["pretty", "json"])]
    format: String,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl State {
    /// Asks the leader, through any agent.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let fail = |why: String| Failure::new(format!("Error querying Autopilot state: {why}"));
        let client = self.agent.client(&world.env)?;
        let path = "/v1/operator/autopilot/state";
        let asked = client.get(path, "", &self.server.params()).await;
        let state: AutopilotStateJson = asked
            .and_then(|got| got.json())
            .map_err(|error| fail(error.to_string()))?;
        let text = if self.format == "json" {
            serde_json::to_string_pretty(&state).map_err(|error| fail(error.to_string()))?
        } else {
            pretty(&state)
        };
        world.out.line(text);
        Ok(())
    }
}

fn unreadable(error: &ClientError) -> Failure {
    Failure::new(format!("Error querying Autopilot configuration: {error}"))
}

fn shown(config: &AutopilotConfigJson) -> String {
    [
        format!("CleanupDeadServers = {}", config.cleanup_dead_servers),
        format!("LastContactThreshold = {}", config.last_contact_threshold),
        format!("MaxTrailingLogs = {}", config.max_trailing_logs),
        format!("MinQuorum = {}", config.min_quorum),
        format!(
            "ServerStabilizationTime = {}",
            config.server_stabilization_time
        ),
        format!("RedundancyZoneTag = {:?}", config.redundancy_zone_tag),
        format!(
            "DisableUpgradeMigration = {}",
            config.disable_upgrade_migration
        ),
        format!("UpgradeVersionTag = {:?}", config.upgrade_version_tag),
    ]
    .join("\n")
}

fn pretty(state: &AutopilotStateJson) -> String {
    let mut lines = vec![
        format!("Healthy:                      {}", state.healthy),
        format!("Failure Tolerance:            {}", state.failure_tolerance),
        format!(
            "Optimistic Failure Tolerance: {}",
            state.optimistic_failure_tolerance
        ),
        format!("Leader:                       {}", state.leader),
        "Voters:".to_owned(),
    ];
    lines.extend(state.voters.iter().map(|id| format!("   {id}")));
    lines.push("Servers:".to_owned());
    lines.extend(state.servers.values().flat_map(server));
    lines.join("\n")
}

fn server(server: &AutopilotServerJson) -> Vec<String> {
    let rows = [
        ("Name:", server.name.clone()),
        ("Address:", server.address.clone()),
        ("Version:", in_line(&server.version)),
        ("Status:", server.status.clone()),
        ("Node Type:", server.node_type.clone()),
        ("Node Status:", server.node_status.clone()),
        ("Healthy:", server.healthy.to_string()),
        ("Last Contact:", server.last_contact.to_string()),
        ("Last Term:", server.last_term.to_string()),
        ("Last Index:", server.last_index.to_string()),
    ];
    let mut lines = vec![format!("   {}", server.id)];
    lines.extend(rows.map(|(name, value)| format!("      {name:<16} {value}")));
    lines.push("      Meta".to_owned());
    let meta = server.meta.iter();
    lines.extend(meta.map(|(name, value)| format!("         {name:?}: {value:?}")));
    lines
}
