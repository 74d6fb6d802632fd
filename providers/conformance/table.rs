//! Rules of the tables, and of queries: all offline.

use std::collections::BTreeSet;

use super::{Fault, Subject};
use crate::keys::{Key, Need};
use crate::{Provider, QueryError};

/// Checks name, description and tables.
pub(super) fn tables(provider: &dyn Provider) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    let is_word = |text: &str| {
        let is_letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
        !text.is_empty() && text.bytes().all(is_letter)
    };
    if !is_word(provider.name()) {
        faults.push(Fault::new(
            "a name is one word in lower case",
            provider.name(),
        ));
    }
    if provider.about().finds.is_empty() {
        faults.push(Fault::new("a provider says what it finds", provider.name()));
    }
    for table in provider.keys() {
        if !table.is_sorted_by_key(|key| key.name) {
            let all: Vec<&str> = table.iter().map(|key| key.name).collect();
            faults.push(Fault::new("a table is sorted by name", all.join(", ")));
        }
        for key in *table {
            if key.doc.is_empty() || key.doc.ends_with('.') || key.doc.contains('\n') {
                let rule = "a key has a doc of one line without full stop";
                faults.push(Fault::new(rule, key.name));
            }
            if !names.insert(key.name) || key.name == "provider" {
                faults.push(Fault::new("a key is in the tables once", key.name));
            }
            if !is_word(key.name) {
                faults.push(Fault::new("a key is one word in lower case", key.name));
            }
        }
    }
    faults
}

/// Checks that wrong queries are refused with words that help.
pub(super) fn queries(subject: &Subject<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for key in subject.keys().iter().copied().flatten() {
        faults.extend(misspelt(subject, key.name));
        if key.need != Need::Optional {
            faults.extend(missing(subject, key));
        }
    }
    faults
}

fn misspelt(subject: &Subject<'_>, name: &'static str) -> Option<Fault> {
    let rule = "a misspelt key is refused, with the right one beside it";
    let wrong = format!("{name}x");
    match subject.parse(&format!("{} {wrong}=a", subject.text)) {
        Err(QueryError::UnknownKey { key, valid, .. }) if key == wrong => {
            let is_named = valid.contains(&name);
            (!is_named).then(|| Fault::new(rule, format!("{wrong}: {valid:?}")))
        }
        other => Some(Fault::new(rule, format!("{wrong}: {other:?}"))),
    }
}

fn missing(subject: &Subject<'_>, key: &Key) -> Vec<Fault> {
    let rule = "a required key that is missing is named";
    let Some(absent) = without(subject, key.name) else {
        return Vec::new();
    };
    let empty = format!("{absent} {}=\"\"", key.name);
    let texts = [
        Some(absent),
        Some(empty).filter(|_| key.need == Need::Filled),
    ];
    let name = format!("`{}`", key.name);
    let fault = |text: String| match subject.parse(&text) {
        Err(error) if error.to_string().contains(&name) => None,
        other => Some(Fault::new(rule, format!("{text}: {other:?}"))),
    };
    texts.into_iter().flatten().filter_map(fault).collect()
}

/// The query without one of its keys.
fn without(subject: &Subject<'_>, name: &str) -> Option<String> {
    let query = subject.parse(&subject.text).ok()?;
    let others = subject.keys().iter().copied().flatten();
    let others = others.filter(|key| key.name != name);
    let mut text = format!("provider={}", subject.provider.name());
    for key in others {
        if let Some(value) = query.value(key.name) {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            text = format!("{text} {}=\"{value}\"", key.name);
        }
    }
    Some(text)
}
