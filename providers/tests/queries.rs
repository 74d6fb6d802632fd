//! Queries as texts: what is wrong with one, what is shown of one, and what reads back.

use proptest::prelude::*;

use super::parse;
use crate::Query;

#[test]
fn a_query_is_checked_when_it_is_parsed() {
    let rows = [
        ("", "no `provider=` in the query"),
        ("provider=\"\"", "no `provider=` in the query"),
        (
            "provider=scriptde tag_key=a",
            "unknown provider `scriptde`; is `scripted` meant?",
        ),
        (
            "provider=scripted tag_kye=a",
            "scripted takes no key `tag_kye`; is `tag_key` meant?",
        ),
        (
            "provider=scripted x_y_z=a",
            "scripted takes no key `x_y_z`; one of password, region, tag_key, tag_value",
        ),
        ("provider=scripted", "scripted needs the key `tag_key`"),
        (
            "provider=scripted tag_key=a region=mars",
            "scripted: `region` is too far",
        ),
        (
            "provider=scripted foo",
            "character 19: a word without `=`; a value with spaces needs double quotes",
        ),
    ];
    for (text, wanted) in rows {
        let found = parse(text).map_err(|error| error.to_string());
        assert_eq!(found, Err(wanted.to_owned()), "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_query_is_one_line_whatever_stands_in_it() {
    let long = "x".repeat(10_000);
    for text in [
        r#"provider="a\nlevel=error""#.to_owned(),
        r#"provider=static addrs=a "x\n\u202ey"=1"#.to_owned(),
        r#"provider=static addrs="a\nb\u2028c""#.to_owned(),
        r#"provider=static addrs=a port="1\n2""#.to_owned(),
        format!("provider={long}"),
        format!("provider=static addrs=a {long}=1"),
        format!("provider=static addrs=a port={long}"),
    ] {
        let line = Query::parse(&text).unwrap_err().to_string();
        assert!(!line.contains(['\n', '\u{202e}', '\u{2028}']), "{line:?}");
        assert!(line.len() < 1_000, "{line}");
    }
}

#[test]
fn an_empty_value_is_none() {
    let query = parse("region=\"\" tag_key=a provider=scripted").unwrap();
    assert_eq!(query.value("region"), None);
    assert_eq!(query.value("tag_key"), Some("a"));
}

#[test]
fn a_secret_is_never_shown() {
    let query = parse("tag_key=a password=hush provider=scripted").unwrap();
    assert_eq!(
        query.to_string(),
        "provider=scripted password=**** tag_key=a"
    );
    assert_eq!(
        format!("{query:?}"),
        "Query(provider=scripted password=**** tag_key=a)"
    );
    for text in [
        "provider=scripted password=hu sh",
        "provider=scripted password=hu sh=",
        "provider=scripted password='hu sh'",
        "provider=scripted password=hush= tag_key=a",
        "provider=scripted password=\"hush",
        "provider=scripted password=hush tag_key=a region=mars",
        "provider=scripted password=hush",
    ] {
        let error = parse(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hu") && !shown.contains("sh"), "{shown}");
    }
}

#[test]
fn a_text_of_an_unknown_provider_is_shown_without_its_values() {
    let rows = [
        (
            "provider=nobody a=b c=\"d e\"",
            "provider=nobody a=**** c=****",
        ),
        ("provider=nobody a=b c", "provider=nobody a=**** ****"),
        ("a=b", "a=****"),
    ];
    for (text, wanted) in rows {
        assert_eq!(crate::redact(text), wanted);
    }
}

/// Strings with a secret, and what is shown of each.
const WITH_SECRETS: &[(&str, &str)] = &[
    (
        "provider=http url=http://h/ bearer_tokn=S3CRET",
        "provider=http url=http://h/ bearer_tokn=****",
    ),
    (
        "provider=hetzner api_tokn=S3CRET",
        "provider=hetzner api_tokn=****",
    ),
    (
        "provider=http url=http://h/ bearer_token=S3CRET OTHERHALF",
        "provider=http url=http://h/ bearer_token=**** ****",
    ),
    (
        "provider=http url=http://h/ bearer_token=S3CRET OTHERHALF=x",
        "provider=http url=http://h/ bearer_token=**** ****=****",
    ),
    (
        "provider=hetzner label_selector=a S3CRET",
        "provider=hetzner label_selector=a ****",
    ),
    (
        "provider=hetzner label_selector=a S3CRET=",
        "provider=hetzner label_selector=a ****=",
    ),
    (
        "provider=http url=http://u:S3CRET@h/x?token=S3CRET",
        "provider=http url=http://****@h/x?****=****",
    ),
    (
        "provider=http url=\"http://u:S3CRET@h/x?token=S3CRET&S3CRET#S3CRET\"",
        "provider=http url=\"http://****@h/x?token=****&****#****\"",
    ),
    (
        "provider=http url=\"http://u:S3/CRET@h/x?token=\\\"S3CRET\"",
        "provider=http url=****",
    ),
    (
        "provider=exec command=/bin/false environment=\"TOKEN=S3CRET\"",
        "provider=exec command=/bin/false environment=\"TOKEN=****\"",
    ),
    (
        "provider=exec command=/bin/false environment=\"A,B=S3CRET\"",
        "provider=exec command=/bin/false environment=\"A,B=****\"",
    ),
    (
        "provider=exec command=\"/bin/x --api-key S3CRET\"",
        "provider=exec command=\"/bin/x --api-key ****\"",
    ),
    (
        "provider=http url=\"http://h/ bearer_token=S3CRET",
        "provider=http url=**** bearer_token=****",
    ),
    (
        "\"provider=http bearer_token=S3CRET\"",
        "\"provider=http bearer_token=****",
    ),
    (
        "provider=\"http bearer_token=S3CRET\" url=http://h/",
        r#"provider="http bearer_token=****" ****=****"#,
    ),
    (
        "provider=static addrs=10.0.0.1 port=\"1 token=S3CRET\"",
        "provider=static addrs=10.0.0.1 port=\"1 token=****\"",
    ),
];

#[test]
fn only_what_a_table_knows_as_open_is_shown_of_a_string() {
    for (text, wanted) in WITH_SECRETS {
        assert_eq!(crate::redact(text), *wanted, "{text}");
        let said = match Query::parse(text) {
            Ok(query) => format!("{query} {query:?}"),
            Err(error) => {
                let picture = crate::picture(text, &error).map(|picture| picture.to_string());
                format!("{error} {error:?} {picture:?}")
            }
        };
        let leaks = ["S3", "CRET", "OTHERHALF"].map(|part| said.contains(part));
        assert_eq!(leaks, [false; 3], "{text}: {said}");
    }
}

#[test]
fn a_url_is_shown_without_its_user_and_the_values_of_its_query() {
    let query = Query::parse("provider=http url=\"https://h:8/x?api_key=S3CRET&page=2\"").unwrap();
    assert_eq!(
        query.to_string(),
        "provider=http url=\"https://h:8/x?api_key=****&page=****\""
    );
    assert_eq!(
        query.value("url"),
        Some("https://h:8/x?api_key=S3CRET&page=2")
    );
    let value = |key, value| crate::redact_value("http", key, value);
    assert_eq!(value("url", "https://h/x?k=S3CRET"), "https://h/x?k=****");
    assert_eq!(value("bearer_tokn", "S3CRET"), "****");
    assert_eq!(value("endpoint", "u:S3CRET@h"), "****@h");
}

#[test]
fn an_error_names_the_key_that_is_wrong_and_no_part_of_a_secret() {
    let rows = [
        (
            "provider=http url=http://h/ bearer_tokn=x",
            "`bearer_tokn`; is `bearer_token` meant?",
        ),
        (
            "provider=http url=http://h/ bearer_token=x bearer_tokn=y",
            "http takes no key `bearer_tokn`; is",
        ),
        (
            "provider=hetzner label_selector",
            "`label_selector` has no `=`",
        ),
        (
            "provider=hetzner label_selector=",
            "`label_selector=` has no value",
        ),
        (
            "provider=exec command=/bin/false environment=\"TOKEN=S3CRET\"",
            "exec: `environment` has `TOKEN=****`, which is no name of a variable",
        ),
        (
            "provider=http url=http://u:p@h/x?token=S3CRET",
            "unexpected `=` behind `url`",
        ),
    ];
    for (text, wanted) in rows {
        let error = Query::parse(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn a_text_that_is_no_string_is_shown_up_to_what_may_be_a_secret() {
    let rows = [
        ("10.0.0.5:8301", "10.0.0.5:8301"),
        ("no such place", "no such place"),
        ("https://u:p@h/a@b?c=d", "https://****@h/a@b?c=****"),
        ("https://h/ token=S3CRET more", "https://h/ token=**** ****"),
        ("bearer_token S3CRET x", "bearer_token **** ****"),
        ("x y=z", "x y=****"),
        ("a\nb\u{202e}", "a␊b\u{fffd}"),
    ];
    for (text, wanted) in rows {
        assert_eq!(crate::redact(text), wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn a_query_without_secrets_reads_back_as_it_is_shown(
        region in "[^m?@:=/][^?@:=/]{0,8}", tag in "[^?@:=/]*", value in "[^?@:=/]*"
    ) {
        let mut text = String::new();
        let pairs = [
            ("tag_key", &*tag), ("region", &*region), ("provider", "scripted"),
            ("tag_value", &*value),
        ];
        crate::grammar::write(&mut text, pairs).unwrap();
        let query = parse(&text).unwrap();
        prop_assert_eq!(parse(&query.to_string()), Ok(query));
    }

    #[test]
    fn any_text_is_a_query_or_an_error_and_can_be_redacted(text in "(provider=scripted )?.*") {
        let _query = parse(&text);
        let _shown = crate::redact(&text);
    }
}
