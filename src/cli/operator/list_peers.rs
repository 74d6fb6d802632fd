//! `operator raft list-peers`: who takes part in consensus (agent reference, 4.10).

use crate::cli::connect::{AgentOptions, ReadOptions};
use crate::cli::table::columns;
use crate::cli::{Failure, World};
use crate::http::{RaftConfigurationJson, RaftServerJson};

/// Lists the servers that take part in consensus
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListPeers {
    #[command(flatten)]
    read: ReadOptions,

    #[command(flatten)]
    agent: AgentOptions,
}

impl ListPeers {
    /// Asks the leader, or with `-stale` any server, and prints a table.
    pub(in crate::cli) async fn run(self, world: &mut World) -> Result<(), Failure> {
        let client = self.agent.client(&world.env)?;
        let path = "/v1/operator/raft/configuration";
        let asked = client.get(path, "", &self.read.params()).await;
        let configuration: RaftConfigurationJson =
            asked.and_then(|got| got.json()).map_err(|error| {
                let why = format!("Failed to retrieve raft configuration: {error}");
                Failure::new(format!("Error getting peers: {why}"))
            })?;
        for line in columns(&rows(&configuration.servers)) {
            world.out.line(line);
        }
        Ok(())
    }
}

fn rows(servers: &[RaftServerJson]) -> Vec<Vec<String>> {
    let head = [
        "Node",
        "ID",
        "Address",
        "State",
        "Voter",
        "RaftProtocol",
        "Commit Index",
        "Trails Leader By",
    ];
    let leader = servers.iter().find(|server| server.leader);
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(servers.iter().map(|server| {
        let state = if server.leader { "leader" } else { "follower" };
        let protocol = match server.protocol_version.as_str() {
            "" => "<=1",
            version => version,
        };
        vec![
            server.node.clone(),
            server.id.clone(),
            server.address.clone(),
            state.to_owned(),
            server.voter.to_string(),
            protocol.to_owned(),
            server.last_index.to_string(),
            trail(server, leader),
        ]
    }));
    rows
}

/// How many entries of the log a server lacks; a dash if there is nothing to compare with.
fn trail(server: &RaftServerJson, leader: Option<&RaftServerJson>) -> String {
    match leader {
        Some(leader) if !server.leader => {
            let lacks = leader.last_index.saturating_sub(server.last_index);
            let plural = if lacks == 1 { "" } else { "s" };
            format!("{lacks} commit{plural}")
        }
        _ => "-".to_owned(),
    }
}
