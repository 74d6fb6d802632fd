//! A made-up agent behind the real API.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::FakeNode;
use crate::http::Node;

/// The API of a made-up agent, served on a free port of loopback until dropped or stopped.
#[derive(Debug)]
pub(crate) struct Served {
    /// The agent behind it.
    pub(crate) node: Arc<FakeNode>,
    /// Where it is served.
    pub(crate) addr: SocketAddr,
    /// Stops the server when cancelled; so does dropping this.
    stop: CancellationToken,
    _stop_at_drop: DropGuard,
    /// Ends when the server has stopped.
    pub(crate) server: JoinHandle<()>,
}

/// Serves the API of a made-up agent.
pub(crate) async fn serve_fake() -> Served {
    let node = Arc::new(FakeNode::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let behind: Arc<dyn Node> = Arc::<FakeNode>::clone(&node);
    let server = tokio::spawn(crate::http::serve(listener, behind, stopped));
    Served {
        node,
        addr,
        _stop_at_drop: stop.clone().drop_guard(),
        stop,
        server,
    }
}

impl Served {
    /// Tells the server to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}
