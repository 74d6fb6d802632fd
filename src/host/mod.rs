//! The host: what an agent has of the computer it runs on, that is network, wall clock and disk.
//!
//! A seam, and nothing more: [`Real`] hands every call to the system. An agent that is given another
//! host runs as it is in a simulated network on a simulated disk; the package `quorate-simulation`
//! does so. Time and chance are no part of it: timers are tokio's, whose clock a test can pause.

mod descriptors;
mod real;
mod regular;
mod store;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

pub use descriptors::{Refused, descriptor_share, raise_descriptor_limit};
pub use real::Real;
pub use regular::open_regular;
pub use store::{Storage, Store};

/// The computer that an agent runs on.
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// Listens for streams at an address; port 0 takes a free one. From here on others may
    /// connect. Called in a tokio runtime.
    ///
    /// # Errors
    /// The system's: the address is not this host's, or is in use.
    fn listen(&self, addr: SocketAddr) -> io::Result<Box<dyn Listener>>;

    /// Opens a stream to an address; small writes go out at once. Sets no time limit.
    ///
    /// # Errors
    /// The system's.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>>;

    /// Opens a port for datagrams at an address; port 0 takes a free one. Called in a tokio
    /// runtime.
    ///
    /// # Errors
    /// The system's: the address is not this host's, or is in use.
    fn datagrams(&self, addr: SocketAddr) -> io::Result<Arc<dyn Datagrams>>;

    /// Milliseconds since 1970, as the wall clock shows them. It may be wrong, and go back.
    fn now_ms(&self) -> u64;

    /// Where agents of this host keep what outlives them; `None`: in the directory that their
    /// configuration names.
    fn store(&self) -> Option<Arc<dyn Store>>;
}

/// A port that takes streams.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Where it listens, with the real port.
    fn addr(&self) -> SocketAddr;

    /// The next stream, and whose it is; small writes to it go out at once.
    ///
    /// # Errors
    /// The system's; mostly a want of file descriptors, which passes.
    ///
    /// # Cancel safety
    /// Safe.
    fn accept(&self) -> BoxFuture<'_, io::Result<(Stream, SocketAddr)>>;
}

/// A port for datagrams.
pub trait Datagrams: fmt::Debug + Send + Sync {
    /// Where it is, with the real port.
    fn addr(&self) -> SocketAddr;

    /// Hands a datagram to the system without waiting.
    ///
    /// # Errors
    /// The system's; `WouldBlock` if its queue is full. The datagram is lost then.
    fn send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()>;

    /// The next datagram: its length, cut to the buffer, and its sender.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// Safe.
    fn receive<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> BoxFuture<'a, io::Result<(usize, SocketAddr)>>;
}

/// A stream between two agents.
pub type Stream = Box<dyn Duplex>;

/// Bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + fmt::Debug + Send + Sync + Unpin> Duplex for T {}
