//! Whether a server that gossip shows can be spoken with at all, before a leader takes it in.
//!
//! Only where certificates say who is a server: gossip lets everybody in who has its key, and a
//! learner that nobody can speak with is a hole in the raft configuration.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::wire::{self, Envelope, Request};
use crate::autopilot::Server;
use crate::rpc::{HelloError, Pool, RpcError};
use crate::tls::Tls;
use crate::types::RaftId;

/// How long a new server may take to answer. Chosen: as long as it may take to say where it stands
/// in a founding. One that is slow is taken in all the same.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long a server that was refused is left alone. Chosen: who corrects a file sees it within
/// seconds.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The servers that were refused.
#[derive(Debug)]
pub(super) struct Newcomers {
    pool: Pool,
    tls: Tls,
    refused: Mutex<BTreeMap<RaftId, Instant>>,
}

impl Newcomers {
    pub(super) fn new(pool: Pool, tls: Tls) -> Self {
        Self {
            pool,
            tls,
            refused: Mutex::default(),
        }
    }

    /// Says whether a server may be taken in; remembers one that may not.
    pub(super) async fn may_come(&self, server: &Server) -> bool {
        if !self.tls.dials_tls() {
            return true;
        }
        let envelope = Envelope {
            is_last_hop: true,
            request: Request::Why,
        };
        let Ok(payload) = wire::encode(&envelope) else {
            return true;
        };
        let answer = self.pool.call(server.addr, payload, ANSWER_WITHIN).await;
        let is_refused = matches!(
            answer,
            Err(RpcError::Hello {
                source: HelloError::Tls(_),
                ..
            })
        );
        if is_refused {
            self.refused().insert(server.raft_id, Instant::now());
        }
        !is_refused
    }

    /// Says whether a server was refused of late.
    pub(super) fn is_refused(&self, raft_id: RaftId) -> bool {
        let mut refused = self.refused();
        refused.retain(|_, at| at.elapsed() < AGAIN_AFTER);
        refused.contains_key(&raft_id)
    }

    /// The lock is held for a look or a change only, never over an await.
    fn refused(&self) -> MutexGuard<'_, BTreeMap<RaftId, Instant>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
