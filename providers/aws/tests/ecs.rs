//! Tasks: what is asked, what comes back, and what goes wrong.

use serde_json::{Value, json};

use super::cloud::{Asked, BadDay, Cloud, Play, good, refusal};
use super::shown;
use crate::{Answer, Fate, Kind, Retry};

const QUERY: &str = "service=ecs region=eu-west-1";
const ARNS_1: &str = include_str!("../testdata/task_arns_1.json");
const ARNS_2: &str = include_str!("../testdata/task_arns_2.json");
const TASKS: &str = include_str!("../testdata/tasks.json");

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

fn arn(cluster: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:cluster/{cluster}")
}

/// The recorded cluster `blue`.
fn blue(asked: &Asked) -> Play {
    match (asked.action(), body(asked).get("nextToken")) {
        ("ListTasks", None) => good(ARNS_1),
        ("ListTasks", Some(_)) => good(ARNS_2),
        ("DescribeTasks", _) => good(TASKS),
        _ => refusal(400, "InvalidAction"),
    }
}

/// One tagged task of a cluster, by the last number of its address.
fn one_task(number: u32) -> Value {
    json!({
        "taskArn": format!("arn:aws:ecs:eu-west-1:123456789012:task/{number}"),
        "desiredStatus": "RUNNING",
        "lastStatus": "RUNNING",
        "tags": [{"key": "role", "value": "server"}],
        "attachments": [{"id": "a", "details": [
            {"name": "privateIPv4Address", "value": format!("10.0.{}.{}", number / 256, number % 256)},
        ]}],
    })
}

