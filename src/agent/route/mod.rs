//! Takes a request to the server that can answer it, and holds it while there is none.
//!
//! A client asks the server that [`Servers`] gives; a server asks the leader. While nobody leads, a request
//! waits for `performance.rpc_hold_timeout` (7 s by default, as at Consul: agent reference, 3.2)
//! and is tried again. A write whose fate is unknown is never tried again: done twice it could
//! undo somebody else's write in between.

mod pulse;
#[cfg(test)]
pub(super) mod tests;
mod why;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::local::Local;
use super::servers::Servers;
use super::wire::{self, Envelope, Request, Response};
use crate::gossip::Gossip;
use crate::http::NodeError;
use crate::rpc::{Outcome, Pool, RpcError};
use crate::types::{Member, MemberStatus};

/// Pause before the second try; doubles up to [`PAUSE_MAX`]. A change of the leader ends it early.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Finds the way for requests of this agent and for those that others send here.
#[derive(Debug)]
pub(super) struct Router {
    gossip: Gossip,
    pool: Pool,
    local: Option<Local>,
    hold: Duration,
    /// Which of the known servers a client asks.
    order: Servers,
}

/// What one try came to.
enum Try {
    Answer(Response),
    Again(NodeError),
    Fatal(NodeError),
}

impl Router {
    /// A router of a server, with its own consensus, or of a client, without.
    pub(super) fn new(gossip: Gossip, pool: Pool, local: Option<Local>, hold: Duration) -> Self {
        Self {
            gossip,
            pool,
            local,
            hold,
            order: Servers::default(),
        }
    }

