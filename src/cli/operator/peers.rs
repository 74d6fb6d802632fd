//! `operator raft remove-peer` and `transfer-leader`: who takes part in consensus, and who leads
//! (agent reference, 4.10).

use bytes::Bytes;

use crate::cli::connect::{AgentOptions, ServerOptions};
use crate::cli::{Failure, World};

/// Takes a server out of consensus
///
/// For a server that is gone for good: with the data that it has it is not taken in again. One that
/// is alive, or returns, stops with the code `removed`; have it leave instead if it shall come
/// back. Refused where the servers that are left could not go on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  quorate operator raft remove-peer -id=8a0c4f7e-1111-2222-3333-444455556666"
)]
pub(in crate::cli) struct RemovePeer {
    /// Address of the server, with its port 8300
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,

    /// Id of the server: its node id or its raft id
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl RemovePeer {
    /// Asks the leader, through any agent.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let fail = |why: String| Failure::new(format!("Error removing peer: {why}"));
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (named, value, removed) = match (filled(&self.address), filled(&self.id)) {
            (Some(address), None) => {
                let removed = format!("Removed peer with address {address:?}");
                ("address", address, removed)
            }
            (None, Some(id)) => ("id", id.clone(), format!("Removed peer with id {id:?}")),
            (None, None) => {
                let why = "an address or id is required for the peer to remove";
                return Err(fail(why.to_owned()));
            }
            (Some(_), Some(_)) => {
                return Err(fail("cannot give both an address and id".to_owned()));
            }
        };
        let client = self.agent.client(&world.env)?;
        let mut params = self.server.params();
        params.push((named, &value));
        let asked = client.delete("/v1/operator/raft/peer", "", &params).await;
        asked.map_err(|error| fail(error.to_string()))?;
        world.out.line(removed);
        Ok(())
    }
}

/// Hands leadership to another server
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TransferLeader {
    /// Id of the server that shall lead: its node id or its raft id [default: the one that has
    /// most of the log]
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    #[command(flatten)]
    server: ServerOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl TransferLeader {
    /// Asks the leader, through any agent.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let client = self.agent.client(&world.env)?;
        let mut params = self.server.params();
        params.extend(self.id.as_deref().map(|id| ("id", id)));
        let path = "/v1/operator/raft/transfer-leader";
        let asked = client.post(path, "", &params, Bytes::new()).await;
        // The word is Consul's, and scripts look for it.
        asked.map_err(|error| Failure::new(format!("Error transfering leadership: {error}")))?;
        world.out.line("Success");
        Ok(())
    }
}
