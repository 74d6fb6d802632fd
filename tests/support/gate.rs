//! A gate before one agent: the address that it advertises, with a server port that can be shut
//! while gossip goes on.
//!
//! No right and no firewall is needed: the agent binds another address and advertises the gate's,
//! which passes on what comes to 8301 (TCP and UDP) always and what comes to 8300 while it is
//! open. What the agent itself sends does not come through here.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Ports of servers and of gossip.
const SERVER: u16 = 8300;
const GOSSIP: u16 = 8301;
/// The longest datagram there is.
const DATAGRAM_MAX: usize = 1 << 16;

/// What happens to whoever comes to the server port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// He is let through.
    Open,
    /// He is connected and hears nothing, and nothing that he says arrives.
    Silent,
    /// His connection is refused, or closed.
    Refusing,
}

/// The gate; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Gate {
    door: watch::Sender<Door>,
    _tasks: JoinSet<()>,
}

impl Gate {
    /// Opens a gate at one address before the agent at another.
    pub(crate) async fn open(front: Ipv4Addr, behind: Ipv4Addr) -> Self {
        let (door, seen) = watch::channel(Door::Open);
        let gossip = TcpListener::bind((front, GOSSIP)).await.unwrap();
        let datagrams = UdpSocket::bind((front, GOSSIP)).await.unwrap();
        let servers = TcpListener::bind((front, SERVER)).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(pass_datagrams(datagrams, (behind, GOSSIP).into()));
        tasks.spawn(pass_streams(gossip, (behind, GOSSIP).into()));
        tasks.spawn(guard(servers, (behind, SERVER).into(), seen));
        Self {
            door,
            _tasks: tasks,
        }
    }

    /// Sets the door of the server port, for connections that are open and for new ones.
    pub(crate) fn set(&self, door: Door) {
        self.door.send_replace(door);
    }
}

async fn pass_datagrams(socket: UdpSocket, to: SocketAddr) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    while let Ok((len, _from)) = socket.recv_from(&mut buffer).await {
        // One that does not arrive is a lost one, as on any network.
        let _lost = socket.send_to(&buffer[..len], to).await;
    }
}

async fn pass_streams(listener: TcpListener, to: SocketAddr) {
    let mut open = JoinSet::new();
    while let Ok((stream, _from)) = listener.accept().await {
        open.spawn(pass(stream, to));
    }
}

async fn pass(mut from: TcpStream, to: SocketAddr) {
    if let Ok(mut to) = TcpStream::connect(to).await {
        // How it ends is for the two to judge.
        let _ended = copy_bidirectional(&mut from, &mut to).await;
    }
}

async fn guard(listener: TcpListener, to: SocketAddr, mut door: watch::Receiver<Door>) {
    let front = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    let mut open = JoinSet::new();
    loop {
        let now = *door.borrow_and_update();
        if now == Door::Refusing {
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(front).await.unwrap());
        }
        let came = async {
            match &listener {
                Some(listener) => listener.accept().await.unwrap().0,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = door.changed() => if changed.is_err() { return },
            stream = came => {
                open.spawn(pass_while_open(stream, to, door.clone()));
            }
        }
    }
}

/// Passes on while the door is open. After a silence the stream is closed: what was on its way is
/// lost.
async fn pass_while_open(mut stream: TcpStream, to: SocketAddr, mut door: watch::Receiver<Door>) {
    let is_open = *door.borrow_and_update() == Door::Open;
    if is_open && let Ok(mut onward) = TcpStream::connect(to).await {
        tokio::select! {
            _ended = copy_bidirectional(&mut stream, &mut onward) => return,
            _shut = door.wait_for(|now| *now != Door::Open) => {}
        }
    }
    let _opened = door.wait_for(|now| *now != Door::Silent).await;
}
