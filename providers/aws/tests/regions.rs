//! Several regions, all at once; and where the only one comes from.

use super::cloud::{Asked, BadDay, Cloud, Play, good, refusal};
use super::shown;
use crate::{Kind, Retry};

const PAGE_1: &str = include_str!("../testdata/instances_1.xml");
const PAGE_3: &str = include_str!("../testdata/instances_3.xml");

const TWO: &str = "region=eu-west-1,us-east-1";

/// One instance, 10.0.0.5.
fn ireland(_asked: &Asked) -> Play {
    good(PAGE_3)
}

/// Ireland is well, and Virginia is like this.
fn virginia(play: impl Fn(&Asked) -> Play + Send + Sync + 'static) -> Cloud {
    Cloud::new(move |asked| {
        if asked.host().contains("us-east-1") {
            play(asked)
        } else {
            ireland(asked)
        }
    })
}

fn denied(code: &str) -> Play {
    let body = format!("<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>");
    Play::Say(403, body)
}

#[tokio::test(start_paused = true)]
async fn every_region_is_asked_at_its_own_endpoint() {
    let cloud = virginia(|_asked| good(&PAGE_3.replace("10.0.0.5", "10.9.0.5")));
    let answer = cloud
        .ask("region=\"eu-west-1, us-east-1,cn-north-1\"")
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.0.0.5", "10.9.0.5"]);
    assert!(answer.is_complete());
    let mut asked: Vec<(String, bool)> = cloud
        .asked()
        .iter()
        .map(|asked| {
            let region = asked.host().split('.').nth(1).unwrap();
            let is_signed = asked.scope().ends_with(&format!("/{region}/ec2"));
            (asked.host().to_owned(), is_signed)
        })
        .collect();
    asked.sort();
    let hosts = [
        "ec2.cn-north-1.amazonaws.com.cn",
        "ec2.eu-west-1.amazonaws.com",
        "ec2.us-east-1.amazonaws.com",
    ];
    assert_eq!(asked, hosts.map(|host| (host.to_owned(), true)));
}

#[tokio::test(start_paused = true)]
async fn a_region_that_cannot_be_read_is_a_gap_with_its_name() {
    let rows: [BadDay; 6] = [
        (|| denied("UnauthorizedOperation"), Kind::Denied),
        (|| denied("AuthFailure"), Kind::Credentials),
        (|| denied("RequestLimitExceeded"), Kind::Throttled),
        (|| good("<html>Log in</html>"), Kind::Answer),
        (|| Play::Refuse, Kind::Unavailable),
        (|| Play::Hang, Kind::Timeout),
    ];
    for (bad, kind) in rows {
        let answer = virginia(move |_asked| bad()).ask(TWO).await.unwrap();
        assert_eq!(shown(&answer), ["10.0.0.5"], "{kind:?}");
        let [gap] = answer.gaps.try_into().unwrap();
        assert_eq!(gap.part, "region us-east-1");
        assert_eq!(gap.error.kind(), kind, "{}", gap.error);
    }
}

