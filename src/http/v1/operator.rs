//! `/v1/operator/`: the raft configuration (agent reference, 6.10).

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::Ask;
use crate::http::endpoint::Behind;
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
