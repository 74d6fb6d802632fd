//! `join`: has an agent join others (agent reference, 1.10).

use bytes::Bytes;

use super::connect::AgentOptions;
use super::live::wait_for;
use super::{Failure, World};
use crate::http::{ClientError, OWN_ADDRESS};

/// Has the agent join the cluster of another agent
///
/// One address that can be joined is enough; for each of the others a line says why not. Whom it
/// waits for is said after a second.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate join 10.0.0.5 10.0.0.6:8301")]
pub(super) struct Join {
    /// Addresses of agents, with the port of their gossip unless it is 8301
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Join {
    /// Asks for one address after the other.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        if self.addresses.is_empty() {
            let text = "At least one address to join must be specified.";
            return Err(Failure::misuse(text));
        }
        let client = self.agent.client(&world.env)?;
        let mut joined = 0_usize;
        // Whoever lists all servers lists this one too, and Consul counts it; alone it is no join.
        let mut own = Vec::new();
        let count = self.addresses.len();
        for (place, address) in (1..).zip(&self.addresses) {
            let what = format!("Joining {address} ({place} of {count})");
            let asking = client.put("/v1/agent/join/", address, &[], Bytes::new());
            let asked = wait_for(world, &what, asking).await;
            match asked {
                Ok(_empty) => joined += 1,
                Err(error) => {
                    let text = format!("Error joining address '{address}': {error}");
                    if matches!(error, ClientError::Silent { .. }) {
                        // It would be asked in vain for each of the others, too.
                        return Err(Failure::new(text));
                    }
                    if is_own(&error) {
                        own.push(text);
                    } else {
                        world.out.problem(text);
                    }
                }
            }
        }
        if joined == 0 {
            for text in own {
                world.out.problem(text);
            }
            return Err(Failure::new("Failed to join any nodes."));
        }
        joined += own.len();
        let text = format!("Successfully joined cluster by contacting {joined} nodes.");
        world.out.line(text);
        Ok(())
    }
}

/// The agent says that the address is its own.
fn is_own(error: &ClientError) -> bool {
    matches!(error, ClientError::Status { body, .. } if body.trim_end().ends_with(OWN_ADDRESS))
}
