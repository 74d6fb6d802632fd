//! What a running agent consists of, and what it does as a whole: join by hand, leave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::End;
use super::founding::Founding;
use super::lookup::{Lookup, chain};
use super::membership::Membership;
use super::obstacle;
use super::reload::Settings;
use super::route::Router;
use super::why::{Why, Word};
use super::wire::{Request, Response};
use crate::config::Config;
use crate::datadir::DataDir;
use crate::gossip::{Gossip, JoinReport};
use crate::host::Host;
use crate::http::NodeError;
use crate::raft::Raft;
use crate::types::{Address, MemberStatus, RaftId};

/// How often a leaving server asks whether it is out.
const LEAVE_LOOK_EVERY: Duration = Duration::from_millis(50);

/// The rooms of one agent, wired.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) dir: DataDir,
    pub(super) membership: Arc<Membership>,
    pub(super) gossip: Gossip,
    pub(super) router: Arc<Router>,
    pub(super) raft: Option<Raft>,
    pub(super) founding: Option<Arc<Founding>>,
    pub(super) lookup: Lookup,
    /// This node is in the catalogue.
    pub(super) registered: watch::Receiver<bool>,
    pub(super) end: mpsc::Sender<End>,
    /// The settings in force: those that a reload takes may differ from `config`.
    pub(super) settings: Arc<Settings>,
    /// Why it does not serve.
    pub(super) why: Why,
    /// What a server said to this client.
    pub(super) told: watch::Receiver<Word>,
    /// The computer's clock, for times that are shown.
    pub(super) host: Arc<dyn Host>,
}

impl Parts {
    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        self.host.now_ms()
    }

    /// Where the founding stands, in a word; `client` where there is none.
    pub(super) fn founding_state(&self) -> String {
        if let Some(refused) = obstacle::refusal(&self.gossip) {
            return refused.reason.code().to_owned();
        }
        let is_blank = self.membership.cluster().is_none();
        if let Some(torn) = obstacle::ambiguity(&self.gossip).filter(|_| is_blank) {
            return torn.reason.code().to_owned();
        }
        match &self.founding {
            Some(founding) => founding.said().reason.code().to_owned(),
            None => "client".to_owned(),
        }
    }

    /// Joins at an address that a person gave. An address of this very agent is a success that
    /// reached nobody, as a person may well list all servers, this one included.
    pub(super) async fn join_by_hand(&self, address: &str) -> Result<usize, NodeError> {
        let parsed: Address = address
            .parse()
            .map_err(|error| NodeError::Invalid(format!("{error}")))?;
        let found = self.lookup.address(&parsed).await;
        let found = found.map_err(|why| {
            NodeError::Failed(format!("failed to resolve {address}: {}", why.reason))
        })?;
        let found = found.addresses;
        info!(target: "agent", lan_addresses = %listed(&found), "(LAN) joining");
        let report = self.gossip.join(&found).await;
        let reached = report.contacted.len();
        if reached == 0 && report.own.is_empty() {
            let error = failures(&report);
            warn!(target: "agent", number_of_nodes = 0, error = %error, "(LAN) couldn't join");
            return Err(NodeError::Failed(error));
        }
        info!(target: "agent", number_of_nodes = reached, "(LAN) joined");
        Ok(reached)
    }

    /// Leaves: hands leadership over, says so to everybody, waits to be taken out of raft.
    ///
    /// # Errors
    /// When the others could not be told.
    pub(super) async fn leave(&self) -> Result<(), NodeError> {
        info!(target: "agent", is_server = self.raft.is_some(), "starting leave");
        self.why.leave();
        if let Some(raft) = &self.raft
            && raft.status().is_leader()
            && raft.status().voters().count() > 1
            && let Err(error) = raft.transfer_leader(None).await
        {
            warn!(target: "agent.server", error = %error, "leadership not handed over");
        }
        self.gossip.leave().await;
        self.wait_until_removed().await;
        self.forget_others().await;
        // The receiver is gone only if the agent is ending already.
        let _already_ending = self.end.try_send(End::Left);
        Ok(())
    }

    /// After a leave the next life starts without the others, unless `rejoin_after_leave` says
    /// otherwise (agent reference, 1.7).
    async fn forget_others(&self) {
        if self.config.rejoin_after_leave {
            return;
        }
        if let Err(error) = self.dir.work(|dir| dir.store_peers(&[])).await {
            warn!(target: "agent", error = %chain(&error), "addresses of the others not forgotten");
        }
    }

    /// Waits a moment for the leader to take this server out of raft, so that the rest's quorum
    /// does not count it. The leader is asked: whoever is out hears of it from nobody.
    async fn wait_until_removed(&self) {
        let Some(raft) = &self.raft else { return };
        let own = raft.status().id;
        let is_alone = raft.status().voters().all(|voter| voter.id == own);
        if is_alone || raft.status().peer(own).is_none() {
            return;
        }
        let gone = async {
            while self.is_in_configuration(own).await {
                tokio::time::sleep(LEAVE_LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(super::LEAVE_PATIENCE, gone)
            .await
            .is_err()
        {
            warn!(target: "agent.server", "failed to leave raft configuration gracefully, timeout");
        }
    }

    async fn is_in_configuration(&self, own: RaftId) -> bool {
        match self
            .router
            .ask(Request::RaftConfiguration { stale: false })
            .await
        {
            Ok(Response::RaftConfiguration(now)) => now.peers.iter().any(|p| p.raft_id == own),
            _ => true,
        }
    }

    /// Hands leadership over before a stop; the peer stays a voter (stopping is not leaving).
    pub(super) async fn before_stop(&self) {
        self.why.leave();
        let Some(raft) = &self.raft else { return };
        if !raft.status().is_leader() || self.alive_servers() < 2 {
            return;
        }
        match raft.transfer_leader(None).await {
            Ok(()) => info!(target: "agent.server", "leadership handed over"),
            Err(error) => {
                warn!(target: "agent.server", error = %error, "leadership not handed over");
            }
        }
    }

    fn alive_servers(&self) -> usize {
        let members = self.gossip.members();
        let alive = members
            .iter()
            .filter(|member| member.status == MemberStatus::Alive);
        alive
            .filter(|member| member.says.server().is_some())
            .count()
    }
}

/// Addresses as Consul's log lists them.
pub(super) fn listed(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    format!("[{}]", texts.join(", "))
}

/// What went wrong at each address, in one line.
pub(super) fn failures(report: &JoinReport) -> String {
    let lines: Vec<String> = report
        .failed
        .iter()
        .map(|(addr, error)| format!("failed to join {addr}: {}", chain(error)))
        .collect();
    lines.join("; ")
}
