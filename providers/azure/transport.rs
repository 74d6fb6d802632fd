//! Microsoft's crate on our door: its HTTP, its credential and its errors.
//!
//! The crate follows a link to the next page to any server with the token, reads replies of any
//! size, and may log its requests. So it has a token that is none, and every request of its leaves
//! through the door, which adds the real one and keeps the bounds.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::auth::{AccessToken, TokenCredential};
use azure_core::error::{Error, ErrorKind};
use azure_core::headers::Headers;
use azure_core::{
    BytesStream, HttpClient, Request, Response, RetryOptions, StatusCode, TransportOptions,
};
use azure_mgmt_compute::package_2024_07_01::Client;
use futures_util::{Stream, StreamExt as _};
use serde::de::IgnoredAny;

use crate::{Kind, Pages, ResolveError};

use super::NAME;
use super::door::Door;

/// The crate's client, on a door.
pub(super) async fn client(door: &Door, operation: &'static str) -> Result<Client, ResolveError> {
    let endpoint = door.rest().await?.base().clone();
    let transport = Transport {
        door: door.clone(),
        operation,
    };
    let client = Client::builder(Arc::new(NoToken))
        .endpoint(endpoint)
        .retry(RetryOptions::none())
        .transport(TransportOptions::new(Arc::new(transport)))
        .build();
    client.map_err(|error| {
        ResolveError::new(Kind::Internal, NAME, operation).with("cause", &error.to_string())
    })
}

/// A page of the crate's lists.
pub(super) trait Page {
    /// The link to the next; none or empty at the end.
    fn next(&self) -> Option<&str>;
}

/// Reads every page of one of the crate's lists.
pub(super) async fn pages<P: Page>(
    door: &Door,
    operation: &'static str,
    mut stream: impl Stream<Item = Result<P, Error>> + Unpin,
    mut each: impl FnMut(P) -> Result<(), ResolveError>,
) -> Result<(), ResolveError> {
    let rest = door.rest().await?;
    let mut pages = Pages::new(&rest, operation);
    while let Some(page) = stream.next().await {
        let page = page.map_err(|error| failure(operation, error))?;
        if let Some(next) = page.next().filter(|next| !next.is_empty()) {
            pages.turn(next)?;
        }
        each(page)?;
    }
    Ok(())
}

/// Our own error if it is one; else the crate does not understand the reply.
fn failure(operation: &'static str, error: Error) -> ResolveError {
    error
        .into_downcast::<ResolveError>()
        .unwrap_or_else(|error| {
            let what = format!("another shape: {error}");
            ResolveError::new(Kind::Answer, NAME, operation).with("reply", &what)
        })
}

#[derive(Debug)]
struct NoToken;

#[async_trait]
impl TokenCredential for NoToken {
    async fn get_token(&self, _scopes: &[&str]) -> azure_core::Result<AccessToken> {
        let end = azure_core::date::parse_rfc3339("2100-01-01T00:00:00Z")?;
        Ok(AccessToken::new("none", end))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Transport {
    door: Door,
    operation: &'static str,
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<Response> {
        let body = self.send(request).await;
        let body = body.map_err(|error| Error::new(ErrorKind::Io, error))?;
        let stream = Box::pin(BytesStream::new(body));
        Ok(Response::new(StatusCode::Ok, Headers::new(), stream))
    }
}

impl Transport {
    async fn send(&self, request: &Request) -> Result<Vec<u8>, ResolveError> {
        let rest = self.door.rest().await?;
        let mut url = request.url().clone();
        // The crate forgets the path of an endpoint, and a link to the next page has it.
        let before = rest.base().path();
        if !url.path().starts_with(before) {
            let path = format!("{before}{}", url.path().trim_start_matches('/'));
            url.set_path(&path);
        }
        let reply = self.door.get(self.operation, &url).await?;
        let _is_json: IgnoredAny = rest.get(self.operation, "").parse(&reply)?;
        Ok(reply.body)
    }
}
