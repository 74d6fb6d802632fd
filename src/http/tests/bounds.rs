//! What a client may not do to the server, and how the server stops.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{get, send};
use crate::http::VALUE_BYTES_MAX;
use crate::http::fake::serve_fake;

/// Reads what comes until the server closes.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_value_of_the_longest_length_is_taken_and_a_longer_one_is_not() {
    let served = serve_fake().await;
    let longest = "x".repeat(VALUE_BYTES_MAX);
    let seen = send(&served, "PUT /v1/kv/a", &longest).await;
    assert_eq!((seen.status, seen.body.as_str()), (200, "true"));
    let seen = send(&served, "PUT /v1/kv/a", &format!("{longest}x")).await;
    let text = "Request body(524289 bytes) too large, max size: 524288 bytes. See \
                https://developer.hashicorp.com/docs/agent/config/config-files#kv_max_value_size.";
    assert_eq!((seen.status, seen.body.as_str()), (413, text));
    assert_eq!(served.node.calls().len(), 1);
}

#[tokio::test]
async fn a_value_that_does_not_say_its_length_is_cut_off_at_the_bound() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _chunk in 0..9 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 413");
    assert!(served.node.calls().is_empty());
}

#[tokio::test]
async fn a_length_that_is_only_claimed_is_refused_before_a_byte_of_it_arrives() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = format!("GET /v1/kv/{} HTTP/1.1\r\n", "k".repeat(70_000));
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut head = [0; 10];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 4");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_head_is_cut_off() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    stream.write_all(b"GET /v1/status/leader HT").await.unwrap();
    let begun = tokio::time::Instant::now();
    read_all(&mut stream).await;
    assert!(begun.elapsed() >= Duration::from_secs(100));
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_is_closed_whatever_it_began_with() {
    let served = serve_fake().await;
    let answered = "GET /v1/status/leader HTTP/1.1\r\nHost: a\r\n\r\n";
    for begin in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", answered] {
        let mut stream = TcpStream::connect(served.addr).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let closing = stream.read_to_end(&mut rest);
        let closed = tokio::time::timeout(Duration::from_secs(110), closing).await;
        assert!(closed.is_ok(), "{begin:?} stays open");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_blocks_for_minutes_keeps_its_connection() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let request = b"GET /v1/kv/a?index=10&wait=10m HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    served.node.waits.notified().await;
    let mut answer = [0; 12];
    let answering = stream.read_exact(&mut answer);
    let waited = tokio::time::timeout(Duration::from_mins(9), answering).await;
    assert!(waited.is_err(), "{answer:?}");
    served.stop();
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_value_is_told_so() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let head = "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_all(&mut stream).await.starts_with("HTTP/1.1 408"));
    assert!(served.node.calls().is_empty());
}

#[tokio::test]
async fn headers_are_spelled_as_go_spells_them() {
    let served = serve_fake().await;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let request = b"GET /v1/kv/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let head = read_all(&mut stream).await;
    for line in [
        "X-Consul-Index: 10\r\n",
        "X-Consul-Knownleader: true\r\n",
        "X-Consul-Lastcontact: 3\r\n",
        "X-Consul-Effective-Consistency: leader\r\n",
        "X-Consul-Default-Acl-Policy: allow\r\n",
        "Vary: Accept-Encoding\r\n",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
}

#[tokio::test]
async fn an_address_gets_two_hundred_connections_and_no_more() {
    let served = serve_fake().await;
    let mut open = Vec::new();
    for _connection in 0..200 {
        open.push(TcpStream::connect(served.addr).await.unwrap());
    }
    let mut refused = TcpStream::connect(served.addr).await.unwrap();
    let answer = read_all(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}", body.len())));
}

#[tokio::test]
async fn a_stop_answers_blocked_reads_and_ends_the_server() {
    let served = serve_fake().await;
    let waiting = get(&served, "/v1/kv/a?index=10&wait=10m");
    let blocked = served.node.waits.notified();
    let ((), seen) = tokio::join!(blocked.map(|()| served.stop()), waiting);
    assert_eq!(seen.status, 503);
    assert_eq!(seen.header("x-consul-reason"), "stopping");
    served.server.await.unwrap();
    assert!(TcpStream::connect(served.addr).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_connection_that_asks_nothing_at_once() {
    let served = serve_fake().await;
    let mut idle = TcpStream::connect(served.addr).await.unwrap();
    let request = b"GET /v1/status/leader HTTP/1.1\r\nHost: a\r\n\r\n";
    idle.write_all(request).await.unwrap();
    let mut head = [0; 12];
    idle.read_exact(&mut head).await.unwrap();
    let begun = tokio::time::Instant::now();
    served.stop();
    served.server.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    read_all(&mut idle).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_five_seconds_for_a_request_and_no_longer() {
    let served = serve_fake().await;
    *served.node.leave_is_held.lock().unwrap() = true;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let request = b"PUT /v1/agent/leave HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    served.node.left.notified().await;
    let begun = tokio::time::Instant::now();
    served.stop();
    served.server.await.unwrap();
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(5)..Duration::from_secs(6)).contains(&took),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_leave_runs_to_its_end_though_the_client_hangs_up() {
    let served = serve_fake().await;
    *served.node.leave_is_held.lock().unwrap() = true;
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let request = b"PUT /v1/agent/leave HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    served.node.left.notified().await;
    drop(stream);
    // The server notices the end of the connection: it ends with the last one.
    served.stop();
    served.server.await.unwrap();
    served.node.may_leave.notify_one();
    served.node.left.notified().await;
    assert_eq!(served.node.calls(), ["leave begun", "leave ended"]);
}

#[tokio::test]
async fn a_panic_behind_an_endpoint_ends_the_server() {
    let served = serve_fake().await;
    // The made-up agent has no answer to who it is without members.
    served.node.members.lock().unwrap().clear();
    let mut stream = TcpStream::connect(served.addr).await.unwrap();
    let request = b"GET /v1/agent/version HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    assert!(served.server.await.unwrap_err().is_panic());
}
