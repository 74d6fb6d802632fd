//! The listener's side of one connection: requests in, answers out, in the order they are ready.

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::codec::FramedRead;

use super::frame::{Frame, FrameDecoder, Kind, READ_BYTES};
use super::listener::{Door, pass_panic_on};
use super::outbox::Outbox;
use super::{Caller, Refusal, Remote, Service};
use crate::host::Stream;

/// The longest reason of a refusal that is sent, in bytes.
const REASON_BYTES_MAX: usize = 4 << 10;

/// A request that was run.
struct Done {
    id: u64,
    /// Size of the request, to be taken off what runs.
    bytes: usize,
    answer: Result<Bytes, Refusal>,
}

/// One connection that passed the hello.
pub(super) struct Inbound<S> {
    door: Arc<Door<S>>,
    remote: Arc<Remote>,
    may_be_server: bool,
    running: JoinSet<Done>,
    /// Payload bytes of the requests in `running`.
    running_bytes: usize,
    /// The id after the last request that was read.
    next_id: u64,
    outbox: Outbox,
}

impl<S: Service> Inbound<S> {
    pub(super) fn new(door: Arc<Door<S>>, remote: Arc<Remote>, may_be_server: bool) -> Self {
        Self {
            door,
            remote,
            may_be_server,
            running: JoinSet::new(),
            running_bytes: 0,
            next_id: 0,
            outbox: Outbox::default(),
        }
    }

    /// Serves until the caller closes, or nothing happens for twice the idle time. Requests that
    /// run by then run to their end, unanswered. Told to stop, it says so to the caller, who closes
    /// once the last answer is there: closed by this side, the socket could lose it.
    pub(super) async fn run(mut self, stream: Stream) -> io::Result<()> {
        let ended = self.serve(stream).await;
        while let Some(done) = self.running.join_next().await {
            pass_panic_on(done);
        }
        ended
    }

    async fn serve(&mut self, stream: Stream) -> io::Result<()> {
        let limits = self.door.limits;
        let stop = self.door.stop.clone();
        let (from, mut to) = tokio::io::split(stream);
        let decoder = FrameDecoder {
            payload_bytes: limits.payload_bytes,
        };
        let mut frames = FramedRead::with_capacity(from, decoder, READ_BYTES);
        let rest = limits.idle.saturating_mul(2);
        let mut last_frame = Instant::now();
        let alarm = tokio::time::sleep(rest);
        tokio::pin!(alarm);
        let mut stopping = false;
        loop {
            tokio::select! {
                frame = frames.next(), if self.has_room() => {
                    let Some(frame) = frame else { return Ok(()) };
                    last_frame = Instant::now();
                    // What comes now was sent before the caller heard that we stop: it was told
                    // by the same frame that none of it is run.
                    if !stopping {
                        self.take(frame?)?;
                    }
                }
                Some(done) = self.running.join_next() => self.answer(done),
                written = self.outbox.write_some(&mut to, limits.stall),
                    if self.outbox.has_work() => written?,
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.send(Kind::Closing, self.next_id, Bytes::new());
                }
                () = &mut alarm => {
                    if self.is_quiet() && last_frame.elapsed() >= rest {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    alarm.as_mut().reset(Instant::now() + rest);
                }
            }
        }
    }

    /// Nothing runs and nothing waits to be written.
    fn is_quiet(&self) -> bool {
        self.running.is_empty() && !self.outbox.has_work()
    }

    /// Another request may be read.
    fn has_room(&self) -> bool {
        self.running_bytes < self.door.limits.running_bytes
            && self.outbox.remaining() < self.door.limits.unsent_bytes
    }

    /// Takes one request: to the door, then to the service.
    fn take(&mut self, frame: Frame) -> io::Result<()> {
        let Frame {
            kind,
            id,
            cluster,
            payload,
        } = frame;
        if kind != Kind::Request {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a caller sent something other than a request",
            ));
        }
        self.next_id = id.wrapping_add(1);
        if self.door.identity.admit(&self.remote, cluster).is_err() {
            self.send(Kind::Conflict, id, Bytes::new());
            return Ok(());
        }
        let permit = Arc::clone(&self.door.running_total).try_acquire_owned();
        let Some(permit) = permit
            .ok()
            .filter(|_permit| self.running.len() < self.door.limits.running)
        else {
            self.send(Kind::Busy, id, Bytes::new());
            return Ok(());
        };
        let bytes = payload.len();
        self.running_bytes = self.running_bytes.saturating_add(bytes);
        let caller = Caller {
            remote: Arc::clone(&self.remote),
            cluster,
            may_be_server: self.may_be_server,
        };
        let service = Arc::clone(&self.door.service);
        self.running.spawn(async move {
            let answer = service.call(caller, payload).await;
            drop(permit);
            Done { id, bytes, answer }
        });
        Ok(())
    }

    /// Sends what a request came to, and whatever else is ready with it.
    fn answer(&mut self, done: Result<Done, JoinError>) {
        let mut next = Some(done);
        while let Some(done) = next {
            self.answer_one(done);
            next = self.running.try_join_next();
        }
    }

    fn answer_one(&mut self, done: Result<Done, JoinError>) {
        let Some(Done { id, bytes, answer }) = pass_panic_on(done) else {
            return;
        };
        self.running_bytes = self.running_bytes.saturating_sub(bytes);
        match answer {
            Ok(payload) if payload.len() > self.door.limits.payload_bytes => {
                let reason = format!("the answer of {} bytes is too long", payload.len());
                self.send(Kind::Refusal, id, reason.into());
            }
            Ok(payload) => self.send(Kind::Answer, id, payload),
            Err(Refusal { mut reason }) => {
                reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
                self.send(Kind::Refusal, id, reason.into());
            }
        }
    }

    fn send(&mut self, kind: Kind, id: u64, payload: Bytes) {
        self.outbox.push(Frame {
            kind,
            id,
            cluster: self.door.identity.cluster(),
            payload,
        });
    }
}
