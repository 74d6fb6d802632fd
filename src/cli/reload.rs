//! `reload`: an agent reads its settings again (agent reference, 4.3 and 5.8).

use bytes::Bytes;

use super::connect::AgentOptions;
use super::{Failure, World};

/// Has the agent read its settings again
///
/// Some are taken at once; the agent's log names those that changed and need a restart. If
/// anything is wrong in them, nothing is taken.
#[derive(Debug, clap::Args)]
pub(super) struct Reload {
    #[command(flatten)]
    agent: AgentOptions,
}

impl Reload {
    /// Asks the agent and waits until it has.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let client = self.agent.client(&world.env)?;
        let asked = client.put("/v1/agent/reload", "", &[], Bytes::new()).await;
        asked.map_err(|error| Failure::new(format!("Error reloading: {error}")))?;
        world.out.line("Configuration reload triggered");
        Ok(())
    }
}
