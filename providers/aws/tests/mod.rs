//! The provider against a stand-in of EC2: what is asked, what comes back, and bad days.

mod bad_days;
mod cloud;
#[path = "../../../tests/support/ec2.rs"]
mod ec2;
mod ecs;
mod process;
mod regions;
mod role;
mod way;

use std::collections::BTreeMap;

use ec2::{Fault, Instance, StandIn};

use crate::tape::shown;
use crate::{
    Answer, Environment, FakeClock, FakeDns, Io, Kind, Query, RealHttp, ResolveError, resolve,
};

/// A key pair and a region, as variables.
const VARIABLES: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENV"),
    ("AWS_SECRET_ACCESS_KEY", "secret-of-env"),
    ("AWS_REGION", "eu-west-1"),
];

/// Doors to loopback, and a clock that jumps.
fn doors<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Io {
    Io::new(Environment::fixed(variables), FakeDns::default())
        .with_http(RealHttp::default())
        .with_clock(FakeClock::default())
}

fn io() -> Io {
    doors(VARIABLES)
}

fn query(ec2: &StandIn, more: &str) -> Query {
    let endpoint = ec2.url();
    let text = format!("provider=aws tag_key=role tag_value=server endpoint={endpoint} {more}");
    Query::parse(&text).unwrap()
}

async fn ask(ec2: &StandIn, more: &str) -> Result<Answer, ResolveError> {
    resolve(&query(ec2, more), &io()).await
}

async fn three() -> StandIn {
    let of = |n: u8| Instance::running(&format!("i-{n}"), [10, 0, 0, n]).tag("role", "server");
    StandIn::start((1..=3).map(of).collect()).await.unwrap()
}

const THREE: [&str; 3] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

#[tokio::test]
async fn a_lookup_asks_for_running_instances_with_the_tag() {
    let ec2 = three().await;
    let answer = ask(&ec2, "").await.unwrap();
    assert_eq!(shown(&answer), THREE);
    assert!(answer.is_complete());
    let [request] = ec2.requests().try_into().unwrap();
    let wanted = [
        ("Action", "DescribeInstances"),
        ("Version", "2016-11-15"),
        ("Filter.1.Name", "tag:role"),
        ("Filter.1.Value.1", "server"),
        ("Filter.2.Name", "instance-state-name"),
        ("Filter.2.Value.1", "running"),
        ("MaxResults", "1000"),
    ];
    let wanted: BTreeMap<String, String> = wanted
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(*request.form(), wanted);
    let scope = "/eu-west-1/ec2/aws4_request";
    assert!(request.authorization().contains("Credential=AKIDENV/"));
    assert!(request.authorization().contains(scope));
    assert_eq!(request.action(), "DescribeInstances");
}

#[tokio::test]
async fn the_query_goes_before_the_environment() {
    let ec2 = three().await;
    let keys = "access_key_id=AKIDKEY secret_access_key=hush session_token=tok region=us-east-2";
    ask(&ec2, keys).await.unwrap();
    let [request] = ec2.requests().try_into().unwrap();
    assert!(request.authorization().contains("Credential=AKIDKEY/"));
    assert!(request.authorization().contains("/us-east-2/ec2/"));
    assert_eq!(request.session_token(), Some("tok"));
}

#[tokio::test]
async fn a_variable_names_the_endpoint() {
    let ec2 = three().await;
    let endpoint = ec2.url();
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ];
    variables.push(("AWS_ENDPOINT_URL_EC2", &endpoint));
    let query = Query::parse("provider=aws tag_key=role tag_value=server").unwrap();
    assert_eq!(
        shown(&resolve(&query, &doors(variables)).await.unwrap()),
        THREE
    );
}

