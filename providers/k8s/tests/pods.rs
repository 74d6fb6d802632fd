//! Pods: which count, their addresses, names and ports, and their pages.

use serde_json::json;

use super::super::keys::Wanted;
use super::super::pods::Pod;
use super::{FIRST, PODS_1, PODS_2, QUERY, SECOND, dropped, fate, shown, take};
use crate::tape::{Hostile, Tape};
use crate::{Answer, Instance, Kind, Query};

const EXPIRED: &str = include_str!("../testdata/expired.json");
const FORBIDDEN: &str = include_str!("../testdata/forbidden.json");
const NONE: &str =
    r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}"#;

async fn two_pages(more: &str) -> Answer {
    let tape = Tape::play([take(FIRST).json(PODS_1), take(SECOND).json(PODS_2)]).await;
    let answer = tape.resolve(&format!("{QUERY} {more}")).await.unwrap();
    tape.finish();
    answer
}

#[tokio::test]
async fn both_pages_give_the_first_address_of_each_ready_pod_and_its_port() {
    let answer = two_pages("").await;
    assert_eq!(shown(&answer), ["10.244.1.5", "10.244.2.9:8301"]);
    assert!(answer.is_complete());
    let first = &answer.contacts[0];
    assert_eq!(first.instance.as_deref(), Some("consul/consul-0"));
    assert_eq!(first.zone.as_deref(), Some("eu-1a"));
    assert_eq!(first.tags["app"], "consul");
    assert_eq!(fate(&answer, "consul-1"), dropped("is not ready"));
}

#[tokio::test]
async fn pods_that_are_pending_or_being_deleted_never_count() {
    let answer = two_pages("include_not_ready=true").await;
    assert_eq!(
        shown(&answer),
        ["10.244.1.5", "10.244.2.7", "10.244.2.9:8301"]
    );
    assert_eq!(fate(&answer, "consul-2"), dropped("is Pending"));
    assert_eq!(fate(&answer, "consul-3"), dropped("is being deleted"));
}

#[tokio::test]
async fn the_policy_chooses_the_other_family_and_the_port() {
    let answer = two_pages("addr=private_v6 port_name=serflan").await;
    assert_eq!(shown(&answer), ["[fd00:10:244:1::5]:8301"]);
    let answer = two_pages("network=10.244.1.0/24 port=7").await;
    assert_eq!(shown(&answer), ["10.244.1.5:7"]);
}

#[tokio::test]
async fn the_nodes_address_and_port_come_with_host_network() {
    let answer = two_pages("host_network=true port_name=serflan").await;
    assert_eq!(shown(&answer), ["172.18.0.2:18301", "172.18.0.4:18301"]);
    let answer = two_pages("host_network=true port_name=http").await;
    assert_eq!(shown(&answer), ["172.18.0.4:18301"]);
    assert_eq!(fate(&answer, "consul-0"), dropped("has no port `http`"));
}

#[tokio::test]
async fn names_come_with_hostname_and_a_pod_without_one_is_a_gap() {
    let answer = two_pages("hostname=true").await;
    assert_eq!(
        shown(&answer),
        ["consul-0.consul-headless.consul.svc.cluster.local"]
    );
    assert_eq!(answer.gaps[0].part, "instance consul/consul-4");
}

#[tokio::test]
async fn a_list_that_expires_begins_anew_once_and_keeps_nothing_of_before() {
    let first_of_before = PODS_1.replace("10.244.1.5", "10.244.9.9");
    let takes = [
        take(FIRST).json(&first_of_before),
        take(SECOND).status(410).json(EXPIRED),
        take(FIRST).json(PODS_1),
        take(SECOND).json(PODS_2),
    ];
    let tape = Tape::play(takes).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.244.1.5", "10.244.2.9:8301"]);
    tape.finish();
}

#[tokio::test]
async fn a_list_that_expires_twice_is_partial_and_says_so() {
    let twice = || {
        [
            take(FIRST).json(PODS_1),
            take(SECOND).status(410).json(EXPIRED),
        ]
    };
    let tape = Tape::play(twice().into_iter().chain(twice())).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.244.1.5"]);
    assert_eq!(answer.gaps[0].error.kind(), Kind::Unavailable);
    tape.finish();
    let tape = Tape::play([take(FIRST).status(410).json(EXPIRED)]).await;
    assert_eq!(tape.resolve(QUERY).await.unwrap_err().kind(), Kind::Answer);
    tape.finish();
}

#[tokio::test]
async fn a_continue_token_that_comes_again_is_an_error() {
    let tape = Tape::play([take(FIRST).json(PODS_1), take(SECOND).json(PODS_1)]).await;
    assert_eq!(tape.resolve(QUERY).await.unwrap_err().kind(), Kind::Answer);
    tape.finish();
}

#[tokio::test(start_paused = true)]
async fn a_page_that_hangs_leaves_those_before_it_and_a_gap() {
    let hanging = std::iter::repeat_with(|| take(SECOND).hostile(Hostile::Hang)).take(6);
    let tape = Tape::play(std::iter::once(take(FIRST).json(PODS_1)).chain(hanging)).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.244.1.5"]);
    assert_eq!(answer.gaps[0].error.kind(), Kind::Timeout);
}

