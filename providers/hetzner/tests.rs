//! Recorded answers in the shape of the vendor's references, and hostile ones.

use crate::tape::{Hostile, Take, Tape, dropped, fate, parts, shown};
use crate::{Answer, FakeFiles, Kind, Query};

const SERVERS_1: &str = include_str!("testdata/servers_1.json");
const SERVERS_2: &str = include_str!("testdata/servers_2.json");
const NETWORKS: &str = include_str!("testdata/networks.json");
const ROBOT: &str = include_str!("testdata/robot.json");

const QUERY: &str = "provider=hetzner label_selector=\"role=server,env!=test\" api_token=hush";
const FIRST: &str = "/v1/servers?per_page=50&label_selector=role%3Dserver%2Cenv%21%3Dtest";

const DEDICATED: &str = "provider=hetzner role=robot robot_user=u robot_password=hush name=db-*";

fn take(target: &str) -> Take {
    Take::get(target).header("authorization", "Bearer hush")
}

fn both_pages() -> [Take; 2] {
    let second = format!("{FIRST}&page=2");
    [take(FIRST).json(SERVERS_1), take(&second).json(SERVERS_2)]
}

async fn two_pages(more: &str) -> Answer {
    let tape = Tape::play(both_pages()).await;
    let answer = tape.resolve(&format!("{QUERY} {more}")).await.unwrap();
    tape.finish();
    answer
}

#[tokio::test]
async fn both_pages_give_the_first_private_address_else_the_public_one() {
    let answer = two_pages("").await;
    assert_eq!(shown(&answer), ["10.0.0.2", "131.232.99.2"]);
    let first = &answer.contacts[0];
    assert_eq!(first.instance.as_deref(), Some("42"));
    assert_eq!(first.zone.as_deref(), Some("fsn1"));
    assert_eq!(first.tags["env"], "prod");
    assert_eq!(answer.contacts[1].zone.as_deref(), Some("nbg1"));
}

#[tokio::test]
async fn the_network_of_a_public_ipv6_is_no_address() {
    let answer = two_pages("").await;
    assert_eq!(parts(&answer), ["instance 45"]);
}

#[tokio::test]
async fn location_state_and_name_drop_with_their_reason() {
    let answer = two_pages("").await;
    assert_eq!(fate(&answer, "server-off"), dropped("is off"));
    let answer = two_pages("location=fsn1 status=running,off").await;
    assert_eq!(shown(&answer), ["10.0.0.2", "10.0.0.3"]);
    assert_eq!(fate(&answer, "public-1"), dropped("is not in fsn1"));
    let answer = two_pages("name=server-*").await;
    assert_eq!(shown(&answer), ["10.0.0.2"]);
    assert_eq!(fate(&answer, "v6-only"), dropped("has another name"));
}

#[tokio::test]
async fn a_network_is_chosen_by_name_id_or_range() {
    let by_name = take("/v1/networks?name=peers").json(NETWORKS);
    let tape = Tape::play([by_name].into_iter().chain(both_pages())).await;
    let answer = tape.resolve(&format!("{QUERY} network=peers")).await;
    assert_eq!(shown(&answer.unwrap()), ["10.9.0.2"]);
    tape.finish();
    for network in ["4712", "10.9.0.0/16"] {
        let answer = two_pages(&format!("network={network} port=8301")).await;
        assert_eq!(shown(&answer), ["10.9.0.2:8301"], "{network}");
        assert_eq!(
            fate(&answer, "public-1"),
            dropped("has no address in the network")
        );
    }
}

#[tokio::test]
async fn a_network_that_is_not_there_is_an_error_and_not_an_empty_list() {
    let none = r#"{"networks":[],"meta":{"pagination":{"page":1,"per_page":25,"previous_page":null,"next_page":null,"last_page":1,"total_entries":0}}}"#;
    let tape = Tape::play([take("/v1/networks?name=pears").json(none)]).await;
    let error = tape.resolve(&format!("{QUERY} network=pears")).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "hetzner: find the network: the answer makes no sense (network: pears, reply: the project has no network of this name)"
    );
    tape.finish();
}

