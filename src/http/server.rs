//! Accepts connections and serves the API on them, within bounds, until told to stop.
//!
//! The bounds: connections in all and per client address, the size of a request's head, the time a
//! client may take over it, the size and time of a body (in `ask`), and the time a stop may take.
//! It speaks HTTP/1 only: what is open for HTTP/2 says nothing for as long as it likes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::endpoint;
use super::node::Node;
use crate::host::{Refused, descriptor_share};

/// Connections served at once, and never more than a third of the file descriptors; what is above
/// is closed. Chosen: ten hosts at their limit.
const CONNECTIONS_MAX: usize = 2_000;

/// Connections of one client address (Consul's `http_max_conns_per_client`).
const CONNECTIONS_PER_CLIENT_MAX: usize = 200;

/// The longest head of a request, in bytes: a long key, its escapes and the headers.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long a connection may go without a whole head: from its begin, or from the answer before. It
/// bounds an idle connection, so it is above the 90 s after which Go's and reqwest's pools close
/// one: the client shall be first, or its next request meets a closed connection.
const HEAD_WITHIN: Duration = Duration::from_secs(100);

/// How long requests in flight may take to end after the stop. Chosen: a write ends in less, and a
/// service manager's patience is longer.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Rest after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// What Consul says to a client with too many connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n\
    Content-Type: text/plain\r\nContent-Length: 38\r\n\r\ntoo many connections from this address";

/// Serves the HTTP API of an agent on a listener until `stop` is ready.
///
/// After that no connection is accepted, blocking reads are answered with 503 at once, and other
/// requests have 5 seconds to end. Returns when the last connection is gone.
///
/// # Panics
/// When an endpoint panics.
///
/// # Cancel safety
/// Dropping the future closes the listener and every connection at once; a `leave` in flight still
/// runs to its end.
pub async fn serve(listener: TcpListener, node: Arc<dyn Node>, stop: impl Future<Output = ()>) {
    let stopping = CancellationToken::new();
    let router = endpoint::router(node, stopping.clone());
    let mut connections = JoinSet::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX.min(descriptor_share())));
    {
        let accepting = accept(&listener, &router, &stopping, &mut connections, &slots);
        tokio::select! {
            () = accepting => {}
            () = stop => {}
        }
    }
    drop(listener);
    stopping.cancel();
    let ending = async {
        while let Some(ended) = connections.join_next().await {
            pass_panic_on(ended);
        }
    };
    if tokio::time::timeout(STOP_WITHIN, ending).await.is_err() {
        warn!(
            count = connections.len(),
            "http requests cut off by the stop"
        );
    }
    connections.shutdown().await;
}

/// Accepts for ever, as many as there are slots.
async fn accept(
    listener: &TcpListener,
    router: &Router,
    stopping: &CancellationToken,
    connections: &mut JoinSet<()>,
    slots: &Arc<Semaphore>,
) {
    let clients = Arc::new(Clients::default());
    let (mut refused, mut crowded) = (Refused::default(), Refused::default());
    loop {
        let accepted = tokio::select! {
            Some(ended) = connections.join_next() => {
                pass_panic_on(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let (stream, client) = match accepted {
            Ok((stream, client)) => (stream, client.ip()),
            Err(error) => {
                if let Some(count) = refused.tell() {
                    warn!(%error, count, "http accept failed");
                }
                tokio::time::sleep(ACCEPT_REST).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(slots).try_acquire_owned() else {
            if let Some(count) = crowded.tell() {
                warn!(addr = %client, count, "http connections closed, too many in all");
            }
            continue;
        };
        let Some(place) = admit(slot, &clients, &stream, client) else {
            continue;
        };
        let serving = serve_connection(stream, router.clone(), stopping.clone());
        connections.spawn(async move {
            serving.await;
            drop(place);
        });
    }
}

/// Gives a connection that has a place among all one among those of its address. None if there is
/// none.
fn admit(
    slot: OwnedSemaphorePermit,
    clients: &Arc<Clients>,
    stream: &TcpStream,
    client: IpAddr,
) -> Option<(OwnedSemaphorePermit, Seat)> {
    let Some(seat) = Clients::seat(clients, client) else {
        debug!(addr = %client, "http connection refused, too many from this address");
        // Best effort: the socket is new, so its buffer has room for the few bytes.
        drop(stream.try_write(TOO_MANY));
        return None;
    };
    Some((slot, seat))
}

/// A panic in a connection ends the server, and with it the agent: never half of it.
fn pass_panic_on(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

async fn serve_connection(stream: TcpStream, router: Router, stopping: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "http connection without nodelay");
    }
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        // The spelling that Go puts on the wire: scripts grep for it.
        .title_case_headers(true);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "http connection broken");
    }
}

/// Counts the connections of each client address.
#[derive(Debug, Default)]
struct Clients {
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl Clients {
    /// Takes a connection in, unless the address has as many as it may.
    fn seat(clients: &Arc<Self>, client: IpAddr) -> Option<Seat> {
        let mut counts = clients
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= CONNECTIONS_PER_CLIENT_MAX {
            return None;
        }
        *count += 1;
        Some(Seat {
            clients: Arc::clone(clients),
            client,
        })
    }
}

/// One counted connection; gives its place back when dropped.
#[derive(Debug)]
struct Seat {
    clients: Arc<Clients>,
    client: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self
            .clients
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::http::fake::FakeNode;

    #[tokio::test]
    async fn a_connection_above_the_bound_is_closed_and_those_below_are_served() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let router = endpoint::router(Arc::new(FakeNode::default()), stopping.clone());
        let (mut connections, slots) = (JoinSet::new(), Arc::new(Semaphore::new(1)));
        let asking = async {
            let mut within = TcpStream::connect(addr).await.unwrap();
            let mut above = TcpStream::connect(addr).await.unwrap();
            assert_eq!(above.read(&mut [0; 12]).await.unwrap(), 0);
            let request = b"GET /v1/status/leader HTTP/1.1\r\nHost: a\r\n\r\n";
            within.write_all(request).await.unwrap();
            let mut answer = [0; 12];
            within.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        };
        tokio::select! {
            () = accept(&listener, &router, &stopping, &mut connections, &slots) => {}
            asked = tokio::time::timeout(HEAD_WITHIN / 2, asking) => asked.unwrap(),
        }
    }

    #[test]
    fn a_connection_that_goes_makes_room_for_one_of_its_address() {
        let clients = Arc::new(Clients::default());
        let [ip, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let seat = |ip| Clients::seat(&clients, ip);
        let mut seats: Vec<Seat> = std::iter::from_fn(|| seat(ip)).collect();
        assert_eq!(seats.len(), CONNECTIONS_PER_CLIENT_MAX);
        assert!(seat(other).is_some());
        drop(seats.pop());
        assert!(seat(ip).is_some());
        drop(seats);
        assert!(clients.counts.lock().unwrap().is_empty());
    }
}
