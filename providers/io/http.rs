//! HTTP, one request and one reply at a time.
//!
//! No redirect is followed here and nothing is tried again: [`crate::Rest`] does both, and more.

use std::fmt;
use std::sync::Arc;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

use super::BoxFuture;

/// A way to send a request.
pub trait Http: fmt::Debug + Send + Sync {
    /// Sends a request and reads the whole reply, giving up as soon as its body is longer than the
    /// request allows. Dropping the future closes the connection.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Reply, HttpError>>;
}

/// A request. `Debug` shows neither its headers, its body nor what is behind the `?`.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address, without user and password.
    pub url: Url,
    /// The headers; credentials among them.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// The most bytes of the reply's body.
    pub body_bytes_max: usize,
    /// The way to the server.
    pub route: Arc<Route>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, path) = (self.url.host_str().unwrap_or_default(), self.url.path());
        write!(f, "Request({} {host}{path})", self.method)
    }
}

/// The way to a server: proxies, and what TLS trusts and shows. `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// The proxy for `https` addresses.
    pub https_proxy: Option<String>,
    /// The proxy for `http` addresses.
    pub http_proxy: Option<String>,
    /// Hosts, domains and ranges that are reached without a proxy, separated by commas.
    pub no_proxy: String,
    /// The roots that are trusted, as PEM; none trusts those of the system.
    pub roots_pem: Option<Vec<u8>>,
    /// What is shown to the server.
    pub identity: Option<Identity>,
}

/// A certificate to show, with its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate chain, as PEM.
    pub chain_pem: Vec<u8>,
    /// The key, as PEM.
    pub key_pem: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").finish_non_exhaustive()
    }
}

/// A reply, read whole.
#[derive(Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The text of a header; none if it is absent or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Reply {
    /// Shows no text: a reply may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no reply. Its text names no address: that may hold a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A certificate, key or proxy that cannot be used.
    #[error("{what} cannot be used: {why}")]
    Route {
        /// What it is, such as `the proxy`.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// There is no connection: refused, unreachable, unknown host, or TLS that does not agree.
    #[error("connecting: {cause}")]
    Connect {
        /// What lies behind it.
        cause: String,
    },
    /// The connection broke before the reply began.
    #[error("the connection broke: {cause}")]
    Broken {
        /// What lies behind it.
        cause: String,
    },
    /// The reply began and broke off.
    #[error("the reply broke off: {cause}")]
    Cut {
        /// What lies behind it.
        cause: String,
    },
    /// The body is longer than the request allows.
    #[error("the reply has more than {bytes_max} bytes")]
    TooLarge {
        /// The most that the request allows.
        bytes_max: usize,
    },
    /// This door is shut.
    #[error("there is no way out: HTTP is not among the doors of this lookup")]
    Shut,
}

/// A door that is shut.
#[derive(Debug)]
pub(super) struct Shut;

impl Http for Shut {
    fn send(&self, _request: Request) -> BoxFuture<'_, Result<Reply, HttpError>> {
        Box::pin(std::future::ready(Err(HttpError::Shut)))
    }
}
