//! The API over real sockets, before a made-up agent.

mod autopilot;
mod bounds;
mod client;
mod keys;
mod shapes;
mod why;

use reqwest::Method;
use reqwest::header::HeaderMap;

use super::fake::{Served, serve_fake};
use super::node::NodeError;

/// An answer as a client sees it.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(served: &Served, request: &str, body: &str) -> Seen {
    let (method, target) = request.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let url = format!("http://{}{target}", served.addr);
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(crate::http::plain_http().unwrap())
        .no_proxy()
        .build()
        .unwrap();
    let request = client.request(method, url).body(body.to_owned());
    let answer = request.send().await.unwrap();
    Seen {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.text().await.unwrap(),
    }
}

async fn get(served: &Served, target: &str) -> Seen {
    send(served, &format!("GET {target}"), "").await
}

async fn assert_rows(served: &Served, rows: &[(&str, u16, &str)]) {
    for (request, status, body) in rows {
        let seen = send(served, request, "").await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (*status, *body),
            "{request}"
        );
    }
}

#[tokio::test]
async fn who_leads_and_who_are_the_peers() {
    let served = serve_fake().await;
    let peers = r#"["192.0.2.1:8300","192.0.2.3:8300","192.0.2.2:8300"]"#;
    let rows = [
        ("GET /v1/status/leader", 200, "\"192.0.2.1:8300\""),
        ("GET /v1/status/leader?dc=dc1", 200, "\"192.0.2.1:8300\""),
        ("GET /v1/status/leader?dc=", 200, "\"192.0.2.1:8300\""),
        ("GET /v1/status/leader?dc=dc2", 500, "No path to datacenter"),
        (
            "GET /v1/status/leader?dc=dc1&datacenter=dc2",
            500,
            "No path to datacenter",
        ),
        ("GET /v1/status/peers", 200, peers),
    ];
    assert_rows(&served, &rows).await;
    *served.node.leader.lock().unwrap() = None;
    let rows = [
        ("GET /v1/status/leader", 200, "\"\""),
        ("GET /v1/status/peers", 200, "null"),
    ];
    assert_rows(&served, &rows).await;
}

