//! `/v1/status/`: who leads, and who are the peers (agent reference, 6.2). Answered at once by
//! whatever server is asked, without a quorum.
//!
//! And the three probes, which Consul has not: `live`, `ready`, `formed` (design, section 7). Each
//! is 200 or 503, with code and line of the reason as its body.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::Ask;
use crate::http::endpoint::Behind;
use crate::http::reply::{Refusal, Reply};
use crate::why::Report;

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

/// Whether the agent's deciding loop turns. It depends on no other agent: what restarts an agent
/// that is not live must not restart one that waits for others.
pub(in crate::http) fn live(
    behind: Behind,
    _ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    probe(behind, |report| report.is_live)
}

/// Whether the agent serves requests.
pub(in crate::http) fn ready(
    behind: Behind,
    _ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    probe(behind, Report::is_ready)
}

/// Whether the agent is in a cluster, with or without a leader at the moment.
pub(in crate::http) fn formed(
    behind: Behind,
    _ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    probe(behind, |report| report.is_formed)
}

fn probe(behind: Behind, is_so: fn(&Report) -> bool) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let report = behind.node.why();
        Ok(Reply::probe(is_so(&report), format!("{}\n", report.line())))
    }
    .boxed()
}
