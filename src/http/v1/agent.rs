//! `/v1/agent/`: what this agent is, whom it knows, joining and leaving (agent reference, 6.3).

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::JoinError;

use crate::http::ask::Ask;
use crate::http::endpoint::Behind;
use crate::http::filter::{Filter, FilterError};
use crate::http::metrics::{self, MetricsJson};
use crate::http::node::NodeError;
use crate::http::reply::{Refusal, Reply};
use crate::http::shape::{MemberJson, SelfJson, VersionJson};
use crate::http::why_shape::WhyJson;
use crate::types::{Member, MemberStatus};

/// What this agent is and how it does.
pub(in crate::http) fn own(behind: Behind, ask: Ask) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let own = behind.node.own();
        let members = behind.node.members();
        let known = members
            .into_iter()
            .find(|member| member.says.node_id == own.says.node_id);
        let member = known.unwrap_or_else(|| Member {
            says: Arc::new(own.says.clone()),
            status: MemberStatus::Alive,
        });
        Reply::json(&ask.params, &SelfJson::new(own, &member))
    }
    .boxed()
}

/// The version of the program.
pub(in crate::http) fn version(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let version = VersionJson {
            sha: String::new(),
            build_date: String::new(),
            human_version: behind.node.own().says.build,
            fips: String::new(),
        };
        Reply::json(&ask.params, &version)
    }
    .boxed()
}

/// Every member that gossip knows.
pub(in crate::http) fn members(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let members = behind.node.members();
        let mut members: Vec<MemberJson> = members.iter().map(MemberJson::from).collect();
        if let Some(filter) = ask.params.filled("filter") {
            let _one_at_a_time = behind.filtering.lock().await;
            members = filtered(members, filter).await?;
        }
        Reply::json(&ask.params, &members)
    }
    .boxed()
}

/// The members that an expression takes. Gives others a turn after each member.
async fn filtered(members: Vec<MemberJson>, text: &str) -> Result<Vec<MemberJson>, Refusal> {
    let bad = |error: FilterError| {
        Refusal::bad(format!(
            "Failed to create boolean expression evaluator: {error}"
        ))
    };
    let filter = Filter::new(text).map_err(bad)?;
    let mut taken = Vec::new();
    for member in members {
        let shown = serde_json::to_value(&member)
            .map_err(|error| Refusal::failed(format!("cannot write the answer: {error}")))?;
        if filter.takes(&shown).map_err(bad)? {
            taken.push(member);
        }
        tokio::task::yield_now().await;
    }
    Ok(taken)
}

/// Why the agent does not serve, or that it does.
pub(in crate::http) fn why(behind: Behind, ask: Ask) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move { Reply::json(&ask.params, &WhyJson::from(behind.node.why())) }.boxed()
}

/// What the agent counts: Consul's JSON, or Prometheus' text with `?format=prometheus`.
pub(in crate::http) fn metrics(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let gauges = metrics::gauges(&behind.node.why(), &behind.node.own().stats);
        if ask.params.value("format") == Some("prometheus") {
            return Ok(Reply::prometheus(metrics::prometheus(&gauges)));
        }
        Reply::json(&ask.params, &MetricsJson::new(behind.node.now_ms(), gauges))
    }
    .boxed()
}

/// Has the agent read its settings again.
pub(in crate::http) fn reload(
    behind: Behind,
    _ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        behind.node.reload().await?;
        Ok(Reply::empty())
    }
    .boxed()
}

/// Joins the agent at the address in the path.
pub(in crate::http) fn join(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        behind.node.join(&ask.rest).await?;
        Ok(Reply::empty())
    }
    .boxed()
}

/// Leaves the cluster; `?force` also if the servers left cannot go on then. The body is empty as
/// Consul's, unless `?stages` asks for a line per stage. Runs to its end in a task of its own: a client that hangs up must not leave
/// the agent half gone.
pub(in crate::http) fn leave(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let force = ask.params.has("force");
        let leaving = tokio::spawn(async move { behind.node.leave(force).await });
        let stages = finish(leaving.await)?;
        Ok(if ask.params.has("stages") {
            Reply::lines(&stages)
        } else {
            Reply::empty()
        })
    }
    .boxed()
}

/// Makes the failed member in the path a left one, or forgets it with `?prune`.
pub(in crate::http) fn force_leave(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let prune = ask.params.has("prune");
        behind.node.force_leave(&ask.rest, prune).await?;
        Ok(Reply::empty())
    }
    .boxed()
}

fn finish(
    ended: Result<Result<Vec<String>, NodeError>, JoinError>,
) -> Result<Vec<String>, Refusal> {
    let ended = ended.map_err(|error| Refusal::failed(format!("leaving broke off: {error}")))?;
    Ok(ended?)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::http::fake::FakeNode;
    use crate::http::node::Node;

    #[test]
    fn an_expression_gives_others_a_turn_after_each_member() {
        let members = FakeNode::default().members();
        let members: Vec<MemberJson> = members.iter().map(MemberJson::from).collect();
        let count = members.len();
        let mut filtering = pin!(filtered(members, "Name matches `^s`"));
        let mut context = Context::from_waker(Waker::noop());
        let turns = std::iter::from_fn(|| Some(filtering.as_mut().poll(&mut context)));
        assert_eq!(turns.take_while(std::task::Poll::is_pending).count(), count);
    }
}
