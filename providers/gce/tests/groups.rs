//! Managed instance groups by name.

use super::{list_of, machine, parts, shown};
use crate::Kind;
use crate::tape::Take;

fn find() -> Take {
    let fields = "kind%2CnextPageToken%2Cunreachables%2Cwarning%2Citems%2F*%2Fwarning%2Citems%2F*%2FinstanceGroupManagers%28name%29";
    Take::get(&format!(
        "/compute/v1/projects/my-project-1/aggregated/instanceGroupManagers?maxResults=500&returnPartialSuccess=true&fields={fields}&filter=name%3D%22web%22"
    ))
    .header("authorization", "Bearer of-md")
}

fn managed(scope: &str, rest: &str) -> Take {
    Take::post(&format!(
        "/compute/v1/projects/my-project-1/{scope}/instanceGroupManagers/web/listManagedInstances?maxResults=500&fields=managedInstances%2Finstance%2CnextPageToken{rest}"
    ))
    .header("authorization", "Bearer of-md")
    .body("")
}

fn members(names: &[&str], next: &str) -> String {
    let url = |name: &&str| {
        format!(
            r#"{{"instance":"https://www.googleapis.com/compute/v1/projects/my-project-1/{name}"}}"#
        )
    };
    let list: Vec<String> = names.iter().map(url).collect();
    format!(r#"{{"managedInstances":[{}]{next}}}"#, list.join(","))
}

const FOUND: &str = r#"{"kind":"compute#instanceGroupManagerAggregatedList","items":{
    "regions/europe-west1":{"instanceGroupManagers":[{"name":"web"}]},
    "zones/us-central1-a":{"instanceGroupManagers":[{"name":"web"}]},
    "zones/us-central1-b":{"warning":{"code":"NO_RESULTS_ON_PAGE","message":"none"}}}}"#;

#[tokio::test]
async fn the_instances_of_a_group_are_found_by_its_name_in_zones_and_regions() {
    let tape = machine([
        find().json(FOUND),
        managed("regions/europe-west1", "").json(&members(
            &["zones/europe-west1-b/instances/server-2"],
            r#","nextPageToken":"t""#,
        )),
        managed("regions/europe-west1", "&pageToken=t")
            .json(&members(&["zones/europe-west1-b/instances/server-1"], "")),
        // In another zone than the instance of this name.
        managed("zones/us-central1-a", "")
            .json(&members(&["zones/us-central1-b/instances/server-3"], "")),
        list_of("my-project-1", "").json(super::TWO_ZONES),
    ])
    .await;
    let answer = tape
        .resolve("provider=gce instance_group=web")
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.132.0.2"]);
    let why: Vec<Option<&str>> = answer
        .seen
        .iter()
        .map(|(instance, _)| instance.dropped.as_deref())
        .collect();
    assert_eq!(
        why,
        [
            None,
            Some("is TERMINATED"),
            Some("is not in the instance group")
        ]
    );
    tape.finish();
}

#[tokio::test]
async fn an_empty_group_is_an_empty_answer_and_one_that_is_not_there_is_an_error() {
    let one = r#"{"kind":"compute#instanceGroupManagerAggregatedList","items":{
        "zones/z-a":{"instanceGroupManagers":[{"name":"web"}]}}}"#;
    let tape = machine([find().json(one), managed("zones/z-a", "").json("{}")]).await;
    let answer = tape
        .resolve("provider=gce instance_group=web")
        .await
        .unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
    tape.finish();

    let none = r#"{"kind":"compute#instanceGroupManagerAggregatedList"}"#;
    let tape = machine([find().json(none)]).await;
    let error = tape
        .resolve("provider=gce instance_group=web")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    assert!(
        error.to_string().contains("no managed instance group"),
        "{error}"
    );
}

#[tokio::test]
async fn a_group_that_may_lie_where_nobody_answers_is_a_gap_or_an_error() {
    let partly = r#"{"kind":"compute#instanceGroupManagerAggregatedList","items":{
        "regions/europe-west1":{"instanceGroupManagers":[{"name":"web"}]}},
        "unreachables":["regions/us-east1"]}"#;
    let member = members(&["zones/europe-west1-b/instances/server-1"], "");
    let tape = machine([
        find().json(partly),
        managed("regions/europe-west1", "").json(&member),
        list_of("my-project-1", "").json(super::TWO_ZONES),
    ])
    .await;
    let answer = tape
        .resolve("provider=gce instance_group=web")
        .await
        .unwrap();
    assert_eq!(
        (shown(&answer), parts(&answer)),
        (vec!["10.132.0.2".to_owned()], vec!["region us-east1"])
    );

    let nowhere = r#"{"kind":"compute#instanceGroupManagerAggregatedList","unreachables":["regions/us-east1"]}"#;
    let tape = machine([find().json(nowhere)]).await;
    let error = tape
        .resolve("provider=gce instance_group=web")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn a_groups_reply_that_is_not_the_apis_is_an_error() {
    for (scope, reply) in [
        ("zones/z-a", r#"{"hello":"world"}"#),
        (
            "zones/z-a",
            r#"{"managedInstances":[{"instance":"server-1"}]}"#,
        ),
        ("global", ""),
    ] {
        let found = format!(
            r#"{{"kind":"compute#instanceGroupManagerAggregatedList","items":{{"{scope}":{{"instanceGroupManagers":[{{"name":"web"}}]}}}}}}"#
        );
        let tape = machine([find().json(&found), managed(scope, "").json(reply)]).await;
        let error = tape
            .resolve("provider=gce instance_group=web")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{scope} {reply}: {error}");
    }
}
