//! What is the same for all endpoints: methods, parameters that are refused, the datacenter, the
//! headers that every answer carries.
//!
//! A parameter to which Consul gives a meaning and this agent does not is refused, never ignored: an
//! answer to another question is worse than none. Parameters that Consul ignores are ignored here.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, VARY};
use axum::http::{HeaderName, HeaderValue, Method, Response};
use axum::routing::any;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::ask::{Ask, decode_path, is_printable};
use super::endpoints::{ENDPOINTS, Endpoint};
use super::node::{Found, Node, Read};
use super::reply::{Refusal, Reply};

/// What stands behind the endpoints.
#[derive(Clone)]
pub(super) struct Behind {
    /// The agent.
    pub(super) node: Arc<dyn Node>,
    /// Held while an expression is applied: one at a time, so that many cost no more than one.
    pub(super) filtering: Arc<Mutex<()>>,
    /// Cancelled when the agent is about to end.
    stopping: CancellationToken,
}

impl Behind {
    /// Answers a read. One that blocks is cut short when the agent stops, so that a stop does not
    /// wait for clients that wait for a change.
    pub(super) async fn read(self, read: Read) -> Result<Found, Refusal> {
        let is_blocking = read.min_index.is_some();
        let reading = self.node.read(read);
        if !is_blocking {
            return Ok(reading.await?);
        }
        tokio::select! {
            found = reading => Ok(found?),
            () = self.stopping.cancelled() => Err(Refusal::stopping()),
        }
    }
}

/// The API of an agent. `stopping` is cancelled when the agent is about to end.
pub(super) fn router(node: Arc<dyn Node>, stopping: CancellationToken) -> Router {
    let behind = Behind {
        node,
        filtering: Arc::default(),
        stopping,
    };
    let mut router = Router::new().fallback(|request: Request| async move {
        with_common_headers(unknown(request.uri().path()))
    });
    for endpoint in ENDPOINTS {
        let behind = behind.clone();
        let route = any(move |request: Request| {
            let behind = behind.clone();
            async move { with_common_headers(serve(endpoint, behind, request).await) }
        });
        if endpoint.path.ends_with('/') {
            router = router.route(&format!("{}{{*rest}}", endpoint.path), route.clone());
        }
        router = router.route(endpoint.path, route);
    }
    router
}

/// Answers to a path that is not in the table.
fn unknown(path: &str) -> Response<Body> {
    let text = match path {
        "/" => return Reply::text("Quorate agent: the API is below /v1/").into_response(),
        _ if path.starts_with("/v1/") => "Invalid URL path: not a recognized HTTP API endpoint",
        _ => {
            "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with '/v1/'"
        }
    };
    Refusal::not_found(text).into_response()
}

async fn serve(endpoint: &Endpoint, behind: Behind, request: Request) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return with_allow(endpoint, Reply::empty().into_response());
    }
    if !endpoint.methods.contains(request.method()) {
        let text = format!("method {} not allowed", request.method());
        return with_allow(endpoint, Refusal::not_allowed(text).into_response());
    }
    let Some(path) = decode_path(request.uri().path()).filter(|path| is_printable(path)) else {
        return Refusal::bad("").into_response();
    };
    let ask = Ask::new(request, &path, endpoint.path, rand::random());
    let method = ask.method.clone();
    let answer = match check(endpoint, &behind, &ask) {
        Ok(()) => (endpoint.handler)(behind, ask).await,
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(reply) => reply.into_response(),
        Err(refusal) => {
            // The parameters are left out: one of them is the token.
            debug!(%method, path, error = %refusal, "http request refused");
            refusal.into_response()
        }
    }
}

/// What every endpoint refuses, then what this one does.
fn check(endpoint: &Endpoint, behind: &Behind, ask: &Ask) -> Result<(), Refusal> {
    refuse_enterprise(ask)?;
    for parameter in endpoint.refuses {
        let asked = ask.params.value(parameter.name);
        if asked.is_some_and(|value| !parameter.harmless.contains(&value)) {
            return Err(Refusal::unsupported(parameter.name, parameter.why));
        }
    }
    let datacenter = ask
        .params
        .filled("datacenter")
        .or_else(|| ask.params.filled("dc"));
    match datacenter {
        Some(name) if endpoint.is_routed && behind.node.own().says.datacenter.as_str() != name => {
            Err(Refusal::failed("No path to datacenter"))
        }
        _ => Ok(()),
    }
}

/// Namespaces and partitions, which Consul's community build refuses with the same texts (agent
/// reference, 6.1).
fn refuse_enterprise(ask: &Ask) -> Result<(), Refusal> {
    let features = [
        (
            "ns",
            "X-Consul-Namespace",
            "Namespaces are a Consul Enterprise feature",
        ),
        (
            "partition",
            "X-Consul-Partition",
            "Partitions are a Consul Enterprise feature",
        ),
    ];
    for (name, header, why) in features {
        if ask.params.filled(name).is_some() {
            let text = format!("Invalid query parameter: {name:?} - {why}");
            return Err(Refusal::bad(text));
        }
        if ask
            .headers
            .get(header)
            .is_some_and(|value| !value.is_empty())
        {
            return Err(Refusal::bad(format!("Invalid header: {header:?} - {why}")));
        }
    }
    Ok(())
}

fn with_allow(endpoint: &Endpoint, mut response: Response<Body>) -> Response<Body> {
    let mut methods = vec!["OPTIONS"];
    methods.extend(endpoint.methods.iter().map(Method::as_str));
    if let Ok(methods) = HeaderValue::from_str(&methods.join(",")) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

/// The headers of every answer (agent reference, 3.7). There are no ACLs, so all is allowed.
fn with_common_headers(mut response: Response<Body>) -> Response<Body> {
    let policy = HeaderName::from_static("x-consul-default-acl-policy");
    let headers = response.headers_mut();
    headers.insert(policy, HeaderValue::from_static("allow"));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}
