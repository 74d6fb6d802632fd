//! The server that a provider under check believes to be its vendor's: a door, without a socket.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};

use super::{Bad, Sample, Subject};
use crate::{
    Answer, BoxFuture, Environment, FakeClock, FakeDns, FakeFiles, Http, HttpError, Io, Limits,
    Reply, Request, ResolveError,
};

/// The host of the endpoint.
pub(super) const HOST: &str = "api.conformance.example";

/// The time that a lookup has by its clock; only what hangs takes any.
pub(super) const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(1),
    pages: 20,
    body_bytes: 1 << 20,
};

/// After so many requests nothing is answered any more, so that a lookup without end has one.
const REQUESTS_MAX: usize = 1_000;

/// How requests are answered.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// By the pages of the sample.
    Good,
    /// Badly, each of them.
    Always(Bad),
    /// Badly so often, and then by the pages.
    First(Vec<Bad>),
    /// By this body, each of them.
    Body(String),
    /// By this body, with the number of the request behind a text.
    Numbered(String, String),
    /// Status 403, and all that the request had in it as the message.
    Repeat,
}

#[derive(Debug)]
struct State {
    part: Part,
    first: Mutex<VecDeque<Bad>>,
    pages: Vec<(String, String)>,
    before: Vec<(String, String)>,
    asked: AtomicUsize,
    astray: Mutex<Vec<String>>,
    open: AtomicUsize,
}

/// The server.
#[derive(Debug, Clone)]
pub(super) struct Stage(Arc<State>);

impl Stage {
    pub(super) fn new(sample: &Sample, part: Part) -> Self {
        let first = match &part {
            Part::First(all) => all.iter().copied().collect(),
            _ => VecDeque::new(),
        };
        Self(Arc::new(State {
            part,
            first: Mutex::new(first),
            pages: sample.pages.clone(),
            before: sample.before.clone(),
            asked: AtomicUsize::new(0),
            astray: Mutex::default(),
            open: AtomicUsize::new(0),
        }))
    }

    /// Doors to this server and to nothing else.
    pub(super) fn io(&self, sample: &Sample) -> Io {
        let variables = sample.variables.iter();
        let environment = Environment::fixed(variables.map(|(n, v)| (n.as_str(), v.as_str())));
        let mut files = FakeFiles::default();
        for (path, text) in &sample.files {
            files = files.with(path.as_str(), text.as_str());
        }
        Io::new(environment, FakeDns::default())
            .with_http(self.clone())
            .with_files(files)
            .with_clock(FakeClock::default())
    }

    /// Requests for the list so far.
    pub(super) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// Requests that are under way.
    pub(super) fn open(&self) -> usize {
        self.0.open.load(Ordering::SeqCst)
    }

    /// Hosts that are not this one and were asked.
    pub(super) fn astray(&self) -> Vec<String> {
        let astray = self.0.astray.lock();
        astray.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, request: &Request) -> Option<Result<Reply, HttpError>> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        if host == super::pages::ELSEWHERE {
            let astray = self.0.astray.lock();
            astray.unwrap_or_else(PoisonError::into_inner).push(host);
        }
        let target = format!(
            "{}?{} {}",
            request.url.path(),
            request.url.query().unwrap_or_default(),
            String::from_utf8_lossy(&request.body)
        );
        if let Some(body) = fitting(&self.0.before, &target) {
            return Some(Ok(json(200, body)));
        }
        let number = self.0.asked.fetch_add(1, Ordering::SeqCst);
        if number > REQUESTS_MAX {
            return None;
        }
        let first = self.0.first.lock();
        let first = first.unwrap_or_else(PoisonError::into_inner).pop_front();
        match (&self.0.part, first) {
            (Part::Always(bad), _) => bad.reply(request),
            (_, Some(bad)) => bad.reply(request),
            (Part::Good | Part::First(_), None) => {
                let body = fitting(&self.0.pages, &target);
                let none = || json(404, "{\"message\":\"the sample has no page for this\"}");
                Some(Ok(body.map_or_else(none, |body| json(200, body))))
            }
            (Part::Body(body), None) => Some(Ok(json(200, body))),
            (Part::Numbered(body, next), None) => {
                let numbered = body.replace(next, &format!("{next}{number}"));
                Some(Ok(json(200, &numbered)))
            }
            (Part::Repeat, None) => Some(Ok(json(403, &repeated(request)))),
        }
    }
}

fn fitting<'a>(pages: &'a [(String, String)], target: &str) -> Option<&'a str> {
    let found = pages.iter().find(|(within, _)| target.contains(within));
    found.map(|(_, body)| body.as_str())
}

pub(super) fn json(status: u16, body: &str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    // What Google's metadata server says, without which it is not believed.
    headers.insert("metadata-flavor", HeaderValue::from_static("Google"));
    Reply {
        status,
        headers,
        body: body.replace("{addr}", HOST).into_bytes(),
    }
}

fn repeated(request: &Request) -> String {
    let mut text = format!("{} ", request.url);
    for value in request.headers.values() {
        text.push_str(value.to_str().unwrap_or_default());
        text.push(' ');
    }
    text.push_str(&String::from_utf8_lossy(&request.body));
    serde_json::json!({ "message": text }).to_string()
}

/// Counts a request while it is under way.
#[derive(Debug)]
struct Open(Stage);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Http for Stage {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Reply, HttpError>> {
        self.0.open.fetch_add(1, Ordering::SeqCst);
        let open = Open(self.clone());
        Box::pin(async move {
            let _open = open;
            // Two polls for each request, between which a lookup can be dropped.
            Twice::default().await;
            match self.answer(&request) {
                Some(reply) => reply,
                None => std::future::pending().await,
            }
        })
    }
}

/// Is ready when it is polled for the second time.
#[derive(Debug, Default)]
struct Twice(bool);

impl Future for Twice {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Subject<'_> {
    /// Resolves a query against a stage.
    pub(super) async fn ask(
        &self,
        text: &str,
        stage: &Stage,
        limits: Limits,
    ) -> Result<Answer, ResolveError> {
        let text = format!("{text} endpoint=http://{HOST}");
        let query = self.parse(&text).map_err(|error| {
            ResolveError::new(crate::Kind::Query, self.provider.name(), "parse").with_source(error)
        })?;
        let io = stage.io(self.sample);
        self.registry.resolve(&query, &io, &limits).await
    }
}
