//! Who is let in: hellos, clusters, strangers.

use super::*;

#[tokio::test]
async fn agents_of_two_clusters_refuse_each_other_at_the_hello_and_both_report_it() {
    let (listening, _a) = agent(1, Some(7));
    let (calling, _b) = agent(2, Some(8));
    let (there, here) = (listening.conflicts(), calling.conflicts());
    let served = serve(listening);
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
    assert_eq!(here.borrow().count, 1);
    assert_eq!(there.borrow().count, 1);
    assert_eq!(sides(there.borrow().last.as_ref().unwrap()), [one, two]);
    assert_eq!(served.script.begun.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_caller_of_another_cluster_that_does_not_mind_is_closed_after_our_hello() {
    let served = serve(agent(1, Some(7)).0);
    let mut stream = dial_by_hand(served.addr, &agent(2, Some(8)).0).await;
    assert_eq!(read_to_close(&mut stream).await, b"");
}

#[tokio::test]
async fn a_request_of_another_cluster_is_refused_on_a_connection_that_was_good() {
    let (listening, _a) = agent(1, Some(7));
    let (calling, joins) = agent(2, None);
    let (there, here) = (listening.conflicts(), calling.conflicts());
    let served = serve(listening);
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
    assert_eq!((here.borrow().count, there.borrow().count), (1, 1));
}

#[tokio::test]
async fn an_answer_of_another_cluster_is_not_taken() {
    let (listening, joins) = agent(1, None);
    let (calling, _b) = agent(2, Some(8));
    let served = serve(listening);
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
    let served = serve(agent(1, Some(7)).0);
    let (calling, joins) = agent(2, None);
    let pool = Pool::new(calling);
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
    joins.send(Some(ClusterId::new(7))).unwrap();
    pool.call(served.addr, bytes("x"), LONG).await.unwrap();
}

#[tokio::test]
async fn another_version_is_told_ours_before_the_connection_ends() {
    let served = serve(agent(1, None).0);
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
    let served = serve_at(loopback(), agent(1, None).0, limits);
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(b"qrt").await.unwrap();
    assert_eq!(read_to_close(&mut stream).await, b"");
}

#[tokio::test]
async fn hostile_first_bytes_end_their_connection_and_no_other() {
    let limits = Limits {
        hello: LONG * 2,
        ..Limits::default()
    };
    let served = serve_at(loopback(), agent(1, None).0, limits);
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