#[tokio::test]
async fn an_agent_that_cannot_answer_says_why_in_consuls_words() {
    let served = serve_fake().await;
    let rows = [
        (NodeError::NoLeader, 500, "No cluster leader", "no-leader"),
        (
            NodeError::NoServers,
            500,
            "No known Consul servers",
            "no-servers",
        ),
        (
            NodeError::Failed("disk is full".to_owned()),
            500,
            "disk is full",
            "",
        ),
        (
            NodeError::NotFound("agent: No node found with name 'x'".to_owned()),
            500,
            "agent: No node found with name 'x'",
            "",
        ),
        (
            NodeError::Invalid("bad address".to_owned()),
            400,
            "bad address",
            "",
        ),
    ];
    for (error, status, body, reason) in rows {
        served.node.fail(error);
        for request in [
            "GET /v1/status/leader",
            "GET /v1/kv/a",
            "PUT /v1/kv/a",
            "DELETE /v1/kv/a",
            "GET /v1/catalog/nodes",
            "PUT /v1/agent/join/x",
            "PUT /v1/agent/force-leave/x",
            "PUT /v1/agent/leave",
            "GET /v1/operator/raft/configuration",
        ] {
            let seen = send(&served, request, "").await;
            assert_eq!(
                (seen.status, seen.body.as_str()),
                (status, body),
                "{request}"
            );
            assert_eq!(seen.header("x-consul-reason"), reason, "{request}");
            assert_eq!(seen.header("content-type"), "text/plain", "{request}");
        }
    }
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_told_so() {
    let served = serve_fake().await;
    let not_api = "Invalid URL path: if attempting to use the HTTP API, ensure the path starts \
                   with '/v1/'";
    let not_known = "Invalid URL path: not a recognized HTTP API endpoint";
    let rows = [
        ("GET /", 200, "Quorate agent: the API is below /v1/"),
        ("GET /ui", 404, not_api),
        ("GET /v2/kv/a", 404, not_api),
        ("GET /v1/nothing", 404, not_known),
        ("GET /v1/status/leader/", 404, not_known),
        ("POST /v1/kv/a", 405, "method POST not allowed"),
        ("PUT /v1/status/leader", 405, "method PUT not allowed"),
        ("GET /v1/agent/leave", 405, "method GET not allowed"),
        ("OPTIONS /v1/kv/a", 200, ""),
        ("GET /v1/kv/a%01b", 400, ""),
        ("GET /v1/kv/a%ff", 400, ""),
    ];
    assert_rows(&served, &rows).await;
    let seen = send(&served, "POST /v1/kv/a", "").await;
    assert_eq!(seen.header("allow"), "OPTIONS,GET,PUT,DELETE");
    let seen = send(&served, "OPTIONS /v1/agent/leave", "").await;
    assert_eq!(seen.header("allow"), "OPTIONS,PUT");
    assert_eq!(send(&served, "HEAD /v1/kv/a", "").await.status, 405);
    assert_eq!(served.node.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_parameter_without_a_meaning_here_is_refused() {
    let served = serve_fake().await;
    for request in [
        "GET /v1/agent/members?wan=1",
        "GET /v1/agent/members?segment=alpha",
        "PUT /v1/agent/join/x?wan=false",
        "PUT /v1/agent/force-leave/x?wan",
        "GET /v1/catalog/datacenters?cached",
        "GET /v1/catalog/nodes?filter=a",
        "GET /v1/catalog/nodes?near=_agent",
        "GET /v1/catalog/nodes?node-meta=a:b",
        "GET /v1/catalog/nodes?stale&max_stale=1s",
        "GET /v1/kv/a?max_stale=1s",
        "PUT /v1/kv/a?acquire=s",
        "PUT /v1/kv/a?release=s",
        "GET /v1/kv/a?ns=default",
        "GET /v1/agent/self?partition=default",
    ] {
        let seen = send(&served, request, "").await;
        assert_eq!(seen.status, 400, "{request}");
        let name = request.rsplit(['?', '&']).next().unwrap();
        let name = name.split('=').next().unwrap();
        assert!(
            seen.body.contains(&format!("{name:?}")),
            "{request}: {}",
            seen.body
        );
        assert_eq!(seen.body.lines().count(), 1, "{request}");
    }
    let rows = [
        ("PUT /v1/agent/join/x?wan", 200, ""),
        ("PUT /v1/agent/join/x?wan=", 200, ""),
        ("PUT /v1/agent/force-leave/x?token=t", 200, ""),
    ];
    assert_rows(&served, &rows).await;
    for target in ["/v1/agent/members?segment=_all", "/v1/kv/?keys&cached&ns="] {
        assert_eq!(get(&served, target).await.status, 200, "{target}");
    }
    let text = "Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature";
    assert_rows(&served, &[("GET /v1/kv/a?ns=x", 400, text)]).await;
}

#[tokio::test]
async fn joining_and_leaving_reach_the_agent_with_their_names_decoded() {
    let served = serve_fake().await;
    let rows = [
        ("PUT /v1/agent/join/10.0.0.5%3A8301", 200, ""),
        ("PUT /v1/agent/join/%5B2001:db8::5%5D:1", 200, ""),
        ("PUT /v1/agent/force-leave/web%2D1", 200, ""),
        ("PUT /v1/agent/force-leave/web1?prune", 200, ""),
        ("PUT /v1/agent/leave", 200, ""),
    ];
    assert_rows(&served, &rows).await;
    let calls = [
        "join 10.0.0.5:8301",
        "join [2001:db8::5]:1",
        "force-leave web-1 false",
        "force-leave web1 true",
        "leave begun",
        "leave ended",
    ];
    assert_eq!(served.node.calls(), calls);
    let rows = [
        ("PUT /v1/agent/leave?force", 200, ""),
        ("PUT /v1/agent/leave?stages", 200, "removed as voter"),
    ];
    assert_rows(&served, &rows).await;
    let calls = served.node.calls().split_off(calls.len());
    assert_eq!(
        calls,
        ["leave forced", "leave ended", "leave begun", "leave ended"]
    );
}

#[tokio::test]
async fn members_are_filtered_by_an_expression_or_it_is_told_what_is_wrong_with_it() {
    let served = serve_fake().await;
    for (filter, count) in [
        ("", 4),
        ("Tags.role%20==%20consul", 3),
        ("Status%20==%204%20and%20Name%20==%20s3", 1),
        ("Name%20==%20none", 0),
    ] {
        let seen = get(&served, &format!("/v1/agent/members?filter={filter}")).await;
        let members: Vec<serde_json::Value> = serde_json::from_str(&seen.body).unwrap();
        assert_eq!((seen.status, members.len()), (200, count), "{filter}");
    }
    let text = "Failed to create boolean expression evaluator: expected an operator: `==`, `!=`, `in`, \
                `contains`, `is empty`, `matches`, or with `not`, found the end";
    assert_rows(&served, &[("GET /v1/agent/members?filter=Name", 400, text)]).await;
}

#[tokio::test]
async fn every_answer_carries_the_common_headers() {
    let served = serve_fake().await;
    for request in [
        "GET /v1/status/leader",
        "GET /v1/x",
        "POST /v1/kv/a",
        "GET /v1/kv/none",
    ] {
        let seen = send(&served, request, "").await;
        assert_eq!(seen.header("vary"), "Accept-Encoding", "{request}");
        assert_eq!(
            seen.header("x-consul-default-acl-policy"),
            "allow",
            "{request}"
        );
    }
}

#[tokio::test]
async fn an_operator_names_one_peer_and_gets_consuls_answers() {
    let served = serve_fake().await;
    let either = "Must specify either ?id with the server's ID or ?address with IP:port of peer to \
                  remove";
    let one = "Must specify only one of ?id or ?address";
    let rows = [
        ("DELETE /v1/operator/raft/peer", 400, either),
        ("DELETE /v1/operator/raft/peer?id=", 400, either),
        ("DELETE /v1/operator/raft/peer?id=a&address=b", 400, one),
        ("DELETE /v1/operator/raft/peer?id=a", 200, ""),
        ("DELETE /v1/operator/raft/peer?address=b", 200, ""),
        (
            "POST /v1/operator/raft/transfer-leader",
            200,
            r#"{"Success":true}"#,
        ),
        (
            "POST /v1/operator/raft/transfer-leader?id=a",
            200,
            r#"{"Success":true}"#,
        ),
        (
            "PUT /v1/operator/bootstrap/abandon",
            200,
            r#"{"Cluster":"00000000-0000-0000-0000-00000000000d","Others":["s2","s3"],"WipesRaft":true}"#,
        ),
        (
            "PUT /v1/operator/raft/transfer-leader",
            405,
            "method PUT not allowed",
        ),
        ("GET /v1/operator/raft/peer", 405, "method GET not allowed"),
    ];
    for (request, status, body) in rows {
        let seen = send(&served, request, "").await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (status, body),
            "{request}"
        );
    }
    assert_eq!(
        served.node.calls(),
        [
            r#"remove Id("a")"#,
            r#"remove Address("b")"#,
            "transfer None",
            r#"transfer Some("a")"#,
            "abandon"
        ]
    );
}
