//! Opens the two ports of one gossip address.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::gossip::error::GossipError;
use crate::host::{Datagrams, Host, Listener};

/// How many ports are tried when any port will do: one that is free for TCP may be taken for UDP.
const PORTS_TRIED: u8 = 16;

/// A port for streams and one for datagrams at the same address.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// Where streams come in.
    pub(crate) listener: Box<dyn Listener>,
    /// Where datagrams come in and go out.
    pub(crate) socket: Arc<dyn Datagrams>,
    /// Where both listen.
    pub(crate) addr: SocketAddr,
}

/// Listens at an address over TCP and UDP. Port 0 takes a port that is free for both.
///
/// # Errors
/// One of the two cannot listen there.
pub(crate) fn bind(host: &dyn Host, addr: SocketAddr) -> Result<Sockets, GossipError> {
    let mut tried = try_bind(host, addr);
    for _ in 1..PORTS_TRIED {
        if addr.port() != 0 || tried.is_ok() {
            break;
        }
        tried = try_bind(host, addr);
    }
    tried
}

fn try_bind(host: &dyn Host, addr: SocketAddr) -> Result<Sockets, GossipError> {
    let fail = |protocol, addr| {
        move |source| GossipError::Bind {
            protocol,
            addr,
            source,
        }
    };
    let listener = host.listen(addr).map_err(fail("TCP", addr))?;
    let addr = listener.addr();
    let socket = host.datagrams(addr).map_err(fail("UDP", addr))?;
    Ok(Sockets {
        listener,
        socket,
        addr,
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::TcpListener;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::host::{Real, Store, Stream};

    fn any_port() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    /// A computer on which somebody else has every UDP port. Real ports would not do: one that is
    /// taken for UDP may be taken for TCP too, by another test.
    #[derive(Debug)]
    struct WithoutUdp;

    impl Host for WithoutUdp {
        fn listen(&self, addr: SocketAddr) -> io::Result<Box<dyn Listener>> {
            Real.listen(addr)
        }

        fn connect(&self, to: SocketAddr) -> BoxFuture<'_, io::Result<Stream>> {
            Real.connect(to)
        }

        fn datagrams(&self, _addr: SocketAddr) -> io::Result<Arc<dyn Datagrams>> {
            Err(io::ErrorKind::AddrInUse.into())
        }

        fn now_ms(&self) -> u64 {
            Real.now_ms()
        }

        fn store(&self) -> Option<Arc<dyn Store>> {
            None
        }
    }

    #[tokio::test]
    async fn both_sockets_have_one_port() {
        let sockets = bind(&Real, any_port()).unwrap();
        assert_eq!(sockets.listener.addr(), sockets.addr);
        assert_eq!(sockets.socket.addr(), sockets.addr);
    }

    #[tokio::test]
    async fn an_address_in_use_is_named_with_its_protocol() {
        let taken = TcpListener::bind(any_port()).unwrap();
        let addr = taken.local_addr().unwrap();
        let error = bind(&Real, addr).unwrap_err();
        assert!(matches!(error, GossipError::Bind { protocol: "TCP", addr: a, .. } if a == addr));
        assert!(error.to_string().contains(&addr.to_string()));

        let error = bind(&WithoutUdp, any_port()).unwrap_err();
        let GossipError::Bind { protocol, addr, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*protocol, "UDP");
        assert!(error.to_string().contains(&addr.to_string()));
    }
}
