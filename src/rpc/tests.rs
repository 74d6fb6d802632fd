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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use super::frame::{Frame, Kind};
use super::*;
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

/// Answers `echo...` with itself, waits for a word on `wait`, and so on.
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
                b"refuse" => Err(Refusal::new("not the leader")),
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

async fn serve_at(addr: SocketAddr, identity: Identity, limits: Limits) -> Served {
    let listener = Listener::with_limits(addr, identity, limits).await.unwrap();
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

async fn serve(identity: Identity) -> Served {
    serve_at(loopback(), identity, Limits::default()).await
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
    hello::receive(&mut stream).await.unwrap();
    hello::send(&mut stream, identity).await.unwrap();
    stream
}

/// A caller of ours that greets a listener and leaves the rest to the test.
async fn dial_by_hand(addr: SocketAddr, identity: &Identity) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    hello::send(&mut stream, identity).await.unwrap();
    hello::receive(&mut stream).await.unwrap();
    stream
}

#[tokio::test]
async fn many_requests_at_once_each_get_their_own_answer() {
    let served = serve(agent(1, Some(7)).0).await;
    let pool = Pool::new(agent(2, Some(7)).0);
    let calls = (0..500_usize).map(|number| {
        let payload = Bytes::from(number.to_string().repeat(1 + number * 7 % 900));
        let pool = &pool;
        async move {
            let answer = pool.call(served.addr, payload.clone(), LONG).await;
            assert_eq!(answer.unwrap(), payload);
        }
    });
    join_all(calls).await;
    assert_eq!(served.script.begun.load(Ordering::SeqCst), 500);
}

