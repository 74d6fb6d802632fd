//! The way to Amazon: proxies, roots and certificates, for each of its services.

use super::cloud::{Asked, Cloud, Play, good};
use crate::{FakeFiles, Kind};

const ROLE: &str = "region=eu-west-1 role_arn=arn:aws:iam::1:role/a";

fn cloud() -> Cloud {
    let mut cloud = Cloud::new(|asked: &Asked| -> Play {
        good(match asked.action() {
            "AssumeRole" => include_str!("../testdata/assume_role.xml"),
            "ListTasks" => r#"{"taskArns":[]}"#,
            _ if asked.url.ends_with("/task") => r#"{"TaskARN":"arn:aws:ecs:eu-west-3:1:task/a"}"#,
            _ => include_str!("../testdata/instances_3.xml"),
        })
    });
    cloud.files = FakeFiles::default()
        .with("/ca.pem", "roots")
        .with("/other.pem", "other roots")
        .with("/cert.pem", "chain")
        .with("/key.pem", "key")
        .with("/secret", "secret-of-file\n")
        .with("/token", "token-of-file\n");
    cloud
}

const VARIABLES: [(&str, &str); 5] = [
    ("AWS_ACCESS_KEY_ID", "A"),
    ("AWS_SECRET_ACCESS_KEY", "s"),
    ("HTTPS_PROXY", "http://proxy.example:3128"),
    ("NO_PROXY", "10.0.0.0/8"),
    ("AWS_CA_BUNDLE", "/ca.pem"),
];

#[tokio::test(start_paused = true)]
async fn every_call_takes_the_way_of_the_variables() {
    let cloud = cloud();
    cloud.ask_with(&VARIABLES, ROLE).await.unwrap();
    let keys = "region=eu-west-1 service=ecs ecs_cluster=blue";
    cloud.ask_with(&VARIABLES, keys).await.unwrap();
    assert_eq!(
        cloud.actions(),
        ["AssumeRole", "DescribeInstances", "ListTasks"]
    );
    for asked in cloud.asked() {
        let route = &asked.route;
        assert_eq!(
            route.https_proxy.as_deref(),
            Some("http://proxy.example:3128")
        );
        assert_eq!(route.no_proxy, "10.0.0.0/8");
        assert_eq!(route.roots_pem.as_deref(), Some("roots".as_bytes()));
        assert_eq!(route.identity, None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_the_query_go_before_the_variables() {
    let cloud = cloud();
    let keys = "proxy=http://other.example no_proxy=a.example ca_file=/other.pem \
                client_cert_file=/cert.pem client_key_file=/key.pem";
    cloud
        .ask_with(&VARIABLES, &format!("{ROLE} {keys}"))
        .await
        .unwrap();
    for asked in cloud.asked() {
        let route = &asked.route;
        assert_eq!(route.https_proxy.as_deref(), Some("http://other.example"));
        assert_eq!(route.no_proxy, "a.example");
        assert_eq!(route.roots_pem.as_deref(), Some("other roots".as_bytes()));
        let identity = route.identity.as_ref().unwrap();
        assert_eq!(
            (identity.chain_pem.as_slice(), identity.key_pem.as_slice()),
            (&b"chain"[..], &b"key"[..])
        );
    }
    assert_eq!(cloud.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_agent_of_a_task_is_asked_past_any_proxy() {
    let cloud = cloud();
    let mut variables = VARIABLES.to_vec();
    variables.push(("HTTP_PROXY", "http://proxy.example:3128"));
    variables.push(("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/a"));
    cloud.ask_with(&variables, "").await.unwrap();
    let [task, call] = cloud.asked().try_into().unwrap();
    assert_eq!(task.route.http_proxy, None);
    assert!(call.route.http_proxy.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_file_of_roots_that_is_not_there_is_named_and_nobody_is_asked() {
    let cloud = cloud();
    let error = cloud
        .ask(&format!("{ROLE} ca_file=/none.pem"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("file: /none.pem"), "{error}");
    assert_eq!(cloud.asked(), []);
}

#[tokio::test(start_paused = true)]
async fn secrets_may_be_in_files() {
    let cloud = cloud();
    let keys = "access_key_id=AKID secret_access_key_file=/secret session_token_file=/token";
    cloud
        .ask_with(&[], &format!("region=eu-west-1 {keys}"))
        .await
        .unwrap();
    let asked = &cloud.asked()[0];
    assert_eq!(asked.header("x-amz-security-token"), "token-of-file");
    assert!(asked.scope().starts_with("AKID/"));

    let keys = "access_key_id=AKID secret_access_key_file=/none";
    let error = cloud
        .ask_with(&[], &format!("region=eu-west-1 {keys}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials, "{error}");
}
