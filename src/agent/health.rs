//! What a leader finds out about its servers' health, as the API shows it (agent reference, 6.10).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::autopilot::{ServerHealth, Stability, View, failure_tolerance};
use crate::host::Host;
use crate::http::{AutopilotReport, AutopilotServer};
use crate::raft::{PeerStatus, Status};
use crate::types::{Member, RaftId};

/// Remembers since when each server is as it is, and says so where the API looks.
#[derive(Debug)]
pub(super) struct Health {
    host: Arc<dyn Host>,
    started: Instant,
    report: Arc<watch::Sender<AutopilotReport>>,
}

impl Health {
    /// Says what it finds into `report`.
    pub(super) fn new(host: Arc<dyn Host>, report: Arc<watch::Sender<AutopilotReport>>) -> Self {
        Self {
            host,
            started: Instant::now(),
            report,
        }
    }

    /// Takes note of how the servers do, and gives those that were healthy for long enough to vote.
    pub(super) fn observe(&self, view: &View, stability: &mut Stability) -> Vec<RaftId> {
        let now = self.started.elapsed();
        stability.observe(now, &view.health());
        stability.stable(now, view.config.server_stabilization_time)
    }

    /// Says how the servers do, for whoever asks.
    pub(super) fn tell(
        &self,
        view: &View,
        status: &Status,
        members: &[Member],
        stability: &Stability,
    ) {
        let health = view.health();
        let elapsed = self.started.elapsed();
        let ago = |id| elapsed.saturating_sub(stability.since(id).unwrap_or(elapsed));
        let now_ms = self.host.now_ms();
        let server = |entry: &ServerHealth| {
            let peer = status.peer(entry.raft_id)?;
            let since_ms = now_ms.saturating_sub(millis(ago(entry.raft_id)));
            Some(describe(entry, peer, status, members, since_ms))
        };
        let mut servers: Vec<AutopilotServer> = health.iter().filter_map(server).collect();
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        let tolerance = u64::try_from(failure_tolerance(&health)).unwrap_or(u64::MAX);
        self.report.send_replace(AutopilotReport {
            servers,
            failure_tolerance: tolerance,
        });
    }

    /// Forgets what a former leadership found.
    pub(super) fn forget(&self) {
        self.report.send_replace(AutopilotReport::default());
    }
}

fn describe(
    health: &ServerHealth,
    peer: &PeerStatus,
    status: &Status,
    members: &[Member],
    stable_since_ms: u64,
) -> AutopilotServer {
    let is_it = |member: &&Member| {
        let server = member.says.server();
        server.is_some_and(|server| server.raft_id == peer.id)
    };
    let member = members.iter().find(is_it);
    let is_leader = peer.id == status.id;
    let last_contact = if is_leader {
        Some(Duration::ZERO)
    } else {
        peer.last_answer
    };
    let own_index = status.last_log.map(|(index, _term)| index);
    let matched = if is_leader { own_index } else { peer.matched };
    AutopilotServer {
        node_id: peer.peer.node_id,
        name: peer.peer.name.clone(),
        address: peer.peer.rpc_addr,
        status: member.map(|member| member.status),
        build: member
            .map(|member| member.says.build.clone())
            .unwrap_or_default(),
        is_leader,
        is_voter: health.is_voter,
        is_healthy: health.is_healthy,
        last_contact,
        last_term: last_contact.map_or(0, |_heard| status.term),
        last_index: matched.unwrap_or(0),
        stable_since_ms,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::autopilot::{Peer, Server};
    use crate::host::Real;
    use crate::types::{AutopilotConfig, ClusterId, MemberStatus, NodeId};

    /// A leader and a learner that keeps up.
    fn view() -> View {
        let addr = |n| ([192, 0, 2, n], 8300).into();
        let peer = |n: u8| Peer {
            raft_id: RaftId::new(n.into()),
            name: format!("s{n}"),
            addr: addr(n),
            is_voter: n == 1,
            matched: 10,
            is_answering: true,
            last_answer: Some(Duration::ZERO),
        };
        let server = |n: u8| Server {
            raft_id: RaftId::new(n.into()),
            node_id: NodeId::new(n.into()),
            name: format!("s{n}").parse().unwrap(),
            addr: addr(n),
            cluster: None,
            status: MemberStatus::Alive,
        };
        View {
            own: RaftId::new(1),
            cluster: ClusterId::new(7),
            servers: [1, 2].map(server).into(),
            peers: [1, 2].map(peer).into(),
            last_index: 10,
            expected: None,
            stable: Vec::new(),
            removed: BTreeSet::new(),
            config: AutopilotConfig::default(),
            heartbeat: Duration::from_millis(150),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_may_vote_once_it_was_healthy_for_the_stabilisation_time() {
        let health = Health::new(Arc::new(Real), Arc::default());
        let (view, mut stability) = (view(), Stability::default());
        let time = view.config.server_stabilization_time;
        let learner = RaftId::new(2);
        let mut is_stable = || health.observe(&view, &mut stability).contains(&learner);
        assert!(!is_stable());
        tokio::time::advance(time.saturating_sub(Duration::from_millis(1))).await;
        assert!(!is_stable());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(is_stable());
    }
}
