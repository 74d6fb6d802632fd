//! Opens the two sockets of one gossip address.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use crate::gossip::error::GossipError;

/// How many ports are tried when any port will do: one that is free for TCP may be taken for UDP.
const PORTS_TRIED: u8 = 16;

/// A listener and a socket at the same address; neither blocks.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// Where streams come in.
    pub(crate) listener: TcpListener,
    /// Where datagrams come in and go out.
    pub(crate) socket: UdpSocket,
    /// Where both listen.
    pub(crate) addr: SocketAddr,
}

/// Listens at an address over TCP and UDP. Port 0 takes a port that is free for both.
///
/// # Errors
/// One of the two cannot listen there.
pub(crate) fn bind(addr: SocketAddr) -> Result<Sockets, GossipError> {
    let mut tried = try_bind(addr);
    for _ in 1..PORTS_TRIED {
        if addr.port() != 0 || tried.is_ok() {
            break;
        }
        tried = try_bind(addr);
    }
    tried
}

fn try_bind(addr: SocketAddr) -> Result<Sockets, GossipError> {
    let fail = |protocol, addr| {
        move |source| GossipError::Bind {
            protocol,
            addr,
            source,
        }
    };
    let (listener, addr) = listen(addr).map_err(fail("TCP", addr))?;
    let socket = open(addr).map_err(fail("UDP", addr))?;
    Ok(Sockets {
        listener,
        socket,
        addr,
    })
}

fn listen(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

fn open(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(addr)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any_port() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn both_sockets_have_one_port() {
        let sockets = bind(any_port()).unwrap();
        assert_eq!(sockets.listener.local_addr().unwrap(), sockets.addr);
        assert_eq!(sockets.socket.local_addr().unwrap(), sockets.addr);
    }

    #[test]
    fn an_address_in_use_is_named_with_its_protocol() {
        let udp = UdpSocket::bind(any_port()).unwrap();
        let addr = udp.local_addr().unwrap();
        let error = bind(addr).unwrap_err();
        assert!(matches!(error, GossipError::Bind { protocol: "UDP", addr: a, .. } if a == addr));
        assert!(error.to_string().contains(&addr.to_string()));
    }
}
