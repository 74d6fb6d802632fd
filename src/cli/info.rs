//! `info`: how an agent does (agent reference, 4.4).

use super::connect::AgentOptions;
use super::{Failure, World};
use crate::http::SelfJson;

/// Shows how the agent does: roles, raft, gossip, process
#[derive(Debug, clap::Args)]
pub(super) struct Info {
    #[command(flatten)]
    agent: AgentOptions,
}

impl Info {
    /// Asks the agent and prints groups and values, both sorted by name.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let client = self.agent.client(&world.env)?;
        let asked = client.get("/v1/agent/self", "", &[]).await;
        let own: SelfJson = asked
            .and_then(|got| got.json())
            .map_err(|error| Failure::new(format!("Error querying agent: {error}")))?;
        for (group, values) in own.stats {
            world.out.line(format!("{group}:"));
            for (name, value) in values {
                world.out.line(format!("\t{name} = {value}"));
            }
        }
        Ok(())
    }
}
