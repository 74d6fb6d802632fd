//! `/v1/operator/autopilot/`: how a leader looks after its servers, and how they do (agent
//! reference, 6.10).

use axum::http::{Method, StatusCode};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::http::ask::Ask;
use crate::http::autopilot_shape::{AutopilotConfigJson, AutopilotStateJson, HealthJson};
use crate::http::endpoint::Behind;
use crate::http::reply::{Refusal, Reply};
use crate::state::{Answer, Applied, Command, Query};

/// The settings: as they stand, or new ones.
pub(in crate::http) fn configuration(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        if ask.method == Method::PUT {
            change(behind, ask).await
        } else {
            show(behind, ask).await
        }
    }
    .boxed()
}

async fn show(behind: Behind, ask: Ask) -> Result<Reply, Refusal> {
    let read = ask.params.read(Query::Autopilot, ask.draw)?;
    let consistency = read.consistency;
    let found = behind.read(read).await?;
    match &found.answer {
        Answer::Autopilot(Some(entry)) => {
            let shape = AutopilotConfigJson::from(entry.clone());
            Ok(Reply::json(&ask.params, &shape)?.with_freshness(&found, consistency))
        }
        Answer::Autopilot(None) => Err(Refusal::failed("autopilot config not initialized yet")),
        _ => Err(Refusal::mismatch()),
    }
}

async fn change(behind: Behind, ask: Ask) -> Result<Reply, Refusal> {
    let cas = match ask.params.value("cas") {
        Some(text) => Some(text.parse().map_err(|error| {
            Refusal::bad(format!("Error parsing cas value: {text:?}: {error}"))
        })?),
        None => None,
    };
    let params = ask.params.clone();
    let body = ask.into_value().await?;
    let config = AutopilotConfigJson::from_body(&body)
        .map_err(|error| Refusal::bad(format!("Error parsing autopilot config: {error}")))?;
    let command = Command::SetAutopilot {
        config: config.into(),
        cas,
    };
    let applied = behind.node.apply(command).await?;
    Reply::json(&params, &(applied == Applied::Done))
}

/// How the servers do: 200 if all are healthy, else 429, so that a load balancer can tell.
pub(in crate::http) fn health(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let health = HealthJson::from(behind.node.autopilot().await?);
        let reply = Reply::json(&ask.params, &health)?;
        if health.healthy {
            Ok(reply)
        } else {
            Ok(reply.with_status(StatusCode::TOO_MANY_REQUESTS))
        }
    }
    .boxed()
}

/// The same with the leader and the voters, by id.
pub(in crate::http) fn state(
    behind: Behind,
    ask: Ask,
) -> BoxFuture<'static, Result<Reply, Refusal>> {
    async move {
        let report = behind.node.autopilot().await?;
        Reply::json(&ask.params, &AutopilotStateJson::from(report))
    }
    .boxed()
}
