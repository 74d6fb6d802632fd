//! `info`: how an agent does (agent reference, 4.4), and why it does not serve.

use super::connect::AgentOptions;
use super::{Failure, World, why};
use crate::http::{SelfJson, WhyJson};

/// Shows how the agent does: roles, raft, gossip, process
#[derive(Debug, clap::Args)]
pub(super) struct Info {
    /// Say why the agent does not serve, and what to do; ends with code 2 until it does
    #[arg(long)]
    why: bool,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Info {
    /// Asks the agent and prints; false if it was asked why and the agent does not serve.
    pub(super) async fn run(self, world: &mut World) -> Result<bool, Failure> {
        if self.why {
            self.why(world).await
        } else {
            self.groups(world).await.map(|()| true)
        }
    }

    async fn why(self, world: &mut World) -> Result<bool, Failure> {
        let client = self.agent.client(&world.env)?;
        let asked = client.get("/v1/agent/why", "", &[]).await;
        let answer: WhyJson = asked
            .and_then(|got| got.json())
            .map_err(|error| Failure::new(format!("Error querying agent: {error}")))?;
        why::print(&answer, world);
        Ok(answer.ready)
    }

    /// Prints groups and values, both sorted by name.
    async fn groups(self, world: &mut World) -> Result<(), Failure> {
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
