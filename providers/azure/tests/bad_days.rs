//! Bad days of the API, of the login and of the metadata service.

use super::{
    MACHINES, NICS, NONE, SUBSCRIPTION, azure, get, machines, machines_path, nic, nics, nics_path,
    parts, power, power_path, query, token,
};
use crate::tape::{Hostile, Take, Tape};
use crate::{Kind, Retry};

/// One bad answer over and over, with the login that a refused token asks for.
fn over_and_over(hostile: Hostile, of: impl Fn() -> Take) -> Vec<Take> {
    let bad = || of().hostile(hostile);
    let renewed = (hostile == Hostile::Unknown).then(|| token("of-login"));
    let takes = std::iter::once(bad()).chain(renewed);
    takes.chain((0..8).map(|_| bad())).collect()
}

/// The lookup fails as the answer says, and tells no secret.
async fn fails_as(hostile: Hostile, tape: &Tape) {
    let error = tape.resolve(&query("")).await.unwrap_err();
    assert_eq!(error.kind(), hostile.kind(), "{hostile:?}: {error}");
    let told = format!("{error} {error:?}");
    let is_secret = told.contains("hush") || told.contains("of-login");
    assert!(!is_secret, "{told}");
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_to_our_own_call_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        let tape = azure(over_and_over(hostile, nics)).await;
        fails_as(hostile, &tape).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_to_the_crate_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        let takes = over_and_over(hostile, machines);
        // Nothing is tagged but on a machine, so that nothing is found without them.
        let tape = azure(std::iter::once(nics().json(NONE)).chain(takes)).await;
        fails_as(hostile, &tape).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_to_a_login_is_believed() {
    for hostile in Hostile::ALL {
        let tape = Tape::always(hostile).await;
        let url = tape.url();
        let tape = tape.with_variables(&[
            ("AZURE_AUTHORITY_HOST", &url),
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url),
        ]);
        let by_machine =
            format!("provider=azure tag_name=role tag_value=server subscription_id={SUBSCRIPTION}");
        for query in [query(""), by_machine] {
            let error = tape.resolve(&query).await.unwrap_err();
            let is_known = match hostile {
                Hostile::Unknown | Hostile::Forbidden => error.kind() == Kind::Credentials,
                _ => error.kind() == hostile.kind(),
            };
            assert!(is_known, "{hostile:?}: {error}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_link_to_another_server_is_not_followed_with_the_token() {
    for link in [
        "http://127.0.0.2:9/next",
        "https://{addr}/next",
        "//evil.example/next",
    ] {
        let page = format!(r#"{{"value":[],"nextLink":"{link}"}}"#);
        let ours = azure([nics().json(&page)]).await;
        let theirs = azure([nics().json(NONE), machines().json(&page)]).await;
        for (tape, calls) in [(ours, 2), (theirs, 3)] {
            let error = tape.resolve(&query("")).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Answer, "{link}: {error}");
            assert!(
                error.to_string().contains("another server"),
                "{link}: {error}"
            );
            assert_eq!(tape.asked().len(), calls, "{link}");
        }
    }
}

#[tokio::test]
async fn pages_that_run_in_a_circle_or_without_end_are_an_error() {
    let page =
        |n: usize| format!(r#"{{"value":[],"nextLink":"http://{{addr}}/p?n={n}&api-version=x"}}"#);
    let at = |n: usize| get(&format!("/p?n={n}&api-version=x"));
    let circle = [at(1).json(&page(1))];
    let endless: Vec<Take> = (1..30).map(|n| at(n).json(&page(n + 1))).collect();
    for takes in [circle.to_vec(), endless] {
        let ours = std::iter::once(nics().json(&page(1)));
        let theirs = [nics().json(NONE), machines().json(&page(1))];
        let tapes = [
            azure(ours.chain(takes.clone())).await,
            azure(theirs.into_iter().chain(takes.clone())).await,
        ];
        for tape in tapes {
            let error = tape.resolve(&query("")).await.unwrap_err();
            let told = error.to_string();
            let is_noticed = told.contains("one before it") || told.contains("than the limit");
            assert!(is_noticed, "{told}");
            assert!(tape.asked().len() <= tape.limits.pages + 2);
        }
    }
}

#[tokio::test]
async fn one_call_of_the_crate_survives_throttling_a_5xx_and_a_reset() {
    let tape = azure([
        nics().json(NICS),
        machines().status(429).reply_header("retry-after", "2"),
        machines().status(503),
        machines().hostile(Hostile::Reset),
        machines().json(MACHINES),
        power().hostile(Hostile::Broken),
        power().json(NONE),
    ])
    .await;
    let answer = tape.resolve(&query("addr=private_v4")).await.unwrap();
    assert_eq!(super::shown(&answer), ["10.1.0.4", "10.1.0.5"]);
    tape.finish();
}

#[tokio::test]
async fn a_pause_beyond_the_lookup_is_the_callers() {
    let tape = azure([nics().json(NONE), machines().hostile(Hostile::Busy)]).await;
    let error = tape.resolve(&query("")).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::After(_)), "{error}");
}

#[tokio::test]
async fn null_values_are_errors_or_nothing_and_no_panics() {
    for list in [
        "null",
        r#"{"value":null}"#,
        r#"{"value":[null]}"#,
        r#"{"value":[{"properties":{}}]}"#,
        r#"{"value":[{"id":"/n","properties":{"ipConfigurations":[null]}}]}"#,
        r#"{"value":[{"id":"/n","properties":{"ipConfigurations":[{"properties":{"privateIPAddress":"x"}}]}}]}"#,
    ] {
        let tape = azure([nics().json(list), machines().json(NONE), power().json(NONE)]).await;
        let error = tape.resolve(&query("")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{list}");
    }
    for list in [
        "null",
        r#"{"value":null}"#,
        r#"{"value":[null]}"#,
        r#"{"value":[{}]}"#,
    ] {
        let tape = azure([nics().json(NICS), machines().json(list)]).await;
        let error = tape.resolve(&query("")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{list}");
    }
    let bare = r#"{"value":[{"id":"/n","tags":{"role":"server"},"properties":{"virtualMachine":{"id":"/m"},"primary":true,"ipConfigurations":[{}]}}]}"#;
    let tape = azure([
        nics().json(&with_last(bare, &nic(2))),
        machines().json(NONE),
        power().json(NONE),
    ])
    .await;
    let answer = tape.resolve(&query("")).await.unwrap();
    assert_eq!(super::shown(&answer), ["10.0.0.2"]);
    assert_eq!(parts(&answer), ["instance /m"]);
}

/// A list with one more entry.
fn with_last(list: &str, entry: &str) -> String {
    let open = list.strip_suffix("]}").unwrap();
    format!("{open},{entry}]}}")
}

#[tokio::test]
async fn an_endpoint_with_a_path_keeps_it_for_the_crate_and_for_us() {
    let below = |path: fn(&str) -> String| get(&format!("/arm{}", path(SUBSCRIPTION)));
    let next = r#"{"value":[],"nextLink":"http://{addr}/arm/next?api-version=x"}"#;
    let tape = azure([
        below(nics_path).json(NONE),
        below(machines_path).json(next),
        Take::get("/arm/next?api-version=x").json(NONE),
        below(power_path).json(NONE),
    ])
    .await;
    let endpoint = format!("{}/arm", tape.url());
    let query = crate::Query::parse(&format!("{} endpoint={endpoint}", query(""))).unwrap();
    crate::resolve_within(&query, &tape.io(), &tape.limits)
        .await
        .unwrap();
    tape.finish();
}
