//! Answers what other agents ask on the server port.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::founding::Founding;
use super::lives::Lives;
use super::local::Local;
use super::lookup::chain;
use super::route::Router;
use super::why::Why;
use super::wire::{self, Envelope, RaftAnswer, RaftMessage, Request, Response};
use crate::bootstrap::Speech;
use crate::http::NodeError;
use crate::raft::Raft;
use crate::rpc::{Caller, Refusal, Service};
use crate::tls::{Fault, Tls};

/// The server port of one server.
#[derive(Debug)]
pub(super) struct ServerPort {
    pub(super) raft: Raft,
    pub(super) local: Local,
    pub(super) router: Arc<Router>,
    pub(super) founding: Arc<Founding>,
    pub(super) lives: Lives,
    pub(super) why: Why,
    pub(super) tls: Tls,
}

impl ServerPort {
    async fn answer(&self, caller: &Caller, envelope: Envelope) -> Result<Response, Refusal> {
        let Envelope {
            is_last_hop,
            request,
        } = envelope;
        if matches!(request, Request::Raft(_) | Request::Founding(_)) {
            self.admit_server(caller)?;
        }
        match request.bounded() {
            Request::Raft(RaftMessage {
                cluster,
                has_committed,
                message,
            }) => {
                self.founding.note_raft_call();
                let party = &caller.remote.party;
                self.lives
                    .check_node(party.node_id, party.generation)
                    .map_err(|stale| Refusal::new(stale.to_string()))?;
                self.raft_message(
                    Speech {
                        cluster,
                        has_committed,
                    },
                    message,
                )
                .await
            }
            Request::Founding(message) => {
                let answer = self
                    .founding
                    .answer(caller.remote.party.node_id, &message)
                    .await;
                answer
                    .map(Response::Founding)
                    .map_err(|error| Refusal::new(chain(&error)))
            }
            Request::Why => Ok(Response::Why(self.why.said().into())),
            request if is_last_hop => {
                self.founding.note_question();
                Ok(self.local.answer(&request).await)
            }
            request => Ok(match self.router.ask(request).await {
                Ok(response) => response,
                Err(NodeError::NoLeader) if self.router.is_stopping() => Response::NotLeader,
                Err(error) => Response::Failed(error),
            }),
        }
    }

    /// Lets raft and the founding hear servers only, where certificates say who is one.
    fn admit_server(&self, caller: &Caller) -> Result<(), Refusal> {
        if caller.may_be_server {
            return Ok(());
        }
        let fault = Fault::NotServer(self.tls.server_name());
        self.tls.note(caller.remote.addr, true, &fault);
        Err(Refusal::new(fault.as_refusal()))
    }

    /// Lets raft hear a message, once the founding rules let raft speak for its cluster here.
    async fn raft_message(&self, speech: Speech, message: Bytes) -> Result<Response, Refusal> {
        self.founding
            .admit(speech, &message)
            .await
            .map_err(Refusal::new)?;
        match self.raft.handle(message).await {
            Ok(message) => Ok(Response::Raft(RaftAnswer {
                generation: self.lives.own(),
                message,
            })),
            Err(error) => Ok(Response::Failed(NodeError::Failed(error.to_string()))),
        }
    }
}

impl Service for ServerPort {
    fn call(&self, caller: Caller, payload: Bytes) -> BoxFuture<'_, Result<Bytes, Refusal>> {
        async move {
            let refuse = |error: wire::WireError| Refusal::new(error.to_string());
            let envelope: Envelope = wire::decode(&payload).map_err(refuse)?;
            let response = self.answer(&caller, envelope).await?;
            wire::encode(&response).map_err(refuse)
        }
        .boxed()
    }
}
