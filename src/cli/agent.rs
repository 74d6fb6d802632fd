//! `agent`: runs an agent until a signal or its end (agent reference, 4.2).

use clap::ArgMatches;
use quorate_providers::Query;
use tracing::warn;

use super::{Failure, World};
use crate::agent::{Reload, chain};
use crate::config::{self, Config, ConfigErrors, LogLevel, Mode};
use crate::datadir::DataDir;
use crate::host::raise_descriptor_limit;
use crate::telemetry::{self, Format, Level};

/// Loads, checks, says what it starts, and runs. Nothing is written before all is checked.
pub(super) async fn run(matches: &ArgMatches, world: &mut World) -> Result<u8, Failure> {
    let loaded = config::load(matches, check_query).map_err(|errors| refusal(&errors))?;
    let config = loaded.config;
    if let Some(dir) = &config.data_dir {
        DataDir::check(dir).map_err(|error| Failure::new(format!("==> {}", chain(&error))))?;
    }
    let format = if config.log_json {
        Format::Json
    } else {
        Format::Text
    };
    if !config.log_json {
        banner(&config, world);
    }
    let dial = telemetry::init(level(config.log_level), format)
        .map_err(|error| Failure::new(format!("==> {error}")))?;
    raise_descriptor_limit();
    for warning in loaded.warnings {
        warn!(target: "agent", "{warning}");
    }
    let again = matches.clone();
    let reload = Reload {
        load: Box::new(move || {
            let loaded = config::load(&again, check_query);
            loaded
                .map(|loaded| loaded.config)
                .map_err(|errors| in_one_line(&errors))
        }),
        set_log_level: Box::new(move |to| dial.set(level(to))),
    };
    let ended = crate::agent::run(config, reload).await;
    ended.map_err(|failure| Failure::new(format!("==> Error starting agent: {}", chain(&failure))))
}

/// Judges a `provider=...` string offline.
pub(super) fn check_query(text: &str) -> Result<(), String> {
    Query::parse(text)
        .map(|_query| ())
        .map_err(|error| chain(&error))
}

/// Every mistake on a line of its own.
pub(super) fn refusal(errors: &ConfigErrors) -> Failure {
    let lines: Vec<String> = errors.iter().map(|error| format!("==> {error}")).collect();
    Failure::new(lines.join("\n"))
}

fn in_one_line(errors: &ConfigErrors) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

fn banner(config: &Config, world: &mut World) {
    let is_server = config.mode == Mode::Server;
    let mut line = |name: &str, value: String| world.out.line(format!("{name:>22}: {value}"));
    let clients: Vec<String> = config
        .client_addrs
        .iter()
        .map(ToString::to_string)
        .collect();
    let http = config
        .ports
        .http
        .map_or_else(|| "-1".to_owned(), |port| port.to_string());
    line("Version", format!("'{}'", env!("CARGO_PKG_VERSION")));
    line("Node name", format!("'{}'", config.node_name));
    line("Datacenter", format!("'{}'", config.datacenter));
    line(
        "Server",
        format!("{is_server} (Bootstrap: {})", config.bootstrap),
    );
    line(
        "Client Addr",
        format!("[{}] (HTTP: {http})", clients.join(" ")),
    );
    line(
        "Cluster Addr",
        format!("{} (LAN: {})", config.advertise_addr, config.ports.serf_lan),
    );
    line("Gossip Encryption", config.encrypt.is_some().to_string());
    let tls = config.tls_of_rpc();
    line(
        "Internal RPC TLS",
        format!(
            "Verify Incoming: {}, Verify Outgoing: {} (Verify Hostname: {}), Min Version: {}",
            tls.verify_incoming,
            tls.verify_outgoing,
            tls.verify_server_hostname,
            tls.min_version.as_str()
        ),
    );
    world
        .out
        .line("\n==> Log data will now stream in as it occurs:\n");
}

const fn level(level: LogLevel) -> Level {
    match level {
        LogLevel::Trace => Level::Trace,
        LogLevel::Debug => Level::Debug,
        LogLevel::Info => Level::Info,
        LogLevel::Warn => Level::Warn,
        LogLevel::Error => Level::Error,
    }
}
