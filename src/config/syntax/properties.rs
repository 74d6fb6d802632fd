//! What holds for any text: nothing panics, JSON is what `serde_json` says, and a value reads as it
//! was written.

use proptest::prelude::*;

use super::{Format, Tree};

/// Texts that are almost right: made of the pieces of the three languages.
fn almost() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "\"b\"", "=", "{", "}", "[", "]", ",", ":", "1", "-0x1f", "1.5e3", "true", "null",
        "\"${", "\\u00e9", "\\", "\"", "<<E\n", "<<-E\n", "\n", "E\n", "#", "//", "/*", "*/", ".",
        " ", "é", "\r\n", "\u{feff}", "'''", "[[",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic_and_every_mistake_has_a_place(
        text in prop_oneof![almost(), ".{0,80}"],
    ) {
        for format in [Format::Hcl, Format::Json, Format::Toml] {
            if let Err(error) = format.parse(&text) {
                let lines = text.matches('\n').count() + 1;
                prop_assert!((1..=lines).contains(&error.spot.line));
                prop_assert!(error.spot.column >= 1);
            }
        }
    }

    #[test]
    fn json_is_what_serde_json_says_it_is(text in almost().prop_map(|text| format!("{{{text}}}"))) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(Format::Json.parse(&text).is_ok(), theirs.is_ok(), "{}", text);
    }

    #[test]
    fn any_json_value_reads_as_it_was_written(value in json(), is_hcl: bool) {
        let text = serde_json::json!({ "a": value }).to_string();
        let format = if is_hcl { Format::Hcl } else { Format::Json };
        let entries = format.parse(&text).unwrap();
        prop_assert_eq!(to_json(&entries[0].value), value);
    }

    #[test]
    fn any_text_in_quotes_is_read_by_hcl_as_it_was_written(text in "[^$]{0,20}") {
        let written = format!("a = {}", serde_json::Value::from(text.clone()));
        let entries = Format::Hcl.parse(&written).unwrap();
        prop_assert!(entries[0].value == Tree::Text(text));
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        let keyed = prop::collection::btree_map("[a-z]{1,3}", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            keyed.prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn to_json(tree: &Tree) -> serde_json::Value {
    match tree {
        Tree::Null => serde_json::Value::Null,
        Tree::Bool(value) => (*value).into(),
        Tree::Integer(value) => (*value).into(),
        Tree::Float(value) => (*value).into(),
        Tree::Text(value) => value.clone().into(),
        Tree::List(items) => items.iter().map(|(_, item)| to_json(item)).collect(),
        Tree::Block(entries) => {
            let pairs = entries.iter();
            pairs
                .map(|entry| (entry.key.clone(), to_json(&entry.value)))
                .collect()
        }
    }
}
