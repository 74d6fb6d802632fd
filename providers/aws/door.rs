//! The one way out of a lookup: what Amazon's SDK sends and what we send go through it.
//!
//! It holds copies of the lookup's doors, since the SDK keeps its HTTP client for as long as it
//! likes. The SDK's calls of ours ([`Door::calls`]) are tried again, paced and bounded as every
//! call of this crate is, and so not by the SDK. What its chain of credentials asks
//! ([`Door::chain`]) goes out once each time: the chain has pauses and limits of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_ec2::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use crate::{Io, Kind, Limits, Lookup, Query, Reply, ResolveError, Rest, Secret, element};

use super::failure::{NAME_OF_REQUEST, judge};
use super::{NAME, chain};

/// A way to Amazon within the deadline of one lookup.
#[derive(Debug, Clone)]
pub(super) struct Door {
    query: Query,
    io: Io,
    limits: Limits,
    /// When the lookup, or this part of it, ends.
    until: Duration,
    /// Somebody whom the chain of credentials asked did not answer in time.
    is_silent: Arc<AtomicBool>,
}

impl Door {
    pub(super) fn open(lookup: Lookup<'_>) -> Self {
        Self {
            query: lookup.query.clone(),
            io: lookup.io.clone(),
            limits: *lookup.limits,
            until: lookup.io.clock().elapsed() + lookup.limits.deadline,
            is_silent: Arc::default(),
        }
    }

    pub(super) const fn lookup(&self) -> Lookup<'_> {
        Lookup {
            query: &self.query,
            io: &self.io,
            limits: &self.limits,
        }
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_sub(self.io.clock().elapsed())
    }

    /// Takes note of somebody who does not answer.
    pub(super) fn note_silence(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }

    /// Says whether somebody whom the chain of credentials asked did not answer in time: it takes
    /// that for a machine without credentials, and says nothing of it.
    pub(super) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }

    /// No longer than this from now.
    pub(super) fn within(&self, time: Duration) -> Self {
        let until = self.until.min(self.io.clock().elapsed() + time);
        Self {
            until,
            ..self.clone()
        }
    }

    /// A server, without credentials.
    pub(super) async fn rest(&self, base: &str) -> Result<Rest<'_>, ResolveError> {
        let rest = Rest::open(self.lookup(), base).await?.at(base)?;
        Ok(rest.within(self.left()).with_judge(judge))
    }

    /// The SDK's HTTP for one sort of call.
    pub(super) fn calls(&self, operation: &'static str) -> Calls {
        let door = self.clone();
        Calls { door, operation }
    }

    /// The SDK's HTTP for its chain of credentials.
    pub(super) fn chain(&self) -> chain::Chain {
        chain::Chain::new(self.clone())
    }

    /// Sends a request that is signed already.
    pub(super) async fn send(
        &self,
        operation: &'static str,
        request: Signed,
    ) -> Result<Reply, ResolveError> {
        let base = request.url.origin().ascii_serialization();
        let mut rest = self.rest(&base).await?;
        let token = request.headers.get(TOKEN_HEADER);
        if let Some(token) = token.and_then(|token| token.to_str().ok()) {
            rest = rest.knowing(&Secret::new(token));
        }
        let call = rest.call(request.method, operation, "").ready_made(
            request.url,
            request.headers,
            request.body,
        );
        let reply = call.exchange().await?;
        let id = reply.header(NAME_OF_REQUEST).map(str::to_owned);
        let id = id.or_else(|| element(&reply.body, "RequestID").map(str::to_owned));
        call.accept(reply).map_err(|error| match id {
            Some(id) => error.with("request id", &id),
            None => error,
        })
    }
}

/// The header with the session token.
const TOKEN_HEADER: &str = "x-amz-security-token";

/// A request that is signed already.
pub(super) struct Signed {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Signed {
    /// As the SDK made it.
    pub(super) fn from_sdk(request: HttpRequest) -> Result<Self, ResolveError> {
        let wrong = |what: &str| {
            ResolveError::new(Kind::Internal, NAME, "make the request").with("cause", what)
        };
        let request = request
            .try_into_http1x()
            .map_err(|error| wrong(&error.to_string()))?;
        let (head, body) = request.into_parts();
        let body = body.bytes().ok_or_else(|| wrong("the body is a stream"))?;
        Ok(Self {
            method: head.method,
            url: Url::parse(&head.uri.to_string()).map_err(|error| wrong(&error.to_string()))?,
            headers: head.headers,
            body: body.to_vec(),
        })
    }
}

/// A reply as the SDK takes it.
pub(super) fn to_sdk(reply: Reply) -> Result<HttpResponse, ResolveError> {
    let status = StatusCode::try_from(reply.status).map_err(|error| {
        ResolveError::new(Kind::Answer, NAME, "read the reply").with("cause", &error.to_string())
    })?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    for (name, value) in &reply.headers {
        if let Ok(text) = value.to_str() {
            let headers = response.headers_mut();
            // A header that the SDK cannot take is one that it does not read.
            drop(headers.try_append(name.as_str().to_owned(), text.to_owned()));
        }
    }
    Ok(response)
}

/// The SDK's HTTP for one sort of call.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    door: Door,
    operation: &'static str,
}

impl HttpClient for Calls {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Calls {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { door, operation } = self.clone();
        HttpConnectorFuture::new(async move {
            let sent = async { to_sdk(door.send(operation, Signed::from_sdk(request)?).await?) };
            let sent: Result<HttpResponse, ResolveError> = sent.await;
            sent.map_err(|error| ConnectorError::other(Box::new(error), None))
        })
    }
}
