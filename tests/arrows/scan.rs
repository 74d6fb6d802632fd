//! Reads Rust as text: what a file imports and names.

use std::collections::BTreeSet;

/// What follows `crate::` anywhere, and what follows `super::` unless it is a submodule of the
/// room: then the path leads to a sibling of the room, which should be reached by `crate::`.
pub(super) fn imports(code: &str, is_submodule: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        if !ends_with_word(head(code, at)) {
            found.extend(heads(tail(code, at + path.len())));
        }
    }
    for (at, path) in code.match_indices("super::") {
        let words = heads(tail(code, at + path.len()));
        found.extend(words.into_iter().filter(|word| !is_submodule(word)));
    }
    found
}

/// First words of a path, or of each path in a group: `a::b` gives a, `{a::b, c::{d, e}}` a and c.
fn heads(path: &str) -> Vec<String> {
    let Some(group) = path.trim_start().strip_prefix('{') else {
        return vec![word(path)];
    };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                found.push(word(tail(group, start)));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

/// The text before a place that was found in it.
fn head(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or_default()
}

/// The text from a place on that was found in it.
fn tail(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| is_word(*c))
        .collect()
}

fn ends_with_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_word)
}

/// Says whether code names a path or a word, and not a longer one.
pub(super) fn names(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _found)| {
        let after = tail(code, at + path.len()).chars().next();
        !ends_with_word(head(code, at)) && !after.is_some_and(is_word)
    })
}

/// Code without its comments and without what its string and character literals hold.
pub(super) fn bare(text: &str) -> String {
    let (mut rest, mut out) = (text, String::new());
    while let Some(c) = rest.chars().next() {
        let skipped = literal_or_comment(rest, ends_with_word(&out));
        if skipped > 0 {
            out.push(' ');
            rest = tail(rest, skipped);
        } else {
            out.push(c);
            rest = tail(rest, c.len_utf8());
        }
    }
    out
}

/// Length of the literal or comment that the text begins with; 0 if it begins with neither.
fn literal_or_comment(text: &str, is_within_word: bool) -> usize {
    let until = |end: &str, from: usize| {
        let found = tail(text, from).find(end);
        found.map_or(text.len(), |at| from + at + end.len())
    };
    if text.starts_with("//") {
        return until("\n", 0);
    }
    if text.starts_with("/*") {
        return until("*/", 2);
    }
    if text.starts_with('"') {
        return quoted(text);
    }
    if text.starts_with('\'') {
        return character(text);
    }
    let after_r = text.strip_prefix('r').filter(|_rest| !is_within_word);
    let hashes = after_r.map(|rest| rest.len() - rest.trim_start_matches('#').len());
    match hashes {
        Some(hashes) if tail(text, 1 + hashes).starts_with('"') => {
            until(&format!("\"{}", "#".repeat(hashes)), 2 + hashes)
        }
        _ => 0,
    }
}

/// Length of a string literal.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => chars
            .skip(1)
            .find(|(_, c)| *c == '\'')
            .map_or(0, |(at, _)| at + 1),
        Some(_) => chars
            .next()
            .filter(|(_, c)| *c == '\'')
            .map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}
