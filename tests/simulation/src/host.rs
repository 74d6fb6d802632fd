//! The computer as an agent in the simulation sees it.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use quorate::host::{Datagrams, Host, Listener, Store, Stream};
use quorate_providers::{Dns, DnsError, Environment, Found, Io};

use crate::cloud::Cloud;
use crate::disk::Disk;
use crate::net::Net;

/// Milliseconds since 1970 at which every simulation begins.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// A simulated computer's network card, clock and disk.
#[derive(Debug, Clone)]
pub struct SimHost {
    /// The network that it is in.
    pub net: Net,
    /// Its address.
    pub ip: IpAddr,
    /// Its disk.
    pub disk: Disk,
}

impl SimHost {
    /// What DNS names resolve to here, and what a cloud's API lists.
    pub fn discovery(&self) -> Io {
        let view = View {
            net: self.net.clone(),
            ip: self.ip,
        };
        let cloud = Cloud::new(self.net.clone(), self.ip);
        Io::new(Environment::fixed([]), view).with_http(cloud)
    }
}

impl Host for SimHost {
    fn listen(&self, addr: SocketAddr) -> io::Result<Box<dyn Listener>> {
        if !self.net.listen(addr) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let net = self.net.clone();
        Ok(Box::new(SimListener { net, addr }))
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        let dial = self.net.dial(self.ip, to);
        async move {
            let stream: Stream = Box::new(dial.await?);
            Ok(stream)
        }
        .boxed()
    }

    fn datagrams(&self, addr: SocketAddr) -> io::Result<Arc<dyn Datagrams>> {
        if !self.net.open_port(addr) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let net = self.net.clone();
        Ok(Arc::new(SimPort { net, addr }))
    }

    fn now_ms(&self) -> u64 {
        EPOCH_MS + self.net.now()
    }

    fn store(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(self.disk.clone()))
    }
}

/// What names resolve to, seen from one address.
#[derive(Debug)]
struct View {
    net: Net,
    ip: IpAddr,
}

impl Dns for View {
    fn addresses<'a>(&'a self, host: &'a str) -> quorate_providers::BoxFuture<'a, Found> {
        let found = self.net.view(self.ip);
        let found = if found.is_empty() {
            let host = host.to_owned();
            Err(DnsError::NoAddress { host })
        } else {
            Ok(found)
        };
        Box::pin(std::future::ready(found))
    }
}

#[derive(Debug)]
struct SimListener {
    net: Net,
    addr: SocketAddr,
}

impl Listener for SimListener {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn accept(&self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        poll_fn(
            |context| match self.net.accept(self.addr, context.waker()) {
                Some((stream, from)) => {
                    let stream: Stream = Box::new(stream);
                    Poll::Ready(Ok((stream, from)))
                }
                None => Poll::Pending,
            },
        )
        .boxed()
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.net.stop_listening(self.addr);
    }
}

#[derive(Debug)]
struct SimPort {
    net: Net,
    addr: SocketAddr,
}

impl Datagrams for SimPort {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.net.send(self.addr, to, datagram);
        Ok(())
    }

    fn receive<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> BoxFuture<'a, io::Result<(usize, SocketAddr)>> {
        poll_fn(
            move |context| match self.net.receive(self.addr, context.waker()) {
                Some((from, bytes)) => {
                    let count = bytes.len().min(buffer.len());
                    buffer[..count].copy_from_slice(&bytes[..count]);
                    Poll::Ready(Ok((count, from)))
                }
                None => Poll::Pending,
            },
        )
        .boxed()
    }
}

impl Drop for SimPort {
    fn drop(&mut self) {
        self.net.close_port(self.addr);
    }
}
