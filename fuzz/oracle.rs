//! What holds for any bytes that are taken for a config string. Included by the fuzz target and by
//! the tests of the tree, so that the corpus is run with them.

use std::fmt::Write as _;

use quorate_providers::{
    KEYS_MAX, Query, QueryError, TEXT_BYTES_MAX, is_secret, picture, read_pairs, redact,
};

/// The longest text that is also written with every character escaped, which makes it ten times as
/// long: a string may have 16 KiB.
const ESCAPED_BYTES_MAX: usize = 1_000;

/// Ends with a panic if one of the promises is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = redact(&text);
    let query = Query::parse(&text);
    is_one_line(&query);
    match read_pairs(&text) {
        Ok(pairs) => {
            assert!(pairs.len() <= KEYS_MAX && text.len() <= TEXT_BYTES_MAX);
            if text.len() <= ESCAPED_BYTES_MAX {
                assert_eq!(read_pairs(&escaped(&pairs)), Ok(pairs), "{text:?}");
            }
            // Of what no provider takes even names may be hidden, and that reads as it can.
            if let Ok(query) = query {
                assert!(read_pairs(&shown).is_ok(), "{shown:?}");
                assert!(!is_secret(query.provider(), "provider"));
                assert!(Query::parse(&query.to_string()).is_ok(), "{query}");
            }
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.at()), "{error}");
            let is_plain = !error.to_string().contains(char::is_control);
            assert!(is_plain && error.to_string().len() < 1_000, "{error}");
            let error = QueryError::Grammar(error);
            let picture = picture(&text, &error).expect("a mistake has a place");
            assert_eq!(query, Err(error));
            let line = picture.line();
            assert!(
                line.chars().count() < 200 && !line.contains(char::is_control),
                "{line}"
            );
            assert!(picture.column() <= 2 * line.chars().count(), "{picture}");
        }
    }
}

/// A refusal is one line of bounded length.
fn is_one_line(query: &Result<Query, QueryError>) {
    let line = query
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default();
    assert!(!line.contains(breaks_lines), "{line:?}");
    assert!(line.chars().count() < 2_000, "{line}");
}

/// Says whether a character ends a line, or turns it around.
fn breaks_lines(c: char) -> bool {
    c.is_control() || "\u{2028}\u{2029}\u{202e}\u{2066}".contains(c)
}

/// The pairs with every character of them escaped.
fn escaped(pairs: &[(String, String)]) -> String {
    let quoted = |part: &str| {
        let mut text = String::from("\"");
        for c in part.chars() {
            write!(text, "\\U{:08x}", u32::from(c)).expect("a string takes all");
        }
        text + "\""
    };
    let pair = |(key, value): &(String, String)| format!("{}={}", quoted(key), quoted(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
}
