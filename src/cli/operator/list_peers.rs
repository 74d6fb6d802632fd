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
            last_index(server).map_or_else(dash, |index| index.to_string()),
            trail(server, leader).unwrap_or_else(dash),
        ]
    }));
    rows
}

/// Where the server's log ends, if the one that was asked knows: a leader does, of those that answered
/// it.
fn last_index(server: &RaftServerJson) -> Option<u64> {
    Some(server.last_index).filter(|index| *index > 0)
}

/// How many entries of the log a server lacks, if both are known.
fn trail(server: &RaftServerJson, leader: Option<&RaftServerJson>) -> Option<String> {
    let leader = leader.filter(|_| !server.leader)?;
    let lacks = last_index(leader)?.saturating_sub(last_index(server)?);
    let plural = if lacks == 1 { "" } else { "s" };
    Some(format!("{lacks} commit{plural}"))
}

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(leader: bool, last_index: u64) -> RaftServerJson {
        RaftServerJson {
            id: String::new(),
            node: String::new(),
            address: String::new(),
            leader,
            protocol_version: String::new(),
            voter: true,
            last_index,
        }
    }

    #[test]
    fn what_a_server_does_not_know_of_the_others_is_a_dash() {
        let told = [(142, 141), (142, 142), (142, 0), (0, 0)].map(|(first, second)| {
            let rows = rows(&[server(true, first), server(false, second)]);
            [1, 2].map(|row| rows[row][6..].join(" "))
        });
        let wanted = [
            ["142 -", "141 1 commit"],
            ["142 -", "142 0 commits"],
            ["142 -", "- -"],
            ["- -", "- -"],
        ];
        assert_eq!(told, wanted);
    }
}
