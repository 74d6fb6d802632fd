//! What is bounded: sizes, counts and times.

use super::*;

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
    let place = async {
        while late.call(served.addr, bytes("x"), LONG).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, place).await.unwrap();
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
            echo_by_hand(&mut stream).await;
            assert_eq!(read_to_close(&mut stream).await, b"");
        };
        let (answer, ()) = tokio::join!(pool.call(addr, bytes("x"), LONG), peer);
        answer.unwrap();
    }
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
