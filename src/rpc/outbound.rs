//! The caller's side of one connection: dials, greets, sends requests and hands answers back.
//!
//! One task per connection owns the socket and the table of who waits. A request is queued from
//! the start, while the connection is still being made, so that a slow dial outlives callers with
//! short deadlines instead of being begun again by each.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::codec::FramedRead;

use super::frame::{Frame, FrameDecoder, Kind, READ_BYTES};
use super::outbox::Outbox;
use super::{HelloError, Identity, Limits, Outcome, Refusal, Remote, RpcError, hello};
use crate::types::ClusterId;

/// The table of waiters is searched for ones that gave up when it has grown to this, and again
/// each time it has doubled.
const SWEEP_MIN: usize = 64;

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
    pub(super) fn open(addr: SocketAddr, identity: Identity, limits: Limits) -> Self {
        let (sender, requests) = mpsc::channel(limits.queued);
        let heard = Arc::default();
        let dialler = Dialler {
            addr,
            identity,
            limits,
            heard: Arc::clone(&heard),
        };
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
struct Dialler {
    addr: SocketAddr,
    identity: Identity,
    limits: Limits,
    heard: Arc<AtomicU64>,
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
    async fn dial(&self) -> Result<(TcpStream, Remote), RpcError> {
        let addr = self.addr;
        let unreachable = |error| RpcError::Unreachable {
            addr,
            source: Arc::new(error),
        };
        let mut stream = timeout(self.limits.connect, TcpStream::connect(addr))
            .await
            .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
            .map_err(unreachable)?;
        // As on the listener's side.
        stream.set_nodelay(true).map_err(unreachable)?;
        let party = timeout(self.limits.hello, async {
            hello::send(&mut stream, &self.identity).await?;
            hello::receive(&mut stream).await
        })
        .await
        .unwrap_or(Err(HelloError::Slow))
        .map_err(|source| RpcError::Hello { addr, source })?;
        let remote = Remote { party, addr };
        let admitted = self.identity.admit(&remote, remote.party.cluster);
        admitted.map_err(|conflict| RpcError::ClusterConflict {
            conflict,
            outcome: Outcome::NotSent,
        })?;
        Ok((stream, remote))
    }
}

/// A request that was taken up.
struct Waiter {
    /// Our cluster as the request named it.
    cluster: Option<ClusterId>,
    reply: oneshot::Sender<Result<Bytes, RpcError>>,
}

/// The task while the connection stands.
struct Link<'a> {
    dialler: &'a Dialler,
    remote: Remote,
    waiting: HashMap<u64, Waiter>,
    sweep_at: usize,
    next_id: u64,
    outbox: Outbox,
}

impl<'a> Link<'a> {
    fn new(dialler: &'a Dialler, remote: Remote) -> Self {
        Self {
            dialler,
            remote,
            waiting: HashMap::new(),
            sweep_at: SWEEP_MIN,
            next_id: 0,
            outbox: Outbox::default(),
        }
    }

    /// Runs to the connection's end, which every waiter is told, and gives its reason.
    async fn run(
        mut self,
        stream: TcpStream,
        requests: &mut mpsc::Receiver<Outgoing>,
    ) -> io::Error {
        let error = Arc::new(match self.exchange(stream, requests).await {
            Ok(()) => io::ErrorKind::ConnectionAborted.into(),
            Err(error) => error,
        });
        for (_id, waiter) in self.waiting.drain() {
            drop(waiter.reply.send(Err(RpcError::Broken {
                addr: self.remote.addr,
                outcome: Outcome::Unknown,
                source: Arc::clone(&error),
            })));
        }
        error.kind().into()
    }

