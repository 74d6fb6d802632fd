//! Answers requests from this server's own consensus and state, and never from elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::voters;
use super::wire::{Request, Response};
use crate::host::Host;
use crate::http::{
    AutopilotReport, Consistency, Found, NodeError, PeerName, RaftConfiguration, RaftPeer, Read,
};
use crate::raft::{Freshness, Raft, ReadError, Status, WriteError};
use crate::state::{Command, Removal};
use crate::types::{NodeName, RaftId};

/// The serving side of one server.
#[derive(Debug, Clone)]
pub(super) struct Local {
    raft: Raft,
    host: Arc<dyn Host>,
    stopping: CancellationToken,
    /// What the leader's duties found out about the servers.
    report: Arc<watch::Sender<AutopilotReport>>,
}

impl Local {
    /// Serves from a raft node; the host has the clock. Reads that wait are sent elsewhere once
    /// `stopping` is cancelled.
    pub(super) fn new(raft: Raft, host: Arc<dyn Host>, stopping: CancellationToken) -> Self {
        Self {
            raft,
            host,
            stopping,
            report: Arc::default(),
        }
    }

    /// Where a leader's duties say how the servers do.
    pub(super) fn report(&self) -> Arc<watch::Sender<AutopilotReport>> {
        Arc::clone(&self.report)
    }

    /// What this leader found out about the servers; none where another leads, or before the first
    /// look.
    pub(super) fn health(&self) -> Option<AutopilotReport> {
        let report = self.report.borrow().clone();
        (!report.servers.is_empty()).then_some(report)
    }

    /// The agent stops: what can wait no longer here is asked elsewhere.
    pub(super) const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Address of the leader as this server knows it, itself included.
    pub(super) fn leader(&self) -> Option<SocketAddr> {
        self.raft.status().leader.map(|(_, peer)| peer.rpc_addr)
    }

    /// Whether this server is in the raft configuration.
    pub(super) fn is_peer(&self) -> bool {
        let status = self.raft.status();
        status.peer(status.id).is_some()
    }

    /// Returns once the leader is another than this, or there is one where there was none.
    pub(super) async fn leader_changed(&self, from: Option<SocketAddr>) {
        let mut watch = self.raft.watch_status();
        let leader = |status: &Status| status.leader.as_ref().map(|(_, peer)| peer.rpc_addr);
        let _changed_or_ended = watch.wait_for(|status| leader(status) != from).await;
    }

    /// Answers what can be answered here; `NotLeader` for the rest.
    pub(super) async fn answer(&self, request: &Request) -> Response {
        match request {
            Request::Write(command) => self.write(command.clone()).await,
            Request::Read(read) => self.read(read).await,
            Request::Leader => Response::Leader(self.leader()),
            Request::Peers => Response::Peers(addresses(&self.raft.status())),
            Request::RaftConfiguration { stale } => self.configuration(*stale),
            Request::RemovePeer(peer) => self.remove(peer, None).await,
            Request::RemoveServer { peer, through } => {
                self.remove(peer, Some(through.clone())).await
            }
            Request::Removal(raft_id) => self.removal(*raft_id),
            Request::Autopilot => self.autopilot(),
            Request::TransferLeader(to) => voters::transfer(&self.raft, to.as_deref()).await,
            Request::Raft(_) | Request::Founding(_) | Request::Why => {
                Response::Failed(NodeError::Invalid("not a request for the state".to_owned()))
            }
        }
    }

    async fn remove(&self, peer: &PeerName, through: Option<NodeName>) -> Response {
        let at_ms = self.host.now_ms();
        let word = |raft_id| Removal {
            raft_id,
            through,
            at_ms,
        };
        voters::remove(&self.raft, peer, word).await
    }

    /// What an operator said of a server that is out. As long as it is in the configuration it
    /// is not.
    fn removal(&self, raft_id: RaftId) -> Response {
        let is_in = self.raft.status().peer(raft_id).is_some();
        let state = self.raft.state();
        let said = state.removals().get(raft_id).cloned();
        Response::Removal(said.filter(|_| !is_in))
    }

