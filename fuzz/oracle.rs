//! What holds for any bytes that are taken for a config string. Included by the fuzz target and by
//! the tests of the tree, so that the corpus is run with them.

use std::fmt::Write as _;

use quorate_providers::{
    KEYS_MAX, Query, QueryError, TEXT_BYTES_MAX, is_secret, picture, read_pairs, redact,
};

/// Ends with a panic if one of the promises is broken.
pub fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let shown = redact(&text);
    let query = Query::parse(&text);
    match read_pairs(&text) {
        Ok(pairs) => {
            assert!(pairs.len() <= KEYS_MAX && text.len() <= TEXT_BYTES_MAX);
            assert_eq!(read_pairs(&quoted(&pairs)), Ok(pairs.clone()), "{text:?}");
            // No masked text is longer than its string but for the masks and their quotes.
            assert!(
                read_pairs(&shown).is_ok() || shown.len() > TEXT_BYTES_MAX,
                "{shown:?}"
            );
            if let Ok(query) = query {
                assert!(!is_secret(query.provider(), "provider"));
                assert!(Query::parse(&query.to_string()).is_ok(), "{query}");
            }
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.at()), "{text:?}: {error}");
            let is_one_line = !error.to_string().contains(char::is_control);
            assert!(is_one_line && error.to_string().len() < 1_000, "{error}");
            assert_eq!(query, Err(QueryError::Grammar(error.clone())), "{text:?}");
            let picture = picture(&text, &QueryError::Grammar(error)).expect("it has a place");
            let line = picture.line();
            assert!(
                line.chars().count() < 200 && !line.contains(char::is_control),
                "{line}"
            );
            assert!(picture.column() <= 2 * line.chars().count(), "{picture}");
        }
    }
}

/// The pairs with every character of them escaped, in bytes of the longest form that fits.
fn quoted(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    let length: usize = pairs
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    for (key, value) in pairs {
        for (part, behind) in [(key, '='), (value, ' ')] {
            text.push('"');
            for c in part.chars() {
                // Ten bytes for one: only where the result is no longer than a string may be.
                match c {
                    _ if length < 1_000 => write!(text, "\\U{:08x}", u32::from(c)).unwrap_or(()),
                    '"' | '\\' => text.extend(['\\', c]),
                    '\n' => text.push_str("\\n"),
                    c => text.push(c),
                }
            }
            text.extend(['"', behind]);
        }
    }
    text
}
