//! The client: addresses, keys, and the words of its errors.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use bytes::Bytes;
use proptest::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::http::ask::decode_path;
use crate::http::client::path_of;
use crate::http::fake::serve_fake;
use crate::http::{Client, ClientError, MemberJson, NodeError, Token};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn client(addr: SocketAddr) -> Client {
    Client::new(Some(&addr.to_string()), None).unwrap()
}

#[tokio::test]
async fn an_answer_is_read_as_its_shape() {
    let served = serve_fake().await;
    let client = client(served.addr);
    let got = client.get("/v1/agent/members", "", &[]).await.unwrap();
    let members: Vec<MemberJson> = got.json().unwrap();
    assert_eq!(members.len(), 4);
    assert!(client.find("/v1/kv/", "none", &[]).await.unwrap().is_none());
}

#[tokio::test]
async fn a_refusal_is_worded_as_consul_words_it() {
    let served = serve_fake().await;
    served.node.fail(NodeError::NoLeader);
    let error = client(served.addr)
        .get("/v1/kv/", "a", &[])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Unexpected response code: 500 (No cluster leader)"
    );
    let error = client(served.addr)
        .find("/v1/x", "", &[])
        .await
        .unwrap_err();
    let text = "Unexpected response code: 404 (Invalid URL path: not a recognized HTTP API \
                endpoint)";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let params = [("segment", "_all"), ("stale", "")];
    let sent = client(addr).get("/v1/agent/members", "", &params).await;
    let text = format!(
        "Get \"http://{addr}/v1/agent/members?segment=_all&stale\": dial tcp {addr}: connect: \
         connection refused"
    );
    assert_eq!(sent.unwrap_err().to_string(), text);
}

#[tokio::test]
async fn something_else_that_listens_there_is_not_taken_for_an_agent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let page = axum::Router::new().fallback(|| async { "<html>" });
    let _serving = tokio::spawn(async move { axum::serve(listener, page).await });
    let got = client(addr).get("/v1/agent/members", "", &[]).await;
    let read: Result<Vec<MemberJson>, ClientError> = got.unwrap().json();
    let text = read.unwrap_err().to_string();
    assert!(text.contains("is not what the API gives"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_takes_the_connection_and_is_silent_is_given_up_with_what_to_do() {
    // The kernel takes connections for it, as for a process that stands still.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = silent.local_addr().unwrap();
    let begun = Instant::now();
    let sent = client(addr).get("/v1/agent/why", "", &[]).await;
    let text = format!(
        "Get \"http://{addr}/v1/agent/why\": the agent at {addr} takes connections and has answered \
         nothing for 12 s: see whether its process hangs or is stopped (state D or T in `ps`), and \
         continue or restart it"
    );
    assert_eq!(sent.unwrap_err().to_string(), text);
    assert_eq!(begun.elapsed().as_secs(), 12);
}

#[tokio::test]
async fn an_agent_that_lives_may_take_its_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    // The answer is held until the agent was asked three times whether it lives.
    let asked = Arc::new(Semaphore::new(0));
    let touched = Arc::clone(&asked);
    let held = async move || {
        drop(asked.acquire_many(3).await);
        "done"
    };
    let lives = async move || touched.add_permits(1);
    let app = axum::Router::new()
        .route("/v1/agent/leave", axum::routing::put(held))
        .fallback(lives);
    let _serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let client = client(addr).with_patience(Duration::from_millis(1), PATIENCE);
    let left = client.put("/v1/agent/leave", "", &[], Bytes::new()).await;
    assert_eq!(left.unwrap().text(), "done");
}

#[test]
fn an_address_that_cannot_be_spoken_to_is_refused_with_what_to_write() {
    for (address, why) in [
        (
            "https://127.0.0.1:8501",
            "https is not supported yet; use http",
        ),
        (
            "unix:///run/agent.sock",
            "unix sockets are not supported yet; use http",
        ),
        ("ftp://127.0.0.1", "write host:port or http://host:port"),
        ("127.0.0.1:port", "write host:port"),
        ("", "write host:port"),
        (
            "user:secret@127.0.0.1:8500",
            "write host:port and nothing more",
        ),
        (
            "http://127.0.0.1:8500/?a",
            "write host:port and nothing more",
        ),
    ] {
        match Client::new(Some(address), None) {
            Err(ClientError::Address { why: found, .. }) => assert_eq!(found, why, "{address}"),
            other => panic!("{address}: {other:?}"),
        }
    }
    for address in [
        "127.0.0.1:8500",
        "[::1]:8500",
        "agent",
        "http://agent:8500/prefix/",
    ] {
        assert!(Client::new(Some(address), None).is_ok(), "{address}");
    }
}

#[test]
fn a_token_shows_nowhere() {
    let client = Client::new(None, Some(Token::new("secret-token".to_owned()))).unwrap();
    assert!(!format!("{client:?}").contains("secret-token"));
}

#[test]
fn a_key_that_a_url_takes_for_a_step_is_refused_unless_a_slash_can_hide_it() {
    for key in [".", ".."] {
        assert!(
            matches!(path_of("/v1/kv/", key), Err(ClientError::Path { .. })),
            "{key}"
        );
    }
    assert_eq!(path_of("/v1/kv/", "a/../b").unwrap(), "/v1/kv/a%2F..%2Fb");
    assert_eq!(
        path_of("/v1/kv/", "a//b?c d/é").unwrap(),
        "/v1/kv/a//b%3Fc%20d/%C3%A9"
    );
}

proptest! {
    #[test]
    fn every_key_that_is_sent_arrives_as_it_was(
        key in "[ -~]{0,40}|[./%]{0,12}|\\PC{0,20}",
    ) {
        match path_of("/v1/kv/", &key) {
            Err(_refused) => prop_assert!([".", ".."].contains(&key.as_str()), "{key:?}"),
            Ok(path) => {
                let uri: Uri = path.parse().unwrap();
                let arrived = decode_path(uri.path()).unwrap();
                prop_assert_eq!(arrived.strip_prefix("/v1/kv/"), Some(key.as_str()));
            }
        }
    }
}
