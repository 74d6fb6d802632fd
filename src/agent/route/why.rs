//! Asks servers why they do not serve.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;

use super::Router;
use crate::agent::lookup::chain;
use crate::agent::wire::{self, Envelope, Request, Response};
use crate::http::NodeError;
use crate::why::Told;

/// How long a server may take to say why. Chosen: as long as it may take to say where it stands in
/// a founding.
const WHY_DEADLINE: Duration = Duration::from_secs(1);
/// How many servers are asked why before a client calls them silent, or leaderless. Chosen: with five
/// servers and two of them gone one of three answers.
const WHY_TRIES: usize = 3;

impl Router {
    /// Asks a server why it does not serve, and if it is silent or without a leader a few others at
    /// once. The word of one that has a leader is better: one that is cut off from the others tells
    /// of itself only, and is asked last from then on.
    ///
    /// # Errors
    /// What was in the way at the last one, in one line.
    pub(in crate::agent) async fn why(&self) -> Result<Told, String> {
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
}

/// The word of a server that is not without a leader.
fn is_of_a_led(told: &Result<Told, String>) -> bool {
    told.as_ref().is_ok_and(|told| !told.is_leaderless())
}
