//! Carries raft's messages over the rpc room's connections.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use tokio::sync::watch;

use super::lives::Lives;
use super::wire::{self, Envelope, RaftMessage, Request, Response};
use crate::bootstrap::Speech;
use crate::raft::{Peer, Transport, TransportError};
use crate::rpc::{Pool, RpcError};
use crate::types::RaftId;

/// Raft's way to its peers.
#[derive(Debug)]
pub(super) struct RpcTransport {
    pub(super) pool: Pool,
    /// The cluster for which raft speaks, from the founding's ledger.
    pub(super) speech: watch::Receiver<Option<Speech>>,
    /// Whose answers count.
    pub(super) lives: Lives,
}

impl Transport for RpcTransport {
    fn call<'a>(
        &'a self,
        to: &'a Peer,
        target: RaftId,
        payload: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Bytes, TransportError>> {
        async move {
            let unreachable = |reason: String| TransportError::Unreachable { reason };
            let Some(Speech {
                cluster,
                has_committed,
            }) = *self.speech.borrow()
            else {
                return Err(unreachable("raft may not speak here yet".to_owned()));
            };
            let message = RaftMessage {
                cluster,
                has_committed,
                message: payload,
            };
            let envelope = Envelope {
                is_last_hop: true,
                request: Request::Raft(message),
            };
            let payload =
                wire::encode(&envelope).map_err(|error| unreachable(error.to_string()))?;
            let answer = self
                .pool
                .call(to.rpc_addr, payload, deadline)
                .await
                .map_err(translate)?;
            match wire::decode(&answer) {
                Ok(Response::Raft(answer)) => self
                    .lives
                    .check_raft(target, answer.generation)
                    .map(|()| answer.message)
                    .map_err(|stale| TransportError::Refused {
                        reason: stale.to_string(),
                    }),
                Ok(Response::Failed(error)) => Err(TransportError::Refused {
                    reason: error.to_string(),
                }),
                Ok(other) => Err(unreachable(format!("not an answer to raft: {other:?}"))),
                Err(error) => Err(unreachable(error.to_string())),
            }
        }
        .boxed()
    }
}

fn translate(error: RpcError) -> TransportError {
    match error {
        RpcError::Deadline { .. } => TransportError::TimedOut,
        RpcError::Refused { source, .. } => TransportError::Refused {
            reason: source.reason,
        },
        RpcError::ClusterConflict { conflict, .. } => TransportError::Refused {
            reason: conflict.to_string(),
        },
        other => TransportError::Unreachable {
            reason: other.to_string(),
        },
    }
}
