//! The small HTTP client of the command line.
//!
//! It speaks to one agent, over plain HTTP, one request at a time, and words its errors as Consul's
//! tools do (agent reference, 4.1). It reads no environment: what it needs is handed in.

mod cause;
mod silence;
mod tls;
mod url;

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

pub use cause::ClientError;
use cause::innermost;
use silence::Patience;
pub use tls::plain_http;
use url::{base_url, encode_path, host_and_port, is_loopback};

/// The agent's address when none is given (agent reference, 4.1).
const ADDRESS_DEFAULT: &str = "127.0.0.1:8500";

/// The longest answer that is read, in bytes. Chosen: every key of a store of reasonable size.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How long a connection may take. Chosen: an agent is mostly on the same machine, and two lost
/// packets (sent again after 1 and 3 s) are outlived. Below the patience with an agent that is silent,
/// of which it is known then that it took the connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long a request may take at an agent that lives: a graceful leave takes longest, under half a
/// minute.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);

/// A token that goes with each request; shown nowhere.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Wraps a token as it was given.
    pub const fn new(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// Speaks to one agent.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<Token>,
    patience: Patience,
}

/// An answer with status 200.
#[derive(Debug, Clone)]
pub struct Got {
    url: String,
    body: Bytes,
}

impl Got {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`ClientError::Shape`] if it is not the JSON that the API gives.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body).map_err(|error| ClientError::Shape {
            url: self.url.clone(),
            why: error.to_string(),
        })
    }
}

impl Client {
    /// Makes a client of the agent at an address: `host:port`, `http://host:port`, or none for
    /// `127.0.0.1:8500`.
    ///
    /// # Errors
    /// [`ClientError::Address`] for an address that is none, or of a kind that this client does not
    /// speak yet (`https://`, `unix://`).
    pub fn new(address: Option<&str>, token: Option<Token>) -> Result<Self, ClientError> {
        let base = base_url(address.unwrap_or(ADDRESS_DEFAULT))?;
        let failed = |why| ClientError::Sent {
            verb: "Get",
            url: base.to_string(),
            why,
        };
        let tls = plain_http().map_err(|error| failed(error.to_string()))?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none());
        // As Go's client: a proxy never stands between two processes of one machine.
        let builder = if is_loopback(&base) {
            builder.no_proxy()
        } else {
            builder
        };
        let http = builder.build().map_err(|error| failed(innermost(&error)))?;
        Ok(Self {
            http,
            base: base.as_str().trim_end_matches('/').to_owned(),
            token,
            patience: Patience::USUAL,
        })
    }

    /// Asks for what is at a path. `endpoint` is written as it is, `rest` is encoded; parameters
    /// without a value are sent bare.
    ///
    /// # Errors
    /// As [`ClientError`] says; every status but 200 is one.
    pub async fn get(
        &self,
        endpoint: &str,
        rest: &str,
        params: &[(&str, &str)],
    ) -> Result<Got, ClientError> {
        self.send(Method::GET, self.url(endpoint, rest, params)?, Bytes::new())
            .await
    }

    /// As [`Client::get`], but none if the agent says that there is nothing (404).
    ///
    /// # Errors
    /// As [`ClientError`] says; every status but 200 and 404 is one.
    pub async fn find(
        &self,
        endpoint: &str,
        rest: &str,
        params: &[(&str, &str)],
    ) -> Result<Option<Got>, ClientError> {
        match self.get(endpoint, rest, params).await {
            Ok(got) => Ok(Some(got)),
            Err(ClientError::Status { status: 404, body }) if body.is_empty() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a body to a path.
    ///
    /// # Errors
    /// As [`ClientError`] says; every status but 200 is one.
    pub async fn put(
        &self,
        endpoint: &str,
        rest: &str,
        params: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Got, ClientError> {
        self.send(Method::PUT, self.url(endpoint, rest, params)?, body)
            .await
    }

    /// Has the agent do what a path stands for.
    ///
    /// # Errors
    /// As [`ClientError`] says; every status but 200 is one.
    pub async fn post(
        &self,
        endpoint: &str,
        rest: &str,
        params: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Got, ClientError> {
        self.send(Method::POST, self.url(endpoint, rest, params)?, body)
            .await
    }

    /// Deletes what is at a path.
    ///
    /// # Errors
    /// As [`ClientError`] says; every status but 200 is one.
    pub async fn delete(
        &self,
        endpoint: &str,
        rest: &str,
        params: &[(&str, &str)],
    ) -> Result<Got, ClientError> {
        let url = self.url(endpoint, rest, params)?;
        self.send(Method::DELETE, url, Bytes::new()).await
    }

    fn url(&self, endpoint: &str, rest: &str, params: &[(&str, &str)]) -> Result<Url, ClientError> {
        let path = format!("{endpoint}{}", encode_path(rest));
        let wrong = || ClientError::Path {
            path: rest.to_owned(),
        };
        let mut url = Url::parse(&format!("{}{path}", self.base)).map_err(|_not_a_url| wrong())?;
        // The parser resolves `.` and `..`: what is left is another key than was meant.
        if !url.path().ends_with(&path) {
            return Err(wrong());
        }
        for (name, value) in params {
            if value.is_empty() {
                url.query_pairs_mut().append_key_only(name);
            } else {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(url)
    }

    async fn send(&self, method: Method, url: Url, body: Bytes) -> Result<Got, ClientError> {
        let verb = match method {
            Method::PUT => "Put",
            Method::POST => "Post",
            Method::DELETE => "Delete",
            _ => "Get",
        };
        let asked = url.to_string();
        let sent = |why: String| ClientError::Sent {
            verb,
            url: asked.clone(),
            why,
        };
        let mut request = self.http.request(method, url.clone()).body(body);
        if let Some(Token(token)) = &self.token {
            let mut value = reqwest::header::HeaderValue::from_str(token)
                .map_err(|_unprintable| ClientError::Token)?;
            value.set_sensitive(true);
            request = request.header("X-Consul-Token", value);
        }
        let begun = self
            .patience
            .with(request.send(), async || self.touch().await);
        let begun = begun.await.ok_or_else(|| ClientError::Silent {
            verb,
            url: asked.clone(),
            addr: host_and_port(&url),
            seconds: self.patience.whole().as_secs(),
        })?;
        let answer = begun.map_err(|error| sent(innermost(&error)))?;
        let status = answer.status();
        let body = read(answer).await.map_err(sent)?;
        if status != StatusCode::OK {
            return Err(ClientError::Status {
                status: status.as_u16(),
                body: String::from_utf8_lossy(&body).trim_end().to_owned(),
            });
        }
        Ok(Got { url: asked, body })
    }

    /// Asks for what no agent has to think about; ends with an answer of any kind, or a refusal.
    async fn touch(&self) {
        drop(self.http.get(format!("{}/", self.base)).send().await);
    }
}

/// The whole body of an answer, or why it could not be read.
async fn read(mut answer: Response) -> Result<Bytes, String> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| innermost(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("answer is longer than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

#[cfg(test)]
impl Client {
    /// The client with another patience with an agent that is silent.
    pub(super) const fn with_patience(
        mut self,
        before_asking: Duration,
        to_say_it_lives: Duration,
    ) -> Self {
        self.patience = Patience {
            before_asking,
            to_say_it_lives,
        };
        self
    }
}

/// The path that a request would have; for tests of the encoding.
#[cfg(test)]
pub(super) fn path_of(endpoint: &str, rest: &str) -> Result<String, ClientError> {
    let url = Client::new(None, None)?.url(endpoint, rest, &[])?;
    Ok(url.path().to_owned())
}
