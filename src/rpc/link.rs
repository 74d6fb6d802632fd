//! The caller's side of one connection while it stands: requests out, answers back to those who
//! wait.
//!
//! Owns the socket and the table of who waits. Whatever ends the connection, every waiter is told.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::codec::FramedRead;

use super::frame::{Frame, FrameDecoder, Kind, READ_BYTES};
use super::outbound::{Dialler, Outgoing};
use super::outbox::Outbox;
use super::{Outcome, Refusal, Remote, RpcError};
use crate::host::Stream;
use crate::tls::Fault;
use crate::types::ClusterId;

/// The table of waiters is searched for ones that gave up when it has grown to this, and again
/// each time it has doubled.
const SWEEP_MIN: usize = 64;

/// A request that was taken up.
struct Waiter {
    /// Our cluster as the request named it.
    cluster: Option<ClusterId>,
    reply: oneshot::Sender<Result<Bytes, RpcError>>,
}

/// A connection that passed the hello.
pub(super) struct Link<'a> {
    dialler: &'a Dialler,
    remote: Remote,
    waiting: HashMap<u64, Waiter>,
    sweep_at: usize,
    next_id: u64,
    /// The listener takes no more requests.
    is_closing: bool,
    /// A request was answered.
    is_proven: bool,
    outbox: Outbox,
}

impl<'a> Link<'a> {
    pub(super) fn new(dialler: &'a Dialler, remote: Remote) -> Self {
        Self {
            dialler,
            remote,
            waiting: HashMap::new(),
            sweep_at: SWEEP_MIN,
            next_id: 0,
            is_closing: false,
            is_proven: false,
            outbox: Outbox::default(),
        }
    }

    /// Runs to the connection's end, which every waiter is told, and gives its reason.
    pub(super) async fn run(
        mut self,
        stream: Stream,
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
        stream: Stream,
        requests: &mut mpsc::Receiver<Outgoing>,
    ) -> io::Result<()> {
        let limits = self.dialler.limits;
        let (from, mut to) = tokio::io::split(stream);
        let decoder = FrameDecoder {
            payload_bytes: limits.payload_bytes,
        };
        let mut frames = FramedRead::with_capacity(from, decoder, READ_BYTES);
        let mut last_request = Instant::now();
        let alarm = tokio::time::sleep(limits.idle);
        tokio::pin!(alarm);
        loop {
            tokio::select! {
                request = requests.recv(), if !self.is_closing && self.outbox.remaining() < limits.unsent_bytes => {
                    let Some(request) = request else { return Ok(()) };
                    last_request = Instant::now();
                    self.take_up(request);
                    self.take_up_more(requests);
                }
                frame = frames.next() => match frame {
                    Some(frame) => {
                        self.hand_back(frame?)?;
                        if self.is_closing {
                            self.refuse_queued(requests);
                            if self.waiting.is_empty() {
                                return Ok(());
                            }
                        }
                    }
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
                written = self.outbox.write_some(&mut to, limits.stall),
                    if self.outbox.has_work() => written?,
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
        if frame.kind == Kind::Closing {
            self.give_back(frame.id);
            return Ok(());
        }
        // Nobody waits if the caller gave up.
        if let Some(waiter) = self.waiting.remove(&frame.id) {
            let answer = self.judge(frame, waiter.cluster);
            self.heed(&answer);
            drop(waiter.reply.send(answer));
        }
        Ok(())
    }

    /// A certificate that does not serve stays the connection's to its end: the next request goes
    /// out on another, by when there may be a new one.
    fn heed(&mut self, answer: &Result<Bytes, RpcError>) {
        let tls = self.dialler.identity.tls();
        match answer {
            Ok(_) if !self.is_proven => {
                tls.well(self.remote.addr);
                self.is_proven = true;
            }
            Err(RpcError::Refused { source, .. }) => {
                if let Some(fault) = Fault::of_refusal(&source.reason) {
                    tls.note(self.remote.addr, false, &fault);
                    self.is_closing = true;
                }
            }
            _ => {}
        }
    }

    /// Takes no more requests, and tells those whose requests the listener did not take up.
    fn give_back(&mut self, from: u64) {
        self.is_closing = true;
        let not_sent = RpcError::Broken {
            addr: self.remote.addr,
            outcome: Outcome::NotSent,
            source: Arc::new(io::ErrorKind::ConnectionAborted.into()),
        };
        for (_id, waiter) in self.waiting.extract_if(|id, _waiter| *id >= from) {
            drop(waiter.reply.send(Err(not_sent.clone())));
        }
        self.sweep();
    }

    /// Tells those whose requests wait to be sent that they will not be.
    fn refuse_queued(&self, requests: &mut mpsc::Receiver<Outgoing>) {
        requests.close();
        while let Ok(request) = requests.try_recv() {
            drop(request.reply.send(Err(RpcError::Broken {
                addr: self.remote.addr,
                outcome: Outcome::NotSent,
                source: Arc::new(io::ErrorKind::ConnectionAborted.into()),
            })));
        }
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
            Kind::Answer | Kind::Refusal | Kind::Request | Kind::Closing => {
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::sync::watch;

    use super::super::{Identity, Limits};
    use super::*;
    use crate::host::Real;
    use crate::types::NodeId;

    #[test]
    fn callers_that_gave_up_do_not_fill_the_table() {
        let (_sender, cluster) = watch::channel(None);
        let (name, datacenter) = ("s1".parse().unwrap(), "dc1".parse().unwrap());
        let identity = Identity::new(NodeId::new(1), name, datacenter, cluster);
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let party = identity.party();
        let dialler = Dialler {
            addr,
            host: Arc::new(Real),
            identity,
            limits: Limits::default(),
            heard: Arc::default(),
        };
        let mut link = Link::new(&dialler, Remote { party, addr });
        let mut kept = Vec::new();
        for number in 0..10_000 {
            let (reply, answer) = oneshot::channel();
            link.take_up(Outgoing {
                payload: Bytes::new(),
                claimed: Arc::default(),
                reply,
            });
            if number % 100 == 0 {
                kept.push(answer);
            }
        }
        assert!(
            link.waiting.len() <= 4 * SWEEP_MIN,
            "{}",
            link.waiting.len()
        );
        link.sweep();
        assert_eq!(link.waiting.len(), kept.len());
    }
}
