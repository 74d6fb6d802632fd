//! `EndpointSlices`: merged over slices and families, and their conditions.

use super::take;
use crate::Answer;
use crate::tape::{Tape, dropped, fate, parts, shown};

const SLICES_1: &str = include_str!("../testdata/slices_1.json");
const SLICES_2: &str = include_str!("../testdata/slices_2.json");

const QUERY: &str =
    "provider=k8s source=endpointslice service=consul-headless namespace=consul token=hush";
const FIRST: &str = "/apis/discovery.k8s.io/v1/namespaces/consul/endpointslices?limit=500&labelSelector=kubernetes.io%2Fservice-name%3Dconsul-headless";

async fn two_pages(more: &str) -> Answer {
    let second = format!("{FIRST}&continue=MORE");
    let tape = Tape::play([take(FIRST).json(SLICES_1), take(&second).json(SLICES_2)]).await;
    let answer = tape.resolve(&format!("{QUERY} {more}")).await.unwrap();
    tape.finish();
    answer
}

#[tokio::test]
async fn a_pod_in_several_slices_and_families_is_one_contact() {
    let answer = two_pages("").await;
    assert_eq!(shown(&answer), ["10.244.1.5", "10.244.2.9"]);
    assert_eq!(answer.seen.len(), 4);
    assert!(answer.is_complete());
    let first = &answer.contacts[0];
    assert_eq!(first.instance.as_deref(), Some("consul/consul-0"));
    assert_eq!(first.zone.as_deref(), Some("eu-1a"));
    let answer = two_pages("addr=private_v6,private_v4").await;
    assert_eq!(shown(&answer), ["10.244.2.9", "fd00:10:244:1::5"]);
}

#[tokio::test]
async fn an_endpoint_that_terminates_never_counts_and_one_not_ready_by_choice() {
    let answer = two_pages("include_not_ready=true").await;
    assert_eq!(shown(&answer), ["10.244.1.5", "10.244.2.7", "10.244.2.9"]);
    assert_eq!(fate(&answer, "consul-3"), dropped("is terminating"));
    let answer = two_pages("").await;
    assert_eq!(fate(&answer, "consul-1"), dropped("is not ready"));
}

#[tokio::test]
async fn a_named_port_of_the_slices_is_the_contacts() {
    let answer = two_pages("port_name=serflan").await;
    assert_eq!(shown(&answer), ["10.244.1.5:8301", "10.244.2.9:8301"]);
    let answer = two_pages("port_name=grpc").await;
    assert_eq!(fate(&answer, "consul-0"), dropped("has no port `grpc`"));
}

#[tokio::test]
async fn names_come_with_hostname() {
    let answer = two_pages("hostname=true include_not_ready=true").await;
    assert_eq!(
        shown(&answer),
        [
            "consul-0.consul-headless.consul.svc.cluster.local",
            "consul-1.consul-headless.consul.svc.cluster.local",
        ]
    );
    assert_eq!(answer.gaps[0].part, "instance consul/consul-4");
}

#[tokio::test]
async fn endpoints_that_are_names_stay_names_and_what_is_none_is_a_gap() {
    let list = r#"{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","metadata":{},"items":[
        {"metadata":{"name":"a","namespace":"consul"},"addressType":"FQDN","ports":[],
         "endpoints":[{"addresses":["db.example.org."]},{"addresses":["no name"]},{"addresses":null}]}]}"#;
    let tape = Tape::play([take(FIRST).json(list)]).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["db.example.org"]);
    assert_eq!(
        parts(&answer),
        ["instance consul/no name", "instance consul/"]
    );
    tape.finish();
}

#[tokio::test]
async fn more_labels_go_behind_the_services() {
    let none = r#"{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[]}"#;
    let target = format!("{FIRST}%2Ca%3Db");
    let tape = Tape::play([take(&target).json(none)]).await;
    let answer = tape
        .resolve(&format!("{QUERY} label_selector=\"a=b\""))
        .await;
    assert!(answer.unwrap().contacts.is_empty());
    tape.finish();
}
