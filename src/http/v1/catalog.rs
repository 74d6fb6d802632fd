//! `/v1/catalog/`: the nodes that the servers have registered (agent reference, 6.5).

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::Ask;
use crate::http::endpoint::Behind;
use crate::http::reply::{Refusal, Reply};
use crate::http::shape::NodeJson;
use crate::state::{Answer, Query};

/// The datacenters: one, this agent's.
pub(in crate::http) fn datacenters(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let own = behind.node.own().says.datacenter;
        Reply::json(&ask.params, &[own.as_str()])
    }
    .boxed()
}

/// The nodes, sorted by name; blocks on request.
pub(in crate::http) fn nodes(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let read = ask.params.read(Query::Nodes, ask.draw)?;
        let consistency = read.consistency;
        let mut found = behind.read(read).await?;
        let Answer::Nodes(nodes) = &mut found.answer else {
            return Err(Refusal::mismatch());
        };
        let nodes: Vec<NodeJson> = nodes.drain(..).map(NodeJson::from).collect();
        Ok(Reply::json(&ask.params, &nodes)?.with_freshness(&found, consistency))
    }
    .boxed()
}
