//! Takes a request to the server that can answer it, and holds it while there is none.
//!
//! A client asks the server that [`Servers`] gives; a server asks the leader. While nobody leads, a request
//! waits for `performance.rpc_hold_timeout` (7 s by default, as at Consul: agent reference, 3.2)
//! and is tried again. A write whose fate is unknown is never tried again: done twice it could
//! undo somebody else's write in between.

#[cfg(test)]
pub(super) mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::local::Local;
use super::lookup::chain;
use super::servers::{Pulse, Servers};
use super::wire::{self, Envelope, Request, Response};
use crate::gossip::Gossip;
use crate::http::NodeError;
use crate::rpc::{Outcome, Pool, RpcError};
use crate::types::{Member, MemberStatus};
use crate::why::Told;

/// Pause before the second try; doubles up to [`PAUSE_MAX`]. A change of the leader ends it early.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// How long a server may take to say why. Chosen: as long as it may take to say where it stands in
/// a founding.
const WHY_DEADLINE: Duration = Duration::from_secs(1);
/// How many servers are asked why before a client calls them silent, or leaderless. Chosen: with five
/// servers and two of them gone one of three answers.
const WHY_TRIES: usize = 3;
/// A server that takes longer to say how it does counts as silent. Chosen: far more than a busy
/// one takes.
const PULSE_WITHIN: Duration = Duration::from_secs(2);

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
                Some(leader) => self.send(leader, request, true, deadline).await,
                None => Try::Again(NodeError::NoLeader),
            },
            response => verdict(response),
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
                () = self.gone(server) => Try::Again(NodeError::NoLeader),
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

    /// Returns once gossip no longer holds a server for alive.
    async fn gone(&self, server: SocketAddr) {
        let mut members = self.gossip.watch();
        while self.servers().contains(&server) {
            if members.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Asks every known server how it does, all at once, and prefers the near ones that work.
    pub(super) async fn take_pulses(&self) {
        let servers = self.servers();
        let pulses = servers.iter().map(|server| self.take_pulse(*server));
        let pulses = join_all(pulses).await;
        self.order.rank(pulses);
    }

    async fn take_pulse(&self, addr: SocketAddr) -> Pulse {
        let asked = Instant::now();
        let tried = self
            .send(addr, &Request::Leader, false, asked + PULSE_WITHIN)
            .await;
        let (is_led, answered) = match tried {
            Try::Answer(Response::Leader(leader)) => (leader.is_some(), true),
            _ => (false, false),
        };
        Pulse {
            addr,
            is_led,
            took: answered.then(|| asked.elapsed()),
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

    /// Asks a server why it does not serve, and if it is silent or without a leader a few others at
    /// once. The word of one that has a leader is better: one that is cut off from the others tells
    /// of itself only, and is asked last from then on.
    ///
    /// # Errors
    /// What was in the way at the last one, in one line.
    pub(super) async fn why(&self) -> Result<Told, String> {
        let ask = async |server| (server, self.call_why(server).await);
        let turn = self.order.in_turn(&self.servers(), WHY_TRIES);
        let Some((first, others)) = turn.split_first() else {
            return Err(NodeError::NoServers.to_string());
        };
        let mut told = vec![ask(*first).await];
        if !told.iter().any(|(_, told)| is_of_a_led(told)) {
            told.extend(join_all(others.iter().map(|server| ask(*server))).await);
        }
        let is_led = told.iter().any(|(_, told)| is_of_a_led(told));
        for (server, told) in &told {
            if told.is_err() || (is_led && !is_of_a_led(told)) {
                self.order.failed(*server);
            }
        }
        let words = told.into_iter().map(|(_, told)| told);
        let best = words.min_by_key(|told| (!is_of_a_led(told), told.is_err()));
        best.unwrap_or_else(|| Err(NodeError::NoServers.to_string()))
    }

    async fn call_why(&self, server: SocketAddr) -> Result<Told, String> {
        let envelope = Envelope {
            is_last_hop: true,
            request: Request::Why,
        };
        let payload = wire::encode(&envelope).map_err(|error| error.to_string())?;
        let answer = self.pool.call(server, payload, WHY_DEADLINE).await;
        let answer = answer.map_err(|error| chain(&error))?;
        match wire::decode(&answer) {
            Ok(Response::Why(word)) => Ok(Told {
                by: server.to_string(),
                said: word.into(),
            }),
            Ok(_) => Err(format!("{server} gave an answer to another question")),
            Err(error) => Err(format!("answer of {server}: {error}")),
        }
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
        // The receiver holds the request as long as we do; the slack lets its own verdict arrive.
        let patience = deadline.saturating_duration_since(Instant::now()) + PAUSE_MAX;
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

/// The word of a server that is not without a leader.
fn is_of_a_led(told: &Result<Told, String>) -> bool {
    told.as_ref().is_ok_and(|told| !told.is_leaderless())
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
