//! `/v1/operator/`: the raft configuration and what an operator does to it (agent reference,
//! 6.10), and the end of a founding that cannot go on.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::Ask;
use crate::http::endpoint::Behind;
use crate::http::node::PeerName;
use crate::http::operator_shape::{AbandonedJson, SuccessJson};
use crate::http::reply::{Refusal, Reply};
use crate::http::shape::RaftConfigurationJson;

/// The servers that take part in consensus, from the leader or, with `?stale`, from any server.
pub(in crate::http) fn raft_configuration(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let stale = ask.params.has("stale");
        let configuration = behind.node.raft_configuration(stale).await?;
        let shape = RaftConfigurationJson::new(configuration, &behind.node.members());
        Reply::json(&ask.params, &shape)
    }
    .boxed()
}

/// Takes the server that `?id` or `?address` names out of the raft configuration.
pub(in crate::http) fn remove_peer(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let text = |name: &str| ask.params.filled(name).map(str::to_owned);
        let peer = match (text("id"), text("address")) {
            (Some(id), None) => PeerName::Id(id),
            (None, Some(address)) => PeerName::Address(address),
            (None, None) => {
                return Err(Refusal::bad(
                    "Must specify either ?id with the server's ID or ?address with IP:port of peer \
                     to remove",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(Refusal::bad("Must specify only one of ?id or ?address"));
            }
        };
        behind.node.remove_peer(peer).await?;
        Ok(Reply::empty())
    }
    .boxed()
}

/// Hands leadership to the server that `?id` names, or to the one that has most of the log.
pub(in crate::http) fn transfer_leader(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let to = ask.params.filled("id").map(str::to_owned);
        behind.node.transfer_leader(to).await?;
        Reply::json(&ask.params, &SuccessJson { success: true })
    }
    .boxed()
}

/// Gives up the founding that binds this very server and cannot go on.
pub(in crate::http) fn abandon_founding(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let abandoned = behind.node.abandon_founding().await?;
        Reply::json(&ask.params, &AbandonedJson::from(abandoned))
    }
    .boxed()
}
