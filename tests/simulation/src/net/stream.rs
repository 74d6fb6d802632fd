//! Streams: bytes in order, sent again while a link is cut, reset when the other end is gone.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rand::RngExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Event, Inner, Net, wake};

/// Bytes that may be on the wire or unread, one way.
const WINDOW_BYTES: usize = 256 << 10;
/// The largest segment.
const SEGMENT_BYTES: usize = 64 << 10;
/// The first pause before a segment is sent again, in milliseconds; it doubles (RFC 6298 has 1 s,
/// Linux 200 ms).
const RESEND_MS: u64 = 200;
/// The longest such pause.
const RESEND_MAX_MS: u64 = 5_000;
/// How often a segment is sent before the stream is given up.
const SENDS_MAX: u32 = 12;

/// One direction of a stream.
pub(super) struct Pipe {
    from: SocketAddr,
    to: SocketAddr,
    /// The life of the writer's and of the reader's computer in which it was made.
    lives: (u64, u64),
    /// What is on the wire, in order; an empty one is the end.
    wire: VecDeque<(u64, Vec<u8>)>,
    wire_bytes: usize,
    sends: u32,
    buffer: VecDeque<u8>,
    has_ended: bool,
    is_reset: bool,
    /// The reader has dropped its end.
    is_unread: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// One end of a stream.
pub struct SimStream {
    pub(super) net: Net,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl fmt::Debug for SimStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {}", self.reads.max(self.writes))
    }
}

impl Inner {
    /// Segments of a pipe arrive, or are sent again.
    pub(super) fn segment(&mut self, number: u64) {
        loop {
            let now = self.now;
            let Some(pipe) = self.pipes.get(&number) else {
                return;
            };
            let (from, to, lives) = (pipe.from, pipe.to, pipe.lives);
            let is_lost = self.is_cut(from, to) || self.is_cut(to, from) || !self.is_up(to.ip());
            let is_stranger = self.life(to.ip()) != lives.1;
            let is_dead = self.life(from.ip()) != lives.0;
            let Some(pipe) = self.pipes.get_mut(&number) else {
                return;
            };
            let Some((due, _)) = pipe.wire.front() else {
                return;
            };
            if *due > now {
                let due = *due;
                return self.schedule(due, Event::Segment(number));
            }
            if is_dead {
                pipe.wire.clear();
                return;
            }
            if is_lost {
                pipe.sends += 1;
                if pipe.sends > SENDS_MAX {
                    return self.reset(number);
                }
                let pause = (RESEND_MS << pipe.sends.min(10)).min(RESEND_MAX_MS);
                return self.schedule(now + pause, Event::Segment(number));
            }
            if is_stranger || pipe.is_unread {
                return self.reset(number);
            }
            pipe.sends = 0;
            let Some((_, bytes)) = pipe.wire.pop_front() else {
                return;
            };
            if bytes.is_empty() {
                pipe.has_ended = true;
            } else {
                pipe.wire_bytes -= bytes.len();
                pipe.buffer.extend(bytes);
            }
            wake(&mut pipe.reader);
        }
    }

    /// The writer of a pipe learns that the other end is gone, and so does its reading half.
    fn reset(&mut self, number: u64) {
        // A stream's two pipes have numbers that differ in the last place: the first is even or
        // odd as it comes, its twin is the next.
        let twin = self.twin(number);
        for pipe in [Some(number), twin].into_iter().flatten() {
            if let Some(pipe) = self.pipes.get_mut(&pipe) {
                pipe.is_reset = true;
                pipe.wire.clear();
                wake(&mut pipe.writer);
                wake(&mut pipe.reader);
            }
        }
    }

    fn twin(&self, number: u64) -> Option<u64> {
        let pipe = self.pipes.get(&number)?;
        [number + 1, number.wrapping_sub(1)]
            .into_iter()
            .find(|other| {
                let is_twin = |twin: &Pipe| twin.from == pipe.to && twin.to == pipe.from;
                self.pipes.get(other).is_some_and(is_twin)
            })
    }
}

impl Pipe {
    pub(super) fn new(from: SocketAddr, to: SocketAddr, lives: (u64, u64)) -> Self {
        Self {
            from,
            to,
            lives,
            wire: VecDeque::new(),
            wire_bytes: 0,
            sends: 0,
            buffer: VecDeque::new(),
            has_ended: false,
            is_reset: false,
            is_unread: false,
            reader: None,
            writer: None,
        }
    }
}

impl SimStream {
    /// Puts a segment on the wire; an empty one ends the stream.
    fn push(inner: &mut Inner, number: u64, bytes: Vec<u8>) {
        let mut due = inner.arrival();
        let loss = inner.weather.loss;
        if inner.rng.random_bool(loss) {
            due += RESEND_MS;
        }
        let Some(pipe) = inner.pipes.get_mut(&number) else {
            return;
        };
        if let Some((last, _)) = pipe.wire.back() {
            due = due.max(*last);
        }
        pipe.wire_bytes += bytes.len();
        pipe.wire.push_back((due, bytes));
        if pipe.wire.len() == 1 {
            inner.schedule(due, Event::Segment(number));
        }
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.net.inner();
        let Some(pipe) = inner.pipes.get_mut(&self.reads) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if !pipe.buffer.is_empty() {
            let count = pipe.buffer.len().min(buffer.remaining());
            let bytes: Vec<u8> = pipe.buffer.drain(..count).collect();
            buffer.put_slice(&bytes);
            wake(&mut pipe.writer);
            return Poll::Ready(Ok(()));
        }
        if pipe.has_ended {
            return Poll::Ready(Ok(()));
        }
        if pipe.is_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        pipe.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.net.inner();
        let Some(pipe) = inner.pipes.get_mut(&self.writes) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if pipe.is_reset {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = WINDOW_BYTES.saturating_sub(pipe.wire_bytes + pipe.buffer.len());
        if room == 0 {
            pipe.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = bytes.len().min(room).min(SEGMENT_BYTES);
        if count > 0 {
            Self::push(&mut inner, self.writes, bytes[..count].to_vec());
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.net.inner();
        Self::push(&mut inner, self.writes, Vec::new());
        Poll::Ready(Ok(()))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        let Ok(mut inner) = self.net.0.lock() else {
            return;
        };
        if let Some(pipe) = inner.pipes.get_mut(&self.reads) {
            pipe.is_unread = true;
            pipe.buffer.clear();
            wake(&mut pipe.writer);
        }
        Self::push(&mut inner, self.writes, Vec::new());
        let is_over = |inner: &Inner, number| inner.pipes.get(&number).is_none_or(|p| p.is_unread);
        if is_over(&inner, self.writes) {
            inner.pipes.remove(&self.reads);
            inner.pipes.remove(&self.writes);
        }
    }
}
