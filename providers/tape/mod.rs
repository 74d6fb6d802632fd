//! A server on loopback that plays recorded answers in order, and hostile ones.
//!
//! ```ignore
//! let tape = Tape::play([
//!     Take::get("/v1/servers?per_page=50").header("authorization", "Bearer t").json(PAGE_1),
//!     Take::get("/v1/servers?page=2").json(PAGE_2),
//! ]).await;
//! let answer = tape.resolve("provider=hetzner api_token=t").await;   // adds endpoint=
//! tape.finish();                                                      // every take was asked for
//! ```
//!
//! A request that is not the one recorded gets status 599 and fails the test at `finish`. Lookups
//! run on a [`FakeClock`], so pauses between tries take no time. With [`Tape::always`] every
//! request gets one hostile answer: [`Hostile::ALL`] is what each provider must survive.

mod hostile;
mod said;
mod server;
mod take;

pub(crate) use hostile::Hostile;
pub(crate) use said::{dropped, fate, gaps, parts, shown};
pub(crate) use take::Take;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{
    Answer, Clock as _, Environment, FakeClock, FakeDns, FakeFiles, Io, Limits, Query, RealHttp,
    ResolveError, resolve_within,
};

/// The limits of lookups against a tape: small, so that hostile answers take no time.
pub(crate) const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(30),
    pages: 20,
    body_bytes: 1 << 20,
};

#[derive(Debug, Default)]
struct State {
    takes: VecDeque<Take>,
    always: Option<Hostile>,
    asked: Vec<Asked>,
    wrong: Vec<String>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A server that plays.
#[derive(Debug)]
pub(crate) struct Tape {
    addr: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
    clock: FakeClock,
    pub(crate) environment: Environment,
    pub(crate) files: FakeFiles,
    pub(crate) limits: Limits,
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tape {
    /// Plays these takes in order, and nothing else.
    pub(crate) async fn play(takes: impl IntoIterator<Item = Take>) -> Self {
        let takes = takes.into_iter().collect();
        Self::start(State {
            takes,
            ..State::default()
        })
        .await
    }

    /// Gives every request one hostile answer.
    pub(crate) async fn always(hostile: Hostile) -> Self {
        let always = Some(hostile);
        Self::start(State {
            always,
            ..State::default()
        })
        .await
    }

    async fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(server::serve(stream, addr, Arc::clone(&shared)));
            }
        });
        Self {
            addr,
            state,
            task,
            clock: FakeClock::default(),
            environment: Environment::fixed([]),
            files: FakeFiles::default(),
            limits: LIMITS,
        }
    }

    /// With environment variables.
    pub(crate) fn with_variables(mut self, variables: &[(&str, &str)]) -> Self {
        self.environment = Environment::fixed(variables.iter().copied());
        self
    }

    /// With files.
    pub(crate) fn with_files(mut self, files: FakeFiles) -> Self {
        self.files = files;
        self
    }

    /// The base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Doors to this server and to nowhere else.
    pub(crate) fn io(&self) -> Io {
        Io::new(self.environment.clone(), FakeDns::default())
            .with_http(RealHttp::default())
            .with_files(self.files.clone())
            .with_clock(self.clock.clone())
    }

    /// Resolves a query with `endpoint=` of this server added.
    pub(crate) async fn resolve(&self, text: &str) -> Result<Answer, ResolveError> {
        let query = Query::parse(&format!("{text} endpoint={}", self.url())).unwrap();
        resolve_within(&query, &self.io(), &self.limits).await
    }

    /// The time that lookups spent waiting between tries.
    pub(crate) fn waited(&self) -> Duration {
        self.clock.elapsed()
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Fails the test unless every take was asked for as recorded, and nothing else was.
    pub(crate) fn finish(self) {
        let state = self.state.lock().unwrap();
        assert!(state.wrong.is_empty(), "{}", state.wrong.join("\n"));
        let left: Vec<&str> = state
            .takes
            .iter()
            .map(|take| take.target.as_str())
            .collect();
        assert!(left.is_empty(), "never asked for: {left:?}");
    }
}
