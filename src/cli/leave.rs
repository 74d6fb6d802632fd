//! `leave` and `force-leave`: an agent goes, or a failed one is declared gone (agent reference,
//! 4.3).

use bytes::Bytes;

use super::connect::AgentOptions;
use super::{Failure, World};

/// Has the agent leave its cluster and end
///
/// The others see it as left, not as failed; a server also gives up its vote.
#[derive(Debug, clap::Args)]
pub(super) struct Leave {
    #[arg(hide = true)]
    extra: Vec<String>,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Leave {
    /// Asks the agent to leave and waits until it has.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        if !self.extra.is_empty() {
            let extra = self.extra.join(" ");
            let text = format!("Error found unexpected args: [{extra}]");
            return Err(Failure::misuse(text));
        }
        let client = self.agent.client(&world.env)?;
        let asked = client.put("/v1/agent/leave", "", &[], Bytes::new()).await;
        asked.map_err(|error| Failure::new(format!("Error leaving: {error}")))?;
        world.out.line("Graceful leave complete");
        Ok(())
    }
}

/// Declares a failed member gone
///
/// The servers then take it out of the catalogue, and its vote with it. A member that is alive
/// comes back by itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate force-leave -prune web1")]
pub(super) struct ForceLeave {
    /// Name of the member
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Forget the member at once rather than list it as left
    #[arg(long)]
    prune: bool,

    #[command(flatten)]
    agent: AgentOptions,
}

impl ForceLeave {
    /// Asks the agent to spread the word.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let [name] = self.names.as_slice() else {
            let text = "A single node name must be specified to force leave.";
            return Err(Failure::misuse(text));
        };
        let params: &[(&str, &str)] = if self.prune { &[("prune", "")] } else { &[] };
        let client = self.agent.client(&world.env)?;
        let asked = client
            .put("/v1/agent/force-leave/", name, params, Bytes::new())
            .await;
        asked.map_err(|error| Failure::new(format!("Error force leaving: {error}")))?;
        Ok(())
    }
}
