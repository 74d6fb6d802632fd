//! Bytes of strangers.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::*;
use crate::gossip::GossipError;

/// Sends bytes to the stream port and waits until the agent closes.
async fn send_stream(agent: &Gossip, bytes: &[u8]) {
    let mut stream = TcpStream::connect(agent.local_addr()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // A reset is as good as an end.
    drop(
        timeout(DEADLINE, stream.read_to_end(&mut answer))
            .await
            .unwrap(),
    );
}

/// The agent still does what it is there for.
async fn assert_well(agent: &Gossip, key: Option<u8>) {
    let other = match key {
        Some(key) => sealed(word("s9", 9), key),
        None => start(word("s9", 9)),
    };
    join(&other, agent).await;
    until(agent, |members| alive(members).len() == 2).await;
}

#[tokio::test]
async fn nine_hostile_bytes_end_nothing() {
    let hostile: [&[u8]; 5] = [
        &[0xff; 9],
        b"QG\x01\x00\xff\xff\xff\xff\xff",
        b"QG\x01\x01\0\0\0\0\0",
        &[0; 9],
        b"GET / HTT",
    ];
    for key in [None, Some(5)] {
        let agent = match key {
            Some(key) => sealed(word("s1", 1), key),
            None => start(word("s1", 1)),
        };
        let socket = UdpSocket::bind(any_port()).await.unwrap();
        for bytes in hostile {
            socket.send_to(bytes, agent.local_addr()).await.unwrap();
            send_stream(&agent, bytes).await;
        }
        assert_well(&agent, key).await;
    }
}

#[tokio::test]
async fn a_length_that_is_only_claimed_is_refused() {
    let agent = start(word("s1", 1));
    let header = [&b"QG\x01\x00"[..], &[0; 16]].concat();
    for claim in [u32::MAX, 1 << 30, 16_500] {
        let bytes = [&header[..], &claim.to_be_bytes()].concat();
        send_stream(&agent, &bytes).await;
    }
    assert_eq!(agent.counters().turned_malformed, 3);
    assert_well(&agent, None).await;
}

#[tokio::test]
async fn whoever_opens_streams_and_says_nothing_keeps_nobody_out() {
    let agent = start(word("s1", 1));
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(TcpStream::connect(agent.local_addr()).await.unwrap());
    }
    let other = start(word("s9", 9));
    let joined = other.join(&[agent.local_addr()]).await;
    assert!(joined.failed.is_empty(), "{joined:?}");
}

#[tokio::test]
async fn a_port_of_something_else_is_a_failed_address_with_a_hint() {
    let other = tokio::net::TcpListener::bind(any_port()).await.unwrap();
    let addr = other.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = other.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    });
    let agent = start(word("s1", 1));
    let report = agent.join(&[addr]).await;
    assert!(
        matches!(report.failed[0].1, GossipError::Malformed { .. }),
        "{:?}",
        report.failed
    );
    server.await.unwrap();
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_failed_address() {
    let free = std::net::TcpListener::bind(any_port()).unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let agent = start(word("s1", 1));
    let report = agent.join(&[addr]).await;
    assert_eq!(report.failed[0].1.to_string(), format!("dial tcp {addr}"));
}

#[tokio::test]
async fn a_port_that_accepts_and_stays_silent_is_given_up() {
    let silent = tokio::net::TcpListener::bind(any_port()).await.unwrap();
    let addr = silent.local_addr().unwrap();
    let agent = Gossip::start(GossipConfig {
        tuning: Tuning {
            join_deadline: Duration::from_millis(100),
            ..brisk()
        },
        ..config(word("s1", 1))
    })
    .unwrap();
    let report = agent.join(&[addr]).await;
    assert_eq!(
        report.failed[0].1.to_string(),
        format!("reading from {addr} took too long")
    );
}

#[tokio::test]
async fn a_word_too_large_for_a_datagram_is_refused() {
    let mut large = word("s1", 1);
    large.build = "x".repeat(2_000);
    let error = Gossip::start(config(large.clone())).unwrap_err();
    assert!(matches!(error, GossipError::Large { .. }), "{error}");
    let agent = start(word("s1", 1));
    let error = agent.announce(|says| says.build = large.build.clone());
    assert!(matches!(error, Err(GossipError::Large { .. })));
    assert_eq!(agent.own().build, "0.1.0", "the old word stands");
}

#[tokio::test]
async fn an_address_that_is_nobodys_is_not_advertised() {
    let mut nowhere = word("s1", 1);
    nowhere.gossip_addr = "0.0.0.0:0".parse().unwrap();
    let error = Gossip::start(config(nowhere)).unwrap_err();
    assert!(matches!(error, GossipError::Advertise { .. }), "{error}");
}
