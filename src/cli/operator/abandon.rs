//! `operator bootstrap abandon`: the operator's word that a founding is over (design, section 5,
//! rule 9).

use bytes::Bytes;

use crate::cli::connect::AgentOptions;
use crate::cli::{Failure, World};
use crate::http::AbandonedJson;

/// Gives up a founding that waits for servers that are lost for good
///
/// Where `info` says `founding-blocked`: this server promised to found a cluster with servers that
/// do not answer and were lost in that very moment. If they come back, their data is of a cluster
/// that never was. Servers that are bound and hear of it let go, too.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Abandon {
    #[command(flatten)]
    agent: AgentOptions,
}

impl Abandon {
    /// Asks this very agent; the others are asked one by one, by the operator.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let fail = |why: String| Failure::new(format!("Error abandoning the founding: {why}"));
        let client = self.agent.client(&world.env)?;
        let path = "/v1/operator/bootstrap/abandon";
        let asked = client.put(path, "", &[], Bytes::new()).await;
        let abandoned: AbandonedJson = asked
            .and_then(|got| got.json())
            .map_err(|error| fail(error.to_string()))?;
        let AbandonedJson {
            cluster,
            others,
            wipes_raft,
        } = abandoned;
        world
            .out
            .line(format!("Abandoned the founding of cluster {cluster}"));
        if wipes_raft {
            world
                .out
                .line("The agent starts again to wipe what raft held for it");
        }
        if !others.is_empty() {
            let names = others.join(", ");
            world.out.line(format!(
                "Its other members: {names}. Those that hear of it let go, too; run this command on \
                 each that still says founding-blocked"
            ));
        }
        Ok(())
    }
}
