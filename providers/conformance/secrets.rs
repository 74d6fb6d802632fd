//! Secrets are in no text that is shown.

use super::stage::{LIMITS, Part, Stage};
use super::{Fault, Subject, told};
use crate::Key;

/// A part of every secret here, and of nothing else.
const MARK: &str = "hushhush";

const RULE: &str = "a secret is never shown";

/// Values that hold the mark; the check of a key may want a certain form.
fn values() -> [String; 3] {
    [
        MARK.to_owned(),
        format!("http://user:{MARK}@proxy.example:1"),
        format!("{{\"{MARK}\":1}}"),
    ]
}

fn secret_keys<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = &'static Key> + use<'a> {
    let keys = subject.keys().iter().copied().flatten();
    keys.filter(|key| key.secret)
}

/// Checks what is shown of queries, right and wrong ones.
pub(super) fn offline(subject: &Subject<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for key in secret_keys(subject) {
        for value in values() {
            let value = value.replace('"', "\\\"");
            let whole = with(subject, key.name, &value);
            for text in [
                whole.clone(),
                format!("{whole} {}x=1", key.name),
                format!("{whole} nonsense"),
                format!("{whole} {}=\"{value}", key.name),
            ] {
                let shown = match subject.parse(&text) {
                    Ok(query) => format!("{query} {query:?}"),
                    Err(error) => format!("{error} {error:?}"),
                };
                let shown = format!("{shown} {}", subject.registry.redact(&text));
                if shown.contains(MARK) {
                    faults.push(Fault::new(RULE, format!("{}: {shown}", key.name)));
                }
            }
        }
    }
    faults
}

/// Checks errors of a vendor that repeats what it was sent.
pub(super) async fn repeated(subject: &Subject<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for key in secret_keys(subject) {
        for value in values() {
            let text = with(subject, key.name, &value.replace('"', "\\\""));
            let stage = Stage::new(subject.sample, Part::Repeat);
            if let Err(error) = subject.ask(&text, &stage, LIMITS).await {
                let shown = told(&error);
                if shown.contains(MARK) {
                    faults.push(Fault::new(RULE, format!("{}: {shown}", key.name)));
                }
            }
        }
    }
    faults
}

/// The query with another value for a key.
fn with(subject: &Subject<'_>, name: &str, value: &str) -> String {
    let start = format!(" {name}=");
    let text = match subject.text.split_once(&start) {
        None => subject.text.clone(),
        Some((before, after)) => {
            let rest = after.split_once(' ').map_or("", |(_old, rest)| rest);
            format!("{before} {rest}")
        }
    };
    format!("{text} {name}=\"{value}\"")
}
