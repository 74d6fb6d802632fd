//! Logins: which is taken, what is sent, and how a token is renewed.

use super::{
    NONE, SUBSCRIPTION, azure, machines, machines_path, nics, power, power_path, query, token,
};
use crate::tape::{Take, Tape};
use crate::{FakeFiles, Kind};

fn bare() -> String {
    format!("provider=azure tag_name=role tag_value=server subscription_id={SUBSCRIPTION}")
}

/// The lists, empty.
fn lists() -> [Take; 3] {
    [nics().json(NONE), machines().json(NONE), power().json(NONE)]
}

const TOKEN: &str = r#"{"access_token":"of-login","token_type":"Bearer"}"#;

async fn played(login: Take, variables: &[(&str, &str)], keys: &str) {
    let tape = Tape::play(std::iter::once(login.json(TOKEN)).chain(lists())).await;
    let url = tape.url();
    let hosts = [
        ("AZURE_AUTHORITY_HOST", url.clone()),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", url.clone()),
        ("IDENTITY_ENDPOINT", format!("{url}/msi/token")),
    ];
    let mut all: Vec<(&str, &str)> = hosts
        .iter()
        .map(|(name, url)| (*name, url.as_str()))
        .collect();
    all.extend_from_slice(variables);
    let files = FakeFiles::default()
        .with("/token", "a.b.c\n")
        .with("/secret", "hush+1\n");
    let tape = tape.with_files(files).with_variables(&all);
    let answer = tape.resolve(&format!("{} {keys}", bare())).await;
    assert!(answer.is_ok_and(|answer| answer.is_complete()), "{keys}");
    tape.finish();
}

#[tokio::test]
async fn a_secret_comes_from_the_query_a_file_or_either_set_of_variables() {
    let arm = [
        ("ARM_TENANT_ID", "t"),
        ("ARM_CLIENT_ID", "c"),
        ("ARM_CLIENT_SECRET", "hush+1"),
    ];
    let own = [
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_CLIENT_SECRET", "hush+1"),
    ];
    played(token("x"), &[], super::LOGIN).await;
    played(
        token("x"),
        &[],
        "tenant_id=t client_id=c secret_access_key_file=/secret",
    )
    .await;
    played(token("x"), &arm, "").await;
    played(token("x"), &own, "").await;
    let empty = "tenant_id=\"\" client_id=\"\" secret_access_key=\"\"";
    played(token("x"), &arm, empty).await;
}

#[tokio::test]
async fn a_workload_identity_shows_its_token_file() {
    let form = "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
    let variables = [
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/token"),
    ];
    played(
        Take::post("/t/oauth2/v2.0/token").body(form),
        &variables,
        "",
    )
    .await;
}

const METADATA: &str = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";

#[tokio::test]
async fn a_machine_asks_for_its_own_identity_past_any_proxy() {
    let own = || Take::get(METADATA).header("metadata", "true");
    played(own(), &[("IDENTITY_ENDPOINT", "")], "").await;
    // An empty id is the system's identity.
    played(own(), &[("IDENTITY_ENDPOINT", "")], "client_id=\"\"").await;
    let one = Take::get(&format!("{METADATA}&client_id=u")).header("metadata", "true");
    played(one, &[("IDENTITY_ENDPOINT", "")], "client_id=u").await;

    let tape = Tape::play([own().json(TOKEN)]).await;
    let url = tape.url();
    let tape = tape.with_variables(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url)]);
    let error = tape
        .resolve(&format!("{} proxy=http://127.0.0.1:1", bare()))
        .await
        .unwrap_err();
    assert_eq!(error.operation(), "network interfaces, list");
    tape.finish();
}

#[tokio::test]
async fn a_service_asks_its_own_endpoint_with_its_header() {
    let target = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    let login = Take::get(target).header("x-identity-header", "hush");
    played(login, &[("IDENTITY_HEADER", "hush")], "").await;
}

#[tokio::test]
async fn another_cloud_has_its_own_scope() {
    let form = "grant_type=client_credentials&client_id=c&scope=https%3A%2F%2Fmanagement.usgovcloudapi.net%2F.default&client_secret=hush%2B1";
    let login = Take::post("/t/oauth2/v2.0/token").body(form);
    played(
        login,
        &[],
        &format!("{} environment=AzureUSGovernment", super::LOGIN),
    )
    .await;
}

#[tokio::test]
async fn a_login_that_is_refused_says_why_without_the_secret() {
    let refused = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided: hush+1"}"#;
    for status in [400, 401] {
        let refused = token("").status(status).json(refused);
        let tape = Tape::play([refused]).await;
        let url = tape.url();
        let tape = tape.with_variables(&[("AZURE_AUTHORITY_HOST", &url)]);
        let error = tape.resolve(&query("")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials);
        let told = format!("{error} {error:?}");
        assert!(
            told.contains("AADSTS7000215") && !told.contains("hush"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn an_identity_that_is_not_there_and_a_service_that_starts_are_told_apart() {
    for (status, wanted) in [(400, Kind::Credentials), (404, Kind::Unavailable)] {
        let bad = || {
            let json = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
            Take::get(METADATA).status(status).json(json)
        };
        let tape = Tape::play((0..8).map(|_| bad())).await;
        let url = tape.url();
        let tape = tape.with_variables(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url)]);
        let error = tape.resolve(&bare()).await.unwrap_err();
        assert_eq!(error.kind(), wanted, "{error}");
        assert!(error.to_string().contains("outside Azure set"), "{error}");
    }
}

#[tokio::test]
async fn a_secret_alone_asks_no_one() {
    let tape = Tape::play([]).await;
    let error = tape
        .resolve(&format!("{} secret_access_key=hush", bare()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("`tenant_id`"), "{error}");
    assert!(tape.asked().is_empty());
}

fn expired(of: Take) -> Take {
    of.status(401).json(r#"{"error":{"code":"ExpiredAuthenticationToken","message":"The access token expiry UTC time is earlier than current UTC time."}}"#)
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_also_for_the_crate() {
    let again = |target: String| Take::get(&target).header("authorization", "Bearer later");
    let tape = azure([
        nics().json(NONE),
        expired(machines()),
        token("later"),
        again(machines_path(SUBSCRIPTION)).json(NONE),
        again(power_path(SUBSCRIPTION)).json(NONE),
    ])
    .await;
    tape.resolve(&query("")).await.unwrap();
    tape.finish();

    let tape = azure([expired(nics()), token("of-login"), expired(nics())]).await;
    let error = tape.resolve(&query("")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("expiry"), "{error}");
    tape.finish();
}
