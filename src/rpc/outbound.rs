//! The caller's side of one connection, from its handle to its hello.
//!
//! One task per connection, which begins with dialling. A request is queued from the start, while
//! the connection is still being made, so that a slow dial outlives callers with short deadlines
//! instead of being begun again by each. Once it stands, [`Link`] moves the frames.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::link::Link;
use super::{HelloError, Identity, Limits, Outcome, Party, Remote, RpcError, hello};
use crate::host::{Host, Stream};

/// A request on its way into a connection.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// What is asked.
    pub(super) payload: Bytes,
    /// Decides between the connection, which takes the request up, and the caller, which gives it
    /// up: whoever sets it first. A request that its caller gave up first is never sent.
    pub(super) claimed: Arc<AtomicBool>,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Result<Bytes, RpcError>>,
}

/// A handle on a connection's task. The task ends when the pool and all callers have dropped it.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    requests: mpsc::Sender<Outgoing>,
    heard: Arc<AtomicU64>,
}

impl Connection {
    /// Starts the task, which begins with dialling.
    pub(super) fn open(dialler: Dialler) -> Self {
        let (sender, requests) = mpsc::channel(dialler.limits.queued);
        let heard = Arc::clone(&dialler.heard);
        tokio::spawn(dialler.run(requests));
        Self {
            requests: sender,
            heard,
        }
    }

    /// Takes no more requests.
    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Is a handle on the same task.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.requests.same_channel(&other.requests)
    }

    /// Frames heard from the other side so far.
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Queues a request; waits while the queue is full. False if the connection is closed.
    pub(super) async fn send(&self, request: Outgoing) -> bool {
        self.requests.send(request).await.is_ok()
    }
}

/// The task before there is a connection.
pub(super) struct Dialler {
    /// Whom to dial.
    pub(super) addr: SocketAddr,
    /// From where.
    pub(super) host: Arc<dyn Host>,
    /// Who we are.
    pub(super) identity: Identity,
    /// The bounds.
    pub(super) limits: Limits,
    /// Counts the frames heard.
    pub(super) heard: Arc<AtomicU64>,
}

impl Dialler {
    async fn run(self, mut requests: mpsc::Receiver<Outgoing>) {
        let error = match self.dial().await {
            Ok((stream, remote)) => {
                let error = Link::new(&self, remote).run(stream, &mut requests).await;
                RpcError::Broken {
                    addr: self.addr,
                    outcome: Outcome::NotSent,
                    source: Arc::new(error),
                }
            }
            Err(error) => error,
        };
        requests.close();
        while let Some(request) = requests.recv().await {
            // A caller that gave up needs no answer.
            drop(request.reply.send(Err(error.clone())));
        }
    }

    /// Connects and greets.
    async fn dial(&self) -> Result<(Stream, Remote), RpcError> {
        let addr = self.addr;
        let unreachable = |error| RpcError::Unreachable {
            addr,
            source: Arc::new(error),
        };
        let stream = timeout(self.limits.connect, self.host.connect(addr))
            .await
            .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
            .map_err(unreachable)?;
        let greeted = timeout(self.limits.hello, self.greet(stream))
            .await
            .unwrap_or(Err(HelloError::Slow));
        if let Err(HelloError::Tls(fault)) = &greeted {
            self.identity.tls().note(addr, false, fault);
        }
        let (stream, party) = greeted.map_err(|source| RpcError::Hello { addr, source })?;
        let remote = Remote { party, addr };
        let admitted = self.identity.admit(&remote, remote.party.cluster);
        admitted.map_err(|conflict| RpcError::ClusterConflict {
            conflict,
            outcome: Outcome::NotSent,
        })?;
        Ok((stream, remote))
    }

    /// Seals the stream, if that is asked for, and exchanges hellos.
    async fn greet(&self, stream: Stream) -> Result<(Stream, Party), HelloError> {
        let sealed = self.identity.tls().dial(stream).await;
        let mut stream = sealed.map_err(HelloError::Tls)?;
        hello::send(&mut stream, &self.identity).await?;
        let first = hello::first(&mut stream).await?;
        let party = hello::receive(first, &mut stream).await?;
        Ok((stream, party))
    }
}
