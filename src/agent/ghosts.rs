//! Nodes of the catalogue that nobody gossips with any more.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::raft::Raft;
use crate::state::{Answer, Command, Query};
use crate::types::{Member, MemberStatus, NodeId};

/// A node of the catalogue that gossip does not know for so long is gone. Chosen: far longer than
/// an agent that just started takes to hear of everybody.
const GHOST_AFTER: Duration = Duration::from_secs(15);

/// How long the catalogue is left alone after a write that came to nothing. Chosen: a leader that is cut
/// off from the others fails every time until it knows, and says so each time.
const REST_AFTER: Duration = Duration::from_secs(10);

/// Nodes of the catalogue that gossip does not know, and since when.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    since: BTreeMap<NodeId, Instant>,
    /// When one could not be taken out.
    failed_at: Option<Instant>,
}

impl Ghosts {
    /// Takes nodes out of the catalogue that left the cluster, and those that gossip has not known
    /// for a while: they were pruned, or nobody waited for them any longer.
    pub(super) async fn sweep(&mut self, raft: &Raft, members: &[Member]) {
        if self.is_resting() {
            return;
        }
        let (_, Answer::Nodes(nodes)) = raft.state().query(&Query::Nodes) else {
            return;
        };
        let status = |id: NodeId| {
            let is_it = |member: &&Member| member.says.node_id == id;
            members.iter().find(is_it).map(|member| member.status)
        };
        self.observe(nodes.iter().map(|node| node.record.id), |id| {
            status(id).is_none()
        });
        for node in nodes {
            let reason = match status(node.record.id) {
                Some(MemberStatus::Left) => "left",
                None if self.is_one(node.record.id) => "reaped",
                _ => continue,
            };
            info!(target: "agent.server", member = %node.record.name, reason,
                "deregistering member");
            let command = Command::DeregisterNode { id: node.record.id };
            if let Err(error) = raft.write(command).await {
                warn!(target: "agent.server", member = %node.record.name, error = %error,
                    "member not deregistered, will retry");
                return self.rest();
            }
        }
    }

    /// Takes note of which nodes are unknown now; one that is known again starts over.
    fn observe(
        &mut self,
        nodes: impl Iterator<Item = NodeId>,
        is_unknown: impl Fn(NodeId) -> bool,
    ) {
        let now = Instant::now();
        let since = |id: NodeId| (id, self.since.get(&id).copied().unwrap_or(now));
        self.since = nodes.filter(|id| is_unknown(*id)).map(since).collect();
    }

    /// One could not be taken out: nobody tries for a while.
    fn rest(&mut self) {
        self.failed_at = Some(Instant::now());
    }

    /// One could not be taken out a moment ago.
    fn is_resting(&self) -> bool {
        self.failed_at.is_some_and(|at| at.elapsed() < REST_AFTER)
    }

    /// Whether a node was unknown for long enough to be gone.
    fn is_one(&self, id: NodeId) -> bool {
        self.since
            .get(&id)
            .is_some_and(|since| since.elapsed() >= GHOST_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fake::server;
    use crate::raft::tests::{Cluster, leader};
    use crate::state::NodeRecord;
    use crate::types::RaftId;

    /// A node that nobody gossips with.
    const GHOST: u8 = 7;

    fn register(n: u8) -> Command {
        Command::RegisterNode(NodeRecord {
            id: NodeId::new(n.into()),
            name: format!("s{n}").parse().unwrap(),
            address: [192, 0, 2, n].into(),
            datacenter: "dc1".to_owned(),
            meta: Vec::new(),
        })
    }

    fn catalogue(raft: &Raft) -> Vec<String> {
        let (_, Answer::Nodes(nodes)) = raft.state().query(&Query::Nodes) else {
            panic!();
        };
        let names = nodes.iter().map(|node| node.record.name.to_string());
        names.collect()
    }

    /// A leader with a catalogue of s1 and the ghost, and a follower that has it too.
    async fn two() -> (Raft, Raft) {
        let cluster = Cluster::in_memory();
        let nodes = cluster.found(&[RaftId::new(1), RaftId::new(2)]).await;
        let leading = leader(&nodes).await;
        for n in [1, GHOST] {
            leading.write(register(n)).await.unwrap();
        }
        let is_other = |node: &&Raft| node.status().id != leading.status().id;
        let follower = nodes.iter().find(is_other).unwrap().clone();
        let all = leading.status().applied.unwrap();
        let mut applied = follower.applied();
        applied.wait_for(|index| *index >= all).await.unwrap();
        (leading, follower)
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_unknown_for_a_while_goes_and_who_is_known_stays_whatever_its_state() {
        let (raft, _follower) = two().await;
        let mut ghosts = Ghosts::default();
        let known = [server(1, "s1", MemberStatus::Failed)];
        let both = [known[0].clone(), server(GHOST, "s7", MemberStatus::Alive)];
        ghosts.sweep(&raft, &known).await;
        tokio::time::sleep(GHOST_AFTER.mul_f64(0.9)).await;
        // It is known again, and unknown from here on.
        ghosts.sweep(&raft, &both).await;
        ghosts.sweep(&raft, &known).await;
        tokio::time::sleep(GHOST_AFTER.mul_f64(0.9)).await;
        ghosts.sweep(&raft, &known).await;
        assert_eq!(catalogue(&raft), ["s1", "s7"]);
        tokio::time::sleep(GHOST_AFTER.mul_f64(0.2)).await;
        ghosts.sweep(&raft, &known).await;
        assert_eq!(catalogue(&raft), ["s1"]);
        ghosts
            .sweep(&raft, &[server(1, "s1", MemberStatus::Left)])
            .await;
        assert_eq!(catalogue(&raft), [""; 0], "who left goes at once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_catalogue_that_cannot_be_written_is_left_alone_for_a_while_and_written_then() {
        let (leading, follower) = two().await;
        let known = [server(1, "s1", MemberStatus::Alive)];
        let mut ghosts = Ghosts::default();
        ghosts.sweep(&follower, &known).await;
        tokio::time::sleep(GHOST_AFTER).await;
        // It does not lead: the write comes to nothing.
        ghosts.sweep(&follower, &known).await;
        ghosts.sweep(&leading, &known).await;
        assert_eq!(catalogue(&leading), ["s1", "s7"], "it rests");
        tokio::time::sleep(REST_AFTER).await;
        ghosts.sweep(&leading, &known).await;
        assert_eq!(catalogue(&leading), ["s1"]);
    }
}