#[tokio::test]
async fn a_throttled_page_is_asked_for_again_after_its_pause() {
    let busy = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Too many requests, please try again later.","reason":"TooManyRequests","code":429}"#;
    let throttled = take(SECOND).status(429).reply_header("retry-after", "2");
    let takes = [
        take(FIRST).json(PODS_1),
        throttled.json(busy),
        take(SECOND).json(PODS_2),
    ];
    let tape = Tape::play(takes).await;
    assert_eq!(tape.resolve(QUERY).await.unwrap().contacts.len(), 2);
    assert!(tape.waited().as_secs() >= 2, "{:?}", tape.waited());
    tape.finish();
}

#[tokio::test]
async fn a_missing_right_is_told_in_the_vendors_words() {
    let tape = Tape::play([take(FIRST).status(403).json(FORBIDDEN)]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert!(
        error.to_string().contains("cannot list resource \"pods\""),
        "{error}"
    );
    tape.finish();
}

#[tokio::test]
async fn namespaces_and_selectors_go_into_the_request() {
    let takes = [
        take("/api/v1/namespaces/default/pods?limit=500&fieldSelector=spec.nodeName%3Da")
            .json(NONE),
        take("/api/v1/pods?limit=500").json(NONE),
    ];
    let tape = Tape::play(takes).await;
    for more in ["field_selector=\"spec.nodeName=a\"", "namespace=*"] {
        let answer = tape
            .resolve(&format!("provider=k8s token=hush {more}"))
            .await;
        let answer = answer.unwrap();
        assert!(answer.contacts.is_empty() && answer.is_complete(), "{more}");
    }
    tape.finish();
}

/// One pod with the ports of go-discover's own cases.
fn pod(annotation: Option<&str>, more: &str) -> Instance {
    let annotations = annotation.map(|text| json!({"consul.hashicorp.com/auto-join-port": text}));
    let pod = json!({
        "metadata": {"name": "a", "annotations": annotations},
        "spec": {"containers": [
            {"ports": [
                {"name": "my-port", "hostPort": 1234, "containerPort": 8500},
                {"name": "http", "hostPort": 80, "containerPort": 8080},
                {"name": "inner", "hostPort": 0, "containerPort": 9000},
            ]},
            {"ports": [{"name": "inner", "hostPort": 9001, "containerPort": 9002}]},
            {"ports": null},
        ]},
        "status": {"phase": "Running", "podIP": "1.2.3.4", "hostIP": "2.3.4.5"},
    });
    let query = Query::parse(&format!("provider=k8s {more}")).unwrap();
    let pod: Pod = serde_json::from_value(pod).unwrap();
    pod.instance(&Wanted::from_query(&query))
}

#[test]
fn an_annotation_names_a_port_or_is_one() {
    let rows = [
        (None, "", Some(None)),
        (Some("my-port"), "", Some(Some(8500))),
        (Some("http"), "host_network=true", Some(Some(80))),
        (Some("inner"), "host_network=true", Some(Some(9001))),
        (Some("4600"), "", Some(Some(4600))),
        (Some("4600"), "host_network=true", Some(Some(4600))),
        (Some("0x1F90"), "", Some(Some(8080))),
        (Some("0o17620"), "", Some(Some(8080))),
        (Some("017620"), "", Some(Some(8080))),
        (Some("8_080"), "", Some(Some(8080))),
        (Some("-1"), "", None),
        (Some("+1"), "", None),
        (Some("0"), "", None),
        (Some("70000"), "", None),
        (Some("99999999999"), "", None),
        (Some("nobody"), "", None),
        (Some("nobody"), "port=8301", Some(None)),
        (Some("4600"), "port_name=http", Some(Some(4600))),
        (None, "port_name=http", Some(Some(8080))),
        (None, "port_name=nobody", None),
    ];
    for (annotation, more, port) in rows {
        let found = pod(annotation, more);
        assert_eq!(
            found.dropped.is_none(),
            port.is_some(),
            "{annotation:?} {more}"
        );
        assert_eq!(found.port, port.flatten(), "{annotation:?} {more}");
    }
}

#[test]
fn nothing_in_a_pod_has_to_be_there_but_its_name() {
    let query = Query::parse("provider=k8s").unwrap();
    for text in [
        r#"{"metadata":{"name":"a"}}"#,
        r#"{"metadata":{"name":"a","labels":null},"spec":null,"status":{"conditions":null,"podIPs":null}}"#,
        r#"{"metadata":{"name":"a"},"spec":{"containers":null},"status":{"phase":"Running","podIP":"","podIPs":[{}]}}"#,
    ] {
        let pod: Pod = serde_json::from_str(text).unwrap();
        let found = pod.instance(&Wanted::from_query(&query));
        assert!(found.addresses.is_empty(), "{text}");
    }
}
