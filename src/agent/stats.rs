//! The groups and keys of `info`, with Consul's names (agent reference, 4.4).

use std::collections::BTreeMap;

use super::local::Local;
use super::parts::Parts;
use crate::gossip::{Counters, KeyUse, ShownKeys};
use crate::http::{AutopilotReport, Stats};
use crate::raft::Status;

/// One group.
type Group = BTreeMap<String, String>;

/// Every group of this agent as it stands now.
pub(super) fn collect(parts: &Parts) -> Stats {
    let mut stats = Stats::new();
    stats.insert("agent".to_owned(), agent());
    stats.insert("build".to_owned(), build());
    stats.insert("runtime".to_owned(), runtime());
    stats.insert("serf_lan".to_owned(), gossip(&parts.gossip.counters()));
    if let Some(shown) = parts.gossip.shown_keys() {
        stats.insert("gossip_keys".to_owned(), keys(&shown));
    }
    stats.insert("quorate".to_owned(), quorate(parts));
    match &parts.raft {
        Some(raft) => {
            let node = raft.status();
            stats.insert("consul".to_owned(), server(parts, &node));
            stats.insert("raft".to_owned(), consensus(&node));
            if let Some(report) = parts.router.local().and_then(Local::health) {
                stats.insert("autopilot".to_owned(), autopilot(&report));
            }
        }
        None => {
            stats.insert("consul".to_owned(), client(parts));
        }
    }
    stats
}

