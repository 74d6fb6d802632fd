//! `/v1/status/`: who leads, and who are the peers (agent reference, 6.2). Answered at once by
//! whatever server is asked, without a quorum.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::Ask;
use crate::http::endpoint::Behind;
use crate::http::reply::{Refusal, Reply};

/// The leader's address as a JSON string; the empty string while there is none.
pub(in crate::http) fn leader(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let leader = behind.node.leader().await?;
        let leader = leader.map_or_else(String::new, |addr| addr.to_string());
        Reply::json(&ask.params, &leader)
    }
    .boxed()
}

/// The peers' addresses; null before a founding.
pub(in crate::http) fn peers(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let peers = behind.node.peers().await?;
        Reply::json(&ask.params, &(!peers.is_empty()).then_some(peers))
    }
    .boxed()
}
