//! One proposal from its first word to its end (design, section 5, rules 6 and 8).

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rand::RngExt as _;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{info, warn};

use super::{ASK_DEADLINE, Founding, FoundingError, facts};
use crate::agent::wire::{self, Envelope, Request, Response};
use crate::bootstrap::{Answer, Draft, Message, Proposal, Server, Tally, Verdict};
use crate::raft::Peer;
use crate::rpc::Pool;
use crate::types::{ClusterId, RaftId};

/// How long a proposal may take. Chosen: a hundred round trips and a synced write on a slow disk.
const ROUND_LIMIT: Duration = Duration::from_secs(2);
/// Longest pause after the first aborted proposal; doubles with each further one.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// Longest pause after many.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

impl Founding {
    /// Proposes, asks, counts, and founds or aborts. Every word is on disk before it is said.
    pub(super) async fn propose(
        &self,
        draft: Draft,
        failures: &mut u32,
    ) -> Result<(), FoundingError> {
        let cluster = ClusterId::random(rand::random());
        let mut tally = {
            let mut book = self.book.lock().await;
            let Some((ledger, tally)) = Tally::begin(&self.view(&book), draft, cluster) else {
                return Ok(());
            };
            self.write(&mut book, ledger).await?;
            tally
        };
        let nodes = listed(tally.proposal());
        info!(target: "agent.server", cluster_id = %cluster,
            "Attempting bootstrap with nodes: {nodes}");
        if self.count(&mut tally).await? {
            *failures = 0;
            return Ok(());
        }
        *failures = failures.saturating_add(1);
        let most = BACKOFF_MIN
            .saturating_mul(2_u32.saturating_pow(*failures))
            .min(BACKOFF_MAX);
        let pause = rand::rng().random_range(Duration::ZERO..=most);
        sleep(pause).await;
        Ok(())
    }

    /// Collects answers until the verdict; true if the cluster is founded.
    async fn count(&self, tally: &mut Tally) -> Result<bool, FoundingError> {
        let until = Instant::now() + ROUND_LIMIT;
        let message = Message::Prepare(tally.proposal().clone());
        let asked = tally.asked().to_vec();
        let mut answers: FuturesUnordered<_> = asked
            .iter()
            .map(|server| send(&self.rooms.pool, server, message.clone(), ROUND_LIMIT))
            .collect();
        loop {
            if let Some(founded) = self.close(tally, false).await? {
                return Ok(founded);
            }
            match timeout_at(until, answers.next()).await {
                Ok(Some(Some(answer))) => {
                    facts::lock(&self.heard).note_standing(answer.from, Some(answer.standing));
                    tally.hear(&answer);
                }
                Ok(Some(None)) => {}
                Ok(None) | Err(_) => return Ok(self.close(tally, true).await?.unwrap_or(false)),
            }
        }
    }

    /// Acts on the verdict, if there is one; true if the cluster is founded.
    async fn close(&self, tally: &Tally, is_over: bool) -> Result<Option<bool>, FoundingError> {
        let mut book = self.book.lock().await;
        let view = self.view(&book);
        let verdict = if is_over {
            tally.time_out(&view)
        } else {
            tally.verdict(&view)
        };
        match verdict {
            Verdict::Pending => Ok(None),
            Verdict::Gone => Ok(Some(false)),
            Verdict::Found(ledger) => {
                self.write(&mut book, ledger).await?;
                Ok(Some(true))
            }
            Verdict::Abort { ledger, why } => {
                self.write(&mut book, ledger).await?;
                drop(book);
                warn!(target: "agent.server", reason = %why, "bootstrap attempt aborted");
                self.tell_over(tally).await;
                Ok(Some(false))
            }
        }
    }

    /// Releases those who promised; who does not hear it finds out by rule 9.
    async fn tell_over(&self, tally: &Tally) {
        let message = Message::Over(tally.proposal().ballot);
        let told = tally
            .asked()
            .iter()
            .map(|server| send(&self.rooms.pool, server, message.clone(), ASK_DEADLINE));
        futures_util::future::join_all(told).await;
    }
}

/// Sends a message of the founding; none if there is no answer, for whatever reason.
pub(super) async fn send(
    pool: &Pool,
    to: &Server,
    message: Message,
    deadline: Duration,
) -> Option<Answer> {
    let envelope = Envelope {
        is_last_hop: true,
        request: Request::Founding(message),
    };
    let payload = wire::encode(&envelope).ok()?;
    let call = pool.call(to.rpc_addr, payload, deadline);
    let answer = timeout(deadline, call).await.ok()?.ok()?;
    match wire::decode(&answer) {
        Ok(Response::Founding(answer)) => Some(answer),
        _ => None,
    }
}

/// The members' addresses as Consul's log lists them.
pub(super) fn listed(proposal: &Proposal) -> String {
    let nodes: Vec<String> = proposal
        .members
        .iter()
        .map(|member| member.rpc_addr.to_string())
        .collect();
    format!("[{}]", nodes.join(" "))
}

/// A member as raft's configuration names it.
pub(super) fn as_voter(server: &Server) -> (RaftId, Peer) {
    let peer = Peer {
        node_id: server.node_id,
        name: server.name.to_string(),
        rpc_addr: server.rpc_addr,
    };
    (server.raft_id, peer)
}
