//! The one way out of a lookup: what the crate of Microsoft's sends and what we send go through it.
//!
//! It holds copies of the lookup's doors, since that crate keeps its transport for as long as it
//! likes. A token is asked for once, and once more if it is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Url;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::{Io, Kind, Limits, Lookup, Pages, Query, Reply, ResolveError, Rest, Secret};

use super::keys::Cloud;
use super::login;

/// A way to one cloud, within the deadline of one lookup. Clones share the token.
#[derive(Debug, Clone)]
pub(super) struct Door {
    query: Query,
    io: Io,
    limits: Limits,
    cloud: Cloud,
    session: Arc<Session>,
    /// When the lookup, or this part of it, ends.
    until: Duration,
}

#[derive(Debug, Default)]
struct Session {
    token: Mutex<Option<Secret>>,
    is_renewed: AtomicBool,
}

impl Door {
    pub(super) fn open(lookup: Lookup<'_>, cloud: Cloud) -> Self {
        Self {
            query: lookup.query.clone(),
            io: lookup.io.clone(),
            limits: *lookup.limits,
            cloud,
            session: Arc::default(),
            until: lookup.io.clock().elapsed() + lookup.limits.deadline,
        }
    }

    /// With one of so many shares of the time that is left.
    pub(super) fn share(&self, of: u32) -> Self {
        let now = self.io.clock().elapsed();
        let share = self.until.saturating_sub(now) / of.max(1);
        Self {
            until: now + share,
            ..self.clone()
        }
    }

    /// The API, without a token.
    pub(super) async fn rest(&self) -> Result<Rest<'_>, ResolveError> {
        let lookup = Lookup {
            query: &self.query,
            io: &self.io,
            limits: &self.limits,
        };
        let left = self.until.saturating_sub(self.io.clock().elapsed());
        Ok(Rest::open(lookup, self.cloud.manager).await?.within(left))
    }

    /// Asks for a token, unless there is one.
    pub(super) async fn log_in(&self) -> Result<(), ResolveError> {
        self.token(None).await.map(drop)
    }

    /// The token; a new one if the last was refused.
    async fn token(&self, refused: Option<&Secret>) -> Result<Secret, ResolveError> {
        let mut kept = self.session.token.lock().await;
        let is_good = |kept: &&Secret| refused.is_none_or(|bad| bad.reveal() != kept.reveal());
        if let Some(token) = kept.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        let token = login::token(&self.rest().await?, self.cloud).await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    /// The address of a path below the base, with names and values behind the `?`.
    pub(super) async fn url(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Url, ResolveError> {
        let rest = self.rest().await?;
        let call = rest.get("find the endpoint", path);
        let call = query
            .iter()
            .fold(call, |call, (name, value)| call.query(name, value));
        Ok(call.url().clone())
    }

    /// Asks for JSON of a shape.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        url: &Url,
    ) -> Result<T, ResolveError> {
        let rest = self.rest().await?;
        let reply = self.get(operation, url).await?;
        rest.get(operation, "").parse(&reply)
    }

    /// Asks an address of the base's own server, and gives a reply that means success.
    pub(super) async fn get(
        &self,
        operation: &'static str,
        url: &Url,
    ) -> Result<Reply, ResolveError> {
        let token = self.token(None).await?;
        match self.with_token(operation, url, &token).await {
            Err(error)
                if error.kind() == Kind::Credentials
                    && !self.session.is_renewed.swap(true, Ordering::Relaxed) =>
            {
                let token = self.token(Some(&token)).await?;
                self.with_token(operation, url, &token).await
            }
            outcome => outcome,
        }
    }

    async fn with_token(
        &self,
        operation: &'static str,
        url: &Url,
        token: &Secret,
    ) -> Result<Reply, ResolveError> {
        // The limit of pages is the list's, and this is a page.
        let alone = Self {
            limits: Limits {
                pages: usize::MAX,
                ..self.limits
            },
            ..self.clone()
        };
        let rest = alone.rest().await?.with_bearer(token);
        let mut pages = Pages::new(&rest, operation);
        pages.follow(url.as_str())?.send().await
    }
}
