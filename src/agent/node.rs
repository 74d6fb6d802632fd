//! The agent as the HTTP API sees it.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::parts::Parts;
use super::register;
use super::stats;
use super::wire::{Request, Response};
use crate::http::{
    Abandoned, AutopilotReport, Found, Node, NodeError, Own, PeerName, RaftConfiguration, Read,
};
use crate::state::{Applied, Command};
use crate::types::Member;
use crate::why::Report;

/// What the API asks of a running agent.
#[derive(Debug, Clone)]
pub(super) struct AgentNode {
    parts: Arc<Parts>,
}

impl AgentNode {
    pub(super) const fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    async fn change(&self, request: Request) -> Result<(), NodeError> {
        match self.parts.router.ask(request).await? {
            Response::Changed => Ok(()),
            _ => Err(unexpected()),
        }
    }
}

/// An answer of another kind than the question; it is not shown, since it may hold values.
fn unexpected() -> NodeError {
    let text = "a server answered something else than was asked; do all run the same version?";
    NodeError::Failed(text.to_owned())
}

impl Node for AgentNode {
    fn own(&self) -> Own {
        let settings = self.parts.settings.now();
        Own {
            meta: register::node_meta(&settings.node_meta, &self.parts.gossip.own()),
            says: self.parts.gossip.own(),
            settings: settings.describe(),
            stats: stats::collect(&self.parts),
        }
    }

    fn members(&self) -> Vec<Member> {
        self.parts.gossip.members().to_vec()
    }

    fn leader(&self) -> BoxFuture<'_, Result<Option<SocketAddr>, NodeError>> {
        async {
            // Whoever hears of a leader may rely on this node being in the catalogue.
            let is_listed = *self.parts.registered.borrow();
            match self.parts.router.ask(Request::Leader).await? {
                Response::Leader(leader) => Ok(leader.filter(|_| is_listed)),
                _ => Err(unexpected()),
            }
        }
        .boxed()
    }

    fn peers(&self) -> BoxFuture<'_, Result<Vec<SocketAddr>, NodeError>> {
        async {
            match self.parts.router.ask(Request::Peers).await? {
                Response::Peers(peers) => Ok(peers),
                _ => Err(unexpected()),
            }
        }
        .boxed()
    }

    fn join<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<usize, NodeError>> {
        self.parts.join_by_hand(address).boxed()
    }

    fn leave(&self, force: bool) -> BoxFuture<'_, Result<Vec<String>, NodeError>> {
        self.parts.leave(force).boxed()
    }

    fn force_leave<'a>(
        &'a self,
        name: &'a str,
        prune: bool,
    ) -> BoxFuture<'a, Result<(), NodeError>> {
        async move {
            let made = self.parts.gossip.force_leave(name, prune);
            // The agent's own prefix, as Consul words it.
            made.map_err(|error| NodeError::NotFound(format!("agent: {error}")))
        }
        .boxed()
    }

    fn apply(&self, command: Command) -> BoxFuture<'_, Result<Applied, NodeError>> {
        async {
            match self.parts.router.ask(Request::Write(command)).await? {
                Response::Written(applied) => Ok(applied),
                _ => Err(unexpected()),
            }
        }
        .boxed()
    }

    fn read(&self, read: Read) -> BoxFuture<'_, Result<Found, NodeError>> {
        async {
            match self.parts.router.ask(Request::Read(read)).await? {
                Response::Found(found) => Ok(found),
                _ => Err(unexpected()),
            }
        }
        .boxed()
    }

    fn raft_configuration(
        &self,
        stale: bool,
    ) -> BoxFuture<'_, Result<RaftConfiguration, NodeError>> {
        async move {
            match self
                .parts
                .router
                .ask(Request::RaftConfiguration { stale })
                .await?
            {
                Response::RaftConfiguration(configuration) => Ok(configuration),
                _ => Err(unexpected()),
            }
        }
        .boxed()
    }

    fn autopilot(&self) -> BoxFuture<'_, Result<AutopilotReport, NodeError>> {
        async {
            match self.parts.router.ask(Request::Autopilot).await? {
                Response::Autopilot(report) => Ok(report),
                _ => Err(unexpected()),
            }
        }
        .boxed()
    }

    fn remove_peer(&self, peer: PeerName) -> BoxFuture<'_, Result<(), NodeError>> {
        let through = self.parts.config.node_name.clone();
        self.change(Request::RemoveServer { peer, through }).boxed()
    }

    fn transfer_leader(&self, to: Option<String>) -> BoxFuture<'_, Result<(), NodeError>> {
        self.change(Request::TransferLeader(to)).boxed()
    }

    fn reload(&self) -> BoxFuture<'_, Result<(), NodeError>> {
        async { self.parts.settings.wish().await.map_err(NodeError::Failed) }.boxed()
    }

    fn why(&self) -> Report {
        self.parts.why.report()
    }

    fn now_ms(&self) -> u64 {
        self.parts.now_ms()
    }

    fn abandon_founding(&self) -> BoxFuture<'_, Result<Abandoned, NodeError>> {
        async {
            match &self.parts.founding {
                Some(founding) => founding.abandon().await,
                None => Err(NodeError::Invalid(
                    "this agent is a client, which no founding binds; ask a server".to_owned(),
                )),
            }
        }
        .boxed()
    }
}
