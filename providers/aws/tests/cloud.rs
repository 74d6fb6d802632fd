//! A cloud behind the door for HTTP: every host of it, and what each was asked.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;

use tokio::time::Instant;

use crate::{
    Answer, BoxFuture, Clock, Environment, FakeClock, FakeDns, FakeFiles, Http, HttpError, Io,
    Kind, Limits, Query, Reply, Request, ResolveError, Route, SystemClock, resolve_within,
};

/// The runtime's clock, for tests that pause it: what hangs takes as much time as what waits.
#[derive(Debug)]
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + FakeClock::BEGINNING + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        SystemClock.sleep(pause)
    }

    fn chance(&self) -> f64 {
        1.0
    }
}

/// What becomes of a request.
pub(super) enum Play {
    /// This status and body.
    Say(u16, String),
    /// Nothing, ever.
    Hang,
    /// No connection.
    Refuse,
}

/// Status 200 with a body.
pub(super) fn good(body: &str) -> Play {
    Play::Say(200, body.to_owned())
}

/// An error of the API's that speak JSON.
pub(super) fn refusal(status: u16, code: &str) -> Play {
    let body = format!(r#"{{"__type":"{code}","message":"the cloud says no"}}"#);
    Play::Say(status, body)
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) route: Arc<Route>,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn host(&self) -> &str {
        let rest = self.url.split("://").nth(1).unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The call, in either protocol.
    pub(super) fn action(&self) -> &str {
        let target = self.header("x-amz-target").rsplit('.').next();
        match target.filter(|target| !target.is_empty()) {
            Some(target) => target,
            None => self.field("Action"),
        }
    }

    /// The value of a field of the form, percent-encoded.
    pub(super) fn field(&self, name: &str) -> &str {
        let mut pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    /// The key that signed.
    pub(super) fn signer(&self) -> &str {
        self.scope().split('/').next().unwrap()
    }

    /// Who signed, and for what: `key/date/region/service`.
    pub(super) fn scope(&self) -> &str {
        let (_, rest) = self
            .header("authorization")
            .split_once("Credential=")
            .unwrap();
        rest.split_once("/aws4_request").unwrap().0
    }
}

/// What becomes of each request.
type Script = dyn Fn(&Asked) -> Play + Send + Sync;

/// What becomes of every request on a bad day, and the kind of error that it is.
pub(super) type BadDay = (fn() -> Play, Kind);

/// The cloud.
#[derive(Clone)]
pub(super) struct Cloud {
    play: Arc<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
    pub(super) files: FakeFiles,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    pub(super) fn new(play: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> Self {
        Self {
            play: Arc::new(play),
            asked: Arc::default(),
            files: FakeFiles::default(),
        }
    }

    /// The requests so far, oldest first.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The calls so far.
    pub(super) fn actions(&self) -> Vec<String> {
        let actions = self.asked().into_iter();
        actions.map(|asked| asked.action().to_owned()).collect()
    }

    /// Resolves with a key pair and more keys.
    pub(super) async fn ask(&self, more: &str) -> Result<Answer, ResolveError> {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKIDENV"),
            ("AWS_SECRET_ACCESS_KEY", "secret-of-env"),
        ];
        self.ask_with(&variables, more).await
    }

    /// Resolves with variables.
    pub(super) async fn ask_with(
        &self,
        variables: &[(&str, &str)],
        more: &str,
    ) -> Result<Answer, ResolveError> {
        let text = format!("provider=aws tag_key=role tag_value=server {more}");
        let query = Query::parse(&text).unwrap();
        let environment = Environment::fixed(variables.iter().copied());
        let io = Io::new(environment, FakeDns::default())
            .with_http(self.clone())
            .with_files(self.files.clone())
            .with_clock(Paused(Instant::now()));
        resolve_within(&query, &io, &Limits::default()).await
    }
}

impl Http for Cloud {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Reply, HttpError>> {
        let asked = Asked {
            url: request.url.to_string(),
            route: request.route,
            headers: request.headers,
            body: String::from_utf8(request.body).unwrap(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let play = (self.play)(&asked);
        Box::pin(async move {
            match play {
                Play::Say(status, body) => Ok(Reply {
                    status,
                    headers: HeaderMap::new(),
                    body: body.into_bytes(),
                }),
                Play::Hang => std::future::pending().await,
                Play::Refuse => Err(HttpError::Connect {
                    cause: "nobody is there".to_owned(),
                }),
            }
        })
    }
}
