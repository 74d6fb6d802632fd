//! What one lookup survives, and what it refuses to take for an answer.

use std::error::Error as _;
use std::time::Duration;

use tokio::task::JoinSet;

use super::ec2::Fault;
use super::{THREE, ask, io, query, shown, three};
use crate::{Environment, FakeDns, Io, Kind, Limits, Query, Retry, resolve, resolve_within};

const fn error(status: u16, code: &'static str) -> Fault {
    Fault::Error {
        status,
        code,
        retry_after: None,
    }
}

fn body(text: &str) -> Fault {
    Fault::Body {
        status: 200,
        body: text.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn one_lookup_survives_throttling_a_5xx_and_a_reset() {
    let ec2 = three().await;
    ec2.fail(2, error(503, "RequestLimitExceeded"));
    ec2.fail(1, error(500, "InternalError"));
    ec2.fail(1, Fault::Reset);
    let answer = ask(&ec2, "").await.unwrap();
    assert_eq!(shown(&answer), THREE);
    assert!(answer.is_complete());
    assert_eq!(ec2.requests().len(), 5);
}

#[tokio::test]
async fn a_status_429_without_a_code_is_throttling() {
    let ec2 = three().await;
    let plain = Fault::Body {
        status: 429,
        body: b"slow down".to_vec(),
    };
    ec2.fail(2, plain.clone());
    assert_eq!(shown(&ask(&ec2, "").await.unwrap()), THREE);
    ec2.fail(usize::MAX, plain);
    assert_eq!(ask(&ec2, "").await.unwrap_err().kind(), Kind::Throttled);
}

#[tokio::test]
async fn a_pause_that_the_api_asks_for_is_kept() {
    let ec2 = three().await;
    ec2.fail(
        1,
        Fault::Error {
            status: 503,
            code: "RequestLimitExceeded",
            retry_after: Some(1),
        },
    );
    let io = io();
    let found = resolve(&query(&ec2, ""), &io).await;
    assert_eq!(shown(&found.unwrap()), THREE);
    assert!(io.clock().elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_pause_that_outlives_the_lookup_is_the_callers() {
    let ec2 = three().await;
    ec2.fail(
        1,
        Fault::Error {
            status: 403,
            code: "UnauthorizedOperation",
            retry_after: Some(7),
        },
    );
    let error = ask(&ec2, "").await.unwrap_err();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
}

#[tokio::test(start_paused = true)]
async fn a_bad_day_that_does_not_end_says_when_to_try_again() {
    let asked_for = |status, seconds| Fault::Error {
        status,
        code: "RequestLimitExceeded",
        retry_after: Some(seconds),
    };
    let after = |seconds| Retry::After(Duration::from_secs(seconds));
    let rows = [
        (Fault::Hang, Kind::Timeout, Retry::Backoff),
        (Fault::Reset, Kind::Unavailable, Retry::Backoff),
        (
            error(403, "UnauthorizedOperation"),
            Kind::Denied,
            Retry::Backoff,
        ),
        (
            error(403, "RequestExpired"),
            Kind::Credentials,
            Retry::Backoff,
        ),
        (error(503, "Unavailable"), Kind::Unavailable, Retry::Backoff),
        (asked_for(503, 5), Kind::Throttled, after(5)),
        (asked_for(503, 3_600), Kind::Throttled, after(300)),
    ];
    for (fault, kind, retry) in rows {
        let ec2 = three().await;
        ec2.fail(usize::MAX, fault.clone());
        let found = ask(&ec2, "").await.unwrap_err();
        assert_eq!(
            (found.kind(), found.retry()),
            (kind, retry),
            "{fault:?}: {found}"
        );
        assert!(ec2.requests().len() <= 6, "{fault:?}");
    }
}

#[tokio::test]
async fn a_long_outage_does_not_use_up_the_retries_of_the_lookup_that_ends_it() {
    let ec2 = three().await;
    ec2.fail(usize::MAX, error(500, "InternalError"));
    let (query, limits) = (query(&ec2, ""), Limits::default());
    let mut outage = JoinSet::new();
    // A bucket for the whole process, as the SDK has, holds 500 tokens, and each of these takes 25.
    for _lookup in 0..21 {
        let query = query.clone();
        outage.spawn(async move { resolve_within(&query, &io(), &limits).await });
    }
    for found in outage.join_all().await {
        assert_eq!(found.unwrap_err().kind(), Kind::Unavailable);
    }
    ec2.heal();
    ec2.fail(1, error(500, "InternalError"));
    assert_eq!(shown(&ask(&ec2, "").await.unwrap()), THREE);
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let rows = [
        (403, "UnauthorizedOperation", Kind::Denied, Retry::Backoff),
        (401, "AuthFailure", Kind::Credentials, Retry::Backoff),
        (400, "InvalidParameterValue", Kind::Query, Retry::Never),
    ];
    let ec2 = three().await;
    for (status, code, kind, retry) in rows {
        ec2.fail(1, error(status, code));
        let found = ask(&ec2, "secret_access_key=hush access_key_id=AKID")
            .await
            .unwrap_err();
        assert_eq!((found.kind(), found.retry()), (kind, retry), "{code}");
        let text = format!("{found} {found:?}");
        assert!(
            text.contains(code) && text.contains("a stand-in says no"),
            "{text}"
        );
        assert!(!text.contains("hush"), "{text}");
    }
}

#[tokio::test]
async fn a_reply_that_is_not_the_apis_is_an_error_and_not_an_empty_list() {
    let ec2 = three().await;
    let rows = [
        body("<html><body>Please log in</body></html>"),
        body(""),
        body(r#"{"Reservations":[]}"#),
        body("<DescribeRegionsResponse></DescribeRegionsResponse>"),
        body("<DescribeInstancesResponse></DescribeInstancesResponse>"),
        body("<DescribeInstancesResponse/>"),
        body(
            "<DescribeInstancesResponse><reservationSet><item/></reservationSet>\
             </DescribeInstancesResponse>",
        ),
        Fault::Body {
            status: 404,
            body: b"no such page".to_vec(),
        },
        Fault::Half,
        Fault::Circle,
    ];
    for fault in rows {
        let name = format!("{fault:?}");
        let times = if matches!(fault, Fault::Circle) { 2 } else { 1 };
        ec2.fail(times, fault);
        let error = ask(&ec2, "").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{name}: {error}");
    }
    assert_eq!(shown(&ask(&ec2, "").await.unwrap()), THREE);
}

/// A good answer without instances, filled up with blanks to a size.
fn padded(bytes: usize) -> Fault {
    let mut body = b"<DescribeInstancesResponse><reservationSet/>".to_vec();
    let end = b"</DescribeInstancesResponse>";
    body.resize(bytes - end.len(), b' ');
    body.extend_from_slice(end);
    Fault::Body { status: 200, body }
}

#[tokio::test]
async fn a_reply_beyond_32_mib_is_an_error_and_is_not_fetched_again() {
    let ec2 = three().await;
    ec2.fail(1, padded((32 << 20) + 1));
    let error = ask(&ec2, "").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer, "{error}");
    assert_eq!(ec2.requests().len(), 1);
}

#[tokio::test]
async fn a_reply_may_be_as_large_as_the_limit_and_no_larger() {
    let ec2 = three().await;
    let limits = Limits {
        body_bytes: 4_096,
        ..Limits::default()
    };
    ec2.fail(1, padded(4_096));
    let found = resolve_within(&query(&ec2, ""), &io(), &limits).await;
    assert!(found.unwrap().contacts.is_empty());
    ec2.fail(1, padded(4_097));
    let found = resolve_within(&query(&ec2, ""), &io(), &limits).await;
    assert_eq!(found.unwrap_err().kind(), Kind::Answer);
}

#[tokio::test]
async fn pages_beyond_the_limit_are_an_error() {
    let ec2 = three().await;
    ec2.set_page_size(1);
    let limits = Limits {
        pages: 2,
        ..Limits::default()
    };
    let found = resolve_within(&query(&ec2, ""), &io(), &limits).await;
    assert_eq!(found.unwrap_err().kind(), Kind::Answer);
    let limits = Limits { pages: 3, ..limits };
    let found = resolve_within(&query(&ec2, ""), &io(), &limits).await;
    assert_eq!(shown(&found.unwrap()), THREE);
}

#[tokio::test]
async fn a_hanging_attempt_is_made_again_and_a_hanging_api_is_a_timeout() {
    let ec2 = three().await;
    let limits = Limits {
        deadline: Duration::from_millis(1_500),
        ..Limits::default()
    };
    ec2.fail(1, Fault::Hang);
    let found = resolve_within(&query(&ec2, ""), &io(), &limits).await;
    assert_eq!(shown(&found.unwrap()), THREE);
    ec2.fail(usize::MAX, Fault::Hang);
    let found = resolve_within(&query(&ec2, ""), &io(), &limits).await;
    assert_eq!(found.unwrap_err().kind(), Kind::Timeout);
}

#[tokio::test]
async fn what_was_read_before_a_failure_is_a_partial_answer() {
    let ec2 = three().await;
    ec2.set_page_size(2);
    // The first page goes through; no more after it.
    ec2.fail(1, Fault::Unfiltered);
    ec2.fail(1, error(403, "UnauthorizedOperation"));
    let answer = ask(&ec2, "").await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2"]);
    let kinds: Vec<Kind> = answer.gaps.iter().map(|gap| gap.error.kind()).collect();
    assert_eq!(kinds, [Kind::Denied]);
}

#[tokio::test]
async fn no_one_at_the_endpoint_is_unavailable() {
    let ec2 = three().await;
    let query = query(&ec2, "");
    drop(ec2);
    tokio::task::yield_now().await;
    let error = resolve(&query, &io()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    let cause = error.source().map(ToString::to_string);
    assert!(
        cause.is_some_and(|cause| cause.contains("onnect")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_name_that_is_nobodys_is_unavailable_and_worth_another_try() {
    let text = "provider=aws tag_key=role tag_value=server endpoint=http://ec2.invalid";
    let error = resolve(&Query::parse(text).unwrap(), &io())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (Kind::Unavailable, Retry::Backoff),
        "{error}"
    );
}

#[tokio::test]
async fn a_fixed_environment_without_region_or_keys_asks_no_one() {
    let rows = [
        ("region=eu-west-1", Kind::Credentials),
        ("access_key_id=a secret_access_key=b", Kind::Unavailable),
    ];
    let ec2 = three().await;
    let io = Io::new(Environment::fixed([]), FakeDns::default());
    for (keys, kind) in rows {
        let error = resolve(&query(&ec2, keys), &io).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert!(ec2.requests().is_empty());
}
