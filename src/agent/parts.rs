//! What a running agent consists of, and what it does as a whole: join by hand, stop.

use std::net::SocketAddr;
use std::sync::Arc;

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
use crate::config::Config;
use crate::datadir::DataDir;
use crate::gossip::{Gossip, JoinReport};
use crate::host::Host;
use crate::http::{NodeError, OWN_ADDRESS};
use crate::raft::Raft;
use crate::tls::Tls;
use crate::types::{Address, MemberStatus};

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
    /// The certificates in force.
    pub(super) tls: Tls,
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

    /// Joins at an address that a person gave. One's own address is not a join (design, section 6).
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
        if reached == 0 {
            let error = if report.failed.is_empty() {
                format!("{address} {OWN_ADDRESS}")
            } else {
                failures(&report)
            };
            warn!(target: "agent", number_of_nodes = 0, error = %error, "(LAN) couldn't join");
            return Err(NodeError::Failed(error));
        }
        info!(target: "agent", number_of_nodes = reached, "(LAN) joined");
        Ok(reached)
    }

    /// Hands leadership over before a stop; the peer stays a voter (stopping is not leaving).
    pub(super) async fn before_stop(&self) {
        self.why.leave();
        let Some(raft) = &self.raft else { return };
        if !raft.status().is_leader() || self.alive_servers() < 2 {
            return;
        }
        match raft.step_down(None).await {
            Ok(is_settled) => handed_over(is_settled),
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

/// Logs that another server leads now; `is_settled` as [`Raft::step_down`] says.
pub(super) fn handed_over(is_settled: bool) {
    info!(target: "agent.server", "leadership handed over");
    if !is_settled {
        warn!(target: "agent.server", "the next leader did not say what became of the last writes");
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
