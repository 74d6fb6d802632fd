//! What one call survives, and what pages may not do.

use std::time::Duration;

use serde::Deserialize;

use super::{Pages, Rest, escape};
use crate::tape::{Hostile, Take, Tape};
use crate::{FakeFiles, Kind, Lookup, Query, ResolveError, Retry, Secret};

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<String>,
    next: Option<String>,
}

/// Reads all pages as a provider does.
async fn items(tape: &Tape) -> Result<Vec<String>, ResolveError> {
    let query = Query::parse("provider=http url=http://unused").unwrap();
    let (io, limits) = (tape.io(), tape.limits);
    let lookup = Lookup {
        query: &query,
        io: &io,
        limits: &limits,
    };
    let token = Secret::new("hush");
    let rest = Rest::open(lookup, &format!("{}/prefix", tape.url())).await?;
    let rest = rest.with_bearer(&token);
    let mut pages = Pages::new(&rest, "list");
    let mut call = rest.get("list", "/items").query("q", "a b&c");
    let mut found = Vec::new();
    loop {
        let page: Page = call.json().await?;
        found.extend(page.items);
        let Some(next) = page.next else {
            return Ok(found);
        };
        call = pages.follow(&next)?;
    }
}

fn first() -> Take {
    Take::get("/prefix/items?q=a+b%26c").header("authorization", "Bearer hush")
}

const LAST: &str = r#"{"items":["z"]}"#;

#[tokio::test]
async fn one_call_survives_throttling_a_5xx_and_a_reset() {
    let tape = Tape::play([
        first().status(503).reply_header("retry-after", "3"),
        first()
            .status(429)
            .reply_header("retry-after", "Thu, 01 Jan 2026 00:00:10 GMT"),
        first().hostile(Hostile::Broken),
        first().hostile(Hostile::Reset),
        first().hostile(Hostile::HalfBody),
        first().json(LAST),
    ])
    .await;
    assert_eq!(items(&tape).await.unwrap(), ["z"]);
    assert!(
        tape.waited() >= Duration::from_secs(10),
        "{:?}",
        tape.waited()
    );
    tape.finish();
}

