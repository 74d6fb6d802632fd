//! The SDK's own chain: a child process asks with an environment that the test gave it.

use std::process::Stdio;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, put};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::ec2::StandIn;
use super::{THREE, shown, three};
use crate::{Io, Query, resolve};

/// Asks in this process's environment and prints what came of it.
#[tokio::test]
#[ignore = "other tests run it in a process of its own"]
async fn child() {
    child_asks().await;
}

async fn child_asks() {
    let query = Query::parse("provider=aws tag_key=role tag_value=server").unwrap();
    match resolve(&query, &Io::real()).await {
        Ok(answer) => println!("found {}", shown(&answer).join(" ")),
        Err(error) => println!("failed {error}"),
    }
}

/// As [`child`], but whoever waits for nothing else does not wait.
#[tokio::test(start_paused = true)]
#[ignore = "other tests run it in a process of its own"]
async fn child_without_patience() {
    child_asks().await;
}

/// What [`child`] prints under these variables and no others.
async fn ask_in_child(variables: &[(&str, &str)]) -> String {
    ask_in("child", variables).await
}

async fn ask_in(child: &str, variables: &[(&str, &str)]) -> String {
    let name = format!("aws::tests::process::{child}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--ignored", "--nocapture"])
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The metadata service of an instance with a role, as far as region and credentials need it
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html>).
async fn metadata_service() -> String {
    let token = || async {
        let mut headers = HeaderMap::new();
        headers.insert("x-aws-ec2-metadata-token-ttl-seconds", 21_600.into());
        (headers, "token")
    };
    let with_token = |headers: &HeaderMap, text: &'static str| {
        let is_known = headers
            .get("x-aws-ec2-metadata-token")
            .is_some_and(|one| one == "token");
        let status = if is_known {
            StatusCode::OK
        } else {
            StatusCode::UNAUTHORIZED
        };
        (status, text)
    };
    let role = async move |headers: HeaderMap| {
        let role = concat!(
            r#"{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC","#,
            r#""AccessKeyId":"AKIDROLE","SecretAccessKey":"s","Token":"of-the-role","#,
            r#""Expiration":"2099-01-01T00:00:00Z"}"#,
        );
        with_token(&headers, role)
    };
    let router = Router::new()
        .route("/latest/api/token", put(token))
        .route(
            "/latest/meta-data/placement/region",
            get(async move |headers: HeaderMap| with_token(&headers, "eu-west-3")),
        )
        .route(
            "/latest/meta-data/iam/security-credentials/",
            get(async move |headers: HeaderMap| with_token(&headers, "agents")),
        )
        .route(
            "/latest/meta-data/iam/security-credentials/agents",
            get(role),
        );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

fn signer(ec2: &StandIn) -> String {
    let requests = ec2.requests();
    requests
        .first()
        .map_or_else(String::new, |request| request.authorization().to_owned())
}

#[tokio::test]
async fn region_keys_and_endpoint_come_from_the_process() {
    let ec2 = three().await;
    let printed = ask_in_child(&[
        ("AWS_ENDPOINT_URL_EC2", &ec2.url()),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ])
    .await;
    assert!(
        printed.contains(&format!("found {}", THREE.join(" "))),
        "{printed}"
    );
    assert!(signer(&ec2).contains("/eu-west-2/ec2/"));
}

#[tokio::test]
async fn region_and_credentials_come_from_the_instance() {
    let ec2 = three().await;
    let printed = ask_in_child(&[
        ("AWS_ENDPOINT_URL", &ec2.url()),
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            &metadata_service().await,
        ),
    ])
    .await;
    assert!(
        printed.contains(&format!("found {}", THREE.join(" "))),
        "{printed}"
    );
    let signer = signer(&ec2);
    assert!(
        signer.contains("Credential=AKIDROLE/") && signer.contains("/eu-west-3/"),
        "{signer}"
    );
}

#[tokio::test]
async fn a_metadata_service_that_drops_the_request_for_a_token_is_named_with_what_to_do() {
    // It takes connections and says nothing, as behind a hop limit that is too low.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let mut variables = vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str())];
    let printed = ask_in("child_without_patience", &variables).await;
    assert!(
        printed.contains("failed aws: find the region: unavailable"),
        "{printed}"
    );
    assert!(printed.contains("hop limit of 2"), "{printed}");

    variables.push(("AWS_REGION", "eu-west-2"));
    let printed = ask_in("child_without_patience", &variables).await;
    assert!(
        printed.contains("failed aws: load credentials: no answer in time"),
        "{printed}"
    );
    assert!(printed.contains("hop limit of 2"), "{printed}");
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_what_it_is_told_to_leave() {
    let ec2 = three().await;
    let printed = ask_in_child(&[
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("NO_PROXY", "127.0.0.1"),
        ("AWS_ENDPOINT_URL_EC2", &ec2.url()),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ])
    .await;
    assert!(printed.contains("found 10.0.0.1"), "{printed}");
}

#[tokio::test]
async fn a_program_of_the_profile_gives_credentials() {
    let ec2 = three().await;
    let folder = std::env::temp_dir().join(format!("quorate-aws-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config");
    let text = concat!(
        "[default]\nregion = eu-central-1\ncredential_process = echo ",
        r#"'{"Version":1,"AccessKeyId":"AKIDPROG","SecretAccessKey":"s"}'"#,
        "\n",
    );
    std::fs::write(&config, text).unwrap();
    let printed = ask_in_child(&[
        ("AWS_ENDPOINT_URL_EC2", &ec2.url()),
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("PATH", "/usr/bin:/bin"),
    ])
    .await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(printed.contains("found 10.0.0.1"), "{printed}");
    let signer = signer(&ec2);
    assert!(signer.contains("Credential=AKIDPROG/"), "{signer}");
    assert!(signer.contains("/eu-central-1/"), "{signer}");
}

#[tokio::test]
async fn a_proxy_of_the_process_is_used() {
    let ec2 = three().await;
    // The stand-in answers requests for any host, so it is a proxy for plain HTTP.
    let printed = ask_in_child(&[
        ("HTTP_PROXY", &ec2.url()),
        ("AWS_ENDPOINT_URL_EC2", "http://ec2.invalid"),
        ("AWS_REGION", "eu-west-2"),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ])
    .await;
    assert!(printed.contains("found 10.0.0.1"), "{printed}");
}

#[tokio::test]
async fn without_region_or_metadata_service_the_reason_is_told() {
    let printed = ask_in_child(&[("AWS_EC2_METADATA_DISABLED", "true")]).await;
    assert!(
        printed.contains("failed aws: find the region: unavailable"),
        "{printed}"
    );
    let printed = ask_in_child(&[
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "eu-west-2"),
    ])
    .await;
    assert!(
        printed.contains("failed aws: load credentials: no usable"),
        "{printed}"
    );
}