#[tokio::test(start_paused = true)]
async fn all_regions_that_cannot_be_read_are_an_error() {
    let cloud = Cloud::new(|_asked| denied("UnauthorizedOperation"));
    let error = cloud.ask(TWO).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (Kind::Denied, Retry::Backoff)
    );
    assert_eq!(cloud.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_of_a_region_before_it_failed_is_true_if_it_is_the_apis() {
    let rows: [BadDay; 2] = [
        (|| denied("UnauthorizedOperation"), Kind::Denied),
        (|| good("nonsense"), Kind::Answer),
    ];
    for (second, kind) in rows {
        let cloud = virginia(move |asked| match asked.field("NextToken") {
            "" => good(PAGE_1),
            _ => second(),
        });
        let answer = cloud.ask(TWO).await.unwrap();
        let wanted: &[&str] = match kind {
            Kind::Answer => &["10.0.0.5"],
            _ => &["10.0.0.1", "10.0.0.5"],
        };
        assert_eq!(shown(&answer), wanted);
        let [gap] = answer.gaps.try_into().unwrap();
        assert_eq!(gap.error.kind(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_need_be_in_one_of_the_regions_only() {
    let tasks = include_str!("../testdata/tasks.json");
    let absent = || refusal(400, "ClusterNotFoundException");
    let cloud = Cloud::new(move |asked| match asked.action() {
        _ if asked.host().contains("us-east-1") => absent(),
        "ListTasks" => good(include_str!("../testdata/task_arns_2.json")),
        _ => good(tasks),
    });
    let keys = format!("{TWO} service=ecs ecs_cluster=blue");
    let answer = cloud.ask(&keys).await.unwrap();
    assert_eq!(shown(&answer), ["10.1.0.1", "10.1.0.2"]);
    assert!(answer.is_complete());

    let error = Cloud::new(move |_asked| absent())
        .ask(&keys)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("ClusterNotFoundException"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_region_in_its_variables_asks_its_agent() {
    let task = r#"{"Cluster":"blue","TaskARN":"arn:aws:ecs:eu-west-3:123456789012:task/blue/1"}"#;
    let cloud = Cloud::new(move |asked| match asked.url.as_str() {
        "http://169.254.170.2/v4/abc/task" => good(task),
        _ => ireland(asked),
    });
    let mut variables = vec![
        ("AWS_ACCESS_KEY_ID", "A"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        (
            "ECS_CONTAINER_METADATA_URI_V4",
            "http://169.254.170.2/v4/abc",
        ),
    ];
    cloud.ask_with(&variables, "").await.unwrap();
    let [_task, asked] = cloud.asked().try_into().unwrap();
    assert_eq!(asked.host(), "ec2.eu-west-3.amazonaws.com");

    variables.push(("AWS_REGION", "eu-west-2"));
    cloud.ask_with(&variables, "").await.unwrap();
    let [_, _, asked] = cloud.asked().try_into().unwrap();
    assert_eq!(asked.host(), "ec2.eu-west-2.amazonaws.com");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_tells_no_region_is_an_error() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "A"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        (
            "ECS_CONTAINER_METADATA_URI_V4",
            "http://169.254.170.2/v4/abc",
        ),
    ];
    for body in [
        "{}",
        r#"{"TaskARN":"a"}"#,
        r#"{"TaskARN":"arn:aws:ecs::1:task/1"}"#,
        "",
    ] {
        let cloud = Cloud::new(move |_asked| good(body));
        let error = cloud.ask_with(&variables, "").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{error}");
        assert_eq!(cloud.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_of_ecs_is_that_of_the_partition_or_of_a_variable() {
    let rows = [
        ("cn-north-1", "ecs.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "ecs.us-gov-west-1.amazonaws.com"),
        ("eu-isoe-west-1", "ecs.eu-isoe-west-1.cloud.adc-e.uk"),
    ];
    let cloud = Cloud::new(|_asked| good(r#"{"taskArns":[]}"#));
    for (region, host) in rows {
        let keys = format!("service=ecs ecs_cluster=blue region={region}");
        cloud.ask(&keys).await.unwrap();
        assert_eq!(cloud.asked().last().unwrap().host(), host);
    }
    let variables = [
        ("AWS_ACCESS_KEY_ID", "A"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_ENDPOINT_URL", "http://all.example"),
        ("AWS_ENDPOINT_URL_ECS", "http://ecs.example:4566"),
    ];
    let keys = "service=ecs region=eu-west-1 ecs_cluster=blue";
    cloud.ask_with(&variables, keys).await.unwrap();
    assert_eq!(cloud.asked().last().unwrap().host(), "ecs.example:4566");
    cloud.ask_with(&variables[..3], keys).await.unwrap();
    assert_eq!(cloud.asked().last().unwrap().host(), "all.example");
}
