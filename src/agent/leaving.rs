//! Leaving: what an agent does, in order, before it ends for good (agent reference, 2.9), and what
//! keeps a server from it.
//!
//! Each stage is told while it is under way: in `/v1/agent/why`, where a person who waits looks,
//! and to whoever asked for the leave, once it is over.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::{info, warn};

use super::End;
use super::lookup::chain;
use super::parts::{Parts, handed_over};
use super::reconcile::{peers, servers};
use super::wire::{Request, Response};
use crate::autopilot::{Peer, Server, breaks_quorum};
use crate::datadir::DataDir;
use crate::http::NodeError;
use crate::raft::{Raft, Status};
use crate::types::{MemberStatus, RaftId};

/// How often a leaving server asks whether it is out.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long a leaving server waits to be taken out of raft (agent reference, 2.9).
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a server may take to answer before a leave that counts on it. Chosen: far more than a
/// busy one takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How long a leaving leader waits after leadership was not handed over before it tries again. Chosen: a
/// voter that hangs comes back within seconds or not at all, and one try more costs nothing.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The last time that leadership was not handed over: when, and why.
type NotHandedOver = Option<(Instant, String)>;

impl Parts {
    /// Leaves: hands leadership over, says so to everybody, waits to be taken out of raft. Gives
    /// what it did, a line each.
    ///
    /// # Errors
    /// Unless `force` is set: the voters left could not go on, and nothing has happened then; or the
    /// server has left and is still a voter.
    pub(super) async fn leave(&self, force: bool) -> Result<Vec<String>, NodeError> {
        if !force {
            self.check_rest().await?;
        }
        info!(target: "agent", is_server = self.raft.is_some(), "starting leave");
        self.why.leave();
        let mut failed = None;
        if let Some(raft) = &self.raft {
            self.hand_over(raft, &mut failed).await;
        }
        self.why.tell("telling the others".to_owned());
        self.gossip.leave().await;
        self.why.tell("gone from the gossip".to_owned());
        let is_out = self.wait_until_removed(failed).await;
        if is_out {
            self.remember_leave().await;
        }
        // The receiver is gone only if the agent is ending already.
        let _already_ending = self.end.try_send(End::Left);
        if is_out || force {
            return Ok(self.why.stages());
        }
        Err(NodeError::Failed(format!(
            "it has left, but was not removed as voter within {} s: start it again, or take it out by \
             `quorate operator raft remove-peer` at a server that has a leader",
            PATIENCE.as_secs()
        )))
    }

    /// Refuses if the servers left could not go on without this one.
    async fn check_rest(&self) -> Result<(), NodeError> {
        let Some(raft) = &self.raft else {
            return Ok(());
        };
        let servers = servers(&self.gossip.members());
        let servers = self.answering(servers, raft.status().id).await;
        let status = raft.status();
        let breaks = breaks_quorum(status.id, &peers(&status), &servers);
        breaks.map_or(Ok(()), |breaks| {
            warn!(target: "agent.server", error = %breaks, "leave refused");
            Err(NodeError::Failed(breaks.to_string()))
        })
    }

    /// The servers, of which those count as failed that are alive by gossip and do not answer:
    /// gossip bears for ten seconds what hangs, and does not see a port that is shut.
    async fn answering(&self, servers: Vec<Server>, own: RaftId) -> Vec<Server> {
        let asked = servers.into_iter().map(|mut server| async move {
            if server.status == MemberStatus::Alive && server.raft_id != own {
                let answer = self
                    .router
                    .ask_at(server.addr, &Request::Leader, ANSWER_WITHIN)
                    .await;
                if answer.is_none() {
                    server.status = MemberStatus::Failed;
                }
            }
            server
        });
        join_all(asked).await
    }

    /// Hands leadership over, if this server leads. What fails is tried again only after a while, and
    /// told once for each cause.
    async fn hand_over(&self, raft: &Raft, failed: &mut NotHandedOver) {
        if !raft.status().is_leader() || raft.status().voters().count() < 2 {
            return;
        }
        match failed {
            Some((at, _)) if at.elapsed() < TRY_AGAIN_AFTER => return,
            Some(_) => {}
            None => self.why.tell("handing leadership over".to_owned()),
        }
        match raft.step_down(self.heir(&raft.status())).await {
            Ok(is_settled) => {
                *failed = None;
                handed_over(is_settled);
                self.why.tell("leadership handed over".to_owned());
            }
            Err(error) => {
                let why = chain(&error);
                let is_known = failed.as_ref().is_some_and(|(_, known)| *known == why);
                if !is_known {
                    warn!(target: "agent.server", error = %why, "leadership not handed over");
                    self.why.tell(format!("leadership not handed over: {why}"));
                }
                *failed = Some((Instant::now(), why));
            }
        }
    }

    /// Of the voters that stay and answer, the one that has most of the log; none if all others
    /// leave as well, of whom then any must do.
    fn heir(&self, status: &Status) -> Option<RaftId> {
        let servers = servers(&self.gossip.members());
        let stays = |peer: &&Peer| {
            let mut alive = servers.iter().filter(|s| s.status == MemberStatus::Alive);
            peer.is_answering && alive.any(|server| server.raft_id == peer.raft_id)
        };
        let peers = peers(status);
        let others = peers
            .iter()
            .filter(|peer| peer.is_voter && peer.raft_id != status.id);
        let heir = others.filter(stays).max_by_key(|peer| peer.matched)?;
        Some(heir.raft_id)
    }

    /// After a leave the next life starts without the others, unless its `rejoin_after_leave` says
    /// otherwise (agent reference, 1.7).
    async fn remember_leave(&self) {
        if let Err(error) = self.dir.work(DataDir::store_left).await {
            warn!(target: "agent", error = %chain(&error), "leave not remembered");
        }
    }

    /// Waits a moment for the leader to take this server out of raft, so that the rest's quorum
    /// does not count it; says whether it is out, or there is no rest. The leader is asked: whoever
    /// is out hears of it from nobody.
    async fn wait_until_removed(&self, mut failed: NotHandedOver) -> bool {
        let Some(raft) = &self.raft else { return true };
        let own = raft.status().id;
        let is_alone = || raft.status().voters().all(|voter| voter.id == own);
        if is_alone() || raft.status().peer(own).is_none() {
            return true;
        }
        self.why.tell("waiting to be removed as voter".to_owned());
        let gone = async {
            while !is_alone() && self.is_in_configuration(own).await {
                // Another one that leaves may have handed leadership over to this one.
                self.hand_over(raft, &mut failed).await;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let is_out = tokio::time::timeout(PATIENCE, gone).await.is_ok();
        if is_out {
            self.why.tell("removed as voter".to_owned());
        } else {
            warn!(target: "agent.server", "failed to leave raft configuration gracefully, timeout");
            self.why.tell(format!(
                "not removed as voter within {} s; see `quorate operator raft remove-peer`",
                PATIENCE.as_secs()
            ));
        }
        is_out
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
