//! The duties of a leader: brings raft's configuration and the catalogue in line with gossip.
//!
//! Decides nothing itself: [`autopilot`](crate::autopilot) does. Runs on every server, sleeps
//! while another leads.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::autopilot::{Cause, Duty, Peer as AutopilotPeer, Server, Stability, View};
use crate::gossip::Gossip;
use crate::raft::{MembershipError, Peer, Raft, Status};
use crate::state::Command;
use crate::types::{AutopilotConfig, ClusterId, Member, MemberStatus, RaftId};

use super::ghosts::Ghosts;
use super::health::Health;
use super::newcomer::Newcomers;

/// How often a leader looks without an event: learners catch up and become stable unannounced.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A peer that answered raft so long ago is there, whatever gossip says. Chosen: a dozen heartbeats.
const ANSWERING: Duration = Duration::from_secs(2);

/// Does a leader's duties while this server leads.
#[derive(Debug)]
pub(super) struct Reconciler {
    raft: Raft,
    gossip: Gossip,
    health: Health,
    newcomers: Newcomers,
    /// The settings of autopilot until a leader has written some.
    initial: AutopilotConfig,
}

impl Reconciler {
    /// For one server; `initial` is what it writes if it is the first to lead its cluster.
    pub(super) const fn new(
        raft: Raft,
        gossip: Gossip,
        health: Health,
        newcomers: Newcomers,
        initial: AutopilotConfig,
    ) -> Self {
        Self {
            raft,
            gossip,
            health,
            newcomers,
            initial,
        }
    }

    /// Runs until the agent stops.
    pub(super) async fn run(self, cluster: impl Fn() -> Option<ClusterId>) {
        let mut status = self.raft.watch_status();
        while status.wait_for(Status::is_leader).await.is_ok() {
            info!(target: "agent.server", "cluster leadership acquired");
            self.lead(&cluster).await;
            self.health.forget();
            info!(target: "agent.server", "cluster leadership lost");
        }
    }

    async fn lead(&self, cluster: &impl Fn() -> Option<ClusterId>) {
        let mut stability = Stability::default();
        let mut ghosts = Ghosts::default();
        let mut members = self.gossip.watch();
        let mut status = self.raft.watch_status();
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            members.borrow_and_update();
            if !status.status().is_leader() {
                return;
            }
            if let Some(cluster) = cluster() {
                self.look(cluster, &mut stability).await;
                ghosts.sweep(&self.raft, &self.gossip.members()).await;
            }
            tokio::select! {
                _ = tick.tick() => {}
                changed = members.changed() => if changed.is_err() { return },
                _ = status.wait_for(|now| !now.is_leader()) => return,
            }
        }
    }

    /// The settings of autopilot; the first leader of a cluster writes them.
    async fn config(&self) -> AutopilotConfig {
        if let Some(entry) = self.raft.state().autopilot().entry() {
            return entry.config.clone();
        }
        let config = self.initial.clone();
        let command = Command::SetAutopilot {
            config: config.clone(),
            cas: Some(0),
        };
        if let Err(error) = self.raft.write(command).await {
            warn!(target: "agent.server.autopilot", error = %error,
                "initial settings not written, will retry");
        }
        config
    }

    /// One look at the facts, and every duty that follows from them.
    async fn look(&self, cluster: ClusterId, stability: &mut Stability) {
        let config = self.config().await;
        // One duty changes at most one peer, so this many rounds settle any view.
        for _ in 0..=self.gossip.members().len() * 2 {
            let Some(view) = self.view(cluster, &config, stability) else {
                return;
            };
            let Some(duty) = view.duty() else { break };
            if let Err(error) = self.perform(&duty).await {
                warn!(target: "agent.server", duty = ?duty, error = %error, "duty not done");
                return;
            }
        }
    }

    fn view(
        &self,
        cluster: ClusterId,
        config: &AutopilotConfig,
        stability: &mut Stability,
    ) -> Option<View> {
        let status = self.raft.status();
        if !status.is_leader() {
            return None;
        }
        let members = self.gossip.members();
        let mut view = View {
            own: status.id,
            cluster,
            servers: self.welcome(&members, &status),
            expected: expected(&members),
            peers: peers(&status),
            last_index: status.last_log.map_or(0, |(index, _term)| index),
            stable: Vec::new(),
            removed: self.raft.state().removals().ids().collect(),
            config: config.clone(),
            heartbeat: self.raft.heartbeat(),
        };
        view.stable = self.health.observe(&view, stability);
        self.health.tell(&view, &status, &members, stability);
        Some(view)
    }

    /// The servers as gossip sees them, without those that are no peer and cannot be spoken with.
    fn welcome(&self, members: &[Member], status: &Status) -> Vec<Server> {
        let mut servers = servers(members);
        servers.retain(|server| {
            let is_peer = status.peer(server.raft_id).is_some();
            is_peer || !self.newcomers.is_refused(server.raft_id)
        });
        servers
    }

    async fn perform(&self, duty: &Duty) -> Result<(), MembershipError> {
        match duty {
            Duty::Add(server) => {
                if !self.newcomers.may_come(server).await {
                    return Ok(());
                }
                info!(target: "agent.server.autopilot", id = %server.raft_id, address = %server.addr,
                    name = %server.name, "adding server to the raft configuration");
                self.raft.add_learner(server.raft_id, as_peer(server)).await
            }
            Duty::Promote(raft_id) => {
                info!(target: "agent.server.autopilot", id = %raft_id,
                    name = self.name_of(*raft_id), "promoting server");
                self.raft.promote(*raft_id).await
            }
            Duty::Update(server) => {
                info!(target: "agent.server.autopilot", id = %server.raft_id, address = %server.addr,
                    name = %server.name, "server has a new address");
                self.raft.update_peer(server.raft_id, as_peer(server)).await
            }
            Duty::Remove { raft_id, cause } => {
                info!(target: "agent.server.autopilot", id = %raft_id,
                    name = self.name_of(*raft_id), reason = reason(*cause),
                    "removing server from the raft configuration");
                self.raft.remove(*raft_id).await?;
                if *cause == Cause::Dead {
                    self.bury(*raft_id);
                }
                Ok(())
            }
        }
    }

    /// The name of a server of the raft configuration, for the log: people know no raft ids.
    fn name_of(&self, raft_id: RaftId) -> Option<String> {
        let status = self.raft.status();
        status.peer(raft_id).map(|entry| entry.peer.name.clone())
    }

    /// Says in the name of a dead server that it left, as nobody waits for it any more (agent
    /// reference, 2.8). It is welcome when it comes back.
    fn bury(&self, raft_id: RaftId) {
        let members = self.gossip.members();
        let is_it = |server: &Server| server.raft_id == raft_id;
        let is_dead = |server: &Server| server.status == MemberStatus::Failed;
        let dead = servers(&members)
            .into_iter()
            .find(|server| is_it(server) && is_dead(server));
        if let Some(dead) = dead
            && let Err(error) = self.gossip.force_leave(dead.name.as_str(), false)
        {
            warn!(target: "agent.server", member = %dead.name, error = %error, "not made to leave");
        }
    }
}

const fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::Left => "left",
        Cause::Replaced => "replaced",
        Cause::Dead => "dead",
        Cause::Removed => "operator",
    }
}

/// The servers as gossip sees them.
pub(super) fn servers(members: &[Member]) -> Vec<Server> {
    members.iter().filter_map(as_server).collect()
}

/// The largest number of servers that any of them was told to expect.
fn expected(members: &[Member]) -> Option<usize> {
    let told = members
        .iter()
        .filter_map(|member| member.says.server()?.expect);
    told.max().and_then(|expect| usize::try_from(expect).ok())
}

fn as_server(member: &Member) -> Option<Server> {
    let role = member.says.server()?;
    Some(Server {
        raft_id: role.raft_id,
        node_id: member.says.node_id,
        name: member.says.name.clone(),
        addr: role.rpc_addr,
        cluster: member.says.cluster,
        status: member.status,
    })
}

fn as_peer(server: &Server) -> Peer {
    Peer {
        node_id: server.node_id,
        name: server.name.to_string(),
        rpc_addr: server.addr,
    }
}

/// The raft configuration.
pub(super) fn peers(status: &Status) -> Vec<AutopilotPeer> {
    let answers = |ago: Option<Duration>| ago.is_some_and(|ago| ago <= ANSWERING);
    let peers = status.peers.iter();
    peers
        .map(|entry| AutopilotPeer {
            raft_id: entry.id,
            name: entry.peer.name.clone(),
            addr: entry.peer.rpc_addr,
            is_voter: entry.is_voter,
            matched: entry.matched.unwrap_or(0),
            is_answering: answers(entry.last_answer),
            last_answer: entry.last_answer,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::fake::{member, server};
    use crate::types::Role;

    #[test]
    fn a_cluster_is_meant_to_have_as_many_servers_as_any_of_them_was_told() {
        let told = |n: u8, expect: Option<u32>| {
            let mut member = server(n, &format!("s{n}"), MemberStatus::Alive);
            if let Role::Server(role) = &mut Arc::make_mut(&mut member.says).role {
                role.expect = expect;
            }
            member
        };
        let client = member(50, "web1", MemberStatus::Alive, Role::Client);
        assert_eq!(expected(&[client.clone(), told(1, None)]), None);
        let all = [told(1, Some(3)), told(2, Some(5)), told(3, None), client];
        assert_eq!(expected(&all), Some(5));
    }
}