    /// Moves frames until nobody uses the connection any more, or it breaks.
    async fn exchange(
        &mut self,
        stream: TcpStream,
        requests: &mut mpsc::Receiver<Outgoing>,
    ) -> io::Result<()> {
        let limits = self.dialler.limits;
        let (from, mut to) = stream.into_split();
        let decoder = FrameDecoder {
            payload_bytes: limits.payload_bytes,
        };
        let mut frames = FramedRead::with_capacity(from, decoder, READ_BYTES);
        let mut last_request = Instant::now();
        let alarm = tokio::time::sleep(limits.idle);
        tokio::pin!(alarm);
        loop {
            tokio::select! {
                request = requests.recv(), if self.outbox.remaining() < limits.unsent_bytes => {
                    let Some(request) = request else { return Ok(()) };
                    last_request = Instant::now();
                    self.take_up(request);
                    self.take_up_more(requests);
                }
                frame = frames.next() => match frame {
                    Some(frame) => self.hand_back(frame?)?,
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
                written = self.outbox.write_some(&mut to, limits.stall),
                    if self.outbox.has_remaining() => written?,
                () = &mut alarm => {
                    self.sweep();
                    if self.waiting.is_empty() && last_request.elapsed() >= limits.idle {
                        return Ok(());
                    }
                    alarm.as_mut().reset(Instant::now() + limits.idle);
                }
            }
        }
    }

    /// Takes up what else is queued, so that it goes out in the same write.
    fn take_up_more(&mut self, requests: &mut mpsc::Receiver<Outgoing>) {
        while self.outbox.remaining() < self.dialler.limits.unsent_bytes {
            match requests.try_recv() {
                Ok(request) => self.take_up(request),
                Err(_empty_or_closed) => return,
            }
        }
    }

    /// Puts a request into the outbox, unless its caller gave it up.
    fn take_up(&mut self, request: Outgoing) {
        if request.claimed.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.waiting.len() >= self.sweep_at {
            self.sweep();
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let cluster = self.dialler.identity.cluster();
        self.outbox.push(Frame {
            kind: Kind::Request,
            id,
            cluster,
            payload: request.payload,
        });
        self.waiting.insert(
            id,
            Waiter {
                cluster,
                reply: request.reply,
            },
        );
    }

    /// Forgets waiters that gave up.
    fn sweep(&mut self) {
        self.waiting.retain(|_id, waiter| !waiter.reply.is_closed());
        self.sweep_at = SWEEP_MIN.max(self.waiting.len().saturating_mul(2));
    }

    /// Gives an answer to whoever waits for it.
    fn hand_back(&mut self, frame: Frame) -> io::Result<()> {
        self.dialler.heard.fetch_add(1, Ordering::Relaxed);
        if frame.kind == Kind::Request {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a listener sent a request",
            ));
        }
        // Nobody waits if the caller gave up.
        if let Some(waiter) = self.waiting.remove(&frame.id) {
            let answer = self.judge(frame, waiter.cluster);
            drop(waiter.reply.send(answer));
        }
        Ok(())
    }

    /// What a frame means to the one who waits for it.
    fn judge(&self, frame: Frame, ours: Option<ClusterId>) -> Result<Bytes, RpcError> {
        let Frame {
            kind,
            cluster,
            payload,
            ..
        } = frame;
        let addr = self.remote.addr;
        let identity = &self.dialler.identity;
        match kind {
            Kind::Conflict => Err(RpcError::ClusterConflict {
                conflict: identity.conflict(&self.remote, ours, cluster),
                outcome: Outcome::NotSent,
            }),
            Kind::Busy => Err(RpcError::Busy { addr }),
            Kind::Answer | Kind::Refusal | Kind::Request => {
                identity.admit(&self.remote, cluster).map_err(|conflict| {
                    RpcError::ClusterConflict {
                        conflict,
                        outcome: Outcome::Unknown,
                    }
                })?;
                if kind == Kind::Answer {
                    return Ok(payload);
                }
                let source = Refusal::new(String::from_utf8_lossy(&payload));
                Err(RpcError::Refused { addr, source })
            }
        }
    }
}
