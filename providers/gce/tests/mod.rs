//! The provider against recorded answers and a metadata server: what is asked, what comes back.

mod bad_days;
mod credentials;
mod groups;

use crate::tape::{Take, Tape, parts, shown};

const TWO_ZONES: &str = include_str!("two_zones.json");

/// The list with nothing in it.
const NONE: &str = r#"{"kind":"compute#instanceAggregatedList"}"#;

const QUERY: &str = "provider=gce tag_value=consul";

/// The fields that are asked for, as they stand in an address.
const FIELDS: &str = "kind%2CnextPageToken%2Cunreachables%2Cwarning%2Citems%2F*%2Fwarning%2Citems%2F*%2Finstances%28id%2Cname%2Cstatus%2Clabels%2Ctags%2Fitems%2CnetworkInterfaces%28network%2Csubnetwork%2CnetworkIP%2Cipv6Address%2CaccessConfigs%2FnatIP%2Cipv6AccessConfigs%2FexternalIpv6%29%29";

/// The list of a project with a filter, and what stands behind it.
fn list_of(project: &str, rest: &str) -> Take {
    let target = format!(
        "/compute/v1/projects/{project}/aggregated/instances?maxResults=500&returnPartialSuccess=true&fields={FIELDS}{rest}"
    );
    Take::get(&target)
}

fn list() -> Take {
    list_of("my-project-1", "&filter=tags.items%3A%22consul%22")
        .header("authorization", "Bearer of-md")
}

fn metadata(path: &str) -> Take {
    Take::get(&format!("/computeMetadata/v1/{path}"))
        .header("metadata-flavor", "Google")
        .reply_header("metadata-flavor", "Google")
}

fn project() -> Take {
    let project = metadata("project/project-id").reply_header("content-type", "application/text");
    project.json("my-project-1")
}

fn token(text: &str) -> Take {
    let json = format!(r#"{{"access_token":"{text}","expires_in":3599,"token_type":"Bearer"}}"#);
    metadata("instance/service-accounts/default/token").json(&json)
}

/// A machine in the cloud: what it is asked, and its metadata server.
async fn machine(takes: impl IntoIterator<Item = Take>) -> Tape {
    let tape = Tape::play([project(), token("of-md")].into_iter().chain(takes)).await;
    at_home(tape)
}

/// Points the metadata server's name to the tape.
fn at_home(tape: Tape) -> Tape {
    let url = tape.url();
    let host = url.trim_start_matches("http://").to_owned();
    tape.with_variables(&[("GCE_METADATA_HOST", &host)])
}

#[tokio::test]
async fn project_and_token_come_from_the_machine_and_one_call_reads_all_zones() {
    let tape = machine([list().json(TWO_ZONES)]).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.128.0.4", "10.132.0.2"]);
    assert!(answer.is_complete());
    let [_, contact] = answer.contacts.try_into().unwrap();
    assert_eq!(contact.instance.as_deref(), Some("4172895120034528871"));
    assert_eq!(contact.name.as_deref(), Some("server-1"));
    assert_eq!(contact.zone.as_deref(), Some("europe-west1-b"));
    assert_eq!(contact.tags["role"], "server");
    assert_eq!(contact.tags["tags.items"], "consul,ssh");
    tape.finish();
}

#[tokio::test]
async fn a_stopped_instance_is_left_out_unless_asked_for() {
    for (key, wanted) in [
        ("", vec!["10.128.0.4", "10.132.0.2"]),
        ("status=TERMINATED", vec!["10.132.0.3"]),
        ("status=any", vec!["10.128.0.4", "10.132.0.2", "10.132.0.3"]),
    ] {
        let tape = machine([list().json(TWO_ZONES)]).await;
        let answer = tape.resolve(&format!("{QUERY} {key}")).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{key}");
        assert_eq!(answer.seen.len(), 3, "every instance is told of");
    }
}

#[tokio::test]
async fn every_interface_and_kind_of_address_can_be_chosen() {
    for (keys, wanted) in [
        ("addr=public_v4 zone_pattern=europe-.*", "198.51.100.2"),
        ("addr=public_v6 zone_pattern=europe-.*", "2001:db8:1::2"),
        ("addr=private_v6 zone_pattern=europe-.*", "fd20:12:3456::"),
        ("network=storage", "10.200.0.2"),
        ("network=storage-eu", "10.200.0.2"),
        ("network=10.200.0.0/16", "10.200.0.2"),
        ("zone_pattern=us-.* port=8301", "10.128.0.4:8301"),
    ] {
        let tape = machine([list().json(TWO_ZONES)]).await;
        let answer = tape.resolve(&format!("{QUERY} {keys}")).await.unwrap();
        assert_eq!(shown(&answer), [wanted], "{keys}");
        assert!(answer.is_complete(), "{keys}");
    }
}

#[tokio::test]
async fn an_instance_with_ipv6_alone_is_found() {
    let one = r#"{"kind":"compute#instanceAggregatedList","items":{"zones/z-a":{"instances":[
        {"id":"1","name":"a","status":"RUNNING","networkInterfaces":[{"ipv6Address":"fd20::1"}]}]}}}"#;
    let tape = machine([list().json(one)]).await;
    assert_eq!(shown(&tape.resolve(QUERY).await.unwrap()), ["fd20::1"]);
}