#[tokio::test]
async fn a_page_that_names_itself_as_the_next_is_an_error() {
    let circle = SERVERS_2.replace("\"next_page\": null", "\"next_page\": 2");
    let second = format!("{FIRST}&page=2");
    let tape = Tape::play([take(FIRST).json(SERVERS_1), take(&second).json(&circle)]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    tape.finish();
}

#[tokio::test]
async fn a_throttled_page_is_asked_for_again_and_no_other() {
    let json = r#"{"error":{"code":"rate_limit_exceeded","message":"limit of 3600 requests per hour reached"}}"#;
    let second = format!("{FIRST}&page=2");
    let takes = [
        take(FIRST).json(SERVERS_1),
        take(&second).status(429).json(json),
        take(&second).json(SERVERS_2),
    ];
    let tape = Tape::play(takes).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.2", "131.232.99.2"]);
    tape.finish();
}

#[tokio::test]
async fn the_token_comes_from_file_or_environment() {
    let none = r#"{"servers":[],"meta":{"pagination":{"page":1,"per_page":50,"previous_page":null,"next_page":null,"last_page":1,"total_entries":0}}}"#;
    let with = |token: &str| {
        let all = Take::get("/v1/servers?per_page=50");
        all.header("authorization", token).json(none)
    };
    let tape = Tape::play([with("Bearer of-file"), with("Bearer of-variable")]).await;
    let tape = tape
        .with_files(FakeFiles::default().with("/run/token", "of-file\n"))
        .with_variables(&[("HCLOUD_TOKEN", "of-variable")]);
    for more in ["api_token_file=/run/token", ""] {
        let answer = tape.resolve(&format!("provider=hetzner {more}")).await;
        let answer = answer.unwrap();
        assert!(answer.contacts.is_empty() && answer.is_complete());
    }
    let tape = tape.with_variables(&[]);
    let error = tape.resolve("provider=hetzner").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    tape.finish();
}

#[tokio::test]
async fn dedicated_servers_that_are_ready_are_found_by_name() {
    let one = || Take::get("/server").header("authorization", "Basic dTpodXNo");
    let tape = Tape::play([one().json(ROBOT), one().json(ROBOT)]).await;
    let answer = tape.resolve(DEDICATED).await.unwrap();
    assert_eq!(shown(&answer), ["123.123.123.123", "123.123.123.124"]);
    assert_eq!(answer.contacts[0].zone.as_deref(), Some("nbg1"));
    assert_eq!(fate(&answer, "db-3"), dropped("is in process"));
    assert_eq!(fate(&answer, "db-4"), dropped("is cancelled"));
    assert_eq!(fate(&answer, "mail"), dropped("has another name"));
    assert_eq!(answer.gaps[0].part, "instance 821");
    let answer = tape.resolve(&format!("{DEDICATED} location=fsn1")).await;
    assert_eq!(shown(&answer.unwrap()), ["123.123.123.124"]);
    tape.finish();
}

#[tokio::test]
async fn the_dedicated_servers_throttle_by_403_and_are_none_by_404() {
    let busy = r#"{"error":{"status":403,"code":"RATE_LIMIT_EXCEEDED","message":"rate limit exceeded","max_request":200,"interval":3600}}"#;
    let none = r#"{"error":{"status":404,"code":"SERVER_NOT_FOUND","message":"No server found"}}"#;
    let one = |status, json| Take::get("/server").status(status).json(json);
    let tape = Tape::play([one(403, busy), one(404, none), one(404, "{}")]).await;
    let answer = tape.resolve(DEDICATED).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
    let error = tape.resolve(DEDICATED).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    tape.finish();
}

#[test]
fn keys_of_the_other_role_are_refused() {
    for wrong in [
        "role=cloud",
        "status=ready",
        "robot_user=u",
        "role=robot robot_user=u",
        "role=robot name=* label_selector=a",
        "role=robot name=* api_token=t",
    ] {
        let text = format!("provider=hetzner {wrong}");
        assert!(Query::parse(&text).is_err(), "{wrong}");
    }
    for good in [QUERY, DEDICATED] {
        let shown = Query::parse(good).unwrap().to_string();
        assert!(!shown.contains("hush"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        for query in [QUERY, DEDICATED] {
            let tape = Tape::always(hostile).await;
            let error = tape.resolve(query).await.unwrap_err();
            assert_eq!(error.kind(), hostile.kind(), "{hostile:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}
