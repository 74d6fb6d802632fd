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
            "character 19: `foo` has no `=`; a value with spaces needs double quotes",
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
        ("provider=nobody a=b c", "provider=****"),
        ("a=b", "a=****"),
    ];
    for (text, wanted) in rows {
        assert_eq!(crate::redact(text), wanted);
    }
}

proptest! {
    #[test]
    fn a_query_without_secrets_reads_back_as_it_is_shown(
        region in "[^m].{0,8}", tag in any::<String>(), value in any::<String>()
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
