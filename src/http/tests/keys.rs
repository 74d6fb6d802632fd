//! Keys: reading, writing, deleting, waiting.

use std::time::Duration;

use axum::http::Uri;
use proptest::prelude::*;

use super::{assert_rows, get, send};
use crate::http::ask::{Params, decode_path, is_printable};
use crate::http::fake::serve_fake;
use crate::http::{Consistency, Read};
use crate::state::Query;

#[tokio::test]
async fn a_key_is_read_in_each_form() {
    let served = serve_fake().await;
    served.node.set("app/mode", b"blue");
    served.node.set("app/none", b"");
    let mode = r#"{"LockIndex":0,"Key":"app/mode","Flags":7,"Value":"Ymx1ZQ==","CreateIndex":11,"ModifyIndex":11}"#;
    let none = r#"{"LockIndex":0,"Key":"app/none","Flags":7,"Value":null,"CreateIndex":12,"ModifyIndex":12}"#;
    let both = format!("[{mode},{none}]");
    let (mode, none) = (format!("[{mode}]"), format!("[{none}]"));
    let rows = [
        ("GET /v1/kv/app/mode", 200, mode.as_str()),
        ("GET /v1/kv/app%2Fmode", 200, &mode),
        ("GET /v1/kv/app/none", 200, &none),
        ("GET /v1/kv/app/mode?raw", 200, "blue"),
        ("GET /v1/kv/app/?recurse", 200, &both),
        ("GET /v1/kv/?recurse&raw", 200, &both),
        ("GET /v1/kv/app?keys", 200, r#"["app/mode","app/none"]"#),
        ("GET /v1/kv/?keys", 200, r#"["app/mode","app/none"]"#),
        ("GET /v1/kv/gone", 404, ""),
        ("GET /v1/kv/gone?raw", 404, ""),
        ("GET /v1/kv/gone?recurse", 404, ""),
        ("GET /v1/kv/gone?keys", 404, ""),
        ("GET /v1/kv/", 400, "Missing key name"),
        ("GET /v1/kv/?raw", 400, "Missing key name"),
    ];
    assert_rows(&served, &rows).await;
    let pretty = get(&served, "/v1/kv/app?keys&pretty").await;
    assert_eq!(pretty.body, "[\n    \"app/mode\",\n    \"app/none\"\n]\n");
}

#[tokio::test]
async fn a_separator_is_taken_in_both_spellings_and_an_empty_one_is_none() {
    let served = serve_fake().await;
    for (params, wanted) in [
        ("keys", None),
        ("keys&separator=", None),
        ("keys&separator=/", Some("/")),
        ("keys&separator=%2F%2F", Some("//")),
        ("keys&seperator=x", Some("x")),
        ("keys&seperator=x&separator=y", Some("y")),
    ] {
        get(&served, &format!("/v1/kv/a?{params}")).await;
        let query = served.node.reads.lock().unwrap().pop().unwrap().query;
        let wanted = Query::KvKeys {
            prefix: "a".to_owned(),
            separator: wanted.map(str::to_owned),
        };
        assert_eq!(query, wanted, "{params}");
    }
}

#[tokio::test]
async fn the_names_below_an_empty_root_are_an_empty_list() {
    let served = serve_fake().await;
    let rows = [
        ("GET /v1/kv/?keys", 200, "[]"),
        ("GET /v1/kv/?recurse", 404, ""),
    ];
    assert_rows(&served, &rows).await;
}

#[tokio::test]
async fn a_read_says_how_fresh_it_is_even_if_it_finds_nothing() {
    let served = serve_fake().await;
    served.node.set("a", b"1");
    for (target, effective) in [
        ("/v1/kv/a", "leader"),
        ("/v1/kv/a?stale", "stale"),
        ("/v1/kv/a?consistent", "consistent"),
        ("/v1/kv/gone", "leader"),
        ("/v1/catalog/nodes", "leader"),
    ] {
        let seen = get(&served, target).await;
        let found = [
            seen.header("x-consul-index"),
            seen.header("x-consul-knownleader"),
            seen.header("x-consul-lastcontact"),
            seen.header("x-consul-effective-consistency"),
        ];
        assert_eq!(found, ["11", "true", "3", effective], "{target}");
    }
    let raw = get(&served, "/v1/kv/a?raw").await;
    assert_eq!(raw.header("content-type"), "text/plain");
    assert_eq!(raw.header("x-content-type-options"), "nosniff");
    assert_eq!(raw.header("content-security-policy"), "sandbox");
    let json = get(&served, "/v1/kv/a").await;
    assert_eq!(json.header("content-type"), "application/json");
    let text = "Cannot specify ?stale with ?consistent, conflicting semantics.";
    let rows = [("GET /v1/kv/a?stale&consistent", 400, text)];
    assert_rows(&served, &rows).await;
}

#[tokio::test]
async fn a_write_reaches_the_agent_as_it_was_sent() {
    let served = serve_fake().await;
    for (request, body, answer, call) in [
        (
            "PUT /v1/kv/a%20b/%C3%A9?flags=18446744073709551615",
            "blue",
            "true",
            r#"KvSet { key: "a b/é", value: b"blue", flags: 18446744073709551615, cas: None }"#,
        ),
        (
            "PUT /v1/kv//x//y?cas=0",
            "",
            "true",
            r#"KvSet { key: "/x//y", value: b"", flags: 0, cas: Some(0) }"#,
        ),
        (
            "PUT /v1/kv/x?cas=3",
            "v",
            "false",
            r#"KvSet { key: "x", value: b"v", flags: 0, cas: Some(3) }"#,
        ),
        (
            "DELETE /v1/kv/x",
            "",
            "true",
            r#"KvDelete { key: "x", cas: None }"#,
        ),
        (
            "DELETE /v1/kv/x?cas=3",
            "",
            "false",
            r#"KvDelete { key: "x", cas: Some(3) }"#,
        ),
        (
            "DELETE /v1/kv/?recurse",
            "",
            "true",
            r#"KvDeleteTree { prefix: "" }"#,
        ),
        (
            "DELETE /v1/kv/x/?recurse",
            "",
            "true",
            r#"KvDeleteTree { prefix: "x/" }"#,
        ),
    ] {
        let seen = send(&served, request, body).await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (200, answer),
            "{request}"
        );
        assert_eq!(served.node.calls().last().unwrap(), call, "{request}");
    }
}

#[tokio::test]
async fn a_write_that_makes_no_sense_is_refused_before_the_agent_hears_of_it() {
    let served = serve_fake().await;
    let rows = [
        ("PUT /v1/kv/", 400, "Missing key name"),
        ("DELETE /v1/kv/", 400, "Missing key name"),
        (
            "DELETE /v1/kv/a?recurse&cas=1",
            400,
            "Conflicting flags: cas=1&recurse",
        ),
        (
            "PUT /v1/kv/a?cas=",
            400,
            "Invalid cas: \"\" is not a whole number",
        ),
        (
            "PUT /v1/kv/a?cas=%2B1",
            400,
            "Invalid cas: \"+1\" is not a whole number",
        ),
        (
            "PUT /v1/kv/a?flags=-1",
            400,
            "Invalid flags: \"-1\" is not a whole number",
        ),
        ("PUT /v1/kv/a?dc=other", 500, "No path to datacenter"),
        ("GET /v1/kv/a?index=x", 400, "Invalid index"),
        ("GET /v1/kv/a?index=-1", 400, "Invalid index"),
        ("GET /v1/kv/a?wait=10", 400, "Invalid wait time"),
        ("GET /v1/kv/a?index=1&wait=soon", 400, "Invalid wait time"),
    ];
    assert_rows(&served, &rows).await;
    assert_eq!(served.node.calls(), Vec::<String>::new());
    assert!(served.node.reads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_blocking_read_returns_when_the_key_changes() {
    let served = serve_fake().await;
    served.node.set("a", b"1");
    let waiting = get(&served, "/v1/kv/a?raw&index=11");
    let change = async {
        served.node.waits.notified().await;
        served.node.set("a", b"2");
    };
    let (seen, ()) = tokio::join!(waiting, change);
    assert_eq!(
        (seen.body.as_str(), seen.header("x-consul-index")),
        ("2", "12")
    );
}

#[tokio::test]
async fn a_blocking_read_returns_the_same_when_its_time_is_over() {
    let served = serve_fake().await;
    served.node.set("a", b"1");
    let seen = get(&served, "/v1/kv/a?raw&index=11&wait=1ms").await;
    assert_eq!(
        (seen.body.as_str(), seen.header("x-consul-index")),
        ("1", "11")
    );
}

fn read(query: &str, draw: f64) -> Option<Read> {
    let uri: Uri = format!("/v1/kv/a?{query}").parse().unwrap();
    Params::new(&uri).read(Query::Nodes, draw).ok()
}

#[test]
fn a_wait_is_bounded_and_gets_a_sixteenth_of_jitter_at_most() {
    let rows = [
        ("index=5", 0.0, Some(5), 300_000),
        ("index=5&wait=", 0.0, Some(5), 300_000),
        ("index=5&wait=0s", 0.0, Some(5), 300_000),
        ("index=5&wait=-3s", 0.0, Some(5), 300_000),
        ("index=5&wait=16s", 0.0, Some(5), 16_000),
        ("index=5&wait=16s", 0.5, Some(5), 16_500),
        ("index=5&wait=16s", 1.0, Some(5), 17_000),
        ("index=5&wait=2h", 0.0, Some(5), 600_000),
        ("index=5&wait=2h", 1.0, Some(5), 637_500),
        ("index=0&wait=1s", 0.0, None, 1_000),
        ("index=&wait=1s", 0.0, None, 1_000),
        ("wait=1s", 0.0, None, 1_000),
    ];
    for (query, draw, min_index, millis) in rows {
        let read = read(query, draw).unwrap();
        let expected = (min_index, Duration::from_millis(millis));
        assert_eq!((read.min_index, read.wait), expected, "{query}");
        assert_eq!(read.consistency, Consistency::Default, "{query}");
    }
}

proptest! {
    #[test]
    fn no_query_string_makes_it_panic(query in "[ -~]{0,60}|[%=&+0-9a-fA-F]{0,60}", draw: f64) {
        let Ok(uri) = format!("/v1/kv/a?{query}").parse::<Uri>() else { return Ok(()) };
        let params = Params::new(&uri);
        let _sorted = params.sorted();
        let _number = params.number("cas");
        if let Ok(read) = params.read(Query::Nodes, draw) {
            prop_assert!(read.wait <= Duration::from_millis(637_500));
            prop_assert!(!read.wait.is_zero());
        }
    }

    #[test]
    fn no_path_makes_it_panic(path in "[ -~]{0,60}|[%/0-9a-fA-F.]{0,60}|.{0,20}") {
        if let Some(path) = decode_path(&path) {
            let _is_printable = is_printable(&path);
        }
    }
}
