//! How a provider calls a REST API.
//!
//! [`Rest`] knows the way and the credentials; [`Call`] is one call. A call is tried again within
//! the deadline of its lookup, follows a redirect on its own host only, and ends in a reply whose
//! status, type and shape are the API's, or in an error. [`Pages`] notices a vendor that runs in a
//! circle.
//!
//! ```ignore
//! let rest = Rest::open(lookup, "https://api.example.com").await?.with_bearer(&token);
//! let mut pages = Pages::new(&rest, "list servers");
//! let mut call = rest.get("list servers", "v1/servers").query("per_page", "50");
//! loop {
//!     let page: Servers = call.json().await?;
//!     seen.instances.extend(page.servers.into_iter().map(instance));
//!     let Some(next) = page.links.next else { return Ok(()) };
//!     call = pages.follow(&next)?;
//! }
//! ```

mod attempt;
mod call;
mod pages;
#[cfg(test)]
mod tests;
mod verdict;

pub use call::Call;
pub use pages::Pages;
pub use verdict::{Judge, judge_status};
#[cfg(feature = "aws")]
pub(crate) use verdict::{code, element};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::io::{Identity, Route};
use crate::provider::Lookup;
use crate::{Kind, ResolveError, Secret, options};

/// An API, the way to it, and who asks. `Debug` shows its host alone.
#[derive(Clone)]
pub struct Rest<'a> {
    lookup: Lookup<'a>,
    base: Url,
    route: Arc<Route>,
    headers: HeaderMap,
    secrets: Vec<Secret>,
    judge: Judge,
    /// When the lookup ends, by its clock.
    until: Duration,
}

impl fmt::Debug for Rest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rest({})", self.base.host_str().unwrap_or_default())
    }
}

impl<'a> Rest<'a> {
    /// An API at the query's `endpoint`, else at the vendor's, over the shared options of
    /// [`crate::HTTP_KEYS`] and the environment. Make it once per lookup.
    ///
    /// # Errors
    ///
    /// [`Kind::Credentials`] for a file that cannot be read, [`Kind::Query`] for a wrong endpoint.
    pub async fn open(lookup: Lookup<'a>, endpoint: &str) -> Result<Self, ResolveError> {
        let base = options::endpoint(lookup, endpoint)?;
        Ok(Self {
            lookup,
            base,
            route: Arc::new(options::route(lookup).await?),
            headers: HeaderMap::new(),
            secrets: Vec::new(),
            judge: judge_status,
            until: lookup.io.clock().elapsed() + lookup.limits.deadline,
        })
    }

    /// Another server of the same lookup, such as one that issues tokens: the same way and
    /// deadline, no credentials, and no `endpoint`.
    ///
    /// # Errors
    ///
    /// [`Kind::Query`] if it is no base URL.
    pub fn at(&self, base: &str) -> Result<Self, ResolveError> {
        Ok(Self {
            base: options::parse_base(self.lookup, base)?,
            headers: HeaderMap::new(),
            ..self.clone()
        })
    }

    /// Past any proxy: for metadata services, which only the machine itself can reach.
    #[must_use]
    pub fn direct(mut self) -> Self {
        let mut route = Route::clone(&self.route);
        (route.https_proxy, route.http_proxy) = (None, None);
        self.route = Arc::new(route);
        self
    }

    /// Trusting these roots, as PEM, and no others: for a vendor whose API has a CA of its own.
    #[must_use]
    pub fn trusting(mut self, roots_pem: Vec<u8>) -> Self {
        let mut route = Route::clone(&self.route);
        route.roots_pem = Some(roots_pem);
        self.route = Arc::new(route);
        self
    }

    /// Showing this certificate.
    #[must_use]
    pub fn showing(mut self, identity: Identity) -> Self {
        let mut route = Route::clone(&self.route);
        route.identity = Some(identity);
        self.route = Arc::new(route);
        self
    }