#[tokio::test]
async fn an_answer_of_many_megabytes_arrives_whole() {
    let served = serve(agent(1, None).0).await;
    let pool = Pool::new(agent(2, None).0);
    let payload: Bytes = (0..8 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    let answer = pool.call(served.addr, payload.clone(), LONG).await.unwrap();
    assert!(answer == payload);
}

#[tokio::test]
async fn a_slow_answer_does_not_hold_up_a_quick_one() {
    let served = serve(agent(1, None).0).await;
    let pool = Pool::new(agent(2, None).0);
    let slow = pool.call(served.addr, bytes("wait"), LONG);
    let quick = async {
        served.script.begun_one.notified().await;
        let quick = pool.call(served.addr, bytes("quick"), LONG).await.unwrap();
        served.script.go_on.notify_one();
        quick
    };
    let (slow, quick) = tokio::join!(slow, quick);
    assert_eq!((slow.unwrap(), quick), (bytes("wait"), bytes("quick")));
}

#[tokio::test]
async fn the_service_learns_who_calls_and_the_caller_why_it_refused() {
    let served = serve(agent(1, Some(7)).0).await;
    let pool = Pool::new(agent(2, None).0);
    let who = pool.call(served.addr, bytes("who"), LONG).await.unwrap();
    assert_eq!(
        who,
        "s2 (00000000-0000-0000-0000-000000000002) of no cluster"
    );
    let error = pool.call(served.addr, bytes("refuse"), LONG).await;
    match error.unwrap_err() {
        RpcError::Refused { source, .. } => assert_eq!(source.reason, "not the leader"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn agents_of_two_clusters_refuse_each_other_at_the_hello_and_both_report_it() {
    let (listening, _a) = agent(1, Some(7));
    let (calling, _b) = agent(2, Some(8));
    let (seen_there, seen_here) = (listening.conflicts(), calling.conflicts());
    let served = serve(listening).await;
    let error = Pool::new(calling)
        .call(served.addr, bytes("x"), LONG)
        .await
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    let RpcError::ClusterConflict { conflict, .. } = error else {
        panic!("{error:?}");
    };
    let sides = |conflict: &Conflict| {
        [&conflict.own, &conflict.other]
            .map(|party| (party.name.to_string(), party.cluster.map(ClusterId::bits)))
    };
    let (one, two) = (("s1".to_owned(), Some(7)), ("s2".to_owned(), Some(8)));
    assert_eq!(sides(&conflict), [two.clone(), one.clone()]);
    assert_eq!(seen_here.borrow().count, 1);
    assert_eq!(seen_there.borrow().count, 1);
    assert_eq!(
        sides(seen_there.borrow().last.as_ref().unwrap()),
        [one, two]
    );
    assert_eq!(served.script.begun.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_request_of_another_cluster_is_refused_on_a_connection_that_was_good() {
    let (listening, _a) = agent(1, Some(7));
    let (calling, joins) = agent(2, None);
    let (seen_there, seen_here) = (listening.conflicts(), calling.conflicts());
    let served = serve(listening).await;
    let pool = Pool::new(calling);
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
    joins.send(Some(ClusterId::new(8))).unwrap();
    let error = pool.call(served.addr, bytes("x"), LONG).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(matches!(error, RpcError::ClusterConflict { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "cluster-conflict: s2 (00000000-0000-0000-0000-000000000002) of \
         cluster 00000000-0000-0000-0000-000000000008 met \
         s1 (00000000-0000-0000-0000-000000000001) of \
         cluster 00000000-0000-0000-0000-000000000007 at "
            .to_owned()
            + &served.addr.to_string()
    );
    assert_eq!(served.script.begun.load(Ordering::SeqCst), 1);
    assert_eq!(
        (seen_here.borrow().count, seen_there.borrow().count),
        (1, 1)
    );
}

#[tokio::test]
async fn an_answer_of_another_cluster_is_not_taken() {
    let (listening, joins) = agent(1, None);
    let (calling, _b) = agent(2, Some(8));
    let served = serve(listening).await;
    let pool = Pool::new(calling);
    let call = pool.call(served.addr, bytes("wait"), LONG);
    let join = async {
        served.script.begun_one.notified().await;
        joins.send(Some(ClusterId::new(7))).unwrap();
        served.script.go_on.notify_one();
    };
    let (answer, ()) = tokio::join!(call, join);
    let error = answer.unwrap_err();
    assert!(matches!(error, RpcError::ClusterConflict { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_blank_agent_talks_to_a_cluster_and_goes_on_once_it_joined() {
    let served = serve(agent(1, Some(7)).0).await;
    let (calling, joins) = agent(2, None);
    let pool = Pool::new(calling);
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
    joins.send(Some(ClusterId::new(7))).unwrap();
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_ends_within_a_request_leaves_the_outcome_unknown_at_once() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::new(agent(2, None).0);
    let peer = async {
        let mut stream = greet_by_hand(&socket, &other).await;
        stream.read_exact(&mut [0; 30]).await.unwrap();
    };
    let (answer, ()) = tokio::join!(pool.call(addr, bytes("x"), LONG), peer);
    let error = answer.unwrap_err();
    assert!(matches!(error, RpcError::Broken { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_restarted_peer_is_dialled_again() {
    let first = serve(agent(1, None).0).await;
    let pool = Pool::new(agent(2, None).0);
    pool.call(first.addr, bytes("x"), LONG).await.unwrap();
    first.stop.send(()).unwrap();
    first.task.await.unwrap();
    let error = pool.call(first.addr, bytes("x"), LONG).await.unwrap_err();
    assert_ne!(error.outcome(), Outcome::Answered);
    let second = serve_at(first.addr, agent(3, None).0, Limits::default()).await;
    let answer = pool.call(second.addr, bytes("x"), LONG).await.unwrap();
    assert_eq!(answer, "x");
}

#[tokio::test]
async fn an_address_where_nobody_listens_fails_at_once_and_unsent() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    drop(socket);
    let pool = Pool::new(agent(2, None).0);
    let error = pool.call(addr, bytes("x"), LONG).await.unwrap_err();
    assert!(matches!(error, RpcError::Unreachable { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[tokio::test]
async fn a_silent_peer_costs_the_deadline_and_then_its_connection() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::new(agent(2, None).0);
    let peer = async {
        let silent = greet_by_hand(&socket, &other).await;
        let mut fresh = greet_by_hand(&socket, &other).await;
        let mut request = [0; 30];
        fresh.read_exact(&mut request).await.unwrap();
        request[4] = 2;
        fresh.write_all(&request).await.unwrap();
        (silent, fresh)
    };
    let calls = async {
        let error = pool.call(addr, bytes("x"), SHORT).await.unwrap_err();
        let answer = pool.call(addr, bytes("y"), LONG).await;
        (error, answer)
    };
    let ((error, answer), _open) = tokio::join!(calls, peer);
    assert!(matches!(error, RpcError::Deadline { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(answer.unwrap(), "y");
}

#[tokio::test]
async fn a_dial_outlives_the_caller_that_began_it() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::new(agent(2, None).0);
    let error = pool.call(addr, bytes("x"), SHORT).await.unwrap_err();
    assert!(matches!(error, RpcError::Deadline { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    let peer = async {
        let mut stream = greet_by_hand(&socket, &other).await;
        let mut request = [0; 30];
        stream.read_exact(&mut request).await.unwrap();
        request[4] = 2;
        stream.write_all(&request).await.unwrap();
        stream
    };
    let (answer, _open) = tokio::join!(pool.call(addr, bytes("y"), LONG), peer);
    assert_eq!(answer.unwrap(), "y", "x was given up and must not be sent");
    assert!(socket.accept().now_or_never().is_none(), "dialled once");
}

#[tokio::test]
async fn a_listener_that_is_no_agent_is_named_as_one() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let pool = Pool::new(agent(2, None).0);
    let peer = async {
        let (mut stream, _from) = socket.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-x").await.unwrap();
        stream
    };
    let (answer, _open) = tokio::join!(pool.call(addr, bytes("x"), LONG), peer);
    match answer.unwrap_err() {
        RpcError::Hello { source, .. } => assert_eq!(source, HelloError::Stranger),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_version_is_told_ours_before_the_connection_ends() {
    let served = serve(agent(1, None).0).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(b"qrte\x00\x09\x00\x00").await.unwrap();
    let got = read_to_close(&mut stream).await;
    assert_eq!(got[..6], *b"qrte\x00\x01");
}

#[tokio::test]
async fn a_caller_without_a_hello_is_closed_after_the_deadline() {
    let limits = Limits {
        hello: SHORT,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits).await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(b"qrt").await.unwrap();
    assert_eq!(read_to_close(&mut stream).await, b"");
}

#[tokio::test]
async fn hostile_first_bytes_end_their_connection_and_no_other() {
    let served = serve(agent(1, None).0).await;
    let hostile: [&[u8]; 5] = [
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x04qrte\x00\x01\x00\x08",
        b"qrte\x00\x01\xff\xff\xff",
        b"qrte\x00\x01\x00\x03\xff\xff\xff",
    ];
    for bytes in hostile {
        let mut stream = TcpStream::connect(served.addr).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, b"", "{bytes:?}");
    }
    let pool = Pool::new(agent(2, None).0);
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
}

#[tokio::test]
async fn an_oversized_claim_after_the_hello_ends_the_connection() {
    let served = serve(agent(1, None).0).await;
    let mut stream = dial_by_hand(served.addr, &agent(2, None).0).await;
    stream.write_all(&[0xff; 9]).await.unwrap();
    assert_eq!(read_to_close(&mut stream).await, b"");
}

#[tokio::test]
async fn a_request_above_the_bound_is_not_sent() {
    let limits = Limits {
        payload_bytes: 3,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits).await;
    let pool = Pool::with_limits(agent(2, None).0, limits);
    pool.call(served.addr, bytes("abc"), LONG).await.unwrap();
    let error = pool.call(served.addr, bytes("abcd"), LONG).await;
    assert!(matches!(error, Err(RpcError::Large { bytes: 4, .. })));
}

#[tokio::test]
async fn requests_above_the_limit_are_answered_busy_and_not_run() {
    let limits = Limits {
        running: 1,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits).await;
    let pool = Pool::new(agent(2, None).0);
    let first = pool.call(served.addr, bytes("wait"), LONG);
    let second = async {
        served.script.begun_one.notified().await;
        let second = pool.call(served.addr, bytes("x"), LONG).await;
        served.script.go_on.notify_one();
        second
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert!(matches!(second, Err(RpcError::Busy { .. })));
    assert_eq!(served.script.begun.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn connections_above_the_limit_are_closed_and_a_free_place_is_taken() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits).await;
    let (one, two) = (agent(2, None).0, agent(3, None).0);
    let pool = Pool::new(one);
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
    let late = Pool::new(two);
    let error = late.call(served.addr, bytes("x"), LONG).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    drop(pool);
    // The listener learns of the free place by an event of its own.
    while late.call(served.addr, bytes("x"), LONG).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed_by_the_caller_and_made_again() {
    let limits = Limits {
        idle: SHORT,
        ..Limits::default()
    };
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::with_limits(agent(2, None).0, limits);
    for _ in 0..2 {
        let peer = async {
            let mut stream = greet_by_hand(&socket, &other).await;
            let mut request = [0; 30];
            stream.read_exact(&mut request).await.unwrap();
            request[4] = 2;
            stream.write_all(&request).await.unwrap();
            assert_eq!(read_to_close(&mut stream).await, b"");
        };
        let (answer, ()) = tokio::join!(pool.call(addr, bytes("x"), LONG), peer);
        answer.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_runs_is_answered_before_the_listener_stops() {
    let served = serve(agent(1, None).0).await;
    let pool = Pool::new(agent(2, None).0);
    let call = pool.call(served.addr, bytes("wait"), LONG);
    let stop = async {
        served.script.begun_one.notified().await;
        served.stop.send(()).unwrap();
        served.script.go_on.notify_one();
        served.task.await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert_eq!(answer.unwrap(), "wait");
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_listener() {
    let limits = Limits {
        drain: SHORT,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits).await;
    let pool = Pool::new(agent(2, None).0);
    let call = pool.call(served.addr, bytes("wait"), LONG);
    let stop = async {
        served.script.begun_one.notified().await;
        served.stop.send(()).unwrap();
        served.task.await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert_eq!(answer.unwrap_err().outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_request_runs_to_its_end_although_its_caller_is_gone() {
    let served = serve(agent(1, None).0).await;
    let mut stream = dial_by_hand(served.addr, &agent(2, None).0).await;
    let request = Frame {
        kind: Kind::Request,
        id: 1,
        cluster: None,
        payload: bytes("wait"),
    };
    let mut out = BytesMut::new();
    request.put_head(&mut out);
    out.extend_from_slice(&request.payload);
    stream.write_all(&out).await.unwrap();
    served.script.begun_one.notified().await;
    drop(stream);
    served.script.go_on.notify_one();
    tokio::time::timeout(LONG, served.script.ended.notified())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_panic_in_the_service_ends_the_listener() {
    let served = serve(agent(1, None).0).await;
    let pool = Pool::new(agent(2, None).0);
    let error = pool.call(served.addr, bytes("panic"), LONG).await;
    assert_eq!(error.unwrap_err().outcome(), Outcome::Unknown);
    assert!(served.task.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn a_taken_address_is_named_with_the_flag_that_changes_it() {
    let first = Listener::bind(loopback(), agent(1, None).0).await.unwrap();
    let error = Listener::bind(first.addr(), agent(2, None).0)
        .await
        .unwrap_err();
    assert!(matches!(error, RpcError::AddressInUse { addr } if addr == first.addr()));
    assert!(error.to_string().contains("-server-port"));
}

#[tokio::test]
async fn a_pool_and_its_calls_dropped_close_the_connection() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::new(agent(2, None).0);
    let call = tokio::spawn(async move { pool.call(addr, bytes("x"), LONG).await });
    let mut stream = greet_by_hand(&socket, &other).await;
    stream.read_exact(&mut [0; 30]).await.unwrap();
    call.abort();
    assert_eq!(read_to_close(&mut stream).await, b"");
}
