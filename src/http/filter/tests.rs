//! Expressions and what they take.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn member() -> Value {
    json!({
        "Name": "web-1",
        "Port": 8301,
        "Status": 4,
        "Tags": {"role": "node", "dc": "dc1", "note": "", "a.b": "dots"},
        "Ids": ["x", "y"],
    })
}

fn takes(text: &str) -> Result<bool, FilterError> {
    Filter::new(text)?.takes(&member())
}

#[test]
fn each_operator_says_yes_and_no() {
    for (text, expected) in [
        ("Name == \"web-1\"", true),
        ("Name == web-1", true),
        ("Name == `web-1`", true),
        ("Name != \"web-1\"", false),
        ("Status == 4", true),
        ("Status != 4", false),
        ("Status == \"4\"", true),
        ("Tags.role == node", true),
        ("Tags[\"role\"] == node", true),
        ("Tags[\"a.b\"] == dots", true),
        ("Tags.none == x", false),
        ("Tags.none != x", true),
        ("Tags.none is empty", true),
        ("Tags.note is empty", true),
        ("Tags is empty", false),
        ("Tags is not empty", true),
        ("role in Tags", true),
        ("\"none\" in Tags", false),
        ("none not in Tags", true),
        ("Tags contains role", true),
        ("Tags not contains role", false),
        ("Ids contains x", true),
        ("z in Ids", false),
        ("Name contains eb", true),
        ("Name matches \"^web-\\\\d$\"", true),
        ("Name matches \"^web-\\d$\"", true),
        ("Name matches `^db`", false),
        ("Name not matches `^db`", true),
    ] {
        assert_eq!(takes(text), Ok(expected), "{text}");
    }
}

#[test]
fn or_binds_less_than_and_and_both_less_than_not() {
    let (yes, no) = ("Status == 4", "Status == 1");
    for (text, expected) in [
        (format!("{yes} or {no} and {no}"), true),
        (format!("({yes} or {no}) and {no}"), false),
        (format!("not {no} and {yes}"), true),
        (format!("not ({no} or {yes})"), false),
        (format!("not not {yes}"), true),
        (format!("{no} or {no} or {yes}"), true),
    ] {
        assert_eq!(takes(&text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_expression_says_where_it_is_wrong() {
    let deep = format!("{}Status == 4{}", "(".repeat(40), ")".repeat(40));
    let long = format!("Name == {}", "x".repeat(BYTES_MAX));
    for (text, words) in [
        ("", "expected a selector, found the end"),
        ("Name", "expected an operator"),
        ("Name ==", "expected a value, found the end"),
        ("Name == \"x", "a quoted text has no end"),
        ("Name = x", "found `=`"),
        ("(Name == x", "expected `)`, found the end"),
        ("Name == x y", "expected `and`, `or` or the end, found `y`"),
        ("Name matches \"[\"", "regular expression \"[\": "),
        (
            "Name is full",
            "expected `empty` or `not empty`, found `full`",
        ),
        ("Foo == x", "Selector \"Foo\" is not valid"),
        ("Name.x == x", "Selector \"Name.x\" is not valid"),
        ("Status == 1 or Foo == x", "Selector \"Foo\" is not valid"),
        (
            "Status == failed",
            "\"Status\" is a number, and \"failed\" is none",
        ),
        (
            "Status is empty",
            "`is empty` has no meaning for \"Status\", which is a number",
        ),
        (
            "Tags == x",
            "`==` has no meaning for \"Tags\", which is a map",
        ),
        (&deep, "nested more than 32 deep"),
        (&long, "at most 8192 bytes"),
    ] {
        let error = takes(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
        assert_eq!(error.lines().count(), 1, "{text}");
    }
}

#[test]
fn what_regular_expressions_are_compiled_to_is_bounded_for_all_of_them_together() {
    let times = |count: usize, pattern: &str| {
        let parts = vec![format!("Name matches `{pattern}`"); count];
        takes(&parts.join(" or "))
    };
    let names: Vec<String> = (0..100).map(|node| format!("web-{node:03}")).collect();
    let fits = "(?:a?){300}b";
    for (count, pattern, expected) in [
        (1, "(a?){60000}b", Err("exceeded size limit")),
        (1, fits, Ok(true)),
        (16, fits, Err("exceeded size limit")),
        (16, r"^(db|web|cache)-\d", Ok(true)),
        (1, &"()".repeat(32), Err("more than 32 groups")),
        (17, "^web", Err("`matches` stands 17 times, at most 16")),
        (1, &format!("^({})$", names.join("|")), Ok(false)),
    ] {
        let seen = times(count, pattern).map_err(|error| error.to_string());
        match expected {
            Ok(taken) => assert_eq!(seen, Ok(taken), "{count} times {pattern}"),
            Err(words) => assert!(
                seen.as_ref().is_err_and(|error| error.contains(words)),
                "{count} times {pattern}: {seen:?}"
            ),
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ ()\\[\\]=!\"`a-zA-Z.0-9\\\\]{0,60}") {
        drop(takes(&text));
    }
}
