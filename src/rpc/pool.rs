//! Requests to other agents: one connection per address, kept, shared and replaced.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::outbound::{Connection, Dialler, Outgoing};
use super::{Identity, Limits, Outcome, RpcError};
use crate::host::{Host, Real};

/// The connections to other agents. Clones share them; the last one dropped closes them.
///
/// Frames of one connection go one after another: whoever sends large payloads beside urgent
/// ones (a snapshot beside heartbeats) keeps a second pool for the large.
#[derive(Debug, Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    host: Arc<dyn Host>,
    identity: Identity,
    limits: Limits,
    connections: Mutex<HashMap<SocketAddr, Connection>>,
}

impl Pool {
    /// A pool without connections; each is made by the first call to its address.
    pub fn new(identity: Identity) -> Self {
        Self::with_limits(identity, Limits::default())
    }

    /// As [`Pool::new`], with other limits.
    pub fn with_limits(identity: Identity, limits: Limits) -> Self {
        Self::on(Arc::new(Real), identity, limits)
    }

    /// As [`Pool::with_limits`], dialling from another host than the computer itself.
    pub fn on(host: Arc<dyn Host>, identity: Identity, limits: Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                host,
                identity,
                limits,
                connections: Mutex::default(),
            }),
        }
    }

    /// Sends a request to the agent at an address and waits for its answer, `deadline` at most,
    /// dialling included. Never sends a request twice that may have run.
    ///
    /// # Errors
    ///
    /// Any but the two of binding; [`RpcError::outcome`] says whether the request may have run.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped may have been sent, and may still run over there.
    pub async fn call(
        &self,
        addr: SocketAddr,
        payload: Bytes,
        deadline: Duration,
    ) -> Result<Bytes, RpcError> {
        let max_bytes = self.shared.limits.payload_bytes;
        if payload.len() > max_bytes {
            return Err(RpcError::Large {
                addr,
                bytes: payload.len(),
                max_bytes,
            });
        }
        let until = Until {
            at: Instant::now() + deadline,
            deadline,
        };
        match self.attempt(addr, payload.clone(), until).await {
            // A kept connection that had broken, or rested too long, with this request still
            // queued: what a fresh one says is the answer.
            Err(RpcError::Broken {
                outcome: Outcome::NotSent,
                ..
            }) => self.attempt(addr, payload, until).await,
            answer => answer,
        }
    }

    async fn attempt(
        &self,
        addr: SocketAddr,
        payload: Bytes,
        until: Until,
    ) -> Result<Bytes, RpcError> {
        let connection = self.connection(addr);
        let heard = connection.heard();
        let claimed = Arc::new(AtomicBool::new(false));
        let (reply, answer) = oneshot::channel();
        let request = Outgoing {
            payload,
            claimed: Arc::clone(&claimed),
            reply,
        };
        let exchange = async {
            if connection.send(request).await {
                answer.await.ok()
            } else {
                None
            }
        };
        let answered = timeout_at(until.at, exchange).await;
        if let Ok(Some(answer)) = answered {
            return answer;
        }
        let outcome = if claimed.swap(true, Ordering::AcqRel) {
            Outcome::Unknown
        } else {
            Outcome::NotSent
        };
        if answered.is_ok() {
            return Err(RpcError::Broken {
                addr,
                outcome,
                source: Arc::new(io::ErrorKind::NotConnected.into()),
            });
        }
        if outcome == Outcome::Unknown && connection.heard() == heard {
            self.retire(addr, &connection);
        }
        Err(RpcError::Deadline {
            addr,
            deadline: until.deadline,
            outcome,
        })
    }

    /// The kept connection, or a new one.
    fn connection(&self, addr: SocketAddr) -> Connection {
        let mut connections = self.shared.connections();
        if let Some(connection) = connections.get(&addr)
            && !connection.is_closed()
        {
            return connection.clone();
        }
        connections.retain(|_addr, connection| !connection.is_closed());
        let connection = Connection::open(Dialler {
            addr,
            host: Arc::clone(&self.shared.host),
            identity: self.shared.identity.clone(),
            limits: self.shared.limits,
            heard: Arc::default(),
        });
        connections.insert(addr, connection.clone());
        connection
    }

    /// Makes new calls dial afresh, and lets those that wait on the old connection go on: after a
    /// partition TCP may take two minutes (RFC 6298, section 2.5, with Linux' bound) to repeat
    /// what was lost, when a new connection works at once.
    fn retire(&self, addr: SocketAddr, silent: &Connection) {
        let mut connections = self.shared.connections();
        if connections
            .get(&addr)
            .is_some_and(|kept| kept.is_same(silent))
        {
            connections.remove(&addr);
        }
    }
}

impl Shared {
    /// The lock is held for a look-up only, never over an await.
    fn connections(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Connection>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a call ends at the latest.
#[derive(Debug, Clone, Copy)]
struct Until {
    at: Instant,
    deadline: Duration,
}