    /// Brings a request to its answer, or says why there is none.
    ///
    /// # Errors
    /// `NoServers` at once on a client that knows none; else the reason of the last try, when the
    /// hold time is over.
    pub(super) async fn ask(&self, request: Request) -> Result<Response, NodeError> {
        let deadline = Instant::now() + self.hold + request.wait();
        let mut pause = PAUSE_MIN;
        loop {
            let leader = self.local.as_ref().and_then(Local::leader);
            let last = match self.attempt(&request, deadline).await {
                Try::Answer(response) => return Ok(response),
                Try::Fatal(error) => return Err(error),
                Try::Again(error) => error,
            };
            if Instant::now() + pause >= deadline || self.is_stopping() {
                return Err(last);
            }
            self.wait(pause, leader).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// The serving side of this very server; none on a client.
    pub(super) const fn local(&self) -> Option<&Local> {
        self.local.as_ref()
    }

    /// The connections to other agents.
    pub(super) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// This agent is a server that stops: whoever asked it shall ask another.
    pub(super) fn is_stopping(&self) -> bool {
        let local = self.local.as_ref();
        local.is_some_and(|local| local.stopping().is_cancelled())
    }

    /// Waits for a pause, or less if the leader is another than the last try met, or the agent
    /// stops.
    async fn wait(&self, pause: Duration, leader: Option<SocketAddr>) {
        let until = Instant::now() + pause;
        let changed = async {
            match &self.local {
                Some(local) => {
                    let changed = local.leader_changed(leader);
                    local.stopping().run_until_cancelled(changed).await;
                }
                None => std::future::pending().await,
            }
        };
        let _either_is_fine = timeout_at(until, changed).await;
    }

    async fn attempt(&self, request: &Request, deadline: Instant) -> Try {
        let Some(local) = &self.local else {
            return self.attempt_as_client(request, deadline).await;
        };
        match local.answer(request).await {
            Response::NotLeader => match local.leader() {
                Some(leader) => self.ask_leader(local, leader, request, deadline).await,
                None => Try::Again(NodeError::NoLeader),
            },
            response => verdict(response),
        }
    }

    async fn ask_leader(
        &self,
        local: &Local,
        leader: SocketAddr,
        request: &Request,
        deadline: Instant,
    ) -> Try {
        let sent = self.send(leader, request, true, deadline);
        if request.is_change() {
            return sent.await;
        }
        // Asked of the next leader, a question does no harm, so nobody waits for one that hangs.
        tokio::select! {
            tried = sent => tried,
            () = local.leader_changed(Some(leader)) => Try::Again(NodeError::NoLeader),
        }
    }

    async fn attempt_as_client(&self, request: &Request, deadline: Instant) -> Try {
        let Some(server) = self.order.first(&self.servers()) else {
            return Try::Fatal(NodeError::NoServers);
        };
        let request =
            request.within(deadline.saturating_duration_since(Instant::now() + self.hold));
        let sent = self.send(server, &request, false, deadline);
        let tried = if request.is_change() {
            sent.await
        } else {
            // Asked elsewhere, a question does no harm, so nobody waits for a server that is gone.
            tokio::select! {
                tried = sent => tried,
                () = self.lost(server) => Try::Again(NodeError::NoLeader),
            }
        };
        if !matches!(tried, Try::Answer(_)) {
            self.order.failed(server);
        }
        tried
    }

    /// Asks one server, of what it knows itself; none if it does not answer.
    pub(super) async fn ask_at(
        &self,
        server: SocketAddr,
        request: &Request,
        patience: Duration,
    ) -> Option<Response> {
        match self
            .send(server, request, true, Instant::now() + patience)
            .await
        {
            Try::Answer(response) => Some(response),
            Try::Again(_) | Try::Fatal(_) => None,
        }
    }

    /// Addresses of the servers that gossip holds for alive.
    pub(super) fn servers(&self) -> Vec<SocketAddr> {
        let members = self.gossip.members();
        let alive = members
            .iter()
            .filter(|member| member.status == MemberStatus::Alive);
        alive
            .filter_map(|member: &Member| member.says.server().map(|s| s.rpc_addr))
            .collect()
    }

    /// Whether this agent may speak for itself in the catalogue: a server that left, or was not
    /// added yet, may not.
    pub(super) fn is_welcome(&self) -> bool {
        self.local.as_ref().is_none_or(Local::is_peer)
    }

    /// Returns once a request has somewhere to go: at once on a server.
    pub(super) async fn servers_known(&self) {
        let mut members = self.gossip.watch();
        while self.local.is_none() && self.servers().is_empty() {
            if members.changed().await.is_err() {
                return;
            }
        }
    }

    async fn send(
        &self,
        to: SocketAddr,
        request: &Request,
        is_last_hop: bool,
        deadline: Instant,
    ) -> Try {
        let envelope = Envelope {
            is_last_hop,
            request: request.clone(),
        };
        let payload = match wire::encode(&envelope) {
            Ok(payload) => payload,
            Err(error) => return Try::Fatal(NodeError::Failed(error.to_string())),
        };
        // The receiver holds the request as long as we do; the slack lets its own verdict arrive,
        // and with two hops that of the last one, who knows best.
        let slack = PAUSE_MAX * if is_last_hop { 1 } else { 3 };
        let patience = deadline.saturating_duration_since(Instant::now()) + slack;
        let answer = match self.pool.call(to, payload, patience).await {
            Ok(answer) => answer,
            Err(error) => return after_failure(request, to, &error),
        };
        match wire::decode(&answer) {
            Ok(response) => verdict(response),
            Err(error) => Try::Fatal(NodeError::Failed(format!("answer of {to}: {error}"))),
        }
    }
}

/// What an answer means for the request: that nobody leads may pass, and nothing was done.
fn verdict(response: Response) -> Try {
    match response {
        Response::NotLeader | Response::Failed(NodeError::NoLeader) => {
            Try::Again(NodeError::NoLeader)
        }
        Response::Failed(error) => Try::Fatal(error),
        response => Try::Answer(response),
    }
}

/// Decides whether a request that did not come back may be sent again.
fn after_failure(request: &Request, to: SocketAddr, error: &RpcError) -> Try {
    let text = NodeError::Failed(format!("rpc error making call to {to}: {error}"));
    match (error.outcome(), request) {
        (Outcome::NotSent, _) => Try::Again(NodeError::NoLeader),
        (Outcome::Unknown, Request::Write(_)) => Try::Fatal(NodeError::Failed(format!(
            "the write may or may not have been done: {to} went away while it was under way \
             ({error}); read the key before writing again"
        ))),
        (Outcome::Unknown, request) if request.is_change() => {
            Try::Fatal(NodeError::Failed(format!(
                "the change may or may not have been made: {to} went away while it was under way \
             ({error}); look at the raft configuration before asking again"
            )))
        }
        _ => Try::Again(text),
    }
}