fn group<const N: usize>(rows: [(&str, String); N]) -> Group {
    rows.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn agent() -> Group {
    let none = || "0".to_owned();
    group([
        ("check_monitors", none()),
        ("check_ttls", none()),
        ("checks", none()),
        ("services", none()),
    ])
}

fn build() -> Group {
    group([
        ("prerelease", String::new()),
        ("revision", String::new()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("version_metadata", String::new()),
    ])
}

fn runtime() -> Group {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    group([
        ("arch", architecture().to_owned()),
        ("cpu_count", cores.to_string()),
        ("goroutines", tasks().to_string()),
        ("max_procs", cores.to_string()),
        ("os", std::env::consts::OS.to_owned()),
        (
            "version",
            concat!("rust", env!("CARGO_PKG_RUST_VERSION")).to_owned(),
        ),
    ])
}

/// The architecture in the words of Go, which scripts know.
const fn architecture() -> &'static str {
    match std::env::consts::ARCH.as_bytes() {
        b"x86_64" => "amd64",
        b"aarch64" => "arm64",
        _ => std::env::consts::ARCH,
    }
}

/// Tasks of the runtime: what goroutines are to Go.
fn tasks() -> usize {
    tokio::runtime::Handle::try_current().map_or(0, |handle| handle.metrics().num_alive_tasks())
}

fn quorate(parts: &Parts) -> Group {
    let cluster = parts
        .membership
        .cluster()
        .map(|id| id.to_string())
        .unwrap_or_default();
    let mut own = group([
        ("cluster_id", cluster),
        ("founding", parts.founding_state()),
    ]);
    if let Some(server) = parts.gossip.own().server() {
        own.insert("raft_id".to_owned(), server.raft_id.to_string());
    }
    own
}

fn gossip(counters: &Counters) -> Group {
    group([
        ("encrypted", counters.encrypted.to_string()),
        ("event_queue", counters.queued.to_string()),
        ("failed", counters.failed.to_string()),
        ("health_score", counters.health_score.to_string()),
        ("left", counters.left.to_string()),
        ("members", counters.members.to_string()),
        (
            "opened_by_accepted_key",
            counters.opened_by_accepted_key.to_string(),
        ),
        ("refused_cluster", counters.turned_cluster.to_string()),
        ("refused_duplicate", counters.turned_duplicate.to_string()),
        ("refused_key", counters.turned_key.to_string()),
        ("refused_malformed", counters.turned_malformed.to_string()),
        // Serf's clocks and queues have no counterpart here; scripts expect the keys.
        ("coordinate_resets", "0".to_owned()),
        ("event_time", "1".to_owned()),
        ("intent_queue", "0".to_owned()),
        ("member_time", "1".to_owned()),
        ("query_queue", "0".to_owned()),
        ("query_time", "1".to_owned()),
    ])
}

/// What each key does, by its fingerprint. Whoever takes one out wants to know who still seals with it.
fn keys(shown: &ShownKeys) -> Group {
    let used = |seen: &KeyUse| {
        let (from, seconds) = (seen.from.ip(), seen.last.elapsed().as_secs());
        format!(
            "accepted, opened {}, last {seconds}s ago from {from}",
            seen.count
        )
    };
    let mut group = Group::new();
    for (key, seen) in &shown.accepted {
        let text = seen
            .as_ref()
            .map_or_else(|| "accepted, not used".to_owned(), used);
        group.insert(key.to_string(), text);
    }
    group.insert(shown.own.to_string(), "seals".to_owned());
    group
}

fn client(parts: &Parts) -> Group {
    group([
        ("acl", "disabled".to_owned()),
        ("known_servers", parts.router.servers().len().to_string()),
        ("server", "false".to_owned()),
    ])
}

fn server(parts: &Parts, status: &Status) -> Group {
    let leader = status
        .leader
        .as_ref()
        .map(|(_, peer)| peer.rpc_addr.to_string());
    group([
        ("acl", "disabled".to_owned()),
        ("bootstrap", parts.config.bootstrap.to_string()),
        ("known_datacenters", "1".to_owned()),
        ("leader", status.is_leader().to_string()),
        ("leader_addr", leader.unwrap_or_default()),
        ("server", "true".to_owned()),
    ])
}

/// What a leader knows of the voters; an alert on it shows the loss of one before it hurts.
fn autopilot(report: &AutopilotReport) -> Group {
    let voters = || report.servers.iter().filter(|server| server.is_voter);
    let healthy = voters().filter(|server| server.is_healthy).count();
    group([
        ("failure_tolerance", report.failure_tolerance.to_string()),
        ("healthy_voters", healthy.to_string()),
        ("voters", voters().count().to_string()),
    ])
}

fn consensus(status: &Status) -> Group {
    let servers: Vec<String> = status
        .peers
        .iter()
        .map(|entry| {
            let suffrage = if entry.is_voter { "Voter" } else { "Nonvoter" };
            format!(
                "{{Suffrage:{suffrage} ID:{} Address:{}}}",
                entry.id, entry.peer.rpc_addr
            )
        })
        .collect();
    let (commit, applied) = (status.commit.unwrap_or(0), status.applied.unwrap_or(0));
    let (last_index, last_term) = status.last_log.unwrap_or((0, 0));
    let (snapshot_index, snapshot_term) = status.snapshot.unwrap_or((0, 0));
    group([
        ("applied_index", applied.to_string()),
        ("commit_index", commit.to_string()),
        ("fsm_pending", commit.saturating_sub(applied).to_string()),
        ("last_contact", last_contact(status)),
        ("last_log_index", last_index.to_string()),
        ("last_log_term", last_term.to_string()),
        ("last_snapshot_index", snapshot_index.to_string()),
        ("last_snapshot_term", snapshot_term.to_string()),
        ("latest_configuration", format!("[{}]", servers.join(" "))),
        (
            "latest_configuration_index",
            status.membership_index.unwrap_or(0).to_string(),
        ),
        ("num_peers", other_voters(status).to_string()),
        ("protocol_version", "3".to_owned()),
        ("protocol_version_max", "3".to_owned()),
        ("protocol_version_min", "0".to_owned()),
        ("snapshot_version_max", "1".to_owned()),
        ("snapshot_version_min", "0".to_owned()),
        ("state", status.state.as_str().to_owned()),
        ("term", status.term.to_string()),
    ])
}

/// Voters other than this one; none if this one does not vote.
fn other_voters(status: &Status) -> usize {
    let votes = status.voters().any(|voter| voter.id == status.id);
    if votes {
        status.voters().count().saturating_sub(1)
    } else {
        0
    }
}

fn last_contact(status: &Status) -> String {
    match status.last_contact {
        _ if status.is_leader() => "0".to_owned(),
        Some(since) => format!("{since:.1?}"),
        None => "never".to_owned(),
    }
}
