//! Why an agent does not serve, the probes, and the metrics.

use serde_json::{Value, json};

use super::{assert_rows, get};
use crate::http::fake::serve_fake;
use crate::types::Reason;
use crate::why::Said;

#[tokio::test]
async fn the_reason_comes_with_who_is_missing_since_when_and_how_each_source_does() {
    let served = serve_fake().await;
    let seen = get(&served, "/v1/agent/why").await;
    assert_eq!(
        (seen.status, seen.header("content-type")),
        (200, "application/json")
    );
    let expected = json!({
        "Code": "waiting-for-servers",
        "Line": "1 of 3 servers are here: s1",
        "Meaning": "fewer servers are here than `bootstrap_expect` asks for",
        "Advice": "Start the servers that are missing, and let each find one of these.",
        "Missing": ["2 more servers"],
        "Since": "2025-01-02T03:04:05.678Z",
        "SinceSeconds": 12.345,
        "Live": true,
        "Ready": false,
        "Formed": false,
        "Sources": [{
            "Source": "192.0.2.2",
            "Doing": "waiting",
            "Attempt": 3,
            "BusySeconds": null,
            "Code": "gossip-key-mismatch",
            "Error": "gossip key mismatch",
            "Refused": [{
                "Address": "192.0.2.2:8301",
                "Code": "gossip-key-mismatch",
                "Error": "gossip key mismatch",
            }],
            "FailedSecondsAgo": 1.5,
            "NextAttemptSeconds": 0.25,
        }],
    });
    assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), expected);
}

#[tokio::test]
async fn each_probe_answers_for_itself_with_the_reason_as_its_body() {
    let served = serve_fake().await;
    let line = "waiting-for-servers: 1 of 3 servers are here: s1\n";
    let rows = [
        ("GET /v1/status/live", 200, line),
        ("GET /v1/status/ready", 503, line),
        ("GET /v1/status/formed", 503, line),
    ];
    assert_rows(&served, &rows).await;
    served.node.report.lock().unwrap().is_formed = true;
    let rows = [
        ("GET /v1/status/live", 200, line),
        ("GET /v1/status/ready", 503, line),
        ("GET /v1/status/formed", 200, line),
    ];
    assert_rows(&served, &rows).await;
    {
        let mut report = served.node.report.lock().unwrap();
        report.is_formed = false;
        report.is_live = false;
        report.said = Said::plain(Reason::Ready);
    }
    let line = "ready: the agent serves requests\n";
    let rows = [
        ("GET /v1/status/live", 503, line),
        ("GET /v1/status/ready", 200, line),
        ("GET /v1/status/formed", 503, line),
    ];
    assert_rows(&served, &rows).await;
}

#[tokio::test]
async fn metrics_name_the_reason_by_a_label_in_both_forms() {
    let served = serve_fake().await;
    let seen = get(&served, "/v1/agent/metrics?format=prometheus").await;
    let form = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!((seen.status, seen.header("content-type")), (200, form));
    let values: Vec<&str> = seen
        .body
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    for line in [
        "quorate_why{code=\"waiting-for-servers\"} 1",
        "quorate_why{code=\"ready\"} 0",
        "quorate_why_seconds 12.345",
        "quorate_live 1",
        "quorate_ready 0",
        "quorate_formed 0",
        "quorate_raft_applied_index 142",
    ] {
        assert!(values.contains(&line), "{line}:\n{}", seen.body);
    }
    let ones = values
        .iter()
        .filter(|line| line.starts_with("quorate_why{") && line.ends_with(" 1"));
    assert_eq!(ones.count(), 1);
    assert_eq!(seen.body.matches("# TYPE quorate_why gauge\n").count(), 1);
    let seen = get(&served, "/v1/agent/metrics").await;
    let json: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(json["Timestamp"], "2025-01-02 03:04:18 +0000 UTC");
    let ready = json!({"Name": "quorate.ready", "Value": 0.0, "Labels": {}});
    assert!(
        json["Gauges"].as_array().unwrap().contains(&ready),
        "{json}"
    );
}
