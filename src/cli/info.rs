//! `info`: how an agent does (agent reference, 4.4), and why it does not serve.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::connect::AgentOptions;
use super::live::{Look, watch};
use super::screen::Part;
use super::{Failure, World, why};
use crate::http::{Client, ClientError, SelfJson, Stats, WhyJson};

/// Where an agent says why it does not serve.
const WHY: &str = "/v1/agent/why";

/// What never rests, and what every write moves: a line per change of these tells nobody anything,
/// so a watch that prints lines leaves them out.
const RESTLESS: [&str; 7] = [
    "applied_index",
    "commit_index",
    "event_queue",
    "fsm_pending",
    "goroutines",
    "last_contact",
    "last_log_index",
];

/// What tells most of a server and its cluster, in this order. At most as much as stands in a terminal of
/// 24 rows, below two rows that say why.
const TELLING: [(&str, &[&str]); 2] = [
    (
        "raft",
        &[
            "state",
            "term",
            "num_peers",
            "last_contact",
            "commit_index",
            "applied_index",
            "last_log_index",
            "latest_configuration",
        ],
    ),
    (
        "serf_lan",
        &[
            "members",
            "failed",
            "left",
            "health_score",
            "refused_key",
            "refused_cluster",
        ],
    ),
];

/// Shows how the agent does: roles, raft, gossip, process
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  quorate info -why\n  quorate info -watch")]
pub(super) struct Info {
    /// Say why the agent does not serve, and what to do; ends with code 2 until it does
    #[arg(long)]
    why: bool,

    /// Go on showing until interrupted; a line per change where the output is no terminal
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Info {
    /// Asks the agent and prints; false if it was asked why, once, and the agent does not serve.
    pub(super) async fn run(self, world: &mut World) -> Result<bool, Failure> {
        let client = self.agent.client(&world.env)?;
        let is_drawn = world.out.is_terminal();
        if self.watch {
            let look = async || self.look(&client, is_drawn).await;
            return watch(world, look).await.map(|()| true);
        }
        let (lines, is_ready) = if self.why {
            let why = ask_why(&client).await?;
            (why::lines(&why), why.ready)
        } else {
            (values(&ask_self(&client).await?.stats), true)
        };
        for line in lines {
            world.out.line(line);
        }
        Ok(is_ready)
    }

    /// Asks the agent, for those who watch.
    async fn look(&self, client: &Client, is_drawn: bool) -> Result<Look, Failure> {
        if self.why {
            let why = ask_why(client).await?;
            return Ok(Look {
                lines: BTreeMap::from([("why".to_owned(), why::headline(&why))]),
                parts: vec![text(why::lines(&why))],
            });
        }
        let stats = ask_self(client).await?.stats;
        if !is_drawn {
            let lines = states(&stats);
            let parts = Vec::new();
            return Ok(Look { parts, lines });
        }
        let headline = match ask(client, WHY).await {
            Ok(why) => vec![why::headline(&why)],
            // Consul's agents know no such question, and all else that is watched here.
            Err(ClientError::Status { .. }) => Vec::new(),
            Err(error) => return Err(failure(&error)),
        };
        let parts = vec![text(headline), telling_first(stats)];
        let lines = BTreeMap::new();
        Ok(Look { parts, lines })
    }
}

async fn ask_why(client: &Client) -> Result<WhyJson, Failure> {
    ask(client, WHY).await.map_err(|error| failure(&error))
}

async fn ask_self(client: &Client) -> Result<SelfJson, Failure> {
    let asked = ask(client, "/v1/agent/self").await;
    asked.map_err(|error| failure(&error))
}

fn failure(error: &ClientError) -> Failure {
    Failure::new(format!("Error querying agent: {error}"))
}

const fn text(lines: Vec<String>) -> Part {
    let indent = why::INDENT;
    Part::Text { lines, indent }
}

async fn ask<T: DeserializeOwned>(client: &Client, path: &str) -> Result<T, ClientError> {
    client.get(path, "", &[]).await?.json()
}

/// Groups and values, both sorted by name.
fn values(stats: &Stats) -> Vec<String> {
    let groups = stats.iter();
    groups
        .flat_map(|(group, values)| lines(group, values))
        .collect()
}

fn lines<'a>(
    group: &str,
    values: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Vec<String> {
    let head = [format!("{group}:")].into_iter();
    let values = values
        .into_iter()
        .map(|(name, value)| format!("\t{name} = {value}"));
    head.chain(values).collect()
}

/// What does not move all the time, by what it is about.
fn states(stats: &Stats) -> BTreeMap<String, String> {
    let mut resting = BTreeMap::new();
    for (group, values) in stats {
        let rest = values
            .iter()
            .filter(|(name, _)| !RESTLESS.contains(&name.as_str()));
        resting.extend(rest.map(|(name, value)| {
            let about = format!("{group}.{name}");
            let line = format!("{about} = {value}");
            (about, line)
        }));
    }
    resting
}

/// What tells most first, so that a small terminal shows it; then all the rest as [`values`] has it.
fn telling_first(mut stats: Stats) -> Part {
    let mut first = Vec::new();
    for (group, names) in TELLING {
        let Some(values) = stats.get_mut(group) else {
            continue;
        };
        let told: Vec<(String, String)> = names
            .iter()
            .filter_map(|name| values.remove_entry(*name))
            .collect();
        first.extend(lines(group, told.iter().map(|(name, value)| (name, value))));
        if values.is_empty() {
            stats.remove(group);
        }
    }
    first.extend(values(&stats));
    Part::Values(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(values: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        values.iter().map(owned).collect()
    }

    #[test]
    fn a_watch_tells_states_and_leaves_out_what_never_rests() {
        let values_of_one = group(&[("goroutines", "80"), ("os", "linux")]);
        let stats = BTreeMap::from([("runtime".to_owned(), values_of_one)]);
        let table = ["runtime:", "\tgoroutines = 80", "\tos = linux"];
        assert_eq!(values(&stats), table);
        let lines: Vec<String> = states(&stats).into_values().collect();
        assert_eq!(lines, ["runtime.os = linux"]);
    }

    #[test]
    fn a_terminal_shows_raft_and_gossip_first_and_leaves_nothing_out() {
        let stats = BTreeMap::from([
            ("agent".to_owned(), group(&[("checks", "0")])),
            (
                "raft".to_owned(),
                group(&[
                    ("num_peers", "2"),
                    ("protocol_version", "3"),
                    ("state", "Leader"),
                ]),
            ),
            (
                "serf_lan".to_owned(),
                group(&[("failed", "1"), ("members", "4")]),
            ),
        ]);
        let Part::Values(lines) = telling_first(stats) else {
            panic!("values are cut");
        };
        let wanted = [
            "raft:",
            "\tstate = Leader",
            "\tnum_peers = 2",
            "serf_lan:",
            "\tmembers = 4",
            "\tfailed = 1",
            "agent:",
            "\tchecks = 0",
            "raft:",
            "\tprotocol_version = 3",
        ];
        assert_eq!(lines, wanted);
    }
}