    async fn write(&self, command: Command) -> Response {
        match self.raft.write(command).await {
            Ok(applied) => Response::Written(applied),
            Err(WriteError::NotLeader { .. }) => Response::NotLeader,
            Err(error) => Response::Failed(NodeError::Failed(error.to_string())),
        }
    }

    async fn read(&self, read: &Read) -> Response {
        let barrier = match read.consistency {
            Consistency::Default => Some(Freshness::Lease),
            Consistency::Consistent => Some(Freshness::Quorum),
            Consistency::Stale => None,
        };
        match barrier {
            Some(barrier) => {
                if let Err(response) = self.barrier(barrier).await {
                    return response;
                }
            }
            None if !was_led(&self.raft.status()) => return Response::NotLeader,
            None => {}
        }
        let looking = self.stopping.run_until_cancelled(self.look(read));
        let Some(found) = looking.await else {
            return Response::NotLeader;
        };
        // A leader may have been deposed while the read waited.
        match barrier {
            Some(barrier) if read.min_index.is_some() => match self.barrier(barrier).await {
                Ok(()) => Response::Found(found),
                Err(response) => response,
            },
            _ => Response::Found(found),
        }
    }

    async fn barrier(&self, barrier: Freshness) -> Result<(), Response> {
        self.raft
            .read_barrier(barrier)
            .await
            .map_err(|error| match error {
                ReadError::NotLeader { .. } => Response::NotLeader,
                // It may be back in a moment, or another leads then: the question waits.
                ReadError::NoQuorum => Response::Failed(NodeError::NoLeader),
                error @ ReadError::Stopped { .. } => {
                    Response::Failed(NodeError::Failed(error.to_string()))
                }
            })
    }

    /// Looks until the index is above the asked one, or the wait is over.
    async fn look(&self, read: &Read) -> Found {
        let until = Instant::now() + read.wait;
        let mut applied = self.raft.applied();
        loop {
            applied.borrow_and_update();
            let (index, answer) = self.raft.state().query(&read.query);
            let is_news = read.min_index.is_none_or(|min| index > min);
            if is_news || !matches!(timeout_at(until, applied.changed()).await, Ok(Ok(()))) {
                let status = self.raft.status();
                let known_leader = status.leader.is_some();
                let last_contact = status.last_contact.unwrap_or_default();
                let last_contact_ms = u64::try_from(last_contact.as_millis()).unwrap_or(u64::MAX);
                return Found {
                    answer,
                    index,
                    known_leader,
                    last_contact_ms,
                };
            }
        }
    }

    fn autopilot(&self) -> Response {
        if self.raft.status().is_leader() {
            Response::Autopilot(self.report.borrow().clone())
        } else {
            Response::NotLeader
        }
    }

    fn configuration(&self, stale: bool) -> Response {
        let status = self.raft.status();
        if !stale && !status.is_leader() {
            return Response::NotLeader;
        }
        Response::RaftConfiguration(describe(&status))
    }
}

/// Whether this server ever heard of a leader: a blank one has nothing to say, not even stale.
const fn was_led(status: &Status) -> bool {
    status.applied.is_some()
}

/// Addresses of the voters, sorted.
fn addresses(status: &Status) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = status.voters().map(|voter| voter.peer.rpc_addr).collect();
    addresses.sort_unstable();
    addresses
}

/// The raft configuration in the words of the API.
fn describe(status: &Status) -> RaftConfiguration {
    let mut peers: Vec<RaftPeer> = status
        .peers
        .iter()
        .map(|entry| RaftPeer {
            raft_id: entry.id,
            name: entry.peer.name.clone(),
            address: entry.peer.rpc_addr,
            is_leader: status
                .leader
                .as_ref()
                .is_some_and(|(leader, _)| *leader == entry.id),
            is_voter: entry.is_voter,
            last_index: entry.matched.unwrap_or(0),
        })
        .collect();
    peers.sort_by(|a, b| a.name.cmp(&b.name));
    RaftConfiguration {
        peers,
        index: status.membership_index.unwrap_or(0),
    }
}
