//! `leave` and `force-leave`: an agent goes, or a failed one is declared gone (agent reference,
//! 4.3).

use std::time::Duration;

use bytes::Bytes;

use super::connect::AgentOptions;
use super::{Failure, World};
use crate::http::{Client, ClientError, WhyJson};
use crate::types::Reason;

/// How often a leaving agent is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Has the agent leave its cluster and end
///
/// The others see it as left, not as failed; a server also gives up its vote, and says how far it is.
/// One whose leave would break the quorum of the servers left refuses.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate leave")]
pub(super) struct Leave {
    /// Leave although the servers left cannot go on then
    #[arg(long)]
    force: bool,

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
        let stages = self.stages(&client, world).await;
        stages.map_err(|error| Failure::new(format!("Error leaving: {error}")))?;
        world.out.line("Graceful leave complete");
        Ok(())
    }

    /// Leaves, and tells each stage on standard error when it is reached; those that were too quick
    /// to be seen, at the end.
    async fn stages(&self, client: &Client, world: &mut World) -> Result<(), ClientError> {
        let mut params = vec![("stages", "")];
        params.extend(self.force.then_some(("force", "")));
        let leaving = client.put("/v1/agent/leave", "", &params, Bytes::new());
        tokio::pin!(leaving);
        let mut told = 0;
        loop {
            let (stages, ended) = tokio::select! {
                ended = &mut leaving => (lines(&ended?.text()), true),
                seen = seen_stages(client) => (seen, false),
            };
            for stage in stages.iter().skip(told) {
                world.out.problem(stage);
            }
            told = told.max(stages.len());
            if ended {
                return Ok(());
            }
        }
    }
}

/// How far the agent is, a moment later, as it tells those who ask why it does not serve.
async fn seen_stages(client: &Client) -> Vec<String> {
    tokio::time::sleep(LOOK_EVERY).await;
    let asked = client.get("/v1/agent/why", "", &[]).await;
    let why: Option<WhyJson> = asked.and_then(|got| got.json()).ok();
    let line = why.filter(|why| why.code == Reason::Leaving.code());
    let line = line.map(|why| why.line).unwrap_or_default();
    let (_, stages) = line.split_once(": ").unwrap_or_default();
    stages
        .split(" > ")
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
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