#[tokio::test]
async fn every_page_is_read() {
    let of = |n: u32| {
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n);
        Instance::running(&format!("i-{n}"), ip).tag("role", "server")
    };
    let ec2 = StandIn::start((1..=2_500).map(of).collect()).await.unwrap();
    let answer = ask(&ec2, "").await.unwrap();
    assert_eq!(answer.contacts.len(), 2_500);
    let tokens: Vec<String> = ec2
        .requests()
        .iter()
        .map(|request| request.field("NextToken").to_owned())
        .collect();
    assert_eq!(tokens, ["", "after-1000", "after-2000"]);
}

#[tokio::test]
async fn what_the_vendor_said_comes_with_the_address() {
    let ec2 = three().await;
    let mut one = Instance::running("i-9", [10, 0, 0, 9]).tag("role", "server");
    one.tags.insert("Name".to_owned(), "a <&> b".to_owned());
    ec2.set_instances(vec![one]);
    let answer = ask(&ec2, "").await.unwrap();
    let [contact] = answer.contacts.try_into().unwrap();
    assert_eq!(contact.instance.as_deref(), Some("i-9"));
    assert_eq!(contact.zone.as_deref(), Some("eu-west-1a"));
    assert_eq!(contact.name.as_deref(), Some("a <&> b"));
    assert_eq!(contact.tags.get("role").map(String::as_str), Some("server"));
    assert_eq!(contact.port, None);
}

#[tokio::test]
async fn the_kind_of_address_is_the_one_asked_for() {
    let ec2 = three().await;
    let mut one = Instance::running("i-1", [10, 0, 0, 1]).tag("role", "server");
    one.public_v4 = Some("198.51.100.1".to_owned());
    one.v6 = vec!["2001:db8::2".to_owned(), "2001:db8::1".to_owned()];
    ec2.set_instances(vec![one]);
    let rows: [(&str, &[&str]); 4] = [
        ("", &["10.0.0.1"]),
        ("addr_type=private_v4", &["10.0.0.1"]),
        ("addr_type=public_v4", &["198.51.100.1"]),
        ("addr_type=public_v6", &["2001:db8::1", "2001:db8::2"]),
    ];
    for (key, wanted) in rows {
        assert_eq!(shown(&ask(&ec2, key).await.unwrap()), wanted, "{key}");
    }
}

#[tokio::test]
async fn an_instance_without_the_wanted_address_is_a_gap_and_alone_an_error() {
    let ec2 = three().await;
    let mut one = Instance::running("i-1", [10, 0, 0, 1]).tag("role", "server");
    one.public_v4 = Some("198.51.100.1".to_owned());
    let two = Instance::running("i-2", [10, 0, 0, 2]).tag("role", "server");
    ec2.set_instances(vec![one, two.clone()]);
    let answer = ask(&ec2, "addr_type=public_v4").await.unwrap();
    assert_eq!(shown(&answer), ["198.51.100.1"]);
    let parts: Vec<&str> = answer.gaps.iter().map(|gap| gap.part.as_str()).collect();
    assert_eq!(parts, ["instance i-2"]);

    ec2.set_instances(vec![two]);
    let error = ask(&ec2, "addr_type=public_v4").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    assert!(error.to_string().contains("i-2"), "{error}");
}

#[tokio::test]
async fn an_account_without_such_instances_is_an_empty_and_complete_answer() {
    let ec2 = StandIn::start(Vec::new()).await.unwrap();
    let answer = ask(&ec2, "").await.unwrap();
    assert_eq!(shown(&answer), [""; 0]);
    assert!(answer.is_complete());
}

#[tokio::test]
async fn a_stopped_instance_is_left_out_even_if_the_api_ignores_the_filter() {
    let ec2 = three().await;
    let mut stopped = Instance::running("i-4", [10, 0, 0, 4]).tag("role", "server");
    stopped.state = "stopped".to_owned();
    let one = Instance::running("i-1", [10, 0, 0, 1]).tag("role", "server");
    ec2.set_instances(vec![one, stopped]);
    ec2.fail(1, Fault::Unfiltered);
    assert_eq!(shown(&ask(&ec2, "").await.unwrap()), ["10.0.0.1"]);
}
