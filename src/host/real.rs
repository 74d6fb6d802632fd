//! The computer itself.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

use super::{Datagrams, Host, Listener, Store, Stream};

/// Connections that may wait to be accepted; what tokio asks for by default.
const BACKLOG: u32 = 1024;

/// The computer itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Real;

impl Host for Real {
    fn listen(&self, addr: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // A port whose last owner has just ended is free; one that is listened on is not.
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        let socket = socket.listen(BACKLOG)?;
        let addr = socket.local_addr()?;
        Ok(Box::new(Listening { socket, addr }))
    }

    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
        async move { ready(TcpStream::connect(to).await?) }.boxed()
    }

    fn datagrams(&self, addr: SocketAddr) -> io::Result<Arc<dyn Datagrams>> {
        let sending = std::net::UdpSocket::bind(addr)?;
        sending.set_nonblocking(true)?;
        let addr = sending.local_addr()?;
        let receiving = UdpSocket::from_std(sending.try_clone()?)?;
        Ok(Arc::new(Port {
            sending,
            receiving,
            addr,
        }))
    }

    fn now_ms(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }

    fn store(&self) -> Option<Arc<dyn Store>> {
        None
    }
}

/// Messages are small and wait for answers: Nagle's algorithm would add 40 ms to them.
fn ready(stream: TcpStream) -> io::Result<Stream> {
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

#[derive(Debug)]
struct Listening {
    socket: TcpListener,
    addr: SocketAddr,
}

impl Listener for Listening {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn accept(&self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>> {
        async {
            let (stream, from) = self.socket.accept().await?;
            Ok((ready(stream)?, from))
        }
        .boxed()
    }
}

#[derive(Debug)]
struct Port {
    /// Sends without tokio, which would hold back the first datagrams until it has heard from
    /// the system that there is room.
    sending: std::net::UdpSocket,
    receiving: UdpSocket,
    addr: SocketAddr,
}

impl Datagrams for Port {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.sending.send_to(datagram, to).map(drop)
    }

    fn receive<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> BoxFuture<'a, io::Result<(usize, SocketAddr)>> {
        self.receiving.recv_from(buffer).boxed()
    }
}
