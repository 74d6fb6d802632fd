//! Leaving: what an agent does, in order, before it ends for good (agent reference, 2.9), and what
//! keeps a server from it.
//!
//! Each stage is told while it is under way: in `/v1/agent/why`, where a person who waits looks,
//! and to whoever asked for the leave, once it is over.

use std::time::Duration;

use tracing::{info, warn};

use super::End;
use super::lookup::chain;
use super::parts::Parts;
use super::reconcile::{peers, servers};
use super::wire::{Request, Response};
use crate::autopilot::breaks_quorum;
use crate::http::NodeError;
use crate::raft::Raft;
use crate::types::RaftId;

/// How often a leaving server asks whether it is out.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a leaving server waits to be taken out of raft (agent reference, 2.9).
const PATIENCE: Duration = Duration::from_secs(5);

impl Parts {
    /// Leaves: hands leadership over, says so to everybody, waits to be taken out of raft. Gives
    /// what it did, a line each.
    ///
    /// # Errors
    /// The voters left could not go on, unless `force` is set; nothing has happened then.
    pub(super) async fn leave(&self, force: bool) -> Result<Vec<String>, NodeError> {
        if !force {
            self.check_rest()?;
        }
        info!(target: "agent", is_server = self.raft.is_some(), "starting leave");
        self.why.leave();
        if let Some(raft) = &self.raft {
            self.hand_over(raft).await;
        }
        self.why.tell("telling the others".to_owned());
        self.gossip.leave().await;
        self.why.tell("gone from the gossip".to_owned());
        self.wait_until_removed().await;
        self.forget_others().await;
        // The receiver is gone only if the agent is ending already.
        let _already_ending = self.end.try_send(End::Left);
        Ok(self.why.stages())
    }

    /// Refuses if the servers left could not go on without this one.
    fn check_rest(&self) -> Result<(), NodeError> {
        let Some(raft) = &self.raft else {
            return Ok(());
        };
        let status = raft.status();
        let members = self.gossip.members();
        let breaks = breaks_quorum(status.id, &peers(&status), &servers(&members));
        breaks.map_or(Ok(()), |breaks| {
            warn!(target: "agent.server", error = %breaks, "leave refused");
            Err(NodeError::Failed(breaks.to_string()))
        })
    }

    async fn hand_over(&self, raft: &Raft) {
        if !raft.status().is_leader() || raft.status().voters().count() < 2 {
            return;
        }
        self.why.tell("handing leadership over".to_owned());
        match raft.transfer_leader(None).await {
            Ok(()) => self.why.tell("leadership handed over".to_owned()),
            Err(error) => {
                warn!(target: "agent.server", error = %error, "leadership not handed over");
                self.why
                    .tell(format!("leadership not handed over: {}", chain(&error)));
            }
        }
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
        self.why.tell("waiting to be removed as voter".to_owned());
        let gone = async {
            while self.is_in_configuration(own).await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(PATIENCE, gone).await.is_ok() {
            self.why.tell("removed as voter".to_owned());
            return;
        }
        warn!(target: "agent.server", "failed to leave raft configuration gracefully, timeout");
        self.why.tell(format!(
            "not removed as voter within {} s; see `quorate operator raft remove-peer`",
            PATIENCE.as_secs()
        ));
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
}
