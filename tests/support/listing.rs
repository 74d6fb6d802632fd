//! An API on loopback that lists hosts, as `provider=http` reads them. It counts its calls.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Debug, Default)]
struct Shown {
    hosts: Vec<String>,
    calls: usize,
}

/// The API; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Listing {
    addr: SocketAddr,
    shown: Arc<Mutex<Shown>>,
    task: JoinHandle<()>,
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listing {
    /// Starts it with an empty list.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shown = Arc::<Mutex<Shown>>::default();
        let router = Router::new()
            .route("/", get(list))
            .with_state(Arc::clone(&shown));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { addr, shown, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Replaces the list.
    pub(crate) fn set(&self, hosts: Vec<String>) {
        lock(&self.shown).hosts = hosts;
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> usize {
        lock(&self.shown).calls
    }
}

async fn list(State(shown): State<Arc<Mutex<Shown>>>) -> Json<Vec<String>> {
    let mut shown = lock(&shown);
    shown.calls += 1;
    Json(shown.hosts.clone())
}

/// What is shown is whole after each change, so what a panic left may be used.
fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}