#[tokio::test]
async fn only_the_page_that_failed_is_asked_for_again() {
    let second = || Take::get("/prefix/items?page=2").header("authorization", "Bearer hush");
    let tape = Tape::play([
        first().json(r#"{"items":["a"],"next":"items?page=2"}"#),
        second().status(502),
        second().json(r#"{"items":["b"],"next":"http://{addr}/other?page=3"}"#),
        Take::get("/other?page=3").json(LAST),
    ])
    .await;
    assert_eq!(items(&tape).await.unwrap(), ["a", "b", "z"]);
    tape.finish();
}

#[tokio::test]
async fn a_pause_that_outlives_the_lookup_is_the_callers() {
    let tape = Tape::always(Hostile::Busy).await;
    let error = items(&tape).await.unwrap_err();
    assert_eq!(error.retry(), Retry::After(Duration::from_mins(5)));
    assert_eq!(tape.asked().len(), 1);
}

#[tokio::test]
async fn those_that_are_throttled_together_do_not_come_back_together() {
    let throttled = |seconds| first().status(429).reply_header("retry-after", seconds);
    // The clock of a tape draws the longest pause: what was asked for, and all of the spread.
    for (seconds, least, most) in [("3", 3, 13), ("28", 28, 29)] {
        let tape = Tape::play([throttled(seconds), first().json(LAST)]).await;
        assert_eq!(items(&tape).await.unwrap(), ["z"], "{seconds}");
        let waited = tape.waited();
        assert!(waited > Duration::from_secs(least), "{waited:?}");
        assert!(waited <= Duration::from_secs(most), "{waited:?}");
        tape.finish();
    }
}

#[tokio::test]
async fn a_page_that_points_to_itself_or_elsewhere_is_an_error() {
    for next in [
        "http://{addr}/prefix/items?page=2",
        "http://127.0.0.2:9/prefix/items?page=2",
        "https://{addr}/prefix/items?page=2",
        "http://user@{addr}/prefix/items?page=2",
        "//evil.example/items",
    ] {
        let page = format!(r#"{{"items":["a"],"next":"{next}"}}"#);
        let tape = Tape::play([
            first().json(&page),
            Take::get("/prefix/items?page=2").json(&page),
        ]);
        let tape = tape.await;
        let error = items(&tape).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{next}");
        let of_self = usize::from(next.starts_with("http://{addr}"));
        assert_eq!(tape.asked().len(), 1 + of_self, "{next}");
    }
}

#[tokio::test]
async fn pages_without_end_stop_at_the_limit() {
    let page = |n: usize| {
        let json = format!(r#"{{"items":[],"next":"/p?n={n}"}}"#);
        let target = format!("/p?n={}", n.wrapping_sub(1));
        if n == 0 {
            first().json(&json)
        } else {
            Take::get(&target).json(&json)
        }
    };
    let tape = Tape::play((0..30).map(page)).await;
    let error = items(&tape).await.unwrap_err();
    assert!(
        error.to_string().contains("more pages than the limit"),
        "{error}"
    );
    assert_eq!(tape.asked().len(), tape.limits.pages);
}

#[tokio::test]
async fn a_redirect_on_the_same_server_is_followed_and_no_other() {
    let moved = |to: &str| first().status(307).reply_header("location", to);
    let tape = Tape::play([
        moved("/there?x=1"),
        Take::get("/there?x=1")
            .header("authorization", "Bearer hush")
            .json(LAST),
    ]);
    let tape = tape.await;
    assert_eq!(items(&tape).await.unwrap(), ["z"]);
    tape.finish();
    let tape = Tape::play([moved("https://{addr}/there")]).await;
    let error = items(&tape).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    assert!(error.to_string().contains("another server"), "{error}");
    tape.finish();
}

#[tokio::test]
async fn a_vendors_message_is_told_without_our_secret() {
    let json = r#"{"error":{"message":"token hush may not do this","code":"x"}}"#;
    let tape = Tape::play([first().status(403).json(json)]).await;
    let error = items(&tape).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http: list: not permitted (status: 403, message: token **** may not do this)"
    );
}

#[test]
fn a_segment_of_a_path_is_escaped() {
    assert_eq!(escape("a/b c.é-_~"), "a%2Fb%20c%2E%C3%A9-_~");
}

#[tokio::test]
async fn a_form_goes_to_another_server_of_the_lookup_without_the_token() {
    let form = "grant_type=client_credentials&scope=a+b";
    let login = Take::post("/token").body(form).json(LAST);
    let tape =
        Tape::play([login.header("content-type", "application/x-www-form-urlencoded")]).await;
    let query = Query::parse("provider=http url=http://unused").unwrap();
    let (io, limits) = (tape.io(), tape.limits);
    let lookup = Lookup {
        query: &query,
        io: &io,
        limits: &limits,
    };
    let rest = Rest::open(lookup, "https://api.example").await.unwrap();
    let rest = rest.with_bearer(&Secret::new("hush"));
    let issuer = rest.at(&tape.url()).unwrap();
    let pairs = [("grant_type", "client_credentials"), ("scope", "a b")];
    let page: Page = issuer
        .post("log in", "token")
        .form(&pairs)
        .json()
        .await
        .unwrap();
    assert_eq!(page.items, ["z"]);
    assert!(!tape.asked()[0].headers.contains_key("authorization"));
    tape.finish();
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_unless_the_query_or_no_proxy_says_otherwise() {
    let tape = Tape::play([first().json(LAST)]).await;
    let tape = tape.with_variables(&[("http_proxy", "http://127.0.0.1:1")]);
    assert_eq!(items(&tape).await.unwrap_err().kind(), Kind::Unavailable);
    let both = [
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("NO_PROXY", "127.0.0.0/8"),
    ];
    let tape = tape.with_variables(&both);
    assert_eq!(items(&tape).await.unwrap(), ["z"]);
    tape.finish();
}

#[tokio::test]
async fn a_file_of_roots_counts_and_one_that_is_none_is_named() {
    for (keys, wanted) in [
        (
            "ca_file=/ca",
            "the CA file cannot be used: there is no certificate in it",
        ),
        ("ca_file=/none", "no file /none"),
        (
            "client_cert_file=/ca client_key_file=/ca",
            "the client certificate cannot be used",
        ),
    ] {
        let tape = Tape::play([]).await;
        let tape = tape.with_files(FakeFiles::default().with("/ca", "no PEM"));
        let error = tape
            .resolve(&format!("provider=http url=http://h {keys}"))
            .await
            .unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.starts_with(wanted), "{keys}: {source}");
        assert!(tape.asked().is_empty());
    }
    let tape = Tape::play([])
        .await
        .with_variables(&[("SSL_CERT_FILE", "/none")]);
    let error = tape
        .resolve("provider=http url=http://h")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("file: /none"), "{error}");
}
