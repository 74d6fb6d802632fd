//! One call: what is asked, and what counts as its reply.

use std::fmt;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Rest, attempt};
use crate::io::Reply;
use crate::{Kind, ResolveError};

/// A call that is being put together.
#[derive(Clone)]
pub struct Call<'r> {
    pub(super) rest: &'r Rest<'r>,
    pub(super) method: Method,
    pub(super) operation: &'static str,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}, {:?})", self.operation, self.rest)
    }
}

impl<'r> Call<'r> {
    pub(super) fn new(
        rest: &'r Rest<'r>,
        method: Method,
        operation: &'static str,
        url: Url,
    ) -> Self {
        Self {
            rest,
            method,
            operation,
            url,
            headers: rest.headers.clone(),
            body: Vec::new(),
        }
    }

    /// With a name and a value behind the `?`, escaped here.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// With a header that is no secret; the name in lower case. A value that is no header value is
    /// left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// With a form as its body.
    #[must_use]
    pub fn form(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut empty = self.rest.base.clone();
        empty.query_pairs_mut().clear().extend_pairs(pairs);
        self.body = empty.query().unwrap_or_default().as_bytes().to_vec();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// With JSON as its body.
    ///
    /// # Errors
    ///
    /// [`Kind::Internal`] if the value cannot be written as JSON.
    pub fn body(mut self, value: &impl Serialize) -> Result<Self, ResolveError> {
        self.body = serde_json::to_vec(value).map_err(|error| {
            let failed = self.rest.error(Kind::Internal, self.operation);
            failed.with("cause", &error.to_string())
        })?;
        Ok(self.header("content-type", "application/json"))
    }

    /// As another library made it: an address on this server, all headers, and the body.
    #[cfg(feature = "aws")]
    #[must_use]
    pub(crate) fn ready_made(mut self, url: Url, headers: HeaderMap, body: Vec<u8>) -> Self {
        (self.url, self.headers, self.body) = (url, headers, body);
        self
    }

    /// Who asks.
    pub const fn rest(&self) -> &'r Rest<'r> {
        self.rest
    }

    /// The address that is asked, for signatures.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks, and reads JSON of a shape. Let the fields that make the shape be required: a list
    /// with `#[serde(default)]` takes any object for an empty one.
    ///
    /// # Errors
    ///
    /// As [`Call::send`]; [`Kind::Answer`] for an empty body, a web page, or another shape.
    pub async fn json<T: DeserializeOwned>(&self) -> Result<T, ResolveError> {
        let reply = self.send().await?;
        self.parse(&reply)
    }

    /// Reads JSON of a shape from a reply.
    ///
    /// # Errors
    ///
    /// [`Kind::Answer`] for an empty body, a web page, or another shape.
    pub fn parse<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, ResolveError> {
        let wrong = |what: &str| {
            let error = self.rest.error(Kind::Answer, self.operation);
            error.with("reply", &self.rest.scrub(what))
        };
        if reply.body.trim_ascii().is_empty() {
            return Err(wrong("with an empty body"));
        }
        let kind = reply.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if kind.to_ascii_lowercase().contains("html") {
            return Err(wrong("a web page, not JSON"));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|error| wrong(&format!("another shape: {error}")))
    }

    /// Asks, and gives a reply that the vendor means as a success.
    ///
    /// # Errors
    ///
    /// As [`Call::exchange`]; and an error of the kind that the [`super::Judge`] says.
    pub async fn send(&self) -> Result<Reply, ResolveError> {
        let reply = self.exchange().await?;
        self.accept(reply)
    }

    /// Gives a reply of [`Call::exchange`] back if the vendor means it as a success.
    ///
    /// # Errors
    ///
    /// An error of the kind that the [`super::Judge`] says.
    pub fn accept(&self, reply: Reply) -> Result<Reply, ResolveError> {
        match (self.rest.judge)(&reply) {
            None => Ok(reply),
            Some(kind) => Err(self.refused(kind, &reply)),
        }
    }

    /// Asks, and gives any reply that is not worth another try, whatever its status.
    ///
    /// # Errors
    ///
    /// [`Kind::Unavailable`], [`Kind::Throttled`] or [`Kind::Timeout`] if all tries within the
    /// deadline failed; [`Kind::Answer`] if the reply is too large, breaks off, or redirects to
    /// another host.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn exchange(&self) -> Result<Reply, ResolveError> {
        Box::pin(attempt::until_settled(self)).await
    }
}
