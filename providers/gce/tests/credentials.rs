//! Credentials: where they are looked for, what is sent for them, and how a token is renewed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{NONE, QUERY, at_home, list, list_of, machine, shown, token};
use crate::tape::{Take, Tape};
use crate::{FakeFiles, Kind};

const KEY_FILE: &str = include_str!("service_account.json");

const GCLOUD: &str = "/home/me/.config/gcloud/application_default_credentials.json";

fn refused() -> Take {
    list().status(401).json(
        r#"{"error":{"code":401,"message":"Invalid Credentials","errors":[{"reason":"authError"}],"status":"UNAUTHENTICATED"}}"#,
    )
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let renewed = list_of("my-project-1", "&filter=tags.items%3A%22consul%22")
        .header("authorization", "Bearer of-later");
    let tape = machine([refused(), token("of-later"), renewed.json(super::TWO_ZONES)]).await;
    assert_eq!(shown(&tape.resolve(QUERY).await.unwrap()).len(), 2);
    tape.finish();

    let tape = machine([refused(), token("of-md"), refused()]).await;
    let error = tape.resolve(QUERY).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("Invalid Credentials"), "{error}");
    tape.finish();
}

/// The claims of the token that was sent, which has header, claims and signature.
fn claims(tape: &Tape) -> Value {
    let asked = tape.asked();
    let header = &asked.last().unwrap().headers["authorization"];
    let parts: Vec<&str> = header.strip_prefix("Bearer ").unwrap().split('.').collect();
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    let head: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    assert_eq!(
        (&head["alg"], &head["kid"]),
        (&"RS256".into(), &"0123456789abcdef".into())
    );
    assert_eq!(decode(parts[2]).len(), 256);
    serde_json::from_slice(&decode(parts[1])).unwrap()
}

#[tokio::test]
async fn a_service_accounts_file_signs_for_reading_and_names_the_project() {
    for (key, variable) in [("credentials_file=/key.json", ""), ("", "/key.json")] {
        let here = list_of("of-the-file", "&filter=tags.items%3A%22consul%22").json(NONE);
        let tape = Tape::play([here]).await;
        let tape = tape
            .with_files(FakeFiles::default().with("/key.json", KEY_FILE))
            .with_variables(&[("GOOGLE_APPLICATION_CREDENTIALS", variable)]);
        tape.resolve(&format!("{QUERY} {key}")).await.unwrap();
        let claims = claims(&tape);
        assert_eq!(claims["iss"], "agents@of-the-file.iam.gserviceaccount.com");
        assert_eq!(
            claims["scope"],
            "https://www.googleapis.com/auth/compute.readonly"
        );
        tape.finish();
    }
}

fn user(token_uri: &str) -> FakeFiles {
    let json = format!(
        r#"{{"type":"authorized_user","client_id":"c","client_secret":"hush","refresh_token":"hush+2","token_uri":"{token_uri}"}}"#
    );
    FakeFiles::default().with(GCLOUD, json)
}

#[tokio::test]
async fn gclouds_own_file_is_found_in_the_home_and_its_token_refreshed() {
    let form = "grant_type=refresh_token&client_id=c&client_secret=hush&refresh_token=hush%2B2";
    let fresh = |text: &str| {
        let json =
            format!(r#"{{"access_token":"{text}","expires_in":3599,"token_type":"Bearer"}}"#);
        Take::post("/token").body(form).json(&json)
    };
    let tape = Tape::play([fresh("of-md"), refused(), fresh("of-md"), list().json(NONE)]).await;
    let files = user(&format!("{}/token", tape.url()));
    let tape = tape
        .with_files(files)
        .with_variables(&[("HOME", "/home/me")]);
    tape.resolve(&format!("{QUERY} project_name=my-project-1"))
        .await
        .unwrap();
    tape.finish();
}

#[tokio::test]
async fn a_refresh_token_that_ended_says_so_without_showing_it() {
    let ended =
        r#"{"error":"invalid_grant","error_description":"hush+2 has been expired or revoked."}"#;
    let tape = Tape::play([Take::post("/token").status(400).json(ended)]).await;
    let files = user(&format!("{}/token", tape.url()));
    let tape = tape
        .with_files(files)
        .with_variables(&[("HOME", "/home/me")]);
    let error = tape
        .resolve(&format!("{QUERY} project_name=p-1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("log in again"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn a_credentials_file_that_cannot_be_used_says_why_and_shows_nothing_of_it() {
    let with = |from: &str, to: &str| KEY_FILE.replacen(from, to, 1);
    for (file, wanted) in [
        (String::new(), "no JSON"),
        ("{\"hush\"".to_owned(), "no JSON"),
        ("[\"hush\"]".to_owned(), "no `type`"),
        (
            "{\"type\":\"authorized_user\",\"client_id\":\"hush\"}".to_owned(),
            "lacks the client",
        ),
        (
            with("service_account\"", "gdch_service_account\""),
            "`gdch_service_account` are not",
        ),
        (
            with("private_key_id", "other"),
            "missing field `private_key_id`",
        ),
        (with("-----BEGIN PRIVATE KEY-----", "hush"), "PEM"),
        (with("\\n", "\\nAAAA"), "failed to parse private key"),
    ] {
        let tape = Tape::play([])
            .await
            .with_files(FakeFiles::default().with("/key.json", file));
        let query = format!("{QUERY} project_name=p-1 credentials_file=/key.json");
        let error = tape.resolve(&query).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials, "{error}");
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
        let told = format!("{error} {error:?}");
        assert!(!told.contains("hush") && !told.contains("MII"), "{told}");
        assert!(tape.asked().is_empty());
    }
}

#[tokio::test]
async fn a_file_that_is_named_and_absent_is_an_error_and_asks_no_one() {
    let tape = at_home(Tape::play([]).await);
    let error = tape
        .resolve(&format!("{QUERY} credentials_file=/none"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Credentials);
    assert!(error.to_string().contains("file: /none"), "{error}");
    assert!(tape.asked().is_empty());
}
