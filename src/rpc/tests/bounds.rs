//! What is bounded: sizes, counts and times.

use super::*;

#[tokio::test]
async fn an_oversized_claim_after_the_hello_ends_the_connection() {
    let served = serve(agent(1, None).0);
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
    let served = serve_at(loopback(), agent(1, None).0, limits);
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
    let served = serve_at(loopback(), agent(1, None).0, limits);
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
    let served = serve_at(loopback(), agent(1, None).0, limits);
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
    let served = serve_at(loopback(), agent(1, None).0, limits);
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
async fn an_answer_above_the_bound_is_a_refusal_and_a_long_reason_is_cut_between_letters() {
    let limits = Limits {
        payload_bytes: 99,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits);
    let pool = Pool::new(agent(2, None).0);
    let refusal = async |request| match pool.call(served.addr, bytes(request), LONG).await {
        Err(RpcError::Refused { source, .. }) => source.reason,
        other => panic!("{other:?}"),
    };
    let reason = refusal("answer at length").await;
    assert_eq!(reason, "the answer of 100 bytes is too long");
    assert_eq!(refusal("refuse at length").await, "é".repeat(2_048));
}

#[tokio::test]
async fn requests_of_all_connections_share_one_limit() {
    let limits = Limits {
        running_total: 1,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits);
    let (one, two) = (Pool::new(agent(2, None).0), Pool::new(agent(3, None).0));
    let first = one.call(served.addr, bytes("wait"), LONG);
    let second = async {
        served.script.begun_one.notified().await;
        let second = two.call(served.addr, bytes("x"), LONG).await;
        served.script.go_on.notify_one();
        second
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert!(matches!(second, Err(RpcError::Busy { .. })));
    two.call(served.addr, bytes("x"), LONG).await.unwrap();
}

#[tokio::test]
async fn no_request_is_read_while_those_that_run_are_large_enough() {
    let limits = Limits {
        running_bytes: 4,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits);
    let mut stream = dial_by_hand(served.addr, &agent(2, None).0).await;
    let requests = [request(1, "wait"), request(2, "x")].concat();
    stream.write_all(&requests).await.unwrap();
    let mut answer = [0; 33];
    let early = tokio::time::timeout(SHORT, stream.read_exact(&mut answer)).await;
    assert!(early.is_err(), "the second request was run");
    served.script.go_on.notify_one();
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"wait"));
    stream.read_exact(&mut answer[..30]).await.unwrap();
    assert_eq!(answer[29], b'x');
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed_by_the_listener_too() {
    let limits = Limits {
        idle: SHORT,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits);
    let mut stream = dial_by_hand(served.addr, &agent(2, None).0).await;
    assert_eq!(read_to_close(&mut stream).await, b"");
}

#[tokio::test]
async fn a_listener_that_does_not_greet_is_given_up() {
    let limits = Limits {
        hello: SHORT,
        ..Limits::default()
    };
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let pool = Pool::with_limits(agent(2, None).0, limits);
    let error = pool.call(addr, bytes("x"), LONG).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    match error {
        RpcError::Hello { source, .. } => assert_eq!(source, HelloError::Slow),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_address_that_does_not_answer_at_all_is_given_up() {
    // A full backlog drops what knocks, as a firewall would.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(loopback()).unwrap();
    let socket = socket.listen(1).unwrap();
    let addr = socket.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(SHORT * 4, TcpStream::connect(addr)).await {
        waiting.push(stream.unwrap());
    }
    let limits = Limits {
        connect: SHORT,
        ..Limits::default()
    };
    let pool = Pool::with_limits(agent(2, None).0, limits);
    match pool.call(addr, bytes("x"), LONG).await.unwrap_err() {
        RpcError::Unreachable { source, .. } => {
            assert_eq!(source.kind(), io::ErrorKind::TimedOut);
        }
        other => panic!("{other:?}"),
    }
}
