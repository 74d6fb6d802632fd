//! `info`: how an agent does (agent reference, 4.4), and why it does not serve.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::connect::AgentOptions;
use super::live::{Look, watch};
use super::{Failure, World, why};
use crate::http::{Client, SelfJson, WhyJson};

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
        if self.watch {
            let look = async || self.look(&client).await.map(|(look, _)| look);
            return watch(world, look).await.map(|()| true);
        }
        let (look, is_ready) = self.look(&client).await?;
        for line in look.table {
            world.out.line(line);
        }
        Ok(is_ready)
    }

    /// Asks the agent; says also whether it serves, if that was asked.
    async fn look(&self, client: &Client) -> Result<(Look, bool), Failure> {
        if self.why {
            let why: WhyJson = ask(client, "/v1/agent/why").await?;
            let look = Look {
                lines: BTreeMap::from([("why".to_owned(), why::headline(&why))]),
                table: why::lines(&why),
            };
            return Ok((look, why.ready));
        }
        let own: SelfJson = ask(client, "/v1/agent/self").await?;
        Ok((groups(&own.stats), true))
    }
}

async fn ask<T: DeserializeOwned>(client: &Client, path: &str) -> Result<T, Failure> {
    let asked = client.get(path, "", &[]).await;
    asked
        .and_then(|got| got.json())
        .map_err(|error| Failure::new(format!("Error querying agent: {error}")))
}

/// Groups and values, both sorted by name.
fn groups(stats: &BTreeMap<String, BTreeMap<String, String>>) -> Look {
    let mut look = Look::default();
    for (group, values) in stats {
        look.table.push(format!("{group}:"));
        for (name, value) in values {
            look.table.push(format!("\t{name} = {value}"));
            let about = format!("{group}.{name}");
            if !RESTLESS.contains(&name.as_str()) {
                let line = format!("{about} = {value}");
                look.lines.insert(about, line);
            }
        }
    }
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_tells_states_and_leaves_out_what_never_rests() {
        let values = [("goroutines", "80"), ("os", "linux")];
        let group = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let look = groups(&BTreeMap::from([("runtime".to_owned(), group.into())]));
        let table = ["runtime:", "\tgoroutines = 80", "\tos = linux"];
        assert_eq!(look.table, table);
        let lines: Vec<&String> = look.lines.values().collect();
        assert_eq!(lines, ["runtime.os = linux"]);
    }
}
