//! Recorded answers in the shape of the vendor's reference, and hostile ones.

use crate::tape::{Hostile, Take, Tape, parts, shown};
use crate::{Answer, FakeFiles, Fate, Kind, Query};

const PAGE_1: &str = include_str!("testdata/two_pages_1.json");
const PAGE_2: &str = include_str!("testdata/two_pages_2.json");

const QUERY: &str = "provider=digitalocean tag_name=\"a b&c\" api_token=hush";
const FIRST: &str = "/v2/droplets?per_page=200&tag_name=a+b%26c";
const SECOND: &str = "/v2/droplets?page=2&per_page=200&tag_name=a+b%26c";
const NONE: &str = r#"{"droplets":[],"links":{},"meta":{"total":0}}"#;

fn take(target: &str) -> Take {
    Take::get(target).header("authorization", "Bearer hush")
}

async fn two_pages(more: &str) -> Answer {
    let tape = Tape::play([take(FIRST).json(PAGE_1), take(SECOND).json(PAGE_2)]).await;
    let answer = tape.resolve(&format!("{QUERY} {more}")).await.unwrap();
    tape.finish();
    answer
}

#[tokio::test]
async fn both_pages_of_active_droplets_give_their_private_addresses() {
    let answer = two_pages("").await;
    assert_eq!(
        shown(&answer),
        ["10.128.192.124", "10.128.192.125", "10.128.192.126"]
    );
    let first = &answer.contacts[0];
    assert_eq!(first.instance.as_deref(), Some("3164444"));
    assert_eq!(first.name.as_deref(), Some("server-1"));
    assert_eq!(first.zone.as_deref(), Some("nyc3"));
    assert!(first.tags.contains_key("env:prod"), "{:?}", first.tags);
}

#[tokio::test]
async fn a_droplet_that_is_off_is_dropped_with_its_reason() {
    let answer = two_pages("").await;
    let fate = |answer: &Answer| {
        let mut all = answer.seen.iter();
        let found = all.find(|(one, _)| one.name.as_deref() == Some("stopped-1"));
        found.unwrap().1.clone()
    };
    assert_eq!(fate(&answer), Fate::Dropped("is off".to_owned()));
    let answer = two_pages("status=active,off").await;
    assert!(matches!(fate(&answer), Fate::Kept(_)));
}

#[tokio::test]
async fn one_droplet_without_networks_is_a_gap_and_not_the_end_of_the_lookup() {
    let answer = two_pages("").await;
    assert_eq!(parts(&answer), ["instance 3164461"]);
}

#[tokio::test]
async fn a_droplet_without_a_region_is_in_none() {
    let answer = two_pages("region=nyc3").await;
    assert_eq!(shown(&answer), ["10.128.192.124"]);
}

#[tokio::test]
async fn the_policy_chooses_other_kinds_and_the_vpc() {
    let answer = two_pages("addr=public_v6,public_v4").await;
    assert_eq!(
        shown(&answer),
        ["104.236.32.183", "2604:a880:800:10::2dd:4001"]
    );
    let answer = two_pages("network=953d698c-dc84-11e8-80bc-3cfdfea9fba1 port=8301").await;
    assert_eq!(shown(&answer), ["10.128.192.125:8301"]);
}

#[tokio::test]
async fn no_droplets_are_an_empty_and_complete_answer() {
    let tape = Tape::play([take(FIRST).json(NONE)]).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
    tape.finish();
}

#[tokio::test]
async fn the_token_never_follows_a_link_to_another_host() {
    let page = PAGE_1.replace("http://{addr}/", "https://evil.example/");
    let tape = Tape::play([take(FIRST).json(&page)]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    assert!(error.to_string().contains("another server"), "{error}");
    tape.finish();
}

#[tokio::test]
async fn the_token_comes_from_query_file_or_environment_in_this_order() {
    let all = "/v2/droplets?per_page=200";
    let with = |token: &str| Take::get(all).header("authorization", token).json(NONE);
    let files = FakeFiles::default().with("/run/token", "of-file\n");
    let query = "provider=digitalocean tag_name=\"\"";
    let both = [
        ("DIGITALOCEAN_TOKEN", "one"),
        ("DIGITALOCEAN_ACCESS_TOKEN", "two"),
    ];
    let tape = Tape::play([
        with("Bearer of-query"),
        with("Bearer of-file"),
        with("Bearer one"),
        with("Bearer two"),
    ]);
    let tape = tape.await.with_files(files).with_variables(&both);
    for more in ["api_token=of-query", "api_token_file=/run/token", ""] {
        tape.resolve(&format!("{query} {more}")).await.unwrap();
    }
    let tape = tape.with_variables(&both[1..]);
    tape.resolve(query).await.unwrap();
    let tape = tape.with_variables(&[]);
    let error = tape.resolve(query).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    tape.finish();
}

#[test]
fn a_query_without_tag_or_with_an_unknown_state_is_refused() {
    for wrong in ["", "tag_nmae=a", "tag_name=a status=running"] {
        let text = format!("provider=digitalocean {wrong}");
        assert!(Query::parse(&text).is_err(), "{wrong}");
    }
    let shown = Query::parse(QUERY).unwrap().to_string();
    assert!(!shown.contains("hush"), "{shown}");
}

#[tokio::test]
async fn what_the_vendor_says_is_told() {
    let json = r#"{"id":"forbidden","message":"You are not authorized to perform this operation"}"#;
    let tape = Tape::play([take(FIRST).status(403).json(json)]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "digitalocean: list droplets: not permitted (status: 403, message: You are not authorized to perform this operation)"
    );
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        let tape = Tape::always(hostile).await;
        let error = tape.resolve(QUERY).await.unwrap_err();
        assert_eq!(error.kind(), hostile.kind(), "{hostile:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}
