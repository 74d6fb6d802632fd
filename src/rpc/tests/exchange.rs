//! Requests and answers between agents that behave.

use super::*;

#[tokio::test]
async fn many_requests_at_once_each_get_their_own_answer() {
    let served = serve(agent(1, Some(7)).0);
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
    let served = serve(agent(1, None).0);
    let pool = Pool::new(agent(2, None).0);
    let payload: Bytes = (0..8 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    let answer = pool.call(served.addr, payload.clone(), LONG).await.unwrap();
    assert!(answer == payload);
}

#[tokio::test]
async fn a_slow_answer_does_not_hold_up_a_quick_one() {
    let served = serve(agent(1, None).0);
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
    let served = serve(agent(1, Some(7)).0);
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
async fn a_request_runs_to_its_end_although_its_caller_is_gone() {
    let served = serve(agent(1, None).0);
    let mut stream = dial_by_hand(served.addr, &agent(2, None).0).await;
    stream.write_all(&request(1, "wait")).await.unwrap();
    served.script.begun_one.notified().await;
    stream.shutdown().await.unwrap();
    assert_eq!(
        read_to_close(&mut stream).await,
        b"",
        "the listener is done with it"
    );
    served.script.go_on.notify_one();
    tokio::time::timeout(LONG, served.script.ended.notified())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_panic_in_the_service_ends_the_listener() {
    let served = serve(agent(1, None).0);
    let pool = Pool::new(agent(2, None).0);
    let error = pool.call(served.addr, bytes("panic"), LONG).await;
    assert_eq!(error.unwrap_err().outcome(), Outcome::Unknown);
    assert!(served.task.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn a_request_that_runs_is_answered_before_the_listener_stops() {
    let served = serve(agent(1, None).0);
    let pool = Pool::new(agent(2, None).0);
    let call = pool.call(served.addr, bytes("wait"), LONG);
    let stop = async {
        served.script.begun_one.notified().await;
        served.stop.send(()).unwrap();
        // Once nobody accepts, the connections have been told to stop.
        while TcpStream::connect(served.addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
        served.script.go_on.notify_one();
        served.task.await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert_eq!(answer.unwrap(), "wait");
}

#[tokio::test]
async fn many_requests_around_a_stop_are_each_answered_or_unsent() {
    let served = serve(agent(1, None).0);
    let pool = Pool::new(agent(2, None).0);
    let addr = served.addr;
    pool.call(addr, bytes("x"), LONG).await.unwrap();
    let calls = (0..200).map(|number| {
        let pool = pool.clone();
        async move {
            // Spread over the turns of the runtime in which the listener stops.
            for _ in 0..number % 40 {
                tokio::task::yield_now().await;
            }
            pool.call(addr, bytes("x"), LONG).await
        }
    });
    let stop = async {
        served.script.begun_one.notified().await;
        served.stop.send(()).unwrap();
        served.task.await.unwrap();
    };
    let (answers, ()) = tokio::join!(join_all(calls), stop);
    let unsent = answers.iter().filter_map(|answer| answer.as_ref().err());
    let outcomes: Vec<Outcome> = unsent.map(RpcError::outcome).collect();
    assert!(!outcomes.is_empty(), "the listener did not stop in between");
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::NotSent),
        "{outcomes:?}"
    );
}
