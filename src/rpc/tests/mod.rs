//! The room as a whole: two agents over loopback, and agents that misbehave.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use super::frame::{Frame, Kind};
use super::*;
use crate::host::Real;
use crate::types::{ClusterId, NodeId};

/// More than anything here takes; a test that needs it has failed.
const LONG: Duration = Duration::from_secs(20);
/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(50);

/// An identity, and the cluster it will be in.
fn agent(number: u8, cluster: Option<u128>) -> (Identity, watch::Sender<Option<ClusterId>>) {
    let (sender, receiver) = watch::channel(cluster.map(ClusterId::new));
    let name = format!("s{number}").parse().unwrap();
    let node_id = NodeId::new(number.into());
    let identity = Identity::new(node_id, name, "dc1".parse().unwrap(), receiver);
    (identity, sender)
}

mod bounds;
mod door;
mod exchange;
mod faults;
mod sealed;

/// A service that does what the request says, and by default answers it with itself.
#[derive(Default)]
struct Script {
    begun: AtomicUsize,
    begun_one: Notify,
    go_on: Notify,
    ended: Notify,
}

impl Service for Script {
    fn call(&self, caller: Caller, payload: Bytes) -> BoxFuture<'_, Result<Bytes, Refusal>> {
        async move {
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.begun_one.notify_one();
            match payload.as_ref() {
                b"who" => Ok(caller.remote.party.to_string().into()),
                b"may be server" => Ok(caller.may_be_server.to_string().into()),
                b"refuse" => Err(Refusal::new("not the leader")),
                b"refuse at length" => Err(Refusal::new("é".repeat(10_000))),
                b"answer at length" => Ok(Bytes::from(vec![0; 100])),
                b"panic" => panic!("a fault in the service"),
                b"wait" => {
                    self.go_on.notified().await;
                    self.ended.notify_one();
                    Ok(payload)
                }
                _ => Ok(payload),
            }
        }
        .boxed()
    }
}

/// A listener that runs, and the word that stops it.
struct Served {
    addr: SocketAddr,
    script: Arc<Script>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn serve_at(addr: SocketAddr, identity: Identity, limits: Limits) -> Served {
    let listener = Listener::with_limits(&Real, addr, identity, limits).unwrap();
    let addr = listener.addr();
    let script = Arc::new(Script::default());
    let (stop, stopped) = oneshot::channel();
    let service = Arc::clone(&script);
    let task = tokio::spawn(async move { listener.serve(service, stopped.map(drop)).await });
    Served {
        addr,
        script,
        stop,
        task,
    }
}

fn serve(identity: Identity) -> Served {
    serve_at(loopback(), identity, Limits::default())
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// Reads until the other side closes; a reset counts too.
async fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    match tokio::time::timeout(LONG, stream.read_to_end(&mut got)).await {
        Ok(Ok(_count)) => got,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => got,
        other => panic!("not closed: {other:?}"),
    }
}

/// A listener of ours that greets each connection and leaves the rest to the test.
async fn greet_by_hand(socket: &TcpListener, identity: &Identity) -> TcpStream {
    let (mut stream, _from) = socket.accept().await.unwrap();
    let first = hello::first(&mut stream).await.unwrap();
    hello::receive(first, &mut stream).await.unwrap();
    hello::send(&mut stream, identity).await.unwrap();
    stream
}

/// A caller of ours that greets a listener and leaves the rest to the test.
async fn dial_by_hand(addr: SocketAddr, identity: &Identity) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    hello::send(&mut stream, identity).await.unwrap();
    let first = hello::first(&mut stream).await.unwrap();
    hello::receive(first, &mut stream).await.unwrap();
    stream
}

/// Answers a request of one byte with itself.
async fn echo_by_hand(stream: &mut TcpStream) {
    let mut request = [0; 30];
    stream.read_exact(&mut request).await.unwrap();
    // The kind: an answer.
    request[4] = 2;
    stream.write_all(&request).await.unwrap();
}

/// The bytes of a request from a blank agent.
fn request(id: u64, text: &'static str) -> BytesMut {
    let frame = Frame {
        kind: Kind::Request,
        id,
        cluster: None,
        payload: bytes(text),
    };
    let mut out = BytesMut::new();
    frame.put_head(&mut out);
    out.extend_from_slice(&frame.payload);
    out
}
