//! Dials: the first segment is sent again until somebody listens or refuses, and makes a stream of two
//! pipes.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::stream::{Pipe, SimStream};
use super::{Event, Inner, Net, wake};

/// A dial that is under way.
pub(super) struct Dialling {
    from: SocketAddr,
    to: SocketAddr,
    life: u64,
    sends: u32,
    result: Option<io::Result<SimStream>>,
    waker: Option<Waker>,
}

/// A dial; dropped, it is given up.
pub struct Dial {
    net: Net,
    number: u64,
}

impl Net {
    /// Dials from an address to another.
    pub fn dial(&self, from: std::net::IpAddr, to: SocketAddr) -> Dial {
        let mut inner = self.inner();
        inner.next_port = inner.next_port.checked_add(1).unwrap_or(40_000);
        inner.next_pipe += 1;
        let number = inner.next_pipe;
        let from = SocketAddr::new(from, inner.next_port);
        let dialling = Dialling {
            from,
            to,
            life: inner.life(from.ip()),
            sends: 0,
            result: None,
            waker: None,
        };
        inner.dials.insert(number, dialling);
        let due = inner.arrival();
        inner.schedule(due, Event::Syn(number));
        drop(inner);
        Dial {
            net: self.clone(),
            number,
        }
    }
}

impl Future for Dial {
    type Output = io::Result<SimStream>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut inner = self.net.inner();
        let Some(dialling) = inner.dials.get_mut(&self.number) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        match dialling.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                dialling.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        let gone = self.net.inner().dials.remove(&self.number);
        drop(gone);
    }
}

impl Inner {
    /// A first segment arrives, or is sent again.
    pub(super) fn syn(net: &Net, inner: &mut Self, number: u64) {
        let Some(dialling) = inner.dials.get(&number) else {
            return;
        };
        let (from, to, life) = (dialling.from, dialling.to, dialling.life);
        let is_lost = inner.is_cut(from, to) || inner.is_cut(to, from) || !inner.is_up(to.ip());
        if is_lost {
            // Linux sends a SYN again after 1, 3, 7 s.
            let sends = inner.dials.get_mut(&number).map_or(0, |dialling| {
                dialling.sends += 1;
                dialling.sends
            });
            let due = inner.now + (1_000 << sends.min(4)) / 2;
            inner.schedule(due, Event::Syn(number));
            return;
        }
        let result = if inner.listeners.contains_key(&to) {
            let lives = (life, inner.life(to.ip()));
            inner.next_pipe += 2;
            let (there, back) = (inner.next_pipe, inner.next_pipe + 1);
            inner.next_pipe += 1;
            inner.pipes.insert(there, Pipe::new(from, to, lives));
            let lives = (lives.1, lives.0);
            inner.pipes.insert(back, Pipe::new(to, from, lives));
            let end = |reads, writes| SimStream {
                net: net.clone(),
                reads,
                writes,
            };
            if let Some(listening) = inner.listeners.get_mut(&to) {
                listening.queue.push_back((end(there, back), from));
                wake(&mut listening.waker);
            }
            Ok(end(back, there))
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        };
        if let Some(dialling) = inner.dials.get_mut(&number) {
            dialling.result = Some(result);
            wake(&mut dialling.waker);
        }
    }
}