    /// No longer than this from now: a part that hangs must not take the deadline of all.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.until = self.until.min(self.lookup.io.clock().elapsed() + time);
        self
    }

    /// With the vendor's own rules on what a reply means.
    #[must_use]
    pub const fn with_judge(mut self, judge: Judge) -> Self {
        self.judge = judge;
        self
    }

    /// With a token: `Authorization: Bearer`.
    #[must_use]
    pub fn with_bearer(self, token: &Secret) -> Self {
        let value = Secret::new(format!("Bearer {}", token.reveal()));
        self.knowing(token).with_secret(AUTHORIZATION, &value)
    }

    /// With user and password: `Authorization: Basic`.
    #[must_use]
    pub fn with_basic(self, user: &str, password: &Secret) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.reveal()));
        let value = Secret::new(format!("Basic {pair}"));
        self.knowing(password).with_secret(AUTHORIZATION, &value)
    }

    /// With a token in a header of the vendor's, such as `x-auth-token`; the name in lower case.
    #[must_use]
    pub fn with_header(self, name: &'static str, token: &Secret) -> Self {
        self.with_secret(HeaderName::from_static(name), token)
    }

    /// With what [`crate::LOGIN_KEYS`] say; a provider that has them in its table calls this.
    ///
    /// # Errors
    ///
    /// [`Kind::Credentials`] for a file that cannot be read, [`Kind::Query`] for a user without
    /// password or the other way round.
    pub async fn with_login(self) -> Result<Self, ResolveError> {
        let lookup = self.lookup;
        if let Some(token) = lookup.secret("bearer_token").await? {
            return Ok(self.with_bearer(&token));
        }
        match (
            lookup.value("basic_user"),
            lookup.secret("basic_password").await?,
        ) {
            (Some(user), Some(password)) => Ok(self.with_basic(&user, &password)),
            (None, None) => Ok(self),
            _ => Err(self
                .error(Kind::Query, "log in")
                .with("cause", "`basic_user` and `basic_password` go together")),
        }
    }

    fn with_secret(mut self, name: HeaderName, secret: &Secret) -> Self {
        // What is no header value, a token with a line break, is left out, and the API says 401.
        if let Ok(mut value) = HeaderValue::from_str(secret.reveal()) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self.knowing(secret)
    }

    /// Takes a text out of every error of this API, should a reply repeat it.
    #[must_use]
    pub fn knowing(mut self, secret: &Secret) -> Self {
        if !secret.reveal().is_empty() {
            self.secrets.push(secret.clone());
        }
        self
    }

    /// A call that reads. The path is below the base; no slash at its beginning is needed, and what
    /// comes from the query must be escaped with [`escape`].
    pub fn get(&self, operation: &'static str, path: &str) -> Call<'_> {
        self.call(Method::GET, operation, path)
    }

    /// A call that reads by a body. It may be tried again, so it must change nothing.
    pub fn post(&self, operation: &'static str, path: &str) -> Call<'_> {
        self.call(Method::POST, operation, path)
    }

    /// A call with another method; as [`Rest::post`], it must change nothing that matters.
    pub fn call(&self, method: Method, operation: &'static str, path: &str) -> Call<'_> {
        let url = self
            .base
            .join(&format!("./{}", path.trim_start_matches('/')));
        Call::new(
            self,
            method,
            operation,
            url.unwrap_or_else(|_no_path| self.base.clone()),
        )
    }

    /// The base, without credentials.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// The lookup.
    pub const fn lookup(&self) -> Lookup<'a> {
        self.lookup
    }

    /// An error of this provider.
    pub const fn error(&self, kind: Kind, operation: &'static str) -> ResolveError {
        ResolveError::new(kind, self.lookup.query.provider(), operation)
    }

    /// A text of the vendor's without our secrets.
    fn scrub(&self, text: &str) -> String {
        let mask = |text: String, secret: &Secret| text.replace(secret.reveal(), "****");
        self.secrets.iter().fold(text.to_owned(), mask)
    }
}

/// Escapes a text that becomes one segment of a path.
pub fn escape(segment: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(out, "%{byte:02X}").unwrap_or_default();
        }
    }
    out
}
