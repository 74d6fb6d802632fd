//! Peers that are not there, end, or fall silent.

use super::*;

#[tokio::test]
async fn a_peer_that_ends_within_a_request_leaves_the_outcome_unknown_and_is_dialled_again() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::new(agent(2, None).0);
    let peer = async {
        let mut first = greet_by_hand(&socket, &other).await;
        first.read_exact(&mut [0; 30]).await.unwrap();
        drop(first);
        let mut second = greet_by_hand(&socket, &other).await;
        echo_by_hand(&mut second).await;
        second
    };
    let calls = async {
        let error = pool.call(addr, bytes("x"), LONG).await.unwrap_err();
        (error, pool.call(addr, bytes("y"), LONG).await)
    };
    let ((error, answer), _open) = tokio::join!(calls, peer);
    assert!(matches!(error, RpcError::Broken { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(answer.unwrap(), "y");
}

#[tokio::test]
async fn an_address_where_nobody_listens_fails_at_once_and_unsent() {
    // Bound, so that nobody else gets the port, but not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(loopback()).unwrap();
    let addr = socket.local_addr().unwrap();
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
        echo_by_hand(&mut fresh).await;
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
async fn a_request_that_was_still_queued_is_sent_on_a_fresh_connection_once() {
    // A connection that takes nothing up, so that all stays queued.
    let limits = Limits {
        unsent_bytes: 0,
        ..Limits::default()
    };
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::with_limits(agent(2, None).0, limits);
    let peer = async {
        drop(greet_by_hand(&socket, &other).await);
        drop(greet_by_hand(&socket, &other).await);
    };
    let (answer, ()) = tokio::join!(pool.call(addr, bytes("x"), LONG), peer);
    let error = answer.unwrap_err();
    assert!(matches!(error, RpcError::Broken { .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert!(socket.accept().now_or_never().is_none(), "dialled twice");
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
        echo_by_hand(&mut stream).await;
        stream
    };
    let (answer, _open) = tokio::join!(pool.call(addr, bytes("y"), LONG), peer);
    assert_eq!(answer.unwrap(), "y", "x was given up and must not be sent");
    assert!(socket.accept().now_or_never().is_none(), "dialled once");
}

#[tokio::test]
async fn a_taken_address_is_named_with_the_flag_that_changes_it() {
    let first = Listener::bind(&Real, loopback(), agent(1, None).0).unwrap();
    let error = Listener::bind(&Real, first.addr(), agent(2, None).0).unwrap_err();
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

#[tokio::test]
async fn a_peer_that_stops_answers_what_it_took_up_and_gives_the_rest_back_unsent() {
    let socket = TcpListener::bind(loopback()).await.unwrap();
    let addr = socket.local_addr().unwrap();
    let other = agent(1, None).0;
    let pool = Pool::new(agent(2, None).0);
    let peer = async {
        let mut stream = greet_by_hand(&socket, &other).await;
        let mut requests = [0; 60];
        stream.read_exact(&mut requests).await.unwrap();
        // The second request is the first that is not run; the last byte of an id.
        let mut closing = request(1, "");
        closing[4] = 6;
        stream.write_all(&closing).await.unwrap();
        let (answer, _given_back) = requests.split_at_mut(30);
        answer[4] = 2;
        (stream, answer.to_vec())
    };
    let calls = async {
        let mut taken = Box::pin(pool.call(addr, bytes("x"), LONG));
        let given_back = pool.call(addr, bytes("y"), LONG);
        let error = tokio::select! {
            biased;
            _ = &mut taken => panic!("answered too early"),
            answer = given_back => answer.unwrap_err(),
        };
        (taken, error)
    };
    let ((taken, error), (mut stream, answer)) = tokio::join!(calls, peer);
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    stream.write_all(&answer).await.unwrap();
    assert_eq!(taken.await.unwrap(), "x");
    assert!(read_to_close(&mut stream).await.is_empty());
}