/// What became of each task, by the end of its ARN.
fn fates(answer: &Answer) -> Vec<(String, String)> {
    let of = |(instance, fate): &(crate::Instance, Fate)| {
        let id = instance.id.clone().unwrap();
        let why = match fate {
            Fate::Kept(contacts) => contacts[0].to_string(),
            Fate::Dropped(why) | Fate::Unreachable(why) => why.clone(),
        };
        (id.chars().last().unwrap().to_string(), why)
    };
    answer.seen.iter().map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_cluster_are_listed_and_then_described() {
    let cloud = Cloud::new(blue);
    let answer = cloud
        .ask(&format!("{QUERY} ecs_cluster=blue ecs_family=consul"))
        .await;
    assert_eq!(shown(&answer.unwrap()), ["10.1.0.1", "10.1.0.2"]);
    let asked = cloud.asked();
    assert_eq!(cloud.actions(), ["ListTasks", "ListTasks", "DescribeTasks"]);
    for one in &asked {
        assert_eq!(one.url, "https://ecs.eu-west-1.amazonaws.com/");
        assert_eq!(one.header("content-type"), "application/x-amz-json-1.1");
        let target = one.header("x-amz-target");
        assert!(
            target.starts_with("AmazonEC2ContainerServiceV20141113."),
            "{target}"
        );
        assert_eq!(one.scope(), "AKIDENV/20260101/eu-west-1/ecs");
    }
    let listed = json!({
        "cluster": "blue", "family": "consul", "desiredStatus": "RUNNING", "maxResults": 100,
    });
    assert_eq!(body(&asked[0]), listed);
    assert_eq!(body(&asked[1])["nextToken"], "token-1");
    let described = body(&asked[2]);
    assert_eq!(described["cluster"], "blue");
    assert_eq!(described["include"], json!(["TAGS"]));
    assert_eq!(described["tasks"].as_array().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_signed_as_amazon_checks_it() {
    let cloud = Cloud::new(blue);
    let keys = "access_key_id=AKID secret_access_key=secret session_token=token";
    cloud
        .ask(&format!("{QUERY} ecs_cluster=blue {keys}"))
        .await
        .unwrap();
    let asked = cloud.asked();
    assert_eq!(asked[2].header("x-amz-date"), "20260101T000000Z");
    assert_eq!(asked[2].header("x-amz-security-token"), "token");
    // Made by another program that follows the vendor's description of the signature.
    let body = r#"{"cluster":"blue","desiredStatus":"RUNNING","maxResults":100}"#;
    assert_eq!(asked[0].body, body);
    assert_eq!(asked[0].header("authorization"), GOLDEN);
}

/// The signature of the first request at the beginning of 2026.
const GOLDEN: &str = concat!(
    "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/ecs/aws4_request, ",
    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, ",
    "Signature=ef1e75a9c33ae60ea8a5833f76483eb806370cf1b3e723b423f09349921df9cf",
);

#[tokio::test(start_paused = true)]
async fn what_the_vendor_said_of_a_task_comes_with_its_fate() {
    let cloud = Cloud::new(blue);
    let answer = cloud
        .ask(&format!("{QUERY} ecs_cluster=blue"))
        .await
        .unwrap();
    let wanted = [
        ("1", "10.1.0.1"),
        ("2", "10.1.0.2"),
        ("3", "is not tagged role=server"),
        ("4", "is PROVISIONING and has no address yet"),
        ("5", "is to be STOPPED"),
    ];
    let wanted = wanted.map(|(id, why)| (id.to_owned(), why.to_owned()));
    assert_eq!(fates(&answer), wanted);
    assert!(answer.is_complete());
    let contact = &answer.contacts[0];
    assert_eq!(contact.zone.as_deref(), Some("eu-west-1a"));
    assert_eq!(contact.name.as_deref(), Some("service:consul"));
    assert_eq!(contact.tags.get("role").map(String::as_str), Some("server"));
}

#[tokio::test(start_paused = true)]
async fn the_address_of_a_task_is_the_one_asked_for() {
    let cloud = Cloud::new(blue);
    let rows: [(&str, &[&str]); 4] = [
        ("addr_type=private_v4", &["10.1.0.1", "10.1.0.2"]),
        ("addr=public_v6,private_v4", &["10.1.0.2", "2001:db8::a1"]),
        ("network=subnet-01", &["10.2.0.2"]),
        (
            "network=10.1.0.0/24 port=8301",
            &["10.1.0.1:8301", "10.1.0.2:8301"],
        ),
    ];
    for (keys, wanted) in rows {
        let answer = cloud.ask(&format!("{QUERY} ecs_cluster=blue {keys}")).await;
        assert_eq!(shown(&answer.unwrap()), wanted, "{keys}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_cluster_is_read_and_tasks_are_described_by_the_hundred() {
    let cloud = Cloud::new(|asked| {
        let body = body(asked);
        let cluster = body["cluster"].as_str().unwrap_or_default();
        match (asked.action(), body.get("nextToken")) {
            ("ListClusters", None) => {
                good(&json!({"clusterArns": [arn("a")], "nextToken": "n"}).to_string())
            }
            ("ListClusters", Some(_)) => good(&json!({"clusterArns": [arn("b")]}).to_string()),
            ("ListTasks", _) => {
                let numbers = if cluster.ends_with('a') {
                    0..250
                } else {
                    300..301
                };
                let arns: Vec<String> = numbers.map(|number: u32| number.to_string()).collect();
                good(&json!({"taskArns": arns}).to_string())
            }
            _ => {
                let arns = body["tasks"].as_array().unwrap();
                let numbers = arns
                    .iter()
                    .map(|arn| arn.as_str().unwrap().parse().unwrap());
                let tasks: Vec<Value> = numbers.map(one_task).collect();
                good(&json!({"tasks": tasks, "failures": []}).to_string())
            }
        }
    });
    let answer = cloud.ask(QUERY).await.unwrap();
    assert_eq!(answer.contacts.len(), 251);
    let sizes: Vec<usize> = cloud
        .asked()
        .iter()
        .filter_map(|asked| Some(body(asked)["tasks"].as_array()?.len()))
        .collect();
    assert_eq!(sizes, [100, 100, 50, 1]);
}

/// Two clusters, of which `bad` answers like this.
fn one_bad(bad: impl Fn() -> Play + Send + Sync + 'static) -> Cloud {
    Cloud::new(move |asked| match asked.action() {
        "ListClusters" => good(&json!({"clusterArns": [arn("bad"), arn("blue")]}).to_string()),
        _ if body(asked)["cluster"] == json!(arn("bad")) => bad(),
        _ => blue(asked),
    })
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_read_is_a_gap_with_its_name() {
    let rows: [BadDay; 5] = [
        (|| refusal(400, "AccessDeniedException"), Kind::Denied),
        (|| refusal(400, "ThrottlingException"), Kind::Throttled),
        (|| refusal(500, "ServerException"), Kind::Unavailable),
        (|| good("{}"), Kind::Answer),
        (|| Play::Hang, Kind::Timeout),
    ];
    for (bad, kind) in rows {
        let answer = one_bad(bad).ask(QUERY).await.unwrap();
        assert_eq!(shown(&answer), ["10.1.0.1", "10.1.0.2"], "{kind:?}");
        let [gap] = answer.gaps.try_into().unwrap();
        assert_eq!(gap.part, "cluster bad of eu-west-1");
        assert_eq!(gap.error.kind(), kind, "{}", gap.error);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_deleted_meanwhile_is_no_gap() {
    let answer = one_bad(|| refusal(400, "ClusterNotFoundException"))
        .ask(QUERY)
        .await;
    assert!(answer.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_the_lookup_at_the_first_cluster() {
    let cloud = one_bad(|| refusal(400, "ExpiredTokenException"));
    let error = cloud.ask(QUERY).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (Kind::Credentials, Retry::Backoff)
    );
    assert!(
        error.to_string().contains("code: ExpiredTokenException"),
        "{error}"
    );
    assert_eq!(cloud.actions(), ["ListClusters", "ListTasks"]);
}

#[tokio::test(start_paused = true)]
async fn the_one_cluster_of_the_query_is_an_error_if_it_cannot_be_read() {
    let rows = [
        ("ClusterNotFoundException", Kind::Answer),
        ("AccessDeniedException", Kind::Denied),
        ("ThrottlingException", Kind::Throttled),
        ("InvalidParameterException", Kind::Query),
    ];
    for (code, kind) in rows {
        let cloud = Cloud::new(move |_asked| refusal(400, code));
        let error = cloud
            .ask(&format!("{QUERY} ecs_cluster=blue"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        assert!(
            text.contains(code) && text.contains("the cloud says no"),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_is_told_by_its_code_and_survived() {
    let times = std::sync::atomic::AtomicU32::new(0);
    let cloud =
        Cloud::new(
            move |asked| match times.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 | 1 => refusal(400, "ThrottlingException"),
                2 => refusal(500, "ServerException"),
                _ => blue(asked),
            },
        );
    let answer = cloud
        .ask(&format!("{QUERY} ecs_cluster=blue"))
        .await
        .unwrap();
    assert_eq!(answer.contacts.len(), 2);
    assert_eq!(cloud.actions().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_described_is_a_gap_unless_it_has_ended() {
    for (reason, gaps) in [("MISSING", 0), ("ACCESS_DENIED", 1)] {
        let cloud = Cloud::new(move |asked| match asked.action() {
            "DescribeTasks" => {
                let failures = json!([{"arn": "arn:of:task", "reason": reason}]);
                good(&json!({"tasks": [one_task(1)], "failures": failures}).to_string())
            }
            _ => blue(asked),
        });
        let answer = cloud
            .ask(&format!("{QUERY} ecs_cluster=blue"))
            .await
            .unwrap();
        assert_eq!(shown(&answer), ["10.0.0.1"]);
        let parts: Vec<&str> = answer.gaps.iter().map(|gap| gap.part.as_str()).collect();
        assert_eq!(parts, ["task arn:of:task"].repeat(gaps));
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_task_on_its_hosts_network_is_a_gap() {
    let cloud = Cloud::new(|asked| match asked.action() {
        "DescribeTasks" => {
            let mut bridged = one_task(2);
            bridged["attachments"] = json!([]);
            good(&json!({"tasks": [one_task(1), bridged]}).to_string())
        }
        _ => blue(asked),
    });
    let answer = cloud
        .ask(&format!("{QUERY} ecs_cluster=blue"))
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1"]);
    assert_eq!(answer.gaps.len(), 1);
    assert!(
        answer.gaps[0]
            .error
            .to_string()
            .contains("has no private_v4 address")
    );
}