#[tokio::test]
async fn every_page_is_read() {
    let page = |n: u8, next: &str| {
        format!(
            r#"{{"kind":"compute#instanceAggregatedList","items":{{"zones/z-{n}":{{"instances":[
            {{"id":"{n}","name":"a{n}","status":"RUNNING","networkInterfaces":[{{"networkIP":"10.0.0.{n}"}}]}}]}}}}{next}}}"#
        )
    };
    let after = |token: &str| {
        list_of(
            "my-project-1",
            &format!("&filter=tags.items%3A%22consul%22&pageToken={token}"),
        )
    };
    let tape = machine([
        list().json(&page(1, r#","nextPageToken":"ClQ+a=/b""#)),
        after("ClQ%2Ba%3D%2Fb").json(&page(2, r#","nextPageToken":"two""#)),
        after("two").json(&page(3, r#","nextPageToken":"""#)),
    ])
    .await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    tape.finish();
}

#[tokio::test]
async fn a_project_without_such_instances_is_an_empty_and_complete_answer() {
    let tape = machine([list().json(NONE)]).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
}

#[tokio::test]
async fn zones_that_could_not_be_read_are_gaps_once_and_only_if_asked_for() {
    let text = include_str!("failing_zones.json");
    let tape = machine([list().json(text)]).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.132.0.2"]);
    assert_eq!(parts(&answer), ["zone us-east1-c", "zone us-west4-a"]);
    let told = answer.gaps[0].error.to_string();
    assert!(told.contains("is not reachable"), "{told}");

    let tape = machine([list().json(text)]).await;
    let query = format!("{QUERY} zone_pattern=\"europe-.*|us-west.*\"");
    let answer = tape.resolve(&query).await.unwrap();
    assert_eq!(parts(&answer), ["zone us-west4-a"]);
}

#[tokio::test]
async fn a_project_by_name_or_variable_asks_no_one_for_it() {
    for (key, variable) in [
        ("project_name=p-1", ""),
        ("", "p-1"),
        ("project_name=p-1", "p-2"),
    ] {
        let here = list_of("p-1", "&filter=tags.items%3A%22consul%22").json(NONE);
        let tape = Tape::play([token("of-md"), here]).await;
        let host = tape.url().trim_start_matches("http://").to_owned();
        let tape = tape.with_variables(&[
            ("GCE_METADATA_HOST", &host),
            ("GOOGLE_CLOUD_PROJECT", variable),
        ]);
        tape.resolve(&format!("{QUERY} {key}")).await.unwrap();
        tape.finish();
    }
}
