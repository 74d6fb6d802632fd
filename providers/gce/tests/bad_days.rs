//! Bad days of the API and of the metadata server.

use std::time::Duration;

use super::{FIELDS, QUERY, at_home, list, machine, metadata, project, shown, token};
use crate::tape::{Hostile, Take, Tape};
use crate::{Kind, Retry};

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_of_the_api_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        let bad = || list().hostile(hostile);
        let renewed = (hostile == Hostile::Unknown).then(|| token("of-md"));
        let takes = std::iter::once(bad())
            .chain(renewed)
            .chain((0..8).map(|_| bad()));
        let tape = machine(takes).await;
        let error = tape.resolve(QUERY).await.unwrap_err();
        assert_eq!(error.kind(), hostile.kind(), "{hostile:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("of-md"), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_of_the_metadata_server_is_believed() {
    let of_project = "project/project-id";
    let of_token = "instance/service-accounts/default/token";
    for hostile in Hostile::ALL {
        for path in [of_project, of_token] {
            let bad = || metadata(path).hostile(hostile);
            let before = (path == of_token).then(project);
            let takes = before.into_iter().chain((0..8).map(|_| bad()));
            let tape = at_home(Tape::play(takes).await);
            let error = tape.resolve(QUERY).await.unwrap_err();
            let is_known = match hostile {
                Hostile::Unknown | Hostile::Forbidden => error.kind() == Kind::Credentials,
                _ => error.kind() == hostile.kind(),
            };
            assert!(is_known, "{hostile:?} {path}: {error}");
            let is_told = error.to_string().contains("metadata server");
            // Time stands still for pauses and not for hanging, so the whole lookup ends instead.
            assert!(is_told || error.kind() == Kind::Timeout, "{error}");
        }
    }
}

#[tokio::test]
async fn a_network_that_answers_for_every_name_is_no_metadata_server() {
    let captive = |take: Take| take.reply_header("metadata-flavor", "None");
    // Everything else is as it should be, so nothing but the name gives it away.
    let takes = [captive(project()), captive(token("of-md")), list()];
    let tape = at_home(Tape::play(takes).await);
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    assert!(
        error.to_string().contains("not of a metadata server"),
        "{error}"
    );
    assert_eq!(tape.asked().len(), 1);
}

#[tokio::test]
async fn a_machine_without_a_service_account_has_no_credentials() {
    let absent = metadata("instance/service-accounts/default/token").status(404);
    let tape = at_home(Tape::play([project(), absent.json("")]).await);
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("no service account"), "{error}");
}

#[tokio::test]
async fn outside_the_cloud_the_error_says_what_to_set() {
    let tape = Tape::play([])
        .await
        .with_variables(&[("GCE_METADATA_HOST", "127.0.0.1:1")]);
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(
        error.to_string().contains("set `credentials_file`"),
        "{error}"
    );
}

#[tokio::test]
async fn the_metadata_server_is_asked_past_a_proxy() {
    let tape = at_home(Tape::play([project(), token("of-md")]).await);
    let query = format!("{QUERY} proxy=http://127.0.0.1:1");
    let error = tape.resolve(&query).await.unwrap_err();
    assert_eq!(error.operation(), "instances.aggregatedList");
    tape.finish();
}

fn failure(status: u16, reason: &str) -> String {
    format!(
        r#"{{"error":{{"code":{status},"message":"no","errors":[{{"message":"no","domain":"global","reason":"{reason}"}}]}}}}"#
    )
}

#[tokio::test]
async fn the_vendors_reason_says_what_a_status_means() {
    for (status, reason, wanted) in [
        (403, "rateLimitExceeded", Kind::Throttled),
        (403, "userRateLimitExceeded", Kind::Throttled),
        (403, "forbidden", Kind::Denied),
        (403, "accessNotConfigured", Kind::Denied),
        (400, "invalid", Kind::Query),
        (404, "notFound", Kind::Answer),
    ] {
        let bad = || list().status(status).json(&failure(status, reason));
        let tape = machine((0..8).map(|_| bad())).await;
        let error = tape.resolve(QUERY).await.unwrap_err();
        assert_eq!(error.kind(), wanted, "{reason}");
    }
}

#[tokio::test]
async fn a_full_quota_of_reads_is_waited_for() {
    let tape = machine([
        list().status(403).json(&failure(403, "rateLimitExceeded")),
        list().status(403).json(&failure(403, "rateLimitExceeded")),
        list().status(503),
        list().hostile(Hostile::Reset),
        list().json(super::TWO_ZONES),
    ])
    .await;
    assert_eq!(shown(&tape.resolve(QUERY).await.unwrap()).len(), 2);
    assert!(
        tape.waited() >= Duration::from_secs(1),
        "{:?}",
        tape.waited()
    );
    tape.finish();
}

#[tokio::test]
async fn a_pause_beyond_the_lookup_is_the_callers() {
    let tape = machine([list().hostile(Hostile::Busy)]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.retry(), Retry::After(Duration::from_mins(5)));
}

#[tokio::test]
async fn pages_that_run_in_a_circle_are_an_error() {
    let page = r#"{"kind":"compute#instanceAggregatedList","nextPageToken":"t"}"#;
    let target = format!(
        "/compute/v1/projects/my-project-1/aggregated/instances?maxResults=500&returnPartialSuccess=true&fields={FIELDS}&filter=tags.items%3A%22consul%22&pageToken=t"
    );
    let tape = machine([list().json(page), Take::get(&target).json(page)]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    tape.finish();
}

#[tokio::test]
async fn null_values_and_other_lists_are_errors_and_no_panics() {
    let machine_with = |fields: &str| {
        format!(
            r#"{{"kind":"compute#instanceAggregatedList","items":{{"zones/z":{{"instances":[{{{fields}}}]}}}}}}"#
        )
    };
    for reply in [
        "null".to_owned(),
        r#"{"kind":"compute#instanceList","items":{}}"#.to_owned(),
        r#"{"items":{}}"#.to_owned(),
        r#"{"kind":"compute#instanceAggregatedList","items":[]}"#.to_owned(),
        r#"{"kind":"compute#instanceAggregatedList","items":{"zones/z":null}}"#.to_owned(),
        machine_with(""),
        machine_with(r#""id":"1","name":"a","status":null"#),
        machine_with(r#""id":"1","name":"a","status":"RUNNING","networkInterfaces":[null]"#),
        machine_with(
            r#""id":"1","name":"a","status":"RUNNING","networkInterfaces":[{"networkIP":"x"}]"#,
        ),
    ] {
        let tape = machine([list().json(&reply)]).await;
        let error = tape.resolve(QUERY).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{reply}");
    }
}

#[tokio::test]
async fn an_instance_without_an_address_is_a_gap() {
    let page = r#"{"kind":"compute#instanceAggregatedList","items":{"zones/z":{"instances":[
        {"id":"1","name":"a","status":"RUNNING","networkInterfaces":[{"networkIP":""}]},
        {"id":"2","name":"b","status":"RUNNING","networkInterfaces":[{"networkIP":"10.0.0.2"}]}]}}}"#;
    let tape = machine([list().json(page)]).await;
    let answer = tape.resolve(QUERY).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.2"]);
    assert_eq!(super::parts(&answer), ["instance 1"]);
}
