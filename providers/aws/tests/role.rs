//! A role to assume, and credentials that end in the middle of a lookup.

use std::sync::atomic::{AtomicU32, Ordering};

use super::cloud::{Asked, BadDay, Cloud, Play, good};
use super::shown;
use crate::{Kind, Retry};

const ROLE: &str = "region=eu-west-1,us-east-1 role_arn=arn:aws:iam::210987654321:role/discover \
                    external_id=tenant:7";
const ASSUMED: &str = include_str!("../testdata/assume_role.xml");
const DENIED: &str = include_str!("../testdata/denied_role.xml");
const EXPIRED: &str = include_str!("../testdata/expired.xml");
const PAGES: [&str; 3] = [
    include_str!("../testdata/instances_1.xml"),
    include_str!("../testdata/instances_2.xml"),
    include_str!("../testdata/instances_3.xml"),
];

/// Three pages, for anybody.
fn pages(asked: &Asked) -> Play {
    good(match asked.field("NextToken") {
        "token-1" => PAGES[1],
        "token-2" => PAGES[2],
        _ => PAGES[0],
    })
}

/// Hands out a new session each time.
fn sts(times: &AtomicU32) -> Play {
    let number = times.fetch_add(1, Ordering::Relaxed) + 1;
    let body = ASSUMED.replace("ASIAROLE1", &format!("ASIAROLE{number}"));
    good(&body.replace("token-of-role-1", &format!("token-of-role-{number}")))
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_once_for_all_regions_with_its_external_id() {
    let times = AtomicU32::new(0);
    let cloud = Cloud::new(move |asked| match asked.action() {
        "AssumeRole" => sts(&times),
        _ => good(PAGES[2]),
    });
    cloud
        .ask(&format!("{ROLE} session_name=web-7"))
        .await
        .unwrap();
    let asked = cloud.asked();
    let wanted = ["AssumeRole", "DescribeInstances", "DescribeInstances"];
    assert_eq!(cloud.actions(), wanted);
    let assume = &asked[0];
    assert_eq!(assume.host(), "sts.eu-west-1.amazonaws.com");
    assert!(assume.scope().starts_with("AKIDENV/"), "{}", assume.scope());
    assert!(
        assume.scope().ends_with("/eu-west-1/sts"),
        "{}",
        assume.scope()
    );
    let arn = "arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fdiscover";
    assert_eq!(assume.field("RoleArn"), arn);
    assert_eq!(assume.field("ExternalId"), "tenant%3A7");
    assert_eq!(assume.field("RoleSessionName"), "web-7");
    for call in &asked[1..] {
        assert!(call.scope().starts_with("ASIAROLE1/"), "{}", call.scope());
        assert_eq!(call.header("x-amz-security-token"), "token-of-role-1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_has_a_name_by_default_and_no_external_id() {
    let cloud = Cloud::new(|asked| match asked.action() {
        "AssumeRole" => good(ASSUMED),
        _ => good(PAGES[2]),
    });
    let role = "region=eu-west-1 role_arn=arn:aws:iam::1:role/a";
    cloud.ask(role).await.unwrap();
    let asked = cloud.asked();
    assert_eq!(asked[0].field("RoleSessionName"), "quorate");
    assert!(!asked[0].body.contains("ExternalId"), "{}", asked[0].body);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_not_be_assumed_is_named_with_the_vendors_words() {
    let cloud = Cloud::new(|_asked| Play::Say(403, DENIED.to_owned()));
    let error = cloud.ask(ROLE).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (Kind::Denied, Retry::Backoff)
    );
    assert_eq!(error.operation(), "AssumeRole");
    let text = error.to_string();
    for part in [
        "code: AccessDenied",
        "is not authorized",
        "role: arn:aws:iam::210987654321",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(cloud.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_sts_says_or_does_not_say_has_its_own_kind() {
    let rows: [BadDay; 6] = [
        (|| Play::Hang, Kind::Timeout),
        (|| Play::Refuse, Kind::Unavailable),
        (|| Play::Say(503, String::new()), Kind::Unavailable),
        (
            || Play::Say(403, DENIED.replace("AccessDenied", "ExpiredToken")),
            Kind::Credentials,
        ),
        (
            || Play::Say(400, DENIED.replace("AccessDenied", "Throttling")),
            Kind::Throttled,
        ),
        (|| good("<html>Log in</html>"), Kind::Answer),
    ];
    for (play, kind) in rows {
        let cloud = Cloud::new(move |_asked| play());
        let error = cloud.ask(ROLE).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_reply_of_sts_gives_no_credentials() {
    for end in [
        "<SecretAccessKey>",
        "<SessionToken>",
        "</AssumeRoleResponse>",
    ] {
        let cloud = Cloud::new(move |_asked| good(ASSUMED.split_once(end).unwrap().0));
        let error = cloud.ask(ROLE).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{error}");
        assert!(
            !format!("{error} {error:?}").contains("secret-of-role"),
            "{error:?}"
        );
        assert_eq!(cloud.asked().len(), 1);
    }
}

/// Three pages for the sessions from this number on; others have expired after the first page.
fn expiring(good_from: u32) -> Cloud {
    let times = AtomicU32::new(0);
    Cloud::new(move |asked| {
        if asked.action() == "AssumeRole" {
            return sts(&times);
        }
        let number = asked.signer().strip_prefix("ASIAROLE").unwrap();
        let number: u32 = number.parse().unwrap();
        if number < good_from && !asked.field("NextToken").is_empty() {
            return Play::Say(400, EXPIRED.to_owned());
        }
        pages(asked)
    })
}

const ONE_REGION: &str = "region=eu-west-1 role_arn=arn:aws:iam::210987654321:role/discover";

#[tokio::test(start_paused = true)]
async fn credentials_that_end_in_the_middle_are_renewed_and_the_page_asked_for_again() {
    let cloud = expiring(2);
    let answer = cloud.ask(ONE_REGION).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.5"]);
    assert!(answer.is_complete());
    let calls: Vec<(String, String)> = cloud
        .asked()
        .iter()
        .map(|asked| {
            (
                asked.signer().to_owned(),
                asked.field("NextToken").to_owned(),
            )
        })
        .collect();
    let wanted = [
        ("AKIDENV", ""),
        ("ASIAROLE1", ""),
        ("ASIAROLE1", "token-1"),
        ("AKIDENV", ""),
        ("ASIAROLE2", "token-1"),
        ("ASIAROLE2", "token-2"),
    ];
    assert_eq!(
        calls,
        wanted.map(|(who, what)| (who.to_owned(), what.to_owned()))
    );
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_again_leave_what_was_read_and_a_gap() {
    let cloud = expiring(9);
    let answer = cloud.ask(ONE_REGION).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1"]);
    let [gap] = answer.gaps.try_into().unwrap();
    assert_eq!(
        (gap.error.kind(), gap.error.retry()),
        (Kind::Credentials, Retry::Backoff)
    );
    assert!(
        gap.error.to_string().contains("Request has expired"),
        "{}",
        gap.error
    );
    assert_eq!(cloud.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_key_pair_of_which_there_is_no_other_is_not_tried_again() {
    let cloud = Cloud::new(|asked| match asked.field("NextToken") {
        "" => pages(asked),
        _ => Play::Say(400, EXPIRED.to_owned()),
    });
    let answer = cloud.ask("region=eu-west-1").await.unwrap();
    assert_eq!(answer.gaps.len(), 1);
    assert_eq!(cloud.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_what_runs_is_in_three_pages_of_all_states() {
    let cloud = Cloud::new(pages);
    let answer = cloud.ask("region=eu-west-1").await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.5"]);
    assert_eq!((answer.seen.len(), cloud.asked().len()), (6, 3));
    let answer = cloud
        .ask("region=eu-west-1 addr_type=public_v6")
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["2001:db8::1", "2001:db8::5"]);
}
